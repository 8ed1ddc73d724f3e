//! Every format on the examples, against what is written down. `UPDATE_SNAPSHOTS=1` writes it anew; read the difference.

mod common;

use std::path::Path;

use common::Dir;

/// The run's output without the time it took.
fn print(args: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Dir::new().command(&[&["scan", "examples/"], args].concat());
    let output = command.current_dir(root).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // A SARIF run holds the documentation of all rules: it has its own tests.
    let rule = |line: &&str| line.starts_with("{\"id\":\"");
    let text: String = text.split_inclusive('\n').filter(|line| !rule(line)).collect();
    let Some((before, rest)) = text.split_once(" files (") else { return text };
    let (_, after) = rest.split_once(" s)").unwrap();
    format!("{before} files (0.00 s){after}")
}

fn check(name: &str, args: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    let printed = print(args);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &printed).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(printed, expected, "{name} differs; if it is meant: UPDATE_SNAPSHOTS=1 cargo test -p seawall");
}

#[test]
fn text() {
    check("examples.txt", &[]);
}

#[test]
fn text_in_colour() {
    check("examples.colour.txt", &["--color", "always"]);
}

#[test]
fn text_of_the_reference() {
    check("examples.exact.txt", &["--exact"]);
}

#[test]
fn quiet_text() {
    check("examples.quiet.txt", &["--quiet"]);
}

#[test]
fn concise() {
    check("examples.concise.txt", &["--format", "concise"]);
}

#[test]
fn jsonl() {
    check("examples.jsonl", &["--format", "jsonl"]);
}

#[test]
fn json() {
    check("examples.json", &["--format", "json"]);
}

#[test]
fn sarif() {
    check("examples.sarif", &["--format", "sarif"]);
}

#[test]
fn junit() {
    check("examples.junit.xml", &["--format", "junit"]);
}

#[test]
fn github() {
    check("examples.github.txt", &["--format", "github"]);
}

#[test]
fn gitlab() {
    check("examples.gitlab.json", &["--format", "gitlab"]);
}

#[test]
fn markdown() {
    check("examples.md", &["--format", "markdown"]);
}
