//! `seawall scan`: survey every file, settle the levels, judge in order.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use seawall_check::{
    Config, Counts, InputError, Item, Levels, Notice, NoticeKind, Options, Record, Source, Survey, Tally,
};
use seawall_input::{Input, InputKind, Origin};
use seawall_model::KubernetesVersion;
use seawall_yaml::LineIndex;

use crate::cli::ScanArgs;
use crate::outputs::{Outputs, Rendered, Renderers};
use crate::pipeline::in_order;
use crate::settings;
use crate::terminal::Failure;

/// Runs a scan; the exit status.
pub(crate) fn run(args: &ScanArgs) -> Result<u8, Failure> {
    let started = Instant::now();
    let threads =
        args.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    let loaded = settings::load(args);
    let mut found = match &loaded {
        Ok(_) => seawall_input::walk(&args.paths, &seawall_input::Options::default()),
        Err(_) => seawall_input::Inputs::default(),
    };
    let (mut outputs, renderers) = Outputs::open(args, &mut found.inputs)?;
    let config = match loaded {
        Ok(config) => config,
        Err(errors) => {
            // Without its configuration a run would judge at the wrong levels.
            let records: Vec<Record> = errors.into_iter().map(Record::Error).collect();
            outputs.print(renderers.render(&records))?;
            let mut tally = Tally::new(args.level.level, &Options::default(), &args.fail_on);
            tally.add(Counts::of(&records));
            let summary = tally.finish();
            outputs.finish(&summary, started)?;
            return Ok(summary.exit);
        }
    };
    let (options, clamped) = options(args, &config);
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
    let room = AtomicUsize::new(KEPT);
    let survey = |file: &Candidate| {
        let bytes = file.read_first(&room).ok()?;
        Some(seawall_check::survey(file.source(&bytes), &options))
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
    surveyed?;

    let namespaces: Vec<_> = surveys.iter().flatten().flat_map(|s| s.namespaces.iter().cloned()).collect();
    let (levels, notices) = Levels::new(&namespaces, config, args.level);
    early.extend(notices.into_iter().map(Record::Notice));

    let mut tally = Tally::new(args.level.level, &options, &args.fail_on);
    for survey in surveys.iter().flatten() {
        tally.file(survey, &levels, &options);
    }
    tally.add(Counts::of(&early));
    outputs.print(renderers.render(&early))?;

    let all = renderers.want_all();
    let work =
        batches_of_work(&files, &surveys, |survey| seawall_check::items(survey, &levels, &options, all));
    let judged: Result<(), Failure> = in_order(
        threads,
        &work,
        |batch| batch.iter().map(|part| part.say(&levels, &options, &renderers)).collect::<Vec<_>>(),
        |said| {
            said.into_iter().try_for_each(|(counts, rendered)| {
                tally.add(counts);
                outputs.print(rendered)
            })
        },
    );
    judged?;
    let summary = tally.finish();
    outputs.finish(&summary, started)?;
    Ok(summary.exit)
}

/// Files that a thread surveys at a time.
const FILES: usize = 16;

/// Documents that a thread judges at a time: enough to be worth it, few enough to bound what waits to be printed.
const DOCUMENTS: usize = 256;

/// A part of what has to be said of a file.
struct Part<'a> {
    file: &'a Candidate,
    /// `None` for a file that could not be read.
    survey: Option<&'a Survey>,
    items: Vec<Item>,
    /// Whether nothing follows of the same file.
    last: bool,
}

impl Part<'_> {
    /// What is printed of it.
    fn say(&self, levels: &Levels, options: &Options, renderers: &Renderers) -> (Counts, Rendered) {
        let records = match (self.survey, self.file.read_again(self.last)) {
            (Some(survey), Ok(text)) => {
                let source = Source { lines: Some(&text.lines), ..self.file.source(&text.bytes) };
                seawall_check::judge(source, survey, &self.items, levels, options)
            }
            (_, Err(error)) => vec![unreadable(&error)],
            (None, Ok(_)) => vec![Record::Error(InputError {
                file: self.file.name.clone(),
                origin: None,
                region: None,
                message: "the file changed while it was being scanned".into(),
                hint: Some("scan again".into()),
            })],
        };
        (Counts::of(&records), renderers.render(&records))
    }
}

/// What has to be said of all files, in parts of about the same size, in order.
fn batches_of_work<'a>(
    files: &'a [Candidate],
    surveys: &'a [Option<Survey>],
    items: impl Fn(&Survey) -> Vec<Item>,
) -> Vec<Vec<Part<'a>>> {
    let mut batches = Vec::new();
    let mut batch: Vec<Part<'_>> = Vec::new();
    let mut size = 0;
    for (file, survey) in files.iter().zip(surveys) {
        let Some(survey) = survey else {
            batch.push(Part { file, survey: None, items: Vec::new(), last: true });
            continue;
        };
        let items = items(survey);
        let parts = items.chunks(DOCUMENTS).len();
        for (i, items) in items.chunks(DOCUMENTS).enumerate() {
            size += items.len();
            batch.push(Part { file, survey: Some(survey), items: items.to_vec(), last: i + 1 == parts });
            if size >= DOCUMENTS / 8 {
                batches.push(std::mem::take(&mut batch));
                size = 0;
            }
        }
    }
    batches.push(batch);
    batches
}

/// A file's bytes and where its lines start.
#[derive(Clone)]
struct Text {
    bytes: Arc<[u8]>,
    lines: Arc<[u32]>,
}

/// Bytes of files that are kept between the phases, so that small inputs are read once.
const KEPT: usize = 4 << 20;

/// A file to be scanned. What can be read only once is kept, and of the others what there is room for.
struct Candidate {
    input: Input,
    name: Arc<str>,
    once: OnceLock<Arc<[u8]>>,
    held: Mutex<Option<Text>>,
}

impl Candidate {
    fn new(input: Input) -> Self {
        let name = input.display().into();
        Self { input, name, once: OnceLock::new(), held: Mutex::new(None) }
    }

    /// Reads it the first time; `room` is what may still be kept.
    fn read_first(&self, room: &AtomicUsize) -> Result<Arc<[u8]>, seawall_input::InputError> {
        let bytes = seawall_input::read(&self.input)?;
        let take = |left: usize| left.checked_sub(bytes.len());
        if self.input.kind != InputKind::File || room.fetch_update(Relaxed, Relaxed, take).is_ok() {
            let _ = self.once.set(bytes.clone());
        }
        Ok(bytes)
    }

    /// Reads it once more: a file of several parts is held from its first part on, until its last one is done.
    fn read_again(&self, last: bool) -> Result<Text, seawall_input::InputError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let text = if let Some(text) = held.take() {
            text
        } else {
            let bytes = match self.once.get() {
                Some(bytes) => bytes.clone(),
                None => seawall_input::read(&self.input)?,
            };
            let lines = LineIndex::new(&bytes).starts();
            Text { bytes, lines }
        };
        *held = (!last).then(|| text.clone());
        Ok(text)
    }

    fn source<'a>(&'a self, bytes: &'a Arc<[u8]>) -> Source<'a> {
        Source {
            file: &self.name,
            bytes,
            lines: None,
            walked: self.input.origin == Origin::Walked,
            chart: self.input.in_chart.as_deref(),
        }
    }
}

/// Whether a file met in a directory is seawall's own configuration.
fn is_settings(input: &Input) -> bool {
    input.kind == InputKind::File
        && input.path.file_name().is_some_and(|n| n == settings::NAME)
        && !settings::is_manifest(&input.path)
}

fn unreadable(error: &seawall_input::InputError) -> Record {
    Record::Error(InputError {
        file: error.path.as_str().into(),
        origin: None,
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
