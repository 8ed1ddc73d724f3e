//! New files beside those whose place they take, so that the old or the new text is there at any time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A new file beside another one, that nobody else reads; it goes unless it comes in the place of the other.
pub(crate) struct Beside {
    path: PathBuf,
    pub(crate) file: File,
    replaces: bool,
}

impl Beside {
    /// A new one beside the file at this path, which need not be there.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default();
        let mut open = OpenOptions::new();
        open.write(true).create_new(true);
        private(&mut open);
        for n in 0_u32.. {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".seawall-{}-{n}", std::process::id()));
            let path = path.with_file_name(hidden);
            match open.open(&path) {
                Ok(file) => return Ok(Self { path, file, replaces: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && n < 100 => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Comes in the place of the file at this path.
    pub(crate) fn replace(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.replaces = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.replaces {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes what is opened readable by its owner alone.
#[cfg(unix)]
pub(crate) fn private(open: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    open.mode(0o600);
}

#[cfg(not(unix))]
pub(crate) fn private(_: &mut OpenOptions) {}
