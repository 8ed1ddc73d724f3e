//! The bytes of one input.

use std::cell::Cell;
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
    read.map_err(|failure| failure.of(input.display(), limit))
}

/// An input that is read from its beginning on, of which the first bytes are known.
pub struct Opened {
    name: String,
    begin: io::Cursor<Vec<u8>>,
    rest: Box<dyn Read>,
}

impl Opened {
    /// Opens `input` and looks at its first bytes, as many as `bytes` if there are so many.
    pub fn new(input: &Input, bytes: u64) -> Result<Self, InputError> {
        let failed = |error: io::Error| InputError::io(input.display(), &error);
        let mut rest: Box<dyn Read> = match input.kind {
            InputKind::Stdin => Box::new(io::stdin()),
            InputKind::File | InputKind::Stream => {
                Box::new(File::open(openable(&input.path)).map_err(failed)?)
            }
        };
        let mut begin = Vec::new();
        rest.by_ref().take(bytes).read_to_end(&mut begin).map_err(failed)?;
        Ok(Self { name: input.display().into_owned(), begin: io::Cursor::new(begin), rest })
    }

    /// The first bytes.
    pub fn begin(&self) -> &[u8] {
        self.begin.get_ref()
    }

    /// All bytes, at most as many as [`read`] gives.
    pub fn read_all(self) -> Result<Arc<[u8]>, InputError> {
        let limit = u64::from(seawall_yaml::Limits::default().bytes);
        stream(self.begin.chain(self.rest), limit).map_err(|failure| failure.of(self.name, limit))
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.begin.read(buffer)? {
            0 => self.rest.read(buffer),
            n => Ok(n),
        }
    }
}

enum Failure {
    Io(io::Error),
    TooLarge,
}

impl Failure {
    /// As an error of an input.
    fn of(self, name: impl Into<String>, limit: u64) -> InputError {
        match self {
            Self::Io(error) => InputError::io(name, &error),
            Self::TooLarge => InputError::new(
                name,
                ErrorKind::TooLarge,
                format!("larger than the limit of {} MiB; split it into several files", limit >> 20),
            ),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn file(input: &Input, limit: u64) -> Result<Arc<[u8]>, Failure> {
    let file = File::open(openable(&input.path))?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if metadata.len() > limit {
        return Err(Failure::TooLarge);
    }
    let length = usize::try_from(metadata.len()).map_err(|_| Failure::TooLarge)?;
    match length {
        // Pipes, devices and what the kernel makes up on reading claim a length of 0.
        0 => stream(file, limit),
        1..SMALL => small(file, length, limit),
        _ => whole(file, length, limit),
    }
}

/// Shorter files are read at once.
const SMALL: usize = 1 << 14;

/// All bytes of a file that claims to be so long, which is less than [`SMALL`].
fn small(mut file: impl Read, length: usize, limit: u64) -> Result<Arc<[u8]>, Failure> {
    thread_local! {
        static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut room = ROOM.take();
    room.resize(SMALL, 0);
    // More was asked for than it claims: if as much comes, that is all.
    let read = loop {
        match file.read(&mut room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read,
        }
    };
    let bytes = match read {
        Ok(n) if n == length => Ok(room[..n].into()),
        Ok(0) => Ok(Arc::default()),
        Ok(n) => stream((&room[..n]).chain(file), limit),
        Err(error) => Err(error.into()),
    };
    ROOM.set(room);
    bytes
}

/// All bytes of a file that claims to be so long.
fn whole(mut file: impl Read, length: usize, limit: u64) -> Result<Arc<[u8]>, Failure> {
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
    // It grew, or its file system does not know better: a part must not be taken for all of it.
    stream((&*bytes).chain(&more[..]).chain(file), limit)
}

/// Reads until `buffer` is full or the file ends, and returns the number of bytes.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
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
    fn a_file_that_was_looked_at_is_whole() {
        let dir = Dir::new(&["a.yaml"]);
        dir.write("a.yaml", b"12345");
        for bytes in [0, 3, 5, 64] {
            let open = || Opened::new(&input(dir.path("a.yaml")), bytes).expect("there");
            assert_eq!(open().begin(), &b"12345"[..5.min(bytes as usize)]);
            assert_eq!(&*open().read_all().expect("readable"), b"12345");
            let mut text = String::new();
            open().read_to_string(&mut text).expect("readable");
            assert_eq!(text, "12345");
        }
        assert_eq!(Opened::new(&input(dir.path("gone")), 1).err().map(|e| e.kind), Some(ErrorKind::NotFound));
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

    #[test]
    fn files_of_another_length_than_they_claim_are_read_whole() {
        for length in [1, 3, 5, 9] {
            for read in [whole, small] {
                assert_eq!(read(&b"12345"[..], length, 5).ok().as_deref(), Some(&b"12345"[..]), "{length}");
            }
            // In pieces, and more than is read at once.
            let pieces = (&b"12"[..]).chain(&b"345"[..]);
            assert_eq!(small(pieces, length, 5).ok().as_deref(), Some(&b"12345"[..]), "{length}");
            let large = vec![b'x'; SMALL + 3];
            assert_eq!(small(&*large, length, large.len() as u64).ok().as_deref(), Some(&*large));
        }
        assert!(whole(&b"12345"[..], 3, 4).is_err() && small(&b"12345"[..], 3, 4).is_err());
        assert_eq!(small(&b""[..], 3, 4).ok().as_deref(), Some(&b""[..]));
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
