//! JSON text, written straight into its blocks: keys in the order of the calls.

use std::fmt::Write as _;

use crate::blocks::Blocks;
use crate::visible::is_hidden;

/// An object or list that is being written.
pub(crate) struct Writer<'o> {
    out: &'o mut Blocks,
    first: bool,
}

impl<'o> Writer<'o> {
    /// A writer of the members of one object; the caller writes the braces by [`object`].
    fn new(out: &'o mut Blocks) -> Self {
        Self { out, first: true }
    }

    /// A writer of further members of an object that is open already.
    pub(crate) fn resume(out: &'o mut Blocks) -> Self {
        Self { out, first: false }
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.comma();
        string(self.out, key);
        self.out.push(':');
    }

    /// A string member.
    pub(crate) fn string(&mut self, key: &str, value: &str) {
        self.key(key);
        string(self.out, value);
    }

    /// A string member, and the position in the text where its value ends.
    pub(crate) fn marked(&mut self, key: &str, value: &str) -> usize {
        self.string(key, value);
        self.out.len() - 1
    }

    /// A string member, null if there is none.
    pub(crate) fn optional(&mut self, key: &str, value: Option<&str>) {
        self.key(key);
        match value {
            Some(value) => string(self.out, value),
            None => self.out.push_str("null"),
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        let _ = write!(self.out, "{value}");
    }

    /// A number that may be negative.
    pub(crate) fn integer(&mut self, key: &str, value: i64) {
        self.key(key);
        let _ = write!(self.out, "{value}");
    }

    /// A boolean.
    pub(crate) fn boolean(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// A nested object.
    pub(crate) fn object(&mut self, key: &str, members: impl FnOnce(&mut Writer<'_>)) {
        self.key(key);
        object(self.out, members);
    }

    /// A list of objects.
    pub(crate) fn objects<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut members: impl FnMut(&mut Writer<'_>, T),
    ) {
        self.key(key);
        self.out.push('[');
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            object(self.out, |w| members(w, item));
        }
        self.out.push(']');
    }

    /// A list of objects, each on a line of its own.
    pub(crate) fn lines<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut members: impl FnMut(&mut Writer<'_>, T),
    ) {
        self.key(key);
        self.out.push('[');
        for (i, item) in items.into_iter().enumerate() {
            self.out.push_str(if i > 0 { ",\n" } else { "\n" });
            object(self.out, |w| members(w, item));
        }
        self.out.push_str("\n]");
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.out.push_str(json);
    }

    /// A list whose items are JSON already, each on a line of its own.
    pub(crate) fn raw_lines<'s>(&mut self, key: &str, items: impl IntoIterator<Item = &'s String>) {
        self.key(key);
        self.out.push('[');
        for (i, item) in items.into_iter().enumerate() {
            self.out.push_str(if i > 0 { ",\n" } else { "\n" });
            self.out.push_str(item);
        }
        self.out.push(']');
    }

    /// A list of strings.
    pub(crate) fn strings<'s>(&mut self, key: &str, items: impl IntoIterator<Item = &'s str>) {
        self.key(key);
        self.out.push('[');
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            string(self.out, item);
        }
        self.out.push(']');
    }
}

/// Writes an object with these members.
pub(crate) fn object(out: &mut Blocks, members: impl FnOnce(&mut Writer<'_>)) {
    out.push('{');
    members(&mut Writer::new(out));
    out.push('}');
}

/// Writes a string. Whatever may end a line or steer a terminal is escaped, so that a record is one line in every tool.
pub(crate) fn string(out: &mut Blocks, text: &str) {
    out.push('"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~') {
            at += 1;
            continue;
        }
        let c = text[at..].chars().next().unwrap_or_default();
        let end = at + c.len_utf8();
        let escape = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            c if is_hidden(c) => "",
            _ => {
                at = end;
                continue;
            }
        };
        out.push_str(&text[plain..at]);
        (plain, at) = (end, end);
        if escape.is_empty() {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_json_reads() {
        let mut out = Blocks::default();
        object(&mut out, |w| {
            w.string("a\"", "x\u{1b}[31m\n\u{202e}ü\\");
            w.optional("b", None);
            w.strings("c", ["1", "2"]);
            w.objects("d", [1, 2], |w, n| w.number("n", n));
        });
        assert_eq!(
            out.to_string(),
            "{\"a\\\"\":\"x\\u001b[31m\\n\\u202eü\\\\\",\"b\":null,\"c\":[\"1\",\"2\"],\"d\":[{\"n\":1},{\"n\":2}]}"
        );
    }
}
