//! Pods whose traffic no policy restricts.

use seawall_finding::{Severity, rule};

use crate::check::{Beside, Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::index::PODS;
use crate::workloads::{has_certain_labels, path};

rule! {
    /// ## What it does
    /// Reports pods that no NetworkPolicy of their namespace selects for incoming traffic, and those that none
    /// selects for outgoing traffic: two findings. A policy without `policyTypes` is for incoming traffic, and for
    /// outgoing traffic if it has rules for that.
    ///
    /// ## Why it matters
    /// Every pod of the cluster can talk to it; whoever takes it over can talk to every other pod, to the cloud
    /// provider's metadata service and to the internet.
    ///
    /// ## How to fix
    /// Begin with a policy that denies everything for all pods of the namespace, and allow what is needed by one
    /// policy for each application.
    ///
    /// ## Example
    /// ```yaml
    /// kind: NetworkPolicy
    /// metadata: {name: default-deny}
    /// spec:
    ///   podSelector: {}
    ///   policyTypes: [Ingress, Egress]
    /// ```
    ///
    /// ## Applies to
    /// All pods and pod templates but those in the network of their node, which policies do not reach, and those of
    /// custom resources whose labels no manifest shows. Evaluated where the input holds a NetworkPolicy in the same
    /// namespace, or is declared complete. Policies of the cluster (AdminNetworkPolicy, BaselineAdminNetworkPolicy,
    /// ClusterNetworkPolicy) count where their subject may select the pod; those of Cilium and Calico count for every
    /// pod that they could reach.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/network-policies/>
    /// - CIS Kubernetes Benchmark 5.3.2
    /// - NSA/CISA Kubernetes Hardening Guidance: network separation and hardening
    static RULE = {
        id: "network-policy-missing",
        aliases: &[],
        title: "is selected by no NetworkPolicy",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "network", "cis", "nsa"],
    };
}

static BESIDE: Beside = Beside::needs(&[PODS], &["NetworkPolicy"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(near) = cx.near(at.object) else { return };
    // A PodTemplate makes no pods.
    if at.pod.spec.host_network
        || at.object.kind == "PodTemplate"
        || !has_certain_labels(at.object, at.template)
    {
        return;
    }
    let isolated = near.isolation(&at.labels());
    let mut open = |is_isolated: bool, label: &'static str, message: &'static str, policy: &str| {
        if !is_isolated {
            out.report(|| {
                let advice = format!("add a NetworkPolicy with policyTypes: [{policy}] that selects these labels");
                Hit::new(path("metadata.labels"), label, message, advice)
            });
        }
    };
    open(
        isolated.ingress,
        "no policy for incoming traffic",
        "no NetworkPolicy restricts who may connect to the pod",
        "Ingress",
    );
    open(
        isolated.egress,
        "no policy for outgoing traffic",
        "no NetworkPolicy restricts where the pod may connect to",
        "Egress",
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_kind};

    const ID: &str = "network-policy-missing";
    const IN: &str = "- metadata.labels: no policy for incoming traffic";
    const OUT: &str = "- metadata.labels: no policy for outgoing traffic";
    const POD: &str = "---\nkind: Pod\nmetadata: {labels: {app: web}}\nspec: {}\n";

    fn of(policy: &str) -> Vec<String> {
        found(ID, &format!("kind: NetworkPolicy\nspec: {{{policy}}}\n{POD}"))
    }

    #[test]
    fn both_directions_need_a_policy() {
        assert_eq!(of("podSelector: {}, policyTypes: [Ingress, Egress]"), [""; 0]);
        assert_eq!(of("policyTypes: [Ingress, Egress]"), [""; 0]);
        assert_eq!(of("podSelector: {}"), [OUT]);
        assert_eq!(of("podSelector: {}, egress: [{}]"), [""; 0]);
        assert_eq!(of("podSelector: {}, egress: []"), [OUT]);
        assert_eq!(of("podSelector: {}, policyTypes: [Egress]"), [IN]);
        assert_eq!(of("podSelector: {}, policyTypes: [Ingress], egress: [{}]"), [OUT]);
        assert_eq!(of("podSelector: {matchLabels: {app: db}}"), [IN, OUT]);
        assert_eq!(of("podSelector: []"), [IN, OUT]);
        let two = "kind: NetworkPolicy\nspec: {podSelector: {matchLabels: {app: web}}}\n---\nkind: NetworkPolicy\nspec: {podSelector: {matchExpressions: [{key: app, operator: Exists}]}, policyTypes: [Egress]}\n";
        assert_eq!(found(ID, &format!("{two}{POD}")), [""; 0]);
    }

    #[test]
    fn is_silent_where_no_policy_of_the_namespace_is_shown() {
        assert_eq!(found(ID, POD.trim_start_matches("---\n")), [""; 0]);
        let complete = Case { complete: true, ..Case::of(ID) };
        assert_eq!(complete.found(POD.trim_start_matches("---\n")), [IN, OUT]);
        let elsewhere = "kind: NetworkPolicy\nmetadata: {namespace: a}\nspec: {}\n---\nkind: Secret\nmetadata: {namespace: b}\n";
        assert_eq!(found(ID, &format!("{elsewhere}{POD}")), [""; 0]);
    }

    #[test]
    fn policies_of_the_cluster_and_of_vendors_count() {
        let admin = |subject: &str| {
            let policy = "kind: NetworkPolicy\nmetadata: {namespace: shop}\nspec: {podSelector: {matchLabels: {app: db}}}\n---\n";
            let namespace = "kind: Namespace\nmetadata: {name: shop, labels: {env: prod}}\n---\n";
            let admin = format!("apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nspec: {{subject: {subject}, ingress: [{{action: Deny}}]}}\n");
            found(ID, &format!("{policy}{namespace}{admin}{POD}"))
        };
        assert_eq!(admin("{namespaces: {matchLabels: {env: prod}}}"), [OUT]);
        assert_eq!(admin("{namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}"), [OUT]);
        assert_eq!(admin("{namespaces: {matchLabels: {env: test}}}"), [IN, OUT]);
        assert_eq!(admin("{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}"), [OUT]);
        assert_eq!(admin("{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}}"), [IN, OUT]);
        for vendor in [
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n",
            "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\n",
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n",
        ] {
            let policy = "---\nkind: NetworkPolicy\nspec: {podSelector: {matchLabels: {app: db}}}\n";
            assert_eq!(found(ID, &format!("{vendor}{policy}{POD}")), [""; 0], "{vendor}");
        }
    }

    #[test]
    fn looks_into_every_kind_that_makes_pods() {
        assert!(in_every_kind(ID, "containers: []\n").iter().all(Vec::is_empty));
        let complete = Case { complete: true, ..Case::of(ID) };
        for kind in ["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job"] {
            assert_eq!(complete.found(&format!("kind: {kind}\nspec: {{template: {{spec: {{}}}}}}\n")).len(), 2, "{kind}");
        }
        assert_eq!(complete.found("kind: PodTemplate\ntemplate: {spec: {}}\n"), [""; 0]);
        assert_eq!(complete.found("kind: Pod\nspec: {hostNetwork: true}\n"), [""; 0]);
    }
}
