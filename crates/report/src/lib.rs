//! Records to output: text for people, one line a finding for editors, one JSON object a line for machines.
//!
//! ```text
//! records of a file -> page()   -> Page { text, tally }      any number of threads, no page depends on another
//! pages in input order          -> text joined, tallies merged
//! tally, summary                -> finish() -> the tail
//! ```
//!
//! Knows nothing of checks, configuration or where the output goes.

mod concise;
mod exact;
mod group;
mod jsonl;
mod lines;
mod paint;
mod snippet;
mod tail;
mod tally;
mod text;
mod visible;

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use seawall_check::{Record, Summary};

pub use tally::Tally;

/// The number in every line of `jsonl`.
pub const SCHEMA: u64 = 1;

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people, with source lines.
    #[default]
    Text,
    /// One line a finding.
    Concise,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Text, Self::Concise, Self::Jsonl];

    /// As on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Concise => "concise",
            Self::Jsonl => "jsonl",
        }
    }
}

/// A format that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownFormat;

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be one of text, concise, jsonl")
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|f| f.as_str() == text).ok_or(UnknownFormat)
    }
}

/// How to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The form.
    pub format: Format,
    /// Only what is at the bar, and input errors: no notices, no summary. `jsonl` is a contract and stays whole.
    pub quiet: bool,
    /// The reference's own sentences in place of findings, in `text`.
    pub exact: bool,
    /// Columns of the terminal; at least 40 are used.
    pub width: usize,
    /// Whether to use ANSI styles; without them the text is the same.
    pub color: bool,
    /// What was looked at, as a person would name it: `deploy/`. For the line that says that nothing was found.
    pub inputs: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: Format::Text,
            quiet: false,
            exact: false,
            width: 100,
            color: false,
            inputs: String::new(),
        }
    }
}

/// The output for some records, with what the tail needs of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// To be written in input order.
    pub text: String,
    /// To be merged in input order.
    pub tally: Tally,
}

/// Renders records. A function of these records alone: pages of different files may be made in parallel.
pub fn page(records: &[Record], options: &Options) -> Page {
    let mut page = Page::default();
    let mut lines = lines::Cache::default();
    for record in records {
        page.tally.count(record);
        match options.format {
            Format::Jsonl => jsonl::record(record, &mut page.text),
            Format::Concise => concise::record(record, options, &mut page.text),
            Format::Text => text::record(record, options, &mut lines, &mut page.text),
        }
    }
    page
}

/// The end of the output.
pub fn finish(tally: &Tally, summary: &Summary, elapsed: Option<Duration>, options: &Options) -> String {
    let mut out = String::new();
    match options.format {
        Format::Jsonl => jsonl::summary(summary, &mut out),
        Format::Concise => {}
        Format::Text => tail::write(tally, summary, elapsed, options, &mut out),
    }
    out
}

/// Writes records one after the other, for callers with one thread.
#[derive(Debug)]
pub struct Renderer<W> {
    out: W,
    options: Options,
    tally: Tally,
}

impl<W: io::Write> Renderer<W> {
    /// A renderer that writes to `out`, which should be buffered.
    pub fn new(out: W, options: Options) -> Self {
        Self { out, options, tally: Tally::default() }
    }

    /// Writes one record.
    pub fn record(&mut self, record: &Record) -> io::Result<()> {
        self.page(page(std::slice::from_ref(record), &self.options))
    }

    /// Writes what was rendered elsewhere.
    pub fn page(&mut self, page: Page) -> io::Result<()> {
        self.tally.merge(page.tally);
        self.out.write_all(page.text.as_bytes())
    }

    /// Writes the tail and returns the writer.
    pub fn finish(mut self, summary: &Summary, elapsed: Option<Duration>) -> io::Result<W> {
        self.out.write_all(finish(&self.tally, summary, elapsed, &self.options).as_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }
}
