//! Reads an edited source again and holds it against the changes made on values.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use foldhash::HashMap;

use super::change::Change;
use super::expected::Expected;
use crate::document::{Document, Kind, NodeRef, Span};
use crate::stream::{Limits, Reader};

/// A document and the changes that were made to it.
#[derive(Clone, Debug)]
pub struct Edited<'a> {
    /// As it was read before.
    pub document: &'a Document,
    /// The changes that planning accepted ([`super::Planned::accepted`]).
    pub changes: Vec<&'a Change>,
}

/// How an edited source differs from what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Position of the document in its stream, from 0.
    pub document: u32,
    /// What is wrong.
    pub message: &'static str,
    /// Where in the source before.
    pub before: Option<Span>,
    /// Where in the source after.
    pub after: Option<Span>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after the edits, {} in document {}", self.message, self.document + 1)?;
        self.after.map_or(Ok(()), |span| write!(f, " at byte {}", span.start))
    }
}

impl std::error::Error for Mismatch {}

/// Checks that a source differs from the one that the documents were read from by their changes and by nothing else: every
/// document has the value it had, with its changes made, there are as many documents, and what could not be read before
/// is all that cannot be read. The documents come from one source, which is read again, with default limits. Those of the new
/// source that were read fast, for whoever goes on with them; none of a large source.
pub fn verify(edited: &[Edited<'_>], after: impl Into<Arc<[u8]>>) -> Result<Vec<Document>, Mismatch> {
    let after = after.into();
    // Where something is wrong all is read, so that its document's position is known.
    read_and_compare(edited, &after, true).or_else(|_| read_and_compare(edited, &after, false))
}

/// Bytes of sources whose documents are given back: those of a large one would be much to hold.
const KEPT: usize = 1 << 20;

/// `passing`: documents that are the same bytes in both, and are not to be changed, are not read.
fn read_and_compare(
    edited: &[Edited<'_>],
    after: &Arc<[u8]>,
    passing: bool,
) -> Result<Vec<Document>, Mismatch> {
    let mut read = Vec::new();
    let Some(first) = edited.first() else { return Ok(read) };
    let source = first.document.source();
    let mut changes: HashMap<Span, &Edited<'_>> = HashMap::default();
    for edited in edited {
        let document = edited.document;
        let other = |message| Mismatch { document: 0, message, before: Some(document.range()), after: None };
        if !Arc::ptr_eq(document.source(), source) && document.source() != source {
            return Err(other("a document is from another source"));
        }
        if changes.insert(document.range(), edited).is_some() {
            return Err(other("a document is given twice"));
        }
    }
    let mut before = Reader::new(Arc::clone(source), Limits::default());
    let is_small = after.len() < KEPT;
    let mut after = Reader::new(Arc::clone(after), Limits::default());
    let starts: BTreeSet<u32> = changes.keys().map(|range| range.start).collect();
    let is_unchanged = |range: Span| starts.range(range.start..range.end).next().is_none();
    loop {
        while passing && before.pass_same(&mut after, is_unchanged) {}
        // What was read already need not be read again.
        let is_known =
            |range| passing && changes.get(&range).is_some_and(|edited| edited.document.is_plain());
        if let Some(known) = before.pass_known(is_known).and_then(|(_, range)| changes.remove(&range)) {
            let other = |message| Mismatch { document: 0, message, before: None, after: None };
            let new = after.next().filter(|new| new.problems.is_empty()).and_then(|new| new.document);
            let new = new.ok_or_else(|| other("other problems are found"))?;
            compare(known.document, &new, &known.changes).map_err(|difference| other(difference.message))?;
            if is_small && new.is_plain() {
                read.push(new);
            } else {
                after.recycle(new);
            }
            continue;
        }
        let (old, new) = match (before.next(), after.next()) {
            (None, None) => break,
            (Some(old), Some(new)) => (old, new),
            (old, new) => {
                let index = old.as_ref().or(new.as_ref()).map_or(0, |entry| entry.index);
                return Err(Mismatch {
                    document: index,
                    message: "there is one more or less",
                    before: None,
                    after: None,
                });
            }
        };
        let mismatch = |message, before, after| Mismatch { document: old.index, message, before, after };
        let kinds =
            |entry: &crate::Entry| entry.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>();
        if kinds(&old) != kinds(&new) {
            let place = |entry: &crate::Entry| entry.problems.first().map(|problem| problem.span);
            return Err(mismatch("other problems are found", place(&old), place(&new)));
        }
        match (&old.document, &new.document) {
            (None, None) => {}
            (Some(old), Some(new)) => {
                let made = changes.remove(&old.range()).map_or(&[][..], |edited| &edited.changes);
                compare(old, new, made)
                    .map_err(|Difference { message, before, after }| mismatch(message, before, after))?;
            }
            _ => return Err(mismatch("there is one more or less", None, None)),
        }
        old.document.into_iter().for_each(|document| before.recycle(document));
        new.document.into_iter().for_each(|document| after.recycle(document));
    }
    match changes.into_keys().next() {
        Some(range) => Err(Mismatch {
            document: 0,
            message: "a document was not found again",
            before: Some(range),
            after: None,
        }),
        None => Ok(read),
    }
}

struct Difference {
    message: &'static str,
    before: Option<Span>,
    after: Option<Span>,
}

fn compare(old: &Document, new: &Document, changes: &[&Change]) -> Result<(), Difference> {
    let lost = |_| Difference { message: "a change leads nowhere", before: None, after: None };
    let expected = Expected::of(old.root(), changes).map_err(lost)?;
    expected.compare(new.root())
}

fn different(before: Option<Span>, after: NodeRef<'_>) -> Difference {
    Difference { message: "the value is not the one it has to be", before, after: Some(after.span()) }
}

impl Expected<'_> {
    fn compare(&self, node: NodeRef<'_>) -> Result<(), Difference> {
        match self {
            Self::Node(old) => same(*old, node),
            Self::Value(value) if value.is_value_of(node) => Ok(()),
            Self::Mapping(fields) if node.resolved().kind() == Kind::Mapping => {
                let found = values(node);
                if found.len() != fields.len() {
                    return Err(different(None, node));
                }
                fields.iter().try_for_each(|(key, expected)| match found.get(key) {
                    Some(value) => expected.compare(*value),
                    None => Err(different(None, node)),
                })
            }
            Self::List(list) if node.resolved().kind() == Kind::Sequence => {
                let items: Vec<&Self> = list.items.iter().flatten().collect();
                if node.count() != items.len() {
                    return Err(different(None, node));
                }
                node.items().zip(items).try_for_each(|(node, expected)| expected.compare(node))
            }
            Self::Value(_) | Self::Mapping(_) | Self::List(_) => Err(different(None, node)),
        }
    }
}

/// What each key of a mapping ends up with.
fn values(mapping: NodeRef<'_>) -> HashMap<Cow<'_, str>, NodeRef<'_>> {
    mapping.entries().filter_map(|(key, value)| Some((key.key()?, value))).collect()
}

/// Whether two nodes have the same value. Without recursion: documents may be nested deeply.
fn same(old: NodeRef<'_>, new: NodeRef<'_>) -> Result<(), Difference> {
    let mut left = vec![(old, new)];
    while let Some((old, new)) = left.pop() {
        let (a, b) = (old.resolved(), new.resolved());
        let equal = a.kind() == b.kind()
            && match a.kind() {
                Kind::Null | Kind::Alias => true,
                Kind::Bool => a.as_bool() == b.as_bool(),
                Kind::Int | Kind::Float => number(a, b),
                Kind::String => a.as_str_bytes() == b.as_str_bytes(),
                Kind::Sequence => {
                    left.extend(a.items().zip(b.items()));
                    a.count() == b.count()
                }
                Kind::Mapping => same_fields(a, b, &mut left),
            };
        if !equal {
            return Err(different(Some(old.span()), new));
        }
    }
    Ok(())
}

/// Whether two numbers are the same to Kubernetes.
fn number(a: NodeRef<'_>, b: NodeRef<'_>) -> bool {
    let alike = a.document().is_json() == b.document().is_json();
    alike && a.raw() == b.raw() || a.json_number() == b.json_number()
}

/// Whether two mappings have the same keys; their values are left to be compared.
fn same_fields<'a>(a: NodeRef<'a>, b: NodeRef<'a>, left: &mut Vec<(NodeRef<'a>, NodeRef<'a>)>) -> bool {
    // As a rule keys stand in the same order.
    let plain = !a.merges() && !b.merges() && a.count() == b.count();
    if plain && a.pairs().zip(b.pairs()).all(|((a, _), (b, _))| a.key() == b.key()) {
        left.extend(a.pairs().zip(b.pairs()).map(|((_, a), (_, b))| (a, b)));
        return true;
    }
    let (a, b) = (values(a), values(b));
    a.len() == b.len()
        && a.iter().all(|(key, value)| {
            let other = b.get(key);
            left.extend(other.map(|other| (*value, *other)));
            other.is_some()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::FieldPath;

    const BEFORE: &str = "a: 1\nb: [x]\n---\nc: 1\n";

    /// What is wrong with `after` if the first document of [`BEFORE`] is to have `a: 2`.
    fn fault(after: &str) -> Option<(u32, &'static str)> {
        let document = crate::read(BEFORE.as_bytes()).remove(0).document.unwrap();
        let change = Change::ensure(FieldPath::root().key("a"), 2);
        let edited = [Edited { document: &document, changes: vec![&change] }];
        verify(&edited, after.as_bytes()).err().map(|mismatch| (mismatch.document, mismatch.message))
    }

    #[test]
    fn only_the_changes_may_be_made() {
        assert_eq!(fault("b: [\"x\"]\na: 0x2\n---\n{c: 1}\n"), None);
        let value = "the value is not the one it has to be";
        for (after, wanted) in [
            (BEFORE, (0, value)),
            ("a: '2'\nb: [x]\n---\nc: 1\n", (0, value)),
            ("a: 2\nb: [x, z]\n---\nc: 1\n", (0, value)),
            ("a: 2\nb: [z]\n---\nc: 1\n", (0, value)),
            ("a: 2\nb: {x: }\n---\nc: 1\n", (0, value)),
            ("a: 2\n---\nc: 1\n", (0, value)),
            ("a: 2\nb: [x]\nd:\n---\nc: 1\n", (0, value)),
            ("a: 2\nb: [x]\n---\nc: 1.5\n", (1, value)),
            ("a: 2\nb: [x]\nc: 1\n", (0, value)),
            ("a: 2\nb: [x]\n", (1, "there is one more or less")),
            ("a: 2\nb: [x]\n---\nc: 1\n---\nd: 1\n", (2, "there is one more or less")),
            ("a: 2\nb: [x\n---\nc: 1\n", (0, "other problems are found")),
        ] {
            assert_eq!(fault(after), Some(wanted), "{after:?}");
        }
    }

    #[test]
    fn what_is_the_same_bytes_is_passed_over() {
        let before = "# none\n---\na: 1\n---\nb: [\n---\nc: 1\n---\n{d: 1}\n";
        let documents: Vec<Document> =
            crate::read(before.as_bytes()).into_iter().filter_map(|entry| entry.document).collect();
        let change = Change::ensure(FieldPath::root().key("c"), 2);
        let of_c = Edited { document: &documents[1], changes: vec![&change] };
        let fault = |edited: &[Edited<'_>], after: &str| {
            verify(edited, after.as_bytes()).err().map(|mismatch| (mismatch.document, mismatch.message))
        };
        let after = before.replace("c: 1", "c: 2");
        assert_eq!(fault(std::slice::from_ref(&of_c), &after), None);
        let read = verify(std::slice::from_ref(&of_c), after.as_bytes()).unwrap();
        let read: Vec<Span> = read.iter().map(Document::range).collect();
        assert_eq!(read, [documents[1].range()], "what was changed, as it is now");
        let large = |c: u8| format!("c: {c}\n---\n# {}\n", "x".repeat(KEPT));
        let document = crate::read(large(1).into_bytes()).remove(0).document.unwrap();
        let edited = Edited { document: &document, changes: vec![&change] };
        assert!(verify(&[edited], large(2).into_bytes()).unwrap().is_empty(), "too much to hold");
        let value = "the value is not the one it has to be";
        assert_eq!(fault(std::slice::from_ref(&of_c), before), Some((2, value)), "a change that is not made");
        assert_eq!(fault(std::slice::from_ref(&of_c), &after.replace("d: 1", "d: 2")), Some((3, value)));
        let broken = after.replace("b: [", "b: {");
        assert_eq!(fault(std::slice::from_ref(&of_c), &broken), None, "broken as before");
        let made = Edited { document: &documents[0], changes: Vec::new() };
        assert_eq!(fault(&[of_c, made], &after), None, "a document in which there was nothing to do");
    }

    #[test]
    fn documents_come_from_one_source() {
        let documents: Vec<Document> =
            crate::read(BEFORE.as_bytes()).into_iter().filter_map(|entry| entry.document).collect();
        let other = crate::read("d: 1\n".as_bytes()).remove(0).document.unwrap();
        let edited = |document| Edited { document, changes: Vec::new() };
        let fault = |edited: &[Edited<'_>]| verify(edited, BEFORE.as_bytes()).err().map(|m| m.message);
        assert_eq!(fault(&[]), None);
        assert_eq!(fault(&[edited(&documents[1]), edited(&documents[0])]), None);
        assert_eq!(fault(&[edited(&documents[0]), edited(&documents[0])]), Some("a document is given twice"));
        assert_eq!(
            fault(&[edited(&documents[0]), edited(&other)]),
            Some("a document is from another source")
        );
    }
}
