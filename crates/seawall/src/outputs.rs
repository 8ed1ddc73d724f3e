//! Where the records go: formats to standard output and files.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use seawall_check::{Record, Summary};
use seawall_input::{Input, InputKind, Origin};
use seawall_report::{Bar, Format, Renderer, Style, Tail};

use crate::cli::{self, FormatArg, ScanArgs};
use crate::terminal::{self, Failure};

/// All outputs of a run.
pub(crate) struct Outputs {
    all: Vec<Output>,
}

struct Output {
    renderer: Renderer,
    to: Box<dyn Write>,
    tail: Tail,
    /// Where it goes, for messages; `None` for standard output.
    file: Option<PathBuf>,
}

/// The formats, apart from where they go: what rendering threads share.
pub(crate) struct Renderers(Vec<Renderer>);

/// A file's records in every format.
pub(crate) type Rendered = Vec<(String, Tail)>;

impl Renderers {
    /// The records in every format.
    pub(crate) fn render(&self, records: &[Record]) -> Rendered {
        self.0.iter().map(|renderer| renderer.render(records)).collect()
    }

    /// Whether a format lists workloads that pass.
    pub(crate) fn want_all(&self) -> bool {
        self.0.iter().any(Renderer::wants_all)
    }
}

impl Outputs {
    /// Opens what was asked for: text on standard output if nothing was. A report of an earlier run is no input of this
    /// one; any other input is not to be overwritten.
    pub(crate) fn open(
        args: &ScanArgs,
        bar: Bar,
        inputs: &mut Vec<Input>,
    ) -> Result<(Self, Renderers), Failure> {
        let text = [FormatArg { format: cli::Format::Text, file: None }];
        let formats = if args.formats.is_empty() { &text[..] } else { &args.formats[..] };
        if formats.iter().filter(|f| f.file.is_none()).count() > 1 {
            return Err(Failure::Usage(
                "only one format can go to standard output".into(),
                Some("send the others to files: --format jsonl=report.jsonl".into()),
            ));
        }
        for path in formats.iter().filter_map(|f| f.file.as_deref()) {
            spare(path, inputs)?;
        }
        let mut all = Vec::new();
        for FormatArg { format, file } in formats {
            let format = match format {
                cli::Format::Text => Format::Text,
                cli::Format::Concise => Format::Concise,
                cli::Format::Jsonl => Format::Jsonl,
            };
            let style = Style {
                colour: file.is_none() && terminal::colours(args.color),
                width: if file.is_none() { terminal::width() } else { 100 },
                exact: args.exact,
                quiet: args.quiet,
                bar,
                suppressed: args.show_suppressed,
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
            all.push(Output {
                renderer: Renderer::new(format, style),
                to,
                tail: Tail::default(),
                file: file.clone(),
            });
        }
        let renderers = Renderers(all.iter().map(|o| o.renderer.clone()).collect());
        Ok((Self { all }, renderers))
    }

    /// Prints what was rendered.
    pub(crate) fn print(&mut self, rendered: Rendered) -> Result<(), Failure> {
        for (output, (text, tail)) in self.all.iter_mut().zip(rendered) {
            output.to.write_all(text.as_bytes()).map_err(|e| output_error(output.file.as_ref(), e))?;
            output.tail.merge(tail);
        }
        Ok(())
    }

    /// Prints the end of every format.
    pub(crate) fn finish(&mut self, summary: &Summary, started: Instant) -> Result<(), Failure> {
        for output in &mut self.all {
            let text = output.renderer.finish(summary, &output.tail, Some(started.elapsed()));
            let written = output.to.write_all(text.as_bytes()).and_then(|()| output.to.flush());
            written.map_err(|e| output_error(output.file.as_ref(), e))?;
        }
        Ok(())
    }
}

/// How the records of a run begin.
const REPORT: &[u8] = b"{\"schema\":";

/// Takes a report that will be written anew out of the inputs; an error if it is an input of another kind.
fn spare(path: &Path, inputs: &mut Vec<Input>) -> Result<(), Failure> {
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    let same = |input: &Input| {
        input.kind == InputKind::File
            && input.path.file_name() == path.file_name()
            && input.path.canonicalize().is_ok_and(|p| p == real)
    };
    let Some(at) = inputs.iter().position(same) else { return Ok(()) };
    let bytes = seawall_input::read(&inputs[at]).unwrap_or_default();
    if inputs[at].origin == Origin::Named || !(bytes.is_empty() || bytes.starts_with(REPORT)) {
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
