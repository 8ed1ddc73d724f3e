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
    /// apiVersion and kind that take its place, and since when they are there: the best first, then what was there before that.
    pub(crate) replacements: &'static [(&'static str, &'static str, u8)],
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
        let is_there = |(api_version, kind, since): &&(&str, &str, u8)| {
            let gone = Self::of(api_version, kind).is_some_and(|life| life.is_removed(kubernetes));
            u64::from(*since) <= kubernetes && !gone
        };
        self.replacements.iter().find(is_there).map(|(api_version, kind, _)| (*api_version, *kind))
    }
}

/// The minor version from which on a built-in kind is no longer served in an apiVersion, where that is decided.
pub fn removed(api_version: &str, kind: &str) -> Option<u64> {
    Lifecycle::of(api_version, kind)?.removed.map(u64::from)
}

/// What takes the place of a built-in kind of an apiVersion that is deprecated or gone, in a minor version: apiVersion and kind.
pub fn replacement(api_version: &str, kind: &str, kubernetes: u64) -> Option<(&'static str, &'static str)> {
    Lifecycle::of(api_version, kind)?.replacement(kubernetes)
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
            let gone = |(version, kind, _): &(&str, &str, u8)| {
                Lifecycle::of(version, kind).is_some_and(|next| next.is_removed(37))
            };
            assert!(l.replacements.iter().all(gone) || !gone(&l.replacements[0]), "{l:?}");
            assert!(l.replacements.is_sorted_by(|a, b| a.2 > b.2), "one that came later is better: {l:?}");
        }
    }

    #[test]
    fn what_takes_the_place_is_there_in_the_version() {
        let of = |version, kind, minor| replacement(version, kind, minor).map(|(version, _)| version);
        let class = |minor| of("resource.k8s.io/v1alpha3", "DeviceClass", minor);
        assert_eq!(
            [32, 33, 34].map(class),
            [Some("resource.k8s.io/v1beta1"), Some("resource.k8s.io/v1beta2"), Some("resource.k8s.io/v1")]
        );
        let migration = |minor| of("storagemigration.k8s.io/v1alpha1", "StorageVersionMigration", minor);
        assert_eq!([34, 35].map(migration), [None, Some("storagemigration.k8s.io/v1beta1")]);
        // v1 has less than v2beta1.
        let scaler = |minor| of("autoscaling/v2beta1", "HorizontalPodAutoscaler", minor);
        assert_eq!([22, 23].map(scaler), [Some("autoscaling/v2beta2"), Some("autoscaling/v2")]);
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
