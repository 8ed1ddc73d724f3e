//! Text as Go writes it: `%q`, joined quoted lists, plurals.

mod printable;

use std::fmt::Write as _;

/// Go's `strconv.Quote`, which is `%q` of a string.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    push_escaped(&mut out, text);
    out.push('"');
    out
}

/// Go's `strconv.Quote` of a string that need not be UTF-8: bytes that are not are written `\xNN`.
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        push_escaped(&mut out, chunk.valid());
        for byte in chunk.invalid() {
            push_hex(&mut out, 'x', 2, u32::from(*byte));
        }
    }
    out.push('"');
    out
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\0'..='\u{7f}' => push_hex(out, 'x', 2, c as u32),
            _ if is_printable(c) => out.push(c),
            _ if c <= '\u{ffff}' => push_hex(out, 'u', 4, c as u32),
            _ => push_hex(out, 'U', 8, c as u32),
        }
    }
}

fn push_hex(out: &mut String, letter: char, width: usize, value: u32) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\{letter}{value:0width$x}");
}

/// Go's `strconv.IsPrint`.
pub fn is_printable(c: char) -> bool {
    printable::CHANGES.partition_point(|change| *change <= c as u32) % 2 == 1
}

/// Every item between quotes, without any escaping, joined by `, `: how the reference lists names.
pub fn quoted_list<T: AsRef<str>>(items: impl IntoIterator<Item = T, IntoIter: Clone>) -> String {
    let items = items.into_iter();
    // They may be thousands: room for all, so that nothing grows.
    let mut out = String::with_capacity(items.clone().map(|item| item.as_ref().len() + "\"\", ".len()).sum());
    for item in items {
        out.push_str(if out.is_empty() { "\"" } else { ", \"" });
        out.push_str(item.as_ref());
        out.push('"');
    }
    out
}

/// `singular` for exactly one, else `plural`.
pub const fn plural<'a>(singular: &'a str, plural: &'a str, count: usize) -> &'a str {
    if count == 1 { singular } else { plural }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go() {
        for (text, wanted) in [
            ("", r#""""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\u{7}\u{8}\u{c}\n\r\t\u{b}", r#""\a\b\f\n\r\t\v""#),
            ("\u{1}\u{7f}", r#""\x01\x7f""#),
            ("\u{fc} \u{4e16}\u{1f600}", "\"\u{fc} \u{4e16}\u{1f600}\""),
            ("\u{a0}\u{ad}\u{200b}\u{e000}", r#""\u00a0\u00ad\u200b\ue000""#),
            ("\u{fffd}\u{e0001}", "\"\u{fffd}\\U000e0001\""),
        ] {
            assert_eq!(quote(text), wanted);
            assert_eq!(quote_bytes(text.as_bytes()), wanted);
        }
        assert_eq!(quote_bytes(b"a\xff\xe2\x82z"), r#""a\xff\xe2\x82z""#);
    }

    #[test]
    fn lists_and_plurals() {
        assert_eq!(quoted_list(["a", "b\"\n"]), "\"a\", \"b\"\n\"");
        assert_eq!(quoted_list([""; 2]), r#""", """#);
        assert_eq!(quoted_list::<&str>([]), "");
        assert_eq!(
            [0, 1, 2].map(|n| plural("container", "containers", n)),
            ["containers", "container", "containers"]
        );
    }
}
