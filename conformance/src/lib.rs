//! Upstream's own code as oracle: Go programs under `go/cmd`, built at pinned versions and asked over pipes.

mod oracle;

pub use oracle::{Oracle, module_at, module_dir};
