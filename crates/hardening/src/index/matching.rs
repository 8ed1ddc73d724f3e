//! Labelled things by selector, and selectors by labels, without holding every one against every other.
//!
//! Both are filed under pairs and keys. A selector is looked up, or filed, by the requirement that the fewest meet, so that
//! what is compared grows with what matches. Selectors of `NotIn` and `DoesNotExist` alone have no such requirement: they are
//! held against every pod of their namespace, so that pods times such selectors of one namespace is the bound.

use foldhash::HashMap;

use super::labels::{Anchor, Labels, Selector};

/// Things with labels.
#[derive(Clone, Debug)]
pub(crate) struct Labelled<T> {
    things: Vec<T>,
    by: HashMap<u64, Vec<u32>>,
}

impl<T> Default for Labelled<T> {
    fn default() -> Self {
        Self { things: Vec::new(), by: HashMap::default() }
    }
}

impl<T: AsRef<Labels>> Labelled<T> {
    pub(crate) fn add(&mut self, thing: T) {
        let at = self.things.len() as u32;
        for label in thing.as_ref().iter() {
            self.by.entry(label.key).or_default().push(at);
            self.by.entry(label.pair).or_default().push(at);
        }
        self.things.push(thing);
    }

    /// How many have this pair or key.
    pub(crate) fn count(&self, pair_or_key: u64) -> usize {
        self.by.get(&pair_or_key).map_or(0, Vec::len)
    }

    /// Those that a selector selects.
    pub(crate) fn selected<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = &'a T> {
        let anchor = selector.anchor(|of| self.count(of));
        let (filed, all): (&[u64], _) = match &anchor {
            Anchor::One(of) => (&[*of], 0),
            Anchor::AnyOf(of) => (of, 0),
            Anchor::Nowhere => (&[], self.things.len() as u32),
        };
        let filed: Vec<&[u32]> = filed.iter().filter_map(|of| self.by.get(of)).map(Vec::as_slice).collect();
        let filed = filed.into_iter().flatten().copied();
        filed
            .chain(0..all)
            .map(|at| &self.things[at as usize])
            .filter(|thing| selector.matches((*thing).as_ref()))
    }
}

/// Things with selectors.
#[derive(Clone, Debug)]
pub(crate) struct Selectors<T> {
    things: Vec<(Selector, T)>,
    by: HashMap<u64, Vec<u32>>,
    anywhere: Vec<u32>,
}

impl<T> Default for Selectors<T> {
    fn default() -> Self {
        Self { things: Vec::new(), by: HashMap::default(), anywhere: Vec::new() }
    }
}

impl<T> Selectors<T> {
    /// Files a thing; `pods` is what will be looked up.
    pub(crate) fn add<P: AsRef<Labels>>(&mut self, selector: Selector, thing: T, pods: &Labelled<P>) {
        let at = self.things.len() as u32;
        match selector.anchor(|of| pods.count(of)) {
            Anchor::One(of) => self.by.entry(of).or_default().push(at),
            // A thing has one value of a key, so that it comes here by one of these.
            Anchor::AnyOf(pairs) => {
                for of in pairs {
                    self.by.entry(*of).or_default().push(at);
                }
            }
            Anchor::Nowhere => self.anywhere.push(at),
        }
        self.things.push((selector, thing));
    }

    /// Those that select what has these labels.
    pub(crate) fn selecting<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = &'a T> {
        let filed = labels.iter().flat_map(|label| [label.pair, label.key]);
        let filed = filed.filter_map(|of| self.by.get(&of)).flatten();
        filed
            .chain(&self.anywhere)
            .map(|at| &self.things[*at as usize])
            .filter_map(|(selector, thing)| selector.matches(labels).then_some(thing))
    }
}
