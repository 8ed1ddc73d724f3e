//! Every output format on the same generated manifests, in turns: `formats [--quick]`.

use std::process::ExitCode;
use std::time::Duration;

use seawall_benches::command;
use seawall_benches::disk::{Corpus, megabytes};
use seawall_benches::floor::Floors;
use seawall_benches::peer::{Side, seawall};

/// How many times the CPU time of text a format may cost.
const CPU_RATIO: f64 = 2.0;

/// The format that the others are measured against comes first.
const FORMATS: [&str; 9] =
    ["text", "concise", "markdown", "json", "jsonl", "sarif", "junit", "github", "gitlab"];

fn main() -> ExitCode {
    command::run("formats", measure)
}

fn measure(quick: bool) -> Result<Floors, String> {
    let (rounds, runs) = if quick { (3, 5) } else { (5, 10) };
    let program = seawall()?;
    let corpus = Corpus::new(10_000)?;
    let sides =
        FORMATS.map(|format| Side::new(&program, &["scan", "--format", format], [corpus.directory.clone()]));
    let mut best = [Duration::MAX; FORMATS.len()];
    for _ in 0..rounds {
        for (best, side) in best.iter_mut().zip(&sides) {
            *best = (*best).min(side.cpu(runs)?);
        }
    }
    let mut floors = Floors::default();
    let text = best[0].as_secs_f64().max(1e-3);
    for ((format, cpu), side) in FORMATS.iter().zip(best).zip(&sides) {
        let size = side.output()?.len() as u64;
        let ratio = cpu.as_secs_f64() / text;
        floors.add(
            format!("CPU time, 10,000 documents, {format}"),
            format!("{:.3} s, {ratio:.2} x text", cpu.as_secs_f64()),
            format!("<= {CPU_RATIO} x text"),
            ratio <= CPU_RATIO,
        );
        let (bound, peak) = (corpus.memory(), side.peak_memory()?);
        floors.add(
            format!("memory, {format} ({})", megabytes(size)),
            megabytes(peak),
            format!("<= {}", megabytes(bound)),
            peak <= bound,
        );
    }
    Ok(floors)
}
