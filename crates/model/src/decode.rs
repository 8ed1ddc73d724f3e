//! One description per type, two sources: the decoding of typed views.
//!
//! A type describes itself once with [`object!`]; [`Source`] is implemented by the node cursor (`nodes`) and by the
//! JSON pull tokenizer (`json`). Both accept and reject what the API machinery's decoder does: names are
//! case-sensitive, unknown fields are skipped, null empties optional values, lists and maps and leaves every other
//! field as it was, a wrong type is an error.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::pod::{HostPath, Str, Volume, VolumeSources};
use crate::review::Raw;

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

/// What decoding returns.
pub type Result<T> = std::result::Result<T, DecodeError>;

/// A position in a tree of values. Every method consumes the value at the position and fails where it is of another
/// type; null is never an error.
pub trait Source<'d>: Sized {
    /// Whether a field given twice keeps what the first value set (Go's typed JSON decoding) instead of replacing it
    /// (documents, where the last value wins).
    const MERGES: bool;

    /// Calls `each` at the value of every pair of an object, which it must consume. `false` for null.
    fn object(&mut self, each: impl FnMut(&mut Self, &Str<'d>) -> Result<()>) -> Result<bool>;
    /// Calls `each` at every item of a list, which it must consume. `false` for null.
    fn list(&mut self, each: impl FnMut(&mut Self) -> Result<()>) -> Result<bool>;
    /// How many items the list at the position has, as far as that is known before it is read.
    fn length(&self) -> usize {
        0
    }
    /// An error where what was made room for so far, and this, is out of all proportion to the text that it comes of.
    #[inline]
    fn make_room(&mut self, _bytes: usize) -> Result<()> {
        Ok(())
    }
    /// A string; `None` for null.
    fn string(&mut self) -> Result<Option<Str<'d>>>;
    /// A boolean; `None` for null.
    fn boolean(&mut self) -> Result<Option<bool>>;
    /// An integer within `min..=max`; `None` for null.
    fn integer(&mut self, min: i64, max: i64) -> Result<Option<i64>>;
    /// Passes over the value, whatever it is.
    fn skip(&mut self) -> Result<()>;
    /// The bytes of the value, whatever it is; empty for null. Only JSON text has any.
    fn raw(&mut self) -> Result<&'d [u8]> {
        self.skip().map(|()| &[][..])
    }
}

/// A value that can be decoded.
pub trait Decode<'d>: Sized {
    /// Decodes the source's value into `self`; `false` for null. Decoding an object, a list or a map into one that holds
    /// something merges as Go does: fields and keys that are not given stay, list items are decoded into the items at
    /// their positions.
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool>;
}

/// A value that is decoded from an object, field by field.
pub trait Fields<'d>: Sized {
    /// Decodes the source's value into the field of this name; passes over it if there is none.
    fn decode_field<S: Source<'d>>(&mut self, name: &str, source: &mut S) -> Result<()>;
}

impl<'d> Decode<'d> for Str<'d> {
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        Ok(source.string()?.map(|value| *self = value).is_some())
    }
}

impl<'d> Decode<'d> for Raw<'d> {
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        let bytes = source.raw()?;
        // Null leaves what is there, as Go has it (`RawExtension.UnmarshalJSON`).
        if !bytes.is_empty() {
            *self = Self(bytes);
        }
        Ok(!bytes.is_empty())
    }
}

impl<'d> Decode<'d> for bool {
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        Ok(source.boolean()?.map(|value| *self = value).is_some())
    }
}

impl<'d> Decode<'d> for i32 {
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        let value = source.integer(i64::from(Self::MIN), i64::from(Self::MAX))?;
        Ok(value.map(|value| *self = value as Self).is_some())
    }
}

impl<'d> Decode<'d> for i64 {
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        Ok(source.integer(Self::MIN, Self::MAX)?.map(|value| *self = value).is_some())
    }
}

impl<'d, T: Decode<'d> + Default> Decode<'d> for Option<T> {
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        let set = self.get_or_insert_default().decode_into(source)?;
        if !set {
            *self = None;
        }
        Ok(set)
    }
}

impl<'d, T: Decode<'d>> Decode<'d> for Box<T> {
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        (**self).decode_into(source)
    }
}

impl<'d, T: Decode<'d> + Default> Decode<'d> for Vec<T> {
    /// One difference from Go is known: a list that was cut by a shorter duplicate forgets its tail, while Go's decoder finds
    /// the tail again in the slice's capacity when a third, longer duplicate comes.
    #[inline]
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        let mut count = 0;
        self.reserve_exact(source.length().saturating_sub(self.len()));
        let set = source.list(|source| {
            if count == self.len() {
                source.make_room(size_of::<T>())?;
                self.push(T::default());
            }
            let item = &mut self[count];
            count += 1;
            item.decode_into(source).map(drop)
        })?;
        self.truncate(count);
        Ok(set)
    }
}

/// Maps this large are searched by index, so that time stays linear.
const INDEXED: usize = 16;

impl<'d> Decode<'d> for Vec<(Str<'d>, Str<'d>)> {
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        let mut index: BTreeMap<Str<'d>, usize> = BTreeMap::new();
        let set = source.object(|source, key| {
            let value = source.string()?.unwrap_or_default();
            let known = if self.len() < INDEXED {
                self.iter().position(|(k, _)| k == key)
            } else {
                if index.is_empty() {
                    index.extend(self.iter().enumerate().map(|(i, (k, _))| (k.clone(), i)));
                }
                index.get(key).copied()
            };
            if let Some((_, old)) = known.and_then(|i| self.get_mut(i)) {
                *old = value;
                return Ok(());
            }
            if !index.is_empty() {
                index.insert(key.clone(), self.len());
            }
            source.make_room(size_of::<(Str<'_>, Str<'_>)>())?;
            self.push((key.clone(), value));
            Ok(())
        })?;
        if !set {
            self.clear();
        }
        Ok(set)
    }
}

/// The bit of `hostPath`.
const HOST_PATH: usize = VolumeSources::ALLOWED;

impl<'d> Decode<'d> for Volume<'d> {
    fn decode_into<S: Source<'d>>(&mut self, source: &mut S) -> Result<bool> {
        source.object(|source, key| {
            if key == "name" {
                if !S::MERGES {
                    self.name = Str::default();
                }
                return self.name.decode_into(source).map(drop);
            }
            if key == "hostPath" {
                if !S::MERGES {
                    self.host_path = Str::default();
                }
                let mut source_of = HostPath { path: std::mem::take(&mut self.host_path) };
                let set = source_of.decode_into(source)?;
                self.host_path = if set { source_of.path } else { Str::default() };
                self.sources.set(HOST_PATH, set);
                return Ok(());
            }
            let Some(bit) = VolumeSources::NAMES.iter().position(|name| name == key) else {
                return source.skip();
            };
            let set = source.object(|source, _| source.skip())?;
            self.sources.set(bit, set);
            Ok(())
        })
    }
}

/// Declares a view and its decoding at once: `field: Type = "jsonName"`.
macro_rules! object {
    ($(#[$meta:meta])* pub struct $name:ident { $($fields:tt)* }) => {
        $crate::decode::object! { @declare [$(#[$meta])*] $name [] ['d] $($fields)* }
    };
    ($(#[$meta:meta])* pub struct $name:ident<$life:lifetime> { $($fields:tt)* }) => {
        $crate::decode::object! { @declare [$(#[$meta])*] $name [<$life>] [$life] $($fields)* }
    };
    (@declare [$($meta:tt)*] $name:ident [$($generics:tt)*] [$life:lifetime]
        $($(#[$field_meta:meta])* $field:ident: $type:ty = $json:literal,)*
    ) => {
        $($meta)*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name $($generics)* {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl<$life> $crate::decode::Fields<$life> for $name $($generics)* {
            #[inline]
            fn decode_field<S: $crate::decode::Source<$life>>(
                &mut self,
                name: &str,
                source: &mut S,
            ) -> $crate::decode::Result<()> {
                match name {
                    $($json => {
                        if !S::MERGES {
                            self.$field = Default::default();
                        }
                        $crate::decode::Decode::decode_into(&mut self.$field, source).map(drop)
                    })*
                    _ => source.skip(),
                }
            }
        }

        impl<$life> $crate::decode::Decode<$life> for $name $($generics)* {
            #[inline]
            fn decode_into<S: $crate::decode::Source<$life>>(&mut self, source: &mut S) -> $crate::decode::Result<bool> {
                source.object(|source, key| $crate::decode::Fields::decode_field(self, key, source))
            }
        }
    };
}
pub(crate) use object;
