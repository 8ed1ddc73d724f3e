//! A page for every rule, from its doc comment, and an index.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_check::rules::{self, Tool};
use seawall_finding::Rule;

use super::MADE;

/// The pages by file name.
pub(super) fn pages() -> Vec<(String, String)> {
    let rules = rules::all();
    let mut pages = vec![("README.md".to_owned(), index(&rules))];
    pages.push(("other-tools.md".to_owned(), other_tools(&rules)));
    pages.extend(rules.iter().map(|rule| (format!("{}.md", rule.id), page(rule))));
    pages
}

/// The summary with one line for each rule below the line of the index.
pub(super) fn in_summary(old: &str) -> String {
    let mut out = String::new();
    for line in old.lines().filter(|line| !line.starts_with("  - ") || !line.contains("](rules/")) {
        out.extend([line, "\n"]);
        if line.contains("](rules/README.md)") {
            out.push_str("  - [Names of other tools](rules/other-tools.md)\n");
            for rule in rules::all() {
                let _ = writeln!(out, "  - [{id}](rules/{id}.md)", id = rule.id);
            }
        }
    }
    out
}

fn index(rules: &[&Rule]) -> String {
    let mut out = format!(
        "{MADE}# Rules\n\n\
         The rules of the Pod Security Standards, and what seawall finds besides. `Level` is the least strict level that forbids\n\
         it; `-` stands for what no level speaks of. A rule is called by its id or by another of its names, wherever rules are\n\
         named: `seawall explain`, comments, annotations, configuration, exceptions. `restricted` stands for the four basics that a\n\
         scan shows under that name. `seawall checks` prints this list.\n\n\
         | rule | what it finds: something that | level | severity | by default | other names |\n|---|---|---|---|---|---|\n"
    );
    for rule in rules {
        let level = rule.level.map_or_else(|| "-".to_owned(), |level| level.to_string());
        let _ = writeln!(
            out,
            "| [{id}]({id}.md) | {} | {level} | {} | {} | {} |",
            rule.title,
            rule.severity,
            if rule.off { "off" } else { "on" },
            names(rule),
            id = rule.id
        );
    }
    out
}

/// From the ids of other tools to rules.
fn other_tools(rules: &[&Rule]) -> String {
    let mut out = format!(
        "{MADE}# Names of other tools\n\n\
         What other tools and guides call the things that seawall's rules find. Their ids are taken wherever rules are named:\n\
         `seawall explain CKV_K8S_16`. What a rule checks may be more, or less, than the tool does: its page says what it does.\n"
    );
    for tool in Tool::ALL {
        let mut ids: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for rule in rules {
            let own = rules::known_as(rule).iter().filter(|(of, _)| *of == tool).flat_map(|(_, ids)| *ids);
            own.for_each(|id| ids.entry(id).or_default().push(rule.id));
        }
        let _ = write!(out, "\n## {}\n\n| there | rules |\n|---|---|\n", tool.as_str());
        for (id, rules) in ids {
            let links: Vec<String> = rules.iter().map(|rule| format!("[{rule}]({rule}.md)")).collect();
            let _ = writeln!(out, "| `{id}` | {} |", links.join(", "));
        }
    }
    out
}

fn names(rule: &Rule) -> String {
    rule.aliases.iter().map(|alias| format!("`{alias}`")).collect::<Vec<_>>().join(", ")
}

fn page(rule: &Rule) -> String {
    let mut out = format!("{MADE}# {}\n\nFinds what {}.\n\n", rule.id, rule.title);
    let _ = writeln!(out, "- Severity: {}", rule.severity);
    if let Some(level) = rule.level {
        let _ = writeln!(out, "- Forbidden from level: {level}");
    }
    if !rule.aliases.is_empty() {
        let _ = writeln!(out, "- Other names: {}", names(rule));
    }
    if rule.off {
        out.push_str("- Off by default\n");
    }
    if !rule.tags.is_empty() {
        let _ = writeln!(out, "- Tags: {}", rule.tags.join(", "));
    }
    for (tool, ids) in rules::known_as(rule) {
        let ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(out, "- {}: {}", tool.as_str(), ids.join(", "));
    }
    out.push('\n');
    // What an example is an example of: tests judge the bad ones and the good ones.
    let mut kind = "fragment";
    let mut fenced = false;
    for line in rule.doc {
        let line = line.strip_prefix(' ').unwrap_or(line);
        match line {
            "Bad:" => kind = "bad",
            "Good:" => kind = "good",
            _ if line.starts_with("## ") => kind = "fragment",
            _ => {}
        }
        let opens = line.starts_with("```") && !fenced;
        fenced ^= line.starts_with("```");
        out.push_str(line);
        if opens && line == "```yaml" {
            out.extend([",", kind]);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_below_their_index() {
        let old = "# Summary\n\n- [Start](start.md)\n- [Rules](rules/README.md)\n  - [old](rules/old.md)\n- [End](end.md)\n  - [kept](kept.md)\n";
        let new = in_summary(old);
        assert!(
            new.contains("- [Rules](rules/README.md)\n  - [Names of other tools](rules/other-tools.md)\n  - [added-capability](rules/added-capability.md)\n"),
            "{new}"
        );
        assert!(!new.contains("old.md") && new.ends_with("- [End](end.md)\n  - [kept](kept.md)\n"), "{new}");
        assert_eq!(in_summary(&new), new);
    }

    #[test]
    fn examples_say_what_they_are() {
        let pages = pages();
        let text = |name: &str| &pages.iter().find(|(n, _)| n == name).expect("a page").1;
        assert!(text("host-port.md").contains("Bad:\n\n```yaml,bad\nspec:"));
        assert!(text("host-port.md").contains("Good:\n\n```yaml,good\nspec:"));
        assert!(text("duplicate-key.md").contains("## Example\n```yaml,fragment\n"));
        assert!(text("README.md").contains(
            "| [host-port](host-port.md) | takes a port of the node | baseline | medium | on | `hostPorts` |"
        ));
    }
}
