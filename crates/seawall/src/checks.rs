//! `seawall checks`: all rules, one line each.

use std::io::Write as _;

use seawall_check::rules;

use crate::cli::ChecksArgs;
use crate::terminal::Failure;

/// Prints a table of the rules.
pub(crate) fn run(args: &ChecksArgs) -> Result<u8, Failure> {
    let rules: Vec<_> = rules::all()
        .into_iter()
        .filter(|rule| args.level.is_none_or(|level| rule.level.is_some_and(|l| l <= level)))
        .collect();
    let width = rules.iter().map(|r| r.id.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for rule in rules {
        let level = rule.level.map_or("-", seawall_model::Level::as_str);
        let off = if rule.off { " (off by default)" } else { "" };
        writeln!(out, "{:width$}  {level:10}  {:8}  {}{off}", rule.id, rule.severity, rule.title)?;
    }
    Ok(0)
}
