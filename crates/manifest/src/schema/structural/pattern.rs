//! Patterns: Go's regular expressions (`regexp/syntax` with the flags of `Perl`) written anew for `regex-lite`, which has
//! other classes (`\s`, nested ones) and other escapes.
//!
//! Not understood: `\p` and `\P`, and characters beyond ASCII where case does not count.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;
use std::sync::OnceLock;

use regex_lite::{Regex, RegexBuilder};

/// Bytes of a compiled pattern; `[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?` takes some 10,000.
const MOST_BYTES: usize = 1 << 20;
/// Go takes no more.
const MOST_REPEATS: u32 = 1000;

/// A pattern, compiled when it is first asked.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    source: Box<str>,
    translated: Box<str>,
    /// Whether some of it passes over case.
    folds: bool,
    compiled: OnceLock<Option<(Regex, usize)>>,
}

impl Pattern {
    /// `None` where it is not understood.
    pub(super) fn new(source: &str) -> Option<Self> {
        let mut reader =
            PatternReader { left: source.chars().peekable(), out: String::new(), folds: false, wide: false };
        reader.read()?;
        let PatternReader { out, folds, wide, .. } = reader;
        if folds && wide {
            return None;
        }
        let pattern =
            Self { source: source.into(), translated: out.into(), folds, compiled: OnceLock::new() };
        // Whether it compiles is told with the definition.
        pattern.compiled().is_some().then_some(pattern)
    }

    /// As the definition has it.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    fn compiled(&self) -> Option<&(Regex, usize)> {
        let compile = || {
            [1 << 12, 1 << 14, 1 << 16, 1 << 18, MOST_BYTES].into_iter().find_map(|bytes| {
                let regex = RegexBuilder::new(&self.translated).size_limit(bytes).build().ok()?;
                Some((regex, bytes))
            })
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// How many steps a search takes at most, about.
    pub(super) fn steps(&self, text: &str) -> usize {
        self.compiled().map_or(0, |(_, bytes)| (bytes / 32).saturating_mul(text.len()))
    }

    /// Whether it is found in a text; `None` where that is not known.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let (regex, _) = self.compiled()?;
        // The letters beyond ASCII that are `k` and `s` where case does not count; others are nobody's within ASCII.
        let is_other = self.folds && text.contains(['\u{212A}', '\u{17F}']);
        (!is_other).then(|| regex.is_match(text))
    }
}

/// Ranges of characters, not sorted.
type Ranges = Vec<(u32, u32)>;

const LAST: u32 = char::MAX as u32;
const DIGITS: &[(u32, u32)] = &[(0x30, 0x39)];
const WORD: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
const SPACE: &[(u32, u32)] = &[(0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)];

/// What `[:name:]` stands for.
fn named(name: &str) -> Option<&'static [(u32, u32)]> {
    Some(match name {
        "alnum" => &[(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
        "alpha" => &[(0x41, 0x5A), (0x61, 0x7A)],
        "ascii" => &[(0x00, 0x7F)],
        "blank" => &[(0x09, 0x09), (0x20, 0x20)],
        "cntrl" => &[(0x00, 0x1F), (0x7F, 0x7F)],
        "digit" => DIGITS,
        "graph" => &[(0x21, 0x7E)],
        "lower" => &[(0x61, 0x7A)],
        "print" => &[(0x20, 0x7E)],
        "punct" => &[(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
        "space" => &[(0x09, 0x0D), (0x20, 0x20)],
        "upper" => &[(0x41, 0x5A)],
        "word" => WORD,
        "xdigit" => &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
        _ => return None,
    })
}

/// Everything else; `ranges` is sorted.
fn complement(ranges: &[(u32, u32)]) -> Ranges {
    let mut out = Ranges::new();
    let mut from = 0;
    for (start, end) in ranges {
        if *start > from {
            out.push((from, start - 1));
        }
        from = end + 1;
    }
    out.push((from, LAST));
    out
}

fn class(letter: char) -> Option<Ranges> {
    let ranges = match letter.to_ascii_lowercase() {
        'd' => DIGITS,
        'w' => WORD,
        's' => SPACE,
        _ => return None,
    };
    Some(if letter.is_ascii_lowercase() { ranges.to_vec() } else { complement(ranges) })
}

struct PatternReader<'a> {
    left: Peekable<Chars<'a>>,
    out: String,
    folds: bool,
    /// Whether it names characters beyond ASCII.
    wide: bool,
}

impl PatternReader<'_> {
    fn take(&mut self, wanted: char) -> bool {
        self.left.next_if_eq(&wanted).is_some()
    }

    fn literal(&mut self, c: char) {
        self.wide |= !c.is_ascii();
        if c.is_alphanumeric() {
            self.out.push(c);
        } else {
            let _ = write!(self.out, "\\x{{{:X}}}", u32::from(c));
        }
    }

    fn ranges(&mut self, negated: bool, ranges: &[(u32, u32)]) {
        self.out.push_str(if negated { "[^" } else { "[" });
        let mut write = |start: u32, end: u32| {
            let _ = write!(self.out, "\\x{{{start:X}}}-\\x{{{end:X}}}");
        };
        for &(start, end) in ranges {
            // Surrogates are no characters.
            if start < 0xD800 && end > 0xDFFF {
                write(start, 0xD7FF);
                write(0xE000, end);
            } else {
                write(start, end);
            }
        }
        self.out.push(']');
    }

    fn read(&mut self) -> Option<()> {
        while let Some(c) = self.left.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '{' => self.repeat()?,
                '*' | '+' | '?' | '|' | ')' | '^' | '$' | '.' => self.out.push(c),
                c => self.literal(c),
            }
        }
        Some(())
    }

    fn escape(&mut self) -> Option<()> {
        let c = *self.left.peek()?;
        match c {
            'b' | 'B' | 'A' | 'z' => {
                self.left.next();
                self.out.push('\\');
                self.out.push(c);
            }
            'Q' => {
                self.left.next();
                while let Some(c) = self.left.next() {
                    if c == '\\' && self.take('E') {
                        break;
                    }
                    self.literal(c);
                }
            }
            _ => {
                if let Some(ranges) = class(c) {
                    self.left.next();
                    self.ranges(false, &ranges);
                } else {
                    let c = self.escaped()?;
                    self.literal(c);
                }
            }
        }
        Some(())
    }

    /// The character that an escape stands for.
    fn escaped(&mut self) -> Option<char> {
        let c = self.left.next()?;
        let octal = |c: &char| ('0'..='7').contains(c);
        let code = match c {
            '1'..='7' if !self.left.peek().is_some_and(octal) => return None,
            '0'..='7' => {
                let mut code = c.to_digit(8)?;
                for _ in 0..2 {
                    let Some(digit) = self.left.next_if(octal) else { break };
                    code = code * 8 + digit.to_digit(8)?;
                }
                code
            }
            'x' if self.take('{') => {
                let mut code = 0_u32;
                let mut digits = 0;
                while let Some(digit) = self.left.next_if(char::is_ascii_hexdigit) {
                    code = code.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
                    digits += 1;
                }
                (self.take('}') && digits > 0).then_some(code)?
            }
            'x' => {
                let high = self.left.next()?.to_digit(16)?;
                high * 16 + self.left.next()?.to_digit(16)?
            }
            'a' => 0x07,
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'v' => 0x0B,
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => u32::from(c),
            _ => return None,
        };
        char::from_u32(code)
    }

    fn class(&mut self) -> Option<()> {
        let negated = self.take('^');
        let mut ranges = Ranges::new();
        let mut first = true;
        loop {
            let c = self.left.next()?;
            if c == ']' && !first {
                break;
            }
            first = false;
            if c == '[' && self.left.peek() == Some(&':') {
                let rest: String = self.left.clone().skip(1).collect();
                if let Some((name, _)) = rest.split_once(":]") {
                    let (not, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
                    // A bracket that names nothing is no part of a pattern.
                    let known = named(name)?;
                    ranges.extend(if not { complement(known) } else { known.to_vec() });
                    self.left.nth(name.chars().count() + usize::from(not) + 2);
                    continue;
                }
            }
            if c == '\\'
                && let Some(more) = self.left.peek().copied().and_then(class)
            {
                self.left.next();
                ranges.extend(more);
                continue;
            }
            let start = if c == '\\' { self.escaped()? } else { c };
            let mut ahead = self.left.clone();
            let mut end = start;
            if ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']') {
                self.left.next();
                let c = self.left.next()?;
                end = if c == '\\' { self.escaped()? } else { c };
            }
            if end < start {
                return None;
            }
            self.wide |= !end.is_ascii();
            ranges.push((u32::from(start), u32::from(end)));
        }
        self.ranges(negated, &ranges);
        Some(())
    }

    fn group(&mut self) -> Option<()> {
        if !self.take('?') {
            self.out.push_str("(?:");
            return Some(());
        }
        self.take('P');
        if self.take('<') {
            // Names are for who replaces.
            self.left.by_ref().find(|c| *c == '>')?;
            self.out.push_str("(?:");
            return Some(());
        }
        let (mut flags, mut some) = (String::new(), false);
        loop {
            match self.left.next()? {
                // Whether the longest or the shortest is found does not count.
                'U' => {}
                c @ ('i' | 'm' | 's') => {
                    self.folds |= c == 'i' && !flags.contains('-');
                    flags.push(c);
                    some = true;
                }
                '-' => flags.push('-'),
                ':' => {
                    let flags = if some { flags.trim_end_matches('-') } else { "" };
                    let _ = write!(self.out, "(?{flags}:");
                    return Some(());
                }
                ')' => {
                    if some {
                        let _ = write!(self.out, "(?{})", flags.trim_end_matches('-'));
                    }
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn repeat(&mut self) -> Option<()> {
        let text: String = self.left.clone().take(16).collect();
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            (digits && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse().unwrap_or(u32::MAX))
        };
        let parsed = text.split_once('}').and_then(|(inner, _)| {
            let (least, most) = match inner.split_once(',') {
                Some((least, "")) => (number(least)?, None),
                Some((least, most)) => (number(least)?, Some(number(most)?)),
                None => (number(inner)?, Some(number(inner)?)),
            };
            Some((inner.len(), least, most))
        });
        let Some((length, least, most)) = parsed else {
            self.literal('{');
            return Some(());
        };
        if least > MOST_REPEATS || most.is_some_and(|most| most > MOST_REPEATS || most < least) {
            return None;
        }
        let _ = write!(self.out, "{{{}}}", &text[..length]);
        self.left.nth(length);
        Some(())
    }
}
