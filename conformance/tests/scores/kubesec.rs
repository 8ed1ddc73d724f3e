//! kubesec v2.14.2, its latest release. The edition that is in development is not to be had as a Go module.

use std::collections::BTreeMap;
use std::path::PathBuf;

use seawall_conformance::{Oracle, documents, module_at};
use seawall_hardening::models::kubesec::{Edition, Entry, RULES, Report, score};
use serde_json::{Map, Value, json};

use super::random::{file, numbered, spoiled};
use super::{KUBESEC, manifests, number};

/// Reports as kubesec prints them, without what it writes for people: reasons are words of our own.
fn printed(report: &Report) -> Value {
    let mut scoring = Map::new();
    for (key, list) in
        [("critical", &report.critical), ("passed", &report.passed), ("advise", &report.advise)]
    {
        let entry = |entry: &Entry| {
            assert!(!entry.reason.is_empty() && !entry.reason.ends_with('.'), "{entry:?}");
            json!({"id": entry.id, "selector": entry.selector, "points": entry.points})
        };
        if !list.is_empty() {
            scoring.insert(key.to_owned(), list.iter().map(entry).collect());
        }
    }
    json!({"object": report.object, "message": report.message, "score": report.score, "scoring": scoring})
}

/// Our reports of a file; `None` where it cannot be read.
fn ours(text: &str) -> Option<Vec<Value>> {
    let entries = seawall_yaml::read(text.as_bytes().to_vec());
    let all_read = entries.iter().all(|entry| entry.document.is_some() && entry.problems.is_empty());
    let roots = entries.iter().filter_map(|entry| entry.document.as_ref());
    all_read.then(|| roots.map(|document| printed(&score(document.root(), Edition::Released))).collect())
}

/// What kubesec says: its reports, or what it ends with. Null and comments alone are documents to kubesec, and not to us.
fn theirs(answer: &[u8]) -> Result<Vec<Value>, String> {
    let mut answer: Value = serde_json::from_slice(answer).expect("JSON");
    let empty: Vec<bool> = serde_json::from_value(answer["empty"].take()).unwrap_or_default();
    let Some(reports) = answer["reports"].as_array_mut() else { return Err(answer.to_string()) };
    let mut empty = empty.into_iter();
    reports.retain(|_| empty.next() != Some(true));
    for report in reports.iter_mut() {
        let report = report.as_object_mut().expect("a report");
        assert_eq!(report.remove("valid"), Some(json!(true)));
        report.remove("fileName");
        for list in report["scoring"].as_object_mut().expect("lists").values_mut() {
            for entry in list.as_array_mut().expect("a list") {
                entry.as_object_mut().expect("an entry").remove("reason");
            }
        }
    }
    Ok(std::mem::take(reports))
}

/// What a comparison came to.
#[derive(Default)]
struct Outcome {
    /// Reports that are the same.
    same: usize,
    /// Files at which a rule of kubesec panics.
    crashed: Vec<String>,
    /// Files that only one side reads, or that are read as other documents.
    parted: Vec<String>,
    /// How often each rule was in each list.
    seen: BTreeMap<(String, String), usize>,
}

impl Outcome {
    /// The ends of the paths of some files.
    fn ends(names: &[String]) -> Vec<&str> {
        names.iter().map(|name| name.rsplit_once('/').map_or(&**name, |(_, end)| end)).collect()
    }
}

fn compare(files: &[(String, String)]) -> Outcome {
    let mut oracle = Oracle::of_module("kubesec");
    let mut outcome = Outcome::default();
    for batch in files.chunks(500) {
        let texts: Vec<&str> = batch.iter().map(|(_, text)| &**text).collect();
        for ((name, text), answer) in batch.iter().zip(oracle.ask_all(&texts)) {
            match (ours(text), theirs(&answer)) {
                (_, Err(end)) if end.starts_with("{\"crash") => {
                    assert!(end.contains("interface conversion"), "{end}");
                    outcome.crashed.push(name.clone());
                }
                (None, Err(_)) => {}
                (Some(ours), Err(_)) if ours.is_empty() => {}
                (Some(ours), Ok(theirs)) if ours.len() == theirs.len() => {
                    for (ours, theirs) in ours.iter().zip(&theirs) {
                        assert_eq!(ours, theirs, "{name}\n{text}");
                        outcome.same += 1;
                        for (list, entries) in theirs["scoring"].as_object().expect("lists") {
                            for entry in entries.as_array().expect("a list") {
                                let id = entry["id"].as_str().expect("an id").to_owned();
                                *outcome.seen.entry((id, list.clone())).or_default() += 1;
                            }
                        }
                    }
                }
                _ => outcome.parted.push(name.clone()),
            }
        }
    }
    println!(
        "{} files: {} documents have the same score, kubesec crashes at {}, {} are read otherwise",
        files.len(),
        outcome.same,
        outcome.crashed.len(),
        outcome.parted.len()
    );
    outcome
}

#[test]
fn fixtures_have_kubesec_s_scores() {
    let paths = documents([module_at(KUBESEC).join("test/asset")]);
    let read = |path: PathBuf| Some((path.display().to_string(), std::fs::read_to_string(path).ok()?));
    let outcome = compare(&paths.into_iter().filter_map(read).collect::<Vec<_>>());
    // `hostNetwork` is a number there: kubesec relies on its validation for types.
    assert_eq!(Outcome::ends(&outcome.crashed), ["invalid-schema.yml"]);
    assert_eq!(Outcome::ends(&outcome.parted), [""; 0]);
    assert!(outcome.same >= 70, "{}", outcome.same);
}

#[test]
fn manifests_of_go_modules_have_kubesec_s_scores() {
    /// What is read otherwise: we are right each time.
    const PARTED: [&str; 5] = [
        // kubesec reads the first of several JSON values and is silent about the others.
        "multi-resource-json-modify.json",
        "multi-resource-json.json",
        // With Windows line ends it finds no separators but on Windows, and reads the first document alone.
        "networkpolicy-matching.yaml",
        "pod-probes-on-different-containers-init.yaml",
        "pod-probes-on-different-containers.yaml",
    ];
    let files: Vec<(String, String)> =
        manifests().into_iter().map(|(path, text)| (path.display().to_string(), text)).collect();
    let outcome = compare(&files);
    assert_eq!(Outcome::ends(&outcome.crashed), ["invalid-schema.yml"]);
    assert_eq!(Outcome::ends(&outcome.parted), PARTED);
    assert!(outcome.same > 2000, "{}", outcome.same);
}

#[test]
fn random_manifests_have_kubesec_s_scores() {
    let (count, seed) = (number("SEAWALL_SCORES", 5_000), number("SEAWALL_SEED", 1));
    let files: Vec<(String, String)> = (0..count)
        .map(|index| {
            let mut rng = numbered(seed, index);
            let objects = file(&mut rng);
            let objects: Vec<Value> = objects.into_iter().map(|object| spoiled(object, &mut rng)).collect();
            let text: Vec<String> = objects.iter().map(Value::to_string).collect();
            (format!("file {index} of seed {seed}"), text.join("\n---\n"))
        })
        .collect();
    let outcome = compare(&files);
    assert_eq!(outcome.parted, [""; 0]);
    // Host namespaces of another type than boolean.
    assert!(outcome.crashed.len() * 100 < files.len(), "{}", outcome.crashed.len());
    if count >= 5_000 {
        for rule in RULES {
            let lists: &[&str] = if rule.points < 0 { &["critical"] } else { &["passed", "advise"] };
            let seen = |list: &&str| outcome.seen.get(&(rule.id.to_owned(), (*list).to_owned()));
            let often = lists.iter().all(|list| seen(list).is_some_and(|count| *count >= 20));
            assert!(often || !rule.is_in(Edition::Released), "{} is hardly compared", rule.id);
        }
    }
}
