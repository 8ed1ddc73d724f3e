//! Name patterns: `*` stands for any run of characters, `?` for one.

/// Whether the whole of `text` matches `pattern`. Linear in `text` times the number of stars.
pub fn matches(pattern: &str, text: &str) -> bool {
    // Most patterns are names, and there may be many of them.
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&wanted) = text.get(seen) {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, seen));
                at += 1;
            }
            Some(&c) if c == '?' || c == wanted => {
                at += 1;
                seen += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (at, seen) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|c| *c == '*')
}

/// Whether some text matches both patterns. Linear in the product of their lengths.
pub fn overlap(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Whether what is left of `a` overlaps with what is left of `b`, by how much of `b` is gone: from the end of `a` on.
    let mut below = vec![false; b.len() + 1];
    for at in (0..=a.len()).rev() {
        let mut row = vec![false; b.len() + 1];
        for other in (0..=b.len()).rev() {
            let right = |row: &[bool]| row.get(other + 1).copied().unwrap_or_default();
            row[other] = match (a.get(at), b.get(other)) {
                (None, None) => true,
                (Some('*'), _) => below[other] || right(&row),
                (_, Some('*')) => right(&row) || below[other],
                (Some(x), Some(y)) => (x == y || *x == '?' || *y == '?') && right(&below),
                _ => false,
            };
        }
        below = row;
    }
    below[0]
}

#[cfg(test)]
mod tests {
    use super::{matches, overlap};

    #[test]
    fn patterns_overlap_where_some_text_matches_both() {
        for (a, b) in [
            ("", ""),
            ("*", ""),
            ("web", "web"),
            ("web-*", "*-x7k2p"),
            ("a*b", "?*-?????"),
            ("web-?", "w*-0"),
            ("*a*", "*b*"),
            ("web-5d4", "web-?*"),
        ] {
            assert!(overlap(a, b) && overlap(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("", "?"),
            ("web", "web-*"),
            ("web-*", "api-*"),
            ("web-0", "?*-?????"),
            ("a?", "*b?"),
            ("*-a", "*-b"),
        ] {
            assert!(!overlap(a, b) && !overlap(b, a), "{a} {b}");
        }
    }

    /// Against all texts of a small alphabet.
    #[test]
    fn overlaps_are_those_of_texts() {
        let of = |alphabet: &[char], most: usize| {
            let mut all = vec![String::new()];
            let mut last = all.clone();
            for _ in 0..most {
                last =
                    last.iter().flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}"))).collect();
                all.extend(last.clone());
            }
            all
        };
        let (texts, patterns) = (of(&['a', 'b'], 6), of(&['a', 'b', '?', '*'], 3));
        for a in &patterns {
            let of_a: Vec<&String> = texts.iter().filter(|text| matches(a, text)).collect();
            for b in &patterns {
                assert_eq!(overlap(a, b), of_a.iter().any(|text| matches(b, text)), "{a} {b}");
            }
        }
    }

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("*", ""),
            ("prod-*", "prod-eu"),
            ("*-prod", "a-prod-prod"),
            ("a?c", "abc"),
            ("a*b*c", "axxbyyc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("prod", "prod-eu"), ("prod-*", "xprod-eu"), ("a?c", "ac"), ("", "a"), ("*b", "abc")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
