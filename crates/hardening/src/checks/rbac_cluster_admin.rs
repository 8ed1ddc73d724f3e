//! Bindings to `cluster-admin`.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::rbac::binding;
use crate::view::RoleRef;
use crate::workloads::said_of;

rule! {
    /// ## What it does
    /// Reports bindings whose role is the ClusterRole `cluster-admin`, or one of the input that allows everything.
    ///
    /// ## Why it matters
    /// It allows everything: whoever gets hold of one of the subjects owns the cluster, or with a RoleBinding all of
    /// the namespace.
    ///
    /// ## How to fix
    /// Bind a role with the rights that are needed. People get `cluster-admin` for emergencies only, by an account that
    /// is watched.
    ///
    /// ## Example
    /// ```yaml
    /// roleRef:
    ///   apiGroup: rbac.authorization.k8s.io
    ///   kind: ClusterRole
    ///   name: view
    /// ```
    ///
    /// ## Applies to
    /// `RoleBinding` and `ClusterRoleBinding`. Not those that the API server makes itself (with the label
    /// `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs). A RoleBinding gives one namespace only and
    /// is high. A binding without subjects gives nothing. Roles of other names count where the input shows that they
    /// allow every verb on every resource of every group.
    ///
    /// ## References
    /// - CIS Kubernetes Benchmark 5.1.1: ensure that the cluster-admin role is only used where required
    /// - NSA/CISA Kubernetes Hardening Guidance: authentication and authorization
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    static RULE = {
        id: "rbac-cluster-admin",
        aliases: &[],
        title: "binds cluster-admin",
        severity: Severity::Critical,
        level: None,
        tags: &["security", "rbac", "cis", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Also(&["RoleBinding", "ClusterRoleBinding"]), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(binding) = binding(object) else { return };
    if binding.subjects.is_empty() || !gives_everything(&binding.role, object, cx) {
        return;
    }
    out.report(|| {
        let first = &binding.subjects[0];
        let others = match binding.subjects.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let in_cluster = object.kind == "ClusterRoleBinding";
        let range = if in_cluster { "every right in the cluster" } else { "every right in the namespace" };
        let message = format!("{} gives {} \"{}\"{others} {range}", said_of(object), first.kind, first.name);
        Hit::new(FieldPath::root().keys("roleRef.name"), "every right", message, "bind a role with the rights that are needed")
            .severity(if in_cluster { Severity::Critical } else { Severity::High })
    });
}

/// Whether a role is `cluster-admin`, or one of the input that allows as much.
fn gives_everything(role: &RoleRef<'_>, object: &Object<'_>, cx: &Cx<'_>) -> bool {
    match role.kind {
        "ClusterRole" => {
            role.name == "cluster-admin"
                || cx.index.is_some_and(|index| index.cluster(cx.scope).has_owner("ClusterRole", role.name))
        }
        "Role" => {
            object.kind == "RoleBinding" && cx.near(object).is_some_and(|near| near.has_owner("Role", role.name))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use seawall_finding::Severity;

    use crate::testing::{Case, found};

    const ID: &str = "rbac-cluster-admin";

    fn binding(kind: &str, role: &str, subject: &str) -> String {
        format!("kind: {kind}\nmetadata: {{name: b, namespace: n}}\nroleRef: {role}\nsubjects: [{subject}]\n")
    }

    const ADMIN: &str = "{kind: ClusterRole, name: cluster-admin}";
    const USER: &str = "{kind: User, name: jane}";

    #[test]
    fn cluster_admin_is_all_or_a_namespace() {
        assert_eq!(found(ID, &binding("ClusterRoleBinding", ADMIN, USER)), ["- roleRef.name: every right"]);
        let severity = |kind| Case::of(ID).findings(&binding(kind, ADMIN, USER))[0].finding.severity;
        assert_eq!(severity("ClusterRoleBinding"), Severity::Critical);
        assert_eq!(severity("RoleBinding"), Severity::High);
        let message = Case::of(ID).findings(&binding("RoleBinding", ADMIN, &format!("{USER}, {USER}")))[0].finding.message.clone();
        assert_eq!(message, "RoleBinding \"b\" gives User \"jane\" and 1 more every right in the namespace");
    }

    #[test]
    fn a_role_that_allows_everything_is_no_better() {
        let role = |kind: &str, rule: &str| format!("---\nkind: {kind}\nmetadata: {{name: mine, namespace: n}}\nrules: [{rule}]\n");
        let all = "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}";
        let given = |kind: &str, of: &str, rule: &str| {
            let binding = binding(kind, &format!("{{kind: {of}, name: mine}}"), USER);
            found(ID, &format!("{binding}{}", role(of, rule))).len()
        };
        assert_eq!(given("ClusterRoleBinding", "ClusterRole", all), 1);
        assert_eq!(given("RoleBinding", "ClusterRole", all), 1);
        assert_eq!(given("RoleBinding", "Role", all), 1);
        assert_eq!(given("ClusterRoleBinding", "Role", all), 0, "it cannot give one");
        for less in ["['*'], resourceNames: [a]", "[get]"] {
            assert_eq!(given("RoleBinding", "ClusterRole", &all.replace("verbs: ['*']", &format!("verbs: {less}"))), 0, "{less}");
        }
        assert_eq!(given("RoleBinding", "ClusterRole", &all.replacen("'*'", "apps", 1)), 0);
    }

    #[test]
    fn other_roles_and_nobody_are_fine() {
        assert_eq!(found(ID, &binding("ClusterRoleBinding", ADMIN, "")), [""; 0]);
        assert_eq!(found(ID, &binding("ClusterRoleBinding", "{kind: ClusterRole, name: view}", USER)), [""; 0]);
        assert_eq!(found(ID, &binding("RoleBinding", "{kind: Role, name: cluster-admin}", USER)), [""; 0]);
        assert_eq!(found(ID, &binding("RoleBinding", "cluster-admin", USER)), [""; 0]);
        let theirs = binding("ClusterRoleBinding", ADMIN, USER)
            .replace("name: b, namespace: n", "name: cluster-admin, labels: {kubernetes.io/bootstrapping: rbac-defaults}");
        assert_eq!(found(ID, &theirs), [""; 0]);
    }
}
