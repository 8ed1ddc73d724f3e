//! What is to change, and what planning answers.

use std::fmt;

use super::value::Value;
use crate::document::Span;
use crate::lines::LineIndex;
use crate::path::FieldPath;

/// One change at a path. Paths name what is there before any change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where, from the root of the document (or of the object, where patches are made).
    pub path: FieldPath,
    /// What.
    pub op: Op,
}

/// What is done at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The value is there: mappings that are missing (or null) on the way are created, the key is added, or what is there
    /// is replaced. A list item must exist.
    Ensure(Value),
    /// The list at the path holds the item; a missing (or null) list is created, mappings on the way too. A new item
    /// comes last.
    EnsureItem {
        /// The item.
        item: Value,
        /// For a mapping: the key by whose value items are told apart. An item with the same value there is the item if
        /// it holds everything that `item` has; if not, the change is refused. Without a key, items are compared as
        /// values.
        merge_key: Option<String>,
    },
    /// The key or the list item is not there. Items are best named with an expected value: without one, a second run
    /// removes whatever is at that position then.
    Remove {
        /// What has to be there; another value is left and told.
        expected: Option<Value>,
        /// Whether a mapping or list that becomes empty is removed too, and so on upwards. Else `{}` or `[]` stays.
        prune: bool,
    },
}

impl Change {
    /// The value is at the path.
    pub fn ensure(path: FieldPath, value: impl Into<Value>) -> Self {
        Self { path, op: Op::Ensure(value.into()) }
    }

    /// The list at the path holds the item; see [`Op::EnsureItem`].
    pub fn ensure_item(path: FieldPath, item: impl Into<Value>, merge_key: Option<&str>) -> Self {
        Self { path, op: Op::EnsureItem { item: item.into(), merge_key: merge_key.map(str::to_owned) } }
    }

    /// Nothing is at the path; what becomes empty stays.
    pub fn remove(path: FieldPath, expected: Option<Value>) -> Self {
        Self { path, op: Op::Remove { expected, prune: false } }
    }

    /// The same change to an object that is at `object` in a larger one, such as an item of a `List`.
    #[must_use]
    pub fn below(self, object: &FieldPath) -> Self {
        Self { path: object.clone().join(&self.path), op: self.op }
    }
}

/// A replacement of bytes of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// What is replaced; an empty span inserts.
    pub span: Span,
    /// What takes its place.
    pub text: String,
}

/// What planning gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// In the order of the source, without overlaps.
    pub edits: Vec<TextEdit>,
    /// The changes that are not made, in their order.
    pub refused: Vec<Refusal>,
}

impl Planned {
    /// The changes that are made, or hold already.
    pub fn accepted<'c>(&self, changes: &'c [Change]) -> Vec<&'c Change> {
        accepted(&self.refused, changes)
    }
}

/// The changes that no refusal names.
pub(super) fn accepted<'c>(refused: &[Refusal], changes: &'c [Change]) -> Vec<&'c Change> {
    let mut out: Vec<Option<&Change>> = changes.iter().map(Some).collect();
    for refusal in refused {
        out[refusal.change] = None;
    }
    out.into_iter().flatten().collect()
}

/// A change that is not made.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Index of the change in the given set.
    pub change: usize,
    /// Why.
    pub reason: Reason,
    /// Where in the source: what stands in the way.
    pub span: Option<Span>,
}

/// Why a change is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It contradicts the change with this index, which is not made either.
    Contradiction(usize),
    /// Its value cannot be written.
    BadValue(&'static str),
    /// The path is longer than 128 segments.
    LongPath,
    /// There is something other than a mapping where the path has a key.
    NotAMapping,
    /// There is something other than a list where the path has an item, or an item is to be added.
    NotAList,
    /// The list has no such item.
    NoSuchItem,
    /// The root of a document cannot be removed, or replaced by something else.
    Root,
    /// What is to be removed has another value.
    OtherValue,
    /// The list has an item with the same merge key and other content.
    OtherItem {
        /// The merge key.
        key: String,
        /// Its value.
        value: String,
    },
    /// It would change what an anchor stands for in other places.
    SharedAnchor {
        /// The anchor's name.
        name: String,
        /// Where it is used besides; at most eight are listed.
        uses: Vec<Span>,
    },
    /// The kind of patch cannot say it.
    Patch(&'static str),
    /// It is written in a way that cannot be edited with certainty.
    Layout(&'static str),
}

impl Refusal {
    /// What is wrong, where, and what to do: lower case, without a trailing period. `lines` is the index of the source.
    pub fn message(&self, lines: &LineIndex<'_>) -> String {
        let numbers = |spans: &[Span]| {
            let numbers: Vec<String> =
                spans.iter().map(|s| lines.position(s.start).line.to_string()).collect();
            format!("{} {}", if spans.len() == 1 { "line" } else { "lines" }, numbers.join(", "))
        };
        self.text(&numbers)
    }

    /// The message, with places in the words of `places`.
    fn text(&self, places: &dyn Fn(&[Span]) -> String) -> String {
        let place = self.span.map_or_else(String::new, |span| format!(" on {}", places(&[span])));
        match &self.reason {
            Reason::Contradiction(other) => {
                format!("contradicts change {other} of the set; leave out one of them")
            }
            Reason::BadValue(what) => format!("the new value {what}; give another one"),
            Reason::LongPath => "the path has more than 128 segments; edit by hand".to_owned(),
            Reason::NotAMapping => format!("what stands{place} is no mapping; make it one first"),
            Reason::NotAList => format!("what stands{place} is no list; make it one first"),
            Reason::NoSuchItem => format!("the list{place} has no such item; name one that it has"),
            Reason::Root => {
                "the root of a document can be neither removed nor replaced; edit inside of it".to_owned()
            }
            Reason::OtherValue => format!("the value{place} is not the expected one; look at it again"),
            Reason::OtherItem { key, value } => {
                format!("the list has another item with `{key}: {value}`{place}; change that one")
            }
            Reason::SharedAnchor { name, uses } => format!(
                "the anchor `{name}`{place} is also used on {}; write out the value there, or change all uses alike",
                places(uses)
            ),
            Reason::Patch(what) => format!("a strategic merge patch cannot {what}{place}; use a JSON Patch"),
            Reason::Layout(what) => format!("{what}{place} cannot be edited with certainty; edit by hand"),
        }
    }
}

impl fmt::Display for Refusal {
    /// As [`Self::message`], with bytes for lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |spans: &[Span]| {
            let offsets: Vec<String> = spans.iter().map(|span| span.start.to_string()).collect();
            format!("{} {}", if spans.len() == 1 { "byte" } else { "bytes" }, offsets.join(", "))
        };
        f.write_str(&self.text(&bytes))
    }
}
