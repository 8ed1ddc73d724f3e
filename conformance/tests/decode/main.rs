//! Views decoded from JSON against Go: the API machinery's decoder into `corev1.Pod`.
//!
//! `SEAWALL_DECODE_COUNT` and `SEAWALL_DECODE_SEED` choose how many random documents and which.

mod dump;
mod random;

use seawall_conformance::{Oracle, number};
use seawall_model::json;
use seawall_model::pod::Pod;

/// What the decoder makes of a document, in the oracle's words.
fn ours(json: &[u8]) -> String {
    json::decode::<Pod>(json).map_or_else(|e| format!("error: {e}"), |pod| dump::pod(&pod))
}

fn compare(oracle: &mut Oracle, documents: &[Vec<u8>]) -> usize {
    let mut accepted = 0;
    for (json, theirs) in documents.iter().zip(oracle.ask_all(documents)) {
        let theirs = String::from_utf8(theirs).expect("the oracle answers in UTF-8");
        let ours = ours(json);
        match (ours.strip_prefix("error: "), theirs.strip_prefix("error: ")) {
            // The decoder does not know the names of Go's types; syntax errors are told in the same words.
            (Some(ours), Some(theirs)) if theirs.starts_with("json: cannot unmarshal") => {
                assert!(
                    ours.starts_with("cannot unmarshal"),
                    "{}\n{ours}\n{theirs}",
                    String::from_utf8_lossy(json)
                );
            }
            _ => {
                let json = String::from_utf8_lossy(json);
                assert!(ours == theirs, "{json}\nours:\n{ours}\nGo:\n{theirs}");
                accepted += usize::from(!ours.starts_with("error: "));
            }
        }
    }
    accepted
}

#[test]
fn random_documents() {
    let count = number("SEAWALL_DECODE_COUNT", 60_000);
    let seed = number("SEAWALL_DECODE_SEED", 1);
    let mut oracle = Oracle::start("decode");
    let (mut done, mut accepted) = (0, 0);
    while done < count {
        let batch = (count - done).min(5_000);
        let documents: Vec<_> =
            (done..done + batch).map(|i| random::document(seed.wrapping_add(i))).collect();
        accepted += compare(&mut oracle, &documents);
        done += batch;
    }
    println!(
        "{count} documents from seed {seed}: {accepted} accepted, {} refused by both",
        count as usize - accepted
    );
    // A generator that goes wrong must not make the comparison an empty one.
    assert!(accepted * 4 > count as usize && accepted * 10 < count as usize * 9, "{accepted} accepted");
}

#[test]
fn depth() {
    let mut documents = Vec::new();
    for depth in [9_998, 9_999, 10_000, 20_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":[0,", "]}]")] {
            let depth = depth / open.bytes().filter(|b| matches!(b, b'[' | b'{')).count();
            documents.push(format!("{{\"x\":{}1{}}}", open.repeat(depth), close.repeat(depth)).into_bytes());
            documents.push(format!("{{\"metadata\":{{\"x\":{}", open.repeat(depth)).into_bytes());
        }
    }
    compare(&mut Oracle::start("decode"), &documents);
}
