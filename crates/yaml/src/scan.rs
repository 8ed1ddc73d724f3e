//! Bytes to tokens by the rules of libyaml as go.yaml.in/yaml/v2 has them (`scannerc.go`): indentation, simple keys,
//! flow levels and the lookahead that they need. Characters, scalars, tags
//! and directives are in files of their own.
//!
//! Places are byte offsets into the source. Columns and the 1024-character bound on keys count scalar values, as in Go.

mod chars;
mod scalar;
mod tag;

use std::collections::VecDeque;

use crate::document::{Span, Style};
use crate::problem::{Problem, ProblemKind};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    StreamEnd,
    /// `%YAML`: major and minor version.
    Version(u8, u8),
    /// `%TAG`: handle and prefix.
    TagDirective(Box<(String, String)>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    /// Handle (empty for `!<...>` and `!`) and suffix.
    Tag(Box<(String, String)>),
    /// The decoded text as a range of [`Scanner::texts`]; `None` where the raw slice is the text.
    Scalar(Style, Option<Span>),
}

/// A token with its place.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// A place where a key without `?` may have begun.
#[derive(Clone, Copy, Debug, Default)]
struct SimpleKey {
    possible: bool,
    /// Nothing but a key may stand there.
    required: bool,
    /// The number of its first token.
    token: usize,
    pos: usize,
    line: u32,
    column: i32,
    index: usize,
}

/// The scanner; see the head of this file.
#[derive(Debug)]
pub(crate) struct Scanner<'s> {
    source: &'s [u8],
    end: usize,
    /// The byte read at `end`: upstream's line reader ends every line with a newline, the last one too.
    last: u8,
    pub(crate) pos: usize,
    pub(crate) line: u32,
    pub(crate) column: i32,
    index: usize,
    pub(crate) flow: u32,
    pub(crate) indent: i32,
    indents: Vec<i32>,
    pub(crate) key_allowed: bool,
    keys: Vec<SimpleKey>,
    /// Token numbers of possible keys, ascending, with their place in `keys`.
    keys_by_token: VecDeque<(usize, usize)>,
    tokens: VecDeque<Token>,
    parsed: usize,
    available: bool,
    depth: usize,
    /// Decoded texts of scalars.
    pub(crate) texts: String,
}

type Result<T> = std::result::Result<T, Problem>;

/// Most characters between the start of a key and its `:`.
const KEY_LENGTH: usize = 1024;

impl<'s> Scanner<'s> {
    /// A scanner of the bytes of `source` at `range`, which must be UTF-8. `whole` is false if the range stops in the
    /// middle of a line, so that nothing may be read into its end.
    pub(crate) fn new(source: &'s [u8], range: Span, depth: u32, whole: bool) -> Self {
        let end = (range.end as usize).min(source.len());
        let mut pos = (range.start as usize).min(end);
        if source[pos..end].starts_with(b"\xef\xbb\xbf") {
            pos += 3;
        }
        let terminated = source[pos..end].last().is_none_or(|b| *b == b'\n');
        Self {
            source,
            end,
            last: if terminated || !whole { 0 } else { b'\n' },
            pos,
            line: 0,
            column: 0,
            index: 0,
            flow: 0,
            indent: -1,
            indents: Vec::new(),
            key_allowed: true,
            keys: vec![SimpleKey::default()],
            keys_by_token: VecDeque::new(),
            tokens: VecDeque::new(),
            parsed: 0,
            available: false,
            depth: depth as usize,
            texts: String::new(),
        }
    }

    /// The token that comes next.
    pub(crate) fn peek(&mut self) -> Result<&Token> {
        if !self.available {
            self.fetch_more()?;
        }
        self.tokens
            .front()
            .ok_or_else(|| Problem::new(ProblemKind::Syntax, Span::default(), "nothing to read"))
    }

    /// Takes the token that [`Self::peek`] showed.
    pub(crate) fn skip(&mut self) -> Option<Token> {
        self.available = false;
        self.parsed += 1;
        self.tokens.pop_front()
    }

    /// The bytes of a token.
    pub(crate) fn raw(&self, span: Span) -> &'s [u8] {
        self.source.get(span.range()).unwrap_or_default()
    }

    /// Whether the end of the range has been reached.
    pub(crate) fn at_end(&self) -> bool {
        self.pos >= self.end
    }

    /// The line of an offset, from 1.
    pub(crate) fn line_of(&self, offset: u32) -> usize {
        let before = &self.source[..(offset as usize).min(self.source.len())];
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    // Simple keys.

    fn key_valid(&mut self, slot: usize) -> Result<bool> {
        let Some(key) = self.keys.get(slot).copied() else {
            return Ok(false);
        };
        if !key.possible {
            return Ok(false);
        }
        if key.line < self.line || key.index + KEY_LENGTH < self.index {
            if key.required {
                return Err(self.missing_colon(key));
            }
            self.keys[slot].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn missing_colon(&self, key: SimpleKey) -> Problem {
        let span = self.rest_of_line(key.pos as u32);
        Problem::new(ProblemKind::Syntax, span, "expected a key with `:` behind it").with_hint(
            "write `key: value` with a blank behind the colon, or indent this line to continue the one above",
        )
    }

    fn save_key(&mut self) -> Result<()> {
        if !self.key_allowed {
            return Ok(());
        }
        self.remove_key()?;
        let token = self.parsed + self.tokens.len();
        let key = SimpleKey {
            possible: true,
            required: self.flow == 0 && self.indent == self.column,
            token,
            pos: self.pos,
            line: self.line,
            column: self.column,
            index: self.index,
        };
        let slot = self.keys.len() - 1;
        self.keys[slot] = key;
        self.keys_by_token.push_back((token, slot));
        Ok(())
    }

    fn remove_key(&mut self) -> Result<()> {
        let slot = self.keys.len() - 1;
        let key = self.keys[slot];
        if key.possible {
            if key.required {
                return Err(self.missing_colon(key));
            }
            self.keys[slot].possible = false;
            self.forget_key(key.token);
        }
        Ok(())
    }

    fn forget_key(&mut self, token: usize) {
        if let Ok(i) = self.keys_by_token.binary_search_by_key(&token, |entry| entry.0) {
            self.keys_by_token.remove(i);
        }
    }

    // Indentation.

    fn roll_indent(&mut self, column: i32, number: Option<usize>, kind: TokenKind, at: usize) -> Result<()> {
        if self.flow > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > self.depth {
            return Err(self.too_deep());
        }
        let token = Token { kind, span: Span::new(at as u32, at as u32) };
        match number {
            Some(number) => self.insert(number, token),
            None => self.tokens.push_back(token),
        }
        Ok(())
    }

    /// Puts a token before the one with that number. An empty flow collection loses its standing as a key in Go, is
    /// parsed too early, and what belongs before it then comes behind.
    fn insert(&mut self, number: usize, token: Token) {
        match number.checked_sub(self.parsed) {
            Some(at) if at <= self.tokens.len() => self.tokens.insert(at, token),
            _ => self.tokens.push_back(token),
        }
    }

    /// The problem of collections nested too deeply.
    pub(crate) fn too_deep(&self) -> Problem {
        let at = self.offset();
        let message = format!("nested more than {} levels deep", self.depth);
        Problem::new(ProblemKind::Limit, Span::new(at, at), message)
    }

    fn unroll_indent(&mut self, column: i32) {
        if self.flow > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.pos);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let span = Span::new(start.min(self.end) as u32, self.offset());
        self.tokens.push_back(Token { kind, span });
    }

    // Tokens.

    fn fetch_more(&mut self) -> Result<()> {
        loop {
            if !self.tokens.is_empty() {
                while self.keys_by_token.front().is_some_and(|(number, _)| *number < self.parsed) {
                    self.keys_by_token.pop_front();
                }
                match self.keys_by_token.front() {
                    Some(&(number, slot)) if number == self.parsed => {
                        if !self.key_valid(slot)? {
                            break;
                        }
                    }
                    _ => break,
                }
            }
            self.fetch_next()?;
        }
        self.available = true;
        Ok(())
    }

    fn fetch_next(&mut self) -> Result<()> {
        self.skip_to_token();
        self.unroll_indent(self.column);
        let start = self.pos;
        let next_is_blank = |s: &Self| s.is_blank_or_end(start + 1);
        match self.current() {
            0 => {
                if self.column != 0 {
                    self.column = 0;
                    self.line += 1;
                }
                self.unroll_indent(-1);
                self.remove_key()?;
                self.key_allowed = false;
                self.push(TokenKind::StreamEnd, start);
                Ok(())
            }
            b'%' if self.column == 0 => {
                self.unroll_indent(-1);
                self.remove_key()?;
                self.key_allowed = false;
                let (kind, end) = self.directive()?;
                self.tokens.push_back(Token { kind, span: Span::new(start as u32, end) });
                Ok(())
            }
            c @ (b'-' | b'.') if self.column == 0 && self.at_indicator(c) => {
                self.unroll_indent(-1);
                self.remove_key()?;
                self.key_allowed = false;
                (0..3).for_each(|_| self.advance());
                self.push(if c == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd }, start);
                Ok(())
            }
            b'[' => self.flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.flow_start(TokenKind::FlowMappingStart),
            b']' => self.flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.flow_end(TokenKind::FlowMappingEnd),
            b',' => {
                self.remove_key()?;
                self.key_allowed = true;
                self.advance();
                self.push(TokenKind::FlowEntry, start);
                Ok(())
            }
            b'-' if next_is_blank(self) => self.block_entry(),
            b'?' if self.flow > 0 || next_is_blank(self) => self.key(),
            b':' if self.flow > 0 || next_is_blank(self) => self.value(),
            c @ (b'*' | b'&') => {
                self.save_key()?;
                self.key_allowed = false;
                self.anchor(c == b'*')
            }
            b'!' => {
                self.save_key()?;
                self.key_allowed = false;
                let tag = self.tag()?;
                self.push(TokenKind::Tag(Box::new(tag)), start);
                Ok(())
            }
            c @ (b'|' | b'>') if self.flow == 0 => {
                self.remove_key()?;
                self.key_allowed = true;
                let token = self.block_scalar(c == b'|')?;
                self.tokens.push_back(token);
                Ok(())
            }
            c @ (b'\'' | b'"') => {
                self.save_key()?;
                self.key_allowed = false;
                let token = self.quoted(c == b'\'')?;
                self.tokens.push_back(token);
                Ok(())
            }
            c => {
                let plain = match c {
                    b'-' => !self.is_blank(start + 1),
                    b'?' | b':' => self.flow == 0,
                    b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => false,
                    _ => !self.is_blank_or_end(start),
                };
                if !plain {
                    return Err(self.cannot_start(c));
                }
                self.save_key()?;
                self.key_allowed = false;
                let token = self.plain()?;
                self.tokens.push_back(token);
                Ok(())
            }
        }
    }

    fn cannot_start(&self, c: u8) -> Problem {
        match c {
            b'\t' => {
                self.problem(self.pos, "found a tab where YAML wants spaces").with_hint("indent with spaces")
            }
            _ => self
                .problem(self.pos, format!("`{}` cannot begin a value", char::from(c)))
                .with_hint("put the text in quotes"),
        }
    }

    fn skip_to_token(&mut self) {
        loop {
            while self.current() == b' ' || self.current() == b'\t' && (self.flow > 0 || !self.key_allowed) {
                self.advance();
            }
            self.skip_comment();
            if !self.is_break(self.pos) {
                return;
            }
            self.advance_line();
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn flow_start(&mut self, kind: TokenKind) -> Result<()> {
        self.save_key()?;
        let token = self.parsed + self.tokens.len();
        self.keys.push(SimpleKey { token, ..SimpleKey::default() });
        self.flow += 1;
        if self.flow as usize > self.depth {
            return Err(self.too_deep());
        }
        self.key_allowed = true;
        let start = self.pos;
        self.advance();
        self.push(kind, start);
        Ok(())
    }

    fn flow_end(&mut self, kind: TokenKind) -> Result<()> {
        self.remove_key()?;
        if self.flow > 0 {
            self.flow -= 1;
            if let Some(key) = self.keys.pop() {
                self.forget_key(key.token);
            }
        }
        self.key_allowed = false;
        let start = self.pos;
        self.advance();
        self.push(kind, start);
        Ok(())
    }

    fn block_entry(&mut self) -> Result<()> {
        let start = self.pos;
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(self
                    .problem(start, "a list item is not allowed here")
                    .with_hint("begin the list on a line of its own, or put the text in quotes"));
            }
            self.roll_indent(self.column, None, TokenKind::BlockSequenceStart, start)?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.advance();
        self.push(TokenKind::BlockEntry, start);
        Ok(())
    }

    fn key(&mut self) -> Result<()> {
        let start = self.pos;
        if self.flow == 0 {
            if !self.key_allowed {
                return self.error(start, "a mapping key is not allowed here");
            }
            self.roll_indent(self.column, None, TokenKind::BlockMappingStart, start)?;
        }
        self.remove_key()?;
        self.key_allowed = self.flow == 0;
        self.advance();
        self.push(TokenKind::Key, start);
        Ok(())
    }

    fn value(&mut self) -> Result<()> {
        let start = self.pos;
        let slot = self.keys.len() - 1;
        if self.key_valid(slot)? {
            let key = self.keys[slot];
            let at = Span::new(key.pos as u32, key.pos as u32);
            self.insert(key.token, Token { kind: TokenKind::Key, span: at });
            self.roll_indent(key.column, Some(key.token), TokenKind::BlockMappingStart, key.pos)?;
            self.keys[slot].possible = false;
            self.forget_key(key.token);
            self.key_allowed = false;
        } else {
            if self.flow == 0 {
                if !self.key_allowed {
                    return Err(self.problem(start, "mapping values are not allowed here").with_hint(
                        "check the indentation; a text with a colon and a blank in it needs quotes",
                    ));
                }
                self.roll_indent(self.column, None, TokenKind::BlockMappingStart, start)?;
            }
            self.key_allowed = self.flow == 0;
        }
        self.advance();
        self.push(TokenKind::Value, start);
        Ok(())
    }
}

/// What names of anchors, tags and directives are made of.
pub(crate) fn is_alpha(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-')
}
