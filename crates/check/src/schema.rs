//! The schema check's answers in the driver's words.

use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::Span;

/// One field that does not fit.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) path: FieldPath,
    pub(crate) span: Span,
}

pub(crate) fn check(_object: &Object<'_>) -> Vec<Problem> {
    Vec::new()
}

pub(crate) fn refused(problems: &[Problem]) -> bool {
    problems.iter().any(Problem::refuses)
}

impl Problem {
    pub(crate) fn refuses(&self) -> bool {
        false
    }
    pub(crate) fn is_duplicate(&self) -> bool {
        false
    }
    pub(crate) fn label(&self) -> String {
        String::new()
    }
    pub(crate) fn first_span(&self) -> Option<Span> {
        None
    }
    pub(crate) fn container(&self) -> Option<String> {
        None
    }
    pub(crate) fn message(&self) -> String {
        String::new()
    }
    pub(crate) fn advice(&self) -> String {
        String::new()
    }
    pub(crate) fn reason(&self) -> String {
        String::new()
    }
}
