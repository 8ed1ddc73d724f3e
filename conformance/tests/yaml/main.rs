//! Everything that `seawall-yaml` reads against what kubectl reads: the same documents, the same values, the same
//! refusals. The expectation always comes from Go at run time.
//!
//! `SEAWALL_YAML` (number of random inputs) and `SEAWALL_SEED` change the random run.

mod cases;
mod compare;
mod generate;

use std::collections::HashSet;
use std::fmt::Write;

use compare::{Difference, Mode, deep, differences, report};
use generate::Rng;
use seawall_conformance::{documents, module_at, module_dir, number};
use seawall_yaml::readers;

/// Linked by the oracles.
const LINKED: [&str; 7] = [
    "k8s.io/pod-security-admission",
    "k8s.io/api",
    "k8s.io/apimachinery",
    "k8s.io/client-go",
    "sigs.k8s.io/yaml",
    "go.yaml.in/yaml/v2",
    "go.yaml.in/yaml/v3",
];

/// Of use for their files only; the last one carries the YAML test suite.
const FILES: [&str; 3] =
    ["k8s.io/kubernetes@v1.37.2", "github.com/zegl/kube-score@v1.20.0", "github.com/goccy/go-yaml@v1.18.0"];

/// What we read otherwise than Go on purpose.
struct Exception {
    /// How our refusal begins.
    refusal: &'static str,
    /// An input that shows it.
    example: &'static str,
    mode: Mode,
    why: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        refusal: "a second byte order mark",
        example: "\u{feff}\u{feff}a: 1",
        mode: Mode::Chunk,
        why: "Go then drops the first character of later lines, as long as the mark is in its buffer",
    },
    Exception {
        refusal: "a second byte order mark",
        example: "\u{feff}\u{feff}a: 1",
        mode: Mode::Stream,
        why: "as above",
    },
    Exception {
        refusal: "invalid Yaml document separator",
        example: "a: 1\n--- b\n",
        mode: Mode::Stream,
        why: "Go throws away the document before it, which no problem should hide",
    },
    Exception {
        refusal: "unrendered template behind `---`",
        example: "a: 1\n--- {{ b }}\n",
        mode: Mode::Stream,
        why: "as above",
    },
    Exception {
        refusal: "a NUL byte",
        example: "a: 1\n---\n\0\n",
        mode: Mode::Stream,
        why: "a binary file is refused at once, Go reads up to the byte",
    },
];

/// Whether a difference is one of the exceptions. Go refuses too, or the mark stands at the head.
fn excused(difference: &Difference) -> bool {
    let refusal = difference.ours.refusal.as_deref().unwrap_or_default();
    let known = EXCEPTIONS.iter().any(|e| e.mode == difference.mode && refusal.starts_with(e.refusal));
    known && (difference.go.refusal.is_some() || refusal.starts_with("a second"))
}

fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Fails if inputs are read otherwise than by Go, but for the exceptions.
fn check(what: &str, mode: Mode, inputs: &[Vec<u8>]) {
    let mut found = differences(mode, inputs);
    found.retain(|d| !excused(d));
    report(what, &found);
}

#[test]
fn exceptions_are_still_needed() {
    for Exception { refusal, example, mode, why } in EXCEPTIONS {
        let found = differences(*mode, &bytes(&[example]));
        let ours = found.first().and_then(|d| d.ours.refusal.as_deref()).unwrap_or_default();
        assert!(ours.starts_with(refusal), "{example:?} does not differ any more ({why}): {found:?}");
    }
}

#[test]
fn chunks_are_read_as_by_go() {
    deep(|| check("chunks", Mode::Chunk, &bytes(cases::YAML)));
}

#[test]
fn streams_are_read_as_by_kubectl() {
    deep(|| {
        assert!(cases::YAML.len() + cases::STREAMS.len() >= 100 && cases::JSON.len() >= 60);
        check("chunks in streams", Mode::Stream, &bytes(cases::YAML));
        check("streams", Mode::Stream, &bytes(cases::STREAMS));
        check("JSON", Mode::Stream, &bytes(cases::JSON));
        let raw: Vec<Vec<u8>> = cases::BYTES.iter().map(|b| b.to_vec()).collect();
        check("bytes", Mode::Stream, &raw);
    });
}

#[test]
fn sizes_are_bounded_as_by_go() {
    deep(|| {
        let nested =
            |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n)).into_bytes();
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..10 {
            let list = vec![format!("*a{}", i - 1); 9].join(", ");
            writeln!(bomb, "a{i}: &a{i} [{list}]").expect("a string");
        }
        let some =
            |n: usize| format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(100), "*a, ".repeat(n)).into_bytes();
        let merged = |n: usize| {
            let keys = (0..100).map(|i| format!("  k{i}: {i}\n")).collect::<Vec<_>>().concat();
            let uses =
                (0..n).map(|i| format!("u{i}:\n  <<: [*a, {{b: c}}]\n  d: e\n")).collect::<Vec<_>>().concat();
            format!("a: &a\n{keys}{uses}").into_bytes()
        };
        let key = |n: usize| format!("{}: v\n", "k".repeat(n)).into_bytes();
        let wide = |n: usize| format!("{}: v\n", "é".repeat(n)).into_bytes();
        let inputs = [
            nested("[", "]", 100),
            nested("{a: ", "}", 9_000),
            nested("[", "]", 20_000),
            nested("{a: ", "}", 20_000),
            nested("- ", "a", 1_000),
            nested("- ", "", 20_000),
            nested("? ", "", 20_000),
            bomb.into_bytes(),
            some(98),
            some(99),
            some(100),
            some(101),
            some(3_950),
            some(3_990),
            some(4_000),
            some(4_500),
            merged(90),
            merged(3_000),
            merged(3_900),
            merged(4_100),
            key(1_023),
            key(1_024),
            key(1_025),
            wide(1_024),
            wide(1_025),
            format!("{{{}: v}}", "k".repeat(1_024)).into_bytes(),
            format!("{{{}: v}}", "k".repeat(1_025)).into_bytes(),
            format!("a: {}\n", "x".repeat(5_000_000)).into_bytes(),
            format!("a: |\n{}", "  line\n".repeat(100_000)).into_bytes(),
        ];
        for mode in [Mode::Chunk, Mode::Stream] {
            check("sizes", mode, &inputs);
        }
    });
}

#[test]
fn files_of_go_modules_are_read_as_by_go() {
    deep(|| {
        let paths = documents(LINKED.map(module_dir).into_iter().chain(FILES.map(module_at)));
        let suite = paths.iter().filter(|p| p.to_string_lossy().contains("yaml-test-suite")).count();
        assert!(suite >= 400, "the YAML test suite has {suite} documents");
        let mut seen = HashSet::new();
        let (mut files, mut chunks) = (0, 0);
        let mut found = Vec::new();
        for batch in paths.chunks(500) {
            let texts: Vec<Vec<u8>> = batch
                .iter()
                .map(|path| std::fs::read(path).expect("readable"))
                .filter(|text| text.len() < 4 << 20 && seen.insert(text.clone()))
                .collect();
            let pieces: Vec<Vec<u8>> = texts
                .iter()
                .flat_map(|text| readers::chunks(text).into_iter().map(|range| text[range.range()].to_vec()))
                .collect();
            files += texts.len();
            chunks += pieces.len();
            found.extend(differences(Mode::Stream, &texts));
            found.extend(differences(Mode::Chunk, &pieces));
            found.retain(|d| !excused(d));
        }
        println!("{files} files, {chunks} chunks, {suite} of the files from the YAML test suite");
        report("files", &found);
    });
}

#[test]
fn random_inputs_are_read_as_by_go() {
    deep(|| {
        let (count, seed) = (number("SEAWALL_YAML", 40_000) as usize, number("SEAWALL_SEED", 1));
        let mut rng = Rng::new(seed);
        let all: Vec<&str> = [cases::YAML, cases::STREAMS, cases::JSON].concat();
        let mut found = Vec::new();
        let (mut made, mut accepted) = (0, 0);
        while made < count && found.len() < 50 {
            let batch: Vec<Vec<u8>> = (0..1000)
                .map(|i| match i % 4 {
                    0 | 1 => generate::document(&mut rng),
                    2 => generate::fragments(&mut rng),
                    _ => generate::mutated(&mut rng, &all),
                })
                .map(String::into_bytes)
                .collect();
            made += batch.len();
            accepted += batch.iter().filter(|b| compare::ours(Mode::Stream, b).refusal.is_none()).count();
            found.extend(differences(Mode::Stream, &batch));
            found.extend(differences(Mode::Chunk, &batch));
            found.retain(|d| !excused(d));
        }
        println!("{made} inputs, {accepted} of them accepted, seed {seed}");
        report("random inputs", &found);
    });
}
