//! Pods to ask about.

use std::collections::HashSet;

use seawall_conformance::random_pods::{self, Rng};
use seawall_conformance::{Oracle, pod_fixtures};
use serde_json::Value;

use crate::valid::tame;

/// Upstream's fixtures, each pod once: many versions have the same.
pub fn fixtures() -> Vec<Value> {
    let mut seen = HashSet::new();
    let all = pod_fixtures(&mut Oracle::start("pods")).into_iter().map(|fixture| fixture.pod);
    all.filter(|pod| seen.insert(pod.to_string())).collect()
}

/// Random pods, most of which an API server takes.
pub fn random(count: u64, seed: u64) -> Vec<Value> {
    let mut rng = Rng::new(seed);
    let one = |rng: &mut Rng| {
        let mut pod = if rng.one_in(3) { random_pods::arbitrary(rng) } else { random_pods::near(rng) };
        tame(rng, &mut pod);
        pod
    };
    (0..count).map(|_| one(&mut rng)).collect()
}
