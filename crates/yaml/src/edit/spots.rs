//! A set of changes as one tree over the document: every place that a change names or passes is a spot.

use std::borrow::Cow;

use foldhash::HashMap;

use super::change::{Change, Op, Reason, Refusal};
use super::contents::{FEW, Fields, Items};
use super::value::{DEPTH, Value};
use crate::document::{Kind, NodeRef, Span};
use crate::path::Segment;

/// Index of a spot in its tree; the root is 0, and every spot comes behind its parent.
pub(super) type SpotId = usize;

/// One step from a spot to a spot below.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step<'a> {
    Key(Cow<'a, str>),
    /// Position in the list as it is before any change.
    Index(u32),
    /// An item that is not there, by its merge key and value.
    Name(&'a str, &'a str),
}

/// An item that a list has to hold.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) change: usize,
    pub(super) value: &'a Value,
    /// The merge key and the item's value for it as text.
    pub(super) name: Option<(&'a str, Cow<'a, str>)>,
    /// The position of the item if the list holds it already.
    pub(super) found: Option<u32>,
}

/// A place, what is there, and what is to be there.
#[derive(Debug)]
pub(super) struct Spot<'a> {
    pub(super) parent: SpotId,
    pub(super) step: Step<'a>,
    /// What is there, aliases not followed.
    pub(super) node: Option<NodeRef<'a>>,
    /// Whether `node` is written at this place, not reached through an alias or a merge key.
    pub(super) here: bool,
    /// In the order in which changes name them first.
    pub(super) children: Vec<SpotId>,
    pub(super) set: Option<&'a Value>,
    pub(super) items: Vec<Item<'a>>,
    pub(super) removed: bool,
    /// Whether what becomes empty by the removal goes too.
    pub(super) prune: bool,
    /// The changes that are given at this very place.
    pub(super) changes: Vec<usize>,
    inner: Inner<'a>,
}

/// What is in a spot's node, looked up when first asked.
#[derive(Debug)]
enum Inner<'a> {
    Unknown,
    Fields(Fields<'a>),
    Items(Items<'a>),
}

/// Why a path cannot be followed, and where.
pub(super) type Blocked = (Reason, Option<Span>);

#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) spots: Vec<Spot<'a>>,
    /// The children of spots that have many.
    by_step: HashMap<(SpotId, Step<'a>), SpotId>,
}

impl<'a> Tree<'a> {
    fn new(root: NodeRef<'a>) -> Self {
        let mut tree = Self { spots: Vec::new(), by_step: HashMap::default() };
        tree.push(0, Step::Index(0), Some(root), true);
        tree
    }

    /// The tree of the changes with these indices, and the changes that cannot be followed to their place.
    pub(super) fn of(root: NodeRef<'a>, changes: &'a [Change], active: &[usize]) -> (Self, Vec<Refusal>) {
        let mut tree = Self::new(root);
        let mut refused = Vec::new();
        for &index in active {
            if let Err((reason, span)) = tree.add(index, &changes[index]) {
                refused.push(Refusal { change: index, reason, span });
            }
        }
        (tree, refused)
    }

    fn push(&mut self, parent: SpotId, step: Step<'a>, node: Option<NodeRef<'a>>, here: bool) -> SpotId {
        let id = self.spots.len();
        self.spots.push(Spot {
            parent,
            step,
            node,
            here,
            children: Vec::new(),
            set: None,
            items: Vec::new(),
            removed: false,
            prune: false,
            changes: Vec::new(),
            inner: Inner::Unknown,
        });
        id
    }

    /// What is there, aliases followed; `None` for nothing and for null, which is as good as nothing.
    pub(super) fn target(&self, id: SpotId) -> Option<NodeRef<'a>> {
        self.spots[id].node.map(NodeRef::resolved).filter(|node| node.kind() != Kind::Null)
    }

    /// The fields of a spot that is a mapping.
    pub(super) fn fields(&self, id: SpotId) -> Option<&Fields<'a>> {
        match &self.spots[id].inner {
            Inner::Fields(fields) => Some(fields),
            _ => None,
        }
    }

    /// The items of a spot that is a list.
    pub(super) fn list(&self, id: SpotId) -> Option<&Items<'a>> {
        match &self.spots[id].inner {
            Inner::Items(items) => Some(items),
            _ => None,
        }
    }

    /// Looks up what is in a spot.
    pub(super) fn look(&mut self, id: SpotId) {
        if !matches!(self.spots[id].inner, Inner::Unknown) {
            return;
        }
        let Some(node) = self.target(id) else { return };
        match node.kind() {
            Kind::Mapping => self.spots[id].inner = Inner::Fields(Fields::of(node)),
            Kind::Sequence => {
                self.spots[id].inner = Inner::Items(Items::of(node));
            }
            _ => {}
        }
    }

    /// Whether what is in a spot's node is written at the spot's place.
    fn inside_here(&self, id: SpotId) -> bool {
        let spot = &self.spots[id];
        spot.here && spot.node.is_some_and(|node| node.kind() != Kind::Alias)
    }

    fn step(&mut self, id: SpotId, step: Step<'a>, node: Option<NodeRef<'a>>, here: bool) -> SpotId {
        if let Some(child) = self.find(id, &step) {
            return child;
        }
        let child = self.push(id, step, node, here);
        self.spots[id].children.push(child);
        let children = &self.spots[id].children;
        // With the first one too many all are entered, then each new one.
        let entered = if children.len() == FEW + 1 { 0 } else { FEW.max(children.len() - 1) };
        let new = children.iter().skip(entered).map(|&child| ((id, self.spots[child].step.clone()), child));
        self.by_step.extend(new.collect::<Vec<_>>());
        child
    }

    /// The spot that a step leads to, if a change names or passes it.
    pub(super) fn find(&self, id: SpotId, step: &Step<'a>) -> Option<SpotId> {
        let children = &self.spots[id].children;
        if children.len() > FEW {
            return self.by_step.get(&(id, step.clone())).copied();
        }
        children.iter().copied().find(|&child| self.spots[child].step == *step)
    }

    fn blocked(&self, id: SpotId, reason: Reason) -> Blocked {
        (reason, self.spots[id].node.map(NodeRef::span))
    }

    /// The spot of a key below a spot, whether or not there is a value.
    pub(super) fn key(&mut self, id: SpotId, key: Cow<'a, str>) -> Result<SpotId, Blocked> {
        self.look(id);
        let field = match &self.spots[id].inner {
            Inner::Fields(fields) => fields.get(&key),
            Inner::Unknown if id > 0 && self.target(id).is_none() => None,
            _ => return Err(self.blocked(id, Reason::NotAMapping)),
        };
        let here = self.inside_here(id) && field.is_none_or(|field| field.pair.is_some());
        Ok(self.step(id, Step::Key(key), field.map(|field| field.value), here))
    }

    /// The spot of a list item, which must exist.
    fn item(&mut self, id: SpotId, segment: &Segment) -> Result<SpotId, Blocked> {
        self.look(id);
        let nothing = self.target(id).is_none();
        let found = match (&mut self.spots[id].inner, segment) {
            (Inner::Items(items), Segment::Index(index)) => {
                Some(*index).filter(|i| (*i as usize) < items.nodes.len())
            }
            (Inner::Items(items), Segment::Item(item)) => items.named(&item.key, &item.value),
            (Inner::Unknown, _) if nothing => None,
            _ => return Err(self.blocked(id, Reason::NotAList)),
        };
        let node = found.and_then(|index| self.list(id)?.nodes.get(index as usize).copied());
        let (Some(index), Some(node)) = (found, node) else {
            return Err(self.blocked(id, Reason::NoSuchItem));
        };
        let here = self.inside_here(id);
        Ok(self.step(id, Step::Index(index), Some(node), here))
    }

    /// The spot at the end of a path. What is to be removed need not exist: its spot has no node then.
    fn follow(&mut self, change: &'a Change) -> Result<SpotId, Blocked> {
        if change.path.0.len() > DEPTH {
            return Err((Reason::LongPath, None));
        }
        let mut at = 0;
        for segment in &change.path.0 {
            let next = match segment {
                Segment::Key(key) => self.key(at, Cow::Borrowed(key)),
                item => self.item(at, item),
            };
            at = match next {
                Err(_) if matches!(change.op, Op::Remove { .. }) => {
                    let step = match segment {
                        Segment::Key(key) => Step::Key(Cow::Borrowed(key)),
                        Segment::Item(item) => Step::Name(&item.key, &item.value),
                        Segment::Index(index) => Step::Index(*index),
                    };
                    self.step(at, step, None, false)
                }
                next => next?,
            };
        }
        Ok(at)
    }

    fn add(&mut self, index: usize, change: &'a Change) -> Result<(), Blocked> {
        let fault = match &change.op {
            Op::Ensure(value) | Op::EnsureItem { item: value, .. } => value.fault(),
            Op::Remove { .. } => None,
        };
        if let Some(fault) = fault {
            return Err((Reason::BadValue(fault), None));
        }
        let at = self.follow(change)?;
        let node = self.spots[at].node;
        match &change.op {
            Op::Ensure(value) => {
                let replaces =
                    node.is_none_or(|n| n.kind() != Kind::Mapping) || !matches!(value, Value::Mapping(_));
                if at == 0 && replaces && !node.is_some_and(|n| value.is_value_of(n)) {
                    return Err(self.blocked(at, Reason::Root));
                }
                // Of equal values the first one gives the order of keys.
                self.spots[at].set.get_or_insert(value);
            }
            Op::EnsureItem { item, merge_key } => {
                let item = self.member(at, index, item, merge_key.as_deref())?;
                self.spots[at].items.push(item);
            }
            Op::Remove { expected, prune } => {
                if at == 0 {
                    return Err(self.blocked(at, Reason::Root));
                }
                if let (Some(node), Some(expected)) = (node, expected)
                    && !expected.is_value_of(node)
                {
                    return Err(self.blocked(at, Reason::OtherValue));
                }
                self.spots[at].removed = true;
                self.spots[at].prune |= prune;
            }
        }
        self.spots[at].changes.push(index);
        Ok(())
    }

    /// What a list has to hold, and whether it does.
    fn member(
        &mut self,
        at: SpotId,
        change: usize,
        value: &'a Value,
        merge_key: Option<&'a str>,
    ) -> Result<Item<'a>, Blocked> {
        self.look(at);
        let name = match (value, merge_key) {
            (Value::Mapping(_), Some(key)) => {
                let text = value.get(key).and_then(Value::text);
                let text = text.ok_or((Reason::BadValue("has no text for its merge key"), None))?;
                Some((key, text))
            }
            _ => None,
        };
        let mut item = Item { change, value, name, found: None };
        let nothing = at > 0 && self.target(at).is_none();
        match &mut self.spots[at].inner {
            Inner::Items(items) => {
                item.found = match &item.name {
                    Some((key, text)) => items.named(key, text),
                    None => items.equal(value),
                };
                let node = item.found.and_then(|index| items.nodes.get(index as usize).copied());
                if let (Some(node), Some((key, text))) = (node, &item.name)
                    && !value.is_part_of(node)
                {
                    let reason =
                        Reason::OtherItem { key: (*key).to_owned(), value: text.clone().into_owned() };
                    return Err((reason, Some(node.span())));
                }
                Ok(item)
            }
            Inner::Unknown if nothing => Ok(item),
            _ => Err(self.blocked(at, Reason::NotAList)),
        }
    }
}
