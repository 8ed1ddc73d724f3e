//! `ignores`: findings that are passed over, each with a reason.

use std::sync::Arc;

use seawall_finding::{Date, IgnoreSource};
use seawall_yaml::{LineIndex, NodeRef};

use super::{ConfigError, error, items, only, scopes, strings};
use crate::ignore::{EntryScope, Ignore, IgnoreEntry};
use crate::locate::region;
use crate::rules;

const HINT: &str =
    "ignores: [{rule: host-port, path: \"legacy/**\", reason: moves in spring, expires: 2027-03-31}]";

const FIELDS: [&str; 9] =
    ["rule", "path", "namespace", "kind", "name", "container", "reason", "owner", "expires"];

pub(super) fn ignores(
    value: NodeRef<'_>,
    file: &Arc<str>,
    lines: &LineIndex<'_>,
    errors: &mut Vec<ConfigError>,
) -> Vec<IgnoreEntry> {
    let mut out = Vec::new();
    for item in items(value, "ignores", HINT, errors) {
        if only(item, "an ignore", &FIELDS, errors) {
            out.extend(entry(item, file, lines, errors));
        }
    }
    out
}

fn entry(
    item: NodeRef<'_>,
    file: &Arc<str>,
    lines: &LineIndex<'_>,
    errors: &mut Vec<ConfigError>,
) -> Option<IgnoreEntry> {
    let before = errors.len();
    let mut rules = Vec::new();
    match item.get("rule") {
        None => errors.push(ConfigError::at(item, "an ignore needs a `rule`", Some(HINT))),
        Some(node) => {
            let names = strings(node, "rule", errors);
            if names.is_empty() && errors.len() == before {
                errors.push(ConfigError::at(node, "an ignore needs a `rule`", Some(HINT)));
            }
            for (name, span) in names {
                match rules::resolve(&name) {
                    Ok(named) => rules.extend(named),
                    Err((message, hint)) => errors.push(ConfigError { span, message, hint: Some(hint) }),
                }
            }
        }
    }
    let mut text = |key: &str| {
        let node = item.get(key).filter(|n| !n.is_null())?;
        let text = node.as_str();
        if text.is_none() {
            errors.push(error(node, format!("`{key}` must be a string"), Some("put it in quotes".into())));
        }
        text.map(|text| (text.to_owned(), node))
    };
    let (reason, owner, expires) = (text("reason"), text("owner"), text("expires"));
    let (path, namespace, kind) = (text("path"), text("namespace"), text("kind"));
    let (name, container) = (text("name"), text("container"));
    let reason = reason.map(|(text, _)| text).filter(|text| !text.trim().is_empty());
    if reason.is_none() {
        errors.push(ConfigError::at(item, "an ignore needs a `reason`", Some(HINT)));
    }
    let until = expires.and_then(|(text, node)| match text.parse::<Date>() {
        Ok(date) => Some(date),
        Err(e) => {
            errors.push(error(node, format!("`expires` {e}"), None));
            None
        }
    });
    let path = path.and_then(|(text, node)| match scopes::glob(&text) {
        Ok(glob) => Some(glob),
        Err(message) => {
            errors.push(error(node, message, None));
            None
        }
    });
    if let Some((_, node)) = container.as_ref().filter(|(text, _)| text.is_empty()) {
        let hint = Some("name one, or leave it out".to_owned());
        errors.push(error(*node, "`container` names no container", hint));
    }
    if errors.len() > before {
        return None;
    }
    let ignore = Ignore {
        source: IgnoreSource::Config,
        rules,
        reason: reason?,
        owner: owner.map(|(text, _)| text),
        until,
        file: file.clone(),
        region: Some(region(lines, item.span())),
    };
    let plain = |field: Option<(String, NodeRef<'_>)>| field.map(|(text, _)| text);
    let scope = EntryScope {
        path,
        namespace: plain(namespace),
        kind: plain(kind),
        name: plain(name),
        container: plain(container),
    };
    Some(IgnoreEntry::new(ignore, scope))
}
