//! SARIF 2.1.0: one result a finding, as code scanning of GitHub and others take it.
//!
//! Results are written as they come, in front of the rest of their run. GitHub takes 25,000 results a run and 20 runs a file:
//! what goes beyond goes into the next run, and what goes beyond all of them is counted in a notification. What could not be
//! read, and other notices, are notifications of the last run.

mod notes;
mod result;
mod rules;
mod severities;

use std::io::{self, Write};

use seawall_check::{Record, Summary};

use self::notes::Notes;
use self::severities::Severities;
use crate::base::Base;
use crate::blocks::Blocks;
use crate::identity::{Item, Occurrences};
use crate::jsonl;
use crate::judged::Judged;
use crate::part::{Part, Tail};
use crate::writer::Writer;

/// What relative URIs begin at: the root of the repository, wherever it is.
const ROOT: &str = "%SRCROOT%";

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// How much fits.
#[derive(Clone, Copy, Debug)]
struct Limits {
    results: u64,
    runs: u64,
}

/// Bytes that the results of most files have at most. Texts that grow to that leave a block of each size behind, on each thread.
const ROOM: usize = 32 << 10;

/// What GitHub takes.
const LIMITS: Limits = Limits { results: 25_000, runs: 20 };

/// What the end has to know of a part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    notes: Notes,
    severities: Severities,
}

/// The results of some records, and what the end has to know of them.
pub(crate) fn render(records: &[Record], base: &Base) -> Part {
    let mut part = Part::from(Blocks::with_capacity(ROOM));
    let mut heard = Heard::default();
    for record in records {
        heard.notes.note(record, base);
        if let Some(judged) = Judged::of(record) {
            judged.findings.iter().for_each(|located| heard.severities.note(&located.finding));
            result::results(&judged, base, &mut part);
        }
    }
    Part { tail: Tail::Sarif(heard), ..part }
}

/// What has been written of the document.
#[derive(Debug)]
pub(crate) struct State {
    limits: Limits,
    /// Runs that were begun, and results in the last of them.
    runs: u64,
    results: u64,
    left_out: u64,
    seen: Occurrences,
    heard: Heard,
}

impl Default for State {
    fn default() -> Self {
        Self {
            limits: LIMITS,
            runs: 0,
            results: 0,
            left_out: 0,
            seen: Occurrences::default(),
            heard: Heard::default(),
        }
    }
}

impl State {
    /// Writes some results.
    pub(crate) fn add(
        &mut self,
        text: &Blocks,
        items: &[Item],
        heard: Heard,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        self.heard.notes.merge(heard.notes);
        self.heard.severities.merge(&heard.severities);
        let mut start = 0;
        for item in items {
            let number = self.seen.of(item);
            let (from, end) = (start, item.end);
            start = end;
            if self.runs > 0 && self.results == self.limits.results {
                if self.runs == self.limits.runs {
                    self.left_out += 1;
                    continue;
                }
                self.end_run(None, to)?;
                self.begin_run(to)?;
            } else if self.runs == 0 {
                self.begin_run(to)?;
            }
            // The first of a run has no comma in front of it.
            let from = from + usize::from(self.results == 0);
            self.results += 1;
            text.write_part(from..item.mark, to)?;
            if number > 1 {
                write!(to, ":{number}")?;
            }
            text.write_part(item.mark..end, to)?;
        }
        Ok(())
    }

    /// Writes the end.
    pub(crate) fn finish(mut self, summary: &Summary, to: &mut dyn Write) -> io::Result<()> {
        if self.runs == 0 {
            self.begin_run(to)?;
        }
        self.end_run(Some(summary), to)?;
        to.write_all(b"]}\n")
    }

    fn begin_run(&mut self, to: &mut dyn Write) -> io::Result<()> {
        if self.runs == 0 {
            writeln!(to, "{{\"version\":\"2.1.0\",\"$schema\":\"{SCHEMA}\",\"runs\":[")?;
        } else {
            to.write_all(b",\n")?;
        }
        self.runs += 1;
        self.results = 0;
        to.write_all(b"{\"columnKind\":\"unicodeCodePoints\",\"results\":[")
    }

    /// Writes what follows the results of a run; the summary belongs to the last one.
    fn end_run(&mut self, summary: Option<&Summary>, to: &mut dyn Write) -> io::Result<()> {
        let mut out = Blocks::default();
        out.push_str(if self.results == 0 { "]" } else { "\n]" });
        let mut w = Writer::resume(&mut out);
        rules::tool(&mut w, &self.heard.severities);
        w.object("originalUriBaseIds", |w| {
            w.object(ROOT, |w| {
                w.object("description", |w| w.string("text", "the root of the repository"));
            });
        });
        // The first run leaves its category to whoever uploads it: an id would win over what is asked for there. The others
        // need categories of their own, since GitHub takes one run of each.
        if self.runs > 1 {
            let run = self.runs;
            w.object("automationDetails", |w| {
                w.string("id", &format!("seawall/part-{run}/"));
                w.object("description", |w| {
                    w.string(
                        "text",
                        &format!("part {run} of one scan, which has more results than a run takes"),
                    );
                });
            });
        }
        if let Some(summary) = summary {
            w.objects("invocations", [()], |w, ()| self.invocation(w, summary));
            let mut text = Blocks::default();
            jsonl::summary(&mut text, summary);
            w.object("properties", |w| w.raw("summary", &text.to_string()));
        }
        out.push_str("}\n");
        out.write_to(to)
    }

    fn invocation(&self, w: &mut Writer<'_>, summary: &Summary) {
        w.boolean("executionSuccessful", summary.exit < 2);
        w.number("exitCode", summary.exit.into());
        let meaning = match summary.exit {
            0 => "nothing at the bar",
            1 => "findings at the bar",
            _ => "input that could not be read",
        };
        w.string("exitCodeDescription", meaning);
        self.heard.notes.write(w, self.left_out);
    }
}

#[cfg(test)]
mod tests;
