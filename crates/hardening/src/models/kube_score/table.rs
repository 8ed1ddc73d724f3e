//! The table of checks.

/// A check of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckInfo {
    /// Its id.
    pub id: &'static str,
    /// What it looks at: a kind, `Pod` for everything with pods, `all`.
    pub target: &'static str,
    /// Whether it is skipped unless it is asked for.
    pub optional: bool,
}

const fn check(id: &'static str, target: &'static str) -> CheckInfo {
    CheckInfo { id, target, optional: false }
}

const fn optional(id: &'static str, target: &'static str) -> CheckInfo {
    CheckInfo { id, target, optional: true }
}

/// All checks, in the order in which the original lists them.
pub static CHECKS: &[CheckInfo] = &[
    check("deployment-strategy", "Deployment"),
    check("deployment-replicas", "Deployment"),
    check("ingress-targets-service", "Ingress"),
    check("cronjob-has-deadline", "CronJob"),
    check("cronjob-restartpolicy", "CronJob"),
    check("container-resources", "Pod"),
    optional("container-resource-requests-equal-limits", "Pod"),
    optional("container-cpu-requests-equal-limits", "Pod"),
    optional("container-memory-requests-equal-limits", "Pod"),
    check("container-image-tag", "Pod"),
    check("container-image-pull-policy", "Pod"),
    check("container-ephemeral-storage-request-and-limit", "Pod"),
    optional("container-ephemeral-storage-request-equals-limit", "Pod"),
    optional("container-ports-check", "Pod"),
    check("environment-variable-key-duplication", "Pod"),
    check("statefulset-has-poddisruptionbudget", "StatefulSet"),
    check("deployment-has-poddisruptionbudget", "Deployment"),
    check("poddisruptionbudget-has-policy", "PodDisruptionBudget"),
    check("pod-networkpolicy", "Pod"),
    check("networkpolicy-targets-pod", "NetworkPolicy"),
    check("pod-probes", "Pod"),
    check("pod-probes-identical", "Pod"),
    check("container-security-context-user-group-id", "Pod"),
    check("container-security-context-privileged", "Pod"),
    check("container-security-context-readonlyrootfilesystem", "Pod"),
    optional("container-seccomp-profile", "Pod"),
    check("service-targets-pod", "Service"),
    check("service-type", "Service"),
    check("stable-version", "all"),
    check("deployment-has-host-podantiaffinity", "Deployment"),
    check("statefulset-has-host-podantiaffinity", "StatefulSet"),
    check("deployment-targeted-by-hpa-does-not-have-replicas-configured", "Deployment"),
    check("statefulset-has-servicename", "StatefulSet"),
    check("deployment-pod-selector-labels-match-template-metadata-labels", "Deployment"),
    check("statefulset-pod-selector-labels-match-template-metadata-labels", "StatefulSet"),
    check("label-values", "all"),
    check("horizontalpodautoscaler-has-target", "HorizontalPodAutoscaler"),
    check("horizontalpodautoscaler-replicas", "HorizontalPodAutoscaler"),
    check("pod-topology-spread-constraints", "Pod"),
];

/// A check's place in the table.
pub(super) fn position(id: &str) -> usize {
    CHECKS.iter().position(|check| check.id == id).unwrap_or(CHECKS.len())
}

/// Whether a check is skipped unless it is asked for.
pub(super) fn is_optional(id: &str) -> bool {
    CHECKS.iter().any(|check| check.id == id && check.optional)
}
