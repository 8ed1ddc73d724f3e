//! Tests of the JSON decoder.

use super::*;
use crate::pod::{Pod, PodSpec, VolumeSources};

fn spec(json: &str) -> Result<PodSpec<'_>> {
    decode(json.as_bytes())
}

fn message(json: &[u8]) -> String {
    decode::<Pod>(json).expect_err("refused").to_string()
}

#[test]
fn reads_what_the_view_holds() {
    let json =
        br#" {"kind":"Pod","metadata":{"name":"p","labels":{"a":"b"},"annotations":{"k":"v","n":null}},
        "spec":{"hostUsers":false,"securityContext":{},"os":null,"containers":[{"name":"c","image":"i",
        "ports":[{"containerPort":80,"hostPort":8080}],"securityContext":{"runAsUser":-0,"capabilities":
        {"drop":["ALL",null]}}}],"volumes":[{"name":"v","emptyDir":{},"hostPath":null}]}} "#;
    let pod: Pod = decode(json).unwrap();
    assert_eq!(pod.metadata.name, "p");
    assert_eq!(pod.metadata.annotations, [("k".into(), "v".into()), ("n".into(), "".into())]);
    assert_eq!(pod.spec.host_users, Some(false));
    assert!(pod.spec.security_context.is_some() && pod.spec.os.is_none());
    let container = &pod.spec.containers[0];
    assert!(matches!(container.name, Cow::Borrowed("c")));
    assert_eq!((container.ports[0].container_port, container.ports[0].host_port), (80, 8080));
    let context = container.security_context.as_ref().unwrap();
    assert_eq!(context.run_as_user, Some(0));
    assert_eq!(context.capabilities.as_ref().unwrap().drop, ["ALL", ""]);
    let bit = VolumeSources::NAMES.iter().position(|n| *n == "emptyDir").unwrap();
    assert_eq!(pod.spec.volumes[0].sources, VolumeSources(1 << bit));
}

#[test]
fn duplicates_merge() {
    let spec = spec(
        r#"{"os":{"name":"windows"},"os":{},"hostPID":true,"hostPID":null,
            "containers":[{"name":"a","ports":[{"hostPort":1}]},{"name":"b"}],
            "containers":[{"ports":[{"containerPort":2}]}],
            "volumes":[{"hostPath":{},"hostPath":null,"nfs":{}}],"initContainers":[{}],"initContainers":null}"#,
    )
    .unwrap();
    assert!(spec.is_windows() && spec.host_pid);
    assert_eq!(spec.containers.len(), 1);
    assert_eq!(spec.containers[0].name, "a");
    assert_eq!((spec.containers[0].ports[0].container_port, spec.containers[0].ports[0].host_port), (2, 1));
    assert_eq!(spec.volumes[0].sources.0.count_ones(), 1);
    assert!(spec.init_containers.is_empty());
}

#[test]
fn strings_as_go_reads_them() {
    let name = |json: &[u8]| decode::<crate::pod::Metadata>(json).map(|m| m.name.into_owned());
    assert_eq!(name(br#"{"na\u006de":"a\"\\\/\b\f\n\r\tz"}"#).unwrap(), "a\"\\/\u{8}\u{c}\n\r\tz");
    assert_eq!(name(br#"{"name":"\ud83d\ude00\ud800\u0041\udc00"}"#).unwrap(), "\u{1f600}\u{fffd}A\u{fffd}");
    assert_eq!(name(b"{\"name\":\"\xe2\x82\xff\xc3\xa9\"}").unwrap(), "\u{fffd}\u{fffd}\u{fffd}\u{e9}");
    assert_eq!(name("{\"name\":\"\u{e9}\u{7f}\"}".as_bytes()).unwrap(), "\u{e9}\u{7f}");
    for bad in [&b"{\"name\":\"\x1f\"}"[..], br#"{"name":"\x"}"#, br#"{"name":"\u12g4"}"#, br#"{"name":"a"#] {
        assert!(name(bad).is_err(), "{}", String::from_utf8_lossy(bad));
    }
}

#[test]
fn integers_as_parse_int() {
    let port = |literal: &str| {
        let json = format!(r#"[{{"hostPort":{literal}}}]"#);
        decode::<Vec<crate::pod::ContainerPort>>(json.as_bytes()).map(|p| p[0].host_port)
    };
    assert_eq!(port("-2147483648").unwrap(), i32::MIN);
    assert_eq!(port("null").unwrap(), 0);
    for bad in
        ["2147483648", "1.0", "1e0", "\"1\"", "01", "-", "+1", "1.", ".5", "99999999999999999999", "true"]
    {
        assert!(port(bad).is_err(), "{bad}");
    }
}

#[test]
fn wrong_types_are_refused_and_unknown_fields_are_not() {
    for bad in [
        r#"{"hostNetwork":"true"}"#,
        r#"{"hostNetwork":0}"#,
        r#"{"containers":{}}"#,
        r#"{"os":"linux"}"#,
        r#"{"os":[]}"#,
        r#"{"os":{"name":1}}"#,
        r#"{"volumes":[{"hostPath":"/"}]}"#,
        r#"{"volumes":["v"]}"#,
        "[]",
        "1",
    ] {
        assert!(spec(bad).is_err(), "{bad}");
    }
    let spec = spec(r#"{"HostNetwork":1,"hostnetwork":[{"a":[1,-2.5e+3,"\u00e9",true,false,null]},[],{}]}"#);
    assert_eq!(spec.unwrap(), PodSpec::default());
}

#[test]
fn syntax_is_checked_where_the_view_holds_nothing() {
    for bad in [
        r#"{"x":{"a":1,}}"#,
        r#"{"x":[1,]}"#,
        r#"{"x":[1 2]}"#,
        r#"{"x":{"a" 1}}"#,
        r#"{"x":{a:1}}"#,
        r#"{"x":[}]}"#,
        r#"{"x":{]}}"#,
        r#"{"x":tru}"#,
        r#"{"x":1.}"#,
        r#"{"x":1e}"#,
        r#"{"x":-}"#,
        r#"{"x":00}"#,
        r#"{"x":"\q"}"#,
        r#"{"x":1"#,
        r#"{"x""#,
        "{\"x\":1}\u{a0}",
        "{}{}",
        "{} x",
        "",
        " ",
    ] {
        assert!(spec(bad).is_err(), "{bad}");
    }
}

#[test]
fn depth_is_bounded_as_in_go() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{{\"x\":{}1{}}}", open.repeat(depth), close.repeat(depth))
    };
    assert!(spec(&nested("[", "]", 9_999)).is_ok());
    assert!(spec(&nested("[", "]", 10_000)).is_err());
    assert!(spec(&nested("{\"a\":", "}", 9_999)).is_ok());
    assert!(spec(&nested("[{\"a\":", "}]", 5_000)).is_err());
    assert!(spec(&nested("[{\"a\":[", "]}]", 100)).is_ok());
    assert!(spec(&nested("[{\"a\":[", "]]}", 100)).is_err());
}

#[test]
fn errors_speak_as_go() {
    for (json, wanted) in [
        (&b"{\"a\" 1}"[..], "invalid character '1' after object key"),
        (b"{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        (b"{\"a\":nul}", "invalid character '}' in literal null (expecting 'l')"),
        (b"{\"a\":\"\x00\"}", "invalid character '\\x00' in string literal"),
        (b"{\"a\":1", "unexpected end of JSON input"),
        (b"{} \xff", "invalid character '\u{ff}' after top-level value"),
        (b"{\"spec\":{\"hostPID\":\"x\"}}", "cannot unmarshal string into a value of type bool"),
    ] {
        assert_eq!(message(json), wanted);
    }
    assert_eq!(decode::<Pod>(b"{\"spec\":[]}").unwrap_err().offset, 8);
}

#[test]
fn items_are_bounded_by_the_text_that_they_come_of() {
    let pod = |container: &str, count: usize| {
        let containers = vec![container; count].join(",");
        decode::<Pod>(format!("{{\"spec\":{{\"containers\":[{containers}]}}}}").as_bytes())
            .map(|pod| pod.spec.containers.len())
    };
    let error = pod("{}", 100_000).unwrap_err();
    assert_eq!(error.message, "too many items for so little text");
    assert_eq!(pod("{}", 500), Ok(500));
    // The least that an API server writes of one.
    let written = r#"{"name":"c0","image":"i","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"Always"}"#;
    assert_eq!(pod(written, 20_000), Ok(20_000));
    // What is broken behind it is told first, as Go reads all of it for its syntax.
    let broken = format!("{{\"spec\":{{\"containers\":[{}]}} x", vec!["{}"; 100_000].join(","));
    assert!(decode::<Pod>(broken.as_bytes()).unwrap_err().message.contains("invalid character"));
}
