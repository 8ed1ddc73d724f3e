//! Amounts of resources, exactly (k8s.io/apimachinery `pkg/api/resource/quantity.go`).

/// The finest amount is a billionth.
const NANO: i64 = -9;

/// An amount. Equal amounts are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Quantity {
    negative: bool,
    /// Decimal digits without zeros at either end; none for zero.
    digits: Vec<u8>,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl Quantity {
    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Reads an amount; `None` for what is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let (binary, power) = scale(suffix)?;
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        let mut exponent = -i64::try_from(fraction.len()).ok()?;
        let written = i64::try_from(whole.len().max(1) + fraction.len()).ok()?;
        // Short numbers are kept as they are, others are rounded, and capped if they are binary.
        let short = if binary {
            fraction.is_empty() && 14 - written - power * 3 / 10 >= 0
        } else {
            exponent += power;
            written <= 18 && exponent >= NANO
        };
        if binary {
            (0..power / 10).for_each(|_| multiply(&mut digits, 1024));
        }
        if !short {
            if exponent < NANO {
                round_up(&mut digits, (NANO - exponent).unsigned_abs());
                exponent = NANO;
            }
            if binary {
                cap(&mut digits, &mut exponent);
            }
        }
        let mut quantity = Self { negative, digits, exponent };
        quantity.normalise();
        Some(quantity)
    }

    fn normalise(&mut self) {
        let zeros = self.digits.iter().take_while(|d| **d == 0).count();
        self.digits.drain(..zeros);
        while self.digits.last() == Some(&0) {
            self.digits.pop();
            self.exponent += 1;
        }
        if self.digits.is_empty() {
            *self = Self::default();
        }
    }
}

/// Whether a suffix is binary, and its power of two or ten.
fn scale(suffix: &str) -> Option<(bool, i64)> {
    let decimal = |power| Some((false, power));
    let binary = |power| Some((true, power));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => decimal(suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?.into()),
    }
}

fn multiply(digits: &mut Vec<u8>, factor: u32) {
    let mut carry = 0;
    for digit in digits.iter_mut().rev() {
        carry += u32::from(*digit) * factor;
        *digit = (carry % 10) as u8;
        carry /= 10;
    }
    while carry > 0 {
        digits.insert(0, (carry % 10) as u8);
        carry /= 10;
    }
}

/// Cuts `places` digits off the end, and adds one to the rest if any of them was not zero.
fn round_up(digits: &mut Vec<u8>, places: u64) {
    let keep = digits.len().saturating_sub(usize::try_from(places).unwrap_or(usize::MAX));
    let more = digits.drain(keep..).any(|digit| digit != 0);
    if more {
        if let Some(at) = digits.iter().rposition(|digit| *digit < 9) {
            digits[at] += 1;
            digits[at + 1..].fill(0);
        } else {
            digits.fill(0);
            digits.insert(0, 1);
        }
    }
}

/// The largest amount with a binary suffix is the largest 64-bit integer.
fn cap(digits: &mut Vec<u8>, exponent: &mut i64) {
    let max: Vec<u8> = i64::MAX.to_string().bytes().map(|b| b - b'0').collect();
    let zeros = digits.iter().take_while(|d| **d == 0).count();
    let significant = &digits[zeros..];
    let length = i64::try_from(significant.len()).unwrap_or(i64::MAX).saturating_add(*exponent);
    let limit = max.len() as u32;
    let above = match length.cmp(&i64::from(limit)) {
        std::cmp::Ordering::Equal => significant > &max[..],
        order => !significant.is_empty() && order.is_gt(),
    };
    if above {
        *digits = max;
        *exponent = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        Quantity::parse(a).expect("an amount") == Quantity::parse(b).expect("an amount")
    }

    #[test]
    fn equal_amounts_are_equal_however_they_are_written() {
        for (a, b) in [
            ("1", "1000m"),
            ("1Gi", "1024Mi"),
            ("1Gi", "1073741824"),
            ("1.5Gi", "1536Mi"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("1E", "1e18"),
            ("0", "-0.000"),
            (".5", "500m"),
            ("5.", "5"),
            ("+1", "001"),
            ("0.0000000001", "1n"),
            ("1.0000000001", "1000000001n"),
            ("0.9999999999", "1"),
            ("8Ei", "9223372036854775807"),
            ("-9Ei", "-9223372036854775807"),
            ("10000000000000000000", "1e19"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("1", "-1"),
            ("1", "1001m"),
            ("1G", "1Gi"),
            ("100E", "200E"),
            ("1e19", "2e19"),
            ("1", "1000000001n"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn zero_is_zero() {
        for (text, zero) in
            [("0", true), ("0Gi", true), ("0.0e5", true), ("-0", true), ("1n", false), ("1e-99", false)]
        {
            assert_eq!(Quantity::parse(text).expect("an amount").is_zero(), zero, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", ".", "1.2.3", "1x", "1 ", "Gi", "1e", "1KI", "ü"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
