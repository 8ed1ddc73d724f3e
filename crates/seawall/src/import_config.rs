//! `seawall import-config`: another tool's configuration as one of ours.

use std::io::Write as _;

use seawall_check::Imported;

use crate::cli::ImportArgs;
use crate::settings;
use crate::terminal::Failure;

/// Prints the configuration that a file translates to.
pub(crate) fn run(args: &ImportArgs) -> Result<u8, Failure> {
    let imported = settings::read_foreign(&args.file)?;
    std::io::stdout().lock().write_all(imported.to_string().as_bytes())?;
    Ok(0)
}

/// What is said where a file is nobody's configuration.
pub(crate) fn unknown(file: &str) -> Failure {
    Failure::Usage(
        format!("`{file}` is no configuration of kube-linter or polaris, and calls no kube-score"),
        Some("name .kube-linter.yaml, polaris.yaml, or the script or pipeline that runs kube-score".into()),
    )
}

/// Takes what the text of a file says.
pub(crate) fn of(file: &str, text: &str, document: Option<&seawall_yaml::Document>) -> Option<Imported> {
    document
        .and_then(Imported::from_document)
        .or_else(|| Imported::from_commands(text))
        .or_else(|| Imported::from_named(file, document?))
}
