//! Findings beyond the standard that are not grave: a line each, so that what keeps a workload from its level stands out. And
//! what is told first.

use std::cmp::Reverse;

use seawall_finding::Severity;

use super::paint::{Role, paint};
use super::{count, flow};
use crate::group::{Group, MOST};
use crate::{Style, visible};

/// Whether a group is about checks beyond the standard.
pub(super) fn is_beyond(group: &Group<'_>) -> bool {
    group.members.iter().all(|m| m.is_beyond() && !m.refuses)
}

/// Whether a group is told in a line.
pub(super) fn is_brief(group: &Group<'_>) -> bool {
    group.members.iter().all(|m| m.is_brief())
}

/// Puts first what is to be looked at first: what the standard forbids by how loud it is, then the others by severity, what is
/// [host-level](seawall_finding::Rule::host_level) in front of the rest each time.
pub(super) fn rank(groups: &mut [Group<'_>]) {
    groups.sort_by_cached_key(|group| {
        let beyond = is_beyond(group);
        let word = (!beyond).then_some(group.word);
        let gravest = beyond.then(|| severity(group));
        let host_level = group.members.iter().any(|m| m.finding.rule.host_level);
        (beyond, Reverse(word), Reverse(host_level), Reverse(gravest))
    });
}

/// `  medium[memory-limit]: message (line 9)`, in their order; what is `live` has fields and no lines.
pub(super) fn write(groups: &[Group<'_>], live: bool, style: Style, out: &mut String) {
    let groups: Vec<&Group<'_>> = groups.iter().filter(|group| is_brief(group)).collect();
    for group in &groups {
        let tag = format!("{}[{}]", severity(group), group.rule());
        out.push_str("  ");
        paint(out, style.colour, Role::from(group.word), &tag);
        let mut lines: Vec<u32> = group.members.iter().map(|m| m.primary.region.line).collect();
        lines.dedup();
        let place = match lines[..] {
            _ if live => {
                group.members.first().map(|m| m.finding.primary.path.to_string()).unwrap_or_default()
            }
            [line] => format!("line {line}"),
            _ if lines.len() <= MOST => {
                let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
                format!("lines {}", lines.join(", "))
            }
            _ => format!("{} from line {} on", count(lines.len() as u64, "place"), lines[0]),
        };
        out.push_str(": ");
        let place = visible::text(&place);
        let text = format!("{} ({place})", visible::message(&group.message()));
        flow(&text, tag.len() + 4, 6, style.width, out);
    }
    if !groups.is_empty() {
        out.push('\n');
    }
}

/// The gravest of a group.
pub(super) fn severity(group: &Group<'_>) -> Severity {
    group.members.iter().map(|m| m.finding.severity).max().unwrap_or(Severity::Info)
}
