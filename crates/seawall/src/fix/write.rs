//! Files written so that the old or the new text is there at any time, and a patch that takes it all back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use seawall_check::shell_word;
use seawall_input::{Input, InputKind};
use seawall_report::diff::{self, Hunks};

/// The patch that undoes a run.
const UNDO: &str = "seawall-fix";

/// Writes files of one run.
pub(super) struct Writer {
    /// The directory that the patch's names begin at, without links.
    base: Option<PathBuf>,
    undo: Option<Undo>,
}

struct Undo {
    path: PathBuf,
    file: File,
    /// Bytes that belong to files which are written.
    length: u64,
}

impl Writer {
    /// A writer for a run on these arguments.
    pub(super) fn new(arguments: &[std::ffi::OsString]) -> Self {
        Self { base: base(arguments), undo: None }
    }

    /// Puts `after` in the place of `before`: the file keeps its mode, owner and links. Why it stays as it was, if it does.
    pub(super) fn write(
        &mut self,
        input: &Input,
        before: &[u8],
        after: &[u8],
        hunks: &Hunks,
    ) -> Result<(), String> {
        if input.kind != InputKind::File {
            return Err(
                "it can be read once only, and not written; take a patch: --output kustomize".to_owned()
            );
        }
        let path = input.path.canonicalize().map_err(text)?;
        let old = fs::metadata(&path).map_err(text)?;
        if old.permissions().readonly() {
            return Err("it is read-only".to_owned());
        }
        alone(&old)?;
        // Whoever may not write the file is not to do so by the rights on its directory.
        OpenOptions::new().write(true).open(&path).map_err(text)?;
        let name = self.name(&path)?;
        let (temporary, mut file) = temporary(&path).map_err(text)?;
        let written = file
            .write_all(after)
            .and_then(|()| same_owner(&file, &old))
            .and_then(|()| file.set_permissions(old.permissions()))
            .and_then(|()| file.sync_all())
            .map_err(text)
            .and_then(|()| match fs::read(&path) {
                Ok(now) if now == before => Ok(()),
                Ok(_) => Err("it changed in the meantime; run it again".to_owned()),
                Err(error) => Err(text(error)),
            })
            .and_then(|()| self.undo(&diff::patch(&name, before, after, hunks)))
            .and_then(|()| {
                fs::rename(&temporary, &path).map_err(|error| {
                    self.forget();
                    text(error)
                })
            });
        match written {
            Ok(()) => {
                self.keep();
                Ok(())
            }
            Err(error) => {
                let _ = fs::remove_file(&temporary);
                Err(error)
            }
        }
    }

    /// The name of a file in the patch.
    fn name(&self, path: &Path) -> Result<String, String> {
        let below = self.base.as_ref().and_then(|base| path.strip_prefix(base).ok());
        let Some(below) = below else {
            return Err(format!("it is a link to `{0}`: name that file itself", path.display()));
        };
        let parts = below.components().map(|c| c.as_os_str().to_str()).collect::<Option<Vec<_>>>();
        parts.map(|parts| parts.join("/")).ok_or_else(|| "its name is not UTF-8".to_owned())
    }

    /// Adds to the patch what is about to be written.
    fn undo(&mut self, patch: &[u8]) -> Result<(), String> {
        let undo = match &mut self.undo {
            Some(undo) => undo,
            none => none.insert(
                Undo::create().map_err(|e| format!("the patch that would undo it cannot be written: {e}"))?,
            ),
        };
        undo.file.write_all(patch).map_err(|error| {
            undo.cut();
            format!("the patch that would undo it cannot be written: {error}")
        })
    }

    fn keep(&mut self) {
        if let Some(undo) = &mut self.undo {
            undo.length = undo.file.metadata().map_or(undo.length, |m| m.len());
        }
    }

    fn forget(&mut self) {
        if let Some(undo) = &mut self.undo {
            undo.cut();
        }
    }

    /// The command that undoes the run, if anything was written.
    pub(super) fn undo_command(&self) -> Option<String> {
        let undo = self.undo.as_ref().filter(|undo| undo.length > 0)?;
        let base = self.base.as_ref()?;
        let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok()?;
        if *base == here {
            return Some(format!("git apply -R {}", undo.path.display()));
        }
        let word = |path: &Path| shell_word(&path.to_string_lossy()).into_owned();
        Some(format!("git -C {} apply -R {}", word(base), word(&here.join(&undo.path))))
    }
}

impl Undo {
    /// A patch of its own for this run: an earlier one may still be wanted.
    fn create() -> io::Result<Self> {
        let mut open = OpenOptions::new();
        open.write(true).create_new(true);
        private(&mut open);
        for n in 1.. {
            let number = if n == 1 { String::new() } else { format!("-{n}") };
            let path = PathBuf::from(format!("{UNDO}{number}.patch"));
            match open.open(&path) {
                Ok(file) => return Ok(Self { path, file, length: 0 }),
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

impl Drop for Undo {
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

/// A new file beside another one, that nobody else reads.
fn temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default();
    let mut open = OpenOptions::new();
    open.write(true).create_new(true);
    private(&mut open);
    for n in 0_u32.. {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".seawall-{}-{n}", std::process::id()));
        let beside = path.with_file_name(hidden);
        match open.open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && n < 100 => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(unix)]
fn private(open: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    open.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

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

#[cfg(unix)]
fn same_owner(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let new = file.metadata()?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn same_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
fn text(error: io::Error) -> String {
    error.to_string()
}
