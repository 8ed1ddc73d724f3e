//! Time grows with size alone: what is twice as large takes about twice as long.

use std::time::{Duration, Instant};

use seawall_yaml::FieldPath;
use seawall_yaml::edit::{Change, Edited, Planned, TextEdit, Value, apply, plan, verify};

use crate::check::documents;

/// Plans, applies and verifies; the least time of three runs.
fn time(source: &str, changes: &dyn Fn(usize) -> Vec<Change>) -> Duration {
    let documents = documents(source.as_bytes());
    let sets: Vec<Vec<Change>> = (0..documents.len()).map(changes).collect();
    let run = |_| {
        let start = Instant::now();
        let planned: Vec<Planned> =
            documents.iter().zip(&sets).map(|(document, set)| plan(document, set)).collect();
        let edits: Vec<TextEdit> = planned.iter().flat_map(|planned| planned.edits.clone()).collect();
        let after = apply(source.as_bytes(), &edits);
        let edited = documents.iter().zip(sets.iter().zip(&planned));
        let edited: Vec<Edited<'_>> = edited
            .map(|(document, (set, planned))| Edited { document, changes: planned.accepted(set) })
            .collect();
        verify(&edited, after).unwrap();
        assert!(edits.len() >= sets.len(), "{} edits", edits.len());
        start.elapsed()
    };
    (0..3).map(run).min().unwrap_or_default()
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

fn key(name: impl AsRef<str>) -> FieldPath {
    FieldPath::root().key(name.as_ref())
}

/// Fails if a size of `n` takes far less than half of the time of twice the size.
fn check(
    what: &str,
    n: usize,
    source: impl Fn(usize) -> String,
    changes: impl Fn(usize, usize) -> Vec<Change>,
) {
    let (small, large) = (source(n), source(2 * n));
    // A busy machine gets a second and a third chance.
    let mut ratios = Vec::new();
    while ratios.len() < 3 && ratios.last().is_none_or(|ratio| *ratio > 3.0) {
        let once = time(&small, &|index| changes(n, index));
        let twice = time(&large, &|index| changes(2 * n, index));
        ratios.push(twice.as_secs_f64() / once.as_secs_f64().max(1e-4));
    }
    assert!(
        ratios.last().is_some_and(|ratio| *ratio <= 3.0),
        "{what}: twice the size takes {ratios:?} times as long"
    );
}

#[test]
fn many_documents() {
    let pod = "kind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: x\n";
    check(
        "documents",
        5_000,
        |n| vec![pod; n].join("---\n"),
        |_, _| {
            let context = key("spec").key("containers").item("name", "c").key("securityContext");
            vec![
                Change::ensure(context.clone().key("privileged"), false),
                Change::ensure_item(context.keys("capabilities.drop"), "ALL", None),
            ]
        },
    );
}

#[test]
fn many_values_of_a_line() {
    let changes = |_, _| vec![Change::ensure(key("a").key("b"), 2)];
    check("JSON", 5_000, |n| "{\"a\":{\"b\":1}}".repeat(n), changes);
    check("flow mappings", 5_000, |n| vec!["{a: {b: 1}}\n"; n].join("---\n"), changes);
}

#[test]
fn many_keys() {
    let block = |n| lines(n, |i| format!("key{i}: value\n"));
    let changes = |n: usize, _| {
        let each = |i: usize| match i % 4 {
            0 => Change::ensure(key(format!("key{i}")), "other"),
            1 => Change::ensure(key(format!("new{i}")).key("x"), 1),
            2 => Change::remove(key(format!("key{i}")), Some(Value::from("value"))),
            _ => Change::ensure(key(format!("key{i}")), Value::from([("x", Value::from(1))])),
        };
        (0..n).map(each).collect()
    };
    check("keys", 4_000, block, changes);
    let json = |n| {
        let pairs: Vec<String> = (0..n).map(|i| format!("\"key{i}\":\"value\"")).collect();
        format!("{{{}}}", pairs.join(","))
    };
    check("keys of JSON in one line", 4_000, json, changes);
    check("one change", 20_000, block, |_, _| vec![Change::ensure(key("new"), 1)]);
}

#[test]
fn many_items() {
    let source = |n| {
        let items = lines(n, |i| format!("- name: n{i}\n  x: 1\n"));
        let scalars = lines(n, |i| format!("- n{i}\n"));
        format!("l:\n{items}s:\n{scalars}")
    };
    check("items", 3_000, source, |n, _| {
        let each = |i: usize| {
            let list = key("l");
            match i % 4 {
                0 => Change::ensure(list.item("name", format!("n{i}")).key("y"), 1),
                1 => Change::ensure_item(list, Value::from([("name", format!("m{i}").into())]), Some("name")),
                2 => Change::remove(list.index(i), None),
                _ => Change::ensure_item(key("s"), format!("n{}", 2 * i), None),
            }
        };
        (0..n).map(each).collect()
    });
}

#[test]
fn many_uses_of_an_anchor() {
    let source =
        |n| format!("a: &a {{x: 1}}\n{}", lines(n, |i| format!("k{i}: *a\nm{i}: &m{i}\n  <<: *a\n")));
    let own = |n, _| (0..n).map(|i| Change::ensure(key(format!("k{i}")).key("y"), 1)).collect();
    check("uses", 400, source, own);
    check("refused uses", 400, source, |_, _| {
        vec![Change::ensure(key("a").key("y"), 1), Change::ensure(key("b"), 1)]
    });
    check("uses alike", 400, source, |n, _| {
        let both = |i| [format!("k{i}"), format!("m{i}")];
        let uses = (0..n).flat_map(both).chain(["a".to_owned()]);
        uses.map(|name| Change::ensure(key(name).key("y"), 1)).collect()
    });
}

#[test]
fn deep_documents_are_edited_without_deep_recursion() {
    let source = format!("x: 1\nd: {}{}\n", "[".repeat(9_000), "]".repeat(9_000));
    let long = (0..9_000).fold(key("d"), |path, _| path.index(0));
    let changes = vec![
        Change::ensure(key("x"), 2),
        Change::ensure(key("d").index(0).index(0), 1),
        Change::ensure(long, 1),
    ];
    let documents = documents(source.as_bytes());
    let planned = plan(&documents[0], &changes[..1]);
    let after = apply(source.as_bytes(), &planned.edits);
    verify(&[Edited { document: &documents[0], changes: planned.accepted(&changes[..1]) }], after).unwrap();
    let planned = plan(&documents[0], &changes);
    let refused: Vec<usize> = planned.refused.iter().map(|refusal| refusal.change).collect();
    assert_eq!(refused, [2]);
}
