//! `JUnit` XML: a test suite for each object, a failure for each finding that counts, a skipped test for each that does not, an
//! error for each input that could not be read. Readers take a failure for a failed run: what is found beyond the levels
//! and does not fail the run is skipped.
//!
//! There is no standard; this is what the schema of Jenkins' `xunit` plugin takes (`junit-10.xsd`), which others read too. What a
//! location needs beside that stands in the text of a failure, in lines.

use std::fmt::Write as _;
use std::io::{self, Write};

use seawall_check::{InputError, Located, Notice, NoticeKind, Record, Workload};

use crate::bar::Bar;
use crate::base::Base;
use crate::blocks::Blocks;
use crate::group::Word;
use crate::judged::Judged;
use crate::{suppression, visible};

const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"seawall\">\n";
const END: &str = "</testsuites>\n";

/// Adds a record's test suite.
pub(crate) fn record(out: &mut String, record: &Record, base: &Base, bar: Bar) {
    match record {
        Record::Workload(workload) => suite(record, passed(workload), base, bar, out),
        Record::Object(_) => suite(record, None, base, bar, out),
        Record::Error(error) => input_error(error, base, out),
        Record::Notice(notice) => match notice.kind {
            NoticeKind::NotSeen => skipped("cluster", notice, out),
            NoticeKind::FindingsLeftOut => {
                let file = notice.file.as_deref().unwrap_or_default();
                skipped(base.named(file).path(), notice, out);
            }
            // There is no place for what else is neither passed nor failed.
            _ => {}
        },
    }
}

/// The test that a workload passes which nothing is held against.
fn passed(workload: &Workload) -> Option<String> {
    workload.findings.is_empty().then(|| format!("meets {}", workload.target()))
}

/// Whether a finding is no failure: nobody asked that what is found beyond the levels fails a run, or not this.
fn is_advice(located: &Located, bar: Bar, refused: bool) -> bool {
    located.is_beyond() && !bar.includes(located, refused)
}

fn suite(record: &Record, passed: Option<String>, base: &Base, bar: Bar, out: &mut String) {
    let Some(judged) = Judged::of(record) else { return };
    let named = base.named(judged.file);
    let path = named.path();
    let refusal = judged.refusal();
    let passed = passed.filter(|_| refusal.is_none());
    let refused = judged.refused;
    let skips = |located: &Located| located.suppressed.is_some() || is_advice(located, bar, refused);
    let skipped = judged.findings.iter().filter(|f| skips(f)).count();
    let failures = judged.findings.len() - skipped + usize::from(refusal.is_some());
    let tests = judged.findings.len() + usize::from(refusal.is_some()) + usize::from(passed.is_some());
    let object = judged.object.to_string();
    begin(&[path, ": ", &object], out);
    let _ = write!(out, "\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"");
    file(path, out);
    if let Some(name) = passed {
        case(&[&name], &object, out);
        out.push_str("/>\n");
    }
    if let Some((rule, why)) = refusal {
        let place = format!("{path}:{}:{}", judged.region.line, judged.region.column);
        case(&[rule.id], &object, out);
        body("failure", "error", why, &[&place], &[], out);
    }
    for located in judged.findings {
        finding(located, is_advice(located, bar, refused), path, &object, out);
    }
    out.push_str("</testsuite>\n");
}

fn finding(located: &Located, is_advice: bool, path: &str, object: &str, out: &mut String) {
    let finding = &located.finding;
    let region = located.primary.region;
    let place = format!("{path}:{}:{}", region.line, region.column);
    let field = visible::path(located);
    match &finding.container {
        Some(container) => case(&[finding.rule.id, ", container ", container], object, out),
        None => case(&[finding.rule.id], object, out),
    }
    match &located.suppressed {
        None => {
            let word = Word::of(located).as_str();
            body(
                if is_advice { "skipped" } else { "failure" },
                word,
                &finding.message,
                &[&place, &field],
                &[&finding.advice],
                out,
            );
        }
        Some(why) => {
            let why = suppression::text(why);
            body("skipped", "suppressed", &finding.message, &[&place, &field], &[&why], out);
        }
    }
}

/// What was not judged, or is not reported, is skipped, so that nobody takes it for passed.
fn skipped(of: &str, notice: &Notice, out: &mut String) {
    let kind = notice.kind.as_str();
    begin(&[of], out);
    out.push_str("\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\">\n");
    case(&[kind], of, out);
    body("skipped", kind, &notice.message, &[], &[], out);
    out.push_str("</testsuite>\n");
}

fn input_error(error: &InputError, base: &Base, out: &mut String) {
    let named = base.named(&error.file);
    let path = named.path();
    let place = error.region.map_or_else(|| path.to_owned(), |r| format!("{path}:{}:{}", r.line, r.column));
    begin(&[path], out);
    out.push_str("\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\"");
    file(path, out);
    case(&["input"], path, out);
    body("error", "input", &error.message, &[&place], &[error.hint.as_deref().unwrap_or_default()], out);
    out.push_str("</testsuite>\n");
}

/// The beginning of a test suite, within its name.
fn begin(name: &[&str], out: &mut String) {
    out.push_str("<testsuite name=\"");
    for part in name {
        escape(&visible::text(part), out);
    }
}

fn file(path: &str, out: &mut String) {
    out.push_str(" file=\"");
    escape(&visible::text(path), out);
    out.push_str("\">\n");
}

/// The beginning of a test case, without the end of its tag.
fn case(name: &[&str], class: &str, out: &mut String) {
    out.push_str("<testcase name=\"");
    for part in name {
        escape(&visible::text(part), out);
    }
    out.push_str("\" classname=\"");
    escape(&visible::text(class), out);
    out.push('"');
}

/// What became of a test, with names and then texts that say more, each on a line, and the end of the test case.
fn body(element: &str, kind: &str, message: &str, names: &[&str], texts: &[&str], out: &mut String) {
    let _ = write!(out, "><{element} type=\"{kind}\" message=\"");
    escape(&visible::message(message), out);
    out.push_str("\">");
    let names = names.iter().map(|name| visible::text(name));
    let texts = texts.iter().filter(|text| !text.is_empty()).map(|text| visible::message(text));
    for (i, line) in names.chain(texts).enumerate() {
        if i > 0 {
            out.push('\n');
        }
        escape(&line, out);
    }
    let _ = writeln!(out, "</{element}></testcase>");
}

/// Adds a visible text without what means something in XML. What XML 1.0 forbids has been made visible.
fn escape(text: &str, out: &mut String) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            b'"' => "&quot;",
            b'\'' => "&apos;",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        out.push_str(entity);
        plain = at + 1;
    }
    out.push_str(&text[plain..]);
}

/// What has been written of the document.
#[derive(Debug, Default)]
pub(crate) struct State {
    begun: bool,
}

impl State {
    /// Writes some test suites.
    pub(crate) fn add(&mut self, suites: &Blocks, to: &mut dyn Write) -> io::Result<()> {
        if !suites.is_empty() && !std::mem::replace(&mut self.begun, true) {
            to.write_all(BEGIN.as_bytes())?;
        }
        suites.write_to(to)
    }

    /// Writes the end.
    pub(crate) fn finish(self, to: &mut dyn Write) -> io::Result<()> {
        if !self.begun {
            to.write_all(BEGIN.as_bytes())?;
        }
        to.write_all(END.as_bytes())
    }
}
