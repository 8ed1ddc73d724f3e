//! How results are spread over runs, and what is said of those without room.

use std::sync::Arc;

use seawall_check::{InputError, Record, Summary};
use serde_json::Value;

use super::*;

/// The document on `count` results that come in parts of `size`.
fn document(limits: Limits, count: u64, size: usize, heard: &Heard) -> Value {
    let mut state = State { limits, ..State::default() };
    let mut out = Vec::new();
    let all: Vec<u64> = (0..count).collect();
    for part in all.chunks(size) {
        let (mut text, mut items) = (String::new(), Vec::new());
        for n in part {
            text.push_str(",\n{\"f\":\"x");
            let mark = text.len();
            text += "\",\"n\":";
            text += &n.to_string();
            text.push('}');
            // Ten results a record, and every record twice.
            let record = n / 10 / 2;
            items.push(Item { end: text.len(), mark, file: 1, record, first: n.is_multiple_of(10) });
        }
        state.add(&Blocks::from(text), &items, Heard::default(), &mut out).unwrap();
    }
    state.add(&Blocks::default(), &[], heard.clone(), &mut out).unwrap();
    state.finish(&Summary { exit: 1, ..Summary::default() }, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out)))
}

fn notes(document: &Value) -> Vec<String> {
    let last = document["runs"].as_array().unwrap().last().unwrap();
    let notes = last["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    notes.iter().map(|n| n["message"]["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_result_vanishes_without_a_word() {
    let limits = Limits { results: 7, runs: 3 };
    for count in [0, 7, 8, 15, 21, 22, 100] {
        for size in [1, 1000] {
            let document = document(limits, count, size, &Heard::default());
            let runs = document["runs"].as_array().unwrap();
            assert_eq!(runs.len() as u64, count.div_ceil(7).clamp(1, 3));
            let mut ids = Vec::new();
            let mut numbers = Vec::new();
            for (i, run) in runs.iter().enumerate() {
                assert!(run["results"].as_array().unwrap().len() <= 7);
                numbers.extend(run["results"].as_array().unwrap().iter().map(|r| r["n"].as_u64().unwrap()));
                ids.push(run["automationDetails"]["id"].as_str());
                assert_eq!(run["invocations"].is_array(), i + 1 == runs.len());
                assert!(run["tool"]["driver"]["rules"].as_array().unwrap().len() > 10);
            }
            assert_eq!(numbers, (0..count.min(21)).collect::<Vec<_>>());
            assert_eq!(ids, [None, Some("seawall/part-2/"), Some("seawall/part-3/")][..runs.len()]);
            let told: Vec<String> = (count > 21)
                .then(|| {
                    let s = if count == 22 { "" } else { "s" };
                    format!(
                        "{} result{s} had no room here: seawall scan --format jsonl names them all",
                        count - 21
                    )
                })
                .into_iter()
                .collect();
            assert_eq!(notes(&document), told, "{count} in {size}");
        }
    }
}

#[test]
fn equal_records_are_told_apart_across_runs() {
    let document = document(Limits { results: 15, runs: 3 }, 40, 4, &Heard::default());
    let runs = document["runs"].as_array().unwrap();
    let marks: Vec<&str> = runs
        .iter()
        .flat_map(|r| r["results"].as_array().unwrap())
        .map(|r| r["f"].as_str().unwrap())
        .collect();
    let wanted: Vec<&str> = (0..40).map(|n| if n / 10 % 2 == 0 { "x" } else { "x:2" }).collect();
    assert_eq!(marks, wanted);
}

#[test]
fn githubs_limits_hold() {
    assert_eq!((LIMITS.results, LIMITS.runs), (25_000, 20));
    let document = document(LIMITS, 25_001, 500, &Heard::default());
    let lengths: Vec<usize> =
        document["runs"].as_array().unwrap().iter().map(|r| r["results"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [25_000, 1]);
}

#[test]
fn notifications_without_room_are_counted() {
    let mut heard = Heard::default();
    for n in 0..1500 {
        let file: Arc<str> = format!("{n}.yaml").into();
        let error = InputError { file, origin: None, region: None, message: n.to_string(), hint: None };
        heard.notes.note(&Record::Error(error), &Base::default());
    }
    let notes = notes(&document(LIMITS, 0, 1, &heard));
    assert_eq!(notes.len(), 1001);
    assert_eq!(notes[0], "500 input errors had no room here: seawall scan --format jsonl names them all");
    assert_eq!((notes[1].as_str(), notes[1000].as_str()), ("0", "999"));
}
