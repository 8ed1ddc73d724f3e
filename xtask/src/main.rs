//! Development tasks, one file each: `cargo xtask <task>`.

use std::process::ExitCode;

mod bench;
mod docs;
mod image;
mod lifecycle;
mod run;
mod test;
mod types;

const USAGE: &str = "usage: cargo xtask <task>

tasks:
  test [--quick] [--keep-going] [PART]...
                    everything that is proven, in order; --quick leaves out what needs Go or minutes
  bench [--quick] [NAME]...
                    every speed claim, both sides in one run; fails when a floor is missed
  docs [--check]    write the pages of docs/src and the Helm chart that are made from the code, or check that they are current
  image [--quick]   build the image of the webhook without Docker, as an OCI archive, and look at it; with --quick of
                    a program that is not optimised
  types [--check]   write crates/manifest/src/types/table.rs from Kubernetes' OpenAPI, and
                    crates/hardening/src/lifecycle/table.rs from the Go modules of its APIs, or check that they are current";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["test", ref rest @ ..] => test::test(rest),
        ["bench", ref rest @ ..] => bench::bench(rest),
        ["docs"] => docs::write(),
        ["docs", "--check"] => docs::check(),
        ["image", ref rest @ ..] => image::image(rest),
        ["types"] => types::write().and_then(|()| lifecycle::write()),
        ["types", "--check"] => types::check().and_then(|()| lifecycle::check()),
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
