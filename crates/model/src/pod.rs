//! The view of a pod, or of a pod template, that the Pod Security Standards and later engines look at.
//!
//! Field names and types are those of k8s.io/api `core/v1/types.go`; fields nobody reads are left out.

use std::borrow::Cow;

use crate::decode::object;

/// A string of the source.
pub type Str<'d> = Cow<'d, str>;

object! {
    /// A pod, or a pod template: metadata and spec.
    pub struct Pod<'d> {
        /// `metadata`
        metadata: Metadata<'d> = "metadata",
        /// `spec`
        spec: PodSpec<'d> = "spec",
    }
}

object! {
    /// The part of an object's metadata that engines read.
    pub struct Metadata<'d> {
        /// `name`
        name: Str<'d> = "name",
        /// `namespace`
        namespace: Str<'d> = "namespace",
        /// `annotations`, in the order of the source. Every key once.
        annotations: Vec<(Str<'d>, Str<'d>)> = "annotations",
    }
}

object! {
    /// A pod's specification.
    pub struct PodSpec<'d> {
        /// `os`
        os: Option<PodOs<'d>> = "os",
        /// `hostNetwork`
        host_network: bool = "hostNetwork",
        /// `hostPID`
        host_pid: bool = "hostPID",
        /// `hostIPC`
        host_ipc: bool = "hostIPC",
        /// `hostUsers`
        host_users: Option<bool> = "hostUsers",
        /// `runtimeClassName`
        runtime_class_name: Option<Str<'d>> = "runtimeClassName",
        /// `securityContext`
        security_context: Option<PodSecurityContext<'d>> = "securityContext",
        /// `initContainers`
        init_containers: Vec<Container<'d>> = "initContainers",
        /// `containers`
        containers: Vec<Container<'d>> = "containers",
        /// `ephemeralContainers`
        ephemeral_containers: Vec<Container<'d>> = "ephemeralContainers",
        /// `volumes`
        volumes: Vec<Volume<'d>> = "volumes",
    }
}

object! {
    /// The operating system of a pod.
    pub struct PodOs<'d> {
        /// `name`: `linux` or `windows`
        name: Str<'d> = "name",
    }
}

object! {
    /// A pod's security context.
    pub struct PodSecurityContext<'d> {
        /// `runAsNonRoot`
        run_as_non_root: Option<bool> = "runAsNonRoot",
        /// `runAsUser`
        run_as_user: Option<i64> = "runAsUser",
        /// `seccompProfile`
        seccomp_profile: Option<Box<Profile<'d>>> = "seccompProfile",
        /// `appArmorProfile`
        app_armor_profile: Option<Box<Profile<'d>>> = "appArmorProfile",
        /// `seLinuxOptions`
        se_linux_options: Option<Box<SeLinuxOptions<'d>>> = "seLinuxOptions",
        /// `windowsOptions`
        windows_options: Option<WindowsOptions> = "windowsOptions",
        /// `sysctls`
        sysctls: Vec<Sysctl<'d>> = "sysctls",
    }
}

object! {
    /// A seccomp or `AppArmor` profile.
    pub struct Profile<'d> {
        /// `type`: `RuntimeDefault`, `Localhost` or `Unconfined`
        kind: Str<'d> = "type",
        /// `localhostProfile`
        localhost_profile: Option<Str<'d>> = "localhostProfile",
    }
}

object! {
    /// `SELinux` options.
    pub struct SeLinuxOptions<'d> {
        /// `user`
        user: Str<'d> = "user",
        /// `role`
        role: Str<'d> = "role",
        /// `type`
        kind: Str<'d> = "type",
    }
}

object! {
    /// Options of Windows pods.
    pub struct WindowsOptions {
        /// `hostProcess`
        host_process: Option<bool> = "hostProcess",
    }
}

object! {
    /// A kernel parameter.
    pub struct Sysctl<'d> {
        /// `name`
        name: Str<'d> = "name",
    }
}

object! {
    /// A container of any class. What most leave out stands apart: a pod may have thousands of them.
    pub struct Container<'d> {
        /// `name`
        name: Str<'d> = "name",
        /// `image`
        image: Str<'d> = "image",
        /// `ports`
        ports: Vec<ContainerPort> = "ports",
        /// `securityContext`
        security_context: Option<Box<SecurityContext<'d>>> = "securityContext",
        /// `livenessProbe`
        liveness_probe: Option<Box<Handler<'d>>> = "livenessProbe",
        /// `readinessProbe`
        readiness_probe: Option<Box<Handler<'d>>> = "readinessProbe",
        /// `startupProbe`
        startup_probe: Option<Box<Handler<'d>>> = "startupProbe",
        /// `lifecycle`
        lifecycle: Option<Box<Lifecycle<'d>>> = "lifecycle",
    }
}

object! {
    /// A port of a container.
    pub struct ContainerPort {
        /// `containerPort`
        container_port: i32 = "containerPort",
        /// `hostPort`; 0 where it is not set
        host_port: i32 = "hostPort",
    }
}

object! {
    /// A container's security context.
    pub struct SecurityContext<'d> {
        /// `privileged`
        privileged: Option<bool> = "privileged",
        /// `allowPrivilegeEscalation`
        allow_privilege_escalation: Option<bool> = "allowPrivilegeEscalation",
        /// `capabilities`
        capabilities: Option<Capabilities<'d>> = "capabilities",
        /// `procMount`
        proc_mount: Option<Str<'d>> = "procMount",
        /// `runAsNonRoot`
        run_as_non_root: Option<bool> = "runAsNonRoot",
        /// `runAsUser`
        run_as_user: Option<i64> = "runAsUser",
        /// `seccompProfile`
        seccomp_profile: Option<Box<Profile<'d>>> = "seccompProfile",
        /// `appArmorProfile`
        app_armor_profile: Option<Box<Profile<'d>>> = "appArmorProfile",
        /// `seLinuxOptions`
        se_linux_options: Option<Box<SeLinuxOptions<'d>>> = "seLinuxOptions",
        /// `windowsOptions`
        windows_options: Option<WindowsOptions> = "windowsOptions",
    }
}

object! {
    /// Linux capabilities.
    pub struct Capabilities<'d> {
        /// `add`
        add: Vec<Str<'d>> = "add",
        /// `drop`
        drop: Vec<Str<'d>> = "drop",
    }
}

object! {
    /// A probe or a lifecycle handler.
    pub struct Handler<'d> {
        /// `httpGet`
        http_get: Option<HostAction<'d>> = "httpGet",
        /// `tcpSocket`
        tcp_socket: Option<HostAction<'d>> = "tcpSocket",
    }
}

object! {
    /// An action that can name a host.
    pub struct HostAction<'d> {
        /// `host`
        host: Str<'d> = "host",
    }
}

object! {
    /// A container's lifecycle handlers.
    pub struct Lifecycle<'d> {
        /// `postStart`
        post_start: Option<Handler<'d>> = "postStart",
        /// `preStop`
        pre_stop: Option<Handler<'d>> = "preStop",
    }
}

/// A volume: its name and which sources it sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Volume<'d> {
    /// `name`
    pub name: Str<'d>,
    /// The sources that are present and not null.
    pub sources: VolumeSources,
    /// `hostPath.path`
    pub host_path: Str<'d>,
}

object! {
    /// A directory or file of the node.
    pub struct HostPath<'d> {
        /// `path`
        path: Str<'d> = "path",
    }
}

/// A set of volume sources, one bit for each of [`VolumeSources::NAMES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VolumeSources(pub u32);

impl VolumeSources {
    /// The sources by their field names; the first nine are those that restricted allows, the rest in the order in which
    /// the reference names the type of a bad volume (`policy/check_restrictedVolumes.go`).
    pub const NAMES: [&'static str; 30] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "gitRepo",
        "nfs",
        "iscsi",
        "glusterfs",
        "rbd",
        "flexVolume",
        "cinder",
        "cephfs",
        "flocker",
        "fc",
        "azureFile",
        "vsphereVolume",
        "quobyte",
        "azureDisk",
        "photonPersistentDisk",
        "portworxVolume",
        "scaleIO",
        "storageos",
    ];

    /// How many of [`Self::NAMES`] restricted allows.
    pub const ALLOWED: usize = 9;

    /// Puts a source in, or takes it out.
    pub(crate) const fn set(&mut self, source: usize, present: bool) {
        if present {
            self.0 |= 1 << source;
        } else {
            self.0 &= !(1 << source);
        }
    }
}

/// The three classes of containers, in the order in which the reference visits them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerClass {
    /// `initContainers`
    Init,
    /// `containers`
    Main,
    /// `ephemeralContainers`
    Ephemeral,
}

impl ContainerClass {
    /// All of them, in this order.
    pub const ALL: [Self; 3] = [Self::Init, Self::Main, Self::Ephemeral];

    /// The field that lists them.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

impl<'d> PodSpec<'d> {
    /// All containers as the reference visits them: init, main, ephemeral, each with its class and its index there.
    pub fn visit(&self) -> impl Iterator<Item = (ContainerClass, usize, &Container<'d>)> {
        self.init_containers
            .iter()
            .enumerate()
            .map(|(i, c)| (ContainerClass::Init, i, c))
            .chain(self.containers.iter().enumerate().map(|(i, c)| (ContainerClass::Main, i, c)))
            .chain(
                self.ephemeral_containers.iter().enumerate().map(|(i, c)| (ContainerClass::Ephemeral, i, c)),
            )
    }

    /// Whether the pod is declared to run on Windows.
    pub fn is_windows(&self) -> bool {
        self.os.as_ref().is_some_and(|os| os.name == "windows")
    }
}
