//! The fast and the complete YAML reader agree on nodes, places and comments wherever the fast one accepts, on every
//! YAML and JSON file of the Go modules that the oracles pin; and the fast one accepts what manifests use.
//! `SEAWALL_YAML_DIRS` names more directories to look in, separated by `:`; `SEAWALL_DECLINED` lists the files whose
//! documents are left to the complete reader.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use seawall_conformance::{documents, module_at, module_dir};
use seawall_yaml::{Document, LineIndex, readers};

/// Linked by the oracles.
const LINKED: [&str; 5] = [
    "k8s.io/pod-security-admission",
    "k8s.io/api",
    "k8s.io/client-go",
    "sigs.k8s.io/yaml",
    "go.yaml.in/yaml/v2",
];

/// Of use for their files only.
const FILES: [&str; 2] = ["k8s.io/kubernetes@v1.37.2", "github.com/zegl/kube-score@v1.20.0"];

/// Every node on a line of its own.
fn describe(document: &Document) -> Vec<String> {
    let nodes = document.nodes().map(|n| {
        let span = n.span();
        let text = n.text().unwrap_or("-");
        format!("{:?} {:?} {}..{} {} {text:?}", n.kind(), n.style(), span.start, span.end, n.count())
    });
    let comments = document.comments().into_iter().map(|c| format!("comment {}..{}", c.start, c.end));
    nodes.chain(comments).collect()
}

fn is_kubernetes(document: &Document) -> bool {
    let root = document.root();
    root.get("apiVersion").is_some() && root.get("kind").is_some()
}

#[test]
fn fast_and_complete_agree() {
    let mut files = documents(LINKED.map(module_dir).into_iter().chain(FILES.map(module_at)));
    if let Some(dirs) = std::env::var_os("SEAWALL_YAML_DIRS") {
        files.extend(documents(std::env::split_paths(&dirs)));
    }
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut failures = Vec::new();
    let (mut chunks, mut accepted, mut kubernetes, mut kubernetes_accepted) = (0, 0, 0, 0);
    let mut declined: BTreeMap<PathBuf, u32> = BTreeMap::new();
    for path in &files {
        let source: Arc<[u8]> = std::fs::read(path).expect("readable").into();
        if source.len() > 4 << 20 {
            continue;
        }
        for range in readers::chunks(&source) {
            if !seen.insert(source[range.range()].to_vec()) {
                continue;
            }
            chunks += 1;
            let fast = readers::fast(&source, range, &mut None);
            let complete = readers::complete(&source, range, &mut None);
            if let Ok((document, _)) = &complete
                && is_kubernetes(document)
            {
                kubernetes += 1;
                kubernetes_accepted += u32::from(fast.is_some());
                if fast.is_none() {
                    *declined.entry(path.clone()).or_default() += 1;
                }
            }
            let Some(fast) = fast else { continue };
            accepted += 1;
            let place = || {
                let line = LineIndex::new(&source).position(range.start).line;
                format!("{}:{line}", path.display())
            };
            match complete {
                Err(problem) => failures.push(format!("{}: complete says: {problem}", place())),
                Ok((_, problems)) if !problems.is_empty() => {
                    failures.push(format!("{}: complete says: {}", place(), problems[0]));
                }
                Ok((complete, _)) => {
                    let (fast, complete) = (describe(&fast), describe(&complete));
                    if fast != complete {
                        let at = fast.iter().zip(&complete).take_while(|(a, b)| a == b).count();
                        failures.push(format!(
                            "{}: fast {:?}, complete {:?}",
                            place(),
                            fast.get(at),
                            complete.get(at)
                        ));
                    }
                }
            }
        }
    }
    if std::env::var_os("SEAWALL_DECLINED").is_some() {
        for (path, count) in &declined {
            println!("declined {count} in {}", path.display());
        }
    }
    let share = f64::from(kubernetes_accepted) / f64::from(kubernetes);
    println!(
        "{} files, {chunks} texts, {accepted} accepted; {kubernetes} Kubernetes documents, {kubernetes_accepted} accepted ({:.1} %)",
        files.len(),
        share * 100.0
    );
    failures.truncate(20);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(kubernetes > 1_000, "{kubernetes} Kubernetes documents are too few to judge by");
    assert!(share >= 0.95, "the fast reader accepts only {:.1} %", share * 100.0);
}
