//! What was judged, workload or not, as formats of one entry a finding see it.

use seawall_check::{Located, ObjectReport, Origin, Record, Region, Totals, Workload};
use seawall_finding::{Rule, Severity, rule};
use seawall_model::{FieldPath, ObjectId};

use crate::visible;

rule! {
    /// ## What it does
    /// Stands for a refusal that no finding explains: the API server would refuse the object, or the pods that it makes.
    ///
    /// ## Why it matters
    /// What is refused does not run.
    ///
    /// ## How to fix
    /// The message holds the API server's reason.
    pub(crate) static REFUSED = {
        id: "refused",
        aliases: &[],
        title: "would be refused",
        severity: Severity::High,
        level: None,
    };
}

/// A workload, or another object with something to say of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged<'r> {
    pub(crate) file: &'r str,
    pub(crate) origin: &'r Origin,
    pub(crate) region: Region,
    pub(crate) object: &'r ObjectId,
    /// The path of the pod template; empty for pods and other objects.
    pub(crate) template: Option<&'r FieldPath>,
    /// The chart's file that it was rendered from.
    pub(crate) chart: Option<&'r str>,
    pub(crate) findings: &'r [Box<Located>],
    /// What all findings amount to, where not all are held.
    pub(crate) totals: Option<&'r Totals>,
    /// Whether the API server would refuse the object itself for something that counts.
    pub(crate) refused: bool,
    /// Why it is refused, where no finding says so.
    pub(crate) unexplained: Option<&'r str>,
}

impl<'r> Judged<'r> {
    /// What a record judges; none for errors and notices.
    pub(crate) fn of(record: &'r Record) -> Option<Self> {
        match record {
            Record::Workload(workload) => Some(Self::workload(workload)),
            Record::Object(report) => Some(Self::object(report)),
            Record::Error(_) | Record::Notice(_) => None,
        }
    }

    fn workload(w: &'r Workload) -> Self {
        // A refusal that no finding explains must not be lost.
        let unexplained = || {
            let failing = w.evaluations.iter().find(|e| !e.allowed).map(|e| e.forbidden_detail.as_str());
            w.refused.as_deref().or(failing)
        };
        let open = w.open.contains(&true) && w.findings.iter().all(|f| f.suppressed.is_some());
        Self {
            file: &w.origin.file,
            origin: &w.origin,
            region: w.region,
            object: &w.object,
            template: Some(&w.template),
            chart: w.chart_source.as_deref(),
            findings: &w.findings,
            totals: w.totals.as_deref(),
            refused: w.refused.is_some() && w.open.contains(&true),
            unexplained: open.then(unexplained).flatten(),
        }
    }

    fn object(o: &'r ObjectReport) -> Self {
        Self {
            file: &o.origin.file,
            origin: &o.origin,
            region: o.region,
            object: &o.object,
            template: None,
            chart: o.chart_source.as_deref(),
            findings: &o.findings,
            totals: o.totals.as_deref(),
            refused: o.is_open(),
            unexplained: o.refused.as_deref().filter(|_| o.findings.is_empty()),
        }
    }

    /// The object, and a container of it, for people: `Deployment shop/web, container app`.
    pub(crate) fn site(&self, container: Option<&str>) -> String {
        let site = match container {
            Some(container) => format!("{}, container {container}", self.object),
            None => self.object.to_string(),
        };
        visible::text(&site).into_owned()
    }

    /// The rule that a refusal without findings goes under.
    pub(crate) fn refusal(&self) -> Option<(&'static Rule, &'r str)> {
        self.unexplained.map(|why| (&REFUSED, why))
    }
}
