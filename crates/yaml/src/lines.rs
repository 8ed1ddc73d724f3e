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

/// Where the lines of a source start. Takes a bounded number of bytes, however many lines there are. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LineStarts {
    /// The start of each line, or of every so many lines.
    known: Arc<[u32]>,
    /// That many: a power of two.
    step: u32,
    /// All lines.
    count: u32,
}

/// Starts that are kept; of a source with more lines, every second one, fourth one and so on.
const KEPT: usize = 1 << 16;

impl LineStarts {
    fn new(source: &[u8]) -> Self {
        Self::keeping(source, KEPT)
    }

    fn keeping(source: &[u8], most: usize) -> Self {
        let (mut known, mut step, mut count) = (vec![0], 1, 1);
        for at in memchr::memchr2_iter(b'\n', b'\r', source) {
            if source[at] == b'\r' && source.get(at + 1) == Some(&b'\n') {
                continue;
            }
            if known.len() == most && count % step == 0 {
                known = known.into_iter().step_by(2).collect();
                step *= 2;
            }
            if count % step == 0 {
                known.push(at as u32 + 1);
            }
            count += 1;
        }
        Self { known: known.into(), step, count }
    }
}

/// Where the line after the one of an offset starts, if there is one.
fn line_end(source: &[u8], from: usize) -> Option<usize> {
    let at = from + memchr::memchr2(b'\n', b'\r', source.get(from..)?)?;
    Some(if source[at] == b'\r' && source.get(at + 1) == Some(&b'\n') { at + 2 } else { at + 1 })
}

/// The lines of a source. A line ends with LF, CRLF or a lone CR.
#[derive(Clone, Debug)]
pub struct LineIndex<'s> {
    source: &'s [u8],
    starts: LineStarts,
    /// The line that was asked for last, from 0, and where it is in the source, its end included.
    line: Cell<(usize, usize, usize)>,
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
        Self::with(source, LineStarts::new(source))
    }

    /// The index of `source` from the starts that an earlier index of the same bytes found.
    pub fn with(source: &'s [u8], starts: LineStarts) -> Self {
        Self { source, starts, line: Cell::default(), last: Cell::default() }
    }

    /// The offsets at which lines start, for [`Self::with`].
    pub fn starts(&self) -> LineStarts {
        self.starts.clone()
    }

    /// The place of a byte offset; offsets behind the end count as the end. A byte order mark has no column.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.source.len() as u32);
        let (line, mut start) = self.line_at(offset as usize);
        if line == 0 && self.source.starts_with(BYTE_ORDER_MARK) {
            start = BYTE_ORDER_MARK.len().min(offset as usize);
        }
        let column = self.count_to(start, offset as usize);
        Position { line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The line of an offset, from 0, and where it starts.
    fn line_at(&self, offset: usize) -> (usize, usize) {
        let (line, start, end) = self.line.get();
        if (start..end).contains(&offset) {
            return (line, start);
        }
        let group = self.starts.known.partition_point(|s| *s as usize <= offset).saturating_sub(1);
        let (line, start, _) = self.walk(self.group(group), |_, end| end > offset);
        (line, start)
    }

    /// Where a line (from 0) is, its end included; nowhere behind the last.
    fn bounds(&self, line: usize) -> Option<(usize, usize)> {
        if line >= self.starts.count as usize {
            return None;
        }
        let (last, start, end) = self.line.get();
        let known = start < end;
        if known && line == last {
            return Some((start, end));
        }
        // Many ask for one line after the other, in either direction.
        if known && line + 1 == last {
            let before = self.source[..start].strip_suffix(b"\n").unwrap_or(&self.source[..start]);
            let before = before.strip_suffix(b"\r").unwrap_or(before);
            let from = memchr::memrchr2(b'\n', b'\r', before).map_or(0, |at| at + 1);
            self.line.set((line, from, start));
            return Some((from, start));
        }
        let (_, start, end) = if known && line == last + 1 {
            self.walk((line, end), |_, _| true)
        } else {
            self.walk(self.group(line / self.starts.step as usize), |at, _| at == line)
        };
        Some((start, end))
    }

    /// The first line of a group, from 0, and where it starts.
    fn group(&self, group: usize) -> (usize, usize) {
        (group * self.starts.step as usize, self.starts.known.get(group).map_or(0, |s| *s as usize))
    }

    /// From a line on, the first one that is wanted by its number and its end, or the last one of all.
    fn walk(
        &self,
        (mut line, mut start): (usize, usize),
        wanted: impl Fn(usize, usize) -> bool,
    ) -> (usize, usize, usize) {
        loop {
            let next = line_end(self.source, start);
            let end = next.unwrap_or(self.source.len());
            if next.is_none() || wanted(line, end) {
                self.line.set((line, start, end));
                return (line, start, end);
            }
            (line, start) = (line + 1, end);
        }
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
        let Some((start, _)) = self.bounds((line as usize).saturating_sub(1)) else { return 0 };
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
        self.starts.count
    }

    /// The bytes of a line (from 1) without its end; empty behind the last.
    pub fn line(&self, line: u32) -> &'s [u8] {
        &self.source[self.range(line)]
    }

    /// Where a line's bytes are in the source.
    pub fn range(&self, line: u32) -> Range<usize> {
        let Some((mut start, mut end)) = (line as usize).checked_sub(1).and_then(|line| self.bounds(line))
        else {
            return self.source.len()..self.source.len();
        };
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
    fn few_starts_are_enough() {
        let source = b"a\r\nbb\n\n\rccc\rd\n".repeat(9);
        let dense = LineIndex::new(&source);
        for most in [1, 2, 5, 8] {
            let sparse = LineIndex::with(&source, LineStarts::keeping(&source, most));
            assert!(sparse.starts.known.len() <= most && sparse.count() == dense.count(), "{most}");
            for i in 0..=source.len() {
                let offset = (i * 7 % (source.len() + 1)) as u32;
                assert_eq!(sparse.position(offset), dense.position(offset), "{most} {offset}");
                let line = (i * 5 % 60) as u32;
                assert_eq!(sparse.range(line), dense.range(line), "{most} {line}");
                assert_eq!(sparse.column(line, 2), dense.column(line, 2), "{most} {line}");
            }
            for line in (0..60).rev().chain(0..60) {
                assert_eq!(sparse.range(line), dense.range(line), "{most} {line}");
            }
        }
        assert_eq!((dense.count(), dense.position(10).line, dense.range(5)), (55, 5, 8..11));
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
