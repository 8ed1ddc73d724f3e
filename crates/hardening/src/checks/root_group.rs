//! Containers in the root group.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::high_id::effective;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers for which group 0 is written: as `runAsGroup`, their own or else the pod's, as the pod's `fsGroup`, or
    /// among its `supplementalGroups`.
    ///
    /// ## Why it matters
    /// Much on a node, and in volumes of it, can be read or written by the group root. A user other than root that is in it has part
    /// of root's rights.
    ///
    /// ## How to fix
    /// Name another group, and let `fsGroup` be one that owns nothing else. Images made for an arbitrary user give their files to
    /// group 0: these need other permissions first.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   securityContext: {runAsGroup: 10001, fsGroup: 10001}
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// All containers of Linux pods. Off by default: many images count on group 0. Where nothing is written the group is the
    /// image's, which the manifest does not show; `run-as-high-gid` asks for one.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>
    /// - CIS Kubernetes Benchmark 5.2.7
    static RULE = {
        id: "root-group",
        aliases: &[],
        title: "is in the root group",
        severity: Severity::Low,
        off: true,
        tags: &["security", "cis"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let pod = at.pod().spec.security_context.as_ref();
    let of_container = at.container.security_context.as_ref().and_then(|context| context.run_as_group);
    let of_pod = pod.and_then(|context| context.run_as_group);
    let runs_as = of_container.or(of_pod) == Some(0);
    let files = pod.is_some_and(|context| context.fs_group == Some(0));
    let more = pod.and_then(|context| context.supplemental_groups.iter().position(|group| *group == Some(0)));
    if !(runs_as || files || more.is_some()) || at.pod().is_windows() {
        return;
    }
    out.report(|| {
        let context = || FieldPath::root().keys("spec.securityContext");
        let mut places = Vec::new();
        if runs_as {
            places.push(("runAsGroup", effective(at, "runAsGroup", of_container, of_pod).1));
        }
        if files {
            places.push(("fsGroup", context().key("fsGroup")));
        }
        if let Some(index) = more {
            places.push(("supplementalGroups", context().key("supplementalGroups").index(index)));
        }
        let fields: Vec<_> = places.iter().map(|(field, _)| *field).collect();
        let message = format!("{} is in the root group, by {}", at.said(), fields.join(", "));
        let mut places = places.into_iter().map(|(_, path)| path);
        let first = places.next().unwrap_or_default();
        let hit = Hit::new(first, "the root group", message, "name a group other than 0");
        places.fold(hit, |hit, path| hit.related(path, "the root group"))
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found, in_every_class, in_every_kind};

    const ID: &str = "root-group";

    fn pod(context: &str) -> String {
        format!("kind: Pod\nspec:\n  securityContext: {context}\n  containers: [{{name: a}}]\n")
    }

    #[test]
    fn group_0_may_be_written_nowhere() {
        assert_eq!(in_every_class(ID, "securityContext: {runAsGroup: 0}"), [true; 3]);
        for (context, at) in [
            ("{runAsGroup: 0}", "runAsGroup"),
            ("{fsGroup: 0}", "fsGroup"),
            ("{supplementalGroups: [5, 0]}", "supplementalGroups[1]"),
        ] {
            assert_eq!(found(ID, &pod(context)), [format!("a spec.securityContext.{at}: the root group")]);
        }
        let all = &Case::of(ID).findings(&pod("{fsGroup: 0, runAsGroup: 0, supplementalGroups: [0]}"))[0].finding;
        assert_eq!(all.message, "container \"a\" is in the root group, by runAsGroup, fsGroup, supplementalGroups");
        assert_eq!(all.related.len(), 2);
    }

    #[test]
    fn passes_other_groups_and_what_is_none() {
        for context in ["{}", "null", "{runAsGroup: 1, fsGroup: 2, supplementalGroups: [3]}", "{runAsGroup: null, fsGroup: '0', supplementalGroups: [null, root, {}]}", "{supplementalGroups: 0}", "{runAsUser: 0}"] {
            assert_eq!(found(ID, &pod(context)), [""; 0], "{context}");
        }
        assert_eq!(in_every_class(ID, "securityContext: {runAsGroup: 1}"), [false; 3]);
    }

    #[test]
    fn the_container_overrides_the_pod() {
        let both = "kind: Pod\nspec:\n  securityContext: {runAsGroup: 0}\n  containers: [{name: a, securityContext: {runAsGroup: 7}}, {name: b}]\n";
        assert_eq!(found(ID, both), ["b spec.securityContext.runAsGroup: the root group"]);
    }

    #[test]
    fn looks_into_every_kind_of_workload_but_not_at_windows() {
        let kinds = in_every_kind(ID, "securityContext: {fsGroup: 0}\ncontainers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        assert_eq!(found(ID, &pod("{fsGroup: 0}").replace("spec:\n", "spec:\n  os: {name: windows}\n")), [""; 0]);
    }
}
