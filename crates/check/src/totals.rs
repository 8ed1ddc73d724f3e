//! What all findings of an object amount to, where only the first of them are held.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use seawall_finding::{Answer, Finding, Rule, Safety, Severity};
use seawall_pss::namespace::Modes;

use crate::record::{Located, Suppression};
use crate::score::{Failing, share, weight};

/// Findings, and the places that they show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Findings.
    pub findings: u64,
    /// Their places.
    pub places: u64,
}

impl Extent {
    /// Adds a finding that shows so many places.
    pub(crate) fn add(&mut self, places: u64) {
        self.findings += 1;
        self.places += places;
    }
}

/// What all findings of an object amount to. There for objects alone of which not all findings are held
/// ([`Options::held`](crate::Options::held)): of the others their findings say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What counts.
    pub counting: Extent,
    /// What does not.
    pub suppressed: Extent,
    /// Findings that exceptions allow.
    pub excepted: u64,
    /// The gravest that counts.
    pub worst: Option<Severity>,
    /// What counts and no level asks for: each rule with its gravest finding.
    pub beyond: Vec<(&'static Rule, Severity)>,
    /// Whether something that counts is [host-level](Rule::host_level).
    pub host_level: bool,
    /// Whether an exception allows something that a level forbids.
    pub allows_by_exception: bool,
    /// Whether the API server refuses the object for a finding.
    pub refuses: bool,
    /// Whether it does for one that counts.
    pub refuses_for_what_counts: bool,
    /// Whether something of what counts and a level asks for has no fix that can be made here.
    pub unfixable: bool,
    /// The least safe of the fixes of what counts and a level asks for.
    pub least_safe: Option<Safety>,
    /// The rules of which not all places are held.
    pub cut: Vec<Cut>,
}

/// All findings that count of a rule of which not all places are held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The rule.
    pub rule: &'static Rule,
    /// Their places.
    pub places: u64,
    /// A bit for each of their containers, the same one for the same name in all rules of an object.
    pub containers: Vec<u64>,
    /// Whether they are all of one kind: in the modes that they count against, severity, advice, and what they say of containers.
    pub alike: bool,
}

/// What a message says behind the name of its container.
fn predicate(finding: &Finding) -> &str {
    let name = finding.container.as_deref().unwrap_or_default();
    finding.message.split_once(name).filter(|_| !name.is_empty()).map_or(&*finding.message, |(_, said)| said)
}

/// What is counted of a rule.
#[derive(Clone, Debug)]
struct OfRule {
    rule: &'static Rule,
    places: u64,
    /// What the first finding is like.
    like: (Modes, bool, Severity, Cow<'static, str>, String),
    alike: bool,
    is_cut: bool,
}

/// Totals in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting {
    pub(crate) totals: Totals,
    /// By rule and class of containers: what fails.
    failing: HashMap<(&'static str, Option<usize>), Share>,
    rules: Vec<OfRule>,
    /// The numbers of the containers that fail something, by the hash of their name: there may be many.
    containers: HashMap<u64, u32>,
    hasher: RandomState,
}

/// Which containers of a class fail a rule.
#[derive(Clone, Debug, Default)]
struct Share {
    /// That of the gravest finding.
    weight: u64,
    /// A bit for each container, by its number.
    containers: Vec<u64>,
}

impl Counting {
    /// Counts a finding in its last form.
    pub(crate) fn add(&mut self, located: &Located) {
        let Self { totals, .. } = self;
        let (rule, severity) = (located.finding.rule, located.finding.severity);
        totals.refuses |= located.refuses;
        if let Some(why) = &located.suppressed {
            totals.suppressed.add(located.places());
            let excepted = matches!(why, Suppression::Excepted(_));
            totals.excepted += u64::from(excepted);
            totals.allows_by_exception |= excepted && !located.modes.is_empty();
            return;
        }
        totals.refuses_for_what_counts |= located.refuses;
        totals.counting.add(located.places());
        totals.worst = totals.worst.max(Some(severity));
        totals.host_level |= rule.host_level;
        if located.is_beyond() {
            match totals.beyond.iter_mut().find(|(known, _)| std::ptr::eq(*known, rule)) {
                Some((_, gravest)) => *gravest = severity.max(*gravest),
                None => totals.beyond.push((rule, severity)),
            }
        } else {
            let fix = located.fix.as_ref().filter(|fix| fix.answer != Some(Answer::Elsewhere));
            totals.unfixable |= fix.is_none();
            totals.least_safe = totals.least_safe.max(fix.map(|fix| fix.safety));
        }
        let finding = &located.finding;
        let like = (located.modes, located.refuses, severity, &finding.advice, predicate(finding));
        match self.rules.iter_mut().find(|of| std::ptr::eq(of.rule, rule)) {
            Some(of) => {
                of.places += located.places();
                let (modes, refuses, severity, advice, said) = &of.like;
                of.alike &= (*modes, *refuses, *severity, advice, said.as_str()) == like;
            }
            None => self.rules.push(OfRule {
                rule,
                places: located.places(),
                like: (like.0, like.1, like.2, like.3.clone(), like.4.to_owned()),
                alike: true,
                is_cut: false,
            }),
        }
        let failing = Failing::of(finding);
        let next = self.containers.len() as u32;
        let name = self.hasher.hash_one(failing.container);
        let number = *self.containers.entry(name).or_insert(next) as usize;
        let share = self.failing.entry((rule.id, failing.class)).or_default();
        share.weight = share.weight.max(weight(severity));
        if share.containers.len() <= number / 64 {
            share.containers.resize(number / 64 + 1, 0);
        }
        if let Some(bits) = share.containers.get_mut(number / 64) {
            *bits |= 1 << (number % 64);
        }
    }

    /// Takes note that not all places of a rule are held.
    pub(crate) fn cut(&mut self, rule: &'static Rule) {
        if let Some(of) = self.rules.iter_mut().find(|of| std::ptr::eq(of.rule, rule)) {
            of.is_cut = true;
        }
    }

    /// The totals.
    pub(crate) fn finish(mut self) -> Totals {
        for OfRule { rule, places, alike, .. } in self.rules.into_iter().filter(|of| of.is_cut) {
            let mut containers: Vec<u64> = Vec::new();
            for (_, share) in self.failing.iter().filter(|((id, _), _)| *id == rule.id) {
                containers.resize(containers.len().max(share.containers.len()), 0);
                containers.iter_mut().zip(&share.containers).for_each(|(all, more)| *all |= more);
            }
            self.totals.cut.push(Cut { rule, places, containers, alike });
        }
        self.totals
    }

    /// The hundredths of points that a workload loses that has so many containers of each class.
    pub(crate) fn lost(&self, containers: [u32; 3]) -> u64 {
        let taken = self.failing.iter().map(|((_, class), failing)| {
            let count = failing.containers.iter().map(|bits| u64::from(bits.count_ones())).sum();
            share(failing.weight, count, *class, containers)
        });
        taken.sum()
    }
}
