//! Inputs that break or slow down other scanners, and hostile ones: each is answered clearly and quickly.

#![expect(clippy::disallowed_types, reason = "the speed of hostile inputs is tested")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_yaml::{Entry, Kind, LineIndex, ProblemKind, read};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: nginx\n    securityContext:\n      privileged: true\n";

/// The names of the objects and the places of the problems, in order.
fn outline(source: &str) -> Vec<String> {
    let lines = LineIndex::new(source.as_bytes());
    let mut out = Vec::new();
    for entry in read(source.as_bytes()) {
        if let Some(document) = &entry.document {
            let name = document
                .root()
                .get("metadata")
                .and_then(|m| m.get("name"))
                .and_then(seawall_yaml::NodeRef::as_str);
            out.push(name.unwrap_or("?").to_owned());
        }
        for problem in &entry.problems {
            out.push(format!("{:?} at {}", problem.kind, lines.position(problem.span.start).line));
        }
    }
    out
}

fn named(name: &str) -> String {
    POD.replace("name: p\n", &format!("name: {name}\n"))
}

fn only(source: impl Into<Arc<[u8]>>) -> Entry {
    let mut entries = read(source);
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

/// Debug builds on a busy machine get time; a quadratic reader still does not fit in.
fn within(limit: Duration, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let limit = if cfg!(debug_assertions) { limit * 30 } else { limit * 3 };
    let passed = start.elapsed();
    assert!(passed < limit, "{passed:?} is more than {limit:?}");
}

#[test]
fn the_ways_to_write_a_stream() {
    let two = |separator: &str| format!("{}{separator}\n{}", named("a"), named("b"));
    for (source, wanted) in [
        (POD.to_owned(), &["p"][..]),
        (format!("\u{feff}{POD}"), &["p"]),
        (POD.replace('\n', "\r\n"), &["p"]),
        (format!("# just a comment\n---\n{POD}"), &["p"]),
        (format!("{POD}---\n# trailing\n---\n"), &["p"]),
        (two("--- # second doc"), &["a", "b"]),
        (two("---   "), &["a", "b"]),
        (two("...\n---"), &["a", "b"]),
        (two("---\r"), &["a", "b"]),
        // kubectl tears the directive from its document and fails; the document is read, and that is told.
        (format!("%YAML 1.1\n---\n{POD}"), &["p", "Ignored at 1"]),
        (format!("%YAML 1.1\n---\n{}---\n{}", named("a"), named("b")), &["a", "Ignored at 1", "b"]),
        (format!("{}---\nfoo: [bar\n---\n{}", named("a"), named("b")), &["a", "Syntax at 12", "b"]),
        (format!("{}--- x\n{}", named("a"), named("b")), &["a", "Syntax at 11", "b"]),
        ("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"}}\n".to_owned(), &["p"]),
        ("kind: Pod\nmetadata:\n\tname: tabs\ncontainers: []\n".to_owned(), &["Syntax at 3"]),
    ] {
        assert_eq!(outline(&source), wanted, "{source:?}");
    }
}

#[test]
fn a_template_is_named_as_such() {
    let source = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Release.Name }}}\nspec:\n{{- if .Values.x }}\n  hostPID: true\n{{- end }}\n  containers:\n  - image: \"{{ .Values.image }}\"\n";
    assert_eq!(outline(source), ["Template at 3"]);
    let problem = only(source.as_bytes()).problems.remove(0);
    assert_eq!(problem.hint.as_deref(), Some("render first: helm template ... | seawall scan -"));
    assert_eq!(
        outline(&format!("{}---\n{source}---\n{}", named("a"), named("b"))),
        ["a", "Template at 14", "b"]
    );
}

#[test]
fn deep_nesting_is_refused() {
    let flow = format!("kind: ConfigMap\nd: {}{}\n", "[".repeat(20_000), "]".repeat(20_000));
    let json = format!("{{\"d\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let maps = "{a: ".repeat(20_000);
    let mut block = String::new();
    for depth in 0..20_000 {
        block.push_str("- ");
        if depth % 100 == 99 {
            block.push('\n');
            block.extend(std::iter::repeat_n(' ', 2 * (depth + 1)));
        }
    }
    let dashes = "- ".repeat(20_000);
    for source in [flow, json, maps, block, dashes] {
        within(Duration::from_millis(100), || {
            let entry = only(source.as_bytes());
            assert!(entry.document.is_none());
            assert_eq!(entry.problems[0].kind, ProblemKind::Limit, "{:?}", entry.problems[0]);
        });
    }
}

#[test]
fn alias_bombs_are_refused() {
    let mut source = String::from("kind: ConfigMap\na: &a [x, x, x, x, x, x, x, x, x]\n");
    for (from, to) in ('a'..='h').zip('b'..='i') {
        let aliases = vec![format!("*{from}"); 9].join(", ");
        writeln!(source, "{to}: &{to} [{aliases}]").unwrap();
    }
    within(Duration::from_millis(10), || {
        let entry = only(source.as_bytes());
        assert!(entry.document.is_none());
        assert_eq!(entry.problems[0].kind, ProblemKind::Limit, "{:?}", entry.problems[0]);
    });
}

#[test]
fn large_scalars_are_read_quickly() {
    let text = "x".repeat(5_000_000);
    let folded = "word word\n    ".repeat(400_000);
    for (value, length) in [
        (format!("'{text}'"), 5_000_000),
        (format!("\"{text}\""), 5_000_000),
        (format!("\"\\t{text}\""), 5_000_001),
        (text.clone(), 5_000_000),
        (format!("|\n    {folded}"), 4_000_000),
        (format!(">\n    {folded}"), 4_000_000),
        (folded, 3_999_999),
    ] {
        let source = format!("kind: ConfigMap\ndata:\n  v: {value}\n");
        within(Duration::from_millis(100), || {
            let document = only(source.as_bytes()).document.unwrap();
            let value = document.root().get("data").and_then(|d| d.get("v")).unwrap();
            assert_eq!(value.text().map(str::len), Some(length));
        });
    }
}

#[test]
fn many_documents_are_read_quickly() {
    let source = (0..20_000).map(|i| named(&format!("p{i}"))).collect::<Vec<_>>().join("---\n");
    within(Duration::from_millis(100), || assert_eq!(read(source.as_bytes()).len(), 20_000));
    // Many problems do not make it slow either.
    let source = "a: [\n---\n".repeat(20_000);
    within(Duration::from_millis(500), || assert_eq!(read(source.as_bytes()).len(), 20_000));
    for line in ["{\"a\" 1}\n", "{\"a\":[\n"] {
        let source = line.repeat(20_000);
        within(Duration::from_millis(500), || {
            let entries = read(source.as_bytes());
            assert!(entries.len() > 1 && entries.iter().all(|e| e.document.is_none()));
        });
    }
    let source = "--- x\n".repeat(20_000);
    within(Duration::from_millis(500), || assert_eq!(read(source.as_bytes()).len(), 20_000));
}

#[test]
fn values_of_yaml_1_1() {
    let source = "hostPID: yes\ny: 3\nsecurityContext: {runAsUser: 0o20000, privileged: on}\nlabel: \"1\"\nmode: 0644\nn: 1_000\n";
    let document = only(source.as_bytes()).document.unwrap();
    let root = document.root();
    assert_eq!(root.get("hostPID").unwrap().as_bool(), Some(true));
    assert_eq!(root.get("true").unwrap().raw(), b"3");
    let context = root.get("securityContext").unwrap();
    assert_eq!(context.get("runAsUser").unwrap().json_number().as_deref(), Some("8192"));
    assert_eq!(context.get("privileged").unwrap().as_bool(), Some(true));
    assert_eq!(root.get("label").unwrap().kind(), Kind::String);
    assert_eq!(root.get("mode").unwrap().json_number().as_deref(), Some("420"));
    assert_eq!(root.get("false").unwrap().json_number().as_deref(), Some("1000"));
}
