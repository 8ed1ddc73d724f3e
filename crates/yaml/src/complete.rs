//! The complete reader: everything that go.yaml.in/yaml/v2 reads, for what the fast reader leaves alone.

use std::collections::HashMap;
use std::sync::Arc;

use crate::builder::Builder;
use crate::document::{Document, Kind, NodeId, Span, Style};
use crate::expand;
use crate::parse::{Event, Parser, Props};
use crate::problem::{Problem, ProblemKind};
use crate::scalar::{self, Number, Scalar, resolve_plain};
use crate::scan::Scanner;
use crate::stream::Limits;
use crate::tagged;

/// The first document of the chunk at `range`. What kubectl ignores behind it is told in `problems`. The memory of
/// `scratch` is used again.
pub(crate) fn read(
    source: &Arc<[u8]>,
    range: Span,
    limits: Limits,
    scratch: Option<Document>,
    problems: &mut Vec<Problem>,
) -> Result<Document, Problem> {
    let bytes: &[u8] = source;
    let end = range.end.min(bytes.len() as u32);
    let range = Span::new(range.start.min(end), end);
    let unreadable = second_mark(bytes, range).or_else(|| unreadable(&bytes[range.range()], range.start));
    let readable = Span::new(range.start, unreadable.as_ref().map_or(end, |p| p.span.start));
    let scanner = Scanner::new(bytes, readable, limits.depth, unreadable.is_none());
    let builder = match scratch {
        Some(old) => Builder::reuse(old, Arc::clone(source), range, false),
        None => Builder::new(Arc::clone(source), range, false),
    };
    let mut composer = Composer {
        parser: Parser::new(scanner),
        builder,
        depth: limits.depth as usize,
        open: Vec::new(),
        anchors: HashMap::new(),
        end: range.start,
        aliases: false,
        suspicious: false,
    };
    let result = composer.run();
    let read_to = composer.parser.scanner.offset();
    if let Some(problem) = unreadable {
        // Upstream loads blocks of 512 bytes and finds bad characters when it loads them.
        let loaded = range.start + (read_to - range.start + 4).next_multiple_of(512);
        let reached = match &result {
            Err(earlier) => earlier.span.end >= problem.span.start || read_to >= problem.span.start,
            Ok(_) => problem.span.start < loaded,
        };
        if reached {
            return Err(problem);
        }
    }
    let rest = result?;
    let (aliases, suspicious) = (composer.aliases, composer.suspicious);
    let document = composer.builder.finish();
    if aliases {
        expand::check_aliases(&document)?;
    }
    if suspicious {
        expand::check_json(&document)?;
    }
    if let Some(start) = rest {
        problems.extend(ignored(&bytes[..end as usize], start));
    }
    Ok(document)
}

/// A second byte order mark: Go takes it for one while it is at the head of its buffer, but then drops the first
/// character of lines that follow.
fn second_mark(bytes: &[u8], range: Span) -> Option<Problem> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let head = bytes[..range.end as usize].get(range.start as usize..)?.strip_prefix(MARK)?;
    let at = if range.start == 3 && bytes.starts_with(MARK) {
        range.start
    } else if head.starts_with(MARK) {
        range.start + 3
    } else {
        return None;
    };
    let problem = Problem::new(ProblemKind::Encoding, Span::new(at, at + 3), "a second byte order mark");
    Some(problem.with_hint("delete it"))
}

/// The first character of `bytes` that upstream refuses to read.
fn unreadable(bytes: &[u8], offset: u32) -> Option<Problem> {
    let at = |start: usize, length: usize| Span::new(offset + start as u32, offset + (start + length) as u32);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some(
            Problem::new(ProblemKind::Encoding, at(0, 2), "UTF-16 is not read")
                .with_hint("save the file as UTF-8"),
        );
    }
    let (text, invalid) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = error.valid_up_to();
            let length = error.error_len().unwrap_or(bytes.len() - valid);
            let problem = Problem::new(ProblemKind::Encoding, at(valid, length), "invalid UTF-8")
                .with_hint("save the file as UTF-8");
            (std::str::from_utf8(&bytes[..valid]).unwrap_or_default(), Some(problem))
        }
    };
    let control = text.char_indices().find(|(_, c)| {
        !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..)
    });
    let Some((start, c)) = control else {
        return invalid;
    };
    let message = format!("the control character U+{:04X} is not allowed", u32::from(c));
    let hint = "delete it, or write it as an escape in double quotes";
    Some(Problem::new(ProblemKind::Encoding, at(start, c.len_utf8()), message).with_hint(hint))
}

/// The problem of content from `start` on that is not part of the document.
fn ignored(bytes: &[u8], start: u32) -> Option<Problem> {
    let mut at = start as usize;
    loop {
        let blanks = bytes.get(at..)?.iter().take_while(|b| b.is_ascii_whitespace()).count();
        at += blanks;
        let rest = bytes.get(at..)?;
        match rest {
            [] => return None,
            [b'#', ..] => at += memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
            [b'.', b'.', b'.', ..] if rest.get(3).is_none_or(u8::is_ascii_whitespace) => at += 3,
            _ => {
                let length = rest.trim_ascii_end().len();
                let span = Span::new(at as u32, (at + length) as u32);
                return Some(
                    Problem::new(
                        ProblemKind::Ignored,
                        span,
                        "text behind the end of the document is ignored",
                    )
                    .with_hint("begin a further document with a line `---`"),
                );
            }
        }
    }
}

/// What may stand in a mapping's value or a list because of a merge key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Merge {
    No,
    /// A mapping or a list of them.
    Value,
    /// A mapping.
    Item,
}

/// An open collection.
struct Open {
    id: NodeId,
    kind: Kind,
    /// Nodes directly in it so far.
    nodes: u32,
    merge: Merge,
}

struct Composer<'s> {
    parser: Parser<'s>,
    builder: Builder,
    depth: usize,
    open: Vec<Open>,
    anchors: HashMap<&'s [u8], NodeId>,
    /// Where the node read last ends.
    end: u32,
    aliases: bool,
    /// Whether it holds what JSON may not hold.
    suspicious: bool,
}

impl Composer<'_> {
    /// Builds all nodes; where ignored content may begin.
    fn run(&mut self) -> Result<Option<u32>, Problem> {
        loop {
            match self.parser.next()? {
                Event::Finished(rest) => return Ok(rest),
                Event::Alias(span) => self.alias(span)?,
                Event::Empty { at, props } => {
                    let at = at.unwrap_or(self.end);
                    self.scalar(Span::new(at, at), Style::Plain, None, &props)?;
                }
                Event::Scalar { span, style, text, props } => self.scalar(span, style, text, &props)?,
                Event::Start { kind, style, at, props } => self.start(kind, style, at, &props)?,
                Event::End(end) => {
                    if let Some(open) = self.open.pop() {
                        self.end = end.unwrap_or(self.end);
                        let count = if open.kind == Kind::Mapping { open.nodes / 2 } else { open.nodes };
                        self.builder.close(open.id, count, self.end);
                    }
                }
            }
        }
    }

    fn alias(&mut self, span: Span) -> Result<(), Problem> {
        let raw = self.parser.scanner.raw(span);
        let name = raw.get(1..).unwrap_or_default();
        let problem = |message: String| Problem::new(ProblemKind::Syntax, span, message);
        let Some(target) = self.anchors.get(name).copied() else {
            // The name is not repeated: it may be a password that begins with `*`.
            return Err(problem("no anchor before this place has this name".into()).with_hint(
                "anchors hold within one document; put the text in quotes if it is not meant as an alias",
            ));
        };
        if self.open.binary_search_by_key(&target, |open| open.id).is_ok() {
            let name = String::from_utf8_lossy(name);
            return Err(problem(format!("the alias stands inside its own anchor `{name}`")));
        }
        let kind = self.builder.kind(target);
        self.child(kind, true, span)?;
        let id = self.builder.alias(target, span);
        self.check_key(id, target, span)?;
        self.end = span.end;
        self.aliases = true;
        Ok(())
    }

    fn scalar(&mut self, span: Span, style: Style, text: Option<Span>, props: &Props) -> Result<(), Problem> {
        let texts = std::mem::take(&mut self.parser.scanner.texts);
        let raw = std::str::from_utf8(self.parser.scanner.raw(span)).unwrap_or_default();
        let written = text.map_or(raw, |range| &texts[range.range()]);
        let result = self.scalar_with(span, style, text.is_some(), written, props);
        self.parser.scanner.texts = texts;
        result
    }

    fn scalar_with(
        &mut self,
        span: Span,
        style: Style,
        decoded: bool,
        text: &str,
        props: &Props,
    ) -> Result<(), Problem> {
        let mut binary = None;
        let value = match &props.tag {
            None if style == Style::Plain => resolve_plain(text),
            None => Scalar::String,
            Some((at, tag)) if tag == tagged::BINARY => {
                binary = Some(tagged::decode_base64(text).ok_or_else(|| {
                    Problem::new(ProblemKind::Syntax, *at, "the `!!binary` value is no valid base64")
                })?);
                Scalar::String
            }
            Some((_, tag)) => tagged::resolve(tag, text)
                .map_err(|message| Problem::new(ProblemKind::Syntax, span, message))?,
        };
        let merge = text == "<<"
            && match &props.tag {
                None => style == Style::Plain,
                Some((_, tag)) => tag == "!" || tag == tagged::MERGE,
            };
        let kind = value.parts().0;
        let merge = self.child_or_merge(kind, span, merge)?;
        let id = match binary {
            Some(text) => self.builder.scalar_with_text(value, style, span, &text),
            None if decoded => self.builder.scalar_with_text(value, style, span, text),
            None => self.builder.scalar(value, style, span),
        };
        self.props(id, props);
        if merge {
            if let Some(open) = self.open.last_mut() {
                open.merge = Merge::Value;
                self.builder.mark_merge(open.id, id);
            }
        } else {
            self.suspicious |= value == Scalar::NotFinite;
            if self.is_key_added() {
                let unsigned = value == Scalar::Int
                    && matches!(scalar::number(text, Kind::Int, false), Some(Number::Uint(_)));
                self.suspicious |= unsigned || value == Scalar::Null;
            }
        }
        self.end = span.end;
        Ok(())
    }

    fn start(&mut self, kind: Kind, style: Style, at: u32, props: &Props) -> Result<(), Problem> {
        let span = Span::new(at, at + 1);
        if self.open.len() >= self.depth {
            return Err(self.parser.scanner.too_deep());
        }
        let merge = self.child(kind, false, span)?;
        let id = self.builder.open(kind, style, at);
        self.check_key(id, id, span)?;
        self.props(id, props);
        let merge = if merge && kind == Kind::Sequence { Merge::Item } else { Merge::No };
        self.open.push(Open { id, kind, nodes: 0, merge });
        Ok(())
    }

    fn props(&mut self, id: NodeId, props: &Props) {
        if let Some((span, _)) = &props.tag {
            self.builder.tag(id, *span);
        }
        if let Some(span) = props.anchor {
            let name = self.parser.scanner.raw(span).get(1..).unwrap_or_default();
            self.anchors.insert(name, id);
            self.builder.anchor(id, span);
        }
    }

    /// Counts a node in its parent; whether it is a merge key.
    fn child_or_merge(&mut self, kind: Kind, span: Span, merge: bool) -> Result<bool, Problem> {
        self.child(kind, false, span)?;
        Ok(merge && self.is_key_added())
    }

    /// Whether the node counted last is a key.
    fn is_key_added(&self) -> bool {
        self.open.last().is_some_and(|open| open.kind == Kind::Mapping && open.nodes % 2 == 1)
    }

    /// Counts a node in its parent; whether it is the value of a merge key.
    fn child(&mut self, kind: Kind, alias: bool, span: Span) -> Result<bool, Problem> {
        let Some(open) = self.open.last_mut() else {
            return Ok(false);
        };
        open.nodes += 1;
        let merge = open.merge;
        if merge == Merge::Value {
            open.merge = Merge::No;
        }
        let allowed = match merge {
            Merge::No => true,
            Merge::Value => kind == Kind::Mapping || kind == Kind::Sequence && !alias,
            Merge::Item => kind == Kind::Mapping,
        };
        if allowed {
            return Ok(merge == Merge::Value);
        }
        Err(Problem::new(ProblemKind::Syntax, span, "only a mapping or a list of mappings can be merged")
            .with_hint("`<<` takes an alias of a mapping, such as `<<: *defaults`"))
    }

    /// Refuses collections as keys, aliases of them too, and takes note of keys that JSON may not hold.
    fn check_key(&mut self, id: NodeId, target: NodeId, span: Span) -> Result<(), Problem> {
        if !self.is_key_added() {
            return Ok(());
        }
        let what = match self.builder.kind(target) {
            Kind::Sequence => "a list",
            Kind::Mapping => "a mapping",
            // What an alias stands for is looked at in the finished document.
            _ => {
                self.suspicious |= id != target;
                return Ok(());
            }
        };
        Err(Problem::new(ProblemKind::Syntax, span, format!("{what} cannot be a key"))
            .with_hint("put the text in quotes if it is meant as one"))
    }
}

#[cfg(test)]
mod tests;
