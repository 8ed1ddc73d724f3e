//! Unified diffs: for people, with colours and without secrets; and exact, for `git apply` and `patch`.

use std::io::Write as _;
use std::sync::Arc;

use seawall_finding::{mask, place, secrets, source_secrets};
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use crate::masked::secrets_of_line;
use crate::text::{Role, paint};
use crate::visible;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// What takes the place of an object's kind, so that all that may be data of a Secret counts as such.
const ANY_KIND: &str = "Secret";

/// A diff as people see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The text.
    pub text: String,
    /// Whether something in it is masked or made visible: then it cannot be applied.
    pub altered: bool,
}

/// The diff of a file for people: nothing in it can steer a terminal, and what may be secret is masked.
pub fn show(path: &str, before: &Arc<[u8]>, after: &Arc<[u8]>, colour: bool) -> Shown {
    let (old, new) = (lines(before), lines(after));
    let (old_secrets, new_secrets) = (source_secrets(before), source_secrets(after));
    let (old_starts, new_starts) = (starts(&old), starts(&new));
    let mut shown = Shown::default();
    for (mark, name) in [("---", "a"), ("+++", "b")] {
        paint(&mut shown.text, colour, Role::Strong, &format!("{mark} {name}/{}", visible::text(path)));
        shown.text.push('\n');
    }
    for hunk in hunks(&old, &new) {
        paint(&mut shown.text, colour, Role::Frame, &head(&hunk));
        shown.text.push('\n');
        each_line(&hunk, |mark, at| {
            let (all, starts, known) = match mark {
                '+' => (&new, &new_starts, &new_secrets),
                _ => (&old, &old_starts, &old_secrets),
            };
            let raw = all[at].strip_suffix(b"\n").unwrap_or(all[at]);
            let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
            let text = String::from_utf8_lossy(raw);
            let above = all[..at].iter().rev().map(|line| line.trim_ascii_end());
            let by_look = secrets(&text, place(&text, above, ANY_KIND));
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

/// The diff of a file as `git apply` and `patch -p1` take it: all bytes as they are.
pub fn patch(path: &str, before: &[u8], after: &[u8]) -> Vec<u8> {
    let (old, new) = (lines(before), lines(after));
    let mut out = Vec::new();
    let name = patch_name(path);
    // Writing to a vector does not fail.
    let _ = write!(out, "--- {}\n+++ {}\n", name("a"), name("b"));
    for hunk in hunks(&old, &new) {
        let _ = writeln!(out, "{}", head(&hunk));
        each_line(&hunk, |mark, at| {
            let line = if mark == '+' { new[at] } else { old[at] };
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
    text.split_inclusive(|b| *b == b'\n').collect()
}

fn hunks(old: &[&[u8]], new: &[&[u8]]) -> Vec<Vec<DiffOp>> {
    group_diff_ops(capture_diff_slices(Algorithm::Myers, old, new), CONTEXT)
}

/// `@@ -3,4 +3,7 @@`
fn head(hunk: &[DiffOp]) -> String {
    let range = |of: fn(&DiffOp) -> std::ops::Range<usize>| {
        let start = hunk.first().map_or(0, |op| of(op).start);
        let end = hunk.last().map_or(0, |op| of(op).end);
        match end - start {
            // An empty range stands behind the line that it names.
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            n => format!("{},{n}", start + 1),
        }
    };
    format!("@@ -{} +{} @@", range(DiffOp::old_range), range(DiffOp::new_range))
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

    const BEFORE: &str = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n";

    #[test]
    fn hunks_have_three_lines_of_context() {
        let after = BEFORE.replace("c: 3\n", "c: 3\nnew: x\n");
        let shown = show("f.yaml", &BEFORE.as_bytes().into(), &after.as_bytes().into(), false);
        assert_eq!(
            shown.text,
            "--- a/f.yaml\n+++ b/f.yaml\n@@ -1,5 +1,6 @@\n a: 1\n b: 2\n c: 3\n+new: x\n d: 4\n e: 5\n"
        );
        assert!(!shown.altered);
        assert_eq!(patch("f.yaml", BEFORE.as_bytes(), after.as_bytes()), shown.text.as_bytes());
    }

    #[test]
    fn ends_of_files_are_told() {
        let text = String::from_utf8(patch("f", b"a", b"a\nb")).unwrap();
        assert_eq!(
            text,
            "--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n"
        );
        assert!(String::from_utf8(patch("f", b"", b"a\n")).unwrap().contains("@@ -0,0 +1 @@"));
    }

    #[test]
    fn people_see_no_secrets_and_no_controls() {
        let before = "env:\n- name: A\n  value:\n   c4n4ry\nargs: [mysql, -pc4n4ry]\nx: a\u{202e}b\n";
        let after = format!("{before}new: 1\n");
        let shown = show("f\u{202e}", &before.as_bytes().into(), &after.as_bytes().into(), false);
        assert!(!shown.text.contains("c4n4ry") && shown.text.contains(MASK), "{}", shown.text);
        assert!(!shown.text.contains('\u{1b}') && !shown.text.contains('\u{202e}') && shown.altered);
        assert!(patch("f", before.as_bytes(), after.as_bytes()).windows(6).any(|w| w == b"c4n4ry"));
    }

    #[test]
    fn names_are_quoted_as_git_does() {
        let name = |path| patch_name(path)("a");
        assert_eq!(name("x y.yaml"), "a/x y.yaml\t");
        assert_eq!(name("ü\"\n"), "\"a/\\303\\274\\\"\\012\"");
    }
}
