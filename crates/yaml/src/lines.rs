//! Byte offsets to lines and columns.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A place as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode scalar values, from 1.
    pub column: u32,
}

/// The line starts of a source. A line ends with LF, CRLF or a lone CR.
#[derive(Clone, Debug)]
pub struct LineIndex<'s> {
    source: &'s [u8],
    starts: Arc<[u32]>,
    /// The place that was asked for last: where its line's text starts, its offset, and the scalar values between the two.
    /// Counting goes on from there, so that neighbours on a line of megabytes do not each count it from its start.
    last: Cell<(usize, usize, usize)>,
}

/// Whether a byte begins a scalar value: every one does that does not continue one.
const fn begins(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

impl<'s> LineIndex<'s> {
    /// The index of `source`.
    pub fn new(source: &'s [u8]) -> Self {
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', source) {
            if source[at] == b'\n' || source.get(at + 1) != Some(&b'\n') {
                starts.push(at as u32 + 1);
            }
        }
        Self::with(source, starts.into())
    }

    /// The index of `source` from the starts that an earlier index of the same bytes found.
    pub fn with(source: &'s [u8], starts: Arc<[u32]>) -> Self {
        Self { source, starts, last: Cell::default() }
    }

    /// The offsets at which lines start, for [`Self::with`].
    pub fn starts(&self) -> Arc<[u32]> {
        Arc::clone(&self.starts)
    }

    /// The place of a byte offset; offsets behind the end count as the end. A byte order mark has no column.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.source.len() as u32);
        let line = self.starts.partition_point(|&s| s <= offset) - 1;
        let mut start = self.starts[line] as usize;
        if line == 0 && self.source.starts_with(BYTE_ORDER_MARK) {
            start = BYTE_ORDER_MARK.len().min(offset as usize);
        }
        let column = self.count_to(start, offset as usize);
        Position { line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The scalar values between the start of a line's text and an offset in it.
    fn count_to(&self, start: usize, offset: usize) -> usize {
        let (base, known) = self.known(start);
        let count = |from: usize, to: usize| self.source[from..to].iter().filter(|b| begins(**b)).count();
        let count = if offset >= base { known + count(base, offset) } else { known - count(offset, base) };
        self.last.set((start, offset, count));
        count
    }

    /// Where in a line counting can begin: an offset, and the scalar values in front of it.
    fn known(&self, start: usize) -> (usize, usize) {
        match self.last.get() {
            (same, offset, count) if same == start => (offset, count),
            _ => (start, 0),
        }
    }

    /// The position of a column (from 1) in the bytes that [`Self::line`] gives for a line (from 1); their length behind
    /// the last column.
    pub fn column(&self, line: u32, column: u32) -> usize {
        let text = self.line(line);
        let Some(start) = self.starts.get((line as usize).saturating_sub(1)).map(|s| *s as usize) else {
            return 0;
        };
        let marked = start == 0 && self.source.starts_with(BYTE_ORDER_MARK);
        let start = if marked { BYTE_ORDER_MARK.len() } else { start };
        let wanted = (column as usize).saturating_sub(1);
        let (base, known) = match self.known(start) {
            (base, known) if base - start <= text.len() => (base - start, known),
            // Within the line's end.
            _ => (0, 0),
        };
        let found = if wanted >= known {
            let ahead = text[base..].iter().enumerate().filter(|(_, b)| begins(**b));
            ahead.map(|(i, _)| base + i).nth(wanted - known)
        } else {
            let behind = text[..base].iter().enumerate().rev().filter(|(_, b)| begins(**b));
            behind.map(|(i, _)| i).nth(known - wanted - 1)
        };
        let Some(at) = found else { return text.len() };
        self.last.set((start, start + at, wanted));
        at
    }

    /// The number of lines.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The bytes of a line (from 1) without its end; empty behind the last.
    pub fn line(&self, line: u32) -> &'s [u8] {
        &self.source[self.range(line)]
    }

    /// Where a line's bytes are in the source.
    pub fn range(&self, line: u32) -> Range<usize> {
        let Some(&start) = (line as usize).checked_sub(1).and_then(|i| self.starts.get(i)) else {
            return self.source.len()..self.source.len();
        };
        let mut start = start as usize;
        let mut end = self.starts.get(line as usize).map_or(self.source.len(), |e| *e as usize);
        if line == 1 && self.source.starts_with(BYTE_ORDER_MARK) {
            start = BYTE_ORDER_MARK.len();
        }
        while end > start && matches!(self.source[end - 1], b'\n' | b'\r') {
            end -= 1;
        }
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_scalars_and_every_line_end() {
        let index = LineIndex::new("\u{feff}aü: x\r\nb\rc\n".as_bytes());
        let at = |offset| {
            let p = index.position(offset);
            (p.line, p.column)
        };
        assert_eq!(at(3), (1, 1));
        assert_eq!(at(6), (1, 3));
        assert_eq!(at(11), (2, 1));
        assert_eq!(at(13), (3, 1));
        assert_eq!(at(99), (4, 1));
        assert_eq!(index.line(1), "aü: x".as_bytes());
        assert_eq!(index.line(3), b"c");
        assert_eq!(index.line(9), b"");
    }

    #[test]
    fn counting_goes_on_from_anywhere() {
        let source = "\u{feff}aü漢😀b\r\nü\u{301}xyz\n\nend".as_bytes();
        let index = LineIndex::new(source);
        let length = source.len() as u32;
        for step in [1, 5, 7, 11, 13] {
            for offset in (0..200).map(|i| i * step % (length + 1)) {
                let place = index.position(offset);
                assert_eq!(place, LineIndex::new(source).position(offset), "{offset}");
                for column in [place.column, 1, 3, 99] {
                    let fresh = LineIndex::new(source).column(place.line, column);
                    assert_eq!(index.column(place.line, column), fresh, "{place:?} {column}");
                }
            }
        }
        assert_eq!((index.column(1, 1), index.column(1, 3), index.column(1, 4)), (0, 3, 6));
        assert_eq!((index.column(1, 99), index.column(3, 1), index.column(9, 1)), (11, 0, 0));
    }
}
