//! The same changes as JSON Patch (RFC 6902).

use super::change::{Change, Op, Refusal};
use super::outcome::Outcome;
use super::plan::merge;
use super::spots::{SpotId, Step, Tree};
use super::value::{Value, write_json_string};
use crate::document::NodeRef;
use crate::path::push_reference;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchOp {
    /// Adds a key, or an item at the end of a list (`/-`).
    Add,
    /// Removes a key or an item.
    Remove,
    /// Puts another value in the place of one.
    Replace,
    /// Fails if the value is not this one.
    Test,
}

/// An operation of a JSON Patch.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchOperation {
    /// What it does.
    pub op: PatchOp,
    /// Where, as JSON Pointer.
    pub path: String,
    /// The value; none for removals.
    pub value: Option<Value>,
}

/// Changes as JSON Patch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonPatch {
    /// To be done in this order: all tests come first, removals last and from the end of lists.
    pub operations: Vec<PatchOperation>,
    /// The changes that are not in it, in their order.
    pub refused: Vec<Refusal>,
}

impl JsonPatch {
    /// The operations as compact JSON.
    pub fn to_json(&self) -> String {
        let operations: Vec<String> = self.operations.iter().map(PatchOperation::to_json).collect();
        format!("[{}]", operations.join(","))
    }
}

impl PatchOperation {
    /// The operation as compact JSON.
    pub fn to_json(&self) -> String {
        let op = match self.op {
            PatchOp::Add => "add",
            PatchOp::Remove => "remove",
            PatchOp::Replace => "replace",
            PatchOp::Test => "test",
        };
        let mut out = format!("{{\"op\":\"{op}\",\"path\":");
        write_json_string(&self.path, &mut out);
        if let Some(value) = &self.value {
            out.push_str(",\"value\":");
            value.write_json(&mut out);
        }
        out.push('}');
        out
    }
}

/// The changes to one object as JSON Patch. Paths begin at the object. The value that a removal expects is tested.
pub fn json_patch(object: NodeRef<'_>, changes: &[Change]) -> JsonPatch {
    let (tree, _, refused) = merge(object, changes);
    let outcomes = tree.outcomes();
    let mut patch = Patch {
        tree: &tree,
        outcomes: &outcomes,
        changes,
        tests: Vec::new(),
        operations: Vec::new(),
        removals: Vec::new(),
    };
    patch.visit(0, "");
    let Patch { mut tests, operations, removals, .. } = patch;
    tests.extend(operations);
    tests.extend(removals.into_iter().rev());
    JsonPatch { operations: tests, refused }
}

struct Patch<'t, 'a> {
    tree: &'t Tree<'a>,
    outcomes: &'t [Outcome],
    changes: &'a [Change],
    tests: Vec<PatchOperation>,
    operations: Vec<PatchOperation>,
    removals: Vec<PatchOperation>,
}

impl Patch<'_, '_> {
    fn visit(&mut self, id: SpotId, path: &str) {
        let spot = &self.tree.spots[id];
        if spot.node.is_some() && spot.removed {
            self.test(id, path);
        }
        match self.outcomes[id] {
            Outcome::Same => return,
            Outcome::Gone => {
                self.removals.push(PatchOperation {
                    op: PatchOp::Remove,
                    path: path.to_owned(),
                    value: None,
                });
            }
            Outcome::Whole => {
                let op = if spot.node.is_some() { PatchOp::Replace } else { PatchOp::Add };
                let value = Some(whole(self.tree, self.outcomes, id));
                self.operations.push(PatchOperation { op, path: path.to_owned(), value });
                return;
            }
            Outcome::Inside => {}
        }
        let mut children = spot.children.clone();
        children.sort_by_key(|&child| match self.tree.spots[child].step {
            Step::Index(index) => index,
            Step::Key(_) | Step::Name(..) => 0,
        });
        let removals = self.removals.len();
        for child in children {
            let mut path = path.to_owned();
            match &self.tree.spots[child].step {
                Step::Key(key) => push_reference(&mut path, key),
                Step::Index(index) => push_reference(&mut path, &index.to_string()),
                // There is nothing to patch.
                Step::Name(..) => continue,
            }
            self.visit(child, &path);
        }
        if self.outcomes[id] == Outcome::Gone {
            // What is below goes with it.
            self.removals.truncate(removals);
        }
        for item in self.tree.missing(id) {
            let value = Some(item.value.clone());
            self.operations.push(PatchOperation { op: PatchOp::Add, path: format!("{path}/-"), value });
        }
    }

    /// Tests what the removals of a spot expect.
    fn test(&mut self, id: SpotId, path: &str) {
        let expected =
            self.tree.spots[id].changes.iter().find_map(|&change| match &self.changes[change].op {
                Op::Remove { expected: Some(value), .. } => Some(value),
                _ => None,
            });
        if let Some(value) = expected {
            let value = Some(value.clone());
            self.tests.push(PatchOperation { op: PatchOp::Test, path: path.to_owned(), value });
        }
    }
}

/// The value of a spot that is new or takes the place of another.
pub(super) fn whole(tree: &Tree<'_>, outcomes: &[Outcome], id: SpotId) -> Value {
    let spot = &tree.spots[id];
    if let Some(value) = spot.set {
        return value.clone();
    }
    if !spot.items.is_empty() {
        return Value::List(tree.missing(id).into_iter().map(|item| item.value.clone()).collect());
    }
    let mut pairs = Vec::new();
    for &child in &spot.children {
        if let (Step::Key(key), Outcome::Whole) = (&tree.spots[child].step, outcomes[child]) {
            pairs.push((key.to_string(), whole(tree, outcomes, child)));
        }
    }
    Value::Mapping(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(source: &str, changes: &[Change]) -> String {
        let document = crate::read(source.as_bytes()).remove(0).document.unwrap();
        json_patch(document.root(), changes).to_json()
    }

    fn path(text: &str) -> crate::FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn tests_come_first_and_removals_last() {
        let source = "l:\n- name: a\n  x: 1\n- name: b\n- name: c\n  x: {z: 1}\nm: ~\n";
        let changes = [
            Change::remove(path("l[0].x"), Some(Value::from(1))),
            Change::remove(path("l[name=b]"), None),
            Change { path: path("l[2].x.z"), op: Op::Remove { expected: Some(Value::from(1)), prune: true } },
            Change::ensure(path("m.a[\"b/~c\"].d"), "<"),
            Change::ensure(path("m.a.e"), true),
            Change::ensure_item(path("l"), Value::from([("name", "d".into())]), Some("name")),
            Change::ensure(path("n"), Value::Null),
        ];
        let wanted = [
            r#"{"op":"test","path":"/l/0/x","value":1}"#,
            r#"{"op":"test","path":"/l/2/x/z","value":1}"#,
            r#"{"op":"add","path":"/l/-","value":{"name":"d"}}"#,
            r#"{"op":"replace","path":"/m","value":{"a":{"b/~c":{"d":"\u003c"},"e":true}}}"#,
            r#"{"op":"add","path":"/n","value":null}"#,
            r#"{"op":"remove","path":"/l/2/x"}"#,
            r#"{"op":"remove","path":"/l/1"}"#,
            r#"{"op":"remove","path":"/l/0/x"}"#,
        ];
        assert_eq!(patch(source, &changes), format!("[{}]", wanted.join(",")));
    }

    #[test]
    fn what_holds_or_contradicts_is_not_in_it() {
        let changes = [
            Change::ensure(path("a"), 1),
            Change::ensure(path("b.c"), 1),
            Change::ensure(path("b.c"), 2),
            Change::remove(path("d"), None),
        ];
        assert_eq!(patch("a: 1\n", &changes), "[]");
        assert_eq!(
            patch("{}", &changes[..2]),
            r#"[{"op":"add","path":"/a","value":1},{"op":"add","path":"/b","value":{"c":1}}]"#
        );
    }
}
