//! Values as kubesec finds and prints them: thedevsaddam/gojsonq `helper.go`, and Go's `%v` of decoded JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_yaml::{Kind, NodeRef};

use super::Edition;

/// A document and where its pod is.
pub(super) struct Subject<'d> {
    pub(super) root: NodeRef<'d>,
    /// `kind`, null included; `None` where no such key is.
    pub(super) kind: Option<NodeRef<'d>>,
    pub(super) edition: Edition,
    spec: Option<NodeRef<'d>>,
}

impl<'d> Subject<'d> {
    pub(super) fn new(root: NodeRef<'d>, edition: Edition) -> Self {
        let kind = at(root, &["kind"]);
        let path: &[&str] = match kind.and_then(NodeRef::as_str) {
            Some("Pod") => &["spec"],
            Some("CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
            _ => &["spec", "template", "spec"],
        };
        Self { root, kind, edition, spec: at(root, path) }
    }

    /// The value at a path from the root; `None` for null too.
    pub(super) fn value(&self, path: &[&str]) -> Option<NodeRef<'d>> {
        value(self.root, path)
    }

    /// The value at a path from the pod's specification; `None` for null too.
    pub(super) fn of_pod(&self, path: &[&str]) -> Option<NodeRef<'d>> {
        value(self.spec?, path)
    }

    /// The pod's specification.
    pub(super) fn spec(&self) -> Option<NodeRef<'d>> {
        self.spec
    }

    /// The containers of all classes that the edition looks at.
    pub(super) fn containers(&self) -> impl Iterator<Item = NodeRef<'d>> {
        let classes: &[&str] = match self.edition {
            Edition::Released => &["initContainers", "containers"],
            Edition::Development => &["initContainers", "containers", "ephemeralContainers"],
        };
        classes.iter().filter_map(|class| self.of_pod(&[class])).flat_map(elements)
    }
}

/// The value at a path, null included. Only mappings have keys.
fn at<'d>(node: NodeRef<'d>, path: &[&str]) -> Option<NodeRef<'d>> {
    path.iter().try_fold(node, |node, key| node.get(key)).map(NodeRef::resolved)
}

/// The value at a path; `None` for null too.
pub(super) fn value<'d>(node: NodeRef<'d>, path: &[&str]) -> Option<NodeRef<'d>> {
    at(node, path).filter(|found| !found.is_null())
}

/// What kubesec meets when it counts a value and takes one element after the other: the items of a list; a mapping has as
/// many elements as keys, and each is the mapping itself.
pub(super) fn elements(node: NodeRef<'_>) -> Vec<NodeRef<'_>> {
    match node.kind() {
        Kind::Sequence => node.items().map(NodeRef::resolved).collect(),
        Kind::Mapping if node.entries().next().is_some() => vec![node],
        _ => Vec::new(),
    }
}

/// The values at a path in the items of a list; items without the path are left out, null is a value.
pub(super) fn only<'d>(list: Option<NodeRef<'d>>, path: &[&str]) -> Vec<NodeRef<'d>> {
    let items = list.into_iter().flat_map(NodeRef::items);
    items.filter_map(|item| at(item.resolved(), path)).collect()
}

/// What [`only`] finds, printed as the list of mappings that kubesec prints: `[map[path:/proc]]`.
pub(super) fn only_printed(list: Option<NodeRef<'_>>, path: &[&str]) -> String {
    let key = path.last().copied().unwrap_or_default();
    let values = only(list, path);
    let items: Vec<String> =
        values.into_iter().map(|value| format!("map[{key}:{}]", printed(value))).collect();
    format!("[{}]", items.join(" "))
}

/// Go's `%v` of the value as `encoding/json` decodes it.
pub(super) fn printed(node: NodeRef<'_>) -> String {
    let mut out = String::new();
    print(node, &mut out);
    out
}

fn print(node: NodeRef<'_>, out: &mut String) {
    let node = node.resolved();
    match node.kind() {
        Kind::Sequence => {
            out.push('[');
            for (i, item) in node.items().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                print(item, out);
            }
            out.push(']');
        }
        Kind::Mapping => {
            let pairs: BTreeMap<Cow<'_, str>, NodeRef<'_>> =
                node.entries().filter_map(|(key, value)| Some((key.key()?, value))).collect();
            out.push_str("map[");
            for (i, (key, value)) in pairs.into_iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                out.push_str(&key);
                out.push(':');
                print(value, out);
            }
            out.push(']');
        }
        Kind::String => out.push_str(node.as_str().unwrap_or_default()),
        Kind::Bool => out.push_str(if node.as_bool() == Some(true) { "true" } else { "false" }),
        Kind::Int | Kind::Float => print_float(number(node).unwrap_or_default(), out),
        Kind::Null | Kind::Alias => out.push_str("<nil>"),
    }
}

/// The value of a number, which JSON makes a float.
pub(super) fn number(node: NodeRef<'_>) -> Option<f64> {
    node.json_number()?.parse().ok()
}

/// Go's `%v` of a float: the shortest digits, with an exponent below -4 and from 21 on.
fn print_float(value: f64, out: &mut String) {
    let scientific = format!("{value:e}");
    let exponent = scientific.split_once('e').and_then(|(_, e)| e.parse::<i32>().ok()).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = if value != 0.0 && !(-4..21).contains(&exponent) {
        let digits = scientific.split_once('e').map_or(&*scientific, |(digits, _)| digits);
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs())
    } else {
        write!(out, "{value}")
    };
}
