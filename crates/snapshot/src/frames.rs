//! The file: lines in frames that are compressed one by one.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;

use crate::header::{API_VERSION, Header, KIND};

/// How a file in Zstandard's format begins (RFC 8878).
pub const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Bytes of text in a frame, from which on a new one is begun.
const FULL: usize = 1 << 20;

/// The longest line that is read: the API server's own limit for an object is about a hundredth of it.
const LONGEST: u64 = 64 << 20;

/// How many bytes of the text tell a snapshot from other files.
const BEGIN: u64 = 64;

/// Zstandard's own default. Objects of one kind are much alike.
const COMPRESSION: i32 = 3;

/// Some lines of a snapshot, compressed.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: Arc<[u8]>,
    text: usize,
    lines: u32,
}

impl Frame {
    fn of(text: &[u8], lines: u32) -> io::Result<Self> {
        let bytes = zstd::bulk::compress(text, COMPRESSION)?.into();
        Ok(Self { bytes, text: text.len(), lines })
    }

    /// The lines.
    pub fn text(&self) -> io::Result<Arc<[u8]>> {
        zstd::bulk::decompress(&self.bytes, self.text).map(Into::into)
    }

    /// How many there are.
    pub fn lines(&self) -> u32 {
        self.lines
    }
}

/// Puts lines into frames.
#[derive(Debug, Default)]
pub struct Packer {
    text: Vec<u8>,
    lines: u32,
    frames: Vec<Frame>,
}

impl Packer {
    /// Adds a line, without its end.
    pub fn add(&mut self, line: &[u8]) -> io::Result<()> {
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        self.lines += 1;
        if self.text.len() >= FULL { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> io::Result<()> {
        if self.lines > 0 {
            self.frames.push(Frame::of(&self.text, self.lines)?);
            self.text.clear();
            self.lines = 0;
        }
        Ok(())
    }

    /// The frames of all lines.
    pub fn finish(mut self) -> io::Result<Vec<Frame>> {
        self.close()?;
        Ok(self.frames)
    }
}

/// A snapshot in memory, compressed.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// What was looked at.
    pub header: Header,
    /// The objects, one on a line.
    pub frames: Vec<Frame>,
}

/// Why a file is no snapshot that can be read.
#[derive(Debug)]
pub enum Error {
    /// It cannot be read, or its compression is broken.
    Io(io::Error),
    /// Its first line is no header of a version that is known.
    Header(String),
    /// A line is longer than any object can be.
    Line(u64),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the snapshot cannot be read to its end: {error}"),
            Self::Header(problem) => write!(f, "not a snapshot that is known here: {problem}"),
            Self::Line(line) => write!(f, "line {line} of the snapshot is longer than {} MiB", LONGEST >> 20),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Whether a file that begins so is a snapshot, compressed or not.
pub fn is_snapshot(begin: &[u8]) -> bool {
    let header = format!("{{\"apiVersion\":\"{API_VERSION}\",\"kind\":\"{KIND}\"");
    begin.starts_with(&MAGIC) || begin.starts_with(header.as_bytes())
}

/// Whether a file begins with the header of a snapshot, compressed or not: others may be compressed as well. What cannot be read
/// so far is none.
pub fn holds_header(from: impl Read) -> bool {
    let mut from = BufReader::with_capacity(1 << 12, from);
    let mut begin = Vec::new();
    let first = |from: &mut dyn Read, begin: &mut Vec<u8>| from.take(BEGIN).read_to_end(begin).is_ok();
    let is_read = match from.fill_buf() {
        Ok(bytes) if bytes.starts_with(&MAGIC) => zstd::stream::read::Decoder::with_buffer(from)
            .is_ok_and(|mut lines| first(&mut lines, &mut begin)),
        Ok(_) => first(&mut from, &mut begin),
        Err(_) => false,
    };
    is_read && !begin.starts_with(&MAGIC) && is_snapshot(&begin)
}

impl Snapshot {
    /// Writes the file. The same snapshot gives the same bytes.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut first = serde_json::to_vec(&self.header)?;
        first.push(b'\n');
        to.write_all(&Frame::of(&first, 1)?.bytes)?;
        self.frames.iter().try_for_each(|frame| to.write_all(&frame.bytes))?;
        to.flush()
    }

    /// Reads a file, compressed or not.
    pub fn read(from: impl Read) -> Result<Self, Error> {
        let mut from = BufReader::with_capacity(1 << 16, from);
        if from.fill_buf()?.starts_with(&MAGIC) {
            Self::read_lines(BufReader::with_capacity(
                1 << 16,
                zstd::stream::read::Decoder::with_buffer(from)?,
            ))
        } else {
            Self::read_lines(from)
        }
    }

    fn read_lines(mut from: impl BufRead) -> Result<Self, Error> {
        let mut line = Vec::new();
        read_line(&mut from, &mut line, 1)?;
        // A list would be read as the fields in their order.
        let object = if line.starts_with(b"{") { &line[..] } else { b"" };
        let header: Header = serde_json::from_slice(object).map_err(|e| Error::Header(problem(&e)))?;
        if (&*header.api_version, &*header.kind) != (API_VERSION, KIND) {
            let is = format!("its first line is a `{}` of `{}`", header.kind, header.api_version);
            return Err(Error::Header(is));
        }
        let mut packer = Packer::default();
        for number in 2.. {
            line.clear();
            if !read_line(&mut from, &mut line, number)? {
                break;
            }
            packer.add(&line)?;
        }
        Ok(Self { header, frames: packer.finish()? })
    }
}

/// Reads a line without its end; false at the end of the file.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>, number: u64) -> Result<bool, Error> {
    from.by_ref().take(LONGEST + 1).read_until(b'\n', line)?;
    if line.len() as u64 > LONGEST {
        return Err(Error::Line(number));
    }
    let some = !line.is_empty();
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(some)
}

/// What is wrong with a header, without its text.
fn problem(error: &serde_json::Error) -> String {
    format!("its first line is no header (column {})", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(lines: u32) -> Snapshot {
        let header = Header {
            api_version: API_VERSION.into(),
            kind: KIND.into(),
            server_version: "v1.37.2".into(),
            ..Header::default()
        };
        let mut packer = Packer::default();
        for i in 0..lines {
            packer
                .add(format!("{{\"kind\":\"Pod\",\"n\":{i},\"x\":\"{}\"}}", "a".repeat(1000)).as_bytes())
                .unwrap();
        }
        Snapshot { header, frames: packer.finish().unwrap() }
    }

    fn text(snapshot: &Snapshot) -> Vec<u8> {
        snapshot.frames.iter().flat_map(|f| f.text().unwrap().to_vec()).collect()
    }

    #[test]
    fn a_file_is_what_was_written_in_frames_that_stand_alone() {
        for lines in [0, 1, 3000] {
            let written = snapshot(lines);
            let mut file = Vec::new();
            written.write(&mut file).unwrap();
            assert!(is_snapshot(&file));
            let mut again = Vec::new();
            snapshot(lines).write(&mut again).unwrap();
            assert!(file == again);
            let read = Snapshot::read(&file[..]).unwrap();
            assert_eq!(read.header, written.header);
            assert!(text(&read) == text(&written));
            assert_eq!(read.frames.iter().map(Frame::lines).sum::<u32>(), lines);
            assert_eq!(read.frames.len(), if lines > 1000 { 3 } else { lines.min(1) as usize });

            let plain = zstd::stream::decode_all(&file[..]).unwrap();
            assert!(is_snapshot(&plain));
            assert!(text(&Snapshot::read(&plain[..]).unwrap()) == text(&written));
        }
    }

    #[test]
    fn what_is_no_snapshot_is_refused_without_quoting_it() {
        let of = |bytes: &[u8]| Snapshot::read(bytes).unwrap_err().to_string();
        for text in ["", "canary", "{\"kind\":", "[\"canary\"]"] {
            let error = of(text.as_bytes());
            assert!(error.contains("no header") && !error.contains("canary"), "{error}");
        }
        assert!(of(b"{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}").contains("`Pod` of `v1`"));
        let mut file = Vec::new();
        snapshot(3000).write(&mut file).unwrap();
        for end in [5, 100, file.len() - 3] {
            assert!(Snapshot::read(&file[..end]).is_err(), "{end}");
        }
        file[60] ^= 0xff;
        assert!(Snapshot::read(&file[..]).is_err());
        assert!(!is_snapshot(b"{\"apiVersion\":\"v1\"}") && !is_snapshot(b""));
    }
}
