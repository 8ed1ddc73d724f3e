//! Byte offsets to lines and columns.

use std::sync::Arc;

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
        Self { source, starts: starts.into() }
    }

    /// The index of `source` from the starts that an earlier index of the same bytes found.
    pub fn with(source: &'s [u8], starts: Arc<[u32]>) -> Self {
        Self { source, starts }
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
        if line == 0 && self.source.starts_with(b"\xef\xbb\xbf") {
            start = 3.min(offset as usize);
        }
        // Every byte that does not continue a scalar value begins one.
        let column = self.source[start..offset as usize].iter().filter(|b| **b & 0xC0 != 0x80).count();
        Position { line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The number of lines.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// The bytes of a line (from 1) without its end; empty behind the last.
    pub fn line(&self, line: u32) -> &'s [u8] {
        let Some(&start) = (line as usize).checked_sub(1).and_then(|i| self.starts.get(i)) else {
            return &[];
        };
        let end = self.starts.get(line as usize).map_or(self.source.len(), |e| *e as usize);
        let mut text = &self.source[start as usize..end];
        if line == 1 {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        while let [head @ .., b'\n' | b'\r'] = text {
            text = head;
        }
        text
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
}
