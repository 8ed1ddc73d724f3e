//! The parts of admission reviews.

#![expect(
    clippy::needless_pass_by_value,
    reason = "values are put together of values that nobody needs again"
)]

use crate::scenario::{Body, Leeway, Post, Scenario};
use serde_json::{Value, json};

/// The label of a mode, without its prefix: `enforce`, `warn-version`.
pub(crate) fn label(name: &str) -> String {
    format!("pod-security.kubernetes.io/{name}")
}

/// A Namespace with labels of pod security.
pub(crate) fn namespace(name: &str, labels: &[(&str, &str)]) -> Value {
    let labels: serde_json::Map<String, Value> =
        labels.iter().map(|(name, value)| (label(name), json!(value))).collect();
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// A Pod that meets restricted.
pub(crate) fn good_pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "ns"}, "spec": good_spec()})
}

/// A `PodSpec` that meets restricted.
pub(crate) fn good_spec() -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "a", "image": "i:1", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
    })
}

/// A `PodSpec` that meets baseline and not restricted.
pub(crate) fn baseline_spec() -> Value {
    json!({"containers": [{"name": "a", "image": "i:1"}]})
}

/// A `PodSpec` that meets neither.
pub(crate) fn bad_spec() -> Value {
    json!({"hostNetwork": true, "containers": [{"name": "a", "image": "i:1", "securityContext": {"privileged": true}}]})
}

/// A Pod of a `PodSpec`.
pub(crate) fn pod(spec: Value) -> Value {
    with(good_pod("p"), json!({"spec": spec}))
}

/// A value with members of another in the place of its own.
pub(crate) fn with(mut value: Value, members: Value) -> Value {
    let (Value::Object(of), Value::Object(members)) = (&mut value, members) else { panic!("objects") };
    of.extend(members);
    value
}

/// A value without a member.
pub(crate) fn without(mut value: Value, member: &str) -> Value {
    value.as_object_mut().expect("an object").remove(member);
    value
}

/// What an API server says of a request, but for the objects: `kind` and `resource` are of the same group and version.
pub(crate) fn request(group: &str, kind: &str, resource: &str, operation: &str) -> Value {
    let (kind, resource) = (
        json!({"group": group, "version": "v1", "kind": kind}),
        json!({"group": group, "version": "v1", "resource": resource}),
    );
    json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": kind, "resource": resource, "requestKind": kind,
        "requestResource": resource, "name": "p", "namespace": "ns", "operation": operation,
        "userInfo": {"username": "user", "groups": ["system:authenticated"]}, "dryRun": false,
    })
}

/// The creation of a Pod.
pub(crate) fn create_pod(pod: Value) -> Value {
    with(request("", "Pod", "pods", "CREATE"), json!({"object": pod}))
}

/// The update of a Pod.
pub(crate) fn update_pod(old: Value, new: Value) -> Value {
    with(request("", "Pod", "pods", "UPDATE"), json!({"object": new, "oldObject": old}))
}

/// The creation of a Namespace.
pub(crate) fn create_namespace(object: Value) -> Value {
    let name = object["metadata"]["name"].clone();
    let request = request("", "Namespace", "namespaces", "CREATE");
    with(request, json!({"name": name, "namespace": name, "object": object}))
}

/// The update of a Namespace.
pub(crate) fn update_namespace(old: Value, new: Value) -> Value {
    with(create_namespace(new), json!({"operation": "UPDATE", "oldObject": old}))
}

/// The kinds with pod templates: group, kind, resource.
pub(crate) const CONTROLLERS: [(&str, &str, &str); 8] = [
    ("", "ReplicationController", "replicationcontrollers"),
    ("", "PodTemplate", "podtemplates"),
    ("apps", "ReplicaSet", "replicasets"),
    ("apps", "Deployment", "deployments"),
    ("apps", "StatefulSet", "statefulsets"),
    ("apps", "DaemonSet", "daemonsets"),
    ("batch", "Job", "jobs"),
    ("batch", "CronJob", "cronjobs"),
];

/// An object of a kind with this pod template.
pub(crate) fn controller(group: &str, kind: &str, template: &Value) -> Value {
    let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
    let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "c", "namespace": "ns"}});
    with(
        object,
        match kind {
            "PodTemplate" => json!({"template": template}),
            "CronJob" => {
                json!({"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}})
            }
            _ => json!({"spec": {"template": template}}),
        },
    )
}

/// The creation of an object with a pod template.
pub(crate) fn create_controller((group, kind, resource): (&str, &str, &str), spec: &Value) -> Value {
    let object = controller(group, kind, &json!({"metadata": {"labels": {"a": "b"}}, "spec": spec}));
    with(request(group, kind, resource, "CREATE"), json!({"name": "c", "object": object}))
}

/// The review of a request.
pub(crate) fn review(request: Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
}

/// A request as an API server posts it.
pub(crate) fn post(request: Value) -> Post {
    text(review(request).to_string())
}

/// A body as it is.
pub(crate) fn text(body: impl Into<String>) -> Post {
    Post { body: Body::Text(body.into()), ..Post::default() }
}

/// A body that ours may refuse.
pub(crate) fn lenient(body: Body) -> Post {
    Post { body, leeway: Leeway::MayRefuse, ..Post::default() }
}

/// The text of a configuration file with these members, as JSON.
pub(crate) fn configuration(members: Value) -> String {
    let head = json!({
        "apiVersion": "pod-security.admission.config.k8s.io/v1", "kind": "PodSecurityConfiguration"});
    with(head, members).to_string()
}

/// A scenario without configuration in a cluster with one namespace `ns`.
pub(crate) fn labelled(name: &str, labels: &[(&str, &str)], posts: Vec<Post>) -> Scenario {
    Scenario {
        name: name.to_owned(),
        namespaces: vec![namespace("ns", labels)],
        posts,
        ..Scenario::default()
    }
}
