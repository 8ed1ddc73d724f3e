//! Plain scalars and numbers as go.yaml.in/yaml/v2 resolves and encoding/json prints them
//! (`resolve.go`; sigs.k8s.io/yaml `convertToJSONableObject`).

use std::borrow::Cow;

use crate::document::{Kind, flag};

/// What a scalar resolves to; numbers stay text until asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits i64 or u64.
    Int,
    /// A finite floating point number.
    Float,
    /// `.nan` or `.inf`: a number that JSON cannot hold, so the document is refused.
    NotFinite,
    /// A string.
    String,
}

impl Scalar {
    pub(crate) fn parts(self) -> (Kind, u8) {
        match self {
            Self::Null => (Kind::Null, 0),
            Self::Bool(value) => (Kind::Bool, if value { flag::TRUE } else { 0 }),
            Self::Int => (Kind::Int, 0),
            Self::Float | Self::NotFinite => (Kind::Float, 0),
            Self::String => (Kind::String, 0),
        }
    }
}

/// A number's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Fits i64.
    Int(i64),
    /// Fits u64 only.
    Uint(u64),
    /// Any other.
    Float(f64),
}

impl Number {
    /// As Go's encoding/json prints it; `null` for what JSON cannot hold.
    pub fn to_json(self) -> String {
        match self {
            Self::Int(v) => v.to_string(),
            Self::Uint(v) => v.to_string(),
            Self::Float(v) if !v.is_finite() => "null".to_owned(),
            // encoding/json `floatEncoder`: the same bounds as ECMAScript's.
            Self::Float(v) if v != 0.0 && !(1e-6..1e21).contains(&v.abs()) => {
                let text = format!("{v:e}");
                if text.contains("e-") { text } else { text.replace('e', "e+") }
            }
            Self::Float(v) => v.to_string(),
        }
    }

    /// As sigs.k8s.io/yaml turns it into a key: Go's `FormatFloat(v, 'g', -1, 32)` for floats.
    pub fn to_key(self) -> String {
        match self {
            Self::Int(v) => v.to_string(),
            Self::Uint(v) => v.to_string(),
            Self::Float(v) => {
                // Too large for 32 bits becomes infinite, as in Go.
                let v = v as f32;
                if v.is_nan() {
                    return ".nan".to_owned();
                }
                if v.is_infinite() {
                    return if v > 0.0 { ".inf" } else { "-.inf" }.to_owned();
                }
                let scientific = format!("{v:e}");
                let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
                match exponent.parse::<i32>() {
                    Ok(e) if v != 0.0 && !(-4..6).contains(&e) => {
                        format!("{digits}e{}{:02}", if e < 0 { '-' } else { '+' }, e.abs())
                    }
                    _ => v.to_string(),
                }
            }
        }
    }
}

/// What the first byte of a plain scalar tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    /// A string whatever follows.
    String,
    /// A string unless it is one of the words.
    Word,
    /// A point: `.inf` and its like, or a float.
    Point,
    /// A digit or a sign.
    Number,
}

const HINTS: [Hint; 256] = {
    let mut table = [Hint::String; 256];
    let words = b"yYnNtTfFoO~";
    let mut i = 0;
    while i < words.len() {
        table[words[i] as usize] = Hint::Word;
        i += 1;
    }
    let numbers = b"+-0123456789";
    i = 0;
    while i < numbers.len() {
        table[numbers[i] as usize] = Hint::Number;
        i += 1;
    }
    table[b'.' as usize] = Hint::Point;
    table
};

/// What a plain (unquoted, untagged) scalar resolves to.
#[inline]
pub fn resolve_plain(text: &str) -> Scalar {
    let bytes = text.as_bytes();
    let Some(&first) = bytes.first() else {
        return Scalar::Null;
    };
    match HINTS[first as usize] {
        Hint::String => Scalar::String,
        Hint::Word => word(bytes),
        Hint::Point => point(text),
        Hint::Number => numeric(text),
    }
}

fn word(text: &[u8]) -> Scalar {
    match text {
        b"y" | b"Y" | b"yes" | b"Yes" | b"YES" | b"true" | b"True" | b"TRUE" | b"on" | b"On" | b"ON" => {
            Scalar::Bool(true)
        }
        b"n" | b"N" | b"no" | b"No" | b"NO" | b"false" | b"False" | b"FALSE" | b"off" | b"Off" | b"OFF" => {
            Scalar::Bool(false)
        }
        b"~" | b"null" | b"Null" | b"NULL" => Scalar::Null,
        _ => Scalar::String,
    }
}

fn not_finite(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn point(text: &str) -> Scalar {
    if not_finite(text).is_some() {
        Scalar::NotFinite
    } else if point_value(text).is_some() {
        Scalar::Float
    } else {
        Scalar::String
    }
}

fn numeric(text: &str) -> Scalar {
    if not_finite(text).is_some() {
        return Scalar::NotFinite;
    }
    let plain = without_underscores(text);
    if integer_value(&plain).is_some() {
        Scalar::Int
    } else if float_value(&plain).is_some() {
        Scalar::Float
    } else {
        Scalar::String
    }
}

fn without_underscores(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'_', text.as_bytes()).is_none() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.replace('_', ""))
    }
}

/// Go's `ParseInt(text, 0, 64)`, then `ParseUint`, then go-yaml's own reading of `0b`.
fn integer_value(text: &str) -> Option<Number> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, base) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (&unsigned[2..], 16),
        [b'0', b'o' | b'O', _, ..] => (&unsigned[2..], 8),
        // Only this prefix may be followed by a sign of its own: `0b-1`.
        [b'0', b'b', b'+' | b'-', _, ..] if unsigned.len() == text.len() => {
            let signed = &unsigned[2..];
            let is_number = signed.as_bytes()[1..].iter().all(|b| matches!(b, b'0' | b'1'));
            return if is_number { i64::from_str_radix(signed, 2).ok().map(Number::Int) } else { None };
        }
        [b'0', b'b' | b'B', _, ..] => (&unsigned[2..], 2),
        [b'0', _, ..] => (&unsigned[1..], 8),
        _ => (unsigned, 10),
    };
    // Rust's parser takes a sign, which has no place here any more.
    if !digits.as_bytes().first()?.is_ascii_hexdigit() {
        return None;
    }
    let value = u64::from_str_radix(digits, base).ok()?;
    if negative {
        0i64.checked_sub_unsigned(value).map(Number::Int)
    } else if let Ok(value) = i64::try_from(value) {
        Some(Number::Int(value))
    } else {
        // Go retries without sign, so a `+` keeps it from being an integer.
        (unsigned.len() == text.len()).then_some(Number::Uint(value))
    }
}

/// The value of what go-yaml's pattern for floats matches; too large ones stay strings.
fn float_value(text: &str) -> Option<f64> {
    let first = text.as_bytes().iter().find(|b| !matches!(b, b'+' | b'-'))?;
    // Keeps out the words that Rust's parser knows; the rest of its grammar is the pattern's.
    if !(first.is_ascii_digit() || *first == b'.') {
        return None;
    }
    text.parse::<f64>().ok().filter(|v| v.is_finite())
}

/// Go's `ParseFloat` for texts that begin with a point: underscores may stand between digits.
fn point_value(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'_', bytes) {
        let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        if at == 0 || !digit(at - 1) || !digit(at + 1) {
            return None;
        }
    }
    float_value(&without_underscores(text))
}

#[expect(clippy::cast_precision_loss, reason = "as Go rounds")]
fn to_float(integer: Number) -> f64 {
    match integer {
        Number::Int(v) => v as f64,
        Number::Uint(v) => v as f64,
        Number::Float(v) => v,
    }
}

/// The value of the text of a node of kind `Int` or `Float`; `None` if no number can hold it.
pub(crate) fn number(text: &str, kind: Kind, json: bool) -> Option<Number> {
    if json {
        if let Ok(value) = text.parse::<i64>() {
            return Some(Number::Int(value));
        }
        if let Ok(value) = text.parse::<u64>() {
            return Some(Number::Uint(value));
        }
        return text.parse::<f64>().ok().filter(|v| v.is_finite()).map(Number::Float);
    }
    let plain = without_underscores(text);
    if kind == Kind::Int {
        return integer_value(&plain);
    }
    if let Some(value) = not_finite(text) {
        return Some(Number::Float(value));
    }
    // `!!float` makes floats of integers.
    integer_value(&plain).map(to_float).or_else(|| float_value(&plain)).map(Number::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_resolve_as_in_go() {
        for (text, wanted) in [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("null", Scalar::Null),
            ("nUll", Scalar::String),
            ("y", Scalar::Bool(true)),
            ("NO", Scalar::Bool(false)),
            ("yEs", Scalar::String),
            ("0", Scalar::Int),
            ("-0644", Scalar::Int),
            ("0o644", Scalar::Int),
            ("0899", Scalar::Float),
            ("0x_1F", Scalar::Int),
            ("0x", Scalar::String),
            ("0b-101", Scalar::Int),
            ("-0b-101", Scalar::String),
            ("1_000", Scalar::Int),
            ("_1", Scalar::String),
            ("18446744073709551615", Scalar::Int),
            ("+18446744073709551615", Scalar::Float),
            ("-9223372036854775808", Scalar::Int),
            ("-9223372036854775809", Scalar::Float),
            ("1.", Scalar::Float),
            ("1e3", Scalar::Float),
            ("1e400", Scalar::String),
            ("1e-400", Scalar::Float),
            (".5", Scalar::Float),
            (".5_0", Scalar::Float),
            (".5_", Scalar::String),
            ("._5", Scalar::String),
            (".", Scalar::String),
            ("+.inf", Scalar::NotFinite),
            (".nan", Scalar::NotFinite),
            ("+.nan", Scalar::String),
            ("inf", Scalar::String),
            ("-inf", Scalar::String),
            ("0x1p-2", Scalar::String),
            ("1:30", Scalar::String),
            ("2001-12-14", Scalar::String),
            ("<<", Scalar::String),
            ("-", Scalar::String),
            ("+", Scalar::String),
            ("+-1", Scalar::String),
            ("--1", Scalar::String),
        ] {
            assert_eq!(resolve_plain(text), wanted, "{text}");
        }
    }

    #[test]
    fn numbers_print_as_in_go() {
        for (text, kind, json, key) in [
            ("0644", Kind::Int, "420", "420"),
            ("0b-101", Kind::Int, "-5", "-5"),
            ("18446744073709551615", Kind::Int, "18446744073709551615", "18446744073709551615"),
            ("0899", Kind::Float, "899", "899"),
            ("1.0", Kind::Float, "1", "1"),
            ("-0.0", Kind::Float, "-0", "-0"),
            ("1e21", Kind::Float, "1e+21", "1e+21"),
            ("123456789.0", Kind::Float, "123456789", "1.2345679e+08"),
            ("0.00001", Kind::Float, "0.00001", "1e-05"),
            ("1.5e-7", Kind::Float, "1.5e-7", "1.5e-07"),
            ("1e300", Kind::Float, "1e+300", ".inf"),
            ("0x10", Kind::Float, "16", "16"),
            (".nan", Kind::Float, "null", ".nan"),
        ] {
            let number = number(text, kind, false).unwrap();
            assert_eq!((number.to_json().as_str(), number.to_key().as_str()), (json, key), "{text}");
        }
        assert_eq!(number("-0", Kind::Int, true), Some(Number::Int(0)));
        assert_eq!(number("1e999", Kind::Float, true), None);
    }
}
