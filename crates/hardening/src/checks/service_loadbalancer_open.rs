//! Load balancers that everybody may reach.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};

rule! {
    /// ## What it does
    /// Reports Services of type `LoadBalancer` without `loadBalancerSourceRanges`, or with a range that is every
    /// address, unless an annotation of a cloud asks for an internal load balancer.
    ///
    /// ## Why it matters
    /// The cloud gives such a Service a public address, and lets everybody in.
    ///
    /// ## How to fix
    /// Ask for an internal load balancer by the annotation of your cloud, or name in `loadBalancerSourceRanges` who may
    /// come. What has to be public goes through an Ingress or a Gateway.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Service
    /// spec:
    ///   type: LoadBalancer
    ///   loadBalancerSourceRanges: [192.0.2.0/24]
    /// ```
    ///
    /// ## Applies to
    /// Services. Known annotations are those of AWS, Azure, Google, OpenStack, Oracle, IBM, Alibaba, Tencent, Baidu and
    /// DigitalOcean. Whether load balancers of a cluster of your own (MetalLB, kube-vip) are public cannot be seen. One
    /// that has a `loadBalancerClass` is what its implementation makes of it, and is reported all the same.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer>
    /// - <https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer>
    static RULE = {
        id: "service-loadbalancer-open",
        aliases: &[],
        title: "is open to the internet",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "network"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// Annotations that ask for an internal load balancer, and the values that do, in lower case; none where any but `false` does.
const INTERNAL: &[(&str, &str)] = &[
    ("service.beta.kubernetes.io/aws-load-balancer-internal", ""),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
    ("networking.gke.io/load-balancer-type", "internal"),
    ("cloud.google.com/load-balancer-type", "internal"),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", "true"),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", "true"),
    ("oci-network-load-balancer.oraclecloud.com/internal", "true"),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", "private"),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", "intranet"),
    ("service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", ""),
    ("service.beta.kubernetes.io/cce-load-balancer-internal-vpc", "true"),
    ("service.beta.kubernetes.io/do-loadbalancer-network", "internal"),
];

/// The annotation that stood for the field before there was one.
const RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if (object.api_version, object.kind) != ("v1", "Service") {
        return;
    }
    let Some(spec) = object.node.get("spec") else { return };
    if spec.get("type").and_then(NodeRef::as_str) != Some("LoadBalancer") || is_internal(object) {
        return;
    }
    let ranges = spec.get("loadBalancerSourceRanges").filter(|ranges| ranges.count() > 0);
    let everywhere = |range: &str| range.trim().ends_with("/0");
    let open = ranges.and_then(|ranges| ranges.items().position(|range| range.as_str().is_some_and(everywhere)));
    let annotated = annotation(object, RANGES).filter(|text| !text.trim().is_empty());
    let closed = match ranges {
        Some(_) => open.is_none(),
        None => annotated.is_some_and(|text| !text.split(',').any(everywhere)),
    };
    if closed {
        return;
    }
    out.report(|| {
        let path = FieldPath::root().keys("spec.loadBalancerSourceRanges");
        let (path, label) = match open {
            Some(index) => (path.index(index), "every address"),
            None => (path, "no source ranges"),
        };
        let message = format!("Service \"{}\" has a load balancer that everybody may reach", object.name);
        let advice = "name in loadBalancerSourceRanges who may come, or ask for an internal load balancer by the annotation of your cloud";
        Hit::new(path, label, message, advice)
    });
}

fn annotation<'d>(object: &Object<'d>, key: &str) -> Option<&'d str> {
    object.metadata?.get("annotations")?.get(key)?.as_str()
}

fn is_internal(object: &Object<'_>) -> bool {
    INTERNAL.iter().any(|(key, wanted)| {
        annotation(object, key).is_some_and(|value| {
            let value = value.trim();
            if wanted.is_empty() { !value.is_empty() && value != "false" } else { value.eq_ignore_ascii_case(wanted) }
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "service-loadbalancer-open";

    fn service(annotations: &str, spec: &str) -> Vec<String> {
        found(ID, &format!("kind: Service\nmetadata: {{name: s, annotations: {annotations}}}\nspec: {spec}\n"))
    }

    const OPEN: [&str; 1] = ["- spec.loadBalancerSourceRanges: no source ranges"];

    #[test]
    fn ranges_close_it() {
        for spec in ["{type: LoadBalancer}", "{type: LoadBalancer, loadBalancerSourceRanges: []}", "{type: LoadBalancer, loadBalancerSourceRanges: null}"] {
            assert_eq!(service("{}", spec), OPEN, "{spec}");
        }
        assert_eq!(service("{}", "{type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24]}"), [""; 0]);
        let all = "{type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24, 0.0.0.0/0]}";
        assert_eq!(service("{}", all), ["- spec.loadBalancerSourceRanges[1]: every address"]);
        let ranges = |text: &str| service(&format!("{{service.beta.kubernetes.io/load-balancer-source-ranges: '{text}'}}"), "{type: LoadBalancer}");
        assert_eq!(ranges("192.0.2.0/24"), [""; 0]);
        assert_eq!(ranges("192.0.2.0/24, 0.0.0.0/0"), OPEN);
        assert_eq!(ranges(""), OPEN);
    }

    #[test]
    fn clouds_have_internal_ones() {
        for annotation in [
            "service.beta.kubernetes.io/aws-load-balancer-internal: 0.0.0.0/0",
            "service.beta.kubernetes.io/aws-load-balancer-scheme: internal",
            "service.beta.kubernetes.io/azure-load-balancer-internal: 'true'",
            "networking.gke.io/load-balancer-type: Internal",
        ] {
            assert_eq!(service(&format!("{{{annotation}}}"), "{type: LoadBalancer}"), [""; 0], "{annotation}");
        }
        for annotation in [
            "service.beta.kubernetes.io/aws-load-balancer-internal: 'false'",
            "service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing",
            "networking.gke.io/load-balancer-type: External",
            "networking.gke.io/load-balancer-type: null",
        ] {
            assert_eq!(service(&format!("{{{annotation}}}"), "{type: LoadBalancer}"), OPEN, "{annotation}");
        }
    }

    #[test]
    fn other_types_have_none() {
        assert_eq!(service("{}", "{type: NodePort}"), [""; 0]);
        assert_eq!(service("null", "null"), [""; 0]);
    }
}
