//! `seawall scan`: survey every file, settle the levels, judge in order.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use seawall_check::{Config, InputError, Levels, Notice, NoticeKind, Options, Record, Source, Survey, Tally};
use seawall_input::{Input, InputKind, Origin};
use seawall_model::KubernetesVersion;

use crate::cli::ScanArgs;
use crate::outputs::Outputs;
use crate::pipeline::in_order;
use crate::settings;
use crate::terminal::Failure;

/// Runs a scan; the exit status.
pub(crate) fn run(args: &ScanArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let (mut outputs, renderers) = Outputs::open(args)?;
    let threads =
        args.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    let settings = match settings::load(args) {
        Ok(settings) => settings,
        Err(errors) => {
            // Without its configuration a run would judge at the wrong levels.
            let records: Vec<Record> = errors.into_iter().map(Record::Error).collect();
            outputs.print(renderers.render(&records))?;
            let mut tally = Tally::new(args.level.level, &Options::default(), &args.fail_on);
            records.iter().for_each(|r| tally.record(r));
            let summary = tally.finish();
            outputs.finish(&summary, started)?;
            return Ok(summary.exit);
        }
    };
    let (options, clamped) = options(args, &settings.config);
    let found = seawall_input::walk(&args.paths, &seawall_input::Options::default());
    let files: Vec<Candidate> = found
        .inputs
        .into_iter()
        .filter(|input| input.origin == Origin::Named || !is_settings(input))
        .map(Candidate::new)
        .collect();

    let mut early: Vec<Record> = clamped.into_iter().map(Record::Notice).collect();
    early.extend(found.errors.into_iter().map(|e| unreadable(&e)));
    early.extend(found.skipped.into_iter().map(|skipped| {
        Record::Notice(Notice {
            kind: NoticeKind::Skipped,
            message: skipped.message(),
            file: Some(skipped.path.into()),
            region: None,
            hint: None,
        })
    }));

    let mut surveys: Vec<Option<Survey>> = Vec::with_capacity(files.len());
    let survey = |file: &Candidate| {
        let bytes = file.read().ok()?;
        Some(seawall_check::survey(file.source(&bytes), &options))
    };
    let kept: Result<(), Failure> = in_order(threads, &files, survey, |s| {
        surveys.push(s);
        Ok(())
    });
    kept?;

    let namespaces: Vec<_> = surveys.iter().flatten().flat_map(|s| s.namespaces.iter().cloned()).collect();
    let (levels, notices) = Levels::new(&namespaces, settings.config, args.level);
    early.extend(notices.into_iter().map(Record::Notice));

    let mut tally = Tally::new(args.level.level, &options, &args.fail_on);
    for survey in surveys.iter().flatten() {
        tally.file(survey, &levels, &options);
    }
    for record in &early {
        tally.record(record);
    }
    outputs.print(renderers.render(&early))?;

    let work: Vec<(&Candidate, Option<&Survey>)> =
        files.iter().zip(surveys.iter().map(Option::as_ref)).collect();
    let all = renderers.want_all();
    let judge =
        |(file, survey): &(&Candidate, Option<&Survey>)| judge_file(file, *survey, &levels, &options, all);
    let judged = in_order(
        threads,
        &work,
        |item| {
            let records = judge(item);
            let rendered = renderers.render(&records);
            (records, rendered)
        },
        |(records, rendered)| {
            for record in &records {
                tally.record(record);
            }
            outputs.print(rendered)
        },
    );
    judged?;
    let summary = tally.finish();
    outputs.finish(&summary, started)?;
    Ok(summary.exit)
}

/// The records of one file: nothing where nothing has to be said of it.
fn judge_file(
    file: &Candidate,
    survey: Option<&Survey>,
    levels: &Levels,
    options: &Options,
    all: bool,
) -> Vec<Record> {
    if survey.is_some_and(|survey| !seawall_check::speaks(survey, levels, options, all)) {
        return Vec::new();
    }
    // A file that could not be read the first time is read for its error.
    let broken = Survey { broken: true, ..Survey::default() };
    let survey = survey.unwrap_or(&broken);
    match file.read() {
        Ok(bytes) => seawall_check::judge(file.source(&bytes), survey, levels, options, all),
        Err(error) => vec![unreadable(&error)],
    }
}

/// A file to be scanned. What can be read only once is kept.
struct Candidate {
    input: Input,
    name: Arc<str>,
    once: OnceLock<Arc<[u8]>>,
}

impl Candidate {
    fn new(input: Input) -> Self {
        let name = input.display().into();
        Self { input, name, once: OnceLock::new() }
    }

    fn read(&self) -> Result<Arc<[u8]>, seawall_input::InputError> {
        if let Some(bytes) = self.once.get() {
            return Ok(bytes.clone());
        }
        let bytes = seawall_input::read(&self.input)?;
        if self.input.kind != InputKind::File {
            let _ = self.once.set(bytes.clone());
        }
        Ok(bytes)
    }

    fn source<'a>(&'a self, bytes: &'a Arc<[u8]>) -> Source<'a> {
        Source {
            file: &self.name,
            bytes,
            walked: self.input.origin == Origin::Walked,
            chart: self.input.in_chart.as_deref(),
        }
    }
}

/// Whether a file met in a directory is seawall's own configuration.
fn is_settings(input: &Input) -> bool {
    input.kind == InputKind::File && input.path.file_name().is_some_and(|n| n == settings::NAME)
}

fn unreadable(error: &seawall_input::InputError) -> Record {
    Record::Error(InputError {
        file: error.path.as_str().into(),
        source: None,
        region: None,
        message: error.message.clone(),
        hint: None,
    })
}

/// How to judge, and a notice where the target version is newer than what is known.
fn options(args: &ScanArgs, config: &Config) -> (Options, Option<Notice>) {
    let newest = u64::from(seawall_check::NEWEST);
    let asked = args.kubernetes_version.or(config.kubernetes_version);
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
        custom_resources: config.custom_resources.clone(),
    };
    (options, notice)
}
