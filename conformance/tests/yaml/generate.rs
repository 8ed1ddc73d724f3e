//! Random inputs that aim at the corners of YAML: a writer of documents with random styles, a mixer of fragments, and a
//! mutator of known cases.

use std::fmt::Write;

/// A small random number generator (`SplitMix64`).
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

const PLAIN: &[&str] = &[
    "a",
    "b c",
    "x#y",
    "x: y",
    "a:b",
    "-a",
    "- a",
    "?b",
    ":c",
    "12",
    "012",
    "0x1F",
    "0b11",
    "1_000",
    "1.50",
    "1e3",
    ".5",
    ".inf",
    "~",
    "null",
    "yes",
    "No",
    "on",
    "y",
    "true",
    "2001-12-14",
    "1:30",
    "<<",
    "=",
    "é",
    "a,b",
    "[a",
    "a]",
    "{a",
    "a}",
    "a'b",
    "a\"b",
    "%a",
    "@a",
    "`a",
    "!a",
    "&a",
    "*a",
    "|",
    ">",
    "-",
    "?",
    ":",
    "--",
    "---",
    "...",
    "a\\b",
    "a\tb",
    "",
    "0o17",
    "+1",
    "-0",
    "1e400",
    "18446744073709551615",
    "9223372036854775808",
    "a?b",
    "http://x/y",
    "{{ a }}",
    "-1.5e-7",
    "a\u{2028}b",
    "a\u{85}b",
    "x # y",
    "0899",
    "_1",
];

const FRAGMENTS: &[&str] = &[
    "a",
    "b",
    "a",
    "b",
    "c: ",
    "d:",
    "e: ",
    ": ",
    ":",
    "- ",
    "- ",
    "-",
    "? ",
    "?",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "'",
    "\"",
    "''",
    "\\",
    "\\n",
    "\\x41",
    "|\n",
    ">\n",
    "|-\n",
    ">+\n",
    "|2\n",
    "&x ",
    "&y ",
    "*x",
    "*x ",
    "*y ",
    "!!str ",
    "!!int ",
    "!!float ",
    "!!null ",
    "!!bool ",
    "!!binary ",
    "!t ",
    "! ",
    "#",
    " # c",
    "# c\n",
    "\n",
    "\n",
    "\n",
    "\n  ",
    "\n  ",
    "\n    ",
    "\n ",
    "\n   ",
    " ",
    "  ",
    "\t",
    "\r\n",
    "\r",
    "\u{85}",
    "\u{2028}",
    "---\n",
    "--- ",
    "...\n",
    "<<: ",
    "<<: *x\n",
    "<<: [*x, *y]\n",
    "~",
    "null",
    "12",
    "0x1",
    "1.5",
    "yes",
    ".inf",
    "x y",
    "a: 1\n",
    "- a\n",
    "  b: 2\n",
    "{a: 1}",
    "[1, 2]",
    "\"a b\"",
    "'c d'",
    "\"a\\\n b\"",
    "%YAML 1.1\n",
    "@",
    "`",
    "%",
    "\u{feff}",
    "é",
    "=",
    "{{ x }}",
];

const KEYS: &[&str] =
    &["a", "b", "c", "name", "12", "true", "\"q\"", "'s'", "1.5", "y", "key with blanks", "a-b", "é", "0x1"];

/// A document written with random styles; most are valid.
pub(crate) fn document(rng: &mut Rng) -> String {
    let mut writer = Writer { rng, out: String::new(), anchors: 0, budget: 30 };
    if writer.rng.one_in(8) {
        writer.out.push_str(writer.rng.pick(&["---\n", "--- # c\n", "# head\n", "\n", "%YAML 1.1\n---\n"]));
    }
    if writer.rng.one_in(10) {
        writer.flow(0);
        writer.out.push('\n');
    } else {
        writer.collection(0, true);
    }
    if writer.rng.one_in(12) {
        writer.out.push_str(writer.rng.pick(&[
            "...\n",
            "# tail\n",
            "\n\n",
            "---\n",
            "--- x\n",
            "...\nmore\n",
            " ",
        ]));
    }
    let mut out = writer.out;
    if rng.one_in(6) && out.ends_with('\n') {
        out.pop();
    }
    if rng.one_in(12) {
        out = out.replace('\n', "\r\n");
    }
    out
}

struct Writer<'r> {
    rng: &'r mut Rng,
    out: String,
    anchors: usize,
    budget: usize,
}

impl Writer<'_> {
    fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn line_end(&mut self) {
        if self.rng.one_in(12) {
            self.out.push_str(self.rng.pick(&[" # note", "  # it's", " ", "\t", "\t# x"]));
        }
        self.out.push('\n');
        if self.rng.one_in(20) {
            self.out.push_str(self.rng.pick(&["\n", "# line\n", "    # line\n", "  \n", "\t\n"]));
        }
    }

    fn props(&mut self) {
        if self.rng.one_in(14) {
            self.anchors += 1;
            let name = if self.rng.one_in(3) { 1 } else { self.anchors };
            write!(self.out, "&x{name} ").expect("a string");
        }
        if self.rng.one_in(25) {
            self.out.push_str(
                self.rng.pick(&["!!str ", "!!int ", "!!float ", "!t ", "! ", "!!map ", "!!null ", "!!bool "]),
            );
        }
    }

    /// A block mapping or sequence at `indent`, first line already indented if `inline`.
    fn collection(&mut self, indent: usize, inline: bool) {
        let sequence = self.rng.one_in(3);
        let count = 1 + self.rng.below(4);
        for i in 0..count {
            if i > 0 || !inline {
                self.pad(indent);
            }
            // Now and then in the wrong column.
            if i > 0 && self.rng.one_in(120) {
                self.out.push(' ');
            }
            if sequence {
                self.out.push('-');
                self.value(indent, true);
            } else {
                self.key();
                self.out.push(':');
                self.value(indent, false);
            }
        }
    }

    fn key(&mut self) {
        if self.anchors > 0 && self.rng.one_in(12) {
            self.out.push_str("<<");
            return;
        }
        if self.rng.one_in(60) {
            self.out.push_str(self.rng.pick(&["? ", "&k ", "!!str ", "*x1 "]));
        }
        let key = if self.rng.one_in(15) { self.rng.pick(PLAIN) } else { self.rng.pick(KEYS) };
        self.out.push_str(key);
        if self.rng.one_in(25) {
            self.out.push(' ');
        }
    }

    fn value(&mut self, indent: usize, item: bool) {
        if self.budget == 0 {
            self.out.push_str(" z\n");
            return;
        }
        self.budget -= 1;
        let deeper = indent + 1 + self.rng.below(4);
        match self.rng.below(16) {
            0 => self.line_end(),
            1 | 2 if item => {
                let width = 1 + self.rng.below(3);
                self.pad(width);
                self.collection(indent + 1 + width, true);
            }
            1..=4 => {
                self.out.push(' ');
                self.props();
                self.line_end();
                let same = !item && self.rng.one_in(3);
                self.collection(if same { indent } else { deeper }, false);
            }
            5 | 6 => {
                self.out.push(' ');
                self.props();
                self.flow(0);
                self.line_end();
            }
            7 | 8 => {
                self.out.push(' ');
                self.props();
                self.block_scalar(deeper);
            }
            9 if self.anchors > 0 => {
                let name = 1 + self.rng.below(self.anchors);
                write!(self.out, " *x{name}").expect("a string");
                self.line_end();
            }
            _ => {
                self.out.push(' ');
                self.props();
                self.scalar(deeper);
                self.line_end();
            }
        }
    }

    fn block_scalar(&mut self, indent: usize) {
        self.out.push_str(self.rng.pick(&["|", ">", "|-", ">-", "|+", ">+", "|2", ">1-", "| # c"]));
        self.out.push('\n');
        for _ in 0..self.rng.below(5) {
            match self.rng.below(8) {
                0 => {}
                1 => self.pad(indent.saturating_sub(1)),
                2 => {
                    self.pad(indent + 2);
                    self.out.push_str("more # text");
                }
                3 => self.pad(indent + 1),
                4 => {
                    self.pad(indent);
                    self.out.push_str("\ttab");
                }
                _ => {
                    self.pad(indent);
                    self.out.push_str(self.rng.pick(PLAIN));
                }
            }
            self.out.push('\n');
        }
    }

    fn break_line(&mut self, indent: usize) {
        self.out.push('\n');
        if self.rng.one_in(4) {
            self.out.push_str(self.rng.pick(&["\n", " \n", "\t\n", "\n\n"]));
        }
        self.pad(indent);
    }

    fn scalar(&mut self, indent: usize) {
        match self.rng.below(10) {
            0 | 1 => {
                let text = self.rng.pick(PLAIN).replace('\'', "''");
                self.out.push('\'');
                self.out.push_str(&text);
                if self.rng.one_in(4) {
                    self.break_line(indent);
                    self.out.push_str("more");
                }
                self.out.push('\'');
            }
            2 | 3 => {
                let text = self.rng.pick(PLAIN).replace('"', "\\\"");
                self.out.push('"');
                self.out.push_str(&text);
                self.out.push_str(
                    self.rng
                        .pick(&["", "\\n", "\\t", "\\u00e9", "\\x41", "\\\\", "\\/", "\\ ", "\\0", "\\e"]),
                );
                if self.rng.one_in(4) {
                    self.out.push_str(self.rng.pick(&["", "\\", " ", "\t"]));
                    self.break_line(indent);
                    self.out.push_str("more");
                }
                self.out.push('"');
            }
            4 => {
                self.out.push_str(self.rng.pick(PLAIN));
                self.break_line(indent);
                self.out.push_str(self.rng.pick(PLAIN));
            }
            _ => self.out.push_str(self.rng.pick(PLAIN)),
        }
    }

    fn flow(&mut self, depth: usize) {
        let mapping = self.rng.one_in(2);
        self.out.push(if mapping { '{' } else { '[' });
        for i in 0..self.rng.below(4) {
            if i > 0 {
                self.out.push(',');
            }
            if self.rng.one_in(8) {
                self.break_line(depth);
            } else if !self.rng.one_in(4) {
                self.out.push(' ');
            }
            if mapping || self.rng.one_in(6) {
                self.key();
                if self.rng.one_in(12) {
                    continue;
                }
                self.out.push_str(self.rng.pick(&[": ", ": ", ": ", ":", " : "]));
            }
            self.props();
            if depth < 3 && self.rng.one_in(4) {
                self.flow(depth + 1);
            } else {
                self.scalar(2);
            }
        }
        if self.rng.one_in(8) {
            self.out.push_str(self.rng.pick(&[",", " ", "\n", " # c\n", ", "]));
        }
        self.out.push(if mapping { '}' } else { ']' });
    }
}

/// Fragments in a row; most are invalid, but each reaches some corner.
pub(crate) fn fragments(rng: &mut Rng) -> String {
    (0..2 + rng.below(12)).map(|_| rng.pick(FRAGMENTS)).collect()
}

/// One of `cases` with a few changes.
pub(crate) fn mutated(rng: &mut Rng, cases: &[&str]) -> String {
    let mut text: Vec<char> = rng.pick(cases).chars().collect();
    for _ in 0..=rng.below(3) {
        let at = rng.below(text.len() + 1);
        match rng.below(4) {
            0 if at < text.len() => {
                text.remove(at);
            }
            1 => {
                let other: Vec<char> = rng.pick(cases).chars().collect();
                let from = rng.below(other.len() + 1);
                let to = from + rng.below(other.len() - from + 1);
                text.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                text.splice(at..at, rng.pick(FRAGMENTS).chars());
            }
        }
    }
    text.into_iter().collect()
}
