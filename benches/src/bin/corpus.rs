//! Writes generated manifests: `corpus --docs N [--files N] [--seed N] --out DIR`.

use std::path::PathBuf;
use std::process::ExitCode;

use seawall_benches::corpus::{Plan, write};

const USAGE: &str = "usage: corpus --docs N [--files N] [--seed N] --out DIR";

fn main() -> ExitCode {
    match run() {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<String, String> {
    let (mut documents, mut files, mut seed, mut out) = (None, None, 1, None);
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        let value = args.next().ok_or(USAGE)?;
        let number =
            || value.parse::<usize>().map_err(|_| format!("`{option} {value}`: not a number\n{USAGE}"));
        match option.as_str() {
            "--docs" => documents = Some(number()?),
            "--files" => files = Some(number()?),
            "--seed" => seed = number()? as u64,
            "--out" => out = Some(PathBuf::from(value)),
            _ => return Err(format!("unknown option `{option}`\n{USAGE}")),
        }
    }
    let (Some(documents), Some(out)) = (documents, out) else { return Err(USAGE.to_owned()) };
    let plan = Plan { seed, ..Plan::of(documents) };
    let plan = Plan { files: files.unwrap_or(plan.files).max(1), ..plan };
    let size = write(plan, &out).map_err(|e| format!("{}: {e}", out.display()))?;
    Ok(format!(
        "{documents} documents with {} workloads in {} files, {} bytes, the largest file {} bytes: {}",
        size.workloads,
        size.files,
        size.bytes,
        size.largest,
        out.display()
    ))
}
