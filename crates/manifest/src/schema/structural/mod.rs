//! Custom resources against their definitions: structural schemas as apiextensions.k8s.io/v1 has them
//! (k8s.io/apiextensions-apiserver `pkg/apiserver/validation`, `pkg/apiserver/schema`), in the order of the API server:
//! unknown fields and nulls are dropped, defaults filled in, then everything is validated.
//!
//! Not looked at: `x-kubernetes-validations`, some patterns and some values of formats ([`Unheld`]), what the API server asks of
//! names and labels.

mod address;
mod format;
mod pattern;
mod shape;
#[expect(clippy::float_cmp, clippy::cast_precision_loss, reason = "numbers are compared as Go compares them")]
mod validate;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_model::FieldPath;
use seawall_yaml::{Document, Kind, NodeRef};

use super::strict::Found;
use super::walk::MOST;
use super::{Answer, SchemaProblemKind, Walker, nearest};
use crate::objects::{Object, describe, objects};
use crate::types::{self, Shape};
pub use shape::Unheld;
use shape::{Schema, SchemaReader};
use validate::Walk;
use value::{At, Data, Source, Value, drop_nulls, fill_in, prune};

/// A definition of a custom resource.
#[derive(Clone, Debug)]
pub struct Definition {
    group: Box<str>,
    kind: Box<str>,
    versions: BTreeMap<Box<str>, Version>,
    /// The names of all versions, with or without a schema, and whether they are served.
    names: Vec<(Box<str>, bool)>,
    unheld: Unheld,
}

/// A version of a definition.
#[derive(Clone, Debug)]
struct Version {
    /// `None` where the definition is too large.
    schema: Option<Schema>,
    /// Whether what is unknown stays (`preserveUnknownFields`).
    keeps: bool,
    /// Whether `status` is dropped from what is created.
    has_status: bool,
}

impl Definition {
    /// The definitions that a document holds.
    pub fn all_of(document: &Document) -> Vec<Self> {
        objects(document).objects.iter().filter_map(Self::of).collect()
    }

    /// The definition that an object is.
    pub fn of(object: &Object<'_>) -> Option<Self> {
        if object.kind != "CustomResourceDefinition" || object.group() != "apiextensions.k8s.io" {
            return None;
        }
        let spec = object.node.get("spec")?;
        let text = |node: NodeRef<'_>, name: &str| node.get(name).and_then(NodeRef::as_str).map(Box::from);
        let (group, kind) = (text(spec, "group")?, text(spec.get("names")?, "kind")?);
        // v1beta1 may have one schema for all versions, one version, and keeps what is unknown.
        let is_old = object.api_version.ends_with("/v1beta1");
        let keeps = spec.get("preserveUnknownFields").and_then(NodeRef::as_bool).unwrap_or(is_old);
        let has_status = |node: NodeRef<'_>| {
            node.get("subresources").and_then(|s| s.get("status")).is_some_and(|status| !status.is_null())
        };
        let mut reader = SchemaReader::default();
        let mut versions = BTreeMap::new();
        let mut names = Vec::new();
        for version in spec.get("versions").into_iter().flat_map(NodeRef::items) {
            let served = version.get("served").and_then(NodeRef::as_bool) != Some(false);
            names.extend(text(version, "name").map(|name| (name, served)));
        }
        if names.is_empty() {
            names.extend(text(spec, "version").map(|name| (name, true)));
        }
        for version in spec.get("versions").into_iter().flat_map(NodeRef::items) {
            let schema = version.get("schema").or_else(|| spec.get("validation"));
            let (Some(name), Some(node)) =
                (text(version, "name"), schema.and_then(|s| s.get("openAPIV3Schema")))
            else {
                continue;
            };
            let has_status = has_status(version) || has_status(spec);
            versions.insert(name, Version { schema: reader.read(node, 0), keeps, has_status });
        }
        if let (true, Some(name), Some(node)) = (
            versions.is_empty(),
            text(spec, "version"),
            spec.get("validation").and_then(|s| s.get("openAPIV3Schema")),
        ) {
            let has_status = has_status(spec);
            versions.insert(name, Version { schema: reader.read(node, 0), keeps, has_status });
        }
        Some(Self { group, kind, versions, names, unheld: reader.unheld })
    }

    /// What of it objects are not held against.
    pub fn unheld(&self) -> &Unheld {
        &self.unheld
    }
}

/// The definitions of a run by group and kind; of several the first counts.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    by_kind: BTreeMap<Box<str>, BTreeMap<Box<str>, Arc<Definition>>>,
}

impl Definitions {
    /// The definitions of a run.
    pub fn new(all: impl IntoIterator<Item = Definition>) -> Self {
        let mut by_kind = BTreeMap::<_, BTreeMap<_, _>>::new();
        for definition in all {
            let kinds = by_kind.entry(definition.group.clone()).or_default();
            kinds.entry(definition.kind.clone()).or_insert_with(|| Arc::new(definition));
        }
        Self { by_kind }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_kind.is_empty()
    }

    /// Whether there is a schema for an object.
    pub fn knows(&self, object: &Object<'_>) -> bool {
        self.version(object).is_some()
    }

    /// Where the kind of an object is defined and its version is not: the versions that are served.
    pub fn instead_of(&self, object: &Object<'_>) -> Option<Vec<&str>> {
        let (group, version) = object.api_version.split_once('/')?;
        let names = &self.by_kind.get(group)?.get(object.kind)?.names;
        let served = names.iter().filter(|(_, served)| *served).map(|(name, _)| &**name);
        (!names.iter().any(|(name, _)| **name == *version)).then(|| served.collect())
    }

    /// Whether the definition of an object says that its version is not served.
    fn is_unserved(&self, object: &Object<'_>) -> bool {
        let definition = |(group, version)| Some((self.by_kind.get(group)?.get(object.kind)?, version));
        let found: Option<(&Arc<Definition>, &str)> = object.api_version.split_once('/').and_then(definition);
        found.is_some_and(|(of, version)| of.names.iter().any(|(name, served)| **name == *version && !served))
    }

    fn version(&self, object: &Object<'_>) -> Option<&Version> {
        let (group, version) = object.api_version.split_once('/')?;
        self.by_kind.get(group)?.get(object.kind)?.versions.get(version)
    }
}

/// Holds an object against the schema of its definition, if there is one, in a cluster of a minor version; returns whether
/// all of it could be.
pub(super) fn check(object: &Object<'_>, definitions: &Definitions, minor: u64, found: &mut Found) -> bool {
    if definitions.is_unserved(object) {
        let at = object.node.get_entry("apiVersion");
        let span = at.map_or_else(|| object.node.span(), |(_, value)| value.span());
        let message = format!("{} {} is not served: its definition says so", object.api_version, object.kind);
        let hint = "write it in a version that is served".to_owned();
        let path = FieldPath::root().key("apiVersion");
        found.add(object.node, span, &path, SchemaProblemKind::NotInVersion, message, hint);
    }
    let Some(version) = definitions.version(object) else { return true };
    metadata(object, minor, found);
    let Some(schema) = &version.schema else { return false };
    let Some(mut value) = Value::read(object.node, &mut Source::default()) else { return false };
    if !version.keeps {
        prune(&mut value, Some(schema), &At::Root, &mut |at, name, value, among| {
            tell_unknown(object.node, at, name, value, among, found);
        });
        drop_nulls(&mut value, Some(schema));
    }
    fill_in(&mut value, schema);
    if let (true, Data::Map(map)) = (version.has_status, &mut value.data) {
        map.remove("status");
    }
    let mut walk = Walk::new(found, minor, object.node);
    walk.value(&value, schema, &At::Root);
    let complete = walk.complete;
    found.problems.sort_by_key(|p| p.span);
    complete
}

/// What is wrong with types and fields of a custom resource's metadata: they are those of all objects, whatever its definition
/// says (k8s.io/apiextensions-apiserver `pkg/apiserver/schema/objectmeta/coerce.go`).
fn metadata(object: &Object<'_>, minor: u64, found: &mut Found) {
    let shape = types::type_of("v1", "Pod").and_then(|pod| pod.field(b"metadata")).map(|field| field.shape);
    let (Some((key, value)), Some(Shape::Struct(id))) = (object.node.get_entry("metadata"), shape) else {
        return;
    };
    let value = value.resolved();
    let path = FieldPath::root().key("metadata");
    match value.kind() {
        Kind::Mapping => {
            let problems = Walker::of(minor).run(value, Some(id), false, None);
            for mut problem in problems.into_iter().take(MOST - found.problems.len().min(MOST)) {
                problem.go_path = format!("metadata.{}", problem.go_path);
                problem.path = path.clone().join(&problem.path);
                problem.answer = Answer::Schema;
                found.problems.push(problem);
            }
        }
        Kind::Null => {}
        kind => {
            let said = describe(kind);
            let kind = SchemaProblemKind::WrongType { expected: "a mapping", found: said };
            let message = format!("`metadata` must be a mapping, not {said}");
            found.add(key, value.span(), &path, kind, message, String::new());
        }
    }
}

fn tell_unknown(
    root: NodeRef<'_>,
    at: &At<'_>,
    name: &str,
    value: &Value<'_>,
    among: Option<&Schema>,
    found: &mut Found,
) {
    let names = among.into_iter().flat_map(|schema| schema.properties.keys());
    let suggestion = nearest(names.map(|name| &**name), name).map(str::to_owned);
    let hint = suggestion.as_ref().map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
    let message = format!("unknown field `{name}`; it has no effect");
    let kind = SchemaProblemKind::UnknownField { suggestion };
    let key = value.key.unwrap_or(root);
    let path: FieldPath = At::Key(at, name).path();
    found.add(key, key.span(), &path, kind, message, hint);
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
        let crd = seawall_yaml::read(CRD.as_bytes()).remove(0).document.unwrap();
        let definitions = Definitions::new(Definition::all_of(&crd));
        let yaml = format!("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\n{spec}\n");
        let document = seawall_yaml::read(yaml.as_bytes()).remove(0).document.unwrap();
        let objects = objects(&document);
        strict(&objects.objects[0], 37, &definitions)
            .problems
            .iter()
            .map(|p| format!("{}: {}", p.path, p.message))
            .collect()
    }

    #[test]
    fn versions_are_served_or_not_or_not_there() {
        let text = format!("{CRD}  - {{name: v1alpha1, served: false}}\n  - {{name: v2, served: true}}\n");
        let crd = seawall_yaml::read(text.as_bytes()).remove(0).document.unwrap();
        let definitions = Definitions::new(Definition::all_of(&crd));
        let of = |version: &str| {
            let yaml = format!("apiVersion: example.com/{version}\nkind: Widget\nspec: {{size: 1}}\n");
            let document = seawall_yaml::read(yaml.as_bytes()).remove(0).document.unwrap();
            let objects = objects(&document);
            let object = &objects.objects[0];
            let problems = strict(object, 37, &definitions).problems;
            let told: Vec<_> = problems.iter().map(|p| format!("{}: {}", p.path, p.message)).collect();
            (told, definitions.instead_of(object).map(|versions| versions.join(" ")))
        };
        let unserved =
            "apiVersion: example.com/v1alpha1 Widget is not served: its definition says so".to_owned();
        assert_eq!(of("v1"), (vec![], None));
        assert_eq!(of("v1alpha1"), (vec![unserved], None));
        assert_eq!(of("v2"), (vec![], None), "without a schema");
        assert_eq!(of("v3"), (vec![], Some("v1 v2".to_owned())));
    }

    #[test]
    fn metadata_are_those_of_all_objects() {
        let crd = seawall_yaml::read(CRD.as_bytes()).remove(0).document.unwrap();
        let definitions = Definitions::new(Definition::all_of(&crd));
        let found = |metadata: &str| {
            let yaml = format!(
                "apiVersion: example.com/v1\nkind: Widget\nmetadata: {metadata}\nspec: {{size: 1}}\n"
            );
            let document = seawall_yaml::read(yaml.as_bytes()).remove(0).document.unwrap();
            let objects = objects(&document);
            let problems = strict(&objects.objects[0], 37, &definitions).problems;
            problems.iter().map(|p| format!("{}: {}", p.path, p.message)).collect::<Vec<_>>()
        };
        let fine = "{name: a, labels: {a: b}, finalizers: [c], creationTimestamp: null, ownerReferences: []}";
        assert_eq!(found(fine), [""; 0]);
        assert_eq!(found("null"), [""; 0]);
        for (metadata, wanted) in [
            ("{name: a, labels: {a: 1}}", "metadata.labels.a: `a` must be a string, not a number"),
            (
                "{name: a, annotations: [b]}",
                "metadata.annotations: `annotations` must be a mapping, not a list",
            ),
            ("{name: 5}", "metadata.name: `name` must be a string, not a number"),
            ("{name: a, label: {}}", "metadata.label: unknown field `label`; it has no effect"),
            ("5", "metadata: `metadata` must be a mapping, not a number"),
        ] {
            assert_eq!(found(metadata), [wanted]);
        }
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
