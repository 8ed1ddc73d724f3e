//! HorizontalPodAutoscalers of workloads that are not there.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::index::Near;
use crate::workloads::{at, path, text};

rule! {
    /// ## What it does
    /// Reports HorizontalPodAutoscalers whose `scaleTargetRef` names a workload that the input does not hold in their
    /// namespace, or names it by another API group than its own.
    ///
    /// ## Why it matters
    /// Such an autoscaler does nothing but write events: the workload stays at the size it has.
    ///
    /// ## How to fix
    /// Correct the name, the kind or the apiVersion.
    ///
    /// ## Example
    /// ```yaml
    /// kind: HorizontalPodAutoscaler
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    /// ```
    ///
    /// ## Applies to
    /// HorizontalPodAutoscaler of every version of `autoscaling`. Evaluated where the input holds an object of the
    /// kind that it names in the same namespace, or is declared complete.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/>
    static RULE = {
        id: "hpa-target-missing",
        aliases: &[],
        title: "scales a workload that is not there",
        severity: Severity::High,
        level: None,
        tags: &["correctness"],
    };
}

static BESIDE: Beside = Beside {
    of: &["HorizontalPodAutoscaler"],
    need: &[],
    missing: "workload of the kind that is scaled",
    unseen: Some(unseen),
    placed: false,
};

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn unseen(near: Near<'_>) -> usize {
    near.unseen_scaler_targets()
}

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let target = |field| text(object, field);
    let (Some(near), Some(kind), Some(name)) =
        (cx.near(object), target("spec.scaleTargetRef.kind"), target("spec.scaleTargetRef.name"))
    else {
        return;
    };
    let version = target("spec.scaleTargetRef.apiVersion").unwrap_or("v1");
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    if near.has(group, kind, name) {
        return;
    }
    if group != "apps" && near.has("apps", kind, name) {
        return out.report(|| {
            Hit::new(
                path("spec.scaleTargetRef.apiVersion"),
                if at(object, "spec.scaleTargetRef.apiVersion").is_some() {
                    "not its API group"
                } else {
                    "no apiVersion"
                },
                format!("scales {kind} `{name}` of {version}, where there is no such kind"),
                "set apiVersion: apps/v1",
            )
        });
    }
    if near.shows_kind(group, kind) {
        out.report(|| {
            Hit::new(
                path("spec.scaleTargetRef.name"),
                "not in the input",
                format!("scales {kind} `{name}`, which is not in the input"),
                format!("name a {kind} of the same namespace"),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "hpa-target-missing";

    fn scaler(target: &str) -> String {
        format!("kind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec: {{scaleTargetRef: {target}}}\n")
    }

    const OTHER: &str = "---\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {}}\n";

    #[test]
    fn the_target_is_found_by_group_kind_and_name() {
        let of = |target: &str| found(ID, &(scaler(target) + OTHER));
        assert_eq!(of("{apiVersion: apps/v1, kind: Deployment, name: web}"), [""; 0]);
        let missing = ["- spec.scaleTargetRef.name: not in the input"];
        assert_eq!(of("{apiVersion: apps/v1, kind: Deployment, name: db}"), missing);
        assert_eq!(of("{apiVersion: v1, kind: Deployment, name: web}"), ["- spec.scaleTargetRef.apiVersion: not its API group"]);
        assert_eq!(of("{kind: Deployment, name: web}"), ["- spec.scaleTargetRef.apiVersion: no apiVersion"]);
        for broken in ["null", "[]", "{kind: 1, name: web}", "{kind: Deployment}"] {
            assert_eq!(of(broken), [""; 0], "{broken}");
        }
        for version in ["v1", "v2", "v2beta1", "v2beta2"] {
            let yaml = format!("apiVersion: autoscaling/{version}\n{}", scaler("{apiVersion: apps/v1, kind: Deployment, name: db}"));
            assert_eq!(found(ID, &(yaml + OTHER)), missing, "{version}");
        }
    }

    #[test]
    fn is_silent_where_the_input_shows_no_such_kind() {
        let stateful = scaler("{apiVersion: apps/v1, kind: StatefulSet, name: db}") + OTHER;
        assert_eq!(found(ID, &stateful), [""; 0]);
        let custom = scaler("{apiVersion: example.com/v1, kind: App, name: db}") + OTHER;
        assert_eq!(found(ID, &custom), [""; 0]);
        let complete = Case { complete: true, ..Case::of(ID) };
        assert_eq!(complete.found(&stateful).len() + complete.found(&custom).len(), 2);
        let elsewhere = scaler("{apiVersion: apps/v1, kind: Deployment, name: web}").replace("{name: web}\n", "{name: web, namespace: a}\n");
        let other = OTHER.replace("{name: web}", "{name: web, namespace: b}");
        assert_eq!(found(ID, &(elsewhere + &other)), [""; 0]);
    }
}
