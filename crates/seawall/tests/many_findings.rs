//! Objects with more findings than reports hold: what is left out is counted, and told.

mod common;

use std::collections::BTreeMap;

use common::{Dir, Records};
use serde_json::Value;

const CONTAINERS: usize = 300;

/// A workload with very many containers whose modes, template and profiles all say different things of it, as do its annotations.
fn workload(annotations: &str) -> String {
    let container = |i: usize| {
        let more = match i % 5 {
            0 => "securityContext: {privileged: true, capabilities: {add: [CHOWN, SYS_ADMIN]}}",
            1 => "ports: [{containerPort: 80}, {containerPort: 81, hostPort: 81}]",
            2 => "securityContext: {appArmorProfile: {type: Unconfined}, allowPrivilegeEscalation: false}",
            3 => {
                "env: [{name: PASSWORD, value: hunter2x}, {name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]"
            }
            _ => "resources: {limits: {memory: 1Gi}}",
        };
        format!("      - {{name: c{}, image: a, {more}}}\n", i - usize::from(i % 50 == 7))
    };
    let containers: String = (0..CONTAINERS).map(container).collect();
    format!(
        "apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: baseline
    pod-security.kubernetes.io/enforce-version: v1.20
    pod-security.kubernetes.io/warn: restricted
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: many
  namespace: shop
  annotations: {{seawall.dev/ignore: \"run-as-non-root=not yet\"}}
spec:
  selector: {{matchLabels: {{app: m}}}}
  template:
    metadata:
      labels: {{app: m}}
      annotations: {{{annotations}}}
    spec:
      hostNetwork: true
      containers:
{containers}"
    )
}

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/c4: unconfined, \
    container.apparmor.security.beta.kubernetes.io/c289: unconfined";

const STRICT: [&str; 5] = ["--profile", "strict", "--complete", "--deselect", "image-digest-pin"];

/// A scan that reports only so much of an object, and one that holds everything, as it writes a baseline.
fn both(dir: &Dir, args: &[&str]) -> [Records; 2] {
    let part = dir.scan(&[&STRICT, args, &["many.yaml"]].concat());
    [part, dir.scan(&[&STRICT, args, &["--write-baseline", "all.yaml", "many.yaml"]].concat())]
}

/// Findings by rule, those that count and the others, with all places.
fn by_rule(findings: &[Value]) -> BTreeMap<(String, bool), usize> {
    let mut out = BTreeMap::new();
    for finding in findings {
        let places = 1 + finding["related"].as_array().unwrap().len();
        let rule = finding["rule"].as_str().unwrap().to_owned();
        *out.entry((rule, finding["suppressed"].is_null())).or_default() += places;
    }
    out
}

fn findings(record: &Value) -> &[Value] {
    record["findings"].as_array().unwrap()
}

/// Compares what is told of an object that is held in part with the truth.
fn compare(part: &Records, all: &Records) {
    let [[part_of], [all_of]] = [part, all]
        .map(|run| <[Value; 1]>::try_from(run.workloads().into_iter().cloned().collect::<Vec<_>>()).unwrap());
    let (held, found) = (findings(&part_of), findings(&all_of));
    assert!(held.len() < found.len() && found.len() > 3000, "{} of {}", held.len(), found.len());
    let known: BTreeMap<_, _> = by_rule(found);
    for (rule, places) in by_rule(held) {
        assert!(places >= known[&rule].min(50), "{rule:?}: {places} of {}", known[&rule]);
    }
    assert_eq!(by_rule(held).len(), known.len(), "something of every rule is told");
    assert!(held.iter().all(|finding| found.contains(finding)), "what is held is told as it is");
    let but = |record: &Value, fields: &[&str]| {
        let mut record = record.as_object().unwrap().clone();
        for field in fields {
            record.remove(*field);
        }
        record
    };
    assert_eq!(but(&part_of, &["findings"]), but(&all_of, &["findings"]));
    // One notice more; a baseline accepts what is found.
    let counted = |run: &Records| but(run.summary(), &["notices", "exitStatus"]);
    assert_eq!(counted(part), counted(all));
    let told = all.all.iter().filter(|record| record["type"] != "summary");
    let told = told.flat_map(|record| record["findings"].as_array().map(Vec::as_slice).unwrap_or_default());
    let (open, suppressed): (Vec<&Value>, Vec<_>) = told.partition(|finding| finding["suppressed"].is_null());
    assert_eq!(part.summary()["findings"], open.len());
    assert_eq!(part.summary()["suppressed"], suppressed.len());
}

fn notices(run: &Records) -> Vec<&Value> {
    run.all.iter().filter(|record| record["kind"] == "findings-left-out").collect()
}

#[test]
fn what_is_left_out_is_counted() {
    let dir = Dir::with(&[("many.yaml", &workload(APP_ARMOR))]);
    let [part, all] = both(&dir, &[]);
    compare(&part, &all);
    assert_eq!((part.status, all.status), (1, 0));
    let [notice] = notices(&part)[..] else { panic!("{:?}", notices(&part)) };
    assert!(notices(&all).is_empty());
    let grouped = |n: &Value| {
        let text = n.as_u64().unwrap().to_string();
        if text.len() > 3 { format!("{},{}", &text[..text.len() - 3], &text[text.len() - 3..]) } else { text }
    };
    let message = notice["message"].as_str().unwrap();
    let own = findings(all.workloads()[0]).iter().filter(|finding| finding["suppressed"].is_null()).count();
    let said = format!("Deployment shop/many has {} findings, ", grouped(&own.into()));
    assert!(message.starts_with(&said) && message.ends_with("; all are counted"), "{message}");
    assert_eq!(notice["line"], 10);
}

#[test]
fn the_exit_status_is_that_of_all() {
    // The one thing that is grave comes last of its rule.
    let container = |i| format!("  - {{name: c{i}, image: \"a:1\"}}\n");
    let list: String = (0..1500).map(container).collect();
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: many}}\nspec:\n  containers:\n{list}  - {{name: last, image: a, securityContext: {{capabilities: {{add: [SYS_ADMIN]}}}}}}\n"
    );
    let dir = Dir::with(&[("many.yaml", &text)]);
    for bar in ["info", "low", "medium", "high", "critical", "enforce", "never"] {
        for level in ["privileged", "baseline", "restricted"] {
            let [part, all] = both(&dir, &["--fail-on", bar, "--level", level]);
            let grave = ["info", "low", "medium", "high", "critical"];
            let least = grave.iter().position(|severity| *severity == bar);
            let workload = all.workloads()[0].clone();
            let mut found = findings(&workload).iter().filter(|finding| finding["suppressed"].is_null());
            let fails = match least {
                Some(least) => found.any(|f| grave[least..].contains(&f["severity"].as_str().unwrap())),
                None => bar == "enforce" && workload["open"].as_array().unwrap().contains(&"enforce".into()),
            };
            assert_eq!(part.status, i32::from(fails), "{bar} {level}");
        }
    }
}

#[test]
fn a_baseline_holds_all_and_passes_over_all() {
    let dir = Dir::with(&[("many.yaml", &workload(""))]);
    let [part, _] = both(&dir, &[]);
    let passed = dir.scan(&[&STRICT[..], &["--baseline", "all.yaml", "many.yaml"]].concat());
    assert_eq!((passed.status, &passed.summary()["findings"]), (0, &0.into()));
    let all = |run: &Records| {
        run.summary()["findings"].as_u64().unwrap() + run.summary()["suppressed"].as_u64().unwrap()
    };
    assert_eq!(all(&passed), all(&part));
    // What is new is told however much is passed over, and nothing is left out of what counts.
    let baseline = dir.read("all.yaml");
    let fewer: Vec<&str> = baseline
        .lines()
        .filter(|line| !line.contains("container: \"c298\"") && !line.contains("container: c298,"))
        .collect();
    let new = baseline.lines().count() - fewer.len();
    assert!(new > 5, "{new}");
    dir.write("fewer.yaml", fewer.join("\n") + "\n");
    let run = dir.scan(&[&STRICT[..], &["--baseline", "fewer.yaml", "many.yaml"]].concat());
    let told = run.workloads()[0].clone();
    let open: Vec<&Value> = findings(&told).iter().filter(|f| f["suppressed"].is_null()).collect();
    assert_eq!(run.summary()["findings"], open.len());
    assert!(open.len() > 5 && open.iter().all(|f| f["container"] == "c298"), "{open:?}");
    let text = dir.run_bare(&[&["scan"], &STRICT[..], &["--baseline", "fewer.yaml", "many.yaml"]].concat());
    assert!(!text.stdout.contains("of which are reported"), "{}", text.stdout);
}

#[test]
fn one_finding_of_very_many_places_shows_some() {
    let port = |i| format!("    - {{containerPort: {i}, hostPort: {i}}}\n");
    let ports: String = (1..3000).map(port).collect();
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: many}}\nspec:\n  containers:\n  - name: c\n    image: a\n    ports:\n{ports}"
    );
    let dir = Dir::with(&[("many.yaml", &text)]);
    let run = dir.scan(&["--level", "baseline", "many.yaml"]);
    let [finding] = run.findings("host-port")[..] else { panic!("{:?}", run.all) };
    assert_eq!(
        (finding["related"].as_array().unwrap().len(), &finding["placesLeftOut"]),
        (999, &1999.into())
    );
    assert!(finding["fix"]["patch"].is_null(), "a part of a fix is none");
    let [notice] = notices(&run)[..] else { panic!("{:?}", run.all) };
    assert_eq!(
        notice["message"],
        "Pod many has 2,999 places of findings, 1,000 of which are reported; all are counted"
    );
    assert_eq!(run.summary()["findings"], 1);
    // The repair is whole all the same.
    let fixed = dir.run_bare(&[
        "fix",
        "--level",
        "baseline",
        "--write",
        "--decide",
        "host-port=remove",
        "--likely",
        "many.yaml",
    ]);
    assert!(!dir.read("many.yaml").contains("hostPort"), "{}{}", fixed.stdout, fixed.stderr);
}

#[test]
fn every_format_says_that_something_is_left_out() {
    let dir = Dir::with(&[("many.yaml", &workload(APP_ARMOR))]);
    for format in ["text", "concise", "markdown", "json", "jsonl", "sarif", "junit", "github", "gitlab"] {
        for quiet in [&[][..], &["--quiet"]] {
            let run =
                dir.run_bare(&[&["scan", "--format", format], quiet, &STRICT[..], &["many.yaml"]].concat());
            let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains("of which are reported"), "{format} {quiet:?}");
        }
    }
    let text = dir.run_bare(&[&["scan"], &STRICT[..], &["many.yaml"]].concat()).stdout;
    let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains(" more places, which are only counted") && !said.contains(" names them all"),
        "{text}"
    );
}
