//! The pods and pod templates of an object: of the built-in kinds, of well-known custom resources, and of those that a
//! configuration names.

mod predictor;
mod table;
mod task;

use std::collections::{HashMap, HashSet};

use seawall_model::decode::DecodeError;
use seawall_model::pod::Pod;
use seawall_model::{FieldPath, Segment, WorkloadKind, nodes};
use seawall_yaml::{Kind, NodeRef};

use crate::objects::Object;
use crate::schema::nearest;
use crate::types;
pub use table::{CUSTOM, Entry, Form};

/// A pod, or what pods are made from.
#[derive(Clone, Debug)]
pub struct Template<'d> {
    /// What holds metadata and spec; for [`Form::PodSpec`] the specification itself, for [`Form::Task`] the task. `None`
    /// where it is not written.
    pub node: Option<NodeRef<'d>>,
    /// The pod's metadata.
    metadata: Option<NodeRef<'d>>,
    /// The pod's specification, or the task.
    spec: Option<NodeRef<'d>>,
    /// The pod template beside a task.
    pod_level: Option<NodeRef<'d>>,
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

impl Place {
    /// A path that begins here, from the object on.
    fn above(&self, mut path: FieldPath) -> FieldPath {
        match self {
            Self::Keys(keys) => {
                path.0.splice(0..0, keys.iter().map(|key| Segment::known(key)));
                path
            }
            Self::Path(start) => start.clone().join(&path),
        }
    }
}

impl<'d> Template<'d> {
    /// Whether it can only be a part of a template, as patches of Kustomize are: none of its containers has an image, without
    /// which the API server takes no pod. Never of custom resources, whose controllers may put images in.
    pub fn is_partial(&self) -> bool {
        let containers = self.spec.and_then(|spec| spec.get("containers"));
        let has_image = |container: NodeRef<'_>| container.get("image").is_some_and(|image| !image.is_null());
        !self.custom && !containers.into_iter().flat_map(NodeRef::items).any(has_image)
    }

    /// The view of the pod as written; what is not written is empty. An error where a value has a wrong type.
    pub fn pod(&self) -> Result<Pod<'d>, DecodeError> {
        let mut pod = Pod::default();
        if let Some(metadata) = self.metadata {
            pod.metadata = nodes::decode(metadata)?;
        }
        if let Some(spec) = self.spec {
            pod.spec = match self.form {
                Form::Template | Form::PodSpec => nodes::decode(spec)?,
                Form::Predictor => predictor::pod_spec(spec)?,
                Form::Task => task::pod_spec(spec, self.pod_level)?,
            };
        }
        Ok(pod)
    }

    /// The metadata that the template gives to its pods.
    pub fn metadata(&self) -> Option<NodeRef<'d>> {
        self.metadata
    }

    /// The pod's specification where it is written as such; `None` for tasks.
    pub(crate) fn spec(&self) -> Option<NodeRef<'d>> {
        self.spec.filter(|_| self.form != Form::Task)
    }

    /// Whether it asks for nodes that run Windows, by its node selector.
    pub fn selects_windows(&self) -> bool {
        let selector = self.spec.and_then(|spec| spec.get("nodeSelector"));
        let os = |key| selector.and_then(|s| s.get(key)).and_then(NodeRef::as_str) == Some("windows");
        os("kubernetes.io/os") || os("beta.kubernetes.io/os")
    }

    /// Whether its metadata are others than the object's.
    pub fn has_own_metadata(&self) -> bool {
        self.form == Form::Template && !self.path().0.is_empty()
    }

    /// The labels of its pods as written; those that are no strings are left out.
    pub fn labels(&self) -> Vec<(String, String)> {
        let labels = self.metadata.and_then(|m| m.get("labels"));
        let pairs = labels.into_iter().flat_map(NodeRef::entries);
        pairs.filter_map(|(k, v)| Some((k.key()?.into_owned(), v.as_str()?.to_owned()))).collect()
    }

    /// The path of the template in its object: empty for pods, `spec.template` in a Deployment.
    pub fn path(&self) -> FieldPath {
        match &self.place {
            Place::Keys(keys) => FieldPath::known(keys),
            Place::Path(path) => path.clone(),
        }
    }

    /// The path of what holds the pod's own fields: its specification, or a `TaskRun`'s pod template. `None` where there is
    /// no such place: a Tekton task only describes containers.
    pub fn spec_path(&self) -> Option<FieldPath> {
        match self.form {
            Form::Template => Some(self.path().key("spec")),
            Form::PodSpec | Form::Predictor => Some(self.path()),
            Form::Task => self.pod_template_path(),
        }
    }

    /// Where in the object a field of the pod stands, or belongs: `path` begins at the pod, with `spec` or `metadata`.
    pub fn path_in_object(&self, path: FieldPath) -> FieldPath {
        let below = |start: FieldPath, rest: &[Segment]| start.join(&FieldPath(rest.to_vec()));
        match (self.form, path.0.split_first()) {
            (Form::Template, _) | (_, None) => self.place.above(path),
            (_, Some((Segment::Key(key), _))) if key == "metadata" => path,
            (Form::PodSpec, Some((_, rest))) => below(self.path(), rest),
            (Form::Predictor, Some((_, rest))) => match self.spec {
                Some(predictor) => predictor::origin(predictor, &self.path(), rest),
                None => below(self.path(), rest),
            },
            (Form::Task, Some((_, rest))) => match self.spec {
                Some(task) => task::origin(task, &self.path(), self.pod_template_path().as_ref(), rest),
                None => below(self.path(), rest),
            },
        }
    }

    fn pod_template_path(&self) -> Option<FieldPath> {
        // Only a TaskRun has its task below its specification.
        (self.path().0.len() > 1).then(|| FieldPath::root().keys("spec.podTemplate"))
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
            let is_list = |node: NodeRef<'_>| node.resolved().kind() == Kind::Sequence;
            let holds_pod = custom.spec.is_some_and(|spec| match form {
                Form::Template | Form::PodSpec => {
                    ["containers", "initContainers"].iter().any(|key| spec.get(key).is_some_and(is_list))
                }
                Form::Predictor => predictor::is_whole(spec),
                Form::Task => task::is_whole(spec),
            });
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
        Form::PodSpec | Form::Predictor | Form::Task => (object.metadata, node),
    };
    let custom = matches!(place, Place::Path(_));
    let mut template = Template { node, metadata, spec, pod_level: None, kind, form, custom, place };
    if form == Form::Task {
        let path = template.pod_template_path();
        template.pod_level = path.and_then(|_| object.node.get("spec")?.get("podTemplate"));
    }
    template
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

/// The configured entry that names an object's kind although none of its paths leads to pods.
pub fn finds_nothing<'c>(
    object: &Object<'_>,
    configured: &'c [ConfiguredEntry],
) -> Option<&'c ConfiguredEntry> {
    let entry = configured.iter().find(|entry| entry.matches(object.api_version, object.kind))?;
    templates(object, configured).is_empty().then_some(entry)
}

/// Whether a workload in an apiVersion that is no longer served has no template where today's has it: nothing of it is judged.
pub fn lacks_template(object: &Object<'_>, template: &Template<'_>) -> bool {
    template.node.is_none() && types::type_of(object.api_version, object.kind).is_none()
}

/// Where unknown kinds often keep pods.
const LIKELY: &[&str] = &[
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
    "spec.tasks.*.taskSpec.steps",
    "spec.finally.*.taskSpec.steps",
    "spec.pipelineSpec.tasks.*.taskSpec.steps",
    "spec.pipelineSpec.finally.*.taskSpec.steps",
    "spec.*.*.podTemplate.spec.containers",
    "spec.templates.*.container",
    "spec.templates.*.script",
    "spec.workflowSpec.templates.*.container",
    "spec.workflowSpec.templates.*.script",
    "objects.*.spec.containers",
    "objects.*.spec.template.spec.containers",
    "objects.*.spec.jobTemplate.spec.template.spec.containers",
    "spec.manifestWorkTemplate.workload.manifests.*.spec.containers",
    "spec.manifestWorkTemplate.workload.manifests.*.spec.template.spec.containers",
    "spec.manifestWorkTemplate.workload.manifests.*.spec.jobTemplate.spec.template.spec.containers",
    "spec.templates.*.containerSet.containers",
    "spec.workflowSpec.templates.*.containerSet.containers",
    "spec.template.spec.initContainers",
    "spec.podTemplate.spec.initContainers",
    "spec.*.template.spec.initContainers",
    "spec.*.podTemplate.spec.initContainers",
    "spec.*.*.podTemplate.spec.initContainers",
];

/// Kinds that make pods of fields of their own, and where these are.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("serving.kserve.io", "InferenceService", "spec.predictor"),
    ("sparkoperator.k8s.io", "SparkApplication", "spec.driver"),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication", "spec.template.driver"),
];

/// Whether it is a Template of `OpenShift` under its former name, in the core group.
fn is_former_template(object: &Object<'_>) -> bool {
    (object.api_version, object.kind) == ("v1", "Template") && object.node.get("objects").is_some()
}

/// Whether Kubernetes' own groups know no such kind of workload: `Deployment` in `v1`, `deployment`, `apps/v2`, `Pod` in
/// `networking.k8s.io/v1`. Projects that are not Kubernetes itself have groups below `x-k8s.io`.
pub fn is_misnamed(object: &Object<'_>) -> bool {
    let group = object.group();
    let ours = || group.ends_with(".k8s.io") && !group.ends_with(".x-k8s.io");
    let workload =
        || types::kinds().any(|(v, kind, _)| kind == object.kind && table::built_in(v, kind).is_some());
    types::type_of(object.api_version, object.kind).is_none()
        && types::retired_type_of(object.api_version, object.kind).is_none()
        && !is_former_template(object)
        && (matches!(group, "" | "apps" | "batch" | "extensions") || (ours() && workload()))
}

/// Whether its kind is a workload's, but in none of the apiVersions of that kind: nothing is made of it, whatever it holds.
pub fn is_misplaced(object: &Object<'_>) -> bool {
    is_misnamed(object) && meant(object.kind).is_some_and(|(_, kind)| kind == object.kind)
}

/// The apiVersion and kind of the built-in workload of nearly this name.
pub fn meant(kind: &str) -> Option<(&'static str, &'static str)> {
    let workloads = || types::kinds().filter(|(version, known, _)| table::built_in(version, known).is_some());
    let name = nearest(workloads().map(|(_, known, _)| known), kind)?;
    workloads().find(|(_, known, _)| *known == name).map(|(version, known, _)| (version, known))
}

/// How a configuration names the pods whose containers are at `containers`, if it can: the path, and what is there.
pub fn configured_path(containers: &FieldPath) -> Option<(String, Form)> {
    let steps: Vec<&str> = containers
        .0
        .iter()
        .map(|segment| match segment {
            // A key with a dot, or none, would be read as several steps, or as none.
            Segment::Key(key) if !(key.contains('.') || key.is_empty()) => key.as_str(),
            _ => "*",
        })
        .collect();
    let (path, form) = match steps.as_slice() {
        [template @ .., "spec", "containers" | "initContainers"] if !template.is_empty() => {
            (template, Form::Template)
        }
        [.., "containerSet", "containers"] => return None,
        [spec @ .., "containers"] => (spec, Form::PodSpec),
        _ => return None,
    };
    Some((path.join("."), form))
}

/// The containers of an object that looks like a workload without being known as one: its pods are not judged.
/// `None` for built-in kinds and for objects that have [`templates`].
pub fn looks_like_workload(object: &Object<'_>, configured: &[ConfiguredEntry]) -> Option<FieldPath> {
    // Most objects are of built-in kinds.
    if types::type_of(object.api_version, object.kind).is_some() {
        return None;
    }
    let known = table::is_built_in_group(object.group())
        && !is_misnamed(object)
        && !is_former_template(object)
        && (types::retired_type_of(object.api_version, object.kind).is_some()
            || !object.group().ends_with(".k8s.io"));
    if known || !templates(object, configured).is_empty() {
        return None;
    }
    let likely = || LIKELY.iter().find_map(|pattern| containers(object, pattern).into_iter().next());
    let otherwise = || {
        let is_it = |(group, kind, _): &&(&str, &str, &str)| (*group, *kind) == (object.group(), object.kind);
        let (_, _, keys) = OTHERWISE.iter().find(is_it)?;
        let mut found = None;
        visit(object.node, keys, FieldPath::root(), &mut |_, path| found = Some(path));
        found
    };
    likely().or_else(otherwise)
}

/// Where `pattern` leads to containers.
fn containers(object: &Object<'_>, pattern: &str) -> Vec<FieldPath> {
    let mut found = Vec::new();
    visit_any(object.node, pattern, FieldPath::root(), &mut |node, path| {
        // A controller may add the image. In a pod template a name is enough.
        let in_template =
            ["emplate.spec.containers", "emplate.spec.initContainers", "TemplateSpec.spec.containers"];
        let in_template = in_template.iter().any(|end| pattern.ends_with(end));
        let is_container = |n: NodeRef<'_>| {
            let named = n.get("name").and_then(NodeRef::as_str).is_some();
            let has = |key: &&str| n.get(key).is_some();
            n.get("image").is_some_and(|i| i.as_str().is_some())
                || (named && (in_template || ["securityContext", "command", "ports"].iter().any(has)))
        };
        if node.items().any(is_container) || is_container(node) {
            found.push(path);
        }
    });
    found
}

/// More places of one object are not described: nobody would write them down.
const DESCRIBED: usize = 16;

/// What a configuration would have to say of an object that [`looks_like_workload`], so that its pods are judged. Empty where
/// that cannot be said: a task is no pod.
pub fn likely_entries(object: &Object<'_>) -> Vec<ConfiguredEntry> {
    let mut entries: Vec<ConfiguredEntry> = Vec::new();
    for path in LIKELY.iter().flat_map(|pattern| containers(object, pattern)) {
        let Some((path, form)) = configured_path(&path) else { continue };
        let (api_version, kind) = (object.api_version.to_owned(), object.kind.to_owned());
        let entry = ConfiguredEntry { api_version, kind, path, form };
        if entries.len() == DESCRIBED {
            break;
        }
        if !entries.contains(&entry) && !templates(object, std::slice::from_ref(&entry)).is_empty() {
            entries.push(entry);
        }
    }
    entries
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
