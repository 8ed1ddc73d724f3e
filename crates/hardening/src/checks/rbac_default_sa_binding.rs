//! Bindings to the service account that every pod gets.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::rbac::{Binding, binding};
use crate::workloads::said_of;

rule! {
    /// ## What it does
    /// Reports subjects of bindings that are a service account called `default`, by its kind or as the user
    /// `system:serviceaccount:<namespace>:default`, or a group of all service accounts: `system:serviceaccounts` or
    /// `system:serviceaccounts:<namespace>`.
    ///
    /// ## Why it matters
    /// Every pod that names no service account runs as `default`: the rights come to all of them, to those that are
    /// added later too.
    ///
    /// ## How to fix
    /// Make a service account for the program that needs the rights, name it in its pods (`serviceAccountName`), and
    /// bind that.
    ///
    /// ## Example
    /// ```yaml
    /// subjects:
    /// - kind: ServiceAccount
    ///   name: web
    ///   namespace: shop
    /// ```
    ///
    /// ## Applies to
    /// `RoleBinding` and `ClusterRoleBinding`. Not those that the API server makes itself (with the label
    /// `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs). Rights that Kubernetes gives all service
    /// accounts itself (`system:service-account-issuer-discovery`, `system:cluster-trust-bundle-discovery`) are fine.
    ///
    /// ## References
    /// - CIS Kubernetes Benchmark 5.1.5: ensure that default service accounts are not actively used
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    static RULE = {
        id: "rbac-default-sa-binding",
        aliases: &[],
        title: "gives rights to a default service account",
        severity: Severity::High,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is to be seen at a subject that every pod, or every pod of a namespace, acts as.
fn label(kind: &str, name: &str) -> Option<&'static str> {
    let account = |name: &str| name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')).map(|(_, n)| n == "default");
    match kind {
        "ServiceAccount" if name == "default" => Some("every pod without an account of its own"),
        "User" if account(name) == Some(true) => Some("every pod without an account of its own"),
        "Group" if name == "system:serviceaccounts" || name.starts_with("system:serviceaccounts:") => {
            Some("all service accounts")
        }
        _ => None,
    }
}

/// What Kubernetes gives all service accounts itself.
const USUAL: [&str; 2] = ["system:service-account-issuer-discovery", "system:cluster-trust-bundle-discovery"];

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let Some(binding) = binding(object) else { return };
    if binding.role.kind == "ClusterRole" && USUAL.contains(&binding.role.name) {
        return;
    }
    for (index, subject) in binding.subjects.iter().enumerate() {
        let Some(label) = label(subject.kind, subject.name) else { continue };
        out.report(|| {
            let message = format!(
                "{} gives {} \"{}\" to {} \"{}\": {label}",
                said_of(object),
                binding.role.kind,
                binding.role.name,
                subject.kind,
                subject.name
            );
            let advice = "make a service account for the program that needs these rights, and bind that";
            Hit::new(Binding::subject(index), label, message, advice)
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "rbac-default-sa-binding";

    fn binding(kind: &str, role: &str, subject: &str) -> String {
        format!("kind: {kind}\nmetadata: {{name: b, namespace: n}}\nroleRef: {role}\nsubjects: [{subject}]\n")
    }

    const VIEW: &str = "{kind: ClusterRole, name: view}";

    #[test]
    fn default_accounts_in_every_form() {
        for subject in [
            "{kind: ServiceAccount, name: default}",
            "{kind: ServiceAccount, name: default, namespace: other}",
            "{kind: User, name: 'system:serviceaccount:n:default'}",
            "{kind: Group, name: 'system:serviceaccounts'}",
            "{kind: Group, name: 'system:serviceaccounts:n'}",
        ] {
            for kind in ["RoleBinding", "ClusterRoleBinding"] {
                let hits = found(ID, &binding(kind, VIEW, subject));
                assert!(hits.len() == 1 && hits[0].starts_with("- subjects[0].name: "), "{subject} {hits:?}");
            }
        }
        for subject in [
            "{kind: ServiceAccount, name: web}", "{kind: User, name: default}", "{kind: User, name: 'system:serviceaccount:n:web'}",
            "{kind: Group, name: 'system:serviceaccount:n:default'}", "{name: default}",
        ] {
            assert_eq!(found(ID, &binding("RoleBinding", VIEW, subject)), [""; 0], "{subject}");
        }
    }

    #[test]
    fn what_kubernetes_gives_is_fine() {
        let role = "{kind: ClusterRole, name: 'system:service-account-issuer-discovery'}";
        assert_eq!(found(ID, &binding("ClusterRoleBinding", role, "{kind: Group, name: 'system:serviceaccounts'}")), [""; 0]);
    }
}
