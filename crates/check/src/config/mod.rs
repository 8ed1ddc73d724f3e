//! The configuration file, `seawall.yaml`: from a document to settings, every error with its place.

mod ignores;
mod levels;
mod parameters;
mod parts;
mod resources;
mod rules;
mod scopes;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use seawall_finding::exception::{Exception, Grant, exception_from_config};
use seawall_manifest::workload::ConfiguredEntry;
use seawall_model::{KubernetesVersion, VersionError, pattern};
use seawall_pss::namespace::LevelVersion;
use seawall_yaml::{Document, Kind, LineIndex, NodeRef, Span};

use crate::exceptions::{Declared, canonical};
use crate::ignore::IgnoreEntry;
use crate::locate::region;
use crate::options::FailOn;

pub use parts::Part;
pub use rules::{Base, NamedRules, Profile, RuleSettings};
pub use scopes::Scope;

/// The levels of the namespaces that a pattern names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelRule {
    /// Matched against the namespace's name.
    pub pattern: String,
    /// Enforced level.
    pub enforce: LevelVersion,
    /// Audited level, where it is set.
    pub audit: Option<LevelVersion>,
    /// Warned level, where it is set.
    pub warn: Option<LevelVersion>,
}

/// What `seawall.yaml` says.
#[derive(Debug, Default)]
pub struct Config {
    /// `kubernetesVersion`: the target cluster's version.
    pub kubernetes_version: Option<KubernetesVersion>,
    /// `levels`: the first pattern that matches a namespace decides.
    pub levels: Vec<LevelRule>,
    /// `customResources`
    pub custom_resources: Vec<ConfiguredEntry>,
    /// `rules`: which rules are reported, and how grave they are.
    pub rules: RuleSettings,
    /// What is set about checks beyond the standard.
    pub parameters: seawall_hardening::Params,
    /// `profile`: the profile that holds unless the command line names another.
    pub profile: Option<String>,
    /// `profiles`: named changes to `rules` and `failOn`.
    pub profiles: Vec<Profile>,
    /// `failOn`: what makes a run fail; empty where it is not set.
    pub fail_on: Vec<FailOn>,
    /// `ignores`: what authors want passed over.
    pub ignores: Vec<IgnoreEntry>,
    /// `exceptions`: what operators allow.
    pub exceptions: Vec<Declared<Exception>>,
    /// `scopes`: directories that are clusters of their own.
    pub scopes: Vec<Scope>,
    /// `namespaces`: a file with Namespace objects, from the configuration file's directory.
    pub namespaces: Option<String>,
    /// `baseline`: a baseline file, from the configuration file's directory.
    pub baseline: Option<String>,
    /// The settings that the file has, each with its key's place.
    pub places: Vec<(&'static str, Span)>,
    /// What they consist of, in the order of the file.
    pub parts: Vec<Part>,
}

/// What is wrong with a configuration file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where in the file.
    pub span: Span,
    /// What is wrong, in lower case without a trailing period.
    pub message: String,
    /// What to write.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(crate) fn at(node: NodeRef<'_>, message: impl Into<String>, hint: Option<&str>) -> Self {
        error(node, message, hint.map(str::to_owned))
    }
}

/// The settings by name. `schemas/config-v1.schema.json` describes them.
pub const SETTINGS: [&str; 13] = [
    "kubernetesVersion",
    "levels",
    "customResources",
    "rules",
    "parameters",
    "profile",
    "profiles",
    "failOn",
    "ignores",
    "exceptions",
    "scopes",
    "namespaces",
    "baseline",
];

impl Config {
    /// The settings of a document of the file that is called so, or all that is wrong with it. An empty document sets
    /// nothing.
    pub fn from_document(
        document: &Document,
        file: &Arc<str>,
        lines: &LineIndex<'_>,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut config = Self::default();
        let mut errors = Vec::new();
        let root = document.root();
        if root.is_null() {
            return Ok(config);
        }
        if root.resolved().kind() != Kind::Mapping {
            return Err(vec![error(root, "the configuration must be a mapping", Some(fields_hint()))]);
        }
        for (key, value) in root.entries() {
            let name = key.key().unwrap_or_default();
            let Some(setting) = SETTINGS.into_iter().find(|setting| *setting == name) else {
                errors.push(error(key, format!("unknown setting `{name}`"), Some(fields_hint())));
                continue;
            };
            if config.places.iter().any(|(known, _)| *known == setting) {
                errors.push(error(
                    key,
                    format!("`{setting}` is set twice"),
                    Some("keep one of the two".into()),
                ));
                continue;
            }
            config.places.push((setting, key.span()));
            if !value.is_null() {
                config.set(setting, value, file, lines, &mut errors);
            }
        }
        if let Some(name) = config.profile.as_ref().filter(|name| config.profile_called(name).is_none()) {
            let node = root.get("profile").unwrap_or(root);
            errors.push(error(node, format!("no profile is called `{name}`"), Some(config.profiles_hint())));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let of = |(name, value): (&'static str, NodeRef<'_>)| parts::parts(name, value.resolved());
        let settings = config.places.iter().filter_map(|(name, _)| Some((*name, root.get(name)?)));
        config.parts = settings.flat_map(of).collect();
        Ok(config)
    }

    fn set(
        &mut self,
        setting: &str,
        value: NodeRef<'_>,
        file: &Arc<str>,
        lines: &LineIndex<'_>,
        errors: &mut Vec<ConfigError>,
    ) {
        match setting {
            "kubernetesVersion" => {
                self.kubernetes_version = kubernetes_version(value).map_err(|e| errors.push(e)).ok();
            }
            "levels" => self.levels = levels::levels(value, errors),
            "customResources" => self.custom_resources = resources::custom_resources(value, errors),
            "rules" => self.rules = rules::settings(value, errors),
            "parameters" => self.parameters = parameters::parameters(value, errors),
            "profile" => self.profile = text(setting, value, errors),
            "profiles" => self.profiles = rules::profiles(value, errors),
            "failOn" => self.fail_on = rules::fail_on(value, errors),
            "ignores" => self.ignores = ignores::ignores(value, file, lines, errors),
            "exceptions" => self.exceptions = exceptions(value, file, lines, errors),
            "scopes" => self.scopes = scopes::scopes(value, errors),
            "namespaces" => self.namespaces = text(setting, value, errors),
            _ => self.baseline = text(setting, value, errors),
        }
    }

    /// The rule for a namespace, if a pattern matches.
    pub fn level_of(&self, namespace: &str) -> Option<&LevelRule> {
        level_of(&self.levels, namespace)
    }

    /// The profile of that name: one of the configuration, or one that is always there.
    pub fn profile_called(&self, name: &str) -> Option<Profile> {
        let own = self.profiles.iter().find(|profile| profile.name == name).cloned();
        own.or_else(|| Base::called(name).map(Profile::of))
    }

    /// The names of the profiles, to be told to somebody who named another.
    pub fn profiles_hint(&self) -> String {
        let own = self.profiles.iter().map(|profile| profile.name.as_str());
        let always = Base::ALL.iter().map(|(name, _)| *name);
        format!("profiles: {}", own.chain(always).collect::<Vec<_>>().join(", "))
    }

    /// The scope of a file, by its path from the configuration file's directory; 0 for none.
    pub fn scope_of(&self, path: &str) -> u16 {
        let position = self.scopes.iter().position(|scope| scope.includes(path));
        position.map_or(0, |i| i as u16 + 1)
    }

    /// The name of a scope; empty for none.
    pub fn scope_name(&self, scope: u16) -> &str {
        let scope = usize::from(scope).checked_sub(1).and_then(|i| self.scopes.get(i));
        scope.map_or("", |scope| &scope.name)
    }
}

/// The rule for a namespace, if a pattern matches.
pub(crate) fn level_of<'r>(rules: &'r [LevelRule], namespace: &str) -> Option<&'r LevelRule> {
    rules.iter().find(|rule| pattern::matches(&rule.pattern, namespace))
}

fn fields_hint() -> String {
    format!("known settings: {}", SETTINGS.join(", "))
}

fn error(node: NodeRef<'_>, message: impl Into<String>, hint: Option<String>) -> ConfigError {
    ConfigError { span: node.span(), message: message.into(), hint }
}

fn kubernetes_version(value: NodeRef<'_>) -> Result<KubernetesVersion, ConfigError> {
    let hint = || Some("write it in quotes: kubernetesVersion: \"1.37\"".to_owned());
    let Some(text) = value.as_str() else {
        return Err(error(value, "`kubernetesVersion` must be a string", hint()));
    };
    text.parse().map_err(|e: VersionError| error(value, format!("`{text}` {e}"), hint()))
}

fn text(setting: &str, value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Option<String> {
    let text = value.as_str().map(str::to_owned);
    if text.is_none() {
        errors.push(error(value, format!("`{setting}` must be a string"), None));
    }
    text
}

/// The items of a list, or an error.
fn items<'d>(value: NodeRef<'d>, what: &str, hint: &str, errors: &mut Vec<ConfigError>) -> Vec<NodeRef<'d>> {
    if value.resolved().kind() == Kind::Sequence {
        return value.items().collect();
    }
    errors.push(ConfigError::at(value, format!("`{what}` must be a list"), Some(hint)));
    Vec::new()
}

/// Whether a mapping has only these keys; what is wrong otherwise.
pub(crate) fn only(node: NodeRef<'_>, what: &str, keys: &[&str], errors: &mut Vec<ConfigError>) -> bool {
    if node.resolved().kind() != Kind::Mapping {
        errors.push(error(
            node,
            format!("{what} must be a mapping"),
            Some(format!("with {}", keys.join(", "))),
        ));
        return false;
    }
    let unknown = node.entries().find(|(key, _)| !key.key().is_some_and(|key| keys.contains(&&*key)));
    if let Some((key, _)) = unknown {
        let name = key.key().unwrap_or_default();
        let hint = format!("known fields: {}", keys.join(", "));
        errors.push(error(key, format!("unknown field `{name}` of {what}"), Some(hint)));
    }
    unknown.is_none()
}

/// The strings of a list; a single string stands for a list of one.
fn strings(node: NodeRef<'_>, what: &str, errors: &mut Vec<ConfigError>) -> Vec<(String, Span)> {
    if let Some(text) = node.as_str() {
        return vec![(text.to_owned(), node.span())];
    }
    if node.resolved().kind() != Kind::Sequence {
        errors.push(error(node, format!("`{what}` must be a list of strings"), None));
        return Vec::new();
    }
    let mut out = Vec::new();
    for item in node.items() {
        match item.as_str() {
            Some(text) => out.push((text.to_owned(), item.span())),
            None => errors.push(error(
                item,
                format!("`{what}` must hold strings"),
                Some("put it in quotes".into()),
            )),
        }
    }
    out
}

fn exceptions(
    value: NodeRef<'_>,
    file: &Arc<str>,
    lines: &LineIndex<'_>,
    errors: &mut Vec<ConfigError>,
) -> Vec<Declared<Exception>> {
    let hint = "exceptions: [{namespaces: [shop], workloads: [{kind: Deployment, name: web}], rules: [{rule: host-port}], \
                reason: ...}]";
    let mut out = Vec::new();
    for item in items(value, "exceptions", hint, errors) {
        let name = format!("{file}:{}", lines.position(item.span().start).line);
        let read = exception_from_config(item, name).and_then(|exception| {
            let grants =
                canonical(exception.grants, item, |g| &g.rule, |g, rule| Grant { rule, ..g.clone() })?;
            Ok(Exception { grants, ..exception })
        });
        match read {
            Ok(what) => {
                let region = region(lines, item.span());
                out.push(Declared { what, scope: 0, file: file.clone(), region });
            }
            Err(e) => {
                errors.push(ConfigError {
                    span: e.span,
                    message: e.message,
                    hint: e.hint.map(Cow::into_owned),
                });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
