//! What the entries of the list ask of an object.

use serde_json::Value;

use super::super::{Seen, containers, is_zero};

pub(super) const WORKLOADS: [&str; 6] = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];
pub(super) const STORAGE: &str = "ephemeral-storage";

/// An amount in the container's resources; null where none is written.
fn amount(seen: &Seen<'_>, list: &str, name: &str) -> Value {
    seen.of_container("/resources")[list][name].clone()
}

pub(super) fn limit(seen: &Seen<'_>, name: &str) -> Value {
    amount(seen, "limits", name)
}

pub(super) fn request(seen: &Seen<'_>, name: &str) -> Value {
    amount(seen, "requests", name)
}

/// Whether an amount is written and is more than nothing.
pub(super) fn is_amount(amount: &Value) -> bool {
    !amount.is_null() && !is_zero(amount)
}

pub(super) fn limit_alone(seen: &Seen<'_>, name: &str) -> bool {
    request(seen, name).is_null() && is_amount(&limit(seen, name))
}

/// The resources whose requests and limits a check compares.
pub(super) fn compared(seen: &Seen<'_>) -> &'static [&'static str] {
    match seen.check {
        "container-cpu-requests-equal-limits" => &["cpu"],
        "container-memory-requests-equal-limits" => &["memory"],
        _ => &["cpu", "memory"],
    }
}

pub(super) fn of_whole(seen: &Seen<'_>, list: &str, name: &str) -> bool {
    is_amount(&seen.of_pod("/spec/resources")[list][name])
}

pub(super) fn of_whole_at_all(seen: &Seen<'_>, name: &str) -> bool {
    ["limits", "requests"].iter().any(|list| !seen.of_pod("/spec/resources")[*list][name].is_null())
}

pub(super) fn requested_as_whole(seen: &Seen<'_>, name: &str) -> bool {
    let written = !seen.of_pod("/spec/resources")["requests"][name].is_null();
    of_whole(seen, if written { "requests" } else { "limits" }, name)
}

pub(super) fn image<'a>(seen: &Seen<'a>) -> &'a str {
    seen.of_container("/image").as_str().unwrap_or_default()
}

pub(super) fn names_registry_port(seen: &Seen<'_>) -> bool {
    let image = image(seen);
    image.contains(':') && !image.rsplit('/').next().unwrap_or_default().contains([':', '@'])
}

/// Whether the image of a container is a reference; good enough for what is compared here.
pub(super) fn is_reference(seen: &Seen<'_>) -> bool {
    let (name, digest) =
        image(seen).split_once('@').map_or((image(seen), None), |(name, digest)| (name, Some(digest)));
    let (path, tag) = match name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((path, tag)) => (path, Some(tag)),
        None => (name, None),
    };
    let hex = |digest: &str| {
        digest
            .strip_prefix("sha256:")
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    !last.is_empty() && !last.contains(':') && tag != Some("") && digest.is_none_or(hex)
}

pub(super) fn ports<'a>(seen: &Seen<'a>) -> impl Iterator<Item = &'a Value> {
    seen.of_container("/ports").as_array().into_iter().flatten()
}

/// Whether a name of a port that is not too long has the syntax.
pub(super) fn has_syntax(name: &str) -> bool {
    name.is_empty()
        || (name.chars().any(|c| c.is_ascii_lowercase()) && !name.chars().any(|c| c.is_ascii_uppercase()))
}

pub(super) fn variables<'a>(seen: &Seen<'a>) -> impl Iterator<Item = &'a Value> {
    seen.of_container("/env").as_array().into_iter().flatten()
}

pub(super) fn is_windows(seen: &Seen<'_>) -> bool {
    seen.of_pod("/spec/os/name") == "windows"
}

/// The kinds whose deprecated versions kube-score knows.
pub(super) const AGED: [&str; 6] =
    ["Deployment", "StatefulSet", "DaemonSet", "Ingress", "CronJob", "PodDisruptionBudget"];

pub(super) fn objects<'a>(seen: &Seen<'a>, kind: &str) -> impl Iterator<Item = &'a Value> {
    seen.all.iter().filter(move |object| object["kind"] == kind)
}

/// The autoscalers that scale the object.
pub(super) fn scalers<'a>(seen: &Seen<'a>) -> Vec<&'a Value> {
    let names = |scaler: &&Value| {
        let target = &scaler["spec"]["scaleTargetRef"];
        target["kind"] == seen.kind() && target["name"] == seen.text("/metadata/name")
    };
    objects(seen, "HorizontalPodAutoscaler").filter(names).collect()
}

/// A number of replicas in the autoscalers that scale the object; the default where none is written.
pub(super) fn scaled(seen: &Seen<'_>, field: &'static str) -> impl Iterator<Item = i64> {
    let default = if field == "minReplicas" { 1 } else { i64::MAX };
    scalers(seen).into_iter().map(move |scaler| scaler["spec"][field].as_i64().unwrap_or(default))
}

/// Whether a label selector selects everything.
pub(super) fn is_empty_selector(selector: &Value) -> bool {
    ["matchLabels", "matchExpressions"].iter().all(|part| match &selector[*part] {
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => true,
    })
}

/// The terms of a pod's anti-affinity.
pub(super) fn terms<'a>(seen: &Seen<'a>) -> impl Iterator<Item = &'a Value> {
    let anti = seen.of_pod("/spec/affinity/podAntiAffinity");
    let list = |key: &str| anti[key].as_array().into_iter().flatten();
    let preferred =
        list("preferredDuringSchedulingIgnoredDuringExecution").map(|term| &term["podAffinityTerm"]);
    list("requiredDuringSchedulingIgnoredDuringExecution").chain(preferred)
}

/// The backends of an Ingress.
pub(super) fn backends<'a>(seen: &Seen<'a>) -> impl Iterator<Item = &'a Value> {
    let rules = seen.at("/spec/rules").as_array().into_iter().flatten();
    let paths = rules.flat_map(|rule| rule["http"]["paths"].as_array().into_iter().flatten());
    paths.map(|path| &path["backend"])
}

pub(super) fn service_ports(service: &Value) -> impl Iterator<Item = &Value> {
    service["spec"]["ports"].as_array().into_iter().flatten()
}

/// Whether a Service has a selector that selects these labels.
fn selects(service: &Value, labels: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let met = |(key, value): (&String, &Value)| labels.get(key).is_some_and(|of| text(of) == text(value));
    has_selector(service)
        && service["spec"]["selector"].as_object().is_some_and(|selector| selector.iter().all(met))
}

pub(super) fn has_selector(service: &Value) -> bool {
    let spec = &service["spec"];
    spec["type"] != "ExternalName"
        && spec["selector"].as_object().is_some_and(|selector| !selector.is_empty())
}

/// Whether a Service with a selector selects the object's pods.
pub(super) fn is_served(seen: &Seen<'_>) -> bool {
    objects(seen, "Service").any(|service| selects(service, seen.of_pod("/metadata/labels")))
}

/// Whether no Service leads to the pods but to kube-score.
pub(super) fn leads_by_mistake(seen: &Seen<'_>) -> bool {
    objects(seen, "Service").any(|service| !has_selector(service)) && !is_served(seen)
}

pub(super) fn any_container(seen: &Seen<'_>, field: &str) -> bool {
    containers(seen.object)
        .iter()
        .any(|(class, container)| *class != "ephemeralContainers" && !container[field].is_null())
}

/// Whether the pods can only be a patch of others: they have no containers, or one that says nothing of its image.
pub(super) fn is_part(seen: &Seen<'_>) -> bool {
    let whole = |list: &Vec<Value>| !list.is_empty() && list.iter().all(|one| one.get("image").is_some());
    !seen.of_pod("/spec/containers").as_array().is_some_and(whole)
}

/// Whether a text is a key of a label; good enough for what is compared here.
pub(super) fn is_label_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').unwrap_or(("a", key));
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    !name.contains('/')
        && end(name.chars().next())
        && end(name.chars().last())
        && !prefix.chars().any(|c| c.is_ascii_uppercase())
}

/// The readiness and liveness probes of containers that have both.
pub(super) fn probes<'a>(seen: &Seen<'a>) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let all = containers(seen.object)
        .into_iter()
        .map(|(_, container)| (&container["readinessProbe"], &container["livenessProbe"]));
    all.filter(|(ready, alive)| !ready.is_null() && !alive.is_null())
}

pub(super) fn is_root(probe: &Value) -> bool {
    probe["httpGet"].is_object() && ["", "/"].contains(&probe["httpGet"]["path"].as_str().unwrap_or_default())
}

/// Whether a Service with a selector leads to a port of a container that runs as long as the pod.
pub(super) fn is_led_to(seen: &Seen<'_>) -> bool {
    let all = containers(seen.object);
    let mut running = all.iter().filter(|(class, container)| {
        *class == "containers" || (*class == "initContainers" && container["restartPolicy"] == "Always")
    });
    let alone = all.iter().filter(|(class, _)| *class == "containers").count() == 1;
    let ports = |container: &Value| container["ports"].as_array().cloned().unwrap_or_default();
    let declared = |number: &Value| {
        all.iter().flat_map(|(_, container)| ports(container)).any(|port| port["containerPort"] == *number)
    };
    let labels = seen.of_pod("/metadata/labels");
    let targets: Vec<Value> = objects(seen, "Service")
        .filter(|service| selects(service, labels))
        .flat_map(service_ports)
        .map(|port| match &port["targetPort"] {
            target if target.is_null() || *target == 0 || target == "" => port["port"].clone(),
            target => target.clone(),
        })
        .collect();
    running.any(|(class, container)| {
        targets.iter().any(|target| match target.as_str() {
            Some(name) => ports(container).iter().any(|port| port["name"] == name),
            None if target.is_null() => false,
            None => {
                ports(container).iter().any(|port| port["containerPort"] == *target)
                    || (alone && *class == "containers" && !declared(target))
            }
        })
    })
}

/// Whether the API server refuses a label selector; good enough for what is compared here.
pub(super) fn is_refused(selector: &Value) -> bool {
    let labels = selector["matchLabels"].as_object();
    let expressions = selector["matchExpressions"].as_array();
    let bad_value = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        !(text.is_empty() || is_label_key(text) && !text.contains(' ') && text.is_ascii())
    };
    labels.is_some_and(|labels| labels.iter().any(|(key, value)| !is_label_key(key) || bad_value(value)))
        || expressions.into_iter().flatten().any(|expression| {
            let values = expression["values"].as_array().is_some_and(|values| !values.is_empty());
            let takes = match expression["operator"].as_str() {
                Some("In" | "NotIn") => Some(true),
                Some("Exists" | "DoesNotExist") => Some(false),
                _ => None,
            };
            takes != Some(values)
                || !expression["key"].as_str().is_some_and(is_label_key)
                || expression["values"].as_array().into_iter().flatten().any(bad_value)
        })
}
