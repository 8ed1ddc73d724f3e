//! The pods and pod templates of an object: of the built-in kinds, of well-known custom resources, and of those that a
//! configuration names.

mod table;

use std::collections::{HashMap, HashSet};

use seawall_model::decode::DecodeError;
use seawall_model::pod::Pod;
use seawall_model::{FieldPath, Segment, WorkloadKind, nodes};
use seawall_yaml::{Kind, NodeRef};

use crate::objects::Object;
use crate::types;
pub use table::{CUSTOM, Entry, Form};

/// A pod, or what pods are made from.
#[derive(Clone, Debug)]
pub struct Template<'d> {
    /// What holds metadata and spec; for [`Form::PodSpec`] the specification itself. `None` where it is not written.
    pub node: Option<NodeRef<'d>>,
    /// The pod's metadata.
    pub metadata: Option<NodeRef<'d>>,
    /// The pod's specification.
    pub spec: Option<NodeRef<'d>>,
    /// Whether it is a pod or makes pods.
    pub kind: WorkloadKind,
    /// Whether it is a pod template or a bare specification.
    pub form: Form,
    /// Whether it belongs to a custom resource: what its controller makes of it is not known for certain.
    pub custom: bool,
    place: Place,
}

/// The way from an object to a template; a path is only made when it is asked for.
#[derive(Clone, Debug)]
enum Place {
    Keys(&'static [&'static str]),
    Path(FieldPath),
}

impl<'d> Template<'d> {
    /// The view of the pod as written; what is not written is empty. An error where a value has a wrong type.
    pub fn pod(&self) -> Result<Pod<'d>, DecodeError> {
        let mut pod = Pod::default();
        if let Some(metadata) = self.metadata {
            pod.metadata = nodes::decode(metadata)?;
        }
        if let Some(spec) = self.spec {
            pod.spec = nodes::decode(spec)?;
        }
        Ok(pod)
    }

    /// The path of the template in its object: empty for pods, `spec.template` in a Deployment.
    pub fn path(&self) -> FieldPath {
        match &self.place {
            Place::Keys(keys) => keys.iter().fold(FieldPath::root(), |path, key| path.key(*key)),
            Place::Path(path) => path.clone(),
        }
    }

    /// The path of the pod's specification in its object.
    pub fn spec_path(&self) -> FieldPath {
        match self.form {
            Form::Template => self.path().key("spec"),
            Form::PodSpec => self.path(),
        }
    }

    /// The path of the pod's metadata in its object: of the template, or of the object where there is only a
    /// specification.
    pub fn metadata_path(&self) -> FieldPath {
        match self.form {
            Form::Template => self.path().key("metadata"),
            Form::PodSpec => FieldPath::root().key("metadata"),
        }
    }
}

/// A custom resource that a configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredEntry {
    /// `group/version`, or `group/*`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Where it keeps its pod template, dotted; `*` stands for every item of a list or every value of a mapping.
    pub path: String,
    /// What is there.
    pub form: Form,
}

impl ConfiguredEntry {
    fn matches(&self, api_version: &str, kind: &str) -> bool {
        self.kind == kind
            && match self.api_version.strip_suffix("/*") {
                Some(group) => api_version.rsplit_once('/').is_some_and(|(g, _)| g == group),
                None => self.api_version == api_version,
            }
    }
}

/// The pods and templates of an object, in the order of the table. `configured` adds to what is known.
pub fn templates<'d>(object: &Object<'d>, configured: &[ConfiguredEntry]) -> Vec<Template<'d>> {
    let mut found = Vec::new();
    if let Some((pattern, kind)) = table::built_in(object.api_version, object.kind) {
        let node = object.node.resolved();
        let target = pattern.iter().try_fold(node, |node, key| node.get(key)).filter(|n| !n.is_null());
        // A ReplicationController's template may be missing; then it makes no pods.
        if target.is_some() || object.kind != "ReplicationController" {
            found.push(template(target, object, kind, Form::Template, Place::Keys(pattern)));
        }
        return found;
    }
    let known = CUSTOM
        .iter()
        .filter(|entry| entry.kind == object.kind && entry.group == object.group())
        .map(|entry| (entry.path, entry.form));
    let configured = configured
        .iter()
        .filter(|entry| entry.matches(object.api_version, object.kind))
        .filter(|entry| !known.clone().any(|(path, _)| path == entry.path))
        .map(|entry| (entry.path.as_str(), entry.form));
    for (pattern, form) in known.clone().chain(configured) {
        visit(object.node, pattern, FieldPath::root(), &mut |node, path| {
            let custom = template(Some(node), object, WorkloadKind::Template, form, Place::Path(path));
            // Such resources may refer to other objects instead of holding a template (`workloadRef`).
            let holds_pod = custom
                .spec
                .is_some_and(|s| s.get("containers").is_some_and(|c| c.resolved().kind() == Kind::Sequence));
            if holds_pod {
                found.push(custom);
            }
        });
    }
    found
}

fn template<'d>(
    node: Option<NodeRef<'d>>,
    object: &Object<'d>,
    kind: WorkloadKind,
    form: Form,
    place: Place,
) -> Template<'d> {
    let part = |key| node.and_then(|n| n.get(key)).filter(|n| !n.is_null());
    let (metadata, spec) = match form {
        Form::Template => (part("metadata"), part("spec")),
        Form::PodSpec => (object.metadata, node),
    };
    let custom = matches!(place, Place::Path(_));
    Template { node, metadata, spec, kind, form, custom, place }
}

/// Calls `found` for every node that `pattern` leads to from `node`.
fn visit<'d>(
    node: NodeRef<'d>,
    pattern: &str,
    path: FieldPath,
    found: &mut impl FnMut(NodeRef<'d>, FieldPath),
) {
    let (step, rest) = pattern.split_once('.').unwrap_or((pattern, ""));
    if step.is_empty() {
        if node.resolved().kind() == Kind::Mapping {
            found(node, path);
        }
    } else if step != "*" {
        if let Some(value) = node.get(step) {
            visit(value, rest, path.key(step), found);
        }
    } else if node.resolved().kind() == Kind::Sequence {
        let mut names = HashSet::new();
        for (index, item) in node.items().enumerate() {
            let name = item.get("name").and_then(NodeRef::as_str).filter(|name| names.insert(*name));
            let path = match name {
                Some(name) => path.clone().item("name", name),
                None => path.clone().index(index),
            };
            visit(item, rest, path, found);
        }
    } else {
        // The last assignment of a key counts.
        let mut entries: Vec<_> = node.entries().filter_map(|(k, v)| Some((k.as_str()?, v))).collect();
        let last: HashMap<&str, NodeRef<'_>> = entries.iter().copied().collect();
        entries.retain(|(key, value)| last.get(key) == Some(value));
        for (key, value) in entries {
            visit(value, rest, path.clone().key(key), found);
        }
    }
}

/// Where unknown kinds often keep pods.
const LIKELY: [&str; 14] = [
    "spec.template.spec.containers",
    "spec.podTemplate.spec.containers",
    "spec.podTemplateSpec.spec.containers",
    "spec.jobTemplate.spec.template.spec.containers",
    "spec.template.spec.template.spec.containers",
    "spec.*.template.spec.containers",
    "spec.*.podTemplate.spec.containers",
    "spec.*.*.template.spec.containers",
    "spec.podSpec.containers",
    "spec.containers",
    "spec.*.containers",
    "spec.steps",
    "spec.taskSpec.steps",
    "spec.templates.*.container",
];

/// Whether Kubernetes' own groups of workloads know no such kind: `Deployment` in `v1`, `deployment`, `apps/v2`.
pub fn is_misnamed(object: &Object<'_>) -> bool {
    matches!(object.group(), "" | "apps" | "batch" | "extensions")
        && types::type_of(object.api_version, object.kind).is_none()
        && types::retired_type_of(object.api_version, object.kind).is_none()
}

/// The apiVersion and kind of the built-in workload of nearly this name.
pub fn meant(kind: &str) -> Option<(&'static str, &'static str)> {
    types::kinds()
        .find(|(version, known, _)| {
            known.eq_ignore_ascii_case(kind) && table::built_in(version, known).is_some()
        })
        .map(|(version, known, _)| (version, known))
}

/// How a configuration names the pods whose containers are at `containers`, if it can: the path, and what is there.
pub fn configured_path(containers: &FieldPath) -> Option<(String, Form)> {
    let steps: Vec<&str> = containers
        .0
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => key.as_str(),
            Segment::Item { .. } | Segment::Index(_) => "*",
        })
        .collect();
    let (path, form) = match steps.as_slice() {
        [template @ .., "spec", "containers"] if !template.is_empty() => (template, Form::Template),
        [spec @ .., "containers"] => (spec, Form::PodSpec),
        _ => return None,
    };
    Some((path.join("."), form))
}

/// The containers of an object that looks like a workload without being known as one: its pods are not judged.
/// `None` for built-in kinds and for objects that have [`templates`].
pub fn looks_like_workload(object: &Object<'_>, configured: &[ConfiguredEntry]) -> Option<FieldPath> {
    let known = table::is_built_in_group(object.group()) && !is_misnamed(object);
    if known || !templates(object, configured).is_empty() {
        return None;
    }
    LIKELY.iter().find_map(|pattern| {
        let mut first = None;
        visit_any(object.node, pattern, FieldPath::root(), &mut |node, path| {
            let is_container = |n: NodeRef<'_>| n.get("image").is_some_and(|i| i.as_str().is_some());
            if first.is_none() && (node.items().any(is_container) || is_container(node)) {
                first = Some(path);
            }
        });
        first
    })
}

/// As [`visit`], for nodes of any kind and with paths by position only.
fn visit_any<'d>(
    node: NodeRef<'d>,
    pattern: &str,
    path: FieldPath,
    found: &mut impl FnMut(NodeRef<'d>, FieldPath),
) {
    let (step, rest) = pattern.split_once('.').unwrap_or((pattern, ""));
    if step.is_empty() {
        found(node, path);
    } else if step != "*" {
        if let Some(value) = node.get(step) {
            visit_any(value, rest, path.key(step), found);
        }
    } else {
        for (index, item) in node.items().enumerate() {
            visit_any(item, rest, path.clone().index(index), found);
        }
        for (key, value) in node.entries() {
            if let Some(key) = key.as_str() {
                visit_any(value, rest, path.clone().key(key), found);
            }
        }
    }
}

#[cfg(test)]
mod tests;
