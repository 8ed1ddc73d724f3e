//! Base64 of both alphabets (RFC 4648), for looking into values.

/// The bytes of a base64 text, padded or not, line ends ignored; `None` for other texts.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0_u32, 0);
    let text = text.trim_end_matches(['\n', '\r', ' ']);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'\n' | b'\r' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 1;
        if count % 4 != 1 {
            // After two, three and four digits one more byte is complete.
            out.push((bits >> [0, 0, 4, 2][count % 4]) as u8);
        }
    }
    (count % 4 != 1).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn reads_both_alphabets() {
        let text = |text| decoded(text).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(text("aGVsbG8=").as_deref(), Some("hello"));
        assert_eq!(text("aGVs\nbG8").as_deref(), Some("hello"));
        assert_eq!(text("aGVsbG8h\n").as_deref(), Some("hello!"));
        assert_eq!(text("").as_deref(), Some(""));
        assert_eq!(decoded("-_+/"), decoded("+/-_"));
        assert!(decoded("a").is_none() && decoded("a b").is_none() && decoded("{}").is_none());
    }
}
