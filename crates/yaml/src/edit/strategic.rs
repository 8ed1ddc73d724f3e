//! The same changes as strategic merge patch (k8s.io/apimachinery `pkg/util/strategicpatch`).

use super::change::{Change, Reason, Refusal};
use super::outcome::Outcome;
use super::patch::whole;
use super::plan::merge;
use super::spots::{Blocked, SpotId, Step, Tree};
use super::value::Value;
use crate::document::{Kind, NodeRef};
use crate::path::{FieldPath, Segment};

/// How a list of a patch is merged into the list of an object (`x-kubernetes-patch-strategy`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListMerge {
    /// It takes its place.
    Replace,
    /// Its values are added.
    Values,
    /// Its items are merged into those with the same value for this key.
    Items(String),
}

/// Changes as strategic merge patch.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategicPatch {
    /// What differs, without the object's apiVersion, kind and name.
    pub patch: Value,
    /// The changes that are not in it, in their order.
    pub refused: Vec<Refusal>,
}

/// The changes to one object as strategic merge patch. Paths begin at the object. `merge` tells of the list at a path how
/// it is merged; where it is not known, [`ListMerge::Replace`] is right for custom resources. New items come first in a
/// merged list once the patch is applied, not last as in an edit: there is no way to say otherwise that all tools know.
pub fn strategic_merge(
    object: NodeRef<'_>,
    changes: &[Change],
    list_merge: &dyn Fn(&FieldPath) -> ListMerge,
) -> StrategicPatch {
    let (mut tree, mut active, mut refused) = merge(object, changes);
    loop {
        let outcomes = tree.outcomes();
        let mut patch = Strategic {
            tree: &tree,
            outcomes: &outcomes,
            list_merge,
            path: FieldPath::root(),
            refused: Vec::new(),
        };
        let pairs = patch.mapping(0);
        let mut found: Vec<usize> =
            patch.refused.iter().flat_map(|(spot, _)| tree.changes_below(*spot)).collect();
        found.sort_unstable();
        if found.is_empty() {
            refused.sort_by_key(|refusal: &Refusal| refusal.change);
            return StrategicPatch { patch: Value::Mapping(pairs), refused };
        }
        for (spot, (reason, span)) in patch.refused {
            for change in tree.changes_below(spot) {
                if let Ok(at) = active.binary_search(&change) {
                    active.remove(at);
                    refused.push(Refusal { change, reason: reason.clone(), span });
                }
            }
        }
        tree = Tree::of(object, changes, &active).0;
        tree.settle();
    }
}

struct Strategic<'t, 'a> {
    tree: &'t Tree<'a>,
    outcomes: &'t [Outcome],
    list_merge: &'t dyn Fn(&FieldPath) -> ListMerge,
    path: FieldPath,
    refused: Vec<(SpotId, Blocked)>,
}

type Pairs = Vec<(String, Value)>;

impl<'a> Strategic<'_, 'a> {
    fn blocked(&self, id: SpotId, what: &'static str) -> Blocked {
        (Reason::Patch(what), self.tree.spots[id].node.map(NodeRef::span))
    }

    /// What a patch says of a mapping.
    fn mapping(&mut self, id: SpotId) -> Pairs {
        let mut pairs = Vec::new();
        let tree = self.tree;
        for &child in &tree.spots[id].children {
            let Step::Key(key) = &tree.spots[child].step else { continue };
            self.path.0.push(Segment::Key(key.as_ref().into()));
            if let Err(blocked) = self.field(child, key, &mut pairs) {
                self.refused.push((child, blocked));
            }
            self.path.0.pop();
        }
        pairs
    }

    fn field(&mut self, id: SpotId, key: &str, pairs: &mut Pairs) -> Result<(), Blocked> {
        let target = self.tree.target(id);
        let is_list = target.is_some_and(|node| node.kind() == Kind::Sequence);
        match self.outcomes[id] {
            Outcome::Same => {}
            Outcome::Gone => pairs.push((key.to_owned(), Value::Null)),
            Outcome::Whole => {
                let mut value = whole(self.tree, self.outcomes, id);
                if has_null(&value) {
                    return Err(self.blocked(id, "hold null, which it takes for a removal"));
                }
                if let (Value::List(items), true) = (&mut value, is_list) {
                    match (self.list_merge)(&self.path) {
                        ListMerge::Replace => {}
                        ListMerge::Items(_) => {
                            items.insert(0, Value::from([("$patch", Value::from("replace"))]));
                        }
                        ListMerge::Values => {
                            return Err(self.blocked(id, "replace a list whose values are merged"));
                        }
                    }
                }
                pairs.push((key.to_owned(), value));
            }
            Outcome::Inside if is_list => self.list(id, key, pairs)?,
            Outcome::Inside => {
                let inner = self.mapping(id);
                pairs.push((key.to_owned(), Value::Mapping(inner)));
            }
        }
        Ok(())
    }

    fn list(&mut self, id: SpotId, key: &str, pairs: &mut Pairs) -> Result<(), Blocked> {
        let tree = self.tree;
        match (self.list_merge)(&self.path) {
            ListMerge::Replace => {
                let value = self.result(id).filter(|value| !has_null(value));
                let value = value.ok_or_else(|| self.blocked(id, "hold null, or so deep a value,"))?;
                pairs.push((key.to_owned(), value));
            }
            ListMerge::Values => {
                let mut deleted = Vec::new();
                for &child in &tree.spots[id].children {
                    match (self.outcomes[child], tree.spots[child].node.and_then(Value::of)) {
                        (Outcome::Same, _) => {}
                        (Outcome::Gone, Some(value)) => deleted.push(value),
                        _ => {
                            return Err(
                                self.blocked(child, "change a value of a list whose values are merged")
                            );
                        }
                    }
                }
                let added: Vec<Value> = tree.missing(id).into_iter().map(|item| item.value.clone()).collect();
                if !deleted.is_empty() {
                    pairs.push((format!("$deleteFromPrimitiveList/{key}"), Value::List(deleted)));
                }
                if !added.is_empty() {
                    pairs.push((key.to_owned(), Value::List(added)));
                }
            }
            ListMerge::Items(name) => {
                let mut items = Vec::new();
                let index = |child: SpotId| match tree.spots[child].step {
                    Step::Index(index) => Some((index, child)),
                    _ => None,
                };
                // The order of a patch's items becomes that of the list.
                let mut children: Vec<_> = tree.spots[id].children.iter().filter_map(|c| index(*c)).collect();
                children.sort_unstable();
                for (index, child) in children {
                    self.path.0.push(Segment::Index(index));
                    match self.item(id, child, &name) {
                        Ok(item) => items.extend(item),
                        Err(blocked) => self.refused.push((child, blocked)),
                    }
                    self.path.0.pop();
                }
                for item in tree.missing(id) {
                    if has_null(item.value) {
                        return Err(self.blocked(id, "hold null, which it takes for a removal"));
                    }
                    items.push(item.value.clone());
                }
                pairs.push((key.to_owned(), Value::List(items)));
            }
        }
        Ok(())
    }

    /// What a patch says of an item that is merged by the field `name`.
    fn item(&mut self, list: SpotId, id: SpotId, name: &str) -> Result<Option<Value>, Blocked> {
        let scalar = |node: &NodeRef<'a>| node.key().is_some();
        let value = |node: NodeRef<'a>| node.get(name).filter(scalar).and_then(Value::of);
        let ours = self.tree.spots[id].node.and_then(value);
        let ours = ours.ok_or_else(|| self.blocked(id, "name an item without its merge key"))?;
        let same = |node: &&NodeRef<'a>| node.get(name).is_some_and(|node| ours.is_value_of(node));
        let namesakes = self.tree.list(list).map_or(0, |items| items.nodes.iter().filter(same).count());
        if namesakes != 1 {
            return Err(self.blocked(id, "name one of several items with the same merge key"));
        }
        let mut pairs = vec![(name.to_owned(), ours)];
        match self.outcomes[id] {
            Outcome::Same => return Ok(None),
            Outcome::Gone => pairs.push(("$patch".to_owned(), Value::from("delete"))),
            Outcome::Whole => return Err(self.blocked(id, "replace an item by something that is no mapping")),
            Outcome::Inside => {
                let inner = self.mapping(id);
                if inner.iter().any(|(key, _)| key == name) {
                    return Err(self.blocked(id, "change the merge key of an item"));
                }
                pairs.extend(inner);
            }
        }
        Ok(Some(Value::Mapping(pairs)))
    }

    /// The value of a spot after the changes; `None` if it is too deep.
    fn result(&self, id: SpotId) -> Option<Value> {
        let (tree, spot) = (self.tree, &self.tree.spots[id]);
        match self.outcomes[id] {
            Outcome::Whole => return Some(whole(tree, self.outcomes, id)),
            Outcome::Same | Outcome::Gone => return spot.node.and_then(Value::of),
            Outcome::Inside => {}
        }
        let kept = |step: Step<'a>, node: NodeRef<'a>| match tree.find(id, &step) {
            Some(child) if self.outcomes[child] == Outcome::Gone => Some(None),
            Some(child) => self.result(child).map(Some),
            None => Value::of(node).map(Some),
        };
        if let Some(items) = tree.list(id) {
            let mut values = Vec::new();
            for (index, node) in items.nodes.iter().enumerate() {
                values.extend(kept(Step::Index(index as u32), *node)?);
            }
            values.extend(tree.missing(id).into_iter().map(|item| item.value.clone()));
            return Some(Value::List(values));
        }
        let fields = tree.fields(id)?;
        let mut pairs = Vec::new();
        for (key, field) in fields.iter() {
            let value = kept(Step::Key(key.clone()), field.value)?;
            pairs.extend(value.map(|value| (key.to_string(), value)));
        }
        for &child in &spot.children {
            if let (Step::Key(key), None, Outcome::Whole) =
                (&tree.spots[child].step, tree.spots[child].node, self.outcomes[child])
            {
                pairs.push((key.to_string(), whole(tree, self.outcomes, child)));
            }
        }
        Some(Value::Mapping(pairs))
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(items) => items.iter().any(has_null),
        Value::Mapping(pairs) => pairs.iter().any(|(_, value)| has_null(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Op;

    const POD: &str = "spec:\n  containers:\n  - name: a\n    args: [x]\n    caps: [A, B]\n  - name: b\n    x: 1\n  - image: c\n  finalizers: [f, g]\n  map: {k: 1}\n";

    fn patch(changes: &[Change]) -> (String, Vec<usize>) {
        let document = crate::read(POD.as_bytes()).remove(0).document.unwrap();
        let merge = |path: &FieldPath| match path.0.last() {
            Some(Segment::Key(key)) if key == "containers" => ListMerge::Items("name".to_owned()),
            Some(Segment::Key(key)) if key == "finalizers" => ListMerge::Values,
            _ => ListMerge::Replace,
        };
        let StrategicPatch { patch, refused } = strategic_merge(document.root(), changes, &merge);
        (patch.to_json(), refused.iter().map(|refusal| refusal.change).collect())
    }

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn lists_are_merged_as_the_server_merges_them() {
        let changes = [
            Change::ensure(path("spec.containers[name=a].ctx.run"), true),
            Change::ensure_item(path("spec.containers[0].caps"), "ALL", None),
            Change::remove(path("spec.containers[0].caps[0]"), Some(Value::from("A"))),
            Change::remove(path("spec.containers[name=b]"), None),
            Change::ensure_item(path("spec.containers"), Value::from([("name", "d".into())]), Some("name")),
            Change::remove(path("spec.finalizers[0]"), None),
            Change::ensure_item(path("spec.finalizers"), "h", None),
            Change { path: path("spec.map.k"), op: Op::Remove { expected: None, prune: true } },
        ];
        let wanted = r#"{"spec":{"containers":[{"name":"a","ctx":{"run":true},"caps":["B","ALL"]},{"name":"b","$patch":"delete"},{"name":"d"}],"$deleteFromPrimitiveList/finalizers":["f"],"finalizers":["h"],"map":null}}"#;
        assert_eq!(patch(&changes), (wanted.to_owned(), Vec::new()));
    }

    #[test]
    fn items_keep_their_order() {
        let change = |text: &str| Change::ensure(path(text), 2);
        let changes = [change("spec.containers[name=b].x"), change("spec.containers[name=a].x")];
        let wanted = r#"{"spec":{"containers":[{"name":"a","x":2},{"name":"b","x":2}]}}"#;
        assert_eq!(patch(&changes).0, wanted);
    }

    #[test]
    fn what_a_patch_cannot_say_is_refused() {
        let changes = [
            Change::ensure(path("spec.containers[2].x"), 1),
            Change::ensure(path("spec.containers[name=a].name"), "z"),
            Change::ensure(path("spec.new"), Value::Null),
            Change::ensure(path("spec.finalizers"), Value::List(Vec::new())),
            Change::ensure(path("spec.map.k"), 2),
        ];
        assert_eq!(patch(&changes), (r#"{"spec":{"map":{"k":2}}}"#.to_owned(), vec![0, 1, 2, 3]));
        let replaced = [Change::ensure(path("spec.containers"), Value::List(Vec::new()))];
        assert_eq!(patch(&replaced).0, r#"{"spec":{"containers":[{"$patch":"replace"}]}}"#);
    }
}
