//! Typed views straight from JSON bytes: a pull tokenizer with the semantics of sigs.k8s.io/json.

use std::borrow::Cow;

use crate::decode::{Decode, DecodeError, Result, Source};
use crate::nodes::integer_type;
use crate::pod::Str;

/// The deepest nesting that Go's decoder accepts (`maxNestingDepth` of encoding/json).
const MAX_DEPTH: u32 = 10_000;

/// The view of a JSON value; the empty view for null.
///
/// Everything is checked for syntax, also what the view does not hold. Bytes that are not UTF-8 and surrogates without
/// a partner become U+FFFD in strings, one for each byte, as Go has it.
pub fn decode<'d, T: Decode<'d> + Default>(bytes: &'d [u8]) -> Result<T> {
    let mut value = T::default();
    decode_into(bytes, &mut value)?;
    Ok(value)
}

/// As [`decode`], into a view that is there already, merging as Go does.
pub fn decode_into<'d, T: Decode<'d>>(bytes: &'d [u8], value: &mut T) -> Result<()> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            bytes.get(..error.valid_up_to()).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
        }
    };
    let room = ROOM + bytes.len() * TIMES;
    let mut tokens = Tokens { bytes, text, at: 0, depth: 0, room };
    match value.decode_into(&mut tokens) {
        Ok(_) => tokens.end(),
        // Go reads everything for its syntax before it looks at types.
        Err(error) => Tokens { bytes, text, at: 0, depth: 0, room }.check().and(Err(error)),
    }
}

/// Bytes that the items of lists and maps may take, and so many times the text besides: whoever sends a million empty containers
/// does not get what they would take. What an API server writes of a container takes less than its text.
const ROOM: usize = 1 << 20;
const TIMES: usize = 8;

struct Tokens<'d> {
    bytes: &'d [u8],
    /// The bytes up to the first that is not UTF-8: strings are borrowed from here.
    text: &'d str,
    at: usize,
    depth: u32,
    /// Bytes that items may still take.
    room: usize,
}

/// Whether a byte cannot stand for itself in a string.
#[inline]
const fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < b' '
}

/// The position of the first byte from `at` on that cannot stand for itself in a string, or the end.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    while let Some(word) = bytes.get(at..at + 8).and_then(|w| w.try_into().ok()).map(u64::from_le_bytes) {
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        // The high bit of every byte that is below the subtrahend. Borrows reach upwards only, so the lowest is right.
        let found = (quote.wrapping_sub(ONES) & !quote
            | backslash.wrapping_sub(ONES) & !backslash
            | word.wrapping_sub(ONES * u64::from(b' ')) & !word)
            & HIGHS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|b| !is_special(*b)) {
        at += 1;
    }
    at
}

impl<'d> Tokens<'d> {
    /// Fails unless everything is one value.
    #[cold]
    fn check(&mut self) -> Result<()> {
        self.skip()?;
        self.end()
    }

    /// Fails unless only white space is left.
    fn end(&mut self) -> Result<()> {
        self.token();
        if self.at < self.bytes.len() { Err(self.unexpected("after top-level value")) } else { Ok(()) }
    }

    /// The byte at the position; 0, which is nowhere valid, at the end.
    #[inline]
    fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is not white space; it is not consumed.
    #[inline]
    fn token(&mut self) -> u8 {
        loop {
            match self.byte() {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return byte,
            }
        }
    }

    #[cold]
    fn error(&self, message: impl Into<Cow<'static, str>>) -> DecodeError {
        DecodeError { offset: self.at as u32, message: message.into() }
    }

    /// The byte at the position cannot be there: the words of Go's scanner.
    #[cold]
    fn unexpected(&self, place: &str) -> DecodeError {
        match self.bytes.get(self.at) {
            None => self.error("unexpected end of JSON input"),
            Some(b'\'') => self.error(format!("invalid character '\\'' {place}")),
            Some(b'"') => self.error(format!("invalid character '\"' {place}")),
            // Go takes the byte for a code point.
            Some(byte) => {
                let quoted = crate::gotext::quote(char::from(*byte).encode_utf8(&mut [0; 4]));
                self.error(format!("invalid character '{}' {place}", quoted.trim_matches('"')))
            }
        }
    }

    /// As [`Self::unexpected`], within a literal. Go's scanner takes the end for a space, which cannot be there.
    #[cold]
    fn broken(&self, place: &str) -> DecodeError {
        if self.at < self.bytes.len() {
            return self.unexpected(place);
        }
        self.error(format!("invalid character ' ' {place}"))
    }

    /// What is at the position is not of the wanted type, or no value at all.
    #[cold]
    fn mismatch<T>(&self, wanted: &str) -> Result<T> {
        let found = match self.byte() {
            b'"' => "string",
            b't' | b'f' => "bool",
            b'[' => "array",
            b'{' => "object",
            b'-' | b'0'..=b'9' => "number",
            _ => return Err(self.unexpected("looking for beginning of value")),
        };
        Err(self.error(format!("cannot unmarshal {found} into a value of type {wanted}")))
    }

    /// Passes `null`, `true` or `false`.
    #[inline]
    fn literal(&mut self, word: &str) -> Result<()> {
        if self.bytes.get(self.at..self.at + word.len()) == Some(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.broken_literal(word))
    }

    #[cold]
    fn broken_literal(&mut self, word: &str) -> DecodeError {
        let wanted = word.bytes().find(|wanted| {
            let same = self.byte() == *wanted;
            self.at += usize::from(same);
            !same
        });
        self.broken(&format!("in literal {word} (expecting '{}')", char::from(wanted.unwrap_or(b'e'))))
    }

    #[inline]
    fn enter(&mut self) -> Result<()> {
        if self.depth == MAX_DEPTH {
            return Err(self.unexpected("exceeded max depth"));
        }
        self.at += 1;
        self.depth += 1;
        Ok(())
    }

    /// The string whose opening quote is at the position.
    #[inline]
    fn quoted(&mut self) -> Result<Str<'d>> {
        let start = self.at + 1;
        let end = special(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"')
            && let Some(text) = self.text.get(start..end)
        {
            self.at = end + 1;
            return Ok(Cow::Borrowed(text));
        }
        self.quoted_slowly().map(Cow::Owned)
    }

    /// A string with escapes, or with bytes that are not UTF-8.
    #[cold]
    fn quoted_slowly(&mut self) -> Result<String> {
        let mut out = Vec::new();
        self.at += 1;
        loop {
            let end = special(self.bytes, self.at);
            out.extend_from_slice(self.bytes.get(self.at..end).unwrap_or_default());
            self.at = end;
            match self.byte() {
                b'"' => break,
                b'\\' => {
                    let c = self.escape()?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
        self.at += 1;
        Ok(String::from_utf8(out).unwrap_or_else(|error| replace_invalid(error.as_bytes())))
    }

    /// The character of the escape sequence at the position.
    fn escape(&mut self) -> Result<char> {
        self.at += 1;
        let c = match self.byte() {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.broken("in string escape code")),
        };
        self.at += 1;
        Ok(c)
    }

    /// `uXXXX`, with the low half of a surrogate pair if that follows.
    fn unicode_escape(&mut self) -> Result<char> {
        let high = self.hex()?;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        if (0xd800..0xdc00).contains(&high) && self.bytes.get(self.at..self.at + 2) == Some(b"\\u") {
            let behind = self.at;
            self.at += 1;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low)
                && let Some(c) = char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
            {
                return Ok(c);
            }
            self.at = behind;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// The value of `uXXXX`.
    fn hex(&mut self) -> Result<u32> {
        self.at += 1;
        let mut value = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.byte()).to_digit(16) else {
                return Err(self.broken("in \\u hexadecimal character escape"));
            };
            value = value << 4 | digit;
            self.at += 1;
        }
        Ok(value)
    }

    /// Passes the string whose opening quote is at the position.
    #[inline]
    fn skip_string(&mut self) -> Result<()> {
        self.at += 1;
        loop {
            self.at = special(self.bytes, self.at);
            match self.byte() {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => drop(self.escape()?),
                _ => return Err(self.unexpected("in string literal")),
            }
        }
    }

    fn digits(&mut self) {
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
    }

    /// Passes a number; `true` if it is written as an integer.
    fn number(&mut self) -> Result<bool> {
        let mut integer = true;
        if self.byte() == b'-' {
            self.at += 1;
        }
        match self.byte() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            _ => return Err(self.broken("in numeric literal")),
        }
        if self.byte() == b'.' {
            integer = false;
            self.at += 1;
            if !self.byte().is_ascii_digit() {
                return Err(self.broken("after decimal point in numeric literal"));
            }
            self.digits();
        }
        if matches!(self.byte(), b'e' | b'E') {
            integer = false;
            self.at += 1;
            if matches!(self.byte(), b'+' | b'-') {
                self.at += 1;
            }
            if !self.byte().is_ascii_digit() {
                return Err(self.broken("in exponent of numeric literal"));
            }
            self.digits();
        }
        Ok(integer)
    }

    /// Passes a key and its colon.
    #[inline]
    fn skip_key(&mut self) -> Result<()> {
        if self.token() != b'"' {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        self.skip_string()?;
        self.colon()
    }

    #[inline]
    fn colon(&mut self) -> Result<()> {
        if self.token() != b':' {
            return Err(self.unexpected("after object key"));
        }
        self.at += 1;
        Ok(())
    }

    /// Passes the collection that starts at the position, without recursion: nothing here is bounded by the stack.
    fn skip_collection(&mut self) -> Result<()> {
        let mut open = Nesting::default();
        loop {
            // A value is next.
            match self.token() {
                b'{' => {
                    self.enter()?;
                    if self.token() != b'}' {
                        open.push(true);
                        self.skip_key()?;
                        continue;
                    }
                    self.at += 1;
                    self.depth -= 1;
                }
                b'[' => {
                    self.enter()?;
                    if self.token() != b']' {
                        open.push(false);
                        continue;
                    }
                    self.at += 1;
                    self.depth -= 1;
                }
                _ => self.skip_scalar()?,
            }
            // A value is behind.
            loop {
                let Some(object) = open.top() else { return Ok(()) };
                match self.token() {
                    b',' => {
                        self.at += 1;
                        if object {
                            self.skip_key()?;
                        }
                        break;
                    }
                    b'}' if object => {}
                    b']' if !object => {}
                    _ if object => return Err(self.unexpected("after object key:value pair")),
                    _ => return Err(self.unexpected("after array element")),
                }
                self.at += 1;
                self.depth -= 1;
                open.pop();
            }
        }
    }

    #[inline]
    fn skip_scalar(&mut self) -> Result<()> {
        match self.byte() {
            b'"' => self.skip_string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number().map(drop),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }
}

/// Which collections are open, one bit each: objects or lists. Allocates from the 65th on.
#[derive(Default)]
struct Nesting {
    bits: u64,
    depth: u32,
    outer: Vec<u64>,
}

impl Nesting {
    #[inline]
    fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(object);
        self.depth += 1;
    }

    #[inline]
    fn top(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }

    #[inline]
    fn pop(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }
}

/// The text with U+FFFD for every byte that is not UTF-8; Rust's own replacement makes one of several bytes.
fn replace_invalid(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

impl<'d> Source<'d> for Tokens<'d> {
    const MERGES: bool = true;

    #[inline]
    fn object(&mut self, mut each: impl FnMut(&mut Self, &Str<'d>) -> Result<()>) -> Result<bool> {
        match self.token() {
            b'{' => self.enter()?,
            b'n' => return self.literal("null").map(|()| false),
            _ => return self.mismatch("object"),
        }
        let mut token = self.token();
        if token != b'}' {
            loop {
                if token != b'"' {
                    return Err(self.unexpected("looking for beginning of object key string"));
                }
                let key = self.quoted()?;
                self.colon()?;
                each(self, &key)?;
                match self.token() {
                    b',' => self.at += 1,
                    b'}' => break,
                    _ => return Err(self.unexpected("after object key:value pair")),
                }
                token = self.token();
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(true)
    }

    #[inline]
    fn make_room(&mut self, bytes: usize) -> Result<()> {
        match self.room.checked_sub(bytes) {
            Some(left) => {
                self.room = left;
                Ok(())
            }
            None => Err(self.error("too many items for so little text")),
        }
    }

    #[inline]
    fn list(&mut self, mut each: impl FnMut(&mut Self) -> Result<()>) -> Result<bool> {
        match self.token() {
            b'[' => self.enter()?,
            b'n' => return self.literal("null").map(|()| false),
            _ => return self.mismatch("array"),
        }
        if self.token() != b']' {
            loop {
                each(self)?;
                match self.token() {
                    b',' => self.at += 1,
                    b']' => break,
                    _ => return Err(self.unexpected("after array element")),
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(true)
    }

    #[inline]
    fn string(&mut self) -> Result<Option<Str<'d>>> {
        match self.token() {
            b'"' => self.quoted().map(Some),
            b'n' => self.literal("null").map(|()| None),
            _ => self.mismatch("string"),
        }
    }

    #[inline]
    fn boolean(&mut self) -> Result<Option<bool>> {
        match self.token() {
            b't' => self.literal("true").map(|()| Some(true)),
            b'f' => self.literal("false").map(|()| Some(false)),
            b'n' => self.literal("null").map(|()| None),
            _ => self.mismatch("bool"),
        }
    }

    fn integer(&mut self, min: i64, max: i64) -> Result<Option<i64>> {
        match self.token() {
            b'-' | b'0'..=b'9' => {}
            b'n' => return self.literal("null").map(|()| None),
            _ => return self.mismatch(integer_type(max)),
        }
        let start = self.at;
        let integer = self.number()?;
        // A number's bytes are ASCII; `text` ends early where a later byte is not UTF-8, never before a valid one.
        let literal =
            self.bytes.get(start..self.at).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default();
        match literal.parse() {
            Ok(value) if integer && (min..=max).contains(&value) => Ok(Some(value)),
            _ => {
                self.at = start;
                Err(self.error(format!(
                    "cannot unmarshal number {literal} into a value of type {}",
                    integer_type(max)
                )))
            }
        }
    }

    #[inline]
    fn skip(&mut self) -> Result<()> {
        match self.token() {
            b'{' | b'[' => self.skip_collection(),
            _ => self.skip_scalar(),
        }
    }

    fn raw(&mut self) -> Result<&'d [u8]> {
        let is_null = self.token() == b'n';
        let start = self.at;
        self.skip()?;
        Ok(self.bytes.get(start..self.at).filter(|_| !is_null).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
