//! A file repaired: chosen fixes as text edits, read again, judged again and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seawall_finding::{Fix, Rule, Safety};
use seawall_model::{FieldPath, ObjectId};
use seawall_yaml::edit::{self, Change, Edited};
use seawall_yaml::{Document, LineIndex, Reader};

use crate::exceptions::Exceptions;
use crate::judge::{Item, items, judge};
use crate::levels::Levels;
use crate::options::Options;
use crate::record::{Located, Record, Region, Workload};
use crate::survey::{Source, Survey, excepted};

/// Rounds of repairing: a fix may make room for another.
const ROUNDS: usize = 4;

/// Which fixes are chosen; safe ones always are.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Those that may break a few.
    pub likely: bool,
    /// Answers to questions, by rule.
    pub decisions: Vec<(&'static Rule, String)>,
    /// Only fixes of these rules; empty for all.
    pub only: Vec<&'static Rule>,
    /// Only the findings that a person said yes to, by rule, container and path; with it, nothing else counts.
    pub picked: Option<Vec<(&'static str, Option<String>, FieldPath)>>,
}

impl Selection {
    /// Whether fixes of a rule are asked for at all.
    pub fn includes(&self, rule: &Rule) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only.id == rule.id)
    }

    /// The answer that is given for a rule.
    pub fn answer(&self, rule: &Rule) -> Option<&str> {
        self.decisions.iter().rev().find(|(of, _)| of.id == rule.id).map(|(_, answer)| answer.as_str())
    }

    fn chooses(&self, located: &Located, fix: &Fix) -> bool {
        let finding = &located.finding;
        let by_class = match fix.safety {
            Safety::Safe => true,
            Safety::Likely => self.likely,
            Safety::Decision => fix.changes(false, self.answer(finding.rule)).is_some(),
        };
        match &self.picked {
            None => self.includes(finding.rule) && by_class,
            Some(picked) => {
                let key = (finding.rule.id, finding.container.as_ref(), &finding.primary.path);
                picked.iter().any(|(rule, container, path)| (*rule, container.as_ref(), path) == key)
                    && (fix.safety != Safety::Decision || by_class)
            }
        }
    }
}

/// A finding that is repaired.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The object.
    pub object: ObjectId,
    /// The rule.
    pub rule: &'static Rule,
    /// The container, if it is at one.
    pub container: Option<String>,
    /// How sure the fix is.
    pub safety: Safety,
    /// Where the finding was.
    pub region: Region,
}

/// A finding that is left.
#[derive(Clone, Debug)]
pub struct Open {
    /// The object.
    pub object: ObjectId,
    /// The finding.
    pub located: Located,
    /// The chart's file that the object was rendered from: then it is not edited.
    pub chart: Option<String>,
    /// Why its fix cannot be made, where it was chosen.
    pub refused: Option<String>,
}

/// What becomes of a file.
#[derive(Clone, Debug, Default)]
pub struct FileFix {
    /// The new text, if it differs.
    pub after: Option<Arc<[u8]>>,
    /// What is repaired by it.
    pub fixed: Vec<Fixed>,
    /// What is left.
    pub open: Vec<Open>,
    /// Why the file stays as it is although something was to be repaired: a fault of seawall, or a file that cannot be
    /// edited with certainty.
    pub fault: Option<String>,
}

/// Repairs a file as far as `selection` goes. `survey` is what phase one found in it. Nothing but the fields that are meant
/// differs in the new text: it is read again, the findings that were to be repaired are gone, and no other came.
pub fn repair(
    source: Source<'_>,
    survey: &Survey,
    levels: &Levels,
    exceptions: &Exceptions,
    options: &Options,
    selection: &Selection,
) -> FileFix {
    let first = records(source, survey, levels, exceptions, options);
    let all = keys(&first);
    let unchanged = |refused: &BTreeMap<Key, String>, fault: Option<String>| FileFix {
        open: open(&first, &all, refused),
        fault,
        ..FileFix::default()
    };
    let mut bytes = source.bytes.clone();
    let mut current = first.clone();
    let mut refused: BTreeMap<Key, String> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let round = match one_round(Source { bytes: &bytes, lines: None, ..source }, &current, selection) {
            Ok(round) => round,
            Err(fault) => return unchanged(&BTreeMap::new(), Some(fault)),
        };
        refused = round.refused;
        let Some(after) = round.after else { break };
        bytes = after;
        let source = Source { bytes: &bytes, lines: None, ..source };
        let again = with_exceptions(source, crate::survey::survey(source, options), exceptions, options);
        current = records(source, &again, levels, exceptions, options);
    }
    if bytes == *source.bytes {
        return unchanged(&refused, None);
    }
    if let Some(fault) = regression(&first, &current) {
        return unchanged(&BTreeMap::new(), Some(fault));
    }
    let left = keys(&current);
    let fixed = findings(&first).filter(|(workload, located)| !left.contains(&key(workload, located)));
    let fixed = fixed.filter_map(|(workload, located)| {
        Some(Fixed {
            object: workload.object.clone(),
            rule: located.finding.rule,
            container: located.finding.container.clone(),
            safety: located.fix.as_ref()?.safety,
            region: located.primary.region,
        })
    });
    FileFix {
        fixed: fixed.collect(),
        open: open(&first, &left, &refused),
        after: Some(bytes.clone()),
        fault: None,
    }
}

/// What a finding is known by from round to round.
type Key = (u32, FieldPath, FieldPath, &'static str, Option<String>, FieldPath);

fn key(workload: &Workload, located: &Located) -> Key {
    let finding = &located.finding;
    (
        workload.document,
        workload.in_document.clone(),
        workload.template.clone(),
        finding.rule.id,
        finding.container.clone(),
        finding.primary.path.clone(),
    )
}

/// The findings of workloads that count, in input order.
fn findings(records: &[Record]) -> impl Iterator<Item = (&Workload, &Located)> {
    let workloads = records.iter().filter_map(|record| match record {
        Record::Workload(workload) => Some(&**workload),
        Record::Object(_) | Record::Error(_) | Record::Notice(_) => None,
    });
    workloads.flat_map(|workload| {
        workload.findings.iter().filter(|f| f.suppressed.is_none()).map(move |located| (workload, located))
    })
}

fn keys(records: &[Record]) -> BTreeSet<Key> {
    findings(records).map(|(workload, located)| key(workload, located)).collect()
}

/// The records of everything in a file that does not pass.
fn records(
    source: Source<'_>,
    survey: &Survey,
    levels: &Levels,
    exceptions: &Exceptions,
    options: &Options,
) -> Vec<Record> {
    let items: Vec<Item> = items(survey, source.scope, levels, options, false);
    judge(source, survey, &items, levels, exceptions, options)
}

/// A survey with exceptions taken into account.
fn with_exceptions(
    source: Source<'_>,
    mut survey: Survey,
    exceptions: &Exceptions,
    options: &Options,
) -> Survey {
    if !exceptions.is_empty() {
        for (position, faults) in excepted(source, &survey, exceptions, options) {
            if let Some(seen) = survey.workloads.get_mut(position) {
                seen.excepted = Some(Box::new(faults));
            }
        }
    }
    survey
}

/// The findings that are left, with the reason where a chosen fix could not be made.
fn open(records: &[Record], left: &BTreeSet<Key>, refused: &BTreeMap<Key, String>) -> Vec<Open> {
    findings(records)
        .map(|(workload, located)| (key(workload, located), workload, located))
        .filter(|(key, ..)| left.contains(key))
        .map(|(key, workload, located)| Open {
            object: workload.object.clone(),
            located: located.clone(),
            chart: workload.chart_source.clone(),
            refused: refused.get(&key).cloned(),
        })
        .collect()
}

/// What one round makes of a text.
#[derive(Default)]
struct Round {
    /// The new text, if it differs.
    after: Option<Arc<[u8]>>,
    /// The chosen fixes that cannot be made, with the reason.
    refused: BTreeMap<Key, String>,
}

/// The changes of a document's chosen fixes, each with the finding that it is for.
type Wanted = Vec<(Change, Key)>;

fn one_round(source: Source<'_>, records: &[Record], selection: &Selection) -> Result<Round, String> {
    let mut wanted: BTreeMap<u32, Wanted> = BTreeMap::new();
    for record in records {
        let Record::Workload(workload) = record else { continue };
        if workload.chart_source.is_none() {
            choose(workload, selection, wanted.entry(workload.document).or_default());
        }
    }
    wanted.retain(|_, changes| !changes.is_empty());
    let mut round = Round::default();
    if wanted.is_empty() {
        return Ok(round);
    }
    let lines = LineIndex::new(source.bytes);
    let mut planned: Vec<(Document, Vec<Change>, Vec<edit::Refusal>)> = Vec::new();
    let mut edits = Vec::new();
    for entry in Reader::new(source.bytes.clone(), seawall_yaml::Limits::default()) {
        let (Some(document), Some(wanted)) = (entry.document, wanted.remove(&entry.index)) else { continue };
        let (changes, keys): (Vec<Change>, Vec<Key>) = wanted.into_iter().unzip();
        let plan = edit::plan(&document, &changes);
        for refusal in &plan.refused {
            if let Some(key) = keys.get(refusal.change) {
                round.refused.insert(key.clone(), reason(refusal, &lines));
            }
        }
        edits.extend(plan.edits);
        planned.push((document, changes, plan.refused));
    }
    if edits.is_empty() {
        return Ok(round);
    }
    let after: Arc<[u8]> = edit::apply(source.bytes, &edits).into();
    let edited: Vec<Edited<'_>> = planned
        .iter()
        .map(|(document, changes, refused)| Edited { document, changes: accepted(changes, refused) })
        .collect();
    edit::verify(&edited, after.clone()).map_err(|e| e.to_string())?;
    round.after = Some(after);
    Ok(round)
}

fn accepted<'c>(changes: &'c [Change], refused: &[edit::Refusal]) -> Vec<&'c Change> {
    let is_refused = |at: usize| refused.iter().any(|refusal| refusal.change == at);
    changes.iter().enumerate().filter(|(at, _)| !is_refused(*at)).map(|(_, change)| change).collect()
}

fn reason(refusal: &edit::Refusal, lines: &LineIndex<'_>) -> String {
    match refusal.reason {
        edit::Reason::Contradiction(_) => "it contradicts another fix that was chosen".to_owned(),
        _ => refusal.message(lines),
    }
}

/// Adds the changes of the fixes that are chosen for a workload. What the pod can say for all its containers is said there,
/// if it is chosen for all of them.
fn choose(workload: &Workload, selection: &Selection, out: &mut Wanted) {
    let mut chosen: Vec<(&Located, &Fix)> = Vec::new();
    for located in workload.findings.iter().filter(|f| f.suppressed.is_none()) {
        if let Some(fix) = located.fix.as_ref().filter(|fix| selection.chooses(located, fix)) {
            chosen.push((located, fix));
        }
    }
    for (located, fix) in &chosen {
        let rule = located.finding.rule;
        let same = |l: &Located| l.finding.rule.id == rule.id && l.fix.as_ref().is_some_and(Fix::is_for_all);
        let all = workload.findings.iter().filter(|l| same(l)).count();
        let at_pod = fix.is_for_all() && chosen.iter().filter(|(l, _)| same(l)).count() == all;
        let changes = fix.changes(at_pod, selection.answer(rule)).unwrap_or_default();
        let key = key(workload, located);
        out.extend(changes.into_iter().map(|change| (change.below(&workload.in_document), key.clone())));
    }
}

/// What became worse, if anything: a finding that was not there, an object that is refused, a level that is no longer passed,
/// an input that can no longer be read.
fn regression(before: &[Record], after: &[Record]) -> Option<String> {
    let old = keys(before);
    if let Some((workload, located)) = findings(after).find(|(w, l)| !old.contains(&key(w, l))) {
        let rule = located.finding.rule.id;
        return Some(format!("{} would be found by `{rule}`, which it was not before", workload.object));
    }
    let count = |records: &[Record], of: fn(&Record) -> bool| records.iter().filter(|r| of(r)).count();
    let is_error = |record: &Record| matches!(record, Record::Error(_));
    let is_refused = |record: &Record| match record {
        Record::Workload(w) => w.refused.is_some(),
        Record::Object(o) => o.refused.is_some(),
        Record::Error(_) | Record::Notice(_) => false,
    };
    if count(after, is_error) > count(before, is_error) {
        Some("a part of the file could no longer be read".to_owned())
    } else if count(after, is_refused) > count(before, is_refused) {
        Some("the API server would refuse an object that it takes".to_owned())
    } else {
        None
    }
}
