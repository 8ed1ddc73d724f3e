//! Changes of a namespace's labels by server-side dry run, as `kubectl label --dry-run=server` makes them: what the API server
//! refuses, and what it warns of, is ours.

use std::time::{Duration, Instant};

use seawall_conformance::number;
use seawall_conformance::random_pods::Rng;
use seawall_e2e::{ControlPlane, Response, pods, warning};
use seawall_model::pod::Pod;
use seawall_pss::namespace::{Mode, Policy, joined, resolve};
use seawall_pss::{NEWEST, Relabelling};
use serde_json::{Map, Value, json};

/// The policy that labels without their domain ask for, and the errors in them.
fn policy(labels: &[(&str, &str)]) -> (Policy, String) {
    let full: Vec<(String, &str)> =
        labels.iter().map(|(k, v)| (format!("pod-security.kubernetes.io/{k}"), *v)).collect();
    let (policy, errors) = resolve(full.iter().map(|(k, v)| (&**k, *v)), Policy::default());
    (policy, joined(&errors))
}

/// Gives a namespace exactly these labels of Pod Security.
fn relabel(control: &ControlPlane, namespace: &str, labels: &[(&str, &str)], query: &str) -> Response {
    let mut patch = Map::new();
    for mode in Mode::ALL {
        patch.insert(mode.level_label().to_owned(), Value::Null);
        patch.insert(mode.version_label().to_owned(), Value::Null);
    }
    patch.extend(labels.iter().map(|(k, v)| (format!("pod-security.kubernetes.io/{k}"), json!(v))));
    let path = format!("/api/v1/namespaces/{namespace}{query}");
    control.admin().patch(&path, &json!({"metadata": {"labels": patch}})).expect("an answer")
}

/// What we say of a namespace that goes from one policy to another; `pods` are as the API server lists them.
fn ours(old: &Policy, new: &Policy, namespace: &str, pods: &[Value]) -> Vec<String> {
    let Some(mut relabelling) = Relabelling::of(old, new, NEWEST.into()) else { return Vec::new() };
    for pod in pods {
        let text = pod.to_string();
        let decoded: Pod<'_> = seawall_model::json::decode(text.as_bytes()).expect("a pod");
        relabelling.add(pod["metadata"]["name"].as_str().expect("named"), None, &decoded);
    }
    relabelling.warnings(namespace)
}

const LABELS: [&[(&str, &str)]; 10] = [
    &[],
    &[("enforce", "privileged")],
    &[("enforce", "privileged"), ("enforce-version", "v1.24")],
    &[("enforce", "baseline")],
    &[("enforce", "baseline"), ("enforce-version", "v1.24")],
    &[("enforce", "restricted")],
    &[("enforce", "restricted"), ("enforce-version", "v1.24")],
    &[("enforce", "restricted"), ("enforce-version", "v1.99"), ("warn", "privileged")],
    &[("warn", "restricted"), ("audit", "restricted")],
    &[("enforce-version", "v1.30")],
];

/// Creates pods that stay, in a namespace that enforces nothing; returns them as the API server lists them.
fn inhabit(control: &ControlPlane, namespace: &str, pods: Vec<Value>) -> Vec<Value> {
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let numbered: Vec<(usize, Value)> = pods.into_iter().enumerate().collect();
    control.admin().each(&numbered, |client, (i, pod)| {
        let mut pod = pod.clone();
        pod["metadata"]["name"] = json!(format!("p{i}"));
        let answer = client.post(&path, &pod).expect("an answer");
        assert!([201, 422].contains(&answer.status), "{}", answer.text);
    });
    let mut list = control.admin().get(&path).expect("an answer").body;
    match list["items"].take() {
        Value::Array(items) => items,
        other => panic!("not a list: {other}"),
    }
}

#[test]
fn warnings_of_relabelled_namespaces_are_the_server_s() {
    let control = ControlPlane::start();
    let mut all = pods::fixtures();
    all.extend(pods::random(300, number("SEAWALL_SEED", 3)));
    let fine = pods::random(200, 4).into_iter().take(20);
    let mut told = 0;
    for (namespace, wanted) in [("full", all), ("few", fine.collect()), ("empty", Vec::new())] {
        control.admin().create_namespace(namespace, &[]);
        let total = wanted.len();
        let pods = inhabit(&control, namespace, wanted);
        assert!(pods.len() >= total / 10 * 9, "{} of {total}", pods.len());
        wait_for_cache(&control, namespace, &pods);
        for old in LABELS {
            let answer = relabel(&control, namespace, old, "");
            assert_eq!(answer.status, 200, "{}", answer.text);
            for new in LABELS {
                let answer = relabel(&control, namespace, new, "?dryRun=All");
                assert_eq!(answer.status, 200, "{}", answer.text);
                let expected = ours(&policy(old).0, &policy(new).0, namespace, &pods);
                assert_eq!(answer.warnings, warning::sent(&expected), "{namespace} from {old:?} to {new:?}");
                told += expected.len();
            }
        }
    }
    assert!(told > 500, "{told}");
}

/// The API server looks at its own copy of the pods, which follows.
fn wait_for_cache(control: &ControlPlane, namespace: &str, pods: &[Value]) {
    let strict: &[(&str, &str)] = &[("enforce", "restricted")];
    let expected = warning::sent(&ours(&Policy::default(), &policy(strict).0, namespace, pods));
    let deadline = Instant::now() + Duration::from_secs(20);
    while relabel(control, namespace, strict, "?dryRun=All").warnings != expected && Instant::now() < deadline
    {
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn labels_are_refused_as_the_server_refuses_them() {
    // Values of labels that the API server takes for labels.
    const LEVELS: [&str; 6] = ["privileged", "baseline", "restricted", "", "Baseline", "strict"];
    const VERSIONS: [&str; 8] =
        ["latest", "v1.25", "v1.0", "v1.99", "v1.01", "1.25", "", "v1.99999999999999999999"];
    let control = ControlPlane::start();
    let mut rng = Rng::new(number("SEAWALL_SEED", 1));
    let mut refused = 0;
    for i in 0..500 {
        let mut labels = Vec::new();
        for mode in [("enforce", "enforce-version"), ("audit", "audit-version"), ("warn", "warn-version")] {
            if rng.one_in(2) {
                labels.push((mode.0, rng.pick(&LEVELS)));
            }
            if rng.one_in(3) {
                labels.push((mode.1, rng.pick(&VERSIONS)));
            }
        }
        let map: Map<String, Value> =
            labels.iter().map(|(k, v)| (format!("pod-security.kubernetes.io/{k}"), json!(v))).collect();
        let name = format!("n{i}");
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": map}});
        let answer = control.admin().post("/api/v1/namespaces?dryRun=All", &namespace).expect("an answer");
        let (_, errors) = policy(&labels);
        let ours = if errors.is_empty() {
            (201, String::new())
        } else {
            refused += 1;
            (422, format!("Namespace \"{name}\" is invalid: {errors}"))
        };
        assert_eq!((answer.status, answer.message().to_owned()), ours, "{labels:?}");
    }
    assert!((100..400).contains(&refused), "{refused}");
}
