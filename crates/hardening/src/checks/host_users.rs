//! Pods without a user namespace of their own.

use seawall_finding::{Safety, Severity, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};

rule! {
    /// ## What it does
    /// Reports pods without `hostUsers: false`.
    ///
    /// ## Why it matters
    /// The users of such a pod are the node's: root in a container that finds its way out is root there. In a user namespace
    /// root and all its capabilities end at the pod, and a file that a container leaves on the node belongs to nobody.
    ///
    /// ## How to fix
    /// Set `hostUsers: false`. The nodes need Linux 6.3 or newer, a container runtime that knows user namespaces, and file
    /// systems that can map ids for the pod's volumes: NFS cannot.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   hostUsers: false
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// Linux pods, for clusters of Kubernetes 1.33 and newer: before that the field is dropped, unless a feature gate is on. Off
    /// by default, as many nodes cannot do it yet. Pods that share another namespace of the node, or have block devices, are
    /// passed over: the API server refuses `hostUsers: false` for them. See `host-pid`, `host-ipc` and `host-network`.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/>
    static RULE = {
        id: "host-users",
        aliases: &[],
        title: "has no user namespace of its own",
        severity: Severity::Info,
        off: true,
        tags: &["security"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

/// The first minor version in which the API server keeps the field (`pkg/features/kube_features.go`).
const KEPT_FROM: u64 = 33;

fn run(at: &PodAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let spec = &at.pod.spec;
    let refused = spec.host_network
        || spec.host_pid
        || spec.host_ipc
        || at.containers().any(|c| c.container.volume_devices.is_some_and(|devices| devices.count() > 0));
    if spec.host_users == Some(false) || cx.kubernetes < KEPT_FROM || refused || at.pod.is_windows() {
        return;
    }
    out.report(|| {
        let label = if spec.host_users.is_some() { "must be false" } else { "no hostUsers" };
        Hit::new(
            FieldPath::root().keys("spec.hostUsers"),
            label,
            "the pod shares the node's users: root in a container is root on the node",
            "set hostUsers: false",
        )
        .sets(Safety::Likely, "breaks pods on nodes whose kernel, runtime or file systems cannot map ids: they do not start", false)
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, fixed, found, in_every_kind};

    const ID: &str = "host-users";

    fn pod(spec: &str) -> String {
        format!("kind: Pod\nspec: {{{spec}}}\n")
    }

    #[test]
    fn only_false_will_do() {
        assert_eq!(found(ID, &pod("hostUsers: false")), [""; 0]);
        assert_eq!(found(ID, &pod("hostUsers: true")), ["- spec.hostUsers: must be false"]);
        for spec in ["hostUsers: null", "hostUsers: 'false'", "containers: [{name: a, volumeDevices: []}]"] {
            assert_eq!(found(ID, &pod(spec)), ["- spec.hostUsers: no hostUsers"], "{spec}");
        }
    }

    #[test]
    fn asks_for_nothing_that_the_api_server_refuses() {
        for spec in [
            "hostPID: true",
            "hostIPC: true",
            "hostNetwork: true",
            "initContainers: [{name: a, volumeDevices: [{name: d, devicePath: /dev/x}]}]",
            "os: {name: windows}",
            "nodeSelector: {kubernetes.io/os: windows}",
        ] {
            assert_eq!(found(ID, &pod(spec)), [""; 0], "{spec}");
        }
        let of = |kubernetes| {
            let mut case = Case::of(ID);
            case.kubernetes = kubernetes;
            case.found(&pod("")).len()
        };
        assert_eq!([of(32), of(33)], [0, 1]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn the_fix_is_false() {
        let fixed = fixed(ID, "kind: Pod\nspec:\n  containers:\n  - name: a\n");
        assert!(fixed.contains("\n  hostUsers: false\n"), "{fixed}");
    }
}
