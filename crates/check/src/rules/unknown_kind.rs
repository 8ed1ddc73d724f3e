//! Workloads of kinds that Kubernetes' own groups do not know.

use seawall_finding::{Severity, rule};

rule! {
    /// ## What it does
    /// Finds objects that carry pods, say by their apiVersion that they belong to `v1`, `apps`, `batch` or `extensions`,
    /// and are of a kind that is not there: `deployment`, `Deploymnet`, `StatefulSet` in `v1`.
    ///
    /// ## Why it matters
    /// No object is made, so nothing protects or endangers anybody yet, and nothing was judged. Once the name is corrected,
    /// a pod comes to be that nobody looked at.
    ///
    /// ## How to fix
    /// Write apiVersion and kind as the API does; kinds are case-sensitive.
    ///
    /// ## Example
    /// ```yaml
    /// apiVersion: v1         # refused: v1 has no Deployment
    /// apiVersion: apps/v1    # accepted
    /// kind: Deployment
    /// ```
    ///
    /// ## Applies to
    /// Objects of these groups in which containers are found. Counts as a refusal by the API server and fails a scan.
    /// Kinds of other groups may be custom resources: those that look like workloads are told of in a notice.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/reference/using-api/api-concepts/#standard-api-terminology>
    pub static RULE = {
        id: "unknown-kind",
        aliases: &[],
        title: "is of a kind that its group does not know",
        severity: Severity::High,
        level: None,
    };
}
