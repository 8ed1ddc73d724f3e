//! Unified diffs: for people, with colours and without secrets; and exact, for `git apply` and `patch`.

use std::io::Write as _;
use std::ops::Range;
use std::sync::Arc;

use seawall_finding::{Place, mask, place, secrets, source_secrets};
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use crate::masked::secrets_of_line;
use crate::text::{Role, paint};
use crate::visible;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// Bytes that a line has about.
const LINE: usize = 24;

/// What takes the place of an object's kind, so that all that may be data of a Secret counts as such.
const ANY_KIND: &str = "Secret";

/// Where two texts differ, by lines.
#[derive(Debug)]
pub struct Diff<'t> {
    before: &'t Arc<[u8]>,
    after: &'t Arc<[u8]>,
    old: Vec<&'t [u8]>,
    new: Vec<&'t [u8]>,
    hunks: Vec<Vec<DiffOp>>,
}

/// A diff as people see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The text.
    pub text: String,
    /// Whether something in it is masked or made visible: then it cannot be applied.
    pub altered: bool,
}

impl<'t> Diff<'t> {
    /// Of two texts.
    pub fn of(before: &'t Arc<[u8]>, after: &'t Arc<[u8]>) -> Self {
        let (old, new) = (lines(before), lines(after));
        let hunks = group_diff_ops(capture_diff_slices(Algorithm::Myers, &old, &new), CONTEXT);
        Self { before, after, old, new, hunks }
    }

    /// The diff of a file for people: nothing in it can steer a terminal, and what may be secret is masked.
    pub fn show(&self, path: &str, colour: bool) -> Shown {
        let Self { old, new, .. } = self;
        let (old_starts, new_starts) = (starts(old), starts(new));
        let old_secrets =
            secrets_of(self.before, &old_starts, self.hunks.iter().map(|hunk| span(hunk, DiffOp::old_range)));
        // What is written is what was there, and what is no secret: it is looked at where a secret was taken away.
        let takes = |op: &DiffOp| {
            let Range { start, end } = op.old_range();
            if start == end || matches!(op, DiffOp::Equal { .. }) {
                return false;
            }
            let (from, to) = (old_starts[start], old_starts.get(end).map_or(self.before.len(), |at| *at));
            old_secrets.0.iter().any(|secret| (secret.start as usize) < to && secret.end as usize > from)
        };
        let new_secrets = if !old_secrets.1 || self.hunks.iter().flatten().any(takes) {
            secrets_of(self.after, &new_starts, self.hunks.iter().map(|hunk| span(hunk, DiffOp::new_range)))
        } else {
            (Vec::new(), true)
        };
        let mut shown = Shown::default();
        for (mark, name) in [("---", "a"), ("+++", "b")] {
            paint(&mut shown.text, colour, Role::Strong, &format!("{mark} {name}/{}", visible::text(path)));
            shown.text.push('\n');
        }
        for hunk in &self.hunks {
            paint(&mut shown.text, colour, Role::Frame, &head(hunk));
            shown.text.push('\n');
            each_line(hunk, |mark, at| {
                let (all, starts, (known, whole)) = match mark {
                    '+' => (new, &new_starts, &new_secrets),
                    _ => (old, &old_starts, &old_secrets),
                };
                let raw = all[at].strip_suffix(b"\n").unwrap_or(all[at]);
                let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
                let text = String::from_utf8_lossy(raw);
                // What could be read is known; a comment may hold what once was a value.
                let place = if *whole && !text.contains('#') {
                    Place::Plain
                } else {
                    place(&text, all[..at].iter().rev().map(|line| line.trim_ascii_end()), ANY_KIND)
                };
                let by_look = secrets(&text, place);
                let masked = secrets_of_line(&text, starts[at]..starts[at] + raw.len(), known, by_look);
                let masked = mask(&text, &masked);
                let line = visible::text(&masked);
                shown.altered |= line.as_bytes() != raw;
                let role = match mark {
                    '+' => Some(Role::Added),
                    '-' => Some(Role::Removed),
                    _ => None,
                };
                let line = format!("{mark}{line}");
                if let Some(role) = role {
                    paint(&mut shown.text, colour, role, &line);
                } else {
                    shown.text.push_str(&line);
                }
                shown.text.push('\n');
                if !all[at].ends_with(b"\n") {
                    shown.text.push_str(NO_NEWLINE);
                }
            });
        }
        shown
    }

    /// The hunks as `git apply` and `patch -p1` take them behind a [`patch_head`]: all bytes as they are.
    pub fn patch(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for hunk in &self.hunks {
            // Writing to a vector does not fail.
            let _ = writeln!(out, "{}", head(hunk));
            each_line(hunk, |mark, at| {
                let line = if mark == '+' { self.new[at] } else { self.old[at] };
                out.push(mark as u8);
                out.extend_from_slice(line);
                if !line.ends_with(b"\n") {
                    out.push(b'\n');
                    out.extend_from_slice(NO_NEWLINE.as_bytes());
                }
            });
        }
        out
    }
}

/// What stands before the hunks of a file in a patch.
pub fn patch_head(path: &str) -> String {
    let name = patch_name(path);
    format!("--- {}\n+++ {}\n", name("a"), name("b"))
}

const NO_NEWLINE: &str = "\\ No newline at end of file\n";

/// A file's name in a patch: quoted as git does where it has to be.
fn patch_name(path: &str) -> impl Fn(&str) -> String + '_ {
    let odd = path.bytes().any(|b| b < b' ' || b == b'"' || b == b'\\' || b >= 0x7f);
    move |side| {
        if !odd {
            // A name with a space ends at a tab.
            let tab = if path.contains(' ') { "\t" } else { "" };
            return format!("{side}/{path}{tab}");
        }
        let mut out = format!("\"{side}/");
        for byte in path.bytes() {
            match byte {
                b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
                b' '..=b'~' => out.push(char::from(byte)),
                _ => {
                    use std::fmt::Write as _;
                    let _ = write!(out, "\\{byte:03o}");
                }
            }
        }
        out.push('"');
        out
    }
}

/// Where the lines begin.
fn starts(lines: &[&[u8]]) -> Vec<usize> {
    let ends = lines.iter().scan(0, |end, line| {
        let start = *end;
        *end += line.len();
        Some(start)
    });
    ends.collect()
}

/// The lines with their ends.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text).map(|at| at + 1);
    let ends = ends.chain((!text.is_empty() && !text.ends_with(b"\n")).then_some(text.len()));
    let mut lines = Vec::with_capacity(text.len() / LINE);
    lines.extend(ends.map(|end| &text[std::mem::replace(&mut start, end)..end]));
    lines
}

/// `@@ -3,4 +3,7 @@`
fn head(hunk: &[DiffOp]) -> String {
    let range = |of: fn(&DiffOp) -> Range<usize>| {
        let Range { start, end } = span(hunk, of);
        match end - start {
            // An empty range stands behind the line that it names.
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            n => format!("{},{n}", start + 1),
        }
    };
    format!("@@ -{} +{} @@", range(DiffOp::old_range), range(DiffOp::new_range))
}

/// The lines of a hunk.
fn span(hunk: &[DiffOp], of: fn(&DiffOp) -> Range<usize>) -> Range<usize> {
    hunk.first().map_or(0, |op| of(op).start)..hunk.last().map_or(0, |op| of(op).end)
}

/// What may be secret in the documents that these lines are of, and whether all of them could be read. Others are not read.
fn secrets_of(
    text: &Arc<[u8]>,
    starts: &[usize],
    lines: impl Iterator<Item = Range<usize>>,
) -> (Vec<Range<u32>>, bool) {
    let mut documents: Vec<Range<usize>> = Vec::new();
    let separators = separators(text);
    for Range { start, end } in lines {
        let from = starts.get(start).map_or(text.len(), |at| {
            let before = separators.partition_point(|separator| separator < at);
            before.checked_sub(1).map_or(0, |last| separators[last])
        });
        let to = starts.get(end).map_or(text.len(), |at| {
            let next = separators.partition_point(|separator| separator < at);
            separators.get(next).copied().unwrap_or(text.len())
        });
        match documents.last_mut() {
            Some(last) if from < last.end => last.end = last.end.max(to),
            _ => documents.push(from..to),
        }
    }
    let (mut secrets, mut whole) = (Vec::new(), true);
    for document in documents {
        let start = document.start as u32;
        let (found, readable) = source_secrets(&text[document].into());
        secrets.extend(found.into_iter().map(|secret| secret.start + start..secret.end + start));
        whole &= readable;
    }
    (secrets, whole)
}

/// The lines, but the first, that begin with `---` and so may part documents.
fn separators(text: &[u8]) -> Vec<usize> {
    let is_line = |at: &usize| text.get(at + 3).is_none_or(u8::is_ascii_whitespace);
    memchr::memmem::find_iter(text, b"\n---").map(|at| at + 1).filter(is_line).collect()
}

/// Calls `line` for every line of a hunk with its mark and its position among the old lines, or the new for `+`.
fn each_line(hunk: &[DiffOp], mut line: impl FnMut(char, usize)) {
    for op in hunk {
        if let DiffOp::Equal { .. } = op {
            op.old_range().for_each(|at| line(' ', at));
        } else {
            op.old_range().for_each(|at| line('-', at));
            op.new_range().for_each(|at| line('+', at));
        }
    }
}

/// Whether a diff was altered, as a sentence.
pub const ALTERED: &str = "values that may be secret are masked in this diff, so that it cannot be applied";

#[cfg(test)]
mod tests {
    use seawall_finding::MASK;

    use super::*;

    fn show(path: &str, before: &str, after: &str) -> Shown {
        Diff::of(&before.as_bytes().into(), &after.as_bytes().into()).show(path, false)
    }

    fn patch(path: &str, before: &str, after: &str) -> String {
        let patch = Diff::of(&before.as_bytes().into(), &after.as_bytes().into()).patch();
        patch_head(path) + &String::from_utf8(patch).unwrap()
    }

    const BEFORE: &str = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n";

    #[test]
    fn hunks_have_three_lines_of_context() {
        let after = BEFORE.replace("c: 3\n", "c: 3\nnew: x\n");
        let shown = show("f.yaml", BEFORE, &after);
        assert_eq!(
            shown.text,
            "--- a/f.yaml\n+++ b/f.yaml\n@@ -1,5 +1,6 @@\n a: 1\n b: 2\n c: 3\n+new: x\n d: 4\n e: 5\n"
        );
        assert!(!shown.altered);
        assert_eq!(patch("f.yaml", BEFORE, &after), shown.text);
    }

    #[test]
    fn ends_of_files_are_told() {
        let text = patch("f", "a", "a\nb");
        assert_eq!(
            text,
            "--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n"
        );
        assert!(patch("f", "", "a\n").contains("@@ -0,0 +1 @@"));
    }

    #[test]
    fn people_see_no_secrets_and_no_controls() {
        let before = "env:\n- name: A\n  value:\n   c4n4ry\nargs: [mysql, -pc4n4ry]\nx: a\u{202e}b\n";
        let after = format!("{before}new: 1\n");
        let shown = show("f\u{202e}", before, &after);
        assert!(!shown.text.contains("c4n4ry") && shown.text.contains(MASK), "{}", shown.text);
        assert!(!shown.text.contains('\u{1b}') && !shown.text.contains('\u{202e}') && shown.altered);
        assert!(patch("f", before, &after).contains("c4n4ry"));
    }

    #[test]
    fn secrets_of_other_documents_are_told_apart() {
        let secret = "kind: Secret\ndata:\n  k: c4n4ry\n";
        let pod = "kind: Pod\nspec:\n  a: b\n";
        for (before, after) in [
            (format!("{secret}---\n{pod}"), format!("{secret}---\nnew: 1\n{pod}")),
            (format!("{pod}--- # x\n{secret}"), format!("{pod}new: 1\n--- # x\n{secret}")),
            (format!("{pod}---x\n---\n{secret}"), format!("{pod}---x\nnew: 1\n---\n{secret}")),
        ] {
            let text = show("f", &before, &after).text;
            assert!(text.contains("+new: 1") && !text.contains("c4n4ry"), "{text}");
        }
        let all: Arc<[u8]> = format!("{pod}---\n{secret}---\n{pod}").into_bytes().into();
        let starts = starts(&lines(&all));
        let of = |lines: Range<usize>| secrets_of(&all, &starts, std::iter::once(lines)).0.len();
        assert_eq!((of(0..2), of(0..4), of(4..5), of(7..8), of(9..11)), (0, 1, 1, 1, 0));
    }

    #[test]
    fn names_are_quoted_as_git_does() {
        let name = |path| patch_name(path)("a");
        assert_eq!(name("x y.yaml"), "a/x y.yaml\t");
        assert_eq!(name("ü\"\n"), "\"a/\\303\\274\\\"\\012\"");
    }
}
