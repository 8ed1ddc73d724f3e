//! What the webhook keeps of what it is asked: only what the API server asked, which shows a certificate.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_conformance::module_at;
use seawall_e2e::live::{create, owned_by};
use seawall_e2e::webhook::Webhook;
use seawall_e2e::{Client, ControlPlane, SHOWN_TO_WEBHOOKS};
use serde_json::{Value, json};

/// The project's own definitions.
const OPENREPORTS: &str = "github.com/openreports/reports-api@v0.2.1";

/// The longest that a report may take: it is written every 30 seconds at most.
const PATIENCE: Duration = Duration::from_secs(90);

/// The built-in admission would refuse before the webhook is asked.
const ALONE: &str = "--disable-admission-plugins=PodSecurity";

const CONFIGURATION: &str = "
apiVersion: pod-security.admission.config.k8s.io/v1
kind: PodSecurityConfiguration
defaults: {enforce: baseline, audit: restricted}
";

/// A pod that baseline forbids.
fn pod(name: &str) -> Value {
    let spec = json!({"hostPID": true, "containers": [{"name": "c", "image": "i"}]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
}

/// What an API server would ask about it.
fn review(namespace: &str) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "operation": "CREATE", "namespace": namespace,
        "name": "forged", "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"}, "object": pod("forged")}})
}

/// A metric with its labels.
fn metric(webhook: &Webhook, name: &str) -> Option<u64> {
    let (_, text) = webhook.get("/metrics")?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn only_the_api_server_is_believed() {
    let control = ControlPlane::start_showing_itself(&[ALONE]);
    control.admin().create_namespace("shop", &[]);
    let authorities = control.directory().join("authorities.crt");
    std::fs::copy(control.authority(), &authorities).expect("copied");
    let flags = ["--client-ca-file", path(&authorities), "--client-name", SHOWN_TO_WEBHOOKS];
    let mut webhook = Webhook::start_with(&control, CONFIGURATION, &flags);
    let violations = "seawall_namespace_violations_total{mode=\"enforce\",namespace=\"shop\"}";
    let denied = "pod_security_evaluations_total{decision=\"deny\",mode=\"enforce\",policy_level=\"baseline\",policy_version=\"latest\",request_operation=\"create\",resource=\"pod\",subresource=\"\"}";
    let asked_by = |webhook: &Webhook, client: &str| {
        metric(webhook, &format!("seawall_reviews_total{{client=\"{client}\"}}"))
    };

    // Another client of the same authority, and one that shows nothing, are answered as ever.
    assert_eq!(webhook.post("/validate", &review("shop")).body["response"]["status"]["code"], 403);
    let mut wire = webhook.trust().http1().expect("a connection");
    wire.ask(review("shop").to_string().as_bytes()).expect("sent");
    let answer = wire.answer().expect("an answer").expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(metric(&webhook, denied), Some(2));
    assert_eq!([asked_by(&webhook, "unverified"), asked_by(&webhook, "anonymous")], [Some(1), Some(1)]);
    assert_eq!(metric(&webhook, violations), None, "nothing of that is kept");
    assert!(
        webhook.log().contains("does not verify") && webhook.log().contains("`anyone`"),
        "{}",
        webhook.log()
    );

    let ask = || {
        let answer = control.admin().post("/api/v1/namespaces/shop/pods", &pod("p")).expect("an answer");
        assert_eq!(answer.status, 403, "{}", answer.text);
    };
    ask();
    assert_eq!([metric(&webhook, violations), asked_by(&webhook, "verified")], [Some(1), Some(1)]);

    // Another authority takes its place, on connections that there are too: the API server is answered all the same.
    let other = control.certificate("other").0;
    std::fs::copy(other, &authorities).expect("copied");
    webhook.wait("told of the authority", |webhook| webhook.log().contains("authorities of clients"));
    ask();
    assert_eq!([metric(&webhook, violations), asked_by(&webhook, "unverified")], [Some(1), Some(2)]);
    // What is none leaves the last one.
    std::fs::write(&authorities, "").expect("writable");
    webhook.wait("told of the mistake", |webhook| webhook.log().contains("no `BEGIN CERTIFICATE`"));
    std::fs::copy(control.authority(), &authorities).expect("copied");
    webhook.wait("told of the authority", |webhook| {
        webhook.log().matches("authorities of clients").count() == 3
    });
    ask();
    assert_eq!([metric(&webhook, violations), asked_by(&webhook, "verified")], [Some(2), Some(2)]);
    assert_eq!(webhook.terminate(), Some(0));
}

/// Makes the API server know reports.
fn define_reports(control: &ControlPlane) {
    let path = module_at(OPENREPORTS).join("config/crd/openreports.io_reports.yaml");
    let definition = std::fs::read_to_string(path).expect("the definition");
    let definition = definition.trim_start_matches("---\n");
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/reports.openreports.io";
    let answer = control.admin().apply(path, definition).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
}

const REPORT: &str = "/apis/openreports.io/v1alpha1/namespaces/shop/reports/seawall";

/// The report of the namespace; null if there is none.
fn report(control: &ControlPlane) -> Value {
    let answer = control.admin().get(REPORT).expect("an answer");
    if answer.status == 200 { answer.body } else { Value::Null }
}

/// Waits until the report of the namespace is as it should be.
fn until(control: &ControlPlane, webhook: &Webhook, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let report = report(control);
        if is_so(&report) {
            return report;
        }
        assert!(Instant::now() < deadline, "not {what}: {report}\n{}", webhook.log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The results of a report: kind, name, rule, result, modes and count.
fn results(report: &Value) -> BTreeSet<String> {
    let all = report["results"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|result| {
        let (subject, properties) = (&result["resources"][0], &result["properties"]);
        let parts = [
            &subject["kind"],
            &subject["name"],
            &result["rule"],
            &result["result"],
            &properties["modes"],
            &properties["count"],
        ];
        parts.map(text).join(" ")
    })
    .collect()
}

/// The events of violations in the namespace: on what, and what they say.
fn events(control: &ControlPlane) -> Vec<(String, String)> {
    let answer = control.admin().get("/api/v1/namespaces/shop/events").expect("an answer");
    let all = answer.body["items"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ours =
        all.iter().filter(|event| event["reason"] == "PodSecurityViolation" && event["type"] == "Warning");
    let mut events: Vec<(String, String)> = ours
        .map(|event| {
            let on = &event["involvedObject"];
            (
                format!("{} {} {}", text(&on["kind"]), text(&on["name"]), text(&on["uid"])),
                text(&event["message"]),
            )
        })
        .collect();
    events.sort();
    events
}

/// As the controller of such objects.
fn controller(control: &ControlPlane) -> Client {
    control.user("system:serviceaccount:kube-system:replicaset-controller")
}

#[test]
fn what_is_violated_is_reported_and_told_of() {
    let control = ControlPlane::start_showing_itself(&[ALONE]);
    control.admin().create_namespace("shop", &[]);
    let authority = control.authority();
    let flags =
        ["--client-ca-file", path(&authority), "--client-name", SHOWN_TO_WEBHOOKS, "--reports", "--events"];
    let mut webhook = Webhook::start_with(&control, CONFIGURATION, &flags);
    webhook.wait("told of the definition", |webhook| {
        webhook.log().contains("https://github.com/openreports/reports-api")
    });

    let labels = json!({"app": "a"});
    let spec = json!({"containers": [{"name": "c", "image": "i"}]});
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let set = create(
        &control,
        "/apis/apps/v1/namespaces/shop/replicasets",
        &json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": labels}, "template": template}}),
    );
    let pods = "/api/v1/namespaces/shop/pods";
    let mut made = pod("web-1");
    made["metadata"]["ownerReferences"] = owned_by(&set);
    let refused = |client: &Client, path: &str, pod: &Value| {
        let answer = client.post(path, pod).expect("an answer");
        assert_eq!(answer.status, 403, "{}", answer.text);
        assert!(answer.message().contains("violates PodSecurity"), "{}", answer.text);
    };
    for _ in 0..2 {
        refused(control.admin(), pods, &pod("bare"));
        refused(&controller(&control), pods, &made);
    }
    // What is only tried, and what nobody but the API server could have asked, are kept nowhere.
    refused(control.admin(), &format!("{pods}?dryRun=All"), &pod("dry"));
    assert_eq!(webhook.post("/validate", &review("shop")).body["response"]["status"]["code"], 403);
    // Whoever writes an owner is not believed.
    let mut claimed = made.clone();
    claimed["metadata"]["name"] = json!("claimed");
    refused(control.admin(), pods, &claimed);
    define_reports(&control);

    let first = until(&control, &webhook, "a report", |report| {
        results(report).iter().any(|line| line.starts_with("Pod claimed"))
    });
    let all = results(&first);
    for workload in ["Pod bare", "ReplicaSet web", "Pod claimed"] {
        let count = if workload == "Pod claimed" { 1 } else { 2 };
        assert!(
            all.contains(&format!("{workload} host-pid fail enforce,audit {count}")),
            "{workload}: {all:?}"
        );
    }
    // Its template violated as much before its pods did.
    assert!(all.contains("ReplicaSet web run-as-non-root warn audit 3"), "{all:?}");
    assert!(!all.iter().any(|line| line.contains("dry") || line.contains("forged")), "{all:?}");
    let is_of_set =
        |result: &&Value| result["resources"][0]["kind"] == "ReplicaSet" && result["rule"] == "host-pid";
    let of_set = first["results"].as_array().expect("results").iter().find(is_of_set).expect("one").clone();
    assert_eq!(of_set["resources"][0]["uid"], set["metadata"]["uid"]);
    assert_eq!(of_set["message"], "host namespaces (hostPID=true)");
    assert_eq!(
        [&of_set["policy"], &of_set["category"]],
        ["baseline:latest", "Pod Security Standards (Baseline)"]
    );
    assert_eq!(of_set["properties"]["refused"], "true");
    assert_eq!(first["source"], "seawall");
    let fails = all.iter().filter(|line| line.contains(" fail ")).count();
    assert_eq!(
        [&first["summary"]["fail"], &first["summary"]["warn"]],
        [&json!(fails), &json!(all.len() - fails)]
    );

    let uid = set["metadata"]["uid"].as_str().expect("a UID");
    let on = |events: &[(String, String)]| events.iter().map(|(on, _)| on.clone()).collect::<Vec<_>>();
    webhook.wait("told of by events", |_| events(&control).len() == 3);
    let told = events(&control);
    assert_eq!(on(&told), ["Namespace shop ", "Namespace shop ", &format!("ReplicaSet web {uid}")]);
    let refused = "a pod of it is refused: violates PodSecurity \"baseline:latest\": host namespaces (hostPID=true); it would violate PodSecurity \"restricted:latest\": ";
    assert!(told[2].1.starts_with(refused), "{told:?}");
    assert!(told[0].1.starts_with("pod bare is refused: "), "{told:?}");

    // Another replica wrote too: one result now, one long ago.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut written = report(&control);
    for (name, at) in [("other", now), ("ancient", now - 8 * 86_400)] {
        let mut result = of_set.clone();
        result["resources"][0]["name"] = json!(name);
        result["timestamp"]["seconds"] = json!(at);
        written["results"].as_array_mut().expect("results").push(result);
    }
    let yaml = json!({"apiVersion": "openreports.io/v1alpha1", "kind": "Report", "metadata": {"name": "seawall"}, "results": written["results"]});
    assert_eq!(control.admin().apply(REPORT, &yaml.to_string()).expect("an answer").status, 200);
    // Pods of the set pass: nothing of it stays, and everything of the others.
    let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged", "pod-security.kubernetes.io/audit": "privileged"}}});
    assert_eq!(control.admin().patch("/api/v1/namespaces/shop", &labels).expect("an answer").status, 200);
    webhook.wait("by the new labels", |_| {
        controller(&control).post(pods, &made).expect("an answer").status == 201
    });
    let last = until(&control, &webhook, "without what passes", |report| {
        !results(report).iter().any(|line| line.starts_with("ReplicaSet web"))
    });
    let all = results(&last);
    assert!(all.contains("ReplicaSet other host-pid fail enforce,audit 2"), "{all:?}");
    assert!(all.contains("Pod bare host-pid fail enforce,audit 2"), "{all:?}");
    assert!(!all.iter().any(|line| line.contains("ancient")), "{all:?}");
    assert_eq!(events(&control).len(), 3, "one a day for each workload");
    assert_eq!(webhook.terminate(), Some(0));
}

#[test]
fn answers_are_traced_where_a_collector_is_named() {
    let control = ControlPlane::start_with(&[ALONE]);
    control.admin().create_namespace("shop", &[]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let webhook = Webhook::start_in(&control, CONFIGURATION, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    let answer = control.admin().post("/api/v1/namespaces/shop/pods", &pod("p")).expect("an answer");
    assert_eq!(answer.status, 403, "{}", answer.text);
    // Batches come until the span is among them.
    let spans = |body: &Value| {
        body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned().unwrap_or_default()
    };
    listener.set_nonblocking(true).expect("a socket");
    let deadline = Instant::now() + PATIENCE;
    let posts = std::iter::from_fn(|| {
        while Instant::now() < deadline {
            if let Ok((stream, _)) = listener.accept() {
                return Some(stream);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    });
    let of_pod = posts.into_iter().find_map(|stream| {
        stream.set_nonblocking(false).expect("a socket");
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).expect("a head") > 0, "{head}");
        }
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        reader.read_exact(&mut body).expect("a body");
        write!(reader.get_mut(), "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}")
            .expect("sent");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        spans(&body).into_iter().find(|span| span["name"] == "review pods")
    });
    let span = of_pod.expect("a span");
    let attributes = span["attributes"].as_array().expect("attributes");
    for expected in [
        json!({"key": "seawall.operation", "value": {"stringValue": "CREATE"}}),
        json!({"key": "seawall.allowed", "value": {"boolValue": false}}),
        json!({"key": "k8s.namespace.name", "value": {"stringValue": "shop"}}),
    ] {
        assert!(attributes.contains(&expected), "{span}");
    }
    drop(listener);
    assert_eq!(webhook.terminate(), Some(0), "a collector that is away holds nothing up");
}
