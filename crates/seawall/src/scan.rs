//! `seawall scan`: survey every file, settle the levels, judge in order.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use seawall_check::{
    Base, Baseline, BaselineEntry, Clusters, Config, Counts, Exceptions, HELD, InputError, Item, Levels,
    Notice, NoticeKind, Options, Reach, Record, Source, Suppression, Survey, Tally,
};
use seawall_finding::IgnoreSource;
use seawall_report::Bar;

use crate::candidate::{Candidate, unreadable};
use crate::cli::ScanArgs;
use crate::live;
use crate::outputs::{Outputs, Rendered, Renderers};
use crate::pipeline::in_order;
use crate::prepared::{Found, Prepared, Reading};
use crate::progress::Progress;
use crate::scores;
use crate::settings;
use crate::terminal::{self, Failure};
use crate::watch;

/// Runs a scan, or one after the other while somebody watches; the exit status.
pub(crate) fn run(args: &ScanArgs) -> Result<u8, Failure> {
    if args.watch { watch::run(args) } else { once(args) }
}

/// Runs one scan; the exit status.
pub(crate) fn once(args: &ScanArgs) -> Result<u8, Failure> {
    if let Some(model) = args.score_model {
        return scores::run(args, model);
    }
    let started = Instant::now();
    if args.write_baseline.as_deref() == Some(Path::new("-")) {
        let hint = "name a file: --write-baseline seawall-baseline.yaml".to_owned();
        return Err(Failure::Usage("a baseline cannot go to standard output".into(), Some(hint)));
    }
    let threads = args.how.threads();
    let loaded =
        settings::load(&args.judge, Base::Recommended, &args.bar.fail_on, args.write_baseline.as_deref());
    let mut found = match &loaded {
        Ok(_) if args.cluster => seawall_input::Inputs::default(),
        Ok(_) => seawall_input::walk(&args.judge.paths, &seawall_input::Options::default()),
        Err(_) => seawall_input::Inputs::default(),
    };
    let bars = loaded.as_ref().map_or(&args.bar.fail_on, |settings| &settings.fail_on);
    if !args.cluster
        && let Some(option) = args.first_of_cluster()
    {
        let hint = "seawall scan --cluster ...".to_owned();
        return Err(Failure::Usage(format!("`{option}` is for a cluster"), Some(hint)));
    }
    // Before anything is written: a cluster that cannot be read leaves no report.
    let captured = match loaded {
        Ok(_) if args.cluster => Some(live::capture(&args.connect, &args.read, started, args.quiet)?),
        _ => None,
    };
    let (mut outputs, renderers) = Outputs::open(args, Bar::of(bars), &mut found.inputs)?;
    let mut settings = match loaded {
        Ok(settings) => settings,
        Err(errors) => {
            // Without its configuration a run would judge at the wrong levels.
            let records: Vec<Record> = errors.into_iter().map(Record::Error).collect();
            outputs.print(renderers.render(&records))?;
            let mut tally = Tally::new(&Options::default(), &args.bar.fail_on);
            tally.add(Counts::of(&records));
            let summary = tally.finish();
            outputs.finish(&summary, started)?;
            return Ok(summary.exit);
        }
    };
    let progress = |work, total, silent| Progress::start(work, total, started, args.quiet || silent);
    let how = Reading { no_defaults: args.no_defaults, schema: args.schema, snapshots: true };
    let found =
        captured.map_or(Found::Inputs(found), |taken| Found::Cluster(taken, live::as_whom(&args.connect)));
    let prepared = Prepared::new(&args.judge, found, &mut settings, how, threads, &progress)?;
    let Prepared { files, surveys, levels, exceptions, options, early, labels, taken } = prepared;
    let options = Options {
        patches: renderers.want_patches(),
        edits: renderers.want_edits() && labels.is_none(),
        sentences: renderers.want_sentences(),
        tells_suppressed: renderers.tell_suppressed(),
        // A baseline holds all there is.
        held: if args.write_baseline.is_some() { usize::MAX } else { HELD },
        ..options
    };
    let mut tally = Tally::new(&options, &settings.fail_on);
    if labels.is_some() {
        tally.by_namespace();
    }
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
        system_apart: labels.is_some() && args.read.namespace.is_empty(),
    };
    let work = parts(&files, &surveys, &run);
    let write_baseline = args.write_baseline.as_deref();
    let (mut entries, mut apart) = (Vec::new(), 0);
    // A report that scrolls by is progress enough.
    let progress = progress("judging", files.len(), terminal::is_output());
    let say = |part: &Part<'_>| run.say(part, write_baseline.is_some(), &progress);
    let judged: Result<(), Failure> = in_order(threads, &work, say, |said| {
        said.into_iter().try_for_each(|said| {
            tally.add(said.counts);
            apart += said.apart;
            entries.extend(said.baseline);
            outputs.print(said.rendered)
        })
    });
    drop(progress);
    judged?;
    let reach = Reach::new(&levels, &options);
    let mut late = options.ignores.notices(reach);
    late.extend(exceptions.notices(reach));
    if apart > 0 {
        late.push(left_apart(apart));
    }
    let late: Vec<Record> = late.into_iter().map(Record::Notice).collect();
    tally.add(Counts::of(&late));
    outputs.print(renderers.render(&late))?;
    if let Some(path) = write_baseline {
        entries.extend(options.ignores.unjudged(reach));
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
    if let Some(labels) = &labels {
        tally.take_namespaces(&Clusters {
            levels: labels,
            complete: &|scope, namespace| live::is_complete(&taken, scope, namespace),
            scope_name: &|scope| settings.config.scope_name(scope).to_owned(),
        });
    }
    let summary = tally.finish();
    outputs.finish(&summary, started)?;
    Ok(summary.exit)
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

/// Documents that a thread judges at a time: enough to be worth it, few enough to bound what waits to be printed.
const DOCUMENTS: usize = 16;

/// What a thread judges at a time.
enum Part<'a> {
    /// Files as a whole.
    Files(&'a [Candidate], &'a [Option<Survey>]),
    /// A part of a large file; with how many of its parts are left.
    Items(&'a Candidate, &'a Survey, Vec<Item>, Arc<AtomicUsize>),
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
    /// Whether people are not told of what is found in namespaces of the cluster itself, unless it is at the bar.
    system_apart: bool,
}

/// What is said of a part.
struct Said {
    counts: Counts,
    rendered: Rendered,
    /// Objects that people were not told of.
    apart: u64,
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
            Part::Items(file, survey, items, left) => {
                let said = self.say_items(file, survey, items, false, baseline);
                if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    file.release();
                    progress.done();
                }
                return vec![said];
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
        let apart = |record: &Record| self.system_apart && is_system(record);
        Said {
            counts: Counts::of(records),
            rendered: self.renderers.render_but(records, &apart),
            apart: records.iter().filter(|record| apart(record)).count() as u64,
            baseline,
        }
    }
}

/// Whether a record is of a namespace of the cluster itself, with findings that fail nothing.
fn is_system(record: &Record) -> bool {
    let (object, findings, open) = match record {
        Record::Workload(workload) => (
            &workload.object,
            &workload.findings,
            workload.open.contains(&true) || workload.refused.is_some(),
        ),
        Record::Object(report) => (&report.object, &report.findings, report.is_open()),
        Record::Error(_) | Record::Notice(_) => return false,
    };
    let namespace = if object.kind == "Namespace" { &object.name } else { &object.namespace };
    !open && !findings.is_empty() && seawall_check::system_owner(namespace).is_some()
}

fn left_apart(objects: u64) -> Notice {
    let (objects_have, are) = if objects == 1 { ("object has", "is") } else { ("objects have", "are") };
    Notice {
        kind: NoticeKind::Skipped,
        file: None,
        region: None,
        message: format!(
            "{objects} {objects_have} findings in namespaces of the cluster itself, which fail nothing and {are} not shown here"
        ),
        hint: Some("seawall scan --cluster --namespace kube-system, or --format json".to_owned()),
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
        size += survey.as_ref().map_or(1, |survey| survey.places.len() + survey.problems().len());
        if let Some(survey) = large {
            parts.push(until(start, i));
            let items = run.items(file, survey);
            let chunks = items.chunks(DOCUMENTS);
            let left = Arc::new(AtomicUsize::new(chunks.len()));
            parts.extend(chunks.map(|chunk| Part::Items(file, survey, chunk.to_vec(), left.clone())));
        } else if size >= DOCUMENTS {
            parts.push(until(start, i + 1));
        } else {
            continue;
        }
        (start, size) = (i + 1, 0);
    }
    parts.push(until(start, files.len()));
    parts
}
