//! Services on ports of every node.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};

rule! {
    /// ## What it does
    /// Reports Services of type `NodePort`.
    ///
    /// ## Why it matters
    /// The port is open on every node, on all its addresses: whoever reaches a node reaches the program, past ingress
    /// controllers, TLS and what they check.
    ///
    /// ## How to fix
    /// Use `ClusterIP` with an Ingress or a Gateway in front. Where a load balancer outside of the cluster needs node
    /// ports, let only that reach them.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Service
    /// spec:
    ///   type: ClusterIP
    /// ```
    ///
    /// ## Applies to
    /// Services. Those of type `LoadBalancer` have node ports too, unless `allocateLoadBalancerNodePorts` is false;
    /// they have a check of their own.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport>
    /// - NSA/CISA Kubernetes Hardening Guidance: network separation
    static RULE = {
        id: "service-nodeport",
        aliases: &[],
        title: "opens a port on every node",
        severity: Severity::Low,
        level: None,
        tags: &["security", "network", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if (object.api_version, object.kind) != ("v1", "Service") {
        return;
    }
    let kind = object.node.get("spec").and_then(|spec| spec.get("type")).and_then(NodeRef::as_str);
    if kind != Some("NodePort") {
        return;
    }
    out.report(|| {
        let message = format!("Service \"{}\" opens a port on every node", object.name);
        let advice = "use type ClusterIP with an Ingress or a Gateway in front";
        Hit::new(FieldPath::root().keys("spec.type"), "on every node", message, advice)
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "service-nodeport";

    #[test]
    fn only_node_ports() {
        let service = |spec: &str| found(ID, &format!("kind: Service\nmetadata: {{name: s}}\nspec: {spec}\n"));
        assert_eq!(service("{type: NodePort}"), ["- spec.type: on every node"]);
        for spec in ["{type: ClusterIP}", "{type: LoadBalancer}", "{ports: [{port: 80, nodePort: 30080}]}", "{type: null}", "null", "{type: [NodePort]}"] {
            assert_eq!(service(spec), [""; 0], "{spec}");
        }
        assert_eq!(found(ID, "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {type: NodePort}\n"), [""; 0]);
    }
}
