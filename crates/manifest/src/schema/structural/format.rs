//! Formats of texts and numbers, those of k8s.io/kube-openapi `pkg/validation/strfmt` that the API server does not strip
//! from definitions (k8s.io/apiextensions-apiserver `pkg/apiserver/validation/formats.go`).

use std::net::Ipv6Addr;

use super::address::{is_email, is_uri};
use super::shape::Type;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Int32,
    Int64,
    Float,
    Double,
    Byte,
    Cidr,
    Date,
    DateTime,
    Duration,
    HexColor,
    Hostname,
    Ipv4,
    Ipv6,
    Mac,
    Password,
    Ssn,
    /// The version that the third group names; 0 for any.
    Uuid(u8),
    ShortName,
    LongName,
    BsonObjectId,
    CreditCard,
    Email,
    /// With ten digits, or with thirteen; with either where both are true.
    Isbn {
        ten: bool,
        thirteen: bool,
    },
    RgbColor,
    Uri,
}

impl Format {
    /// The format that a name stands for at values of a type; `None` where the API server passes over it.
    pub(super) fn of(name: &str, of: Type) -> Option<Self> {
        match (of, name) {
            (Type::Integer, "int32") => Some(Self::Int32),
            (Type::Integer, "int64") => Some(Self::Int64),
            (Type::Number, "float") => Some(Self::Float),
            (Type::Number, "double") => Some(Self::Double),
            (Type::Any | Type::String | Type::IntOrString, name) => {
                Some(match name.replace('-', "").as_str() {
                    "byte" => Self::Byte,
                    "cidr" => Self::Cidr,
                    "date" => Self::Date,
                    "datetime" => Self::DateTime,
                    "duration" => Self::Duration,
                    "hexcolor" => Self::HexColor,
                    "hostname" => Self::Hostname,
                    "ipv4" => Self::Ipv4,
                    "ipv6" => Self::Ipv6,
                    "mac" => Self::Mac,
                    "password" => Self::Password,
                    "ssn" => Self::Ssn,
                    "uuid" => Self::Uuid(0),
                    "uuid3" => Self::Uuid(3),
                    "uuid4" => Self::Uuid(4),
                    "uuid5" => Self::Uuid(5),
                    "k8sshortname" => Self::ShortName,
                    "k8slongname" => Self::LongName,
                    "bsonobjectid" => Self::BsonObjectId,
                    "creditcard" => Self::CreditCard,
                    "email" => Self::Email,
                    "isbn" => Self::Isbn { ten: true, thirteen: true },
                    "isbn10" => Self::Isbn { ten: true, thirteen: false },
                    "isbn13" => Self::Isbn { ten: false, thirteen: true },
                    "rgbcolor" => Self::RgbColor,
                    "uri" => Self::Uri,
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    /// What it is, for people.
    pub(super) const fn said(self) -> &'static str {
        match self {
            Self::Byte => "base64",
            Self::Cidr => "an address range (CIDR)",
            Self::Date => "a date",
            Self::DateTime => "a date and time",
            Self::Duration => "a duration",
            Self::HexColor => "a colour in hexadecimal",
            Self::Hostname => "a host name",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Mac => "a MAC address",
            Self::Ssn => "a social security number",
            Self::Uuid(_) => "a UUID",
            Self::ShortName | Self::LongName => "a name of Kubernetes",
            Self::BsonObjectId => "an identifier of BSON",
            Self::CreditCard => "the number of a credit card",
            Self::Email => "a mail address",
            Self::Isbn { .. } => "the number of a book (ISBN)",
            Self::RgbColor => "a colour such as rgb(1,2,3)",
            Self::Uri => "a URI",
            Self::Int32 | Self::Int64 | Self::Float | Self::Double | Self::Password => "of its format",
        }
    }

    /// Whether a text has it in clusters of a minor version; `None` where that is not known.
    pub(super) fn holds(self, text: &str, minor: u64) -> Option<bool> {
        Some(match self {
            Self::Int32 | Self::Int64 | Self::Float | Self::Double | Self::Password => true,
            Self::BsonObjectId => text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()),
            Self::CreditCard => is_credit_card(text),
            Self::Email => return is_email(text),
            Self::Isbn { ten, thirteen } => (ten && is_isbn10(text)) || (thirteen && is_isbn13(text)),
            Self::RgbColor => is_rgb_colour(text),
            Self::Uri => return is_uri(text),
            Self::ShortName | Self::LongName if minor < 34 => true,
            Self::ShortName => is_short_name(text, 63),
            Self::LongName => text.len() <= 253 && text.split('.').all(|part| is_short_name(part, 253)),
            Self::Byte => is_base64(text),
            Self::Cidr => is_cidr(text),
            Self::Date => is_date(text),
            Self::DateTime => is_date_time(text),
            Self::Duration => is_go_duration(text) || is_duration(text),
            Self::HexColor => {
                let digits = text.strip_prefix('#').unwrap_or(text);
                matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
            }
            Self::Hostname if !text.is_ascii() => return None,
            Self::Hostname => is_hostname(text),
            Self::Ipv4 => text.contains('.') && (is_ipv4(text) || is_sloppy_ipv6(text)),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            // Whether marks may be left out depends on the Go that the server was built with.
            Self::Mac
                if matches!(text.len(), 12 | 16 | 40) && text.bytes().all(|b| b.is_ascii_hexdigit()) =>
            {
                return None;
            }
            Self::Mac => is_mac(text),
            Self::Ssn => is_ssn(text),
            Self::Uuid(version) => is_uuid(text, version),
        })
    }
}

/// A number of a known issuer with the right last digit; whatever is no digit is passed over.
fn is_credit_card(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    let of_issuer = match digits.len() {
        13 => matches!(digits[..], [4, ..]),
        14 => matches!(digits[..], [3, 0, 0..=5, ..] | [3, 6 | 8, ..]),
        15 => matches!(digits[..], [3, 4 | 7, ..] | [2, 1, 3, 1, ..] | [1, 8, 0, 0, ..]),
        16 => matches!(digits[..], [4, ..] | [5, 1..=5, ..] | [6, 0, 1, 1, ..] | [3 | 6, 5, ..]),
        _ => false,
    };
    let summed = digits.iter().rev().enumerate().map(|(at, digit)| match (at % 2, digit * 2) {
        (0, _) => u32::from(*digit),
        (_, twice) => u32::from(twice / 10 + twice % 10),
    });
    of_issuer && summed.sum::<u32>() % 10 == 0
}

/// The digits of a book's number, between which spaces and hyphens may stand; an X counts ten.
fn isbn(text: &str) -> Option<Vec<u32>> {
    let between = |c: &char| matches!(c, '-' | ' ' | '\t' | '\n' | '\r' | '\u{c}');
    let digit = |c: char| if c == 'X' { Some(10) } else { c.to_digit(10) };
    text.chars().filter(|c| !between(c)).map(digit).collect()
}

fn is_isbn10(text: &str) -> bool {
    let Some(digits) = isbn(text).filter(|digits| digits.len() == 10) else { return false };
    let is_plain = digits.iter().take(9).all(|digit| *digit < 10);
    is_plain && digits.iter().zip(1..).map(|(digit, weight)| digit * weight).sum::<u32>() % 11 == 0
}

fn is_isbn13(text: &str) -> bool {
    let Some(digits) = isbn(text).filter(|digits| digits.len() == 13) else { return false };
    let is_plain = digits.iter().all(|digit| *digit < 10);
    is_plain
        && digits.iter().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum::<u32>()
            % 10
            == 0
}

/// `rgb(1, 2, 3)`
fn is_rgb_colour(text: &str) -> bool {
    let space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
    let part = |part: &str| {
        let part = part.trim_matches(space);
        is_digits(part) && (part == "0" || !part.starts_with('0')) && part.parse::<u8>().is_ok()
    };
    let inner = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')'));
    inner.is_some_and(|inner| inner.split(',').count() == 3 && inner.split(',').all(part))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_short_name(text: &str, most: usize) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    bytes.len() <= most
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| *b == b'-' || edge(Some(b)))
}

fn is_base64(text: &str) -> bool {
    let data = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    !data.is_empty()
        && text.len().is_multiple_of(4)
        && data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// `2006-01-02`, of the calendar.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let number = |from: usize, to: usize| {
        text.get(from..to).filter(|part| is_digits(part)).and_then(|part| part.parse::<u32>().ok())
    };
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 7), number(8, 10)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// What follows a second `t` does not count, nor does what the zone says.
fn is_date_time(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut parts = text.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else { return false };
    let Some((clock, rest)) = time.split_at_checked(8) else { return false };
    let two = |text: &str| text.len() == 2 && is_digits(text);
    let mut numbers = clock.split(':');
    let mut at_most = |most: &str| numbers.next().is_some_and(|part| two(part) && part <= most);
    if !(is_date(date) && at_most("23") && at_most("59") && at_most("59")) {
        return false;
    }
    let is_offset = |zone: &str| {
        zone.strip_prefix(['+', '-'])
            .and_then(|zone| zone.split_once(':'))
            .is_some_and(|(hours, minutes)| two(hours) && two(minutes))
    };
    let fraction = match rest.strip_suffix('z') {
        Some(fraction) => fraction,
        None => match rest.len().checked_sub(6).and_then(|at| rest.split_at_checked(at)) {
            Some((fraction, zone)) if is_offset(zone) => fraction,
            _ => return false,
        },
    };
    let mut characters = fraction.chars();
    characters.next().is_none_or(|c| c != '\n' && is_digits(characters.as_str()))
}

/// As Go's `time.ParseDuration` takes it.
fn is_go_duration(text: &str) -> bool {
    const MOST: u128 = 1 << 63;
    let negative = text.starts_with('-');
    let mut left = text.strip_prefix(['+', '-']).unwrap_or(text);
    if left == "0" {
        return true;
    }
    let mut total = 0_u128;
    if left.is_empty() {
        return false;
    }
    while !left.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = &left[..digits(left)];
        left = &left[whole.len()..];
        let mut fraction = "";
        if let Some(rest) = left.strip_prefix('.') {
            fraction = &rest[..digits(rest)];
            left = &rest[fraction.len()..];
        }
        if whole.is_empty() && fraction.is_empty() {
            return false;
        }
        let end = left.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(left.len());
        let unit: u128 = match &left[..end] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return false,
        };
        left = &left[end..];
        let Ok(whole) = (if whole.is_empty() { Ok(0) } else { whole.parse::<u128>() }) else { return false };
        let fraction = &fraction[..fraction.len().min(18)];
        let share = fraction.parse::<u128>().unwrap_or(0) * unit / 10_u128.pow(fraction.len() as u32);
        total = whole.saturating_mul(unit).saturating_add(share).saturating_add(total);
        if whole > MOST || total > MOST {
            return false;
        }
    }
    negative || total < MOST
}

/// As Scala takes it: some number with a unit, anything around it.
fn is_duration(text: &str) -> bool {
    const UNITS: [&[&str]; 8] = [
        &["ns", "nano"],
        &["us", "µs", "micro"],
        &["ms", "milli"],
        &["s", "sec"],
        &["m", "min"],
        &["h", "hr", "hour"],
        &["d", "day"],
        &["w", "wk", "week"],
    ];
    let mut left = text;
    let mut known = false;
    while let Some(start) = left.find(|c: char| c.is_ascii_digit()) {
        left = &left[start..];
        let end = left.find(|c: char| !c.is_ascii_digit()).unwrap_or(left.len());
        let (digits, rest) = left.split_at(end);
        left = rest.trim_start_matches(['\t', '\n', '\x0C', '\r', ' ']);
        let end = left.find(|c: char| !(c.is_ascii_alphabetic() || c == 'µ')).unwrap_or(left.len());
        let unit = left[..end].to_ascii_lowercase();
        left = &left[end..];
        if unit.is_empty() {
            continue;
        }
        if digits.parse::<i64>().is_err() {
            return false;
        }
        known |= UNITS.iter().any(|names| {
            names.contains(&&*unit) || names.last().is_some_and(|longest| unit.starts_with(longest))
        });
    }
    known
}

/// Up to 63 letters with one dash, or labels with a top level of letters; symbols are letters.
fn is_hostname(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"$+<=>^`|~".contains(&b);
    let bytes = text.as_bytes();
    if text.len() > 255 || text.split('.').any(|label| label.len() > 63) {
        return false;
    }
    if let [first, rest @ ..] = bytes
        && letter(*first)
        && rest.strip_prefix(b"-").unwrap_or(rest).iter().all(|b| letter(*b))
        && rest.strip_prefix(b"-").unwrap_or(rest).len() <= 62
    {
        return true;
    }
    let Some((labels, top)) = text.rsplit_once('.') else { return false };
    (2..=63).contains(&top.len())
        && top.bytes().all(|b| b.is_ascii_alphabetic())
        && labels.split('.').all(|label| {
            let edge = |b: Option<&u8>| b.is_some_and(|b| letter(*b));
            let bytes = label.as_bytes();
            edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|b| *b == b'-' || letter(*b))
        })
}

/// With leading zeros, as addresses were read before Go 1.17.
fn is_ipv4(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_byte = |part: &&str| {
        is_digits(part) && {
            let part = part.trim_start_matches('0');
            part.len() <= 3 && part.parse().unwrap_or(0_u16) < 256
        }
    };
    parts.len() == 4 && parts.iter().all(is_byte)
}

/// The same for IPv6 (k8s.io/utils `internal/third_party/forked/golang/net`).
fn is_sloppy_ipv6(text: &str) -> bool {
    let (mut left, mut groups, mut gap) = (text, 0, false);
    if let Some(rest) = left.strip_prefix("::") {
        gap = true;
        left = rest;
        if left.is_empty() {
            return true;
        }
    }
    while groups < 8 {
        let end = left.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(left.len());
        let digits = left[..end].trim_start_matches('0');
        if end == 0 || digits.len() > 4 {
            return false;
        }
        if left[end..].starts_with('.') {
            if (!gap && groups != 6) || groups > 6 || !is_ipv4(left) {
                return false;
            }
            groups += 2;
            left = "";
            break;
        }
        groups += 1;
        left = &left[end..];
        if left.is_empty() {
            break;
        }
        let Some(rest) = left.strip_prefix(':').filter(|rest| !rest.is_empty()) else { return false };
        left = rest;
        if let Some(rest) = left.strip_prefix(':') {
            if std::mem::replace(&mut gap, true) {
                return false;
            }
            left = rest;
            if left.is_empty() {
                break;
            }
        }
    }
    left.is_empty() && gap == (groups < 8)
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.find(['.', ':']).map(|at| address.as_bytes()[at]) {
        Some(b'.') if is_ipv4(address) => 32,
        Some(b':') if is_sloppy_ipv6(address) => 128,
        _ => return false,
    };
    is_digits(bits) && {
        let bits = bits.trim_start_matches('0');
        bits.len() <= 3 && bits.parse().unwrap_or(0_u16) <= most
    }
}

/// Six, eight or twenty bytes by colons or dashes, or in fours by dots.
fn is_mac(text: &str) -> bool {
    let Some(mark) = text.chars().find(|c| matches!(c, ':' | '-' | '.')) else { return false };
    let parts: Vec<&str> = text.split(mark).collect();
    let digits = if mark == '.' { 4 } else { 2 };
    matches!(parts.len() * digits / 2, 6 | 8 | 20)
        && parts.iter().all(|part| part.len() == digits && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// With both marks.
fn is_ssn(text: &str) -> bool {
    text.len() == 11
        && text.bytes().enumerate().all(|(at, b)| match at {
            3 | 6 => matches!(b, b'-' | b' '),
            _ => b.is_ascii_digit(),
        })
}

/// With dashes or without, any of them.
fn is_uuid(text: &str, version: u8) -> bool {
    let mut left = text;
    let mut digits = [0_u8; 32];
    let mut at = 0;
    for count in [8, 4, 4, 4, 12] {
        if at > 0 {
            left = left.strip_prefix('-').unwrap_or(left);
        }
        let Some(part) = left.as_bytes().get(..count).filter(|p| p.iter().all(u8::is_ascii_hexdigit)) else {
            return false;
        };
        digits[at..at + count].copy_from_slice(part);
        at += count;
        left = &left[count..];
    }
    let is_version = version == 0 || digits[12] == b'0' + version;
    let is_variant = version < 4 || matches!(digits[16], b'8' | b'9' | b'a' | b'A' | b'b' | b'B');
    left.is_empty() && is_version && is_variant
}
