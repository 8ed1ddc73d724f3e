//! `seawall man`: the manual pages, from the same text as `--help`.

use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::{Cli, ManArgs};
use crate::terminal::Failure;

/// Prints the main page, or writes all.
pub(crate) fn run(args: &ManArgs) -> Result<u8, Failure> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let Some(directory) = &args.out else {
        io::stdout().lock().write_all(&page(&root, &root)?)?;
        return Ok(0);
    };
    let failed = |path: &Path, e: &io::Error| {
        Failure::Usage(format!("`{}` cannot be written: {e}", path.display()), None)
    };
    std::fs::create_dir_all(directory).map_err(|e| failed(directory, &e))?;
    let mut out = io::stdout().lock();
    for command in std::iter::once(&root).chain(root.get_subcommands()) {
        let path = directory.join(format!("{}.1", name(command)));
        std::fs::write(&path, page(command, &root)?).map_err(|e| failed(&path, &e))?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(0)
}

/// What a command's page is called: `seawall-scan`.
fn name(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The page of a command.
fn page(command: &clap::Command, root: &clap::Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone());
    let version = root.get_version().unwrap_or_default();
    // No date: a page is the same whenever it is made.
    let title = name(command).to_uppercase();
    let mut out =
        format!(".TH \"{title}\" \"1\" \"\" \"seawall {version}\" \"Seawall Manual\"\n").into_bytes();
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    let mut rest = Roff::default();
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for section in after.split("\n\n").filter(|section| !section.is_empty()) {
        let (title, lines) = section.split_once(":\n").unwrap_or(("Notes", section));
        rest.control("SH", [title.to_uppercase().as_str()]);
        // Columns and commands stay as they are.
        rest.control("nf", []);
        lines.lines().for_each(|line| {
            rest.text([roman(line)]);
        });
        rest.control("fi", []);
    }
    rest.control("SH", ["SEE ALSO"]);
    let others = std::iter::once(root).chain(root.get_subcommands()).filter(|c| name(c) != name(command));
    let mut words = Vec::new();
    for other in others {
        if !words.is_empty() {
            words.push(roman(", "));
        }
        words.extend([bold(name(other)), roman("(1)")]);
    }
    rest.text(words);
    rest.to_writer(&mut out)?;
    Ok(tidy(&String::from_utf8_lossy(&out)).into_bytes())
}

/// What every section is written with: how formatters print an apostrophe.
const PREAMBLE: [&str; 2] = [r".ie \n(.g .ds Aq \(aq", ".el .ds Aq '"];

/// Without what formatters warn of (blanks at the ends of lines, breaks beside empty lines), and with one preamble.
fn tidy(page: &str) -> String {
    let mut out = format!("{}\n{}\n", PREAMBLE[0], PREAMBLE[1]);
    for line in page.lines().map(str::trim_end).filter(|line| !PREAMBLE.contains(line)) {
        let is_break = matches!(line, "" | ".br");
        if is_break && out.ends_with("\n.sp\n") {
            continue;
        }
        out.push_str(if is_break { ".sp" } else { line });
        out.push('\n');
    }
    out
}
