//! Objects against the type table: what the API server would refuse, warn of, or silently lose.
//!
//! The API server decodes with sigs.k8s.io/json: a wrong type refuses the object; an unknown field or a duplicate key is
//! dropped, which is an error, a warning or silence by the request's `fieldValidation`. Its default is a warning; kubectl
//! asks for `Strict`, which is an error. Duplicate keys in YAML never get that far: kubectl turns the file into JSON first
//! and keeps the last.

mod base64;
mod keys;
mod rank;
mod strict;
mod structural;
mod suggest;
mod time;
mod values;
mod walk;
mod words;

use std::ops::Range;

use seawall_model::{FieldPath, Segment};
use seawall_yaml::{NodeId, Span};

use crate::objects::{Holder, Object};
use crate::types::{self, Shape};
use crate::workload::Template;
use rank::Rank;
pub use strict::{Held, strict};
pub use structural::{Definition, Definitions, Unheld};
pub(crate) use suggest::nearest;
pub use walk::{MOST, Walker};

/// What is wrong with a part of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaProblemKind {
    /// A value of another type than the field has.
    WrongType {
        /// What the field takes, as people say it: `true or false`.
        expected: &'static str,
        /// What is there: `a string`.
        found: &'static str,
    },
    /// A value of the right type that does not parse, such as a quantity, a time or base64.
    InvalidValue,
    /// A field that the type does not have.
    UnknownField {
        /// The field that was probably meant; dotted where it belongs into a neighbour.
        suggestion: Option<String>,
    },
    /// A field that must be there and is not.
    Missing,
    /// A field, or a kind, that the target version does not have.
    NotInVersion,
    /// A value that is none of those that the field takes, or out of its bounds.
    NotAllowed,
    /// A key that its mapping already has.
    DuplicateKey {
        /// The first such key.
        first: Span,
    },
}

/// What becomes of an object with a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// Nobody says anything; what was written is lost.
    Silent,
    /// The API server warns by default and drops the field. kubectl refuses, as it asks for `fieldValidation: Strict`.
    Strict,
    /// The API server refuses the object.
    Refused,
    /// The published schema does not allow it. The API server asks for more in one place and for less in another: it fills
    /// in fields that the schema wants.
    Schema,
}

/// A problem with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// What is wrong.
    pub kind: SchemaProblemKind,
    /// What becomes of the object.
    pub answer: Answer,
    /// Where in the object, list items by their merge key.
    pub path: FieldPath,
    /// The same as the API server writes it, list items by position.
    pub go_path: String,
    /// The node that shows it: the value, or the key of an unknown or duplicate field.
    pub node: NodeId,
    /// Its place in the source.
    pub span: Span,
    /// The place of the key that leads to it, if a key does.
    pub key_span: Option<Span>,
    /// For people: lower case, no trailing period.
    pub message: String,
    /// The bytes of the message that repeat the value, where it does.
    pub message_value: Option<Range<usize>>,
    /// The API server's words.
    pub reason: String,
    /// The bytes of the reason that repeat the value, where it does.
    pub reason_value: Option<Range<usize>>,
    /// What to do, where that is known.
    pub hint: Option<String>,
    rank: Rank,
}

/// The problem that the API server names when it refuses the object.
pub fn refusal(problems: &[SchemaProblem]) -> Option<&SchemaProblem> {
    problems.iter().filter(|p| p.answer == Answer::Refused).min_by(|a, b| a.rank.cmp(&b.rank))
}

/// Whether the API server would refuse the object: then nothing is to be judged.
pub fn refused(problems: &[SchemaProblem]) -> bool {
    problems.iter().any(|p| p.answer == Answer::Refused)
}

impl Walker {
    /// The problems of an object, in the order of the source. Objects of unknown kinds are only searched for duplicate
    /// keys; of workloads in apiVersions that are no longer served only what today's types have is checked.
    pub fn check(&mut self, object: &Object<'_>) -> Vec<SchemaProblem> {
        self.cut = false;
        self.walk(object, None)
    }

    /// The problems of a list apart from its items.
    pub fn check_list(&mut self, list: &Object<'_>) -> Vec<SchemaProblem> {
        self.cut = false;
        let holder = Holder::of(list.node, list.api_version, list.kind);
        self.walk(list, Some(holder.unwrap_or(Holder::List)))
    }

    /// Whether the object or list that was checked last, or its templates, have more problems than were reported.
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Fields of a custom resource's pod that the API server would know under nearly the same name, and the value that keeps
    /// it from being decoded, which is at the offset `wrong`. What its own definition has beside them is not known, so that
    /// nothing else is said.
    pub fn check_template(&mut self, template: &Template<'_>, wrong: Option<u32>) -> Vec<SchemaProblem> {
        let pod = types::type_of("v1", "Pod").and_then(|id| id.field(b"spec"));
        let (Some(spec), Some(path), Some(Shape::Struct(id))) =
            (template.spec(), template.spec_path(), pod.map(|f| f.shape))
        else {
            return Vec::new();
        };
        let mut problems = self.run(spec, Some(id), false, None);
        let is_there = |p: &SchemaProblem| wrong.is_some_and(|at| p.span.start <= at && at < p.span.end);
        problems.retain(|p| match p.kind {
            SchemaProblemKind::UnknownField { ref suggestion } => suggestion.is_some(),
            SchemaProblemKind::WrongType { .. } | SchemaProblemKind::InvalidValue => is_there(p),
            SchemaProblemKind::DuplicateKey { .. }
            | SchemaProblemKind::Missing
            | SchemaProblemKind::NotInVersion
            | SchemaProblemKind::NotAllowed => false,
        });
        for problem in &mut problems {
            problem.go_path = format!("{path}.{}", problem.go_path);
            problem.path = path.clone().join(&problem.path);
        }
        problems
    }

    fn walk(&mut self, object: &Object<'_>, list: Option<Holder>) -> Vec<SchemaProblem> {
        let current = types::type_in(object.api_version, object.kind, self.minor);
        let id = current.or_else(|| types::retired_type_of(object.api_version, object.kind));
        let retired = current.is_none() && id.is_some();
        let mut problems = self.run(object.node, id, id.is_none(), list);
        if retired {
            problems.retain(|p| {
                let unknown = matches!(p.kind, SchemaProblemKind::UnknownField { .. });
                let removed = |path: &str| REMOVED.contains(&(object.api_version, object.kind, path));
                !(unknown && (is_removed_metadata(&p.path) || removed(&p.path.to_string())))
            });
        }
        problems
    }
}

/// Fields of retired versions that today's do not have, by apiVersion and kind (k8s.io/api, the types of each version).
const REMOVED: [(&str, &str, &str); 5] = [
    ("apps/v1beta1", "Deployment", "spec.rollbackTo"),
    ("extensions/v1beta1", "Deployment", "spec.rollbackTo"),
    ("extensions/v1beta1", "DaemonSet", "spec.templateGeneration"),
    ("extensions/v1beta1", "DaemonSet", "status.templateGeneration"),
    ("extensions/v1beta1", "Job", "spec.autoSelector"),
];

/// Whether it is a field of metadata that all servers of retired versions know, and today's do not (k8s.io/apimachinery
/// `pkg/apis/meta/v1/types.go`: `initializers` until 1.15, `clusterName` until 1.24).
fn is_removed_metadata(path: &FieldPath) -> bool {
    matches!(
        path.0.as_slice(),
        [.., Segment::Key(metadata), Segment::Key(field)]
            if metadata == "metadata" && matches!(field.as_str(), "clusterName" | "initializers")
    )
}

#[cfg(test)]
mod tests;
