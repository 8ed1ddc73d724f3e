//! Programs that run beside a test and end with it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running program. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts a program that writes to `<directory>/<name>.log`.
    pub(crate) fn start(directory: &Path, name: &str, command: &mut Command) -> Self {
        let log = directory.join(format!("{name}.log"));
        let file = File::create(&log).expect("a log can be written");
        let again = file.try_clone().expect("a log can be written");
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(again)
            .spawn()
            .unwrap_or_else(|e| panic!("{name} did not start: {e}"));
        Self { child, name: name.to_owned(), log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said, if it ended by itself.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(format!("{} ended: {status}\n{}", self.name, self.last_words()))
    }

    /// All that it has written.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let text = self.log();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Tells it to end, as Kubernetes does, and waits for that; its exit status. What does not end in time is killed.
    pub(crate) fn terminate(&mut self, patience: Duration) -> Option<i32> {
        let id = self.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().expect("kill starts");
        assert!(told.success(), "{} is not there", self.name);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().ok().flatten() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
        None
    }

    /// Ends it at once. What it had not written is lost, as in a crash.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Kills programs if the test itself is killed, so that nothing of it stays behind. A panic needs it not: that drops.
#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    /// Watches over processes.
    pub(crate) fn over(processes: &[&Process]) -> Self {
        // The other end of its standard input is ours: it is closed when this process ends, however it ends.
        let child = Command::new("sh")
            .args(["-c", "read -r _; kill -9 \"$@\"", "watchdog"])
            .args(processes.iter().map(|p| p.id().to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        Self(child)
    }

    /// Ends the watch. That comes before the programs end: their ids may be others' then.
    pub(crate) fn stop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn sleeping(directory: &Path) -> Process {
        Process::start(directory, "sleep", Command::new("sleep").arg("60"))
    }

    fn directory(name: &str) -> PathBuf {
        let directory = seawall_conformance::target().join("control-plane").join(name);
        std::fs::create_dir_all(&directory).expect("writable");
        directory
    }

    #[test]
    fn a_watchdog_whose_owner_is_gone_kills() {
        let mut process = sleeping(&directory("watched"));
        let mut watchdog = Watchdog::over(&[&process]);
        assert_eq!(process.ended(), None);
        drop(watchdog.0.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(20);
        while process.ended().is_none() {
            assert!(Instant::now() < deadline, "it still runs");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_panic_kills_and_leaves_others_alone() {
        let directory = directory("panic");
        let mut other = sleeping(&directory);
        let (tell, id) = std::sync::mpsc::channel();
        let test = std::thread::spawn({
            let directory = directory.clone();
            move || {
                let process = sleeping(&directory);
                let _watchdog = Watchdog::over(&[&process]);
                tell.send(process.id()).expect("heard");
                panic!("as a test does");
            }
        });
        assert!(test.join().is_err());
        let gone = Command::new("kill").args(["-0", &id.recv().expect("told").to_string()]).output();
        assert!(!gone.expect("kill starts").status.success());
        assert_eq!(other.ended(), None);
    }
}
