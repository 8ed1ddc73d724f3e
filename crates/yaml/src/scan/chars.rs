//! The scanner's view of characters and line ends, and its problems' places.

use std::cmp::Ordering;

use crate::document::Span;
use crate::problem::{Problem, ProblemKind};

use super::{Result, Scanner};

impl<'s> Scanner<'s> {
    pub(crate) fn byte(&self, at: usize) -> u8 {
        match at.cmp(&self.end) {
            Ordering::Less => self.source[at],
            Ordering::Equal => self.last,
            Ordering::Greater => 0,
        }
    }

    pub(crate) fn current(&self) -> u8 {
        self.byte(self.pos)
    }

    /// The current offset, for spans.
    pub(crate) fn offset(&self) -> u32 {
        self.pos.min(self.end) as u32
    }

    pub(crate) fn slice(&self, start: usize, end: usize) -> &'s str {
        self.source
            .get(start..end.min(self.end))
            .and_then(|s| std::str::from_utf8(s).ok())
            .unwrap_or_default()
    }

    /// From an offset to the end of its line.
    pub(crate) fn rest_of_line(&self, start: u32) -> Span {
        let mut end = start as usize;
        while end < self.end && !self.is_break_or_end(end) {
            end += 1;
        }
        Span::new(start, end as u32)
    }

    pub(crate) fn is_blank(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\t')
    }

    /// The number of bytes of the line break at `at`, 0 if there is none. The line reader takes one CR from each CRLF
    /// before libyaml sees it, which then takes another.
    pub(crate) fn break_len(&self, at: usize) -> usize {
        match self.byte(at) {
            b'\n' => 1,
            b'\r' => match (self.byte(at + 1), self.byte(at + 2)) {
                (b'\n', _) => 2,
                (b'\r', b'\n') => 3,
                _ => 1,
            },
            0xC2 if self.byte(at + 1) == 0x85 => 2,
            0xE2 if self.byte(at + 1) == 0x80 && matches!(self.byte(at + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    pub(crate) fn is_break(&self, at: usize) -> bool {
        self.break_len(at) > 0
    }

    pub(crate) fn is_end(&self, at: usize) -> bool {
        self.byte(at) == 0
    }

    pub(crate) fn is_break_or_end(&self, at: usize) -> bool {
        self.is_end(at) || self.is_break(at)
    }

    pub(crate) fn is_blank_or_end(&self, at: usize) -> bool {
        match self.byte(at) {
            b' ' | b'\t' | 0 => true,
            b'!'..=b'~' => false,
            _ => self.is_break(at),
        }
    }

    /// Goes one character on.
    pub(crate) fn advance(&mut self) {
        self.pos += match self.current() {
            0..=0x7F => 1,
            0x80..=0xDF => 2,
            0xE0..=0xEF => 3,
            _ => 4,
        };
        self.column += 1;
        self.index += 1;
    }

    /// Goes on over a line break; what it stands for in a text.
    pub(crate) fn advance_line(&mut self) -> char {
        let length = self.break_len(self.pos);
        let meaning = match (self.current(), self.byte(self.pos + 2)) {
            (0xE2, 0xA8) => '\u{2028}',
            (0xE2, _) => '\u{2029}',
            _ => '\n',
        };
        self.index += if length == 3 && meaning == '\n' { 2 } else { 1 };
        self.pos += length;
        self.column = 0;
        self.line += 1;
        meaning
    }

    pub(crate) fn skip_blanks(&mut self) {
        while self.is_blank(self.pos) {
            self.advance();
        }
    }

    pub(crate) fn skip_comment(&mut self) {
        if self.current() == b'#' {
            while !self.is_break_or_end(self.pos) {
                self.advance();
            }
        }
    }

    /// Whether `---` or `...` stands here as a line of its own kind.
    pub(crate) fn at_document_indicator(&self) -> bool {
        self.column == 0 && (self.at_indicator(b'-') || self.at_indicator(b'.'))
    }

    pub(super) fn at_indicator(&self, c: u8) -> bool {
        (0..3).all(|i| self.byte(self.pos + i) == c) && self.is_blank_or_end(self.pos + 3)
    }

    pub(crate) fn error<T>(&self, start: usize, message: impl Into<String>) -> Result<T> {
        Err(self.problem(start, message))
    }

    /// A syntax problem from `start` to the current place, at least one character.
    pub(crate) fn problem(&self, start: usize, message: impl Into<String>) -> Problem {
        let end = self.pos.max(start + 1).min(self.end);
        Problem::new(ProblemKind::Syntax, Span::new(start.min(end) as u32, end as u32), message)
    }
}
