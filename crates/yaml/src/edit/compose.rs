//! What is written for a spot: new values, and what stands for aliases and merged values that change at one use.

use std::borrow::Cow;

use super::draft::{Draft, Key};
use super::outcome::Outcome;
use super::planner::{Planner, layout};
use super::spots::{Blocked, SpotId, Step};
use super::value::Value;
use crate::document::{Kind, NodeRef};

impl<'a> Planner<'a, '_> {
    /// What is to be written for a spot. `at` is the place in the source before which anchors have to be.
    pub(super) fn draft(&self, id: SpotId, at: usize) -> Result<Draft<'a>, Blocked> {
        let spot = &self.tree.spots[id];
        match (self.outcomes[id], spot.node) {
            (Outcome::Same | Outcome::Gone, Some(node)) => copy(node),
            (Outcome::Whole, _) => self.new_draft(id, at),
            (_, Some(node)) => match node.resolved().kind() {
                Kind::Mapping => self.changed_mapping(id, node, at),
                _ => self.changed_list(id, at),
            },
            (_, None) => Ok(Draft::Scalar(Cow::Owned(Value::Null))),
        }
    }

    fn new_draft(&self, id: SpotId, at: usize) -> Result<Draft<'a>, Blocked> {
        let spot = &self.tree.spots[id];
        if let Some(value) = spot.set {
            return Ok(Draft::from(value));
        }
        if !spot.items.is_empty() {
            return Ok(Draft::List(
                self.tree.missing(id).into_iter().map(|item| Draft::from(item.value)).collect(),
            ));
        }
        Ok(Draft::Mapping(self.new_pairs(id, at)?))
    }

    /// The pairs that changes give to a mapping, replaced values too.
    fn new_pairs(&self, id: SpotId, at: usize) -> Result<Vec<(Key<'a>, Draft<'a>)>, Blocked> {
        let mut pairs = Vec::new();
        for &child in &self.tree.spots[id].children {
            if let (Step::Key(key), Outcome::Whole | Outcome::Inside) =
                (&self.tree.spots[child].step, self.outcomes[child])
            {
                pairs.push((Key::Name(key.clone()), self.draft(child, at)?));
            }
        }
        Ok(pairs)
    }

    /// A mapping of its own in place of one that is used here too: one that merges the other where nothing is removed
    /// and the anchor can be named, else a copy.
    fn changed_mapping(&self, id: SpotId, node: NodeRef<'a>, at: usize) -> Result<Draft<'a>, Blocked> {
        let Some(fields) = self.tree.fields(id) else { return copy(node) };
        let spot = &self.tree.spots[id];
        let removes = spot.children.iter().any(|&child| self.outcomes[child] == Outcome::Gone);
        let mut pairs = Vec::new();
        if let Some(name) = self.anchors.name_at(node.resolved(), at).filter(|_| !removes) {
            pairs.push((Key::Merge, Draft::Alias(Cow::Borrowed(name))));
            pairs.extend(self.new_pairs(id, at)?);
            return Ok(Draft::Mapping(pairs));
        }
        for (key, field) in fields.iter() {
            let draft = match self.tree.find(id, &Step::Key(key.clone())) {
                Some(child) if self.outcomes[child] == Outcome::Gone => continue,
                Some(child) => self.draft(child, at)?,
                None => copy(field.value)?,
            };
            pairs.push((Key::Name(key.clone()), draft));
        }
        let is_new = |key: &Key<'_>| matches!(key, Key::Name(name) if fields.get(name).is_none());
        pairs.extend(self.new_pairs(id, at)?.into_iter().filter(|(key, _)| is_new(key)));
        Ok(Draft::Mapping(pairs))
    }

    fn changed_list(&self, id: SpotId, at: usize) -> Result<Draft<'a>, Blocked> {
        let mut drafts = Vec::new();
        for (index, item) in self.tree.list(id).map_or(&[][..], |items| &items.nodes).iter().enumerate() {
            drafts.push(match self.tree.find(id, &Step::Index(index as u32)) {
                Some(child) if self.outcomes[child] == Outcome::Gone => continue,
                Some(child) => self.draft(child, at)?,
                None => copy(*item)?,
            });
        }
        drafts.extend(self.tree.missing(id).into_iter().map(|item| Draft::from(item.value)));
        Ok(Draft::List(drafts))
    }
}

/// A copy of what a node stands for.
pub(super) fn copy(node: NodeRef<'_>) -> Result<Draft<'_>, Blocked> {
    const NODES: usize = 10_000;
    let target = node.resolved();
    let size =
        target.following().map_or(target.document().len(), |next| next.id().index()) - target.id().index();
    let value = if size > NODES { None } else { Value::of(node) };
    value.map(Draft::from).ok_or_else(|| layout("what would have to be copied", target.span().start as usize))
}
