//! From the outcomes of spots to edits of the text.

use super::anchors::{Anchors, end_of};
use super::compose::copy;
use super::contents::merged;
use super::draft::{Draft, Entry, Key};
use super::finish::{Edit, Form};
use super::lines::Lines;
use super::look::{Habits, Look, Room};
use super::outcome::Outcome;
use super::spots::{Blocked, SpotId, Step, Tree};
use crate::document::{Document, Kind, NodeRef, Span, Style};

/// Plans the edits of one document.
pub(super) struct Planner<'a, 't> {
    pub(super) document: &'a Document,
    pub(super) tree: &'t Tree<'a>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) lines: Lines<'a>,
    pub(super) anchors: Anchors<'a>,
    habits: Habits,
    pub(super) edits: Vec<Edit>,
    /// The spot that edits are planned for.
    owner: SpotId,
    /// Spots whose changes cannot be made.
    pub(super) refused: Vec<(SpotId, Blocked)>,
}

/// Where a value stands.
#[derive(Clone, Debug)]
pub(super) struct Slot<'a> {
    /// Behind the `:` or `-` and what is written before the value itself: there a value may begin.
    pub(super) head: usize,
    pub(super) place: Place,
    /// The collection that it is in; the root's slot has the root itself.
    pub(super) within: NodeRef<'a>,
    /// The column of the key that leads to that collection.
    pub(super) outer: Option<usize>,
}

/// What kind of place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    /// Behind a key in this column.
    Key(usize),
    /// Behind a dash in this column.
    Item(usize),
    /// Below an explicit key in this column that has no `:`.
    NoColon(usize),
    /// In a flow collection. `gap` is what comes between the head and a value that was not written; `room` is given where
    /// entries have lines of their own in a document that is flow throughout.
    Flow {
        gap: &'static str,
        room: Option<Room>,
    },
}

/// The entries of a collection as written.
#[derive(Clone, Copy)]
pub(super) enum Entries<'t, 'a> {
    Pairs(&'t [(NodeRef<'a>, NodeRef<'a>)]),
    Items(&'t [NodeRef<'a>]),
}

impl<'a> Entries<'_, 'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Pairs(pairs) => pairs.len(),
            Self::Items(items) => items.len(),
        }
    }

    /// The first node of an entry.
    pub(super) fn first(self, index: usize) -> NodeRef<'a> {
        match self {
            Self::Pairs(pairs) => pairs[index].0,
            Self::Items(items) => items[index],
        }
    }

    /// The value of an entry.
    pub(super) fn value(self, index: usize) -> NodeRef<'a> {
        match self {
            Self::Pairs(pairs) => pairs[index].1,
            Self::Items(items) => items[index],
        }
    }

    /// Where an entry ends.
    pub(super) fn end(self, index: usize) -> usize {
        self.value(index).span().end.max(self.first(index).span().end) as usize
    }
}

/// What becomes of the entries of a collection that stays.
#[derive(Default)]
pub(super) struct Turnover<'a> {
    /// Entries that go, by position.
    pub(super) removed: Vec<usize>,
    /// Merge keys, by position, that are written out: what stands in their place.
    pub(super) written_out: Vec<(usize, Vec<Entry<'a>>)>,
    /// Entries that come.
    pub(super) added: Vec<Entry<'a>>,
}

/// A refusal because of what stands at an offset.
pub(super) fn layout(what: &'static str, at: usize) -> Blocked {
    (super::change::Reason::Layout(what), Some(Span::new(at as u32, at as u32)))
}

impl<'a, 't> Planner<'a, 't> {
    pub(super) fn new(document: &'a Document, tree: &'t Tree<'a>) -> Self {
        Self {
            document,
            tree,
            outcomes: tree.outcomes(),
            lines: Lines::of(document),
            anchors: Anchors::of(document),
            habits: Habits::default(),
            edits: Vec::new(),
            owner: 0,
            refused: Vec::new(),
        }
    }

    /// Whether any change does not hold already.
    pub(super) fn changes_anything(&self) -> bool {
        self.outcomes[0] != Outcome::Same
    }

    /// Whether the document is YAML that begins with a brace, in a stream that does so.
    pub(super) fn may_become_json(&self, root: NodeRef<'a>) -> bool {
        let brace = self.lines.byte(root.span().start as usize) == Some(b'{');
        brace && !root.document().is_json() && self.lines.begins_with_brace()
    }

    /// Plans all edits; what cannot be made is in `refused` then, and the edits are of no use.
    pub(super) fn run(&mut self) {
        self.share_out();
        if !self.refused.is_empty() {
            return;
        }
        let root = self.document.root();
        let head = root.span().start as usize;
        let behind = self.lines.skip_blanks(root.span().end as usize);
        let alone = behind >= self.lines.line_end(behind) || self.lines.byte(behind) == Some(b'#');
        if !self.document.is_json() && !alone && self.changes_anything() {
            // Go reads some of what follows in ways of its own.
            self.refuse(0, layout("a document with text behind its end", behind));
            return;
        }
        let place = match root.style() {
            Style::Flow => Place::Flow { gap: " ", room: self.room_at(root) },
            _ => Place::Root,
        };
        let slot = Slot { head, place, within: root, outer: None };
        self.value(0, &slot);
        self.guard_block_scalars();
    }

    /// The room that the entries of a flow collection have: none if the collection is on one line.
    fn room_at(&self, node: NodeRef<'a>) -> Option<Room> {
        let first = self.lines.next_token(node.span().start as usize + 1);
        if node.count() == 0 || !self.lines.begins_line(first) {
            return None;
        }
        let indentation = self.lines.indentation(node.span().start as usize);
        let unit = self.lines.indentation(first).strip_prefix(indentation).filter(|unit| !unit.is_empty());
        Some(Room { indentation: indentation.to_owned(), unit: unit.unwrap_or("  ").to_owned() })
    }

    pub(super) fn look(&self, node: NodeRef<'a>, outer: Option<usize>) -> Look {
        self.habits.look(node, outer, &self.lines)
    }

    pub(super) fn edit(&mut self, start: usize, end: usize, text: impl Into<String>) {
        self.push(start, end, text.into(), Form::Tokens);
    }

    /// Puts a text in the place of a token or more. What touches them is kept apart: Go reads an anchor and a value, or a
    /// quoted text and a comment, without a blank between.
    pub(super) fn exchange(&mut self, start: usize, end: usize, text: &str) {
        let before = start.checked_sub(1).and_then(|at| self.lines.byte(at));
        let open =
            before.is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'[' | b'{' | b',' | b':' | 0x80..));
        let before = if open { "" } else { " " };
        let behind = if self.lines.byte(end) == Some(b'#') { " " } else { "" };
        self.edit(start, end, format!("{before}{text}{behind}"));
    }

    /// Takes away a token or more; a comment that touches them is kept apart from what is before.
    pub(super) fn erase(&mut self, start: usize, end: usize) {
        self.edit(start, end, if self.lines.byte(end) == Some(b'#') { " " } else { "" });
    }

    /// Inserts whole lines, each with its line end, at the start of a line or at the end of the document.
    pub(super) fn insert_lines(&mut self, at: usize, text: String) {
        self.push(at, at, text, Form::NewLines);
    }

    /// Deletes whole lines.
    pub(super) fn delete_lines(&mut self, start: usize, end: usize) {
        self.push(start, end, String::new(), Form::GoneLines);
    }

    fn push(&mut self, start: usize, end: usize, text: String, form: Form) {
        self.edits.push(Edit { start, end, text, form, solid: false, owner: self.owner });
    }

    pub(super) fn refuse(&mut self, id: SpotId, blocked: Blocked) {
        self.refused.push((id, blocked));
    }

    /// Plans what becomes of the value of a spot that is written in `slot` and stays there in some form.
    fn value(&mut self, id: SpotId, slot: &Slot<'a>) {
        let Some(node) = self.tree.spots[id].node else { return };
        let result = match self.outcomes[id] {
            Outcome::Same | Outcome::Gone => Ok(()),
            Outcome::Inside if node.kind() != Kind::Alias => self.inside(id, node, slot),
            Outcome::Inside | Outcome::Whole => {
                self.owner = id;
                self.draft(id, slot.head).and_then(|draft| self.replace(node, slot, &draft))
            }
        };
        if let Err(blocked) = result {
            self.refuse(id, blocked);
        }
    }

    /// Plans the edits in a mapping or list that stays.
    fn inside(&mut self, id: SpotId, node: NodeRef<'a>, slot: &Slot<'a>) -> Result<(), Blocked> {
        let tree = self.tree;
        let entries = match (tree.fields(id), tree.list(id)) {
            (Some(fields), _) => Entries::Pairs(&fields.pairs),
            (_, Some(items)) => Entries::Items(&items.nodes),
            _ => return Err(layout("what stands", slot.head)),
        };
        let mut turnover = Turnover::default();
        for &child in &tree.spots[id].children {
            if self.outcomes[child] == Outcome::Same {
                continue;
            }
            if let Err(blocked) = self.child(id, child, node, entries, slot, &mut turnover) {
                self.refuse(child, blocked);
            }
        }
        turnover.added.extend(tree.missing(id).into_iter().map(|item| (None, Draft::from(item.value))));
        self.write_out(id, entries, &mut turnover)?;
        turnover.removed.sort_unstable();
        turnover.removed.dedup();
        if turnover.removed.is_empty() && turnover.added.is_empty() && turnover.written_out.is_empty() {
            return Ok(());
        }
        self.owner = id;
        match node.style() {
            Style::Flow => self.flow_turnover(node, entries, &turnover, slot),
            _ => self.block_turnover(node, entries, &turnover, slot),
        }
    }

    /// Finds what takes the place of merge keys that bring in what is removed: all else that they bring in.
    fn write_out(
        &self,
        id: SpotId,
        entries: Entries<'t, 'a>,
        turnover: &mut Turnover<'a>,
    ) -> Result<(), Blocked> {
        let Some(fields) = self.tree.fields(id).filter(|_| !turnover.written_out.is_empty()) else {
            return Ok(());
        };
        turnover.written_out.sort_by_key(|(pair, _)| *pair);
        turnover.written_out.dedup_by_key(|(pair, _)| *pair);
        for (pair, copies) in &mut turnover.written_out {
            self.anchors.check_loss(entries.value(*pair).id().index(), end_of(entries.value(*pair)))?;
            for (key, field) in fields.iter() {
                let brought = field.pair.is_none() && field.merge == Some(*pair as u32);
                let child = self.tree.find(id, &Step::Key(key.clone()));
                if brought && child.is_none_or(|child| self.outcomes[child] == Outcome::Same) {
                    // No key stands twice: what the merge key overrides goes.
                    for overridden in fields.own(key, *field) {
                        let (first, value) = (entries.first(overridden), entries.value(overridden));
                        self.anchors.check_loss(first.id().index(), end_of(value))?;
                        turnover.removed.push(overridden);
                    }
                    copies.push((Some(Key::Name(key.clone())), copy(field.value)?));
                }
            }
            if copies.is_empty() {
                turnover.removed.push(*pair);
            }
        }
        turnover.written_out.retain(|(_, copies)| !copies.is_empty());
        Ok(())
    }

    /// Plans what becomes of an entry of a mapping or list that stays.
    fn child(
        &mut self,
        id: SpotId,
        child: SpotId,
        node: NodeRef<'a>,
        entries: Entries<'t, 'a>,
        slot: &Slot<'a>,
        turnover: &mut Turnover<'a>,
    ) -> Result<(), Blocked> {
        let gone = self.outcomes[child] == Outcome::Gone;
        let key = match &self.tree.spots[child].step {
            Step::Index(index) => {
                let index = *index as usize;
                if gone {
                    self.anchors.check_removal(entries, index)?;
                    turnover.removed.push(index);
                } else {
                    let slot = self.entry_slot(node, entries, index, slot)?;
                    self.value(child, &slot);
                }
                return Ok(());
            }
            Step::Key(key) => key,
            Step::Name(..) => return Ok(()),
        };
        let fields = self.tree.fields(id);
        if let Some((fields, field)) = fields.and_then(|fields| Some((fields, fields.get(key)?))) {
            if !gone && let Some(pair) = field.pair {
                let slot = self.entry_slot(node, entries, pair as usize, slot)?;
                self.value(child, &slot);
                return Ok(());
            }
            if gone && field.merge.is_some() {
                let brings = |(_, (merge, value)): &(usize, &(NodeRef<'a>, NodeRef<'a>))| {
                    merge.merges() && merged(*value).iter().any(|mapping| mapping.get(key).is_some())
                };
                let merges = fields.pairs.iter().enumerate().filter(brings);
                turnover.written_out.extend(merges.map(|(pair, _)| (pair, Vec::new())));
            }
            // What a merge key behind it overrides takes its place behind that.
            for pair in fields.own(key, field) {
                self.anchors.check_removal(entries, pair)?;
                if field.value.id() != entries.value(pair).id() {
                    self.anchors.check_loss(entries.value(pair).id().index(), end_of(entries.value(pair)))?;
                }
                turnover.removed.push(pair);
            }
        }
        if !gone {
            let draft = self.draft(child, node.span().end as usize)?;
            turnover.added.push((Some(Key::Name(key.clone())), draft));
        }
        Ok(())
    }

    /// The slot of an entry's value.
    fn entry_slot(
        &self,
        node: NodeRef<'a>,
        entries: Entries<'t, 'a>,
        index: usize,
        outer: &Slot<'a>,
    ) -> Result<Slot<'a>, Blocked> {
        let start = self.entry_start(node, entries, index)?;
        let value = entries.value(index);
        let flow = node.style() == Style::Flow;
        let mut colon = true;
        let mut head = match entries {
            Entries::Items(_) if flow => start,
            Entries::Items(_) => start + 1,
            Entries::Pairs(_) => {
                let key_end = entries.first(index).span().end as usize;
                // A value that is not written follows the `:`, or the key where there is none.
                colon = value.span().start as usize > key_end;
                let at = self.lines.next_token(key_end);
                if colon && self.lines.byte(at) != Some(b':') {
                    return Err(layout("the entry", start));
                }
                if colon { at + 1 } else { key_end }
            }
        };
        for property in [value.tag(), value.anchor()].into_iter().flatten() {
            head = head.max(property.end as usize);
        }
        let place = if flow {
            let room = match &outer.place {
                Place::Flow { room, .. } => {
                    self.room_at(node).filter(|_| room.is_some()).map(|room| room.inner())
                }
                _ => None,
            };
            let key = entries.first(index);
            let (key_start, key_end) = (key.span().start as usize, key.span().end as usize);
            // A key with a colon has to be short and on one line.
            if !colon && (!self.lines.same_line(start, key_end) || key_end - key_start > 512) {
                return Err(layout("the key without a colon", key_start));
            }
            let gap = match (colon, key.span().is_empty() || key.kind() == Kind::Alias) {
                (true, _) => " ",
                // A tag or an alias would take the colon for its own.
                (false, true) => " : ",
                (false, false) => ": ",
            };
            Place::Flow { gap, room }
        } else {
            let column = self.lines.column(node.span().start as usize);
            match entries {
                Entries::Items(_) => Place::Item(column),
                Entries::Pairs(_) if colon => Place::Key(column),
                Entries::Pairs(_) => Place::NoColon(column),
            }
        };
        Ok(Slot { head, place, within: node, outer: outer.column() })
    }

    /// Where an entry begins: at its dash, or at its key with what is written before that.
    pub(super) fn entry_start(
        &self,
        node: NodeRef<'a>,
        entries: Entries<'_, 'a>,
        index: usize,
    ) -> Result<usize, Blocked> {
        let open = node.span().start as usize;
        if node.style() == Style::Flow {
            if !matches!(self.lines.byte(open), Some(b'{' | b'[')) {
                return Err(layout("the pair without braces", open));
            }
            let Some(before) = index.checked_sub(1) else { return Ok(self.lines.next_token(open + 1)) };
            let comma = self.lines.next_token(entries.end(before));
            return match self.lines.byte(comma) {
                Some(b',') => Ok(self.lines.next_token(comma + 1)),
                _ => Err(layout("the entry", comma)),
            };
        }
        let start = match index.checked_sub(1) {
            None => open,
            Some(before) => self.lines.next_token(entries.end(before)),
        };
        let aligned = self.lines.column(start) == self.lines.column(open);
        let alone = index == 0 || self.lines.begins_line(start);
        let dash = matches!(entries, Entries::Pairs(_)) || self.lines.byte(start) == Some(b'-');
        if aligned && alone && dash { Ok(start) } else { Err(layout("the entry", start)) }
    }
}

impl Slot<'_> {
    /// The column of the key that it belongs to, in block style.
    pub(super) fn column(&self) -> Option<usize> {
        match self.place {
            Place::Key(column) | Place::NoColon(column) => Some(column),
            _ => None,
        }
    }
}
