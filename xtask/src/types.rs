//! Writes the type table of `seawall-manifest` from Kubernetes' `OpenAPI`.
//!
//! `OpenAPI` is poorer than the Go types that the API server decodes into. What it loses is restored here by name:
//! types that decode themselves (`Quantity`, `IntOrString`, `Time`, `FieldsV1`, `RawExtension`, the unions of
//! `JSONSchemaProps`). `metav1.Duration` does not occur in the API groups. The names of Go's types, which its decoder uses in
//! what it says, come from the types themselves (`conformance/go/cmd/gotypes`).

mod history;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use history::{Definitions, History, Kinds};
use seawall_conformance::RELEASES;
use serde_json::Value;

use crate::run::{modules, output, root};

/// The oldest and the newest minor version that the table describes.
const OLDEST: u8 = RELEASES[0].0;
const NEWEST: u8 = RELEASES[RELEASES.len() - 1].0;

/// Writes the table.
pub(crate) fn write() -> Result<(), String> {
    for (name, text) in generate()? {
        let path = table_path(name);
        fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    Ok(())
}

/// Fails if the table is not what [`write`] would write.
pub(crate) fn check() -> Result<(), String> {
    for (name, wanted) in generate()? {
        let path = table_path(name);
        let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        if text != wanted {
            return Err(format!("{} is out of date: run `cargo xtask types`", path.display()));
        }
    }
    Ok(())
}

fn table_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/manifest/src/types").join(name)
}

/// The `OpenAPI` descriptions of all built-in APIs, one for each release, from the Go module cache.
fn descriptions() -> Result<Vec<Definitions>, String> {
    let wanted = RELEASES.map(|(minor, patch)| format!("k8s.io/kubernetes@v1.{minor}.{patch}"));
    let read = |directory: PathBuf| {
        let path = directory.join("api/openapi-spec/swagger.json");
        let text = fs::read(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let mut swagger: Value =
            serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        match swagger["definitions"].take() {
            Value::Object(definitions) => Ok(definitions.into_iter().collect()),
            _ => Err(format!("{} has no definitions", path.display())),
        }
    };
    modules(&wanted)?.into_iter().map(read).collect()
}

/// What Go says of the fields of its structs: type and embedded structs, by package path and struct, and by name.
type GoFields = BTreeMap<(String, String), (String, String)>;

fn go_fields() -> Result<GoFields, String> {
    let text =
        output(Command::new("go").current_dir(root().join("conformance/go")).args(["run", "./cmd/gotypes"]))?;
    let field = |line: &str| {
        let parts: Vec<&str> = line.split('\t').collect();
        let [owner, name, kind, embedded] = parts[..] else {
            return Err(format!("gotypes printed a line that is not understood: {line}"));
        };
        Ok(((owner.to_owned(), name.to_owned()), (kind.to_owned(), embedded.to_owned())))
    };
    text.lines().map(field).collect()
}

/// The Go struct of a definition: `io.k8s.api.core.v1.Pod` is `k8s.io/api/core/v1.Pod`.
fn go_struct(definition: &str) -> Option<String> {
    let (path, name) = definition.strip_prefix("io.k8s.")?.rsplit_once('.')?;
    Some(format!("k8s.io/{}.{name}", path.replace('.', "/")))
}

/// The decoder of a type that `OpenAPI` describes too loosely: a variant of `Shape`.
fn special(definition: &str) -> Option<Special> {
    let name = definition.strip_prefix("io.k8s.").unwrap_or(definition);
    Some(match name {
        "apimachinery.pkg.api.resource.Quantity" => Special::Leaf("Quantity"),
        "apimachinery.pkg.util.intstr.IntOrString" => Special::Leaf("IntOrString"),
        "apimachinery.pkg.apis.meta.v1.Time" => Special::Leaf("Time"),
        "apimachinery.pkg.apis.meta.v1.MicroTime" => Special::Leaf("MicroTime"),
        "apimachinery.pkg.apis.meta.v1.FieldsV1"
        | "apimachinery.pkg.apis.meta.v1.Patch"
        | "apimachinery.pkg.runtime.RawExtension"
        | "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON" => Special::Leaf("Any"),
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray" => {
            Special::Schema("OrList")
        }
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool" => {
            Special::Schema("OrBool")
        }
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray" => {
            Special::Schema("OrStrings")
        }
        _ => return None,
    })
}

enum Special {
    Leaf(&'static str),
    /// A union with `JSONSchemaProps`.
    Schema(&'static str),
}

const SCHEMA_PROPS: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/// The table under construction.
struct Table<'s> {
    /// Definitions that are structs, sorted; the position is the type's id.
    structs: Vec<&'s str>,
    /// All field names, sorted; the position is the name's id.
    names: Vec<&'s str>,
    shapes: Vec<String>,
}

impl<'s> Table<'s> {
    fn shape(&mut self, text: String) -> usize {
        self.shapes.iter().position(|s| *s == text).unwrap_or_else(|| {
            self.shapes.push(text);
            self.shapes.len() - 1
        })
    }

    fn type_id(&self, definition: &str) -> Result<usize, String> {
        self.structs.binary_search(&definition).map_err(|_| format!("no definition of {definition}"))
    }

    fn name_id(&self, name: &str) -> Result<usize, String> {
        self.names.binary_search(&name).map_err(|_| format!("no field is called {name}"))
    }

    /// The shape of a property, a list's items or a map's values.
    fn shape_of(&mut self, schema: &'s Value) -> Result<usize, String> {
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        if let Some(reference) = text("$ref") {
            let definition = reference.trim_start_matches("#/definitions/");
            return Ok(match special(definition) {
                Some(Special::Leaf(variant)) => self.shape(format!("Shape::{variant}")),
                Some(Special::Schema(variant)) => {
                    let id = self.type_id(SCHEMA_PROPS)?;
                    self.shape(format!("Shape::{variant}(TypeId({id}))"))
                }
                None => {
                    let id = self.type_id(definition)?;
                    self.shape(format!("Shape::Struct(TypeId({id}))"))
                }
            });
        }
        let variant = match (text("type"), text("format")) {
            (Some("string"), None) => "String",
            (Some("string"), Some("byte")) => "Bytes",
            (Some("boolean"), None) => "Bool",
            (Some("integer"), Some("int32")) => "Int32",
            (Some("integer"), Some("int64")) => "Int64",
            (Some("number"), Some("double")) => "Float",
            (Some("array"), None) => {
                let item = self.shape_of(&schema["items"])?;
                let key = match merge_key(schema) {
                    Some(key) => self.name_id(key)?.to_string(),
                    None => "NO_KEY".to_owned(),
                };
                return Ok(self.shape(format!("Shape::List(ShapeId({item}), {key})")));
            }
            (Some("object"), None) if schema.get("additionalProperties").is_some() => {
                let value = self.shape_of(&schema["additionalProperties"])?;
                return Ok(self.shape(format!("Shape::Map(ShapeId({value}))")));
            }
            other => return Err(format!("a property of type {other:?} is not known here: {schema}")),
        };
        Ok(self.shape(format!("Shape::{variant}")))
    }
}

/// The Go type that a schema lets one expect: what `words::go_type` in `seawall-manifest` makes of the shape.
fn expected_go_type(schema: &Value) -> String {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(reference) = text("$ref") {
        return go_name(reference.trim_start_matches("#/definitions/")).to_owned();
    }
    match (text("type"), text("format")) {
        (Some("string"), Some("byte")) => "[]uint8".to_owned(),
        (Some("boolean"), _) => "bool".to_owned(),
        (Some("integer"), Some(format)) => format.to_owned(),
        (Some("number"), _) => "float64".to_owned(),
        (Some("array"), _) => format!("[]{}", expected_go_type(&schema["items"])),
        (Some("object"), _) => format!("map[string]{}", expected_go_type(&schema["additionalProperties"])),
        _ => "string".to_owned(),
    }
}

/// The field that names a list's items: the key of strategic merge, else the first key of a list of type `map`.
fn merge_key(schema: &Value) -> Option<&str> {
    schema
        .get("x-kubernetes-patch-merge-key")
        .or_else(|| schema.get("x-kubernetes-list-map-keys").and_then(|keys| keys.get(0)))
        .and_then(Value::as_str)
}

/// How Go prints the type: package and name.
fn go_name(definition: &str) -> &str {
    let package = definition.rfind('.').and_then(|dot| definition[..dot].rfind('.'));
    package.map_or(definition, |dot| &definition[dot + 1..])
}

fn properties(definition: &Value) -> impl Iterator<Item = (&str, &Value)> {
    definition
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(k, v)| (k.as_str(), v))
}

/// The files of the table by name.
fn generate() -> Result<[(&'static str, String); 2], String> {
    let descriptions = descriptions()?;
    let history = History::of(&descriptions);
    let structs: Vec<&str> = history.definitions.keys().copied().filter(|n| special(n).is_none()).collect();
    let names: Vec<&str> = structs
        .iter()
        .flat_map(|n| properties(history.definitions[n].1).map(|(name, _)| name))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut table = Table { structs, names, shapes: Vec::new() };
    // The leaves first: code may rely on `Shape::Any` being number 0.
    table.shape("Shape::Any".to_owned());

    let go_fields = go_fields()?;
    let mut starts = vec![0];
    let mut fields = String::new();
    let mut named = Vec::new();
    let mut count = 0;
    for definition in table.structs.clone() {
        write!(fields, "    /* {} */", go_name(definition)).map_err(|e| e.to_string())?;
        let sorted: BTreeMap<&str, &Value> = properties(history.definitions[definition].1).collect();
        for (name, schema) in sorted {
            let shape = table.shape_of(schema).map_err(|e| format!("{definition}.{name}: {e}"))?;
            write!(fields, " ({},{shape}),", table.name_id(name)?).map_err(|e| e.to_string())?;
            let go = go_struct(definition).and_then(|owner| go_fields.get(&(owner, name.to_owned())));
            if let Some((kind, embedded)) = go {
                let kind = if *kind == expected_go_type(schema) { "" } else { kind };
                if !(kind.is_empty() && embedded.is_empty()) {
                    named.push(format!("({count}, {kind:?}, {embedded:?})"));
                }
            }
            count += 1;
        }
        fields.push('\n');
        starts.push(count);
    }
    let text = history.render(&mut table, &starts)?;
    let kinds = history.kinds;
    Ok([("table.rs", render(&table, &starts, &fields, &named, &kinds)?), ("history.rs", text)])
}

fn render(
    table: &Table<'_>,
    starts: &[usize],
    fields: &str,
    named: &[String],
    kinds: &Kinds<'_>,
) -> Result<String, String> {
    let mut out = format!(
        "//! The types of Kubernetes v1.{NEWEST}, and those of kinds that only older versions serve, written by `cargo xtask types`\n\
         //! from OpenAPI. Do not edit.\n\n\
         use super::{{NO_KEY, Shape, ShapeId, TypeId}};\n"
    );
    let rows: Result<Vec<String>, String> = kinds
        .iter()
        .map(|((kind, version), (definition, served))| {
            let (id, first, last) = (table.type_id(definition)?, served.start(), served.end());
            Ok(format!("({kind:?}, {version:?}, {id}, {first}, {last})"))
        })
        .collect();
    let mut section = |doc: &str, head: String, body: &str| {
        out.extend(["\n/// ", doc, "\n", &head, " = [\n", body, "];\n"]);
    };
    section(
        "All field names, sorted.",
        format!("pub(super) static NAMES: [&str; {}]", table.names.len()),
        &wrapped(table.names.iter().map(|n| format!("{n:?}"))),
    );
    section(
        "What values can be.",
        format!("pub(super) static SHAPES: [Shape; {}]", table.shapes.len()),
        &wrapped(table.shapes.iter().cloned()),
    );
    section(
        "How Go names the structs.",
        format!("pub(super) static TYPES: [&str; {}]", table.structs.len()),
        &wrapped(table.structs.iter().map(|s| format!("{:?}", go_name(s)))),
    );
    section(
        "Where each struct's fields begin in `FIELDS`; one entry more than structs.",
        format!("pub(super) static STARTS: [u16; {}]", starts.len()),
        &wrapped(starts.iter().map(usize::to_string)),
    );
    let count = starts.last().copied().unwrap_or(0);
    section(
        "The fields of all structs: name and shape, sorted by name within each.",
        format!("pub(super) static FIELDS: [(u16, u16); {count}]"),
        fields,
    );
    section(
        "What Go calls fields where the shape does not tell: position in `FIELDS`, type, embedded structs; empty where the shape \
         tells.",
        format!("pub(super) static GO_FIELDS: [(u16, &str, &str); {}]", named.len()),
        &wrapped(named.iter().cloned()),
    );
    section(
        "Kinds by kind and apiVersion, sorted, with their structs and the first and the last minor version that serves them.",
        format!("pub(super) static KINDS: [(&str, &str, u16, u8, u8); {}]", kinds.len()),
        &wrapped(rows?.into_iter()),
    );
    Ok(out)
}

/// The items with commas, in lines of bounded length.
fn wrapped(items: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    let mut line = String::new();
    for item in items {
        if line.len() + item.len() > 112 {
            out.extend(["   ", &line, "\n"]);
            line.clear();
        }
        line.extend([" ", &item, ","]);
    }
    if !line.is_empty() {
        out.extend(["   ", &line, "\n"]);
    }
    out
}
