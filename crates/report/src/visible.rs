//! Text from outside made visible: nothing in an input can move the cursor, change colours, start a line or turn the
//! reading direction.

use std::borrow::Cow;
use std::fmt::Write as _;

use seawall_check::Located;
use unicode_width::UnicodeWidthChar;

/// The columns that a character takes, once made visible.
pub(crate) fn width(c: char) -> usize {
    if c.is_ascii_graphic() || c == ' ' {
        return 1;
    }
    if is_hidden(c) {
        let mut out = String::new();
        push(c, &mut out);
        return out.len();
    }
    c.width().unwrap_or(0)
}

/// The columns that a text takes.
pub(crate) fn text_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(|c| c.width().unwrap_or(0)).sum() }
}

/// Adds a character, escaped if it could not be seen or could forge.
pub(crate) fn push(c: char, out: &mut String) {
    match c {
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        c if is_hidden(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// A text on one line with all of its characters visible.
pub fn text(text: &str) -> Cow<'_, str> {
    // Without branches, as nearly all texts are looked at to their end.
    let other = text.bytes().fold(0, |other, b| other | u8::from(!(b' '..=b'~').contains(&b)));
    if other == 0 || !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push(c, &mut out));
    Cow::Owned(out)
}

/// A message: redacted, on one line, visible.
pub(crate) fn message(message: &str) -> Cow<'_, str> {
    match seawall_finding::redact(message) {
        Cow::Borrowed(same) => text(same),
        Cow::Owned(masked) => Cow::Owned(text(&masked).into_owned()),
    }
}

/// Where a finding is in its object: items of lists are told by values, which may be secret as any.
pub(crate) fn path(located: &Located) -> String {
    let path = located.finding.primary.path.to_string();
    match seawall_finding::redact(&path) {
        Cow::Borrowed(_) => path,
        Cow::Owned(masked) => masked,
    }
}

/// Controls, marks of direction, separators of lines, characters without a shape, and those that XML forbids.
pub(crate) fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x1BCA0..=0x1BCA3 | 0x2060..=0x206F | 0x3164 | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xFFFE | 0xFFFF
            | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(text("a\x1b[31mb\nc\u{202e}d\u{85}"), "a\\u{1b}[31mb\\nc\\u{202e}d\\u{85}");
        assert_eq!(text("ü 漢字"), "ü 漢字");
        assert_eq!(width('漢'), 2);
        assert_eq!(width('\u{202e}'), 8);
    }
}
