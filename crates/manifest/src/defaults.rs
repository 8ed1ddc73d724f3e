//! What the API server would add to a pod, and take from it, before Pod Security looks at it, where that changes a verdict
//! or a message (k8s.io/kubernetes v1.37: `pkg/apis/core/v1/defaults.go`, `pkg/registry/core/pod/strategy.go`,
//! `dropDisabledFields` in `pkg/api/pod/util.go`).

use std::borrow::Cow;

use seawall_model::WorkloadKind;
use seawall_model::pod::{Container, Pod, Profile, VolumeSources};

/// How an object was treated, or is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defaults {
    /// As written.
    None,
    /// As the API server does with a pod that is created.
    Pod,
    /// As the API server does with a pod template.
    Template,
}

impl From<WorkloadKind> for Defaults {
    fn from(kind: WorkloadKind) -> Self {
        match kind {
            WorkloadKind::Pod => Self::Pod,
            WorkloadKind::Template => Self::Template,
        }
    }
}

/// Which defaults changed something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// A volume without a source became an `emptyDir`.
    pub empty_dir: bool,
    /// With `hostNetwork`, ports without `hostPort` took their `containerPort`.
    pub host_ports: bool,
    /// An `AppArmor` annotation was copied to its container.
    pub app_armor: bool,
    /// A field that the target cluster does not know, or has its feature gate off for, was taken away.
    pub dropped: bool,
}

/// The minor version from which the gates `ProcMountType` and `UserNamespacesSupport` are on unless an administrator says
/// otherwise (`pkg/features/kube_features.go`).
const USER_NAMESPACES: u64 = 33;

/// The minor version that has the `appArmorProfile` fields.
const APP_ARMOR_FIELDS: u64 = 30;

/// The minor version from which pod templates no longer get the host ports of pods (`DefaultHostNetworkHostPortsInPodTemplates`).
const TEMPLATES_WITHOUT_HOST_PORTS: u64 = 28;

/// What the name of a container follows in the key of an `AppArmor` annotation.
pub const APP_ARMOR_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The longest profile name that the API server copies from an annotation, in bytes.
const PROFILE_NAME_MAX: usize = 4095;

/// Changes the pod as `how` says and a cluster of this minor version would; returns what was changed.
pub fn apply(pod: &mut Pod<'_>, how: Defaults, kubernetes: u64) -> Applied {
    let mut applied = Applied::default();
    if how == Defaults::None {
        return applied;
    }
    applied.dropped = kubernetes < USER_NAMESPACES && drop_disabled(pod, kubernetes);
    for volume in &mut pod.spec.volumes {
        if volume.sources.0 == 0 {
            volume.sources = EMPTY_DIR;
            applied.empty_dir = true;
        }
    }
    if pod.spec.host_network && (how == Defaults::Pod || kubernetes < TEMPLATES_WITHOUT_HOST_PORTS) {
        applied.host_ports = default_host_ports(pod);
    }
    if how == Defaults::Pod && kubernetes >= APP_ARMOR_FIELDS && !pod.spec.is_windows() {
        applied.app_armor = copy_app_armor(pod);
    }
    applied
}

/// Takes away what a cluster before [`USER_NAMESPACES`] does not keep. A `procMount` is forced to its default, as the API
/// server does.
fn drop_disabled(pod: &mut Pod<'_>, kubernetes: u64) -> bool {
    let fields = kubernetes < APP_ARMOR_FIELDS;
    let mut dropped = pod.spec.host_users.take().is_some();
    if let Some(context) = pod.spec.security_context.as_mut().filter(|_| fields) {
        dropped |= context.app_armor_profile.take().is_some();
    }
    let spec = &mut pod.spec;
    let containers = spec.init_containers.iter_mut().chain(&mut spec.containers);
    for container in containers.chain(&mut spec.ephemeral_containers) {
        let Some(context) = &mut container.security_context else { continue };
        dropped |= fields && context.app_armor_profile.take().is_some();
        if let Some(proc_mount) = context.proc_mount.as_mut().filter(|mount| **mount != "Default") {
            *proc_mount = Cow::Borrowed("Default");
            dropped = true;
        }
    }
    dropped
}

const EMPTY_DIR: VolumeSources = {
    let mut bit = 0;
    // "emptyDir" by its bytes: comparing strings is not const.
    while !matches!(VolumeSources::NAMES[bit].as_bytes(), b"emptyDir") {
        bit += 1;
    }
    VolumeSources(1 << bit)
};

/// `defaultHostNetworkPorts`: not for ephemeral containers.
fn default_host_ports(pod: &mut Pod<'_>) -> bool {
    let mut changed = false;
    for container in pod.spec.containers.iter_mut().chain(&mut pod.spec.init_containers) {
        for port in container.ports.iter_mut().filter(|p| p.host_port == 0 && p.container_port != 0) {
            port.host_port = port.container_port;
            changed = true;
        }
    }
    changed
}

/// `applyAppArmorVersionSkew`.
fn copy_app_armor<'d>(pod: &mut Pod<'d>) -> bool {
    if !pod.metadata.annotations.iter().any(|(key, _)| key.starts_with(APP_ARMOR_PREFIX)) {
        return false;
    }
    let annotations = &pod.metadata.annotations;
    let of_pod = pod.spec.security_context.as_ref().and_then(|c| c.app_armor_profile.clone());
    let mut changed = false;
    let mut copy = |container: &mut Container<'d>| {
        if container.security_context.as_ref().is_some_and(|c| c.app_armor_profile.is_some()) {
            return;
        }
        let value = annotations
            .iter()
            .find(|(key, _)| key.strip_prefix(APP_ARMOR_PREFIX) == Some(&container.name))
            .map(|(_, value)| value);
        let profile = value.and_then(|v| profile_of(v)).map(Box::new);
        if profile.is_some() && profile != of_pod {
            container.security_context.get_or_insert_default().app_armor_profile = profile;
            changed = true;
        }
    };
    pod.spec.init_containers.iter_mut().for_each(&mut copy);
    pod.spec.containers.iter_mut().for_each(&mut copy);
    pod.spec.ephemeral_containers.iter_mut().for_each(&mut copy);
    changed
}

/// `ApparmorFieldForAnnotation` and `ValidateAppArmorProfileField`; `None` for values that are not copied.
fn profile_of<'d>(annotation: &str) -> Option<Profile<'d>> {
    let plain = |kind: &'static str| Profile { kind: Cow::Borrowed(kind), localhost_profile: None };
    match annotation {
        "unconfined" => Some(plain("Unconfined")),
        "runtime/default" => Some(plain("RuntimeDefault")),
        _ => {
            let name = annotation.strip_prefix("localhost/")?;
            let valid = !name.is_empty() && name.trim() == name && name.len() <= PROFILE_NAME_MAX;
            valid.then(|| Profile {
                localhost_profile: Some(Cow::Owned(name.to_owned())),
                ..plain("Localhost")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use seawall_model::pod::{ContainerPort, PodOs, PodSecurityContext, Volume};

    use super::*;

    const NEW: u64 = 37;

    fn container(name: &str) -> Container<'_> {
        Container { name: Cow::Borrowed(name), ..Container::default() }
    }

    fn annotated(value: &str) -> Pod<'_> {
        let mut pod = Pod::default();
        let key = Cow::Owned(format!("{APP_ARMOR_PREFIX}a"));
        pod.metadata.annotations = vec![(key, Cow::Borrowed(value))];
        pod.spec.containers = vec![container("a"), container("b")];
        pod
    }

    fn app_armor<'p>(pod: &'p Pod<'_>) -> Option<&'p Profile<'p>> {
        pod.spec.containers[0].security_context.as_ref()?.app_armor_profile.as_deref()
    }

    #[test]
    fn volumes_without_source_become_empty_dirs() {
        let mut pod = Pod::default();
        let secret = VolumeSources(1 << 8);
        pod.spec.volumes = vec![Volume::default(), Volume { sources: secret, ..Volume::default() }];
        assert_eq!(apply(&mut pod.clone(), Defaults::None, NEW), Applied::default());
        assert!(apply(&mut pod, Defaults::Template, NEW).empty_dir);
        assert_eq!(VolumeSources::NAMES[pod.spec.volumes[0].sources.0.trailing_zeros() as usize], "emptyDir");
        assert_eq!(pod.spec.volumes[1].sources, secret);
    }

    #[test]
    fn host_network_gives_pods_host_ports() {
        let mut pod = Pod::default();
        pod.spec.host_network = true;
        let ports = |host_port| vec![ContainerPort { container_port: 80, host_port }];
        pod.spec.containers = vec![
            Container { ports: ports(0), ..container("a") },
            Container { ports: ports(9), ..container("b") },
        ];
        pod.spec.init_containers = vec![Container { ports: ports(0), ..container("i") }];
        pod.spec.ephemeral_containers = vec![Container { ports: ports(0), ..container("e") }];
        assert!(!apply(&mut pod.clone(), Defaults::Template, NEW).host_ports);
        assert!(apply(&mut pod, Defaults::Pod, NEW).host_ports);
        let seen: Vec<i32> = pod.spec.visit().map(|(_, _, c)| c.ports[0].host_port).collect();
        assert_eq!(seen, [80, 80, 9, 0]);
        pod.spec.host_network = false;
        pod.spec.containers[0].ports = ports(0);
        assert!(!apply(&mut pod, Defaults::Pod, NEW).host_ports);
    }

    #[test]
    fn app_armor_annotations_reach_their_container() {
        for (value, kind, name) in [
            ("unconfined", "Unconfined", None),
            ("runtime/default", "RuntimeDefault", None),
            ("localhost/x", "Localhost", Some("x")),
        ] {
            let mut pod = annotated(value);
            assert!(apply(&mut pod, Defaults::Pod, NEW).app_armor, "{value}");
            let profile = app_armor(&pod).unwrap();
            assert_eq!((profile.kind.as_ref(), profile.localhost_profile.as_deref()), (kind, name));
            assert_eq!(pod.spec.containers[1].security_context, None);
        }
        for value in ["", "localhost/", "localhost/ x", "Unconfined", "runtime/x"] {
            assert!(!apply(&mut annotated(value), Defaults::Pod, NEW).app_armor, "{value}");
        }
        assert!(!apply(&mut annotated("unconfined"), Defaults::Template, NEW).app_armor);
    }

    #[test]
    fn app_armor_annotations_give_way() {
        let unconfined = Profile { kind: Cow::Borrowed("Unconfined"), localhost_profile: None };
        let mut windows = annotated("unconfined");
        windows.spec.os = Some(PodOs { name: Cow::Borrowed("windows") });
        assert!(!apply(&mut windows, Defaults::Pod, NEW).app_armor);
        let mut same = annotated("unconfined");
        let context = PodSecurityContext {
            app_armor_profile: Some(unconfined.into()),
            ..PodSecurityContext::default()
        };
        same.spec.security_context = Some(context);
        assert!(!apply(&mut same, Defaults::Pod, NEW).app_armor);
        let mut set = annotated("unconfined");
        set.spec.containers[0].security_context.get_or_insert_default().app_armor_profile =
            Some(Profile { kind: Cow::Borrowed("RuntimeDefault"), localhost_profile: None }.into());
        assert!(!apply(&mut set, Defaults::Pod, NEW).app_armor);
        assert_eq!(app_armor(&set).unwrap().kind, "RuntimeDefault");
    }

    #[test]
    fn older_clusters_keep_less() {
        let unconfined = Profile { kind: Cow::Borrowed("Unconfined"), localhost_profile: None };
        let profile = || Some(Box::new(unconfined.clone()));
        let mut pod = Pod::default();
        pod.spec.host_users = Some(false);
        pod.spec.security_context =
            Some(PodSecurityContext { app_armor_profile: profile(), ..PodSecurityContext::default() });
        pod.spec.containers = vec![container("a")];
        let context = pod.spec.containers[0].security_context.get_or_insert_default();
        context.proc_mount = Some(Cow::Borrowed("Unmasked"));
        context.app_armor_profile = profile();
        for (kubernetes, host_users, proc_mount, app_armor) in [
            (29, None, "Default", None),
            (30, None, "Default", profile()),
            (32, None, "Default", profile()),
            (33, Some(false), "Unmasked", profile()),
        ] {
            for how in [Defaults::Pod, Defaults::Template] {
                let mut pod = pod.clone();
                assert_eq!(apply(&mut pod, how, kubernetes).dropped, kubernetes < 33);
                let context = pod.spec.containers[0].security_context.as_ref().unwrap();
                assert_eq!(pod.spec.host_users, host_users);
                assert_eq!(context.proc_mount.as_deref(), Some(proc_mount), "{kubernetes}");
                assert_eq!(context.app_armor_profile, app_armor);
                assert_eq!(pod.spec.security_context.as_ref().unwrap().app_armor_profile, app_armor);
            }
        }
        assert!(!apply(&mut annotated("unconfined"), Defaults::Pod, 29).app_armor);
        assert!(!apply(&mut Pod::default(), Defaults::Pod, 0).dropped);
    }

    #[test]
    fn older_clusters_give_templates_host_ports() {
        let mut pod = Pod::default();
        pod.spec.host_network = true;
        pod.spec.containers = vec![Container {
            ports: vec![ContainerPort { container_port: 80, host_port: 0 }],
            ..container("a")
        }];
        assert!(!apply(&mut pod.clone(), Defaults::Template, 28).host_ports);
        assert!(apply(&mut pod, Defaults::Template, 27).host_ports);
    }
}
