//! Patches as text, for what is not to be edited.

use std::fmt::Write as _;

use seawall_check::{ObjectPatch, quoted};
use seawall_model::ObjectId;
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
        let named = !patch.object.name.is_empty();
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
            let (file, object) = (seawall_report::visible(file), seawall_report::visible(&object));
            warnings.push(format!("warning: {file}: {object}: not in the patches: {reason}"));
        }
    }
    (out, warnings)
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
    let _ = write!(out, "---\napiVersion: {}\nkind: {}\nmetadata:\n", scalar(api_version), scalar(kind));
    let _ = writeln!(out, "  name: {}", scalar(name));
    if !namespace.is_empty() {
        let _ = writeln!(out, "  namespace: {}", scalar(namespace));
    }
    let Value::Mapping(entries) = &patch.strategic.patch else { return };
    for (key, value) in entries {
        if let ("metadata", Value::Mapping(below)) = (key.as_str(), value) {
            mapping(below, 2, out);
        }
    }
    for (key, value) in entries.iter().filter(|(key, _)| key != "metadata") {
        entry(key, value, 0, out);
    }
}

/// An entry of `patches` in a kustomization.
fn kustomize(patch: &ObjectPatch, out: &mut String) {
    let ObjectId { api_version, kind, namespace, name, .. } = &patch.object;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // Names are patterns there.
    let pattern = |text: &str| scalar(&text.replace('.', "\\."));
    out.push_str("- target:\n");
    if !group.is_empty() {
        let _ = writeln!(out, "    group: {}", scalar(group));
    }
    let _ = writeln!(
        out,
        "    version: {}\n    kind: {}\n    name: {}",
        scalar(version),
        scalar(kind),
        pattern(name)
    );
    if !namespace.is_empty() {
        let _ = writeln!(out, "    namespace: {}", pattern(namespace));
    }
    out.push_str("  patch: |-\n");
    for operation in &patch.json.operations {
        let _ = writeln!(out, "    - {}", operation.to_json());
    }
}

fn has_lists(value: &Value) -> bool {
    match value {
        Value::List(_) => true,
        Value::Mapping(entries) => entries.iter().any(|(_, value)| has_lists(value)),
        _ => false,
    }
}

fn mapping(entries: &[(String, Value)], indent: usize, out: &mut String) {
    for (key, value) in entries {
        entry(key, value, indent, out);
    }
}

/// A key with its value in block style.
fn entry(key: &str, value: &Value, indent: usize, out: &mut String) {
    let _ = write!(out, "{:indent$}{}:", "", scalar(key));
    below(value, indent, out);
}

/// A value behind its key.
fn below(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Mapping(entries) if !entries.is_empty() => {
            out.push('\n');
            mapping(entries, indent + 2, out);
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                let _ = write!(out, "{:indent$}-", "");
                match item {
                    Value::Mapping(entries) if !entries.is_empty() => {
                        let mut text = String::new();
                        mapping(entries, indent + 2, &mut text);
                        out.push(' ');
                        out.push_str(text.trim_start());
                    }
                    other => {
                        let _ = writeln!(out, " {}", other.to_json());
                    }
                }
            }
        }
        Value::String(text) => {
            let _ = writeln!(out, " {}", scalar(text));
        }
        other => {
            let _ = writeln!(out, " {}", other.to_json());
        }
    }
}

/// Text as a plain scalar where it is one to every reader, quoted otherwise.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
        && matches!(seawall_yaml::resolve_plain(text), seawall_yaml::Scalar::String);
    if plain { text.to_owned() } else { quoted(text) }
}
