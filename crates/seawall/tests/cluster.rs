//! Commands on clusters and snapshots where no cluster is needed; `e2e` holds the others.
#![cfg(unix)]

mod common;

use std::process::Command;

use common::{Dir, Run};

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
    assert_eq!(strictest(&all[1..]), ("restricted".into(), false));
}
