//! Where the records go: formats to standard output and files.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

use seawall_check::{Record, Summary};
use seawall_report::{Format, Renderer, Style, Tail};

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
    /// Opens what was asked for: text on standard output if nothing was.
    pub(crate) fn open(args: &ScanArgs) -> Result<(Self, Renderers), Failure> {
        let text = [FormatArg { format: cli::Format::Text, file: None }];
        let formats = if args.formats.is_empty() { &text[..] } else { &args.formats[..] };
        if formats.iter().filter(|f| f.file.is_none()).count() > 1 {
            return Err(Failure::Usage(
                "only one format can go to standard output".into(),
                Some("send the others to files: --format jsonl=report.jsonl".into()),
            ));
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

fn output_error(file: Option<&PathBuf>, error: io::Error) -> Failure {
    match file {
        None => Failure::Output(error),
        Some(path) => Failure::Usage(format!("`{}` cannot be written: {error}", path.display()), None),
    }
}
