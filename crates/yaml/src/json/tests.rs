use super::*;

fn parse(bytes: &[u8]) -> Result<(Document, usize), Problem> {
    read(&bytes.into(), 0, Limits::default(), &mut None)
}

fn text(bytes: &[u8]) -> String {
    parse(bytes).unwrap().0.root().text().unwrap().to_owned()
}

#[test]
fn values_have_kinds_and_places() {
    let source = br#"{"a": [1, -2.5e3, true, null], "a" : {"b":"c"}, "d":[], "e":{ } } x"#;
    let (document, end) = parse(source).unwrap();
    assert_eq!(end, source.len() - 2);
    assert_eq!(document.range(), Span::new(0, end as u32));
    let root = document.root();
    assert_eq!(root.span(), document.range());
    assert_eq!((root.kind(), root.style(), root.count()), (Kind::Mapping, Style::Flow, 4));
    let first: Vec<_> = root.pairs().next().unwrap().1.items().map(|i| (i.kind(), i.raw())).collect();
    let wanted: [(Kind, &[u8]); 4] =
        [(Kind::Int, b"1"), (Kind::Float, b"-2.5e3"), (Kind::Bool, b"true"), (Kind::Null, b"null")];
    assert_eq!(first, wanted);
    // The last of two keys wins.
    assert_eq!(root.get("a").unwrap().raw(), br#"{"b":"c"}"#);
    assert_eq!(root.get("d").unwrap().raw(), b"[]");
    assert_eq!(root.get("e").unwrap().raw(), b"{ }");
}

#[test]
fn strings_are_decoded_as_in_go() {
    for (source, wanted) in [
        (&br#""a\"\\\/\b\f\n\r\t\u00e9""#[..], "a\"\\/\x08\x0c\n\r\t\u{e9}"),
        (br#""\ud83d\ude00""#, "\u{1f600}"),
        (br#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
        (br#""\ud83d\u0041""#, "\u{fffd}A"),
        (br#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (b"\"a\xf0\x9f\x98b\xffc\"", "a\u{fffd}\u{fffd}\u{fffd}b\u{fffd}c"),
        (b"\"\x7f\xc2\x85\"", "\x7f\u{85}"),
    ] {
        assert_eq!(text(source), wanted, "{}", String::from_utf8_lossy(source));
    }
}

#[test]
fn integers_are_those_that_fit() {
    for (source, wanted) in [
        ("9223372036854775807", Kind::Int),
        ("18446744073709551615", Kind::Int),
        ("18446744073709551616", Kind::Float),
        ("-9223372036854775808", Kind::Int),
        ("-9223372036854775809", Kind::Float),
        ("1.0", Kind::Float),
        ("0", Kind::Int),
        ("-0", Kind::Int),
    ] {
        let (document, _) = parse(source.as_bytes()).unwrap();
        assert_eq!(document.root().kind(), wanted, "{source}");
        assert_eq!(document.root().text(), Some(source));
    }
}

#[test]
fn a_value_ends_where_another_may_begin() {
    for (source, wanted) in [("01", 1), ("1{}", 1), ("truex", 4), ("{}{}", 2), (r#""a"b"#, 3)] {
        assert_eq!(parse(source.as_bytes()).unwrap().1, wanted, "{source}");
    }
}

#[test]
fn errors_have_places_and_reasons() {
    for (source, at, wanted) in [
        ("", 0, "unexpected end of JSON input"),
        ("{", 1, "unexpected end of JSON input"),
        ("{\"a\"", 4, "unexpected end of JSON input"),
        ("\"a", 2, "unexpected end of JSON input"),
        ("x", 0, "invalid character `x` looking for beginning of value"),
        ("[1,]", 3, "invalid character `]` looking for beginning of value"),
        ("{a:1}", 1, "invalid character `a` looking for beginning of object key string"),
        ("{\"a\":1,}", 7, "invalid character `}` looking for beginning of object key string"),
        ("{\"a\" 1}", 5, "invalid character `1` after object key"),
        ("{\"a\":1 2}", 7, "invalid character `2` after object key:value pair"),
        ("{\"a\":01}", 6, "invalid character `1` after object key:value pair"),
        ("[1 2]", 3, "invalid character `2` after array element"),
        ("[1}", 2, "invalid character `}` after array element"),
        ("\"a\nb\"", 2, "invalid character `\\n` in string literal"),
        ("\"\\x\"", 2, "invalid character `x` in string escape code"),
        ("\"\\u00g0\"", 5, "invalid character `g` in \\u hexadecimal character escape"),
        ("-a", 1, "invalid character `a` in numeric literal"),
        ("1.", 2, "unexpected end of JSON input"),
        ("1.x", 2, "invalid character `x` after decimal point in numeric literal"),
        ("1e+", 3, "unexpected end of JSON input"),
        ("1ex", 2, "invalid character `x` in exponent of numeric literal"),
        ("trux", 3, "invalid character `x` in literal true (expecting `e`)"),
        ("\u{e9}", 0, "invalid character `\u{e9}` looking for beginning of value"),
    ] {
        let problem = parse(source.as_bytes()).unwrap_err();
        assert_eq!((problem.span.start, problem.message.as_str()), (at, wanted), "{source}");
        assert_eq!(problem.kind, ProblemKind::Syntax);
    }
    let problem = parse(b"[1, 1e999]").unwrap_err();
    assert_eq!(problem.message, "number `1e999` is too large for a 64-bit float");
    assert_eq!((problem.kind, problem.span.start), (ProblemKind::Limit, 4));
    assert_eq!(parse(b"[1e999 1]").unwrap_err().kind, ProblemKind::Syntax);
    assert_eq!(
        parse(b"\xff").unwrap_err().message,
        "invalid character `\\xff` looking for beginning of value"
    );
}

#[test]
fn depth_is_bounded_as_in_go() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(nested(10_000).as_bytes()).is_ok());
    let problem = parse(nested(10_001).as_bytes()).unwrap_err();
    assert_eq!((problem.kind, problem.span.start), (ProblemKind::Limit, 10_000));
}
