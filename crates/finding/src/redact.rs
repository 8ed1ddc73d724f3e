//! The one redactor: nothing that may be a secret reaches an output except through here.
//!
//! It works on spans of bytes, so that a quoted line keeps its columns. What it masks: values of keys whose words name a
//! secret, all of environment variables and of Secrets but names and references, commands that are no lists of words, and
//! texts in the form of known tokens.

mod place;
mod scan;
mod text;
mod tree;
mod word;

use std::borrow::Cow;
use std::ops::Range;

pub use place::{Place, place};
pub use text::{redact_path, redact_text};
pub use tree::{document_secrets, source_secrets};
pub use word::{name_words, names_secret};

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

/// The byte ranges that may be secret of a line that no document could be read from, given the lines above and below it, each
/// from the nearest on. The kind of its object is not known for certain, nor where its values end: data count as those of a Secret, all
/// but what identifies the object does where another line says so, and what may be secret is all that stands behind its key.
pub fn unread<'l>(
    line: &str,
    above: impl Iterator<Item = &'l [u8]> + Clone,
    below: impl Iterator<Item = &'l [u8]>,
) -> Vec<Range<usize>> {
    // A tab stands for more than the spaces of the lines above: what it indents may belong to any of them.
    let text = line.trim_start_matches([' ', '\t']);
    let indent = line[..line.len() - text.len()].replace('\t', "        ");
    let text = format!("{indent}{text}");
    let known = match place(&text, above.clone(), "Secret") {
        Place::Plain if place::is_of_secret(&text, above, below) => Place::SecretData,
        known => known,
    };
    let mut found = secrets(line, known);
    let end = line.trim_end().len();
    if let Some(start) = scan::unread(line, known).filter(|start| *start < end) {
        found.retain(|range| range.start < start);
        if let Some(last) = found.last_mut().filter(|range| range.end >= start) {
            last.end = end;
        } else {
            found.push(start..end);
        }
    }
    found
}

/// Whether a part of the source holds something of these ranges, which are in order and without overlap.
pub fn holds_secret(part: Range<u32>, secrets: &[Range<u32>]) -> bool {
    let first = secrets.partition_point(|secret| secret.end <= part.start);
    secrets.get(first).is_some_and(|secret| secret.start < part.end)
}

/// A text with these ranges, in order and without overlap, masked.
pub fn mask<'t>(text: &'t str, secrets: &[Range<usize>]) -> Cow<'t, str> {
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
            ("env: [{name: A, value: p\"{}}, {name: B, value: it's {}}]", Place::Plain),
            ("valeu: {}", Place::Environment),
            ("- {name: A, Value: {}}", Place::Environment),
            ("value: [{}, x]", Place::Environment),
            ("value: {x: {y: {}}, z: {}}", Place::Environment),
            ("a: [{}", Place::SecretData),
            ("{\"data\":{\"a\":\"{}\",\"b\":{\"c\":\"{}\"}},\"kind\":\"Secret\"}", Place::Plain),
            ("stringdata: {a: {}, b: c}", Place::Plain),
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
            ("a: jdbc:x:http://a.b|http://u:{}@c", Place::Plain),
            ("dsn: root:{}@tcp(db:3306)/x", Place::Plain),
            ("dsn: root:{}@unix(/run/db)/x", Place::Plain),
            ("a: password = {}", Place::Plain),
            ("a: Authorization:Bearer {}", Place::Plain),
            ("- --requirepass={}", Place::Plain),
        ];
        for (line, place) in positions {
            let shown = redact_line(&line.replace("{}", CANARY), place).into_owned();
            assert!(!shown.contains(CANARY) && shown.contains(MASK), "{line}: {shown}");
        }
    }

    #[test]
    fn of_what_cannot_be_read_nothing_behind_a_secret_key_is_shown() {
        let data = "kind: Secret\nstringData:\n";
        let env = "spec:\n  containers:\n  - name: a\n    env:\n    - name: A\n";
        for (above, line) in [
            (data, "  a: @{}"),
            (data, "  a: \"x\" {}"),
            (data, "  a: [{}"),
            (data, "  a: *{}"),
            (data, "  a: |\n    x\n   {}"),
            (data, "  {}"),
            (data, "  a: |\n    x\n\t{}"),
            (env, "      value: %{}"),
            (env, "      valeu: {}: x"),
            ("", "stringData: {a: {}"),
            ("", "{\"kind\":\"Secret\",\"data\":{\"a\":\"x\" \"{}\"}}"),
            ("", "DB_PASSWORD: *{}"),
            ("", "- {name: A, env: [{value: \"x\" {}"),
        ] {
            let text = format!("{above}{}", line.replace("{}", CANARY));
            let lines: Vec<&str> = text.lines().collect();
            let (line, above) = lines.split_last().unwrap();
            let shown =
                mask(line, &unread(line, above.iter().rev().map(|l| l.as_bytes()), std::iter::empty()));
            assert!(!shown.contains(CANARY) && shown.contains(MASK), "{line}: {shown}");
        }
        let secret = "kind: Secret\nmetadata: {name: a}\nstringData:\n";
        for (above, line) in [
            (secret, "conn: \"{}"),
            (secret, "{}"),
            ("- \"kind\" : 'Secret' # x\n  a: b\n", "  conn: {}: x"),
            ("kind: SecretList\n", "conn: {}: x"),
        ] {
            let line = line.replace("{}", CANARY);
            let shown =
                mask(&line, &unread(&line, above.lines().rev().map(str::as_bytes), std::iter::empty()))
                    .into_owned();
            assert!(!shown.contains(CANARY) && shown.contains(MASK), "{line}: {shown}");
        }
        for (above, line) in [
            (secret, "type: [Opaque"),
            ("kind: Secret\nmetadata:\n  labels:\n", "    a: [b"),
            ("kind: Secret\n---\nkind: Pod\n", "spec: [b"),
            ("kind: SecretStore\n", "spec: [b"),
        ] {
            assert!(
                unread(line, above.lines().rev().map(str::as_bytes), std::iter::empty()).is_empty(),
                "{line}"
            );
        }
        for line in ["\timage: nginx", "  image: nginx: 1", "foo: [bar"] {
            assert!(unread(line, std::iter::empty(), std::iter::empty()).is_empty(), "{line}");
        }
        let below = |line: &str, below: &str| {
            unread(line, std::iter::empty(), below.lines().map(str::as_bytes)).is_empty()
        };
        assert!(!below("conn: \"x", "metadata:\n  name: a\nkind: Secret\n"));
        assert!(below("conn: \"x", "kind: Pod\n---\nkind: Secret\n") && below("type: [x", "kind: Secret\n"));
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
            "s.Ab3dEf6hIj9lMn2pQr5tUv8x",
            "hf_abcdefghijklmnopqrstuvwxyz",
            "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0K",
        ];
        for token in tokens {
            assert_eq!(redact_line(&format!("x: {token}"), Place::Plain), "x: ***", "{token}");
            assert_eq!(redact_line(&format!("x: u:{token}"), Place::Plain), "x: u:***", "{token}");
            assert_eq!(redact(&format!("bad value \"{token}\" here")), "bad value \"***\" here");
        }
    }

    #[test]
    fn hides_length_and_keeps_the_rest() {
        assert_eq!(
            redact_line("- {name: A, value: x, optional: c}", Place::Environment),
            "- {name: A, value: ***, optional: c}"
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
            "data: {}",
            "data:",
            "{\"data\":{},\"a\":1}",
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
