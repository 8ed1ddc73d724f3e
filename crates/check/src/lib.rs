//! The driver: which engines look at which objects, and at what level.
//!
//! ```text
//! document -> survey (masks, identity, problems) --+
//! namespaces of the whole input -> levels ---------+-> judge -> records
//! ```
//!
//! Pure: knows no file, clock or terminal; a report turns its records into output.

mod beyond;
mod config;
mod encrypted;
mod exceptions;
mod fix;
mod foreign;
mod harden;
mod ignore;
mod import;
mod judge;
mod levels;
mod live;
mod locate;
mod namespace;
mod options;
mod proposal;
mod quoted;
mod rank;
mod reach;
mod record;
pub mod rules;
mod schema;
mod score;
pub mod scores;
mod survey;
mod tally;
mod totals;

pub use beyond::BeyondLevels;
pub use config::{
    Base, Config, ConfigError, LevelRule, NamedRules, Part, Profile, RuleSettings, SETTINGS, Scope,
};
pub use exceptions::{Declaration, Declared, Exceptions, declared};
pub use fix::{
    FileFix, FindingKey, Fixed, Images, ImagesError, ObjectChanges, ObjectPatch, Open, Selection, patches,
    repair,
};
pub use harden::index;
pub use ignore::{
    Baseline, BaselineEntry, EntryScope, ForeignFile, ForeignIgnores, Ignore, IgnoreEntry, IgnoredObject,
    Ignores, object_key,
};
pub use import::Imported;
pub use judge::{Item, Verdict, items, judge, verdict};
pub use levels::{Levels, NamespaceObject};
pub use live::access;
pub use live::{
    Clusters, Enforcement, Enforcing, Mended, NamespaceSummary, Namespaces, Older, Unseen, settle,
    system_owner,
};
pub use locate::region;
pub use options::{FailOn, FailOnError, HELD, Hardening, Options};
pub use proposal::{Proposal, Surveyed};
pub use quoted::{quoted, shell_word};
pub use rank::Rank;
pub use reach::Reach;
pub use record::{
    Beyond, Blocker, Evaluation, Findings, InputError, LevelSource, Located, Lowest, Mark, Notice,
    NoticeKind, ObjectReport, Origin, PodSpec, Record, Region, Score, Subject, Summary, Suppression,
    Workload,
};
pub use score::{Grade, weight};
pub use seawall_hardening::{Enabled, Fact, Index, Params};
pub use seawall_manifest::schema::{Definition, Definitions};
pub use seawall_manifest::types::OLDEST as OLDEST_SCHEMA;
pub use seawall_manifest::workload::{ConfiguredEntry, Form};
pub use seawall_pss::NEWEST;
pub use seawall_pss::namespace::{AskedLevel, LevelVersion, Mode, Modes, Policy};
pub use survey::{Operators, Place, Rare, Seen, Source, Survey, UnknownKind, Unread, excepted, survey};
pub use tally::{Counts, Tally};
pub use totals::{Cut, Extent, Totals};
