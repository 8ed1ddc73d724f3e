//! Snapshots of clusters: what is kept of each object, and the file.
//!
//! ```text
//! object as the API server lists it -> lean   without what no engine reads and what may be secret -> a line of JSON
//! lines -> Packer -> frames (zstd, about a MiB of text each) -> Snapshot -> file, or straight into a scan
//! ```
//!
//! A snapshot is text in lines: a header, then an object on each. `zstdcat` shows it, and a file of it that is not compressed is
//! one too. Frames are compressed on their own, so that a scan holds only those in memory that it is looking at.

mod frames;
mod header;
mod lean;

pub use frames::{Error, Frame, MAGIC, Packer, Snapshot, holds_header, is_snapshot};
pub use header::{API_VERSION, Header, KIND, NotSeen, minor};
pub use lean::lean;
