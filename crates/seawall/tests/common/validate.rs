//! JSON Schema, as far as the schemas of this repository use it; a keyword that is not known here fails the test.

use regex_lite::Regex;
use serde_json::{Map, Value};

/// Keywords that say nothing about an instance.
const ANNOTATIONS: [&str; 7] = ["$schema", "$id", "$defs", "title", "description", "examples", "format"];

/// What is wrong with `value`; empty if it fits. `root` is where definitions are, of this schema and of those it refers to.
pub(crate) fn validate(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let schema = schema.as_object().unwrap_or_else(|| panic!("{at}: a schema is an object: {schema}"));
    for (keyword, wanted) in schema {
        match keyword.as_str() {
            "type" => {
                let names = wanted.as_array().map_or(std::slice::from_ref(wanted), Vec::as_slice);
                if !names.iter().any(|name| has_type(value, name.as_str().unwrap())) {
                    wrong.push(format!("{at}: {value} is no {wanted}"));
                }
            }
            "enum" => {
                if !wanted.as_array().unwrap().contains(value) {
                    wrong.push(format!("{at}: {value} is not in {wanted}"));
                }
            }
            "const" => {
                if value != wanted {
                    wrong.push(format!("{at}: {value} is not {wanted}"));
                }
            }
            "maximum" => {
                if value.as_i64().is_some_and(|n| n > wanted.as_i64().unwrap()) {
                    wrong.push(format!("{at}: {value} is more than {wanted}"));
                }
            }
            "minimum" => {
                if value.as_i64().is_some_and(|n| n < wanted.as_i64().unwrap()) {
                    wrong.push(format!("{at}: {value} is less than {wanted}"));
                }
            }
            "pattern" => {
                let pattern = Regex::new(wanted.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !pattern.is_match(text)) {
                    wrong.push(format!("{at}: {value} does not match {wanted}"));
                }
            }
            "minLength" => {
                if value.as_str().is_some_and(|text| (text.chars().count() as u64) < wanted.as_u64().unwrap())
                {
                    wrong.push(format!("{at}: {value} is too short"));
                }
            }
            "minItems" => {
                if value.as_array().is_some_and(|list| (list.len() as u64) < wanted.as_u64().unwrap()) {
                    wrong.push(format!("{at}: {value} has too few items"));
                }
            }
            "required" => {
                let keys = wanted.as_array().unwrap().iter().map(|key| key.as_str().unwrap());
                let missing = keys.filter(|key| value.is_object() && value.get(key).is_none());
                wrong.extend(missing.map(|key| format!("{at}: no {key}")));
            }
            "properties" => {
                for (key, schema) in wanted.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        wrong.extend(validate(root, schema, value, &format!("{at}.{key}")));
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let pairs = value.as_object().into_iter().flat_map(Map::iter);
                for (key, value) in
                    pairs.filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)))
                {
                    if wanted == false {
                        wrong.push(format!("{at}: {key} is not described"));
                    } else {
                        wrong.extend(validate(root, wanted, value, &format!("{at}.{key}")));
                    }
                }
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    wrong.extend(validate(root, wanted, item, &format!("{at}[{i}]")));
                }
            }
            "anyOf" | "oneOf" => {
                let all: Vec<Vec<String>> =
                    wanted.as_array().unwrap().iter().map(|s| validate(root, s, value, at)).collect();
                let fitting = all.iter().filter(|wrong| wrong.is_empty()).count();
                if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                    wrong.push(format!("{at}: fits {fitting} of {}: {all:#?}", all.len()));
                }
            }
            "$ref" => wrong.extend(validate(root, referred(root, wanted), value, at)),
            known if ANNOTATIONS.contains(&known) => {}
            unknown => panic!("{at}: this test does not know the keyword `{unknown}`"),
        }
    }
    wrong
}

/// The definition that a `$ref` names.
pub(crate) fn referred<'s>(root: &'s Value, reference: &Value) -> &'s Value {
    let reference = reference.as_str().expect("a reference");
    let local = reference.strip_prefix("scan-v1.schema.json").unwrap_or(reference);
    let name = local.strip_prefix("#/$defs/").expect("a reference to a definition");
    let definition = &root["$defs"][name];
    assert!(definition.is_object(), "no definition of {name}");
    definition
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("unknown type `{name}`"),
    }
}
