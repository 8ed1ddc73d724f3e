//! Random configurations, namespaces and reviews.

use crate::reviews::{CONTROLLERS, configuration, controller, namespace, post, request, with, without};
use crate::scenario::Scenario;
use seawall_conformance::random_pods::{self, Rng};
use serde_json::{Map, Value, json};

/// How many reviews a scenario has.
pub(crate) const REVIEWS: usize = 25;

const LEVELS: [&str; 10] = [
    "privileged",
    "baseline",
    "baseline",
    "baseline",
    "restricted",
    "restricted",
    "restricted",
    "",
    "Baseline",
    "a\"\u{a0}",
];
const VERSIONS: [&str; 16] = [
    "latest",
    "latest",
    "v1.0",
    "v1.18",
    "v1.22",
    "v1.25",
    "v1.30",
    "v1.34",
    "v1.35",
    "v1.37",
    "v1.38",
    "v1.99",
    "v1.01",
    "1.25",
    "",
    "v1.99999999999999999999",
];
const NAMESPACES: [&str; 7] = ["a", "b", "c", "exempt", "unknown", "", "a/b"];
const USERS: [&str; 4] = ["user", "admin", "", "system:serviceaccount:a:b"];
const CLASSES: [&str; 4] = ["kata", "gvisor", "", "Kata"];
const MODES: [&str; 3] = ["enforce", "audit", "warn"];

/// A scenario with [`REVIEWS`] reviews.
pub(crate) fn scenario(rng: &mut Rng) -> Scenario {
    let labels: Vec<Map<String, Value>> =
        ["a", "b", "c", "exempt"].iter().map(|_| random_labels(rng)).collect();
    let namespaces =
        ["a", "b", "c", "exempt"].iter().zip(&labels).map(|(name, labels)| labelled(name, labels)).collect();
    let pods = (0..rng.below(7)).map(|i| listed(rng, i)).collect();
    Scenario {
        configuration: random_configuration(rng),
        namespaces,
        lookup_error: if rng.one_in(40) { "no route to host".into() } else { String::new() },
        pods,
        list_error: rng.one_in(30),
        cancelled: rng.one_in(6),
        posts: (0..REVIEWS).map(|_| post(random_request(rng, &labels))).collect(),
        ..Scenario::default()
    }
}

fn random_labels(rng: &mut Rng) -> Map<String, Value> {
    let mut labels = Map::new();
    if rng.one_in(8) {
        return labels;
    }
    // Half of the namespaces have valid labels only.
    let (levels, versions) =
        if rng.one_in(2) { (&LEVELS[..7], &VERSIONS[..12]) } else { (&LEVELS[..], &VERSIONS[..]) };
    for mode in MODES {
        if rng.one_in(2) {
            labels.insert(crate::reviews::label(mode), json!(rng.pick(levels)));
        }
        if rng.one_in(3) {
            labels.insert(crate::reviews::label(&format!("{mode}-version")), json!(rng.pick(versions)));
        }
    }
    if rng.one_in(4) {
        labels.insert("app".into(), json!("x"));
    }
    labels
}

fn labelled(name: &str, labels: &Map<String, Value>) -> Value {
    let mut namespace = namespace(name, &[]);
    namespace["metadata"]["labels"] = json!(labels);
    namespace
}

fn random_configuration(rng: &mut Rng) -> String {
    if rng.one_in(3) {
        return String::new();
    }
    // Few are refused: a scenario with a refused configuration tells nothing of its reviews.
    let valid = !rng.one_in(25);
    let (levels, versions) =
        if valid { (&LEVELS[..8], &VERSIONS[..12]) } else { (&LEVELS[..], &VERSIONS[..]) };
    let mut defaults = Map::new();
    for mode in MODES {
        if rng.one_in(3) {
            defaults.insert(mode.into(), json!(rng.pick(levels)));
        }
        if rng.one_in(4) {
            defaults.insert(format!("{mode}-version"), json!(rng.pick(versions)));
        }
    }
    let mut exemptions = Map::new();
    if rng.one_in(2) {
        exemptions.insert("namespaces".into(), json!(rng.pick(&[&["exempt"][..], &["exempt", "b"], &[]])));
    }
    if rng.one_in(2) {
        exemptions.insert(
            "usernames".into(),
            json!(rng.pick(&[&["admin"][..], &["admin", "system:serviceaccount:a:b"]])),
        );
    }
    if rng.one_in(2) {
        exemptions.insert("runtimeClasses".into(), json!(rng.pick(&[&["kata"][..], &["gvisor", "kata"]])));
    }
    if !valid && rng.one_in(2) {
        let odd = ["", "A", "a.b", "a", "a", "-", "x\"", "ü"];
        let list: Vec<&str> = (0..rng.below(5)).map(|_| rng.pick(&odd)).collect();
        exemptions.insert(rng.pick(&["namespaces", "usernames", "runtimeClasses"]).into(), json!(list));
    }
    if !valid && rng.one_in(4) {
        exemptions.insert("unknown".into(), json!(1));
    }
    configuration(json!({"defaults": defaults, "exemptions": exemptions}))
}

/// A random pod, with images and now and then a runtime class.
fn random_pod(rng: &mut Rng) -> Value {
    let mut pod = if rng.one_in(3) { random_pods::arbitrary(rng) } else { random_pods::near(rng) };
    for class in ["initContainers", "containers", "ephemeralContainers"] {
        for container in pod["spec"][class].as_array_mut().into_iter().flatten() {
            if !rng.one_in(4) {
                container["image"] = json!(rng.pick(&["i:1", "i:2", ""]));
            }
        }
    }
    if rng.one_in(8) {
        pod["spec"]["runtimeClassName"] = json!(rng.pick(&CLASSES));
    }
    pod
}

/// A pod of a list, now and then of a controller.
fn listed(rng: &mut Rng, index: usize) -> Value {
    let mut pod = random_pod(rng);
    pod["metadata"]["name"] =
        json!(rng.pick(&[format!("p{index}"), format!("q{}", 9 - index), "x".to_owned()].each_ref()));
    if rng.one_in(2) {
        pod["metadata"]["ownerReferences"] = json!([{"uid": rng.pick(&["1", "2", ""]), "controller": rng.pick(&[Some(true), Some(true), Some(false), None])}]);
    }
    pod
}

/// An object with something else in one place.
fn mistyped(rng: &mut Rng, mut object: Value) -> Value {
    let mut at = &mut object;
    loop {
        let count = match at {
            Value::Object(map) => map.len(),
            Value::Array(list) => list.len(),
            _ => 0,
        };
        if count == 0 || rng.one_in(6) {
            let values = [
                json!(null),
                json!("x"),
                json!(1),
                json!(-1),
                json!(1.5),
                json!(true),
                json!([]),
                json!({}),
                json!(["x"]),
                json!([null]),
                json!({"x": 1}),
                json!(3_000_000_000_u64),
            ];
            *at = rng.pick(&values.each_ref()).clone();
            return object;
        }
        let index = rng.below(count);
        at = match at {
            Value::Object(map) => map.values_mut().nth(index).expect("there"),
            Value::Array(list) => &mut list[index],
            _ => unreachable!("it has items"),
        };
    }
}

/// The pod before an update.
fn older(rng: &mut Rng, pod: &Value) -> Value {
    let mut old = pod.clone();
    for _ in 0..rng.below(3) {
        let class = rng.pick(&["initContainers", "containers", "ephemeralContainers"]);
        let Some(list) = old["spec"][class].as_array_mut() else { continue };
        if list.is_empty() {
            continue;
        }
        let index = rng.below(list.len());
        match rng.below(6) {
            0 => {
                list.remove(index);
            }
            1 => list.push(json!({"name": "more", "image": "i:1"})),
            2 => list.reverse(),
            3 => list[index]["image"] = json!("i:2"),
            4 => list[index]["name"] = json!("b"),
            _ => list[index]["securityContext"] = json!(null),
        }
    }
    if rng.one_in(5) { random_pod(rng) } else { old }
}

/// An object as a request has it: with its kind, or without.
fn typed(rng: &mut Rng, object: Value, api_version: &str, kind: &str) -> Value {
    let object = with(object, json!({"apiVersion": api_version, "kind": kind}));
    match rng.below(30) {
        0 => without(object, "kind"),
        1 => without(object, "apiVersion"),
        2 => without(without(object, "kind"), "apiVersion"),
        3 => with(object, json!({"kind": rng.pick(&["Service", "Pod", "Deployment", "pod", "Namespace"])})),
        4 => with(
            object,
            json!({"apiVersion": rng.pick(&["v1", "apps/v1", "batch/v1", "v2", "/v1", "apps/v1beta1"])}),
        ),
        5 => json!(null),
        6..=8 => mistyped(rng, object),
        _ => object,
    }
}

fn random_request(rng: &mut Rng, labels: &[Map<String, Value>]) -> Value {
    let operation =
        rng.pick(&["CREATE", "CREATE", "CREATE", "UPDATE", "UPDATE", "UPDATE", "DELETE", "CONNECT"]);
    let made = match rng.below(8) {
        0..=3 => {
            let new = random_pod(rng);
            let old = older(rng, &new);
            let (new, old) = (typed(rng, new, "v1", "Pod"), typed(rng, old, "v1", "Pod"));
            with(request("", "Pod", "pods", operation), json!({"object": new, "oldObject": old}))
        }
        4 | 5 => {
            let (group, kind, resource) =
                if rng.one_in(20) { ("", "Service", "services") } else { rng.pick(&CONTROLLERS) };
            let object = controller(group, kind, &random_pod(rng));
            let version = object["apiVersion"].as_str().expect("a text").to_owned();
            let object = typed(rng, object, &version, kind);
            with(request(group, kind, resource, operation), json!({"object": object, "oldObject": null}))
        }
        _ => {
            let at = rng.below(labels.len());
            let name = ["a", "b", "c", "exempt"][at];
            let new = if rng.one_in(3) { labels[at].clone() } else { random_labels(rng) };
            let (new, old) = (labelled(name, &new), labelled(name, &labels[at]));
            let (new, old) = (typed(rng, new, "v1", "Namespace"), typed(rng, old, "v1", "Namespace"));
            let request = request("", "Namespace", "namespaces", operation);
            return with(request, json!({"name": name, "namespace": name, "object": new, "oldObject": old}));
        }
    };
    let namespace = if rng.one_in(4) { rng.pick(&NAMESPACES) } else { rng.pick(&NAMESPACES[..3]) };
    let user = if rng.one_in(6) { rng.pick(&USERS) } else { "user" };
    let mut made = with(made, json!({"namespace": namespace, "userInfo": {"username": user}}));
    if rng.one_in(10) {
        made["name"] = json!(rng.pick(&["", "a\"b", "ü\u{a0}"]));
    }
    if rng.one_in(10) {
        let names = ["ephemeralcontainers", "resize", "status", "exec", "scale", "unknown"];
        made["requestSubResource"] = json!(rng.pick(&names));
        made["subResource"] = json!(rng.pick(&names));
    }
    made
}
