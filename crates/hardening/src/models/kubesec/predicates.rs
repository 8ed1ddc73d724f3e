//! The predicates of the rules, in the order of the table (controlplaneio/kubesec `pkg/rules`).

use seawall_yaml::{Kind, NodeRef};

use super::query::{Subject, elements, number, only, only_printed, printed, value};

/// What a container, or the pod, says of something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// Nothing that can be read.
    Nothing,
    /// Not what is sought.
    Other,
    /// What is sought.
    Sought,
}

impl From<Option<bool>> for Said {
    fn from(sought: Option<bool>) -> Self {
        match sought {
            None => Self::Nothing,
            Some(false) => Self::Other,
            Some(true) => Self::Sought,
        }
    }
}

/// Whether any container says what is sought.
fn container(subject: &Subject<'_>, said: impl Fn(NodeRef<'_>) -> Said) -> bool {
    subject.containers().any(|container| said(container) == Said::Sought)
}

/// Whether any container says what is sought, or says nothing where the pod says it.
fn container_or_pod(subject: &Subject<'_>, said: impl Fn(NodeRef<'_>) -> Said) -> bool {
    let pod = subject.spec().map_or(Said::Nothing, &said);
    subject.containers().any(|container| match said(container) {
        Said::Nothing => pod == Said::Sought,
        of_container => of_container == Said::Sought,
    })
}

/// A boolean of the security context that is true.
fn is_true(field: &'static str) -> impl Fn(NodeRef<'_>) -> Said {
    move |node| value(node, &["securityContext", field]).and_then(NodeRef::as_bool).into()
}

fn above_10000(field: &'static str) -> impl Fn(NodeRef<'_>) -> Said {
    move |node| value(node, &["securityContext", field]).and_then(number).map(|id| id > 10000.0).into()
}

fn capabilities<'d>(node: NodeRef<'d>, list: &str) -> Option<NodeRef<'d>> {
    value(node, &["securityContext", "capabilities", list])
}

fn profile(field: &'static str, unconfined: bool) -> impl Fn(NodeRef<'_>) -> Said {
    move |node| {
        let profile = value(node, &["securityContext", field, "type"]).and_then(NodeRef::as_str);
        profile.map(|profile| (profile == "Unconfined") == unconfined).into()
    }
}

/// Whether a field of the pod is given: anything but null, and but the text that Go prints for it.
fn is_given(subject: &Subject<'_>, field: &str) -> bool {
    subject.of_pod(&[field]).is_some_and(|value| value.as_str() != Some("<nil>"))
}

fn pod_bool(subject: &Subject<'_>, field: &str) -> Option<bool> {
    subject.of_pod(&[field]).and_then(NodeRef::as_bool)
}

fn host_path(subject: &Subject<'_>, part: &str) -> bool {
    only_printed(subject.of_pod(&["volumes"]), &["hostPath", "path"]).contains(part)
}

/// Whether any container, not counting init containers, gives an amount; null will do.
fn amount(subject: &Subject<'_>, kind: &str, resource: &str) -> bool {
    !only(subject.of_pod(&["containers"]), &["resources", kind, resource]).is_empty()
}

pub(super) fn host_network(subject: &Subject<'_>) -> bool {
    pod_bool(subject, "hostNetwork") == Some(true)
}

pub(super) fn host_pid(subject: &Subject<'_>) -> bool {
    pod_bool(subject, "hostPID") == Some(true)
}

pub(super) fn host_ipc(subject: &Subject<'_>) -> bool {
    pod_bool(subject, "hostIPC") == Some(true)
}

pub(super) fn read_only_root_filesystem(subject: &Subject<'_>) -> bool {
    container(subject, is_true("readOnlyRootFilesystem"))
}

pub(super) fn run_as_non_root(subject: &Subject<'_>) -> bool {
    container_or_pod(subject, is_true("runAsNonRoot"))
}

pub(super) fn run_as_user(subject: &Subject<'_>) -> bool {
    container_or_pod(subject, above_10000("runAsUser"))
}

pub(super) fn run_as_group(subject: &Subject<'_>) -> bool {
    container_or_pod(subject, above_10000("runAsGroup"))
}

pub(super) fn privileged(subject: &Subject<'_>) -> bool {
    container(subject, is_true("privileged"))
}

pub(super) fn cap_sys_admin(subject: &Subject<'_>) -> bool {
    container(subject, |node| {
        capabilities(node, "add").map(|added| printed(added).contains("SYS_ADMIN")).into()
    })
}

pub(super) fn cap_drop_any(subject: &Subject<'_>) -> bool {
    container(subject, |node| {
        let list = capabilities(node, "drop").filter(|dropped| dropped.kind() == Kind::Sequence);
        list.map(|list| list.count() > 0 && !printed(list).contains("<nil>")).into()
    })
}

pub(super) fn cap_drop_all(subject: &Subject<'_>) -> bool {
    container(subject, |node| {
        capabilities(node, "drop").map(|list| printed(list).to_ascii_uppercase().contains("ALL")).into()
    })
}

pub(super) fn docker_sock(subject: &Subject<'_>) -> bool {
    host_path(subject, "/var/run/docker.sock")
}

pub(super) fn proc_mount(subject: &Subject<'_>) -> bool {
    host_path(subject, "/proc")
}

pub(super) fn requests_cpu(subject: &Subject<'_>) -> bool {
    amount(subject, "requests", "cpu")
}

pub(super) fn limits_cpu(subject: &Subject<'_>) -> bool {
    amount(subject, "limits", "cpu")
}

pub(super) fn requests_memory(subject: &Subject<'_>) -> bool {
    amount(subject, "requests", "memory")
}

pub(super) fn limits_memory(subject: &Subject<'_>) -> bool {
    amount(subject, "limits", "memory")
}

pub(super) fn service_account_name(subject: &Subject<'_>) -> bool {
    is_given(subject, "serviceAccountName")
}

pub(super) fn host_aliases(subject: &Subject<'_>) -> bool {
    is_given(subject, "hostAliases")
}

pub(super) fn seccomp_any(subject: &Subject<'_>) -> bool {
    container_or_pod(subject, profile("seccompProfile", false))
}

pub(super) fn seccomp_unconfined(subject: &Subject<'_>) -> bool {
    container_or_pod(subject, profile("seccompProfile", true))
}

pub(super) fn apparmor_any(subject: &Subject<'_>) -> bool {
    container_or_pod(subject, profile("appArmorProfile", false))
}

pub(super) fn apparmor_unconfined(subject: &Subject<'_>) -> bool {
    container_or_pod(subject, profile("appArmorProfile", true))
}

/// A StatefulSet without claims keeps both rules about claims.
fn has_no_claims(subject: &Subject<'_>) -> bool {
    only(subject.value(&["spec", "volumeClaimTemplates"]), &["spec"]).is_empty()
}

pub(super) fn claim_access_mode(subject: &Subject<'_>) -> bool {
    let claims = subject.value(&["spec", "volumeClaimTemplates"]);
    has_no_claims(subject)
        || only_printed(claims, &["spec", "accessModes"]).contains("accessModes:[ReadWriteOnce]")
}

pub(super) fn claim_requests_storage(subject: &Subject<'_>) -> bool {
    let claims = subject.value(&["spec", "volumeClaimTemplates"]);
    has_no_claims(subject) || !only(claims, &["spec", "resources", "requests", "storage"]).is_empty()
}

pub(super) fn allow_privilege_escalation(subject: &Subject<'_>) -> bool {
    container(subject, is_true("allowPrivilegeEscalation"))
}

pub(super) fn automount_service_account_token(subject: &Subject<'_>) -> bool {
    pod_bool(subject, "automountServiceAccountToken") == Some(false)
}

pub(super) fn host_users(subject: &Subject<'_>) -> bool {
    pod_bool(subject, "hostUsers") == Some(false)
}

pub(super) fn secrets_as_environment_variables(subject: &Subject<'_>) -> bool {
    let any = |container: NodeRef<'_>, list: &str, path: &[&str]| {
        let variables = value(container, &[list]).map(elements).unwrap_or_default();
        variables.into_iter().any(|variable| value(variable, path).is_some())
    };
    subject.containers().any(|container| {
        any(container, "env", &["valueFrom", "secretKeyRef"]) || any(container, "envFrom", &["secretRef"])
    })
}

pub(super) fn bindings_to_system_anonymous(subject: &Subject<'_>) -> bool {
    only_printed(subject.value(&["subjects"]), &["name"]).contains("system:anonymous")
}
