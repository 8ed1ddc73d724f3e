//! `scan`, `explain` and `checks` as a user runs them: levels, configuration, exit status, formats.

mod common;

use common::Dir;
use serde_json::Value;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec:\n  containers:\n  - {name: c, image: x}\n";

fn namespace(labels: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{{labels}}}}}\n")
}

#[test]
fn blockers_are_those_of_the_levels_in_force() {
    let pod = |name: &str, spec: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {name}}}\nspec: {{{spec}containers: [{{name: c, image: x}}]}}\n"
        )
    };
    let pods = [pod("a", "hostPID: true, "), pod("b", ""), pod("c", "")].concat();
    let dir = Dir::with(&[("seawall.yaml", "levels: {'*': baseline}\n"), ("p.yaml", &pods)]);
    let text = dir.run(&["scan", "p.yaml"]).stdout;
    assert!(text.contains("blockers of baseline                   host namespaces 1\n"), "{text}");

    dir.write(
        "seawall.yaml",
        "levels: {a: {enforce: privileged, warn: baseline}, b: restricted, '*': baseline}\n",
    );
    let text = dir.run(&["scan", "p.yaml"]).stdout;
    assert!(
        text.contains("blockers of baseline and restricted    four basics 1   host namespaces 1\n"),
        "{text}"
    );
    let run = dir.scan(&["p.yaml"]);
    assert_eq!(run.all.last().unwrap()["target"], "restricted");

    dir.write("seawall.yaml", "levels: {'*': privileged}\n");
    let run = dir.scan(&["p.yaml"]);
    let summary = run.all.last().unwrap();
    assert!(summary["target"].is_null() && summary["blockers"] == serde_json::json!([]), "{summary}");
}

#[test]
fn a_namespace_behind_the_workload_decides_its_level() {
    let labels = "pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/warn: restricted";
    let dir = Dir::with(&[("a.yaml", POD), ("z.yaml", &namespace(labels))]);
    let run = dir.scan(&["."]);
    assert_eq!(run.status, 0, "{:?}", run.all);
    let workload = run.workloads()[0];
    assert_eq!(workload["levelsFrom"], "namespace");
    assert_eq!(workload["strictest"], "baseline");
    let verdicts: Vec<_> = workload["evaluations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["level"].as_str().unwrap(), e["allowed"].as_bool().unwrap()))
        .collect();
    assert_eq!(verdicts, [("baseline", true), ("privileged", true), ("restricted", false)]);
    assert_eq!(dir.run(&["scan", "--fail-on", "warn", "."]).status, 1);
    assert_eq!(dir.run(&["scan", "--fail-on", "audit", "."]).status, 0);
}

#[test]
fn invalid_and_missing_labels_follow_the_reference() {
    let invalid = Dir::with(&[(
        "a.yaml",
        &format!("{POD}---\n{}", namespace("pod-security.kubernetes.io/enforce: Strict")),
    )]);
    let run = invalid.scan(&["."]);
    assert_eq!(run.status, 1, "an invalid enforce level counts as restricted");
    assert_eq!(run.workloads()[0]["evaluations"][0]["level"], "restricted");
    let object = run.of("object")[0];
    assert_eq!(
        object["refused"],
        "Namespace \"shop\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"Strict\": must be one of privileged, baseline, restricted"
    );
    assert_eq!(
        (&object["findings"][0]["rule"], object["findings"][0]["column"].as_u64()),
        (&"namespace-pss-label".into(), Some(69))
    );
    let warn = Dir::with(&[("a.yaml", &namespace("pod-security.kubernetes.io/warn: nope"))]);
    assert_eq!(warn.scan(&["."]).status, 1, "the API server refuses to create it");
    let misspelt = Dir::with(&[("a.yaml", &namespace("pod-security.kubernetes.io/enforc: restricted"))]);
    let run = misspelt.scan(&["."]);
    assert_eq!(run.status, 0);
    assert_eq!(
        run.findings("namespace-pss-label")[0]["advice"],
        "did you mean `pod-security.kubernetes.io/enforce`?"
    );
    assert_eq!(run.of("notice")[0]["kind"], "namespace-labels", "nothing is enforced");
    let missing = Dir::with(&[("a.yaml", &format!("{POD}---\n{}", namespace("")))]);
    let run = missing.scan(&["."]);
    assert_eq!(run.status, 0, "no labels, nothing enforced");
    assert_eq!(run.of("notice")[0]["kind"], "namespace-labels");
}

#[test]
fn labels_that_are_no_text_are_invalid_and_not_missing() {
    for value in ["", "true", "1.25", "[baseline]"] {
        let text =
            format!("{POD}---\n{}", namespace(&format!("pod-security.kubernetes.io/enforce: {value}")));
        let run = Dir::with(&[("a.yaml", &text)]).scan(&["."]);
        assert_eq!(run.workloads()[0]["evaluations"][0]["level"], "restricted", "{value}");
        let message = run.findings("namespace-pss-label")[0]["message"].as_str().unwrap();
        assert!(message.contains("must be one of privileged, baseline, restricted"), "{value}: {message}");
        assert_eq!(run.status, 1, "{value}");
    }
}

#[test]
fn a_namespace_without_a_name_holds_no_workload() {
    for metadata in [
        "{labels: {pod-security.kubernetes.io/enforce: privileged}}",
        "{generateName: pr-}",
        "{name: \"\", labels: {pod-security.kubernetes.io/enforce: privileged}}",
    ] {
        let pod = POD.replace(", namespace: shop", "");
        let text = format!("apiVersion: v1\nkind: Namespace\nmetadata: {metadata}\n---\n{pod}");
        let run = Dir::with(&[("a.yaml", &text)]).scan(&["."]);
        assert_eq!(run.workloads()[0]["levelsFrom"], "flag", "{metadata}");
        assert_eq!(run.status, 1, "{metadata}");
    }
}

#[test]
fn two_namespaces_of_one_name_count_by_the_stricter() {
    let a = namespace("pod-security.kubernetes.io/enforce: privileged");
    let b = namespace("pod-security.kubernetes.io/enforce: restricted");
    let run = Dir::with(&[("a.yaml", &format!("{a}---\n{b}---\n{POD}"))]).scan(&["."]);
    assert_eq!(run.status, 1);
    assert_eq!(run.of("notice")[0]["kind"], "namespace-conflict");
}

#[test]
fn the_configuration_names_levels_and_custom_resources() {
    let config = "levels:\n  sh*: baseline\ncustomResources:\n- {apiVersion: example.com/*, kind: Worker, path: spec.pod}\n";
    let worker = "apiVersion: example.com/v1\nkind: Worker\nmetadata: {name: w}\nspec:\n  pod:\n    spec:\n      hostPID: true\n      containers: [{name: c, image: x}]\n";
    let dir = Dir::with(&[("seawall.yaml", config), ("deploy/pod.yaml", POD), ("deploy/w.yaml", worker)]);
    let run = dir.scan(&["deploy"]);
    assert_eq!(run.workloads()[0]["levelsFrom"], "config:sh*");
    assert_eq!(run.workloads()[0]["evaluations"][0]["allowed"], true);
    assert_eq!(run.workloads()[1]["custom"], true);
    assert_eq!(run.findings("host-pid")[0]["path"], "spec.pod.spec.hostPID");
    dir.write("seawall.yaml", "levels: {prod: strict}\nlevel: x\n");
    let run = dir.scan(&["deploy"]);
    assert_eq!(run.status, 2);
    let lines: Vec<_> = run.of("error").iter().map(|e| e["line"].clone()).collect();
    assert_eq!(lines, [1, 2], "{:?}", run.all);
}

#[test]
fn namespaces_are_lent_to_the_cluster_that_they_are_of() {
    let namespaces = |level: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}\n"
        )
    };
    let config = "levels: {'*': privileged}
namespaces: lent.yaml
scopes: [{name: prod, paths: [prod/], namespaces: ns/prod.yaml}, {name: dev, paths: [dev/]}]
";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {containers: [{name: a, image: b}]}\n";
    let dir = Dir::with(&[
        ("c/seawall.yaml", config),
        ("c/lent.yaml", &namespaces("restricted")),
        ("c/ns/prod.yaml", &namespaces("baseline")),
        ("c/flag.yaml", &namespaces("privileged")),
        ("c/a.yaml", pod),
        ("c/dev/b.yaml", pod),
        ("c/prod/c.yaml", pod),
    ]);
    let levels = |args: &[&str]| -> (Vec<String>, Vec<String>) {
        let run = dir.scan(args);
        let at = |w: &&Value| {
            let (level, from) = (w["evaluations"][0]["level"].as_str(), w["levelsFrom"].as_str());
            format!("{} {}", level.unwrap(), from.unwrap())
        };
        let notices = run.of("notice");
        let notices = notices.iter().filter(|n| n["kind"] == "namespace-labels");
        let messages = notices.map(|n| n["message"].as_str().unwrap().to_owned()).collect();
        (run.workloads().iter().map(at).collect(), messages)
    };
    let all = ["c/a.yaml", "c/dev", "c/prod"];
    let wanted = ["restricted namespaces-file", "privileged config:*", "baseline namespaces-file"];
    assert_eq!(levels(&all), (wanted.map(str::to_owned).to_vec(), Vec::new()));

    let flag = ["--namespaces", "c/flag.yaml"];
    let one = |path| levels(&[&flag[..], &[path]].concat());
    for path in ["c/dev", "c/prod", "c/a.yaml"] {
        assert_eq!(one(path), (vec!["privileged namespaces-file".to_owned()], Vec::new()), "{path}");
    }
    let (found, notices) = levels(&[&flag[..], &all].concat());
    assert_eq!(found, ["privileged namespaces-file", "privileged config:*", "baseline namespaces-file"]);
    let said =
        "--namespaces lends nothing to files of the scopes `prod`, `dev`, which are different clusters";
    assert_eq!(notices, [said]);
}

#[test]
fn a_dash_is_standard_input_or_output() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: privileged}}\n";
    let dir = Dir::with(&[("p.yaml", POD)]);
    let run = dir.run_with_stdin(&["scan", "--namespaces", "-", "p.yaml"], namespace.as_bytes());
    assert_eq!(run.status, 0, "{}", run.stdout);
    let run = dir.run_with_stdin(&["scan", "--namespaces", "-", "p.yaml", "-"], namespace.as_bytes());
    assert_eq!(run.status, 2);
    assert!(
        run.stdout.contains("standard input is named for manifests and for namespaces"),
        "{}",
        run.stdout
    );
    let run = dir.run_with_stdin(&["scan", "--namespaces", "-", "p.yaml"], b"a: b\n");
    assert!(
        run.status == 2 && run.stdout.contains("<stdin>: no Namespace is in this file"),
        "{}",
        run.stdout
    );

    let run = dir.run(&["scan", "--format", "json=-", "--format", "concise=c.txt", "p.yaml"]);
    assert!(run.stdout.starts_with("{\"schema\":1,"), "{}", run.stdout);
    let run = dir.run(&["scan", "--format", "json=-", "--format", "text", "p.yaml"]);
    assert!(run.stderr.contains("only one format can go to standard output"), "{}", run.stderr);
    let run = dir.run(&["scan", "--write-baseline", "-", "p.yaml"]);
    assert!(
        run.status == 2 && run.stderr.contains("a baseline cannot go to standard output"),
        "{}",
        run.stderr
    );
    assert!(!dir.path().join("-").exists());
}

#[test]
fn the_configuration_of_a_glob_is_looked_for_from_its_directory() {
    let dir = Dir::with(&[("d/seawall.yaml", "levels: {'*': privileged}\n"), ("d/x/y/pod.yaml", POD)]);
    for (glob, status) in [("d/x/y/*.yaml", 0), ("d/x/**/*.yaml", 0), ("*/x/y/pod.yaml", 1)] {
        assert_eq!(dir.run(&["scan", glob]).status, status, "{glob}");
    }
}

#[test]
fn a_configuration_of_another_name_is_an_error() {
    let dir = Dir::with(&[("d/seawall.yml", "levels: {'*': privileged}\n"), ("d/x/pod.yaml", POD)]);
    for command in ["scan", "config"] {
        let run = dir.run(&[command, "d/x"]);
        let said = run.stdout + &run.stderr;
        assert_eq!(run.status, 2, "{said}");
        assert!(said.contains("d/seawall.yml: the configuration is called seawall.yaml"), "{said}");
    }
    assert_eq!(dir.run(&["scan", "--config", "d/seawall.yml", "d/x"]).status, 0);
    for other in ["services: {a: {image: b}}\n", POD] {
        dir.write("d/seawall.yml", other);
        assert_eq!(dir.run(&["scan", "d/x"]).status, 1, "{other}");
    }
    dir.write("d/seawall.yml", "levels: {'*': restricted}\n");
    dir.write("d/seawall.yaml", "levels: {'*': privileged}\n");
    assert_eq!(dir.run(&["scan", "d/x"]).status, 0, "the right name goes first");
}

#[test]
fn a_manifest_of_the_name_of_the_configuration_is_judged() {
    let dir = Dir::with(&[("seawall.yaml", "levels: {sh*: baseline}\n"), ("apps/seawall.yaml", POD)]);
    for paths in [["."], ["apps"], ["apps/seawall.yaml"]] {
        let run = dir.scan(&paths);
        assert_eq!(run.workloads().len(), 1, "{paths:?}: {:?}", run.all);
        assert_eq!(run.workloads()[0]["levelsFrom"], "config:sh*", "{paths:?}");
        assert_eq!((run.status, run.of("notice").len()), (0, 0), "{paths:?}");
    }
}

#[test]
fn what_is_not_judged_says_how_to_have_it_judged() {
    let worker = |spec: &str| {
        format!("apiVersion: example.com/v1\nkind: Worker\nmetadata: {{name: w}}\nspec: {spec}\n")
    };
    let containers = "containers: [{name: c, image: x, securityContext: {privileged: true}}]";
    for spec in [
        format!("{{template: {{spec: {{{containers}}}}}}}"),
        format!("{{podTemplate: {{spec: {{{containers}}}}}}}"),
        format!("{{{containers}}}"),
        format!("{{roles: [{{template: {{spec: {{{containers}}}}}}}]}}"),
    ] {
        let dir = Dir::with(&[("w.yaml", &worker(&spec))]);
        let run = dir.scan(&["w.yaml"]);
        let hint = run.of("notice")[0]["hint"].as_str().unwrap();
        let (_, setting) = hint.split_once("seawall.yaml: ").unwrap();
        dir.write("seawall.yaml", setting);
        let run = dir.scan(&["w.yaml"]);
        assert_eq!(
            (run.status, run.findings("privileged-container").len()),
            (1, 1),
            "{setting}: {:?}",
            run.all
        );
    }
}

#[test]
fn a_workload_of_a_misspelt_kind_is_refused() {
    let spec = "{template: {spec: {containers: [{name: c, image: x}]}}}";
    for (version, kind, meant) in [
        ("v1", "Deployment", "write `apiVersion: apps/v1` and `kind: Deployment`"),
        ("apps/v1", "deployment", "write `apiVersion: apps/v1` and `kind: Deployment`"),
        ("batch/v1", "CornJob", "write `apiVersion: batch/v1` and `kind: CronJob`"),
        ("apps/v1", "Thing", "kubectl api-resources"),
    ] {
        let text = format!("apiVersion: {version}\nkind: {kind}\nspec: {spec}\n");
        let run = Dir::with(&[("w.yaml", &text)]).scan(&["w.yaml"]);
        let finding = run.findings("unknown-kind")[0];
        let refused = format!("no matches for kind \"{kind}\" in version \"{version}\"");
        assert_eq!((run.status, &finding["message"]), (1, &refused.as_str().into()), "{finding}");
        assert!(finding["advice"].as_str().unwrap().contains(meant), "{finding}");
    }
}

#[test]
fn a_misspelt_field_in_the_pod_of_a_custom_resource_is_told_of() {
    let text = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: s}\nspec:\n  template:\n    spec:\n      containerConcurrency: 1\n      timeoutSeconds: 5\n      containers: [{name: c, image: x, securitycontext: {privileged: true}}]\n";
    let run = Dir::with(&[("r.yaml", text)]).scan(&["r.yaml"]);
    let findings = run.findings("schema-invalid");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["path"], "spec.template.spec.containers[name=c].securitycontext");
    assert!(findings[0]["advice"].as_str().unwrap().contains("`securityContext`"), "{findings:?}");
}

#[test]
fn a_template_of_a_custom_resource_that_does_not_decode_says_where() {
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec:\n  template:\n    spec:\n      containers: [{name: c}]\n      hostPID: \"true\"\n";
    let run = Dir::with(&[("r.yaml", text)]).scan(&["."]);
    let refused = run.workloads()[0]["refused"].as_str().unwrap();
    assert!(refused.contains("line 8, column 16: cannot unmarshal string"), "{refused}");
}

#[test]
fn a_configured_path_that_finds_no_pod_is_told_of() {
    let config = "customResources: [{apiVersion: example.com/v1, kind: Worker, path: spec.pod}]\n";
    let worker = "apiVersion: example.com/v1\nkind: Worker\nmetadata: {name: w}\nspec: {pods: {spec: {}}}\n";
    let run = Dir::with(&[("seawall.yaml", config), ("w.yaml", worker)]).scan(&["w.yaml"]);
    let notice = run.of("notice")[0];
    assert_eq!(notice["kind"], "unknown-workload");
    assert!(notice["message"].as_str().unwrap().contains("has no pod at `spec.pod`"), "{notice}");
}

#[test]
fn the_target_cluster_bounds_the_version() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostUsers: false\n  containers:\n  - {name: c, image: x, securityContext: {procMount: Unmasked}}\n";
    let dir = Dir::with(&[("p.yaml", pod)]);
    let new = dir.scan(&["--level", "baseline", "p.yaml"]);
    assert_eq!(new.workloads()[0]["evaluations"][0]["allowed"], true, "v1.35 lets user namespaces pass");
    let old = dir.scan(&["--level", "baseline:v1.36", "--kubernetes-version", "1.34", "p.yaml"]);
    let evaluation = &old.workloads()[0]["evaluations"][0];
    assert_eq!((&evaluation["version"], &evaluation["evaluatedAs"]), (&"v1.36".into(), &"v1.34".into()));
    assert_eq!(evaluation["forbiddenReason"], "procMount");
    let text =
        dir.run(&["scan", "--level", "baseline:v1.36", "--kubernetes-version", "1.34", "p.yaml"]).stdout;
    assert!(text.contains("-> baseline:v1.36 as v1.34"), "{text}");
    assert!(text.contains("judged as by Kubernetes v1.34"), "{text}");
    assert!(!dir.run(&["scan", "p.yaml"]).stdout.contains("judged as by"), "the newest goes without saying");
}

#[test]
fn fields_that_an_older_cluster_drops_do_not_count() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: c, image: x, securityContext: {procMount: Unmasked}}\n";
    let dir = Dir::with(&[("p.yaml", pod)]);
    let strictest = |version: &str, more: &[&str]| {
        let run = dir.scan(&[&["--kubernetes-version", version, "p.yaml"], more].concat());
        run.workloads()[0]["strictest"].clone()
    };
    assert_eq!(strictest("1.33", &[]), "privileged");
    assert_eq!(strictest("1.32", &[]), "baseline", "the gate ProcMountType is off");
    assert_eq!(strictest("1.32", &["--no-defaults"]), "privileged");
}

#[test]
fn tekton_tasks_are_judged_as_their_pods() {
    let run = "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\nspec:\n  taskSpec:\n    stepTemplate:\n      securityContext: {privileged: true}\n    steps:\n    - {name: s, image: x}\n";
    let scan = Dir::with(&[("r.yaml", run)]).scan(&["r.yaml"]);
    assert_eq!(scan.workloads()[0]["custom"], true);
    let finding = &scan.findings("privileged-container")[0];
    assert_eq!(finding["container"], "step-s");
    assert_eq!(finding["path"], "spec.taskSpec.stepTemplate.securityContext.privileged");
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(7), Some(37)));
}

#[test]
fn defaults_are_a_step_that_can_be_left_out() {
    let text = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      hostNetwork: true\n      containers:\n      - {name: c, image: x, ports: [{containerPort: 80}]}\n      volumes: [{name: v}]\n";
    let dir = Dir::with(&[("d.yaml", text)]);
    let with = dir.scan(&["d.yaml"]);
    let reasons = |run: &common::Records, i: usize| {
        run.workloads()[0]["evaluations"][i]["forbiddenReason"].as_str().unwrap().to_owned()
    };
    assert!(reasons(&with, 0).starts_with("host namespaces, hostPort, "), "the pods get host ports");
    assert!(!reasons(&with, 1).contains("hostPort"), "the template does not");
    assert!(
        !reasons(&with, 0).contains("restricted volume types"),
        "a volume without a source is an emptyDir"
    );
    let without = dir.scan(&["--no-defaults", "d.yaml"]);
    assert!(!reasons(&without, 0).contains("hostPort"));
    assert!(reasons(&without, 0).contains("restricted volume types"));
}

#[test]
fn exact_prints_the_references_sentences() {
    let dir = Dir::with(&[("p.yaml", POD)]);
    let run = dir.run(&["scan", "--exact", "--level", "restricted:v1.30", "p.yaml"]);
    let folded = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = "pods \"p\" is forbidden: violates PodSecurity \"restricted:v1.30\": allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false)";
    assert!(folded.contains(sentence), "{}", run.stdout);
    // The reference has no sentence for what it never gets to see.
    dir.write("p.yaml", POD.replace("image: x", "image: x, securitycontext: {}"));
    for level in ["restricted", "privileged"] {
        let run = dir.run(&["scan", "--exact", "--level", level, "--fail-on", "high", "p.yaml"]);
        assert_eq!(run.status, 1);
        assert!(run.stdout.contains("did you mean `securityContext`?"), "{}", run.stdout);
        assert!(!run.stdout.contains("seawall explain run-as-non-root"), "{}", run.stdout);
    }
}

#[test]
fn quiet_shows_what_fails_the_run_and_nothing_else() {
    let labels =
        "pod-security.kubernetes.io/enforce: privileged, pod-security.kubernetes.io/warn: restricted";
    let dir = Dir::with(&[("a.yaml", &format!("{POD}---\n{}", namespace(labels)))]);
    for format in ["text", "concise"] {
        for bar in
            ["enforce", "audit", "warn", "high", "low", "critical", "never", "enforce,warn", "warn,never"]
        {
            let run = dir.run(&["scan", "-q", "-f", format, "--fail-on", bar, "a.yaml"]);
            assert_eq!(
                run.stdout.is_empty(),
                run.status == 0,
                "{format} {bar}: {} {}",
                run.status,
                run.stdout
            );
        }
        let run = dir.run(&["scan", "-q", "-f", format, "--fail-on", "high", "a.yaml"]);
        let (high, medium) =
            (run.stdout.contains("run-as-non-root"), run.stdout.contains(" seccomp-profile"));
        assert!(high && !medium, "{}", run.stdout);
        let refused = Dir::with(&[("r.yaml", &POD.replace("{name: c, image: x}", "{name: c, image: 1}"))]);
        for bar in ["enforce", "high", "critical", "never"] {
            let run = refused.run(&["scan", "-q", "-f", format, "--fail-on", bar, "r.yaml"]);
            assert_eq!(run.stdout.is_empty(), run.status == 0, "{format} {bar}: {}", run.stdout);
        }
    }
}

#[test]
fn output_is_the_same_for_any_number_of_threads() {
    let dir = Dir::new();
    for i in 0..60 {
        let bad =
            if i % 7 == 0 { if i % 2 == 0 { "---\nkind: [bar\n" } else { "---\nfoo: [bar\n" } } else { "" };
        dir.write(
            &format!("d{}/f{i}.yaml", i % 5),
            format!("{}{bad}", POD.replace("name: p", &format!("name: p{i}"))),
        );
    }
    for format in ["text", "concise", "jsonl"] {
        let run = |threads| {
            let run = dir.run(&["scan", "--format", format, "--threads", threads, "."]);
            let lines: Vec<String> =
                run.stdout.lines().filter(|l| !l.contains(" s)")).map(str::to_owned).collect();
            (run.status, lines)
        };
        let one = run("1");
        assert_eq!(one.0, 2);
        assert!(one.1.len() > 60, "{format}");
        assert_eq!(one, run("16"), "{format}");
    }
}

#[test]
fn formats_go_to_files_and_standard_output_at_once() {
    let dir = Dir::with(&[("p.yaml", POD)]);
    let run = dir.run(&["scan", "-f", "concise", "-f", "jsonl=out.jsonl", "p.yaml"]);
    assert!(run.stdout.starts_with("p.yaml:6:"), "{}", run.stdout);
    assert_eq!(dir.read("out.jsonl").lines().count(), 2);
    assert_eq!(dir.run(&["scan", "-f", "text", "-f", "jsonl", "p.yaml"]).status, 2);
    assert_eq!(dir.run(&["scan", "-f", "jsonl=missing/out.jsonl", "p.yaml"]).status, 2);
}

#[test]
fn reports_are_no_inputs_and_inputs_no_reports() {
    let dir = Dir::with(&[("p.yaml", POD), ("k.yaml", "a: b\n")]);
    for _ in 0..2 {
        let run = dir.run(&["scan", "-f", "text", "-f", "jsonl=out.jsonl", "."]);
        assert!(run.stdout.contains("1 workload in 2 files"), "{}", run.stdout);
        assert_eq!(run.status, 1, "{}", run.stdout);
    }
    // The record of a notice has a kind, but nothing else of an object.
    assert!(dir.read("out.jsonl").contains("\"kind\":\"not-kubernetes\""));
    assert_eq!(dir.scan(&["."]).status, 1);
    for args in [["jsonl=p.yaml", "p.yaml"], ["text=p.yaml", "*.yaml"], ["concise=./p.yaml", "."]] {
        let run = dir.run(&["scan", "-f", args[0], args[1]]);
        assert_eq!(run.status, 2, "{args:?}");
        assert!(run.stderr.contains("is an input and would be overwritten"), "{}", run.stderr);
        assert_eq!(dir.read("p.yaml"), POD);
    }
}

#[test]
fn what_could_not_be_read_is_not_taken_off_what_was_judged() {
    let dir = Dir::with(&[("a.yaml", POD), ("b.yaml", "a: [\n")]);
    let last = |paths: &[&str]| {
        let run = dir.run(&[&["scan"], paths].concat());
        assert_eq!(run.status, 2);
        run.stdout.lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(
        last(&["missing.yaml", "a.yaml"]),
        "seawall judged the other 1 file; this one counts as an input error (exit status 2)"
    );
    assert_eq!(
        last(&["missing.yaml", "a.yaml", "b.yaml"]),
        "seawall judged the other 1 file; 2 input errors in 2 files (exit status 2)"
    );
    assert_eq!(
        last(&["missing.yaml"]),
        "nothing else was read; this one counts as an input error (exit status 2)"
    );
    dir.write("c.yaml", format!("{POD}---\na: [\n"));
    assert_eq!(
        last(&["c.yaml"]),
        "seawall judged what else is in it; this one counts as an input error (exit status 2)"
    );
}

#[test]
fn standard_input_is_read() {
    let run = Dir::new().run_with_stdin(&["scan", "-f", "jsonl", "-"], POD.as_bytes()).records();
    assert_eq!(run.workloads()[0]["file"], "<stdin>");
}

#[test]
fn usage_errors_have_status_2_and_help_has_examples() {
    let dir = Dir::new();
    assert_eq!(dir.run(&["scan", "--level", "strict"]).status, 2);
    assert_eq!(dir.run(&["scan", "--fail-on", "sometimes"]).status, 2);
    assert_eq!(dir.run(&["frobnicate"]).status, 2);
    let help = dir.run(&["scan", "--help"]);
    assert_eq!(help.status, 0);
    assert!(help.stdout.contains("Examples:") && help.stdout.contains("Exit status:"));
}

#[test]
fn rules_aliases_and_topics_are_explained() {
    let dir = Dir::new();
    assert!(dir.run(&["explain", "privileged-container"]).stdout.contains("## How to fix"));
    let several = dir.run(&["explain", "hostNamespaces"]).stdout;
    assert_eq!(several.matches("# host-").count(), 3, "{several}");
    assert!(dir.run(&["explain", "NET_BIND_SERVICE"]).stdout.contains("ip_unprivileged_port_start"));
    // What text shows in brackets can be asked for.
    assert!(dir.run(&["explain", "restricted"]).stdout.contains("drop-all-capabilities"));
    let unknown = dir.run(&["explain", "privileged-containr"]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("privileged-container"), "{}", unknown.stderr);
    let checks = dir.run(&["checks", "--level", "baseline"]).stdout;
    assert!(checks.contains("host-port") && !checks.contains("run-as-non-root"), "{checks}");
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    let capture = readme.split("among others:\n\n```\n").nth(1).and_then(|t| t.split("```").next()).unwrap();
    let mut command = Dir::new().bare_command(&["scan", "examples/"]);
    let output = command.current_dir(root).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(capture.lines().count() > 10);
    assert!(printed.contains(capture.trim_end()), "{printed}");
}

#[test]
fn commands_in_hints_can_be_pasted() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n";
    let one = [("my chart/Chart.yaml", "name: a\n"), ("my chart/templates/p.yaml", template)];
    let run = Dir::with(&one).run(&["scan", "."]);
    assert!(run.stdout.contains("helm template 'my chart' | seawall scan -"), "{}", run.stdout);
    let two = [one.as_slice(), &[("b/Chart.yaml", "name: b\n"), ("b/templates/p.yaml", template)]].concat();
    let run = Dir::with(&two).run(&["scan", "."]);
    assert!(run.stdout.contains("helm template <chart> | seawall scan -"), "{}", run.stdout);
}

#[test]
fn what_gitignore_leaves_out_is_told_where_nothing_is_left() {
    let dir = Dir::with(&[(".gitignore", "built\n*.gen.yaml\n"), ("built/a.yaml", POD), ("b.gen.yaml", POD)]);
    let run = dir.scan(&["."]);
    assert_eq!((run.status, run.of("notice").len()), (0, 1), "{:?}", run.all);
    let notice = run.of("notice")[0];
    assert_eq!(notice["kind"], "skipped");
    assert!(notice["message"].as_str().unwrap().contains("2 files or directories"), "{notice}");
    for named in ["built", "b.gen.yaml"] {
        let run = dir.scan(&[named]);
        assert_eq!((run.workloads().len(), run.of("notice").len()), (1, 0), "{named}");
    }
    dir.write("c.yaml", POD);
    assert_eq!(dir.scan(&["."]).of("notice").len(), 0, "what is there was scanned");
}

#[test]
fn blockers_are_what_the_level_itself_forbids() {
    // Restricted leaves capabilities and seccomp of Windows pods alone, though baseline does not.
    let windows = "apiVersion: v1\nkind: Pod\nmetadata: {name: w}\nspec:\n  os: {name: windows}\n  securityContext: {runAsNonRoot: false, seccompProfile: {type: Unconfined}}\n  containers: [{name: c, image: i, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]\n";
    let linux = windows.replace("windows", "linux").replace("name: w", "name: l");
    let blockers = |text: &str| {
        let run = Dir::with(&[("a.yaml", text)]).run(&["scan", "a.yaml"]);
        let line = run.stdout.lines().find(|line| line.starts_with("blockers")).map(str::to_owned);
        line.unwrap_or_default().split_whitespace().skip(3).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(blockers(windows), "four basics 1");
    assert_eq!(blockers(&linux), "four basics 1 added capabilities 1 seccomp 1");
}

#[test]
fn what_keeps_a_custom_resource_from_being_judged_is_where_it_is() {
    let text = "apiVersion: apps.kruise.io/v1beta1\nkind: StatefulSet\nmetadata: {name: k}\nspec: {template: {spec: {hostPID: \"true\", containers: [{name: c, image: i}]}}}\n";
    let run = Dir::with(&[("k.yaml", text)]).scan(&["k.yaml"]);
    assert_eq!(run.status, 1);
    let found = run.findings("schema-invalid");
    assert_eq!(
        (found.len(), &found[0]["line"], &found[0]["column"]),
        (1, &4.into(), &35.into()),
        "{found:?}"
    );
    assert_eq!(found[0]["path"], "spec.template.spec.hostPID");
    assert!(run.workloads()[0]["refused"].as_str().unwrap().contains("does not decode: line 4, column 35"));
}

#[test]
fn what_is_left_out_of_many_mistakes_is_told() {
    let fields = |n: usize| (0..n).map(|i| format!("  x{i}: 1\n")).collect::<Vec<_>>().concat();
    let pod = |n| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers: []\n{}", fields(n))
    };
    let told = |n| {
        let run = Dir::with(&[("p.yaml", &pod(n))]).scan(&["p.yaml"]);
        (run.findings("schema-invalid").len(), run.of("notice").len())
    };
    assert_eq!((told(99), told(100), told(101)), ((99, 0), (100, 0), (100, 1)));
    // Mistakes of two kinds are counted apart.
    let both = format!("{}  hostPID: x\n", pod(100));
    let run = Dir::with(&[("p.yaml", &both)]).scan(&["p.yaml"]);
    assert_eq!((run.findings("schema-invalid").len(), run.of("notice").len()), (101, 0));
}

#[test]
fn what_a_null_container_lacks_is_shown_at_the_container() {
    let pod = |item: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  -{item}\n")
    };
    let at = |item: &str| {
        let run = Dir::with(&[("p.yaml", &pod(item))]).scan(&["p.yaml"]);
        let finding = run.findings("drop-all-capabilities")[0].clone();
        (finding["line"].as_u64(), finding["column"].as_u64())
    };
    assert_eq!(at(" null"), (Some(6), Some(5)));
    // Where not even `null` is written there is nothing to underline but the list.
    assert_eq!(at(""), (Some(5), Some(3)));
}

#[test]
fn one_cause_is_one_finding_where_pods_differ_from_their_template() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata:\n      labels: {a: b}\n      annotations:\n        container.apparmor.security.beta.kubernetes.io/c: unconfined\n    spec:\n      hostNetwork: true\n      containers:\n      - name: c\n        image: i\n        ports: [{containerPort: 443}, {containerPort: 1, hostPort: 8080}]\n";
    let run = Dir::with(&[("d.yaml", text)]).scan(&["--level", "baseline", "d.yaml"]);
    let profile = run.findings("apparmor-profile");
    assert_eq!((profile.len(), &profile[0]["line"]), (1, &10.into()), "{profile:?}");
    assert_eq!(profile[0]["related"][0]["line"], 14);
    let ports = run.findings("host-port");
    assert_eq!(ports.len(), 1, "{ports:?}");
    assert!(ports[0]["message"].as_str().unwrap().contains("443, 8080"), "{ports:?}");
    // The field in the container is another cause.
    let field =
        text.replace("image: i", "image: i\n        securityContext: {appArmorProfile: {type: Unconfined}}");
    let run = Dir::with(&[("d.yaml", &field)]).scan(&["--level", "baseline", "d.yaml"]);
    assert_eq!(run.findings("apparmor-profile").len(), 2);
}

#[test]
fn what_does_not_refuse_an_object_that_is_refused_is_a_warning() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: x\n  hostPId: true\n  containers: []\n  containers: []\n";
    let run = Dir::with(&[("p.yaml", text)]).run(&["scan", "--format", "concise", "p.yaml"]);
    let words: Vec<&str> = run.stdout.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!((run.status, words), (1, vec!["error", "warning", "warning"]), "{}", run.stdout);
    // So it is where the fields are a controller's own.
    for (head, spec, at, path) in [
        (
            "serving.kserve.io/v1beta1\nkind: InferenceService",
            "{predictor: {hostPId: true, model: {securityContext: {privileged: x}}}}",
            73,
            "spec.predictor.model.securityContext.privileged",
        ),
        (
            "tekton.dev/v1\nkind: Task",
            "{steps: [{name: s, image: i, securityContext: {runAsUser: [1]}}]}",
            65,
            "spec.steps[name=s].securityContext.runAsUser",
        ),
    ] {
        let text = format!("apiVersion: {head}\nmetadata: {{name: i}}\nspec: {spec}\n");
        let run = Dir::with(&[("i.yaml", &text)]).scan(&["i.yaml"]);
        let found = run.findings("schema-invalid");
        let finding = found.iter().find(|f| f["path"] == path).unwrap_or_else(|| panic!("{found:?}"));
        assert_eq!((&finding["line"], &finding["column"]), (&4.into(), &at.into()), "{finding}");
        assert_eq!(run.status, 1);
    }
}

#[test]
fn items_of_a_list_that_are_no_objects_come_in_their_place() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- 1\n- {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostPID: true, containers: []}}\n- 2\n";
    let run = Dir::with(&[("l.yaml", text)]).scan(&["l.yaml"]);
    let types: Vec<_> = run.all.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["error", "workload", "error", "summary"]);
    // So do the mistakes of lists within lists.
    let inner = "- {apiVersion: v1, kind: List, metadata: {}, metadata: {}, items: []}\n";
    let run = Dir::with(&[("l.yaml", &format!("{text}{inner}"))]).scan(&["l.yaml"]);
    let types: Vec<_> = run.all.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["error", "workload", "error", "object", "summary"]);
}

#[test]
fn a_namespace_with_versions_alone_has_labels() {
    let dir = Dir::with(&[("n.yaml", &namespace("pod-security.kubernetes.io/enforce-version: v1.30"))]);
    let run = dir.scan(&["n.yaml"]);
    let message = run.of("notice")[0]["message"].as_str().unwrap();
    assert!(message.contains("has no pod-security labels that name a level, so"), "{message}");
}

#[test]
fn a_configured_path_that_is_wrong_is_named_with_a_better_one() {
    let thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {template: {spec: {containers: [{name: c, image: i}]}}}\n";
    let config = "customResources:\n- {apiVersion: example.com/v1, kind: Thing, path: spec.pod}\n";
    let run = Dir::with(&[("seawall.yaml", config), ("t.yaml", thing)]).scan(&["t.yaml"]);
    let notice = run.of("notice")[0];
    assert!(notice["message"].as_str().unwrap().contains("has no pod at `spec.pod`"), "{notice}");
    assert!(notice["hint"].as_str().unwrap().contains("write `path: spec.template`"), "{notice}");
}

#[test]
fn a_retired_workload_without_a_template_does_not_pass_silently() {
    let cron = |version: &str| {
        format!(
            "apiVersion: {version}\nkind: CronJob\nmetadata: {{name: c}}\nspec: {{schedule: x, template: {{spec: {{hostPID: true, containers: []}}}}}}\n"
        )
    };
    let run = Dir::with(&[("c.yaml", &cron("batch/v2alpha1"))]).scan(&["c.yaml"]);
    let notice = run.of("notice")[0];
    assert_eq!(notice["kind"], "unknown-workload");
    assert!(
        notice["message"]
            .as_str()
            .unwrap()
            .contains("has no pod template at `spec.jobTemplate.spec.template`"),
        "{notice}"
    );
    assert_eq!(Dir::with(&[("c.yaml", &cron("batch/v1"))]).scan(&["c.yaml"]).of("notice").len(), 0);
}

#[test]
fn a_pod_that_cannot_be_judged_leaves_the_others_of_its_custom_resource() {
    let text = |master: &str, worker: &str| {
        let spec = |value: &str| {
            format!("{{template: {{spec: {{hostPID: {value}, containers: [{{name: c, image: i}}]}}}}}}")
        };
        format!(
            "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nmetadata: {{name: i}}\nspec:\n  pytorchReplicaSpecs:\n    Master: {}\n    Worker: {}\n",
            spec(master),
            spec(worker)
        )
    };
    let found = |text: &str| {
        let run = Dir::with(&[("i.yaml", text)]).scan(&["--level", "baseline", "i.yaml"]);
        let rules = |w: &Value| {
            w["findings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|f| f["line"].to_string() + f["rule"].as_str().unwrap())
                .collect()
        };
        run.workloads()
            .iter()
            .map(|w| (w["refused"].is_null(), rules(w)))
            .collect::<Vec<(bool, Vec<String>)>>()
    };
    let wrong = |line| (false, vec![format!("{line}schema-invalid")]);
    let judged = |line| (true, vec![format!("{line}host-pid")]);
    assert_eq!(found(&text("x", "true")), [wrong(6), judged(7)]);
    assert_eq!(found(&text("true", "x")), [judged(6), wrong(7)]);
    assert_eq!(found(&text("x", "x")), [wrong(6), wrong(7)]);
}

#[test]
fn a_workload_in_a_group_that_does_not_know_it_is_told_of_whatever_it_holds() {
    for (version, kind, found) in [
        ("networking.k8s.io/v1", "Deployment", 1),
        ("apps/v7", "Deployment", 1),
        ("networking.k8s.io/v1", "Ingress", 0),
        ("apps/v7", "Deploymnt", 0),
        ("apps/v1", "Deployment", 0),
        ("example.com/v1", "Deployment", 0),
    ] {
        let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: d}}\nspec: {{}}\n");
        let run = Dir::with(&[("d.yaml", &text)]).scan(&["d.yaml"]);
        assert_eq!(run.findings("unknown-kind").len(), found, "{version} {kind}");
    }
}

#[test]
fn what_sops_encrypted_is_told_of_and_not_refused() {
    const SOPS: &str = "sops: {mac: 'ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]', version: 3.8.1}\n";
    let value = "'ENC[AES256_GCM,data:Zg==,iv:8P4=,tag:Yl3==,type:str]'";
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\ndata: {{password: {value}}}\nstringData: {{a: {value}}}\n"
    );
    let deployment = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {value}\n  selector: {{matchLabels: {{a: b}}}}\n  template: {{metadata: {{labels: {{a: b}}}}, spec: {{hostPID: {value}, containers: [{{name: c, image: x}}]}}}}\n"
    );
    let all = format!("apiVersion: {value}\nkind: {value}\nmetadata: {{name: {value}}}\n");
    let notices = |run: &common::Records| -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        run.of("notice").iter().map(|n| (text(&n["kind"]), text(&n["message"]))).collect()
    };
    for (name, yaml) in [("Secret db", &secret), ("Deployment web", &deployment), ("", &all)] {
        let dir = Dir::with(&[("a.yaml", &format!("{yaml}{SOPS}"))]);
        for more in [&["a.yaml"][..], &["--schema", "a.yaml"], &["--profile", "strict", "a.yaml"]] {
            let run = dir.scan(more);
            let said = notices(&run);
            assert_eq!((run.status, said.len()), (0, 1), "{name} {more:?} {:?}", run.all);
            assert_eq!(said[0].0, "not-evaluated");
            assert!(
                said[0].1.ends_with("is encrypted by SOPS: not judged as it will be applied"),
                "{said:?}"
            );
            assert!(said[0].1.contains(name), "{said:?}");
            assert_eq!(run.all.iter().filter(|r| r["refused"].is_string()).count(), 0, "{:?}", run.all);
        }
        // Without the metadata nobody will decrypt it.
        if !name.is_empty() {
            dir.write("a.yaml", yaml);
            assert_eq!(dir.scan(&["a.yaml"]).status, 1, "{name}");
        }
    }
    // What SOPS did not encrypt is judged.
    let wrong = format!("{secret}immutable: 3\nsop: 1\n{SOPS}");
    let dir = Dir::with(&[("a.yaml", &wrong)]);
    let run = dir.scan(&["a.yaml"]);
    let object = run.of("object")[0];
    let said: Vec<_> = object["findings"].as_array().unwrap().iter().map(|f| &f["path"]).collect();
    assert_eq!((run.status, said.len()), (1, 2), "{object}");
}
