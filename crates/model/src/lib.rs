//! What every engine speaks of: identities, field paths, typed views of objects, and text as Go writes it.
//!
//! Typed views (`Pod<'d>` and friends) borrow a document and are never stored. They are decoded by one description per
//! type ([`decode`]) from a node cursor or from JSON bytes. Nothing here knows of checks, levels or findings.

pub mod decode;
mod first;
pub mod gotext;
mod identity;
pub mod image;
pub mod json;
pub mod nodes;
pub mod pattern;
pub mod pod;
pub mod quantity;
pub mod review;
mod version;

pub use first::first_of_equals;
pub use identity::{ObjectId, WorkloadKind};
pub use seawall_yaml::{FieldPath, PathError, Resolved, Segment, is_item};
pub use version::{KubernetesVersion, Level, PolicyVersion, VersionError};
