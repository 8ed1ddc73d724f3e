//! Pods that are created by server-side dry run in namespaces at every level: the API server's verdict and sentence are ours.
//!
//! `SEAWALL_PODS` (number of random pods) and `SEAWALL_SEED` change the random run.

use seawall_conformance::number;
use seawall_e2e::{Client, ControlPlane, Response, pods, scan, verdicts};
use serde_json::{Value, json};

/// Old versions, each just before or after some check changed.
const PINS: [&str; 8] = ["v1.0", "v1.18", "v1.22", "v1.24", "v1.26", "v1.31", "v1.34", "v1.36"];

/// A namespace, and what it enforces.
struct Namespace {
    name: String,
    level: &'static str,
    version: &'static str,
}

fn namespaces() -> Vec<Namespace> {
    let at = |level, version: &'static str| Namespace {
        name: format!("{level}-{}", version.replace('.', "-")),
        level,
        version,
    };
    let latest = ["privileged", "baseline", "restricted"].map(|level| at(level, "latest"));
    let pinned =
        PINS.into_iter().flat_map(|version| ["baseline", "restricted"].map(|level| at(level, version)));
    latest.into_iter().chain(pinned).collect()
}

impl Namespace {
    fn labels(&self) -> [(&str, &str); 2] {
        [("enforce", self.level), ("enforce-version", self.version)]
    }

    fn object(&self) -> Value {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "labels": {
            "pod-security.kubernetes.io/enforce": self.level,
            "pod-security.kubernetes.io/enforce-version": self.version}}})
    }
}

/// A pod that is to be created in a namespace.
fn placed(pod: &Value, number: usize, namespace: &str) -> Value {
    let mut pod = pod.clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!(format!("p{number}"));
    pod["metadata"]["namespace"] = json!(namespace);
    pod
}

fn create(client: &Client, pod: &Value) -> Response {
    let namespace = pod["metadata"]["namespace"].as_str().expect("placed");
    client.post(&format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"), pod).expect("an answer")
}

/// Those of the pods that the API server takes where everything is allowed, and why it refused the others.
fn taken(control: &ControlPlane, pods: Vec<Value>) -> (Vec<Value>, Vec<String>) {
    let answers =
        control.admin().each(&pods, |client, pod| create(client, &placed(pod, 0, "privileged-latest")));
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for (pod, answer) in pods.into_iter().zip(answers) {
        match answer.status {
            201 => taken.push(pod),
            422 => refused.push(answer.message().to_owned()),
            _ => panic!("{pod}: {}", answer.text),
        }
    }
    (taken, refused)
}

/// Creates every pod at every level and some old versions, and compares with ours.
fn assert_same(control: &ControlPlane, name: &str, pods: &[Value]) {
    let all = namespaces();
    let (latest, pinned) = all.split_at(3);
    let mut cases = Vec::new();
    let mut objects: Vec<Value> = all.iter().map(Namespace::object).collect();
    for (i, pod) in pods.iter().enumerate() {
        let old = (0..2).map(|k| &pinned[(2 * i + k) % pinned.len()]);
        for namespace in latest.iter().chain(old) {
            objects.push(placed(pod, i, &namespace.name));
            cases.push(namespace);
        }
    }
    let pods = &objects[all.len()..];
    let answers = control.admin().each(pods, create);
    let records = scan::records(name, &objects);
    let mut judged = records.iter().filter(|record| record["type"] == "workload");
    let mut verdicts = [0, 0];
    for ((namespace, pod), answer) in cases.iter().zip(pods).zip(answers) {
        let record = judged.next().expect("a record for every pod");
        assert_eq!(record["object"]["name"], pod["metadata"]["name"]);
        assert_eq!(record["object"]["namespace"], namespace.name.as_str());
        let ours = match verdicts::forbidden(record, "pod", "enforce") {
            None => (201, String::new()),
            Some((policy, detail)) => {
                let name = pod["metadata"]["name"].as_str().expect("named");
                assert_eq!(policy, format!("{}:{}", namespace.level, namespace.version));
                (403, format!("pods \"{name}\" is forbidden: violates PodSecurity \"{policy}\": {detail}"))
            }
        };
        assert_eq!((answer.status, answer.message().to_owned()), ours, "{pod}");
        assert_eq!(
            answer.violations(),
            [""; 0],
            "what is refused is not warned of, and what passes has nothing"
        );
        verdicts[usize::from(answer.status == 403)] += 1;
    }
    assert!(judged.next().is_none());
    println!("{name}: {} pods, {} admitted, {} refused", cases.len(), verdicts[0], verdicts[1]);
    assert!(verdicts.iter().all(|count| *count > cases.len() / 10), "{verdicts:?}");
}

fn control_plane() -> ControlPlane {
    let control = ControlPlane::start();
    for namespace in namespaces() {
        control.admin().create_namespace(&namespace.name, &namespace.labels());
    }
    control
}

#[test]
fn upstream_s_fixtures_are_judged_as_the_server_judges_them() {
    let control = control_plane();
    let fixtures = pods::fixtures();
    let (fixtures, refused) = taken(&control, fixtures);
    assert!(fixtures.len() > 350, "{refused:#?}");
    assert_same(&control, "fixtures", &fixtures);
    assert_exact(&control, &fixtures);
}

/// What `--exact` prints for people is what the API server answers.
fn assert_exact(control: &ControlPlane, pods: &[Value]) {
    let namespace = namespaces().into_iter().find(|n| n.name == "restricted-latest").expect("there");
    let mut objects = vec![namespace.object()];
    objects.extend(pods.iter().enumerate().map(|(i, pod)| placed(pod, i, &namespace.name)));
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printed = folded(&scan::run("exact", &objects, &["--exact"]));
    let answers = control.admin().each(&objects[1..], create);
    let refused: Vec<&str> = answers.iter().map(Response::message).filter(|m| !m.is_empty()).collect();
    assert!(refused.len() > pods.len() / 4, "{}", refused.len());
    for message in refused {
        assert!(printed.contains(&folded(message)), "{message}");
    }
}

#[test]
fn random_pods_are_judged_as_the_server_judges_them() {
    let (count, seed) = (number("SEAWALL_PODS", 1500), number("SEAWALL_SEED", 1));
    let control = control_plane();
    let (pods, refused) = taken(&control, pods::random(count, seed));
    println!("{} of {count} random pods are valid", pods.len());
    assert!(pods.len() as u64 > count / 10 * 9, "{refused:#?}");
    assert_same(&control, "random", &pods);
}
