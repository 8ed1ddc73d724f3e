//! Checks beyond the Pod Security Standards: what hardening guides and other scanners ask for.
//!
//! ```text
//! object, its pods -> speaks     phase one: does any check have something to say, or need to see other objects first
//!                  -> facts      phase one: what checks of other objects have to know of this one
//! facts of a run   -> Index      between the phases
//! object, Index    -> findings   phase two
//! ```
//!
//! One check, one file; [`CHECKS`] is the table of them. A check that needs other objects speaks only where the input shows
//! them: what cannot be seen is not evaluated.
//!
//! [`models`] has nothing to do with the checks: it repeats the scores of other tools.

#![allow(clippy::doc_markdown, reason = "names of Kubernetes' kinds are words of the documentation here")]

mod backends;
mod capabilities;
mod check;
mod checks;
mod cron;
mod engine;
mod high_id;
mod host_path;
mod images;
mod index;
mod ingress;
mod lifecycle;
pub mod models;
mod names;
mod params;
mod probes;
mod rbac;
mod resources;
mod secrets;
mod selector;
mod service_account;
#[cfg(test)]
mod testing;
pub mod view;
mod workloads;

pub use check::{Beside, Check, Cx, Hit, Out, PodAt, Run, Sight};
pub use checks::CHECKS;
pub use engine::{Enabled, Found, Mask, Search, speaking};
pub use index::{
    Directions, Exposure, Fact, Index, Labels, Near, NotEvaluated, PODS, Scaler, Selector, ServiceAccount,
    Subject, Twins, facts,
};
pub use lifecycle::{removed, replacement};
pub use params::Params;
pub use rbac::{Names, allowed, allows_all};
