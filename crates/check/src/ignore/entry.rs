//! Entries of `ignores` in the configuration file.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use globset::GlobMatcher;
use seawall_finding::IgnoreSource;
use seawall_model::pattern;

use super::{Flag, Ignore, IgnoredObject, Offence};
use crate::reach::{Home, Reach};

/// What an entry is limited to; what is not given does not limit it.
#[derive(Clone, Debug, Default)]
pub struct EntryScope {
    /// Files, by a glob from the directory of the configuration file.
    pub path: Option<GlobMatcher>,
    /// A pattern for the namespace.
    pub namespace: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// A pattern for the name.
    pub name: Option<String>,
    /// A pattern for the container; with it, the pod's own fields are not meant.
    pub container: Option<String>,
}

impl EntryScope {
    /// Whether it speaks of an object, whatever the container.
    pub fn includes(&self, object: &IgnoredObject<'_>) -> bool {
        let matches = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern::matches(pattern, text))
        };
        self.path.as_ref().is_none_or(|glob| glob.is_match(object.path))
            && matches(&self.namespace, &object.id.namespace)
            && self.kind.as_ref().is_none_or(|kind| *kind == object.id.kind)
            && matches(&self.name, &object.id.name)
    }
}

/// An entry, with what became of it in a run.
#[derive(Debug)]
pub struct IgnoreEntry {
    /// What it says.
    pub ignore: Arc<Ignore>,
    /// What it is limited to.
    pub scope: EntryScope,
    /// Where objects that it speaks of are at home.
    homes: RwLock<HashSet<Home>>,
    pub(super) used: Flag,
}

impl IgnoreEntry {
    /// An entry that has not been used.
    pub fn new(ignore: Ignore, scope: EntryScope) -> Self {
        Self { ignore: Arc::new(ignore), scope, homes: RwLock::default(), used: Flag::default() }
    }

    /// Takes note of an object that is at home there, if it speaks of it.
    pub(super) fn meet(&self, object: &IgnoredObject<'_>, home: &Home) {
        // Homes are few, so that there is hardly ever something to write.
        let known = self.homes.read().unwrap_or_else(PoisonError::into_inner).contains(home);
        if !known && self.scope.includes(object) {
            self.homes.write().unwrap_or_else(PoisonError::into_inner).insert(home.clone());
        }
    }

    /// Whether it passed over nothing although all its rules were judged at a home of what it speaks of.
    pub(super) fn is_unused(&self, reach: Reach<'_>) -> bool {
        let homes = self.homes.read().unwrap_or_else(PoisonError::into_inner);
        let judged = |home: &Home| self.ignore.rules.iter().all(|rule| reach.includes(rule, home));
        // Whether another tool needs it is not known here.
        let foreign = self.ignore.source == IgnoreSource::Compat;
        !foreign && !self.used.is_raised() && homes.iter().any(judged)
    }

    pub(super) fn covers(&self, object: &IgnoredObject<'_>, offence: &Offence<'_>) -> bool {
        let in_container = match (&self.scope.container, offence.container) {
            (None, _) => true,
            (Some(pattern), Some(name)) => pattern::matches(pattern, name),
            (Some(_), None) => false,
        };
        self.ignore.names(offence.rule) && in_container && self.scope.includes(object)
    }
}
