//! A corpus on disk, for programs that are run on files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
        let corpus = Self::at(&documents.to_string(), documents)?;
        let Size { workloads, bytes, files, .. } = corpus.size;
        let size = megabytes(bytes);
        println!("corpus: {documents} documents with {workloads} workloads, {size} in {files} files");
        Ok(corpus)
    }

    /// So many more of the same, for programs that change them; all of it is on the disk.
    pub fn copies(&self, count: usize) -> Result<Vec<Self>, String> {
        let copy = |n| Self::at(&format!("{}-{n}", self.documents), self.documents);
        let copies = (0..count).map(copy).collect::<Result<_, _>>()?;
        // What is not yet written would be written by whoever waits for the disk first.
        match Command::new("sync").status() {
            Ok(status) if status.success() => Ok(copies),
            outcome => Err(format!("sync failed: {outcome:?}")),
        }
    }

    fn at(name: &str, documents: usize) -> Result<Self, String> {
        let directory = target_directory()?.join("corpus").join(name);
        let _ = fs::remove_dir_all(&directory);
        let size =
            write(Plan::of(documents), &directory).map_err(|e| format!("{}: {e}", directory.display()))?;
        Ok(Self { directory, size, documents })
    }

    /// Bytes of memory that a scan of it may take.
    pub fn memory(&self) -> u64 {
        memory_bound(self.size.largest, self.size.workloads as u64)
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

/// Bytes of memory that a scan may take, given the largest file's bytes and the number of workloads.
pub fn memory_bound(largest: u64, workloads: u64) -> u64 {
    MEMORY_BASE + largest + MEMORY_PER_WORKLOAD * workloads
}

/// Bytes in millions.
pub fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}
