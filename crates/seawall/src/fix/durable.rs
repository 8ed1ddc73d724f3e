//! Files that a loss of power leaves whole.

use std::fs::{File, Metadata};
use std::io;

/// From so many files on, all that is not yet on the disk is brought there by one call: it also waits for what others write,
/// but costs a fraction of a call for each file.
#[cfg(target_os = "linux")]
const MANY: usize = 16;

/// Waits until the files, each with its metadata, are on the disk; what became of each.
pub(super) fn all(files: &[(&File, &Metadata)]) -> Vec<io::Result<()>> {
    if at_once(files) {
        return files.iter().map(|_| Ok(())).collect();
    }
    files.iter().map(|(file, _)| file.sync_all()).collect()
}

/// Brings the file systems that the files are on to the disk; whether nothing failed.
#[cfg(target_os = "linux")]
fn at_once(files: &[(&File, &Metadata)]) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    if files.len() < MANY || !tells_of_failures() {
        return false;
    }
    let mut synced = Vec::new();
    files.iter().all(|(file, metadata)| {
        if synced.contains(&metadata.dev()) {
            return true;
        }
        synced.push(metadata.dev());
        // The first file is the one that was opened first: failures since then are told.
        rustix::fs::syncfs(file).is_ok()
    })
}

/// Whether `syncfs` tells of data that could not be written: since Linux 5.8.
#[cfg(target_os = "linux")]
fn tells_of_failures() -> bool {
    let name = rustix::system::uname();
    let mut numbers = name.release().to_bytes().split(|byte| !byte.is_ascii_digit());
    let mut number = || std::str::from_utf8(numbers.next()?).ok()?.parse::<u32>().ok();
    matches!((number(), number()), (Some(major), Some(minor)) if (major, minor) >= (5, 8))
}

#[cfg(not(target_os = "linux"))]
fn at_once(_: &[(&File, &Metadata)]) -> bool {
    false
}
