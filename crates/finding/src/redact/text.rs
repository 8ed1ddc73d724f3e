//! Texts of several lines, and paths.

use std::borrow::Cow;

use super::word::names_secret;
use super::{MASK, mask, scan};

/// A text with what may be secret masked that may be YAML, JSON or anything: besides what a message may not show, the values of
/// keys that it holds itself, on their line or below it.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    // How far the key is in whose value is on the lines below.
    let mut below: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let trimmed = content.trim_start_matches([' ', '\t']);
        let indent = content.len() - trimmed.len();
        below =
            below.filter(|key| trimmed.is_empty() || indent > *key || (indent == *key && is_item(trimmed)));
        if below.is_some() && !trimmed.is_empty() {
            out.push_str(&content[..indent]);
            out.push_str(MASK);
        } else {
            out.push_str(&mask(content, &scan::text(content)));
            below = below.or_else(|| opens_value(trimmed).then_some(indent));
        }
        out.push_str(&line[content.len()..]);
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

fn is_item(line: &str) -> bool {
    line == "-" || line.starts_with("- ")
}

/// Whether a line begins or ends with a key that names a secret: what is further in on the lines below belongs to its value.
fn opens_value(line: &str) -> bool {
    let names = |key: &str| {
        let key = key.trim_end().trim_end_matches(['"', '\'']);
        names_secret(key.rsplit([' ', '{', ',', '"', '\'']).next().unwrap_or(key))
    };
    let first = line.split_once(": ").is_some_and(|(key, _)| names(key));
    first || line.trim_end().strip_suffix(':').is_some_and(names)
}

/// An absolute path, with or without a query, with those of its parts masked that look like a token: of many letters and digits
/// that take turns, or of hexadecimal digits alone.
pub fn redact_path(path: &str) -> Cow<'_, str> {
    let redacted = super::redact(path);
    let end = redacted.find(['?', '#']).unwrap_or(redacted.len());
    let (parts, query) = redacted.split_at(end);
    if !parts.split('/').any(looks_random) {
        return redacted;
    }
    let parts: Vec<&str> =
        parts.split('/').map(|part| if looks_random(part) { MASK } else { part }).collect();
    Cow::Owned(format!("{}{query}", parts.join("/")))
}

/// Turns between letters and digits in a word, from which on nobody has made it up.
const TURNS: usize = 4;

/// Letters and digits in a word that looks random, at least.
const RANDOM: usize = 12;

/// Hexadecimal digits that are an id or a token, at least.
const HEXADECIMAL: usize = 16;

fn looks_random(part: &str) -> bool {
    let hexadecimal: String = part.chars().filter(|c| *c != '-').collect();
    let is_hexadecimal = hexadecimal.len() >= HEXADECIMAL
        && hexadecimal.bytes().all(|b| b.is_ascii_hexdigit())
        && hexadecimal.bytes().any(|b| b.is_ascii_digit());
    let is_random = |word: &str| {
        let turns = word.as_bytes().windows(2).filter(|pair| {
            let digits = pair.iter().filter(|b| b.is_ascii_digit()).count();
            digits == 1
        });
        word.len() >= RANDOM && turns.count() >= TURNS
    };
    is_hexadecimal || part.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_below_their_keys_are_masked() {
        for (text, masked) in [
            ("a: b\npassword: x1\nc: d", "a: b\npassword: ***\nc: d"),
            (
                "db:\n  password: >-\n    x\n\n    y\n  port: 1\n",
                "db:\n  password: >-\n    ***\n\n    ***\n  port: 1\n",
            ),
            ("tokens:\n- x\ntoken:\n- x\n- y\nz: 1", "tokens:\n- x\ntoken:\n***\n***\nz: 1"),
            ("{\n  \"token\":\n    \"x\"\n}\n", "{\n  \"token\":\n    ***\n}\n"),
            ("DB_PASSWORD=x\r\nA=b\r\n", "DB_PASSWORD=***\r\nA=b\r\n"),
            ("password: \"a\n  b\"\nc: d: e", "password: \"***\n  ***\nc: d: e"),
            ("password:", "password:"),
            ("see the token:\n", "see the token:\n"),
        ] {
            assert_eq!(redact_text(text), masked, "{text}");
        }
    }

    #[test]
    fn parts_of_paths_that_look_random_are_masked() {
        for (path, masked) in [
            ("/hook/CANARYs3cr3t7781", "/hook/***"),
            ("/a/9f86d081884c7d659a2feaa0c55ad015/b?c=d", "/a/***/b?c=d"),
            ("/a/123e4567-e89b-12d3-a456-426614174000", "/a/***"),
            ("/live?token=abc&x=y", "/live?token=***&x=y"),
            ("/services/T00000000/B00000000/aB3dE5gH7jK9mN1pQ", "/services/T00000000/B00000000/***"),
        ] {
            assert_eq!(redact_path(path), masked);
        }
        for path in [
            "",
            "/",
            "/healthz",
            "/api/v1beta1/health-check/k8s-2024-readiness.html",
            "/actuator/health/livenessState",
            "/2024-11-26/status",
            "/apis/flowcontrol.apiserver.k8s.io/v1beta3",
            "/accessdeadbeefcafe",
        ] {
            assert_eq!(redact_path(path), path);
        }
    }
}
