//! Lines of sources: the index of the file at hand, and which lines enclose a line.

use std::sync::Arc;

use seawall_check::Origin;
use seawall_yaml::LineIndex;

/// Lines looked at above a line for what encloses it.
const REACH: u32 = 200;

/// Keeps the index of the last source, since a file's records follow each other.
#[derive(Default)]
pub(super) struct Cache<'r> {
    last: Option<(&'r Origin, LineIndex<'r>)>,
}

impl<'r> Cache<'r> {
    /// The index of a source.
    pub(super) fn of(&mut self, origin: &'r Origin) -> &LineIndex<'r> {
        self.last = self.last.take().filter(|(last, _)| Arc::ptr_eq(&last.source, &origin.source));
        let new = || (origin, LineIndex::with(&origin.source, Arc::clone(&origin.lines)));
        &self.last.get_or_insert_with(new).1
    }
}

/// What a line shows of the structure.
pub(super) struct Shape<'l> {
    /// The column of the first dash of list items, from 0.
    pub(super) dash: Option<usize>,
    /// The column behind dashes and spaces.
    indent: usize,
    /// Without what stands before it.
    pub(super) text: &'l [u8],
}

impl<'l> Shape<'l> {
    pub(super) fn of(line: &'l [u8]) -> Self {
        let spaces = |from: usize| line[from..].iter().take_while(|b| **b == b' ').count();
        let mut indent = spaces(0);
        let mut dash = None;
        while line.get(indent) == Some(&b'-') && matches!(line.get(indent + 1), None | Some(b' ')) {
            dash = dash.or(Some(indent));
            indent += 1;
            indent += spaces(indent);
        }
        Self { dash, indent, text: line[indent..].trim_ascii_end() }
    }

    /// Whether something can begin here that lines below belong to: a list item, or a key without its value.
    fn opens(&self) -> bool {
        let behind = [&b": &"[..], b": !", b": #", b" #"];
        self.dash.is_some()
            || self.text.ends_with(b":")
            || behind.iter().any(|mark| self.text.windows(mark.len()).any(|w| w == *mark))
            || matches!(self.text.last(), Some(b'{' | b'['))
    }

    fn is_blank(&self) -> bool {
        (self.text.is_empty() && self.dash.is_none()) || self.text.starts_with(b"#")
    }
}

/// The line that encloses `line` by its indentation: the key above it, or the first line of its list item.
pub(super) fn parent(index: &LineIndex<'_>, line: u32) -> Option<u32> {
    let own = Shape::of(index.line(line));
    for above in (line.saturating_sub(REACH).max(1)..line).rev() {
        let bytes = index.line(above);
        let shape = Shape::of(bytes);
        if shape.is_blank() {
            continue;
        }
        if bytes.starts_with(b"---") {
            return None;
        }
        let open = shape.text.ends_with(b":");
        let encloses = match own.dash {
            Some(dash) => (shape.indent <= dash && open) || shape.dash.unwrap_or(shape.indent) < dash,
            None => shape.indent < own.indent || shape.dash.is_some_and(|d| d < own.indent),
        };
        // Text that continues a scalar may stand further left than what follows it, and may be secret.
        if encloses && shape.opens() {
            return Some(above);
        }
    }
    None
}

/// The lines that say where a field belongs: up to the first line of its list item, three at most, the nearest first.
pub(super) fn enclosing(index: &LineIndex<'_>, line: u32) -> impl Iterator<Item = u32> {
    let next = move |at: &u32| match Shape::of(index.line(*at)).dash {
        Some(_) => None,
        None => parent(index, *at),
    };
    std::iter::successors(next(&line), next).take(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_parents_in_both_styles_of_lists() {
        let text = "spec:\n  containers:\n  - name: a\n    env:\n    - name: X\n\n    securityContext:\n      privileged: true\n";
        let index = LineIndex::new(text.as_bytes());
        assert_eq!(parent(&index, 8), Some(7));
        assert_eq!(parent(&index, 7), Some(3));
        assert_eq!(parent(&index, 5), Some(4));
        assert_eq!(parent(&index, 3), Some(2));
        assert_eq!(parent(&index, 2), Some(1));
        assert_eq!(parent(&index, 1), None);
        assert_eq!(enclosing(&index, 8).collect::<Vec<_>>(), [7, 3]);
        let folded = LineIndex::new(b"env:\n- name: A\n  value: \"x\n y\"\n  z:\n    a: 1\n");
        assert_eq!(parent(&folded, 5), Some(2));
        let nested = LineIndex::new(b"a: 1\n---\n  b:\n    - c: 1\n      d: 2\n");
        assert_eq!(parent(&nested, 5), Some(4));
        assert_eq!(parent(&nested, 4), Some(3));
        assert_eq!(parent(&nested, 3), None);
    }
}
