//! The records that the binary writes fit `schemas/scan-v1.schema.json`, documents of them `schemas/scan-document-v1.schema.json`,
//! and the schemas say nothing that is not checked.

mod common;

use std::collections::BTreeSet;

use common::Dir;
use common::validate::validate;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../schemas/scan-v1.schema.json");
const DOCUMENT: &str = include_str!("../../../schemas/scan-document-v1.schema.json");

/// The paths of all properties of all records that the schema describes: `workload.object.name`.
fn described(root: &Value, schema: &Value, at: &str, out: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        described(root, &root["$defs"][name.trim_start_matches("#/$defs/")], at, out);
    }
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        described(root, schema, &at, out);
        assert!(says_something(root, schema), "{at} has no description");
        out.insert(at);
    }
    if schema["items"].is_object() {
        described(root, &schema["items"], at, out);
    }
}

fn says_something(root: &Value, schema: &Value) -> bool {
    let referred = schema["$ref"].as_str().map(|name| &root["$defs"][name.trim_start_matches("#/$defs/")]);
    schema["description"].is_string() || referred.is_some_and(|schema| schema["description"].is_string())
}

/// The paths of all properties of a value.
fn written(value: &Value, at: &str, out: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        written(value, &at, out);
        out.insert(at);
    }
    for item in value.as_array().into_iter().flatten() {
        written(item, at, out);
    }
}

/// Inputs that draw every type of record and every member of each.
const INPUTS: [(&str, &str); 9] = [
    (
        "seawall.yaml",
        "customResources:\n- {apiVersion: example.com/v1, kind: App, path: spec.template}\nlevels: {'team-*': baseline}\nignores: [{rule: [host-pid, schema-invalid], name: i, reason: r, owner: o, expires: 9999-01-01}]\nexceptions: [{namespaces: [x], workloads: [{kind: Pod}], rules: [{rule: host-ipc}], reason: r, owner: o, expires: 9999-01-01}]\n",
    ),
    (
        "ignored.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: i, namespace: x}\nspec:\n  hostIPC: true\n  hostPID: true\n  containers: []\n---\napiVersion: v1\nkind: Service\nmetadata: {name: i}\nspec: {ports: x}\n---\napiVersion: v1\nkind: Pod\nmetadata: {generateName: g-}\nspec: {containers: []}\n---\napiVersion: v1\nkind: Service\nmetadata: {generateName: s-}\nspec: {ports: x}\n",
    ),
    (
        "pods.yaml",
        "---\n# Source: web/templates/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: team-a}\nspec:\n  hostNetwork: true\n  containers:\n  - name: c\n    image: x\n    ports: [{containerPort: 80}]\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: ü, namespace: b}\nspec: {containers: [{name: c, image: x, securityContext: {privileged: true}}]}\n",
    ),
    (
        "deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: b}\nspec: {selector: {}, template: {spec: {containers: [{name: c, image: x}]}}}\n",
    ),
    (
        "namespaces.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: b, labels: {pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/warn: restricted, pod-security.kubernetes.io/audit: odd}}\n",
    ),
    (
        "custom.yaml",
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: app}\nspec: {template: {spec: {containers: [{name: c, image: x}]}}}\n",
    ),
    (
        "refused.yaml",
        "---\n# Source: web/templates/refused.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: r}\nspec: {containers: [{name: c, image: x, securityContext: {privileged: \"true\"}}]}\n---\n# Source: web/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: s, name: t}\nspec: {ports: [{port: lots}]}\n",
    ),
    ("broken.yaml", "apiVersion: v1\nkind: [\n"),
    ("templates/t.yaml", "kind: {{ .Values.kind }}\nmetadata: {{- toYaml . }}\n"),
];

/// A snapshot of a cluster, not compressed: what is said of clusters alone.
const SNAPSHOT: &str = r#"{"apiVersion":"seawall.dev/v1alpha1","kind":"ClusterSnapshot","serverVersion":"v1.36.1","notSeen":[{"apiVersion":"apps/v1","resource":"deployments","message":"no"}]}
{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}
{"apiVersion":"v1","kind":"Pod","metadata":{"annotations":{"openshift.io/scc":"anyuid"},"name":"p","namespace":"shop","uid":"u"},"spec":{"containers":[{"name":"c","image":"x"}]}}
"#;

#[test]
fn every_record_fits_and_every_member_is_written() {
    let root: Value = serde_json::from_str(SCHEMA).unwrap();
    let dir = Dir::with(&INPUTS);
    // Of very many places not all are held.
    let port = |i| format!("{{containerPort: {i}, hostPort: {i}}}, ");
    let ports: String = (1..1100).map(port).collect();
    let pod = format!("spec: {{containers: [{{name: c, image: x, ports: [{ports}]}}]}}");
    let rules = "- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}\n".repeat(400);
    dir.write(
        "many.yaml",
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: many, namespace: b}}\n{pod}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: many}}\nrules:\n{rules}"
        ),
    );
    let run = dir.scan(&["--profile", "recommended", "."]);
    let scopes = "scopes:\n- {name: prod, paths: [cluster.jsonl]}\n";
    let cluster = Dir::with(&[("cluster.jsonl", SNAPSHOT), ("seawall.yaml", scopes)]);
    let of_cluster = cluster.scan(&["cluster.jsonl"]);
    assert_eq!(of_cluster.summary()["kubernetesVersion"], "v1.36");
    assert_eq!(of_cluster.workloads()[0]["line"], 3);
    let mut seen = BTreeSet::new();
    for record in run.all.iter().chain(&of_cluster.all) {
        let wrong = validate(&root, &root, record, "");
        assert!(wrong.is_empty(), "{record}\n{}", wrong.join("\n"));
        written(record, record["type"].as_str().unwrap(), &mut seen);
    }
    let mut wanted = BTreeSet::new();
    for definition in root["oneOf"].as_array().unwrap() {
        let name = definition["$ref"].as_str().unwrap().trim_start_matches("#/$defs/");
        let record = &root["$defs"][name];
        let kind = record["properties"]["type"]["const"].as_str().unwrap();
        described(&root, record, kind, &mut wanted);
    }
    // Exceptions and fixes are for workloads; the lowest of them has a name here.
    assert!(wanted.remove("summary.score.lowest.object.generateName"));
    assert!(wanted.remove("object.findings.suppressed.exception"));
    wanted.retain(|path| !path.starts_with("object.findings.fix"));
    let missing: Vec<_> = wanted.difference(&seen).collect();
    assert!(missing.is_empty(), "no input draws {missing:?}: {:#?}", run.all);

    // The inputs do what they are there for.
    let of = |name: &str| run.workloads().into_iter().find(|w| w["object"]["name"] == name).unwrap();
    assert_eq!(of("a")["levelsFrom"], "config:team-*");
    assert_eq!(of("ü")["levelsFrom"], "namespace");
    assert_eq!(of("d")["levelsFrom"], "namespace");
    assert_eq!(of("app")["custom"], true);
    assert!(of("r")["refused"].is_string());
    assert_eq!(of("r")["strictest"], Value::Null);
    assert_eq!(of("d")["template"], "spec.template");
}

/// A document holds the records of JSON lines and nothing else, also where there are none and where nothing could be judged.
#[test]
fn a_document_holds_the_same_records() {
    let root: Value = serde_json::from_str(SCHEMA).unwrap();
    let schema: Value = serde_json::from_str(DOCUMENT).unwrap();
    let dir = Dir::with(&INPUTS);
    dir.write("none/readme.txt", "");
    dir.write("bad/seawall.yaml", "levels: [\n");
    for path in [".", "pods.yaml", "none", "bad", "absent.yaml"] {
        let lines = dir.scan(&[path]);
        let run = dir.run(&["scan", "--format", "json", path]);
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        let wrong = validate(&root, &schema, &document, "");
        assert!(wrong.is_empty(), "{path}: {}", wrong.join("\n"));
        let (summary, records) = lines.all.split_last().unwrap();
        assert_eq!((&document["summary"], run.status), (summary, lines.status), "{path}");
        assert_eq!(document["records"].as_array().unwrap(), records, "{path}");
    }
    let broken = |document: Value| !validate(&root, &schema, &document, "").is_empty();
    let summary = dir.scan(&["none"]).summary().clone();
    assert!(!broken(serde_json::json!({"schema": 1, "records": [], "summary": summary})));
    assert!(broken(serde_json::json!({"schema": 1, "records": [summary], "summary": summary})));
    assert!(broken(serde_json::json!({"schema": 1, "records": []})));
    assert!(broken(serde_json::json!({"schema": 2, "records": [], "summary": summary})));
}

#[test]
fn positions_count_as_the_schema_says() {
    let dir = Dir::with(&[(
        "p.yaml",
        "# ü\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: üü, securityContext: {privileged: true}}]\n",
    )]);
    let run = dir.scan(&["p.yaml"]);
    let workload = run.workloads()[0];
    assert_eq!((&workload["line"], &workload["column"]), (&3.into(), &1.into()));
    let findings = run.findings("privileged-container");
    let place = ["line", "column", "endLine", "endColumn"].map(|key| findings[0][key].as_u64().unwrap());
    assert_eq!(place, [7, 57, 7, 61], "{}", findings[0]);
}

#[test]
fn what_does_not_fit_is_seen() {
    let root: Value = serde_json::from_str(SCHEMA).unwrap();
    let dir = Dir::with(&INPUTS);
    let run = dir.scan(&["pods.yaml"]);
    let good = run.workloads()[0];
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut record = good.clone();
        change(&mut record);
        !validate(&root, &root, &record, "").is_empty()
    };
    assert!(!broken(&|_| {}));
    assert!(broken(&|r| r["more"] = true.into()));
    assert!(broken(&|r| r["line"] = 0.into()));
    assert!(broken(&|r| r["strictest"] = "strict".into()));
    assert!(broken(&|r| r["type"] = "object".into()));
    assert!(broken(&|r| r["findings"][0]["message"] = Value::Null));
    assert!(broken(&|r| {
        r["object"].as_object_mut().unwrap().remove("kind");
    }));
}

/// Problems are masked once, in whatever steps they are found.
#[test]
fn a_masked_value_stays_masked() {
    let dir = Dir::with(&[(
        "sa.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nautomountServiceAccountToken: 'canary'\n",
    )]);
    let run = dir.run(&["scan", "--schema", "--format", "concise", "sa.yaml"]);
    assert_eq!(
        (run.status, run.stdout.matches("not the string ***").count(), run.stdout.contains("canary")),
        (1, 1, false),
        "{}",
        run.stderr
    );
}
