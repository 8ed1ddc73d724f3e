//! Inputs that other scanners lose, misread or die of: each one through the binary, with the wanted result.

mod common;

use std::time::{Duration, Instant};

use common::Dir;

/// A pod that is privileged and shares the node's process ids.
fn pod(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  hostPID: true\n  containers:\n  - name: c\n    image: nginx\n    securityContext:\n      privileged: true\n"
    )
}

/// The same as a template below `indent` blanks.
fn template(indent: usize, restart: &str) -> String {
    let pad = " ".repeat(indent);
    format!(
        "{pad}spec:\n{pad}  hostPID: true\n{restart}{pad}  containers:\n{pad}  - name: c\n{pad}    image: nginx\n{pad}    securityContext: {{privileged: true}}\n"
    )
}

/// Asserts that `text` holds exactly the privileged workloads named, and nothing that could not be read.
fn assert_privileged(text: &str, names: &[&str]) {
    let dir = Dir::with(&[("in.yaml", text)]);
    let run = dir.scan(&["in.yaml"]);
    let found: Vec<&str> = run.workloads().iter().map(|w| w["object"]["name"].as_str().unwrap()).collect();
    assert_eq!(found, names, "{text}");
    for workload in run.workloads() {
        assert_eq!(workload["strictest"], "privileged", "{text}");
    }
    assert_eq!(run.of("error").len(), 0, "{:?}", run.all);
    assert_eq!(run.findings("privileged-container").len(), names.len(), "{text}");
    assert_eq!(run.status, 1);
}

#[test]
fn plain_bom_crlf_and_json() {
    assert_privileged(&pod("m"), &["m"]);
    assert_privileged(&format!("\u{feff}{}", pod("m")), &["m"]);
    assert_privileged(&pod("m").replace('\n', "\r\n"), &["m"]);
    assert_privileged(
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"m"},"spec":{"hostPID":true,"containers":[{"name":"c","image":"nginx","securityContext":{"privileged":true}}]}}"#,
        &["m"],
    );
}

#[test]
fn separators_with_comments_and_blanks_lose_nothing() {
    let (a, b) = (pod("m1"), pod("m2"));
    assert_privileged(&format!("# just a comment\n---\n{a}"), &["m1"]);
    assert_privileged(&format!("{a}---\n# trailing\n---\n"), &["m1"]);
    assert_privileged(&format!("{a}--- # second doc\n{b}"), &["m1", "m2"]);
    assert_privileged(&format!("{a}---   \n{b}"), &["m1", "m2"]);
    assert_privileged(&format!("{a}...\n---\n{b}"), &["m1", "m2"]);
}

#[test]
fn a_directive_is_passed_over_with_a_notice() {
    let text = format!("%YAML 1.1\n---\n{}", pod("m"));
    assert_privileged(&text, &["m"]);
    let run = Dir::with(&[("in.yaml", &text)]).scan(&["in.yaml"]);
    assert_eq!(run.of("notice")[0]["kind"], "ignored-by-kubectl");
}

#[test]
fn lists_are_expanded() {
    let item = format!("- {}\n", pod("m").trim_end().replace('\n', "\n  "));
    for kind in ["List", "PodList"] {
        assert_privileged(&format!("apiVersion: v1\nkind: {kind}\nitems:\n{item}"), &["m"]);
    }
}

#[test]
fn anchors_aliases_and_merges_count_every_container() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: &l {a: b}}
  template:
    metadata: {labels: *l}
    spec:
      containers:
      - &base
        name: c
        image: nginx
        securityContext: &sc {privileged: true}
      - <<: *base
        name: d
        securityContext:
          <<: *sc
          readOnlyRootFilesystem: true
";
    let dir = Dir::with(&[("in.yaml", text)]);
    let run = dir.scan(&["in.yaml"]);
    let containers: Vec<&str> =
        run.findings("privileged-container").iter().map(|f| f["container"].as_str().unwrap()).collect();
    assert_eq!(containers, ["c", "d"]);
}

#[test]
fn a_duplicate_key_is_found_at_both_places() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: m}
spec:
  containers:
  - name: c
    securityContext: {privileged: true}
    securityContext: {privileged: false}
";
    let run = Dir::with(&[("in.yaml", text)]).scan(&["in.yaml"]);
    let found = run.findings("duplicate-key");
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["line"], &found[0]["column"]), (&8.into(), &5.into()));
    assert_eq!(found[0]["related"][0]["line"], 7);
    assert!(run.findings("privileged-container").is_empty(), "the last one wins");
}

#[test]
fn a_tab_is_a_located_error() {
    let dir = Dir::with(&[(
        "in.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n\tname: tabs\nspec: {containers: []}\n",
    )]);
    let run = dir.scan(&["in.yaml"]);
    let errors = run.of("error");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["line"], 4);
    assert!(errors[0]["hint"].as_str().unwrap().contains("spaces"), "{}", errors[0]);
    assert_eq!(run.status, 2);
}

const TEMPLATE: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}}
spec:
{{- if .Values.x }}
  hostPID: true
{{- end }}
  containers:
  - name: c
    image: \"{{ .Values.image }}\"
";

#[test]
fn an_unrendered_template_is_named_as_such() {
    let dir = Dir::with(&[
        ("chart/templates/pod.yaml", TEMPLATE),
        ("chart/Chart.yaml", "name: x\nversion: 1.0.0\n"),
    ]);
    let walked = dir.scan(&["."]);
    assert_eq!(walked.status, 0, "{:?}", walked.all);
    let notices = walked.of("notice");
    assert!(notices.iter().any(|n| n["kind"] == "unrendered-template"), "{notices:?}");
    let named = dir.scan(&["chart/templates/pod.yaml"]);
    assert_eq!(named.status, 2);
    assert!(named.of("error")[0]["hint"].as_str().unwrap().contains("helm template"));
}

#[test]
fn a_kustomization_is_said_to_be_judged_as_written() {
    let of_group =
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [pod.yaml]\n";
    let text = |dir: &Dir, args: &[&str]| {
        let run = dir.run(&[&["scan", "--level", "privileged"], args].concat());
        assert_eq!(run.status, 0, "{} {}", run.stdout, run.stderr);
        // Without the breaks of lines.
        run.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // Kustomize takes these names, and fills in apiVersion and kind.
    for (name, content) in [
        ("kustomization.yaml", of_group),
        ("kustomization.yml", "resources: [pod.yaml]\n"),
        ("Kustomization", "kind: Kustomization\nresources: [pod.yaml]\n"),
        ("any.yaml", &of_group.replace("Kustomization", "Component").replace("beta", "alpha")),
    ] {
        let base = format!("my base/{name}");
        let dir = Dir::with(&[("my base/pod.yaml", &pod("a")), (&base, content)]);
        let walked = dir.scan(&["--level", "privileged", "."]);
        assert_eq!(walked.status, 0, "{name}: {:?}", walked.all);
        let [notice] = &walked.of("notice")[..] else { panic!("{name}: {:?}", walked.all) };
        assert_eq!((&notice["kind"], &notice["file"]), (&"kustomization".into(), &base.clone().into()));
        assert_eq!(notice["hint"], "kustomize build 'my base' | seawall scan -");
        let said = "1 directory is a kustomization and was judged as written, not as it is deployed";
        let shown = text(&dir, &["."]);
        assert!(shown.contains(&format!("{said}: kustomize build 'my base' | seawall scan -")), "{shown}");
        assert_eq!(dir.scan(&[&base]).status, 2, "{name}: what is named is to be a manifest");
        assert!(!text(&dir, &["my base/pod.yaml"]).contains("kustom"));
    }
    let dir = Dir::with(&[
        ("base/pod.yaml", &pod("a")),
        ("base/kustomization.yaml", of_group),
        ("prod/kustomization.yaml", of_group),
        ("here/values.yaml", "resources: [pod.yaml]\n"),
    ]);
    let said = "2 directories are kustomizations and were judged as written, not as they are deployed";
    let shown = text(&dir, &["."]);
    assert!(shown.contains(&format!("{said}: kustomize build <directory> | seawall scan -")), "{shown}");
}

/// As the API machinery reads them: the conformance test `group_versions` has them all.
#[test]
fn the_group_of_an_api_version_may_be_empty() {
    let text = pod("a").replace("apiVersion: v1", "apiVersion: /v1");
    let dir = Dir::with(&[("in.yaml", &text), ("parts.yaml", &text.replace("/v1", "a/b/v1"))]);
    let run = dir.scan(&["in.yaml"]);
    let [pod] = &run.workloads()[..] else { panic!("{:?}", run.all) };
    assert_eq!((&pod["object"]["apiVersion"], run.findings("unknown-kind").len()), (&"v1".into(), 0));
    let run = dir.scan(&["parts.yaml"]);
    assert_eq!((run.status, run.workloads().len()), (2, 0));
    let message = "`apiVersion` has more than a group and a version: `a/b/v1`";
    assert_eq!(run.of("error")[0]["message"], message);
}

#[test]
fn one_bad_document_hides_no_other() {
    let text = format!("{}---\nfoo: [bar\n---\n{}", pod("good1"), pod("good2"));
    let run = Dir::with(&[("in.yaml", &text)]).scan(&["in.yaml"]);
    let names: Vec<_> = run.workloads().iter().map(|w| w["object"]["name"].clone()).collect();
    assert_eq!(names, ["good1", "good2"]);
    assert_eq!(run.of("error").len(), 1);
    let line = run.of("error")[0]["line"].as_u64().unwrap();
    assert!((13..=14).contains(&line), "{line}");
    assert_eq!(run.status, 2);
}

/// Files that a repository holds beside its manifests, and the line and column at which each cannot be read.
const FOREIGN: [(&str, &str, [u32; 2]); 4] = [
    (
        "tsconfig.json",
        "{\n  // what the compiler is told\n  \"compilerOptions\": {\"strict\": true}\n}\n",
        [3, 20],
    ),
    ("list.json", "{\"a\": [1,,],}\n", [1, 10]),
    ("ci.yaml", "job:\n  script:\n  - [!reference [.setup, script]\n", [3, 5]),
    ("jinja.yaml", "users:\n{% for user in users %}\n- name: x\n{% endfor %}\n", [2, 2]),
];

#[test]
fn what_cannot_be_read_and_is_not_of_kubernetes_is_passed_over() {
    let dir = Dir::with(&[("pod.yaml", &pod("good"))]);
    for (name, text, _) in FOREIGN {
        dir.write(name, text);
    }
    let run = dir.scan(&["."]);
    assert_eq!((run.workloads().len(), run.status), (1, 1), "{:?}", run.all);
    assert_eq!(run.of("error").len(), 0, "{:?}", run.all);
    for (name, _, [line, column]) in FOREIGN {
        let notices: Vec<_> = run.of("notice").into_iter().filter(|n| n["file"] == name).collect();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert_eq!(notices[0]["kind"], "not-kubernetes");
        assert_eq!(
            (&notices[0]["line"], &notices[0]["column"]),
            (&line.into(), &column.into()),
            "{notices:?}"
        );
        assert!(
            notices[0]["hint"].as_str().unwrap().ends_with(&format!("seawall scan {name}")),
            "{notices:?}"
        );
        let named = dir.scan(&[name]);
        assert_eq!((named.of("error").len(), named.of("notice").len(), named.status), (1, 0, 2), "{name}");
    }
    let text = dir.run(&["scan", "."]);
    assert_eq!(text.status, 1);
    assert!(text.stdout.contains("4 documents are not of Kubernetes and were not judged"), "{}", text.stdout);
    assert!(text.stdout.contains("ci.yaml:3:5: cannot be read"), "{}", text.stdout);
}

#[test]
fn what_cannot_be_read_and_speaks_of_kubernetes_is_an_error_in_a_directory_too() {
    let (good, bad) = (pod("good"), "a: [b\n");
    let run = Dir::with(&[("in.yaml", &format!("{good}---\n{bad}---\n{good}"))]).scan(&["."]);
    assert_eq!((run.workloads().len(), run.of("error").len(), run.status), (2, 0, 1), "{:?}", run.all);
    assert_eq!(run.of("notice")[0]["kind"], "not-kubernetes");
    let json = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"m"},"spec":{"containers":[]}}"#;
    for (name, text) in [
        ("in.yaml", format!("{good}---\nkind: Pod\n{bad}---\n{good}")),
        ("in.yaml", format!("apiVersion: v1\n{bad}")),
        ("in.json", json.replace("}}", "} // the end\n}")),
        ("in.json", format!("{json}}}\n")),
        ("in.json", format!("{json}\n{{\"a\":\n{json}\n")),
        ("in.yaml", format!("{good}--- x\n{good}")),
    ] {
        let run = Dir::with(&[(name, &text)]).scan(&["."]);
        assert!(!run.of("error").is_empty() && run.status == 2, "{text}: {:?}", run.all);
        assert_eq!(run.of("notice").len(), 0, "{text}: {:?}", run.all);
    }
}

#[test]
fn known_custom_resources_are_judged_as_their_pods() {
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: r}}\nspec:\n  template:\n{}",
        template(4, "")
    );
    let run = Dir::with(&[("in.yaml", &text)]).scan(&["in.yaml"]);
    assert_eq!(run.workloads().len(), 1);
    assert_eq!(run.workloads()[0]["custom"], true);
    assert_eq!(run.findings("privileged-container").len(), 1);
}

#[test]
fn a_misspelt_field_is_found_with_a_suggestion() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: m}\nspec:\n  containers:\n  - name: c\n    securitycontext: {privileged: true}\n";
    let run = Dir::with(&[("in.yaml", text)]).scan(&["in.yaml"]);
    let found = run.findings("schema-invalid");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["line"], 7);
    let words = format!("{} {}", found[0]["message"], found[0]["advice"]);
    assert!(words.contains("securityContext"), "{words}");
}

#[test]
fn wrong_types_are_refusals_on_their_lines() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: m}
spec:
  containers:
  - name: c
    securityContext:
      privileged: \"true\"
      runAsUser: \"0\"
    ports:
    - containerPort: \"80\"
";
    let run = Dir::with(&[("in.yaml", text)]).scan(&["in.yaml"]);
    let lines: Vec<_> = run.findings("schema-invalid").iter().map(|f| f["line"].clone()).collect();
    assert_eq!(lines, [8, 9, 11]);
    let workload = run.workloads()[0];
    assert!(workload["refused"].as_str().unwrap().contains("cannot unmarshal string"), "{workload}");
    assert!(workload["strictest"].is_null());
    assert_eq!(run.status, 1);
}

#[test]
fn yaml_1_1_booleans_and_octals_are_read_as_kubectl_reads_them() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: m, labels: {a: \"1\"}}
spec:
  hostPID: yes
  securityContext: {runAsUser: 0o20000}
  containers:
  - name: c
    securityContext: {privileged: on}
";
    let run = Dir::with(&[("in.yaml", text)]).scan(&["in.yaml"]);
    assert_eq!(run.findings("privileged-container").len(), 1);
    assert_eq!(run.findings("host-pid").len(), 1);
    assert!(run.findings("schema-invalid").is_empty(), "{:?}", run.all);
}

#[test]
fn every_container_class_is_judged() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: m}
spec:
  initContainers:
  - {name: i, image: 'nginx:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', securityContext: {privileged: true}}
  containers:
  - {name: c, image: reg.example.com:5000/app}
  ephemeralContainers:
  - {name: e, image: reg:5000/x, securityContext: {privileged: true}}
";
    let run = Dir::with(&[("in.yaml", text)]).scan(&["in.yaml"]);
    let containers: Vec<_> =
        run.findings("privileged-container").iter().map(|f| f["container"].clone()).collect();
    assert_eq!(containers, ["i", "e"]);
}

#[test]
fn every_workload_kind_is_judged() {
    let never = |indent: usize| format!("{}restartPolicy: Never\n", " ".repeat(indent));
    let cron = format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: m}}\nspec:\n  schedule: '* * * * *'\n  jobTemplate:\n    spec:\n      template:\n{}",
        template(8, &never(10))
    );
    assert_privileged(&cron, &["m"]);
    let job = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: m}}\nspec:\n  template:\n{}",
        template(4, &never(6))
    );
    assert_privileged(&job, &["m"]);
    let retired = ["extensions/v1beta1 Deployment", "apps/v1beta1 StatefulSet", "apps/v1beta2 DaemonSet"];
    let current = [
        "apps/v1 Deployment",
        "apps/v1 DaemonSet",
        "apps/v1 ReplicaSet",
        "apps/v1 StatefulSet",
        "v1 ReplicationController",
    ];
    for kind in current.into_iter().chain(retired) {
        let (version, kind) = kind.split_once(' ').unwrap();
        let text = format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: m}}\nspec:\n  template:\n{}",
            template(4, "")
        );
        assert_privileged(&text, &["m"]);
    }
    let pod_template =
        format!("apiVersion: v1\nkind: PodTemplate\nmetadata: {{name: m}}\ntemplate:\n{}", template(2, ""));
    assert_privileged(&pod_template, &["m"]);
}

/// Runs a scan of one file and asserts that it ends within `limit`.
fn within(limit: Duration, text: &[u8]) -> common::Records {
    let dir = Dir::new();
    dir.write("in.yaml", text);
    let start = Instant::now();
    let run = dir.scan(&["in.yaml"]);
    let took = start.elapsed();
    assert!(took < limit, "{took:?}");
    run
}

// The limits below are for an unoptimised build on a loaded machine: they find a hang, they measure nothing.

#[test]
fn twenty_thousand_documents_in_one_file() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for i in 0..20_000 {
        let _ = writeln!(text, "{}---", pod(&format!("p{i}")));
    }
    let run = within(Duration::from_mins(1), text.as_bytes());
    assert_eq!(run.workloads().len(), 20_000);
    assert_eq!(run.summary()["workloads"]["privileged"], 20_000);
}

#[test]
fn five_thousand_pods_on_one_line() {
    let pods: Vec<String> = (0..5_000)
        .map(|i| {
            format!(
                r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p{i}"}},"spec":{{"hostPID":true,"containers":[{{"name":"c"}}]}}}}"#
            )
        })
        .collect();
    let text = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, pods.join(","));
    let run = within(Duration::from_mins(1), text.as_bytes());
    assert_eq!(run.workloads().len(), 5_000);
    let dir = Dir::with(&[("in.json", &text)]);
    let start = Instant::now();
    assert_eq!(dir.run(&["scan", "in.json"]).status, 1);
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}

#[test]
fn ten_thousand_containers_in_one_pod() {
    use std::fmt::Write as _;
    let mut text = String::from("apiVersion: v1\nkind: Pod\nmetadata: {name: m}\nspec:\n  containers:\n");
    for i in 0..10_000 {
        let _ = writeln!(text, "  - {{name: c{i}, image: x}}");
    }
    let part = within(Duration::from_mins(1), text.as_bytes());
    let told = part.of("notice").iter().filter(|notice| notice["kind"] == "findings-left-out").count();
    assert!(told == 1 && part.findings("drop-all-capabilities").len() < 1_000);
    // A baseline is of all findings.
    let dir = Dir::with(&[("in.yaml", &text)]);
    let run = dir.scan(&["--write-baseline", "baseline.yaml", "in.yaml"]);
    assert_eq!(part.summary()["findings"], run.summary()["findings"]);
    let found = run.findings("drop-all-capabilities");
    assert_eq!(found.len(), 10_000);
    let path = &found[9_999]["fix"]["patch"][0]["path"];
    assert_eq!(path, "/spec/containers/9999/securityContext");
}

#[test]
fn a_scalar_of_five_megabytes() {
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata:\n  a: \"{}\"\n",
        "x".repeat(5 << 20)
    );
    let run = within(Duration::from_secs(10), text.as_bytes());
    assert_eq!(run.status, 0, "{:?}", run.all.len());
}

#[test]
fn an_alias_bomb_is_a_budget_error() {
    use std::fmt::Write as _;
    let mut text = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n");
    let _ = writeln!(text, "  a: &a [{}]", ["x"; 9].join(", "));
    for (i, c) in ('b'..='i').enumerate() {
        let before = char::from(b'a' + i as u8);
        let _ = writeln!(text, "  {c}: &{c} [{}]", vec![format!("*{before}"); 9].join(", "));
    }
    let run = within(Duration::from_secs(10), text.as_bytes());
    assert_eq!(run.status, 2);
    assert!(run.of("error")[0]["message"].as_str().unwrap().contains("alias"), "{:?}", run.all);
}

#[test]
fn twenty_thousand_levels_are_a_depth_error() {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for text in [
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\nd: {deep}\n"),
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"d\":{deep}}}"),
    ] {
        let run = within(Duration::from_secs(10), text.as_bytes());
        assert_eq!(run.status, 2);
        assert!(run.of("error")[0]["message"].as_str().unwrap().contains("deep"), "{:?}", run.all);
    }
}

#[test]
fn binary_bad_utf8_and_empty_files() {
    let dir = Dir::new();
    dir.write("binary.yaml", [0x7f, b'E', b'L', b'F', 0, 0, 1, 2]);
    dir.write("latin.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: caf\xe9}\n");
    dir.write("empty.yaml", "");
    dir.write("good.yaml", pod("m"));
    let run = dir.scan(&["."]);
    let files: Vec<_> = run.of("error").iter().map(|e| e["file"].clone()).collect();
    assert_eq!(files, ["latin.yaml"]);
    assert_eq!(run.of("error")[0]["line"], 3);
    assert_eq!(run.of("notice")[0]["file"], "binary.yaml");
    assert_eq!(run.workloads().len(), 1);
    assert_eq!(run.status, 2);
    let named = dir.scan(&["binary.yaml"]);
    assert_eq!((named.of("error").len(), named.status), (1, 2));
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_and_missing_files() {
    let dir = Dir::with(&[("a/good.yaml", &pod("m"))]);
    std::os::unix::fs::symlink("..", dir.path().join("a/up")).unwrap();
    std::os::unix::fs::symlink("self.yaml", dir.path().join("a/self.yaml")).unwrap();
    let run = dir.scan(&["."]);
    assert_eq!(run.workloads().len(), 1);
    assert_eq!(run.status, 2, "a link that leads nowhere cannot be read: {:?}", run.all);
    let run = dir.scan(&["missing.yaml", "a/good.yaml"]);
    assert_eq!(run.workloads().len(), 1);
    assert_eq!(run.of("error")[0]["file"], "missing.yaml");
    assert_eq!(run.status, 2);
}

#[cfg(unix)]
#[test]
fn a_glob_does_not_wait_for_a_fifo() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
    let dir = Dir::with(&[("a/a.yaml", pod)]);
    let made = std::process::Command::new("mkfifo").arg(dir.path().join("a/x.yaml")).status();
    assert!(made.unwrap().success());
    for glob in ["a/*.yaml", "**/*.yaml"] {
        let run = dir.scan(&[glob]);
        assert_eq!((run.workloads().len(), run.of("notice").len()), (1, 1), "{glob}: {:?}", run.all);
        assert_eq!(run.of("notice")[0]["kind"], "skipped");
    }
}
