//! Records to output: text for people, one-liners for editors, JSON lines for machines.
//!
//! Rendering the records of one file depends on no other file, so that files are rendered in parallel and printed in order.

mod jsonl;
mod writer;

use std::time::Duration;

use seawall_check::{Record, Summary};

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
}

/// What the end of a report says besides the summary: counted while records are rendered.
#[derive(Clone, Debug, Default)]
pub struct Tail {}

impl Tail {
    /// Adds what another part of the run counted.
    pub fn merge(&mut self, _other: Self) {}
}

/// Writes records in one format.
#[derive(Clone, Debug)]
pub struct Renderer {
    format: Format,
    _style: Style,
}

impl Renderer {
    /// A renderer.
    pub fn new(format: Format, style: Style) -> Self {
        Self { format, _style: style }
    }

    /// Whether records of workloads that pass are wanted.
    pub fn wants_all(&self) -> bool {
        self.format == Format::Jsonl
    }

    /// The text of some records, and what the end has to say of them.
    pub fn render(&self, records: &[Record]) -> (String, Tail) {
        let mut out = String::new();
        if self.format == Format::Jsonl {
            records.iter().for_each(|r| jsonl::record(&mut out, r));
        }
        (out, Tail::default())
    }

    /// The end of the report.
    pub fn finish(&self, summary: &Summary, _tail: Tail, _elapsed: Option<Duration>) -> String {
        let mut out = String::new();
        if self.format == Format::Jsonl {
            jsonl::summary(&mut out, summary);
        }
        out
    }
}
