//! One description per type, two sources: the decoding of typed views.
//!
//! A type describes itself once with [`object!`]; [`Source`] is implemented by the node cursor (`nodes`) and by the
//! JSON pull tokenizer (`json`). Both accept and reject what the API machinery's decoder does: names are
//! case-sensitive, unknown fields are skipped, null leaves a field as it was, a wrong type is an error.

use std::borrow::Cow;
use std::fmt;

/// Why a value could not be decoded, in the words of Go's decoder where it has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Byte offset in the source.
    pub offset: u32,
    /// What is wrong, lower case.
    pub message: Cow<'static, str>,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}

/// A position in a tree of values, read once, front to back.
pub trait Source<'d> {
    /// Whether a field given twice keeps what the first value set (Go's typed JSON decoding) instead of replacing it
    /// (documents, where the last value wins).
    const MERGES: bool;

    /// Enters an object. `false` and consumed where the value is null.
    fn begin_object(&mut self) -> Result<bool, DecodeError>;
    /// The next key of the object entered last, or `None` at its end (which leaves it).
    fn next_key(&mut self) -> Result<Option<Cow<'d, str>>, DecodeError>;
    /// Enters a list. `false` and consumed where the value is null.
    fn begin_list(&mut self) -> Result<bool, DecodeError>;
    /// Whether the list entered last has a further item; `false` leaves it.
    fn next_item(&mut self) -> Result<bool, DecodeError>;
    /// A string; `None` for null.
    fn string(&mut self) -> Result<Option<Cow<'d, str>>, DecodeError>;
    /// A boolean; `None` for null.
    fn boolean(&mut self) -> Result<Option<bool>, DecodeError>;
    /// An integer within `min..=max`; `None` for null.
    fn integer(&mut self, min: i64, max: i64) -> Result<Option<i64>, DecodeError>;
    /// Passes over the value, whatever it is.
    fn skip(&mut self) -> Result<(), DecodeError>;
    /// Whether the value is null; does not consume it.
    fn peek_null(&mut self) -> Result<bool, DecodeError>;
}

/// A value that can be decoded; decoding twice into the same place does what Go does.
pub trait Decode<'d>: Sized {
    /// Decodes the source's value into `self`.
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<(), DecodeError>;
}

/// Declares a view and its decoding at once: `field: Type = "jsonName"`.
macro_rules! object {
    ($(#[$meta:meta])* pub struct $name:ident $(<$life:lifetime>)? { $($(#[$field_meta:meta])* $field:ident: $type:ty = $json:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name $(<$life>)? {
            $($(#[$field_meta])* pub $field: $type,)*
        }
    };
}
pub(crate) use object;
