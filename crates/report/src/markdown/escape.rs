//! Texts from outside in Markdown: in code spans, where nothing is a link, a mention or a mark, or as prose that is nothing but
//! words.

use std::fmt::Write as _;

/// A text cut to so many characters.
pub(super) fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// A visible text as code within a table.
pub(super) fn cell(text: &str) -> String {
    if !text.contains('|') {
        return code(text);
    }
    // Implementations differ in what ends a cell: with entities nothing does.
    let mut out = "<code>".to_owned();
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out + "</code>"
}

/// A visible text as a code span.
pub(super) fn code(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
    let pad = text.is_empty()
        || text.starts_with('`')
        || text.ends_with('`')
        || (text.starts_with(' ') && text.ends_with(' ') && !text.trim().is_empty());
    let pad = if pad { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A visible message: what it quotes is code, the rest prose; all of it is code where the rest is more than words. `code` is
/// [`code`] or [`cell`].
pub(super) fn prose(message: &str, code: fn(&str) -> String) -> String {
    let mut out = String::with_capacity(message.len() + 8);
    let mut rest = message;
    while let Some(at) = rest.find(['"', '`']) {
        let (before, quoted) = rest.split_at(at);
        let (Some(end), true) = (closing(quoted), is_words(before)) else { return code(message) };
        out.push_str(before);
        out.push_str(&code(&quoted[1..end]));
        rest = &quoted[end + 1..];
    }
    if !is_words(rest) {
        return code(message);
    }
    out + rest
}

/// Where the quote ends that a text begins with.
fn closing(quoted: &str) -> Option<usize> {
    let quote = quoted.chars().next()?;
    let mut escaped = false;
    quoted.char_indices().skip(1).find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = quote == '"' && c == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// Whether a text is free of marks, and of what sites make links of.
fn is_words(text: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || " ,.;:?()'-/=+%".contains(c);
    let link = || {
        let lower = text.to_ascii_lowercase();
        lower.contains("://") || lower.contains("www.") || lower.contains("gh-")
    };
    text.chars().all(word) && !link()
}

/// A visible text within HTML.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_ends_where_it_should() {
        assert_eq!(code("a_b *c*"), "`a_b *c*`");
        assert_eq!(code("a``b`"), "``` a``b` ```");
        assert_eq!(code(" a "), "`  a  `");
        assert_eq!(code(""), "`  `");
        assert_eq!(code("a|b"), "`a|b`");
        assert_eq!(
            (cell("a|<b"), cell("a<b")),
            ("<code>a&#124;&#60;b</code>".to_owned(), "`a<b`".to_owned())
        );
    }

    #[test]
    fn prose_is_words_and_quotes() {
        assert_eq!(
            prose("container \"app\" may run as root: `runAsNonRoot` is not set", code),
            "container `app` may run as root: `runAsNonRoot` is not set"
        );
        assert_eq!(prose("volume \"a\\\"@x\" is", code), "volume `a\\\"@x` is");
        for message in
            ["see @all", "see http://x", "at www.x.y", "a [b](c)", "GH-1 x", "open \"quote", "a*b*", "a<b"]
        {
            let prose = prose(message, code);
            assert!(prose.starts_with('`') && prose.ends_with('`'), "{prose}");
        }
    }

    #[test]
    fn clips_between_characters() {
        assert_eq!((clip("äöü", 3), clip("äöü", 2)), ("äöü".to_owned(), "äö...".to_owned()));
    }
}
