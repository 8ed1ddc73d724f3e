//! Services that select nothing.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::index::{PODS, Selector};
use crate::workloads::{at, path, text};

rule! {
    /// ## What it does
    /// Reports Services whose selector selects no pod of the input in their namespace.
    ///
    /// ## Why it matters
    /// Whoever asks the Service gets no answer: it has no endpoints.
    ///
    /// ## How to fix
    /// Write the labels that the pods have.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Service
    /// spec:
    ///   selector: {app: web}
    /// ```
    ///
    /// ## Applies to
    /// Service with a selector, but `ExternalName`. Evaluated where the input holds a pod, or what makes pods, in the
    /// same namespace, or is declared complete; not where a custom resource makes pods there whose labels no manifest
    /// shows.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/service/>
    static RULE = {
        id: "service-dangling",
        aliases: &[],
        title: "selects no pod",
        severity: Severity::Medium,
        level: None,
        tags: &["network", "correctness"],
    };
}

static BESIDE: Beside = Beside::needs(&["Service"], &[PODS]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(object) else { return };
    let Some(selector) = Selector::of_pairs(at(object, "spec.selector")) else { return };
    if selector.is_empty()
        || text(object, "spec.type") == Some("ExternalName")
        || near.has_uncertain_pods()
        || near.selected(&selector).next().is_some()
    {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.selector"),
            "selects no pod",
            "the Service has nobody to answer: no pod of the input in its namespace has these labels",
            "select the labels of the pods that it is for",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "service-dangling";
    const FOUND: &str = "- spec.selector: selects no pod";
    const PODS: &str = "---\nkind: Pod\nmetadata: {labels: {app: web}}\nspec: {}\n";

    fn of(spec: &str, others: &str) -> Vec<String> {
        found(ID, &format!("kind: Service\nspec: {{{spec}}}\n{others}"))
    }

    #[test]
    fn a_pod_has_to_have_the_labels() {
        assert_eq!(of("selector: {app: web}", PODS), [""; 0]);
        assert_eq!(of("selector: {app: web, tier: a}", PODS), [FOUND]);
        assert_eq!(of("selector: {app: db}", PODS), [FOUND]);
        assert_eq!(of("selector: {app: db}, type: ExternalName", PODS), [""; 0]);
        for none in ["", "selector: {}", "selector: null", "selector: []", "selector: {a: 1}"] {
            assert_eq!(of(none, PODS), [""; 0], "{none}");
        }
    }

    #[test]
    fn labels_that_controllers_add_are_known() {
        let set = "---\nkind: StatefulSet\nmetadata: {name: web}\nspec: {template: {metadata: {labels: {app: web}}}}\n";
        assert_eq!(of("selector: {app: web, statefulset.kubernetes.io/pod-name: web-0}", set), [""; 0]);
        assert_eq!(of("selector: {statefulset.kubernetes.io/pod-name: db-0}", set), [FOUND]);
        let job = "---\nkind: Job\nmetadata: {name: once}\nspec: {template: {}}\n";
        assert_eq!(of("selector: {job-name: once}", job), [""; 0]);
        let rollout = "---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {template: {metadata: {labels: {app: web}}, spec: {containers: []}}}\n";
        assert_eq!(of("selector: {app: web, rollouts-pod-template-hash: abc}", rollout), [""; 0]);
        assert_eq!(of("selector: {app: db}", rollout), [FOUND]);
    }

    #[test]
    fn is_silent_where_pods_are_not_shown() {
        assert_eq!(of("selector: {app: db}", ""), [""; 0]);
        assert_eq!(of("selector: {app: db}", &PODS.replace("{labels", "{namespace: other, labels")).len(), 1, "the one namespace");
        let two = PODS.replace("{labels", "{namespace: other, labels") + "---\nkind: Secret\nmetadata: {namespace: third}\n";
        assert_eq!(of("selector: {app: db}", &two), [""; 0]);
        let operator = "---\napiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: a}\n";
        assert_eq!(of("selector: {app: db}", &format!("{PODS}{operator}")), [""; 0]);
        let rule = operator.replace("Prometheus", "PrometheusRule");
        assert_eq!(of("selector: {app: db}", &format!("{PODS}{rule}")), [FOUND]);
        let unknown = "---\napiVersion: example.com/v1\nkind: App\nspec: {template: {spec: {containers: [{name: a}]}}}\n";
        assert_eq!(of("selector: {app: db}", &format!("{PODS}{unknown}")), [""; 0]);
        let complete = Case { complete: true, ..Case::of(ID) };
        assert_eq!(complete.found("kind: Service\nspec: {selector: {app: db}}\n"), [FOUND]);
    }
}
