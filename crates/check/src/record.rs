//! What a run has to say, one record at a time and in input order: the currency between the driver and the reports.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use seawall_finding::exception::Exception;
use seawall_finding::{Finding, Fix, Severity};
use seawall_model::{FieldPath, Level, ObjectId, PolicyVersion};
use seawall_pss::namespace::Modes;

use crate::ignore::Ignore;
use crate::live::NamespaceSummary;
use crate::score::Grade;
use crate::totals::Totals;

/// A region of a source. Lines and columns count from 1, columns in Unicode scalar values; `end_column` is one past the
/// last character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region {
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column behind the last character.
    pub end_column: u32,
}

/// A file as the records name it, with its text for quoting.
#[derive(Clone, Debug)]
pub struct Origin {
    /// As given on the command line, or found below it; `<stdin>` for standard input.
    pub file: Arc<str>,
    /// The bytes that the regions count in.
    pub source: Arc<[u8]>,
    /// Where its lines start ([`seawall_yaml::LineIndex::with`]).
    pub lines: seawall_yaml::LineStarts,
    /// The bytes of the record's document that may be secret, in order and without overlap
    /// ([`seawall_finding::document_secrets`]); empty where all of the record's findings are brief.
    pub secrets: Arc<[Range<u32>]>,
    /// Whether the text is what a cluster gave, and not what an author wrote: nobody wants to see its lines.
    pub live: bool,
}

/// A place in a source with what is to be seen there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub region: Region,
    /// A few words, such as `must be false`; may be empty.
    pub label: Cow<'static, str>,
}

/// A finding with its places.
#[derive(Clone, Debug)]
pub struct Located {
    /// The finding.
    pub finding: Finding,
    /// Where its primary locus is.
    pub primary: Mark,
    /// Where its other places are: the definition behind an alias, the cause of a default, the first of two keys.
    pub related: Vec<Mark>,
    /// Its further places, which are not held.
    pub left_out: u64,
    /// Whether what the primary locus names is not written: the mark shows where it belongs.
    pub missing: bool,
    /// Whether the API server refuses the object for it.
    pub refuses: bool,
    /// The modes that this finding counts against; empty where no effective level forbids it.
    pub modes: Modes,
    /// Why it does not count.
    pub suppressed: Option<Suppression>,
    /// How it may be repaired.
    pub fix: Option<Fix>,
}

/// Findings, each by itself: a list that grows would copy them, and hold twice as many for a while.
pub type Findings = Vec<Box<Located>>;

/// Why a finding does not count.
#[derive(Clone, Debug)]
pub enum Suppression {
    /// An author has it passed over: reports and exit status are silent, the verdict stays.
    Ignored(Arc<Ignore>),
    /// An operator allows it: the verdict is without it.
    Excepted(Arc<Exception>),
}

/// Which question an evaluation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Would the pod be admitted: the pod itself, or the pods that a template makes, with the API server's defaults for pods.
    Pod,
    /// What the API server says of the object that carries the template: it warns and audits, and never refuses.
    Template,
}

impl Subject {
    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Template => "template",
        }
    }
}

/// A verdict at one level and version.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// What was judged.
    pub subject: Subject,
    /// The level.
    pub level: Level,
    /// The version as asked.
    pub version: PolicyVersion,
    /// The minor it was evaluated at, after clamping to the target cluster.
    pub evaluated_as: u64,
    /// The modes that ask for this level and version.
    pub modes: Modes,
    /// Whether it passes.
    pub allowed: bool,
    /// The reference's reasons; empty if it passes.
    pub forbidden_reason: String,
    /// The reference's reasons and details; empty if it passes.
    pub forbidden_detail: String,
}

/// Where the levels came from that a workload is judged at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelSource {
    /// The labels of its namespace in the input.
    Namespace,
    /// The labels of its namespace in the file that lends them.
    Lent,
    /// `levels` in the configuration: the pattern that matched.
    Config(String),
    /// The command line, or the default.
    Flag,
}

/// Where the pod's own fields are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodSpec {
    /// Such as `spec.template.spec`.
    pub path: FieldPath,
    /// Whether a `securityContext` is there already.
    pub security_context: bool,
}

/// A workload: one pod, or one pod template of an object.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its file.
    pub origin: Origin,
    /// The position of its document in the file, from 0.
    pub document: u32,
    /// The object.
    pub object: ObjectId,
    /// The object's path in its document: empty for the root, `items[3]` in a list.
    pub in_document: FieldPath,
    /// Where the object begins.
    pub region: Region,
    /// The chart's file from Helm's `# Source:` comment.
    pub chart_source: Option<String>,
    /// The path of the pod template (`spec.template`); empty for pods.
    pub template: FieldPath,
    /// The place of the pod's own fields; `None` where there is none.
    pub pod_spec: Option<PodSpec>,
    /// Whether the object is a custom resource, judged as its pods would be.
    pub custom: bool,
    /// Why the API server would refuse the object itself; then there are no evaluations.
    pub refused: Option<String>,
    /// The verdicts, `enforce` first.
    pub evaluations: Vec<Evaluation>,
    /// Where the levels came from.
    pub levels_from: LevelSource,
    /// The strictest level that its pods pass at the target cluster's version without exceptions; `None` if the object would
    /// be refused.
    pub strictest: Option<Level>,
    /// What stands in the way of the strictest of its effective levels, what is wrong with the object itself, and what is found
    /// beyond the levels; what is suppressed too.
    pub findings: Findings,
    /// What all findings amount to, where not all are held.
    pub totals: Option<Box<Totals>>,
    /// By mode: whether it fails there for something that counts.
    pub open: [bool; 3],
    /// How many containers it has: init, main, ephemeral.
    pub containers: [u32; 3],
    /// Whether the input shows a way to it from outside the cluster.
    pub exposed: bool,
    /// The hundredths of points that it loses for what counts; they may be more than there are.
    pub lost: u64,
    /// Its score from 0 to 100, where checks beyond the standard run and the API server would not refuse it.
    pub score: Option<u64>,
}

impl Located {
    /// As it is held until its object is reported, without the room that the making of paths left over.
    pub(crate) fn kept(mut self) -> Box<Self> {
        let Finding { primary, related, .. } = &mut self.finding;
        for locus in std::iter::once(primary).chain(related) {
            locus.path.0.shrink_to_fit();
        }
        for step in self.fix.iter_mut().flat_map(|fix| &mut fix.steps) {
            step.path.0.shrink_to_fit();
            if let Some(path) = &mut step.at_pod {
                path.0.shrink_to_fit();
            }
        }
        Box::new(self)
    }

    /// How many places it shows, held or not.
    pub(crate) fn places(&self) -> u64 {
        1 + self.finding.related.len() as u64 + self.left_out
    }

    /// Lets go of its places behind the first so many. A fix of a part of them would be none: what is left of it says how safe it
    /// is.
    pub(crate) fn cut(&mut self, places: usize) {
        let related = &mut self.finding.related;
        if related.len() < places {
            return;
        }
        self.left_out += (related.len() + 1 - places) as u64;
        // The definition behind an alias is shown besides.
        let besides = self.related.len().saturating_sub(related.len());
        related.truncate(places - 1);
        related.shrink_to_fit();
        self.related.truncate(places - 1 + besides);
        self.related.shrink_to_fit();
        if let Some(fix) = &mut self.fix {
            fix.steps = Vec::new();
        }
    }

    /// Whether no level asks for it: its rule belongs to the checks beyond the standard, or no effective level forbids what a
    /// rule of the standard finds.
    pub fn is_beyond(&self) -> bool {
        let Finding { rule, .. } = &self.finding;
        rule.is_beyond() || (rule.level.is_some() && self.modes.is_empty())
    }

    /// Whether people are told of it in a line, without quoting the source: only then may [`Origin::secrets`] be left empty.
    pub fn is_brief(&self) -> bool {
        self.is_beyond() && !self.refuses && self.finding.severity < Severity::High
    }
}

impl Workload {
    /// Whether something critical counts.
    pub fn is_critical(&self) -> bool {
        if let Some(totals) = &self.totals {
            return totals.worst == Some(Severity::Critical);
        }
        let critical = |f: &Located| f.suppressed.is_none() && f.finding.severity == Severity::Critical;
        self.findings.iter().any(|f| critical(f))
    }

    /// The letter of its score.
    pub fn grade(&self) -> Option<Grade> {
        Some(Grade::of(self.score?, self.is_critical(), self.exposed))
    }

    /// The strictest of the levels that it is judged at.
    pub fn target(&self) -> Level {
        self.evaluations.iter().map(|e| e.level).max().unwrap_or(Level::Restricted)
    }

    /// Whether it passes its levels, and an exception lets something pass.
    pub fn passes_by_exception(&self) -> bool {
        let excepted =
            |f: &Located| !f.modes.is_empty() && matches!(f.suppressed, Some(Suppression::Excepted(_)));
        let allows = |totals: &Totals| totals.allows_by_exception;
        self.refused.is_none()
            && self.evaluations.iter().all(|e| e.allowed)
            && self.totals.as_deref().map_or_else(|| self.findings.iter().any(|f| excepted(f)), allows)
    }
}

/// An object that is no workload, with what is wrong with it.
#[derive(Clone, Debug)]
pub struct ObjectReport {
    /// Its file.
    pub origin: Origin,
    /// The position of its document in the file, from 0.
    pub document: u32,
    /// The object.
    pub object: ObjectId,
    /// The object's path in its document: empty for the root, `items[3]` in a list.
    pub in_document: FieldPath,
    /// Where the object begins.
    pub region: Region,
    /// The chart's file from Helm's `# Source:` comment.
    pub chart_source: Option<String>,
    /// Why the API server would refuse it.
    pub refused: Option<String>,
    /// What is wrong; what is suppressed too.
    pub findings: Findings,
    /// What all findings amount to, where not all are held.
    pub totals: Option<Box<Totals>>,
}

impl ObjectReport {
    /// Whether the API server would refuse it for something that counts.
    pub fn is_open(&self) -> bool {
        let refusing = || self.findings.iter().filter(|f| f.refuses);
        let (any, counting) = match &self.totals {
            Some(totals) => (totals.refuses, totals.refuses_for_what_counts),
            None => (refusing().next().is_some(), refusing().any(|f| f.suppressed.is_none())),
        };
        self.refused.is_some() && (!any || counting)
    }
}

/// An input, or a part of one, that could not be read. Makes the exit status 2.
#[derive(Clone, Debug)]
pub struct InputError {
    /// The file.
    pub file: Arc<str>,
    /// Its text, where it could be read.
    pub origin: Option<Origin>,
    /// Where, if it is known.
    pub region: Option<Region>,
    /// What is wrong, in lower case without a trailing period.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What kind of notice; those of one kind are counted together for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoticeKind {
    /// An unrendered Helm template met in a directory.
    Template,
    /// A document that is not a Kubernetes object, met in a directory.
    NotKubernetes,
    /// A kustomization met in a directory, whose files are judged as written.
    Kustomization,
    /// An object that looks like a workload but is of a kind nobody described.
    UnknownWorkload,
    /// Several Namespace objects of one name.
    NamespaceConflict,
    /// A namespace label that the API server would not take, or a Namespace without labels.
    NamespaceLabels,
    /// Text that kubectl reads in another way than its author may think.
    Ignored,
    /// Something in a directory that was left out.
    Skipped,
    /// A version newer than the target cluster's.
    VersionClamped,
    /// An ignore that passed over nothing.
    IgnoreUnused,
    /// An ignore or exception in use that ends soon.
    Expiring,
    /// An exception, or a part of one, that no policy allows.
    ExceptionNotAllowed,
    /// An exception that let nothing pass.
    ExceptionUnused,
    /// An object of seawall's own group, of a kind or version that is not known and does not count.
    ExceptionUnknown,
    /// Something that was asked for and could not be looked at with this input.
    NotEvaluated,
    /// Objects of a cluster that may be there and that the user may not see.
    NotSeen,
    /// Pods that came out in another way than their template says.
    PodsDiffer,
    /// An owner that was not seen.
    OwnerNotSeen,
    /// An object with more findings than are reported.
    FindingsLeftOut,
    /// By which of `OpenShift`'s security context constraints pods were let in, and which there are.
    ContextConstraint,
}

impl NoticeKind {
    /// For machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Template => "unrendered-template",
            Self::NotKubernetes => "not-kubernetes",
            Self::Kustomization => "kustomization",
            Self::UnknownWorkload => "unknown-workload",
            Self::NamespaceConflict => "namespace-conflict",
            Self::NamespaceLabels => "namespace-labels",
            Self::Ignored => "ignored-by-kubectl",
            Self::Skipped => "skipped",
            Self::VersionClamped => "version-clamped",
            Self::IgnoreUnused => "ignore-unused",
            Self::Expiring => "expiring",
            Self::ExceptionNotAllowed => "exception-not-allowed",
            Self::ExceptionUnused => "exception-unused",
            Self::ExceptionUnknown => "exception-unknown",
            Self::NotEvaluated => "not-evaluated",
            Self::NotSeen => "not-seen",
            Self::PodsDiffer => "pods-differ",
            Self::OwnerNotSeen => "owner-not-seen",
            Self::FindingsLeftOut => "findings-left-out",
            Self::ContextConstraint => "security-context-constraint",
        }
    }
}

/// Something a person should know that is neither a finding nor an error.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What kind.
    pub kind: NoticeKind,
    /// The file, if it concerns one.
    pub file: Option<Arc<str>>,
    /// Where, if it is known.
    pub region: Option<Region>,
    /// In lower case without a trailing period.
    pub message: String,
    /// A command or a change that helps.
    pub hint: Option<String>,
}

/// One record of a run.
#[derive(Clone, Debug)]
pub enum Record {
    /// A workload with its verdicts.
    Workload(Box<Workload>),
    /// Another object with findings.
    Object(Box<ObjectReport>),
    /// Something that could not be read.
    Error(InputError),
    /// Something to know.
    Notice(Notice),
}

impl Record {
    /// Moves all its places down by so many lines, where its text is a part of a larger one with a document on each line.
    pub(crate) fn move_down(&mut self, lines: u32) {
        let down = |region: &mut Region| {
            region.line += lines;
            region.end_line += lines;
        };
        let findings = match self {
            Self::Workload(workload) => {
                down(&mut workload.region);
                workload.document += lines;
                &mut workload.findings
            }
            Self::Object(object) => {
                down(&mut object.region);
                object.document += lines;
                &mut object.findings
            }
            Self::Error(InputError { region, .. }) | Self::Notice(Notice { region, .. }) => {
                region.iter_mut().for_each(down);
                return;
            }
        };
        for located in findings {
            down(&mut located.primary.region);
            located.related.iter_mut().for_each(|mark| down(&mut mark.region));
        }
    }
}

/// How often a rule stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// The group's name: `four basics`, or the rule's id.
    pub name: &'static str,
    /// What `explain` takes to tell of it.
    pub explain: &'static str,
    /// Workloads that it keeps from the strictest level that they are held to.
    pub workloads: u64,
}

/// How often a rule is failed that no level in force asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// The rule's id.
    pub rule: &'static str,
    /// Its gravest finding.
    pub severity: Severity,
    /// Workloads and other objects that fail it.
    pub objects: u64,
}

/// The score of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// The mean of the workloads' scores, from 0 to 100, rounded down.
    pub mean: u64,
    /// Its letter.
    pub grade: Grade,
    /// The first workload with the lowest score, if that is below 100.
    pub lowest: Option<Lowest>,
}

/// The workload with the lowest score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lowest {
    /// Its score.
    pub score: u64,
    /// What it is called.
    pub object: ObjectId,
    /// Where it is.
    pub file: Arc<str>,
    /// Its line there.
    pub line: u32,
}

/// The last record of a run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Files read.
    pub files: u64,
    /// Documents with content.
    pub documents: u64,
    /// Objects, lists expanded.
    pub objects: u64,
    /// Workloads by the strictest level that they pass without exceptions: privileged, baseline, restricted.
    pub by_level: [u64; 3],
    /// Workloads whose objects the API server would refuse.
    pub refused: u64,
    /// Workloads that fail their effective enforce level.
    pub failing: u64,
    /// Workloads that pass it but fail at their audit or warn level.
    pub warned: u64,
    /// Workloads that pass in every mode, and would not without an exception.
    pub by_exception: u64,
    /// Findings, one per rule and container.
    pub findings: u64,
    /// Findings that do not count: ignored by authors, or allowed by exceptions.
    pub suppressed: u64,
    /// Those of them that exceptions allow.
    pub excepted: u64,
    /// Records of type error.
    pub errors: u64,
    /// Records of type notice.
    pub notices: u64,
    /// Those of them that say that something of a cluster was not seen.
    pub not_seen: u64,
    /// The strictest levels that workloads which fail are held to, each once and in order.
    pub targets: Vec<Level>,
    /// What keeps workloads from them, the most frequent first.
    pub blockers: Vec<Blocker>,
    /// What is failed beyond the standard and the levels, the gravest and most frequent first.
    pub beyond: Vec<Beyond>,
    /// Rules that could not be evaluated on some of the input, each with what was not seen.
    pub not_evaluated: Vec<(&'static str, String)>,
    /// The score, where checks beyond the standard run and there are workloads.
    pub score: Option<Score>,
    /// Of a cluster, what is said of each namespace.
    pub namespaces: Option<Vec<NamespaceSummary>>,
    /// The target cluster's minor.
    pub kubernetes: u64,
    /// The exit status of the run.
    pub exit: u8,
}

impl Summary {
    /// All workloads.
    pub fn workloads(&self) -> u64 {
        self.by_level.iter().sum::<u64>() + self.refused
    }
}
