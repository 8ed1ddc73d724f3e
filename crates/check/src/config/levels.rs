//! `levels`: at which levels the namespaces that a pattern names are judged.

use seawall_model::VersionError;
use seawall_pss::namespace::LevelVersion;
use seawall_yaml::{Kind, NodeRef};

use super::{ConfigError, LevelRule, error};

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

pub(super) fn levels(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<LevelRule> {
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
        if rules.iter().any(|rule: &LevelRule| rule.pattern == pattern) {
            errors.push(error(key, format!("the pattern `{pattern}` is given twice"), None));
            continue;
        }
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
