//! What is masked of a line that is quoted.

use std::ops::Range;

/// What may be secret in a line, as ranges of its text: `known` are ranges of the source that the document's tree shows,
/// `bytes` is where the line is in it, and `by_look` what its text looks like.
pub(crate) fn secrets_of_line(
    text: &str,
    bytes: Range<usize>,
    known: &[Range<u32>],
    by_look: Vec<Range<usize>>,
) -> Vec<Range<usize>> {
    let first = known.partition_point(|s| s.end as usize <= bytes.start);
    let known = known[first..].iter().take_while(|s| (s.start as usize) < bytes.end);
    let indent = text.len() - text.trim_start_matches(' ').len();
    let known = known.map(|s| {
        let start = (s.start as usize).saturating_sub(bytes.start).max(indent);
        start..(s.end as usize - bytes.start).min(text.trim_end().len())
    });
    let mut all: Vec<Range<usize>> = known.filter(|r| r.start < r.end).chain(by_look).collect();
    all.sort_unstable_by_key(|r| (r.start, r.end));
    all.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_line() {
        let known = [2..5, 8..30, 40..41];
        let of = |text: &str, from: usize, by_look: Vec<Range<usize>>| {
            let found = secrets_of_line(text, from..from + text.len(), &known, by_look);
            found.into_iter().map(|r| (r.start, r.end)).collect::<Vec<_>>()
        };
        assert_eq!(of("abcdef", 0, Vec::new()), [(2, 5)]);
        assert_eq!(of("   xyz  ", 10, Vec::new()), [(3, 6)]);
        assert_eq!(of("0123456789", 0, vec![4..6, 9..10]), [(2, 6), (8, 10)]);
        assert!(of("abc", 31, Vec::new()).is_empty());
    }
}
