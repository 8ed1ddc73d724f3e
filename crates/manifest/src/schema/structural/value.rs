//! A custom resource as the API server holds it, and what it does to it before it validates: unknown fields are dropped,
//! nulls are dropped, defaults are filled in (`pkg/apiserver/schema/pruning/algorithm.go`,
//! `pkg/apiserver/schema/defaulting/prunenulls.go` and `algorithm.go`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use seawall_yaml::{Kind, NodeRef};

use super::shape::{Additional, Schema};

/// Values of one object, aliases expanded.
const MOST_VALUES: usize = 1_000_000;
/// Values nest no deeper.
const DEPTH: usize = 200;

/// JSON as the API machinery decodes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data<'d> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'d, str>),
    List(Vec<Value<'d>>),
    Map(BTreeMap<Cow<'d, str>, Value<'d>>),
}

/// JSON and where it is written; what comes from a default is nowhere.
#[derive(Clone, Debug)]
pub(super) struct Value<'d> {
    pub(super) node: Option<NodeRef<'d>>,
    pub(super) key: Option<NodeRef<'d>>,
    pub(super) data: Data<'d>,
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

/// How much has been read.
#[derive(Debug, Default)]
pub(super) struct Source {
    values: usize,
    depth: usize,
}

impl<'d> Value<'d> {
    /// The value of a node; `None` where it is too large, too deep, or no JSON.
    pub(super) fn read(node: NodeRef<'d>, source: &mut Source) -> Option<Self> {
        source.values += 1;
        source.depth += 1;
        if source.values > MOST_VALUES || source.depth > DEPTH {
            return None;
        }
        let node = node.resolved();
        let data = match node.kind() {
            Kind::Null => Data::Null,
            Kind::Bool => Data::Bool(node.as_bool()?),
            Kind::Int | Kind::Float => {
                let text = node.json_number()?;
                match text.parse() {
                    Ok(whole) => Data::Int(whole),
                    Err(_) => Data::Float(text.parse().ok()?),
                }
            }
            Kind::String => Data::Text(node.text()?.into()),
            Kind::Sequence => {
                Data::List(node.items().map(|item| Self::read(item, source)).collect::<Option<_>>()?)
            }
            Kind::Mapping => {
                let mut map = BTreeMap::new();
                for (key, value) in node.entries() {
                    let name = key.key()?;
                    let value = Self { key: Some(key), ..Self::read(value, source)? };
                    map.insert(name, value);
                }
                Data::Map(map)
            }
            Kind::Alias => return None,
        };
        source.depth -= 1;
        Some(Self { node: Some(node), key: None, data })
    }

    fn of(data: Data<'static>) -> Self {
        Self { node: None, key: None, data }
    }
}

impl Data<'_> {
    /// The same without a document.
    pub(super) fn into_owned(self) -> Data<'static> {
        let value = |value: Value<'_>| Value { node: None, key: None, data: value.data.into_owned() };
        match self {
            Data::Null => Data::Null,
            Data::Bool(is) => Data::Bool(is),
            Data::Int(number) => Data::Int(number),
            Data::Float(number) => Data::Float(number),
            Data::Text(text) => Data::Text(text.into_owned().into()),
            Data::List(items) => Data::List(items.into_iter().map(value).collect()),
            Data::Map(map) => {
                Data::Map(map.into_iter().map(|(k, v)| (k.into_owned().into(), value(v))).collect())
            }
        }
    }
}

/// Where a value is: the fields and items that lead to it.
#[derive(Clone, Copy, Debug)]
pub(super) enum At<'a> {
    Root,
    Key(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// A field that is dropped: where its mapping is, its name, the fields that are known beside it.
pub(super) type OnUnknown<'f, 'd> = dyn FnMut(&At<'_>, &str, &Value<'d>, Option<&Schema>) + 'f;

/// Drops what a schema does not name.
pub(super) fn prune<'d>(
    value: &mut Value<'d>,
    schema: Option<&Schema>,
    at: &At<'_>,
    unknown: &mut OnUnknown<'_, 'd>,
) {
    let is_root = matches!(at, At::Root);
    let preserves = schema.is_some_and(|s| s.preserves);
    match &mut value.data {
        Data::Map(map) => map.retain(|name, value| {
            let below = At::Key(at, name);
            let Some(known) = schema else {
                unknown(at, name, value, None);
                return false;
            };
            if (known.embedded || is_root) && IDENTITY.contains(&&**name) {
                return true;
            }
            match (known.properties.get(&**name), &known.additional) {
                (Some(schema), _) => prune(value, Some(schema), &below, unknown),
                (None, Additional::Schema(schema)) => prune(value, Some(schema), &below, unknown),
                (None, Additional::Any) => prune(value, None, &below, unknown),
                (None, Additional::None) if preserves => {}
                (None, Additional::None) => {
                    unknown(at, name, value, schema);
                    return false;
                }
            }
            true
        }),
        Data::List(list) => {
            let items = schema.and_then(|s| s.items.as_deref());
            for (position, item) in list.iter_mut().enumerate() {
                let at = At::Item(at, position);
                match (preserves, items) {
                    (false, _) => prune(item, items, &at, unknown),
                    (true, Some(items)) => skip(item, items, &at, unknown),
                    (true, None) => {}
                }
            }
        }
        _ => {}
    }
}

/// Keeps a value whole apart from what the schemas of its fields drop.
fn skip<'d>(value: &mut Value<'d>, schema: &Schema, at: &At<'_>, unknown: &mut OnUnknown<'_, 'd>) {
    match &mut value.data {
        Data::Map(map) => {
            for (name, value) in map {
                let below = At::Key(at, name);
                if schema.embedded && IDENTITY.contains(&&**name) {
                    continue;
                }
                match (schema.properties.get(&**name), &schema.additional) {
                    (Some(schema), _) => prune(value, Some(schema), &below, unknown),
                    (None, Additional::Schema(schema)) => prune(value, Some(schema), &below, unknown),
                    (None, Additional::Any) => prune(value, None, &below, unknown),
                    (None, Additional::None) => {}
                }
            }
        }
        Data::List(list) => {
            let Some(items) = schema.items.as_deref() else { return };
            for (position, item) in list.iter_mut().enumerate() {
                skip(item, items, &At::Item(at, position), unknown);
            }
        }
        _ => {}
    }
}

/// Drops nulls where they are not allowed and nothing takes their place.
pub(super) fn drop_nulls(value: &mut Value<'_>, schema: Option<&Schema>) {
    match &mut value.data {
        Data::Map(map) => map.retain(|name, value| {
            let schema = schema.and_then(|s| s.field(name));
            if value.data == Data::Null && schema.is_some_and(|s| !s.nullable && s.default.is_none()) {
                return false;
            }
            drop_nulls(value, schema);
            true
        }),
        Data::List(list) => {
            let items = schema.and_then(|s| s.items.as_deref());
            for item in list {
                drop_nulls(item, items);
            }
        }
        _ => {}
    }
}

/// Fills in defaults.
pub(super) fn fill_in(value: &mut Value<'_>, schema: &Schema) {
    let wants = |value: &Value<'_>, schema: &Schema| value.data == Data::Null && !schema.nullable;
    match &mut value.data {
        Data::Map(map) => {
            for (name, schema) in &schema.properties {
                let Some(default) = &schema.default else { continue };
                if map.get(&**name).is_none_or(|value| wants(value, schema)) {
                    map.insert(name.to_string().into(), Value::of(default.clone()));
                }
            }
            for (name, value) in map {
                if let Some(schema) = schema.properties.get(&**name) {
                    fill_in(value, schema);
                } else if let Additional::Schema(schema) = &schema.additional {
                    if let Some(default) = schema.default.as_ref().filter(|_| wants(value, schema)) {
                        value.data = default.clone();
                    }
                    fill_in(value, schema);
                }
            }
        }
        Data::List(list) => {
            let Some(schema) = &schema.items else { return };
            for item in list {
                if let Some(default) = schema.default.as_ref().filter(|_| wants(item, schema)) {
                    item.data = default.clone();
                }
                fill_in(item, schema);
            }
        }
        _ => {}
    }
}
