//! The mutating webhook (`seawall install --mutate`), asked by a real API server: what pods and namespaces leave out.

use seawall_e2e::install::{apply, path, printed, wait};
use seawall_e2e::live::create;
use seawall_e2e::webhook::Webhook;
use seawall_e2e::{ControlPlane, Response, verdicts};
use serde_json::{Value, json};

const SETTINGS: &str = "apiVersion: seawall.dev/v1alpha1
kind: WebhookSettings
namespaceDefaults:
- {names: [team-*], enforce: baseline, enforceVersion: v1.30, warn: restricted}
";

/// Registers the webhook as it is printed, at its own address.
fn register(control: &ControlPlane, webhook: &Webhook) {
    let documents = printed(&["--mutate"]);
    let is_it = |document: &&String| document.contains("kind: MutatingWebhookConfiguration\n");
    let document = documents.iter().find(is_it).expect("it is printed");
    apply(control, std::slice::from_ref(document));
    let at = path(document);
    let mut webhooks = control.admin().get(&at).expect("an answer").body["webhooks"].clone();
    for entry in webhooks.as_array_mut().expect("webhooks") {
        let url = format!("{}/mutate", webhook.server());
        entry["clientConfig"] = json!({"url": url, "caBundle": control.authority_as_base64()});
    }
    let answer = control.admin().patch(&at, &json!({"webhooks": webhooks})).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn namespace(control: &ControlPlane, name: &str, labels: &Value) -> Value {
    let object =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    create(control, "/api/v1/namespaces", &object)
}

/// The levels that a namespace asks for.
fn levels(namespace: &Value) -> String {
    let labels = namespace["metadata"]["labels"].as_object().into_iter().flatten();
    let of = |(key, value): (&String, &Value)| {
        let key = key.strip_prefix("pod-security.kubernetes.io/")?;
        Some(format!("{key}={}", value.as_str()?))
    };
    labels.filter_map(of).collect::<Vec<_>>().join(" ")
}

/// All that restricted asks for but what runs the same with it.
fn spec() -> Value {
    let context = json!({"allowPrivilegeEscalation": false});
    json!({
        "securityContext": {"runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [{"name": "i", "image": "i", "securityContext": context}],
        "containers": [
            {"name": "a", "image": "i", "securityContext": context},
            {"name": "b", "image": "i", "securityContext": {"allowPrivilegeEscalation": false, "runAsUser": 7,
                "capabilities": {"add": ["NET_BIND_SERVICE"]}}},
        ],
    })
}

fn pod(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
}

/// The security contexts of a pod's containers, init containers first.
fn contexts(pod: &Value) -> Vec<Value> {
    let lists = ["initContainers", "containers"].into_iter();
    let all = lists.flat_map(|list| pod["spec"][list].as_array().cloned().unwrap_or_default());
    all.map(|container| container["securityContext"].clone()).collect()
}

#[test]
fn what_is_left_out_is_set_where_that_is_wanted() {
    let control = ControlPlane::start();
    let mut webhook = Webhook::start(&control, SETTINGS);
    register(&control, &webhook);
    let restricted = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let mut wanted = restricted.clone();
    wanted["seawall.dev/mutate"] = json!("enabled");
    namespace(&control, "mended", &wanted);
    namespace(&control, "plain", &restricted);
    let admin = control.admin();
    let post = |namespace: &str, name: &str, spec: &Value, query: &str| -> Response {
        admin
            .post(&format!("/api/v1/namespaces/{namespace}/pods{query}"), &pod(name, spec))
            .expect("an answer")
    };
    wait("asked", || post("mended", "first", &spec(), "?dryRun=All").status == 201);

    // Of two that are the same one is mended and passes the built-in admission, the other does not.
    let answer = post("plain", "good", &spec(), "");
    assert!(answer.status == 403 && answer.message().contains("runAsNonRoot != true"), "{}", answer.text);
    assert_eq!(answer.warnings, [""; 0]);
    let mended = post("mended", "good", &spec(), "");
    assert_eq!(mended.status, 201, "{}", mended.text);
    let dropped = json!({"drop": ["ALL"]});
    assert_eq!(
        contexts(&mended.body),
        [
            json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": dropped}),
            json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": dropped}),
            json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 7,
                "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}),
        ]
    );
    let said = "for PodSecurity \"restricted:latest\": securityContext.capabilities.drop=[\"ALL\"] (containers \"i\", \"a\", \"b\"), securityContext.runAsNonRoot=true (containers \"i\", \"a\", \"b\")";
    assert_eq!(mended.warnings, [format!("set {said}")]);
    let events = verdicts::audit_annotations(control.audit_events());
    assert_eq!(events[&mended.audit_id]["set-pods.seawall.dev/set"], said);
    // What restricted asks for beyond that may break a pod.
    for namespace in ["mended", "plain"] {
        let bare = post(namespace, "bare", &json!({"containers": [{"name": "a", "image": "i"}]}), "");
        assert!(bare.status == 403 && bare.warnings.is_empty(), "{}", bare.text);
    }
    // One that has all of it stays as it is.
    let whole = json!({"securityContext": mended.body["spec"]["securityContext"], "initContainers": mended.body["spec"]["initContainers"],
        "containers": mended.body["spec"]["containers"]});
    let again = post("mended", "again", &whole, "?dryRun=All");
    assert_eq!((again.status, &again.warnings[..]), (201, &[][..]), "{}", again.text);
    assert_eq!(contexts(&again.body), contexts(&mended.body));

    // What makes pods stays as it is, and so do pods that are there.
    let labels = json!({"app": "a"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec()}}});
    let made = create(&control, "/apis/apps/v1/namespaces/mended/deployments", &deployment);
    assert_eq!(contexts(&made["spec"]["template"]), contexts(&pod("d", &spec())));
    let at = "/api/v1/namespaces/mended/pods/good";
    let debugger = json!([{"name": "d", "image": "i", "securityContext": {"runAsUser": 7, "allowPrivilegeEscalation": false}}]);
    let patch = json!({"spec": {"ephemeralContainers": debugger}});
    let answer = admin.patch(&format!("{at}/ephemeralcontainers"), &patch).expect("an answer");
    assert!(answer.status == 403 && answer.message().contains("\"d\" must set"), "{}", answer.text);
    let mut containers = mended.body["spec"]["containers"].clone();
    containers[0]["image"] = json!("j");
    let answer = admin.patch(at, &json!({"spec": {"containers": containers}})).expect("an answer");
    assert_eq!((answer.status, &answer.warnings[..]), (200, &[][..]), "{}", answer.text);

    // Where nothing is refused nothing is changed.
    std::fs::write(webhook.config(), format!("{SETTINGS}reportOnly: true\n")).expect("writable");
    webhook.wait("reporting", |_| {
        let answer = post("mended", "other", &spec(), "?dryRun=All");
        answer.status == 403 && answer.warnings == [format!("this would be set {said}")]
    });
    std::fs::write(webhook.config(), SETTINGS).expect("writable");
    webhook.wait("setting again", |_| post("mended", "other", &spec(), "?dryRun=All").status == 201);
    // The validating webhook of this test fails closed.
    let registration = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/seawall";
    assert_eq!(admin.delete(registration).expect("an answer").status, 200);
    assert_eq!(webhook.terminate(), Some(0));
    assert_eq!(post("mended", "whole", &whole, "").status, 201, "nobody is kept from anything");
}

#[test]
fn new_namespaces_have_their_default_levels() {
    let control = ControlPlane::start();
    let webhook = Webhook::start(&control, SETTINGS);
    register(&control, &webhook);
    let admin = control.admin();
    let ask = |metadata: &Value, query: &str| {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        let answer = admin.post(&format!("/api/v1/namespaces{query}"), &object).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer
    };
    let defaults = "enforce=baseline enforce-version=v1.30 warn=restricted";
    wait("asked", || levels(&ask(&json!({"name": "team-a"}), "?dryRun=All").body) == defaults);
    let answer = ask(&json!({"name": "team-a", "labels": {"team": "a"}}), "");
    assert_eq!(
        (levels(&answer.body), &answer.body["metadata"]["labels"]["team"]),
        (defaults.to_owned(), &json!("a"))
    );
    let said = "as the default of new namespaces: pod-security.kubernetes.io/enforce=baseline, pod-security.kubernetes.io/enforce-version=v1.30, pod-security.kubernetes.io/warn=restricted";
    assert_eq!(answer.warnings, [format!("set {said}")]);
    let events = verdicts::audit_annotations(control.audit_events());
    assert_eq!(events[&answer.audit_id]["set-namespaces.seawall.dev/set"], said);
    // It counts at once.
    let bad = pod("p", &json!({"hostPID": true, "containers": [{"name": "a", "image": "i"}]}));
    let answer = admin.post("/api/v1/namespaces/team-a/pods", &bad).expect("an answer");
    assert!(answer.message().contains("violates PodSecurity \"baseline:v1.30\""), "{}", answer.text);

    let key = |key: &str| format!("pod-security.kubernetes.io/{key}");
    for (metadata, expected) in [
        (json!({"generateName": "team-"}), defaults),
        (
            json!({"name": "team-b", "labels": {key("warn"): "baseline"}}),
            "enforce=baseline enforce-version=v1.30 warn=baseline",
        ),
        (json!({"name": "team-c", "labels": {key("enforce"): "privileged"}}), "enforce=privileged"),
        (json!({"name": "team-d", "labels": {"seawall.dev/enforce": "restricted"}}), ""),
        (json!({"name": "shop"}), ""),
        (json!({"name": "kube-team"}), ""),
    ] {
        assert_eq!(levels(&ask(&metadata, "").body), expected, "{metadata}");
    }
    // It was a default, and may be taken away.
    let patch = json!({"metadata": {"labels": {key("enforce"): null, key("enforce-version"): null, key("warn"): null}}});
    let answer = admin.patch("/api/v1/namespaces/team-a", &patch).expect("an answer");
    assert_eq!((answer.status, levels(&answer.body)), (200, String::new()), "{}", answer.text);
}
