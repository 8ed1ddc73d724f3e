//! Where the documents of a YAML stream begin and end (`YAMLReader` in k8s.io/apimachinery `pkg/util/yaml/decoder.go`).

use memchr::memmem;

use crate::document::Span;

/// The text between two separators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The text itself.
    pub(super) range: Span,
    /// Where the next chunk begins.
    pub(super) next: usize,
    /// The line that ended it, if that has something other than a comment behind its `---`.
    pub(super) bad_separator: Option<Span>,
    /// Whether it has directives, which upstream tears from their document.
    pub(super) directives: bool,
}

/// What a line that begins with `---` is.
enum Separator {
    /// A separator, and a document start for YAML.
    Plain,
    /// A separator that YAML takes for text: `---#`.
    Text,
    /// Not a separator: upstream fails.
    Bad,
}

const MARK: &[u8] = b"---";

/// U+FEFF at the head of a file.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The chunk at `at`, which is the start of a line.
pub(super) fn chunk(source: &[u8], at: usize) -> Chunk {
    let mut start = at;
    let mut search = at;
    if at == 0 && source.starts_with(BYTE_ORDER_MARK) {
        // A `---` behind it is none to the splitter, but one to YAML.
        if !source[BYTE_ORDER_MARK.len()..].starts_with(MARK) {
            start = BYTE_ORDER_MARK.len();
        }
    } else if source[at..].starts_with(MARK) {
        let next = next_line(source, at);
        match separator(&source[at..next]) {
            // Upstream keeps the first separator in the text; YAML seldom needs it.
            Separator::Plain if has_odd_bytes(&source[at..next]) || needs_mark(&source[next..]) => {}
            Separator::Plain => start = next,
            Separator::Text => {}
            Separator::Bad => {
                let range = Span::new(at as u32, at as u32);
                let bad_separator = Some(line_span(source, at, next));
                return Chunk { range, next, bad_separator, directives: false };
            }
        }
        search = next;
    }
    let mut directives = false;
    loop {
        let Some(line) = find_mark(source, search) else {
            let end = source.len();
            let range = Span::new(start as u32, end as u32);
            return Chunk { range, next: end, bad_separator: None, directives };
        };
        let next = next_line(source, line);
        let bad = matches!(separator(&source[line..next]), Separator::Bad);
        if !bad && !directives && only_directives(&source[start..line]) {
            directives = true;
            search = next;
            continue;
        }
        let range = Span::new(start as u32, line as u32);
        let bad_separator = bad.then(|| line_span(source, line, next));
        return Chunk { range, next, bad_separator, directives };
    }
}

/// Whether a separator has bytes in its comment that YAML may refuse.
fn has_odd_bytes(line: &[u8]) -> bool {
    line.iter().any(|b| !matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
}

/// Whether text means something else without a `---` before it: directives, an end of document, a byte order mark.
fn needs_mark(text: &[u8]) -> bool {
    if text.starts_with(BYTE_ORDER_MARK) {
        return true;
    }
    let mut rest = text;
    loop {
        rest = match rest {
            [b' ' | b'\t' | b'\n' | b'\r', rest @ ..]
            | [0xC2, 0x85, rest @ ..]
            | [0xE2, 0x80, 0xA8 | 0xA9, rest @ ..] => rest,
            // All of YAML's line ends end a comment.
            [b'#', rest @ ..] => {
                let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r' | 0xC2 | 0xE2));
                &rest[end.unwrap_or(rest.len())..]
            }
            [0x80..=0xFF, ..] => return true,
            _ => return [b"%".as_slice(), b"...", MARK].iter().any(|text| rest.starts_with(text)),
        }
    }
}

/// The start of the line behind the one that `at` is in.
pub(super) fn next_line(source: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &source[at..]).map_or(source.len(), |i| at + i + 1)
}

/// The first line from `at`, the start of a line, on that begins with `---`.
fn find_mark(source: &[u8], at: usize) -> Option<usize> {
    if source[at..].starts_with(MARK) {
        return Some(at);
    }
    memmem::find(&source[at..], b"\n---").map(|i| at + i + 1)
}

fn separator(line: &[u8]) -> Separator {
    let rest = &line[MARK.len()..];
    let text = String::from_utf8_lossy(rest);
    let text = text.trim();
    if !(text.is_empty() || text.starts_with('#')) {
        Separator::Bad
    } else if matches!(rest.first(), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
        Separator::Plain
    } else {
        Separator::Text
    }
}

/// A line without its end.
fn line_span(source: &[u8], start: usize, next: usize) -> Span {
    let line = source[start..next].trim_ascii_end();
    Span::new(start as u32, (start + line.len()) as u32)
}

/// Whether there are directives and, comments and blank lines aside, nothing else.
fn only_directives(text: &[u8]) -> bool {
    let mut found = false;
    for line in text.split(|b| *b == b'\n') {
        match line.first() {
            Some(b'%') => found = true,
            _ if matches!(line.trim_ascii_start().first(), None | Some(b'#')) => {}
            _ => return false,
        }
    }
    found
}
