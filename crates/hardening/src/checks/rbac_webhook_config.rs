//! Roles that change what admission does.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, is_cluster_role, report, right};

rule! {
    /// ## What it does
    /// Reports cluster roles that allow to `create`, `update`, `patch` or `delete` webhook configurations or admission
    /// policies and their bindings, validating and mutating.
    ///
    /// ## Why it matters
    /// A webhook reads every object that is sent to it, Secrets too, and a mutating one rewrites them: into any pod
    /// comes what it wants. Whoever deletes one turns off the rules that it keeps.
    ///
    /// ## How to fix
    /// Leave it to the installation of the policy engine. A controller that renews the certificate of its own webhook
    /// gets `update` and `patch` for it by `resourceNames`.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [admissionregistration.k8s.io]
    ///   resources: [validatingwebhookconfigurations]
    ///   resourceNames: [my-webhook]
    ///   verbs: [get, patch]
    /// ```
    ///
    /// ## Applies to
    /// `ClusterRole`: a `Role` cannot give rights on what belongs to no namespace. Not those that the API server makes
    /// itself (with the label `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of
    /// an aggregated role in a file, which its controller replaces. A rule that names its objects (`resourceNames`) is
    /// one step less grave, and does not count for what names cannot narrow: to list, watch and create. A rule that
    /// allows every verb on every resource is reported by `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.12: minimize access to webhook configuration objects
    /// - <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/>
    static RULE = {
        id: "rbac-webhook-config",
        aliases: &[],
        title: "may change admission",
        severity: Severity::High,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[
    right(GROUP, "mutatingwebhookconfigurations", CHANGE),
    right(GROUP, "validatingwebhookconfigurations", CHANGE),
    right(GROUP, "mutatingadmissionpolicies", CHANGE),
    right(GROUP, "mutatingadmissionpolicybindings", CHANGE),
    right(GROUP, "validatingadmissionpolicies", CHANGE),
    right(GROUP, "validatingadmissionpolicybindings", CHANGE),
];

const GROUP: &str = "admissionregistration.k8s.io";
const CHANGE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];

const WHY: &str = "who changes admission reads and rewrites what others create, or turns its rules off";
const ADVICE: &str = "leave it to the installation of the policy engine, or name the one configuration in resourceNames";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if is_cluster_role(object) != Some(true) {
        return;
    }
    report(object, cx, out, RIGHTS, RULE.severity, [WHY, ADVICE]);
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::{cluster_role, role};
    use crate::testing::{Case, found};

    const ID: &str = "rbac-webhook-config";

    fn rule(resource: &str, verb: &str, more: &str) -> String {
        format!("{{apiGroups: [admissionregistration.k8s.io], resources: ['{resource}'], verbs: [{verb}]{more}}}")
    }

    #[test]
    fn webhooks_and_policies() {
        for kind in ["webhookconfigurations", "admissionpolicies", "admissionpolicybindings"] {
            for verb in ["create", "update", "patch", "delete", "deletecollection", "'*'"] {
                for what in ["mutating", "validating"] {
                    let yaml = cluster_role(&rule(&format!("{what}{kind}"), verb, ""));
                    assert_eq!(found(ID, &yaml).len(), 1, "{yaml}");
                }
            }
        }
        assert_eq!(found(ID, &cluster_role(&rule("mutatingwebhookconfigurations", "get, list", ""))), [""; 0]);
        assert_eq!(found(ID, &role(&rule("mutatingwebhookconfigurations", "patch", ""))), [""; 0]);
    }

    #[test]
    fn its_own_configuration_counts_for_less() {
        let yaml = cluster_role(&rule("mutatingwebhookconfigurations", "create, patch", ", resourceNames: [a]"));
        let finding = &Case::of(ID).findings(&yaml)[0].finding;
        assert_eq!((finding.severity, &*finding.primary.label), (seawall_finding::Severity::Medium, "patch"));
    }
}
