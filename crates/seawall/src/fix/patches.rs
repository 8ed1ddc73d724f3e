//! Patches as text, for what is not to be edited.

use std::fmt::Write as _;

use seawall_check::{ObjectPatch, quoted};
use seawall_model::ObjectId;
use seawall_report::visible;
use seawall_yaml::edit::Value;

use crate::cli::PatchFormat;

/// What stands before all patches.
pub(super) fn head(format: PatchFormat) -> &'static str {
    match format {
        PatchFormat::Kustomize => {
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches:\n"
        }
        PatchFormat::JsonPatch | PatchFormat::Strategic => "",
    }
}

/// The patches of a file's objects, and what is not in them.
pub(super) fn text(format: PatchFormat, file: &str, patches: &[ObjectPatch]) -> (String, Vec<String>) {
    let (mut out, mut warnings) = (String::new(), Vec::new());
    for patch in patches {
        let named = is_named(&patch.object);
        let whole = format == PatchFormat::Strategic && !patch.built_in && has_lists(&patch.strategic.patch);
        let mut left_out = Vec::new();
        if !named && format != PatchFormat::JsonPatch {
            left_out.push("it has no name that a patch could be for".to_owned());
        } else if whole {
            left_out.push(
                "a strategic merge patch of a custom resource would hold its lists as a whole; take --output json-patch"
                    .to_owned(),
            );
        } else {
            match format {
                PatchFormat::JsonPatch => json_patch(file, patch, &mut out),
                PatchFormat::Strategic => strategic_patch(patch, &mut out),
                PatchFormat::Kustomize => kustomize(patch, &mut out),
            }
        }
        let refused = match format {
            PatchFormat::Strategic => &patch.not_in_strategic,
            PatchFormat::JsonPatch | PatchFormat::Kustomize => &patch.not_in_json,
        };
        for reason in left_out.iter().chain(refused) {
            let object = patch.object.to_string();
            let (file, object) = (visible(file), visible(&object));
            warnings.push(format!("warning: {file}: {object}: not in the patches: {reason}"));
        }
    }
    (out, warnings)
}

/// Whether an object has a name, and nothing in what tells which one it is that a terminal would not show as it is.
fn is_named(object: &ObjectId) -> bool {
    let ObjectId { api_version, kind, namespace, name, .. } = object;
    !name.is_empty() && [api_version, kind, namespace, name].iter().all(|text| visible(text) == **text)
}

/// A line for each object: what it is, and the operations.
fn json_patch(file: &str, patch: &ObjectPatch, out: &mut String) {
    let ObjectId { api_version, kind, namespace, name, generate_name } = &patch.object;
    let fields = [
        ("file", file),
        ("apiVersion", api_version.as_str()),
        ("kind", kind),
        ("namespace", namespace),
        ("name", name),
        ("generateName", generate_name),
    ];
    out.push('{');
    for (key, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(out, "\"{key}\":{},", quoted(value));
    }
    let _ = writeln!(out, "\"patch\":{}}}", patch.json.to_json());
}

/// A document for each object, with what tells which one it is.
fn strategic_patch(patch: &ObjectPatch, out: &mut String) {
    let ObjectId { api_version, kind, namespace, name, .. } = &patch.object;
    let Value::Mapping(changed) = &patch.strategic.patch else { return };
    let (metadata, rest): (Vec<_>, Vec<_>) = changed.iter().cloned().partition(|(key, _)| key == "metadata");
    let mut names = written([("name", name), ("namespace", namespace)]);
    names.extend(metadata.into_iter().filter_map(|(_, value)| mapping(value)).flatten());
    let mut entries = written([("apiVersion", api_version), ("kind", kind)]);
    entries.push(("metadata".to_owned(), Value::Mapping(names)));
    entries.extend(rest);
    out.push_str("---\n");
    out.push_str(&Value::Mapping(entries).to_yaml());
}

/// An entry of `patches` in a kustomization.
fn kustomize(patch: &ObjectPatch, out: &mut String) {
    let ObjectId { api_version, kind, namespace, name, .. } = &patch.object;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // Names are patterns there.
    let pattern = |text: &str| text.replace('.', "\\.");
    let (name, namespace) = (pattern(name), pattern(namespace));
    let target = written([
        ("group", group),
        ("version", version),
        ("kind", kind),
        ("name", &name),
        ("namespace", &namespace),
    ]);
    out.push_str("- target:\n");
    for line in Value::Mapping(target).to_yaml().lines() {
        let _ = writeln!(out, "    {line}");
    }
    out.push_str("  patch: |-\n");
    for operation in &patch.json.operations {
        let _ = writeln!(out, "    - {}", operation.to_json());
    }
}

/// Fields that are texts, without empty ones.
fn written<const N: usize>(fields: [(&str, &str); N]) -> Vec<(String, Value)> {
    let there = fields.into_iter().filter(|(_, text)| !text.is_empty());
    there.map(|(key, text)| (key.to_owned(), Value::from(text))).collect()
}

fn mapping(value: Value) -> Option<Vec<(String, Value)>> {
    match value {
        Value::Mapping(entries) => Some(entries),
        _ => None,
    }
}

fn has_lists(value: &Value) -> bool {
    match value {
        Value::List(_) => true,
        Value::Mapping(entries) => entries.iter().any(|(_, value)| has_lists(value)),
        _ => false,
    }
}
