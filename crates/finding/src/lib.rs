//! Rules and findings: the common currency of every engine and report.
//!
//! Knows objects and field paths, and nothing of any single check, input or output.

mod date;
pub mod exception;
mod fingerprint;
mod fix;
mod ignore;
mod redact;
mod rule;
mod safety;

use std::borrow::Cow;
use std::sync::Arc;

use seawall_model::{FieldPath, ObjectId};

pub use date::{Date, DateError};
pub use fingerprint::fingerprint;
pub use fix::{Answer, Fix, FixPatch, FixStep, Step};
pub use ignore::{
    Directive, DirectiveError, IGNORE_ANNOTATION, IgnoreSource, annotation_directives, comment_directive,
};
pub use redact::{
    MASK, Place, document_secrets, holds_secret, mask, name_words, names_secret, place, redact, redact_line,
    redact_path, redact_text, secrets, source_secrets, unread,
};
pub use rule::{Doc, Rule, Severity};
pub use safety::Safety;

/// Where in an object something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locus {
    /// From the object's root.
    pub path: FieldPath,
    /// What is to be seen there, in a few words: `must be false`.
    pub label: Cow<'static, str>,
}

/// One rule, on one object, at one site (a container, or the pod).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How grave it is here.
    pub severity: Severity,
    /// The object.
    pub object: Arc<ObjectId>,
    /// The container's name where it concerns one.
    pub container: Option<String>,
    /// Where it is.
    pub primary: Locus,
    /// Other places that belong to it.
    pub related: Vec<Locus>,
    /// What is wrong, in lower case without a trailing period.
    pub message: String,
    /// What to write, as a person would put it.
    pub advice: Cow<'static, str>,
}
