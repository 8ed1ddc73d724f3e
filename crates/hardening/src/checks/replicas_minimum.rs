//! Deployments behind a Service with a single pod.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{path, pod_labels, replicas, said};

rule! {
    /// ## What it does
    /// Reports Deployments with fewer replicas than the least number (2) that a Service selects and no autoscaler
    /// manages. Deployments of 0 replicas are switched off and not meant.
    ///
    /// ## Why it matters
    /// When the node of the only pod is drained or fails, nobody answers until another pod has started.
    ///
    /// ## How to fix
    /// Set `spec.replicas` to 2 or more, if the application can run more than once.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Deployment
    /// spec:
    ///   replicas: 2
    /// ```
    ///
    /// ## Applies to
    /// Deployment. Evaluated where a Service of the input, in the same namespace, selects the pods. The parameter
    /// `minimum_replicas` sets the number.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/>
    static RULE = {
        id: "replicas-minimum",
        aliases: &[],
        title: "serves with a single replica",
        severity: Severity::Info,
        level: None,
        tags: &["reliability"],
    };
}

static BESIDE: Beside = Beside::needs(&["Deployment"], &["Service"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(object) else { return };
    let (replicas, wanted) = (replicas(object), cx.params.minimum_replicas);
    let enough = replicas == 0 || i64::from(replicas) >= wanted;
    if enough
        || near.scaler(object.kind, object.name).is_some()
        || near.services_of(&pod_labels(object)).next().is_none()
    {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.replicas"),
            format!("less than {wanted}"),
            format!("serves with {} where {wanted} are asked for", said(replicas)),
            format!("set replicas: {wanted}"),
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "replicas-minimum";
    const FOUND: &str = "- spec.replicas: less than 2";

    fn of(fields: &str, service: &str) -> Vec<String> {
        found(ID, &format!("kind: Deployment\nmetadata: {{name: web}}\nspec: {{{fields}template: {{metadata: {{labels: {{app: web}}}}}}}}\n---\nkind: Service\nspec: {service}\n"))
    }

    const SERVICE: &str = "{selector: {app: web}}";

    #[test]
    fn what_serves_needs_two() {
        assert_eq!(of("", SERVICE), [FOUND]);
        assert_eq!(of("replicas: 1, ", SERVICE), [FOUND]);
        assert_eq!(of("replicas: 2, ", SERVICE), [""; 0]);
        assert_eq!(of("replicas: 0, ", SERVICE), [""; 0]);
        let mut case = Case::of(ID);
        case.params.minimum_replicas = 1;
        assert_eq!(case.found("kind: Deployment\n---\nkind: Service\n"), [""; 0]);
    }

    #[test]
    fn what_does_not_serve_or_is_scaled_is_left_alone() {
        assert_eq!(of("", "{selector: {app: db}}"), [""; 0]);
        assert_eq!(of("", "{}"), [""; 0]);
        assert_eq!(of("", "{type: ExternalName, selector: {app: web}}"), [""; 0]);
        let scaler = "---\nkind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {kind: Deployment, name: web}}\n";
        assert_eq!(of("", &format!("{SERVICE}\n{scaler}")), [""; 0]);
    }
}
