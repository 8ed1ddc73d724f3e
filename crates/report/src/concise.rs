//! One line a finding, for editors and grep: `file:line:column: severity rule: message [Kind ns/name, container app]`.

use std::fmt::Write as _;

use seawall_check::{Record, Region};

use crate::group::Word;
use crate::judged::Judged;
use crate::suppression;
use crate::{Style, visible};

/// Adds a record's lines.
pub(crate) fn record(out: &mut String, record: &Record, style: Style) {
    match record {
        Record::Workload(_) | Record::Object(_) => {
            if let Some(judged) = Judged::of(record) {
                entries(&judged, style, out);
            }
        }
        Record::Error(error) => {
            line(Some(&error.file), error.region, "error", "input", &error.message, out);
            hint(error.hint.as_deref(), out);
        }
        Record::Notice(notice) if !style.hides_notice(notice.kind) => {
            line(notice.file.as_deref(), notice.region, "note", notice.kind.as_str(), &notice.message, out);
            hint(notice.hint.as_deref(), out);
        }
        Record::Notice(_) => {}
    }
}

fn entries(judged: &Judged<'_>, style: Style, out: &mut String) {
    let file = Some(judged.file);
    if let Some((rule, why)) = judged.refusal().filter(|_| !style.hides_refusals()) {
        line(file, Some(judged.region), "error", rule.id, why, out);
        let _ = writeln!(out, " [{}]", judged.site(None));
    }
    for located in judged.findings {
        let word = match &located.suppressed {
            None if style.hides(located, judged.refused) => continue,
            None => Word::of(located).as_str(),
            Some(_) if !style.suppressed => continue,
            Some(_) => "suppressed",
        };
        let finding = &located.finding;
        line(file, Some(located.primary.region), word, finding.rule.id, &finding.message, out);
        if let Some(why) = &located.suppressed {
            let _ = write!(out, " ({})", visible::message(&suppression::text(why)));
        }
        let _ = writeln!(out, " [{}]", judged.site(finding.container.as_deref()));
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
