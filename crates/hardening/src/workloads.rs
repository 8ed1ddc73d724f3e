//! What checks ask of objects that make pods, and of those about them.

use seawall_manifest::objects::Object;
use seawall_manifest::workload::{self, Template};
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::index::{Labels, Near, count};
use crate::view::field;

/// Kinds whose pods are to run until they are taken away. Those of Jobs end by themselves.
pub(crate) const LONG_RUNNING: &[&str] =
    &["Pod", "ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Rollout"];

/// Whether an object is of a built-in kind, in any version of these groups.
pub(crate) fn is(object: &Object<'_>, groups: &[&str], kind: &str) -> bool {
    object.kind == kind && groups.contains(&object.group())
}

/// Whether an object is a pod, or makes pods, that are to run until they are taken away.
pub(crate) fn is_long_running(object: &Object<'_>) -> bool {
    let restarts =
        object.kind != "Pod" || text(object, "spec.restartPolicy").is_none_or(|policy| policy == "Always");
    LONG_RUNNING.contains(&object.kind)
        && matches!(object.group(), "" | "apps" | "extensions" | "argoproj.io")
        && restarts
}

/// A field of an object.
pub(crate) fn at<'d>(object: &Object<'d>, dotted: &str) -> Option<NodeRef<'d>> {
    field(object.node, dotted)
}

/// A text in an object, if it is not empty.
pub(crate) fn text<'d>(object: &Object<'d>, dotted: &str) -> Option<&'d str> {
    at(object, dotted).and_then(NodeRef::as_str).filter(|text| !text.is_empty())
}

/// The path of a field.
pub(crate) fn path(dotted: &str) -> FieldPath {
    FieldPath::root().keys(dotted)
}

/// The labels of the pods that a built-in workload makes.
pub(crate) fn pod_labels(object: &Object<'_>) -> Labels {
    let templates = workload::templates(object, &[]);
    templates.first().map(|template| Labels::of_pods(object, template)).unwrap_or_default()
}

/// `spec.replicas`, 1 where it is not written.
pub(crate) fn replicas(object: &Object<'_>) -> u32 {
    count(at(object, "spec.replicas")).unwrap_or(1)
}

/// The fewest pods that a workload is to have: what its autoscaler says, else its replicas.
pub(crate) fn fewest(object: &Object<'_>, near: Near<'_>) -> u32 {
    near.scaler(object.kind, object.name).map_or_else(|| replicas(object), |scaler| scaler.min)
}

/// An object for a message: `ClusterRole "a"`, `Pod "a-*"` where the API server makes the end of the name.
pub(crate) fn said_of(object: &Object<'_>) -> String {
    let end = if object.name.is_empty() && !object.generate_name.is_empty() { "*" } else { "" };
    let name = if end.is_empty() { object.name } else { object.generate_name };
    format!("{} \"{name}{end}\"", object.kind)
}

/// `1 replica`, `2 replicas`
pub(crate) fn said(replicas: u32) -> String {
    format!("{replicas} replica{}", if replicas == 1 { "" } else { "s" })
}

/// Whether the labels that a template shows are those of its pods: controllers of most custom resources add to them.
pub(crate) fn has_certain_labels(object: &Object<'_>, template: &Template<'_>) -> bool {
    let as_written = matches!(
        (object.group(), object.kind),
        ("argoproj.io", "Rollout") | ("apps.openshift.io", "DeploymentConfig")
    );
    !template.custom || as_written
}
