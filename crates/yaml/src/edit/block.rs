//! Entries that come and go in block collections.

use super::draft::{Entry, Writer};
use super::planner::{Entries, Planner, Slot, Turnover, layout};
use super::spots::Blocked;
use crate::document::NodeRef;

impl<'a> Planner<'a, '_> {
    /// Plans the entries that come and go in a block collection.
    pub(super) fn block_turnover(
        &mut self,
        node: NodeRef<'a>,
        entries: Entries<'_, 'a>,
        turnover: &Turnover<'a>,
        slot: &Slot<'a>,
    ) -> Result<(), Blocked> {
        let column = self.lines.column(node.span().start as usize);
        let Turnover { removed, written_out, added } = turnover;
        for (pair, copies) in written_out {
            let text = self.block_text(node, copies, slot, column);
            self.exchange(self.entry_start(node, entries, *pair)?, entries.end(*pair), &text);
        }
        let mut removed = &removed[..];
        if removed.len() == entries.len() {
            if added.is_empty() {
                let text = if matches!(entries, Entries::Pairs(_)) { "{}" } else { "[]" };
                return self.collapse(node, slot, text);
            }
            // What comes takes the place of the last one that goes, so that the collection has a beginning.
            let last = entries.len() - 1;
            removed = &removed[..last];
            let text = self.block_text(node, added, slot, column);
            let start = self.entry_start(node, entries, last)?;
            self.exchange(start, entries.end(last), &text);
            self.remove_tabs(entries.value(last));
        } else if !added.is_empty() {
            let text = self.block_text(node, added, slot, column);
            let newline = self.lines.newline(node.span().start as usize);
            // The layout of the last entry tells whether the next one may follow it.
            self.entry_start(node, entries, entries.len() - 1)?;
            let at = self.lines.append_point(node, column);
            self.insert_lines(at, format!("{}{text}{newline}", " ".repeat(column)));
        }
        self.remove_block_entries(node, entries, removed)
    }

    /// Entries as text, the first one without its indentation.
    fn block_text(&self, node: NodeRef<'a>, entries: &[Entry<'a>], slot: &Slot<'a>, column: usize) -> String {
        let look = self.look(node, slot.column());
        let mut writer = Writer::new(&look);
        for (i, entry) in entries.iter().enumerate() {
            if i > 0 {
                writer.line(column);
            }
            writer.block_entry(entry, column);
        }
        writer.out
    }

    fn remove_block_entries(
        &mut self,
        node: NodeRef<'a>,
        entries: Entries<'_, 'a>,
        removed: &[usize],
    ) -> Result<(), Blocked> {
        let mut left = removed;
        let start = node.span().start as usize;
        if removed.first() == Some(&0) && !self.lines.begins_line(start) {
            let run = removed.iter().enumerate().take_while(|(i, index)| i == *index).count();
            let next = self.entry_start(node, entries, run)?;
            let clean = (0..run).all(|index| self.is_clean_behind(entries, index));
            if clean {
                // The next entry moves up behind the dash.
                self.edit(start, next, "");
                left = &removed[run..];
            } else {
                let end = self.lines.line_end(entries.end(0));
                self.edit(self.lines.trim_blanks(start), end, "");
                left = &removed[1..];
            }
        }
        for &index in left {
            let from = self.entry_start(node, entries, index)?;
            if !self.lines.begins_line(from) {
                return Err(layout("the entry", from));
            }
            self.delete_lines(self.lines.line_start(from), self.lines.removal_end(entries.value(index)));
        }
        Ok(())
    }

    /// Whether only blank lines, and a comment in its own last line, stand between an entry and the next one.
    fn is_clean_behind(&self, entries: Entries<'_, 'a>, index: usize) -> bool {
        let mut at = self.lines.block_end(entries.value(index));
        while self.lines.is_blank_line(at) {
            at = self.lines.next_line(at);
        }
        self.lines.comment_line(at).is_none()
    }
}
