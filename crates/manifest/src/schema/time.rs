//! Times as Go's `time.Parse` reads them, with its errors (`time/format.go`).

use std::fmt::Write as _;

/// The layout of `metav1.Time`.
pub(super) const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

/// The layout of `metav1.MicroTime`.
pub(super) const RFC3339_MICRO: &str = "2006-01-02T15:04:05.000000Z07:00";

/// What Go says against a time in one of these layouts; `None` if it reads it.
pub(super) fn error(text: &str, layout: &str) -> Option<String> {
    let mut rest = text;
    match read(&mut rest, layout) {
        Ok(()) => None,
        Err(Fault::Element { at, element }) => Some(format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quote(text),
            quote(layout),
            quote(at),
            quote(element)
        )),
        Err(Fault::Range(what)) => Some(format!("parsing time {}: {what} out of range", quote(text))),
        Err(Fault::Extra(extra)) => {
            Some(format!("parsing time {}: extra text: {}", quote(text), quote(extra)))
        }
    }
}

enum Fault<'t> {
    /// What is left does not begin with this part of the layout.
    Element {
        at: &'t str,
        element: &'static str,
    },
    Range(&'static str),
    Extra(&'t str),
}

type Result<'t, T> = std::result::Result<T, Fault<'t>>;

fn read<'t>(rest: &mut &'t str, layout: &str) -> Result<'t, ()> {
    let start = *rest;
    let year = start.as_bytes().first_chunk::<4>().filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let year = year.ok_or(Fault::Element { at: start, element: "2006" })?;
    let year = year.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
    *rest = &start[4..];
    literal(rest, "-")?;
    let month = number(rest, "01", true)?;
    within((1..=12).contains(&month), "month")?;
    literal(rest, "-")?;
    let day = number(rest, "02", true)?;
    literal(rest, "T")?;
    let hour = number(rest, "15", false)?;
    within(hour < 24, "hour")?;
    literal(rest, ":")?;
    let minute = number(rest, "04", true)?;
    within(minute < 60, "minute")?;
    literal(rest, ":")?;
    let second = number(rest, "05", true)?;
    within(second < 60, "second")?;
    fraction(rest, layout == RFC3339_MICRO)?;
    zone(rest)?;
    if !rest.is_empty() {
        return Err(Fault::Extra(rest));
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    within((1..=days).contains(&day), "day")
}

fn within<'t>(is: bool, what: &'static str) -> Result<'t, ()> {
    if is { Ok(()) } else { Err(Fault::Range(what)) }
}

fn literal<'t>(rest: &mut &'t str, text: &'static str) -> Result<'t, ()> {
    *rest = rest.strip_prefix(text).ok_or(Fault::Element { at: rest, element: text })?;
    Ok(())
}

fn is_digit(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

/// A number of two digits, or of one unless `fixed`.
fn number<'t>(rest: &mut &'t str, element: &'static str, fixed: bool) -> Result<'t, u32> {
    let digits = usize::from(is_digit(rest, 0)) + usize::from(is_digit(rest, 0) && is_digit(rest, 1));
    if digits == 0 || (fixed && digits < 2) {
        return Err(Fault::Element { at: rest, element });
    }
    let (head, tail) = rest.split_at(digits);
    *rest = tail;
    Ok(head.bytes().fold(0, |n, digit| n * 10 + u32::from(digit - b'0')))
}

/// The fraction of a second: six digits, or any number of them where the layout has none.
fn fraction<'t>(rest: &mut &'t str, micro: bool) -> Result<'t, ()> {
    let start = *rest;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let behind = start.strip_prefix(['.', ',']);
    match behind {
        Some(behind) if micro && digits(behind) >= 6 => *rest = &behind[6..],
        _ if micro => return Err(Fault::Element { at: start, element: ".000000" }),
        Some(behind) if digits(behind) > 0 => *rest = &behind[digits(behind)..],
        _ => {}
    }
    Ok(())
}

fn zone<'t>(rest: &mut &'t str) -> Result<'t, ()> {
    let start = *rest;
    if let Some(behind) = start.strip_prefix('Z') {
        *rest = behind;
        return Ok(());
    }
    let bad = || Fault::Element { at: start, element: "Z07:00" };
    let bytes = start.as_bytes();
    if bytes.len() < 6 || bytes[3] != b':' {
        return Err(bad());
    }
    let digits = |at: usize| {
        let (tens, ones) = (bytes[at], bytes[at + 1]);
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + ones - b'0')
    };
    let hour = digits(1);
    let minute = hour.and_then(|_| digits(4));
    // Go looks at the ranges before it looks at what failed.
    within(hour.is_none_or(|hour| hour <= 24), "time zone offset hour")?;
    within(minute.is_none_or(|minute| minute <= 60), "time zone offset minute")?;
    if minute.is_none() || !matches!(bytes[0], b'+' | b'-') {
        return Err(bad());
    }
    *rest = &start[6..];
    Ok(())
}

/// How this package of Go quotes: bytes beyond ASCII as `\x` and two digits.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=0x7f => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for good in [
            "2026-02-28T01:02:03Z",
            "2024-02-29T1:02:03Z",
            "2026-01-02T03:04:05.123456789012Z",
            "2026-01-02T03:04:05,5+24:60",
            "0000-01-01T00:00:00-07:00",
        ] {
            assert_eq!(error(good, RFC3339), None);
        }
        assert_eq!(error("2026-01-02T03:04:05.123456Z", RFC3339_MICRO), None);
    }

    #[test]
    fn refuses_in_the_words_of_go() {
        for (bad, what) in [
            ("2026-02-29T01:02:03Z", ": day out of range"),
            ("2026-13-01T01:02:03Z", ": month out of range"),
            ("2026-01-01T24:02:03Z", ": hour out of range"),
            ("2026-01-01T01:02:60Z", ": second out of range"),
            ("2026-01-01T01:02:03+25:00", ": time zone offset hour out of range"),
            ("2026-01-01T01:02:03Zx\u{fc}", ": extra text: \"x\\xc3\\xbc\""),
            (
                "2026-1-01T01:02:03Z",
                " as \"2006-01-02T15:04:05Z07:00\": cannot parse \"1-01T01:02:03Z\" as \"01\"",
            ),
            (
                "2026-01-01 01:02:03Z",
                " as \"2006-01-02T15:04:05Z07:00\": cannot parse \" 01:02:03Z\" as \"T\"",
            ),
            ("2026-01-01T01:02:03", " as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\""),
            ("2026-01-01T01:02:03.Z", " as \"2006-01-02T15:04:05Z07:00\": cannot parse \".Z\" as \"Z07:00\""),
            ("", " as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"2006\""),
        ] {
            let whole = format!("parsing time {}{what}", quote(bad));
            assert_eq!(error(bad, RFC3339), Some(whole));
        }
        for bad in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.12345Z"] {
            assert!(error(bad, RFC3339_MICRO).unwrap().ends_with("as \".000000\""), "{bad}");
        }
        assert!(
            error("2026-01-02T03:04:05.1234567Z", RFC3339_MICRO)
                .unwrap()
                .ends_with("cannot parse \"7Z\" as \"Z07:00\"")
        );
    }
}
