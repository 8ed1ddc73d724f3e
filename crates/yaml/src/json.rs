//! The JSON reader, as k8s.io/apimachinery reads JSON: encoding/json's grammar, depth and treatment of bad UTF-8.

use std::sync::Arc;

use crate::builder::Builder;
use crate::document::{Document, Kind, NodeId, Span, Style};
use crate::problem::{Problem, ProblemKind};
use crate::scalar::Scalar;
use crate::stream::Limits;

/// The value at `at`, which is not a blank, and where it ends. Strings with bytes that are not UTF-8 are read with U+FFFD
/// in their place, one for each byte, and so are surrogates without partner. Numbers keep their text. `scratch` is memory
/// to reuse.
pub(crate) fn read(
    source: &Arc<[u8]>,
    at: usize,
    limits: Limits,
    scratch: &mut Option<Document>,
) -> Result<(Document, usize), Problem> {
    let range = Span::new(at as u32, at as u32);
    let mut builder = match scratch.take() {
        Some(old) => Builder::reuse(old, Arc::clone(source), range, true),
        None => Builder::new(Arc::clone(source), range, true),
    };
    let mut json =
        Json { bytes: source, at, depth: limits.depth as usize, too_large: None, builder: &mut builder };
    let result = json.value();
    let (end, too_large) = (json.at, json.too_large.take());
    match result.and(too_large.map_or(Ok(()), Err)) {
        Ok(()) => {
            builder.set_range(Span::new(at as u32, end as u32));
            Ok((builder.finish(), end))
        }
        Err(problem) => {
            *scratch = Some(builder.abandon());
            Err(problem)
        }
    }
}

/// Whether encoding/json passes over this byte between values.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

struct Open {
    id: NodeId,
    count: u32,
    object: bool,
}

struct Json<'s> {
    bytes: &'s [u8],
    at: usize,
    depth: usize,
    /// The first number that no float holds: told only if the grammar is right, as upstream does.
    too_large: Option<Problem>,
    builder: &'s mut Builder,
}

impl Json<'_> {
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.byte().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    fn span(&self, start: usize) -> Span {
        Span::new(start as u32, self.at as u32)
    }

    /// The byte at `at` is not what it should be.
    fn unexpected(&self, context: &str) -> Problem {
        let Some(rest) = self.bytes.get(self.at..).filter(|rest| !rest.is_empty()) else {
            let end = self.bytes.len() as u32;
            return Problem::new(ProblemKind::Syntax, Span::new(end, end), "unexpected end of JSON input");
        };
        let head = &rest[..rest.len().min(4)];
        let (found, length) = match head.utf8_chunks().next().and_then(|c| c.valid().chars().next()) {
            Some(c) if c.is_control() || c == '`' => (c.escape_default().to_string(), c.len_utf8()),
            Some(c) => (c.to_string(), c.len_utf8()),
            None => (format!("\\x{:02x}", head[0]), 1),
        };
        let span = Span::new(self.at as u32, (self.at + length) as u32);
        Problem::new(ProblemKind::Syntax, span, format!("invalid character `{found}` {context}"))
    }

    fn value(&mut self) -> Result<(), Problem> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // At a value.
            match self.byte() {
                Some(bracket @ (b'{' | b'[')) => {
                    if open.len() >= self.depth {
                        let message = format!("JSON is nested deeper than {} levels", self.depth);
                        let span = Span::new(self.at as u32, self.at as u32 + 1);
                        return Err(Problem::new(ProblemKind::Limit, span, message));
                    }
                    let object = bracket == b'{';
                    let kind = if object { Kind::Mapping } else { Kind::Sequence };
                    let id = self.builder.open(kind, Style::Flow, self.at as u32);
                    self.at += 1;
                    self.skip_blanks();
                    let closing = if object { b'}' } else { b']' };
                    if self.byte() == Some(closing) {
                        self.at += 1;
                        self.builder.close(id, 0, self.at as u32);
                    } else {
                        open.push(Open { id, count: 1, object });
                        if object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal("true", Scalar::Bool(true))?,
                Some(b'f') => self.literal("false", Scalar::Bool(false))?,
                Some(b'n') => self.literal("null", Scalar::Null)?,
                _ => return Err(self.unexpected("looking for beginning of value")),
            }
            // Behind a value.
            loop {
                let Some(top) = open.last_mut() else { return Ok(()) };
                while self.bytes.get(self.at).copied().is_some_and(is_blank) {
                    self.at += 1;
                }
                match (self.bytes.get(self.at), top.object) {
                    (Some(b','), object) => {
                        top.count += 1;
                        self.at += 1;
                        self.skip_blanks();
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        self.builder.close(top.id, top.count, self.at as u32);
                        open.pop();
                    }
                    (_, true) => return Err(self.unexpected("after object key:value pair")),
                    (_, false) => return Err(self.unexpected("after array element")),
                }
            }
        }
    }

    /// From a key to its value.
    fn key(&mut self) -> Result<(), Problem> {
        if self.byte() != Some(b'"') {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        self.string()?;
        self.skip_blanks();
        if self.byte() != Some(b':') {
            return Err(self.unexpected("after object key"));
        }
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    fn literal(&mut self, word: &str, value: Scalar) -> Result<(), Problem> {
        let start = self.at;
        for &wanted in word.as_bytes() {
            if self.byte() != Some(wanted) {
                let wanted = char::from(wanted);
                return Err(self.unexpected(&format!("in literal {word} (expecting `{wanted}`)")));
            }
            self.at += 1;
        }
        let span = self.span(start);
        self.builder.scalar(value, Style::Plain, span);
        Ok(())
    }

    fn digits(&mut self) {
        while self.byte().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let negative = self.byte() == Some(b'-');
        self.at += usize::from(negative);
        match self.byte() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("in numeric literal")),
        }
        let mut integer = true;
        if self.byte() == Some(b'.') {
            integer = false;
            self.at += 1;
            if !self.byte().is_some_and(|b| b.is_ascii_digit()) {
                return Err(self.unexpected("after decimal point in numeric literal"));
            }
            self.digits();
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.byte().is_some_and(|b| b.is_ascii_digit()) {
                return Err(self.unexpected("in exponent of numeric literal"));
            }
            self.digits();
        }
        let span = self.span(start);
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        // Whatever is shorter fits.
        let fits = text.len() < 19
            || if negative { text.parse::<i64>().is_ok() } else { text.parse::<u64>().is_ok() };
        let value = if integer && fits { Scalar::Int } else { Scalar::Float };
        if value == Scalar::Float && !text.parse::<f64>().is_ok_and(f64::is_finite) {
            let message = format!("number `{text}` is too large for a 64-bit float");
            self.too_large.get_or_insert(Problem::new(ProblemKind::Limit, span, message));
        }
        self.builder.scalar(value, Style::Plain, span);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let text_start = self.builder.arena().len() as u32;
        self.at += 1;
        loop {
            let run = self.at;
            let stop = loop {
                match self.byte() {
                    Some(stop @ (b'"' | b'\\')) => break stop,
                    Some(0..0x20) | None => return Err(self.unexpected("in string literal")),
                    Some(_) => self.at += 1,
                }
            };
            self.push_run(run);
            self.at += 1;
            if stop == b'"' {
                let span = self.span(start);
                self.builder.scalar_from_arena(Scalar::String, Style::DoubleQuoted, span, text_start);
                return Ok(());
            }
            let decoded = self.escape()?;
            self.builder.arena().push(decoded);
        }
    }

    /// Adds the bytes from `run` up to `at` to the arena.
    fn push_run(&mut self, run: usize) {
        let bytes = &self.bytes[run..self.at];
        let arena = self.builder.arena();
        if let Ok(text) = std::str::from_utf8(bytes) {
            arena.push_str(text);
            return;
        }
        for chunk in bytes.utf8_chunks() {
            arena.push_str(chunk.valid());
            arena.extend(std::iter::repeat_n(char::REPLACEMENT_CHARACTER, chunk.invalid().len()));
        }
    }

    /// What the escape at `at` (behind the `\`) stands for.
    fn escape(&mut self) -> Result<char, Problem> {
        let decoded = match self.byte() {
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'b') => '\x08',
            Some(b'f') => '\x0C',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        Ok(decoded)
    }

    fn unicode_escape(&mut self) -> Result<char, Problem> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.byte().and_then(|b| char::from(b).to_digit(16)) else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            unit = unit * 16 + digit;
            self.at += 1;
        }
        if (0xD800..0xDC00).contains(&unit)
            && let Some(low) = self.low_surrogate()
        {
            self.at += 6;
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The low surrogate that is written at `at`.
    fn low_surrogate(&self) -> Option<u32> {
        let [b'\\', b'u', digits @ ..] = self.bytes.get(self.at..self.at + 6)? else { return None };
        let mut unit = 0;
        for digit in digits {
            unit = unit * 16 + char::from(*digit).to_digit(16)?;
        }
        (0xDC00..0xE000).contains(&unit).then_some(unit)
    }
}

#[cfg(test)]
mod tests;
