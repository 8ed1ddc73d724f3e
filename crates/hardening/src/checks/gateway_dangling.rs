//! Routes that lead nowhere.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Cx, Out, Run, Sight};
use crate::backends::{backends, report};

rule! {
    /// ## What it does
    /// Reports `backendRefs` and mirrors of routes of the Gateway API whose Service is not in the input, or has no
    /// such port.
    ///
    /// ## Why it matters
    /// The gateway answers such requests with an error.
    ///
    /// ## How to fix
    /// Correct the name, the namespace or the port; it is that of the Service, not of the container.
    ///
    /// ## Example
    /// ```yaml
    /// kind: HTTPRoute
    /// spec:
    ///   rules:
    ///   - backendRefs: [{name: web, port: 80}]
    /// ```
    ///
    /// ## Applies to
    /// HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute of every version; backends that are other resources than
    /// Services are passed over. Evaluated for each backend where the input holds a Service in the namespace of the
    /// backend, or is declared complete. Whether a ReferenceGrant allows the other namespace is not looked at.
    ///
    /// ## References
    /// - <https://gateway-api.sigs.k8s.io/api-types/httproute/>
    static RULE = {
        id: "gateway-dangling",
        aliases: &[],
        title: "sends requests to a Service that is not there",
        severity: Severity::Medium,
        level: None,
        tags: &["network", "correctness"],
    };
}

static BESIDE: Beside = Beside {
    of: ROUTES,
    need: &[],
    missing: "Service",
    unseen: Some(|near| if near.holds(&["Service"]) { 0 } else { near.count(ROUTES) }),
    placed: false,
};

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Object(run) };

const ROUTES: &[&str] = &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(index) = cx.index else { return };
    backends(object, |backend| {
        let near = index.near(cx.scope, backend.namespace);
        if near.shows(&["Service"]) {
            report(&backend, near, out);
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "gateway-dangling";

    fn of(kind: &str, rule: &str, service: &str) -> Vec<String> {
        found(ID, &format!("apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nspec: {{rules: [{{{rule}}}]}}\n{service}"))
    }

    const SERVICE: &str = "---\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";

    #[test]
    fn the_service_and_its_port_have_to_be_there() {
        for kind in super::ROUTES {
            let of = |backend: &str| of(kind, &format!("backendRefs: [{backend}]"), SERVICE);
            assert_eq!(of("{name: web, port: 80}"), [""; 0]);
            assert_eq!(of("{name: db, port: 80}"), ["- spec.rules[0].backendRefs[0].name: no such Service in the input"]);
            assert_eq!(of("{name: web, port: 81}"), ["- spec.rules[0].backendRefs[0].port: the Service has no such port"]);
            assert_eq!(of("{name: db, kind: ServiceImport, group: multicluster.x-k8s.io}"), [""; 0]);
            assert_eq!(of("1"), [""; 0]);
        }
        let mirror = "filters: [{requestMirror: {backendRef: {name: db, port: 80}}}]";
        assert_eq!(of("HTTPRoute", mirror, SERVICE).len(), 1);
    }

    #[test]
    fn a_backend_may_be_in_another_namespace() {
        let two = "---\nkind: Service\nmetadata: {name: web, namespace: a}\n---\nkind: Secret\nmetadata: {namespace: b}\n";
        assert_eq!(of("HTTPRoute", "backendRefs: [{name: web, namespace: a}]", two), [""; 0]);
        assert_eq!(of("HTTPRoute", "backendRefs: [{name: db, namespace: a}]", two).len(), 1);
        assert_eq!(of("HTTPRoute", "backendRefs: [{name: web, namespace: b}]", two), [""; 0], "not shown");
    }

    #[test]
    fn is_silent_where_no_service_is_shown() {
        let alone = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nspec: {rules: [{backendRefs: [{name: db}]}]}\n";
        assert_eq!(found(ID, alone), [""; 0]);
        assert_eq!(Case { complete: true, ..Case::of(ID) }.found(alone).len(), 1);
    }
}
