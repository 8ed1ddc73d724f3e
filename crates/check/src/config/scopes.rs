//! `scopes`: directories that are clusters of their own, so that equal names of namespaces do not mix.

use globset::{GlobBuilder, GlobMatcher};
use seawall_yaml::NodeRef;

use super::{ConfigError, error, items, only, strings, text};

/// A part of the input that is a cluster of its own.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Its name.
    pub name: String,
    /// A file with Namespace objects of the cluster, from the configuration file's directory.
    pub namespaces: Option<String>,
    globs: Vec<GlobMatcher>,
}

impl Scope {
    /// Whether a file belongs to it, by its path from the configuration file's directory.
    pub fn includes(&self, path: &str) -> bool {
        self.globs.iter().any(|glob| glob.is_match(path))
    }
}

/// A glob for paths: `*` within one name, `**` for any number of directories. A directory stands for all below it, a pattern
/// without a slash for files of that name anywhere.
pub(super) fn glob(pattern: &str) -> Result<GlobMatcher, String> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let whole = match pattern.strip_suffix('/') {
        Some(directory) => format!("{directory}/**"),
        None if pattern.contains('/') => pattern.to_owned(),
        None => format!("**/{pattern}"),
    };
    let built = GlobBuilder::new(&whole).literal_separator(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|e| format!("`{pattern}` is no glob: {}", e.kind()))
}

const HINT: &str = "scopes: [{name: production, paths: [clusters/production/]}]";

pub(super) fn scopes(value: NodeRef<'_>, errors: &mut Vec<ConfigError>) -> Vec<Scope> {
    let mut out: Vec<Scope> = Vec::new();
    for item in items(value, "scopes", HINT, errors) {
        if !only(item, "a scope", &["name", "paths", "namespaces"], errors) {
            continue;
        }
        let before = errors.len();
        let name = item.get("name").and_then(NodeRef::as_str).unwrap_or_default().to_owned();
        let mut globs = Vec::new();
        for (pattern, span) in item.get("paths").map(|p| strings(p, "paths", errors)).unwrap_or_default() {
            match glob(&pattern) {
                Ok(glob) => globs.push(glob),
                Err(message) => errors.push(ConfigError { span, message, hint: None }),
            }
        }
        let namespaces = item.get("namespaces").filter(|node| !node.is_null());
        let namespaces = namespaces.and_then(|node| text("namespaces", node, errors));
        if errors.len() > before {
            continue;
        }
        if name.is_empty() || globs.is_empty() {
            errors.push(ConfigError::at(item, "a scope needs a `name` and `paths`", Some(HINT)));
        } else if out.iter().any(|scope| scope.name == name) {
            errors.push(error(item, format!("two scopes are called `{name}`"), None));
        } else {
            out.push(Scope { name, namespaces, globs });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs_of_paths() {
        for (pattern, path, matches) in [
            ("clusters/prod/", "clusters/prod/a/b.yaml", true),
            ("clusters/prod/", "clusters/production/b.yaml", false),
            ("./clusters/*/x.yaml", "clusters/a/x.yaml", true),
            ("clusters/*/x.yaml", "clusters/a/b/x.yaml", false),
            ("clusters/**/x.yaml", "clusters/a/b/x.yaml", true),
            ("x.yaml", "a/b/x.yaml", true),
            ("x.yaml", "x.yaml", true),
            ("*.yaml", "a/x.yaml", true),
        ] {
            assert_eq!(glob(pattern).unwrap().is_match(path), matches, "{pattern} {path}");
        }
        assert!(glob("a/[").is_err());
    }
}
