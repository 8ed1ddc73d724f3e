//! Objects of a cluster as its controllers would have made them: there are none in these control planes.

use serde_json::{Value, json};

use crate::ControlPlane;

/// Creates an object below a path; returns it as the API server has it.
pub fn create(control: &ControlPlane, path: &str, object: &Value) -> Value {
    let answer = control.admin().post(path, object).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body
}

/// Makes the API server know exceptions and their policies.
pub fn define_exceptions(control: &ControlPlane) {
    for (kind, plural, scope) in [
        ("PodSecurityException", "podsecurityexceptions", "Namespaced"),
        ("PodSecurityExceptionPolicy", "podsecurityexceptionpolicies", "Cluster"),
    ] {
        let schema =
            json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        create(
            control,
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            &json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.seawall.dev")},
                "spec": {
                    "group": "seawall.dev", "scope": scope,
                    "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
                    "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": schema}],
                },
            }),
        );
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
