//! What a reader could not read, and where.

use std::fmt;

use crate::document::Span;

/// What kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// Not YAML, or not JSON.
    Syntax,
    /// Deeper, larger or with more aliases than is read.
    Limit,
    /// Not UTF-8, or binary.
    Encoding,
    /// A template that was not rendered.
    Template,
    /// Content that kubectl ignores or refuses although it is YAML (text behind `...`, for instance).
    Ignored,
}

/// A problem with its place. The message is in lower case without a trailing period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// Where in the source.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(kind: ProblemKind, span: Span, message: impl Into<String>) -> Self {
        Self { kind, span, message: message.into(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
