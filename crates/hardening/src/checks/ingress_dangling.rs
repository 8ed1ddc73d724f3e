//! Ingresses that lead nowhere.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Out, Run, Sight};
use crate::backends::{BackendPort, backends, report};

rule! {
    /// ## What it does
    /// Reports backends of Ingresses, the default one too, whose Service is not in the input, or has no such port.
    ///
    /// ## Why it matters
    /// Requests for that path end with an error of the ingress controller.
    ///
    /// ## How to fix
    /// Correct the name or the port; it is that of the Service, not of the container.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Ingress
    /// spec:
    ///   defaultBackend:
    ///     service: {name: web, port: {number: 80}}
    /// ```
    ///
    /// ## Applies to
    /// Ingress of `networking.k8s.io/v1`, `networking.k8s.io/v1beta1` and `extensions/v1beta1`; backends that are
    /// other resources than Services are passed over. Evaluated where the input holds a Service in the same
    /// namespace, or is declared complete. The port `use-annotation` stands for an action of the AWS load balancer
    /// controller and needs no Service.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/ingress/>
    static RULE = {
        id: "ingress-dangling",
        aliases: &[],
        title: "sends requests to a Service that is not there",
        severity: Severity::Medium,
        level: None,
        tags: &["network", "correctness"],
    };
}

static BESIDE: Beside = Beside::needs(&["Ingress"], &["Service"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(object) else { return };
    backends(object, |backend| {
        if backend.port != Some(BackendPort::Name("use-annotation")) {
            report(&backend, near, out);
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "ingress-dangling";
    const SERVICE: &str = "---\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http, port: 80}]}\n";

    fn of(spec: &str) -> Vec<String> {
        found(ID, &format!("kind: Ingress\nspec: {{{spec}}}\n{SERVICE}"))
    }

    #[test]
    fn the_service_and_its_port_have_to_be_there() {
        let path = |service: &str| of(&format!("rules: [{{http: {{paths: [{{backend: {{service: {service}}}}}]}}}}]"));
        let at = "- spec.rules[0].http.paths[0].backend.service";
        assert_eq!(path("{name: web, port: {number: 80}}"), [""; 0]);
        assert_eq!(path("{name: web, port: {name: http}}"), [""; 0]);
        assert_eq!(path("{name: web}"), [""; 0]);
        assert_eq!(path("{name: db, port: {number: 80}}"), [format!("{at}.name: no such Service in the input")]);
        assert_eq!(path("{name: web, port: {number: 8080}}"), [format!("{at}.port.number: the Service has no such port")]);
        assert_eq!(path("{name: web, port: {name: grpc}}"), [format!("{at}.port.name: the Service has no such port")]);
        assert_eq!(path("{name: web, port: {name: use-annotation}}"), [""; 0]);
        assert_eq!(of("defaultBackend: {service: {name: db}}"), ["- spec.defaultBackend.service.name: no such Service in the input"]);
        assert_eq!(of("defaultBackend: {resource: {kind: Bucket, name: db}}"), [""; 0]);
        assert_eq!(of("rules: [1, {http: {paths: {}}}], defaultBackend: []"), [""; 0]);
    }

    #[test]
    fn older_versions_write_it_otherwise() {
        for version in ["extensions/v1beta1", "networking.k8s.io/v1beta1"] {
            let of = |backend: &str| found(ID, &format!("apiVersion: {version}\nkind: Ingress\nspec: {{backend: {backend}, rules: [{{http: {{paths: [{{backend: {backend}}}]}}}}]}}\n{SERVICE}"));
            assert_eq!(of("{serviceName: web, servicePort: 80}"), [""; 0]);
            assert_eq!(of("{serviceName: web, servicePort: http}"), [""; 0]);
            let missing = "serviceName: no such Service in the input";
            assert_eq!(of("{serviceName: db, servicePort: 80}"), [format!("- spec.backend.{missing}"), format!("- spec.rules[0].http.paths[0].backend.{missing}")]);
            assert_eq!(of("{serviceName: web, servicePort: 81}").len(), 2);
        }
    }

    #[test]
    fn one_of_several_services_of_a_name_will_do() {
        let ingress = "kind: Ingress\nspec: {defaultBackend: {service: {name: web, port: {number: 81}}}}\n";
        let other = SERVICE.replace("80", "81");
        assert_eq!(found(ID, &format!("{ingress}{SERVICE}")).len(), 1);
        assert_eq!(found(ID, &format!("{ingress}{SERVICE}{other}")), [""; 0]);
        assert_eq!(found(ID, &format!("{ingress}{other}{SERVICE}")), [""; 0]);
    }

    #[test]
    fn is_silent_where_no_service_is_shown() {
        let alone = "kind: Ingress\nspec: {defaultBackend: {service: {name: db}}}\n";
        assert_eq!(found(ID, alone), [""; 0]);
        assert_eq!(Case { complete: true, ..Case::of(ID) }.found(alone).len(), 1);
    }
}
