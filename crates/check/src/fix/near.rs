//! Patches of one item of a long list, made at the item: many of them take no square of time.

use std::collections::HashMap;

use seawall_model::{FieldPath, Segment};
use seawall_yaml::edit::{self, Change, JsonPatch};
use seawall_yaml::{Kind, NodeRef};

/// Lists up to this size are looked through for every patch.
const SHORT: usize = 64;

/// A list whose items have names.
struct List<'d> {
    path: Vec<Segment>,
    pointer: String,
    /// The first item of each name, with its position.
    named: HashMap<String, (usize, NodeRef<'d>)>,
}

/// The long lists of one object that patches have been made in.
pub(super) struct Near<'d> {
    object: NodeRef<'d>,
    lists: Vec<List<'d>>,
}

impl<'d> Near<'d> {
    pub(super) fn new(object: NodeRef<'d>) -> Self {
        Self { object, lists: Vec::new() }
    }

    /// The JSON Patch of the object ([`edit::json_patch`]).
    pub(super) fn json_patch(&mut self, changes: &[Change]) -> JsonPatch {
        self.at_item(changes).unwrap_or_else(|| edit::json_patch(self.object, changes))
    }

    fn at_item(&mut self, changes: &[Change]) -> Option<JsonPatch> {
        let path = &changes.first()?.path.0;
        let at = path.iter().position(|segment| !matches!(segment, Segment::Key(_)))?;
        let (prefix, Segment::Item(name)) = (path.get(..=at)?, path.get(at)?) else { return None };
        // The item itself may be what is changed.
        let within = changes.iter().all(|c| c.path.0.len() > at + 1 && c.path.0.starts_with(prefix));
        if name.key != "name" || !within {
            return None;
        }
        let list = self.list(path.get(..at)?)?;
        let (position, item) = list.named.get(name.value.as_str())?;
        if !is_plain(*item) {
            return None;
        }
        let below =
            |c: &Change| Some(Change { path: FieldPath(c.path.0.get(at + 1..)?.to_vec()), op: c.op.clone() });
        let changes: Vec<Change> = changes.iter().map(below).collect::<Option<_>>()?;
        let mut patch = edit::json_patch(*item, &changes);
        for operation in &mut patch.operations {
            operation.path = format!("{}/{position}{}", list.pointer, operation.path);
        }
        Some(patch)
    }

    fn list(&mut self, path: &[Segment]) -> Option<&List<'d>> {
        let known = self.lists.iter().position(|list| list.path == path);
        let at = if let Some(at) = known {
            at
        } else {
            let list = self.find(path)?;
            self.lists.push(list);
            self.lists.len() - 1
        };
        self.lists.get(at)
    }

    fn find(&self, path: &[Segment]) -> Option<List<'d>> {
        let mut node = self.object;
        for segment in path {
            let Segment::Key(key) = segment else { return None };
            node = node.get(key).filter(|_| is_plain(node))?;
        }
        if node.kind() != Kind::Sequence || node.count() <= SHORT {
            return None;
        }
        let pointer = FieldPath(path.to_vec()).to_json_pointer(self.object)?;
        let mut named = HashMap::new();
        for (position, item) in node.items().enumerate() {
            if let Some(name) = item.get("name").and_then(NodeRef::key) {
                named.entry(name.into_owned()).or_insert((position, item));
            }
        }
        Some(List { path: path.to_vec(), pointer, named })
    }
}

/// Whether a mapping's content is written in it: no alias, nothing merged.
fn is_plain(node: NodeRef<'_>) -> bool {
    node.kind() == Kind::Mapping && !node.merges()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn a_patch_made_at_an_item_is_that_of_the_object() {
        let mut text = String::from("kind: Pod\nspec:\n  a/b:\n");
        for i in 0..SHORT * 2 {
            let _ = writeln!(text, "  - {{name: c{}, securityContext: {{privileged: true}}}}", i % 100);
        }
        let document = seawall_yaml::read(text.as_bytes()).remove(0).document.expect("a document");
        let root = document.root();
        let item = |i: usize| FieldPath::root().key("spec").key("a/b").item("name", format!("c{i}"));
        let mut near = Near::new(root);
        for i in [0, 1, 50, 99, 100] {
            for changes in [
                vec![Change::ensure(item(i).keys("securityContext.x"), true)],
                vec![
                    Change::ensure(item(i).keys("x.y"), true),
                    Change::remove(item(i).keys("securityContext"), None),
                ],
                vec![Change::remove(item(i).keys("securityContext.privileged"), Some(true.into()))],
                vec![Change::remove(item(i).keys("securityContext.privileged"), Some(false.into()))],
                vec![Change::ensure(item(i).keys("securityContext.privileged.x"), true)],
                vec![Change::remove(item(i), None)],
                vec![Change::ensure(item(i).keys("x"), true), Change::ensure(item(i + 1).keys("x"), true)],
            ] {
                let whole = edit::json_patch(root, &changes);
                assert_eq!(near.json_patch(&changes), whole, "{changes:?}");
                let alone =
                    i < 100 && changes.iter().all(|c| c.path.0.len() > 3 && c.path.0.starts_with(&item(i).0));
                assert_eq!(near.at_item(&changes).is_some(), alone, "{changes:?}");
            }
        }
        assert_eq!(near.lists.len(), 1);
    }
}
