//! What tells findings apart within a report: the same from run to run, and different for any two.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use seawall_check::Located;
use seawall_finding::fingerprint;

use crate::judged::Judged;

/// Gives the findings of one record their fingerprints.
pub(crate) struct Identities {
    path: String,
    template: String,
    seen: HashMap<String, u32>,
}

impl Identities {
    /// For a record in the file that is called `path` from the root of the repository.
    pub(crate) fn new(judged: &Judged<'_>, path: &str) -> Self {
        let template = judged.template.map(ToString::to_string).unwrap_or_default();
        Self { path: path.to_owned(), template, seen: HashMap::new() }
    }

    /// The fingerprint of a finding, and one that no other finding on the object has.
    pub(crate) fn of(&mut self, located: &Located) -> (String, String) {
        let finding = located.fingerprint();
        let own = self.own(&finding);
        (finding, own)
    }

    /// As [`Self::of`], for what has a fingerprint without being a finding.
    pub(crate) fn own(&mut self, finding: &str) -> String {
        let parts = [finding, self.path.as_str(), self.template.as_str()];
        let before = self.seen.entry(finding.to_owned()).or_default();
        *before += 1;
        match before {
            1 => fingerprint(parts),
            n => fingerprint(parts.into_iter().chain([n.to_string().as_str()])),
        }
    }
}

/// An entry of a report, as a part of a text: it may be one of several equal ones, which only their order tells apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    /// Where it ends in the text.
    pub(crate) end: usize,
    /// Where the text takes its number among equal ones.
    pub(crate) mark: usize,
    /// Its file.
    pub(crate) file: u64,
    /// The record that it belongs to, in the file.
    pub(crate) record: u64,
    /// Whether it is the first of its record.
    pub(crate) first: bool,
}

/// A number that stands for some text within a run.
pub(crate) fn number<'t>(parts: impl IntoIterator<Item = &'t str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in parts {
        part.hash(&mut hasher);
    }
    hasher.finish()
}

/// Counts equal records of a file, in the order of the input. Records of other files are not equal, so that no more has to be
/// known than what one file holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Occurrences {
    file: u64,
    seen: HashMap<u64, u32>,
    current: u32,
}

impl Occurrences {
    /// The number of an item's record among equal ones, from 1.
    pub(crate) fn of(&mut self, item: &Item) -> u32 {
        if self.file != item.file {
            self.file = item.file;
            self.seen.clear();
        }
        if item.first {
            let count = self.seen.entry(item.record).or_default();
            *count += 1;
            self.current = *count;
        }
        self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(file: u64, record: u64, first: bool) -> Item {
        Item { end: 0, mark: 0, file, record, first }
    }

    #[test]
    fn records_are_counted_by_file() {
        let mut seen = Occurrences::default();
        let all = [(1, 7, true), (1, 7, false), (1, 8, true), (1, 7, true), (1, 7, false), (2, 7, true)];
        let numbers = all.map(|(file, record, first)| seen.of(&item(file, record, first)));
        assert_eq!(numbers, [1, 1, 1, 2, 2, 1]);
    }
}
