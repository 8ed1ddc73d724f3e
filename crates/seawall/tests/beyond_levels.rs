//! What rules of the standard find beyond the levels that a namespace asks for.

mod common;

use common::{Dir, Records};
use serde_json::Value;

/// A namespace that enforces nothing, and a workload that has its node.
const HOST: &str = "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: privileged}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: host, namespace: shop}
spec:
  selector: {matchLabels: {app: h}}
  template:
    metadata: {labels: {app: h}}
    spec:
      hostPID: true
      hostNetwork: true
      containers:
      - name: c
        image: registry.example.com/c:1
        ports: [{containerPort: 80}]
        securityContext: {privileged: true}
";

const OF_HOST: [&str; 4] = ["host-network", "host-pid", "host-port", "privileged-container"];

/// The findings of the standard.
fn of_standard(run: &Records) -> Vec<Value> {
    let standard: Vec<_> = seawall_check::rules::all().into_iter().filter(|r| r.level.is_some()).collect();
    let is_of = |f: &Value| standard.iter().any(|rule| f["rule"] == rule.id);
    let all = run.workloads().into_iter().flat_map(|w| w["findings"].as_array().unwrap().clone());
    all.filter(is_of).collect()
}

/// Their rules in order, those against a mode behind it.
fn told(run: &Records) -> Vec<String> {
    let mut told: Vec<String> = of_standard(run)
        .iter()
        .map(|f| {
            let modes: Vec<&str> = f["modes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            format!("{} {}", f["rule"].as_str().unwrap(), modes.join("+")).trim_end().to_owned()
        })
        .collect();
    told.sort_unstable();
    told
}

fn scan(dir: &Dir, profile: &str, args: &[&str]) -> Records {
    dir.scan(&[&["--profile", profile], args, &["."]].concat())
}

#[test]
fn what_has_the_node_is_told_where_everything_is_allowed() {
    let dir = Dir::with(&[("host.yaml", HOST)]);
    let run = scan(&dir, "recommended", &[]);
    assert_eq!((run.status, told(&run)), (0, OF_HOST.map(str::to_owned).to_vec()));
    let [workload] = &run.workloads()[..] else { panic!("{:?}", run.all) };
    assert!(workload["evaluations"].as_array().unwrap().iter().all(|e| e["allowed"] == true));
    assert_eq!((&workload["strictest"], &workload["grade"]), (&"privileged".into(), &"F".into()));
    assert_eq!(
        (&run.summary()["workloads"]["failing"], &run.summary()["workloads"]["warned"]),
        (&0.into(), &0.into())
    );
    let port = run.findings("host-port")[0];
    assert_eq!(port["label"], "becomes a hostPort", "by the defaults of the API server");
    let pid = run.findings("host-pid")[0];
    assert_eq!((&pid["path"], &pid["line"]), (&"spec.template.spec.hostPID".into(), &13.into()));
    assert_eq!(pid["fix"]["safety"], "decision", "{pid}");
    // They are no failures of a level, and the text does not say so.
    let text = dir.run_bare(&["scan", "host.yaml"]);
    assert_eq!(text.status, 0);
    assert!(text.stdout.contains("\n  critical[privileged-container]: "), "{}", text.stdout);
    assert!(text.stdout.contains("\n  medium[host-port]: container \"c\" "), "{}", text.stdout);
    assert!(!text.stdout.contains("error["), "{}", text.stdout);
    assert!(text.stdout.contains("\nbeyond the levels   "), "{}", text.stdout);
    assert_eq!(dir.run_bare(&["scan", "--quiet", "host.yaml"]).stdout, "");
}

#[test]
fn profiles_and_selections_say_how_far_beyond() {
    let dir = Dir::with(&[("host.yaml", HOST)]);
    let strict: Vec<String> = [&OF_HOST[..], &HARDENING].concat().iter().map(|&r| r.to_owned()).collect();
    let sorted = |mut rules: Vec<String>| {
        rules.sort_unstable();
        rules
    };
    assert_eq!(told(&scan(&dir, "pss", &[])), [""; 0]);
    for profile in ["strict", "cis", "nsa"] {
        let run = scan(&dir, profile, &[]);
        assert_eq!((run.status, told(&run)), (1, sorted(strict.clone())), "{profile}");
        assert_eq!(scan(&dir, profile, &["--fail-on", "enforce"]).status, 0);
    }
    assert_eq!(
        told(&scan(&dir, "pss", &["--enable", "host-pid,run-as-non-root"])),
        ["host-pid", "run-as-non-root"]
    );
    let run = scan(&dir, "recommended", &["--select", "privileged-container", "--fail-on", "critical"]);
    assert_eq!((run.status, told(&run)), (1, vec!["privileged-container".to_owned()]));
    let run = scan(&dir, "recommended", &["--deselect", "hostNamespaces", "--fail-on", "critical"]);
    assert_eq!(
        (run.status, told(&run)),
        (1, vec!["host-port".to_owned(), "privileged-container".to_owned()])
    );
    assert_eq!(
        scan(&dir, "recommended", &["--deselect", "privileged-container", "--fail-on", "critical"]).status,
        0
    );
    assert_eq!(told(&scan(&dir, "recommended", &["--select", "security"])), sorted(strict));
    assert_eq!(told(&scan(&dir, "recommended", &["--select", "reliability"])), [""; 0]);
    dir.write("seawall.yaml", "rules: {severity: {host-port: critical, privileged-container: low}}\n");
    let run = scan(&dir, "recommended", &[]);
    let severity = |rule: &str| run.findings(rule)[0]["severity"].as_str().unwrap().to_owned();
    assert_eq!((severity("host-port"), severity("privileged-container")), ("critical".into(), "low".into()));
}

const HARDENING: [&str; 4] =
    ["allow-privilege-escalation", "drop-all-capabilities", "run-as-non-root", "seccomp-profile"];

fn namespaced(labels: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{{labels}}}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: shop}}\nspec:\n  containers:\n  - name: c\n    image: registry.example.com/c:1\n{container}"
    )
}

const P: &str = "pod-security.kubernetes.io";

#[test]
fn what_baseline_leaves_open_is_for_who_asks() {
    let dir = Dir::with(&[("p.yaml", &namespaced(&format!("{P}/enforce: baseline"), ""))]);
    assert_eq!(told(&scan(&dir, "recommended", &[])), [""; 0]);
    let run = scan(&dir, "strict", &[]);
    assert_eq!((run.status, told(&run)), (1, HARDENING.map(str::to_owned).to_vec()));
    assert_eq!(told(&scan(&dir, "recommended", &["--select", "run-as-non-root"])), ["run-as-non-root"]);
    // The four basics are one thing here too, and the command repairs what it is told of.
    let text = dir.run_bare(&["scan", "--profile", "strict", "p.yaml"]);
    assert!(text.stdout.contains("\n  high[restricted]: container \"c\" "), "{}", text.stdout);
    assert!(text.stdout.contains("`seawall fix --likely --only restricted p.yaml`"), "{}", text.stdout);
    let fixed = dir.run_bare(&["fix", "--likely", "--only", "restricted", "p.yaml"]);
    assert!(fixed.stdout.contains("\n+        drop:\n+        - ALL\n"), "{}", fixed.stdout);
    let markdown = dir.run_bare(&["scan", "--profile", "strict", "--format", "markdown", "p.yaml"]);
    assert!(markdown.stdout.contains("seawall fix --likely --only restricted"), "{}", markdown.stdout);
}

#[test]
fn a_check_of_several_rules_tells_of_those_that_are_asked_for() {
    let context = "    securityContext: {capabilities: {add: [CHOWN]}}\n";
    let dir = Dir::with(&[("p.yaml", &namespaced(&format!("{P}/enforce: privileged"), context))]);
    let enabled = |rules: &str| told(&scan(&dir, "recommended", &["--enable", rules]));
    assert_eq!(enabled("drop-all-capabilities"), ["drop-all-capabilities"], "baseline lets CHOWN pass");
    assert_eq!(enabled("added-capability"), ["added-capability"]);
}

#[test]
fn what_a_level_tells_is_told_once() {
    let warned = namespaced(&format!("{P}/enforce: baseline, {P}/warn: restricted"), "");
    let dir = Dir::with(&[("p.yaml", &warned)]);
    let by_warning = HARDENING.map(|rule| format!("{rule} warn"));
    assert_eq!(told(&scan(&dir, "strict", &["--fail-on", "enforce"])), by_warning);
    let text = dir.run_bare(&["scan", "--profile", "strict", "p.yaml"]);
    assert!(
        text.stdout.contains("warning[restricted]") && !text.stdout.contains("--only restricted"),
        "{}",
        text.stdout
    );
    // Older forms of the standard ask for less.
    dir.write(
        "p.yaml",
        namespaced(&format!("{P}/enforce: privileged, {P}/audit: restricted, {P}/audit-version: v1.0"), ""),
    );
    let mut expected = HARDENING.map(str::to_owned);
    expected[2].push_str(" audit");
    assert_eq!(told(&scan(&dir, "strict", &[])), expected);
    let text = dir.run_bare(&["scan", "--profile", "strict", "p.yaml"]).stdout;
    assert!(
        text.contains("\n  warning[run-as-non-root]: ") && text.contains("\n  high[restricted]: "),
        "{text}"
    );
    // Of one field's values a level may forbid some.
    let context = "    securityContext: {capabilities: {add: [SYS_ADMIN, CHOWN, SYSLOG]}}\n";
    dir.write("p.yaml", namespaced(&format!("{P}/enforce: baseline"), context));
    let run = scan(&dir, "strict", &["--select", "added-capability", "--fail-on", "never"]);
    let found = run.findings("added-capability");
    let told: Vec<_> = found
        .iter()
        .map(|f| (f["message"].as_str().unwrap(), f["modes"].as_array().unwrap().len()))
        .collect();
    assert_eq!(
        told,
        [
            ("container \"c\" adds the capabilities \"SYSLOG\", \"SYS_ADMIN\"", 2),
            ("container \"c\" adds the capability \"CHOWN\"", 0)
        ]
    );
}

#[test]
fn what_lets_findings_pass_holds_for_them() {
    let ignored =
        HOST.replace("hostPID: true", "hostPID: true  # seawall: ignore host-pid it watches processes");
    let dir = Dir::with(&[("host.yaml", &ignored)]);
    let run = scan(&dir, "recommended", &["--fail-on", "high"]);
    assert_eq!(run.status, 1);
    assert_eq!(run.findings("host-pid")[0]["suppressed"]["reason"], "it watches processes");
    assert_eq!(run.of("notice").len(), 0, "it passes over something");
    dir.write("host.yaml", HOST);
    let exception = "apiVersion: seawall.dev/v1alpha1\nkind: PodSecurityException\nmetadata: {name: mesh, namespace: shop}\nspec:\n  workloads: [{kind: DaemonSet, name: host}]\n  rules: [{rule: host-network}, {rule: host-port, values: ['80']}]\n  reason: it is the mesh\n  expires: 2027-01-31\n---\napiVersion: seawall.dev/v1alpha1\nkind: PodSecurityExceptionPolicy\nmetadata: {name: mesh}\nspec: {namespaces: [shop], rules: [{rule: host-port}, {rule: host-network}], maxDays: 90}\n";
    dir.write("exception.yaml", exception);
    let run = scan(&dir, "recommended", &["--today", "2027-01-01"]);
    for rule in ["host-network", "host-port"] {
        assert_eq!(run.findings(rule)[0]["suppressed"]["reason"], "it is the mesh", "{rule}");
    }
    assert!(run.findings("host-pid")[0]["suppressed"].is_null());
    assert_eq!(run.of("notice").len(), 0, "{:?}", run.of("notice"));
    let text = dir.run_bare(&["scan", "--today", "2027-01-01", "."]).stdout;
    assert!(text.contains(" privileged -> privileged: "), "it passes without: {text}");
    std::fs::remove_file(dir.path().join("exception.yaml")).unwrap();
    // A baseline has an entry for each place, as for what a level forbids, and none for what is only the cause.
    let volumes = "      volumes: [{name: a, hostPath: {path: /a}}, {name: b, hostPath: {path: /b}}]\n      containers:\n";
    dir.write("host.yaml", HOST.replace("      containers:\n", volumes));
    let always = ["scan", "--profile", "strict", "host.yaml"];
    let run = |args: &[&str]| dir.run(&[&always[..], args].concat());
    assert_eq!(run(&["--write-baseline", "base.yaml"]).status, 0);
    let run = run(&["--baseline", "base.yaml", "--format", "concise"]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""));
}

/// The API server copies the profile of an annotation into a field: who lets the annotation pass lets that pass too.
#[test]
fn a_baseline_holds_an_annotation_and_what_follows_from_it() {
    let pod = "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: LEVEL}}
---
apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: shop
  annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}
spec: {containers: [{name: c, image: registry.example.com/c:1}]}
";
    for level in ["baseline", "privileged"] {
        let dir = Dir::with(&[("p.yaml", &pod.replace("LEVEL", level))]);
        let always = ["scan", "--select", "apparmor-profile", "--fail-on", "low", "p.yaml"];
        let run = |args: &[&str]| dir.run(&[&always[..], args].concat());
        assert_eq!(run(&["--write-baseline", "base.yaml"]).status, 0);
        let text = std::fs::read_to_string(dir.path().join("base.yaml")).unwrap();
        assert_eq!(text.matches("apparmor-profile").count(), 1, "{text}");
        let run = run(&["--baseline", "base.yaml", "--format", "concise"]);
        assert_eq!((run.status, run.stdout.as_str()), (0, ""), "{level}");
    }
}

#[test]
fn an_ignore_is_unused_where_its_rule_is_looked_for() {
    let dir = Dir::with(&[("p.yaml", &namespaced(&format!("{P}/enforce: privileged"), ""))]);
    let unused = |rule: &str, profile: &str| {
        dir.write("seawall.yaml", format!("ignores: [{{rule: {rule}, reason: known}}]\n"));
        scan(&dir, profile, &["--fail-on", "never"]).of("notice").len()
    };
    assert_eq!(["pss", "recommended", "strict"].map(|profile| unused("host-pid", profile)), [0, 1, 1]);
    assert_eq!(
        ["recommended", "cis"].map(|profile| unused("proc-mount", profile)),
        [0, 0],
        "not judged whole"
    );
    assert_eq!(["recommended", "strict"].map(|profile| unused("unsafe-sysctl", profile)), [1, 1]);
    assert_eq!(["recommended", "strict"].map(|profile| unused("volume-types", profile)), [0, 1]);
}

#[test]
fn fixes_lead_to_the_level_unless_told_otherwise() {
    let dir = Dir::with(&[("host.yaml", HOST)]);
    let plain = dir.run_bare(&["fix", "--likely", "host.yaml"]);
    assert_eq!(plain.status, 0);
    assert!(
        !plain.stdout.contains("host-pid") && !plain.stdout.contains("securityContext"),
        "{}",
        plain.stdout
    );
    // What is to be reported is another matter than what is to be repaired.
    dir.write("seawall.yaml", "rules: {enable: [security]}\n");
    let configured = dir.run_bare(&["fix", "--likely", "host.yaml"]);
    assert!(
        !configured.stdout.contains("host-pid") && !configured.stdout.contains("seccomp"),
        "{}",
        configured.stdout
    );
    let decided = dir.run_bare(&["fix", "--decide", "host-pid=remove", "--only", "host-pid", "host.yaml"]);
    assert!(decided.stdout.contains("-      hostPID: true"), "{}", decided.stdout);
    assert!(!decided.stdout.contains("-      hostNetwork: true"), "{}", decided.stdout);
    let profile = dir.run_bare(&["fix", "--profile", "strict", "--likely", "host.yaml"]);
    assert!(profile.stdout.contains("\n+        seccompProfile:\n"), "{}", profile.stdout);
}

/// Readers of `JUnit` call a run with failures failed: what no level forbids is skipped there unless it was asked for.
#[test]
fn what_no_level_forbids_is_no_failed_test() {
    let dir = Dir::with(&[("host.yaml", HOST)]);
    let junit = |args: &[&str]| {
        let all = [&["scan", "--format", "junit", "--select", "host-pid", "host.yaml"], args].concat();
        let out = dir.run_bare(&all).stdout;
        (out.matches("<failure").count(), out.matches("<skipped type=\"warning\"").count())
    };
    assert_eq!((junit(&[]), junit(&["--fail-on", "high"])), ((0, 1), (1, 0)));
}

/// Of a cluster's own namespaces, which enforce nothing, the text says how many objects have findings.
#[cfg(unix)]
#[test]
fn a_cluster_s_own_namespaces_stay_apart() {
    let namespace =
        |name: &str| format!(r#"{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{name}"}}}}"#);
    let pod = |name: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","namespace":"{name}","uid":"{name}"}},"spec":{{"hostPID":true,"containers":[{{"name":"c","image":"x:1"}}]}}}}"#
        )
    };
    let head = r#"{"apiVersion":"seawall.dev/v1alpha1","kind":"ClusterSnapshot","serverVersion":"v1.37.2"}"#;
    let names = ["kube-system", "shop"];
    let lines = [head.to_owned()].into_iter().chain(names.map(namespace)).chain(names.map(pod));
    let dir = Dir::with(&[("cluster.jsonl", &(lines.collect::<Vec<_>>().join("\n") + "\n"))]);
    let run = dir.run_bare(&["scan", "--select", "host-pid", "cluster.jsonl"]);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("Pod shop/shop") && !run.stdout.contains("Pod kube-system/"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("1 object has findings in namespaces of the cluster itself"),
        "{}",
        run.stdout
    );
}
