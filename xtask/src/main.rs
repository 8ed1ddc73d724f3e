//! Development tasks: `cargo xtask types [--check]`.

use std::process::ExitCode;

mod types;

const USAGE: &str = "usage: cargo xtask <task>

tasks:
  types [--check]   write crates/manifest/src/types/table.rs from Kubernetes' OpenAPI, or check that it is current";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["types"] => types::write(),
        ["types", "--check"] => types::check(),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
