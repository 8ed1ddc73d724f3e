//! `schemas/config-v1.schema.json` says what the reader of `seawall.yaml` does.

mod common;

use std::collections::BTreeSet;

use common::configuration::{complaints, read, schema};
use common::validate::{referred, validate};
use seawall_check::SETTINGS;
use serde_json::{Map, Value};

/// The schema of an entry of a setting: `exceptions.[].workloads.[]`.
fn at<'s>(root: &'s Value, path: &str) -> &'s Value {
    let mut schema = root;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        schema = match step {
            "[]" => &schema["items"],
            "{}" => &schema["additionalProperties"],
            "|" => &schema["anyOf"][1],
            key => &schema["properties"][key],
        };
        if let Some(reference) = schema.get("$ref") {
            schema = referred(root, reference);
        }
    }
    assert!(schema.is_object(), "no schema at {path}");
    schema
}

fn properties(root: &Value, path: &str) -> BTreeSet<String> {
    let properties = at(root, path)["properties"].as_object().unwrap_or_else(|| panic!("{path}"));
    properties.keys().cloned().collect()
}

/// The fields that the reader names when it meets one that it does not know.
fn known_fields(text: &str) -> BTreeSet<String> {
    let errors = read(text).unwrap_err();
    let [error] = &errors[..] else { panic!("{errors:?}") };
    let lists = ["known settings: ", "known fields: ", "known modes: ", "known are "];
    let told = format!("{} {}", error.message, error.hint.as_deref().unwrap_or_default());
    let list = lists.iter().find_map(|start| told.split_once(start)).unwrap_or_else(|| panic!("{told}")).1;
    list.split(", ").map(|name| name.trim().to_owned()).collect()
}

#[test]
fn properties_are_what_the_reader_accepts() {
    let root = schema();
    assert_eq!(properties(&root, ""), SETTINGS.iter().map(|s| (*s).to_owned()).collect());
    for (path, unknown) in [
        ("", "x: 1"),
        ("levels.{}.|", "levels: {a: {x: restricted}}"),
        ("customResources.[]", "customResources: [{apiVersion: a/v1, kind: B, path: c, x: 1}]"),
        ("rules", "rules: {x: 1}"),
        ("profiles.{}", "profiles: {a: {x: 1}}"),
        ("ignores.[]", "ignores: [{rule: host-pid, reason: r, x: 1}]"),
        ("exceptions.[]", "exceptions: [{x: 1}]"),
        ("exceptions.[].workloads.[]", "exceptions: [{namespaces: [a], reason: r, workloads: [{x: 1}]}]"),
        (
            "exceptions.[].rules.[]",
            "exceptions: [{namespaces: [a], reason: r, workloads: [{kind: Pod}], rules: [{x: 1}]}]",
        ),
        ("scopes.[]", "scopes: [{x: 1}]"),
    ] {
        assert_eq!(properties(&root, path), known_fields(unknown), "{path}");
    }
}

#[test]
fn lists_of_values_are_complete() {
    let root = schema();
    let names = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let ids: Vec<&str> = seawall_check::rules::all().into_iter().map(|rule| rule.id).collect();
    assert_eq!(names(&root["$defs"]["rule"]["anyOf"][0]["enum"]), ids, "the ids of all rules, sorted");
    let severities = seawall_finding::Severity::ALL.map(seawall_finding::Severity::as_str);
    assert_eq!(names(&root["$defs"]["severity"]["enum"]), severities);
    assert_eq!(names(&root["$defs"]["bar"]["enum"]), seawall_check::FailOn::NAMES);
}

/// All schemas with properties, and the properties, by path.
fn walk<'s>(schema: &'s Value, path: &str, visit: &mut impl FnMut(&str, &'s Value)) {
    visit(path, schema);
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        walk(schema, &format!("{path}.{key}"), visit);
    }
    for (key, schema) in schema["$defs"].as_object().into_iter().flatten() {
        walk(schema, &format!("{path}#{key}"), visit);
    }
    for key in ["items", "additionalProperties"] {
        if schema[key].is_object() {
            walk(&schema[key], &format!("{path}.{key}"), visit);
        }
    }
    for schema in schema["anyOf"].as_array().into_iter().flatten() {
        walk(schema, path, visit);
    }
}

#[test]
fn everything_is_described_and_closed() {
    let root = schema();
    walk(&root, "", &mut |path, schema| {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let text = property["description"].as_str().unwrap_or_default();
            assert!(text.ends_with('.'), "{path}.{key} is described in sentences: {text}");
        }
        if schema["properties"].is_object() {
            assert_eq!(schema["additionalProperties"], false, "{path} takes nothing else");
        }
    });
    for setting in SETTINGS {
        let examples = root["properties"][setting]["examples"].as_array();
        assert!(examples.is_some_and(|e| !e.is_empty()), "{setting} has an example");
    }
}

#[test]
fn examples_fit_and_are_read() {
    let root = schema();
    for (setting, schema) in root["properties"].as_object().unwrap() {
        for example in schema["examples"].as_array().unwrap() {
            let wrong = validate(&root, schema, example, setting);
            assert!(wrong.is_empty(), "{wrong:#?}");
            // JSON is YAML.
            let mut whole = Map::new();
            whole.insert(setting.clone(), example.clone());
            if setting == "profile" {
                let mut profiles = Map::new();
                profiles.insert(example.as_str().unwrap().to_owned(), Value::Object(Map::new()));
                whole.insert("profiles".into(), Value::Object(profiles));
            }
            let text = Value::Object(whole).to_string();
            read(&text).unwrap_or_else(|errors| panic!("{errors:?}: {text}"));
            assert_eq!(complaints(&text), [""; 0]);
        }
    }
    walk(&root, "", &mut |path, schema| {
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert_eq!(validate(&root, schema, example, path), [""; 0]);
        }
    });
}

/// What is well formed, with every setting and field.
const GOOD: [&str; 6] = [
    "",
    "# nothing but a comment\n",
    "{}",
    "kubernetesVersion:\nlevels:\ncustomResources:\nrules:\nprofile:\nprofiles:\nfailOn:\nignores:\nexceptions:\nscopes:\nnamespaces:\nbaseline:\n",
    "kubernetesVersion: v1.36.2-gke.100
levels: {\"\": privileged, a: \"baseline:v1.30\", \"*\": {enforce: baseline, audit: restricted, warn: \"restricted:latest\"}}
customResources: [{apiVersion: e.com/v1, kind: W, path: spec.t, form: podSpec}]
rules: {select: host-pid, deselect: [hostPorts, host-pid], severity: {hostNamespaces: critical}}
profile: strict
profiles: {strict: {failOn: [warn, high], select: [run-as-non-root], deselect: , severity: {host-pid: low}}, none: {failOn: never}}
failOn: audit
ignores: [{rule: [host-pid, host-ipc], path: legacy/, namespace: a, kind: Pod, name: x-*, container: c, reason: r, owner: o, expires: 2027-01-31}, {rule: host-pid, reason: r, owner: }]
exceptions: [{namespaces: [shop], workloads: [{kind: Pod, name: a, labels: {a: b}}], rules: [{rule: hostNamespaces, containers: [a], values: []}], reason: r, owner: o, expires: 2027-01-31, onExpiry: warn}]
scopes: [{name: prod, paths: [clusters/prod/], namespaces: ns/prod.yaml}, {name: dev, paths: dev/}]
namespaces: ns.yaml
baseline: base.yaml
",
    "levels: {a: {}}\nfailOn: []\nignores: []\n",
];

#[test]
fn what_is_good_is_good_to_both() {
    for text in GOOD {
        assert_eq!(complaints(text), [""; 0], "{text}");
        assert!(read(text).is_ok(), "{:?}: {text}", read(text).err());
    }
}

/// What has the wrong shape.
const BAD: [&str; 56] = [
    "- a",
    "text",
    "unknown: 1",
    "kubernetesVersion: 1.36",
    "kubernetesVersion: \"2.0\"",
    "kubernetesVersion: latest",
    "levels: restricted",
    "levels: [restricted]",
    "levels: {a: strict}",
    "levels: {a: \"baseline:1.30\"}",
    "levels: {a: }",
    "levels: {a: [restricted]}",
    "levels: {a: {enforce: 1}}",
    "levels: {a: {enforced: restricted}}",
    "customResources: {}",
    "customResources: [a]",
    "customResources: [{kind: B, path: c}]",
    "customResources: [{apiVersion: a/v1, kind: B, path: \"\"}]",
    "customResources: [{apiVersion: 1, kind: B, path: c}]",
    "customResources: [{apiVersion: a/v1, kind: B, path: c, form: pod}]",
    "customResources: [{apiVersion: a/v1, kind: B, path: c, form: }]",
    "customResources: [{apiVersion: a/v1, kind: B, path: c, version: 1}]",
    "rules: [host-pid]",
    "rules: {ignore: [host-pid]}",
    "rules: {select: {host-pid: 1}}",
    "rules: {select: [1]}",
    "rules: {severity: high}",
    "rules: {severity: {host-pid: grave}}",
    "rules: {severity: {host-pid: }}",
    "profile: [a]",
    "profiles: [a]",
    "profiles: {a: 1}",
    "profiles: {a: {failOn: sometimes}}",
    "profiles: {a: {levels: {}}}",
    "failOn: sometimes",
    "failOn: {a: 1}",
    "ignores: {rule: host-pid, reason: r}",
    "ignores: [host-pid]",
    "ignores: [{rule: host-pid}]",
    "ignores: [{rule: host-pid, reason: \" \"}]",
    "ignores: [{reason: r}]",
    "ignores: [{rule: [], reason: r}]",
    "ignores: [{rule: , reason: r}]",
    "ignores: [{rule: host-pid, reason: r, name: 1}]",
    "ignores: [{rule: host-pid, reason: r, expires: soon}]",
    "ignores: [{rule: host-pid, reason: r, file: a}]",
    "exceptions: {}",
    "exceptions: [{namespaces: shop, workloads: [{kind: Pod}], rules: [{rule: host-pid}], reason: r}]",
    "exceptions: [{namespaces: [], workloads: [{kind: Pod}], rules: [{rule: host-pid}], reason: r}]",
    "exceptions: [{namespaces: [a], workloads: [{name: a}], rules: [{rule: host-pid}], reason: r}]",
    "exceptions: [{namespaces: [a], workloads: [{kind: Pod, labels: a}], rules: [{rule: host-pid}], reason: r}]",
    "exceptions: [{namespaces: [a], workloads: [{kind: Pod, labels: {a: 1}}], rules: [{rule: host-pid}], reason: r}]",
    "exceptions: [{namespaces: [a], workloads: [{kind: Pod}], rules: [{rule: host-pid, values: a}], reason: r}]",
    "exceptions: [{namespaces: [a], workloads: [{kind: Pod}], rules: [{rule: host-pid}], reason: r, onExpiry: never}]",
    "scopes: [{name: a, paths: []}]",
    "scopes: [{name: \"\", paths: [a]}]",
];

#[test]
fn what_the_reader_refuses_for_its_shape_the_schema_refuses_too() {
    let more = [
        "scopes: {a: b}",
        "scopes: [{paths: [a]}]",
        "scopes: [{name: a, paths: {b: c}}]",
        "scopes: [{name: a, paths: [b], namespaces: [c]}]",
        "namespaces: [a]",
        "baseline: 1",
    ];
    for text in BAD.into_iter().chain(more) {
        assert!(read(text).is_err(), "the reader takes: {text}");
        assert!(!complaints(text).is_empty(), "the schema takes: {text}");
    }
}
