//! Credentials in URLs.

use std::ops::Range;

use super::{shape, value};

/// Letters that end an address in any text.
pub(super) fn breaks(b: u8) -> bool {
    b.is_ascii_whitespace()
        || matches!(
            b,
            b'"' | b'\'' | b'`' | b',' | b';' | b'=' | b'{' | b'}' | b'[' | b']' | b'(' | b')' | b'<' | b'>'
        )
}

/// The password in the address whose `://` is at `at`.
pub(super) fn userinfo(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if at == 0 || !bytes[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let start = at + 3;
    let rest = &bytes[start..];
    let authority =
        rest.iter().position(|b| breaks(*b) || matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let end = rest[..authority].iter().rposition(|b| *b == b'@')?;
    let colon = rest[..end].iter().position(|b| *b == b':')?;
    let host = rest[end + 1..authority].first().is_some_and(u8::is_ascii_alphanumeric);
    let user = text.get(start..start + colon)?;
    let password = text.get(start + colon + 1..start + end)?;
    (host && says(user, password)).then(|| start + colon + 1..start + end)
}

/// The password in `user:password@tcp(host)`, as Go's driver for MySQL has it, whose `@` is at `at`.
pub(super) fn of_driver(text: &str, at: usize) -> Option<Range<usize>> {
    let head = &text.as_bytes()[..at];
    if ![&b"@tcp("[..], b"@unix("].iter().any(|net| text.as_bytes()[at..].starts_with(net)) {
        return None;
    }
    let start = head.iter().rposition(|b| breaks(*b) || *b == b'/').map_or(0, |at| at + 1);
    let colon = start + head[start..].iter().position(|b| *b == b':')?;
    says(text.get(start..colon)?, text.get(colon + 1..at)?).then(|| colon + 1..at)
}

/// Whether a password is one, and not what documentation writes in its place.
fn says(user: &str, password: &str) -> bool {
    const WORDS: [&str; 7] = ["pass", "password", "passwd", "pwd", "secret", "token", "pw"];
    let words = |word: &str| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    let upper = password.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-'));
    let variable = upper && ["PASS", "SECRET", "TOKEN", "PWD"].iter().any(|word| password.contains(word));
    let documented = words(password)
        && ["user", "username", "usr", "login", "name"].iter().any(|known| user.eq_ignore_ascii_case(known));
    let other = password.starts_with(['$', '%', '#']) || password.contains("://");
    !(variable || documented || other || value::is_void(password))
}

/// The secret part of the address of a webhook whose `://` is at `at`.
pub(super) fn webhook(text: &str, at: usize) -> Option<(&'static str, Range<usize>)> {
    let start = at + 3;
    let rest = text.get(start..)?;
    let part = |from: usize, least: usize, known: fn(u8) -> bool| {
        let bytes = rest.as_bytes().get(from..)?;
        let len = bytes.iter().take_while(|b| known(**b)).count();
        (len >= least).then_some(from + len)
    };
    let upper = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if rest.starts_with("hooks.slack.com/services/T") {
        let from = "hooks.slack.com/services/".len();
        let slash = |at: usize| (rest.as_bytes().get(at) == Some(&b'/')).then_some(at + 1);
        let team = slash(part(from, 8, upper)?)?;
        let bot = slash(part(team, 8, upper)?)?;
        let end = part(bot, 20, |b| b.is_ascii_alphanumeric())?;
        return shape::is_varied(&rest[bot..end])
            .then(|| ("a Slack webhook address", start + from..start + end));
    }
    for host in ["discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"] {
        let Some(path) = rest.strip_prefix(host).and_then(|rest| rest.strip_prefix("/api/webhooks/")) else {
            continue;
        };
        let from = rest.len() - path.len();
        let id = part(from, 17, |b| b.is_ascii_digit())?;
        if rest.as_bytes().get(id) != Some(&b'/') {
            return None;
        }
        let end = part(id + 1, 60, word)?;
        return shape::is_varied(&rest[id + 1..end])
            .then(|| ("a Discord webhook address", start + from..start + end));
    }
    None
}
