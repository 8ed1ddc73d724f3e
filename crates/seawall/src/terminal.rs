//! What standard output and standard error are, and how failures are told.

use std::io::{self, IsTerminal as _, Write as _};

use crate::cli::Color;

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked for cannot be done: the message and what to do.
    Usage(String, Option<String>),
    /// Output could not be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Prints a failure to standard error.
pub(crate) fn report_failure(failure: &Failure) {
    let mut err = io::stderr().lock();
    let _ = match failure {
        Failure::Usage(message, hint) => {
            let _ = writeln!(err, "error: {message}");
            hint.as_ref().map_or(Ok(()), |hint| writeln!(err, "  = {hint}"))
        }
        Failure::Output(error) => writeln!(err, "error: the output could not be written: {error}"),
    };
}

/// Prints a line to standard error; if nobody takes it, that is no failure.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Whether standard output takes colours.
pub(crate) fn colours(choice: Color) -> bool {
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            io::stdout().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        }
    }
}

/// Whether standard output is a terminal.
pub(crate) fn is_output() -> bool {
    io::stdout().is_terminal()
}

/// The columns of the terminal; 100 where there is none.
pub(crate) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let terminal =
        || io::stdout().is_terminal().then(terminal_size::terminal_size).flatten().map(|(w, _)| w.0.into());
    columns.or_else(terminal).unwrap_or(100).max(40)
}

/// Today in UTC, in days since 1970-01-01.
pub(crate) fn today() -> i32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i32::try_from(since.as_secs() / 86_400).unwrap_or(i32::MAX)
}
