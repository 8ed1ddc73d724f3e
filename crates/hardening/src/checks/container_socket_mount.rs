//! Volumes with the container runtime's socket.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::host_path;

rule! {
    /// ## What it does
    /// Reports `hostPath` volumes that are the socket of a container runtime, or a directory made for one. A socket is known by its
    /// file name, wherever a distribution puts it: `docker.sock`, `containerd.sock`, `crio.sock`, `cri-dockerd.sock`, `dockershim.sock`,
    /// `podman.sock`, and the named pipes of Docker and containerd on Windows. Directories are `/run` and `/var/run` and those
    /// between them and such sockets, as `/run/containerd`.
    ///
    /// ## Why it matters
    /// Who talks to the runtime starts any container on the node, a privileged one with the node's root directory too. Whoever
    /// holds the socket is root on the node, and neither `readOnly` nor running as another user takes that back.
    ///
    /// ## How to fix
    /// Build images without a runtime (Kaniko, Buildah, BuildKit without root), read logs and metrics from the kubelet. Agents that
    /// must ask the runtime belong in a namespace of their own.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: build
    ///   image: moby/buildkit:v0.24.0-rootless
    /// ```
    ///
    /// ## Applies to
    /// Volumes of all pods, mounted or not. The node's root directory, in which the sockets are among all else, is
    /// `host-path-sensitive` alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/security/pod-security-standards/>
    /// - CIS Kubernetes Benchmark 5.2.12
    static RULE = {
        id: "container-socket-mount",
        aliases: &[],
        title: "mounts the container runtime's socket",
        severity: Severity::Critical,
        level: None,
        host_level: true,
        tags: &["security", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

/// Where the runtimes put their sockets; `/var/run` is a link to `/run`.
const USUAL: [&str; 7] = [
    "/run/docker.sock",
    "/run/cri-dockerd.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/podman/podman.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
];

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for found in host_path::volumes(at.pod) {
        let path = found.path.as_str();
        let below_run = if path.starts_with("/var/run") { &path["/var".len()..] } else { path };
        let label = if host_path::is_runtime_socket(path) {
            "whoever holds this socket is root on the node"
        } else if path != "/" && USUAL.iter().any(|socket| host_path::holds(below_run, socket)) {
            "holds the container runtime's socket"
        } else {
            continue;
        };
        out.report(|| {
            let name = found.volume.name;
            let into = host_path::into_containers(*at, name);
            Hit::new(
                at.pod.volume_path(found.index).keys("hostPath.path"),
                label,
                format!("volume \"{name}\" mounts the container runtime's socket from the node{into}"),
                "do without the socket: there are tools that build images, or read logs and metrics, without the runtime",
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_kind};

    const ID: &str = "container-socket-mount";

    fn pod(path: &str) -> String {
        format!("kind: Pod\nspec:\n  volumes: [{{name: v, hostPath: {{path: {path}}}}}]\n")
    }

    #[test]
    fn reports_sockets_and_their_directories() {
        let at = "- spec.volumes[name=v].hostPath.path";
        for path in [
            "/var/run/docker.sock", "/run/docker.sock", "//var/run/../run/docker.sock/", "/run/containerd/containerd.sock",
            "/var/run/crio/crio.sock", "/run/user/1000/podman/podman.sock", "/var/snap/x/containerd.sock",
            r"'\\.\pipe\docker_engine'", r"'\\.\PIPE\containerd-containerd'",
        ] {
            assert_eq!(found(ID, &pod(path)), [format!("{at}: whoever holds this socket is root on the node")], "{path}");
        }
        for path in ["/run", "/var/run/", "/run/containerd", "/var/run/crio", "/run/k3s", "/run/k3s/containerd"] {
            assert_eq!(found(ID, &pod(path)), [format!("{at}: holds the container runtime's socket")], "{path}");
        }
    }

    #[test]
    fn passes_others() {
        for path in ["/", "/var", "/run/udev", "/run/containerd/io", "/var/running", "/data/my-docker.sock", "''", "7", "null"] {
            assert_eq!(found(ID, &pod(path)), [""; 0], "{path}");
        }
        assert_eq!(found(ID, "kind: Pod\nspec:\n  volumes: [{name: docker.sock, emptyDir: {}}, null]\n"), [""; 0]);
    }

    #[test]
    fn names_the_containers() {
        let pod = "kind: Pod\nspec:\n  volumes: [{name: v, hostPath: {path: /run/docker.sock}}]\n  containers: [{name: a, volumeMounts: [{name: v, mountPath: /s, readOnly: true}]}]\n";
        assert_eq!(
            Case::of(ID).findings(pod)[0].finding.message,
            "volume \"v\" mounts the container runtime's socket from the node into container \"a\""
        );
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "volumes: [{name: v, hostPath: {path: /var/run/docker.sock}}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
