//! PodDisruptionBudgets that say nothing.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{at, is, path};

rule! {
    /// ## What it does
    /// Reports PodDisruptionBudgets with neither `minAvailable` nor `maxUnavailable`.
    ///
    /// ## Why it matters
    /// Kubernetes accepts such a budget, expects no pods at all for it and lets none be evicted: nodes that run the pods
    /// cannot be drained.
    ///
    /// ## How to fix
    /// Say how many pods may be away at a time, by `maxUnavailable`: it stays right when the number of replicas
    /// changes.
    ///
    /// ## Example
    /// ```yaml
    /// kind: PodDisruptionBudget
    /// spec:
    ///   maxUnavailable: 1
    ///   selector: {matchLabels: {app: web}}
    /// ```
    ///
    /// ## Applies to
    /// PodDisruptionBudget of `policy/v1` and `policy/v1beta1`; evaluated on each alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>
    /// - Kubernetes `pkg/controller/disruption/disruption.go`: getExpectedPodCount, updatePdbStatus
    static RULE = {
        id: "pdb-policy",
        aliases: &[],
        title: "says how many pods may be away by neither of its fields",
        severity: Severity::Medium,
        level: None,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let says = |field| at(object, field).is_some();
    if !is(object, &["policy"], "PodDisruptionBudget")
        || says("spec.minAvailable")
        || says("spec.maxUnavailable")
    {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.maxUnavailable"),
            "no minAvailable or maxUnavailable",
            "the budget says neither how many pods must stay nor how many may be away, and so lets none go",
            "set maxUnavailable, such as 1",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "pdb-policy";

    #[test]
    fn one_of_the_two_will_do() {
        let of = |fields: &str| found(ID, &format!("kind: PodDisruptionBudget\nspec: {{{fields}}}\n"));
        assert_eq!(of("minAvailable: 1"), [""; 0]);
        assert_eq!(of("maxUnavailable: 0%"), [""; 0]);
        let missing = ["- spec.maxUnavailable: no minAvailable or maxUnavailable"];
        assert_eq!(of("selector: {}"), missing);
        assert_eq!(of("maxUnavailable: null"), missing);
        assert_eq!(found(ID, "kind: PodDisruptionBudget\n"), missing);
        assert_eq!(found(ID, "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n"), missing);
        assert_eq!(found(ID, "kind: Pod\n"), [""; 0]);
    }
}
