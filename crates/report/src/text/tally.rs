//! What the tail has to know of the pages before it.

use std::fmt::Write as _;
use std::sync::Arc;

use seawall_check::{Notice, NoticeKind, Rank, Record, Workload};
use seawall_finding::{Answer, Fix, Safety};

use crate::visible;

/// Different messages that are kept of each kind of notice; the others are only counted.
pub(super) const KEPT: usize = 3;

/// Counts over records. Merging is associative, so the pages' order decides and their sizes do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) notices: Vec<Counted>,
    /// Files with input errors, neighbours only once, and whether they could be read: the others are not among the
    /// summary's files.
    pub(crate) bad_files: Vec<(Arc<str>, bool)>,
    /// Workloads with open findings that all have a fix, by the least safe of them.
    pub(crate) fixable: [u64; 3],
    /// Workloads with findings that count.
    pub(super) ranked: u64,
    /// Those of the highest ranks, the highest first; of the same rank the first in the input.
    pub(super) worst: Vec<Worst>,
}

/// Workloads that are named at the end.
const WORST: usize = 5;

/// A workload that is named at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Worst {
    pub(super) rank: Rank,
    pub(super) exposed: bool,
    pub(super) score: Option<u64>,
    /// What it is called and where it is, ready to print.
    pub(super) place: String,
}

impl Worst {
    fn of(workload: &Workload) -> Option<Self> {
        let file = visible::text(&workload.origin.file);
        let object = workload.object.to_string();
        Some(Self {
            rank: Rank::of(workload)?,
            exposed: workload.exposed,
            score: workload.score,
            place: format!("{} at {file}:{}", visible::text(&object), workload.region.line),
        })
    }
}

/// The least safe of the fixes that make a workload pass, if fixes can.
fn least_safe(workload: &Workload) -> Option<Safety> {
    if workload.refused.is_some() || !workload.open.contains(&true) {
        return None;
    }
    if let Some(totals) = &workload.totals {
        return totals.least_safe.filter(|_| !totals.unfixable);
    }
    // What no level asks for keeps nobody from passing.
    let open =
        workload.findings.iter().filter(|located| located.suppressed.is_none() && !located.is_beyond());
    let here = |fix: &&Fix| fix.answer != Some(Answer::Elsewhere);
    let fixes: Option<Vec<Safety>> =
        open.map(|located| Some(located.fix.as_ref().filter(here)?.safety)).collect();
    fixes?.into_iter().max()
}

/// The notices of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(super) kind: NoticeKind,
    pub(super) count: u64,
    /// The first different messages, ready to print, with their hints.
    pub(super) first: Vec<(String, Option<String>)>,
    /// Whether there were more different ones.
    pub(super) more: bool,
}

impl Tail {
    /// Counts a record.
    pub(crate) fn count(&mut self, record: &Record) {
        match record {
            Record::Notice(notice) => {
                self.merge(Self { notices: vec![Counted::of(notice)], ..Self::default() });
            }
            Record::Error(error) => self.bad_file((Arc::clone(&error.file), error.origin.is_some())),
            Record::Workload(workload) => {
                if let Some(safety) = least_safe(workload) {
                    self.fixable[safety as usize] += 1;
                }
                // Only what may be among the worst is made ready to print.
                if let Some(rank) = Rank::of(workload) {
                    self.ranked += 1;
                    if self.worst.len() < WORST || self.worst.last().is_some_and(|last| rank > last.rank) {
                        self.worst.extend(Worst::of(workload));
                        self.keep_worst();
                    }
                }
            }
            Record::Object(_) => {}
        }
    }

    /// Adds the tally of what follows in the input.
    pub(crate) fn merge(&mut self, later: Self) {
        for counted in later.notices {
            match self.notices.binary_search_by_key(&counted.kind, |c| c.kind) {
                Ok(at) => self.notices[at].merge(counted),
                Err(at) => self.notices.insert(at, counted),
            }
        }
        for file in later.bad_files {
            self.bad_file(file);
        }
        for (count, more) in self.fixable.iter_mut().zip(later.fixable) {
            *count += more;
        }
        self.ranked += later.ranked;
        self.worst.extend(later.worst);
        self.keep_worst();
    }

    fn keep_worst(&mut self) {
        // The sort is stable.
        self.worst.sort_by_key(|worst| std::cmp::Reverse(worst.rank));
        self.worst.truncate(WORST);
    }

    fn bad_file(&mut self, file: (Arc<str>, bool)) {
        if self.bad_files.last() != Some(&file) {
            self.bad_files.push(file);
        }
    }
}

impl Counted {
    fn of(notice: &Notice) -> Self {
        // These are counted by file; of the others the place is part of what is said.
        let counted_only = match notice.kind {
            NoticeKind::Template | NoticeKind::Kustomization | NoticeKind::VersionClamped => true,
            // What could not be read has a hint.
            NoticeKind::NotKubernetes => notice.hint.is_none(),
            _ => false,
        };
        let mut text = String::new();
        if let (Some(file), false) = (&notice.file, counted_only) {
            text.push_str(&visible::text(file));
            if let Some(region) = notice.region {
                let _ = write!(text, ":{}:{}", region.line, region.column);
            }
            text.push_str(": ");
        }
        text.push_str(&visible::message(&notice.message));
        let hint = notice.hint.as_deref().map(|h| visible::message(h).into_owned());
        Self { kind: notice.kind, count: 1, first: vec![(text, hint)], more: false }
    }

    fn merge(&mut self, later: Self) {
        self.count += later.count;
        self.more |= later.more;
        for message in later.first {
            if self.first.contains(&message) {
                continue;
            }
            if self.first.len() == KEPT {
                self.more = true;
            } else {
                self.first.push(message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(message: &str) -> Record {
        Record::Notice(Notice {
            kind: NoticeKind::NamespaceLabels,
            file: None,
            region: None,
            message: message.to_owned(),
            hint: None,
        })
    }

    #[test]
    fn merging_is_associative() {
        let all = ["a", "b", "a", "c", "d", "b"].map(notice);
        let whole = all.iter().fold(Tail::default(), |mut t, r| {
            t.count(r);
            t
        });
        for cut in 0..all.len() {
            let mut parts = [Tail::default(), Tail::default()];
            for (i, record) in all.iter().enumerate() {
                parts[usize::from(i >= cut)].count(record);
            }
            let [mut left, right] = parts;
            left.merge(right);
            assert_eq!(left, whole, "cut at {cut}");
        }
        assert_eq!(
            (whole.notices[0].count, whole.notices[0].first.len(), whole.notices[0].more),
            (6, 3, true)
        );
    }
}
