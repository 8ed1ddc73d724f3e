//! What the type table of `seawall-manifest` says of versions: which kinds and fields a minor version has, which fields must be
//! there, and which values a field takes.
//!
//! Kinds, fields and what must be there come from the `OpenAPI` of one release of each minor version. It has no values: these
//! come from the Go source of k8s.io/api.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::process::Command;

use seawall_conformance::RELEASES;
use serde_json::Value;

use super::{NEWEST, OLDEST, Table, go_struct, properties, wrapped};
use crate::run::{modules, output, root};

/// The definitions of a release by name.
pub(super) type Definitions = BTreeMap<String, Value>;

/// Kinds by kind and apiVersion: the definition, and the minor versions that serve it.
pub(super) type Kinds<'d> = BTreeMap<(String, String), (&'d str, RangeInclusive<u8>)>;

/// All that the releases have between them.
pub(super) struct History<'d> {
    descriptions: &'d [Definitions],
    /// Those of the newest release, and of older ones what kinds and fields need that only these have: the release's position,
    /// and the definition.
    pub(super) definitions: BTreeMap<&'d str, (usize, &'d Value)>,
    pub(super) kinds: Kinds<'d>,
    /// Fields that a definition had in older releases, by definition and name.
    gone: BTreeMap<(&'d str, &'d str), (RangeInclusive<u8>, &'d Value)>,
}

impl<'d> History<'d> {
    /// What the descriptions of [`RELEASES`] have.
    pub(super) fn of(descriptions: &'d [Definitions]) -> Self {
        let mut history =
            Self { descriptions, definitions: BTreeMap::new(), kinds: Kinds::new(), gone: BTreeMap::new() };
        for (position, definitions) in descriptions.iter().enumerate().rev() {
            let minor = RELEASES[position].0;
            let mut wanted = Vec::new();
            if minor == NEWEST {
                wanted.extend(definitions.keys().map(String::as_str));
            }
            for (gvk, definition) in kinds(definitions) {
                let (_, served) = history.kinds.entry(gvk).or_insert_with(|| {
                    wanted.push(definition);
                    (definition, minor..=minor)
                });
                *served = minor..=*served.end();
            }
            history.reach(position, wanted);
            // What is only reached now has what its own release has.
            let known: Vec<(&str, &Value)> =
                history.definitions.iter().map(|(name, (_, definition))| (*name, *definition)).collect();
            let mut wanted = Vec::new();
            for (name, today) in known {
                let Some((name, then)) = definitions.get_key_value(name) else { continue };
                for (field, schema) in properties(then) {
                    if properties(today).any(|(known, _)| known == field) {
                        continue;
                    }
                    references(schema, &mut wanted);
                    let (had, _) =
                        history.gone.entry((name, field)).or_insert_with(|| (minor..=minor, schema));
                    *had = minor..=*had.end();
                }
            }
            history.reach(position, wanted);
        }
        history
    }

    /// Adds definitions of a release, and all that they refer to, unless they are there.
    fn reach(&mut self, position: usize, mut wanted: Vec<&'d str>) {
        while let Some(name) = wanted.pop() {
            if self.definitions.contains_key(name) {
                continue;
            }
            if let Some((name, definition)) = self.descriptions[position].get_key_value(name) {
                self.definitions.insert(name, (position, definition));
                references(definition, &mut wanted);
            }
        }
    }

    /// The text of the file; `starts` are where the fields of the table's structs begin.
    pub(super) fn render(&self, table: &mut Table<'d>, starts: &[usize]) -> Result<String, String> {
        let releases = releases()?;
        let (mut required, mut since, mut values) = (vec![], vec![], vec![]);
        for (id, definition) in table.structs.iter().enumerate() {
            let (of, today) = self.definitions[definition];
            let fields: BTreeSet<&str> = properties(today).map(|(name, _)| name).collect();
            let then = || {
                let before = self.descriptions.iter().zip(RELEASES).take(of + 1);
                before.filter_map(|(all, (minor, _))| Some((minor, all.get(*definition)?)))
            };
            let masks = then().map(|(minor, then)| (minor, mask(then, &fields)));
            for (last, mask) in runs(masks, 0) {
                required.push(format!("({id}, {last}, {mask:#x})"));
            }
            let owner = go_struct(definition);
            let known = releases
                .iter()
                .zip(RELEASES)
                .filter_map(|(release, (minor, _))| Some((minor, release.get(owner.as_ref()?)?)));
            let known: Vec<(u8, &Fields)> = known.collect();
            for (at, name) in fields.iter().enumerate() {
                let position = starts[id] + at;
                let taken = known.iter().filter_map(|(minor, fields)| Some((*minor, fields.get(*name)?)));
                for (last, taken) in runs(taken, &Vec::new()) {
                    values.push(format!("({position}, {last}, &{taken:?})"));
                }
                // From the release on from which it was always there, of those that know the struct.
                let lacks = |then: &Value| properties(then).all(|(known, _)| known != *name);
                if let Some(minor) = then().filter(|(_, then)| lacks(then)).map(|(minor, _)| minor).max() {
                    since.push(format!("({position}, {})", minor + 1));
                }
            }
        }
        let mut gone = vec![];
        for ((definition, field), (had, schema)) in &self.gone {
            let shape = table.shape_of(schema).map_err(|e| format!("{definition}.{field}: {e}"))?;
            let (id, first, last) = (table.type_id(definition)?, had.start(), had.end());
            gone.push(format!("({id}, {field:?}, {shape}, {first}, {last})"));
        }
        let mut out = format!(
            "//! Versions of the types, written by `cargo xtask types` from OpenAPI and k8s.io/api of Kubernetes v1.{OLDEST} to\n\
             //! v1.{NEWEST}. Do not edit.\n\n\
             /// The oldest and the newest minor version that is known.\n\
             pub(super) const OLDEST: u8 = {OLDEST};\npub(super) const NEWEST: u8 = {NEWEST};\n"
        );
        let mut section = |doc: &str, name: &str, item: &str, items: Vec<String>| {
            let head = format!("pub(super) static {name}: [{item}; {}]", items.len());
            out.extend(["\n/// ", doc, "\n", &head, " = [\n", &wrapped(items.into_iter()), "];\n"]);
        };
        section(
            "Fields that must be there: struct, the last minor version that this holds for, and a bit for each of its fields.",
            "REQUIRED",
            "(u16, u8, u64)",
            required,
        );
        section(
            "Fields that are newer: position in `FIELDS` and first minor version.",
            "SINCE",
            "(u16, u8)",
            since,
        );
        section(
            "Fields that are gone: struct, name, shape, and the first and the last minor version that has them.",
            "GONE",
            "(u16, &str, u16, u8, u8)",
            gone,
        );
        section(
            "Fields that take certain strings: position in `FIELDS`, the last minor version that this holds for, and these.",
            "VALUES",
            "(u16, u8, &[&str])",
            values,
        );
        Ok(out)
    }
}

/// The kinds of a release by kind and apiVersion. Types that stand for several groups are no manifests.
fn kinds(definitions: &Definitions) -> impl Iterator<Item = ((String, String), &str)> {
    definitions.iter().filter_map(|(name, definition)| {
        let gvks = definition.get("x-kubernetes-group-version-kind")?.as_array()?;
        let [gvk] = gvks.as_slice() else { return None };
        let (group, version) = (gvk["group"].as_str()?, gvk["version"].as_str()?);
        let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        Some(((gvk["kind"].as_str()?.to_owned(), api_version), name.as_str()))
    })
}

/// Adds the definitions that a schema refers to.
fn references<'d>(schema: &'d Value, out: &mut Vec<&'d str>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str() {
                    Some(to) if key == "$ref" => out.push(to.trim_start_matches("#/definitions/")),
                    _ => references(value, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, out)),
        _ => {}
    }
}

/// A bit for each of the fields that a definition asks for.
fn mask(definition: &Value, fields: &BTreeSet<&str>) -> u64 {
    let told = definition.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    // A field that is gone is not among them.
    let at = |name: &Value| fields.iter().position(|field| Some(*field) == name.as_str());
    told.iter().filter_map(at).fold(0, |mask, at| mask | 1 << at)
}

/// What holds by the last minor version that it holds for; nothing if it is `empty` in all of them.
fn runs<T: PartialEq + Copy>(by_minor: impl Iterator<Item = (u8, T)>, empty: T) -> Vec<(u8, T)> {
    let mut runs: Vec<(u8, T)> = Vec::new();
    for (minor, what) in by_minor {
        match runs.last_mut() {
            Some(run) if run.1 == what => run.0 = minor,
            _ => runs.push((minor, what)),
        }
    }
    if runs.iter().all(|(_, what)| *what == empty) {
        runs.clear();
    }
    runs
}

/// The fields of a struct in a release, with the values that they take if the source names them.
type Fields = BTreeMap<String, Vec<String>>;

/// The structs of a release by package path and name.
type Release = BTreeMap<String, Fields>;

/// The structs of k8s.io/api in each of [`RELEASES`].
fn releases() -> Result<Vec<Release>, String> {
    let wanted = RELEASES.map(|(minor, patch)| format!("k8s.io/api@v0.{minor}.{patch}"));
    let mut go = Command::new("go");
    go.current_dir(root().join("conformance/go")).args(["run", "./cmd/apifields"]).args(modules(&wanted)?);
    let text = output(&mut go)?;
    let mut releases = vec![Release::new(); RELEASES.len()];
    for line in text.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [number, owner, name, values] = parts[..] else {
            return Err(format!("apifields printed a line that is not understood: {line}"));
        };
        let release = number.parse::<usize>().ok().and_then(|number| releases.get_mut(number));
        let release = release.ok_or_else(|| format!("apifields printed no number of a release: {line}"))?;
        let values = values.split_whitespace().map(str::to_owned).collect();
        release.entry(owner.to_owned()).or_default().insert(name.to_owned(), values);
    }
    Ok(releases)
}
