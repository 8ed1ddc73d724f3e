//! Roles that make persistent volumes.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, is_cluster_role, report, right};

rule! {
    /// ## What it does
    /// Reports cluster roles that allow to `create` PersistentVolumes.
    ///
    /// ## Why it matters
    /// A PersistentVolume may be a directory of the node (`hostPath`), and a pod that claims it passes even the
    /// restricted Pod Security Standard: so it reaches the files of the node.
    ///
    /// ## How to fix
    /// Have volumes made by a storage class. Only its provisioner needs this right.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [""]
    ///   resources: [persistentvolumeclaims]
    ///   verbs: [create]
    /// ```
    ///
    /// ## Applies to
    /// `ClusterRole`: a `Role` cannot give rights on what belongs to no namespace. Not those that the API server makes
    /// itself (with the label `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of
    /// an aggregated role in a file, which its controller replaces. A rule that allows every verb on every resource is
    /// reported by `rbac-wildcard` alone. Provisioners need this: let the finding stand with a reason.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.9: minimize access to create persistent volumes
    static RULE = {
        id: "rbac-persistent-volume",
        aliases: &[],
        title: "may create persistent volumes",
        severity: Severity::High,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[right("", "persistentvolumes", &["create"])];

const WHY: &str = "a volume can be any directory of a node, and claims of it pass Pod Security";
const ADVICE: &str = "take it out of the rule: claims and a storage class do without";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if is_cluster_role(object) != Some(true) {
        return;
    }
    report(object, cx, out, RIGHTS, RULE.severity, [WHY, ADVICE]);
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::{cluster_role, role};
    use crate::testing::found;

    const ID: &str = "rbac-persistent-volume";

    #[test]
    fn only_creating_volumes_counts() {
        let rule = |resource: &str, verb: &str| format!("{{apiGroups: [''], resources: ['{resource}'], verbs: [{verb}]}}");
        assert_eq!(found(ID, &cluster_role(&rule("persistentvolumes", "get, create"))), ["- rules[0].resources[0]: create"]);
        assert_eq!(found(ID, &cluster_role(&rule("persistentvolumes", "get, patch"))), [""; 0]);
        assert_eq!(found(ID, &cluster_role(&rule("persistentvolumeclaims", "create"))), [""; 0]);
        assert_eq!(found(ID, &role(&rule("persistentvolumes", "create"))), [""; 0]);
    }
}
