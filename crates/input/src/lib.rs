//! What the command line names, to a list of inputs, and an input to its bytes. All reading of files happens here.
//!
//! ```text
//! arguments -> walk  files, directories (.gitignore), globs, `-`; each once, in an order that never changes
//!               |    -> Inputs: names only, and every error and everything left out
//!               `-> read  one input's bytes, bounded; called from any thread
//! ```
//!
//! This crate knows nothing of YAML or of Kubernetes, but for the names of a Helm chart's file and
//! of a kustomization.

mod chart;
mod error;
mod glob;
mod ignored;
mod read;
mod walk;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::{ErrorKind, InputError};
pub use glob::glob_base;
pub use read::{Opened, read, read_bounded};
pub use walk::walk;

/// How to look for inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether directories are walked without what `.gitignore` files exclude.
    pub gitignore: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { gitignore: true }
    }
}

/// How an input was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Named on the command line, directly or by a glob.
    Named,
    /// Met in a directory.
    Walked,
}

/// What an input is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A regular file.
    File,
    /// A FIFO or device that was named, such as a shell's `<(helm template ...)`. It can be read once only.
    Stream,
    /// Standard input. It can be read once only.
    Stdin,
}

/// One source of documents. Holds its name only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The path as given, without `./` and doubled slashes; `-` for standard input.
    pub path: Box<Path>,
    /// How it was reached.
    pub origin: Origin,
    /// What it is read from.
    pub kind: InputKind,
    /// The directory of the Helm chart that the file belongs to, for `helm template <chart> | seawall scan -`.
    pub in_chart: Option<Arc<str>>,
}

impl Input {
    /// The name for people and for records: the path as given, with forward slashes; `<stdin>` for standard input.
    /// It may hold any character that a file name may, control characters included: renderers escape them.
    pub fn display(&self) -> Cow<'_, str> {
        match self.kind {
            InputKind::File | InputKind::Stream => display(&self.path),
            InputKind::Stdin => Cow::Borrowed("<stdin>"),
        }
    }
}

/// Why a directory's entry that could have been an input is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// A symbolic link to a directory, which might lead in circles.
    LinkedDirectory,
    /// A FIFO, socket or device with a manifest's name.
    NotRegular,
}

/// A directory's entry that was left out, to be said as a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its name, as [`Input::display`] gives it.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

impl Skipped {
    /// What was left out and how to include it, as a sentence for people.
    pub fn message(&self) -> String {
        let path = shlex::try_quote(&self.path).unwrap_or(Cow::Borrowed(&self.path));
        match self.reason {
            SkipReason::LinkedDirectory => {
                format!("symbolic link to a directory, not followed; to include it: seawall scan {path}")
            }
            SkipReason::NotRegular => {
                format!("not a regular file, not read; to read it: seawall scan {path}")
            }
        }
    }
}

/// What a command line amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The inputs, each once, in the order of the arguments and within a directory by the bytes of the path.
    pub inputs: Vec<Input>,
    /// Arguments and directories that could not be looked at.
    pub errors: Vec<InputError>,
    /// Entries of directories that were left out, other than hidden ones, ignored ones and other kinds of files.
    pub skipped: Vec<Skipped>,
    /// Manifests and directories that a `.gitignore` file excluded, counted where the exclusion was met.
    pub ignored: usize,
}

/// `path` with forward slashes.
fn display(path: &Path) -> Cow<'_, str> {
    if path.as_os_str().is_empty() {
        return Cow::Borrowed(".");
    }
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '\\' { Cow::Owned(text.replace('\\', "/")) } else { text }
}

/// `path` without `.` components and doubled slashes; the current directory is the empty path.
fn clean(path: &Path) -> PathBuf {
    path.components().filter(|c| !matches!(c, std::path::Component::CurDir)).collect()
}

/// `path` in a form that the operating system can open: the empty path is the current directory.
fn openable(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// Whether `name` is hidden by its leading dot.
fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
}

#[cfg(test)]
mod testing;
