//! Checks beyond the standard, as a user meets them.

mod common;

use common::Dir;

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: registry.example.com/web:1
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
";

fn rules(dir: &Dir, args: &[&str]) -> Vec<String> {
    let run = dir.scan(&[args, &["web.yaml"]].concat());
    let findings = run.workloads().into_iter().flat_map(|w| w["findings"].as_array().unwrap().clone());
    findings.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

/// What a scan says without any argument: findings beyond the standard, and no failure.
#[test]
fn findings_beyond_the_standard_fail_nobody_who_did_not_ask() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let run = dir.run_bare(&["scan", "web.yaml"]);
    assert_eq!(run.status, 0, "{}", run.stdout);
    assert!(
        run.stdout.contains("\n  medium[memory-limit]: container \"web\" has no memory limit (line 11)\n"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("\nbeyond the standard"), "{}", run.stdout);
    assert_eq!(dir.run_bare(&["scan", "--fail-on", "medium", "web.yaml"]).status, 1);
    assert_eq!(dir.run_bare(&["scan", "--fail-on", "critical", "web.yaml"]).status, 0);
}

/// Readers of `JUnit` call a run with failures failed or unstable: what fails no run is skipped there.
#[test]
fn advice_is_no_failed_test() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let counts = |args: &[&str]| {
        let run =
            dir.run(&[&["scan", "--format", "junit", "--select", "memory-limit", "web.yaml"], args].concat());
        let has = |text: &str| run.stdout.contains(text);
        (
            run.status,
            has("failures=\"1\"") && has("<failure"),
            has("skipped=\"1\"") && has("<skipped type=\"warning\""),
        )
    };
    assert_eq!(counts(&[]), (0, false, true));
    assert_eq!(counts(&["--fail-on", "medium"]), (1, true, false));
}

#[test]
fn profiles_and_selections_say_what_is_reported() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    assert_eq!(rules(&dir, &["--profile", "pss"]), [""; 0]);
    assert!(rules(&dir, &["--profile", "recommended"]).contains(&"memory-limit".to_owned()));
    let strict = dir.run_bare(&["scan", "--profile", "strict", "web.yaml"]);
    assert_eq!(strict.status, 1, "a profile that was asked for fails on what it reports");
    assert_eq!(dir.run_bare(&["scan", "--profile", "strict", "--fail-on", "never", "web.yaml"]).status, 0);
    assert_eq!(rules(&dir, &["--select", "memory-limit"]), ["memory-limit"]);
    assert_eq!(rules(&dir, &["--profile", "pss", "--enable", "memory-limit"]), ["memory-limit"]);
    let left = rules(&dir, &["--profile", "recommended", "--deselect", "memory-limit"]);
    assert!(!left.contains(&"memory-limit".to_owned()) && !left.is_empty(), "{left:?}");
    let unknown = dir.run_bare(&["scan", "--profile", "none", "web.yaml"]);
    assert!(unknown.stdout.contains("profiles: pss, recommended, strict, cis, nsa"), "{}", unknown.stdout);
    let by_tag = rules(&dir, &["--select", "reliability"]);
    assert!(by_tag.contains(&"memory-limit".to_owned()), "{by_tag:?}");
    assert!(!by_tag.contains(&"read-only-root-filesystem".to_owned()), "{by_tag:?}");
}

/// The standard's rules have tags as the others do; their tags take them to no profile and from none.
#[test]
fn tags_stand_for_rules_of_the_standard_too() {
    let dir = Dir::with(&[("web.yaml", &WEB.replace("    spec:\n", "    spec:\n      hostIPC: true\n"))]);
    let rules = |args: &[&str]| {
        let run = dir.scan(&[&["--level", "baseline"], args, &["web.yaml"]].concat());
        let [workload] = &run.workloads()[..] else { panic!("{:?}", run.all) };
        assert_eq!(workload["evaluations"][0]["allowed"], false, "verdicts stay what they are: {args:?}");
        let found = workload["findings"].as_array().unwrap();
        found.iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let has = |args: &[&str], rule: &str| rules(args).iter().any(|found| found == rule);
    for tag in ["security", "cis", "nsa"] {
        assert!(has(&["--select", tag], "host-ipc"), "{tag}");
        assert!(!has(&["--deselect", tag], "host-ipc"), "{tag}");
    }
    assert!(
        !has(&["--select", "reliability"], "host-ipc") && has(&["--deselect", "reliability"], "host-ipc")
    );
    for profile in ["pss", "recommended", "strict", "cis", "nsa"] {
        assert!(has(&["--profile", profile, "--fail-on", "enforce"], "host-ipc"), "{profile}");
    }
    let of_pss = rules(&["--profile", "pss"]);
    assert_eq!(of_pss, ["host-ipc"], "a tag makes no rule one beyond the standard");
}

#[test]
fn ignores_and_exceptions_hold_for_them_too() {
    let commented =
        WEB.replace("- name: web\n", "- name: web  # seawall: ignore memory-limit it is measured\n");
    let dir = Dir::with(&[("web.yaml", &commented)]);
    let run = dir.scan(&["--select", "memory-limit", "web.yaml"]);
    assert_eq!(run.workloads()[0]["findings"][0]["suppressed"]["reason"], "it is measured");
    assert_eq!(run.workloads()[0]["score"], 100, "what does not count takes no points");
}

/// A finding beyond the standard has one entry, wherever else it points; nothing is left over, and nothing is new.
#[test]
fn a_baseline_holds_all_of_them() {
    let twice = WEB
        .replace("        image:", "        env: [{name: A, value: x}, {name: A, value: z}]\n        image:");
    let dir = Dir::with(&[("web.yaml", &twice)]);
    let written = dir.run(&["scan", "--profile", "strict", "--write-baseline", "base.yaml", "web.yaml"]);
    let text = std::fs::read_to_string(dir.path().join("base.yaml")).unwrap();
    assert_eq!((written.status, text.matches("duplicate-env").count()), (0, 1), "{text}");
    let run = dir.run(&[
        "scan",
        "--profile",
        "strict",
        "--baseline",
        "base.yaml",
        "--format",
        "concise",
        "web.yaml",
    ]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""));
}

#[test]
fn a_score_says_how_far_a_workload_is() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let run = dir.scan(&["--select", "memory-limit,read-only-root-filesystem", "web.yaml"]);
    let workload = &run.workloads()[0];
    assert_eq!((&workload["score"], &workload["grade"]), (&90.into(), &"A".into()), "two medium findings");
    assert_eq!(run.summary()["score"]["mean"], 90);
}

#[test]
fn fixes_are_for_who_asks_for_them() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let plain = dir.run_bare(&["fix", "--likely", "web.yaml"]);
    assert!(!plain.stdout.contains("readOnlyRootFilesystem"), "{}", plain.stdout);
    let asked = dir.run_bare(&["fix", "--likely", "--only", "read-only-root-filesystem", "web.yaml"]);
    assert!(asked.stdout.contains("readOnlyRootFilesystem: true"), "{}", asked.stdout);
}

/// What other tools are told to pass over is passed over for who asks, with the reason that stands there.
#[test]
fn what_other_tools_pass_over_can_be_passed_over() {
    let annotated = WEB.replace(
        "metadata: {name: web}",
        "metadata:
  name: web
  annotations:
    kube-score/ignore: container-resources,pod-probes
    ignore-check.kube-linter.io/no-read-only-root-fs: it writes to its own files
    checkov.io/skip1: CKV_K8S_16=a driver
    polaris.fairwinds.com/hostPIDSet-exempt: \"true\"",
    );
    let privileged = annotated
        .replace("drop: [ALL]}", "drop: [ALL]}, privileged: true")
        .replace("    spec:\n", "    spec:\n      hostPID: true\n      hostIPC: true\n")
        .replace("hostIPC", "hostIPC: true  # trivy:ignore:KSV-0008\n      #");
    let dir = Dir::with(&[("web.yaml", &privileged)]);
    let args = ["--select", "memory-limit,read-only-root-filesystem,privileged-container,host-pid,host-ipc"];
    let told = |more: &[&str]| {
        let run = dir.scan(&[&args[..], more, &["web.yaml"]].concat());
        let findings = run.workloads()[0]["findings"].as_array().unwrap().clone();
        let reason = |f: &serde_json::Value| {
            let why = f["suppressed"]["reason"].as_str().unwrap_or("-");
            format!("{}: {why}", f["rule"].as_str().unwrap())
        };
        let mut told: Vec<String> = findings.iter().map(reason).collect();
        told.sort_unstable();
        (told, run.status)
    };
    let plain = [
        "host-ipc: -",
        "host-pid: -",
        "memory-limit: -",
        "privileged-container: -",
        "read-only-root-filesystem: -",
    ];
    assert_eq!(told(&[]), (plain.map(str::to_owned).to_vec(), 1));
    let compat = [
        "host-ipc: trivy:ignore:KSV-0008",
        "host-pid: polaris.fairwinds.com/hostPIDSet-exempt: true",
        "memory-limit: kube-score/ignore: container-resources,pod-probes",
        "privileged-container: a driver",
        "read-only-root-filesystem: it writes to its own files",
    ];
    assert_eq!(told(&["--compat"]), (compat.map(str::to_owned).to_vec(), 0));
}

#[test]
fn files_of_other_tools_are_read_too() {
    let bad = WEB
        .replace("drop: [ALL]}", "drop: [ALL]}, privileged: true")
        .replace("    spec:\n", "    spec:\n      hostPID: true\n      hostIPC: true\n");
    let dir = Dir::with(&[("a/web.yaml", &bad), ("b/web.yaml", &bad)]);
    dir.write(".trivyignore", "CVE-2024-1\nKSV-0010 # it watches processes\nKSV-9999\n");
    dir.write(
        ".trivyignore.yaml",
        "misconfigurations: [{id: KSV-0017, paths: [a/*], statement: a driver}]\n",
    );
    dir.write(
        ".checkov.baseline",
        r#"{"failed_checks": [{"file": "/b/web.yaml", "findings": [{"resource": "Deployment.default.web", "check_ids": ["CKV_K8S_18"]}]}]}"#,
    );
    let scan = |more: &[&str]| {
        let select = ["--select", "privileged-container,host-pid,host-ipc"];
        dir.scan(&[&select[..], more, &["a", "b"]].concat())
    };
    let told = |more: &[&str]| {
        let mut told = Vec::new();
        for workload in scan(more).workloads() {
            let file = &workload["file"].as_str().unwrap()[..1];
            for finding in workload["findings"].as_array().unwrap() {
                if let Some(why) = finding["suppressed"]["reason"].as_str() {
                    told.push(format!("{file} {}: {why}", finding["rule"].as_str().unwrap()));
                }
            }
        }
        told.sort_unstable();
        told
    };
    assert_eq!(told(&[]), [""; 0]);
    let compat = [
        "a host-pid: KSV-0010",
        "a privileged-container: a driver",
        "b host-ipc: CKV_K8S_18",
        "b host-pid: KSV-0010",
    ];
    assert_eq!(told(&["--compat"]), compat);
    let run = scan(&["--compat"]);
    let notices = run.of("notice");
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0]["message"].as_str().unwrap().contains("`KSV-9999` of trivy"), "{notices:?}");
    dir.write(".checkov.baseline", "{}");
    let run = dir.run(&["scan", "--compat", "a"]);
    assert_eq!(run.status, 2, "a file that says nothing is no empty one: {}", run.stderr);
}

#[test]
fn configurations_of_other_tools_are_translated() {
    let dir = Dir::with(&[
        (".kube-linter.yaml", "checks: {addAllBuiltIn: true, exclude: [unset-memory-requirements]}\n"),
        ("ci.sh", "#!/bin/sh\nkube-score score --ignore-test container-resources deploy/*.yaml\n"),
        ("other.yaml", "a: 1\n"),
        ("web.yaml", WEB),
    ]);
    let run = dir.run_bare(&["import-config", ".kube-linter.yaml"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    dir.write("seawall.yaml", &run.stdout);
    let scanned = dir.run_bare(&["scan", "--format", "jsonl", "web.yaml"]);
    assert_eq!(scanned.status, 1, "all checks, and they count: {}", scanned.stdout);
    assert!(
        !scanned.stdout.contains("\"memory-limit\"")
            && scanned.stdout.contains("\"read-only-root-filesystem\"")
    );
    assert!(dir.run_bare(&["import-config", "ci.sh"]).stdout.contains("memory-limit"));
    let other = dir.run_bare(&["import-config", "other.yaml"]);
    assert_eq!((other.status, other.stdout.as_str()), (2, ""));
    assert!(
        other.stderr.contains("`other.yaml` is no configuration of kube-linter or polaris"),
        "{}",
        other.stderr
    );
    assert_eq!(dir.run_bare(&["import-config", "none.yaml"]).status, 2);
}

#[test]
fn what_others_call_a_rule_explains_it() {
    let dir = Dir::new();
    for id in ["CKV_K8S_16", "KSV-0017", "C-0057", "container-security-context-privileged", "CIS 5.2.2"] {
        let run = dir.run_bare(&["explain", id]);
        assert!(run.stdout.starts_with("# privileged-container: "), "{id}: {}{}", run.stdout, run.stderr);
    }
    assert!(dir.run_bare(&["explain", "privileged-container"]).stdout.contains("\ncheckov: CKV_K8S_16\n"));
}

const WIDGETS: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer}}}
";

/// The whole schema is for who asks for it; then every document is held against it, wherever definitions stand.
#[test]
fn objects_are_held_against_the_whole_schema() {
    let widget = |size: &str| {
        format!("apiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {{size: {size}}}\n")
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  restartPolicy: always\n  hostnameOverride: p\n  containers: [{image: x}]\n";
    let dir = Dir::with(&[("a.yaml", &widget("big")), ("b.yaml", WIDGETS), ("pod.yaml", pod)]);
    let told = |args: &[&str]| {
        let run = dir.scan(&[&["--profile", "pss", "--level", "privileged"], args].concat());
        let findings = run.of("workload").into_iter().chain(run.of("object"));
        let findings = findings.flat_map(|o| o["findings"].as_array().unwrap().clone());
        let mut told: Vec<String> = findings.map(|f| f["message"].as_str().unwrap().to_owned()).collect();
        told.sort_unstable();
        (told, run.of("notice").len(), run.status)
    };
    assert_eq!(told(&["."]), (vec![], 0, 0));
    let missing = "`name` is missing: the schema of Kubernetes asks for it".to_owned();
    let value = "`always` is none of `Always`, `Never`, `OnFailure`".to_owned();
    let size = "the definition asks for an integer here, and a string is there".to_owned();
    assert_eq!(told(&["--schema", "."]), (vec![value.clone(), missing.clone(), size.clone()], 0, 0));
    assert_eq!(told(&["--schema", "--fail-on", "high", "."]).2, 1);
    let newer = "`hostnameOverride` is unknown to Kubernetes v1.33".to_owned();
    let old = told(&["--schema", "--kubernetes-version", "1.33", "."]);
    assert_eq!(old.0, [value, newer, missing, size]);
    assert_eq!(
        told(&["--schema", "a.yaml"]),
        (vec![], 1, 0),
        "without its definition it is not held against anything"
    );
}

/// Fixes of objects without pods are made as those of workloads are, in lists too.
#[test]
fn objects_without_pods_are_repaired() {
    const BUDGET: &str = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: web}  # for web\nspec:\n  maxUnavailable: 1\n  selector: {matchLabels: {app: web}}\n";
    let indented = BUDGET.replace('\n', "\n  ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}\n", indented.trim_end());
    let dir = Dir::with(&[("web.yaml", BUDGET), ("list.yaml", &list)]);
    let fix = [
        "fix",
        "--only",
        "api-deprecated,pdb-unhealthy-eviction",
        "--likely",
        "--write",
        "web.yaml",
        "list.yaml",
    ];
    let run = dir.run(&fix);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    assert!(
        read("web.yaml").starts_with(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}  # for web\n"
        )
    );
    assert!(
        read("list.yaml").contains("- apiVersion: policy/v1\n  kind: PodDisruptionBudget\n"),
        "{}",
        read("list.yaml")
    );
    assert_eq!(
        dir.run(&["scan", "--select", "api-deprecated", "--format", "concise", "web.yaml", "list.yaml"])
            .stdout,
        ""
    );
    assert!(dir.run(&fix).stdout.contains("nothing to fix"));
}

/// What of a definition nothing is held against is told once, at the definition.
#[test]
fn what_is_not_looked_at_is_told_once_per_kind() {
    let definition = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        x-kubernetes-validations: [{rule: 'self.spec.size < 10'}]
        properties:
          spec:
            type: object
            x-kubernetes-validations: [{rule: 'self.size > 1'}]
            properties:
              size: {type: integer}
              site: {type: string, format: uri}
              name: {type: string, pattern: '^\\p{Greek}$'}
";
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 99, site: ':', name: a}\n";
    let dir = Dir::with(&[("crd.yaml", definition), ("a.yaml", widget), ("b.yaml", widget)]);
    let run = dir.scan(&["--schema", "--profile", "pss", "."]);
    let notices: Vec<(String, String)> = run
        .of("notice")
        .into_iter()
        .map(|n| (n["kind"].as_str().unwrap().to_owned(), n["message"].as_str().unwrap().to_owned()))
        .collect();
    let message = "Widget is not held against parts of its definition: 2 rules in `x-kubernetes-validations`; 1 pattern that is not understood";
    assert_eq!(notices, [("not-evaluated".to_owned(), message.to_owned())]);
    let found = run.findings("schema-invalid");
    assert!(found.iter().all(|finding| finding["message"] == "the value must be a URI"), "{found:?}");
    assert_eq!(found.len(), 2);
    assert_eq!(dir.scan(&["--profile", "pss", "."]).of("notice").len(), 0);
}

/// Neither many resources of one definition nor a definition that means harm takes long.
#[test]
fn definitions_cost_no_more_than_what_they_define() {
    use std::fmt::Write as _;
    use std::time::{Duration, Instant};

    let crd = |schema: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.example.com}}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {{kind: Widget, plural: widgets}}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema: {{type: object, properties: {{spec: {schema}}}}}\n"
        )
    };
    let widget = |spec: &str| {
        format!("---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {spec}\n")
    };
    let mut fields = String::new();
    for at in 0..300 {
        let _ = write!(fields, "f{at}: {{type: string, pattern: '^[a-z]{{1,63}}$'}}, ");
    }
    let wide = crd(&format!("{{type: object, properties: {{{fields}size: {{type: integer, maximum: 5}}}}}}"));
    let texts: Vec<String> = (0..50_000).map(|at| format!("v{at}")).collect();
    let many = crd(&format!("{{type: array, items: {{type: string, enum: [{}]}}}}", texts.join(", ")));
    let mut nested = "{minLength: 2}".to_owned();
    for _ in 0..14 {
        nested = format!("{{anyOf: [{nested}, {nested}]}}");
    }
    let deep = crd(&nested.replacen('{', "{type: string, ", 1));
    let mut bomb = "&a0 [x, x, x, x, x, x, x, x, x]".to_owned();
    for at in 1..6 {
        let last = at - 1;
        bomb =
            format!("&a{at} [{bomb}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}]");
    }
    let below = "[".repeat(2_000) + &"]".repeat(2_000);
    let cases: [(&str, String, String, usize); 7] = [
        ("10,000 resources", wide, widget("{size: 3, f1: abc}").repeat(9_999) + &widget("{size: 9}"), 1),
        ("a large enumeration", many, widget(&format!("[{}, z]", texts[..500].join(", "))), 1),
        ("nested compositions", deep, widget("x"), 1),
        (
            "a pattern",
            crd("{type: string, pattern: '^((a{1,20}){1,20}b?)*$'}"),
            widget(&"a".repeat(100_000)),
            1,
        ),
        (
            "a pattern that is too large",
            crd("{type: string, pattern: '((a{1,999}){1,999}){1,999}'}"),
            widget("b"),
            1,
        ),
        ("aliases", crd("{x-kubernetes-preserve-unknown-fields: true}"), widget(&bomb), 1),
        ("depth", crd("{x-kubernetes-preserve-unknown-fields: true}"), widget(&below), 1),
    ];
    for (name, definition, resources, told) in cases {
        let dir = Dir::with(&[("crd.yaml", &definition), ("w.yaml", &resources)]);
        let started = Instant::now();
        let run = dir.scan(&["--schema", "--profile", "pss", "."]);
        let took = started.elapsed();
        assert_eq!(
            run.of("notice").len() + run.of("object").len() + run.of("error").len(),
            told,
            "{name}: {:?}",
            run.all
        );
        assert!(took < Duration::from_secs(20), "{name} took {took:?}");
    }
}

/// What a patch of Kustomize lacks is in what it patches; what an object of an unrendered chart lacks is in another template.
#[test]
fn parts_are_not_taken_for_the_whole() {
    let patch = WEB.replace("        image: registry.example.com/web:1\n", "");
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: db}}\n";
    let operations = "- {op: replace, path: /spec/replicas, value: 2}\n";
    let dir = Dir::with(&[
        ("base/web.yaml", WEB),
        ("base/service.yaml", service),
        ("patches/web.yaml", &patch),
        ("patches/operations.yaml", operations),
        ("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("chart/templates/service.yaml", &service.replace("name: web", "name: db")),
        ("chart/templates/db.yaml", "kind: {{ .Values.kind }}\n"),
    ]);
    let found = |args: &[&str]| {
        let run = dir
            .run(&[&["scan", "--format", "concise", "--quiet", "--fail-on", "low"], args, &["."]].concat());
        let files = run.stdout.lines().map(|line| line.split(':').next().unwrap().to_owned());
        (run.status, files.collect::<Vec<_>>())
    };
    assert_eq!(found(&["--select", "memory-limit"]), (1, vec!["base/web.yaml".to_owned()]));
    assert_eq!(found(&["--select", "service-dangling"]), (1, vec!["base/service.yaml".to_owned()]));
    let missed = |args: &[&str]| {
        let run = dir.scan(&[&["--select", "service-dangling"], args, &["."]].concat());
        run.summary()["notEvaluated"].to_string()
    };
    let said = r#"[{"reason":"1 object is in a chart that is not rendered","rule":"service-dangling"}]"#;
    assert_eq!((&missed(&[])[..], &missed(&["--complete"])[..]), (said, "[]"));
    let all = vec!["base/service.yaml".to_owned(), "chart/templates/service.yaml".to_owned()];
    assert_eq!(found(&["--select", "service-dangling", "--complete"]), (1, all));
    let refused = service.to_owned()
        + "---\n"
        + &WEB.replace("app: web", "app: db").replace("- name: web\n", "- name: 5\n");
    let dir = Dir::with(&[("web.yaml", &refused), ("other.yaml", WEB)]);
    let run = dir.run(&[
        "scan",
        "--select",
        "service-dangling",
        "--format",
        "concise",
        "--quiet",
        "--fail-on",
        "low",
        ".",
    ]);
    assert!(
        !run.stdout.contains("service-dangling"),
        "what is refused is there all the same: {}",
        run.stdout
    );
    let dir = Dir::with(&[("patches/operations.yaml", operations)]);
    let named = dir.run(&["scan", "patches/operations.yaml"]);
    assert_eq!(named.status, 2, "a file that is named is to be a manifest");
}

/// What a part writes stays so whatever the other parts say; of what it lacks nothing is known, and that is told.
#[test]
fn what_a_part_writes_is_checked() {
    let patch = "apiVersion: apps/v1beta2
kind: Deployment
metadata: {name: web, annotations: {token: ghp_0123456789abcdefghijABCDEFGHIJ012345}}
spec:
  template:
    spec:
      volumes: [{name: s, hostPath: {path: /var/run/docker.sock}}]
      containers:
      - name: web
        env: [{name: DB_PASSWORD, value: 8sdfSDFsdf8s7df6sdf}]
        securityContext: {capabilities: {add: [SYS_ADMIN]}}
";
    let dir = Dir::with(&[("web.yaml", patch)]);
    let mut of_part = rules(
        &dir,
        &[
            "--select",
            "api-deprecated,reliability,secrets,dangerous-capability,memory-limit,container-socket-mount,read-only-root-filesystem",
        ],
    );
    of_part.sort_unstable();
    let written = [
        "api-deprecated",
        "container-socket-mount",
        "dangerous-capability",
        "secret-in-annotation",
        "secret-literal-env",
    ];
    assert_eq!(of_part, written);
    let run = dir.scan(&["--profile", "recommended", "web.yaml"]);
    let notices = run.of("notice");
    let [notice] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(
        (notice["kind"].as_str(), notice["message"].as_str()),
        (
            Some("not-evaluated"),
            Some(
                "Deployment web names no image: it is a part of a workload, and what it lacks was not looked for"
            )
        )
    );
    assert!(run.workloads()[0]["score"].is_null(), "{}", run.workloads()[0]);
    assert!(run.summary()["score"].is_null(), "{}", run.summary());
    assert_eq!(dir.scan(&["--profile", "pss", "web.yaml"]).of("notice").len(), 0);
    let empty =
        "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: web}\nspec: {schedule: '* * * * *'}\n";
    dir.write("web.yaml", empty);
    assert_eq!(rules(&dir, &["--profile", "recommended"]), ["api-deprecated"]);
    assert_eq!(
        dir.scan(&["--profile", "recommended", "web.yaml"]).of("notice").len(),
        1,
        "it is told that there is no template"
    );
}

#[test]
fn an_object_twice_in_a_file_is_told_of_and_in_two_files_where_the_input_is_complete() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n";
    let dir = Dir::with(&[("a.yaml", &format!("{map}---\n{map}")), ("b/a.yaml", map), ("b/b.yaml", map)]);
    let found = |args: &[&str]| {
        let run = dir.scan(&[&["--select", "duplicate-object"], args].concat());
        (run.of("object").len(), run.summary()["notEvaluated"].to_string())
    };
    let unseen = "[{\"reason\":\"1 object is in several files, which may be of several clusters\",\"rule\":\"duplicate-object\"}]";
    assert_eq!(found(&["a.yaml"]), (2, "[]".to_owned()));
    assert_eq!(found(&["b"]), (0, unseen.to_owned()));
    assert_eq!(found(&["."]), (2, unseen.to_owned()));
    assert_eq!(found(&["--complete", "."]), (4, "[]".to_owned()));
}

#[test]
fn compat_tells_of_ids_that_it_does_not_know() {
    let annotations = "datree.skip/CONTAINERS_MISSING_MEMORY_LIMIT_KEY: why, datree.skip/ARGO_X: why, checkov.io/skip1: CKV_X=why, kube-score/ignore: 'pod-probes, nothing', 'polaris.fairwinds.com/x-exempt': 'true'";
    let yaml = WEB.replace(
        "metadata: {name: web}",
        &format!("metadata: {{name: web, annotations: {{{annotations}}}}}"),
    );
    let dir = Dir::with(&[("web.yaml", &yaml)]);
    let told = |args: &[&str]| {
        let run = dir.scan(&[&["--select", "memory-limit", "web.yaml"], args].concat());
        let found = run.workloads()[0]["findings"].as_array().unwrap().clone();
        let ignored = found.iter().filter(|f| f["suppressed"].is_object()).count();
        let notices = run.of("notice");
        let ids: Vec<String> = notices
            .iter()
            .map(|notice| {
                assert_eq!(
                    (notice["kind"].as_str(), notice["line"].as_u64()),
                    (Some("ignore-unused"), Some(3))
                );
                notice["message"].as_str().unwrap().split('`').nth(1).unwrap().to_owned()
            })
            .collect();
        (found.len(), ignored, ids.join(" "))
    };
    assert_eq!(told(&[]), (1, 0, String::new()));
    assert_eq!(told(&["--compat"]), (1, 1, "ARGO_X CKV_X nothing x".to_owned()));
}

#[test]
fn what_no_schema_is_known_of_is_told_with_the_reason() {
    let of = |version: &str, kind: &str| {
        format!("---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: w, namespace: n}}\n")
    };
    let definition = WIDGETS.replace("served: true", "served: false");
    assert_ne!(definition, WIDGETS);
    let objects = [
        of("apps/v1", "Deploymet"),
        of("storagemigration.k8s.io/v1alpha1", "StorageVersionMigration"),
        of("extensions/v1beta1", "Ingress"),
        of("networking.k8s.io/v1alpha1", "ClusterCIDR"),
        of("example.com/v2", "Widget"),
        of("example.com/v1", "Gadget"),
        of("example.com/v1", "Widget"),
    ]
    .concat();
    let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\nspec:\n  workloadRef: {name: a}\n  containers: [{name: c, image: x}]\n";
    let dir = Dir::with(&[("a.yaml", &format!("{definition}{objects}{pod}"))]);
    let told = |version: &str| {
        let run = dir.scan(&["--schema", "--level", "privileged", "--kubernetes-version", version, "a.yaml"]);
        let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        let notices: Vec<String> = run
            .of("notice")
            .iter()
            .map(|n| {
                format!("{} ({})", text(&n["message"]), text(&n["hint"]))
                    .replace(" was not held against a schema", "")
            })
            .collect();
        let objects = run.of("workload").into_iter().chain(run.of("object"));
        let findings: Vec<String> = objects
            .flat_map(|o| o["findings"].as_array().unwrap().clone())
            .map(|f| text(&f["message"]))
            .collect();
        (notices, findings)
    };
    let (notices, findings) = told("1.35");
    assert_eq!(
        notices,
        [
            "apps/v1 Deploymet: Kubernetes v1.37 has no such kind (did you mean `Deployment`?)",
            "storagemigration.k8s.io/v1alpha1 StorageVersionMigration: it has not been served since Kubernetes v1.35 (write it in storagemigration.k8s.io/v1beta1)",
            "extensions/v1beta1 Ingress: it has not been served since Kubernetes v1.22 (write it in networking.k8s.io/v1)",
            "networking.k8s.io/v1alpha1 ClusterCIDR: it has not been served since Kubernetes v1.29 (nothing takes its place: leave it out)",
            "example.com/v2 Widget: its definition has no such version (correct the definition: it serves no version)",
            "example.com/v1 Gadget: nothing in the input defines it (add its CustomResourceDefinition to the input)",
        ]
    );
    let unserved = "example.com/v1 Widget is not served: its definition says so".to_owned();
    assert!(findings.contains(&unserved), "{findings:?}");
    assert!(!findings.iter().any(|f| f.contains("workloadRef")), "{findings:?}");
    assert!(told("1.36").1.iter().any(|f| f.contains("unknown field `workloadRef`")));
}

/// Kinds that older versions alone serve: the first and the last of 1.32 and later that do, what they need, and what is wrong.
const PAST: &[(&str, &str, u64, u64, &str, &str)] = &[
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingAdmissionPolicy",
        32,
        33,
        "spec: {}",
        "spec: {variables: 1}",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        "ValidatingAdmissionPolicyBinding",
        32,
        33,
        "spec: {}",
        "spec: {policyName: 1}",
    ),
    ("authentication.k8s.io/v1beta1", "SelfSubjectReview", 32, 32, "status: {}", "status: 1"),
    (
        "certificates.k8s.io/v1alpha1",
        "ClusterTrustBundle",
        32,
        36,
        "spec: {trustBundle: a}",
        "spec: {trustBundle: 1}",
    ),
    (
        "certificates.k8s.io/v1alpha1",
        "PodCertificateRequest",
        34,
        34,
        "spec: {signerName: a, podName: a, podUID: a, serviceAccountName: a, serviceAccountUID: a, nodeName: a, nodeUID: a, \
         pkixPublicKey: YQ==, proofOfPossession: YQ==}",
        "spec: {signerName: a, podName: a, podUID: a, serviceAccountName: a, serviceAccountUID: a, nodeName: a, nodeUID: a, \
         pkixPublicKey: YQ==, proofOfPossession: 1}",
    ),
    (
        "networking.k8s.io/v1beta1",
        "IPAddress",
        32,
        36,
        "spec: {parentRef: {resource: a, name: a}}",
        "spec: {parentRef: 1}",
    ),
    ("networking.k8s.io/v1beta1", "ServiceCIDR", 32, 36, "spec: {cidrs: [a]}", "spec: {cidrs: [1]}"),
    ("resource.k8s.io/v1alpha3", "DeviceClass", 32, 33, "spec: {selectors: []}", "spec: {selectors: 1}"),
    ("resource.k8s.io/v1alpha3", "ResourceClaim", 32, 33, "spec: {devices: {}}", "spec: {devices: 1}"),
    (
        "resource.k8s.io/v1alpha3",
        "ResourceClaimTemplate",
        32,
        33,
        "spec: {spec: {}}",
        "spec: {spec: {devices: 1}}",
    ),
    (
        "resource.k8s.io/v1alpha3",
        "ResourceSlice",
        32,
        33,
        "spec: {driver: a, pool: {name: a, generation: 1, resourceSliceCount: 1}}",
        "spec: {driver: a, pool: {name: a, generation: x, resourceSliceCount: 1}}",
    ),
    ("scheduling.k8s.io/v1alpha1", "Workload", 35, 35, "spec: {podGroups: []}", "spec: {podGroups: 1}"),
    (
        "scheduling.k8s.io/v1alpha2",
        "PodGroup",
        36,
        36,
        "spec: {schedulingPolicy: {}}",
        "spec: {schedulingPolicy: 1}",
    ),
    (
        "scheduling.k8s.io/v1alpha2",
        "Workload",
        36,
        36,
        "spec: {podGroupTemplates: []}",
        "spec: {podGroupTemplates: 1}",
    ),
    ("storage.k8s.io/v1alpha1", "VolumeAttributesClass", 32, 34, "driverName: a", "driverName: 1"),
    ("storage.k8s.io/v1beta1", "VolumeAttributesClass", 32, 36, "driverName: a", "driverName: 1"),
    (
        "storagemigration.k8s.io/v1alpha1",
        "StorageVersionMigration",
        32,
        34,
        "spec: {resource: {}}",
        "spec: {resource: 1}",
    ),
];

#[test]
fn kinds_of_older_versions_are_held_against_the_schema_of_theirs() {
    let object = |version: &str, kind: &str, rest: &str| {
        format!("---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n{rest}\n")
    };
    let all = |rest: &dyn Fn(&str, &str) -> String| -> String {
        PAST.iter().map(|(version, kind, _, _, good, bad)| object(version, kind, &rest(good, bad))).collect()
    };
    let dir = Dir::with(&[
        ("good.yaml", &all(&|good, _| good.to_owned())),
        ("unknown.yaml", &all(&|good, _| format!("{good}\nnoSuchField: 1"))),
        ("wrong.yaml", &all(&|_, bad| bad.to_owned())),
    ]);
    for minor in 32..=37 {
        let told = |file: &str| -> Vec<(String, String)> {
            let version = format!("1.{minor}");
            let select = ["--select", "schema-invalid", "--kubernetes-version", &version, file];
            let run = dir.scan(&[&["--schema"][..], &select].concat());
            let notices = run.of("notice");
            let notices =
                notices.iter().map(|n| (n["line"].to_string(), n["message"].as_str().unwrap().to_owned()));
            let objects = run.of("object");
            let findings = objects.iter().map(|o| {
                let found = o["findings"].as_array().unwrap();
                assert_eq!(found.len(), 1, "1.{minor} {file}: {found:?}");
                (o["object"]["kind"].to_string(), found[0]["message"].as_str().unwrap().to_owned())
            });
            notices.chain(findings).collect()
        };
        let (good, unknown, wrong) = (told("good.yaml"), told("unknown.yaml"), told("wrong.yaml"));
        let served = PAST.iter().filter(|(_, _, first, last, ..)| (*first..=*last).contains(&minor)).count();
        let counted =
            |told: &[(String, String)], text: &str| told.iter().filter(|(_, m)| m.contains(text)).count();
        let (before, after) = (
            PAST.iter().filter(|(_, _, first, ..)| minor < *first).count(),
            PAST.iter().filter(|(_, _, _, last, ..)| minor > *last).count(),
        );
        for (told, text) in [(&good, ""), (&unknown, "unknown field `noSuchField`"), (&wrong, "` must be ")] {
            let here = if text.is_empty() { 0 } else { served };
            let not_yet = counted(told, "is not served by Kubernetes v1.");
            assert_eq!(
                (not_yet, counted(told, "it has not been served since")),
                (before, after),
                "1.{minor}"
            );
            assert_eq!(told.len(), before + after + here, "1.{minor}: {told:#?}");
            assert!(text.is_empty() || counted(told, text) == served, "1.{minor}: {told:#?}");
        }
    }
}

#[test]
fn schemas_that_are_not_known_are_told_of() {
    let dir = Dir::with(&[("web.yaml", WEB)]);
    let told = |version: &str| {
        let run = dir.scan(&[
            "--schema",
            "--kubernetes-version",
            version,
            "--select",
            "schema-invalid",
            "web.yaml",
        ]);
        let notices = run.of("notice");
        notices.iter().map(|n| n["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        told("1.31"),
        ["the schemas of Kubernetes v1.31 are not known here: objects were held against those of v1.32"]
    );
    assert_eq!(told("1.32"), [""; 0]);
}

#[test]
fn metadata_of_custom_resources_are_held_against_those_of_all_objects() {
    let widget = |metadata: &str| {
        format!("---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {metadata}\nspec: {{size: 1}}\n")
    };
    let objects = [
        widget("{name: fine, namespace: shop, labels: {a: b}}"),
        widget("{name: number, namespace: shop, labels: {a: 1}}"),
        widget("{name: unknown, namespace: shop, label: {}}"),
    ]
    .concat();
    let dir = Dir::with(&[("a.yaml", &format!("{WIDGETS}{objects}"))]);
    let run = dir.scan(&["--schema", "--select", "schema-invalid", "a.yaml"]);
    let told: Vec<_> = run
        .of("object")
        .iter()
        .map(|o| format!("{} {}", o["object"]["name"], o["findings"][0]["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "\"number\" `a` must be a string, not a number",
            "\"unknown\" unknown field `label`; it has no effect"
        ]
    );
    assert_eq!(run.status, 0);
}
