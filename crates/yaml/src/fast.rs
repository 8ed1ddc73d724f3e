//! The fast reader: the subset of YAML that manifests use. It declines whatever is outside of that subset, or doubtful,
//! and leaves it and every error to the complete reader; what it accepts it reads as go.yaml.in/yaml/v2 does.

mod flow;
mod text;

use std::sync::Arc;

use crate::builder::Builder;
use crate::document::{Document, Kind, NodeId, Span, Style};
use crate::scalar::{Scalar, resolve_plain};
use crate::stream::Limits;

/// Nested collections that are read here; deeper ones are left to the complete reader.
const DEPTH: usize = 64;

/// Bytes of a key. go-yaml counts 1,024 characters up to the `:`.
const KEY_BYTES: usize = 1024;

/// The document at `range`, or `None` if it is not for this reader. `scratch` is memory to reuse; it is given back when
/// the document is declined.
pub(crate) fn read(
    source: &Arc<[u8]>,
    range: Span,
    limits: Limits,
    scratch: &mut Option<Document>,
) -> Option<Document> {
    let chunk = source.get(range.range())?;
    if has_doubtful_bytes(chunk) {
        return None;
    }
    let text = std::str::from_utf8(chunk).ok()?;
    let mut builder = match scratch.take() {
        Some(old) => Builder::reuse(old, Arc::clone(source), range, false),
        None => Builder::new(Arc::clone(source), range, false),
    };
    builder.keep(text);
    let mut fast = Fast {
        text,
        bytes: chunk,
        base: range.start,
        line: 0,
        at: 0,
        end: 0,
        depth: DEPTH.min(limits.depth as usize),
        frames: Vec::with_capacity(16),
        builder,
    };
    if fast.document().is_some() {
        Some(fast.builder.finish())
    } else {
        *scratch = Some(fast.builder.abandon());
        None
    }
}

/// Whether there are control characters, line ends other than LF and CRLF, byte order marks, or characters that YAML
/// does not allow. The first pass only asks whether a closer look is needed, without branches.
fn has_doubtful_bytes(chunk: &[u8]) -> bool {
    let mut control = 0;
    let mut high = 0;
    for &byte in chunk {
        control |= u8::from(byte < 0x20) & u8::from(byte != b'\n') | u8::from(byte == 0x7F);
        high |= byte;
    }
    let (control, high) = (control != 0, high >= 0x80);
    control && has_doubtful_controls(chunk) || high && has_doubtful_characters(chunk)
}

fn has_doubtful_controls(chunk: &[u8]) -> bool {
    chunk.iter().enumerate().any(|(i, byte)| match byte {
        b'\r' => chunk.get(i + 1) != Some(&b'\n'),
        b'\n' | b'\t' => false,
        _ => *byte < 0x20 || *byte == 0x7F,
    })
}

fn has_doubtful_characters(chunk: &[u8]) -> bool {
    memchr::memchr3_iter(0xC2, 0xE2, 0xEF, chunk).any(|at| {
        matches!(
            chunk[at..],
            // U+0080 to U+009F, which has NEL; the line and paragraph separators; the byte order mark; noncharacters.
            [0xC2, 0x80..=0x9F, ..]
                | [0xE2, 0x80, 0xA8 | 0xA9, ..]
                | [0xEF, 0xBB, 0xBF, ..]
                | [0xEF, 0xBF, 0xBE | 0xBF, ..]
        )
    })
}

/// An open block collection.
#[derive(Clone, Copy)]
struct Frame {
    id: NodeId,
    /// Column of its keys or dashes.
    indent: usize,
    count: u32,
    sequence: bool,
}

/// What comes next within an entry.
enum Step {
    /// `at` is behind a `:`.
    Value,
    /// `at` is behind a `-`.
    Item,
    /// `at` is at the first byte of a node; block collections may begin here if `compact`.
    Node { compact: bool },
    /// The entry is complete, and `at` is at the start of a line.
    Done,
}

/// How a plain scalar's line ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// With the line, or the chunk.
    Line,
    /// At a `:` that makes it a key.
    Colon,
    /// At a comment.
    Comment,
    /// At a byte that means something in flow collections.
    Flow,
}

/// Offsets are relative to the chunk; `None` from any method declines the document.
struct Fast<'s> {
    text: &'s str,
    bytes: &'s [u8],
    base: u32,
    /// Start of the current line.
    line: usize,
    at: usize,
    /// End of the last scalar, flow collection or value that is not written.
    end: usize,
    depth: usize,
    frames: Vec<Frame>,
    builder: Builder,
}

impl Fast<'_> {
    #[inline]
    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[inline]
    fn blank_at(&self, at: usize) -> bool {
        matches!(self.byte(at), Some(b' ' | b'\t'))
    }

    /// Whether a blank, a line end or the end of the chunk is there.
    #[inline]
    fn blankz_at(&self, at: usize) -> bool {
        matches!(self.byte(at), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    #[inline]
    fn dash_at(&self, at: usize) -> bool {
        self.byte(at) == Some(b'-') && self.blankz_at(at + 1)
    }

    #[inline]
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.base + start as u32, self.base + end as u32)
    }

    /// The start of the line behind the one that `at` is in.
    #[inline]
    fn next_line(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        if rest.first() == Some(&b'\n') {
            return at + 1;
        }
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |i| at + i + 1)
    }

    /// The end of the line that `at` is in, without its line end.
    #[inline]
    fn line_end(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        memchr::memchr2(b'\n', b'\r', rest).map_or(self.bytes.len(), |i| at + i)
    }

    /// The least column of what is nested in the innermost block collection.
    #[inline]
    fn minimum(&self) -> usize {
        self.frames.last().map_or(0, |f| f.indent + 1)
    }

    fn document(&mut self) -> Option<()> {
        if self.next_content()? {
            self.entry(Step::Node { compact: true })?;
        }
        while self.next_content()? {
            self.unroll(self.at - self.line)?;
            let frame = self.frames.last_mut()?;
            frame.count += 1;
            if frame.sequence {
                self.at += 1;
                self.entry(Step::Item)?;
            } else {
                self.key()?;
                self.entry(Step::Value)?;
            }
        }
        while let Some(frame) = self.frames.pop() {
            self.close(frame);
        }
        Some(())
    }

    fn close(&mut self, frame: Frame) {
        self.builder.close(frame.id, frame.count, self.base + self.end as u32);
    }

    /// Closes what ends before a token at `column`, so that the top frame is the one the token belongs to.
    fn unroll(&mut self, column: usize) -> Option<()> {
        loop {
            let frame = *self.frames.last()?;
            if column > frame.indent {
                return None;
            }
            if column == frame.indent && frame.sequence == self.dash_at(self.at) {
                return Some(());
            }
            // A sequence at the indentation of its mapping ends at the mapping's next key; a dash needs a sequence.
            if column == frame.indent && !frame.sequence {
                return None;
            }
            self.frames.pop();
            self.close(frame);
        }
    }

    /// From the start of a line to the next byte that is neither blank nor comment; whether there is one.
    #[inline]
    fn next_content(&mut self) -> Option<bool> {
        let mut at = self.at;
        loop {
            self.line = at;
            while self.byte(at) == Some(b' ') {
                at += 1;
            }
            match self.byte(at) {
                Some(b'\n') => at += 1,
                Some(b'#' | b'\r') => at = self.next_line(at),
                Some(b'\t') => return None,
                found => {
                    self.at = at;
                    return Some(found.is_some());
                }
            }
        }
    }

    /// From `at`, behind a value, to the start of the next line; only blanks and a comment may stand between.
    #[inline]
    fn rest_of_line(&mut self) -> Option<()> {
        let mut at = self.at;
        while self.blank_at(at) {
            at += 1;
        }
        match self.byte(at) {
            None => {}
            Some(b'\n') => at += 1,
            Some(b'\r') => at = self.next_line(at),
            Some(b'#') if self.blank_at(at - 1) => at = self.next_line(at),
            _ => return None,
        }
        self.at = at;
        self.line = at;
        Some(())
    }

    fn entry(&mut self, mut step: Step) -> Option<()> {
        loop {
            step = match step {
                Step::Value => self.behind_indicator(false)?,
                Step::Item => self.behind_indicator(true)?,
                Step::Node { compact } => self.node(compact)?,
                Step::Done => return Some(()),
            };
        }
    }

    fn push_frame(&mut self, sequence: bool, indent: usize, at: usize) -> Option<()> {
        if self.frames.len() >= self.depth {
            return None;
        }
        let kind = if sequence { Kind::Sequence } else { Kind::Mapping };
        let id = self.builder.open(kind, Style::Block, self.base + at as u32);
        self.frames.push(Frame { id, indent, count: 1, sequence });
        Some(())
    }

    fn push_null(&mut self, at: usize) {
        let span = self.span(at, at);
        self.builder.scalar(Scalar::Null, Style::Plain, span);
        self.end = at;
    }

    #[inline]
    fn behind_indicator(&mut self, item: bool) -> Option<Step> {
        let mark = self.at;
        let mut at = mark;
        while self.byte(at) == Some(b' ') {
            at += 1;
        }
        self.at = at;
        if !matches!(self.byte(at), None | Some(b'\n' | b'\r' | b'#')) {
            return Some(Step::Node { compact: item });
        }
        // The value is on the lines below, if anywhere.
        self.at = self.next_line(at);
        if self.next_content()? {
            let column = self.at - self.line;
            if column >= self.minimum() {
                return Some(Step::Node { compact: true });
            }
            if !item && column + 1 == self.minimum() && self.dash_at(self.at) {
                self.push_frame(true, column, self.at)?;
                self.at += 1;
                return Some(Step::Item);
            }
        }
        self.push_null(mark);
        self.at = self.line;
        Some(Step::Done)
    }

    #[inline]
    fn node(&mut self, compact: bool) -> Option<Step> {
        let start = self.at;
        let column = start - self.line;
        match self.byte(start)? {
            b'-' if self.blankz_at(start + 1) => {
                if !compact {
                    return None;
                }
                self.push_frame(true, column, start)?;
                self.at += 1;
                Some(Step::Item)
            }
            b'[' | b'{' => {
                self.flow()?;
                self.rest_of_line()?;
                Some(Step::Done)
            }
            b'|' | b'>' => {
                self.block_scalar()?;
                Some(Step::Done)
            }
            quote @ (b'"' | b'\'') => {
                let text_start = self.builder.arena().len() as u32;
                let one_line = self.quoted(quote)?;
                let span = self.span(start, self.at);
                let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
                if self.colon_follows() {
                    if !compact || !one_line {
                        return None;
                    }
                    self.push_frame(false, column, start)?;
                    self.builder.scalar_from_arena(Scalar::String, style, span, text_start);
                    return self.behind_key(start);
                }
                if self.frames.is_empty() {
                    return None;
                }
                self.builder.scalar_from_arena(Scalar::String, style, span, text_start);
                self.end = self.at;
                self.rest_of_line()?;
                Some(Step::Done)
            }
            first => {
                if !text::may_start_plain(first) {
                    return None;
                }
                let (end, stop) = self.plain_line(start);
                if stop == Stop::Colon {
                    if !compact {
                        return None;
                    }
                    self.push_frame(false, column, start)?;
                    self.push_plain_key(start, end)?;
                    return self.behind_key(start);
                }
                if self.frames.is_empty() {
                    return None;
                }
                self.plain_value(start, end, stop)?;
                Some(Step::Done)
            }
        }
    }

    /// Whether blanks and a `:` that makes a key of what is before `at` follow.
    fn colon_follows(&mut self) -> bool {
        let mut at = self.at;
        while self.blank_at(at) {
            at += 1;
        }
        let found = self.byte(at) == Some(b':') && self.blankz_at(at + 1);
        if found {
            self.at = at;
        }
        found
    }

    /// At the `:` of a key that began at `start`: on to what is behind it.
    fn behind_key(&mut self, start: usize) -> Option<Step> {
        if self.at - start > KEY_BYTES {
            return None;
        }
        self.at += 1;
        Some(Step::Value)
    }

    /// What a plain scalar resolves to if it may be a key: JSON cannot hold null and infinity there, nor sigs.k8s.io/yaml
    /// integers that fit only u64.
    #[inline]
    fn resolve_key(text: &str) -> Option<Scalar> {
        let value = resolve_plain(text);
        let doubtful = match value {
            Scalar::Null | Scalar::NotFinite => true,
            Scalar::Int => text.len() > 16,
            _ => text == "<<" || text.starts_with("..."),
        };
        (!doubtful).then_some(value)
    }

    #[inline]
    fn push_plain_key(&mut self, start: usize, end: usize) -> Option<()> {
        let text = self.text.get(start..end)?;
        let value = Self::resolve_key(text)?;
        let span = self.span(start, end);
        self.builder.scalar(value, Style::Plain, span);
        Some(())
    }

    /// A key of the mapping on top, from its first byte to behind its `:`.
    #[inline]
    fn key(&mut self) -> Option<()> {
        let start = self.at;
        match self.byte(start)? {
            quote @ (b'"' | b'\'') => {
                let text_start = self.builder.arena().len() as u32;
                let one_line = self.quoted(quote)?;
                let span = self.span(start, self.at);
                if !one_line || !self.colon_follows() {
                    return None;
                }
                let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
                self.builder.scalar_from_arena(Scalar::String, style, span, text_start);
            }
            first => {
                if !text::may_start_plain(first) {
                    return None;
                }
                let (end, stop) = self.plain_line(start);
                if stop != Stop::Colon {
                    return None;
                }
                self.push_plain_key(start, end)?;
            }
        }
        self.behind_key(start).map(|_| ())
    }
}

#[cfg(test)]
mod tests;
