//! The configuration file, `seawall.yaml`: from a document to settings, every error with its place.

use std::fmt;

use seawall_manifest::workload::{ConfiguredEntry, Form};
use seawall_model::{KubernetesVersion, VersionError, pattern};
use seawall_pss::namespace::LevelVersion;
use seawall_yaml::{Document, Kind, NodeRef, Span};

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `kubernetesVersion`: the target cluster's version.
    pub kubernetes_version: Option<KubernetesVersion>,
    /// `levels`: the first pattern that matches a namespace decides.
    pub levels: Vec<LevelRule>,
    /// `customResources`
    pub custom_resources: Vec<ConfiguredEntry>,
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

const FIELDS: [&str; 3] = ["kubernetesVersion", "levels", "customResources"];

impl Config {
    /// The settings of a document, or all that is wrong with it. An empty document sets nothing.
    pub fn from_document(document: &Document) -> Result<Self, Vec<ConfigError>> {
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
            match key.key().as_deref() {
                Some("kubernetesVersion") => match kubernetes_version(value) {
                    Ok(version) => config.kubernetes_version = Some(version),
                    Err(e) => errors.push(e),
                },
                Some("levels") => config.levels = levels(value, &mut errors),
                Some("customResources") => config.custom_resources = custom_resources(value, &mut errors),
                other => errors.push(error(
                    key,
                    format!("unknown setting `{}`", other.unwrap_or_default()),
                    Some(fields_hint()),
                )),
            }
        }
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    /// The rule for a namespace, if a pattern matches.
    pub fn level_of(&self, namespace: &str) -> Option<&LevelRule> {
        self.levels.iter().find(|rule| pattern::matches(&rule.pattern, namespace))
    }
}

fn fields_hint() -> String {
    format!("known settings: {}", FIELDS.join(", "))
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

fn level_at(value: NodeRef<'_>) -> Result<LevelVersion, ConfigError> {
    let Some(text) = value.as_str() else {
        return Err(error(
            value,
            "a level must be a string",
            Some("such as restricted, or baseline:v1.30".into()),
        ));
    };
    text.parse().map_err(|e: VersionError| error(value, format!("`{text}` {e}"), None))
}

fn levels(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<LevelRule> {
    let mut rules = Vec::new();
    if value.resolved().kind() != Kind::Mapping {
        errors.push(error(
            value,
            "`levels` must map namespace patterns to levels",
            Some("levels: {\"prod-*\": restricted, \"*\": baseline}".into()),
        ));
        return rules;
    }
    for (key, value) in value.entries() {
        let pattern = key.key().unwrap_or_default().into_owned();
        if value.resolved().kind() != Kind::Mapping {
            match level_at(value) {
                Ok(enforce) => rules.push(LevelRule { pattern, enforce, audit: None, warn: None }),
                Err(e) => errors.push(e),
            }
            continue;
        }
        let mut found = [None, None, None];
        for (mode, level) in value.entries() {
            let slot = match mode.key().as_deref() {
                Some("enforce") => 0,
                Some("audit") => 1,
                Some("warn") => 2,
                other => {
                    let name = other.unwrap_or_default();
                    let hint = Some("known modes: enforce, audit, warn".to_owned());
                    errors.push(error(mode, format!("unknown mode `{name}`"), hint));
                    continue;
                }
            };
            match level_at(level) {
                Ok(at) => found[slot] = Some(at),
                Err(e) => errors.push(e),
            }
        }
        let [enforce, audit, warn] = found;
        rules.push(LevelRule { pattern, enforce: enforce.unwrap_or(LevelVersion::PRIVILEGED), audit, warn });
    }
    rules
}

fn custom_resources(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<ConfiguredEntry> {
    let mut out = Vec::new();
    let hint = || Some("- {apiVersion: example.com/*, kind: Worker, path: spec.template}".to_owned());
    if value.resolved().kind() != Kind::Sequence {
        errors.push(error(value, "`customResources` must be a list", hint()));
        return out;
    }
    for item in value.items() {
        let field = |name: &str| item.get(name).and_then(NodeRef::as_str).map(str::to_owned);
        let known =
            |k: &NodeRef<'_>| matches!(k.key().as_deref(), Some("apiVersion" | "kind" | "path" | "form"));
        let unknown = item.entries().find(|(k, _)| !known(k));
        if let Some((key, _)) = unknown {
            let name = key.key().unwrap_or_default();
            errors.push(error(key, format!("unknown field `{name}` of a custom resource"), hint()));
        }
        let form = match item.get("form").map(|form| (form, form.as_str())) {
            None | Some((_, Some("template"))) => Form::Template,
            Some((_, Some("podSpec"))) => Form::PodSpec,
            Some((node, _)) => {
                errors.push(error(node, "`form` must be template or podSpec", hint()));
                continue;
            }
        };
        match (field("apiVersion"), field("kind"), field("path")) {
            (Some(api_version), Some(kind), Some(path)) if !path.is_empty() => {
                out.push(ConfiguredEntry { api_version, kind, path, form });
            }
            _ => errors.push(error(
                item,
                "a custom resource needs the strings `apiVersion`, `kind` and `path`",
                hint(),
            )),
        }
    }
    out
}
