//! Fields that older versions have and the newest does not, of kinds that both have (k8s.io/api, `types.go` of each minor).

use std::ops::RangeInclusive;

use seawall_model::Segment;

use super::{SchemaProblem, SchemaProblemKind};
use crate::objects::Object;

/// The kinds, empty for all that make pods; the keys at the end of the path; the minor versions.
const GONE: &[(&[&str], &[&str], RangeInclusive<u64>)] = &[
    (&["Pod"], &["spec", "workloadRef"], 35..=35),
    (&[], &["template", "spec", "workloadRef"], 35..=35),
    (&["DeviceTaintRule"], &["spec", "deviceSelector", "deviceClassName"], 33..=34),
    (&["DeviceTaintRule"], &["spec", "deviceSelector", "selectors"], 33..=34),
    (&["ResourceSlice"], &["nodeAllocatableResourceMappings"], 36..=36),
];

/// Whether a problem is that the newest version does not know a field which this minor version has.
pub fn is_of_newer(object: &Object<'_>, problem: &SchemaProblem, minor: u64) -> bool {
    if !matches!(problem.kind, SchemaProblemKind::UnknownField { .. }) {
        return false;
    }
    let ends_with = |keys: &[&str]| {
        let path = &problem.path.0;
        path.len() >= keys.len()
            && path[path.len() - keys.len()..]
                .iter()
                .zip(keys)
                .all(|(segment, key)| matches!(segment, Segment::Key(of) if of == key))
    };
    GONE.iter().any(|(kinds, keys, minors)| {
        minors.contains(&minor) && (kinds.is_empty() || kinds.contains(&object.kind)) && ends_with(keys)
    })
}
