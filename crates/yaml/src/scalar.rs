//! Plain scalars and numbers as go.yaml.in/yaml/v2 resolves and encoding/json prints them
//! (`resolve.go`; sigs.k8s.io/yaml `convertToJSONableObject`).

use crate::document::{Kind, flag};

/// What a scalar resolves to; numbers stay text until asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits i64 or u64.
    Int,
    /// A finite floating point number.
    Float,
    /// `.nan` or `.inf`: a number that JSON cannot hold, so the document is refused.
    NotFinite,
    /// A string.
    String,
}

impl Scalar {
    pub(crate) fn parts(self) -> (Kind, u8) {
        match self {
            Self::Null => (Kind::Null, 0),
            Self::Bool(value) => (Kind::Bool, if value { flag::TRUE } else { 0 }),
            Self::Int => (Kind::Int, 0),
            Self::Float | Self::NotFinite => (Kind::Float, 0),
            Self::String => (Kind::String, 0),
        }
    }
}

/// A number's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Fits i64.
    Int(i64),
    /// Fits u64 only.
    Uint(u64),
    /// Any other.
    Float(f64),
}

impl Number {
    /// As Go's encoding/json prints it.
    pub fn to_json(self) -> String {
        match self {
            Self::Int(v) => v.to_string(),
            Self::Uint(v) => v.to_string(),
            Self::Float(_) => todo!(),
        }
    }

    /// As sigs.k8s.io/yaml turns it into a key: Go's `FormatFloat(v, 'g', -1, 32)` for floats.
    pub fn to_key(self) -> String {
        todo!()
    }
}

/// What a plain (unquoted, untagged) scalar resolves to.
pub fn resolve_plain(_text: &str) -> Scalar {
    todo!()
}

/// The value of the text of a node of kind `Int` or `Float`.
pub(crate) fn number(_text: &str, _kind: Kind, _json: bool) -> Option<Number> {
    todo!()
}
