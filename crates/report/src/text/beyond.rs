//! Findings beyond the levels that are not grave: a line each, so that what keeps a workload from its level stands out. And
//! what is told first.

use std::cmp::Reverse;
use std::fmt::Write as _;

use seawall_finding::Severity;

use super::paint::{Role, paint};
use super::{count, flow};
use crate::group::{Group, MOST};
use crate::{Style, visible};

/// Whether a group is told in a line.
pub(super) fn is_brief(group: &Group<'_>) -> bool {
    group.members.iter().all(|m| m.is_brief())
}

/// Puts first what is to be looked at first: what a level forbids by how loud it is, then the others by severity, what is
/// [host-level](seawall_finding::Rule::host_level) in front of the rest each time.
pub(super) fn rank(groups: &mut [Group<'_>]) {
    groups.sort_by_cached_key(|group| {
        let beyond = group.is_beyond();
        let word = (!beyond).then_some(group.word);
        let gravest = beyond.then(|| severity(group));
        let host_level = group.members.iter().any(|m| m.finding.rule.host_level);
        (beyond, Reverse(word), Reverse(host_level), Reverse(gravest))
    });
}

/// `  medium[memory-limit]: message (line 9)`, in their order; what is `live` has fields and no lines.
pub(super) fn write(groups: &[Group<'_>], live: bool, style: Style, out: &mut String) {
    let (mut tag, mut text, mut any) = (String::new(), String::new(), false);
    for group in groups.iter().filter(|group| is_brief(group)) {
        any = true;
        tag.clear();
        for part in [severity(group).as_str(), "[", group.rule(), "]"] {
            tag.push_str(part);
        }
        out.push_str("  ");
        paint(out, style.colour, Role::from(group.word), &tag);
        out.push_str(": ");
        text.clear();
        text.push_str(&visible::message(&group.message()));
        text.push_str(" (");
        place(group, live, &mut text);
        text.push(')');
        flow(&text, tag.len() + 4, 6, style.width, out);
    }
    if any {
        out.push('\n');
    }
}

/// Adds where a group is: `line 9`, `lines 9, 12`, `7 places from line 9 on`; the field of what has no lines.
fn place(group: &Group<'_>, live: bool, out: &mut String) {
    if live {
        let path = group.members.first().map(|m| visible::path(m)).unwrap_or_default();
        out.push_str(&visible::text(&path));
        return;
    }
    let mut lines = group.members.iter().map(|m| m.primary.region.line);
    let first = lines.next().unwrap_or_default();
    if lines.all(|line| line == first) {
        let _ = write!(out, "line {first}");
        return;
    }
    let mut lines: Vec<u32> = group.members.iter().map(|m| m.primary.region.line).collect();
    lines.dedup();
    if lines.len() > MOST {
        let others = if group.cut.is_some() { " and others" } else { "" };
        let _ = write!(out, "{}{others} from line {first} on", count(lines.len() as u64, "place"));
        return;
    }
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let _ = write!(out, "lines {}", lines.join(", "));
    if group.cut.is_some() {
        out.push_str(" and others");
    }
}

/// The gravest of a group.
pub(super) fn severity(group: &Group<'_>) -> Severity {
    group.members.iter().map(|m| m.finding.severity).max().unwrap_or(Severity::Info)
}
