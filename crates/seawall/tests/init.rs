//! `seawall init`: what it writes is a configuration, and a scan with it tells of nothing but what is new.

mod common;

use common::Dir;
use common::configuration::{complaints, read};

fn pod(name: &str, namespace: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

const PRIVILEGED: &str =
    "{hostPID: true, containers: [{name: c, image: x, securityContext: {privileged: true}}]}";
const BASELINE: &str = "{containers: [{name: c, image: x}]}";

/// Workloads that fail restricted, baseline and nothing; everything else is as it should be.
fn repository() -> Vec<(&'static str, String)> {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: shop}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {hostNetwork: true, containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}}}\n";
    let namespace = |name: &str, labels: &str| {
        format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}{labels}}}\n")
    };
    vec![
        ("deploy/shop.yaml", deployment.to_owned() + &pod("a", "shop", BASELINE)),
        ("deploy/agents.yaml", pod("a", "agents", PRIVILEGED) + &pod("b", "web", BASELINE)),
        (
            "deploy/none.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: lone}\nspec: {hostIPC: true, containers: []}\n"
                .to_owned(),
        ),
        (
            "namespaces.yaml",
            namespace("tools", "")
                + &namespace("pay", ", labels: {pod-security.kubernetes.io/enforce: baseline}"),
        ),
        ("declared.yaml", pod("a", "tools", PRIVILEGED) + &pod("b", "pay", BASELINE)),
        ("chart/Chart.yaml", "name: web\n".to_owned()),
        ("chart/templates/a.yaml", "kind: {{ .Values.kind }}\nmetadata: {{- toYaml . }}\n".to_owned()),
        (
            "custom.yaml",
            format!(
                "apiVersion: example.com/v1\nkind: Worker\nmetadata: {{name: w, namespace: web}}\nspec: {{pool: [{{template: {{spec: {PRIVILEGED}}}}}]}}\n"
            ),
        ),
    ]
}

fn dir(files: &[(&str, String)]) -> Dir {
    let dir = Dir::new();
    for (name, text) in files {
        dir.write(name, text);
    }
    dir
}

#[test]
fn a_scan_with_it_passes_where_only_levels_were_missed() {
    let dir = dir(&repository());
    let before = dir.scan(&["."]);
    assert_eq!(before.status, 1);
    assert!(before.of("error").is_empty());
    let run = dir.run(&["init"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout, "wrote seawall.yaml: 8 files, 7 workloads, 5 namespaces\n");
    let text = dir.read("seawall.yaml");
    assert!(read(&text).is_ok(), "{:?}", read(&text).err());
    assert_eq!(complaints(&text), [""; 0]);
    assert!(
        text.starts_with(
            "# yaml-language-server: $schema=https://seawall.dev/schemas/config-v1.schema.json\n"
        )
    );
    let after = dir.scan(&["."]);
    assert_eq!(after.status, 0, "{text}");
    let levels = |namespace: &str| {
        let of = after.workloads().into_iter().filter(|w| w["object"]["namespace"] == namespace);
        of.map(|w| w["levelsFrom"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(levels("shop"), ["config:shop", "config:shop"]);
    assert_eq!(
        (levels("tools"), levels("pay")),
        (vec!["namespace".to_owned()], vec!["namespace".to_owned()])
    );
    // It warns of what is missing for restricted, and holds what is new to it.
    assert!(after.summary()["workloads"]["warned"].as_u64().unwrap() > 0);
    dir.write("new.yaml", pod("fresh", "new", BASELINE));
    assert_eq!(dir.scan(&["."]).status, 1);
    dir.write("new.yaml", pod("fresh", "web", PRIVILEGED));
    assert_eq!(dir.scan(&["."]).status, 1, "a level that was reached is kept");
}

/// The file with these settings taken out of their comments.
fn uncommented(text: &str, settings: &[&str]) -> String {
    let mut inside = false;
    let line = |line: &str| {
        let bare = line.strip_prefix("# ").unwrap_or_default();
        let begins = settings.iter().any(|setting| bare == format!("{setting}:"));
        inside = begins || (inside && bare.starts_with("- "));
        format!("{}\n", if inside { bare } else { line })
    };
    text.lines().map(line).collect()
}

#[test]
fn what_it_comments_out_does_what_it_says() {
    let mut files = repository();
    let namespace = |level: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}\n"
        )
    };
    files.push(("clusters/dev/ns.yaml", namespace("privileged")));
    files.push(("clusters/prod/ns.yaml", namespace("baseline")));
    files.push(("clusters/dev/p.yaml", pod("p", "shop", PRIVILEGED)));
    let dir = dir(&[]);
    for (name, text) in &files {
        dir.write(&format!("repo/{name}"), text);
    }
    assert_eq!(dir.run(&["init", "repo"]).status, 0);
    let text = dir.read("repo/seawall.yaml");
    let of = |kind: &str| dir.scan(&["repo"]).of("notice").iter().filter(|n| n["kind"] == kind).count();
    assert_eq!((of("namespace-conflict"), of("unknown-workload"), of("unrendered-template")), (1, 1, 1));
    assert!(text.contains("\n#   helm template chart | seawall scan -\n"), "{text}");
    dir.write("repo/seawall.yaml", uncommented(&text, &["scopes", "customResources"]));
    assert_eq!(
        (of("namespace-conflict"), of("unknown-workload")),
        (0, 0),
        "{}",
        dir.read("repo/seawall.yaml")
    );
    let run = dir.scan(&["repo"]);
    let of = |name: &str| run.workloads().into_iter().find(|w| w["object"]["name"] == name).unwrap();
    assert_eq!(of("p")["evaluations"][0]["level"], "privileged", "a cluster of its own");
    assert_eq!(of("w")["custom"], true);
}

#[test]
fn nothing_is_written_over() {
    let dir = dir(&repository());
    dir.write("seawall.yaml", "# mine\n");
    let run = dir.run(&["init"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.starts_with("error: `seawall.yaml` is there already\n"), "{}", run.stderr);
    assert_eq!(dir.read("seawall.yaml"), "# mine\n");
    let printed = dir.run(&["init", "--dry-run"]);
    assert_eq!((printed.status, dir.read("seawall.yaml").as_str()), (0, "# mine\n"));
    assert_eq!(dir.run(&["init", "--force"]).status, 0);
    assert_eq!(dir.read("seawall.yaml"), printed.stdout);
    // A link to nothing is there too.
    let run = dir.run(&["init", "no/such/directory"]);
    assert_eq!((run.status, run.stderr.as_str()), (2, "error: `no/such/directory` is no directory\n"));
}

#[test]
fn what_cannot_be_read_is_told_of() {
    let mut files = repository();
    files.push(("broken.yaml", "kind: [\n".to_owned()));
    let dir = dir(&files);
    let run = dir.run(&["init"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.starts_with("error: 1 file could not be read, so that its workloads may be missing\n"),
        "{}",
        run.stderr
    );
    assert!(dir.read("seawall.yaml").contains("may be missing here:\n#   \"broken.yaml\"\n"));
    assert!(run.stdout.starts_with("wrote seawall.yaml"));
}

#[test]
fn exceptions_do_not_lower_a_level() {
    let exception = "apiVersion: seawall.dev/v1alpha1
kind: PodSecurityException
metadata: {name: e, namespace: web}
spec: {workloads: [{kind: Pod}], rules: [{rule: host-pid}], reason: r}
---
apiVersion: seawall.dev/v1alpha1
kind: PodSecurityExceptionPolicy
metadata: {name: e}
spec: {namespaces: [web], rules: [{rule: host-pid}]}
";
    let spec = "{hostPID: true, containers: [{name: c, image: x}]}";
    let dir = dir(&[("p.yaml", pod("p", "web", spec)), ("e.yaml", exception.to_owned())]);
    let text = dir.run(&["init", "--dry-run"]).stdout;
    assert!(
        text.contains("\n  \"web\": {enforce: \"baseline\", warn: \"restricted\"} # 1 workload\n"),
        "{text}"
    );
}
