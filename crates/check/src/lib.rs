//! The driver: which engines look at which objects, and at what level.
//!
//! ```text
//! document -> survey (masks, identity, problems) --+
//! namespaces of the whole input -> levels ---------+-> judge -> records
//! ```
//!
//! Pure: knows no file, clock or terminal; a report turns its records into output.

mod record;

pub use record::{
    Blocker, Evaluation, InputError, LevelSource, Located, Mark, Mode, Notice, NoticeKind, ObjectReport,
    Origin, Record, Region, Subject, Summary, Workload,
};
