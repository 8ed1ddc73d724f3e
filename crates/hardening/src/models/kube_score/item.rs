//! The objects that the original knows (zegl/kube-score `parser/parse.go`).

use seawall_yaml::NodeRef;

use super::view::{Metadata, Template};
use crate::view::FromNode;

/// What an object is; `stable` in the newest version of its API, which alone has the checks of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pod,
    Job,
    CronJob,
    Deployment { stable: bool },
    StatefulSet { stable: bool },
    DaemonSet,
    NetworkPolicy,
    Service,
    Budget,
    Ingress { stable: bool },
    Autoscaler,
}

impl Kind {
    fn of(group: &str, version: &str, kind: &str) -> Option<Self> {
        Some(match (group, version, kind) {
            ("", "v1", "Pod") => Self::Pod,
            ("", "v1", "Service") => Self::Service,
            ("batch", "v1", "Job") => Self::Job,
            ("batch", "v1" | "v1beta1", "CronJob") => Self::CronJob,
            ("apps", "v1" | "v1beta1" | "v1beta2", "Deployment")
            | ("extensions", "v1beta1", "Deployment") => Self::Deployment { stable: version == "v1" },
            ("apps", "v1" | "v1beta1" | "v1beta2", "StatefulSet") => {
                Self::StatefulSet { stable: version == "v1" }
            }
            ("apps", "v1" | "v1beta2", "DaemonSet") | ("extensions", "v1beta1", "DaemonSet") => {
                Self::DaemonSet
            }
            ("networking.k8s.io", "v1", "NetworkPolicy") => Self::NetworkPolicy,
            ("policy", "v1" | "v1beta1", "PodDisruptionBudget") => Self::Budget,
            ("extensions", "v1beta1", "Ingress") => Self::Ingress { stable: false },
            ("networking.k8s.io", "v1" | "v1beta1", "Ingress") => Self::Ingress { stable: version == "v1" },
            ("autoscaling", "v1" | "v2beta1" | "v2beta2" | "v2", "HorizontalPodAutoscaler") => {
                Self::Autoscaler
            }
            _ => return None,
        })
    }
}

/// An object that the original knows.
pub(super) struct Item<'d> {
    pub(super) kind: Kind,
    pub(super) api_version: &'d str,
    pub(super) kind_name: &'d str,
    pub(super) metadata: Metadata<'d>,
    node: NodeRef<'d>,
}

impl<'d> Item<'d> {
    /// The object.
    pub(super) fn node(&self) -> NodeRef<'d> {
        self.node
    }

    /// The object's specification in a view.
    pub(super) fn spec<T: FromNode<'d>>(&self) -> T {
        self.node.get("spec").map(T::from_node).unwrap_or_default()
    }

    /// Whether the specification has a field that is not null.
    pub(super) fn has_in_spec(&self, field: &str) -> bool {
        self.node.get("spec").and_then(|spec| spec.get(field)).is_some_and(|value| !value.is_null())
    }

    /// The pod, or the template of pods.
    pub(super) fn template(&self) -> Option<Template<'d>> {
        let path: &[&str] = match self.kind {
            Kind::Pod => &[],
            Kind::Job | Kind::Deployment { .. } | Kind::StatefulSet { .. } | Kind::DaemonSet => {
                &["spec", "template"]
            }
            Kind::CronJob => &["spec", "jobTemplate", "spec", "template"],
            _ => return None,
        };
        let node = path.iter().try_fold(self.node, |node, key| node.get(key));
        Some(node.map(Template::from_node).unwrap_or_default())
    }
}

/// The group and the version of an apiVersion; nothing where there are too many parts.
fn split(api_version: &str) -> (&str, &str) {
    match api_version.split_once('/') {
        None => ("", api_version),
        Some((_, version)) if version.contains('/') => ("", ""),
        Some(parts) => parts,
    }
}

fn is_list(api_version: &str, kind: &str) -> bool {
    split(api_version) == ("", "v1") && kind == "List"
}

/// The objects of a document that the original knows, lists of the core group expanded. An item that was cut out of another list
/// is as unknown as that list.
pub(super) fn items(root: NodeRef<'_>) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    if root.document().list_item().is_some_and(|item| !is_list(&item.list.0, &item.list.1)) {
        return found;
    }
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        let text = |key| node.get(key).and_then(NodeRef::as_str).unwrap_or_default();
        let (api_version, kind_name) = (text("apiVersion"), text("kind"));
        let (group, version) = split(api_version);
        if is_list(api_version, kind_name) {
            let mut items: Vec<_> = node.get("items").into_iter().flat_map(NodeRef::items).collect();
            items.reverse();
            left.append(&mut items);
        } else if let Some(kind) = Kind::of(group, version, kind_name) {
            let metadata = node.get("metadata").map(Metadata::from_node).unwrap_or_default();
            found.push(Item { kind, api_version, kind_name, metadata, node });
        }
    }
    found
}
