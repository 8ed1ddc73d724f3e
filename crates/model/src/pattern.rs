//! Name patterns: `*` stands for any run of characters, `?` for one.

/// Whether the whole of `text` matches `pattern`. Linear in `text` times the number of stars.
pub fn matches(pattern: &str, text: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::matches;

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
