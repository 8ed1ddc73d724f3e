//! Arguments to inputs.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{ErrorKind, InputError};
use crate::ignored::Stack;
use crate::{
    Input, InputKind, Inputs, Options, Origin, SkipReason, Skipped, chart, clean, display, glob, ignored,
    is_hidden, openable,
};

/// The inputs that `args` name: files, directories, globs and `-`; without arguments the current directory.
///
/// In directories, recursively, those are inputs whose names end in `.yaml`, `.yml`, `.json`, `.jsonl` or `.ndjson`, or are
/// `Kustomization`, and that are not hidden; linked files are, linked directories are not followed. So are those that end in
/// `.zst`, which may be snapshots of clusters and are nothing else. What is named is taken as it is.
pub fn walk(args: &[OsString], options: &Options) -> Inputs {
    let mut walker =
        Walker { options: *options, seen: Seen::default(), stdin: false, inputs: Inputs::default() };
    if args.is_empty() {
        walker.argument(OsStr::new("."));
    }
    for arg in args {
        walker.argument(arg);
    }
    walker.inputs
}

struct Walker {
    options: Options,
    seen: Seen,
    stdin: bool,
    inputs: Inputs,
}

/// A directory whose entries are being taken.
struct Frame {
    /// As shown.
    path: PathBuf,
    /// Absolute and without links.
    real: PathBuf,
    chart: Option<Arc<str>>,
    /// Still to be taken, the next one last.
    entries: Vec<Entry>,
    /// Whether it brought patterns.
    patterns: bool,
}

/// Files taken, by hashes of their absolute paths without links: 128 bits with random keys, as there may be many files
/// whose paths take much more.
#[derive(Default)]
struct Seen {
    keys: [RandomState; 2],
    hashes: HashSet<[u64; 2]>,
}

impl Seen {
    /// Whether it is a new one.
    fn insert(&mut self, real: &Path) -> bool {
        self.hashes.insert(self.keys.each_ref().map(|key| key.hash_one(real)))
    }
}

/// `name` in `directory`, in no more memory than it takes.
fn join(directory: &Path, name: &OsStr) -> PathBuf {
    let mut path = PathBuf::with_capacity(directory.as_os_str().len() + 1 + name.len());
    path.push(directory);
    path.push(name);
    path
}

struct Entry {
    name: OsString,
    kind: FileType,
}

/// Whether a walk takes files of this name.
fn is_manifest(name: &OsStr) -> bool {
    let extension = Path::new(name).extension().unwrap_or_default();
    // The one name of a kustomization that has no extension.
    name == "Kustomization"
        || ["yaml", "yml", "json", "jsonl", "ndjson", "zst"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
}

impl Walker {
    fn argument(&mut self, arg: &OsStr) {
        if arg == "-" {
            if !self.stdin {
                self.stdin = true;
                self.inputs.inputs.push(Input {
                    path: Path::new("-").into(),
                    origin: Origin::Named,
                    kind: InputKind::Stdin,
                    in_chart: None,
                });
            }
            return;
        }
        if arg.is_empty() {
            self.inputs.errors.push(InputError::new(
                "``",
                ErrorKind::NotFound,
                "an empty path; write `.` for the current directory",
            ));
            return;
        }
        // What exists is meant, even if its name looks like a glob.
        match fs::symlink_metadata(arg) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => match arg.to_str() {
                Some(pattern) if glob::is_glob(pattern) => self.glob(pattern),
                _ => self.named(&clean(Path::new(arg))),
            },
            _ => self.named(&clean(Path::new(arg))),
        }
    }

    fn glob(&mut self, pattern: &str) {
        match glob::expand(pattern) {
            Ok((paths, errors)) => {
                self.inputs.errors.extend(errors);
                for path in paths {
                    // Nobody asked for this one by its name, and reading it may never end.
                    if fs::metadata(&path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
                        self.skip(&path, SkipReason::NotRegular);
                    } else {
                        self.named(&path);
                    }
                }
            }
            Err(error) => self.inputs.errors.push(error),
        }
    }

    /// Takes what the user named.
    fn named(&mut self, path: &Path) {
        // An anonymous pipe, such as `/dev/fd/63`, is there without having a path of its own.
        let real = fs::canonicalize(openable(path)).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(openable(path)) {
            Ok(metadata) if metadata.is_dir() => self.directory(path, real),
            Ok(metadata) => {
                if self.seen.insert(&real) {
                    let kind = if metadata.is_file() { InputKind::File } else { InputKind::Stream };
                    self.inputs.inputs.push(Input {
                        path: path.into(),
                        origin: Origin::Named,
                        kind,
                        in_chart: chart::around(path),
                    });
                }
            }
            Err(error) => self.inputs.errors.push(InputError::io(display(path), &error)),
        }
    }

    /// Takes a file that a walk met, unless it was taken before.
    fn walked(&mut self, path: PathBuf, real: &Path, in_chart: Option<Arc<str>>) {
        if self.seen.insert(real) {
            let path = path.into_boxed_path();
            self.inputs.inputs.push(Input { path, origin: Origin::Walked, kind: InputKind::File, in_chart });
        }
    }

    /// Walks a directory that was named. Its own stack, not the call stack, bounds the depth.
    fn directory(&mut self, path: &Path, real: PathBuf) {
        let mut patterns = if self.options.gitignore { Stack::above(&real) } else { Stack::default() };
        let mut stack = Vec::new();
        stack.extend(self.enter(path.to_owned(), real, chart::around(path), &mut patterns));
        while let Some(frame) = stack.last_mut() {
            let Some(entry) = frame.entries.pop() else {
                if frame.patterns {
                    patterns.leave();
                }
                stack.pop();
                continue;
            };
            let path = join(&frame.path, &entry.name);
            let real = join(&frame.real, &entry.name);
            let in_chart = frame.chart.clone();
            if entry.kind.is_dir() {
                if patterns.excludes(&real, true) {
                    self.inputs.ignored += 1;
                } else {
                    stack.extend(self.enter(path, real, in_chart, &mut patterns));
                }
            } else if entry.kind.is_symlink() {
                self.link(path, &real, in_chart, &patterns);
            } else if is_manifest(&entry.name) {
                if patterns.excludes(&real, false) {
                    self.inputs.ignored += 1;
                } else if !entry.kind.is_file() {
                    self.skip(&path, SkipReason::NotRegular);
                } else {
                    self.walked(path, &real, in_chart);
                }
            }
        }
    }

    /// Lists a directory.
    fn enter(
        &mut self,
        path: PathBuf,
        real: PathBuf,
        mut chart: Option<Arc<str>>,
        patterns: &mut Stack,
    ) -> Option<Frame> {
        let mut entries = Vec::new();
        let mut has_patterns = false;
        let mut failed = None;
        match fs::read_dir(openable(&path)) {
            Ok(listing) => {
                for entry in listing {
                    match entry.and_then(|e| Ok(Entry { kind: e.file_type()?, name: e.file_name() })) {
                        Ok(entry) if is_hidden(&entry.name) => has_patterns |= entry.name == ignored::FILE,
                        Ok(entry) => entries.push(entry),
                        Err(error) => failed = Some(error),
                    }
                }
            }
            Err(error) => failed = Some(error),
        }
        if let Some(error) = failed {
            self.inputs.errors.push(InputError::io(display(&path), &error));
        }
        if entries.is_empty() {
            return None;
        }
        if entries.iter().any(|e| e.name == chart::FILE) {
            chart = Some(chart::enter(chart.as_ref(), &path));
        }
        // By the bytes of whole paths: a directory's name counts with its slash. Reversed, to be popped.
        entries.sort_unstable_by(|a, b| b.order().cmp(a.order()));
        let patterns = has_patterns && self.options.gitignore && patterns.enter(&real);
        Some(Frame { path, real, chart, entries, patterns })
    }

    /// Takes a symbolic link that a walk met, if it leads to a file.
    fn link(&mut self, path: PathBuf, real: &Path, in_chart: Option<Arc<str>>, patterns: &Stack) {
        let by_name = path.file_name().is_some_and(is_manifest);
        let target = fs::metadata(&path).and_then(|m| Ok((m, fs::canonicalize(&path)?)));
        match target {
            Ok((metadata, _)) if metadata.is_dir() => {
                if patterns.excludes(real, true) {
                    self.inputs.ignored += 1;
                } else {
                    self.skip(&path, SkipReason::LinkedDirectory);
                }
            }
            _ if !by_name => {}
            _ if patterns.excludes(real, false) => self.inputs.ignored += 1,
            Ok((metadata, _)) if !metadata.is_file() => self.skip(&path, SkipReason::NotRegular),
            Ok((_, target)) => self.walked(path, &target, in_chart),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.inputs.errors.push(InputError::new(
                    display(&path),
                    ErrorKind::NotFound,
                    "symbolic link to nothing; remove the link or restore what it points at",
                ));
            }
            Err(error) => self.inputs.errors.push(InputError::io(display(&path), &error)),
        }
    }

    fn skip(&mut self, path: &Path, reason: SkipReason) {
        self.inputs.skipped.push(Skipped { path: display(path).into_owned(), reason });
    }
}

impl Entry {
    fn order(&self) -> impl Iterator<Item = u8> {
        let slash: &[u8] = if self.kind.is_dir() { b"/" } else { b"" };
        self.name.as_encoded_bytes().iter().chain(slash).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dir;

    fn walked(dir: &Dir, args: &[&str]) -> Inputs {
        let args: Vec<OsString> = args.iter().map(|a| dir.path(a).into_os_string()).collect();
        walk(&args, &Options::default())
    }

    fn names(dir: &Dir, inputs: &Inputs) -> Vec<String> {
        assert_eq!(inputs.errors, []);
        inputs.inputs.iter().map(|i| dir.relative(&i.path)).collect()
    }

    #[test]
    fn directories_give_manifests_in_path_order() {
        let dir = Dir::new(&[
            "b.yaml",
            "a/z.yml",
            "a.json",
            "a-b/x.ndjson",
            "a/c/y.JSONL",
            "c.jsonl.zst",
            "README.md",
            "Makefile",
        ]);
        let names = names(&dir, &walked(&dir, &[""]));
        assert_eq!(names, ["a-b/x.ndjson", "a.json", "a/c/y.JSONL", "a/z.yml", "b.yaml", "c.jsonl.zst"]);
        let mut sorted = names.clone();
        sorted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        assert_eq!(names, sorted);
    }

    #[test]
    fn hidden_entries_are_left_out_unless_named() {
        let dir = Dir::new(&[".a.yaml", ".git/b.yaml", ".github/c.yaml", "d.yaml"]);
        assert_eq!(names(&dir, &walked(&dir, &[""])), ["d.yaml"]);
        assert_eq!(names(&dir, &walked(&dir, &[".a.yaml", ".github"])), [".a.yaml", ".github/c.yaml"]);
    }

    #[test]
    fn any_extension_when_named() {
        let dir = Dir::new(&["pod.txt"]);
        let inputs = walked(&dir, &["pod.txt"]);
        assert_eq!(names(&dir, &inputs), ["pod.txt"]);
        assert!(inputs.inputs.iter().all(|i| i.origin == Origin::Named));
    }

    #[test]
    fn gitignore_counts_without_a_repository() {
        let dir = Dir::new(&["a.yaml", "b.yaml", "out/c.yaml", "x/b.yaml", "x/d.yaml"]);
        dir.write(".gitignore", b"b.yaml\n/out/\n");
        dir.write("x/.gitignore", b"!b.yaml\nd.yaml\n");
        let inputs = walked(&dir, &[""]);
        assert_eq!(names(&dir, &inputs), ["a.yaml", "x/b.yaml"]);
        assert_eq!(inputs.ignored, 3);
        let all = walk(&[dir.path("").into()], &Options { gitignore: false });
        assert_eq!(names(&dir, &all).len(), 5);
        assert_eq!(names(&dir, &walked(&dir, &["b.yaml"])), ["b.yaml"]);
    }

    #[test]
    fn patterns_end_with_their_directory() {
        let dir = Dir::new(&["a/x.yaml", "b/x.yaml"]);
        dir.write("a/.gitignore", b"x.yaml\n");
        assert_eq!(names(&dir, &walked(&dir, &[""])), ["b/x.yaml"]);
    }

    #[test]
    fn patterns_above_count_inside_a_repository_only() {
        let dir = Dir::new(&["deploy/a.yaml", "deploy/b.yaml"]);
        dir.write(".gitignore", b"deploy/b.yaml\n");
        assert_eq!(names(&dir, &walked(&dir, &["deploy"])), ["deploy/a.yaml", "deploy/b.yaml"]);
        dir.write(".git/HEAD", b"");
        assert_eq!(names(&dir, &walked(&dir, &["deploy"])), ["deploy/a.yaml"]);
    }

    #[test]
    fn a_file_reached_twice_is_one_input_at_its_first_place() {
        let dir = Dir::new(&["a.yaml", "b.yaml"]);
        assert_eq!(names(&dir, &walked(&dir, &["b.yaml", "", "a.yaml", "*.yaml"])), ["b.yaml", "a.yaml"]);
    }

    #[test]
    fn standard_input_is_read_once() {
        let inputs = walk(&["-".into(), "-".into()], &Options::default());
        let names: Vec<_> = inputs.inputs.iter().map(Input::display).collect();
        assert_eq!(names, ["<stdin>"]);
    }

    #[test]
    fn the_current_directory_is_the_default() {
        let inputs = walk(&[], &Options::default());
        assert_eq!(inputs, walk(&["./".into()], &Options::default()));
        assert_eq!(inputs.errors, []);
    }

    #[test]
    fn names_are_shown_as_given_but_tidy() {
        let inputs = walk(&["./src//walk.rs".into()], &Options::default());
        assert_eq!(inputs.inputs.first().map(|i| i.display().into_owned()).as_deref(), Some("src/walk.rs"));
    }

    #[test]
    fn what_does_not_exist_is_an_error_and_hides_nothing() {
        let dir = Dir::new(&["a.yaml"]);
        let inputs = walked(&dir, &["none.yaml", "*.json", "a.yaml"]);
        let kinds: Vec<ErrorKind> = inputs.errors.iter().map(|e| e.kind).collect();
        assert_eq!(kinds, [ErrorKind::NotFound, ErrorKind::NoMatch]);
        assert_eq!(inputs.inputs.len(), 1);
        assert_eq!(
            walk(&["".into()], &Options::default()).errors.first().map(|e| e.kind),
            Some(ErrorKind::NotFound)
        );
    }

    #[test]
    fn a_name_that_looks_like_a_glob_is_found() {
        let dir = Dir::new(&["a[1].yaml", "a1.yaml"]);
        assert_eq!(names(&dir, &walked(&dir, &["a[1].yaml"])), ["a[1].yaml"]);
    }

    #[test]
    fn files_know_their_chart() {
        let dir = Dir::new(&[
            "c/Chart.yaml",
            "c/templates/a.yaml",
            "c/charts/sub/Chart.yaml",
            "c/charts/sub/templates/b.yaml",
            "plain.yaml",
        ]);
        let chart = display(&dir.path("c")).into_owned();
        for input in walked(&dir, &[""]).inputs {
            let expected = (!input.path.ends_with("plain.yaml")).then_some(chart.as_str());
            assert_eq!(input.in_chart.as_deref(), expected, "{}", input.display());
        }
        for named in ["c/templates/a.yaml", "c/templates"] {
            let inputs = walked(&dir, &[named]);
            assert_eq!(inputs.inputs.first().and_then(|i| i.in_chart.as_deref()), Some(chart.as_str()));
        }
    }

    #[cfg(unix)]
    mod links {
        use std::os::unix::fs::symlink;

        use super::*;

        #[test]
        fn linked_files_are_read_once_and_linked_directories_named() {
            let dir = Dir::new(&["real/a.yaml", "real/notes.txt", "tree/b.yaml"]);
            symlink(dir.path("real/a.yaml"), dir.path("tree/link.yaml")).expect("links");
            symlink(dir.path("real"), dir.path("tree/real")).expect("links");
            symlink(dir.path("tree"), dir.path("tree/circle")).expect("links");
            symlink(dir.path("real/notes.txt"), dir.path("tree/notes.txt")).expect("links");
            let inputs = walked(&dir, &["tree"]);
            assert_eq!(names(&dir, &inputs), ["tree/b.yaml", "tree/link.yaml"]);
            let skipped: Vec<_> =
                inputs.skipped.iter().map(|s| (dir.relative(Path::new(&s.path)), s.reason)).collect();
            assert_eq!(
                skipped,
                [
                    ("tree/circle".to_owned(), SkipReason::LinkedDirectory),
                    ("tree/real".to_owned(), SkipReason::LinkedDirectory)
                ]
            );
            assert_eq!(names(&dir, &walked(&dir, &["tree/real"])), ["tree/real/a.yaml"]);
            assert_eq!(names(&dir, &walked(&dir, &["real", "tree"])), ["real/a.yaml", "tree/b.yaml"]);
        }

        #[test]
        fn links_to_nothing_and_in_circles_are_errors() {
            let dir = Dir::new(&["t/ok.yaml"]);
            symlink(dir.path("none"), dir.path("t/a.yaml")).expect("links");
            symlink(dir.path("t/b.yaml"), dir.path("t/b.yaml")).expect("links");
            symlink(dir.path("none"), dir.path("t/no-manifest")).expect("links");
            for args in [&["t"][..], &["t/a.yaml", "t/b.yaml", "t/ok.yaml"]] {
                let inputs = walked(&dir, args);
                let kinds: Vec<_> =
                    inputs.errors.iter().map(|e| (dir.relative(Path::new(&e.path)), e.kind)).collect();
                assert_eq!(
                    kinds,
                    [
                        ("t/a.yaml".to_owned(), ErrorKind::NotFound),
                        ("t/b.yaml".to_owned(), ErrorKind::LinkLoop)
                    ]
                );
                assert_eq!(inputs.inputs.len(), 1);
            }
        }

        #[cfg(target_os = "linux")]
        #[test]
        fn anonymous_pipes_can_be_named() {
            use std::io::Write as _;
            use std::os::fd::AsRawFd as _;

            let (reader, mut writer) = std::io::pipe().expect("a pipe");
            writer.write_all(b"kind: Pod").expect("room in the pipe");
            drop(writer);
            let inputs = walk(&[format!("/dev/fd/{}", reader.as_raw_fd()).into()], &Options::default());
            assert_eq!(inputs.errors, []);
            let bytes = inputs.inputs.first().map(crate::read);
            assert_eq!(bytes.and_then(Result::ok).as_deref(), Some(&b"kind: Pod"[..]));
        }

        #[test]
        fn what_is_no_regular_file_is_left_out_of_a_walk() {
            let dir = Dir::new(&["a.yaml"]);
            let _socket = std::os::unix::net::UnixListener::bind(dir.path("s.yaml")).expect("binds");
            let inputs = walked(&dir, &[""]);
            assert_eq!(names(&dir, &inputs), ["a.yaml"]);
            assert_eq!(inputs.skipped.first().map(|s| s.reason), Some(SkipReason::NotRegular));
            let named = walked(&dir, &["s.yaml", "a.yaml"]);
            let kinds: Vec<_> = named.inputs.iter().map(|i| i.kind).collect();
            assert_eq!(kinds, [InputKind::Stream, InputKind::File]);
        }
    }

    #[test]
    fn the_deepest_tree_that_a_path_can_name_is_walked() {
        let dir = Dir::new(&["top.yaml"]);
        let mut path = dir.path("d");
        while fs::create_dir(&path).is_ok() {
            path.push("d");
        }
        path.pop();
        let depth = path.components().count();
        assert!(depth > 500, "{depth}");
        assert_eq!(names(&dir, &walked(&dir, &[""])), ["top.yaml"]);
    }
}
