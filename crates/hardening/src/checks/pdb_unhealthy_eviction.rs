//! PodDisruptionBudgets that keep pods on a node although they do not work.

use seawall_finding::{Safety, Severity, rule};
use seawall_manifest::objects::Object;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{at, path, text};

rule! {
    /// ## What it does
    /// Reports PodDisruptionBudgets without `unhealthyPodEvictionPolicy`.
    ///
    /// ## Why it matters
    /// By default a pod that is not ready counts as one that the budget protects: while an application is broken, its
    /// nodes cannot be drained, and an upgrade of the cluster stands still.
    ///
    /// ## How to fix
    /// Set `AlwaysAllow`, unless the application loses data when a pod that is not ready is taken away.
    ///
    /// ## Example
    /// ```yaml
    /// kind: PodDisruptionBudget
    /// spec:
    ///   maxUnavailable: 1
    ///   unhealthyPodEvictionPolicy: AlwaysAllow
    /// ```
    ///
    /// ## Applies to
    /// PodDisruptionBudget of `policy/v1` with a selector (without one it selects no pod, and patches have none), where the
    /// target is Kubernetes 1.27 or newer; evaluated on each alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy>
    static RULE = {
        id: "pdb-unhealthy-eviction",
        aliases: &[],
        title: "keeps pods that are not ready from being evicted",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// The first minor version that has the field without an alpha gate.
const SINCE: u64 = 27;

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if (object.api_version, object.kind) != ("policy/v1", "PodDisruptionBudget")
        || cx.kubernetes < SINCE
        || text(object, "spec.unhealthyPodEvictionPolicy").is_some()
        || at(object, "spec.selector").is_none_or(NodeRef::is_null)
    {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.unhealthyPodEvictionPolicy"),
            "no unhealthyPodEvictionPolicy",
            "the budget keeps pods that are not ready on nodes that are drained",
            "set unhealthyPodEvictionPolicy: AlwaysAllow",
        )
        .sets(
            Safety::Likely,
            "pods that are not ready may be evicted; breaks what must keep them, such as stores that repair themselves",
            "AlwaysAllow",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "pdb-unhealthy-eviction";

    #[test]
    fn the_policy_has_to_be_written() {
        let of = |fields: &str| found(ID, &format!("kind: PodDisruptionBudget\nspec: {{selector: {{}}, {fields}}}\n"));
        assert_eq!(of("unhealthyPodEvictionPolicy: IfHealthyBudget"), [""; 0]);
        let missing = ["- spec.unhealthyPodEvictionPolicy: no unhealthyPodEvictionPolicy"];
        assert_eq!(of("maxUnavailable: 1"), missing);
        assert_eq!(of("unhealthyPodEvictionPolicy: null"), missing);
        // Eviction asks for healthy pods to spare, of which there may be none (k8s.io/kubernetes, pod/storage/eviction.go).
        assert_eq!(of("minAvailable: 0"), missing);
    }

    #[test]
    fn a_budget_without_a_selector_keeps_no_pod() {
        for fields in ["minAvailable: 1", "minAvailable: 1, selector: null"] {
            assert_eq!(found(ID, &format!("kind: PodDisruptionBudget\nspec: {{{fields}}}\n")), [""; 0]);
        }
    }

    #[test]
    fn older_clusters_do_not_have_it() {
        let old = Case { kubernetes: 26, ..Case::of(ID) };
        assert_eq!(old.found("kind: PodDisruptionBudget\nspec: {selector: {}}\n"), [""; 0]);
        let first = Case { kubernetes: 27, ..Case::of(ID) };
        assert_eq!(first.found("kind: PodDisruptionBudget\nspec: {selector: {}}\n").len(), 1);
        assert_eq!(found(ID, "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nspec: {selector: {}}\n"), [""; 0]);
    }
}
