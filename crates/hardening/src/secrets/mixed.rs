//! Random texts of all that the detector looks at: the redactor hides what is found in them.

use std::ops::Range;

use seawall_finding::document_secrets;

use super::*;

const PARTS: [&str; 62] = [
    "password",
    "db_password",
    "DB.PASSWORD",
    "token",
    "api-key",
    "secret",
    "--password",
    "--token",
    "-p",
    "-P",
    "-a",
    "-u",
    "mysql",
    "mongosh",
    "redis-cli",
    "curl",
    "sqlcmd",
    "=",
    "=",
    "=",
    ": ",
    ":",
    ":",
    " ",
    " ",
    " ",
    "\n",
    "\"",
    "'",
    ";",
    "&",
    "|",
    ",",
    "{",
    "}",
    "hunter2",
    "s3cr3t!",
    "P@ssw0rd",
    "9f86d081884c7d659a2feaa0c55ad015",
    "AKIA7Q2M4X9B3N5V8C1Z",
    "glpat-a8Fk2Lm9Qx3Zr7Tb5Wc1",
    "http://",
    "a://",
    "root:hunter2",
    "@",
    "@h",
    "@tcp(",
    "@unix(",
    "Bearer ",
    "basic ",
    "cm9vdDpodW50ZXIy",
    "/",
    "\\",
    "$",
    "(",
    ")",
    "x",
    "export ",
    "-----BEGIN PRIVATE KEY-----",
    "-----",
    "?",
    "#",
];

/// Where the value of `value` has to be hidden in a document that is written around it.
fn uncovered(head: &str, text: &str, tail: &str, secret: &Range<usize>) -> bool {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let source = format!("{head}\"{escaped}\"{tail}");
    let read = seawall_yaml::read(source.as_bytes());
    let start = head.len() + 1;
    // What is not written as it is read is hidden as a whole.
    let wanted =
        if escaped == text { start + secret.start..start + secret.end } else { start..start + escaped.len() };
    let document = read[0].document.as_ref().expect("a document");
    let hidden = document_secrets(document);
    let mut at = wanted.start;
    for range in hidden.iter().filter(|r| r.end as usize > wanted.start) {
        if range.start as usize <= at {
            at = at.max(range.end as usize);
        }
    }
    at < wanted.end
}

#[test]
fn the_redactor_hides_what_is_found_in_any_mixture() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let (mut named_ones, mut words_ones, mut open) = (0, 0, Vec::new());
    for _ in 0..60_000 {
        let text: String = (0..=next(12)).map(|_| PARTS[next(PARTS.len())]).collect();
        if let Some(secret) = named("A", &text, Harmless(&[])) {
            named_ones += 1;
            for head in ["kind: ConfigMap\ndata: {A: ", "metadata: {annotations: {A: "] {
                if uncovered(head, &text, if head.contains("meta") { "}}" } else { "}" }, &secret.at) {
                    open.push(format!("{head} {text:?} {secret:?}"));
                }
            }
        }
        let before = PARTS[next(PARTS.len())];
        let words = ["sh", before, &text];
        let mut found = Vec::new();
        in_words(words.into_iter(), Harmless(&[]), |at, secret| found.push((at, secret)));
        for (_, secret) in found.into_iter().filter(|(at, _)| *at == 2) {
            words_ones += 1;
            let before = before.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let head = format!("spec: {{containers: [{{name: a, args: [sh, \"{before}\", ");
            if uncovered(&head, &text, "]}]}", &secret.at) {
                open.push(format!("{head} {text:?} {secret:?}"));
            }
        }
    }
    assert!(named_ones > 2000 && words_ones > 2000, "{named_ones} {words_ones}");
    open.sort_by_key(String::len);
    assert!(
        open.is_empty(),
        "{} of {named_ones} and {words_ones}:\n{}",
        open.len(),
        open[..open.len().min(25)].join("\n")
    );
}
