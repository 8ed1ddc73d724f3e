//! kubesec's development branch as of 2026-06-09: which rules answer its own, and where they differ for a pod with one container.
//!
//! Where there are several, kubesec has one answer for all: one container that keeps a rule which gives points keeps it for the
//! others.

use serde_json::Value;

use super::entry::{only_other, only_seawall};
use super::{Difference, Pair, Seen, Unit};

const fn pair(check: &'static str, rule: &'static str) -> Pair {
    Pair::new(check, rule, Unit::Object)
}

/// Every rule of kubesec with those that answer it.
pub static PAIRS: &[Pair] = &[
    pair("HostNetwork", "host-network"),
    pair("HostPID", "host-pid"),
    pair("HostIPC", "host-ipc"),
    pair("ReadOnlyRootFilesystem", "read-only-root-filesystem"),
    pair("RunAsNonRoot", "run-as-non-root"),
    pair("RunAsUser", "run-as-high-uid"),
    pair("RunAsGroup", "run-as-high-gid"),
    pair("Privileged", "privileged-container"),
    pair("CapSysAdmin", "dangerous-capability"),
    pair("CapDropAny", "drop-all-capabilities"),
    pair("CapDropAll", "drop-all-capabilities"),
    pair("DockerSock", "container-socket-mount"),
    pair("ProcMount", "host-path-sensitive"),
    pair("RequestsCPU", "cpu-request"),
    pair("LimitsCPU", "cpu-limit"),
    pair("RequestsMemory", "memory-request"),
    pair("LimitsMemory", "memory-limit"),
    pair("ServiceAccountName", "default-service-account"),
    pair("HostAliases", "host-aliases"),
    pair("SeccompAny", "seccomp-profile"),
    pair("SeccompUnconfined", "seccomp-profile"),
    pair("ApparmorAny", "apparmor-profile"),
    pair("ApparmorUnconfined", "apparmor-profile"),
    pair("VolumeClaimAccessModeReadWriteOnce", "statefulset-volume-claims").at("accessModes"),
    pair("VolumeClaimRequestsStorage", "statefulset-volume-claims").at("resources"),
    pair("AllowPrivilegeEscalation", "allow-privilege-escalation"),
    pair("AutomountServiceAccountToken", "service-account-token-automount"),
    pair("HostUsers", "host-users"),
    pair("SecretsAsEnvironmentVariables", "secret-env-ref"),
    pair("BindingsToSystemAnonymous", "rbac-anonymous-binding"),
];

/// The reviewed list. Of several entries that fit, the first one counts.
pub static DIFFERENCES: &[Difference] = &[
    only_seawall("*", "*", "items of lists", |seen| !seen.graded).ours("they are applied as if each had a file of its own"),
    only_other("*", "*", "objects whose apiVersion Kubernetes does not know", |seen| !KNOWN.contains(&seen.api_version()) || is_foreign(seen))
        .both("kubesec goes by the kind alone; seawall says that it does not know the apiVersion, by `unknown-kind`"),
    only_other("ReadOnlyRootFilesystem", "*", EPHEMERAL, is_ephemeral).ours("they are there to bring tools"),
    only_other("RequestsCPU", "*", EPHEMERAL, is_ephemeral).ours(NO_RESOURCES),
    only_other("LimitsCPU", "*", EPHEMERAL, is_ephemeral).ours(NO_RESOURCES),
    only_other("RequestsMemory", "*", EPHEMERAL, is_ephemeral).ours(NO_RESOURCES),
    only_other("LimitsMemory", "*", EPHEMERAL, is_ephemeral).ours(NO_RESOURCES),
    only_other("ReadOnlyRootFilesystem", "*", WINDOWS, is_windows).ours("Windows cannot do it, and its pods may not set it"),
    only_other("RunAsUser", "*", WINDOWS, is_windows).ours("users have no numbers on Windows"),
    only_other("RunAsGroup", "*", WINDOWS, is_windows).ours("groups have no numbers on Windows"),
    only_other("CapDropAny", "*", WINDOWS, is_windows).ours("Windows has no capabilities"),
    only_other("CapDropAll", "*", WINDOWS, is_windows).ours("Windows has no capabilities"),
    only_other("CapSysAdmin", "*", WINDOWS, is_windows).ours("Windows has no capabilities"),
    only_other("SeccompAny", "*", WINDOWS, is_windows).ours("Windows has no seccomp, and its pods may not set it"),
    only_other("SeccompUnconfined", "*", WINDOWS, is_windows).ours("Windows has no seccomp, and its pods may not set it"),
    only_other("HostUsers", "*", WINDOWS, is_windows).ours("Windows has no user namespaces"),
    only_other("AllowPrivilegeEscalation", "*", WINDOWS, is_windows).ours("Windows has no such way, and its pods may not set it"),
    // Resources.
    only_seawall("LimitsCPU", "cpu-limit", ZERO, |seen| is_zero(seen, "limits", "cpu")).ours("a limit of 0 is none"),
    only_seawall("LimitsMemory", "memory-limit", ZERO, |seen| is_zero(seen, "limits", "memory")).ours("a limit of 0 is none"),
    only_seawall("RequestsCPU", "cpu-request", ZERO, |seen| is_zero(seen, "requests", "cpu")).ours("a request of 0 asks for nothing"),
    only_seawall("RequestsMemory", "memory-request", ZERO, |seen| is_zero(seen, "requests", "memory")).ours("a request of 0 asks for nothing"),
    only_seawall("LimitsCPU", "*", INIT, is_init).ours(INIT_WHY),
    only_seawall("LimitsMemory", "*", INIT, is_init).ours(INIT_WHY),
    only_seawall("RequestsCPU", "*", INIT, is_init).ours(INIT_WHY),
    only_seawall("RequestsMemory", "*", INIT, is_init).ours(INIT_WHY),
    only_other("LimitsCPU", "*", WHOLE, |seen| of_whole(seen, "cpu")).ours("what the pod has counts for all its containers"),
    only_other("LimitsMemory", "*", WHOLE, |seen| of_whole(seen, "memory")).ours("what the pod has counts for all its containers"),
    only_other("RequestsCPU", "*", WHOLE, |seen| of_whole(seen, "cpu")).ours("what the pod has counts for all its containers"),
    only_other("RequestsMemory", "*", WHOLE, |seen| of_whole(seen, "memory")).ours("what the pod has counts for all its containers"),
    only_other("RequestsCPU", "*", "a limit without a request", |seen| !seen.of_container("/resources/limits/cpu").is_null()).ours("the API server makes a request of it"),
    only_other("RequestsMemory", "*", "a limit without a request", |seen| !seen.of_container("/resources/limits/memory").is_null()).ours("the API server makes a request of it"),
    only_other("LimitsCPU", "*", "limits of init containers", is_init).ours("kubesec looks at `containers` alone"),
    only_other("LimitsMemory", "*", "limits of init containers", is_init).ours("kubesec looks at `containers` alone"),
    only_other("RequestsCPU", "*", "requests of init containers", is_init).ours("kubesec looks at `containers` alone"),
    only_other("RequestsMemory", "*", "requests of init containers", is_init).ours("kubesec looks at `containers` alone"),
];

const KNOWN: [&str; 11] = [
    "v1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "extensions/v1beta1",
    "batch/v1",
    "batch/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "networking.k8s.io/v1",
    "rbac.authorization.k8s.io/v1",
];
const EPHEMERAL: &str = "ephemeral containers";
const WINDOWS: &str = "pods of Windows";
const ZERO: &str = "amounts of 0";
const INIT: &str = "init containers, whatever they say of it";
const INIT_WHY: &str = "w";
const WHOLE: &str = "containers of a pod that has the resource as a whole";
const NO_RESOURCES: &str = "they cannot have resources";

fn is_foreign(_: &Seen<'_>) -> bool {
    false
}

fn is_ephemeral(seen: &Seen<'_>) -> bool {
    seen.is_in("ephemeralContainers")
}

fn is_init(seen: &Seen<'_>) -> bool {
    seen.is_in("initContainers")
}

fn is_windows(seen: &Seen<'_>) -> bool {
    seen.of_pod("/spec/os/name") == "windows"
}

fn is_zero(seen: &Seen<'_>, list: &str, name: &str) -> bool {
    let amount: &Value = &seen.of_container("/resources")[list][name];
    super::is_zero(amount)
}

fn of_whole(seen: &Seen<'_>, name: &str) -> bool {
    ["limits", "requests"].iter().any(|list| !seen.of_pod("/spec/resources")[*list][name].is_null())
}
