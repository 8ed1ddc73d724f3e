//! Edits of documents that keep what they do not change: comments, layout, quotes, line ends.
//!
//! ```text
//! changes -> spots          one tree over the document; changes that contradict each other are refused
//!              |-- planner  text edits: block and flow, anchors, look of the surroundings
//!              `-- patch    JSON Patch, strategic merge patch
//! after   -> verify         read again, compared with the changes made on values
//! ```
//!
//! A change that cannot be made with certainty is refused with a reason; the others are made.

mod anchors;
mod block;
mod change;
mod contradictions;
mod draft;
mod expected;
mod finish;
mod flow;
mod lines;
mod look;
mod outcome;
mod patch;
mod place;
mod plain;
mod plan;
mod planner;
mod spots;
mod strategic;
mod swallow;
mod value;
mod verify;

pub use change::{Change, Op, Planned, Reason, Refusal, TextEdit};
pub use finish::apply;
pub use patch::{JsonPatch, PatchOp, PatchOperation, json_patch};
pub use plan::plan;
pub use strategic::{ListMerge, StrategicPatch, strategic_merge};
pub use value::Value;
pub use verify::{Edited, Mismatch, verify};
