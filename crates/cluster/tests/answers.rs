//! What is asked for, and what is made of answers that no real API server can be brought to give at will.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use seawall_cluster::{Change, Cluster, Collection, Error, Listed, Options, Wanted, capture};

const PODS: Collection<'_> =
    Collection { api_version: "v1", resource: "pods", namespace: None, selector: "" };
const VERSION: &str = r#"{"major":"1","minor":"37","gitVersion":"v1.37.2","platform":"linux/amd64"}"#;

/// A server that gives these answers (status, more of the head, body) in order, each on a connection of its own, and keeps the
/// heads of the requests.
struct Server {
    options: Options,
    heads: Arc<Mutex<Vec<String>>>,
}

fn serve(name: &str, answers: Vec<(u16, &'static str, String)>) -> Server {
    let mut answers = answers.into_iter();
    serve_by(name, move |_| answers.next())
}

/// A server that answers what `answer` makes of the head of a request, until it gives nothing.
fn serve_by(
    name: &str,
    mut answer: impl FnMut(&str) -> Option<(u16, &'static str, String)> + Send + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let config = format!(
        "current-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    std::fs::write(&path, config).expect("writable");
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    std::thread::spawn(move || {
        loop {
            let (mut connection, _) = listener.accept().expect("a connection");
            let mut head = String::new();
            let mut lines = BufReader::new(connection.try_clone().expect("a socket"));
            while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).is_ok_and(|n| n > 0) {}
            let Some((status, more, body)) = answer(&head) else { return };
            kept.lock().expect("one thread at a time").push(head);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n{more}\r\n{body}"
            );
            // The client may have gone.
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    Server { options: Options { kubeconfig: vec![path], ..Options::default() }, heads }
}

impl Server {
    fn connect(&self) -> Cluster {
        Cluster::connect(&self.options).unwrap_or_else(|e| panic!("{e}"))
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("one thread at a time").clone()
    }
}

fn version() -> (u16, &'static str, String) {
    (200, "", VERSION.to_owned())
}

fn page(token: &str, items: usize) -> (u16, &'static str, String) {
    let items = vec!["{}"; items].join(",");
    (200, "", format!(r#"{{"kind":"PodList","metadata":{{"continue":"{token}"}},"items":[{items}]}}"#))
}

#[test]
fn requests_are_reads_and_say_who_asks_and_as_whom() {
    let mut server = serve("requests", vec![version(), page("a b", 2), page("", 1)]);
    server.options.impersonate = Some("jane".to_owned());
    server.options.impersonate_groups = vec!["readers".to_owned(), "others".to_owned()];
    let listed = server.connect().list(PODS, 2, |_| ()).expect("an answer");
    assert_eq!(listed, Listed::Whole { items: 3, consistent: true });
    let heads = server.heads();
    let lines: Vec<&str> = heads.iter().filter_map(|head| head.lines().next()).collect();
    assert_eq!(
        lines,
        [
            "GET /version HTTP/1.1",
            "GET /api/v1/pods?limit=2 HTTP/1.1",
            "GET /api/v1/pods?limit=2&continue=a%20b HTTP/1.1"
        ]
    );
    for head in heads {
        for header in [
            "impersonate-user: jane",
            "impersonate-group: readers",
            "impersonate-group: others",
            concat!("user-agent: seawall/", env!("CARGO_PKG_VERSION")),
        ] {
            assert!(head.to_lowercase().contains(&format!("{header}\r\n")), "{head}");
        }
    }
}

#[test]
fn what_the_server_puts_off_is_asked_for_again_when_it_says() {
    let later = |status| (status, "retry-after: 1\r\n", String::new());
    let server = serve("later", vec![version(), later(429), later(503), page("", 4)]);
    let cluster = server.connect();
    let started = Instant::now();
    let listed = cluster.list(PODS, 5, |_| ()).expect("an answer");
    assert_eq!(listed, Listed::Whole { items: 4, consistent: true });
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(server.heads().len(), 4);
}

#[test]
fn a_connection_that_breaks_is_made_again() {
    // The answer ends before its length.
    let broken = (200, "content-length: 99999\r\n", String::new());
    let server = serve("broken", vec![version(), broken, page("", 4)]);
    let listed = server.connect().list(PODS, 5, |_| ()).expect("an answer");
    assert_eq!(listed, Listed::Whole { items: 4, consistent: true });
}

#[test]
fn what_is_no_list_is_an_error_and_never_an_empty_list() {
    let ok = |body: &str| (200, "", body.to_owned());
    for (i, (answer, expected)) in [
        (ok("<html>sign in</html>"), "not a list"),
        (ok(""), "not a list"),
        (ok("{}"), "not a list"),
        (ok(r#"{"kind":"Status","status":"Success"}"#), "not a list but `Status`"),
        (ok(r#"{"kind":"PodList","metadata":{},"items":3}"#), "not a list"),
        ((500, "", r#"{"message":"etcd is away"}"#.to_owned()), "(500): etcd is away"),
        ((401, "", "who?".to_owned()), "(401): who?"),
        ((302, "location: /login\r\n", String::new()), "(302)"),
        ((410, "", r#"{"message":"gone"}"#.to_owned()), "(410): gone"),
    ]
    .into_iter()
    .enumerate()
    {
        let first = serve(&format!("no-list-{i}"), vec![version(), answer.clone()]);
        let error = first.connect().list(PODS, 5, |_| panic!("a page")).expect_err("no list");
        assert!(matches!(error, Error::Answer { .. } | Error::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
        // After a page that had items, even being forbidden leaves a list that is not whole.
        let second = serve(&format!("no-end-{i}"), vec![version(), page("t", 5), answer]);
        let error = second.connect().list(PODS, 5, |_| ()).expect_err("no whole list");
        assert!(matches!(error, Error::Interrupted { items: 5, .. }), "{error:?}");
    }
    for (i, status) in [403, 404].into_iter().enumerate() {
        let server = serve(&format!("taken-{i}"), vec![version(), page("t", 5), (status, "", String::new())]);
        let error = server.connect().list(PODS, 5, |_| ()).expect_err("no whole list");
        assert!(matches!(error, Error::Interrupted { items: 5, .. }), "{error:?}");
    }
}

#[test]
fn what_an_older_server_has_in_an_older_version_is_seen() {
    const POLICIES: &str = "GET /apis/admissionregistration.k8s.io/v1beta1/mutatingadmissionpolicies?";
    let server = serve_by("older", |head| {
        Some(if head.starts_with("GET /version ") {
            version()
        } else if head.starts_with("GET /api/v1/namespaces/kube-system ") {
            (200, "", r#"{"metadata":{"uid":"u"}}"#.to_owned())
        } else if head.starts_with(POLICIES) {
            (200, "", r#"{"kind":"List","items":[{"metadata":{"name":"sidecars"}}]}"#.to_owned())
        } else if head.contains("mutatingadmissionpolicies?") || head.contains("/batch/v1") {
            (404, "", String::new())
        } else {
            (200, "", r#"{"kind":"List","items":[]}"#.to_owned())
        })
    });
    let snapshot = capture(&server.connect(), &Wanted::default(), &|_| ()).expect("a snapshot");
    let not_seen: Vec<&str> = snapshot.header.not_seen.iter().map(|n| n.resource.as_str()).collect();
    assert_eq!(not_seen, ["cronjobs", "jobs"], "workloads that are served in no version");
    let text: Vec<u8> = snapshot.frames.iter().flat_map(|f| f.text().expect("a frame").to_vec()).collect();
    assert_eq!(
        String::from_utf8_lossy(&text).trim_end(),
        r#"{"apiVersion":"admissionregistration.k8s.io/v1beta1","kind":"MutatingAdmissionPolicy","metadata":{"name":"sidecars"}}"#
    );
}

#[test]
fn what_is_followed_is_told_from_where_it_was() {
    const NAMESPACES: Collection<'_> =
        Collection { api_version: "v1", resource: "namespaces", namespace: None, selector: "" };
    let list = |version: &str, items: &str| {
        let body = format!(
            r#"{{"kind":"NamespaceList","metadata":{{"resourceVersion":"{version}"}},"items":[{items}]}}"#
        );
        (200, "", body)
    };
    let event = |kind: &str, name: &str, version: &str| {
        format!(
            r#"{{"type":"{kind}","object":{{"metadata":{{"name":"{name}","resourceVersion":"{version}"}}}}}}"#
        ) + "\n"
    };
    let gone =
        r#"{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}"#.to_owned() + "\n";
    let server = serve(
        "followed",
        vec![
            version(),
            list("5", "{}"),
            (200, "", event("ADDED", "a", "6") + &event("BOOKMARK", "", "9")),
            (500, "", r#"{"message":"etcd is away"}"#.to_owned()),
            (200, "", event("DELETED", "a", "10") + &gone),
            list("20", "{},{}"),
            (200, "", "not json\n".to_owned()),
            (410, "", String::new()),
            list("30", ""),
        ],
    );
    let name = |object: &[u8]| {
        let object: serde_json::Value = serde_json::from_slice(object).expect("JSON");
        object["metadata"]["name"].as_str().expect("a name").to_owned()
    };
    let mut told = Vec::new();
    server.connect().follow(NAMESPACES, |change| {
        told.push(match change {
            Change::Listing => "listing".to_owned(),
            Change::Page(page) => format!("{} items", page.items),
            Change::Complete => "complete".to_owned(),
            Change::Heard => "heard".to_owned(),
            Change::Put(object) => format!("put {}", name(object)),
            Change::Gone(object) => format!("gone {}", name(object)),
            Change::Broken(error) => error.to_string(),
        });
        if told.last().is_some_and(|last| last == "0 items") {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(
        told,
        [
            "listing",
            "1 items",
            "complete",
            "heard",
            "put a",
            "heard",
            "the API server refuses (500): etcd is away",
            "heard",
            "gone a",
            "listing",
            "2 items",
            "complete",
            "heard",
            "the API server's answer to `/api/v1/namespaces` is not usable: not an event: expected ident at line 1 column 2",
            "listing",
            "0 items",
        ]
    );
    let heads = server.heads();
    let versions: Vec<&str> = heads
        .iter()
        .filter_map(|head| head.lines().next()?.split_once("&resourceVersion=")?.1.split_once(' '))
        .map(|(version, _)| version)
        .collect();
    assert_eq!(versions, ["5", "9", "9", "20", "20"], "a watch goes on from what was seen last");
}

#[test]
fn a_server_that_is_none_is_not_connected_to() {
    for (i, (status, body)) in [(200, "<html>"), (200, "{}"), (403, "no"), (500, "")].into_iter().enumerate()
    {
        let server = serve(&format!("none-{i}"), vec![(status, "", body.to_owned())]);
        let error = Cluster::connect(&server.options).expect_err("no API server");
        assert!(matches!(error, Error::Answer { .. } | Error::Refused { .. }), "{error:?}");
    }
}
