//! Typed views from the nodes of a document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use seawall_yaml::{Kind, NodeRef, Number};

use crate::decode::{Decode, DecodeError, Result, Source};
use crate::pod::Str;

/// The view of the value at `node`; the empty view for null.
///
/// Of a key given twice, by merge keys or in plain sight, only the last value counts, whatever the earlier ones are.
pub fn decode<'d, T: Decode<'d> + Default>(node: NodeRef<'d>) -> Result<T> {
    let mut value = T::default();
    value.decode_into(&mut Cursor(node.resolved()))?;
    Ok(value)
}

/// A node that is not an alias.
struct Cursor<'d>(NodeRef<'d>);

impl Cursor<'_> {
    #[cold]
    fn error(&self, message: impl Into<Cow<'static, str>>) -> DecodeError {
        DecodeError { offset: self.0.span().start, message: message.into() }
    }

    #[cold]
    fn mismatch<T>(&self, wanted: &str) -> Result<T> {
        let found = match self.0.kind() {
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Int | Kind::Float => "number",
            Kind::String => "string",
            Kind::Sequence => "array",
            Kind::Mapping | Kind::Alias => "object",
        };
        Err(self.error(format!("cannot unmarshal {found} into a value of type {wanted}")))
    }
}

impl<'d> Source<'d> for Cursor<'d> {
    const MERGES: bool = false;

    #[inline]
    fn object(&mut self, mut each: impl FnMut(&mut Self, &Str<'d>) -> Result<()>) -> Result<bool> {
        match self.0.kind() {
            Kind::Mapping => {}
            Kind::Null => return Ok(false),
            _ => return self.mismatch("object"),
        }
        // The position of every key's last assignment: asked for when a value is refused.
        let mut last: Option<BTreeMap<Str<'d>, usize>> = None;
        for (position, (key, value)) in self.0.entries().enumerate() {
            let Some(key) = key.key() else { continue };
            if let Err(error) = each(&mut Self(value.resolved()), &key) {
                let last = last.get_or_insert_with(|| {
                    self.0.entries().enumerate().filter_map(|(i, (key, _))| Some((key.key()?, i))).collect()
                });
                if last.get(&key).is_none_or(|last| *last == position) {
                    return Err(error);
                }
            }
        }
        Ok(true)
    }

    #[inline]
    fn list(&mut self, mut each: impl FnMut(&mut Self) -> Result<()>) -> Result<bool> {
        match self.0.kind() {
            Kind::Sequence => {}
            Kind::Null => return Ok(false),
            _ => return self.mismatch("array"),
        }
        for item in self.0.items() {
            each(&mut Self(item.resolved()))?;
        }
        Ok(true)
    }

    #[inline]
    fn length(&self) -> usize {
        if self.0.kind() == Kind::Sequence { self.0.count() } else { 0 }
    }

    #[inline]
    fn string(&mut self) -> Result<Option<Str<'d>>> {
        match self.0.kind() {
            Kind::String => Ok(Some(Cow::Borrowed(self.0.text().unwrap_or_default()))),
            Kind::Null => Ok(None),
            _ => self.mismatch("string"),
        }
    }

    #[inline]
    fn boolean(&mut self) -> Result<Option<bool>> {
        match self.0.kind() {
            Kind::Bool => Ok(self.0.as_bool()),
            Kind::Null => Ok(None),
            _ => self.mismatch("bool"),
        }
    }

    fn integer(&mut self, min: i64, max: i64) -> Result<Option<i64>> {
        match self.0.kind() {
            Kind::Int | Kind::Float => {}
            Kind::Null => return Ok(None),
            _ => return self.mismatch("integer"),
        }
        // YAML's floats reach the typed decoder in Go's formatting: `1.0` as `1`. JSON's stay as written.
        let value = match self.0.as_number() {
            Some(Number::Int(value)) if self.0.kind() == Kind::Int => Some(value),
            _ => self.0.json_number().and_then(|literal| literal.parse().ok()),
        };
        match value {
            Some(value) if (min..=max).contains(&value) => Ok(Some(value)),
            _ => {
                let literal = self.0.json_number().unwrap_or_default();
                Err(self.error(format!(
                    "cannot unmarshal number {literal} into a value of type {}",
                    integer_type(max)
                )))
            }
        }
    }

    #[inline]
    fn skip(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The name of Go's integer type with this maximum.
pub(crate) fn integer_type(max: i64) -> &'static str {
    if max == i64::MAX { "int64" } else { "int32" }
}

#[cfg(test)]
mod tests {
    use seawall_yaml::{Builder, Document, NodeId, Scalar, Span, Style};

    use super::*;
    use crate::pod::{Metadata, PodSpec};

    /// Builds documents from words: `{` `[` open, `}` `]` close, `null`, `true`, `*` an alias of the first mapping below
    /// the root, `<<` a merge key, anything else a string.
    fn document(words: &str) -> Document {
        let mut builder = Builder::new(words.as_bytes().into(), Span::new(0, words.len() as u32), false);
        let mut open: Vec<(NodeId, u32)> = Vec::new();
        let mut at = 0;
        let mut first = None;
        for word in words.split(' ') {
            let span = Span::new(at, at + word.len() as u32);
            at = span.end + 1;
            if let "}" | "]" = word {
                let (id, children) = open.pop().expect("open");
                let count = if word == "}" { children / 2 } else { children };
                builder.close(id, count, span.end);
                continue;
            }
            if let Some((_, children)) = open.last_mut() {
                *children += 1;
            }
            match word {
                "{" | "[" => {
                    let kind = if word == "{" { Kind::Mapping } else { Kind::Sequence };
                    let id = builder.open(kind, Style::Flow, span.start);
                    if open.len() == 1 {
                        first.get_or_insert(id);
                    }
                    open.push((id, 0));
                }
                "null" => drop(builder.scalar(Scalar::Null, Style::Plain, span)),
                "true" => drop(builder.scalar(Scalar::Bool(true), Style::Plain, span)),
                "*" => drop(builder.alias(first.expect("a target"), span)),
                _ => {
                    let key = builder.scalar(Scalar::String, Style::Plain, span);
                    if word == "<<" {
                        builder.mark_merge(open.last().expect("open").0, key);
                    }
                }
            }
        }
        builder.finish()
    }

    #[test]
    fn reads_through_aliases_and_merges() {
        let doc = document("{ os { name windows } x { << * } }");
        let spec: PodSpec = decode(doc.root()).unwrap();
        assert!(spec.is_windows());
        let doc = document("{ base { name a hostPath { } } volumes [ { name v << * } { << * name w } * ] }");
        let spec: PodSpec = decode(doc.root()).unwrap();
        let names: Vec<_> = spec.volumes.iter().map(|v| (&*v.name, v.sources.0.count_ones())).collect();
        assert_eq!(names, [("a", 1), ("w", 1), ("a", 1)]);
    }

    #[test]
    fn the_last_value_counts_and_earlier_ones_are_not_looked_at() {
        let doc =
            document("{ os { name windows } os { } hostPID true hostPID null hostIPC no hostIPC true }");
        let spec: PodSpec = decode(doc.root()).unwrap();
        assert_eq!(spec.os.as_ref().map(|os| &*os.name), Some(""));
        assert!(!spec.host_pid && spec.host_ipc);
        let doc = document("{ name a name null annotations { k { } k v l w k null } }");
        let metadata: Metadata = decode(doc.root()).unwrap();
        assert_eq!(metadata.name, "");
        assert_eq!(metadata.annotations, [("k".into(), "".into()), ("l".into(), "w".into())]);
    }

    #[test]
    fn wrong_types_name_their_place() {
        let doc = document("{ hostPID true hostPID no }");
        let error = decode::<PodSpec>(doc.root()).unwrap_err();
        assert_eq!(
            (error.offset, error.to_string().as_str()),
            (23, "cannot unmarshal string into a value of type bool")
        );
        for bad in [
            "{ os [ ] }",
            "{ containers { } }",
            "{ volumes [ { nfs x } ] }",
            "{ os { name true } }",
            "[ ]",
            "x",
        ] {
            assert!(decode::<PodSpec>(document(bad).root()).is_err(), "{bad}");
        }
        assert_eq!(decode::<PodSpec>(document("null").root()).unwrap(), PodSpec::default());
    }
}
