//! `cargo xtask bench`: the programs of the benchmarks' package, one after the other.

use crate::run::{cargo, root, show};

/// Helpers of the benchmarks that measure nothing.
const TOOLS: [&str; 1] = ["corpus"];

/// Runs the benchmarks named in `args`, or all of them.
pub(crate) fn bench(args: &[&str]) -> Result<(), String> {
    let (options, names): (Vec<&str>, Vec<&str>) = args.iter().partition(|a| a.starts_with('-'));
    if let Some(unknown) = options.iter().find(|o| **o != "--quick") {
        return Err(format!("unknown option `{unknown}`; known is --quick"));
    }
    let known = programs()?;
    if let Some(unknown) = names.iter().find(|name| !known.iter().any(|k| k == *name)) {
        return Err(format!("unknown benchmark `{unknown}`; benchmarks are {}", known.join(", ")));
    }
    let mut failures = Vec::new();
    for name in known.iter().filter(|k| names.is_empty() || names.contains(&k.as_str())) {
        println!("\n== {name}");
        let mut run = cargo(&["run", "--quiet", "--release", "-p", "seawall-benches", "--bin", name, "--"]);
        if let Err(message) = show(run.args(&options)) {
            eprintln!("{message}");
            failures.push(name.as_str());
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(format!("missed a floor: {}", failures.join(", "))) }
}

/// The names of all benchmarks, sorted.
fn programs() -> Result<Vec<String>, String> {
    let directory = root().join("benches/src/bin");
    let entries = std::fs::read_dir(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".rs").map(str::to_owned)
        })
        .filter(|name| !TOOLS.contains(&name.as_str()))
        .collect();
    names.sort_unstable();
    Ok(names)
}
