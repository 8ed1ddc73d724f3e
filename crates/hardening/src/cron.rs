//! Schedules of CronJobs, read as robfig/cron v3 reads them (`parser.go`, `spec.go`: ParseStandard), which is what Kubernetes
//! uses, with the restriction of its own validation that a time zone has no place in them.

use std::fmt;

/// Why a schedule cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CronError {
    Empty,
    TimeZone,
    Fields(usize),
    Descriptor(String),
    Duration(String),
    Field(&'static str, String, &'static str),
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TimeZone => f.write_str("a time zone belongs in `timeZone`"),
            Self::Fields(n) => write!(f, "it has {n} fields instead of 5"),
            Self::Descriptor(text) => write!(f, "there is no `{text}`"),
            Self::Duration(text) => write!(f, "`{text}` is not a time, such as 1h30m"),
            Self::Field(name, text, why) => write!(f, "`{text}` as {name}: {why}"),
        }
    }
}

impl std::error::Error for CronError {}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A field: what it is called, its bounds, and names with the number of the first.
type Bounds = (&'static str, u64, u64, &'static [&'static str]);

const FIELDS: [Bounds; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    ("month", 1, 12, &MONTHS),
    ("day of week", 0, 6, &DAYS),
];

/// Whether Kubernetes reads it.
pub(crate) fn parse(schedule: &str) -> Result<(), CronError> {
    // Wherever it stands, the API server refuses it.
    if schedule.contains("TZ") {
        return Err(CronError::TimeZone);
    }
    if schedule.is_empty() {
        return Err(CronError::Empty);
    }
    if schedule.starts_with('@') {
        return descriptor(schedule);
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(CronError::Fields(fields.len()));
    }
    fields.iter().zip(FIELDS).try_for_each(|(text, bounds)| {
        let fault = |why| CronError::Field(bounds.0, (*text).to_owned(), why);
        // Empty parts between commas are passed over.
        text.split(',')
            .filter(|part| !part.is_empty())
            .try_for_each(|part| range(part, bounds).map_err(fault))
    })
}

fn descriptor(text: &str) -> Result<(), CronError> {
    match text {
        "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly" => Ok(()),
        _ => match text.strip_prefix("@every ") {
            Some(time) if is_duration(time) => Ok(()),
            Some(time) => Err(CronError::Duration(time.to_owned())),
            None => Err(CronError::Descriptor(text.to_owned())),
        },
    }
}

/// A number, a range or anything, each with or without a step.
fn range(text: &str, (_, min, max, names): Bounds) -> Result<(), &'static str> {
    let (numbers, step) = match text.split_once('/') {
        None => (text, None),
        Some((_, step)) if step.contains('/') => return Err("there are two steps"),
        Some((numbers, step)) => (numbers, Some(step)),
    };
    let parts: Vec<&str> = numbers.split('-').collect();
    let (start, end) = match parts.as_slice() {
        // What comes behind is not looked at.
        ["*" | "?", ..] => (min, max),
        [one] => {
            let one = value(one, names)?;
            (one, if step.is_some() { max } else { one })
        }
        [start, end] => (value(start, names)?, value(end, names)?),
        _ => return Err("a range has two ends"),
    };
    if step.map(number).transpose()? == Some(0) {
        return Err("a step must be 1 or more");
    }
    if start < min || end > max {
        return Err("it is out of bounds");
    }
    if start > end {
        return Err("a range goes from the lesser to the greater");
    }
    Ok(())
}

/// A number or a name, whatever its case.
fn value(text: &str, names: &[&str]) -> Result<u64, &'static str> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    // Months are counted from 1.
    let first = u64::from(names.len() == MONTHS.len());
    named.map_or_else(|| number(text), |at| Ok(at as u64 + first))
}

/// As Go's `strconv.Atoi`, without what is negative.
fn number(text: &str) -> Result<u64, &'static str> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| digits.parse().ok()).flatten().ok_or("it is not a number")
}

/// Whether Go's `time.ParseDuration` reads it.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (amount, tail) = rest.split_at(number);
        let digits = amount.bytes().filter(u8::is_ascii_digit).count();
        let unit = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
        // The longest unit first: `ms` is not `m`.
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        if digits == 0 || amount.len() - digits > 1 || !unit.contains(&&tail[..end]) {
            return false;
        }
        rest = &tail[end..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::parse;

    const GOOD: &[&str] = &[
        "* * * * *",
        "? ? ? ? ?",
        "0 0 1 1 0",
        "59 23 31 12 6",
        "*/15 * * * *",
        "5/15 * * * *",
        "0-30/10 * * * *",
        "1,2,5-7 * * * *",
        "1,,2 * * * *",
        ", * * * *",
        "  0   3 * * *  ",
        "0\t3 * * *",
        "0 0 * jan sun",
        "0 0 * JAN-Mar Mon-FRI",
        "*-5 * * * *",
        "*/99 * * * *",
        "+5 * * * *",
        "007 * * * *",
        "@yearly",
        "@annually",
        "@monthly",
        "@weekly",
        "@daily",
        "@midnight",
        "@hourly",
        "@every 1h30m",
        "@every 1.5h",
        "@every 0",
        "@every -5s",
        "@every 10ms",
        "@every .5s",
    ];

    const BAD: &[&str] = &[
        "",
        " ",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 7",
        "-1 * * * *",
        "5-1 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "*/0 * * * *",
        "*/-1 * * * *",
        "*/x * * * *",
        "a * * * *",
        "* * * sun *",
        "* * * * jan",
        "* * * * monday",
        "1.5 * * * *",
        "99999999999999999999 * * * *",
        "@Hourly",
        "@hourly ",
        "@reboot",
        "@every",
        "@every ",
        "@every 5",
        "@every 1d",
        "@every 1h 30m",
        "@every 1..5s",
        "@every s",
        "TZ=Etc/UTC 0 3 * * *",
        "CRON_TZ=Etc/UTC 0 3 * * *",
        "0 3 * * * TZ=Etc/UTC",
    ];

    #[test]
    fn reads_what_kubernetes_reads() {
        for schedule in GOOD {
            assert_eq!(parse(schedule), Ok(()), "{schedule}");
        }
        for schedule in BAD {
            assert!(parse(schedule).is_err(), "{schedule}");
        }
    }

    #[test]
    fn says_what_it_cannot_read() {
        let said = |schedule: &str| parse(schedule).expect_err("an error").to_string();
        assert_eq!(said("60 * * * *"), "`60` as minute: it is out of bounds");
        assert_eq!(said("* * *"), "it has 3 fields instead of 5");
        assert_eq!(said("@every 5"), "`5` is not a time, such as 1h30m");
        assert_eq!(said("@reboot"), "there is no `@reboot`");
    }
}
