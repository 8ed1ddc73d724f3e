//! `fix` as a user runs it: what is shown, what is written, what survives.
#![cfg(unix)]

mod common;

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::process::{Command, Stdio};

use common::Dir;

const WEB: &str = "\
# The shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: app # main
        image: app:1
        env: [{name: DB_PASSWORD, value: c4n4ry}]
";

/// What safe and likely fixes, and one answer, add to it.
const ADDED: &str = "        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
            - ALL
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
";

fn fixed() -> String {
    format!("{WEB}{ADDED}")
}

const ALL: [&str; 4] = ["fix", "--likely", "--decide", "run-as-non-root=true"];

/// Standard output, standard error and the exit status of a run with all fixes.
fn fix(dir: &Dir, args: &[&str]) -> (String, String, i32) {
    let output = dir.command(&[&ALL[..], args].concat()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn git(dir: &Dir, args: &[&str]) {
    let output = Command::new("git").current_dir(dir.path()).args(args).output().expect("git starts");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_diff_is_shown_and_nothing_is_changed() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let (out, err, status) = fix(&dir, &["."]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(out.starts_with("--- a/web.yaml\n+++ b/web.yaml\n@@ -10,3 +10,12 @@\n"), "{out}");
    assert!(out.contains("+        runAsNonRoot: true\n"), "{out}");
    assert!(
        !out.contains("c4n4ry") && out.contains("value: ***}"),
        "values that may be secret are masked: {out}"
    );
    assert!(
        out.ends_with("\nvalues that may be secret are masked in this diff, so that it cannot be applied\n1 file would change, 4 findings fixed (3 likely, 1 decided): add --write\n"),
        "{out}"
    );
    assert_eq!(dir.read("web.yaml"), WEB);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn what_is_not_chosen_is_told_with_line_and_question() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let output = dir.command(&["fix", "web.yaml"]).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for told in [
        "likely safe: drop-all-capabilities (--likely)\n  entrypoints that change owners or users",
        "a person decides: run-as-non-root (--decide run-as-non-root=true)\n  does the image run as",
        "    web.yaml:10:15  Deployment web, container \"app\"\n",
        "no fix is chosen; left: 3 likely safe (--likely), 1 to decide (--decide)\n",
    ] {
        assert!(out.contains(told), "{told}\n---\n{out}");
    }
    assert!(!out.contains("+++"), "{out}");
}

#[test]
fn files_are_written_and_a_patch_takes_it_back() {
    let crlf = WEB.replace('\n', "\r\n");
    let bom = format!("\u{feff}{}", WEB.trim_end());
    let files = [("web.yaml", WEB), ("sub/a b.yaml", &crlf), ("sub/ü.yaml", &bom)];
    for repository in [false, true] {
        let dir = Dir::with(&files);
        if repository {
            git(&dir, &["init", "-q", "."]);
        }
        let (out, err, status) = fix(&dir, &["--write", "."]);
        assert_eq!((status, err.as_str()), (0, ""), "{out}");
        assert!(out.ends_with("3 files changed, 12 findings fixed (9 likely, 3 decided)\nundo: git apply -R seawall-fix.patch\n"), "{out}");
        assert_eq!(dir.read("web.yaml"), fixed());
        assert_eq!(dir.read("sub/a b.yaml"), fixed().replace('\n', "\r\n"));
        assert_eq!(dir.read("sub/ü.yaml"), format!("\u{feff}{}", fixed().trim_end()));
        assert_eq!(dir.run(&["scan", "-q", "."]).status, 0);
        let (again, _, status) = fix(&dir, &["--write", "."]);
        assert_eq!((again.as_str(), status), ("nothing to fix\n", 0), "fixing twice changes nothing");
        git(&dir, &["apply", "-R", "seawall-fix.patch"]);
        for (name, text) in files {
            assert_eq!(dir.read(name), text, "{name}");
        }
    }
}

#[test]
fn undoing_works_from_elsewhere() {
    let dir = Dir::with(&[("here/x", ""), ("there/deploy/web.yaml", WEB)]);
    let mut command = dir.command(&[&ALL[..], &["--write", "../there"]].concat());
    let output = command.current_dir(dir.path().join("here")).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let undo = out.lines().last().unwrap().strip_prefix("undo: ").unwrap();
    assert!(undo.starts_with("git -C ") && undo.ends_with("/here/seawall-fix.patch"), "{undo}");
    assert_eq!(dir.read("there/deploy/web.yaml"), fixed());
    assert!(Command::new("sh").args(["-c", undo]).status().unwrap().success());
    assert_eq!(dir.read("there/deploy/web.yaml"), WEB);
}

#[test]
fn an_earlier_patch_stays() {
    let dir = Dir::with(&[("web.yaml", WEB), ("seawall-fix.patch", "mine\n")]);
    let (out, ..) = fix(&dir, &["--write", "."]);
    assert!(out.ends_with("undo: git apply -R seawall-fix-2.patch\n"), "{out}");
    assert_eq!(dir.read("seawall-fix.patch"), "mine\n");
    let mode = std::fs::metadata(dir.path().join("seawall-fix-2.patch")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it may hold secrets");
}

#[test]
fn mode_and_links_are_kept() {
    let dir = Dir::with(&[("real/web.yaml", WEB), ("hard.yaml", WEB), ("ro.yaml", WEB)]);
    let at = |name: &str| dir.path().join(name);
    std::fs::set_permissions(at("real/web.yaml"), PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real/web.yaml", at("link.yaml")).unwrap();
    std::fs::hard_link(at("hard.yaml"), at("other.yaml")).unwrap();
    std::fs::set_permissions(at("ro.yaml"), PermissionsExt::from_mode(0o444)).unwrap();
    let (out, err, status) = fix(&dir, &["--write", "link.yaml", "hard.yaml", "ro.yaml"]);
    assert_eq!(status, 2, "{out}");
    assert_eq!(dir.read("real/web.yaml"), fixed());
    assert!(at("link.yaml").symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::metadata(at("real/web.yaml")).unwrap().mode() & 0o7777, 0o640);
    assert!(err.contains("error: hard.yaml: left as it is: it has 2 names (hard links)"), "{err}");
    assert!(err.contains("error: ro.yaml: left as it is: it is read-only"), "{err}");
    assert_eq!((dir.read("hard.yaml").as_str(), dir.read("ro.yaml").as_str()), (WEB, WEB));
    assert!(out.contains("1 file changed, 4 findings fixed"), "{out}");
    git(&dir, &["apply", "-R", "seawall-fix.patch"]);
    assert_eq!(dir.read("real/web.yaml"), WEB);
}

/// An access control list as Linux keeps it (`linux/posix_acl_xattr.h`): the owner, a user, the group, the mask, others.
fn access_list(user: u32, permissions: [u16; 5]) -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let [owner, named, group, mask, other] = permissions;
    let entries =
        [(1, owner, NOBODY), (2, named, user), (4, group, NOBODY), (16, mask, NOBODY), (32, other, NOBODY)];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permission, id) in entries {
        bytes.extend(u16::to_le_bytes(tag));
        bytes.extend(permission.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// Sets an attribute, if the file system has such.
fn set(path: &std::path::Path, name: &str, value: &[u8]) -> bool {
    match xattr::set(path, name, value) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
            eprintln!("NOT TESTED: {} has no attributes like {name}", path.display());
            false
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

#[test]
fn extended_attributes_are_kept() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let path = dir.path().join("web.yaml");
    if !set(&path, "user.origin", b"a\0b") || !set(&path, "user.empty", b"") {
        return;
    }
    let (_, err, status) = fix(&dir, &["--write", "."]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(dir.read("web.yaml"), fixed());
    assert_eq!(xattr::get(&path, "user.origin").unwrap().as_deref(), Some(&b"a\0b"[..]));
    assert_eq!(xattr::get(&path, "user.empty").unwrap().as_deref(), Some(&b""[..]));
}

#[cfg(target_os = "linux")]
#[test]
fn access_control_lists_are_kept_and_none_is_added() {
    const ACCESS: &str = "system.posix_acl_access";
    let dir = Dir::with(&[("with.yaml", WEB), ("without.yaml", WEB)]);
    let at = |name: &str| dir.path().join(name);
    std::fs::set_permissions(at("without.yaml"), PermissionsExt::from_mode(0o644)).unwrap();
    // What is made in the directory from now on has a list.
    let inherited = access_list(2000, [7, 7, 5, 7, 0]);
    let wanted = access_list(1000, [6, 6, 0, 6, 4]);
    if !set(dir.path(), "system.posix_acl_default", &inherited) || !set(&at("with.yaml"), ACCESS, &wanted) {
        return;
    }
    let mode = |name: &str| std::fs::metadata(at(name)).unwrap().mode() & 0o7777;
    assert_eq!(mode("with.yaml"), 0o664, "the mask stands for the group");
    let (_, err, status) = fix(&dir, &["--write", "."]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!((dir.read("with.yaml"), dir.read("without.yaml")), (fixed(), fixed()));
    assert_eq!(xattr::get(at("with.yaml"), ACCESS).unwrap(), Some(wanted));
    assert_eq!(xattr::get(at("without.yaml"), ACCESS).unwrap(), None);
    assert_eq!((mode("with.yaml"), mode("without.yaml")), (0o664, 0o644));
}

#[test]
fn the_owner_is_kept_or_the_file_is_left() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let path = dir.path().join("web.yaml");
    if std::os::unix::fs::chown(&path, Some(12_345), Some(54_321)).is_err() {
        eprintln!("NOT TESTED: only root gives files away");
        return;
    }
    let (_, err, status) = fix(&dir, &["--write", "."]);
    assert_eq!((status, err.as_str()), (0, ""));
    let now = std::fs::metadata(&path).unwrap();
    assert_eq!((dir.read("web.yaml"), now.uid(), now.gid()), (fixed(), 12_345, 54_321));
}

/// Runs with a limit on the size of files, which ends a write in the middle.
fn limited(dir: &Dir, on_limit: &str) -> std::process::Output {
    let script = format!("{on_limit} ulimit -f 1; exec \"$0\" fix --likely --write big.yaml");
    let binary = env!("CARGO_BIN_EXE_seawall");
    Command::new("sh").current_dir(dir.path()).args(["-c", &script, binary]).output().unwrap()
}

#[test]
fn the_original_survives_what_ends_a_run() {
    let big = format!("{WEB}---\n").repeat(100);
    for (on_limit, killed) in [("", true), ("trap '' XFSZ;", false)] {
        let dir = Dir::with(&[("big.yaml", &big)]);
        let output = limited(&dir, on_limit);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code().is_none(), killed, "{err}");
        assert!(killed || err.contains("error: big.yaml: left as it is: File too large"), "{err}");
        assert!(killed || output.status.code() == Some(2));
        assert_eq!(dir.read("big.yaml"), big);
        let left = std::fs::read_dir(dir.path()).unwrap().count();
        assert!(killed || left == 1, "nothing is left behind by a run that could tidy up");
        if killed {
            let again = dir.command(&[&ALL[..], &["--write", "big.yaml"]].concat()).output().unwrap();
            assert_eq!(again.status.code(), Some(0), "what is left behind is in nobody's way");
        }
    }
}

/// So many files that would be fixed, by name.
fn many(count: usize) -> Dir {
    let files: Vec<(String, String)> =
        (0..count).map(|i| (format!("{i:04}.yaml"), WEB.replace("web", &format!("w{i}")))).collect();
    Dir::with(&files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect::<Vec<_>>())
}

/// How many files hold the new text; all others hold the old one, and nothing else is there but a patch.
fn written(dir: &Dir, count: usize) -> usize {
    let left = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| !name.to_string_lossy().ends_with(".yaml")).collect();
    assert!(left.is_empty() || left == ["seawall-fix.patch"], "{left:?}");
    let is_new = |i: &usize| {
        let (text, name) = (dir.read(&format!("{i:04}.yaml")), format!("w{i}"));
        assert!([WEB, fixed().as_str()].contains(&text.replace(&name, "web").as_str()), "{name}: {text}");
        text.contains("securityContext")
    };
    (0..count).filter(is_new).count()
}

#[test]
fn many_files_are_written_together_and_told_of_in_order() {
    let dir = many(150);
    std::fs::hard_link(dir.path().join("0070.yaml"), dir.path().join("other.txt")).unwrap();
    let (out, err, status) = fix(&dir, &["--write", "."]);
    std::fs::remove_file(dir.path().join("other.txt")).unwrap();
    assert_eq!((status, written(&dir, 150)), (2, 149));
    assert!(err.starts_with("error: 0070.yaml: left as it is: it has 2 names") && err.lines().count() == 1);
    assert!(out.contains("\n149 files changed, 596 findings fixed"), "{out}");
    git(&dir, &["apply", "-R", "seawall-fix.patch"]);
    assert_eq!(written(&dir, 150), 0);
}

#[test]
fn an_interrupt_leaves_nothing_half_done() {
    let dir = many(1000);
    let mut command = dir.command(&[&ALL[..], &["--write", "."]].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Nobody reads the diff, so that the run has to wait in the middle.
    while !dir.read("0000.yaml").contains("securityContext") {
        assert!(child.try_wait().unwrap().is_none());
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(2));
    let (changed, err) = (written(&dir, 1000), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!((1..1000).contains(&changed), "{changed}");
    let are = if changed == 1 { "file is" } else { "files are" };
    let told = format!(
        "interrupted: {changed} {are} changed, the others are as they were\nundo: git apply -R seawall-fix.patch\n"
    );
    assert_eq!(err, told);
    git(&dir, &["apply", "-R", "seawall-fix.patch"]);
    assert_eq!(written(&dir, 1000), 0);
}

/// Of rules that nobody asked for nothing is told, and nothing is offered.
#[test]
fn what_is_left_is_of_the_rules_that_are_asked_for() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostNetwork: true\n  containers:\n  - {name: c, image: i}\n";
    let dir = Dir::with(&[("p.yaml", pod)]);
    let told = |args: &[&str]| {
        let run = dir.run(&[&["fix"], args, &["."]].concat());
        let lines = run.stdout.lines().filter(|line| line.contains("left: ") || line.contains("(--"));
        (run.stdout.lines().last().unwrap_or_default().to_owned(), lines.count())
    };
    let likely = |n: &str| (format!("no fix is chosen; left: {n} likely safe (--likely)"), 2);
    for rule in ["seccomp-profile", "read-only-root-filesystem"] {
        assert_eq!(told(&["--only", rule]), likely("1"), "{rule}");
        let done = "1 file would change, 1 finding fixed (1 likely): add --write";
        assert_eq!(told(&["--only", rule, "--likely"]), (done.to_owned(), 0), "{rule}");
    }
    assert_eq!(told(&["--only", "host-network"]).0, "no fix is chosen; left: 1 to decide (--decide)");
    assert_eq!(told(&["--only", "host-pid"]).0, "nothing to fix");
    assert_eq!(told(&[]).0, "no fix is chosen; left: 3 likely safe (--likely), 2 to decide (--decide)");
}

#[test]
fn open_fixes_fail_a_check() {
    let safe = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  securityContext: {runAsUser: 1000}\n  containers: [{name: c, image: i}]\n";
    let dir = Dir::with(&[("p.yaml", safe)]);
    let check = |args: &[&str]| dir.command(&[&["fix", "--check"][..], args].concat()).output().unwrap();
    assert_eq!(check(&["."]).status.code(), Some(1), "an explicit user makes runAsNonRoot safe");
    assert_eq!(check(&["--only", "seccomp-profile", "."]).status.code(), Some(0));
    assert_eq!(check(&["--to", "baseline", "."]).status.code(), Some(0), "baseline asks for nothing of it");
    assert_eq!(dir.read("p.yaml"), safe);
    assert_eq!(dir.run(&["fix", "--write", "."]).status, 0);
    assert_eq!(check(&["."]).status.code(), Some(0));
    assert!(dir.read("p.yaml").contains("{runAsUser: 1000, runAsNonRoot: true}"), "{}", dir.read("p.yaml"));
}

#[test]
fn wrong_answers_and_arguments_are_errors() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let run = |args: &[&str]| {
        let output = dir.command(&[&["fix"][..], args].concat()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, err) = run(&["--decide", "run-as-non-root=maybe", "."]);
    assert_eq!(status, Some(2));
    assert!(err.contains("error: `maybe` is no answer to what `run-as-non-root` asks"), "{err}");
    for (args, wanted) in [
        (vec!["--decide", "run-as-non-root"], "must be RULE=ANSWER"),
        (vec!["--decide", "run-as-nonroot=true"], "did you mean `run-as-non-root`?"),
        (vec!["--only", "nothing"], "no rule is called `nothing`"),
        (vec!["--write", "--check"], "cannot be used with"),
        (vec!["--write", "--output", "kustomize"], "cannot be used with"),
        (vec!["--images", "none.json"], ""),
    ] {
        let (status, err) = run(&args);
        assert_eq!(status, Some(2), "{args:?}");
        assert!(err.contains(wanted), "{args:?}: {err}");
    }
    assert_eq!(dir.read("web.yaml"), WEB);
}

#[test]
fn each_fix_can_be_asked_for() {
    let dir = Dir::with(&[("web.yaml", WEB), ("z.yaml", WEB)]);
    let ask = |answers: &str| {
        let mut child = dir
            .command(&["fix", "--interactive", "."])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let out = ask("what\ny\nq\ny\n");
    assert!(out.contains("q: ask no more"), "{out}");
    assert!(out.contains("write web.yaml? [y,n]"), "{out}");
    assert!(out.ends_with("undo: git apply -R seawall-fix.patch\n"), "{out}");
    assert_ne!(dir.read("web.yaml"), WEB);
    assert_eq!(dir.read("z.yaml"), WEB, "after `q` nothing is asked");
    dir.write("web.yaml", WEB);
    let out = ask("a\na\na\na\nn\ny\n");
    assert_eq!(dir.read("web.yaml"), WEB, "shown, and not wanted: {out}");
    assert_eq!(dir.read("z.yaml"), fixed(), "settled for all files: {out}");
    assert!(ask("").contains("fix it?"), "the end of the answers is an end");
}

#[test]
fn what_is_not_to_be_edited_is_patched() {
    let chart = format!("---\n# Source: shop/templates/web.yaml\n{WEB}");
    let dir = Dir::with(&[("rendered.yaml", &chart)]);
    let (out, _, status) = fix(&dir, &["--write", "."]);
    assert_eq!((status, dir.read("rendered.yaml").as_str()), (0, chart.as_str()));
    assert!(out.contains("rendered from a chart: shop/templates/web.yaml (--output kustomize)\n"), "{out}");
    let (out, err, status) = fix(&dir, &["--output", "strategic", "."]);
    assert_eq!(status, 0);
    assert!(
        out.starts_with("---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n"),
        "{out}"
    );
    assert!(!out.contains("c4n4ry") && out.contains("          allowPrivilegeEscalation: false\n"), "{out}");
    assert!(err.contains("patches for 1 file: 4 findings fixed"), "{err}");
    let left = dir.run(&["fix", "--likely", "--output", "strategic", "."]).stderr;
    assert!(left.contains("a person decides: run-as-non-root (--decide run-as-non-root=true)\n"), "{left}");
    let (out, ..) = fix(&dir, &["--output", "json-patch", "."]);
    let line: serde_json::Value = serde_json::from_str(out.trim_end()).unwrap();
    assert_eq!(line["patch"][0]["path"], "/spec/template/spec/containers/0/securityContext");
    let (out, ..) = fix(&dir, &["--output", "kustomize", "."]);
    assert!(out.starts_with("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches:\n- target:\n    group: apps\n"), "{out}");
    let entry = seawall_yaml::read(out.as_bytes()).remove(0);
    let patch = entry.document.as_ref().unwrap().root().get("patches").unwrap().items().next().unwrap();
    let patch = seawall_yaml::read(patch.get("patch").unwrap().as_str().unwrap().as_bytes()).remove(0);
    assert_eq!(patch.document.unwrap().root().items().count(), line["patch"].as_array().unwrap().len());
}

#[test]
fn a_broken_document_hides_no_other() {
    let text = format!("kind: [\n---\n{WEB}");
    let dir = Dir::with(&[("a.yaml", &text), ("b.yaml", WEB)]);
    let (out, _, status) = fix(&dir, &["--write", "."]);
    assert_eq!(status, 2);
    assert!(out.contains("error: a.yaml:"), "{out}");
    assert_eq!((dir.read("a.yaml"), dir.read("b.yaml")), (format!("kind: [\n---\n{}", fixed()), fixed()));
}

#[test]
fn hints_judge_as_the_run_that_gives_them() {
    let dir = Dir::with(&[("web.yaml", WEB), ("my settings.yaml", "levels: {\"*\": restricted}\n")]);
    let flags =
        ["--level", "restricted:v1.30", "--kubernetes-version", "1.31", "--config", "my settings.yaml"];
    let out = dir.run(&[&["scan"][..], &flags, &["web.yaml"]].concat()).stdout;
    let given = "--level restricted:v1.30 --kubernetes-version v1.31 --config 'my settings.yaml'";
    assert!(out.contains(&format!("`seawall fix {given} --likely web.yaml`")), "{out}");
    assert!(out.contains(&format!("`seawall fix {given}`\n")), "{out}");
    let words = shell_words(&out, "seawall fix ");
    let shown = dir.command(&words.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("+++ b/web.yaml"), "{words:?}");
    assert!(dir.run(&["scan", "web.yaml"]).stdout.contains("`seawall fix --likely web.yaml`"));
    let markdown = dir.run(&["scan", "-f", "markdown", "--level", "restricted", "web.yaml"]).stdout;
    assert!(markdown.contains("`seawall fix --level restricted --likely`"), "{markdown}");
}

/// The words of the first command in backticks that begins so, without the program's name.
fn shell_words(text: &str, start: &str) -> Vec<String> {
    let (_, rest) = text.split_once(&format!("`{start}")).unwrap();
    let script = format!("printf '%s\\n' fix {}", rest.split_once('`').unwrap().0);
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn what_is_not_written_is_not_said_to_be_unasked_for() {
    let dir = Dir::with(&[("web.yaml", WEB), ("broken.yaml", "a: [\n")]);
    std::fs::hard_link(dir.path().join("web.yaml"), dir.path().join("other.txt")).unwrap();
    let (out, ..) = fix(&dir, &["--write", "web.yaml"]);
    assert!(out.ends_with("no file is changed\n"), "{out}");
    let (out, ..) = fix(&dir, &["broken.yaml"]);
    assert!(out.ends_with("nothing to fix in what could be read\n"), "{out}");
}

#[test]
fn images_are_evidence() {
    let dir = Dir::with(&[
        ("web.yaml", WEB),
        ("images.json", "[{\"RepoTags\": [\"app:1\"], \"Config\": {\"User\": \"1000\"}}]"),
    ]);
    assert_eq!(dir.run(&["fix", "--images", "images.json", "--write", "web.yaml"]).status, 0);
    assert!(
        dir.read("web.yaml").ends_with("      securityContext:\n        runAsNonRoot: true\n"),
        "{}",
        dir.read("web.yaml")
    );
}

#[test]
fn threads_do_not_change_the_output() {
    let dir = many(40);
    let of = |threads: &str| fix(&dir, &["--threads", threads, "."]);
    assert_eq!(of("1"), of("16"));
}

#[test]
fn reports_carry_fixes_that_fix() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let output = dir.command(&["scan", "-f", "sarif", "."]).output().unwrap();
    let sarif: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        let fix = &result["fixes"][0];
        let change = &fix["artifactChanges"][0];
        assert_eq!(change["artifactLocation"]["uri"], "web.yaml");
        let mut text = WEB.to_owned();
        for replacement in change["replacements"].as_array().unwrap().iter().rev() {
            let region = &replacement["deletedRegion"];
            let at = |line: &str, column: &str| {
                let number = |key: &str| region[key].as_u64().unwrap() as usize - 1;
                let starts = WEB.split_inclusive('\n').take(number(line)).map(str::len).sum::<usize>();
                starts + number(column)
            };
            let range = at("startLine", "startColumn")..at("endLine", "endColumn");
            text.replace_range(range, replacement["insertedContent"]["text"].as_str().unwrap());
        }
        dir.write("web.yaml", &text);
        let rule = result["ruleId"].as_str().unwrap();
        let left = dir.scan(&["."]);
        assert!(left.findings(rule).is_empty(), "{rule}: {fix}\n{text}");
        assert_eq!(left.of("error").len() + left.findings("schema-invalid").len(), 0, "{text}");
        dir.write("web.yaml", WEB);
    }
    let run = dir.scan(&["."]);
    let fix = &run.findings("run-as-non-root")[0]["fix"];
    assert_eq!((&fix["safety"], &fix["decide"]), (&"decision".into(), &"run-as-non-root=true".into()));
    assert_eq!(fix["patch"][0]["op"], "add");
    let text = String::from_utf8(dir.command(&["scan", "."]).output().unwrap().stdout).unwrap();
    assert!(
        text.contains("1 workload would pass by fixes that a person decides on: seawall fix\n"),
        "{text}"
    );
}

#[test]
fn what_is_not_judged_is_told_and_steers_no_terminal() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n";
    let dir = Dir::with(&[("a.yaml", template), ("web.yaml", WEB), ("b\u{1b}[2J.yaml", "kind: [\n")]);
    let (out, err, status) = fix(&dir, &["."]);
    assert_eq!(status, 2);
    assert!(out.contains("1 file is an unrendered Helm template and was not judged"), "{out}");
    assert!(
        out.contains("error: b\\u{1b}[2J.yaml:") && !format!("{out}{err}").contains('\u{1b}'),
        "{out}{err}"
    );
}

#[test]
fn many_places_of_one_question_are_counted() {
    let out = many(12).run(&["fix", "."]).stdout;
    assert!(out.contains("    0007.yaml:10:15  Deployment w7, container \"app\"\n    and 4 more: seawall scan --format concise names them all\n"), "{out}");
}

#[test]
fn globs_are_undone_too() {
    let dir = Dir::with(&[("here/x", ""), ("there/a/web.yaml", WEB)]);
    let mut command = dir.command(&[&ALL[..], &["--write", "../there/*/*.yaml"]].concat());
    let output = command.current_dir(dir.path().join("here")).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let undo = out.lines().last().unwrap().strip_prefix("undo: ").unwrap();
    assert_eq!(dir.read("there/a/web.yaml"), fixed());
    assert!(Command::new("sh").args(["-c", undo]).status().unwrap().success());
    assert_eq!(dir.read("there/a/web.yaml"), WEB);
}
