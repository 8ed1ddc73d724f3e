//! One line a finding, for editors and grep: `file:line:column: severity rule: message [Kind ns/name, container app]`.

use std::fmt::Write as _;

use seawall_check::{Located, Record, Region};
use seawall_model::ObjectId;

use crate::suppression;
use crate::text::Word;
use crate::{Style, visible};

/// Adds a record's lines.
pub(crate) fn record(out: &mut String, record: &Record, style: Style) {
    match record {
        Record::Workload(w) => {
            let unsaid = w.findings.iter().all(|f| f.suppressed.is_some());
            if unsaid && w.open.contains(&true) && !style.hides_refusals() {
                let failing = w.evaluations.iter().find(|e| !e.allowed).map(|e| e.forbidden_detail.as_str());
                unexplained(&w.origin.file, w.region, &w.object, w.refused.as_deref().or(failing), out);
            }
            findings(&w.origin.file, &w.object, &w.findings, w.refused.is_some(), style, out);
        }
        Record::Object(o) => {
            if o.findings.is_empty() && !style.hides_refusals() {
                unexplained(&o.origin.file, o.region, &o.object, o.refused.as_deref(), out);
            }
            findings(&o.origin.file, &o.object, &o.findings, o.refused.is_some(), style, out);
        }
        Record::Error(error) => {
            line(Some(&error.file), error.region, "error", "input", &error.message, out);
            hint(error.hint.as_deref(), out);
        }
        Record::Notice(notice) if !style.quiet => {
            line(notice.file.as_deref(), notice.region, "note", notice.kind.as_str(), &notice.message, out);
            hint(notice.hint.as_deref(), out);
        }
        Record::Notice(_) => {}
    }
}

fn findings(file: &str, object: &ObjectId, all: &[Located], refused: bool, style: Style, out: &mut String) {
    for located in all {
        let word = match &located.suppressed {
            None if style.hides(located, refused) => continue,
            None => Word::of(located, refused).as_str(),
            Some(_) if !style.suppressed => continue,
            Some(_) => "suppressed",
        };
        let finding = &located.finding;
        line(Some(file), Some(located.primary.region), word, finding.rule.id, &finding.message, out);
        if let Some(why) = &located.suppressed {
            let _ = write!(out, " ({})", visible::message(&suppression::text(why)));
        }
        let _ = write!(out, " [{}", visible::text(&object.to_string()));
        if let Some(container) = &finding.container {
            let _ = write!(out, ", container {}", visible::text(container));
        }
        out.push_str("]\n");
    }
}

/// A refusal that no finding explains must not be lost.
fn unexplained(file: &str, region: Region, object: &ObjectId, why: Option<&str>, out: &mut String) {
    if let Some(why) = why {
        line(Some(file), Some(region), "error", "refused", why, out);
        let _ = writeln!(out, " [{}]", visible::text(&object.to_string()));
    }
}

fn hint(hint: Option<&str>, out: &mut String) {
    if let Some(hint) = hint {
        let _ = write!(out, " ({})", visible::message(hint));
    }
    out.push('\n');
}

fn line(file: Option<&str>, region: Option<Region>, word: &str, rule: &str, message: &str, out: &mut String) {
    if let Some(file) = file {
        out.push_str(&visible::text(file));
        if let Some(region) = region {
            let _ = write!(out, ":{}:{}", region.line, region.column);
        }
        out.push_str(": ");
    }
    let _ = write!(out, "{word} {rule}: {}", visible::message(message));
}
