//! Upstream's own code as oracle: Go programs under `go/cmd` and in modules of their own under `go`, built at pinned versions and
//! asked over pipes, and programs under `python`.

pub mod differences;
mod files;
mod oracle;
mod python;

pub use files::documents;
pub use oracle::{Oracle, module_at, module_dir, target};
pub use python::Python;
