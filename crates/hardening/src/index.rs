//! What checks know of the other objects of a run.

use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;

/// What other objects' checks have to know of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The scope of its file.
    pub scope: u16,
    /// Its kind, if checks look for it.
    pub kind: &'static str,
}

/// The facts of an object.
pub fn facts(_object: &Object<'_>, _templates: &[Template<'_>], _scope: u16) -> Vec<Fact> {
    Vec::new()
}

/// The facts of a run.
#[derive(Clone, Debug, Default)]
pub struct Index {
    complete: bool,
    kinds: Vec<&'static str>,
}

impl Index {
    /// The index of these facts; `complete` says that the input is all there is in its cluster.
    pub fn new(facts: impl IntoIterator<Item = Fact>, complete: bool) -> Self {
        let mut kinds: Vec<_> = facts.into_iter().map(|fact| fact.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self { complete, kinds }
    }

    /// Whether the input is declared complete.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the input holds an object of one of these kinds.
    pub fn holds(&self, kinds: &[&str]) -> bool {
        kinds.iter().any(|kind| self.kinds.contains(kind))
    }
}
