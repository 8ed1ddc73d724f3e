//! Bindings to everybody.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::rbac::{Binding, binding};
use crate::workloads::said_of;

rule! {
    /// ## What it does
    /// Reports subjects of bindings that are the user `system:anonymous` or the groups `system:unauthenticated`,
    /// `system:authenticated` or `system:masters`.
    ///
    /// ## Why it matters
    /// Anonymous is whoever reaches the API server; authenticated is every pod and every account of the cloud;
    /// `system:masters` passes by authorization altogether, so that its membership can never be revoked.
    ///
    /// ## How to fix
    /// Bind users, groups or service accounts by name.
    ///
    /// ## Example
    /// ```yaml
    /// subjects:
    /// - kind: Group
    ///   apiGroup: rbac.authorization.k8s.io
    ///   name: developers
    /// ```
    ///
    /// ## Applies to
    /// `RoleBinding` and `ClusterRoleBinding`. Not those that the API server makes itself (with the label
    /// `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs). Rights that Kubernetes gives everybody
    /// itself are fine: `system:public-info-viewer`, for authenticated users `system:basic-user` and
    /// `system:discovery`, and the Role `kubeadm:bootstrap-signer-clusterinfo` in `kube-public`. `system:authenticated`
    /// is high, the others are critical. The kind of the subject counts as it does for the API server: a Group called
    /// `system:anonymous` is nobody.
    ///
    /// ## References
    /// - CIS Kubernetes Benchmark 5.1.7: avoid use of system:masters group
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>
    static RULE = {
        id: "rbac-anonymous-binding",
        aliases: &[],
        title: "gives rights to everybody",
        severity: Severity::Critical,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// Who a subject is, if it is everybody or above the law, and how grave that is.
fn everybody(kind: &str, name: &str) -> Option<(&'static str, Severity)> {
    Some(match (kind, name) {
        ("User", "system:anonymous") | ("Group", "system:unauthenticated") => {
            ("whoever reaches the API server", Severity::Critical)
        }
        ("Group", "system:masters") => ("a group that cannot be refused anything", Severity::Critical),
        ("Group", "system:authenticated") => ("every user and every pod", Severity::High),
        _ => return None,
    })
}

/// Whether Kubernetes gives these rights to everybody itself
/// (k8s.io/kubernetes `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`, `cmd/kubeadm/app/phases/bootstraptoken/clusterinfo`).
fn is_usual(object: &Object<'_>, binding: &Binding<'_>, name: &str) -> bool {
    match (binding.role.kind, binding.role.name) {
        ("ClusterRole", "system:public-info-viewer") => true,
        ("ClusterRole", "system:basic-user" | "system:discovery") => name == "system:authenticated",
        ("Role", "kubeadm:bootstrap-signer-clusterinfo") => object.namespace == "kube-public",
        _ => false,
    }
}

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let Some(binding) = binding(object) else { return };
    for (index, subject) in binding.subjects.iter().enumerate() {
        let Some((who, severity)) = everybody(subject.kind, subject.name) else { continue };
        if is_usual(object, &binding, subject.name) {
            continue;
        }
        out.report(|| {
            let message = format!(
                "{} gives {} \"{}\" to `{}`: {who}",
                said_of(object),
                binding.role.kind,
                binding.role.name,
                subject.name
            );
            Hit::new(Binding::subject(index), who, message, "bind users, groups or service accounts by name").severity(severity)
        });
    }
}

#[cfg(test)]
mod tests {
    use seawall_finding::Severity;

    use crate::testing::{Case, found};

    const ID: &str = "rbac-anonymous-binding";

    fn binding(kind: &str, role: &str, subject: &str) -> String {
        format!("kind: {kind}\nmetadata: {{name: b, namespace: n}}\nroleRef: {role}\nsubjects: [{subject}]\n")
    }

    const VIEW: &str = "{kind: ClusterRole, name: view}";

    fn severities(role: &str, subject: &str) -> Vec<Severity> {
        let found = Case::of(ID).findings(&binding("ClusterRoleBinding", role, subject));
        found.iter().map(|found| found.finding.severity).collect()
    }

    #[test]
    fn everybody_is_reported() {
        assert_eq!(severities(VIEW, "{kind: User, name: 'system:anonymous'}"), [Severity::Critical]);
        assert_eq!(severities(VIEW, "{kind: Group, name: 'system:unauthenticated'}"), [Severity::Critical]);
        assert_eq!(severities(VIEW, "{kind: Group, name: 'system:masters'}"), [Severity::Critical]);
        assert_eq!(severities(VIEW, "{kind: Group, name: 'system:authenticated'}"), [Severity::High]);
        let both = "{kind: Group, name: a}, {kind: Group, name: 'system:authenticated'}";
        assert_eq!(found(ID, &binding("RoleBinding", VIEW, both)), ["- subjects[1].name: every user and every pod"]);
    }

    #[test]
    fn the_kind_counts() {
        assert_eq!(severities(VIEW, "{kind: Group, name: 'system:anonymous'}, {kind: User, name: 'system:masters'}, null, 1"), []);
    }

    #[test]
    fn what_kubernetes_gives_to_everybody_is_fine() {
        let role = |name: &str| format!("{{kind: ClusterRole, name: '{name}'}}");
        let anonymous = "{kind: Group, name: 'system:unauthenticated'}";
        let authenticated = "{kind: Group, name: 'system:authenticated'}";
        assert_eq!(severities(&role("system:public-info-viewer"), anonymous), []);
        assert_eq!(severities(&role("system:discovery"), authenticated), []);
        assert_eq!(severities(&role("system:discovery"), anonymous), [Severity::Critical]);
        let info = binding("RoleBinding", "{kind: Role, name: 'kubeadm:bootstrap-signer-clusterinfo'}", anonymous);
        assert_eq!(found(ID, &info.replace("namespace: n", "namespace: kube-public")), [""; 0]);
        assert_eq!(found(ID, &info).len(), 1);
    }
}
