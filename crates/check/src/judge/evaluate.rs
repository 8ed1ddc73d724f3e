//! What the standard says of one pod or template at the levels that its namespace asks for, and beyond them: evaluations and
//! findings.

use std::cell::RefCell;
use std::collections::HashSet;

use seawall_finding::{Finding, Rule};
use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;
use seawall_model::{FieldPath, WorkloadKind};
use seawall_pss::namespace::{LevelVersion, Mode, Modes, Policy};
use seawall_pss::{CheckResult, Faults, Group, Names, Offender};

use super::around::Around;
use super::joined::{Known, add, join_app_armor, same_suppression};
use super::{Judge, modes};
use crate::fix;
use crate::options::Options;
use crate::reach::is_asked;
use crate::record::{Evaluation, Findings, Located, Mark, Subject, Suppression, Workload};
use crate::survey::Judged;

impl Judge<'_> {
    /// Judges one pod or template of an object at each level that its namespace asks for.
    pub(super) fn evaluate(
        &self,
        object: &Object<'_>,
        judged: &Judged<'_>,
        around: &Around<'_>,
        workload: &mut Workload,
    ) {
        let (policy, from) = self.levels.of(self.source.scope, object.namespace);
        let asked = |(at, modes): &(LevelVersion, Modes)| is_asked(&from, *at, *modes);
        let faults = judged.faults();
        workload.strictest = Some(seawall_pss::strictest(faults[0], self.options.kubernetes));
        let known = RefCell::default();
        if let Ok(pod) = &judged.pod {
            let names = Names::of(pod);
            let subject = Judging { object, judged, names: &names, around, known: &known };
            for (at, modes) in grouped(&policy, &Mode::ALL).into_iter().filter(asked) {
                let results = self.results(&subject, at, modes, &mut workload.findings);
                let told = self.told(&workload.findings);
                workload.evaluations.push(evaluation(Subject::Pod, at, modes, &results, told, self.options));
            }
        }
        if judged.template.kind != WorkloadKind::Pod {
            self.evaluate_template(object, judged, around, &known, &policy, workload);
        }
        let left = faults.map(|faults| self.options.hardening.beyond_levels.left(faults, &policy));
        self.evaluate_beyond(object, judged, around, &known, left, &mut workload.findings);
        join_app_armor(&mut workload.findings);
    }

    /// Judges what the API server says of the object that carries a template.
    fn evaluate_template(
        &self,
        object: &Object<'_>,
        judged: &Judged<'_>,
        around: &Around<'_>,
        known: &RefCell<Known>,
        policy: &Policy,
        workload: &mut Workload,
    ) {
        let from = &workload.levels_from;
        let asked = |(at, modes): &(LevelVersion, Modes)| is_asked(from, *at, *modes);
        for (at, modes) in grouped(policy, &[Mode::Audit, Mode::Warn]).into_iter().filter(asked) {
            let same = workload.evaluations.iter().find(|e| (e.level, e.version) == (at.level, at.version));
            let evaluation = match (&judged.as_template, same) {
                (None, Some(pod)) => Evaluation { subject: Subject::Template, modes, ..pod.clone() },
                (None, None) => continue,
                (Some(pod), _) => {
                    let names = Names::of(pod);
                    let subject = Judging { object, judged, names: &names, around, known };
                    let results = self.results(&subject, at, modes, &mut workload.findings);
                    let told = self.told(&workload.findings);
                    evaluation(Subject::Template, at, modes, &results, told, self.options)
                }
            };
            workload.evaluations.push(evaluation);
        }
    }

    /// Looks for what the rules of the standard find beyond the levels that were asked for: what is left of the faults of pod and
    /// template.
    fn evaluate_beyond(
        &self,
        object: &Object<'_>,
        judged: &Judged<'_>,
        around: &Around<'_>,
        known: &RefCell<Known>,
        left: [Faults; 2],
        findings: &mut Findings,
    ) {
        let pods = [judged.pod.as_ref().ok(), judged.as_template.as_ref()];
        for (pod, left) in pods.into_iter().zip(left).filter(|(_, left)| !left.is_empty()) {
            let Some(pod) = pod else { continue };
            let names = Names::of(pod);
            let subject = Judging { object, judged, names: &names, around, known };
            for variants in self.options.hardening.beyond_levels.passes(left) {
                let (left, out) = self.split(&subject, seawall_pss::results_of(pod, variants));
                self.add_untold(&subject, &left, findings);
                self.add_untold(&subject, &out, findings);
            }
        }
    }

    /// Adds the findings that rules are asked for beyond the levels, without the places that are told of already.
    fn add_untold(&self, subject: &Judging<'_, '_>, results: &[CheckResult<'_>], findings: &mut Findings) {
        let mut told: HashSet<(&str, FieldPath)> = HashSet::new();
        for Finding { rule, primary, related, .. } in findings.iter().map(|f| &f.finding) {
            told.extend(std::iter::once(primary).chain(related).map(|locus| (rule.id, locus.path.clone())));
        }
        for mut group in seawall_pss::groups(results) {
            let rule = group.rule;
            if !self.options.hardening.beyond_levels.asks(rule, group.level()) {
                continue;
            }
            group.offenders.retain(|offender| {
                let path = offender.path(subject.names, &FieldPath::root());
                !told.contains(&(rule.id, subject.judged.template.path_in_object(path)))
            });
            if group.offenders.is_empty() {
                continue;
            }
            for (located, suppressed) in self.parts(subject, &group) {
                add(Located { suppressed, ..located }, &mut subject.known.borrow_mut(), findings);
            }
        }
    }

    /// Whether the reference's sentences are told: where they are wanted, or no finding that counts stands for them.
    fn told(&self, findings: &[Box<Located>]) -> bool {
        let stands = |f: &Located| f.suppressed.is_none() && self.options.rules.selects(f.finding.rule);
        self.options.sentences || !findings.iter().any(|f| stands(f))
    }

    /// Why a pod fails at a level, exceptions taken into account; adds the findings, those that are excepted too.
    fn results<'p>(
        &self,
        subject: &Judging<'_, 'p>,
        at: LevelVersion,
        modes: Modes,
        findings: &mut Findings,
    ) -> Vec<CheckResult<'p>> {
        let all =
            seawall_pss::results(subject.names.pod(), at.level, at.version.clamp(self.options.kubernetes));
        let (left, out) = self.split(subject, all);
        self.add_findings(subject, &left, modes, findings);
        self.add_findings(subject, &out, modes, findings);
        left
    }

    /// Some results without what is excepted, and what is.
    fn split<'p>(
        &self,
        subject: &Judging<'_, 'p>,
        all: Vec<CheckResult<'p>>,
    ) -> (Vec<CheckResult<'p>>, Vec<CheckResult<'p>>) {
        let excepted = |rule: &'static Rule, offender: &Offender<'_>| {
            let container = offender.container().map(|_| offender.name);
            let value = offender.subject(subject.names.pod());
            subject.around.exception(rule, container, &value, self.options.today).is_some()
        };
        if subject.around.exceptions.is_empty() {
            (all, Vec::new())
        } else {
            seawall_pss::split_excepted(all, &excepted)
        }
    }

    fn add_findings(
        &self,
        subject: &Judging<'_, '_>,
        results: &[CheckResult<'_>],
        modes: Modes,
        findings: &mut Findings,
    ) {
        let groups = seawall_pss::groups(results);
        if findings.is_empty() {
            findings.reserve_exact(groups.len());
        }
        for group in groups {
            for (located, suppressed) in self.parts(subject, &group) {
                let located = Located { modes, suppressed, ..located };
                add(located, &mut subject.known.borrow_mut(), findings);
            }
        }
    }

    /// The findings of a group: one for what counts, and one for each reason why something does not.
    fn parts(&self, subject: &Judging<'_, '_>, group: &Group<'_, '_>) -> Vec<(Located, Option<Suppression>)> {
        let Judging { object, judged, names, around, .. } = *subject;
        let pod = names.pod();
        let located = |group: &Group<'_, '_>| {
            let mut finding = group.finding(names, &FieldPath::root(), around.id)?;
            rebase(&mut finding, &judged.template);
            let mut located = self.located(object, finding, around.locator);
            located.fix = fix::of(group, names, &judged.template, located.missing, self.options);
            Some(located)
        };
        if around.exceptions.is_empty() && !around.ignores(self.options) {
            return located(group).map(|l| (l, None)).into_iter().collect();
        }
        let container = group.container();
        let mut parts: Vec<(Option<Suppression>, Vec<&Offender<'_>>)> = Vec::new();
        for offender in &group.offenders {
            let Some(alone) = located(&group.with(vec![offender])) else { continue };
            let path = &alone.finding.primary.path;
            let value = offender.subject(pod);
            around.note_ended(group.rule, container, &value, &alone.primary, path, self.options.today);
            let exception = around.exception(group.rule, container, &value, self.options.today);
            let suppression = if let Some(found) = exception {
                Some(Suppression::Excepted(found.exception.clone()))
            } else {
                let marks: Vec<&Mark> = std::iter::once(&alone.primary).chain(&alone.related).collect();
                around.ignore(group.rule, container, path, &marks, self.options).map(Suppression::Ignored)
            };
            match parts.iter_mut().find(|(known, _)| same_suppression(known.as_ref(), suppression.as_ref())) {
                Some((_, offenders)) => offenders.push(offender),
                None => parts.push((suppression, vec![offender])),
            }
        }
        let parts = parts.into_iter();
        parts
            .filter_map(|(suppression, offenders)| Some((located(&group.with(offenders))?, suppression)))
            .collect()
    }
}

/// One pod of an object, with what may let its faults pass.
struct Judging<'a, 'p> {
    object: &'a Object<'a>,
    judged: &'a Judged<'a>,
    names: &'a Names<'p>,
    around: &'a Around<'a>,
    /// The findings that are there already.
    known: &'a RefCell<Known>,
}

/// Moves a finding's paths from the pod to the object that holds its template.
fn rebase(finding: &mut Finding, template: &Template<'_>) {
    for locus in std::iter::once(&mut finding.primary).chain(&mut finding.related) {
        locus.path = template.path_in_object(std::mem::take(&mut locus.path));
    }
}

/// The levels that some modes ask for, each once, in the order of the modes.
fn grouped(policy: &Policy, wanted: &[Mode]) -> Vec<(LevelVersion, Modes)> {
    let mut out: Vec<(LevelVersion, Modes)> = Vec::new();
    for (mode, at) in modes(policy).into_iter().filter(|(mode, _)| wanted.contains(mode)) {
        match out.iter_mut().find(|(known, _)| *known == at) {
            Some((_, modes)) => *modes = modes.join(mode.into()),
            None => out.push((at, mode.into())),
        }
    }
    out
}

fn evaluation(
    subject: Subject,
    at: LevelVersion,
    modes: Modes,
    results: &[CheckResult<'_>],
    told: bool,
    options: &Options,
) -> Evaluation {
    let told = |text: fn(&[CheckResult<'_>]) -> String| if told { text(results) } else { String::new() };
    Evaluation {
        subject,
        level: at.level,
        version: at.version,
        evaluated_as: at.version.clamp(options.kubernetes),
        modes,
        allowed: results.is_empty(),
        forbidden_reason: told(seawall_pss::forbidden_reason),
        forbidden_detail: told(seawall_pss::forbidden_detail),
    }
}
