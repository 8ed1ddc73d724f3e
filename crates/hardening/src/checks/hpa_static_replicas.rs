//! Scaled workloads that say how many replicas they have.

use seawall_finding::{Fix, FixStep, Safety, Severity, Step, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{at, path};

rule! {
    /// ## What it does
    /// Reports Deployments and StatefulSets that set `spec.replicas` although a HorizontalPodAutoscaler, or a
    /// ScaledObject of KEDA, of the input scales them.
    ///
    /// ## Why it matters
    /// Every time the manifest is applied the workload falls back to that number, however many pods the load asks
    /// for, until the autoscaler has noticed.
    ///
    /// ## How to fix
    /// Remove `spec.replicas`. The first time, `kubectl apply` takes that for 1: see the reference for how to hand
    /// over without that.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Deployment
    /// spec:
    ///   # no replicas: the autoscaler sets them
    ///   selector: {matchLabels: {app: web}}
    /// ```
    ///
    /// ## Applies to
    /// Deployment and StatefulSet read from files; objects of a cluster always have the field. Evaluated where the
    /// input holds the autoscaler, in the same namespace.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#migrating-deployments-and-statefulsets-to-horizontal-autoscaling>
    static RULE = {
        id: "hpa-static-replicas",
        aliases: &[],
        title: "sets the replicas that an autoscaler manages",
        severity: Severity::Medium,
        level: None,
        tags: &["reliability", "correctness"],
    };
}

static BESIDE: Beside = Beside::always(&["Deployment", "StatefulSet"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let scaler = cx.near(object).and_then(|near| near.scaler(object.kind, object.name));
    if scaler.is_none() || !cx.from_file || at(object, "spec.replicas").is_none() {
        return;
    }
    out.report(|| {
        let replicas = path("spec.replicas");
        let step = FixStep { path: replicas.clone(), at_pod: None, step: Step::Remove(None) };
        Hit::new(
            replicas,
            "an autoscaler sets this",
            "the number of replicas is set here and by an autoscaler: each time this is applied the autoscaler's is lost",
            "remove replicas",
        )
        .fix(Fix {
            safety: Safety::Likely,
            note: "where it was applied with kubectl apply, the first time afterwards goes down to 1 replica until the autoscaler acts".into(),
            answer: None,
            steps: vec![step],
            patch: None,
        })
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "hpa-static-replicas";
    const FOUND: &str = "- spec.replicas: an autoscaler sets this";

    fn of(kind: &str, replicas: &str, scaler: &str) -> Vec<String> {
        found(ID, &format!("kind: {kind}\nmetadata: {{name: web}}\nspec: {{{replicas}template: {{}}}}\n---\n{scaler}"))
    }

    #[test]
    fn an_autoscaler_and_a_number_are_too_much() {
        let scaler = |kind: &str| format!("kind: HorizontalPodAutoscaler\nspec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: {kind}, name: web}}}}\n");
        for kind in ["Deployment", "StatefulSet"] {
            assert_eq!(of(kind, "replicas: 2, ", &scaler(kind)), [FOUND]);
            assert_eq!(of(kind, "replicas: null, ", &scaler(kind)), [""; 0]);
            assert_eq!(of(kind, "", &scaler(kind)), [""; 0]);
        }
        assert_eq!(of("Deployment", "replicas: 2, ", &scaler("StatefulSet")), [""; 0]);
        assert_eq!(of("Deployment", "replicas: 2, ", "kind: Service\n"), [""; 0]);
    }

    #[test]
    fn keda_scales_deployments_where_it_is_not_told_otherwise() {
        let nameless = "kind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {name: web}}\n";
        assert_eq!(of("Deployment", "replicas: 2, ", nameless), [""; 0]);
        let keda = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nspec: {scaleTargetRef: {name: web}}\n";
        assert_eq!(of("Deployment", "replicas: 2, ", keda), [FOUND]);
        assert_eq!(of("StatefulSet", "replicas: 2, ", keda), [""; 0]);
    }
}
