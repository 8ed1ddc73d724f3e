//! Containers.

use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;
use seawall_model::FieldPath;
use seawall_model::pod::ContainerClass;
use seawall_yaml::NodeRef;

use super::node::{Quantities, view};
use super::{Pod, PodSpec};
use crate::check::PodAt;

/// The last position at which an environment variable is called by its name.
const NAMED: usize = 500;

view! {
    /// A container of any class.
    pub struct Container {
        /// `name`
        name: &'d str = "name",
        /// `image`
        image: Option<&'d str> = "image",
        /// `imagePullPolicy`
        image_pull_policy: Option<&'d str> = "imagePullPolicy",
        /// `command`
        command: Vec<&'d str> = "command",
        /// `args`
        args: Vec<&'d str> = "args",
        /// `env`
        env: Vec<EnvVar<'d>> = "env",
        /// `envFrom`
        env_from: Vec<EnvFrom<'d>> = "envFrom",
        /// `ports`
        ports: Vec<Port<'d>> = "ports",
        /// `resources`
        resources: Resources<'d> = "resources",
        /// `securityContext`
        security_context: Option<SecurityContext<'d>> = "securityContext",
        /// `livenessProbe`
        liveness_probe: Option<Probe<'d>> = "livenessProbe",
        /// `readinessProbe`
        readiness_probe: Option<Probe<'d>> = "readinessProbe",
        /// `startupProbe`
        startup_probe: Option<Probe<'d>> = "startupProbe",
        /// `lifecycle`, a mapping.
        lifecycle: Option<NodeRef<'d>> = "lifecycle",
        /// `volumeMounts`
        volume_mounts: Vec<VolumeMount<'d>> = "volumeMounts",
        /// `volumeDevices`, a list.
        volume_devices: Option<NodeRef<'d>> = "volumeDevices",
        /// `restartPolicy`: `Always` makes an init container a sidecar.
        restart_policy: Option<&'d str> = "restartPolicy",
    }
}

view! {
    /// A container's security context.
    pub struct SecurityContext {
        /// `privileged`
        privileged: Option<bool> = "privileged",
        /// `readOnlyRootFilesystem`
        read_only_root_filesystem: Option<bool> = "readOnlyRootFilesystem",
        /// `runAsNonRoot`
        run_as_non_root: Option<bool> = "runAsNonRoot",
        /// `runAsUser`
        run_as_user: Option<i64> = "runAsUser",
        /// `runAsGroup`
        run_as_group: Option<i64> = "runAsGroup",
        /// `capabilities`, a mapping.
        capabilities: Option<NodeRef<'d>> = "capabilities",
    }
}

view! {
    /// What a container, or a pod, asks for and may use.
    pub struct Resources {
        /// `requests`
        requests: Quantities<'d> = "requests",
        /// `limits`
        limits: Quantities<'d> = "limits",
    }
}

view! {
    /// An environment variable.
    pub struct EnvVar {
        /// `name`
        name: &'d str = "name",
        /// `value`
        value: Option<&'d str> = "value",
        /// `valueFrom`
        value_from: Option<EnvSource<'d>> = "valueFrom",
    }
}

view! {
    /// Where a variable's value comes from; each a mapping.
    pub struct EnvSource {
        /// `secretKeyRef`
        secret_key_ref: Option<NodeRef<'d>> = "secretKeyRef",
        /// `configMapKeyRef`
        config_map_key_ref: Option<NodeRef<'d>> = "configMapKeyRef",
    }
}

view! {
    /// Variables from a whole object; each a mapping.
    pub struct EnvFrom {
        /// `secretRef`
        secret_ref: Option<NodeRef<'d>> = "secretRef",
        /// `configMapRef`
        config_map_ref: Option<NodeRef<'d>> = "configMapRef",
    }
}

view! {
    /// A port of a container.
    pub struct Port {
        /// `name`
        name: Option<&'d str> = "name",
        /// `containerPort`
        container_port: Option<i64> = "containerPort",
        /// `protocol`
        protocol: Option<&'d str> = "protocol",
    }
}

view! {
    /// A probe; handlers are mappings.
    pub struct Probe {
        /// `httpGet`
        http_get: Option<NodeRef<'d>> = "httpGet",
        /// `tcpSocket`
        tcp_socket: Option<NodeRef<'d>> = "tcpSocket",
        /// `grpc`
        grpc: Option<NodeRef<'d>> = "grpc",
        /// `exec`
        exec: Option<NodeRef<'d>> = "exec",
        /// `initialDelaySeconds`
        initial_delay_seconds: Option<i64> = "initialDelaySeconds",
        /// `timeoutSeconds`
        timeout_seconds: Option<i64> = "timeoutSeconds",
        /// `periodSeconds`
        period_seconds: Option<i64> = "periodSeconds",
        /// `successThreshold`
        success_threshold: Option<i64> = "successThreshold",
        /// `failureThreshold`
        failure_threshold: Option<i64> = "failureThreshold",
    }
}

view! {
    /// A volume in a container.
    pub struct VolumeMount {
        /// `name`
        name: &'d str = "name",
        /// `mountPath`
        mount_path: &'d str = "mountPath",
        /// `readOnly`
        read_only: bool = "readOnly",
        /// `subPath`
        sub_path: Option<&'d str> = "subPath",
        /// `subPathExpr`
        sub_path_expr: Option<&'d str> = "subPathExpr",
    }
}

/// A container and where it is.
#[derive(Clone, Copy, Debug)]
pub struct ContainerAt<'a, 'd> {
    /// The pod.
    pub at: PodAt<'a, 'd>,
    /// Its class.
    pub class: ContainerClass,
    /// Its position in the list of its class.
    pub index: usize,
    /// The container.
    pub container: &'a Container<'d>,
}

impl<'a, 'd> ContainerAt<'a, 'd> {
    /// The object.
    pub fn object(&self) -> &'a Object<'d> {
        self.at.object
    }

    /// The template.
    pub fn template(&self) -> &'a Template<'d> {
        self.at.template
    }

    /// The pod.
    pub fn pod(&self) -> &'a Pod<'d> {
        self.at.pod
    }

    /// Its path from the pod: `spec.containers[name=app]`, by position where the name does not tell it apart.
    pub fn path(&self) -> FieldPath {
        let list = FieldPath::root().keys("spec").key(self.class.field());
        let name = self.container.name;
        let same = |c: &Container<'_>| c.name == name;
        let earlier = self.pod().spec.of_class(self.class).iter().take(self.index).any(same);
        if name.is_empty() || earlier {
            list.index(self.index as u32 as usize)
        } else {
            list.item("name", name)
        }
    }

    /// Its name for a message: `container "app"`.
    pub fn said(&self) -> String {
        let class = match self.class {
            ContainerClass::Init => "init container",
            ContainerClass::Main => "container",
            ContainerClass::Ephemeral => "ephemeral container",
        };
        format!("{class} \"{}\"", self.container.name)
    }

    /// The path of an environment variable, by position where the name does not tell it apart.
    pub fn path_of_variable(&self, index: usize) -> FieldPath {
        let list = self.path().key("env");
        let name = self.container.env.get(index).map_or("", |variable| variable.name);
        // Whether a name is the first of its kind is not looked for in lists that nobody wrote by hand.
        if name.is_empty()
            || index > NAMED
            || self.container.env.iter().take(index).any(|earlier| earlier.name == name)
        {
            list.index(index)
        } else {
            list.item("name", name)
        }
    }

    /// Whether it runs as long as the pod: a main container, or an init container that is a sidecar.
    pub fn is_long_running(&self) -> bool {
        match self.class {
            ContainerClass::Main => true,
            ContainerClass::Init => self.container.restart_policy == Some("Always"),
            ContainerClass::Ephemeral => false,
        }
    }
}

impl<'d> PodSpec<'d> {
    /// The containers of a class.
    pub fn of_class(&self, class: ContainerClass) -> &[Container<'d>] {
        match class {
            ContainerClass::Init => &self.init_containers,
            ContainerClass::Main => &self.containers,
            ContainerClass::Ephemeral => &self.ephemeral_containers,
        }
    }
}

impl<'a, 'd> PodAt<'a, 'd> {
    /// All containers: init, main, ephemeral.
    pub fn containers(self) -> impl Iterator<Item = ContainerAt<'a, 'd>> {
        let classes = [ContainerClass::Init, ContainerClass::Main, ContainerClass::Ephemeral];
        classes.into_iter().flat_map(move |class| {
            let of_class = self.pod.spec.of_class(class).iter().enumerate();
            of_class.map(move |(index, container)| ContainerAt { at: self, class, index, container })
        })
    }
}
