use super::*;

fn path(text: &str) -> FieldPath {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn displays_by_identity() {
    let path = FieldPath::root()
        .keys("spec.template.spec.containers")
        .item("name", "app")
        .keys("securityContext.capabilities.add")
        .index(0);
    assert_eq!(
        path.to_string(),
        "spec.template.spec.containers[name=app].securityContext.capabilities.add[0]"
    );
    let odd = FieldPath::root().keys("metadata.annotations").key("a.b/c\u{1}").item("name", "x]y");
    assert_eq!(odd.to_string(), "metadata.annotations[\"a.b/c\\u0001\"][name=\"x]y\"]");
    let set = FieldPath::root().key("add").item("", "SYS_ADMIN").item("", "a b");
    assert_eq!(set.to_string(), "add[=SYS_ADMIN][=\"a b\"]");
    let hostile = FieldPath::root().item("a]=\"b", "=").index(0).key("");
    assert_eq!(hostile.to_string(), r#"["a]=\"b"="="][0][""]"#);
}

#[test]
fn parses_what_people_write() {
    for (text, wanted) in [
        ("", FieldPath::root()),
        ("a.b", FieldPath::root().key("a").key("b")),
        (r#"["a"].b"#, FieldPath::root().key("a").key("b")),
        (r#"a["b\/\u00e9\n"]"#, FieldPath::root().key("a").key("b/é\n")),
        ("[1][2].a", FieldPath::root().index(1).index(2).key("a")),
        ("a[name=\"b\"]", FieldPath::root().key("a").item("name", "b")),
        ("a[containerPort=80]", FieldPath::root().key("a").item("containerPort", "80")),
        ("a[=NET_RAW]", FieldPath::root().key("a").item("", "NET_RAW")),
        ("a[0=80]", FieldPath::root().key("a").item("0", "80")),
    ] {
        assert_eq!(path(text), wanted, "{text}");
    }
}

#[test]
fn says_where_a_path_is_wrong() {
    for (text, wanted) in [
        (".a", "expected a key or `[` at byte 0"),
        ("a..b", "expected a key at byte 2"),
        ("a.", "expected a key at byte 2"),
        ("a b", "expected `.`, `[` or the end at byte 1"),
        ("a[", "expected a position, a quoted key or `name=value` at byte 2"),
        ("a[]", "expected a position, a quoted key or `name=value` at byte 2"),
        ("a[1", "expected `]` at byte 3"),
        ("a[name", "expected `=` at byte 6"),
        ("a[name=", "expected a value at byte 7"),
        ("a[\"b", "the quote is never closed at byte 2"),
        ("a[\"\\x\"]", "unknown escape at byte 3"),
        ("a[\"\\ud800\"]", "unknown escape at byte 3"),
        ("a[4294967296]", "the position is too large at byte 2"),
    ] {
        assert_eq!(text.parse::<FieldPath>().map_err(|e| e.to_string()), Err(wanted.to_owned()), "{text}");
    }
}

/// Paths of random segments, made of the characters that mean something in them.
#[test]
fn parsing_is_the_inverse_of_display() {
    const PARTS: [&str; 24] = [
        "a",
        "name",
        "0",
        "12",
        "-",
        "_",
        "$",
        ".",
        "[",
        "]",
        "=",
        "\"",
        "\\",
        "/",
        "~",
        " ",
        "\n",
        "\t",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "é",
        "\u{1f600}",
    ];
    let mut state = 1u64;
    let mut below = |bound: u64| {
        // Knuth's MMIX generator; its high bits are good enough.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    for _ in 0..20_000 {
        let mut text = |most: u64| {
            let count = below(most + 1);
            (0..count).map(|_| PARTS[below(PARTS.len() as u64) as usize]).collect::<String>()
        };
        let texts = [text(3), text(3), text(2), text(2)];
        let mut path = FieldPath::root();
        for text in texts.chunks(2) {
            path = match below(4) {
                0 => path.item(text[0].clone(), text[1].clone()),
                1 => path.index(below(1 << 32) as usize),
                _ => path.key(text[0].clone()).key(text[1].clone()),
            };
        }
        let shown = path.to_string();
        assert_eq!(shown.parse::<FieldPath>().as_ref(), Ok(&path), "{shown}");
    }
}

#[test]
fn points_at_items_by_position() {
    let source = "spec:\n  containers:\n  - name: a\n  - name: b\n  a~/b: {}\n";
    let document = crate::read(source.as_bytes()).remove(0).document.unwrap();
    let pointer = |text: &str| path(text).to_json_pointer(document.root());
    assert_eq!(pointer("").as_deref(), Some(""));
    assert_eq!(
        pointer("spec.containers[name=b].securityContext.x").as_deref(),
        Some("/spec/containers/1/securityContext/x")
    );
    assert_eq!(pointer("spec[\"a~/b\"].x[3]").as_deref(), Some("/spec/a~0~1b/x/3"));
    assert_eq!(pointer("spec.containers[name=c].x"), None);
    assert_eq!(pointer("spec.other[name=c]"), None);
}
