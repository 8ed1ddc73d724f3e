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

use seawall_check::{Record, Summary};

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
    /// Whether findings that do not count are listed.
    pub suppressed: bool,
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
