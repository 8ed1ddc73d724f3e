//! Changes made on values, one by one, without any look at the text: what planned edits are held against.

use std::borrow::Cow;
use std::collections::hash_map::Entry;

use foldhash::{HashMap, HashSet};

use super::change::{Change, Op};
use super::value::Value;
use crate::document::{Kind, NodeRef};
use crate::path::{Segment, item_name};

/// The value that a document has to have. What no change touches stays a node.
#[derive(Debug)]
pub(super) enum Expected<'a> {
    Node(NodeRef<'a>),
    Value(&'a Value),
    Mapping(HashMap<Cow<'a, str>, Expected<'a>>),
    List(List<'a>),
}

/// A list whose removed items leave a gap, so that positions keep their meaning.
#[derive(Debug, Default)]
pub(super) struct List<'a> {
    pub(super) items: Vec<Option<Expected<'a>>>,
    /// The items when it was taken apart.
    given: Vec<Given<'a>>,
    /// By merge key: the values and the first item that has each.
    names: HashMap<&'a str, HashMap<Cow<'a, str>, usize>>,
    /// The scalars in it as JSON.
    scalars: Option<HashSet<String>>,
}

/// An item as it was.
#[derive(Clone, Copy, Debug)]
enum Given<'a> {
    Node(NodeRef<'a>),
    Value(&'a Value),
}

impl<'a> Given<'a> {
    fn expected(self) -> Expected<'a> {
        match self {
            Self::Node(node) => Expected::Node(node),
            Self::Value(value) => Expected::Value(value),
        }
    }

    /// The text of its field `key`.
    fn name(self, key: &str) -> Option<Cow<'a, str>> {
        match self {
            Self::Node(node) => item_name(node, key),
            Self::Value(value) => name(value, key),
        }
    }

    /// A scalar as JSON.
    fn scalar(self) -> Option<String> {
        match self {
            Self::Node(node) if matches!(node.resolved().kind(), Kind::Mapping | Kind::Sequence) => None,
            Self::Node(node) => Value::of(node).map(|value| value.to_json()),
            Self::Value(Value::Mapping(_) | Value::List(_)) => None,
            Self::Value(value) => Some(value.to_json()),
        }
    }
}

/// The text of a value's field `key`, or its own where the key is empty.
fn name<'a>(value: &'a Value, key: &str) -> Option<Cow<'a, str>> {
    let named = if key.is_empty() { value } else { value.get(key)? };
    named.text()
}

/// The changes lead to no such place.
pub(super) struct Lost;

impl<'a> Expected<'a> {
    /// The value of a document after the changes.
    pub(super) fn of(root: NodeRef<'a>, changes: &[&'a Change]) -> Result<Self, Lost> {
        let mut expected = Self::Node(root);
        let mut prunings = Vec::new();
        // Of removals of one place, one that prunes has to find it.
        let prunes = |change: &&&Change| matches!(change.op, Op::Remove { prune: true, .. });
        let (first, rest): (Vec<&&Change>, Vec<&&Change>) = changes.iter().partition(prunes);
        for change in first.into_iter().chain(rest) {
            match &change.op {
                Op::Ensure(value) => *expected.create(&change.path.0)? = Self::Value(value),
                Op::EnsureItem { item, merge_key } => {
                    expected.create(&change.path.0)?.hold(item, merge_key.as_deref())?;
                }
                Op::Remove { prune, .. } => {
                    if let Some((last, parents)) = change.path.0.split_last()
                        && let Some(steps) = expected.remove(parents, last)
                        && *prune
                    {
                        prunings.push(steps);
                    }
                }
            }
        }
        for steps in prunings {
            expected.prune(&steps);
        }
        Ok(expected)
    }

    fn is_null(&self) -> bool {
        match self {
            Self::Node(node) => node.is_null(),
            Self::Value(value) => **value == Value::Null,
            _ => false,
        }
    }

    /// Takes it apart by one level.
    fn open(&mut self) {
        let opened = match self {
            Self::Node(node) if node.resolved().kind() == Kind::Mapping => {
                let fields = node.entries().filter_map(|(key, value)| Some((key.key()?, Self::Node(value))));
                Self::Mapping(fields.collect())
            }
            Self::Node(node) if node.resolved().kind() == Kind::Sequence => {
                Self::List(List::of(node.items().map(Given::Node).collect()))
            }
            Self::Value(Value::Mapping(pairs)) => Self::Mapping(
                pairs.iter().map(|(k, v)| (Cow::Borrowed(k.as_str()), Self::Value(v))).collect(),
            ),
            Self::Value(Value::List(items)) => Self::List(List::of(items.iter().map(Given::Value).collect())),
            _ => return,
        };
        *self = opened;
    }

    /// The place at the end of a path; keys that are missing are added, with null.
    fn create(&mut self, path: &'a [Segment]) -> Result<&mut Self, Lost> {
        let mut at = self;
        for segment in path {
            at.open();
            if matches!(segment, Segment::Key(_)) && at.is_null() {
                *at = Self::Mapping(HashMap::default());
            }
            at = match (at, segment) {
                (Self::Mapping(fields), Segment::Key(key)) => {
                    fields.entry(Cow::Borrowed(key)).or_insert(Self::Value(&Value::Null))
                }
                (Self::List(list), item) => {
                    let index = list.position(item).ok_or(Lost)?;
                    list.items.get_mut(index).and_then(Option::as_mut).ok_or(Lost)?
                }
                _ => return Err(Lost),
            };
        }
        Ok(at)
    }

    /// Adds an item to a list that does not hold it.
    fn hold(&mut self, item: &'a Value, merge_key: Option<&'a str>) -> Result<(), Lost> {
        self.open();
        if self.is_null() {
            *self = Self::List(List::default());
        }
        let Self::List(list) = self else { return Err(Lost) };
        let held = match (item, merge_key) {
            (Value::Mapping(_), Some(key)) => {
                let text = name(item, key).ok_or(Lost)?;
                let index = list.items.len();
                match list.names(key).entry(text) {
                    Entry::Occupied(_) => true,
                    Entry::Vacant(new) => {
                        new.insert(index);
                        false
                    }
                }
            }
            (Value::Mapping(_) | Value::List(_), _) => {
                let added = list.items[list.given.len()..].iter().flatten();
                list.given.iter().any(|given| given.expected().is_equal(item))
                    || added.into_iter().any(|known| known.is_equal(item))
            }
            _ => !list.scalars().insert(item.to_json()),
        };
        if !held {
            list.items.push(Some(Self::Value(item)));
        }
        Ok(())
    }

    fn is_equal(&self, value: &Value) -> bool {
        match self {
            Self::Node(node) => value.is_value_of(*node),
            Self::Value(known) => known.is_same(value),
            _ => false,
        }
    }

    /// Removes a key or an item; the steps to where it was.
    fn remove(&mut self, parents: &'a [Segment], last: &'a Segment) -> Option<Vec<Segment>> {
        let mut at = self;
        let mut steps = Vec::new();
        for segment in parents {
            at.open();
            at = match (at, segment) {
                (Self::Mapping(fields), Segment::Key(key)) => {
                    steps.push(segment.clone());
                    fields.get_mut(key.as_str())?
                }
                (Self::List(list), item) => {
                    let index = list.position(item)?;
                    steps.push(Segment::Index(index as u32));
                    list.items.get_mut(index)?.as_mut()?
                }
                _ => return None,
            };
        }
        at.open();
        match (at, last) {
            (Self::Mapping(fields), Segment::Key(key)) => fields.remove(key.as_str()).map(|_| steps),
            (Self::List(list), item) => {
                let index = list.position(item)?;
                list.items.get_mut(index)?.take().map(|_| steps)
            }
            _ => None,
        }
    }

    /// Removes what is empty at the end of the steps, and so on upwards.
    fn prune(&mut self, steps: &[Segment]) {
        for depth in (1..=steps.len()).rev() {
            // What another removal took is not empty by this one.
            let Some(at) = self.walk(&steps[..depth]) else { return };
            let empty = match at {
                Self::Mapping(fields) => fields.is_empty(),
                Self::List(list) => list.items.iter().all(Option::is_none),
                _ => false,
            };
            if !empty {
                return;
            }
            match (self.walk(&steps[..depth - 1]), &steps[depth - 1]) {
                (Some(Self::Mapping(fields)), Segment::Key(key)) => drop(fields.remove(key.as_str())),
                (Some(Self::List(list)), Segment::Index(index)) => list.items[*index as usize] = None,
                _ => return,
            }
        }
    }

    fn walk(&mut self, steps: &[Segment]) -> Option<&mut Self> {
        let mut at = self;
        for step in steps {
            at = match (at, step) {
                (Self::Mapping(fields), Segment::Key(key)) => fields.get_mut(key.as_str())?,
                (Self::List(list), Segment::Index(index)) => list.items.get_mut(*index as usize)?.as_mut()?,
                _ => return None,
            };
        }
        Some(at)
    }
}

impl<'a> List<'a> {
    fn of(given: Vec<Given<'a>>) -> Self {
        let items = given.iter().map(|item| Some(item.expected())).collect();
        Self { items, given, ..Self::default() }
    }

    /// The position of an item before any change.
    fn position(&mut self, segment: &'a Segment) -> Option<usize> {
        // A list that is new has no items that a path could name.
        let count = if matches!(self.given.first(), Some(Given::Value(_))) { 0 } else { self.given.len() };
        let index = match segment {
            Segment::Index(index) => Some(*index as usize),
            Segment::Item(item) => self.names(&item.key).get(item.value.as_str()).copied(),
            Segment::Key(_) => None,
        };
        index.filter(|index| *index < count)
    }

    fn names(&mut self, key: &'a str) -> &mut HashMap<Cow<'a, str>, usize> {
        let given = &self.given;
        self.names.entry(key).or_insert_with(|| {
            let mut names = HashMap::default();
            for (index, item) in given.iter().enumerate() {
                if let Some(name) = item.name(key) {
                    names.entry(name).or_insert(index);
                }
            }
            names
        })
    }

    fn scalars(&mut self) -> &mut HashSet<String> {
        let given = &self.given;
        self.scalars.get_or_insert_with(|| given.iter().filter_map(|item| item.scalar()).collect())
    }
}
