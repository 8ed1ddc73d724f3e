//! A schema of a definition, read once (k8s.io/apiextensions-apiserver `pkg/apis/apiextensions/v1` `JSONSchemaProps`).

use std::collections::BTreeMap;

use seawall_yaml::{Kind, NodeRef};

use super::format::Format;
use super::pattern::Pattern;
use super::value::{Data, Source, Value};

/// Schemas of a definition, aliases expanded: the largest that are in use have some 10,000.
const MOST_SCHEMAS: usize = 100_000;
/// Schemas nest no deeper.
const DEPTH: usize = 100;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Type {
    #[default]
    Any,
    Object,
    Array,
    String,
    Boolean,
    Integer,
    Number,
    IntOrString,
}

#[derive(Clone, Debug, Default)]
pub(super) enum Additional {
    #[default]
    None,
    /// `true`: nothing is said of the values.
    Any,
    Schema(Box<Schema>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ListType {
    #[default]
    Atomic,
    Set,
    Map,
}

/// What a value can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema {
    pub(super) of: Type,
    pub(super) nullable: bool,
    pub(super) preserves: bool,
    pub(super) embedded: bool,
    pub(super) properties: BTreeMap<Box<str>, Schema>,
    pub(super) additional: Additional,
    pub(super) items: Option<Box<Schema>>,
    pub(super) default: Option<Data<'static>>,
    pub(super) bounds: Option<Box<Bounds>>,
}

/// What is asked of a value beyond its type.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    pub(super) format: Option<Format>,
    pub(super) required: Vec<Box<str>>,
    pub(super) allowed: Vec<Data<'static>>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) above: bool,
    pub(super) below: bool,
    pub(super) multiple_of: Option<f64>,
    /// Least and most characters, items and keys.
    pub(super) length: [Option<i64>; 2],
    pub(super) items: [Option<i64>; 2],
    pub(super) keys: [Option<i64>; 2],
    pub(super) pattern: Option<Pattern>,
    pub(super) all_of: Vec<Schema>,
    pub(super) any_of: Vec<Schema>,
    pub(super) one_of: Vec<Schema>,
    pub(super) not: Option<Box<Schema>>,
    pub(super) list: ListType,
    pub(super) list_keys: Vec<Box<str>>,
}

/// What of a definition's schemas objects are not held against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unheld {
    /// Rules in CEL (`x-kubernetes-validations`).
    pub rules: usize,
    /// Patterns that are no regular expressions of the kind that is understood.
    pub patterns: usize,
    /// Whether it is too large or too deep to be read.
    pub too_large: bool,
}

impl Unheld {
    /// Whether objects are held against all of it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads schemas, and counts what is not looked at.
#[derive(Debug, Default)]
pub(super) struct SchemaReader {
    schemas: usize,
    pub(super) unheld: Unheld,
}

fn flag(node: NodeRef<'_>, name: &str) -> bool {
    node.get(name).and_then(NodeRef::as_bool).unwrap_or_default()
}

fn number(node: NodeRef<'_>, name: &str) -> Option<f64> {
    node.get(name)?.json_number()?.parse().ok()
}

fn strings(node: NodeRef<'_>, name: &str) -> Vec<Box<str>> {
    node.get(name).into_iter().flat_map(NodeRef::items).filter_map(NodeRef::as_str).map(Into::into).collect()
}

fn sizes(node: NodeRef<'_>, what: &str) -> [Option<i64>; 2] {
    ["min", "max"].map(|end| node.get(&format!("{end}{what}"))?.json_number()?.parse().ok())
}

impl SchemaReader {
    /// The schema that a node holds; `None` where it is too large or too deep.
    pub(super) fn read(&mut self, node: NodeRef<'_>, depth: usize) -> Option<Schema> {
        self.schemas += 1;
        if depth > DEPTH || self.schemas > MOST_SCHEMAS {
            self.unheld.too_large = true;
            return None;
        }
        let node = node.resolved();
        let mut schema = Schema {
            of: match node.get("type").and_then(NodeRef::as_str) {
                _ if flag(node, "x-kubernetes-int-or-string") => Type::IntOrString,
                Some("object") => Type::Object,
                Some("array") => Type::Array,
                Some("string") => Type::String,
                Some("boolean") => Type::Boolean,
                Some("integer") => Type::Integer,
                Some("number") => Type::Number,
                _ => Type::Any,
            },
            nullable: flag(node, "nullable"),
            preserves: flag(node, "x-kubernetes-preserve-unknown-fields"),
            embedded: flag(node, "x-kubernetes-embedded-resource"),
            ..Schema::default()
        };
        for (key, value) in node.get("properties").into_iter().flat_map(NodeRef::entries) {
            let Some(name) = key.key() else { continue };
            schema.properties.insert(name.into(), self.read(value, depth + 1)?);
        }
        if let Some(others) = node.get("additionalProperties").map(NodeRef::resolved) {
            schema.additional = match others.kind() {
                Kind::Mapping => Additional::Schema(Box::new(self.read(others, depth + 1)?)),
                Kind::Bool if others.as_bool() == Some(true) => Additional::Any,
                _ => Additional::None,
            };
        }
        if let Some(items) = node.get("items").map(NodeRef::resolved).filter(|n| n.kind() == Kind::Mapping) {
            schema.items = Some(Box::new(self.read(items, depth + 1)?));
        }
        schema.default = match node.get("default").filter(|value| !value.is_null()) {
            Some(value) => Some(self.data(value)?),
            None => None,
        };
        schema.bounds = self.bounds(node, schema.of, depth)?.map(Box::new);
        Some(schema)
    }

    fn data(&mut self, node: NodeRef<'_>) -> Option<Data<'static>> {
        let read = Value::read(node, &mut Source::default()).map(|value| value.data.into_owned());
        self.unheld.too_large |= read.is_none();
        read
    }

    fn list(&mut self, node: NodeRef<'_>, name: &str, depth: usize) -> Option<Vec<Schema>> {
        node.get(name).into_iter().flat_map(NodeRef::items).map(|part| self.read(part, depth + 1)).collect()
    }

    /// `None` where it is too large; inside, `None` where nothing is asked.
    #[expect(clippy::option_option, reason = "the outer one is for `?`")]
    fn bounds(&mut self, node: NodeRef<'_>, of: Type, depth: usize) -> Option<Option<Bounds>> {
        const PLAIN: [&str; 11] = [
            "type",
            "description",
            "title",
            "example",
            "default",
            "nullable",
            "properties",
            "additionalProperties",
            "items",
            "externalDocs",
            "x-kubernetes-preserve-unknown-fields",
        ];
        if node.entries().all(|(key, _)| key.key().is_some_and(|name| PLAIN.contains(&&*name))) {
            return Some(None);
        }
        self.unheld.rules += node.get("x-kubernetes-validations").map_or(0, NodeRef::count);
        let mut bounds = Bounds {
            required: strings(node, "required"),
            minimum: number(node, "minimum"),
            maximum: number(node, "maximum"),
            above: flag(node, "exclusiveMinimum"),
            below: flag(node, "exclusiveMaximum"),
            multiple_of: number(node, "multipleOf"),
            length: sizes(node, "Length"),
            items: sizes(node, "Items"),
            keys: sizes(node, "Properties"),
            all_of: self.list(node, "allOf", depth)?,
            any_of: self.list(node, "anyOf", depth)?,
            one_of: self.list(node, "oneOf", depth)?,
            list_keys: strings(node, "x-kubernetes-list-map-keys"),
            list: match node.get("x-kubernetes-list-type").and_then(NodeRef::as_str) {
                Some("set") => ListType::Set,
                Some("map") => ListType::Map,
                _ => ListType::Atomic,
            },
            ..Bounds::default()
        };
        for value in node.get("enum").into_iter().flat_map(NodeRef::items) {
            bounds.allowed.push(self.data(value)?);
        }
        if let Some(not) = node.get("not").map(NodeRef::resolved).filter(|not| not.kind() == Kind::Mapping) {
            bounds.not = Some(Box::new(self.read(not, depth + 1)?));
        }
        if let Some(pattern) = node.get("pattern").and_then(NodeRef::as_str).filter(|p| !p.is_empty()) {
            bounds.pattern = Pattern::new(pattern);
            self.unheld.patterns += usize::from(bounds.pattern.is_none());
        }
        if let Some(name) = node.get("format").and_then(NodeRef::as_str).filter(|name| !name.is_empty()) {
            bounds.format = Format::of(name, of);
        }
        Some(Some(bounds))
    }
}

impl Schema {
    /// Whether it wants whole numbers.
    pub(super) const fn takes_integer(&self) -> bool {
        matches!(self.of, Type::Integer | Type::IntOrString)
    }

    /// The schema of a field.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        match (self.properties.get(name), &self.additional) {
            (Some(schema), _) => Some(schema),
            (None, Additional::Schema(schema)) => Some(schema),
            (None, _) => None,
        }
    }
}
