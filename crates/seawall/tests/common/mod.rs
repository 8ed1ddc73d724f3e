//! Running the binary as a user runs it.
#![allow(dead_code, reason = "every test file uses its own part")]

#[cfg(unix)]
pub(crate) mod book;
pub(crate) mod configuration;
pub(crate) mod validate;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A directory of its own for one test, removed at the end.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("seawall-test-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A directory with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let dir = Self::new();
        for (name, text) in files {
            dir.write(name, text);
        }
        dir
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// As [`Self::bare_command`], for scans by the standard alone where the arguments and the configuration name no profile:
    /// most tests are about that, and checks beyond it come and go.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare_command(args);
        let configured = std::fs::read_to_string(self.0.join("seawall.yaml")).unwrap_or_default();
        let is_named = args.contains(&"--profile") || configured.lines().any(|l| l.starts_with("profile:"));
        if args.first() == Some(&"scan") && !is_named {
            command.args(["--profile", "pss"]);
        }
        command
    }

    /// `seawall` with this directory as the current one, no colours, 100 columns.
    pub(crate) fn bare_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
        command
            .current_dir(&self.0)
            .args(args)
            .env("COLUMNS", "100")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::from(self.command(args).output().unwrap())
    }

    /// Runs without more arguments than these.
    pub(crate) fn run_bare(&self, args: &[&str]) -> Run {
        Run::from(self.bare_command(args).output().unwrap())
    }

    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Run {
        use std::io::Write as _;
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let bytes = stdin.to_vec();
        let writer = std::thread::spawn(move || {
            let _ = pipe.write_all(&bytes);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run::from(output)
    }

    /// The records of `scan --format jsonl` on these arguments.
    pub(crate) fn scan(&self, args: &[&str]) -> Records {
        let mut all = vec!["scan", "--format", "jsonl"];
        all.extend(args);
        self.run(&all).records()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a run printed.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("output is UTF-8"),
        }
    }
}

impl Run {
    pub(crate) fn records(&self) -> Records {
        let all = self
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{}", self.stderr)))
            .collect();
        Records { status: self.status, all }
    }
}

/// The records of a run.
pub(crate) struct Records {
    pub(crate) status: i32,
    pub(crate) all: Vec<Value>,
}

impl Records {
    pub(crate) fn of(&self, kind: &str) -> Vec<&Value> {
        self.all.iter().filter(|r| r["type"] == kind).collect()
    }

    pub(crate) fn workloads(&self) -> Vec<&Value> {
        self.of("workload")
    }

    /// All findings of a rule, over all records.
    pub(crate) fn findings(&self, rule: &str) -> Vec<&Value> {
        self.all
            .iter()
            .flat_map(|r| r["findings"].as_array().map(Vec::as_slice).unwrap_or_default())
            .filter(|f| f["rule"] == rule)
            .collect()
    }

    pub(crate) fn summary(&self) -> &Value {
        self.all.last().filter(|r| r["type"] == "summary").expect("a summary comes last")
    }
}
