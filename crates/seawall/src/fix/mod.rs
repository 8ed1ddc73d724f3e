//! `seawall fix`: the fixes of findings as a diff, in files, or as patches.

mod ask;
mod attributes;
mod durable;
mod interrupt;
mod patches;
mod undo;
mod write;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use seawall_check::{
    Base, BeyondLevels, FileFix, InputError, NamedRules, Record, RuleSettings, Selection, Source, Survey,
};
use seawall_finding::Rule;
use seawall_report::fixes::{Fixes, Outcome};
use seawall_report::{Bar, Style, diff, visible};

use self::ask::Asked;
use self::interrupt::Interrupt;
use self::write::{Fault, Writer};
use crate::candidate::{Candidate, unreadable};
use crate::cli::{FixArgs, JudgeArgs};
use crate::pipeline::in_order;
use crate::prepared::{Found, Prepared, Reading};
use crate::progress::Progress;
use crate::settings::{self, Settings};
use crate::terminal::{self, Failure};

/// Files that a thread repairs at a time.
const FILES: usize = 16;
/// Files that wait for others to be written with them, at most.
const WAITING: usize = 256;

/// A fix that was chosen is open, and `--check` asks.
const EXIT_OPEN: u8 = 1;
/// Something could not be read or written, or an answer that was given is none.
const EXIT_INPUT: u8 = 2;

/// What becomes of one file.
struct Repaired {
    before: Arc<[u8]>,
    fix: FileFix,
    /// The hunks of the patch that leads from one text to the other, where it may be written.
    hunks: Vec<u8>,
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
        colour: terminal::colours(args.how.color),
        width: terminal::width(),
        exact: false,
        quiet: args.quiet,
        bar: Bar::of(&[]),
        suppressed: false,
        judged_by: args.judge.flags(),
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    // Fixes lead to a level; those of other checks are for who asks for them.
    let mut settings = match settings::load(&args.judge, Base::Pss, &[], None) {
        Ok(settings) => settings,
        Err(errors) => return refuse(&errors, style, &mut out),
    };
    let named = args.only.iter().chain(args.decide.iter().map(|decide| &decide.rules));
    let named: Vec<NamedRules> = named.map(|rules| rules.0.clone()).collect();
    settings.rules.enable.extend_from_slice(&named);
    let beyond = beyond_levels(&args.judge, &settings, named);
    let mut images = seawall_check::Images::default();
    for path in &args.images {
        if let Err(errors) = settings::read_images(path, &mut images) {
            return refuse(&errors, style, &mut out);
        }
    }
    let threads = args.how.threads();
    let found = Found::Inputs(seawall_input::walk(&args.judge.paths, &seawall_input::Options::default()));
    let progress = |work, total, silent| Progress::start(work, total, started, args.quiet || silent);
    let mut prepared =
        Prepared::new(&args.judge, found, &mut settings, Reading::default(), threads, &progress)?;
    if prepared.labels.is_some() {
        let hint = "repair the manifests that it was made from: seawall fix deploy/".to_owned();
        return Err(Failure::Usage("a snapshot of a cluster cannot be repaired".to_owned(), Some(hint)));
    }
    prepared.options.images = Arc::new(images);
    prepared.options.hardening.beyond_levels = BeyondLevels::new(&beyond, prepared.options.kubernetes);
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
        interrupt: if args.write { Some(Interrupt::watch()?) } else { None },
        waiting: Vec::new(),
        asked: Asked::default(),
        failed: 0,
        altered: false,
        headed: false,
        answers: vec![Answers::default(); args.decide.len()],
    };
    run.say(&prepared.early, &mut out)?;
    match run.files(threads, &mut out, &progress) {
        Ok(()) => run.finish(&mut out),
        Err(stop) => run.stopped(stop, &mut out),
    }
}

/// The rules of the standard that are repaired whatever the levels ask for: those of a profile, or that arguments name. What
/// a configuration has reported is another matter.
fn beyond_levels(args: &JudgeArgs, settings: &Settings, named: Vec<NamedRules>) -> RuleSettings {
    let RuleSettings { base, deselect, .. } = settings.rules.clone();
    let profile = settings.profile.as_deref().and_then(|name| settings.config.profile_called(name));
    let of_profile = profile.map(|profile| profile.rules).unwrap_or_default();
    let of_args = args.select.iter().chain(&args.enable).map(|rules| rules.0.clone());
    let enable = of_profile.select.into_iter().chain(of_profile.enable).chain(of_args).chain(named);
    RuleSettings { base, enable: enable.collect(), deselect, ..RuleSettings::default() }
}

/// Which fixes the arguments choose.
fn selection(args: &FixArgs) -> Selection {
    let decisions = args
        .decide
        .iter()
        .flat_map(|decide| decide.rules.0.rules.iter().map(|rule| (*rule, decide.answer.clone())));
    Selection {
        likely: args.likely,
        decisions: decisions.collect(),
        only: args
            .only
            .iter()
            .flat_map(|rules| rules.0.rules.iter().copied())
            .collect::<Vec<&'static Rule>>(),
        picked: None,
        charts: args.output.is_some(),
    }
}

/// Without its settings a run would repair to the wrong level.
fn refuse(errors: &[InputError], style: Style, out: &mut impl Write) -> Result<u8, Failure> {
    let records: Vec<Record> = errors.iter().cloned().map(Record::Error).collect();
    out.write_all(Fixes::default().say(&records, style).as_bytes())?;
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
    /// Signals, while files are written.
    interrupt: Option<Interrupt>,
    /// In input order: files that are told of once those before them are written.
    waiting: Vec<Waiting<'a>>,
    asked: Asked,
    /// Inputs that could not be read, and files that could not be repaired or written.
    failed: u64,
    /// Whether a diff that is shown differs from the one that holds.
    altered: bool,
    /// Whether the head of the patches is printed.
    headed: bool,
    /// By `--decide`, in its order.
    answers: Vec<Answers>,
}

/// A file that waits until others are written.
struct Waiting<'a> {
    file: &'a Candidate,
    fix: FileFix,
    /// Whether the writer has a new text of it.
    staged: bool,
}

/// Why a run ends early.
enum Stop {
    /// A signal came.
    Interrupted,
    /// Something else.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What became of an answer.
#[derive(Clone, Copy, Default)]
struct Answers {
    /// It was one to the question of a finding.
    taken: bool,
    /// The question of a finding has another.
    wanted: bool,
}

impl<'a> Run<'a> {
    /// Takes note of what is said besides findings; prints errors, and counts them.
    fn say(&mut self, records: &[Record], out: &mut impl Write) -> Result<(), Failure> {
        self.failed += records.iter().filter(|record| matches!(record, Record::Error(_))).count() as u64;
        Ok(out.write_all(self.fixes.say(records, self.style).as_bytes())?)
    }

    /// Tells why a file stays as it was.
    fn fault(&mut self, file: &Candidate, fault: &str) {
        self.failed += 1;
        terminal::tell(&format!("error: {}: left as it is: {fault}", visible(&file.name())));
    }

    fn files(
        &mut self,
        threads: NonZeroUsize,
        out: &mut impl Write,
        progress: &dyn Fn(&'static str, usize, bool) -> Progress,
    ) -> Result<(), Stop> {
        let (prepared, settings) = (self.prepared, self.settings);
        let work: Vec<(&'a Candidate, &Option<Survey>)> =
            prepared.files.iter().zip(&prepared.surveys).collect();
        if self.args.interactive {
            for (file, survey) in work {
                self.interactively(file, survey.as_ref(), out)?;
            }
            return Ok(());
        }
        let repairing = progress("repairing", work.len(), terminal::is_output());
        let selection = self.selection.clone();
        let (args, style) = (self.args, self.style);
        let repair = |(file, survey): &(&'a Candidate, &Option<Survey>)| {
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
                if self.interrupt.as_ref().is_some_and(Interrupt::came) {
                    return Err(Stop::Interrupted);
                }
                batch.into_iter().try_for_each(|(file, repaired)| match repaired {
                    Ok(repaired) => self.done(file, repaired, out),
                    Err(error) => self.say(&[Record::Error(unreadable(&error))], out),
                })?;
                Ok(())
            },
        )?;
        Ok(self.commit(out)?)
    }

    /// Takes note of what became of a file, and of what is left of the rules that are asked for.
    fn count(&mut self, file: &Candidate, fix: &FileFix, done: bool) {
        let selection = &self.selection;
        self.fixes.add(&file.name(), fix, done, |rule| selection.includes(rule));
    }

    /// Takes what became of a file: shows it, writes it, gives it out.
    fn done(&mut self, file: &'a Candidate, repaired: Repaired, out: &mut impl Write) -> Result<(), Failure> {
        let Repaired { before, fix, hunks, shown, patches, warnings } = repaired;
        self.say(&fix.said, out)?;
        out.write_all(shown.text.as_bytes())?;
        self.altered |= shown.altered && !self.args.write;
        if let (Some(format), false) = (self.args.output, patches.is_empty()) {
            if !std::mem::replace(&mut self.headed, true) {
                out.write_all(patches::head(format).as_bytes())?;
            }
            out.write_all(patches.as_bytes())?;
        }
        for warning in &warnings {
            terminal::tell(warning);
        }
        for (decide, answers) in self.args.decide.iter().zip(&mut self.answers) {
            let is_of = |rule: &Rule| decide.rules.0.rules.iter().any(|of| of.id == rule.id);
            answers.taken |= fix.fixed.iter().any(|fixed| is_of(fixed.rule));
            answers.wanted |= fix.open.iter().any(|open| is_of(open.located.finding.rule) && open.asks());
        }
        if let Some(fault) = &fix.fault {
            out.flush()?;
            self.fault(file, fault);
        }
        if !self.args.write {
            self.count(file, &fix, fix.fault.is_none());
            return Ok(());
        }
        let staged = match &fix.after {
            Some(after) => self.stage(file, &before, after, &hunks, out)?,
            None => false,
        };
        self.waiting.push(Waiting { file, fix, staged });
        if self.writer.is_full() || self.waiting.len() >= WAITING { self.commit(out) } else { Ok(()) }
    }

    /// Prepares a file to be written with others; whether it is.
    fn stage(
        &mut self,
        file: &Candidate,
        before: &Arc<[u8]>,
        after: &[u8],
        hunks: &[u8],
        out: &mut impl Write,
    ) -> Result<bool, Failure> {
        let mut staged = self.writer.stage(file.input(), before, after, hunks);
        if let Err(Fault::Full(_)) = staged {
            // Those that wait give back the room of their old texts.
            self.commit(out)?;
            staged = self.writer.stage(file.input(), before, after, hunks);
        }
        let Err(Fault::Full(fault) | Fault::Other(fault)) = staged else { return Ok(true) };
        // What was said of files before is there.
        out.flush()?;
        self.fault(file, &fault);
        Ok(false)
    }

    /// Writes what is prepared, and takes note of all files that wait for it.
    fn commit(&mut self, out: &mut impl Write) -> Result<(), Failure> {
        let mut written = self.writer.commit().into_iter();
        for Waiting { file, fix, staged } in std::mem::take(&mut self.waiting) {
            let written = if staged { written.next() } else { None };
            if let Some(Err(fault)) = &written {
                out.flush()?;
                self.fault(file, fault);
            }
            self.count(file, &fix, matches!(written, Some(Ok(()))));
        }
        Ok(())
    }

    /// Asks for every fix of a file, shows what comes of the answers, and asks whether to write it.
    fn interactively(
        &mut self,
        file: &'a Candidate,
        survey: Option<&Survey>,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let nothing = Selection { picked: Some(BTreeMap::default()), ..self.selection.clone() };
        let open = match repair(file, survey, self.prepared, self.settings, &nothing) {
            Ok(None) => return Ok(()),
            Ok(Some(repaired)) => repaired,
            Err(error) => return self.say(&[Record::Error(unreadable(&error))], out),
        };
        let name = file.name();
        let picked = self.asked.pick(&name, &open.fix.open, &self.selection, out)?;
        if picked.is_empty() {
            return self.done(file, open, out);
        }
        let chosen = Selection { picked: Some(picked), ..self.selection.clone() };
        let Ok(Some(repaired)) = repair(file, survey, self.prepared, self.settings, &chosen) else {
            return self.done(file, open, out);
        };
        let mut repaired = render(repaired, file, self.args, self.style);
        let Some(after) = repaired.fix.after.clone() else { return self.done(file, repaired, out) };
        let shown = std::mem::take(&mut repaired.shown);
        out.write_all(shown.text.as_bytes())?;
        let written = Asked::confirms(&name, out)?
            && self.stage(file, &repaired.before, &after, &repaired.hunks, out)?
            && self.writer.commit().iter().all(|written| match written {
                Ok(()) => true,
                Err(fault) => {
                    self.fault(file, fault);
                    false
                }
            });
        self.done(file, if written { repaired } else { open }, out)
    }

    /// Ends a run in the middle: what is written stays, and nothing is left half done.
    fn stopped(self, stop: Stop, out: &mut impl Write) -> Result<u8, Failure> {
        let undo = self.writer.undo_command();
        let Self { fixes, writer, interrupt, .. } = self;
        drop(writer);
        if let (Stop::Interrupted, Ok(())) = (&stop, out.flush()) {
            terminal::tell(&fixes.interrupted());
        }
        if let Some(undo) = undo {
            terminal::tell(&format!("undo: {undo}"));
        }
        match stop {
            Stop::Failed(failure) => Err(failure),
            Stop::Interrupted => {
                if let Some(interrupt) = interrupt {
                    interrupt.end();
                }
                Ok(EXIT_INPUT)
            }
        }
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
        for (decide, answers) in self.args.decide.iter().zip(&self.answers) {
            let Some(asked) = decide.rules.0.rules.first().filter(|_| answers.wanted && !answers.taken)
            else {
                continue;
            };
            self.failed += 1;
            terminal::tell(&format!(
                "error: `{}` is no answer to what `{id}` asks\n  = what is asked, and what can be answered: seawall fix {flags}--only {id}",
                visible(&decide.answer),
                flags = self.style.judged_by,
                id = asked.id
            ));
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
    let source = Source { lines: Some(&text.lines), ..file.source(&name, &text.bytes, &settings.config) };
    let fix = seawall_check::repair(source, survey, levels, exceptions, options, selection);
    Ok(Some(Repaired {
        before: text.bytes,
        fix,
        hunks: Vec::new(),
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
    let writes = args.write || args.interactive;
    if writes || !style.quiet {
        let diff = diff::Diff::of(&repaired.before, after);
        if writes {
            repaired.hunks = diff.patch();
        }
        if !style.quiet {
            repaired.shown = diff.show(&name, style.colour);
        }
    }
    repaired
}
