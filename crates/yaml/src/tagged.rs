//! Scalars with a tag as go.yaml.in/yaml/v2 resolves them (`resolve.go`).

use crate::scalar::{Scalar, resolve_plain};

const PREFIX: &str = "tag:yaml.org,2002:";
/// `!!binary`: base64.
pub(crate) const BINARY: &str = "tag:yaml.org,2002:binary";
/// `!!merge`.
pub(crate) const MERGE: &str = "tag:yaml.org,2002:merge";

/// What a scalar with that tag (in its long form) resolves to, or why it does not.
pub(crate) fn resolve(tag: &str, text: &str) -> Result<Scalar, String> {
    let Some(wanted @ ("bool" | "int" | "float" | "null" | "timestamp")) = tag.strip_prefix(PREFIX) else {
        // `!!str` takes everything, and so do tags that mean nothing to upstream.
        return Ok(Scalar::String);
    };
    let value = resolve_plain(text);
    let found = match value {
        Scalar::Null => "null",
        Scalar::Bool(_) => "bool",
        Scalar::Int => "int",
        Scalar::Float | Scalar::NotFinite => "float",
        Scalar::String if wanted == "timestamp" && is_timestamp(text) => return Ok(Scalar::String),
        Scalar::String => "str",
    };
    if found == wanted {
        return Ok(value);
    }
    if wanted == "float" && value == Scalar::Int && !is_unsigned(text) {
        return Ok(Scalar::Float);
    }
    Err(format!("cannot decode !!{found} `{text}` as a !!{wanted}"))
}

fn is_unsigned(text: &str) -> bool {
    use crate::document::Kind;
    use crate::scalar::{Number, number};
    matches!(number(text, Kind::Int, false), Some(Number::Uint(_)))
}

/// Takes a number of one or two digits off the front.
fn short_number(text: &mut &str, bounds: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    *text = rest;
    number.parse().ok().filter(|n| bounds.contains(n))
}

/// Whether it is a date or time in one of the four forms that go-yaml has Go's `time.Parse` try.
fn is_timestamp(text: &str) -> bool {
    timestamp(text).is_some()
}

fn timestamp(text: &str) -> Option<()> {
    let (year, mut rest) = text.split_once('-')?;
    if year.len() != 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year: u32 = year.parse().ok()?;
    let month = short_number(&mut rest, 1..=12)?;
    rest = rest.strip_prefix('-')?;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    short_number(&mut rest, 1..=days)?;
    if rest.is_empty() {
        return Some(());
    }
    let zoned = rest.starts_with(['T', 't']);
    rest = if zoned { &rest[1..] } else { rest.strip_prefix(' ')?.trim_start_matches(' ') };
    short_number(&mut rest, 0..=23)?;
    rest = rest.strip_prefix(':')?;
    short_number(&mut rest, 0..=59)?;
    rest = rest.strip_prefix(':')?;
    short_number(&mut rest, 0..=59)?;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            rest = &fraction[digits..];
        }
    }
    if !zoned {
        return rest.is_empty().then_some(());
    }
    if rest == "Z" {
        return Some(());
    }
    let offset = rest.strip_prefix(['+', '-'])?;
    let (hours, minutes) = offset.split_once(':')?;
    let two = |s: &str, most| s.len() == 2 && s.parse::<u32>().is_ok_and(|n| n <= most);
    (two(hours, 24) && two(minutes, 60)).then_some(())
}

/// The text that padded base64 stands for; bytes that are not UTF-8 become U+FFFD one by one, as in Go's JSON.
pub(crate) fn decode_base64(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut digits = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).peekable();
    while digits.peek().is_some() {
        let mut group = 0u32;
        let mut count = 0;
        let mut padding = 0;
        for _ in 0..4 {
            let digit = match digits.next()? {
                c @ b'A'..=b'Z' => c - b'A',
                c @ b'a'..=b'z' => c - b'a' + 26,
                c @ b'0'..=b'9' => c - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if count >= 2 => {
                    padding += 1;
                    group <<= 6;
                    continue;
                }
                _ => return None,
            };
            if padding > 0 {
                return None;
            }
            count += 1;
            group = group << 6 | u32::from(digit);
        }
        out.extend_from_slice(&group.to_be_bytes()[1..4 - padding]);
        if padding > 0 && digits.peek().is_some() {
            return None;
        }
    }
    let mut decoded = String::with_capacity(out.len());
    for chunk in out.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| '\u{FFFD}'));
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_decide_or_refuse() {
        let long = |name: &str| format!("{PREFIX}{name}");
        assert_eq!(resolve(&long("str"), "12"), Ok(Scalar::String));
        assert_eq!(resolve(&long("float"), "0x10"), Ok(Scalar::Float));
        assert_eq!(resolve(&long("int"), "0x10"), Ok(Scalar::Int));
        assert_eq!(resolve("!mine", "12"), Ok(Scalar::String));
        assert_eq!(resolve(&long("int"), "1.5"), Err("cannot decode !!float `1.5` as a !!int".to_owned()));
        assert_eq!(resolve(&long("null"), "x"), Err("cannot decode !!str `x` as a !!null".to_owned()));
    }

    #[test]
    fn timestamps_are_those_of_go() {
        for good in [
            "2001-1-2",
            "2000-02-29",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14 21:59:43",
            "2001-1-2T1:2:3Z",
        ] {
            assert!(is_timestamp(good), "{good}");
        }
        for bad in [
            "2001-02-29",
            "2001-13-01",
            "2001-12-14T21:59:43",
            "2001-12-14 21:59:43.10 -5",
            "201-1-1",
            "2001-1-2 ",
        ] {
            assert!(!is_timestamp(bad), "{bad}");
        }
    }

    #[test]
    fn base64_is_padded() {
        assert_eq!(decode_base64("aGk=").as_deref(), Some("hi"));
        assert_eq!(decode_base64("aG\nlq").as_deref(), Some("hij"));
        assert_eq!(decode_base64("/w==").as_deref(), Some("\u{FFFD}"));
        assert_eq!(decode_base64("aGk"), None);
        assert_eq!(decode_base64("aGk=aGk="), None);
        assert_eq!(decode_base64("a==="), None);
    }
}
