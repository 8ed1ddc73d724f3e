//! Roles that have tokens of service accounts issued.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, report, right};

rule! {
    /// ## What it does
    /// Reports rules that allow to `create` `serviceaccounts/token`.
    ///
    /// ## Why it matters
    /// Whoever may have tokens issued becomes any service account of the namespace, for as long as they please and
    /// without a pod: those of controllers too.
    ///
    /// ## How to fix
    /// Take it out of the rule. A program that needs tokens of one service account gets it for that one by
    /// `resourceNames`.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [""]
    ///   resources: [serviceaccounts/token]
    ///   resourceNames: [deployer]
    ///   verbs: [create]
    /// ```
    ///
    /// ## Applies to
    /// `Role` and `ClusterRole`. Not those that the API server makes itself (with the label
    /// `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of an aggregated role in a
    /// file, which its controller replaces. A rule that names its service accounts (`resourceNames`) is one step less
    /// grave. A rule that allows every verb on every resource is reported by `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.13: minimize access to the service account token creation
    /// - <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>
    static RULE = {
        id: "rbac-sa-token-create",
        aliases: &[],
        title: "may issue tokens of service accounts",
        severity: Severity::Critical,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[right("", "serviceaccounts/token", &["create"])];

const WHY: &str = "who has tokens issued becomes any of these service accounts";
const ADVICE: &str = "take it out of the rule, or name the one service account in resourceNames";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    report(object, cx, out, RIGHTS, RULE.severity, [WHY, ADVICE]);
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::{cluster_role, role};
    use crate::testing::{Case, found};

    const ID: &str = "rbac-sa-token-create";

    #[test]
    fn only_creating_tokens_counts() {
        let rule = |resource: &str, verb: &str| role(&format!("{{apiGroups: [''], resources: ['{resource}'], verbs: [{verb}]}}"));
        for resource in ["serviceaccounts/token", "*/token", "*"] {
            assert_eq!(found(ID, &rule(resource, "create")), ["- rules[0].resources[0]: create"], "{resource}");
        }
        assert_eq!(found(ID, &rule("serviceaccounts", "create")), [""; 0]);
        assert_eq!(found(ID, &rule("serviceaccounts/*", "create")), [""; 0]);
        assert_eq!(found(ID, &rule("serviceaccounts/token", "get")), [""; 0]);
    }

    #[test]
    fn named_accounts_count_for_less() {
        use seawall_finding::Severity;
        let rule = |names: &str| format!("{{apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]{names}}}");
        let severity = |yaml: &str| Case::of(ID).findings(yaml)[0].finding.severity;
        assert_eq!(severity(&cluster_role(&rule(""))), Severity::Critical);
        assert_eq!(severity(&cluster_role(&rule(", resourceNames: [a]"))), Severity::High);
    }
}
