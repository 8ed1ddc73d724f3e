//! Paths of the node that a pod mounts.

use crate::check::PodAt;
use crate::view::{Pod, Volume};

/// A hostPath volume.
pub(crate) struct HostPath<'a, 'd> {
    /// Its position in the list of volumes.
    pub(crate) index: usize,
    /// The volume.
    pub(crate) volume: &'a Volume<'d>,
    /// The path on the node, clean; `.` where none is written.
    pub(crate) path: String,
}

/// The hostPath volumes of a pod.
pub(crate) fn volumes<'a, 'd>(pod: &'a Pod<'d>) -> impl Iterator<Item = HostPath<'a, 'd>> {
    let volumes = pod.spec.volumes.iter().enumerate();
    volumes.filter_map(|(index, volume)| Some(HostPath { index, volume, path: of(volume)? }))
}

/// The path on the node of a hostPath volume, clean.
pub(crate) fn of(volume: &Volume<'_>) -> Option<String> {
    Some(clean(volume.host_path?.get("path").and_then(seawall_yaml::NodeRef::as_str).unwrap_or_default()))
}

/// A path as Go's `path.Clean` makes it.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".to_owned(),
        (false, rest) => rest,
    }
}

/// Whether one clean path is the other, or a directory above it.
pub(crate) fn holds(path: &str, other: &str) -> bool {
    path == "/" || other.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Sockets of container runtimes by their file names: distributions put them into different directories.
const SOCKETS: [&str; 6] =
    ["docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock", "dockershim.sock", "podman.sock"];

/// Named pipes of container runtimes on Windows.
const PIPES: [&str; 2] = ["docker_engine", "containerd-containerd"];

/// Whether a clean path is the socket of a container runtime.
pub(crate) fn is_runtime_socket(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let pipe = || path.to_ascii_lowercase().replace('\\', "/").contains("/pipe/");
    SOCKETS.contains(&name) || PIPES.iter().any(|pipe| name.eq_ignore_ascii_case(pipe)) && pipe()
}

/// Containers that a message names.
const NAMED: usize = 5;

/// The containers that mount a volume, for a message: ` into container "app"`.
pub(crate) fn into_containers(at: PodAt<'_, '_>, volume: &str) -> String {
    let mounted = at.pod.mounted(volume);
    let said = |(class, index): &(_, _)| Some(at.container(*class, *index)?.said());
    let named: Vec<_> = mounted.iter().take(NAMED).filter_map(said).collect();
    match mounted.len().saturating_sub(NAMED) {
        0 if mounted.is_empty() => ", though no container mounts it".to_owned(),
        0 => format!(" into {}", named.join(", ")),
        others => format!(" into {} and {others} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_as_go_does() {
        // Pairs of Go's own test of path.Clean, in short.
        let pairs = [
            ("", "."),
            ("/", "/"),
            ("///", "/"),
            ("/etc/", "/etc"),
            ("//var//run/./", "/var/run"),
            ("/var/log/../run", "/var/run"),
            ("/../etc", "/etc"),
            ("a/..", "."),
            ("../../a", "../../a"),
            ("a/../../b", "../b"),
        ];
        for (path, cleaned) in pairs {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }

    #[test]
    fn holds_what_is_below() {
        assert!(holds("/", "/etc") && holds("/var", "/var/run") && holds("/var", "/var"));
        assert!(!holds("/va", "/var") && !holds("/var/run", "/var") && !holds("/etc", "/"));
    }

    #[test]
    fn knows_sockets_wherever_they_are() {
        let sockets =
            ["/run/k3s/containerd/containerd.sock", r"\\.\pipe\docker_engine", "/pipe/docker_engine"];
        assert!(sockets.iter().all(|path| is_runtime_socket(path)));
        assert!(
            !["/run/mydocker.sock", "/data/docker_engine", "/docker.sock/x"]
                .iter()
                .any(|p| is_runtime_socket(p))
        );
    }
}
