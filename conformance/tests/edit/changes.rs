//! The changes that are made to every document: what a repair of pods does, and something alike where there are none.

use seawall_yaml::edit::{Change, ListMerge, Op, Value};
use seawall_yaml::{Document, FieldPath, Kind, NodeRef};

/// Nodes of a document that are looked at.
const MOST: usize = 5_000;

/// The mappings that have a list of containers.
fn pod_specs(document: &Document) -> Vec<(FieldPath, NodeRef<'_>)> {
    let mut found = Vec::new();
    let mut left = vec![(FieldPath::root(), document.root())];
    let mut seen = 0;
    while let Some((path, node)) = left.pop() {
        seen += 1;
        if seen > MOST || path.0.len() > 12 {
            continue;
        }
        let is_list = |node: NodeRef<'_>| {
            node.resolved().kind() == Kind::Sequence
                && node.items().any(|i| i.resolved().kind() == Kind::Mapping)
        };
        if node.resolved().kind() == Kind::Mapping && node.get("containers").is_some_and(is_list) {
            found.push((path.clone(), node));
        }
        for (key, value) in node.entries() {
            if let Some(key) = key.key() {
                left.push((path.clone().key(key), value));
            }
        }
        for (index, item) in node.items().enumerate() {
            left.push((path.clone().index(index), item));
        }
    }
    found
}

/// Whether it is an object with containers of a kind that Go knows.
pub(crate) fn is_workload(document: &Document) -> bool {
    let text = |key: &str| document.root().get(key).and_then(NodeRef::as_str).unwrap_or_default();
    let known = [
        ("v1", "Pod"),
        ("v1", "ReplicationController"),
        ("v1", "PodTemplate"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("batch/v1", "Job"),
        ("batch/v1", "CronJob"),
    ];
    known.contains(&(text("apiVersion"), text("kind"))) && !pod_specs(document).is_empty()
}

/// How the lists that are changed here are merged.
pub(crate) fn list_merge(path: &FieldPath) -> ListMerge {
    match path.to_string().rsplit(['.', ']']).next() {
        Some("containers" | "initContainers" | "volumes") => ListMerge::Items("name".to_owned()),
        _ => ListMerge::Replace,
    }
}

fn container(path: &FieldPath, index: usize, node: NodeRef<'_>, first: bool, changes: &mut Vec<Change>) {
    if node.resolved().kind() != Kind::Mapping {
        return;
    }
    let name = node.get("name").and_then(NodeRef::as_str);
    let path = match name {
        Some(name) if index.is_multiple_of(2) => path.clone().item("name", name),
        _ => path.clone().index(index),
    };
    let context = path.clone().key("securityContext");
    changes.push(Change::ensure(context.clone().key("allowPrivilegeEscalation"), false));
    changes.push(Change::ensure_item(context.keys("capabilities.drop"), "ALL", None));
    if let Some((key, value)) = node.entries().find(|(key, _)| first && key.as_str() != Some("name"))
        && let Some(key) = key.key().filter(|key| key != "securityContext")
    {
        changes.push(Change {
            path: path.key(key),
            op: Op::Remove { expected: Value::of(value), prune: false },
        });
    }
}

/// The changes for a document.
pub(crate) fn of(document: &Document) -> Vec<Change> {
    let mut changes = Vec::new();
    for (path, spec) in pod_specs(document) {
        let context = path.clone().key("securityContext");
        changes.push(Change::ensure(context.clone().key("runAsNonRoot"), true));
        changes.push(Change::ensure(context.keys("seccompProfile.type"), "RuntimeDefault"));
        let volume =
            Value::from([("name", Value::from("seawall-tmp")), ("emptyDir", Value::Mapping(Vec::new()))]);
        changes.push(Change::ensure_item(path.clone().key("volumes"), volume, Some("name")));
        for list in ["containers", "initContainers"] {
            let list_path = path.clone().key(list);
            for (index, item) in spec.get(list).into_iter().flat_map(NodeRef::items).enumerate() {
                container(&list_path, index, item, list == "containers" && index == 0, &mut changes);
            }
        }
    }
    let root = document.root();
    if changes.is_empty() && root.kind() == Kind::Mapping {
        changes.push(Change::ensure(FieldPath::root().key("seawall").key("a.b/c"), "yes"));
        for (index, (key, value)) in root.entries().take(8).enumerate() {
            let Some(key) = key.key() else { continue };
            let path = FieldPath::root().key(key);
            match value.resolved().kind() {
                Kind::Sequence => changes.push(Change::ensure_item(path, "seawall: x", None)),
                Kind::Mapping => changes.push(Change::ensure(path.key("seawall"), 7)),
                _ if index == 1 => {
                    let expected = Value::of(value);
                    changes.push(Change { path, op: Op::Remove { expected, prune: true } });
                }
                _ if index == 2 => changes.push(Change::ensure(path, "it's new")),
                _ => {}
            }
        }
    }
    changes
}
