//! One cause, one finding: what several questions find of a workload, put together.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use seawall_finding::{Finding, Locus};
use seawall_manifest::defaults::APP_ARMOR_PREFIX;
use seawall_model::{FieldPath, Segment};

use crate::record::{Findings, Located, Mark, Suppression};

/// The rule of `AppArmor` profiles, whether by field or by annotation.
const APP_ARMOR_RULE: &str = "apparmor-profile";

/// Up to so many findings are looked through one by one.
const FEW: usize = 16;

/// Positions of findings by a hash of rule, container and each path; several where a part of them is suppressed. The
/// findings hold what was hashed. Empty where they are few.
pub(super) type Known = HashMap<u64, Vec<u32>>;

/// Adds what is not there yet, and the modes to what is.
pub(super) fn add(located: Located, known: &mut Known, findings: &mut Findings) {
    let is_twin = |f: &Located| {
        let (known, new) = (&f.finding, &located.finding);
        std::ptr::eq(known.rule, new.rule)
            && known.container == new.container
            && same_suppression(f.suppressed.as_ref(), located.suppressed.as_ref())
            && (known.primary.path == new.primary.path || tells(f, &located))
    };
    let twin = if findings.len() < FEW {
        findings.iter().position(|f| is_twin(f))
    } else {
        if known.is_empty() {
            findings.iter().enumerate().for_each(|(at, f)| know(at, &f.finding, known));
        }
        let there =
            known.get(&key(&located.finding, &located.finding.primary.path, known)).into_iter().flatten();
        there.map(|at| *at as usize).find(|at| findings.get(*at).is_some_and(|f| is_twin(f)))
    };
    if let Some(twin) = twin.and_then(|at| findings.get_mut(at)) {
        twin.modes = twin.modes.join(located.modes);
        return;
    }
    if findings.len() >= FEW {
        know(findings.len(), &located.finding, known);
    }
    findings.push(located.kept());
}

fn know(at: usize, finding: &Finding, known: &mut Known) {
    for locus in std::iter::once(&finding.primary).chain(&finding.related) {
        let key = key(finding, &locus.path, known);
        known.entry(key).or_default().push(at as u32);
    }
}

fn key(finding: &Finding, path: &FieldPath, known: &Known) -> u64 {
    known.hasher().hash_one((std::ptr::from_ref(finding.rule), &finding.container, path))
}

/// Whether a finding tells all places of another one, in all of its modes: a template fails for some of what its pods fail for.
pub(super) fn tells(finding: &Located, other: &Located) -> bool {
    let paths = |located: &Located| {
        let Finding { primary, related, .. } = &located.finding;
        std::iter::once(primary).chain(related).map(|locus| locus.path.clone()).collect::<HashSet<_>>()
    };
    // Of what is not held a pod has at least what its template has.
    finding.modes.includes(other.modes) && (finding.left_out > 0 || paths(other).is_subset(&paths(finding)))
}

/// What is said of a profile that the API server copied from an annotation.
pub(crate) const COPIED: &str = "gets this profile";

/// Shows the profile that the API server copies from an annotation with the annotation, which is its cause and of whose places no
/// more than `most` are held: who passes over that passes over both.
pub(super) fn join_app_armor(findings: &mut Findings, most: usize) {
    let causes = causes(findings);
    if causes.is_empty() {
        return;
    }
    let joined: Vec<Option<usize>> = findings.iter().map(|f| cause_of(f, &causes, findings)).collect();
    let mut left: Vec<Option<Box<Located>>> = std::mem::take(findings).into_iter().map(Some).collect();
    for (at, cause) in joined.into_iter().enumerate().filter_map(|(at, cause)| Some((at, cause?))) {
        let Some(copy) = left.get_mut(at).and_then(Option::take) else { continue };
        if let Some(cause) = left.get_mut(cause).and_then(Option::as_mut) {
            join(cause, *copy, most);
        }
    }
    findings.extend(left.into_iter().flatten());
}

/// As [`join_app_armor`], where the annotations are told of by the findings on the pod itself.
pub(super) fn join_app_armor_of(pod: &mut Findings, findings: &mut Findings, most: usize) {
    let causes = causes(pod);
    if causes.is_empty() {
        return;
    }
    for located in std::mem::take(findings) {
        match cause_of(&located, &causes, pod).and_then(|at| pod.get_mut(at)) {
            Some(cause) => join(cause, *located, most),
            None => findings.push(located),
        }
    }
}

/// Whether annotations are told of.
pub(super) fn has_annotations(findings: &Findings) -> bool {
    !causes(findings).is_empty()
}

/// The findings on annotations, by the names of the containers that these are for.
fn causes(findings: &Findings) -> HashMap<String, Vec<usize>> {
    let mut causes: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, f) in findings.iter().enumerate().filter(|(_, f)| is_profile(f) && f.finding.container.is_none())
    {
        for locus in std::iter::once(&f.finding.primary).chain(&f.finding.related) {
            let Some(Segment::Key(key)) = locus.path.0.last() else { continue };
            if let Some(container) = key.strip_prefix(APP_ARMOR_PREFIX) {
                causes.entry(container.to_owned()).or_default().push(at);
            }
        }
    }
    causes
}

fn is_profile(located: &Located) -> bool {
    located.finding.rule.id == APP_ARMOR_RULE
}

fn cause_of(
    located: &Located,
    causes: &HashMap<String, Vec<usize>>,
    findings: &[Box<Located>],
) -> Option<usize> {
    let container = located.finding.container.as_ref().filter(|_| is_profile(located) && located.missing)?;
    let same = |at: &&usize| {
        let cause = findings.get(**at).and_then(|cause| cause.suppressed.as_ref());
        same_suppression(cause, located.suppressed.as_ref())
            || located.suppressed.is_none() && matches!(cause, Some(Suppression::Ignored(_)))
    };
    causes.get(container)?.iter().find(same).copied()
}

fn join(cause: &mut Located, copy: Located, most: usize) {
    cause.modes = cause.modes.join(copy.modes);
    if cause.finding.related.len() + 1 >= most {
        cause.left_out += 1;
        return;
    }
    cause.related.push(Mark { label: COPIED.into(), ..copy.primary });
    cause.finding.related.push(Locus { path: copy.finding.primary.path, label: COPIED.into() });
}

pub(super) fn same_suppression(a: Option<&Suppression>, b: Option<&Suppression>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(Suppression::Ignored(a)), Some(Suppression::Ignored(b))) => Arc::ptr_eq(a, b),
        (Some(Suppression::Excepted(a)), Some(Suppression::Excepted(b))) => Arc::ptr_eq(a, b),
        _ => false,
    }
}
