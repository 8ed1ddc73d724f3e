//! Configuration as the reader and as the schema see it.

use std::sync::Arc;

use seawall_check::{Config, ConfigError};
use seawall_yaml::{Kind, LineIndex, NodeRef};
use serde_json::Value;

use super::validate::validate;

const SCHEMA: &str = include_str!("../../../../schemas/config-v1.schema.json");

pub(crate) fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// What our reader makes of a configuration file.
pub(crate) fn read(text: &str) -> Result<Config, Vec<ConfigError>> {
    let source: Arc<[u8]> = text.as_bytes().into();
    let lines = LineIndex::new(&source);
    let mut entries = seawall_yaml::read(source.clone());
    assert!(entries.len() <= 1, "one document: {text}");
    let Some(entry) = entries.pop() else { return Ok(Config::default()) };
    assert!(entry.problems.is_empty(), "{:?}: {text}", entry.problems);
    let document = entry.document.expect("a document");
    Config::from_document(&document, &"seawall.yaml".into(), &lines)
}

/// What the schema has against a configuration file.
pub(crate) fn complaints(text: &str) -> Vec<String> {
    let root = schema();
    let entry = seawall_yaml::read(text.as_bytes()).pop();
    let document = entry.and_then(|entry| entry.document);
    let value = document.map_or(Value::Null, |document| json(document.root()));
    validate(&root, &root, &value, "")
}

/// A document as JSON has it.
pub(crate) fn json(node: NodeRef<'_>) -> Value {
    let node = node.resolved();
    let number = || serde_json::from_str(&node.json_number().unwrap_or_default()).expect("a number");
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => node.as_bool().into(),
        Kind::Int | Kind::Float => number(),
        Kind::String => node.as_str().expect("text").into(),
        Kind::Sequence => node.items().map(json).collect(),
        Kind::Mapping => {
            node.entries().map(|(k, v)| (k.key().unwrap_or_default().into_owned(), json(v))).collect()
        }
        Kind::Alias => unreachable!("it is resolved"),
    }
}
