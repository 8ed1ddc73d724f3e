//! The first line of a snapshot.

use serde::{Deserialize, Serialize};

/// The apiVersion of the first line.
pub const API_VERSION: &str = "seawall.dev/v1alpha1";

/// The kind of the first line.
pub const KIND: &str = "ClusterSnapshot";

/// What was looked at, and what was not seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Header {
    /// [`API_VERSION`].
    pub api_version: String,
    /// [`KIND`].
    pub kind: String,
    /// The API server's version, such as `v1.37.2`.
    pub server_version: String,
    /// The UID of the namespace `kube-system`; nothing where that may not be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
    /// When it was taken, in UTC (RFC 3339).
    pub time: String,
    /// The namespaces that were asked for; empty for all.
    pub namespaces: Vec<String>,
    /// The label selector that workloads and pods had to match; empty for all.
    pub selector: String,
    /// Whether environment values, arguments and what was last applied are kept.
    pub includes_env: bool,
    /// The resources whose lists took longer than the API server remembers, so that they are of several moments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of_several_moments: Vec<String>,
    /// What may be there and was not seen.
    pub not_seen: Vec<NotSeen>,
}

/// Objects of a kind that the user may not list.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NotSeen {
    /// Such as `apps/v1`.
    pub api_version: String,
    /// Such as `deployments`.
    pub resource: String,
    /// The namespace; nothing for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The API server's message.
    pub message: String,
}

impl Header {
    /// The minor of the API server's version: 37 of `v1.37.2-gke.1`. `None` where it is no version of Kubernetes 1.
    pub fn minor(&self) -> Option<u64> {
        minor(&self.server_version)
    }
}

/// The minor of an API server's version: 37 of `v1.37.2-gke.1`. `None` where it is no version of Kubernetes 1.
pub fn minor(version: &str) -> Option<u64> {
    let digits = version.strip_prefix("v1.")?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_is_read_as_providers_write_it() {
        for (version, minor) in [
            ("v1.37.2", Some(37)),
            ("v1.33.4-gke.1172000", Some(33)),
            ("v1.32", Some(32)),
            ("v1.", None),
            ("v2.1", None),
            ("", None),
        ] {
            let header = Header { server_version: version.to_owned(), ..Header::default() };
            assert_eq!(header.minor(), minor, "{version}");
        }
    }
}
