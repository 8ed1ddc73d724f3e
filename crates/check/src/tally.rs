//! Counting: what the summary says and whether the run fails.

use std::collections::BTreeMap;

use seawall_finding::{Finding, Rule, Severity};
use seawall_model::Level;
use seawall_pss::Faults;
use seawall_pss::namespace::{LevelVersion, Mode, Policy};

use crate::judge::{verdict, verdict_on};
use crate::levels::Levels;
use crate::live::{Clusters, Namespaces};
use crate::options::{FailOn, Options};
use crate::record::{
    Beyond, Blocker, Located, Lowest, NoticeKind, Record, Score, Summary, Suppression, Workload,
};
use crate::score::Grade;
use crate::survey::{Seen, Survey};
use crate::totals::Totals;

/// What the checks of the standard are called when workloads are counted: the four basics of restricted are one thing.
const BLOCKERS: [(&str, &[&str]); 15] = [
    (
        "four basics",
        &["runAsNonRoot", "allowPrivilegeEscalation", "capabilities_restricted", "seccompProfile_restricted"],
    ),
    ("privileged", &["privileged"]),
    ("host namespaces", &["hostNamespaces"]),
    ("hostPath", &["hostPathVolumes"]),
    ("hostPort", &["hostPorts"]),
    ("added capabilities", &["capabilities_baseline"]),
    ("volume types", &["restrictedVolumes"]),
    ("runAsUser 0", &["runAsUser"]),
    ("hostProcess", &["windowsHostProcess"]),
    ("AppArmor", &["appArmorProfile"]),
    ("SELinux", &["seLinuxOptions"]),
    ("seccomp", &["seccompProfile_baseline"]),
    ("sysctls", &["sysctls"]),
    ("procMount", &["procMount", "procMount_restricted"]),
    ("probe hosts", &["hostProbesAndHostLifecycle"]),
];

/// What some records amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    findings: u64,
    suppressed: u64,
    excepted: u64,
    errors: u64,
    notices: u64,
    not_seen: u64,
    worst: Option<Severity>,
    /// By mode: whether something fails there that counts. What the API server refuses fails in all.
    open: [bool; 3],
    /// Rules that are failed beyond the standard and the levels.
    beyond: Vec<Failed>,
    /// How many objects were looked at.
    objects: u64,
    scores: Scores,
}

/// A rule that is failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failed {
    rule: &'static Rule,
    /// Of its gravest finding.
    severity: Severity,
    /// By so many objects.
    objects: u64,
    /// The number of the last one.
    last: u64,
}

/// The scores of workloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Scores {
    /// How many.
    count: u64,
    sum: u64,
    /// Parts of workloads, which have none.
    parts: u64,
    critical: bool,
    /// Whether something critical counts at a workload that can be reached from outside.
    exposed: bool,
    lowest: Option<Lowest>,
}

impl Scores {
    fn add(&mut self, workload: &Workload) {
        let critical = workload.is_critical();
        let exposed = critical && workload.exposed;
        let Some(score) = workload.score else {
            if workload.refused.is_none() {
                self.join(Self { parts: 1, critical, exposed, ..Self::default() });
            }
            return;
        };
        let lower = score < self.lowest.as_ref().map_or(100, |lowest| lowest.score);
        let lowest = lower.then(|| Lowest {
            score,
            object: workload.object.clone(),
            file: workload.origin.file.clone(),
            line: workload.region.line,
        });
        self.join(Self { count: 1, sum: score, critical, exposed, lowest, ..Self::default() });
    }

    /// Adds the scores of what follows in the input.
    fn join(&mut self, later: Self) {
        self.count += later.count;
        self.sum += later.sum;
        self.parts += later.parts;
        self.critical |= later.critical;
        self.exposed |= later.exposed;
        let lowest = [self.lowest.take(), later.lowest].into_iter().flatten();
        self.lowest = lowest.min_by_key(|lowest| lowest.score);
    }

    /// The score of a run with so many workloads that could be scored: those of which nothing had to be said have 100.
    fn of(self, workloads: u64) -> Option<Score> {
        let silent = workloads.saturating_sub(self.count + self.parts);
        let mean = (self.sum + 100 * silent).checked_div(self.count + silent)?;
        Some(Score { mean, grade: Grade::of(mean, self.critical, self.exposed), lowest: self.lowest })
    }
}

impl Counts {
    /// The counts of these records.
    pub fn of(records: &[Record]) -> Self {
        let mut counts = Self::default();
        for record in records {
            match record {
                Record::Workload(workload) => {
                    counts.findings(&workload.findings, workload.totals.as_deref());
                    counts.scores.add(workload);
                    for (open, more) in counts.open.iter_mut().zip(workload.open) {
                        *open |= more;
                    }
                }
                Record::Object(object) => {
                    counts.findings(&object.findings, object.totals.as_deref());
                    if object.is_open() {
                        counts.open = [true; 3];
                    }
                }
                Record::Error(_) => counts.errors += 1,
                Record::Notice(notice) => {
                    counts.notices += 1;
                    counts.not_seen += u64::from(notice.kind == NoticeKind::NotSeen);
                }
            }
        }
        counts
    }

    fn findings(&mut self, findings: &[Box<Located>], totals: Option<&Totals>) {
        self.objects += 1;
        if let Some(totals) = totals {
            self.findings += totals.counting.findings;
            self.suppressed += totals.suppressed.findings;
            self.excepted += totals.excepted;
            self.worst = self.worst.max(totals.worst);
            totals.beyond.iter().for_each(|(rule, severity)| self.beyond(rule, *severity));
            return;
        }
        let counted = || findings.iter().filter(|f| f.suppressed.is_none());
        let count = counted().count() as u64;
        self.findings += count;
        self.suppressed += findings.len() as u64 - count;
        let excepted = |f: &Located| matches!(f.suppressed, Some(Suppression::Excepted(_)));
        self.excepted += findings.iter().filter(|f| excepted(f)).count() as u64;
        self.worst = self.worst.max(counted().map(|f| f.finding.severity).max());
        for Finding { rule, severity, .. } in counted().filter(|f| f.is_beyond()).map(|f| &f.finding) {
            self.beyond(rule, *severity);
        }
    }

    /// Counts a rule that the last object fails beyond the standard and the levels.
    fn beyond(&mut self, rule: &'static Rule, severity: Severity) {
        let last = self.objects;
        match self.beyond.iter_mut().find(|known| std::ptr::eq(known.rule, rule)) {
            Some(known) => {
                known.severity = known.severity.max(severity);
                known.objects += u64::from(known.last != last);
                known.last = last;
            }
            None => self.beyond.push(Failed { rule, severity, objects: 1, last }),
        }
    }
}

/// The strictest level of all modes; of several versions of it the first, as the modes have them in order.
fn strictest(policy: &Policy) -> LevelVersion {
    let modes = [policy.audit, policy.warn];
    modes.into_iter().fold(policy.enforce, |known, at| if at.level > known.level { at } else { known })
}

/// What keeps a workload from a level, by position in [`BLOCKERS`].
fn blocking(faults: Faults, target: Level, minor: u64) -> impl Iterator<Item = usize> {
    let mut failing: Vec<&str> = Vec::new();
    let mut overridden: Vec<&str> = Vec::new();
    for check in seawall_pss::failing(faults, target, minor) {
        failing.push(check.id);
        overridden.extend(check.overrides);
    }
    // What baseline forbids is named by its own check, though restricted has a stricter one in its place.
    let baseline = seawall_pss::failing(faults, Level::Baseline, minor).map(|check| check.id);
    failing.extend(baseline.filter(|id| overridden.contains(id)));
    let host_path = failing.contains(&"hostPathVolumes");
    BLOCKERS.iter().enumerate().filter_map(move |(i, (_, checks))| {
        let counts = |id: &&str| !(**id == *"restrictedVolumes" && host_path) && checks.contains(id);
        failing.iter().any(counts).then_some(i)
    })
}

/// What keeps a workload from a level.
pub(crate) fn blockers_of(faults: Faults, target: Level, minor: u64) -> impl Iterator<Item = &'static str> {
    blocking(faults, target, minor).map(|i| BLOCKERS[i].0)
}

/// Counts a run.
#[derive(Clone, Debug)]
pub struct Tally {
    summary: Summary,
    blockers: [u64; BLOCKERS.len()],
    bars: Vec<FailOn>,
    failed: bool,
    beyond: BTreeMap<&'static str, (Severity, u64)>,
    /// The scores, where checks beyond the standard run.
    scores: Option<Scores>,
    namespaces: Option<Namespaces>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(options: &Options, bars: &[FailOn]) -> Self {
        let enabled = &options.hardening.enabled;
        let missed = options.hardening.index.as_deref().map(|index| index.not_evaluated(enabled));
        let not_evaluated =
            missed.into_iter().flatten().map(|missed| (missed.rule.id, missed.reason)).collect();
        let summary = Summary { kubernetes: options.kubernetes, not_evaluated, ..Summary::default() };
        let scores = (!options.hardening.enabled.is_empty()).then(Scores::default);
        let blockers = [0; BLOCKERS.len()];
        Self {
            summary,
            blockers,
            bars: bars.to_vec(),
            failed: false,
            beyond: BTreeMap::new(),
            scores,
            namespaces: None,
        }
    }

    /// Counts a file by what phase one found in it.
    pub fn file(&mut self, survey: &Survey, scope: u16, levels: &Levels, options: &Options) {
        self.summary.files += 1;
        self.summary.documents += u64::from(survey.documents);
        self.summary.objects += u64::from(survey.objects);
        if let Some(namespaces) = &mut self.namespaces {
            namespaces.file(survey, scope);
        }
        for seen in &survey.workloads {
            self.workload(seen, scope, levels, options);
        }
    }

    fn workload(&mut self, seen: &Seen, scope: u16, levels: &Levels, options: &Options) {
        if seen.covered {
            return;
        }
        if let Some(namespaces) = &mut self.namespaces {
            namespaces.workload(seen, scope, options.kubernetes);
        }
        if seen.refused {
            self.summary.refused += 1;
            return;
        }
        self.summary.by_level[seawall_pss::strictest(seen.pod, options.kubernetes) as usize] += 1;
        let policy = levels.of(scope, &seen.namespace).0;
        let verdict = verdict(seen, &policy, options);
        let [enforce, audit, warn] = Mode::ALL.map(|mode| verdict.passes(mode));
        if !enforce {
            self.summary.failing += 1;
        } else if !(audit && warn) {
            self.summary.warned += 1;
        }
        if seen.excepted.is_some() && verdict.is_clean() {
            let bare = verdict_on([seen.pod, seen.template], &policy, options);
            self.summary.by_exception += u64::from(!bare.is_clean());
        }
        if !verdict.is_clean() {
            // What an exception lets pass keeps nothing from its level.
            let [pod, template] = seen.faults();
            self.block(pod | template, strictest(&policy), options);
        }
    }

    /// Counts a cluster by namespace, too.
    pub fn by_namespace(&mut self) {
        self.namespaces = Some(Namespaces::default());
    }

    /// Counts what keeps a workload from the level that it is held to.
    fn block(&mut self, faults: Faults, at: LevelVersion, options: &Options) {
        let (target, minor) = (at.level, at.version.clamp(options.kubernetes));
        if !self.summary.targets.contains(&target) {
            self.summary.targets.push(target);
            self.summary.targets.sort_unstable();
        }
        for i in blocking(faults, target, minor) {
            self.blockers[i] += 1;
        }
    }

    /// Adds what records say.
    pub fn add(&mut self, counts: Counts) {
        self.summary.findings += counts.findings;
        self.summary.suppressed += counts.suppressed;
        self.summary.excepted += counts.excepted;
        self.summary.errors += counts.errors;
        self.summary.notices += counts.notices;
        self.summary.not_seen += counts.not_seen;
        for Failed { rule, severity, objects, .. } in counts.beyond {
            let known = self.beyond.entry(rule.id).or_insert((severity, 0));
            *known = (known.0.max(severity), known.1 + objects);
        }
        if let Some(scores) = &mut self.scores {
            scores.join(counts.scores);
        }
        let [enforce, audit, warn] = counts.open;
        // What fails where it is enforced fails the softer bars too.
        let at = |bar: &FailOn| match bar {
            FailOn::Enforce => enforce,
            FailOn::Audit => enforce || audit,
            FailOn::Warn => enforce || warn,
            FailOn::Severity(severity) => counts.worst.is_some_and(|worst| worst >= *severity),
            FailOn::Never => false,
        };
        self.failed |= self.bars.iter().any(at);
    }

    /// What was counted so far does not fail the run: it goes into a baseline.
    pub fn accept(&mut self) {
        self.failed = false;
    }

    /// Takes out what is known of namespaces.
    pub fn take_namespaces(&mut self, clusters: &Clusters<'_>) {
        self.summary.namespaces = self.namespaces.take().map(|namespaces| namespaces.finish(clusters));
        if self.summary.namespaces.is_some() {
            self.summary.files = 1;
        }
    }

    /// The summary, with the exit status: 2 if anything could not be read, else 1 if something is at the bar.
    pub fn finish(mut self) -> Summary {
        let mut blockers: Vec<Blocker> = BLOCKERS
            .iter()
            .zip(self.blockers)
            .filter(|(_, workloads)| *workloads > 0)
            .map(|((name, checks), workloads)| Blocker { name, explain: checks[0], workloads })
            .collect();
        blockers.sort_by_key(|b| std::cmp::Reverse(b.workloads));
        self.summary.blockers = blockers;
        let beyond = self.beyond.into_iter();
        self.summary.beyond =
            beyond.map(|(rule, (severity, objects))| Beyond { rule, severity, objects }).collect();
        self.summary.beyond.sort_by_key(|b| std::cmp::Reverse((b.severity, b.objects)));
        let scored = self.summary.by_level.iter().sum();
        self.summary.score = self.scores.and_then(|scores| scores.of(scored));
        let failed = self.failed && !self.bars.contains(&FailOn::Never);
        self.summary.exit = if self.summary.errors > 0 { 2 } else { u8::from(failed) };
        self.summary
    }
}
