//! Finds what may be secret in one line or message.

use std::ops::Range;

use super::place::Place;
use super::word::{LEAST_TOKEN, begins, is_token, names_secret};

/// The secret ranges of a message: only forms that cannot be prose.
pub(super) fn message(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let look = Look::at(bytes);
    forms(text, &look, &mut found);
    if !look.has(PAIR) {
        return merged(found);
    }
    for at in memchr_all(bytes) {
        if bytes[at] == b'=' {
            assignment(text, at, &mut found);
        } else if at > 0 && bytes[at - 1] == b'"' && names_secret(key_before(text, at)) {
            let value = at + 1 + spaces(&bytes[at + 1..]);
            if matches!(bytes.get(value), Some(b'"' | b'\'')) {
                found.push(scalar(bytes, value, true, None));
            }
        }
    }
    merged(found)
}

/// The secret ranges of a line of a text: what a message may not show, and the values of keys that it may hold itself.
pub(super) fn text(text: &str) -> Vec<Range<usize>> {
    let mut found = message(text);
    for at in memchr_all(text.as_bytes()) {
        if text.as_bytes()[at] == b':'
            && is_pair(text.as_bytes(), at, false)
            && names_secret(key_before(text, at))
        {
            push_value(text.as_bytes(), at + 1, false, None, &mut found);
        }
    }
    merged(found)
}

/// The secret ranges of a source line.
pub(super) fn line(text: &str, place: Place) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    if place == Place::Hidden {
        let start = indent(bytes);
        if start < text.trim_end().len() {
            found.push(start..text.trim_end().len());
        }
        return found;
    }
    forms(text, &Look::at(bytes), &mut found);
    let mut environment = place == Place::Environment;
    let mut pairs = false;
    let (mut depth, mut quote, mut comment) = (0_usize, None, false);
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        match (byte, quote) {
            (b'\\', Some(b'"')) => at += 1,
            (b'"' | b'\'', None) if !comment && opens(bytes, at) => quote = Some(byte),
            (_, Some(q)) if byte == q => quote = None,
            (b'{' | b'[', None) => depth += 1,
            (b'}' | b']', None) => depth = depth.saturating_sub(1),
            // People write defaults into comments.
            (b'#', None) if at > 0 && bytes[at - 1] == b' ' => (comment, depth) = (true, 0),
            (b'=', _) => assignment(text, at, &mut found),
            (b',', None) if depth > 0 => {
                let flag = key_before(text, at);
                if flag.starts_with('-') && names_secret(flag) {
                    push_value(bytes, at + 1, true, None, &mut found);
                }
            }
            (b':', inside) if is_pair(bytes, at, inside.is_some()) => {
                let key = key_before(text, at);
                pairs |= !comment;
                environment |= key == "env";
                let inner = depth > 0 || inside.is_some();
                let holds = !comment && holds_secrets(key, place, environment);
                if holds && push_collection(bytes, at + 1, &mut found) {
                    // All of it is masked.
                } else if holds || (key != "name" && names_secret(key)) {
                    push_value(bytes, at + 1, inner, inside, &mut found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    // A line without a key continues a value.
    let continues = matches!(place, Place::Environment | Place::SecretData) && !pairs;
    if continues && !text.trim().is_empty() {
        let start = indent(bytes);
        if !matches!(bytes.get(start), None | Some(b'{' | b'[' | b'}' | b']' | b'#')) {
            found.push(start..text.trim_end().len());
        }
    }
    merged(found)
}

/// Where in a line that cannot be read begins what may be secret, if anything may: behind the first key that holds secrets
/// or names one; in a place of secrets behind any key, or with the line's content.
pub(super) fn unread(text: &str, place: Place) -> Option<usize> {
    let bytes = text.as_bytes();
    let keys = bytes.iter().enumerate().filter(|(at, b)| **b == b':' && is_pair(bytes, *at, false));
    let secret = |key: &str| place != Place::Plain || is_data(key) || key == "env" || names_secret(key);
    let behind = keys.map(|(at, _)| at).find(|at| secret(key_before(text, *at))).map(|at| at + 1);
    let start = match place {
        Place::Hidden => indent(bytes),
        Place::Plain => behind?,
        Place::Environment | Place::SecretData => behind.unwrap_or_else(|| indent(bytes)),
    };
    Some(start + spaces(&bytes[start..]))
}

/// Whether a key holds the data of a Secret, or is meant to.
fn is_data(key: &str) -> bool {
    ["data", "stringData"].iter().any(|k| key.eq_ignore_ascii_case(k))
}

/// Fields of environment variables that tell nothing of their values.
pub(super) const ABOUT_VARIABLES: [&str; 17] = [
    "name",
    "valueFrom",
    "secretKeyRef",
    "configMapKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "fileKeyRef",
    "key",
    "optional",
    "fieldPath",
    "apiVersion",
    "containerName",
    "resource",
    "divisor",
    "volumeName",
    "path",
    "env",
];

/// Whether everything below a key may be secret.
fn holds_secrets(key: &str, place: Place, environment: bool) -> bool {
    match place {
        Place::SecretData => true,
        // A misspelt `value` is none, and as secret as one.
        Place::Environment => !ABOUT_VARIABLES.contains(&key),
        // Data in braces are on one line with what they belong to, which may be anything.
        Place::Plain | Place::Hidden => (environment && key == "value") || is_data(key),
    }
}

/// Adds the collection that begins behind `from`, up to its end or that of the line; whether there is one.
fn push_collection(bytes: &[u8], from: usize, found: &mut Vec<Range<usize>>) -> bool {
    let start = from + spaces(&bytes[from..]);
    if !matches!(bytes.get(start), Some(b'{' | b'[')) {
        return false;
    }
    let (mut depth, mut quote) = (0_usize, None);
    let mut at = start;
    while at < bytes.len() {
        match (bytes[at], quote) {
            (b'\\', Some(b'"')) => at += usize::from(at + 1 < bytes.len()),
            (b @ (b'"' | b'\''), None) if opens(bytes, at) => quote = Some(b),
            (b, Some(q)) if b == q => quote = None,
            (b'{' | b'[', None) => depth += 1,
            (b'}' | b']', None) if depth == 1 => break,
            (b'}' | b']', None) => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    // An empty collection tells nothing.
    if !bytes[start + 1..at].trim_ascii().is_empty() {
        found.push(start..(at + 1).min(bytes.len()));
    }
    true
}

/// Whether a quote at `at` begins a quoted scalar: an apostrophe inside a word does not.
fn opens(bytes: &[u8], at: usize) -> bool {
    at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'{' | b'[' | b',' | b':' | b'=' | b'(')
}

/// Whether the colon separates a key from its value.
fn is_pair(bytes: &[u8], at: usize, inside_quotes: bool) -> bool {
    let after = bytes.get(at + 1);
    let json = at > 0 && matches!(bytes[at - 1], b'"' | b'\'');
    json || matches!(after, None | Some(b' ' | b'\t')) || (inside_quotes && !matches!(after, Some(b'/')))
}

/// Adds the value that begins behind `from`, if it is a scalar that says something.
fn push_value(bytes: &[u8], from: usize, inside: bool, quote: Option<u8>, found: &mut Vec<Range<usize>>) {
    let mut start = from + spaces(&bytes[from..]);
    // Anchors and tags stand before the value.
    while matches!(bytes.get(start), Some(b'&' | b'!')) {
        start += bytes[start..].iter().take_while(|b| **b != b' ').count();
        start += spaces(&bytes[start..]);
    }
    if matches!(bytes.get(start), None | Some(b'{' | b'[' | b'}' | b']' | b',' | b'|' | b'>' | b'#' | b'*')) {
        return;
    }
    let value = scalar(bytes, start, inside, quote);
    let text = bytes[value.clone()].trim_ascii();
    let known = [&b"true"[..], b"false", b"null", b"~", b"True", b"False"];
    if !value.is_empty() && !known.contains(&text) {
        found.push(value);
    }
}

/// The content of the scalar at `start`, without its quotes; `inside` a collection, or a text in quotes of this kind.
fn scalar(bytes: &[u8], start: usize, inside: bool, enclosing: Option<u8>) -> Range<usize> {
    let rest = &bytes[start..];
    if let Some(&quote @ (b'"' | b'\'')) = rest.first() {
        let mut end = 1;
        while end < rest.len() && rest[end] != quote {
            end += if quote == b'"' && rest[end] == b'\\' { 2 } else { 1 };
            // Two single quotes are one.
            while quote == b'\'' && rest.get(end) == Some(&quote) && rest.get(end + 1) == Some(&quote) {
                end += 2;
            }
        }
        return start + 1..start + end.min(rest.len());
    }
    let stop = |i: &usize| match rest[*i] {
        b',' | b'}' | b']' => inside,
        quote @ (b'"' | b'\'') => enclosing == Some(quote),
        b'#' => *i > 0 && rest[i - 1] == b' ',
        _ => false,
    };
    let end = (0..rest.len()).find(stop).unwrap_or(rest.len());
    start..start + rest[..end].trim_ascii_end().len()
}

/// `KEY=value`, up to the quote that encloses it, or to a space or a bracket.
fn assignment(text: &str, at: usize, found: &mut Vec<Range<usize>>) {
    let key = key_before(text, at);
    if !names_secret(key) {
        return;
    }
    let bytes = text.as_bytes();
    let mut start = at + 1 + spaces(&bytes[at + 1..]);
    let before = at.checked_sub(key.len() + 1).map_or(b' ', |i| bytes[i]);
    let own = bytes.get(start).filter(|b| matches!(b, b'"' | b'\'')).copied();
    start += usize::from(own.is_some());
    let enclosing = own.or(Some(before).filter(|b| matches!(b, b'"' | b'\'')));
    let stop = |b: &u8| match enclosing {
        Some(quote) => *b == quote,
        None => matches!(b, b' ' | b'\t' | b',' | b'"' | b'\'' | b']' | b'}' | b'`' | b'&'),
    };
    let end = bytes[start..].iter().position(stop).map_or(bytes.len(), |n| start + n);
    if start < end {
        found.push(start..end);
    }
}

/// The key that ends at `at`, without quotes.
fn key_before(text: &str, at: usize) -> &str {
    let head = text[..at].trim_end_matches([' ', '"', '\'']);
    let letter = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '$');
    let start =
        head.rfind(|c| !letter(c)).map_or(0, |i| i + head[i..].chars().next().map_or(1, char::len_utf8));
    &head[start..]
}

/// What bytes mean to whoever looks for secrets.
static MARKS: [u8; 256] = {
    let mut marks = [0; 256];
    let mut all = b" \t\n\x0c\r\"'`,;={}[]()<>".as_slice();
    while let [first, rest @ ..] = all {
        marks[*first as usize] = BREAK;
        all = rest;
    }
    let mut letter = 0;
    while letter < 128 {
        if (letter as u8).is_ascii_alphanumeric() || letter as u8 == b'_' {
            marks[letter] = LETTER;
        }
        letter += 1;
    }
    marks[b'-' as usize] |= DASH;
    marks[b'@' as usize] |= AT;
    marks[b'=' as usize] |= PAIR;
    marks[b':' as usize] |= PAIR;
    marks[b'.' as usize] |= DOT;
    marks
};

/// It ends a word.
const BREAK: u8 = 1;
const DASH: u8 = 1 << 1;
const AT: u8 = 1 << 2;
/// It may stand between a key and its value.
const PAIR: u8 = 1 << 3;
const DOT: u8 = 1 << 4;
/// It may be part of the beginning of a token.
const LETTER: u8 = 1 << 5;

fn is_break(byte: u8) -> bool {
    MARKS[usize::from(byte)] & BREAK != 0
}

/// What begins a line of PEM.
const ARMOUR: &str = "-----BEGIN";

/// What one look at a text tells.
struct Look {
    /// The marks of all its bytes but letters.
    marks: u8,
    /// Whether one of its words may be a token.
    token: bool,
    /// Whether a word before its last says how what follows is encoded.
    scheme: bool,
    /// Whether it holds addresses.
    urls: bool,
    /// Whether it holds what is in PEM.
    armour: bool,
}

impl Look {
    fn at(bytes: &[u8]) -> Self {
        let mut look = Self { marks: 0, token: false, scheme: false, urls: false, armour: false };
        let is_letter = |byte: &u8| MARKS[usize::from(*byte)] & LETTER != 0;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let mark = MARKS[usize::from(*byte)];
            if mark & LETTER != 0 {
                look.token |= begins(&bytes[at..]);
                at += 1;
                while bytes.get(at).is_some_and(is_letter) {
                    at += 1;
                }
                continue;
            }
            look.marks |= mark;
            if mark & BREAK != 0 {
                look.scheme |= names_scheme(&bytes[..at]);
            } else if mark & (DOT | PAIR) != 0 {
                // What tells tokens that may begin with anything.
                look.token |= bytes[at..].starts_with(b".atlasv1.") || bytes[at..].starts_with(b":AA");
                look.urls |= bytes[at..].starts_with(b"://");
            } else if mark & DASH != 0 {
                look.armour |= bytes[at..].starts_with(ARMOUR.as_bytes());
            }
            at += 1;
        }
        look.token &= bytes.len() >= LEAST_TOKEN;
        look
    }

    fn has(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }
}

/// Whether a word ends with `bearer` or `basic`, in any case.
fn names_scheme(word: &[u8]) -> bool {
    let ends =
        |end: &[u8]| word.len() >= end.len() && word[word.len() - end.len()..].eq_ignore_ascii_case(end);
    match word.last() {
        Some(b'r' | b'R') => ends(b"bearer"),
        Some(b'c' | b'C') => ends(b"basic"),
        _ => false,
    }
}

/// Texts that are secret by their form. Most have none of the marks.
fn forms(text: &str, look: &Look, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let urls = look.urls;
    if look.armour {
        found.extend(text.match_indices(ARMOUR).filter_map(|(at, begin)| armoured(text, at + begin.len())));
    }
    if look.has(AT) {
        found.extend(text.match_indices("@tcp(").filter_map(|(at, _)| of_driver(text, at + 4)));
        found.extend(text.match_indices("@unix(").filter_map(|(at, _)| of_driver(text, at + 5)));
    }
    if !look.token && !urls && !look.scheme {
        return;
    }
    let mut at = 0;
    while at < bytes.len() {
        let end = bytes[at..].iter().position(|b| is_break(*b)).map_or(bytes.len(), |n| at + n);
        // No shorter word is a token or says how what follows is encoded.
        if end - at < "basic".len() && !urls {
            at = end + 1;
            continue;
        }
        let word = &text[at..end];
        if let Some(start) = token(word) {
            // What fills up base64 belongs to it.
            let is_padded = word[start..].starts_with("base64:");
            let padding = bytes[end..].iter().take_while(|b| is_padded && **b == b'=').count();
            found.push(at + start..end + padding);
        }
        if urls {
            userinfo(word, at, found);
        }
        if names_scheme(word.as_bytes()) {
            let start = end + spaces(&bytes[end..]);
            let stop = bytes[start..]
                .iter()
                .position(|b| is_break(*b) && *b != b'=')
                .map_or(bytes.len(), |n| start + n);
            if stop - start >= 8 {
                found.push(start..stop);
            }
        }
        at = end + 1;
    }
}

/// What stands between the line that says what begins at `at`, in PEM, and the one that ends it.
fn armoured(text: &str, at: usize) -> Option<Range<usize>> {
    let body = text[at..].find("-----").map_or(text.len(), |n| at + n + 5);
    let close = text[body..].find("-----END").map_or(text.len(), |n| body + n);
    (body < close).then_some(body..close)
}

/// Where in a word a token begins that has a known form.
fn token(word: &str) -> Option<usize> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = word.as_bytes();
    let begins = |at: &usize| letter(bytes[*at]) && (*at == 0 || !letter(bytes[at - 1]));
    (0..word.len())
        .take_while(|at| word.len() - at >= LEAST_TOKEN)
        .filter(begins)
        .find(|at| is_token(&word[*at..]))
}

/// The password in `user:password@tcp`, as Go's driver for `MySQL` has it.
fn of_driver(text: &str, open: usize) -> Option<Range<usize>> {
    let head = ["@tcp", "@unix"].into_iter().find_map(|net| text[..open].strip_suffix(net))?;
    let start = head.rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).map_or(0, |at| at + 1);
    let colon = start + head[start..].find(':')?;
    Some(colon + 1..head.len())
}

/// Adds the passwords in `scheme://user:password@host` of the word at `at`, all that stands before the `@` where there is no user.
fn userinfo(word: &str, at: usize, found: &mut Vec<Range<usize>>) {
    for (scheme, mark) in word.match_indices("://") {
        let start = scheme + mark.len();
        let rest = &word[start..];
        let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // Passwords with a slash are not valid there, and met all the same.
        let end = rest[..authority].rfind('@').or_else(|| {
            rest.find(':').and_then(|c| rest[c..].find('@').map(|a| c + a)).filter(|_| !digits_follow(rest))
        });
        let Some(end) = end else { continue };
        let secret = rest[..end].find(':').map_or(0, |n| n + 1);
        if secret < end {
            found.push(at + start + secret..at + start + end);
        }
    }
}

/// Whether what follows the first colon is a port.
fn digits_follow(rest: &str) -> bool {
    let port = rest.split_once(':').map_or("", |(_, port)| port);
    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && matches!(port.as_bytes().get(digits), None | Some(b'/' | b'?'))
}

/// The ranges in order, joined where they overlap.
fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if found.len() < 2 {
        return found;
    }
    found.sort_by_key(|r| (r.start, r.end));
    let mut out: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// The positions of `=` and `:`.
fn memchr_all(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.iter().enumerate().filter(|(_, b)| matches!(b, b'=' | b':')).map(|(at, _)| at)
}

fn spaces(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Where the content begins, behind spaces and dashes of list items.
fn indent(bytes: &[u8]) -> usize {
    let mut at = spaces(bytes);
    while bytes.get(at) == Some(&b'-') && matches!(bytes.get(at + 1), None | Some(b' ')) {
        at += 1;
        at += spaces(&bytes[at..]);
    }
    at
}
