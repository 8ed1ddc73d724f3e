//! Prints what the readers do per second of CPU time on generated manifests: `read [--quick]`.

#![expect(clippy::cast_precision_loss, reason = "measurements are not exact to 52 bits")]

use std::process::ExitCode;
use std::sync::Arc;

use seawall_benches::corpus;
use seawall_benches::cpu::Clock;
use seawall_yaml::{Document, Kind, Limits, NodeRef, Reader, Span, readers};

/// The document as JSON.
fn to_json(document: &Document) -> String {
    fn quote(text: &str, out: &mut String) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out.push('"');
    }
    fn show(node: NodeRef<'_>, out: &mut String) {
        match node.kind() {
            Kind::Mapping => {
                out.push('{');
                for (i, (key, value)) in node.pairs().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    quote(&key.key().unwrap_or_default(), out);
                    out.push(':');
                    show(value, out);
                }
                out.push('}');
            }
            Kind::Sequence => {
                out.push('[');
                for (i, item) in node.items().enumerate() {
                    out.push_str(if i == 0 { "" } else { "," });
                    show(item, out);
                }
                out.push(']');
            }
            Kind::String => quote(node.text().unwrap_or_default(), out),
            Kind::Bool => out.push_str(if node.as_bool() == Some(true) { "true" } else { "false" }),
            _ => out.push_str(&node.json_number().unwrap_or("null".into())),
        }
    }
    let mut out = String::new();
    show(document.root(), &mut out);
    out
}

/// Runs `work`, which returns how many documents it has read, and prints its speed.
fn report(name: &str, bytes: usize, documents: usize, rounds: usize, mut work: impl FnMut() -> usize) {
    let clock = Clock::start();
    assert_eq!(work(), documents, "{name}");
    let before = clock.now();
    for _ in 0..rounds {
        assert_eq!(work(), documents, "{name}");
    }
    let seconds = clock.now().saturating_sub(before).as_secs_f64() / rounds as f64;
    let (bytes, documents) = (bytes as f64 / 1e6 / seconds, documents as f64 / seconds);
    println!("  {name:26} {bytes:8.1} MB/s {documents:10.0} documents/s");
}

fn measure(name: &str, documents: usize, rounds: usize, document: impl Fn(usize) -> String) {
    let text = (0..documents).map(document).collect::<Vec<_>>().join("---\n");
    let yaml: Arc<[u8]> = text.into_bytes().into();
    println!("{name}: {documents} documents, {} bytes", yaml.len());
    let chunks = readers::chunks(&yaml);
    let mut scratch = None;
    report("split", yaml.len(), documents, rounds, || readers::chunks(&yaml).len());
    report("fast", yaml.len(), documents, rounds, || {
        each(&chunks, &mut scratch, |range, scratch| readers::fast(&yaml, range, scratch))
    });
    report("complete", yaml.len(), documents, rounds.div_ceil(4), || {
        each(&chunks, &mut scratch, |range, scratch| Some(readers::complete(&yaml, range, scratch).ok()?.0))
    });
    report("stream (split, then fast)", yaml.len(), documents, rounds, || {
        let mut reader = Reader::new(Arc::clone(&yaml), Limits::default());
        let mut count = 0;
        while let Some(entry) = reader.next() {
            if let Some(document) = entry.document {
                count += 1;
                reader.recycle(document);
            }
        }
        count
    });

    let json: Vec<String> =
        chunks.iter().filter_map(|range| Some(to_json(&readers::fast(&yaml, *range, &mut None)?))).collect();
    let json: Arc<[u8]> = json.join("\n").into_bytes().into();
    report("json", json.len(), documents, rounds, || {
        let mut at = 0;
        let mut count = 0;
        while (at as usize) < json.len() {
            let Ok((document, end)) = readers::json(&json, at, &mut scratch) else { break };
            scratch = Some(document);
            count += 1;
            at = end + 1;
        }
        count
    });
}

/// Reads all chunks; how many could be read.
fn each(
    chunks: &[Span],
    scratch: &mut Option<Document>,
    mut read: impl FnMut(Span, &mut Option<Document>) -> Option<Document>,
) -> usize {
    let mut count = 0;
    for &range in chunks {
        *scratch = read(range, scratch);
        count += usize::from(scratch.is_some());
    }
    count
}

fn main() -> ExitCode {
    let rounds = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => 40,
        [option] if option == "--quick" => 4,
        _ => {
            eprintln!("usage: read [--quick]");
            return ExitCode::from(2);
        }
    };
    let documents = 2400;
    measure("Deployments", documents, rounds, |i| corpus::document(1, i * corpus::DOCUMENTS_PER_APP));
    measure("mixed", documents, rounds, |i| corpus::document(1, i));
    ExitCode::SUCCESS
}
