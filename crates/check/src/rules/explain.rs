//! Rules as pages for people.

use std::fmt::Write as _;

use seawall_finding::{Doc, Rule};

use super::{all, find, known_as};

/// The pages that a rule's id, an alias or a topic stands for; none if nothing is called so.
pub fn explain(id: &str) -> Vec<String> {
    let topics = seawall_pss::TOPICS.iter().filter(|topic| topic.is_called(id));
    let pages: Vec<String> = topics.map(|t| page(t.id, t.title, &[], t.doc)).collect();
    if !pages.is_empty() {
        return pages;
    }
    find(id).into_iter().map(rule_page).collect()
}

fn rule_page(rule: &Rule) -> String {
    let mut facts = vec![format!("severity: {}", rule.severity)];
    if let Some(level) = rule.level {
        facts.push(format!("forbidden from level: {level}"));
    }
    if !rule.aliases.is_empty() {
        facts.push(format!("also called: {}", rule.aliases.join(", ")));
    }
    if rule.off {
        facts.push("off by default".to_owned());
    }
    if !rule.tags.is_empty() {
        facts.push(format!("tags: {}", rule.tags.join(", ")));
    }
    for (tool, ids) in known_as(rule) {
        facts.push(format!("{}: {}", tool.as_str(), ids.join(", ")));
    }
    page(rule.id, rule.title, &facts, rule.doc)
}

fn page(id: &str, title: &str, facts: &[String], doc: Doc) -> String {
    let mut out = format!("# {id}: {title}\n\n");
    for fact in facts {
        let _ = writeln!(out, "{fact}");
    }
    if !facts.is_empty() {
        out.push('\n');
    }
    for line in doc {
        out.push_str(line.strip_prefix(' ').unwrap_or(line));
        out.push('\n');
    }
    out
}

/// What can be explained and is written most like `id`, if something is close: an id, an alias or a topic.
pub fn nearest(id: &str) -> Option<&'static str> {
    let topics = seawall_pss::TOPICS.iter().map(|t| t.id);
    closest(id, rule_names().chain(topics))
}

/// As [`nearest`], of what names rules.
pub(super) fn nearest_rule(id: &str) -> Option<&'static str> {
    let groups = seawall_pss::TOPICS.iter().filter(|t| !t.rules.is_empty()).map(|t| t.id);
    closest(id, rule_names().chain(groups))
}

fn rule_names() -> impl Iterator<Item = &'static str> {
    all().into_iter().flat_map(|r| std::iter::once(r.id).chain(r.aliases.iter().copied()))
}

fn closest(id: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let id = id.to_ascii_lowercase();
    names
        .map(|name| (distance(&id, &name.to_ascii_lowercase()), name))
        .min()
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 4))
        .map(|(_, name)| name)
}

/// The number of insertions, deletions and replacements between two words.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_aliases_and_topics_have_pages() {
        assert!(explain("schema-invalid")[0].starts_with("# schema-invalid: "));
        assert!(explain("hostNamespaces").len() == 3, "one check of the reference, three rules");
        assert!(explain("read-only-root-filesystem")[0].contains("restricted"));
        assert!(explain("no-such-rule").is_empty());
    }

    #[test]
    fn a_near_miss_is_named() {
        assert_eq!(nearest("schema-invald"), Some("schema-invalid"));
        assert_eq!(nearest("xxxxxxxxxxxxxxxx"), None);
    }
}
