//! Running other programs, and getting those that are missing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Deserializer, Value};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A cargo command at the root of the workspace.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root()).args(args);
    forget_package(&mut command);
    command
}

/// Takes away what `cargo run` says of the package that it runs: build scripts of dependencies look at some of it, and all that
/// needs them would be built anew.
fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_about = |prefix: &str| name.to_str().is_some_and(|name| name.starts_with(prefix));
        if is_about("CARGO_PKG_") || is_about("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
}

/// Says what is run, runs it with its output shown and without input, and returns an error unless it succeeds.
pub(crate) fn show(command: &mut Command) -> Result<(), String> {
    let line = line(command);
    println!("$ {line}");
    let status = command.stdin(Stdio::null()).status().map_err(|e| format!("`{line}` did not start: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}")) }
}

/// The standard output of a command that succeeds.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("`{}` did not start: {e}", line(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("`{}` failed: {}", line(command), String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// The directories of Go modules at versions, `k8s.io/api@v0.37.2`, in the order given; downloaded unless they are in Go's cache.
pub(crate) fn modules(wanted: &[String]) -> Result<Vec<PathBuf>, String> {
    let text = output(Command::new("go").args(["mod", "download", "-json"]).args(wanted))?;
    let found: Result<Vec<PathBuf>, String> = Deserializer::from_str(&text)
        .into_iter::<Value>()
        .map(|module| {
            let module = module.map_err(|e| format!("go mod download: {e}"))?;
            module["Dir"]
                .as_str()
                .map(PathBuf::from)
                .ok_or_else(|| "go mod download: no directory".to_owned())
        })
        .collect();
    let found = found?;
    if found.len() == wanted.len() {
        Ok(found)
    } else {
        Err("go mod download: modules are missing".to_owned())
    }
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Installs a component of the Rust toolchain unless `cargo <subcommand>` is there.
pub(crate) fn need_component(subcommand: &str, component: &str) -> Result<(), String> {
    if output(&mut cargo(&[subcommand, "--version"])).is_ok() {
        return Ok(());
    }
    println!("cargo {subcommand} is missing: installing {component}");
    show(Command::new("rustup").current_dir(root()).args(["component", "add", component]))
        .map_err(|e| format!("{e}\n{component} is needed; get it with rustup, https://rustup.rs"))
}

/// Installs a compilation target unless it is there.
pub(crate) fn need_target(target: &str) -> Result<(), String> {
    let libraries = output(Command::new("rustc").current_dir(root()).args([
        "--print",
        "target-libdir",
        "--target",
        target,
    ]))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    println!("target {target} is missing: installing it");
    show(Command::new("rustup").current_dir(root()).args(["target", "add", target]))
        .map_err(|e| format!("{e}\nthe target {target} is needed; get it with rustup, https://rustup.rs"))
}

/// The C compiler for programs without a system's library; installs it unless it is there.
pub(crate) fn need_musl() -> Result<&'static str, String> {
    const COMPILER: &str = "musl-gcc";
    if output(Command::new(COMPILER).arg("--version")).is_ok() {
        return Ok(COMPILER);
    }
    println!("{COMPILER} is missing: installing musl-tools");
    show(Command::new("apt-get").args(["install", "--yes", "musl-tools"])).map_err(|e| {
        format!("{e}
{COMPILER} compiles the C parts of a static program; get it from your distribution, or from https://musl.libc.org")
    })?;
    Ok(COMPILER)
}

/// Installs a program that finds mistakes in manual pages, unless one is there. Without one they are not looked for.
pub(crate) fn want_manual_reader() {
    let is_there = |program: &str| output(Command::new(program).arg("--version")).is_ok();
    // mandoc has no `--version`: that it starts is enough.
    let starts = Command::new("mandoc").arg("-Tlint").stdin(Stdio::null()).output().is_ok();
    if starts || ["man", "groff"].into_iter().any(is_there) {
        return;
    }
    println!("no program reads manual pages: installing mandoc");
    if let Err(message) = show(Command::new("apt-get").args(["install", "--yes", "mandoc"])) {
        println!("{message}; manual pages are not looked at");
    }
}

/// Fails with the way to get Go unless one is there that can build the oracles.
pub(crate) fn need_go() -> Result<(), String> {
    let directory = root().join("conformance/go");
    let module = std::fs::read_to_string(directory.join("go.mod"))
        .map_err(|e| format!("cannot read conformance/go/go.mod: {e}"))?;
    let needed = module.lines().find_map(|l| l.strip_prefix("go ")).unwrap_or("1.26").trim();
    // Inside the module, since Go 1.21 fetches the toolchain that the module asks for by itself.
    let found = output(Command::new("go").current_dir(&directory).args(["env", "GOVERSION"]));
    let get = format!(
        "Go {needed} or newer builds the upstream programs that seawall is compared with.\n\
         Get it from https://go.dev/doc/install, or `apt-get install golang` where that is new enough;\n\
         `cargo xtask test --quick` does without."
    );
    match found {
        Ok(version) if at_least(version.trim(), needed) => Ok(()),
        Ok(version) => Err(format!("found {}, which is too old\n{get}", version.trim())),
        Err(error) => Err(format!("{error}\n{get}")),
    }
}

/// Fails with the way to get Python unless one is there that can make environments for packages.
pub(crate) fn need_python() -> Result<(), String> {
    output(Command::new("python3").args(["-c", "import ensurepip, venv"])).map(drop).map_err(|error| {
        format!(
            "{error}\nPython 3 with `venv` runs consumers of reports that are written in Python.\n\
             Get it from https://www.python.org/downloads, or `apt-get install python3-venv`;\n\
             `cargo xtask test --quick` does without."
        )
    })
}

/// Whether `version` (`go1.26.8`) is `needed` (`1.26.0`) or newer.
fn at_least(version: &str, needed: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.trim_start_matches("go")
            .split(|c: char| !c.is_ascii_digit())
            .map_while(|part| part.parse().ok())
            .collect()
    };
    let found = numbers(version);
    !found.is_empty() && found >= numbers(needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_versions_compare_as_numbers() {
        assert!(at_least("go1.26.8", "1.26.0"));
        assert!(at_least("go1.100", "1.26.0"));
        assert!(at_least("go1.27rc1", "1.26.0"));
        assert!(!at_least("go1.9.7", "1.26.0"));
        assert!(!at_least("go1.25.9", "1.26.0"));
        assert!(!at_least("devel", "1.26.0"));
    }

    #[test]
    fn a_failing_command_is_an_error() {
        assert!(output(&mut cargo(&["no-such-command"])).is_err());
        assert!(output(&mut Command::new("no-such-program")).is_err());
    }
}
