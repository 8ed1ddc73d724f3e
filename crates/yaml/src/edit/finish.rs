//! Planned edits in their order, and applied.

use super::change::TextEdit;
use super::spots::SpotId;
use crate::document::Span;

/// An edit as it is planned.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: String,
    pub(super) form: Form,
    /// Whether the line end before it is part of a value.
    pub(super) solid: bool,
    /// The spot that it is planned for.
    pub(super) owner: SpotId,
}

/// What an edit is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Tokens,
    /// Whole lines inserted at the start of a line; the text ends with a line end.
    NewLines,
    /// Whole lines deleted.
    GoneLines,
}

/// The edits in the order of the source. Insertions at one place keep the order in which they were planned, from the
/// innermost collection outwards, and come before what is replaced there. `None` if edits overlap.
pub(super) fn in_order(mut edits: Vec<Edit>, source: &[u8]) -> Option<Vec<TextEdit>> {
    sort(&mut edits);
    let mut covered = 0;
    for edit in &mut edits {
        if edit.form == Form::NewLines && edit.start < covered {
            // Blank lines go with what stood before them.
            edit.start = covered;
            edit.end = covered;
        }
        if edit.start < covered {
            return None;
        }
        covered = edit.end;
    }
    if source.last() != Some(&b'\n') {
        end_without_newline(&mut edits, source);
    }
    let edit = |edit: Edit| TextEdit { span: Span::new(edit.start as u32, edit.end as u32), text: edit.text };
    Some(edits.into_iter().map(edit).collect())
}

/// Sorts edits by place and drops those that do nothing.
pub(super) fn sort(edits: &mut Vec<Edit>) {
    edits.retain(|edit| edit.start < edit.end || !edit.text.is_empty());
    edits.sort_by_key(|edit| (edit.start, edit.end > edit.start));
}

/// Lines at the end of a source that has no line end there: they need one before them, and none behind.
fn end_without_newline(edits: &mut Vec<Edit>, source: &[u8]) {
    let Some(last) = edits.last().filter(|edit| edit.end == source.len()) else { return };
    let newline = if last.text.ends_with("\r\n") || memchr::memmem::find(source, b"\r\n").is_some() {
        "\r\n"
    } else {
        "\n"
    };
    let first = edits.iter().position(|edit| edit.end == source.len()).unwrap_or_default();
    for index in first..edits.len() {
        let before = match edits[..index].last() {
            Some(edit) if edit.end == edits[index].start && !edit.text.is_empty() => {
                edit.text.ends_with('\n')
            }
            Some(edit) if edit.end == edits[index].start => {
                edit.start == 0 || source[edit.start - 1] == b'\n'
            }
            _ => edits[index].start == 0 || source[edits[index].start - 1] == b'\n',
        };
        if edits[index].form == Form::NewLines && !before {
            edits[index].text.insert_str(0, newline);
        }
    }
    let Some(last) = edits.last_mut() else { return };
    if last.text.ends_with('\n') {
        let kept = last.text.strip_suffix(newline).map_or(last.text.len() - 1, str::len);
        last.text.truncate(kept);
        return;
    }
    // The last lines go: so does the line end before them.
    while let Some(last) = edits.pop() {
        if !last.text.is_empty() || last.solid || last.start == 0 || source[last.start - 1] != b'\n' {
            edits.push(last);
            return;
        }
        let touching = edits.last().is_some_and(|before| before.end == last.start);
        if touching && edits.last().is_some_and(|before| before.text.is_empty() && before.start < before.end)
        {
            let start = edits.pop().map_or(last.start, |before| before.start);
            edits.push(Edit { start, ..last });
            continue;
        }
        if touching {
            edits.push(last);
            return;
        }
        let crlf = source[..last.start].ends_with(b"\r\n");
        let start = last.start - if crlf { 2 } else { 1 };
        edits.push(Edit { start, ..last });
        return;
    }
}

/// The source with the edits applied. They may come from several documents of one source, in any order; of edits that
/// overlap, which those of one plan for each document do not, the first is made.
pub fn apply(source: &[u8], edits: &[TextEdit]) -> Vec<u8> {
    let mut order: Vec<&TextEdit> = edits.iter().collect();
    order.sort_by_key(|edit| (edit.span.start, !edit.span.is_empty()));
    let mut out = Vec::with_capacity(source.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut at = 0;
    for edit in order {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        if start < at || end < start || end > source.len() {
            continue;
        }
        out.extend_from_slice(&source[at..start]);
        out.extend_from_slice(edit.text.as_bytes());
        at = end;
    }
    out.extend_from_slice(&source[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: u32, end: u32, text: &str) -> TextEdit {
        TextEdit { span: Span::new(start, end), text: text.to_owned() }
    }

    #[test]
    fn edits_are_applied_in_any_order() {
        let edits = [edit(4, 5, "E"), edit(0, 0, "<"), edit(2, 2, "-"), edit(2, 3, "C"), edit(5, 5, ">")];
        assert_eq!(apply(b"abcde", &edits), b"<ab-CdE>");
        assert_eq!(apply(b"abcde", &[]), b"abcde");
    }

    #[test]
    fn edits_that_cannot_be_made_are_left_out() {
        let edits = [edit(0, 3, "x"), edit(2, 4, "y"), edit(4, 99, "z"), edit(9, 9, "z"), edit(5, 4, "z")];
        assert_eq!(apply(b"abcde", &edits), b"xde");
    }
}
