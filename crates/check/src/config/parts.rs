//! What a setting consists of, each part with its place and as YAML that says the same.

use std::borrow::Cow;

use seawall_finding::redact;
use seawall_yaml::{Kind, NodeRef, Span};

use crate::quoted::quoted;

/// A part of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The setting.
    pub setting: &'static str,
    /// The keys that lead to it from there, the name of a profile before the names of its fields; none for entries of lists.
    pub path: Vec<String>,
    /// The place of its key, or of the entry.
    pub span: Span,
    /// Its value on one line, in YAML's flow style. What may be secret is masked.
    pub text: String,
}

/// The parts of a setting that has been read without an error.
pub(super) fn parts(setting: &'static str, value: NodeRef<'_>) -> Vec<Part> {
    let part = |path: Vec<String>, at: NodeRef<'_>, value: NodeRef<'_>| Part {
        setting,
        path,
        span: at.span(),
        text: flow(value),
    };
    let name = |key: NodeRef<'_>| key.key().unwrap_or_default().into_owned();
    let entries = || value.entries().map(|(key, value)| (name(key), key, value));
    match setting {
        "customResources" | "ignores" | "exceptions" | "scopes" => {
            value.items().map(|item| part(Vec::new(), item, item)).collect()
        }
        "levels" | "rules" | "parameters" => {
            entries().map(|(of, key, value)| part(vec![of], key, value)).collect()
        }
        "profiles" => entries()
            .flat_map(|(of, _, fields)| fields.entries().map(move |(key, value)| (of.clone(), key, value)))
            .map(|(of, key, value)| part(vec![of, name(key)], key, value))
            .collect(),
        _ => Vec::new(),
    }
}

/// A value on one line. Settings that have been read without an error are a few levels deep.
fn flow(node: NodeRef<'_>) -> String {
    let node = node.resolved();
    match node.kind() {
        Kind::Mapping => {
            let pair = |(key, value): (NodeRef<'_>, NodeRef<'_>)| {
                format!("{}: {}", scalar(&key.key().unwrap_or_default()), flow(value))
            };
            format!("{{{}}}", node.entries().map(pair).collect::<Vec<_>>().join(", "))
        }
        Kind::Sequence => format!("[{}]", node.items().map(flow).collect::<Vec<_>>().join(", ")),
        Kind::String => scalar(node.text().unwrap_or_default()).into_owned(),
        Kind::Null | Kind::Alias => "null".to_owned(),
        Kind::Bool | Kind::Int | Kind::Float => node.text().unwrap_or_default().to_owned(),
    }
}

/// A string, in quotes where it could be read as something else.
fn scalar(text: &str) -> Cow<'_, str> {
    let text = redact(text);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !word.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_plain { text } else { Cow::Owned(quoted(&text)) }
}
