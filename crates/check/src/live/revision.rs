//! Which pods were made of a template as it is now, and not as it was before.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use seawall_manifest::objects::Object;
use seawall_yaml::{Kind, NodeRef};

use super::owners::{Part, hash};

/// Labels that controllers and the API server add to the template of what they make of another.
const ADDED: [&str; 5] = [
    "pod-template-hash",
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// The labels of pods that say of which revision of their set they are: of a `StatefulSet`, and of a `DaemonSet`.
const OF_PODS: [&str; 2] = ["controller-revision-hash", "pod-template-generation"];

/// How the pods of a template as it is now are told from those of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revision {
    /// It never changes.
    Only,
    /// By one of [`OF_PODS`], and its value, hashed.
    Label(usize, u64),
    /// Not at all.
    NotTold,
}

impl Revision {
    /// That of an object with a template.
    pub(super) fn of_template(object: &Object<'_>) -> Self {
        let told = |at: usize, value: Option<NodeRef<'_>>| {
            value.and_then(NodeRef::as_str).map_or(Self::NotTold, |value| Self::Label(at, hash(value)))
        };
        let annotations = || object.metadata.and_then(|m| m.get("annotations"));
        match Part::of(object) {
            Part::Set if object.kind == "StatefulSet" => {
                told(0, object.node.get("status").and_then(|status| status.get("updateRevision")))
            }
            Part::Set if object.kind == "DaemonSet" => {
                told(1, annotations().and_then(|a| a.get("deprecated.daemonset.template.generation")))
            }
            // Of a Deployment and a CronJob what is between them and pods tells.
            Part::Job | Part::Deployment | Part::CronJob => Self::Only,
            _ => Self::NotTold,
        }
    }

    /// What a pod says of that, for each of [`OF_PODS`]; 0 where it says nothing.
    pub(super) fn of_pod(object: &Object<'_>) -> [u64; 2] {
        let labels = object.metadata.and_then(|m| m.get("labels"));
        let value = |key: &str| labels.and_then(|l| l.get(key)).and_then(NodeRef::as_str);
        OF_PODS.map(|key| value(key).map(hash).unwrap_or_default())
    }

    /// Whether pods that say so are of it.
    pub(super) fn made(self, pod: &[u64; 2]) -> bool {
        match self {
            Self::Only => true,
            Self::Label(at, value) => pod.get(at) == Some(&value),
            Self::NotTold => false,
        }
    }
}

/// A template, hashed without what is added to it on the way down. The order of fields is of no matter, and what is empty is not
/// there.
pub(super) fn template_hash(template: NodeRef<'_>) -> u64 {
    node(template, "").unwrap_or_default()
}

fn node(of: NodeRef<'_>, key: &str) -> Option<u64> {
    let of = of.resolved();
    let mut hasher = DefaultHasher::new();
    match of.kind() {
        Kind::Null => return None,
        Kind::Mapping => {
            let named = of.entries().filter_map(|(name, value)| Some((name.key()?, value)));
            let mut entries: Vec<(Cow<'_, str>, u64)> = named
                .filter(|(name, _)| !(key == "labels" && ADDED.contains(&&**name)))
                .filter_map(|(name, value)| node(value, &name).map(|hash| (name, hash)))
                .collect();
            if entries.is_empty() {
                return None;
            }
            entries.sort_unstable();
            entries.hash(&mut hasher);
        }
        Kind::Sequence => of.items().map(|item| node(item, "")).collect::<Vec<_>>().hash(&mut hasher),
        _ => of.text().hash(&mut hasher),
    }
    Some(hasher.finish())
}
