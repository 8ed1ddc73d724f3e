//! Upstream's own code as oracle: Go programs under `go/cmd` and in modules of their own under `go`, built at pinned versions and
//! asked over pipes, and programs under `python`.

pub mod differences;
mod files;
mod fixtures;
mod oracle;
mod python;
pub mod random_pods;

pub use files::documents;
pub use fixtures::{PodFixture, pod_fixtures};
pub use oracle::{Oracle, module_at, module_dir, target};
pub use python::Python;

/// The releases of Kubernetes whose schemas are in the type table: minor version and patch, a minor version each, the oldest
/// first.
pub const RELEASES: [(u8, u8); 6] = [(32, 13), (33, 9), (34, 1), (35, 0), (36, 0), (37, 2)];

/// A number from the environment: how much a test does, or the seed of what it does.
pub fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|e| panic!("{variable}={text}: {e}")),
        Err(_) => default,
    }
}
