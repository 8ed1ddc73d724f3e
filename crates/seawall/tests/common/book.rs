//! The pages of `docs/src`, block by block, and a directory to run their commands in.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Dir, Run};

/// The day on which the book's commands are run.
pub(crate) const TODAY: &str = "2027-01-15";

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A page.
pub(crate) struct Page {
    /// From `docs/src`, such as `ci/github.md`.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A fenced block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The first line of its text, counted from 1.
    pub(crate) line: usize,
    pub(crate) language: String,
    /// What stands behind the language: `exit=1`, `file=web.yaml`, `config`.
    pub(crate) notes: Vec<String>,
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn has(&self, note: &str) -> bool {
        self.notes.iter().any(|n| n == note)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.notes.iter().find_map(|note| note.strip_prefix(name)?.strip_prefix('='))
    }
}

/// All pages of the book but the summary, by name.
pub(crate) fn pages() -> Vec<Page> {
    let book = root().join("docs/src");
    let mut pages = Vec::new();
    let mut directories = vec![book.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(&book).unwrap().to_str().unwrap().to_owned();
            assert_eq!(path.extension().and_then(|e| e.to_str()), Some("md"), "{name} is no page");
            if name != "SUMMARY.md" {
                pages.push(Page { name, text: std::fs::read_to_string(path).unwrap() });
            }
        }
    }
    pages.sort_by(|a, b| a.name.cmp(&b.name));
    pages
}

impl Page {
    /// Its fenced blocks in order. Every block says what it is.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (i, line) in self.text.lines().enumerate() {
            match (open.take(), line.strip_prefix("```")) {
                (None, None) => {}
                (None, Some(info)) => {
                    let mut words = info.split(',').map(str::to_owned);
                    let language = words.next().unwrap_or_default();
                    assert!(
                        !language.is_empty(),
                        "{}:{}: a block that does not say what it is",
                        self.name,
                        i + 1
                    );
                    open = Some(Block { line: i + 2, language, notes: words.collect(), text: String::new() });
                }
                (Some(block), Some("")) => blocks.push(block),
                (Some(block), Some(_)) => panic!("{}:{}: a block in a block: {block:?}", self.name, i + 1),
                (Some(mut block), None) => {
                    block.text.extend([line, "\n"]);
                    open = Some(block);
                }
            }
        }
        assert!(open.is_none(), "{}: a block without an end", self.name);
        blocks
    }

    /// The text without fenced blocks and code.
    pub(crate) fn prose(&self) -> String {
        let mut fenced = false;
        let mut out = String::new();
        for line in self.text.lines() {
            if line.starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                for (i, part) in line.split('`').enumerate() {
                    out.push_str(if i % 2 == 0 { part } else { "code" });
                }
                out.push('\n');
            }
        }
        out
    }
}

/// A directory as the book describes it, with `seawall`, and stand-ins for `helm` and `kubectl`, on the path.
pub(crate) struct Sandbox(Dir);

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: rendered, namespace: web}\nspec: {containers: [{name: web, image: registry.example.com/web:1}]}\n";

const NAMESPACES: &str = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: shop\n    labels: {pod-security.kubernetes.io/enforce: baseline}\n";

/// A small cluster: a Deployment with a pod in a namespace.
fn snapshot() -> Vec<u8> {
    let header = seawall_snapshot::Header {
        api_version: seawall_snapshot::API_VERSION.to_owned(),
        kind: seawall_snapshot::KIND.to_owned(),
        server_version: "v1.37.2".to_owned(),
        time: "2027-01-14T08:00:00Z".to_owned(),
        ..seawall_snapshot::Header::default()
    };
    let spec = r#"{"containers":[{"name":"app","image":"registry.example.com/web:1"}]}"#;
    let owner = |kind: &str, name: &str, uid: &str| {
        format!(
            r#""ownerReferences":[{{"apiVersion":"apps/v1","kind":"{kind}","name":"{name}","uid":"{uid}","controller":true}}]"#
        )
    };
    let apps = |kind: &str, metadata: &str| {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"{kind}","metadata":{{"namespace":"shop",{metadata}}},"spec":{{"selector":{{"matchLabels":{{"app":"web"}}}},"template":{{"metadata":{{"labels":{{"app":"web"}}}},"spec":{spec}}}}}}}"#
        )
    };
    let set = owner("Deployment", "web", "u1");
    let pod = owner("ReplicaSet", "web-5d4", "u2");
    let lines = [
        r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}"#.to_owned(),
        apps("Deployment", r#""name":"web","uid":"u1""#),
        apps("ReplicaSet", &format!(r#""name":"web-5d4","uid":"u2",{set}"#)),
        format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web-5d4-0","namespace":"shop","uid":"u3",{pod}}},"spec":{spec}}}"#),
    ];
    let mut packer = seawall_snapshot::Packer::default();
    for line in &lines {
        packer.add(line.as_bytes()).unwrap();
    }
    let mut file = Vec::new();
    seawall_snapshot::Snapshot { header, frames: packer.finish().unwrap() }.write(&mut file).unwrap();
    file
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = Dir::new();
        for entry in std::fs::read_dir(root().join("examples")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            dir.write(&format!("work/deploy/{name}"), std::fs::read(&path).unwrap());
        }
        dir.write("work/charts/web/Chart.yaml", "name: web\n");
        dir.write(
            "work/charts/web/templates/pod.yaml",
            "kind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n",
        );
        let sandbox = Self(dir);
        // Dates in the book stay what they are.
        let seawall = format!(
            "case \"$1\" in scan|config) set -- \"$1\" --today {TODAY} \"${{@:2}}\" ;; esac\nexec '{}' \"$@\"",
            env!("CARGO_BIN_EXE_seawall")
        );
        let today_once = format!(
            "for a in \"$@\"; do [ \"$a\" = --today ] && exec '{}' \"$@\"; done\n",
            env!("CARGO_BIN_EXE_seawall")
        );
        sandbox.program("seawall", &format!("{today_once}{seawall}"));
        sandbox.program("helm", &format!("cat <<'END'\n{POD}END"));
        sandbox.program("kubectl", &format!("case \"$2\" in namespaces) cat <<'END'\n{NAMESPACES}END\n;; pods) cat <<'END'\n{POD}END\n;; *) exit 1 ;; esac"));
        sandbox.0.write("work/snapshots/cluster.jsonl.zst", snapshot());
        sandbox.0.write("home/.keep", "");
        sandbox
    }

    /// Puts a program on the path.
    pub(crate) fn program(&self, name: &str, script: &str) {
        self.0.write(&format!("bin/{name}"), format!("#!/usr/bin/env bash\n{script}\n"));
        let path = self.0.path().join("bin").join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Takes a program away.
    pub(crate) fn without(&self, name: &str) {
        std::fs::remove_file(self.0.path().join("bin").join(name)).unwrap();
    }

    /// The directory that commands run in.
    pub(crate) fn work(&self) -> PathBuf {
        self.0.path().join("work")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        self.0.write(&format!("work/{name}"), text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        self.0.read(&format!("work/{name}"))
    }

    /// Runs a script as pipelines do: it ends with the first command that fails.
    pub(crate) fn run(&self, script: &str, variables: &[(String, String)]) -> Run {
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .current_dir(self.work())
            .env("PATH", format!("{}:{path}", self.0.path().join("bin").display()))
            .env("HOME", self.0.path().join("home"))
            .env("COLUMNS", "100")
            .env_remove("NO_COLOR")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run::from(output)
    }

    /// Runs the blocks of a page: files are written, commands run, outputs compared.
    pub(crate) fn run_page(&self, page: &Page) {
        let mut last: Option<Run> = None;
        for block in page.blocks() {
            let at = format!("docs/src/{}:{}", page.name, block.line);
            if let Some(file) = block.value("file") {
                self.write(file, &block.text);
            }
            match block.language.as_str() {
                "sh" if block.has("norun") => {
                    let is_ours = |line: &str| line.contains("seawall") && !line.contains("--watch");
                    let ours = block.text.lines().find(|line| is_ours(line) && !line.starts_with("cargo "));
                    assert!(ours.is_none(), "{at}: this could be run: {ours:?}");
                }
                // There is no cluster here: that is all that may be wrong.
                "sh" if block.has("cluster") => {
                    let run = self.run(&block.text, &[]);
                    assert!(
                        run.status == 2 && run.stderr.contains("no cluster to connect to"),
                        "{at}: {}",
                        run.stderr
                    );
                }
                "sh" => {
                    let wanted = block.value("exit").map_or(0, |status| status.parse().unwrap());
                    let run = self.run(&block.text, &[]);
                    assert_eq!(run.status, wanted, "{at}: {}{}{}", block.text, run.stdout, run.stderr);
                    last = Some(run);
                }
                "text" if block.has("output") => {
                    let run = last.as_ref().unwrap_or_else(|| panic!("{at}: the output of nothing"));
                    let (wanted, found): (Vec<_>, Vec<_>) =
                        (block.text.lines().collect(), run.stdout.lines().collect());
                    assert!(matches(&wanted, &found), "{at}: wanted\n{}\nfound\n{}", block.text, run.stdout);
                }
                _ => {}
            }
        }
    }
}

/// Whether lines are as wanted: `...` on a line of its own stands for any lines, within one for any text.
pub(crate) fn matches(wanted: &[&str], found: &[&str]) -> bool {
    match (wanted, found) {
        (["...", rest @ ..], _) => (0..=found.len()).any(|skipped| matches(rest, &found[skipped..])),
        ([], found) => found.is_empty(),
        ([line, wanted @ ..], [first, found @ ..]) => line_matches(line, first) && matches(wanted, found),
        (_, []) => false,
    }
}

fn line_matches(wanted: &str, found: &str) -> bool {
    let Some((start, rest)) = wanted.split_once("...") else { return wanted == found };
    let Some(mut found) = found.strip_prefix(start) else { return false };
    let parts: Vec<&str> = rest.split("...").collect();
    let Some((end, middle)) = parts.split_last() else { return true };
    for part in middle {
        let Some((_, rest)) = found.split_once(part) else { return false };
        found = rest;
    }
    found.ends_with(end)
}
