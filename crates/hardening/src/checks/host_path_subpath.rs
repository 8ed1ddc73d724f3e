//! Mounts of a part of a volume whose parts containers can swap.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports mounts of `hostPath` and `emptyDir` volumes that use `subPath` or `subPathExpr`.
    ///
    /// ## Why it matters
    /// The kubelet looks up the part of the volume as root on the node, while containers can put a symbolic link in its place.
    /// Twice (CVE-2017-1002101, CVE-2021-25741) that led out of the volume into the node's file system.
    ///
    /// ## How to fix
    /// Mount the volume as a whole, or give each part a volume of its own. Kubelets from 1.22.2 on have both repairs.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   volumeMounts:
    ///   - {name: cache, mountPath: /cache}
    /// volumes:
    /// - name: cache
    ///   emptyDir: {}
    /// ```
    ///
    /// ## Applies to
    /// All containers. Off by default: no supported version of Kubernetes is open to the known attacks.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath>
    /// - <https://github.com/kubernetes/kubernetes/issues/104980>
    static RULE = {
        id: "host-path-subpath",
        aliases: &[],
        title: "mounts a part of a volume that containers can swap",
        severity: Severity::Low,
        off: true,
        tags: &["security"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    for (index, mount) in at.container.volume_mounts.iter().enumerate() {
        let set = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        let field = match (set(mount.sub_path), set(mount.sub_path_expr)) {
            (true, _) => "subPath",
            (false, true) => "subPathExpr",
            (false, false) => continue,
        };
        let volume = at.pod().volume(mount.name);
        let Some(of_type) = volume.and_then(|volume| match (volume.host_path, volume.empty_dir) {
            (Some(_), _) => Some("hostPath"),
            (None, Some(_)) => Some("emptyDir"),
            (None, None) => None,
        }) else {
            continue;
        };
        out.report(|| {
            Hit::new(
                at.mount_path(index).key(field),
                format!("a part of {of_type}"),
                format!("{} mounts a part of {of_type} volume \"{}\", which a link may lead elsewhere", at.said(), mount.name),
                format!("mount the volume as a whole, without {field}"),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_kind};

    const ID: &str = "host-path-subpath";

    fn pod(mount: &str) -> String {
        format!("kind: Pod\nspec:\n  volumes: [{{name: h, hostPath: {{path: /d}}}}, {{name: e, emptyDir: {{}}}}, {{name: s, secret: {{secretName: x}}}}]\n  containers:\n  - {{name: a, volumeMounts: [{mount}]}}\n")
    }

    #[test]
    fn reports_parts_of_volumes_that_containers_write() {
        let at = "a spec.containers[name=a].volumeMounts[mountPath=/d]";
        assert_eq!(found(ID, &pod("{name: h, mountPath: /d, subPath: x}")), [format!("{at}.subPath: a part of hostPath")]);
        assert_eq!(
            found(ID, &pod("{name: e, mountPath: /d, subPathExpr: $(X)}")),
            [format!("{at}.subPathExpr: a part of emptyDir")]
        );
    }

    #[test]
    fn passes_whole_volumes_and_others() {
        for mount in [
            "{name: h, mountPath: /d}",
            "{name: h, mountPath: /d, subPath: ''}",
            "{name: h, mountPath: /d, subPath: 1}",
            "{name: s, mountPath: /d, subPath: x}",
            "{name: unknown, mountPath: /d, subPath: x}",
        ] {
            assert_eq!(found(ID, &pod(mount)), [""; 0], "{mount}");
        }
    }

    #[test]
    fn looks_into_every_class_and_every_kind() {
        let spec = "volumes: [{name: v, emptyDir: {}}]\ninitContainers: [{name: i, volumeMounts: &m [{name: v, mountPath: /d, subPath: x}]}]\ncontainers: [{name: a, volumeMounts: *m}]\nephemeralContainers: [{name: e, volumeMounts: *m}]\n";
        let kinds = in_every_kind(ID, spec);
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 3), "{kinds:?}");
    }
}
