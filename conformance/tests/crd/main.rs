//! Custom resources against their definitions as k8s.io/apiextensions-apiserver has them: the same objects accepted and
//! refused, at the same paths, and the same fields dropped.

mod cases;
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use random::{Random, value};
use seawall_conformance::{Oracle, module_at};
use seawall_manifest::objects::objects;
use seawall_manifest::schema::{Definition, Definitions, SchemaProblem, SchemaProblemKind, strict};
use seawall_yaml::{Kind, NodeRef};
use serde_json::{Value as Json, json};

/// Random pairs in the ordinary run; `SEAWALL_CRD_COUNT` and `SEAWALL_CRD_SEED` change number and seed.
const COUNT: usize = 30_000;

/// What one side says of an object.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    refused: BTreeSet<String>,
    composite: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

/// Whether a path is one of several, or below one.
fn is_inside(path: &str, all: &BTreeSet<String>) -> bool {
    all.iter().any(|above| {
        let rest = path.strip_prefix(above.as_str());
        rest.is_some_and(|rest| above.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

impl Verdict {
    fn accepts(&self) -> bool {
        self.refused.is_empty() && self.composite.is_empty()
    }

    /// Without what is at or below a value of the wrong type, of which nothing else is said here, and without what is below
    /// a composition that fails: Go names faults of one of its parts there.
    fn apart_from(mut self, wrong: &BTreeSet<String>) -> Self {
        let above = self.composite.clone();
        let below =
            |path: &str| above.iter().any(|c| c != path && is_inside(path, &BTreeSet::from([c.clone()])));
        self.composite.retain(|path| !is_inside(path, wrong) && !below(path));
        self.refused.retain(|path| !is_inside(path, wrong) && !is_inside(path, &self.composite));
        self
    }
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

/// A schema and an object, which gets an identity.
#[derive(Debug)]
struct Pair {
    schema: Json,
    object: Json,
    has_status: bool,
}

impl Pair {
    fn new(schema: Json, mut object: Json, has_status: bool) -> Self {
        object["apiVersion"] = "example.com/v1".into();
        object["kind"] = "Widget".into();
        Self { schema, object, has_status }
    }

    fn request(&self) -> Vec<u8> {
        json!({"schema": self.schema, "object": self.object, "status": self.has_status, "minor": 37})
            .to_string()
            .into_bytes()
    }

    fn definition(&self) -> Definition {
        let subresources = if self.has_status { json!({"status": {}}) } else { json!({}) };
        let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {"group": "example.com", "names": {"kind": "Widget"}, "versions": [
                {"name": "v1", "served": true, "subresources": subresources, "schema": {"openAPIV3Schema": self.schema}}]}});
        let document = read(&crd);
        Definition::all_of(&document).remove(0)
    }

    /// Ours; where the type is wrong; whether all of it was looked at.
    fn ours(&self) -> (Verdict, BTreeSet<String>, bool) {
        let definition = self.definition();
        let all = definition.unheld().is_empty();
        let definitions = Definitions::new([definition]);
        let document = read(&self.object);
        let objects = objects(&document);
        let held = strict(&objects.objects[0], 37, &definitions);
        let mut verdict = Verdict::default();
        let mut wrong = BTreeSet::new();
        for problem in &held.problems {
            let path = problem.path.to_string();
            if matches!(problem.kind, SchemaProblemKind::WrongType { .. }) {
                wrong.insert(path.clone());
            }
            let set = match problem.kind {
                SchemaProblemKind::UnknownField { .. } => &mut verdict.unknown,
                _ if ["anyOf", "oneOf", "`not`"].iter().any(|word| problem.message.contains(word)) => {
                    &mut verdict.composite
                }
                _ => &mut verdict.refused,
            };
            set.insert(path);
        }
        (verdict, wrong, all && held.complete)
    }
}

fn read(value: &Json) -> seawall_yaml::Document {
    seawall_yaml::read(value.to_string().into_bytes()).remove(0).document.expect("JSON")
}

fn theirs(answer: &Json) -> Verdict {
    let set = |name: &str| {
        let items = answer[name].as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().map(|path| path.as_str().expect("a path").to_owned()).collect()
    };
    Verdict { refused: set("refused"), composite: set("composite"), unknown: set("unknown") }
}

/// Counts of a comparison.
#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    accepted: usize,
    unknown: usize,
    invalid: usize,
    differences: Vec<String>,
}

fn compare(oracle: &mut Oracle, pairs: &[Pair]) -> Tally {
    let requests: Vec<_> = pairs.iter().map(Pair::request).collect();
    let mut tally = Tally::default();
    for (pair, answer) in pairs.iter().zip(oracle.ask_all(&requests)) {
        let answer: Json = serde_json::from_slice(&answer).expect("JSON");
        if let Some(why) = answer["invalid"].as_str() {
            tally.invalid += 1;
            if number("SEAWALL_CRD_SHOW", 0) > 0 {
                println!("{why}");
            }
            continue;
        }
        let (ours, wrong, complete) = pair.ours();
        let theirs = theirs(&answer);
        tally.compared += 1;
        tally.accepted += usize::from(theirs.accepts());
        tally.unknown += usize::from(!theirs.unknown.is_empty());
        let (said, asked) = (ours.accepts(), theirs.accepts());
        let named = wrong.is_subset(&theirs.refused);
        let (ours, theirs) = (ours.apart_from(&wrong), theirs.apart_from(&wrong));
        if said != asked || !named || ours != theirs || !complete {
            tally.differences.push(format!(
                "schema: {}\nobject: {}\nours:   {ours:?}\ntheirs: {theirs:?}\nGo: {}\n",
                pair.schema, pair.object, answer["why"]
            ));
        }
    }
    println!(
        "{} compared, {} accepted, {} with unknown fields; {} definitions are refused",
        tally.compared, tally.accepted, tally.unknown, tally.invalid
    );
    tally
}

#[track_caller]
fn expect_none(tally: &Tally) {
    let shown: String = tally.differences.iter().take(5).cloned().collect();
    assert!(tally.differences.is_empty(), "{} differences, the first:\n{shown}", tally.differences.len());
}

#[test]
fn every_keyword() {
    let pairs: Vec<Pair> = cases::all()
        .into_iter()
        .map(|(schema, object, has_status)| Pair::new(schema, object, has_status))
        .collect();
    let tally = compare(&mut Oracle::of_module("crd"), &pairs);
    expect_none(&tally);
    assert_eq!(tally.invalid, 0, "a case has a definition that the API server refuses");
    assert!(tally.accepted * 4 > tally.compared && tally.accepted * 4 < tally.compared * 3);
}

#[test]
fn random_pairs() {
    let (count, seed) = (number("SEAWALL_CRD_COUNT", COUNT), number("SEAWALL_CRD_SEED", 1));
    let mut random = Random(seed as u64);
    let mut pairs = Vec::with_capacity(count);
    while pairs.len() < count {
        let schema = random::root(&mut random);
        // A definition has several objects, most near to what it wants.
        for _ in 0..4 {
            let has_status = random.one_in(8);
            pairs.push(Pair::new(schema.clone(), value(&mut random, &schema, 0, true), has_status));
        }
    }
    let tally = compare(&mut Oracle::of_module("crd"), &pairs);
    expect_none(&tally);
    assert!(
        tally.compared * 3 > count * 2
            && tally.accepted * 5 > tally.compared
            && tally.unknown * 20 > tally.compared,
        "too little was tried"
    );
}

/// Patterns that are understood match as Go's do; those that Go does not compile are not understood.
#[test]
fn patterns() {
    const PATTERNS: [&str; 58] = [
        "a",
        "^a$",
        "a|b",
        "(a|b)+",
        "(?P<n>a)b",
        "(?<n>a)b",
        "(?i)straße|K",
        "(?i)ks",
        "(?i:A)b",
        "(?-i)a",
        "(?s).",
        ".",
        "(?m)^b$",
        "^b$",
        r"a\z",
        r"a\Z",
        r"\Aa",
        r"\ba\b",
        r"\Ba",
        r"\d+",
        r"^\D+$",
        r"^\w+$",
        r"\W",
        r"^\s$",
        r"^\S+$",
        r"\pL",
        r"\p{Greek}",
        r"\C",
        r"\Qa.b\E",
        r"\Qa",
        r"\x41",
        r"\x{1F600}",
        r"\x",
        r"\101",
        r"\1",
        r"\a\f\t\n\r\v",
        r"\_",
        r"\e",
        "[[:alpha:]]+",
        "[[:^alpha:]]",
        "[[:word:][:space:]]",
        "[[:nope:]]",
        "[]a]+",
        "[^]a]",
        "[a-]",
        "[-a]",
        "[a[b]",
        "[a&&b]",
        r"[\d\-x]",
        r"^[^\S ]$",
        "[b-a]",
        "a{2}",
        "a{,2}",
        "a{2",
        "a{02}",
        "a{1001}",
        "{",
        "a{1,2}?",
    ];
    const TEXTS: [&str; 26] = [
        "", "a", "aa", "b", "ab", "a.b", "a\n", "a\nb", "A", "K", "k", "\u{212A}", "\u{17F}s", "5", "٣", "é",
        "\u{b}", " ", "\t", "_", "😀", "{", "a{,2}", "a{2", "&", "a{02}",
    ];
    let mut oracle = Oracle::of_module("crd");
    let (mut compared, mut left) = (0, BTreeSet::new());
    for pattern in PATTERNS {
        for text in TEXTS {
            let request = json!({"pattern": pattern, "text": text}).to_string().into_bytes();
            let answer: Json = serde_json::from_slice(&oracle.ask(&request)).expect("JSON");
            let schema =
                json!({"type": "object", "properties": {"x": {"type": "string", "pattern": pattern}}});
            let pair = Pair::new(schema, json!({"x": text}), false);
            let understood = pair.definition().unheld().is_empty();
            if answer["invalid"].is_string() {
                assert!(!understood, "`{pattern}` is none of Go's");
                continue;
            }
            if !understood {
                left.insert(pattern);
                continue;
            }
            // A letter that Go takes for another one where case does not count: nothing is said.
            if pattern.contains("(?i") && text.contains(['\u{212A}', '\u{17F}']) {
                assert!(pair.ours().0.accepts());
                continue;
            }
            compared += 1;
            assert_eq!(pair.ours().0.accepts(), answer["yes"] == true, "`{pattern}` in {text:?}");
        }
    }
    println!("{compared} compared");
    assert_eq!(left.into_iter().collect::<Vec<_>>(), ["(?i)straße|K", r"\pL", r"\p{Greek}"]);
}

/// Formats that are looked at hold for the same texts.
#[test]
fn formats() {
    const FORMATS: [&str; 27] = [
        "byte",
        "cidr",
        "date",
        "date-time",
        "datetime",
        "duration",
        "hexcolor",
        "hostname",
        "ipv4",
        "ipv6",
        "mac",
        "password",
        "ssn",
        "uuid",
        "uuid3",
        "uuid4",
        "uuid5",
        "k8s-short-name",
        "k8s-long-name",
        "bsonobjectid",
        "creditcard",
        "email",
        "isbn",
        "isbn10",
        "isbn13",
        "rgbcolor",
        "uri",
    ];
    const TEXTS: [&str; 104] = [
        "",
        "a",
        "YQ==",
        "YWI=",
        "YWJj",
        "YWJj=",
        "=",
        "====",
        "10.0.0.0/8",
        "010.0.0.1/08",
        "::1/128",
        "::/129",
        "1.2.3.4",
        "1.2.3.256",
        "001.2.3.4",
        "::ffff:1.2.3.4",
        "1:2:3:4:5:6:7::",
        "1::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:1.2.3.4",
        "::00001",
        "fe80::1%eth0",
        "2024-02-29",
        "2023-02-29",
        "2000-12-31",
        "1900-02-29",
        "2024-13-01",
        "2024-1-01",
        "2024-02-29T23:59:59Z",
        "2024-02-29t00:00:00.5+01:00",
        "2024-02-29T24:00:00Z",
        "2024-02-29T10:00:60Z",
        "2024-02-29T10:00:00",
        "2024-02-29T10:00:00x5z",
        "5s",
        "1h30m",
        "1.h",
        ".5s",
        "-2m",
        "+0",
        "0",
        "1",
        "3 days",
        "2 wk 5x",
        "99999999999999999999s",
        "9223372036s",
        "9223372037.h",
        "1μs",
        "1µs",
        "5 fortnights",
        "10 hourglasses",
        "#fff",
        "ffff",
        "-a",
        "a-",
        "a-b-c",
        "a-b-c.de",
        "example.com",
        "a.b.c1",
        "01:23:45:67:89:ab",
        "0123.4567.89ab",
        "01-23-45-67-89-AB-CD-EF",
        "078-05-1120",
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567E89B42D3A456426614174000",
        "123e4567-e89b-32d3-a456-426614174000",
        "123e4567-e89b-52d3-a456-426614174000",
        "507f1f77bcf86cd799439011",
        "4111 1111 1111 1111",
        "4222222222222",
        "5105105105105100",
        "6011-1111-1111-1117",
        "6500000000000002",
        "371449635398431",
        "30569309025904",
        "38520000023237",
        "213100000000001",
        "180000000000002",
        "3530111333300000",
        "0-306-40615-2",
        "0321751043",
        "080442957X",
        "978-0321751041",
        "978 3 16 148410 0",
        "rgb(0,0,0)",
        "rgb( 255, 10 ,199 )",
        "rgb(256,0,0)",
        "rgb(01,0,0)",
        "a@b",
        "some.body+tag@mail.example.com",
        "a..b@c.de",
        "A B <a@b.c>",
        "\"a b\"@c.de",
        "a@[127.0.0.1]",
        "a (b) @c",
        "a@b, c@d",
        "http://example.com",
        "https://user:pass@example.com:8443/a/b?c=d#e",
        "/only/a/path?",
        "mailto:a@b.c",
        "x+y://[::1]:80/",
        "http://[fe80::1%25eth0]/",
        "http://%C3%A4.de/%41",
        "http://a:1:2/",
        "*",
    ];
    const LETTERS: &[u8] = b"0123456789abcdefTZtz:.-/+= hmsnuwdkFG#$x@<>()[]%?\"X,^\t";
    let mut oracle = Oracle::of_module("crd");
    let mut random = Random(7);
    let mut texts: Vec<String> = TEXTS.map(str::to_owned).to_vec();
    for _ in 0..20_000 {
        // One that is near to another, or anything.
        let mut text = if random.one_in(4) { Vec::new() } else { random.pick(&TEXTS).as_bytes().to_vec() };
        for _ in 0..=random.below(4) {
            let at = random.below(text.len() + 1);
            match random.below(3) {
                0 if at < text.len() => drop(text.remove(at)),
                1 if at < text.len() => text[at] = random.pick(LETTERS),
                _ => text.insert(at, random.pick(LETTERS)),
            }
        }
        texts.extend(String::from_utf8(text));
    }
    for format in FORMATS {
        let ask = |text: &String| json!({"format": format, "text": text}).to_string();
        let answers = oracle.ask_all(&texts.iter().map(ask).collect::<Vec<_>>());
        let schema = json!({"type": "object", "properties": {"x": {"type": "array", "items": {"type": "string", "format": format}}}});
        let mut held = 0;
        // Each object has as many texts as problems are told of.
        for (texts, answers) in texts.chunks(50).zip(answers.chunks(50)) {
            let pair = Pair::new(schema.clone(), json!({ "x": texts }), false);
            assert!(pair.definition().unheld().is_empty(), "{format}");
            let (ours, ..) = pair.ours();
            for (position, (text, answer)) in texts.iter().zip(answers).enumerate() {
                let answer: Json = serde_json::from_slice(answer).expect("JSON");
                // What is beyond ASCII in host names is not looked at.
                if format == "hostname" && !text.is_ascii() {
                    continue;
                }
                // Nor is an address without marks, which some versions of Go read.
                if format == "mac" && text.bytes().all(|b| b.is_ascii_hexdigit()) {
                    continue;
                }
                let undecided = match format {
                    // Quotes, comments, names and brackets have more than a plain form.
                    "email" => {
                        text.contains('@')
                            && text.contains(['"', '(', ')', '<', '>', '[', ']', ' ', '\t', ',', ':'])
                    }
                    // Versions of Go differ.
                    "uri" => text.contains(['[', ']']) || text.matches(':').count() > 2,
                    _ => false,
                };
                let holds = !ours.refused.contains(&format!("x[{position}]"));
                // What is refused in spite of that is refused for another reason.
                assert!(
                    holds == (answer["yes"] == true) || (undecided && holds),
                    "{format} of {text:?}: {holds}, {answer}"
                );
                held += usize::from(holds);
            }
        }
        println!("{format}: {held} of {} hold", texts.len());
        assert!(held > 0, "{format} holds for nothing that was tried");
    }
}

/// A node as JSON.
fn to_json(node: NodeRef<'_>) -> Json {
    let node = node.resolved();
    match node.kind() {
        Kind::Null | Kind::Alias => Json::Null,
        Kind::Bool => node.as_bool().into(),
        Kind::Int | Kind::Float => {
            serde_json::from_str(&node.json_number().expect("a number")).expect("a number of JSON")
        }
        Kind::String => node.text().into(),
        Kind::Sequence => node.items().map(to_json).collect(),
        Kind::Mapping => node
            .entries()
            .map(|(key, value)| (key.key().expect("a key").into_owned(), to_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

fn manifests(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            manifests(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            found.push(path);
        }
    }
}

/// The definitions that projects ship, and the resources that they ship with them.
#[test]
fn what_projects_ship() {
    const MODULES: [&str; 3] = [
        "sigs.k8s.io/gateway-api@v1.2.1",
        "github.com/cert-manager/cert-manager@v1.16.2",
        "github.com/prometheus-operator/prometheus-operator@v0.79.2",
    ];
    let mut oracle = Oracle::of_module("crd");
    for module in MODULES {
        let mut files = Vec::new();
        manifests(&module_at(module), &mut files);
        let documents: Vec<_> = files
            .iter()
            .filter_map(|path| std::fs::read(path).ok())
            .flat_map(seawall_yaml::read)
            .filter(|entry| entry.problems.is_empty())
            .filter_map(|entry| entry.document)
            .collect();
        let all: Vec<_> = documents.iter().flat_map(|document| objects(document).objects).collect();
        let definitions = Definitions::new(all.iter().filter_map(Definition::of));
        let mut schemas: BTreeMap<(String, String), (Json, bool)> = BTreeMap::new();
        for crd in all.iter().filter(|object| object.kind == "CustomResourceDefinition") {
            let spec = to_json(crd.node)["spec"].clone();
            for version in spec["versions"].as_array().into_iter().flatten() {
                let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
                let name = format!("{}/{}", text(&spec["group"]), text(&version["name"]));
                let has_status = version["subresources"]["status"].is_object();
                let schema = version["schema"]["openAPIV3Schema"].clone();
                schemas.entry((name, text(&spec["names"]["kind"]))).or_insert((schema, has_status));
            }
        }
        let (mut held, mut refused, mut unknown) = (0, 0, 0);
        for object in &all {
            let name = (object.api_version.to_owned(), object.kind.to_owned());
            let Some((schema, has_status)) = schemas.get(&name) else { continue };
            let request =
                json!({"schema": schema, "object": to_json(object.node), "status": has_status, "minor": 37});
            let answer: Json =
                serde_json::from_slice(&oracle.ask(request.to_string().as_bytes())).expect("JSON");
            assert!(answer["invalid"].is_null(), "{name:?} of {module}: {}", answer["invalid"]);
            let theirs = theirs(&answer);
            let ours = strict(object, 37, &definitions);
            assert!(ours.complete);
            let is_unknown = |p: &&SchemaProblem| matches!(p.kind, SchemaProblemKind::UnknownField { .. });
            let dropped: BTreeSet<String> =
                ours.problems.iter().filter(is_unknown).map(|p| p.path.to_string()).collect();
            let refuses = ours.problems.iter().any(|p| !is_unknown(&p));
            assert_eq!(
                (refuses, &dropped),
                (!theirs.accepts(), &theirs.unknown),
                "{module} {name:?}: {ours:?} {answer}"
            );
            held += 1;
            refused += usize::from(refuses);
            unknown += usize::from(!dropped.is_empty());
        }
        println!(
            "{module}: {} versions of kinds, {held} resources, {refused} refused, {unknown} with unknown fields",
            schemas.len()
        );
        assert!(held > 2, "{module} ships nothing");
    }
}
