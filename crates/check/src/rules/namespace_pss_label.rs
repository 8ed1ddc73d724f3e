//! Namespaces whose labels Pod Security cannot read, or that enforce nothing.

use seawall_finding::{Severity, rule};

rule! {
    /// ## What it does
    /// Reports labels below `pod-security.kubernetes.io/` whose value is no level or version, and keys that Pod Security does
    /// not know, and the same of `seawall.dev/enforce`, the goal that seawall's webhook enforces. Where more than the standard is reported (with any profile but `pss`, or where the rule is named), also
    /// namespaces without a label `enforce`, and those that enforce `privileged`.
    ///
    /// ## Why it matters
    /// Where nothing is enforced, whoever may make a pod in the namespace may make one that owns its node. The API server refuses
    /// to create a namespace with a value that is no level or version. In one that exists already, an invalid `enforce` counts
    /// as restricted, while an invalid `audit` or `warn` counts as privileged: nobody is told of anything. A misspelt key is a
    /// label like any other, and enforces nothing.
    ///
    /// ## How to fix
    /// Write `privileged`, `baseline` or `restricted` for a level, `latest` or `v1.N` for a version, all in lower case.
    /// Namespaces of node agents that need all rights enforce `privileged` for good: say so in an ignore with its reason.
    ///
    /// ## Example
    /// ```yaml
    /// metadata:
    ///   labels:
    ///     pod-security.kubernetes.io/enforce: Restricted            # refused
    ///     pod-security.kubernetes.io/enforce-version: "1.30"        # refused
    ///     pod-security.kubernetes.io/enforce: restricted            # accepted
    ///     pod-security.kubernetes.io/enforce-version: v1.30         # accepted
    /// ```
    ///
    /// ## Applies to
    /// Namespace. What is not enforced is not told of namespaces of Kubernetes and of providers (`kube-*`, `openshift-*`, `gke-*`).
    /// A default that the cluster's admission configuration has is not seen.
    ///
    /// ## References
    /// - CIS Kubernetes Benchmark 5.2.1: ensure that the cluster has at least one active policy control mechanism in place
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces>
    pub static RULE = {
        id: "namespace-pss-label",
        aliases: &[],
        title: "has labels that Pod Security cannot read, or that enforce nothing",
        severity: Severity::Medium,
        level: None,
    };
}
