//! kube-score v1.20.0.

use std::collections::{BTreeMap, BTreeSet};

use seawall_conformance::{Oracle, documents, module_at};
use seawall_hardening::models::kube_score::{CHECKS, Facts, Options, Scored, merged, score};
use serde_json::{Value, json};

use super::random::{file, numbered};
use super::rng::Rng;
use super::{KUBE_SCORE, manifests, number};

fn request(files: &[&str], options: &Options) -> String {
    json!({
        "files": files,
        "ignored": options.ignored,
        "optional": options.enabled,
        "noIgnore": !options.ignore_annotations,
        "noEnable": !options.enable_annotations,
        "noCPULimit": options.ignore_container_cpu_limit,
        "noMemoryLimit": options.ignore_container_memory_limit,
        "kubernetes": format!("v{}.{}", options.kubernetes.0, options.kubernetes.1),
        "minDeployment": options.min_replicas_deployment,
        "minHPA": options.min_replicas_hpa,
    })
    .to_string()
}

/// An object as the oracle answers it.
fn answered(object: &Scored) -> Value {
    let mut checks: Vec<_> = object.checks.iter().collect();
    checks.sort_by_key(|check| check.id);
    checks
        .iter()
        .map(|check| {
            let comments: Vec<Value> =
                check.comments.iter().map(|comment| json!([comment.path, comment.summary])).collect();
            let grade = check.grade.map_or(0, |grade| grade as u8);
            json!({"id": check.id, "grade": grade, "skipped": check.skipped, "comments": comments})
        })
        .collect()
}

/// Our scores of some files together; `None` where one cannot be read.
fn ours(files: &[&str], options: &Options) -> Option<Value> {
    let mut all = Vec::new();
    for text in files {
        let entries = seawall_yaml::read(text.as_bytes().to_vec());
        if entries.iter().any(|entry| entry.document.is_none() || !entry.problems.is_empty()) {
            return None;
        }
        all.extend(entries.into_iter().filter_map(|entry| entry.document));
    }
    let mut facts = Facts::default();
    all.iter().for_each(|document| facts.add(document.root()));
    let objects = all.iter().flat_map(|document| score(document.root(), &facts, options));
    Some(merged(objects).iter().map(|object| (object.key(), answered(object))).collect::<serde_json::Map<_, _>>().into())
}

/// What a comparison came to.
#[derive(Default)]
struct Outcome {
    /// Objects that are the same.
    same: usize,
    /// Files that kube-score gives up on, by the first words of why.
    given_up: BTreeMap<String, usize>,
    /// Files that only kube-score reads.
    unread: Vec<String>,
    /// How often each check had each grade; skipped ones are negative.
    seen: BTreeMap<String, BTreeMap<i64, usize>>,
}

fn compare(oracle: &mut Oracle, cases: &[(String, Vec<&str>, Options)], outcome: &mut Outcome) {
    let requests: Vec<String> = cases.iter().map(|(_, files, options)| request(files, options)).collect();
    for ((name, files, options), answer) in cases.iter().zip(oracle.ask_all(&requests)) {
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let ours = ours(files, options);
        if let Some(error) = answer["error"].as_str() {
            let what = error.split([':', '"']).next().unwrap_or_default().to_owned();
            *outcome.given_up.entry(what).or_default() += 1;
            continue;
        }
        let theirs = &answer["objects"];
        let Some(ours) = ours else {
            outcome.unread.push(name.clone());
            continue;
        };
        if ours != *theirs {
            let (ours, theirs) = (flat(&ours), flat(theirs));
            let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
                a.difference(b).cloned().collect::<Vec<_>>().join("\n  ")
            };
            panic!(
                "{name} {options:?}\nonly ours:\n  {}\nonly theirs:\n  {}\n{}",
                only(&ours, &theirs),
                only(&theirs, &ours),
                files.join("\n---\n")
            );
        }
        for checks in theirs.as_object().expect("objects").values() {
            outcome.same += 1;
            for check in checks.as_array().expect("checks") {
                let grade = check["grade"].as_i64().expect("a grade");
                let grade = if check["skipped"] == true { -1 - grade } else { grade };
                let id = check["id"].as_str().expect("an id").to_owned();
                *outcome.seen.entry(id).or_default().entry(grade).or_default() += 1;
            }
        }
    }
}

/// One line for each check of each object.
fn flat(objects: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for (key, checks) in objects.as_object().expect("objects") {
        lines.insert(key.clone());
        for check in checks.as_array().expect("checks") {
            lines.insert(format!("{key} {check}"));
        }
    }
    lines
}

/// All optional checks too, and a newer cluster.
fn everything() -> Options {
    let enabled = CHECKS.iter().filter(|check| check.optional).map(|check| check.id.to_owned()).collect();
    Options { enabled, kubernetes: (1, 33), ..Options::default() }
}

#[test]
fn the_table_lists_what_kube_score_lists() {
    let answer = Oracle::of_module("kubescore").ask(b"");
    let theirs: Value = serde_json::from_slice(&answer).expect("JSON");
    let ours: Vec<Value> =
        CHECKS.iter().map(|check| json!([check.id, check.target, check.optional])).collect();
    assert_eq!(Value::Array(ours), theirs);
}

#[test]
fn fixtures_have_kube_score_s_grades() {
    let paths = documents([module_at(KUBE_SCORE)]);
    let files: Vec<(String, String)> = paths
        .into_iter()
        .filter_map(|path| Some((path.display().to_string(), std::fs::read_to_string(path).ok()?)))
        .collect();
    let mut oracle = Oracle::of_module("kubescore");
    let mut outcome = Outcome::default();
    for options in [Options::default(), everything()] {
        let cases: Vec<_> =
            files.iter().map(|(name, text)| (name.clone(), vec![&**text], options.clone())).collect();
        compare(&mut oracle, &cases, &mut outcome);
        // Files next to each other, as one run: what one lacks another has.
        for count in [2, 5, 20] {
            let cases: Vec<_> = files
                .chunks(count)
                .map(|files| {
                    let (names, texts): (Vec<&str>, Vec<&str>) = files.iter().map(|(n, t)| (&**n, &**t)).unzip();
                    (names.join(" "), texts, options.clone())
                })
                .collect();
            compare(&mut oracle, &cases, &mut outcome);
        }
    }
    println!("{} files: {} same, {:?}, {:?}", files.len(), outcome.same, outcome.given_up, outcome.unread);
}

#[test]
fn manifests_of_go_modules_have_kube_score_s_grades() {
    let files = manifests();
    let mut oracle = Oracle::of_module("kubescore");
    let mut outcome = Outcome::default();
    for batch in files.chunks(200) {
        let cases: Vec<_> = batch
            .iter()
            .map(|(path, text)| (path.display().to_string(), vec![&**text], everything()))
            .collect();
        compare(&mut oracle, &cases, &mut outcome);
    }
    println!("{} files: {} same, {:?}, {:?}", files.len(), outcome.same, outcome.given_up, outcome.unread);
}

/// Flags as somebody might set them; mostly the defaults.
fn options(rng: &mut Rng) -> Options {
    let mut options = if rng.one_in(3) { everything() } else { Options::default() };
    let versions = [(1, 18), (1, 18), (1, 8), (1, 19), (1, 20), (1, 21), (1, 33), (2, 0)];
    options.kubernetes = versions[rng.below(versions.len())];
    options.ignore_container_cpu_limit = rng.one_in(5);
    options.ignore_container_memory_limit = rng.one_in(8);
    options.ignore_annotations = !rng.one_in(8);
    options.enable_annotations = !rng.one_in(8);
    options.min_replicas_deployment = *rng.pick(&[&2, &2, &2, &3, &0]);
    options.min_replicas_hpa = *rng.pick(&[&2, &2, &2, &1, &4]);
    if rng.one_in(5) {
        options.ignored.insert(CHECKS[rng.below(CHECKS.len())].id.to_owned());
    }
    if rng.one_in(5) {
        options.enabled.insert(CHECKS[rng.below(CHECKS.len())].id.to_owned());
    }
    options
}

#[test]
fn random_manifests_have_kube_score_s_grades() {
    let (count, seed) = (number("SEAWALL_SCORES", 10_000), number("SEAWALL_SEED", 1));
    let mut oracle = Oracle::of_module("kubescore");
    let mut outcome = Outcome::default();
    let indices: Vec<u64> = (0..count).collect();
    for batch in indices.chunks(500) {
        let files: Vec<(u64, String, Options)> = batch
            .iter()
            .map(|index| {
                let mut rng = numbered(seed, *index);
                let text: Vec<String> = file(&mut rng).iter().map(Value::to_string).collect();
                (*index, text.join("\n---\n"), options(&mut rng))
            })
            .collect();
        let cases: Vec<_> = files
            .iter()
            .map(|(index, text, options)| {
                (format!("file {index} of seed {seed}"), vec![&**text], options.clone())
            })
            .collect();
        compare(&mut oracle, &cases, &mut outcome);
    }
    println!("{count} files of seed {seed}: {} same, {:?}, {:?}", outcome.same, outcome.given_up, outcome.unread);
    println!("{:#?}", outcome.seen);
}
