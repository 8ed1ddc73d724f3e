//! `customResources`: where kinds that seawall does not know keep their pods.

use seawall_manifest::workload::{ConfiguredEntry, Form};
use seawall_yaml::{Kind, NodeRef};

use super::{ConfigError, error};

pub(super) fn custom_resources(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<ConfiguredEntry> {
    let mut out = Vec::new();
    let hint = || Some("- {apiVersion: example.com/*, kind: Worker, path: spec.template}".to_owned());
    if value.resolved().kind() != Kind::Sequence {
        errors.push(error(value, "`customResources` must be a list", hint()));
        return out;
    }
    for item in value.items() {
        let field = |name: &str| item.get(name).and_then(NodeRef::as_str).map(str::to_owned);
        let known =
            |k: &NodeRef<'_>| matches!(k.key().as_deref(), Some("apiVersion" | "kind" | "path" | "form"));
        let unknown = item.entries().find(|(k, _)| !known(k));
        if let Some((key, _)) = unknown {
            let name = key.key().unwrap_or_default();
            errors.push(error(key, format!("unknown field `{name}` of a custom resource"), hint()));
        }
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
