//! Exceptions: what a workload may do although the policy of its namespace forbids it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use seawall_finding::exception::{Asking, Exception};
use seawall_finding::{Date, Rule};
use seawall_model::json;
use seawall_model::pod::Pod;
use seawall_model::review::{AdmissionRequest, PartialObject};
use seawall_pss::Offender;

use crate::owner::known_as;
use crate::{Admission, Surroundings};

/// Where exceptions come from.
pub trait Exceptions {
    /// The exceptions of a namespace as far as policies allow them, those that have ended too.
    fn of(&self, namespace: &str) -> Option<Arc<[Exception]>>;

    /// Today's date, in UTC.
    fn today(&self) -> Date;
}

/// The exceptions that hold for a workload, and which of them let something pass.
pub(crate) struct Granted {
    all: Arc<[Exception]>,
    /// Those that are for the workload and hold, by position.
    mine: Vec<usize>,
    used: RefCell<BTreeSet<usize>>,
    today: Date,
}

impl Admission {
    /// The exceptions that hold for what is asked for, if there are any; `Err` if something has to be fetched first. What is
    /// asked for is only looked at where its namespace has some.
    pub(crate) fn granted(
        &self,
        request: &AdmissionRequest<'_>,
        around: Surroundings<'_>,
    ) -> Result<Option<Granted>, Later> {
        let Some(all) = around.exceptions.of(&request.namespace) else { return Ok(None) };
        let today = around.exceptions.today();
        // It was decoded before, so that this does not fail.
        let Ok(object) = json::decode::<PartialObject<'_>>(request.object.0) else { return Ok(None) };
        let trusted = &self.configuration.settings.trusted_controllers;
        let known_as = known_as(request, &object, trusted, around.owners).ok_or(Later)?;
        let known_as: Vec<(&str, &str)> = known_as.iter().map(|(kind, name)| (&**kind, &**name)).collect();
        let labels: Vec<(String, String)> = labels(&request.kind.kind, &object)
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        let asking = Asking { namespace: &request.namespace, known_as: &known_as, labels: &labels };
        let mine: Vec<usize> = all
            .iter()
            .enumerate()
            .filter(|(_, exception)| exception.is_for(&asking) && exception.holds(today))
            .map(|(position, _)| position)
            .collect();
        let used = RefCell::default();
        Ok((!mine.is_empty()).then_some(Granted { all, mine, used, today }))
    }
}

/// Something has to be fetched first.
pub(crate) struct Later;

/// The labels that pods of it have.
fn labels<'m, 'd>(
    kind: &str,
    object: &'m PartialObject<'d>,
) -> &'m [(seawall_model::pod::Str<'d>, seawall_model::pod::Str<'d>)] {
    match kind {
        "Pod" => &object.metadata.labels,
        "PodTemplate" => &object.template.metadata.labels,
        "CronJob" => &object.spec.job_template.spec.template.metadata.labels,
        _ => &object.spec.template.metadata.labels,
    }
}

impl Granted {
    /// Whether one of them lets an offender pass. Takes note of which.
    pub(crate) fn lets_pass(&self, pod: &Pod<'_>, rule: &'static Rule, offender: &Offender<'_>) -> bool {
        let container = offender.container().map(|_| offender.name);
        let subject = offender.subject(pod);
        let covers = |position: &&usize| {
            self.all.get(**position).is_some_and(|e| e.covers(rule, container, &subject).is_some())
        };
        let Some(position) = self.mine.iter().find(covers) else { return false };
        self.used.borrow_mut().insert(*position);
        true
    }

    /// Forgets which of them let something pass.
    pub(crate) fn forget(&self) {
        self.used.borrow_mut().clear();
    }

    fn used(&self) -> Vec<&Exception> {
        self.used.borrow().iter().filter_map(|position| self.all.get(*position)).collect()
    }

    /// Those that let something pass, for the audit log: `shop/mesh, shop/logs`. `None` if there is none.
    pub(crate) fn names(&self) -> Option<String> {
        let names: Vec<&str> = self.used().iter().map(|exception| &*exception.name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// What is to be said of those that have ended and go on to hold.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        let ended = self.used().into_iter().filter(|exception| exception.is_over(self.today));
        let warning = |exception: &Exception| {
            let last = exception.expires?;
            let owner = exception.owner.as_ref().map(|owner| format!(", ask {owner}")).unwrap_or_default();
            Some(format!(
                "PodSecurityException \"{}\" ended with {last} and lets this pass for now: renew it or mend the workload{owner}",
                exception.name
            ))
        };
        ended.filter_map(warning).collect::<Vec<_>>().into_iter()
    }
}
