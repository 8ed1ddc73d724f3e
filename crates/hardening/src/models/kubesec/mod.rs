//! The score of kubesec: points for each rule that a document keeps or breaks (controlplaneio/kubesec `pkg/ruler`, `pkg/rules`).
//!
//! A rule counts once for a document, however many containers keep or break it; nearly all rules look at four kinds only; and
//! some compare printed lists by substrings. All of that is reproduced. kubesec does not look into lists: neither does
//! [`score`], and a caller that does gives it the items. Values of a type that Kubernetes does not know count as unset where
//! kubesec, without its validation, would panic.

mod annotations;
mod predicates;
mod query;
mod rules;
#[cfg(test)]
mod tests;

use seawall_yaml::NodeRef;

use query::{Subject, printed};
pub use rules::{RULES, Rule};

/// Which rules: kubesec has changed them since its latest release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Edition {
    /// v2.14.2, the latest release: 26 rules. Profiles of seccomp and AppArmor are read from annotations; ephemeral containers
    /// are not looked at.
    #[default]
    Released,
    /// The development branch as of 2026-06-09 (commit a59caad): 30 rules. Profiles are read from fields, ephemeral containers
    /// count as the others do, and Secrets in environment variables, user namespaces and bindings to anonymous users count.
    Development,
}

/// What a rule says of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The rule's id: `RunAsNonRoot`.
    pub id: &'static str,
    /// What it looks at, in kubesec's notation.
    pub selector: &'static str,
    /// Why it matters, in words of our own.
    pub reason: &'static str,
    /// The points it gives or takes.
    pub points: i32,
}

/// A document's score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// `Kind/name.namespace`; `undefined` and `default` where nothing is written, `Unknown` without a kind.
    pub object: String,
    /// The score in a sentence: `Passed with a score of 3 points`.
    pub message: String,
    /// The sum of all points.
    pub score: i32,
    /// Broken rules that take points, the gravest first.
    pub critical: Vec<Entry>,
    /// Kept rules that give points, the most valuable first.
    pub passed: Vec<Entry>,
    /// Rules that would give points, the most valuable first.
    pub advise: Vec<Entry>,
}

impl Report {
    /// Whether kubesec's command fails for this document: its score is not above zero.
    pub fn fails(&self) -> bool {
        self.score <= 0
    }
}

/// The score of a document, given by its root.
pub fn score(root: NodeRef<'_>, edition: Edition) -> Report {
    let subject = Subject::new(root, edition);
    let mut report = Report { object: object(&subject), ..Report::default() };
    let mut applied = false;
    for rule in RULES {
        let Some(form) = rule.form(edition) else { continue };
        // Without any kind every rule applies and none is kept.
        let kept = match subject.kind {
            None => false,
            Some(kind) if kind.as_str().is_some_and(|kind| rule.kinds.contains(&kind)) => {
                (form.predicate)(&subject)
            }
            Some(_) => continue,
        };
        applied = true;
        let entry = Entry { id: rule.id, selector: form.selector, reason: rule.reason, points: rule.points };
        match (kept, rule.points < 0) {
            (true, true) => report.critical.push(entry),
            (true, false) => report.passed.push(entry),
            (false, true) => continue,
            (false, false) => report.advise.push(entry),
        }
        if kept {
            report.score += rule.points;
        }
    }
    for list in [&mut report.critical, &mut report.passed, &mut report.advise] {
        list.sort_by_key(|entry| (std::cmp::Reverse(entry.points.abs()), entry.selector));
    }
    report.message = match report.score {
        _ if !applied => "This resource kind is not supported by kubesec".to_owned(),
        score @ 0.. => format!("Passed with a score of {score} points"),
        score => format!("Failed with a score of {score} points"),
    };
    report
}

fn object(subject: &Subject<'_>) -> String {
    let Some(kind) = subject.kind.filter(|kind| !kind.is_null()) else { return "Unknown".to_owned() };
    let part = |key: &str| subject.value(&["metadata", key]).map(printed);
    let name = part("name").unwrap_or_else(|| "undefined".to_owned());
    let namespace = part("namespace").unwrap_or_else(|| "default".to_owned());
    format!("{}/{name}.{namespace}", printed(kind))
}
