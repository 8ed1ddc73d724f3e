//! What a server tells of itself: one JSON object a line on standard error.

use std::fmt::{Display, Write as _};
use std::time::SystemTime;

use crate::terminal::tell;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Writes a line with a message, and what it is about by name.
pub(super) fn log(level: Level, message: &str, fields: &[(&str, &dyn Display)]) {
    tell(&line(seconds(), level, message, fields));
}

/// What went wrong the last time: the same again is not told again.
#[derive(Debug, Default)]
pub(super) struct Told(Option<String>);

impl Told {
    /// Writes a line, unless the last one said the same.
    pub(super) fn tell(&mut self, level: Level, message: &str, error: &dyn Display) {
        let error = error.to_string();
        let text = format!("{message}: {error}");
        if self.0.as_ref() != Some(&text) {
            log(level, message, &[("error", &error)]);
            self.0 = Some(text);
        }
    }

    /// It goes well again.
    pub(super) fn over(&mut self) {
        self.0 = None;
    }
}

/// Seconds since 1970-01-01.
fn seconds() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn line(seconds: f64, level: Level, message: &str, fields: &[(&str, &dyn Display)]) -> String {
    let mut out =
        format!("{{\"time\":{seconds:.3},\"level\":\"{}\",\"message\":{}", level.as_str(), quoted(message));
    for (name, value) in fields {
        out.push(',');
        out.push_str(&quoted(name));
        out.push(':');
        out.push_str(&quoted(&value.to_string()));
    }
    out.push('}');
    out
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_line_early() {
        let told = line(1.5, Level::Warning, "a \"b\"", &[("file", &"x\ny\u{1b}[0m"), ("count", &3)]);
        assert_eq!(
            told,
            r#"{"time":1.500,"level":"warning","message":"a \"b\"","file":"x\ny\u001b[0m","count":"3"}"#
        );
    }
}
