//! The complete reader: libyaml events to nodes, for what the fast reader leaves alone.

use std::sync::Arc;

use crate::document::{Document, Span};
use crate::problem::{Problem, ProblemKind};
use crate::stream::Limits;

/// Stands in until the reader is here.
pub(crate) fn read(
    _source: &Arc<[u8]>,
    range: Span,
    _limits: &Limits,
    _scratch: Option<Document>,
    _problems: &mut Vec<Problem>,
) -> Result<Document, Problem> {
    Err(Problem::new(ProblemKind::Syntax, range, "not read"))
}
