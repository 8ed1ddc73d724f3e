//! What a shell and `man` get: completions and manual pages.

mod common;

use std::process::{Command, Stdio};

use common::Dir;

/// The names of all commands, from `seawall --help`.
fn commands(dir: &Dir) -> Vec<String> {
    let help = dir.run(&["--help"]).stdout;
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let lines = rest.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|n| n != "help").collect()
}

/// What bash offers behind these words.
fn completed(dir: &Dir, words: &[&str]) -> Vec<String> {
    let script = r#"source <("$SEAWALL" completions bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
complete -p seawall > /dev/null || exit 3
_seawall seawall "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}""#;
    let output = Command::new("bash")
        .args(["-c", script, "bash"])
        .args(words)
        .env("SEAWALL", env!("CARGO_BIN_EXE_seawall"))
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let dir = Dir::with(&[("deploy/p.yaml", "")]);
    assert_eq!(completed(&dir, &["seawall", "sc"]), ["scan"]);
    assert_eq!(completed(&dir, &["seawall", "scan", "--write"]), ["--write-baseline"]);
    let formats = completed(&dir, &["seawall", "scan", "--format", ""]);
    let known = dir.run(&["scan", "--format", "none"]).stderr;
    let (_, known) = known.split_once("known formats: ").expect("the known formats");
    let known: Vec<&str> = known.lines().next().unwrap().split(", ").collect();
    assert_eq!(formats, known);
    assert_eq!(completed(&dir, &["seawall", "scan", "--level", "b"]), ["baseline"]);
    assert_eq!(completed(&dir, &["seawall", "config", "--fail-on", "wa"]), ["warn"]);
    assert_eq!(completed(&dir, &["seawall", "explain", "read-only"]), ["read-only-root-filesystem"]);
    assert_eq!(completed(&dir, &["seawall", "scan", "--config", "dep"]), ["deploy"]);
}

#[test]
fn values_that_are_not_offered_are_taken_too() {
    let dir =
        Dir::with(&[("p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n")]);
    let run =
        dir.run(&["scan", "--level", "baseline:v1.30", "--fail-on", "warn,high", "--format", "jsonl=r", "."]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let wrong = dir.run(&["scan", "--level", "strict"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.stderr.contains("must be one of privileged, baseline, restricted"), "{}", wrong.stderr);
}

#[test]
fn every_shell_has_a_script() {
    let dir = Dir::new();
    for (shell, check) in
        [("zsh", &["-n"][..]), ("fish", &["--no-execute"]), ("elvish", &[]), ("powershell", &[])]
    {
        let script = dir.run(&["completions", shell]);
        assert_eq!(script.status, 0);
        assert!(commands(&dir).iter().all(|name| script.stdout.contains(name)), "{shell}");
        dir.write("script", &script.stdout);
        // Where the shell is installed, it reads the script.
        if check.is_empty() || Command::new(shell).arg("--version").output().is_err() {
            continue;
        }
        let read = Command::new(shell).args(check).arg(dir.path().join("script")).output().unwrap();
        assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
    }
    assert_eq!(dir.run(&["completions", "tcsh"]).status, 2);
}

#[test]
fn every_command_has_a_page_with_all_its_options() {
    let dir = Dir::new();
    let run = dir.run(&["man", "--out", "pages/man1"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let names = commands(&dir);
    assert!(names.len() > 5 && names.contains(&"man".to_owned()), "{names:?}");
    let mut files: Vec<String> = names.iter().map(|name| format!("pages/man1/seawall-{name}.1")).collect();
    files.push("pages/man1/seawall.1".to_owned());
    files.sort();
    let mut listed: Vec<&str> = run.stdout.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, files);
    for name in &names {
        let page = dir.read(&format!("pages/man1/seawall-{name}.1")).replace("\\-", "-");
        let help = dir.run(&[name, "--help"]).stdout;
        assert!(help.contains("Examples:") && page.contains(".SH EXAMPLES\n"), "{name} has examples");
        for option in help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
            let option = option.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            assert!(page.contains(option), "{name}: {option}");
        }
    }
    assert_eq!(dir.read("pages/man1/seawall.1"), dir.run(&["man"]).stdout);
    assert_eq!(dir.run(&["man", "--out", "pages/man1/seawall.1"]).status, 2, "a file is no directory");
}

/// The formatters that can read pages, each with what it has against a page.
const FORMATTERS: [(&str, &[&str]); 3] = [
    ("mandoc", &["-Tlint", "-Wwarning"]),
    ("man", &["--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l"]),
    ("groff", &["-man", "-Tutf8", "-ww", "-z"]),
];

#[test]
fn formatters_have_nothing_against_the_pages() {
    let dir = Dir::new();
    dir.run(&["man", "--out", "."]);
    for (program, args) in FORMATTERS {
        if Command::new(program).arg("--version").stdin(Stdio::null()).output().is_err() {
            continue;
        }
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let output =
                Command::new(program).args(args).arg(&path).env("LC_ALL", "C.UTF-8").output().unwrap();
            let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
            let said = if program == "mandoc" { said.join("") } else { said[1].clone() };
            // Pages have no date, so that they are the same whenever they are made.
            let complaints: Vec<&str> = said.lines().filter(|line| !line.contains("missing date")).collect();
            assert!(complaints.is_empty(), "{program}: {complaints:#?}");
        }
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let script = "set -o pipefail; \"$SEAWALL\" completions bash | head -1 > /dev/null && \"$SEAWALL\" man | head -1 > /dev/null";
    let run = Command::new("bash")
        .args(["-c", script])
        .env("SEAWALL", env!("CARGO_BIN_EXE_seawall"))
        .output()
        .unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
}
