//! Scalars of the fast reader: plain, quoted and block.

use super::{Fast, Stop};
use crate::document::Style;
use crate::scalar::{Scalar, resolve_plain};

/// Bytes at which a plain scalar may end.
const PLAIN: u8 = 1;
/// Bytes at which a plain scalar in a flow collection ends besides.
const FLOW: u8 = 2;
/// Bytes that cannot begin a plain scalar. `-`, `?` and `:` could, but only `-` is worth telling apart.
const START: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let sets: [(&[u8], u8); 3] =
        [(b"\n\r:#", PLAIN), (b",[]{}?", FLOW), (b" \t\r\n?:,[]{}#&*!|>'\"%@`", START)];
    let mut i = 0;
    while i < sets.len() {
        let mut j = 0;
        while j < sets[i].0.len() {
            table[sets[i].0[j] as usize] |= sets[i].1;
            j += 1;
        }
        i += 1;
    }
    table
};

/// Whether a plain scalar may begin with this byte; a `-` must not be followed by a blank.
#[inline]
pub(super) fn may_start_plain(byte: u8) -> bool {
    CLASSES[byte as usize] & START == 0
}

impl Fast<'_> {
    /// The end of the plain scalar's text on this line, without trailing blanks, and what ends it; `at` moves there.
    #[inline]
    pub(super) fn plain_line(&mut self, start: usize) -> (usize, Stop) {
        self.plain(start, PLAIN)
    }

    /// As [`Self::plain_line`] inside of a flow collection.
    pub(super) fn plain_in_flow(&mut self, start: usize) -> (usize, Stop) {
        self.plain(start, PLAIN | FLOW)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the mask is constant in both callers")]
    fn plain(&mut self, start: usize, mask: u8) -> (usize, Stop) {
        let mut at = start;
        let stop = loop {
            while at < self.bytes.len() && CLASSES[self.bytes[at] as usize] & mask == 0 {
                at += 1;
            }
            match self.byte(at) {
                None | Some(b'\n' | b'\r') => break Stop::Line,
                Some(b':') => {
                    if self.blankz_at(at + 1) {
                        break Stop::Colon;
                    }
                }
                Some(b'#') => {
                    if at > start && self.blank_at(at - 1) {
                        break Stop::Comment;
                    }
                }
                Some(_) => break Stop::Flow,
            }
            at += 1;
        };
        self.at = at;
        let mut end = at;
        while end > start && matches!(self.bytes[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        (end, stop)
    }

    /// Adds the plain value whose first line is known, reads its other lines, and goes to the start of a line.
    #[inline]
    pub(super) fn plain_value(&mut self, start: usize, end: usize, stop: Stop) -> Option<()> {
        if stop == Stop::Comment {
            self.at = self.next_line(self.at);
        } else {
            self.at = self.next_line(self.at);
            if self.continues()? {
                return self.plain_lines(start, end);
            }
        }
        self.line = self.at;
        let text = self.text.get(start..end)?;
        let value = resolve_plain(text);
        if value == Scalar::NotFinite || text == "<<" {
            return None;
        }
        let span = self.span(start, end);
        self.builder.scalar(value, Style::Plain, span);
        self.end = end;
        Some(())
    }

    /// Whether the line at `at`, or the first behind it that is not blank, continues a plain scalar.
    #[inline]
    fn continues(&self) -> Option<bool> {
        let minimum = self.minimum();
        let mut line = self.at;
        loop {
            let mut at = line;
            while self.byte(at) == Some(b' ') {
                at += 1;
            }
            match self.byte(at) {
                None | Some(b'#') => return Some(false),
                Some(b'\n') => line = at + 1,
                Some(b'\r') => line = at + 2,
                Some(b'\t') => return None,
                Some(_) => return Some(at - line >= minimum),
            }
        }
    }

    /// A plain scalar of several lines: single line ends become spaces, blank lines become line ends.
    fn plain_lines(&mut self, start: usize, first_end: usize) -> Option<()> {
        let text = self.text;
        let arena = self.builder.arena();
        let text_start = arena.len();
        arena.push_str(text.get(start..first_end)?);
        let mut end = first_end;
        loop {
            let mut breaks = 1;
            let mut line = self.at;
            let from = loop {
                let mut at = line;
                while self.byte(at) == Some(b' ') {
                    at += 1;
                }
                match self.byte(at)? {
                    b'\n' | b'\r' => {
                        breaks += 1;
                        line = self.next_line(at);
                    }
                    _ => break at,
                }
            };
            let (line_end, stop) = self.plain_line(from);
            if stop == Stop::Colon {
                return None;
            }
            end = end.max(line_end);
            let arena = self.builder.arena();
            push_breaks(arena, breaks);
            arena.push_str(text.get(from..line_end)?);
            self.at = self.next_line(self.at);
            if stop == Stop::Comment || !self.continues()? {
                break;
            }
        }
        self.line = self.at;
        let value = resolve_plain(self.builder.arena().get(text_start..)?);
        if value != Scalar::String {
            return None;
        }
        let span = self.span(start, end);
        self.builder.scalar_from_arena(value, Style::Plain, span, text_start as u32);
        self.end = end;
        Some(())
    }

    /// Decodes the quoted scalar at `at` into the arena and goes behind it; whether it is on one line.
    #[inline]
    pub(super) fn quoted(&mut self, quote: u8) -> Option<bool> {
        let text = self.text;
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.byte(at)? {
                b if b == quote => break,
                b'\\' if quote == b'"' => return self.quoted_slow(quote, start, at),
                b'\n' | b'\r' => return self.quoted_slow(quote, start, at),
                _ => at += 1,
            }
        }
        if quote == b'\'' && self.byte(at + 1) == Some(b'\'') {
            return self.quoted_slow(quote, start, at);
        }
        self.builder.arena().push_str(text.get(start..at)?);
        self.at = at + 1;
        Some(true)
    }

    /// The rest of [`Self::quoted`] from the first byte at `at` that needs decoding.
    fn quoted_slow(&mut self, quote: u8, start: usize, mut at: usize) -> Option<bool> {
        let text = self.text;
        let floor = self.builder.arena().len();
        let mut run = start;
        let mut one_line = true;
        // Blanks before this length of the arena are kept at a line end: they come from escapes.
        let mut solid = floor;
        loop {
            match self.byte(at)? {
                b'\'' if quote == b'\'' && self.byte(at + 1) == Some(b'\'') => {
                    let arena = self.builder.arena();
                    arena.push_str(text.get(run..=at)?);
                    solid = arena.len();
                    at += 2;
                    run = at;
                }
                b if b == quote => {
                    self.builder.arena().push_str(text.get(run..at)?);
                    self.at = at + 1;
                    return Some(one_line);
                }
                b'\\' if quote == b'"' => {
                    self.builder.arena().push_str(text.get(run..at)?);
                    if matches!(self.byte(at + 1), Some(b'\n' | b'\r')) {
                        let (next, breaks) = self.fold(self.next_line(at))?;
                        let arena = self.builder.arena();
                        arena.extend(std::iter::repeat_n('\n', breaks));
                        solid = arena.len();
                        one_line = false;
                        at = next;
                    } else {
                        let (decoded, length) = escape(&self.bytes[at + 1..])?;
                        let arena = self.builder.arena();
                        arena.push(decoded);
                        solid = arena.len();
                        at += 1 + length;
                    }
                    run = at;
                }
                b'\n' | b'\r' => {
                    let arena = self.builder.arena();
                    arena.push_str(text.get(run..at)?);
                    let kept = arena.get(solid..)?.trim_end_matches([' ', '\t']).len();
                    arena.truncate(solid + kept);
                    let (next, breaks) = self.fold(self.next_line(at))?;
                    let arena = self.builder.arena();
                    push_breaks(arena, breaks + 1);
                    solid = arena.len();
                    one_line = false;
                    at = next;
                    run = at;
                }
                _ => at += 1,
            }
        }
    }

    /// From the start of a line inside of quotes to the first byte that is not blank: where, and the line ends passed.
    fn fold(&mut self, mut at: usize) -> Option<(usize, usize)> {
        let mut breaks = 0;
        loop {
            self.line = at;
            while self.blank_at(at) {
                at += 1;
            }
            match self.byte(at)? {
                b'\n' | b'\r' => {
                    breaks += 1;
                    at = self.next_line(at);
                }
                // Possibly a document marker.
                b'-' | b'.' if at == self.line => return None,
                _ => return Some((at, breaks)),
            }
        }
    }

    /// Adds the block scalar at `at` and goes to the start of the line behind it.
    pub(super) fn block_scalar(&mut self) -> Option<()> {
        let text = self.text;
        let start = self.at;
        let literal = self.bytes[start] == b'|';
        let mut at = start + 1;
        let mut chomp = 0u8;
        let mut increment = 0;
        for _ in 0..2 {
            match self.byte(at) {
                Some(sign @ (b'+' | b'-')) if chomp == 0 => chomp = sign,
                Some(digit @ b'1'..=b'9') if increment == 0 => increment = usize::from(digit - b'0'),
                _ => break,
            }
            at += 1;
        }
        let header_end = at;
        while self.blank_at(at) {
            at += 1;
        }
        // Where there is no text, the scalar is its header.
        let mut end = match self.byte(at) {
            None | Some(b'\n' | b'\r') => header_end,
            Some(b'#') if at > header_end => self.line_end(at),
            _ => return None,
        };
        let minimum = self.minimum();
        let mut indent = if increment > 0 { minimum.saturating_sub(1) + increment } else { 0 };
        let text_start = self.builder.arena().len();

        let mut line = self.next_line(at);
        let mut breaks = 0;
        (line, at) = self.block_breaks(line, indent, &mut breaks)?;
        if indent == 0 {
            // Blank lines that are wider than the first line with text end the scalar at once: not for here.
            indent = (at - line).max(minimum).max(1);
        }
        let mut leading_break = false;
        let mut leading_blank = false;
        while at - line == indent && at < self.bytes.len() {
            let blank = self.blank_at(at);
            let line_end = self.line_end(at);
            let content = text.get(at..line_end)?;
            let arena = self.builder.arena();
            if !literal && !leading_blank && !blank && leading_break {
                if breaks == 0 {
                    arena.push(' ');
                }
            } else if leading_break {
                arena.push('\n');
            }
            arena.extend(std::iter::repeat_n('\n', breaks));
            breaks = 0;
            leading_blank = blank;
            arena.push_str(content);
            end = line_end;
            leading_break = true;
            (line, at) = self.block_breaks(self.next_line(line_end), indent, &mut breaks)?;
        }
        let arena = self.builder.arena();
        if chomp != b'-' && leading_break {
            arena.push('\n');
        }
        if chomp == b'+' {
            arena.extend(std::iter::repeat_n('\n', breaks));
        }
        self.at = line;
        self.line = line;
        let style = if literal { Style::Literal } else { Style::Folded };
        let span = self.span(start, end);
        self.builder.scalar_from_arena(Scalar::String, style, span, text_start as u32);
        self.end = end;
        Some(())
    }

    /// Passes blank lines of a block scalar (`indent` 0: not known yet); the start of the first line that is not blank
    /// and where its indentation ends. The last line counts as ended even if it is not, as upstream ends it.
    #[inline]
    fn block_breaks(&self, mut line: usize, indent: usize, breaks: &mut usize) -> Option<(usize, usize)> {
        let mut widest = 0;
        loop {
            let mut at = line;
            while self.byte(at) == Some(b' ') && (indent == 0 || at - line < indent) {
                at += 1;
            }
            match self.byte(at) {
                Some(b'\n' | b'\r') => {
                    widest = widest.max(at - line);
                    *breaks += 1;
                    line = self.next_line(at);
                }
                None => {
                    *breaks += usize::from(at > line);
                    return Some((at, at));
                }
                Some(b'\t') if indent == 0 || at - line < indent => return None,
                Some(_) if indent == 0 && widest > at - line => return None,
                Some(_) => return Some((line, at)),
            }
        }
    }
}

/// What `count` line ends in a folded scalar become.
fn push_breaks(arena: &mut String, count: usize) {
    if count == 1 {
        arena.push(' ');
    } else {
        arena.extend(std::iter::repeat_n('\n', count - 1));
    }
}

/// What an escape behind its `\` stands for, and its length.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let digits = match bytes.first()? {
        b'0' => return Some(('\0', 1)),
        b'a' => return Some(('\x07', 1)),
        b'b' => return Some(('\x08', 1)),
        b't' | b'\t' => return Some(('\t', 1)),
        b'n' => return Some(('\n', 1)),
        b'v' => return Some(('\x0B', 1)),
        b'f' => return Some(('\x0C', 1)),
        b'r' => return Some(('\r', 1)),
        b'e' => return Some(('\x1B', 1)),
        b' ' => return Some((' ', 1)),
        b'"' => return Some(('"', 1)),
        b'\'' => return Some(('\'', 1)),
        b'\\' => return Some(('\\', 1)),
        b'N' => return Some(('\u{85}', 1)),
        b'_' => return Some(('\u{A0}', 1)),
        b'L' => return Some(('\u{2028}', 1)),
        b'P' => return Some(('\u{2029}', 1)),
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        _ => return None,
    };
    let mut value = 0u32;
    for &digit in bytes.get(1..=digits)? {
        value = value.checked_mul(16)? + char::from(digit).to_digit(16)?;
    }
    Some((char::from_u32(value)?, digits + 1))
}
