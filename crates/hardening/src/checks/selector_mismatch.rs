//! Workloads whose selector does not select their pods.

use seawall_finding::{Fix, FixStep, Safety, Severity, Step, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::{Kind, NodeRef};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::said_of;
use crate::selector::{Unmet, is_empty, unmet, unmet_labels};

rule! {
    /// ## What it does
    /// Reports workloads whose selector does not match the labels of their own pod template, and those whose selector
    /// is empty or missing where there is no default for it.
    ///
    /// ## Why it matters
    /// The API server refuses such a workload.
    ///
    /// ## How to fix
    /// Write the same labels into `spec.selector.matchLabels` and `spec.template.metadata.labels`. The selector of what
    /// is in the cluster already cannot be changed: then change the labels.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   selector:
    ///     matchLabels: {app: web}
    ///   template:
    ///     metadata:
    ///       labels: {app: web}
    /// ```
    ///
    /// ## Applies to
    /// Deployments, StatefulSets, DaemonSets, ReplicaSets and ReplicationControllers, and Jobs with `manualSelector:
    /// true`; others get their selector from the API server. ReplicationControllers, and what is of
    /// `extensions/v1beta1` or `apps/v1beta1`, take the labels of the template where no selector is written. What has
    /// no template, or no selector besides no labels or no containers with images, is taken for a part of an object,
    /// as patches are.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>
    /// - <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/apps/validation/validation.go>
    static RULE = {
        id: "selector-mismatch",
        aliases: &[],
        title: "does not select its own pods",
        severity: Severity::High,
        level: None,
        tags: &["correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

const NOTE: &str = "adds a label to the pods: the API server refuses them without; make sure that it is not the selector that is wrong";
const ADVICE: &str = "write the same labels into the selector and into the template";

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let Some(kind) = selects(object) else { return };
    let Some(spec) = object.node.get("spec") else { return };
    let Some(template) = spec.get("template").filter(|template| !template.is_null()) else { return };
    let labels = template.get("metadata").and_then(|metadata| metadata.get("labels")).filter(|l| l.count() > 0);
    let selector = spec.get("selector").filter(|selector| !selector.is_null());
    let path = || FieldPath::root().keys("spec.selector");
    let Some(selector) = selector else {
        if kind == Selects::Required && labels.is_some() && !is_patch(template) {
            out.report(|| {
                let message = format!("{} has no selector", said_of(object));
                let advice = format!("{ADVICE}; if Kustomize adds them, scan what `kustomize build` prints");
                Hit::new(path(), "no selector", message, advice)
            });
        }
        return;
    };
    if kind == Selects::ByMap {
        report(object, labels, unmet_labels(selector, labels), out);
    } else if selector.resolved().kind() == Kind::Mapping && is_empty(selector) {
        out.report(|| {
            let message = format!("{} has an empty selector", said_of(object));
            Hit::new(path(), "selects nothing of its own", message, ADVICE)
        });
    } else {
        report(object, labels, unmet(selector, labels), out);
    }
}

/// Whether a template can only be a patch of another: it has no containers, or some without an image.
fn is_patch(template: NodeRef<'_>) -> bool {
    let containers = template.get("spec").and_then(|spec| spec.get("containers"));
    let whole = |list: NodeRef<'_>| list.count() > 0 && list.items().all(|container| container.get("image").is_some());
    !containers.is_some_and(whole)
}

/// How a kind of workload selects its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selects {
    /// A selector is required.
    Required,
    /// Where there is none, the labels of the template are taken.
    Defaulted,
    /// The same, and the selector is a mapping of labels.
    ByMap,
}

/// How an object selects its pods, if its selector has to match (k8s.io/kubernetes `pkg/apis/apps`, `pkg/apis/core/v1/defaults.go`).
fn selects(object: &Object<'_>) -> Option<Selects> {
    match (object.api_version, object.kind) {
        ("apps/v1" | "apps/v1beta2", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => Some(Selects::Required),
        ("extensions/v1beta1", "Deployment" | "DaemonSet" | "ReplicaSet") | ("apps/v1beta1", "Deployment" | "StatefulSet") => {
            Some(Selects::Defaulted)
        }
        ("v1", "ReplicationController") => Some(Selects::ByMap),
        ("batch/v1", "Job") => {
            let manual = object.node.get("spec").and_then(|spec| spec.get("manualSelector")).and_then(NodeRef::as_bool);
            (manual == Some(true)).then_some(Selects::Required)
        }
        _ => None,
    }
}

fn report<'d>(
    object: &Object<'d>,
    labels: Option<NodeRef<'d>>,
    unmet: impl Iterator<Item = Unmet<'d>>,
    out: &mut Out<'_>,
) {
    let selector = || FieldPath::root().keys("spec.selector");
    let template = || FieldPath::root().keys("spec.template.metadata.labels");
    for requirement in unmet {
        out.report(|| {
            let said = format!("{} does not select its own pods:", said_of(object));
            match requirement {
                Unmet::Label { key, value } => {
                    let list = if object.kind == "ReplicationController" { selector() } else { selector().key("matchLabels") };
                    let place = template().key(&*key);
                    let missing = labels.and_then(|labels| labels.get(&key)).is_none();
                    let how = if missing { "is missing in the template" } else { "has another value in the template" };
                    let message = format!("{said} the label `{key}` {how}");
                    let hit = Hit::new(list.key(&*key), "not in the template", message, ADVICE);
                    // What has another value may be wrong on either side.
                    let hit = if missing { hit.fix(add(place.clone(), value)) } else { hit };
                    hit.related(place, "a label of the pods")
                }
                Unmet::Expression { index, key } => {
                    let message = format!("{said} the label `{key}` of the template does not meet an expression");
                    let path = selector().key("matchExpressions").index(index);
                    Hit::new(path, "not met by the template", message, ADVICE).related(template().key(key), "a label of the pods")
                }
            }
        });
    }
}

/// The label in the template.
fn add(path: FieldPath, value: &str) -> Fix {
    let steps = vec![FixStep { path, at_pod: None, step: Step::Set(value.into()) }];
    Fix { safety: Safety::Likely, note: NOTE.into(), answer: None, steps, patch: None }
}

#[cfg(test)]
mod tests {
    use seawall_finding::Step;

    use crate::testing::{Case, found};

    const ID: &str = "selector-mismatch";

    fn workload(head: &str, selector: &str, labels: &str) -> String {
        format!("{head}\nmetadata: {{name: w}}\nspec: {{selector: {selector}, template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: a, image: b}}]}}}}}}\n")
    }

    fn deployment(selector: &str, labels: &str) -> Vec<String> {
        found(ID, &workload("kind: Deployment", selector, labels))
    }

    #[test]
    fn labels_have_to_match() {
        assert_eq!(deployment("{matchLabels: {app: web}}", "{app: web, tier: front}"), [""; 0]);
        assert_eq!(deployment("{matchLabels: {app: web, a.b/c: d}}", "{app: api}"), [
            "- spec.selector.matchLabels.app: not in the template",
            "- spec.selector.matchLabels[\"a.b/c\"]: not in the template",
        ]);
        assert_eq!(
            deployment("{matchExpressions: [{key: app, operator: Exists}, {key: app, operator: In, values: [api]}]}", "{app: web}"),
            ["- spec.selector.matchExpressions[1]: not met by the template"]
        );
        assert_eq!(deployment("{matchLabels: {app: web}}", "null").len(), 1);
        assert_eq!(deployment("{matchLabels: {app: 1}}", "{app: web}"), [""; 0]);
        assert_eq!(deployment("wrong", "{app: web}"), [""; 0]);
    }

    #[test]
    fn a_selector_is_needed() {
        assert_eq!(deployment("{}", "{app: web}"), ["- spec.selector: selects nothing of its own"]);
        assert_eq!(deployment("null", "{app: web}"), ["- spec.selector: no selector"]);
        let alias = "kind: Deployment\nmetadata: {annotations: &e {}}\nspec: {selector: *e, template: {metadata: {labels: {a: b}}}}\n";
        assert_eq!(found(ID, alias), ["- spec.selector: selects nothing of its own"]);
        assert_eq!(deployment("null", "null"), [""; 0]);
        let whole = workload("kind: Deployment", "null", "{app: web}");
        for (from, to) in [(", image: b", ""), ("containers:", "initContainers:"), ("[{name: a, image: b}]", "[]")] {
            assert!(whole.contains(from));
            assert_eq!(found(ID, &whole.replace(from, to)), [""; 0], "a patch of Kustomize: {to}");
        }
        assert_eq!(found(ID, "kind: Deployment\nspec: {replicas: 2, selector: {matchLabels: {a: b}}}\n"), [""; 0]);
    }

    #[test]
    fn every_kind_by_its_own_rules() {
        let wrong = "{matchLabels: {a: b}}";
        for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
            assert_eq!(found(ID, &workload(&format!("kind: {kind}"), wrong, "{c: d}")).len(), 1, "{kind}");
        }
        for head in ["apiVersion: extensions/v1beta1\nkind: Deployment", "apiVersion: apps/v1beta1\nkind: StatefulSet"] {
            assert_eq!(found(ID, &workload(head, wrong, "{c: d}")).len(), 1, "{head}");
            assert_eq!(found(ID, &workload(head, "null", "{c: d}")), [""; 0], "{head}");
        }
        let controller = |selector| found(ID, &workload("kind: ReplicationController", selector, "{c: d}"));
        assert_eq!(controller("{a: b}"), ["- spec.selector.a: not in the template"]);
        for fine in ["{c: d}", "{}", "null"] {
            assert_eq!(controller(fine), [""; 0], "{fine}");
        }
        let job = workload("kind: Job", wrong, "{c: d}");
        assert_eq!(found(ID, &job), [""; 0]);
        assert_eq!(found(ID, &job.replace("spec: {", "spec: {manualSelector: true, ")).len(), 1);
    }

    #[test]
    fn a_missing_label_can_be_added_and_another_value_cannot() {
        let fix = |labels| Case::of(ID).findings(&workload("kind: Deployment", "{matchLabels: {app: web}}", labels)).remove(0).fix;
        let missing = fix("{a: b}").expect("a fix");
        assert_eq!(missing.steps[0].path.to_string(), "spec.template.metadata.labels.app");
        assert_eq!(missing.steps[0].step, Step::Set("web".into()));
        assert!(fix("{app: api}").is_none());
    }

    #[test]
    fn a_merged_label_counts() {
        let text = "kind: Deployment\nspec:\n  selector: {matchLabels: &l {app: web}}\n  template: {metadata: {labels: {<<: *l, a: b}}}\n";
        assert_eq!(found(ID, text), [""; 0]);
    }
}
