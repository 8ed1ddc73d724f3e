//! Roles that delete events.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::rbac::{Right, report, right};

rule! {
    /// ## What it does
    /// Reports rules that allow to `delete` events, alone or all at once, or `pods/log`.
    ///
    /// ## Why it matters
    /// Events tell what happened to pods: failed pulls, kills, new containers. Whoever deletes them covers tracks. Logs
    /// cannot be deleted through the API today; who asks for that right means no good, or does not know it.
    ///
    /// ## How to fix
    /// Take it out of the rule: events end by themselves after an hour.
    ///
    /// ## Example
    /// ```yaml
    /// rules:
    /// - apiGroups: ["", events.k8s.io]
    ///   resources: [events]
    ///   verbs: [create, patch]
    /// ```
    ///
    /// ## Applies to
    /// `Role` and `ClusterRole`. Not those that the API server makes itself (with the label
    /// `kubernetes.io/bootstrapping: rbac-defaults` and a name of theirs), and not the rules of an aggregated role in a
    /// file, which its controller replaces. A rule that allows every verb on every resource is reported by
    /// `rbac-wildcard` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/>
    /// - MITRE ATT&CK T1070: indicator removal
    static RULE = {
        id: "rbac-log-event-delete",
        aliases: &[],
        title: "may delete traces",
        severity: Severity::Low,
        level: None,
        off: true,
        tags: &["security", "rbac"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// What is reported.
const RIGHTS: &[Right] = &[
    right("", "events", DELETE),
    right("events.k8s.io", "events", DELETE),
    right("", "pods/log", DELETE),
];

const DELETE: &[&str] = &["delete", "deletecollection"];

const WHY: &str = "events and logs tell what happened to pods";
const ADVICE: &str = "take it out of the rule: events end by themselves after an hour";

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    report(object, cx, out, RIGHTS, RULE.severity, [WHY, ADVICE]);
}

#[cfg(test)]
mod tests {
    use crate::rbac::tests::role;
    use crate::testing::found;

    const ID: &str = "rbac-log-event-delete";

    #[test]
    fn only_deleting_counts() {
        for (group, resource) in [("''", "events"), ("events.k8s.io", "events"), ("''", "pods/log")] {
            let rule = |verb: &str| role(&format!("{{apiGroups: [{group}], resources: [{resource}], verbs: [{verb}]}}"));
            assert_eq!(found(ID, &rule("create, deletecollection")), ["- rules[0].resources[0]: deletecollection"]);
            assert_eq!(found(ID, &rule("create, patch, get")), [""; 0]);
        }
    }
}
