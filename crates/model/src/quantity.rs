//! Amounts of resources: `500m`, `1.5Gi`, `2e3` (k8s.io/apimachinery v0.37 `pkg/api/resource`: `quantity.go`, `suffix.go`).
//!
//! A quantity is what the API server makes of its text: what is smaller than a billionth counts as a billionth, and what has a
//! binary suffix is at most 2⁶³-1. Values are exact; how they were written does not matter to them.

#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "lengths of texts in a document fit 32 bits"
)]

use std::cmp::Ordering;
use std::fmt;

use seawall_yaml::{Kind, NodeRef};

/// The digits behind the decimal point that a quantity keeps.
const NANO_DIGITS: i64 = 9;

/// The digits of which upstream is sure that they fit 64 bits; beyond them other rules hold.
const SHORT: usize = 18;

/// An amount.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// Never set for zero.
    negative: bool,
    magnitude: Magnitude,
}

/// A number that is not negative: `0.DIGITS` times 10 to the power of `point`. The order of fields makes its order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Magnitude {
    /// The least number for zero.
    point: i64,
    /// From 0 to 9, the most significant first, with a zero at neither end.
    digits: Vec<u8>,
}

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// It is not a number with a suffix.
    Format,
    /// It has no number.
    Number,
    /// There is no such suffix.
    Suffix,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "must be a number and a suffix, without spaces, such as 500m or 1.5Gi",
            Self::Number => "must have a number in front of its suffix",
            Self::Suffix => {
                "must end in one of n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei, in an exponent such as e3, or in nothing"
            }
        })
    }
}

impl std::error::Error for QuantityError {}

/// What a suffix multiplies by.
enum Factor {
    Ten(i32),
    Two(u32),
}

/// A text taken apart.
struct Parts<'a> {
    negative: bool,
    /// Without zeros in front; `0` if there is none.
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
    /// Whether the number has a digit.
    has_digits: bool,
}

impl Quantity {
    /// Reads a quantity.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let parts = split(text)?;
        let count = parts.whole.len() + parts.fraction.len();
        let places = parts.fraction.len();
        let digits = || parts.whole.bytes().chain(parts.fraction.bytes()).map(|b| b - b'0').collect();
        let magnitude = match factor(parts.suffix).ok_or(QuantityError::Suffix)? {
            Factor::Ten(exponent) => {
                // Upstream's own arithmetic, overflow included.
                let scale = exponent.wrapping_sub(places as i32);
                if count <= SHORT && i64::from(scale) >= -NANO_DIGITS {
                    Magnitude::new(digits(), i64::from(scale))
                } else if parts.has_digits {
                    Magnitude::new(digits(), i64::from(exponent) - places as i64).rounded()
                } else {
                    return Err(QuantityError::Number);
                }
            }
            Factor::Two(exponent) => {
                let is_short = places == 0 && parts.whole.len() + exponent as usize * 3 / 10 < 15;
                if !is_short && !parts.has_digits {
                    return Err(QuantityError::Number);
                }
                let whole = Magnitude::new(doubled(digits(), exponent), -(places as i64)).rounded();
                whole.min(Magnitude::of(i64::MAX))
            }
        };
        Ok(Self { negative: parts.negative && !magnitude.digits.is_empty(), magnitude })
    }

    /// Reads the quantity at a node: the text of a string, or the number that JSON has for it. `None` where the node can hold
    /// no quantity; the schema knows what is wrong there. Aliases are followed.
    pub fn from_node(node: NodeRef<'_>) -> Option<Result<Self, QuantityError>> {
        match node.resolved().kind() {
            // Upstream trims the JSON text, in which line ends and tabs are escaped.
            Kind::String => node.text().map(|text| Self::parse(text.trim_matches(is_raw_space))),
            Kind::Int | Kind::Float => node.json_number().map(|text| Self::parse(&text)),
            _ => None,
        }
    }

    /// Whether it is less than zero.
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.magnitude.digits.is_empty()
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Quantity {
    /// The one text for its value without a suffix: digits, and an exponent unless it is 0, as in `15e2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let Magnitude { point, digits } = &self.magnitude;
        digits.iter().try_for_each(|digit| write!(f, "{digit}"))?;
        match point - digits.len() as i64 {
            0 => Ok(()),
            exponent => write!(f, "e{exponent}"),
        }
    }
}

impl Magnitude {
    const ZERO: Self = Self { point: i64::MIN, digits: Vec::new() };

    /// Digits times 10 to the power of `scale`.
    fn new(mut digits: Vec<u8>, scale: i64) -> Self {
        let point = digits.len() as i64 + scale;
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let zeros = digits.iter().take_while(|d| **d == 0).count();
        digits.drain(..zeros);
        if digits.is_empty() { Self::ZERO } else { Self { point: point - zeros as i64, digits } }
    }

    fn of(value: i64) -> Self {
        Self::new(value.to_string().bytes().map(|b| b - b'0').collect(), 0)
    }

    /// The next number that a quantity can be.
    fn rounded(self) -> Self {
        let kept = self.point.saturating_add(NANO_DIGITS);
        if self.digits.len() as i64 <= kept || self.digits.is_empty() {
            return self;
        }
        let mut digits = self.digits;
        digits.truncate(kept.max(0) as usize);
        for at in (0..digits.len()).rev() {
            if digits[at] < 9 {
                digits[at] += 1;
                return Self::new(digits, -NANO_DIGITS);
            }
            digits[at] = 0;
        }
        digits.insert(0, 1);
        Self::new(digits, -NANO_DIGITS)
    }
}

/// The digits of a number times 2 to the power of `exponent`, which is at most 60.
fn doubled(mut digits: Vec<u8>, exponent: u32) -> Vec<u8> {
    let factor = 1_u128 << exponent;
    let mut carry = 0;
    for digit in digits.iter_mut().rev() {
        carry += u128::from(*digit) * factor;
        *digit = (carry % 10) as u8;
        carry /= 10;
    }
    let front = if carry == 0 { String::new() } else { carry.to_string() };
    front.bytes().map(|b| b - b'0').chain(digits).collect()
}

/// Takes a text apart (`parseQuantityString`): a sign, digits with at most one point, letters of suffixes, a sign, digits. All
/// of them may be missing, but not the text as a whole.
fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Format);
    }
    let negative = text.starts_with('-');
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = number.split_at(digits(number));
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    let exponent = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if !exponent.bytes().all(|b| b.is_ascii_digit()) {
        return Err(QuantityError::Format);
    }
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Ok(Parts { negative, whole, fraction, suffix, has_digits })
}

fn factor(suffix: &str) -> Option<Factor> {
    Some(match suffix {
        "n" => Factor::Ten(-9),
        "u" => Factor::Ten(-6),
        "m" => Factor::Ten(-3),
        "" => Factor::Ten(0),
        "k" => Factor::Ten(3),
        "M" => Factor::Ten(6),
        "G" => Factor::Ten(9),
        "T" => Factor::Ten(12),
        "P" => Factor::Ten(15),
        "E" => Factor::Ten(18),
        "Ki" => Factor::Two(10),
        "Mi" => Factor::Two(20),
        "Gi" => Factor::Two(30),
        "Ti" => Factor::Two(40),
        "Pi" => Factor::Two(50),
        "Ei" => Factor::Two(60),
        // Upstream cuts the exponent down to 32 bits.
        _ => Factor::Ten(suffix.strip_prefix(['e', 'E'])?.parse::<i64>().ok()? as i32),
    })
}

/// Whether a character is space to Go, and stands in JSON as it is.
fn is_raw_space(c: char) -> bool {
    c.is_whitespace() && (c == ' ' || !c.is_ascii()) && !matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_yaml::{Limits, Reader};

    fn written_out(text: &str) -> String {
        match Quantity::parse(text) {
            Ok(quantity) => quantity.to_string(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn texts_have_one_value() {
        for (text, value) in [
            ("0", "0"),
            ("-0.000", "0"),
            ("500m", "5e-1"),
            ("0.5", "5e-1"),
            ("+1.50", "15e-1"),
            ("1Ki", "1024"),
            ("1.5Gi", "1610612736"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("1E", "1e18"),
            ("2.E", "2e18"),
            (".5M", "5e5"),
            ("-1k", "-1e3"),
            ("0.1n", "1e-9"),
            ("-0.1n", "-1e-9"),
            ("1.0000000001", "1000000001e-9"),
            ("0.9999999999", "1"),
            ("1e-400", "1e-9"),
            ("8Ei", "9223372036854775807"),
            ("-9Ei", "-9223372036854775807"),
            ("10E", "1e19"),
            ("123456789012345678901234567890", "12345678901234567890123456789e1"),
            ("1e4294967297", "1e1"),
            ("+", "0"),
            (".", "0"),
            ("Ki", "0"),
            ("", "Format"),
            (" 1", "Format"),
            ("1 Gi", "Format"),
            ("1Gi ", "Format"),
            ("1.2.3", "Format"),
            ("1,5", "Format"),
            ("1g", "Format"),
            ("ü", "Format"),
            ("1Kib", "Format"),
            ("1K", "Suffix"),
            ("1mi", "Suffix"),
            ("1e", "Suffix"),
            ("1e99999999999999999999", "Suffix"),
            ("Pi", "Number"),
            (".e-20", "Number"),
        ] {
            assert_eq!(written_out(text), value, "{text}");
        }
    }

    #[test]
    fn order_is_that_of_values() {
        let ascending = [
            "-1E", "-2", "-1.5", "-1n", "0", "1n", "1u", "999u", "1m", "1", "1001m", "1k", "1Ki", "8Ei",
            "1e30",
        ];
        let all: Vec<_> = ascending.iter().map(|text| Quantity::parse(text).unwrap()).collect();
        assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
        for (a, b) in [("1", "1000m"), ("1Gi", "1024Mi"), ("1e3", "1k"), ("0.5Ki", "512"), ("-0", "0n")] {
            assert_eq!(Quantity::parse(a), Quantity::parse(b), "{a} {b}");
        }
        assert!(
            Quantity::parse("-1n").unwrap().is_negative() && !Quantity::parse("-0").unwrap().is_negative()
        );
        assert!(Quantity::parse("0Gi").unwrap().is_zero());
    }

    #[test]
    fn nodes_hold_texts_and_numbers() {
        let read = |yaml: &str| {
            let entry =
                Reader::new(format!("q: {yaml}\n").into_bytes().into(), Limits::default()).next().unwrap();
            let document = entry.document.unwrap();
            let node = document.root().get("q").unwrap();
            Quantity::from_node(node).map(|quantity| quantity.map(|q| q.to_string()))
        };
        for (yaml, value) in [
            ("1", "1"),
            ("0.5", "5e-1"),
            ("1e3", "1e3"),
            ("1e30", "1e30"),
            ("0x10", "16"),
            ("-1", "-1"),
            ("1Gi", "1073741824"),
            ("\"1\"", "1"),
            ("' 1 '", "1"),
            ("\"1\\u00a0\"", "1"),
        ] {
            assert_eq!(read(yaml), Some(Ok(value.to_owned())), "{yaml}");
        }
        assert_eq!(read("\"1\\n\""), Some(Err(QuantityError::Format)));
        assert_eq!(read("abc"), Some(Err(QuantityError::Format)));
        for no_quantity in ["true", "{}", "[1]", "null"] {
            assert_eq!(read(no_quantity), None, "{no_quantity}");
        }
    }
}
