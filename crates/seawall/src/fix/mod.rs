//! `seawall fix`: the fixes of findings as a diff, in files, or as patches.

mod ask;
mod patches;
mod write;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use seawall_check::{FileFix, InputError, Record, Selection, Survey};
use seawall_finding::{Answer, Rule};
use seawall_report::fixes::{Fixes, Outcome};
use seawall_report::{Bar, Style, diff, fixes};

use self::ask::Asked;
use self::write::Writer;
use crate::candidate::{Candidate, unreadable};
use crate::cli::FixArgs;
use crate::pipeline::in_order;
use crate::prepared::Prepared;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use crate::terminal::{self, Failure};

/// Files that a thread repairs at a time.
const FILES: usize = 16;

/// A fix that was chosen is open, and `--check` asks.
const EXIT_OPEN: u8 = 1;
/// Something could not be read or written, or an answer that was given is none.
const EXIT_INPUT: u8 = 2;

/// What becomes of one file.
struct Repaired {
    before: Arc<[u8]>,
    fix: FileFix,
    hunks: diff::Hunks,
    /// The diff, where it is shown.
    shown: diff::Shown,
    patches: String,
    /// What is not in the patches.
    warnings: Vec<String>,
}

/// Shows, writes or gives out the fixes; the exit status.
pub(crate) fn run(args: &FixArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let style = Style {
        colour: terminal::colours(args.color),
        width: terminal::width(),
        exact: false,
        quiet: args.quiet,
        bar: Bar::of(&[]),
        suppressed: false,
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut settings = match settings::load(&args.judge, &[], None) {
        Ok(settings) => settings,
        Err(errors) => return refuse(&errors, style, &mut out),
    };
    let mut images = seawall_check::Images::default();
    for path in &args.images {
        if let Err(errors) = settings::read_images(path, &mut images) {
            return refuse(&errors, style, &mut out);
        }
    }
    let threads =
        args.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    let found = seawall_input::walk(&args.judge.paths, &seawall_input::Options::default());
    let progress = |work, total, silent| Progress::start(work, total, started, args.quiet || silent);
    let mut prepared = Prepared::new(&args.judge, found, &mut settings, false, threads, &progress)?;
    prepared.options.images = Arc::new(images);
    if let Some(level) = args.to {
        prepared.hold_to(level);
    }
    let mut run = Run {
        args,
        style,
        prepared: &prepared,
        settings: &settings,
        selection: selection(args),
        fixes: Fixes::default(),
        writer: Writer::new(&args.judge.paths),
        asked: Asked::default(),
        failed: 0,
        altered: false,
        headed: false,
        answered: vec![false; args.decide.len()],
        unanswered: vec![false; args.decide.len()],
    };
    run.early(&mut out)?;
    run.files(threads, &mut out, &progress)?;
    run.finish(&mut out)
}

/// Which fixes the arguments choose.
fn selection(args: &FixArgs) -> Selection {
    let decisions = args
        .decide
        .iter()
        .flat_map(|decide| decide.rules.0.iter().map(|rule| (*rule, decide.answer.clone())));
    Selection {
        likely: args.likely,
        decisions: decisions.collect(),
        only: args.only.iter().flat_map(|rules| rules.0.iter().copied()).collect::<Vec<&'static Rule>>(),
        picked: None,
        charts: args.output.is_some(),
    }
}

/// Without its settings a run would repair to the wrong level.
fn refuse(errors: &[InputError], style: Style, out: &mut impl Write) -> Result<u8, Failure> {
    out.write_all(fixes::errors(errors, style).as_bytes())?;
    out.flush()?;
    Ok(EXIT_INPUT)
}

/// A run over all files.
struct Run<'a> {
    args: &'a FixArgs,
    style: Style,
    prepared: &'a Prepared,
    settings: &'a Settings,
    selection: Selection,
    fixes: Fixes,
    writer: Writer,
    asked: Asked,
    /// Inputs that could not be read, and files that could not be repaired or written.
    failed: u64,
    /// Whether a diff that is shown differs from the one that holds.
    altered: bool,
    /// Whether the head of the patches is printed.
    headed: bool,
    /// By `--decide`: whether it was an answer to a finding's question.
    answered: Vec<bool>,
    /// By `--decide`: whether a finding's question has another answer.
    unanswered: Vec<bool>,
}

impl Run<'_> {
    /// What is known before any file is repaired.
    fn early(&mut self, out: &mut impl Write) -> Result<(), Failure> {
        for record in &self.prepared.early {
            match record {
                Record::Error(error) => {
                    self.failed += 1;
                    out.write_all(fixes::errors(std::slice::from_ref(error), self.style).as_bytes())?;
                }
                Record::Notice(notice) if !self.style.quiet => {
                    let file = notice.file.as_ref().map(|file| format!("{file}: ")).unwrap_or_default();
                    let hint = notice.hint.as_ref().map(|hint| format!("\n  = {hint}")).unwrap_or_default();
                    terminal::tell(&format!("{file}{}{hint}", notice.message));
                }
                Record::Notice(_) | Record::Workload(_) | Record::Object(_) => {}
            }
        }
        Ok(())
    }

    fn files(
        &mut self,
        threads: NonZeroUsize,
        out: &mut impl Write,
        progress: &dyn Fn(&'static str, usize, bool) -> Progress,
    ) -> Result<(), Failure> {
        let (prepared, settings) = (self.prepared, self.settings);
        let work: Vec<(&Candidate, &Option<Survey>)> = prepared.files.iter().zip(&prepared.surveys).collect();
        if self.args.interactive {
            for (file, survey) in work {
                self.interactively(file, survey.as_ref(), out)?;
            }
            return Ok(());
        }
        let repairing = progress("repairing", work.len(), terminal::is_output());
        let selection = self.selection.clone();
        let (args, style) = (self.args, self.style);
        let repair = |(file, survey): &(&Candidate, &Option<Survey>)| {
            let repaired = repair(file, survey.as_ref(), prepared, settings, &selection);
            repairing.done();
            repaired.transpose().map(|repaired| repaired.map(|repaired| render(repaired, file, args, style)))
        };
        let batches: Vec<_> = work.chunks(FILES).collect();
        in_order(
            threads,
            &batches,
            |batch| batch.iter().filter_map(|work| Some((work.0, repair(work)?))).collect::<Vec<_>>(),
            |batch| {
                batch.into_iter().try_for_each(|(file, repaired)| match repaired {
                    Ok(repaired) => self.done(file, &repaired, out),
                    Err(error) => {
                        self.failed += 1;
                        Ok(out.write_all(fixes::errors(&[unreadable(&error)], style).as_bytes())?)
                    }
                })
            },
        )
    }

    /// Takes what became of a file: shows it, writes it, gives it out.
    fn done(&mut self, file: &Candidate, repaired: &Repaired, out: &mut impl Write) -> Result<(), Failure> {
        let Repaired { before, fix, hunks, shown, patches, warnings } = repaired;
        let name = file.name();
        self.failed += fix.errors.len() as u64;
        out.write_all(fixes::errors(&fix.errors, self.style).as_bytes())?;
        out.write_all(shown.text.as_bytes())?;
        self.altered |= shown.altered && !self.args.write;
        if let (Some(format), false) = (self.args.output, patches.is_empty()) {
            if !std::mem::replace(&mut self.headed, true) {
                out.write_all(patches::head(format).as_bytes())?;
            }
            out.write_all(patches.as_bytes())?;
        }
        for warning in warnings {
            terminal::tell(warning);
        }
        for (i, decide) in self.args.decide.iter().enumerate() {
            let is_of = |rule: &Rule| decide.rules.0.iter().any(|of| of.id == rule.id);
            self.answered[i] |= fix.fixed.iter().any(|fixed| is_of(fixed.rule));
            let asks = |open: &seawall_check::Open| {
                open.refused.is_none()
                    && open.chart.is_none()
                    && open
                        .located
                        .fix
                        .as_ref()
                        .is_some_and(|f| f.answer.is_some_and(|answer| answer != Answer::Elsewhere))
            };
            self.unanswered[i] |= fix.open.iter().any(|open| is_of(open.located.finding.rule) && asks(open));
        }
        let mut fault = fix.fault.clone();
        let mut done = fault.is_none();
        if let (true, Some(after)) = (self.args.write, &fix.after) {
            // What was said of files before is there if this one fails.
            out.flush()?;
            if let Err(error) = self.writer.write(file.input(), before, after, hunks) {
                fault = Some(error);
                done = false;
            }
        }
        if let Some(fault) = fault {
            self.failed += 1;
            terminal::tell(&format!("error: {}: left as it is: {fault}", seawall_report::visible(&name)));
        }
        self.fixes.add(&name, fix, done);
        Ok(())
    }

    /// Asks for every fix of a file, shows what comes of the answers, and asks whether to write it.
    fn interactively(
        &mut self,
        file: &Candidate,
        survey: Option<&Survey>,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let name = file.name();
        let nothing = Selection { picked: Some(BTreeMap::default()), ..self.selection.clone() };
        let open = match repair(file, survey, self.prepared, self.settings, &nothing) {
            Ok(None) => return Ok(()),
            Ok(Some(repaired)) => repaired,
            Err(error) => {
                self.failed += 1;
                return Ok(out.write_all(fixes::errors(&[unreadable(&error)], self.style).as_bytes())?);
            }
        };
        let picked = self.asked.pick(&name, &open.fix.open, &self.selection, out)?;
        let picked_any = !picked.is_empty();
        let chosen = Selection { picked: Some(picked), ..self.selection.clone() };
        let repaired = repair(file, survey, self.prepared, self.settings, &chosen);
        let Ok(Some(repaired)) = repaired else { return Ok(()) };
        let mut repaired = render(repaired, file, self.args, self.style);
        if picked_any && repaired.fix.after.is_some() {
            out.write_all(std::mem::take(&mut repaired.shown.text).as_bytes())?;
            if Asked::confirms(&name, out)? {
                let after = repaired.fix.after.clone().unwrap_or_default();
                if let Err(fault) = self.writer.write(file.input(), &repaired.before, &after, &repaired.hunks)
                {
                    self.failed += 1;
                    terminal::tell(&format!(
                        "error: {}: left as it is: {fault}",
                        seawall_report::visible(&name)
                    ));
                    repaired = open;
                }
            } else {
                repaired = open;
            }
        }
        repaired.shown = diff::Shown::default();
        self.done(file, &repaired, out)
    }

    fn finish(mut self, out: &mut impl Write) -> Result<u8, Failure> {
        let outcome = match (self.args.output, self.args.write || self.args.interactive) {
            (Some(_), _) => Outcome::Patched,
            (None, true) => Outcome::Written,
            (None, false) => Outcome::Shown,
        };
        if self.altered {
            writeln!(out, "{}", diff::ALTERED)?;
        }
        let end = self.fixes.finish(outcome, self.style);
        if self.args.output.is_some() {
            // Standard output is for whoever applies the patches.
            out.flush()?;
            terminal::tell(end.trim_end());
        } else {
            out.write_all(end.as_bytes())?;
        }
        if let Some(undo) = self.writer.undo_command() {
            writeln!(out, "undo: {undo}")?;
        }
        out.flush()?;
        for (i, decide) in self.args.decide.iter().enumerate() {
            if self.unanswered[i] && !self.answered[i] {
                self.failed += 1;
                let Some(asked) = decide.rules.0.first() else { continue };
                terminal::tell(&format!(
                    "error: `{}` is no answer to what `{}` asks\n  = what is asked, and what can be answered: seawall fix --only {}",
                    decide.answer, asked.id, asked.id
                ));
            }
        }
        Ok(if self.failed > 0 {
            EXIT_INPUT
        } else if self.args.check && self.fixes.fixed() > 0 {
            EXIT_OPEN
        } else {
            0
        })
    }
}

/// A file repaired; `None` if nothing in it fails.
fn repair(
    file: &Candidate,
    survey: Option<&Survey>,
    prepared: &Prepared,
    settings: &Settings,
    selection: &Selection,
) -> Result<Option<Repaired>, seawall_input::InputError> {
    let Prepared { levels, exceptions, options, .. } = prepared;
    let Some(survey) = survey else {
        return file.read_again(true).map(|_| None);
    };
    if seawall_check::items(survey, file.scope, levels, options, false).is_empty() {
        return Ok(None);
    }
    let text = file.read_again(true)?;
    let name = file.name();
    let source = file.source(&name, &text.bytes, &settings.config);
    let fix = seawall_check::repair(source, survey, levels, exceptions, options, selection);
    Ok(Some(Repaired {
        before: text.bytes,
        fix,
        hunks: diff::Hunks::default(),
        shown: diff::Shown::default(),
        patches: String::new(),
        warnings: Vec::new(),
    }))
}

/// What is shown or given out of it.
fn render(mut repaired: Repaired, file: &Candidate, args: &FixArgs, style: Style) -> Repaired {
    let Some(after) = &repaired.fix.after else { return repaired };
    let name = file.name();
    if let Some(format) = args.output {
        let of_file = seawall_check::patches(&repaired.before, &repaired.fix.changes);
        (repaired.patches, repaired.warnings) = patches::text(format, &name, &of_file);
        return repaired;
    }
    repaired.hunks = diff::Hunks::of(&repaired.before, after);
    if !style.quiet {
        repaired.shown = diff::show(&name, &repaired.before, after, &repaired.hunks, style.colour);
    }
    repaired
}
