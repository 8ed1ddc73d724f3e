//! Source lines with regions underlined.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use seawall_check::Region;
use seawall_finding::{MASK, Place, place, secrets, unread};
use seawall_yaml::LineIndex;

use super::paint::{Role, paint};
use crate::masked::secrets_of_line;
use crate::visible;

/// Lines longer than this are looked at only around the marks.
const LONG: usize = 8192;

/// Bytes looked at on either side of a mark in long lines.
const AROUND: usize = 2048;

/// A region with what is said of it.
#[derive(Clone, Debug)]
pub(super) struct Marked<'a> {
    pub(super) region: Region,
    pub(super) label: Cow<'a, str>,
    /// Underlined with `^`; others with `-`.
    pub(super) primary: bool,
}

/// What is quoted.
#[derive(Clone, Copy)]
pub(super) struct Quoted<'a, 's> {
    pub(super) index: &'a LineIndex<'s>,
    pub(super) file: &'a str,
    /// The object's kind, which decides what may be secret, and its first line, above which nothing encloses its own; `None`
    /// where no document could be read.
    pub(super) object: Option<(&'a str, u32)>,
    /// What may be secret for certain.
    pub(super) secrets: &'a [Range<u32>],
    /// Whether nobody wrote the text: then it is not quoted.
    pub(super) live: bool,
}

impl Quoted<'_, '_> {
    /// What may be secret in these bytes of a line: what the document's tree shows, and what its text looks like.
    fn secrets(&self, text: &str, bytes: Range<usize>, by_look: Vec<Range<usize>>) -> Vec<Range<usize>> {
        secrets_of_line(text, bytes, self.secrets, by_look)
    }
}

/// Where and how to print.
pub(super) struct Page<'a, 's> {
    pub(super) quoted: Quoted<'a, 's>,
    pub(super) width: usize,
    pub(super) color: bool,
    pub(super) role: Role,
}

/// The width of the column of line numbers for these lines, with the space on its left.
pub(super) fn gutter(last: u32) -> usize {
    (last.max(1).ilog10() as usize + 3).max(5)
}

/// Prints the lines of the marks and the lines of context, in order, each once.
pub(super) fn write(page: &Page<'_, '_>, marks: &[Marked<'_>], context: &[u32], out: &mut String) {
    let mut marks = joined(marks);
    marks.retain(|m| (1..=page.quoted.index.count()).contains(&m.region.line));
    let mut lines: Vec<u32> = marks.iter().map(|m| m.region.line).chain(context.iter().copied()).collect();
    lines.sort_unstable();
    lines.dedup();
    let Some(&last) = lines.last() else { return };
    let gutter = gutter(last);
    let mut previous = None;
    let mut rest = marks.as_slice();
    for line in lines {
        if previous.is_some_and(|p| p + 1 < line) {
            paint(out, page.color, Role::Frame, "...");
            out.push('\n');
        }
        previous = Some(line);
        let (here, below) = rest.split_at(rest.partition_point(|m| m.region.line <= line));
        rest = below;
        let here: Vec<&Marked<'_>> = here.iter().collect();
        write_line(page, line, &here, gutter, out);
    }
}

/// The marks in order, those of one region as one with all their labels.
fn joined<'a>(marks: &[Marked<'a>]) -> Vec<Marked<'a>> {
    let mut marks = marks.to_vec();
    marks.sort_by_key(|m| m.region);
    let mut out: Vec<Marked<'a>> = Vec::with_capacity(marks.len());
    for mark in marks {
        match out.last_mut().filter(|last| last.region == mark.region) {
            Some(same) => {
                same.primary |= mark.primary;
                if !mark.label.is_empty() && !same.label.split(", ").any(|l| l == mark.label) {
                    let comma = if same.label.is_empty() { "" } else { ", " };
                    same.label = Cow::Owned(format!("{}{comma}{}", same.label, mark.label));
                }
            }
            None => out.push(mark),
        }
    }
    out
}

fn write_line(page: &Page<'_, '_>, line: u32, marks: &[&Marked<'_>], gutter: usize, out: &mut String) {
    let bytes = page.quoted.index.line(line);
    let room = page.width.max(40).saturating_sub(gutter + 3);
    if bytes.len() <= LONG {
        let text = String::from_utf8_lossy(bytes);
        let from = |first: u32| (first..line).rev().map(|l| page.quoted.index.line(l));
        let below = (line + 1..=page.quoted.index.count()).map(|l| page.quoted.index.line(l));
        let masked = match page.quoted.object {
            None => unread(&text, from(1), below),
            // Of a Secret little else is worth quoting.
            Some((kind, _)) if kind.eq_ignore_ascii_case("Secret") => unread(&text, from(1), below),
            // What an alias stands for may be above the object.
            Some((kind, first)) => {
                secrets(&text, place(&text, from(if first <= line { first } else { 1 }), kind))
            }
        };
        let masked = page.quoted.secrets(&text, page.quoted.index.range(line), masked);
        let row = Row::of(&text, 1, &masked);
        let mut marks = marks;
        loop {
            marks = write_row(page, line, &row, marks, (gutter, room), out);
            if marks.is_empty() {
                return;
            }
        }
    }
    if marks.is_empty() {
        let text = String::from_utf8_lossy(&bytes[..AROUND]);
        let range = page.quoted.index.range(line);
        let masked = secrets(&text, Place::Environment);
        let masked = page.quoted.secrets(&text, range.start..range.start + text.len(), masked);
        let row = Row::of(&text, 1, &masked);
        write_row(page, line, &row, marks, (gutter, room), out);
        return;
    }
    for mark in marks {
        let at = page.quoted.index.column(line, mark.region.column);
        let (text, from, column) = around(bytes, at, mark.region.column);
        let mut masked = secrets(&text, Place::Environment);
        if page.quoted.object.is_none() {
            masked = std::iter::once(0..text.len()).collect();
        } else if column > 1 {
            // What began before the window is unknown up to the next key.
            let known = [text.find(",\""), text.find("{\""), text.find(", ")].into_iter().flatten().min();
            let known = known.unwrap_or(text.len());
            masked.retain(|m| m.start >= known);
            masked.insert(0, 0..known);
        }
        let from = page.quoted.index.range(line).start + from;
        let masked = page.quoted.secrets(&text, from..from + text.len(), masked);
        let row = Row::of(&text, column, &masked);
        write_row(page, line, &row, &[mark], (gutter, room), out);
    }
}

/// A window of a long line around a column, which is at byte `at`, the byte and the column of its beginning.
fn around(line: &[u8], at: usize, column: u32) -> (Cow<'_, str>, usize, u32) {
    let starts = |b: &u8| *b & 0xC0 != 0x80;
    let mut start = at.saturating_sub(AROUND);
    while start > 0 && !starts(&line[start]) {
        start -= 1;
    }
    let mut end = (at + AROUND).min(line.len());
    while end < line.len() && !starts(&line[end]) {
        end += 1;
    }
    let before = line[start..at].iter().filter(|b| starts(b)).count() as u32;
    (String::from_utf8_lossy(&line[start..end]), start, column.saturating_sub(before).max(1))
}

/// A line as it is shown: every cell is a character of the source, an escape or a mask.
struct Row {
    text: String,
    cells: Vec<Cell>,
    width: usize,
}

struct Cell {
    /// The column in the source.
    column: u32,
    /// Where it begins in `text`.
    start: usize,
    /// Where it begins on the screen.
    x: usize,
    width: usize,
}

impl Row {
    fn of(source: &str, column: u32, masked: &[Range<usize>]) -> Self {
        let source = source.trim_end_matches([' ', '\r']);
        let mut row = Self {
            text: String::with_capacity(source.len() + 8),
            cells: Vec::with_capacity(source.len()),
            width: 0,
        };
        let mut masked = masked.iter().peekable();
        let mut hidden = 0;
        for (column, (at, c)) in (column..).zip(source.char_indices()) {
            if at < hidden {
                continue;
            }
            let start = row.text.len();
            let width = if masked.peek().is_some_and(|m| m.start <= at) {
                hidden = masked.next().map_or(0, |m| m.end);
                row.text.push_str(MASK);
                MASK.len()
            } else {
                visible::push(c, &mut row.text);
                visible::width(c)
            };
            row.cells.push(Cell { column, start, x: row.width, width });
            row.width += width;
        }
        row
    }

    /// Where a source column begins and ends on the screen.
    fn span(&self, column: u32) -> (usize, usize) {
        match self.cells.partition_point(|c| c.column <= column).checked_sub(1) {
            Some(at) if at + 1 < self.cells.len() || self.cells[at].column == column => {
                (self.cells[at].x, self.cells[at].x + self.cells[at].width)
            }
            _ => (self.width, self.width + 1),
        }
    }

    /// Where a region of this line begins and ends on the screen; regions of several lines end with the line.
    fn place_of(&self, region: Region) -> (usize, usize) {
        let (start, least) = self.span(region.column);
        let end = if region.end_line > region.line {
            self.width
        } else {
            self.span(region.end_column.saturating_sub(1)).1.min(self.width)
        };
        (start, end.max(least))
    }
}

/// Prints a line, cut around the first mark if it is too wide, and the lines that underline the marks in sight. Returns
/// the other marks.
fn write_row<'m, 'a>(
    page: &Page<'_, '_>,
    line: u32,
    row: &Row,
    marks: &'m [&'m Marked<'a>],
    (gutter, room): (usize, usize),
    out: &mut String,
) -> &'m [&'m Marked<'a>] {
    let number = format!("{line:>gutter$} |");
    paint(out, page.color, Role::Frame, &number);
    let (mut from, mut to) = (0, row.width);
    if row.width > room {
        let (start, end) = marks.first().map_or((0, 0), |m| row.place_of(m.region));
        if end + 3 > room {
            from = start.saturating_sub(room / 4);
        }
        to = from + room - 3 - if from > 0 { 3 } else { 0 };
    }
    let cell = |x: usize| row.cells.partition_point(|c| c.x < x);
    let first = cell(from);
    let last = row.cells.partition_point(|c| c.x + c.width <= to);
    let begin = row.cells.get(first).map_or(row.text.len(), |c| c.start);
    let end = row.cells.get(last).map_or(row.text.len(), |c| c.start);
    let from = row.cells.get(first).map_or(from, |c| c.x);
    let shown = row.text.get(begin..end).unwrap_or_default();
    if !shown.is_empty() {
        out.push(' ');
    }
    let before = if first > 0 { "..." } else { "" };
    out.push_str(before);
    out.push_str(shown);
    if last < row.cells.len() {
        out.push_str("...");
    }
    out.push('\n');
    let in_sight = marks.iter().skip(1).take_while(|m| {
        let (start, end) = row.place_of(m.region);
        row.width <= room || (from <= start && end <= to)
    });
    let (now, later) = marks.split_at((1 + in_sight.count()).min(marks.len()));
    for mark in now {
        let (start, end) = row.place_of(mark.region);
        let start = start.saturating_sub(from) + before.len();
        let end = (end.min(to.max(from + 1)).saturating_sub(from) + before.len()).max(start + 1);
        let role = if mark.primary { page.role } else { Role::Frame };
        let below: String = std::iter::repeat_n(if mark.primary { '^' } else { '-' }, end - start).collect();
        let label = visible::message(&mark.label);
        let width = visible::text_width(&label);
        if label.is_empty() || end + 1 + width <= room {
            let space = if label.is_empty() { "" } else { " " };
            write_below(page, gutter, start, role, &format!("{below}{space}{label}"), out);
            continue;
        }
        // The label has no room beside the mark: below it, as far to the right as it can be.
        write_below(page, gutter, start, role, &below, out);
        let start = start.min(room.saturating_sub(width));
        let mut lines = String::new();
        super::flow(&label, 0, 0, room, &mut lines);
        for line in lines.lines() {
            write_below(page, gutter, start, role, line, out);
        }
    }
    later
}

/// A line below a line of the source, with a text at this column.
fn write_below(page: &Page<'_, '_>, gutter: usize, column: usize, role: Role, text: &str, out: &mut String) {
    paint(out, page.color, Role::Frame, &format!("{:>gutter$} |", ""));
    let _ = write!(out, " {:column$}", "");
    paint(out, page.color, role, text);
    out.push('\n');
}
