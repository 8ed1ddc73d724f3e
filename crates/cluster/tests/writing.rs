//! What a writer sends, and that nobody else sends anything but reads.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use seawall_cluster::{Collection, Error, Options, Place, Writer};
use serde_json::{Value, json};

const VERSION: &str = r#"{"major":"1","minor":"37","gitVersion":"v1.37.2","platform":"linux/amd64"}"#;
const EVENTS: Collection<'_> =
    Collection { api_version: "v1", resource: "events", namespace: Some("shop"), selector: "" };
const NAMESPACE: Place<'_> =
    Place { api_version: "v1", resource: "namespaces", namespace: None, name: "shop" };
const LEASE: Place<'_> =
    Place { api_version: "coordination.k8s.io/v1", resource: "leases", namespace: Some("a"), name: "b/c" };

/// A request: its first line, its type and its body.
type Asked = (String, String, String);

/// A server that gives these answers in order, each on a connection of its own; `None` is one that comes a byte a second. What it was
/// asked comes through the channel.
fn serve(name: &str, answers: Vec<Option<(u16, &'static str)>>) -> (Writer, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let config = format!(
        "current-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    std::fs::write(&path, config).expect("writable");
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for answer in [Some((200, VERSION))].into_iter().chain(answers) {
            let (mut connection, _) = listener.accept().expect("a connection");
            let mut lines = BufReader::new(connection.try_clone().expect("a socket"));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).is_ok_and(|n| n > 0) {}
            let header = |name: &str| {
                let line =
                    head.lines().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned));
                line.unwrap_or_default().trim().to_owned()
            };
            let mut body = vec![0; header("content-length:").parse().unwrap_or(0)];
            lines.read_exact(&mut body).expect("a body");
            let first = head.lines().next().unwrap_or_default().to_owned();
            let _ = tell.send((first, header("content-type:"), String::from_utf8(body).expect("text")));
            let Some((status, body)) = answer else {
                let _ = connection.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 60\r\n\r\n");
                while connection.write_all(b" ").is_ok() {
                    std::thread::sleep(Duration::from_secs(1));
                }
                continue;
            };
            let answer = format!(
                "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    let options = Options { kubeconfig: vec![path], ..Options::default() };
    let writer = Writer::connect(&options).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(told.recv().expect("asked").0, "GET /version HTTP/1.1");
    (writer, told)
}

#[test]
fn each_way_to_write_is_sent_with_what_it_depends_on() {
    let (writer, told) = serve("ways", vec![Some((200, r#"{"a":1}"#)); 6]);
    let asked = |first: &str, kind: &str, body: Value| {
        let (line, content_type, text) = told.recv().expect("asked");
        assert_eq!((line.as_str(), content_type.as_str()), (first, kind));
        let sent = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        assert_eq!(sent, body, "{first}");
    };
    assert_eq!(writer.create(EVENTS, &json!({"reason": "r"})).expect("an object"), json!({"a": 1}));
    asked(
        "POST /api/v1/namespaces/shop/events?fieldManager=seawall&fieldValidation=Strict HTTP/1.1",
        "application/json",
        json!({"reason": "r"}),
    );
    let object = json!({"metadata": {"name": "c", "resourceVersion": "4"}, "spec": {}});
    writer.replace(LEASE, "7", &object).expect("an object");
    asked(
        "PUT /apis/coordination.k8s.io/v1/namespaces/a/leases/b%2Fc?fieldManager=seawall&fieldValidation=Strict HTTP/1.1",
        "application/json",
        json!({"metadata": {"name": "c", "resourceVersion": "7"}, "spec": {}}),
    );
    let labels = json!({"metadata": {"labels": {"x": null}}});
    writer.merge_patch(NAMESPACE, Some("8"), &labels).expect("an object");
    asked(
        "PATCH /api/v1/namespaces/shop?fieldManager=seawall HTTP/1.1",
        "application/merge-patch+json",
        json!({"metadata": {"labels": {"x": null}, "resourceVersion": "8"}}),
    );
    writer.merge_patch(NAMESPACE, None, &labels).expect("an object");
    asked(
        "PATCH /api/v1/namespaces/shop?fieldManager=seawall HTTP/1.1",
        "application/merge-patch+json",
        labels.clone(),
    );
    writer.delete(LEASE, "9").expect("gone");
    asked(
        "DELETE /apis/coordination.k8s.io/v1/namespaces/a/leases/b%2Fc HTTP/1.1",
        "application/json",
        json!({"apiVersion": "meta.k8s.io/v1", "kind": "DeleteOptions", "preconditions": {"resourceVersion": "9"}}),
    );
    writer.get(LEASE).expect("an object");
    asked("GET /apis/coordination.k8s.io/v1/namespaces/a/leases/b%2Fc HTTP/1.1", "", Value::Null);
}

#[test]
fn a_write_is_sent_once_and_its_refusal_told() {
    let refusals =
        [(409, r#"{"message":"changed"}"#), (503, "later"), (429, "later"), (403, r#"{"message":"no"}"#)];
    let (writer, told) = serve("once", refusals.map(Some).to_vec());
    for (status, body) in refusals {
        let error = writer.create(EVENTS, &json!({})).expect_err("refused");
        assert_eq!(error.status(), Some(status), "{body}");
        told.recv().expect("asked");
        assert!(told.try_recv().is_err(), "{status} was tried again");
    }
    let (writer, _told) = serve("no-object", vec![Some((200, "<html>"))]);
    assert!(matches!(writer.get(LEASE), Err(Error::Answer { .. })));
}

#[test]
fn an_answer_without_an_end_is_waited_for_five_seconds() {
    let (writer, _told) = serve("slow", vec![None]);
    let started = Instant::now();
    let error = writer.create(EVENTS, &json!({})).expect_err("no answer");
    assert!(error.to_string().ends_with(": no answer in 5 seconds"), "{error}");
    assert!((5..7).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

/// The methods that change something are named in one file.
#[test]
fn only_the_writer_knows_other_methods_than_get() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(sources).expect("sources") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        for method in ["Method::", "\"POST\"", "\"PUT\"", "\"PATCH\"", "\"DELETE\"", ".method("] {
            for (at, _) in text.match_indices(method) {
                let end = text[at..].find(['\n', ';', ')', ',']).map_or(text.len(), |end| at + end);
                found.push((name.clone(), text[at..end].to_owned()));
            }
        }
    }
    found.retain(|(_, what)| !["Method::GET", ".method(Method::GET"].contains(&what.as_str()));
    assert!(found.iter().any(|(_, what)| what == "Method::POST"), "{found:?}");
    // What is posted to a collector of telemetry goes to no API server.
    let may = |name: &str| ["write.rs", "collector.rs"].contains(&name);
    let elsewhere: Vec<_> = found.iter().filter(|(name, _)| !may(name)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}
