//! Labels that break the syntax.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::{FieldPath, Segment};
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::names::{is_plain, key_fault, value_fault};

rule! {
    /// ## What it does
    /// Reports keys and values of labels that the API server refuses: of objects and of pod templates, in `matchLabels`
    /// of selectors, in selectors of Services and ReplicationControllers and in `nodeSelector`.
    ///
    /// ## Why it matters
    /// The API server refuses the object. In a template it does so when pods are made: the workload is there, and has
    /// no pods.
    ///
    /// ## How to fix
    /// Keys are a name of up to 63 letters, digits, `-`, `_` and `.` that begins and ends with a letter or digit, with
    /// a DNS name and `/` in front if need be. Values follow the rules of the name, or are empty.
    ///
    /// ## Example
    /// ```yaml
    /// labels:
    ///   app.kubernetes.io/name: web
    ///   version: "1.0"
    /// ```
    ///
    /// ## Applies to
    /// Every object, and every pod and pod template: labels, `nodeSelector`, affinity and topology spread constraints.
    /// A value that is no text is a matter of `schema-invalid`. Annotations have other rules.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>
    /// - <https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go>
    static RULE = {
        id: "label-invalid",
        aliases: &[],
        title: "has an invalid label",
        severity: Severity::High,
        level: None,
        tags: &["correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::PodAndObject(pod, object) };

fn object(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if let Some(labels) = object.metadata.and_then(|metadata| metadata.get("labels")) {
        check(labels, || FieldPath::root().keys("metadata.labels"), "label", out);
    }
    let Some(spec) = object.node.get("spec") else { return };
    let selectors = || FieldPath::root().keys("spec.selector");
    match (object.group(), object.kind) {
        ("", "Service" | "ReplicationController") => {
            if let Some(selector) = spec.get("selector") {
                check(selector, selectors, "selector", out);
            }
        }
        ("apps" | "batch" | "policy" | "extensions", _) => {
            if let Some(labels) = spec.get("selector").and_then(|selector| selector.get("matchLabels")) {
                check(labels, || selectors().key("matchLabels"), "selector", out);
            }
        }
        ("networking.k8s.io", "NetworkPolicy") => match_labels(spec, &mut FieldPath::known(&["spec"]), out),
        _ => {}
    }
}

fn pod(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if let Some(labels) = at.pod.metadata.labels.filter(|_| at.template.has_own_metadata()) {
        check(labels, || FieldPath::root().keys("metadata.labels"), "label", out);
    }
    let spec = &at.pod.spec;
    if let Some(selector) = spec.node_selector {
        check(selector, || FieldPath::root().keys("spec.nodeSelector"), "node selector", out);
    }
    for (key, node) in
        [("affinity", spec.affinity), ("topologySpreadConstraints", spec.topology_spread_constraints)]
    {
        if let Some(node) = node {
            match_labels(node, &mut FieldPath::known(&["spec", key]), out);
        }
    }
}

/// Checks every `matchLabels` at and below a node, which stands at `path`.
fn match_labels(node: NodeRef<'_>, path: &mut FieldPath, out: &mut Out<'_>) {
    for (index, item) in node.items().enumerate() {
        below(Segment::Index(index as u32), item, path, out);
    }
    for (key, value) in node.entries() {
        match key.as_str() {
            Some("matchLabels") => check(value, || path.clone().key("matchLabels"), "selector", out),
            Some(key) => below(Segment::Key(key.into()), value, path, out),
            None => {}
        }
    }
}

/// As [`match_labels`], one step further. Nothing there nests deeper than the API's types do.
fn below(step: Segment, node: NodeRef<'_>, path: &mut FieldPath, out: &mut Out<'_>) {
    const DEEPEST: usize = 12;
    if path.0.len() < DEEPEST {
        path.0.push(step);
        match_labels(node, path, out);
        path.0.pop();
    }
}

/// Reports the keys and values of a mapping that break the syntax.
fn check(labels: NodeRef<'_>, path: impl Fn() -> FieldPath, what: &str, out: &mut Out<'_>) {
    for (key, value) in labels.entries() {
        let is_plain = |node: NodeRef<'_>| node.as_str_bytes().is_some_and(is_plain);
        if is_plain(key) && (is_plain(value) || value.as_str_bytes().is_none()) {
            continue;
        }
        let Some(key) = key.key() else { continue };
        let hit = |message: String| {
            let advice = "use up to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";
            Hit::new(path().key(&*key), "breaks the syntax", message, advice)
        };
        if let Some(fault) = key_fault(&key) {
            out.report(|| hit(format!("the key of the {what} `{key}` {fault}")));
        }
        if let Some(fault) = value.as_str().and_then(value_fault) {
            out.report(|| hit(format!("the value of the {what} `{key}` {fault}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_kind};

    const ID: &str = "label-invalid";

    #[test]
    fn keys_and_values_of_objects() {
        let labels = |labels: &str| found(ID, &format!("kind: ConfigMap\nmetadata: {{labels: {labels}}}\n"));
        assert_eq!(labels("{a: b, c.d/e: '', f: null, g: 1}"), [""; 0]);
        assert_eq!(labels("{a: b, c: 'd e'}"), ["- metadata.labels.c: breaks the syntax"]);
        assert_eq!(labels("{A/b: 'd e'}").len(), 2);
        assert_eq!(labels("null"), [""; 0]);
        assert_eq!(labels("a b"), [""; 0]);
    }

    #[test]
    fn selectors_of_objects() {
        for (kind, spec, at) in [
            ("Service", "{selector: {a: b c}}", "spec.selector.a"),
            ("ReplicationController", "{selector: {a: b c}}", "spec.selector.a"),
            ("Deployment", "{selector: {matchLabels: {a: b c}}}", "spec.selector.matchLabels.a"),
            ("PodDisruptionBudget", "{selector: {matchLabels: {a: b c}}}", "spec.selector.matchLabels.a"),
            ("NetworkPolicy", "{podSelector: {matchLabels: {a: b c}}}", "spec.podSelector.matchLabels.a"),
            (
                "NetworkPolicy",
                "{ingress: [{from: [{namespaceSelector: {matchLabels: {a: b c}}}]}]}",
                "spec.ingress[0].from[0].namespaceSelector.matchLabels.a",
            ),
        ] {
            assert_eq!(found(ID, &format!("kind: {kind}\nspec: {spec}\n")), [format!("- {at}: breaks the syntax")], "{kind}");
            assert_eq!(found(ID, &format!("kind: {kind}\nspec: {}\n", spec.replace("b c", "b"))), [""; 0], "{kind}");
        }
    }

    #[test]
    fn pods_are_looked_at_once() {
        let pod = "kind: Pod\nmetadata: {labels: {a: b c}}\nspec: {nodeSelector: {'d e': f}}\n";
        assert_eq!(found(ID, pod), ["- metadata.labels.a: breaks the syntax", "- spec.nodeSelector[\"d e\"]: breaks the syntax"]);
        let deployment = "kind: Deployment\nmetadata: {labels: {a: b}}\nspec: {template: {metadata: {labels: {a: b c}}}}\n";
        assert_eq!(found(ID, deployment), ["- spec.template.metadata.labels.a: breaks the syntax"]);
    }

    #[test]
    fn every_kind_of_workload() {
        let spec = "topologySpreadConstraints: [{labelSelector: {matchLabels: {a: b c}}}]\naffinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {'-a': b}}}]}}\n";
        let kinds = in_every_kind(ID, spec);
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 2), "{kinds:?}");
    }

    #[test]
    fn the_value_is_not_shown() {
        let found = Case::of(ID).findings("kind: ConfigMap\nmetadata: {labels: {password: 'hunter 2'}}\n");
        let message = &found[0].finding.message;
        assert_eq!(message, "the value of the label `password` has characters other than letters, digits, `-`, `_` and `.`");
    }
}
