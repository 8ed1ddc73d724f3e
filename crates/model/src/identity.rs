//! Which object is meant.

use std::fmt;

/// The identity of an object within one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    /// As written: `apps/v1`, `v1`.
    pub api_version: String,
    /// As written.
    pub kind: String,
    /// Empty where it is not written, and for cluster-scoped objects.
    pub namespace: String,
    /// Empty where it is not written.
    pub name: String,
    /// `generateName`, where there is no name: the API server completes it.
    pub generate_name: String,
}

impl fmt::Display for ObjectId {
    /// `Deployment shop/web`, `Pod web` without a namespace, `Pod web-*` with a name that is completed later.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        match (self.name.as_str(), self.generate_name.as_str()) {
            ("", "") => f.write_str("(no name)"),
            ("", begin) => write!(f, "{begin}*"),
            (name, _) => f.write_str(name),
        }
    }
}

/// Where a workload keeps its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkloadKind {
    /// The object is the pod.
    Pod,
    /// The object makes pods from a template.
    Template,
}
