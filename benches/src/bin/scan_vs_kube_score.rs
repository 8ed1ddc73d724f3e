//! `seawall scan` and `kube-score score` on the same generated manifests, in turns: `scan_vs_kube_score [--quick]`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use seawall_benches::command;
use seawall_benches::corpus::document;
use seawall_benches::disk::{Corpus, megabytes};
use seawall_benches::floor::Floors;
use seawall_benches::peer::{Side, kube_score, seawall, target_directory};

/// How many times less CPU time than kube-score.
const CPU_RATIO: f64 = 20.0;
/// By the Pod Security Standards alone, as the floors of the standard are meant.
const STANDARD: [&str; 3] = ["scan", "--profile", "pss"];
/// With every check there is, on input that is declared complete.
const ALL_CHECKS: [&str; 6] = ["scan", "--profile", "strict", "--complete", "--fail-on", "never"];
/// What all checks are to take on 10,000 documents.
const ALL_CPU: Duration = Duration::from_millis(400);
const ALL_MEMORY: u64 = 100_000_000;
/// One small file, process start to end.
const SMALL_FILE: Duration = Duration::from_millis(5);
/// Pods of a list.
const LIST: usize = 50_000;
/// How much CPU time ten times the documents may take.
const TENFOLD: std::ops::RangeInclusive<f64> = 7.0..=13.0;

fn main() -> ExitCode {
    command::run("scan_vs_kube_score", compare)
}

fn compare(quick: bool) -> Result<Floors, String> {
    let (rounds, runs, starts) = if quick { (1, 3, 20) } else { (3, 5, 50) };
    let ours = seawall()?;
    let theirs = kube_score()?;
    let corpus = Corpus::new(10_000)?;
    let files = corpus.files()?;
    let our_scan = Side::new(&ours, &STANDARD, [corpus.directory.clone()]);
    let all_checks = Side::new(&ours, &ALL_CHECKS, [corpus.directory.clone()]);
    let their_scan = Side::new(&theirs, &["score"], files);
    sees_all(&our_scan, &corpus)?;
    let lines = their_scan.output()?.lines().count();
    if lines < corpus.documents {
        return Err(format!("kube-score printed {lines} lines only: it did not take the corpus"));
    }

    let mut floors = Floors::default();
    sees_all(&all_checks, &corpus)?;
    let (mut our_cpu, mut their_cpu, mut all_cpu) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for round in 1..=rounds {
        let (theirs, ours, all) = (their_scan.cpu(1)?, our_scan.cpu(runs)?, all_checks.cpu(runs)?);
        println!(
            "round {round}: kube-score {:.2} CPU-s, seawall {:.3} CPU-s, with all checks {:.3} CPU-s",
            secs(theirs),
            secs(ours),
            secs(all)
        );
        all_cpu = all_cpu.min(all);
        their_cpu = their_cpu.min(theirs);
        our_cpu = our_cpu.min(ours);
    }
    let ratio = secs(their_cpu) / secs(our_cpu).max(1e-3);
    floors.add(
        "CPU time, 10,000 documents, vs kube-score",
        format!("{:.3} s, {ratio:.1} x less", secs(our_cpu)),
        format!(">= {CPU_RATIO} x less than {:.2} s", secs(their_cpu)),
        ratio >= CPU_RATIO,
    );
    println!(
        "with all checks: {:.3} CPU-s, {:.1} x less than kube-score; the aim is {:.1}, and is not held yet",
        secs(all_cpu),
        secs(their_cpu) / secs(all_cpu).max(1e-3),
        secs(ALL_CPU)
    );
    let their_memory = their_scan.peak_memory()?;
    memory(&mut floors, &our_scan, &corpus)?;
    let all_memory = all_checks.peak_memory()?;
    floors.add(
        "memory, 10,000 documents, all checks",
        megabytes(all_memory),
        format!("<= {}", megabytes(ALL_MEMORY)),
        all_memory <= ALL_MEMORY,
    );

    let large = Corpus::new(100_000)?;
    let large_scan = Side::new(&ours, &STANDARD, [large.directory.clone()]);
    let large_all = Side::new(&ours, &ALL_CHECKS, [large.directory.clone()]);
    for (what, scan, small) in [("", &large_scan, our_cpu), (", all checks", &large_all, all_cpu)] {
        sees_all(scan, &large)?;
        let mut tenfold = Duration::MAX;
        for _ in 0..rounds {
            tenfold = tenfold.min(scan.cpu(1)?);
        }
        let growth = secs(tenfold) / secs(small).max(1e-3);
        floors.add(
            format!("CPU time, 100,000 documents, vs 10,000{what}"),
            format!("{:.2} s, {growth:.1} x more", secs(tenfold)),
            format!("{} to {} x more", TENFOLD.start(), TENFOLD.end()),
            TENFOLD.contains(&growth),
        );
    }
    memory(&mut floors, &large_scan, &large)?;

    list(&mut floors, &ours)?;
    small_file(&mut floors, &ours, &theirs, starts)?;
    println!("kube-score held {} on 10,000 documents", megabytes(their_memory));
    Ok(floors)
}

/// Fails unless the scan judged every workload of the corpus: a fast scan of half the input is none.
fn sees_all(scan: &Side, corpus: &Corpus) -> Result<(), String> {
    let output = scan.output()?;
    let workloads = format!("{} workloads", corpus.size.workloads);
    if output.replace(',', "").contains(&workloads) {
        Ok(())
    } else {
        Err(format!("seawall did not report {workloads}; it ended with:\n{}", tail(&output, 6)))
    }
}

fn memory(floors: &mut Floors, scan: &Side, corpus: &Corpus) -> Result<(), String> {
    let (bound, peak) = (corpus.memory(), scan.peak_memory()?);
    floors.add(
        format!("memory, {} documents", corpus.documents),
        megabytes(peak),
        format!("<= {}", megabytes(bound)),
        peak <= bound,
    );
    Ok(())
}

/// What `kubectl get pods --output json` prints of a large cluster is one document.
fn list(floors: &mut Floors, ours: &Path) -> Result<(), String> {
    let file = target_directory()?.join("corpus/list.json");
    let env = r#"[{"name": "A", "value": "b"}, {"name": "C", "value": "d"}]"#.replace(' ', "\n          ");
    let pod = |i: usize| {
        format!(
            r#"    {{
      "apiVersion": "v1",
      "kind": "Pod",
      "metadata": {{"name": "p{i}", "namespace": "n{}", "uid": "00000000-0000-0000-0000-{i:012}"}},
      "spec": {{"containers": [{{"name": "c", "image": "registry.example/app:{i}", "env": {env}}}]}},
      "status": {{"phase": "Running", "conditions": [{{"type": "Ready", "status": "True"}}]}}
    }}"#,
            i % 100
        )
    };
    let items: Vec<String> = (0..LIST).map(pod).collect();
    let text = format!(
        "{{\n  \"apiVersion\": \"v1\",\n  \"items\": [\n{}\n  ],\n  \"kind\": \"List\"\n}}\n",
        items.join(",\n")
    );
    fs::write(&file, &text).map_err(|e| format!("{}: {e}", file.display()))?;
    let scan = Side::new(ours, &STANDARD, [file.clone()]);
    let output = scan.output()?;
    if !output.replace(',', "").contains(&format!("{LIST} workloads")) {
        return Err(format!("seawall did not see the list; it ended with:\n{}", tail(&output, 6)));
    }
    let (bound, peak) =
        (seawall_benches::disk::memory_bound(text.len() as u64, LIST as u64), scan.peak_memory()?);
    let _ = fs::remove_file(&file);
    floors.add(
        format!("memory, a list of {LIST} pods, {}", megabytes(text.len() as u64)),
        megabytes(peak),
        format!("<= {}", megabytes(bound)),
        peak <= bound,
    );
    Ok(())
}

fn small_file(floors: &mut Floors, ours: &Path, theirs: &Path, starts: u32) -> Result<(), String> {
    let file = target_directory()?.join("corpus/small.yaml");
    fs::write(&file, document(1, 0)).map_err(|e| format!("{}: {e}", file.display()))?;
    let ours = Side::new(ours, &["scan"], [file.clone()]);
    let theirs = Side::new(theirs, &["score"], [file]);
    let (ours, theirs) = (ours.wall(starts)?, theirs.wall(starts)?);
    println!(
        "one small file, shortest and median of {starts}: seawall {}, kube-score {}",
        spread(&ours),
        spread(&theirs)
    );
    floors.add(
        "one small file, start to end, median",
        milliseconds(median(&ours)),
        format!("< {}", milliseconds(SMALL_FILE)),
        median(&ours) < SMALL_FILE,
    );
    Ok(())
}

/// The last lines of a text.
fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

/// The middle of sorted times.
fn median(sorted: &[Duration]) -> Duration {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn spread(sorted: &[Duration]) -> String {
    let shortest = sorted.first().copied().unwrap_or_default();
    format!("{} and {}", milliseconds(shortest), milliseconds(median(sorted)))
}

fn secs(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", secs(time) * 1e3)
}
