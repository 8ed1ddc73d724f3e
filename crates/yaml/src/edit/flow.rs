//! Entries that come and go in flow collections.

use super::draft::{Entry, Key, Writer};
use super::lines::last_leaf;
use super::look::{Look, Room};
use super::planner::{Entries, Place, Planner, Slot, Turnover, layout};
use super::spots::Blocked;
use crate::document::{NodeRef, Style};

/// How the entries of a flow collection are laid out.
struct Frame {
    /// Behind the opening bracket.
    open: usize,
    /// At the closing bracket.
    close: usize,
    /// The comma behind the last entry.
    trailing: Option<usize>,
    /// The indentation of entries that have lines of their own.
    indentation: Option<String>,
}

impl<'a> Planner<'a, '_> {
    /// Plans the entries that come and go in a flow collection.
    pub(super) fn flow_turnover(
        &mut self,
        node: NodeRef<'a>,
        entries: Entries<'_, 'a>,
        turnover: &Turnover<'a>,
        slot: &Slot<'a>,
    ) -> Result<(), Blocked> {
        let look = self.look(node, None);
        let Turnover { removed, written_out, added } = turnover;
        self.check_tabs(node.span().end as usize - 1)?;
        if entries.len() == 0 {
            return self.fill_flow(node, added, slot, &look);
        }
        let frame = self.frame(node, entries)?;
        for (pair, copies) in written_out {
            let text = flow_text(copies, &frame, slot, &look, false);
            self.exchange(self.entry_start(node, entries, *pair)?, entries.end(*pair), &text);
        }
        let last = entries.len() - 1;
        let mut removed = &removed[..];
        if !added.is_empty() {
            if removed.last() == Some(&last) {
                // What comes takes the place of the last one that goes: the commas are right then.
                let start = self.entry_start(node, entries, last)?;
                let text = flow_text(added, &frame, slot, &look, false);
                self.exchange(start, entries.end(last), &text);
                removed = &removed[..removed.len() - 1];
            } else {
                self.append_flow(entries, added, &frame, slot, &look);
            }
        }
        if removed.len() == entries.len() {
            self.empty_flow(&frame, node, entries)
        } else {
            self.remove_flow_entries(node, entries, removed, &frame)
        }
    }

    /// Refuses where the line of a place or the next one begins with a tab within block style: there Go reads it behind
    /// brackets and quotes but not behind a text without.
    pub(super) fn check_tabs(&self, at: usize) -> Result<(), Blocked> {
        let next = self.lines.next_line(at);
        let tabs = |at: usize| self.lines.indentation(at).contains('\t');
        let block = self.document.root().style() == Style::Block;
        if block && (tabs(at) || tabs(next)) {
            Err(layout("a flow collection with tabs", at))
        } else {
            Ok(())
        }
    }

    fn frame(&self, node: NodeRef<'a>, entries: Entries<'_, 'a>) -> Result<Frame, Blocked> {
        let last = entries.len() - 1;
        let open = node.span().start as usize + 1;
        let close = node.span().end as usize - 1;
        let start = self.entry_start(node, entries, last)?;
        let behind = self.lines.next_token(entries.end(last));
        let trailing = (self.lines.byte(behind) == Some(b',')).then_some(behind);
        let at = trailing.map_or(behind, |comma| self.lines.next_token(comma + 1));
        if at != close {
            return Err(layout("the entry", start));
        }
        let own_line = !self.lines.same_line(open, start) && self.lines.begins_line(start);
        let indentation = own_line.then(|| self.lines.indentation(start).to_owned());
        Ok(Frame { open, close, trailing, indentation })
    }

    /// A blank that has to follow a `:` without value, or a tag, which would take a comma or bracket for their own.
    fn blank_behind(&self, entries: Entries<'_, 'a>, index: usize) -> &'static str {
        let end = entries.end(index);
        let tags = [entries.first(index).tag(), entries.value(index).tag()];
        let tag = tags.into_iter().flatten().any(|tag| tag.end as usize == end);
        let value = last_leaf(entries.value(index)).span();
        let key_end = entries.first(index).span().end;
        let colon = value.is_empty() && (value.start > key_end || matches!(entries, Entries::Items(_)));
        if tag || colon && self.lines.byte(end - 1) == Some(b':') { " " } else { "" }
    }

    fn append_flow(
        &mut self,
        entries: Entries<'_, 'a>,
        added: &[Entry<'a>],
        frame: &Frame,
        slot: &Slot<'a>,
        look: &Look,
    ) {
        let end = entries.end(entries.len() - 1);
        let text = flow_text(added, frame, slot, look, frame.trailing.is_some());
        let comma = frame.trailing.map_or(end, |comma| comma + 1);
        let before = match &frame.indentation {
            Some(indentation) => format!("{}{indentation}", look.newline),
            None => look.comma.to_owned(),
        };
        let blank = self.blank_behind(entries, entries.len() - 1);
        // On lines of their own, entries follow the comment behind the last one.
        let line_end = self.lines.line_end(comma);
        let own_lines = frame.indentation.is_some() && !self.lines.same_line(comma, frame.close);
        match (own_lines, frame.trailing) {
            (true, None) if line_end > end => {
                self.edit(end, end, format!("{blank},"));
                self.edit(line_end, line_end, format!("{before}{text}"));
            }
            (true, Some(_)) => self.edit(line_end, line_end, format!("{before}{text}")),
            (_, Some(_)) => self.edit(comma, comma, format!("{before}{text}")),
            (_, None) => self.edit(end, end, format!("{blank},{before}{text}")),
        }
    }

    /// Plans the first entries of an empty flow collection.
    fn fill_flow(
        &mut self,
        node: NodeRef<'a>,
        added: &[Entry<'a>],
        slot: &Slot<'a>,
        look: &Look,
    ) -> Result<(), Blocked> {
        let open = node.span().start as usize + 1;
        let close = node.span().end as usize - 1;
        let inner = self.lines.text(open, close);
        if inner.contains(&b'#') || !matches!(self.lines.byte(open - 1), Some(b'{' | b'[')) {
            return Err(layout("the empty collection", open - 1));
        }
        let list = usize::from(added.iter().all(|(key, _)| key.is_none()));
        let room = match &slot.place {
            Place::Flow { room, .. } => room.clone(),
            _ => None,
        };
        let room = room.or_else(|| {
            let unit = " ".repeat(look.indent);
            let indentation = self.lines.indentation(open).to_owned();
            inner.contains(&b'\n').then_some(Room { indentation, unit })
        });
        let mut writer = Writer::new(look);
        let padded = look.padded[list] || inner.first().is_some_and(|b| *b == b' ');
        let pairs = added.iter().map(|(key, draft)| (key.as_ref() as Option<&Key<'_>>, draft));
        writer.flow_entries(pairs, padded, room.as_ref());
        self.edit(open, close, writer.out);
        Ok(())
    }

    /// Plans a flow collection without entries.
    fn empty_flow(
        &mut self,
        frame: &Frame,
        node: NodeRef<'a>,
        entries: Entries<'_, 'a>,
    ) -> Result<(), Blocked> {
        if !self.lines.text(frame.open, frame.close).contains(&b'#') {
            self.edit(frame.open, frame.close, "");
            return Ok(());
        }
        // There may be comments; only the entries and their commas go.
        for index in 0..entries.len() {
            self.remove_flow_entry_at(node, entries, index, frame)?;
        }
        Ok(())
    }

    /// Plans entries that go while others stay.
    fn remove_flow_entries(
        &mut self,
        node: NodeRef<'a>,
        entries: Entries<'_, 'a>,
        removed: &[usize],
        frame: &Frame,
    ) -> Result<(), Blocked> {
        let last = entries.len() - 1;
        // Those at the end go together with the comma before them, if there is none behind.
        let run = removed.iter().rev().enumerate().take_while(|(i, index)| **index + i == last).count();
        let (single, tail) = removed.split_at(removed.len() - run);
        for &index in single {
            self.remove_flow_entry_at(node, entries, index, frame)?;
        }
        let Some(&first) = tail.first() else { return Ok(()) };
        // `first` is not 0: some entry stays.
        let before = entries.end(first - 1);
        if frame.trailing.is_none() {
            let blank = self.blank_behind(entries, first - 1);
            if blank.is_empty() && self.lines.byte(before - 1) == Some(b':') {
                return Err(layout("a key that ends with a colon", before - 1));
            }
            if memchr::memchr(b'#', self.lines.text(before, entries.end(last))).is_none() {
                let end = entries.end(last);
                if blank.is_empty() {
                    self.erase(before, end);
                } else {
                    self.edit(before, end, blank);
                }
                return Ok(());
            }
            let comma = self.lines.next_token(before);
            self.erase(comma, comma + 1);
        }
        for &index in tail {
            self.remove_flow_entry_at(node, entries, index, frame)?;
        }
        Ok(())
    }

    fn remove_flow_entry_at(
        &mut self,
        node: NodeRef<'a>,
        entries: Entries<'_, 'a>,
        index: usize,
        frame: &Frame,
    ) -> Result<(), Blocked> {
        let (start, end) = (self.entry_start(node, entries, index)?, entries.end(index));
        let comma = Some(self.lines.next_token(end)).filter(|at| self.lines.byte(*at) == Some(b','));
        let next = comma.map_or(frame.close, |comma| self.lines.next_token(comma + 1));
        self.remove_flow_entry(start, end, comma, next);
        Ok(())
    }

    /// Plans an entry that goes with the comma behind it. `next` is where the next entry or the closing bracket stands.
    fn remove_flow_entry(&mut self, start: usize, end: usize, comma: Option<usize>, next: usize) {
        let behind = comma.map_or(end, |comma| comma + 1);
        let line_end = self.lines.line_end(behind);
        let rest = self.lines.text(behind, line_end).trim_ascii();
        let has_comment = |from, to| memchr::memchr(b'#', self.lines.text(from, to)).is_some();
        let lone = self.lines.begins_line(start) && (rest.is_empty() || rest.starts_with(b"#"));
        if !has_comment(end, behind) && lone {
            self.edit(self.lines.line_start(start), self.lines.next_line(behind), "");
        } else if comma.is_some() && !has_comment(end, next) {
            self.edit(start, next, "");
        } else {
            self.erase(start, end);
            if let Some(comma) = comma {
                self.erase(comma, behind);
            }
        }
    }
}

/// New entries as text, without what precedes the first.
fn flow_text(added: &[Entry<'_>], frame: &Frame, slot: &Slot<'_>, look: &Look, trailing: bool) -> String {
    let mut writer = Writer::new(look);
    let room = frame.indentation.as_ref().and_then(|indentation| match &slot.place {
        Place::Flow { room: Some(room), .. } => {
            Some(Room { indentation: indentation.clone(), unit: room.unit.clone() })
        }
        _ => None,
    });
    for (i, (key, draft)) in added.iter().enumerate() {
        if i > 0 {
            writer.out.push(',');
            match &frame.indentation {
                Some(indentation) => {
                    writer.out.push_str(look.newline);
                    writer.out.push_str(indentation);
                }
                None => writer.out.push_str(look.comma),
            }
        }
        writer.flow_entry(key.as_ref(), draft, room.as_ref());
    }
    if trailing {
        writer.out.push(',');
    }
    writer.out
}
