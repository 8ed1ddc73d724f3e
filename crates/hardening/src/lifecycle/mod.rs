//! Which built-in APIs are deprecated or gone, since when, and what takes their place.

#[rustfmt::skip]
mod table;

use table::LIFECYCLES;

/// The end of a built-in kind in one apiVersion. Versions are minor versions of Kubernetes 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifecycle {
    /// The kind.
    pub(crate) kind: &'static str,
    /// The apiVersion.
    pub(crate) api_version: &'static str,
    /// The API server warns from this version on; `None` where it went without a warning.
    pub(crate) deprecated: Option<u8>,
    /// It is no longer served from this version on, as far as that is decided.
    pub(crate) removed: Option<u8>,
    /// apiVersion and kind that take its place, and since when they are there.
    pub(crate) replacement: Option<(&'static str, &'static str, u8)>,
}

impl Lifecycle {
    /// What is known of a kind in an apiVersion; `None` for what is neither deprecated nor gone, nor built in.
    pub(crate) fn of(api_version: &str, kind: &str) -> Option<&'static Self> {
        let at = LIFECYCLES.binary_search_by(|l| (l.kind, l.api_version).cmp(&(kind, api_version))).ok()?;
        Some(&LIFECYCLES[at])
    }

    /// Whether it is no longer served in this minor version.
    pub(crate) fn is_removed(&self, kubernetes: u64) -> bool {
        self.removed.is_some_and(|since| u64::from(since) <= kubernetes)
    }

    /// Whether it is deprecated, or no longer served, in this minor version.
    pub(crate) fn is_deprecated(&self, kubernetes: u64) -> bool {
        self.is_removed(kubernetes) || self.deprecated.is_some_and(|since| u64::from(since) <= kubernetes)
    }

    /// What takes its place in this minor version: apiVersion and kind.
    pub(crate) fn replacement(&self, kubernetes: u64) -> Option<(&'static str, &'static str)> {
        let (api_version, kind, since) = self.replacement?;
        (u64::from(since) <= kubernetes).then_some((api_version, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_makes_sense() {
        assert!(LIFECYCLES.is_sorted_by_key(|l| (l.kind, l.api_version)));
        for l in &LIFECYCLES {
            assert!(l.deprecated.is_some() || l.removed.is_some(), "{l:?}");
            if let (Some(deprecated), Some(removed)) = (l.deprecated, l.removed) {
                assert!(deprecated < removed, "{l:?}");
            }
            let next = l.replacement.and_then(|(api_version, kind, _)| Lifecycle::of(api_version, kind));
            assert!(next.is_none_or(|next| !next.is_removed(37)), "{l:?}");
        }
    }

    #[test]
    fn knows_the_great_removals() {
        let removed = |version, kind| Lifecycle::of(version, kind).and_then(|l| l.removed);
        assert_eq!(removed("extensions/v1beta1", "Deployment"), Some(16));
        assert_eq!(removed("extensions/v1beta1", "Ingress"), Some(22));
        assert_eq!(removed("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"), Some(22));
        assert_eq!(removed("apiregistration.k8s.io/v1beta1", "APIService"), Some(22));
        assert_eq!(removed("policy/v1beta1", "PodSecurityPolicy"), Some(25));
        assert_eq!(removed("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"), Some(32));
        assert_eq!(Lifecycle::of("apps/v1", "Deployment"), None);
        assert_eq!(Lifecycle::of("example.com/v1beta1", "Deployment"), None);
    }
}
