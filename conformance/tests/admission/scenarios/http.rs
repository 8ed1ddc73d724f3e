//! What is no review, and reviews in odd forms.

use crate::reviews::{bad_spec, create_pod, good_pod, labelled, lenient, pod, review, text, with, without};
use crate::scenario::{Body, Leeway, Post, Scenario};
use serde_json::{Value, json};

fn bodies(name: &str, posts: Vec<Post>) -> Scenario {
    labelled(name, &[("enforce", "baseline")], posts)
}

fn bad() -> Value {
    review(create_pod(pod(bad_spec())))
}

pub(super) fn all() -> Vec<Scenario> {
    let typed =
        |content_type: &str| Post { content_type: Some(content_type.to_owned()), ..text(bad().to_string()) };
    let kinds = |api_version: &str, kind: &str| {
        text(with(bad(), json!({"apiVersion": api_version, "kind": kind})).to_string())
    };
    let large = |length: usize| {
        let body = bad().to_string();
        text(format!("{body}{}", " ".repeat(length - body.len())))
    };
    let wrong = |member: &str, value: Value| {
        text(review(with(create_pod(good_pod("p")), json!({member: value}))).to_string())
    };
    let replaced = |from: &str, to: &str| {
        let body = bad().to_string();
        assert!(body.contains(from), "{body}");
        text(body.replace(from, to))
    };
    let not_utf8 = |bytes: &[u8]| {
        let body = review(create_pod(with(
            pod(bad_spec()),
            json!({"metadata": {"name": "p", "labels": {"a": "HERE"}}}),
        )))
        .to_string();
        let (before, after) = body.split_once("HERE").expect("there");
        lenient(Body::Bytes([before.as_bytes(), bytes, after.as_bytes()].concat()))
    };
    vec![
        bodies("empty body", vec![text("")]),
        bodies("empty body of another type", vec![Post { content_type: Some("text/plain".into()), ..text("") }]),
        bodies("blank body", [" ", "\n", "\t \r\n"].map(text).to_vec()),
        bodies("body that is null", ["null", " null "].map(text).to_vec()),
        bodies(
            "body that is no JSON",
            ["{", "}", "x", "[", "{\"a\"}", "{'a': 1}", "\"x\"", "1", "[]", "[{}]", "true", "{}{}", "{} x", "{\"request\": {}, }"].map(text).to_vec(),
        ),
        bodies("review without request", vec![text("{}"), text(json!({"a": 1}).to_string()), text(without(bad(), "request").to_string())]),
        bodies("review with null request", vec![text(with(bad(), json!({"request": null})).to_string())]),
        bodies("review with a request in capitals", vec![text(json!({"Request": bad()["request"]}).to_string())]),
        bodies("review with an empty request", vec![text(review(json!({})).to_string())]),
        bodies("review with a request that is no object", ["x", "", "1"].map(|v| text(with(bad(), json!({"request": v})).to_string())).to_vec()),
        bodies("review with a request that is a list", vec![text(review(json!([])).to_string()), text(review(json!([{}])).to_string())]),
        bodies(
            "review kinds",
            vec![
                kinds("admission.k8s.io/v1", "AdmissionReview"),
                kinds("admission.k8s.io/v1beta1", "AdmissionReview"),
                kinds("admission.k8s.io/v2", "AdmissionReview"),
                kinds("admission.k8s.io", "AdmissionReview"),
                kinds("v1", "AdmissionReview"),
                kinds("", "AdmissionReview"),
                kinds("admission.k8s.io/v1", ""),
                kinds("", ""),
                kinds("admission.k8s.io/", "AdmissionReview"),
                kinds("/v1", "AdmissionReview"),
                kinds("a/b/c", "AdmissionReview"),
                kinds("admission.k8s.io/v1", "admissionreview"),
                kinds("admission.k8s.io/v1", "AdmissionRequest"),
                kinds("v1", "Pod"),
                kinds("", "Pod"),
                kinds("v1", "List"),
                kinds("v1", "Status"),
                kinds("v1", "CreateOptions"),
                kinds("admission.k8s.io/v1", "CreateOptions"),
                kinds("admission.k8s.io/v1", "WatchEvent"),
                kinds("apps/v1", "Deployment"),
                kinds("g.io/v1", "Foo"),
            ],
        ),
        bodies(
            "review kinds left out",
            vec![
                text(without(bad(), "apiVersion").to_string()),
                text(without(bad(), "kind").to_string()),
                text(without(without(bad(), "kind"), "apiVersion").to_string()),
                text(with(bad(), json!({"kind": null, "apiVersion": null})).to_string()),
                text(with(bad(), json!({"kind": 1})).to_string()),
                text(with(bad(), json!({"apiVersion": {}})).to_string()),
            ],
        ),
        bodies(
            "review with wrong types",
            vec![
                wrong("uid", json!(1)),
                wrong("name", json!(1)),
                wrong("namespace", json!({})),
                wrong("operation", json!(1)),
                wrong("kind", json!("Pod")),
                wrong("kind", json!({"kind": 1})),
                wrong("kind", json!([])),
                wrong("resource", json!("pods")),
                wrong("resource", json!({"resource": null, "group": 1})),
                wrong("requestKind", json!("x")),
                wrong("requestResource", json!([])),
                wrong("subResource", json!(1)),
                wrong("requestSubResource", json!({})),
                wrong("userInfo", json!("x")),
                wrong("userInfo", json!({"username": 1})),
                wrong("userInfo", json!({"groups": "x"})),
                wrong("userInfo", json!({"groups": [1]})),
                wrong("userInfo", json!({"extra": {"a": "b"}})),
                wrong("userInfo", json!({"extra": []})),
                wrong("userInfo", json!({"uid": 1})),
                wrong("dryRun", json!("true")),
                wrong("dryRun", json!(0)),
                text(with(bad(), json!({"response": "x"})).to_string()),
                text(with(bad(), json!({"response": {"allowed": "x"}})).to_string()),
                text(with(bad(), json!({"response": {"patch": "%"}})).to_string()),
            ],
        ),
        bodies(
            "review with more to it",
            vec![
                text(with(bad(), json!({"response": {"uid": "z", "allowed": true}, "metadata": 1})).to_string()),
                text(with(bad(), json!({"response": null, "REQUEST": null})).to_string()),
                text(with(bad(), json!({"response": {"status": {"metadata": {"a": 1}, "code": 1}, "patch": "e30=", "warnings": null}})).to_string()),
            ],
        ),
        bodies(
            "members twice",
            vec![
                replaced("\"hostNetwork\":true", "\"hostNetwork\":true,\"hostNetwork\":false"),
                replaced("\"hostNetwork\":true", "\"hostNetwork\":true,\"hostNetwork\":null"),
                replaced("\"spec\":{", "\"spec\":{\"hostPID\":true},\"spec\":{"),
                replaced("\"containers\":[", "\"containers\":[{\"name\":\"z\",\"tty\":true,\"securityContext\":{\"procMount\":\"\"}},{\"name\":\"y\"}],\"containers\":["),
                replaced("\"object\":{", "\"object\":{\"spec\":{\"hostPID\":true}},\"object\":{"),
                replaced("\"object\":{", "\"object\":null,\"object\":{"),
                replaced("\"request\":{", "\"request\":{\"namespace\":\"other\",\"name\":\"q\"},\"request\":{"),
                replaced("\"operation\":\"CREATE\"", "\"operation\":\"DELETE\",\"operation\":\"CREATE\""),
                replaced("\"kind\":\"AdmissionReview\"", "\"kind\":\"Pod\",\"kind\":\"AdmissionReview\""),
            ],
        ),
        bodies(
            "escapes and surrogates",
            vec![
                replaced("\"name\":\"a\"", r#""name":"\u0061\u00e9\ud83d\ude00\/\b""#),
                replaced("\"name\":\"a\"", r#""na\u006de":"a\"b""#),
                replaced("\"name\":\"a\"", r#""name":"\x""#),
                replaced("\"name\":\"a\"", "\"name\":\"a\u{7f}\u{2028}\""),
                replaced("\"name\":\"a\"", "\"name\":\"a\tb\""),
            ],
        ),
        bodies(
            "half surrogates",
            [r#""name":"\ud83d""#, r#""name":"\ude00\ud83d""#, r#""name":"\ud83dx""#]
                .map(|name| Post { leeway: Leeway::MayRefuse, ..replaced("\"name\":\"a\"", name) })
                .to_vec(),
        ),
        bodies("numbers as JSON has them", vec![
            replaced("\"hostNetwork\":true", "\"terminationGracePeriodSeconds\":-0"),
            replaced("\"hostNetwork\":true", "\"terminationGracePeriodSeconds\":01"),
            replaced("\"hostNetwork\":true", "\"terminationGracePeriodSeconds\":1e0"),
            replaced("\"hostNetwork\":true", "\"terminationGracePeriodSeconds\":1.0"),
            replaced("\"hostNetwork\":true", "\"terminationGracePeriodSeconds\":99999999999999999999"),
            replaced("\"hostNetwork\":true", "\"unknown\":1e999"),
            replaced("\"hostNetwork\":true", "\"unknown\":-"),
        ]),
        bodies("bytes that are not UTF-8", [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"].map(not_utf8).to_vec()),
        bodies("white space around", vec![text(format!(" \r\n\t{} \n", bad())), text(format!("{}\n\n", bad()))]),
        bodies("more after the review", vec![text(format!("{}{}", bad(), bad())), text(format!("{} x", bad())), text(format!("{},", bad()))]),
        bodies(
            "a byte order mark before the review",
            vec![lenient(Body::Text(format!("\u{feff}{}", bad()))), lenient(Body::Text(format!("\u{feff}\u{feff}{}", bad())))],
        ),
        bodies(
            "reviews in YAML",
            vec![
                lenient(Body::Text(format!("# a comment\n{}", bad()))),
                lenient(Body::Text(format!("---\n{}", bad()))),
                lenient(Body::Text("kind: AdmissionReview\nrequest: {uid: u, namespace: ns, object: {spec: {hostPID: yes}}, resource: {resource: pods, version: v1}, kind: {kind: Pod, version: v1}}\n".into())),
                text("request: {uid: 1}"),
                text("a: b: c"),
            ],
        ),
        bodies("deep nesting", vec![
            replaced("\"hostNetwork\":true", &format!("\"unknown\":{}{}", "[".repeat(9_000), "]".repeat(9_000))),
            replaced("\"hostNetwork\":true", &format!("\"unknown\":{}{}", "[".repeat(10_001), "]".repeat(10_001))),
        ]),
        bodies("body just under the limit", vec![large(3 * 1024 * 1024 - 1)]),
        bodies("body at the limit", vec![large(3 * 1024 * 1024)]),
        bodies("body over the limit of another type", vec![Post { content_type: Some("text/plain".into()), ..large(3 * 1024 * 1024 + 1) }]),
        bodies("content types", ["application/json", "", "text/plain", "application/yaml", "application/jsonx", "Application/JSON "].map(typed).to_vec()),
        bodies(
            "content types with a charset",
            ["application/json; charset=utf-8", "application/json;charset=UTF-8"].map(|t| Post { leeway: Leeway::Wider, ..typed(t) }).to_vec(),
        ),
        bodies("another type and no review", vec![Post { content_type: Some("text/plain".into()), ..text("x") }]),
    ]
}
