//! A score for a workload, by an open formula: 100 less the weight of each rule that it fails, once per class of
//! containers and in the share of these containers that fail it; never below 0.
//!
//! `docs/src/hardening.md` describes it for users.

use seawall_finding::{Finding, Rule, Severity};
use seawall_model::{FieldPath, Segment};

use crate::record::Workload;

/// Hundredths of a point in a point.
const POINT: u64 = 100;

/// The letter of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grade {
    /// 90 and above.
    A,
    /// 75 and above.
    B,
    /// 60 and above; the best with a critical finding.
    C,
    /// 40 and above; the best with a critical finding on a workload that can be reached from outside the cluster.
    D,
    /// Below 40.
    F,
}

impl Grade {
    /// The letter of a score; the worst finding caps it.
    pub fn of(score: u64, critical: bool, exposed: bool) -> Self {
        let cap = match (critical, exposed) {
            (true, true) => Self::D,
            (true, false) => Self::C,
            (false, _) => Self::A,
        };
        let grade = match score {
            90.. => Self::A,
            75.. => Self::B,
            60.. => Self::C,
            40.. => Self::D,
            _ => Self::F,
        };
        grade.max(cap)
    }

    /// The letter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }
}

/// The points that a finding takes from a container class that fails it as a whole.
pub const fn weight(severity: Severity) -> u64 {
    match severity {
        Severity::Critical => 40,
        Severity::High => 15,
        Severity::Medium => 5,
        Severity::Low => 2,
        Severity::Info => 0,
    }
}

/// The score, from 0 to 100, of what loses so many hundredths of points.
pub(crate) fn score(lost: u64) -> u64 {
    (100 * POINT).saturating_sub(lost) / POINT
}

/// The hundredths of points that a workload loses: what does not count takes nothing.
pub(crate) fn lost(workload: &Workload) -> u64 {
    let open = workload.findings.iter().filter(|f| f.suppressed.is_none());
    let mut failing: Vec<Failing<'_>> = open.map(|located| Failing::of(&located.finding)).collect();
    failing.sort_unstable_by_key(|f| (f.rule, f.class, f.container));
    let taken = failing.chunk_by(|a, b| (a.rule, a.class) == (b.rule, b.class)).map(|failing| {
        let weight = failing.iter().map(|f| weight(f.severity)).max().unwrap_or_default();
        let containers = failing.chunk_by(|a, b| a.container == b.container).count() as u64;
        share(weight, containers, failing[0].class, workload.containers)
    });
    taken.sum()
}

/// The hundredths of points that a rule of this weight takes which so many containers of a class fail, or what is none;
/// `containers` is how many there are of each class.
pub(crate) fn share(weight: u64, failing: u64, class: Option<usize>, containers: [u32; 3]) -> u64 {
    let all = class.map_or(1, |class| u64::from(containers[class])).max(1);
    weight * POINT * failing.min(all) / all
}

/// What fails a rule: a container of a class, or what is none.
pub(crate) struct Failing<'a> {
    rule: *const Rule,
    pub(crate) class: Option<usize>,
    pub(crate) container: &'a str,
    severity: Severity,
}

impl<'a> Failing<'a> {
    pub(crate) fn of(finding: &'a Finding) -> Self {
        Self {
            rule: finding.rule,
            class: finding.container.as_ref().and_then(|_| class(&finding.primary.path)),
            container: finding.container.as_deref().unwrap_or_default(),
            severity: finding.severity,
        }
    }
}

/// The class of containers that a path leads into: init, main, ephemeral.
fn class(path: &FieldPath) -> Option<usize> {
    path.0.iter().find_map(|segment| match segment {
        Segment::Key(key) if key == "initContainers" => Some(0),
        Segment::Key(key) if key == "containers" => Some(1),
        Segment::Key(key) if key == "ephemeralContainers" => Some(2),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_capped_by_the_worst_finding() {
        let letters = |critical, exposed| {
            [100, 90, 89, 75, 74, 60, 59, 40, 39, 0]
                .map(|s| Grade::of(s, critical, exposed).as_str())
                .concat()
        };
        assert_eq!(letters(false, true), "AABBCCDDFF");
        assert_eq!(letters(true, false), "CCCCCCDDFF");
        assert_eq!(letters(true, true), "DDDDDDDDFF");
    }

    #[test]
    fn classes_are_told_by_the_list() {
        let class = |path: &str| class(&path.parse().unwrap());
        assert_eq!(class("spec.template.spec.initContainers[name=a].image"), Some(0));
        assert_eq!(class("spec.containers[name=a].image"), Some(1));
        assert_eq!(class("spec.ephemeralContainers[0].image"), Some(2));
        assert_eq!(class("spec.volumes[name=containers]"), None);
    }
}
