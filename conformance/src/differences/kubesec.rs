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
    pair("ApparmorAny", "apparmor-missing"),
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
        .both("kubesec goes by the kind alone; seawall tells of them by `unknown-kind`, or in a notice"),
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
    only_seawall("LimitsCPU", "*", "amounts of null", |seen| seen.of_container("/resources/limits/cpu").is_null()).ours(NULL),
    only_seawall("LimitsMemory", "*", "amounts of null", |seen| seen.of_container("/resources/limits/memory").is_null()).ours(NULL),
    only_seawall("RequestsCPU", "*", "amounts of null", |seen| seen.of_container("/resources/requests/cpu").is_null()).ours(NULL),
    only_seawall("RequestsMemory", "*", "amounts of null", |seen| seen.of_container("/resources/requests/memory").is_null()).ours(NULL),
    // Security contexts.
    only_seawall("AllowPrivilegeEscalation", "*", "containers that do not say it", |seen| seen.of_container("/securityContext/allowPrivilegeEscalation").is_null())
        .ours("it is allowed unless it is forbidden"),
    only_other("ApparmorAny", "apparmor-missing", WINDOWS, is_windows).ours("Windows has no AppArmor, and its pods may not set it"),
    only_other("ApparmorAny", "apparmor-missing", "profiles in annotations", has_annotation).ours(ANNOTATED),
    only_other("ApparmorAny", "apparmor-missing", "`Unconfined`", |seen| has_profile(seen, "appArmorProfile", &PROFILES[2..], true))
        .both("one rule there is two here: `apparmor-profile` reports it"),
    only_seawall("ApparmorAny", "apparmor-missing", "empty types", |seen| has_profile(seen, "appArmorProfile", &[""], true))
        .ours("an empty type names no profile"),
    only_other("ApparmorAny", "apparmor-profile", "pods that name no profile", |seen| !has_profile(seen, "appArmorProfile", &PROFILES, true))
        .ours("the runtime has a profile for them, unless it is told to leave it out"),
    only_seawall("ApparmorAny", "apparmor-profile", "`Unconfined` on the pod, and words that are no profile", |seen| has_profile(seen, "appArmorProfile", &PROFILES[..2], false))
        .ours("one of both is enough for a container without a profile, or the API server refuses it"),
    only_seawall("ApparmorUnconfined", "*", "`Unconfined` on the pod, and words that are no profile", |seen| has_profile(seen, "appArmorProfile", &PROFILES[..2], false))
        .ours("the API server refuses other words, and what the pod sets holds for containers to come"),
    only_seawall("ApparmorAny", "apparmor-profile", "profiles in annotations", has_annotation).ours(ANNOTATED),
    only_seawall("ApparmorUnconfined", "*", "profiles in annotations", has_annotation).ours(ANNOTATED),
    only_seawall("SeccompAny", "*", "`Unconfined` on the pod, and words that are no profile", |seen| has_profile(seen, "seccompProfile", &PROFILES[..2], false))
        .ours("the API server refuses other words, and what the pod sets holds for containers to come"),
    only_seawall("SeccompUnconfined", "*", "what has another profile than `Unconfined`, or none", |seen| {
        seen.of_container("/securityContext/seccompProfile/type") != "Unconfined"
    })
        .both("one rule here is two there: this is for `SeccompAny` to say, and what the pod sets holds for containers to come"),
    only_seawall("CapDropAll", "*", "capabilities that only begin or end like `ALL`, and `all` in small letters", |seen| capabilities(seen, "drop").any(|name| name != "ALL" && name.to_ascii_uppercase().contains("ALL")))
        .ours("the standard asks for `ALL`; kubesec seeks the three letters in the printed list"),
    only_seawall("CapDropAny", "*", "some capabilities but not all", |seen| capabilities(seen, "drop").next().is_some())
        .both("one rule here is two there"),
    only_other("CapDropAny", "*", "lists with the text `<nil>`", |seen| capabilities(seen, "drop").any(|name| name == "<nil>"))
        .ours("kubesec takes it for nothing, as Go prints it"),
    only_seawall("CapSysAdmin", "*", "capabilities in small letters", |seen| capabilities(seen, "add").any(|name| name == "sys_admin"))
        .ours("runtimes take them in any case"),
    only_other("RunAsUser", "*", "user 10000", |seen| runs_as(seen, "runAsUser") == 10000).both("kubesec asks for more than 10000, seawall for 10000 or more"),
    only_other("RunAsGroup", "*", "group 10000", |seen| runs_as(seen, "runAsGroup") == 10000).both("kubesec asks for more than 10000, seawall for 10000 or more"),
    only_other("RunAsNonRoot", "*", "pods with `hostUsers: false`", |seen| seen.of_pod("/spec/hostUsers") == false)
        .ours("root of such a pod is nobody on the node, and the standard lets it pass from Kubernetes 1.35 on"),
    only_seawall("RunAsNonRoot", "*", "`runAsNonRoot: false` on the pod beside a container that sets true", |seen| seen.of_pod("/spec/securityContext/runAsNonRoot") == false)
        .ours("the standard forbids it: a container to come would run as root"),
    only_other("HostUsers", "*", "pods in another namespace of the node", |seen| ["/spec/hostNetwork", "/spec/hostPID", "/spec/hostIPC"].iter().any(|field| seen.of_pod(field) == true))
        .ours("the API server refuses `hostUsers: false` for them"),
    only_other("HostAliases", "*", "empty lists", |seen| seen.of_pod("/spec/hostAliases").as_array().is_some_and(Vec::is_empty))
        .ours("nothing is written into `/etc/hosts`"),
    // Volumes and accounts.
    only_seawall("DockerSock", "*", "directories that hold a runtime's socket, such as `/var/run`", |seen| host_paths(seen).any(|path| path == "/var/run"))
        .ours("the socket is in them"),
    only_seawall("ProcMount", "*", "other directories that the node consists of", |seen| host_paths(seen).any(|path| path == "/var/run"))
        .both("one rule here has more paths than there"),
    only_other("ProcMount", "*", "paths in which `/proc` is only a part of a name, such as `/data/process`", |seen| host_paths(seen).any(|path| path.contains("/process")))
        .ours("kubesec seeks the text in the printed paths"),
    only_seawall("ServiceAccountName", "*", "`default`, and the empty name", |seen| ["", "default"].contains(&seen.of_pod("/spec/serviceAccountName").as_str().unwrap_or("x")))
        .ours("that is the account of all pods that name none; kubesec is content with any text"),
    only_other("ServiceAccountName", "*", "pods that get no token", |seen| seen.of_pod("/spec/automountServiceAccountToken") == false)
        .ours("they cannot act as the account"),
    only_other("ServiceAccountName", "*", "an account with the name `<nil>`", |seen| seen.of_pod("/spec/serviceAccountName") == "<nil>")
        .ours("kubesec takes it for nothing, as Go prints it"),
    only_seawall("VolumeClaimAccessModeReadWriteOnce", "*", "claims beside one that has `ReadWriteOnce` alone", |seen| claims(seen).any(|claim| modes(claim) == ["ReadWriteOnce"]))
        .ours("each claim is a volume of its own"),
    only_other("VolumeClaimAccessModeReadWriteOnce", "*", "claims with neither `ReadWriteOnce` alone nor `ReadWriteMany`", |seen| !claims(seen).any(|claim| modes(claim).contains(&"ReadWriteMany")))
        .both("seawall reports what many nodes can write; that modes are missing is named by `seawall scan --schema`"),
    only_seawall("VolumeClaimRequestsStorage", "*", "claims beside one that asks for storage, and claims without a specification", |seen| claims(seen).next().is_some())
        .ours("each claim is a volume of its own"),
    only_other("BindingsToSystemAnonymous", "*", "groups called `system:anonymous`", |seen| {
        seen.at("/subjects").as_array().into_iter().flatten().any(|subject| subject["kind"] == "Group" && subject["name"] == "system:anonymous")
    })
    .ours("it is the name of a user, and a group of that name has no members"),
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
const ANNOTATED: &str = "the API server and the standard still read them; kubesec looks at fields alone";
const NULL: &str = "null is nothing; kubesec is content with the key";
const EPHEMERAL: &str = "ephemeral containers";
const WINDOWS: &str = "pods of Windows";
const ZERO: &str = "amounts of 0";
const WHOLE: &str = "containers of a pod that has the resource as a whole";
const NO_RESOURCES: &str = "they cannot have resources";

/// Whether the apiVersion is that of other kinds.
fn is_foreign(seen: &Seen<'_>) -> bool {
    match (seen.api_version(), seen.kind()) {
        (version, "Job") => version != "batch/v1",
        (version, "ReplicaSet") => !version.starts_with("apps/") && version != "extensions/v1beta1",
        (version, "StatefulSet") => !version.starts_with("apps/"),
        (version, "DaemonSet") => {
            version != "extensions/v1beta1" && version != "apps/v1" && version != "apps/v1beta2"
        }
        _ => false,
    }
}

/// Whether a field of the pod or the container has a profile of one of these types, or of another one.
fn has_profile(seen: &Seen<'_>, field: &str, types: &[&str], among: bool) -> bool {
    let contexts = [seen.of_pod("/spec/securityContext"), seen.of_container("/securityContext")];
    contexts.iter().any(|context| {
        let profile = &context[field];
        profile.is_object() && types.contains(&profile["type"].as_str().unwrap_or_default()) == among
    })
}

const PROFILES: [&str; 3] = ["RuntimeDefault", "Localhost", "Unconfined"];

fn has_annotation(seen: &Seen<'_>) -> bool {
    let annotations = seen.of_pod("/metadata/annotations").as_object();
    annotations.is_some_and(|all| {
        all.keys().any(|key| key.starts_with("container.apparmor.security.beta.kubernetes.io/"))
    })
}

fn capabilities<'a>(seen: &Seen<'a>, list: &str) -> impl Iterator<Item = &'a str> {
    seen.of_container("/securityContext/capabilities")[list]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn host_paths<'a>(seen: &Seen<'a>) -> impl Iterator<Item = &'a str> {
    let volumes = seen.of_pod("/spec/volumes").as_array().into_iter().flatten();
    volumes.filter_map(|volume| volume["hostPath"]["path"].as_str())
}

fn claims<'a>(seen: &Seen<'a>) -> impl Iterator<Item = &'a Value> {
    seen.at("/spec/volumeClaimTemplates").as_array().into_iter().flatten()
}

fn modes(claim: &Value) -> Vec<&str> {
    claim["spec"]["accessModes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn is_ephemeral(seen: &Seen<'_>) -> bool {
    seen.is_in("ephemeralContainers")
}

fn is_init(seen: &Seen<'_>) -> bool {
    seen.is_in("initContainers")
}

/// What the container runs as, its own or the pod's; null where neither says it.
fn runs_as<'a>(seen: &Seen<'a>, field: &str) -> &'a Value {
    match &seen.of_container("/securityContext")[field] {
        Value::Null => &seen.of_pod("/spec/securityContext")[field],
        own => own,
    }
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
