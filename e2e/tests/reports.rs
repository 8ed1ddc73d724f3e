//! What the webhook keeps of what it is asked: only what the API server asked, which shows a certificate.

use std::path::Path;

use seawall_e2e::webhook::Webhook;
use seawall_e2e::{ControlPlane, SHOWN_TO_WEBHOOKS};
use serde_json::{Value, json};

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
