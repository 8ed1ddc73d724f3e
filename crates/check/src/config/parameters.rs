//! `parameters`: what is set about checks beyond the standard.

use seawall_hardening::Params;
use seawall_yaml::NodeRef;

use super::{ConfigError, error, only, strings};

pub(super) fn parameters(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Params {
    const KEYS: [&str; 5] = ["minimumReplicas", "highId", "registries", "priorityClasses", "harmlessNames"];
    let mut params = Params::default();
    if !only(value, "`parameters`", &KEYS, errors) {
        return params;
    }
    let set = |key: &str| value.get(key).filter(|node| !node.is_null());
    let numbers = [("minimumReplicas", &mut params.minimum_replicas), ("highId", &mut params.high_id)];
    for (key, field) in numbers {
        let Some(node) = set(key) else { continue };
        match node.json_number().and_then(|text| text.parse().ok()).filter(|number| *number > 0) {
            Some(number) => *field = number,
            None => errors.push(error(node, format!("`{key}` must be a whole number above 0"), None)),
        }
    }
    let lists = [
        ("registries", &mut params.registries),
        ("priorityClasses", &mut params.priority_classes),
        ("harmlessNames", &mut params.harmless_names),
    ];
    for (key, field) in lists {
        let Some(node) = set(key) else { continue };
        *field = strings(node, key, errors).into_iter().map(|(text, _)| text).collect();
    }
    params
}
