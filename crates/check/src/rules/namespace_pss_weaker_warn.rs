//! Namespaces that warn of less than they enforce.

use seawall_finding::{Severity, rule};

rule! {
    /// ## What it does
    /// Reports labels `pod-security.kubernetes.io/warn` and `audit` with a less strict level than the one that is enforced.
    ///
    /// ## Why it matters
    /// Enforce looks at pods alone: a Deployment, a Job or a CronJob is always taken, and its pods are refused later, by a
    /// controller that nobody watches. Warnings and audit annotations are what the person who applies it, and the audit log,
    /// get to see; at a weaker level there are none, and the workload just has no pods.
    ///
    /// ## How to fix
    /// Write the enforced level, or a stricter one. Without a `warn` label what is enforced is warned of, too.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   labels:
    ///     pod-security.kubernetes.io/enforce: restricted
    ///     pod-security.kubernetes.io/warn: baseline         # refused
    ///     pod-security.kubernetes.io/warn: restricted       # accepted
    /// ```
    ///
    /// ## Applies to
    /// Namespace. Only levels are compared, not versions, and only labels that are written. Not those of Kubernetes and of
    /// providers (`kube-*`, `openshift-*`, `gke-*`).
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-admission/#workload-resources-and-pod-templates>
    pub static RULE = {
        id: "namespace-pss-weaker-warn",
        aliases: &[],
        title: "warns of less than it enforces",
        severity: Severity::Low,
        level: None,
        tags: &["security"],
    };
}
