//! `seawall-manifest` against the API machinery's typed decoder: the same documents accepted and refused, for the same reason
//! word for word, the same unknown and duplicate fields.

mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use random::{Random, Value};
use seawall_conformance::{Oracle, module_dir, number};
use seawall_manifest::objects::{RejectKind, objects};
use seawall_manifest::schema::{Answer, SchemaProblem, SchemaProblemKind, Walker, refusal, refused};
use seawall_manifest::types::{Shape, kinds, type_of};
use seawall_yaml::Document;
use serde_json::Value as Json;

/// Random documents in the ordinary run; `SEAWALL_TYPES_COUNT` and `SEAWALL_TYPES_SEED` change number and seed.
const COUNT: usize = 40_000;

/// What one side says of a document.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    refused: bool,
    /// Why, where it is refused; empty for lists.
    reason: String,
    unknown: BTreeSet<String>,
    duplicate: BTreeSet<String>,
    yaml_duplicate: bool,
}

/// Ours, with the reasons for refusing. Lists are put together again: the oracle decodes them as one.
fn ours(document: &Document, walker: &mut Walker) -> (Verdict, Vec<SchemaProblem>) {
    let found = objects(document);
    let mut problems: Vec<SchemaProblem> = Vec::new();
    for (_, list) in &found.lists {
        problems.extend(walker.check_list(list));
    }
    for object in &found.objects {
        let prefix = object.path().to_string();
        problems.extend(walker.check(object).into_iter().map(|mut problem| {
            if !prefix.is_empty() {
                problem.go_path = format!("{prefix}.{}", problem.go_path);
            }
            problem
        }));
    }
    let mut verdict = Verdict { refused: refused(&problems), ..Verdict::default() };
    // Null is a fine item for Go's typed lists.
    let null = |span: seawall_yaml::Span| document.nodes().any(|n| n.span() == span && n.is_null());
    verdict.refused |= found.rejects.iter().any(|r| r.kind != RejectKind::NotAMapping || !null(r.span));
    for problem in &problems {
        let set = match problem.kind {
            SchemaProblemKind::UnknownField { .. } => &mut verdict.unknown,
            SchemaProblemKind::DuplicateKey { .. } => {
                verdict.yaml_duplicate |= !document.is_json();
                &mut verdict.duplicate
            }
            _ => continue,
        };
        if problem.answer == Answer::Strict {
            set.insert(problem.go_path.clone());
        }
    }
    (verdict, problems)
}

fn theirs(answer: &Json) -> Verdict {
    let set = |key: &str| {
        answer[key]
            .as_array()
            .expect("a list")
            .iter()
            .map(|v| v.as_str().expect("a path").to_owned())
            .collect()
    };
    Verdict {
        refused: answer["class"] == "refused",
        reason: String::new(),
        unknown: set("unknown"),
        duplicate: set("duplicate"),
        yaml_duplicate: answer["yamlDuplicate"] == true,
    }
}

/// Counts of a comparison.
#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    accepted: usize,
    refused: usize,
    strict: usize,
    reasons: usize,
    skipped: BTreeMap<String, usize>,
    kinds: BTreeSet<String>,
    differences: Vec<String>,
}

/// Compares documents, each with a name.
fn compare(oracle: &mut Oracle, documents: &[(String, Document)]) -> Tally {
    let requests: Vec<Vec<u8>> = documents
        .iter()
        .map(|(_, document)| {
            let mut request = vec![if document.is_json() { b'j' } else { b'y' }];
            request.extend_from_slice(&document.source()[document.range().range()]);
            request
        })
        .collect();
    let mut tally = Tally::default();
    let mut walker = Walker::default();
    for ((name, document), answer) in documents.iter().zip(oracle.ask_all(&requests)) {
        let answer: Json = serde_json::from_slice(&answer).expect("JSON");
        let class = answer["class"].as_str().expect("a class");
        let root = document.root();
        let text = |key: &str| root.get(key).and_then(seawall_yaml::NodeRef::as_str).unwrap_or_default();
        let known = type_of(text("apiVersion"), text("kind")).is_some();
        if class != "accepted" && class != "refused" || !known {
            let reason = if known { class } else { "not in the table" };
            *tally.skipped.entry(reason.to_owned()).or_default() += 1;
            continue;
        }
        let (mut ours, problems) = ours(document, &mut walker);
        if ours.duplicate.contains("items") {
            // kubectl decodes lists without types and takes the last; so do we.
            *tally.skipped.entry("items given twice".to_owned()).or_default() += 1;
            continue;
        }
        let mut theirs = theirs(&answer);
        if theirs.refused || ours.refused {
            // Then Go does not say what else is wrong.
            ours = Verdict { refused: ours.refused, ..Verdict::default() };
            theirs = Verdict { refused: theirs.refused, ..Verdict::default() };
            // kubectl sends the items of a list one by one, so nobody ever hears what the decoder says of a list.
            if root.get("items").is_none() && !text("kind").ends_with("List") {
                ours.reason = refusal(&problems).map(|p| p.reason.clone()).unwrap_or_default();
                answer["error"].as_str().expect("a text").clone_into(&mut theirs.reason);
                tally.reasons += 1;
            }
        }
        if document.nodes().any(seawall_yaml::NodeRef::merges) {
            // Strict YAML takes a key that overrides a merged one for a duplicate.
            theirs.yaml_duplicate = ours.yaml_duplicate;
        }
        tally.compared += 1;
        tally.kinds.insert(format!("{} {}", text("apiVersion"), text("kind")));
        tally.accepted += usize::from(!theirs.refused);
        tally.refused += usize::from(theirs.refused);
        tally.strict +=
            usize::from(!theirs.unknown.is_empty() || !theirs.duplicate.is_empty() || theirs.yaml_duplicate);
        if ours != theirs {
            let source = String::from_utf8_lossy(&document.source()[document.range().range()]).into_owned();
            tally.differences.push(format!(
                "{name}: {} {}\nours:   {ours:?}\ntheirs: {theirs:?}\nGo: {}\nreasons: {:?}\n{source}\n",
                text("apiVersion"),
                text("kind"),
                answer["error"],
                problems.iter().map(|p| &p.reason).collect::<Vec<_>>()
            ));
        }
    }
    println!(
        "{} compared: {} accepted, {} refused ({} reasons compared), {} with strict errors; {} kinds; skipped {:?}",
        tally.compared,
        tally.accepted,
        tally.refused,
        tally.reasons,
        tally.strict,
        tally.kinds.len(),
        tally.skipped
    );
    tally
}

#[track_caller]
fn expect_none(tally: &Tally) {
    let shown: String = tally.differences.iter().take(5).cloned().collect();
    assert!(tally.differences.is_empty(), "{} differences, the first:\n{shown}", tally.differences.len());
}

fn read(source: Vec<u8>) -> impl Iterator<Item = Document> {
    seawall_yaml::read(source).into_iter().filter(|e| e.problems.is_empty()).filter_map(|e| e.document)
}

#[test]
fn random_objects() {
    let count = number("SEAWALL_TYPES_COUNT", COUNT as u64) as usize;
    let seed = number("SEAWALL_TYPES_SEED", 1);
    let mut random = Random(seed);
    let all: Vec<_> = kinds().collect();
    let mut documents = Vec::with_capacity(count);
    let mut unread = 0;
    for i in 0..count {
        let (api_version, kind, id) = all[i % all.len()];
        let mut pairs = vec![
            ("apiVersion".to_owned(), Value::Text(api_version.to_owned())),
            ("kind".to_owned(), Value::Text(kind.to_owned())),
        ];
        pairs.extend(random::fields(&mut random, id, 0));
        for name in ["spec", "items"] {
            if let Some(field) = id.field(name.as_bytes())
                && !pairs.iter().any(|(key, _)| key == name)
            {
                let shape = match field.shape {
                    Shape::List(item, _) => Value::List(vec![random::valid(&mut random, item.shape(), 1)]),
                    shape => random::valid(&mut random, shape, 1),
                };
                pairs.push((name.to_owned(), shape));
            }
        }
        let mut value = Value::Map(pairs);
        let as_yaml = random.one_in(2);
        // One in four is left valid.
        for _ in 0..[0, 1, 1, 2][random.below(4)] {
            random::mutate(&mut random, &mut value, as_yaml);
        }
        let mut text = String::new();
        if as_yaml {
            random::yaml(&value, 0, &mut text);
        } else {
            random::json(&value, &mut text);
        }
        text.push('\n');
        let before = documents.len();
        documents.extend(read(text.into_bytes()).map(|d| (format!("random {i} of seed {seed}"), d)));
        unread += usize::from(documents.len() == before);
    }
    println!("{} documents, {unread} not read", documents.len());
    assert!(unread * 100 < count, "too many documents are not even read");
    let tally = compare(&mut Oracle::start("typed"), &documents);
    expect_none(&tally);
    assert!(
        tally.compared * 10 > count * 8
            && tally.refused * 10 > count
            && tally.reasons * 20 > count
            && tally.strict * 20 > count,
        "too little was tried"
    );
}

/// All YAML and JSON files below a directory.
fn manifests(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            manifests(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json") {
            found.push(path);
        }
    }
}

/// The directory of Kubernetes itself, at the version that the type table describes.
fn kubernetes_dir() -> PathBuf {
    let output = std::process::Command::new("go")
        .args(["mod", "download", "-json", "k8s.io/kubernetes@v1.37.2"])
        .output()
        .expect("Go is needed, see https://go.dev/doc/install");
    let module: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    PathBuf::from(module["Dir"].as_str().expect("a directory"))
}

#[test]
fn manifests_of_upstream() {
    let modules = ["k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go", "k8s.io/pod-security-admission"];
    let mut dirs: Vec<PathBuf> = modules.into_iter().map(module_dir).collect();
    dirs.push(kubernetes_dir());
    let mut documents = Vec::new();
    for dir in dirs {
        let mut paths = Vec::new();
        manifests(&dir, &mut paths);
        // The descriptions of the API are huge and no objects.
        for path in paths.iter().filter(|p| !p.to_string_lossy().contains("openapi-spec")) {
            let source = std::fs::read(path).expect("a readable file");
            documents.extend(read(source).map(|d| (path.display().to_string(), d)));
        }
    }
    let tally = compare(&mut Oracle::start("typed"), &documents);
    expect_none(&tally);
    assert!(tally.compared > 6_000, "too few manifests were found");
}
