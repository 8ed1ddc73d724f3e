//! Records to output: text for people, one-liners for editors, JSON lines for machines.
//!
//! Rendering the records of one file depends on no other file, so that files are rendered in parallel and printed in order.

mod concise;
mod jsonl;
mod suppression;
mod text;
mod visible;
mod writer;

use std::time::Duration;

use seawall_check::{FailOn, Located, Mode, Record, Summary};
use seawall_finding::Severity;

pub use text::Tail;
pub use visible::text as visible;

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One line a finding.
    Concise,
    /// One JSON object a record.
    Jsonl,
}

/// How to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colours.
    pub colour: bool,
    /// The columns there are.
    pub width: usize,
    /// Whether the reference's own sentences are wanted.
    pub exact: bool,
    /// Findings at the bar and errors only.
    pub quiet: bool,
    /// What is at the bar.
    pub bar: Bar,
    /// Whether findings that do not count are listed.
    pub suppressed: bool,
}

/// Which findings fail a run: those that a quiet report shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Refusals by the API server, and what the enforced level forbids.
    refusals: bool,
    /// What the audited level forbids.
    audit: bool,
    /// What the level that is warned of forbids.
    warn: bool,
    /// Whatever is of this severity or above.
    severity: Option<Severity>,
}

impl Bar {
    /// The default: what the API server refuses.
    pub const ENFORCE: Self = Self { refusals: true, audit: false, warn: false, severity: None };

    /// The lowest of these; with `never` nothing is at it.
    pub fn of(bars: &[FailOn]) -> Self {
        let mut bar = Self { refusals: false, ..Self::ENFORCE };
        for one in bars {
            match one {
                FailOn::Enforce => bar.refusals = true,
                FailOn::Audit => (bar.refusals, bar.audit) = (true, true),
                FailOn::Warn => (bar.refusals, bar.warn) = (true, true),
                FailOn::Severity(s) => bar.severity = Some(bar.severity.map_or(*s, |known| known.min(*s))),
                FailOn::Never => return Self { refusals: false, ..Self::ENFORCE },
            }
        }
        bar
    }

    /// Whether a finding on an object that the API server refuses, or takes, is at it.
    fn includes(self, located: &Located, refused: bool) -> bool {
        let forbidden = |mode: &Mode| match mode {
            Mode::Enforce => self.refusals,
            Mode::Audit => self.audit,
            Mode::Warn => self.warn,
        };
        (refused && self.refusals)
            || located.modes.iter().any(forbidden)
            || self.severity.is_some_and(|least| located.finding.severity >= least)
    }
}

impl Style {
    /// Whether a finding is left out.
    fn hides(self, located: &Located, refused: bool) -> bool {
        self.quiet && !self.bar.includes(located, refused)
    }

    /// Whether a refusal that no finding explains is left out.
    fn hides_refusals(self) -> bool {
        self.quiet && !self.bar.refusals
    }
}

/// Writes records in one format.
#[derive(Clone, Debug)]
pub struct Renderer {
    format: Format,
    style: Style,
}

impl Renderer {
    /// A renderer.
    pub fn new(format: Format, style: Style) -> Self {
        Self { format, style }
    }

    /// Whether records of workloads that pass are wanted.
    pub fn wants_all(&self) -> bool {
        self.format == Format::Jsonl
    }

    /// The text of some records, and what the end has to say of them.
    pub fn render(&self, records: &[Record]) -> (String, Tail) {
        match self.format {
            Format::Text => text::render(records, self.style),
            Format::Concise => {
                let mut out = String::new();
                for record in records {
                    concise::record(&mut out, record, self.style);
                }
                (out, Tail::default())
            }
            Format::Jsonl => {
                let mut out = String::new();
                for record in records {
                    jsonl::record(&mut out, record);
                }
                (out, Tail::default())
            }
        }
    }

    /// The end of the report. Without `elapsed` no time is told.
    pub fn finish(&self, summary: &Summary, tail: &Tail, elapsed: Option<Duration>) -> String {
        match self.format {
            Format::Text => text::finish(summary, tail, self.style, elapsed),
            Format::Concise => String::new(),
            Format::Jsonl => {
                let mut out = String::new();
                jsonl::summary(&mut out, summary);
                out
            }
        }
    }
}
