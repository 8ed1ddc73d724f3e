//! The Pod Security Standards, judged as Kubernetes judges them.
//!
//! ```text
//!   Pod -> evaluate -> Faults (a bit for every variant of every check)
//!                         |        allowed(faults, level, minor)    the verdict
//!                         |        strictest(faults, minor)         the strictest level that it passes
//!                         v
//!   Pod -> results(level, minor) -> offenders -> reason, detail     the reference's sentences
//!                                            \-> findings           places and words for people
//! ```
//!
//! Structure comes first and text second: a verdict allocates nothing, and every sentence is a function of the offenders.
//! The reference is k8s.io/pod-security-admission v0.37.2. Knows nothing of files, clusters, webhooks or exceptions.

mod check;
mod checks;
mod evaluate;
mod faults;
mod find;
pub mod namespace;
mod offender;
mod part;
mod plan;
mod relabel;
mod repair;
#[cfg(test)]
mod testing;
mod text;
mod topics;

pub use check::{CheckInfo, Exempt, Variant};
pub use checks::{CHECKS, RULES, rule};
pub use evaluate::{
    CheckResult, Excepted, evaluate, evaluate_except, forbidden, forbidden_detail, forbidden_reason, results,
    results_of, results_within, split_excepted,
};
pub use faults::Faults;
pub use find::{Group, findings, groups};
pub use offender::{Field, Names, Offender, Site, Value};
pub use part::Part;
pub use plan::{NEWEST, allowed, failing, judges_whole, of_checks, plan_at, strictest};
pub use relabel::Relabelling;
pub use repair::{Action, Literal, Repair, RepairAt, stated_user};
pub use topics::{TOPICS, Topic};
