//! What can be set about checks.

/// The parameters of checks; the defaults are those of the reference pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// `replicas-minimum`, `hpa-min-replicas`: the least number of replicas.
    pub minimum_replicas: i64,
    /// `run-as-high-uid`, `run-as-high-gid`: the least id that counts as high.
    pub high_id: i64,
    /// `image-registry-allowlist`: registries, or prefixes of repositories (`registry.example.com/team`), that images may come
    /// from; empty where nobody has said.
    pub registries: Vec<String>,
    /// `priority-class`: the classes that pods may have; empty for any.
    pub priority_classes: Vec<String>,
    /// The checks on secrets: names of variables and keys that hold no secret, case-insensitive, `*` for any text.
    pub harmless_names: Vec<String>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            minimum_replicas: 2,
            high_id: 10_000,
            registries: Vec::new(),
            priority_classes: Vec::new(),
            harmless_names: Vec::new(),
        }
    }
}
