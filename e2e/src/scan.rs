//! What `seawall` says of the same objects.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use seawall_conformance::target;
use serde_json::Value;

/// The program, built once in a run.
pub fn seawall() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "-p", "seawall", "--target-dir"]).arg(target());
        forget_package(&mut command);
        let status = command.status().expect("cargo starts");
        assert!(status.success(), "seawall is not built: {status}");
        target().join("debug/seawall")
    };
    BUILT.get_or_init(build).clone()
}

/// Takes away what `cargo run` says of the package that it runs: build scripts of dependencies look at some of it, and all that
/// needs them would be built anew.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_about = |prefix: &str| name.to_str().is_some_and(|name| name.starts_with(prefix));
        if is_about("CARGO_PKG_") || is_about("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
}

/// The records of a scan of some objects in one file, in the order of the objects, without the summary.
pub fn records(name: &str, objects: &[Value]) -> Vec<Value> {
    let text = run(name, objects, &["-f", "jsonl"]);
    let all = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    all.filter(|record: &Value| record["type"] != "summary").collect()
}

/// Standard output of a scan of some objects in one file. `name` tells the files of tests apart.
pub fn run(name: &str, objects: &[Value], args: &[&str]) -> String {
    let directory = target().join("control-plane/scans");
    std::fs::create_dir_all(&directory).expect("the target directory is writable");
    let path = directory.join(format!("{name}-{}.yaml", std::process::id()));
    let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
    std::fs::write(&path, documents.join("\n---\n")).expect("the target directory is writable");
    let output = Command::new(seawall())
        .current_dir(&directory)
        .args(["scan", "--fail-on", "never"])
        .args(args)
        .arg(&path)
        .output()
        .expect("seawall starts");
    let _ = std::fs::remove_file(&path);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
