//! `rules`, `profiles` and `failOn`: which rules are reported, how grave they are, and what fails a run.

use seawall_finding::{Rule, Severity};
use seawall_yaml::{Kind, NodeRef};

use super::{ConfigError, error, only, strings};
use crate::options::{FailOn, FailOnError};
use crate::rules;

/// Which rules are reported, and how grave they are. Verdicts stay what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSettings {
    /// The rules that are reported; empty for all.
    pub select: Vec<&'static Rule>,
    /// The rules that are not reported.
    pub deselect: Vec<&'static Rule>,
    /// Severities other than the rules' own.
    pub severity: Vec<(&'static Rule, Severity)>,
}

impl RuleSettings {
    /// Whether a rule is reported.
    pub fn selects(&self, rule: &Rule) -> bool {
        let has = |rules: &[&'static Rule]| rules.iter().any(|r| r.id == rule.id);
        (self.select.is_empty() || has(&self.select)) && !has(&self.deselect)
    }

    /// The severity that is set for a rule.
    pub fn severity_of(&self, rule: &Rule) -> Option<Severity> {
        self.severity.iter().rev().find(|(r, _)| r.id == rule.id).map(|(_, severity)| *severity)
    }

    /// These settings with those of a profile on top.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        if !other.select.is_empty() {
            self.select.clone_from(&other.select);
        }
        self.deselect.extend(&other.deselect);
        self.severity.extend(&other.severity);
        self
    }
}

/// A named set of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it changes about the rules.
    pub rules: RuleSettings,
    /// What makes a run fail; empty to leave that as it is.
    pub fail_on: Vec<FailOn>,
}

pub(super) fn settings(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> RuleSettings {
    if only(value, "`rules`", &["select", "deselect", "severity"], errors) {
        fields(value, errors)
    } else {
        RuleSettings::default()
    }
}

fn fields(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> RuleSettings {
    let mut named = |key: &str| {
        let names = value.get(key).filter(|n| !n.is_null()).map(|n| strings(n, key, errors));
        let mut found = Vec::new();
        for (name, span) in names.unwrap_or_default() {
            match rules::resolve(&name) {
                Ok(rules) => found.extend(rules),
                Err((message, hint)) => errors.push(ConfigError { span, message, hint: Some(hint) }),
            }
        }
        found
    };
    let (select, deselect) = (named("select"), named("deselect"));
    let mut severity = Vec::new();
    let set = value.get("severity").filter(|node| !node.is_null());
    if let Some(node) = set.filter(|node| node.resolved().kind() != Kind::Mapping) {
        let hint = Some("severity: {host-port: low}".to_owned());
        errors.push(error(node, "`severity` must map rules to severities", hint));
    }
    for (key, value) in set.into_iter().flat_map(NodeRef::entries) {
        let name = key.key().unwrap_or_default();
        let text = value.as_str().unwrap_or_default();
        let level = Severity::ALL.into_iter().find(|s| s.as_str() == text);
        match (rules::resolve(&name), level) {
            (Ok(rules), Some(level)) => severity.extend(rules.into_iter().map(|rule| (rule, level))),
            (Err((message, hint)), _) => errors.push(error(key, message, Some(hint))),
            (_, None) => {
                let known: Vec<&str> = Severity::ALL.iter().map(|s| s.as_str()).collect();
                errors.push(error(value, format!("a severity must be one of {}", known.join(", ")), None));
            }
        }
    }
    RuleSettings { select, deselect, severity }
}

pub(super) fn profiles(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<Profile> {
    let mut out = Vec::new();
    if value.resolved().kind() != Kind::Mapping {
        errors.push(error(value, "`profiles` must map names to settings", None));
        return out;
    }
    for (key, value) in value.entries() {
        if only(value, "a profile", &["select", "deselect", "severity", "failOn"], errors) {
            let fail_on = value.get("failOn").map(|node| fail_on(node, errors)).unwrap_or_default();
            let name = key.key().unwrap_or_default().into_owned();
            out.push(Profile { name, rules: fields(value, errors), fail_on });
        }
    }
    out
}

pub(super) fn fail_on(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<FailOn> {
    let mut out = Vec::new();
    for (text, span) in strings(value, "failOn", errors) {
        match text.parse() {
            Ok(bar) => out.push(bar),
            Err(e @ FailOnError) => {
                errors.push(ConfigError { span, message: format!("`{text}` {e}"), hint: None });
            }
        }
    }
    out
}
