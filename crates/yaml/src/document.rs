//! The tree that every reader builds: flat nodes in document order, with byte spans into the source.

use std::borrow::Cow;
use std::sync::Arc;

use crate::scalar::{self, Number};

/// A range of bytes of the source, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The span as an index range.
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether it holds no byte, as the span of a value that is not written.
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// Index of a node in its [`Document`], in document order; the root is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The position in document order.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node is, with scalars resolved as go.yaml.in/yaml/v2 resolves them (YAML 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// `null`, `~`, or nothing written.
    Null,
    /// `true`, `yes`, `on`, `y` and their opposites.
    Bool,
    /// An integer that fits i64 or u64.
    Int,
    /// A finite floating point number.
    Float,
    /// Any other scalar.
    String,
    /// A list.
    Sequence,
    /// A mapping.
    Mapping,
    /// `*name`; see [`NodeRef::resolved`].
    Alias,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Style {
    /// An unquoted scalar, or a value that is not written.
    Plain,
    /// `'...'`
    SingleQuoted,
    /// `"..."`, also every string of a JSON document.
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A block mapping or sequence.
    Block,
    /// A flow mapping or sequence, also every collection of a JSON document.
    Flow,
}

pub(crate) const NO_TEXT: u32 = u32::MAX;

pub(crate) mod flag {
    /// The boolean's value.
    pub(crate) const TRUE: u8 = 1;
    /// On a key: it is a merge key (`<<`). On a mapping: it has one.
    pub(crate) const MERGE: u8 = 2;
    /// The node has a tag.
    pub(crate) const TAG: u8 = 4;
    /// The node has an anchor.
    pub(crate) const ANCHOR: u8 = 8;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) style: Style,
    pub(crate) flags: u8,
    pub(crate) span: Span,
    /// Index after the last descendant.
    pub(crate) next: u32,
    /// Scalar: index into `texts`, or `NO_TEXT` where the raw slice is the text.
    /// Collection: number of items or pairs. Alias: the target's index.
    pub(crate) value: u32,
}

/// One document of a stream. Cheap to share (`Send + Sync`); the source is shared by all documents of a file.
#[derive(Clone, Debug)]
pub struct Document {
    pub(crate) source: Arc<[u8]>,
    /// The bytes of the file that belong to this document.
    pub(crate) range: Span,
    pub(crate) json: bool,
    /// Its place, if it is an item that was cut out of a list.
    pub(crate) item: Option<ListItem>,
    pub(crate) nodes: Vec<Node>,
    /// Decoded texts of scalars whose raw slice is not their text: ranges of `arena`.
    pub(crate) texts: Vec<Span>,
    pub(crate) arena: String,
    /// Whether the arena begins with the text of the whole document, so that raw slices are known to be UTF-8.
    pub(crate) whole: bool,
    /// Tags as written, in document order.
    pub(crate) tags: Vec<(NodeId, Span)>,
    /// Anchors as written (with `&`), in document order.
    pub(crate) anchors: Vec<(NodeId, Span)>,
}

/// The place of an item that was cut out of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListItem {
    /// Its position, from 0.
    pub position: u32,
    /// The apiVersion and the kind of the list: its items need not say their own.
    pub list: Arc<(String, String)>,
}

impl Document {
    /// The root node; `Null` for a document without content. Of an item of a list it is the item.
    pub fn root(&self) -> NodeRef<'_> {
        // In YAML, what was cut out is read as a list of one.
        let first = u32::from(self.item.is_some() && !self.json && self.nodes.len() > 1);
        NodeRef { doc: self, id: NodeId(first) }
    }

    /// The place in its list, if this is one of the items that a large list was cut into
    /// ([`crate::Reader::by_items`]): the document is then a part of the one that the stream has.
    pub fn list_item(&self) -> Option<&ListItem> {
        self.item.as_ref()
    }

    /// The whole source that this document is part of.
    pub fn source(&self) -> &Arc<[u8]> {
        &self.source
    }

    /// The bytes of the source that belong to this document, separators excluded.
    pub fn range(&self) -> Span {
        self.range
    }

    /// Whether it was read by JSON's rules.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether the fast reader read it: it has no problems then. Not told of large documents.
    pub fn is_plain(&self) -> bool {
        self.whole
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it has no content: nothing but comments, or an explicit null.
    pub fn is_empty(&self) -> bool {
        self.nodes.first().is_none_or(|n| n.kind == Kind::Null)
    }

    /// The node with that index, if there is one.
    pub fn node(&self, index: usize) -> Option<NodeRef<'_>> {
        (index < self.nodes.len()).then_some(NodeRef { doc: self, id: NodeId(index as u32) })
    }

    /// All nodes in document order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeRef<'_>> {
        (0..self.nodes.len() as u32).map(|i| NodeRef { doc: self, id: NodeId(i) })
    }

    /// The comments in document order, each from its `#` to the end of its line: the gaps between tokens hold nothing
    /// else that contains a `#`.
    pub fn comments(&self) -> Vec<Span> {
        let mut out = Vec::new();
        if self.json {
            return out;
        }
        let mut tokens: Vec<Span> = self
            .nodes
            .iter()
            .filter(|n| !matches!(n.kind, Kind::Mapping | Kind::Sequence))
            .map(|n| n.span)
            .collect();
        if !self.tags.is_empty() || !self.anchors.is_empty() {
            tokens.extend(self.tags.iter().chain(&self.anchors).map(|(_, span)| *span));
            tokens.sort_unstable();
        }
        let mut at = self.range.start;
        for token in tokens {
            if token.start > at {
                self.comments_of_gap(Span::new(at, token.start), &mut out);
            }
            at = at.max(token.end);
        }
        self.comments_of_gap(Span::new(at, self.range.end), &mut out);
        // A block scalar's header may carry a comment of its own: `key: | # why`.
        for node in self.nodes.iter().filter(|n| matches!(n.style, Style::Literal | Style::Folded)) {
            let text = &self.source[node.span.range()];
            let header = memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len());
            if let Some(hash) = memchr::memchr(b'#', &text[..header]) {
                out.push(Span::new(node.span.start + hash as u32, node.span.start + header as u32));
            }
        }
        out.sort_unstable();
        out
    }

    /// A raw slice as text, if it is UTF-8.
    fn slice(&self, span: Span) -> Option<&str> {
        let known = || {
            let start = span.start.checked_sub(self.range.start)? as usize;
            self.arena.get(start..start + (span.end - span.start) as usize)
        };
        match self.whole.then(known).flatten() {
            Some(text) => Some(text),
            None => std::str::from_utf8(&self.source[span.range()]).ok(),
        }
    }

    fn comments_of_gap(&self, gap: Span, out: &mut Vec<Span>) {
        let mut at = gap.start as usize;
        let end = gap.end as usize;
        while let Some(hash) = memchr::memchr(b'#', &self.source[at..end]) {
            let start = at + hash;
            let stop = memchr::memchr2(b'\n', b'\r', &self.source[start..end])
                .map_or(end, |newline| start + newline);
            out.push(Span::new(start as u32, stop as u32));
            at = stop;
        }
    }
}

/// The span that a node has among tags or anchors, which stand in document order.
fn property(all: &[(NodeId, Span)], id: NodeId) -> Option<Span> {
    all.binary_search_by_key(&id, |(id, _)| *id).ok().map(|at| all[at].1)
}

/// A node of a borrowed document: copy it freely.
#[derive(Clone, Copy)]
pub struct NodeRef<'d> {
    pub(crate) doc: &'d Document,
    pub(crate) id: NodeId,
}

impl std::fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}#{}@{}..{}", self.kind(), self.id.0, self.span().start, self.span().end)
    }
}

impl PartialEq for NodeRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.doc, other.doc) && self.id == other.id
    }
}

impl<'d> NodeRef<'d> {
    fn data(self) -> &'d Node {
        &self.doc.nodes[self.id.index()]
    }

    fn at(self, index: u32) -> Self {
        Self { doc: self.doc, id: NodeId(index) }
    }

    /// The document this node belongs to.
    pub fn document(self) -> &'d Document {
        self.doc
    }

    /// Its index in the document.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// What it is; aliases are not followed.
    pub fn kind(self) -> Kind {
        self.data().kind
    }

    /// How it is written.
    pub fn style(self) -> Style {
        self.data().style
    }

    /// Where it is written, without tag and anchor. Quotes and brackets belong to it; a block collection reaches from
    /// its first key or `-` to the end of its last value; a block scalar from its indicator to its last content line;
    /// a value that is not written is an empty span behind its `:` or `-`.
    pub fn span(self) -> Span {
        self.data().span
    }

    /// The bytes it is written with.
    pub fn raw(self) -> &'d [u8] {
        &self.doc.source[self.span().range()]
    }

    /// The node itself, or the one that an alias stands for.
    #[must_use]
    pub fn resolved(self) -> Self {
        let data = self.data();
        if data.kind == Kind::Alias { self.at(data.value) } else { self }
    }

    /// The scalar's text after unquoting, unescaping and folding; `None` for collections. Aliases are followed.
    pub fn text(self) -> Option<&'d str> {
        let node = self.resolved();
        let data = node.data();
        match data.kind {
            Kind::Sequence | Kind::Mapping | Kind::Alias => None,
            _ if data.value == NO_TEXT => node.doc.slice(data.span),
            _ => Some(&node.doc.arena[node.doc.texts[data.value as usize].range()]),
        }
    }

    /// The text of a string; `None` for every other kind. Aliases are followed.
    pub fn as_str(self) -> Option<&'d str> {
        let node = self.resolved();
        if node.kind() == Kind::String { node.text() } else { None }
    }

    /// As [`Self::as_str`], as bytes: for comparing without asking whether they are UTF-8.
    #[inline]
    pub fn as_str_bytes(self) -> Option<&'d [u8]> {
        let node = self.resolved();
        let data = node.data();
        match data.kind {
            Kind::String if data.value == NO_TEXT => Some(&node.doc.source[data.span.range()]),
            Kind::String => Some(&node.doc.arena.as_bytes()[node.doc.texts[data.value as usize].range()]),
            _ => None,
        }
    }

    /// The value of a boolean; `None` for every other kind. Aliases are followed.
    pub fn as_bool(self) -> Option<bool> {
        let data = self.resolved().data();
        (data.kind == Kind::Bool).then_some(data.flags & flag::TRUE != 0)
    }

    /// The value of a number; `None` for every other kind. Aliases are followed.
    pub fn as_number(self) -> Option<Number> {
        let node = self.resolved();
        match node.kind() {
            Kind::Int | Kind::Float => {
                node.text().and_then(|t| scalar::number(t, node.kind(), node.doc.json))
            }
            _ => None,
        }
    }

    /// The number as the JSON literal that a typed decoder would be given: as written in JSON documents, in Go's
    /// formatting (`1.0` becomes `1`) for YAML. `None` for every other kind. Aliases are followed.
    pub fn json_number(self) -> Option<Cow<'d, str>> {
        let node = self.resolved();
        match node.kind() {
            Kind::Int | Kind::Float if node.doc.json => node.text().map(Cow::Borrowed),
            Kind::Int | Kind::Float => node.as_number().map(|n| Cow::Owned(n.to_json())),
            _ => None,
        }
    }

    /// Whether it is null (written or not). Aliases are followed.
    pub fn is_null(self) -> bool {
        self.resolved().kind() == Kind::Null
    }

    /// The text of a key as JSON has it: booleans as `true` and `false`, numbers in Go's formatting.
    /// `None` for kinds that cannot be keys.
    pub fn key(self) -> Option<Cow<'d, str>> {
        let node = self.resolved();
        match node.kind() {
            Kind::String => node.text().map(Cow::Borrowed),
            Kind::Bool => Some(Cow::Borrowed(if node.as_bool()? { "true" } else { "false" })),
            Kind::Int => node.json_number(),
            Kind::Float => node.as_number().map(|n| Cow::Owned(n.to_key())),
            Kind::Null | Kind::Sequence | Kind::Mapping | Kind::Alias => None,
        }
    }

    /// Whether this key merges (`<<`), or this mapping has such a key.
    pub fn merges(self) -> bool {
        self.data().flags & flag::MERGE != 0
    }

    /// The tag as written.
    pub fn tag(self) -> Option<Span> {
        if self.data().flags & flag::TAG == 0 {
            return None;
        }
        property(&self.doc.tags, self.id)
    }

    /// The anchor as written, with its `&`.
    pub fn anchor(self) -> Option<Span> {
        if self.data().flags & flag::ANCHOR == 0 {
            return None;
        }
        property(&self.doc.anchors, self.id)
    }

    /// The number of items of a sequence or pairs of a mapping as written; 0 for scalars. Aliases are followed.
    pub fn count(self) -> usize {
        let data = self.resolved().data();
        if matches!(data.kind, Kind::Sequence | Kind::Mapping) { data.value as usize } else { 0 }
    }

    /// The items of a sequence; none for every other kind. Aliases are followed.
    pub fn items(self) -> Items<'d> {
        let node = self.resolved();
        let data = node.data();
        let left = if data.kind == Kind::Sequence { data.value } else { 0 };
        Items { doc: node.doc, at: node.id.0 + 1, left }
    }

    /// The pairs of a mapping exactly as written, merge keys included; none for every other kind. Aliases are followed.
    pub fn pairs(self) -> impl Iterator<Item = (NodeRef<'d>, NodeRef<'d>)> {
        let node = self.resolved();
        let data = node.data();
        let left = if data.kind == Kind::Mapping { data.value } else { 0 };
        let mut at = node.id.0 + 1;
        (0..left).map(move |_| {
            let key = node.at(at);
            let value = node.at(key.data().next);
            at = value.data().next;
            (key, value)
        })
    }

    /// The assignments that make up a mapping, in the order in which Go makes them: merge keys are expanded in place,
    /// and **a later assignment of the same key replaces an earlier one**. None for every other kind. Aliases are followed.
    pub fn entries(self) -> Entries<'d> {
        Entries::new(self)
    }

    /// The value that a key ends up with: the last assignment. Aliases are followed on the mapping, not on the value.
    pub fn get(self, key: &str) -> Option<NodeRef<'d>> {
        self.get_entry(key).map(|(_, value)| value)
    }

    /// As [`Self::get`], with the key's node.
    pub fn get_entry(self, key: &str) -> Option<(NodeRef<'d>, NodeRef<'d>)> {
        let node = self.resolved();
        if node.merges() {
            return node.entries().filter(|(k, _)| k.is_key(key)).last();
        }
        let Node { kind: Kind::Mapping, value: count, .. } = *node.data() else { return None };
        let (nodes, source) = (node.doc.nodes.as_slice(), &*node.doc.source);
        let mut at = node.id.0 + 1;
        let mut found = None;
        for _ in 0..count {
            let data = &nodes[at as usize];
            let is_key = if data.kind == Kind::String && data.value == NO_TEXT {
                // Most keys differ in length.
                data.span.range().len() == key.len() && source[data.span.range()] == *key.as_bytes()
            } else {
                node.at(at).is_key(key)
            };
            if is_key {
                found = Some((node.at(at), node.at(data.next)));
            }
            at = nodes[data.next as usize].next;
        }
        found
    }

    /// Whether this node is a key of this text.
    fn is_key(self, key: &str) -> bool {
        match self.as_str_bytes() {
            Some(text) => text == key.as_bytes(),
            None => self.key().as_deref() == Some(key),
        }
    }

    /// The next node in document order behind this one and its descendants.
    pub fn following(self) -> Option<NodeRef<'d>> {
        self.doc.node(self.data().next as usize)
    }
}

/// Iterator over the items of a sequence.
#[derive(Clone)]
pub struct Items<'d> {
    doc: &'d Document,
    at: u32,
    left: u32,
}

impl<'d> Iterator for Items<'d> {
    type Item = NodeRef<'d>;

    fn next(&mut self) -> Option<NodeRef<'d>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let node = NodeRef { doc: self.doc, id: NodeId(self.at) };
        self.at = node.data().next;
        Some(node)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Items<'_> {}

/// Iterator over the assignments of a mapping; see [`NodeRef::entries`].
#[derive(Clone)]
pub struct Entries<'d> {
    doc: &'d Document,
    at: u32,
    left: u32,
    /// Mappings being merged and the positions to return to; empty for mappings without merge keys.
    stack: Vec<Frame>,
}

#[derive(Clone, Copy)]
enum Frame {
    /// Go on with the pairs at `at`.
    Pairs { at: u32, left: u32 },
    /// Merge the mapping at this node.
    Merge(u32),
}

impl<'d> Entries<'d> {
    fn new(node: NodeRef<'d>) -> Self {
        let node = node.resolved();
        let data = node.data();
        let left = if data.kind == Kind::Mapping { data.value } else { 0 };
        Self { doc: node.doc, at: node.id.0 + 1, left, stack: Vec::new() }
    }

    /// Sets out on what a merge key's value names. A list is merged from its end, so that earlier items win.
    fn enter_merge(&mut self, value: NodeRef<'d>) {
        self.stack.push(Frame::Pairs { at: self.at, left: self.left });
        let target = value.resolved();
        if target.kind() == Kind::Sequence {
            // Pushed in order, popped in reverse.
            self.stack.extend(target.items().map(|item| Frame::Merge(item.resolved().id.0)));
        } else {
            self.stack.push(Frame::Merge(target.id.0));
        }
        self.left = 0;
    }
}

impl<'d> Iterator for Entries<'d> {
    type Item = (NodeRef<'d>, NodeRef<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.left == 0 {
                match self.stack.pop()? {
                    Frame::Pairs { at, left } => {
                        self.at = at;
                        self.left = left;
                    }
                    Frame::Merge(id) => {
                        let node = NodeRef { doc: self.doc, id: NodeId(id) };
                        if node.kind() == Kind::Mapping {
                            self.at = id + 1;
                            self.left = node.data().value;
                        }
                    }
                }
                continue;
            }
            self.left -= 1;
            let key = NodeRef { doc: self.doc, id: NodeId(self.at) };
            let value = NodeRef { doc: self.doc, id: NodeId(key.data().next) };
            self.at = value.data().next;
            if key.data().flags & flag::MERGE != 0 {
                self.enter_merge(value);
                continue;
            }
            return Some((key, value));
        }
    }
}
