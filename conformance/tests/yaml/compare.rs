//! One input through both sides, and what differs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, OnceLock};

use seawall_conformance::Oracle;
use seawall_yaml::{Document, Kind, Limits, NodeRef, Problem, ProblemKind, Reader, Span, readers};

/// Which way an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A file as kubectl reads it, against the public reader.
    Stream,
    /// One chunk through sigs.k8s.io/yaml, against the complete reader alone.
    Chunk,
}

/// What one side makes of an input: the documents in canonical JSON, a line each, up to the first refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) documents: String,
    pub(crate) refusal: Option<String>,
}

impl Outcome {
    fn agrees(&self, go: &Self) -> bool {
        self.refusal.is_some() == go.refusal.is_some() && self.documents == go.documents
    }
}

/// An input on which the sides differ.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) mode: Mode,
    pub(crate) input: Vec<u8>,
    pub(crate) go: Outcome,
    pub(crate) ours: Outcome,
}

/// The value of a node in the oracle's canonical JSON.
fn canonical(node: NodeRef<'_>, out: &mut String) {
    match node.resolved().kind() {
        Kind::Null => out.push_str("null"),
        Kind::Bool => out.push_str(if node.as_bool() == Some(true) { "true" } else { "false" }),
        Kind::Int | Kind::Float => out.push_str(&node.json_number().expect("a number")),
        Kind::String => text(node.as_str().expect("a string"), out),
        Kind::Sequence => {
            out.push('[');
            for (i, item) in node.items().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        Kind::Mapping => {
            let mut fields = BTreeMap::new();
            for (key, value) in node.entries() {
                fields.insert(key.key().expect("a key"), value);
            }
            out.push('{');
            for (i, (key, value)) in fields.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                text(&key, out);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Kind::Alias => unreachable!("resolved"),
    }
}

fn text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\x1F' => write!(out, "\\u{:04x}", u32::from(c)).expect("a string"),
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// Every place of a document lies where it can be shown, and nodes of equal depth follow each other.
fn check_places(document: &Document) {
    let source = document.source();
    for node in document.nodes() {
        let span = node.span();
        assert!(span.start <= span.end && span.end as usize <= source.len(), "{node:?}");
        let range = document.range();
        assert!(range.start <= span.start && span.end <= range.end, "{node:?} outside of {range:?}");
        let mut at = span.start;
        let children: Vec<NodeRef<'_>> = match node.kind() {
            Kind::Sequence => node.items().collect(),
            Kind::Mapping => node.pairs().flat_map(|(k, v)| [k, v]).collect(),
            _ => continue,
        };
        for child in children {
            assert!(at <= child.span().start && child.span().end <= span.end, "{child:?} in {node:?}");
            at = child.span().end;
        }
    }
    for comment in document.comments() {
        assert_eq!(source.get(comment.start as usize), Some(&b'#'));
    }
}

fn push(document: &Document, out: &mut String) {
    check_places(document);
    canonical(document.root(), out);
    out.push('\n');
}

fn our_chunk(input: &[u8]) -> Outcome {
    let source: Arc<[u8]> = input.into();
    let mut documents = String::new();
    let refusal = match readers::complete(&source, Span::new(0, source.len() as u32), &mut None) {
        Ok((document, _)) => {
            push(&document, &mut documents);
            None
        }
        Err(problem) => Some(shown(&problem)),
    };
    Outcome { documents, refusal }
}

fn shown(problem: &Problem) -> String {
    assert!(!problem.message.is_empty() && !problem.message.ends_with('.'), "{problem:?}");
    format!("{} at {}..{}", problem.message, problem.span.start, problem.span.end)
}

/// Whether kubectl stops at what the problem tells.
fn refuses(problem: &Problem) -> bool {
    problem.kind != ProblemKind::Ignored || problem.message.contains("does not accept")
}

fn our_stream(input: &[u8]) -> Outcome {
    let mut documents = String::new();
    let mut refusal = None;
    for entry in Reader::new(input.into(), Limits::default()) {
        refusal = entry.problems.iter().find(|p| refuses(p)).map(shown);
        if refusal.is_some() {
            break;
        }
        if let Some(document) = entry.document {
            push(&document, &mut documents);
        }
    }
    Outcome { documents, refusal }
}

pub(crate) fn ours(mode: Mode, input: &[u8]) -> Outcome {
    match mode {
        Mode::Stream => our_stream(input),
        Mode::Chunk => our_chunk(input),
    }
}

/// Upstream's answer; `None` where it is left to chance.
fn parse(answer: &[u8]) -> Option<Outcome> {
    let answer = String::from_utf8_lossy(answer);
    let mut documents = String::new();
    let mut refusal = None;
    for line in answer.split_terminator('\n') {
        match line.as_bytes().first() {
            Some(b'!') => refusal = Some(line[1..].to_owned()),
            Some(b'?') => return None,
            _ => {
                documents.push_str(line);
                documents.push('\n');
            }
        }
    }
    Some(Outcome { documents, refusal })
}

fn request(mode: Mode, input: &[u8]) -> Vec<u8> {
    match mode {
        Mode::Stream => [b"s", input].concat(),
        Mode::Chunk => {
            // As upstream's line reader gives it to the parser.
            let mut out = vec![b'c'];
            for line in input.split_inclusive(|b| *b == b'\n') {
                match line {
                    [head @ .., b'\r', b'\n'] => out.extend(head.iter().chain(b"\n")),
                    [.., b'\n'] => out.extend(line),
                    _ => out.extend(line.iter().chain(b"\n")),
                }
            }
            out
        }
    }
}

/// The inputs on which the two differ.
pub(crate) fn differences(mode: Mode, inputs: &[Vec<u8>]) -> Vec<Difference> {
    static ORACLE: OnceLock<Mutex<Oracle>> = OnceLock::new();
    let requests: Vec<Vec<u8>> = inputs.iter().map(|input| request(mode, input)).collect();
    let answers = {
        let oracle = ORACLE.get_or_init(|| Mutex::new(Oracle::start("yaml")));
        oracle.lock().expect("no panic while asking").ask_all(&requests)
    };
    let differ = |(input, answer): (&Vec<u8>, &Vec<u8>)| {
        let go = parse(answer)?;
        let ours = ours(mode, input);
        (!ours.agrees(&go)).then(|| Difference { mode, input: input.clone(), go, ours })
    };
    inputs.iter().zip(&answers).filter_map(differ).collect()
}

/// A smaller input that still differs.
fn minimised(difference: &Difference) -> Difference {
    let mut best = difference.clone();
    let mut size = best.input.len().div_ceil(2);
    while size > 0 {
        let candidates: Vec<Vec<u8>> = (0..best.input.len())
            .step_by(size)
            .map(|at| {
                let mut shorter = best.input.clone();
                shorter.drain(at..(at + size).min(shorter.len()));
                shorter
            })
            .collect();
        match differences(best.mode, &candidates).into_iter().next() {
            Some(smaller) => best = smaller,
            None => size /= 2,
        }
    }
    best
}

/// Fails if there are differences, with the smallest inputs that show some of them.
pub(crate) fn report(what: &str, found: &[Difference]) {
    for difference in found.iter().take(8) {
        let Difference { mode, input, go, ours } = minimised(difference);
        let input = String::from_utf8_lossy(&input);
        eprintln!(
            "{mode:?} {input:?}\n  go:   {:?} {:?}\n  ours: {:?} {:?}\n",
            go.documents, go.refusal, ours.documents, ours.refusal
        );
    }
    assert!(found.is_empty(), "{what}: {} inputs differ from Go", found.len());
}

/// Runs in a thread with room for deep documents.
pub(crate) fn deep(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1 << 30).spawn(run).expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}
