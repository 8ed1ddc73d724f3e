//! Field paths to places in the text that a person looks at.

use seawall_model::{FieldPath, Segment, is_item};
use seawall_yaml::{Kind, LineIndex, NodeRef, Span, Style};

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

/// The place that `path` leads to from the object at `root`.
pub(crate) fn locate(root: NodeRef<'_>, path: &FieldPath) -> Place {
    let mut node = root;
    let mut key: Option<NodeRef<'_>> = None;
    let mut used: Option<Span> = None;
    let mut found = true;
    for segment in &path.0 {
        if node.kind() == Kind::Alias {
            used = used.or(Some(node.span()));
        }
        let Some(step) = step(node.resolved(), segment) else {
            found = false;
            break;
        };
        if let Some(merge) = step.merge {
            used = used.or(Some(merge));
        }
        key = step.key;
        node = step.node;
    }
    if node.kind() == Kind::Alias {
        used = used.or(Some(node.span()));
    }
    let target = node.resolved();
    let shown = shown(target, key, found).unwrap_or_else(|| first_token(root));
    match used {
        Some(at) => Place { span: at, definition: Some(shown), found },
        None => Place { span: shown, definition: None, found },
    }
}

struct Step<'d> {
    key: Option<NodeRef<'d>>,
    node: NodeRef<'d>,
    /// The value of the merge key that brings the pair in.
    merge: Option<Span>,
}

fn step<'d>(node: NodeRef<'d>, segment: &Segment) -> Option<Step<'d>> {
    match segment {
        Segment::Key(name) => {
            let (key, value) = node.get_entry(name)?;
            let merged = node.merges() && !node.pairs().any(|(k, _)| k == key);
            let merge = || node.pairs().filter(|(k, _)| k.merges()).map(|(_, v)| v.span()).last();
            Some(Step { key: Some(key), node: value, merge: if merged { merge() } else { None } })
        }
        Segment::Item { key, value } => {
            let found = node.items().find(|item| is_item(*item, key, value));
            found.map(|node| Step { key: None, node, merge: None })
        }
        Segment::Index(index) => {
            node.items().nth(*index as usize).map(|node| Step { key: None, node, merge: None })
        }
    }
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
pub(crate) fn mark(lines: &LineIndex<'_>, span: Span, label: impl Into<String>) -> Mark {
    Mark { region: region(lines, span), label: label.into() }
}
