//! Roles that change where traffic goes.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, WRITE, report, right};

rule! {
    /// ## What it does
    /// Reports rules that allow to `create`, `update` or `patch` Services, Ingresses, NetworkPolicies, Endpoints or
    /// EndpointSlices.
    ///
    /// ## Why it matters
    /// Whoever changes these opens closed doors, or has the traffic of others come to their own pods: a Service with
    /// `externalIPs` even that of other namespaces.
    ///
    /// ## How to fix
    /// Leave it to deployment tools, and controllers to what is theirs.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: [""]
    ///   resources: [services, endpoints]
    ///   verbs: [get, list, watch]
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
    /// - <https://github.com/kubernetes/kubernetes/issues/97076>: CVE-2020-8554, man in the middle by externalIPs
    /// - <https://github.com/kubernetes/kubernetes/issues/103675>: CVE-2021-25740, endpoints of other namespaces
    static RULE = {
        id: "rbac-networking-write",
        aliases: &[],
        title: "may redirect traffic",
        severity: Severity::Low,
        level: None,
        off: true,
        tags: &["security", "rbac", "network"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[
    right("", "services", WRITE),
    right("", "endpoints", WRITE),
    right("discovery.k8s.io", "endpointslices", WRITE),
    right("networking.k8s.io", "ingresses", WRITE),
    right("networking.k8s.io", "networkpolicies", WRITE),
];

const WHY: &str = "who changes these opens closed doors or has the traffic of others come to them";
const ADVICE: &str = "leave it to deployment tools, and give others get, list and watch";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    report(object, cx, out, RIGHTS, RULE.severity, [WHY, ADVICE]);
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::role;
    use crate::testing::found;

    const ID: &str = "rbac-networking-write";

    #[test]
    fn what_directs_traffic() {
        for (group, resource) in [
            ("''", "services"), ("''", "endpoints"), ("discovery.k8s.io", "endpointslices"),
            ("networking.k8s.io", "ingresses"), ("networking.k8s.io", "networkpolicies"),
        ] {
            let rule = |verb: &str| role(&format!("{{apiGroups: [{group}], resources: [{resource}], verbs: [{verb}]}}"));
            assert_eq!(found(ID, &rule("get, update, patch")), ["- rules[0].resources[0]: update and patch"]);
            assert_eq!(found(ID, &rule("get, list, watch, delete")), [""; 0]);
        }
    }
}
