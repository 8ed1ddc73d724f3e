//! A set of changes to the text edits that make them.

use std::sync::Arc;

use super::change::{Change, Planned, Reason, Refusal, TextEdit};
use super::contradictions::contradictions;
use super::finish::{apply, in_order};
use super::planner::Planner;
use super::spots::Tree;
use crate::document::{Document, NodeRef, Span};
use crate::json;
use crate::stream::Limits;

/// Rounds of planning. Every round but the last leaves out changes that turned out to be impossible, which may change
/// what becomes of the others.
const ROUNDS: usize = 8;

/// The edits of the document's text that make the changes. Paths begin at the document's root. The order of the changes
/// is of no consequence, but for the order of new keys and items. What is there already needs no edit.
///
/// Edits of several documents of one source can be applied together.
pub fn plan(document: &Document, changes: &[Change]) -> Planned {
    let (mut tree, mut active, mut refused) = merge(document.root(), changes);
    let mut edits = Vec::new();
    for round in 0..=ROUNDS {
        if round > 0 {
            tree = Tree::of(document.root(), changes, &active).0;
            tree.settle();
        }
        let mut planner = Planner::new(document, &tree);
        if !document.is_json() && planner.lines.is_odd() && planner.changes_anything() {
            let span = Some(Span::new(document.range().start, document.range().start));
            let reason =
                Reason::Layout("a document with odd line ends, a byte order mark in it or JSON before it");
            let all = active.iter().map(|&change| Refusal { change, reason: reason.clone(), span });
            refused.extend(all);
            break;
        }
        planner.run();
        if planner.refused.is_empty()
            && let Some(planned) = in_order(std::mem::take(&mut planner.edits), document.source())
            && !(planner.may_become_json(document.root()) && becomes_json(document, &planned))
        {
            edits = planned;
            break;
        }
        let mut found: Vec<Refusal> = Vec::new();
        for (spot, (reason, span)) in planner.refused {
            let changes = tree.changes_below(spot);
            found.extend(changes.into_iter().map(|change| Refusal { change, reason: reason.clone(), span }));
        }
        if found.is_empty() || round == ROUNDS {
            let reason = Reason::Layout("what is changed together");
            found =
                active.iter().map(|&change| Refusal { change, reason: reason.clone(), span: None }).collect();
        }
        found.sort_by_key(|refusal| refusal.change);
        found.dedup_by_key(|refusal| refusal.change);
        active.retain(|change| found.binary_search_by_key(change, |refusal| refusal.change).is_err());
        refused.extend(found);
        if active.is_empty() {
            break;
        }
    }
    refused.sort_by_key(|refusal| refusal.change);
    Planned { edits, refused }
}

/// Whether YAML in a stream that may be JSON would be read as JSON after the edits, and what follows it as something
/// else.
fn becomes_json(document: &Document, edits: &[TextEdit]) -> bool {
    let start = document.root().span().start;
    let shifted = edits.iter().map(|edit| {
        let span = Span::new(edit.span.start.saturating_sub(start), edit.span.end.saturating_sub(start));
        TextEdit { span, text: edit.text.clone() }
    });
    let text = &document.source()[start as usize..document.range().end as usize];
    let after: Arc<[u8]> = apply(text, &shifted.collect::<Vec<_>>()).into();
    json::read(&after, 0, Limits::default(), &mut None).is_ok()
}

/// The changes of a set that can be followed to their places and do not contradict others, as a tree and by index; and the
/// rest.
pub(super) fn merge<'a>(root: NodeRef<'a>, changes: &'a [Change]) -> (Tree<'a>, Vec<usize>, Vec<Refusal>) {
    let mut active: Vec<usize> = (0..changes.len()).collect();
    let (mut tree, mut refused) = Tree::of(root, changes, &active);
    refused.extend(contradictions(&tree, changes));
    refused.sort_by_key(|refusal| refusal.change);
    active.retain(|change| refused.binary_search_by_key(change, |refusal| refusal.change).is_err());
    if !refused.is_empty() {
        tree = Tree::of(root, changes, &active).0;
    }
    tree.settle();
    (tree, active, refused)
}
