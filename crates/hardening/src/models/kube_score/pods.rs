//! All checks of pods and pod templates.

use super::item::{Item, Kind};
use super::labels::Labels;
use super::view::{Spread, Template};
use super::{Comment, Grade, Sheet, Verdict, containers, probes, security};

/// A pod or a pod template, as the checks look at it.
pub(super) struct Pod<'a, 'd> {
    pub(super) namespace: &'d str,
    pub(super) template: &'a Template<'d>,
    pub(super) labels: Labels,
    /// Whether it belongs to a Job or a CronJob.
    pub(super) of_job: bool,
}

pub(super) fn all<'d>(item: &Item<'d>, template: &Template<'d>, sheet: &mut Sheet<'_, 'd>) {
    let pod = Pod {
        namespace: item.metadata.namespace,
        template,
        labels: Labels::of_metadata(&template.metadata),
        of_job: matches!(item.kind, Kind::Job | Kind::CronJob),
    };
    containers::all(&pod, sheet);
    security::all(&pod, sheet);
    probes::all(&pod, sheet);
    sheet.add("pod-networkpolicy", |sheet| network_policy(&pod, sheet));
    sheet.add("pod-topology-spread-constraints", |_| topology_spread(&pod));
}

fn network_policy(pod: &Pod<'_, '_>, sheet: &Sheet<'_, '_>) -> Verdict {
    let ruled = sheet.facts.ruled(pod.namespace, &pod.labels);
    match (ruled.ingress, ruled.egress) {
        (true, true) => Verdict::ok(),
        (false, true) => {
            Verdict::unless(false, Grade::Warning, "The pod does not have a matching ingress NetworkPolicy")
        }
        (true, false) => {
            Verdict::unless(false, Grade::Warning, "The pod does not have a matching egress NetworkPolicy")
        }
        (false, false) => {
            Verdict::unless(false, Grade::Critical, "The pod does not have a matching NetworkPolicy")
        }
    }
}

/// The summary is the same whatever is found.
fn topology_spread(pod: &Pod<'_, '_>) -> Verdict {
    let bad = |spread: &Spread<'_>| {
        spread.label_selector.is_none()
            || spread.max_skew == 0
            || spread.min_domains == Some(0)
            || spread.topology_key.is_empty()
            || !["DoNotSchedule", "ScheduleAnyway"].contains(&spread.when_unsatisfiable)
    };
    let any_bad = pod.template.spec.topology_spread_constraints.iter().any(bad);
    Verdict {
        grade: Some(if any_bad { Grade::Critical } else { Grade::AllOk }),
        skipped: false,
        comments: vec![Comment::new("", "Pod Topology Spread Constraints")],
    }
}
