//! Jobs that stay when they have ended, and those of CronJobs that go too early.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::workloads::{at, is, path};

rule! {
    /// ## What it does
    /// Reports Jobs without `ttlSecondsAfterFinished` that nothing else owns, and CronJobs whose Jobs have it.
    ///
    /// ## Why it matters
    /// Jobs that have ended stay with their pods until somebody deletes them, and fill the store of the cluster. A
    /// CronJob deletes old Jobs itself by its history limits; with a time to live they go before anybody has seen why
    /// one failed.
    ///
    /// ## How to fix
    /// Set `ttlSecondsAfterFinished` in Jobs; in CronJobs use `successfulJobsHistoryLimit` and
    /// `failedJobsHistoryLimit`.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Job
    /// spec:
    ///   ttlSecondsAfterFinished: 86400
    /// ```
    ///
    /// ## Applies to
    /// Job and CronJob; evaluated on each alone.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/>
    static RULE = {
        id: "job-ttl",
        aliases: &[],
        title: "stays when it has ended, or goes too early",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["reliability"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let owned = at(object, "metadata.ownerReferences").is_some_and(|owners| owners.count() > 0);
    if is(object, &["batch", "extensions"], "Job") {
        if !owned && at(object, "spec.ttlSecondsAfterFinished").is_none() {
            out.report(|| {
                Hit::new(
                    path("spec.ttlSecondsAfterFinished"),
                    "no ttlSecondsAfterFinished",
                    "the Job and its pods stay when it has ended",
                    "set ttlSecondsAfterFinished, such as 86400 for a day",
                )
            });
        }
    } else if is(object, &["batch"], "CronJob") {
        let field = "spec.jobTemplate.spec.ttlSecondsAfterFinished";
        if at(object, field).is_some() {
            out.report(|| {
                Hit::new(
                    path(field),
                    "the history limits do this",
                    "Jobs of a CronJob go by its history limits: this takes them away before, also those that failed",
                    "remove it, and set successfulJobsHistoryLimit and failedJobsHistoryLimit",
                )
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "job-ttl";

    #[test]
    fn jobs_need_a_time_to_live() {
        let missing = ["- spec.ttlSecondsAfterFinished: no ttlSecondsAfterFinished"];
        assert_eq!(found(ID, "kind: Job\nspec: {template: {}}\n"), missing);
        assert_eq!(found(ID, "kind: Job\nspec: {ttlSecondsAfterFinished: null}\n"), missing);
        assert_eq!(found(ID, "kind: Job\nspec: {ttlSecondsAfterFinished: 0}\n"), [""; 0]);
        assert_eq!(found(ID, "kind: Job\nmetadata: {ownerReferences: [{kind: CronJob}]}\n"), [""; 0]);
        assert_eq!(found(ID, "kind: Job\nmetadata: {ownerReferences: []}\n"), missing);
    }

    #[test]
    fn those_of_cron_jobs_do_not() {
        let of = |spec: &str| found(ID, &format!("kind: CronJob\nspec: {{jobTemplate: {{spec: {spec}}}}}\n"));
        assert_eq!(of("{}"), [""; 0]);
        assert_eq!(of("[]"), [""; 0]);
        assert_eq!(of("{ttlSecondsAfterFinished: 60}"), ["- spec.jobTemplate.spec.ttlSecondsAfterFinished: the history limits do this"]);
    }
}
