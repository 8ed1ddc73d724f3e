//! What is in a mapping or a list, looked up once and found quickly.

use std::borrow::Cow;

use foldhash::HashMap;

use super::value::Value;
use crate::document::{Kind, NodeRef};
use crate::path::{is_item, item_name};

/// So many are looked through one by one; more get an index.
pub(super) const FEW: usize = 12;

/// The fields of a mapping, in the order in which their keys are first assigned.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    all: Vec<(Cow<'a, str>, Field<'a>)>,
    index: HashMap<Cow<'a, str>, usize>,
    /// The pairs as written, merge keys too.
    pub(super) pairs: Vec<(NodeRef<'a>, NodeRef<'a>)>,
}

/// A key with the value that it ends up with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) value: NodeRef<'a>,
    /// The pair that assigns it, if it is one of the mapping's own.
    pub(super) pair: Option<u32>,
    /// The mapping's own pairs with this key.
    pub(super) own: u32,
    /// The last merge key that brings it in.
    pub(super) merge: Option<u32>,
}

/// The items of a list.
#[derive(Debug, Default)]
pub(super) struct Items<'a> {
    pub(super) nodes: Vec<NodeRef<'a>>,
    /// For each merge key asked for: its values, with the first item that has it.
    by_key: HashMap<String, HashMap<Cow<'a, str>, u32>>,
    /// Scalars as JSON, with the first item that has the value; filled when first asked.
    scalars: Option<HashMap<String, u32>>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(mapping: NodeRef<'a>) -> Self {
        let mut fields = Self { pairs: mapping.pairs().collect(), ..Self::default() };
        fields.all.reserve(fields.pairs.len());
        for index in 0..fields.pairs.len() {
            let (key, value) = fields.pairs[index];
            if key.merges() {
                for source in merged(value) {
                    for (key, value) in source.entries() {
                        fields.assign(key, Field { value, pair: None, own: 0, merge: Some(index as u32) });
                    }
                }
            } else {
                fields.assign(key, Field { value, pair: Some(index as u32), own: 1, merge: None });
            }
        }
        fields
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.all.len() > FEW {
            return self.index.get(key).copied();
        }
        self.all.iter().position(|(known, _)| known == key)
    }

    fn assign(&mut self, key: NodeRef<'a>, field: Field<'a>) {
        let Some(name) = key.key() else { return };
        if let Some(at) = self.position(&name) {
            let known = &mut self.all[at].1;
            *known = Field { own: known.own + field.own, merge: field.merge.or(known.merge), ..field };
            return;
        }
        self.all.push((name, field));
        // With the first one too many all are entered, then each new one.
        let entered = if self.all.len() == FEW + 1 { 0 } else { FEW.max(self.all.len() - 1) };
        let new = self.all.iter().enumerate().skip(entered);
        self.index.extend(new.map(|(at, (name, _))| (name.clone(), at)));
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(Cow<'a, str>, Field<'a>)> {
        self.all.iter()
    }

    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        self.position(key).map(|at| self.all[at].1)
    }

    /// All of the mapping's own pairs with a key.
    pub(super) fn own(&self, key: &str, field: Field<'_>) -> Vec<usize> {
        match field.pair {
            Some(pair) if field.own == 1 => vec![pair as usize],
            _ if field.own == 0 => Vec::new(),
            _ => {
                let same = |(_, (k, _)): &(usize, &(NodeRef<'_>, NodeRef<'_>))| {
                    !k.merges() && k.key().is_some_and(|k| k == key)
                };
                self.pairs.iter().enumerate().filter(same).map(|(i, _)| i).collect()
            }
        }
    }
}

/// The mappings that a merge key's value names, in the order in which Go merges them: a list from its end.
pub(super) fn merged(value: NodeRef<'_>) -> Vec<NodeRef<'_>> {
    match value.resolved().kind() {
        Kind::Sequence => {
            let mut items: Vec<_> = value.items().map(NodeRef::resolved).collect();
            items.reverse();
            items
        }
        _ => vec![value.resolved()],
    }
}

impl<'a> Items<'a> {
    pub(super) fn of(list: NodeRef<'a>) -> Self {
        Self { nodes: list.items().collect(), ..Self::default() }
    }

    /// The first item that is known by this value of the field `key`.
    pub(super) fn named(&mut self, key: &str, value: &str) -> Option<u32> {
        if self.nodes.len() <= FEW {
            let found = self.nodes.iter().position(|node| is_item(*node, key, value));
            return found.map(|index| index as u32);
        }
        if !self.by_key.contains_key(key) {
            let mut index = HashMap::default();
            for (i, node) in self.nodes.iter().enumerate() {
                if let Some(text) = item_name(*node, key) {
                    index.entry(text).or_insert(i as u32);
                }
            }
            self.by_key.insert(key.to_owned(), index);
        }
        self.by_key.get(key)?.get(value).copied()
    }

    /// The first item with this value.
    pub(super) fn equal(&mut self, value: &Value) -> Option<u32> {
        if self.nodes.len() <= FEW || matches!(value, Value::List(_) | Value::Mapping(_)) {
            return self.nodes.iter().position(|node| value.is_value_of(*node)).map(|i| i as u32);
        }
        let nodes = &self.nodes;
        let scalars = self.scalars.get_or_insert_with(|| {
            let mut index = HashMap::default();
            for (i, node) in nodes.iter().enumerate() {
                if !matches!(node.resolved().kind(), Kind::Sequence | Kind::Mapping)
                    && let Some(value) = Value::of(*node)
                {
                    index.entry(value.to_json()).or_insert(i as u32);
                }
            }
            index
        });
        scalars.get(&value.to_json()).copied()
    }
}
