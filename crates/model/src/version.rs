//! Levels of the Pod Security Standards, and the versions that people name.

use std::fmt;
use std::str::FromStr;

/// A level of the Pod Security Standards, from the least to the most strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is forbidden.
    Privileged,
    /// Known privilege escalations are forbidden.
    Baseline,
    /// Current hardening practice is asked for.
    Restricted,
}

impl Level {
    /// All levels, the least strict first.
    pub const ALL: [Self; 3] = [Self::Privileged, Self::Baseline, Self::Restricted];

    /// As in namespace labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a level or version does not parse; the words of k8s.io/pod-security-admission `api/helpers.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionError {
    /// Not a level.
    Level,
    /// Not a policy version.
    Policy,
    /// Not a Kubernetes version.
    Kubernetes,
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Level => "must be one of privileged, baseline, restricted",
            Self::Policy => "must be \"latest\" or \"v1.x\"",
            Self::Kubernetes => "must be a Kubernetes version such as 1.37 or v1.37.2",
        })
    }
}

impl std::error::Error for VersionError {}

impl FromStr for Level {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::ALL.into_iter().find(|l| l.as_str() == text).ok_or(VersionError::Level)
    }
}

/// The version of a policy: of the label `pod-security.kubernetes.io/enforce-version` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyVersion {
    /// The target cluster's minor version.
    Latest,
    /// `v1.N`. Minors behind `i64` are refused, as Go refuses them.
    Minor(u64),
}

impl PolicyVersion {
    /// The minor to evaluate at, given the newest one that applies (the target cluster's).
    pub fn clamp(self, newest: u64) -> u64 {
        match self {
            Self::Latest => newest,
            Self::Minor(minor) => minor.min(newest),
        }
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Minor(minor) => write!(f, "v1.{minor}"),
        }
    }
}

impl FromStr for PolicyVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        text.strip_prefix("v1.").and_then(minor).map(Self::Minor).ok_or(VersionError::Policy)
    }
}

/// A decimal without sign or leading zeros that fits Go's `int`.
fn minor(text: &str) -> Option<u64> {
    if text.is_empty()
        || (text.len() > 1 && text.starts_with('0'))
        || !text.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    text.parse().ok().filter(|m| i64::try_from(*m).is_ok())
}

/// The version of a cluster: of the API server, never of a policy. Only the minor matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KubernetesVersion {
    /// The `37` of `v1.37.2`.
    pub minor: u64,
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}", self.minor)
    }
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;

    /// `1.37`, `v1.37`, `v1.37.2`, `v1.37.2-gke.100`.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let rest =
            text.strip_prefix('v').unwrap_or(text).strip_prefix("1.").ok_or(VersionError::Kubernetes)?;
        let (head, patch) = rest.split_once('.').map_or((rest, None), |(h, p)| (h, Some(p)));
        if patch.is_some_and(|p| !p.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(VersionError::Kubernetes);
        }
        minor(head).map(|minor| Self { minor }).ok_or(VersionError::Kubernetes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_versions_as_upstream() {
        assert_eq!("latest".parse(), Ok(PolicyVersion::Latest));
        assert_eq!("v1.25".parse(), Ok(PolicyVersion::Minor(25)));
        assert_eq!("v1.0".parse(), Ok(PolicyVersion::Minor(0)));
        for bad in
            ["v1.01", "1.25", "v1", "v2.0", "V1.25", "", "v1.", "v1.+1", "v1.99999999999999999999", " latest"]
        {
            assert_eq!(bad.parse::<PolicyVersion>(), Err(VersionError::Policy), "{bad}");
        }
    }

    #[test]
    fn kubernetes_versions() {
        for good in ["1.37", "v1.37", "v1.37.2", "v1.37.2-gke.100", "1.37.2+k3s1"] {
            assert_eq!(good.parse(), Ok(KubernetesVersion { minor: 37 }), "{good}");
        }
        for bad in ["1", "v2.3", "1.x", "1.37.", "latest", "1.037"] {
            assert!(bad.parse::<KubernetesVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn strictness_is_the_order() {
        assert!(Level::Privileged < Level::Baseline && Level::Baseline < Level::Restricted);
        assert_eq!("Restricted".parse::<Level>(), Err(VersionError::Level));
    }
}
