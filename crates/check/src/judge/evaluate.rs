//! What the standard says of one pod or template at the levels that its namespace asks for, and beyond them: evaluations and
//! findings.

use std::cell::RefCell;
use std::collections::HashSet;

use seawall_finding::{Finding, Rule};
use seawall_manifest::objects::Object;
use seawall_manifest::workload::Template;
use seawall_model::{FieldPath, WorkloadKind};
use seawall_pss::namespace::{LevelVersion, Mode, Modes, Policy};
use seawall_pss::{CheckResult, Faults, Group, Names, Offender, Part, forbidden_detail, forbidden_reason};

use super::around::Around;
use super::joined::{Known, add, has_annotations, join_app_armor, join_app_armor_of, same_suppression};
use super::kept::Kept;
use super::{Judge, modes};
use crate::fix;
use crate::options::Options;
use crate::reach::is_asked;
use crate::record::{Evaluation, Findings, LevelSource, Located, Mark, Subject, Suppression, Workload};
use crate::survey::Judged;

impl Judge<'_> {
    /// Judges one pod or template of an object at each level that its namespace asks for.
    pub(super) fn evaluate(
        &self,
        object: &Object<'_>,
        judged: &Judged<'_>,
        around: &Around<'_>,
        workload: &mut Workload,
        kept: &mut Kept<'_>,
    ) {
        let (policy, from) = self.levels.of(self.source.scope, object.namespace);
        let faults = judged.faults();
        workload.strictest = Some(seawall_pss::strictest(faults[0], self.options.kubernetes));
        let left = faults.map(|faults| self.options.hardening.beyond_levels.left(faults, &policy));
        let names = [judged.pod.as_ref().ok(), judged.as_template.as_ref()].map(|pod| pod.map(Names::of));
        let [Some(of_pod), of_template] = &names else { return };
        let is_template = judged.template.kind != WorkloadKind::Pod;
        let mut questions = questions(of_pod, of_template.as_ref(), is_template, &policy, &from);
        for question in &mut questions {
            question.stands = kept.counts;
        }
        let known = RefCell::default();
        let judging = |names, part| Judging { object, judged, names, part, around, known: &known };
        let said = |names, at: LevelVersion| {
            let subject = judging(names, Part::ALL);
            let left = |all| self.split(&subject, all).0;
            seawall_pss::forbidden(names.pod(), at.level, at.version.clamp(self.options.kubernetes), left)
        };
        let parts = || Part::all(of_pod.pod());
        if self.options.sentences && parts().nth(1).is_some() {
            // In front of the parts: they leave many small gaps in memory, and this takes large ones.
            for question in questions.iter_mut().filter(|question| question.same_as.is_none()) {
                question.said = said(question.names, question.at);
            }
        }
        let mut first = Findings::new();
        for part in parts() {
            known.borrow_mut().clear();
            let mut findings = Findings::new();
            for question in questions.iter_mut().filter(|question| question.same_as.is_none()) {
                let results = self.results(&judging(question.names, part), question, &mut findings);
                question.allowed &= results.is_empty();
                question.stands |= findings.iter().any(|f| kept.stands(f));
                if part.is_all() && question.is_told(self.options) {
                    question.said = (forbidden_reason(&results), forbidden_detail(&results));
                }
            }
            for (names, left) in names.iter().flatten().zip(left).filter(|(_, left)| !left.is_empty()) {
                self.evaluate_beyond(&judging(names, part), left, &mut findings);
            }
            if part.is_first() {
                join_app_armor(&mut findings, self.options.held);
                first = findings;
                if part.is_all() || !has_annotations(&first) {
                    kept.extend(std::mem::take(&mut first));
                }
            } else {
                join_app_armor_of(&mut first, &mut findings, self.options.held);
                kept.extend(findings);
            }
        }
        kept.extend(first);
        for question in &mut questions {
            if question.same_as.is_none()
                && !question.allowed
                && question.said.0.is_empty()
                && question.is_told(self.options)
            {
                question.said = said(question.names, question.at);
            }
            let evaluation = match question.same_as.and_then(|same| workload.evaluations.get(same)) {
                Some(same) => {
                    Evaluation { subject: Subject::Template, modes: question.modes, ..same.clone() }
                }
                None => question.answer(self.options),
            };
            workload.evaluations.push(evaluation);
        }
    }

    /// Looks for what the rules of the standard find beyond the levels that were asked for: what is left of the faults of a pod or
    /// template.
    fn evaluate_beyond(&self, subject: &Judging<'_, '_>, left: Faults, findings: &mut Findings) {
        for variants in self.options.hardening.beyond_levels.passes(left) {
            let all = seawall_pss::results_within(subject.names.pod(), variants, subject.part);
            let (left, out) = self.split(subject, all);
            self.add_untold(subject, &left, findings);
            self.add_untold(subject, &out, findings);
        }
    }

    /// Adds the findings that rules are asked for beyond the levels, without the places that are told of already.
    fn add_untold(&self, subject: &Judging<'_, '_>, results: &[CheckResult<'_>], findings: &mut Findings) {
        let mut told: HashSet<(&str, FieldPath)> = HashSet::new();
        for Finding { rule, primary, related, .. } in findings.iter().map(|f| &f.finding) {
            told.extend(std::iter::once(primary).chain(related).map(|locus| (rule.id, locus.path.clone())));
        }
        for mut group in subject.groups(results) {
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

    /// Why a part of a pod fails at a level, exceptions taken into account; adds the findings, those that are excepted too.
    fn results<'p>(
        &self,
        subject: &Judging<'_, 'p>,
        question: &Question<'_, '_>,
        findings: &mut Findings,
    ) -> Vec<CheckResult<'p>> {
        let Question { at, modes, .. } = *question;
        let plan = seawall_pss::plan_at(at.level, at.version.clamp(self.options.kubernetes));
        let all = seawall_pss::results_within(subject.names.pod(), plan, subject.part);
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
        for group in subject.groups(results) {
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
            let mut finding = group.finding(names, &FieldPath::root(), around.id, self.options.held)?;
            rebase(&mut finding, &judged.template);
            let mut located = self.located(object, finding, around.locator);
            located.left_out += group.offenders.len().saturating_sub(self.options.held) as u64;
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
    /// What of it is looked at.
    part: Part,
    around: &'a Around<'a>,
    /// The findings that are there already.
    known: &'a RefCell<Known>,
}

impl<'p> Judging<'_, 'p> {
    /// What the findings speak of; of the pod itself only in its first part.
    fn groups<'o>(&self, results: &'o [CheckResult<'p>]) -> impl Iterator<Item = Group<'o, 'p>> {
        let own = self.part.is_first();
        seawall_pss::groups(results).filter(move |group| own || group.container().is_some())
    }
}

/// Whether a pod, or its template, passes at a level, with the answer as it comes about part by part.
struct Question<'n, 'p> {
    subject: Subject,
    names: &'n Names<'p>,
    at: LevelVersion,
    modes: Modes,
    /// The evaluation with the same answer.
    same_as: Option<usize>,
    allowed: bool,
    /// Whether a finding that counts stands for the answer.
    stands: bool,
    /// The reference's reason and detail.
    said: (String, String),
}

impl Question<'_, '_> {
    /// Whether the reference's sentences are told: where they are wanted, or no finding that counts stands for them.
    fn is_told(&self, options: &Options) -> bool {
        options.sentences || !self.stands
    }

    fn answer(&mut self, options: &Options) -> Evaluation {
        let (forbidden_reason, forbidden_detail) = std::mem::take(&mut self.said);
        Evaluation {
            subject: self.subject,
            level: self.at.level,
            version: self.at.version,
            evaluated_as: self.at.version.clamp(options.kubernetes),
            modes: self.modes,
            allowed: self.allowed,
            forbidden_reason,
            forbidden_detail,
        }
    }
}

/// What is asked of a pod, and what the API server asks of the object that carries its template: that has names of its own where it
/// differs from the pod.
fn questions<'n, 'p>(
    of_pod: &'n Names<'p>,
    of_template: Option<&'n Names<'p>>,
    is_template: bool,
    policy: &Policy,
    from: &LevelSource,
) -> Vec<Question<'n, 'p>> {
    let asked = |wanted: &[Mode]| {
        let all = grouped(policy, wanted).into_iter();
        all.filter(|(at, modes)| is_asked(from, *at, *modes)).collect::<Vec<_>>()
    };
    let question = |subject, names, (at, modes), same_as| Question {
        subject,
        names,
        at,
        modes,
        same_as,
        allowed: true,
        stands: false,
        said: Default::default(),
    };
    let pods = asked(&Mode::ALL);
    let templates = if is_template { asked(&[Mode::Audit, Mode::Warn]) } else { Vec::new() };
    let mut all: Vec<_> = pods.iter().map(|asked| question(Subject::Pod, of_pod, *asked, None)).collect();
    for asked in templates {
        let same = pods.iter().position(|(at, _)| *at == asked.0);
        match of_template {
            Some(names) => all.push(question(Subject::Template, names, asked, None)),
            None if same.is_some() => all.push(question(Subject::Template, of_pod, asked, same)),
            None => {}
        }
    }
    all
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
