//! The patch that takes a run back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use seawall_check::shell_word;

use crate::beside::private;

/// The name of the patch.
const UNDO: &str = "seawall-fix";

/// A patch that grows with the files that are written.
pub(super) struct Undo {
    /// The directory that the patch's names begin at, without links.
    base: Option<PathBuf>,
    patch: Option<Patch>,
}

impl Undo {
    /// A patch for a run on these arguments; it is made once something is in it.
    pub(super) fn new(arguments: &[std::ffi::OsString]) -> Self {
        Self { base: base(arguments), patch: None }
    }

    /// The name of a file in the patch. Why it cannot be in it, if so.
    pub(super) fn name(&self, path: &Path) -> Result<String, String> {
        let below = self.base.as_ref().and_then(|base| path.strip_prefix(base).ok());
        let Some(below) = below else {
            return Err(format!("it is a link to `{0}`: name that file itself", path.display()));
        };
        let parts = below.components().map(|c| c.as_os_str().to_str()).collect::<Option<Vec<_>>>();
        parts.map(|parts| parts.join("/")).ok_or_else(|| "its name is not UTF-8".to_owned())
    }

    /// Adds what is about to be written. [`Undo::keep`] or [`Undo::forget`] follows.
    pub(super) fn add(&mut self, text: &[u8]) -> Result<(), String> {
        let refused = |error: io::Error| format!("the patch that would undo it cannot be written: {error}");
        let patch = match &mut self.patch {
            Some(patch) => patch,
            none => none.insert(Patch::create().map_err(refused)?),
        };
        patch.added = text.len() as u64;
        patch.file.write_all(text).map_err(|error| {
            patch.cut();
            refused(error)
        })
    }

    /// What was added last is written.
    pub(super) fn keep(&mut self) {
        if let Some(patch) = &mut self.patch {
            patch.length += patch.added;
        }
    }

    /// What was added last is not written.
    pub(super) fn forget(&mut self) {
        if let Some(patch) = &mut self.patch {
            patch.cut();
        }
    }

    /// The command that undoes the run, if anything was written.
    pub(super) fn command(&self) -> Option<String> {
        let patch = self.patch.as_ref().filter(|patch| patch.length > 0)?;
        let base = self.base.as_ref()?;
        let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok()?;
        if *base == here {
            return Some(format!("git apply -R {}", patch.path.display()));
        }
        let word = |path: &Path| shell_word(&path.to_string_lossy()).into_owned();
        Some(format!("git -C {} apply -R {}", word(base), word(&here.join(&patch.path))))
    }
}

struct Patch {
    path: PathBuf,
    file: File,
    /// Bytes that belong to files which are written.
    length: u64,
    /// Bytes that were added last.
    added: u64,
}

impl Patch {
    /// A patch of its own for this run: an earlier one may still be wanted.
    fn create() -> io::Result<Self> {
        let mut open = OpenOptions::new();
        open.write(true).create_new(true);
        private(&mut open);
        for n in 1.. {
            let number = if n == 1 { String::new() } else { format!("-{n}") };
            let path = PathBuf::from(format!("{UNDO}{number}.patch"));
            match open.open(&path) {
                Ok(file) => return Ok(Self { path, file, length: 0, added: 0 }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Takes away what belongs to no file that is written.
    fn cut(&mut self) {
        use std::io::Seek as _;
        let _ = self.file.set_len(self.length);
        let _ = self.file.seek(io::SeekFrom::Start(self.length));
    }
}

impl Drop for Patch {
    fn drop(&mut self) {
        if self.length == 0 {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The current directory if all arguments are below it, else what they have in common.
fn base(arguments: &[std::ffi::OsString]) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    let mut common: Option<PathBuf> = None;
    for argument in arguments {
        let path = Path::new(argument);
        let glob = argument.to_str().filter(|_| !path.exists()).and_then(seawall_input::glob_base);
        let path = glob.unwrap_or(path);
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        // What is not there is not written either.
        let Ok(real) = path.canonicalize() else { continue };
        let directory = if real.is_dir() { real } else { real.parent()?.to_path_buf() };
        common = Some(match common {
            None => directory,
            Some(common) => common.ancestors().find(|a| directory.starts_with(a))?.to_path_buf(),
        });
    }
    let common = common.unwrap_or_else(|| here.clone());
    Some(if common.starts_with(&here) { here } else { common })
}
