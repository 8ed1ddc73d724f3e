//! Flow collections of the fast reader.

use super::{Fast, KEY_BYTES, Stop, text};
use crate::document::{Kind, NodeId, Style};
use crate::scalar::{Scalar, resolve_plain};

struct Open {
    id: NodeId,
    count: u32,
    sequence: bool,
}

/// What may come next inside of a flow collection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// An entry or the closing bracket.
    Entry,
    /// What follows a `:` at this offset's end.
    Value(usize),
    /// A comma or the closing bracket.
    Separator,
}

impl<'s> Fast<'s> {
    /// Adds the flow collection at `at` and goes behind its closing bracket.
    pub(super) fn flow(&mut self) -> Option<()> {
        let mut open: Vec<Open> = Vec::new();
        self.flow_open(&mut open)?;
        let mut state = State::Entry;
        while let Some(top) = open.last_mut() {
            self.flow_space()?;
            let byte = self.byte(self.at)?;
            let closes = byte == if top.sequence { b']' } else { b'}' };
            match state {
                State::Entry | State::Separator if closes => {
                    self.at += 1;
                    self.end = self.at;
                    self.builder.close(top.id, top.count, self.base + self.at as u32);
                    open.pop();
                    state = State::Separator;
                }
                State::Separator => {
                    if byte != b',' {
                        return None;
                    }
                    self.at += 1;
                    state = State::Entry;
                }
                State::Entry if top.sequence => {
                    top.count += 1;
                    state = self.flow_node(&mut open)?;
                }
                State::Entry => {
                    top.count += 1;
                    state = State::Value(self.flow_key()?);
                }
                State::Value(mark) if closes || byte == b',' => {
                    self.push_null(mark);
                    state = State::Separator;
                }
                State::Value(_) => state = self.flow_node(&mut open)?,
            }
        }
        Some(())
    }

    fn flow_open(&mut self, open: &mut Vec<Open>) -> Option<()> {
        if self.frames.len() + open.len() >= self.depth {
            return None;
        }
        let sequence = self.byte(self.at)? == b'[';
        let kind = if sequence { Kind::Sequence } else { Kind::Mapping };
        let id = self.builder.open(kind, Style::Flow, self.base + self.at as u32);
        open.push(Open { id, count: 0, sequence });
        self.at += 1;
        Some(())
    }

    /// Passes spaces, line ends and comments.
    fn flow_space(&mut self) -> Option<()> {
        loop {
            match self.byte(self.at)? {
                b' ' => self.at += 1,
                b'\n' | b'\r' => self.at = self.next_line(self.at),
                b'#' if self.blankz_at(self.at - 1) => self.at = self.next_line(self.at),
                b'\t' | b'#' => return None,
                _ => return Some(()),
            }
        }
    }

    /// Adds the node at `at`, or opens it if it is a collection.
    fn flow_node(&mut self, open: &mut Vec<Open>) -> Option<State> {
        let start = self.at;
        match self.byte(start)? {
            b'[' | b'{' => {
                self.flow_open(open)?;
                return Some(State::Entry);
            }
            quote @ (b'"' | b'\'') => {
                self.flow_quoted(quote)?;
            }
            _ => {
                let (end, text) = self.flow_plain(start)?;
                let value = resolve_plain(text);
                if value == Scalar::NotFinite {
                    return None;
                }
                self.builder.scalar(value, Style::Plain, self.span(start, end));
                self.end = end;
                return Some(State::Separator);
            }
        }
        self.end = self.at;
        Some(State::Separator)
    }

    fn flow_quoted(&mut self, quote: u8) -> Option<bool> {
        let start = self.at;
        let text_start = self.builder.arena().len() as u32;
        let one_line = self.quoted(quote)?;
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        let span = self.span(start, self.at);
        self.builder.scalar_from_arena(Scalar::String, style, span, text_start);
        Some(one_line)
    }

    /// The end of the plain scalar at `start` and its text.
    fn flow_plain(&mut self, start: usize) -> Option<(usize, &'s str)> {
        let first = self.byte(start)?;
        let alone =
            |at| self.blankz_at(at) || matches!(self.byte(at), Some(b',' | b'[' | b']' | b'{' | b'}'));
        if !text::may_start_plain(first) || first == b'-' && alone(start + 1) {
            return None;
        }
        let (end, stop) = self.plain_in_flow(start);
        // A `:` before an indicator is read differently by different libraries.
        if stop == Stop::Flow && self.bytes[end - 1] == b':' {
            return None;
        }
        let text = self.text.get(start..end)?;
        if text == "<<" || text.starts_with("...") {
            return None;
        }
        Some((end, text))
    }

    /// Adds the key at `at` and goes behind its `:`; returns where that is.
    fn flow_key(&mut self) -> Option<usize> {
        let start = self.at;
        if let quote @ (b'"' | b'\'') = self.byte(start)? {
            if !self.flow_quoted(quote)? {
                return None;
            }
            while self.blank_at(self.at) {
                self.at += 1;
            }
            if self.byte(self.at) != Some(b':') {
                return None;
            }
        } else {
            let (end, text) = self.flow_plain(start)?;
            if self.byte(self.at) != Some(b':') {
                return None;
            }
            let value = Self::resolve_key(text)?;
            self.builder.scalar(value, Style::Plain, self.span(start, end));
        }
        if self.at - start > KEY_BYTES {
            return None;
        }
        self.at += 1;
        Some(self.at)
    }
}
