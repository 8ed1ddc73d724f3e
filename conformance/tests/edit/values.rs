//! Changes made on values of `serde_json`.

use seawall_yaml::Segment;
use seawall_yaml::edit::{Change, Op, Value as Given};
use serde_json::{Map, Value};

fn given(value: &Given) -> Value {
    serde_json::from_str(&value.to_json()).expect("JSON")
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Orders the lists of volumes by name: a strategic merge patch puts new ones first.
pub(crate) fn order_volumes(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(order_volumes),
        Value::Object(fields) => {
            for (key, value) in fields {
                order_volumes(value);
                if let (true, Value::Array(items)) = (key == "volumes", value) {
                    items.sort_by_key(|item| item.get("name").map(Value::to_string));
                }
            }
        }
        _ => {}
    }
}

/// The value below; a missing key is added with null if `create`.
fn step<'v>(at: &'v mut Value, segment: &Segment, create: bool) -> Option<&'v mut Value> {
    match segment {
        Segment::Key(key) => {
            if create && at.is_null() {
                *at = Value::Object(Map::new());
            }
            let fields = at.as_object_mut()?;
            if create {
                Some(fields.entry(key.as_str()).or_insert(Value::Null))
            } else {
                fields.get_mut(key.as_str())
            }
        }
        Segment::Index(index) => at.as_array_mut()?.get_mut(*index as usize),
        Segment::Item(name) => {
            let (key, value) = (&name.key, &name.value);
            let matches = |item: &&mut Value| match key.as_str() {
                "" => text(item).as_deref() == Some(value.as_str()),
                key => item.get(key).and_then(text).as_deref() == Some(value.as_str()),
            };
            at.as_array_mut()?.iter_mut().find(matches)
        }
    }
}

/// Makes a change; fails where the path leads nowhere.
pub(crate) fn make(root: &mut Value, change: &Change) {
    let walk = |root: &mut Value, create: bool, visit: &mut dyn FnMut(&mut Value)| {
        let segments = if create { &change.path.0[..] } else { &change.path.0[..change.path.0.len() - 1] };
        let mut at = Some(root);
        for segment in segments {
            at = at.and_then(|value| step(value, segment, create));
        }
        match at {
            Some(value) => visit(value),
            None => assert!(!create, "{} leads nowhere", change.path),
        }
    };
    match &change.op {
        Op::Ensure(value) => walk(root, true, &mut |at| *at = given(value)),
        Op::EnsureItem { item, merge_key } => walk(root, true, &mut |at| {
            let item = given(item);
            if at.is_null() {
                *at = Value::Array(Vec::new());
            }
            let items = at.as_array_mut().expect("a list");
            let same = |other: &Value| match merge_key {
                Some(key) => other.get(key).is_some_and(|name| Some(name) == item.get(key)),
                None => *other == item,
            };
            if !items.iter().any(same) {
                items.push(item);
            }
        }),
        Op::Remove { .. } => walk(root, false, &mut |at| match change.path.0.last() {
            Some(Segment::Key(key)) => drop(at.as_object_mut().expect("a mapping").remove(key.as_str())),
            Some(item) => {
                if let Some(item) = step(at, item, false) {
                    *item = REMOVED.into();
                }
            }
            None => {}
        }),
    }
}

/// Stands for an item until all changes are made, so that the positions of others hold.
const REMOVED: &str = "\0removed";

/// Takes out the items that changes removed.
pub(crate) fn settle(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| item != REMOVED);
            items.iter_mut().for_each(settle);
        }
        Value::Object(fields) => fields.values_mut().for_each(settle),
        _ => {}
    }
}
