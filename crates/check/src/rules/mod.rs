//! All rules of all engines in one table.

mod duplicate_key;
mod expired_exception;
mod explain;
mod known_as;
mod namespace_pss_label;
mod namespace_pss_weaker_warn;
mod schema_invalid;
mod unknown_kind;

use seawall_finding::Rule;

pub use duplicate_key::RULE as DUPLICATE_KEY;
pub use expired_exception::RULE as EXPIRED_EXCEPTION;
pub use explain::distance;
pub use explain::{explain, nearest};
pub use known_as::{Tool, called, known_as};
pub use namespace_pss_label::RULE as NAMESPACE_PSS_LABEL;
pub use namespace_pss_weaker_warn::RULE as NAMESPACE_PSS_WEAKER_WARN;
pub use schema_invalid::RULE as SCHEMA_INVALID;
pub use unknown_kind::RULE as UNKNOWN_KIND;

/// The rules that the driver itself answers for.
pub static RULES: [&Rule; 6] = [
    &DUPLICATE_KEY,
    &EXPIRED_EXCEPTION,
    &NAMESPACE_PSS_LABEL,
    &NAMESPACE_PSS_WEAKER_WARN,
    &SCHEMA_INVALID,
    &UNKNOWN_KIND,
];

/// Every rule of every engine, sorted by id.
pub fn all() -> Vec<&'static Rule> {
    let hardening = seawall_hardening::CHECKS.iter().map(|check| check.rule);
    let mut rules: Vec<&Rule> =
        RULES.iter().copied().chain(seawall_pss::RULES.iter().copied()).chain(hardening).collect();
    rules.sort_by_key(|r| r.id);
    rules
}

/// The tags of rules, sorted.
pub fn tags() -> Vec<&'static str> {
    let mut tags: Vec<&str> = all().iter().flat_map(|rule| rule.tags).copied().collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The ids of what can be explained besides rules.
pub fn topics() -> impl Iterator<Item = &'static str> {
    seawall_pss::TOPICS.iter().map(|topic| topic.id)
}

/// As [`find`], with a message and a hint where nothing is called so.
pub fn resolve(name: &str) -> Result<Vec<&'static Rule>, (String, String)> {
    let found = find(name);
    if !found.is_empty() {
        return Ok(found);
    }
    let nearest = explain::nearest_rule(name).map(|id| format!("did you mean `{id}`? ")).unwrap_or_default();
    Err((format!("no rule is called `{name}`"), format!("{nearest}all rules: seawall checks")))
}

/// The rules that an id, an alias, a tag, the name of a group or another tool's id stands for; an id names one, the others
/// may name several.
pub fn find(id: &str) -> Vec<&'static Rule> {
    let rules = all();
    if let Some(rule) = rules.iter().find(|r| r.id == id) {
        return vec![rule];
    }
    let group: Vec<&str> = seawall_pss::TOPICS
        .iter()
        .filter(|topic| topic.is_called(id))
        .flat_map(|topic| topic.rules.iter().copied())
        .collect();
    // Some ids of other tools differ from words of the standard by their case alone.
    let is_alias = |rule: &&&Rule| rule.aliases.contains(&id) || rule.tags.contains(&id);
    let exactly = known_as::called_exactly(id);
    if !exactly.is_empty() && group.is_empty() && !rules.iter().any(|rule| is_alias(&rule)) {
        return rules.into_iter().filter(|rule| exactly.contains(&rule.id)).collect();
    }
    let is_meant = |rule: &&Rule| {
        group.contains(&rule.id)
            || rule.tags.contains(&id)
            || rule.aliases.iter().any(|a| a.eq_ignore_ascii_case(id))
    };
    let found: Vec<&Rule> = rules.iter().copied().filter(is_meant).collect();
    if !found.is_empty() {
        return found;
    }
    // Ids of other tools come last: some are words that mean something else here.
    let foreign = called(None, id);
    rules.into_iter().filter(|rule| foreign.contains(&rule.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_no_alias_is_an_id() {
        let rules = all();
        for pair in rules.windows(2) {
            assert_ne!(pair[0].id, pair[1].id);
        }
        for rule in &rules {
            for alias in rule.aliases {
                let hidden = rules.iter().find(|r| r.id == *alias && r.id != rule.id);
                assert!(hidden.is_none(), "alias {alias} of {} is the id of another rule", rule.id);
            }
        }
    }

    #[test]
    fn what_a_scan_shows_as_one_finding_is_four_rules() {
        let ids = |name: &str| find(name).iter().map(|rule| rule.id).collect::<Vec<_>>();
        let four =
            ["allow-privilege-escalation", "drop-all-capabilities", "run-as-non-root", "seccomp-profile"];
        assert_eq!(ids("restricted"), four);
        assert_eq!(ids("Four-Basics"), four);
        assert_eq!(
            resolve("restrcted").unwrap_err().1,
            "did you mean `restricted`? all rules: seawall checks"
        );
    }

    #[test]
    fn case_tells_other_tools_from_the_standard() {
        let ids = |name: &str| find(name).iter().map(|rule| rule.id).collect::<Vec<_>>();
        assert_eq!(ids("RunAsUser"), ["run-as-high-uid"]);
        assert_eq!(ids("runAsUser"), ["run-as-root-user"]);
        assert_eq!(ids("RUNASUSER"), ["run-as-root-user"]);
        assert_eq!(ids("ProcMount"), ["host-path-sensitive"]);
        assert_eq!(ids("procMount"), ["proc-mount"]);
    }

    #[test]
    fn only_what_is_taken_is_proposed() {
        for topic in seawall_pss::TOPICS {
            for name in [topic.id.to_owned(), format!("{}x", topic.id)] {
                let Err((_, hint)) = resolve(&name) else { continue };
                let proposed = hint.split('`').nth(1);
                assert!(proposed.is_none_or(|name| resolve(name).is_ok()), "{name}: {hint}");
            }
        }
    }

    #[test]
    fn every_rule_documents_itself() {
        for rule in all() {
            let text = rule.doc.join("\n");
            for section in ["## What it does", "## Why it matters", "## How to fix"] {
                assert!(text.contains(section), "{} lacks `{section}`", rule.id);
            }
            assert!(
                rule.title.starts_with(|c: char| !c.is_uppercase()) && !rule.title.ends_with('.'),
                "{}",
                rule.id
            );
        }
    }
}
