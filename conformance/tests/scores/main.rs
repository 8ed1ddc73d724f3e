//! The scores of kubesec and kube-score against their own code: their fixtures, the manifests of other Go modules, and random
//! manifests.
//!
//! `SEAWALL_SCORES` (number of random files) and `SEAWALL_SEED` change the random run.

mod checks;
mod kube_score;
mod kubesec;
mod random;
#[path = "../../../crates/yaml/tests/edit/rng.rs"]
#[allow(dead_code, reason = "shared with the tests of the crate")]
mod rng;

use std::collections::HashSet;
use std::path::PathBuf;

use seawall_conformance::{documents, module_at, module_dir};

const KUBE_SCORE: &str = "github.com/zegl/kube-score@v1.20.0";
const KUBESEC: &str = "github.com/controlplaneio/kubesec/v2@v2.14.2";

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse().unwrap_or_else(|e| panic!("{variable} must be a number, not `{text}`: {e}"))
    })
}

/// The YAML files of the modules that are pinned anyway, each text once.
fn manifests() -> Vec<(PathBuf, String)> {
    let linked = ["k8s.io/pod-security-admission", "k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go"];
    let files = ["k8s.io/kubernetes@v1.37.2", KUBE_SCORE, KUBESEC];
    let paths = documents(linked.map(module_dir).into_iter().chain(files.map(module_at)));
    let mut seen = HashSet::new();
    paths
        .into_iter()
        .filter_map(|path| Some((std::fs::read_to_string(&path).ok()?, path)))
        .filter(|(text, _)| text.len() < 1 << 18 && seen.insert(text.clone()))
        .map(|(text, path)| (path, text))
        .collect()
}
