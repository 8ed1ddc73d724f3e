//! `seawall scan --score-model`: what another tool would say of each object.
//!
//! One thread reads every file, twice where checks look at other objects: what is printed is never held.

use std::collections::BTreeSet;
use std::time::Instant;

use seawall_check::scores::{CHECKS, Edition, Facts, KubeScore, Model, ModelName, ScoreRecord, Tally, score};
use seawall_check::{Base, Record, Source};
use seawall_report::{Bar, Renderer};

use crate::candidate::{room, unreadable};
use crate::cli::{RulesArg, ScanArgs};
use crate::outputs::{Outputs, Renderers};
use crate::prepared::Met;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use crate::terminal::{self, Failure};

/// Runs it; the exit status.
pub(crate) fn run(args: &ScanArgs, name: ModelName) -> Result<u8, Failure> {
    let started = Instant::now();
    if let Some(format) = args.formats.iter().find(|arg| !Renderer::tells_scores(arg.format)) {
        let message = format!("scores are not told as {}", format.format.as_str());
        return Err(Failure::Usage(
            message,
            Some("known formats of --score-model: text, json, jsonl".into()),
        ));
    }
    let ids = Ids::of(args, name)?;
    let loaded = settings::load(&args.judge, Base::Recommended, &[], None);
    let mut found = match &loaded {
        Ok(_) => seawall_input::walk(&args.judge.paths, &seawall_input::Options::default()),
        Err(_) => seawall_input::Inputs::default(),
    };
    let (mut outputs, renderers) = Outputs::open(args, Bar::ENFORCE, &mut found.inputs)?;
    let mut tally = Tally::default();
    let mut say = |record: ScoreRecord| say(&record, &mut tally, &renderers, &mut outputs);
    match loaded {
        Err(errors) => {
            errors.into_iter().map(Record::Error).try_for_each(|error| say(ScoreRecord::Other(error)))?;
        }
        Ok(settings) => {
            let sizes = files(args, &model(args, name, ids, &settings), found, &settings, started, &mut say)?;
            for size in sizes {
                tally.file(size);
            }
        }
    }
    let summary = tally.finish();
    outputs.finish_scores(&summary, name, started)?;
    Ok(summary.exit())
}

fn say(
    record: &ScoreRecord,
    tally: &mut Tally,
    renderers: &Renderers,
    outputs: &mut Outputs,
) -> Result<(), Failure> {
    tally.add(record);
    outputs.print(renderers.render_score(record))
}

/// kube-score's checks that the command line turns on and off.
struct Ids {
    enabled: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

impl Ids {
    fn of(args: &ScanArgs, model: ModelName) -> Result<Self, Failure> {
        let ids = |named: &[RulesArg], option: &str| {
            named.iter().map(|arg| id(&arg.0.name, model, option)).collect::<Result<BTreeSet<_>, _>>()
        };
        Ok(Self {
            enabled: ids(&args.judge.enable, "--enable")?,
            ignored: ids(&args.judge.deselect, "--deselect")?,
        })
    }
}

fn id(name: &str, model: ModelName, option: &str) -> Result<String, Failure> {
    let known: Vec<&str> = match model {
        ModelName::Kubesec => {
            let message = format!("kubesec's rules cannot be chosen: leave `{option}` out");
            return Err(Failure::Usage(message, None));
        }
        ModelName::KubeScore => CHECKS.iter().map(|check| check.id).collect(),
    };
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let hint = format!("its checks: {}", known.join(", "));
    Err(Failure::Usage(format!("kube-score has no check `{name}`"), Some(hint)))
}

/// The model, with what the command line and the configuration set of it.
fn model(args: &ScanArgs, name: ModelName, ids: Ids, settings: &Settings) -> Model {
    match name {
        ModelName::Kubesec => Model::Kubesec(Edition::Released),
        ModelName::KubeScore => {
            let defaults = KubeScore::default();
            let version = args.judge.kubernetes_version.or(settings.config.kubernetes_version);
            let minor = version.and_then(|version| u32::try_from(version.minor).ok());
            let replicas = settings.config.parameters.minimum_replicas;
            let replicas = i32::try_from(replicas).unwrap_or(i32::MAX);
            Model::KubeScore(KubeScore {
                kubernetes: minor.map_or(defaults.kubernetes, |minor| (1, minor)),
                min_replicas_deployment: replicas,
                min_replicas_hpa: replicas,
                enabled: ids.enabled,
                ignored: ids.ignored,
                ..defaults
            })
        }
    }
}

/// Scores all files; the sizes of those that could be read.
fn files(
    args: &ScanArgs,
    model: &Model,
    found: seawall_input::Inputs,
    settings: &Settings,
    started: Instant,
    say: &mut impl FnMut(ScoreRecord) -> Result<(), Failure>,
) -> Result<Vec<seawall_check::scores::Size>, Failure> {
    let opening = Progress::start("reading", found.inputs.len(), started, args.quiet);
    let Met { files, all_ignored, others, taken } = Met::new(found, &args.judge, settings, false, &opening);
    drop(opening);
    if !taken.is_empty() {
        let hint = "score the manifests that it was made from: seawall scan --score-model kube-score deploy/"
            .to_owned();
        return Err(Failure::Usage("a snapshot of a cluster cannot be scored".to_owned(), Some(hint)));
    }
    for record in all_ignored.map(Record::Notice).into_iter().chain(others) {
        say(ScoreRecord::Other(record))?;
    }
    let progress = |work, silent| Progress::start(work, files.len(), started, args.quiet || silent);
    let reading = progress("reading", false);
    let (mut facts, room) = (Facts::default(), room(&files));
    if model.needs_facts() {
        for file in &files {
            // What cannot be read is told below.
            if let Ok(bytes) = file.read_first(&room) {
                let name = file.name();
                facts.add(&file.source(&name, &bytes, &settings.config), model);
            }
            reading.done();
        }
    }
    drop(reading);
    let scoring = progress("scoring", terminal::is_output());
    let mut sizes = Vec::with_capacity(files.len());
    for file in &files {
        match file.read_again(true) {
            Ok(text) => {
                let name = file.name();
                let source =
                    Source { lines: Some(&text.lines), ..file.source(&name, &text.bytes, &settings.config) };
                sizes.push(score(&source, model, &facts, &mut *say)?);
            }
            Err(error) => say(ScoreRecord::Other(Record::Error(unreadable(&error))))?,
        }
        scoring.done();
    }
    Ok(sizes)
}
