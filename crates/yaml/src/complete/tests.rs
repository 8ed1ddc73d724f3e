use std::fmt::Write;

use super::*;
use crate::document::NodeRef;

fn read_text(text: &str) -> (Result<Document, Problem>, Vec<Problem>) {
    let source: Arc<[u8]> = text.as_bytes().into();
    let mut problems = Vec::new();
    let range = Span::new(0, source.len() as u32);
    (read(&source, range, Limits::default(), None, &mut problems), problems)
}

fn good(text: &str) -> Document {
    read_text(text).0.unwrap()
}

/// The texts that the nodes span, in document order.
fn spans(text: &str) -> Vec<String> {
    let document = good(text);
    document.nodes().map(|n| format!("{}:{}", n.span().start, String::from_utf8_lossy(n.raw()))).collect()
}

fn bad(text: &str) -> (ProblemKind, String, String) {
    let problem = read_text(text).0.unwrap_err();
    let place = String::from_utf8_lossy(&text.as_bytes()[problem.span.range()]).into_owned();
    (problem.kind, format!("{}:{place}", problem.span.start), problem.message)
}

#[test]
fn spans_are_what_is_written() {
    assert_eq!(spans("a: b\nc: 'd'\n"), ["0:a: b\nc: 'd'", "0:a", "3:b", "5:c", "8:'d'"]);
    assert_eq!(
        spans("- a\n-\n- [x, {y: }]\n"),
        ["0:- a\n-\n- [x, {y: }]", "2:a", "5:", "8:[x, {y: }]", "9:x", "12:{y: }", "13:y", "15:"]
    );
    assert_eq!(spans("a:\n- b\nc:\n"), ["0:a:\n- b\nc:", "0:a", "3:- b", "5:b", "7:c", "9:"]);
    assert_eq!(spans("{a, b: c}"), ["0:{a, b: c}", "1:a", "2:", "4:b", "7:c"]);
    assert_eq!(spans("[a: b]"), ["0:[a: b]", "1:a: b", "1:a", "4:b"]);
    assert_eq!(spans("a: b\n  c # d\n"), ["0:a: b\n  c", "0:a", "3:b\n  c"]);
    assert_eq!(spans("? a\n? b\n"), ["0:? a\n? b", "2:a", "3:", "6:b", "7:"]);
    assert_eq!(
        spans("é: ü\r\nb: |\r\n  ö\r\n\r\n"),
        ["0:é: ü\r\nb: |\r\n  ö", "0:é", "4:ü", "8:b", "11:|\r\n  ö"]
    );
    assert_eq!(
        spans("a: |+  \n\nb: >- # c\nd:\n"),
        ["0:a: |+  \n\nb: >- # c\nd:", "0:a", "3:|+", "9:b", "12:>- # c", "19:d", "21:"]
    );
    assert_eq!(spans(""), ["0:"]);
}

#[test]
fn tags_and_anchors_are_apart_from_nodes() {
    let text = "a: !!str &x 12\nb: &y\n  c: *x\nd: !t\n";
    let document = good(text);
    let of = |key: &str| document.root().get(key).unwrap();
    let shown = |span: Option<Span>| span.map(|s| &text[s.range()]);
    assert_eq!((of("a").raw(), of("a").kind()), (b"12".as_slice(), Kind::String));
    assert_eq!((shown(of("a").tag()), shown(of("a").anchor())), (Some("!!str"), Some("&x")));
    assert_eq!((of("b").raw(), shown(of("b").anchor())), (b"c: *x".as_slice(), Some("&y")));
    assert_eq!((of("d").span(), of("d").kind()), (Span::new(34, 34), Kind::String));
    let alias = of("b").get("c").unwrap();
    assert_eq!((alias.kind(), alias.raw(), alias.as_str()), (Kind::Alias, b"*x".as_slice(), Some("12")));
}

#[test]
fn texts_are_decoded() {
    let text =
        |source: &str| good(source).root().get("a").and_then(NodeRef::text).map(str::to_owned).unwrap();
    assert_eq!(text("a: b\n\n  c\n"), "b\nc");
    assert_eq!(text("a: \"b\\n\\u00e9 \\\n  c\""), "b\né c");
    assert_eq!(text("a: 'it''s\n  x'"), "it's x");
    assert_eq!(text("a: |\n  b\n   c\n\n"), "b\n c\n");
    assert_eq!(text("a: |\n  b"), "b\n");
    assert_eq!(text("a: >+\n  b\n  c\n\n"), "b c\n\n");
    assert_eq!(text("a: !!binary aGk="), "hi");
    assert_eq!(text("a: \"yes\""), "yes");
}

#[test]
fn merges_follow_the_order_of_assignment() {
    let document = good("a: &a {x: 1, y: 1}\nb: {x: 9, <<: *a}\nc: {<<: *a, x: 9}\nd: {'<<': *a}\n");
    let x = |key: &str| document.root().get(key).unwrap().get("x").map(|n| n.raw().to_vec());
    assert_eq!((x("b"), x("c"), x("d")), (Some(b"1".to_vec()), Some(b"9".to_vec()), None));
    assert!(document.root().get("b").unwrap().merges() && !document.root().get("d").unwrap().merges());
}

#[test]
fn comments_are_found() {
    let text = "# a\nb: |  # c\n  # no\n# d\ne: &x 'f # no' # g\n";
    let found: Vec<_> = good(text).comments().iter().map(|s| text[s.range()].to_owned()).collect();
    assert_eq!(found, ["# a", "# c", "# d", "# g"]);
}

#[test]
fn problems_have_places() {
    use ProblemKind::{Encoding, Limit, Syntax};
    for (text, kind, place, message) in [
        ("a:\n\tb: c\n", Syntax, "3:\t", "found a tab where YAML wants spaces"),
        ("a: b: c\n", Syntax, "4::", "mapping values are not allowed here"),
        ("a: 'b\nc: d\n", Syntax, "3:'", "the quote `'` opened here is never closed"),
        ("a: [b,\n", Syntax, "3:[", "the `[` opened here is never closed"),
        ("a: {b: c\n", Syntax, "3:{", "the `{` opened here is never closed"),
        ("a: [b\nc: d\n", Syntax, "7::", "expected `,` or `]` in the list that begins on line 1"),
        ("a: b\nc\n", Syntax, "5:c", "expected a key with `:` behind it"),
        ("a:\n  b: c\n d: e\n", Syntax, "11:d: e", "expected a key of the mapping that begins on line 1"),
        ("a: @b\n", Syntax, "3:@", "`@` cannot begin a value"),
        ("a: \"\\q\"\n", Syntax, "4:\\q", "unknown escape `\\q`"),
        ("a: *b\n", Syntax, "3:*b", "no anchor before this place has this name"),
        ("a: &b [*b]\n", Syntax, "7:*b", "the alias stands inside its own anchor `b`"),
        ("? [a]\n: b\n", Syntax, "2:[", "a list cannot be a key"),
        ("a: 1\n~: b\n", Syntax, "5:~", "null cannot be a key"),
        ("a: .inf\n", Syntax, "3:.inf", "`.inf` is a number that JSON cannot hold"),
        ("a: !!int x\n", Syntax, "9:x", "cannot decode !!str `x` as a !!int"),
        ("<<: 1\n", Syntax, "4:1", "only a mapping or a list of mappings can be merged"),
        ("%YAML 1.2\n---\na: b\n", Syntax, "0:%YAML 1.2", "YAML 1.2 is not read, only 1.1"),
        ("a: b\u{7f}\n", Encoding, "4:\u{7f}", "the control character U+007F is not allowed"),
        (&"[".repeat(20_000), Limit, "10000:", "nested more than 10000 levels deep"),
        (&"- ".repeat(20_000), Limit, "20000:", "nested more than 10000 levels deep"),
    ] {
        let found = bad(text);
        let start = place.split_once(':').unwrap().0;
        let shown = if kind == Limit { format!("{start}:") } else { place.to_owned() };
        assert_eq!(found.0, kind, "{}", &text[..text.len().min(40)]);
        assert_eq!(
            (found.1.as_str(), found.2.as_str()),
            (shown.as_str(), message),
            "{}",
            &text[..text.len().min(40)]
        );
    }
}

#[test]
fn what_is_discarded_is_not_refused() {
    assert_eq!(good("a: .nan\na: 1\n").root().get("a").unwrap().raw(), b"1");
    assert_eq!(good("a: {~: 1}\na: 2\n").root().get("a").unwrap().raw(), b"2");
    assert!(read_text("a: &x .inf\na: 1\nb: *x\n").0.is_err());
}

#[test]
fn text_behind_the_end_is_told() {
    let text = "a: 1\n... # c\n# d\nb: 2\n";
    let (document, problems) = read_text(text);
    assert_eq!(document.unwrap().root().count(), 1);
    assert_eq!((problems[0].kind, &text[problems[0].span.range()]), (ProblemKind::Ignored, "b: 2"));
    assert!(read_text("a: 1\n...\n# d\n...\n").1.is_empty());
    assert_eq!(read_text("[a] b\n").1.len(), 1);
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = "a0: &a0 [x]\n".to_owned();
    for i in 1..30 {
        let list = vec![format!("*a{}", i - 1); 9].join(", ");
        writeln!(bomb, "a{i}: &a{i} [{list}]").unwrap();
    }
    let problem = read_text(&bomb).0.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Limit);
    assert!(problem.message.contains("aliases"), "{problem}");
}
