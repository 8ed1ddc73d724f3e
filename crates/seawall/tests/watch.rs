//! `scan --watch`: a report for every change, until it is interrupted.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use common::Dir;
use serde_json::Value;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {hostPID: true, containers: []}\n";

/// A watcher whose output goes to files.
struct Watcher<'d> {
    dir: &'d Dir,
    child: Killed,
    /// Reports seen so far.
    seen: usize,
}

impl<'d> Watcher<'d> {
    /// Starts it with these arguments and waits for the first report.
    fn start(dir: &'d Dir, args: &[&str]) -> Self {
        let file = |name: &str| File::create(dir.path().join(name)).unwrap();
        let all = [&["scan", "--watch", "--format", "jsonl", "--level", "baseline"], args].concat();
        let child = dir.command(&all).stdout(file("out.txt")).stderr(file("err.txt")).spawn().unwrap();
        let mut watcher = Self { dir, child: Killed(child), seen: 0 };
        watcher.report();
        wait("the line that it watches", || dir.read("err.txt").contains("watching "));
        watcher
    }

    /// The summary of the next report.
    fn report(&mut self) -> Value {
        self.seen += 1;
        let summaries = || -> Vec<Value> {
            let text = self.dir.read("out.txt");
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let records = whole.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            records.filter(|record| record["type"] == "summary").collect()
        };
        wait("a report", || summaries().len() >= self.seen);
        assert_eq!(summaries().len(), self.seen, "{}", self.dir.read("err.txt"));
        summaries().pop().unwrap()
    }

    /// The last line on standard error.
    fn told(&self) -> String {
        self.dir.read("err.txt").lines().last().unwrap_or_default().to_owned()
    }
}

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait(what: &str, ready: impl Fn() -> bool) {
    let started = Instant::now();
    while !ready() {
        assert!(started.elapsed() < Duration::from_secs(20), "waited for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn changes_new_files_and_deleted_ones_are_judged_again() {
    let dir = Dir::with(&[("in/p.yaml", POD), ("in/notes.txt", "")]);
    let mut watcher = Watcher::start(&dir, &["in"]);
    assert_eq!(dir.read("err.txt"), "watching 1 file; Ctrl-C ends it\n");
    dir.write("in/p.yaml", POD.replace("hostPID: true", "hostPID: false"));
    let summary = watcher.report();
    assert_eq!((&summary["exitStatus"], watcher.told().as_str()), (&0.into(), "changed: in/p.yaml"));
    dir.write("in/more/q.yaml", POD.replace("name: p", "name: q"));
    let summary = watcher.report();
    assert_eq!((&summary["exitStatus"], watcher.told().as_str()), (&1.into(), "new: in/more/q.yaml"));
    std::fs::remove_file(dir.path().join("in/more/q.yaml")).unwrap();
    let summary = watcher.report();
    assert_eq!((&summary["exitStatus"], watcher.told().as_str()), (&0.into(), "gone: in/more/q.yaml"));
    // What is no input changes nothing; what is broken is told of, and the watch goes on.
    dir.write("in/notes.txt", "more");
    dir.write("in/p.yaml", "kind: [\n");
    assert_eq!(watcher.report()["exitStatus"], 2);
    assert_eq!(watcher.told(), "changed: in/p.yaml");
}

#[test]
fn the_files_that_settings_come_from_count_too() {
    let namespaces = |level: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}\n"
        )
    };
    let dir = Dir::with(&[("in/p.yaml", POD)]);
    let mut watcher = Watcher::start(&dir, &["in"]);
    // A configuration that was not there, with errors, and one that names other files.
    dir.write("seawall.yaml", "levels: strict\n");
    assert_eq!(watcher.report()["exitStatus"], 2);
    assert_eq!(watcher.told(), "new: seawall.yaml");
    dir.write("seawall.yaml", "namespaces: lent/ns.yaml\nbaseline: lent/base.yaml\n");
    assert_eq!(watcher.report()["exitStatus"], 2, "they are not there");
    dir.write("lent/base.yaml", "version: 1\nfindings: []\n");
    assert_eq!(
        (watcher.report()["exitStatus"].clone(), watcher.told()),
        (2.into(), "new: lent/base.yaml".to_owned())
    );
    dir.write("lent/ns.yaml", namespaces("privileged"));
    assert_eq!(
        (watcher.report()["exitStatus"].clone(), watcher.told()),
        (0.into(), "new: lent/ns.yaml".to_owned())
    );
    dir.write("lent/ns.yaml", namespaces("restricted"));
    assert_eq!(
        (watcher.report()["exitStatus"].clone(), watcher.told()),
        (1.into(), "changed: lent/ns.yaml".to_owned())
    );
    let entry = "version: 1\nfindings:\n- {object: \"Pod shop/p\", rule: host-pid, path: spec.hostPID}\n";
    dir.write("lent/base.yaml", entry);
    let summary = watcher.report();
    assert_eq!((&summary["exitStatus"], &summary["suppressed"]), (&0.into(), &1.into()));
    assert_eq!(watcher.told(), "changed: lent/base.yaml");
}

#[test]
fn what_the_run_writes_does_not_set_it_off() {
    let dir = Dir::with(&[("in/p.yaml", POD)]);
    let mut watcher = Watcher::start(&dir, &["--format", "jsonl=in/report.json", "in"]);
    std::thread::sleep(Duration::from_secs(1));
    dir.write("in/p.yaml", POD.replace("hostPID: true", "hostPID: false"));
    // Another report in between would be counted.
    assert_eq!(watcher.report()["exitStatus"], 0);
    wait("the report's file", || dir.read("in/report.json").contains("\"exitStatus\":0"));
}

#[test]
fn an_interrupt_ends_it() {
    let dir = Dir::with(&[("in/p.yaml", POD)]);
    let mut watcher = Watcher::start(&dir, &["in"]);
    let pid = watcher.child.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let status = watcher.child.0.wait().unwrap();
    assert_eq!(status.signal(), Some(2), "{status}");
}

#[test]
fn a_closed_output_ends_it() {
    let dir = Dir::with(&[("p.yaml", POD)]);
    let child = dir
        .command(&["scan", "--watch", "p.yaml"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    drop(child.0.stdout.take());
    // It is noticed when there is something to print.
    let started = Instant::now();
    let mut size = 0;
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "it goes on without a reader");
        size += 1;
        dir.write("p.yaml", format!("{POD}{}", "#\n".repeat(size)));
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(status.success(), "{status}");
}

#[test]
fn what_can_be_read_once_only_cannot_be_watched() {
    let dir = Dir::with(&[("p.yaml", POD)]);
    let run = dir.run(&["scan", "--watch", "p.yaml", "-"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.starts_with("error: standard input can be read once only"), "{}", run.stderr);
    assert!(Command::new("mkfifo").arg(dir.path().join("pipe")).status().unwrap().success());
    for args in [&["scan", "--watch", "pipe"][..], &["scan", "--watch", "--config", "pipe", "p.yaml"]] {
        let run = dir.run(args);
        assert_eq!(run.status, 2);
        assert!(run.stderr.starts_with("error: `pipe` can be read once only"), "{}", run.stderr);
    }
    assert_eq!(dir.run(&["scan", "--watch", "--write-baseline", "b.yaml", "p.yaml"]).status, 2);
}
