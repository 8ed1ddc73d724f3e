//! Random changes to every file of the Go modules that the oracles pin, the YAML test suite among them: each is made as it
//! should be, and nothing else, or refused. `SEAWALL_FUZZ_SECONDS` (default 10) bounds it, `SEAWALL_FUZZ_SEED` (default 1)
//! repeats or varies it.

#[path = "../../crates/yaml/tests/edit/changes.rs"]
mod changes;
#[path = "../../crates/yaml/tests/edit/check.rs"]
#[allow(dead_code, reason = "shared with the tests of the crate")]
mod check;
#[path = "../../crates/yaml/tests/edit/rng.rs"]
#[allow(dead_code, reason = "shared with the tests of the crate")]
mod rng;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rng::Rng;
use seawall_conformance::{documents, module_at, module_dir, number};
use seawall_yaml::edit::Change;

/// Linked by the oracles.
const LINKED: [&str; 4] =
    ["k8s.io/pod-security-admission", "k8s.io/apimachinery", "sigs.k8s.io/yaml", "go.yaml.in/yaml/v3"];

/// Of use for their files only.
const FILES: [&str; 3] =
    ["k8s.io/kubernetes@v1.37.2", "github.com/zegl/kube-score@v1.20.0", "github.com/goccy/go-yaml@v1.18.0"];

#[test]
fn random_changes_to_files() {
    let paths = documents(LINKED.map(module_dir).into_iter().chain(FILES.map(module_at)));
    let sources: Vec<(PathBuf, Vec<u8>)> = paths
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).expect("readable")))
        .filter(|(_, text)| text.len() < 100_000)
        .filter(|(_, text)| seawall_yaml::read(text.as_slice()).iter().all(|entry| entry.problems.is_empty()))
        .collect();
    let seed = number("SEAWALL_FUZZ_SEED", 1);
    let limit = Duration::from_secs(number("SEAWALL_FUZZ_SECONDS", 10));
    let start = Instant::now();
    let mut rng = Rng::new(seed);
    let (mut given, mut refused, mut edits) = (0, 0, 0);
    let mut failures = Vec::new();
    while start.elapsed() < limit {
        let (path, source) = &sources[rng.below(sources.len())];
        let documents = check::documents(source);
        let sets: Vec<Vec<Change>> =
            documents.iter().map(|document| changes::changes(&mut rng, document)).collect();
        given += sets.iter().map(Vec::len).sum::<usize>();
        match check::try_edited(source, &sets) {
            Ok((_, planned)) => {
                refused += planned.iter().map(|planned| planned.refused.len()).sum::<usize>();
                edits += planned.iter().map(|planned| planned.edits.len()).sum::<usize>();
            }
            Err(message) => {
                failures.push((source.len(), format!("{}: {message}\n--- changes {sets:?}", path.display())));
            }
        }
    }
    println!("{} files, {given} changes, {refused} refused, {edits} edits, seed {seed}", sources.len());
    failures.sort();
    if let Some((_, first)) = failures.first() {
        panic!("{} fail; the shortest:\n{first}", failures.len());
    }
}
