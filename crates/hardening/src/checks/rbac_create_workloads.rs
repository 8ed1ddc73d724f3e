//! Roles that make pods, or what makes pods.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, WRITE, report, right};

rule! {
    /// ## What it does
    /// Reports rules that allow to `create`, `update` or `patch` pods or the built-in kinds that make pods:
    /// Deployments, DaemonSets, StatefulSets, ReplicaSets, ReplicationControllers, Jobs and CronJobs.
    ///
    /// ## Why it matters
    /// Whoever makes a pod runs code as any service account of the namespace, and reads any Secret, ConfigMap and
    /// volume there. Where no Pod Security Standard is enforced, the node is theirs too.
    ///
    /// ## How to fix
    /// Give the right to deployment tools only, in namespaces of their own, and enforce at least baseline there.
    /// Controllers that only scale get `patch` on `deployments/scale`.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [apps]
    ///   resources: [deployments/scale]
    ///   verbs: [patch]
    /// ```
    ///
    /// ## Applies to
    /// `Role` and `ClusterRole`. Not those that the API server makes itself (with the label
    /// `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of an aggregated role in a
    /// file, which its controller replaces. A rule that names its objects (`resourceNames`) is one step less grave, and
    /// does not count for what names cannot narrow: to list, watch and create. A rule that allows every verb on every
    /// resource is reported by `rbac-wildcard` alone. Custom resources that make pods are not known here.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.4: minimize access to create pods
    static RULE = {
        id: "rbac-create-workloads",
        aliases: &[],
        title: "may create workloads",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[
    right("", "pods", WRITE),
    right("", "replicationcontrollers", WRITE),
    right("apps", "deployments", WRITE),
    right("apps", "daemonsets", WRITE),
    right("apps", "statefulsets", WRITE),
    right("apps", "replicasets", WRITE),
    right("batch", "jobs", WRITE),
    right("batch", "cronjobs", WRITE),
];

const WHY: &str = "what makes pods runs as any service account of the namespace and reads its secrets";
const ADVICE: &str = "leave this to deployment tools, and enforce at least baseline where they may create pods";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    report(object, cx, out, RIGHTS, RULE.severity, [WHY, ADVICE]);
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::{cluster_role, role};
    use crate::testing::{Case, found};

    const ID: &str = "rbac-create-workloads";

    #[test]
    fn pods_and_all_that_make_them() {
        for (group, resource) in [
            ("''", "pods"), ("''", "replicationcontrollers"), ("apps", "deployments"), ("apps", "daemonsets"),
            ("apps", "statefulsets"), ("apps", "replicasets"), ("batch", "jobs"), ("batch", "cronjobs"),
        ] {
            for verb in ["create", "update", "patch", "'*'"] {
                let rule = format!("{{apiGroups: [{group}], resources: [x, {resource}], verbs: [{verb}]}}");
                let hits = found(ID, &role(&rule));
                assert!(hits.len() == 1 && hits[0].starts_with("- rules[0].resources[1]: "), "{rule} {hits:?}");
            }
        }
    }

    #[test]
    fn reading_and_subresources_are_fine() {
        for rule in [
            "{apiGroups: [''], resources: [pods], verbs: [get, list, watch, delete]}",
            "{apiGroups: [apps], resources: [deployments/scale, 'deployments/*', '*/scale'], verbs: [patch]}",
            "{apiGroups: [''], resources: [deployments], verbs: [create]}",
            "{apiGroups: [''], resources: [pods], verbs: [create], resourceNames: [a]}",
        ] {
            assert_eq!(found(ID, &role(rule)), [""; 0], "{rule}");
        }
    }

    #[test]
    fn a_wildcard_is_one_finding_and_named_objects_are_less_grave() {
        let hits = Case::of(ID).findings(&cluster_role("{apiGroups: ['*'], resources: ['*'], verbs: [create]}"));
        assert_eq!(hits.len(), 1);
        assert!(hits[0].finding.message.contains("may create pods, replicationcontrollers and 6 more through `*`: "));
        let hits = Case::of(ID).findings(&role("{apiGroups: [apps], resources: [deployments], verbs: [patch], resourceNames: [a]}"));
        assert_eq!(hits[0].finding.severity, seawall_finding::Severity::Low);
    }
}
