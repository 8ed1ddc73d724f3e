//! `seawall scan`: survey every file, settle the levels, judge in order.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use seawall_check::{
    Baseline, BaselineEntry, Config, Counts, Exceptions, InputError, Item, Levels, Notice, NoticeKind,
    Options, Record, Source, Suppression, Survey, Tally,
};
use seawall_finding::exception::Exception;
use seawall_finding::{Date, IgnoreSource};
use seawall_input::{Input, InputKind, Origin};
use seawall_model::KubernetesVersion;
use seawall_report::Bar;

use crate::candidate::{Candidate, KEPT, unreadable};
use crate::cli::ScanArgs;
use crate::outputs::{Outputs, Rendered, Renderers};
use crate::pipeline::in_order;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use crate::terminal::{self, Failure};
use crate::watch;

/// Runs a scan, or one after the other while somebody watches; the exit status.
pub(crate) fn run(args: &ScanArgs) -> Result<u8, Failure> {
    if args.watch { watch::run(args) } else { once(args) }
}

/// Runs one scan; the exit status.
pub(crate) fn once(args: &ScanArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let threads =
        args.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    let loaded = settings::load(&args.judge, args.write_baseline.as_deref());
    let mut found = match &loaded {
        Ok(_) => seawall_input::walk(&args.judge.paths, &seawall_input::Options::default()),
        Err(_) => seawall_input::Inputs::default(),
    };
    let bars = loaded.as_ref().map_or(&args.judge.fail_on, |settings| &settings.fail_on);
    let (mut outputs, renderers) = Outputs::open(args, Bar::of(bars), &mut found.inputs)?;
    let mut settings = match loaded {
        Ok(settings) => settings,
        Err(errors) => {
            // Without its configuration a run would judge at the wrong levels.
            let records: Vec<Record> = errors.into_iter().map(Record::Error).collect();
            outputs.print(renderers.render(&records))?;
            let mut tally = Tally::new(args.judge.level().level, &Options::default(), &args.judge.fail_on);
            tally.add(Counts::of(&records));
            let summary = tally.finish();
            outputs.finish(&summary, started)?;
            return Ok(summary.exit);
        }
    };
    let (options, clamped) = options(args, &settings);
    let all_ignored = (found.inputs.is_empty() && found.ignored > 0).then(|| ignored(found.ignored));
    let files: Vec<Candidate> = found
        .inputs
        .into_iter()
        .filter(|input| input.origin == Origin::Named || !is_settings(input))
        .map(|input| Candidate::new(input, &settings))
        .collect();

    let mut early: Vec<Record> = clamped.into_iter().chain(all_ignored).map(Record::Notice).collect();
    early.extend(found.errors.iter().map(|e| Record::Error(unreadable(e))));
    early.extend(found.skipped.into_iter().map(|skipped| {
        Record::Notice(Notice {
            kind: NoticeKind::Skipped,
            message: skipped.message(),
            file: Some(skipped.path.into()),
            region: None,
            hint: None,
        })
    }));

    let progress = |work, total, silent| Progress::start(work, total, started, args.quiet || silent);
    let reading = progress("reading", files.len(), false);
    let mut surveys = survey(threads, &files, &options, &settings.config, &reading)?;
    drop(reading);
    let all = || surveys.iter().flatten();
    let namespaces: Vec<_> = all().flat_map(|s| s.namespaces.iter().cloned()).collect();
    let levels = std::mem::take(&mut settings.config.levels);
    let (levels, notices) = Levels::new(&namespaces, &settings.lent, levels, args.judge.level());
    early.extend(notices.into_iter().map(Record::Notice));
    let of_config = std::mem::take(&mut settings.config.exceptions);
    let (exceptions, notices) = exceptions(&surveys, of_config, options.today);
    early.extend(notices.into_iter().map(Record::Notice));
    if !exceptions.is_empty() {
        except(threads, &files, &mut surveys, &exceptions, &options, &settings.config)?;
    }

    let mut tally = Tally::new(args.judge.level().level, &options, &settings.fail_on);
    for (file, survey) in files.iter().zip(&surveys) {
        if let Some(survey) = survey {
            tally.file(survey, file.scope, &levels, &options);
        }
    }
    tally.add(Counts::of(&early));
    outputs.print(renderers.render(&early))?;

    let run = Run {
        levels: &levels,
        exceptions: &exceptions,
        options: &options,
        config: &settings.config,
        renderers: &renderers,
        all: renderers.want_all(),
    };
    let work = parts(&files, &surveys, &run);
    let write_baseline = args.write_baseline.as_deref();
    let mut entries = Vec::new();
    // A report that scrolls by is progress enough.
    let progress = progress("judging", files.len(), terminal::is_output());
    let say = |part: &Part<'_>| run.say(part, write_baseline.is_some(), &progress);
    let judged: Result<(), Failure> = in_order(threads, &work, say, |said| {
        said.into_iter().try_for_each(|said| {
            tally.add(said.counts);
            entries.extend(said.baseline);
            outputs.print(said.rendered)
        })
    });
    drop(progress);
    judged?;
    let mut late = options.ignores.notices(options.today);
    late.extend(exceptions.notices(options.today));
    let late: Vec<Record> = late.into_iter().map(Record::Notice).collect();
    tally.add(Counts::of(&late));
    outputs.print(renderers.render(&late))?;
    if let Some(path) = write_baseline {
        match std::fs::write(path, Baseline::write(entries)) {
            Ok(()) => tally.accept(),
            Err(error) => {
                // Other outputs are whole all the same.
                let records = [Record::Error(unwritten(path, &error))];
                tally.add(Counts::of(&records));
                outputs.print(renderers.render(&records))?;
            }
        }
    }
    let summary = tally.finish();
    outputs.finish(&summary, started)?;
    Ok(summary.exit)
}

/// What is said where `.gitignore` left nothing to scan.
fn ignored(count: usize) -> Notice {
    let (entries, are) =
        if count == 1 { ("file or directory", "is") } else { ("files or directories", "are") };
    Notice {
        kind: NoticeKind::Skipped,
        message: format!(
            "nothing was scanned: {count} {entries} that could hold manifests {are} excluded by `.gitignore`"
        ),
        file: None,
        region: None,
        hint: Some("name it to scan it all the same".into()),
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> InputError {
    InputError {
        file: path.display().to_string().into(),
        origin: None,
        region: None,
        message: format!("the baseline cannot be written: {error}"),
        hint: None,
    }
}

/// Phase one, in parallel; `None` for files that could not be read.
pub(crate) fn survey(
    threads: NonZeroUsize,
    files: &[Candidate],
    options: &Options,
    config: &Config,
    progress: &Progress,
) -> Result<Vec<Option<Survey>>, Failure> {
    let mut surveys: Vec<Option<Survey>> = Vec::with_capacity(files.len());
    let room = AtomicUsize::new(KEPT);
    let survey = |file: &Candidate| {
        let bytes = file.read_first(&room).ok();
        let survey =
            bytes.map(|bytes| seawall_check::survey(file.source(&file.name(), &bytes, config), options));
        progress.done();
        survey
    };
    let batches: Vec<&[Candidate]> = files.chunks(FILES).collect();
    let surveyed: Result<(), Failure> = in_order(
        threads,
        &batches,
        |batch| batch.iter().map(survey).collect::<Vec<_>>(),
        |batch| {
            surveys.extend(batch);
            Ok(())
        },
    );
    surveyed.map(|()| surveys)
}

/// The exceptions of the input and of the configuration, and what a person should know of them.
pub(crate) fn exceptions(
    surveys: &[Option<Survey>],
    of_config: Vec<Exception>,
    today: Date,
) -> (Exceptions, Vec<Notice>) {
    let operators = || surveys.iter().flatten().filter_map(|s| s.operators.as_deref());
    let declared: Vec<_> = operators().flat_map(|o| o.exceptions.iter().cloned()).collect();
    let policies: Vec<_> = operators().flat_map(|o| o.policies.iter().cloned()).collect();
    Exceptions::new(declared, &policies, of_config, today)
}

/// Takes exceptions into account: files with workloads are looked at once more.
pub(crate) fn except(
    threads: NonZeroUsize,
    files: &[Candidate],
    surveys: &mut [Option<Survey>],
    exceptions: &Exceptions,
    options: &Options,
    config: &Config,
) -> Result<(), Failure> {
    let pairs: Vec<_> = files
        .iter()
        .zip(surveys.iter())
        .enumerate()
        .filter_map(|(i, (file, survey))| Some((i, file, survey.as_ref()?)))
        .filter(|(.., survey)| !survey.workloads.is_empty())
        .collect();
    let mut found = Vec::new();
    let done: Result<(), Failure> = in_order(
        threads,
        &pairs,
        |(i, file, survey)| {
            // A file that is gone is told of when it is judged.
            let text = file.read_again(true).ok()?;
            let name = file.name();
            let source = file.source(&name, &text.bytes, config);
            Some((*i, seawall_check::excepted(source, survey, exceptions, options)))
        },
        |of_file| {
            found.extend(of_file);
            Ok(())
        },
    );
    done?;
    for (i, of_file) in found {
        for (position, faults) in of_file {
            let survey = surveys.get_mut(i).and_then(Option::as_mut);
            if let Some(seen) = survey.and_then(|s| s.workloads.get_mut(position)) {
                seen.excepted = Some(Box::new(faults));
            }
        }
    }
    Ok(())
}

/// Files that a thread surveys at a time.
const FILES: usize = 16;

/// Documents that a thread judges at a time: enough to be worth it, few enough to bound what waits to be printed.
const DOCUMENTS: usize = 256;

/// What a thread judges at a time.
enum Part<'a> {
    /// Files as a whole.
    Files(&'a [Candidate], &'a [Option<Survey>]),
    /// A part of a large file; with whether it is the last one.
    Items(&'a Candidate, &'a Survey, Vec<Item>, bool),
}

/// What all parts of a run share.
struct Run<'a> {
    levels: &'a Levels,
    exceptions: &'a Exceptions,
    options: &'a Options,
    config: &'a Config,
    renderers: &'a Renderers,
    /// Whether workloads that pass are told of.
    all: bool,
}

/// What is said of a part.
struct Said {
    counts: Counts,
    rendered: Rendered,
    baseline: Vec<BaselineEntry>,
}

impl Run<'_> {
    /// What has to be said of a file.
    fn items(&self, file: &Candidate, survey: &Survey) -> Vec<Item> {
        seawall_check::items(survey, file.scope, self.levels, self.options, self.all)
    }

    /// What is said of a part, with what a baseline would hold of it if one is wanted.
    fn say(&self, part: &Part<'_>, baseline: bool, progress: &Progress) -> Vec<Said> {
        let (files, surveys) = match part {
            Part::Files(files, surveys) => (files, surveys),
            Part::Items(file, survey, items, last) => {
                if *last {
                    progress.done();
                }
                return vec![self.say_items(file, survey, items, *last, baseline)];
            }
        };
        let say = |(file, survey): (&Candidate, &Option<Survey>)| {
            progress.done();
            let Some(survey) = survey else { return Some(self.said(file, &unsurveyed(file), baseline)) };
            let items = self.items(file, survey);
            (!items.is_empty()).then(|| self.say_items(file, survey, &items, true, baseline))
        };
        files.iter().zip(*surveys).filter_map(say).collect()
    }

    fn say_items(
        &self,
        file: &Candidate,
        survey: &Survey,
        items: &[Item],
        last: bool,
        baseline: bool,
    ) -> Said {
        let records = match file.read_again(last) {
            Ok(text) => {
                let name = file.name();
                let source =
                    Source { lines: Some(&text.lines), ..file.source(&name, &text.bytes, self.config) };
                seawall_check::judge(source, survey, items, self.levels, self.exceptions, self.options)
            }
            Err(error) => vec![Record::Error(unreadable(&error))],
        };
        self.said(file, &records, baseline)
    }

    fn said(&self, file: &Candidate, records: &[Record], baseline: bool) -> Said {
        let baseline =
            if baseline { entries(records, self.config.scope_name(file.scope)) } else { Vec::new() };
        Said { counts: Counts::of(records), rendered: self.renderers.render(records), baseline }
    }
}

/// What is said of a file that could not be read in the first phase.
fn unsurveyed(file: &Candidate) -> Vec<Record> {
    vec![Record::Error(match file.read_again(true) {
        Err(error) => unreadable(&error),
        Ok(_) => InputError {
            file: file.name(),
            origin: None,
            region: None,
            message: "the file changed while it was being scanned".into(),
            hint: Some("scan again".into()),
        },
    })]
}

/// The entries of a baseline for all that counts, and for what an older baseline passes over.
fn entries(records: &[Record], scope: &str) -> Vec<BaselineEntry> {
    let findings = records.iter().flat_map(|record| match record {
        Record::Workload(workload) => workload.findings.as_slice(),
        Record::Object(object) => object.findings.as_slice(),
        Record::Error(_) | Record::Notice(_) => &[],
    });
    let wanted = findings.filter(|finding| match &finding.suppressed {
        None => true,
        Some(Suppression::Ignored(ignore)) => ignore.source == IgnoreSource::Baseline,
        Some(Suppression::Excepted(_)) => false,
    });
    wanted.flat_map(|finding| finding.baseline_entries(scope)).collect()
}

/// All files in parts of about the same size, in order.
fn parts<'a>(files: &'a [Candidate], surveys: &'a [Option<Survey>], run: &Run<'_>) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let (mut start, mut size) = (0, 0);
    let until = |start: usize, end: usize| Part::Files(&files[start..end], &surveys[start..end]);
    for (i, (file, survey)) in files.iter().zip(surveys).enumerate() {
        let large = survey.as_ref().filter(|survey| survey.places.len() > DOCUMENTS);
        size += survey.as_ref().map_or(1, |survey| survey.places.len() + survey.problems.len());
        if let Some(survey) = large {
            parts.push(until(start, i));
            let items = run.items(file, survey);
            let mut chunks = items.chunks(DOCUMENTS).peekable();
            while let Some(chunk) = chunks.next() {
                parts.push(Part::Items(file, survey, chunk.to_vec(), chunks.peek().is_none()));
            }
        } else if size >= DOCUMENTS / 8 {
            parts.push(until(start, i + 1));
        } else {
            continue;
        }
        (start, size) = (i + 1, 0);
    }
    parts.push(until(start, files.len()));
    parts
}

/// Whether a file met in a directory is seawall's own configuration.
pub(crate) fn is_settings(input: &Input) -> bool {
    input.kind == InputKind::File
        && input.path.file_name().is_some_and(|n| n == settings::NAME)
        && !settings::is_manifest(&input.path)
}

/// How to judge, and a notice where the target version is newer than what is known.
fn options(args: &ScanArgs, settings: &Settings) -> (Options, Option<Notice>) {
    let newest = u64::from(seawall_check::NEWEST);
    let asked = args.judge.kubernetes_version.or(settings.config.kubernetes_version);
    let KubernetesVersion { minor } = asked.unwrap_or(KubernetesVersion { minor: newest });
    let notice = (minor > newest).then(|| Notice {
        kind: NoticeKind::VersionClamped,
        file: None,
        region: None,
        message: format!("Kubernetes v1.{minor} is newer than what is known here: judged as v1.{newest}"),
        hint: Some("update seawall".into()),
    });
    let options = Options {
        kubernetes: minor.min(newest),
        defaults: !args.no_defaults,
        custom_resources: settings.config.custom_resources.clone(),
        rules: settings.rules.clone(),
        ignores: settings.ignores.clone(),
        today: settings.today.unwrap_or_else(|| Date::from_days(terminal::today())),
        ..Options::default()
    };
    (options, notice)
}
