//! URIs and mail addresses as Go reads them, as far as all versions of Go that API servers are built with agree.

use std::net::Ipv6Addr;

/// Whether a text is a URI (net/url, `ParseRequestURI`); `None` for hosts that some versions of Go take and others refuse: what
/// stands in brackets and is no plain address, and several colons.
pub(super) fn is_uri(text: &str) -> Option<bool> {
    if text.is_empty() || text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Some(false);
    }
    if text == "*" {
        return Some(true);
    }
    let Some((scheme, rest)) = scheme(text) else { return Some(false) };
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    if !rest.starts_with('/') {
        // What follows a scheme without a slash is not looked into.
        return Some(!scheme.is_empty());
    }
    let authority = rest.strip_prefix("//").filter(|_| !scheme.is_empty());
    let (authority, path) = match authority {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    if !is_escaped(path, |_| true) {
        return Some(false);
    }
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let in_user = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(in_user) || !is_escaped(user, |_| true) {
        return Some(false);
    }
    is_host(host)
}

/// The scheme, empty for none, and what follows; `None` where a colon has none in front.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|b| !(b.is_ascii_alphanumeric() || b"+-.".contains(&b)));
    match at.map(|at| (at, text.as_bytes().get(at))) {
        Some((0, Some(b':'))) => None,
        Some((at, Some(b':'))) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Some((text.get(..at)?, text.get(at + 1..)?))
        }
        _ => Some(("", text)),
    }
}

/// Whether every percent sign begins an escape, of a byte that may be escaped.
fn is_escaped(text: &str, may: impl Fn(u8) -> bool) -> bool {
    let digit =
        |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let bytes = text.as_bytes();
    let escapes = bytes.iter().enumerate().filter(|(_, b)| **b == b'%');
    escapes.map(|(at, _)| (digit(bytes.get(at + 1)), digit(bytes.get(at + 2)))).all(|escape| match escape {
        (Some(high), Some(low)) => may(high * 16 + low),
        _ => false,
    })
}

fn is_host(host: &str) -> Option<bool> {
    let is_port = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if host.contains(['[', ']']) {
        let (address, port) = host.strip_prefix('[').and_then(|rest| rest.rsplit_once(']'))?;
        let plain = address.parse::<Ipv6Addr>().is_ok();
        let port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return plain.then_some(port);
    }
    let colons = host.matches(':').count();
    if host.rsplit_once(':').is_some_and(|(_, port)| !is_port(port)) {
        return Some(false);
    }
    // Bytes below 128 are not to be escaped, but for the percent sign, and few others may stand there.
    let stands = |b: u8| b >= 0x80 || b.is_ascii_alphanumeric() || b"!$&'()*+,;=:<>\"-_.~%".contains(&b);
    let good = is_escaped(host, |b| b >= 0x80 || b == b'%') && host.bytes().all(stands);
    if good && colons > 1 { None } else { Some(good) }
}

/// Whether a text is a mail address (net/mail, `ParseAddress`); `None` where names, quotes, comments, brackets or letters beyond
/// ASCII have a part in it.
pub(super) fn is_email(text: &str) -> Option<bool> {
    let Some((local, domain)) = text.split_once('@') else { return Some(false) };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.@".contains(&b);
    if !text.bytes().all(plain) {
        return None;
    }
    let atoms = |text: &str| text.split('.').all(|atom| !atom.is_empty());
    Some(atoms(local) && atoms(domain) && !domain.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        for text in [
            "http://a",
            "/a",
            "*",
            "mailto:a b",
            "http://u:p@h:80/p%20q?%",
            "x://[::1]:8/",
            "http://%C3%A4.de",
            "a:",
            "//a:b",
        ] {
            assert_eq!(is_uri(text), Some(true), "{text}");
        }
        for text in [
            "",
            "a",
            ":a",
            "http://a:b",
            "http://a b/",
            "http://a/%2",
            "http://%41/",
            "/\t",
            "http://[::1]b",
            "http://u^@a",
        ] {
            assert_eq!(is_uri(text), Some(false), "{text}");
        }
        for text in ["http://a:1:2", "x://[fe80::1%25a]", "http://[v1.x]/", "http://[::1]]:80"] {
            assert_eq!(is_uri(text), None, "{text}");
        }
    }

    #[test]
    fn mail_addresses() {
        for text in ["a@b", "a.b+c@d-e.f"] {
            assert_eq!(is_email(text), Some(true), "{text}");
        }
        for text in ["", "a", "a b", "@b", "a@", ".a@b", "a.@b", "a..b@c", "a@.b", "a@b@c"] {
            assert_eq!(is_email(text), Some(false), "{text}");
        }
        for text in ["A <a@b>", "\"a b\"@c", "a@[127.0.0.1]", "ä@b"] {
            assert_eq!(is_email(text), None, "{text}");
        }
    }
}
