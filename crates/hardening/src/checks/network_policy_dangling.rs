//! NetworkPolicies that select nothing.

use std::borrow::Cow;

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_yaml::NodeRef;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::index::{PODS, Selector};
use crate::workloads::{at, is, path};

rule! {
    /// ## What it does
    /// Reports NetworkPolicies whose `podSelector` selects no pod of the input in their namespace, although a pod there has
    /// a label of one of its keys: a selector of keys that no pod shows is for pods that a program makes, unless the input
    /// is declared complete. Those that select everything are meant for what comes later.
    ///
    /// ## Why it matters
    /// The pods that it was written for are open: somebody has renamed a label, or mistyped it.
    ///
    /// ## How to fix
    /// Write the labels that the pods have.
    ///
    /// ## Example
    /// ```yaml
    /// kind: NetworkPolicy
    /// spec:
    ///   podSelector: {matchLabels: {app: web}}
    /// ```
    ///
    /// ## Applies to
    /// NetworkPolicy of `networking.k8s.io/v1` and `extensions/v1beta1`. Evaluated where the input holds a pod, or
    /// what makes pods, in the same namespace, or is declared complete; not where a custom resource makes pods there
    /// whose labels no manifest shows.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/network-policies/>
    static RULE = {
        id: "network-policy-dangling",
        aliases: &[],
        title: "selects no pod",
        severity: Severity::Medium,
        level: None,
        tags: &["network", "correctness"],
    };
}

static BESIDE: Beside = Beside::needs(&["NetworkPolicy"], &[PODS]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(object) else { return };
    let Some(selector) = Selector::of(at(object, "spec.podSelector")) else { return };
    if !is(object, &["networking.k8s.io", "extensions"], "NetworkPolicy")
        || selector.is_empty()
        || near.has_uncertain_pods()
        || near.selected(&selector).next().is_some()
        || !(near.is_complete() || keys(object).iter().any(|key| near.has_pod_with(key)))
    {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.podSelector"),
            "selects no pod",
            "the policy protects no pod of the input: none in its namespace has these labels",
            "select the labels of the pods that it is for",
        )
    });
}

/// The keys of its selector.
fn keys<'d>(object: &Object<'d>) -> Vec<Cow<'d, str>> {
    let labels = at(object, "spec.podSelector.matchLabels").into_iter().flat_map(NodeRef::entries);
    let expressions = at(object, "spec.podSelector.matchExpressions").into_iter().flat_map(NodeRef::items);
    let keys = expressions.filter_map(|expression| expression.get("key")?.key());
    labels.filter_map(|(key, _)| key.key()).chain(keys).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "network-policy-dangling";
    const FOUND: &str = "- spec.podSelector: selects no pod";
    const PODS: &str = "---\nkind: Pod\nmetadata: {labels: {app: web}}\nspec: {}\n";

    fn of(selector: &str, others: &str) -> Vec<String> {
        found(ID, &format!("kind: NetworkPolicy\nspec: {{podSelector: {selector}}}\n{others}"))
    }

    #[test]
    fn a_pod_has_to_have_the_labels() {
        assert_eq!(of("{matchLabels: {app: web}}", PODS), [""; 0]);
        assert_eq!(of("{matchLabels: {app: db}}", PODS), [FOUND]);
        assert_eq!(of("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", PODS), [FOUND]);
        assert_eq!(of("{matchExpressions: [{key: x, operator: DoesNotExist}]}", PODS), [""; 0]);
        assert_eq!(of("{}", PODS), [""; 0]);
        assert_eq!(of("[]", PODS), [""; 0]);
        let old = format!("apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nspec: {{podSelector: {{matchLabels: {{app: b}}}}}}\n{PODS}");
        assert_eq!(found(ID, &old), [FOUND]);
        let calico = format!("apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nspec: {{podSelector: {{matchLabels: {{a: b}}}}}}\n{PODS}");
        assert_eq!(found(ID, &calico), [""; 0]);
    }

    #[test]
    fn keys_that_no_pod_shows_are_of_pods_that_a_program_makes() {
        let made = "{matchLabels: {longhorn.io/component: instance-manager}}";
        assert_eq!(of(made, PODS), [""; 0]);
        assert_eq!(of("{matchExpressions: [{key: made-by, operator: Exists}]}", PODS), [""; 0]);
        assert_eq!(of("{matchLabels: {app: web, made-by: x}}", PODS), [FOUND]);
        let complete = Case { complete: true, ..Case::of(ID) };
        assert_eq!(complete.found(&format!("kind: NetworkPolicy\nspec: {{podSelector: {made}}}\n{PODS}")), [FOUND]);
    }

    #[test]
    fn is_silent_where_pods_are_not_shown() {
        assert_eq!(of("{matchLabels: {app: db}}", ""), [""; 0]);
        assert_eq!(of("{matchLabels: {app: db}}", "---\nkind: PodTemplate\ntemplate: {spec: {}}\n"), [""; 0]);
        let complete = Case { complete: true, ..Case::of(ID) };
        assert_eq!(complete.found("kind: NetworkPolicy\nspec: {podSelector: {matchLabels: {a: b}}}\n"), [FOUND]);
        let custom = "---\napiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nspec: {template: {spec: {containers: []}}}\n";
        assert_eq!(of("{matchLabels: {app: db}}", &format!("{PODS}{custom}")), [""; 0]);
    }
}
