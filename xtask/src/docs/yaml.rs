//! Values as a person would write them in YAML.

use std::fmt::Write as _;

use seawall_check::quoted;
use seawall_yaml::{Kind, NodeRef};

/// What fits into a line of this length is written in one.
const WIDTH: usize = 100;

/// A key with its value, as lines.
pub(super) fn entry(key: &str, value: NodeRef<'_>) -> String {
    let mut out = String::new();
    push_entry(key, value, 0, &mut out);
    out
}

fn push_entry(key: &str, value: NodeRef<'_>, indent: usize, out: &mut String) {
    let key = scalar(key);
    let line = format!("{:indent$}{key}: {}", "", flow(value));
    // A setting's own mapping or list is never squeezed into its line.
    let roomy = indent == 0 && value.items().next().is_none_or(|item| item.kind() == Kind::Mapping);
    match value.kind() {
        Kind::Mapping if roomy || line.len() > WIDTH => {
            let _ = writeln!(out, "{:indent$}{key}:", "");
            for (key, value) in value.entries() {
                push_entry(key.as_str().unwrap_or_default(), value, indent + 2, out);
            }
        }
        Kind::Sequence if roomy || line.len() > WIDTH => {
            let _ = writeln!(out, "{:indent$}{key}:", "");
            for item in value.items() {
                push_item(item, indent, out);
            }
        }
        _ => out.extend([line.as_str(), "\n"]),
    }
}

fn push_item(item: NodeRef<'_>, indent: usize, out: &mut String) {
    let line = format!("{:indent$}- {}", "", flow(item));
    if item.kind() != Kind::Mapping || line.len() <= WIDTH {
        out.extend([line.as_str(), "\n"]);
        return;
    }
    let mut block = String::new();
    for (key, value) in item.entries() {
        push_entry(key.as_str().unwrap_or_default(), value, indent + 2, &mut block);
    }
    // The first field stands behind the dash.
    block.replace_range(indent..=indent, "-");
    out.push_str(&block);
}

fn flow(value: NodeRef<'_>) -> String {
    match value.kind() {
        Kind::Mapping => {
            let field = |(key, value): (NodeRef<'_>, NodeRef<'_>)| {
                format!("{}: {}", scalar(key.as_str().unwrap_or_default()), flow(value))
            };
            format!("{{{}}}", value.entries().map(field).collect::<Vec<_>>().join(", "))
        }
        Kind::Sequence => format!("[{}]", value.items().map(flow).collect::<Vec<_>>().join(", ")),
        Kind::String => scalar(value.as_str().unwrap_or_default()),
        _ => String::from_utf8_lossy(value.raw()).into_owned(),
    }
}

/// A string, quoted if it could be read as something else.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " _./-".contains(c);
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(plain)
        && !words.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(key: &str, json: &str) -> String {
        let document = seawall_yaml::read(json.as_bytes()).pop().and_then(|entry| entry.document);
        entry(key, document.expect("a document").root())
    }

    #[test]
    fn short_values_stand_in_a_line_and_long_ones_below() {
        assert_eq!(written("a", r#""1.36""#), "a: \"1.36\"\n");
        assert_eq!(written("a", r#"["x", "no"]"#), "a: [x, \"no\"]\n");
        assert_eq!(written("a", r#"{"z": "x", "*": {"b": "c d"}}"#), "a:\n  z: x\n  \"*\": {b: c d}\n");
        assert_eq!(written("a", r#"[{"b": "c"}]"#), "a:\n- {b: c}\n");
        let long = "x".repeat(90);
        assert_eq!(
            written("a", &format!(r#"[{{"b": "{long}", "c": [{{"d": "{long}"}}], "e": 1}}]"#)),
            format!("a:\n- b: {long}\n  c:\n  - {{d: {long}}}\n  e: 1\n")
        );
    }
}
