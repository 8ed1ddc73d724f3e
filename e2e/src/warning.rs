//! The `Warning` header (RFC 7234) as the API server writes it.

/// The text of `299 - "text"`; none of other headers.
pub(crate) fn text(header: &[u8]) -> Option<String> {
    let header = std::str::from_utf8(header).ok()?;
    let mut quoted = header.strip_prefix("299 - \"")?.strip_suffix('"')?.chars();
    let mut text = String::new();
    while let Some(c) = quoted.next() {
        match c {
            '\\' => text.push(quoted.next()?),
            '"' => return None,
            _ => text.push(c),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(
            text(br#"299 - "would violate \"x\": a\\b""#).as_deref(),
            Some(r#"would violate "x": a\b"#)
        );
        assert_eq!(text("299 - \"\u{fc}\"".as_bytes()).as_deref(), Some("\u{fc}"));
        assert_eq!(text(b"299 - \"\"").as_deref(), Some(""));
        for other in [
            &b"199 - \"x\""[..],
            b"299 - x",
            b"299 - \"x",
            b"299 - \"a\"b\"",
            b"299 - \"\xff\"",
            b"299 - \"a\\\"",
        ] {
            assert_eq!(text(other), None, "{}", String::from_utf8_lossy(other));
        }
    }
}
