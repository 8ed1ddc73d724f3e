//! The configuration file: found, read, told about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_check::{Config, InputError, Origin};
use seawall_input::{Input, InputKind};
use seawall_yaml::{LineIndex, NodeRef, Span};

use crate::cli::ScanArgs;

/// The name that is looked for.
pub(crate) const NAME: &str = "seawall.yaml";

/// The configuration that holds for these arguments, or what is wrong with its file.
pub(crate) fn load(args: &ScanArgs) -> Result<Config, Vec<InputError>> {
    let Some(path) = args.config.clone().or_else(|| discover(args)) else { return Ok(Config::default()) };
    let input = Input { path, origin: seawall_input::Origin::Named, kind: InputKind::File, in_chart: None };
    let file: Arc<str> = input.display().into();
    let source = seawall_input::read(&input).map_err(|e| {
        vec![InputError { file: file.clone(), origin: None, region: None, message: e.message, hint: None }]
    })?;
    let lines = LineIndex::new(&source);
    let located = |span: Span, message: String, hint: Option<String>| InputError {
        file: file.clone(),
        origin: Some(Origin { file: file.clone(), source: source.clone(), lines: lines.starts() }),
        region: Some(seawall_check::region(&lines, span)),
        message,
        hint,
    };
    let mut entries = seawall_yaml::read(source.clone());
    if let Some(extra) = entries.get(1) {
        let span = extra.document.as_ref().map_or(Span::default(), |d| d.root().span());
        return Err(vec![located(span, "the configuration must be one document".into(), None)]);
    }
    let Some(entry) = entries.pop() else {
        return Ok(Config::default());
    };
    if !entry.problems.is_empty() {
        return Err(entry.problems.into_iter().map(|p| located(p.span, p.message, p.hint)).collect());
    }
    let Some(document) = entry.document else {
        return Ok(Config::default());
    };
    Config::from_document(&document)
        .map_err(|errors| errors.into_iter().map(|e| located(e.span, e.message, e.hint)).collect())
}

/// The first `seawall.yaml` upwards from the first path; from the current directory where that is no path.
fn discover(args: &ScanArgs) -> Option<PathBuf> {
    let first = args.paths.first().map(Path::new).filter(|p| p.exists());
    let start = first.unwrap_or(Path::new(".")).to_path_buf();
    let absolute = std::path::absolute(&start).ok()?;
    let directory = if absolute.is_dir() { absolute } else { absolute.parent()?.to_path_buf() };
    let found = directory.ancestors().map(|d| d.join(NAME)).find(|p| p.is_file() && !is_manifest(p))?;
    // Below the current directory it is named as a person would name it.
    let here = std::env::current_dir().ok()?;
    Some(found.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(found))
}

/// Whether a file of that name holds Kubernetes objects, such as those that install a program called so.
pub(crate) fn is_manifest(path: &Path) -> bool {
    let input = Input {
        path: path.to_owned(),
        origin: seawall_input::Origin::Walked,
        kind: InputKind::File,
        in_chart: None,
    };
    let documents = seawall_input::read(&input).map(seawall_yaml::read).unwrap_or_default();
    let has = |root: NodeRef<'_>| root.get("apiVersion").is_some() && root.get("kind").is_some();
    documents.iter().any(|entry| entry.document.as_ref().is_some_and(|d| has(d.root())))
}
