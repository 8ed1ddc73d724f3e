//! Writes random documents in random styles.

use std::fmt::Write as _;

use crate::rng::Rng;

const KEYS: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "spec",
    "name",
    "image",
    "securityContext",
    "x",
    "z",
    "'q'",
    "\"w\"",
    "a.b/c",
    "1",
    "true",
    "k l",
    "\"\\u00e9\"",
];

const SCALARS: &[&str] = &[
    "1",
    "text",
    "true",
    "'quoted'",
    "\"double\"",
    "~",
    "null",
    "0o17",
    "1.5",
    "nginx:1",
    "a b",
    "'it''s'",
    "\"\\n\"",
    "-1",
    "x#y",
    "é",
    "2001-01-01",
    "100m",
    "''",
];

const NAMES: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h"];

/// How one document is written; now and then an entry differs.
struct Style {
    indent: usize,
    list_indent: usize,
    gap: usize,
    /// One in so many values is in flow style.
    flow: usize,
    /// One in so many lines has a comment or a blank line before it.
    comments: usize,
    anchors: bool,
    odd: bool,
}

/// A writer of one document.
struct Writer<'r> {
    rng: &'r mut Rng,
    out: String,
    style: Style,
    /// Names of anchors, and whether they stand for mappings.
    anchors: Vec<(String, bool)>,
    open: usize,
}

/// A source of one to three documents, sometimes JSON.
pub(crate) fn source(rng: &mut Rng) -> String {
    if rng.one_in(6) {
        return json(rng);
    }
    let mut out = String::new();
    let count = if rng.one_in(4) { 1 + rng.below(3) } else { 1 };
    for index in 0..count {
        if index > 0 || rng.one_in(6) {
            out.push_str(rng.pick(&["---\n", "---\n", "--- # c\n", "# c\n---\n", "...\n---\n"]));
        }
        let style = Style {
            indent: 2 + rng.below(3) * rng.below(2),
            list_indent: rng.below(2) * 2,
            gap: 1 + rng.below(8) / 7 * rng.below(4),
            flow: 2 + rng.below(12),
            comments: 3 + rng.below(30),
            anchors: rng.one_in(3),
            odd: rng.one_in(4),
        };
        let mut writer = Writer { rng, out, style, anchors: Vec::new(), open: 0 };
        writer.mapping(0, 0, false);
        out = writer.out;
        if rng.one_in(5) {
            out.push_str(rng.pick(&["# end\n", "\n", "\n\n# end\n", "  # end\n"]));
        }
    }
    if rng.one_in(6) {
        while out.ends_with('\n') {
            out.pop();
        }
    }
    if rng.one_in(8) {
        out = out.replace('\n', "\r\n");
    }
    if rng.one_in(12) {
        out.insert(0, '\u{feff}');
    }
    out
}

impl Writer<'_> {
    fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    fn end_line(&mut self) {
        if self.rng.one_in(self.style.comments) {
            self.out.push_str(self.rng.pick(&[" # c", "  # 'c'", " ", "\t# c", "   # a: b"]));
        }
        self.out.push('\n');
    }

    fn before_line(&mut self, column: usize) {
        if self.rng.one_in(self.style.comments) {
            match self.rng.below(4) {
                0 => self.out.push('\n'),
                1 => self.out.push_str("# low\n"),
                _ => {
                    let column = column + self.rng.below(2) * self.rng.below(4);
                    self.blanks(column);
                    self.out.push_str("# comment\n");
                }
            }
        }
    }

    fn keys(&mut self) -> Vec<&'static str> {
        let mut keys: Vec<&'static str> = KEYS.to_vec();
        self.rng.shuffle(&mut keys);
        let least = usize::from(!self.rng.one_in(20));
        keys.truncate(least + self.rng.below(4));
        if self.style.odd && self.rng.one_in(10) && !keys.is_empty() {
            keys.push(keys[0]);
        }
        keys
    }

    /// A block mapping at a column; the first key without indentation if it follows a dash.
    fn mapping(&mut self, column: usize, depth: usize, compact: bool) {
        let mut keys = self.keys();
        if keys.is_empty() {
            keys.push("only");
        }
        let merge = if self.style.anchors && self.rng.one_in(3) { self.mapping_anchor() } else { None };
        let merge_at = self.rng.below(keys.len() + 1);
        for (i, key) in keys.iter().enumerate() {
            let first = i == 0;
            if let Some(name) = merge.as_ref().filter(|_| i == merge_at) {
                if !(first && compact) {
                    self.blanks(column);
                }
                writeln!(self.out, "<<: *{name}").unwrap();
                self.before_line(column);
                self.blanks(column);
            } else if !(first && compact) {
                self.before_line(column);
                self.blanks(column);
            }
            if self.style.odd && self.rng.one_in(12) {
                writeln!(self.out, "? {key}").unwrap();
                self.blanks(column);
                self.out.push(':');
            } else {
                write!(self.out, "{key}:").unwrap();
            }
            self.value(column, depth, false);
        }
        if let Some(name) = merge.filter(|_| merge_at == keys.len()) {
            self.blanks(column);
            writeln!(self.out, "<<: *{name}").unwrap();
        }
    }

    fn mapping_anchor(&mut self) -> Option<String> {
        let names: Vec<String> =
            self.anchors.iter().filter(|(_, mapping)| *mapping).map(|(name, _)| name.clone()).collect();
        (!names.is_empty()).then(|| names[self.rng.below(names.len())].clone())
    }

    fn list(&mut self, column: usize, depth: usize, compact: bool) {
        let named = self.rng.one_in(2);
        let count = 1 + self.rng.below(3);
        for (i, name) in NAMES.iter().take(count).enumerate() {
            if !(i == 0 && compact) {
                self.before_line(column);
                self.blanks(column);
            }
            self.out.push('-');
            if named {
                let gap = self.style.gap;
                self.blanks(gap);
                writeln!(self.out, "name: {name}").unwrap();
                if self.rng.one_in(2) {
                    self.blanks(column + 1 + gap);
                    self.out.push_str("image:");
                    self.value(column + 1 + gap, depth + 1, false);
                }
            } else {
                self.value(column, depth, true);
            }
        }
    }

    /// What stands behind a `:` or `-` at a column.
    fn value(&mut self, column: usize, depth: usize, item: bool) {
        let deeper = column + self.style.indent;
        let anchor = self.style.anchors && self.rng.one_in(4);
        let kind = if depth > 3 { 4 + self.rng.below(7) } else { self.rng.below(11) };
        let mut name = String::new();
        if anchor && !matches!(kind, 9) {
            name = format!("x{}", self.rng.below(if self.style.odd { 3 } else { 1000 }));
            write!(self.out, " &{name}").unwrap();
        }
        if self.style.odd && self.rng.one_in(15) && kind != 9 && kind < 4 {
            self.out.push_str(if kind < 2 { " !!map" } else { " !!seq" });
        }
        self.open += 1;
        match kind {
            0 | 1 if item && name.is_empty() && !self.out.ends_with('p') => {
                let gap = self.style.gap;
                self.blanks(gap);
                self.mapping(column + 1 + gap, depth + 1, true);
            }
            2 if item && name.is_empty() && !self.out.ends_with('q') => {
                let gap = self.style.gap;
                self.blanks(gap);
                self.list(column + 1 + gap, depth + 1, true);
            }
            0 | 1 => {
                self.end_line();
                self.mapping(deeper, depth + 1, false);
            }
            2 | 3 => {
                self.end_line();
                let column = if item { deeper } else { column + self.style.list_indent };
                self.list(column, depth + 1, false);
            }
            4 => {
                self.out.push(' ');
                let text = self
                    .rng
                    .pick(&["{}", "[]", "{ }", "[ ]", "{\n}", "{ # c\n }"])
                    .replace('\n', &format!("\n{:1$}", "", deeper));
                self.out.push_str(&text);
                self.end_line();
            }
            5 => self.block_scalar(deeper),
            6 => {
                self.out.push(' ');
                self.flow(deeper, 0);
                self.end_line();
            }
            7 if self.rng.one_in(2) => self.end_line(),
            8 if self.rng.one_in(self.style.flow) => {
                let text = self.rng.pick(&["one\n@two", "\"one\n@two\"", "'one\n\n@two'", "\n@text"]);
                let pad = " ".repeat(deeper);
                write!(self.out, " {}", text.replace('@', &pad)).unwrap();
                self.end_line();
            }
            9 if self.style.anchors && !self.anchors.is_empty() => {
                let index = self.rng.below(self.anchors.len());
                write!(self.out, " *{}", self.anchors[index].0).unwrap();
                self.end_line();
            }
            _ => {
                self.out.push(' ');
                self.out.push_str(self.rng.pick(SCALARS));
                self.end_line();
            }
        }
        self.open -= 1;
        if !name.is_empty() {
            self.anchors.push((name, matches!(kind, 0 | 1)));
        }
    }

    fn block_scalar(&mut self, deeper: usize) {
        self.out.push_str(self.rng.pick(&[" |", " >", " |-", " |+", " >+", " | # c"]));
        self.out.push('\n');
        for _ in 0..=self.rng.below(3) {
            if self.rng.one_in(4) {
                self.out.push('\n');
            }
            self.blanks(deeper);
            self.out.push_str(self.rng.pick(&["text", "# text", "a: b", "- x", "more"]));
            self.out.push('\n');
        }
        if self.rng.one_in(2) {
            self.out.push_str(self.rng.pick(&["\n", "\n\n", " \n", "      \n"]));
        }
    }

    fn flow(&mut self, column: usize, depth: usize) {
        let mapping = self.rng.one_in(2);
        let lines = self.rng.one_in(4);
        let padded = self.rng.one_in(3);
        self.out.push(if mapping { '{' } else { '[' });
        let count = self.rng.below(4);
        let mut keys = KEYS.to_vec();
        self.rng.shuffle(&mut keys);
        for (i, key) in keys.iter().take(count).enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            if lines {
                if self.rng.one_in(6) {
                    self.out.push_str(" # c");
                }
                self.out.push('\n');
                self.blanks(column);
            } else if i > 0 || padded {
                self.out.push(' ');
            }
            if mapping {
                write!(self.out, "{key}").unwrap();
                if self.style.odd && self.rng.one_in(10) {
                    continue;
                }
                self.out.push_str(": ");
                if self.style.odd && self.rng.one_in(10) {
                    continue;
                }
            }
            if depth < 2 && self.rng.one_in(4) {
                self.flow(column, depth + 1);
            } else if self.style.anchors && !self.anchors.is_empty() && self.rng.one_in(5) {
                let index = self.rng.below(self.anchors.len());
                write!(self.out, "*{} ", self.anchors[index].0).unwrap();
            } else {
                self.out.push_str(self.rng.pick(SCALARS));
            }
        }
        if count > 0 && self.rng.one_in(6) {
            self.out.push(',');
        }
        if lines && count > 0 {
            self.out.push('\n');
            self.blanks(column.saturating_sub(2));
        } else if padded && count > 0 {
            self.out.push(' ');
        }
        self.out.push(if mapping { '}' } else { ']' });
    }
}

/// Pieces that mean something to YAML.
const PIECES: &[&str] = &[
    "\n",
    "\n  ",
    "\n    ",
    "\n\n",
    "\r\n",
    "\r",
    " ",
    "  ",
    "\t",
    ": ",
    ":",
    "- ",
    "-\n",
    "-",
    "? ",
    "?",
    ", ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "'",
    "\"",
    "\\",
    "#",
    " # c",
    "|",
    ">",
    "|-\n",
    "|+\n ",
    "|2\n",
    "&a ",
    "*a",
    "*a ",
    "!t ",
    "!!str ",
    "<<: *a\n",
    "<<: ",
    "---\n",
    "\n---\n",
    "...\n",
    "%YAML 1.1\n",
    "~",
    "yes",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "a: ",
    "b:\n",
    "name: a\n",
    "\"x\": 1,",
];

/// A text with some bytes and pieces moved about.
pub(crate) fn mutated(rng: &mut Rng, text: &str) -> String {
    let mut text = text.to_owned();
    let place = |rng: &mut Rng, text: &str| {
        let mut at = rng.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    for _ in 0..=rng.below(4) {
        let at = place(rng, &text);
        match rng.below(4) {
            0 | 1 => text.insert_str(at, rng.pick(PIECES)),
            2 => {
                let end =
                    text[at..].char_indices().map(|(i, _)| at + i).nth(rng.below(12)).unwrap_or(text.len());
                text.replace_range(at..end, "");
            }
            _ => {
                let to = place(rng, &text);
                let end =
                    text[at..].char_indices().map(|(i, _)| at + i).nth(rng.below(20)).unwrap_or(text.len());
                let part = text[at..end].to_owned();
                text.insert_str(to, &part);
            }
        }
    }
    text
}

fn json(rng: &mut Rng) -> String {
    let unit = rng.pick(&["", "  ", "    ", "\t"]);
    let gap = if unit.is_empty() && rng.one_in(2) { "" } else { " " };
    let mut out = String::new();
    json_value(rng, &mut out, 0, unit, gap, true);
    out.push_str(rng.pick(&["\n", "", "\n\n"]));
    if rng.one_in(6) {
        json_value(rng, &mut out, 0, unit, gap, true);
    }
    if rng.one_in(6) {
        out = out.replace('\n', "\r\n");
    }
    out
}

fn json_value(rng: &mut Rng, out: &mut String, depth: usize, unit: &str, gap: &str, root: bool) {
    if !root && (depth > 4 || rng.one_in(2)) {
        out.push_str(rng.pick(&[
            "1",
            "\"text\"",
            "true",
            "null",
            "-1.5e3",
            "\"\\u00e9\\n\"",
            "[]",
            "{}",
            "{ }",
        ]));
        return;
    }
    let mapping = root || rng.one_in(2);
    let mut keys = KEYS.to_vec();
    rng.shuffle(&mut keys);
    let count = usize::from(root) + rng.below(4);
    out.push(if mapping { '{' } else { '[' });
    for (i, key) in keys.iter().take(count).enumerate() {
        if i > 0 {
            out.push(',');
            if unit.is_empty() {
                out.push_str(gap);
            }
        }
        if !unit.is_empty() {
            out.push('\n');
            out.push_str(&unit.repeat(depth + 1));
        }
        if mapping {
            write!(out, "\"{}\":{gap}", key.trim_matches(['"', '\''])).unwrap();
        }
        json_value(rng, out, depth + 1, unit, gap, false);
    }
    if !unit.is_empty() && count > 0 {
        out.push('\n');
        out.push_str(&unit.repeat(depth));
    }
    out.push(if mapping { '}' } else { ']' });
}
