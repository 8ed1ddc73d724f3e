//! kube-score v1.20.0.

use std::collections::{BTreeMap, BTreeSet};

use seawall_check::rules::Tool;
use seawall_conformance::differences::kube_score::{DIFFERENCES, PAIRS};
use seawall_conformance::differences::{Seen, Unit, containers};
use seawall_conformance::{Oracle, documents, module_at};
use serde_json::{Value, json};

use super::super::random::{distinct, file, numbered};
use super::super::{KUBE_SCORE, number};
use super::Outcome;
use super::ours::{Examined, KUBERNETES, examine};

/// Number and seed of the random files, unless others are asked for.
const RUN: (u64, u64) = (15_000, 1);

/// All checks, whatever annotations say, for the same cluster.
fn request(text: &str) -> String {
    json!({
        "files": [text],
        "optional": ["all"],
        "noIgnore": true,
        "noEnable": true,
        "kubernetes": format!("v1.{KUBERNETES}"),
        "minDeployment": 2,
        "minHPA": 2,
    })
    .to_string()
}

fn check<'a>(checks: &'a Value, id: &str) -> Option<&'a Value> {
    checks.as_array().into_iter().flatten().find(|check| check["id"] == id)
}

/// The remarks of a check on an object, with the containers that they are on; nothing where it does not count.
fn remarks<'a>(checks: &'a Value, id: &str) -> Vec<(&'a str, &'a str)> {
    let bad =
        check(checks, id).filter(|check| check["skipped"] == false && check["grade"].as_i64() < Some(10));
    let comments = bad.and_then(|check| check["comments"].as_array()).into_iter().flatten();
    comments.filter_map(|comment| Some((comment[0].as_str()?, comment[1].as_str()?))).collect()
}

fn compare(all: &[Examined], theirs: &Value, outcome: &mut Outcome) {
    let values: Vec<Value> = all.iter().map(|examined| examined.value.clone()).collect();
    let mut keys = BTreeMap::new();
    for examined in all {
        *keys.entry(&examined.key).or_insert(0) += 1;
    }
    let hidden = all.iter().any(|examined| theirs[&examined.key].is_null());
    // Objects of the same identity have one list of grades.
    for Examined { value, found, key } in all.iter().filter(|examined| keys[&examined.key] == 1) {
        let containers = containers(value);
        let names: BTreeSet<_> =
            containers.iter().map(|(_, container)| container["name"].to_string()).collect();
        let graded = !theirs[key].is_null();
        for pair in PAIRS.iter().filter(|pair| pair.looks_at(value)) {
            let skipped = check(&theirs[key], pair.check).is_none_or(|check| check["skipped"] == true);
            let remarks = remarks(&theirs[key], pair.check);
            let seen = Seen {
                check: pair.check,
                object: value,
                container: None,
                graded,
                skipped,
                hidden,
                all: &values,
            };
            let is_meant = |remark: &str| pair.remarks.is_empty() || pair.remarks.contains(&remark);
            let ours = || found.iter().filter(|found| found.rule == pair.rule && found.is_in(pair.place));
            match pair.unit {
                Unit::Object => {
                    let theirs = remarks.iter().any(|(_, remark)| is_meant(remark));
                    outcome.add(DIFFERENCES, pair, &seen, ours().next().is_some(), theirs);
                }
                Unit::Container if names.len() < containers.len() => {}
                Unit::Container => {
                    for (class, container) in &containers {
                        let name = container["name"].as_str().unwrap_or_default();
                        let seen = Seen { container: Some((class, container)), ..seen };
                        let theirs = remarks.iter().any(|(at, remark)| *at == name && is_meant(remark));
                        outcome.add(DIFFERENCES, pair, &seen, ours().any(|found| found.is_at(name)), theirs);
                    }
                }
            }
        }
    }
}

#[test]
fn our_checks_differ_from_kube_score_s_as_the_list_says() {
    let (count, seed) = (number("SEAWALL_SCORES", RUN.0), number("SEAWALL_SEED", RUN.1));
    let fixtures = documents([module_at(KUBE_SCORE)]);
    let mut texts: Vec<String> =
        fixtures.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    texts.extend((0..count).map(|index| {
        let mut rng = numbered(seed, index);
        let objects = file(&mut rng);
        let text: Vec<String> = distinct(objects).iter().map(Value::to_string).collect();
        text.join("\n---\n")
    }));
    let mut oracle = Oracle::of_module("kubescore");
    let mut outcome = Outcome::default();
    for batch in texts.chunks(500) {
        let requests: Vec<String> = batch.iter().map(|text| request(text)).collect();
        for (text, answer) in batch.iter().zip(oracle.ask_all(&requests)) {
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            // What one side cannot read is a matter of the tests of scores.
            if let (Some(documents), None) = (super::ours::documents(text), answer["error"].as_str()) {
                compare(&examine(&documents), &answer["objects"], &mut outcome);
            }
        }
    }
    outcome.conclude(DIFFERENCES, PAIRS, (count, seed) == RUN);
}

#[test]
fn the_pairs_are_those_of_the_map() {
    super::assert_pairs(Tool::KubeScore, PAIRS);
}
