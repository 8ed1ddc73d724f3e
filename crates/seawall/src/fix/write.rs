//! Files written so that the old or the new text is there at any time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_input::{Input, InputKind};
use seawall_report::diff;

use super::undo::Undo;
use super::{attributes, durable};
use crate::beside::Beside;

/// Files that are made durable together, at most.
const FILES: usize = 64;
/// Bytes of files that are made durable together, about.
const BYTES: usize = 1 << 22;

/// Writes the files of one run in batches: new texts go into files beside, which come in the place of the old ones once all are
/// on the disk.
pub(super) struct Writer {
    undo: Undo,
    staged: Vec<Staged>,
    /// The bytes of what is staged.
    bytes: usize,
    /// Files that were there are read into it.
    buffer: Vec<u8>,
    /// The directory of the last file, and its name without links.
    directory: Option<(PathBuf, PathBuf)>,
}

/// A file whose new text lies beside it.
struct Staged {
    path: PathBuf,
    before: Arc<[u8]>,
    /// The file, which nothing was read of yet.
    old: File,
    /// How it was known when it was looked at.
    state: State,
    beside: Beside,
    /// What the new file was when it was made.
    is: fs::Metadata,
    /// What takes it back.
    patch: Vec<u8>,
}

/// Why a file is not written.
pub(super) enum Fault {
    /// There is no room for two texts; other files that wait may make some.
    Full(String),
    /// Anything else.
    Other(String),
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

impl Writer {
    /// A writer for a run on these arguments.
    pub(super) fn new(arguments: &[std::ffi::OsString]) -> Self {
        Self { undo: Undo::new(arguments), staged: Vec::new(), bytes: 0, buffer: Vec::new(), directory: None }
    }

    /// Puts `after` beside the file that holds `before`, ready to come in its place. `hunks` lead from one to the other.
    pub(super) fn stage(
        &mut self,
        input: &Input,
        before: &Arc<[u8]>,
        after: &[u8],
        hunks: &[u8],
    ) -> Result<(), Fault> {
        if input.kind != InputKind::File {
            let text = "it can be read once only, and not written; take a patch: --output kustomize";
            return Err(Fault::Other(text.to_owned()));
        }
        let path = self.real(&input.path)?;
        // Whoever may not write the file is not to do so by the rights on its directory.
        let old = OpenOptions::new().read(true).write(true).open(&path);
        let was = old.as_ref().map_or_else(|_| fs::metadata(&path), File::metadata)?;
        if was.permissions().readonly() {
            return Err(Fault::Other("it is read-only".to_owned()));
        }
        let old = old?;
        alone(&was)?;
        let mut patch = diff::patch_head(&self.undo.name(&path)?).into_bytes();
        patch.extend_from_slice(hunks);
        let mut beside = Beside::create(&path)?;
        beside.file.write_all(after)?;
        let is = beside.file.metadata()?;
        attributes::keep(&old, &was, &beside.file, &is)?;
        self.bytes += before.len() + after.len();
        let (before, state) = (before.clone(), State::of(&was));
        self.staged.push(Staged { path, before, old, state, beside, is, patch });
        Ok(())
    }

    /// The name of a file without links.
    fn real(&mut self, path: &Path) -> io::Result<PathBuf> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return path.canonicalize();
        };
        if fs::symlink_metadata(path)?.is_symlink() {
            return path.canonicalize();
        }
        if let Some((known, real)) = &self.directory
            && known == directory
        {
            return Ok(real.join(name));
        }
        let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let real = here.canonicalize()?;
        let path = real.join(name);
        self.directory = Some((directory.to_owned(), real));
        Ok(path)
    }

    /// Whether what is staged is to be committed before more is.
    pub(super) fn is_full(&self) -> bool {
        self.staged.len() >= FILES || self.bytes >= BYTES
    }

    /// Puts all that is staged in its place: why a file stays as it was, if it does, in the order of staging.
    pub(super) fn commit(&mut self) -> Vec<Result<(), String>> {
        self.bytes = 0;
        let staged = std::mem::take(&mut self.staged);
        let files: Vec<_> = staged.iter().map(|staged| (&staged.beside.file, &staged.is)).collect();
        let durable = durable::all(&files);
        let replace = |(staged, durable): (Staged, io::Result<()>)| {
            durable.map_err(text)?;
            self.replace(staged)
        };
        staged.into_iter().zip(durable).map(replace).collect()
    }

    fn replace(&mut self, staged: Staged) -> Result<(), String> {
        let Staged { path, before, mut old, state, beside, patch, .. } = staged;
        // One byte more is asked for, so that a longer file is told from one that ends there.
        self.buffer.resize(before.len() + 1, 0);
        let same = state == State::of(&fs::symlink_metadata(&path).map_err(text)?)
            && read(&mut old, &mut self.buffer).map_err(text)? == before.len()
            && self.buffer[..before.len()] == *before;
        if !same {
            return Err("it changed in the meantime; run it again".to_owned());
        }
        // Some systems replace no file that is open.
        drop(old);
        self.undo.add(&patch)?;
        match beside.replace(&path) {
            Ok(()) => {
                self.undo.keep();
                Ok(())
            }
            Err(error) => {
                self.undo.forget();
                Err(text(error))
            }
        }
    }

    /// The command that undoes the run, if anything was written.
    pub(super) fn undo_command(&self) -> Option<String> {
        self.undo.command()
    }
}

/// Reads until `buffer` lacks one byte at most, or the file ends: how much came.
fn read(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled + 1 < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// What shows that a file, its attributes or its links changed, or that another one is in its place.
#[cfg(unix)]
#[derive(PartialEq, Eq)]
struct State([i64; 2], [u64; 2]);

#[cfg(unix)]
impl State {
    fn of(file: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self([file.ctime(), file.ctime_nsec()], [file.dev(), file.ino()])
    }
}

#[cfg(not(unix))]
#[derive(PartialEq, Eq)]
struct State(Option<std::time::SystemTime>);

#[cfg(not(unix))]
impl State {
    fn of(file: &fs::Metadata) -> Self {
        Self(file.modified().ok())
    }
}

/// Fails for a file that has other names: they would keep the old text.
#[cfg(unix)]
fn alone(old: &fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    match old.nlink() {
        0 | 1 => Ok(()),
        n => Err(format!("it has {n} names (hard links), and only one of them would be changed")),
    }
}

#[cfg(not(unix))]
fn alone(_: &fs::Metadata) -> Result<(), String> {
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn text(error: io::Error) -> String {
    error.to_string()
}
