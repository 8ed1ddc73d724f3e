//! Files that may change while they are in use: the configuration, the certificate and its key.

use std::path::{Path, PathBuf};

/// Some files with what they held when they were read last.
#[derive(Debug)]
pub(super) struct Watched {
    paths: Vec<PathBuf>,
    /// What they held; nothing that changed is a reason to be told again.
    held: Vec<Vec<u8>>,
}

impl Watched {
    /// Reads the files for the first time.
    pub(super) fn read(paths: &[&Path]) -> Result<Self, String> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
        let held = read_all(&paths)?;
        Ok(Self { paths, held })
    }

    /// What each file holds.
    pub(super) fn held(&self) -> &[Vec<u8>] {
        &self.held
    }

    /// Reads them again: whether anything changed. Files that cannot be read are an error, and what they held stays.
    pub(super) fn changed(&mut self) -> Result<bool, String> {
        let now = read_all(&self.paths)?;
        let changed = now != self.held;
        self.held = now;
        Ok(changed)
    }
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}
