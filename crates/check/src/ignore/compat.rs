//! What other tools are told to pass over, read as ignores: annotations of objects and templates, and trivy's comments.
//!
//! Sources: `zegl/kube-score:score/checks`, `stackrox/kube-linter:pkg/ignore`, `FairwindsOps/polaris:pkg/validator`,
//! `bridgecrewio/checkov:checkov/kubernetes`, `datreeio/datree`, `aquasecurity/trivy:pkg/iac/ignore`.

use memchr::memmem;
use seawall_finding::{Date, Rule};
use seawall_yaml::{LineIndex, NodeRef, Span};

use crate::rules::{self, Tool};

/// What every document has somewhere that tells another tool to pass over something.
const MARKS: [&[u8]; 7] = [
    b"kube-score/ignore",
    b"kube-linter.io/",
    b"polaris.fairwinds.com/",
    b"checkov.io/",
    b"bridgecrew.io/",
    b"datree.skip/",
    b"trivy:ignore:",
];

/// Whether a document tells another tool to pass over something.
pub(super) fn is_in(text: &[u8]) -> bool {
    MARKS.iter().any(|mark| memmem::find(text, mark).is_some())
}

/// What a tool is told to pass over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) rules: Vec<&'static Rule>,
    pub(super) reason: String,
    pub(super) until: Option<Date>,
    pub(super) span: Span,
    /// The ids that no rule here is known by.
    pub(super) unknown: Vec<Unknown>,
}

/// An id of a tool that no rule here is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) tool: Tool,
    pub(super) id: String,
}

/// The rules that a tool knows by this id, or all that it knows.
fn of(tool: Tool, id: Option<&str>) -> Vec<&'static Rule> {
    let known = |rule: &&Rule| match id {
        Some(id) => rules::called(Some(tool), id).contains(&rule.id),
        None => rules::known_as(rule).iter().any(|(of, _)| *of == tool),
    };
    rules::all().into_iter().filter(known).collect()
}

/// What the annotations of an object, or of a template, say.
pub(super) fn annotations(metadata: NodeRef<'_>) -> Vec<Foreign> {
    let mut found = Vec::new();
    for (key, value) in metadata.get("annotations").into_iter().flat_map(NodeRef::entries) {
        let (Some(key), Some(text)) = (key.key(), value.as_str()) else { continue };
        let Some((prefix, name)) = key.split_once('/') else { continue };
        let span = value.resolved().span();
        let mut add = |tool: Tool, ids: &[&str], given: &str| {
            let told = format!("{}: {}", &*key, text.trim());
            let reason = if given.trim().is_empty() { told } else { given.trim().to_owned() };
            let (mut rules, mut unknown) = (Vec::new(), Vec::new());
            for id in ids.iter().filter(|id| !id.is_empty()) {
                let called = of(tool, Some(id));
                if called.is_empty() {
                    unknown.push(Unknown { tool, id: (*id).to_owned() });
                }
                rules.extend(called);
            }
            if ids.is_empty() {
                rules = of(tool, None);
            }
            if !rules.is_empty() || !unknown.is_empty() {
                found.push(Foreign { rules, reason, until: None, span, unknown });
            }
        };
        match (prefix, name) {
            ("kube-score", "ignore") => {
                add(Tool::KubeScore, &text.split(',').map(str::trim).collect::<Vec<_>>(), "");
            }
            ("ignore-check.kube-linter.io", check) => add(Tool::KubeLinter, &[check], text),
            ("kube-linter.io", "ignore-all") => add(Tool::KubeLinter, &[], text),
            ("polaris.fairwinds.com", "exempt") if text == "true" => add(Tool::Polaris, &[], ""),
            ("polaris.fairwinds.com", name) if text == "true" => {
                if let Some(check) = name.strip_suffix("-exempt") {
                    add(Tool::Polaris, &[check], "");
                }
            }
            ("checkov.io" | "bridgecrew.io", name) if name.starts_with("skip") => {
                let (id, reason) = text.split_once('=').unwrap_or((text, ""));
                add(Tool::Checkov, &[id.trim()], reason);
            }
            ("datree.skip", id) => add(Tool::Datree, &[id], text),
            _ => {}
        }
    }
    found
}

/// What a comment tells trivy: `# trivy:ignore:KSV-0014`, several with blanks between, each with `:exp:2027-01-31` if it ends.
pub(super) fn comment(text: &str, span: Span) -> Vec<Foreign> {
    let words = text.trim_start_matches('#').split_whitespace();
    let told = words.filter_map(|word| word.strip_prefix("trivy:ignore:"));
    told.filter_map(|told| {
        let (id, rest) = told.split_once(':').unwrap_or((told, ""));
        // Parameters in brackets narrow an ignore to values that are not known here.
        let id = id.split('[').next().filter(|_| !told.contains('['))?;
        let until = rest.strip_prefix("exp:").and_then(|date| date.parse().ok());
        let rules = of(Tool::Trivy, Some(id));
        let reason = format!("trivy:ignore:{id}");
        let unknown = Unknown { tool: Tool::Trivy, id: id.to_owned() };
        let unknown = if rules.is_empty() { vec![unknown] } else { Vec::new() };
        Some(Foreign { rules, reason, until, span, unknown })
    })
    .collect()
}

/// The lines that a comment above, or on, a line speaks for: the block that begins there, and the whole document where that
/// is its first line.
pub(super) fn block(lines: &LineIndex<'_>, first: u32, document: Span) -> std::ops::RangeInclusive<u32> {
    let end = lines.position(document.end.saturating_sub(1).max(document.start)).line;
    let margin = |line: u32| {
        let text = lines.line(line);
        let content = text.trim_ascii_start();
        (!content.is_empty() && !content.starts_with(b"#")).then(|| text.len() - content.len())
    };
    let is_first = (lines.position(document.start).line..first).all(|line| {
        let text = lines.line(line).trim_ascii();
        text.is_empty() || text.starts_with(b"#") || text.starts_with(b"---")
    });
    if is_first {
        return first..=end;
    }
    let own = margin(first).unwrap_or_default();
    let next = (first + 1..=end).find(|line| margin(*line).is_some_and(|margin| margin <= own));
    first..=next.map_or(end, |next| next - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(rules: &[&'static Rule]) -> Vec<&'static str> {
        rules.iter().map(|rule| rule.id).collect()
    }

    #[test]
    fn comments_of_trivy_may_end() {
        let span = Span::new(0, 0);
        let told = comment("# trivy:ignore:KSV-0017 trivy:ignore:AVD-KSV-0010:exp:2027-01-31", span);
        let told: Vec<_> =
            told.iter().map(|f| (ids(&f.rules), f.until.map(|date| date.to_string()))).collect();
        assert_eq!(
            told,
            [(vec!["privileged-container"], None), (vec!["host-pid"], Some("2027-01-31".to_owned()))]
        );
        let unknown = comment("# trivy:ignore:KSV-9999 trivy:ignore:KSV-0017[x=1] trivy", span);
        assert!(unknown.len() == 1 && unknown[0].rules.is_empty(), "{unknown:?}");
        assert_eq!(unknown[0].unknown, [Unknown { tool: Tool::Trivy, id: "KSV-9999".to_owned() }]);
    }

    #[test]
    fn a_comment_speaks_for_the_block_that_begins_there() {
        let text =
            b"---\n# c\nkind: Pod\nspec:\n  # c\n  containers:\n  - name: a\n    image: b\n  volumes: []\n";
        let lines = LineIndex::new(text);
        let document = Span::new(4, text.len() as u32);
        assert_eq!(block(&lines, 3, document), 3..=9);
        assert_eq!(block(&lines, 6, document), 6..=6);
        assert_eq!(block(&lines, 7, document), 7..=8);
    }
}
