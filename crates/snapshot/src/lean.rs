//! What is kept of an object.

use seawall_finding::MASK;
use serde_json::{Map, Value, json};

/// What `kubectl apply` remembers: the object once more, with everything in it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Domains of annotations whose values are told whole: engines decide by them, and they hold no secrets.
const READ: [&str; 6] = [
    "apparmor.security.beta.kubernetes.io",
    // Behind these is the name of a container, which may be any.
    "container.apparmor.security.beta.kubernetes.io",
    "container.seccomp.security.alpha.kubernetes.io",
    "seccomp.security.alpha.kubernetes.io",
    "seawall.dev",
    "openshift.io",
];

/// Domains that are Kubernetes' own, with all below them: what is called a secret there is the name of one.
const KUBERNETES: [&str; 2] = ["kubernetes.io", "k8s.io"];

/// Makes an object as the API server lists it lean, with its kind, which items of lists do not say: without what changes by
/// itself, without what no engine reads, and unless `whole` without environment values, arguments and what was last applied.
pub fn lean(object: &mut Value, api_version: &str, kind: &str, whole: bool) {
    let Value::Object(map) = object else { return };
    map.insert("apiVersion".into(), api_version.into());
    map.insert("kind".into(), kind.into());
    let seen = Observed::of(map);
    if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
        lean_metadata(metadata, whole);
    }
    match map.remove("status").and_then(|status| lean_status(kind, status, seen)) {
        Some(status) => map.insert("status".into(), status),
        None => None,
    };
    if kind == "Node" {
        map.remove("spec");
    }
    // Certificates of webhooks are long and say nothing here.
    for hook in map.get_mut("webhooks").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(Value::Object(client)) = hook.get_mut("clientConfig") {
            client.remove("caBundle");
            if !whole {
                client.get_mut("url").into_iter().for_each(mask_address);
            }
        }
    }
    if kind == "ServiceAccount" {
        // Names of secrets that are made by themselves.
        map.remove("secrets");
    }
    if !whole {
        for key in ["spec", "template"] {
            map.get_mut(key).into_iter().for_each(redact);
        }
    }
}

fn lean_metadata(metadata: &mut Map<String, Value>, whole: bool) {
    for key in ["resourceVersion", "generation", "selfLink"] {
        metadata.remove(key);
    }
    let managers = metadata.remove("managedFields").map(managers).filter(|managers| !managers.is_empty());
    if let Some(managers) = managers {
        metadata.insert("managedFields".into(), managers.into());
    }
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations")
        && !whole
    {
        redact_annotations(annotations);
    }
}

fn redact_annotations(annotations: &mut Map<String, Value>) {
    annotations.remove(LAST_APPLIED);
    for (key, value) in annotations {
        let domain = key.split_once('/').map_or(key.as_str(), |(domain, _)| domain);
        if READ.contains(&domain) {
            continue;
        }
        let below = |of: &str| domain.strip_suffix(of).is_some_and(|d| d.is_empty() || d.ends_with('.'));
        let own = key.contains('/') && KUBERNETES.iter().any(|of| below(of));
        // Other tools are told by these what they are to pass over.
        let says_whether = matches!(value.as_str(), Some("true" | "false"));
        if !own && !says_whether && seawall_finding::names_secret(key) {
            mask(value);
        } else if let Value::String(text) = value {
            *text = seawall_finding::redact_text(text).into_owned();
        }
    }
}

/// Masks what looks secret in a text.
fn mask_secrets(value: &mut Value) {
    if let Value::String(text) = value {
        *text = seawall_finding::redact(text).into_owned();
    }
}

/// Masks what looks secret in a path.
fn mask_path(value: &mut Value) {
    if let Value::String(text) = value {
        *text = seawall_finding::redact_path(text).into_owned();
    }
}

/// Masks all of an address that stands behind the host: who knows it may be let in by that alone.
fn mask_address(value: &mut Value) {
    mask_secrets(value);
    if let Value::String(text) = value {
        let host = text.find("://").map_or(0, |at| at + "://".len());
        let path = text[host..].find(['/', '?', '#']).map(|at| host + at);
        if let Some(path) = path.filter(|at| text.len() > at + 1) {
            text.replace_range(path.., "/");
            text.push_str(MASK);
        }
    }
}

/// Who set fields of the spec, without the fields: an update of status alone says nothing.
fn managers(fields: Value) -> Vec<Value> {
    let Value::Array(entries) = fields else { return Vec::new() };
    let sets_spec = |entry: &Value| {
        entry.get("subresource").is_none_or(|s| s == "")
            && entry.get("fieldsV1").and_then(|f| f.get("f:spec")).is_some()
    };
    let mut managers: Vec<Value> = Vec::new();
    for entry in entries.iter().filter(|entry| sets_spec(entry)) {
        let manager = json!({"manager": entry.get("manager"), "operation": entry.get("operation")});
        if !managers.contains(&manager) {
            managers.push(manager);
        }
    }
    managers.sort_by_key(Value::to_string);
    managers
}

/// Whether a status is of the specification beside it, and not of one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Observed(bool);

impl Observed {
    fn of(object: &Map<String, Value>) -> Self {
        let generation = |map: &str, key: &str| object.get(map).and_then(|m| m.get(key));
        let (is, observed) =
            (generation("metadata", "generation"), generation("status", "observedGeneration"));
        Self(is.is_some() && is == observed)
    }
}

/// What of a status is of use: who runs as whom, how many there are, which revision holds, what is at its end, what nodes are.
fn lean_status(kind: &str, mut status: Value, observed: Observed) -> Option<Value> {
    let mut out = Map::new();
    match kind {
        "Pod" => {
            let mut keep = |key: &str| {
                if let Some(value) = status.get_mut(key) {
                    out.insert(key.to_owned(), value.take());
                }
            };
            keep("phase");
            for list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
                let users: Vec<Value> = status
                    .get(list)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter(|status| status.get("user").is_some())
                    .map(|status| json!({"name": status.get("name"), "user": status.get("user")}))
                    .collect();
                if !users.is_empty() {
                    out.insert(list.to_owned(), users.into());
                }
            }
        }
        "Node" => {
            let info = status.get_mut("nodeInfo")?.as_object_mut()?;
            for key in ["machineID", "systemUUID", "bootID"] {
                info.remove(key);
            }
            out.insert("nodeInfo".into(), Value::Object(std::mem::take(info)));
        }
        "Job" => {
            let conditions = status.get("conditions").and_then(Value::as_array).into_iter().flatten();
            let ended = conditions
                .filter(|c| ["Complete", "Failed"].iter().any(|end| c.get("type").is_some_and(|t| t == end)))
                .map(|c| json!({"type": c.get("type"), "status": c.get("status")}))
                .collect::<Vec<_>>();
            if !ended.is_empty() {
                out.insert("conditions".into(), ended.into());
            }
        }
        _ => {
            for (key, keeps) in [("replicas", true), ("updateRevision", observed.0)] {
                if let Some(value) = status.get(key).filter(|_| keeps) {
                    out.insert(key.to_owned(), value.clone());
                }
            }
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

/// Masks what may be secret wherever containers, volumes and templates have it.
fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("env" | "httpHeaders", Value::Array(items)) => {
                        items.iter_mut().filter_map(|item| item.get_mut("value")).for_each(mask);
                    }
                    ("args", Value::Array(items)) => items.iter_mut().for_each(mask),
                    // The program itself is no secret.
                    ("command", Value::Array(items)) => items.iter_mut().skip(1).for_each(mask),
                    ("volumeAttributes" | "options", Value::Object(map)) => map.values_mut().for_each(mask),
                    ("annotations", Value::Object(annotations)) => redact_annotations(annotations),
                    ("gitRepo", value) => value.get_mut("repository").into_iter().for_each(mask_secrets),
                    ("httpGet", value) => {
                        value.get_mut("path").into_iter().for_each(mask_path);
                        redact(value);
                    }
                    (_, value) => redact(value),
                }
            }
        }
        _ => {}
    }
}

fn mask(value: &mut Value) {
    if value.as_str().is_none_or(|text| !text.is_empty()) && !value.is_null() {
        *value = MASK.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-4be1";

    fn pod() -> Value {
        let container = json!({
            "name": "c", "image": "i", "command": ["/bin/app", CANARY], "args": [CANARY, "--x"],
            "env": [{"name": "A", "value": CANARY}, {"name": "B", "value": ""}, {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "f"}}}],
            "livenessProbe": {"httpGet": {"path": format!("/live?token={CANARY}"), "httpHeaders": [{"name": "Authorization", "value": CANARY}]}},
            "readinessProbe": {"exec": {"command": ["sh", "-c", CANARY]}},
            "lifecycle": {"preStop": {"exec": {"command": ["sh", CANARY]}}},
        });
        json!({
            "metadata": {
                "name": "p", "namespace": "n", "uid": "u", "resourceVersion": "7",
                "annotations": {
                    LAST_APPLIED: CANARY, "a": format!("password={CANARY}"), "b": "plain",
                    "seccomp.security.alpha.kubernetes.io/pod": "localhost/x",
                },
                "managedFields": [
                    {"manager": "kubelet", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
                    {"manager": "b", "operation": "Update", "fieldsV1": {"f:spec": {}}, "time": "2026-01-01T00:00:00Z"},
                    {"manager": "a", "operation": "Apply", "fieldsV1": {"f:spec": {}}},
                    {"manager": "c", "operation": "Update", "fieldsV1": {"f:metadata": {}}},
                ],
            },
            "spec": {
                "containers": [container.clone()], "initContainers": [container.clone()], "ephemeralContainers": [container],
                "volumes": [
                    {"name": "v", "csi": {"driver": "d", "volumeAttributes": {"password": CANARY}}},
                    {"name": "g", "gitRepo": {"repository": format!("https://user:{CANARY}@git.example.com/r")}},
                ],
            },
            "status": {
                "phase": "Running", "message": CANARY, "podIP": "10.0.0.1",
                "containerStatuses": [{"name": "c", "user": {"linux": {"uid": 0}}, "state": {"terminated": {"message": CANARY}}}],
            },
        })
    }

    #[test]
    fn what_may_be_secret_is_not_kept_unless_asked_for() {
        for kind in ["Pod", "Deployment", "PodTemplate"] {
            let mut object = match kind {
                "Pod" => pod(),
                "Deployment" => json!({"metadata": {"name": "d"}, "spec": {"template": pod()}}),
                _ => json!({"metadata": {"name": "d"}, "template": pod()}),
            };
            if kind != "Pod" {
                // Templates have no status.
                let template = object.pointer_mut("/spec/template").map_or_else(Value::default, Value::take);
                let mut template = if template.is_null() { object["template"].take() } else { template };
                template.as_object_mut().unwrap().remove("status");
                if kind == "Deployment" {
                    object["spec"]["template"] = template;
                } else {
                    object["template"] = template;
                }
            }
            let mut whole = object.clone();
            lean(&mut object, "v1", kind, false);
            assert!(!object.to_string().contains(CANARY), "{object}");
            lean(&mut whole, "v1", kind, true);
            assert!(whole.to_string().contains(CANARY));
        }
    }

    #[test]
    fn templates_inside_of_specs_are_masked_too() {
        let secret =
            json!({"annotations": {LAST_APPLIED: CANARY, "a": format!("password={CANARY}"), "b": "plain"}});
        let url = format!("https://user:{CANARY}@hook.example.com/");
        let object = json!({
            "spec": {
                "jobTemplate": {"metadata": secret, "spec": {"template": {"metadata": secret}}},
                "volumeClaimTemplates": [{"metadata": secret}],
            },
            "webhooks": [{"name": "w", "clientConfig": {"url": url}}],
        });
        let (mut masked, mut whole) = (object.clone(), object);
        lean(&mut masked, "v1", "K", false);
        lean(&mut whole, "v1", "K", true);
        assert!(!masked.to_string().contains(CANARY), "{masked}");
        assert_eq!(masked["spec"]["jobTemplate"]["metadata"]["annotations"]["b"], "plain");
        assert_eq!(whole.to_string().matches(CANARY).count(), 7);
    }

    #[test]
    fn annotations_are_masked_by_their_keys_too() {
        let own = [
            ("x.io/password", CANARY),
            ("DB_PASSWORD", CANARY),
            ("awssecret", CANARY),
            ("acme.com/db-password", CANARY),
            ("text", "user: me\npassword: canary-4be1\nport: 1\n"),
            ("block", "password: |\n  canary-4be1\n  canary-4be1\nport: 1\n"),
            ("deep", "db:\n  token:\n    canary-4be1\n  port: 1\n"),
        ];
        // What engines decide by, or what names a secret and is none.
        let kept = [
            ("container.apparmor.security.beta.kubernetes.io/token-sync", "runtime/default"),
            ("container.seccomp.security.alpha.kubernetes.io/password", "localhost/x"),
            ("seawall.dev/ignore", "secret-in-annotation: password: of a test"),
            ("openshift.io/scc", "anyuid"),
            ("nginx.ingress.kubernetes.io/auth-secret", "basic-auth"),
            ("polaris.fairwinds.com/automountServiceAccountToken-exempt", "true"),
            ("sidecar.istio.io/status", "{}"),
            ("x.io/secretName", "web-tls"),
            ("x.io/password", ""),
        ];
        let annotations = |of: &[(&str, &str)]| -> Value {
            of.iter()
                .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
                .collect::<Map<_, _>>()
                .into()
        };
        let lean_of = |of: &[(&str, &str)]| {
            let mut object = json!({"metadata": {"annotations": annotations(of)}});
            lean(&mut object, "v1", "Pod", false);
            object["metadata"]["annotations"].take()
        };
        let masked = lean_of(&own);
        assert!(!masked.to_string().contains(CANARY), "{masked}");
        assert_eq!(masked["text"], "user: me\npassword: ***\nport: 1\n");
        assert_eq!(masked["block"], "password: |\n  ***\n  ***\nport: 1\n");
        assert_eq!(masked["deep"], "db:\n  token:\n    ***\n  port: 1\n");
        assert_eq!(lean_of(&kept), annotations(&kept));
    }

    #[test]
    fn what_looks_like_a_token_in_a_path_is_masked() {
        let token = "CANARYs3cr3t7781";
        let object = json!({
            "spec": {"containers": [{"name": "c",
                "livenessProbe": {"httpGet": {"path": format!("/hooks/{token}/live?a=b")}},
                "readinessProbe": {"httpGet": {"path": "/api/v1beta1/health-check/k8s-2024-readiness.html?verbose=1"}}}]},
            "webhooks": [{"name": "w", "clientConfig": {"url": format!("https://hook.example.com:8443/hook/{CANARY}")}}],
        });
        let mut masked = object.clone();
        lean(&mut masked, "v1", "K", false);
        let container = &masked["spec"]["containers"][0];
        assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/hooks/***/live?a=b");
        let readiness = &object["spec"]["containers"][0]["readinessProbe"];
        assert_eq!(&container["readinessProbe"], readiness);
        assert_eq!(masked["webhooks"][0]["clientConfig"]["url"], "https://hook.example.com:8443/***");
    }

    #[test]
    fn what_engines_read_is_kept() {
        let mut pod = pod();
        lean(&mut pod, "v1", "Pod", false);
        assert_eq!((&pod["apiVersion"], &pod["kind"]), (&json!("v1"), &json!("Pod")));
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["command"], json!(["/bin/app", "***"]));
        assert_eq!(container["env"][1]["value"], "");
        assert_eq!(container["env"][2]["valueFrom"]["fieldRef"]["fieldPath"], "f");
        let metadata = &pod["metadata"];
        assert_eq!(metadata["annotations"]["b"], "plain");
        assert_eq!(metadata["annotations"]["seccomp.security.alpha.kubernetes.io/pod"], "localhost/x");
        assert!(metadata.get("resourceVersion").is_none());
        assert_eq!(
            metadata["managedFields"],
            json!([{"manager": "a", "operation": "Apply"}, {"manager": "b", "operation": "Update"}])
        );
        assert_eq!(
            pod["status"],
            json!({"phase": "Running", "containerStatuses": [{"name": "c", "user": {"linux": {"uid": 0}}}]})
        );
    }

    #[test]
    fn what_says_which_pods_are_of_now_is_kept() {
        let set = |observed: u64| {
            let mut set = json!({
                "metadata": {"name": "db", "generation": 3},
                "status": {"replicas": 2, "observedGeneration": observed, "updateRevision": "db-7d", "currentRevision": "db-6c"},
            });
            lean(&mut set, "apps/v1", "StatefulSet", false);
            set["status"].take()
        };
        assert_eq!(set(3), json!({"replicas": 2, "updateRevision": "db-7d"}));
        assert_eq!(set(2), json!({"replicas": 2}));
        let job = |kind: &str| {
            let conditions = json!([{"type": kind, "status": "True", "message": CANARY}]);
            let mut job =
                json!({"metadata": {"name": "j"}, "status": {"conditions": conditions, "succeeded": 1}});
            lean(&mut job, "batch/v1", "Job", false);
            job["status"].take()
        };
        assert_eq!(job("Complete"), json!({"conditions": [{"type": "Complete", "status": "True"}]}));
        assert_eq!(job("Suspended"), Value::Null);
    }

    #[test]
    fn of_nodes_only_what_they_are_is_kept() {
        let mut node = json!({
            "metadata": {"name": "n"}, "spec": {"providerID": "x"},
            "status": {"conditions": [{"lastHeartbeatTime": "t"}], "nodeInfo": {"bootID": "b", "kubeletVersion": "v1.37.2", "operatingSystem": "linux"}},
        });
        lean(&mut node, "v1", "Node", false);
        assert!(node.get("spec").is_none());
        assert_eq!(
            node["status"],
            json!({"nodeInfo": {"kubeletVersion": "v1.37.2", "operatingSystem": "linux"}})
        );
    }
}
