//! Pods without a runtime class.

use seawall_finding::{Severity, rule};
use seawall_model::FieldPath;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};

rule! {
    /// ## What it does
    /// Reports pods without a `runtimeClassName`.
    ///
    /// ## Why it matters
    /// By default all containers of a node share its kernel. Code that nobody vouches for, of customers or from builds, is better
    /// kept behind a second wall: a kernel in user space (gVisor) or a virtual machine (Kata Containers), which a runtime
    /// class chooses.
    ///
    /// ## How to fix
    /// Name a RuntimeClass that the cluster has for such workloads.
    ///
    /// ## Example
    /// ```yaml
    /// spec:
    ///   runtimeClassName: gvisor
    ///   containers:
    ///   - name: app
    /// ```
    ///
    /// ## Applies to
    /// All pods. Off by default: it is for clusters that run untrusted code. A RuntimeClass that an admission controller sets is not
    /// seen, and what a class means is not known.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/containers/runtime-class/>
    static RULE = {
        id: "runtime-class",
        aliases: &[],
        title: "has no runtime class",
        severity: Severity::Info,
        off: true,
        tags: &["security"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if at.pod.spec.runtime_class_name.is_some_and(|name| !name.is_empty()) {
        return;
    }
    out.report(|| {
        Hit::new(
            FieldPath::root().keys("spec.runtimeClassName"),
            "no runtimeClassName",
            "the pod runs with the node's default runtime: only that stands between it and the node's kernel",
            "name a RuntimeClass for untrusted workloads in runtimeClassName",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_kind};

    const ID: &str = "runtime-class";

    #[test]
    fn one_must_be_named() {
        let pod = |name| format!("kind: Pod\nspec: {{runtimeClassName: {name}}}\n");
        assert_eq!(found(ID, &pod("gvisor")), [""; 0]);
        for name in ["''", "null", "[gvisor]"] {
            assert_eq!(found(ID, &pod(name)), ["- spec.runtimeClassName: no runtimeClassName"], "{name}");
        }
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
