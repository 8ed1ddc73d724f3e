//! Colours, which carry no meaning of their own.

use anstyle::{AnsiColor, Style};

/// Paints or does not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) colour: bool,
}

impl Paint {
    fn with(&self, style: Style, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Names and headings.
    pub(super) fn strong(&self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// Line numbers and rules.
    pub(super) fn quiet(&self, text: &str) -> String {
        self.with(AnsiColor::Blue.on_default(), text)
    }

    /// `error[...]` or `warning[...]`.
    pub(super) fn word(&self, text: &str, error: bool) -> String {
        let colour = if error { AnsiColor::Red } else { AnsiColor::Yellow };
        self.with(colour.on_default().bold(), text)
    }

    /// What is underlined, and the words beside.
    pub(super) fn mark(&self, text: &str, error: bool) -> String {
        let colour = if error { AnsiColor::Red } else { AnsiColor::Yellow };
        self.with(colour.on_default(), text)
    }
}
