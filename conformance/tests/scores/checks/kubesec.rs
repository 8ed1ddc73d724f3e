//! kubesec's development branch, by its model: no Go module has it, and the released rules of the same model are held against
//! the program itself.

use seawall_check::rules::Tool;
use seawall_conformance::differences::kubesec::{DIFFERENCES, PAIRS};
use seawall_conformance::differences::{CLASSES, Seen, containers, pod};
use seawall_hardening::models::kubesec::{Edition, RULES, score};
use serde_json::{Value, json};

use super::super::number;
use super::super::random::{distinct, file, numbered};
use super::Outcome;
use super::ours::{documents, examine};

/// Number and seed of the random files, unless others are asked for.
const RUN: (u64, u64) = (15_000, 1);

/// The object with the first container of its pods alone.
fn with_one_container(mut object: Value) -> Value {
    let first = containers(&object).first().map(|(class, container)| (*class, (*container).clone()));
    let pointer = pod(&object).map(|_| match object["kind"].as_str() {
        Some("Pod") => "/spec",
        Some("CronJob") => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    });
    if let (Some((class, container)), Some(spec)) = (first, pointer.and_then(|at| object.pointer_mut(at))) {
        for other in CLASSES {
            spec[other] = if other == class { Value::Array(vec![container.clone()]) } else { Value::Null };
        }
    }
    // The random bindings have neither a group of their API nor subjects of a kind.
    if object["kind"] == "RoleBinding" {
        object["apiVersion"] = json!("rbac.authorization.k8s.io/v1");
        object["roleRef"] =
            json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"});
        for (index, subject) in object["subjects"].as_array_mut().into_iter().flatten().enumerate() {
            subject["kind"] = json!(if index % 2 == 0 { "User" } else { "Group" });
        }
    }
    object
}

#[test]
fn our_checks_differ_from_kubesec_s_rules_as_the_list_says() {
    let (count, seed) = (number("SEAWALL_SCORES", RUN.0), number("SEAWALL_SEED", RUN.1));
    let mut outcome = Outcome::default();
    for index in 0..count {
        for object in distinct(file(&mut numbered(seed, index))).into_iter().map(with_one_container) {
            let Some(documents) = documents(&object.to_string()) else { continue };
            let [examined] = &examine(&documents)[..] else { continue };
            let report = score(documents[0].root(), Edition::Development);
            let value = std::slice::from_ref(&examined.value);
            let container = containers(&examined.value).first().copied();
            // Without a container there is nothing to hold against each other.
            if container.is_none() && examined.value["kind"] != "RoleBinding" {
                continue;
            }
            let graded = object["kind"] == examined.value["kind"];
            let seen = Seen {
                check: "",
                object: &value[0],
                container,
                graded,
                skipped: false,
                hidden: false,
                all: value,
            };
            for pair in PAIRS {
                let rule = RULES.iter().find(|rule| rule.id == pair.check).expect("a rule of kubesec");
                // Of other kinds kubesec says nothing.
                if !rule.kinds.contains(&examined.value["kind"].as_str().unwrap_or_default()) {
                    continue;
                }
                let list = if rule.points < 0 { &report.critical } else { &report.advise };
                let theirs = list.iter().any(|entry| entry.id == rule.id);
                let ours =
                    examined.found.iter().any(|found| found.rule == pair.rule && found.is_in(pair.place));
                outcome.add(DIFFERENCES, pair, &Seen { check: pair.check, ..seen }, ours, theirs);
            }
        }
    }
    outcome.conclude(DIFFERENCES, PAIRS, (count, seed) == RUN);
}

#[test]
fn the_pairs_are_those_of_the_map() {
    super::assert_pairs(Tool::Kubesec, PAIRS);
}
