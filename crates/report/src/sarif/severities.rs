//! Severities of rules where the configuration changed them, learned from the findings.

use seawall_finding::{Finding, Rule, Severity};

/// Rules with another severity than their own. All findings of a rule have the same in one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Severities(Vec<(&'static str, Severity)>);

impl Severities {
    /// Takes note of a finding.
    pub(super) fn note(&mut self, finding: &Finding) {
        if finding.severity != finding.rule.severity {
            self.set(finding.rule.id, finding.severity);
        }
    }

    fn set(&mut self, rule: &'static str, severity: Severity) {
        if !self.0.iter().any(|(known, _)| *known == rule) {
            self.0.push((rule, severity));
        }
    }

    /// Adds what others know.
    pub(super) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(rule, severity)| self.set(rule, *severity));
    }

    /// The severity of a rule in this run.
    pub(super) fn of(&self, rule: &Rule) -> Severity {
        self.0.iter().find(|(known, _)| *known == rule.id).map_or(rule.severity, |(_, severity)| *severity)
    }
}
