//! Text to [`FieldPath`]: the inverse of its display.

use std::fmt;
use std::str::FromStr;

use super::{FieldPath, Segment, is_word};

/// Why a text is no path, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathError {
    /// Offset of the byte that is wrong.
    pub at: usize,
    message: &'static str,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.at)
    }
}

impl std::error::Error for PathError {}

type Result<T> = std::result::Result<T, PathError>;

impl FromStr for FieldPath {
    type Err = PathError;

    /// Reads `spec.containers[name=app].securityContext.capabilities.add[0]` and `metadata.annotations["a.b/c"]`. Quoted
    /// parts are JSON strings; they may be quoted without need.
    fn from_str(text: &str) -> Result<Self> {
        let mut parser = Parser { text, at: 0 };
        let mut path = Self::root();
        while let Some(next) = parser.peek() {
            let segment = match next {
                '[' => parser.bracket()?,
                '.' if !path.0.is_empty() => {
                    parser.at += 1;
                    parser
                        .word()
                        .map(|word| Segment::Key(word.into()))
                        .ok_or_else(|| parser.error("expected a key"))?
                }
                _ if path.0.is_empty() => parser
                    .word()
                    .map(|word| Segment::Key(word.into()))
                    .ok_or_else(|| parser.error("expected a key or `[`"))?,
                _ => return Err(parser.error("expected `.`, `[` or the end")),
            };
            path.0.push(segment);
        }
        Ok(path)
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn error(&self, message: &'static str) -> PathError {
        PathError { at: self.at, message }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// Takes what consists of characters that need no quotes; `None` if there is none.
    fn run(&mut self, bare: impl Fn(char) -> bool) -> Option<String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !bare(c)).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| rest[..end].to_owned())
    }

    fn word(&mut self) -> Option<String> {
        self.run(|c| is_word(c.encode_utf8(&mut [0; 4])))
    }

    fn expect(&mut self, wanted: char, message: &'static str) -> Result<()> {
        if self.peek() != Some(wanted) {
            return Err(self.error(message));
        }
        self.at += wanted.len_utf8();
        Ok(())
    }

    /// A segment in brackets.
    fn bracket(&mut self) -> Result<Segment> {
        self.at += 1;
        let start = self.at;
        let quoted = self.peek() == Some('"');
        let name = match self.peek() {
            Some('"') => Some(self.quoted()?),
            Some('=') => Some(String::new()),
            _ => self.word(),
        };
        let name = name.ok_or_else(|| self.error("expected a position, a quoted key or `name=value`"))?;
        if self.peek() == Some('=') {
            self.at += 1;
            let value = if self.peek() == Some('"') {
                self.quoted()?
            } else {
                self.run(|c| super::is_bare(c.encode_utf8(&mut [0; 4])))
                    .ok_or_else(|| self.error("expected a value"))?
            };
            self.expect(']', "expected `]`")?;
            return Ok(Segment::item(name, value));
        }
        if quoted {
            self.expect(']', "expected `]`")?;
            return Ok(Segment::Key(name.into()));
        }
        if !name.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.error("expected `=`"));
        }
        let index =
            name.parse().map_err(|_| PathError { at: start, message: "the position is too large" })?;
        self.expect(']', "expected `]`")?;
        Ok(Segment::Index(index))
    }

    /// The JSON string that begins here.
    fn quoted(&mut self) -> Result<String> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(c) = self.peek() else {
                return Err(PathError { at: start, message: "the quote is never closed" });
            };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => {
                    let (decoded, length) =
                        escape(&self.text[self.at + 1..]).ok_or_else(|| self.error("unknown escape"))?;
                    out.push(decoded);
                    self.at += 1 + length;
                }
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }
}

/// What an escape behind its `\` stands for, and its length in bytes.
fn escape(text: &str) -> Option<(char, usize)> {
    let decoded = match text.bytes().next()? {
        same @ (b'"' | b'\\' | b'/') => char::from(same),
        b'b' => '\x08',
        b'f' => '\x0C',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let digits = text.get(1..5).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
            return Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, 5));
        }
        _ => return None,
    };
    Some((decoded, 1))
}
