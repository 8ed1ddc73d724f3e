//! Random changes to a document.

use seawall_yaml::edit::{Change, Op, Value};
use seawall_yaml::{Document, FieldPath, Kind, NodeRef, Number, Segment};

use crate::rng::Rng;

/// A place of a document.
struct Found<'d> {
    path: FieldPath,
    node: NodeRef<'d>,
}

/// Some places of a document, through aliases and merge keys too.
fn places<'d>(rng: &mut Rng, document: &'d Document) -> Vec<Found<'d>> {
    let mut found = Vec::new();
    let mut left = vec![Found { path: FieldPath::root(), node: document.root() }];
    while let Some(place) = left.pop() {
        if found.len() > 200 || place.path.0.len() > 8 {
            break;
        }
        let node = place.node.resolved();
        for (key, value) in node.entries().take(20) {
            if let Some(key) = key.key() {
                left.push(Found { path: place.path.clone().key(key), node: value });
            }
        }
        for (index, item) in node.items().take(20).enumerate() {
            let name = item.get("name").and_then(NodeRef::key).filter(|_| rng.one_in(2));
            let first = |name: &str| {
                node.items().position(|i| i.get("name").and_then(NodeRef::key).is_some_and(|n| n == name))
            };
            let value = item.key().filter(|_| rng.one_in(2));
            let equal = |text: &str| node.items().position(|i| i.key().is_some_and(|n| n == text));
            let path = match name {
                None if value.as_ref().is_some_and(|text| equal(text) == Some(index)) => {
                    place.path.clone().item("", value.unwrap_or_default())
                }
                Some(name) if first(&name) == Some(index) => place.path.clone().item("name", name),
                _ => place.path.clone().index(index),
            };
            left.push(Found { path, node: item });
        }
        found.push(place);
    }
    found
}

fn text(rng: &mut Rng) -> String {
    const TEXTS: &[&str] = &[
        "",
        "a",
        "ALL",
        "yes",
        "1",
        "a: b",
        "- a",
        "# c",
        "a #b",
        "'",
        "\"",
        "\\",
        "two\nlines",
        " lead",
        "trail ",
        "é",
        "\u{1f600}",
        "\t",
        "{",
        "[a]",
        "a, b",
        "*x",
        "&x",
        "!t",
        "|",
        ">",
        "%",
        "@",
        "`",
        "~",
        "null",
        "<<",
        "---",
        "...",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\0",
        "0x1F",
        "1e3",
        ".inf",
        "a:",
        ":a",
        "?",
        "-",
        "a\r\n",
        "=",
        "{{ x }}",
    ];
    rng.pick(TEXTS).to_owned()
}

fn key(rng: &mut Rng) -> String {
    match rng.below(8) {
        0 => text(rng),
        _ => rng.pick(&["new", "drop", "capabilities", "a", "b", "privileged", "spec"]).to_owned(),
    }
}

fn value(rng: &mut Rng, depth: usize) -> Value {
    match rng.below(if depth > 2 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => Value::from(rng.one_in(2)),
        2 => Value::Number(Number::Uint(rng.below(100_000) as u64)),
        3 => Value::Number(Number::Float([0.5, -1e30, 1e-9][rng.below(3)])),
        4 | 5 => Value::from(text(rng)),
        6 => (0..rng.below(4)).map(|_| value(rng, depth + 1)).collect(),
        _ => {
            let mut pairs: Vec<(String, Value)> = Vec::new();
            for _ in 0..rng.below(4) {
                let key = key(rng);
                if pairs.iter().all(|(known, _)| *known != key) {
                    pairs.push((key, value(rng, depth + 1)));
                }
            }
            Value::Mapping(pairs)
        }
    }
}

/// Random changes; most of them can be made.
pub(crate) fn changes(rng: &mut Rng, document: &Document) -> Vec<Change> {
    let places = places(rng, document);
    let most = if rng.one_in(3) { 6 } else { 2 };
    let count = 1 + rng.below(most);
    (0..count).map(|_| change(rng, &places)).collect()
}

fn change(rng: &mut Rng, places: &[Found<'_>]) -> Change {
    let pick = |rng: &mut Rng, wanted: &dyn Fn(&Found<'_>) -> bool| {
        let fitting: Vec<&Found<'_>> = places.iter().filter(|place| wanted(place)).collect();
        (!fitting.is_empty()).then(|| fitting[rng.below(fitting.len())])
    };
    let mapping = |place: &Found<'_>| matches!(place.node.resolved().kind(), Kind::Mapping | Kind::Null);
    let list = |place: &Found<'_>| place.node.resolved().kind() == Kind::Sequence;
    let any = |place: &Found<'_>| !place.path.0.is_empty();
    match rng.below(10) {
        0..=3 => {
            let mut path = pick(rng, &mapping).map_or_else(FieldPath::root, |place| place.path.clone());
            for _ in 0..=rng.below(2) * rng.below(3) {
                path = path.key(key(rng));
            }
            Change::ensure(path, value(rng, 0))
        }
        4 | 5 => {
            let path = pick(rng, &any).map_or_else(FieldPath::root, |place| place.path.clone());
            Change::ensure(path, value(rng, 0))
        }
        6 | 7 => {
            let mut path =
                pick(rng, &list).map_or_else(|| FieldPath::root().key("l"), |place| place.path.clone());
            if rng.one_in(4) {
                path = pick(rng, &mapping)
                    .map_or_else(FieldPath::root, |place| place.path.clone())
                    .key(key(rng));
            }
            let name = Value::from(rng.pick(&["a", "b", "new", "yes"]));
            match rng.below(3) {
                0 => {
                    let rest = value(rng, 2);
                    Change::ensure_item(path, Value::from([("name", name), ("v", rest)]), Some("name"))
                }
                1 => Change::ensure_item(path, Value::from([("name", name)]), Some("name")),
                _ => Change::ensure_item(path, value(rng, 1), None),
            }
        }
        _ => {
            let Some(place) = pick(rng, &any) else {
                return Change::remove(FieldPath::root().key("none"), None);
            };
            let expected = if rng.one_in(10) { Some(value(rng, 0)) } else { Value::of(place.node) };
            Change { path: place.path.clone(), op: Op::Remove { expected, prune: rng.one_in(2) } }
        }
    }
}

/// Whether the set can be planned a second time: items that are gone make positions mean others.
pub(crate) fn is_repeatable(changes: &[Change]) -> bool {
    let by_position = |change: &Change| change.path.0.iter().any(|s| !matches!(s, Segment::Key(_)));
    let removes = |change: &Change| matches!(change.op, Op::Remove { .. });
    let item = |change: &Change| {
        matches!(change.op, Op::Remove { prune: true, .. })
            || !matches!(change.path.0.last(), Some(Segment::Key(_)))
    };
    // A new name makes the old one mean another item.
    let renames = |change: &Change| match change.path.0.as_slice() {
        [.., Segment::Item(item), Segment::Key(last)] => item.key == *last,
        [.., Segment::Item(_)] => true,
        _ => false,
    };
    !changes.iter().any(|change| renames(change) || by_position(change) && removes(change) && item(change))
}
