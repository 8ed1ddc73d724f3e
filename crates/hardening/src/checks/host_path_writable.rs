//! Mounts through which a container can write to the node.

use seawall_finding::{Safety, Severity, rule};
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::host_path;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports mounts of `hostPath` volumes without `readOnly: true`.
    ///
    /// ## Why it matters
    /// Who writes files of the node can leave something there that the node runs: a job for cron, a static pod, a program with
    /// the setuid bit. It outlives the pod, and it can fill the node's disk.
    ///
    /// ## How to fix
    /// Set `readOnly: true` on the mount where the container only reads. Data belong in a PersistentVolumeClaim, scratch files in an
    /// `emptyDir`.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: agent
    ///   volumeMounts:
    ///   - {name: logs, mountPath: /var/log/pods, readOnly: true}
    /// volumes:
    /// - name: logs
    ///   hostPath: {path: /var/log/pods}
    /// ```
    ///
    /// ## Applies to
    /// All containers. Sockets of container runtimes are `container-socket-mount`: a socket takes requests through a read-only
    /// mount too.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath>
    /// - CIS Kubernetes Benchmark 5.2.12
    static RULE = {
        id: "host-path-writable",
        aliases: &[],
        title: "can write files of the node",
        severity: Severity::High,
        level: None,
        host_level: true,
        tags: &["security", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (index, mount) in at.container.volume_mounts.iter().enumerate().filter(|(_, mount)| !mount.read_only) {
        let Some(volume) = at.pod().volume(mount.name) else { continue };
        let path = host_path::of(volume).filter(|path| !host_path::is_runtime_socket(path));
        let Some(path) = path else { continue };
        out.report(|| {
            let hit = Hit::new(
                at.mount_path(index).key("readOnly"),
                "not readOnly",
                format!("{} can write to {} of the node, through volume \"{}\"", at.said(), path, mount.name),
                "set readOnly: true on the mount, or use a volume that is not of the node",
            );
            let of_type = volume.host_path.and_then(|volume| volume.get("type")).and_then(NodeRef::as_str);
            // What is to be created where it is missing is there to be written.
            if of_type.is_some_and(|of_type| of_type.ends_with("OrCreate")) {
                hit
            } else {
                hit.sets(Safety::Likely, "breaks what writes there: it ends with errors about a read-only file system", true)
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, fixed, found, in_every_kind};

    const ID: &str = "host-path-writable";

    fn pod(volume: &str, mount: &str) -> String {
        format!("kind: Pod\nspec:\n  volumes: [{{name: v, {volume}}}]\n  containers:\n  - name: a\n    volumeMounts: [{mount}]\n")
    }

    #[test]
    fn reports_mounts_that_can_be_written() {
        let volume = "hostPath: {path: /data/}";
        let at = "a spec.containers[name=a].volumeMounts[mountPath=/d].readOnly: not readOnly";
        for mount in ["{name: v, mountPath: /d}", "{name: v, mountPath: /d, readOnly: false}", "{name: v, mountPath: /d, readOnly: 'true'}"] {
            assert_eq!(found(ID, &pod(volume, mount)), [at], "{mount}");
        }
        assert_eq!(found(ID, &pod(volume, "{name: v, mountPath: /d, readOnly: true}")), [""; 0]);
        assert_eq!(found(ID, &pod(volume, "{name: other, mountPath: /d}, {}, null")), [""; 0]);
        assert_eq!(found(ID, &pod("emptyDir: {}", "{name: v, mountPath: /d}")), [""; 0]);
        let twice = found(ID, &pod(volume, "{name: v, mountPath: /d}, {name: v, mountPath: /d}"));
        assert_eq!(twice[1], "a spec.containers[name=a].volumeMounts[1].readOnly: not readOnly");
    }

    #[test]
    fn leaves_sockets_to_the_check_on_sockets() {
        let mount = "{name: v, mountPath: /d}";
        assert_eq!(found(ID, &pod("hostPath: {path: /run/docker.sock}", mount)), [""; 0]);
        assert_eq!(found(ID, &pod("hostPath: {path: /run}", mount)).len(), 1);
    }

    #[test]
    fn what_is_created_has_no_fix() {
        let fix = |volume| Case::of(ID).findings(&pod(volume, "{name: v, mountPath: /d}"))[0].fix.is_some();
        assert!(fix("hostPath: {path: /d, type: Directory}") && fix("hostPath: {path: /d}"));
        assert!(!fix("hostPath: {path: /d, type: DirectoryOrCreate}"));
    }

    #[test]
    fn looks_into_every_class_and_every_kind() {
        let spec = "volumes: [{name: v, hostPath: {path: /d}}]\ninitContainers: [{name: i, volumeMounts: [{name: v, mountPath: /d}]}]\ncontainers: [{name: a, volumeMounts: [{name: v, mountPath: /d}]}]\nephemeralContainers: [{name: e, volumeMounts: [{name: v, mountPath: /d}]}]\n";
        let kinds = in_every_kind(ID, spec);
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 3), "{kinds:?}");
    }

    #[test]
    fn the_fix_is_at_the_mount() {
        let pod = pod("hostPath: {path: /d}", "{name: v, mountPath: /a}, {name: v, mountPath: /a}");
        let mount = "{name: v, mountPath: /a, readOnly: true}";
        assert!(fixed(ID, &pod).contains(&format!("[{mount}, {mount}]")));
    }
}
