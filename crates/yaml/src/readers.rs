//! Each reader by itself, for tests and benchmarks that compare them.

use std::sync::Arc;

use crate::document::{Document, Span};
use crate::problem::Problem;
use crate::stream::Limits;

/// The texts between the separators of a YAML stream.
pub fn chunks(source: &[u8]) -> Vec<Span> {
    crate::stream::chunks(source)
}

/// What the fast reader makes of the text at `range`; `None` if it declines. `scratch` is memory to reuse.
pub fn fast(source: &Arc<[u8]>, range: Span, scratch: &mut Option<Document>) -> Option<Document> {
    crate::fast::read(source, range, Limits::default(), scratch)
}

/// What the complete reader makes of the text at `range`.
pub fn complete(
    source: &Arc<[u8]>,
    range: Span,
    scratch: &mut Option<Document>,
) -> Result<(Document, Vec<Problem>), Problem> {
    let mut problems = Vec::new();
    let document = crate::complete::read(source, range, Limits::default(), scratch.take(), &mut problems)?;
    Ok((document, problems))
}

/// What the JSON reader makes of the value at `at`, and where the value ends.
pub fn json(source: &Arc<[u8]>, at: u32, scratch: &mut Option<Document>) -> Result<(Document, u32), Problem> {
    let (document, end) = crate::json::read(source, at as usize, Limits::default(), scratch)?;
    Ok((document, end as u32))
}
