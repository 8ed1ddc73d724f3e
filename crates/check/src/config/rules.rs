//! `rules`, `profiles` and `failOn`: which rules are reported, how grave they are, and what fails a run.

use seawall_finding::{Rule, Severity};
use seawall_model::Level;
use seawall_yaml::{Kind, NodeRef};

use super::{ConfigError, error, only, strings};
use crate::options::{FailOn, FailOnError};
use crate::rules;

/// The rules that are reported where nobody selects any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Base {
    /// Those of the Pod Security Standards and of the reading of objects.
    Pss,
    /// With the checks beyond it that are on by default.
    #[default]
    Recommended,
    /// With all checks.
    Strict,
    /// With the checks that the CIS Kubernetes Benchmark asks for.
    Cis,
    /// With the checks that the NSA/CISA Kubernetes Hardening Guidance asks for.
    Nsa,
}

impl Base {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("pss", Self::Pss),
        ("recommended", Self::Recommended),
        ("strict", Self::Strict),
        ("cis", Self::Cis),
        ("nsa", Self::Nsa),
    ];

    /// The one of that name.
    pub fn called(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, base)| base)
    }

    /// What fails a run with it, where that is more than what is enforced.
    pub fn fail_on(self) -> Option<FailOn> {
        match self {
            Self::Pss | Self::Recommended => None,
            Self::Strict | Self::Cis | Self::Nsa => Some(FailOn::Severity(Severity::Low)),
        }
    }

    /// Whether a rule is in it. Those that are not beyond the standard belong to it and to the reading of objects.
    fn includes(self, rule: &Rule) -> bool {
        !rule.is_beyond() || self.names(rule)
    }

    /// The level up to which a rule of the standard is reported where no namespace asks for it.
    fn beyond_levels(self, rule: &Rule) -> Option<Level> {
        match self {
            Self::Pss => None,
            // What gives a container something of its node; hardening is for who asks for it.
            Self::Recommended => Some(Level::Baseline),
            Self::Strict | Self::Cis | Self::Nsa => self.names(rule).then_some(Level::Restricted),
        }
    }

    /// Whether it is for a rule, of whatever kind.
    fn names(self, rule: &Rule) -> bool {
        match self {
            Self::Pss => false,
            Self::Recommended => !rule.off,
            Self::Strict => true,
            Self::Cis => rule.tags.contains(&"cis"),
            Self::Nsa => rule.tags.contains(&"nsa"),
        }
    }
}

/// Rules by a name that stands for them: an id, a tag, the name of a group or another tool's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRules {
    /// The name, as it was given.
    pub name: String,
    /// The rules.
    pub rules: Vec<&'static Rule>,
}

impl NamedRules {
    /// What a name stands for.
    ///
    /// # Errors
    /// What is wrong, and what helps, where no rule is called so.
    pub fn of(name: &str) -> Result<Self, (String, String)> {
        Ok(Self { name: name.to_owned(), rules: rules::resolve(name)? })
    }

    fn contains(&self, rule: &Rule) -> bool {
        self.rules.iter().any(|of| of.id == rule.id)
    }
}

/// Which rules are reported, and how grave they are. Verdicts stay what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSettings {
    /// The rules that are reported where none is selected.
    pub base: Base,
    /// The rules that are reported; empty for those of the base.
    pub select: Vec<NamedRules>,
    /// Rules that are reported besides.
    pub enable: Vec<NamedRules>,
    /// The rules that are not reported.
    pub deselect: Vec<NamedRules>,
    /// Severities other than the rules' own; of several for a rule the last counts.
    pub severity: Vec<(NamedRules, Severity)>,
}

impl RuleSettings {
    /// Whether a rule is reported.
    pub fn selects(&self, rule: &Rule) -> bool {
        let has = |named: &[NamedRules]| named.iter().any(|of| of.contains(rule));
        let on = if self.select.is_empty() { self.base.includes(rule) } else { has(&self.select) };
        (on || has(&self.enable)) && !has(&self.deselect)
    }

    /// Whether a rule that is reported in any case is asked for all that it has to say: by a base with more than the standard, or
    /// by name.
    pub(crate) fn goes_beyond(&self, rule: &Rule) -> bool {
        self.selects(rule) && (self.base != Base::Pss || self.names(rule))
    }

    /// The level up to which a rule of the standard is reported where no namespace asks for it; by name all that it finds.
    pub(crate) fn beyond_levels(&self, rule: &Rule) -> Option<Level> {
        match (self.selects(rule), self.names(rule)) {
            (false, _) => None,
            (true, true) => Some(Level::Restricted),
            (true, false) => self.base.beyond_levels(rule),
        }
    }

    /// Whether a rule is asked for by name.
    fn names(&self, rule: &Rule) -> bool {
        self.select.iter().chain(&self.enable).any(|of| of.contains(rule))
    }

    /// The severity that is set for a rule.
    pub fn severity_of(&self, rule: &Rule) -> Option<Severity> {
        self.severity.iter().rev().find(|(of, _)| of.contains(rule)).map(|(_, severity)| *severity)
    }

    /// These settings with those of a profile on top.
    #[must_use]
    pub fn with(mut self, profile: &Profile) -> Self {
        let other = &profile.rules;
        self.base = profile.base.unwrap_or(self.base);
        if !other.select.is_empty() {
            self.select.clone_from(&other.select);
        }
        self.enable.extend_from_slice(&other.enable);
        self.deselect.extend_from_slice(&other.deselect);
        self.severity.extend_from_slice(&other.severity);
        self
    }
}

/// A named set of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The profile that it begins with, if it names one.
    pub base: Option<Base>,
    /// What it changes about the rules.
    pub rules: RuleSettings,
    /// What makes a run fail; empty to leave that as it is.
    pub fail_on: Vec<FailOn>,
}

impl Profile {
    /// The profile that only begins with a base.
    pub(super) fn of(base: Base) -> Self {
        let named = Base::ALL.into_iter().find(|(_, known)| *known == base);
        let name = named.map_or("", |(name, _)| name).to_owned();
        Self {
            name,
            base: Some(base),
            rules: RuleSettings::default(),
            fail_on: base.fail_on().into_iter().collect(),
        }
    }
}

pub(super) fn settings(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> RuleSettings {
    if only(value, "`rules`", &["select", "enable", "deselect", "severity"], errors) {
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
            match NamedRules::of(&name) {
                Ok(rules) => found.push(rules),
                Err((message, hint)) => errors.push(ConfigError { span, message, hint: Some(hint) }),
            }
        }
        found
    };
    let (select, enable, deselect) = (named("select"), named("enable"), named("deselect"));
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
        match (NamedRules::of(&name), level) {
            (Ok(rules), Some(level)) => severity.push((rules, level)),
            (Err((message, hint)), _) => errors.push(error(key, message, Some(hint))),
            (_, None) => {
                let known: Vec<&str> = Severity::ALL.iter().map(|s| s.as_str()).collect();
                errors.push(error(value, format!("a severity must be one of {}", known.join(", ")), None));
            }
        }
    }
    RuleSettings { select, enable, deselect, severity, ..RuleSettings::default() }
}

pub(super) fn profiles(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<Profile> {
    let mut out = Vec::new();
    if value.resolved().kind() != Kind::Mapping {
        errors.push(error(value, "`profiles` must map names to settings", None));
        return out;
    }
    for (key, value) in value.entries() {
        if only(
            value,
            "a profile",
            &["extends", "select", "enable", "deselect", "severity", "failOn"],
            errors,
        ) {
            let fail_on = value.get("failOn").map(|node| fail_on(node, errors)).unwrap_or_default();
            let name = key.key().unwrap_or_default().into_owned();
            let base =
                value.get("extends").filter(|node| !node.is_null()).and_then(|node| extends(node, errors));
            out.push(Profile { name, base, rules: fields(value, errors), fail_on });
        }
    }
    out
}

/// The profile that another one begins with.
fn extends(node: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Option<Base> {
    let base = node.as_str().and_then(Base::called);
    if base.is_none() {
        let names: Vec<&str> = Base::ALL.iter().map(|(name, _)| *name).collect();
        errors.push(error(node, format!("`extends` must be one of {}", names.join(", ")), None));
    }
    base
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
