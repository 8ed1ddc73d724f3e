//! Cases of every keyword, each a schema of `spec.x` and values of it.

use serde_json::{Value as Json, json};

/// Schema, object, whether `status` is apart.
pub(crate) fn all() -> Vec<(Json, Json, bool)> {
    let mut all = Vec::new();
    let mut add = |of: Json, values: &[Json]| {
        for value in values {
            let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"x": of}}}});
            all.push((schema, json!({"spec": {"x": value}}), false));
        }
    };
    let scalars = [
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(1e20),
        json!("1"),
        json!(true),
        json!(null),
        json!([]),
        json!({}),
    ];
    for of in ["string", "integer", "number", "boolean", "object"] {
        add(json!({ "type": of }), &scalars);
        add(json!({"type": of, "nullable": true}), &scalars);
    }
    add(json!({"type": "array", "items": {"type": "integer"}}), &scalars);
    add(json!({"type": "array", "items": {"type": "integer"}}), &[json!([1, null]), json!([1, "a", 2.5])]);
    add(json!({"type": "array", "items": {"type": "integer", "nullable": true}}), &[json!([1, null])]);
    add(json!({"type": "array", "items": {"type": "integer", "default": 3}}), &[json!([1, null])]);
    add(json!({"x-kubernetes-int-or-string": true}), &scalars);
    add(
        json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^[0-9]+%?$"}),
        &[json!(5), json!("5%"), json!("five"), json!(null), json!(1.5)],
    );
    add(json!({"x-kubernetes-preserve-unknown-fields": true}), &scalars);
    let fields = json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string", "nullable": true}}, "required": ["a", "b"]});
    add(
        fields,
        &[
            json!({"a": 1, "b": "x"}),
            json!({"a": 1}),
            json!({"a": null, "b": null}),
            json!({"a": 1, "b": "x", "c": {"d": 1}}),
            json!({"a": "1", "b": 2}),
        ],
    );
    add(
        json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        &[json!({"a": 1}), json!({"a": "1"}), json!({"a": null, "b": 2})],
    );
    add(json!({"type": "object", "additionalProperties": true}), &[json!({"a": 1}), json!({"a": {"b": 1}})]);
    add(
        json!({"type": "object", "additionalProperties": {"type": "integer", "nullable": true}}),
        &[json!({"a": null})],
    );
    add(
        json!({"type": "object", "additionalProperties": {"type": "integer", "default": 7, "minimum": 5}}),
        &[json!({"a": null}), json!({"a": 3})],
    );
    add(
        json!({"type": "string", "enum": ["a", "b"]}),
        &[json!("a"), json!("c"), json!(""), json!(null), json!(97)],
    );
    add(json!({"type": "string", "nullable": true, "enum": ["a", null]}), &[json!("a"), json!(null)]);
    add(json!({"type": "integer", "enum": [1, 2]}), &[json!(1), json!(1.0), json!(3)]);
    add(json!({"type": "number", "enum": [1, 2.5]}), &[json!(1), json!(1.5), json!(2.5), json!(2)]);
    add(
        json!({"x-kubernetes-int-or-string": true, "enum": ["A", 2]}),
        &[json!(65), json!("A"), json!(2), json!("2"), json!(66)],
    );
    add(
        json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "enum": [{"a": 1}]}),
        &[json!({"a": 1}), json!({"a": 1.0}), json!({"a": 1, "b": 2})],
    );
    let numbers = [
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(4),
        json!(1.5),
        json!(2.5),
        json!(0.300_000_000_000_000_04),
        json!(9_223_372_036_854_775_807_i64),
        json!(1e19),
    ];
    for of in ["integer", "number"] {
        add(json!({"type": of, "minimum": 1, "maximum": 3}), &numbers);
        add(
            json!({"type": of, "minimum": 1, "maximum": 3, "exclusiveMinimum": true, "exclusiveMaximum": true}),
            &numbers,
        );
        add(json!({"type": of, "minimum": 1.5}), &numbers);
        add(json!({"type": of, "maximum": 2.5}), &numbers);
        add(json!({"type": of, "multipleOf": 2}), &numbers);
        add(json!({"type": of, "multipleOf": 0.1}), &numbers);
        add(json!({"type": of, "multipleOf": 1.5}), &numbers);
    }
    add(
        json!({"type": "integer", "format": "int32"}),
        &[
            json!(2_147_483_647),
            json!(2_147_483_648_i64),
            json!(-2_147_483_648),
            json!(-2_147_483_649_i64),
            json!(1.0),
        ],
    );
    add(json!({"type": "integer", "format": "int64"}), &numbers);
    add(json!({"type": "integer", "format": "int32", "maximum": 3_000_000_000_u32}), &[json!(1)]);
    add(json!({"type": "number", "format": "float"}), &[json!(1), json!(1e38), json!(1e39), json!(-1e39)]);
    add(json!({"type": "number", "format": "double"}), &[json!(1e300), json!("1")]);
    add(
        json!({"type": "string", "minLength": 2, "maxLength": 3}),
        &[
            json!(""),
            json!("é"),
            json!("éé"),
            json!("日本語"),
            json!("日本語!"),
            json!("👨‍👩‍👧"),
            json!("e\u{301}"),
        ],
    );
    let lists = [json!([]), json!([1]), json!([1, 2]), json!([1, 1]), json!([1, 2, 3])];
    add(json!({"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer"}}), &lists);
    add(json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "integer"}}), &lists);
    add(
        json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "number"}}),
        &[json!([1, 1.0]), json!([1.0, 1.0]), json!([1, 2, 1, 1])],
    );
    add(
        json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"x-kubernetes-preserve-unknown-fields": true}}),
        &[
            json!([{"a": 1}, {"a": 1.0}]),
            json!([{"a": 1, "b": [1]}, {"b": [1], "a": 1}]),
            json!([null, null]),
            json!(["1", 1]),
            json!([[], []]),
            json!(["{}", {}]),
        ],
    );
    let entries = [
        json!([{"k": "a"}, {"k": "b"}]),
        json!([{"k": "a"}, {"k": "a"}, {"k": "a"}]),
        json!([{}, {}]),
        json!([{"k": null}, {}]),
        json!([null, {}]),
        json!([{"k": "a", "p": 1}, {"k": "a", "p": 2}]),
        json!([{"k": "a", "p": 1}, {"k": "a", "p": 1}]),
        json!([{"k": "a"}, {"k": "a", "p": 1}]),
        json!([{"k": "a"}, 3, {"k": "a"}]),
        json!([{"k": ""}, {}]),
    ];
    let item = json!({"type": "object", "properties": {"k": {"type": "string"}, "p": {"type": "integer", "default": 1}}});
    for keys in [json!(["k"]), json!(["k", "p"])] {
        add(
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys, "items": item}),
            &entries,
        );
    }
    let sizes = [json!({}), json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"a": 1, "b": 2, "c": null})];
    add(
        json!({"type": "object", "minProperties": 1, "maxProperties": 2, "additionalProperties": {"type": "integer"}}),
        &sizes,
    );
    add(json!({"type": "object", "minProperties": 3, "x-kubernetes-preserve-unknown-fields": true}), &sizes);
    add(
        json!({"type": "object", "maxProperties": 1, "properties": {"a": {"type": "integer"}, "z": {"type": "integer", "default": 1}}}),
        &sizes,
    );
    for (name, parts) in [
        ("allOf", json!([{"minimum": 2}, {"multipleOf": 2}])),
        ("anyOf", json!([{"minimum": 3}, {"multipleOf": 2}])),
        ("oneOf", json!([{"minimum": 2}, {"multipleOf": 2}])),
        ("not", json!({"minimum": 2})),
    ] {
        add(json!({"type": "integer", name: parts}), &numbers);
    }
    add(
        json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "object", "properties": {"c": {"type": "integer"}}}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"], "properties": {"b": {"required": ["c"]}}}],
            "not": {"required": ["a", "b"]}}),
        &[
            json!({}),
            json!({"a": "x"}),
            json!({"b": {}}),
            json!({"b": {"c": 1}}),
            json!({"a": "x", "b": {"c": 1}}),
        ],
    );
    add(
        json!({"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}}, "allOf": [{"items": {"required": ["a"]}}]}),
        &[json!([{"a": 1}, {}])],
    );
    for format in ["date", "unheard-of"] {
        add(json!({"type": "string", "format": format}), &scalars);
        add(json!({"x-kubernetes-int-or-string": true, "format": format}), &scalars);
        add(json!({"x-kubernetes-preserve-unknown-fields": true, "format": format}), &scalars);
    }
    let embedded = [
        json!({}),
        json!({"apiVersion": "v1", "kind": "Pod"}),
        json!({"apiVersion": "", "kind": "Pod"}),
        json!({"apiVersion": "/", "kind": "Pod-"}),
        json!({"apiVersion": "a/b/c", "kind": "Pod"}),
        json!({"apiVersion": "a/b", "kind": "Pod_1"}),
        json!({"apiVersion": "a/b", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"a": 1, "b": 2}}),
        json!({"apiVersion": null, "kind": "Pod"}),
        json!({"apiVersion": 1, "kind": "Pod"}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": 1}),
    ];
    for preserves in [Json::Null, json!(true)] {
        add(
            json!({"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": preserves,
                "required": ["kind"], "properties": {"spec": {"type": "object", "properties": {"a": {"type": "integer"}}}}}),
            &embedded,
        );
    }
    let kept = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"a": {"type": "object", "properties": {"b": {"type": "integer"}}}}});
    add(kept.clone(), &[json!({"x": {"y": null}, "a": {"b": 1, "c": 2}})]);
    add(
        json!({"type": "array", "x-kubernetes-preserve-unknown-fields": true, "items": kept}),
        &[json!([{"x": 1, "a": {"c": 2}}])],
    );
    add(
        json!({"type": "array", "x-kubernetes-preserve-unknown-fields": true, "items": {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "integer"}}}}}}),
        &[json!([{"x": 1, "a": {"c": 2}}])],
    );
    add(
        json!({"type": "object", "properties": {"a": {"type": "string", "default": "x"}}, "required": ["a"]}),
        &[json!({}), json!({"a": null}), json!({"a": "y"}), json!({"a": 1})],
    );
    add(
        json!({"type": "object", "default": {"a": "q"}, "properties": {"a": {"type": "string"}, "b": {"type": "string", "default": "w"}}, "required": ["a"]}),
        &[json!(null), json!({})],
    );
    let status = json!({"type": "object", "required": ["status"], "properties": {"status": {"type": "object", "properties": {"a": {"type": "integer"}}}}});
    for object in
        [json!({}), json!({"status": {}}), json!({"status": {"a": "x"}}), json!({"status": {"b": 1}})]
    {
        all.push((status.clone(), object.clone(), false));
        all.push((status.clone(), object, true));
    }
    let named = json!({"type": "object", "properties": {
        "apiVersion": {"type": "string"}, "kind": {"type": "string", "maxLength": 3},
        "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 2}}}}});
    all.push((named.clone(), json!({"metadata": {"name": "abc", "labels": {"a": "b"}}}), false));
    all.push((named, json!({"metadata": {"name": "ab"}}), false));
    all
}
