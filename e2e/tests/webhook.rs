//! The webhook in place of the built-in admission: the same answers, from a real API server.

use seawall_conformance::random_pods::Rng;
use seawall_e2e::webhook::Webhook;
use seawall_e2e::{Client, ControlPlane, Response, pods, verdicts};
use serde_json::{Value, json};

/// What stands in front of a message that comes from the webhook.
const DENIED: &str = "admission webhook \"pods.seawall.dev\" denied the request: ";

/// The same configuration in both: what namespaces without labels ask for, and an exempt user and namespace.
const CONFIGURATION: &str = r"
apiVersion: pod-security.admission.config.k8s.io/v1
kind: PodSecurityConfiguration
defaults: {enforce: baseline, audit: restricted, warn: restricted, warn-version: v1.30}
exemptions: {usernames: [operator], namespaces: [exempt], runtimeClasses: [vm]}
";

/// Labels of namespaces, without their domain.
const NAMESPACES: [(&str, &[(&str, &str)]); 6] = [
    ("plain", &[]),
    ("privileged", &[("enforce", "privileged"), ("warn", "privileged"), ("audit", "privileged")]),
    ("baseline", &[("enforce", "baseline"), ("enforce-version", "v1.24"), ("audit", "baseline")]),
    ("restricted", &[("enforce", "restricted"), ("audit-version", "v1.18")]),
    ("warned", &[("enforce", "privileged"), ("warn", "restricted"), ("audit", "baseline")]),
    ("exempt", &[("enforce", "restricted")]),
];

/// A control plane with the built-in admission, and one with the webhook in its place.
fn both() -> (ControlPlane, ControlPlane, Webhook) {
    let configuration = std::env::temp_dir().join(format!("seawall-e2e-{}.yaml", std::process::id()));
    let indented = CONFIGURATION.replace('\n', "\n    ");
    let embedded = format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- name: PodSecurity\n  configuration:{indented}\n"
    );
    std::fs::write(&configuration, embedded).expect("writable");
    let flag = format!("--admission-control-config-file={}", configuration.display());
    let built_in = ControlPlane::start_with(&[&flag]);
    let asked = ControlPlane::start_with(&["--disable-admission-plugins=PodSecurity"]);
    let _ = std::fs::remove_file(configuration);
    let webhook = Webhook::start(&asked, CONFIGURATION);
    for control in [&built_in, &asked] {
        for (name, labels) in NAMESPACES {
            control.admin().create_namespace(name, labels);
        }
    }
    (built_in, asked, webhook)
}

/// A request that both are to answer in the same way.
enum Asked {
    Post(String, Value),
    Patch(String, Value),
}

impl Asked {
    fn send(&self, client: &Client) -> Response {
        match self {
            Self::Post(path, object) => client.post(path, object),
            Self::Patch(path, patch) => client.patch(path, patch),
        }
        .expect("an answer")
    }
}

/// Status, message and warnings of an answer, without what tells where they come from.
fn told(answer: &Response) -> (u16, String, Vec<String>) {
    let message = answer.message();
    (answer.status, message.strip_prefix(DENIED).unwrap_or(message).to_owned(), answer.warnings.clone())
}

/// The annotations of Pod Security among those of an audit event, by their plain keys.
fn annotations(all: &Value) -> Vec<(String, String)> {
    let plain = |key: &str| {
        let key =
            key.strip_prefix("pod-security.kubernetes.io/").or_else(|| key.strip_prefix("pods.seawall.dev/"));
        key.map(str::to_owned)
    };
    let mut found: Vec<(String, String)> = all
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((plain(key)?, value.as_str()?.to_owned())))
        .collect();
    found.sort();
    found
}

/// Asks both the same, in the same order; how many were refused, warned of and annotated with a violation.
fn assert_same(
    built_in: &ControlPlane,
    asked: &ControlPlane,
    user: Option<&str>,
    requests: &[Asked],
) -> [usize; 3] {
    let client =
        |control: &ControlPlane| user.map_or_else(|| control.admin().clone(), |name| control.user(name));
    let theirs = client(built_in).each(requests, |client, request| request.send(client));
    let ours = client(asked).each(requests, |client, request| request.send(client));
    let (their_events, our_events) = (
        verdicts::audit_annotations(built_in.audit_events()),
        verdicts::audit_annotations(asked.audit_events()),
    );
    let mut counts = [0; 3];
    for ((request, theirs), ours) in requests.iter().zip(&theirs).zip(&ours) {
        let what = match request {
            Asked::Post(path, object) | Asked::Patch(path, object) => format!("{path}: {object}"),
        };
        assert_eq!(told(theirs), told(ours), "{what}");
        let [theirs_said, ours_said] = [(&their_events, theirs), (&our_events, ours)]
            .map(|(events, answer)| annotations(&events[&answer.audit_id]));
        assert_eq!(theirs_said, ours_said, "{what}");
        counts[0] += usize::from(theirs.status == 403);
        counts[1] += usize::from(!theirs.warnings.is_empty());
        counts[2] += usize::from(theirs_said.iter().any(|(key, _)| key == "audit-violations"));
    }
    counts
}

fn pod(name: &str, pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!(name);
    pod["metadata"].as_object_mut().expect("an object").remove("namespace");
    pod
}

/// An object that makes pods of a spec.
fn controller(kind: &str, name: &str, spec: &Value) -> (&'static str, Value) {
    let labels = json!({"app": "a"});
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let selector = json!({"matchLabels": labels});
    let (api, resource, body) = match kind {
        "Deployment" => ("apps/v1", "deployments", json!({"selector": selector, "template": template})),
        "ReplicaSet" => ("apps/v1", "replicasets", json!({"selector": selector, "template": template})),
        "DaemonSet" => ("apps/v1", "daemonsets", json!({"selector": selector, "template": template})),
        "StatefulSet" => (
            "apps/v1",
            "statefulsets",
            json!({"selector": selector, "template": template, "serviceName": "s"}),
        ),
        "ReplicationController" => {
            ("v1", "replicationcontrollers", json!({"selector": labels, "template": template}))
        }
        _ => {
            let mut template = template;
            template["spec"]["restartPolicy"] = json!("Never");
            ("batch/v1", "jobs", json!({"template": template}))
        }
    };
    (resource, json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": body}))
}

#[test]
fn the_webhook_answers_as_the_built_in_admission_does() {
    let (built_in, asked, webhook) = both();
    let mut rng = Rng::new(8);
    let mut all = pods::fixtures();
    all.extend(pods::random(150, 8));
    let namespaces = NAMESPACES.map(|(name, _)| name);
    let kinds = ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController", "Job"];
    let mut requests = Vec::new();
    for (i, object) in all.iter().enumerate() {
        let namespace = namespaces[i % namespaces.len()];
        let path = |api: &str, resource: &str| {
            let root = if api == "v1" { "/api" } else { "/apis" };
            format!("{root}/{api}/namespaces/{namespace}/{resource}?dryRun=All")
        };
        requests.push(Asked::Post(path("v1", "pods"), pod(&format!("p{i}"), object)));
        let kind = kinds[rng.below(kinds.len())];
        let (resource, object) = controller(kind, &format!("c{i}"), &object["spec"]);
        let api = object["apiVersion"].as_str().expect("set").to_owned();
        requests.push(Asked::Post(path(&api, resource), object));
    }
    let counts = assert_same(&built_in, &asked, None, &requests);
    println!("{} requests: {counts:?} refused, warned of, annotated", requests.len());
    assert!(counts.iter().all(|count| *count > requests.len() / 12), "{counts:?}");
    let (status, metrics) = webhook.get("/metrics").expect("an answer");
    assert!(
        status == 200
            && metrics.contains("pod_security_evaluations_total{decision=\"deny\",mode=\"enforce\""),
        "{metrics}"
    );
}

/// Pods that stay, some of which violate something.
fn stored(control: &ControlPlane) {
    let spec = |more: &Value| {
        let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
        spec.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        spec
    };
    for (name, more) in [
        ("fine", json!({})),
        ("network", json!({"hostNetwork": true})),
        ("other-network", json!({"hostNetwork": true})),
        ("pid", json!({"hostPID": true})),
    ] {
        for namespace in ["privileged", "warned"] {
            let pod = pod(name, &json!({"metadata": {}, "spec": spec(&more)}));
            let path = format!("/api/v1/namespaces/{namespace}/pods");
            assert_eq!(control.admin().post(&path, &pod).expect("an answer").status, 201);
        }
    }
}

#[test]
fn changes_of_labels_and_pods_are_answered_alike_too() {
    let (built_in, asked, webhook) = both();
    stored(&built_in);
    stored(&asked);
    let labelled = |namespace: &str, labels: &Value| {
        let labels: serde_json::Map<String, Value> = labels
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (format!("pod-security.kubernetes.io/{key}"), value.clone()))
            .collect();
        let path = format!("/api/v1/namespaces/{namespace}?dryRun=All");
        Asked::Patch(path, json!({"metadata": {"labels": labels}}))
    };
    let mut requests = Vec::new();
    for (name, _) in NAMESPACES {
        for labels in [
            json!({"enforce": "restricted"}),
            json!({"enforce": "baseline", "enforce-version": "v1.20"}),
            json!({"enforce": null}),
            json!({"enforce": "Restricted", "warn-version": "1.2"}),
            json!({"enforce": "privileged", "audit": "none"}),
            json!({"warn": "restricted", "audit": "baseline"}),
        ] {
            requests.push(labelled(name, &labels));
        }
    }
    let spec = json!({"containers": [{"name": "c", "image": "other"}]});
    for namespace in ["privileged", "warned"] {
        for name in ["fine", "network", "pid"] {
            let path = |part: &str| format!("/api/v1/namespaces/{namespace}/pods/{name}{part}?dryRun=All");
            requests.push(Asked::Patch(path(""), json!({"metadata": {"labels": {"a": "b"}}})));
            requests.push(Asked::Patch(path(""), json!({"spec": spec})));
            let debugger = json!([{"name": "d", "image": "i", "securityContext": {"privileged": true}}]);
            requests.push(Asked::Patch(
                path("/ephemeralcontainers"),
                json!({"spec": {"ephemeralContainers": debugger}}),
            ));
        }
    }
    let create = |name: &str, labels: &Value| {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        Asked::Post("/api/v1/namespaces?dryRun=All".to_owned(), namespace)
    };
    requests.push(create("new", &json!({"pod-security.kubernetes.io/enforce": "baseline"})));
    requests.push(create(
        "wrong",
        &json!({"pod-security.kubernetes.io/audit": "bad", "pod-security.kubernetes.io/warn": ""}),
    ));
    requests.push(create("exempt", &json!({"pod-security.kubernetes.io/enforce": "baseline"})));
    let [_, warned, _] = assert_same(&built_in, &asked, None, &requests);
    assert!(warned > 10, "{warned}");

    // A user who is exempt, by a role that lets both do the same.
    for control in [&built_in, &asked] {
        let root = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        let role =
            json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"});
        for name in ["operator", "someone"] {
            let subject = json!({"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"});
            let binding = json!({"kind": "ClusterRoleBinding", "metadata": {"name": name}, "subjects": [subject], "roleRef": role});
            assert_eq!(control.admin().post(root, &binding).expect("an answer").status, 201);
            let path = "/api/v1/namespaces/restricted/pods?dryRun=All";
            let good = pod(
                "p",
                &json!({"metadata": {}, "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}]}}),
            );
            // RBAC follows what is written.
            let user = control.user(name);
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while user.post(path, &good).expect("an answer").message().contains("cannot create resource") {
                assert!(std::time::Instant::now() < deadline, "no rights");
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
    }
    let bare = |name: &str| {
        let spec = json!({"hostPID": true, "containers": [{"name": "c", "image": "i"}]});
        Asked::Post(
            "/api/v1/namespaces/restricted/pods?dryRun=All".to_owned(),
            pod(name, &json!({"metadata": {}, "spec": spec})),
        )
    };
    assert_eq!(assert_same(&built_in, &asked, Some("operator"), &[bare("a")])[0], 0);
    assert_eq!(assert_same(&built_in, &asked, Some("someone"), &[bare("b")])[0], 1);
    assert_eq!(webhook.terminate(), Some(0));
}

/// The webhook takes another configuration while it runs, keeps the old one where the new one is none, stays right without the
/// API server, and ends when it is told to.
#[test]
fn it_follows_its_files_and_the_cluster() {
    let mut control = ControlPlane::start_with(&["--disable-admission-plugins=PodSecurity"]);
    let mut webhook = Webhook::start(&control, "");
    control.admin().create_namespace("shop", &[]);
    let admin = control.admin().clone();
    let pod = pod(
        "p",
        &json!({"metadata": {}, "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}]}}),
    );
    let status =
        move || admin.post("/api/v1/namespaces/shop/pods?dryRun=All", &pod).expect("an answer").status;
    assert_eq!(status(), 201);
    let written = |webhook: &Webhook, defaults: &str| {
        let text = format!(
            "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\ndefaults: {defaults}\n"
        );
        std::fs::write(webhook.config(), text).expect("writable");
    };
    written(&webhook, "{enforce: baseline}");
    webhook.wait("by the new configuration", |_| status() == 403);
    written(&webhook, "{enforce: bad}");
    webhook.wait("told of the mistake", |webhook| {
        webhook.log().contains("configuration error: enforce: must be one of")
    });
    assert_eq!(status(), 403, "the old one holds");
    // Labels reach it by the watch.
    let labels = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}});
    assert_eq!(control.admin().patch("/api/v1/namespaces/shop", &labels).expect("an answer").status, 200);
    webhook.wait("by the new labels", |_| status() == 201);

    let review = |namespace: &str| {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "u", "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"}, "operation": "CREATE", "namespace": namespace,
            "name": "p", "userInfo": {"username": "u"},
            "object": {"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": true, "containers": [{"name": "c"}]}}}})
    };
    let ask = |webhook: &Webhook, namespace: &str| {
        webhook.post("/validate", &review(namespace)).body["response"].clone()
    };
    assert_eq!(ask(&webhook, "shop")["allowed"], true);
    assert_eq!(ask(&webhook, "default")["status"]["code"], 403);
    assert_eq!(ask(&webhook, "nowhere")["status"]["code"], 500);
    control.kill_api_server();
    // What is known stays known; what is not is no reason to let anything pass.
    assert_eq!(ask(&webhook, "shop")["allowed"], true);
    assert_eq!(ask(&webhook, "default")["status"]["code"], 403);
    assert_eq!(ask(&webhook, "nowhere")["status"]["code"], 500);
    assert_eq!(webhook.get("/readyz").map(|(status, _)| status), Some(200));
    assert_eq!(webhook.terminate(), Some(0));
}
