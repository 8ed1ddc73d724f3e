//! PodDisruptionBudgets that let no pod go.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_yaml::NodeRef;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::index::budget;
use crate::view::FromNode;
use crate::workloads::{at, path, said};

rule! {
    /// ## What it does
    /// Reports PodDisruptionBudgets that forbid every eviction: `maxUnavailable` of 0 or 0%, `minAvailable` of 100%,
    /// or a `minAvailable` that is no less than the number of pods that the input shows for its selector. Percentages
    /// are rounded up, as Kubernetes rounds them. Under an autoscaler its least number of replicas counts.
    ///
    /// ## Why it matters
    /// A node with such a pod cannot be drained: upgrades of the cluster wait for somebody who deletes the pod by
    /// hand.
    ///
    /// ## How to fix
    /// Let one pod go: `maxUnavailable: 1`. What has a single replica and must not be interrupted needs a second one.
    ///
    /// ## Example
    /// ```yaml
    /// kind: PodDisruptionBudget
    /// spec:
    ///   maxUnavailable: 1
    /// ```
    ///
    /// ## Applies to
    /// PodDisruptionBudget of `policy/v1` and `policy/v1beta1`. Numbers are compared where all workloads that the
    /// input shows for the selector, in the same namespace, say how many pods they make: DaemonSets, Jobs and most
    /// custom resources do not.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>
    /// - k8s.io/apimachinery `pkg/util/intstr/intstr.go`: GetScaledValueFromIntOrPercent
    static RULE = {
        id: "pdb-blocks-eviction",
        aliases: &[],
        title: "lets no pod be evicted",
        severity: Severity::Medium,
        level: None,
        tags: &["reliability"],
    };
}

static BESIDE: Beside = Beside::always(&["PodDisruptionBudget"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

/// A number or a percentage, as Kubernetes reads it; `None` for what it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Number(i64),
    Percent(i64),
}

impl Amount {
    fn of(node: NodeRef<'_>) -> Option<Self> {
        match node.as_str() {
            Some(text) => text.strip_suffix('%')?.parse().ok().map(Self::Percent),
            None => Option::<i64>::from_node(node).map(Self::Number),
        }
    }

    /// How many of `total` that is, rounded up.
    fn of_total(self, total: i64) -> i64 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => percent.saturating_mul(total).saturating_add(99) / 100,
        }
    }
}

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let amount = |field| at(object, field).and_then(Amount::of);
    let (most, least) = (amount("spec.maxUnavailable"), amount("spec.minAvailable"));
    if let Some(Amount::Number(0) | Amount::Percent(0)) = most {
        return out.report(|| {
            Hit::new(
                path("spec.maxUnavailable"),
                "lets no pod go",
                "the budget lets no pod be evicted: its nodes cannot be drained",
                "set maxUnavailable: 1",
            )
        });
    }
    let Some(least) = least else { return };
    if matches!(least, Amount::Percent(100..)) {
        return out.report(|| {
            Hit::new(
                path("spec.minAvailable"),
                "wants all pods to stay",
                "the budget wants all pods to stay: none can be evicted, and nodes cannot be drained",
                "set maxUnavailable: 1 instead",
            )
        });
    }
    let (Some(near), Some(selector)) = (cx.near(object), budget(object)) else { return };
    let mut pods: i64 = 0;
    for pod in near.selected(&selector) {
        let fewest = near.scaler_of(pod.owner).map(|scaler| scaler.min).or(pod.replicas);
        let Some(fewest) = fewest else { return };
        pods += i64::from(fewest);
    }
    if pods == 0 || least.of_total(pods) < pods {
        return;
    }
    out.report(|| {
        let (least, pods) = (least.of_total(pods), u32::try_from(pods).unwrap_or(u32::MAX));
        Hit::new(
            path("spec.minAvailable"),
            format!("selects {}", said(pods)),
            format!(
                "the budget wants {least} pod{} to stay and selects {}: none can be evicted",
                if least == 1 { "" } else { "s" },
                said(pods)
            ),
            "set maxUnavailable: 1 instead, and two replicas or more",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "pdb-blocks-eviction";

    fn with_replicas(fields: &str, replicas: u32) -> Vec<String> {
        found(ID, &format!("kind: PodDisruptionBudget\nspec: {{{fields}, selector: {{matchLabels: {{app: web}}}}}}\n---\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: {replicas}, template: {{metadata: {{labels: {{app: web}}}}}}}}\n"))
    }

    #[test]
    fn what_lets_nothing_go_does_so_for_any_number() {
        let of = |fields: &str| found(ID, &format!("kind: PodDisruptionBudget\nspec: {{{fields}}}\n"));
        let most = ["- spec.maxUnavailable: lets no pod go"];
        assert_eq!(of("maxUnavailable: 0"), most);
        assert_eq!(of("maxUnavailable: 0%"), most);
        assert_eq!(of("maxUnavailable: 1%"), [""; 0]);
        assert_eq!(of("maxUnavailable: '0'"), [""; 0], "the API server refuses it");
        let least = ["- spec.minAvailable: wants all pods to stay"];
        assert_eq!(of("minAvailable: 100%"), least);
        assert_eq!(of("minAvailable: 99%"), [""; 0]);
        assert_eq!(of("minAvailable: 1"), [""; 0]);
        assert_eq!(of("minAvailable: []"), [""; 0]);
    }

    #[test]
    fn numbers_are_held_against_the_replicas() {
        let all = |n: u32| [format!("- spec.minAvailable: selects {n} replica{}", if n == 1 { "" } else { "s" })];
        assert_eq!(with_replicas("minAvailable: 2", 3), [""; 0]);
        assert_eq!(with_replicas("minAvailable: 3", 3), all(3));
        assert_eq!(with_replicas("minAvailable: 1", 1), all(1));
        assert_eq!(with_replicas("minAvailable: 1", 0), [""; 0]);
        // 2 of 3 is 66.7%: rounded up, 67% are all three.
        assert_eq!(with_replicas("minAvailable: 66%", 3), [""; 0]);
        assert_eq!(with_replicas("minAvailable: 67%", 3), all(3));
        assert_eq!(with_replicas("maxUnavailable: 1", 1), [""; 0]);
    }

    #[test]
    fn an_autoscaler_says_how_few_there_may_be() {
        let yaml = "kind: PodDisruptionBudget\nspec: {minAvailable: 2, selector: {}}\n---\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {}}\n---\nkind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2}\n";
        assert_eq!(found(ID, yaml), ["- spec.minAvailable: selects 2 replicas"]);
        assert_eq!(found(ID, &yaml.replace("minReplicas: 2", "minReplicas: 3")), [""; 0]);
    }

    #[test]
    fn what_another_object_controls_is_counted_there() {
        let own = "---\nkind: Pod\nmetadata: {labels: {app: web}, ownerReferences: [{kind: ReplicaSet, name: web-1, controller: CONTROLS}]}\n";
        let yaml = "kind: PodDisruptionBudget\nspec: {minAvailable: 2, selector: {matchLabels: {app: web}}}\n---\nkind: Deployment\nspec: {replicas: 2, template: {metadata: {labels: {app: web}}}}\n";
        assert_eq!(found(ID, &format!("{yaml}{}", own.replace("CONTROLS", "true"))).len(), 1);
        assert_eq!(found(ID, &format!("{yaml}{}", own.replace("CONTROLS", "false"))), [""; 0]);
    }

    #[test]
    fn is_silent_about_pods_that_nobody_has_counted() {
        let yaml = "kind: PodDisruptionBudget\nspec: {minAvailable: 2, selector: {}}\n---\nkind: Deployment\nspec: {replicas: 2, template: {}}\n";
        assert_eq!(found(ID, yaml).len(), 1);
        assert_eq!(found(ID, &format!("{yaml}---\nkind: DaemonSet\nspec: {{template: {{}}}}\n")), [""; 0]);
    }
}
