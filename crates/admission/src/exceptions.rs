//! Exceptions: what a workload may do although the policy of its namespace forbids it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    fn of(&self, namespace: &str) -> Option<Arc<[Arc<Exception>]>>;

    /// Today's date, in UTC.
    fn today(&self) -> Date;
}

/// Where a grant is: the positions of its exception and of itself.
type At = (usize, usize);

/// A rule, a container if it is about one, and a value.
type Asked = (&'static str, Option<Box<str>>, Box<str>);

/// The exceptions that hold for a workload, and which of them let something pass.
pub(crate) struct Granted {
    all: Arc<[Arc<Exception>]>,
    /// Those that are for the workload and hold, by position.
    mine: Vec<usize>,
    used: RefCell<BTreeSet<usize>>,
    today: Date,
    /// Their grants for a rule.
    grants: RefCell<BTreeMap<&'static str, Arc<[At]>>>,
    /// What was asked already, and which of them covers that: values are many and alike.
    covered: RefCell<HashMap<Asked, Option<usize>>>,
    /// How often a grant was held against something.
    compared: Cell<usize>,
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
        Ok((!mine.is_empty()).then(|| Granted::new(all, mine, today)))
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
    fn new(all: Arc<[Arc<Exception>]>, mine: Vec<usize>, today: Date) -> Self {
        Self {
            all,
            mine,
            used: RefCell::default(),
            today,
            grants: RefCell::default(),
            covered: RefCell::default(),
            compared: Cell::default(),
        }
    }

    /// Whether one of them lets an offender pass. Takes note of which.
    pub(crate) fn lets_pass(&self, pod: &Pod<'_>, rule: &'static Rule, offender: &Offender<'_>) -> bool {
        let container = offender.container().map(|_| offender.name);
        let subject = offender.subject(pod);
        let asked = (rule.id, container.map(Box::from), Box::from(&*subject));
        let known = self.covered.borrow().get(&asked).copied();
        let position = known.unwrap_or_else(|| {
            let found = self.covering(rule, container, &subject);
            self.covered.borrow_mut().insert(asked, found);
            found
        });
        let Some(position) = position else { return false };
        self.used.borrow_mut().insert(position);
        true
    }

    /// The first that covers something.
    fn covering(&self, rule: &'static Rule, container: Option<&str>, value: &str) -> Option<usize> {
        let grants = self.grants.borrow().get(rule.id).cloned();
        let grants = grants.unwrap_or_else(|| {
            let found = self.for_rule(rule);
            self.grants.borrow_mut().insert(rule.id, found.clone());
            found
        });
        let covers = |(position, grant): &&At| {
            self.compared.set(self.compared.get() + 1);
            let grant = self.all.get(*position).and_then(|exception| exception.grants.get(*grant));
            grant.is_some_and(|grant| grant.covers(rule, container, value))
        };
        grants.iter().find(covers).map(|(position, _)| *position)
    }

    /// Their grants for a rule.
    fn for_rule(&self, rule: &Rule) -> Arc<[At]> {
        let of = |position: &usize| {
            let grants = self.all.get(*position).map(|exception| exception.grants.iter().enumerate());
            let mine = grants.into_iter().flatten().filter(|(_, grant)| rule.is_called(&grant.rule));
            mine.map(|(grant, _)| (*position, grant)).collect::<Vec<_>>()
        };
        self.mine.iter().flat_map(of).collect()
    }

    /// Forgets which of them let something pass.
    pub(crate) fn forget(&self) {
        self.used.borrow_mut().clear();
    }

    fn used(&self) -> Vec<&Exception> {
        self.used.borrow().iter().filter_map(|position| self.all.get(*position)).map(|it| &**it).collect()
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

#[cfg(test)]
mod tests {
    use seawall_finding::exception::{ExceptionSource, Grant, OnExpiry};
    use seawall_pss::{evaluate_except, results};

    use super::*;

    /// As many as definitions allow, of as many rules, that all name many containers and values.
    fn large() -> Exception {
        let texts = |prefix: &str| (0..64).map(|i| format!("{prefix}{i}-*")).collect();
        let rules = seawall_pss::RULES.iter().filter(|rule| rule.level.is_some()).cycle();
        let grant = |rule: &&'static Rule| Grant {
            rule: rule.id.to_owned(),
            containers: texts("c"),
            values: texts("v"),
        };
        Exception {
            source: ExceptionSource::Object,
            name: "shop/a".into(),
            namespaces: vec!["shop".into()],
            workloads: Vec::new(),
            grants: rules.take(64).map(grant).collect(),
            reason: "r".into(),
            owner: None,
            created: None,
            expires: None,
            on_expiry: OnExpiry::Refuse,
        }
    }

    /// What is asked for each container, each mode and each look at a pod is found out once, among the grants for the rule alone.
    #[test]
    fn many_grants_are_compared_once() {
        let granted = Granted::new([Arc::new(large())].into(), vec![0], Date::from_days(0));
        let containers: Vec<String> = (0..200)
            .map(|i| format!(r#"{{"name":"x{i}","securityContext":{{"privileged":true,"capabilities":{{"add":["SYS_ADMIN"]}}}}}}"#))
            .collect();
        let text = format!(r#"{{"spec":{{"containers":[{}]}}}}"#, containers.join(","));
        let pod: Pod<'_> = json::decode(text.as_bytes()).unwrap();
        let lets_pass =
            |rule: &'static Rule, offender: &Offender<'_>| granted.lets_pass(&pod, rule, offender);
        evaluate_except(&pod, &lets_pass);
        let once = granted.compared.get();
        let asked = granted.covered.borrow().len();
        let most = granted.grants.borrow().values().map(|of_rule| of_rule.len()).max().unwrap();
        // Rules are fewer than grants.
        assert!(most < 64 / 10 && asked >= 400, "{most}, {asked}");
        assert!(once <= asked * most, "{once} comparisons for {asked} questions");
        for _ in 0..3 {
            seawall_pss::split_excepted(results(&pod, seawall_model::Level::Restricted, 37), &lets_pass);
        }
        let more = granted.covered.borrow().len();
        assert!(granted.compared.get() <= more * most, "{} for {more}", granted.compared.get());
        evaluate_except(&pod, &lets_pass);
        assert!(granted.covered.borrow().len() == more, "it was asked before");
    }
}
