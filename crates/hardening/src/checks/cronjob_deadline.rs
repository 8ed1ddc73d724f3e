//! CronJobs that catch up however late it is.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{at, is, path};

rule! {
    /// ## What it does
    /// Reports CronJobs without `startingDeadlineSeconds`.
    ///
    /// ## Why it matters
    /// A run that was missed, because the control plane was away, or because the last run was still at work, starts as soon as
    /// it can, however late that is: the nightly job in the middle of the day. Before Kubernetes 1.21 a CronJob that had missed
    /// more than 100 starts never started again.
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
    /// - Kubernetes `pkg/controller/cronjob/utils.go`: nextScheduleTime
    static RULE = {
        id: "cronjob-deadline",
        aliases: &[],
        title: "starts missed runs however late",
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
            "a run that was missed starts however late it is: there is no startingDeadlineSeconds",
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
