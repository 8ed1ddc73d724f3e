//! Leases of the API (`coordination.k8s.io/v1`), as objects.

use std::time::{SystemTime, UNIX_EPOCH};

use seawall_cluster::{Collection, Place};
use seawall_finding::Date;
use serde_json::{Value, json};

const API_VERSION: &str = "coordination.k8s.io/v1";
const RESOURCE: &str = "leases";

/// The Leases of a namespace.
pub(super) fn all<'c>(namespace: &'c str, selector: &'c str) -> Collection<'c> {
    Collection { api_version: API_VERSION, resource: RESOURCE, namespace: Some(namespace), selector }
}

/// One of them.
pub(super) fn one<'p>(namespace: &'p str, name: &'p str) -> Place<'p> {
    Place { api_version: API_VERSION, resource: RESOURCE, namespace: Some(namespace), name }
}

/// A new one.
pub(super) fn new(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": API_VERSION, "kind": "Lease", "metadata": {"name": name}, "spec": spec})
}

/// The `resourceVersion` of an object.
pub(super) fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap_or_default()
}

/// A time as Leases have it (`MicroTime`: RFC 3339 with six digits).
pub(super) fn micro_time(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let date = Date::from_days(i32::try_from(days).unwrap_or(i32::MAX));
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{date}T{hours:02}:{minutes:02}:{:02}.{:06}Z", seconds % 60, since.subsec_micros())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_leases_have_them() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_795_716_565_000_042, "2026-11-26T18:09:25.000042Z"),
            (951_868_799_999_999, "2000-02-29T23:59:59.999999Z"),
        ] {
            assert_eq!(micro_time(UNIX_EPOCH + Duration::from_micros(micros)), text);
        }
    }
}
