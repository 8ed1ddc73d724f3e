//! Roles that get into running pods.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, report, right};

rule! {
    /// ## What it does
    /// Reports rules that allow to `create` `pods/exec`, `pods/attach` or `pods/portforward`, or to `update` or `patch`
    /// `pods/ephemeralcontainers`. For clusters older than 1.35 `get` counts for the first three too.
    ///
    /// ## Why it matters
    /// Whoever gets into a pod acts as its service account, reads its Secrets and reaches what it reaches; forwarded
    /// ports pass by every NetworkPolicy. Before 1.35 a WebSocket connection needs no more than `get`.
    ///
    /// ## How to fix
    /// Keep it for people on duty, by a binding that ends, and in namespaces of their own. Programs never need it.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [""]
    ///   resources: [pods, pods/log]
    ///   verbs: [get, list]
    /// ```
    ///
    /// ## Applies to
    /// `Role` and `ClusterRole`. Not those that the API server makes itself (with the label
    /// `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of an aggregated role in a
    /// file, which its controller replaces. A rule that names its objects (`resourceNames`) is one step less grave, and
    /// does not count for what names cannot narrow: to list, watch and create. A rule that allows every verb on every
    /// resource is reported by `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - <https://github.com/kubernetes/kubernetes/pull/134577>: `create` for connections by WebSocket
    /// - NSA/CISA Kubernetes Hardening Guidance: authentication and authorization
    static RULE = {
        id: "rbac-exec",
        aliases: &[],
        title: "may get into running containers",
        severity: Severity::High,
        level: None,
        tags: &["security", "rbac", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[
    right("", "pods/exec", &["create"]),
    right("", "pods/attach", &["create"]),
    right("", "pods/portforward", &["create"]),
    right("", "pods/ephemeralcontainers", &["update", "patch"]),
];

/// The same before Kubernetes 1.35.
const RIGHTS_BY_GET: &[Right] = &[
    right("", "pods/exec", &["create", "get"]),
    right("", "pods/attach", &["create", "get"]),
    right("", "pods/portforward", &["create", "get"]),
    right("", "pods/ephemeralcontainers", &["update", "patch"]),
];

const WHY: &str = "who gets into a pod acts as its service account and reads its secrets";
const ADVICE: &str = "take it out of the rule; give it to people on duty only, for as long as they need it";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let rights = if cx.kubernetes < 35 { RIGHTS_BY_GET } else { RIGHTS };
    report(object, cx, out, rights, RULE.severity, [WHY, ADVICE]);
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::role;
    use crate::testing::{Case, found};

    const ID: &str = "rbac-exec";

    fn rule(resource: &str, verb: &str) -> String {
        role(&format!("{{apiGroups: [''], resources: ['{resource}'], verbs: [{verb}]}}"))
    }

    #[test]
    fn the_ways_into_a_pod() {
        for resource in ["pods/exec", "pods/attach", "pods/portforward", "*/exec"] {
            assert_eq!(found(ID, &rule(resource, "create")), ["- rules[0].resources[0]: create"], "{resource}");
        }
        assert_eq!(found(ID, &rule("pods/ephemeralcontainers", "patch")), ["- rules[0].resources[0]: patch"]);
        for resource in ["pods", "pods/*", "pods/log", "exec", "*/log"] {
            assert_eq!(found(ID, &rule(resource, "create")), [""; 0], "{resource}");
        }
        assert_eq!(found(ID, &rule("pods/ephemeralcontainers", "get")), [""; 0]);
    }

    #[test]
    fn get_was_enough_before_1_35() {
        let mut case = Case::of(ID);
        case.kubernetes = 34;
        assert_eq!(case.found(&rule("pods/exec", "get")), ["- rules[0].resources[0]: get"]);
        case.kubernetes = 35;
        assert_eq!(case.found(&rule("pods/exec", "get")), [""; 0]);
    }

    #[test]
    fn a_named_pod_counts_for_less() {
        let rule = "{apiGroups: [''], resources: [pods/exec], verbs: [create], resourceNames: [db-0]}";
        assert_eq!(Case::of(ID).findings(&role(rule))[0].finding.severity, seawall_finding::Severity::Medium);
    }
}
