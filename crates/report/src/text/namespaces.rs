//! A cluster by namespace: a table of the users', and one of those that are the cluster's own.

use std::fmt::Write as _;

use seawall_check::{LevelVersion, Mode, NamespaceSummary};
use seawall_model::{Level, PolicyVersion};

use super::grouped;
use super::paint::{Role, paint};
use crate::{Style, visible};

/// Rows of a table; the others are counted.
const ROWS: usize = 40;

/// The columns of a name, at most.
const NAME: usize = 32;

/// Blockers that are named of a namespace.
const BLOCKERS: usize = 3;

/// Adds both tables.
pub(super) fn write(all: &[NamespaceSummary], style: Style, out: &mut String) {
    let named = || all.iter().filter(|namespace| !namespace.name.is_empty());
    let own: Vec<&NamespaceSummary> = named().filter(|namespace| namespace.system.is_none()).collect();
    let system: Vec<&NamespaceSummary> = named().filter(|namespace| namespace.system.is_some()).collect();
    table("namespace", &own, style, out);
    table("system namespace", &system, style, out);
}

/// What labels ask for, in few words.
fn labels(namespace: &NamespaceSummary) -> String {
    let Some(labels) = namespace.labels else { return "not seen".to_owned() };
    let [enforce, audit, warn] = labels;
    let said = |at: LevelVersion| at.to_string().trim_end_matches(":latest").to_owned();
    let asks = |mode: Mode, at: LevelVersion| namespace.named[mode as usize] || at.level != Level::Privileged;
    let mut parts = Vec::new();
    let enforces = asks(Mode::Enforce, enforce);
    if enforces {
        parts.push(said(enforce));
    } else if enforce.version != PolicyVersion::Latest {
        parts.push(format!("enforce-version {}", enforce.version));
    }
    for (mode, at) in [(Mode::Audit, audit), (Mode::Warn, warn)] {
        if asks(mode, at) && !(enforces && at == enforce) {
            parts.push(format!("{} {}", mode.as_str(), said(at)));
        }
    }
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// What stands in the way of the next level, and who else sets the labels.
fn in_the_way(namespace: &NamespaceSummary) -> String {
    let mut parts: Vec<String> = namespace
        .blockers
        .iter()
        .take(BLOCKERS)
        .map(|(name, workloads)| format!("{name} {}", grouped(*workloads)))
        .collect();
    if let Some(more) = namespace.blockers.len().checked_sub(BLOCKERS).filter(|more| *more > 0) {
        parts.push(format!("{more} more"));
    }
    let mut text = parts.join(", ");
    let owner = namespace.system.map(|owner| format!("of {owner}"));
    let managed = namespace.managed_by.map(|who| format!("labels set by {who}"));
    for more in [owner, managed, sccs(namespace)].into_iter().flatten() {
        let _ = write!(text, "{}({more})", if text.is_empty() { "" } else { " " });
    }
    text
}

/// By which of `OpenShift`'s constraints its pods were let in.
fn sccs(namespace: &NamespaceSummary) -> Option<String> {
    let mut parts: Vec<String> = namespace
        .sccs
        .iter()
        .take(BLOCKERS)
        .map(|(name, pods)| format!("{} {}", visible::text(name), grouped(*pods)))
        .collect();
    if let Some(more) = namespace.sccs.len().checked_sub(BLOCKERS).filter(|more| *more > 0) {
        parts.push(format!("{more} more"));
    }
    (!parts.is_empty()).then(|| format!("SCC {}", parts.join(", ")))
}

/// Its name, behind that of the scope of its cluster if it has one.
pub(crate) fn name(namespace: &NamespaceSummary) -> String {
    let NamespaceSummary { scope, name, .. } = namespace;
    if scope.is_empty() { name.clone() } else { format!("{scope}: {name}") }
}

/// Labels, the level that would pass, and what is in the way, for another table.
pub(crate) fn of_namespace(namespace: &NamespaceSummary) -> (String, String, String) {
    (labels(namespace), passes(namespace), in_the_way(namespace))
}

/// The strictest level that all its workloads pass. Where not all were looked at it can only be less strict than what they pass.
fn passes(namespace: &NamespaceSummary) -> String {
    match namespace.strictest {
        Some(level) if namespace.complete || level == Level::Privileged => level.to_string(),
        Some(level) => format!("at most {level}"),
        None if namespace.workloads == 0 => "not known".to_owned(),
        None => "refused".to_owned(),
    }
}

fn table(head: &str, rows: &[&NamespaceSummary], style: Style, out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let lines: Vec<[String; 5]> = rows
        .iter()
        .take(ROWS)
        .map(|n| {
            let name = visible::text(&name(n)).into_owned();
            [name, labels(n), passes(n), grouped(n.workloads), in_the_way(n)]
        })
        .collect();
    let heads = [head, "labels", "would pass", "workloads", "in the way"];
    let width = |column: usize| {
        let cells = lines.iter().map(|line| visible::text_width(&line[column]));
        cells.chain([heads[column].len()]).max().unwrap_or_default()
    };
    let widths = [width(0).min(NAME), width(1), width(2), width(3)];
    out.push('\n');
    let mut text = String::new();
    row(&heads.map(str::to_owned), &widths, &mut text);
    paint(out, style.colour, Role::Strong, text.trim_end());
    out.push('\n');
    for line in &lines {
        let mut text = String::new();
        row(line, &widths, &mut text);
        out.push_str(text.trim_end());
        out.push('\n');
    }
    if let Some(more) = rows.len().checked_sub(ROWS).filter(|more| *more > 0) {
        let _ = writeln!(out, "and {} more: --format json names them all", grouped(more as u64));
    }
}

fn row(cells: &[String; 5], widths: &[usize; 4], out: &mut String) {
    let (last, cells) = cells.split_last().map_or(("", &cells[..0]), |(last, cells)| (last.as_str(), cells));
    for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let gap = width.saturating_sub(visible::text_width(cell));
        // Numbers stand to the right.
        if i == 3 {
            out.extend(std::iter::repeat_n(' ', gap));
            out.push_str(cell);
        } else {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(' ', gap));
        }
        out.push_str("  ");
    }
    out.push_str(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(name: &str, labels: Option<[&str; 3]>) -> NamespaceSummary {
        let at = |text: &str| text.parse::<LevelVersion>().unwrap();
        NamespaceSummary {
            name: name.to_owned(),
            system: None,
            managed_by: None,
            labels: labels.map(|labels| labels.map(at)),
            named: [false; 3],
            strictest: Some(Level::Baseline),
            complete: true,
            workloads: 1204,
            blockers: vec![("four basics", 3), ("volume types", 1)],
            scope: String::new(),
            sccs: Vec::new(),
        }
    }

    #[test]
    fn a_row_says_labels_level_and_what_is_in_the_way() {
        let style = Style::PLAIN;
        let none = ["privileged"; 3];
        let mut refused = namespace("a\u{1b}b", None);
        (refused.strictest, refused.managed_by) = (None, Some("HNC"));
        let mut unseen = namespace("z", Some(none));
        (unseen.strictest, unseen.workloads, unseen.blockers) = (None, 0, Vec::new());
        let mut system = namespace("kube-system", Some(none));
        (system.system, system.blockers) = (Some("Kubernetes"), Vec::new());
        let mut some = namespace("web", Some(none));
        (some.scope, some.complete) = ("prod".to_owned(), false);
        some.sccs = ["anyuid", "b", "c", "d"].into_iter().map(|n| (n.to_owned(), 2)).collect();
        let mut open = namespace("y", Some(none));
        (open.strictest, open.complete, open.blockers) = (Some(Level::Privileged), false, Vec::new());
        let all = [
            refused,
            namespace("shop", Some(["baseline:v1.30", "privileged", "restricted"])),
            namespace("web", Some(none)),
            some,
            open,
            system,
            unseen,
            namespace("", Some(none)),
        ];
        let mut out = String::new();
        write(&all, style, &mut out);
        assert_eq!(
            out,
            "
namespace  labels                           would pass        workloads  in the way
a\\u{1b}b   not seen                         refused               1,204  four basics 3, volume types 1 (labels set by HNC)
shop       baseline:v1.30, warn restricted  baseline              1,204  four basics 3, volume types 1
web        none                             baseline              1,204  four basics 3, volume types 1
prod: web  none                             at most baseline      1,204  four basics 3, volume types 1 (SCC anyuid 2, b 2, c 2, 1 more)
y          none                             privileged            1,204
z          none                             not known                 0

system namespace  labels  would pass  workloads  in the way
kube-system       none    baseline        1,204  (of Kubernetes)
"
        );
        let many: Vec<NamespaceSummary> = (0..43).map(|i| namespace(&format!("n{i}"), Some(none))).collect();
        let mut out = String::new();
        write(&many, style, &mut out);
        assert!(out.ends_with("and 3 more: --format json names them all\n"), "{out}");
    }
}
