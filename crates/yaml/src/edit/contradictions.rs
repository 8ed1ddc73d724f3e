//! Changes of one set that cannot both be made.

use super::change::{Change, Op, Reason, Refusal};
use super::spots::{Item, SpotId, Step, Tree};
use super::value::Value;
use foldhash::HashMap;

/// The changes that contradict another one, in their order. Which one is named first is of no consequence: none of those
/// that contradict each other is made.
pub(super) fn contradictions(tree: &Tree<'_>, changes: &[Change]) -> Vec<Refusal> {
    let mut marks = Marks { tree, changes, other: HashMap::default(), members: HashMap::default() };
    for (id, spot) in tree.spots.iter().enumerate() {
        for item in &spot.items {
            if let Some(index) = item.found {
                marks.members.entry((id, index)).or_default().push(item);
            }
        }
    }
    // Whether a spot or one above it is given something.
    let mut given: Vec<bool> = Vec::with_capacity(tree.spots.len());
    for (id, spot) in tree.spots.iter().enumerate() {
        let above = id > 0 && given[spot.parent];
        given.push(above || !spot.changes.is_empty());
        if spot.changes.len() > 1 {
            marks.at_spot(id);
        }
        if above && !spot.changes.is_empty() {
            marks.with_ancestors(id);
        }
    }
    let mut refused: Vec<Refusal> = marks
        .other
        .into_iter()
        .map(|(change, other)| Refusal { change, reason: Reason::Contradiction(other), span: None })
        .collect();
    refused.sort_unstable_by_key(|refusal| refusal.change);
    refused
}

struct Marks<'t, 'a> {
    tree: &'t Tree<'a>,
    changes: &'a [Change],
    /// For each change that contradicts another: the first such one.
    other: HashMap<usize, usize>,
    /// What a list has to hold and holds already, by the list's spot and the position.
    members: HashMap<(SpotId, u32), Vec<&'t Item<'a>>>,
}

/// Whether a value holds what a change wants at the end of these steps (from the last to the first).
fn holds(value: &Value, steps: &[&Step<'_>], op: &Op) -> bool {
    let mut at = Some(value);
    let mut last = value;
    for step in steps.iter().rev() {
        let Step::Key(key) = step else { return false };
        last = at.unwrap_or(last);
        at = at.and_then(|value| value.get(key));
    }
    match (op, at) {
        (Op::Ensure(wanted), Some(found)) => wanted.is_same(found),
        (Op::EnsureItem { item, .. }, Some(Value::List(items))) => items.iter().any(|i| i.is_same(item)),
        // What would be pruned is to be there.
        (Op::Remove { prune: true, .. }, None) => match last {
            Value::Mapping(pairs) => !pairs.is_empty(),
            Value::List(items) => !items.is_empty(),
            _ => true,
        },
        (Op::Remove { .. }, None) => true,
        _ => false,
    }
}

/// Whether a change leaves what an item has: as [`holds`], but the item may say nothing about the place.
fn leaves(item: &Value, steps: &[&Step<'_>], op: &Op) -> bool {
    let mut at = item;
    for step in steps.iter().rev() {
        let (Step::Key(key), Value::Mapping(_)) = (step, at) else { return false };
        match at.get(key) {
            Some(value) => at = value,
            None => return true,
        }
    }
    match (op, at) {
        // A mapping may get more keys.
        (Op::Ensure(wanted), found) => wanted.is_same(found),
        (Op::EnsureItem { item, .. }, Value::List(items)) => items.iter().any(|i| i.is_same(item)),
        _ => false,
    }
}

impl<'t, 'a> Marks<'t, 'a> {
    fn mark(&mut self, one: usize, other: usize) {
        self.other.entry(one).or_insert(other);
        self.other.entry(other).or_insert(one);
    }

    /// Every one of `some` contradicts every one of `others`.
    fn mark_all(&mut self, some: &[usize], others: &[usize]) {
        let (Some(&one), Some(&other)) = (some.first(), others.first()) else { return };
        for &change in some {
            self.mark(change, other);
        }
        for &change in others {
            self.mark(one, change);
        }
    }

    /// Marks those of `others`, which are given at the end of the steps, that the value of one of `sets` does not hold.
    fn mark_against(&mut self, sets: &[usize], steps: &[&Step<'_>], others: &[usize]) {
        for &set in sets {
            let Op::Ensure(value) = self.op(set) else { continue };
            let against: Vec<usize> =
                others.iter().copied().filter(|&c| !holds(value, steps, self.op(c))).collect();
            self.mark_all(&[set], &against);
        }
    }

    fn op(&self, change: usize) -> &'a Op {
        &self.changes[change].op
    }

    fn given(&self, id: SpotId, is: fn(&Op) -> bool) -> Vec<usize> {
        self.tree.spots[id].changes.iter().copied().filter(|&c| is(self.op(c))).collect()
    }

    fn sets(&self, id: SpotId) -> Vec<usize> {
        self.given(id, |op| matches!(op, Op::Ensure(_)))
    }

    fn removals(&self, id: SpotId) -> Vec<usize> {
        self.given(id, |op| matches!(op, Op::Remove { .. }))
    }

    fn at_spot(&mut self, id: SpotId) {
        let (sets, removals) = (self.sets(id), self.removals(id));
        let items = &self.tree.spots[id].items;
        if let Some(value) = self.tree.spots[id].set {
            let (same, different): (Vec<usize>, Vec<usize>) =
                sets.iter().partition(|&&c| matches!(self.op(c), Op::Ensure(other) if other.is_same(value)));
            self.mark_all(&same, &different);
            let members: Vec<usize> = items.iter().map(|item| item.change).collect();
            self.mark_against(&sets, &[], &members);
        }
        self.mark_all(&sets, &removals);
        let members: Vec<usize> = items.iter().map(|item| item.change).collect();
        self.mark_all(&members, &removals);
        self.namesakes(items);
    }

    /// Items with the same merge key and other content.
    fn namesakes(&mut self, items: &[Item<'_>]) {
        let mut by_name: HashMap<(&str, &str), Vec<&Item<'_>>> = HashMap::default();
        for item in items {
            if let Some((key, text)) = &item.name {
                by_name.entry((key, text)).or_default().push(item);
            }
        }
        for group in by_name.into_values() {
            let (same, different): (Vec<_>, Vec<_>) =
                group.iter().partition(|item| item.value.is_same(group[0].value));
            let numbers = |items: Vec<&&Item<'_>>| items.iter().map(|i| i.change).collect::<Vec<_>>();
            self.mark_all(&numbers(same), &numbers(different));
        }
    }

    fn with_ancestors(&mut self, id: SpotId) {
        let tree = self.tree;
        let changes = &tree.spots[id].changes;
        let mut steps = Vec::new();
        let mut at = id;
        while at > 0 {
            let spot = &tree.spots[at];
            steps.push(&spot.step);
            let parent = spot.parent;
            let above = &tree.spots[parent];
            if above.removed {
                let creating: Vec<usize> =
                    changes.iter().copied().filter(|&c| !matches!(self.op(c), Op::Remove { .. })).collect();
                self.mark_all(&creating, &self.removals(parent));
            }
            if above.set.is_some() {
                self.mark_against(&self.sets(parent), &steps, changes);
            }
            if !above.items.is_empty() {
                self.with_items(changes, &steps, parent);
            }
            at = parent;
        }
    }

    /// Changes below a list that has to hold items.
    fn with_items(&mut self, changes: &[usize], steps: &[&Step<'_>], list: SpotId) {
        let Some((first, rest)) = steps.split_last() else { return };
        let items = &self.tree.spots[list].items;
        let members: Vec<&'t Item<'a>> = match first {
            Step::Key(_) => {
                let creating: Vec<usize> =
                    changes.iter().copied().filter(|&c| !matches!(self.op(c), Op::Remove { .. })).collect();
                self.mark_all(&creating, &items.iter().map(|item| item.change).collect::<Vec<_>>());
                return;
            }
            Step::Index(index) => self.members.get(&(list, *index)).cloned().unwrap_or_default(),
            Step::Name(key, value) => {
                let named = |item: &&Item<'_>| match &item.name {
                    Some((k, v)) => k == key && v == value,
                    None => key.is_empty() && item.value.text().is_some_and(|text| text == *value),
                };
                items.iter().filter(named).collect()
            }
        };
        for item in members {
            // An item without a name has to stay what it is.
            let stays = if item.name.is_some() { leaves } else { holds };
            let against: Vec<usize> =
                changes.iter().copied().filter(|&c| !stays(item.value, rest, self.op(c))).collect();
            self.mark_all(&against, &[item.change]);
        }
    }
}
