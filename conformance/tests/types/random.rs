//! Random objects from the type table, and small changes to them.

use std::fmt::Write;

use seawall_manifest::types::{Shape, TypeId};

/// A value as text can have it: keys in order, also twice; numbers as written.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// `null`, `true`, `1.0`: what stands for itself.
    Raw(String),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

/// `SplitMix64`: the same numbers for the same seed everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const WORDS: [&str; 10] = ["a", "b", "nginx", "web", "", "true", "1", "ünïcode", "two words", "x: y # z"];
const QUANTITIES: [&str; 12] = ["500m", "1Gi", "1", "0", "1.5", "2k", "1e3", "1E3", "100n", "-1", "+1", ".5"];
const TIMES: [&str; 3] = ["2026-01-02T03:04:05Z", "2024-02-29T23:59:59+07:00", "2026-01-02T03:04:05.5Z"];
const ODD_NUMBERS: [&str; 16] = [
    "1.0",
    "1e3",
    "-0",
    "1.5",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "1E2",
    "0",
    "-7",
    "1e-3",
    "100000000000000000000000",
    "0.1e1",
];
/// Numbers and more that only YAML knows.
const YAML_PLAIN: [&str; 14] = [
    "0x1F",
    "010",
    "0o17",
    "1_000",
    "+5",
    "yes",
    "off",
    "~",
    "Null",
    "1e400",
    "2026-01-02",
    "0b11",
    ".5",
    "on",
];
const ODD_TEXTS: [&str; 34] = [
    "",
    " 1Gi ",
    "1gi",
    "1K",
    "1Ki",
    "1GB",
    "+",
    ".",
    ".Pi",
    ".Ti",
    "1..5",
    "1e",
    "1e-30",
    "Ei",
    "-e-10",
    "0x10",
    "80%",
    "2147483648",
    "2026-02-29T01:02:03Z",
    "2026-01-02T3:04:05Z",
    "2026-01-02T03:04:05,123Z",
    "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05.123456Z",
    "2026-01-02T03:04:05.1234567Z",
    "2026-01-02T03:04:60Z",
    "2026-01-02T03:04:05+24:60",
    "2026-01-02T03:04:05",
    "aGk=",
    "aGk",
    "a\nGk=",
    "====",
    "aG k",
    "true",
    "\u{85}1\u{a0}",
];

/// A value that the API server accepts.
pub(crate) fn valid(random: &mut Random, shape: Shape, depth: usize) -> Value {
    let raw = |text: &str| Value::Raw(text.to_owned());
    if random.one_in(60) {
        return raw("null");
    }
    match shape {
        Shape::Any => any(random, depth),
        Shape::Bool => raw(random.pick(&["true", "false"])),
        Shape::Int32 => raw(random.pick(&["0", "1", "80", "-1", "2147483647"])),
        Shape::Int64 => raw(random.pick(&["0", "1000", "-9223372036854775808"])),
        Shape::Float => raw(random.pick(&["0", "1.5", "1e3"])),
        Shape::String => Value::Text(random.pick(&WORDS).to_owned()),
        Shape::Bytes if random.one_in(8) => Value::List(vec![raw("1"), raw("255")]),
        Shape::Bytes => Value::Text(random.pick(&["", "aGk=", "aGkh"]).to_owned()),
        Shape::Quantity if random.one_in(3) => raw(random.pick(&["1", "1.5", "0", "1e3"])),
        Shape::Quantity => Value::Text(random.pick(&QUANTITIES).to_owned()),
        Shape::IntOrString if random.one_in(2) => raw("8080"),
        Shape::IntOrString => Value::Text(random.pick(&["http", "25%"]).to_owned()),
        Shape::Time => Value::Text(random.pick(&TIMES).to_owned()),
        Shape::MicroTime => Value::Text("2026-01-02T03:04:05.000006Z".to_owned()),
        Shape::List(item, _) => {
            let count = if depth > 6 { 0 } else { random.below(3) };
            Value::List((0..count).map(|_| valid(random, item.shape(), depth + 1)).collect())
        }
        Shape::Map(value) => {
            let count = if depth > 6 { 0 } else { random.below(4) };
            let keys = ["a", "app.kubernetes.io/name", "cpu", "x y"];
            Value::Map(
                (0..count).map(|i| (keys[i].to_owned(), valid(random, value.shape(), depth + 1))).collect(),
            )
        }
        Shape::OrBool(_) if random.one_in(2) => raw("true"),
        Shape::Struct(id) | Shape::OrBool(id) | Shape::OrList(id) | Shape::OrStrings(id) => {
            Value::Map(fields(random, id, depth))
        }
    }
}

/// Some fields of a struct. Types are said at the root alone: the items of a list are what the list says.
pub(crate) fn fields(random: &mut Random, id: TypeId, depth: usize) -> Vec<(String, Value)> {
    let rarity = 1 + id.fields().len() / 4 + depth;
    let mut out = Vec::new();
    for (name, shape) in id.fields() {
        if !matches!(name, "apiVersion" | "kind") && depth < 9 && random.one_in(rarity) {
            out.push((name.to_owned(), valid(random, shape, depth + 1)));
        }
    }
    out
}

fn any(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 5 { 4 } else { 6 }) {
        0 => Value::Raw(random.pick(&["true", "null"]).to_owned()),
        1 => Value::Raw(random.pick(&ODD_NUMBERS).to_owned()),
        2 | 3 => Value::Text(random.pick(&ODD_TEXTS).to_owned()),
        4 => Value::List((0..random.below(3)).map(|_| any(random, depth + 1)).collect()),
        _ => Value::Map((0..random.below(3)).map(|i| (format!("k{i}"), any(random, depth + 1))).collect()),
    }
}

/// Changes one place somewhere in the value.
pub(crate) fn mutate(random: &mut Random, value: &mut Value, yaml: bool) {
    let here = random.one_in(3);
    match value {
        Value::List(items) if !items.is_empty() && !here => {
            let at = random.below(items.len());
            mutate(random, &mut items[at], yaml);
        }
        Value::Map(pairs) if !pairs.is_empty() && !here => {
            let at = random.below(pairs.len());
            if !matches!(pairs[at].0.as_str(), "apiVersion" | "kind") {
                mutate(random, &mut pairs[at].1, yaml);
            }
        }
        Value::Map(pairs) => mutate_pairs(random, pairs, yaml),
        _ => *value = odd(random, yaml),
    }
}

fn mutate_pairs(random: &mut Random, pairs: &mut Vec<(String, Value)>, yaml: bool) {
    let at = random.below(pairs.len());
    match (random.below(4), pairs.get(at).cloned()) {
        (0, Some((key, value))) if !matches!(key.as_str(), "apiVersion" | "kind") => {
            // The same key in another case.
            let mut letters = key.chars();
            let first = letters
                .next()
                .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
            pairs[at] = (first.into_iter().chain(letters).collect(), value);
        }
        (1, Some((key, value))) if !matches!(key.as_str(), "apiVersion" | "kind") => {
            let value = if random.one_in(2) { odd(random, yaml) } else { value };
            let to = random.below(pairs.len() + 1);
            pairs.insert(to, (key, value));
        }
        (2, Some((key, _))) if !matches!(key.as_str(), "apiVersion" | "kind") => {
            pairs[at].1 = odd(random, yaml);
        }
        _ => {
            let key = random
                .pick(&["nonsense", "securitycontext", "", "spec", "metadata", "ünknown", "a.b"])
                .to_owned();
            if !pairs.iter().any(|(k, _)| *k == key) {
                let to = random.below(pairs.len() + 1);
                pairs.insert(to, (key, odd(random, yaml)));
            }
        }
    }
}

fn odd(random: &mut Random, yaml: bool) -> Value {
    match random.below(if yaml { 6 } else { 5 }) {
        0 => Value::Text(random.pick(&ODD_TEXTS).to_owned()),
        1 => Value::Raw(random.pick(&ODD_NUMBERS).to_owned()),
        2 => Value::Raw(random.pick(&["true", "false", "null"]).to_owned()),
        5 => Value::Raw(random.pick(&YAML_PLAIN).to_owned()),
        _ => any(random, 3),
    }
}

/// The value as JSON, which is also YAML.
pub(crate) fn json(value: &Value, out: &mut String) {
    match value {
        Value::Raw(text) => out.push_str(text),
        Value::Text(text) => quoted(text, out),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                json(item, out);
            }
            out.push(']');
        }
        Value::Map(pairs) => {
            out.push('{');
            for (i, (key, item)) in pairs.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                quoted(key, out);
                out.push_str(": ");
                json(item, out);
            }
            out.push('}');
        }
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\x1F' => write!(out, "\\u{:04x}", u32::from(c)).expect("a string"),
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// The value as block YAML.
pub(crate) fn yaml(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Map(pairs) if !pairs.is_empty() => {
            for (key, item) in pairs {
                out.push('\n');
                out.push_str(&pad);
                let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphabetic());
                if plain {
                    out.push_str(key);
                } else {
                    quoted(key, out);
                }
                out.push(':');
                yaml(item, indent + 2, out);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for item in items {
                out.push('\n');
                out.push_str(&pad);
                out.push('-');
                yaml(item, indent + 2, out);
            }
        }
        _ => {
            out.push(' ');
            json(value, out);
        }
    }
}
