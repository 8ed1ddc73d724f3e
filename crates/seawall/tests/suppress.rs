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
    // It is no input of a scan that meets it.
    let run = scan(&dir, &["--baseline", "base.yaml", "."]);
    assert!(run.of("notice").iter().all(|n| n["kind"] != "not-kubernetes"), "{:?}", notices(&run));
    // The configuration may name it; writing it again keeps what is still there.
    dir.write("seawall.yaml", "baseline: base.yaml\n");
    dir.write("p.yaml", POD);
    assert_eq!(scan(&dir, &["p.yaml"]).status, 0);
    dir.run(&[&["scan", "--write-baseline", "base.yaml"], &ARGS[..], &["p.yaml"]].concat());
    assert_eq!(dir.read("base.yaml"), text);
}

/// The lines of a baseline, each as its object and rule.
fn entries(baseline: &str) -> Vec<String> {
    let field = |line: &str, name: &str| {
        line.split_once(&format!("{name}: \"")).unwrap().1.split('"').next().unwrap().to_owned()
    };
    let lines = baseline.lines().filter(|line| line.starts_with("- "));
    lines.map(|line| format!("{} {}", field(line, "object"), field(line, "rule"))).collect()
}

/// Restricted, except for one container that may run as root.
const ROOT: &str = "apiVersion: v1
kind: Pod
metadata: {name: r, namespace: shop}
spec:
  securityContext: {seccompProfile: {type: RuntimeDefault}}
  containers:
  - {name: c, image: x, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
";

#[test]
fn what_is_not_judged_is_not_fixed() {
    let dir = Dir::with(&[("r.yaml", ROOT), ("p.yaml", POD)]);
    let today = ["--today", "2026-12-01"];
    let run = |more: &[&str]| dir.scan(&[&today, more].concat());
    let write = |more: &[&str]| {
        dir.run(&[&["scan", "--write-baseline", "base.yaml"], &today[..], more].concat());
        entries(&dir.read("base.yaml"))
    };
    let all = write(&["--level", "restricted", "r.yaml", "p.yaml"]);
    assert_eq!(
        all.iter().filter(|e| e.starts_with("Pod shop/r ")).collect::<Vec<_>>(),
        ["Pod shop/r run-as-non-root"]
    );
    assert!(all.len() > 8, "{all:?}");
    // At a lower level, without some rules, without some objects, or where an object is refused, nothing is known of them.
    dir.write("r.yaml", ROOT.replace("securityContext: {secc", "securityContext: {runAsNonRoot: true, secc"));
    let base = ["--baseline", "base.yaml"];
    for (level, path) in [("baseline", "r.yaml"), ("privileged", "r.yaml"), ("restricted", "p.yaml")] {
        let more = [&base[..], &["--level", level, path]].concat();
        assert!(notices(&run(&more)).is_empty(), "{level} {path}: {:?}", notices(&run(&more)));
        assert_eq!(write(&more), all, "{level} {path}");
    }
    dir.write("seawall.yaml", "rules: {deselect: [run-as-non-root]}\n");
    let restricted = [&base[..], &["--level", "restricted", "r.yaml"]].concat();
    assert!(notices(&run(&restricted)).is_empty());
    assert_eq!(write(&restricted), all);
    dir.write("seawall.yaml", "");
    dir.write("r.yaml", format!("{ROOT}  hostPID: 7\n"));
    assert!(notices(&run(&restricted)).is_empty());
    assert!(write(&restricted).contains(&"Pod shop/r run-as-non-root".to_owned()));
    // Where it is judged it is fixed.
    dir.write("r.yaml", ROOT.replace("securityContext: {secc", "securityContext: {runAsNonRoot: true, secc"));
    assert!(
        notices(&run(&restricted))[0].contains("of the baseline base.yaml are fixed"),
        "{:?}",
        notices(&run(&restricted))
    );
    let others: Vec<_> = all.iter().filter(|e| !e.starts_with("Pod shop/r ")).cloned().collect();
    assert_eq!(write(&restricted), others);
}

#[test]
fn what_is_not_judged_is_not_unused() {
    let config = |rule: &str| format!("ignores: [{{rule: {rule}, reason: known}}]\n");
    let fixed = ROOT.replace("securityContext: {secc", "securityContext: {runAsNonRoot: true, secc");
    let dir = Dir::with(&[("r.yaml", &fixed)]);
    let unused = |rule: &str, level: &str| {
        dir.write("seawall.yaml", config(rule));
        dir.scan(&["--level", level, "r.yaml"]).of("notice").len()
    };
    assert_eq!(unused("run-as-non-root", "restricted"), 1);
    assert_eq!(unused("run-as-non-root", "baseline"), 0);
    assert_eq!(unused("[host-pid, run-as-non-root]", "baseline"), 0, "one of the two is not judged");
    assert_eq!((unused("host-pid", "baseline"), unused("host-pid", "privileged")), (1, 0));
    assert_eq!((unused("seccomp-profile", "restricted"), unused("seccomp-profile", "baseline")), (1, 0));
    assert_eq!(unused("schema-invalid", "privileged"), 1, "every level judges it");
    dir.write(
        "seawall.yaml",
        config("run-as-non-root") + "levels: {shop: {enforce: baseline, warn: restricted}}\n",
    );
    assert_eq!(dir.scan(&["r.yaml"]).of("notice").len(), 1, "a level that only warns counts");
    dir.write("r.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    assert_eq!(unused("run-as-non-root", "restricted"), 0, "there is no pod");
    // Comments and annotations go by the same.
    dir.write("seawall.yaml", "");
    dir.write("r.yaml", fixed.replace("spec:\n", "spec:\n  # seawall: ignore seccomp-profile known\n"));
    assert_eq!(dir.scan(&["--level", "restricted", "r.yaml"]).of("notice").len(), 1);
    assert_eq!(dir.scan(&["--level", "baseline", "r.yaml"]).of("notice").len(), 0);
}

#[test]
fn a_baseline_with_an_unknown_rule_is_refused_at_its_place() {
    let baseline = "version: 1\nfindings:\n- {object: Pod shop/p, rule: host-pidd, path: spec.hostPID}\n";
    let dir = Dir::with(&[("p.yaml", POD), ("base.yaml", baseline)]);
    let run = scan(&dir, &["--baseline", "base.yaml", "p.yaml"]);
    let error = run.of("error")[0];
    assert_eq!(
        (&error["file"], &error["line"], &error["column"]),
        (&"base.yaml".into(), &3.into(), &30.into())
    );
    assert_eq!((&error["message"], run.status), (&"no rule is called `host-pidd`".into(), 2));
}

#[test]
fn a_baseline_overwrites_nothing_but_a_baseline() {
    let dir = Dir::with(&[("p.yaml", POD), ("seawall.yaml", "failOn: never\n"), ("notes.txt", "keep me\n")]);
    let write = |to: &str, more: &[&str]| {
        dir.run(&[&["scan", "--write-baseline", to], &ARGS[..], more, &["p.yaml"]].concat())
    };
    for (file, message) in [
        ("p.yaml", "`p.yaml` is an input and would be overwritten"),
        ("./p.yaml", "`./p.yaml` is an input and would be overwritten"),
        ("seawall.yaml", "`seawall.yaml` is no baseline and would be overwritten"),
        ("notes.txt", "`notes.txt` is no baseline and would be overwritten"),
    ] {
        let before = dir.read(file);
        let run = write(file, &[]);
        assert!(run.status == 2 && run.stderr.contains(message), "{file}: {}", run.stderr);
        assert_eq!(dir.read(file), before);
    }
    let run = write("./out", &["--format", "json=out"]);
    assert!(run.status == 2 && run.stderr.contains("only one output can go to `"), "{}", run.stderr);
    assert_eq!(write("out", &["--format", "json=report.json"]).status, 0);
    let run = write("report.json", &[]);
    assert!(run.status == 2 && run.stderr.contains("`report.json` is no baseline"), "{}", run.stderr);
    assert!(dir.read("report.json").starts_with("{\"schema\":"));
    // A baseline may be written again, also where the scan meets it, and an empty file may become one.
    let baseline = dir.read("out");
    dir.write("base.yaml", &baseline);
    dir.write("empty.yaml", "");
    for file in ["out", "base.yaml", "empty.yaml"] {
        let run = dir.run(&[&["scan", "--write-baseline", file], &ARGS[..], &["."]].concat());
        assert_eq!(
            (run.status, dir.read(file)),
            (0, baseline.clone()),
            "{file}: {}{}",
            run.stdout,
            run.stderr
        );
    }
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
fn what_exceptions_say_wrong_has_a_place() {
    let dir = Dir::with(&[("p.yaml", POD)]);
    let error = |run: &Records| {
        let error = run.of("error")[0];
        let text = |key: &str| error[key].as_str().unwrap().to_owned();
        (format!("{}:{}:{}", text("file"), error["line"], error["column"]), text("message"), text("hint"))
    };
    let no_rule = "no exception can be made from `schema-invalid`: no level forbids it";
    let ignore = "have its findings passed over by an ignore";
    let unknown = "no rule is called `host-prot`";
    let near = "did you mean `host-port`? all rules: seawall checks";
    for (rule, message, hint) in [("host-prot", unknown, near), ("schema-invalid", no_rule, ignore)] {
        for (file, text, place) in [
            ("e.yaml", EXCEPTION.replace("rule: host-port", &format!("rule: {rule}")), "e.yaml:8:12"),
            ("e.yaml", POLICY.replace("rule: host-pid", &format!("rule: {rule}")), "e.yaml:6:53"),
            (
                "seawall.yaml",
                format!(
                    "exceptions:\n- {{namespaces: [a], workloads: [{{kind: Pod}}], rules: [{{rule: host-pid}}, {{rule: {rule}}}], reason: r}}\n"
                ),
                "seawall.yaml:2:80",
            ),
        ] {
            dir.write("e.yaml", "");
            dir.write(file, text);
            let run = scan(&dir, &["p.yaml", "e.yaml"]);
            assert_eq!(error(&run), (place.to_owned(), message.to_owned(), hint.to_owned()));
            assert_eq!(run.status, 2);
        }
        dir.write("seawall.yaml", "");
    }
}

#[test]
fn objects_of_seawalls_group_that_do_not_count_are_told_of() {
    let dir = Dir::with(&[("p.yaml", POD), ("policy.yaml", POLICY)]);
    for (from, to, message, hint) in [
        (
            "v1alpha1",
            "v1beta1",
            "PodSecurityException shop/mesh (seawall.dev/v1beta1) is of a version that seawall does not know and does not count",
            "write apiVersion: seawall.dev/v1alpha1",
        ),
        (
            "/v1alpha1",
            "",
            "PodSecurityException shop/mesh (seawall.dev) is of a version that seawall does not know and does not count",
            "write apiVersion: seawall.dev/v1alpha1",
        ),
        (
            "kind: PodSecurityException",
            "kind: PodSecurityExceptions",
            "PodSecurityExceptions shop/mesh (seawall.dev/v1alpha1) is of a kind that seawall does not know and does not count",
            "did you mean `PodSecurityException`? known are PodSecurityException and PodSecurityExceptionPolicy",
        ),
    ] {
        dir.write("e.yaml", EXCEPTION.replace(from, to));
        let run = scan(&dir, &["."]);
        assert_eq!(notices(&run), [format!("exception-unknown: {message}")]);
        let notice = run.of("notice")[0];
        assert_eq!(
            (&notice["file"], &notice["line"], &notice["hint"]),
            (&"e.yaml".into(), &1.into(), &hint.into())
        );
        assert!(findings(&run).iter().all(|f| !f.contains("exception")), "{:?}", findings(&run));
    }
    // What suspends what the webhook enforces is known, and is nothing to a scan.
    let glass = "apiVersion: seawall.dev/v1alpha1\nkind: PodSecurityBreakGlass\nmetadata: {name: a}\nspec: {namespaces: [shop], duration: 1h, reason: r}\n";
    dir.write("e.yaml", glass);
    let with = scan(&dir, &["."]);
    std::fs::remove_file(dir.path().join("e.yaml")).unwrap();
    let without = scan(&dir, &["."]);
    assert_eq!((notices(&with), findings(&with)), (notices(&without), findings(&without)));
    assert_eq!(
        with.summary()["objects"].as_u64(),
        without.summary()["objects"].as_u64().map(|count| count + 1)
    );
}

#[test]
fn exceptions_that_end_soon_or_let_nothing_pass_are_told_of() {
    let dir = Dir::with(&[("a.yaml", POD), ("e.yaml", &format!("{EXCEPTION}{POLICY}"))]);
    let told = |run: &Records| {
        let text = |n: &Value| {
            let message = n["message"].as_str().unwrap();
            format!(
                "{}:{}: {}: {message}",
                n["file"].as_str().unwrap(),
                n["line"],
                n["kind"].as_str().unwrap()
            )
        };
        run.of("notice").into_iter().map(text).collect::<Vec<_>>()
    };
    let at = |level: &str, today: &str, paths: &[&str]| {
        dir.scan(&[&["--level", level, "--today", today], paths].concat())
    };
    assert!(told(&at("baseline", "2026-12-01", &["."])).is_empty());
    assert_eq!(
        told(&at("baseline", "2027-01-20", &["."])),
        ["e.yaml:1: expiring: exception `shop/mesh` ends with 2027-01-31"]
    );
    // One that has ended is told of by a finding.
    assert!(told(&at("baseline", "2027-02-20", &["."])).is_empty());
    let unused = ["e.yaml:1: exception-unused: exception `shop/mesh` lets nothing pass"];
    dir.write("a.yaml", POD.replace("name: p,", "name: q,"));
    assert_eq!(told(&at("baseline", "2026-12-01", &["."])), unused);
    assert!(told(&at("privileged", "2026-12-01", &["."])).is_empty(), "nothing is judged");
    assert!(told(&at("baseline", "2026-12-01", &["e.yaml"])).is_empty(), "nothing is scanned");
    dir.write("a.yaml", POD.replace("namespace: shop", "namespace: other"));
    assert!(told(&at("baseline", "2026-12-01", &["."])).is_empty(), "nothing of the namespace is scanned");
    dir.write("a.yaml", POD.replace("hostPID: true", "hostPID: 7"));
    assert!(told(&at("baseline", "2026-12-01", &["."])).is_empty(), "what is refused is not judged");
    let config = "exceptions:
- {namespaces: [shop], workloads: [{kind: Pod}], rules: [{rule: host-pid}], reason: r, expires: 2026-12-05}
- {namespaces: [shop], workloads: [{kind: Job}], rules: [{rule: host-pid}], reason: r}
- {namespaces: [shop], workloads: [{kind: Job}], rules: [{rule: run-as-non-root}], reason: r}
";
    dir.write("seawall.yaml", config);
    dir.write("a.yaml", POD);
    assert_eq!(
        told(&at("baseline", "2026-12-01", &["a.yaml"])),
        [
            "seawall.yaml:2: expiring: exception `seawall.yaml:2` ends with 2026-12-05",
            "seawall.yaml:3: exception-unused: exception `seawall.yaml:3` lets nothing pass",
        ]
    );
    // Of several that let the same pass none is called unused.
    dir.write("seawall.yaml", config.replace("kind: Job", "kind: Pod").replace(", expires: 2026-12-05", ""));
    assert!(told(&at("baseline", "2026-12-01", &["a.yaml"])).is_empty());
}

#[test]
fn exceptions_reach_the_pods_of_their_workloads() {
    let config = |kind: &str, name: &str| {
        format!(
            "exceptions: [{{namespaces: [shop], workloads: [{{kind: {kind}, name: \"{name}\"}}], rules: [{{rule: hostNamespaces}}, {{rule: host-port}}], reason: r}}]\n"
        )
    };
    let owned = "metadata:
  name: web-5d4-abc
  namespace: shop
  labels: {pod-template-hash: 5d4}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4, controller: true, uid: x}]";
    let dir = Dir::with(&[("p.yaml", &POD.replace("metadata: {name: p, namespace: shop}", owned))]);
    for (kind, name, status) in [
        ("Pod", "web-*", 0),
        ("ReplicaSet", "web-*", 0),
        ("Deployment", "web", 0),
        ("Deployment", "web-*", 1),
        ("StatefulSet", "web", 1),
    ] {
        dir.write("seawall.yaml", config(kind, name));
        let run = scan(&dir, &["p.yaml"]);
        assert_eq!(run.status, status, "{kind} {name}: {:?}", findings(&run));
    }
}

#[test]
fn rules_may_be_called_as_a_scan_shows_them() {
    let text = ROOT.replace("  securityContext: {seccompProfile: {type: RuntimeDefault}}\n", "").replace(
        ", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}",
        "} # seawall: ignore restricted in spring",
    );
    let dir = Dir::with(&[("r.yaml", &text)]);
    let restricted = ["--level", "restricted"];
    let run = dir.scan(&[&restricted[..], &["r.yaml"]].concat());
    assert_eq!((findings(&run).len(), run.status), (4, 0), "{:?}", findings(&run));
    let plain = text.replace(" # seawall: ignore restricted in spring", "");
    dir.write("r.yaml", &plain);
    let shown = dir.run(&[&["scan"], &restricted[..], &["r.yaml"]].concat());
    assert!(shown.stdout.contains("error[restricted]"), "{}", shown.stdout);
    for config in [
        "ignores: [{rule: restricted, reason: r}]",
        "rules: {deselect: [four-basics]}",
        "exceptions: [{namespaces: [shop], workloads: [{kind: Pod}], rules: [{rule: restricted}], reason: r}]",
    ] {
        dir.write("seawall.yaml", format!("{config}\n"));
        assert_eq!(dir.scan(&[&restricted[..], &["r.yaml"]].concat()).status, 0, "{config}");
    }
}

#[test]
fn rules_can_be_left_out_and_weighed_by_profile() {
    let config = "rules: {severity: {host-port: low}}
profiles:
  ports: {select: [host-port]}
  rest: {extends: pss, deselect: [host-port], severity: {host-pid: critical}, failOn: critical}
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
fn what_is_left_beside_an_ignored_refusal_says_what_the_exit_status_says() {
    let ignored = "# seawall: ignore schema-invalid it is set later";
    let pod = |more: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  hostPID: \"yes\" {ignored}\n{more}  containers: []\n  typo: 1\n"
        )
    };
    let map = |more: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\nimmutable: \"yes\" {ignored}\n{more}typo: 1\n"
        )
    };
    let cases = [(pod(""), 0), (pod("  hostIPC: \"yes\"\n"), 1), (map(""), 0), (map("data: []\n"), 1)];
    for (text, status) in cases {
        let dir = Dir::with(&[("in.yaml", &text)]);
        let run = dir.run(&["scan", "in.yaml"]);
        let errors = run.stdout.matches("error[").count();
        assert_eq!((run.status, errors == 1), (status, status == 1), "{text}{}", run.stdout);
        assert_eq!(run.stdout.matches("warning[schema-invalid]: ").count(), 1, "{}", run.stdout);
        for format in ["text", "concise", "github", "markdown"] {
            let quiet = dir.run(&["scan", "-q", "-f", format, "in.yaml"]);
            assert_eq!(quiet.status, status);
            assert_eq!(quiet.stdout.contains("typo"), status == 1, "{format}: {}", quiet.stdout);
        }
        let open: Vec<_> = dir.scan(&["in.yaml"]).workloads().iter().map(|w| w["open"].clone()).collect();
        assert!(open.iter().all(|open| open.as_array().unwrap().is_empty() == (status == 0)), "{open:?}");
        // What is not selected is not said, and does not count.
        dir.write("seawall.yaml", "rules: {deselect: [schema-invalid]}\n");
        assert_eq!(dir.run(&["scan", "in.yaml"]).status, 0);
    }
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
