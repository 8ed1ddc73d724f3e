//! Containers whose group may be one of the node's.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Out, Run, Sight};
use crate::high_id;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers whose `runAsGroup`, their own or else the pod's, is below 10000 or not set.
    ///
    /// ## Why it matters
    /// Groups are numbers to the kernel, as users are: outside of its walls a container has the rights of the node's group with the
    /// same number. Where none is set it is the image's, as a rule 0.
    ///
    /// ## How to fix
    /// Set `runAsGroup` to 10000 or more. Images made for an arbitrary user give their files to group 0 and may need it.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   securityContext: {runAsUser: 10001, runAsGroup: 10001}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// All containers of Linux pods. The least number can be set. Off by default; `root-group` reports group 0 where it is written.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>
    static RULE = {
        id: "run-as-high-gid",
        aliases: &[],
        title: "runs as a group that the node may have too",
        severity: Severity::Low,
        off: true,
        tags: &["security"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let of_container = at.container.security_context.as_ref().and_then(|context| context.run_as_group);
    let of_pod = at.pod().spec.security_context.as_ref().and_then(|context| context.run_as_group);
    high_id::check(at, cx, out, ("runAsGroup", "group"), (of_container, of_pod));
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "run-as-high-gid";

    #[test]
    fn must_be_set_and_high() {
        for (group, low) in [("10000", false), ("9999", true), ("0", true), ("null", true), ("high", true)] {
            assert_eq!(in_every_class(ID, &format!("securityContext: {{runAsGroup: {group}}}")), [low; 3], "{group}");
        }
        assert_eq!(in_every_class(ID, "securityContext: {runAsUser: 10000}"), [true; 3]);
    }

    #[test]
    fn the_container_overrides_the_pod() {
        let pod = "kind: Pod\nspec:\n  securityContext: {runAsGroup: 10001}\n  containers:\n  - name: a\n  - {name: b, securityContext: {runAsGroup: 20}}\n";
        let hits = Case::of(ID).findings(pod);
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].finding.message, "container \"b\" runs as group 20, which is below 10000");
        let low = "kind: Pod\nspec:\n  securityContext: {runAsGroup: 5}\n  containers: [{name: a}]\n";
        assert_eq!(found(ID, low), ["a spec.securityContext.runAsGroup: below 10000"]);
    }

    #[test]
    fn looks_into_every_kind_of_workload_but_not_at_windows() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        assert_eq!(found(ID, "kind: Pod\nspec:\n  os: {name: windows}\n  containers: [{name: a}]\n"), [""; 0]);
    }
}
