//! What the type table of `seawall-manifest` says of versions: which fields and types came when, which fields must be there,
//! and which values a field takes.
//!
//! Fields and values come from the Go source of k8s.io/api at one release of each minor version, since `OpenAPI` has no
//! values and the descriptions of older releases are large; what must be there comes from `OpenAPI`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::{go_struct, module_directory, properties, wrapped};
use crate::run::{output, root};

/// The releases of k8s.io/api, a minor version each, the oldest first.
const RELEASES: [(u64, &str); 6] =
    [(32, "v0.32.13"), (33, "v0.33.9"), (34, "v0.34.1"), (35, "v0.35.0"), (36, "v0.36.0"), (37, "v0.37.2")];

/// The fields of a struct in a release, with the values that they take if the source names them.
type Fields = BTreeMap<String, Vec<String>>;

/// The structs of a release by package path and name.
type Release = BTreeMap<String, Fields>;

fn releases() -> Result<Vec<Release>, String> {
    let mut go = Command::new("go");
    go.current_dir(root().join("conformance/go")).args(["run", "./cmd/apifields"]);
    for (_, release) in RELEASES {
        go.arg(module_directory(&format!("k8s.io/api@{release}"))?);
    }
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

/// The text of the file: `structs` are the definitions of the table in its order, `starts` where their fields begin.
pub(super) fn render(
    definitions: &serde_json::Map<String, Value>,
    structs: &[&str],
    starts: &[usize],
) -> Result<String, String> {
    let releases = releases()?;
    let (oldest, newest) = (RELEASES[0].0, RELEASES[RELEASES.len() - 1].0);
    let (mut required, mut since, mut types, mut values) = (vec![], vec![], vec![], vec![]);
    for (id, definition) in structs.iter().enumerate() {
        let fields: BTreeSet<&str> = properties(&definitions[*definition]).map(|(name, _)| name).collect();
        // What a controller writes is not for manifests.
        let told =
            definitions[*definition].get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut mask = 0_u64;
        for name in told.iter().filter_map(Value::as_str) {
            let at = fields.iter().position(|field| *field == name);
            mask |= 1 << at.ok_or_else(|| format!("{definition} has no field {name}"))?;
        }
        if mask != 0 {
            required.push(format!("({id}, {mask:#x})"));
        }
        let Some(owner) = go_struct(definition) else { continue };
        let Some(today) = releases.last().and_then(|newest| newest.get(&owner)) else { continue };
        let known = |release: &Release| release.get(&owner).is_some();
        if let Some(first) = RELEASES.iter().zip(&releases).find(|(_, release)| known(release)) {
            let minor = first.0.0;
            if minor > oldest {
                types.push(format!("({id}, {minor})"));
            }
        }
        for (at, name) in fields.iter().enumerate() {
            let position = starts[id] + at;
            if let Some(allowed) = today.get(*name).filter(|values| !values.is_empty()) {
                values.push(format!("({position}, &{allowed:?})"));
            }
            // From the release on from which it was always there, of those that know the struct.
            let lacks =
                |release: &Release| release.get(&owner).is_some_and(|fields| !fields.contains_key(*name));
            let last = RELEASES.iter().zip(&releases).rev().find(|(_, release)| lacks(release));
            if let Some(((minor, _), _)) = last.filter(|((minor, _), _)| *minor < newest) {
                since.push(format!("({position}, {})", minor + 1));
            }
        }
    }
    let mut out = format!(
        "//! Versions of the types, written by `cargo xtask types` from k8s.io/api {} to {} and OpenAPI. Do not edit.\n\n\
         /// The oldest minor version that is known.\npub(super) const OLDEST: u8 = {oldest};\n",
        RELEASES[0].1,
        RELEASES[RELEASES.len() - 1].1
    );
    let mut section = |doc: &str, name: &str, item: &str, items: Vec<String>| {
        let head = format!("pub(super) static {name}: [{item}; {}]", items.len());
        out.extend(["\n/// ", doc, "\n", &head, " = [\n", &wrapped(items.into_iter()), "];\n"]);
    };
    section(
        "Fields that must be there: struct, and a bit for each of its fields.",
        "REQUIRED",
        "(u16, u64)",
        required,
    );
    section("Structs that are newer: struct and first minor version.", "STRUCTS", "(u16, u8)", types);
    section(
        "Fields that are newer: position in `FIELDS` and first minor version.",
        "SINCE",
        "(u16, u8)",
        since,
    );
    section(
        "Fields that take certain strings: position in `FIELDS`, and these.",
        "VALUES",
        "(u16, &[&str])",
        values,
    );
    Ok(out)
}
