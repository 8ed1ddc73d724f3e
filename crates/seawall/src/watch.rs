//! `seawall scan --watch`: judges again whenever something changes that it depends on.
//!
//! Names, sizes and times of files are looked at again and again. That needs nothing of the operating system, works on every
//! file system, network ones included, and costs a small share of one processor.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::cli::ScanArgs;
use crate::scan;
use crate::settings;
use crate::terminal::{self, Failure};

/// The shortest time between two looks.
const SHORTEST: Duration = Duration::from_millis(150);

/// The longest, however many files there are.
const LONGEST: Duration = Duration::from_secs(5);

/// How much longer than a look is the time until the next one.
const IDLE: u32 = 20;

/// How long files must stay as they are before they are judged: editors write in several steps.
const SETTLED: Duration = Duration::from_millis(40);

/// Changes that go on for longer are judged in between.
const UNSETTLED: u32 = 25;

/// Names of changed files that are told.
const TOLD: usize = 3;

/// Judges, and judges again on every change, until it is interrupted or its output is closed.
pub(crate) fn run(args: &ScanArgs) -> Result<u8, Failure> {
    let judge = &args.judge;
    let settings = [&judge.config, &judge.baseline, &judge.namespaces].into_iter().flatten();
    for path in judge.paths.iter().map(OsString::as_os_str).chain(settings.map(|path| path.as_os_str())) {
        refuse_streams(path)?;
    }
    let (mut seen, mut cost) = look(args);
    let mut first = true;
    loop {
        scan::once(args)?;
        if std::mem::take(&mut first) {
            let files = seen.0.values().flatten().count();
            let noun = if files == 1 { "file" } else { "files" };
            terminal::tell(&format!("watching {files} {noun}; Ctrl-C ends it"));
        }
        loop {
            std::thread::sleep(interval(cost));
            let (now, taken) = look(args);
            cost = taken;
            if now != seen {
                let now = settle(args, now);
                terminal::tell(&seen.told(&now));
                seen = now;
                break;
            }
        }
    }
}

/// What can be read once only cannot be read again.
fn refuse_streams(path: &OsStr) -> Result<(), Failure> {
    let file_type = std::fs::metadata(path).map(|m| m.file_type());
    let is_stream = path == "-" || file_type.is_ok_and(|t| !t.is_file() && !t.is_dir());
    if !is_stream {
        return Ok(());
    }
    let what = if path == "-" { "standard input".into() } else { format!("`{}`", path.display()) };
    let hint = "name files or directories, or leave `--watch` out".to_owned();
    Err(Failure::Usage(format!("{what} can be read once only and cannot be watched"), Some(hint)))
}

/// The time until the next look, from the time that the last one took.
fn interval(cost: Duration) -> Duration {
    (cost * IDLE).clamp(SHORTEST, LONGEST)
}

/// What a file's state is told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

/// All that a run depends on, by path; settings files that are not there too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen(BTreeMap<PathBuf, Option<Stamp>>);

/// Looks at all that a run depends on; with the time it took.
fn look(args: &ScanArgs) -> (Seen, Duration) {
    let started = Instant::now();
    // What the run itself writes would set off the next one.
    let written: Vec<PathBuf> = args.formats.iter().filter_map(|f| absolute(f.file.as_deref()?)).collect();
    let inputs = seawall_input::walk(&args.judge.paths, &seawall_input::Options::default()).inputs;
    let paths =
        inputs.into_iter().map(|input| input.path.into_path_buf()).chain(settings::files(&args.judge));
    let read = paths.filter(|path| !absolute(path).is_some_and(|path| written.contains(&path)));
    let stamp = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let stamp = metadata.map(|m| Stamp { size: m.len(), modified: m.modified().ok() });
        (path, stamp)
    };
    (Seen(read.map(stamp).collect()), started.elapsed())
}

fn absolute(path: &Path) -> Option<PathBuf> {
    std::path::absolute(path).ok()
}

/// Waits until nothing changes any more; what is there then.
fn settle(args: &ScanArgs, mut seen: Seen) -> Seen {
    for _ in 0..UNSETTLED {
        std::thread::sleep(SETTLED);
        let (now, _) = look(args);
        if now == seen {
            break;
        }
        seen = now;
    }
    seen
}

impl Seen {
    /// What is different in `now`, in one line.
    fn told(&self, now: &Self) -> String {
        let there = |seen: &Self, path: &PathBuf| seen.0.get(path).copied().flatten();
        let (mut changed, mut new, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        let all: std::collections::BTreeSet<&PathBuf> = self.0.keys().chain(now.0.keys()).collect();
        for path in all {
            match (there(self, path), there(now, path)) {
                (None, Some(_)) => new.push(path),
                (Some(_), None) => gone.push(path),
                (before, after) if before != after => changed.push(path),
                _ => {}
            }
        }
        let parts = [("changed", changed), ("new", new), ("gone", gone)];
        let part = |(what, paths): (&str, Vec<&PathBuf>)| {
            let names: Vec<String> = paths.iter().take(TOLD).map(|p| p.display().to_string()).collect();
            let more = paths.len().saturating_sub(TOLD);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!names.is_empty()).then(|| format!("{what}: {}{more}", names.join(", ")))
        };
        let told = parts.into_iter().filter_map(part).collect::<Vec<_>>().join("; ");
        seawall_report::visible(&told).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(files: &[(&str, Option<u64>)]) -> Seen {
        let stamp = |size: u64| Stamp { size, modified: None };
        Seen(files.iter().map(|(path, size)| (PathBuf::from(path), size.map(stamp))).collect())
    }

    #[test]
    fn says_what_is_different() {
        let before = seen(&[("a", Some(1)), ("b", Some(1)), ("c", Some(1)), ("seawall.yaml", None)]);
        let now = seen(&[("a", Some(2)), ("b", Some(1)), ("d\n", Some(1)), ("seawall.yaml", Some(9))]);
        assert_eq!(before.told(&now), "changed: a; new: d\\n, seawall.yaml; gone: c");
        let many = seen(&[("a", Some(1)), ("b", Some(1)), ("c", Some(1)), ("d", Some(1)), ("e", Some(1))]);
        assert_eq!(Seen::default().told(&many), "new: a, b, c and 2 more");
    }

    #[test]
    fn dear_looks_are_rare() {
        assert_eq!(interval(Duration::from_micros(10)), SHORTEST);
        assert_eq!(interval(Duration::from_millis(100)), Duration::from_secs(2));
        assert_eq!(interval(Duration::from_mins(1)), LONGEST);
    }
}
