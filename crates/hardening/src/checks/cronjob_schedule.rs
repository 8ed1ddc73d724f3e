//! CronJobs whose schedule cannot be read, or that may run twice at a time.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::cron;
use crate::workloads::{at, is, path};

rule! {
    /// ## What it does
    /// Reports schedules that Kubernetes' parser does not read, or in which it finds a time zone; and, as a hint,
    /// CronJobs without `concurrencyPolicy`.
    ///
    /// ## Why it matters
    /// The API server refuses a CronJob whose schedule it cannot read. Without a concurrency policy a run starts
    /// while the last one is still at work: what takes longer than planned piles up.
    ///
    /// ## How to fix
    /// Write five fields (minute, hour, day of month, month, day of week) or `@hourly` and the like; the time zone
    /// belongs in `timeZone`. Set `concurrencyPolicy` to `Forbid` or `Replace`, or to `Allow` where runs may overlap.
    ///
    /// ## Example
    /// ```yaml
    /// kind: CronJob
    /// spec:
    ///   schedule: "30 3 * * 1-5"
    ///   timeZone: Etc/UTC
    ///   concurrencyPolicy: Forbid
    /// ```
    ///
    /// ## Applies to
    /// CronJob of every version of `batch`; evaluated on each alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/>
    /// - robfig/cron v3 `parser.go`, `spec.go`: ParseStandard
    static RULE = {
        id: "cronjob-schedule",
        aliases: &[],
        title: "has a schedule that cannot be read",
        severity: Severity::High,
        level: None,
        tags: &["correctness", "reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if !is(object, &["batch"], "CronJob") {
        return;
    }
    if let Some(Err(error)) = at(object, "spec.schedule").and_then(NodeRef::as_str).map(cron::parse) {
        out.report(|| {
            Hit::new(
                path("spec.schedule"),
                "cannot be read",
                format!("the schedule cannot be read: {error}"),
                "write minute, hour, day of month, month and day of week, such as 30 3 * * *",
            )
        });
    }
    if at(object, "spec.concurrencyPolicy").is_none() {
        out.report(|| {
            Hit::new(
                path("spec.concurrencyPolicy"),
                "no concurrencyPolicy",
                "a run starts while the last one is still at work: there is no concurrencyPolicy",
                "set concurrencyPolicy: Forbid, or Allow where runs may overlap",
            )
            .severity(Severity::Info)
        });
    }
}

#[cfg(test)]
mod tests {
    use seawall_finding::Severity;

    use crate::testing::{Case, found};

    const ID: &str = "cronjob-schedule";

    fn of(schedule: &str) -> Vec<String> {
        found(ID, &format!("kind: CronJob\nspec: {{concurrencyPolicy: Allow, schedule: {schedule}}}\n"))
    }

    #[test]
    fn the_schedule_has_to_be_readable() {
        assert_eq!(of("'30 3 * * *'"), [""; 0]);
        assert_eq!(of("'@hourly'"), [""; 0]);
        for bad in ["'60 3 * * *'", "''", "'TZ=Etc/UTC 30 3 * * *'"] {
            assert_eq!(of(bad), ["- spec.schedule: cannot be read"], "{bad}");
        }
        // The schema says that of these.
        assert_eq!(of("null"), [""; 0]);
        assert_eq!(of("5"), [""; 0]);
        assert_eq!(found(ID, "kind: Job\nspec: {schedule: x}\n"), [""; 0]);
    }

    #[test]
    fn overlapping_runs_are_a_hint() {
        let found = Case::of(ID).findings("apiVersion: batch/v1beta1\nkind: CronJob\nspec: {schedule: '* * * * *'}\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].finding.severity, Severity::Info);
        assert_eq!(found[0].finding.primary.path.to_string(), "spec.concurrencyPolicy");
    }
}
