//! What files are called from the root of the repository: path arithmetic alone, no file is looked at.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Where relative names of files begin, and where the repository does: absolute paths with forward slashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    here: String,
    root: String,
}

/// A file as others find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named<'f> {
    /// Below the root: its path from there.
    Inside(Cow<'f, str>),
    /// Elsewhere: its absolute path, or as much as is known of it.
    Outside(String),
    /// No file: standard input.
    Stream(&'f str),
}

impl Base {
    /// For files that are named from `here`, in a repository that begins at `root`. Without either, names are taken to begin
    /// at the root.
    pub fn new(here: impl Into<String>, root: impl Into<String>) -> Self {
        Self { here: here.into(), root: root.into() }
    }

    /// What a file is called from the root.
    pub(crate) fn named<'f>(&self, file: &'f str) -> Named<'f> {
        if file == "<stdin>" {
            return Named::Stream(file);
        }
        // Most files are named from the root, without detours.
        if self.here == self.root && !is_absolute(file) && file.split('/').all(is_plain) {
            return Named::Inside(Cow::Borrowed(file));
        }
        if self.root.is_empty() {
            let parts = parts(file);
            return match parts.first() {
                _ if is_absolute(file) => Named::Outside(absolute(file, &parts)),
                None => Named::Inside(Cow::Borrowed(".")),
                Some(&"..") => Named::Outside(parts.join("/")),
                Some(_) => Named::Inside(Cow::Owned(parts.join("/"))),
            };
        }
        let whole = if is_absolute(file) { file.to_owned() } else { format!("{}/{file}", self.here) };
        let parts = parts(&whole);
        match parts.strip_prefix(self::parts(&self.root).as_slice()) {
            Some([]) => Named::Inside(Cow::Borrowed(".")),
            Some(below) => Named::Inside(Cow::Owned(below.join("/"))),
            None => Named::Outside(absolute(&whole, &parts)),
        }
    }
}

impl Named<'_> {
    /// The path, for people and for formats without URIs.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Inside(path) => path,
            Self::Outside(path) => path,
            Self::Stream(name) => name,
        }
    }

    /// A URI reference, and whether it is relative to the root.
    pub(crate) fn uri(&self) -> (String, bool) {
        match self {
            Self::Inside(path) => (encoded(path), true),
            Self::Outside(path) if path.starts_with('/') => (format!("file://{}", encoded(path)), false),
            Self::Outside(path) if is_absolute(path) => (format!("file:///{}", encoded(path)), false),
            Self::Outside(path) => (encoded(path), false),
            Self::Stream(name) => (encoded(name), false),
        }
    }
}

fn is_plain(part: &str) -> bool {
    !matches!(part, "" | "." | "..")
}

/// Whether a path begins at a root, or at a drive of Windows.
fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    matches!(bytes, [b'/', ..]) || matches!(bytes, [drive, b':', b'/', ..] if drive.is_ascii_alphabetic())
}

/// An absolute path of these parts, with the root that `path` has.
fn absolute(path: &str, parts: &[&str]) -> String {
    format!("{}{}", if path.starts_with('/') { "/" } else { "" }, parts.join("/"))
}

/// The parts of a path without detours; `..` above the beginning stay where the beginning is no root.
fn parts(path: &str) -> Vec<&str> {
    let mut out: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match out.last() {
                Some(&last) if last != ".." => drop(out.pop()),
                _ if is_absolute(path) => {}
                _ => out.push(part),
            },
            part => out.push(part),
        }
    }
    out
}

/// A path as a part of a URI: whatever is not unreserved is percent-encoded, byte by byte (RFC 3986, section 2).
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(base: &Base, file: &str, path: &str, uri: &str, relative: bool) {
        let named = base.named(file);
        assert_eq!((named.path(), named.uri()), (path, (uri.to_owned(), relative)), "{file}");
    }

    #[test]
    fn names_begin_at_the_root() {
        let base = Base::new("/work/repo/deploy", "/work/repo");
        is(&base, "web.yaml", "deploy/web.yaml", "deploy/web.yaml", true);
        is(&base, "./a//b/../web.yaml", "deploy/a/web.yaml", "deploy/a/web.yaml", true);
        is(&base, "../web.yaml", "web.yaml", "web.yaml", true);
        is(&base, "/work/repo/web.yaml", "web.yaml", "web.yaml", true);
        is(&base, "/work/repo", ".", ".", true);
        is(
            &base,
            "/work/repository/web.yaml",
            "/work/repository/web.yaml",
            "file:///work/repository/web.yaml",
            false,
        );
        is(&base, "../../x/web.yaml", "/work/x/web.yaml", "file:///work/x/web.yaml", false);
        is(&base, "../../../../../etc/x", "/etc/x", "file:///etc/x", false);
        is(&base, "<stdin>", "<stdin>", "%3Cstdin%3E", false);
        let at_root = Base::new("/work/repo", "/work/repo");
        is(&at_root, "a/b.yaml", "a/b.yaml", "a/b.yaml", true);
        is(&at_root, "a/../../b.yaml", "/work/b.yaml", "file:///work/b.yaml", false);
        let file_system = Base::new("/", "/");
        is(&file_system, "a.yaml", "a.yaml", "a.yaml", true);
        is(&file_system, "/a.yaml", "a.yaml", "a.yaml", true);
        let drive = Base::new("C:/work/repo/a", "C:/work/repo");
        is(&drive, "b.yaml", "a/b.yaml", "a/b.yaml", true);
        is(&drive, "D:/b.yaml", "D:/b.yaml", "file:///D%3A/b.yaml", false);
    }

    #[test]
    fn without_a_base_names_are_taken_from_the_root() {
        let base = Base::default();
        is(&base, "a/b.yaml", "a/b.yaml", "a/b.yaml", true);
        is(&base, "./b.yaml", "b.yaml", "b.yaml", true);
        is(&base, "../b.yaml", "../b.yaml", "../b.yaml", false);
        is(&base, "/b.yaml", "/b.yaml", "file:///b.yaml", false);
    }

    #[test]
    fn nothing_in_a_name_means_something_in_a_uri() {
        let base = Base::default();
        is(
            &base,
            "a b/ü?#%:&<\"\n.yaml",
            "a b/ü?#%:&<\"\n.yaml",
            "a%20b/%C3%BC%3F%23%25%3A%26%3C%22%0A.yaml",
            true,
        );
        is(&base, "http://x", "http:/x", "http%3A/x", true);
    }
}
