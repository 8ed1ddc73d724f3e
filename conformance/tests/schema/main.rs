//! `schema::strict` on built-in kinds: fields that older releases do not have against the types of these releases, fields that
//! must be there against Kubernetes' `OpenAPI`.

#[allow(dead_code, reason = "objects are made here, and written as JSON")]
#[path = "../types/random.rs"]
mod random;

use std::collections::BTreeSet;

use random::{Random, Value};
use seawall_conformance::{Oracle, module_at};
use seawall_manifest::objects::objects;
use seawall_manifest::schema::{Definitions, SchemaProblemKind, strict};
use seawall_manifest::types::{Shape, TypeId, kinds};
use seawall_model::{FieldPath, Segment};
use serde_json::{Value as Json, json};

/// Kinds that are not of k8s.io/api: its releases know nothing of them. `Status` is what servers answer; of its metadata,
/// those of lists, `shardInfo` came with 1.36.
fn is_elsewhere(api_version: &str, kind: &str) -> bool {
    ["apiextensions.k8s.io/", "apiregistration.k8s.io/"].iter().any(|group| api_version.starts_with(group))
        || (api_version, kind) == ("v1", "Status")
}

/// The least that a field takes.
fn least(shape: Shape) -> Json {
    match shape {
        Shape::Bool => true.into(),
        Shape::Int32 | Shape::Int64 | Shape::Float => 1.into(),
        Shape::Time => "2026-01-02T03:04:05Z".into(),
        Shape::MicroTime => "2026-01-02T03:04:05.000000Z".into(),
        Shape::List(..) => json!([]),
        Shape::String => "".into(),
        Shape::Bytes => "YQ==".into(),
        Shape::Quantity | Shape::IntOrString => "1".into(),
        Shape::Any
        | Shape::Struct(_)
        | Shape::Map(_)
        | Shape::OrBool(_)
        | Shape::OrList(_)
        | Shape::OrStrings(_) => {
            json!({})
        }
    }
}

/// Every field of a struct and of those below it, each struct once: what leads to it, around the field.
fn fields(id: TypeId, known: &mut BTreeSet<TypeId>, around: &dyn Fn(Json) -> Json, out: &mut Vec<Json>) {
    if !known.insert(id) {
        return;
    }
    for (name, shape) in id.fields() {
        out.push(around(json!({ name: least(shape) })));
        let (mut inner, mut wraps) = (shape, Vec::new());
        loop {
            match inner {
                Shape::List(of, _) => {
                    wraps.push('[');
                    inner = of.shape();
                }
                Shape::Map(of) => {
                    wraps.push('{');
                    inner = of.shape();
                }
                _ => break,
            }
        }
        if let Shape::Struct(id) = inner {
            let wrap = |value: Json| {
                let value = wraps.iter().rev().fold(value, |value, wrap| {
                    if *wrap == '[' { json!([value]) } else { json!({"k": value}) }
                });
                around(json!({ name: value }))
            };
            fields(id, known, &wrap, out);
        }
    }
}

fn older(modfile: &str, minor: u64, wanted: usize) {
    let mut documents = Vec::new();
    // Lists are read as their items.
    let is_asked =
        |api_version: &str, kind: &str| !is_elsewhere(api_version, kind) && !kind.ends_with("List");
    for (api_version, kind, id) in kinds().filter(|(api_version, kind, _)| is_asked(api_version, kind)) {
        let whole = |mut value: Json| {
            value["apiVersion"] = api_version.into();
            value["kind"] = kind.into();
            value
        };
        fields(id, &mut BTreeSet::new(), &whole, &mut documents);
    }
    documents.retain(|document| document.get("status").is_none());
    let requests: Vec<Vec<u8>> = documents.iter().map(|d| d.to_string().into_bytes()).collect();
    let answers = Oracle::of_module_with("older", modfile).ask_all(&requests);
    let (mut newer, mut differences) = (0, Vec::new());
    for (request, answer) in requests.into_iter().zip(answers) {
        let theirs = String::from_utf8(answer).expect("UTF-8");
        let document = seawall_yaml::read(request.clone()).remove(0).document.expect("JSON");
        let found = objects(&document);
        let Some(object) = found.objects.first() else { continue };
        let held = strict(object, minor, &Definitions::default());
        let ours: Vec<String> = held
            .problems
            .iter()
            .filter(|p| p.kind == SchemaProblemKind::NotInVersion)
            .map(|p| p.path.to_string())
            .collect();
        let ours = if ours == ["kind"] { "none".to_owned() } else { ours.join("\n") };
        newer += usize::from(!theirs.is_empty());
        // Items have names here and positions there: what is compared is the field.
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        if last(&ours) != last(&theirs) {
            let request = String::from_utf8_lossy(&request).into_owned();
            differences.push(format!("{request}\nours: {ours}, theirs: {theirs}\n"));
        }
    }
    println!("1.{minor}: {} fields, {newer} of them newer", documents.len());
    let shown: String = differences.iter().take(8).cloned().collect();
    assert!(differences.is_empty(), "{} differences, the first:\n{shown}", differences.len());
    assert!(newer > wanted, "too little is newer");
}

#[test]
fn fields_of_1_32() {
    older("go.mod", 32, 200);
}

#[test]
fn fields_of_1_34() {
    older("go.34.mod", 34, 100);
}

/// Objects that lack fields; `SEAWALL_SCHEMA_COUNT` changes their number.
const COUNT: usize = 10_000;

fn without_nulls(value: &mut Value) {
    match value {
        Value::Map(pairs) => {
            pairs.retain(|(_, value)| !matches!(value, Value::Raw(text) if text == "null"));
            for (_, value) in pairs {
                without_nulls(value);
            }
        }
        Value::List(items) => {
            items.retain(|value| !matches!(value, Value::Raw(text) if text == "null"));
            for item in items {
                without_nulls(item);
            }
        }
        _ => {}
    }
}

/// The path with positions in the place of names.
fn pointer(path: &FieldPath, root: &Json) -> String {
    let (mut at, mut out) = (root, String::new());
    for segment in &path.0 {
        let step = match segment {
            Segment::Key(name) => {
                at = &at[&**name];
                name.to_string()
            }
            Segment::Index(position) => {
                at = &at[*position as usize];
                position.to_string()
            }
            Segment::Item(name) => {
                let items = at.as_array().expect("a list");
                let position =
                    items.iter().position(|item| item[&*name.key] == *name.value).expect("an item");
                at = &items[position];
                position.to_string()
            }
        };
        out.push('/');
        out.push_str(&step);
    }
    out
}

#[test]
fn fields_that_must_be_there() {
    let spec = module_at("k8s.io/kubernetes@v1.37.2").join("api/openapi-spec/swagger.json");
    let mut oracle = Oracle::start("openapi");
    assert_eq!(oracle.ask(spec.to_str().expect("UTF-8").as_bytes()), b"");
    let count = std::env::var("SEAWALL_SCHEMA_COUNT").map_or(COUNT, |text| text.parse().expect("a number"));
    let mut random = Random(11);
    let all: Vec<_> = kinds().filter(|(_, kind, _)| !kind.ends_with("List")).collect();
    let mut documents = Vec::new();
    for i in 0..count {
        let (api_version, kind, id) = all[i % all.len()];
        let mut pairs = random::fields(&mut random, id, 0);
        pairs.retain(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind" | "status"));
        pairs.push(("apiVersion".to_owned(), Value::Text(api_version.to_owned())));
        pairs.push(("kind".to_owned(), Value::Text(kind.to_owned())));
        if let Some(field) = id.field(b"spec").filter(|_| !pairs.iter().any(|(name, _)| name == "spec")) {
            pairs.push(("spec".to_owned(), random::valid(&mut random, field.shape, 1)));
        }
        let mut value = Value::Map(pairs);
        without_nulls(&mut value);
        let mut text = String::new();
        random::json(&value, &mut text);
        if let Ok(value) = serde_json::from_str::<Json>(&text) {
            documents.push(value);
        }
    }
    let requests: Vec<Vec<u8>> = documents.iter().map(|d| d.to_string().into_bytes()).collect();
    let (mut compared, mut missing, mut differences) = (0, 0, Vec::new());
    for ((request, value), answer) in requests.iter().zip(&documents).zip(oracle.ask_all(&requests)) {
        let theirs: BTreeSet<String> = serde_json::from_slice(&answer).expect("JSON");
        let Some(document) = seawall_yaml::read(request.clone()).remove(0).document else { continue };
        let found = objects(&document);
        let Some(object) = found.objects.first() else { continue };
        let held = strict(object, 37, &Definitions::default());
        if !held.complete {
            continue;
        }
        let lacks = held.problems.iter().filter(|p| p.kind == SchemaProblemKind::Missing);
        let ours: BTreeSet<String> = lacks.map(|p| pointer(&p.path, value)).collect();
        compared += 1;
        missing += theirs.len();
        if ours != theirs {
            let ours_alone: Vec<_> = ours.difference(&theirs).collect();
            let theirs_alone: Vec<_> = theirs.difference(&ours).collect();
            differences
                .push(format!("{value}\nours alone: {ours_alone:?}, theirs alone: {theirs_alone:?}\n"));
        }
    }
    println!("{compared} objects, {missing} fields are missing");
    let shown: String = differences.iter().take(5).cloned().collect();
    assert!(differences.is_empty(), "{} differences, the first:\n{shown}", differences.len());
    assert!(compared * 10 > count * 9 && missing > count, "too little was tried");
}
