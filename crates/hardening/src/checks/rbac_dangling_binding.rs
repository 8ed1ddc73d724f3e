//! Bindings of roles or service accounts that are not there.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::index::SYSTEM;
use crate::rbac::{Binding, GROUP, binding};
use crate::workloads::said_of;
use crate::view::{RoleRef, Subject};

rule! {
    /// ## What it does
    /// Reports bindings whose role is not in the input, and subjects that are a service account which is not in it: by
    /// kind, or as the user `system:serviceaccount:<namespace>:<name>`.
    ///
    /// ## Why it matters
    /// It gives nobody anything, which is hardly what was meant. And whoever may make a role or a service account of
    /// that name decides later what the binding gives, and to whom.
    ///
    /// ## How to fix
    /// Correct the name or the namespace, add what is missing, or remove the binding.
    ///
    /// ## Example
    /// ```yaml
    /// kind: RoleBinding
    /// metadata: {name: web, namespace: shop}
    /// roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
    /// subjects:
    /// - {kind: ServiceAccount, name: web, namespace: shop}
    /// ---
    /// kind: Role
    /// metadata: {name: web, namespace: shop}
    /// ---
    /// kind: ServiceAccount
    /// metadata: {name: web, namespace: shop}
    /// ```
    ///
    /// ## Applies to
    /// `RoleBinding` and `ClusterRoleBinding`, where the input is declared complete (`--complete`). What Kubernetes makes
    /// itself is always there: `default` accounts, the ClusterRoles `cluster-admin`, `admin`, `edit`, `view` and
    /// `system:...`, and roles and accounts of its own namespaces (`kube-system`, `kube-public`, `kube-node-lease`).
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>
    static RULE = {
        id: "rbac-dangling-binding",
        aliases: &[],
        title: "binds a role or a service account that is not there",
        severity: Severity::Low,
        level: None,
        tags: &["security", "rbac", "correctness"],
    };
}

pub(super) const CHECK: Check = Check {
    rule: &RULE,
    sight: Sight::Complete(&["RoleBinding", "ClusterRoleBinding"]),
    run: Run::Object(run),
};

/// ClusterRoles that every cluster has, besides those that begin with `system:`.
const BUILT_IN: [&str; 4] = ["cluster-admin", "admin", "edit", "view"];

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(binding) = binding(object) else { return };
    if lacks_role(&binding.role, object, cx) {
        out.report(|| {
            let RoleRef { kind, name, .. } = &binding.role;
            let message =
                format!("{} gives {kind} \"{name}\", which is not in the input: it gives nothing", said_of(object));
            let advice = format!("correct the name, add the {kind}, or remove the binding");
            Hit::new(FieldPath::root().keys("roleRef.name"), "not in the input", message, advice)
        });
    }
    for (index, subject) in binding.subjects.iter().enumerate() {
        let Some((namespace, name)) = account(subject) else { continue };
        if name == "default"
            || SYSTEM.contains(&namespace)
            || cx.index.is_none_or(|index| index.service_account(cx.scope, namespace, name).exists)
        {
            continue;
        }
        out.report(|| {
            let whose = if namespace.is_empty() { String::new() } else { format!(" of namespace \"{namespace}\"") };
            let message = format!(
                "{} gives {} \"{}\" to ServiceAccount \"{name}\"{whose}, which is not in the input",
                said_of(object),
                binding.role.kind,
                binding.role.name
            );
            let advice = "correct name and namespace, add the ServiceAccount, or remove the subject";
            Hit::new(Binding::subject(index), "not in the input", message, advice)
        });
    }
}

/// Whether the input shows that a role is not there.
fn lacks_role(role: &RoleRef<'_>, object: &Object<'_>, cx: &Cx<'_>) -> bool {
    let (Some(index), Some(near)) = (cx.index, cx.near(object)) else { return false };
    match role.kind {
        _ if role.name.is_empty() => false,
        "Role" => !SYSTEM.contains(&object.namespace) && !near.has(GROUP, "Role", role.name),
        "ClusterRole" => {
            !BUILT_IN.contains(&role.name)
                && !role.name.starts_with("system:")
                && !index.cluster(cx.scope).has(GROUP, "ClusterRole", role.name)
        }
        _ => false,
    }
}

/// Namespace and name of the service account that a subject is.
fn account<'d>(subject: &Subject<'d>) -> Option<(&'d str, &'d str)> {
    match subject.kind {
        "ServiceAccount" => Some((subject.namespace, subject.name)),
        "User" => subject.name.strip_prefix("system:serviceaccount:")?.split_once(':'),
        _ => None,
    }
    .filter(|(_, name)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "rbac-dangling-binding";
    const ROLE: &str = "---\nkind: Role\nmetadata: {name: r, namespace: shop}\n";
    const ACCOUNT: &str = "---\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n";

    fn complete(yaml: &str) -> Vec<String> {
        Case { complete: true, ..Case::of(ID) }.found(yaml)
    }

    fn binding(kind: &str, role: &str, subject: &str) -> String {
        format!("kind: {kind}\nmetadata: {{name: b, namespace: shop}}\nroleRef: {role}\nsubjects: [{subject}]\n")
    }

    const R: &str = "{kind: Role, name: r}";
    const WEB: &str = "{kind: ServiceAccount, name: web, namespace: shop}";

    #[test]
    fn role_and_account_have_to_be_there() {
        let text = binding("RoleBinding", R, WEB);
        assert_eq!(complete(&format!("{text}{ROLE}{ACCOUNT}")), [""; 0]);
        assert_eq!(complete(&format!("{text}{ACCOUNT}")), ["- roleRef.name: not in the input"]);
        assert_eq!(complete(&format!("{text}{ROLE}")), ["- subjects[0].name: not in the input"]);
        let elsewhere = ROLE.replace("namespace: shop", "namespace: other");
        assert_eq!(complete(&format!("{text}{elsewhere}{ACCOUNT}")), ["- roleRef.name: not in the input"]);
        let elsewhere = ACCOUNT.replace("namespace: shop", "namespace: other");
        assert_eq!(complete(&format!("{text}{ROLE}{elsewhere}")), ["- subjects[0].name: not in the input"]);
        assert_eq!(found(ID, &text), [""; 0], "an input that is not complete shows nothing");
    }

    #[test]
    fn cluster_roles_are_of_no_namespace() {
        let role = "{kind: ClusterRole, name: r}";
        for kind in ["RoleBinding", "ClusterRoleBinding"] {
            let text = format!("{}{ACCOUNT}", binding(kind, role, WEB));
            assert_eq!(complete(&text), ["- roleRef.name: not in the input"], "{kind}");
            assert_eq!(complete(&format!("{text}---\nkind: ClusterRole\nmetadata: {{name: r}}\n")), [""; 0], "{kind}");
            assert_eq!(complete(&format!("{text}{ROLE}")), ["- roleRef.name: not in the input"], "{kind}");
        }
    }

    #[test]
    fn what_kubernetes_makes_is_there() {
        for role in ["cluster-admin", "view", "'system:node'"] {
            let role = format!("{{kind: ClusterRole, name: {role}}}");
            let subject = "{kind: ServiceAccount, name: default, namespace: shop}";
            assert_eq!(complete(&binding("ClusterRoleBinding", &role, subject)), [""; 0], "{role}");
        }
        let subject = "{kind: ServiceAccount, name: node-controller, namespace: kube-system}";
        let text = binding("RoleBinding", "{kind: Role, name: extension-apiserver-authentication-reader}", subject);
        assert_eq!(complete(&text.replace("namespace: shop}\nroleRef", "namespace: kube-system}\nroleRef")), [""; 0]);
    }

    #[test]
    fn accounts_can_be_named_as_users() {
        let user = "{kind: User, name: 'system:serviceaccount:shop:web'}";
        let text = format!("{}{ROLE}", binding("RoleBinding", R, user));
        assert_eq!(complete(&text), ["- subjects[0].name: not in the input"]);
        assert_eq!(complete(&format!("{text}{ACCOUNT}")), [""; 0]);
        for other in ["{kind: User, name: jane}", "{kind: Group, name: 'system:serviceaccounts'}", "{kind: ServiceAccount, name: []}", "null", "{}", "{kind: User, name: 'system:serviceaccount:shop'}"] {
            assert_eq!(complete(&format!("{}{ROLE}", binding("RoleBinding", R, other))), [""; 0], "{other}");
        }
        for role in ["null", "[]", "{kind: Role}", "{kind: Other, name: r}"] {
            assert_eq!(complete(&binding("RoleBinding", role, "")), [""; 0], "{role}");
        }
    }

    #[test]
    fn objects_without_a_namespace_meet() {
        let text = "kind: RoleBinding\nmetadata: {name: b}\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: web}]\n";
        let rest = format!("{ROLE}{ACCOUNT}").replace(", namespace: shop", "");
        assert_eq!(complete(&format!("{text}{rest}")), [""; 0]);
        assert_eq!(complete(text).len(), 2);
    }
}
