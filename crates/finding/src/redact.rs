//! The one redactor: nothing that may be a secret reaches an output except through here.
//!
//! It works on spans of bytes, so that a quoted line keeps its columns. What it masks: values of keys whose words name a
//! secret, literal values of environment variables and of Secrets, and texts in the form of known tokens.

mod place;
mod scan;
mod word;

use std::borrow::Cow;
use std::ops::Range;

pub use place::{Place, place};

/// What stands for a masked value, whatever its length.
pub const MASK: &str = "***";

/// A message with what may be a secret masked.
pub fn redact(text: &str) -> Cow<'_, str> {
    mask(text, &scan::message(text))
}

/// A source line with what may be a secret masked.
pub fn redact_line(line: &str, place: Place) -> Cow<'_, str> {
    mask(line, &secrets(line, place))
}

/// The byte ranges of a source line that may be secret, in order and without overlap.
pub fn secrets(line: &str, place: Place) -> Vec<Range<usize>> {
    scan::line(line, place)
}

fn mask<'t>(text: &'t str, secrets: &[Range<usize>]) -> Cow<'t, str> {
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for secret in secrets {
        out.push_str(&text[from..secret.start]);
        out.push_str(MASK);
        from = secret.end;
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What must never be seen.
    const CANARY: &str = "c4n4ry-5ecr3t";

    #[test]
    fn masks_the_canary_in_every_position() {
        let positions = [
            ("password: {}", Place::Plain),
            ("  dbPassword: '{}' # note", Place::Plain),
            ("- {name: A, apiKey: {}, b: c}", Place::Plain),
            ("{\"client_secret\":\"{}\",\"a\":1}", Place::Plain),
            ("- --token={}", Place::Plain),
            ("args: [\"--password\", \"{}\"]", Place::Plain),
            ("args: [\"--password={} more {}\"]", Place::Plain),
            ("command: [sh, -c, 'DB_PASSWORD={} run']", Place::Plain),
            ("url: postgres://user:{}@db:5432/x", Place::Plain),
            ("url: https://{}@host/x", Place::Plain),
            ("header: \"Authorization: Bearer {}\"", Place::Plain),
            ("value: {}", Place::Environment),
            ("  - value: \"{}\"", Place::Environment),
            ("- {name: A, value: {}}", Place::Environment),
            ("env: [{name: A, value: {}}, {name: B, value: \"{}\"}]", Place::Plain),
            ("{\"env\":[{\"name\":\"A\",\"value\":\"{}\"}]}", Place::Plain),
            ("value: !!str &a {}", Place::Environment),
            ("- {name: A, value: [{}, \"]\", {a: {}}], b: c}", Place::Environment),
            ("value: {a: [{}", Place::Environment),
            ("env: [{name: A, value: {x: {}}}]", Place::Plain),
            ("data: {a: [{}], b: {c: {}}}", Place::SecretData),
            ("anything: {}", Place::SecretData),
            ("data: {a: {}, b: '{}'}", Place::SecretData),
            ("  {} and {}", Place::Hidden),
            ("- {}", Place::Hidden),
            ("key: it's \"{}", Place::Hidden),
            ("password: \"it''s \\\" {}\"", Place::Plain),
            ("password: 'it''s {}'", Place::Plain),
            ("note: '{\"password\": \"{}\"}'", Place::Plain),
            ("a: b # default password: {}", Place::Plain),
            ("- {a: b} # it's DB_PASSWORD={}", Place::Plain),
            ("  # password: \"{}\"", Place::Plain),
            ("-----BEGIN RSA PRIVATE KEY-----{}", Place::Plain),
        ];
        for (line, place) in positions {
            let shown = redact_line(&line.replace("{}", CANARY), place).into_owned();
            assert!(!shown.contains(CANARY) && shown.contains(MASK), "{line}: {shown}");
        }
    }

    #[test]
    fn masks_known_forms_of_tokens() {
        let tokens = [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "github_pat_11ABCDEFG0abcdefghijklmnop",
            "glpat-abcdefghij0123456789",
            "xoxb-1234567890-abcdefghij",
            "sk_live_abcdefghijklmnop",
            "AIzaSyA1234567890abcdefghijklmnopqrstuv",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "hvs.CAESIabcdefghijklmnop",
        ];
        for token in tokens {
            assert_eq!(redact_line(&format!("x: {token}"), Place::Plain), "x: ***", "{token}");
            assert_eq!(redact(&format!("bad value \"{token}\" here")), "bad value \"***\" here");
        }
    }

    #[test]
    fn hides_length_and_keeps_the_rest() {
        assert_eq!(
            redact_line("- {name: A, value: x, b: c}", Place::Environment),
            "- {name: A, value: ***, b: c}"
        );
        assert_eq!(
            redact_line("- {name: A, value: [x, ']'], b: c}", Place::Environment),
            "- {name: A, value: [***], b: c}"
        );
        assert_eq!(redact_line("  password: \"x\" # why", Place::Plain), "  password: \"***\" # why");
        assert_eq!(redact_line("args: [--token, abc, --x]", Place::Plain), "args: [--token, ***, --x]");
        assert_eq!(redact("sets DB_PASSWORD=abc, and more"), "sets DB_PASSWORD=***, and more");
        assert_eq!(redact("in \"{\"token\": \"abc\"}\""), "in \"{\"token\": \"***\"}\"");
    }

    #[test]
    fn leaves_fields_that_only_sound_secret() {
        for line in [
            "automountServiceAccountToken: false",
            "secretName: web-tls",
            "secretKeyRef: {name: db, key: password}",
            "- secret: {secretName: x}",
            "tokenExpirationSeconds: 3600",
            "passwordFile: /run/secrets/db",
            "image: registry:5000/app@sha256:0123456789abcdef0123456789abcdef",
            "value: abc",
            "securityContext: {allowPrivilegeEscalation: true}",
            "- name: DB_PASSWORD",
            "password:",
            "password: |",
            "url: https://example.com/a@b",
            "keyboard: us",
            "compass: north",
            "a: b # it's the token of: somebody",
            "a: b # see `password`, and #12",
        ] {
            assert_eq!(redact_line(line, Place::Plain), line);
        }
        let message = "`token`: must be a string; container \"a\" may run as root: runAsNonRoot is not set";
        assert_eq!(redact(message), message);
    }
}
