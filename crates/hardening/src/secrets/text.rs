//! Secrets that are given a name inside of a text.

use super::{Confidence, Harmless, Look, Secret, Strength, name, shape, url, value};

/// What the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A word or a line: a query, options, a connection string.
    Line,
    /// A file. It may be code or prose, where what stands behind a name is rarely its value.
    File,
}

impl Manner {
    /// What a text is by its look.
    pub(crate) fn of(text: &str) -> Self {
        if text.contains('\n') || text.len() > 1000 { Self::File } else { Self::Line }
    }
}

/// The first secret in a text: by its form, else by a name before `=`, or in files before `:`.
pub(crate) fn in_text<'t>(text: &'t str, manner: Manner, harmless: Harmless<'_>) -> Option<Secret<'t>> {
    if let Some(found) = shape::find(text) {
        return Some(Secret::formed(found));
    }
    assigned(text, manner, harmless)
}

/// The first secret that is given to a name in a text.
pub(super) fn assigned<'t>(text: &'t str, manner: Manner, harmless: Harmless<'_>) -> Option<Secret<'t>> {
    let bytes = text.as_bytes();
    for at in memchr::memchr2_iter(b'=', b':', bytes).filter(|at| *at > 0) {
        let found =
            if bytes[at] == b'=' { assignment(text, at, manner, harmless) } else { pair(text, at, harmless) };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether a letter may be part of a name.
pub(super) fn is_key(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

/// The key that ends at `at`, with `--` before it taken off.
fn key_before(text: &str, at: usize) -> &str {
    let head = &text.as_bytes()[..at];
    let start = head.iter().rposition(|b| !is_key(*b)).map_or(0, |at| at + 1);
    text.get(start..at).unwrap_or_default().trim_start_matches('-')
}

fn assignment<'t>(text: &'t str, at: usize, manner: Manner, harmless: Harmless<'_>) -> Option<Secret<'t>> {
    let bytes = text.as_bytes();
    let spaced = manner == Manner::File && bytes[at - 1] == b' ' && bytes.get(at + 1) == Some(&b' ');
    let (end, mut start) = if spaced { (at - 1, at + 2) } else { (at, at + 1) };
    let quote = bytes.get(start).copied().filter(|b| matches!(b, b'"' | b'\''));
    start += usize::from(quote.is_some());
    let stop = |b: &u8| {
        quote == Some(*b)
            || b.is_ascii_whitespace()
            || matches!(b, b'"' | b'\'' | b',' | b']' | b'}' | b'`' | b'&' | b';' | b'|' | b'\\')
    };
    let len =
        bytes[start.min(bytes.len())..].iter().position(stop).unwrap_or(bytes.len() - start.min(bytes.len()));
    given(text, key_before(text, end), start, len, manner, harmless)
}

/// `key: value` at the beginning of a line, or `"key": "value"` anywhere.
fn pair<'t>(text: &'t str, at: usize, harmless: Harmless<'_>) -> Option<Secret<'t>> {
    let bytes = text.as_bytes();
    let quoted = matches!(bytes[at - 1], b'"');
    let end = at - usize::from(quoted);
    let key = key_before(text, end);
    if key.is_empty() {
        return None;
    }
    let before = text[..end - key.len()].trim_end_matches(['"', ' ', '-', '\t']);
    let mut start = at + 1 + bytes[at + 1..].iter().take_while(|b| **b == b' ').count();
    let quote = bytes.get(start).copied().filter(|b| matches!(b, b'"' | b'\''));
    let begins = before.is_empty() || before.ends_with('\n');
    // Anchors, tags, aliases and blocks of YAML are no values.
    let marked = matches!(bytes.get(start), Some(b'&' | b'!' | b'*' | b'|' | b'>' | b'#'));
    let is_pair = if quoted { quote.is_some() } else { begins && start > at + 1 && !marked };
    if !is_pair {
        return None;
    }
    start += usize::from(quote.is_some());
    let stop = |b: &u8| match quote {
        Some(quote) => *b == quote || *b == b'\\' || *b == b'\n',
        None => b.is_ascii_whitespace() || matches!(b, b',' | b'}' | b'"' | b'\''),
    };
    let rest = bytes.get(start..).unwrap_or_default();
    let len = rest.iter().position(stop).unwrap_or(rest.len());
    // Prose goes on behind the first word.
    let line = rest[len..].iter().position(|b| *b == b'\n').unwrap_or(rest.len() - len);
    if quote.is_none() && !rest[len..len + line].trim_ascii().is_empty() {
        return None;
    }
    given(text, key, start, len, Manner::File, harmless)
}

/// The secret that a name is given in a text: the value of `len` bytes from `start` on.
pub(super) fn given<'t>(
    text: &'t str,
    key: &'t str,
    start: usize,
    len: usize,
    manner: Manner,
    harmless: Harmless<'_>,
) -> Option<Secret<'t>> {
    const LONGEST: usize = 80;
    if len < value::LEAST || key.is_empty() || key.len() > LONGEST {
        return None;
    }
    let strength = name::strength(key);
    if strength == Strength::None || harmless.has(key) {
        return None;
    }
    let text = text.get(start..start + len)?;
    let confidence = match value::look(text, strength) {
        Look::Random => Confidence::Random,
        Look::Plain if strength == Strength::Strong && (manner == Manner::Line || is_chosen(text)) => {
            Confidence::Name
        }
        _ => return None,
    };
    if text.bytes().any(url::breaks) {
        return None;
    }
    Some(Secret::called(key, confidence, start..start + len))
}

/// Whether a word is what people choose for a password, and no name of a variable, type or function.
fn is_chosen(word: &str) -> bool {
    let has = |class: fn(&u8) -> bool| word.as_bytes().iter().any(class);
    let code =
        has(|b| matches!(b, b'.' | b'(' | b')' | b'$' | b'/' | b'_' | b':' | b'|' | b'\\' | b'~' | b'-'));
    let marked = has(|b| matches!(b, b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'*' | b'?' | b'+'));
    word.len() >= 6 && !code && has(u8::is_ascii_alphabetic) && (marked || has(u8::is_ascii_digit))
}
