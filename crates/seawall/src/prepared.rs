//! What every command that judges does first: inputs surveyed, levels settled, exceptions taken into account.

use std::num::NonZeroUsize;
use std::sync::Arc;

use seawall_check::{
    BeyondLevels, Config, Declared, Definitions, Enabled, Exceptions, Hardening, InputError, LevelVersion,
    Levels, Notice, NoticeKind, Options, Record, Survey,
};
use seawall_finding::Date;
use seawall_finding::exception::Exception;
use seawall_input::{Input, InputKind, Inputs, Origin};
use seawall_model::KubernetesVersion;
use seawall_snapshot::{Header, Snapshot};

use crate::candidate::{Candidate, room, unreadable};
use crate::cli::JudgeArgs;
use crate::live::{self, Opening, Taken};
use crate::pipeline::in_order;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use crate::terminal::{self, Failure};

/// How objects are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    /// As written, without the API server's defaults.
    pub(crate) no_defaults: bool,
    /// Against the published schema, too.
    pub(crate) schema: bool,
    /// Snapshots that are met in directories, too: without, what is done is for manifests alone.
    pub(crate) snapshots: bool,
}

/// Inputs that can be judged.
pub(crate) struct Prepared {
    pub(crate) files: Vec<Candidate>,
    /// `None` for files that could not be read.
    pub(crate) surveys: Vec<Option<Survey>>,
    pub(crate) levels: Levels,
    pub(crate) exceptions: Exceptions,
    pub(crate) options: Options,
    /// What is to be said before anything is judged.
    pub(crate) early: Vec<Record>,
    /// Where the input is a cluster, the levels that its namespaces ask for.
    pub(crate) labels: Option<Levels>,
    /// The snapshots that are its input.
    pub(crate) taken: Vec<Taken>,
}

/// What is to be judged.
pub(crate) enum Found {
    Inputs(Inputs),
    /// A cluster that was just captured, with [`live::as_whom`].
    Cluster(Snapshot, String),
}

impl Prepared {
    /// Surveys all inputs and settles what they are held to; takes levels and exceptions out of the settings.
    pub(crate) fn new(
        judge: &JudgeArgs,
        found: Found,
        settings: &mut Settings,
        how: Reading,
        threads: NonZeroUsize,
        progress: &dyn Fn(&'static str, usize, bool) -> Progress,
    ) -> Result<Self, Failure> {
        let mut met = match found {
            Found::Inputs(inputs) => {
                // Pipes may be slow.
                let opening = progress("reading", inputs.inputs.len(), false);
                Met::new(inputs, judge, settings, how.snapshots, &opening)
            }
            Found::Cluster(snapshot, whom) => Met::of_cluster(snapshot, whom, settings),
        };
        let live = !met.taken.is_empty();
        let (mut options, clamped) = options(judge, how, settings, &met.taken);
        let files = std::mem::take(&mut met.files);
        let unlent = if judge.namespaces.is_some() { lend(settings, &files) } else { None };
        let mut early: Vec<Record> = clamped.into_iter().map(Record::Notice).collect();
        early.extend(met.all_ignored.map(Record::Notice));
        early.extend(unlent.map(Record::Notice));
        early.extend(met.others);
        // Of one it is clear what is spoken of.
        let several = met.taken.len() > 1;
        for Taken { name, header, whom, .. } in &met.taken {
            let notices = live::notices(header, whom).into_iter();
            let of = |notice| Notice { file: several.then(|| name.clone()), ..notice };
            early.extend(notices.map(of).map(Record::Notice));
        }

        let reading = progress("reading", files.len(), false);
        let mut surveys = survey(threads, &files, &options, &settings.config, &reading)?;
        drop(reading);
        let namespaces: Vec<_> =
            surveys.iter().flatten().flat_map(|s| s.namespaces().iter().cloned()).collect();
        if live {
            let notices = seawall_check::settle(&mut surveys, options.kubernetes);
            early.extend(notices.into_iter().map(Record::Notice));
        }
        seawall_check::index(&mut surveys, judge.complete, live, &mut options);
        let definitions = surveys.iter_mut().flatten().flat_map(Survey::take_definitions);
        options.definitions = Arc::new(Definitions::new(definitions));
        let levels = std::mem::take(&mut settings.config.levels);
        let (levels, notices) = Levels::new(&namespaces, &settings.lent, levels, judge.level());
        // Of a cluster's namespaces all labels are told.
        let told = |notice: &Notice| !(live && notice.kind == NoticeKind::NamespaceLabels);
        early.extend(notices.into_iter().filter(told).map(Record::Notice));
        let labels = live.then(|| levels.clone());
        let of_config = std::mem::take(&mut settings.config.exceptions);
        let (mut exceptions, notices) = exceptions(&surveys, of_config, options.today);
        early.extend(notices.into_iter().map(Record::Notice));
        if !exceptions.is_empty() {
            for (file, survey) in files.iter().zip(&surveys) {
                if let Some(survey) = survey {
                    exceptions.meet(file.scope, survey);
                }
            }
            except(threads, &files, &mut surveys, &exceptions, &options, &settings.config)?;
        }
        let mut prepared =
            Self { files, surveys, levels, exceptions, options, early, labels, taken: met.taken };
        if let Some(level) = judge.level.filter(|_| live) {
            prepared.hold_to(level);
        }
        Ok(prepared)
    }

    /// Holds every workload to one level, whatever its namespace and the configuration ask for.
    pub(crate) fn hold_to(&mut self, level: LevelVersion) {
        self.levels = Levels::new(&[], &[], Vec::new(), level).0;
    }
}

/// The files that inputs come to, and what is to be said of the others.
pub(crate) struct Met {
    pub(crate) files: Vec<Candidate>,
    /// Said where nothing is left.
    pub(crate) all_ignored: Option<Notice>,
    /// What could not be found or was passed over.
    pub(crate) others: Vec<Record>,
    /// The snapshots among them.
    pub(crate) taken: Vec<Taken>,
}

impl Met {
    /// Looks at what was found; `snapshots` says whether those that a walk met are wanted.
    pub(crate) fn new(
        found: Inputs,
        judge: &JudgeArgs,
        settings: &Settings,
        snapshots: bool,
        opening: &Progress,
    ) -> Self {
        let all_ignored = (found.inputs.is_empty() && found.ignored > 0).then(|| ignored(found.ignored));
        let mut others: Vec<Record> = found.errors.iter().map(|e| Record::Error(unreadable(e))).collect();
        let (mut files, mut taken) = (Vec::with_capacity(found.inputs.len()), Vec::<Taken>::new());
        for input in found.inputs {
            if input.origin == Origin::Walked && (is_settings(&input) || is_baseline(&input, settings)) {
                continue;
            }
            let name = || input.display().into();
            let error = |message, hint| {
                Record::Error(InputError { file: name(), origin: None, region: None, message, hint })
            };
            let opened = match input.origin {
                Origin::Named => live::open(&input),
                Origin::Walked => match live::is_walked_snapshot(&input) {
                    Some(true) if snapshots => live::open(&input),
                    Some(false) => Opening::File,
                    found => {
                        opening.done();
                        others.extend(passed_over(&input, found.is_some()).map(Record::Notice));
                        continue;
                    }
                },
            };
            opening.done();
            match opened {
                Opening::File => files.push(Candidate::new(input, settings)),
                Opening::Read(bytes) => files.push(Candidate::of_read(input, bytes, settings)),
                Opening::Unreadable(problem) => others.push(Record::Error(unreadable(&problem))),
                Opening::Snapshot(Err(message)) => others.push(error(message, None)),
                Opening::Snapshot(Ok(snapshot)) => {
                    let header = snapshot.header.clone();
                    let asked = judge.kubernetes_version.or(settings.config.kubernetes_version);
                    if let (None, Some(other)) = (asked, other_version(&taken, &header)) {
                        let (message, hint) = of_another_version(&header, other);
                        others.push(error(message, Some(hint)));
                        continue;
                    }
                    let name = name();
                    let parts = Candidate::of_snapshot(&input, snapshot, settings);
                    let scope = Candidate::new(input, settings).scope;
                    files.extend(parts);
                    taken.push(Taken { name, scope, header, whom: String::new() });
                }
            }
        }
        files.shrink_to_fit();
        others.extend(found.skipped.into_iter().map(|skipped| {
            Record::Notice(Notice {
                kind: NoticeKind::Skipped,
                message: skipped.message(),
                file: Some(skipped.path.into()),
                region: None,
                hint: None,
            })
        }));
        Self { files, all_ignored, others, taken }
    }

    /// What is met in a cluster.
    fn of_cluster(snapshot: Snapshot, whom: String, settings: &Settings) -> Self {
        let path = std::path::Path::new(live::CLUSTER).into();
        let input = Input { path, origin: Origin::Named, kind: InputKind::Stream, in_chart: None };
        let header = snapshot.header.clone();
        let taken = vec![Taken { name: live::CLUSTER.into(), scope: 0, header, whom }];
        let files = Candidate::of_snapshot(&input, snapshot, settings);
        Self { files, all_ignored: None, others: Vec::new(), taken }
    }
}

/// What is said of a snapshot that a walk met and that is not wanted, and of what has the name of one and is none.
fn passed_over(input: &Input, snapshot: bool) -> Option<Notice> {
    let path = input.display();
    let by_name = path.to_ascii_lowercase().ends_with(".jsonl.zst");
    let (message, hint) = match (snapshot, by_name) {
        (true, _) => {
            let hint = format!("judge it: seawall scan {}", seawall_check::shell_word(&path));
            ("a snapshot of a cluster, passed over", Some(hint))
        }
        (false, true) => ("no snapshot of a cluster, not read", None),
        (false, false) => return None,
    };
    Some(Notice {
        kind: NoticeKind::Skipped,
        file: Some(path.as_ref().into()),
        region: None,
        message: message.to_owned(),
        hint,
    })
}

/// A snapshot among those taken whose cluster judges as another version of Kubernetes does.
fn other_version<'t>(taken: &'t [Taken], header: &Header) -> Option<&'t Taken> {
    let judged = |header: &Header| header.minor().map(|minor| minor.min(u64::from(seawall_check::NEWEST)));
    let own = judged(header)?;
    taken.iter().find(|taken| judged(&taken.header).is_some_and(|version| version != own))
}

/// What is said of a snapshot that is not judged beside another, and what to do.
fn of_another_version(header: &Header, other: &Taken) -> (String, String) {
    let minor = |header: &Header| header.minor().unwrap_or_default();
    let (own, of_other) = (minor(header), minor(&other.header));
    let message = format!(
        "a snapshot of Kubernetes v1.{own} beside that of v1.{of_other} in `{}`: a scan judges at one version, so this one was not judged",
        other.name
    );
    (message, format!("scan it by itself, or judge all at one version: --kubernetes-version 1.{own}"))
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
    let room = room(files);
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
    of_config: Vec<Declared<Exception>>,
    today: Date,
) -> (Exceptions, Vec<Notice>) {
    let operators = || surveys.iter().flatten().filter_map(Survey::rare).map(|rare| &rare.operators);
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

/// Lends the namespaces that the command line names to the one scope that all files are in. What is said where they are in
/// several, which are different clusters: then only files in none take them.
fn lend(settings: &mut Settings, files: &[Candidate]) -> Option<Notice> {
    let mut scopes: Vec<u16> = files.iter().map(|file| file.scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    match scopes[..] {
        [] | [0] => None,
        [one] => {
            settings.lent.retain(|namespace| namespace.scope != one);
            settings.lent.iter_mut().filter(|n| n.scope == 0).for_each(|n| n.scope = one);
            None
        }
        _ => {
            let names = scopes.iter().filter(|scope| **scope > 0).map(|s| settings.config.scope_name(*s));
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            Some(Notice {
                kind: NoticeKind::NamespaceLabels,
                file: None,
                region: None,
                message: format!(
                    "--namespaces lends nothing to files of the scopes {}, which are different clusters",
                    names.join(", ")
                ),
                hint: Some("scan one of them, or name `namespaces` for each scope in seawall.yaml".into()),
            })
        }
    }
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

/// Whether a file met in a directory is seawall's own configuration.
pub(crate) fn is_settings(input: &Input) -> bool {
    input.kind == InputKind::File
        && input.path.file_name().is_some_and(|n| n == settings::NAME)
        && !settings::is_manifest(&input.path)
}

/// Whether a file met in a directory is the baseline of the run.
fn is_baseline(input: &Input, settings: &Settings) -> bool {
    settings.baseline.as_ref().is_some_and(|baseline| {
        input.kind == InputKind::File
            && input.path.file_name() == baseline.file_name()
            && input.path.canonicalize().is_ok_and(|path| baseline.canonicalize().is_ok_and(|b| b == path))
    })
}

/// How to judge, and a notice where the target version is newer, or for its schemas older, than what is known.
fn options(
    judge: &JudgeArgs,
    how: Reading,
    settings: &Settings,
    taken: &[Taken],
) -> (Options, Option<Notice>) {
    let newest = u64::from(seawall_check::NEWEST);
    let asked = judge.kubernetes_version.or(settings.config.kubernetes_version);
    // A cluster knows its own version.
    let own = taken.iter().find_map(|taken| taken.header.minor()).map(|minor| KubernetesVersion { minor });
    let KubernetesVersion { minor } = asked.or(own).unwrap_or(KubernetesVersion { minor: newest });
    let notice = if minor > newest {
        let message =
            format!("Kubernetes v1.{minor} is newer than what is known here: judged as v1.{newest}");
        Some((NoticeKind::VersionClamped, message, "update seawall"))
    } else if how.schema && minor < seawall_check::OLDEST_SCHEMA {
        let message = format!(
            "the schemas of Kubernetes v1.{minor} are not known here: objects were held against those of v1.{}",
            seawall_check::OLDEST_SCHEMA
        );
        Some((NoticeKind::NotEvaluated, message, "kubectl apply --dry-run=server asks the cluster itself"))
    } else {
        None
    };
    let notice = notice.map(|(kind, message, hint)| Notice {
        kind,
        file: None,
        region: None,
        message,
        hint: Some(hint.into()),
    });
    let options = Options {
        kubernetes: minor.min(newest),
        defaults: !how.no_defaults,
        schema: how.schema,
        custom_resources: settings.config.custom_resources.clone(),
        rules: settings.rules.clone(),
        hardening: Hardening {
            enabled: Enabled::new(|rule| settings.rules.selects(rule)),
            beyond_levels: BeyondLevels::new(&settings.rules, minor.min(newest)),
            params: settings.config.parameters.clone(),
            index: None,
        },
        ignores: settings.ignores.clone(),
        compat: judge.compat,
        today: settings.today.unwrap_or_else(|| Date::from_days(terminal::today())),
        ..Options::default()
    };
    (options, notice)
}
