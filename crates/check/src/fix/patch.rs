//! Changes as patches, for objects whose text is not to be edited.

use std::sync::Arc;

use seawall_manifest::types::{patch_merge_key, type_of};
use seawall_model::ObjectId;
use seawall_yaml::edit::{self, JsonPatch, ListMerge, Refusal, StrategicPatch};
use seawall_yaml::{LineIndex, Reader};

use super::repair::ObjectChanges;

/// What repairs one object.
#[derive(Clone, Debug)]
pub struct ObjectPatch {
    /// The object.
    pub object: ObjectId,
    /// Whether it is of a kind that Kubernetes itself has, for which strategic merge patches know how to merge lists.
    pub built_in: bool,
    /// As JSON Patch.
    pub json: JsonPatch,
    /// As strategic merge patch.
    pub strategic: StrategicPatch,
    /// Why something is not in the JSON Patch.
    pub not_in_json: Vec<String>,
    /// Why something is not in the strategic merge patch.
    pub not_in_strategic: Vec<String>,
}

/// The changes of a file's objects as patches. `bytes` is the text that they are changes of.
pub fn patches(bytes: &Arc<[u8]>, changes: &[ObjectChanges]) -> Vec<ObjectPatch> {
    let lines = LineIndex::new(bytes);
    let mut out = Vec::new();
    for entry in Reader::new(bytes.clone(), seawall_yaml::Limits::default()) {
        let Some(document) = entry.document else { continue };
        for of in changes.iter().filter(|of| of.document == entry.index) {
            let found = of.in_document.resolve(document.root());
            if found.depth < of.in_document.0.len() {
                continue;
            }
            let (version, kind) = (&of.object.api_version, &of.object.kind);
            let merged = |path: &seawall_model::FieldPath| match patch_merge_key(version, kind, path) {
                Some(key) => ListMerge::Items(key.to_owned()),
                None => ListMerge::Replace,
            };
            let json = edit::json_patch(found.node, &of.changes);
            let strategic = edit::strategic_merge(found.node, &of.changes, &merged);
            let reasons = |refused: &[Refusal]| {
                let mut reasons: Vec<String> =
                    refused.iter().map(|refusal| refusal.message(&lines)).collect();
                reasons.dedup();
                reasons
            };
            let (not_in_json, not_in_strategic) = (reasons(&json.refused), reasons(&strategic.refused));
            let built_in = type_of(version, kind).is_some();
            out.push(ObjectPatch {
                object: of.object.clone(),
                built_in,
                json,
                strategic,
                not_in_json,
                not_in_strategic,
            });
        }
    }
    out
}
