//! Containers without a limit on local storage.

use seawall_finding::{Severity, rule};
use seawall_model::pod::ContainerClass;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::resources::{amount, is_zero, quantity, said};
use crate::view::ContainerAt;

rule! {
    /// ## What it does
    /// Reports containers without `resources.limits.ephemeral-storage`, or with a limit of 0, which is none, and those whose request of
    /// it is another amount than the limit.
    ///
    /// ## Why it matters
    /// Logs, `emptyDir` volumes and what a container writes to its own filesystem lie on the node's disk. One that fills the disk
    /// has other pods evicted; one with a limit is evicted itself. What may use more than it requested counts on space that the
    /// scheduler has given to others.
    ///
    /// ## How to fix
    /// Measure what the container writes between restarts, logs included, and set request and limit to something above that.
    ///
    /// ## Example
    /// ```yaml
    /// containers:
    /// - name: app
    ///   resources:
    ///     requests: {ephemeral-storage: 1Gi}
    ///     limits: {ephemeral-storage: 1Gi}
    /// ```
    ///
    /// ## Applies to
    /// All containers but ephemeral ones, which cannot have limits. The API server makes a request of a limit that is alone, so that a
    /// limit will do. The pod as a whole cannot have this resource. It is off unless it is asked for.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/storage/ephemeral-storage/>
    static RULE = {
        id: "ephemeral-storage",
        aliases: &[],
        title: "has no limit on local storage",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability", "resources"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Container(run) };

const RESOURCE: &str = "ephemeral-storage";

fn run(at: &ContainerAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if at.class == ContainerClass::Ephemeral {
        return;
    }
    let resources = &at.container.resources;
    let Some(limit) = amount(&resources.limits, RESOURCE).filter(|limit| !is_zero(*limit)) else {
        return out.report(|| {
            Hit::new(
                at.path().keys("resources.limits").key(RESOURCE),
                "no ephemeral-storage limit",
                format!("{} has no limit on local storage", at.said()),
                "set resources.limits.ephemeral-storage above what it writes between restarts",
            )
        });
    };
    // What is no quantity is reported as such by another check.
    let amounts = quantity(&resources.requests, RESOURCE).zip(quantity(&resources.limits, RESOURCE));
    if amounts.is_none_or(|(request, limit)| request == limit) {
        return;
    }
    out.report(|| {
        Hit::new(
            at.path().keys("resources.requests").key(RESOURCE),
            format!("limit is {}", said(limit)),
            format!("{} requests another amount of local storage than its limit", at.said()),
            "set resources.requests.ephemeral-storage to the limit",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_class, in_every_kind};

    const ID: &str = "ephemeral-storage";

    #[test]
    fn a_limit_and_no_other_request_will_do() {
        for (fields, reported) in [
            ("limits: {ephemeral-storage: 1Gi}", false),
            ("limits: {ephemeral-storage: 1Gi}, requests: {ephemeral-storage: 1024Mi}", false),
            ("limits: {ephemeral-storage: 1Gi}, requests: {ephemeral-storage: 1G}", true),
            ("limits: {ephemeral-storage: 1Gi}, requests: {ephemeral-storage: 1g}", false),
            ("requests: {ephemeral-storage: 1Gi}", true),
            ("limits: {memory: 1Gi}", true),
            ("limits: {ephemeral-storage: 0}, requests: {ephemeral-storage: 0}", true),
        ] {
            let expected = [reported, reported, false];
            assert_eq!(in_every_class(ID, &format!("resources: {{{fields}}}")), expected, "{fields}");
        }
    }

    #[test]
    fn says_where() {
        let kinds = in_every_kind(ID, "containers: [{name: a}]\n");
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
        let pod = "kind: Pod\nspec:\n  containers: [{name: a}, {name: b, resources: {limits: {ephemeral-storage: 2Gi}, requests: {ephemeral-storage: 1Gi}}}]\n";
        assert_eq!(found(ID, pod), [
            "a spec.containers[name=a].resources.limits.ephemeral-storage: no ephemeral-storage limit",
            "b spec.containers[name=b].resources.requests.ephemeral-storage: limit is 2Gi",
        ]);
    }
}
