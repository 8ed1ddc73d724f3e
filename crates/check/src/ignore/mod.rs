//! What authors want passed over, and whether a finding is: comments, annotations, configuration entries and a baseline.
//!
//! Ignores silence reports and the exit status. They never change a verdict.

mod baseline;
mod compat;
mod document;
mod entry;
mod foreign;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use seawall_finding::{Date, IgnoreSource, Rule};
use seawall_model::ObjectId;

use crate::judge::CAUSE;
use crate::judge::joined::COPIED;
use crate::reach::{Home, Reach};
use crate::record::{Located, Notice, NoticeKind, Region};

pub use baseline::{Baseline, BaselineEntry, object_key};
pub(crate) use document::{DocumentIgnores, ObjectIgnores, carries_ignores};
pub use entry::{EntryScope, IgnoreEntry};
pub use foreign::{ForeignFile, ForeignIgnores};

/// Ignores and exceptions that end within so many days are announced.
pub(crate) const NOTICE_DAYS: i32 = 14;

/// One ignore, wherever it is written.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// Where it is written.
    pub source: IgnoreSource,
    /// The rules that it names; empty for a baseline, which names findings.
    pub rules: Vec<&'static Rule>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// The file it is written in.
    pub file: Arc<str>,
    /// Where in the file.
    pub region: Option<Region>,
}

impl Ignore {
    /// Whether its last day is over.
    pub fn is_over(&self, today: Date) -> bool {
        self.until.is_some_and(|last| last < today)
    }

    fn names(&self, rule: &Rule) -> bool {
        self.rules.iter().any(|named| named.id == rule.id)
    }

    /// What it is called in messages: `the ignore of host-pid in deploy.yaml:7`.
    pub(crate) fn title(&self) -> String {
        let rules: Vec<String> = self.rules.iter().map(|rule| format!("`{}`", rule.id)).collect();
        let place =
            self.region.map_or_else(|| self.file.to_string(), |r| format!("{}:{}", self.file, r.line));
        format!("the ignore of {} in {place}", rules.join(", "))
    }

    fn notice(&self, kind: NoticeKind, message: String, hint: &str) -> Notice {
        Notice {
            kind,
            file: Some(self.file.clone()),
            region: self.region,
            message,
            hint: Some(hint.to_owned()),
        }
    }

    /// Said of an ignore that passed over nothing.
    pub(crate) fn unused(&self) -> Notice {
        let message = format!("{} passes over nothing", self.title());
        self.notice(NoticeKind::IgnoreUnused, message, "remove it")
    }

    /// Said of an ignore in use that ends soon.
    pub(crate) fn expiring(&self, today: Date) -> Option<Notice> {
        let last = self.until.filter(|last| (0..=NOTICE_DAYS).contains(&today.days_until(*last)))?;
        let message = format!("{} ends with {last}", self.title());
        Some(self.notice(NoticeKind::Expiring, message, "fix the finding, or move the date"))
    }
}

/// One offending place that may be passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offence<'a> {
    pub(crate) rule: &'static Rule,
    pub(crate) container: Option<&'a str>,
    /// The field's path in its object.
    pub(crate) path: &'a seawall_model::FieldPath,
    /// The lines that show it.
    pub(crate) lines: &'a [u32],
}

/// An object as ignores tell objects apart.
#[derive(Clone, Copy, Debug)]
pub struct IgnoredObject<'a> {
    /// The file's path from the directory of the configuration file.
    pub path: &'a str,
    /// The name of the scope that the file belongs to; empty for none.
    pub scope: &'a str,
    /// The object.
    pub id: &'a ObjectId,
}

/// A flag that many threads may raise.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) fn raise(&self) {
        // Written once at most: readers on other cores keep their copy of the line.
        if !self.is_raised() {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The ignores that hold for a whole run, with what became of them.
#[derive(Debug, Default)]
pub struct Ignores {
    /// `ignores` in the configuration, and what files of other tools say.
    pub entries: Vec<IgnoreEntry>,
    /// Said of ids in files of other tools that no rule here is known by.
    pub unknown: Vec<Notice>,
    /// The baseline.
    pub baseline: Option<Baseline>,
}

impl Ignores {
    /// Whether nothing is passed over.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.baseline.is_none()
    }

    /// Notes that an object was met that is at home there: what speaks of it may be found unused.
    pub(crate) fn meet(&self, object: &IgnoredObject<'_>, home: &Home) {
        for entry in &self.entries {
            entry.meet(object, home);
        }
        if let Some(baseline) = &self.baseline {
            baseline.meet(object, home);
        }
    }

    /// What passes over an offence: the first that holds, and those whose last day is over.
    pub(crate) fn of(&self, object: &IgnoredObject<'_>, offence: &Offence<'_>, today: Date) -> Passed {
        let mut passed = Passed::default();
        for entry in &self.entries {
            if entry.covers(object, offence) {
                entry.used.raise();
                passed.add(&entry.ignore, today);
            }
        }
        if let Some(baseline) = &self.baseline
            && baseline.covers(object, offence)
        {
            passed.add(&baseline.ignore, today);
        }
        passed
    }

    /// The entries of the baseline that a run of this reach can say nothing of: their objects were not scanned, or their
    /// rules not judged there.
    pub fn unjudged(&self, reach: Reach<'_>) -> Vec<BaselineEntry> {
        self.baseline.as_ref().map(|baseline| baseline.unjudged(reach)).unwrap_or_default()
    }

    /// What is to be said of the ignores at the end of a run of this reach.
    pub fn notices(&self, reach: Reach<'_>) -> Vec<Notice> {
        let mut notices = self.unknown.clone();
        for entry in &self.entries {
            if entry.used.is_raised() {
                notices.extend(entry.ignore.expiring(reach.options.today));
            } else if entry.is_unused(reach) {
                notices.push(entry.ignore.unused());
            }
        }
        notices.extend(self.baseline.as_ref().and_then(|baseline| baseline.unused(reach)));
        notices
    }
}

/// What passes over an offence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passed {
    /// The first that holds.
    pub(crate) by: Option<Arc<Ignore>>,
    /// Those that would, had they not ended.
    pub(crate) over: Vec<Arc<Ignore>>,
}

impl Passed {
    pub(crate) fn add(&mut self, ignore: &Arc<Ignore>, today: Date) {
        if ignore.is_over(today) {
            self.over.push(ignore.clone());
        } else if self.by.is_none() {
            self.by = Some(ignore.clone());
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        if self.by.is_none() {
            self.by = other.by;
        }
        self.over.extend(other.over);
    }
}

impl Located {
    /// The entries of a baseline that pass over this finding: one for each place that fails the standard, one for what is
    /// found beyond it, whose other places only belong to it. Causes and copies fail nothing by themselves.
    pub fn baseline_entries(&self, scope: &str) -> impl Iterator<Item = BaselineEntry> {
        let object = object_key(&self.finding.object);
        let container = self.finding.container.clone().unwrap_or_default();
        let related: &[_] = if self.finding.rule.is_beyond() { &[] } else { &self.finding.related };
        let related = related.iter().filter(|locus| ![CAUSE, COPIED].contains(&&*locus.label));
        let offending = std::iter::once(&self.finding.primary).chain(related);
        offending.map(move |locus| BaselineEntry {
            rule: self.finding.rule.id.to_owned(),
            scope: scope.to_owned(),
            object: object.clone(),
            container: container.clone(),
            path: locus.path.to_string(),
        })
    }

    /// A fingerprint that stays the same when lines move: rule, object, container and path.
    pub fn fingerprint(&self) -> String {
        let finding = &self.finding;
        let object = object_key(&finding.object);
        let path = finding.primary.path.to_string();
        seawall_finding::fingerprint([
            finding.rule.id,
            object.as_str(),
            finding.container.as_deref().unwrap_or_default(),
            path.as_str(),
        ])
    }
}
