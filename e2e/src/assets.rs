//! Building etcd and kube-apiserver.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use seawall_conformance::target;

/// The modules that the programs are built from.
const MODULES: &str = include_str!("../go/go.mod");

/// The Kubernetes version that is pinned, such as `v1.37.2`.
pub fn kubernetes() -> &'static str {
    let required = MODULES.lines().find_map(|line| line.trim_start().strip_prefix("k8s.io/kubernetes "));
    required.and_then(|version| version.split_whitespace().next()).expect("go.mod requires Kubernetes")
}

/// The programs of a control plane.
#[derive(Clone, Debug)]
pub(crate) struct Assets {
    pub(crate) etcd: PathBuf,
    pub(crate) api_server: PathBuf,
}

const ETCD: (&str, &str) = ("etcd", "go.etcd.io/etcd/server/v3");
const API_SERVER: (&str, &str) = ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver");

/// Held by whoever looks for the programs in this process.
static BUILDING: Mutex<()> = Mutex::new(());

/// The programs: those in `KUBEBUILDER_ASSETS`, as other test environments for Kubernetes have it, or ours below the target
/// directory, built if need be.
pub(crate) fn assets() -> Assets {
    let at =
        |directory: &Path| Assets { etcd: directory.join(ETCD.0), api_server: directory.join(API_SERVER.0) };
    if let Some(directory) = std::env::var_os("KUBEBUILDER_ASSETS") {
        let assets = at(Path::new(&directory));
        for program in [&assets.etcd, &assets.api_server] {
            assert!(program.is_file(), "KUBEBUILDER_ASSETS is set and there is no {}", program.display());
        }
        return assets;
    }
    let _in_this_process = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let directory = target().join("control-plane").join(kubernetes());
    fs::create_dir_all(&directory).expect("the target directory is writable");
    let lock = File::create(directory.join(".lock")).expect("the target directory is writable");
    lock.lock().expect("a lock among processes");
    build(&directory, ETCD, "-s -w");
    build(&directory, API_SERVER, &format!("-s -w {}", version_flags()));
    at(&directory)
}

/// Flags of the linker that tell Kubernetes its own version, which it takes `latest` from.
fn version_flags() -> String {
    let version = kubernetes();
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    [("gitVersion", version), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")]
        .map(|(name, value)| format!("-X k8s.io/component-base/version.{name}={value}"))
        .join(" ")
}

/// Builds a package into a directory unless that was done from the same modules with the same flags.
fn build(directory: &Path, (name, package): (&str, &str), flags: &str) {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("go");
    let wanted = format!("{package}\n{flags}\n{MODULES}");
    let (program, stamp) = (directory.join(name), directory.join(format!(".{name}.stamp")));
    if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return;
    }
    // Not by `eprintln`, which tests keep to themselves.
    let _ = writeln!(io::stderr(), "building {package}: minutes the first time");
    let status = Command::new("go")
        .current_dir(&module)
        .args(["build", "-trimpath", "-ldflags", flags, "-o"])
        .args([&program])
        .arg(package)
        .status()
        .unwrap_or_else(|e| {
            panic!("go did not start: {e}; Go 1.26 or newer is needed, see https://go.dev/doc/install")
        });
    assert!(status.success(), "building {package} failed: {status}");
    fs::write(&stamp, wanted).expect("the target directory is writable");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_is_told_the_version_that_is_pinned() {
        let minor = kubernetes().strip_prefix("v1.").and_then(|rest| rest.split('.').next()).expect("v1");
        assert!(minor.parse::<u32>().is_ok_and(|minor| minor >= 37), "{minor}");
        assert!(version_flags().contains(&format!("version.gitMinor={minor} ")), "{}", version_flags());
        assert!(version_flags().contains(&format!("version.gitVersion={} ", kubernetes())));
    }
}
