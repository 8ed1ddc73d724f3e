//! Containers without a CPU limit.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::resources;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers without `resources.limits.cpu`, where the pod as a whole has none either. A limit of 0 is none.
    ///
    /// ## Why it matters
    /// A container without a limit may use all time of the node that others did not request, be it by an endless loop or to mine a
    /// currency. Others keep what they requested, which is why many people set requests and no limits: a limit slows a container
    /// down even while the node is idle.
    ///
    /// ## How to fix
    /// Where tenants share nodes and are billed or trusted differently, set a limit well above ordinary use.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   resources:
    ///     requests: {cpu: 100m}
    ///     limits: {cpu: "1"}
    /// ```
    ///
    /// ## Applies to
    /// All containers but ephemeral ones, which cannot have limits. It is off unless it is asked for. A `LimitRange` of the namespace
    /// that sets a default is one, where the input shows it.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>
    /// - NSA/CISA Kubernetes Hardening Guidance: resource policies
    static RULE = {
        id: "cpu-limit",
        aliases: &[],
        title: "has no CPU limit",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability", "resources", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Also(&[]), run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if !resources::lacks_limit(at, cx, "cpu") {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().keys("resources.limits.cpu"),
            "no CPU limit",
            format!("{} has no CPU limit", at.said()),
            "set resources.limits.cpu well above ordinary use",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "cpu-limit";

    #[test]
    fn a_limit_of_the_container_or_of_the_pod_will_do() {
        assert_eq!(in_every_class(ID, "resources: {limits: {cpu: 0.5}}"), [false; 3]);
        for fields in ["requests: {cpu: 1}", "limits: {memory: 1Gi}", "limits: {cpu: null}", "limits: {cpu: 0m}", "limits: cpu"] {
            assert_eq!(in_every_class(ID, &format!("resources: {{{fields}}}")), [true, true, false], "{fields}");
        }
        let pod = "kind: Pod\nspec:\n  resources: {limits: {cpu: 1}}\n  containers: [{name: a}]\n";
        assert_eq!(found(ID, pod), [""; 0]);
        assert_eq!(found(ID, &pod.replace("limits", "requests")).len(), 1);
    }

    #[test]
    fn says_where_it_belongs() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        let pod = "kind: Pod\nspec:\n  containers: [{name: a}]\n";
        assert_eq!(found(ID, pod), ["a spec.containers[name=a].resources.limits.cpu: no CPU limit"]);
    }
}
