//! What becomes of each spot of a tree whose changes do not contradict each other.

use std::borrow::Cow;

use foldhash::HashSet;

use super::contents::Fields;
use super::spots::{Item, SpotId, Tree};
use super::value::Value;
use crate::document::Kind;

/// What becomes of what is at a spot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It stays as it is, or stays missing.
    Same,
    /// It is removed.
    Gone,
    /// It is new, or something else takes its place.
    Whole,
    /// A mapping or list of which some stays.
    Inside,
}

impl<'a> Tree<'a> {
    /// Takes a mapping that is to be there apart where there is one already, so that what they share stays as written;
    /// and leaves out what a value that takes the place of another says anyway.
    pub(super) fn settle(&mut self) {
        let mut id = 0;
        while id < self.spots.len() {
            if let Some(value) = self.spots[id].set {
                let old = std::mem::take(&mut self.spots[id].children);
                self.spots[id].items.clear();
                let node = self.target(id);
                if let (Value::Mapping(pairs), Some(node)) = (value, node)
                    && node.kind() == Kind::Mapping
                    && !value.is_value_of(node)
                {
                    self.spots[id].set = None;
                    self.spots[id].children = old;
                    self.take_apart(id, pairs);
                }
            }
            id += 1;
        }
    }

    fn take_apart(&mut self, id: SpotId, pairs: &'a [(String, Value)]) {
        self.look(id);
        let changes = self.spots[id].changes.clone();
        let wanted: HashSet<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        for (key, value) in pairs {
            if let Ok(child) = self.key(id, Cow::Borrowed(key)) {
                self.spots[child].set = Some(value);
                self.spots[child].changes.extend(&changes);
            }
        }
        let gone: Vec<Cow<'a, str>> = self.fields(id).map_or_else(Vec::new, |fields| {
            fields.iter().map(|(key, _)| key).filter(|key| !wanted.contains(&***key)).cloned().collect()
        });
        for key in gone {
            if let Ok(child) = self.key(id, key) {
                self.spots[child].removed = true;
                self.spots[child].changes.extend(&changes);
            }
        }
    }

    /// The outcome of every spot.
    pub(super) fn outcomes(&self) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Same; self.spots.len()];
        let mut pruned = vec![false; self.spots.len()];
        // What is below comes behind.
        for id in (0..self.spots.len()).rev() {
            let (outcome, prune) = self.outcome(id, &outcomes, &pruned);
            outcomes[id] = outcome;
            pruned[id] = prune;
        }
        outcomes
    }

    /// The outcome of a spot from those below, and whether it prunes what it leaves empty.
    fn outcome(&self, id: SpotId, below: &[Outcome], pruned: &[bool]) -> (Outcome, bool) {
        let spot = &self.spots[id];
        if spot.removed {
            let outcome = if spot.node.is_some() { Outcome::Gone } else { Outcome::Same };
            return (outcome, spot.prune);
        }
        if let Some(value) = spot.set {
            let same = spot.node.is_some_and(|node| value.is_value_of(node));
            return (if same { Outcome::Same } else { Outcome::Whole }, false);
        }
        let Some(size) = self.size(id) else {
            let new =
                !spot.items.is_empty() || spot.children.iter().any(|&child| below[child] == Outcome::Whole);
            return (if new { Outcome::Whole } else { Outcome::Same }, false);
        };
        let (mut gone, mut prune, mut changed) = (0, false, !self.missing(id).is_empty());
        let mut new = changed;
        for &child in &spot.children {
            match below[child] {
                Outcome::Same => continue,
                Outcome::Gone => {
                    gone += 1;
                    prune |= pruned[child];
                }
                Outcome::Whole => new |= self.spots[child].node.is_none(),
                Outcome::Inside => {}
            }
            changed = true;
        }
        if gone > 0 && gone == size && !new && prune && id > 0 {
            return (Outcome::Gone, true);
        }
        (if changed { Outcome::Inside } else { Outcome::Same }, false)
    }

    /// The number of fields or items, if there is a mapping or list.
    fn size(&self, id: SpotId) -> Option<usize> {
        let fields = self.fields(id).map(Fields::len);
        let items = || self.list(id).map(|items| items.nodes.len());
        // What nobody has looked into does not change inside.
        fields.or_else(items).or_else(|| self.target(id).map(|_| 0))
    }

    /// The items that the list has to get, each once.
    pub(super) fn missing(&self, id: SpotId) -> Vec<&Item<'a>> {
        let mut names = HashSet::default();
        let mut values: HashSet<String> = HashSet::default();
        self.spots[id]
            .items
            .iter()
            .filter(|item| item.found.is_none())
            .filter(|item| match &item.name {
                Some((key, text)) => names.insert((*key, text.as_ref())),
                None => values.insert(item.value.to_json()),
            })
            .collect()
    }

    /// Whether two spots have the same changes, below them too.
    pub(super) fn is_alike(&self, one: SpotId, other: SpotId) -> bool {
        let (a, b) = (&self.spots[one], &self.spots[other]);
        let same_set = match (a.set, b.set) {
            (Some(a), Some(b)) => a.is_same(b),
            (None, None) => true,
            _ => false,
        };
        same_set
            && a.removed == b.removed
            && a.prune == b.prune
            && a.items.len() == b.items.len()
            && a.items.iter().zip(&b.items).all(|(a, b)| a.name == b.name && a.value.is_same(b.value))
            && a.children.len() == b.children.len()
            && a.children.iter().all(|&child| {
                self.find(other, &self.spots[child].step).is_some_and(|theirs| self.is_alike(child, theirs))
            })
    }

    /// All changes given at a spot or below, in their order.
    pub(super) fn changes_below(&self, id: SpotId) -> Vec<usize> {
        let mut changes = Vec::new();
        let mut left = vec![id];
        while let Some(id) = left.pop() {
            changes.extend(&self.spots[id].changes);
            left.extend(&self.spots[id].children);
        }
        changes.sort_unstable();
        changes.dedup();
        changes
    }
}
