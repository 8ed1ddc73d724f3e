//! The `.gitignore` files that bear on a walk.
//!
//! Inside a git repository those of the directories above count too, up to the repository's root; outside of one only
//! those that the walk meets. Patterns that git could not use are passed over, as git does: more is read then, not less.

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The name of the files in question.
pub(crate) const FILE: &str = ".gitignore";

/// The patterns in force, outermost directory first.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    levels: Vec<(PathBuf, Gitignore)>,
}

impl Stack {
    /// The patterns above `directory`, an absolute path without links.
    pub(crate) fn above(directory: &Path) -> Self {
        let mut stack = Self::default();
        if directory.join(".git").exists() {
            return stack;
        }
        let Some(root) = directory.ancestors().skip(1).find(|a| a.join(".git").exists()) else {
            return stack;
        };
        let mut above: Vec<&Path> =
            directory.ancestors().skip(1).take_while(|a| a.starts_with(root)).collect();
        above.reverse();
        for ancestor in above {
            stack.enter(ancestor);
        }
        stack
    }

    /// Adds the patterns of `directory` and says whether there are any, so that [`Self::leave`] is due later.
    pub(crate) fn enter(&mut self, directory: &Path) -> bool {
        let mut builder = GitignoreBuilder::new(".");
        builder.add(directory.join(FILE));
        match builder.build() {
            Ok(patterns) if !patterns.is_empty() => {
                self.levels.push((directory.to_owned(), patterns));
                true
            }
            _ => false,
        }
    }

    /// Forgets the patterns that were added last.
    pub(crate) fn leave(&mut self) {
        self.levels.pop();
    }

    /// Whether the absolute `path` is excluded: the innermost file with a matching pattern decides.
    pub(crate) fn excludes(&self, path: &Path, is_directory: bool) -> bool {
        for (directory, patterns) in self.levels.iter().rev() {
            let Ok(relative) = path.strip_prefix(directory) else { continue };
            let verdict = patterns.matched(relative, is_directory);
            if !verdict.is_none() {
                return verdict.is_ignore();
            }
        }
        false
    }
}
