//! Services that take addresses for themselves.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};

rule! {
    /// ## What it does
    /// Reports Services with `externalIPs`.
    ///
    /// ## Why it matters
    /// Every node sends traffic for these addresses to the Service, whosever they are: whoever may write Services
    /// intercepts what the cluster sends to any address outside (CVE-2020-8554). Kubernetes does not check who owns
    /// them, and the field is deprecated.
    ///
    /// ## How to fix
    /// Use a load balancer, or have the admission plugin `DenyServiceExternalIPs` refuse the field.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Service
    /// spec:
    ///   type: LoadBalancer
    ///   selector: {app: web}
    /// ```
    ///
    /// ## Applies to
    /// Services of every type but `ExternalName`, where the field has no effect.
    ///
    /// ## References
    /// - <https://github.com/kubernetes/kubernetes/issues/97076>: CVE-2020-8554
    /// - <https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#denyserviceexternalips>
    static RULE = {
        id: "service-external-ips",
        aliases: &[],
        title: "claims external addresses",
        severity: Severity::High,
        level: None,
        tags: &["security", "network"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if (object.api_version, object.kind) != ("v1", "Service") {
        return;
    }
    let Some(spec) = object.node.get("spec") else { return };
    if spec.get("type").and_then(NodeRef::as_str) == Some("ExternalName")
        || spec.get("externalIPs").is_none_or(|ips| ips.items().next().is_none())
    {
        return;
    }
    out.report(|| {
        let message =
            format!("Service \"{}\" claims external addresses: every node sends it their traffic", object.name);
        let advice = "remove externalIPs, and use a load balancer";
        Hit::new(FieldPath::root().keys("spec.externalIPs"), "addresses of anybody", message, advice)
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "service-external-ips";

    #[test]
    fn only_where_there_are_some() {
        let service = |spec: &str| found(ID, &format!("kind: Service\nmetadata: {{name: s}}\nspec: {spec}\n"));
        assert_eq!(service("{externalIPs: [192.0.2.1]}"), ["- spec.externalIPs: addresses of anybody"]);
        for spec in ["{externalIPs: []}", "{externalIPs: null}", "{}", "null", "{type: ExternalName, externalIPs: [192.0.2.1]}", "{externalIPs: a}"] {
            assert_eq!(service(spec), [""; 0], "{spec}");
        }
    }
}
