//! Scalars as text: plain where no reader of YAML can mistake them, else in quotes.

use std::fmt::Write as _;

use crate::scalar::{Scalar, resolve_plain};

/// How a text is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    Single,
    Double,
}

/// Adds a text in quotes: in single ones only if they can hold it on one line.
pub(super) fn write_quoted(text: &str, quote: Quote, out: &mut String) {
    let printable =
        |c: char| matches!(c, ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let special = |c: char| matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}');
    if quote == Quote::Single && text.chars().all(|c| printable(c) && !special(c)) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    } else {
        write_double_quoted(text, out);
    }
}

/// Adds a text in double quotes, in a way that both YAML and JSON read: what YAML does not allow in a text is escaped.
pub(super) fn write_double_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}') =>
            {
                write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default();
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether a text may stand without quotes, as a key and inside of flow collections too, and is a string to readers of
/// YAML 1.1 and 1.2 alike. Harmless texts that look odd are given quotes as well.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((&first, &last)) = bytes.first().zip(bytes.last()) else { return false };
    let inner = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'-' | b'.' | b'/' | b'+' | b'$' | b'(' | b')' | b'@' | b'=')
    };
    // A colon or a blank has to stand between other characters.
    let joins =
        |at: usize, b: u8| matches!(b, b':' | b' ') && bytes.get(at + 1).is_some_and(|next| inner(*next));
    if !(first.is_ascii_alphanumeric() || matches!(first, b'_' | b'/' | b'$'))
        || !(inner(last))
        || !bytes.iter().enumerate().all(|(at, b)| inner(*b) || joins(at, *b))
        || text.len() > 512
    {
        return false;
    }
    resolve_plain(text) == Scalar::String && !is_word(text) && !looks_numeric(bytes)
}

/// Words that some reader of YAML takes for something other than a string.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Whether it may be taken for a number, a date or a time: it begins with a digit and has no letter beyond those of
/// number literals.
fn looks_numeric(text: &[u8]) -> bool {
    text[0].is_ascii_digit()
        && text.iter().all(|b| {
            b.is_ascii_hexdigit()
                || matches!(
                    b,
                    b'x' | b'X' | b'o' | b'O' | b'.' | b':' | b'-' | b'+' | b'_' | b' ' | b'T' | b't' | b'Z'
                )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_a_reader_could_be_mistaken() {
        for plain in [
            "a",
            "ALL",
            "RuntimeDefault",
            "nginx:1.25",
            "100m",
            "64Mi",
            "/tmp/x",
            "a b",
            "kubernetes.io/os",
            "v1",
            "$(X)",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for quoted in [
            "",
            " a",
            "a ",
            "yes",
            "NO",
            "y",
            "1",
            "0x1F",
            "1e3",
            "0o7",
            "1:30",
            "2001-01-01",
            "a: b",
            "a #b",
            "a:",
            "-a",
            "*",
            "{a",
            "a,b",
            "a]",
            "é",
            "~",
            "<<",
            "=",
            ".5",
            "?a",
            "!a",
            "&a",
            "%a",
            "@a",
            "`a",
            "|",
            "a\nb",
            "10.0.0.1",
            "---",
            "...",
            "12e03",
            "a::b",
            "a  b",
            "a:b:",
        ] {
            assert!(!is_plain(quoted), "{quoted}");
        }
    }

    #[test]
    fn quoted_texts_are_read_back() {
        for text in [
            "",
            "it's",
            "\"\\",
            "a\nb\tc\r",
            "\0\u{7f}\u{85}",
            "\u{2028}\u{feff}\u{ffff}",
            "é\u{1f600}",
            " # : ",
        ] {
            for quote in [Quote::Single, Quote::Double] {
                let mut source = "a: ".to_owned();
                write_quoted(text, quote, &mut source);
                let document = crate::read(source.as_bytes()).remove(0).document;
                let value = document.as_ref().and_then(|d| d.root().get("a"));
                assert_eq!(value.and_then(crate::NodeRef::as_str), Some(text), "{source}");
            }
        }
    }
}
