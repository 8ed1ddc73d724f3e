//! Scalars against shapes, as the API machinery's decoders accept them.

use std::borrow::Cow;

use seawall_yaml::{Kind, NodeRef, Number};

use crate::types::Shape;

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Of another type. What Go calls the value, and the Go type where it is not the shape's.
    Type { value: Cow<'static, str>, into: Option<&'static str> },
    /// Of the right type, but not one of its values. Go's words.
    Value(Cow<'static, str>),
}

fn wrong(value: impl Into<Cow<'static, str>>) -> Fault {
    Fault::Type { value: value.into(), into: None }
}

/// What is wrong with a node, taken for itself: collections are only asked whether they may stand there.
pub(super) fn fault(node: NodeRef<'_>, shape: Shape) -> Option<Fault> {
    match (node.kind(), shape) {
        // These unions take whatever is no schema and no list, and forget it.
        (Kind::Null, _)
        | (_, Shape::Any | Shape::OrList(_) | Shape::OrStrings(_))
        | (Kind::Bool, Shape::Bool | Shape::OrBool(_))
        | (Kind::String, Shape::String | Shape::IntOrString)
        | (Kind::Mapping, Shape::Struct(_) | Shape::Map(_) | Shape::OrBool(_))
        | (Kind::Sequence, Shape::List(..) | Shape::Bytes) => None,
        (_, Shape::OrBool(_)) => Some(Fault::Value(Cow::Borrowed("boolean or JSON schema expected"))),
        (_, Shape::Quantity) => quantity_fault(node).map(|e| Fault::Value(Cow::Borrowed(e))),
        (Kind::String, Shape::Time) => time_fault(node, None),
        (Kind::String, Shape::MicroTime) => time_fault(node, Some(6)),
        (kind, Shape::Time | Shape::MicroTime) => {
            Some(Fault::Type { value: Cow::Borrowed(go_value(kind)), into: Some("string") })
        }
        (Kind::String, Shape::Bytes) => (!is_base64(node.text()?.as_bytes()))
            .then_some(Fault::Value(Cow::Borrowed("illegal base64 data"))),
        (Kind::Int | Kind::Float, Shape::Int32) => {
            integer_fault(node, i64::from(i32::MIN)..=i64::from(i32::MAX), None)
        }
        (Kind::Int | Kind::Float, Shape::Int64) => integer_fault(node, i64::MIN..=i64::MAX, None),
        (Kind::Int | Kind::Float, Shape::IntOrString) => {
            integer_fault(node, i64::from(i32::MIN)..=i64::from(i32::MAX), Some("int32"))
        }
        (kind, Shape::IntOrString) => {
            Some(Fault::Type { value: Cow::Borrowed(go_value(kind)), into: Some("int32") })
        }
        (Kind::Int | Kind::Float, Shape::Float) => {
            let text = node.json_number()?;
            let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
            (!finite).then(|| wrong(format!("number {text}")))
        }
        (kind, _) => Some(wrong(go_value(kind))),
    }
}

/// What is wrong with an item of a list of bytes.
pub(super) fn byte_fault(node: NodeRef<'_>) -> Option<Fault> {
    match node.kind() {
        Kind::Null => None,
        Kind::Int | Kind::Float => integer_fault(node, 0..=255, Some("uint8")),
        kind => Some(Fault::Type { value: Cow::Borrowed(go_value(kind)), into: Some("uint8") }),
    }
}

fn integer_fault(
    node: NodeRef<'_>,
    range: std::ops::RangeInclusive<i64>,
    into: Option<&'static str>,
) -> Option<Fault> {
    if !node.document().is_json()
        && let Some(Number::Int(value)) = node.as_number()
        && range.contains(&value)
    {
        return None;
    }
    let text = node.json_number()?;
    match text.parse::<i64>() {
        Ok(value) if range.contains(&value) && !(text.starts_with("-0") && *range.start() == 0) => None,
        _ => Some(Fault::Type { value: Cow::Owned(format!("number {text}")), into }),
    }
}

/// The kind of a value in the words of Go's decoder.
pub(super) const fn go_value(kind: Kind) -> &'static str {
    match kind {
        Kind::Null | Kind::Alias => "null",
        Kind::Bool => "bool",
        Kind::Int | Kind::Float => "number",
        Kind::String => "string",
        Kind::Sequence => "array",
        Kind::Mapping => "object",
    }
}

const FORMAT: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NUMERIC: &str = "unable to parse numeric part of quantity";
const SUFFIX: &str = "unable to parse quantity's suffix";

/// `Quantity.UnmarshalJSON`: it looks at the JSON text without undoing escapes.
fn quantity_fault(node: NodeRef<'_>) -> Option<&'static str> {
    match node.kind() {
        Kind::Int | Kind::Float => quantity_text_fault(&node.json_number()?),
        Kind::String => {
            let text = node.text()?;
            let escaped = if node.document().is_json() {
                node.raw().contains(&b'\\')
            } else {
                text.contains(|c: char| c < ' ')
            };
            if escaped { Some(FORMAT) } else { quantity_text_fault(text.trim()) }
        }
        _ => Some(FORMAT),
    }
}

/// `ParseQuantity` (`pkg/api/resource/quantity.go`).
fn quantity_text_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some(FORMAT);
    }
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits(rest);
    rest = &rest[whole..];
    let mut has_digits = whole > 0;
    if let Some(after) = rest.strip_prefix('.') {
        let decimals = digits(after);
        has_digits |= decimals > 0;
        rest = &after[decimals..];
    }
    if rest.is_empty() {
        return None;
    }
    let letters = rest.trim_start_matches(|c: char| "eEinumkKMGTP".contains(c));
    let exponent = letters.strip_prefix(['+', '-']).unwrap_or(letters);
    if digits(exponent) < exponent.len() {
        return Some(FORMAT);
    }
    // The power of ten of the least digit, where it makes Go leave its fast path, which takes a lone sign or point as 0.
    let slow = match rest {
        "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti" => false,
        "Pi" | "Ei" => true,
        _ => match rest.strip_prefix(['e', 'E']).map(str::parse::<i64>) {
            // Go cuts the exponent to 32 bits.
            Some(Ok(power)) => (power as i32) < -9,
            _ => return Some(SUFFIX),
        },
    };
    (slow && !has_digits).then_some(NUMERIC)
}

fn time_fault(node: NodeRef<'_>, decimals: Option<usize>) -> Option<Fault> {
    if is_time(node.text()?, decimals) {
        return None;
    }
    Some(Fault::Value(Cow::Borrowed(match decimals {
        None => "cannot parse it as a time of the form \"2006-01-02T15:04:05Z07:00\"",
        Some(_) => "cannot parse it as a time of the form \"2006-01-02T15:04:05.000000Z07:00\"",
    })))
}

/// Go's `time.Parse` with the layout of RFC 3339, and with exactly so many decimals of the second if they are given.
fn is_time(text: &str, decimals: Option<usize>) -> bool {
    let mut at = Cursor(text.as_bytes());
    let parsed = (|| {
        let year = at.number(4)?;
        at.byte(b'-')?;
        let month = at.number(2)?;
        at.byte(b'-')?;
        let day = at.number(2)?;
        at.byte(b'T')?;
        // Go takes an hour of one digit here.
        let hour = if at.digits() == 1 { at.number(1)? } else { at.number(2)? };
        at.byte(b':')?;
        let minute = at.number(2)?;
        at.byte(b':')?;
        let second = at.number(2)?;
        at.fraction(decimals)?;
        at.zone()?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60).then_some(())
    })();
    parsed.is_some() && at.0.is_empty()
}

struct Cursor<'t>(&'t [u8]);

impl Cursor<'_> {
    fn digits(&self) -> usize {
        self.0.iter().take_while(|b| b.is_ascii_digit()).count()
    }

    fn number(&mut self, width: usize) -> Option<u32> {
        if self.digits() < width {
            return None;
        }
        let (head, tail) = self.0.split_at(width);
        self.0 = tail;
        Some(head.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
    }

    fn byte(&mut self, expected: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[expected])?;
        Some(())
    }

    fn fraction(&mut self, decimals: Option<usize>) -> Option<()> {
        let rest = self.0.strip_prefix(b".").or_else(|| self.0.strip_prefix(b","));
        let digits = rest.map(|r| Cursor(r).digits());
        match (rest, digits, decimals) {
            (Some(rest), Some(digits), Some(wanted)) if digits >= wanted => self.0 = &rest[wanted..],
            (_, _, Some(_)) => return None,
            (Some(rest), Some(digits), None) if digits > 0 => self.0 = &rest[digits..],
            _ => {}
        }
        Some(())
    }

    fn zone(&mut self) -> Option<()> {
        if self.byte(b'Z').is_some() {
            return Some(());
        }
        self.0 = self.0.strip_prefix(b"+").or_else(|| self.0.strip_prefix(b"-"))?;
        let hours = self.number(2)?;
        self.byte(b':')?;
        let minutes = self.number(2)?;
        (hours <= 24 && minutes <= 60).then_some(())
    }
}

/// Go's `base64.StdEncoding`: padded, line ends ignored.
fn is_base64(text: &[u8]) -> bool {
    let (mut length, mut padding) = (0_usize, 0_usize);
    for byte in text.iter().filter(|b| !matches!(b, b'\r' | b'\n')) {
        length += 1;
        match byte {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
    }
    length.is_multiple_of(4) && padding <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_as_go() {
        for good in [
            "1", "0", "500m", "1Gi", "1.5Gi", ".5", "1.", "+1", "-1", "1e3", "1E3", "1E", "1e-3", "12e+6",
            "+", ".", ".Ti", "1n",
        ] {
            assert_eq!(quantity_text_fault(good), None, "{good}");
        }
        for (bad, error) in [
            ("", FORMAT),
            ("a", FORMAT),
            ("1 Gi", FORMAT),
            ("1.5.5", FORMAT),
            ("0x10", FORMAT),
            ("1gi", FORMAT),
            ("1K", SUFFIX),
            ("1GB", FORMAT),
            ("1MM", SUFFIX),
            ("1e", SUFFIX),
            ("1Gi5", SUFFIX),
            (".Pi", NUMERIC),
            ("+e-10", NUMERIC),
        ] {
            assert_eq!(quantity_text_fault(bad), Some(error), "{bad}");
        }
    }

    #[test]
    fn times_as_go() {
        for good in [
            "2026-02-28T01:02:03Z",
            "2024-02-29T1:02:03Z",
            "2026-01-02T03:04:05.123456789012Z",
            "2026-01-02T03:04:05,5+24:60",
            "0000-01-01T00:00:00-07:00",
        ] {
            assert!(is_time(good, None), "{good}");
        }
        for bad in [
            "2026-02-29T01:02:03Z",
            "2026-13-01T01:02:03Z",
            "2026-01-01 01:02:03Z",
            "2026-01-01T01:02:03",
            "2026-01-01T24:02:03Z",
            "2026-01-01T01:02:60Z",
            "2026-1-01T01:02:03Z",
            "2026-01-01T01:02:03Zx",
            "2026-01-01T01:02:03.Z",
            "",
        ] {
            assert!(!is_time(bad, None), "{bad}");
        }
        assert!(is_time("2026-01-02T03:04:05.123456Z", Some(6)));
        for bad in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.12345Z", "2026-01-02T03:04:05.1234567Z"] {
            assert!(!is_time(bad, Some(6)), "{bad}");
        }
    }

    #[test]
    fn base64_as_go() {
        for good in ["", "aGk=", "aA==", "aGkh", "aG\nkh\r\n", "aA=\n="] {
            assert!(is_base64(good.as_bytes()), "{good:?}");
        }
        for bad in ["a", "aGk", "aA=", "aGk=aGk=", "====", "a===", "aG k", "aG-_"] {
            assert!(!is_base64(bad.as_bytes()), "{bad:?}");
        }
    }
}
