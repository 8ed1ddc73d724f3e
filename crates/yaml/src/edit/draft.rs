//! New text before it is written: a value, perhaps with aliases in it.

use std::borrow::Cow;

use super::look::{Look, Room};
use super::plain::{is_plain, write_double_quoted, write_quoted};
use super::value::Value;

/// What is to be written at a place.
#[derive(Clone, Debug)]
pub(super) enum Draft<'a> {
    /// An alias, by its name.
    Alias(Cow<'a, str>),
    /// Anything but a list or a mapping.
    Scalar(Cow<'a, Value>),
    List(Vec<Draft<'a>>),
    Mapping(Vec<(Key<'a>, Draft<'a>)>),
}

/// A key to be written.
#[derive(Clone, Debug)]
pub(super) enum Key<'a> {
    /// `<<`
    Merge,
    Name(Cow<'a, str>),
}

/// An entry of a collection: with a key in mappings, without one in lists.
pub(super) type Entry<'a> = (Option<Key<'a>>, Draft<'a>);

impl<'a> From<&'a Value> for Draft<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Mapping(pairs) => {
                let pair =
                    |(key, value): &'a (String, Value)| (Key::Name(Cow::Borrowed(key)), Self::from(value));
                Self::Mapping(pairs.iter().map(pair).collect())
            }
            scalar => Self::Scalar(Cow::Borrowed(scalar)),
        }
    }
}

impl From<Value> for Draft<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::List(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Mapping(pairs) => {
                let pair = |(key, value)| (Key::Name(Cow::Owned(key)), Self::from(value));
                Self::Mapping(pairs.into_iter().map(pair).collect())
            }
            scalar => Self::Scalar(Cow::Owned(scalar)),
        }
    }
}

impl Draft<'_> {
    /// Whether it takes a single line in block style too.
    pub(super) fn is_inline(&self) -> bool {
        match self {
            Self::Alias(_) | Self::Scalar(_) => true,
            Self::List(items) => items.is_empty(),
            Self::Mapping(pairs) => pairs.is_empty(),
        }
    }
}

/// Writes drafts in the look of their surroundings.
#[derive(Debug)]
pub(super) struct Writer<'l> {
    pub(super) look: &'l Look,
    pub(super) out: String,
}

impl<'l> Writer<'l> {
    pub(super) fn new(look: &'l Look) -> Self {
        Self { look, out: String::new() }
    }

    fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// A new line that begins at a column.
    pub(super) fn line(&mut self, column: usize) {
        self.out.push_str(self.look.newline);
        self.blanks(column);
    }

    fn key(&mut self, key: &Key<'_>) {
        match key {
            Key::Merge => self.out.push_str("<<"),
            Key::Name(name) if self.look.json => write_double_quoted(name, &mut self.out),
            Key::Name(name) => match self.look.key_quote {
                None if is_plain(name) => self.out.push_str(name),
                quote => write_quoted(name, quote.unwrap_or(self.look.quote), &mut self.out),
            },
        }
    }

    fn scalar(&mut self, value: &Value) {
        match value {
            Value::String(text) if self.look.json => write_double_quoted(text, &mut self.out),
            Value::String(text) if is_plain(text) && !self.look.quoted => self.out.push_str(text),
            Value::String(text) => write_quoted(text, self.look.quote, &mut self.out),
            other => other.write_json(&mut self.out),
        }
    }

    /// An entry of a block collection whose entries begin at `column`, from that column on; further lines are begun.
    pub(super) fn block_entry(&mut self, (key, draft): &Entry<'_>, column: usize) {
        if let Some(key) = key {
            self.key(key);
            self.out.push(':');
            self.block_value(draft, column);
        } else {
            self.block_item(draft, column);
        }
    }

    /// What stands behind the `:` of a key at `column`.
    pub(super) fn block_value(&mut self, draft: &Draft<'_>, column: usize) {
        match draft {
            _ if draft.is_inline() => {
                self.out.push(' ');
                self.flow(draft, None);
            }
            Draft::Mapping(_) => {
                let column = column + self.look.indent;
                self.line(column);
                self.block(draft, column);
            }
            _ => {
                let column = column + self.look.list_indent;
                self.line(column);
                self.block(draft, column);
            }
        }
    }

    fn block_item(&mut self, draft: &Draft<'_>, column: usize) {
        self.out.push('-');
        self.blanks(self.look.gap);
        self.block(draft, column + 1 + self.look.gap);
    }

    /// A value whose first line begins where the writer stands, at `column`.
    pub(super) fn block(&mut self, draft: &Draft<'_>, column: usize) {
        match draft {
            Draft::Mapping(pairs) if !pairs.is_empty() => {
                for (i, (key, value)) in pairs.iter().enumerate() {
                    if i > 0 {
                        self.line(column);
                    }
                    self.key(key);
                    self.out.push(':');
                    self.block_value(value, column);
                }
            }
            Draft::List(items) if !items.is_empty() => {
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.line(column);
                    }
                    self.block_item(item, column);
                }
            }
            _ => self.flow(draft, None),
        }
    }

    /// A value in flow style; over many lines if there is room.
    pub(super) fn flow(&mut self, draft: &Draft<'_>, room: Option<&Room>) {
        match draft {
            Draft::Alias(name) => {
                self.out.push('*');
                self.out.push_str(name);
            }
            Draft::Scalar(value) => self.scalar(value),
            Draft::List(items) => {
                self.out.push('[');
                let entries = items.iter().map(|item| (None, item));
                self.flow_entries(entries, self.look.padded[1], room);
                self.out.push(']');
            }
            Draft::Mapping(pairs) => {
                self.out.push('{');
                let entries = pairs.iter().map(|(key, value)| (Some(key), value));
                self.flow_entries(entries, self.look.padded[0], room);
                self.out.push('}');
            }
        }
    }

    /// What stands between the brackets of a new flow collection.
    pub(super) fn flow_entries<'e, 'a: 'e>(
        &mut self,
        entries: impl ExactSizeIterator<Item = (Option<&'e Key<'a>>, &'e Draft<'a>)>,
        padded: bool,
        room: Option<&Room>,
    ) {
        if entries.len() == 0 {
            return;
        }
        let inner = room.map(Room::inner);
        let padded = room.is_none() && padded;
        if padded {
            self.out.push(' ');
        }
        for (i, (key, draft)) in entries.enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            if let Some(inner) = &inner {
                self.out.push_str(self.look.newline);
                self.out.push_str(&inner.indentation);
            } else if i > 0 {
                self.out.push_str(self.look.comma);
            }
            self.flow_entry(key, draft, inner.as_ref());
        }
        if let Some(room) = room {
            self.out.push_str(self.look.newline);
            self.out.push_str(&room.indentation);
        } else if padded {
            self.out.push(' ');
        }
    }

    /// An entry of a flow collection.
    pub(super) fn flow_entry(&mut self, key: Option<&Key<'_>>, draft: &Draft<'_>, room: Option<&Room>) {
        if let Some(key) = key {
            let start = self.out.len();
            self.key(key);
            // Without a blank, a plain key and its value are one text.
            let quoted = self.out[start..].starts_with(['"', '\'']);
            let colon = self.look.colon;
            self.out.push_str(if quoted || colon.ends_with(' ') { colon } else { ": " });
        }
        self.flow(draft, room);
    }
}
