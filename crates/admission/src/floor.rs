//! The floor: the strictest level that the API server itself can enforce in a namespace without refusing what exceptions let pass.
//! With the webhook gone it still holds.

use std::sync::Arc;

use seawall_finding::Date;
use seawall_finding::exception::Exception;
use seawall_model::Level;
use seawall_pss::namespace::{LevelVersion, Mode, Policy, goal, resolve, resolve_goal};
use seawall_pss::{Faults, of_checks, plan_at};

use crate::{Admission, Configuration};

impl Configuration {
    /// What is enforced in a namespace with these labels while the webhook is asked, and what the API server enforces by itself.
    pub fn enforced<'a>(
        &self,
        namespace: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> (Level, Level) {
        let alone = resolve(labels.clone(), Policy::default()).0.enforce.level;
        let refuses = !self.settings.report_only && !self.exempts_namespace(namespace);
        let asked = if refuses { resolve_goal(labels, self.defaults).0.enforce.level } else { alone };
        (asked.max(alone), alone)
    }
}

/// The labels by which the API server itself enforces the floor of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Floor {
    /// What the namespace is to enforce, exceptions aside.
    pub goal: LevelVersion,
    /// What its exceptions permit of that.
    pub level: Level,
}

impl Floor {
    /// The labels, by key.
    pub fn labels(&self) -> [(&'static str, String); 2] {
        let version = self.goal.version.to_string();
        [(Mode::Enforce.level_label(), self.level.to_string()), (Mode::Enforce.version_label(), version)]
    }
}

impl Admission {
    /// The floor of a namespace with these labels; `None` where they name no goal, and where the webhook refuses nothing, as the
    /// API server is not to refuse more.
    pub fn floor_of<'a>(
        &self,
        namespace: &str,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        exceptions: &[Arc<Exception>],
        today: Date,
    ) -> Option<Floor> {
        if self.configuration.settings.report_only || self.configuration.exempts_namespace(namespace) {
            return None;
        }
        let goal = goal(labels)?;
        Some(Floor { goal, level: self.floor(goal, exceptions, today) })
    }

    /// The floor below a goal, with the exceptions of the namespace as far as policies allow them. An exception that has ended
    /// and no longer holds lowers nothing. Whether an exception is used is not asked: it may be tomorrow.
    fn floor(&self, goal: LevelVersion, exceptions: &[Arc<Exception>], today: Date) -> Level {
        let granted = || {
            let holding = exceptions.iter().filter(|exception| exception.holds(today));
            holding.flat_map(|exception| &exception.grants).map(|grant| &*grant.rule)
        };
        let is_open = |level: &Level| {
            let checks = plan_at(*level, self.minor(goal));
            granted().all(|rule| of_rule(checks, rule).is_empty())
        };
        let below = Level::ALL.into_iter().rev().filter(|level| *level <= goal.level);
        below.into_iter().find(is_open).unwrap_or(Level::Privileged)
    }
}

/// Those of some variants whose check reports under a rule.
fn of_rule(variants: Faults, rule: &str) -> Faults {
    of_checks(variants, |check| check.rules.iter().any(|known| known.is_called(rule)))
}

#[cfg(test)]
mod tests {
    use seawall_finding::exception::{ExceptionSource, Grant, OnExpiry, WorkloadSelector};

    use super::*;

    fn exception(rule: &str, expires: &str, on_expiry: OnExpiry) -> Arc<Exception> {
        Arc::new(Exception {
            source: ExceptionSource::Object,
            name: "shop/a".into(),
            namespaces: vec!["shop".into()],
            workloads: vec![WorkloadSelector { kind: "Pod".into(), name: String::new(), labels: Vec::new() }],
            grants: vec![Grant { rule: rule.into(), containers: Vec::new(), values: Vec::new() }],
            reason: "r".into(),
            owner: None,
            created: None,
            expires: expires.parse().ok(),
            on_expiry,
        })
    }

    fn floor(goal: &str, rules: &[&str]) -> Level {
        let exceptions: Vec<_> = rules.iter().map(|rule| exception(rule, "", OnExpiry::Refuse)).collect();
        let admission = Admission::new(Configuration::default(), 37);
        admission.floor(goal.parse().unwrap(), &exceptions, Date::from_days(0))
    }

    #[test]
    fn a_floor_forbids_nothing_that_is_granted() {
        assert_eq!(floor("restricted", &[]), Level::Restricted);
        assert_eq!(floor("baseline", &[]), Level::Baseline);
        assert_eq!(floor("privileged", &["host-pid"]), Level::Privileged);
        assert_eq!(floor("restricted", &["run-as-non-root"]), Level::Baseline);
        assert_eq!(floor("baseline", &["run-as-non-root"]), Level::Baseline);
        assert_eq!(floor("restricted", &["run-as-non-root", "host-pid"]), Level::Privileged);
        assert_eq!(floor("baseline", &["hostNamespaces"]), Level::Privileged, "by an alias");
        // Before v1.8 restricted does not ask for it.
        assert_eq!(floor("restricted:v1.7", &["allow-privilege-escalation"]), Level::Restricted);
        assert_eq!(floor("restricted:v1.8", &["allow-privilege-escalation"]), Level::Baseline);
    }

    /// Whatever a rule finds, the floor below restricted lets it pass, and the level above does not judge that rule alone.
    #[test]
    fn every_rule_has_its_floor() {
        for rule in seawall_pss::RULES {
            let floor = floor("restricted", &[rule.id]);
            assert!(of_rule(plan_at(floor, 37), rule.id).is_empty(), "{}", rule.id);
            let above = Level::ALL.into_iter().find(|level| *level > floor).expect("a level");
            assert!(!of_rule(plan_at(above, 37), rule.id).is_empty(), "{}", rule.id);
        }
    }

    #[test]
    fn what_has_ended_lowers_nothing() {
        let admission = Admission::new(Configuration::default(), 37);
        let floor = |day: &str, on_expiry| {
            let exceptions = [exception("host-pid", "2026-12-01", on_expiry)];
            admission.floor("baseline".parse().unwrap(), &exceptions, day.parse().unwrap())
        };
        assert_eq!(floor("2026-12-01", OnExpiry::Refuse), Level::Privileged);
        assert_eq!(floor("2026-12-02", OnExpiry::Refuse), Level::Baseline);
        assert_eq!(floor("2026-12-02", OnExpiry::Warn), Level::Privileged);
    }

    #[test]
    fn floors_are_of_the_goals_version() {
        let admission = Admission::new(Configuration::default(), 37);
        let floor = |labels: &[(&str, &str)]| {
            let exceptions = [exception("run-as-non-root", "", OnExpiry::Refuse)];
            let floor =
                admission.floor_of("shop", labels.iter().copied(), &exceptions, Date::from_days(0))?;
            Some(floor.labels().map(|(key, value)| format!("{key}={value}")).join(" "))
        };
        assert_eq!(floor(&[("pod-security.kubernetes.io/enforce", "restricted")]), None);
        assert_eq!(
            floor(&[("seawall.dev/enforce", "restricted"), ("seawall.dev/enforce-version", "v1.30")])
                .as_deref(),
            Some(
                "pod-security.kubernetes.io/enforce=baseline pod-security.kubernetes.io/enforce-version=v1.30"
            )
        );
        assert_eq!(floor(&[("seawall.dev/enforce", "strict")]), None, "what is no level has no floor");
    }

    #[test]
    fn nothing_is_enforced_where_the_webhook_refuses_nothing() {
        let floor = |configuration: Configuration, namespace: &str| {
            let labels = [("seawall.dev/enforce", "restricted")];
            Admission::new(configuration, 37).floor_of(namespace, labels, &[], Date::from_days(0))
        };
        assert!(floor(Configuration::default(), "shop").is_some());
        let mut reporting = Configuration::default();
        reporting.settings.report_only = true;
        assert_eq!(floor(reporting, "shop"), None);
        let mut exempting = Configuration::default();
        exempting.exemptions.namespaces.push("ci".into());
        assert_eq!(floor(exempting.clone(), "ci"), None);
        assert!(floor(exempting, "shop").is_some());
    }
}
