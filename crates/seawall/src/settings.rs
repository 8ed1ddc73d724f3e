//! What holds for a run besides the command line: the configuration file, and the files that it or the command line names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_check::{
    Base, Baseline, Config, ConfigError, FailOn, ForeignFile, ForeignIgnores, Ignores, Images, Imported,
    InputError, NamespaceObject, Options, Origin, Part, RuleSettings, SETTINGS, Source,
};
use seawall_finding::Date;
use seawall_input::{Input, InputKind};
use seawall_yaml::{Document, LineIndex, NodeRef};

use crate::cli::{JudgeArgs, RulesArg};
use crate::import_config;
use crate::live::{self, Opening};
use crate::terminal::Failure;

/// The name that is looked for.
pub(crate) const NAME: &str = "seawall.yaml";

/// The argument for standard input.
const STDIN: &str = "-";

/// What the file of settings is often called instead.
const MISNAMED: &str = "seawall.yml";

/// Settings by name, each with the line of its key.
type Places = Vec<(&'static str, u32)>;

/// Parts of settings, each with its line.
type Parts = Vec<(Part, u32)>;

/// The settings of a run.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// What the configuration file says.
    pub(crate) config: Config,
    /// The configuration file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// The line of each setting that the configuration file has.
    pub(crate) places: Places,
    /// What these consist of.
    pub(crate) parts: Parts,
    /// The profile that holds.
    pub(crate) profile: Option<String>,
    /// The baseline file.
    pub(crate) baseline: Option<PathBuf>,
    /// The file that lends namespaces.
    pub(crate) namespaces: Option<PathBuf>,
    /// Rules as the configuration and the profile have them.
    pub(crate) rules: RuleSettings,
    /// What makes the run fail.
    pub(crate) fail_on: Vec<FailOn>,
    /// What is passed over.
    pub(crate) ignores: Arc<Ignores>,
    /// Namespaces whose labels are lent, each for its scope.
    pub(crate) lent: Vec<NamespaceObject>,
    /// The day that expiries are judged by.
    pub(crate) today: Option<Date>,
    /// The directory that patterns for paths begin at, absolute.
    directory: PathBuf,
}

impl Settings {
    /// Settings of a directory without configuration.
    pub(crate) fn bare(directory: &Path) -> Self {
        let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf());
        Self { directory, ..Self::default() }
    }

    /// A file's path from the directory that patterns begin at; as it is where it is elsewhere.
    pub(crate) fn relative(&self, input: &Input) -> Box<str> {
        let below = (input.kind == InputKind::File).then(|| self.below(&input.path)).flatten();
        below.unwrap_or_else(|| input.display().into())
    }

    /// A path from the directory that patterns begin at, if it is below.
    pub(crate) fn below(&self, path: &Path) -> Option<Box<str>> {
        let whole = std::path::absolute(path).ok()?;
        let below = whole.strip_prefix(&self.directory).ok()?;
        let parts: Vec<_> = below.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        Some(parts.join("/").into())
    }
}

/// The settings for these arguments, or what is wrong with their files. `base` holds where no profile does; `written` is a
/// baseline that the run writes.
pub(crate) fn load(
    args: &JudgeArgs,
    base: Base,
    bars: &[FailOn],
    written: Option<&Path>,
) -> Result<Settings, Vec<InputError>> {
    let file = match args.config.clone() {
        Some(file) => Some(file),
        None => discover(args)?,
    };
    let (mut config, places, parts) = file.as_deref().map_or_else(|| Ok(Default::default()), read_config)?;
    let directory = directory(file.as_deref());
    let profile = args.profile.as_ref().or(config.profile.as_ref());
    let mut rules = RuleSettings { base, ..config.rules.clone() };
    let mut fail_on = config.fail_on.clone();
    if let Some(name) = profile {
        let Some(profile) = config.profile_called(name) else {
            let file = file.as_deref().map_or(NAME.into(), display);
            let message = format!("no profile is called `{name}`");
            return Err(vec![unplaced(file, message, Some(config.profiles_hint()))]);
        };
        rules = rules.with(&profile);
        if !profile.fail_on.is_empty() {
            fail_on.clone_from(&profile.fail_on);
        }
    }
    let rules_of = |args: &[RulesArg]| args.iter().map(|arg| arg.0.clone()).collect::<Vec<_>>();
    if !args.select.is_empty() {
        rules.select = rules_of(&args.select);
    }
    rules.enable.extend(rules_of(&args.enable));
    rules.deselect.extend(rules_of(&args.deselect));
    if !bars.is_empty() {
        fail_on = bars.to_vec();
    }
    if fail_on.is_empty() {
        fail_on.push(FailOn::Enforce);
    }
    let baseline = named(args.baseline.as_ref(), config.baseline.as_ref(), &directory);
    let entries = match baseline.clone() {
        // A baseline that is about to be written need not be there yet.
        Some(path) if written == Some(path.as_path()) && !path.exists() => None,
        Some(path) => Some(read_baseline(&path)?),
        None => None,
    };
    let namespaces = named(args.namespaces.as_ref(), config.namespaces.as_ref(), &directory);
    let mut lent = Vec::new();
    for (scope, path) in lenders(&config, namespaces.as_deref(), &directory) {
        let stdin = scope == 0 && args.namespaces.as_deref() == Some(Path::new(STDIN));
        let input = if stdin { namespaces_on_stdin(args)? } else { named_input(&path) };
        lent.extend(read_namespaces(&input)?.into_iter().map(|n| NamespaceObject { scope, ..n }));
    }
    let foreign = if args.compat { read_compat(&directory)? } else { ForeignIgnores::default() };
    let own = std::mem::take(&mut config.ignores).into_iter();
    let ignores = Arc::new(Ignores {
        entries: own.chain(foreign.entries).collect(),
        unknown: foreign.unknown,
        baseline: entries,
    });
    let profile = profile.cloned();
    Ok(Settings {
        config,
        file,
        places,
        parts,
        profile,
        rules,
        fail_on,
        ignores,
        lent,
        baseline,
        namespaces,
        today: args.today,
        directory,
    })
}

/// The files that settings for these arguments come from, whether they are there or not.
pub(crate) fn files(args: &JudgeArgs) -> Vec<PathBuf> {
    let file = args.config.clone().or_else(|| discover(args).ok().flatten());
    let config = file.as_deref().and_then(|path| read_config(path).ok()).unwrap_or_default().0;
    let directory = directory(file.as_deref());
    let baseline = named(args.baseline.as_ref(), config.baseline.as_ref(), &directory);
    let namespaces = named(args.namespaces.as_ref(), config.namespaces.as_ref(), &directory);
    let lenders = lenders(&config, namespaces.as_deref(), &directory).into_iter().map(|(_, path)| path);
    let foreign =
        ForeignFile::ALL.iter().filter(|_| args.compat).map(|file| shown(directory.join(file.name())));
    [file, baseline].into_iter().flatten().chain(lenders).chain(foreign).collect()
}

/// What the files of other tools in a directory pass over.
fn read_compat(directory: &Path) -> Result<ForeignIgnores, Vec<InputError>> {
    let mut out = ForeignIgnores::default();
    for file in ForeignFile::ALL {
        let path = shown(directory.join(file.name()));
        if !path.is_file() {
            continue;
        }
        let text = Text::read(&path)?;
        let lines = text.lines();
        if file == ForeignFile::TrivyIgnore {
            text.located(out.add_lines(&text.name, &lines))?;
        } else if let Some(document) = text.document()? {
            text.located(out.add_document(file, &document, &text.name, &lines))?;
        }
    }
    Ok(out)
}

/// The files that lend namespaces, each with the scope that it lends them to.
fn lenders(config: &Config, all: Option<&Path>, directory: &Path) -> Vec<(u16, PathBuf)> {
    let own = config.scopes.iter().zip(1..).filter_map(|(scope, number)| {
        scope.namespaces.as_ref().map(|path| (number, shown(directory.join(path))))
    });
    all.map(|path| (0, path.to_path_buf())).into_iter().chain(own).collect()
}

/// What a configuration file says, and the lines of its settings and their parts.
fn read_config(path: &Path) -> Result<(Config, Places, Parts), Vec<InputError>> {
    let text = Text::read(path)?;
    let lines = text.lines();
    let read = |document: &Document| Config::from_document(document, &text.name, &lines);
    let mut config = text.document()?.map_or_else(|| Ok(Config::default()), |d| text.located(read(&d)))?;
    let places = config.places.iter().map(|(name, span)| (*name, lines.position(span.start).line)).collect();
    let parts = std::mem::take(&mut config.parts).into_iter();
    let parts = parts.map(|part| (lines.position(part.span.start).line, part)).map(|(line, p)| (p, line));
    Ok((config, places, parts.collect()))
}

/// The directory of a configuration file, absolute; the current one where there is none.
fn directory(file: Option<&Path>) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    match file.and_then(Path::parent) {
        Some(parent) => std::path::absolute(here.join(parent)).unwrap_or_else(|_| parent.to_path_buf()),
        None => here,
    }
}

/// The file that an argument names, else the one that a setting names from the directory of the configuration file.
fn named(argument: Option<&PathBuf>, setting: Option<&String>, directory: &Path) -> Option<PathBuf> {
    argument.cloned().or_else(|| setting.map(|path| shown(directory.join(path))))
}

fn read_baseline(path: &Path) -> Result<Baseline, Vec<InputError>> {
    let text = Text::read(path)?;
    let entries = match text.document()? {
        Some(document) => text.located(Baseline::read(&document))?,
        None => Vec::new(),
    };
    Ok(Baseline::new(text.name.clone(), entries))
}

/// Whether a file is empty or a baseline, of whatever version.
pub(crate) fn is_baseline(bytes: &[u8]) -> bool {
    let entries = seawall_yaml::read(bytes);
    let is_one = |d: &Document| Baseline::is_one(d.root());
    bytes.is_empty() || entries.iter().any(|e| e.document.as_ref().is_some_and(is_one))
}

/// Standard input, for namespaces: it must not be named for manifests too.
fn namespaces_on_stdin(args: &JudgeArgs) -> Result<Input, Vec<InputError>> {
    if args.paths.iter().any(|path| path == STDIN) {
        let message = "standard input is named for manifests and for namespaces, and can be read once only";
        let hint = "write the namespaces to a file: --namespaces namespaces.yaml".to_owned();
        return Err(vec![unplaced("<stdin>".into(), message.into(), Some(hint))]);
    }
    Ok(Input { kind: InputKind::Stdin, ..named_input(Path::new(STDIN)) })
}

/// The Namespace objects of a file or of a snapshot.
fn read_namespaces(input: &Input) -> Result<Vec<NamespaceObject>, Vec<InputError>> {
    let name: Arc<str> = input.display().into();
    let failed = |message| vec![unplaced(name.clone(), message, None)];
    let of = |bytes| namespaces_of(&Text { name: name.clone(), bytes });
    let found = match live::open(input) {
        Opening::File => of(seawall_input::read(input).map_err(|e| failed(e.message))?)?,
        Opening::Read(bytes) => of(bytes)?,
        Opening::Unreadable(error) => return Err(failed(error.message)),
        Opening::Snapshot(read) => {
            let mut found = Vec::new();
            for frame in read.map_err(failed)?.frames {
                let text = frame.text().map_err(|e| failed(format!("the snapshot is broken: {e}")))?;
                found.extend(of(text)?);
            }
            found
        }
    };
    if found.is_empty() {
        let hint = "write one: kubectl get namespaces -o yaml > namespaces.yaml".to_owned();
        return Err(vec![unplaced(name, "no Namespace is in this file".into(), Some(hint))]);
    }
    Ok(found)
}

/// The Namespace objects of a text.
fn namespaces_of(text: &Text) -> Result<Vec<NamespaceObject>, Vec<InputError>> {
    let source = Source::named(&text.name, &text.bytes);
    let survey = seawall_check::survey(source, &Options::default());
    let lines = text.lines();
    let problems: Vec<InputError> = survey
        .problems()
        .iter()
        .map(|unread| unread.problem.clone())
        .map(|p| text.error(&lines, ConfigError { span: p.span, message: p.message, hint: p.hint }))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(survey.namespaces().to_vec())
}

/// Adds what a file says of images.
pub(crate) fn read_images(path: &Path, images: &mut Images) -> Result<(), Vec<InputError>> {
    let text = Text::read(path)?;
    let lines = text.lines();
    for entry in seawall_yaml::read(text.bytes.clone()) {
        let problems = entry.problems.into_iter();
        let problems: Vec<InputError> = problems
            .map(|p| text.error(&lines, ConfigError { span: p.span, message: p.message, hint: p.hint }))
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let Some(document) = entry.document else { continue };
        images.read(&document).map_err(|e| {
            vec![text.error(&lines, ConfigError { span: e.span, message: e.message, hint: None })]
        })?;
    }
    Ok(())
}

/// Another tool's configuration in a file.
pub(crate) fn read_foreign(path: &Path) -> Result<Imported, Failure> {
    let unread =
        |error: InputError| Failure::Usage(format!("`{}` {}", error.file, error.message), error.hint);
    let text = Text::read(path).map_err(|mut errors| unread(errors.remove(0)))?;
    // A script is no YAML.
    let document = text.document().ok().flatten();
    let words = String::from_utf8_lossy(&text.bytes);
    import_config::of(&text.name, &words, document.as_ref()).ok_or_else(|| import_config::unknown(&text.name))
}

/// A file that settings are read from.
struct Text {
    name: Arc<str>,
    bytes: Arc<[u8]>,
}

impl Text {
    fn read(path: &Path) -> Result<Self, Vec<InputError>> {
        Self::of(&named_input(path))
    }

    fn of(input: &Input) -> Result<Self, Vec<InputError>> {
        let name: Arc<str> = input.display().into();
        let read = seawall_input::read(input);
        read.map(|bytes| Self { name: name.clone(), bytes })
            .map_err(|e| vec![unplaced(name, e.message, None)])
    }

    fn lines(&self) -> LineIndex<'_> {
        LineIndex::new(&self.bytes)
    }

    /// Its only document; none for a file without content.
    fn document(&self) -> Result<Option<Document>, Vec<InputError>> {
        let lines = self.lines();
        let error =
            |message: String, span, hint| vec![self.error(&lines, ConfigError { span, message, hint })];
        let mut entries = seawall_yaml::read(self.bytes.clone());
        if let Some(extra) = entries.get(1) {
            let span = extra.document.as_ref().map_or_else(Default::default, |d| d.root().span());
            return Err(error("the file must be one document".into(), span, None));
        }
        let Some(entry) = entries.pop() else { return Ok(None) };
        if entry.problems.is_empty() {
            return Ok(entry.document);
        }
        Err(entry.problems.into_iter().flat_map(|p| error(p.message, p.span, p.hint)).collect())
    }

    fn error(&self, lines: &LineIndex<'_>, error: ConfigError) -> InputError {
        InputError {
            file: self.name.clone(),
            origin: Some(Origin {
                file: self.name.clone(),
                source: self.bytes.clone(),
                lines: lines.starts(),
                live: false,
                secrets: [].into(),
            }),
            region: Some(seawall_check::region(lines, error.span)),
            message: error.message,
            hint: error.hint,
        }
    }

    fn located<T>(&self, read: Result<T, Vec<ConfigError>>) -> Result<T, Vec<InputError>> {
        let lines = self.lines();
        read.map_err(|errors| errors.into_iter().map(|e| self.error(&lines, e)).collect())
    }
}

/// A file that an argument or a setting names.
fn named_input(path: &Path) -> Input {
    Input { path: path.into(), origin: seawall_input::Origin::Named, kind: InputKind::File, in_chart: None }
}

fn unplaced(file: Arc<str>, message: String, hint: Option<String>) -> InputError {
    InputError { file, origin: None, region: None, message, hint }
}

fn display(path: &Path) -> Arc<str> {
    path.display().to_string().into()
}

/// A path as a person would name it: below the current directory from there.
fn shown(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(path)
}

/// The first `seawall.yaml` upwards from the first path, or from the directory that it begins at if it is a glob; from the
/// current directory where it is neither. Settings under a name that is not looked for are an error: nothing would hold.
fn discover(args: &JudgeArgs) -> Result<Option<PathBuf>, Vec<InputError>> {
    let first = args.paths.first();
    let path = first.map(Path::new).filter(|p| p.exists());
    let base = || first.and_then(|argument| seawall_input::glob_base(argument.to_str()?));
    let start = path.or_else(base).filter(|start| !start.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(absolute) = std::path::absolute(start) else { return Ok(None) };
    let directory = if absolute.is_dir() { Some(&*absolute) } else { absolute.parent() };
    for directory in directory.into_iter().flat_map(Path::ancestors) {
        let path = directory.join(NAME);
        if path.is_file() && !is_manifest(&path) {
            return Ok(Some(shown(path)));
        }
        let misnamed = directory.join(MISNAMED);
        if misnamed.is_file() && holds_settings(&misnamed) {
            let misnamed = shown(misnamed);
            let message = format!("the configuration is called {NAME}: this file would not be read");
            let hint = format!("rename it to {NAME}, or name it with --config");
            return Err(vec![unplaced(display(&misnamed), message, Some(hint))]);
        }
    }
    Ok(None)
}

/// Whether a file looks like a configuration: it has a setting, and is no manifest.
fn holds_settings(path: &Path) -> bool {
    let has = |root: NodeRef<'_>| SETTINGS.iter().any(|setting| root.get(setting).is_some());
    !is_manifest(path) && documents(path).iter().any(|document| has(document.root()))
}

/// The documents of a file that can be read.
fn documents(path: &Path) -> Vec<Document> {
    let input = Input {
        path: path.into(),
        origin: seawall_input::Origin::Walked,
        kind: InputKind::File,
        in_chart: None,
    };
    let entries = seawall_input::read(&input).map(seawall_yaml::read).unwrap_or_default();
    entries.into_iter().filter_map(|entry| entry.document).collect()
}

/// Whether a file of that name holds Kubernetes objects, such as those that install a program called so.
pub(crate) fn is_manifest(path: &Path) -> bool {
    let has = |root: NodeRef<'_>| root.get("apiVersion").is_some() && root.get("kind").is_some();
    documents(path).iter().any(|document| has(document.root()))
}
