//! Ingresses of every version of their API.

use seawall_manifest::objects::Object;
use seawall_yaml::NodeRef;

/// Whether an object is an Ingress of Kubernetes.
pub(crate) fn is_ingress(object: &Object<'_>) -> bool {
    object.kind == "Ingress" && matches!(object.group(), "networking.k8s.io" | "extensions")
}

/// The hosts of the rules, with their positions; `None` for rules without one, which are for any. A host of a wrong type is
/// passed over: the API server refuses it.
pub(crate) fn hosts(spec: NodeRef<'_>) -> impl Iterator<Item = (usize, Option<&str>)> {
    let rules = spec.get("rules").into_iter().flat_map(NodeRef::items).enumerate();
    rules.filter_map(|(index, rule)| {
        let host = rule.get("host").filter(|host| !host.is_null());
        match host {
            None => Some((index, None)),
            Some(host) => host.as_str().map(|text| (index, Some(text).filter(|text| !text.is_empty()))),
        }
    })
}
