//! Findings beyond the standard that are not grave: a line each, so that what keeps a workload from its level stands out.

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

/// `  medium[memory-limit] line 9: message`, the gravest first.
pub(super) fn write(groups: &[Group<'_>], style: Style, out: &mut String) {
    let mut groups: Vec<&Group<'_>> = groups.iter().filter(|group| is_brief(group)).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(severity(group)));
    for group in &groups {
        let tag = format!("{}[{}]", severity(group), group.rule());
        out.push_str("  ");
        paint(out, style.colour, Role::from(group.word), &tag);
        let mut lines: Vec<u32> = group.members.iter().map(|m| m.primary.region.line).collect();
        lines.dedup();
        let place = match lines[..] {
            [line] => format!("line {line}"),
            _ if lines.len() <= MOST => {
                let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
                format!("lines {}", lines.join(", "))
            }
            _ => format!("{} from line {} on", count(lines.len() as u64, "place"), lines[0]),
        };
        out.push_str(": ");
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
