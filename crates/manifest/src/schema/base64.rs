//! Base64 as Go's `base64.StdEncoding` reads it: padded, line ends ignored (`encoding/base64/base64.go`).

/// The position that Go names in its error; `None` if it reads the text.
pub(super) fn fault(text: &[u8]) -> Option<usize> {
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let line_ends = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()
    };
    // Digits of the group of four at hand.
    let mut group = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\r' | b'\n' => {}
            _ if digit(byte) => group = (group + 1) % 4,
            b'=' if group == 2 => {
                at = line_ends(at);
                match text.get(at) {
                    None => return Some(text.len()),
                    Some(b'=') => return rest_of(line_ends(at + 1), text),
                    Some(_) => return Some(at - 1),
                }
            }
            b'=' if group == 3 => return rest_of(line_ends(at), text),
            _ => return Some(at - 1),
        }
    }
    (group > 0).then(|| text.len() - group)
}

/// Nothing may follow the padding.
fn rest_of(at: usize, text: &[u8]) -> Option<usize> {
    (at < text.len()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn as_go() {
        for good in ["", "aGk=", "aA==", "aGkh", "aG\nkh\r\n", "aA=\n="] {
            assert_eq!(fault(good.as_bytes()), None, "{good:?}");
        }
        for (bad, at) in [
            ("a", 0),
            ("aGk", 0),
            ("aGkhaG", 4),
            ("aA=", 3),
            ("aA=x", 2),
            ("aGk=aGk=", 4),
            ("====", 0),
            ("a===", 1),
            ("aG k", 2),
            ("aG-_", 2),
        ] {
            assert_eq!(fault(bad.as_bytes()), Some(at), "{bad:?}");
        }
    }
}
