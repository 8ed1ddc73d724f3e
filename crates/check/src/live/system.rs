//! Namespaces of Kubernetes, providers and add-ons: whoever runs a cluster does not decide what is in them.

/// Prefixes of names (with a dash at the end) and whole names, each with whom they belong to.
const OWNERS: [(&str, &str); 39] = [
    ("kube-", "Kubernetes"),
    ("gke-", "GKE"),
    ("gmp-", "GKE"),
    ("asm-system", "GKE"),
    ("config-management-system", "GKE"),
    ("gatekeeper-system", "Gatekeeper"),
    ("aks-", "AKS"),
    ("azure-arc", "AKS"),
    ("app-routing-system", "AKS"),
    ("amazon-", "EKS"),
    ("aws-observability", "EKS"),
    ("eks-", "EKS"),
    ("ibm-", "IBM Cloud"),
    ("openshift-", "OpenShift"),
    ("openshift", "OpenShift"),
    ("cattle-", "Rancher"),
    ("fleet-", "Rancher"),
    ("rancher-", "Rancher"),
    ("vmware-system-", "Tanzu"),
    ("tanzu-", "Tanzu"),
    ("tkg-system", "Tanzu"),
    ("calico-system", "Calico"),
    ("calico-apiserver", "Calico"),
    ("tigera-", "Calico"),
    ("cilium-", "Cilium"),
    ("istio-system", "Istio"),
    ("istio-cni", "Istio"),
    ("linkerd", "Linkerd"),
    ("linkerd-", "Linkerd"),
    ("metallb-system", "MetalLB"),
    ("rook-ceph", "Rook"),
    ("longhorn-system", "Longhorn"),
    ("cert-manager", "cert-manager"),
    ("kyverno", "Kyverno"),
    ("capsule-system", "Capsule"),
    ("hnc-system", "HNC"),
    ("knative-serving", "Knative"),
    ("local-path-storage", "local-path-provisioner"),
    ("flux-system", "Flux"),
];

/// Whom a namespace belongs to that is the cluster's and not its users'.
pub fn system_owner(namespace: &str) -> Option<&'static str> {
    let is = |name: &str| if name.ends_with('-') { namespace.starts_with(name) } else { namespace == name };
    OWNERS.iter().find(|(name, _)| is(name)).map(|(_, owner)| *owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_of_the_cluster_are_told_from_its_users() {
        for (name, owner) in [
            ("kube-system", Some("Kubernetes")),
            ("openshift", Some("OpenShift")),
            ("openshift-monitoring", Some("OpenShift")),
            ("tigera-operator", Some("Calico")),
            ("istio-system", Some("Istio")),
            ("istio-systems", None),
            ("kubernetes", None),
            ("default", None),
            ("", None),
        ] {
            assert_eq!(system_owner(name), owner, "{name}");
        }
    }
}
