//! `seawall init`: a first configuration, from what a directory holds.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::num::NonZeroUsize;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use seawall_check::{Options, Proposal, Surveyed};
use seawall_finding::Date;

use crate::candidate::Candidate;
use crate::cli::InitArgs;
use crate::live;
use crate::prepared;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use crate::terminal::{self, Failure};

/// Unreadable input makes the proposal incomplete.
const INCOMPLETE: u8 = 2;

/// Writes the configuration, or prints it.
pub(crate) fn run(args: &InitArgs) -> Result<u8, Failure> {
    let path = args.directory.join(settings::NAME);
    // As a person would name it: without `./`.
    let path: PathBuf = path.components().filter(|c| !matches!(c, Component::CurDir)).collect();
    let may_write = args.force || args.dry_run;
    if !args.directory.is_dir() {
        return Err(Failure::Usage(format!("`{}` is no directory", args.directory.display()), None));
    }
    if !may_write && path.symlink_metadata().is_ok() {
        return Err(there_already(&path));
    }
    let (proposal, unread) = propose(&args.directory)?;
    let text = proposal.to_string();
    if args.dry_run {
        io::stdout().lock().write_all(text.as_bytes())?;
    } else {
        let mut open = OpenOptions::new();
        // Somebody else may have written it in the meantime.
        let open = if args.force { open.create(true).truncate(true) } else { open.create_new(true) };
        let written = open.write(true).open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => there_already(&path),
            _ => Failure::Usage(format!("`{}` cannot be written: {e}", path.display()), None),
        })?;
        writeln!(io::stdout().lock(), "wrote {}: {}", path.display(), proposal.summary())?;
    }
    if unread == 0 {
        return Ok(0);
    }
    let (files, their) = if unread == 1 { ("file", "its") } else { ("files", "their") };
    terminal::tell(&format!(
        "error: {unread} {files} could not be read, so that {their} workloads may be missing\n  = \
         see why: seawall scan {}",
        args.directory.display()
    ));
    Ok(INCOMPLETE)
}

fn there_already(path: &Path) -> Failure {
    Failure::Usage(
        format!("`{}` is there already", path.display()),
        Some("print what would be written: --dry-run; write over it: --force".into()),
    )
}

/// What the directory's files suggest, and how many of them could not be read as a whole.
fn propose(directory: &Path) -> Result<(Proposal, usize), Failure> {
    let started = Instant::now();
    let settings = Settings::bare(directory);
    let config = &settings.config;
    let options = Options { today: Date::from_days(terminal::today()), ..Options::default() };
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let found = seawall_input::walk(&[directory.into()], &seawall_input::Options::default());
    let is_manifest = |input: &seawall_input::Input| {
        !prepared::is_settings(input) && live::is_walked_snapshot(input) == Some(false)
    };
    let inputs: Vec<_> = found.inputs.into_iter().filter(is_manifest).collect();
    let paths: Vec<_> = inputs.iter().map(|input| settings.relative(input)).collect();
    let charts: Vec<_> =
        inputs.iter().map(|input| input.in_chart.as_ref().map(|c| below(&settings, c))).collect();
    let files: Vec<_> = inputs.into_iter().map(|input| Candidate::new(input, &settings)).collect();

    let progress = Progress::start("reading", files.len(), started, false);
    let mut surveys = prepared::survey(threads, &files, &options, config, &progress)?;
    drop(progress);
    // What operators allow is no reason for a lower level.
    let (exceptions, _) = prepared::exceptions(&surveys, Vec::new(), options.today);
    prepared::except(threads, &files, &mut surveys, &exceptions, &options, config)?;

    let read = surveys.iter().zip(&paths).zip(&charts);
    let surveyed = read.filter_map(|((survey, path), chart)| {
        Some(Surveyed { path, chart: chart.as_deref(), survey: survey.as_ref()? })
    });
    let mut proposal = Proposal::new(surveyed, &options);
    for (_, path) in surveys.iter().zip(&paths).filter(|(survey, _)| survey.is_none()) {
        proposal.add_broken(path.to_string());
    }
    for error in found.errors {
        proposal.add_broken(below(&settings, &error.path).into_string());
    }
    let unread = proposal.broken().len();
    Ok((proposal, unread))
}

fn below(settings: &Settings, path: &str) -> Box<str> {
    settings.below(Path::new(path)).unwrap_or_else(|| path.into())
}
