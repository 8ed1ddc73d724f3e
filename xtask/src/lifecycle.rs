//! Writes the table of deprecated and removed APIs of `seawall-hardening` from the Go modules that declare them.
//!
//! Upstream says in `zz_generated.prerelease-lifecycle.go` of each version of an API since when it is deprecated and from when
//! on it is no longer served; the API server warns by the one and stops by the other. What newer modules no longer have at all
//! is found by reading the module of every minor version.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{modules, root};

/// The newest release of k8s.io/api for each minor version since the first that declares lifecycles.
const API: [&str; 19] = [
    "v0.19.16", "v0.20.15", "v0.21.14", "v0.22.17", "v0.23.17", "v0.24.17", "v0.25.16", "v0.26.15",
    "v0.27.16", "v0.28.15", "v0.29.15", "v0.30.14", "v0.31.14", "v0.32.13", "v0.33.13", "v0.34.13",
    "v0.35.10", "v0.36.6", "v0.37.2",
];

/// Modules that have built-in APIs besides k8s.io/api; their versions go with the last of [`API`].
const OTHERS: [&str; 2] = ["k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator"];

/// The minor version of Kubernetes that goes with a module's version.
fn minor_of(version: &str) -> Result<u8, String> {
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok());
    minor.ok_or_else(|| format!("{version} is no module version"))
}

/// Writes the table.
pub(crate) fn write() -> Result<(), String> {
    let (path, text) = (table_path(), generate()?);
    fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

/// Fails if the table is not what [`write`] would write.
pub(crate) fn check() -> Result<(), String> {
    let path = table_path();
    let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    if text == generate()? {
        Ok(())
    } else {
        Err(format!("{} is out of date: run `cargo xtask types`", path.display()))
    }
}

fn table_path() -> PathBuf {
    root().join("crates/hardening/src/lifecycle/table.rs")
}

/// What a module says of one kind in one apiVersion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Life {
    introduced: Option<u8>,
    deprecated: Option<u8>,
    removed: Option<u8>,
    /// apiVersion and kind.
    replacement: Option<(String, String)>,
}

/// Kinds by apiVersion and kind.
type Lives = BTreeMap<(String, String), Life>;

/// What is known of a kind over all modules.
#[derive(Clone, Debug)]
struct Known {
    life: Life,
    first: u8,
    last: u8,
}

fn generate() -> Result<String, String> {
    let last = API[API.len() - 1];
    let mut wanted: Vec<String> = API.iter().map(|version| format!("k8s.io/api@{version}")).collect();
    wanted.extend(OTHERS.iter().map(|module| format!("{module}@{last}")));
    let mut known: BTreeMap<(String, String), Known> = BTreeMap::new();
    for (module, directory) in wanted.iter().zip(modules(&wanted)?) {
        let minor = minor_of(module.rsplit_once('@').map_or("", |(_, version)| version))?;
        let mut lives = Lives::new();
        packages(&directory, &mut lives)?;
        if lives.is_empty() {
            return Err(format!("no kinds in {}", directory.display()));
        }
        for (gvk, life) in lives {
            let entry =
                known.entry(gvk).or_insert(Known { life: Life::default(), first: minor, last: minor });
            (entry.life, entry.last) = (life, minor);
        }
    }
    Ok(render(&rows(&known, minor_of(last)?), last))
}

/// Reads all packages of API types below a directory.
fn packages(directory: &Path, lives: &mut Lives) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("cannot read {}: {e}", directory.display());
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            packages(&entry.path(), lives)?;
        }
    }
    let Ok(register) = fs::read_to_string(directory.join("register.go")) else { return Ok(()) };
    let Some((api_version, kinds)) = registered(&register) else { return Ok(()) };
    let declared = fs::read_to_string(directory.join("zz_generated.prerelease-lifecycle.go"));
    let declared = declared.map_or_else(|_| Ok(BTreeMap::new()), |text| lifecycles(&text))?;
    for kind in kinds.into_iter().filter(|kind| !kind.ends_with("List") && !kind.ends_with("Options")) {
        let life = declared.get(&kind).cloned().unwrap_or_default();
        lives.insert((api_version.clone(), kind), life);
    }
    Ok(())
}

/// apiVersion and kinds that a `register.go` adds to the scheme; `None` for internal versions.
fn registered(text: &str) -> Option<(String, BTreeSet<String>)> {
    // Comments use the same words: the first that is followed by a text counts.
    let quoted = |key: &str| {
        text.split(key).skip(1).find_map(|rest| {
            let rest = rest.trim_start_matches([' ', '=', ':']).strip_prefix('"')?;
            rest.split_once('"').map(|(value, _)| value)
        })
    };
    let (group, version) = (quoted("GroupName")?, quoted("Version")?);
    let mut kinds = BTreeSet::new();
    let blocks = text.split("AddKnownTypes(").skip(1);
    for block in blocks.filter_map(|block| block.trim_start().strip_prefix("SchemeGroupVersion,")) {
        let block = block.split_once("\n\t)").map_or(block, |(block, _)| block);
        let names = block.split('&').skip(1).filter_map(|rest| Some(rest.split_once("{}")?.0));
        kinds.extend(names.filter(|name| !name.contains('.')).map(str::to_owned));
    }
    (!kinds.is_empty() && !version.starts_with("__")).then(|| (api_version(group, version), kinds))
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// What `zz_generated.prerelease-lifecycle.go` declares, by kind.
fn lifecycles(text: &str) -> Result<BTreeMap<String, Life>, String> {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    for function in text.split("\nfunc (in *").skip(1) {
        let parts = function.split_once(") APILifecycle").and_then(|(kind, rest)| {
            let (name, rest) = rest.split_once("()")?;
            let (_, rest) = rest.split_once("return ")?;
            Some((kind, name, rest.lines().next()?))
        });
        let (kind, name, value) =
            parts.ok_or_else(|| format!("a lifecycle is not understood: {function}"))?;
        let life = lives.entry(kind.to_owned()).or_default();
        let minor = || {
            let minor = value.strip_prefix("1, ").and_then(|minor| minor.parse().ok());
            minor.map(Some).ok_or_else(|| format!("no version 1.N: {value}"))
        };
        match name {
            "Introduced" => life.introduced = minor()?,
            "Deprecated" => life.deprecated = minor()?,
            "Removed" => life.removed = minor()?,
            "Replacement" => {
                let words: Vec<&str> = value.split('"').skip(1).step_by(2).collect();
                let [group, version, kind] = words[..] else {
                    return Err(format!("no group, version and kind: {value}"));
                };
                // Upstream names the list's kind for some.
                let kind = kind.strip_suffix("List").unwrap_or(kind);
                life.replacement = Some((api_version(group, version), kind.to_owned()));
            }
            _ => {}
        }
    }
    Ok(lives)
}

/// A row of the table: kind, apiVersion, deprecated, removed, replacements and since when they are there, the best first.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    kind: String,
    api_version: String,
    deprecated: Option<u8>,
    removed: Option<u8>,
    replacements: Vec<(String, String, u8)>,
}

/// The rows, sorted by kind and apiVersion: what is, or will be, deprecated or removed.
fn rows(known: &BTreeMap<(String, String), Known>, newest: u8) -> Vec<Row> {
    let removed = |entry: &Known| {
        let gone = (entry.last < newest).then_some(entry.last + 1);
        [entry.life.removed, gone].into_iter().flatten().min()
    };
    let stays = |gvk: &(String, String)| {
        known.get(gvk).filter(|entry| removed(entry).is_none_or(|removed| removed > newest))
    };
    let mut rows: Vec<Row> = known
        .iter()
        .filter_map(|((api_version, kind), entry)| {
            let removed = removed(entry);
            let deprecated =
                entry.life.deprecated.filter(|since| removed.is_none_or(|removed| *since < removed));
            if deprecated.is_none() && removed.is_none() {
                return None;
            }
            // The newest version of the same group, and only then what upstream named at the time: that may be gone since.
            let (group, version) = parts(api_version);
            let newer = |gvk: &&(String, String)| {
                gvk.1 == *kind && parts(&gvk.0).0 == group && rank(parts(&gvk.0).1) > rank(version)
            };
            let mut newer: Vec<_> = known.keys().filter(newer).collect();
            newer.sort_by_key(|gvk| Reverse(rank(parts(&gvk.0).1)));
            let since = |gvk: &(String, String)| {
                known.get(gvk).map(|entry| entry.life.introduced.unwrap_or(entry.first))
            };
            let best = newer.first().copied().filter(|gvk| stays(gvk).is_some());
            let best = best.or_else(|| entry.life.replacement.as_ref().filter(|gvk| stays(gvk).is_some()));
            // Those of before, but not of an earlier major version, which has less.
            let major = |gvk: &&(String, String)| rank(parts(&gvk.0).1).1 >= rank(version).1;
            let mut replacements: Vec<(String, String, u8)> = Vec::new();
            for gvk in best.into_iter().chain(newer.iter().copied().filter(major)) {
                let Some(since) = since(gvk) else { continue };
                if replacements.last().is_none_or(|(.., last)| since < *last) {
                    replacements.push((gvk.0.clone(), gvk.1.clone(), since));
                }
            }
            let (kind, api_version) = (kind.clone(), api_version.clone());
            Some(Row { kind, api_version, deprecated, removed, replacements })
        })
        .collect();
    rows.sort_by(|a, b| (&a.kind, &a.api_version).cmp(&(&b.kind, &b.api_version)));
    rows
}

/// Group and version of an apiVersion.
fn parts(api_version: &str) -> (&str, &str) {
    api_version.rsplit_once('/').unwrap_or(("", api_version))
}

/// The order of versions: alpha, beta, general availability (k8s.io/apimachinery `pkg/version/helpers.go`).
fn rank(version: &str) -> (u8, u32, u32) {
    let numbers = |text: &str, stage: &str| {
        let (major, minor) = text.split_once(stage)?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let rest = version.trim_start_matches('v');
    if let Some((major, minor)) = numbers(rest, "alpha") {
        return (0, major, minor);
    }
    numbers(rest, "beta")
        .map_or_else(|| (2, rest.parse().unwrap_or(0), 0), |(major, minor)| (1, major, minor))
}

fn render(rows: &[Row], last: &str) -> String {
    let mut out = format!(
        "//! Deprecated and removed APIs as k8s.io/api up to {last} declares them, written by `cargo xtask types`. Do not edit.\n\n\
         use super::Lifecycle;\n\n\
         /// All of them, sorted by kind and apiVersion.\n\
         pub(super) static LIFECYCLES: [Lifecycle; {}] = [\n",
        rows.len()
    );
    for Row { kind, api_version, deprecated, removed, replacements } in rows {
        let _ = writeln!(
            out,
            "    Lifecycle {{ kind: {kind:?}, api_version: {api_version:?}, deprecated: {deprecated:?}, removed: {removed:?}, \
             replacements: &{replacements:?} }},"
        );
    }
    out += "];\n";
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(rows: &[(&str, &str, Life, u8, u8)]) -> BTreeMap<(String, String), Known> {
        let entry = |(version, kind, life, first, last): &(&str, &str, Life, u8, u8)| {
            let known = Known { life: life.clone(), first: *first, last: *last };
            (((*version).to_owned(), (*kind).to_owned()), known)
        };
        rows.iter().map(entry).collect()
    }

    #[test]
    fn reads_what_is_registered_and_declared() {
        let register = "// GroupName is a name.\nconst GroupName = \"apps\"\nvar x = schema.GroupVersion{Group: GroupName, Version: \"v1beta1\"}\n\
                        \tscheme.AddKnownTypes(SchemeGroupVersion,\n\t\t&Deployment{},\n\t\t&DeploymentList{},\n\t)\n";
        let (version, kinds) = registered(register).unwrap();
        assert_eq!((version.as_str(), kinds.len()), ("apps/v1beta1", 2));
        let (_, kinds) =
            registered(&register.replace("(SchemeGroupVersion", "(\n\t\tSchemeGroupVersion")).unwrap();
        assert_eq!(kinds.len(), 2, "the version on a line of its own");
        let text = "\nfunc (in *Deployment) APILifecycleRemoved() (major, minor int) {\n\treturn 1, 16\n}\n\
                    \nfunc (in *Deployment) APILifecycleReplacement() schema.GroupVersionKind {\n\
                    \treturn schema.GroupVersionKind{Group: \"apps\", Version: \"v1\", Kind: \"DeploymentList\"}\n}\n";
        let life = &lifecycles(text).unwrap()["Deployment"];
        assert_eq!(life.removed, Some(16));
        assert_eq!(life.replacement, Some(("apps/v1".to_owned(), "Deployment".to_owned())));
        assert!(
            lifecycles("\nfunc (in *A) APILifecycleRemoved() (major, minor int) {\n\treturn 2, 0\n}\n")
                .is_err()
        );
    }

    #[test]
    fn what_modules_no_longer_have_is_gone_and_replacements_stay() {
        let gone = Life { removed: Some(40), ..Life::default() };
        let tagged = Life {
            deprecated: Some(8),
            replacement: Some(("b/v1beta1".to_owned(), "K".to_owned())),
            ..Life::default()
        };
        let ga = Life { introduced: Some(28), ..Life::default() };
        let known = known(&[
            ("a/v1alpha1", "K", gone, 25, 30),
            ("a/v1beta1", "K", tagged, 25, 37),
            ("a/v1", "K", ga, 29, 37),
            ("b/v1beta1", "K", Life { removed: Some(20), ..Life::default() }, 19, 37),
        ]);
        let rows = rows(&known, 37);
        let told: Vec<_> = rows.iter().map(|row| (row.api_version.as_str(), row.removed)).collect();
        assert_eq!(told, [("a/v1alpha1", Some(31)), ("a/v1beta1", None), ("b/v1beta1", Some(20))]);
        let of = |version: &str, since| (version.to_owned(), "K".to_owned(), since);
        assert_eq!(rows[0].replacements, [of("a/v1", 28), of("a/v1beta1", 25)]);
        assert_eq!(rows[1].replacements, [of("a/v1", 28)]);
        assert_eq!(rows[2].replacements, []);
    }

    #[test]
    fn versions_have_an_order() {
        assert!(
            ["v1alpha1", "v2alpha1", "v1beta1", "v1beta3", "v2beta1", "v1", "v2"]
                .is_sorted_by_key(|v| rank(v))
        );
    }
}
