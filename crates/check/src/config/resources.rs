//! `customResources`: where kinds that seawall does not know keep their pods.

use seawall_manifest::workload::{ConfiguredEntry, Form};
use seawall_yaml::{Kind, NodeRef};

use super::{ConfigError, error, only};

const FIELDS: [&str; 4] = ["apiVersion", "kind", "path", "form"];

pub(super) fn custom_resources(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<ConfiguredEntry> {
    let mut out = Vec::new();
    let hint = || Some("- {apiVersion: example.com/*, kind: Worker, path: spec.template}".to_owned());
    if value.resolved().kind() != Kind::Sequence {
        errors.push(error(value, "`customResources` must be a list", hint()));
        return out;
    }
    for item in value.items() {
        if !only(item, "a custom resource", &FIELDS, errors) {
            continue;
        }
        let field = |name: &str| item.get(name).and_then(NodeRef::as_str).map(str::to_owned);
        let form = match item.get("form").map(|form| (form, form.as_str())) {
            None | Some((_, Some("template"))) => Form::Template,
            Some((_, Some("podSpec"))) => Form::PodSpec,
            Some((node, _)) => {
                errors.push(error(node, "`form` must be template or podSpec", hint()));
                continue;
            }
        };
        match (field("apiVersion"), field("kind"), field("path")) {
            (Some(api_version), Some(kind), Some(path)) if !path.is_empty() => {
                out.push(ConfiguredEntry { api_version, kind, path, form });
            }
            _ => errors.push(error(
                item,
                "a custom resource needs the strings `apiVersion`, `kind` and `path`",
                hint(),
            )),
        }
    }
    out
}
