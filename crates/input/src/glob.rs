//! Globs that the shell left alone.
//!
//! They give what a shell would: `*`, `?` and `[...]` stay within a name, `**` crosses directories, `{a,b}` is either;
//! hidden names only if the pattern asks for them; `.gitignore` does not count, since the user named the files.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{ErrorKind, InputError};
use crate::{clean, display, is_hidden, openable};

/// Whether `argument` has a character that makes it a glob.
pub(crate) fn is_glob(argument: &str) -> bool {
    argument.contains(['*', '?', '[', '{'])
}

/// The directory that a glob begins at, empty for the current one; `None` for what is no glob.
pub fn glob_base(argument: &str) -> Option<&Path> {
    is_glob(argument).then(|| Path::new(split(argument).0))
}

/// The paths that `pattern` matches, sorted by their bytes, and errors of directories that could not be looked into.
pub(crate) fn expand(pattern: &str) -> Result<(Vec<PathBuf>, Vec<InputError>), InputError> {
    let (base, rest) = split(pattern);
    let only_directories = rest.ends_with('/');
    let rest = rest.trim_end_matches('/');
    let matcher = matcher(pattern, rest)?;
    // A pattern of three names without `**` or alternatives cannot match deeper than three directories.
    let depth =
        if rest.contains("**") || rest.contains('{') { usize::MAX } else { rest.matches('/').count() + 1 };
    let hidden = rest.split(['/', '{', ',']).any(|part| part.starts_with('.'));
    let base = clean(Path::new(base));
    let mut found = Vec::new();
    let mut errors = Vec::new();
    let mut pending = vec![(PathBuf::new(), 1)];
    while let Some((relative, level)) = pending.pop() {
        let directory = base.join(&relative);
        let entries = match std::fs::read_dir(openable(&directory)) {
            Ok(entries) => entries,
            // A base that does not exist matches nothing.
            Err(_) if relative.as_os_str().is_empty() => break,
            Err(error) => {
                errors.push(InputError::io(display(&directory), &error));
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    errors.push(InputError::io(display(&directory), &error));
                    break;
                }
            };
            let name = entry.file_name();
            if is_hidden(&name) && !hidden {
                continue;
            }
            let path = relative.join(&name);
            // Links to directories are matched but not entered: they might lead in circles.
            let enter = entry.file_type().is_ok_and(|t| t.is_dir());
            let matches = matcher.is_match(&path);
            if matches && (!only_directories || base.join(&path).is_dir()) {
                found.push(base.join(&path));
            }
            if enter && level < depth {
                pending.push((path, level + 1));
            }
        }
    }
    if found.is_empty() && errors.is_empty() {
        return Err(InputError::new(
            pattern,
            ErrorKind::NoMatch,
            "no file matches this glob; check the pattern and the current directory",
        ));
    }
    found.sort_unstable_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok((found, errors))
}

/// The leading components without a special character, and the rest.
fn split(pattern: &str) -> (&str, &str) {
    let special = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    let start = pattern.get(..special).and_then(|literal| literal.rfind('/')).map_or(0, |slash| slash + 1);
    pattern.split_at(start)
}

fn matcher(pattern: &str, rest: &str) -> Result<GlobMatcher, InputError> {
    GlobBuilder::new(rest)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| {
            InputError::new(
                pattern,
                ErrorKind::BadGlob,
                format!(
                    "not a file and not a valid glob: {}; quote special characters as `[*]`",
                    error.kind()
                ),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dir;

    fn expanded(dir: &Dir, pattern: &str) -> Vec<String> {
        let (paths, errors) = expand(&dir.path(pattern).display().to_string()).expect("a match");
        assert_eq!(errors, []);
        paths.iter().map(|p| dir.relative(p)).collect()
    }

    fn tree() -> Dir {
        Dir::new(&["a.yaml", "b.yml", ".h.yaml", "x/c.yaml", "x/y/d.yaml", "x/.g/e.yaml"])
    }

    #[test]
    fn a_glob_begins_at_its_literal_directory() {
        let base = |argument| glob_base(argument).map(|base| base.display().to_string());
        for (glob, wanted) in [("a/b/*.yaml", "a/b/"), ("a/b*/c", "a/"), ("*.yaml", ""), ("/{a,b}/c", "/")] {
            assert_eq!(base(glob).as_deref(), Some(wanted), "{glob}");
        }
        assert_eq!(base("a/b.yaml"), None);
    }

    #[test]
    fn a_star_stays_within_a_name() {
        assert_eq!(expanded(&tree(), "*.yaml"), ["a.yaml"]);
        assert_eq!(expanded(&tree(), "*/*.yaml"), ["x/c.yaml"]);
    }

    #[test]
    fn double_star_crosses_directories() {
        assert_eq!(expanded(&tree(), "**/*.yaml"), ["a.yaml", "x/c.yaml", "x/y/d.yaml"]);
    }

    #[test]
    fn alternatives_may_hold_slashes() {
        assert_eq!(expanded(&tree(), "{a,x/c}.yaml"), ["a.yaml", "x/c.yaml"]);
    }

    #[test]
    fn hidden_names_are_matched_on_request() {
        assert_eq!(expanded(&tree(), ".*.yaml"), [".h.yaml"]);
    }

    #[test]
    fn directories_match() {
        assert_eq!(expanded(&tree(), "*/"), ["x"]);
        assert_eq!(expanded(&tree(), "[a-x]*"), ["a.yaml", "b.yml", "x"]);
    }

    #[test]
    fn no_match_and_nonsense_are_errors() {
        let dir = tree();
        let kind = |pattern: &str| expand(&dir.path(pattern).display().to_string()).expect_err("fails").kind;
        assert_eq!(kind("*.json"), ErrorKind::NoMatch);
        assert_eq!(kind("**/y*.yaml"), ErrorKind::NoMatch);
        assert_eq!(kind("none/*.yaml"), ErrorKind::NoMatch);
        assert_eq!(kind("a[.yaml"), ErrorKind::BadGlob);
    }
}
