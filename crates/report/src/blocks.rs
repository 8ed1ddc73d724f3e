//! Text in blocks.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

/// Bytes of a block.
const BLOCK: usize = 64 << 10;

/// A text in blocks. In one piece, that of an object with very many findings would be in memory twice each time it grows, and
/// would find no room among what was freed before.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    /// The blocks that are full, each with where it starts.
    full: Vec<(usize, String)>,
    /// The one that is being written.
    last: String,
    /// Where that starts.
    start: usize,
}

impl Blocks {
    /// An empty text with room for so many bytes, at most a block.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { last: String::with_capacity(bytes.min(BLOCK)), ..Self::default() }
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.start + self.last.len()
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a character.
    pub(crate) fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    /// Adds a text.
    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) {
        if self.last.len() + text.len() <= BLOCK {
            self.last.push_str(text);
        } else {
            self.push_over(text);
        }
    }

    /// Adds a text that does not fit into the block.
    #[cold]
    fn push_over(&mut self, mut text: &str) {
        loop {
            let (now, later) = text.split_at(text.floor_char_boundary(BLOCK.saturating_sub(self.last.len())));
            self.last.push_str(now);
            if later.is_empty() {
                return;
            }
            text = later;
            let full = std::mem::replace(&mut self.last, String::with_capacity(BLOCK));
            let start = self.start;
            self.start += full.len();
            self.full.push((start, full));
        }
    }

    /// Its blocks with where they start.
    fn blocks(&self) -> impl Iterator<Item = (usize, &str)> {
        let full = self.full.iter().map(|(start, block)| (*start, block.as_str()));
        full.chain(std::iter::once((self.start, self.last.as_str())))
    }

    /// Writes all of it.
    pub(crate) fn write_to(&self, to: &mut dyn Write) -> io::Result<()> {
        self.blocks().try_for_each(|(_, block)| to.write_all(block.as_bytes()))
    }

    /// Writes a part of it.
    pub(crate) fn write_part(&self, part: Range<usize>, to: &mut dyn Write) -> io::Result<()> {
        let before = self.full.partition_point(|(start, block)| start + block.len() <= part.start);
        for (start, block) in self.blocks().skip(before).take_while(|(start, _)| *start < part.end) {
            let within = |at: usize| at.saturating_sub(start).min(block.len());
            to.write_all(&block.as_bytes()[within(part.start)..within(part.end)])?;
        }
        Ok(())
    }
}

impl fmt::Write for Blocks {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

impl From<String> for Blocks {
    fn from(text: String) -> Self {
        Self { last: text, ..Self::default() }
    }
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.blocks().try_for_each(|(_, block)| f.write_str(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_what_was_pushed() {
        let (mut blocks, mut whole) = (Blocks::with_capacity(1 << 20), String::new());
        assert!(blocks.is_empty());
        for text in ["a", "\u{fc}\u{1f600}", &"x".repeat(BLOCK - 1), &"\u{1f600}".repeat(BLOCK), "", "end"] {
            blocks.push_str(text);
            blocks.push('\u{e4}');
            whole += text;
            whole.push('\u{e4}');
            assert_eq!((blocks.len(), blocks.to_string()), (whole.len(), whole.clone()));
        }
        assert!(blocks.full.len() > 4 && blocks.full.iter().all(|(_, block)| block.capacity() <= BLOCK));
        let mut all = Vec::new();
        blocks.write_to(&mut all).expect("written");
        assert_eq!(all, whole.as_bytes());
        for (from, to) in [
            (0, 0),
            (0, 5),
            (BLOCK - 3, BLOCK + 3),
            (1, 3 * BLOCK),
            (BLOCK, 2 * BLOCK),
            (7, whole.len()),
            (whole.len(), whole.len()),
        ] {
            let mut part = Vec::new();
            blocks.write_part(from..to, &mut part).expect("written");
            assert!(part == whole.as_bytes()[from..to], "{from}..{to}");
        }
    }

    #[test]
    fn a_long_text_may_be_followed() {
        let mut blocks = Blocks::from("x".repeat(2 * BLOCK));
        blocks.push_str("y");
        assert!(blocks.to_string().ends_with("xy") && blocks.len() == 2 * BLOCK + 1);
    }
}
