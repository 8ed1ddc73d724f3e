//! `schema::strict` on built-in kinds: fields that older releases do not have against the types of these releases; the kinds of
//! every release, their fields, and what must be there, against Kubernetes' `OpenAPI`.

#[allow(dead_code, reason = "objects are made here, and written as JSON")]
#[path = "../types/random.rs"]
mod random;

use std::collections::BTreeSet;

use random::{Random, Value};
use seawall_conformance::{Oracle, RELEASES, module_at};
use seawall_manifest::objects::objects;
use seawall_manifest::schema::{Definitions, SchemaProblem, SchemaProblemKind, Walker, strict};
use seawall_manifest::types::{Shape, TypeId, kinds, kinds_in, type_of};
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
    // Those of the newest release, and those that only older ones have.
    let past = kinds_in(minor).filter(|(api_version, kind, _)| type_of(api_version, kind).is_none());
    let all = kinds().chain(past).filter(|(api_version, kind, _)| is_asked(api_version, kind));
    for (api_version, kind, id) in all {
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

/// What `OpenAPI` says of a release: its definitions, and the path of its description.
fn description(minor: u8, patch: u8) -> (Json, String) {
    let module = module_at(&format!("k8s.io/kubernetes@v1.{minor}.{patch}"));
    let path = module.join("api/openapi-spec/swagger.json");
    let text = std::fs::read(&path).expect("a description");
    let mut swagger: Json = serde_json::from_slice(&text).expect("JSON");
    (swagger["definitions"].take(), path.to_str().expect("UTF-8").to_owned())
}

/// A value that a schema takes, and one that it does not; `None` where it takes all, or what is told of it is less than what it
/// takes.
fn samples(schema: &Json) -> (Json, Option<Json>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return match reference.rsplit('.').next().unwrap_or_default() {
            "Quantity" => ("1".into(), Some(true.into())),
            "IntOrString" => (1.into(), Some(true.into())),
            "Time" => ("2026-01-02T03:04:05Z".into(), Some(7.into())),
            "MicroTime" => ("2026-01-02T03:04:05.000000Z".into(), Some(7.into())),
            "FieldsV1"
            | "Patch"
            | "RawExtension"
            | "JSON"
            | "JSONSchemaPropsOrArray"
            | "JSONSchemaPropsOrBool"
            | "JSONSchemaPropsOrStringArray" => (json!({}), None),
            _ => (json!({}), Some("x".into())),
        };
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("byte")) => ("YQ==".into(), Some(7.into())),
        (Some("string"), _) => ("".into(), Some(7.into())),
        (Some("boolean"), _) => (true.into(), Some("x".into())),
        (Some("integer" | "number"), _) => (1.into(), Some("x".into())),
        (Some("array"), _) => (json!([]), Some("x".into())),
        _ => (json!({}), Some("x".into())),
    }
}

/// What is made of a description: objects with one field each, and whether its value is right.
#[derive(Debug, Default)]
struct Made {
    known: BTreeSet<String>,
    documents: Vec<(Json, Expected)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Fine,
    Unknown,
    Wrong,
}

impl Made {
    /// Adds the fields of a definition and of those below it, each definition once: what leads to it, around the field.
    fn fields(&mut self, definitions: &Json, name: &str, around: &dyn Fn(Json) -> Json) {
        let Some(properties) = definitions[name]["properties"].as_object() else { return };
        if !self.known.insert(name.to_owned()) {
            return;
        }
        self.documents.push((around(json!({"noSuchField": 1})), Expected::Unknown));
        for (field, schema) in properties {
            let (right, wrong) = samples(schema);
            if !matches!(field.as_str(), "apiVersion" | "kind") {
                self.documents.push((around(json!({ field: right })), Expected::Fine));
                self.documents.extend(wrong.map(|wrong| (around(json!({ field: wrong })), Expected::Wrong)));
            }
            let (mut inner, mut wraps) = (schema, Vec::new());
            loop {
                if inner.get("items").is_some() {
                    wraps.push('[');
                    inner = &inner["items"];
                } else if inner.get("additionalProperties").is_some() {
                    wraps.push('{');
                    inner = &inner["additionalProperties"];
                } else {
                    break;
                }
            }
            let Some(reference) = inner["$ref"].as_str() else { continue };
            let wrap = |value: Json| {
                let value = wraps.iter().rev().fold(value, |value, wrap| {
                    if *wrap == '[' { json!([value]) } else { json!({"k": value}) }
                });
                around(json!({ field: value }))
            };
            self.fields(definitions, reference.trim_start_matches("#/definitions/"), &wrap);
        }
    }
}

/// Every kind of every release with every field of its own description: known, of the right type and of no other, and asked for
/// where that description asks for it.
#[test]
fn kinds_of_every_release() {
    for (minor, patch) in RELEASES {
        let (definitions, path) = description(minor, patch);
        let mut made = Made::default();
        let mut count = 0;
        for (name, definition) in definitions.as_object().expect("definitions") {
            let Some([gvk]) = definition["x-kubernetes-group-version-kind"].as_array().map(Vec::as_slice)
            else {
                continue;
            };
            let text = |key: &str| gvk[key].as_str().expect("a text");
            // Lists are read as their items; status is what controllers write.
            if text("kind").ends_with("List") || text("kind") == "Status" {
                continue;
            }
            let api_version = format!("{}/{}", text("group"), text("version"));
            let api_version = api_version.trim_start_matches('/').to_owned();
            let whole = |mut value: Json| {
                value["apiVersion"] = api_version.clone().into();
                value["kind"] = gvk["kind"].clone();
                value
            };
            // One that others hold, such as a pod in its template, is met again for its own sake.
            made.known.remove(name);
            made.fields(&definitions, name, &whole);
            count += 1;
        }
        made.documents
            .retain(|(document, _)| document.get("status").is_none_or(|status| !status.is_object()));
        let requests: Vec<Vec<u8>> = made.documents.iter().map(|(d, _)| d.to_string().into_bytes()).collect();
        let mut oracle = Oracle::start("openapi");
        assert_eq!(oracle.ask(path.as_bytes()), b"");
        let mut walker = Walker::of(minor.into());
        let (mut missing, mut differences) = (0, Vec::new());
        for ((request, (value, expected)), answer) in
            requests.iter().zip(&made.documents).zip(oracle.ask_all(&requests))
        {
            let theirs: BTreeSet<String> = serde_json::from_slice(&answer).expect("JSON");
            let document = seawall_yaml::read(request.clone()).remove(0).document.expect("JSON");
            let found = objects(&document);
            let object = found.objects.first().expect("an object");
            let held = strict(object, minor.into(), &Definitions::default());
            let is_missing = |p: &&SchemaProblem| p.kind == SchemaProblemKind::Missing;
            let lacks = held.problems.iter().filter(is_missing).map(|p| pointer(&p.path, value));
            let ours: BTreeSet<String> = lacks.collect();
            let mut others = walker.check(object);
            others.extend(held.problems.into_iter().filter(|p| !is_missing(&p)));
            let as_expected = match (expected, others.as_slice()) {
                (Expected::Fine, []) => true,
                (Expected::Unknown, [one]) => matches!(one.kind, SchemaProblemKind::UnknownField { .. }),
                (Expected::Wrong, [one]) => {
                    matches!(one.kind, SchemaProblemKind::WrongType { .. } | SchemaProblemKind::InvalidValue)
                }
                _ => false,
            };
            missing += theirs.len();
            // A value of the wrong type has no fields, and theirs says so as well.
            if ours != theirs || !as_expected {
                let told: Vec<_> = others.iter().map(|p| &p.message).collect();
                differences.push(format!(
                    "{value}\n{expected:?}, told: {told:?}\nmissing for us: {ours:?}, for them: {theirs:?}\n"
                ));
            }
        }
        println!("1.{minor}: {count} kinds, {} objects, {missing} fields are missing", requests.len());
        let shown: String = differences.iter().take(8).cloned().collect();
        assert!(differences.is_empty(), "1.{minor}: {} differences, the first:\n{shown}", differences.len());
        assert!(count > 70 && requests.len() > 3_000 && missing > 1_000, "too little was tried");
    }
}
