//! A page for every rule, from its doc comment, and an index.

use std::fmt::Write as _;

use seawall_check::rules;
use seawall_finding::Rule;

use super::MADE;

/// The pages by file name.
pub(super) fn pages() -> Vec<(String, String)> {
    let rules = rules::all();
    let mut pages = vec![("README.md".to_owned(), index(&rules))];
    pages.extend(rules.iter().map(|rule| (format!("{}.md", rule.id), page(rule))));
    pages
}

/// The summary with one line for each rule below the line of the index.
pub(super) fn in_summary(old: &str) -> String {
    let mut out = String::new();
    for line in old.lines().filter(|line| !line.starts_with("  - ") || !line.contains("](rules/")) {
        out.extend([line, "\n"]);
        if line.contains("](rules/README.md)") {
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
         | rule | what it finds: something that | level | severity | other names |\n|---|---|---|---|---|\n"
    );
    for rule in rules {
        let level = rule.level.map_or_else(|| "-".to_owned(), |level| level.to_string());
        let _ = writeln!(
            out,
            "| [{id}]({id}.md) | {} | {level} | {} | {} |",
            rule.title,
            rule.severity,
            names(rule),
            id = rule.id
        );
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
            new.contains("- [Rules](rules/README.md)\n  - [added-capability](rules/added-capability.md)\n"),
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
            "| [host-port](host-port.md) | takes a port of the node | baseline | medium | `hostPorts` |"
        ));
    }
}
