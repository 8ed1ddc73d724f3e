//! What holds of every edit.

use std::sync::Arc;

use seawall_yaml::edit::{
    Change, Edited, PatchOp, PatchOperation, Planned, TextEdit, Value, apply, json_patch, plan, verify,
};
use seawall_yaml::{Document, read};

use crate::changes::is_repeatable;

/// The documents of a source.
pub(crate) fn documents(source: &[u8]) -> Vec<Document> {
    read(source).into_iter().filter_map(|entry| entry.document).collect()
}

/// The source after the changes to each of its documents, and what was planned. Fails if the edits change anything else,
/// are not complete, or differ from the JSON Patch of the same changes.
pub(crate) fn edited(source: &[u8], changes: &[Vec<Change>]) -> (Vec<u8>, Vec<Planned>) {
    match try_edited(source, changes) {
        Ok(result) => result,
        Err(message) => panic!("{message}\n--- before\n{}", String::from_utf8_lossy(source)),
    }
}

/// As [`edited`], with the failure as text.
pub(crate) fn try_edited(source: &[u8], changes: &[Vec<Change>]) -> Result<(Vec<u8>, Vec<Planned>), String> {
    let source: Arc<[u8]> = source.into();
    let before: Vec<Document> =
        read(Arc::clone(&source)).into_iter().filter_map(|entry| entry.document).collect();
    let planned: Vec<Planned> =
        before.iter().zip(changes).map(|(document, set)| plan(document, set)).collect();
    let edits: Vec<TextEdit> = planned.iter().flat_map(|planned| planned.edits.clone()).collect();
    let after = apply(&source, &edits);
    let failed =
        |what: String| format!("{what}\n--- edits {edits:?}\n--- after\n{}", String::from_utf8_lossy(&after));
    let made: Vec<Edited<'_>> = before
        .iter()
        .zip(changes.iter().zip(&planned))
        .map(|(document, (set, planned))| Edited { document, changes: planned.accepted(set) })
        .collect();
    verify(&made, after.as_slice()).map_err(|mismatch| failed(mismatch.to_string()))?;
    let again = documents(&after);
    for ((new, edited), old) in again.iter().zip(&made).zip(&before) {
        let set: Vec<Change> = edited.changes.iter().map(|&change| change.clone()).collect();
        let second = plan(new, &set);
        if !second.edits.is_empty() && is_repeatable(&set) {
            return Err(failed(format!("the second run edits again: {:?}", second.edits)));
        }
        let patch = json_patch(old.root(), &set);
        if !patch.refused.is_empty() {
            return Err(failed(format!("the patch refuses {:?}", patch.refused)));
        }
        if let (Some(mut value), Some(wanted)) = (Value::of(old.root()), Value::of(new.root())) {
            for operation in &patch.operations {
                patched(&mut value, operation).map_err(|e| failed(format!("{e}: {}", patch.to_json())))?;
            }
            if !value.is_same(&wanted) {
                return Err(failed(format!("{} gives {}", patch.to_json(), value.to_json())));
            }
        }
    }
    Ok((after, planned))
}

/// Applies an operation as RFC 6902 says.
fn patched(root: &mut Value, operation: &PatchOperation) -> Result<(), String> {
    let mut tokens: Vec<String> =
        operation.path.split('/').skip(1).map(|t| t.replace("~1", "/").replace("~0", "~")).collect();
    let Some(last) = tokens.pop() else { return Err("the root is patched".to_owned()) };
    let mut at = root;
    for token in tokens {
        at = match at {
            Value::Mapping(pairs) => pairs.iter_mut().find(|(key, _)| *key == token).map(|(_, value)| value),
            Value::List(items) => token.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        }
        .ok_or_else(|| format!("nothing at `{token}`"))?;
    }
    let found = match at {
        Value::Mapping(pairs) => pairs.iter().position(|(key, _)| *key == last),
        Value::List(items) => last.parse().ok().filter(|index| *index < items.len()),
        _ => None,
    };
    let value = || operation.value.clone().ok_or("no value".to_owned());
    match (at, operation.op, found) {
        (Value::Mapping(pairs), PatchOp::Add, None) => pairs.push((last, value()?)),
        (Value::List(items), PatchOp::Add, None) if last == "-" => items.push(value()?),
        (Value::Mapping(pairs), PatchOp::Remove, Some(index)) => drop(pairs.remove(index)),
        (Value::List(items), PatchOp::Remove, Some(index)) => drop(items.remove(index)),
        (Value::Mapping(pairs), PatchOp::Replace, Some(index)) => pairs[index].1 = value()?,
        (Value::List(items), PatchOp::Replace, Some(index)) => items[index] = value()?,
        (Value::Mapping(pairs), PatchOp::Test, Some(index)) if pairs[index].1.is_same(&value()?) => {}
        (Value::List(items), PatchOp::Test, Some(index)) if items[index].is_same(&value()?) => {}
        _ => return Err(format!("{operation:?} fails")),
    }
    Ok(())
}
