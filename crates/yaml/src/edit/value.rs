//! Values that changes carry.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use foldhash::HashMap;

use super::draft::{Draft, Writer};
use super::look::Look;
use crate::document::{Kind, NodeRef};
use crate::scalar::Number;

/// Nested collections of a value, and segments of a path, that are worked with; deeper ones are refused.
pub(super) const DEPTH: usize = 128;

/// A JSON value whose mappings keep the order of their keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; it must be finite.
    Number(Number),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// Pairs; no key may come twice.
    Mapping(Vec<(String, Value)>),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(Number::Int(value))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    /// A list.
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<K: Into<String>, const N: usize> From<[(K, Value); N]> for Value {
    /// A mapping.
    fn from(pairs: [(K, Value); N]) -> Self {
        Self::Mapping(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl Value {
    /// The value of a node, aliases and merge keys expanded; keys stand in the order in which they are first assigned.
    /// `None` if it is nested more than 128 deep, or holds what JSON cannot.
    pub fn of(node: NodeRef<'_>) -> Option<Self> {
        Self::of_at(node, DEPTH)
    }

    fn of_at(node: NodeRef<'_>, depth: usize) -> Option<Self> {
        let node = node.resolved();
        Some(match node.kind() {
            Kind::Null | Kind::Alias => Self::Null,
            Kind::Bool => Self::Bool(node.as_bool()?),
            Kind::Int | Kind::Float => Self::Number(node.as_number()?).finite()?,
            Kind::String => Self::String(node.as_str()?.to_owned()),
            Kind::Sequence => {
                let depth = depth.checked_sub(1)?;
                Self::List(node.items().map(|item| Self::of_at(item, depth)).collect::<Option<_>>()?)
            }
            Kind::Mapping => {
                let depth = depth.checked_sub(1)?;
                let mut order = Vec::new();
                let mut last = HashMap::default();
                for (key, value) in node.entries() {
                    let key = key.key()?;
                    if last.insert(key.clone(), value).is_none() {
                        order.push(key);
                    }
                }
                let pair = |key: Cow<'_, str>| {
                    let value = Self::of_at(last[&key], depth)?;
                    Some((key.into_owned(), value))
                };
                Self::Mapping(order.into_iter().map(pair).collect::<Option<_>>()?)
            }
        })
    }

    fn finite(self) -> Option<Self> {
        match self {
            Self::Number(Number::Float(v)) if !v.is_finite() => None,
            other => Some(other),
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Mapping(pairs) => pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a scalar by which items are told apart.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::Bool(_) | Self::Number(_) => Some(Cow::Owned(self.to_json())),
            Self::Null | Self::List(_) | Self::Mapping(_) => None,
        }
    }

    /// Whether both are the same value; the order of keys does not count.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a == b || a.to_json() == b.to_json(),
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b))
            }
            (Self::Mapping(a), Self::Mapping(b)) => {
                let theirs: BTreeMap<&str, &Self> = b.iter().map(|(k, v)| (k.as_str(), v)).collect();
                a.len() == b.len()
                    && a.iter().all(|(k, v)| theirs.get(k.as_str()).is_some_and(|o| v.is_same(o)))
            }
            _ => self == other,
        }
    }

    /// Whether the node has this value; the order of keys does not count.
    pub fn is_value_of(&self, node: NodeRef<'_>) -> bool {
        self.compare(node, true)
    }

    /// Whether the node has this value and perhaps further keys in its mappings; lists have to be equal.
    pub fn is_part_of(&self, node: NodeRef<'_>) -> bool {
        self.compare(node, false)
    }

    fn compare(&self, node: NodeRef<'_>, whole: bool) -> bool {
        let node = node.resolved();
        match (self, node.kind()) {
            (Self::Null, Kind::Null) => true,
            (Self::Bool(value), Kind::Bool) => node.as_bool() == Some(*value),
            (Self::Number(value), Kind::Int | Kind::Float) => {
                node.as_number() == Some(*value) || node.json_number().is_some_and(|n| n == value.to_json())
            }
            (Self::String(text), Kind::String) => node.as_str_bytes() == Some(text.as_bytes()),
            (Self::List(items), Kind::Sequence) => {
                node.count() == items.len() && node.items().zip(items).all(|(n, item)| item.compare(n, true))
            }
            (Self::Mapping(pairs), Kind::Mapping) => {
                let mut theirs = HashMap::default();
                for (key, value) in node.entries() {
                    let Some(key) = key.key() else { return false };
                    theirs.insert(key, value);
                }
                (!whole || theirs.len() == pairs.len())
                    && pairs.iter().all(|(key, value)| {
                        theirs.get(key.as_str()).is_some_and(|node| value.compare(*node, whole))
                    })
            }
            _ => false,
        }
    }

    /// Why it cannot be written, if so.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let mut left = vec![(self, 1)];
        while let Some((value, depth)) = left.pop() {
            match value {
                Self::List(_) | Self::Mapping(_) if depth > DEPTH => return Some("is nested too deeply"),
                Self::Number(Number::Float(v)) if !v.is_finite() => {
                    return Some("has a number that JSON cannot hold");
                }
                Self::List(items) => left.extend(items.iter().map(|item| (item, depth + 1))),
                Self::Mapping(pairs) => {
                    let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
                    keys.sort_unstable();
                    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
                        return Some("has a key twice");
                    }
                    left.extend(pairs.iter().map(|(_, value)| (value, depth + 1)));
                }
                _ => {}
            }
        }
        None
    }

    /// The value as compact JSON, texts as Go's encoding/json writes them.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// The value as YAML in block style, with a line's end; texts are plain where no reader can mistake them.
    pub fn to_yaml(&self) -> String {
        let mut writer = Writer::new(&Look::PLAIN);
        writer.block(&Draft::from(self), 0);
        writer.out + "\n"
    }

    pub(super) fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => out.push_str(&value.to_json()),
            Self::String(text) => write_json_string(text, out),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Mapping(pairs) => {
                out.push('{');
                for (i, (key, value)) in pairs.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_json_string(key, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }
}

/// A JSON string as Go's encoding/json writes it, with the characters escaped that mean something to HTML: the API server
/// compares texts in this form where a JSON Patch tests a value.
pub(super) fn write_json_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x08' => out.push_str("\\b"),
            '\x0C' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '<' | '>' | '&' | '\0'..='\x1F' | '\u{2028}' | '\u{2029}' => {
                write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default();
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> Value {
        let document = crate::read(source.as_bytes()).remove(0).document.unwrap();
        Value::of(document.root()).unwrap()
    }

    #[test]
    fn yaml_reads_back_as_the_value() {
        let text = |text: &str| Value::from(text);
        let value = Value::from([
            ("a", Value::List(vec![text("ALL"), text("yes"), text("1e3"), text("x: y"), text("\u{1b}\n")])),
            ("b c", Value::from([("empty", Value::Mapping(Vec::new())), ("none", Value::Null)])),
            ("d", Value::List(vec![Value::from([("e", Value::from(1_i64)), ("f", Value::from(true))])])),
        ]);
        let yaml = value.to_yaml();
        let document = crate::read(yaml.as_bytes()).remove(0).document.unwrap();
        assert!(value.is_value_of(document.root()), "{yaml}");
        assert!(
            yaml.starts_with("a:\n- ALL\n- \"yes\"\n") && yaml.ends_with("d:\n- e: 1\n  f: true\n"),
            "{yaml}"
        );
    }

    #[test]
    fn a_node_has_its_value() {
        for (source, json) in [
            ("a: [1, 1.5, 1.0, 0o17, 18446744073709551615]\n", r#"{"a":[1,1.5,1,15,18446744073709551615]}"#),
            (
                "a: &a {x: 1, k: 2}\nb: {x: 3, <<: *a, z: ~}\n",
                r#"{"a":{"x":1,"k":2},"b":{"x":1,"k":2,"z":null}}"#,
            ),
            (
                "yes: on\n? 'b\t'\n: \"\\u2028\\x7f\\0\u{1f600}\"\n",
                "{\"true\":true,\"b\\t\":\"\\u2028\u{7f}\\u0000\u{1f600}\"}",
            ),
            ("{\"a\": {\"b\": []}}", r#"{"a":{"b":[]}}"#),
        ] {
            let document = crate::read(source.as_bytes()).remove(0).document.unwrap();
            let value = Value::of(document.root()).unwrap();
            assert_eq!(value.to_json(), json, "{source}");
            assert!(value.is_value_of(document.root()) && value.is_part_of(document.root()), "{source}");
            assert!(value.is_same(&of(json)), "{source}");
        }
    }

    #[test]
    fn values_differ_in_more_than_order() {
        assert!(of("{a: 1, b: 2}").is_same(&of("{b: 2, a: 1}")));
        assert!(!of("{a: 1, b: 2}").is_same(&of("{a: 1}")));
        assert!(!of("[1, 2]").is_same(&of("[2, 1]")));
        assert!(!of("a: '1'").is_same(&of("a: 1")));
        let document = crate::read("a: {b: 1, c: [2]}\n".as_bytes()).remove(0).document.unwrap();
        assert!(of("a: {c: [2]}").is_part_of(document.root()));
        assert!(!of("a: {c: [2]}").is_value_of(document.root()));
        assert!(!of("a: {c: []}").is_part_of(document.root()));
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let nested = |depth| (0..depth).fold(Value::Null, |value, _| Value::List(vec![value]));
        assert_eq!(nested(DEPTH).fault(), None);
        assert!(nested(DEPTH + 1).fault().is_some());
        assert!(Value::Number(Number::Float(f64::NAN)).fault().is_some());
        assert!(Value::from([("a", Value::Null), ("a", Value::Null)]).fault().is_some());
        let deep = format!("{}{}", "[".repeat(DEPTH + 1), "]".repeat(DEPTH + 1));
        let document = crate::read(format!("a: {deep}").as_bytes()).remove(0).document.unwrap();
        assert_eq!(Value::of(document.root()), None);
    }
}
