//! What is different where objects come from a cluster and not from their authors: controllers have made some of them, namespaces
//! are all there, and others than their authors have changed pods.

pub mod access;
mod enforce;
mod families;
mod namespaces;
mod owners;
mod revision;
mod system;
#[cfg(test)]
mod tests;

pub use enforce::{Enforcement, Enforcing, Mended, Older, Unseen};
pub use namespaces::{Clusters, NamespaceSummary, Namespaces};
pub use owners::settle;
pub use system::system_owner;

pub(crate) use namespaces::managed_by;
pub(crate) use owners::{Live, live, scc, served_scc};
