//! Credentials that are known by their form, whatever they are called.
//!
//! Lengths and alphabets are those that the issuers document, or that their tokens have.

use std::ops::Range;

use super::{base64, url};

/// The letters of a token.
#[derive(Clone, Copy, Debug)]
enum Letters {
    /// `0-9A-Z`
    Upper,
    /// `0-9a-f`
    Hex,
    /// `0-9A-Za-z`
    Word,
    /// `0-9A-Za-z_-`
    Url,
    /// `0-9A-Za-z+/`
    Base64,
}

impl Letters {
    fn has(self, b: u8) -> bool {
        match self {
            Self::Upper => b.is_ascii_digit() || b.is_ascii_uppercase(),
            Self::Hex => b.is_ascii_digit() || matches!(b, b'a'..=b'f'),
            Self::Word => b.is_ascii_alphanumeric(),
            Self::Url => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'),
            Self::Base64 => b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'),
        }
    }
}

/// A token: what it begins with, what it is, the letters that follow, how many at least and at most, and what ends it.
type Format = (&'static str, &'static str, Letters, usize, usize, &'static str);

const MANY: usize = 4096;
const AWS: &str = "an AWS access key id";
const GITHUB: &str = "a GitHub token";
const GITLAB: &str = "a GitLab token";
const VAULT: &str = "a Vault token";
const STRIPE: &str = "a Stripe live key";
const DIGITALOCEAN: &str = "a DigitalOcean token";
const AZURE: &str = "an Azure storage or service bus key";
const KEY: &str = "a private key";

const FORMATS: [Format; 38] = [
    ("AKIA", AWS, Letters::Upper, 16, 16, ""),
    ("ASIA", AWS, Letters::Upper, 16, 16, ""),
    ("ghp_", GITHUB, Letters::Word, 36, 255, ""),
    ("gho_", GITHUB, Letters::Word, 36, 255, ""),
    ("ghu_", GITHUB, Letters::Word, 36, 255, ""),
    ("ghs_", GITHUB, Letters::Word, 36, 255, ""),
    ("ghr_", GITHUB, Letters::Word, 36, 255, ""),
    ("glpat-", GITLAB, Letters::Url, 20, 255, ""),
    ("gldt-", GITLAB, Letters::Url, 20, 255, ""),
    ("glrt-", GITLAB, Letters::Url, 20, 255, ""),
    ("sk_live_", STRIPE, Letters::Word, 24, 255, ""),
    ("rk_live_", STRIPE, Letters::Word, 24, 255, ""),
    ("AIza", "a Google API key", Letters::Url, 35, 35, ""),
    ("ya29.", "a Google access token", Letters::Url, 30, MANY, ""),
    ("GOCSPX-", "a Google client secret", Letters::Url, 28, 28, ""),
    ("hvs.", VAULT, Letters::Url, 24, MANY, ""),
    ("hvb.", VAULT, Letters::Url, 24, MANY, ""),
    ("hvr.", VAULT, Letters::Url, 24, MANY, ""),
    ("npm_", "an npm token", Letters::Word, 36, 36, ""),
    ("dop_v1_", DIGITALOCEAN, Letters::Hex, 64, 64, ""),
    ("doo_v1_", DIGITALOCEAN, Letters::Hex, 64, 64, ""),
    ("dor_v1_", DIGITALOCEAN, Letters::Hex, 64, 64, ""),
    ("pypi-AgE", "a PyPI token", Letters::Url, 60, MANY, ""),
    ("AGE-SECRET-KEY-1", "an age identity", Letters::Upper, 58, 58, ""),
    ("sk-ant-", "an Anthropic key", Letters::Url, 80, 255, ""),
    ("sk-proj-", "an OpenAI key", Letters::Url, 40, 255, ""),
    ("sk-", "an OpenAI key", Letters::Word, 48, 48, ""),
    ("hf_", "a Hugging Face token", Letters::Word, 34, 34, ""),
    ("dckr_pat_", "a Docker Hub token", Letters::Url, 27, 27, ""),
    ("dapi", "a Databricks token", Letters::Hex, 32, 32, ""),
    ("shpat_", "a Shopify token", Letters::Hex, 32, 32, ""),
    ("NRAK-", "a New Relic key", Letters::Upper, 27, 27, ""),
    ("AccountKey=", AZURE, Letters::Base64, 86, 86, "=="),
    ("SharedAccessKey=", AZURE, Letters::Base64, 43, 43, "="),
    ("base64:", "a Laravel application key", Letters::Base64, 43, 43, "="),
    ("LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRV", KEY, Letters::Base64, 40, usize::MAX, ""),
    ("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0t", KEY, Letters::Base64, 40, usize::MAX, ""),
    ("LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtF", KEY, Letters::Base64, 40, usize::MAX, ""),
];

/// What the formats of more than one part begin with.
const PARTED: [&str; 10] = ["gi", "gl", "SG", "xo", "ey", "s.", "LS", "Be", "be", "Ba"];

/// The pairs of letters that formats begin with, a bit for each.
static BEGINS: [u64; 1024] = {
    let mut begins = [0; 1024];
    let mut i = 0;
    while i < FORMATS.len() + PARTED.len() + 1 {
        let head = if i < FORMATS.len() {
            FORMATS[i].0.as_bytes()
        } else if i < FORMATS.len() + PARTED.len() {
            PARTED[i - FORMATS.len()].as_bytes()
        } else {
            b"ba"
        };
        let pair = (head[0] as usize) << 8 | head[1] as usize;
        begins[pair / 64] |= 1 << (pair % 64);
        i += 1;
    }
    begins
};

/// Whether a format begins with these two letters.
fn begins(bytes: &[u8]) -> bool {
    let [first, second, ..] = bytes else { return false };
    let pair = usize::from(*first) << 8 | usize::from(*second);
    BEGINS[pair / 64] >> (pair % 64) & 1 == 1
}

/// What bytes mean to whoever looks for credentials.
static MARKS: [u8; 256] = {
    let mut marks = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_' {
            marks[byte] = LETTER;
        }
        byte += 1;
    }
    let mut all = b":.@-".as_slice();
    while let [first, rest @ ..] = all {
        marks[*first as usize] = SIGN;
        all = rest;
    }
    marks
};

/// It belongs to a word.
const LETTER: u8 = 1;
/// It may be in the middle of a credential that begins with anything.
const SIGN: u8 = 2;

/// The first text that has the form of a credential: what it looks like, and its bytes.
pub(super) fn find(text: &str) -> Option<(&'static str, Range<usize>)> {
    let bytes = text.as_bytes();
    let is_letter = |byte: &u8| MARKS[usize::from(*byte)] == LETTER;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let found = match MARKS[usize::from(*byte)] {
            LETTER if begins(&bytes[at..]) && bytes.len() - at >= 20 => token(text, at),
            SIGN => around(text, at),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        let is_word = is_letter(byte);
        at += 1;
        while is_word && bytes.get(at).is_some_and(is_letter) {
            at += 1;
        }
    }
    None
}

/// The credential around a sign.
fn around(text: &str, at: usize) -> Option<(&'static str, Range<usize>)> {
    let rest = &text.as_bytes()[at..];
    match rest {
        [b':', b'/', b'/', ..] => url::userinfo(text, at)
            .map(|range| ("a URL with a password in it", range))
            .or_else(|| url::webhook(text, at)),
        [b':', b'A', b'A', ..] => telegram(text, at),
        [b'.', ..] if rest.starts_with(b".atlasv1.") => terraform(text, at),
        [b'@', ..] => url::of_driver(text, at).map(|range| ("a connection with a password in it", range)),
        [b'-', ..] if rest.starts_with(b"-----BEGIN ") => pem(text, at),
        _ => None,
    }
}

/// A bot's token of Telegram, by the colon in it: the number of the bot, and 35 letters.
fn telegram(text: &str, colon: usize) -> Option<(&'static str, Range<usize>)> {
    let bytes = text.as_bytes();
    let digits = bytes[..colon].iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let start = colon - digits;
    // In addresses the word `bot` stands in front of it.
    let begins = start == 0 || !bytes[start - 1].is_ascii_alphanumeric() || text[..start].ends_with("bot");
    let body = run(&bytes[colon + 1..], Letters::Url);
    let end = colon + 1 + body;
    ((8..=10).contains(&digits) && begins && body == 35 && is_varied(&text[colon + 1..end]))
        .then_some(("a Telegram bot token", start..end))
}

/// A token of HCP Terraform, by the word in its middle.
fn terraform(text: &str, dot: usize) -> Option<(&'static str, Range<usize>)> {
    let bytes = text.as_bytes();
    let head = bytes[..dot].iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
    let behind = dot + ".atlasv1.".len();
    let body = run(&bytes[behind..], Letters::Url);
    (head == 14 && (60..=70).contains(&body) && is_varied(&text[behind..behind + body]))
        .then_some(("a Terraform token", dot - head..behind + body))
}

/// The token that begins at a word's beginning.
fn token(text: &str, at: usize) -> Option<(&'static str, Range<usize>)> {
    let bytes = &text.as_bytes()[at..];
    for &(head, what, letters, least, most, tail) in &FORMATS {
        if !bytes.starts_with(head.as_bytes()) {
            continue;
        }
        let body = run(&bytes[head.len()..], letters);
        let end = head.len() + body;
        let closed = bytes[end..].starts_with(tail.as_bytes()) && ends(&bytes[end + tail.len()..]);
        if (least..=most).contains(&body) && closed && is_varied(&text[at + head.len()..at + end]) {
            let start = if head.ends_with('=') { head.len() } else { 0 };
            return Some((what, at + start..at + end + tail.len()));
        }
    }
    let parts = |head: &str, parts: &[(Letters, usize)], between: u8| {
        let mut end = head.len();
        for (i, (letters, len)) in parts.iter().enumerate() {
            if i > 0 {
                if bytes.get(end) != Some(&between) {
                    return None;
                }
                end += 1;
            }
            if bytes.len() < end + len || !bytes[end..end + len].iter().all(|b| letters.has(*b)) {
                return None;
            }
            end += len;
        }
        (ends(&bytes[end..]) && is_varied(&text[at + head.len()..at + end])).then_some(at..at + end)
    };
    match bytes {
        [b'g', b'i', b't', ..] if bytes.starts_with(b"github_pat_") => {
            parts("github_pat_", &[(Letters::Word, 22), (Letters::Word, 59)], b'_').map(|r| (GITHUB, r))
        }
        [b'g', b'l', b's', ..] if bytes.starts_with(b"glsa_") => {
            parts("glsa_", &[(Letters::Word, 32), (Letters::Hex, 8)], b'_').map(|r| ("a Grafana token", r))
        }
        [b'S', b'G', b'.', ..] => {
            parts("SG.", &[(Letters::Url, 22), (Letters::Url, 43)], b'.').map(|r| ("a SendGrid key", r))
        }
        [b'x', b'o', b'x', b'a' | b'b' | b'p' | b'r' | b's', b'-', b'0'..=b'9', ..] => {
            let end = 5 + bytes[5..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
            let body = &text[at + 5..at + end];
            (body.len() >= 20 && body.contains('-') && is_varied(body))
                .then(|| ("a Slack token", at..at + end))
        }
        [b'e', b'y', b'J', ..] => jwt(text, at).map(|range| ("a JSON web token", range)),
        // Older Vault tokens: a dot is too little of a mark to do without a mix of letters.
        [b's', b'.', ..] => {
            let body = run(&bytes[2..], Letters::Word);
            let text = &text[at + 2..at + 2 + body];
            let mixed = [u8::is_ascii_digit, u8::is_ascii_lowercase, u8::is_ascii_uppercase]
                .iter()
                .all(|class| text.bytes().filter(class).count() >= 2);
            (at == 0 && body == 24 && bytes.len() == 26 && mixed && is_varied(text))
                .then_some((VAULT, at..at + 26))
        }
        [b'L', b'S', b'0', ..] if bytes.starts_with(b"LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZB") => {
            let end = run(bytes, Letters::Base64);
            (end >= 80).then_some((KEY, at..at + end))
        }
        [b'B' | b'b', b'e' | b'a', ..] => header(text, at),
        _ => None,
    }
}

fn run(bytes: &[u8], letters: Letters) -> usize {
    bytes.iter().take_while(|b| letters.has(**b)).count()
}

/// Whether nothing follows that a longer word would have.
fn ends(rest: &[u8]) -> bool {
    !rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// Whether a token's letters are such as chance gives: examples repeat a letter, count up, or say what they are.
pub(super) fn is_varied(body: &str) -> bool {
    let mut seen = [false; 128];
    body.bytes().for_each(|b| seen[usize::from(b & 127)] = true);
    let distinct = seen.iter().filter(|seen| **seen).count();
    let has = |part: &str| {
        body.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    distinct >= 8
        && !["example", "xxxx", "abcdefgh", "12345678", "01234567", "placeholder", "redacted", "dummy"]
            .into_iter()
            .any(has)
}

/// Three parts of base64, of which the first two are JSON objects and the first names an algorithm (RFC 7515).
fn jwt(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let len = |from: usize| rest.as_bytes().get(from..).map(|rest| run(rest, Letters::Url));
    let head = len(0)?;
    let claims = len(head + 1)?;
    let sign = len(head + claims + 2)?;
    let bytes = rest.as_bytes();
    let dots = bytes[head] == b'.' && bytes[head + 1 + claims] == b'.';
    let end = head + claims + sign + 2;
    if !dots || sign < 16 || !is_varied(&rest[head + claims + 2..end]) {
        return None;
    }
    let header = base64::decoded(&rest[..head])?;
    let body = base64::decoded(&rest[head + 1..head + 1 + claims])?;
    let names = header.windows(5).any(|window| window == b"\"alg\"") && header.ends_with(b"}");
    (names && body.starts_with(b"{")).then_some(at..at + end)
}

/// The body of a private key in PEM (RFC 7468), its line ends as they are or escaped.
fn pem(text: &str, at: usize) -> Option<(&'static str, Range<usize>)> {
    let label = text.get(at + 11..)?;
    let close = label.find("-----")?;
    let kind = &label[..close];
    let known = kind.ends_with("PRIVATE KEY") || kind == "PGP PRIVATE KEY BLOCK";
    if !known || !kind.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ') {
        return None;
    }
    let start = at + 11 + close + 5;
    let rest = &text[start..];
    let end = rest.find("-----END").unwrap_or(rest.len());
    let body = &rest[..end];
    // A line of a key at least.
    let longest = body.split(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/').map(|line| {
        // What an escaped line end leaves.
        line.strip_prefix('n').unwrap_or(line)
    });
    let full = longest.into_iter().any(|line| line.len() >= 24 && is_varied(line));
    full.then(|| ("a private key", start..start + end))
}

/// A header's credentials: `Bearer x`, `Basic x`.
fn header(text: &str, at: usize) -> Option<(&'static str, Range<usize>)> {
    let rest = &text[at..];
    let (what, head) = ["Bearer ", "bearer ", "Basic ", "basic "]
        .into_iter()
        .find(|head| rest.starts_with(head))
        .map(|head| {
            (if head.len() == 7 { "a bearer token" } else { "a user and password in a header" }, head.len())
        })?;
    let body = rest.as_bytes()[head..]
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+' | b'/'))
        .count();
    let value = &rest[head..head + body];
    let fits = if what == "a bearer token" {
        super::value::is_random(value)
    } else {
        let plain = base64::decoded(value).unwrap_or_default();
        body >= 8 && plain.contains(&b':') && plain.iter().all(u8::is_ascii_graphic)
    };
    fits.then_some((what, at + head..at + head + body))
}
