//! Containers without a memory limit.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::resources;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers without `resources.limits.memory`, where the pod as a whole has none either. A limit of 0 is none.
    ///
    /// ## Why it matters
    /// A leak in one container takes the memory of the node: the kernel then kills what it finds, other pods too.
    ///
    /// ## How to fix
    /// Measure what the container uses at its peak, and set a limit above that. A request of the same size keeps the pod from
    /// being evicted early.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   resources:
    ///     requests: {memory: 256Mi}
    ///     limits: {memory: 256Mi}
    /// ```
    ///
    /// ## Applies to
    /// All containers but ephemeral ones, which cannot have limits. A `LimitRange` of the namespace that sets a
    /// default is one, where the input shows it.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>
    /// - NSA/CISA Kubernetes Hardening Guidance: resource policies
    static RULE = {
        id: "memory-limit",
        aliases: &[],
        title: "has no memory limit",
        severity: Severity::Medium,
        level: None,
        tags: &["reliability", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Also(&[]), run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if !resources::lacks_limit(at, cx, "memory") {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().keys("resources.limits.memory"),
            "no memory limit",
            format!("{} has no memory limit", at.said()),
            "set resources.limits.memory above what it uses at its peak",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "memory-limit";

    #[test]
    fn a_limit_of_the_container_or_of_the_pod_will_do() {
        assert_eq!(in_every_class(ID, "resources: {limits: {memory: 1Gi}}"), [false; 3]);
        assert_eq!(in_every_class(ID, "resources: {limits: {cpu: 1}}"), [true, true, false]);
        assert_eq!(in_every_class(ID, "resources: {limits: {memory: null}}"), [true, true, false]);
        let pod = "kind: Pod\nspec:\n  resources: {limits: {memory: 1Gi}}\n  containers: [{name: a}]\n";
        assert_eq!(found(ID, pod), [""; 0]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }

    #[test]
    fn says_where_it_belongs() {
        let pod = "kind: Pod\nspec:\n  containers: [{name: a}]\n";
        assert_eq!(found(ID, pod), ["a spec.containers[name=a].resources.limits.memory: no memory limit"]);
    }
}
