//! kube-score v1.20.0: which rules answer its checks, and where they differ.

mod entries;
mod when;

pub use entries::DIFFERENCES;

use super::{Pair, Unit};

const fn of_containers(check: &'static str, rule: &'static str) -> Pair {
    Pair::new(check, rule, Unit::Container)
}

const fn of_objects(check: &'static str, rule: &'static str) -> Pair {
    Pair::new(check, rule, Unit::Object)
}

const DEPLOYMENT: &[&str] = &["Deployment"];
const STATEFUL_SET: &[&str] = &["StatefulSet"];
const NO_CONTEXT: &str = "Container has no configured security context";

/// Every check, by the order in which kube-score lists them, with the rules that answer it.
pub static PAIRS: &[Pair] = &[
    of_objects("deployment-strategy", "update-strategy").of(DEPLOYMENT),
    of_objects("deployment-replicas", "replicas-minimum").of(DEPLOYMENT),
    of_objects("ingress-targets-service", "ingress-dangling"),
    of_objects("cronjob-has-deadline", "cronjob-deadline").of(&["CronJob"]),
    of_objects("cronjob-restartpolicy", "restart-policy").of(&["CronJob"]),
    of_containers("container-resources", "cpu-limit").remarks(&["CPU limit is not set"]),
    of_containers("container-resources", "memory-limit").remarks(&["Memory limit is not set"]),
    of_containers("container-resources", "cpu-request").remarks(&["CPU request is not set"]),
    of_containers("container-resources", "memory-request").remarks(&["Memory request is not set"]),
    of_containers("container-resource-requests-equal-limits", "requests-equal-limits"),
    of_containers("container-cpu-requests-equal-limits", "requests-equal-limits").at("requests.cpu"),
    of_containers("container-memory-requests-equal-limits", "requests-equal-limits").at("requests.memory"),
    of_containers("container-image-tag", "image-tag-latest"),
    of_containers("container-image-pull-policy", "image-pull-policy"),
    of_containers("container-ephemeral-storage-request-and-limit", "ephemeral-storage"),
    of_containers("container-ephemeral-storage-request-equals-limit", "ephemeral-storage")
        .at("requests.ephemeral-storage"),
    of_containers("container-ports-check", "service-target-port"),
    of_containers("environment-variable-key-duplication", "duplicate-env"),
    of_objects("statefulset-has-poddisruptionbudget", "pdb-missing").of(STATEFUL_SET),
    of_objects("deployment-has-poddisruptionbudget", "pdb-missing").of(DEPLOYMENT),
    of_objects("poddisruptionbudget-has-policy", "pdb-policy"),
    of_objects("pod-networkpolicy", "network-policy-missing"),
    of_objects("networkpolicy-targets-pod", "network-policy-dangling"),
    of_objects("pod-probes", "readiness-probe").remarks(&["Container is missing a readinessProbe"]),
    of_objects("pod-probes", "liveness-probe").remarks(&["Container is missing a livenessProbe"]),
    of_objects("pod-probes-identical", "probes-identical"),
    of_containers("container-security-context-user-group-id", "run-as-high-uid")
        .remarks(&[NO_CONTEXT, "The container is running with a low user ID"]),
    of_containers("container-security-context-user-group-id", "run-as-high-gid")
        .remarks(&[NO_CONTEXT, "The container running with a low group ID"]),
    of_containers("container-security-context-privileged", "privileged-container"),
    of_containers("container-security-context-readonlyrootfilesystem", "read-only-root-filesystem"),
    of_containers("container-seccomp-profile", "seccomp-profile"),
    of_objects("service-targets-pod", "service-dangling"),
    of_objects("service-type", "service-nodeport"),
    of_objects("stable-version", "api-deprecated"),
    of_objects("deployment-has-host-podantiaffinity", "pod-anti-affinity").of(DEPLOYMENT),
    of_objects("statefulset-has-host-podantiaffinity", "pod-anti-affinity").of(STATEFUL_SET),
    of_objects("deployment-targeted-by-hpa-does-not-have-replicas-configured", "hpa-static-replicas")
        .of(DEPLOYMENT),
    of_objects("statefulset-has-servicename", "statefulset-headless-service").of(STATEFUL_SET),
    of_objects("deployment-pod-selector-labels-match-template-metadata-labels", "selector-mismatch")
        .of(DEPLOYMENT),
    of_objects("statefulset-pod-selector-labels-match-template-metadata-labels", "selector-mismatch")
        .of(STATEFUL_SET),
    of_objects("label-values", "label-invalid").at("^metadata.labels"),
    of_objects("horizontalpodautoscaler-has-target", "hpa-target-missing"),
    of_objects("horizontalpodautoscaler-replicas", "hpa-min-replicas").at("minReplicas"),
    of_objects("pod-topology-spread-constraints", "topology-spread-valid"),
];
