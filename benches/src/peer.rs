//! The programs on both sides of a comparison, and what running them costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What kube-score is compared with; `go install` builds it.
const KUBE_SCORE: &str = "github.com/zegl/kube-score/cmd/kube-score@v1.20.0";

/// GNU time, which reports the exact peak of a process's memory.
const GNU_TIME: &str = "/usr/bin/time";

/// The directory that cargo builds into, found from the running benchmark.
pub fn target_directory() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|e| format!("cannot find the running program: {e}"))?;
    let target = program.parent().and_then(Path::parent);
    target.map(Path::to_owned).ok_or_else(|| format!("{} is in no target directory", program.display()))
}

/// The optimised `seawall`, built if need be.
pub fn seawall() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--release", "-p", "seawall", "--target-dir"]).arg(target_directory()?);
    seawall_e2e::scan::forget_package(&mut build);
    succeed(&mut build)?;
    Ok(target_directory()?.join("release/seawall"))
}

/// kube-score, built from its Go module once and kept below the target directory.
pub fn kube_score() -> Result<PathBuf, String> {
    let (_, version) = KUBE_SCORE.rsplit_once('@').unwrap_or_default();
    let directory = target_directory()?.join("peers").join(format!("kube-score-{version}"));
    let program = directory.join("kube-score");
    if !program.is_file() {
        println!("building {KUBE_SCORE}");
        let mut install = Command::new("go");
        install.args(["install", KUBE_SCORE]).env("GOBIN", &directory).env_remove("GOFLAGS");
        succeed(&mut install).map_err(|e| {
            format!("{e}\nGo builds the program that seawall is compared with: https://go.dev/doc/install")
        })?;
    }
    Ok(program)
}

/// The reference's webhook, built once from the module that the oracle of admission pins.
pub fn reference_webhook() -> Result<PathBuf, String> {
    let program = target_directory()?.join("peers/pod-security-webhook");
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/go/admission");
    let mut build = Command::new("go");
    build
        .current_dir(module)
        .args(["build", "-o"])
        .arg(&program)
        .arg("k8s.io/pod-security-admission/cmd/webhook");
    succeed(build.env_remove("GOFLAGS")).map_err(|e| {
        format!("{e}\nGo builds the program that seawall is compared with: https://go.dev/doc/install")
    })?;
    Ok(program)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status =
        command.stdin(Stdio::null()).status().map_err(|e| format!("{command:?} did not start: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}")) }
}

/// One side of a comparison: a program with its arguments, whose output nobody reads.
#[derive(Clone, Debug)]
pub struct Side {
    program: PathBuf,
    args: Vec<PathBuf>,
    directory: Option<PathBuf>,
}

impl Side {
    /// `program` with `words` and then `paths` as arguments.
    pub fn new(program: &Path, words: &[&str], paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let args = words.iter().map(PathBuf::from).chain(paths).collect();
        Self { program: program.to_owned(), args, directory: None }
    }

    /// The same with another current directory.
    #[must_use]
    pub fn within(self, directory: &Path) -> Self {
        Self { directory: Some(directory.to_owned()), ..self }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null());
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }

    /// Standard output of one run. A run that meets an error (status 2 and above) is none.
    pub fn output(&self) -> Result<String, String> {
        let output =
            self.command().output().map_err(|e| format!("{} did not start: {e}", self.program.display()))?;
        match output.status.code() {
            Some(0 | 1) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            _ => Err(format!(
                "{} failed: {}\n{}",
                self.program.display(),
                output.status,
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }

    /// Runs once; what it prints is thrown away.
    fn run(&self) -> Result<(), String> {
        let mut command = self.command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().map_err(|e| format!("{} did not start: {e}", self.program.display()))?;
        Ok(())
    }

    /// CPU time of one run, user and system on all cores: the mean of `runs`, to 10 ms over all of them.
    pub fn cpu(&self, runs: u32) -> Result<Duration, String> {
        let before = children_cpu()?;
        for _ in 0..runs {
            self.run()?;
        }
        Ok(children_cpu()?.saturating_sub(before) / runs.max(1))
    }

    /// Time from start to end of each of `runs`, shortest first.
    pub fn wall(&self, runs: u32) -> Result<Vec<Duration>, String> {
        let mut times = Vec::new();
        for _ in 0..runs {
            let start = Instant::now();
            self.run()?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        Ok(times)
    }

    /// The most memory that one run ever held, in bytes.
    pub fn peak_memory(&self) -> Result<u64, String> {
        if Path::new(GNU_TIME).exists() { self.peak_reported() } else { self.peak_sampled() }
    }

    fn peak_reported(&self) -> Result<u64, String> {
        let mut command = Command::new(GNU_TIME);
        command.args(["--quiet", "--format", "%M"]).arg(&self.program).args(&self.args);
        let output = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .output()
            .map_err(|e| format!("{GNU_TIME} did not start: {e}"))?;
        let report = String::from_utf8_lossy(&output.stderr);
        let kilobytes = report.lines().last().and_then(|line| line.trim().parse::<u64>().ok());
        kilobytes.map(|k| k * 1024).ok_or_else(|| format!("{GNU_TIME} reported no size: {report}"))
    }

    /// Looks at the running process again and again: what it takes just before its end may be missed.
    fn peak_sampled(&self) -> Result<u64, String> {
        let mut command = self.command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child =
            command.spawn().map_err(|e| format!("{} did not start: {e}", self.program.display()))?;
        let status = format!("/proc/{}/status", child.id());
        let mut peak = None;
        while child.try_wait().map_err(|e| e.to_string())?.is_none() {
            let seen = fs::read_to_string(&status).ok().and_then(|text| high_water_mark(&text));
            peak = peak.max(seen);
            std::thread::sleep(Duration::from_micros(200));
        }
        peak.ok_or_else(|| format!("no memory size of {} in {status}", self.program.display()))
    }
}

/// `VmHWM` of `/proc/<pid>/status`, in bytes.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// CPU time of all ended child processes, from `/proc/self/stat`: Linux only, in ticks of 10 ms.
fn children_cpu() -> Result<Duration, String> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|e| format!("/proc/self/stat: {e}"))?;
    parse_children_cpu(&stat).ok_or_else(|| format!("/proc/self/stat: not understood: {stat}"))
}

/// Fields 16 and 17 of `/proc/self/stat`. The second field may hold blanks and ends with the last parenthesis.
fn parse_children_cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(13);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_cpu_is_the_sum_of_two_fields() {
        let stat = "7 (a b) c) S 1 1 1 0 -1 4194560 1 2 3 4 50 60 12 3 20 0 1 0 100";
        assert_eq!(parse_children_cpu(stat), Some(Duration::from_millis(150)));
    }

    #[test]
    fn a_busy_child_costs_cpu_time() {
        let busy =
            Side::new(Path::new("/bin/sh"), &["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"], []);
        let idle = Side::new(Path::new("/bin/sh"), &["-c", "sleep 0.1"], []);
        let (busy, idle) = (busy.cpu(1).expect("runs"), idle.cpu(1).expect("runs"));
        assert!(busy > idle + Duration::from_millis(30), "{busy:?} {idle:?}");
    }

    #[test]
    fn memory_is_reported_and_sampled_alike() {
        let side = Side::new(Path::new("/bin/sh"), &["-c", "sleep 0.1"], []);
        let sampled = side.peak_sampled().expect("Linux");
        assert!((500_000..100_000_000).contains(&sampled), "{sampled}");
        if Path::new(GNU_TIME).exists() {
            let reported = side.peak_reported().expect("GNU time");
            assert!((500_000..100_000_000).contains(&reported), "{reported}");
        }
    }

    #[test]
    fn errors_of_a_side_are_no_output() {
        let side = |script| Side::new(Path::new("/bin/sh"), &["-c", script], []);
        assert_eq!(side("echo found; exit 1").output().as_deref(), Ok("found\n"));
        assert!(side("exit 2").output().is_err());
    }
}
