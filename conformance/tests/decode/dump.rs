//! Views as text: one line for each field, as `go/cmd/decode` answers.

use std::fmt::Write as _;

use seawall_model::gotext::quote;
use seawall_model::pod::{
    Capabilities, Container, ContainerPort, Handler, HostAction, Lifecycle, Metadata, Pod, PodOs,
    PodSecurityContext, PodSpec, Profile, SeLinuxOptions, SecurityContext, Str, Sysctl, Volume,
    VolumeSources, WindowsOptions,
};

/// All fields of a pod.
pub(crate) fn pod(pod: &Pod<'_>) -> String {
    let mut out = String::new();
    pod.dump("", &mut out);
    out
}

trait Dump {
    fn dump(&self, path: &str, out: &mut String);
}

macro_rules! line {
    ($out:expr, $($arg:tt)*) => { writeln!($out, $($arg)*).expect("writing to a string") };
}

macro_rules! dump {
    ($type:ty: $($field:ident = $json:literal,)*) => {
        impl Dump for $type {
            fn dump(&self, path: &str, out: &mut String) {
                $(self.$field.dump(&format!("{path}.{}", $json), out);)*
            }
        }
    };
}

impl Dump for Str<'_> {
    fn dump(&self, path: &str, out: &mut String) {
        line!(out, "{path}={}", quote(self));
    }
}

impl Dump for bool {
    fn dump(&self, path: &str, out: &mut String) {
        line!(out, "{path}={self}");
    }
}

impl Dump for i32 {
    fn dump(&self, path: &str, out: &mut String) {
        line!(out, "{path}={self}");
    }
}

impl Dump for i64 {
    fn dump(&self, path: &str, out: &mut String) {
        line!(out, "{path}={self}");
    }
}

impl<T: Dump> Dump for Option<T> {
    fn dump(&self, path: &str, out: &mut String) {
        if let Some(value) = self {
            line!(out, "{path}?");
            value.dump(path, out);
        }
    }
}

impl<T: Dump> Dump for Box<T> {
    fn dump(&self, path: &str, out: &mut String) {
        (**self).dump(path, out);
    }
}

impl<T: Dump> Dump for Vec<T> {
    fn dump(&self, path: &str, out: &mut String) {
        for (i, value) in self.iter().enumerate() {
            let item = format!("{path}[{i}]");
            line!(out, "{item}");
            value.dump(&item, out);
        }
    }
}

impl Dump for Vec<(Str<'_>, Str<'_>)> {
    fn dump(&self, path: &str, out: &mut String) {
        let mut sorted: Vec<_> = self.iter().collect();
        sorted.sort();
        for (key, value) in sorted {
            line!(out, "{path}[{}]={}", quote(key), quote(value));
        }
    }
}

impl Dump for Volume<'_> {
    fn dump(&self, path: &str, out: &mut String) {
        self.name.dump(&format!("{path}.name"), out);
        let mut set: Vec<_> = VolumeSources::NAMES
            .iter()
            .enumerate()
            .filter(|(i, _)| self.sources.0 & (1 << i) != 0)
            .map(|(_, name)| *name)
            .collect();
        set.sort_unstable();
        line!(out, "{path} sets {}", set.join(" "));
    }
}

dump!(Pod<'_>: metadata = "metadata", spec = "spec",);
dump!(Metadata<'_>: name = "name", namespace = "namespace", annotations = "annotations",);
dump!(PodSpec<'_>: os = "os", host_network = "hostNetwork", host_pid = "hostPID", host_ipc = "hostIPC",
    host_users = "hostUsers", runtime_class_name = "runtimeClassName", security_context = "securityContext",
    init_containers = "initContainers", containers = "containers", ephemeral_containers = "ephemeralContainers",
    volumes = "volumes",);
dump!(PodOs<'_>: name = "name",);
dump!(PodSecurityContext<'_>: run_as_non_root = "runAsNonRoot", run_as_user = "runAsUser",
    seccomp_profile = "seccompProfile", app_armor_profile = "appArmorProfile", se_linux_options = "seLinuxOptions",
    windows_options = "windowsOptions", sysctls = "sysctls",);
dump!(Profile<'_>: kind = "type", localhost_profile = "localhostProfile",);
dump!(SeLinuxOptions<'_>: user = "user", role = "role", kind = "type",);
dump!(WindowsOptions: host_process = "hostProcess",);
dump!(Sysctl<'_>: name = "name",);
dump!(Container<'_>: name = "name", ports = "ports", security_context = "securityContext",
    liveness_probe = "livenessProbe", readiness_probe = "readinessProbe", startup_probe = "startupProbe",
    lifecycle = "lifecycle",);
dump!(ContainerPort: container_port = "containerPort", host_port = "hostPort",);
dump!(SecurityContext<'_>: privileged = "privileged", allow_privilege_escalation = "allowPrivilegeEscalation",
    capabilities = "capabilities", proc_mount = "procMount", run_as_non_root = "runAsNonRoot",
    run_as_user = "runAsUser", seccomp_profile = "seccompProfile", app_armor_profile = "appArmorProfile",
    se_linux_options = "seLinuxOptions", windows_options = "windowsOptions",);
dump!(Capabilities<'_>: add = "add", drop = "drop",);
dump!(Handler<'_>: http_get = "httpGet", tcp_socket = "tcpSocket",);
dump!(HostAction<'_>: host = "host",);
dump!(Lifecycle<'_>: post_start = "postStart", pre_stop = "preStop",);
