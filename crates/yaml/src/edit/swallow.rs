//! Block scalars that would take what follows them for their own once the lines between are gone.

use super::finish::{Edit, Form, sort};
use super::lines::{is_block_scalar, keeps_blank_lines};
use super::planner::{Planner, layout};
use crate::document::NodeRef;

impl<'a> Planner<'a, '_> {
    /// Looks at what follows deleted lines if a block scalar stands before them: blank lines that would become part of it
    /// are deleted too, a comment that would is a reason to refuse.
    pub(super) fn guard_block_scalars(&mut self) {
        if !self.edits.iter().any(|edit| edit.form == Form::GoneLines) {
            return;
        }
        sort(&mut self.edits);
        // The block scalar before the last run, and where that ended.
        let mut open: Option<(NodeRef<'a>, usize)> = None;
        let mut at = 0;
        while at < self.edits.len() {
            let run = run(&self.edits[at..]);
            let (first, last) = (at, at + run.max(1) - 1);
            at = last + 1;
            let deletes = |edit: &Edit| edit.form == Form::GoneLines;
            let inserts = self.edits[first..].iter().take_while(|edit| edit.start <= self.edits[last].end);
            if run == 0 || inserts.into_iter().any(|edit| !deletes(edit)) {
                open = None;
                continue;
            }
            let start = self.edits[first].start;
            let still =
                open.filter(|(_, end)| self.lines.text(*end, start).iter().all(u8::is_ascii_whitespace));
            let Some(scalar) = still.map(|(scalar, _)| scalar).or_else(|| self.scalar_before(start)) else {
                open = None;
                continue;
            };
            let keeps = keeps_blank_lines(scalar);
            let mut end = self.edits[last].end;
            let mut line = end;
            while self.lines.is_blank_line(line) {
                let blanks = self.lines.line_end(line) > line;
                line = self.lines.next_line(line);
                if keeps || blanks {
                    end = line;
                }
            }
            self.edits[last].end = end;
            open = Some((scalar, end));
            for edit in &mut self.edits[first..=last] {
                edit.solid = keeps;
            }
            if self.lines.comment_line(line).is_some_and(|column| column >= self.least_column(scalar)) {
                self.refuse(self.edits[last].owner, layout("the comment behind a block scalar", line));
            }
        }
    }

    /// The least column in which the text of a block scalar may begin.
    fn least_column(&self, scalar: NodeRef<'a>) -> usize {
        let (start, end) = (scalar.span().start as usize, scalar.span().end as usize);
        let digit = scalar.raw().iter().take(3).any(u8::is_ascii_digit);
        let unknown = digit || self.lines.begins_line(start);
        let mut least = if unknown { 1 } else { self.lines.indentation(start).len() + 1 };
        let mut line = self.lines.next_line(start);
        while line < end {
            if !self.lines.is_blank_line(line) {
                least = least.min(self.lines.indentation(line).len());
            }
            line = self.lines.next_line(line);
        }
        least
    }

    /// The block scalar that is all there is before a place, blank lines aside.
    fn scalar_before(&self, at: usize) -> Option<NodeRef<'a>> {
        let document = self.document;
        let index = document.nodes.partition_point(|node| (node.span.start as usize) < at);
        let before = |back: usize| index.checked_sub(back).and_then(|index| document.node(index));
        let last = before(1)?;
        // A key that is a block scalar may come without a value.
        let scalar = if last.span().is_empty() { before(2)? } else { last };
        let between = self.lines.text(scalar.span().end as usize, at);
        (is_block_scalar(scalar) && between.iter().all(u8::is_ascii_whitespace)).then_some(scalar)
    }
}

/// The number of edits at the head that delete lines without a gap.
fn run(edits: &[Edit]) -> usize {
    let mut count = 0;
    while let Some(edit) = edits.get(count).filter(|edit| edit.form == Form::GoneLines) {
        if count > 0 && edits[count - 1].end != edit.start {
            break;
        }
        count += 1;
    }
    count
}
