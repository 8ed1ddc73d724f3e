//! Everything that `seawall-yaml` reads against what kubectl reads: the same documents, the same values, the same
//! refusals. The expectation always comes from Go at run time.

mod yaml_cases;

use std::fmt::Write;
use std::sync::Arc;

use seawall_conformance::Oracle;
use seawall_yaml::{Document, Kind, NodeRef};

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
            let mut fields = std::collections::BTreeMap::new();
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

fn lines(document: &Document, out: &mut String) {
    canonical(document.root(), out);
    out.push('\n');
}

/// What the complete reader makes of one chunk.
fn ours_chunk(input: &[u8]) -> (String, Option<String>) {
    let source: Arc<[u8]> = input.into();
    match seawall_yaml::read_complete(&source) {
        Ok(document) => {
            let mut out = String::new();
            lines(&document, &mut out);
            (out, None)
        }
        Err(problem) => (String::new(), Some(problem.message)),
    }
}

/// The oracle's documents, its error, and whether its answer is left to chance.
fn theirs(answer: &[u8]) -> (String, Option<String>, bool) {
    let answer = String::from_utf8_lossy(answer);
    let mut documents = String::new();
    let mut error = None;
    let mut chance = false;
    for line in answer.lines() {
        match line.as_bytes().first() {
            Some(b'!') => error = Some(line[1..].to_owned()),
            Some(b'?') => chance = true,
            _ => {
                documents.push_str(line);
                documents.push('\n');
            }
        }
    }
    (documents, error, chance)
}

/// Runs in a thread with room for deep documents.
fn deep(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 20).spawn(run).expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// The inputs on which the complete reader and Go differ, described.
fn chunk_differences(oracle: &mut Oracle, inputs: &[Vec<u8>]) -> Vec<(usize, String)> {
    let requests: Vec<Vec<u8>> = inputs
        .iter()
        .map(|input| {
            let mut request = vec![b'c'];
            request.extend_from_slice(input);
            // As upstream's line reader does.
            if input.last() != Some(&b'\n') {
                request.push(b'\n');
            }
            request
        })
        .collect();
    let answers = oracle.ask_all(&requests);
    let mut out = Vec::new();
    for (i, (input, answer)) in inputs.iter().zip(&answers).enumerate() {
        let (documents, error, chance) = theirs(answer);
        if chance {
            continue;
        }
        let (ours, problem) = ours_chunk(input);
        if ours != documents || problem.is_some() != error.is_some() {
            let shown = String::from_utf8_lossy(input);
            let shown: String = shown.chars().take(600).collect();
            out.push((
                i,
                format!("{shown:?}\n  go:   {documents:?} {error:?}\n  ours: {ours:?} {problem:?}"),
            ));
        }
    }
    out
}

fn report(differences: &[(usize, String)]) {
    for (_, text) in differences.iter().take(20) {
        eprintln!("{text}\n");
    }
    assert!(differences.is_empty(), "{} inputs differ from Go", differences.len());
}

#[test]
fn the_complete_reader_reads_the_cases_as_go_does() {
    deep(|| {
        let inputs: Vec<Vec<u8>> = yaml_cases::YAML.iter().map(|s| s.as_bytes().to_vec()).collect();
        report(&chunk_differences(&mut Oracle::start("yaml"), &inputs));
    });
}
