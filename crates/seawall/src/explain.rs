//! `seawall explain`: a rule's documentation.

mod exception;

use std::io::Write as _;

use seawall_check::rules;

use crate::cli::ExplainArgs;
use crate::terminal::Failure;

/// What stands in the place of a rule where exceptions are meant.
pub(crate) const EXCEPTION: &str = "exception";

/// Prints what a rule, an alias or a topic stands for, or who could use exceptions.
pub(crate) fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    if args.rule == EXCEPTION {
        return exception::run(args);
    }
    if let Some(given) = args.first_of_exceptions() {
        let hint = format!("seawall explain {}", seawall_check::shell_word(&args.rule));
        return Err(Failure::Usage(
            format!("`{given}` goes with `seawall explain {EXCEPTION}` alone"),
            Some(hint),
        ));
    }
    let pages = rules::explain(&args.rule);
    if pages.is_empty() {
        let nearest = rules::nearest(&args.rule).map(|id| format!("did you mean `{id}`? "));
        return Err(Failure::Usage(
            format!("no rule is called `{}`", args.rule),
            Some(format!("{}all rules: seawall checks", nearest.unwrap_or_default())),
        ));
    }
    let mut out = std::io::stdout().lock();
    for (i, page) in pages.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        out.write_all(page.as_bytes())?;
    }
    Ok(0)
}
