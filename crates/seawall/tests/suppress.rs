//! What does not count: comments, annotations, configuration entries, baselines and exceptions. They silence what they name,
//! and nothing else.

mod common;

use common::{Dir, Records};
use serde_json::Value;

/// Fails baseline by `hostPID`, `hostIPC` and two host ports.
const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop}
spec:
  hostPID: true
  hostIPC: true
  containers:
  - name: a
    image: x
    ports:
    - {containerPort: 80, hostPort: 80}
  - name: b
    image: x
    ports:
    - {containerPort: 81, hostPort: 81}
";

const ARGS: [&str; 4] = ["--level", "baseline", "--today", "2026-12-01"];

fn scan(dir: &Dir, more: &[&str]) -> Records {
    dir.scan(&[&ARGS, more].concat())
}

/// `rule@container` of all findings, with the source behind those that are suppressed.
fn findings(run: &Records) -> Vec<String> {
    let text = |f: &Value| {
        let container = f["container"].as_str().map(|c| format!("@{c}")).unwrap_or_default();
        let source = f["suppressed"]["source"].as_str().map(|s| format!(" ({s})")).unwrap_or_default();
        format!("{}{container}{source}", f["rule"].as_str().unwrap())
    };
    let of = |record: &Value| record["findings"].as_array().cloned().unwrap_or_default();
    run.all.iter().flat_map(of).map(|f| text(&f)).collect()
}

fn notices(run: &Records) -> Vec<String> {
    run.of("notice")
        .iter()
        .map(|n| format!("{}: {}", n["kind"].as_str().unwrap(), n["message"].as_str().unwrap()))
        .collect()
}

#[test]
fn comments_speak_of_their_line_or_the_next() {
    let text = POD
        .replace("hostPID: true", "hostPID: true # seawall: ignore host-pid it is a debugger")
        .replace("  hostIPC", "  # seawall: ignore host-ipc\u{20}until=2027-01-01 shared memory\n  # another comment\n  hostIPC")
        .replace("    - {containerPort: 80,", "    # seawall: ignore host-port@b wrong container\n    - {containerPort: 80,")
        .replace("    - {containerPort: 81,", "    # seawall: ignore hostPorts by the reference's id\n    - {containerPort: 81,");
    let dir = Dir::with(&[("p.yaml", &text)]);
    let run = scan(&dir, &["p.yaml"]);
    assert_eq!(
        findings(&run),
        ["host-pid (comment)", "host-ipc (comment)", "host-port@a", "host-port@b (comment)"]
    );
    assert_eq!(run.status, 1);
    let evaluation = &run.workloads()[0]["evaluations"][0];
    let detail = evaluation["forbiddenDetail"].as_str().unwrap();
    assert!(
        detail.contains("hostPID=true") && detail.contains("\"a\", \"b\""),
        "the verdict stays: {detail}"
    );
    assert_eq!(notices(&run), ["ignore-unused: the ignore of `host-port` in p.yaml:13 passes over nothing"]);
    let without = text.replace("    # seawall: ignore host-port@b", "    # seawall: ignore host-port@a");
    dir.write("p.yaml", &without);
    let run = scan(&dir, &["p.yaml"]);
    assert_eq!((run.status, run.workloads()[0]["open"].clone()), (0, serde_json::json!([])));
    assert_eq!(run.all.last().unwrap()["suppressed"], 4);
    assert_eq!(run.all.last().unwrap()["workloads"]["failing"], 1, "the verdict stays");
    let shown = dir.run(&[&["scan"], &ARGS[..], &["p.yaml"]].concat());
    assert!(
        !shown.stdout.contains("host-pid") && shown.stdout.contains("4 suppressed findings do not count"),
        "{}",
        shown.stdout
    );
    let listed = dir.run(&[&["scan", "--show-suppressed"], &ARGS[..], &["p.yaml"]].concat());
    assert!(
        listed.stdout.contains("suppressed[host-pid]") && listed.stdout.contains("it is a debugger"),
        "{}",
        listed.stdout
    );
}

#[test]
fn comments_that_are_none_do_nothing() {
    let text = POD.replace(
        "metadata: {name: p, namespace: shop}",
        "metadata:\n  name: p\n  annotations:\n    note: |\n      # seawall: ignore host-pid in a text\n    more: 'x # seawall: ignore host-ipc in quotes'",
    );
    let run = scan(&Dir::with(&[("p.yaml", &text)]), &["p.yaml"]);
    assert!(findings(&run).iter().all(|f| !f.contains("comment")), "{:?}", findings(&run));
    assert!(run.of("error").is_empty() && run.of("notice").is_empty());
}

#[test]
fn a_part_of_a_finding_can_be_ignored() {
    let text = "apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  volumes:
  - name: logs
    hostPath: {path: /var/log} # seawall: ignore host-path-volume reads logs
  - name: root
    hostPath: {path: /}
  containers: []
";
    let run = scan(&Dir::with(&[("p.yaml", text)]), &["p.yaml"]);
    assert_eq!(findings(&run), ["host-path-volume (comment)", "host-path-volume"]);
    let messages: Vec<_> = run.findings("host-path-volume").iter().map(|f| f["message"].clone()).collect();
    assert_eq!(
        messages,
        ["volume \"logs\" mounts the node's file system", "volume \"root\" mounts the node's file system"]
    );
    assert_eq!(run.status, 1);
}

#[test]
fn annotations_speak_for_object_or_template() {
    let deployment = "apiVersion: apps/v1
kind: Deployment
metadata: {name: d, annotations: {seawall.dev/ignore: \"host-pid=known; nonsense=x; host-ipc\"}}
spec:
  template:
    metadata: {annotations: {seawall.dev/ignore: \"host-port@a=moves soon\"}}
    spec:
      hostPID: true
      containers:
      - {name: a, image: x, ports: [{containerPort: 80, hostPort: 80}]}
      - {name: b, image: x, ports: [{containerPort: 81, hostPort: 81}]}
";
    let run = scan(&Dir::with(&[("d.yaml", deployment)]), &["d.yaml"]);
    assert_eq!(findings(&run), ["host-pid (annotation)", "host-port@a (annotation)", "host-port@b"]);
    let errors: Vec<_> = run.of("error").iter().map(|e| e["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(errors, ["no rule is called `nonsense`", "`host-ipc` has no `=` between rule and reason"]);
    assert_eq!(run.status, 2, "unknown rules are errors");
}

#[test]
fn configuration_entries_are_limited_by_what_they_name() {
    let config = "ignores:
- {rule: host-port, path: 'a/', container: a, reason: here}
- {rule: host-pid, kind: Pod, namespace: 'sh*', name: p, reason: there, owner: team}
- {rule: host-ipc, kind: Deployment, reason: of another kind}
- {rule: host-ipc, path: 'c/**', reason: of a file that was not scanned}
";
    let dir = Dir::with(&[("seawall.yaml", config), ("a/p.yaml", POD), ("b/p.yaml", POD)]);
    let run = scan(&dir, &["a", "b"]);
    assert_eq!(
        findings(&run),
        [
            "host-pid (config)",
            "host-ipc",
            "host-port@a (config)",
            "host-port@b",
            "host-pid (config)",
            "host-ipc",
            "host-port@a",
            "host-port@b",
        ]
    );
    assert_eq!(run.findings("host-pid")[0]["suppressed"]["owner"], "team");
    assert_eq!(run.findings("host-pid")[0]["suppressed"]["line"], 3);
    assert!(notices(&run).is_empty(), "what was not in scope is not called unused: {:?}", notices(&run));
    dir.write("b/p.yaml", POD.replace("hostIPC: true", "hostIPC: false").replace("name: p,", "name: q,"));
    let run = scan(&dir, &["b"]);
    assert_eq!(findings(&run), ["host-pid", "host-port@a", "host-port@b"]);
    dir.write("seawall.yaml", "ignores: [{rule: host-ipc, kind: Pod, reason: r}]\n");
    assert_eq!(
        notices(&scan(&dir, &["b"])),
        ["ignore-unused: the ignore of `host-ipc` in seawall.yaml:1 passes over nothing"]
    );
}

#[test]
fn ends_are_findings_and_coming_ends_notices() {
    let ignore = |until: &str| {
        POD.replace(
            "hostPID: true",
            &format!("hostPID: true # seawall: ignore host-pid until={until} until then"),
        )
    };
    let dir = Dir::with(&[("p.yaml", &ignore("2026-11-30"))]);
    let run = scan(&dir, &["p.yaml"]);
    assert_eq!(findings(&run), ["host-pid", "host-ipc", "host-port@a", "host-port@b", "expired-exception"]);
    let message = run.findings("expired-exception")[0]["message"].clone();
    assert_eq!(message, "the ignore of `host-pid` in p.yaml:5 ended on 2026-11-30 and no longer counts");
    assert!(notices(&run).is_empty());
    for (until, notice) in [("2026-12-01", true), ("2026-12-15", true), ("2026-12-16", false)] {
        dir.write("p.yaml", ignore(until));
        let run = scan(&dir, &["p.yaml"]);
        assert_eq!(findings(&run)[0], "host-pid (comment)", "{until}");
        assert_eq!(run.of("notice").iter().any(|n| n["kind"] == "expiring"), notice, "{until}");
    }
}

#[test]
fn a_baseline_passes_over_what_was_there() {
    let dir = Dir::with(&[("p.yaml", POD)]);
    let written = dir.run(&[&["scan", "--write-baseline", "base.yaml"], &ARGS[..], &["p.yaml"]].concat());
    assert_eq!(written.status, 0, "{}", written.stdout);
    let text = dir.read("base.yaml");
    assert!(text.contains(r#"- {object: "Pod shop/p", container: "a", rule: "host-port", path: "spec.containers[name=a].ports[containerPort=80].hostPort"}"#), "{text}");
    // Lines and neighbours may change; identities count.
    let moved = POD
        .replace("spec:\n", "spec:\n\n  dnsPolicy: Default\n\n")
        .replace("  - name: a", "  - name: new\n    image: img\n  - name: a");
    dir.write("p.yaml", &moved);
    let run = scan(&dir, &["--baseline", "base.yaml", "p.yaml"]);
    assert_eq!(run.status, 0, "{:?}", findings(&run));
    assert!(findings(&run).iter().all(|f| f.ends_with("(baseline)")));
    // What is new counts, also beside what is old.
    dir.write(
        "p.yaml",
        moved.replace("    image: img\n", "    image: img\n    ports: [{containerPort: 9, hostPort: 9}]\n"),
    );
    let run = scan(&dir, &["--baseline", "base.yaml", "p.yaml"]);
    assert_eq!(run.status, 1);
    assert!(findings(&run).contains(&"host-port@new".to_owned()), "{:?}", findings(&run));
    // What is fixed is told of; objects that were not scanned are not.
    dir.write("p.yaml", POD.replace("hostIPC: true", "hostIPC: false"));
    dir.write("other.yaml", POD.replace("name: p,", "name: q,"));
    let run = scan(&dir, &["--baseline", "base.yaml", "p.yaml"]);
    assert_eq!(notices(&run), ["ignore-unused: 1 entry of the baseline base.yaml is fixed"]);
    assert!(notices(&scan(&dir, &["--baseline", "base.yaml", "other.yaml"])).is_empty());
    assert_eq!(scan(&dir, &["--baseline", "none.yaml", "p.yaml"]).status, 2);
    // The configuration may name it; writing it again keeps what is still there.
    dir.write("seawall.yaml", "baseline: base.yaml\n");
    dir.write("p.yaml", POD);
    assert_eq!(scan(&dir, &["p.yaml"]).status, 0);
    dir.run(&[&["scan", "--write-baseline", "base.yaml"], &ARGS[..], &["p.yaml"]].concat());
    assert_eq!(dir.read("base.yaml"), text);
}

#[test]
fn another_capability_is_not_in_the_baseline() {
    let pod = |added: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: x, securityContext: {{capabilities: {{add: [{added}]}}}}}}]}}\n"
        )
    };
    let dir = Dir::with(&[("p.yaml", &pod("NET_ADMIN"))]);
    dir.run(&[&["scan", "--write-baseline", "base.yaml"], &ARGS[..], &["p.yaml"]].concat());
    dir.write("p.yaml", pod("SYS_ADMIN, NET_ADMIN"));
    let run = scan(&dir, &["--baseline", "base.yaml", "p.yaml"]);
    assert_eq!(findings(&run), ["added-capability@c", "added-capability@c (baseline)"]);
    assert!(run.findings("added-capability")[0]["message"].as_str().unwrap().contains("SYS_ADMIN"));
    assert_eq!(run.status, 1);
}

const EXCEPTION: &str = "apiVersion: seawall.dev/v1alpha1
kind: PodSecurityException
metadata: {name: mesh, namespace: shop}
spec:
  workloads: [{kind: Pod, name: p}]
  rules:
  - {rule: hostNamespaces}
  - {rule: host-port, containers: [a], values: ['80']}
  reason: the mesh needs it
  expires: 2027-01-31
---
";

const POLICY: &str = "apiVersion: seawall.dev/v1alpha1
kind: PodSecurityExceptionPolicy
metadata: {name: mesh}
spec:
  namespaces: [shop]
  rules: [{rule: host-port, values: ['80']}, {rule: host-pid}, {rule: host-ipc}, {rule: host-network}]
  maxDays: 90
---
";

#[test]
fn exceptions_change_the_verdict_within_what_a_policy_allows() {
    let dir = Dir::with(&[("a.yaml", POD), ("z.yaml", &format!("{EXCEPTION}{POLICY}"))]);
    let run = scan(&dir, &["."]);
    let names = ["host-pid (exception)", "host-ipc (exception)", "host-port@a (exception)", "host-port@b"];
    let mut found = findings(&run);
    found.sort();
    let mut names = names.map(str::to_owned).to_vec();
    names.sort();
    assert_eq!(found, names);
    let detail = &run.workloads()[0]["evaluations"][0]["forbiddenDetail"];
    assert_eq!(detail, "hostPort (container \"b\" uses hostPort 81)");
    assert_eq!(run.status, 1);
    assert_eq!(run.workloads()[0]["strictest"], "privileged");
    // Without the last fault the pod is admitted.
    dir.write("a.yaml", POD.replace(", hostPort: 81", ""));
    let run = scan(&dir, &["."]);
    assert_eq!((run.status, &run.workloads()[0]["evaluations"][0]["allowed"]), (0, &Value::Bool(true)));
    assert_eq!(run.all.last().unwrap()["workloads"]["failing"], 0);
    // Others have nothing of it.
    dir.write("a.yaml", POD.replace(", hostPort: 81", "").replace("name: p,", "name: q,"));
    assert_eq!(scan(&dir, &["."]).status, 1);
}

#[test]
fn exceptions_without_a_policy_do_not_count() {
    let dir = Dir::with(&[("a.yaml", POD), ("e.yaml", EXCEPTION)]);
    let run = scan(&dir, &["."]);
    assert_eq!(findings(&run), ["host-pid", "host-ipc", "host-port@a", "host-port@b"]);
    assert_eq!(run.of("notice").iter().filter(|n| n["kind"] == "exception-not-allowed").count(), 4);
    dir.write("p.yaml", POLICY.replace("maxDays: 90", "maxDays: 10"));
    let run = scan(&dir, &["."]);
    assert!(notices(&run)[0].ends_with("it must end within 10 days"), "{:?}", notices(&run));
    assert_eq!(run.status, 1);
    dir.write("p.yaml", "apiVersion: seawall.dev/v1alpha1\nkind: PodSecurityException\nmetadata: {name: x, namespace: y}\nspec: {reason: r, workloads: [{kind: Pod}], rules: [{rule: host-prot}]}\n");
    let run = scan(&dir, &["."]);
    assert_eq!(
        (run.status, run.of("error")[0]["message"].as_str().unwrap()),
        (2, "no rule is called `host-prot`")
    );
}

#[test]
fn counts_tell_what_passes_by_exception() {
    let config = "exceptions:
- {namespaces: [shop], workloads: [{kind: Pod}], rules: [{rule: host-ipc}, {rule: host-pid}], reason: r}
";
    let pod = POD.replace(", hostPort: 80", "").replace(", hostPort: 81", "");
    let other =
        pod.replace("hostIPC: true", "hostNetwork: false").replace("namespace: shop", "namespace: other");
    let dir = Dir::with(&[("seawall.yaml", config), ("p.yaml", &pod), ("q.yaml", &other)]);
    let run = scan(&dir, &["p.yaml", "q.yaml"]);
    let summary = run.all.last().unwrap();
    let workloads = &summary["workloads"];
    assert_eq!((&workloads["privileged"], &workloads["byException"]), (&2.into(), &1.into()), "{summary}");
    assert_eq!((&summary["suppressed"], &summary["excepted"]), (&2.into(), &2.into()), "{summary}");
    assert_eq!(summary["blockers"], serde_json::json!([{"name": "host namespaces", "workloads": 1}]));

    let args = ["scan", "--level", "baseline", "--show-suppressed", "p.yaml"];
    let text = dir.run(&args).stdout;
    assert!(text.contains("privileged -> baseline by exception\n"), "{text}");
    assert!(text.contains(", no findings (2 excepted)") && !text.contains("blockers"), "{text}");
    assert!(
        text.contains("1 workload passes by exception\n2 suppressed findings do not count, 2 by"),
        "{text}"
    );
    let page = dir.run(&[&args[..], &["--format", "markdown"]].concat()).stdout;
    assert!(
        page.contains("nothing to report (2 excepted)") && page.contains("; 1 workload passes by exc"),
        "{page}"
    );
}

#[test]
fn exceptions_of_the_configuration_need_no_policy() {
    let config = "exceptions:
- {namespaces: [shop], workloads: [{kind: Pod}], rules: [{rule: hostNamespaces}, {rule: host-port}], reason: r, expires: 2026-11-30, onExpiry: warn}
";
    let dir = Dir::with(&[("seawall.yaml", config), ("p.yaml", POD)]);
    let run = scan(&dir, &["p.yaml"]);
    assert_eq!(run.status, 0, "{:?}", findings(&run));
    assert_eq!(findings(&run).last().unwrap(), "expired-exception", "it goes on to hold, with a finding");
    dir.write("seawall.yaml", config.replace("warn", "refuse"));
    let run = scan(&dir, &["p.yaml"]);
    assert_eq!(run.status, 1);
    assert_eq!(findings(&run), ["host-pid", "host-ipc", "host-port@a", "host-port@b", "expired-exception"]);
}

#[test]
fn rules_can_be_left_out_and_weighed_by_profile() {
    let config = "rules: {severity: {host-port: low}}
profiles:
  ports: {select: [host-port]}
  rest: {deselect: [host-port], severity: {host-pid: critical}, failOn: critical}
";
    let dir = Dir::with(&[("seawall.yaml", config), ("p.yaml", POD)]);
    let run = scan(&dir, &["--profile", "ports", "p.yaml"]);
    assert_eq!(findings(&run), ["host-port@a", "host-port@b"]);
    assert_eq!(run.findings("host-port")[0]["severity"], "low");
    let run = scan(&dir, &["--profile", "rest", "p.yaml"]);
    assert_eq!((findings(&run), run.status), (vec!["host-pid".to_owned(), "host-ipc".to_owned()], 1));
    assert_eq!(run.workloads()[0]["evaluations"][0]["allowed"], false, "the verdict stays");
    dir.write("seawall.yaml", "rules: {deselect: [hostNamespaces, host-port]}\n");
    let run = scan(&dir, &["p.yaml"]);
    assert_eq!((findings(&run).len(), run.status), (0, 0));
    assert_eq!(scan(&dir, &["--profile", "none", "p.yaml"]).status, 2);
}

#[test]
fn what_the_api_server_refuses_can_be_ignored_too() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: \"yes\" # seawall: ignore schema-invalid a test of refusals\n  containers: []\n";
    let run = scan(&Dir::with(&[("p.yaml", pod)]), &["p.yaml"]);
    assert_eq!((findings(&run), run.status), (vec!["schema-invalid (comment)".to_owned()], 0));
    assert!(run.workloads()[0]["refused"].is_string(), "the verdict stays");
}

#[test]
fn scopes_keep_clusters_apart() {
    let namespace = |level: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}\n---\n{POD}"
        )
    };
    let dir = Dir::with(&[("dev/a.yaml", &namespace("privileged")), ("prod/a.yaml", &namespace("baseline"))]);
    let run = dir.scan(&["."]);
    assert_eq!(run.of("notice")[0]["kind"], "namespace-conflict");
    dir.write("seawall.yaml", "scopes: [{name: dev, paths: [dev/]}, {name: prod, paths: [prod/]}]\n");
    let run = dir.scan(&["."]);
    assert!(run.of("notice").is_empty(), "{:?}", notices(&run));
    let allowed: Vec<_> = run.workloads().iter().map(|w| w["evaluations"][0]["allowed"].clone()).collect();
    assert_eq!(allowed, [true, false]);
    dir.run(&["scan", "--write-baseline", "base.yaml", "."]);
    assert!(dir.read("base.yaml").contains("scope: \"prod\""));
    dir.write("dev/a.yaml", namespace("baseline"));
    let run = dir.scan(&["--baseline", "base.yaml", "."]);
    assert_eq!(run.status, 1, "the baseline of one cluster is not that of another");
}

#[test]
fn namespaces_can_be_lent() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: privileged}}}\n";
    let dir = Dir::with(&[("deploy/p.yaml", POD), ("ns.yaml", list)]);
    let run = dir.scan(&["--namespaces", "ns.yaml", "deploy"]);
    assert_eq!((run.status, &run.workloads()[0]["levelsFrom"]), (0, &Value::from("namespaces-file")));
    dir.write("deploy/n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline}}\n");
    let run = dir.scan(&["--namespaces", "ns.yaml", "deploy"]);
    assert_eq!((run.status, &run.workloads()[0]["levelsFrom"]), (1, &Value::from("namespace")));
    dir.write("ns.yaml", POD);
    let run = dir.scan(&["--namespaces", "ns.yaml", "deploy"]);
    assert_eq!(
        (run.status, run.of("error")[0]["message"].as_str().unwrap()),
        (2, "no Namespace is in this file")
    );
}
