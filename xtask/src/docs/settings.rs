//! The page of settings, from the descriptions in the schema.

use std::fmt::Write as _;
use std::fs;

use seawall_check::SETTINGS;
use seawall_yaml::NodeRef;

use super::{MADE, yaml};
use crate::run::root;

/// The page.
pub(super) fn page() -> Result<String, String> {
    let path = root().join("schemas/config-v1.schema.json");
    let text = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    // Our own reader keeps the order of keys, which says what is important.
    let document = seawall_yaml::read(text).pop().and_then(|entry| entry.document);
    let document = document.ok_or_else(|| format!("{}: no document", path.display()))?;
    let schema = document.root();
    let mut out = format!("{MADE}# Settings\n\n{}\n", description(schema));
    for name in SETTINGS {
        let setting = schema.get("properties").and_then(|p| p.get(name));
        let setting = setting.ok_or_else(|| format!("{}: no `{name}`", path.display()))?;
        let _ = write!(out, "\n## {name}\n\n{}\n", description(setting));
        let mut fields = Vec::new();
        collect(schema, setting, "", &mut fields);
        if !fields.is_empty() {
            out.push_str("\n| field | | what |\n|---|---|---|\n");
        }
        for Field { path, required, what } in fields {
            let required = if required { "required" } else { "" };
            let _ = writeln!(out, "| `{path}` | {required} | {what} |");
        }
        for example in setting.get("examples").into_iter().flat_map(NodeRef::items) {
            let _ = write!(out, "\n```yaml,config\n{}", yaml::entry(name, example));
            if name == "profile" {
                // A profile has to be there.
                let _ =
                    writeln!(out, "profiles:\n  {}: {{failOn: warn}}", example.as_str().unwrap_or_default());
            }
            out.push_str("```\n");
        }
    }
    Ok(out)
}

/// A field below a setting.
struct Field {
    path: String,
    required: bool,
    what: String,
}

/// The definition that a schema refers to; the schema itself if it refers to none.
fn resolved<'s>(root: NodeRef<'s>, schema: NodeRef<'s>) -> NodeRef<'s> {
    let name = text(schema, "$ref").strip_prefix("#/$defs/");
    name.and_then(|name| root.get("$defs")?.get(name)).unwrap_or(schema)
}

/// The fields that a value of this schema may have, with those of lists and mappings in it.
fn collect(root: NodeRef<'_>, schema: NodeRef<'_>, path: &str, out: &mut Vec<Field>) {
    let schema = resolved(root, schema);
    let is_required = |name: &str| list(schema, "required").any(|required| required.as_str() == Some(name));
    for (name, property) in schema.get("properties").into_iter().flat_map(NodeRef::entries) {
        let name = name.as_str().unwrap_or_default();
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let what = format!("{}{}", description(property), values(root, property));
        out.push(Field { path: path.clone(), required: is_required(name), what });
        collect(root, property, &path, out);
    }
    let below = ["items", "additionalProperties"].into_iter().filter_map(|key| schema.get(key));
    for below in below.chain(list(schema, "anyOf")) {
        collect(root, below, path, out);
    }
}

fn list<'s>(schema: NodeRef<'s>, key: &str) -> impl Iterator<Item = NodeRef<'s>> {
    schema.get(key).into_iter().flat_map(NodeRef::items)
}

fn text<'s>(schema: NodeRef<'s>, key: &str) -> &'s str {
    schema.get(key).and_then(NodeRef::as_str).unwrap_or_default()
}

/// What it says, in one paragraph.
fn description(schema: NodeRef<'_>) -> &str {
    text(schema, "description")
}

/// The values that there are, unless they are the rules or the description names them.
fn values(root: NodeRef<'_>, schema: NodeRef<'_>) -> String {
    let own = resolved(root, schema);
    let nested = own.get("additionalProperties").into_iter().chain(list(own, "anyOf"));
    let mut places = std::iter::once(own).chain(nested).map(|schema| resolved(root, schema));
    let Some(values) = places.find_map(|schema| schema.get("enum")) else { return String::new() };
    let words: Vec<String> =
        values.items().filter_map(NodeRef::as_str).map(|word| format!("`{word}`")).collect();
    let told = words.iter().all(|word| description(schema).contains(word.as_str()));
    if told || words.len() > 9 { String::new() } else { format!(" One of {}.", words.join(", ")) }
}
