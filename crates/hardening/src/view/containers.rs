//! Containers.

use std::cell::OnceCell;
use std::collections::HashMap;

use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;
use seawall_model::pod::ContainerClass;
use seawall_model::{FieldPath, first_of_equals};
use seawall_yaml::NodeRef;
use thin_vec::ThinVec;

use super::node::{Quantities, view};
use super::{List, Pod, PodSpec, Volume};
use crate::check::PodAt;

view! {
    /// A container of any class. What most leave out stands apart: a pod may have thousands of them.
    pub struct Container(node) {
        /// `name`
        name: &'d str = "name",
        /// `image`
        image: Option<&'d str> = "image",
        /// `imagePullPolicy`
        image_pull_policy: Option<&'d str> = "imagePullPolicy",
        /// `command`
        command: ThinVec<&'d str> = "command",
        /// `args`
        args: ThinVec<&'d str> = "args",
        /// `env`
        env: ThinVec<EnvVar<'d>> = "env",
        /// `envFrom`
        env_from: ThinVec<EnvFrom<'d>> = "envFrom",
        /// `ports`
        ports: ThinVec<Port<'d>> = "ports",
        /// `resources`
        resources: Resources<'d> = "resources",
        /// `securityContext`
        security_context: Option<Box<SecurityContext<'d>>> = "securityContext",
        /// `livenessProbe`
        liveness_probe: Option<Box<Probe<'d>>> = "livenessProbe",
        /// `readinessProbe`
        readiness_probe: Option<Box<Probe<'d>>> = "readinessProbe",
        /// `startupProbe`
        startup_probe: Option<Box<Probe<'d>>> = "startupProbe",
        /// `lifecycle`, a mapping.
        lifecycle: Option<NodeRef<'d>> = "lifecycle",
        /// `volumeMounts`
        volume_mounts: ThinVec<VolumeMount<'d>> = "volumeMounts",
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
        /// `appArmorProfile`, a mapping.
        app_armor_profile: Option<NodeRef<'d>> = "appArmorProfile",
        /// `windowsOptions`, a mapping.
        windows_options: Option<NodeRef<'d>> = "windowsOptions",
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

/// What is looked up in a pod by name: found when it is first asked for, for all at once, so that many items take no square
/// of time.
#[derive(Debug, Default)]
pub(super) struct Names<'d> {
    /// By class: whether the containers are the first of their name.
    first: [OnceCell<Vec<bool>>; 3],
    /// The positions of volumes, of the first of a name.
    volumes: OnceCell<HashMap<&'d str, usize>>,
    /// The containers that mount a volume, by its name.
    mounted: OnceCell<HashMap<&'d str, Vec<(ContainerClass, usize)>>>,
}

/// In lists up to this length looking is faster than hashing.
const SHORT: usize = 16;

impl<'d> Pod<'d> {
    fn is_first_of_name(&self, class: ContainerClass, index: usize) -> bool {
        let containers = self.spec.of_class(class);
        if index < SHORT {
            let mut earlier = containers.iter().take(index);
            return containers
                .get(index)
                .is_some_and(|here| earlier.all(|earlier| earlier.name != here.name));
        }
        let first = self.names.first[class as usize]
            .get_or_init(|| first_of_equals(containers.iter().map(|container| container.name)));
        first.get(index).copied().unwrap_or_default()
    }

    /// The volume of a name.
    pub fn volume(&self, name: &str) -> Option<&Volume<'d>> {
        let volumes = &self.spec.volumes;
        if volumes.len() <= SHORT {
            return volumes.iter().find(|volume| volume.name == name);
        }
        let positions = self.names.volumes.get_or_init(|| {
            let last_first = volumes.iter().enumerate().rev();
            last_first.map(|(position, volume)| (volume.name, position)).collect()
        });
        volumes.get(*positions.get(name)?)
    }

    /// The containers that mount the volume of a name, by class and position.
    pub fn mounted(&self, volume: &str) -> &[(ContainerClass, usize)] {
        let mounted = self.names.mounted.get_or_init(|| {
            let mut mounted: HashMap<_, Vec<_>> = HashMap::new();
            for class in ContainerClass::ALL {
                for (index, container) in self.spec.of_class(class).iter().enumerate() {
                    for mount in &container.volume_mounts {
                        let of_volume = mounted.entry(mount.name).or_default();
                        if of_volume.last() != Some(&(class, index)) {
                            of_volume.push((class, index));
                        }
                    }
                }
            }
            mounted
        });
        mounted.get(volume).map(Vec::as_slice).unwrap_or_default()
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
        let list = FieldPath::known(&["spec", self.class.field()]);
        let name = self.container.name;
        if !name.is_empty() && self.pod().is_first_of_name(self.class, self.index) {
            list.item("name", name)
        } else {
            list.index(self.index)
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
    pub fn of_class(&self, class: ContainerClass) -> &List<Container<'d>> {
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
        ContainerClass::ALL.into_iter().flat_map(move |class| {
            let of_class = self.pod.spec.of_class(class).iter().enumerate();
            of_class.map(move |(index, container)| ContainerAt { at: self, class, index, container })
        })
    }

    /// A container by class and position.
    pub fn container(self, class: ContainerClass, index: usize) -> Option<ContainerAt<'a, 'd>> {
        let container = self.pod.spec.of_class(class).get(index)?;
        Some(ContainerAt { at: self, class, index, container })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    /// A pod with so many containers, `c` at every third position, each mounting the volume of its position.
    fn pod(count: usize) -> String {
        let name = |i: usize| if i.is_multiple_of(3) { "c".to_owned() } else { format!("c{i}") };
        let container = |i| {
            format!("  - {{name: {}, volumeMounts: [{{name: v{i}, mountPath: /x, subPath: a}}]}}\n", name(i))
        };
        let volume = |i| format!("  - {{name: v{i}, hostPath: {{path: /etc/{i}}}}}\n");
        let list = |item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<String>();
        format!("kind: Pod\nspec:\n  containers:\n{}  volumes:\n{}", list(&container), list(&volume))
    }

    #[test]
    fn many_are_found_as_few_are() {
        for count in [10, 40] {
            let found = found("host-path-subpath", &pod(count));
            assert_eq!(found.len(), count);
            for (i, found) in found.iter().enumerate() {
                let place = match i {
                    0 => "[name=c]".to_owned(),
                    _ if i.is_multiple_of(3) => format!("[{i}]"),
                    _ => format!("[name=c{i}]"),
                };
                assert!(found.contains(&format!("spec.containers{place}.volumeMounts")), "{found}");
            }
        }
    }

    #[test]
    fn the_first_volume_of_a_name_counts() {
        for others in [0, 40] {
            let others = (0..others).map(|i| format!("  - {{name: o{i}, emptyDir: {{}}}}\n"));
            let others = others.collect::<Vec<_>>().concat();
            let pod = |first: &str, second: &str| {
                format!(
                    "kind: Pod\nspec:\n  containers: [{{name: a, volumeMounts: [{{name: v, mountPath: /x}}]}}]\n  volumes:\n{others}  - {{name: v, {first}}}\n  - {{name: v, {second}}}\n"
                )
            };
            let (empty, host) = ("emptyDir: {}", "hostPath: {path: /srv}");
            assert_eq!(found("host-path-writable", &pod(host, empty)).len(), 1);
            assert_eq!(found("host-path-writable", &pod(empty, host)), [""; 0]);
        }
    }

    #[test]
    fn long_lists_of_containers_are_cut_in_messages() {
        let container = |i| format!("{{name: c{i}, volumeMounts: [{{name: v, mountPath: /x}}]}}");
        let pod = |count| {
            let containers: Vec<String> = (0..count).map(container).collect();
            let volumes = "volumes: [{name: v, hostPath: {path: /etc}}]";
            format!("kind: Pod\nspec: {{containers: [{}], {volumes}}}\n", containers.join(", "))
        };
        let said = |count| Case::of("host-path-sensitive").findings(&pod(count))[0].finding.message.clone();
        assert!(said(5).ends_with("container \"c3\", container \"c4\""), "{}", said(5));
        assert!(said(7).ends_with("container \"c3\", container \"c4\" and 2 more"), "{}", said(7));
    }
}
