//! Workflow commands of GitHub Actions: every line is an annotation.
//!
//! The escaping is that of the runner (`ActionCommand` in github.com/actions/runner): `%`, CR and LF in messages, `:` and `,` in
//! properties too.

use std::fmt::Write as _;

use seawall_check::{Record, Region};

use crate::base::Base;
use crate::group::Word;
use crate::judged::Judged;
use crate::{Style, visible};

/// Adds a record's annotations. What is suppressed draws none.
pub(crate) fn record(out: &mut String, record: &Record, base: &Base, style: Style) {
    match record {
        Record::Workload(_) | Record::Object(_) => {
            if let Some(judged) = Judged::of(record) {
                annotations(&judged, base, style, out);
            }
        }
        Record::Error(error) => {
            let path = base.named(&error.file);
            let place = Some((path.path(), error.region));
            command(Word::Error, place, "input", &[&error.message, error.hint.as_deref().unwrap_or("")], out);
        }
        Record::Notice(notice) if !style.hides_notice(notice.kind) => {
            let path = notice.file.as_deref().map(|file| base.named(file));
            let place = path.as_ref().map(|path| (path.path(), notice.region));
            let text = [&notice.message, notice.hint.as_deref().unwrap_or("")];
            command(Word::Note, place, notice.kind.as_str(), &text, out);
        }
        Record::Notice(_) => {}
    }
}

fn annotations(judged: &Judged<'_>, base: &Base, style: Style, out: &mut String) {
    let path = base.named(judged.file);
    if let Some((rule, why)) = judged.refusal().filter(|_| !style.hides_refusals()) {
        let title = format!("{}: {}", rule.id, judged.site(None));
        command(Word::Error, Some((path.path(), Some(judged.region))), &title, &[why], out);
    }
    for located in judged.findings.iter().filter(|f| f.suppressed.is_none()) {
        if style.hides(located, judged.refused) {
            continue;
        }
        let (word, finding) = (Word::of(located), &located.finding);
        let title = format!("{}: {}", finding.rule.id, judged.site(finding.container.as_deref()));
        let place = Some((path.path(), Some(located.primary.region)));
        command(word, place, &title, &[&finding.message, &finding.advice], out);
    }
}

/// `::error file=...,line=...,title=...::message`, each text that is not empty on a line of the message.
fn command(word: Word, place: Option<(&str, Option<Region>)>, title: &str, texts: &[&str], out: &mut String) {
    let name = match word {
        Word::Error => "error",
        Word::Warning => "warning",
        Word::Note => "notice",
    };
    let _ = write!(out, "::{name} ");
    if let Some((path, region)) = place {
        out.push_str("file=");
        property(path, out);
        out.push(',');
        if let Some(Region { line, column, end_line, end_column }) = region {
            let _ = write!(out, "line={line},endLine={end_line},");
            // Columns are for annotations of one line only.
            if line == end_line {
                let _ = write!(out, "col={column},endColumn={end_column},");
            }
        }
    }
    out.push_str("title=");
    property(title, out);
    out.push_str("::");
    for (i, text) in texts.iter().filter(|text| !text.is_empty()).enumerate() {
        if i > 0 {
            out.push_str("%0A");
        }
        out.push_str(&visible::message(text).replace('%', "%25"));
    }
    out.push('\n');
}

/// A property's value. Line ends cannot be met: they have been made visible.
fn property(text: &str, out: &mut String) {
    for c in visible::text(text).chars() {
        match c {
            '%' => out.push_str("%25"),
            ':' => out.push_str("%3A"),
            ',' => out.push_str("%2C"),
            c => out.push(c),
        }
    }
}
