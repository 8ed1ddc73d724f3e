//! Random schemas as the API server takes them, and values that are near to what they want.

use serde_json::{Map, Value as Json, json};

/// A generator of numbers (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) % bound as u64) as usize
    }

    pub(crate) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

const NAMES: [&str; 6] = ["a", "b", "c", "name", "spec", "status"];
const TEXTS: [&str; 14] =
    ["", "a", "ab", "abc", "A", "é", "日本語", "10", "a-b", "x y", "1.2.3.4", "2024-02-29", "5s", "YWI="];
const PATTERNS: [&str; 9] =
    ["^a", "b$", "^[a-z]*$", "^[^a-c]+$", r"\d", r"^\w+$", "(?i)^A", "^(a|b){1,2}$", r"^\S*$"];
const FORMATS: [&str; 10] =
    ["date", "date-time", "duration", "ipv4", "ipv6", "cidr", "byte", "uuid", "hostname", "unheard-of"];
const INTEGERS: [i64; 9] = [-3, -1, 0, 1, 2, 3, 5, 10, 4_000_000_000];
const NUMBERS: [f64; 7] = [-1.5, -0.5, 0.0, 0.5, 1.0, 2.5, 3.0];

/// The schema of an object.
pub(crate) fn root(random: &mut Random) -> Json {
    let mut schema = json!({"type": "object"});
    fields(random, &mut schema, 0);
    if random.one_in(6) {
        schema["x-kubernetes-preserve-unknown-fields"] = true.into();
    }
    if random.one_in(4) {
        schema["properties"]["metadata"] =
            json!({"type": "object", "properties": {"name": {"type": "string", "pattern": "^a"}}});
    }
    values(random, &mut schema, 0);
    schema
}

fn fields(random: &mut Random, schema: &mut Json, depth: usize) {
    let mut properties = Map::new();
    for _ in 0..=random.below(3) {
        let name = random.pick(&NAMES);
        properties.insert(name.to_owned(), self::schema(random, depth + 1));
    }
    if random.one_in(2) {
        let wanted: Vec<&str> = (0..=random.below(2)).map(|_| random.pick(&NAMES)).collect();
        schema["required"] = wanted.into();
    }
    schema["properties"] = properties.into();
}

/// A schema of any kind.
pub(crate) fn schema(random: &mut Random, depth: usize) -> Json {
    let kinds = if depth > 3 { 5 } else { 9 };
    let mut schema = match random.below(kinds) {
        0 => json!({"type": "string"}),
        1 => json!({"type": "integer"}),
        2 => json!({"type": "number"}),
        3 => json!({"type": "boolean"}),
        4 => json!({"x-kubernetes-int-or-string": true}),
        5 | 6 => {
            let mut schema = json!({"type": "object"});
            match random.below(4) {
                0 => schema["additionalProperties"] = self::schema(random, depth + 1),
                1 if random.one_in(3) => schema["additionalProperties"] = true.into(),
                _ => fields(random, &mut schema, depth),
            }
            if random.one_in(5) {
                schema["x-kubernetes-preserve-unknown-fields"] = true.into();
            }
            if random.one_in(8) && schema.get("additionalProperties").is_none() {
                schema["x-kubernetes-embedded-resource"] = true.into();
            }
            schema
        }
        7 => {
            let mut schema = json!({"type": "array", "items": self::schema(random, depth + 1)});
            let list = random.below(4);
            if list == 0 {
                schema["x-kubernetes-list-type"] = "set".into();
            } else if list == 1 {
                schema["x-kubernetes-list-type"] = "map".into();
                let keys: &[&str] = if random.one_in(2) { &["a"] } else { &["a", "name"] };
                schema["x-kubernetes-list-map-keys"] = keys.into();
                schema["items"] = json!({"type": "object", "properties": {
                    "a": self::schema(random, 4), "name": {"type": "string"}, "c": {"type": "boolean"}}});
            }
            if random.one_in(8) {
                schema["x-kubernetes-preserve-unknown-fields"] = true.into();
            }
            schema
        }
        _ => json!({"x-kubernetes-preserve-unknown-fields": true}),
    };
    if random.one_in(5) {
        schema["nullable"] = true.into();
    }
    values(random, &mut schema, depth);
    if depth > 0 && random.one_in(8) {
        // Those that do not meet the schema are refused with the definition.
        schema["default"] = value(random, &schema, 4, false);
    }
    schema
}

/// Adds what is asked of values.
fn values(random: &mut Random, schema: &mut Json, depth: usize) {
    let kind = schema["type"].as_str().unwrap_or_default().to_owned();
    let loose = kind.is_empty();
    for _ in 0..random.below(3) {
        let (name, value): (&str, Json) = match random.below(16) {
            0 if kind == "string" || loose => ("maxLength", random.below(4).into()),
            1 if kind == "string" || loose => ("minLength", random.below(4).into()),
            2 if kind == "string" || loose => ("pattern", random.pick(&PATTERNS).into()),
            3 if kind == "string" || loose => ("format", random.pick(&FORMATS).into()),
            4 if kind == "integer" => ("format", random.pick(&["int32", "int64", "date", "float"]).into()),
            4 if kind == "number" => ("format", random.pick(&["float", "double", "int32"]).into()),
            5 if kind != "object" && kind != "array" => ("minimum", bound(random)),
            6 if kind != "object" && kind != "array" => ("maximum", bound(random)),
            7 if kind == "number" || kind == "integer" => {
                (random.pick(&["exclusiveMinimum", "exclusiveMaximum"]), true.into())
            }
            8 if kind == "number" || kind == "integer" || loose => {
                ("multipleOf", random.pick(&[0.5, 1.0, 2.0, 3.0, 0.1]).into())
            }
            9 if kind == "array" => (random.pick(&["maxItems", "minItems"]), random.below(4).into()),
            10 if kind == "object" => {
                (random.pick(&["maxProperties", "minProperties"]), random.below(5).into())
            }
            11 => {
                let plain = schema.clone();
                let values: Vec<Json> =
                    (0..=random.below(3)).map(|_| value(random, &plain, 4, false)).collect();
                ("enum", values.into())
            }
            12 | 13 if depth < 4 => {
                let name = random.pick(&["allOf", "anyOf", "oneOf"]);
                let plain = schema.clone();
                let parts: Vec<Json> =
                    (0..=random.below(2)).map(|_| part(random, &plain, depth + 1)).collect();
                (name, parts.into())
            }
            14 if depth < 4 => {
                let plain = schema.clone();
                ("not", part(random, &plain, depth + 1))
            }
            _ => continue,
        };
        schema[name] = value;
    }
}

fn bound(random: &mut Random) -> Json {
    if random.one_in(3) { random.pick(&NUMBERS).into() } else { random.pick(&INTEGERS).into() }
}

/// A part of a composition: what it names is there in the schema itself.
fn part(random: &mut Random, whole: &Json, depth: usize) -> Json {
    let mut part = json!({"type": whole["type"]});
    if random.one_in(2) {
        values(random, &mut part, depth);
    }
    if let Some(properties) = whole["properties"].as_object().filter(|p| !p.is_empty()) {
        let names: Vec<&String> = properties.keys().collect();
        let name = names[random.below(names.len())].clone();
        if random.one_in(2) {
            part["required"] = json!([name]);
        } else if name != "metadata" {
            let below = self::part(random, &properties[&name], depth + 1);
            part["properties"] = json!({ name: below });
        }
    } else if whole["items"].is_object() && random.one_in(2) {
        part["items"] = self::part(random, &whole["items"], depth + 1);
    }
    part.as_object_mut().expect("an object").remove("type");
    part
}

/// A value that a schema probably takes; with `wild`, now and then another.
pub(crate) fn value(random: &mut Random, schema: &Json, depth: usize, wild: bool) -> Json {
    if wild && depth > 0 && random.one_in(12) {
        return match random.below(8) {
            0 | 1 => Json::Null,
            2 => true.into(),
            3 => random.pick(&INTEGERS).into(),
            4 => random.pick(&NUMBERS).into(),
            5 => random.pick(&TEXTS).into(),
            6 => json!([random.pick(&TEXTS), {"a": null}]),
            _ => json!({"a": 1, "x": {"y": null}}),
        };
    }
    if let Some(allowed) = schema["enum"].as_array().filter(|_| !random.one_in(4)) {
        return allowed[random.below(allowed.len())].clone();
    }
    match schema["type"].as_str().unwrap_or_default() {
        "string" => random.pick(&TEXTS).into(),
        "integer" if random.one_in(6) => random.pick(&NUMBERS).round().into(),
        "integer" => random.pick(&INTEGERS).into(),
        "number" => bound(random),
        "boolean" => random.one_in(2).into(),
        "array" => {
            let count = random.below(4);
            (0..count).map(|_| value(random, &schema["items"], depth + 1, wild)).collect()
        }
        "object" => {
            let mut map = Map::new();
            let known: Vec<(String, Json)> = schema["properties"]
                .as_object()
                .map(|p| p.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
                .unwrap_or_default();
            for (name, schema) in known {
                if name == "metadata" && depth == 0 {
                    map.insert(name, json!({"name": random.pick(&["a", "b", "ab"])}));
                } else if !random.one_in(6) {
                    map.insert(name, value(random, &schema, depth + 1, wild));
                }
            }
            if schema["additionalProperties"].is_object() {
                for _ in 0..random.below(3) {
                    let name = random.pick(&NAMES);
                    map.insert(
                        name.to_owned(),
                        value(random, &schema["additionalProperties"], depth + 1, wild),
                    );
                }
            }
            if schema["x-kubernetes-embedded-resource"] == true {
                for (name, text) in [("apiVersion", "v1"), ("kind", "Pod"), ("kind", "-")] {
                    if !random.one_in(4) {
                        map.insert(name.to_owned(), text.into());
                    }
                }
                if random.one_in(3) {
                    map.insert("metadata".to_owned(), json!({"name": "x"}));
                }
            }
            if wild && random.one_in(10) {
                map.insert(random.pick(&NAMES).to_owned(), random.pick(&INTEGERS).into());
            }
            if wild && random.one_in(8) {
                let name = random.pick(&["x", "y"]);
                map.insert(name.to_owned(), json!({"x": [{"y": 1}, null]}));
            }
            map.into()
        }
        _ if schema["x-kubernetes-int-or-string"] == true => match random.below(3) {
            0 => random.pick(&INTEGERS).into(),
            1 => random.pick(&NUMBERS).into(),
            _ => random.pick(&TEXTS).into(),
        },
        _ => match random.below(4) {
            0 => random.pick(&TEXTS).into(),
            1 => bound(random),
            2 => json!({"x": {"y": null}}),
            _ => json!([null, 1]),
        },
    }
}
