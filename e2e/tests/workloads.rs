//! Objects that carry pod templates, created by server-side dry run: they are never refused for their pods, and the API server
//! warns of them and writes to its audit log what we say it does.
//!
//! `SEAWALL_PODS` (number of random templates) and `SEAWALL_SEED` change the random run.

use seawall_conformance::number;
use seawall_e2e::{Client, ControlPlane, Response, pods, scan, verdicts, warning};
use serde_json::{Value, json};

/// Namespaces by what their labels say.
const NAMESPACES: [(&str, &[(&str, &str)]); 6] = [
    ("nothing", &[]),
    ("warn", &[("warn", "restricted")]),
    ("audit", &[("audit", "baseline"), ("audit-version", "v1.30")]),
    ("differ", &[("warn", "baseline"), ("warn-version", "v1.24"), ("audit", "restricted")]),
    // Warns as it enforces, though no label says so.
    ("carried", &[("enforce", "baseline"), ("enforce-version", "v1.30")]),
    ("weaker", &[("enforce", "restricted"), ("warn", "baseline"), ("audit", "privileged")]),
];

/// Everything that makes pods, and pods: kind, API version, path of the collection.
const KINDS: [(&str, &str, &str); 9] = [
    ("Pod", "v1", "pods"),
    ("Deployment", "apps/v1", "deployments"),
    ("ReplicaSet", "apps/v1", "replicasets"),
    ("StatefulSet", "apps/v1", "statefulsets"),
    ("DaemonSet", "apps/v1", "daemonsets"),
    ("Job", "batch/v1", "jobs"),
    ("CronJob", "batch/v1", "cronjobs"),
    ("ReplicationController", "v1", "replicationcontrollers"),
    ("PodTemplate", "v1", "podtemplates"),
];

/// An object of a kind whose pods are `pod`.
fn object(kind: &str, api_version: &str, pod: &Value, name: &str, namespace: &str) -> Value {
    let labels = json!({"app": "a"});
    let mut template = json!({"metadata": {"labels": labels}, "spec": pod["spec"]});
    if let Some(annotations) = pod["metadata"].get("annotations") {
        template["metadata"]["annotations"] = annotations.clone();
    }
    if kind == "Job" || kind == "CronJob" {
        template["spec"]["restartPolicy"] = json!("Never");
    }
    let selector = json!({"matchLabels": labels});
    let head =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}});
    let mut object = head;
    match kind {
        "Pod" => {
            object["spec"] = template["spec"].take();
            object["metadata"]["annotations"] = template["metadata"]["annotations"].take();
        }
        "PodTemplate" => object["template"] = template,
        "Job" => object["spec"] = json!({"template": template}),
        "CronJob" => {
            object["spec"] =
                json!({"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}});
        }
        "ReplicationController" => object["spec"] = json!({"selector": labels, "template": template}),
        "StatefulSet" => {
            object["spec"] = json!({"serviceName": "s", "selector": selector, "template": template});
        }
        _ => object["spec"] = json!({"selector": selector, "template": template}),
    }
    object
}

fn create(client: &Client, object: &Value) -> Response {
    let of = |key: &str| object["metadata"][key].as_str().expect("a text");
    let (_, api_version, plural) =
        KINDS.into_iter().find(|(kind, ..)| object["kind"] == *kind).expect("a kind of the table");
    let root = if api_version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{api_version}") };
    client
        .post(&format!("{root}/namespaces/{}/{plural}?dryRun=All", of("namespace")), object)
        .expect("an answer")
}

#[test]
fn warnings_and_audit_annotations_of_every_kind_are_the_server_s() {
    let control = ControlPlane::start();
    let admin = control.admin();
    for (name, labels) in NAMESPACES {
        admin.create_namespace(name, labels);
    }
    let mut pods = pods::fixtures();
    pods.extend(pods::random(number("SEAWALL_PODS", 600), number("SEAWALL_SEED", 2)));
    // Each pod in another kind, so that each kind has each namespace often.
    let of = |i: usize, pod: &Value, namespace: &str| {
        let (kind, api_version, _) = KINDS[i % KINDS.len()];
        object(kind, api_version, pod, &format!("w{i}"), namespace)
    };
    let numbered: Vec<(usize, Value)> = pods.into_iter().enumerate().collect();
    let answers = admin.each(&numbered, |client, (i, pod)| create(client, &of(*i, pod, "nothing")));
    let total = numbered.len();
    let valid: Vec<(usize, Value)> = numbered
        .into_iter()
        .zip(&answers)
        .filter(|((_, pod), answer)| {
            assert!([201, 422].contains(&answer.status), "{pod}: {}", answer.text);
            answer.status == 201
        })
        .map(|(numbered, _)| numbered)
        .collect();
    println!("{} of {total} objects are valid", valid.len());
    assert!(
        valid.len() > total / 10 * 9,
        "{:#?}",
        answers.iter().filter(|a| a.status == 422).take(20).collect::<Vec<_>>()
    );

    let mut objects: Vec<Value> = NAMESPACES
        .iter()
        .map(|(name, labels)| {
            let labels: serde_json::Map<String, Value> =
                labels.iter().map(|(k, v)| (format!("pod-security.kubernetes.io/{k}"), json!(v))).collect();
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        })
        .collect();
    for (i, pod) in &valid {
        objects.extend(NAMESPACES.iter().map(|(namespace, _)| of(*i, pod, namespace)));
    }
    let workloads = &objects[NAMESPACES.len()..];
    let answers = admin.each(workloads, create);
    let audit = verdicts::audit_annotations(control.audit_events());
    let records = scan::records("workloads", &objects);
    let records: Vec<&Value> = records.iter().filter(|record| record["type"] == "workload").collect();
    assert_eq!(records.len(), workloads.len());

    let (mut told, mut audited, mut refused, mut lost) = (0, 0, 0, 0);
    for ((object, record), answer) in workloads.iter().zip(records).zip(&answers) {
        assert_eq!(record["object"]["name"], object["metadata"]["name"]);
        let is_pod = object["kind"] == "Pod";
        let subject = if is_pod { "pod" } else { "template" };
        let sentence = |mode: &str| {
            let (policy, detail) = verdicts::forbidden(record, subject, mode)?;
            Some(format!("would violate PodSecurity \"{policy}\": {detail}"))
        };
        let enforced = if is_pod { verdicts::forbidden(record, "pod", "enforce") } else { None };
        assert_eq!(answer.status, if enforced.is_some() { 403 } else { 201 }, "{object}: {}", answer.text);
        // What is refused is not warned of.
        let warned: Vec<String> = sentence("warn").into_iter().filter(|_| enforced.is_none()).collect();
        let warning = warning::sent(&warned);
        lost += warned.len() - warning.len();
        assert_eq!(answer.violations(), warning, "{object}");
        let annotations = &audit[&answer.audit_id];
        let violation = sentence("audit");
        assert_eq!(
            annotations["pod-security.kubernetes.io/audit-violations"].as_str(),
            violation.as_deref(),
            "{object}"
        );
        told += usize::from(!warning.is_empty());
        audited += usize::from(violation.is_some());
        refused += usize::from(enforced.is_some());
    }
    println!(
        "{} requests, {told} warned of, {audited} audited, {refused} refused, {lost} warnings lost",
        answers.len()
    );
    assert!(told > 1000 && audited > 500 && refused > 50, "{told} {audited} {refused}");
}
