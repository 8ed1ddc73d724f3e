//! Python programs in an environment of their own, with packages at pinned versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::oracle::{run, target};

/// An environment with some packages, and a directory for what else is downloaded.
#[derive(Debug)]
pub struct Python {
    directory: PathBuf,
}

impl Python {
    /// The environment called `name` with these packages (`junitparser==5.0.3`), made if need be.
    pub fn with(name: &str, packages: &[&str]) -> Self {
        let directory = target().join("conformance").join(format!("python-{name}"));
        let python = Self { directory };
        let stamp = python.directory.join("packages.txt");
        let wanted = packages.join("\n");
        if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
            return python;
        }
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&python.directory);
        assert!(
            venv.output().is_ok_and(|output| output.status.success()),
            "{venv:?} failed; Python 3 with `venv` is needed: `apt-get install python3-venv`, or https://www.python.org/downloads"
        );
        run(python.pip("install").args(packages));
        std::fs::write(&stamp, wanted).expect("the target directory can be written");
        python
    }

    fn pip(&self, command: &str) -> Command {
        let mut pip = Command::new(self.directory.join("bin/python"));
        pip.args(["-m", "pip", command, "--quiet", "--disable-pip-version-check"]);
        pip
    }

    /// The source archive of a package at a pinned version: `name-version.tar.gz`.
    pub fn source(&self, name: &str, version: &str) -> PathBuf {
        let archive = self.directory.join(format!("{name}-{version}.tar.gz"));
        if !archive.is_file() {
            let mut download = self.pip("download");
            download.args(["--no-deps", "--no-binary", name, "--dest"]).arg(&self.directory);
            run(download.arg(format!("{name}=={version}")));
        }
        archive
    }

    /// What a program in `conformance/python` prints.
    pub fn output<A: AsRef<std::ffi::OsStr>>(&self, program: &str, args: &[A]) -> Vec<u8> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(program);
        run(Command::new(self.directory.join("bin/python")).arg(program).args(args))
    }
}
