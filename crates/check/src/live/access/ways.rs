//! By what workloads come to go by a kind and name in the webhook: what has to be made or changed, and as whom.
//!
//! A pod goes by its own name whoever made it, by that of its owner where the owner's controller made it, and by that of the owner's
//! owner where both have the same template: who may make `ReplicaSets` gains nothing of a Deployment's exception.

use seawall_model::pattern;

/// Who all controllers are where they have no accounts of their own (`--use-service-account-credentials=false`).
pub(super) const MANAGER: &str = "system:kube-controller-manager";

/// What leads to a kind, and the names that come of its name, which stands for `{}`; none where it is the thing itself.
type Way = (&'static str, &'static [&'static str]);

/// Controllers name pods by their own name and five characters, Jobs with indexes by these between, `StatefulSets` by numbers; a
/// Deployment's `ReplicaSets` and a `CronJob`'s Jobs have its name in front (k8s.io/kubernetes `pkg/controller/controller_utils.go`,
/// `deployment/sync.go`, `job/indexed_job_utils.go`, `cronjob/utils.go`, `statefulset/stateful_set_utils.go`).
const TO_PODS: [Way; 9] = [
    ("pods", &[]),
    ("pods/ephemeralcontainers", &[]),
    ("replicasets", &["{}-?????"]),
    ("replicationcontrollers", &["{}-?????"]),
    ("daemonsets", &["{}-?????"]),
    ("statefulsets", &["{}-?*"]),
    ("jobs", &["{}-?????", "{}-?*-?????"]),
    ("deployments", &["{}-?*-?????"]),
    ("cronjobs", &["{}-?*-?????"]),
];

/// The kinds, what leads to them, and the accounts of the controllers that are believed to make pods of them.
const KINDS: [(&str, &[Way], &[&str]); 9] = [
    ("Pod", &TO_PODS, &[]),
    ("ReplicaSet", &[("replicasets", &[]), ("deployments", &["{}-?*"])], &["replicaset-controller"]),
    ("Job", &[("jobs", &[]), ("cronjobs", &["{}-?*"])], &["job-controller"]),
    ("Deployment", &[("deployments", &[])], &["replicaset-controller"]),
    ("CronJob", &[("cronjobs", &[])], &["job-controller"]),
    ("StatefulSet", &[("statefulsets", &[])], &["statefulset-controller"]),
    ("DaemonSet", &[("daemonsets", &[])], &["daemon-set-controller"]),
    ("ReplicationController", &[("replicationcontrollers", &[])], &["replication-controller"]),
    // Nothing makes pods of these.
    ("PodTemplate", &[], &[]),
];

fn of(kind: &str) -> Option<&'static (&'static str, &'static [Way], &'static [&'static str])> {
    KINDS.iter().find(|(known, ..)| *known == kind)
}

/// Whether it is known what makes workloads of a kind.
pub fn is_known(kind: &str) -> bool {
    of(kind).is_some()
}

/// The resources by which workloads come to go by a kind.
pub fn leads_to(kind: &str) -> impl Iterator<Item = &'static str> {
    of(kind).into_iter().flat_map(|(_, ways, _)| ways.iter().map(|(resource, _)| *resource))
}

/// The accounts that are believed of a kind.
pub(super) fn believed(kind: &str) -> &'static [&'static str] {
    of(kind).map_or(&[], |(.., accounts)| accounts)
}

/// Longer names are cut before the characters of chance (k8s.io/apiserver `pkg/storage/names/generate.go`).
const LONGEST_BASE: usize = 58;

/// Whether an object of a resource, of this name or of any, can lead to a workload of a kind and a name that matches a pattern,
/// which is empty for any.
pub(super) fn leads(kind: &str, wanted: &str, resource: &str, name: Option<&str>) -> bool {
    let Some((_, made)) =
        of(kind).and_then(|(_, ways, _)| ways.iter().find(|(leading, _)| *leading == resource))
    else {
        return false;
    };
    let made_of = |template: &&str, name: &str| {
        let cut = name.get(..LONGEST_BASE).filter(|_| name.len() >= LONGEST_BASE);
        let long = cut.is_some_and(|cut| pattern::overlap(wanted, &format!("{cut}*")));
        long || pattern::overlap(wanted, &template.replace("{}", name))
    };
    match name {
        _ if wanted.is_empty() => true,
        Some(name) if made.is_empty() => pattern::matches(wanted, name),
        None if made.is_empty() => true,
        name => made.iter().any(|template| made_of(template, name.unwrap_or("?*"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_of_names() {
        for (kind, wanted, resource, name) in [
            ("Deployment", "web-*", "deployments", Some("web-eu")),
            ("Deployment", "", "deployments", Some("api")),
            ("Deployment", "web", "deployments", None),
            ("ReplicaSet", "web-*", "deployments", Some("web")),
            ("ReplicaSet", "web-5d4", "replicasets", Some("web-5d4")),
            ("Pod", "web-*", "pods", Some("web-1")),
            ("Pod", "web-*", "pods/ephemeralcontainers", Some("web-1")),
            ("Pod", "web-*", "deployments", Some("web")),
            ("Pod", "web-0", "statefulsets", Some("web")),
            ("Pod", "*-x7k2p", "cronjobs", None),
            ("Job", "nightly-*", "cronjobs", Some("nightly")),
            ("Pod", "nightly-3-*", "jobs", Some("nightly")),
        ] {
            assert!(leads(kind, wanted, resource, name), "{kind} {wanted} {resource} {name:?}");
        }
        for (kind, wanted, resource, name) in [
            ("Deployment", "web-*", "deployments", Some("api")),
            ("Deployment", "web", "replicasets", None),
            ("Deployment", "web", "pods", None),
            ("CronJob", "web", "jobs", None),
            ("ReplicaSet", "web-*", "deployments", Some("api")),
            ("ReplicaSet", "web", "deployments", Some("web")),
            ("Pod", "web", "deployments", None),
            ("Pod", "web-0", "replicasets", Some("web")),
            ("PodTemplate", "", "podtemplates", None),
            ("Workflow", "", "workflows", None),
        ] {
            assert!(!leads(kind, wanted, resource, name), "{kind} {wanted} {resource} {name:?}");
        }
        let long = "a".repeat(60);
        assert!(leads("Pod", &format!("{}x7k2p", "a".repeat(58)), "replicasets", Some(&long)));
    }
}
