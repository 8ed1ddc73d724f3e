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
//!
//! ```
//! use seawall_yaml::edit::{Change, Edited, apply, plan, verify};
//!
//! let source = "spec:\n  containers:\n  - name: app # main\n";
//! let document = seawall_yaml::read(source.as_bytes()).remove(0).document.unwrap();
//! let path = "spec.containers[name=app].securityContext.privileged".parse().unwrap();
//! let changes = [Change::ensure(path, false)];
//!
//! let planned = plan(&document, &changes);
//! let after = apply(source.as_bytes(), &planned.edits);
//! verify(&[Edited { document: &document, changes: planned.accepted(&changes) }], after.as_slice()).unwrap();
//! assert_eq!(
//!     String::from_utf8(after).unwrap(),
//!     "spec:\n  containers:\n  - name: app # main\n    securityContext:\n      privileged: false\n"
//! );
//! ```

mod anchors;
mod block;
mod change;
mod compose;
mod contents;
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
