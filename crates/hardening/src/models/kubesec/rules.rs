//! The table of rules (controlplaneio/kubesec `pkg/ruler/ruleset.go`).

use super::query::Subject;
use super::{Edition, annotations, predicates};

/// The kinds that most rules look at.
const WORKLOADS: &[&str] = &["Pod", "Deployment", "StatefulSet", "DaemonSet"];
const STATEFUL_SET: &[&str] = &["StatefulSet"];

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its id.
    pub id: &'static str,
    /// Why it matters, in words of our own.
    pub reason: &'static str,
    /// The points it gives, or takes if negative.
    pub points: i32,
    /// The kinds it looks at.
    pub kinds: &'static [&'static str],
    released: Option<Form>,
    development: Option<Form>,
}

/// What a rule is in an edition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// What it looks at, in kubesec's notation.
    pub(super) selector: &'static str,
    pub(super) predicate: Predicate,
}

type Predicate = fn(&Subject<'_>) -> bool;

impl Rule {
    const fn new(
        id: &'static str,
        points: i32,
        kinds: &'static [&'static str],
        selector: &'static str,
        predicate: Predicate,
        reason: &'static str,
    ) -> Self {
        let form = Some(Form { selector, predicate });
        Self { id, reason, points, kinds, released: form, development: form }
    }

    /// A rule that had another form in v2.14.2, or that did not have any.
    const fn before(self, released: Option<Form>) -> Self {
        Self { released, ..self }
    }

    /// Whether an edition has it.
    pub fn is_in(&self, edition: Edition) -> bool {
        self.form(edition).is_some()
    }

    pub(super) fn form(&self, edition: Edition) -> Option<Form> {
        match edition {
            Edition::Released => self.released,
            Edition::Development => self.development,
        }
    }
}

const SECCOMP: &str = ".spec .securityContext .seccompProfile .type | .spec .containers[] .securityContext .seccompProfile .type | .spec .initContainers[] .securityContext .seccompProfile .type | .spec .ephemeralContainers[] .securityContext .seccompProfile .type";
const APPARMOR: &str = ".spec .securityContext .appArmorProfile .type | .spec .containers[] .securityContext .appArmorProfile .type | .spec .initContainers[] .securityContext .appArmorProfile .type | .spec .ephemeralContainers[] .securityContext .appArmorProfile .type";

/// All rules of both editions.
pub static RULES: &[Rule] = &[
    Rule::new("HostNetwork", -9, WORKLOADS, ".spec .hostNetwork == true", predicates::host_network, "on the host's network, processes of the pod reach what listens on the host's loopback interface"),
    Rule::new("HostPID", -9, WORKLOADS, ".spec .hostPID == true", predicates::host_pid, "processes of the host can be seen with their environment and configuration"),
    Rule::new("HostIPC", -9, WORKLOADS, ".spec .hostIPC == true", predicates::host_ipc, "containers can talk to processes of the host"),
    Rule::new("ReadOnlyRootFilesystem", 1, WORKLOADS, "containers[] .securityContext .readOnlyRootFilesystem == true", predicates::read_only_root_filesystem, "where nothing can be written, an attacker cannot leave programs behind"),
    Rule::new("RunAsNonRoot", 1, WORKLOADS, ".spec, .spec.containers[] | .securityContext .runAsNonRoot == true", predicates::run_as_non_root, "a process that is not root can do less harm"),
    Rule::new("RunAsUser", 1, WORKLOADS, ".spec, .spec.containers[] | .securityContext .runAsUser -gt 10000", predicates::run_as_user, "a high user id is none of the host's"),
    Rule::new("RunAsGroup", 1, WORKLOADS, ".spec, .spec.containers[] | .securityContext .runAsGroup -gt 10000", predicates::run_as_group, "a high group id is none of the host's"),
    Rule::new("Privileged", -30, WORKLOADS, "containers[] .securityContext .privileged == true", predicates::privileged, "a privileged container has nearly all of the host"),
    Rule::new("CapSysAdmin", -30, WORKLOADS, "containers[] .securityContext .capabilities .add == SYS_ADMIN", predicates::cap_sys_admin, "CAP_SYS_ADMIN is nearly as good as root on the host"),
    Rule::new("CapDropAny", 1, WORKLOADS, "containers[] .securityContext .capabilities .drop", predicates::cap_drop_any, "every capability less is less to attack"),
    Rule::new("CapDropAll", 1, WORKLOADS, "containers[] .securityContext .capabilities .drop | index(\"ALL\")", predicates::cap_drop_all, "a container that keeps only the capabilities it needs offers less to attack"),
    Rule::new("DockerSock", -9, WORKLOADS, "volumes[] .hostPath .path == /var/run/docker.sock", predicates::docker_sock, "who holds the runtime's socket can start containers of any kind on the host"),
    Rule::new("ProcMount", -9, WORKLOADS, "volumes[] .hostPath .path == /proc", predicates::proc_mount, "the host's /proc shows other containers and can be a way out"),
    Rule::new("RequestsCPU", 1, WORKLOADS, "containers[] .resources .requests .cpu", predicates::requests_cpu, "requests let the scheduler share CPU time fairly"),
    Rule::new("LimitsCPU", 1, WORKLOADS, "containers[] .resources .limits .cpu", predicates::limits_cpu, "a limit keeps one container from taking all CPU time"),
    Rule::new("RequestsMemory", 1, WORKLOADS, "containers[] .resources .requests .memory", predicates::requests_memory, "requests let the scheduler share memory fairly"),
    Rule::new("LimitsMemory", 1, WORKLOADS, "containers[] .resources .limits .memory", predicates::limits_memory, "a limit keeps one container from taking all memory"),
    Rule::new("ServiceAccountName", 3, WORKLOADS, ".spec .serviceAccountName", predicates::service_account_name, "a service account of its own can have few rights"),
    Rule::new("HostAliases", -3, WORKLOADS, ".spec .hostAliases", predicates::host_aliases, "names belong into DNS and not into /etc/hosts"),
    Rule::new("SeccompAny", 1, WORKLOADS, SECCOMP, predicates::seccomp_any, "a seccomp profile keeps unknown holes of the kernel out of reach")
    .before(Some(Form { selector: ".metadata .annotations .\"container.seccomp.security.alpha.kubernetes.io/pod\"", predicate: annotations::seccomp_any })),
    Rule::new("SeccompUnconfined", -1, WORKLOADS, SECCOMP, predicates::seccomp_unconfined, "without a seccomp profile every system call is open")
    .before(Some(Form { selector: ".metadata .annotations .\"container.seccomp.security.alpha.kubernetes.io/pod\"", predicate: annotations::seccomp_unconfined })),
    Rule::new("ApparmorAny", 3, WORKLOADS, APPARMOR, predicates::apparmor_any, "an AppArmor profile that fits holds back what is not known yet")
    .before(Some(Form { selector: ".metadata .annotations .\"container.apparmor.security.beta.kubernetes.io/nginx\"", predicate: annotations::apparmor_any })),
    Rule::new("ApparmorUnconfined", -1, WORKLOADS, APPARMOR, predicates::apparmor_unconfined, "unconfined, AppArmor holds back nothing")
    .before(None),
    Rule::new("VolumeClaimAccessModeReadWriteOnce", 1, STATEFUL_SET, ".spec .volumeClaimTemplates[] .spec .accessModes | index(\"ReadWriteOnce\")", predicates::claim_access_mode, "a volume that one node alone can mount has one writer"),
    Rule::new("VolumeClaimRequestsStorage", 1, STATEFUL_SET, ".spec .volumeClaimTemplates[] .spec .resources .requests .storage", predicates::claim_requests_storage, "a claim that says its size is bound to a volume of that size"),
    Rule::new("AllowPrivilegeEscalation", -7, WORKLOADS, "containers[] .securityContext .allowPrivilegeEscalation == true", predicates::allow_privilege_escalation, "a process could gain more rights than it was started with"),
    Rule::new("AutomountServiceAccountToken", 1, WORKLOADS, ".spec .automountServiceAccountToken == false", predicates::automount_service_account_token, "without a token, a stolen container has no way into the API"),
    Rule::new("HostUsers", 1, WORKLOADS, ".spec .hostUsers == false", predicates::host_users, "in a user namespace, root in the container is nobody on the host")
    .before(None),
    Rule::new("SecretsAsEnvironmentVariables", -5, &["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"], ".spec .containers[] .env[] .valueFrom .secretKeyRef | .spec .initContainers[] .env[] .valueFrom .secretKeyRef | .spec .ephemeralContainers[] .env[] .valueFrom .secretKeyRef | .spec .containers[] .envFrom[] .secretRef | .spec .initContainers[] .envFrom[] .secretRef | .spec .ephemeralContainers[] .envFrom[] .secretRef", predicates::secrets_as_environment_variables, "environments end up in logs, crash reports and the process list")
    .before(None),
    Rule::new("BindingsToSystemAnonymous", -30, &["RoleBinding", "ClusterRoleBinding"], ".subjects[] .name == \"system:anonymous\"", predicates::bindings_to_system_anonymous, "whoever reaches the API has the rights of that role")
    .before(None),
];
