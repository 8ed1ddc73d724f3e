//! Containers that others add to pods when they are made: their fields are not for a manifest.

use seawall_manifest::workload::Template;
use seawall_model::WorkloadKind;
use seawall_model::pod::Pod;

/// A program that adds containers to pods.
struct Injector {
    /// Its name, and what to change there.
    told: &'static str,
    /// The annotation that it leaves at pods.
    annotation: &'static str,
    /// The containers that it adds.
    containers: &'static [&'static str],
}

/// Names and annotations from the injectors' own code: `istio/istio` `pkg/kube/inject`, `linkerd/linkerd2`
/// `pkg/k8s/labels.go`, `hashicorp/vault-k8s` `agent-inject/agent`, `hashicorp/consul-k8s` `connect-inject/constants`.
const INJECTORS: [Injector; 4] = [
    Injector {
        told: "Istio's injector adds this container: with istio-cni its pods need no added capabilities",
        annotation: "sidecar.istio.io/status",
        containers: &["istio-proxy", "istio-init", "istio-validation"],
    },
    Injector {
        told: "Linkerd's injector adds this container: with linkerd-cni its pods need no added capabilities",
        annotation: "linkerd.io/proxy-version",
        containers: &["linkerd-proxy", "linkerd-init", "linkerd-network-validator"],
    },
    Injector {
        told: "Vault's agent injector adds this container: it is set by annotations `vault.hashicorp.com/agent-...`",
        annotation: "vault.hashicorp.com/agent-inject-status",
        containers: &["vault-agent", "vault-agent-init"],
    },
    Injector {
        told: "Consul's injector adds this container: it is set by the values of Consul's chart",
        annotation: "consul.hashicorp.com/connect-inject-status",
        containers: &["consul-dataplane", "consul-connect-inject-init"],
    },
];

/// Who added a container to a pod that was made, and where it is set.
pub(super) fn injector(template: &Template<'_>, pod: &Pod<'_>, container: &str) -> Option<&'static str> {
    // In a template they are written by hand.
    if template.kind != WorkloadKind::Pod {
        return None;
    }
    let marks = |annotation: &str| pod.metadata.annotations.iter().any(|(key, _)| *key == *annotation);
    let by = INJECTORS.iter().find(|i| i.containers.contains(&container) && marks(i.annotation))?;
    Some(by.told)
}
