//! Holds every edge between the packages of the workspace against the layers of ARCHITECTURE.md, and the purity of the
//! packages below the edges.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Who may use whom in the product. A row that is no longer used has to go.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("yaml", &[]),
    ("model", &["yaml"]),
    ("finding", &["yaml", "model"]),
    ("manifest", &["yaml", "model"]),
    ("pss", &["model", "finding"]),
    ("hardening", &["yaml", "model", "manifest", "finding"]),
    ("check", &["yaml", "model", "manifest", "finding", "pss", "hardening"]),
    ("admission", &["yaml", "model", "finding", "pss"]),
    ("input", &["yaml"]),
    ("snapshot", &["finding"]),
    ("server", &[]),
    ("cluster", &["snapshot"]),
    ("report", &["yaml", "model", "finding", "check"]),
    (
        "seawall",
        &[
            "yaml",
            "model",
            "finding",
            "check",
            "input",
            "report",
            "cluster",
            "snapshot",
            "admission",
            "server",
        ],
    ),
];

/// Packages outside the product: nothing in the product may use them, they may use everything.
const OUTSIDE: [&str; 4] = ["benches", "conformance", "e2e", "xtask"];

/// What only a package's tests use, beside its own row.
const IN_TESTS: [(&str, &[&str]); 0] = [];

/// Packages that know no file, environment, clock or terminal.
const PURE: [&str; 8] = ["yaml", "model", "finding", "manifest", "pss", "hardening", "check", "admission"];

/// An edge between two packages, by their short names.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Edge {
    from: String,
    to: String,
    in_tests: bool,
}

fn short(name: &str) -> &str {
    name.strip_prefix("seawall-").unwrap_or(name)
}

/// The packages of the workspace and the edges between them.
fn workspace() -> (BTreeSet<String>, BTreeSet<Edge>) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &Value| short(value["name"].as_str().expect("a name")).to_owned();
    let names: BTreeSet<String> = packages.iter().map(name).collect();
    let edges = packages
        .iter()
        .flat_map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            dependencies.iter().filter(|d| d["path"].is_string()).map(move |dependency| Edge {
                from: name(package),
                to: name(dependency),
                in_tests: dependency["kind"] == "dev",
            })
        })
        .collect();
    (names, edges)
}

/// What the tables have against the workspace.
fn complaints(names: &BTreeSet<String>, edges: &BTreeSet<Edge>) -> Vec<String> {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let in_tests: BTreeMap<&str, &[&str]> = IN_TESTS.into_iter().collect();
    let mut complaints = Vec::new();
    for name in names.iter().map(String::as_str) {
        if !allowed.contains_key(name) && !OUTSIDE.contains(&name) {
            complaints.push(format!("package `{name}` is not in the table"));
        }
    }
    for Edge { from, to, in_tests: test } in edges {
        let row = |table: &BTreeMap<&str, &[&str]>| {
            table.get(from.as_str()).is_some_and(|row| row.contains(&to.as_str()))
        };
        if !(OUTSIDE.contains(&from.as_str()) || row(&allowed) || (*test && row(&in_tests))) {
            complaints.push(format!("`{from}` must not use `{to}`"));
        }
    }
    for (table, test) in [(&allowed, false), (&in_tests, true)] {
        for (from, row) in table {
            if !names.contains(*from) {
                complaints.push(format!("there is no package `{from}`"));
            }
            for to in *row {
                if !edges.iter().any(|e| e.from == *from && e.to == *to && e.in_tests == test) {
                    complaints.push(format!("`{from}` does not use `{to}`: take it out of the table"));
                }
            }
        }
    }
    complaints
}

#[test]
fn edges_point_down() {
    let (names, edges) = workspace();
    assert_eq!(complaints(&names, &edges), [""; 0]);
}

#[test]
fn every_kind_of_deviation_is_found() {
    let (names, edges) = workspace();
    let edge = |from: &str, to: &str, in_tests| Edge { from: from.into(), to: to.into(), in_tests };
    let with = |edge: Edge| {
        let (names, mut edges) = (names.clone(), workspace().1);
        edges.insert(edge);
        complaints(&names, &edges)
    };
    assert_eq!(with(edge("yaml", "model", false)), ["`yaml` must not use `model`"]);
    assert_eq!(with(edge("yaml", "report", true)), ["`yaml` must not use `report`"]);
    assert_eq!(with(edge("xtask", "report", false)), [""; 0]);

    let mut more = names.clone();
    more.insert("webhook".to_owned());
    assert_eq!(complaints(&more, &edges), ["package `webhook` is not in the table"]);

    let fewer: BTreeSet<Edge> =
        workspace().1.into_iter().filter(|e| (e.from.as_str(), e.to.as_str()) != ("input", "yaml")).collect();
    assert_eq!(complaints(&names, &fewer), ["`input` does not use `yaml`: take it out of the table"]);
}

/// Rust files below a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let paths = entries.map(|entry| entry.expect("a file").path());
    let found = paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// What scans clusters can read alone.
#[test]
fn only_the_webhook_writes_to_clusters() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("crates");
    let mut writers = BTreeSet::new();
    for package in std::fs::read_dir(crates).expect("crates") {
        let package = package.expect("a package").path();
        for path in sources(&package.join("src")) {
            if std::fs::read_to_string(&path).expect("text").contains("Writer::connect") {
                writers.insert(path.strip_prefix(crates).expect("below").to_path_buf());
            }
        }
    }
    assert_eq!(writers, BTreeSet::from([PathBuf::from("seawall/src/serve/member.rs")]));
}

/// Clippy takes each package's own `clippy.toml`, so that the same text has to stand in all pure ones.
#[test]
fn pure_packages_forbid_the_same_calls() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("crates");
    let text = |name: &str| {
        std::fs::read_to_string(crates.join(name).join("clippy.toml"))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
    };
    for name in PURE {
        assert_eq!(text(name), text("yaml"), "{name}");
    }
}
