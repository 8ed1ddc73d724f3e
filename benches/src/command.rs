//! The command line that the benchmarks with floors share.

use std::process::ExitCode;

use crate::floor::Floors;

/// Runs `NAME [--quick]`: prints the floors, and ends with 1 if one is missed, with 2 if there is nothing to compare.
pub fn run(name: &str, compare: impl FnOnce(bool) -> Result<Floors, String>) -> ExitCode {
    let quick = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [option] if option == "--quick" => true,
        _ => {
            eprintln!("usage: {name} [--quick]");
            return ExitCode::from(2);
        }
    };
    match compare(quick) {
        Ok(floors) => {
            print!("{}", floors.table());
            ExitCode::from(u8::from(!floors.met()))
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}
