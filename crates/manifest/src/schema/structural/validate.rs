//! A custom resource against its schema (k8s.io/kube-openapi `pkg/validation/validate`, and of
//! k8s.io/apiextensions-apiserver `pkg/apiserver/schema/listtype` and `pkg/apiserver/schema/objectmeta/validation.go`).
//!
//! What the API server accepts against the letter of a schema is accepted here: a bound with a fraction is cut for whole
//! numbers, a whole number is its character where texts are enumerated, a list passes for a text with a format.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use seawall_model::FieldPath;
use seawall_yaml::NodeRef;

use super::super::SchemaProblemKind;
use super::super::strict::Found;
use super::format::Format;
use super::shape::{Additional, Bounds, ListType, Schema, Type};
use super::value::{At, Data, Value};

/// Steps that one object may take: schemas of values, members of enumerations, states of patterns.
const MOST_STEPS: usize = 50_000_000;

/// A walk over an object.
pub(super) struct Walk<'f, 'd> {
    pub(super) found: &'f mut Found,
    /// The minor version of the cluster.
    pub(super) minor: u64,
    /// What shows a problem of a value that is nowhere written.
    pub(super) root: NodeRef<'d>,
    /// Within `anyOf`, `oneOf` and `not` only whether something fails counts.
    quiet: usize,
    failed: bool,
    steps: usize,
    /// Whether everything could be looked at.
    pub(super) complete: bool,
}

impl At<'_> {
    /// The same as a path.
    pub(super) fn path(&self) -> FieldPath {
        match self {
            At::Root => FieldPath::root(),
            At::Key(above, name) => above.path().key(*name),
            At::Item(above, position) => above.path().index(*position),
        }
    }
}

impl Data<'_> {
    const fn said(&self) -> &'static str {
        match self {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Int(_) | Data::Float(_) => "a number",
            Data::Text(_) => "a string",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }
}

/// Whether a float counts as whole (github.com/go-openapi/swag `conv.IsFloat64AJSONInteger`).
fn is_whole(number: f64) -> bool {
    const MOST: f64 = 9_007_199_254_740_991.0;
    if !(-MOST..=MOST).contains(&number) {
        return false;
    }
    let rounded = number.round();
    number == rounded || (rounded != 0.0 && (number - rounded).abs() < 1e-9 * rounded.abs())
}

/// Whether a value is one that an enumeration has: Go converts it to the type of each before it compares.
fn is_value(data: &Data<'_>, allowed: &Data<'_>) -> bool {
    match (data, allowed) {
        (Data::Null, _) | (_, Data::Null) => false,
        (Data::Int(a), Data::Float(b)) => *a as f64 == *b,
        (Data::Float(a), Data::Int(b)) => a.trunc() as i64 == *b,
        (Data::Int(a), Data::Text(b)) => {
            let character =
                u32::try_from(*a).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            b.chars().eq([character])
        }
        (a, b) => a == b,
    }
}

/// A text that is equal for equal values; scalars differ by their Go type.
fn identity(data: &Data<'_>, out: &mut String, within: bool) {
    let _ = match data {
        Data::Null => write!(out, "null"),
        Data::Bool(is) => write!(out, "{is}"),
        Data::Int(number) => write!(out, "{number}"),
        Data::Float(number) if within => write!(out, "{number}"),
        Data::Float(number) => write!(out, "f{number}"),
        Data::Text(text) => write!(out, "{text:?}"),
        Data::List(items) => {
            out.push('[');
            for item in items {
                identity(&item.data, out, true);
                out.push(',');
            }
            write!(out, "]")
        }
        Data::Map(map) => {
            out.push('{');
            for (name, value) in map {
                let _ = write!(out, "{name:?}:");
                identity(&value.data, out, true);
                out.push(',');
            }
            write!(out, "}}")
        }
    };
}

/// Whether a number is in the range of a type (`IsValueValidAgainstRange`).
fn in_range(number: f64, of: Type, format: Option<Format>) -> bool {
    match (of, format) {
        (Type::Integer, Some(Format::Int32)) => {
            number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number)
        }
        (Type::Integer, _) => {
            number.fract() == 0.0
                && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number)
        }
        (Type::Number, Some(Format::Float)) => (number as f32).is_finite(),
        _ => true,
    }
}

impl<'f, 'd> Walk<'f, 'd> {
    pub(super) fn new(found: &'f mut Found, minor: u64, root: NodeRef<'d>) -> Self {
        Self { found, minor, root, quiet: 0, failed: false, steps: 0, complete: true }
    }

    fn fail(
        &mut self,
        value: &Value<'d>,
        at: &At<'_>,
        kind: SchemaProblemKind,
        message: impl FnOnce() -> String,
    ) {
        self.failed = true;
        if self.quiet == 0 && self.complete {
            let node = value.node.unwrap_or(self.root);
            self.found.add(node, node.span(), &at.path(), kind, message(), String::new());
        }
    }

    fn refuse(&mut self, value: &Value<'d>, at: &At<'_>, message: impl FnOnce() -> String) {
        self.fail(value, at, SchemaProblemKind::NotAllowed, message);
    }

    fn missing(&mut self, value: &Value<'d>, at: &At<'_>, name: &str) {
        self.failed = true;
        if self.quiet == 0 && self.complete {
            let node = value.node.unwrap_or(self.root);
            self.found.missing(node, value.key, &at.path(), name, "its definition");
        }
    }

    /// Whether there is something left of what an object may take. After that nothing is said, as nothing is known.
    fn step(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_add(steps);
        self.complete &= self.steps <= MOST_STEPS;
        self.complete
    }

    /// Whether a value meets a schema; nothing is said of it.
    fn meets(&mut self, value: &Value<'d>, schema: &Schema, at: &At<'_>) -> bool {
        let before = std::mem::take(&mut self.failed);
        self.quiet += 1;
        self.value(value, schema, at);
        self.quiet -= 1;
        !std::mem::replace(&mut self.failed, before)
    }

    /// Holds a value against a schema.
    pub(super) fn value(&mut self, value: &Value<'d>, schema: &Schema, at: &At<'_>) {
        if !self.step(1) || self.found.is_full() {
            self.complete = false;
            return;
        }
        let bounds = schema.bounds.as_deref();
        if !self.is_of_type(value, schema, at) {
            return;
        }
        if let Some(bounds) = bounds {
            self.allowed(value, bounds, at);
            if value.data == Data::Null {
                return;
            }
            self.bounds(value, schema.of, bounds, at);
        }
        match &value.data {
            Data::Map(map) => self.object(value, map, schema, at),
            Data::List(items) => self.list(items, schema, at),
            _ => {}
        }
        if let Some(bounds) = bounds {
            self.compositions(value, bounds, at);
        }
    }

    fn is_of_type(&mut self, value: &Value<'d>, schema: &Schema, at: &At<'_>) -> bool {
        let format = schema.bounds.as_ref().and_then(|b| b.format);
        let expected = match schema.of {
            // With a format.
            Type::Any | Type::String => "a string",
            Type::Object => "a mapping",
            Type::Array => "a list",
            Type::Boolean => "true or false",
            Type::Integer => "an integer",
            Type::Number => "a number",
            Type::IntOrString => "an integer or a string",
        };
        let is_right = match (&value.data, schema.of) {
            (Data::Null, of) => of == Type::Any || schema.nullable,
            (data, Type::Any) => format.is_none() || matches!(data, Data::Text(_) | Data::List(_)),
            (Data::Text(_) | Data::List(_), of)
                if format.is_some() && !schema.takes_integer() && of != Type::Number =>
            {
                true
            }
            (Data::Bool(_), of) => of == Type::Boolean,
            (Data::Int(_), of) => schema.takes_integer() || of == Type::Number,
            (Data::Float(number), of) => of == Type::Number || (schema.takes_integer() && is_whole(*number)),
            (Data::Text(_), of) => matches!(of, Type::String | Type::IntOrString),
            (Data::List(_), of) => of == Type::Array,
            (Data::Map(_), of) => of == Type::Object,
        };
        if !is_right {
            let found = value.data.said();
            self.fail(value, at, SchemaProblemKind::WrongType { expected, found }, || {
                format!("the definition asks for {expected} here, and {found} is there")
            });
        }
        is_right
    }

    fn allowed(&mut self, value: &Value<'d>, bounds: &Bounds, at: &At<'_>) {
        if !self.step(bounds.allowed.len()) {
            return;
        }
        if bounds.allowed.is_empty() || bounds.allowed.iter().any(|allowed| is_value(&value.data, allowed)) {
            return;
        }
        self.failed = true;
        if self.quiet > 0 || !self.complete {
            return;
        }
        let texts: Vec<&str> = bounds
            .allowed
            .iter()
            .filter_map(|data| if let Data::Text(text) = data { Some(&**text) } else { None })
            .collect();
        match (&value.data, value.node) {
            (Data::Text(_), Some(node)) if !texts.is_empty() => {
                self.found.not_allowed(node, &at.path(), &texts);
            }
            _ => self.refuse(value, at, || "the value is none of those that the definition allows".into()),
        }
    }

    fn bounds(&mut self, value: &Value<'d>, of: Type, bounds: &Bounds, at: &At<'_>) {
        let size = match &value.data {
            Data::Int(_) | Data::Float(_) => return self.number(value, of, bounds, at),
            Data::Text(text) => {
                self.text(value, text, bounds, at);
                Some((text.chars().count(), bounds.length, "characters"))
            }
            Data::List(items) => Some((items.len(), bounds.items, "items")),
            Data::Map(map) => Some((map.len(), bounds.keys, "keys")),
            _ => None,
        };
        let Some((size, [least, most], what)) = size else { return };
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        if let Some(least) = least.filter(|least| size < *least) {
            self.refuse(value, at, || format!("there must be at least {least} {what}"));
        }
        if let Some(most) = most.filter(|most| size > *most) {
            self.refuse(value, at, || format!("there must be at most {most} {what}"));
        }
    }

    fn number(&mut self, value: &Value<'d>, of: Type, bounds: &Bounds, at: &At<'_>) {
        let (whole, number) = match value.data {
            Data::Int(number) => (Some(number), number as f64),
            Data::Float(number) => (None, number),
            _ => return,
        };
        let format = bounds.format;
        let in_range = |number: f64| in_range(number, of, format);
        let fits = match (whole, format) {
            (Some(number), Some(Format::Int32)) => i32::try_from(number).is_ok(),
            (Some(_), _) => true,
            (None, _) => in_range(number),
        };
        if !fits {
            let name = if format == Some(Format::Int32) { "32 bits" } else { "its type" };
            self.refuse(value, at, || format!("the number is out of the range of {name}"));
        }
        if let Some(factor) = bounds.multiple_of {
            let is_one = match whole {
                Some(number) => factor as i64 > 0 && number % (factor as i64) == 0,
                None if factor <= 0.0 => false,
                None if factor < 1.0 => is_whole(1.0 / factor * number),
                None => is_whole(number / factor),
            };
            if !is_one || !in_range(factor) {
                self.refuse(value, at, || format!("the number must be a multiple of {factor}"));
            }
        }
        if let Some(most) = bounds.maximum {
            let is_above = match whole {
                Some(number) => number > most as i64 || (bounds.below && number == most as i64),
                None => number > most || (bounds.below && number == most),
            };
            if is_above || !in_range(most) {
                let than = if bounds.below { "below" } else { "at most" };
                self.refuse(value, at, || format!("the number must be {than} {most}"));
            }
        }
        if let Some(least) = bounds.minimum {
            let is_below = match whole {
                Some(number) => number < least as i64 || (bounds.above && number == least as i64),
                None => number < least || (bounds.above && number == least),
            };
            if is_below || !in_range(least) {
                let than = if bounds.above { "above" } else { "at least" };
                self.refuse(value, at, || format!("the number must be {than} {least}"));
            }
        }
    }

    fn text(&mut self, value: &Value<'d>, text: &str, bounds: &Bounds, at: &At<'_>) {
        if let Some(pattern) = &bounds.pattern
            && self.step(pattern.steps(text))
            && pattern.matches(text) == Some(false)
        {
            self.refuse(value, at, || format!("the value must match `{}`", pattern.source()));
        }
        if let Some(format) = bounds.format
            && format.holds(text, self.minor) == Some(false)
        {
            self.refuse(value, at, || format!("the value must be {}", format.said()));
        }
    }

    fn compositions(&mut self, value: &Value<'d>, bounds: &Bounds, at: &At<'_>) {
        for part in &bounds.all_of {
            self.value(value, part, at);
        }
        if !bounds.any_of.is_empty() && !bounds.any_of.iter().any(|part| self.meets(value, part, at)) {
            self.refuse(value, at, || "the value is none of what `anyOf` of its definition allows".into());
        }
        if !bounds.one_of.is_empty() {
            let met = bounds.one_of.iter().filter(|part| self.meets(value, part, at)).count();
            if met != 1 {
                self.refuse(value, at, || {
                    format!("the value must meet exactly one of `oneOf` of its definition, and meets {met}")
                });
            }
        }
        if let Some(not) = &bounds.not
            && self.meets(value, not, at)
        {
            self.refuse(value, at, || "the value is what `not` of its definition excludes".into());
        }
    }

    fn object(
        &mut self,
        value: &Value<'d>,
        map: &BTreeMap<std::borrow::Cow<'d, str>, Value<'d>>,
        schema: &Schema,
        at: &At<'_>,
    ) {
        for name in schema.bounds.iter().flat_map(|b| &b.required) {
            if !map.contains_key(&**name) {
                self.missing(value, at, name);
            }
        }
        if schema.embedded {
            self.embedded(value, map, schema, at);
        }
        for (name, value) in map {
            let below = At::Key(at, name);
            match (schema.properties.get(&**name), &schema.additional) {
                (Some(schema), _) => self.value(value, schema, &below),
                (None, Additional::Schema(schema)) => self.value(value, schema, &below),
                (None, _) => {}
            }
        }
    }

    /// What every object has.
    fn embedded(
        &mut self,
        value: &Value<'d>,
        map: &BTreeMap<std::borrow::Cow<'d, str>, Value<'d>>,
        schema: &Schema,
        at: &At<'_>,
    ) {
        let is_required = |name: &str| {
            schema.bounds.as_ref().is_some_and(|b| b.required.iter().any(|known| &**known == name))
        };
        for name in ["apiVersion", "kind"] {
            let Some(own) = map.get(name) else {
                if !is_required(name) {
                    self.missing(value, at, name);
                }
                continue;
            };
            let is_name = match &own.data {
                Data::Text(text) if name == "kind" => is_label(text),
                Data::Text(text) => !text.is_empty() && (**text == *"/" || text.matches('/').count() < 2),
                _ => false,
            };
            if !is_name {
                self.refuse(own, &At::Key(at, name), || format!("the value is no {name}"));
            }
        }
        if map.get("metadata").is_some_and(|own| !matches!(own.data, Data::Map(_) | Data::Null)) {
            let own = &map["metadata"];
            let kind = SchemaProblemKind::WrongType { expected: "a mapping", found: own.data.said() };
            self.fail(own, &At::Key(at, "metadata"), kind, || {
                format!("metadata is a mapping, and {} is there", own.data.said())
            });
        }
    }

    fn list(&mut self, items: &[Value<'d>], schema: &Schema, at: &At<'_>) {
        if let Some(of) = &schema.items {
            for (position, item) in items.iter().enumerate() {
                self.value(item, of, &At::Item(at, position));
            }
        }
        let Some(bounds) = &schema.bounds else { return };
        let is_map = match bounds.list {
            ListType::Atomic => return,
            ListType::Set => false,
            ListType::Map => true,
        };
        if is_map
            && let Some(position) = items.iter().position(|i| !matches!(i.data, Data::Map(_) | Data::Null))
        {
            let found = items[position].data.said();
            let kind = SchemaProblemKind::WrongType { expected: "a mapping", found };
            return self.fail(&items[position], &At::Item(at, position), kind, || {
                format!("the items of this list are mappings, and {found} is there")
            });
        }
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (position, item) in items.iter().enumerate() {
            let mut text = String::new();
            match (&item.data, &*bounds.list_keys) {
                (data, _) if !is_map => identity(data, &mut text, false),
                (Data::Map(map), [key]) => {
                    if let Some(value) = map.get(&**key) {
                        identity(&value.data, &mut text, false);
                    }
                }
                (Data::Map(map), keys) => {
                    for key in keys {
                        if let Some(value) = map.get(&**key) {
                            let _ = write!(text, "{key}:");
                            identity(&value.data, &mut text, true);
                        }
                        text.push(',');
                    }
                }
                (_, [_]) => {}
                (_, keys) => text.extend(keys.iter().map(|_| ',')),
            }
            let times = seen.entry(text).or_default();
            *times += 1;
            // The API server names the first that repeats an earlier one.
            if *times == 2 {
                self.refuse(item, &At::Item(at, position), || {
                    let what = if is_map { "with the same key" } else { "that is the same" };
                    format!("the list has an item {what} already")
                });
            }
        }
    }
}

/// Whether a kind, in lower case, is a label (`IsDNS1035Label`).
fn is_label(kind: &str) -> bool {
    let kind = kind.to_lowercase();
    kind.len() <= 63
        && kind.starts_with(|c: char| c.is_ascii_lowercase())
        && !kind.ends_with('-')
        && kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
