//! ServiceMonitors that watch nothing.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::index::{Near, Selector};
use crate::workloads::{at, is, path};

rule! {
    /// ## What it does
    /// Reports ServiceMonitors whose selector selects no Service of the input in the namespaces that they look into:
    /// their own, those of `namespaceSelector.matchNames`, or any.
    ///
    /// ## Why it matters
    /// Nothing is scraped, and no alert that rests on it ever fires.
    ///
    /// ## How to fix
    /// Write the labels of the Service itself, which are not those of its pods.
    ///
    /// ## Example
    /// ```yaml
    /// kind: ServiceMonitor
    /// spec:
    ///   selector: {matchLabels: {app: web}}
    /// ```
    ///
    /// ## Applies to
    /// ServiceMonitor of `monitoring.coreos.com`. Evaluated where the input holds a Service in each of these
    /// namespaces, or is declared complete.
    ///
    /// ## References
    /// - <https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor>
    static RULE = {
        id: "servicemonitor-dangling",
        aliases: &[],
        title: "selects no Service",
        severity: Severity::Low,
        level: None,
        off: true,
        tags: &["correctness", "reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Others(&["Service"]), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if !is(object, &["monitoring.coreos.com"], "ServiceMonitor") {
        return;
    }
    let (Some(index), Some(selector)) = (cx.index, Selector::of(at(object, "spec.selector"))) else { return };
    let any = at(object, "spec.namespaceSelector.any").and_then(NodeRef::as_bool) == Some(true);
    let names: Vec<&str> = at(object, "spec.namespaceSelector.matchNames")
        .into_iter()
        .flat_map(NodeRef::items)
        .filter_map(NodeRef::as_str)
        .collect();
    let spaces: Vec<Near<'_>> = if any {
        index.namespaces(cx.scope).collect()
    } else if names.is_empty() {
        cx.near(object).into_iter().collect()
    } else {
        names.iter().map(|name| index.near(cx.scope, name)).collect()
    };
    let shown = any || spaces.iter().all(|near| near.shows(&["Service"]));
    if !shown || spaces.iter().any(|near| near.has_service_labelled(&selector)) {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.selector"),
            "selects no Service",
            "nothing is scraped: no Service of the input has these labels",
            "select the labels of the Service, which are not those of its pods",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "servicemonitor-dangling";
    const FOUND: &str = "- spec.selector: selects no Service";

    fn monitor(spec: &str) -> String {
        format!("apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {{namespace: mon}}\nspec: {{{spec}}}\n")
    }

    fn of(spec: &str) -> Vec<String> {
        let service = |namespace: &str, app: &str| format!("---\nkind: Service\nmetadata: {{name: a, namespace: {namespace}, labels: {{app: {app}}}}}\n");
        found(ID, &(monitor(spec) + &service("mon", "mon") + &service("shop", "web")))
    }

    #[test]
    fn a_service_has_to_have_the_labels() {
        assert_eq!(of("selector: {matchLabels: {app: mon}}"), [""; 0]);
        assert_eq!(of("selector: {}"), [""; 0]);
        assert_eq!(of("selector: {matchLabels: {app: web}}"), [FOUND]);
        assert_eq!(of("selector: {matchExpressions: [{key: app, operator: In, values: [web, mon, db]}]}"), [""; 0]);
        assert_eq!(of("selector: []"), [""; 0]);
    }

    #[test]
    fn looks_where_it_says() {
        let web = "selector: {matchLabels: {app: web}}";
        assert_eq!(of(&format!("{web}, namespaceSelector: {{any: true}}")), [""; 0]);
        assert_eq!(of(&format!("{web}, namespaceSelector: {{matchNames: [shop]}}")), [""; 0]);
        assert_eq!(of(&format!("{web}, namespaceSelector: {{matchNames: [mon]}}")), [FOUND]);
        assert_eq!(of(&format!("{web}, namespaceSelector: {{matchNames: [mon, other]}}")), [""; 0], "not shown");
        assert_eq!(of("selector: {matchLabels: {app: db}}, namespaceSelector: {any: true}"), [FOUND]);
    }

    #[test]
    fn is_silent_where_no_service_is_shown() {
        let alone = monitor("selector: {matchLabels: {app: web}}");
        assert_eq!(found(ID, &alone), [""; 0]);
        assert_eq!(Case { complete: true, ..Case::of(ID) }.found(&alone), [FOUND]);
    }
}
