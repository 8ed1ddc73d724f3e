//! Scalars against shapes, as the API machinery's decoders accept them.

use std::borrow::Cow;

use seawall_yaml::{Kind, NodeRef, Number};

use super::{base64, time};
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
        (Kind::String, Shape::Time) => time_fault(node, time::RFC3339),
        (Kind::String, Shape::MicroTime) => time_fault(node, time::RFC3339_MICRO),
        (kind, Shape::Time | Shape::MicroTime) => {
            Some(Fault::Type { value: Cow::Borrowed(go_value(kind)), into: Some("string") })
        }
        (Kind::String, Shape::Bytes) => {
            let at = base64::fault(node.text()?.as_bytes())?;
            Some(Fault::Value(Cow::Owned(format!("illegal base64 data at input byte {at}"))))
        }
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

fn time_fault(node: NodeRef<'_>, layout: &str) -> Option<Fault> {
    time::error(node.text()?, layout).map(|e| Fault::Value(Cow::Owned(e)))
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
}
