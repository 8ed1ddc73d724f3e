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

use std::sync::Arc;

use seawall_manifest::objects::{Object, Objects, objects};
use seawall_yaml::Reader;

pub use enforce::{Enforcement, Enforcing, Mended, Older, Unseen};
pub use namespaces::{Clusters, NamespaceSummary, Namespaces};
pub use owners::settle;
pub use system::system_owner;

pub(crate) use namespaces::managed_by;
pub(crate) use owners::{Live, live, scc, served_scc};

/// Calls `each` with the objects of a snapshot, or of a part of one; what could not be read.
fn for_each_object(bytes: &Arc<[u8]>, mut each: impl FnMut(Object<'_>)) -> Vec<String> {
    let mut unread = Vec::new();
    let mut reader = Reader::new(bytes.clone(), seawall_yaml::Limits::default());
    while let Some(entry) = reader.next() {
        unread.extend(entry.problems.into_iter().map(|problem| problem.message));
        let Some(document) = entry.document else { continue };
        let Objects { objects, rejects, .. } = objects(&document);
        unread.extend(rejects.into_iter().map(|reject| reject.message));
        objects.into_iter().for_each(&mut each);
        reader.recycle(document);
    }
    unread
}
