use super::*;
use crate::document::NodeRef;

fn parse(text: &str) -> Option<Document> {
    let source: Arc<[u8]> = text.as_bytes().into();
    let range = Span::new(0, text.len() as u32);
    read(&source, range, Limits::default(), &mut None)
}

#[test]
fn texts_are_the_same_in_small_and_large_documents() {
    let small = "ä: ö x # ü\n'q': \"a\\tb\"\nl: [é, {k: ñ}]\nn: 12\ne:\n";
    let large = format!("{small}# {}\n", "x".repeat(1 << 16));
    let before = "# Ж\n---\n";
    let texts = |text: &str| {
        let source: Arc<[u8]> = format!("{before}{text}").into_bytes().into();
        let range = Span::new(before.len() as u32, source.len() as u32);
        let document = read(&source, range, Limits::default(), &mut None).unwrap();
        let texts = document.nodes().map(|n| n.text().map(str::to_owned)).collect::<Vec<_>>();
        (document.is_plain(), texts)
    };
    let (small, large) = (texts(small), texts(&large));
    assert!(small.0 && !large.0);
    assert_eq!(small.1, large.1);
    let told: Vec<&str> = small.1.iter().flatten().map(String::as_str).collect();
    assert_eq!(told, ["ä", "ö x", "q", "a\tb", "l", "é", "k", "ñ", "n", "12", "e", ""]);
}

fn show(node: NodeRef<'_>, out: &mut String) {
    use std::fmt::Write;
    match node.kind() {
        Kind::Mapping => {
            out.push('{');
            for (i, (key, value)) in node.pairs().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                show(key, out);
                out.push_str(": ");
                show(value, out);
            }
            out.push('}');
        }
        Kind::Sequence => {
            out.push('[');
            for (i, item) in node.items().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                show(item, out);
            }
            out.push(']');
        }
        Kind::String => write!(out, "{:?}", node.text().unwrap()).unwrap(),
        Kind::Null => out.push('~'),
        _ => out.push_str(node.text().unwrap()),
    }
    let span = node.span();
    write!(out, "@{}-{}", span.start, span.end).unwrap();
}

fn tree(text: &str) -> String {
    let document = parse(text).unwrap_or_else(|| panic!("declined: {text:?}"));
    let mut out = String::new();
    show(document.root(), &mut out);
    out
}

/// The tree without places.
fn value(text: &str) -> String {
    let tree = tree(text);
    let mut out = String::new();
    let mut parts = tree.split('@');
    out.push_str(parts.next().unwrap());
    for part in parts {
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-'));
    }
    out
}

#[test]
fn block_collections() {
    for (text, wanted) in [
        ("a: 1\nb:\n  c: x\n", r#"{"a"@0-1: 1@3-4, "b"@5-6: {"c"@10-11: "x"@13-14}@10-14}@0-14"#),
        ("a:\n- b\n-  c\nd:\n", r#"{"a"@0-1: ["b"@5-6, "c"@10-11]@3-11, "d"@12-13: ~@14-14}@0-14"#),
        (
            "- - a\n  - b\n- c: 1\n  d: 2",
            r#"[["a"@4-5, "b"@10-11]@2-11, {"c"@14-15: 1@17-18, "d"@21-22: 2@24-25}@14-25]@0-25"#,
        ),
        ("-\n- a:\n  -\n", r#"[~@1-1, {"a"@4-5: [~@10-10]@9-10}@4-10]@0-10"#),
        ("  a: 1\r\n  b: 2\r\n", r#"{"a"@2-3: 1@5-6, "b"@10-11: 2@13-14}@2-14"#),
        ("a:\n  # c\n  - 'b'  # d\n", r#"{"a"@0-1: ["b"@13-16]@11-16}@0-16"#),
        ("a :\n  b\n", r#"{"a"@0-1: "b"@6-7}@0-7"#),
    ] {
        assert_eq!(tree(text), wanted, "{text:?}");
    }
}

#[test]
fn scalars() {
    for (text, wanted) in [
        ("- a b # c\n- a#b\n- a:b\n- -1\n- -x\n", r#"["a b", "a#b", "a:b", -1, "-x"]"#),
        ("- yes\n- ~\n- 0o17\n- 1e3\n- 'yes'\n", r#"[yes, ~, 0o17, 1e3, "yes"]"#),
        ("a: b\n  c\n\n\n  - d\nb: 1\n", r#"{"a": "b c\n\n- d", "b": 1}"#),
        ("a:\n    b\n  c # d\nb: 1\n", r#"{"a": "b c", "b": 1}"#),
        ("- 'it''s'\n- 'a  b '\n- 'a \n\n  b'\n", r#"["it's", "a  b ", "a\nb"]"#),
        (
            r#"- "a\tb\x41\u00e9\U0001F600\_"
- "a\
   b \
   c
   d\n
   e"
"#,
            r#"["a\tbAé😀\u{a0}", "ab c d\n e"]"#,
        ),
        ("'a': 1\n\"b\\n\" : 2\n", r#"{"a": 1, "b\n": 2}"#),
        ("é: ü\n", r#"{"é": "ü"}"#),
        ("y: 1\n", "{y: 1}"),
        ("a: b\n c\n", r#"{"a": "b c"}"#),
    ] {
        assert_eq!(value(text), wanted, "{text:?}");
    }
}

#[test]
fn block_scalars() {
    for (text, wanted) in [
        ("a: |\n  b\n   c\n\n  d\n\ne: 1\n", r#"{"a": "b\n c\n\nd\n", "e": 1}"#),
        ("a: |-\n  b\n\n", r#"{"a": "b"}"#),
        ("a: |+\n  b\n\n\n", r#"{"a": "b\n\n\n"}"#),
        ("a: |2-\n    b\n", r#"{"a": "  b"}"#),
        ("a: |\n  b", r#"{"a": "b\n"}"#),
        ("a: |+\n  b\n  ", r#"{"a": "b\n\n"}"#),
        ("a: |\n\n  b\n", r#"{"a": "\nb\n"}"#),
        ("a: |\nb: 1\n", r#"{"a": "", "b": 1}"#),
        ("a: >\n  b\n  c\n\n  d\n    e\n    f\n  g\n", r#"{"a": "b c\nd\n  e\n  f\ng\n"}"#),
        ("- |\n b\n- >-\n c\n d\n", r#"["b\n", "c d"]"#),
        ("a: |\r\n  b\r\n  c\r\n", r#"{"a": "b\nc\n"}"#),
        ("a: |\n  b\t\n  \tc\n", r#"{"a": "b\t\n\tc\n"}"#),
        ("a: | # why\n  #b\n # c\n", r##"{"a": "#b\n"}"##),
    ] {
        assert_eq!(value(text), wanted, "{text:?}");
    }
    assert_eq!(tree("a: | # b\nc: 1\n"), r#"{"a"@0-1: ""@3-8, "c"@9-10: 1@12-13}@0-13"#);
    assert_eq!(tree("a: |+\n  b \n\n\nc: |\n"), r#"{"a"@0-1: "b \n\n\n"@3-10, "c"@13-14: ""@16-17}@0-17"#);
}

#[test]
fn flow_collections() {
    for (text, wanted) in [
        ("a: [b, c d, 1]\n", r#"{"a"@0-1: ["b"@4-5, "c d"@7-10, 1@12-13]@3-14}@0-14"#),
        ("a: {}\nb: []  # c\n", r#"{"a"@0-1: {}@3-5, "b"@6-7: []@9-11}@0-11"#),
        ("{a: {b: , 'c':1}, }\n", r#"{"a"@1-2: {"b"@5-6: ~@7-7, "c"@10-13: 1@14-15}@4-16}@0-19"#),
        ("- [\n  a, # x\n  \"b\"\n]\n", r#"[["a"@6-7, "b"@15-18]@2-20]@0-20"#),
        ("a: {b:c: http://x}\n", r#"{"a"@0-1: {"b:c"@4-7: "http://x"@9-17}@3-18}@0-18"#),
    ] {
        assert_eq!(tree(text), wanted, "{text:?}");
    }
}

#[test]
fn declines() {
    let deep = format!("a: {}{}\n", "[".repeat(64), "]".repeat(64));
    let long = format!("{}: 1\n", "k".repeat(1025));
    for text in [
        "a: &x 1\n",
        "a: *x\n",
        "a: !!str 1\n",
        "? a\n: b\n",
        "%YAML 1.1\n",
        "\ta: 1\n",
        "a:\n\t- b\n",
        "<<: {a: 1}\n",
        "a: <<\n",
        "a: \x7f\n",
        "a: \x01\n",
        "a: \u{85}b\n",
        "a: \u{2028}b\n",
        "\u{feff}a: 1\n",
        "a: 1\n...\n",
        "... : 1\n",
        "18446744073709551615: 1\n",
        "a: {0xFFFFFFFFFFFFFFFF: 1}\n",
        "~: 1\n",
        "null: 1\n",
        ": 1\n",
        ".nan: 1\n",
        "a: .inf\n",
        "a: [.inf]\n",
        "a: b: c\n",
        "a: - b\n",
        "a: 1\n  b: 2\n",
        "a: 1\n- b\n",
        "- a\nb: 1\n",
        " a: 1\nb: 2\n",
        "a\n",
        "'a\n b': 1\n",
        "a: 'b'c\n",
        "a: 'b'#c\n",
        "a: \"\\q\"\n",
        "a: \"\\ud83d\\ude00\"\n",
        "a: 'b\n... c'\n",
        "a: 'b\n",
        "a: [b\n",
        "a: [b: c]\n",
        "a: {b}\n",
        "a: {[b]: c}\n",
        "a: [b c\n d]\n",
        "a: [- b]\n",
        "a: [?b]\n",
        "a: [b?c]\n",
        "a: {{ b }}\n",
        "[a]: b\n",
        "a: |x\n",
        "a: |0\n",
        "a: |\n\t b\n",
        "a: |\n    \n  b\n",
        "a: b\n  c: d\n",
        "a: %b\n",
        "a: @b\n",
        "a: `b\n",
        "a: ]\n",
        "a: 1\rb: 2\n",
        "a: b\n # c\n  d\n",
        &deep,
        &long,
    ] {
        assert!(parse(text).is_none(), "accepted: {text:?}");
    }
    assert!(parse(&format!("{}: 1\n", "k".repeat(1024))).is_some());
    assert!(parse(&format!("a: {}{}\n", "[".repeat(63), "]".repeat(63))).is_some());
}

#[test]
fn comments_are_found() {
    let text = "# a\nb: c # d\ne: | # f\n  # g\n# h\ni: [j, # k\n  'l#']\nm: n#o\np: # q\n  r\n";
    let document = parse(text).unwrap();
    let comments: Vec<&str> = document.comments().iter().map(|c| &text[c.range()]).collect();
    assert_eq!(comments, ["# a", "# d", "# f", "# h", "# k", "# q"]);
}

#[test]
fn places_are_those_of_the_source() {
    let text = "x: 1\n---\na: 'b'\n";
    let source: Arc<[u8]> = text.as_bytes().into();
    let document = read(&source, Span::new(9, 16), Limits::default(), &mut None).unwrap();
    assert_eq!(document.root().get("a").unwrap().raw(), b"'b'");
}
