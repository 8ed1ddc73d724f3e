//! CronJobs that stop for good when they have missed too much.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{at, is, path};

rule! {
    /// ## What it does
    /// Reports CronJobs without `startingDeadlineSeconds`.
    ///
    /// ## Why it matters
    /// When more than 100 starts were missed since the last one, the controller gives up on the CronJob and only
    /// writes an event. With a deadline it only counts those within it.
    ///
    /// ## How to fix
    /// Set `startingDeadlineSeconds` to how late a run is still worth while, 10 seconds or more.
    ///
    /// ## Example
    /// ```yaml
    /// kind: CronJob
    /// spec:
    ///   startingDeadlineSeconds: 300
    /// ```
    ///
    /// ## Applies to
    /// CronJob of every version of `batch`; evaluated on each alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/>
    static RULE = {
        id: "cronjob-deadline",
        aliases: &[],
        title: "has no deadline for missed starts",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if !is(object, &["batch"], "CronJob") || at(object, "spec.startingDeadlineSeconds").is_some() {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.startingDeadlineSeconds"),
            "no startingDeadlineSeconds",
            "after 100 missed starts the CronJob never starts again: it has no deadline",
            "set startingDeadlineSeconds to how late a run is still worth while",
        )
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "cronjob-deadline";

    #[test]
    fn the_deadline_has_to_be_written() {
        let missing = ["- spec.startingDeadlineSeconds: no startingDeadlineSeconds"];
        assert_eq!(found(ID, "kind: CronJob\nspec: {startingDeadlineSeconds: 60}\n"), [""; 0]);
        assert_eq!(found(ID, "kind: CronJob\nspec: {}\n"), missing);
        assert_eq!(found(ID, "kind: CronJob\nspec: {startingDeadlineSeconds: null}\n"), missing);
        assert_eq!(found(ID, "apiVersion: batch/v1beta1\nkind: CronJob\n"), missing);
        assert_eq!(found(ID, "kind: Job\n"), [""; 0]);
    }
}
