//! Replicated workloads that no PodDisruptionBudget protects.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{fewest, path, pod_labels, said};

rule! {
    /// ## What it does
    /// Reports Deployments and StatefulSets of two or more replicas whose pods no PodDisruptionBudget of their
    /// namespace selects. Under an autoscaler its least number of replicas counts.
    ///
    /// ## Why it matters
    /// When nodes are drained, for an upgrade or by an autoscaler of nodes, all pods may be evicted at once: what is
    /// replicated so as to be there is away.
    ///
    /// ## How to fix
    /// Add a PodDisruptionBudget that selects the pods.
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
    /// Deployment and StatefulSet. Evaluated where the input holds a PodDisruptionBudget in the same namespace, or is
    /// declared complete: budgets may be kept elsewhere.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/>
    static RULE = {
        id: "pdb-missing",
        aliases: &[],
        title: "is replicated and no PodDisruptionBudget selects it",
        severity: Severity::Low,
        level: None,
        tags: &["reliability"],
    };
}

static BESIDE: Beside = Beside::needs(&["Deployment", "StatefulSet"], &["PodDisruptionBudget"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(object) else { return };
    let replicas = fewest(object, near);
    if replicas < 2 || near.has_budget_for(&pod_labels(object)) {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.template.metadata.labels"),
            "no PodDisruptionBudget selects these",
            format!("all of the {} may be evicted at once: no PodDisruptionBudget selects the pods", said(replicas)),
            "add a PodDisruptionBudget with maxUnavailable: 1 that selects these labels",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "pdb-missing";
    const FOUND: &str = "- spec.template.metadata.labels: no PodDisruptionBudget selects these";

    fn workload(kind: &str, replicas: &str, labels: &str) -> String {
        format!("---\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{{replicas}template: {{metadata: {{labels: {labels}}}}}}}\n")
    }

    fn budget(selector: &str) -> String {
        format!("kind: PodDisruptionBudget\nspec: {{maxUnavailable: 1{selector}}}\n")
    }

    #[test]
    fn a_budget_has_to_select_the_pods() {
        for kind in ["Deployment", "StatefulSet"] {
            let two = workload(kind, "replicas: 2, ", "{app: web}");
            let of = |selector: &str| found(ID, &(budget(selector) + &two));
            assert_eq!(of(", selector: {matchLabels: {app: web}}"), [""; 0]);
            assert_eq!(of(", selector: {}"), [""; 0]);
            assert_eq!(of(", selector: {matchLabels: {app: db}}"), [FOUND]);
            assert_eq!(of(""), [FOUND], "a budget without a selector selects nothing");
            let old = format!("apiVersion: policy/v1beta1\n{}", budget(", selector: {}"));
            assert_eq!(found(ID, &(old + &two)), [FOUND], "nor does an empty one in v1beta1");
        }
        assert_eq!(found(ID, &(budget("") + &workload("DaemonSet", "", "{}"))), [""; 0]);
    }

    #[test]
    fn one_replica_needs_none() {
        let of = |replicas: &str| found(ID, &(budget("") + &workload("Deployment", replicas, "{}")));
        assert_eq!(of(""), [""; 0]);
        assert_eq!(of("replicas: 1, "), [""; 0]);
        assert_eq!(of("replicas: '2', "), [""; 0]);
        assert_eq!(of("replicas: 3, "), [FOUND]);
        let scaler = "---\nkind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2}\n";
        let scaled = budget("") + &workload("Deployment", "", "{}") + scaler;
        assert_eq!(found(ID, &scaled), [FOUND]);
        assert_eq!(found(ID, &scaled.replace("name: web}, min", "name: db}, min")), [""; 0]);
    }

    #[test]
    fn is_silent_where_the_namespace_shows_no_budget() {
        let two = workload("Deployment", "replicas: 2, ", "{}");
        assert_eq!(found(ID, two.trim_start_matches("---\n")), [""; 0]);
        let complete = Case { complete: true, ..Case::of(ID) };
        assert_eq!(complete.found(two.trim_start_matches("---\n")), [FOUND]);
        let elsewhere = "kind: PodDisruptionBudget\nmetadata: {namespace: other}\n---\nkind: Service\nmetadata: {namespace: third}\n";
        assert_eq!(found(ID, &(elsewhere.to_owned() + &two)), [""; 0]);
    }
}
