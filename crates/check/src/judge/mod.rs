//! Phase two: levels are known; verdicts, findings and their places.

mod around;
mod evaluate;
pub(crate) mod joined;
mod kept;
pub(crate) mod said;

use std::cell::{OnceCell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use seawall_finding::{Finding, Locus, document_secrets};
use seawall_hardening::{Found, Twins};
use seawall_manifest::objects::{Object, Reject};
use seawall_manifest::schema::{Definition, SchemaProblem, Walker};
use seawall_manifest::workload;
use seawall_model::decode::DecodeError;
use seawall_model::pod::Pod;
use seawall_model::{FieldPath, ObjectId, Segment};
use seawall_pss::Faults;
use seawall_pss::namespace::{LevelVersion, Mode, Modes, Policy};
use seawall_yaml::{Document, LineIndex, Reader, Span};

use crate::encrypted;
use crate::exceptions::{Exceptions, declaration, unknown};
use crate::fix;
use crate::harden::{self, Checked};
use crate::ignore::{DocumentIgnores, IgnoredObject, ObjectIgnores, carries_ignores};
use crate::levels::Levels;
use crate::locate::{Locator, first_token, mark, region};
use crate::namespace;
use crate::options::Options;
use crate::reach::Reach;
use crate::record::{
    Findings, Located, Mark, NoticeKind, ObjectReport, Origin, PodSpec, Record, Suppression, Workload,
};
use crate::schema;
use crate::score;
use crate::survey::{Documents, Examined, Judged, Place, Seen, Source, Survey, examine, is_built_in};
use crate::totals::Extent;

use self::around::{Around, expired};
use self::kept::Kept;

/// The verdicts of a policy on one workload, from its masks alone.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// Whether its pods pass, by mode.
    pub pod: [bool; 3],
    /// Whether its template draws no audit annotation or warning, by mode; enforce never applies.
    pub template: [bool; 3],
}

/// The level and version of each mode.
fn modes(policy: &Policy) -> [(Mode, LevelVersion); 3] {
    Mode::ALL.map(|mode| (mode, policy.mode(mode)))
}

fn passes(faults: Faults, at: LevelVersion, options: &Options) -> bool {
    seawall_pss::allowed(faults, at.level, at.version.clamp(options.kubernetes))
}

/// The verdicts on a workload, exceptions taken into account.
pub fn verdict(seen: &Seen, policy: &Policy, options: &Options) -> Verdict {
    verdict_on(seen.faults(), policy, options)
}

/// The verdicts on what pod and template fail.
pub(crate) fn verdict_on([pod, template]: [Faults; 2], policy: &Policy, options: &Options) -> Verdict {
    let modes = modes(policy);
    Verdict {
        pod: modes.map(|(_, at)| passes(pod, at, options)),
        template: modes.map(|(mode, at)| mode == Mode::Enforce || passes(template, at, options)),
    }
}

impl Verdict {
    /// Whether it passes in a mode.
    pub fn passes(&self, mode: Mode) -> bool {
        self.pod[mode as usize] && self.template[mode as usize]
    }

    /// Whether it passes in every mode.
    pub fn is_clean(&self) -> bool {
        Mode::ALL.into_iter().all(|mode| self.passes(mode))
    }
}

/// Something to be said of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A problem of its survey, by position.
    Problem(u32),
    /// A document of its survey, by position, and the number of workloads in front of it.
    Place(u32, u32),
}

/// What has to be said of a file, in its order; with `all`, workloads that pass are something.
pub fn items(survey: &Survey, scope: u16, levels: &Levels, options: &Options, all: bool) -> Vec<Item> {
    let mut out: Vec<(u32, Item)> = survey
        .problems()
        .iter()
        .enumerate()
        .map(|(i, unread)| (unread.index, Item::Problem(i as u32)))
        .collect();
    let mut before = 0;
    for (i, place) in survey.places.iter().enumerate() {
        let first = before;
        before += place.workloads as usize;
        let seen = survey.workloads.get(first..before).unwrap_or_default();
        // What speaks for others is told of.
        if !seen.is_empty() && seen.iter().all(|seen| seen.covered) {
            continue;
        }
        // What an exception lets pass is told of, as long as somebody may ask for it.
        let fails = |seen: &Seen| {
            if seen.refused || seen.excepted.is_some() {
                return true;
            }
            let policy = levels.of(scope, &seen.namespace).0;
            let [pod, template] = seen.faults();
            !verdict(seen, &policy, options).is_clean()
                || !options.hardening.beyond_levels.left(pod | template, &policy).is_empty()
        };
        if all || place.speaks || place.concerned || !place.speaking.is_empty() || seen.iter().any(fails) {
            out.push((place.index, Item::Place(i as u32, first as u32)));
        }
    }
    // A document's problems come in front of it: the sort is stable.
    out.sort_by_key(|(index, _)| *index);
    out.into_iter().map(|(_, item)| item).collect()
}

/// The records of these items of a file, in order. `survey` is what phase one found in the same bytes.
pub fn judge(
    source: Source<'_>,
    survey: &Survey,
    items: &[Item],
    levels: &Levels,
    exceptions: &Exceptions,
    options: &Options,
) -> Vec<Record> {
    judge_read(source, survey, items, levels, exceptions, options, &mut Documents::none())
}

/// As [`judge`]; documents that are there already are not read, and what is read is kept there.
pub(crate) fn judge_read(
    source: Source<'_>,
    survey: &Survey,
    items: &[Item],
    levels: &Levels,
    exceptions: &Exceptions,
    options: &Options,
    documents: &mut Documents,
) -> Vec<Record> {
    let lines = source
        .lines
        .map_or_else(|| LineIndex::new(source.bytes), |starts| LineIndex::with(source.bytes, starts.clone()));
    let mut out = Vec::new();
    let mut reader = Reader::new(source.bytes.clone(), seawall_yaml::Limits::default());
    let origin = Origin {
        file: source.file.clone(),
        source: source.bytes.clone(),
        lines: lines.starts(),
        secrets: [].into(),
        live: source.live.is_some(),
    };
    let twins = survey.twins();
    let judge = Judge { source, origin, lines: &lines, levels, exceptions, twins, options };
    let mut walker = Walker::of(options.kubernetes);
    for item in items {
        match *item {
            Item::Problem(i) => {
                out.extend(
                    survey.problems().get(i as usize).map(|unread| said::problem(&judge.at(), unread)),
                );
            }
            Item::Place(i, first) => {
                let Some(place) = survey.places.get(i as usize) else { continue };
                let Some(document) = documents.take(place, &mut reader) else {
                    out.push(judge.changed());
                    return out;
                };
                let mut seen = survey.workloads.iter().skip(first as usize).take(place.workloads as usize);
                let walker = place.speaks.then_some(&mut walker);
                let before = out.len();
                judge.document(&document, place, walker, &mut seen, &mut out);
                if options.patches || options.edits {
                    fix::add_patches(&document, out.get_mut(before..).unwrap_or_default(), options);
                }
                if !options.brief {
                    keep_secrets(&document, out.get_mut(before..).unwrap_or_default());
                }
                if seen.next().is_some() {
                    out.push(judge.changed());
                    return out;
                }
                documents.keep(place, document, &mut reader);
            }
        }
    }
    if let Some(lines) = source.live {
        for record in &mut out {
            record.move_down(lines);
        }
    }
    out
}

/// Tells the records of a document what may be secret in it, if they quote it.
fn keep_secrets(document: &Document, records: &mut [Record]) {
    let mut found: Option<Arc<[Range<u32>]>> = None;
    let quotes = |findings: &[Box<Located>]| !findings.iter().all(|f| f.is_brief());
    for record in records {
        let origin = match record {
            Record::Workload(w) if quotes(&w.findings) => &mut w.origin,
            Record::Object(o) if quotes(&o.findings) => &mut o.origin,
            _ => continue,
        };
        origin.secrets = found.get_or_insert_with(|| document_secrets(document).into()).clone();
    }
}

struct Judge<'a> {
    source: Source<'a>,
    origin: Origin,
    lines: &'a LineIndex<'a>,
    levels: &'a Levels,
    exceptions: &'a Exceptions,
    twins: &'a Twins,
    options: &'a Options,
}

impl Judge<'_> {
    fn document<'s>(
        &self,
        document: &Document,
        place: &Place,
        mut walker: Option<&mut Walker>,
        seen: &mut impl Iterator<Item = &'s Seen>,
        out: &mut Vec<Record>,
    ) {
        let index = place.index;
        let read = seawall_manifest::objects::objects(document);
        let comments = if carries_ignores(document, self.options) {
            DocumentIgnores::of(document, self.lines, &self.origin, self.options.compat, out)
        } else {
            DocumentIgnores::default()
        };
        let locator = Locator::new(document);
        let reach = Reach::new(self.levels, self.options);
        // The levels and minor versions that pods of the document are judged at.
        let mut judged_at = Vec::new();
        let chart_source = chart_source(document);
        let secrets = OnceCell::new();
        let secrets = || secrets.get_or_init(|| document_secrets(document)).as_slice();
        let mut rejects = read.rejects.iter().peekable();
        let mut lists = read.lists.iter().peekable();
        // What is no object among the first objects, in the order of the source.
        let mut others = move |first: usize| {
            let list =
                lists.peek().filter(|(before, _)| *before <= first).map(|(_, list)| list.node.span().start);
            let reject = rejects.peek().filter(|reject| reject.position <= first).map(|r| r.span.start);
            match (list, reject) {
                (None, None) => None,
                (Some(list), Some(reject)) if reject < list => rejects.next().map(Err),
                (Some(_), _) => lists.next().map(|(_, list)| Ok(list)),
                (None, Some(_)) => rejects.next().map(Err),
            }
        };
        let tell_other =
            |other: Result<&Object<'_>, &Reject>, walker: Option<&mut Walker>, out: &mut Vec<Record>| {
                let list = match other {
                    Ok(list) => list,
                    Err(reject) => return out.push(said::not_an_object(&self.at(), reject)),
                };
                let Some(walker) = walker else { return };
                let mut problems = walker.check_list(list);
                schema::withhold(&mut problems, secrets);
                if walker.is_cut() {
                    out.push(self.cut_short(list));
                }
                if !problems.is_empty() {
                    let (id, none) = (Arc::new(list.id()), ObjectIgnores::default());
                    let around = self.around(&id, &locator, &comments, &none);
                    let mut kept = Kept::new(self.options);
                    kept.extend(self.schema(list, &problems, &around));
                    self.object(index, list, &around, None, chart_source.clone(), kept, out);
                }
            };
        for (position, object) in read.objects.into_iter().enumerate() {
            while let Some(other) = others(position) {
                tell_other(other, walker.as_deref_mut(), out);
            }
            if let Some(Err(error)) = declaration(&object) {
                out.push(self.unread(error.span, error.message, error.hint.as_deref()));
            }
            if let Some((message, hint)) = unknown(&object) {
                out.push(self.notice(NoticeKind::ExceptionUnknown, &object, message, hint));
            }
            let on_object =
                ObjectIgnores::of(object.metadata, self.lines, &self.origin, self.options.compat, out);
            let mut examined = examine(object, walker.as_deref_mut(), self.options);
            schema::withhold(&mut examined.problems, secrets);
            for judged in &mut examined.judged {
                schema::withhold(&mut judged.problems, secrets);
            }
            let is_encrypted = encrypted::is_encrypted(&examined.object);
            if is_encrypted {
                out.push(self.encrypted(&examined.object));
            } else if walker.as_deref().is_some_and(Walker::is_cut) {
                out.push(self.cut_short(&examined.object));
            }
            let containers = workload::looks_like_workload(&examined.object, &self.options.custom_resources);
            let misnamed = if containers.is_some() {
                workload::is_misnamed(&examined.object)
            } else {
                workload::is_misplaced(&examined.object)
            };
            let likely = containers.filter(|_| !misnamed);
            let entry = workload::finds_nothing(&examined.object, &self.options.custom_resources);
            match (entry, likely) {
                (Some(entry), likely) => {
                    out.push(self.without_pods(&examined.object, entry, likely.as_ref()));
                }
                (None, Some(containers)) => out.push(self.unknown_workload(&examined.object, &containers)),
                (None, None) => {}
            }
            if self.options.schema {
                let (definitions, minor) = (&self.options.definitions, self.options.kubernetes);
                let held = seawall_manifest::schema::strict(&examined.object, minor, definitions);
                examined.problems.extend(held.problems);
                if is_encrypted {
                    encrypted::forgive(&examined.object, &mut examined.problems);
                }
                if !held.complete {
                    out.push(self.partly_held(&examined.object));
                }
                if let Some(definition) = Definition::of(&examined.object)
                    && !definition.unheld().is_empty()
                {
                    out.push(self.unheld(&examined.object, definition.unheld()));
                }
                examined.problems.sort_by_key(|p| p.span);
                schema::withhold(&mut examined.problems, secrets);
                if !is_encrypted
                    && !is_built_in(&examined.object, self.options)
                    && !definitions.knows(&examined.object)
                {
                    out.push(self.undefined(&examined.object));
                }
            }
            let refusal = seawall_manifest::schema::refusal(&examined.problems).map(|p| p.reason.clone());
            let id = Arc::new(examined.object.id());
            let Examined { object, problems, mut judged } = examined;
            let search = Checked::of(&problems, &judged, self.options).and_then(|checked| {
                let speaking = place.speaking;
                harden::search(&object, &id, checked, speaking, &self.source, self.twins, self.options)
            });
            let mut levels = Vec::new();
            if judged.is_empty() {
                let around = self.around(&id, &locator, &comments, &on_object);
                let mut kept = Kept::new(self.options);
                kept.extend(self.schema(&object, &problems, &around));
                if let Some(search) = &search {
                    search.of_object(|found| kept.add(self.hardened(&object, found, &around)));
                }
                let mut refused = refusal.clone();
                if misnamed {
                    let wrong = schema::misnamed(&object, &locator, self.lines);
                    refused = Some(wrong.finding.message.clone());
                    kept.add(self.passed(wrong, &around));
                }
                if namespace::is_namespace(&object) {
                    let (wrong, why) = namespace::check(&object, self.options, &locator, self.lines);
                    kept.extend(wrong.into_iter().map(|located| self.passed(located, &around)).collect());
                    refused = refused.or(why);
                }
                self.object(index, &object, &around, refused, chart_source.clone(), kept, out);
            }
            let is_part = !self.options.hardening.enabled.is_empty() && harden::is_part(&judged);
            let lacks_template = |judged: &Judged<'_>| workload::lacks_template(&object, &judged.template);
            if is_part && refusal.is_none() && !judged.iter().any(lacks_template) {
                out.push(self.only_a_part(&object));
            }
            let mut object_searched = false;
            for (i, judged) in judged.iter_mut().enumerate() {
                let [pod, template] = judged.faults();
                if seen.next().is_none_or(|s| (s.pod, s.template) != (pod, template)) {
                    out.push(self.changed());
                    return;
                }
                if lacks_template(judged) {
                    out.push(self.without_template(&object, &judged.template));
                }
                let mut around = self.around(&id, &locator, &comments, &on_object);
                around.exceptions = self.exceptions.of(self.source.scope, &object, &judged.template);
                if judged.template.has_own_metadata() {
                    around.on_template = ObjectIgnores::of(
                        judged.template.metadata(),
                        self.lines,
                        &self.origin,
                        self.options.compat,
                        out,
                    );
                }
                // What is wrong with the object is said once, with its first template.
                let mut kept = Kept::new(self.options);
                if i == 0 {
                    kept.extend(self.schema(&object, &problems, &around));
                }
                kept.extend(self.schema(&object, &judged.problems, &around));
                let is_told = seawall_manifest::schema::refused(&judged.problems);
                // The API server does not know that custom resources hold pods.
                let undecoded = judged.pod.as_ref().err().map(|error| self.undecoded(error));
                let refused = refusal.clone().or(undecoded);
                if let Some(error) = judged.pod.as_ref().err().filter(|_| judged.template.custom && !is_told)
                {
                    let undecoded = schema::undecoded(&object, error, self.lines);
                    kept.add(self.passed(undecoded, &around));
                }
                let mut workload = Workload {
                    origin: self.origin.clone(),
                    document: index,
                    object: (*id).clone(),
                    in_document: object.path(),
                    region: region(self.lines, first_token(object.node)),
                    chart_source: chart_source.clone(),
                    template: judged.template.path(),
                    pod_spec: judged.template.spec_path().map(|path| pod_spec(&object, path, &locator)),
                    custom: judged.template.custom,
                    refused,
                    evaluations: Vec::new(),
                    levels_from: self.levels.of(self.source.scope, object.namespace).1,
                    strictest: None,
                    findings: Vec::new(),
                    totals: None,
                    open: [false; 3],
                    containers: judged.pod.as_ref().map_or([0; 3], count_containers),
                    exposed: harden::is_exposed(&object, judged, &self.source, self.options),
                    lost: 0,
                    score: None,
                };
                if workload.refused.is_none() {
                    self.evaluate(&object, judged, &around, &mut workload, &mut kept);
                    levels.extend(workload.evaluations.iter().map(|e| (e.level, e.evaluated_as)));
                }
                judged.forget();
                if let Some(search) = search.as_ref().filter(|_| workload.refused.is_none()) {
                    let mut add = |found| kept.add(self.hardened(&object, found, &around));
                    // What concerns the object is said once, with its first template that is judged.
                    if !std::mem::replace(&mut object_searched, true) {
                        search.of_object(&mut add);
                    }
                    search.of_pod(&judged.template, add);
                }
                let held = self.settle(&around, &mut workload, kept);
                // Nobody knows what a part is worth.
                workload.score = workload.score.filter(|_| !is_part);
                let notices = around.on_template.notices(reach, &levels);
                let notices: Vec<Record> = notices.map(Record::Notice).collect();
                let left_out =
                    workload.totals.as_deref().and_then(|totals| self.left_out(&object, held, totals));
                out.push(Record::Workload(Box::new(workload)));
                out.extend(left_out);
                out.extend(notices);
            }
            out.extend(on_object.notices(reach, &levels).map(Record::Notice));
            judged_at.append(&mut levels);
        }
        while let Some(other) = others(usize::MAX) {
            tell_other(other, walker.as_deref_mut(), out);
        }
        out.extend(comments.notices(reach, &judged_at).map(Record::Notice));
    }

    fn around<'a>(
        &'a self,
        id: &'a Arc<ObjectId>,
        locator: &'a Locator<'a>,
        comments: &'a DocumentIgnores,
        on_object: &'a ObjectIgnores,
    ) -> Around<'a> {
        let (path, scope) = (self.source.path, self.source.scope_name);
        Around {
            object: IgnoredObject { path, scope, id },
            id,
            locator,
            comments,
            on_object,
            on_template: ObjectIgnores::default(),
            exceptions: Vec::new(),
            ended: RefCell::default(),
        }
    }

    /// What the schema has against an object.
    fn schema(&self, object: &Object<'_>, problems: &[SchemaProblem], around: &Around<'_>) -> Findings {
        let located = problems.iter().map(|p| schema::located(object, p, self.lines));
        located.map(|located| self.passed(located, around)).collect()
    }

    /// A finding of a check beyond the standard, with what lets it pass, if something does.
    fn hardened<'d>(&self, object: &Object<'d>, found: Found, around: &Around<'d>) -> Box<Located> {
        let mut located = self.located(object, found.finding, around.locator);
        located.fix = found.fix;
        let Finding { rule, container, primary, .. } = &located.finding;
        let (container, path, today) = (container.as_deref(), &primary.path, self.options.today);
        around.note_ended(rule, container, "", &located.primary, path, today);
        if let Some(found) = around.exception(rule, container, "", today) {
            located.suppressed = Some(Suppression::Excepted(found.exception.clone()));
            return located.kept();
        }
        self.passed(located, around)
    }

    /// A finding with the ignore that passes over it, if one does.
    fn passed(&self, mut located: Located, around: &Around<'_>) -> Box<Located> {
        if around.ignores(self.options) {
            let Finding { rule, container, primary, .. } = &located.finding;
            let marks: Vec<&Mark> = std::iter::once(&located.primary).chain(&located.related).collect();
            let by = around.ignore(rule, container.as_deref(), &primary.path, &marks, self.options);
            located.suppressed = by.map(Suppression::Ignored);
        }
        located.kept()
    }

    /// Adds the report on an object that is no workload, if there is something to say.
    #[expect(clippy::too_many_arguments, reason = "what a report is made of")]
    fn object(
        &self,
        index: u32,
        object: &Object<'_>,
        around: &Around<'_>,
        refused: Option<String>,
        chart_source: Option<String>,
        mut kept: Kept<'_>,
        out: &mut Vec<Record>,
    ) {
        let silent = !kept.any;
        let explained = kept.refuses.any;
        add_ended(around, &mut kept);
        // Of what is not selected nothing is said.
        let said = if explained { kept.refuses.selected } else { silent || !kept.is_empty() };
        let refused = refused.filter(|_| said);
        if kept.is_empty() && refused.is_none() {
            return;
        }
        let (findings, held, counting) = kept.finish();
        let totals = counting.map(|counting| Box::new(counting.finish()));
        let left_out = totals.as_deref().and_then(|totals| self.left_out(object, held, totals));
        out.push(Record::Object(Box::new(ObjectReport {
            in_document: object.path(),
            origin: self.origin.clone(),
            document: index,
            object: (**around.id).clone(),
            region: region(self.lines, first_token(object.node)),
            chart_source,
            refused,
            findings,
            totals,
        })));
        out.extend(left_out);
    }

    /// Why a template of a kind without a schema does not decode, and where.
    fn undecoded(&self, error: &DecodeError) -> String {
        let at = self.lines.position(error.offset);
        format!("the pod template does not decode: line {}, column {}: {}", at.line, at.column, error.message)
    }

    /// What a workload fails for that counts, by mode; then its findings. What is held of them.
    fn settle(&self, around: &Around<'_>, workload: &mut Workload, mut kept: Kept<'_>) -> [Extent; 2] {
        workload.open = Mode::ALL.map(|mode| {
            if workload.refused.is_some() {
                return !kept.refuses.any || kept.refuses.counts;
            }
            let fails = workload.evaluations.iter().any(|e| !e.allowed && e.modes.contains(mode));
            let [any, counts] = kept.modes.map(|modes| modes.contains(mode));
            // A refusal that no finding explains must not be lost.
            fails && (!any || counts)
        });
        add_ended(around, &mut kept);
        let (findings, held, counting) = kept.finish();
        workload.findings = findings;
        workload.lost = match &counting {
            Some(counting) => counting.lost(workload.containers),
            None => score::lost(workload),
        };
        workload.totals = counting.map(|counting| Box::new(counting.finish()));
        if workload.refused.is_none() && !self.options.hardening.enabled.is_empty() {
            workload.score = Some(score::score(workload.lost));
        }
        held
    }

    fn located<'d>(&self, object: &Object<'d>, mut finding: Finding, locator: &Locator<'d>) -> Located {
        let left_out = finding.related.len().saturating_sub(self.options.held);
        finding.related.truncate(self.options.held);
        let place = locator.locate(object.node, &finding.primary.path);
        if !place.found {
            explain_default(&mut finding);
        }
        let primary = mark(self.lines, place.span, finding.primary.label.clone());
        let mut related = Vec::new();
        if let Some(definition) = place.definition {
            related.push(mark(self.lines, definition, "defined here"));
        }
        for Locus { path, label } in &finding.related {
            related.push(mark(self.lines, locator.locate(object.node, path).span, label.clone()));
        }
        Located {
            finding,
            primary,
            related,
            left_out: left_out as u64,
            missing: !place.found,
            refuses: false,
            modes: Modes::NONE,
            suppressed: None,
            fix: None,
        }
    }
}

/// Adds what has ended.
fn add_ended(around: &Around<'_>, kept: &mut Kept<'_>) {
    for ended in around.ended.take() {
        kept.add(expired(ended, around.id).kept());
    }
}

/// How many containers a pod has, by class.
fn count_containers(pod: &Pod<'_>) -> [u32; 3] {
    let spec = &pod.spec;
    [&spec.init_containers, &spec.containers, &spec.ephemeral_containers].map(|list| list.len() as u32)
}

/// The place of a pod's own fields, and whether a security context is there.
fn pod_spec<'d>(object: &Object<'d>, path: FieldPath, locator: &Locator<'d>) -> PodSpec {
    let place = locator.locate(object.node, &path.clone().key("securityContext"));
    PodSpec { path, security_context: place.found }
}

/// What is said of the cause of something that is nowhere written.
pub(crate) const CAUSE: &str = "because of this";

/// A port that is nowhere written comes from the API server, which copies `containerPort` where the pod has the node's
/// network: the cause is to be shown.
fn explain_default(finding: &mut Finding) {
    let Some(at) = finding.primary.path.0.iter().position(is_container_list) else { return };
    if finding.rule.id != "host-port" {
        return;
    }
    let cause = FieldPath(finding.primary.path.0[..at].to_vec()).key("hostNetwork");
    finding.primary.label = "becomes a hostPort".into();
    finding.related.push(Locus { path: cause, label: CAUSE.into() });
    finding.advice =
        "remove `hostNetwork`: with it the API server makes every containerPort a hostPort".into();
}

fn is_container_list(segment: &Segment) -> bool {
    matches!(segment, Segment::Key(key) if key == "containers" || key == "initContainers")
}

/// The file that `helm template` names in a comment above each document.
fn chart_source(document: &Document) -> Option<String> {
    const MARK: &[u8] = b"# Source: ";
    let Span { start, .. } = document.range();
    let text = &document.source()[start as usize..first_token(document.root()).start as usize];
    let line = text.split(|b| *b == b'\n').find(|line| line.starts_with(MARK))?;
    std::str::from_utf8(&line[MARK.len()..]).ok().map(|s| s.trim().to_owned())
}
