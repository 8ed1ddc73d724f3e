//! Field paths to places in the text that a person looks at.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use seawall_model::{FieldPath, Segment, is_item};
use seawall_yaml::{Document, Kind, LineIndex, NodeRef, Span, Style};

use crate::record::{Mark, Region};

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What to point at: the value, or the deepest ancestor that is written; the use, where an alias or merge is involved.
    pub(crate) span: Span,
    /// Where the value stands, if an alias or merge key brings it in.
    pub(crate) definition: Option<Span>,
    /// Whether the whole path is there.
    pub(crate) found: bool,
}

/// Finds places in a document. Long lists and mappings are indexed once, so that many places take no square of time.
#[derive(Debug)]
pub(crate) struct Locator<'d> {
    document: &'d Document,
    lists: RefCell<HashMap<u32, ListIndex>>,
    mappings: RefCell<HashMap<u32, MappingIndex>>,
    /// The way to the last place: the next one is often near.
    way: RefCell<Way>,
    hasher: RandomState,
}

/// The steps of a path that was found, from a root on.
#[derive(Debug, Default)]
struct Way {
    root: Option<u32>,
    steps: Vec<(Segment, At)>,
}

/// Where a step of a path leads: nodes of the document.
#[derive(Clone, Copy, Debug)]
struct At {
    node: u32,
    key: Option<u32>,
    /// The first use of an alias or merge key on the way.
    used: Option<Span>,
}

/// The nodes of each key and its value.
type MappingIndex = HashMap<String, (u32, u32)>;

/// The items of a list, and the first of each value of a merge key.
#[derive(Debug, Default)]
struct ListIndex {
    nodes: Vec<u32>,
    /// By the hash of the value, in order.
    named: HashMap<String, Vec<(u64, u32)>>,
}

/// Collections up to this size are searched anew every time.
const SHORT: usize = 16;

impl<'d> Locator<'d> {
    /// A locator for a document.
    pub(crate) fn new(document: &'d Document) -> Self {
        Self {
            document,
            lists: RefCell::default(),
            mappings: RefCell::default(),
            way: RefCell::default(),
            hasher: RandomState::new(),
        }
    }

    /// The place that `path` leads to from the object at `root`.
    pub(crate) fn locate(&self, root: NodeRef<'d>, path: &FieldPath) -> Place {
        let mut way = self.way.borrow_mut();
        if way.root != Some(index(root)) {
            *way = Way { root: Some(index(root)), steps: Vec::new() };
        }
        let same =
            way.steps.iter().zip(&path.0).take_while(|((known, _), segment)| known == *segment).count();
        way.steps.truncate(same);
        let known = way.steps.last().map(|(_, at)| *at);
        let at = |node: u32| self.document.node(node as usize);
        let mut node = known.and_then(|known| at(known.node)).unwrap_or(root);
        let mut key = known.and_then(|known| at(known.key?));
        let mut used = known.and_then(|known| known.used);
        let mut found = true;
        for segment in path.0.iter().skip(same) {
            if node.kind() == Kind::Alias {
                used = used.or(Some(node.span()));
            }
            let Some(step) = self.step(node.resolved(), segment) else {
                found = false;
                break;
            };
            used = used.or(step.merge);
            (node, key) = (step.node, step.key);
            way.steps.push((segment.clone(), At { node: index(node), key: key.map(index), used }));
        }
        drop(way);
        if node.kind() == Kind::Alias {
            used = used.or(Some(node.span()));
        }
        let target = node.resolved();
        let shown = shown(target, key, found).or_else(|| self.above(root, path));
        let shown = shown.unwrap_or_else(|| first_token(root));
        match used {
            Some(at) => Place { span: at, definition: Some(shown), found },
            None => Place { span: shown, definition: None, found },
        }
    }

    /// The innermost of what leads to a path that has something to point at.
    fn above(&self, root: NodeRef<'d>, path: &FieldPath) -> Option<Span> {
        let (mut node, mut key, mut above) = (root, None, None);
        for segment in &path.0 {
            let Some(step) = self.step(node.resolved(), segment) else { break };
            above = shown(node.resolved(), key, false).or(above);
            (node, key) = (step.node, step.key);
        }
        above
    }

    fn step(&self, node: NodeRef<'d>, segment: &Segment) -> Option<Step<'d>> {
        match segment {
            Segment::Key(name) => {
                let (key, value) = self.entry(node, name)?;
                let merged = node.merges() && !node.pairs().any(|(k, _)| k == key);
                let merge = || node.pairs().filter(|(k, _)| k.merges()).map(|(_, v)| v.span()).last();
                Some(Step { key: Some(key), node: value, merge: if merged { merge() } else { None } })
            }
            Segment::Item(item) => {
                self.item(node, &item.key, &item.value).map(|node| Step { key: None, node, merge: None })
            }
            Segment::Index(index) => {
                self.nth(node, *index as usize).map(|node| Step { key: None, node, merge: None })
            }
        }
    }

    fn entry(&self, node: NodeRef<'d>, name: &str) -> Option<(NodeRef<'d>, NodeRef<'d>)> {
        if node.kind() != Kind::Mapping || node.count() <= SHORT || node.merges() {
            return node.get_entry(name);
        }
        let mut mappings = self.mappings.borrow_mut();
        let index = mappings.entry(index(node)).or_insert_with(|| {
            let pair = |(key, value): (NodeRef<'d>, NodeRef<'d>)| {
                Some((key.key()?.into_owned(), (index(key), index(value))))
            };
            // Of equal keys the last counts.
            node.pairs().filter_map(pair).collect()
        });
        let (key, value) = index.get(name)?;
        Some((self.document.node(*key as usize)?, self.document.node(*value as usize)?))
    }

    fn item(&self, node: NodeRef<'d>, key: &str, value: &str) -> Option<NodeRef<'d>> {
        if node.kind() != Kind::Sequence || node.count() <= SHORT {
            return node.items().find(|item| is_item(*item, key, value));
        }
        let mut lists = self.lists.borrow_mut();
        let list = lists.entry(index(node)).or_insert_with(|| ListIndex::of(node));
        if !list.named.contains_key(key) {
            let mut named = Vec::with_capacity(node.count());
            for item in node.items() {
                let resolved = item.resolved();
                let name = if key.is_empty() { Some(resolved) } else { resolved.get(key) };
                if let Some(name) = name.and_then(NodeRef::key) {
                    named.push((self.hasher.hash_one(&*name), index(item)));
                }
            }
            named.sort_unstable();
            list.named.insert(key.to_owned(), named);
        }
        let named = list.named.get(key)?;
        let hash = self.hasher.hash_one(value);
        let first = named.partition_point(|(other, _)| *other < hash);
        let same = named[first..].iter().take_while(|(other, _)| *other == hash);
        // Of equal values the first counts.
        let mut items = same.filter_map(|(_, item)| self.document.node(*item as usize));
        items.find(|item| is_item(*item, key, value))
    }

    fn nth(&self, node: NodeRef<'d>, position: usize) -> Option<NodeRef<'d>> {
        if node.kind() != Kind::Sequence || node.count() <= SHORT {
            return node.items().nth(position);
        }
        let mut lists = self.lists.borrow_mut();
        let list = lists.entry(index(node)).or_insert_with(|| ListIndex::of(node));
        self.document.node(*list.nodes.get(position)? as usize)
    }
}

impl ListIndex {
    fn of(node: NodeRef<'_>) -> Self {
        Self { nodes: node.items().map(index).collect(), named: HashMap::new() }
    }
}

fn index(node: NodeRef<'_>) -> u32 {
    node.id().index() as u32
}

struct Step<'d> {
    key: Option<NodeRef<'d>>,
    node: NodeRef<'d>,
    /// The value of the merge key that brings the pair in.
    merge: Option<Span>,
}

/// What of a node to point at: scalars and one-line collections as they are, others by their key or their name.
fn shown(node: NodeRef<'_>, key: Option<NodeRef<'_>>, found: bool) -> Option<Span> {
    let is_scalar = !matches!(node.kind(), Kind::Mapping | Kind::Sequence);
    let written = !node.span().is_empty();
    if found && written && (is_scalar || node.style() == Style::Flow) {
        return Some(node.span());
    }
    if let Some(key) = key {
        return Some(key.span());
    }
    // An item of a list: by its name, or by its first field.
    let name = node.get("name").filter(|n| !n.span().is_empty()).map(NodeRef::span);
    name.or_else(|| node.pairs().next().map(|(key, value)| Span::new(key.span().start, value.span().end)))
        .or_else(|| Some(node.span()).filter(|span| is_scalar && !span.is_empty()))
}

/// The innermost value at a byte offset and the path to it from `root`; what an alias brings in is where it is defined.
pub(crate) fn at_offset(root: NodeRef<'_>, offset: u32) -> (FieldPath, NodeRef<'_>) {
    let holds = |node: NodeRef<'_>| node.span().start <= offset && offset < node.span().end;
    let (mut path, mut node) = (FieldPath::root(), root);
    loop {
        let pair = node.pairs().find(|(_, value)| holds(*value));
        let item = || node.items().enumerate().find(|(_, item)| holds(*item));
        if let Some((key, value)) = pair {
            path = path.key(key.key().unwrap_or_default());
            node = value;
        } else if let Some((position, item)) = item() {
            path = match item.get("name").and_then(NodeRef::as_str) {
                Some(name) => path.item("name", name),
                None => path.index(position),
            };
            node = item;
        } else {
            return (path, node);
        }
    }
}

/// The first key of a mapping, else the node itself.
pub(crate) fn first_token(node: NodeRef<'_>) -> Span {
    node.resolved().pairs().next().map_or_else(|| node.span(), |(key, _)| key.span())
}

/// The lines and columns of a span. Spans of several lines keep their end.
pub fn region(lines: &LineIndex<'_>, span: Span) -> Region {
    let start = lines.position(span.start);
    let end = lines.position(span.end.max(span.start));
    Region { line: start.line, column: start.column, end_line: end.line, end_column: end.column }
}

/// A mark at a span.
pub(crate) fn mark(lines: &LineIndex<'_>, span: Span, label: impl Into<Cow<'static, str>>) -> Mark {
    Mark { region: region(lines, span), label: label.into() }
}
