//! Builds a [`Document`] node by node; every reader ends here, so that all agree on what a node is.

use std::sync::Arc;

use crate::document::{Document, Kind, NO_TEXT, Node, NodeId, Span, Style, flag};
use crate::scalar::Scalar;

/// Receives nodes in document order. The caller keeps its own stack of open collections and closes each with
/// [`Builder::close`]. Buffers are reused between documents by [`Builder::reuse`].
#[derive(Debug)]
pub struct Builder {
    doc: Document,
}

/// From so many bytes on room is made for all nodes at once: a list that grows holds its nodes twice each time.
const LARGE: usize = 1 << 16;

/// An empty list with room for the nodes of a large document, by what may begin one; what is not used is never touched.
fn room(nodes: Vec<Node>, source: &[u8], range: Span) -> Vec<Node> {
    let Some(text) = source.get(range.range()).filter(|text| text.len() >= LARGE) else { return nodes };
    let pairs = memchr::memchr_iter(b':', text).count();
    let items = memchr::memchr2_iter(b'-', b',', text).count();
    let count = 2 * pairs + items + 2;
    if nodes.capacity() >= count { nodes } else { Vec::with_capacity(count) }
}

impl Builder {
    /// A builder for the document at `range` of `source`.
    pub fn new(source: Arc<[u8]>, range: Span, json: bool) -> Self {
        let nodes = room(Vec::new(), &source, range);
        Self {
            doc: Document {
                source,
                range,
                json,
                item: None,
                nodes,
                texts: Vec::new(),
                arena: String::new(),
                whole: false,
                tags: Vec::new(),
                anchors: Vec::new(),
            },
        }
    }

    /// As [`Self::new`], in the memory of a document that is no longer needed.
    pub fn reuse(mut old: Document, source: Arc<[u8]>, range: Span, json: bool) -> Self {
        old.nodes.clear();
        let nodes = room(std::mem::take(&mut old.nodes), &source, range);
        old.texts.clear();
        old.arena.clear();
        old.tags.clear();
        old.anchors.clear();
        Self { doc: Document { source, range, json, item: None, nodes, whole: false, ..old } }
    }

    /// Keeps the text of the whole document, which is then not asked again and again whether it is UTF-8; of a large one it
    /// would be much to hold. Before any node.
    pub fn keep(&mut self, text: &str) {
        if text.len() < LARGE {
            self.doc.arena.push_str(text);
            self.doc.whole = true;
        }
    }

    /// The bytes of the whole source.
    pub fn source(&self) -> &[u8] {
        &self.doc.source
    }

    /// The index that the next node will have.
    pub fn next_id(&self) -> NodeId {
        NodeId(self.doc.nodes.len() as u32)
    }

    fn push(&mut self, kind: Kind, style: Style, flags: u8, span: Span, value: u32) -> NodeId {
        let id = self.next_id();
        self.doc.nodes.push(Node { kind, style, flags, span, next: id.0 + 1, value });
        id
    }

    /// Adds a scalar whose text is its raw slice, or that needs none (null, booleans).
    pub fn scalar(&mut self, value: Scalar, style: Style, span: Span) -> NodeId {
        let (kind, flags) = value.parts();
        self.push(kind, style, flags, span, NO_TEXT)
    }

    /// Adds a scalar whose text differs from its raw slice.
    pub fn scalar_with_text(&mut self, value: Scalar, style: Style, span: Span, text: &str) -> NodeId {
        let start = self.doc.arena.len() as u32;
        self.doc.arena.push_str(text);
        self.scalar_from_arena(value, style, span, start)
    }

    /// The buffer of decoded texts, for readers that decode in place; finish with [`Self::scalar_from_arena`].
    pub fn arena(&mut self) -> &mut String {
        &mut self.doc.arena
    }

    /// The source and the buffer of decoded texts together.
    pub fn source_and_arena(&mut self) -> (&[u8], &mut String) {
        (&self.doc.source, &mut self.doc.arena)
    }

    /// Adds a scalar whose text is everything in the arena from `start` on.
    pub fn scalar_from_arena(&mut self, value: Scalar, style: Style, span: Span, start: u32) -> NodeId {
        let index = self.doc.texts.len() as u32;
        self.doc.texts.push(Span::new(start, self.doc.arena.len() as u32));
        let (kind, flags) = value.parts();
        self.push(kind, style, flags, span, index)
    }

    /// Opens a sequence or mapping that starts at `start`.
    pub fn open(&mut self, kind: Kind, style: Style, start: u32) -> NodeId {
        debug_assert!(matches!(kind, Kind::Sequence | Kind::Mapping));
        self.push(kind, style, 0, Span::new(start, start), 0)
    }

    /// Closes a collection: `count` items or pairs, written up to `end`.
    pub fn close(&mut self, id: NodeId, count: u32, end: u32) {
        let next = self.doc.nodes.len() as u32;
        let node = &mut self.doc.nodes[id.index()];
        node.next = next;
        node.value = count;
        node.span.end = end;
    }

    /// Adds an alias of an earlier node.
    pub fn alias(&mut self, target: NodeId, span: Span) -> NodeId {
        self.push(Kind::Alias, Style::Plain, 0, span, target.0)
    }

    /// Marks a key as a merge key, and the mapping it stands in as one that merges.
    pub fn mark_merge(&mut self, mapping: NodeId, key: NodeId) {
        self.doc.nodes[mapping.index()].flags |= flag::MERGE;
        self.doc.nodes[key.index()].flags |= flag::MERGE;
    }

    /// Records the tag of a node.
    pub fn tag(&mut self, id: NodeId, span: Span) {
        self.doc.nodes[id.index()].flags |= flag::TAG;
        self.doc.tags.push((id, span));
    }

    /// Records the anchor of a node.
    pub fn anchor(&mut self, id: NodeId, span: Span) {
        self.doc.nodes[id.index()].flags |= flag::ANCHOR;
        self.doc.anchors.push((id, span));
    }

    /// The kind of a node already added.
    pub fn kind(&self, id: NodeId) -> Kind {
        self.doc.nodes[id.index()].kind
    }

    /// The end of the span of the node added last.
    pub fn last_end(&self) -> Option<u32> {
        self.doc.nodes.last().map(|n| n.span.end)
    }

    /// The finished document; one without any node gets a null root.
    pub fn finish(mut self) -> Document {
        if self.doc.nodes.is_empty() {
            let at = self.doc.range.start;
            self.push(Kind::Null, Style::Plain, 0, Span::new(at, at), NO_TEXT);
        }
        self.doc
    }

    /// Corrects the range, for readers that learn the end of the document by reading it.
    pub fn set_range(&mut self, range: Span) {
        self.doc.range = range;
    }

    /// Gives up: the memory, for [`Self::reuse`].
    pub fn abandon(self) -> Document {
        self.doc
    }
}
