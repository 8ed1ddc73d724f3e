//! Lines of a source with places underlined.

use std::fmt::Write as _;

use seawall_check::Mark;
use seawall_finding::redact_line;
use seawall_yaml::LineIndex;
use unicode_width::UnicodeWidthChar as _;

use super::paint::Paint;
use crate::visible::visible;

/// Places shown of one group.
const SHOWN: usize = 8;

/// Writes the lines of `marks`, each with its number, its places underlined.
pub(super) fn write(
    out: &mut String,
    lines: &LineIndex<'_>,
    marks: &[Mark],
    paint: &Paint,
    width: usize,
    error: bool,
) {
    let shown = &marks[..marks.len().min(SHOWN)];
    let gutter = shown.last().map_or(1, |m| m.region.line.to_string().len()).max(4);
    let mut at = 0;
    let mut before = 0;
    while let Some(mark) = shown.get(at) {
        let line = mark.region.line;
        let count = shown[at..].iter().take_while(|m| m.region.line == line).count();
        if before != 0 && line > before + 1 {
            let _ = writeln!(out, "  {}", paint.quiet(&format!("{:>gutter$} :", "")));
        }
        before = line;
        write_line(out, lines.line(line), line, &shown[at..at + count], gutter, paint, width, error);
        at += count;
    }
    if marks.len() > SHOWN {
        let _ = writeln!(out, "  {:>gutter$}   and {} more places", "", marks.len() - SHOWN);
    }
}

/// A line as it is shown: what each of its characters looks like, and how wide.
struct Cells {
    cells: Vec<(String, usize)>,
}

impl Cells {
    fn new(text: &str) -> Self {
        let mut buffer = [0; 4];
        let cells = text
            .chars()
            .map(|c| match c {
                '\t' => ("    ".to_owned(), 4),
                c => {
                    let shown = visible(c.encode_utf8(&mut buffer)).into_owned();
                    let width = shown.chars().map(|c| c.width().unwrap_or(0)).sum();
                    (shown, width)
                }
            })
            .collect();
        Self { cells }
    }

    fn width(&self, from: usize, to: usize) -> usize {
        self.cells.iter().take(to).skip(from).map(|(_, w)| w).sum()
    }

    fn text(&self, from: usize, to: usize) -> String {
        self.cells.iter().take(to).skip(from).map(|(s, _)| s.as_str()).collect()
    }
}

#[expect(clippy::too_many_arguments, reason = "all of them describe one line")]
fn write_line(
    out: &mut String,
    raw: &[u8],
    number: u32,
    marks: &[Mark],
    gutter: usize,
    paint: &Paint,
    width: usize,
    error: bool,
) {
    let raw = String::from_utf8_lossy(raw);
    let text = redact_line(&raw);
    let cells = Cells::new(&text);
    let room = width.saturating_sub(gutter + 5).max(20);
    let count = cells.cells.len();
    let first = marks.first().map_or(0, |m| m.region.column.saturating_sub(1) as usize).min(count);
    let (from, to) = window(&cells, first, room);
    let lead = if from > 0 { "..." } else { "" };
    let tail = if to < count { "..." } else { "" };
    let _ = writeln!(
        out,
        "  {} {lead}{}{tail}",
        paint.quiet(&format!("{number:>gutter$} |")),
        cells.text(from, to)
    );
    for mark in marks {
        let region = mark.region;
        let start = (region.column.saturating_sub(1) as usize).clamp(from, to);
        let end =
            if region.end_line == region.line { region.end_column.saturating_sub(1) as usize } else { count };
        // A masked line is shorter than the one that the region counts in.
        let end = end.clamp(start, to);
        let indent = lead.len() + cells.width(from, start);
        let length = cells.width(start, end).max(1);
        let under = paint.mark(&"^".repeat(length), error);
        let label = visible(&mark.label);
        let gap = if label.is_empty() { "" } else { " " };
        let _ = writeln!(
            out,
            "  {} {:indent$}{under}{gap}{}",
            paint.quiet(&format!("{:>gutter$} |", "")),
            "",
            paint.mark(&label, error)
        );
    }
}

/// The characters to show: all if there is room, else those around `first`.
fn window(cells: &Cells, first: usize, room: usize) -> (usize, usize) {
    let count = cells.cells.len();
    if cells.width(0, count) <= room {
        return (0, count);
    }
    let room = room.saturating_sub(6);
    // Keep some of what stands before the place.
    let mut from = first;
    while from > 0 && cells.width(from - 1, first) <= room / 2 {
        from -= 1;
    }
    if cells.width(0, first) <= room / 2 {
        from = 0;
    }
    let mut to = from;
    let mut used = 0;
    while to < count && used + cells.cells[to].1 <= room {
        used += cells.cells[to].1;
        to += 1;
    }
    (from, to)
}
