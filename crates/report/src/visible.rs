//! Making characters visible that would steer a terminal, end a line, or turn the direction of the text around them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with everything that is not seen written as an escape: `\n`, `\t`, `\u{1b}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut plain = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| is_hidden(*c)) {
        out.push_str(&text[plain..at]);
        plain = at + c.len_utf8();
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    if plain == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[plain..]);
    Cow::Owned(out)
}

/// Whether a character is not seen, or ends a line somewhere: control characters, line separators, marks of writing
/// direction and other format characters (Unicode's categories Cc, Zl, Zp and Cf, but for the Cf that have a shape).
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_is_not_seen() {
        assert_eq!(visible("a\u{1b}[31mb\nc\td\r"), "a\\u{1b}[31mb\\nc\\td\\r");
        assert_eq!(
            visible("\u{202e}x\u{2066}\u{61c}\u{feff}\u{9b}\u{7f}"),
            "\\u{202e}x\\u{2066}\\u{61c}\\u{feff}\\u{9b}\\u{7f}"
        );
        assert_eq!(visible("end\u{2028}"), "end\\u{2028}");
    }

    #[test]
    fn leaves_the_rest_alone() {
        for text in ["", "plain \\ \"text\"", "grüße, 日本語 🦀"] {
            assert!(matches!(visible(text), Cow::Borrowed(t) if t == text));
        }
    }
}
