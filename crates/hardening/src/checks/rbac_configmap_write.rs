//! Roles that change the configuration of the system.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Grant, Right, WRITE, grants, is_cluster_role, right, texts};

rule! {
    /// ## What it does
    /// Reports roles in `kube-system`, and cluster roles that are bound there, that allow to `create`, `update` or `patch`
    /// any ConfigMap, and roles there and cluster roles that allow it for one that the cluster is run by: `coredns`, `coredns-custom`, `kube-proxy`,
    /// `aws-auth`, `kubeadm-config` and `kubelet-config`.
    ///
    /// ## Why it matters
    /// Whoever changes `coredns` answers every name of the cluster; whoever changes `aws-auth` says who is
    /// administrator of an EKS cluster.
    ///
    /// ## How to fix
    /// Name the one ConfigMap that is meant in `resourceNames`. Elections of leaders do with Leases.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [coordination.k8s.io]
    ///   resources: [leases]
    ///   verbs: [create, get, update]
    /// ```
    ///
    /// ## Applies to
    /// `Role` in `kube-system`, and `ClusterRole` where it names such a ConfigMap or the input holds a RoleBinding for it
    /// in `kube-system`. Not those that the API server makes itself (with the label `kubernetes.io/bootstrapping:
    /// rbac-defaults` and a name of theirs), and not the rules of an aggregated role in a file, which its controller
    /// replaces. A rule that allows every verb on every resource is reported by `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - <https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html>
    static RULE = {
        id: "rbac-configmap-write",
        aliases: &[],
        title: "may change the configuration of the system",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "rbac"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Also(&["ClusterRole"]), run: Run::Object(run) };

/// ConfigMaps in kube-system that the cluster is run by.
const SYSTEM: [&str; 6] = ["coredns", "coredns-custom", "kube-proxy", "aws-auth", "kubeadm-config", "kubelet-config"];

/// Where they are.
const SYSTEM_NAMESPACE: &str = "kube-system";

const RIGHTS: &[Right] = &[right("", "configmaps", WRITE)];

const WHY: &str = "names, access and proxies of the cluster are configured there";
const ADVICE: &str = "name the one ConfigMap that is meant in resourceNames, and use Leases to elect leaders";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let here = match is_cluster_role(object) {
        Some(true) => cx.index.is_some_and(|index| index.binds(cx.scope, SYSTEM_NAMESPACE, object.name)),
        Some(false) if object.namespace == SYSTEM_NAMESPACE => true,
        _ => return,
    };
    let counts = |grant: &Grant<'_>| {
        let names_one = || texts(grant.rule.rule.resource_names).any(|(_, name)| SYSTEM.contains(&name));
        if grant.is_narrowed() { names_one() } else { here }
    };
    for grant in grants(object, cx, RIGHTS).filter(counts) {
        // Names only narrow it to what is worth most.
        out.report(|| grant.hit(object, RULE.severity, WHY, ADVICE).severity(RULE.severity));
    }
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::cluster_role;
    use crate::testing::found;

    const ID: &str = "rbac-configmap-write";

    fn role(namespace: &str, names: &str) -> String {
        format!(
            "kind: Role\nmetadata: {{name: r, namespace: {namespace}}}\nrules: [{{apiGroups: [''], resources: [configmaps], verbs: [get, patch]{names}}}]\n"
        )
    }

    #[test]
    fn in_the_namespace_of_the_system() {
        assert_eq!(found(ID, &role("kube-system", "")), ["- rules[0].resources[0]: patch"]);
        assert_eq!(found(ID, &role("kube-system", ", resourceNames: [coredns]")), ["- rules[0].resources[0]: patch"]);
        assert_eq!(found(ID, &role("kube-system", ", resourceNames: [mine]")), [""; 0]);
        assert_eq!(found(ID, &role("shop", "")), [""; 0]);
        assert_eq!(found(ID, &role("kube-system", "").replace("get, patch", "get")), [""; 0]);
    }

    #[test]
    fn a_cluster_role_counts_for_what_it_names() {
        let rule = |names: &str| format!("{{apiGroups: [''], resources: [configmaps], verbs: [update]{names}}}");
        assert_eq!(found(ID, &cluster_role(&rule(", resourceNames: [a, aws-auth]"))).len(), 1);
        assert_eq!(found(ID, &cluster_role(&rule(""))), [""; 0]);
    }

    #[test]
    fn a_cluster_role_counts_where_it_is_bound() {
        let role = cluster_role("{apiGroups: [''], resources: [configmaps], verbs: [update]}");
        let bound = |kind: &str, namespace: &str, name: &str| {
            let binding = format!(
                "---\nkind: {kind}\nmetadata: {{name: b, namespace: {namespace}}}\nroleRef: {{kind: ClusterRole, name: {name}}}\nsubjects: [{{kind: User, name: jane}}]\n"
            );
            found(ID, &format!("{role}{binding}"))
        };
        assert_eq!(bound("RoleBinding", "kube-system", "r"), ["- rules[0].resources[0]: update"]);
        assert_eq!(bound("RoleBinding", "shop", "r"), [""; 0]);
        assert_eq!(bound("RoleBinding", "kube-system", "other"), [""; 0]);
    }
}
