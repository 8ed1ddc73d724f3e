//! The `seawall` command: parse arguments, call, print, exit status. One file per subcommand.

mod beside;
mod can_enforce;
mod candidate;
mod checks;
mod cli;
mod completions;
mod config;
mod explain;
mod fix;
mod import_config;
mod init;
mod install;
mod known;
mod live;
mod man;
mod outputs;
mod pipeline;
mod prepared;
mod progress;
mod scan;
mod scores;
mod serve;
mod settings;
mod snapshot;
mod terminal;
mod uninstall;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

/// Findings are many small pieces: glibc takes a fifth more CPU time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Usage errors, and inputs that could not be read.
const EXIT_INPUT: u8 = 2;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output with status 0, the rest to standard error with status 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(EXIT_INPUT));
        }
    };
    let result = match cli.command {
        cli::Command::Scan(args) => scan::run(&args),
        cli::Command::Fix(args) => fix::run(&args),
        cli::Command::Config(args) => config::run(&args),
        cli::Command::Snapshot(args) => snapshot::run(&args),
        cli::Command::CanEnforce(args) => can_enforce::run(&args),
        cli::Command::Serve(args) => serve::run(&args),
        cli::Command::Install(args) => install::run(&args),
        cli::Command::Uninstall(args) => uninstall::run(&args),
        cli::Command::Explain(args) => explain::run(&args),
        cli::Command::Checks(args) => checks::run(&args),
        cli::Command::Init(args) => init::run(&args),
        cli::Command::ImportConfig(args) => import_config::run(&args),
        cli::Command::Completions(args) => completions::run(&args),
        cli::Command::Man(args) => man::run(&args),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        // Whoever reads the output has seen enough (`| head`).
        Err(terminal::Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            terminal::report_failure(&failure);
            ExitCode::from(EXIT_INPUT)
        }
    }
}
