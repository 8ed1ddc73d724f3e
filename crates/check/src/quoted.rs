//! Text in quotes: as a double-quoted scalar, as a word of a shell.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A word as a shell reads it back; names of files hold no zero bytes.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    shlex::try_quote(word).unwrap_or(Cow::Borrowed(word))
}

/// A double-quoted scalar on one line, as YAML and JSON both read it, in which every character is seen for what it is.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_escaped(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What YAML does not take as it is, breaks lines at, or what turns the reading direction.
fn is_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_comes_back() {
        let all: Vec<char> = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        for chars in all.chunks(4096) {
            let text: String = chars.iter().collect();
            let scalar = quoted(&text);
            assert_eq!(scalar.lines().count(), 1);
            let entry = seawall_yaml::read(format!("a: {scalar}\n").into_bytes()).pop().expect("an entry");
            assert_eq!(entry.problems, []);
            let document = entry.document.expect("a document");
            assert_eq!(document.root().get("a").and_then(seawall_yaml::NodeRef::as_str), Some(text.as_str()));
        }
        assert_eq!(quoted("a\u{202e}b"), "\"a\\u202eb\"");
    }
}
