//! Namespaces whose labels Pod Security cannot read.

use seawall_finding::{Severity, rule};

rule! {
    /// ## What it does
    /// Reports labels below `pod-security.kubernetes.io/` whose value is no level or version, and keys that Pod Security does
    /// not know.
    ///
    /// ## Why it matters
    /// The API server refuses to create a namespace with such a value. In one that exists already, an invalid `enforce` counts
    /// as restricted, while an invalid `audit` or `warn` counts as privileged: nobody is told of anything. A misspelt key is a
    /// label like any other, and enforces nothing.
    ///
    /// ## How to fix
    /// Write `privileged`, `baseline` or `restricted` for a level, `latest` or `v1.N` for a version, all in lower case.
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
    /// Namespace.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces>
    pub static RULE = {
        id: "namespace-pss-label",
        aliases: &[],
        title: "has labels that Pod Security cannot read",
        severity: Severity::Medium,
        level: None,
    };
}
