//! Before and after for every way to write a document. `UPDATE_SNAPSHOTS=1` writes what comes out; read the difference.
//!
//! A file of `cases/` holds cases of this form:
//!
//! ```text
//! === what it shows
//! with crlf, no newline, bom         how the text differs from what is shown (a line of its own, if needed)
//! in 1                               the changes that follow are to this document
//! ensure PATH VALUE                  `.` is the root; also `item PATH VALUE [by KEY]`, `remove PATH [VALUE]`, `prune PATH [VALUE]`
//! >>> before
//! >>> after                          `same` instead of a text if nothing changes
//! >>> refused                        if anything is
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use seawall_yaml::LineIndex;
use seawall_yaml::edit::{Change, Op, Value};

use crate::check::{documents, edited};

#[derive(Default)]
struct Case {
    /// The lines before the first text.
    head: Vec<String>,
    before: String,
    after: String,
    refused: String,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut part = "head";
    for line in text.split_inclusive('\n') {
        if line.starts_with("=== ") {
            cases.push(Case::default());
            part = "head";
        } else if let Some(name) = line.strip_prefix(">>> ") {
            part = name.trim_end();
            continue;
        }
        let case = cases.last_mut().expect("a title first");
        match part {
            "head" => case.head.push(line.trim_end().to_owned()),
            "before" => case.before.push_str(line),
            "after" => case.after.push_str(line),
            "refused" => case.refused.push_str(line),
            other => panic!("unknown part {other}"),
        }
    }
    cases
}

fn shown(case: &Case) -> String {
    let mut out = case.head.join("\n");
    write!(out, "\n>>> before\n{}>>> after\n{}", case.before, case.after).unwrap();
    if !case.refused.is_empty() {
        write!(out, ">>> refused\n{}", case.refused).unwrap();
    }
    out
}

fn value(text: &str) -> Value {
    let document = documents(format!("- {text}\n").as_bytes()).remove(0);
    Value::of(document.root().items().next().unwrap()).unwrap()
}

fn change(line: &str) -> Change {
    let (verb, rest) = line.split_once(' ').unwrap();
    let mut quoted = false;
    let end = rest.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ' ' && !quoted
    });
    let (path, argument) = end.map_or((rest, ""), |(at, _)| (&rest[..at], rest[at..].trim()));
    let path = if path == "." { "" } else { path }.parse().unwrap_or_else(|e| panic!("{line}: {e}"));
    let expected = || (!argument.is_empty()).then(|| value(argument));
    let op = match verb {
        "ensure" => Op::Ensure(value(argument)),
        "item" => match argument.rsplit_once(" by ") {
            Some((item, key)) => Op::EnsureItem { item: value(item), merge_key: Some(key.to_owned()) },
            None => Op::EnsureItem { item: value(argument), merge_key: None },
        },
        "remove" => Op::Remove { expected: expected(), prune: false },
        "prune" => Op::Remove { expected: expected(), prune: true },
        other => panic!("unknown verb {other}"),
    };
    Change { path, op }
}

/// Runs a case; what it should say.
fn run(case: &Case) -> Case {
    let mut flags = String::new();
    let mut sets: Vec<Vec<Change>> = Vec::new();
    let mut at = 0;
    for line in &case.head[1..] {
        if let Some(given) = line.strip_prefix("with ") {
            given.clone_into(&mut flags);
        } else if let Some(index) = line.strip_prefix("in ") {
            at = index.parse().unwrap();
        } else {
            sets.resize_with(sets.len().max(at + 1), Vec::new);
            sets[at].push(change(line));
        }
    }
    let mut source = case.before.clone();
    if flags.contains("no newline") {
        source.pop();
    }
    if flags.contains("crlf") {
        source = source.replace('\n', "\r\n");
    }
    if flags.contains("bom") {
        source.insert(0, '\u{feff}');
    }
    let (after, planned) = edited(source.as_bytes(), &sets);
    let mut after = String::from_utf8(after).unwrap();
    let lines = LineIndex::new(source.as_bytes());
    let mut refused = String::new();
    for refusal in planned.iter().flat_map(|planned| &planned.refused) {
        writeln!(refused, "{}: {}", refusal.change, refusal.message(&lines)).unwrap();
    }
    if after == source {
        "same\n".clone_into(&mut after);
    } else {
        if flags.contains("bom") {
            assert!(after.starts_with('\u{feff}'), "{after:?}");
            after.remove(0);
        }
        if flags.contains("crlf") {
            assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "{after:?}");
            after = after.replace("\r\n", "\n");
        }
        if flags.contains("no newline") {
            assert!(!after.ends_with('\n'), "{after:?}");
            after.push('\n');
        }
    }
    Case { head: case.head.clone(), before: case.before.clone(), after, refused }
}

/// The files of cases with their texts.
fn files() -> Vec<(PathBuf, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edit/cases");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The texts that the cases edit.
pub(crate) fn sources() -> Vec<String> {
    files().iter().flat_map(|(_, text)| cases(text)).map(|case| case.before).collect()
}

#[test]
fn every_style_is_kept() {
    let mut failures = String::new();
    let mut count = 0;
    for (path, text) in files() {
        let cases = cases(&text);
        count += cases.len();
        let wanted: Vec<String> = cases.iter().map(shown).collect();
        let found: Vec<String> = cases.iter().map(|case| shown(&run(case))).collect();
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, found.concat()).unwrap();
        }
        for (wanted, found) in wanted.iter().zip(&found).filter(|(wanted, found)| wanted != found) {
            write!(failures, "{}\n--- wanted\n{wanted}--- found\n{found}\n", path.display()).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 100, "only {count} cases");
}
