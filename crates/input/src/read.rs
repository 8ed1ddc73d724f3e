//! The bytes of one input.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use crate::error::{ErrorKind, InputError};
use crate::{Input, InputKind, openable};

/// The bytes of `input`, at most as many as the reader of documents takes by default (256 MiB).
pub fn read(input: &Input) -> Result<Arc<[u8]>, InputError> {
    read_bounded(input, u64::from(seawall_yaml::Limits::default().bytes))
}

/// The bytes of `input`, at most `limit`. A longer file is not read at all, a longer stream not further.
pub fn read_bounded(input: &Input, limit: u64) -> Result<Arc<[u8]>, InputError> {
    let read = match input.kind {
        InputKind::Stdin => stream(io::stdin().lock(), limit),
        InputKind::File | InputKind::Stream => file(input, limit),
    };
    read.map_err(|failure| match failure {
        Failure::Io(error) => InputError::io(input.display(), &error),
        Failure::TooLarge => InputError::new(
            input.display(),
            ErrorKind::TooLarge,
            format!("larger than the limit of {} MiB; split it into several files", limit >> 20),
        ),
    })
}

enum Failure {
    Io(io::Error),
    TooLarge,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn file(input: &Input, limit: u64) -> Result<Arc<[u8]>, Failure> {
    let mut file = File::open(openable(&input.path))?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if metadata.len() > limit {
        return Err(Failure::TooLarge);
    }
    let length = usize::try_from(metadata.len()).map_err(|_| Failure::TooLarge)?;
    // Pipes, devices and what the kernel makes up on reading claim a length of 0, and grow below.
    // Read in place: a vector would have to be copied, and a large file be in memory twice.
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
    let filled = match Arc::get_mut(&mut bytes) {
        Some(buffer) => fill(&mut file, buffer)?,
        None => 0,
    };
    if filled < length {
        return Ok(bytes.get(..filled).unwrap_or_default().into());
    }
    let mut more = [0];
    if fill(&mut file, &mut more)? == 0 {
        return Ok(bytes);
    }
    // Longer than it claimed to be.
    stream((&*bytes).chain(&more[..]).chain(file), limit)
}

/// Reads until `buffer` is full or the file ends, and returns the number of bytes.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// All bytes of a stream whose length is not known.
fn stream(source: impl Read, limit: u64) -> Result<Arc<[u8]>, Failure> {
    let mut bytes = Vec::new();
    source.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(Failure::TooLarge) } else { Ok(bytes.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;
    use crate::testing::Dir;

    fn input(path: impl Into<std::path::PathBuf>) -> Input {
        Input { path: path.into().into(), origin: Origin::Named, kind: InputKind::File, in_chart: None }
    }

    #[test]
    fn reads_a_file_and_an_empty_one() {
        let dir = Dir::new(&["a.yaml", "empty.yaml"]);
        dir.write("a.yaml", b"kind: Pod\n");
        assert_eq!(&*read(&input(dir.path("a.yaml"))).expect("readable"), b"kind: Pod\n");
        dir.write("empty.yaml", b"");
        assert_eq!(&*read(&input(dir.path("empty.yaml"))).expect("readable"), b"");
    }

    #[test]
    fn the_limit_is_exact_for_files_and_streams() {
        let dir = Dir::new(&["a.yaml"]);
        dir.write("a.yaml", b"12345");
        let a = input(dir.path("a.yaml"));
        assert_eq!(&*read_bounded(&a, 5).expect("fits"), b"12345");
        assert_eq!(read_bounded(&a, 4).expect_err("too large").kind, ErrorKind::TooLarge);
        assert_eq!(stream(&b"12345"[..], 5).ok().as_deref(), Some(&b"12345"[..]));
        assert!(stream(&b"12345"[..], 4).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn endless_devices_and_files_without_a_length_are_bounded() {
        assert_eq!(
            read_bounded(&input("/dev/zero"), 1 << 20).expect_err("endless").kind,
            ErrorKind::TooLarge
        );
        assert!(!read(&input("/proc/self/status")).expect("readable").is_empty());
    }

    #[test]
    fn directories_and_vanished_files_are_errors() {
        let dir = Dir::new(&[]);
        assert_eq!(read(&input(dir.path(""))).expect_err("a directory").kind, ErrorKind::IsDirectory);
        assert_eq!(read(&input(dir.path("gone.yaml"))).expect_err("gone").kind, ErrorKind::NotFound);
    }
}
