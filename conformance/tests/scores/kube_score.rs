//! kube-score v1.20.0.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use seawall_conformance::{Oracle, documents, module_at};
use seawall_hardening::models::kube_score::{CHECKS, CheckInfo, Facts, Options, Scored, merged, score};
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
    for document in &all {
        facts.add(document.root());
    }
    let scored = all.iter().flat_map(|document| score(document.root(), &facts, options));
    let objects = scored.map(|(_, object)| object);
    Some(
        merged(objects)
            .iter()
            .map(|object| (object.key(), answered(object)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    )
}

/// What a comparison came to.
#[derive(Default)]
struct Outcome {
    /// Objects that are the same.
    same: usize,
    /// Files that neither side reads, or that only we read and where there is nothing to grade.
    unread: Vec<String>,
    /// Files that we read and kube-score does not.
    refused: Vec<String>,
    /// Files that kube-score reads and we do not.
    broken: Vec<String>,
    /// Files with an invalid selector, which ends kube-score.
    invalid: Vec<String>,
    /// How often each check had each grade; skipped ones are negative.
    seen: BTreeMap<String, BTreeMap<i64, usize>>,
}

fn compare(oracle: &mut Oracle, cases: &[Case<'_>], outcome: &mut Outcome) {
    let requests: Vec<String> = cases.iter().map(|case| request(&case.files, &case.options)).collect();
    for (case, answer) in cases.iter().zip(oracle.ask_all(&requests)) {
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let ours = ours(&case.files, &case.options);
        let (ours, theirs) = match (ours, answer["error"].as_str()) {
            (Some(ours), None) => (ours, &answer["objects"]),
            (None, None) => {
                outcome.broken.push(case.name.clone());
                continue;
            }
            (None, Some(_)) => {
                outcome.unread.push(case.name.clone());
                continue;
            }
            (Some(ours), Some(error)) => {
                let reading = ["Failed to parse", "yaml: "].iter().any(|start| error.starts_with(start));
                let list = match ours.as_object().is_some_and(serde_json::Map::is_empty) {
                    true => &mut outcome.unread,
                    false if reading => &mut outcome.refused,
                    false => &mut outcome.invalid,
                };
                list.push(case.name.clone());
                continue;
            }
        };
        if ours != *theirs {
            let (ours, theirs) = (flat(&ours), flat(theirs));
            let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
                a.difference(b).cloned().collect::<Vec<_>>().join("\n  ")
            };
            panic!(
                "{} {:?}\nonly ours:\n  {}\nonly theirs:\n  {}\n{}",
                case.name,
                case.options,
                only(&ours, &theirs),
                only(&theirs, &ours),
                case.files.join("\n---\n")
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

impl Outcome {
    fn print(&self, files: usize) {
        println!(
            "{files} files: {} objects have the same grades; {} files nobody reads, {} only we, {} only kube-score; {} invalid selectors",
            self.same,
            self.unread.len(),
            self.refused.len(),
            self.broken.len(),
            self.invalid.len()
        );
    }

    /// The ends of the paths of some files.
    fn ends(names: &[String]) -> Vec<&str> {
        names.iter().map(|name| name.rsplit_once('/').map_or(&**name, |(_, end)| end)).collect()
    }
}

/// What is scored together.
struct Case<'a> {
    name: String,
    files: Vec<&'a str>,
    options: Options,
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
    let read = |path: PathBuf| Some((path.display().to_string(), std::fs::read_to_string(path).ok()?));
    let all: Vec<(String, String)> =
        documents([module_at(KUBE_SCORE)]).into_iter().filter_map(read).collect();
    let mut oracle = Oracle::of_module("kubescore");
    for options in [Options::default(), everything()] {
        let mut files = all.clone();
        // Alone, and several as one run: what one file lacks another has.
        for count in [1, 2, 5, 40] {
            let mut outcome = Outcome::default();
            let cases: Vec<Case<'_>> = files
                .chunks(count)
                .map(|files| {
                    let (names, files): (Vec<&str>, Vec<&str>) =
                        files.iter().map(|(name, text)| (&**name, &**text)).unzip();
                    Case { name: names.join(" "), files, options: options.clone() }
                })
                .collect();
            compare(&mut oracle, &cases, &mut outcome);
            outcome.print(cases.len());
            if count == 1 {
                // A template that was not rendered: its ports are texts.
                assert_eq!(Outcome::ends(&outcome.refused), ["invalid-yaml.yaml"]);
                files.retain(|(name, _)| !outcome.refused.contains(name) && !outcome.unread.contains(name));
            } else {
                assert_eq!((outcome.refused.len(), outcome.unread.len()), (0, 0));
            }
            assert_eq!((outcome.broken.len(), outcome.invalid.len()), (0, 0));
            assert!(outcome.same > 80, "{}", outcome.same);
        }
    }
}

#[test]
fn manifests_of_go_modules_have_kube_score_s_grades() {
    /// What ends kube-score. It is right about wrong types, which our schema finds; about files of several values we are.
    const REFUSED: [&str; 6] = [
        // Several JSON values in one file.
        "multi-resource-json-modify.json",
        "multi-resource-json.json",
        // Templates that were not rendered: their ports are texts.
        "poddelete-pod-blocker-topology-ports-resources.yaml",
        "poddelete-pod-nodeports.yaml",
        "invalid-yaml.yaml",
        // A text for a number.
        "invalid-schema.yml",
    ];
    let files = manifests();
    let mut oracle = Oracle::of_module("kubescore");
    let mut outcome = Outcome::default();
    for batch in files.chunks(200) {
        let cases: Vec<Case<'_>> = batch
            .iter()
            .map(|(path, text)| Case {
                name: path.display().to_string(),
                files: vec![&**text],
                options: everything(),
            })
            .collect();
        compare(&mut oracle, &cases, &mut outcome);
    }
    outcome.print(files.len());
    assert_eq!(Outcome::ends(&outcome.refused), REFUSED);
    assert_eq!(
        Outcome::ends(&outcome.broken),
        ["podgroup.yaml"; 3],
        "templates of Go, which we tell from YAML"
    );
    // Values made up for every field: `matchLabelsKey` is a label, and no operator is one.
    assert!(outcome.invalid.iter().all(|name| name.contains("/testdata/") && name.contains("/apps.v1.")));
    assert!(outcome.same > 1000, "{}", outcome.same);
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
    let (count, seed) = (number("SEAWALL_SCORES", 7_000), number("SEAWALL_SEED", 1));
    let mut oracle = Oracle::of_module("kubescore");
    let mut outcome = Outcome::default();
    let indices: Vec<u64> = (0..count).collect();
    for batch in indices.chunks(500) {
        let files: Vec<(String, String, Options)> = batch
            .iter()
            .map(|index| {
                let mut rng = numbered(seed, *index);
                let text: Vec<String> = file(&mut rng).iter().map(Value::to_string).collect();
                (format!("file {index} of seed {seed}"), text.join("\n---\n"), options(&mut rng))
            })
            .collect();
        let cases: Vec<Case<'_>> = files
            .iter()
            .map(|(name, text, options)| Case {
                name: name.clone(),
                files: vec![&**text],
                options: options.clone(),
            })
            .collect();
        compare(&mut oracle, &cases, &mut outcome);
    }
    outcome.print(indices.len());
    assert_eq!((&outcome.refused[..], &outcome.broken[..], outcome.unread.len()), (&[][..], &[][..], 0));
    assert!(outcome.invalid.len() * 5 < indices.len(), "{}", outcome.invalid.len());
    if count >= 7_000 {
        assert!(outcome.same > 20_000, "{}", outcome.same);
        for CheckInfo { id, .. } in CHECKS {
            // A check that does not count is no proof: at least two outcomes, each of them often enough to be no accident.
            let often = outcome.seen[*id].values().filter(|count| **count >= 10).count();
            assert!(often >= 2, "{id} is hardly compared: {:?}", outcome.seen[*id]);
        }
    }
}
