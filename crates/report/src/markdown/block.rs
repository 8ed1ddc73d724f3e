//! What is said of one object or file: its rows of the table, and its details.

use std::fmt::Write as _;

use seawall_check::{InputError, PodSpec, Record, Region};
use seawall_finding::Severity;

use super::escape::{cell, clip, code, html, prose};
use super::{MESSAGE, NAME, Row, Rows};
use crate::base::Base;
use crate::fix::{self, AtContainers, Fix};
use crate::group::{Group, Word, groups};
use crate::judged::Judged;
use crate::text::{by_exception, count};
use crate::{Style, suppression, visible};

/// Bytes of one block beyond which no further finding is begun.
const ROOM: usize = 12_000;

/// Lines that are named of one finding.
const LINES: usize = 5;

/// Details, folded away.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// How loud the worst finding is.
    pub(super) word: Word,
    pub(super) text: String,
}

/// Adds what is said of a record.
pub(super) fn blocks(record: &Record, base: &Base, style: Style, rows: &mut Rows, out: &mut Vec<Block>) {
    match record {
        Record::Workload(w) => {
            let right = match (&w.refused, w.strictest) {
                (Some(_), _) | (None, None) => "refused by the API server".to_owned(),
                (None, Some(strictest)) => format!("{strictest} -> {}{}", w.target(), by_exception(w)),
            };
            if let Some(judged) = Judged::of(record) {
                out.extend(object(&judged, &right, w.pod_spec.as_ref(), base, style, rows));
            }
        }
        Record::Object(o) => {
            let right = if o.refused.is_some() { "refused by the API server" } else { "" };
            if let Some(judged) = Judged::of(record) {
                out.extend(object(&judged, right, None, base, style, rows));
            }
        }
        Record::Error(error) => out.push(input_error(error, base, rows)),
        Record::Notice(_) => {}
    }
}

fn name(text: &str) -> String {
    clip(&visible::text(text), NAME)
}

fn clipped(text: &str) -> String {
    clip(&visible::message(text), MESSAGE)
}

fn message(text: &str) -> String {
    prose(&clipped(text), code)
}

/// A file and the first line, as code.
fn place(path: &str, region: Option<Region>) -> String {
    match region {
        Some(region) => format!("{}:{}", name(path), region.line),
        None => name(path),
    }
}

fn row(word: Word, severity: Option<Severity>, place: &str, what: &str, rule: &str) -> Row {
    let what = prose(&clipped(what), cell);
    let text = format!("| {} | {} | {what} | {} |\n", word.as_str(), cell(place), cell(rule));
    Row { word, severity, text }
}

/// The line that is always seen of details: `what` is of our own making.
fn summary(place: &str, object: Option<&str>, what: &str) -> String {
    let object = object.map(|object| format!(" <code>{}</code>", html(object))).unwrap_or_default();
    format!("<details><summary><code>{}</code>{object}: {}</summary>\n\n", html(place), html(what))
}

fn input_error(error: &InputError, base: &Base, rows: &mut Rows) -> Block {
    let place = place(base.named(&error.file).path(), error.region);
    rows.push(row(Word::Error, None, &place, &error.message, "input"));
    let mut text = summary(&place, None, "could not be read");
    let _ = writeln!(text, "- {}", message(&error.message));
    if let Some(hint) = error.hint.as_deref().filter(|hint| !hint.is_empty()) {
        let _ = writeln!(text, "- {}", message(hint));
    }
    text.push_str("\n</details>\n\n");
    Block { word: Word::Error, text }
}

/// The details of an object, unless there is nothing to show.
fn object(
    judged: &Judged<'_>,
    right: &str,
    pod_spec: Option<&PodSpec>,
    base: &Base,
    style: Style,
    rows: &mut Rows,
) -> Option<Block> {
    let mut groups = groups(judged.findings, judged.totals);
    groups.retain(|g| g.members.iter().any(|f| !style.hides(f, judged.refused)));
    let suppressed = || judged.findings.iter().filter(|f| style.suppressed && f.suppressed.is_some());
    let refusal = judged.refusal().filter(|_| !style.hides_refusals());
    if groups.is_empty() && refusal.is_none() && suppressed().next().is_none() {
        return None;
    }
    let named = base.named(judged.file);
    let path = named.path();
    let found = groups.len() as u64 + u64::from(refusal.is_some());
    let found = if found == 0 { "nothing that counts".to_owned() } else { count(found, "finding") };
    let what = if right.is_empty() { found } else { format!("{right}, {found}") };
    let object = name(&judged.object.to_string());
    let mut text = summary(&place(path, Some(judged.region)), Some(&object), &what);
    let mut worst = Word::Note;
    if let Some((rule, why)) = refusal {
        worst = Word::Error;
        let _ = writeln!(text, "- **error** {}: {}", code(rule.id), message(why));
        rows.push(row(Word::Error, Some(rule.severity), &place(path, Some(judged.region)), why, rule.id));
    }
    let mut left_out = 0;
    for group in &groups {
        worst = worst.max(group.word);
        let severity = group.members.iter().map(|m| m.finding.severity).max();
        let first = group.members.first().map(|m| m.primary.region);
        let what = group.message();
        rows.push(row(group.word, severity, &place(path, first), &what, group.rule()));
        if text.len() > ROOM {
            left_out += 1;
        } else {
            finding(group, &message(&what), pod_spec, style, &mut text);
        }
    }
    for located in suppressed() {
        if text.len() > ROOM {
            left_out += 1;
            continue;
        }
        let why = located.suppressed.as_ref().map(suppression::text).unwrap_or_default();
        let what = message(&located.finding.message);
        let rule = code(located.finding.rule.id);
        let line = located.primary.region.line;
        let _ = writeln!(text, "- suppressed {rule}, line {line}: {what}\n  - {}", message(&why));
    }
    if left_out > 0 {
        let _ = writeln!(text, "- and {left_out} more");
    }
    text.push_str("\n</details>\n\n");
    Some(Block { word: worst, text })
}

fn finding(group: &Group<'_>, what: &str, pod_spec: Option<&PodSpec>, style: Style, out: &mut String) {
    let mut lines: Vec<u32> = group.members.iter().map(|m| m.primary.region.line).collect();
    lines.sort_unstable();
    lines.dedup();
    let shown: Vec<String> = lines.iter().take(LINES).map(u32::to_string).collect();
    let more = if lines.len() > LINES || group.cut.is_some() { ", ..." } else { "" };
    let noun = if lines.len() == 1 { "line" } else { "lines" };
    let (word, rule) = (group.word.as_str(), code(group.rule()));
    let _ = writeln!(out, "- **{word}** {rule}, {noun} {}{more}: {what}", shown.join(", "));
    if group.basics {
        let fix = Fix::of(group, pod_spec);
        if let (Some(pod_spec), Some(fields)) = (pod_spec, fix.at_pod) {
            let _ = writeln!(
                out,
                "  - write under {}: {}",
                code(&name(&fix::place(pod_spec))),
                code(&fix::one_line(fields, pod_spec.security_context))
            );
        }
        for AtContainers { who, fields, has_context } in &fix.at_containers {
            let who = prose(&name(who), code);
            let _ = writeln!(out, "  - write in {who}: {}", code(&fix::one_line(*fields, *has_context)));
        }
        if fix.decision {
            let command = format!("{}: `seawall fix {}{}`", fix::DECISION, style.judged_by, group.likely());
            let _ = writeln!(out, "  - {}", prose(&command, code));
        }
    } else if let Some(first) = group.members.first() {
        let explain = code(&format!("seawall explain {}", first.finding.rule.id));
        if first.finding.advice.is_empty() {
            let _ = writeln!(out, "  - {explain}");
        } else {
            let _ = writeln!(out, "  - {}; {explain}", message(&first.finding.advice));
        }
    }
}
