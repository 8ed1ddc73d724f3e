use super::*;

/// Each entry as its text, and its problems as `line:column kind message`.
fn entries(source: impl AsRef<[u8]>) -> Vec<(String, Vec<String>)> {
    let source: Arc<[u8]> = source.as_ref().into();
    let lines = crate::LineIndex::new(&source);
    let mut out = Vec::new();
    for (i, entry) in read(Arc::clone(&source)).into_iter().enumerate() {
        assert_eq!(entry.index as usize, i);
        let text =
            entry.document.map_or(String::new(), |d| String::from_utf8_lossy(d.root().raw()).into_owned());
        let problems = entry
            .problems
            .iter()
            .map(|p| {
                let at = lines.position(p.span.start);
                format!("{}:{} {:?} {}", at.line, at.column, p.kind, p.message)
            })
            .collect();
        out.push((text, problems));
    }
    out
}

fn texts(source: impl AsRef<[u8]>) -> Vec<String> {
    entries(source)
        .into_iter()
        .map(|(text, problems)| {
            assert!(problems.is_empty(), "{problems:?}");
            text
        })
        .collect()
}

#[test]
fn documents_are_split_at_separators() {
    for (source, wanted) in [
        ("a: 1\n---\nb: 1\n", &["a: 1", "b: 1"][..]),
        ("---\na: 1\n--- # c\nb: 1\n---   \n", &["a: 1", "b: 1"]),
        ("# c\n---\na: 1\n---\n# d\n---\n", &["a: 1"]),
        ("---\n---\n\na: 1\n---\n---\n", &["a: 1"]),
        ("\u{feff}a: 1\n", &["a: 1"]),
        ("\u{feff}---\na: 1\n---\nb: 1", &["a: 1", "b: 1"]),
        ("a: 1\r\n---\r\nb: 1\r\n", &["a: 1", "b: 1"]),
        ("a: |\n  --- x\n", &["a: |\n  --- x"]),
        ("a: 1\n---#c\nb: 1\n", &["a: 1", "b: 1"]),
        ("a: 1\n---", &["a: 1"]),
        ("a: 1\n---\nnull\n---\n~", &["a: 1"]),
        ("", &[]),
        ("\n \n# c", &[]),
        ("---", &[]),
    ] {
        assert_eq!(texts(source), wanted, "{source:?}");
    }
}

#[test]
fn a_bad_separator_hides_nothing() {
    assert_eq!(
        entries("a: 1\n--- b: 2\nc: 3\n---\nd: 4\n"),
        [
            ("a: 1".to_owned(), vec![]),
            (String::new(), vec!["2:1 Syntax invalid Yaml document separator: `b: 2`".to_owned()]),
            ("c: 3".to_owned(), vec![]),
            ("d: 4".to_owned(), vec![]),
        ]
    );
    let got = entries("---- x\na: 1\n");
    assert_eq!(got[0].1, ["1:1 Syntax invalid Yaml document separator: `- x`"]);
    assert_eq!(got[1].0, "a: 1");
}

#[test]
fn json_streams() {
    for (source, wanted) in [
        ("{}{}", &["{}", "{}"][..]),
        (" {\"a\":1}\n{\"b\":2}\n\n", &["{\"a\":1}", "{\"b\":2}"]),
        ("{\"a\":1} null 5 [1] \"x\"", &["{\"a\":1}", "5", "[1]", "\"x\""]),
        ("{\"a\": \"\\/\"}\n", &["{\"a\": \"\\/\"}"]),
        // JSON until it fails, then YAML to the end.
        ("{\"a\":1}\n---\nb: 1\n---\n{\"c\":2}", &["{\"a\":1}", "b: 1", "{\"c\":2}"]),
        ("{a: 1}\n---\nb: 1\n", &["{a: 1}", "b: 1"]),
        ("{\"a\":1} b: 1\n", &["{\"a\":1}", "b: 1"]),
    ] {
        assert_eq!(texts(source), wanted, "{source:?}");
    }
}

#[test]
fn a_broken_json_stream_goes_on_at_the_next_value() {
    let got = entries("{\"a\":1}\n{\"b\":2}\n{\"c\":}\n{\"d\":4}\n");
    assert_eq!(got.len(), 4);
    assert_eq!(got[2].1, ["3:6 Syntax invalid character `}` looking for beginning of value"]);
    assert_eq!(got[3].0, "{\"d\":4}");
    // Also with the first value broken, and where a value was cut off.
    let got = entries("{\"a\":\n{\"b\":2}\n{\"c\":3}\n");
    assert_eq!(got.len(), 3, "{got:?}");
    assert_eq!(got[2].0, "{\"c\":3}");
    let got = entries("{\n\"a\":\n{\n\"b\": 1,,\n}\n}\n{\"c\":3}\n---\nd: 1\n");
    assert_eq!(got.len(), 3, "{got:?}");
    assert_eq!((got[1].0.as_str(), got[2].0.as_str()), ("{\"c\":3}", "d: 1"));
    let got = entries("{\"a\":1}{\"b\":2}\n---\nc: 1\n");
    assert_eq!(got[2].1, ["2:2 Syntax invalid character `-` in numeric literal"]);
    assert_eq!(got[3].0, "c: 1");
    let entry = read(&b"{\"a\":1}{\"b\":2}\nx"[..]).pop().unwrap();
    assert_eq!(entry.problems[0].hint.as_deref(), Some("nothing behind this place was read"));
    let entry = read(&b"{\"a\":1}{\"b\":2}\nx\n{}"[..]).remove(2);
    assert_eq!(entry.problems[0].hint.as_deref(), Some("reading goes on at line 3"));
}

#[test]
fn a_few_bytes_behind_json_are_not_yaml() {
    // Upstream wants four bytes to look at.
    assert_eq!(entries("{} - ab")[1].0, "- ab");
    assert_eq!(entries("{} - a")[1].1, ["1:5 Syntax invalid character ` ` in numeric literal"]);
    assert_eq!(entries("{} a:")[1].1, ["1:4 Syntax invalid character `a` looking for beginning of value"]);
}

#[test]
fn what_is_not_text_is_said_to_be_so() {
    assert_eq!(
        entries(b"\x7fELF\0\0"),
        [(String::new(), vec!["1:5 Encoding a NUL byte: this is no text file".into()])]
    );
    assert_eq!(
        entries(b"\xff\xfea\0"),
        [(String::new(), vec!["1:1 Encoding text is UTF-16, not UTF-8".into()])]
    );
    let got = entries(b"a: 1\n---\nb: \xff\n---\nc: 1\n");
    assert_eq!(got[1].1, ["3:4 Encoding invalid UTF-8"]);
    assert_eq!((got[0].0.as_str(), got[2].0.as_str()), ("a: 1", "c: 1"));
}

#[test]
fn size_is_bounded() {
    let limits = Limits { bytes: 3, ..Limits::default() };
    let entry = Reader::new(b"a: 1"[..].into(), limits).next().unwrap();
    assert_eq!(entry.problems[0].kind, ProblemKind::Limit);
    assert!(
        Reader::new(b"a:1"[..].into(), limits)
            .all(|e| e.problems.iter().all(|p| p.kind != ProblemKind::Limit))
    );
}

#[test]
fn good_bad_good() {
    let got = entries("a: 1\n---\nfoo: [bar\n---\nb: 1\n");
    assert_eq!(got.len(), 3);
    assert_eq!((got[0].0.as_str(), got[2].0.as_str()), ("a: 1", "b: 1"));
    assert!(got[1].1[0].contains(" Syntax "), "{got:?}");
    let at: u32 = got[1].1[0].split(':').next().unwrap().parse().unwrap();
    assert!((3..=4).contains(&at), "{got:?}");
}

#[test]
fn unrendered_templates_are_named() {
    for source in [
        "metadata:\n  name: {{ .Release.Name }}\n{{- if .Values.x }}\nhostPID: true\n{{- end }}\n",
        "{{- if .Values.x }}\na: 1\n{{- end }}\n",
        "a: 1\n{{- end }}\n",
    ] {
        let entry = read(source.as_bytes()).pop().unwrap();
        let problem = &entry.problems[0];
        assert_eq!(problem.kind, ProblemKind::Template, "{source:?} {problem:?}");
        assert!(source[problem.span.range()].starts_with("{{"), "{problem:?}");
        assert!(source[problem.span.range()].ends_with("}}"), "{problem:?}");
        assert_eq!(problem.hint.as_deref(), Some(RENDER_HINT));
    }
    // Quoted, it is a value, so that the error is another.
    let entry = read(&b"a: '{{ x }}'\nb: [\n"[..]).pop().unwrap();
    assert_eq!(entry.problems[0].kind, ProblemKind::Syntax);
    // The document before and behind are read.
    let got = entries("a: 1\n---\n{{- range x }}\nb: 1\n---\nc: 1\n");
    assert_eq!((got.len(), got[0].0.as_str(), got[2].0.as_str()), (3, "a: 1", "c: 1"));
}

#[test]
fn memory_is_reused() {
    let mut reader = Reader::new(b"a: 1\n---\nb: 'x'\n---\nc: 2\n"[..].into(), Limits::default());
    let mut seen = Vec::new();
    while let Some(entry) = reader.next() {
        let document = entry.document.unwrap();
        seen.push((document.len(), document.range()));
        reader.recycle(document);
    }
    assert_eq!(seen, [(3, Span::new(0, 5)), (3, Span::new(9, 16)), (3, Span::new(20, 25))]);
}

#[test]
fn an_entry_knows_the_bytes_that_it_stands_in() {
    let text = "a: 1\n---\nb: [\n---\nc: 2\n";
    let ranges = |text: &str| read(text.as_bytes()).iter().map(|e| e.range.range()).collect::<Vec<_>>();
    assert_eq!(ranges(text), [0..5, 9..14, 18..23]);
    let values = "{\"a\": 1}\n{\"b\": 2}\n{\"c\" 3}\n";
    assert_eq!(ranges(values), [0..8, 9..17, 0..values.len()]);
    let separator = "a: 1\n--- x\n";
    assert_eq!(ranges(separator), [0..5, 0..separator.len()]);
}

#[test]
fn documents_that_are_known_keep_their_positions() {
    let source: Arc<[u8]> = b"# none\n---\na: 1\n---\nb: [\n---\nc: 1\n---\n{d: 1}\n".as_slice().into();
    let all: Vec<(u32, Span)> = read(source.clone()).iter().map(|entry| (entry.index, entry.range)).collect();
    for known in [0, 2, 3] {
        let mut reader = Reader::new(source.clone(), Limits::default());
        let mut met = Vec::new();
        while let Some(at) = reader
            .pass_known(|range| range == all[known].1)
            .or_else(|| reader.next().map(|entry| (entry.index, entry.range)))
        {
            met.push(at);
        }
        assert_eq!(met, all, "{known}");
    }
    let mut json = Reader::new(b"{\"a\": 1}".as_slice().into(), Limits::default());
    assert_eq!(json.pass_known(|_| true), None);
}

#[test]
fn the_memory_of_a_reader_is_for_the_next_one() {
    let source: Arc<[u8]> = Arc::from(&b"a: [1, 2, 3]"[..]);
    let mut reader = Reader::new(source.clone(), Limits::default());
    let document = reader.next().and_then(|entry| entry.document).expect("a document");
    let room = document.nodes.capacity();
    reader.recycle(document);
    drop(reader);
    assert_eq!(Arc::strong_count(&source), 1, "no more than memory is kept");
    let mut next = Reader::new(source, Limits::default());
    assert!(room > 0 && next.scratch.as_ref().is_some_and(|kept| kept.nodes.capacity() == room));
    next.restart(Arc::from(&b"b: 1"[..]));
    assert!(next.scratch.is_some(), "nor is it lost by going on with another source");
}

#[test]
fn what_is_ahead_is_estimated() {
    let of = |text: &str| Reader::new(text.as_bytes().into(), Limits::default()).by_items(1);
    assert_eq!(of("a: 1\n---\nb: 1\n---\nc: 1\n").likely_documents(), 3);
    assert_eq!(of("{}").likely_documents(), 1);
    let mut list =
        of("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v1, kind: B}\n");
    assert_eq!(list.items_left(), 0);
    assert!(list.next().is_some_and(|entry| entry.document.is_some_and(|d| d.list_item().is_some())));
    assert_eq!(list.items_left(), 1);
}
