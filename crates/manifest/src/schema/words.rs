//! The sentences of problems: for people, and as the API server says it.

use std::ops::Range;

use seawall_yaml::{Kind, NodeRef, Style};

use super::values::Fault;
use crate::objects::describe;
use crate::types::Shape;

/// What a field takes, as people say it.
pub(super) const fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Any => "any value",
        Shape::Bool => "true or false",
        Shape::Int32 => "a whole number of 32 bits",
        Shape::Int64 => "a whole number",
        Shape::Float => "a number",
        Shape::String => "a string",
        Shape::Bytes => "a string in base64",
        Shape::Quantity => "a quantity such as 500m or 1Gi",
        Shape::IntOrString => "a whole number of 32 bits or a string",
        Shape::Time => "a time such as \"2006-01-02T15:04:05Z\"",
        Shape::MicroTime => "a time such as \"2006-01-02T15:04:05.000000Z\"",
        Shape::Struct(_) | Shape::Map(_) => "a mapping",
        Shape::List(..) => "a list",
        Shape::OrBool(_) => "a schema or a boolean",
        Shape::OrList(_) => "a schema or a list of schemas",
        Shape::OrStrings(_) => "a schema or a list of strings",
    }
}

/// The Go type of a shape, as far as `OpenAPI` tells it: named strings and maps are lost.
pub(super) fn go_type(shape: Shape) -> String {
    match shape {
        Shape::Any => "interface {}".to_owned(),
        Shape::Bool => "bool".to_owned(),
        Shape::Int32 => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Float => "float64".to_owned(),
        Shape::String => "string".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Quantity => "resource.Quantity".to_owned(),
        Shape::IntOrString => "intstr.IntOrString".to_owned(),
        Shape::Time => "v1.Time".to_owned(),
        Shape::MicroTime => "v1.MicroTime".to_owned(),
        Shape::Struct(id) | Shape::OrBool(id) | Shape::OrList(id) | Shape::OrStrings(id) => {
            id.go_type().to_owned()
        }
        Shape::List(item, _) => format!("[]{}", go_type(item.shape())),
        Shape::Map(value) => format!("map[string]{}", go_type(value.shape())),
    }
}

/// For people: `` `runAsNonRoot` must be true or false, not the string "true" ``. Values are only repeated where the field
/// takes no free text, and never for a value that was to be text; the range is where.
///
/// What an alias brings in stands elsewhere, maybe as free text: it is not repeated either.
pub(super) fn wrong_value(
    name: &str,
    shape: Shape,
    node: NodeRef<'_>,
    aliased: bool,
) -> (String, Option<Range<usize>>) {
    const LONGEST: usize = 29;
    if shape == Shape::Bytes && node.kind() == Kind::String {
        return (format!("`{name}` must be in base64, which this text is not"), None);
    }
    let found = describe(node.kind());
    let free = aliased
        || matches!(shape, Shape::String | Shape::Bytes | Shape::Map(_) | Shape::List(..) | Shape::Struct(_));
    let value = match node.kind() {
        Kind::String if !free => node.text().map(|t| ("the string ", format!("{t:?}"))),
        Kind::Int | Kind::Float if !free => node.text().map(|t| ("the number ", t.to_owned())),
        Kind::Bool if !free => node.as_bool().map(|b| ("", b.to_string())),
        _ => None,
    };
    let mut message = format!("`{name}` must be {}, not ", expected(shape));
    let Some((what, value)) = value.filter(|(_, value)| value.chars().count() <= LONGEST) else {
        return (message + found, None);
    };
    message.push_str(what);
    let start = message.len();
    message.push_str(&value);
    let end = message.len();
    (message, Some(start..end))
}

/// What to do about a wrong type, where that is plain.
pub(super) fn hint(shape: Shape, node: NodeRef<'_>) -> Option<&'static str> {
    let quoted = matches!(node.style(), Style::SingleQuoted | Style::DoubleQuoted);
    match (shape, node.kind()) {
        (Shape::Bool, Kind::String) => Some(match (node.text()?, quoted) {
            ("true" | "false", true) => "remove the quotes",
            _ => "write true or false without quotes",
        }),
        (Shape::Int32 | Shape::Int64 | Shape::Float, Kind::String)
            if quoted && node.text()?.parse::<i64>().is_ok() =>
        {
            Some("remove the quotes")
        }
        (Shape::String | Shape::Time | Shape::MicroTime, Kind::Bool | Kind::Int | Kind::Float) => {
            Some("put it in quotes")
        }
        (Shape::List(..), Kind::Mapping) => Some("make it a list: begin each item with `- `"),
        (Shape::List(..), Kind::String | Kind::Int | Kind::Float | Kind::Bool) => {
            Some("make it a list of one item: `[...]`")
        }
        (Shape::Struct(_) | Shape::Map(_), Kind::Sequence) => Some("write its keys without `- `"),
        (Shape::Bytes, Kind::String) => {
            Some("encode it in base64, or write it under `stringData` if this is a Secret")
        }
        _ => None,
    }
}

/// The API server's words, and where in them the value is. `named` is the Go type where it is not the one that the shape
/// tells; `place` is the Go struct and the dotted fields that lead to the value.
pub(super) fn reason(
    fault: &Fault,
    named: Option<&str>,
    shape: Shape,
    place: Option<(&str, &str)>,
) -> (String, Option<Range<usize>>) {
    const HEAD: &str = "json: cannot unmarshal ";
    let (value, into) = match fault {
        Fault::Value(text) => return (text.clone().into_owned(), None),
        Fault::Type { value, into } => (value, into),
    };
    let go_type = into.or(named).map_or_else(|| go_type(shape), str::to_owned);
    let reason = match place {
        Some((name, fields)) => {
            format!("{HEAD}{value} into Go struct field {name}.{fields} of type {go_type}")
        }
        None => format!("{HEAD}{value} into Go value of type {go_type}"),
    };
    let end = HEAD.len() + value.len();
    (reason, value.strip_prefix("number ").map(|number| end - number.len()..end))
}
