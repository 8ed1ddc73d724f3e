//! Lists as kubectl prints them (`kubectl get --output yaml`, `json`), cut into their items: the objects of a cluster are
//! one document, whose tree would take many times its bytes.
//!
//! What is recognised has nothing but the list's kind around its items; everything else is read as a whole.

use crate::document::Span;
use crate::json::is_blank;

/// The items of a list, each as the bytes that it can be read from: a JSON value, or the lines of a list item.
pub(super) fn items(source: &[u8], range: Span, json: bool) -> Option<Vec<Span>> {
    let text = source.get(range.range())?;
    // Comments may speak to what is around an item.
    let speaks = |at: usize| text[..at].trim_ascii_end().ends_with(b"#");
    if !json && memchr::memmem::find_iter(text, b"seawall").any(speaks) {
        return None;
    }
    let items = if json { Json { text, at: 0 }.items() } else { of_lines(text) }?;
    Some(
        items
            .into_iter()
            .map(|(from, to)| Span::new(range.start + from as u32, range.start + to as u32))
            .collect(),
    )
}

/// What may stand beside the items: each key once.
#[derive(Default)]
struct Envelope {
    api_version: bool,
    kind: bool,
    metadata: bool,
    items: bool,
}

impl Envelope {
    /// Takes note of a key; false if it was there, or if its value, without blanks, is not kubectl's.
    fn takes(&mut self, key: &[u8], value: &[u8]) -> bool {
        let unquoted = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
        let (seen, known) = match key {
            b"apiVersion" => (&mut self.api_version, unquoted == b"v1"),
            b"kind" => (&mut self.kind, unquoted == b"List"),
            b"metadata" => (&mut self.metadata, METADATA.contains(&value)),
            b"items" => (&mut self.items, true),
            _ => return false,
        };
        !std::mem::replace(seen, true) && known
    }

    fn is_whole(&self) -> bool {
        self.api_version && self.kind && self.items
    }
}

/// Metadata of lists, without blanks.
const METADATA: [&[u8]; 4] = [
    b"{}",
    b"{\"resourceVersion\":\"\"}",
    b"{\"resourceVersion\":\"\",\"selfLink\":\"\"}",
    b"{\"selfLink\":\"\",\"resourceVersion\":\"\"}",
];

/// Lines of a list's metadata in YAML.
const METADATA_LINES: [&[u8]; 2] = [b"  resourceVersion: \"\"", b"  selfLink: \"\""];

/// The items of a list in block style, by lines.
fn of_lines(text: &[u8]) -> Option<Vec<(usize, usize)>> {
    let mut envelope = Envelope::default();
    let mut items: Vec<(usize, usize)> = Vec::new();
    // The column of the items' dashes, and whether the lines at hand belong to items or to the metadata.
    let (mut column, mut in_items, mut in_metadata) = (None, false, false);
    let mut at = 0;
    while at < text.len() {
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |n| at + n + 1);
        let line = text[at..end].trim_ascii_end();
        let indent = line.iter().take_while(|b| **b == b' ').count();
        let dash = matches!(&line[indent..], [b'-'] | [b'-', b' ', ..]);
        if line.is_empty() || (in_items && indent > column.unwrap_or(usize::MAX)) {
            // Goes on with what it is in.
        } else if in_items && dash && indent == *column.get_or_insert(indent) {
            if let Some(last) = items.last_mut() {
                last.1 = at;
            }
            items.push((at, end));
        } else if in_metadata && METADATA_LINES.contains(&line) {
            // Known.
        } else if indent == 0 && !dash {
            if let Some(last) = items.last_mut().filter(|_| in_items) {
                last.1 = at;
            }
            let colon = memchr::memchr(b':', line)?;
            let (key, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            (in_items, in_metadata) = (false, false);
            match (key, value) {
                (b"items", b"") => in_items = true,
                (b"metadata", b"") => in_metadata = true,
                _ => {}
            }
            let value = if in_metadata { METADATA[0] } else { value };
            if !envelope.takes(key, value) || (key == b"items" && !in_items) {
                return None;
            }
        } else {
            return None;
        }
        at = end;
    }
    if let Some(last) = items.last_mut().filter(|_| in_items) {
        last.1 = text.len();
    }
    envelope.is_whole().then_some(items)
}

/// A list in JSON. What is inside items is only skipped: it is read later.
struct Json<'t> {
    text: &'t [u8],
    at: usize,
}

impl Json<'_> {
    fn items(mut self) -> Option<Vec<(usize, usize)>> {
        let mut envelope = Envelope::default();
        let mut items = Vec::new();
        self.byte(b'{')?;
        loop {
            let key = self.string()?;
            let key = &self.text[key.0 + 1..key.1 - 1];
            self.byte(b':')?;
            let value: Vec<u8> = if key == b"items" {
                items = self.array()?;
                Vec::new()
            } else {
                let (from, to) = if self.peek()? == b'{' { self.object()? } else { self.string()? };
                self.text[from..to].iter().copied().filter(|b| !is_blank(*b)).collect()
            };
            if !envelope.takes(key, &value) {
                return None;
            }
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => return envelope.is_whole().then_some(items),
                _ => return None,
            }
        }
    }

    fn array(&mut self) -> Option<Vec<(usize, usize)>> {
        let mut items = Vec::new();
        self.byte(b'[')?;
        loop {
            match self.peek()? {
                b']' if items.is_empty() => break,
                _ => items.push(self.object()?),
            }
            match self.peek()? {
                b',' => self.at += 1,
                b']' => break,
                _ => return None,
            }
        }
        self.at += 1;
        Some(items)
    }

    /// Goes behind an object.
    fn object(&mut self) -> Option<(usize, usize)> {
        (self.peek()? == b'{').then_some(())?;
        let from = self.at;
        let mut depth = 0_usize;
        loop {
            self.at += memchr::memchr3(b'{', b'}', b'"', self.text.get(self.at..)?)?;
            match self.text[self.at] {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' => depth += 1,
                _ => depth -= 1,
            }
            self.at += 1;
            if depth == 0 {
                return Some((from, self.at));
            }
        }
    }

    /// Goes behind a string.
    fn string(&mut self) -> Option<(usize, usize)> {
        (self.peek()? == b'"').then_some(())?;
        let from = self.at;
        self.at += 1;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.text.get(self.at..)?)?;
            if self.text[self.at] == b'"' {
                self.at += 1;
                return Some((from, self.at));
            }
            self.at += 2;
        }
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The next byte that is not a blank.
    fn peek(&mut self) -> Option<u8> {
        while is_blank(*self.text.get(self.at)?) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Option<Vec<&str>> {
        let json = text.starts_with('{');
        let spans = items(text.as_bytes(), Span::new(0, text.len() as u32), json)?;
        Some(spans.into_iter().map(|s| &text[s.range()]).collect())
    }

    #[test]
    fn lists_of_kubectl_are_cut() {
        let yaml = "apiVersion: v1\nitems:\n- a: 1\n  b:\n  - c\n- d: |\n    - x\n\n    y\nkind: List\nmetadata:\n  resourceVersion: \"\"\n";
        assert_eq!(cut(yaml).unwrap(), ["- a: 1\n  b:\n  - c\n", "- d: |\n    - x\n\n    y\n"]);
        let indented = "kind: List\napiVersion: v1\nmetadata: {}\nitems:\n  - a: 1\n    b: 2\n  - c: 3\n";
        assert_eq!(cut(indented).unwrap(), ["  - a: 1\n    b: 2\n", "  - c: 3\n"]);
        let json = r#"{ "apiVersion": "v1", "items": [ {"a": "}\"]"}, {"b": {"c": [{}]}} ], "kind": "List",
            "metadata": { "resourceVersion": "", "selfLink": "" } }"#;
        assert_eq!(cut(json).unwrap(), [r#"{"a": "}\"]"}"#, r#"{"b": {"c": [{}]}}"#]);
        assert!(cut("{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[]}").unwrap().is_empty());
    }

    #[test]
    fn other_lists_are_not() {
        for text in [
            "apiVersion: v1\nkind: PodList\nitems:\n- a: 1\n",
            "apiVersion: v1\nkind: List\nitems:\n- a: 1\nitems:\n- b: 1\n",
            "apiVersion: v1\nkind: List\nitems: [a]\n",
            "apiVersion: v1\nkind: List\nfoo: bar\nitems:\n- a: 1\n",
            "apiVersion: v1\nkind: List\nmetadata:\n  name: x\nitems:\n- a: 1\n",
            "# Source: x\napiVersion: v1\nkind: List\nitems:\n- a: 1\n",
            "apiVersion: v1\nkind: List\nitems:\n# seawall: ignore\n- a: 1\n",
            "apiVersion: v1\nkind: List\nitems:\n  - a: 1\n - b: 1\n",
            "apiVersion: v1\nkind: List\n",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[1]}",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}],\"x\":1}",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"",
        ] {
            assert_eq!(cut(text), None, "{text}");
        }
    }
}
