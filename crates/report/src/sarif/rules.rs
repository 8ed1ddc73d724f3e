//! The tool as a SARIF run describes it: its rules with their documentation, and its notifications.

use std::sync::LazyLock;

use seawall_check::{NoticeKind, rules};
use seawall_finding::{Rule, Severity};

use super::severities::Severities;
use crate::judged::REFUSED;
use crate::writer::Writer;

/// Where the documentation of a rule stands.
const HELP: &str = "https://seawall.dev/rules/";

/// All rules in the order of the table.
static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut all = rules::all();
    all.push(&REFUSED);
    all
});

/// What a notification is called that tells of an input which could not be read.
pub(super) const INPUT_ERROR: &str = "input-error";
/// Of what was left out.
pub(super) const LEFT_OUT: &str = "left-out";

/// All notifications: ids, and what they tell.
const NOTIFICATIONS: [(&str, &str); 17] = [
    (INPUT_ERROR, "an input, or a part of one, that could not be read"),
    (LEFT_OUT, "results or notifications that had no room"),
    (NoticeKind::Template.as_str(), "an unrendered Helm template that was not judged"),
    (NoticeKind::NotKubernetes.as_str(), "a document that is not a Kubernetes object"),
    (NoticeKind::Kustomization.as_str(), "a kustomization whose files were judged as written"),
    (NoticeKind::UnknownWorkload.as_str(), "an object that may be a workload and was not judged"),
    (NoticeKind::NamespaceConflict.as_str(), "several Namespace objects of one name"),
    (NoticeKind::NamespaceLabels.as_str(), "labels of a namespace that say something else than they seem to"),
    (NoticeKind::Ignored.as_str(), "text that kubectl reads in another way than its author may think"),
    (NoticeKind::Skipped.as_str(), "something in a directory that was left out"),
    (NoticeKind::VersionClamped.as_str(), "a version newer than the target cluster's"),
    (NoticeKind::IgnoreUnused.as_str(), "an ignore that passes over nothing"),
    (NoticeKind::Expiring.as_str(), "an ignore or exception in use that ends soon"),
    (NoticeKind::ExceptionNotAllowed.as_str(), "an exception that no policy allows"),
    (NoticeKind::ExceptionUnused.as_str(), "an exception that lets nothing pass"),
    (
        NoticeKind::ExceptionUnknown.as_str(),
        "an object of seawall's own group that is not known and does not count",
    ),
    (NoticeKind::NotEvaluated.as_str(), "something that could not be looked at with this input"),
];

/// The position of a rule in the table.
pub(super) fn index(rule: &Rule) -> Option<usize> {
    RULES.iter().position(|known| known.id == rule.id)
}

/// The position of a notification in the table.
pub(super) fn notification_index(id: &str) -> Option<usize> {
    NOTIFICATIONS.iter().position(|(known, _)| *known == id)
}

/// Writes the tool. The table holds every rule, met or not: what is not in the results was looked at and found well.
pub(super) fn tool(w: &mut Writer<'_>, severities: &Severities) {
    w.object("tool", |w| {
        w.object("driver", |w| {
            w.string("name", "seawall");
            w.string("semanticVersion", env!("CARGO_PKG_VERSION"));
            w.string("informationUri", "https://seawall.dev");
            w.lines("rules", RULES.iter(), |w, rule| write(w, rule, severities.of(rule)));
            w.objects("notifications", NOTIFICATIONS, |w, (id, text)| {
                w.string("id", id);
                name(w, id);
                for member in ["shortDescription", "fullDescription", "help"] {
                    w.object(member, |w| w.string("text", text));
                }
            });
        });
    });
}

fn write(w: &mut Writer<'_>, rule: &Rule, severity: Severity) {
    w.string("id", rule.id);
    name(w, rule.id);
    w.object("shortDescription", |w| w.string("text", &capitalised(rule.title)));
    w.object("fullDescription", |w| w.string("text", &section(rule, "## What it does")));
    let fix = section(rule, "## How to fix");
    // A refusal without findings is no rule with a page of its own.
    let page = rule.id != REFUSED.id;
    w.object("help", |w| {
        let more = if page { format!("\n\nseawall explain {}", rule.id) } else { String::new() };
        w.string("text", &(fix + &more));
        w.string("markdown", &markdown(rule));
    });
    if page {
        w.string("helpUri", &format!("{HELP}{}", rule.id));
    }
    w.object("defaultConfiguration", |w| w.string("level", level(severity)));
    w.object("properties", |w| {
        let level = rule.level.map(|level| format!("pod-security-{level}"));
        w.strings("tags", ["security", "kubernetes"].into_iter().chain(level.as_deref()));
        w.string("precision", "very-high");
        w.string("security-severity", score(severity));
    });
}

/// A title as viewers show it: with a capital letter.
fn capitalised(title: &str) -> String {
    let mut chars = title.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

/// An id as viewers want names: `host-pid` as `HostPid`. An id of one word is name enough.
fn name(w: &mut Writer<'_>, id: &str) {
    if id.contains('-') {
        w.string("name", &id.split('-').map(capitalised).collect::<String>());
    }
}

/// The level of a rule where a result says nothing else.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info | Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical => "error",
    }
}

/// The middle of GitHub's range for each severity: critical above 9.0, high from 7.0, medium from 4.0, low above 0.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "0.5",
        Severity::Low => "2.0",
        Severity::Medium => "5.5",
        Severity::High => "8.0",
        Severity::Critical => "9.5",
    }
}

/// The paragraphs of a section of a rule's documentation, each on one line.
fn section(rule: &Rule, head: &str) -> String {
    let lines = rule.doc.iter().map(|line| line.trim());
    let body = lines.skip_while(|line| *line != head).skip(1).take_while(|line| !line.starts_with('#'));
    let mut out = String::new();
    let mut gap = "";
    for line in body {
        if line.is_empty() {
            gap = if out.is_empty() { "" } else { "\n\n" };
        } else {
            out.push_str(gap);
            out.push_str(line);
            gap = " ";
        }
    }
    out
}

fn markdown(rule: &Rule) -> String {
    let lines: Vec<&str> = rule.doc.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n")
}

/// Writes a reference to a notification.
pub(super) fn descriptor(w: &mut Writer<'_>, id: &str) {
    w.object("descriptor", |w| {
        w.string("id", id);
        if let Some(index) = notification_index(id) {
            w.number("index", index as u64);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_the_sections_that_are_shown() {
        for rule in RULES.iter() {
            assert!(!section(rule, "## What it does").is_empty(), "{}", rule.id);
            assert!(!section(rule, "## How to fix").is_empty(), "{}", rule.id);
        }
    }

    #[test]
    fn every_kind_of_notice_is_described() {
        for kind in [
            NoticeKind::Template,
            NoticeKind::NotKubernetes,
            NoticeKind::Kustomization,
            NoticeKind::UnknownWorkload,
            NoticeKind::NamespaceConflict,
            NoticeKind::NamespaceLabels,
            NoticeKind::Ignored,
            NoticeKind::Skipped,
            NoticeKind::VersionClamped,
            NoticeKind::IgnoreUnused,
            NoticeKind::Expiring,
            NoticeKind::ExceptionNotAllowed,
            NoticeKind::ExceptionUnused,
            NoticeKind::ExceptionUnknown,
            NoticeKind::NotEvaluated,
        ] {
            assert!(notification_index(kind.as_str()).is_some(), "{kind:?}");
        }
    }
}
