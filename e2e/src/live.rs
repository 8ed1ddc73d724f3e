//! Objects of a cluster as its controllers would have made them: there are none in these control planes.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ControlPlane;
use crate::scan::seawall;

/// Creates an object below a path; returns it as the API server has it.
pub fn create(control: &ControlPlane, path: &str, object: &Value) -> Value {
    let answer = control.admin().post(path, object).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body
}

/// What is defined, in its order.
const DEFINED: [&str; 3] =
    ["podsecurityexceptions", "podsecurityexceptionpolicies", "podsecuritybreakglasses"];

/// Makes the API server know exceptions, their policies and break-glass, as they are installed, and waits until it does.
pub fn define_exceptions(control: &ControlPlane) {
    let output = Command::new(seawall()).args(["install", "--crds-only"]).output().expect("seawall starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for (document, plural) in text.split("---\n").zip(DEFINED) {
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{plural}.seawall.dev");
        let answer = control.admin().apply(&path, document).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text);
        let deadline = Instant::now() + Duration::from_secs(30);
        let is_served = || {
            let path = format!("/apis/seawall.dev/v1alpha1/{plural}?limit=1");
            control.admin().get(&path).expect("an answer").status == 200
        };
        while !is_served() {
            assert!(Instant::now() < deadline, "{plural} are not served");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Where objects of a kind are.
pub fn path(api_version: &str, namespace: &str, resource: &str) -> String {
    let root = if api_version == "v1" { "/api" } else { "/apis" };
    format!("{root}/{api_version}/namespaces/{namespace}/{resource}")
}

/// What an owner is to what it made.
pub fn owned_by(owner: &Value) -> Value {
    json!([{
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true,
    }])
}

/// A Deployment with its `ReplicaSet` and some pods; `pod` changes each pod, as a webhook would.
pub fn deployment(
    control: &ControlPlane,
    namespace: &str,
    name: &str,
    spec: &Value,
    pods: usize,
    pod: impl Fn(usize, &mut Value),
) {
    let labels = json!({"app": name});
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let apps = |kind: &str, owners: Value, name: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": name, "labels": labels, "ownerReferences": owners},
            "spec": {"replicas": pods, "selector": {"matchLabels": labels}, "template": template},
        })
    };
    let deployment =
        create(control, &path("apps/v1", namespace, "deployments"), &apps("Deployment", json!([]), name));
    let set = format!("{name}-5d4");
    let set = create(
        control,
        &path("apps/v1", namespace, "replicasets"),
        &apps("ReplicaSet", owned_by(&deployment), &set),
    );
    for i in 0..pods {
        let mut object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("{name}-5d4-{i}"), "labels": labels, "ownerReferences": owned_by(&set)},
            "spec": spec,
        });
        pod(i, &mut object);
        create(control, &path("v1", namespace, "pods"), &object);
    }
}
