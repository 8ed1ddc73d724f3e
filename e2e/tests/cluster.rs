//! Connecting to an API server as kubectl does, and listing what it has.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seawall_cluster::{Cluster, Collection, Error, Listed, Options, Page};
use seawall_e2e::{ControlPlane, kubernetes};
use serde_json::{Value, json};

const PODS: Collection<'_> =
    Collection { api_version: "v1", resource: "pods", namespace: None, selector: "" };

/// What credential plugins print and no message may hold.
const CANARY: &str = "canary-7f3a";

fn options(kubeconfig: &Path) -> Options {
    Options { kubeconfig: vec![kubeconfig.to_owned()], ..Options::default() }
}

fn connect(options: &Options) -> Cluster {
    Cluster::connect(options).unwrap_or_else(|e| panic!("{e}"))
}

/// A kubeconfig changed, under another name.
fn changed(control: &ControlPlane, of: &str, name: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
    let text = fs::read_to_string(control.kubeconfig(of)).expect("just written");
    let mut config: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut config);
    let path = control.directory().join(format!("{name}.kubeconfig"));
    fs::write(&path, config.to_string()).expect("writable");
    path
}

fn script(control: &ControlPlane, name: &str, text: &str) -> PathBuf {
    let path = control.directory().join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    path
}

fn create(control: &ControlPlane, path: &str, object: &Value) {
    let answer = control.admin().post(path, object).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
}

/// Lets a subject list pods in a namespace, or everywhere.
fn allow(control: &ControlPlane, subject: &Value, namespace: Option<&str>) {
    let (prefix, path) = match namespace {
        Some(namespace) => ("", format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}")),
        None => ("Cluster", "/apis/rbac.authorization.k8s.io/v1".to_owned()),
    };
    let lower = prefix.to_lowercase();
    let name = subject["name"].as_str().expect("named");
    let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]);
    create(
        control,
        &format!("{path}/{lower}roles"),
        &json!({"kind": format!("{prefix}Role"), "metadata": {"name": name}, "rules": rules}),
    );
    let role =
        json!({"apiGroup": "rbac.authorization.k8s.io", "kind": format!("{prefix}Role"), "name": name});
    create(
        control,
        &format!("{path}/{lower}rolebindings"),
        &json!({"kind": format!("{prefix}RoleBinding"), "metadata": {"name": name}, "subjects": [subject], "roleRef": role}),
    );
}

fn pods(control: &ControlPlane, namespace: &str, count: usize) {
    let names: Vec<String> = (0..count).map(|i| format!("p{i}")).collect();
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let answers = control.admin().each(&names, |client, name| {
        let pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        client.post(&path, &pod).expect("an answer").status
    });
    assert!(answers.iter().all(|status| *status == 201));
}

/// Waits until RBAC, which follows what is written, lets a list through.
fn wait_until_seen(cluster: &Cluster, collection: Collection<'_>) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !matches!(cluster.list(collection, 500, |_| ()), Ok(Listed::Whole { .. })) {
        assert!(Instant::now() < deadline, "never seen");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn names(page: &Page) -> Vec<String> {
    let list: Value = serde_json::from_slice(&page.json).expect("JSON");
    let name = |item: &Value| {
        let of = |key: &str| item["metadata"][key].as_str().expect("a text").to_owned();
        format!("{}/{}", of("namespace"), of("name"))
    };
    list["items"].as_array().expect("items").iter().map(name).collect()
}

#[test]
fn a_cluster_is_found_as_kubectl_finds_it() {
    let control = ControlPlane::start();
    control.admin().create_namespace("team", &[]);
    pods(&control, "team", 3);
    let admin = control.kubeconfig("admin");
    let viewer = control.kubeconfig("viewer");

    let cluster = connect(&options(&admin));
    assert_eq!(cluster.version().git_version, kubernetes());
    assert_eq!(cluster.server(), control.server());
    assert_eq!(cluster.default_namespace(), "default");
    let system = control.admin().get("/api/v1/namespaces/kube-system").expect("an answer");
    assert_eq!(cluster.id().expect("an answer").as_deref(), system.body["metadata"]["uid"].as_str());

    // The first of several files says which context is current; all of them are known.
    let both = Options { kubeconfig: vec![viewer.clone(), admin.clone()], ..Options::default() };
    assert!(matches!(connect(&both).list(PODS, 10, |_| ()), Ok(Listed::Forbidden { .. })));
    let other = Options { context: Some("admin".to_owned()), ..both.clone() };
    assert_eq!(
        connect(&other).list(PODS, 10, |_| ()).expect("an answer"),
        Listed::Whole { items: 3, consistent: true }
    );
    let mixed = Options { user: Some("admin".to_owned()), ..both };
    assert!(matches!(connect(&mixed).list(PODS, 10, |_| ()), Ok(Listed::Whole { .. })));

    let missing = Options { context: Some("nowhere".to_owned()), ..options(&admin) };
    let error = Cluster::connect(&missing).expect_err("no such context").to_string();
    assert!(error.contains("nowhere") && error.contains("admin.kubeconfig"), "{error}");
    let error =
        Cluster::connect(&options(Path::new("/nowhere/config"))).expect_err("no such file").to_string();
    assert!(error.contains("`/nowhere/config`"), "{error}");
    let namespaced = changed(&control, "admin", "namespaced", |config| {
        config["contexts"][0]["context"]["namespace"] = json!("team");
    });
    assert_eq!(connect(&options(&namespaced)).default_namespace(), "team");
}

#[test]
fn credential_plugins_are_run_and_their_output_stays_out_of_messages() {
    let control = ControlPlane::start();
    let read = |name: &str| fs::read_to_string(control.directory().join(name)).expect("written");
    control.kubeconfig("admin");
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {
        "clientCertificateData": read("admin.crt"), "clientKeyData": read("admin.key")}});
    fs::write(control.directory().join("credential.json"), credential.to_string()).expect("writable");
    let plugin = |name: &str, text: &str| {
        let program = script(&control, name, text);
        changed(&control, "viewer", name, |config| {
            config["users"][0]["user"] = json!({"exec": {
                "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
                "command": program, "args": [CANARY],
                "env": [{"name": "CREDENTIAL", "value": control.directory().join("credential.json")}]}});
        })
    };
    let good = plugin("good", "cat \"$CREDENTIAL\"");
    assert!(matches!(connect(&options(&good)).list(PODS, 10, |_| ()), Ok(Listed::Whole { .. })));
    for (name, text) in [
        ("failing", format!("echo {CANARY}; echo {CANARY} >&2; exit 3")),
        ("talking", format!("echo 'token is {CANARY}'")),
        ("empty", format!("echo '{{\"kind\": \"ExecCredential\", \"x\": \"{CANARY}\"}}'")),
        (
            "token",
            format!("echo '{{\"kind\": \"ExecCredential\", \"status\": {{\"token\": \"{CANARY}\"}}}}'"),
        ),
    ] {
        let error = Cluster::connect(&options(&plugin(name, &text))).expect_err("no credentials");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(CANARY), "{name}: {shown}");
        assert!(matches!(error, Error::Credentials(_)) || name == "token", "{name}: {error}");
        assert_eq!(name == "failing", shown.contains("failing` failed: exit status: 3"), "{shown}");
        assert_eq!(name == "token", matches!(error, Error::Refused { status: 401, .. }), "{shown}");
    }
    let missing = changed(&control, "viewer", "missing", |config| {
        config["users"][0]["user"] =
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/plugin"}});
    });
    let error = Cluster::connect(&options(&missing)).expect_err("no plugin");
    assert!(matches!(error, Error::Credentials(_)), "{error}");
}

#[test]
fn impersonation_acts_with_the_rights_of_others() {
    let control = ControlPlane::start();
    control.admin().create_namespace("team", &[]);
    pods(&control, "team", 3);
    allow(
        &control,
        &json!({"kind": "Group", "name": "readers", "apiGroup": "rbac.authorization.k8s.io"}),
        Some("team"),
    );
    let team = Collection { namespace: Some("team"), ..PODS };
    let admin = options(&control.kubeconfig("admin"));
    let jane = Options { impersonate: Some("jane".to_owned()), ..admin.clone() };
    let reader =
        Options { impersonate_groups: vec!["others".to_owned(), "readers".to_owned()], ..jane.clone() };
    wait_until_seen(&connect(&reader), team);
    let Ok(Listed::Forbidden { message }) = connect(&jane).list(team, 10, |_| ()) else {
        panic!("jane may not")
    };
    assert!(message.contains("User \"jane\" cannot list resource \"pods\""), "{message}");
    // Rights in one namespace are none elsewhere.
    assert!(matches!(connect(&reader).list(PODS, 10, |_| ()), Ok(Listed::Forbidden { .. })));
    assert_eq!(connect(&reader).id().expect("an answer"), None);

    let viewer = Options { kubeconfig: vec![control.kubeconfig("viewer")], ..jane };
    let error = Cluster::connect(&viewer).expect_err("viewer may not be jane");
    assert!(
        matches!(&error, Error::Refused { status: 403, message } if message.contains("cannot impersonate")),
        "{error}"
    );
}

/// A proxy that counts the tunnels through it.
fn proxy() -> (u16, Arc<AtomicUsize>) {
    fn copy(mut from: TcpStream, mut to: TcpStream) {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a connection");
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|n| n == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head);
            let Some(target) = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
                continue;
            };
            let Ok(server) = TcpStream::connect(target) else { continue };
            counted.fetch_add(1, Ordering::Relaxed);
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("the client listens");
            let (back, forth) =
                (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
            std::thread::spawn(move || copy(forth, server));
            std::thread::spawn(move || copy(back, client));
        }
    });
    (port, count)
}

#[test]
fn the_proxy_of_the_kubeconfig_leads_to_the_server() {
    let control = ControlPlane::start();
    let (port, count) = proxy();
    let proxied = changed(&control, "admin", "proxied", |config| {
        config["clusters"][0]["cluster"]["proxy-url"] = json!(format!("http://127.0.0.1:{port}"));
    });
    assert!(matches!(connect(&options(&proxied)).list(PODS, 10, |_| ()), Ok(Listed::Whole { .. })));
    assert!(count.load(Ordering::Relaxed) > 0);
}

#[test]
fn servers_that_cannot_be_reached_or_trusted_are_named() {
    let control = ControlPlane::start();
    let server = |name: &str, key: &str, value: Value| {
        let path = changed(&control, "admin", name, |config| config["clusters"][0]["cluster"][key] = value);
        Cluster::connect(&options(&path)).expect_err("no connection").to_string()
    };
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let error = server("closed", "server", json!(format!("https://127.0.0.1:{closed}")));
    assert!(error.contains(&format!("127.0.0.1:{closed}")) && error.contains("refused"), "{error}");
    let stranger = ControlPlane::start();
    let error = server("untrusted", "certificate-authority", json!(stranger.directory().join("ca.crt")));
    assert!(error.contains(control.server()) && error.contains("certificate"), "{error}");
}

#[test]
fn lists_come_in_pages_and_are_whole() {
    let control = ControlPlane::start();
    for (namespace, count) in [("few", 7), ("many", 613)] {
        control.admin().create_namespace(namespace, &[]);
        pods(&control, namespace, count);
    }
    let cluster = connect(&options(&control.kubeconfig("admin")));
    let (mut seen, mut pages) = (BTreeSet::new(), Vec::new());
    let listed = cluster.list(PODS, 100, |page| {
        let of_page = names(&page);
        assert_eq!(of_page.len(), page.items);
        pages.push((page.items, page.remaining));
        seen.extend(of_page);
    });
    assert_eq!(listed.expect("an answer"), Listed::Whole { items: 620, consistent: true });
    let expected =
        [(100, 520), (100, 420), (100, 320), (100, 220), (100, 120), (100, 20)].map(|(n, r)| (n, Some(r)));
    assert_eq!(pages[..6], expected);
    assert_eq!(pages[6..], [(20, None)]);
    assert_eq!(seen.len(), 620);
    assert!(seen.contains("many/p612") && seen.contains("few/p6"));

    let few = Collection { namespace: Some("few"), ..PODS };
    let mut pages = 0;
    let listed = cluster.list(few, 7, |_| pages += 1);
    assert_eq!((listed.expect("an answer"), pages), (Listed::Whole { items: 7, consistent: true }, 1));
    let deployments = Collection { api_version: "apps/v1", resource: "deployments", ..PODS };
    let none = Listed::Whole { items: 0, consistent: true };
    assert_eq!(cluster.list(deployments, 7, |_| ()).expect("an answer"), none);
    // What the API server does not have is not what may not be seen.
    for (api_version, resource) in
        [("policy/v1beta1", "podsecuritypolicies"), ("v1", "nothings"), ("x.example/v1", "xs")]
    {
        let collection = Collection { api_version, resource, ..PODS };
        assert_eq!(cluster.list(collection, 7, |_| panic!("a page")).expect("an answer"), Listed::NotServed);
    }
}

#[test]
fn what_may_not_be_listed_is_not_seen_rather_than_empty() {
    let control = ControlPlane::start();
    for namespace in ["own", "other"] {
        control.admin().create_namespace(namespace, &[]);
        pods(&control, namespace, 2);
    }
    allow(
        &control,
        &json!({"kind": "User", "name": "dev", "apiGroup": "rbac.authorization.k8s.io"}),
        Some("own"),
    );
    let cluster = connect(&options(&control.kubeconfig("dev")));
    let own = Collection { namespace: Some("own"), ..PODS };
    wait_until_seen(&cluster, own);
    assert_eq!(
        cluster.list(own, 1, |_| ()).expect("an answer"),
        Listed::Whole { items: 2, consistent: true }
    );
    for collection in
        [PODS, Collection { namespace: Some("other"), ..PODS }, Collection { resource: "secrets", ..own }]
    {
        let listed = cluster.list(collection, 1, |_| panic!("a page")).expect("an answer");
        assert!(
            matches!(listed, Listed::Forbidden { message } if message.contains("User \"dev\" cannot list"))
        );
    }
}

#[test]
fn a_server_that_dies_in_mid_list_leaves_no_whole_list() {
    let mut control = ControlPlane::start();
    control.admin().create_namespace("many", &[]);
    pods(&control, "many", 30);
    let cluster = connect(&options(&control.kubeconfig("admin")));
    let mut pages = 0;
    let error = cluster.list(PODS, 10, |_| {
        pages += 1;
        if pages == 2 {
            control.kill_api_server();
        }
    });
    let error = error.expect_err("no whole list");
    assert!(matches!(&error, Error::Interrupted { items: 20, .. }), "{error}");
    let shown = error.to_string();
    assert!(
        shown.contains("`/api/v1/pods` broke off after 20 items") && shown.contains(control.server()),
        "{shown}"
    );
    assert_eq!(pages, 2);
}

#[test]
fn a_list_that_the_server_forgot_goes_on_and_says_so() {
    // A cache would remember for longer.
    let control = ControlPlane::start_with(&["--etcd-compaction-interval=1s", "--watch-cache=false"]);
    control.admin().create_namespace("many", &[]);
    pods(&control, "many", 30);
    let cluster = connect(&options(&control.kubeconfig("admin")));
    let mut seen = BTreeSet::new();
    let listed = cluster.list(PODS, 10, |page| {
        seen.extend(names(&page));
        if seen.len() == 10 {
            // What was there at the beginning of the list is compacted away.
            for i in 0..5 {
                control.admin().create_namespace(&format!("later{i}"), &[]);
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    });
    assert_eq!(listed.expect("an answer"), Listed::Whole { items: 30, consistent: false });
    assert_eq!(seen.len(), 30);
}
