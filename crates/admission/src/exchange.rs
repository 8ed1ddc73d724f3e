//! A review as it comes over HTTP: `HandleValidate` of `cmd/webhook/server/server.go`.

use std::time::Duration;

use crate::review::{ReviewError, read_review};
use crate::{Admission, Response, Review, Surroundings};

/// Bytes of a request's body; one of exactly so many is too large.
pub const MAX_BODY: usize = 3 << 20;

const JSON: &str = "application/json";

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A review, as JSON.
    Review(Vec<u8>),
    /// The request is none: HTTP status 400, and why.
    BadRequest(String),
}

impl Admission {
    /// The answer to a request with this header `Content-Type` and this body. `None` if something has to be fetched first, as with
    /// [`answer`](Self::answer).
    pub fn reply(&self, content_type: Option<&str>, body: &[u8], around: Surroundings<'_>) -> Option<Reply> {
        exchanged(content_type, body, around, |review| self.answer(review, around))
    }

    /// The same where what is left out may be set, as with [`mutate`](Self::mutate).
    pub fn mutation(
        &self,
        content_type: Option<&str>,
        body: &[u8],
        around: Surroundings<'_>,
    ) -> Option<Reply> {
        exchanged(content_type, body, around, |review| self.mutate(review, around))
    }
}

fn exchanged(
    content_type: Option<&str>,
    body: &[u8],
    around: Surroundings<'_>,
    answer: impl FnOnce(&Review<'_>) -> Option<Response>,
) -> Option<Reply> {
    if body.is_empty() {
        return Some(Reply::BadRequest(ReviewError::Empty.to_string()));
    }
    if !content_type.is_some_and(is_json) {
        let message = "unable to process a request with a non-json content type";
        return Some(Reply::BadRequest(message.to_owned()));
    }
    let review = match read_review(body) {
        Ok(review) => review,
        Err(error) => return Some(Reply::BadRequest(error.to_string())),
    };
    let response = answer(&review)?;
    around.recorder.answered(&review.request, &response);
    let mut out = Vec::with_capacity(512);
    response.write(&review.request.uid, &mut out);
    Some(Reply::Review(out))
}

/// Whether a content type is JSON, whatever its parameters: wider than the reference, which takes none.
fn is_json(content_type: &str) -> bool {
    content_type == JSON
        || content_type.strip_prefix(JSON).is_some_and(|more| more.trim_start().starts_with(';'))
}

/// How long the API server waits, from a query: `timeout=1.5s`. `None` where it says nothing that can be understood.
pub fn timeout(query: &str) -> Option<Duration> {
    go_duration(query.split('&').find_map(|pair| pair.strip_prefix("timeout="))?)
}

/// A duration as Go writes it (`time.ParseDuration`), where what is below zero is none.
pub(crate) fn go_duration(value: &str) -> Option<Duration> {
    let (negative, mut rest) = match value.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, value.strip_prefix('+').unwrap_or(value)),
    };
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos: u128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(end);
        let length = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(length);
        let scale: u64 = match unit {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" | "%C2%B5s" | "%CE%BCs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && part.is_empty()) || part.contains('.') {
            return None;
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        nanos += u128::from(whole) * u128::from(scale);
        if !part.is_empty() {
            // What is further behind is less than a nanosecond of any unit.
            let part = part.get(..part.len().min(18)).unwrap_or_default();
            let digits: u128 = part.parse().ok()?;
            nanos += digits * u128::from(scale) / 10_u128.pow(part.len() as u32);
        }
        if nanos > i64::MAX as u128 {
            return None;
        }
        rest = behind;
    }
    Some(if negative { Duration::ZERO } else { Duration::from_nanos(nanos as u64) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_may_have_parameters() {
        for json in ["application/json", "application/json; charset=utf-8", "application/json ;q=1"] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "",
            "text/json",
            "application/json ",
            "Application/JSON",
            "application/jsonl",
            "application/yaml; application/json",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }

    #[test]
    fn timeouts_are_durations_of_go() {
        for (query, micros) in [
            ("timeout=10s", 10_000_000),
            ("a=b&timeout=1.5s", 1_500_000),
            ("timeout=300ms&c", 300_000),
            ("timeout=1m0.25s", 60_250_000),
            ("timeout=.5s", 500_000),
            ("timeout=%2B5s".replace("%2B", "+").as_str(), 5_000_000),
            ("timeout=1\u{b5}s", 1),
            ("timeout=0", 0),
            ("timeout=-5s", 0),
        ] {
            assert_eq!(timeout(query), Some(Duration::from_micros(micros)), "{query}");
        }
        for query in [
            "",
            "timeout=",
            "timeout=5",
            "timeout=-",
            "timeout=s",
            "timeout=1x",
            "timeouts=1s",
            "timeout=.s",
            "timeout=1.2.3s",
            "timeout=9999999h",
        ] {
            assert_eq!(timeout(query), None, "{query}");
        }
    }
}
