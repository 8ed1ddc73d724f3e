//! `seawall fix --likely` and `seawall scan` on the same generated manifests, in turns: `fix_vs_scan [--quick]`.

use std::process::ExitCode;
use std::time::Duration;

use seawall_benches::command;
use seawall_benches::disk::{Corpus, megabytes};
use seawall_benches::floor::Floors;
use seawall_benches::peer::{Side, seawall};

/// How many times the CPU time of a scan fixing may cost.
const CPU_RATIO: f64 = 3.0;

fn main() -> ExitCode {
    command::run("fix_vs_scan", measure)
}

fn measure(quick: bool) -> Result<Floors, String> {
    let (rounds, runs) = if quick { (3, 5) } else { (5, 10) };
    let program = seawall()?;
    let corpus = Corpus::new(10_000)?;
    let side = |words: &[&str]| Side::new(&program, words, [corpus.directory.clone()]);
    let (scan, fix) = (side(&["scan"]), side(&["fix", "--likely"]));
    let said = fix.output()?;
    if !said.contains(" files would change, ") {
        return Err("seawall fix changed nothing in the corpus".to_owned());
    }
    let (mut of_scan, mut of_fix) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        of_scan = of_scan.min(scan.cpu(runs)?);
        of_fix = of_fix.min(fix.cpu(runs)?);
    }
    let mut floors = Floors::default();
    let ratio = of_fix.as_secs_f64() / of_scan.as_secs_f64().max(1e-3);
    floors.add(
        "CPU time, 10,000 documents, fixes as a diff",
        format!("{:.3} s, {ratio:.2} x scan", of_fix.as_secs_f64()),
        format!("<= {CPU_RATIO} x {:.3} s", of_scan.as_secs_f64()),
        ratio <= CPU_RATIO,
    );
    let (bound, peak) = (corpus.memory(), fix.peak_memory()?);
    floors.add("memory, fixes as a diff", megabytes(peak), format!("<= {}", megabytes(bound)), peak <= bound);
    // Writing waits for the disk, file by file: no floor, but worth knowing.
    // The patch that undoes it goes with the corpus.
    let written = side(&["fix", "--likely", "--write"]).within(&corpus.directory);
    println!("the same, written: {:.3} s", written.cpu(1)?.as_secs_f64());
    Ok(floors)
}
