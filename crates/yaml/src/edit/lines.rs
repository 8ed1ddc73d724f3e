//! The lines of a document: where they begin, what stands between tokens, and how lines end.

use crate::document::{Document, Kind, NodeRef, Style};

/// The lines of one document. Offsets are into the source.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    source: &'a [u8],
    start: usize,
    end: usize,
    starts: Vec<usize>,
}

/// Bytes before a document in which the start of its first line is looked for.
const NEAR: usize = 1024;

/// U+FEFF at the head of a document.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<'a> Lines<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let source: &[u8] = document.source();
        let range = document.range();
        let (mut start, end) = (range.start as usize, (range.end as usize).min(source.len()));
        if source[start..end].starts_with(BYTE_ORDER_MARK) {
            start += BYTE_ORDER_MARK.len();
        }
        // JSON may begin within a line, perhaps far behind its start.
        let near = &source[start.saturating_sub(NEAR)..start];
        let newline = memchr::memrchr(b'\n', near).filter(|_| document.is_json());
        let first = newline.map_or(start, |newline| start - near.len() + newline + 1);
        let first = if document.is_json() && near.len() == start && newline.is_none() { 0 } else { first };
        let mut starts = vec![first];
        starts.extend(memchr::memchr_iter(b'\n', &source[start..end]).map(|newline| start + newline + 1));
        Self { source, start, end, starts }
    }

    /// Whether there are line ends other than LF and CRLF, or byte order marks behind the head, or the document follows
    /// JSON without a separator, so that JSON is looked for in it too.
    pub(super) fn is_odd(&self) -> bool {
        let before = &self.source[..self.start];
        let before = before.strip_suffix(BYTE_ORDER_MARK).unwrap_or(before);
        let line = before.strip_suffix(b"\n").map(|b| &b[memchr::memrchr(b'\n', b).map_or(0, |at| at + 1)..]);
        let separated = line.is_some_and(|line| line.starts_with(b"---"));
        if !before.is_empty() && !separated && self.begins_with_brace() {
            return true;
        }
        let text = &self.source[self.start..self.end];
        let marks = memchr::memmem::find(text, BYTE_ORDER_MARK).is_some();
        marks
            || memchr::memchr3_iter(b'\r', 0xC2, 0xE2, text).any(|at| match text[at..] {
                [b'\r', ..] => text.get(at + 1) != Some(&b'\n'),
                _ => matches!(text[at..], [0xC2, 0x85, ..] | [0xE2, 0x80, 0xA8 | 0xA9, ..]),
            })
    }

    /// Whether only white space stands before an offset in the whole source.
    pub(super) fn is_head(&self, at: usize) -> bool {
        self.source[..at].iter().all(|b| b.is_ascii_whitespace() || *b == b'\x0b')
    }

    /// Whether the source may begin with a brace, white space of all kinds aside: then it is read as JSON as far as it is
    /// some.
    pub(super) fn begins_with_brace(&self) -> bool {
        let first = self.source.iter().find(|b| !b.is_ascii_whitespace() && **b != b'\x0b');
        matches!(first, Some(b'{' | 0x80..)) && !self.source.starts_with(BYTE_ORDER_MARK)
    }

    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at).saturating_sub(1)
    }

    /// Whether both offsets are in one line.
    pub(super) fn same_line(&self, one: usize, other: usize) -> bool {
        self.line(one) == self.line(other)
    }

    /// Where the line of an offset begins.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.starts[self.line(at)]
    }

    /// Where the line behind that of an offset begins; the end of the document behind its last line.
    pub(super) fn next_line(&self, at: usize) -> usize {
        self.starts.get(self.line(at) + 1).copied().unwrap_or(self.end)
    }

    /// Where the text of an offset's line ends, before its line end.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let next = self.next_line(at);
        let text = &self.source[self.line_start(at)..next];
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        self.line_start(at) + text.len()
    }

    /// Bytes of the line before an offset. Before block collections there are only blanks and indicators, so this is
    /// their column.
    pub(super) fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    /// The blanks at the beginning of an offset's line.
    pub(super) fn indentation(&self, at: usize) -> &'a str {
        let start = self.line_start(at);
        let text = &self.source[start..self.end];
        let blanks = text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        std::str::from_utf8(&text[..blanks]).unwrap_or_default()
    }

    /// Whether only blanks stand before an offset in its line.
    pub(super) fn begins_line(&self, at: usize) -> bool {
        self.source[self.line_start(at)..at].iter().all(|b| matches!(b, b' ' | b'\t'))
    }

    /// The byte at an offset within the document.
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.source[..self.end].get(at).copied()
    }

    pub(super) fn text(&self, from: usize, to: usize) -> &'a [u8] {
        self.source.get(from..to).unwrap_or_default()
    }

    /// From behind a token to the next one: past blanks, line ends and comments.
    pub(super) fn next_token(&self, mut at: usize) -> usize {
        loop {
            match self.byte(at) {
                Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
                Some(b'#') => {
                    at = memchr::memchr(b'\n', &self.source[at..self.end])
                        .map_or(self.end, |newline| at + newline);
                }
                _ => return at,
            }
        }
    }

    /// Past the blanks at an offset.
    pub(super) fn skip_blanks(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    }

    /// Past the blanks and line ends at an offset.
    pub(super) fn skip_line_ends(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            at += 1;
        }
        at
    }

    /// Back over the blanks before an offset.
    pub(super) fn trim_blanks(&self, mut at: usize) -> usize {
        while at > self.start && matches!(self.source[at - 1], b' ' | b'\t') {
            at -= 1;
        }
        at
    }

    /// Whether nothing but blanks stands in the line that begins at an offset, which is not the end.
    pub(super) fn is_blank_line(&self, start: usize) -> bool {
        start < self.end && self.text(start, self.line_end(start)).iter().all(|b| matches!(b, b' ' | b'\t'))
    }

    /// From the start of a line past the blank lines there up to the last one with a tab, be it before a comment: after
    /// anything but an unquoted text, such a line is no YAML.
    pub(super) fn tabs_behind(&self, mut at: usize) -> Option<usize> {
        let mut behind = None;
        while at < self.end {
            let (text, next) = (self.skip_blanks(at), self.next_line(at));
            let blank = text >= self.line_end(at);
            if !blank && self.byte(text) != Some(b'#') {
                break;
            }
            if self.text(at, text).contains(&b'\t') {
                behind = Some(next);
            } else if !blank {
                break;
            }
            at = next;
        }
        behind
    }

    /// The column of the comment that fills the line that begins at an offset.
    pub(super) fn comment_line(&self, start: usize) -> Option<usize> {
        let at = start + self.text(start, self.end).iter().take_while(|b| **b == b' ').count();
        (self.byte(at) == Some(b'#')).then(|| at - start)
    }

    /// The line end in use around an offset: that of the line before, else that of the document's first line.
    pub(super) fn newline(&self, at: usize) -> &'static str {
        let before = self.line_start(at).checked_sub(1).filter(|before| self.source[*before] == b'\n');
        let found = before.or_else(|| self.starts.get(1).map(|second| second - 1));
        if found.is_some_and(|newline| newline > 0 && self.source[newline - 1] == b'\r') {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// The start of the line behind what a node of block style is written with. The blank lines that follow belong to a
    /// block scalar that keeps them.
    pub(super) fn block_end(&self, node: NodeRef<'_>) -> usize {
        let mut at = self.next_line(node.span().end as usize);
        if keeps_blank_lines(last_leaf(node)) {
            while self.is_blank_line(at) {
                at = self.next_line(at);
            }
        }
        at
    }

    /// As [`Self::block_end`] for what is removed: behind lines of tabs too.
    pub(super) fn removal_end(&self, node: NodeRef<'_>) -> usize {
        let end = self.block_end(node);
        self.tabs_behind(end).unwrap_or(end)
    }

    /// Where an entry is added to the block collection `node` whose entries begin at `column`: behind its last one, and
    /// behind the comments that follow closely and belong to it rather than to what comes next.
    pub(super) fn append_point(&self, node: NodeRef<'_>, column: usize) -> usize {
        let end = self.block_end(node);
        self.behind_comments(self.tabs_behind(end).unwrap_or(end), column)
    }

    /// From the start of a line past the comment lines at or right of `column`, unless a token follows them closely at
    /// the column of the last one: then they are about that.
    pub(super) fn behind_comments(&self, start: usize, column: usize) -> usize {
        let mut at = start;
        let mut kept = start;
        while let Some(found) = self.comment_line(at).filter(|found| *found >= column) {
            at = self.next_line(at);
            if found > column {
                kept = at;
            }
        }
        let follows = at < self.end && !self.is_blank_line(at) && self.comment_line(at).is_none();
        let about_next = follows && self.indentation(at).len() == column;
        if about_next { kept } else { at }
    }
}

/// The last scalar, alias or empty collection that a node is written with.
pub(super) fn last_leaf(node: NodeRef<'_>) -> NodeRef<'_> {
    let document = node.document();
    let behind = node.following().map_or(document.len(), |next| next.id().index());
    let last = document.node(behind - 1).unwrap_or(node);
    // A key that is a block scalar may come without a value.
    let key =
        behind.checked_sub(2).and_then(|index| document.node(index)).filter(|key| is_block_scalar(*key));
    key.filter(|key| last.span().is_empty() && key.id() > node.id()).unwrap_or(last)
}

/// Whether it is a block scalar.
pub(super) fn is_block_scalar(node: NodeRef<'_>) -> bool {
    matches!(node.style(), Style::Literal | Style::Folded)
}

/// Whether it is a block scalar to which the blank lines behind it belong.
pub(super) fn keeps_blank_lines(node: NodeRef<'_>) -> bool {
    is_block_scalar(node) && node.raw().iter().skip(1).take(2).any(|b| *b == b'+')
}

/// Whether it is a mapping or list in block style.
pub(super) fn is_block(node: NodeRef<'_>) -> bool {
    matches!(node.kind(), Kind::Mapping | Kind::Sequence) && node.style() == Style::Block
}
