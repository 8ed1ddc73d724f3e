//! Upstream's pods for the Pod Security Standards.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{Oracle, documents, module_dir};

/// How many there are.
const COUNT: usize = 4537;

/// A pod of k8s.io/pod-security-admission `test/testdata`.
#[derive(Clone, Debug)]
pub struct PodFixture {
    /// Its file.
    pub path: PathBuf,
    /// The level and the version that it is meant for, such as `restricted:v1.25`.
    pub at: String,
    /// Whether it is admitted there.
    pub passes: bool,
    /// The pod.
    pub pod: Value,
}

/// All fixtures: `<level>/v1.<minor>/<pass or fail>/<name>.yaml`. The oracle `pods` reads them.
pub fn pod_fixtures(oracle: &mut Oracle) -> Vec<PodFixture> {
    let root = module_dir("k8s.io/pod-security-admission").join("test/testdata");
    let mut paths = documents([root.clone()]);
    paths.sort();
    let requests: Vec<String> = paths
        .iter()
        .map(|path| json!({"yaml": std::fs::read_to_string(path).expect("a fixture")}).to_string())
        .collect();
    let answers = oracle.ask_all(&requests);
    let fixture = |(path, answer): (PathBuf, Vec<u8>)| {
        let relative = path.strip_prefix(&root).expect("below the root");
        let parts: Vec<&str> = relative.iter().map(|part| part.to_str().expect("ASCII")).collect();
        PodFixture {
            at: format!("{}:{}", parts[0], parts[1]),
            passes: parts[2] == "pass",
            pod: serde_json::from_slice(&answer).expect("JSON"),
            path,
        }
    };
    let all: Vec<PodFixture> = paths.into_iter().zip(answers).map(fixture).collect();
    assert_eq!(all.len(), COUNT, "upstream has other fixtures");
    all
}
