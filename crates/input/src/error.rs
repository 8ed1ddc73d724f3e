//! What can go wrong on the way to an input's bytes.

use std::fmt;
use std::io;

/// The kind of an [`InputError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing has this name, or no longer.
    NotFound,
    /// The rights do not suffice.
    PermissionDenied,
    /// A directory where a file was expected.
    IsDirectory,
    /// Symbolic links that lead in a circle.
    LinkLoop,
    /// More bytes than the limit.
    TooLarge,
    /// A glob that nothing matches.
    NoMatch,
    /// A glob that cannot be understood.
    BadGlob,
    /// Anything else that the operating system reports.
    Io,
}

/// An input or directory that could not be read. Never hides another input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The argument or the path in question, as [`crate::Input::display`] gives it.
    pub path: String,
    /// What went wrong.
    pub kind: ErrorKind,
    /// What went wrong and what to do, in lower case, without the path.
    pub message: String,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for InputError {}

impl InputError {
    pub(crate) fn new(path: impl Into<String>, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { path: path.into(), kind, message: message.into() }
    }

    /// The operating system's `error` on `path`.
    pub fn io(path: impl Into<String>, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
            io::ErrorKind::IsADirectory => ErrorKind::IsDirectory,
            // `io::ErrorKind::FilesystemLoop` is not stable: libc's text it is.
            _ if error.to_string().contains("levels of symbolic links") => ErrorKind::LinkLoop,
            _ => ErrorKind::Io,
        };
        let message = match kind {
            ErrorKind::NotFound => "no such file or directory; check the path".to_owned(),
            ErrorKind::PermissionDenied => {
                "permission denied; make it readable for the user who runs seawall".to_owned()
            }
            ErrorKind::IsDirectory => "is a directory; a file was expected".to_owned(),
            ErrorKind::LinkLoop => {
                "symbolic links lead in a circle; remove the link or point it at a file".to_owned()
            }
            _ => format!("cannot be read: {error}"),
        };
        Self::new(path, kind, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operating_system_errors_have_kinds() {
        for (error, kind) in [
            (io::Error::from(io::ErrorKind::PermissionDenied), ErrorKind::PermissionDenied),
            (io::Error::from(io::ErrorKind::NotFound), ErrorKind::NotFound),
            (io::Error::from(io::ErrorKind::IsADirectory), ErrorKind::IsDirectory),
            (io::Error::from(io::ErrorKind::Interrupted), ErrorKind::Io),
        ] {
            assert_eq!(InputError::io("x", &error).kind, kind);
        }
    }

    #[test]
    fn says_the_path_first() {
        let error = InputError::io("a.yaml", &io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(error.to_string(), "a.yaml: no such file or directory; check the path");
    }
}
