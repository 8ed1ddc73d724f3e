//! Puts a new value in the place of one that is written.

use super::anchors::end_of;
use super::change::Reason;
use super::draft::{Draft, Writer};
use super::lines::{is_block, is_block_scalar};
use super::look::Look;
use super::plain::Quote;
use super::planner::{Entries, Place, Planner, Slot, layout};
use super::spots::Blocked;
use crate::document::{Kind, NodeRef, Style};

impl<'a> Planner<'a, '_> {
    /// Plans a new value where `node` stands. Its anchor stays, its tag does not.
    pub(super) fn replace(
        &mut self,
        node: NodeRef<'a>,
        slot: &Slot<'a>,
        draft: &Draft<'a>,
    ) -> Result<(), Blocked> {
        self.anchors.check_loss(node.id().index() + 1, end_of(node))?;
        if slot.place == Place::Root || slot.within == node {
            return Err((Reason::Root, Some(node.span())));
        }
        let start = node.span().start as usize;
        if is_block_scalar(node) && self.lines.next_token(slot.head) != self.lines.skip_line_ends(slot.head) {
            return Err(layout("the comment before a block scalar", start));
        }
        if node.style() == Style::Plain
            && self.lines.tabs_behind(self.lines.next_line(node.span().end as usize)).is_some()
        {
            return Err(layout("a text with a line of tabs behind it", start));
        }
        let look = self.look(slot.within, slot.outer);
        if let Some(tag) = node.tag() {
            let tag_start = tag.start as usize;
            if self.lines.byte(tag.end as usize) == Some(b'\t') {
                return Err(layout("a tag with a tab behind it", tag_start));
            }
            let from =
                if self.lines.begins_line(tag_start) { tag_start } else { self.lines.trim_blanks(tag_start) };
            self.edit(from, tag.end as usize, "");
        }
        if let Place::Flow { gap, room } = &slot.place {
            self.check_tabs(node.span().end as usize)?;
            let mut writer = Writer::new(&look);
            writer.flow(draft, room.as_ref());
            self.replace_in_flow(node, slot.head, gap, &writer.out);
            return Ok(());
        }
        if let Place::NoColon(column) = slot.place {
            let mut writer = Writer::new(&look);
            writer.out.extend(std::iter::repeat_n(' ', column));
            writer.out.push(':');
            writer.block_value(draft, column);
            writer.line(0);
            self.insert_lines(self.lines.next_line(slot.head), writer.out);
            return Ok(());
        }
        let flow = node.style() == Style::Flow && matches!(draft, Draft::List(_) | Draft::Mapping(_));
        if flow || draft.is_inline() {
            let look = if flow { self.look(node, None) } else { requoted(node, look) };
            let mut writer = Writer::new(&look);
            writer.flow(draft, None);
            return self.replace_by_line(node, slot, &writer.out);
        }
        if is_block(node) {
            self.replace_block(node, slot, draft, &look);
        } else {
            self.replace_by_block(node, slot, draft, &look);
        }
        Ok(())
    }

    fn replace_in_flow(&mut self, node: NodeRef<'a>, head: usize, gap: &str, text: &str) {
        let (start, end) = (node.span().start as usize, node.span().end as usize);
        if start < end {
            self.exchange(start, end, text);
            return;
        }
        // An insertion alone, as further entries may be inserted at the same place.
        let behind = if self.lines.byte(head) == Some(b'#') { " " } else { "" };
        self.edit(head, head, format!("{gap}{text}{behind}"));
    }

    /// Plans a value that takes one line.
    fn replace_by_line(&mut self, node: NodeRef<'a>, slot: &Slot<'a>, text: &str) -> Result<(), Blocked> {
        let (start, end) = (node.span().start as usize, node.span().end as usize);
        if start == end {
            self.edit(slot.head, self.blanks_to_line_end(slot.head), format!(" {text}"));
        } else if is_block(node) {
            self.collapse(node, slot, text)?;
        } else {
            let comment = self.header_comment(node);
            if is_block_scalar(node) && !self.lines.same_line(slot.head, start) {
                // Its indicator may stand further to the left than any other value.
                self.edit(slot.head, end, format!(" {text}{comment}"));
            } else {
                self.exchange(start, end, &format!("{text}{comment}"));
            }
        }
        Ok(())
    }

    /// The offset itself, or the end of its line if only blanks are between.
    fn blanks_to_line_end(&self, at: usize) -> usize {
        let end = self.lines.line_end(at);
        if self.lines.skip_blanks(at) == end { end } else { at }
    }

    /// The comment behind the indicator of a block scalar, with a blank before it.
    fn header_comment(&self, node: NodeRef<'a>) -> String {
        if !is_block_scalar(node) {
            return String::new();
        }
        let start = node.span().start as usize;
        let header = self.lines.text(start, self.lines.line_end(start).min(node.span().end as usize));
        let comment = memchr::memchr(b'#', header).map_or(&b""[..], |at| &header[at..]);
        if comment.is_empty() { String::new() } else { format!(" {}", String::from_utf8_lossy(comment)) }
    }

    /// Plans one line for a block collection, whose entries go while the comments between them stay.
    pub(super) fn collapse(&mut self, node: NodeRef<'a>, slot: &Slot<'a>, text: &str) -> Result<(), Blocked> {
        let pairs: Vec<(NodeRef<'a>, NodeRef<'a>)>;
        let items: Vec<NodeRef<'a>>;
        let entries = if node.kind() == Kind::Mapping {
            pairs = node.pairs().collect();
            Entries::Pairs(&pairs)
        } else {
            items = node.items().collect();
            Entries::Items(&items)
        };
        let start = node.span().start as usize;
        let mut first = 0;
        if slot.place == Place::Root && self.lines.is_head(start) {
            // A stream that begins with a brace is read as JSON.
            return Err(layout("the only keys of a document", start));
        }
        if slot.place == Place::Root || self.lines.same_line(slot.head, start) {
            self.exchange(start, entries.end(0), text);
            self.remove_tabs(entries.value(0));
            first = 1;
        } else {
            self.edit(slot.head, slot.head, format!(" {text}"));
        }
        for index in first..entries.len() {
            let from = self.entry_start(node, entries, index)?;
            self.delete_lines(self.lines.line_start(from), self.lines.removal_end(entries.value(index)));
        }
        Ok(())
    }

    /// Removes lines of tabs behind what is no unquoted text any more.
    pub(super) fn remove_tabs(&mut self, node: NodeRef<'a>) {
        let (end, to) = (self.lines.block_end(node), self.lines.removal_end(node));
        self.edit(end, to, "");
    }

    /// Plans a block collection where another one stands.
    fn replace_block(&mut self, node: NodeRef<'a>, slot: &Slot<'a>, draft: &Draft<'a>, look: &Look) {
        let (start, end) = (node.span().start as usize, node.span().end as usize);
        let column = self.lines.column(start);
        let mut writer = Writer::new(look);
        let alike = (node.kind() == Kind::Mapping) == matches!(draft, Draft::Mapping(_));
        if may_stand(node, slot, column) && alike || self.lines.same_line(slot.head, start) {
            writer.block(draft, column);
            self.exchange(start, end, &writer.out);
            return;
        }
        let column = new_column(slot, draft, look);
        writer.out.extend(std::iter::repeat_n(' ', column));
        writer.block(draft, column);
        writer.line(0);
        self.delete_lines(self.lines.line_start(start), self.lines.block_end(node));
        self.insert_lines(self.lines.block_end(node), writer.out);
    }

    /// Plans a block collection where something else stands, or nothing.
    fn replace_by_block(&mut self, node: NodeRef<'a>, slot: &Slot<'a>, draft: &Draft<'a>, look: &Look) {
        let (start, end) = (node.span().start as usize, node.span().end as usize);
        let written = start < end;
        let mut writer = Writer::new(look);
        let line_end = self.lines.line_end(end);
        let comment = self.lines.skip_blanks(end);
        let comment_behind = comment < line_end;
        if written && !self.lines.same_line(slot.head, start) && !is_block_scalar(node) {
            // On a line of its own: in its column.
            let column = self.lines.column(start);
            if comment_behind {
                writer.out.extend(std::iter::repeat_n(' ', column));
            }
            writer.block(draft, column);
            if comment_behind {
                writer.line(0);
                self.edit(start, comment, "");
                self.insert_lines(self.lines.next_line(end), writer.out);
            } else {
                self.exchange(start, end, &writer.out);
            }
            return;
        }
        let header_comment = self.header_comment(node);
        if let Place::Item(dash) = slot.place
            && slot.head == dash_end(&self.lines, slot.head, dash)
            && (!written || self.lines.same_line(slot.head, start))
            && !comment_behind
            && header_comment.is_empty()
        {
            // In the dash's line.
            let column = if written { self.lines.column(start) } else { dash + 1 + look.gap };
            if !written {
                writer.out.extend(std::iter::repeat_n(' ', look.gap));
            }
            writer.block(draft, column);
            if written {
                self.exchange(start, line_end, &writer.out);
            } else {
                self.edit(slot.head, line_end, writer.out);
            }
            return;
        }
        let column = new_column(slot, draft, look);
        writer.out.extend(std::iter::repeat_n(' ', column));
        writer.block(draft, column);
        writer.line(0);
        let behind = end.max(slot.head);
        let comment = self.lines.skip_blanks(behind);
        if !comment_behind {
            self.edit(slot.head, line_end, header_comment);
        } else if comment == behind || self.lines.text(behind, comment).contains(&b'\t') {
            // A comment needs a blank before it, and a dash must not be followed by a tab.
            self.edit(slot.head, comment, " ");
        } else {
            self.edit(slot.head, behind, "");
        }
        let outer = match slot.place {
            Place::Key(column) | Place::Item(column) => column,
            _ => 0,
        };
        let at = self.lines.behind_comments(self.lines.block_end(node), outer + 1);
        self.insert_lines(at, writer.out);
    }
}

/// The look of a value that takes the place of a scalar: a text in the same quotes.
fn requoted(node: NodeRef<'_>, look: Look) -> Look {
    match node.style() {
        Style::SingleQuoted => Look { quote: Quote::Single, quoted: true, ..look },
        Style::DoubleQuoted => Look { quote: Quote::Double, quoted: true, ..look },
        _ => look,
    }
}

/// The column of a new block collection on lines of its own.
fn new_column(slot: &Slot<'_>, draft: &Draft<'_>, look: &Look) -> usize {
    match slot.place {
        Place::Key(column) if matches!(draft, Draft::List(_)) => column + look.list_indent,
        Place::Key(column) => column + look.indent,
        Place::Item(column) => column + 1 + look.gap,
        _ => 0,
    }
}

/// Whether a collection of the kind of `node` may begin at a column.
fn may_stand(node: NodeRef<'_>, slot: &Slot<'_>, column: usize) -> bool {
    match slot.place {
        Place::Key(outer) if node.kind() == Kind::Sequence => column >= outer,
        Place::Key(outer) | Place::Item(outer) => column > outer,
        _ => true,
    }
}

/// Behind the dash at a column of an offset's line.
fn dash_end(lines: &super::lines::Lines<'_>, at: usize, dash: usize) -> usize {
    lines.line_start(at) + dash + 1
}
