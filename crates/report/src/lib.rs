//! Records to output: text for people, one-liners for editors, documents for machines.
//!
//! Rendering the records of one file depends on no other file, so that a [`Renderer`] turns files into [`Part`]s in parallel
//! and a [`Report`] puts them together in order. Formats that need more than one part to write the next line keep what they
//! need, bounded, in the report.
//!
//! Texts from outside are redacted and made visible, then escaped for the format: in a machine's format too, nothing in an input
//! can end a string, begin an entry, steer a terminal or turn the reading direction. Names (of files, objects, containers and
//! fields) are no secrets: they are told whole, so that they can be found.

mod bar;
mod base;
mod blocks;
mod concise;
pub mod diff;
mod fix;
pub mod fixes;
mod github;
mod gitlab;
mod group;
mod identity;
mod json;
mod jsonl;
mod judged;
mod junit;
mod markdown;
mod masked;
mod part;
mod report;
mod sarif;
mod score;
mod suppression;
mod text;
mod visible;
mod writer;

use std::sync::Arc;

use seawall_check::Record;
use seawall_check::scores::{Graded, ScoreRecord};

pub use bar::Bar;
pub use base::Base;
use blocks::Blocks;
pub use part::Part;
use part::Tail;
pub use report::Report;
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
    /// One JSON document with all records.
    Json,
    /// SARIF 2.1.0, as code scanning of GitHub and others take it.
    Sarif,
    /// `JUnit` XML, as Jenkins and others take it.
    Junit,
    /// Workflow commands of GitHub Actions: annotations.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// For a comment on a pull request.
    Markdown,
}

impl Format {
    /// All formats, those for people first.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Concise,
        Self::Markdown,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Gitlab,
    ];

    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Concise => "concise",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Markdown => "markdown",
        }
    }
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
    /// Findings at the bar and errors only, in formats for people.
    pub quiet: bool,
    /// What is at the bar.
    pub bar: Bar,
    /// Whether findings that do not count are listed, in formats for people.
    pub suppressed: bool,
    /// What the command line said of how to judge, as words for a shell, each with a blank behind: commands that are proposed judge
    /// in the same way.
    pub judged_by: &'static str,
}

#[cfg(test)]
impl Style {
    /// What tests write in.
    pub(crate) const PLAIN: Self = Self {
        colour: false,
        width: 100,
        exact: false,
        quiet: false,
        bar: Bar::ENFORCE,
        suppressed: false,
        judged_by: "",
    };
}

/// Turns records into parts of one report.
#[derive(Clone, Debug)]
pub struct Renderer {
    format: Format,
    style: Style,
    base: Arc<Base>,
}

impl Renderer {
    /// A renderer; `base` tells what files are called from the root of the repository.
    pub fn new(format: Format, style: Style, base: Arc<Base>) -> Self {
        Self { format, style, base }
    }

    /// Whether it is for people, who are told first what is theirs.
    pub fn is_for_people(&self) -> bool {
        matches!(self.format, Format::Text | Format::Concise | Format::Markdown | Format::Github)
    }

    /// Whether records of workloads that pass are wanted.
    pub fn wants_all(&self) -> bool {
        matches!(self.format, Format::Jsonl | Format::Json | Format::Junit)
    }

    /// Whether fixes are wanted as patches of objects.
    pub fn wants_patches(&self) -> bool {
        matches!(self.format, Format::Jsonl | Format::Json)
    }

    /// Whether the reference's own sentences are wanted for what findings explain.
    pub fn wants_sentences(&self) -> bool {
        matches!(self.format, Format::Jsonl | Format::Json) || self.style.exact
    }

    /// Whether fixes are wanted as edits of files.
    pub fn wants_edits(&self) -> bool {
        self.format == Format::Sarif
    }

    /// Whether findings that do not count are in it.
    pub fn tells_suppressed(&self) -> bool {
        match self.format {
            Format::Jsonl | Format::Json | Format::Sarif | Format::Junit => true,
            Format::Text | Format::Concise | Format::Markdown => self.style.suppressed,
            Format::Github | Format::Gitlab => false,
        }
    }

    /// Whether scores can be told in this format.
    pub fn tells_scores(format: Format) -> bool {
        matches!(format, Format::Text | Format::Json | Format::Jsonl)
    }

    /// A record of a run for scores, in a format that [tells](Self::tells_scores) them.
    pub fn render_score(&self, record: &ScoreRecord) -> Part {
        let graded: &Graded = match record {
            ScoreRecord::Other(record) => return self.render(std::slice::from_ref(record)),
            ScoreRecord::Object(graded) => graded,
        };
        let mut out = Blocks::default();
        match self.format {
            Format::Text => {
                let mut text = String::new();
                text::graded(graded, self.style, &mut text);
                return Part { tail: Tail::Text(text::Tail::default()), ..Part::from(Blocks::from(text)) };
            }
            Format::Json => {
                out.push_str(",\n");
                score::record(&mut out, graded);
            }
            _ => {
                score::record(&mut out, graded);
                out.push('\n');
            }
        }
        Part::from(out)
    }

    /// Some records in the format.
    pub fn render(&self, records: &[Record]) -> Part {
        let members = |write: &dyn Fn(&mut Blocks, &Record)| {
            let mut out = Blocks::default();
            for record in records {
                write(&mut out, record);
            }
            Part::from(out)
        };
        let lines = |write: &dyn Fn(&mut String, &Record)| {
            let mut out = String::new();
            for record in records {
                write(&mut out, record);
            }
            Part::from(Blocks::from(out))
        };
        match self.format {
            Format::Text => {
                let (text, tail) = text::render(records, self.style);
                Part { tail: Tail::Text(tail), ..Part::from(Blocks::from(text)) }
            }
            Format::Concise => lines(&|out, record| concise::record(out, record, self.style)),
            Format::Jsonl => members(&|out, record| {
                jsonl::record(out, record);
                out.push('\n');
            }),
            Format::Json => members(&json::record),
            Format::Junit => lines(&|out, record| junit::record(out, record, &self.base, self.style.bar)),
            Format::Github => lines(&|out, record| github::record(out, record, &self.base, self.style)),
            Format::Gitlab => gitlab::render(records, &self.base),
            Format::Sarif => sarif::render(records, &self.base),
            Format::Markdown => {
                let page = markdown::render(records, &self.base, self.style);
                Part { tail: Tail::Markdown(Box::new(page)), ..Part::default() }
            }
        }
    }
}
