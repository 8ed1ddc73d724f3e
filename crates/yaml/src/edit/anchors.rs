//! Anchors: who uses them, and whether a change at one place changes others.

use super::change::Reason;
use super::outcome::Outcome;
use super::planner::{Entries, Planner};
use super::spots::{Blocked, SpotId, Step};
use crate::document::{Document, Kind, NodeId, NodeRef, Span};
use foldhash::HashMap;

/// Other uses that a refusal lists.
const LISTED: usize = 8;

/// The anchors of a document.
#[derive(Debug, Default)]
pub(super) struct Anchors<'a> {
    /// The aliases of each anchored node.
    uses: HashMap<NodeId, Vec<NodeRef<'a>>>,
    /// For each name: where it is given, and to what, in the order of the source.
    names: HashMap<&'a [u8], Vec<(usize, NodeId)>>,
    /// Anchored nodes that have aliases, in document order.
    used: Vec<NodeRef<'a>>,
}

impl<'a> Anchors<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let mut anchors = Self::default();
        if document.anchors.is_empty() {
            return anchors;
        }
        for node in document.nodes().filter(|node| node.kind() == Kind::Alias) {
            anchors.uses.entry(node.resolved().id()).or_default().push(node);
        }
        let source: &[u8] = document.source();
        for (id, span) in &document.anchors {
            let name = source[span.range()].get(1..).unwrap_or_default();
            anchors.names.entry(name).or_default().push((span.start as usize, *id));
        }
        let used = document.anchors.iter().filter(|(id, _)| anchors.uses.contains_key(id));
        anchors.used = used.filter_map(|(id, _)| document.node(id.index())).collect();
        anchors
    }

    fn uses(&self, node: NodeRef<'a>) -> &[NodeRef<'a>] {
        self.uses.get(&node.id()).map_or(&[], Vec::as_slice)
    }

    /// The name by which a node can be used at a place of the source: the last one of that name has to be its own.
    pub(super) fn name_at(&self, node: NodeRef<'a>, at: usize) -> Option<&'a str> {
        let span = node.anchor()?;
        let name = node.document().source()[span.range()].get(1..)?;
        let given = self.names.get(name)?;
        let last = given.partition_point(|(start, _)| *start < at).checked_sub(1)?;
        if given[last].1 != node.id() || node.span().end as usize > at {
            return None;
        }
        std::str::from_utf8(name).ok()
    }

    /// Refuses to let go of the nodes from one up to another (exclusive) if what is anchored there is used elsewhere.
    pub(super) fn check_loss(&self, from: usize, to: usize) -> Result<(), Blocked> {
        let first = self.used.partition_point(|node| node.id().index() < from);
        for &node in self.used[first..].iter().take_while(|node| node.id().index() < to) {
            let outside = |user: &NodeRef<'_>| !(from..to).contains(&user.id().index());
            let others: Vec<NodeRef<'a>> = self.uses(node).iter().copied().filter(outside).collect();
            if !others.is_empty() {
                return Err(shared(node, &others));
            }
        }
        Ok(())
    }

    /// Refuses to remove an entry with an anchor that is used elsewhere. The value's own anchor is judged where all
    /// changes are known.
    pub(super) fn check_removal(&self, entries: Entries<'_, 'a>, index: usize) -> Result<(), Blocked> {
        let (first, value) = (entries.first(index), entries.value(index));
        if first.id() != value.id() {
            self.check_loss(first.id().index(), value.id().index())?;
        }
        self.check_loss(value.id().index() + 1, end_of(value))
    }
}

/// The index behind a node and all below it.
pub(super) fn end_of(node: NodeRef<'_>) -> usize {
    node.following().map_or(node.document().len(), |next| next.id().index())
}

fn shared(node: NodeRef<'_>, others: &[NodeRef<'_>]) -> Blocked {
    let span = node.anchor().unwrap_or_default();
    let name = node.document().source()[span.range()].get(1..).unwrap_or_default();
    let uses: Vec<Span> = others.iter().take(LISTED).map(|user| user.span()).collect();
    let name = String::from_utf8_lossy(name).into_owned();
    (Reason::SharedAnchor { name, uses }, Some(span))
}

impl<'a> Planner<'a, '_> {
    /// Where what an anchor stands for changes: if all its uses want the same, the change is made once, at the anchor;
    /// else it is refused there.
    pub(super) fn share_out(&mut self) {
        if self.anchors.used.is_empty() {
            return;
        }
        let reached = self.reached();
        let mut users: HashMap<NodeId, SpotId> = HashMap::default();
        for &id in &reached {
            let Some(node) = self.tree.spots[id].node else { continue };
            if node.kind() == Kind::Alias {
                users.insert(node.id(), id);
            }
            let pairs =
                self.tree.fields(id).filter(|_| node.kind() == Kind::Mapping).map(|fields| &fields.pairs);
            for (key, value) in pairs.into_iter().flatten() {
                if key.merges() && value.kind() == Kind::Alias {
                    users.insert(value.id(), id);
                }
            }
        }
        let mut settled = Vec::new();
        for &id in &reached {
            let Some(node) = self.tree.spots[id].node else { continue };
            if node.kind() == Kind::Alias || self.outcomes[id] == Outcome::Same {
                continue;
            }
            let mut others = Vec::new();
            for &user in self.anchors.uses(node) {
                let agreed = users.get(&user.id()).and_then(|&spot| self.agrees(id, spot, user));
                match agreed {
                    Some(spots) => settled.extend(spots),
                    None => others.push(user),
                }
            }
            if !others.is_empty() {
                self.refused.push((id, shared(node, &others)));
            }
        }
        for spot in settled {
            if self.outcomes[spot] != Outcome::Gone {
                self.outcomes[spot] = Outcome::Same;
            }
        }
    }

    /// The spots whose values are written at their places, from the root on.
    fn reached(&self) -> Vec<SpotId> {
        let mut reached = Vec::new();
        let mut left = vec![0];
        while let Some(id) = left.pop() {
            let spot = &self.tree.spots[id];
            if spot.here {
                reached.push(id);
                left.extend(&spot.children);
            }
        }
        reached
    }

    /// Whether the use of an anchored node by an alias gets the same changes as the node. If so, the spots that have
    /// nothing to do once the node is changed.
    fn agrees(&self, anchored: SpotId, spot: SpotId, user: NodeRef<'a>) -> Option<Vec<SpotId>> {
        let tree = self.tree;
        if tree.spots[spot].node?.id() == user.id() {
            return tree.is_alike(anchored, spot).then(|| vec![spot]);
        }
        // A merge key: each field that changes has to change alike, or to be assigned behind the merge key anyway.
        if self.outcomes[anchored] != Outcome::Inside {
            return None;
        }
        let (theirs, ours) = (tree.fields(anchored)?, tree.fields(spot)?);
        let merge = ours.pairs.iter().position(|(_, value)| value.id() == user.id())? as u32;
        let mut settled = Vec::new();
        for &child in &tree.spots[anchored].children {
            let Step::Key(key) = &tree.spots[child].step else { return None };
            let field = ours.get(key);
            let overrides = field.is_some_and(|field| field.pair > Some(merge));
            if self.outcomes[child] == Outcome::Same || overrides {
                continue;
            }
            let same_source = field.map(|f| f.value.id()) == theirs.get(key).map(|f| f.value.id());
            let other = tree.find(spot, &Step::Key(key.clone()))?;
            if !same_source || !tree.is_alike(child, other) {
                return None;
            }
            settled.push(other);
        }
        Some(settled)
    }
}
