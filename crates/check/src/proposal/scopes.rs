//! Which directories look like clusters of their own.

use std::collections::BTreeSet;

/// The directories that tell files apart which declare the same: the first component below what the files have in common.
/// Deeper ones come first, as the first scope that a file matches is its own. Each with a name.
pub(super) fn directories<'p>(contested: impl Iterator<Item = Vec<&'p str>>) -> Vec<(String, String)> {
    let mut found = BTreeSet::new();
    for files in contested {
        let directories: Vec<Vec<&str>> = files.iter().map(|file| components(file)).collect();
        let shared =
            directories.iter().skip(1).fold(directories.first().cloned().unwrap_or_default(), common);
        found.extend(directories.iter().filter_map(|d| d.get(..=shared.len())).map(|d| d.join("/")));
    }
    let mut directories: Vec<String> = found.into_iter().collect();
    directories.sort_by_key(|directory| std::cmp::Reverse(directory.matches('/').count()));
    let last = |directory: &str| directory.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = directories.iter().map(|d| last(d)).collect();
    let is_once = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    let named = directories.iter().zip(&names).map(|(directory, name)| {
        let name = if is_once(name) { name.clone() } else { directory.replace('/', "-") };
        (name, format!("{}/", literal(directory)))
    });
    named.collect()
}

/// A glob for just this path.
fn literal(path: &str) -> String {
    path.split('\\').map(globset::escape).collect::<Vec<_>>().join("[\\]")
}

/// The directories of a file's path.
fn components(file: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    parts
}

fn common<'p>(shared: Vec<&'p str>, other: &Vec<&'p str>) -> Vec<&'p str> {
    shared.into_iter().zip(other).take_while(|(a, b)| a == *b).map(|(a, _)| a).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[&[&'static str]]) -> Vec<String> {
        let found = directories(files.iter().map(|files| files.to_vec()));
        found.into_iter().map(|(name, directory)| format!("{name}: {directory}")).collect()
    }

    #[test]
    fn the_first_difference_tells_clusters_apart() {
        assert_eq!(of(&[&["dev/ns.yaml", "prod/ns.yaml"]]), ["dev: dev/", "prod: prod/"]);
        assert_eq!(
            of(&[&["clusters/eu/base/ns.yaml", "clusters/us/ns.yaml", "clusters/ns.yaml"]]),
            ["eu: clusters/eu/", "us: clusters/us/"]
        );
        assert_eq!(of(&[&["a.yaml", "b.yaml"]]), [""; 0]);
        assert_eq!(
            of(&[&["a/x/ns.yaml", "b/x/ns.yaml"], &["a/x/1.yaml", "a/y/1.yaml"]]),
            ["x: a/x/", "y: a/y/", "a: a/", "b: b/"]
        );
        assert_eq!(
            of(&[&["a/x/1.yaml", "a/y/1.yaml"], &["b/x/1.yaml", "b/y/1.yaml"]]),
            ["a-x: a/x/", "a-y: a/y/", "b-x: b/x/", "b-y: b/y/"]
        );
        assert_eq!(of(&[&["a[1]/n.yaml", "b*/n.yaml"]]), ["a[1]: a[[]1[]]/", "b*: b[*]/"]);
    }
}
