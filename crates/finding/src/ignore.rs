//! Suppression by authors: what a comment, an annotation, a configuration entry or a baseline says is to be passed over.
//!
//! It silences reports and the exit status and never changes a verdict.

use std::fmt;

use crate::date::{Date, DateError};

/// Where an ignore is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IgnoreSource {
    /// An annotation or a comment that tells another tool.
    Compat,
    /// A comment beside the field.
    Comment,
    /// An annotation of the object or of its pod template.
    Annotation,
    /// The configuration file.
    Config,
    /// A baseline file.
    Baseline,
}

impl IgnoreSource {
    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compat => "compat",
            Self::Comment => "comment",
            Self::Annotation => "annotation",
            Self::Config => "config",
            Self::Baseline => "baseline",
        }
    }
}

/// What is said in the words of an author: which rules, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive<'t> {
    /// Rules by id or alias.
    pub rules: Vec<&'t str>,
    /// The container it is limited to.
    pub container: Option<&'t str>,
    /// Why; never empty.
    pub reason: &'t str,
    /// The last day on which it holds.
    pub until: Option<Date>,
}

/// Why a directive is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectiveError {
    /// No rule is named.
    NoRule,
    /// A comma without a rule on both sides.
    EmptyRule(String),
    /// No container is named behind `@`.
    NoContainer(String),
    /// No reason is given for this rule.
    NoReason(String),
    /// `until=` is not followed by a date.
    Until(String, DateError),
    /// An entry of the annotation without `=`.
    NoEquals(String),
}

impl fmt::Display for DirectiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRule => f.write_str("an ignore names no rule"),
            Self::EmptyRule(target) => write!(
                f,
                "the ignore of `{target}` has a comma without a rule on both sides: write `a,b` without a blank"
            ),
            Self::NoContainer(target) => {
                write!(
                    f,
                    "the ignore of `{target}` names no container behind `@`: name one, or leave the `@` out"
                )
            }
            Self::NoReason(rule) => write!(f, "the ignore of `{rule}` gives no reason"),
            Self::Until(text, error) => write!(f, "`until={text}` {error}"),
            Self::NoEquals(entry) => write!(f, "`{entry}` has no `=` between rule and reason"),
        }
    }
}

impl std::error::Error for DirectiveError {}

/// What a comment says after its `#`: `seawall: ignore <rule>[,<rule>][@container] [until=YYYY-MM-DD] <reason>`. `None` for
/// other comments.
pub fn comment_directive(comment: &str) -> Option<Result<Directive<'_>, DirectiveError>> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("seawall:")?.trim_start();
    let rest = rest.strip_prefix("ignore")?;
    if !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let (target, reason) = rest.trim().split_once([' ', '\t']).unwrap_or((rest.trim(), ""));
    Some(directive(target, reason))
}

/// The annotation that authors may set on objects and pod templates.
pub const IGNORE_ANNOTATION: &str = "seawall.dev/ignore";

/// What the annotation says: `<rule>[,<rule>][@container]=<reason>[ until=YYYY-MM-DD]; ...`.
pub fn annotation_directives(value: &str) -> Vec<Result<Directive<'_>, DirectiveError>> {
    let entries = value.split(';').map(str::trim).filter(|entry| !entry.is_empty());
    let read = |entry| match str::split_once(entry, '=') {
        Some((target, reason)) => directive(target.trim(), reason),
        None => Err(DirectiveError::NoEquals(entry.to_owned())),
    };
    entries.map(read).collect()
}

fn directive<'t>(target: &'t str, reason: &'t str) -> Result<Directive<'t>, DirectiveError> {
    let (rules, container) = target.split_once('@').map_or((target, None), |(rules, c)| (rules, Some(c)));
    let rules: Vec<&str> = rules.split(',').map(str::trim).collect();
    if rules == [""] {
        return Err(DirectiveError::NoRule);
    }
    if rules.contains(&"") {
        return Err(DirectiveError::EmptyRule(target.to_owned()));
    }
    let container = container.map(str::trim);
    if container == Some("") {
        return Err(DirectiveError::NoContainer(target.to_owned()));
    }
    let (reason, until) = split_until(reason.trim())?;
    if reason.is_empty() {
        return Err(DirectiveError::NoReason(target.to_owned()));
    }
    Ok(Directive { rules, container, reason, until })
}

/// A reason without the `until=` that it begins or ends with.
fn split_until(reason: &str) -> Result<(&str, Option<Date>), DirectiveError> {
    let first = reason.split_whitespace().next().and_then(|word| word.strip_prefix("until="));
    let last = reason.split_whitespace().next_back().and_then(|word| word.strip_prefix("until="));
    let (text, rest) = match (first, last) {
        (Some(text), _) => (text, reason["until=".len() + text.len()..].trim_start()),
        (None, Some(text)) => (text, reason[..reason.len() - "until=".len() - text.len()].trim_end()),
        (None, None) => return Ok((reason, None)),
    };
    let date = text.parse().map_err(|e| DirectiveError::Until(text.to_owned(), e))?;
    Ok((rest, Some(date)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_name_rules_and_reasons() {
        let directive = comment_directive(
            "# seawall: ignore host-path-volume,host-port@agent until=2027-01-31 reads node logs",
        );
        assert_eq!(
            directive,
            Some(Ok(Directive {
                rules: vec!["host-path-volume", "host-port"],
                container: Some("agent"),
                reason: "reads node logs",
                until: Some("2027-01-31".parse().unwrap()),
            }))
        );
        let late = comment_directive("#seawall:ignore x because until=2027-01-31").unwrap().unwrap();
        assert_eq!((late.reason, late.until.is_some()), ("because", true));
        for other in ["# seawall: ignored x y", "# see seawall: ignore x y", "# seawall", "# ignore x y", "#"]
        {
            assert_eq!(comment_directive(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |comment| comment_directive(comment).unwrap().unwrap_err().to_string();
        assert_eq!(error("# seawall: ignore"), "an ignore names no rule");
        assert_eq!(error("# seawall: ignore host-pid"), "the ignore of `host-pid` gives no reason");
        assert_eq!(
            error("# seawall: ignore host-pid until=2027-01-31"),
            "the ignore of `host-pid` gives no reason"
        );
        assert_eq!(
            error("# seawall: ignore host-pid until=soon x"),
            "`until=soon` must be a date such as 2027-03-31"
        );
        assert_eq!(error("# seawall: ignore @app x"), "an ignore names no rule");
        for comment in ["# seawall: ignore host-pid, host-ipc x", "# seawall: ignore ,host-pid x"] {
            assert!(error(comment).contains("has a comma without a rule on both sides"), "{comment}");
        }
        let no_container =
            "the ignore of `host-pid@` names no container behind `@`: name one, or leave the `@` out";
        assert_eq!(error("# seawall: ignore host-pid@ x"), no_container);
        for entry in ["host-pid@=x", " host-pid@ = x"] {
            let directive = annotation_directives(entry).remove(0);
            assert_eq!(directive.unwrap_err().to_string(), no_container, "{entry}");
        }
    }

    #[test]
    fn annotations_hold_several() {
        let all = annotation_directives(" host-pid = a; b@ c = d = e until=2027-01-31;; f;g= ");
        let texts: Vec<String> = all
            .iter()
            .map(|d| match d {
                Ok(d) => format!("{:?} {:?} {} {:?}", d.rules, d.container, d.reason, d.until),
                Err(e) => e.to_string(),
            })
            .collect();
        assert_eq!(
            texts,
            [
                "[\"host-pid\"] None a None",
                "[\"b\"] Some(\"c\") d = e Some(2027-01-31)",
                "`f` has no `=` between rule and reason",
                "the ignore of `g` gives no reason",
            ]
        );
    }
}
