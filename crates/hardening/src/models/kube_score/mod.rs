//! The grades of kube-score v1.20.0 (zegl/kube-score `score/`, `scorecard/`).
//!
//! Two steps, because checks look at other objects: [`Facts::add`] takes what they have to know from every document, then
//! [`score`] grades the objects of one document after the other. What is kept between the steps is names, labels and selectors.
//! [`merged`] brings together the objects of the same identity, as the original's scorecard does.
//!
//! Objects are graded as written: nothing is defaulted, containers of pods are init containers and containers, ephemeral ones are
//! not looked at, and kinds that kube-score does not know have no grades. Where the original gives up the whole run (a value of a
//! wrong type, a PodDisruptionBudget, Deployment or StatefulSet whose selector is invalid) the value counts as unset here and the
//! selector as matching nothing.

mod containers;
mod facts;
mod item;
mod labels;
mod objects;
mod pods;
mod probes;
mod quantity;
mod security;
mod table;
#[cfg(test)]
mod tests;
mod view;
mod workloads;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use seawall_yaml::NodeRef;

pub use facts::Facts;
use item::{Item, Kind, items};
pub use table::{CHECKS, CheckInfo};
use view::Annotations;

/// What the original's flags set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `--kubernetes-version`, as major and minor: 1.18 if not set. Newer replacements of an API are not asked for.
    pub kubernetes: (u32, u32),
    /// `--ignore-container-cpu-limit`
    pub ignore_container_cpu_limit: bool,
    /// `--ignore-container-memory-limit`
    pub ignore_container_memory_limit: bool,
    /// `--min-replicas-deployment`: 2 if not set.
    pub min_replicas_deployment: i32,
    /// `--min-replicas-hpa`: 2 if not set.
    pub min_replicas_hpa: i32,
    /// `--ignore-test`: ids of checks that do not run.
    pub ignored: BTreeSet<String>,
    /// `--enable-optional-test`: ids of checks that are not skipped. All optional checks of [`CHECKS`] are what
    /// `--all-default-optional` enables.
    pub enabled: BTreeSet<String>,
    /// Whether annotations `kube-score/ignore` count; not with `--disable-ignore-checks-annotations`.
    pub ignore_annotations: bool,
    /// Whether annotations `kube-score/enable` count; not with `--disable-optional-checks-annotations`.
    pub enable_annotations: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kubernetes: (1, 18),
            ignore_container_cpu_limit: false,
            ignore_container_memory_limit: false,
            min_replicas_deployment: 2,
            min_replicas_hpa: 2,
            ignored: BTreeSet::new(),
            enabled: BTreeSet::new(),
            ignore_annotations: true,
            enable_annotations: true,
        }
    }
}

/// A grade; the number is the original's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// 1
    Critical = 1,
    /// 5
    Warning = 5,
    /// 7, printed as OK.
    AlmostOk = 7,
    /// 10
    AllOk = 10,
}

impl Grade {
    /// The word that the original prints.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::Warning => "WARNING",
            Self::AlmostOk | Self::AllOk => "OK",
        }
    }
}

/// What a check says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The check's id.
    pub id: &'static str,
    /// Its grade; `None` (0 in the original's JSON) where it was skipped before there was one.
    pub grade: Option<Grade>,
    /// Whether it does not count.
    pub skipped: bool,
    /// What was found.
    pub comments: Vec<Comment>,
}

/// A remark of a check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comment {
    /// A container's name, a label's key or a path of an Ingress; empty where none is meant.
    pub path: String,
    /// The original's summary.
    pub summary: Cow<'static, str>,
}

/// An object and its checks, in the order of [`CHECKS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// `apiVersion`
    pub api_version: String,
    /// `kind`
    pub kind: String,
    /// `metadata.namespace`, empty if not written.
    pub namespace: String,
    /// `metadata.name`
    pub name: String,
    /// Its checks. Objects that were merged have each check as often as they are.
    pub checks: Vec<Check>,
}

impl Scored {
    /// What the original keeps it by: `kind/apiVersion/namespace/name`.
    pub fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.kind, self.api_version, self.namespace, self.name)
    }

    /// Whether a check that counts has this grade or a worse one: [`Grade::Critical`] makes the original exit with status 1, with
    /// `--exit-one-on-warning` [`Grade::Warning`] does.
    pub fn is_at_or_below(&self, threshold: Grade) -> bool {
        self.checks.iter().any(|check| !check.skipped && check.grade.is_some_and(|grade| grade <= threshold))
    }
}

/// The scores of the objects of a document, given by its root, each with its node; lists of the core group are looked into.
/// Facts are those of all documents, this one included.
pub fn score<'d>(root: NodeRef<'d>, facts: &Facts, options: &Options) -> Vec<(NodeRef<'d>, Scored)> {
    items(root).iter().map(|item| (item.node(), graded(item, facts, options))).collect()
}

/// Objects of the same identity made one, sorted by [`Scored::key`].
pub fn merged(objects: impl IntoIterator<Item = Scored>) -> Vec<Scored> {
    let mut all: BTreeMap<String, Scored> = BTreeMap::new();
    for mut object in objects {
        match all.get_mut(&object.key()) {
            Some(first) => {
                first.checks.append(&mut object.checks);
                first.checks.sort_by_cached_key(|check| table::position(check.id));
            }
            None => {
                all.insert(object.key(), object);
            }
        }
    }
    all.into_values().collect()
}

fn graded(item: &Item<'_>, facts: &Facts, options: &Options) -> Scored {
    let own = Annotations::of(item.metadata.annotations);
    let template = item.template();
    let of_template = template
        .as_ref()
        .filter(|_| item.kind != Kind::Pod)
        .map(|template| Annotations::of(template.metadata.annotations))
        .unwrap_or_default();
    let mut sheet = Sheet { facts, options, own, of_template: Annotations::default(), checks: Vec::new() };
    objects::meta(item, &mut sheet);
    match item.kind {
        Kind::Ingress { stable } => objects::ingress(item, stable, &mut sheet),
        Kind::Service => objects::service(item, &mut sheet),
        Kind::NetworkPolicy => objects::network_policy(item, &mut sheet),
        Kind::Autoscaler => objects::autoscaler(item, &mut sheet),
        Kind::Budget => objects::budget(item, &mut sheet),
        Kind::CronJob => objects::cron_job(item, template.as_ref(), &mut sheet),
        Kind::Deployment { stable: true } => workloads::deployment(item, &mut sheet),
        Kind::StatefulSet { stable: true } => workloads::stateful_set(item, &mut sheet),
        _ => {}
    }
    if let Some(template) = &template {
        sheet.of_template = of_template;
        pods::all(item, template, &mut sheet);
    }
    let mut checks = sheet.checks;
    checks.sort_by_cached_key(|check| table::position(check.id));
    Scored {
        api_version: item.api_version.to_owned(),
        kind: item.kind_name.to_owned(),
        namespace: item.metadata.namespace.to_owned(),
        name: item.metadata.name.to_owned(),
        checks,
    }
}

/// Where the checks of an object write.
struct Sheet<'a, 'd> {
    facts: &'a Facts,
    options: &'a Options,
    own: Annotations<'d>,
    /// What the pod template says, for checks of pods.
    of_template: Annotations<'d>,
    checks: Vec<Check>,
}

/// What a check found.
#[derive(Default)]
struct Verdict {
    grade: Option<Grade>,
    skipped: bool,
    comments: Vec<Comment>,
}

impl Verdict {
    /// `bad` where there are comments, else all is well.
    fn of(bad: Grade, comments: Vec<Comment>) -> Self {
        let grade = if comments.is_empty() { Grade::AllOk } else { bad };
        Self { grade: Some(grade), skipped: false, comments }
    }

    fn ok() -> Self {
        Self::of(Grade::AllOk, Vec::new())
    }

    /// All is well, or one remark.
    fn unless(well: bool, bad: Grade, summary: &'static str) -> Self {
        if well { Self::ok() } else { Self::of(bad, vec![Comment::new("", summary)]) }
    }

    fn skipped(grade: Option<Grade>, summary: &'static str) -> Self {
        Self { grade, skipped: true, comments: vec![Comment::new("", summary)] }
    }
}

impl Comment {
    fn new(path: &str, summary: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.to_owned(), summary: summary.into() }
    }
}

impl Sheet<'_, '_> {
    /// Writes a verdict down, if the check runs.
    fn add(&mut self, id: &'static str, verdict: impl FnOnce(&Self) -> Verdict) {
        if self.options.ignored.contains(id) {
            return;
        }
        let mut verdict = verdict(self);
        if !self.counts(id) {
            verdict.skipped = true;
            verdict.comments = vec![Comment::new("", format!("Skipped because {id} is ignored"))];
        }
        let Verdict { grade, skipped, comments } = verdict;
        self.checks.push(Check { id, grade, skipped, comments });
    }

    /// Whether annotations, options and the check itself let it count (`scorecard/enabled.go`).
    fn counts(&self, id: &str) -> bool {
        for annotations in [&self.of_template, &self.own] {
            if self.options.ignore_annotations && names(annotations.ignore, id) {
                return false;
            }
            if self.options.enable_annotations && names(annotations.enable, id) {
                return true;
            }
        }
        self.options.enabled.contains(id) || !table::is_optional(id)
    }
}

/// Whether a list of ids names one, directly or by what another implies; in `kube-score/enable` too.
fn names(list: &str, id: &str) -> bool {
    list.split(',').map(go_trim).any(|named| {
        named == id
            || (named == "container-resources" && id == "container-ephemeral-storage-request-and-limit")
    })
}

/// Go's `strings.TrimSpace`.
fn go_trim(text: &str) -> &str {
    text.trim_matches(char::is_whitespace)
}
