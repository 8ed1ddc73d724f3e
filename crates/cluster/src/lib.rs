//! Live clusters: connecting as kubectl does, and listing in pages.
//!
//! What is listed comes as the bytes that the API server sent, page by page, so that memory is bounded and the readers of files
//! read it too. [`capture`] makes a snapshot of all kinds that engines read. A kind that may not be listed is [`Listed::Forbidden`], never an empty list.
//!
//! Only `GET` is ever sent, except by a [`Writer`]: who has a [`Cluster`] cannot change it. A [`Collector`] is no API server: telemetry
//! is posted there.

mod capture;
mod collector;
mod connect;
mod error;
mod list;
mod proxy;
mod watch;
mod write;

pub use capture::{KINDS, KindListed, Wanted, capture};
pub use collector::Collector;
pub use connect::{Cluster, Options, ServerVersion};
pub use error::Error;
pub use list::{Collection, Listed, Page};
pub use watch::Change;
pub use write::{Place, Writer};
