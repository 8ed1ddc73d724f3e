//! Custom resources against their definitions: structural schemas as apiextensions.k8s.io/v1 has them
//! (k8s.io/apiextensions-apiserver `pkg/apiserver/validation`, `pkg/apiserver/schema`).
//!
//! Not looked at: `x-kubernetes-validations`, and patterns that need more than regular expressions of ASCII classes.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::Regex;
use seawall_model::FieldPath;
use seawall_yaml::{Document, Kind, NodeRef};

use super::strict::Found;
use super::{SchemaProblemKind, nearest};
use crate::objects::{Object, describe, objects};

/// Schemas nest no deeper than documents.
const DEPTH: usize = 100;

/// A definition of a custom resource in the input.
#[derive(Clone, Debug)]
pub struct Definition {
    document: Arc<Document>,
    /// Its position among the objects of the document.
    position: usize,
}

impl Definition {
    /// The definitions that a document holds.
    pub fn of(document: &Arc<Document>) -> Vec<Self> {
        let found = objects(document).objects;
        let is_one = |object: &Object<'_>| {
            object.kind == "CustomResourceDefinition" && object.group() == "apiextensions.k8s.io"
        };
        let positions = found.iter().enumerate().filter(|(_, object)| is_one(object));
        positions.map(|(position, _)| Self { document: document.clone(), position }).collect()
    }
}

/// The definitions of a run by group and kind; of several the first counts.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    by_kind: BTreeMap<(String, String), Definition>,
}

impl Definitions {
    /// The definitions of a run.
    pub fn new(all: impl IntoIterator<Item = Definition>) -> Self {
        let mut by_kind = BTreeMap::new();
        for definition in all {
            let names = {
                let found = objects(&definition.document).objects;
                let spec = found.get(definition.position).and_then(|object| object.node.get("spec"));
                let group = spec.and_then(|s| s.get("group")).and_then(NodeRef::as_str);
                let kind =
                    spec.and_then(|s| s.get("names")).and_then(|n| n.get("kind")).and_then(NodeRef::as_str);
                group.zip(kind).map(|(group, kind)| (group.to_owned(), kind.to_owned()))
            };
            if let Some(names) = names {
                by_kind.entry(names).or_insert(definition);
            }
        }
        Self { by_kind }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_kind.is_empty()
    }

    /// Whether there is a schema for an object.
    pub fn knows(&self, object: &Object<'_>) -> bool {
        self.schema(object.api_version, object.kind).is_some()
    }

    /// The schema of a kind in an apiVersion.
    pub(super) fn schema(&self, api_version: &str, kind: &str) -> Option<NodeRef<'_>> {
        let (group, version) = api_version.split_once('/')?;
        let definition = self.by_kind.get(&(group.to_owned(), kind.to_owned()))?;
        let found = objects(&definition.document).objects;
        let spec = found.get(definition.position)?.node.get("spec")?;
        let versions = spec.get("versions").into_iter().flat_map(NodeRef::items);
        let own = versions.into_iter().find(|v| v.get("name").and_then(NodeRef::as_str) == Some(version));
        // v1beta1 has one schema for all versions.
        let schema = own.and_then(|v| v.get("schema")).or_else(|| spec.get("validation"))?;
        schema.get("openAPIV3Schema")
    }
}

/// Holds an object against the schema of its definition.
pub(super) fn check(object: &Object<'_>, schema: NodeRef<'_>, found: &mut Found) {
    let mut walk = Walk { found, quiet: 0, failed: false, patterns: BTreeMap::new() };
    walk.value(
        object.node,
        schema.resolved(),
        &At { path: FieldPath::root(), key: None, root: true, depth: 0 },
    );
    found.problems.sort_by_key(|p| p.span);
}

struct Walk<'f> {
    found: &'f mut Found,
    /// Within `anyOf`, `oneOf` and `not` only whether something fails counts.
    quiet: usize,
    failed: bool,
    patterns: BTreeMap<String, Option<Regex>>,
}

/// Where a value is.
struct At<'d> {
    path: FieldPath,
    key: Option<NodeRef<'d>>,
    /// Whether apiVersion, kind and metadata are the API server's own.
    root: bool,
    depth: usize,
}

impl<'d> At<'d> {
    fn below(&self, path: FieldPath, key: Option<NodeRef<'d>>) -> Self {
        At { path, key, root: false, depth: self.depth + 1 }
    }
}

/// A number of a schema.
fn number(schema: NodeRef<'_>, name: &str) -> Option<f64> {
    schema.get(name)?.json_number()?.parse().ok()
}

fn flag(schema: NodeRef<'_>, name: &str) -> bool {
    schema.get(name).and_then(NodeRef::as_bool).unwrap_or_default()
}

/// Whether two values are equal as JSON is.
fn same(a: NodeRef<'_>, b: NodeRef<'_>) -> bool {
    let (a, b) = (a.resolved(), b.resolved());
    match (a.kind(), b.kind()) {
        (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => {
            let value = |node: NodeRef<'_>| node.json_number().and_then(|text| text.parse::<f64>().ok());
            value(a) == value(b)
        }
        (Kind::Mapping, Kind::Mapping) => {
            let names = |node: NodeRef<'_>| {
                let mut names: Vec<_> = node
                    .entries()
                    .filter_map(|(key, _)| key.key().map(std::borrow::Cow::into_owned))
                    .collect();
                names.sort_unstable();
                names.dedup();
                names
            };
            names(a) == names(b)
                && names(a)
                    .iter()
                    .all(|name| matches!((a.get(name), b.get(name)), (Some(a), Some(b)) if same(a, b)))
        }
        (Kind::Sequence, Kind::Sequence) => {
            a.count() == b.count() && a.items().zip(b.items()).all(|(a, b)| same(a, b))
        }
        (left, right) => left == right && a.text() == b.text(),
    }
}

impl Walk<'_> {
    fn fail(
        &mut self,
        node: NodeRef<'_>,
        at: &At<'_>,
        kind: SchemaProblemKind,
        message: impl FnOnce() -> String,
    ) {
        self.failed = true;
        if self.quiet == 0 {
            self.found.add(node, node.span(), &at.path, kind, message(), String::new());
        }
    }

    /// Whether a value meets a schema; nothing is said of it.
    fn meets<'d>(&mut self, node: NodeRef<'d>, schema: NodeRef<'_>, at: &At<'d>) -> bool {
        let before = std::mem::take(&mut self.failed);
        self.quiet += 1;
        self.value(
            node,
            schema,
            &At { path: FieldPath::root(), key: at.key, root: at.root, depth: at.depth + 1 },
        );
        self.quiet -= 1;
        !std::mem::replace(&mut self.failed, before)
    }

    fn value<'d>(&mut self, node: NodeRef<'d>, schema: NodeRef<'_>, at: &At<'d>) {
        let node = node.resolved();
        // Nulls where they are not allowed are dropped before anything is looked at.
        if at.depth > DEPTH || self.found.is_full() || node.is_null() {
            return;
        }
        if !self.types(node, schema, at) {
            return;
        }
        self.bounds(node, schema, at);
        match node.kind() {
            Kind::Mapping => self.object(node, schema, at),
            Kind::Sequence => self.list(node, schema, at),
            _ => {}
        }
        for part in schema.get("allOf").into_iter().flat_map(NodeRef::items) {
            self.value(node, part.resolved(), at);
        }
        let meeting = |walk: &mut Self, name: &str| {
            let parts = schema.get(name).filter(|parts| parts.count() > 0)?;
            Some(parts.items().filter(|part| walk.meets(node, part.resolved(), at)).count())
        };
        if meeting(self, "anyOf") == Some(0) {
            self.fail(node, at, SchemaProblemKind::NotAllowed, || {
                "the value is none of what `anyOf` of its definition allows".into()
            });
        }
        if let Some(met) = meeting(self, "oneOf").filter(|met| *met != 1) {
            self.fail(node, at, SchemaProblemKind::NotAllowed, || {
                format!("the value must meet exactly one of `oneOf` of its definition, and meets {met}")
            });
        }
        if let Some(not) = schema.get("not").map(NodeRef::resolved).filter(|not| not.kind() == Kind::Mapping)
            && self.meets(node, not, at)
        {
            self.fail(node, at, SchemaProblemKind::NotAllowed, || {
                "the value is what `not` of its definition excludes".into()
            });
        }
    }

    /// Whether the type is right.
    fn types(&mut self, node: NodeRef<'_>, schema: NodeRef<'_>, at: &At<'_>) -> bool {
        let (kind, wanted) = (node.kind(), schema.get("type").and_then(NodeRef::as_str));
        let is_integer = kind == Kind::Int
            || (kind == Kind::Float
                && node
                    .json_number()
                    .and_then(|text| text.parse::<f64>().ok())
                    .is_some_and(|n| n.fract() == 0.0));
        let expected = if flag(schema, "x-kubernetes-int-or-string") {
            (!(is_integer || kind == Kind::String)).then_some("an integer or a string")
        } else {
            match wanted {
                Some("object") => (kind != Kind::Mapping).then_some("a mapping"),
                Some("array") => (kind != Kind::Sequence).then_some("a list"),
                Some("string") => (kind != Kind::String).then_some("a string"),
                Some("boolean") => (kind != Kind::Bool).then_some("true or false"),
                Some("integer") => (!is_integer).then_some("an integer"),
                Some("number") => (!matches!(kind, Kind::Int | Kind::Float)).then_some("a number"),
                _ => None,
            }
        };
        let Some(expected) = expected else { return true };
        let found = describe(kind);
        self.fail(node, at, SchemaProblemKind::WrongType { expected, found }, || {
            format!("the definition asks for {expected} here, and {found} is there")
        });
        false
    }

    fn bounds(&mut self, node: NodeRef<'_>, schema: NodeRef<'_>, at: &At<'_>) {
        let kind = SchemaProblemKind::NotAllowed;
        if let Some(allowed) = schema.get("enum").filter(|allowed| allowed.count() > 0)
            && !allowed.items().any(|value| same(value, node))
        {
            self.failed = true;
            if self.quiet == 0 {
                let texts: Vec<&str> = allowed.items().filter_map(NodeRef::as_str).collect();
                if node.as_str().is_some() && !texts.is_empty() {
                    self.found.not_allowed(node, &at.path, &texts);
                } else {
                    self.fail(node, at, kind.clone(), || {
                        "the value is none of those that the definition allows".into()
                    });
                }
            }
        }
        let value = node.json_number().and_then(|text| text.parse::<f64>().ok());
        if let Some(value) = value {
            let (minimum, maximum) = (number(schema, "minimum"), number(schema, "maximum"));
            let (above, below) = (flag(schema, "exclusiveMinimum"), flag(schema, "exclusiveMaximum"));
            if let Some(least) = minimum.filter(|least| if above { value <= *least } else { value < *least })
            {
                let than = if above { "above" } else { "at least" };
                self.fail(node, at, kind.clone(), || format!("the number must be {than} {least}"));
            }
            if let Some(most) = maximum.filter(|most| if below { value >= *most } else { value > *most }) {
                let than = if below { "below" } else { "at most" };
                self.fail(node, at, kind.clone(), || format!("the number must be {than} {most}"));
            }
            if let Some(of) =
                number(schema, "multipleOf").filter(|of| *of > 0.0 && (value / of).fract() != 0.0)
            {
                self.fail(node, at, kind.clone(), || format!("the number must be a multiple of {of}"));
            }
        }
        let size = match node.kind() {
            Kind::String => Some((node.text().unwrap_or_default().chars().count(), "Length", "characters")),
            Kind::Sequence => Some((node.count(), "Items", "items")),
            Kind::Mapping => Some((node.entries().count(), "Properties", "keys")),
            _ => None,
        };
        if let Some((size, name, what)) = size {
            let size = f64::from(u32::try_from(size).unwrap_or(u32::MAX));
            if let Some(least) = number(schema, &format!("min{name}")).filter(|least| size < *least) {
                self.fail(node, at, kind.clone(), || format!("there must be at least {least} {what}"));
            }
            if let Some(most) = number(schema, &format!("max{name}")).filter(|most| size > *most) {
                self.fail(node, at, kind.clone(), || format!("there must be at most {most} {what}"));
            }
        }
        if let (Some(text), Some(pattern)) = (node.as_str(), schema.get("pattern").and_then(NodeRef::as_str))
        {
            let compiled =
                self.patterns.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok());
            if compiled.as_ref().is_some_and(|regex| !regex.is_match(text)) {
                self.fail(node, at, kind, || format!("the value must match `{pattern}`"));
            }
        }
    }

    fn object<'d>(&mut self, node: NodeRef<'d>, schema: NodeRef<'_>, at: &At<'d>) {
        let own = at.root || flag(schema, "x-kubernetes-embedded-resource");
        let properties = schema.get("properties");
        let open = flag(schema, "x-kubernetes-preserve-unknown-fields");
        let others = schema.get("additionalProperties").map(NodeRef::resolved);
        for name in schema.get("required").into_iter().flat_map(NodeRef::items).filter_map(NodeRef::as_str) {
            if node.get(name).is_none_or(NodeRef::is_null) {
                self.failed = true;
                if self.quiet == 0 {
                    self.found.missing(node, at.key, &at.path, name, "its definition");
                }
            }
        }
        for (key, value) in node.entries() {
            let Some(name) = key.key() else { continue };
            if own && matches!(&*name, "apiVersion" | "kind" | "metadata") {
                continue;
            }
            let below = at.below(at.path.clone().key(name.as_ref()), Some(key));
            if let Some(schema) = properties.and_then(|p| p.get(&name)) {
                self.value(value, schema.resolved(), &below);
                continue;
            }
            match others {
                Some(schema) if schema.kind() == Kind::Mapping => self.value(value, schema, &below),
                Some(schema) if schema.as_bool() == Some(true) => {}
                // Parts of `anyOf` and the like name only what they are about.
                _ if open || self.quiet > 0 || (properties.is_none() && schema.get("type").is_none()) => {}
                _ => {
                    let names: Vec<String> = properties
                        .into_iter()
                        .flat_map(NodeRef::entries)
                        .filter_map(|(key, _)| key.key().map(std::borrow::Cow::into_owned))
                        .collect();
                    let suggestion = nearest(names.iter().map(String::as_str), &name).map(str::to_owned);
                    let hint =
                        suggestion.as_ref().map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
                    let message = format!("unknown field `{name}`; it has no effect");
                    let kind = SchemaProblemKind::UnknownField { suggestion };
                    self.found.add(key, key.span(), &below.path, kind, message, hint);
                }
            }
        }
    }

    fn list<'d>(&mut self, node: NodeRef<'d>, schema: NodeRef<'_>, at: &At<'d>) {
        let items = schema.get("items").map(NodeRef::resolved);
        for (position, item) in node.items().enumerate() {
            if let Some(items) = items {
                self.value(item, items, &at.below(at.path.clone().index(position), None));
            }
        }
        let keys: Vec<&str> = schema
            .get("x-kubernetes-list-map-keys")
            .into_iter()
            .flat_map(NodeRef::items)
            .filter_map(NodeRef::as_str)
            .collect();
        let kind = schema.get("x-kubernetes-list-type").and_then(NodeRef::as_str);
        if !matches!(kind, Some("map" | "set")) {
            return;
        }
        let mut seen: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for (position, item) in node.items().enumerate() {
            let text =
                |node: Option<NodeRef<'_>>| node.and_then(NodeRef::text).unwrap_or_default().to_owned();
            let identity: Vec<String> = if kind == Some("set") {
                vec![text(Some(item))]
            } else {
                keys.iter().map(|key| text(item.get(key))).collect()
            };
            // Collections have no text: they are not compared.
            if identity.iter().all(String::is_empty) {
                continue;
            }
            if seen.insert(identity, position).is_some() {
                let below = at.below(at.path.clone().index(position), None);
                self.fail(item.resolved(), &below, SchemaProblemKind::NotAllowed, || {
                    "the list has an item with the same key already".to_owned()
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::strict;

    const CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size]
            properties:
              size: {type: integer, minimum: 1, maximum: 10}
              color: {type: string, enum: [red, green]}
              name: {type: string, pattern: '^[a-z]+$', maxLength: 4}
              port: {x-kubernetes-int-or-string: true}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              labels: {type: object, additionalProperties: {type: string}}
              parts:
                type: array
                maxItems: 2
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items: {type: object, properties: {name: {type: string}}}
              either:
                type: object
                properties: {a: {type: string}, b: {type: string}}
                oneOf: [{required: [a]}, {required: [b]}]
";

    fn found(spec: &str) -> Vec<String> {
        let crd = Arc::new(seawall_yaml::read(CRD.as_bytes()).remove(0).document.unwrap());
        let definitions = Definitions::new(Definition::of(&crd));
        let yaml = format!("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\n{spec}\n");
        let document = seawall_yaml::read(yaml.as_bytes()).remove(0).document.unwrap();
        let objects = objects(&document);
        strict(&objects.objects[0], 37, &definitions)
            .iter()
            .map(|p| format!("{}: {}", p.path, p.message))
            .collect()
    }

    #[test]
    fn what_the_definition_allows_passes() {
        let all = "spec: {size: 10, color: red, name: ab, port: 80, free: {x: 1}, labels: {a: b}, parts: [{name: a}, {name: b}], either: {a: x}}";
        assert_eq!(found(all), [""; 0]);
        assert_eq!(found("spec: {size: 1.0, port: http, color: null}"), [""; 0]);
    }

    #[test]
    fn what_it_does_not_is_told_at_its_place() {
        for (spec, wanted) in [
            ("other: 1", "spec: `spec` is missing: its definition asks for it"),
            ("spec: {}", "spec.size: `size` is missing: its definition asks for it"),
            ("spec: {size: a}", "spec.size: the definition asks for an integer here, and a string is there"),
            (
                "spec: {size: 1.5}",
                "spec.size: the definition asks for an integer here, and a number is there",
            ),
            ("spec: {size: 0}", "spec.size: the number must be at least 1"),
            ("spec: {size: 11}", "spec.size: the number must be at most 10"),
            ("spec: {size: 1, color: blue}", "spec.color: `blue` is none of `red`, `green`"),
            ("spec: {size: 1, name: A}", "spec.name: the value must match `^[a-z]+$`"),
            ("spec: {size: 1, name: abcde}", "spec.name: there must be at most 4 characters"),
            (
                "spec: {size: 1, port: [1]}",
                "spec.port: the definition asks for an integer or a string here, and a list is there",
            ),
            (
                "spec: {size: 1, labels: {a: 1}}",
                "spec.labels.a: the definition asks for a string here, and a number is there",
            ),
            ("spec: {size: 1, colour: red}", "spec.colour: unknown field `colour`; it has no effect"),
            (
                "spec: {size: 1, parts: [{name: a}, {name: a}]}",
                "spec.parts[1]: the list has an item with the same key already",
            ),
            ("spec: {size: 1, parts: [{}, {}, {}]}", "spec.parts: there must be at most 2 items"),
            (
                "spec: {size: 1, either: {}}",
                "spec.either: the value must meet exactly one of `oneOf` of its definition, and meets 0",
            ),
            (
                "spec: {size: 1, either: {a: x, b: y}}",
                "spec.either: the value must meet exactly one of `oneOf` of its definition, and meets 2",
            ),
        ] {
            assert!(found(spec).contains(&wanted.to_owned()), "{spec}: {:?}", found(spec));
        }
    }
}
