//! Bytes to [`Document`]: YAML as Go reads it and JSON as the API machinery reads it, in one tree with spans.
//!
//! ```text
//! bytes -> stream (documents split as k8s.io/apimachinery does)
//!             |-- json      `{` streams and JSON lines
//!             |-- fast      the subset that manifests use
//!             `-- complete  everything else: scan -> parse
//!                    all three -> Builder -> Document (flat nodes, spans, decoded text)
//! ```
//!
//! Nothing here knows of Kubernetes objects: a document is a tree of nodes with places.

mod builder;
mod complete;
mod document;
pub mod edit;
mod expand;
mod fast;
mod json;
mod lines;
mod parse;
mod path;
mod problem;
pub mod readers;
mod scalar;
mod scan;
mod stream;
mod tagged;

pub use builder::Builder;
pub use document::{Document, Entries, Items, Kind, ListItem, NodeId, NodeRef, Span, Style};
pub use lines::{LineIndex, LineStarts, Position};
pub use path::{FieldPath, ItemName, PathError, Resolved, Segment, is_item};
pub use problem::{Problem, ProblemKind};
pub use scalar::{Number, Scalar, resolve_plain};
pub use stream::{Entry, Limits, Reader, read};
