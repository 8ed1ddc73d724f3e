//! StatefulSets whose pods have no names of their own.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{path, pod_labels, text};

rule! {
    /// ## What it does
    /// Reports StatefulSets whose `serviceName` names a Service that is not in the input, is not headless
    /// (`clusterIP: None`) or does not select the pods.
    ///
    /// ## Why it matters
    /// The names of the pods (`web-0.web`) come from that Service: without it they do not resolve, and the members of
    /// a cluster do not find each other.
    ///
    /// ## How to fix
    /// Add a headless Service of that name with the labels of the pods as its selector.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Service
    /// metadata: {name: web}
    /// spec:
    ///   clusterIP: None
    ///   selector: {app: web}
    /// ```
    ///
    /// ## Applies to
    /// StatefulSet with a `serviceName`; it may be left out where nobody asks for the pods by name. Evaluated where
    /// the input holds a Service in the same namespace, or is declared complete.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id>
    static RULE = {
        id: "statefulset-headless-service",
        aliases: &[],
        title: "names no headless Service of its pods",
        severity: Severity::Medium,
        level: None,
        tags: &["reliability", "correctness"],
    };
}

static BESIDE: Beside = Beside::needs(&["StatefulSet"], &["Service"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let (Some(near), Some(name)) = (cx.near(object), text(object, "spec.serviceName")) else { return };
    let labels = pod_labels(object);
    let mut wrong = ("no such Service in the input", "which is not in the input", "add a headless Service of this name");
    for service in near.services_named(name) {
        wrong = match &service.selector {
            _ if !service.headless => {
                ("not a headless Service", "which is not headless", "set clusterIP: None in the Service")
            }
            Some(selector) if !selector.matches(&labels) => (
                "does not select the pods",
                "which does not select its pods",
                "set the Service's selector to the labels of the pods",
            ),
            // Somebody else writes the endpoints of a Service without a selector.
            _ => return,
        };
    }
    let (label, what, advice) = wrong;
    out.report(|| {
        let message = format!("the pods get no names of their own from Service `{name}`, {what}");
        Hit::new(path("spec.serviceName"), label, message, advice)
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "statefulset-headless-service";

    fn of(name: &str, service: &str) -> Vec<String> {
        found(ID, &format!("kind: StatefulSet\nmetadata: {{name: web}}\nspec: {{{name}template: {{metadata: {{labels: {{app: web}}}}}}}}\n---\nkind: Service\nmetadata: {{name: web}}\nspec: {service}\n"))
    }

    #[test]
    fn a_headless_service_of_the_pods_is_asked_for() {
        let web = "serviceName: web, ";
        assert_eq!(of(web, "{clusterIP: None, selector: {app: web}}"), [""; 0]);
        assert_eq!(of(web, "{clusterIP: None}"), [""; 0]);
        assert_eq!(of(web, "{selector: {app: web}}"), ["- spec.serviceName: not a headless Service"]);
        assert_eq!(of(web, "{clusterIP: None, selector: {app: db}}"), ["- spec.serviceName: does not select the pods"]);
        assert_eq!(of("serviceName: db, ", "{clusterIP: None}"), ["- spec.serviceName: no such Service in the input"]);
        assert_eq!(of("", "{}"), [""; 0]);
        assert_eq!(of("serviceName: '', ", "{}"), [""; 0]);
        assert_eq!(of("serviceName: [], ", "{}"), [""; 0]);
    }

    #[test]
    fn one_of_several_services_of_a_name_will_do() {
        let two = |one: &str, other: &str| of("serviceName: web, ", &format!("{one}\n---\nkind: Service\nmetadata: {{name: web}}\nspec: {other}"));
        assert_eq!(two("{}", "{clusterIP: None}"), [""; 0]);
        assert_eq!(two("{clusterIP: None}", "{}"), [""; 0]);
        assert_eq!(two("{}", "{}").len(), 1);
    }

    #[test]
    fn is_silent_where_no_service_is_shown() {
        let alone = "kind: StatefulSet\nspec: {serviceName: web, template: {}}\n";
        assert_eq!(found(ID, alone), [""; 0]);
        assert_eq!(Case { complete: true, ..Case::of(ID) }.found(alone).len(), 1);
    }
}
