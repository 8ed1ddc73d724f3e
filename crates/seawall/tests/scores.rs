//! What other tools would say, as a user asks for it.

mod common;

use std::path::Path;

use common::validate::validate;
use common::{Dir, Run};
use serde_json::Value;

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example.com/web:1
        securityContext: {privileged: true, readOnlyRootFilesystem: true}
";

const POLICY: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
";

/// A Deployment that kubesec and kube-score have little against.
const GOOD: &str = "apiVersion: v1
kind: Pod
metadata: {name: good, namespace: shop, labels: {app: web}}
spec:
  serviceAccountName: good
  containers:
  - name: web
    image: registry.example.com/web:1
    imagePullPolicy: Always
    securityContext: {runAsUser: 20000, runAsGroup: 20000, readOnlyRootFilesystem: true}
    resources:
      requests: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi}
      limits: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi}
";

fn scores(dir: &Dir, model: &str, args: &[&str]) -> Run {
    dir.run_bare(&[&["scan", "--score-model", model], args].concat())
}

/// The records, each held against the schema.
fn records(run: &Run) -> Vec<Value> {
    let read = |name: &str| -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(name);
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let (mut schema, scan) = (read("scores-v1.schema.json"), read("scan-v1.schema.json"));
    for (name, definition) in scan["$defs"].as_object().unwrap() {
        let known = schema["$defs"].as_object_mut().unwrap().insert(name.clone(), definition.clone());
        assert!(known.is_none(), "{name} is defined in both schemas");
    }
    let all: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for record in &all {
        assert_eq!(validate(&schema, &schema, record, "record"), [""; 0], "{record:#}");
    }
    all
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().map_or(&[][..], Vec::as_slice).iter().map(|rule| rule["id"].as_str().unwrap()).collect()
}

/// The grade of each check that counts.
fn grades(record: &Value) -> Vec<(&str, u64)> {
    let checks = record["checks"].as_array().unwrap().iter().filter(|check| check["skipped"] == false);
    checks.map(|check| (check["id"].as_str().unwrap(), check["grade"].as_u64().unwrap())).collect()
}

#[test]
fn kubesec_s_scores_have_its_keys() {
    let dir = Dir::with(&[("web.yaml", WEB), ("good.yaml", GOOD)]);
    let run = scores(&dir, "kubesec", &["-f", "jsonl", "web.yaml", "good.yaml"]);
    assert_eq!(run.status, 1, "{}", run.stderr);
    let all = records(&run);
    assert_eq!((&all[0]["object"], &all[0]["fileName"]), (&"Deployment/web.shop".into(), &"web.yaml".into()));
    assert_eq!((&all[0]["score"], &all[0]["valid"]), (&(-29).into(), &true.into()));
    assert_eq!(all[0]["message"], "Failed with a score of -29 points");
    assert_eq!(ids(&all[0]["scoring"]["critical"]), ["Privileged"]);
    assert_eq!(ids(&all[0]["scoring"]["passed"]), ["ReadOnlyRootFilesystem"]);
    assert!(ids(&all[0]["scoring"]["advise"]).contains(&"LimitsMemory"));
    // ServiceAccountName 3, and one each: user, group, four resources, read-only.
    assert_eq!(all[1]["score"], 10, "{:#}", all[1]);
    let summary = &all[2];
    assert_eq!(
        (&summary["scored"], &summary["failing"], &summary["exit"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(summary["lowest"]["object"]["name"], "web");
    assert_eq!(scores(&dir, "kubesec", &["good.yaml"]).status, 0, "above zero kubesec is content");
}

#[test]
fn lists_are_scored_by_object_and_what_is_refused_is_not_scored() {
    let item = |text: &str| format!("- {}", text.trim_end().replace('\n', "\n  "));
    let wrong = WEB.replace("replicas: 2", "replicas: two");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}\n{}\n", item(GOOD), item(&wrong));
    let dir = Dir::with(&[("list.yaml", &list)]);
    let all = records(&scores(&dir, "kubesec", &["-f", "jsonl", "list.yaml"]));
    assert_eq!((&all[0]["object"], &all[0]["score"]), (&"Pod/good.shop".into(), &10.into()));
    assert_eq!((&all[1]["valid"], &all[1]["score"]), (&false.into(), &0.into()));
    assert!(all[1]["message"].as_str().unwrap().contains("replicas"), "{:#}", all[1]);
    let run = scores(&dir, "kube-score", &["-f", "jsonl", "list.yaml"]);
    assert_eq!(run.status, 2, "kube-score gives up the run");
    let all = records(&run);
    assert_eq!((&all[0]["object"]["name"], &all[1]["type"]), (&"good".into(), &"error".into()));
}

#[test]
fn kube_score_grades_an_object_by_those_of_other_files() {
    let dir = Dir::with(&[("a/web.yaml", WEB), ("b/policy.yaml", POLICY)]);
    let alone = records(&scores(&dir, "kube-score", &["-f", "jsonl", "a"]));
    assert!(grades(&alone[0]).contains(&("pod-networkpolicy", 1)), "{:?}", grades(&alone[0]));
    let run = scores(&dir, "kube-score", &["-f", "jsonl", "a", "b"]);
    assert_eq!(run.status, 1);
    let all = records(&run);
    assert!(grades(&all[0]).contains(&("pod-networkpolicy", 10)), "{:?}", grades(&all[0]));
    assert!(grades(&all[1]).contains(&("networkpolicy-targets-pod", 10)), "{:?}", grades(&all[1]));
    assert_eq!((&all[0]["grade"], &all[1]["grade"]), (&1.into(), &10.into()));
    assert_eq!(all[2]["grades"]["critical"], 1);
    assert_eq!(scores(&dir, "kube-score", &["b"]).status, 1, "the policy has no pods");
}

#[test]
fn kube_score_s_flags_come_from_ours() {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}}\n";
    let dir = Dir::with(&[("web.yaml", &format!("{WEB}{service}"))]);
    let graded = |args: &[&str]| {
        let run = scores(&dir, "kube-score", &[&["-f", "jsonl"], args, &["web.yaml"]].concat());
        records(&run).remove(0)
    };
    let optional = ("container-seccomp-profile", 5);
    assert!(!grades(&graded(&[])).contains(&optional));
    assert!(grades(&graded(&["--enable", "container-seccomp-profile"])).contains(&optional));
    let without = graded(&["--deselect", "container-resources,pod-probes"]);
    assert!(!grades(&without).iter().any(|(id, _)| ["container-resources", "pod-probes"].contains(id)));
    assert!(grades(&graded(&[])).contains(&("deployment-replicas", 10)));
    dir.write("seawall.yaml", "parameters: {minimumReplicas: 3}\n");
    assert!(grades(&graded(&[])).contains(&("deployment-replicas", 5)));
    let old =
        "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: old}\nspec:\n  template: {}\n";
    dir.write("web.yaml", old);
    let stable = |args: &[&str]| grades(&graded(args)).contains(&("stable-version", 10));
    assert!(
        stable(&["--kubernetes-version", "1.8"]) && !stable(&[]),
        "of that version there was nothing newer"
    );
}

#[test]
fn the_page_says_what_is_lost_and_where() {
    let dir = Dir::with(&[
        ("web.yaml", WEB),
        ("policy.yaml", POLICY),
        ("map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
    ]);
    let kubesec = scores(&dir, "kubesec", &["web.yaml", "map.yaml"]).stdout;
    assert!(kubesec.starts_with("web.yaml:1:1  Deployment shop/web "), "{kubesec}");
    for text in [
        "score -29, fails\n  -30 Privileged: ",
        "\n  earned: ReadOnlyRootFilesystem +1\n  could earn: ",
        "\n  This resource kind is not supported by kubesec\n",
        "0 or below, which fails 2\nlowest -29: Deployment shop/web at web.yaml:1\n",
        "\ntakes points                           Privileged 1\nwhy, and what to write: seawall explain Privileged\n",
    ] {
        assert!(kubesec.contains(text), "{text}: {kubesec}");
    }
    let grades = scores(&dir, "kube-score", &["web.yaml", "policy.yaml", "map.yaml"]).stdout;
    for text in [
        "CRITICAL\n  CRITICAL container-resources: web: CPU limit is not set, Memory limit is not set, CPU request is\n",
        "\n  WARNING deployment-has-host-podantiaffinity: ",
        "OK 1   WARNING 0   CRITICAL 1\n",
        "\n1 object is of kinds that kube-score does not grade\n",
    ] {
        assert!(grades.contains(text), "{text}: {grades}");
    }
    let quiet = scores(&dir, "kube-score", &["-q", "web.yaml", "policy.yaml"]).stdout;
    assert!(!quiet.contains("policy.yaml") && !quiet.contains(" in 2 files"), "{quiet}");
}

#[test]
fn what_cannot_be_read_makes_it_2_and_hides_nothing() {
    let dir = Dir::with(&[("web.yaml", WEB), ("broken.yaml", "kind: [\n"), ("Makefile.yaml", "a: 1\n")]);
    for model in ["kubesec", "kube-score"] {
        let run = scores(&dir, model, &["-f", "jsonl", "."]);
        assert_eq!(run.status, 2, "{model}");
        let types: Vec<String> =
            records(&run).iter().map(|r| r["type"].as_str().unwrap().to_owned()).collect();
        assert_eq!(types, ["notice", "error", "score", "summary"], "{model}");
        let named = scores(&dir, model, &["Makefile.yaml"]);
        assert_eq!(named.status, 2, "{}", named.stdout);
        let text = scores(&dir, model, &["."]).stdout;
        assert!(text.contains("error: broken.yaml:") && text.contains("(exit status 2)"), "{text}");
        assert_eq!(scores(&dir, model, &["missing.yaml"]).status, 2);
    }
}

#[test]
fn json_holds_the_same_records_in_one_document_and_a_file_takes_them() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let lines = records(&scores(&dir, "kubesec", &["-f", "jsonl", "web.yaml"]));
    let run = scores(&dir, "kubesec", &["-f", "json=scores.json", "-f", "text", "web.yaml"]);
    assert!(run.stdout.contains("score -29"), "{}", run.stdout);
    let document: Value = serde_json::from_str(&dir.read("scores.json")).unwrap();
    assert_eq!(document["records"][0], lines[0]);
    assert_eq!(document["summary"], lines[1]);
    let empty: Value =
        serde_json::from_str(&scores(&dir, "kube-score", &["-f", "json", "scores.json"]).stdout).unwrap();
    assert_eq!(empty["summary"]["exit"], 2, "a report is no manifest");
}

#[test]
fn what_has_no_meaning_for_scores_is_refused() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    for (args, said) in [
        (&["-f", "sarif"][..], "scores are not told as sarif"),
        (&["--select", "memory-limit"], "cannot be used with"),
        (&["--fail-on", "high"], "cannot be used with"),
        (&["--enable", "memory-limit"], "kube-score has no check `memory-limit`"),
    ] {
        let run = scores(&dir, "kube-score", &[args, &["web.yaml"]].concat());
        assert_eq!(run.status, 2, "{args:?}: {}", run.stdout);
        assert!(run.stderr.contains(said), "{args:?}: {}", run.stderr);
    }
    let run = scores(&dir, "kubesec", &["--enable", "container-resources", "web.yaml"]);
    assert!(run.stderr.contains("kubesec's rules cannot be chosen"), "{}", run.stderr);
    assert_eq!(scores(&dir, "polaris", &["web.yaml"]).status, 2);
}

/// The page says `seawall explain ID` of what is failed most.
#[test]
fn all_that_is_failed_can_be_explained() {
    let dir = Dir::new();
    let kubesec = seawall_check::scores::KUBESEC_RULES.iter().map(|rule| rule.id);
    for id in seawall_check::scores::CHECKS.iter().map(|check| check.id).chain(kubesec) {
        assert_eq!(dir.run_bare(&["explain", id]).status, 0, "{id}");
    }
}
