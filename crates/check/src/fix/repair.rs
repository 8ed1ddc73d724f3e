//! A file repaired: chosen fixes as text edits, read again, judged again and compared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seawall_finding::{Answer, Fix, Rule, Safety};
use seawall_model::{FieldPath, ObjectId};
use seawall_yaml::edit::{self, Change, Edited};
use seawall_yaml::{Document, LineIndex, Reader};

use crate::exceptions::Exceptions;
use crate::judge::{Item, items, judge_read};
use crate::levels::Levels;
use crate::options::Options;
use crate::record::{Located, Record, Region};
use crate::survey::{Documents, Source, Survey, excepted, survey_read};

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
    /// Only the findings that a person said yes to, each with the answer that it needs; with it, nothing else counts.
    pub picked: Option<BTreeMap<FindingKey, Option<String>>>,
    /// Whether objects count that were rendered from a chart: their text is not to be edited, but they can be patched.
    pub charts: bool,
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

    /// The answer that makes a finding's fix, if it is chosen.
    fn chooses(&self, key: &FindingKey, rule: &Rule, fix: &Fix) -> Option<Given<'_>> {
        let answer = match &self.picked {
            None if !self.includes(rule) || (fix.safety == Safety::Likely && !self.likely) => return None,
            None => self.answer(rule),
            Some(picked) => picked.get(key)?.as_deref(),
        };
        fix.changes(false, answer).is_some().then_some(Given(answer))
    }
}

/// The answer to the question of a fix; none where it asks none.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Given<'s>(Option<&'s str>);

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

/// What a finding is known by while its file is repaired.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FindingKey {
    document: u32,
    in_document: FieldPath,
    template: FieldPath,
    rule: &'static str,
    container: Option<String>,
    path: FieldPath,
}

/// The changes that repair one object. Paths begin at the object.
#[derive(Clone, Debug)]
pub struct ObjectChanges {
    /// The position of its document in the file, from 0.
    pub document: u32,
    /// The object's path in its document.
    pub in_document: FieldPath,
    /// The object.
    pub object: ObjectId,
    /// What is done to it.
    pub changes: Vec<Change>,
}

/// A finding that is left.
#[derive(Clone, Debug)]
pub struct Open {
    /// What it is known by.
    pub key: FindingKey,
    /// The object.
    pub object: ObjectId,
    /// The finding.
    pub located: Located,
    /// The chart's file that the object was rendered from, where that keeps its text from being edited.
    pub chart: Option<String>,
    /// Why its fix cannot be made, where it was chosen.
    pub refused: Option<String>,
}

impl Open {
    /// Whether it waits for a person's answer.
    pub fn asks(&self) -> bool {
        let answer = self.located.fix.as_ref().and_then(|fix| fix.answer);
        self.refused.is_none()
            && self.chart.is_none()
            && answer.is_some_and(|answer| answer != Answer::Elsewhere)
    }
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
    /// The changes that the new text makes, by object.
    pub changes: Vec<ObjectChanges>,
    /// What is said of the file besides findings: what could not be read or was not judged.
    pub said: Vec<Record>,
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
    let mut documents = Documents::of(source.bytes);
    let first = records(source, survey, levels, exceptions, options, &mut documents);
    let found = findings(&first);
    let said = || {
        let is_said = |record: &&Record| matches!(record, Record::Error(_) | Record::Notice(_));
        first.iter().filter(is_said).cloned().collect()
    };
    let unchanged = |refused: &BTreeMap<FindingKey, String>, fault: Option<String>| FileFix {
        open: found.iter().map(|finding| open(finding, refused, selection)).collect(),
        fault,
        said: said(),
        ..FileFix::default()
    };
    let mut bytes = source.bytes.clone();
    let mut repaired: Option<Vec<Record>> = None;
    let mut refused = BTreeMap::new();
    let mut changes: BTreeMap<(u32, FieldPath), Vec<Change>> = BTreeMap::new();
    let mut surveyed = Cow::Borrowed(survey);
    for _ in 0..ROUNDS {
        let lines = source.lines.filter(|_| repaired.is_none());
        let now = Source { bytes: &bytes, lines, ..source };
        let known = repaired.as_ref().unwrap_or(&first);
        let round = match one_round(now, &surveyed, known, selection, &mut documents) {
            Ok(round) => round,
            Err(fault) => return unchanged(&BTreeMap::new(), Some(fault)),
        };
        refused = round.refused;
        let Some(after) = round.after else { break };
        for (key, change) in round.made {
            changes.entry((key.document, key.in_document)).or_default().push(change);
        }
        bytes = after;
        let source = Source { bytes: &bytes, lines: None, ..source };
        documents = Documents::of(&bytes);
        let again = survey_read(source, options, round.read, &mut documents);
        let again = with_exceptions(source, again, exceptions, options);
        repaired = Some(records(source, &again, levels, exceptions, options, &mut documents));
        surveyed = Cow::Owned(again);
    }
    let Some(current) = repaired.filter(|_| bytes != *source.bytes) else { return unchanged(&refused, None) };
    let left = findings(&current);
    let known: BTreeSet<&FindingKey> = found.iter().map(|(key, ..)| key).collect();
    if let Some((_, target, located)) = left.iter().find(|(key, ..)| !known.contains(key)) {
        let (object, rule) = (target.object, located.finding.rule.id);
        let fault = format!("{object} would be found by `{rule}`, which it was not before");
        return unchanged(&BTreeMap::new(), Some(fault));
    }
    if let Some(fault) = regression(&first, &current) {
        return unchanged(&BTreeMap::new(), Some(fault));
    }
    let left: BTreeSet<&FindingKey> = left.iter().map(|(key, ..)| key).collect();
    let mut objects: BTreeMap<(u32, FieldPath), ObjectId> = BTreeMap::new();
    let (left, fixed): (Vec<_>, Vec<_>) = found.iter().partition(|(key, ..)| left.contains(key));
    let fixed: Vec<Fixed> = fixed
        .into_iter()
        .filter_map(|(_, target, located)| {
            let place = (target.document, target.in_document.clone());
            objects.entry(place).or_insert_with(|| target.object.clone());
            Some(Fixed {
                object: target.object.clone(),
                rule: located.finding.rule,
                container: located.finding.container.clone(),
                safety: located.fix.as_ref()?.safety,
                region: located.primary.region,
            })
        })
        .collect();
    let changes = changes.into_iter().filter_map(|(place, changes)| {
        let object = objects.get(&place)?.clone();
        Some(ObjectChanges { document: place.0, in_document: place.1, object, changes })
    });
    FileFix {
        fixed,
        open: left.into_iter().map(|finding| open(finding, &refused, selection)).collect(),
        changes: changes.collect(),
        said: said(),
        after: Some(bytes.clone()),
        fault: None,
    }
}

/// A workload, or an object that is none.
#[derive(Clone, Copy, Debug)]
struct Target<'r> {
    document: u32,
    in_document: &'r FieldPath,
    template: Option<&'r FieldPath>,
    object: &'r ObjectId,
    chart_source: Option<&'r String>,
    findings: &'r [Box<Located>],
}

impl<'r> Target<'r> {
    fn of(record: &'r Record) -> Option<Self> {
        match record {
            Record::Workload(workload) => Some(Self {
                document: workload.document,
                in_document: &workload.in_document,
                template: Some(&workload.template),
                object: &workload.object,
                chart_source: workload.chart_source.as_ref(),
                findings: &workload.findings,
            }),
            Record::Object(report) => Some(Self {
                document: report.document,
                in_document: &report.in_document,
                template: None,
                object: &report.object,
                chart_source: report.chart_source.as_ref(),
                findings: &report.findings,
            }),
            Record::Error(_) | Record::Notice(_) => None,
        }
    }

    /// The findings that count: of objects that are no workloads those that have fixes, for nothing else is told of them.
    fn open(self) -> impl Iterator<Item = &'r Located> {
        let counts = move |located: &&Located| {
            located.suppressed.is_none() && (self.template.is_some() || located.fix.is_some())
        };
        self.findings.iter().map(|located| &**located).filter(counts)
    }
}

fn key(target: Target<'_>, located: &Located) -> FindingKey {
    let finding = &located.finding;
    FindingKey {
        document: target.document,
        in_document: target.in_document.clone(),
        template: target.template.cloned().unwrap_or_else(FieldPath::root),
        rule: finding.rule.id,
        container: finding.container.clone(),
        path: finding.primary.path.clone(),
    }
}

/// A finding with what it is known by.
type Found<'r> = (FindingKey, Target<'r>, &'r Located);

/// The findings that count, in input order.
fn findings(records: &[Record]) -> Vec<Found<'_>> {
    let targets = records.iter().filter_map(Target::of);
    targets.flat_map(|of| of.open().map(move |located| (key(of, located), of, located))).collect()
}

/// The records of everything in a file that does not pass.
fn records(
    source: Source<'_>,
    survey: &Survey,
    levels: &Levels,
    exceptions: &Exceptions,
    options: &Options,
    documents: &mut Documents,
) -> Vec<Record> {
    let items: Vec<Item> = items(survey, source.scope, levels, options, false);
    let options = Options { brief: true, sentences: false, ..options.clone() };
    judge_read(source, survey, &items, levels, exceptions, &options, documents)
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

/// A finding that is left, with the reason where its fix was chosen and could not be made.
fn open(
    (key, target, located): &Found<'_>,
    refused: &BTreeMap<FindingKey, String>,
    selection: &Selection,
) -> Open {
    Open {
        object: target.object.clone(),
        located: (*located).clone(),
        chart: target.chart_source.cloned().filter(|_| !selection.charts),
        refused: refused.get(key).cloned(),
        key: key.clone(),
    }
}

/// What one round makes of a text.
#[derive(Default)]
struct Round {
    /// The new text, if it differs.
    after: Option<Arc<[u8]>>,
    /// Documents of it that were read.
    read: Vec<Document>,
    /// The changes that are made, without their object's path, each with the finding that it is for.
    made: Wanted,
    /// The chosen fixes that cannot be made, with the reason.
    refused: BTreeMap<FindingKey, String>,
}

/// The changes of chosen fixes, without their object's path, each with the finding that it is for.
type Wanted = Vec<(FindingKey, Change)>;

fn one_round(
    source: Source<'_>,
    survey: &Survey,
    records: &[Record],
    selection: &Selection,
    known: &mut Documents,
) -> Result<Round, String> {
    let mut wanted: BTreeMap<u32, Wanted> = BTreeMap::new();
    for record in records {
        let Some(target) = Target::of(record) else { continue };
        if target.chart_source.is_none() || selection.charts {
            choose(target, selection, wanted.entry(target.document).or_default());
        }
    }
    wanted.retain(|_, changes| !changes.is_empty());
    let mut round = Round::default();
    if wanted.is_empty() {
        return Ok(round);
    }
    let lines = match source.lines {
        Some(starts) => LineIndex::with(source.bytes, starts.clone()),
        None => LineIndex::new(source.bytes),
    };
    let mut planned: Vec<(Document, Vec<Change>, Vec<edit::Refusal>)> = Vec::new();
    let mut edits = Vec::new();
    for (document, wanted) in documents(source, survey, wanted, known) {
        let changes: Vec<Change> =
            wanted.iter().map(|(key, change)| change.clone().below(&key.in_document)).collect();
        let plan = edit::plan(&document, &changes);
        let mut refused = plan.refused.iter().peekable();
        for (at, (key, change)) in wanted.into_iter().enumerate() {
            match refused.next_if(|refusal| refusal.change == at) {
                Some(refusal) => drop(round.refused.insert(key, reason(refusal, &lines))),
                None => round.made.push((key, change)),
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
    round.read = edit::verify(&edited, after.clone()).map_err(|e| e.to_string())?;
    round.after = Some(after);
    Ok(round)
}

/// The documents that changes are wanted in. Whole ones: a list that was cut is read once more as the one that it is.
fn documents(
    source: Source<'_>,
    survey: &Survey,
    mut wanted: BTreeMap<u32, Wanted>,
    known: &mut Documents,
) -> Vec<(Document, Wanted)> {
    let mut reader = Reader::new(source.bytes.clone(), seawall_yaml::Limits::default());
    let mut place = |index: u32| {
        let at = survey.places.binary_search_by_key(&index, |place| place.index).ok()?;
        let place = survey.places.get(at).filter(|place| place.item.is_none())?;
        known.take(place, &mut reader)
    };
    let read: Option<Vec<Document>> = wanted.keys().map(|index| place(*index)).collect();
    match read {
        Some(read) => read.into_iter().zip(wanted.into_values()).collect(),
        None => Reader::new(source.bytes.clone(), seawall_yaml::Limits::default())
            .filter_map(|entry| Some((entry.document?, wanted.remove(&entry.index)?)))
            .collect(),
    }
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

/// Adds the changes of the fixes that are chosen for an object. What the pod can say for all its containers is said there,
/// if it is chosen for all of them.
fn choose(target: Target<'_>, selection: &Selection, out: &mut Wanted) {
    let mut chosen: Vec<(FindingKey, &Located, &Fix, Given<'_>)> = Vec::new();
    for located in target.open() {
        let Some(fix) = &located.fix else { continue };
        let key = key(target, located);
        if let Some(answer) = selection.chooses(&key, located.finding.rule, fix) {
            chosen.push((key, located, fix, answer));
        }
    }
    let is_of = |rule: &Rule, l: &Located| {
        l.finding.rule.id == rule.id && l.fix.as_ref().is_some_and(Fix::is_for_all)
    };
    for (key, located, fix, answer) in &chosen {
        let rule = located.finding.rule;
        let all = target.findings.iter().filter(|l| is_of(rule, l)).count();
        let alike = chosen.iter().filter(|(_, l, _, other)| is_of(rule, l) && other == answer).count();
        let changes = fix.changes(fix.is_for_all() && alike == all, answer.0).unwrap_or_default();
        out.extend(changes.into_iter().map(|change| (key.clone(), change)));
    }
}

/// What became worse than by a finding that was not there, if anything: an object that is refused, an input that can no longer
/// be read.
fn regression(before: &[Record], after: &[Record]) -> Option<String> {
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
