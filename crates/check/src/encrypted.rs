//! Objects that are encrypted in their files, and decrypted by whoever applies them.
//!
//! Source: `getsops/sops:stores/stores.go` (the metadata under `sops`), `aes/cipher.go` (the form of a value).

use seawall_manifest::objects::Object;
use seawall_manifest::schema::SchemaProblem;
use seawall_model::Segment;
use seawall_yaml::{Kind, NodeRef};

use crate::locate::at_offset;

/// What SOPS writes in front of each value that it encrypts.
const VALUE: &str = "ENC[AES256_GCM,data:";

/// Whether SOPS encrypted an object: its metadata are there.
pub(crate) fn is_encrypted(object: &Object<'_>) -> bool {
    object.node.get("sops").map(NodeRef::resolved).is_some_and(|sops| {
        sops.kind() == Kind::Mapping && ["mac", "version"].iter().any(|key| sops.get(key).is_some())
    })
}

/// Takes away what is only wrong as long as an object is encrypted: the metadata of SOPS, and the values that it encrypted.
pub(crate) fn forgive(object: &Object<'_>, problems: &mut Vec<SchemaProblem>) {
    problems.retain(|problem| {
        let (_, node) = at_offset(object.node, problem.span.start);
        let is_value = node.as_str().is_some_and(|text| text.starts_with(VALUE));
        let is_metadata = matches!(problem.path.0.first(), Some(Segment::Key(key)) if key == "sops");
        !is_value && !is_metadata
    });
}
