//! Styles. They carry no meaning of their own: without colour the text is the same.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::group::Word;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `error[...]` and what it marks.
    Error,
    /// `warning[...]` and what it marks.
    Warning,
    /// `note[...]`.
    Note,
    /// Line numbers, bars, `=`.
    Frame,
    /// File and position.
    Place,
    /// What is said first.
    Strong,
    /// A line that a diff adds.
    Added,
    /// A line that a diff takes away.
    Removed,
}

impl From<Word> for Role {
    fn from(word: Word) -> Self {
        match word {
            Word::Note => Self::Note,
            Word::Warning => Self::Warning,
            Word::Error => Self::Error,
        }
    }
}

impl Role {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Self::Error => color(AnsiColor::Red).bold(),
            Self::Warning => color(AnsiColor::Yellow).bold(),
            Self::Note => color(AnsiColor::Cyan).bold(),
            Self::Frame => color(AnsiColor::Blue),
            Self::Added => color(AnsiColor::Green),
            Self::Removed => color(AnsiColor::Red),
            Self::Place | Self::Strong => Style::new().bold(),
        }
    }
}

/// Adds a piece of text in its style.
pub(crate) fn paint(out: &mut String, color: bool, role: Role, text: &str) {
    if !color {
        out.push_str(text);
        return;
    }
    let style = role.style();
    let _ = write!(out, "{style}{text}{style:#}");
}
