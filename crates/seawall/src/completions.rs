//! `seawall completions`: a script for a shell.

use std::io::Write as _;

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs};
use crate::terminal::Failure;

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(args.shell, &mut command, "seawall", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(0)
}
