//! Field paths that name things by identity: keys, and list items by their merge key.

mod parse;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::document::{Kind, NodeRef};

pub use parse::PathError;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A key of a mapping.
    Key(SmolStr),
    /// The list item of this name: `containers[name=app]`. The first such item is meant. Shared, as few steps are items and
    /// paths are held in great number.
    Item(Arc<ItemName>),
    /// A list item by position, where the list has no merge key, the item has no value for it, or an earlier item has the same.
    Index(u32),
}

/// What a list item is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemName {
    /// The merge key, such as `name` or `containerPort`; empty for the item that is the value itself, in a list that is a
    /// set: `capabilities.add[=SYS_ADMIN]`.
    pub key: SmolStr,
    /// Its value as text.
    pub value: SmolStr,
}

impl Segment {
    /// A key of the API, which need not be copied.
    pub const fn known(key: &'static str) -> Self {
        Self::Key(SmolStr::new_static(key))
    }

    /// The list item whose field `key` has this value.
    pub fn item(key: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        Self::Item(Arc::new(ItemName { key: key.into(), value: value.into() }))
    }
}

/// A path from an object's root. Displayed as `spec.containers[name=app].securityContext.capabilities.add[0]`; keys that
/// are not plain words are quoted: `metadata.annotations["a.b/c"]`. Parsing the text gives the same path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<Segment>);

/// What a path leads to in a document.
#[derive(Clone, Copy, Debug)]
pub struct Resolved<'d> {
    /// The value, or the deepest ancestor that exists where it is missing.
    pub node: NodeRef<'d>,
    /// The key that leads to `node`, if a key does.
    pub key: Option<NodeRef<'d>>,
    /// How many segments were found; all of them if the value exists.
    pub depth: usize,
}

impl FieldPath {
    /// The empty path: the object itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The path of these keys of the API, from the object on.
    pub fn known(keys: &[&'static str]) -> Self {
        let mut path = Self::root();
        path.begin();
        path.0.extend(keys.iter().map(|key| Segment::known(key)));
        path
    }

    /// Makes room for a path of common length at once.
    fn begin(&mut self) {
        const COMMON: usize = 8;
        if self.0.capacity() == 0 {
            self.0.reserve_exact(COMMON);
        }
    }

    /// The path with a key added.
    #[must_use]
    pub fn key(mut self, key: impl Into<SmolStr>) -> Self {
        self.begin();
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// The path with every key of a dotted chain added: `securityContext.privileged`.
    #[must_use]
    pub fn keys(mut self, dotted: &str) -> Self {
        self.begin();
        self.0.extend(dotted.split('.').filter(|k| !k.is_empty()).map(|k| Segment::Key(k.into())));
        self
    }

    /// The path with a list item added by its merge key.
    #[must_use]
    pub fn item(mut self, key: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        self.0.push(Segment::item(key, value));
        self
    }

    /// The path with a list item added by position.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index as u32));
        self
    }

    /// This path with `tail` behind it.
    #[must_use]
    pub fn join(mut self, tail: &Self) -> Self {
        self.0.extend_from_slice(&tail.0);
        self
    }

    /// Walks from `root` as far as the path leads.
    pub fn resolve<'d>(&self, root: NodeRef<'d>) -> Resolved<'d> {
        let mut at = Resolved { node: root, key: None, depth: 0 };
        for segment in &self.0 {
            let (key, node) = match segment {
                Segment::Key(key) => match at.node.get_entry(key) {
                    Some((k, v)) => (Some(k), v),
                    None => return at,
                },
                Segment::Item(item) => match named(at.node, &item.key, &item.value) {
                    Some((_, item)) => (None, item),
                    None => return at,
                },
                Segment::Index(index) => match at.node.items().nth(*index as usize) {
                    Some(item) => (None, item),
                    None => return at,
                },
            };
            at = Resolved { node, key, depth: at.depth + 1 };
        }
        at
    }

    /// The path as a JSON Pointer (RFC 6901) into the value at `root`, list items by their position there. Keys need not
    /// exist; `None` if an item that is named by its merge key does not.
    pub fn to_json_pointer(&self, root: NodeRef<'_>) -> Option<String> {
        let mut out = String::new();
        let mut at = Some(root);
        for segment in &self.0 {
            match segment {
                Segment::Key(key) => {
                    push_reference(&mut out, key);
                    at = at.and_then(|node| node.get(key));
                }
                Segment::Item(name) => {
                    let (index, item) = named(at?, &name.key, &name.value)?;
                    push_reference(&mut out, &index.to_string());
                    at = Some(item);
                }
                Segment::Index(index) => {
                    push_reference(&mut out, &index.to_string());
                    at = at.and_then(|node| node.items().nth(*index as usize));
                }
            }
        }
        Some(out)
    }
}

/// The item of a list that [`Segment::Item`] means, with its position.
fn named<'d>(list: NodeRef<'d>, key: &str, value: &str) -> Option<(usize, NodeRef<'d>)> {
    list.items().enumerate().find(|(_, item)| is_item(*item, key, value))
}

/// Adds a reference token to a JSON Pointer.
pub(crate) fn push_reference(out: &mut String, token: &str) {
    out.push('/');
    for c in token.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
}

/// Whether a list's item is the one that [`Segment::Item`] means, if no earlier one is.
pub fn is_item(item: NodeRef<'_>, key: &str, value: &str) -> bool {
    item_name(item, key).is_some_and(|text| text == value)
}

/// What a list's item is known by: the text of its field `key`, or its own where the key is empty.
pub(crate) fn item_name<'d>(item: NodeRef<'d>, key: &str) -> Option<Cow<'d, str>> {
    let item = item.resolved();
    let named = match item.kind() {
        Kind::Mapping if !key.is_empty() => item.get(key),
        Kind::Mapping | Kind::Sequence => None,
        _ => Some(item).filter(|_| key.is_empty()),
    };
    named.and_then(NodeRef::key)
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if is_word(key) => {
                    if i > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(key)?;
                }
                Segment::Key(key) => write!(f, "[{}]", Quoted(key))?,
                Segment::Item(item) => {
                    let ItemName { key, value } = &**item;
                    f.write_str("[")?;
                    if is_word(key) || key.is_empty() {
                        f.write_str(key)?;
                    } else {
                        write!(f, "{}", Quoted(key))?;
                    }
                    if is_bare(value) {
                        write!(f, "={value}]")?;
                    } else {
                        write!(f, "={}]", Quoted(value))?;
                    }
                }
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A JSON string: what a path's quoted parts are written as.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                c if c.is_control() => write!(f, "\\u{:04x}", c as u32)?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'))
}

fn is_bare(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'))
}

#[cfg(test)]
mod tests;
