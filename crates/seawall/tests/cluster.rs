//! Commands on clusters and snapshots where no cluster is needed; `e2e` holds the others.
#![cfg(unix)]

mod common;

use std::process::Command;

use common::{Dir, Run};
use seawall_snapshot::Snapshot;

/// A snapshot that is not compressed.
const SNAPSHOT: &str = r#"{"apiVersion":"seawall.dev/v1alpha1","kind":"ClusterSnapshot","serverVersion":"v1.37.2"}
{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"shop","uid":"u"},"spec":{"containers":[{"name":"c","image":"x"}]}}
"#;

/// Runs with neither a kubeconfig nor a pod's service account.
fn without_cluster(dir: &Dir, args: &[&str]) -> Run {
    let mut command = dir.bare_command(args);
    command.env("HOME", dir.path()).env_remove("KUBECONFIG").env_remove("KUBERNETES_SERVICE_HOST");
    Run::from(command.output().unwrap())
}

#[test]
fn without_a_cluster_there_is_no_report() {
    let dir = Dir::new();
    for args in [
        &["scan", "--cluster"][..],
        &["scan", "--cluster", "-f", "json=report.json"],
        &["snapshot"],
        &["can-enforce", "shop", "restricted"],
    ] {
        let run = without_cluster(&dir, args);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{args:?}");
        assert!(
            run.stderr.contains("no cluster to connect to") && run.stderr.contains("--kubeconfig FILE"),
            "{}",
            run.stderr
        );
    }
    assert!(!dir.path().join("report.json").exists() && !dir.path().join("cluster.jsonl.zst").exists());
}

#[test]
fn options_of_clusters_and_files_are_not_mixed() {
    let dir = Dir::with(&[("p.yaml", "")]);
    for args in [
        &["scan", "--cluster", "p.yaml"][..],
        &["scan", "--cluster", "--watch"],
        &["scan", "--cluster", "--complete"],
        &["scan", "--cluster", "--namespaces", "p.yaml"],
        &["can-enforce", "shop", "restricted", "--snapshot", "p.yaml", "--context", "c"],
    ] {
        let run = without_cluster(&dir, args);
        assert!(run.status == 2 && run.stderr.contains("cannot be used with"), "{args:?}: {}", run.stderr);
    }
    for (option, args) in [
        ("--context", &["scan", "--context", "c", "p.yaml"][..]),
        ("--namespace", &["scan", "-n", "shop", "p.yaml"]),
        ("--as-group", &["scan", "--as-group", "g", "p.yaml"]),
        ("--include-env", &["scan", "--include-env"]),
    ] {
        let run = without_cluster(&dir, args);
        assert!(
            run.status == 2 && run.stderr.contains(&format!("`{option}` is for a cluster")),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn snapshots_are_read_and_broken_ones_are_errors() {
    let dir = Dir::with(&[("cluster.jsonl", SNAPSHOT), ("web.yaml", "apiVersion: v1\nkind: Pod\n")]);
    let run = dir.run_bare(&["scan", "--profile", "pss", "cluster.jsonl"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("1 workload in 1 namespace") && run.stdout.contains("would pass"),
        "{}",
        run.stdout
    );
    assert_eq!(dir.run_bare(&["can-enforce", "--snapshot", "cluster.jsonl", "shop", "baseline"]).status, 0);
    let no = dir.run_bare(&["can-enforce", "--quiet", "--snapshot", "cluster.jsonl", "shop", "restricted"]);
    assert!(no.status == 1 && no.stdout.lines().all(|line| line.starts_with("Warning: ")), "{}", no.stdout);

    let fixed = dir.run_bare(&["fix", "--likely", "--write", "cluster.jsonl"]);
    assert!(fixed.status == 2 && fixed.stderr.contains("cannot be repaired"), "{}", fixed.stderr);
    assert_eq!(dir.read("cluster.jsonl"), SNAPSHOT);

    dir.write("broken.jsonl.zst", [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]);
    dir.write(
        "later.jsonl",
        SNAPSHOT.replace(
            "{\"apiVersion\":\"seawall.dev/v1alpha1\",\"kind\":\"ClusterSnapshot\",",
            "{\"apiVersion\":\"seawall.dev/v1alpha1\",\"kind\":\"ClusterSnapshot\",\"notSeen\":7,",
        ),
    );
    for file in ["broken.jsonl.zst", "later.jsonl"] {
        let run = dir.run_bare(&["scan", file, "cluster.jsonl"]);
        assert!(run.status == 2 && run.stdout.contains(&format!("error: {file}: ")), "{}", run.stdout);
        assert!(run.stdout.contains("1 workload in"), "what can be read is judged: {}", run.stdout);
        assert_eq!(dir.run_bare(&["can-enforce", "--snapshot", file, "shop", "baseline"]).status, 2);
    }
    assert_eq!(dir.run_bare(&["can-enforce", "--snapshot", "web.yaml", "shop", "baseline"]).status, 2);
    let nowhere = dir.run_bare(&["can-enforce", "--snapshot", "cluster.jsonl", "nowhere", "baseline"]);
    assert!(nowhere.status == 2 && nowhere.stderr.contains("no namespace `nowhere`"), "{}", nowhere.stderr);
}

#[test]
fn it_works_as_a_plugin_of_kubectl() {
    let dir = Dir::with(&[("cluster.jsonl", SNAPSHOT)]);
    let plugin = dir.path().join("kubectl-seawall");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_seawall"), &plugin).unwrap();
    let mut command = Command::new(&plugin);
    command.current_dir(dir.path()).args(["scan", "--profile", "pss", "cluster.jsonl"]);
    let run = Run::from(command.output().unwrap());
    assert!(run.status == 0 && run.stdout.contains("1 workload in"), "{}{}", run.stdout, run.stderr);
}

/// The snapshot with more in its header and another line.
fn with(header: &str, line: &str) -> String {
    format!("{}{line}\n", SNAPSHOT.replacen("\"serverVersion\"", &format!("{header}\"serverVersion\""), 1))
}

#[test]
fn what_is_not_all_cannot_say_yes() {
    let not_seen = |namespace: &str| {
        format!(
            r#""notSeen":[{{"apiVersion":"apps/v1","resource":"deployments","namespace":"{namespace}","message":"no"}}],"#
        )
    };
    let broken = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"shop"},"spec":{"containers":[{"name":"c","image":"x","securityContext":{"privileged":"y"}}]}}"#;
    let dir = Dir::with(&[
        ("some.jsonl", &with(r#""selector":"app=web","#, "")),
        ("shop.jsonl", &with(&not_seen("shop"), "")),
        ("other.jsonl", &with(&not_seen("other"), "")),
        ("broken.jsonl", &with("", broken)),
    ]);
    for (file, baseline, said) in [
        ("some.jsonl", 2, "not seen: workloads and pods that the selector `app=web` does not match"),
        ("shop.jsonl", 2, "not seen: deployments in namespace `shop`"),
        ("other.jsonl", 0, "can enforce"),
        ("broken.jsonl", 2, "not read, and may hold pods that would be refused: Pod b\n"),
    ] {
        let run = |level: &str| dir.run_bare(&["can-enforce", "--snapshot", file, "shop", level]);
        let (soft, hard) = (run("baseline"), run("restricted"));
        assert_eq!((soft.status, hard.status), (baseline, 1), "{file}: {}{}", soft.stdout, soft.stderr);
        assert!(soft.stdout.contains(said), "{file}: {}", soft.stdout);
        assert!(!soft.stdout.contains("namespace `other`"), "{}", soft.stdout);
    }
    let run = dir.run_bare(&["scan", "--profile", "pss", "some.jsonl"]);
    assert!(run.status == 0 && run.stdout.contains("`app=web`"), "{}", run.stdout);
}

#[test]
fn what_is_not_seen_is_told_to_who_wants_quiet_too() {
    let unseen = r#""notSeen":[{"apiVersion":"v1","resource":"pods","message":"pods is forbidden"}],"#;
    let text = with(unseen, "");
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("\"Pod\"")).collect();
    let dir = Dir::with(&[("cluster.jsonl", &format!("{}\n", without.join("\n")))]);
    for format in ["text", "concise", "github", "markdown", "json", "jsonl", "junit", "gitlab", "sarif"] {
        let run = dir.run_bare(&["scan", "-q", "-f", format, "cluster.jsonl"]);
        let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            said.contains("pods were not seen and not judged: pods is forbidden"),
            "{format}: {}",
            run.stdout
        );
        // Nothing else is said to people.
        let quiet = !["text", "concise", "github", "markdown"].contains(&format) || !said.contains("masked");
        assert!(run.status == 0 && quiet, "{format}: {}", run.stdout);
    }
    let all = Dir::with(&[("cluster.jsonl", SNAPSHOT)]);
    let quiet = all.run_bare(&["scan", "-q", "--profile", "pss", "cluster.jsonl"]);
    assert_eq!((quiet.status, quiet.stdout.as_str()), (0, ""));
}

#[test]
fn nothing_is_advised_that_a_cluster_cannot_do() {
    let dir = Dir::with(&[
        ("cluster.jsonl", SNAPSHOT),
        (
            "pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x}]}\n",
        ),
    ]);
    let said = |file: &str| {
        let run = dir.run_bare(&["scan", "--profile", "strict", "--fail-on", "never", file]);
        run.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let missing = "not evaluated for want of other objects: ";
    assert!(
        said("pod.yaml").contains(missing) && said("pod.yaml").contains("--complete"),
        "{}",
        said("pod.yaml")
    );
    let of_cluster = said("cluster.jsonl");
    assert!(of_cluster.contains(missing) && !of_cluster.contains("--complete"), "{of_cluster}");
}

#[test]
fn labels_that_ask_for_nothing_are_told_from_none() {
    let labelled = |labels: &str| {
        let labels = labels.replace("pss/", "pod-security.kubernetes.io/");
        let text = SNAPSHOT.replace(r#""pod-security.kubernetes.io/enforce":"baseline""#, &labels);
        let dir = Dir::with(&[("cluster.jsonl", &text)]);
        let run = dir.run_bare(&["scan", "--profile", "pss", "cluster.jsonl"]).stdout;
        let row = run.lines().find(|line| line.starts_with("shop ")).unwrap_or_default();
        row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).nth(1).unwrap_or_default().to_owned()
    };
    for (labels, told) in [
        ("", "none"),
        (r#""a":"b""#, "none"),
        (r#""pss/enforce":"privileged""#, "privileged"),
        (r#""pss/enforce":"baseline""#, "baseline"),
        (r#""pss/enforce":"baseline","pss/warn":"privileged""#, "baseline, warn privileged"),
        (r#""pss/enforce":"baseline","pss/warn":"baseline""#, "baseline"),
        (r#""pss/warn":"restricted","pss/audit":"privileged""#, "audit privileged, warn restricted"),
        (r#""pss/enforce":"privileged","pss/enforce-version":"v1.24""#, "privileged:v1.24"),
        // Of a version alone the cluster's own level is at that one.
        (r#""pss/enforce-version":"v1.24""#, "enforce-version v1.24"),
    ] {
        assert_eq!(labelled(labels), told, "{labels}");
    }
}

#[test]
fn snapshots_are_not_scored_as_by_other_tools() {
    let dir = Dir::with(&[("cluster.jsonl", SNAPSHOT)]);
    let run = dir.run_bare(&["scan", "--score-model", "kube-score", "cluster.jsonl"]);
    assert!(run.status == 2 && run.stdout.is_empty(), "{}", run.stdout);
    assert!(run.stderr.contains("a snapshot of a cluster cannot be scored"), "{}", run.stderr);
}

#[test]
fn what_a_header_says_does_not_reach_the_terminal_as_it_is() {
    let dir = Dir::with(&[("cluster.jsonl", &SNAPSHOT.replace("v1.37.2", r"v1.37.2\u001b[31m"))]);
    let run = dir.run_bare(&["can-enforce", "--snapshot", "cluster.jsonl", "shop", "baseline"]);
    assert!(
        run.status == 0 && run.stdout.contains("in a cluster of v1.37.2"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
}

#[test]
fn where_no_workloads_are_seen_nothing_would_pass() {
    let unseen = |resource: &str| format!(r#"{{"resource":"{resource}","namespace":"shop","message":"no"}}"#);
    let all = [
        "pods",
        "podtemplates",
        "replicationcontrollers",
        "deployments",
        "replicasets",
        "statefulsets",
        "daemonsets",
        "cronjobs",
        "jobs",
    ];
    let strictest = |resources: &[&str]| {
        let not_seen: Vec<String> = resources.iter().map(|resource| unseen(resource)).collect();
        let text = with(&format!(r#""notSeen":[{}],"#, not_seen.join(",")), "");
        let without: Vec<&str> = text.lines().filter(|line| !line.contains("\"Pod\"")).collect();
        let dir = Dir::with(&[("cluster.jsonl", &format!("{}\n", without.join("\n")))]);
        let run = dir.run_bare(&["scan", "--profile", "pss", "-f", "jsonl", "cluster.jsonl"]);
        let text = dir.run_bare(&["scan", "--profile", "pss", "cluster.jsonl"]);
        let summary = run.stdout.lines().last().unwrap_or_default().to_owned();
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        (summary["namespaces"][0]["strictest"].clone(), text.stdout.contains("not known"))
    };
    assert_eq!(strictest(&all), (serde_json::Value::Null, true));
    assert_eq!(strictest(&all[1..]), (serde_json::Value::Null, true));
    assert_eq!(strictest(&[]), ("restricted".into(), false));
}

/// The summary of a scan.
fn summary(dir: &Dir, args: &[&str]) -> serde_json::Value {
    let run = dir.run_bare(&[&["scan", "--profile", "pss", "-f", "jsonl"], args].concat());
    serde_json::from_str(run.stdout.lines().last().unwrap_or_default()).unwrap()
}

#[test]
fn of_a_selection_only_an_upper_bound_is_known() {
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"h","namespace":"shop","uid":"h"},"spec":{"hostPID":true,"containers":[{"name":"c","image":"x"}]}}"#;
    let selector = r#""selector":"app=web","#;
    let dir = Dir::with(&[
        ("all.jsonl", SNAPSHOT),
        ("some.jsonl", &with(selector, "")),
        ("open.jsonl", &with(selector, pod)),
    ]);
    for (file, complete, strictest, text) in [
        ("all.jsonl", true, "baseline", " baseline   "),
        ("some.jsonl", false, "baseline", "at most baseline"),
        ("open.jsonl", false, "privileged", " privileged   "),
    ] {
        let shop = &summary(&dir, &[file])["namespaces"][0];
        assert_eq!((&shop["complete"], &shop["strictest"]), (&complete.into(), &strictest.into()), "{file}");
        let run = dir.run_bare(&["scan", "--profile", "pss", file]);
        let row = run.stdout.lines().find(|line| line.starts_with("shop ")).unwrap_or_default();
        assert!(row.contains(text), "{file}: {row}");
        assert_eq!(row.contains("at most"), text.contains("at most"), "{row}");
    }
}

#[test]
fn snapshots_in_scopes_are_clusters_of_their_own() {
    let other = SNAPSHOT
        .replace(r#""pod-security.kubernetes.io/enforce":"baseline""#, r#""a":"b""#)
        .replace("\"u\"", "\"v\"");
    let dir = Dir::with(&[
        ("seawall.yaml", "scopes:\n- {name: prod, paths: [prod/]}\n- {name: test, paths: [test/]}\n"),
        ("prod/cluster.jsonl", SNAPSHOT),
        ("test/cluster.jsonl", &other),
    ]);
    let run = summary(&dir, &["prod/cluster.jsonl", "test/cluster.jsonl"]);
    let told: Vec<String> = run["namespaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| format!("{} {} {} {}", n["scope"], n["name"], n["labels"]["enforce"], n["workloads"]))
        .collect();
    assert_eq!(
        told,
        [r#""prod" "shop" "baseline:latest" 1"#, r#""test" "shop" "privileged:latest" 1"#],
        "{run}"
    );
    let text = dir.run_bare(&["scan", "--profile", "pss", "prod/cluster.jsonl", "test/cluster.jsonl"]).stdout;
    assert!(text.contains("\nprod: shop ") && !text.contains("not seen  "), "{text}");
}

/// Compressed, as they are written.
fn compressed(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    Snapshot::read(text.as_bytes()).unwrap().write(&mut bytes).unwrap();
    bytes
}

#[test]
fn snapshots_in_directories_are_read_as_those_that_are_named() {
    let other = SNAPSHOT
        .replace(r#""pod-security.kubernetes.io/enforce":"baseline""#, r#""a":"b""#)
        .replace("\"u\"", "\"v\"");
    let dir = Dir::with(&[
        ("seawall.yaml", "scopes:\n- {name: prod, paths: [prod/]}\n- {name: test, paths: [test/]}\n"),
        ("test/cluster.jsonl", &other),
        ("logs/a.zst", "no such thing"),
    ]);
    dir.write("prod/cluster.jsonl.zst", compressed(SNAPSHOT));
    let named = summary(&dir, &["prod/cluster.jsonl.zst", "test/cluster.jsonl"]);
    assert_eq!(named["namespaces"].as_array().map(Vec::len), Some(2), "{named}");
    assert_eq!(summary(&dir, &["prod", "test"])["namespaces"], named["namespaces"]);
    assert_eq!(summary(&dir, &["."])["namespaces"], named["namespaces"]);

    // What is no snapshot is none for its name, and one that is cut off is an error.
    dir.write("logs/b.jsonl.zst", [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]);
    let logs = dir.run_bare(&["scan", "logs"]);
    let said = logs.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(logs.status == 0 && said.contains("no snapshot of a cluster, not read"), "{}", logs.stdout);
    assert!(!said.contains("a.zst"), "{said}");
    let lines: Vec<String> =
        (0..2000_u64).map(|i| format!(r#"{{"kind":"X","n":{}}}"#, i * i * 7919)).collect();
    let whole = compressed(&format!("{SNAPSHOT}{}\n", lines.join("\n")));
    dir.write("cut/cluster.jsonl.zst", &whole[..whole.len() / 2]);
    let cut = dir.run_bare(&["scan", "cut"]);
    assert!(cut.status == 2 && cut.stdout.contains("error: cut/cluster.jsonl.zst: "), "{}", cut.stdout);

    // What only manifests are for passes them over.
    for args in [&["fix", "prod", "test"][..], &["scan", "--score-model", "kubesec", "prod", "test"]] {
        let run = dir.run_bare(args);
        let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            run.status == 0 && said.contains("a snapshot of a cluster, passed over"),
            "{args:?}: {}",
            run.stdout
        );
    }
    let init = dir.run_bare(&["init", "--dry-run", "test"]);
    assert!(init.status == 0 && !init.stdout.contains("cluster.jsonl"), "{}{}", init.stdout, init.stderr);
}

#[test]
fn snapshots_of_several_versions_are_not_judged_at_one_unasked() {
    let dir = Dir::with(&[
        ("new.jsonl", SNAPSHOT),
        ("old.jsonl", &SNAPSHOT.replace("v1.37.2", "v1.33.4-gke.1").replace("shop", "till")),
        ("same.jsonl", &SNAPSHOT.replace("v1.37.2", "v1.37.0").replace("shop", "store")),
    ]);
    let run = dir.run_bare(&["scan", "--profile", "pss", "new.jsonl", "old.jsonl", "same.jsonl"]);
    assert_eq!(run.status, 2, "{}", run.stdout);
    let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "error: old.jsonl: a snapshot of Kubernetes v1.33 beside that of v1.37 in `new.jsonl`",
        "--kubernetes-version 1.33",
        "2 workloads in 2 namespaces",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let asked = ["--kubernetes-version", "1.33", "new.jsonl", "old.jsonl"];
    let asked = summary(&dir, &asked);
    assert_eq!((&asked["exitStatus"], &asked["kubernetesVersion"]), (&0.into(), &"v1.33".into()), "{asked}");
    assert_eq!(summary(&dir, &["old.jsonl"])["kubernetesVersion"], "v1.33");
}

#[test]
fn namespaces_that_cannot_be_are_refused() {
    let dir = Dir::new();
    for args in [
        &["scan", "--cluster", "-n", ""][..],
        &["scan", "--cluster", "--namespace", "a,,b"],
        &["snapshot", "-n", ""],
        &["can-enforce", "", "baseline"],
        &["scan", "--cluster", "-n", "../nodes"],
        &["snapshot", "-n", "Shop"],
    ] {
        let run = without_cluster(&dir, args);
        assert!(run.status == 2 && run.stdout.is_empty(), "{args:?}: {}", run.stdout);
        assert!(run.stderr.contains("kubectl get namespaces"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn snapshots_are_read_wherever_files_are() {
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {containers: [{name: c, image: x}]}\n";
    let dir = Dir::with(&[("cluster.jsonl", SNAPSHOT), ("pod.yaml", pods)]);
    let mut compressed = Vec::new();
    Snapshot::read(SNAPSHOT.as_bytes()).unwrap().write(&mut compressed).unwrap();
    dir.write("cluster.jsonl.zst", &compressed);
    let file = dir.run(&["scan", "-f", "jsonl", "cluster.jsonl.zst"]);
    for snapshot in [SNAPSHOT.as_bytes(), &compressed] {
        let piped = dir.run_with_stdin(&["scan", "-f", "jsonl", "-"], snapshot);
        assert_eq!(piped.stdout, file.stdout.replace("cluster.jsonl.zst", "<stdin>"));
        assert_eq!(piped.status, 0);
        let enforce =
            |level| dir.run_with_stdin(&["can-enforce", "shop", level, "--snapshot", "-"], snapshot);
        assert_eq!((enforce("baseline").status, enforce("restricted").status), (0, 1));
        let lent = dir.run_with_stdin(&["scan", "--namespaces", "-", "-f", "jsonl", "pod.yaml"], snapshot);
        assert!(lent.stdout.contains("\"namespaces-file\"") && lent.status == 0, "{}", lent.stdout);
        let fixed = dir.run_with_stdin(&["fix", "-"], snapshot);
        assert!(fixed.status == 2 && fixed.stderr.contains("cannot be repaired"), "{}", fixed.stderr);
    }
    let lent = dir.scan(&["--namespaces", "cluster.jsonl.zst", "pod.yaml"]);
    assert!(lent.all.iter().any(|record| record["levelsFrom"] == "namespaces-file"));
    let mut scored = dir.bare_command(&["scan", "--score-model", "kubesec", "-"]);
    scored.stdin(std::fs::File::open(dir.path().join("cluster.jsonl.zst")).unwrap());
    let scored = Run::from(scored.output().unwrap());
    assert!(scored.status == 2 && scored.stderr.contains("cannot be scored"), "{}", scored.stderr);
    let broken = dir.run_with_stdin(&["scan", "-"], &compressed[..compressed.len() - 3]);
    assert!(broken.status == 2 && broken.stdout.contains("error: <stdin>: "), "{}", broken.stdout);
    // What is no snapshot is read as ever, through pipes too.
    let plain = dir.run_with_stdin(&["scan", "--level", "baseline", "-"], pods.as_bytes());
    assert!(plain.status == 0 && plain.stdout.contains("1 workload in 1 file"), "{}", plain.stdout);
    let mut shell = Command::new("bash");
    let seawall = env!("CARGO_BIN_EXE_seawall");
    let script = format!(
        "'{seawall}' scan --profile pss --level baseline <(cat cluster.jsonl.zst) && '{seawall}' scan --profile pss --level baseline <(cat pod.yaml)"
    );
    let run = Run::from(shell.current_dir(dir.path()).args(["-c", &script]).output().unwrap());
    assert!(
        run.status == 0 && run.stdout.contains("1 workload in 1 namespace"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    assert!(run.stdout.contains("1 workload in 1 file"), "{}", run.stdout);
}

#[test]
fn a_template_that_admission_changes_is_a_warning() {
    let clean = r#"{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c","image":"x","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}"#;
    let template =
        r#"{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"x"}]}}"#;
    let apps = |kind: &str, name: &str, owner: &str, replicas: u32| {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"{kind}","metadata":{{"name":"{name}","namespace":"till","uid":"{name}"{owner}}},"spec":{{"replicas":{replicas},"selector":{{"matchLabels":{{"app":"web"}}}},"template":{template}}}}}"#
        )
    };
    let owner = |kind: &str, name: &str| {
        format!(
            r#","ownerReferences":[{{"apiVersion":"apps/v1","kind":"{kind}","name":"{name}","uid":"{name}","controller":true}}]"#
        )
    };
    let mut lines = vec![
        r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"till"}}"#.to_owned(),
        apps("Deployment", "web", "", 1),
        apps("ReplicaSet", "web-1", &owner("Deployment", "web"), 1),
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web-1-a","namespace":"till","annotations":{{"policies.kyverno.io/last-applied-patches":"x"}}{}}},"spec":{clean}}}"#,
            owner("ReplicaSet", "web-1")
        ),
    ];
    let dir = Dir::with(&[("cluster.jsonl", &with("", &lines.join("\n")))]);
    let run = dir.run_bare(&["can-enforce", "--snapshot", "cluster.jsonl", "till", "restricted"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    for part in [
        "can enforce",
        "warning: 1 template violates it by itself, and its pods pass: admission changes these",
        "  Deployment web (1 pod passes, changed by Kyverno): allow",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    lines.push(apps("Deployment", "zero", "", 0));
    dir.write("cluster.jsonl", with("", &lines.join("\n")));
    let run = dir.run_bare(&["can-enforce", "--snapshot", "cluster.jsonl", "till", "restricted"]);
    assert_eq!(run.status, 2, "{}{}", run.stdout, run.stderr);
    for part in [
        "may not be able to enforce",
        "  Deployment zero (it is scaled to zero): allow",
        "seawall scan cluster.jsonl --level",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
}

/// However complete a snapshot is, `ConfigMaps`, Secrets and custom resources are not in it.
#[test]
fn what_is_never_captured_is_not_missing() {
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"q","namespace":"shop","uid":"v"},"spec":{"containers":[{"name":"c","image":"x","envFrom":[{"configMapRef":{"name":"settings"}},{"secretRef":{"name":"token"}}]}]}}"#;
    let scaler = r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"h","namespace":"shop"},"spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout","name":"web"}}}"#;
    let dangling = scaler
        .replace("argoproj.io/v1alpha1", "apps/v1")
        .replace("Rollout", "Deployment")
        .replace("\"h\"", "\"d\"");
    let dir = Dir::with(&[("cluster.jsonl", &format!("{SNAPSHOT}{pod}\n{scaler}\n{dangling}\n"))]);
    let args = [
        "scan",
        "--complete",
        "--select",
        "missing-config-ref,hpa-target-missing",
        "-f",
        "jsonl",
        "cluster.jsonl",
    ];
    let records = dir.run_bare(&args).records();
    assert!(records.findings("missing-config-ref").is_empty(), "{:#?}", records.all);
    assert_eq!(records.findings("hpa-target-missing").len(), 1, "{:#?}", records.all);
    let told = records.summary()["notEvaluated"].to_string();
    assert!(
        told.contains("missing-config-ref")
            && told.contains("ConfigMaps and Secrets are not read of clusters"),
        "{told}"
    );
}
