//! Lists as kubectl and the API server print them (`kubectl get --output yaml`, `json`, `--raw`), cut into their items: the
//! objects of a cluster are one document, whose tree would take many times its bytes.
//!
//! What is recognised has nothing but the list's kind around its items; everything else is read as a whole.

use crate::document::Span;
use crate::json::is_blank;

/// A list in parts.
pub(super) struct Cut {
    /// The items, each as the bytes that it can be read from: a JSON value, or the lines of a list item.
    pub(super) items: Vec<Span>,
    /// The list's apiVersion and kind.
    pub(super) list: (String, String),
}

/// A list cut into its items; none if it has none, or is of another form.
pub(super) fn cut(source: &[u8], range: Span, json: bool) -> Option<Cut> {
    let text = source.get(range.range())?;
    // Comments may speak to what is around an item.
    let speaks = |at: usize| text[..at].trim_ascii_end().ends_with(b"#");
    if !json && memchr::memmem::find_iter(text, b"seawall").any(speaks) {
        return None;
    }
    let (envelope, items) = if json { Json { text, at: 0 }.items() } else { of_lines(text) }?;
    let span = |(from, to): (usize, usize)| Span::new(range.start + from as u32, range.start + to as u32);
    let items: Vec<Span> = items.into_iter().map(span).collect();
    let list = (envelope.api_version?, envelope.kind?);
    (envelope.items && !items.is_empty()).then_some(Cut { items, list })
}

/// What may stand beside the items: each key once.
#[derive(Default)]
struct Envelope {
    api_version: Option<String>,
    kind: Option<String>,
    metadata: bool,
    items: bool,
}

impl Envelope {
    /// Takes note of a key; false if it was there, or if its value, without blanks, is not that of a list.
    fn takes(&mut self, key: &[u8], value: &[u8]) -> bool {
        match key {
            b"apiVersion" => {
                // Such as `v1` and `apps/v1beta1`: other words may be no texts.
                let version = |word: &String| {
                    let version = word.rsplit('/').next().and_then(|v| v.strip_prefix('v'));
                    version.is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()))
                };
                word(value).filter(version).is_some_and(|word| self.api_version.replace(word).is_none())
            }
            b"kind" => {
                let word = word(value).filter(|word| word.ends_with("List"));
                word.is_some_and(|word| self.kind.replace(word).is_none())
            }
            b"metadata" => !std::mem::replace(&mut self.metadata, true) && is_metadata(value),
            b"items" => !std::mem::replace(&mut self.items, true),
            _ => false,
        }
    }
}

/// A text that is the same in quotes and without.
fn word(value: &[u8]) -> Option<String> {
    let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-');
    let whole = value.first().is_some_and(u8::is_ascii_alphabetic) && value.iter().all(plain);
    whole.then(|| String::from_utf8_lossy(value).into_owned())
}

/// Whether this is the metadata of a list, in JSON without blanks: nothing in it is worth a word.
fn is_metadata(value: &[u8]) -> bool {
    let Some(inner) = value.strip_prefix(b"{").and_then(|v| v.strip_suffix(b"}")) else { return false };
    inner.is_empty() || inner.split(|b| *b == b',').all(is_field)
}

/// JSON without the blanks that stand outside of its strings.
fn between_strings(text: &[u8]) -> Vec<u8> {
    let (mut inside, mut escaped) = (false, false);
    let stays = |b: &u8| {
        let stays = inside || !is_blank(*b);
        inside ^= *b == b'"' && !escaped;
        escaped = inside && *b == b'\\' && !escaped;
        stays
    };
    text.iter().copied().filter(stays).collect()
}

/// Whether this is a field of a list's metadata, in JSON without blanks.
fn is_field(field: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', field) else { return false };
    let (key, value) = (&field[..colon], &field[colon + 1..]);
    let key = key.strip_prefix(b"\"").and_then(|k| k.strip_suffix(b"\"")).unwrap_or(key);
    let text = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\""));
    match key {
        b"resourceVersion" | b"selfLink" | b"continue" => {
            let plain =
                |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b'=' | b'+');
            text.is_some_and(|text| text.iter().all(plain))
        }
        b"remainingItemCount" => {
            !value.is_empty() && value.len() < 18 && value.iter().all(u8::is_ascii_digit) && value[0] != b'0'
        }
        _ => false,
    }
}

/// Items, each by its bytes.
type Spans = Vec<(usize, usize)>;

/// The items of a list in block style, by lines.
fn of_lines(text: &[u8]) -> Option<(Envelope, Spans)> {
    let mut envelope = Envelope::default();
    let mut items: Spans = Vec::new();
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
        } else if in_metadata && line.strip_prefix(b"  ").is_some_and(is_line_of_metadata) {
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
            let value = if in_metadata { b"{}" } else { value };
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
    Some((envelope, items))
}

/// Whether this is a line of a list's metadata in YAML, without its indentation.
fn is_line_of_metadata(line: &[u8]) -> bool {
    let without_blank: Vec<u8> = line.iter().copied().filter(|b| *b != b' ').collect();
    line.first() != Some(&b' ') && is_field(&without_blank)
}

/// A list in JSON. What is inside items is only skipped: it is read later.
struct Json<'t> {
    text: &'t [u8],
    at: usize,
}

impl Json<'_> {
    fn items(mut self) -> Option<(Envelope, Spans)> {
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
                between_strings(&self.text[from..to])
            };
            if !envelope.takes(key, &value) {
                return None;
            }
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => return Some((envelope, items)),
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
        let cut = super::cut(text.as_bytes(), Span::new(0, text.len() as u32), json)?;
        Some(cut.items.into_iter().map(|s| &text[s.range()]).collect())
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
        let raw = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"12","continue":"eyJ=","remainingItemCount":7},"items":[{"metadata":{}}]}"#;
        assert_eq!(cut(raw).unwrap(), [r#"{"metadata":{}}"#]);
        let raw = "apiVersion: apps/v1\nkind: DeploymentList\nmetadata:\n  resourceVersion: \"12\"\nitems:\n- a: 1\n";
        assert_eq!(cut(raw).unwrap(), ["- a: 1\n"]);
    }

    #[test]
    fn other_lists_are_not() {
        for text in [
            "apiVersion: v1\nkind: Pods\nitems:\n- a: 1\n",
            "apiVersion: yes\nkind: List\nitems:\n- a: 1\n",
            "apiVersion: 1\nkind: List\nitems:\n- a: 1\n",
            "apiVersion: v1\nkind: List\nmetadata:\n  resourceVersion: 1\nitems:\n- a: 1\n",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"x\":\"\"},\"items\":[{}]}",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[]}",
            "{\"kind\":\"Pod List\",\"apiVersion\":\"v1\",\"items\":[{}]}",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resource Version\":\"\"},\"items\":[{}]}",
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
