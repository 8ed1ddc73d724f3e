//! The type table of the built-in kinds: apiVersion and kind to a struct, struct and key to a shape.
//!
//! `table` is generated from Kubernetes' `OpenAPI`; here is what it means and how it is looked up. Looking up a field costs
//! one hash of the key and, as a rule, one comparison.

#[rustfmt::skip]
mod table;

use table::{FIELDS, KINDS, NAMES, SHAPES, STARTS, TYPES};

/// A struct of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u16);

/// A shape of the table: what a list's items or a map's values can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeId(pub(crate) u16);

/// The merge key of lists that have none.
pub(crate) const NO_KEY: u16 = u16::MAX;

/// What a value can be; null is allowed everywhere. The unions are those of `JSONSchemaProps`
/// (`apiextensions/v1/marshal.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Anything: what the API server keeps as raw JSON.
    Any,
    /// A boolean.
    Bool,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// A floating point number.
    Float,
    /// A string.
    String,
    /// A string in base64, or a list of numbers below 256.
    Bytes,
    /// A quantity: `500m`, `1Gi`, `2`.
    Quantity,
    /// An integer of 32 bits or a string.
    IntOrString,
    /// A time by RFC 3339.
    Time,
    /// A time by RFC 3339 with exactly six decimals of the second.
    MicroTime,
    /// A mapping with known keys.
    Struct(TypeId),
    /// A list; the name of the field that identifies items, or [`NO_KEY`].
    List(ShapeId, u16),
    /// A mapping with free keys.
    Map(ShapeId),
    /// A schema or a boolean.
    OrBool(TypeId),
    /// A schema or a list of schemas.
    OrList(TypeId),
    /// A schema or a list of strings.
    OrStrings(TypeId),
}

/// A field of a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its position among the struct's fields.
    pub index: u16,
    /// What its value can be.
    pub shape: Shape,
}

/// The struct of a built-in kind.
pub fn type_of(api_version: &str, kind: &str) -> Option<TypeId> {
    let at = KINDS.binary_search_by(|(k, v, _)| (*k, *v).cmp(&(kind, api_version))).ok()?;
    Some(TypeId(KINDS[at].2))
}

/// Today's struct of a kind of workload in an apiVersion that is no longer served. Fields that were removed since are
/// unknown to it.
pub fn retired_type_of(api_version: &str, kind: &str) -> Option<TypeId> {
    let current = match (api_version, kind) {
        ("extensions/v1beta1", "Deployment" | "ReplicaSet" | "DaemonSet")
        | ("apps/v1beta1", "Deployment" | "StatefulSet")
        | ("apps/v1beta2", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") => "apps/v1",
        ("batch/v1beta1" | "batch/v2alpha1", "CronJob") | ("extensions/v1beta1", "Job") => "batch/v1",
        ("policy/v1beta1", "PodDisruptionBudget") => "policy/v1",
        _ => return None,
    };
    type_of(current, kind)
}

/// Whether it is a kind of list: `v1` `List`, or one whose metadata are those of lists.
pub(crate) fn is_list(api_version: &str, kind: &str) -> bool {
    kind.ends_with("List")
        && ((api_version, kind) == ("v1", "List")
            || type_of(api_version, kind)
                .and_then(|id| id.field("metadata"))
                .is_some_and(|f| matches!(f.shape, Shape::Struct(id) if id.go_type() == "v1.ListMeta")))
}

/// All built-in kinds: apiVersion, kind, struct.
pub fn kinds() -> impl ExactSizeIterator<Item = (&'static str, &'static str, TypeId)> {
    KINDS.iter().map(|(kind, version, id)| (*version, *kind, TypeId(*id)))
}

impl ShapeId {
    /// The shape itself.
    pub fn shape(self) -> Shape {
        SHAPES[usize::from(self.0)]
    }
}

impl TypeId {
    /// The type as Go prints it: `v1.PodSpec`.
    pub fn go_type(self) -> &'static str {
        TYPES[usize::from(self.0)]
    }

    /// The name of the struct in Go: `PodSpec`.
    pub fn go_struct(self) -> &'static str {
        self.go_type().rsplit('.').next().unwrap_or_default()
    }

    /// The fields by name, sorted.
    pub fn fields(self) -> impl ExactSizeIterator<Item = (&'static str, Shape)> {
        let (start, end) = self.range();
        FIELDS[start..end].iter().map(|(name, shape)| (NAMES[usize::from(*name)], ShapeId(*shape).shape()))
    }

    /// The field with exactly that name.
    pub fn field(self, key: &str) -> Option<Field> {
        let (start, end) = self.range();
        let mut slot = slot_of(self.0, key.as_bytes());
        loop {
            let at = usize::from(INDEX[slot]);
            if at == EMPTY as usize {
                return None;
            }
            let (name, shape) = FIELDS[at];
            if at >= start && at < end && NAMES[usize::from(name)] == key {
                return Some(Field { index: (at - start) as u16, shape: ShapeId(shape).shape() });
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    fn range(self) -> (usize, usize) {
        let id = usize::from(self.0);
        (usize::from(STARTS[id]), usize::from(STARTS[id + 1]))
    }
}

/// The name of the field that identifies a list's items, if the list has one.
pub(crate) fn merge_key(name: u16) -> Option<&'static str> {
    NAMES.get(usize::from(name)).copied()
}

const EMPTY: u16 = u16::MAX;
const SLOTS: usize = 8_192;

/// Field positions by the hash of struct and name, with open addressing.
static INDEX: [u16; SLOTS] = index();

const fn index() -> [u16; SLOTS] {
    let mut slots = [EMPTY; SLOTS];
    let mut id = 0;
    while id + 1 < STARTS.len() {
        let mut at = STARTS[id];
        while at < STARTS[id + 1] {
            let mut slot = slot_of(id as u16, NAMES[FIELDS[at as usize].0 as usize].as_bytes());
            while slots[slot] != EMPTY {
                slot = (slot + 1) % SLOTS;
            }
            slots[slot] = at;
            at += 1;
        }
        id += 1;
    }
    slots
}

/// Where to look first: a hash of the struct and of the key's length, first and last bytes.
const fn slot_of(id: u16, key: &[u8]) -> usize {
    let (head, tail) = if let (Some(head), Some(tail)) = (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (u64::from_le_bytes(*head), u64::from_le_bytes(*tail))
    } else if let (Some(head), Some(tail)) = (key.first_chunk::<4>(), key.last_chunk::<4>()) {
        (u32::from_le_bytes(*head) as u64, u32::from_le_bytes(*tail) as u64)
    } else if let (Some(first), Some(last)) = (key.first(), key.last()) {
        (*first as u64 | (key[key.len() / 2] as u64) << 8, *last as u64)
    } else {
        (0, 0)
    };
    let mixed = head ^ tail.rotate_left(29) ^ ((key.len() as u64) << 56) ^ ((id as u64) << 40);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 51) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_field_and_no_other() {
        let mut longest = 0;
        for id in 0..TYPES.len() as u16 {
            assert!(TypeId(id).fields().len() <= 64, "the walker keeps one bit for each field of a struct");
            for (index, (name, shape)) in TypeId(id).fields().enumerate() {
                assert_eq!(TypeId(id).field(name), Some(Field { index: index as u16, shape }), "{name}");
                assert_eq!(TypeId(id).field(&format!("{name}x")), None);
                let at = STARTS[usize::from(id)] + index as u16;
                let mut slot = slot_of(id, name.as_bytes());
                let mut probes = 1;
                while INDEX[slot] != at {
                    slot = (slot + 1) % SLOTS;
                    probes += 1;
                }
                longest = longest.max(probes);
            }
            assert_eq!(TypeId(id).field(""), None);
        }
        assert!(longest <= 12, "the hash has {longest} probes for a field");
    }

    #[test]
    fn names_types_as_go_does() {
        let pod = type_of("v1", "Pod").unwrap();
        assert_eq!((pod.go_type(), pod.go_struct()), ("v1.Pod", "Pod"));
        assert_eq!(type_of("v2", "Pod"), None);
        assert!(type_of("apiextensions.k8s.io/v1", "CustomResourceDefinition").is_some());
    }

    #[test]
    fn restores_what_openapi_loses() {
        let shape = |mut id: TypeId, path: &str| {
            let mut shape = Shape::Struct(id);
            for key in path.split('.') {
                let field = id.field(key).unwrap_or_else(|| panic!("{key}"));
                shape = field.shape;
                while let Shape::List(item, _) | Shape::Map(item) = shape {
                    shape = item.shape();
                }
                if let Shape::Struct(inner) = shape {
                    id = inner;
                }
            }
            shape
        };
        let pod = type_of("v1", "Pod").unwrap();
        assert_eq!(shape(pod, "spec.containers.resources.limits"), Shape::Quantity);
        assert_eq!(shape(pod, "spec.containers.livenessProbe.httpGet.port"), Shape::IntOrString);
        assert_eq!(shape(pod, "metadata.creationTimestamp"), Shape::Time);
        assert_eq!(shape(pod, "metadata.managedFields.fieldsV1"), Shape::Any);
        assert_eq!(shape(type_of("v1", "Secret").unwrap(), "data"), Shape::Bytes);
        assert_eq!(
            shape(type_of("coordination.k8s.io/v1", "Lease").unwrap(), "spec.renewTime"),
            Shape::MicroTime
        );
        assert_eq!(shape(type_of("apps/v1", "ControllerRevision").unwrap(), "data"), Shape::Any);
        let containers = shape(pod, "spec").struct_id().and_then(|id| id.field("containers")).unwrap().shape;
        assert!(matches!(containers, Shape::List(_, key) if merge_key(key) == Some("name")));
    }

    impl Shape {
        fn struct_id(self) -> Option<TypeId> {
            if let Self::Struct(id) = self { Some(id) } else { None }
        }
    }
}
