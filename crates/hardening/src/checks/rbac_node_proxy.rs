//! Roles that talk to kubelets.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, is_cluster_role, report, right};

rule! {
    /// ## What it does
    /// Reports cluster roles that allow to `get` or `create` `nodes/proxy`. An entry `nodes/*` gives nothing: the
    /// authorizer knows no such wildcard; `*` and `*/proxy` do.
    ///
    /// ## Why it matters
    /// The API of the kubelet runs commands in every container of the node, without admission and without an entry in
    /// the audit log. `get` is enough for that: a WebSocket connection is a `get`.
    ///
    /// ## How to fix
    /// Programs that read metrics and logs get `nodes/metrics`, `nodes/stats` and `nodes/log`, which the kubelet tells
    /// apart.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [""]
    ///   resources: [nodes/metrics, nodes/stats]
    ///   verbs: [get]
    /// ```
    ///
    /// ## Applies to
    /// `ClusterRole`: a `Role` cannot give rights on what belongs to no namespace. Not those that the API server makes
    /// itself (with the label `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of
    /// an aggregated role in a file, which its controller replaces. A rule that names its objects (`resourceNames`) is
    /// one step less grave. A rule that allows every verb on every resource is reported by `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/rbac-good-practices/>
    /// - CIS Kubernetes Benchmark 5.1.10: minimize access to the proxy sub-resource of nodes
    /// - <https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/>
    static RULE = {
        id: "rbac-node-proxy",
        aliases: &[],
        title: "may talk to kubelets",
        severity: Severity::Critical,
        level: None,
        tags: &["security", "rbac", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[right("", "nodes/proxy", &["get", "create"])];

const WHY: &str = "the API of the kubelet runs commands in every container of a node, unseen by admission and audit";
const ADVICE: &str = "give nodes/metrics, nodes/stats or nodes/log instead";

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

    const ID: &str = "rbac-node-proxy";

    #[test]
    fn get_is_enough() {
        let rule = |resource: &str, verb: &str| format!("{{apiGroups: [''], resources: ['{resource}'], verbs: [{verb}]}}");
        for (resource, verb) in [("nodes/proxy", "get"), ("nodes/proxy", "create"), ("*/proxy", "get"), ("*", "get")] {
            assert_eq!(found(ID, &cluster_role(&rule(resource, verb))).len(), 1, "{resource} {verb}");
            assert_eq!(found(ID, &role(&rule(resource, verb))), [""; 0], "{resource} {verb}");
        }
        for (resource, verb) in [("nodes/*", "get"), ("nodes", "get"), ("nodes/metrics", "get"), ("nodes/proxy", "list")] {
            assert_eq!(found(ID, &cluster_role(&rule(resource, verb))), [""; 0], "{resource} {verb}");
        }
    }
}
