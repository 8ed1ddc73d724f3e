//! Deployments behind a Service that stop before they start again.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{path, pod_labels, text};

rule! {
    /// ## What it does
    /// Reports Deployments with `strategy.type: Recreate` that a Service selects.
    ///
    /// ## Why it matters
    /// At every update all old pods are gone before the first new one starts: whoever asks the Service in between
    /// gets an error.
    ///
    /// ## How to fix
    /// Use `RollingUpdate`, the default, unless two versions must not run side by side or share a volume that only
    /// one can write.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Deployment
    /// spec:
    ///   strategy: {type: RollingUpdate}
    /// ```
    ///
    /// ## Applies to
    /// Deployment. Evaluated where a Service of the input, in the same namespace, selects the pods.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy>
    static RULE = {
        id: "update-strategy",
        aliases: &[],
        title: "is down while it is updated",
        severity: Severity::Info,
        level: None,
        tags: &["reliability"],
    };
}

static BESIDE: Beside = Beside::needs(&["Deployment"], &["Service"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(object) else { return };
    if text(object, "spec.strategy.type") != Some("Recreate")
        || near.services_of(&pod_labels(object)).next().is_none()
    {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.strategy.type"),
            "stops all pods first",
            "at every update all pods stop before new ones start, and the Service in front has nobody to answer",
            "set type: RollingUpdate, if two versions may run side by side",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "update-strategy";

    fn of(fields: &str, service: &str) -> Vec<String> {
        found(ID, &format!("kind: Deployment\nmetadata: {{name: web}}\nspec: {{{fields}template: {{metadata: {{labels: {{app: web}}}}}}}}\n---\nkind: Service\nspec: {service}\n"))
    }

    const SERVICE: &str = "{selector: {app: web}}";

    #[test]
    fn what_serves_must_not_stop() {
        assert_eq!(of("strategy: {type: Recreate}, ", SERVICE), ["- spec.strategy.type: stops all pods first"]);
        assert_eq!(of("strategy: {type: RollingUpdate}, ", SERVICE), [""; 0]);
        assert_eq!(of("strategy: {}, ", SERVICE), [""; 0]);
        assert_eq!(of("strategy: [], ", SERVICE), [""; 0]);
        assert_eq!(of("", SERVICE), [""; 0]);
    }

    #[test]
    fn what_does_not_serve_may() {
        assert_eq!(of("strategy: {type: Recreate}, ", "{selector: {app: db}}"), [""; 0]);
        assert_eq!(of("strategy: {type: Recreate}, ", "{clusterIP: None}"), [""; 0]);
    }
}
