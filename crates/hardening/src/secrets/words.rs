//! Secrets in the words of a command.

use std::ops::Range;

use super::text::{Manner, assigned, given, is_key};
use super::{Harmless, Secret, shape};

/// How a program takes a password by a short flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// `-pSECRET`, and never in the next word.
    Attached,
    /// In the next word.
    Next,
    /// In the next word, behind a user: `-u USER:SECRET`.
    BehindUser,
}

/// Programs, the flag that takes a password, and how.
const PROGRAMS: [(&[&str], &str, Takes); 6] = [
    (
        &[
            "mysql",
            "mysqladmin",
            "mysqldump",
            "mysqlcheck",
            "mysqlimport",
            "mysqlshow",
            "mysqlsh",
            "mariadb",
            "mariadb-admin",
            "mariadb-dump",
            "mariadb-check",
        ],
        "-p",
        Takes::Attached,
    ),
    (
        &["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "sshpass", "cqlsh"],
        "-p",
        Takes::Next,
    ),
    (&["docker", "podman", "buildah", "skopeo", "oras", "crane"], "-p", Takes::Next),
    (&["redis-cli", "keydb-cli", "valkey-cli"], "-a", Takes::Next),
    (&["sqlcmd"], "-P", Takes::Next),
    (&["curl"], "-u", Takes::BehindUser),
];

/// The first secret in each word of a command and its arguments, by the position of the word that holds it.
pub(crate) fn in_words<'t>(
    words: impl Iterator<Item = &'t str>,
    harmless: Harmless<'_>,
    mut found: impl FnMut(usize, Secret<'t>),
) {
    let mut program = "";
    let mut flag = "";
    for (at, word) in words.enumerate() {
        if at == 0 {
            program = base(word);
        }
        let flag = std::mem::replace(&mut flag, word);
        if let Some(secret) = in_word(word, flag, program, harmless) {
            found(at, secret);
        }
    }
}

fn in_word<'t>(word: &'t str, before: &'t str, program: &str, harmless: Harmless<'_>) -> Option<Secret<'t>> {
    if word.len() < 4 {
        return None;
    }
    if let Some(found) = shape::find(word) {
        return Some(Secret::formed(found));
    }
    if let Some(secret) = taken(word, 0..word.len(), before, program, harmless) {
        return Some(secret);
    }
    if word.bytes().any(|b| b.is_ascii_whitespace()) {
        return script(word, harmless);
    }
    assigned(word, Manner::Line, harmless)
}

/// The secret that a word of a text is by the flag before it, or by the flag that it begins with.
fn taken<'t>(
    text: &'t str,
    at: Range<usize>,
    before: &'t str,
    program: &str,
    harmless: Harmless<'_>,
) -> Option<Secret<'t>> {
    let word = text.get(at.clone())?;
    if let Some((_, short, takes)) = PROGRAMS.iter().find(|(programs, ..)| programs.contains(&program)) {
        let range = match takes {
            Takes::Attached if word.starts_with(short) && word.len() > 2 => Some(at.start + 2..at.end),
            Takes::Attached if before == *short && is_joined(text, at.start, short) => Some(at.clone()),
            Takes::Next if before == *short => Some(at.clone()),
            Takes::BehindUser if before == *short => word.find(':').map(|colon| at.start + colon + 1..at.end),
            _ => None,
        };
        if let Some(range) = range {
            let plain = text.get(range.clone()).is_some_and(|word| !word.starts_with(['-', '/', '.', '$']));
            let secret = given(text, "password", range.start, range.len(), Manner::Line, harmless);
            return secret.filter(|_| plain);
        }
    }
    let flag = before.strip_prefix('-').filter(|name| name.bytes().all(is_key))?;
    if word.starts_with('-') {
        return None;
    }
    given(text, flag.trim_start_matches('-'), at.start, at.len(), Manner::Line, harmless)
}

/// Whether the word at `at` is a flag's own, in quotes: `-p'SECRET'`.
fn is_joined(text: &str, at: usize, flag: &str) -> bool {
    let head = text.get(..at).unwrap_or_default();
    head.strip_suffix(['"', '\'']).is_some_and(|head| head.ends_with(flag))
}

/// The first secret in a shell's script. Its forms are known already.
fn script<'t>(text: &'t str, harmless: Harmless<'_>) -> Option<Secret<'t>> {
    let bytes = text.as_bytes();
    let ends = |b: u8| matches!(b, b'\n' | b';' | b'|' | b'&' | b'(' | b')' | b'`');
    let breaks = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'') || ends(*b);
    let (mut program, mut before) = ("", "");
    let mut at = 0;
    while at < bytes.len() {
        if breaks(&bytes[at]) {
            // A backslash joins two lines.
            if ends(bytes[at]) && !(bytes[at] == b'\n' && at > 0 && bytes[at - 1] == b'\\') {
                (program, before) = ("", "");
            }
            at += 1;
            continue;
        }
        let end = bytes[at..].iter().position(breaks).map_or(bytes.len(), |len| at + len);
        let word = &text[at..end];
        if program.is_empty() {
            let prefix = word.contains('=')
                || matches!(word, "exec" | "sudo" | "env" | "if" | "then" | "do" | "while" | "until" | "!");
            if !prefix {
                program = base(word);
            }
        } else if let Some(secret) = taken(text, at..end, before, program, harmless) {
            return Some(secret);
        }
        before = word;
        at = end;
    }
    assigned(text, Manner::Line, harmless)
}

/// The name of the program at a path.
fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
