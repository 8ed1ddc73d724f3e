//! `seawall fix --likely`, shown and written, and `seawall scan` on the same generated manifests, in turns:
//! `fix_vs_scan [--quick]`.

use std::process::ExitCode;
use std::time::Duration;

use seawall_benches::command;
use seawall_benches::disk::{Corpus, megabytes};
use seawall_benches::floor::Floors;
use seawall_benches::peer::{Side, seawall};

/// How many times the CPU time of a scan fixing may cost.
const CPU_RATIO: f64 = 3.0;

/// Runs of a round that write, each on files that nobody has touched.
const WRITES: usize = 2;

fn main() -> ExitCode {
    command::run("fix_vs_scan", measure)
}

fn measure(quick: bool) -> Result<Floors, String> {
    let (rounds, runs) = if quick { (3, 5) } else { (5, 10) };
    let program = seawall()?;
    let corpus = Corpus::new(10_000)?;
    // They stay until the end: ext4 looks for a while at every file that was taken away before it makes one.
    let copies = corpus.copies(rounds * WRITES)?;
    let side = |words: &[&str], corpus: &Corpus| Side::new(&program, words, [corpus.directory.clone()]);
    let (scan, fix) = (side(&["scan", "--profile", "pss"], &corpus), side(&["fix", "--likely"], &corpus));
    if !fix.output()?.contains(" files would change, ") {
        return Err("seawall fix changed nothing in the corpus".to_owned());
    }
    let (mut of_scan, mut of_diff, mut of_write) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for copies in copies.chunks(WRITES) {
        of_scan = of_scan.min(scan.cpu(runs)?);
        of_diff = of_diff.min(fix.cpu(runs)?);
        let mut written = Duration::ZERO;
        for copy in copies {
            // The patch that undoes it goes with the copy.
            written += side(&["fix", "--likely", "--write"], copy).within(&copy.directory).cpu(1)?;
        }
        of_write = of_write.min(written / WRITES as u32);
    }
    let left = side(&["fix", "--likely"], copies.last().ok_or("no copies")?).output()?;
    if !left.contains("no fix is chosen") {
        return Err(format!("seawall fix --write left something to fix: {left}"));
    }
    let mut floors = Floors::default();
    for (what, cost) in [("fixes as a diff", of_diff), ("fixes written", of_write)] {
        let ratio = cost.as_secs_f64() / of_scan.as_secs_f64().max(1e-3);
        floors.add(
            format!("CPU time, 10,000 documents, {what}"),
            format!("{:.3} s, {ratio:.2} x scan", cost.as_secs_f64()),
            format!("<= {CPU_RATIO} x {:.3} s", of_scan.as_secs_f64()),
            ratio <= CPU_RATIO,
        );
    }
    let (bound, peak) = (corpus.memory(), fix.peak_memory()?);
    floors.add("memory, fixes as a diff", megabytes(peak), format!("<= {}", megabytes(bound)), peak <= bound);
    Ok(floors)
}
