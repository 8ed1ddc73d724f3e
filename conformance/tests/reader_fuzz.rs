//! Mutated documents through all readers: no panic, no hang, sound places, and the fast reader agrees with the complete
//! one. `SEAWALL_FUZZ_SECONDS` (default 10) bounds it, `SEAWALL_FUZZ_SEED` (default 1) repeats or varies it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_conformance::{documents, module_dir, number};
use seawall_yaml::{Document, Kind, NodeRef, Span, read, readers};

const SEEDS: [&str; 16] = [
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: c\n    image: nginx:1 # c\n",
    "a: |\n  b\n   c\n\n  d\ne: >-\n  f\n  g\n\n   h\n  i\nj: |2+\n   k\n\n",
    "a: 'it''s\n  b'\nb: \"x\\t\\u00e9\\\n  y\n\n  z\"\nc: p q\n  r\n\n  s\n",
    "a: [b, 'c', {d: e, \"f\": , g: [h]}, # i\n  -1]\nb: {}\nc: []\n",
    "- - a\n  - b: c\n    d:\n    - e\n-\n- f: ~\n",
    "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: !!str 2\n? f\n: g\n",
    "yes: on\n0o17: 1_000\n1.5: .inf\nnull: ~\n",
    "%YAML 1.1\n---\na: 1\n...\nb: 2\n--- # c\n# d\n---\n\u{feff}e: f\r\ng:\r\n- h\r\n",
    "{\"a\": [1, -2.5e3, true, null, \"\\ud83d\\ude00\\n\"], \"b\": {}}\n{\"c\": \"d\"}{}",
    "{{- if .Values.x }}\na: {{ .b }}\n{{- end }}\n",
    "# c\n\nk\u{e9}y: v\u{fc}\u{2028}x\n'q': w # \u{1f600}\n",
    "a: b: c\n\td: e\n f: [\n",
    "a:\n  # one\n  - b # two\n  # three\n\n  - |\n    # text\n   # four\n",
    "? [a, b]\n: - c\n? - d\n: e\n",
    "a: !t &n 'v'\nb: !<x:y> |-\n  c\nd: !!binary aGk=\n",
    "'a' : \"b\"\n\"c\\\"\":\n  'd'\ne: f#g h #i\nj: k:l m\n",
];

const TOKENS: [&str; 64] = [
    "\n",
    "\n  ",
    "\n    ",
    "\n\n",
    "\r\n",
    "\r",
    " ",
    "  ",
    "\t",
    ": ",
    ":",
    ":\n",
    "- ",
    "-\n",
    "-",
    "? ",
    "?",
    ", ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "\\u00",
    "\\x41",
    "#",
    " # c",
    "|",
    ">",
    "|-",
    ">+",
    "|2",
    ">1-",
    "&a ",
    "*a",
    "*a ",
    "!t ",
    "!!str ",
    "<<: ",
    "---",
    "\n---\n",
    "\n...\n",
    "--- # c\n",
    "%YAML 1.1\n",
    "~",
    "null",
    "yes",
    "0x1F",
    ".nan",
    "1e3",
    "{{",
    "}}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{e9}",
    "\0",
];

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut text = random.pick(corpus).clone();
    // Mostly few changes, so that many texts stay readable.
    let changes = random.below(6);
    for _ in 0..=random.below(changes + 1) {
        let at = random.below(text.len() + 1);
        let end = (at + random.below(20)).min(text.len());
        match random.below(9) {
            0..=3 => drop(text.splice(at..at, random.pick(&TOKENS).bytes())),
            4 => drop(text.drain(at..end)),
            5 => {
                let part = text[at..end].to_vec();
                let to = random.below(text.len() + 1);
                text.splice(to..to, part);
            }
            6 => drop(text.splice(at..end, random.pick(&TOKENS).bytes())),
            7 => {
                let other = random.pick(corpus);
                let from = random.below(other.len() + 1);
                let part = other[from..(from + random.below(200)).min(other.len())].to_vec();
                text.splice(at..at, part);
            }
            _ => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = random.next() as u8;
                }
            }
        }
    }
    text
}

fn describe(document: &Document) -> Vec<String> {
    let nodes = document.nodes().map(|n| {
        let span = n.span();
        let text = n.text().unwrap_or("-");
        format!("{:?} {:?} {}..{} {} {text:?}", n.kind(), n.style(), span.start, span.end, n.count())
    });
    let comments = document.comments().into_iter().map(|c| format!("comment {}..{}", c.start, c.end));
    nodes.chain(comments).collect()
}

/// Whether all places are inside of what they belong to, and in order.
fn check(document: &Document) -> Result<(), String> {
    let inside = |inner: Span, outer: Span| {
        outer.start <= inner.start && inner.start <= inner.end && inner.end <= outer.end
    };
    let range = document.range();
    if range.end as usize > document.source().len() {
        return Err("the range leaves the source".to_owned());
    }
    for node in document.nodes() {
        if !inside(node.span(), range) {
            return Err(format!("{node:?} leaves the document"));
        }
        let scalar = !matches!(node.kind(), Kind::Mapping | Kind::Sequence | Kind::Alias);
        if scalar && node.text().is_none() {
            return Err(format!("{node:?} has no text"));
        }
        if node.kind() == Kind::Alias {
            if node.resolved().id() >= node.id() {
                return Err(format!("{node:?} points ahead"));
            }
            continue;
        }
        let mut at = node.span().start;
        let children: Vec<NodeRef<'_>> = match node.kind() {
            Kind::Mapping => node.pairs().flat_map(|(k, v)| [k, v]).collect(),
            _ => node.items().collect(),
        };
        for child in children {
            if !inside(child.span(), node.span()) || child.span().start < at {
                return Err(format!("{child:?} is not inside of {node:?} or overlaps"));
            }
            at = child.span().end;
        }
    }
    let mut at = range.start;
    for comment in document.comments() {
        if !inside(comment, range) || comment.start < at || document.source()[comment.start as usize] != b'#'
        {
            return Err(format!("comment {comment:?} is no comment"));
        }
        at = comment.end;
    }
    Ok(())
}

fn same(node: NodeRef<'_>, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => node.is_null(),
        Value::Bool(b) => node.as_bool() == Some(*b),
        Value::Number(n) => {
            node.text().and_then(|t| t.parse::<f64>().ok()).is_some_and(|f| Some(f) == n.as_f64())
        }
        Value::String(s) => node.as_str() == Some(s),
        Value::Array(items) => {
            node.kind() == Kind::Sequence
                && node.count() == items.len()
                && node.items().zip(items).all(|(n, v)| same(n, v))
        }
        Value::Object(map) => {
            node.kind() == Kind::Mapping
                && map.iter().all(|(k, v)| node.get(k).is_some_and(|n| same(n, v)))
                && node.entries().all(|(k, _)| k.text().is_some_and(|k| map.contains_key(k)))
        }
    }
}

/// What is wrong with the readers' answers on `text`; else whether the fast reader took some of it.
fn examine(text: &[u8]) -> Result<bool, String> {
    let source: Arc<[u8]> = text.into();
    for (i, entry) in read(Arc::clone(&source)).iter().enumerate() {
        if entry.index as usize != i || entry.document.is_none() && entry.problems.is_empty() {
            return Err(format!("entry {i} is {entry:?}"));
        }
        if let Some(document) = &entry.document {
            check(document)?;
        }
        for problem in &entry.problems {
            let span = problem.span;
            if span.start > span.end || span.end as usize > source.len() || problem.message.is_empty() {
                return Err(format!("bad problem {problem:?}"));
            }
        }
    }
    let mut accepted = false;
    for range in readers::chunks(&source) {
        let complete = readers::complete(&source, range, &mut None);
        if let Ok((document, _)) = &complete {
            check(document).map_err(|e| format!("complete: {e}"))?;
        }
        let Some(fast) = readers::fast(&source, range, &mut None) else { continue };
        accepted = true;
        check(&fast).map_err(|e| format!("fast: {e}"))?;
        match complete {
            Ok((complete, problems)) => {
                let (fast, complete) = (describe(&fast), describe(&complete));
                if fast != complete || !problems.is_empty() {
                    return Err(format!("fast {fast:#?}, complete {complete:#?} {problems:?}"));
                }
            }
            Err(problem) => return Err(format!("fast accepts what complete does not: {problem:?}")),
        }
    }
    let start = text.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
    let mut stream = serde_json::Deserializer::from_slice(&text[start..]).into_iter::<serde_json::Value>();
    let ours = readers::json(&source, start as u32, &mut None);
    if let Ok((document, _)) = &ours {
        check(document).map_err(|e| format!("json: {e}"))?;
    }
    if let Some(Ok(value)) = stream.next() {
        match ours {
            Ok((document, end)) if same(document.root(), &value) => {
                // Behind a number or a word, the other reader looks one byte further.
                if matches!(document.root().kind(), Kind::Mapping | Kind::Sequence | Kind::String)
                    && end as usize != start + stream.byte_offset()
                {
                    return Err(format!("json ends at {end}, not {}", start + stream.byte_offset()));
                }
            }
            Ok((document, _)) => return Err(format!("json is {:?}, not {value}", describe(&document))),
            Err(problem) => return Err(format!("json does not accept {value}: {problem:?}")),
        }
    }
    Ok(accepted)
}

#[test]
fn readers_stand_mutations() {
    let seconds = number("SEAWALL_FUZZ_SECONDS", 10);
    let seed = number("SEAWALL_FUZZ_SEED", 1);
    let mut corpus: Vec<Vec<u8>> = SEEDS.iter().map(|s| s.as_bytes().to_vec()).collect();
    let files = documents([module_dir("k8s.io/pod-security-admission")]);
    // About as many as there are seeds, so that neither drowns the other.
    let step = files.len().div_ceil(32).max(1);
    corpus.extend(files.iter().step_by(step).map(|path| std::fs::read(path).expect("readable")));
    corpus.retain(|text| text.len() < 4000);
    for text in &corpus {
        examine(text).unwrap_or_else(|e| panic!("{e}\non the seed {:?}", String::from_utf8_lossy(text)));
    }
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(seed);
    let (mut runs, mut accepted) = (0u64, 0u64);
    while Instant::now() < end {
        for _ in 0..100 {
            let text = mutate(&mut random, &corpus);
            let before = Instant::now();
            let result =
                std::panic::catch_unwind(|| examine(&text)).unwrap_or_else(|_| Err("panic".to_owned()));
            let shown = || format!("{:?}", String::from_utf8_lossy(&text));
            match result {
                Ok(fast) => accepted += u64::from(fast),
                Err(e) => panic!("{e}\nafter {runs} runs with seed {seed}, on {}", shown()),
            }
            assert!(before.elapsed() < Duration::from_secs(2), "slow on {}", shown());
            runs += 1;
        }
    }
    println!("{runs} mutated texts with seed {seed}, {accepted} of them in part for the fast reader");
    assert!(seconds == 0 || accepted * 10 > runs, "too few texts reach the fast reader");
}
