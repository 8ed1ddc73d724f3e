//! A corpus on disk, for programs that are run on files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::corpus::{Plan, Size, write};
use crate::peer::target_directory;

/// Bytes of memory that a scan may take beside the largest file and the workloads.
const MEMORY_BASE: u64 = 20_000_000;
/// Bytes of memory a workload.
const MEMORY_PER_WORKLOAD: u64 = 300;

/// A corpus on disk that is removed at the end.
#[derive(Debug)]
pub struct Corpus {
    /// Where it is.
    pub directory: PathBuf,
    /// What was generated.
    pub size: Size,
    /// Documents in all.
    pub documents: usize,
}

impl Corpus {
    /// Generates so many documents below the target directory.
    pub fn new(documents: usize) -> Result<Self, String> {
        let directory = target_directory()?.join("corpus").join(documents.to_string());
        let _ = fs::remove_dir_all(&directory);
        let size =
            write(Plan::of(documents), &directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        println!(
            "corpus: {documents} documents with {} workloads, {} in {} files",
            size.workloads,
            megabytes(size.bytes),
            size.files
        );
        Ok(Self { directory, size, documents })
    }

    /// Bytes of memory that a scan of it may take.
    pub fn memory(&self) -> u64 {
        MEMORY_BASE + self.size.largest + MEMORY_PER_WORKLOAD * self.size.workloads as u64
    }

    /// All files, for a program that does not walk directories.
    pub fn files(&self) -> Result<Vec<PathBuf>, String> {
        let list = |directory: &Path| -> Result<Vec<PathBuf>, String> {
            let entries = fs::read_dir(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
            entries.map(|entry| entry.map(|e| e.path()).map_err(|e| e.to_string())).collect()
        };
        let mut files = Vec::new();
        for folder in list(&self.directory)? {
            files.extend(list(&folder)?);
        }
        files.sort_unstable();
        Ok(files)
    }
}

impl Drop for Corpus {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Bytes in millions.
pub fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}
