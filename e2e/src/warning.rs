//! The `Warning` header (RFC 7234) as the API server writes it.

/// The most characters of warnings that an answer holds, and what is left of each where there are more.
const TOTAL: usize = 4096;
const EACH: usize = 256;

/// What reaches the client of the warnings that admission gives: those that no header can hold are left out without a word, and
/// where all of them are long, each is cut (k8s.io/apiserver `pkg/endpoints/filters/warning.go`, `NewWarningHeader` in
/// k8s.io/apimachinery `pkg/util/net/http.go`).
pub fn sent(warnings: &[String]) -> Vec<String> {
    let fit = warnings.iter().filter(|text| !text.chars().any(char::is_control));
    if warnings.iter().map(|text| text.chars().count()).sum::<usize>() <= TOTAL {
        return fit.cloned().collect();
    }
    let mut written = 0;
    fit.map(|text| text.chars().take(EACH).collect::<String>())
        .take_while(|text| {
            let room = written < TOTAL;
            written += text.chars().count();
            room
        })
        .collect()
}

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
    fn long_warnings_are_cut_and_unprintable_ones_lost() {
        let warnings = |lengths: &[usize]| lengths.iter().map(|n| "\u{fc}".repeat(*n)).collect::<Vec<_>>();
        assert_eq!(sent(&warnings(&[4000, 96])), warnings(&[4000, 96]));
        assert_eq!(sent(&warnings(&[4000, 97])), warnings(&[256, 97]));
        assert_eq!(sent(&warnings(&[300; 20])), warnings(&[256; 16]));
        assert_eq!(sent(&["a\nb".to_owned(), "c".to_owned()]), ["c"]);
    }

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
