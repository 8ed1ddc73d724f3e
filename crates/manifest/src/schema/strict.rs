//! What the published schema of a version says beyond types: which fields must be there, which the version has, and which
//! values they take.
//!
//! Of custom resources it is their definition that says so, where the input holds it.

use seawall_model::FieldPath;
use seawall_yaml::{Kind, NodeRef, Span};

use super::rank::Rank;
use super::structural::{self, Definitions};
use super::walk::MOST;
use super::{Answer, SchemaProblem, SchemaProblemKind, nearest};
use crate::objects::Object;
use crate::types::{self, NEWEST, OLDEST, Shape, TypeId, merge_key};

/// Objects nest no deeper.
const DEPTH: usize = 100;

/// Members of an enumeration that are named, and those among which the one that was probably meant is looked for.
const SHOWN: usize = 32;
const COMPARED: usize = 1_000;

/// What a schema has against an object.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// In the order of the source.
    pub problems: Vec<SchemaProblem>,
    /// Whether all of the object was held against all of its schema: not if it is too large, or has too many problems.
    pub complete: bool,
}

/// What the schema of a minor version, or the definition of a custom resource, has against an object; problems of types and
/// unknown fields of built-in kinds are the walker's. What is older than [`OLDEST`] is taken for that.
pub fn strict(object: &Object<'_>, minor: u64, definitions: &Definitions) -> Held {
    let mut found = Found::default();
    let minor = minor.max(OLDEST);
    let served = types::served_in(object.api_version, object.kind);
    if let Some(served) = served.as_ref().filter(|served| minor < *served.start()) {
        let at = object.node.get_entry("kind").map_or_else(|| object.node.span(), |(_, value)| value.span());
        let message =
            format!("{} {} is not served by Kubernetes v1.{minor}", object.api_version, object.kind);
        let hint = match served.clone().into_inner() {
            (first, last) if first == last && last < NEWEST => format!("v1.{first} alone serves it"),
            (first, last) if last < NEWEST => format!("it is served from v1.{first} to v1.{last}"),
            (first, _) => format!("it is served from v1.{first} on"),
        };
        found.add(
            object.node,
            at,
            &FieldPath::root().key("kind"),
            SchemaProblemKind::NotInVersion,
            message,
            hint,
        );
        return Held { problems: found.problems, complete: true };
    }
    let Some(id) = types::type_in(object.api_version, object.kind, minor) else {
        let complete = structural::check(object, definitions, minor, &mut found);
        return Held { complete: complete && !found.is_full(), problems: found.problems };
    };
    let mut walk = Walk { minor, found };
    walk.fields(object.node, id, &FieldPath::root(), None, 0);
    walk.found.problems.sort_by_key(|p| p.span);
    Held { complete: !walk.found.is_full(), problems: walk.found.problems }
}

/// The problems that were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) problems: Vec<SchemaProblem>,
}

impl Found {
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= MOST
    }

    pub(super) fn add(
        &mut self,
        node: NodeRef<'_>,
        span: Span,
        path: &FieldPath,
        kind: SchemaProblemKind,
        message: String,
        hint: String,
    ) {
        if self.is_full() {
            return;
        }
        self.problems.push(SchemaProblem {
            kind,
            answer: Answer::Schema,
            path: path.clone(),
            go_path: path.to_string(),
            node: node.id(),
            span,
            key_span: None,
            reason: message.clone(),
            message,
            message_value: None,
            reason_value: None,
            hint: (!hint.is_empty()).then_some(hint),
            rank: Rank { goes_on: true, way: Vec::new() },
        });
    }

    /// A field that is missing in a mapping, which `key` leads to.
    pub(super) fn missing(
        &mut self,
        node: NodeRef<'_>,
        key: Option<NodeRef<'_>>,
        path: &FieldPath,
        name: &str,
        by: &str,
    ) {
        let first = node.entries().next().map(|(key, _)| key);
        let at = key.or(first).unwrap_or(node);
        let message = format!("`{name}` is missing: {by} asks for it");
        self.add(
            node,
            at.span(),
            &path.clone().key(name),
            SchemaProblemKind::Missing,
            message,
            format!("write `{name}`"),
        );
    }

    /// A string that is none of those that are allowed.
    pub(super) fn not_allowed(&mut self, node: NodeRef<'_>, path: &FieldPath, allowed: &[&str]) {
        let text = node.text().unwrap_or_default();
        let mut shown: Vec<String> = allowed.iter().take(SHOWN).map(|value| format!("`{value}`")).collect();
        if allowed.len() > SHOWN {
            shown.push(format!("{} more", allowed.len() - SHOWN));
        }
        let near = nearest(allowed.iter().take(COMPARED).copied(), text);
        let hint = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        let message = format!("`{text}` is none of {}", shown.join(", "));
        self.add(node, node.span(), path, SchemaProblemKind::NotAllowed, message, hint);
        if let Some(problem) = self.problems.last_mut() {
            // The text stands behind the first mark, and may be secret.
            problem.message_value = Some(1..1 + text.len());
            problem.reason_value = problem.message_value.clone();
        }
    }
}

struct Walk {
    minor: u64,
    found: Found,
}

impl Walk {
    fn fields(
        &mut self,
        node: NodeRef<'_>,
        id: TypeId,
        path: &FieldPath,
        key: Option<NodeRef<'_>>,
        depth: usize,
    ) {
        if depth > DEPTH || self.found.is_full() {
            return;
        }
        for name in id.required(self.minor) {
            // Lists that are not there are empty; whether they may be is for the API server.
            if node.get(name).is_none_or(NodeRef::is_null) {
                self.found.missing(node, key, path, name, "the schema of Kubernetes");
            }
        }
        for (key, value) in node.entries() {
            let Some(name) = key.key() else { continue };
            // A controller writes it.
            if depth == 0 && name == "status" {
                continue;
            }
            let at = || path.clone().key(name.as_ref());
            let Some(field) = id.field(name.as_bytes()) else {
                if let Some(shape) = id.gone(name.as_bytes(), self.minor) {
                    self.value(value.resolved(), shape, &at(), Some(key), depth + 1);
                }
                continue;
            };
            if let Some(since) = id.field_since(field).filter(|since| self.minor < *since) {
                let message = format!("`{name}` is unknown to Kubernetes v1.{}", self.minor);
                let hint = format!(
                    "it is known from v1.{since} on: leave it out, or name the version of the cluster"
                );
                self.found.add(key, key.span(), &at(), SchemaProblemKind::NotInVersion, message, hint);
                continue;
            }
            if let Some(allowed) = id.values(field, self.minor)
                && value.as_str().is_some_and(|text| !text.is_empty() && !allowed.contains(&text))
            {
                self.found.not_allowed(value.resolved(), &at(), allowed);
            }
            self.value(value.resolved(), field.shape, &at(), Some(key), depth + 1);
        }
    }

    fn value(
        &mut self,
        node: NodeRef<'_>,
        shape: Shape,
        path: &FieldPath,
        key: Option<NodeRef<'_>>,
        depth: usize,
    ) {
        match (shape, node.kind()) {
            (Shape::Struct(id), Kind::Mapping) => self.fields(node, id, path, key, depth),
            (Shape::Map(of), Kind::Mapping) if of.shape() != Shape::String => {
                for (key, value) in node.entries() {
                    let Some(name) = key.key() else { continue };
                    self.value(value.resolved(), of.shape(), &path.clone().key(name), Some(key), depth + 1);
                }
            }
            (Shape::List(of, merge), Kind::Sequence) if !matches!(of.shape(), Shape::String | Shape::Any) => {
                let names = merge_key(merge);
                for (at, item) in node.items().enumerate() {
                    let name = names.and_then(|names| item.get(names)).and_then(NodeRef::as_str);
                    let earlier = |name: &str| {
                        node.items()
                            .take(at)
                            .any(|i| names.and_then(|n| i.get(n)).and_then(NodeRef::as_str) == Some(name))
                    };
                    let path = match (names, name) {
                        (Some(names), Some(name)) if at < 64 && !earlier(name) => {
                            path.clone().item(names, name)
                        }
                        _ => path.clone().index(at),
                    };
                    self.value(item.resolved(), of.shape(), &path, None, depth + 1);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::objects;

    fn found(yaml: &str, minor: u64) -> Vec<String> {
        let document = seawall_yaml::read(yaml.as_bytes()).remove(0).document.unwrap();
        let objects = objects(&document);
        let problems = strict(&objects.objects[0], minor, &Definitions::default()).problems;
        problems.iter().map(|p| format!("{}: {}", p.path, p.message)).collect()
    }

    #[test]
    fn fields_that_must_be_there_are_asked_for() {
        let yaml = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - image: a\n        ports: [{name: x}]\n";
        assert_eq!(
            found(yaml, 37),
            [
                "spec.selector: `selector` is missing: the schema of Kubernetes asks for it",
                "spec.template.spec.containers[0].name: `name` is missing: the schema of Kubernetes asks for it",
                "spec.template.spec.containers[0].ports[0].containerPort: `containerPort` is missing: the schema of Kubernetes asks for it",
            ]
        );
        assert_eq!(
            found(
                "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a}]}\nstatus: {conditions: [{}]}\n",
                37
            ),
            [""; 0]
        );
    }

    #[test]
    fn versions_know_their_own_fields() {
        let yaml = "apiVersion: v1\nkind: Pod\nspec:\n  hostnameOverride: a\n  containers: [{name: a}]\n";
        assert_eq!(found(yaml, 37), [""; 0]);
        assert_eq!(
            found(yaml, 32),
            ["spec.hostnameOverride: `hostnameOverride` is unknown to Kubernetes v1.32"]
        );
        let kind = "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {name: a}\nspec: {}\n";
        assert_eq!(
            found(kind, 32),
            ["kind: resource.k8s.io/v1 DeviceClass is not served by Kubernetes v1.32"]
        );
        assert_eq!(found(kind, 37), [""; 0]);
    }

    #[test]
    fn versions_ask_for_fields_and_name_values_of_their_own() {
        let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {policyTypes: [Egress]}\n";
        let missing = "spec.podSelector: `podSelector` is missing: the schema of Kubernetes asks for it";
        assert_eq!(found(policy, 33), [missing]);
        assert_eq!(found(policy, 34), [""; 0]);
        let flow = "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\n";
        assert_eq!(found(flow, 36), [""; 0]);
        assert_eq!(found(flow, 37), ["spec: `spec` is missing: the schema of Kubernetes asks for it"]);
        let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{name: a}]\n  tolerations: [{key: a, operator: Gt, value: b}]\n";
        let operator = "spec.tolerations[0].operator: `Gt` is none of `Equal`, `Exists`";
        assert_eq!(found(pod, 34), [operator]);
        assert_eq!(found(pod, 35), [""; 0]);
    }

    #[test]
    fn kinds_and_fields_that_are_gone_are_held_against_what_they_were() {
        let class = "apiVersion: storage.k8s.io/v1alpha1\nkind: VolumeAttributesClass\nmetadata: {name: a}\n";
        let missing = "driverName: `driverName` is missing: the schema of Kubernetes asks for it";
        assert_eq!(found(class, 34), [missing]);
        // It is no longer Kubernetes' then: a definition may be meant.
        assert_eq!(found(class, 35), [""; 0]);
        let workload = "apiVersion: scheduling.k8s.io/v1alpha1\nkind: Workload\nspec: {podGroups: []}\n";
        assert_eq!(found(workload, 35), [""; 0]);
        assert_eq!(
            found(workload, 34),
            ["kind: scheduling.k8s.io/v1alpha1 Workload is not served by Kubernetes v1.34"]
        );
        let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a}], workloadRef: {name: a}}\n";
        let missing =
            "spec.workloadRef.podGroup: `podGroup` is missing: the schema of Kubernetes asks for it";
        assert_eq!(found(pod, 35), [missing]);
        assert_eq!(found(pod, 36), [""; 0]);
    }

    #[test]
    fn it_says_which_versions_serve_a_kind() {
        let hint = |yaml: &str, minor: u64| {
            let document = seawall_yaml::read(yaml.as_bytes()).remove(0).document.unwrap();
            let objects = objects(&document);
            strict(&objects.objects[0], minor, &Definitions::default()).problems[0].hint.clone().unwrap()
        };
        let workload = "apiVersion: scheduling.k8s.io/v1alpha1\nkind: Workload\n";
        assert_eq!(hint(workload, 33), "v1.35 alone serves it");
        let class = "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\n";
        assert_eq!(hint(class, 33), "it is served from v1.34 on");
        let rule = "apiVersion: certificates.k8s.io/v1alpha1\nkind: PodCertificateRequest\n";
        assert_eq!(hint(rule, 32), "v1.34 alone serves it");
    }

    /// An object of a kind with no more than what a minor version asks for.
    fn least(id: TypeId, minor: u64) -> String {
        let value = |shape: Shape| match shape {
            Shape::Struct(id) => format!("{{{}}}", least(id, minor)),
            Shape::List(..) => "[]".to_owned(),
            Shape::Bool => "true".to_owned(),
            Shape::Int32 | Shape::Int64 | Shape::Float | Shape::IntOrString | Shape::Quantity => {
                "1".to_owned()
            }
            Shape::Time => "'2026-01-02T03:04:05Z'".to_owned(),
            Shape::MicroTime => "'2026-01-02T03:04:05.000000Z'".to_owned(),
            Shape::String | Shape::Bytes => "''".to_owned(),
            _ => "{}".to_owned(),
        };
        let shape = |name: &str| id.field(name.as_bytes()).expect("a field").shape;
        let fields: Vec<String> =
            id.required(minor).map(|name| format!("{name}: {}", value(shape(name)))).collect();
        fields.join(", ")
    }

    #[test]
    fn every_kind_of_every_minor_version_is_held_against_its_schema() {
        for minor in OLDEST..=NEWEST {
            let kinds = types::kinds_in(minor).filter(|(_, kind, _)| !kind.ends_with("List"));
            let mut count = 0;
            for (api_version, kind, id) in kinds {
                let asked = least(id, minor);
                let object = |more: &str| {
                    let rest = [more, &asked].into_iter().filter(|part| !part.is_empty());
                    let rest = rest.collect::<Vec<_>>().join(", ");
                    format!("{{apiVersion: {api_version}, kind: {kind}, {rest}}}\n")
                };
                let problems = |yaml: &str| {
                    let document = seawall_yaml::read(yaml.as_bytes()).remove(0).document.unwrap();
                    let objects = objects(&document);
                    let mut problems = super::super::Walker::of(minor).check(&objects.objects[0]);
                    problems.extend(strict(&objects.objects[0], minor, &Definitions::default()).problems);
                    problems.into_iter().map(|p| p.message).collect::<Vec<_>>()
                };
                assert_eq!(problems(&object("")), [""; 0], "1.{minor}: {}", object(""));
                let unknown = "unknown field `noSuchField`; it has no effect";
                assert_eq!(problems(&object("noSuchField: 1")), [unknown], "1.{minor} {api_version} {kind}");
                assert_eq!(
                    problems(&object("metadata: true")).len(),
                    1,
                    "1.{minor} {api_version} {kind}: a wrong type"
                );
                count += 1;
            }
            assert!(count > 70, "1.{minor} has {count} kinds");
        }
    }

    #[test]
    fn values_are_those_that_kubernetes_names() {
        let yaml = "apiVersion: v1\nkind: Pod\nspec:\n  restartPolicy: always\n  containers: [{name: a, imagePullPolicy: \"\"}]\n";
        assert_eq!(
            found(yaml, 37),
            ["spec.restartPolicy: `always` is none of `Always`, `Never`, `OnFailure`"]
        );
    }
}
