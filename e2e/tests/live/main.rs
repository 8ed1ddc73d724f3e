//! `snapshot`, `scan --cluster` and `can-enforce` beside a real API server.

mod stalling;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use seawall_conformance::number;
use seawall_e2e::live::{create, deployment, owned_by, path};
use seawall_e2e::{ControlPlane, pods, scan, warning};
use seawall_snapshot::Snapshot;
use serde_json::{Value, json};

/// What no snapshot may hold.
const CANARY: &str = "canary-91c7";

fn seawall(kubeconfig: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(scan::seawall());
    // No configuration of a directory above.
    command.current_dir(std::env::temp_dir());
    command.args(args).env("KUBECONFIG", kubeconfig).output().expect("seawall starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The records of a run, without what tells one input from another.
fn records(output: &Output) -> Vec<Value> {
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", stderr(output));
    let mut records: Vec<Value> =
        stdout(output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    records.iter_mut().for_each(forget_file);
    records
}

fn forget_file(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("file");
            map.values_mut().for_each(forget_file);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_file),
        _ => {}
    }
}

fn of_kind<'r>(records: &'r [Value], kind: &str) -> Vec<&'r Value> {
    records.iter().filter(|r| r["type"] == "notice" && r["kind"] == kind).collect()
}

/// The workloads that were judged, as `Deployment shop/web`.
fn judged(records: &[Value]) -> Vec<String> {
    let name = |record: &Value| {
        let object = |key: &str| record["object"][key].as_str().expect("a text").to_owned();
        format!("{} {}/{}", object("kind"), object("namespace"), object("name"))
    };
    records.iter().filter(|r| r["type"] == "workload").map(name).collect()
}

fn plain() -> Value {
    json!({"containers": [{"name": "app", "image": "nginx:1.27"}]})
}

fn secretive() -> Value {
    json!({"containers": [{
        "name": "app", "image": "nginx:1.27", "command": ["/bin/app", CANARY], "args": [format!("--password={CANARY}")],
        "env": [{"name": "DB_PASSWORD", "value": CANARY}],
    }]})
}

fn inject(pod: &mut Value) {
    pod["metadata"]["annotations"] = json!({"sidecar.istio.io/status": "{}"});
    pod["spec"]["initContainers"] = json!([{"name": "istio-init", "image": "i:1", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}]);
}

/// A small cluster with something of everything.
fn inhabit(control: &ControlPlane) {
    control.admin().create_namespace("shop", &[("warn", "restricted")]);
    control.admin().create_namespace("strict", &[("enforce", "baseline")]);
    control.admin().create_namespace("istio-system", &[]);
    deployment(control, "shop", "web", &secretive(), 3, |_, _| ());
    deployment(control, "shop", "meshed", &plain(), 3, |i, pod| {
        if i > 0 {
            inject(pod);
        }
    });
    deployment(control, "strict", "zero", &plain(), 0, |_, _| ());
    let cron = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
        "spec": {"schedule": "1 1 * * *", "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "app", "image": "nginx:1.27"}]}}}}},
    });
    create(control, &path("batch/v1", "strict", "cronjobs"), &cron);
    let owner = json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "ro", "uid": "r-1", "controller": true}]);
    for i in 0..2 {
        let pod = json!({"metadata": {"name": format!("ro-{i}"), "ownerReferences": owner}, "spec": plain()});
        create(control, &path("v1", "strict", "pods"), &pod);
    }
    let pod = json!({
        "metadata": {"name": "lone", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": CANARY,
            "x.io/password": CANARY,
            "DB_PASSWORD": CANARY,
            "values": format!("db:\n  password: {CANARY}\n"),
        }},
        "spec": secretive(),
    });
    create(control, &path("v1", "strict", "pods"), &pod);
    let pod = json!({"metadata": {"name": "pilot"}, "spec": plain()});
    create(control, &path("v1", "istio-system", "pods"), &pod);
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"a": CANARY}});
    create(control, &path("v1", "strict", "secrets"), &secret);
}

fn file(control: &ControlPlane, name: &str) -> (PathBuf, String) {
    let path = control.directory().join(name);
    let text = path.to_string_lossy().into_owned();
    (path, text)
}

#[test]
fn a_snapshot_gives_what_the_cluster_gives() {
    let control = ControlPlane::start();
    inhabit(&control);
    let admin = control.kubeconfig("admin");
    let (path, name) = file(&control, "cluster.jsonl.zst");
    let taken = seawall(&admin, &["snapshot", "-o", &name]);
    assert!(taken.status.success(), "{}", stderr(&taken));
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);

    for more in [&[][..], &["--level", "restricted"], &["--profile", "strict"], &["--profile", "pss"]] {
        let run = |input: &str| records(&seawall(&admin, &[&["scan", input, "-f", "jsonl"], more].concat()));
        let (live, kept) = (run("--cluster"), run(&name));
        for (live, kept) in live.iter().zip(&kept) {
            assert_eq!(live, kept, "{more:?}");
        }
        assert_eq!(live.len(), kept.len());
        let summary = live.last().expect("a summary");
        assert_eq!(summary["kubernetesVersion"], "v1.37");
    }
    // It is text, compressed or not.
    let bytes = fs::read(&path).expect("there");
    let snapshot = Snapshot::read(&bytes[..]).expect("a snapshot");
    let mut plain = serde_json::to_vec(&snapshot.header).expect("JSON");
    plain.push(b'\n');
    for frame in &snapshot.frames {
        plain.extend_from_slice(&frame.text().expect("whole"));
    }
    let (plain_path, plain_name) = file(&control, "cluster.jsonl");
    fs::write(&plain_path, &plain).expect("writable");
    let run = |input: &str| records(&seawall(&admin, &["scan", input, "-f", "jsonl"]));
    assert!(run(&plain_name) == run(&name));
    // Places are lines of the text.
    let lines: Vec<&[u8]> = plain.split(|b| *b == b'\n').collect();
    for record in run(&name).iter().filter(|record| record["type"] == "workload") {
        let line = record["line"].as_u64().expect("a line") as usize;
        let object: Value = serde_json::from_slice(lines[line - 1]).expect("JSON");
        assert_eq!(object["metadata"]["name"], record["object"]["name"]);
    }
    // But for the time it is the same again.
    let (again_path, again_name) = file(&control, "again.jsonl.zst");
    assert!(seawall(&admin, &["snapshot", "-o", &again_name]).status.success());
    let again = Snapshot::read(&fs::read(again_path).expect("there")[..]).expect("a snapshot");
    let text =
        |s: &Snapshot| s.frames.iter().flat_map(|f| f.text().expect("whole").to_vec()).collect::<Vec<u8>>();
    assert!(text(&again) == text(&snapshot));
    let untimed = |s: &Snapshot| seawall_snapshot::Header { time: String::new(), ..s.header.clone() };
    assert_eq!(untimed(&again), untimed(&snapshot));
    let system = control.admin().get("/api/v1/namespaces/kube-system").expect("an answer");
    assert_eq!(snapshot.header.cluster_id.as_deref(), system.body["metadata"]["uid"].as_str());
}

#[test]
fn nothing_secret_leaves_the_cluster() {
    let control = ControlPlane::start();
    inhabit(&control);
    let admin = control.kubeconfig("admin");
    let text = |args: &[&str]| {
        let (path, name) = file(&control, "secret.jsonl.zst");
        let _ = fs::remove_file(&path);
        let taken = seawall(&admin, &[&["snapshot", "-o", &name], args].concat());
        assert!(taken.status.success(), "{}", stderr(&taken));
        let snapshot = Snapshot::read(&fs::read(path).expect("there")[..]).expect("a snapshot");
        snapshot.frames.iter().flat_map(|f| f.text().expect("whole").to_vec()).collect::<Vec<u8>>()
    };
    let holds = |text: &[u8]| String::from_utf8_lossy(text).matches(CANARY).count();
    assert_eq!(holds(&text(&[])), 0);
    assert!(holds(&text(&["--include-env"])) > 5);
    for format in ["text", "json", "jsonl", "sarif", "junit", "markdown", "concise", "github", "gitlab"] {
        for more in [&[][..], &["--include-env"]] {
            let args =
                [&["scan", "--cluster", "--profile", "strict", "--fail-on", "never", "-f", format], more]
                    .concat();
            let output = seawall(&admin, &args);
            assert!(output.status.success(), "{}", stderr(&output));
            assert_eq!(holds(&output.stdout) + holds(&output.stderr), 0, "{format} {more:?}");
        }
    }
    let events = control.audit_events();
    let ours = |e: &&Value| e["userAgent"].as_str().is_some_and(|agent| agent.starts_with("seawall/"));
    let mut requests = 0;
    for event in events.iter().filter(ours) {
        requests += 1;
        let resource = event["objectRef"]["resource"].as_str().unwrap_or_default();
        assert!(!["secrets", "configmaps"].contains(&resource), "{event}");
        assert!(["list", "get"].contains(&event["verb"].as_str().unwrap_or_default()), "{event}");
    }
    assert!(requests > 100, "{requests}");
}

#[test]
fn workloads_are_judged_once_and_pods_where_they_differ() {
    let control = ControlPlane::start();
    inhabit(&control);
    let admin = control.kubeconfig("admin");
    let scan = |args: &[&str]| {
        records(&seawall(&admin, &[&["scan", "--cluster", "--profile", "pss", "-f", "jsonl"], args].concat()))
    };
    let all = scan(&[]);
    assert_eq!(
        judged(&all),
        [
            "Deployment shop/meshed",
            "Deployment shop/web",
            "Deployment strict/zero",
            "CronJob strict/nightly",
            "Pod istio-system/pilot",
            "Pod shop/meshed-5d4-1",
            "Pod strict/lone",
            "Pod strict/ro-0",
        ]
    );
    let differ = of_kind(&all, "pods-differ");
    assert_eq!(differ.len(), 1);
    let message = differ[0]["message"].as_str().expect("a text");
    for part in ["2 pods of Deployment meshed", "`shop`", "capabilities_baseline", "`istio-init`", "by Istio"]
    {
        assert!(message.contains(part), "{message}");
    }
    let owners = of_kind(&all, "owner-not-seen");
    assert!(
        owners.len() == 1
            && owners[0]["message"]
                .as_str()
                .is_some_and(|m| m.contains("Rollout ro (argoproj.io/v1alpha1)") && m.contains(": 2 pods,")),
        "{owners:?}"
    );

    let namespaces = &all.last().expect("a summary")["namespaces"];
    let of = |name: &str| {
        let found = namespaces.as_array().into_iter().flatten().find(|n| n["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {namespaces}")).clone()
    };
    let shop = of("shop");
    assert_eq!((&shop["strictest"], &shop["workloads"]), (&json!("privileged"), &json!(3)));
    assert_eq!(
        shop["labels"],
        json!({"enforce": "privileged:latest", "audit": "privileged:latest", "warn": "restricted:latest"})
    );
    assert_eq!(shop["blockers"], json!([{"name": "added capabilities", "workloads": 1}]));
    assert_eq!(of("istio-system")["system"], "Istio");
    assert_eq!((&of("strict")["strictest"], &of("strict")["system"]), (&json!("baseline"), &Value::Null));

    // What is not the users' is told apart, unless it is asked for or at the bar.
    let shown = |args: &[&str]| {
        let text = stdout(&seawall(&admin, &[&["scan", "--cluster"], args].concat()));
        // Lines are broken for a terminal.
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (all, asked) = (shown(&[]), shown(&["-n", "istio-system"]));
    assert!(!all.contains("istio-system/pilot") && all.contains("not shown here"), "{all}");
    assert!(asked.contains("istio-system/pilot") && !asked.contains("not shown here"), "{asked}");
    assert!(shown(&["--level", "restricted"]).contains("istio-system/pilot"));
    assert!(shown(&["-f", "jsonl"]).contains("\"name\":\"pilot\""));

    // What is warned of fails nothing; what is asked for does.
    let status = |args: &[&str]| {
        seawall(&admin, &[&["scan", "--cluster", "--profile", "pss"], args].concat()).status.code()
    };
    assert_eq!(status(&[]), Some(0));
    assert_eq!(status(&["--fail-on", "warn"]), Some(1));
    assert_eq!(status(&["--level", "restricted"]), Some(1));
    assert_eq!(status(&["--level", "baseline", "-n", "strict"]), Some(0));
    let selected = scan(&["-l", "app=web"]);
    assert_eq!(judged(&selected), ["Deployment shop/web"]);
    let namespaces = &selected.last().expect("a summary")["namespaces"];
    let level = |name: &str| {
        let found = namespaces.as_array().into_iter().flatten().find(|n| n["name"] == name);
        let found = found.unwrap_or_else(|| panic!("{namespaces}"));
        (found["strictest"].clone(), found["complete"].clone())
    };
    assert_eq!(level("shop"), (json!("baseline"), json!(false)));
    assert_eq!(level("strict"), (Value::Null, json!(false)));
    assert_eq!(judged(&scan(&["-n", "strict"])).len(), 4);
}

/// Lets a user list everything in a namespace but some resources.
fn allow(control: &ControlPlane, user: &str, namespace: &str, rules: &Value) {
    let name = format!("{user}-reads");
    let rbac = |resource: &str| path("rbac.authorization.k8s.io/v1", namespace, resource);
    create(control, &rbac("roles"), &json!({"metadata": {"name": name}, "rules": rules}));
    let binding = json!({
        "metadata": {"name": name},
        "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
    });
    create(control, &rbac("rolebindings"), &binding);
}

#[test]
fn what_may_not_be_seen_is_told_in_every_format() {
    let control = ControlPlane::start();
    inhabit(&control);
    let rules = json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
    ]);
    allow(&control, "dev", "strict", &rules);
    let dev = control.kubeconfig("dev");
    let run = |format: &str| {
        seawall(
            &dev,
            &["scan", "--cluster", "-n", "strict", "--profile", "pss", "--level", "baseline", "-f", format],
        )
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while run("text").status.code() == Some(2) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
    let seen = records(&run("jsonl"));
    assert_eq!(judged(&seen), ["Deployment strict/zero", "Pod strict/lone", "Pod strict/ro-0"]);
    let not_seen: Vec<&str> =
        of_kind(&seen, "not-seen").iter().filter_map(|n| n["message"].as_str()).collect();
    for resource in ["namespaces", "cronjobs", "roles", "daemonsets"] {
        let told = |m: &&&str| m.starts_with(&format!("{resource} in namespace `strict` were not seen"));
        assert_eq!(not_seen.iter().filter(told).count(), 1, "{resource}: {not_seen:?}");
    }
    assert!(!not_seen.iter().any(|m| m.starts_with("pods ") || m.starts_with("deployments ")));
    // Nothing was found, and nobody may take that for clean.
    for format in ["text", "concise", "markdown", "json", "jsonl", "sarif", "junit", "github", "gitlab"] {
        let output = run(format);
        assert_eq!(output.status.code(), Some(0), "{format}: {}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains("not seen"), "{format}: {text}");
    }
    // A snapshot remembers.
    let (_, name) = file(&control, "dev.jsonl.zst");
    assert!(seawall(&dev, &["snapshot", "-n", "strict", "-o", &name]).status.success());
    let level = ["--profile", "pss", "--level", "baseline", "-f", "jsonl"];
    assert!(records(&seawall(&dev, &[&["scan", name.as_str()][..], &level].concat())) == seen);

    // What stands against it is enough to say no; to say yes all has to be seen.
    let enforce = |level: &str| seawall(&dev, &["can-enforce", "strict", level]);
    let (yes, no) = (enforce("baseline"), enforce("restricted"));
    assert_eq!((yes.status.code(), no.status.code()), (Some(2), Some(1)), "{}", stdout(&yes));
    assert!(stdout(&yes).contains("may not be able to enforce") && stdout(&no).contains("cannot enforce"));

    // Where nothing at all is seen, there is nothing to report on.
    for args in [
        &["scan", "--cluster"][..],
        &["scan", "--cluster", "-n", "shop"],
        &["snapshot", "-o", &name],
        &["can-enforce", "shop", "baseline"],
    ] {
        let output = seawall(&dev, args);
        let hint = match args {
            ["scan", "--cluster"] | ["snapshot", ..] => {
                "name the namespaces that you may look at: --namespace NAME"
            }
            _ => "what you may do there: kubectl auth can-i --list --namespace shop\n",
        };
        assert!(stderr(&output).contains(hint), "{args:?}: {}", stderr(&output));
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(
            stderr(&output).contains("nothing in the cluster may be seen"),
            "{args:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_cluster_that_breaks_off_leaves_no_report() {
    let control = ControlPlane::start();
    control.admin().create_namespace("many", &[]);
    let names: Vec<usize> = (0..1500).collect();
    let pods = path("v1", "many", "pods");
    control.admin().each(&names, |client, i| {
        let pod = json!({"metadata": {"name": format!("p{i}")}, "spec": plain()});
        assert_eq!(client.post(&pods, &pod).expect("an answer").status, 201);
    });
    let (report, report_name) = file(&control, "report.json");
    fs::write(&report, "before").expect("writable");
    let (snapshot, snapshot_name) = file(&control, "broken.jsonl.zst");
    let proxy = stalling::Proxy::start(&control);
    for args in [
        vec!["scan".to_owned(), "--cluster".to_owned(), "-f".to_owned(), format!("json={report_name}")],
        vec!["scan".to_owned(), "--cluster".to_owned()],
        vec!["snapshot".to_owned(), "-o".to_owned(), snapshot_name.clone()],
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = seawall(proxy.kubeconfig(), &args);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(
            error.contains("`/api/v1/pods` broke off after") && error.contains("run it again"),
            "{error}"
        );
    }
    assert_eq!(fs::read_to_string(&report).expect("there"), "before");
    assert!(!snapshot.exists());
}

/// Passes restricted.
fn clean() -> Value {
    json!({
        "restartPolicy": "Always", "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "app", "image": "nginx:1.27", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
    })
}

#[test]
fn templates_that_admission_changes_are_judged_by_the_pods_of_their_revision() {
    let control = ControlPlane::start();
    control.admin().create_namespace("mended", &[]);
    let pod = |owner: &Value, name: &str, labels: Value| {
        let metadata = json!({"name": name, "labels": labels, "ownerReferences": owned_by(owner)});
        create(&control, &path("v1", "mended", "pods"), &json!({"metadata": metadata, "spec": clean()}));
    };
    let apps = |kind: &str, resource: &str, name: &str| {
        let labels = json!({"app": name});
        let object = json!({
            "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
            "spec": {
                "selector": {"matchLabels": labels}, "serviceName": "x",
                "template": {"metadata": {"labels": labels}, "spec": plain()},
            },
        });
        create(&control, &path("apps/v1", "mended", resource), &object)
    };
    deployment(&control, "mended", "web", &plain(), 2, |_, pod| pod["spec"] = clean());
    let agent = apps("DaemonSet", "daemonsets", "agent");
    let generation = &agent["metadata"]["annotations"]["deprecated.daemonset.template.generation"];
    pod(&agent, "agent-0", json!({"pod-template-generation": generation}));
    let set = apps("StatefulSet", "statefulsets", "db");
    let status = |revision: &str, generation: &Value| {
        let path = format!("{}/db/status", path("apps/v1", "mended", "statefulsets"));
        let status = json!({"replicas": 1, "observedGeneration": generation, "updateRevision": revision});
        let answer = control.admin().patch(&path, &json!({"status": status})).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    status("db-1", &set["metadata"]["generation"]);
    pod(&set, "db-0", json!({"controller-revision-hash": "db-1"}));
    let mut runs = plain();
    runs["restartPolicy"] = json!("Never");
    let cron = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
        "spec": {"schedule": "1 1 * * *", "jobTemplate": {"spec": {"template": {"spec": runs}}}},
    });
    let cron = create(&control, &path("batch/v1", "mended", "cronjobs"), &cron);
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "nightly-1", "ownerReferences": owned_by(&cron)},
        "spec": cron["spec"]["jobTemplate"]["spec"],
    });
    let job = create(&control, &path("batch/v1", "mended", "jobs"), &job);
    pod(&job, "nightly-1-a", json!({}));

    let admin = control.kubeconfig("admin");
    let enforce = || {
        let output = seawall(&admin, &["can-enforce", "mended", "restricted"]);
        (output.status.code(), stdout(&output))
    };
    let (status_code, text) = enforce();
    assert_eq!(status_code, Some(0), "{text}");
    for part in ["warning: 4 templates", "Deployment web (2 pods pass", "CronJob nightly (1 pod passes"] {
        assert!(text.contains(part), "{text}");
    }
    // What comes next is of other templates.
    for (api_version, resource, name) in [
        ("apps/v1", "deployments", "web"),
        ("apps/v1", "daemonsets", "agent"),
        ("apps/v1", "statefulsets", "db"),
    ] {
        let path = format!("{}/{name}", path(api_version, "mended", resource));
        let annotated = json!({"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}});
        assert_eq!(control.admin().patch(&path, &annotated).expect("an answer").status, 200);
    }
    let (status_code, text) = enforce();
    assert_eq!(status_code, Some(2), "{text}");
    for part in [
        "warning: 1 template",
        "Deployment web (its pods are of another template)",
        "DaemonSet agent (its pods are of another template)",
        // Its controller has not seen it yet.
        "StatefulSet db (its pods may be of another template)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn can_enforce_says_what_the_server_says() {
    let control = ControlPlane::start();
    control.admin().create_namespace("full", &[]);
    inhabit(&control);
    let mut all = pods::fixtures();
    all.extend(pods::random(200, number("SEAWALL_SEED", 5)));
    let pods = path("v1", "full", "pods");
    let numbered: Vec<(usize, Value)> = all.into_iter().enumerate().collect();
    control.admin().each(&numbered, |client, (i, pod)| {
        let mut pod = pod.clone();
        pod["metadata"]["name"] = json!(format!("p{i}"));
        let answer = client.post(&pods, &pod).expect("an answer");
        assert!([201, 422].contains(&answer.status), "{}", answer.text);
    });
    // What is enforced at a version stays at that where only the level changes.
    control.admin().create_namespace("pinned", &[("enforce-version", "v1.24")]);
    let windows = json!({"os": {"name": "windows"}, "containers": [
        {"name": "app", "image": "nginx:1.27", "securityContext": {"runAsNonRoot": true}}]});
    create(&control, &path("v1", "pinned", "pods"), &json!({"metadata": {"name": "w"}, "spec": windows}));
    let admin = control.kubeconfig("admin");
    let (_, name) = file(&control, "cluster.jsonl.zst");
    assert!(seawall(&admin, &["snapshot", "-o", &name]).status.success());
    let mut told = 0;
    for namespace in ["full", "shop", "strict", "istio-system", "pinned"] {
        let levels = [
            "privileged",
            "baseline",
            "restricted",
            "baseline:v1.24",
            "restricted:v1.24",
            "restricted:latest",
        ];
        for level in levels {
            let live = seawall(&admin, &["can-enforce", namespace, level]);
            assert!(live.status.code().is_some_and(|code| code < 2), "{}", stderr(&live));
            let snapshot = seawall(&admin, &["can-enforce", namespace, level, "--snapshot", &name]);
            let warnings = |output: &Output| -> Vec<String> {
                let text = stdout(output);
                text.lines().filter_map(|line| line.strip_prefix("Warning: ")).map(str::to_owned).collect()
            };
            assert_eq!(warnings(&live), warnings(&snapshot), "{namespace} {level}");
            assert_eq!(live.status.code(), snapshot.status.code());
            let (level_only, version) = level.split_once(':').map_or((level, None), |(l, v)| (l, Some(v)));
            let mut patch =
                json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level_only}}});
            if let Some(version) = version {
                patch["metadata"]["labels"]["pod-security.kubernetes.io/enforce-version"] = json!(version);
            }
            let of_server = format!("/api/v1/namespaces/{namespace}?dryRun=All");
            let deadline = Instant::now() + Duration::from_secs(20);
            loop {
                // The API server looks at a copy of its own, which follows.
                let server = control.admin().patch(&of_server, &patch).expect("an answer").warnings;
                let ours = warnings(&live);
                if server == warning::sent(&ours) {
                    told += ours.len();
                    break;
                }
                assert!(Instant::now() < deadline, "{namespace} {level}: {server:?} and {ours:?}");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
    assert!(told > 20, "{told}");
    // What the server does not look at.
    let strict = seawall(&admin, &["can-enforce", "strict", "restricted"]);
    let text = stdout(&strict);
    assert_eq!(strict.status.code(), Some(1));
    for part in
        ["Deployment zero (it is scaled to zero)", "CronJob nightly (its next run makes pods)", "3 of 3 pods"]
    {
        assert!(text.contains(part), "{text}");
    }
    let missing = seawall(&admin, &["can-enforce", "nowhere", "restricted"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("no namespace `nowhere`"), "{}", stderr(&missing));
}
