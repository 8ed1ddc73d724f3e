//! How sure a fix is.

use std::fmt;

/// How sure it is that a fix breaks nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Safety {
    /// The container runs the same.
    Safe,
    /// It may break a few.
    Likely,
    /// A person has to choose.
    Decision,
}

impl Safety {
    /// All, the surest first.
    pub const ALL: [Self; 3] = [Self::Safe, Self::Likely, Self::Decision];

    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Likely => "likely",
            Self::Decision => "decision",
        }
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
