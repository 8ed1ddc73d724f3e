//! What cannot be read, and was hardly meant for Kubernetes.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use seawall_yaml::{Problem, ProblemKind};

/// The keys without which nothing is a Kubernetes object.
const KEYS: [&[u8]; 2] = [b"apiVersion", b"kind"];

/// Whether what cannot be read shows no sign of a Kubernetes object: neither of the keys that each has is anywhere in `text`,
/// the bytes that it stands in. Templates have a notice of their own.
pub(crate) fn is_foreign(problem: &Problem, text: &[u8]) -> bool {
    match problem.kind {
        ProblemKind::Template | ProblemKind::Ignored => false,
        ProblemKind::Encoding => {
            // In UTF-16 there is a NUL beside every letter.
            let text = match memchr(0, text) {
                Some(_) => Cow::Owned(text.iter().copied().filter(|b| *b != 0).collect()),
                None => Cow::Borrowed(text),
            };
            !has_sign(&text)
        }
        ProblemKind::Syntax | ProblemKind::Limit => !has_sign(text),
    }
}

fn has_sign(text: &[u8]) -> bool {
    KEYS.iter().any(|key| memmem::find_iter(text, key).any(|at| is_key(&text[..at], &text[at + key.len()..])))
}

/// Whether a word between these is a key: in quotes, or a whole word with a colon behind it.
fn is_key(before: &[u8], behind: &[u8]) -> bool {
    let (last, next) = (before.last(), behind.first());
    if matches!(last, Some(b'"' | b'\'')) && last == next {
        return true;
    }
    let in_word = last.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'));
    !in_word && behind.trim_ascii_start().first() == Some(&b':')
}

#[cfg(test)]
mod tests {
    use seawall_yaml::Span;

    use super::*;

    fn foreign(kind: ProblemKind, text: &[u8]) -> bool {
        is_foreign(&Problem::new(kind, Span::new(0, 1), "x"), text)
    }

    #[test]
    fn a_key_is_a_sign() {
        for text in [
            "apiVersion: v1",
            "  kind : Pod",
            "{\"kind\": \"Pod\",}",
            "{\"apiVersion\" \"v1\"}",
            "{'kind': Pod",
            "- kind: Pod",
            "{kind: Pod",
            "a: mankind\n\tkind: Pod",
            "kind:",
        ] {
            assert!(!foreign(ProblemKind::Syntax, text.as_bytes()), "{text}");
            assert!(!foreign(ProblemKind::Limit, text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_word_is_none() {
        for text in [
            "",
            "mankind: x",
            "kinds: [a]",
            "the kind of thing",
            "kind",
            "\"kind",
            "a-kind: b",
            "apiVersions: []",
            "{\"mankind\": 1}",
            "\"a.kind\": 1",
        ] {
            assert!(foreign(ProblemKind::Syntax, text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn two_bytes_a_letter_hide_no_key() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        assert!(!foreign(ProblemKind::Encoding, &wide("\u{feff}kind: Pod\n")));
        assert!(!foreign(ProblemKind::Encoding, b"kind: Pod # \xe9\n"));
        assert!(foreign(ProblemKind::Encoding, &wide("\u{feff}a: b\n")));
        assert!(foreign(ProblemKind::Encoding, &[0x7f, b'E', b'L', b'F', 0, 0, 1, 2]));
    }

    #[test]
    fn what_has_notices_of_its_own_is_none() {
        for kind in [ProblemKind::Template, ProblemKind::Ignored] {
            assert!(!foreign(kind, b"a: {{ b }}"));
        }
    }
}
