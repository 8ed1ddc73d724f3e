//! `cargo xtask test`: everything that is proven, part by part, with the minutes it took.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::docs;
use crate::run::{cargo, need_component, need_go, need_python, need_target, show, want_manual_reader};

/// The crates without files, environment, clock and printing.
const PURE: [&str; 8] = [
    "seawall-yaml",
    "seawall-model",
    "seawall-manifest",
    "seawall-finding",
    "seawall-pss",
    "seawall-hardening",
    "seawall-check",
    "seawall-admission",
];

/// One part of the tests.
struct Part {
    name: &'static str,
    /// What it may take on two cores with nothing built, in seconds.
    budget: u64,
    /// Whether `--quick` leaves it out.
    slow: bool,
    run: fn() -> Result<(), String>,
}

/// The part that builds a control plane, which takes longer than everything else.
const CONTROL_PLANE: &str = "control-plane";

/// All parts in their order: what fails fastest comes first.
const PARTS: [Part; 10] = [
    Part { name: "format", budget: 10, slow: false, run: format },
    Part { name: "clippy", budget: 90, slow: false, run: clippy },
    Part { name: "wasm", budget: 30, slow: false, run: wasm },
    Part { name: "unit", budget: 120, slow: false, run: unit },
    Part { name: "edges", budget: 20, slow: false, run: edges },
    Part { name: "end-to-end", budget: 60, slow: false, run: end_to_end },
    Part { name: "types", budget: 90, slow: true, run: types },
    Part { name: "conformance", budget: 240, slow: true, run: conformance },
    Part { name: "fuzz", budget: 60, slow: true, run: fuzz },
    Part { name: CONTROL_PLANE, budget: 600, slow: true, run: control_plane },
];

/// How a part ended.
enum Outcome {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

/// Runs the parts named in `args`, or all of them.
pub(crate) fn test(args: &[&str]) -> Result<(), String> {
    let (options, names): (Vec<&str>, Vec<&str>) = args.iter().partition(|a| a.starts_with('-'));
    if let Some(unknown) = options.iter().find(|o| !["--quick", "--keep-going"].contains(o)) {
        return Err(format!("unknown option `{unknown}`; known are --quick and --keep-going"));
    }
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|p| p.name != **name)) {
        let known: Vec<&str> = PARTS.iter().map(|p| p.name).collect();
        return Err(format!("unknown part `{unknown}`; parts are {}", known.join(", ")));
    }
    let quick = options.contains(&"--quick");
    let keep_going = options.contains(&"--keep-going");
    let wanted = |part: &Part| {
        if names.is_empty() { !(quick && part.slow) } else { names.contains(&part.name) }
    };

    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for part in PARTS.iter().filter(|p| wanted(p)) {
        if !failures.is_empty() && !keep_going {
            rows.push((part, Outcome::NotRun));
            continue;
        }
        println!("\n== {}", part.name);
        let start = Instant::now();
        let outcome = match (part.run)() {
            Ok(()) => Outcome::Passed(start.elapsed()),
            Err(message) => {
                eprintln!("{}: {message}", part.name);
                failures.push(part.name);
                Outcome::Failed(start.elapsed())
            }
        };
        rows.push((part, outcome));
    }
    print!("{}", table(&rows));
    if failures.is_empty() { Ok(()) } else { Err(format!("failed: {}", failures.join(", "))) }
}

/// The minutes per part against the budget.
fn table(rows: &[(&Part, Outcome)]) -> String {
    let mut text = format!("\n{:<13} {:>8} {:>8}\n", "part", "minutes", "budget");
    let (mut total, mut total_budget) = (Duration::ZERO, Duration::ZERO);
    for (part, outcome) in rows {
        let budget = Duration::from_secs(part.budget);
        total_budget += budget;
        let (taken, result) = match outcome {
            Outcome::Passed(taken) if *taken > budget => (Some(taken), "passed, over budget"),
            Outcome::Passed(taken) => (Some(taken), "passed"),
            Outcome::Failed(taken) => (Some(taken), "FAILED"),
            Outcome::NotRun => (None, "not run"),
        };
        total += taken.copied().unwrap_or_default();
        let minutes = taken.map_or_else(|| "-".to_owned(), |t| minutes(*t));
        text += &line(part.name, &minutes, budget, result);
    }
    text + &line("all", &minutes(total), total_budget, "")
}

fn line(name: &str, taken: &str, budget: Duration, result: &str) -> String {
    let line = format!("{name:<13} {taken:>8} {:>8}  {result}", minutes(budget));
    format!("{}\n", line.trim_end())
}

fn minutes(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() / 60.0)
}

/// Style, and the pages that are made from the code.
fn format() -> Result<(), String> {
    need_component("fmt", "rustfmt")?;
    show(&mut cargo(&["fmt", "--all", "--check"]))?;
    docs::check()
}

fn clippy() -> Result<(), String> {
    need_component("clippy", "clippy")?;
    show(&mut cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
}

fn wasm() -> Result<(), String> {
    need_target("wasm32-unknown-unknown")?;
    let mut check = cargo(&["check", "--quiet", "--target", "wasm32-unknown-unknown"]);
    check.args(PURE.iter().flat_map(|package| ["-p", package]));
    show(&mut check)
}

/// What plain tests leave out: the packages that need Go.
const BUT_GO: [&str; 5] = ["--workspace", "--exclude", "seawall-conformance", "--exclude", "seawall-e2e"];

/// Unit tests of all packages but those that need Go, and documentation tests.
fn unit() -> Result<(), String> {
    show(cargo(&["test", "--quiet"]).args(BUT_GO).args(["--lib", "--bins"]))?;
    show(cargo(&["test", "--quiet"]).args(BUT_GO).arg("--doc"))
}

fn edges() -> Result<(), String> {
    show(&mut cargo(&["test", "--quiet", "-p", "seawall", "--test", "edges"]))
}

/// The binary on real files, and what packages promise to those that use them.
fn end_to_end() -> Result<(), String> {
    want_manual_reader();
    show(cargo(&["test", "--quiet"]).args(BUT_GO).args(["--test", "*"]))
}

/// Generated files are what their generators write.
fn types() -> Result<(), String> {
    need_go()?;
    show(Command::new(std::env::current_exe().map_err(|e| e.to_string())?).args(["types", "--check"]))
}

/// Ours against upstream's own code. The fuzz tests are there too: they get their time below.
fn conformance() -> Result<(), String> {
    need_go()?;
    need_python()?;
    show(conformance_tests().env("SEAWALL_FUZZ_SECONDS", "1"))
}

/// Broken and random input, for a bounded time.
fn fuzz() -> Result<(), String> {
    need_go()?;
    show(conformance_tests().args(["--test", "*fuzz"]).env("SEAWALL_FUZZ_SECONDS", "25"))
}

/// The binary beside a real etcd and kube-apiserver, and Helm, which are built once.
fn control_plane() -> Result<(), String> {
    need_go()?;
    show(&mut cargo(&["test", "-p", "seawall-e2e"]))
}

fn conformance_tests() -> Command {
    cargo(&["test", "--profile", "fast", "-p", "seawall-conformance"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Part = Part { name: "x", budget: 60, slow: false, run: || Ok(()) };

    #[test]
    fn the_core_and_the_control_plane_stay_within_twelve_minutes_each() {
        let (apart, core): (Vec<&Part>, Vec<&Part>) = PARTS.iter().partition(|p| p.name == CONTROL_PLANE);
        for parts in [apart, core] {
            let budget: u64 = parts.iter().map(|p| p.budget).sum();
            assert!((1..=12 * 60).contains(&budget), "{budget}");
        }
    }

    #[test]
    fn the_table_says_what_took_how_long() {
        let rows = [
            (&PART, Outcome::Passed(Duration::from_secs(30))),
            (&PART, Outcome::Passed(Duration::from_secs(90))),
            (&PART, Outcome::Failed(Duration::from_secs(6))),
            (&PART, Outcome::NotRun),
        ];
        assert_eq!(
            table(&rows),
            "
part           minutes   budget
x                  0.5      1.0  passed
x                  1.5      1.0  passed, over budget
x                  0.1      1.0  FAILED
x                    -      1.0  not run
all                2.1      4.0
"
        );
    }

    #[test]
    fn unknown_options_and_parts_are_errors() {
        assert!(test(&["--fast"]).is_err());
        assert!(test(&["fmt"]).is_err());
    }
}
