//! Random files: workloads and what refers to them, in few names and labels so that they meet, with values at the edges of what
//! the checks look at. Everything is of the type that Kubernetes wants, but for what [`spoiled`] changes.

mod pods;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rng::Rng;
use pods::pod_spec;

const NAMESPACES: &[&str] = &["", "", "", "", "a", "default"];
const NAMES: &[&str] = &["web", "web", "web", "web", "db", ""];
const KEYS: &[&str] =
    &["app", "app", "app", "tier", "example.com/part", "A_b.c", "-bad", "a/b/c", "UP.er/x", ""];
const VALUES: &[&str] =
    &["web", "web", "web", "db", "v1.2", "a_b", "", "-bad", "bad.", "ünïcode", "with blank", "x/y"];
const CHECKS: &[&str] = &[
    "container-resources",
    "container-image-tag",
    "container-ports-check",
    "container-seccomp-profile",
    "pod-networkpolicy",
    "deployment-replicas",
    "service-type",
    "label-values",
    "container-ephemeral-storage-request-and-limit",
    "pod-probes",
    "stable-version",
    "*",
];

/// The generator of the file with this number.
pub(crate) fn numbered(seed: u64, index: u64) -> Rng {
    Rng::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(index))
}

/// A mapping; fields are put in as often as their odds say.
struct Fields<'r> {
    rng: &'r mut Rng,
    map: Map<String, Value>,
}

impl<'r> Fields<'r> {
    fn new(rng: &'r mut Rng) -> Self {
        Self { rng, map: Map::new() }
    }

    /// Puts a field in once in `odds` times, and then null now and then.
    fn one_in(mut self, odds: usize, key: &str, value: impl FnOnce(&mut Rng) -> Value) -> Self {
        if self.rng.one_in(odds) {
            let value = if self.rng.one_in(40) { Value::Null } else { value(self.rng) };
            self.map.insert(key.to_owned(), value);
        }
        self
    }

    /// Puts a field in but once in `odds` times.
    fn mostly(self, odds: usize, key: &str, value: impl FnOnce(&mut Rng) -> Value) -> Self {
        if self.rng.one_in(odds) { self } else { self.one_in(1, key, value) }
    }

    fn value(self) -> Value {
        self.map.into()
    }
}

fn text(from: &'static [&'static str]) -> impl Fn(&mut Rng) -> Value + Copy {
    move |rng| json!(rng.pick(from))
}

fn boolean(rng: &mut Rng) -> Value {
    json!(rng.one_in(2))
}

fn number(from: &'static [i64]) -> impl Fn(&mut Rng) -> Value {
    move |rng| json!(from[rng.below(from.len())])
}

fn list(rng: &mut Rng, up_to: usize, item: impl Fn(&mut Rng) -> Value) -> Value {
    (0..rng.below(up_to + 1)).map(|_| item(rng)).collect()
}

/// Labels: mostly ones that selectors know.
fn labels(rng: &mut Rng) -> Value {
    if !rng.one_in(4) {
        return json!({"app": rng.pick(&["web", "web", "db"])});
    }
    let mut map = Map::new();
    for _ in 0..rng.below(4) {
        let value = if rng.one_in(20) { Value::Null } else { json!(rng.pick(VALUES)) };
        map.insert(rng.pick(KEYS).to_owned(), value);
    }
    map.into()
}

fn selector(rng: &mut Rng) -> Value {
    let expression = |rng: &mut Rng| {
        let operator = rng.pick(&["In", "In", "NotIn", "Exists", "DoesNotExist", "in", ""]);
        let fields =
            Fields::new(rng).mostly(12, "key", text(KEYS)).mostly(20, "operator", |_| json!(operator));
        let values = |rng: &mut Rng| {
            let some = operator.ends_with("In") != rng.one_in(10);
            if some { list(rng, 2, |rng| json!(rng.pick(VALUES))) } else { json!([]) }
        };
        fields.mostly(4, "values", values).value()
    };
    Fields::new(rng)
        .mostly(3, "matchLabels", labels)
        .one_in(4, "matchExpressions", |rng| list(rng, 2, expression))
        .value()
}

fn annotations(rng: &mut Rng) -> Value {
    let mut map = Map::new();
    for _ in 0..rng.below(3) {
        let (key, value) = match rng.below(4) {
            0 | 1 => {
                let key = if rng.one_in(2) { "kube-score/ignore" } else { "kube-score/enable" };
                let ids: Vec<&str> = (0..rng.below(4)).map(|_| rng.pick(CHECKS)).collect();
                (key.to_owned(), ids.join(rng.pick(&[",", ", ", " ,\t", ";"])))
            }
            2 => {
                let prefix = rng.pick(&[
                    "container.apparmor.security.beta.kubernetes.io/",
                    "seccomp.security.alpha.kubernetes.io/",
                    "xseccomp.security.alpha.kubernetes.io/",
                ]);
                let name = rng.pick(&["pod", "pod", "web", "web1", "a.b-c", "defaultProfileName", ""]);
                let value = rng.pick(&[
                    "unconfined",
                    "unconfined",
                    "runtime/default",
                    "unconfined x",
                    "unconfined-not",
                    "x unconfined",
                ]);
                (format!("{prefix}{name}"), value.to_owned())
            }
            _ => (rng.pick(KEYS).to_owned(), rng.pick(VALUES).to_owned()),
        };
        map.insert(key, json!(value));
    }
    map.into()
}

fn template(rng: &mut Rng) -> Value {
    let metadata = |rng: &mut Rng| {
        Fields::new(rng).mostly(8, "labels", labels).one_in(6, "annotations", annotations).value()
    };
    Fields::new(rng).mostly(20, "metadata", metadata).mostly(30, "spec", pod_spec).value()
}

fn metadata(rng: &mut Rng) -> Value {
    Fields::new(rng)
        .mostly(20, "name", text(NAMES))
        .one_in(2, "namespace", text(NAMESPACES))
        .one_in(2, "labels", labels)
        .one_in(4, "annotations", annotations)
        .value()
}

const API_VERSIONS: &[&str] = &[
    "apps/v1",
    "apps/v1",
    "apps/v1",
    "apps/v1",
    "apps/v1beta2",
    "apps/v1beta1",
    "extensions/v1beta1",
    "/v1",
];

fn workload(rng: &mut Rng) -> (&'static str, &'static str, Value) {
    let spec = |rng: &mut Rng| {
        let claims = |rng: &mut Rng| {
            let storage = |rng: &mut Rng| Fields::new(rng).mostly(3, "storage", text(&["1Gi"])).value();
            let resources = |rng: &mut Rng| Fields::new(rng).mostly(4, "requests", storage).value();
            let modes =
                |rng: &mut Rng| list(rng, 2, |rng| json!(rng.pick(&["ReadWriteOnce", "ReadWriteMany"])));
            let spec = |rng: &mut Rng| {
                Fields::new(rng).mostly(4, "accessModes", modes).mostly(4, "resources", resources).value()
            };
            list(rng, 2, |rng| Fields::new(rng).mostly(8, "spec", spec).value())
        };
        let strategy = |rng: &mut Rng| {
            Fields::new(rng).mostly(5, "type", text(&["RollingUpdate", "Recreate", ""])).value()
        };
        let kind = rng.below(3);
        let fields = Fields::new(rng)
            .mostly(2, "replicas", number(&[0, 1, 2, 3, -1]))
            .mostly(12, "selector", selector)
            .mostly(25, "template", template);
        match kind {
            0 => fields.mostly(4, "serviceName", text(NAMES)).one_in(2, "volumeClaimTemplates", claims),
            1 => fields.one_in(3, "strategy", strategy),
            _ => fields,
        }
        .value()
    };
    match rng.below(10) {
        0..=3 => (rng.pick(API_VERSIONS), "Deployment", spec(rng)),
        4..=6 => (rng.pick(API_VERSIONS), "StatefulSet", spec(rng)),
        7 => (rng.pick(&["apps/v1", "apps/v1beta2", "extensions/v1beta1"]), "DaemonSet", spec(rng)),
        8 => ("batch/v1", "Job", spec(rng)),
        _ => (rng.pick(&["apps/v1", "batch/v2"]), rng.pick(&["ReplicaSet", "deployment", "Job"]), spec(rng)),
    }
}

fn service(rng: &mut Rng) -> Value {
    let port = |rng: &mut Rng| {
        Fields::new(rng)
            .mostly(15, "port", number(&[80, 443, 8080, 0]))
            .one_in(2, "name", text(&["http", "https", ""]))
            .one_in(3, "targetPort", pods::port)
            .value()
    };
    Fields::new(rng)
        .mostly(8, "selector", labels)
        .one_in(3, "type", text(&["ClusterIP", "NodePort", "LoadBalancer", "ExternalName", ""]))
        .one_in(2, "clusterIP", text(&["None", "None", "None", "none", ""]))
        .mostly(6, "ports", |rng| list(rng, 2, port))
        .value()
}

fn ingress(rng: &mut Rng, stable: bool) -> Value {
    let backend = |rng: &mut Rng| {
        let port = |rng: &mut Rng| {
            Fields::new(rng)
                .one_in(2, "number", number(&[80, 443, 8080, 0]))
                .one_in(2, "name", text(&["http", "https", "", "x"]))
                .value()
        };
        let service =
            |rng: &mut Rng| Fields::new(rng).mostly(10, "name", text(NAMES)).mostly(6, "port", port).value();
        let old = pods::port;
        if stable {
            Fields::new(rng).mostly(8, "service", service).value()
        } else {
            Fields::new(rng).mostly(8, "serviceName", text(NAMES)).mostly(8, "servicePort", old).value()
        }
    };
    let path = |rng: &mut Rng| {
        Fields::new(rng).mostly(6, "path", text(&["/", "/a", ""])).mostly(12, "backend", backend).value()
    };
    let http = |rng: &mut Rng| Fields::new(rng).mostly(8, "paths", |rng| list(rng, 2, path)).value();
    let rule = |rng: &mut Rng| Fields::new(rng).mostly(8, "http", http).value();
    Fields::new(rng).mostly(8, "rules", |rng| list(rng, 2, rule)).value()
}

fn network_policy(rng: &mut Rng) -> Value {
    let types = |rng: &mut Rng| list(rng, 2, |rng| json!(rng.pick(&["Ingress", "Egress", "egress"])));
    Fields::new(rng)
        .mostly(8, "podSelector", selector)
        .mostly(2, "policyTypes", types)
        .one_in(2, "egress", |rng| list(rng, 1, |_| json!({})))
        .one_in(3, "ingress", |rng| list(rng, 1, |_| json!({})))
        .value()
}

fn autoscaler(rng: &mut Rng) -> Value {
    let target = |rng: &mut Rng| {
        Fields::new(rng)
            .mostly(8, "apiVersion", text(&["apps/v1", "apps/v1", "apps/v1", "apps/v1beta1", "v1", ""]))
            .mostly(12, "kind", text(&["Deployment", "Deployment", "deployment", "StatefulSet", "Service"]))
            .mostly(12, "name", text(NAMES))
            .value()
    };
    Fields::new(rng)
        .mostly(8, "scaleTargetRef", target)
        .mostly(3, "minReplicas", number(&[0, 1, 2, 3, 4]))
        .mostly(3, "maxReplicas", number(&[1, 2, 3, 4, 10]))
        .value()
}

fn budget(rng: &mut Rng) -> Value {
    // An invalid selector ends the run of kube-score: see there.
    let selector = |rng: &mut Rng| match rng.below(60) {
        0 => selector(rng),
        1..=10 => json!({}),
        _ => json!({"matchLabels": {"app": rng.pick(&["web", "web", "db"])}}),
    };
    let amount = |rng: &mut Rng| if rng.one_in(2) { json!(1) } else { json!("50%") };
    Fields::new(rng)
        .mostly(8, "selector", selector)
        .one_in(3, "minAvailable", amount)
        .one_in(3, "maxUnavailable", amount)
        .value()
}

fn cron_job(rng: &mut Rng) -> Value {
    let job_spec = |rng: &mut Rng| Fields::new(rng).mostly(15, "template", template).value();
    let job = |rng: &mut Rng| Fields::new(rng).mostly(15, "spec", job_spec).value();
    Fields::new(rng)
        .one_in(2, "startingDeadlineSeconds", number(&[0, 10]))
        .mostly(15, "jobTemplate", job)
        .value()
}

/// An object.
fn object(rng: &mut Rng) -> Value {
    let (api_version, kind, spec) = match rng.below(16) {
        0..=4 => workload(rng),
        5 => {
            // A pod has its fields where a template has them.
            let mut pod = template(rng);
            pod["apiVersion"] = json!(rng.pick(&["v1", "v1", "v1", "/v1", "a/b/c"]));
            pod["kind"] = json!("Pod");
            let own = metadata(rng);
            if let (Some(of_pod), Value::Object(own)) = (pod["metadata"].as_object_mut(), own) {
                of_pod.extend(own.into_iter().filter(|(key, _)| key != "labels"));
            }
            return pod;
        }
        6..=8 => ("v1", "Service", service(rng)),
        9 | 10 => ("networking.k8s.io/v1", "NetworkPolicy", network_policy(rng)),
        11 => {
            let version = rng.pick(&[
                "autoscaling/v1",
                "autoscaling/v2",
                "autoscaling/v2beta1",
                "autoscaling/v2beta2",
                "autoscaling/v3",
            ]);
            (version, "HorizontalPodAutoscaler", autoscaler(rng))
        }
        12 => (rng.pick(&["policy/v1", "policy/v1beta1"]), "PodDisruptionBudget", budget(rng)),
        13 => {
            let version =
                rng.pick(&["networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"]);
            (version, "Ingress", ingress(rng, version == "networking.k8s.io/v1"))
        }
        14 => (rng.pick(&["batch/v1", "batch/v1", "batch/v1beta1"]), "CronJob", cron_job(rng)),
        _ => {
            let kind = rng.pick(&["RoleBinding", "ConfigMap", "Namespace"]);
            let subjects = list(rng, 2, |rng| json!({"name": rng.pick(&["system:anonymous", "bob"])}));
            return json!({"apiVersion": "v1", "kind": kind, "metadata": metadata(rng), "subjects": subjects});
        }
    };
    let fields = Fields::new(rng).mostly(40, "metadata", metadata).mostly(60, "spec", |_| spec);
    let mut object = fields.value();
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    object
}

/// The documents of a file; objects are in lists now and then.
pub(crate) fn file(rng: &mut Rng) -> Vec<Value> {
    let mut documents: Vec<Value> = (0..=rng.below(8)).map(|_| object(rng)).collect();
    if rng.one_in(12) {
        let (api_version, kind) =
            *rng.pick(&[&("v1", "List"), &("v1", "List"), &("v1", "PodList"), &("v2", "List")]);
        let mut items = std::mem::take(&mut documents);
        documents.extend(items.pop());
        if rng.one_in(3) {
            items = vec![json!({"apiVersion": "v1", "kind": "List", "items": items})];
        }
        documents.push(json!({"apiVersion": api_version, "kind": kind, "items": items}));
    }
    documents
}

/// The same documents as those of one namespace: each object has an identity of its own, and each container of a pod a name.
pub(crate) fn distinct(documents: Vec<Value>) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let mut all = documents;
    all.retain_mut(|document| is_new(document, &mut known));
    all
}

fn is_new(document: &mut Value, known: &mut BTreeSet<String>) -> bool {
    if let Some(items) = document.get_mut("items").and_then(Value::as_array_mut) {
        items.retain_mut(|item| is_new(item, known));
        return true;
    }
    if !document["metadata"].is_object() {
        document["metadata"] = json!({});
    }
    let name =
        document["metadata"]["name"].as_str().filter(|name| !name.is_empty()).unwrap_or("other").to_owned();
    document["metadata"]["name"] = json!(name);
    document["metadata"].as_object_mut().and_then(|metadata| metadata.remove("namespace"));
    name_containers(document);
    known.insert(format!("{} {} {name}", document["apiVersion"], document["kind"]))
}

fn name_containers(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    for (key, value) in map.iter_mut() {
        match value.as_array_mut().filter(|_| key.ends_with("ontainers")) {
            Some(containers) => {
                for (index, container) in containers.iter_mut().enumerate() {
                    container["name"] = json!(format!("{}-{index}", key.to_ascii_lowercase()));
                }
            }
            None => name_containers(value),
        }
    }
}

/// A document in which some value is now something else, with even odds; of any type.
pub(crate) fn spoiled(mut document: Value, rng: &mut Rng) -> Value {
    for _ in 0..rng.below(3) {
        spoil(&mut document, rng);
    }
    document
}

fn spoil(value: &mut Value, rng: &mut Rng) {
    let inside: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(map) => map.values_mut().collect(),
        _ => Vec::new(),
    };
    let count = inside.len();
    if count > 0 && !rng.one_in(8) {
        let at = rng.below(count);
        return inside.into_iter().nth(at).map(|value| spoil(value, rng)).unwrap_or_default();
    }
    // What is meant for a list is given as its only item.
    if let Value::Array(items) = value
        && !rng.one_in(3)
        && let Some(item) = items.pop()
    {
        *value = item;
        return;
    }
    *value = match rng.below(12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!(20000),
        4 => json!(1.5e-7),
        5 => json!(1e21),
        6 => json!("SYS_ADMIN ALL /proc <nil>"),
        7 => json!([]),
        8 => json!([null, "ALL", {"name": "system:anonymous"}]),
        9 => json!({}),
        10 => json!({"securityContext": {"privileged": true, "capabilities": {"drop": {"ALL": [1.0]}}}}),
        _ => json!("Unconfined"),
    };
}
