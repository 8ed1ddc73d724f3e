//! A code quality report of GitLab: a JSON list with one entry a finding. What is suppressed is not in it.

use std::io::{self, Write};

use seawall_check::{InputError, Notice, NoticeKind, Record, Region};
use seawall_finding::{Severity, fingerprint};

use crate::base::Base;
use crate::blocks::Blocks;
use crate::identity::{Identities, Item, Occurrences, number};
use crate::judged::Judged;
use crate::part::Part;
use crate::visible;
use crate::writer::{Writer, object};

/// The entries of some records, each with a comma and a line's end in front of it.
pub(crate) fn render(records: &[Record], base: &Base) -> Part {
    let mut part = Part::default();
    for record in records {
        match record {
            Record::Error(error) => input_error(error, base, &mut part),
            // A report without these would be taken for clean, or for all there is.
            Record::Notice(notice) => match notice.kind {
                NoticeKind::NotSeen => told("cluster", notice, &mut part),
                NoticeKind::FindingsLeftOut => {
                    let file = notice.file.as_deref().unwrap_or_default();
                    told(base.named(file).path(), notice, &mut part);
                }
                _ => {}
            },
            Record::Workload(_) | Record::Object(_) => {
                if let Some(judged) = Judged::of(record) {
                    entries(&judged, base, &mut part);
                }
            }
        }
    }
    part
}

fn entries(judged: &Judged<'_>, base: &Base, part: &mut Part) {
    let named = base.named(judged.file);
    let path = named.path();
    let mut identities = Identities::new(judged, path);
    let key = seawall_check::object_key(judged.object);
    let template = judged.template.map(ToString::to_string).unwrap_or_default();
    let record = number([key.as_str(), &template]);
    let mut first = true;
    let mut push = |entry: Entry<'_>, part: &mut Part| {
        entry.write(part, Place { path, record, first: std::mem::take(&mut first) });
    };
    if let Some((rule, why)) = judged.refusal() {
        let fingerprint = identities.own(&fingerprint([rule.id, key.as_str()]));
        let check = rule.id;
        let (site, region) = (Some(judged.site(None)), judged.region);
        push(Entry { check, message: why, site, fingerprint, severity: "critical", region }, part);
    }
    for located in judged.findings {
        // Numbered with those that are suppressed, so that a fingerprint does not change when another one is.
        let (_, fingerprint) = identities.of(located);
        if located.suppressed.is_some() {
            continue;
        }
        let finding = &located.finding;
        let severity = severity(finding.severity);
        let (check, region) = (finding.rule.id, located.primary.region);
        let site = Some(judged.site(finding.container.as_deref()));
        push(Entry { check, message: &finding.message, site, fingerprint, severity, region }, part);
    }
}

fn told(path: &str, notice: &Notice, part: &mut Part) {
    let (check, message) = (notice.kind.as_str(), &notice.message);
    let region = notice.region.unwrap_or(Region { line: 1, column: 1, end_line: 1, end_column: 1 });
    let own = fingerprint([check, message]);
    let entry = Entry { check, message, site: None, fingerprint: own, severity: "info", region };
    entry.write(part, Place { path, record: number([check, message]), first: true });
}

fn input_error(error: &InputError, base: &Base, part: &mut Part) {
    let named = base.named(&error.file);
    let path = named.path();
    let own = fingerprint(["input", path, &error.message]);
    let record = number(["input", &error.message]);
    let region = error.region.unwrap_or(Region { line: 1, column: 1, end_line: 1, end_column: 1 });
    let (check, message, severity) = ("input", &error.message, "blocker");
    let entry = Entry { check, message, site: None, fingerprint: own, severity, region };
    entry.write(part, Place { path, record, first: true });
}

/// GitLab knows five severities too.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "minor",
        Severity::Medium => "major",
        Severity::High => "critical",
        Severity::Critical => "blocker",
    }
}

struct Entry<'a> {
    check: &'static str,
    message: &'a str,
    /// The object and container.
    site: Option<String>,
    fingerprint: String,
    severity: &'static str,
    region: Region,
}

#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a str,
    record: u64,
    first: bool,
}

impl Entry<'_> {
    fn description(&self) -> String {
        let message = visible::message(self.message);
        match &self.site {
            Some(site) => format!("{message} [{site}]"),
            None => message.into_owned(),
        }
    }

    fn write(&self, part: &mut Part, place: Place<'_>) {
        part.text.push_str(",\n");
        let mut mark = 0;
        object(&mut part.text, |w| {
            w.string("description", &self.description());
            w.string("check_name", self.check);
            mark = w.marked("fingerprint", &self.fingerprint);
            w.string("severity", self.severity);
            w.object("location", |w| {
                w.string("path", place.path);
                w.object("lines", |w: &mut Writer<'_>| {
                    w.number("begin", self.region.line.into());
                    w.number("end", self.region.end_line.into());
                });
            });
        });
        part.items.push(Item {
            end: part.text.len(),
            mark,
            file: number([place.path]),
            record: place.record,
            first: place.first,
        });
    }
}

/// What has been written of the list.
#[derive(Debug, Default)]
pub(crate) struct State {
    begun: bool,
    seen: Occurrences,
}

impl State {
    /// Writes some entries; of equal ones all but the first get a number.
    pub(crate) fn add(&mut self, text: &Blocks, items: &[Item], to: &mut dyn Write) -> io::Result<()> {
        let mut start = 0;
        for item in items {
            if !std::mem::replace(&mut self.begun, true) {
                to.write_all(b"[")?;
                start = 1;
            }
            match self.seen.of(item) {
                1 => {}
                n => {
                    text.write_part(start..item.mark, to)?;
                    write!(to, ":{n}")?;
                    start = item.mark;
                }
            }
            text.write_part(start..item.end, to)?;
            start = item.end;
        }
        Ok(())
    }

    /// Writes the end.
    pub(crate) fn finish(self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(if self.begun { b"\n]\n" } else { b"[]\n" })
    }
}
