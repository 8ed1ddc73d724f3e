//! A file's bytes to its documents, split as k8s.io/apimachinery `pkg/util/yaml/decoder.go` splits them.

use std::sync::Arc;

use crate::document::Document;
use crate::problem::Problem;

/// Bounds on what is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nested collections.
    pub depth: u32,
    /// Bytes of one source.
    pub bytes: u32,
}

impl Default for Limits {
    /// Go's own depth (10,000) and 256 MiB.
    fn default() -> Self {
        Self { depth: 10_000, bytes: 256 << 20 }
    }
}

/// One document of a stream, or what kept it from being one.
#[derive(Debug)]
pub struct Entry {
    /// Position among the stream's documents that have content or a problem, from 0.
    pub index: u32,
    /// What could be read.
    pub document: Option<Document>,
    /// What could not. A problem never hides another document.
    pub problems: Vec<Problem>,
}

/// Reads the documents of one source one by one.
#[derive(Debug)]
pub struct Reader {
    _source: Arc<[u8]>,
}

impl Reader {
    /// A reader of `source`.
    pub fn new(source: Arc<[u8]>, _limits: Limits) -> Self {
        Self { _source: source }
    }

    /// Takes back the memory of a document that is no longer needed.
    pub fn recycle(&mut self, _document: Document) {}
}

impl Iterator for Reader {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        todo!()
    }
}

/// All documents of `source`, with default limits. Documents without content are left out.
pub fn read(source: impl Into<Arc<[u8]>>) -> Vec<Entry> {
    Reader::new(source.into(), Limits::default()).collect()
}
