//! Entries of `ignores` in the configuration file.

use std::sync::Arc;

use globset::GlobMatcher;
use seawall_model::pattern;

use super::{Flag, Ignore, IgnoredObject, Offence};

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
    pub(super) scanned: Flag,
    pub(super) used: Flag,
}

impl IgnoreEntry {
    /// An entry that has not been used.
    pub fn new(ignore: Ignore, scope: EntryScope) -> Self {
        Self { ignore: Arc::new(ignore), scope, scanned: Flag::default(), used: Flag::default() }
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
