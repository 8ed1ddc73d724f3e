//! The scanner's anchors, aliases, tags and directives.

use super::{Result, Scanner, TokenKind, is_alpha};

impl Scanner<'_> {
    pub(super) fn anchor(&mut self, alias: bool) -> Result<()> {
        let start = self.pos;
        self.advance();
        while is_alpha(self.current()) {
            self.advance();
        }
        let ended = self.is_blank_or_end(self.pos)
            || matches!(self.current(), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if self.pos == start + 1 || !ended {
            let what = if alias { "an alias is `*` and a name" } else { "an anchor is `&` and a name" };
            return Err(self
                .problem(start, format!("{what} of letters, digits, `-` and `_`"))
                .with_hint("put the text in quotes if it is not meant as one"));
        }
        self.push(if alias { TokenKind::Alias } else { TokenKind::Anchor }, start);
        Ok(())
    }

    /// The directive here and where it ends; its line is passed.
    pub(super) fn directive(&mut self) -> Result<(TokenKind, u32)> {
        let start = self.pos;
        self.advance();
        let name = self.pos;
        while is_alpha(self.current()) {
            self.advance();
        }
        let kind = match self.slice(name, self.pos) {
            _ if !self.is_blank_or_end(self.pos) => {
                return self.error(start, "expected the name of a directive");
            }
            "YAML" => {
                self.skip_blanks();
                let major = self.version_number(start)?;
                if self.current() != b'.' {
                    return self.error(start, "expected a version such as `1.1`");
                }
                self.advance();
                TokenKind::Version(major, self.version_number(start)?)
            }
            "TAG" => {
                self.skip_blanks();
                let handle = self.tag_handle(true, start)?;
                if !self.is_blank(self.pos) {
                    return self.error(start, "expected a blank behind the tag handle");
                }
                self.skip_blanks();
                let prefix = self.tag_uri("", start)?;
                if !self.is_blank_or_end(self.pos) {
                    return self.error(start, "expected a blank or line break behind the tag prefix");
                }
                TokenKind::TagDirective(Box::new((handle, prefix)))
            }
            _ => {
                return Err(self
                    .problem(start, "unknown directive")
                    .with_hint("put the text in quotes if it is not meant as one"));
            }
        };
        let end = self.offset();
        self.skip_blanks();
        self.skip_comment();
        if !self.is_break_or_end(self.pos) {
            return self.error(start, "expected nothing more on the line of a directive");
        }
        if self.is_break(self.pos) {
            self.advance_line();
        }
        Ok((kind, end))
    }

    fn version_number(&mut self, start: usize) -> Result<u8> {
        let first = self.pos;
        let mut value = 0;
        while self.current().is_ascii_digit() {
            if self.pos - first == 2 {
                return self.error(start, "the version is too long");
            }
            value = value * 10 + (self.current() - b'0');
            self.advance();
        }
        if self.pos == first {
            return self.error(start, "expected a version such as `1.1`");
        }
        Ok(value)
    }

    /// The handle and suffix of the tag here.
    pub(super) fn tag(&mut self) -> Result<(String, String)> {
        let start = self.pos;
        let parts = if self.byte(start + 1) == b'<' {
            self.advance();
            self.advance();
            let suffix = self.tag_uri("", start)?;
            if self.current() != b'>' {
                return self.error(start, "expected `>` at the end of the tag");
            }
            self.advance();
            (String::new(), suffix)
        } else {
            let handle = self.tag_handle(false, start)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("", start)?;
                (handle, suffix)
            } else {
                let suffix = self.tag_uri(&handle, start)?;
                if suffix.is_empty() { (suffix, "!".to_owned()) } else { ("!".to_owned(), suffix) }
            }
        };
        if !self.is_blank_or_end(self.pos) {
            return Err(self
                .problem(start, "expected a blank or line break behind the tag")
                .with_hint("put the text in quotes if it is not meant as a tag"));
        }
        Ok(parts)
    }

    pub(super) fn tag_handle(&mut self, directive: bool, start: usize) -> Result<String> {
        let from = self.pos;
        if self.current() != b'!' {
            return self.error(start, "expected `!`");
        }
        self.advance();
        while is_alpha(self.current()) {
            self.advance();
        }
        if self.current() == b'!' {
            self.advance();
        } else if directive && self.pos != from + 1 {
            return self.error(start, "expected `!` at the end of the tag handle");
        }
        Ok(self.slice(from, self.pos).to_owned())
    }

    /// The rest of a tag of which `head` has been read already.
    pub(super) fn tag_uri(&mut self, head: &str, start: usize) -> Result<String> {
        let mut found = !head.is_empty();
        let mut out = head.get(1..).unwrap_or_default().as_bytes().to_vec();
        loop {
            let c = self.current();
            match c {
                b'%' => self.uri_escape(start, &mut out)?,
                b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',' | b'.' | b'!' | b'~'
                | b'*' | b'\'' | b'(' | b')' | b'[' | b']' => {
                    out.push(c);
                    self.advance();
                }
                _ if is_alpha(c) => {
                    out.push(c);
                    self.advance();
                }
                _ => break,
            }
            found = true;
        }
        if !found {
            return self.error(start, "expected the name of a tag");
        }
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// Decodes one character written as `%` and two digits per byte.
    fn uri_escape(&mut self, start: usize, out: &mut Vec<u8>) -> Result<()> {
        let mut left = 1;
        let mut first = true;
        while left > 0 {
            let digit = |s: &Self, i| char::from(s.byte(s.pos + i)).to_digit(16);
            let (b'%', Some(high), Some(low)) = (self.current(), digit(self, 1), digit(self, 2)) else {
                return self.error(start, "expected `%` and two hexadecimal digits in the tag");
            };
            let octet = (high << 4 | low) as u8;
            if first {
                left = match octet {
                    0..=0x7F => 1,
                    0xC0..=0xDF => 2,
                    0xE0..=0xEF => 3,
                    0xF0..=0xF7 => 4,
                    _ => return self.error(start, "the escapes in the tag are not UTF-8"),
                };
                first = false;
            } else if octet & 0xC0 != 0x80 {
                return self.error(start, "the escapes in the tag are not UTF-8");
            }
            out.push(octet);
            (0..3).for_each(|_| self.advance());
            left -= 1;
        }
        Ok(())
    }
}
