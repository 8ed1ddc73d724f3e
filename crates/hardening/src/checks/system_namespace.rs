//! Workloads in the namespaces of the system.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::said_of;

rule! {
    /// ## What it does
    /// Reports workloads in `kube-system`, `kube-public` and `kube-node-lease`.
    ///
    /// ## Why it matters
    /// These namespaces are exempt from most policies, and service accounts there have great rights: whoever gets into
    /// a pod there is close to the cluster itself.
    ///
    /// ## How to fix
    /// Give the workload a namespace of its own. Node agents need not be in `kube-system` to be privileged: a namespace
    /// with its own level will do.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   name: log-agent
    ///   namespace: logging
    /// ```
    ///
    /// ## Applies to
    /// Pods, PodTemplates and the built-in kinds that make pods. Not what is marked as part of the cluster (labels
    /// `kubernetes.io/cluster-service: "true"`, `addonmanager.kubernetes.io/mode`, `tier: control-plane`), and not pods
    /// that a controller has made: their workload is reported.
    ///
    /// ## References
    /// - CIS Kubernetes Benchmark 5.7.1: create administrative boundaries between resources using namespaces
    static RULE = {
        id: "system-namespace",
        aliases: &[],
        title: "is in a namespace of the system",
        severity: Severity::Medium,
        level: None,
        off: true,
        tags: &["security", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// The kinds that are, or make, pods.
const WORKLOADS: [&str; 9] = [
    "Pod",
    "PodTemplate",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
];

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if !matches!(object.namespace, "kube-system" | "kube-public" | "kube-node-lease")
        || !WORKLOADS.contains(&object.kind)
        || !matches!(object.group(), "" | "apps" | "batch" | "extensions")
        || belongs_there(object)
    {
        return;
    }
    out.report(|| {
        let message =
            format!("{} is in {}, a namespace of the system", said_of(object), object.namespace);
        let advice = "give it a namespace of its own";
        Hit::new(FieldPath::root().keys("metadata.namespace"), "of the system", message, advice)
    });
}

/// Whether it is marked as part of the cluster, or made by a controller.
fn belongs_there(object: &Object<'_>) -> bool {
    let Some(metadata) = object.metadata else { return false };
    let label = |key: &str| metadata.get("labels").and_then(|labels| labels.get(key)).and_then(NodeRef::as_str);
    label("kubernetes.io/cluster-service") == Some("true")
        || label("addonmanager.kubernetes.io/mode").is_some()
        || label("tier") == Some("control-plane")
        || metadata.get("ownerReferences").is_some_and(|owners| owners.items().next().is_some())
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "system-namespace";

    #[test]
    fn every_workload_in_every_such_namespace() {
        for kind in WORKLOADS {
            for namespace in ["kube-system", "kube-public", "kube-node-lease"] {
                let text = format!("kind: {kind}\nmetadata: {{name: a, namespace: {namespace}}}\n");
                assert_eq!(found(ID, &text), ["- metadata.namespace: of the system"], "{kind}");
            }
        }
        assert_eq!(found(ID, "kind: Pod\nmetadata: {name: a, namespace: shop}\n"), [""; 0]);
        assert_eq!(found(ID, "kind: ConfigMap\nmetadata: {name: a, namespace: kube-system}\n"), [""; 0]);
        assert_eq!(found(ID, "kind: Pod\nmetadata: null\n"), [""; 0]);
    }

    #[test]
    fn parts_of_the_cluster_belong_there() {
        for more in [
            "labels: {kubernetes.io/cluster-service: 'true'}", "labels: {addonmanager.kubernetes.io/mode: Reconcile}",
            "labels: {tier: control-plane}", "ownerReferences: [{kind: Node}]",
        ] {
            let text = format!("kind: Pod\nmetadata: {{name: a, namespace: kube-system, {more}}}\n");
            assert_eq!(found(ID, &text), [""; 0], "{more}");
        }
    }

    use super::WORKLOADS;
}
