//! The line of progress: for a person at a terminal who waits, and for nobody else.
#![cfg(target_os = "linux")]

mod common;

use std::process::{Command, Stdio};
use std::time::Duration;

use common::Dir;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostPID: true, containers: []}\n";

/// Runs a shell's command while a FIFO, `late.yaml`, is fed after so long; what it printed.
fn run_with_late_input(dir: &Dir, command: &mut Command, after: Duration) -> (String, String) {
    let fifo = dir.path().join("late.yaml");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let child = command
        .current_dir(dir.path())
        .env("SEAWALL", env!("CARGO_BIN_EXE_seawall"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    // Opening waits until the other side reads.
    std::fs::write(fifo, POD).unwrap();
    let output = child.wait_with_output().unwrap();
    [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).into()
}

/// A shell's command with a pseudo-terminal as its standard streams.
fn at_terminal(command: &str) -> Command {
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", command, "/dev/null"]).env("TERM", "dumb");
    script
}

/// What takes the line away.
const BLANK: &str = "                    \r";

const SLOW: Duration = Duration::from_millis(1700);

#[test]
fn who_waits_at_a_terminal_sees_how_far_it_is() {
    let dir = Dir::with(&[("a.yaml", POD)]);
    let mut command = at_terminal("\"$SEAWALL\" scan --format concise a.yaml late.yaml");
    let (shown, _) = run_with_late_input(&dir, &mut command, SLOW);
    assert!(shown.starts_with("\rreading 1 of 2 files\r"), "{shown:?}");
    let (line, report) = shown.split_once("late.yaml:").map_or((shown.as_str(), ""), |(l, r)| (l, r));
    // The line is gone before the report begins, and does not come back.
    let (_, before) = line.rsplit_once("files\r").unwrap();
    assert!(before.starts_with(BLANK), "{shown:?}");
    assert!(report.contains("host-pid") && !report.contains("files\r"), "{shown:?}");
}

#[test]
fn a_report_in_a_pipe_stays_clean() {
    let dir = Dir::with(&[("a.yaml", POD)]);
    let mut command = at_terminal("\"$SEAWALL\" scan --format jsonl a.yaml late.yaml > out.jsonl");
    let (shown, _) = run_with_late_input(&dir, &mut command, SLOW);
    assert!(shown.contains("\rreading 1 of 2 files"), "{shown:?}");
    assert!(shown.ends_with(BLANK), "{shown:?}");
    let out = dir.read("out.jsonl");
    assert!(out.lines().count() > 2 && out.lines().all(|line| line.starts_with('{')), "{out}");
}

#[test]
fn short_work_and_quiet_work_show_none() {
    for (options, after) in [("", Duration::from_millis(200)), ("--quiet ", SLOW)] {
        let dir = Dir::with(&[("a.yaml", POD)]);
        let mut command =
            at_terminal(&format!("\"$SEAWALL\" scan {options}--format concise a.yaml late.yaml"));
        let (shown, _) = run_with_late_input(&dir, &mut command, after);
        assert!(shown.contains("host-pid") && !shown.contains("reading"), "{shown:?}");
    }
}

#[test]
fn without_a_terminal_nothing_is_printed() {
    let dir = Dir::with(&[("a.yaml", POD)]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
    command.args(["scan", "--format", "concise", "a.yaml", "late.yaml"]);
    let (out, err) = run_with_late_input(&dir, &mut command, SLOW);
    assert!(out.contains("host-pid") && !out.contains('\r'), "{out:?}");
    assert_eq!(err, "");
}
