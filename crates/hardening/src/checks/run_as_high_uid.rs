//! Containers whose user may be one of the node's.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::high_id;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers whose `runAsUser`, their own or else the pod's, is below 10000 or not set.
    ///
    /// ## Why it matters
    /// Users are numbers to the kernel. A container that finds its way out of its walls has the rights of the node's user with the
    /// same number, and low numbers are taken there by services and people.
    ///
    /// ## How to fix
    /// Set `runAsUser` to 10000 or more. The image's files must let that user read what it needs; `fsGroup` opens volumes to it. Or give
    /// the pod users of its own: see `host-users`.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   securityContext: {runAsNonRoot: true, runAsUser: 10001}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// All containers of Linux pods. The least number can be set. Off by default: whether a container runs as root is for
    /// `run-as-non-root` and `run-as-root-user` to say.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>
    /// - NSA/CISA Kubernetes Hardening Guidance: non-root containers
    static RULE = {
        id: "run-as-high-uid",
        aliases: &[],
        title: "runs as a user that the node may have too",
        severity: Severity::Low,
        off: true,
        tags: &["security", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let of_container = at.container.security_context.as_ref().and_then(|context| context.run_as_user);
    let of_pod = at.pod().spec.security_context.as_ref().and_then(|context| context.run_as_user);
    high_id::check(at, cx, out, ("runAsUser", "user"), (of_container, of_pod));
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "run-as-high-uid";

    #[test]
    fn must_be_set_and_high() {
        for (user, low) in [("10000", false), ("9999", true), ("0", true), ("-1", true), ("null", true), ("'20000'", true), ("1e5", false)] {
            assert_eq!(in_every_class(ID, &format!("securityContext: {{runAsUser: {user}}}")), [low; 3], "{user}");
        }
        assert_eq!(in_every_class(ID, "securityContext: {runAsGroup: 10000}"), [true; 3]);
    }

    #[test]
    fn the_container_overrides_the_pod() {
        let pod = "kind: Pod\nspec:\n  securityContext: {runAsUser: 1000}\n  containers:\n  - name: a\n  - {name: b, securityContext: {runAsUser: 20000}}\n  - {name: c, securityContext: {runAsUser: 33}}\n";
        assert_eq!(found(ID, pod), [
            "a spec.securityContext.runAsUser: below 10000",
            "c spec.containers[name=c].securityContext.runAsUser: below 10000",
        ]);
        let high = "kind: Pod\nspec:\n  securityContext: {runAsUser: 10001}\n  containers: [{name: a}]\n";
        assert_eq!(found(ID, high), [""; 0]);
        let none = "kind: Pod\nspec:\n  securityContext: {runAsUser: null}\n  containers: [{name: a}]\n";
        assert_eq!(found(ID, none), ["a spec.containers[name=a].securityContext.runAsUser: no runAsUser"]);
    }

    #[test]
    fn the_bar_can_be_set() {
        let mut case = Case::of(ID);
        case.params.high_id = 1000;
        let pod = |user| format!("kind: Pod\nspec: {{containers: [{{name: a, securityContext: {{runAsUser: {user}}}}}]}}\n");
        assert_eq!([case.found(&pod(999)).len(), case.found(&pod(1000)).len()], [1, 0]);
    }

    #[test]
    fn looks_into_every_kind_of_workload_but_not_at_windows() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        assert_eq!(found(ID, "kind: Pod\nspec:\n  os: {name: windows}\n  containers: [{name: a}]\n"), [""; 0]);
    }
}
