//! The scanner's scalars: plain, quoted and block texts with their folding and escapes.

use crate::document::{Span, Style};

use super::{Result, Scanner, Token, TokenKind};

/// Line breaks passed inside a scalar, not yet folded.
#[derive(Default)]
struct Breaks {
    first: Option<char>,
    more: String,
}

impl Breaks {
    /// Writes what the breaks fold to: one newline to a space, each further one to itself.
    fn fold(&mut self, out: &mut String) {
        match self.first.take() {
            Some('\n') if self.more.is_empty() => out.push(' '),
            Some('\n') | None => {}
            Some(other) => out.push(other),
        }
        out.push_str(&self.more);
        self.more.clear();
    }
}

impl Scanner<'_> {
    fn token(&self, style: Style, text: Option<usize>, start: usize, end: usize) -> Token {
        let text = text.map(|from| Span::new(from as u32, self.texts.len() as u32));
        let end = (end as u32).min(self.offset());
        Token { kind: TokenKind::Scalar(style, text), span: Span::new(start as u32, end) }
    }

    pub(crate) fn plain(&mut self) -> Result<Token> {
        let start = self.pos;
        let mut end = start;
        let mut run = start;
        let mut text = None;
        let indent = self.indent + 1;
        let mut breaks = Breaks::default();
        let mut broken = false;
        loop {
            if self.at_document_indicator() || self.current() == b'#' {
                break;
            }
            while !self.is_blank_or_end(self.pos) {
                match self.current() {
                    b':' if self.is_blank_or_end(self.pos + 1) => break,
                    b',' | b'?' | b'[' | b']' | b'{' | b'}' if self.flow > 0 => break,
                    _ => {}
                }
                if broken {
                    text.get_or_insert(self.texts.len());
                    let line = self.slice(run, end);
                    self.texts.push_str(line);
                    breaks.fold(&mut self.texts);
                    run = self.pos;
                    broken = false;
                }
                self.advance();
                end = self.pos;
            }
            if !self.is_blank(self.pos) && !self.is_break(self.pos) {
                break;
            }
            loop {
                if self.is_blank(self.pos) {
                    if broken && self.column < indent && self.current() == b'\t' {
                        return Err(self
                            .problem(self.pos, "found a tab where YAML wants spaces")
                            .with_hint("indent with spaces"));
                    }
                    self.advance();
                } else if self.is_break(self.pos) {
                    let meaning = self.advance_line();
                    if broken {
                        breaks.more.push(meaning);
                    } else {
                        breaks.first = Some(meaning);
                        broken = true;
                    }
                } else {
                    break;
                }
            }
            if self.flow == 0 && self.column < indent {
                break;
            }
        }
        if text.is_some() {
            let line = self.slice(run, end);
            self.texts.push_str(line);
        }
        if broken {
            self.key_allowed = true;
        }
        Ok(self.token(Style::Plain, text, start, end))
    }

    pub(crate) fn quoted(&mut self, single: bool) -> Result<Token> {
        let start = self.pos;
        let quote = if single { b'\'' } else { b'"' };
        let from = self.texts.len();
        let mut breaks = Breaks::default();
        self.advance();
        loop {
            if self.is_end(self.pos) || self.at_document_indicator() {
                let first = self.slice(start, start + 1);
                let mut problem =
                    self.problem(start, format!("the quote `{first}` opened here is never closed"));
                problem.span.end = problem.span.start + 1;
                return Err(
                    problem.with_hint("close it, or write a quote inside the text twice (`''`) or as `\\\"`")
                );
            }
            let mut broken = false;
            while !self.is_blank_or_end(self.pos) {
                let c = self.current();
                if c == quote {
                    if single && self.byte(self.pos + 1) == b'\'' {
                        self.texts.push('\'');
                        self.advance();
                        self.advance();
                        continue;
                    }
                    break;
                }
                if !single && c == b'\\' {
                    if self.is_break(self.pos + 1) {
                        self.advance();
                        self.advance_line();
                        broken = true;
                        break;
                    }
                    self.escape()?;
                    continue;
                }
                let at = self.pos;
                self.advance();
                let character = self.slice(at, self.pos);
                self.texts.push_str(character);
            }
            if self.current() == quote {
                break;
            }
            let blanks = self.pos;
            let mut blanks_end = blanks;
            loop {
                if self.is_blank(self.pos) {
                    self.advance();
                    if !broken {
                        blanks_end = self.pos;
                    }
                } else if self.is_break(self.pos) {
                    let meaning = self.advance_line();
                    if broken {
                        breaks.more.push(meaning);
                    } else {
                        breaks.first = Some(meaning);
                        broken = true;
                    }
                } else {
                    break;
                }
            }
            if broken {
                breaks.fold(&mut self.texts);
            } else {
                let blanks = self.slice(blanks, blanks_end);
                self.texts.push_str(blanks);
            }
        }
        self.advance();
        let style = if single { Style::SingleQuoted } else { Style::DoubleQuoted };
        Ok(self.token(style, Some(from), start, self.pos))
    }

    /// Decodes the escape at the current place.
    fn escape(&mut self) -> Result<()> {
        let start = self.pos;
        self.advance();
        let c = self.current();
        let digits = match c {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        if digits == 0 {
            let meaning = match c {
                b'0' => '\0',
                b'a' => '\x07',
                b'b' => '\x08',
                b't' | b'\t' => '\t',
                b'n' => '\n',
                b'v' => '\x0B',
                b'f' => '\x0C',
                b'r' => '\r',
                b'e' => '\x1B',
                b' ' | b'"' | b'\'' | b'\\' => char::from(c),
                b'N' => '\u{85}',
                b'_' => '\u{A0}',
                b'L' => '\u{2028}',
                b'P' => '\u{2029}',
                _ => {
                    if !self.is_end(self.pos) {
                        self.advance();
                    }
                    let escape = self.slice(start, self.pos);
                    return Err(self
                        .problem(start, format!("unknown escape `{escape}`"))
                        .with_hint("write a backslash as `\\\\`, or use single quotes"));
                }
            };
            self.texts.push(meaning);
            self.advance();
            return Ok(());
        }
        self.advance();
        let mut value = 0u32;
        for _ in 0..digits {
            let Some(digit) = char::from(self.current()).to_digit(16) else {
                return self.error(start, format!("expected {digits} hexadecimal digits"));
            };
            value = value << 4 | digit;
            self.advance();
        }
        let Some(character) = char::from_u32(value) else {
            return Err(self
                .problem(start, "the escape is no Unicode character")
                .with_hint("write the character itself: YAML has no surrogate pairs"));
        };
        self.texts.push(character);
        Ok(())
    }

    pub(crate) fn block_scalar(&mut self, literal: bool) -> Result<Token> {
        let start = self.pos;
        self.advance();
        let mut chomp = None;
        let mut increment = 0;
        // Indentation and chomping in either order, each at most once.
        for _ in 0..2 {
            match self.current() {
                c @ (b'+' | b'-') if chomp.is_none() => chomp = Some(c),
                b'0' if increment == 0 => {
                    return self.error(start, "the indentation of a block text cannot be 0");
                }
                c @ b'1'..=b'9' if increment == 0 => increment = i32::from(c - b'0'),
                _ => break,
            }
            self.advance();
        }
        let mut end = self.pos;
        self.skip_blanks();
        if self.current() == b'#' {
            self.skip_comment();
            end = self.pos;
        }
        if !self.is_break_or_end(self.pos) {
            return Err(self
                .problem(self.pos, "expected the text of the block on the next line")
                .with_hint("put the text in quotes if it is not meant as a block"));
        }
        if self.is_break(self.pos) {
            self.advance_line();
        }
        let mut indent = if increment > 0 { self.indent.max(0) + increment } else { 0 };
        let from = self.texts.len();
        let mut trailing = String::new();
        let mut leading = None;
        let mut leading_blank = false;
        self.block_breaks(&mut indent, &mut trailing)?;
        while self.column == indent && !self.is_end(self.pos) {
            let blank = self.is_blank(self.pos);
            if !literal && leading == Some('\n') && !leading_blank && !blank {
                if trailing.is_empty() {
                    self.texts.push(' ');
                }
            } else {
                self.texts.extend(leading);
            }
            self.texts.push_str(&trailing);
            trailing.clear();
            leading_blank = blank;
            let line = self.pos;
            while !self.is_break_or_end(self.pos) {
                self.advance();
            }
            end = self.pos;
            let text = self.slice(line, end);
            self.texts.push_str(text);
            leading = self.is_break(self.pos).then(|| self.advance_line());
            self.block_breaks(&mut indent, &mut trailing)?;
        }
        if chomp != Some(b'-') {
            self.texts.extend(leading);
        }
        if chomp == Some(b'+') {
            self.texts.push_str(&trailing);
        }
        let style = if literal { Style::Literal } else { Style::Folded };
        Ok(self.token(style, Some(from), start, end))
    }

    /// Passes empty lines and indentation, and finds out the indentation where it is not known (0).
    fn block_breaks(&mut self, indent: &mut i32, breaks: &mut String) -> Result<()> {
        let mut widest = 0;
        loop {
            while (*indent == 0 || self.column < *indent) && self.current() == b' ' {
                self.advance();
            }
            widest = widest.max(self.column);
            if (*indent == 0 || self.column < *indent) && self.current() == b'\t' {
                return Err(self
                    .problem(self.pos, "found a tab where YAML wants spaces")
                    .with_hint("indent with spaces"));
            }
            if !self.is_break(self.pos) {
                break;
            }
            breaks.push(self.advance_line());
        }
        if *indent == 0 {
            *indent = widest.max(self.indent + 1).max(1);
        }
        Ok(())
    }
}
