//! A directory for one test, removed when the test ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Dir(PathBuf);

impl Dir {
    /// A directory with these files, each holding its own name in a comment.
    pub(crate) fn new(files: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let unique = format!("seawall-input-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&path).expect("a writable temporary directory");
        let dir = Self(path.canonicalize().expect("just made"));
        for file in files {
            dir.write(file, format!("# {file}\n").as_bytes());
        }
        dir
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.join(relative)
    }

    pub(crate) fn write(&self, relative: &str, bytes: &[u8]) {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().expect("below the directory")).expect("writable");
        std::fs::write(path, bytes).expect("writable");
    }

    /// `path` as seen from here.
    pub(crate) fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.0).expect("below the directory").display().to_string()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
