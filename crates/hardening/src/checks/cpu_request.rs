//! Containers without a CPU request.

use seawall_finding::{Severity, rule};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::resources;
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers without `resources.requests.cpu`, where neither a CPU limit nor the pod as a whole gives
    /// one. A request of 0 asks for nothing.
    ///
    /// ## Why it matters
    /// The scheduler puts pods where their requests fit: one that asks for nothing is put on a full node. There it gets what others
    /// leave over, and an autoscaler that goes by use of the request cannot count it.
    ///
    /// ## How to fix
    /// Measure what the container uses at an ordinary time, and request that.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   resources:
    ///     requests: {cpu: 100m, memory: 256Mi}
    /// ```
    ///
    /// ## Applies to
    /// All containers but ephemeral ones, which cannot have requests. The API server makes a request of a limit that is alone. A
    /// `LimitRange` of the namespace that sets a default does the same, where the input shows it.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>
    /// - k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, `SetDefaults_Pod`
    /// - NSA/CISA Kubernetes Hardening Guidance: resource policies
    static RULE = {
        id: "cpu-request",
        aliases: &[],
        title: "has no CPU request",
        severity: Severity::Low,
        level: None,
        tags: &["reliability", "resources", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Also(&[]), run: Run::Container(run) };

fn run(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    if !resources::lacks_request(at, cx, "cpu") {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().keys("resources.requests.cpu"),
            "no CPU request",
            format!("{} has no CPU request", at.said()),
            "set resources.requests.cpu to what it uses at an ordinary time",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "cpu-request";

    #[test]
    fn a_limit_is_a_request_too() {
        for fields in ["requests: {cpu: 1}", "limits: {cpu: '1'}", "requests: {cpu: x}"] {
            assert_eq!(in_every_class(ID, &format!("resources: {{{fields}}}")), [false; 3], "{fields}");
        }
        for fields in ["requests: {memory: 1}", "limits: {memory: 1}", "requests: {cpu: null}", "requests: {cpu: 0}, limits: {cpu: 1}", "requests: [cpu]", "claims: []"] {
            assert_eq!(in_every_class(ID, &format!("resources: {{{fields}}}")), [true, true, false], "{fields}");
        }
        for fields in ["resources: null", "resources: 1", "image: a"] {
            assert_eq!(in_every_class(ID, fields), [true, true, false], "{fields}");
        }
    }

    #[test]
    fn the_pod_as_a_whole_can_say_it() {
        for (resources, count) in [("requests: {cpu: 1}", 0), ("limits: {cpu: 1}", 0), ("requests: {memory: 1}", 2)] {
            let pod = format!(
                "kind: Pod\nspec:\n  resources: {{{resources}}}\n  initContainers: [{{name: i}}]\n  containers: [{{name: a}}]\n"
            );
            assert_eq!(found(ID, &pod).len(), count, "{resources}");
        }
    }

    #[test]
    fn says_where_it_belongs() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        let pod = "kind: Pod\nspec:\n  containers:\n  - {name: a, resources: &r {requests: {memory: 1}}}\n  - {name: b, resources: {<<: *r, limits: {cpu: 1}}}\n";
        assert_eq!(found(ID, pod), ["a spec.containers[name=a].resources.requests.cpu: no CPU request"]);
    }
}
