//! Calendar dates: what expiries are given in. Today's date is always a parameter.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar, from year 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    /// Days since 1970-01-01.
    days: i32,
}

/// The text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateError;

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be a date such as 2027-03-31")
    }
}

impl std::error::Error for DateError {}

impl Date {
    /// The date so many days after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self { days }
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.days
    }

    /// The days from `self` until `other`; negative if `other` is earlier.
    pub const fn days_until(self, other: Self) -> i32 {
        other.days - self.days
    }

    /// Year, month, day.
    const fn parts(self) -> (i32, i32, i32) {
        // Eras of 400 years that begin in March, so that the leap day comes last.
        let shifted = self.days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }

    const fn from_parts(year: i32, month: i32, day: i32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self { days: era * 146_097 + day_of_era - 719_468 }
    }
}

impl FromStr for Date {
    type Err = DateError;

    /// `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, DateError> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            let digits = bytes.get(range)?;
            digits
                .iter()
                .all(u8::is_ascii_digit)
                .then(|| digits.iter().fold(0, |n, d| n * 10 + i32::from(d - b'0')))
        };
        let parts = (|| {
            (bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-').then_some(())?;
            Some((digits(0..4)?, digits(5..7)?, digits(8..10)?))
        })();
        let (year, month, day) = parts.filter(|(year, ..)| *year > 0).ok_or(DateError)?;
        let date = Self::from_parts(year, month, day);
        // Months and days that do not exist come out as other ones.
        if date.parts() == (year, month, day) { Ok(date) } else { Err(DateError) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_read_as_it_is_written() {
        let first: Date = "0001-01-01".parse().unwrap();
        let last: Date = "9999-12-31".parse().unwrap();
        assert_eq!((first.days(), last.days()), (-719_162, 2_932_896));
        for days in (first.days()..=last.days()).step_by(7) {
            let date = Date::from_days(days);
            assert_eq!(date.to_string().parse(), Ok(date));
        }
        assert_eq!(Date::from_days(0).to_string(), "1970-01-01");
        assert_eq!("2024-02-29".parse::<Date>().unwrap().days_until("2024-03-01".parse().unwrap()), 1);
    }

    #[test]
    fn what_is_no_date() {
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-1-1",
            "26-01-01",
            "0000-01-01",
            "2026/01/01",
            "",
            "2026-01-01 ",
        ] {
            assert_eq!(bad.parse::<Date>(), Err(DateError), "{bad}");
        }
    }
}
