//! All formats through the binary: each is whole whatever happens, all tell of the same findings, and none tells a secret.

#[path = "../common/mod.rs"]
mod common;
mod random;
mod read;

use common::{Dir, Run};
use random::Random;
use read::{Finding, json, read};

const FORMATS: [&str; 9] =
    ["text", "concise", "markdown", "json", "jsonl", "sarif", "junit", "github", "gitlab"];

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostPID: true\n  containers:\n  - {name: a, image: x}\n";

fn scan(dir: &Dir, format: &str, args: &[&str]) -> Run {
    dir.run(&[&["scan", "--today", "2026-12-01", "--format", format], args].concat())
}

/// Whatever is scanned, a document ends as it should, and is the same for any number of threads.
#[test]
fn documents_are_whole() {
    let mut many = String::new();
    for n in 0..300 {
        many.push_str("---\n");
        many.push_str(&POD.replace("name: p", &format!("name: p{n}")));
    }
    let dir = Dir::with(&[
        ("one/pod.yaml", POD),
        ("none/readme.txt", ""),
        ("clean/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"),
        ("config/seawall.yaml", "levels: [\n"),
        ("broken/a.yaml", "kind: [\n"),
        ("broken/b.yaml", POD),
        ("template/templates/t.yaml", "kind: {{ .Values.kind }}\n"),
        ("many/a.yaml", &many),
        ("many/b.yaml", &many),
    ]);
    let wanted = [
        ("one", 1, 0),
        ("none", 0, 0),
        ("clean", 0, 0),
        ("config", 2, 1),
        ("broken", 2, 1),
        ("absent", 2, 1),
        ("template", 0, 0),
        ("many", 1, 0),
    ];
    for (path, status, errors) in wanted {
        let findings = read("jsonl", &scan(&dir, "jsonl", &[path]).stdout).findings.len();
        for format in FORMATS {
            let run = scan(&dir, format, &["--threads", "1", path]);
            assert_eq!(run.status, status, "{format} of {path}: {}", run.stderr);
            if !matches!(format, "text" | "markdown") {
                let found = read(format, &run.stdout);
                assert_eq!((found.errors, found.findings.len()), (errors, findings), "{format} of {path}");
            }
            if format != "text" {
                for threads in ["2", "7"] {
                    let again = scan(&dir, format, &["--threads", threads, path]);
                    assert!(again.stdout == run.stdout, "{format} of {path} with {threads} threads");
                }
            }
        }
    }
    assert!(scan(&dir, "markdown", &["broken"]).stdout.contains("seawall: 1 input error, not all"));
}

/// Formats go where they are told to, and are the same there.
#[test]
fn formats_can_be_given_together() {
    let dir = Dir::with(&[("in/pod.yaml", POD), ("in/b.yaml", "kind: [\n")]);
    // Those that begin with a mark of their own may have the name of an input.
    let file = |format: &str| format!("in/out.{format}.{}", if format == "concise" { "txt" } else { "json" });
    let files: Vec<String> = FORMATS.iter().skip(1).map(|f| format!("{f}={}", file(f))).collect();
    let mut args = vec!["scan", "--today", "2026-12-01", "in", "--format", "text"];
    for file in &files {
        args.extend(["--format", file]);
    }
    for _ in 0..2 {
        let run = dir.run(&args);
        assert_eq!((run.status, run.stderr.as_str()), (2, ""), "what an earlier run wrote is no input");
    }
    let alone = Dir::with(&[("in/pod.yaml", POD), ("in/b.yaml", "kind: [\n")]);
    for format in FORMATS.iter().skip(1) {
        let wanted = scan(&alone, format, &["in"]).stdout;
        assert_eq!(dir.read(&file(format)), wanted, "{format}: what is written is not read");
    }
    let twice = dir.run(&["scan", "-f", "json=x", "-f", "sarif=x", "in"]);
    assert_eq!((twice.status, twice.stderr.as_str()), (2, "error: only one output can go to `x`\n"));
    let unknown = dir.run(&["scan", "-f", "xml", "in"]);
    assert!(unknown.stderr.contains("known formats: text, concise, markdown, json,"), "{}", unknown.stderr);
}

/// What is said in few words to people is what is at the bar; machines get everything.
#[test]
fn quiet_is_for_people() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline, pod-security.kubernetes.io/warn: restricted}}\n---\n";
    let pod = POD.replace("name: p", "name: p, namespace: shop");
    let dir = Dir::with(&[("p.yaml", &(namespace.to_owned() + &pod))]);
    let count = |format: &str, more: &[&str]| {
        let run = scan(&dir, format, &[&["p.yaml"], more].concat());
        read(format, &run.stdout).findings.len()
    };
    let all = count("jsonl", &[]);
    assert!(all > 3);
    for format in ["json", "jsonl", "sarif", "junit", "gitlab"] {
        assert_eq!(count(format, &["--quiet"]), all, "{format}");
    }
    for format in ["github", "concise"] {
        assert_eq!((count(format, &["--quiet"]), count(format, &["--quiet", "--fail-on", "warn"])), (1, all));
    }
    let comment = |more: &[&str]| scan(&dir, "markdown", &[&["p.yaml", "--quiet"], more].concat()).stdout;
    assert!(comment(&[]).contains("host-pid") && !comment(&[]).contains("restricted`"));
    assert!(comment(&["--fail-on", "warn"]).contains("`restricted`"));
}

/// A baseline that cannot be written is an error like others: reports are whole all the same.
#[test]
fn a_baseline_that_cannot_be_written_is_told_of() {
    let dir = Dir::with(&[("p.yaml", POD)]);
    let run = scan(&dir, "sarif", &["--write-baseline", "no/such/directory.yaml", "p.yaml"]);
    assert_eq!((run.status, read("sarif", &run.stdout).errors), (2, 1));
}

/// Files are named from the root of the repository, wherever the command runs and however they are named.
#[test]
fn files_are_named_from_the_root() {
    let outside = Dir::with(&[("o u.yaml", POD)]);
    let dir =
        Dir::with(&[(".git/HEAD", ""), ("deploy/a b/ü.yaml", POD), ("top.yaml", POD), ("deploy/x.txt", "")]);
    let absolute = dir.path().join("top.yaml");
    let elsewhere = outside.path().join("o u.yaml");
    let (absolute, elsewhere) = (absolute.to_str().unwrap(), elsewhere.to_str().unwrap());
    let args = |format| {
        ["scan", "--format", format, "a b", "../deploy/./a b/ü.yaml", "../top.yaml", absolute, elsewhere]
    };
    let run = |format| {
        let output = dir.command(&args(format)).current_dir(dir.path().join("deploy")).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let mut names: Vec<String> = Vec::new();
    for result in json(&run("sarif"))["runs"][0]["results"].as_array().unwrap() {
        let location = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        let base = location["uriBaseId"].as_str().unwrap_or("-");
        names.push(format!("{base} {}", location["uri"].as_str().unwrap()));
    }
    names.dedup();
    let outer = format!("- file://{}", elsewhere.replace(' ', "%20"));
    let wanted = ["%SRCROOT% deploy/a%20b/%C3%BC.yaml", "%SRCROOT% top.yaml", &outer];
    assert!(wanted.iter().all(|w| names.contains(&(*w).to_owned())), "{names:?}");
    assert!(names.iter().all(|n| wanted.contains(&n.as_str())), "{names:?}");

    let mut paths: Vec<String> = json(&run("gitlab"))
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["location"]["path"].as_str().unwrap().to_owned())
        .collect();
    paths.dedup();
    assert!(
        paths.iter().all(|p| ["deploy/a b/ü.yaml", "top.yaml", elsewhere].contains(&p.as_str())),
        "{paths:?}"
    );
    let commands = run("github");
    assert!(
        commands.contains("file=deploy/a b/ü.yaml,line=5,") && commands.contains("file=top.yaml,"),
        "{commands}"
    );
    assert!(run("junit").contains("file=\"deploy/a b/ü.yaml\""));
    assert!(run("markdown").contains("`deploy/a b/ü.yaml:5`"));

    let piped = dir.run_with_stdin(&["scan", "--format", "sarif", "-"], POD.as_bytes());
    let location =
        &json(&piped.stdout)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location, &serde_json::json!({"uri": "%3Cstdin%3E"}));
}

/// One run takes so many results: the rest is in the next one.
#[test]
fn many_results_are_spread_over_runs() {
    let mut text = String::new();
    for n in 0..3700 {
        text.push_str("---\n");
        text.push_str(&POD.replace("name: p", &format!("name: p{n}")).replace(
            "image: x",
            "image: x, securityContext: {privileged: true}, ports: [{containerPort: 1, hostPort: 1}]",
        ));
    }
    let dir = Dir::with(&[("many.yaml", &text)]);
    let run = scan(&dir, "sarif", &["many.yaml"]);
    let document = json(&run.stdout);
    let runs = document["runs"].as_array().unwrap();
    let counts: Vec<usize> = runs.iter().map(|r| r["results"].as_array().unwrap().len()).collect();
    let all = read("jsonl", &scan(&dir, "jsonl", &["many.yaml"]).stdout).findings.len();
    assert!(all > 25_000 && all < 50_000, "{all}");
    assert_eq!(counts, [25_000, all - 25_000]);
    assert_eq!(runs[1]["automationDetails"]["id"], "seawall/part-2/");
}

/// That two lists are equal; names the first that is not in both.
fn same(told: &[Finding], wanted: &[Finding], what: &str) {
    let different = told.iter().zip(wanted).find(|(told, wanted)| told != wanted);
    assert!(different.is_none() && told.len() == wanted.len(), "{what}: {different:?}");
}

/// No format, ignore or exception changes which findings there are, and no format the exit status.
#[test]
fn all_formats_tell_of_the_same_findings() {
    let (mut found, mut passed, mut excepted) = (0, 0, 0);
    for seed in 0..40 {
        let mut random = Random(seed);
        // The same without any ignore or exception: a comment and an annotation of another name.
        let (dir, bare) = (Dir::new(), Dir::new());
        for name in ["a.yaml", "b/c.yaml", "d.yaml"] {
            let text = random::file(&mut random);
            bare.write(
                name,
                text.replace("seawall: ignore", "another: ignore").replace("dev/ignore", "dev/another"),
            );
            dir.write(name, text);
        }
        dir.write("e.yaml", random::operators(&mut random));
        let levels = random::levels(&mut random);
        dir.write("seawall.yaml", levels.clone() + &random::ignores(&mut random));
        bare.write("seawall.yaml", levels);
        let mut args = vec!["."];
        if random.chance(2) {
            scan(&dir, "concise", &[".", "--write-baseline", "base.txt"]);
            dir.write("base.txt", random::thinned(&mut random, &dir.read("base.txt")));
            args.extend(["--baseline", "base.txt"]);
        }
        if random.chance(2) {
            args.extend(["--fail-on", "medium"]);
        }
        let lines = scan(&dir, "jsonl", &args);
        let whole = read("jsonl", &lines.stdout);
        found += whole.findings.len();
        passed += whole.findings.iter().filter(|f| f.suppressed).count();
        excepted += lines.stdout.matches("\"source\":\"exception\"").count();
        for format in FORMATS {
            let run = scan(&dir, format, &args);
            assert_eq!(run.status, lines.status, "{format} {seed}");
            let told = read(format, &run.stdout);
            // Refusals without findings are in the records themselves.
            let told: Vec<Finding> = told.findings.into_iter().filter(|f| f.rule != "refused").collect();
            match format {
                "json" | "sarif" | "junit" => same(&told, &whole.findings, &format!("{format} {seed}")),
                "github" | "gitlab" | "concise" => {
                    let counted = whole.findings.iter().filter(|f| !f.suppressed);
                    let mut counted: Vec<Finding> =
                        counted.map(|f| Finding { path: String::new(), ..f.clone() }).collect();
                    counted.sort();
                    same(&told, &counted, &format!("{format} {seed}"));
                }
                _ => {}
            }
        }
        // What is passed over stays a finding; what has ended is one more.
        let kept =
            |f: &Finding| (f.rule != "expired-exception").then(|| Finding { suppressed: false, ..f.clone() });
        let mut kept: Vec<Finding> = whole.findings.iter().filter_map(kept).collect();
        kept.sort();
        same(&kept, &read("jsonl", &scan(&bare, "jsonl", &["."]).stdout).findings, &format!("{seed}"));
    }
    assert!(found > 500 && passed > 50 && passed < found / 2 && excepted > 20, "{found} {passed} {excepted}");
}

/// A secret in any place that may hold one reaches no format, on its own output or in a file.
#[test]
fn secrets_reach_no_format() {
    const CANARY: &str = "hunter2canary";
    let manifests = format!(
        "# password: {CANARY}
apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations: {{note: 'password={CANARY}', seawall.dev/ignore: 'host-ipc=token={CANARY}'}}
spec:
  hostPID: true # seawall: ignore host-pid known password={CANARY}
  hostIPC: true
  containers:
  - name: c
    image: x
    env: [{{name: DB_PASSWORD, value: {CANARY}}}]
    args: ['--password={CANARY}', --token, {CANARY}]
    securityContext: {{privileged: true}} # default password: {CANARY}
---
apiVersion: v1
kind: Pod
metadata: {{name: q}}
spec:
  containers:
  - {{name: d, image: x, env: [{{name: A, value: [{CANARY}]}}, {{name: B, value: {CANARY}}}], securitycontext: {{}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: s}}
stringData: {{password: {CANARY}, password: {CANARY}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: t}}
data: {{password: {CANARY}!}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: c}}
data: {{url: 'https://user:{CANARY}@host/', url: [1]}}
---
kind: [password={CANARY}
"
    );
    let config = format!(
        "ignores: [{{rule: privileged-container, reason: 'password={CANARY}', owner: 'token={CANARY}'}}]\n"
    );
    let dir = Dir::with(&[
        ("p.yaml", &manifests),
        ("seawall.yaml", &config),
        ("bad/seawall.yaml", &format!("ignores: [{{rule: nonsense, reason: 'password={CANARY}'}}]\n")),
        ("bad/p.yaml", POD),
    ]);
    for format in FORMATS {
        for args in [&["p.yaml"][..], &["p.yaml", "--show-suppressed"], &["p.yaml", "--exact"], &["bad"]] {
            let run = scan(&dir, format, args);
            assert!(!run.stdout.is_empty() && run.status == 2, "{format} {args:?}: {}", run.stderr);
            assert!(!run.stdout.contains(CANARY), "{format} {args:?}: {}", run.stdout);
            assert!(!run.stderr.contains(CANARY), "{format} {args:?}: {}", run.stderr);
            // The reasons are there, but for what is secret in them.
            let reasons = match format {
                "json" | "jsonl" | "sarif" | "junit" => args[0] == "p.yaml",
                "text" | "concise" | "markdown" => args.contains(&"--show-suppressed"),
                _ => false,
            };
            assert_eq!(
                run.stdout.contains("known password=***"),
                reasons,
                "{format} {args:?}: {}",
                run.stdout
            );
        }
    }
}
