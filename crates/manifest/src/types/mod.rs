//! The type table of the built-in kinds: apiVersion and kind to a struct, struct and key to a shape.
//!
//! `table` is generated from Kubernetes' `OpenAPI`; here is what it means and how it is looked up. Looking up a field costs
//! one hash of the key and, as a rule, one comparison.

#[rustfmt::skip]
mod history;
#[rustfmt::skip]
mod table;

use std::ops::RangeInclusive;

use crate::schema::nearest;
use seawall_model::{FieldPath, Segment};
use table::{FIELDS, GO_FIELDS, KINDS, NAMES, SHAPES, STARTS, TYPES};

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

/// The oldest minor version of Kubernetes whose fields are known.
pub const OLDEST: u64 = history::OLDEST as u64;

/// The newest minor version of Kubernetes whose kinds are known.
pub const NEWEST: u64 = history::NEWEST as u64;

/// The struct of a built-in kind that the newest minor version serves.
pub fn type_of(api_version: &str, kind: &str) -> Option<TypeId> {
    let (.., id, _, last) = KINDS[find(api_version, kind)?];
    (last == history::NEWEST).then_some(TypeId(id))
}

/// The struct of a built-in kind that a minor version serves, or the newest one does. What is older than [`OLDEST`] is taken for
/// that.
pub fn type_in(api_version: &str, kind: &str, minor: u64) -> Option<TypeId> {
    let (.., id, first, last) = KINDS[find(api_version, kind)?];
    let then = served(first, last).contains(&minor.max(OLDEST));
    (last == history::NEWEST || then).then_some(TypeId(id))
}

/// The minor versions that serve a built-in kind: of those from [`OLDEST`] on, any of which may be the first or the last.
pub fn served_in(api_version: &str, kind: &str) -> Option<RangeInclusive<u64>> {
    let (.., first, last) = KINDS[find(api_version, kind)?];
    Some(served(first, last))
}

fn served(first: u8, last: u8) -> RangeInclusive<u64> {
    u64::from(first)..=u64::from(last)
}

fn find(api_version: &str, kind: &str) -> Option<usize> {
    let head = head(kind);
    let first = HEADS.partition_point(|other| *other < head);
    let same = HEADS[first..].iter().take_while(|other| **other == head).count();
    let is_it = |(k, v, ..): &(&str, &str, _, _, _)| *k == kind && *v == api_version;
    KINDS[first..first + same].iter().position(is_it).map(|at| first + at)
}

/// The first eight letters of each kind of [`KINDS`], which is in their order: numbers are compared faster than texts.
static HEADS: [u64; KINDS.len()] = {
    let mut heads = [0; KINDS.len()];
    let mut at = 0;
    while at < KINDS.len() {
        heads[at] = head(KINDS[at].0);
        at += 1;
    }
    heads
};

/// The first eight bytes of a text as a number that sorts as the text does.
const fn head(text: &str) -> u64 {
    let (bytes, mut head, mut at) = (text.as_bytes(), 0, 0);
    while at < 8 {
        let byte = if at < bytes.len() { bytes[at] } else { 0 };
        head = head << 8 | byte as u64;
        at += 1;
    }
    head
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
                .and_then(|id| id.field(b"metadata"))
                .is_some_and(|f| matches!(f.shape, Shape::Struct(id) if id.go_type() == "v1.ListMeta")))
}

/// All built-in kinds that the newest minor version serves: apiVersion, kind, struct.
pub fn kinds() -> impl Iterator<Item = (&'static str, &'static str, TypeId)> {
    let newest = KINDS.iter().filter(|(.., last)| *last == history::NEWEST);
    newest.map(|(kind, version, id, ..)| (*version, *kind, TypeId(*id)))
}

/// All built-in kinds that a minor version serves, if it is known: apiVersion, kind, struct.
pub fn kinds_in(minor: u64) -> impl Iterator<Item = (&'static str, &'static str, TypeId)> {
    let then = KINDS.iter().filter(move |(.., first, last)| served(*first, *last).contains(&minor));
    then.map(|(kind, version, id, ..)| (*version, *kind, TypeId(*id)))
}

/// The group of an apiVersion; empty for the core group.
pub fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Whether a group is one of Kubernetes' own.
pub fn has_group(of: &str) -> bool {
    kinds().any(|(version, ..)| group(version) == of)
}

/// The kind of a group whose name is nearly this.
pub fn nearest_kind(of: &str, kind: &str) -> Option<&'static str> {
    let known = kinds().filter(|(version, ..)| group(version) == of).map(|(_, kind, _)| kind);
    nearest(known, kind)
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
    #[inline]
    pub fn field(self, key: &[u8]) -> Option<Field> {
        let (start, end) = self.range();
        let words = Words::of(key);
        let mut slot = words.slot(self.0);
        loop {
            let at = usize::from(INDEX[slot]);
            let entry = ENTRIES.get(at)?;
            if entry.words.same(words)
                && at >= start
                && at < end
                && (key.len() <= 16 || NAMES[usize::from(FIELDS[at].0)].as_bytes() == key)
            {
                return Some(Field { index: (at - start) as u16, shape: entry.shape });
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// What `OpenAPI` does not tell of a field: its Go type where that is a named one, and the embedded structs, dotted,
    /// that hold it.
    pub(crate) fn go_field(self, key: &[u8]) -> (Option<&'static str>, Option<&'static str>) {
        let Some(field) = self.field(key) else { return (None, None) };
        let position = STARTS[usize::from(self.0)] + field.index;
        let found = GO_FIELDS.binary_search_by_key(&position, |(at, ..)| *at);
        let told = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        found.map_or((None, None), |at| (told(GO_FIELDS[at].1), told(GO_FIELDS[at].2)))
    }

    /// The fields that must be there in a minor version.
    pub(crate) fn required(self, minor: u64) -> impl Iterator<Item = &'static str> {
        let mask = at(&history::REQUIRED, self.0, minor, |(id, last, _)| (*id, *last));
        let mask = mask.map_or(0, |(.., mask)| *mask);
        self.fields().enumerate().filter(move |(at, _)| mask & (1 << at) != 0).map(|(_, (name, _))| name)
    }

    /// The first minor version that has a field, where that is not the oldest that is known.
    pub(crate) fn field_since(self, field: Field) -> Option<u64> {
        let position = STARTS[usize::from(self.0)] + field.index;
        let at = history::SINCE.binary_search_by_key(&position, |(at, _)| *at).ok()?;
        Some(u64::from(history::SINCE[at].1))
    }

    /// The value of a field that a minor version has, and newer ones do not.
    #[cold]
    pub(crate) fn gone(self, key: &[u8], minor: u64) -> Option<Shape> {
        let had = history::GONE.iter().find(|(id, name, ..)| *id == self.0 && name.as_bytes() == key);
        let (.., shape, first, last) = had?;
        served(*first, *last).contains(&minor).then(|| ShapeId(*shape).shape())
    }

    /// The strings that a field takes in a minor version, where Kubernetes names them.
    pub(crate) fn values(self, field: Field, minor: u64) -> Option<&'static [&'static str]> {
        let position = STARTS[usize::from(self.0)] + field.index;
        let (.., values) = at(&history::VALUES, position, minor, |(of, last, _)| (*of, *last))?;
        Some(*values).filter(|values| !values.is_empty())
    }

    fn range(self) -> (usize, usize) {
        let id = usize::from(self.0);
        (usize::from(STARTS[id]), usize::from(STARTS[id + 1]))
    }
}

/// The row of a table by key and last minor version, sorted, that holds for a key in a minor version.
fn at<T>(rows: &'static [T], key: u16, minor: u64, of: impl Fn(&T) -> (u16, u8)) -> Option<&'static T> {
    let at = rows.partition_point(|row| {
        let (id, last) = of(row);
        (id, u64::from(last)) < (key, minor)
    });
    rows.get(at).filter(|row| of(row).0 == key)
}

/// The name of the field by which a strategic merge patch tells the items of a list apart: of the list at a path in an object
/// of a built-in kind. `None` where a patch replaces the list, as it does in custom resources.
/// Source: `x-kubernetes-patch-merge-key` of Kubernetes' `OpenAPI`.
pub fn patch_merge_key(api_version: &str, kind: &str, path: &FieldPath) -> Option<&'static str> {
    let mut shape = Shape::Struct(type_of(api_version, kind)?);
    for segment in &path.0 {
        shape = match (shape, segment) {
            (Shape::Struct(id), Segment::Key(key)) => id.field(key.as_bytes())?.shape,
            (Shape::Map(of), Segment::Key(_))
            | (Shape::List(of, _), Segment::Item(_) | Segment::Index(_)) => of.shape(),
            _ => return None,
        };
    }
    match shape {
        Shape::List(_, key) => merge_key(key),
        _ => None,
    }
}

/// The name of the field that identifies a list's items, if the list has one.
pub(crate) fn merge_key(name: u16) -> Option<&'static str> {
    NAMES.get(usize::from(name)).copied()
}

const EMPTY: u16 = u16::MAX;
const SLOTS: usize = 8_192;

/// What is compared of a key before all of it: of keys up to 16 bytes this is all of it.
#[derive(Clone, Copy)]
struct Words {
    head: u64,
    tail: u64,
    length: u32,
}

impl Words {
    #[inline]
    const fn of(key: &[u8]) -> Self {
        let (head, tail) = if let (Some(head), Some(tail)) = (key.first_chunk::<8>(), key.last_chunk::<8>()) {
            (u64::from_le_bytes(*head), u64::from_le_bytes(*tail))
        } else if let (Some(head), Some(tail)) = (key.first_chunk::<4>(), key.last_chunk::<4>()) {
            (u32::from_le_bytes(*head) as u64, u32::from_le_bytes(*tail) as u64)
        } else if let (Some(first), Some(last)) = (key.first(), key.last()) {
            (*first as u64 | (key[key.len() / 2] as u64) << 8, *last as u64)
        } else {
            (0, 0)
        };
        Self { head, tail, length: key.len() as u32 }
    }

    #[inline]
    const fn same(self, other: Self) -> bool {
        self.head == other.head && self.tail == other.tail && self.length == other.length
    }

    /// Where to look first for a field of that struct.
    #[inline]
    const fn slot(self, id: u16) -> usize {
        let mixed =
            self.head ^ self.tail.rotate_left(29) ^ ((self.length as u64) << 56) ^ ((id as u64) << 40);
        ((mixed ^ (mixed >> 32)).wrapping_mul(0xFF51_AFD7_ED55_8CCD) >> 51) as usize
    }
}

/// A field as it is looked up.
#[derive(Clone, Copy)]
struct Entry {
    words: Words,
    shape: Shape,
}

/// The entries of `FIELDS`.
static ENTRIES: [Entry; FIELDS.len()] = entries();

#[expect(clippy::large_stack_arrays, reason = "the compiler runs it, and its stack is large enough")]
const fn entries() -> [Entry; FIELDS.len()] {
    let mut entries = [Entry { words: Words::of(&[]), shape: Shape::Any }; FIELDS.len()];
    let mut at = 0;
    while at < entries.len() {
        let (name, shape) = FIELDS[at];
        entries[at] =
            Entry { words: Words::of(NAMES[name as usize].as_bytes()), shape: SHAPES[shape as usize] };
        at += 1;
    }
    entries
}

/// Field positions by the hash of struct and name, with open addressing.
static INDEX: [u16; SLOTS] = index();

const fn index() -> [u16; SLOTS] {
    let mut slots = [EMPTY; SLOTS];
    let mut id = 0;
    while id + 1 < STARTS.len() {
        let mut at = STARTS[id];
        while at < STARTS[id + 1] {
            let mut slot = ENTRIES[at as usize].words.slot(id as u16);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_kind_and_no_other() {
        for (at, (kind, version, ..)) in KINDS.iter().enumerate() {
            assert_eq!(find(version, kind), Some(at), "{version} {kind}");
            assert_eq!(find(version, &format!("{kind}x")), None);
            assert_eq!(find("example.com/v1", kind), None);
        }
        assert_eq!(find("v1", ""), None);
        assert!(HEADS.is_sorted());
    }

    #[test]
    fn finds_every_field_and_no_other() {
        let mut longest = 0;
        for id in 0..TYPES.len() as u16 {
            assert!(TypeId(id).fields().len() <= 64, "the walker keeps one bit for each field of a struct");
            for (index, (name, shape)) in TypeId(id).fields().enumerate() {
                assert_eq!(
                    TypeId(id).field(name.as_bytes()),
                    Some(Field { index: index as u16, shape }),
                    "{name}"
                );
                assert_eq!(TypeId(id).field(format!("{name}x").as_bytes()), None);
                let at = STARTS[usize::from(id)] + index as u16;
                let mut slot = Words::of(name.as_bytes()).slot(id);
                let mut probes = 1;
                while INDEX[slot] != at {
                    slot = (slot + 1) % SLOTS;
                    probes += 1;
                }
                longest = longest.max(probes);
            }
            assert_eq!(TypeId(id).field(b""), None);
        }
        assert!(longest <= 12, "the hash has {longest} probes for a field");
    }

    #[test]
    fn minor_versions_have_kinds_of_their_own() {
        let known = |kind, minor| type_in("scheduling.k8s.io/v1alpha2", kind, minor).is_some();
        assert_eq!([35, 36, 37].map(|minor| known("Workload", minor)), [false, true, false]);
        assert_eq!(type_of("scheduling.k8s.io/v1alpha2", "Workload"), None);
        assert_eq!(served_in("storage.k8s.io/v1beta1", "VolumeAttributesClass"), Some(32..=36));
        assert_eq!(served_in("v1", "Pod"), Some(32..=37));
        assert_eq!(served_in("example.com/v1", "Pod"), None);
        // Any of the newest is known, whatever the cluster.
        assert!(type_in("resource.k8s.io/v1", "DeviceClass", 32).is_some());
        assert!(type_in("resource.k8s.io/v1alpha3", "DeviceClass", 25).is_some(), "1.25 is taken for 1.32");
        let of =
            |minor| kinds_in(minor).filter(|(version, kind, _)| type_of(version, kind).is_none()).count();
        assert_eq!([31, 32, 37].map(|minor| kinds_in(minor).count() > 0), [false, true, true]);
        assert!(of(32) > 20 && of(36) > 5 && of(37) == 0, "{} {} {}", of(32), of(36), of(37));
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
                let field = id.field(key.as_bytes()).unwrap_or_else(|| panic!("{key}"));
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
        let containers = shape(pod, "spec").struct_id().and_then(|id| id.field(b"containers")).unwrap().shape;
        assert!(matches!(containers, Shape::List(_, key) if merge_key(key) == Some("name")));
    }

    impl Shape {
        fn struct_id(self) -> Option<TypeId> {
            if let Self::Struct(id) = self { Some(id) } else { None }
        }
    }
}
