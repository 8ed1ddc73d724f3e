//! Hostile content cannot break or forge output, and secrets do not reach it.

mod common;

use common::{Dir, Run};

const FORMATS: [&str; 10] =
    ["text", "exact", "concise", "markdown", "json", "jsonl", "sarif", "junit", "github", "gitlab"];

fn pod(name: &str) -> String {
    let name = serde_json::to_string(name).unwrap();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {name}}}\nspec:\n  hostPID: true\n  containers:\n  - name: {name}\n    image: x\n    securityContext: {{privileged: true}}\n"
    )
}

fn run(dir: &Dir, format: &str) -> Run {
    let args: &[&str] =
        if format == "exact" { &["scan", "--exact", "."] } else { &["scan", "--format", format, "."] };
    dir.run(args)
}

fn print(dir: &Dir, format: &str) -> String {
    run(dir, format).stdout
}

#[test]
fn names_cannot_steer_a_terminal_or_forge_lines() {
    let hostile = [
        "\u{1b}[31mred\u{1b}[0m",
        "a\nerror[fake]: forged",
        "x\u{202e}gnp.exe",
        "q\"\\'",
        "l\u{2028}s",
        "\u{7}\u{8}\r",
    ];
    let harmless = Dir::with(&[("p.yaml", &pod("harmless"))]);
    for name in hostile {
        let dir = Dir::with(&[("p.yaml", &pod(name))]);
        for format in FORMATS {
            let out = print(&dir, format);
            assert!(!out.is_empty());
            let bad = out.chars().find(|c| {
                (c.is_control() && *c != '\n')
                    || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            });
            assert_eq!(bad, None, "{format} of {name:?}: {out:?}");
            if matches!(format, "text" | "exact") {
                assert!(!out.lines().any(|l| l.trim_start().starts_with("error[fake]")), "{out}");
            } else {
                let wanted = print(&harmless, format).lines().count();
                assert_eq!(out.lines().count(), wanted, "{format} of {name:?}");
            }
        }
    }
}

#[test]
fn secrets_reach_no_output() {
    const CANARY: &str = "hunter2canary";
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: {{note: 'password={CANARY}'}}\nspec:\n  containers:\n  - {{name: c, image: x, env: [{{name: DB_PASSWORD, value: {CANARY}}}], args: ['--password={CANARY}'], securityContext: {{privileged: true}}}}\n  - {{name: d, image: x, env: [{{name: DB_PASSWORD, value: {CANARY}}}], securitycontext: {{}}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {CANARY}, password: {CANARY}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: t}}\ndata: {{password: {CANARY}!}}\n"
    );
    let dir = Dir::with(&[("p.yaml", &text)]);
    for format in FORMATS {
        let out = print(&dir, format);
        assert!(
            out.contains("privileged") || out.contains("refused") || out.contains("schema-invalid"),
            "{out}"
        );
        assert!(!out.contains(CANARY), "{format}: {out}");
    }
}

#[test]
fn secrets_reach_no_output_however_they_are_laid_out() {
    const CANARY: &str = "hunter2canary";
    let pod = |before: &str, container: &str| {
        format!(
            "{before}apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - {{name: c, image: x, {container}}}\n"
        )
    };
    let bad = "securityContext: {privileged: true}";
    for text in [
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Secret\",\n\"metadata\": {{\"name\": \"s\"}},\n\"stringData\": {{\n\"a\": \"{CANARY}\",\n\"a\": \"{CANARY}\", \"b\": 1}}}}"
        ),
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"p\"}}, \"spec\": {{\"containers\": [{{\"name\": \"c\", \"env\": [{{\"name\": \"A\",\n\"value\": \"x\",\n\"value\": \"{CANARY}\"\n}}], \"securityContext\": {{\"privileged\": true}}}}]}}}}"
        ),
        pod("", &format!("args: [login, -p, {CANARY}], {bad}")),
        pod("", &format!("command: [mysql, -p{CANARY}], {bad}")),
        pod("", &format!("command: [sh, -c, 'run --token {CANARY}'], {bad}")),
        pod("", &format!("env: [{{name: A, value: &v {CANARY}}}], securityContext: {{privileged: *v}}")),
        pod(&format!("x: &v {CANARY}\n"), &format!("env: [{{name: A, value: *v}}], {bad}, foo: bar")),
    ] {
        let dir = Dir::with(&[("p.yaml", &text)]);
        for format in FORMATS {
            let run = run(&dir, format);
            assert!(
                ["privileged", "schema-invalid", "duplicate-key"].iter().any(|r| run.stdout.contains(r)),
                "{}",
                run.stdout
            );
            assert!(!run.stdout.contains(CANARY), "{format}: {}", run.stdout);
        }
    }
}

/// A token is one wherever it stands: in what tells the items of a list apart, and in the sentences of the API server.
#[test]
fn tokens_reach_no_output_by_paths_and_sentences() {
    const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let text = format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: p}}
spec:
  securityContext: {{sysctls: [{{name: {TOKEN}, value: {TOKEN}}}]}}
  topologySpreadConstraints: [{{maxSkew: 0, topologyKey: {TOKEN}, whenUnsatisfiable: DoNotSchedule}}]
  volumes: [{{name: v, hostPath: {{path: /a}}}}]
  containers:
  - name: c
    image: x
    securityContext: {{capabilities: {{add: [{TOKEN}]}}, seLinuxOptions: {{type: {TOKEN}}}}}
    volumeMounts: [{{name: v, mountPath: /a/{TOKEN}, subPath: a}}]
    livenessProbe: {{httpGet: {{port: 80, host: {TOKEN}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: q}}
spec: {{containers: [{{name: c, image: x, ports: [{{containerPort: {TOKEN}}}]}}]}}
"
    );
    let dir = Dir::with(&[("p.yaml", &text)]);
    for format in FORMATS {
        let form: &[&str] = if format == "exact" { &["--exact"] } else { &["--format", format] };
        let run = dir.run_bare(&[&["scan", "--profile", "strict", "p.yaml"], form].concat());
        assert!(run.stdout.contains("p.yaml"), "{format}");
        assert!(!run.stdout.contains(TOKEN), "{format}: {}", run.stdout);
    }
}

#[test]
fn secrets_in_places_where_nothing_belongs_reach_no_output() {
    const CANARY: &str = "hunter2canary";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
    let pod = |fields: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - {{name: c, image: x, {fields}}}\n"
        )
    };
    for text in [
        format!("{secret}stringData:\nconn: {CANARY}\n"),
        format!("{secret}Data: {{a: {CANARY}}}\n"),
        format!("{secret}type: {{x: {CANARY}}}\n"),
        format!("{secret}immutable: {CANARY}\n"),
        format!("{secret}data: {{a: [7007{CANARY}]}}\n"),
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"immutable\":\"{CANARY}\"}}\n"),
        format!("apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  apiVersion: v1\n  conn: {CANARY}\n"),
        format!("{secret}<<: {{conn: {CANARY}, immutable: {CANARY}}}\n"),
        format!("apiVersion: v1\nkind: SecretList\nitems:\n- immutable: {CANARY}\n  conn: {CANARY}\n"),
        pod(&format!("env: [{{name: A, valueFrom: {CANARY}}}]")),
        pod(&format!("env: [{{name: A, valueFrom: {{resourceFieldRef: {{divisor: {CANARY}}}}}}}]")),
        pod(&format!("Env: [{{name: A, value: {CANARY}}}]")),
        pod(&format!("env: [{{name: A, valueFrom: {{secretKeyRef: {CANARY}}}}}]")),
        pod(&format!("env: [{{name: A, valueFrom: {{secretKeyRef: {{optional: {CANARY}}}}}}}]")),
        pod(&format!("env: [{{name: A, valueFrom: {{kind: {CANARY}}}}}]")),
        pod(&format!("envFrom: {CANARY}")),
        pod(&format!("envFrom: [{{secretRef: {CANARY}}}]")),
        pod(&format!("args: {CANARY}")),
        pod(&format!("command: [{{a: {CANARY}}}]")),
    ] {
        let dir = Dir::with(&[("p.yaml", &text)]);
        for format in FORMATS {
            let run = run(&dir, format);
            assert!(
                run.stdout.contains("schema-invalid") || run.stdout.contains("refused"),
                "{}",
                run.stdout
            );
            assert!(!run.stdout.contains(CANARY), "{format}: {}", run.stdout);
        }
    }
}

#[test]
fn numbers_of_secrets_are_in_no_sentence() {
    let text =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nimmutable: 918273645\ndata: {a: [918273645]}\n";
    let dir = Dir::with(&[("p.yaml", text)]);
    for format in FORMATS {
        let out = print(&dir, format);
        assert!(out.contains("must be true or false, not the number") && !out.contains("918273645"), "{out}");
    }
}

#[test]
fn a_pod_of_very_many_containers_is_told_of_in_short() {
    let containers: Vec<String> = (0..20_000).map(|i| format!("  - name: c{i}\n    image: x\n")).collect();
    let containers = containers.concat();
    let text =
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n{containers}");
    let run = Dir::with(&[("p.yaml", &text)]).run(&["scan", "--level", "restricted", "p.yaml"]);
    assert!(run.stdout.len() < 20_000, "{}", run.stdout.len());
    assert!(run.stdout.contains("\"c99\" and 19900 more"), "{}", run.stdout);
    assert!(run.stdout.contains("more places: --format json"), "{}", run.stdout);
}

#[test]
fn secrets_of_documents_that_cannot_be_read_reach_no_output() {
    const CANARY: &str = "hunter2canary";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n";
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env:\n    - name: A\n      value: ";
    let json = "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"stringData\":{\"a\":\"";
    for text in [
        format!("{secret}  a: @{CANARY}\n"),
        format!("{secret}  a: %{CANARY}\n"),
        format!("{secret}  a: *{CANARY}\n"),
        format!("{secret}  a: \"x\\q{CANARY}\"\n"),
        format!("{secret}  a: \"x\" {CANARY}\n"),
        format!("{secret}  a: [{CANARY}\n"),
        format!("{secret}  a: |\n    b\n\t{CANARY}\n"),
        format!("{secret}  a: |\n    b\n   {CANARY}\n    c\n"),
        format!("{pod}\"x\" {CANARY}\n"),
        format!("{pod}*{CANARY}\n"),
        format!("{secret}  a: b\nconn: \"{CANARY}\n"),
        format!("{secret}  a: b\nconn: {CANARY}: x\n"),
        format!("{secret}{CANARY}\n"),
        format!("{json}x\" \"{CANARY}\"}}}}\n"),
        format!("{json}{}\" \"{CANARY}\"}}}}\n", "x".repeat(9000)),
    ] {
        let dir = Dir::with(&[("a.yaml", &text)]);
        for format in FORMATS {
            let run = run(&dir, format);
            assert!(run.status == 2 && run.stderr.is_empty(), "{text}: {}", run.stderr);
            assert!(!run.stdout.contains(CANARY), "{format}: {}", run.stdout);
        }
    }
}
