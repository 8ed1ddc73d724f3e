//! Where the records go: formats to standard output and files.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use seawall_check::scores::{self, ModelName, ScoreRecord};
use seawall_check::{Record, Summary};
use seawall_input::{Input, InputKind, Origin};
use seawall_report::{Bar, Base, Format, Part, Renderer, Report, Style};

use crate::cli::{FormatArg, ScanArgs};
use crate::settings;
use crate::terminal::{self, Failure};

/// All outputs of a run.
pub(crate) struct Outputs {
    all: Vec<Output>,
}

struct Output {
    report: Report,
    to: Box<dyn Write>,
    /// Where it goes, for messages; `None` for standard output.
    file: Option<PathBuf>,
}

/// The formats, apart from where they go: what rendering threads share.
pub(crate) struct Renderers(Vec<Renderer>);

/// Some records in every format.
pub(crate) type Rendered = Vec<Part>;

impl Renderers {
    /// The records in every format.
    pub(crate) fn render(&self, records: &[Record]) -> Rendered {
        self.0.iter().map(|renderer| renderer.render(records)).collect()
    }

    /// The same without those that are `apart`, in formats for people.
    pub(crate) fn render_but(&self, records: &[Record], apart: &dyn Fn(&Record) -> bool) -> Rendered {
        if !records.iter().any(apart) {
            return self.render(records);
        }
        let rest: Vec<Record> = records.iter().filter(|record| !apart(record)).cloned().collect();
        let of =
            |renderer: &Renderer| renderer.render(if renderer.is_for_people() { &rest } else { records });
        self.0.iter().map(of).collect()
    }

    /// A record of a run for scores in every format.
    pub(crate) fn render_score(&self, record: &ScoreRecord) -> Rendered {
        self.0.iter().map(|renderer| renderer.render_score(record)).collect()
    }

    /// Whether a format lists workloads that pass.
    pub(crate) fn want_all(&self) -> bool {
        self.0.iter().any(Renderer::wants_all)
    }
}

impl Renderers {
    /// Whether a format has patches of objects.
    pub(crate) fn want_patches(&self) -> bool {
        self.0.iter().any(Renderer::wants_patches)
    }

    /// Whether a format has the reference's own sentences.
    pub(crate) fn want_sentences(&self) -> bool {
        self.0.iter().any(Renderer::wants_sentences)
    }

    /// Whether a format has findings that do not count.
    pub(crate) fn tell_suppressed(&self) -> bool {
        self.0.iter().any(Renderer::tells_suppressed)
    }

    /// Whether a format has edits of files.
    pub(crate) fn want_edits(&self) -> bool {
        self.0.iter().any(Renderer::wants_edits)
    }
}

impl Outputs {
    /// Opens what was asked for: text on standard output if nothing was. A report or baseline of an earlier run is no input of
    /// this one; any other input is not to be overwritten, and a baseline overwrites nothing but a baseline.
    pub(crate) fn open(
        args: &ScanArgs,
        bar: Bar,
        inputs: &mut Vec<Input>,
    ) -> Result<(Self, Renderers), Failure> {
        let text = [FormatArg { format: Format::Text, file: None }];
        let formats = if args.formats.is_empty() { &text[..] } else { &args.formats[..] };
        if formats.iter().filter(|f| f.file.is_none()).count() > 1 {
            return Err(Failure::Usage(
                "only one format can go to standard output".into(),
                Some("send the others to files: --format sarif=seawall.sarif".into()),
            ));
        }
        let files = || formats.iter().filter_map(|f| f.file.as_deref());
        let mut all: Vec<_> = files().chain(args.write_baseline.as_deref()).map(|f| (real(f), f)).collect();
        all.sort_unstable();
        if let Some(twice) = all.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let path = twice[0].1.display();
            return Err(Failure::Usage(format!("only one output can go to `{path}`"), None));
        }
        for path in files() {
            spare(path, is_report, inputs)?;
        }
        if let Some(path) = &args.write_baseline {
            spare(path, settings::is_baseline, inputs)?;
            let bytes = path.is_file().then(|| std::fs::read(path).unwrap_or_default());
            if bytes.is_some_and(|bytes| !settings::is_baseline(&bytes)) {
                return Err(Failure::Usage(
                    format!("`{}` is no baseline and would be overwritten", path.display()),
                    Some("name another file for the baseline".into()),
                ));
            }
        }
        let base = Arc::new(base());
        let (mut all, mut renderers) = (Vec::new(), Vec::new());
        for FormatArg { format, file } in formats {
            let style = Style {
                colour: file.is_none() && terminal::colours(args.how.color),
                width: if file.is_none() { terminal::width() } else { 100 },
                exact: args.exact,
                quiet: args.quiet,
                bar,
                suppressed: args.show_suppressed,
                judged_by: args.judge.flags(),
            };
            let to: Box<dyn Write> = match file {
                None => Box::new(BufWriter::with_capacity(1 << 16, io::stdout().lock())),
                Some(path) => {
                    let created = File::create(path).map_err(|e| {
                        let path = path.display();
                        Failure::Usage(format!("`{path}` cannot be written: {e}"), None)
                    })?;
                    Box::new(BufWriter::with_capacity(1 << 16, created))
                }
            };
            let renderer = Renderer::new(*format, style, base.clone());
            renderers.push(renderer.clone());
            all.push(Output { report: Report::new(renderer), to, file: file.clone() });
        }
        Ok((Self { all }, Renderers(renderers)))
    }

    /// Prints what was rendered.
    pub(crate) fn print(&mut self, rendered: Rendered) -> Result<(), Failure> {
        for (output, part) in self.all.iter_mut().zip(rendered) {
            let Output { report, to, file } = output;
            report.add(part, to).map_err(|e| output_error(file.as_ref(), e))?;
        }
        Ok(())
    }

    /// Prints the end of every format.
    pub(crate) fn finish(self, summary: &Summary, started: Instant) -> Result<(), Failure> {
        for Output { report, mut to, file } in self.all {
            let written = report.finish(summary, Some(started.elapsed()), &mut to).and_then(|()| to.flush());
            written.map_err(|e| output_error(file.as_ref(), e))?;
        }
        Ok(())
    }
}

impl Outputs {
    /// Prints the end of every format of a run for scores.
    pub(crate) fn finish_scores(
        self,
        summary: &scores::Summary,
        model: ModelName,
        started: Instant,
    ) -> Result<(), Failure> {
        for Output { report, mut to, file } in self.all {
            let written = report.finish_scores(summary, model, Some(started.elapsed()), &mut to);
            written.and_then(|()| to.flush()).map_err(|e| output_error(file.as_ref(), e))?;
        }
        Ok(())
    }
}

/// Where files are named from, and the root of the repository around it: the nearest directory upwards with a `.git`.
fn base() -> Base {
    let here = std::env::current_dir().unwrap_or_default();
    let root = here.ancestors().find(|directory| directory.join(".git").exists()).unwrap_or(&here);
    Base::new(slashes(&here), slashes(root))
}

fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '\\' { text.replace('\\', "/") } else { text.into_owned() }
}

/// How reports begin that may have the name of an input.
const REPORTS: [&[u8]; 7] = [
    b"{\"schema\":",
    b"{\"version\":\"2.1.0\",\"$schema\":\"https://docs.oasis-open.org/sarif/",
    b"[\n{\"description\":",
    b"[]\n",
    b"<?xml",
    b"<!-- seawall -->",
    b"::",
];

/// Whether a file is empty or a report.
fn is_report(bytes: &[u8]) -> bool {
    bytes.is_empty() || REPORTS.iter().any(|begin| bytes.starts_with(begin))
}

/// A path that tells files apart, whether they are there or not.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}

/// Takes an output of an earlier run that will be written anew out of the inputs; an error if it is an input of another kind.
fn spare(path: &Path, is_output: fn(&[u8]) -> bool, inputs: &mut Vec<Input>) -> Result<(), Failure> {
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    let same = |input: &Input| {
        input.kind == InputKind::File
            && input.path.file_name() == path.file_name()
            && input.path.canonicalize().is_ok_and(|p| p == real)
    };
    let Some(at) = inputs.iter().position(same) else { return Ok(()) };
    let bytes = seawall_input::read(&inputs[at]).unwrap_or_default();
    if inputs[at].origin == Origin::Named || !is_output(&bytes) {
        return Err(Failure::Usage(
            format!("`{}` is an input and would be overwritten", path.display()),
            Some("name another file for the output".into()),
        ));
    }
    inputs.remove(at);
    Ok(())
}

fn output_error(file: Option<&PathBuf>, error: io::Error) -> Failure {
    match file {
        None => Failure::Output(error),
        Some(path) => Failure::Usage(format!("`{}` cannot be written: {error}", path.display()), None),
    }
}
