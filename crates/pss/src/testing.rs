//! Short ways to write pods and to ask one check about them.

use seawall_model::pod::Pod;

use crate::checks::{CHECKS, first_bit};
use crate::faults::Faults;
use crate::{evaluate, results_of};

/// The pod that a JSON text describes.
pub(crate) fn pod(json: &str) -> Pod<'_> {
    seawall_model::json::decode(json.as_bytes()).unwrap_or_else(|e| panic!("{e}: {json}"))
}

/// A pod with these members in its spec.
pub(crate) fn spec(members: &str) -> String {
    format!(r#"{{"spec":{{{members}}}}}"#)
}

/// A pod with these members in its metadata.
pub(crate) fn meta(members: &str) -> String {
    format!(r#"{{"metadata":{{{members}}}}}"#)
}

/// A pod with containers `a`, `b`, ... whose security contexts have these members; none for an empty text.
pub(crate) fn containers(contexts: &[&str]) -> String {
    let container = |(name, context): (char, &&str)| match *context {
        "" => format!(r#"{{"name":"{name}"}}"#),
        context => format!(r#"{{"name":"{name}","securityContext":{{{context}}}}}"#),
    };
    let all: Vec<String> = ('a'..).zip(contexts).map(container).collect();
    spec(&format!(r#""containers":[{}]"#, all.join(",")))
}

/// The check's variant at a minor version.
fn variant(id: &str, minor: u64) -> Faults {
    let check = CHECKS.iter().find(|c| c.id == id).expect("a check");
    match check.variants.iter().rposition(|v| u64::from(v.since) <= minor) {
        Some(position) => Faults::variant(first_bit(id) + position as u32),
        None => Faults::NONE,
    }
}

/// The detail with which the check fails the pod; empty if it passes. Both phases have to agree.
#[track_caller]
pub(crate) fn detail(id: &str, minor: u64, json: &str) -> String {
    let pod = pod(json);
    let variant = variant(id, minor);
    let results = results_of(&pod, variant);
    assert_eq!((evaluate(&pod) & variant).is_empty(), results.is_empty(), "the phases differ on {json}");
    results.first().map_or_else(String::new, crate::CheckResult::detail)
}

/// The check passes the pod.
#[track_caller]
pub(crate) fn passes(id: &str, minor: u64, json: &str) {
    assert_eq!(detail(id, minor, json), "", "{json}");
}
