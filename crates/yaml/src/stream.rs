//! A file's bytes to its documents, split as k8s.io/apimachinery `pkg/util/yaml/decoder.go` splits them.
//!
//! Where upstream stops at an error, this reader tells it and goes on with the next document.

mod list;
mod split;

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::complete;
use crate::document::{Document, Kind, ListItem, NodeRef, Span};
use crate::fast;
use crate::json;
use crate::problem::{Problem, ProblemKind};

/// Bytes within which upstream looks for the `{` that makes a stream JSON (kubectl's buffer).
const GUESS_BYTES: usize = 4096;

/// Bytes within which a NUL makes a file binary.
const BINARY_BYTES: usize = 8000;

const RENDER_HINT: &str = "render first: helm template ... | seawall scan -";

/// Bounds on what is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nested collections.
    pub depth: u32,
    /// Bytes of one source.
    pub bytes: u32,
}

impl Default for Limits {
    /// Go's own depth (10,000) and 256 MiB.
    fn default() -> Self {
        Self { depth: 10_000, bytes: 256 << 20 }
    }
}

/// One document of a stream, or what kept it from being one.
#[derive(Debug)]
pub struct Entry {
    /// Position among the stream's documents that have content or a problem, from 0. The items of a list that was cut have
    /// the same.
    pub index: u32,
    /// The bytes that it stands in: those between two separators, or the whole source where that is not parted by them.
    pub range: Span,
    /// What could be read.
    pub document: Option<Document>,
    /// What could not. A problem never hides another document.
    pub problems: Vec<Problem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Start,
    /// `count` values have been read.
    /// After an error, which upstream does not go on from, separators are taken as such.
    Json {
        count: u32,
        resumed: bool,
    },
    Yaml,
    Done,
}

/// Reads the documents of one source one by one.
#[derive(Debug)]
pub struct Reader {
    source: Arc<[u8]>,
    limits: Limits,
    mode: Mode,
    at: usize,
    index: u32,
    /// Entries that are known already.
    waiting: VecDeque<(Option<Document>, Vec<Problem>, Span)>,
    /// Memory to reuse.
    scratch: Option<Document>,
    /// Bytes of broken JSON that have been or will be read once more, which bounds the work.
    reread: usize,
    /// An offset and the number of line ends before it.
    counted: (usize, usize),
    /// Lists of so many bytes are cut into their items.
    cut_from: usize,
    /// Items that are still to be given out.
    items: Option<Items>,
}

/// The items of a list that was cut.
#[derive(Debug)]
struct Items {
    spans: std::vec::IntoIter<Span>,
    list: Arc<(String, String)>,
    next: u32,
    json: bool,
}

thread_local! {
    /// Memory of readers that are done, for the next one: given back and asked for anew, that of a large document would leave a
    /// gap in which small things settle, and lie there twice.
    static SPARE: Cell<Option<Document>> = const { Cell::new(None) };
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(mut document) = self.scratch.take() else { return };
        document.source = Arc::default();
        document.item = None;
        // At the end of a thread there is nobody to keep it for.
        let _ = SPARE.try_with(|spare| spare.set(Some(document)));
    }
}

impl Reader {
    /// A reader of `source`.
    pub fn new(source: Arc<[u8]>, limits: Limits) -> Self {
        Self {
            source,
            limits,
            mode: Mode::Start,
            at: 0,
            index: 0,
            waiting: VecDeque::new(),
            scratch: SPARE.take(),
            reread: 0,
            counted: (0, 0),
            cut_from: usize::MAX,
            items: None,
        }
    }

    /// Lists as kubectl and the API server print them, of `bytes` or more, are given out item by item: each is a document of its own
    /// ([`Document::list_item`]), and all have the index of the list. Lists that cannot be cut are given out whole.
    #[must_use]
    pub fn by_items(mut self, bytes: usize) -> Self {
        self.cut_from = bytes;
        self
    }

    /// How many documents may be ahead, by the separators in what is left; an estimate.
    pub fn likely_documents(&self) -> usize {
        memchr::memmem::find_iter(self.source.get(self.at..).unwrap_or_default(), "\n---").count() + 1
    }

    /// How many items are left of the list whose items are given out.
    pub fn items_left(&self) -> usize {
        self.items.as_ref().map_or(0, |items| items.spans.len())
    }

    /// Takes back the memory of a document that is no longer needed.
    pub fn recycle(&mut self, document: Document) {
        self.scratch = Some(document);
    }

    /// Goes on with another source; the memory is kept.
    pub fn restart(&mut self, source: Arc<[u8]>) {
        let (scratch, cut_from) = (self.scratch.take(), self.cut_from);
        *self = Self::new(source, self.limits);
        self.cut_from = cut_from;
        if scratch.is_some() {
            self.scratch = scratch;
        }
    }

    /// Reads once more a document that this reader, or another one of the same bytes, has given out: `range`, `json` and
    /// `item` are its own. `None` if there is no such document, as in bytes that have changed.
    pub fn reread(&mut self, range: Span, json: bool, item: Option<ListItem>) -> Option<Document> {
        let mut document = self.read_range(range, json)?;
        document.item = item;
        Some(document)
    }

    /// Goes behind the next document of both streams without reading it, if it is the same bytes in both, YAML, and `may` be
    /// passed over by its place in this stream: then it has the same value and the same problems. Whether it was.
    pub(crate) fn pass_same(&mut self, other: &mut Self, may: impl Fn(Span) -> bool) -> bool {
        if !self.is_at_yaml() || !other.is_at_yaml() {
            return false;
        }
        let (chunk, theirs) = (split::chunk(&self.source, self.at), split::chunk(&other.source, other.at));
        let ends = |chunk: &split::Chunk| chunk.bad_separator.is_some();
        let same = self.source[chunk.range.range()] == other.source[theirs.range.range()]
            && chunk.directives == theirs.directives
            && !ends(&chunk)
            && !ends(&theirs);
        if !same || !may(chunk.range) {
            return false;
        }
        (self.at, other.at) = (chunk.next, theirs.next);
        true
    }

    /// Goes behind the next document without reading it, if it is YAML and `known` by its place: one that was
    /// [read fast](Document::is_plain), and so is one document without problems. Its index and place, if so.
    pub fn pass_known(&mut self, known: impl Fn(Span) -> bool) -> Option<(u32, Span)> {
        if !self.is_at_yaml() {
            return None;
        }
        let chunk = split::chunk(&self.source, self.at);
        let plain = chunk.bad_separator.is_none() && !chunk.directives;
        if !plain || chunk.range.range().len() >= self.cut_from || !known(chunk.range) {
            return None;
        }
        self.at = chunk.next;
        self.index += 1;
        Some((self.index - 1, chunk.range))
    }

    /// Whether a YAML document is next, and nothing that was read before waits.
    fn is_at_yaml(&mut self) -> bool {
        if self.mode == Mode::Start {
            self.start();
        }
        let waits = !self.waiting.is_empty() || self.items.is_some();
        !waits && self.mode == Mode::Yaml && self.at < self.source.len()
    }

    fn read_range(&mut self, range: Span, json: bool) -> Option<Document> {
        if range.end as usize > self.source.len() || range.start > range.end {
            return None;
        }
        if json {
            return json::read(&self.source, range.start as usize, self.limits, &mut self.scratch)
                .ok()
                .map(|(d, _)| d);
        }
        self.document(range, &mut Vec::new()).ok()
    }

    /// Cuts the list at `range` into its items, if it is one that can be: whether it was. The items are read once now, so
    /// that nothing has to be taken back.
    fn cut(&mut self, range: Span, json: bool) -> bool {
        if range.range().len() < self.cut_from {
            return false;
        }
        let Some(list::Cut { items: spans, list }) = list::cut(&self.source, range, json) else {
            return false;
        };
        for span in &spans {
            let mut problems = Vec::new();
            let document =
                if json { self.read_range(*span, json) } else { self.document(*span, &mut problems).ok() };
            let Some(document) = document else { return false };
            let whole = problems.is_empty() && document.range() == *span && is_item(&document, &list.1);
            self.scratch = Some(document);
            if !whole {
                return false;
            }
        }
        self.items = Some(Items { spans: spans.into_iter(), list: Arc::new(list), next: 0, json });
        true
    }

    /// The next item of a list that was cut.
    fn item(&mut self) -> Option<Entry> {
        let items = self.items.as_mut()?;
        let (span, json) = (items.spans.next()?, items.json);
        let item = ListItem { position: items.next, list: items.list.clone() };
        items.next += 1;
        if items.spans.len() == 0 {
            self.items = None;
            self.index += 1;
        }
        let index = if self.items.is_some() { self.index } else { self.index - 1 };
        let document = self.reread(span, json, Some(item))?;
        Some(Entry { index, range: span, document: Some(document), problems: Vec::new() })
    }

    fn fail(&mut self, problem: Problem, range: Span) {
        self.waiting.push_back((None, vec![problem], range));
    }

    fn whole(&self) -> Span {
        Span::new(0, u32::try_from(self.source.len()).unwrap_or(u32::MAX))
    }

    /// Reads on until at least one entry waits or the stream is done.
    fn step(&mut self) {
        match self.mode {
            Mode::Start => self.start(),
            Mode::Json { count, resumed } => self.json_value(count, resumed),
            Mode::Yaml if self.at < self.source.len() => {
                let chunk = split::chunk(&self.source, self.at);
                match self.chunk(chunk) {
                    Ok(()) => {}
                    Err(problem) => {
                        self.fail(problem, chunk.range);
                        self.leave(chunk);
                    }
                }
            }
            Mode::Yaml | Mode::Done => self.mode = Mode::Done,
        }
    }

    fn start(&mut self) {
        self.mode = Mode::Done;
        let source = Arc::clone(&self.source);
        if source.len() > self.limits.bytes as usize {
            let message =
                format!("{} bytes are more than the {} that are read", source.len(), self.limits.bytes);
            self.fail(
                Problem::new(ProblemKind::Limit, Span::new(0, 0), message)
                    .with_hint("split the file, or leave it out"),
                self.whole(),
            );
            return;
        }
        if source.starts_with(b"\xfe\xff") || source.starts_with(b"\xff\xfe") {
            self.fail(
                Problem::new(ProblemKind::Encoding, Span::new(0, 2), "text is UTF-16, not UTF-8")
                    .with_hint("convert it to UTF-8: iconv -f UTF-16 -t UTF-8"),
                self.whole(),
            );
            return;
        }
        let head = &source[..source.len().min(BINARY_BYTES)];
        if let Some(nul) = memchr::memchr(0, head) {
            let span = Span::new(nul as u32, nul as u32 + 1);
            self.fail(
                Problem::new(ProblemKind::Encoding, span, "a NUL byte: this is no text file")
                    .with_hint("leave the file out if it is binary"),
                self.whole(),
            );
            return;
        }
        if source.starts_with(split::BYTE_ORDER_MARK) {
            self.mode = Mode::Yaml;
            return;
        }
        let json = begins_json(&source[..source.len().min(GUESS_BYTES)]);
        self.mode = if json { Mode::Json { count: 0, resumed: false } } else { Mode::Yaml };
    }

    /// Reads the document of a chunk; its problems wait with it. `Err` is a chunk that cannot be read; `at` stays.
    fn chunk(&mut self, chunk: split::Chunk) -> Result<(), Problem> {
        if !chunk.directives && self.cut(chunk.range, false) {
            self.leave(chunk);
            return Ok(());
        }
        let mut problems = Vec::new();
        let document = self.document(chunk.range, &mut problems)?;
        if chunk.directives {
            let first = Span::new(chunk.range.start, chunk.range.start);
            problems.push(
                Problem::new(ProblemKind::Ignored, first, "kubectl does not accept directives before `---`")
                    .with_hint("delete the lines that begin with `%`"),
            );
        }
        if document.is_empty() {
            self.scratch = Some(document);
            if !problems.is_empty() {
                self.waiting.push_back((None, problems, chunk.range));
            }
        } else {
            self.waiting.push_back((Some(document), problems, chunk.range));
        }
        self.leave(chunk);
        Ok(())
    }

    /// Goes behind a chunk, and tells if its separator is not one.
    fn leave(&mut self, chunk: split::Chunk) {
        self.at = chunk.next;
        if let Some(span) = chunk.bad_separator {
            self.fail(self.bad_separator(span), self.whole());
        }
    }

    fn bad_separator(&self, span: Span) -> Problem {
        let line = String::from_utf8_lossy(&self.source[span.range()]);
        let behind = line[3..].trim();
        if behind.contains("{{") {
            return Problem::new(ProblemKind::Template, span, "unrendered template behind `---`")
                .with_hint(RENDER_HINT);
        }
        let short: String = behind.chars().take(60).collect();
        Problem::new(ProblemKind::Syntax, span, format!("invalid Yaml document separator: `{short}`"))
            .with_hint("put what stands behind `---` on a line of its own")
    }

    fn document(&mut self, range: Span, problems: &mut Vec<Problem>) -> Result<Document, Problem> {
        if let Some(document) = fast::read(&self.source, range, self.limits, &mut self.scratch) {
            return Ok(document);
        }
        let bytes = &self.source[range.range()];
        complete::read(&self.source, range, self.limits, self.scratch.take(), problems).map_err(|problem| {
            problems.clear();
            match template_action(bytes) {
                Some(action) if problem.kind == ProblemKind::Syntax => {
                    let start = range.start + action as u32;
                    Problem::new(
                        ProblemKind::Template,
                        Span::new(start, start + action_length(&bytes[action..])),
                        format!("unrendered template: {}", problem.message),
                    )
                    .with_hint(RENDER_HINT)
                }
                _ => problem,
            }
        })
    }

    fn json_value(&mut self, count: u32, resumed: bool) {
        let source = Arc::clone(&self.source);
        let start = source[self.at..].iter().position(|b| !json::is_blank(*b)).map(|i| self.at + i);
        let Some(start) = start else {
            self.mode = Mode::Done;
            return;
        };
        // A list that is the last value; what follows values has rules of its own.
        let end = source.trim_ascii_end().len();
        if self.cut(Span::new(start as u32, end as u32), true) {
            self.at = end;
            self.mode = Mode::Json { count: count.saturating_add(1), resumed };
            return;
        }
        let problem = match json::read(&source, start, self.limits, &mut self.scratch) {
            Ok((document, end)) => {
                self.at = end;
                self.mode = Mode::Json { count: count.saturating_add(1), resumed };
                if document.is_empty() {
                    self.scratch = Some(document);
                } else {
                    let range = document.range();
                    self.waiting.push_back((Some(document), Vec::new(), range));
                }
                return;
            }
            Err(problem) => problem,
        };
        if resumed && source[start..].starts_with(b"---") {
            self.at = start;
            self.mode = Mode::Yaml;
            return;
        }
        // What JSON's grammar allows is no YAML to upstream either.
        if count > 1 || resumed || problem.kind == ProblemKind::Limit {
            self.json_resume(start, problem);
            return;
        }
        // With no or one value so far, upstream tries the rest as YAML, and tells JSON's error if that fails too.
        let Some(rest) = consume_whitespace(&source, self.at) else {
            self.json_resume(start, problem);
            return;
        };
        let chunk = split::chunk(&source, rest);
        self.mode = Mode::Yaml;
        match self.chunk(chunk) {
            Ok(()) => {}
            Err(yaml) if yaml.kind == ProblemKind::Template || !looks_like_json(&source[start..]) => {
                self.fail(yaml, self.whole());
                self.leave(chunk);
            }
            Err(_) => self.json_resume(start, problem),
        }
    }

    /// Tells the error of the JSON value that begins at `start`, and goes on at the next line that begins one, or at the
    /// next separator.
    fn json_resume(&mut self, start: usize, problem: Problem) {
        let source = Arc::clone(&self.source);
        let line_end = split::next_line(&source, start);
        let stopped = (problem.span.start as usize).min(source.len());
        let stopped_line = memchr::memrchr(b'\n', &source[..stopped]).map_or(0, |i| i + 1);
        // A line with no more than the bracket opens a value of many lines, whose own lines do not begin values. With
        // JSON lines, what was swallowed by a value that was cut off is read once more.
        let lines = source[start..line_end].trim_ascii().len() > 1;
        let again = stopped_line.saturating_sub(line_end);
        let mut at = stopped_line.max(line_end);
        if source[start..].starts_with(b"---") {
            at = start;
        } else if lines && self.reread + again <= source.len() {
            self.reread += again;
            at = line_end;
        }
        while at < source.len() && source[at] != b'{' && !source[at..].starts_with(b"---") {
            at = split::next_line(&source, at);
        }
        let hint = if at < source.len() {
            let (before, count) = self.counted;
            self.counted = (at, count + memchr::memchr_iter(b'\n', &source[before..at]).count());
            format!("reading goes on at line {}", self.counted.1 + 1)
        } else {
            "nothing behind this place was read".to_owned()
        };
        self.fail(problem.with_hint(hint), self.whole());
        self.at = at;
        let json = source.get(at) == Some(&b'{');
        self.mode = if json { Mode::Json { count: 0, resumed: true } } else { Mode::Yaml };
    }
}

/// Whether the first character that is no white space is a `{`.
fn begins_json(head: &[u8]) -> bool {
    match head.iter().find(|b| !b.is_ascii_whitespace() && **b != b'\x0b') {
        Some(b'{') => true,
        Some(byte) if byte.is_ascii() => false,
        // Go takes every white space that Unicode knows.
        _ => head.utf8_chunks().next().is_some_and(|c| c.valid().trim_start().starts_with('{')),
    }
}

impl Iterator for Reader {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            if let Some(entry) = self.item() {
                return Some(entry);
            }
            if let Some((document, problems, range)) = self.waiting.pop_front() {
                let index = self.index;
                self.index += 1;
                return Some(Entry { index, range, document, problems });
            }
            if self.mode == Mode::Done {
                return None;
            }
            self.step();
        }
    }
}

/// Whether a document that was cut out of a list of this kind is an object by itself, as it is in the list.
fn is_item(document: &Document, list: &str) -> bool {
    let root = document.root();
    let object = match root.kind() {
        Kind::Sequence if root.count() == 1 => root.items().next(),
        Kind::Mapping if document.is_json() => Some(root),
        _ => None,
    };
    let text = |key| object.and_then(|o| o.get(key)).and_then(NodeRef::as_str).is_some_and(|t| !t.is_empty());
    let said = |key| object.is_some_and(|o| o.get(key).is_some());
    let typed = list != "List" && !said("apiVersion") && !said("kind");
    object.is_some_and(|o| o.kind() == Kind::Mapping) && (typed || text("apiVersion") && text("kind"))
}

/// All documents of `source`, with default limits. Documents without content are left out.
pub fn read(source: impl Into<Arc<[u8]>>) -> Vec<Entry> {
    Reader::new(source.into(), Limits::default()).collect()
}

/// The texts between the separators of a YAML stream.
pub(crate) fn chunks(source: &[u8]) -> Vec<Span> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < source.len() {
        let chunk = split::chunk(source, at);
        out.push(chunk.range);
        at = chunk.next;
    }
    out
}

/// Whether the value looks like JSON rather than a YAML flow mapping, so that JSON's error is the better one.
fn looks_like_json(value: &[u8]) -> bool {
    let rest = value.strip_prefix(b"{").unwrap_or(value).trim_ascii_start();
    matches!(rest.first(), None | Some(b'"' | b'}'))
}

/// From the end of a JSON value to where upstream begins to read YAML: behind the first line end, or at the first byte
/// that is not a blank. `None` where upstream gives up, which it does when fewer than four bytes are left.
fn consume_whitespace(source: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let head = source.get(at..at + 4)?;
        let c = head.utf8_chunks().next().and_then(|c| c.valid().chars().next())?;
        if c == char::REPLACEMENT_CHARACTER {
            return None;
        }
        if !c.is_whitespace() {
            return Some(at);
        }
        at += c.len_utf8();
        if c == '\n' {
            return Some(at);
        }
    }
}

/// The first `{{` that stands neither in quotes nor in a comment, judged by its line alone.
fn template_action(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, b"{{").find(|&at| {
        let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |i| i + 1);
        let before = &text[line..at];
        let odd = |quote| memchr::memchr_iter(quote, before).count() % 2 == 1;
        !odd(b'"') && !odd(b'\'') && before.trim_ascii_start().first() != Some(&b'#')
    })
}

/// The length of the action at the start of `text`: up to its `}}`, or its line's end.
fn action_length(text: &[u8]) -> u32 {
    let line = memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    memchr::memmem::find(&text[..line], b"}}").map_or(line, |i| i + 2) as u32
}

#[cfg(test)]
mod tests;
