//! Volumes that open the directories a node consists of.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::host_path;

rule! {
    /// ## What it does
    /// Reports `hostPath` volumes of a directory that makes the node what it is, or of one above it: `/`, `/boot`, `/dev`,
    /// `/etc`, `/etc/kubernetes` and its `pki` and `manifests`, `/lib`, `/proc`, `/root`, `/run`, `/sys`, `/usr`, `/var`, `/var/run`,
    /// `/var/lib/kubelet` and its `pods` and `pki`, `/var/lib/docker`, `/var/lib/containerd`, `/var/lib/etcd`. Paths are
    /// compared after `.`, `..` and double slashes are taken out.
    ///
    /// ## Why it matters
    /// Any `hostPath` is a hole in the wall; these are the gates. They hold the node's programs and devices, the kubelet's
    /// credentials, the secrets of all pods on the node and the sockets of its services. Writing is root on the node, and
    /// for most of them reading suffices.
    ///
    /// ## How to fix
    /// Do without. Agents that must read the node's files mount the narrowest directory below, with `readOnly: true`, and run in a
    /// namespace of their own.
    ///
    /// ## Example
    /// ```yaml
    /// volumes:
    /// - name: release
    ///   hostPath: {path: /etc/os-release, type: File}
    /// ```
    ///
    /// ## Applies to
    /// Volumes of all pods, mounted or not, read-only or not. That a volume is a `hostPath` at all is `host-path-volume`.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath>
    /// - CIS Kubernetes Benchmark 5.2.12
    static RULE = {
        id: "host-path-sensitive",
        aliases: &[],
        title: "mounts a directory that the node consists of",
        severity: Severity::Critical,
        level: None,
        host_level: true,
        tags: &["security", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

/// `/` and `/var` are above others of them, as is `/var/lib`.
const SENSITIVE: [&str; 20] = [
    "/boot",
    "/dev",
    "/etc",
    "/etc/kubernetes",
    "/etc/kubernetes/manifests",
    "/etc/kubernetes/pki",
    "/lib",
    "/proc",
    "/root",
    "/run",
    "/sys",
    "/usr",
    "/var",
    "/var/lib/containerd",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/lib/kubelet/pki",
    "/var/lib/kubelet/pods",
    "/var/lib/docker",
    "/var/run",
];

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for found in host_path::volumes(at.pod) {
        if !SENSITIVE.iter().any(|path| host_path::holds(&found.path, path)) {
            continue;
        }
        out.report(|| {
            let (name, path) = (found.volume.name, &found.path);
            let into = host_path::into_containers(*at, name);
            let what = if path == "/" { "all files of the node".to_owned() } else { format!("{path} of the node") };
            Hit::new(
                at.pod.volume_path(found.index).keys("hostPath.path"),
                "a directory that the node consists of",
                format!("volume \"{name}\" opens {what}{into}"),
                "mount nothing of the node, or only the file or directory below it that is needed",
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_kind};

    const ID: &str = "host-path-sensitive";

    fn reported(path: &str) -> bool {
        let pod = format!("kind: Pod\nspec:\n  volumes: [{{name: v, hostPath: {{path: {path}}}}}]\n");
        !found(ID, &pod).is_empty()
    }

    #[test]
    fn reports_the_directories_and_what_is_above_them() {
        for path in [
            "/", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sys", "/usr", "/var", "/var/run", "/var/lib",
            "/var/lib/kubelet", "/var/lib/kubelet/pods", "/etc/kubernetes/pki", "/var/lib/etcd", "/var/lib/docker", "/etc/", "//etc", "/./etc", "/var/log/..", "/home/../proc/.",
        ] {
            assert!(reported(path), "{path}");
        }
        for path in [
            "/etc/os-release", "/etcd", "/data", "/data/proc", "/var/log", "/var/lib/kubelet/plugins", "/etc/kubernetes/addons", "/lib64", "/home", "etc",
            "''", "null", "7",
        ] {
            assert!(!reported(path), "{path}");
        }
    }

    #[test]
    fn names_volume_path_and_containers() {
        let pod = "kind: Pod\nspec:\n  volumes:\n  - {name: root, hostPath: {path: /}}\n  - {name: root, hostPath: {path: /etc}}\n  - {name: none, hostPath: {path: /sys}}\n  - {name: e, emptyDir: {}}\n  - {name: f, hostPath: null}\n  containers:\n  - {name: a, volumeMounts: [{name: root, mountPath: /x}]}\n  ephemeralContainers:\n  - {name: b, volumeMounts: [{name: root, mountPath: /x}]}\n";
        let label = "a directory that the node consists of";
        assert_eq!(
            found(ID, pod),
            [
                format!("- spec.volumes[name=root].hostPath.path: {label}"),
                format!("- spec.volumes[1].hostPath.path: {label}"),
                format!("- spec.volumes[name=none].hostPath.path: {label}"),
            ]
        );
        let said: Vec<_> = Case::of(ID).findings(pod).into_iter().map(|found| found.finding.message).collect();
        assert_eq!(said[0], "volume \"root\" opens all files of the node into container \"a\", ephemeral container \"b\"");
        assert_eq!(said[2], "volume \"none\" opens /sys of the node, though no container mounts it");
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "volumes: [{name: v, hostPath: {path: /proc}}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn follows_aliases() {
        let pod = "kind: Pod\nspec:\n  volumes:\n  - {name: a, hostPath: &p {path: /etc}}\n  - {name: b, hostPath: {<<: *p, type: Directory}}\n  - {name: c, hostPath: *p}\n";
        assert_eq!(found(ID, pod).len(), 3);
    }
}
