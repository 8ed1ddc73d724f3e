//! Which texts are secrets: pure functions on names and values.
//!
//! ```text
//! named     a variable or key and its value: by the form of the value, else by the name and what the value looks like
//! in_text   a text with assignments in it: a query, a file of properties, a line of JSON
//! in_words  the command and arguments of a container
//! ```
//!
//! Precision goes before completeness. What is found is a range of bytes, never shown: messages tell its kind. The redactor of
//! `finding` hides more than is found here; a test holds that it hides all of it.

mod base64;
mod name;
mod shape;
mod text;
mod url;
mod value;
mod words;

#[cfg(test)]
mod mixed;
#[cfg(test)]
mod samples;

use std::ops::Range;

use seawall_finding::Severity;

pub(crate) use base64::decoded;
pub(crate) use text::{Manner, in_text};
pub(crate) use words::in_words;

use name::Strength;
use value::Look;

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Confidence {
    /// A name says so.
    Name,
    /// A name, or the place, says so, and the value looks random.
    Random,
    /// The value has the form of a credential.
    Shape,
}

impl Confidence {
    /// The severity of a finding of a rule: high for forms, one below the rule's for what only a name says.
    pub(crate) fn severity(self, rule: Severity) -> Severity {
        match self {
            Self::Shape => Severity::High,
            Self::Random => rule,
            Self::Name => match rule {
                Severity::Critical => Severity::High,
                Severity::High => Severity::Medium,
                Severity::Medium => Severity::Low,
                Severity::Low | Severity::Info => Severity::Info,
            },
        }
    }
}

/// A secret that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secret<'t> {
    /// The form that it has; empty where it has none that is known.
    pub(crate) form: &'static str,
    /// The name that it is given inside the text; empty where the text as a whole is the value of a name.
    pub(crate) name: &'t str,
    /// How sure it is.
    pub(crate) confidence: Confidence,
    /// The bytes of the text that are secret.
    pub(crate) at: Range<usize>,
}

impl<'t> Secret<'t> {
    fn formed((form, at): (&'static str, Range<usize>)) -> Self {
        Self { form, name: "", confidence: Confidence::Shape, at }
    }

    fn called(name: &'t str, confidence: Confidence, at: Range<usize>) -> Self {
        Self { form: "", name, confidence, at }
    }

    /// What it is, to go behind "holds": never its value.
    pub(crate) fn said(&self) -> String {
        match (self.form, self.name, self.confidence) {
            ("", "", Confidence::Name) => "a literal value, and its name says that it is a secret".to_owned(),
            ("", "", _) => "a value that looks random, and its name says that it is a secret".to_owned(),
            ("", name, Confidence::Name) => format!("a literal value for `{name}`"),
            ("", name, _) => format!("a value for `{name}` that looks random"),
            (form, ..) => format!("what looks like {form}"),
        }
    }

    /// The same in a few words.
    pub(crate) fn label(&self) -> String {
        match (self.form, self.confidence) {
            ("", Confidence::Name) => "literal secret".to_owned(),
            ("", _) => "looks like a random secret".to_owned(),
            (form, _) => format!("looks like {form}"),
        }
    }
}

/// Names that hold no secret, whatever they sound like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Harmless<'a>(pub(crate) &'a [String]);

impl Harmless<'_> {
    /// Whether a name is one of them: case-insensitive, `*` for any text.
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.iter().any(|pattern| name::matches(pattern.as_bytes(), name.as_bytes()))
    }
}

/// The secret that a variable or key holds, if its value is one.
pub(crate) fn named<'t>(name: &str, value: &'t str, harmless: Harmless<'_>) -> Option<Secret<'t>> {
    // Nothing shorter is taken for a secret, and most values are settings of this kind.
    if value.len() < value::LEAST || harmless.has(name) {
        return None;
    }
    if let Some(found) = shape::find(value) {
        return Some(Secret::formed(found));
    }
    match by_name(name, value) {
        Some(confidence) => Some(Secret::called("", confidence, 0..value.len())),
        // Its forms have been looked for.
        None => text::assigned(value, Manner::of(value), harmless),
    }
}

/// How sure a name makes it that a value is a secret.
fn by_name(name: &str, value: &str) -> Option<Confidence> {
    let strength = name::strength(name);
    if strength == Strength::None || name::of_key(name, value) {
        return None;
    }
    match value::look(value, strength) {
        Look::Nothing => None,
        Look::Plain => (strength == Strength::Strong).then_some(Confidence::Name),
        Look::Random => Some(Confidence::Random),
    }
}

/// How sure it is that a value of a Secret's data is a secret: by its form, because it looks random or its key says so, or
/// because it is text that somebody meant to hide. Settings, public keys, and files in which nothing is found are none.
pub(crate) fn of_data(name: &str, value: &str, harmless: Harmless<'_>) -> Option<Confidence> {
    if shape::find(value).is_some() {
        return Some(Confidence::Shape);
    }
    let value = value.trim();
    if value.len() < value::LEAST
        || value::is_void(value)
        || value::is_setting(value)
        || value::is_place(value)
    {
        return None;
    }
    if value.contains('\n') {
        return in_text(value, Manner::File, harmless).map(|secret| secret.confidence);
    }
    let strong = name::strength(name) == Strength::Strong;
    Some(if strong || value::is_random(value) { Confidence::Random } else { Confidence::Name })
}
