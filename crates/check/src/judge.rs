//! Phase two: levels are known; verdicts, findings and their places.

use seawall_finding::{Finding, Locus};
use seawall_manifest::objects::{Object, Reject};
use seawall_manifest::schema::Walker;
use seawall_manifest::workload::{self, Form, Template};
use seawall_model::pod::Pod;
use seawall_model::{FieldPath, Level, ObjectId, Segment, WorkloadKind};
use seawall_pss::namespace::{LevelVersion, Mode, Policy};
use seawall_pss::{CheckResult, Faults};
use seawall_yaml::{Document, LineIndex, Problem, ProblemKind, Reader, Span};

use crate::levels::Levels;
use crate::locate::{first_token, locate, mark, region};
use crate::options::Options;
use crate::record::{
    Evaluation, InputError, LevelSource, Located, Notice, NoticeKind, ObjectReport, Origin, Record, Subject,
    Workload,
};
use crate::schema;
use crate::survey::{Judged, Seen, Source, Survey, examine};

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

/// The verdicts on a workload.
pub fn verdict(seen: &Seen, policy: &Policy, options: &Options) -> Verdict {
    let modes = modes(policy);
    Verdict {
        pod: modes.map(|(_, at)| passes(seen.pod, at, options)),
        template: modes.map(|(mode, at)| mode == Mode::Enforce || passes(seen.template, at, options)),
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
pub fn items(survey: &Survey, levels: &Levels, options: &Options, all: bool) -> Vec<Item> {
    let mut out: Vec<(u32, Item)> =
        survey.problems.iter().enumerate().map(|(i, (index, _))| (*index, Item::Problem(i as u32))).collect();
    let mut before = 0;
    for (i, place) in survey.places.iter().enumerate() {
        let first = before;
        before += place.workloads as usize;
        let seen = survey.workloads.get(first..before).unwrap_or_default();
        let fails =
            |seen: &Seen| seen.refused || !verdict(seen, &levels.of(&seen.namespace).0, options).is_clean();
        if all || place.speaks || seen.iter().any(fails) {
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
    options: &Options,
) -> Vec<Record> {
    let lines = source
        .lines
        .map_or_else(|| LineIndex::new(source.bytes), |starts| LineIndex::with(source.bytes, starts.clone()));
    let mut out = Vec::new();
    let mut reader = Reader::new(source.bytes.clone(), seawall_yaml::Limits::default());
    let origin = Origin { file: source.file.clone(), source: source.bytes.clone(), lines: lines.starts() };
    let judge = Judge { source, origin, lines: &lines, levels, options };
    let mut walker = Walker::default();
    for item in items {
        match *item {
            Item::Problem(i) => {
                out.extend(survey.problems.get(i as usize).map(|(_, problem)| judge.problem(problem)));
            }
            Item::Place(i, first) => {
                let Some(place) = survey.places.get(i as usize) else { continue };
                let Some(document) = reader.reread(place.range, place.json) else {
                    out.push(judge.changed());
                    return out;
                };
                let mut seen = survey.workloads.iter().skip(first as usize).take(place.workloads as usize);
                let walker = place.speaks.then_some(&mut walker);
                judge.document(&document, place.index, walker, &mut seen, &mut out);
                if seen.next().is_some() {
                    out.push(judge.changed());
                    return out;
                }
                reader.recycle(document);
            }
        }
    }
    out
}

struct Judge<'a> {
    source: Source<'a>,
    origin: Origin,
    lines: &'a LineIndex<'a>,
    levels: &'a Levels,
    options: &'a Options,
}

impl Judge<'_> {
    /// What a reader's problem is: an error, or a notice where a directory happened to hold it.
    fn problem(&self, problem: &Problem) -> Record {
        let region = Some(region(self.lines, problem.span));
        if problem.kind == ProblemKind::Ignored {
            return Record::Notice(Notice {
                kind: NoticeKind::Ignored,
                file: Some(self.source.file.clone()),
                region,
                message: problem.message.clone(),
                hint: problem.hint.clone(),
            });
        }
        if problem.kind == ProblemKind::Template && self.source.walked {
            let hint = match self.source.chart {
                Some(chart) => Some(format!("helm template {chart} | seawall scan -")),
                None => problem.hint.clone(),
            };
            return Record::Notice(Notice {
                kind: NoticeKind::Template,
                file: Some(self.source.file.clone()),
                region,
                message: problem.message.clone(),
                hint,
            });
        }
        Record::Error(InputError {
            file: self.source.file.clone(),
            origin: Some(self.origin.clone()),
            region,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        })
    }

    fn changed(&self) -> Record {
        Record::Error(InputError {
            file: self.source.file.clone(),
            origin: None,
            region: None,
            message: "the file changed while it was being scanned".into(),
            hint: Some("scan again".into()),
        })
    }

    fn document<'s>(
        &self,
        document: &Document,
        index: u32,
        mut walker: Option<&mut Walker>,
        seen: &mut impl Iterator<Item = &'s Seen>,
        out: &mut Vec<Record>,
    ) {
        let read = seawall_manifest::objects::objects(document);
        for reject in &read.rejects {
            out.push(self.not_an_object(reject));
        }
        let chart_source = chart_source(document);
        for list in &read.lists {
            let problems = walker.as_deref_mut().map(|w| w.check_list(list)).unwrap_or_default();
            let findings: Vec<Located> =
                problems.iter().map(|p| schema::located(list, p, self.lines)).collect();
            if !findings.is_empty() {
                out.push(Record::Object(Box::new(ObjectReport {
                    origin: self.origin.clone(),
                    document: index,
                    object: list.id(),
                    region: region(self.lines, first_token(list.node)),
                    chart_source: chart_source.clone(),
                    refused: None,
                    findings,
                })));
            }
        }
        for object in read.objects {
            let examined = examine(object, walker.as_deref_mut(), self.options);
            let containers = workload::looks_like_workload(&examined.object, &self.options.custom_resources);
            if let Some(containers) = containers {
                out.push(self.unknown_workload(&examined.object, &containers));
            }
            let schema: Vec<Located> =
                examined.problems.iter().map(|p| schema::located(&examined.object, p, self.lines)).collect();
            let refused = examined.refused().then(|| {
                schema::refusal(&examined.problems).unwrap_or_else(|| self.undecoded(&examined.judged))
            });
            let region = region(self.lines, first_token(examined.object.node));
            if examined.judged.is_empty() {
                if !schema.is_empty() {
                    out.push(Record::Object(Box::new(ObjectReport {
                        origin: self.origin.clone(),
                        document: index,
                        object: examined.object.id(),
                        region,
                        chart_source: chart_source.clone(),
                        refused,
                        findings: schema,
                    })));
                }
                continue;
            }
            for (i, judged) in examined.judged.iter().enumerate() {
                let (pod, template) = judged.faults();
                if seen.next().is_none_or(|s| (s.pod, s.template) != (pod, template)) {
                    out.push(self.changed());
                    return;
                }
                // What is wrong with the object is said once, with its first template.
                let own = if i == 0 { schema.clone() } else { Vec::new() };
                let mut workload = Workload {
                    origin: self.origin.clone(),
                    document: index,
                    object: examined.object.id(),
                    region,
                    chart_source: chart_source.clone(),
                    template: judged.template.path().clone(),
                    custom: judged.template.custom,
                    refused: refused.clone(),
                    evaluations: Vec::new(),
                    levels_from: self.levels.of(examined.object.namespace).1,
                    strictest: None,
                    findings: own,
                };
                if refused.is_none() {
                    self.evaluate(&examined.object, judged, &mut workload);
                }
                out.push(Record::Workload(Box::new(workload)));
            }
        }
    }

    /// Why a template of a kind without a schema does not decode, and where.
    fn undecoded(&self, judged: &[Judged<'_>]) -> String {
        let Some(error) = judged.iter().find_map(|j| j.pod.as_ref().err()) else { return String::new() };
        let at = self.lines.position(error.offset);
        format!("the pod template does not decode: line {}, column {}: {}", at.line, at.column, error.message)
    }

    fn evaluate(&self, object: &Object<'_>, judged: &Judged<'_>, workload: &mut Workload) {
        let (policy, from) = self.levels.of(object.namespace);
        // Nobody asked for modes that the command line or the configuration leaves open.
        let asked = |(at, modes): &(LevelVersion, Vec<Mode>)| {
            from == LevelSource::Namespace || at.level != Level::Privileged || modes.contains(&Mode::Enforce)
        };
        let id = object.id();
        let (pod_faults, _) = judged.faults();
        workload.strictest = Some(seawall_pss::strictest(pod_faults, self.options.kubernetes));
        if let Ok(pod) = &judged.pod {
            for (at, modes) in grouped(&policy, &Mode::ALL).into_iter().filter(asked) {
                let results = self.results(pod, at);
                self.add_findings(object, judged, pod, &id, &results, &modes, &mut workload.findings);
                workload.evaluations.push(evaluation(Subject::Pod, at, modes, &results, self.options));
            }
        }
        if judged.template.kind == WorkloadKind::Pod {
            return;
        }
        for (at, modes) in grouped(&policy, &[Mode::Audit, Mode::Warn]).into_iter().filter(asked) {
            let same = workload.evaluations.iter().find(|e| (e.level, e.version) == (at.level, at.version));
            let evaluation = match (&judged.as_template, same) {
                (None, Some(pod)) => Evaluation { subject: Subject::Template, modes, ..pod.clone() },
                (None, None) => continue,
                (Some(template), _) => {
                    let results = self.results(template, at);
                    self.add_findings(
                        object,
                        judged,
                        template,
                        &id,
                        &results,
                        &modes,
                        &mut workload.findings,
                    );
                    evaluation(Subject::Template, at, modes, &results, self.options)
                }
            };
            workload.evaluations.push(evaluation);
        }
    }

    fn results<'p>(&self, pod: &'p Pod<'_>, at: LevelVersion) -> Vec<CheckResult<'p>> {
        seawall_pss::results(pod, at.level, at.version.clamp(self.options.kubernetes))
    }

    /// Adds what is not there yet, and the modes to what is.
    #[expect(clippy::too_many_arguments, reason = "all of them describe one evaluation")]
    fn add_findings(
        &self,
        object: &Object<'_>,
        judged: &Judged<'_>,
        pod: &Pod<'_>,
        id: &ObjectId,
        results: &[CheckResult<'_>],
        modes: &[Mode],
        findings: &mut Vec<Located>,
    ) {
        for mut finding in seawall_pss::findings(pod, results, &FieldPath::root(), id) {
            rebase(&mut finding, &judged.template);
            let same = |l: &&mut Located| {
                std::ptr::eq(l.finding.rule, finding.rule)
                    && l.finding.container == finding.container
                    && l.finding.primary.path == finding.primary.path
            };
            if let Some(known) = findings.iter_mut().find(same) {
                known
                    .modes
                    .extend(modes.iter().filter(|m| !known.modes.contains(m)).copied().collect::<Vec<_>>());
                known.modes.sort_unstable();
                continue;
            }
            findings.push(self.located(object, finding, modes.to_vec()));
        }
    }

    fn located(&self, object: &Object<'_>, mut finding: Finding, modes: Vec<Mode>) -> Located {
        let place = locate(object.node, &finding.primary.path);
        if !place.found {
            explain_default(&mut finding);
        }
        let primary = mark(self.lines, place.span, finding.primary.label.clone());
        let mut related = Vec::new();
        if let Some(definition) = place.definition {
            related.push(mark(self.lines, definition, "defined here"));
        }
        for Locus { path, label } in &finding.related {
            related.push(mark(self.lines, locate(object.node, path).span, label.clone()));
        }
        Located { finding, primary, related, missing: !place.found, modes }
    }

    fn not_an_object(&self, reject: &Reject) -> Record {
        let region = Some(region(self.lines, reject.span));
        let hint = reject.hint.map(str::to_owned);
        if self.source.walked && reject.kind.is_foreign() {
            return Record::Notice(Notice {
                kind: NoticeKind::NotKubernetes,
                file: Some(self.source.file.clone()),
                region,
                message: reject.message.clone(),
                hint,
            });
        }
        Record::Error(InputError {
            file: self.source.file.clone(),
            origin: Some(self.origin.clone()),
            region,
            message: reject.message.clone(),
            hint,
        })
    }

    fn unknown_workload(&self, object: &Object<'_>, containers: &FieldPath) -> Record {
        let id = object.id();
        let hint = if workload::is_misnamed(object) {
            match workload::meant(&id.kind) {
                Some((version, kind)) => {
                    format!("Kubernetes knows no such kind: write apiVersion: {version} and kind: {kind}")
                }
                None => {
                    "Kubernetes knows no such kind: kubectl api-resources lists those that it knows".into()
                }
            }
        } else {
            match workload::configured_path(containers) {
                Some((path, form)) => {
                    let form = if form == Form::PodSpec { ", form: podSpec" } else { "" };
                    format!(
                        "name it in seawall.yaml: customResources: [{{apiVersion: {}, kind: {}, path: {path}{form}}}]",
                        id.api_version, id.kind
                    )
                }
                None => {
                    "its containers are no pod specification: have a look at the pods that it makes".into()
                }
            }
        };
        Record::Notice(Notice {
            kind: NoticeKind::UnknownWorkload,
            file: Some(self.source.file.clone()),
            region: Some(region(self.lines, first_token(object.node))),
            message: format!(
                "{id} ({}) looks like a workload of an unknown kind and was not judged",
                id.api_version
            ),
            hint: Some(hint),
        })
    }
}

/// A port that is nowhere written comes from the API server, which copies `containerPort` where the pod has the node's
/// network: the cause is to be shown.
fn explain_default(finding: &mut Finding) {
    let Some(at) = finding.primary.path.0.iter().position(is_container_list) else { return };
    if finding.rule.id != "host-port" {
        return;
    }
    let cause = FieldPath(finding.primary.path.0[..at].to_vec()).key("hostNetwork");
    finding.primary.label = "becomes a hostPort".into();
    finding.related.push(Locus { path: cause, label: "because of this".into() });
    finding.advice =
        "remove `hostNetwork`: with it the API server makes every containerPort a hostPort".into();
}

fn is_container_list(segment: &Segment) -> bool {
    matches!(segment, Segment::Key(key) if key == "containers" || key == "initContainers")
}

/// Moves a finding's paths from the pod to the object that holds its template.
fn rebase(finding: &mut Finding, template: &Template<'_>) {
    let (spec, metadata) = (template.spec_path(), template.metadata_path());
    let rebased = |path: &FieldPath| match path.0.split_first() {
        Some((Segment::Key(key), rest)) if template.form == Form::PodSpec && key == "spec" => {
            spec.clone().join(&FieldPath(rest.to_vec()))
        }
        Some((Segment::Key(key), rest)) if key == "metadata" => {
            metadata.clone().join(&FieldPath(rest.to_vec()))
        }
        _ => template.path().clone().join(path),
    };
    finding.primary.path = rebased(&finding.primary.path);
    for locus in &mut finding.related {
        locus.path = rebased(&locus.path);
    }
}

/// The levels that some modes ask for, each once, in the order of the modes.
fn grouped(policy: &Policy, wanted: &[Mode]) -> Vec<(LevelVersion, Vec<Mode>)> {
    let mut out: Vec<(LevelVersion, Vec<Mode>)> = Vec::new();
    for (mode, at) in modes(policy).into_iter().filter(|(mode, _)| wanted.contains(mode)) {
        match out.iter_mut().find(|(known, _)| *known == at) {
            Some((_, modes)) => modes.push(mode),
            None => out.push((at, vec![mode])),
        }
    }
    out
}

fn evaluation(
    subject: Subject,
    at: LevelVersion,
    modes: Vec<Mode>,
    results: &[CheckResult<'_>],
    options: &Options,
) -> Evaluation {
    Evaluation {
        subject,
        level: at.level,
        version: at.version,
        evaluated_as: at.version.clamp(options.kubernetes),
        modes,
        allowed: results.is_empty(),
        forbidden_reason: seawall_pss::forbidden_reason(results),
        forbidden_detail: seawall_pss::forbidden_detail(results),
    }
}

/// The file that `helm template` names in a comment above each document.
fn chart_source(document: &Document) -> Option<String> {
    const MARK: &[u8] = b"# Source: ";
    let Span { start, .. } = document.range();
    let text = &document.source()[start as usize..first_token(document.root()).start as usize];
    let line = text.split(|b| *b == b'\n').find(|line| line.starts_with(MARK))?;
    std::str::from_utf8(&line[MARK.len()..]).ok().map(|s| s.trim().to_owned())
}
