//! The view of a pod that the checks look at.
//!
//! Field names and types are those of k8s.io/api `core/v1/types.go`; fields nobody reads are left out. Values of a wrong type
//! count as unset: the schema has found them, and what the API server would refuse is not checked.

mod containers;
mod list;
mod node;
mod places;
mod rbac;

use containers::Names;
use seawall_manifest::workload::{Form, Template};
use seawall_yaml::NodeRef;

pub use containers::{
    Container, ContainerAt, EnvFrom, EnvSource, EnvVar, Port, Probe, Resources, VolumeMount,
};
pub use list::List;
pub use node::{FromNode, Quantities, field};
pub(crate) use places::item;
pub use rbac::{PolicyRule, RoleRef, Subject};

pub(crate) use node::view;

/// A pod or pod template.
#[derive(Debug, Default)]
pub struct Pod<'d> {
    /// `metadata`
    pub metadata: Metadata<'d>,
    /// `spec`
    pub spec: PodSpec<'d>,
    names: Names<'d>,
}

view! {
    struct PodTemplate {
        metadata: Metadata<'d> = "metadata",
        spec: PodSpec<'d> = "spec",
    }
}

view! {
    /// What checks read of an object's metadata.
    pub struct Metadata {
        /// `name`
        name: Option<&'d str> = "name",
        /// `namespace`
        namespace: Option<&'d str> = "namespace",
        /// `labels`, a mapping.
        labels: Option<NodeRef<'d>> = "labels",
        /// `annotations`, a mapping.
        annotations: Option<NodeRef<'d>> = "annotations",
        /// `ownerReferences`, a list.
        owner_references: Option<NodeRef<'d>> = "ownerReferences",
    }
}

view! {
    /// A pod's specification.
    pub struct PodSpec {
        /// `os`
        os: Option<NodeRef<'d>> = "os",
        /// `hostNetwork`
        host_network: bool = "hostNetwork",
        /// `hostPID`
        host_pid: bool = "hostPID",
        /// `hostIPC`
        host_ipc: bool = "hostIPC",
        /// `hostUsers`
        host_users: Option<bool> = "hostUsers",
        /// `hostAliases`, a list.
        host_aliases: Option<NodeRef<'d>> = "hostAliases",
        /// `serviceAccountName`
        service_account_name: Option<&'d str> = "serviceAccountName",
        /// `serviceAccount`
        service_account: Option<&'d str> = "serviceAccount",
        /// `automountServiceAccountToken`
        automount_service_account_token: Option<bool> = "automountServiceAccountToken",
        /// `restartPolicy`
        restart_policy: Option<&'d str> = "restartPolicy",
        /// `priorityClassName`
        priority_class_name: Option<&'d str> = "priorityClassName",
        /// `runtimeClassName`
        runtime_class_name: Option<&'d str> = "runtimeClassName",
        /// `terminationGracePeriodSeconds`
        termination_grace_period_seconds: Option<i64> = "terminationGracePeriodSeconds",
        /// `affinity`, a mapping.
        affinity: Option<NodeRef<'d>> = "affinity",
        /// `topologySpreadConstraints`, a list.
        topology_spread_constraints: Option<NodeRef<'d>> = "topologySpreadConstraints",
        /// `nodeSelector`, a mapping.
        node_selector: Option<NodeRef<'d>> = "nodeSelector",
        /// `resources` of the pod as a whole (from Kubernetes 1.32 on).
        resources: Option<Resources<'d>> = "resources",
        /// `securityContext`
        security_context: Option<PodSecurityContext<'d>> = "securityContext",
        /// `initContainers`
        init_containers: List<Container<'d>> = "initContainers",
        /// `containers`
        containers: List<Container<'d>> = "containers",
        /// `ephemeralContainers`
        ephemeral_containers: List<Container<'d>> = "ephemeralContainers",
        /// `volumes`
        volumes: Vec<Volume<'d>> = "volumes",
    }
}

view! {
    /// A pod's security context.
    pub struct PodSecurityContext {
        /// `runAsNonRoot`
        run_as_non_root: Option<bool> = "runAsNonRoot",
        /// `runAsUser`
        run_as_user: Option<i64> = "runAsUser",
        /// `runAsGroup`
        run_as_group: Option<i64> = "runAsGroup",
        /// `fsGroup`
        fs_group: Option<i64> = "fsGroup",
        /// `supplementalGroups`; `None` for what is no number.
        supplemental_groups: Vec<Option<i64>> = "supplementalGroups",
        /// `sysctls`, a list.
        sysctls: Option<NodeRef<'d>> = "sysctls",
        /// `appArmorProfile`, a mapping.
        app_armor_profile: Option<NodeRef<'d>> = "appArmorProfile",
        /// `windowsOptions`, a mapping.
        windows_options: Option<NodeRef<'d>> = "windowsOptions",
    }
}

view! {
    /// A volume; its name and the sources that checks look into, each a mapping.
    pub struct Volume {
        /// `name`
        name: &'d str = "name",
        /// `hostPath`
        host_path: Option<NodeRef<'d>> = "hostPath",
        /// `emptyDir`
        empty_dir: Option<NodeRef<'d>> = "emptyDir",
        /// `secret`
        secret: Option<NodeRef<'d>> = "secret",
        /// `configMap`
        config_map: Option<NodeRef<'d>> = "configMap",
        /// `projected`
        projected: Option<NodeRef<'d>> = "projected",
        /// `gitRepo`
        git_repo: Option<NodeRef<'d>> = "gitRepo",
        /// `persistentVolumeClaim`
        persistent_volume_claim: Option<NodeRef<'d>> = "persistentVolumeClaim",
    }
}

impl<'d> Pod<'d> {
    /// The view of what a template writes; `None` for templates of other forms, whose containers are described in another
    /// way, and where nothing is written.
    pub fn of(template: &Template<'d>) -> Option<Self> {
        let node = template.node?;
        let (metadata, spec) = match template.form {
            Form::Template => {
                let PodTemplate { metadata, spec } = PodTemplate::from_node(node);
                (metadata, spec)
            }
            Form::PodSpec => {
                let metadata = template.metadata().map(Metadata::from_node).unwrap_or_default();
                (metadata, PodSpec::from_node(node))
            }
            Form::Predictor | Form::Task => return None,
        };
        Some(Self { metadata, spec, names: Names::default() })
    }

    /// Whether the pod is declared to run on Windows: by its field `os`, or, without it, by the nodes that it selects.
    pub fn is_windows(&self) -> bool {
        fn text<'d>(node: Option<NodeRef<'d>>, key: &str) -> Option<&'d str> {
            node?.get(key)?.as_str()
        }
        let selected = || text(self.spec.node_selector, "kubernetes.io/os");
        let os = text(self.spec.os, "name").or_else(selected);
        os == Some("windows")
    }

    /// Whether the pod's metadata has an annotation.
    pub fn has_annotation(&self, name: &str) -> bool {
        self.metadata.annotations.is_some_and(|annotations| annotations.get(name).is_some())
    }
}
