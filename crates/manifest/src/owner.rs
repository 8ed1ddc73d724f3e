//! Who made a pod: the names that a workload goes by because a controller of Kubernetes' own made it.

use seawall_yaml::NodeRef;

use crate::objects::Object;

/// The label by which a Deployment tells one `ReplicaSet` from another (k8s.io/api `apps/v1`,
/// `DefaultDeploymentUniqueLabelKey`). It ends their names too.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// What makes objects of a kind, by apiVersion and kind; empty for what nothing makes.
fn makers(api_version: &str, kind: &str) -> &'static [(&'static str, &'static str)] {
    match (api_version, kind) {
        ("v1", "Pod") => &[
            ("apps/v1", "ReplicaSet"),
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "DaemonSet"),
            ("batch/v1", "Job"),
            ("v1", "ReplicationController"),
        ],
        ("apps/v1", "ReplicaSet") => &[("apps/v1", "Deployment")],
        ("batch/v1", "Job") => &[("batch/v1", "CronJob")],
        _ => &[],
    }
}

/// The kinds and names that a workload goes by: its own first, then its controller's, as far as the object itself tells of
/// them. A `ReplicaSet` whose name ends in its template's hash was made by the Deployment that the rest of the name names.
pub fn known_as<'d>(object: &Object<'d>) -> Vec<(&'d str, &'d str)> {
    let mut names = vec![(object.kind, object.name)];
    let metadata = |key| object.metadata.and_then(|m| m.get(key));
    let references = metadata("ownerReferences").into_iter().flat_map(NodeRef::items);
    let is_controller = |r: &NodeRef<'_>| r.get("controller").and_then(NodeRef::as_bool) == Some(true);
    let controller = references.into_iter().find(is_controller);
    if let Some(reference) = controller {
        let text = |key| reference.get(key).and_then(NodeRef::as_str);
        if let (Some(api_version), Some(kind), Some(name)) = (text("apiVersion"), text("kind"), text("name"))
            && makers(object.api_version, object.kind).contains(&(api_version, kind))
        {
            names.push((kind, name));
        }
    }
    // A ReplicaSet that something else controls is not a Deployment's.
    let last = names.last().filter(|_| controller.is_none() || names.len() > 1);
    if let Some(("ReplicaSet", name)) = last
        && matches!(object.api_version, "v1" | "apps/v1")
        && let Some(hash) = metadata("labels").and_then(|l| l.get(TEMPLATE_HASH)).and_then(NodeRef::as_str)
        && let Some(deployment) = name.strip_suffix(hash).and_then(|rest| rest.strip_suffix('-'))
        && !hash.is_empty()
        && !deployment.is_empty()
    {
        names.push(("Deployment", deployment));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(api_version: &str, kind: &str, metadata: &str) -> String {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{{metadata}}}\n");
        let document =
            seawall_yaml::read(text.as_bytes()).pop().and_then(|e| e.document).expect("a document");
        let objects = crate::objects::objects(&document).objects;
        let names: Vec<String> = known_as(&objects[0]).iter().map(|(k, n)| format!("{k} {n}")).collect();
        names.join(", ")
    }

    fn owned(by: &str, more: &str) -> String {
        format!("name: p, ownerReferences: [{{uid: a, kind: Node, name: n}}, {{{by}}}]{more}")
    }

    #[test]
    fn pods_go_by_what_made_them() {
        let replica_set = "apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4, controller: true";
        let of = |by: &str, more: &str| names("v1", "Pod", &owned(by, more));
        assert_eq!(of(replica_set, ""), "Pod p, ReplicaSet web-5d4");
        let hash = |hash: &str| format!(", labels: {{pod-template-hash: \"{hash}\"}}");
        assert_eq!(of(replica_set, &hash("5d4")), "Pod p, ReplicaSet web-5d4, Deployment web");
        for other in ["d4", "eb-5d4", "web-5d4", ""] {
            assert_eq!(of(replica_set, &hash(other)), "Pod p, ReplicaSet web-5d4", "{other}");
        }
        let job = "apiVersion: batch/v1, kind: Job, name: job-28, controller: true";
        assert_eq!(of(job, &hash("28")), "Pod p, Job job-28");
        for (group, kind) in
            [("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("v1", "ReplicationController")]
        {
            let by = format!("apiVersion: {group}, kind: {kind}, name: x, controller: true");
            assert_eq!(of(&by, ""), format!("Pod p, {kind} x"));
        }
        for other in [
            "apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4",
            "apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4, controller: false",
            "apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4, controller: \"true\"",
            "apiVersion: example.com/v1, kind: ReplicaSet, name: web-5d4, controller: true",
            "apiVersion: apps/v1, kind: Deployment, name: web, controller: true",
            "apiVersion: v1, kind: Node, name: n, controller: true",
        ] {
            assert_eq!(of(other, &hash("5d4")), "Pod p", "{other}");
        }
    }

    #[test]
    fn what_makes_pods_goes_by_what_made_it() {
        let labels = "labels: {pod-template-hash: 5d4x}";
        assert_eq!(
            names("apps/v1", "ReplicaSet", &format!("name: web-5d4x, {labels}")),
            "ReplicaSet web-5d4x, Deployment web"
        );
        assert_eq!(names("apps/v1", "ReplicaSet", "name: web-5d4x"), "ReplicaSet web-5d4x");
        let deployment = "apiVersion: apps/v1, kind: Deployment, name: web, controller: true";
        assert_eq!(names("apps/v1", "ReplicaSet", &owned(deployment, "")), "ReplicaSet p, Deployment web");
        let rollout = format!(
            "name: web-5d4x, {labels}, ownerReferences: [{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web, controller: true}}]"
        );
        assert_eq!(names("apps/v1", "ReplicaSet", &rollout), "ReplicaSet web-5d4x");
        let cron = "apiVersion: batch/v1, kind: CronJob, name: nightly, controller: true";
        assert_eq!(names("batch/v1", "Job", &owned(cron, "")), "Job p, CronJob nightly");
        assert_eq!(names("apps/v1", "Deployment", &owned(deployment, "")), "Deployment p");
        assert_eq!(
            names("example.com/v1", "ReplicaSet", &format!("name: web-5d4x, {labels}")),
            "ReplicaSet web-5d4x"
        );
    }
}
