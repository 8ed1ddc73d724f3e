//! Building and asking a Go program.

use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running Go program that answers requests (`go/frame`).
#[derive(Debug)]
pub struct Oracle {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

fn go_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("go")
}

/// The directory that cargo builds into.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from)
}

pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|e| {
        panic!("{command:?} did not start: {e}; Go 1.26 or newer is needed, see https://go.dev/doc/install")
    });
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The directory of a Go module that the oracles are pinned to, such as `k8s.io/pod-security-admission`.
pub fn module_dir(module: &str) -> PathBuf {
    run(Command::new("go").current_dir(go_root()).args(["mod", "download", module]));
    let dir = run(Command::new("go").current_dir(go_root()).args(["list", "-m", "-f", "{{.Dir}}", module]));
    PathBuf::from(String::from_utf8_lossy(&dir).trim())
}

/// The directory of a Go module that no oracle links, at a pinned version: `k8s.io/kubernetes@v1.37.2`. Only its files are
/// of use.
pub fn module_at(module: &str) -> PathBuf {
    let answer = run(Command::new("go").current_dir(go_root()).args(["mod", "download", "-json", module]));
    let answer = String::from_utf8_lossy(&answer);
    let dir = answer.split_once("\"Dir\": \"").and_then(|(_, rest)| rest.split_once('"'));
    PathBuf::from(dir.unwrap_or_else(|| panic!("go names no directory for {module}: {answer}")).0)
}

impl Oracle {
    /// Builds `go/cmd/<name>` and starts it.
    pub fn start(name: &str) -> Self {
        Self::build(&go_root(), "go.mod", name, &format!("./cmd/{name}"))
    }

    /// Builds the program of a module of its own, which pins other versions than the other oracles do, and starts it.
    pub fn of_module(name: &str) -> Self {
        Self::of_module_with(name, "go.mod")
    }

    /// The same with the dependencies of another file of the module.
    pub fn of_module_with(name: &str, modfile: &str) -> Self {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let root = if beside.is_dir() { beside } else { go_root().join(name) };
        Self::build(&root, modfile, name, ".")
    }

    fn build(root: &Path, modfile: &str, name: &str, package: &str) -> Self {
        let file = if modfile == "go.mod" { name.to_owned() } else { format!("{name}-{modfile}") };
        let binary = target().join("conformance").join(file);
        let modfile = format!("-modfile={modfile}");
        run(Command::new("go").current_dir(root).args(["build", &modfile, "-o"]).arg(&binary).arg(package));
        let mut child = Command::new(&binary)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{} did not start: {e}", binary.display()));
        let stdin = child.stdin.take();
        let stdout = BufReader::with_capacity(1 << 20, child.stdout.take().expect("piped"));
        Self { child, stdin, stdout }
    }

    /// The answers to all requests, in their order.
    pub fn ask_all<R: AsRef<[u8]> + Sync>(&mut self, requests: &[R]) -> Vec<Vec<u8>> {
        let stdin = self.stdin.as_mut().expect("running");
        let stdout = &mut self.stdout;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut out = BufWriter::with_capacity(1 << 20, stdin);
                for request in requests {
                    let request = request.as_ref();
                    let length = u32::try_from(request.len()).expect("a request under 4 GiB");
                    out.write_all(&length.to_be_bytes()).expect("the oracle reads");
                    out.write_all(request).expect("the oracle reads");
                }
                out.flush().expect("the oracle reads");
            });
            requests
                .iter()
                .map(|_| {
                    let mut length = [0; 4];
                    stdout.read_exact(&mut length).expect("the oracle answers");
                    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
                    stdout.read_exact(&mut answer).expect("the oracle answers");
                    answer
                })
                .collect()
        })
    }

    /// The answer to one request.
    pub fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.ask_all(&[request]).pop().expect("one answer")
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
