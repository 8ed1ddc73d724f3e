//! Break-glass: nothing is refused while it holds, all is as before when it ends, and everybody is told.

use std::time::{Duration, Instant};

use seawall_e2e::live::{create, define_exceptions};
use seawall_e2e::webhook::Webhook;
use seawall_e2e::{ControlPlane, Response, verdicts};
use serde_json::{Value, json};

const GLASSES: &str = "/apis/seawall.dev/v1alpha1/podsecuritybreakglasses";
const CONFIGURATION: &str = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n---\napiVersion: seawall.dev/v1alpha1\nkind: WebhookSettings\nrefuseControllers: true\n";

fn glass(name: &str, namespaces: &[&str], duration: &str) -> Value {
    json!({
        "apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityBreakGlass", "metadata": {"name": name},
        "spec": {"namespaces": namespaces, "duration": duration, "reason": "the shop is down"},
    })
}

/// Makes a namespace with a label.
fn namespace(control: &ControlPlane, name: &str, label: &str, level: &str) {
    let metadata = json!({"name": name, "labels": {label: level}});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    create(control, "/api/v1/namespaces", &namespace);
}

/// Asks for a pod that baseline forbids.
fn violating(control: &ControlPlane, namespace: &str, name: &str, query: &str) -> Response {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}]}});
    control.admin().post(&format!("/api/v1/namespaces/{namespace}/pods{query}"), &pod).expect("an answer")
}

fn dry(control: &ControlPlane, namespace: &str) -> Response {
    violating(control, namespace, "p", "?dryRun=All")
}

/// What the API server itself enforces in a namespace.
fn enforced(control: &ControlPlane, namespace: &str) -> String {
    let found = control.admin().get(&format!("/api/v1/namespaces/{namespace}")).expect("an answer").body;
    let level = &found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
    level.as_str().unwrap_or("none").to_owned()
}

/// The reasons of the events of a namespace on objects of a kind and name, in order.
fn reasons(control: &ControlPlane, namespace: &str, kind: &str, name: &str) -> Vec<String> {
    let list =
        control.admin().get(&format!("/api/v1/namespaces/{namespace}/events")).expect("an answer").body;
    let of =
        |event: &&Value| event["involvedObject"]["kind"] == kind && event["involvedObject"]["name"] == name;
    let events = list["items"].as_array().expect("events").iter().filter(of);
    let mut all: Vec<String> = events
        .map(|event| {
            assert_eq!(event["type"], "Warning", "{event}");
            event["reason"].as_str().expect("a reason").to_owned()
        })
        .collect();
    all.sort();
    all
}

fn metrics(webhook: &Webhook) -> String {
    webhook.get("/metrics").map(|(_, text)| text).unwrap_or_default()
}

/// The time for which one holds in which much is asked.
const WHILE: Duration = Duration::from_secs(30);
/// The API server leaves the fraction of a second out when it says when something was made.
const ALMOST: Duration = Duration::from_secs(28);

#[test]
fn nothing_is_refused_while_it_holds() {
    let control = ControlPlane::start();
    define_exceptions(&control);
    let mut webhook = Webhook::start(&control, CONFIGURATION);
    namespace(&control, "shop", "seawall.dev/enforce", "baseline");
    namespace(&control, "bank", "pod-security.kubernetes.io/enforce", "baseline");
    namespace(&control, "else", "seawall.dev/enforce", "baseline");
    for with_goal in ["shop", "else"] {
        webhook.wait("at the goal", |_| enforced(&control, with_goal) == "baseline");
        assert_eq!(dry(&control, with_goal).status, 403);
    }

    let began = Instant::now();
    let made =
        create(&control, GLASSES, &glass("outage", &["sho*", "bank"], &format!("{}s", WHILE.as_secs())));
    webhook.wait("without a floor", |_| enforced(&control, "shop") == "privileged");
    let answer = violating(&control, "shop", "needed", "");
    assert_eq!(answer.status, 201, "{}", answer.text);
    let [warning] = &answer.warnings[..] else { panic!("{:?}", answer.warnings) };
    assert!(
        warning.starts_with("PodSecurityBreakGlass \"outage\" lets this pass until 20")
            && warning.contains(
                ": pods \"needed\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces"
            ),
        "{warning}"
    );
    let annotations = &verdicts::audit_annotations(control.audit_events())[&answer.audit_id];
    assert_eq!(annotations["pods.seawall.dev/break-glass"], "outage", "{annotations}");
    let why = annotations["pods.seawall.dev/would-refuse"].as_str().expect("a reason");
    assert!(why.starts_with("pods \"needed\" is forbidden: violates"), "{why}");
    // What makes pods, and what comes of nothing.
    let template = json!({"metadata": {"labels": {"a": "b"}},
        "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}]}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}});
    let deploy = |namespace: &str| {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments?dryRun=All");
        control.admin().post(&path, &deployment).expect("an answer").status
    };
    assert_eq!((deploy("shop"), deploy("else")), (201, 403));
    // Others, and what the API server refuses by itself.
    assert_eq!((dry(&control, "else").status, dry(&control, "bank").status), (403, 403));
    assert_eq!((&*enforced(&control, "else"), &*enforced(&control, "bank")), ("baseline", "baseline"));
    let counted = "seawall_break_glass_admitted_total 1\n";
    let active = "seawall_break_glass_active{name=\"outage\"} 1\n";
    let told = metrics(&webhook);
    assert!(told.contains(active) && told.contains(counted), "{told}");
    assert!(told.contains("decision=\"deny\",mode=\"enforce\",policy_level=\"baseline\""), "{told}");
    assert!(webhook.log().contains("break-glass lets pass what would be refused"), "{}", webhook.log());
    assert!(began.elapsed() < WHILE, "this machine is too slow: {:?}", began.elapsed());
    let on_object = |control: &ControlPlane| reasons(control, "default", "PodSecurityBreakGlass", "outage");
    webhook.wait("announced", |_| on_object(&control) == ["BreakGlassBegins"]);
    webhook.wait("told there", |_| reasons(&control, "shop", "Namespace", "shop") == ["BreakGlassBegins"]);
    let events = control.admin().get("/api/v1/namespaces/default/events").expect("an answer").text;
    assert!(
        events.contains(made["metadata"]["uid"].as_str().expect("a UID"))
            && events.contains("the shop is down"),
        "{events}"
    );
    assert!(reasons(&control, "else", "Namespace", "else").is_empty());

    // Its end comes by itself.
    std::thread::sleep(ALMOST.saturating_sub(began.elapsed()));
    webhook.wait("refused again", |_| dry(&control, "shop").status == 403);
    assert!(began.elapsed() > ALMOST, "it ended after {:?}", began.elapsed());
    webhook.wait("with a floor again", |_| enforced(&control, "shop") == "baseline");
    assert_eq!(deploy("shop"), 403);
    assert!(!metrics(&webhook).contains("seawall_break_glass_active{"), "{}", metrics(&webhook));
    webhook.wait("told", |_| on_object(&control) == ["BreakGlassBegins", "BreakGlassEnds"]);
    let both = ["BreakGlassBegins", "BreakGlassEnds"];
    webhook.wait("told there", |_| reasons(&control, "shop", "Namespace", "shop") == both);
    for line in ["break-glass begins: nothing is refused in these namespaces", "break-glass ends\""] {
        assert!(webhook.log().contains(line), "no {line}: {}", webhook.log());
    }

    // One that is deleted ends at once.
    create(&control, GLASSES, &glass("again", &["shop"], "4h"));
    webhook.wait("without a floor", |_| enforced(&control, "shop") == "privileged");
    assert_eq!(dry(&control, "shop").status, 201);
    assert_eq!(control.admin().delete(&format!("{GLASSES}/again")).expect("an answer").status, 200);
    webhook.wait("refused again", |_| dry(&control, "shop").status == 403);
    webhook.wait("with a floor again", |_| enforced(&control, "shop") == "baseline");
    let again = |control: &ControlPlane| reasons(control, "default", "PodSecurityBreakGlass", "again");
    webhook.wait("told", |_| again(&control) == both);
    assert!(webhook.log().contains("break-glass ends, as it was deleted"), "{}", webhook.log());
}

/// Whoever leads when it has ended raises what the one before has lowered.
#[test]
fn another_leader_ends_it() {
    let control = ControlPlane::start();
    define_exceptions(&control);
    let mut webhook = Webhook::start(&control, "");
    namespace(&control, "shop", "seawall.dev/enforce", "baseline");
    webhook.wait("at the goal", |_| enforced(&control, "shop") == "baseline");
    create(&control, GLASSES, &glass("outage", &["*"], "8s"));
    let began = Instant::now();
    webhook.wait("without a floor", |_| enforced(&control, "shop") == "privileged");
    assert_eq!(webhook.terminate(), Some(0));
    std::thread::sleep(Duration::from_secs(8).saturating_sub(began.elapsed()));
    assert_eq!(enforced(&control, "shop"), "privileged", "nobody is there to raise it");
    for made in [
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/seawall",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/seawall",
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/seawall",
    ] {
        assert_eq!(control.admin().delete(made).expect("an answer").status, 200, "{made}");
    }
    let mut webhook = Webhook::start(&control, "");
    webhook.wait("with a floor again", |_| enforced(&control, "shop") == "baseline");
    assert_eq!(dry(&control, "shop").status, 403);
    webhook.wait("told", |_| {
        reasons(&control, "default", "PodSecurityBreakGlass", "outage")
            == ["BreakGlassBegins", "BreakGlassEnds"]
    });
}

/// The definition refuses what nobody should make, and any change of what was made.
#[test]
fn it_is_bounded_and_stays_as_it_is() {
    let control = ControlPlane::start();
    define_exceptions(&control);
    let good = glass("a", &["shop", "pay-*"], "4h");
    let ask = |object: &Value| {
        let path = format!("{GLASSES}?dryRun=All&fieldValidation=Strict");
        control.admin().post(&path, object).expect("an answer")
    };
    let with = |field: &str, value: Value| {
        let mut object = good.clone();
        let spec = object["spec"].as_object_mut().expect("an object");
        if value.is_null() {
            spec.remove(field)
        } else {
            spec.insert(field.to_owned(), value)
        };
        object
    };
    for duration in ["4h", "3h59m60s", "1h30m", "0.5h", "240m", "1s"] {
        let answer = ask(&with("duration", json!(duration)));
        assert_eq!(answer.status, 201, "{duration}: {}", answer.text);
    }
    let bounds = "`duration` must be above zero and 4h at most, such as 1h30m";
    for (field, value, said) in [
        ("duration", json!("5h"), bounds),
        ("duration", json!("4h1s"), bounds),
        ("duration", json!("0s"), bounds),
        ("duration", json!("-1h"), bounds),
        ("duration", json!("1"), bounds),
        ("duration", json!("1 hour"), bounds),
        ("duration", json!(""), bounds),
        ("duration", Value::Null, "spec.duration: Required value"),
        ("reason", Value::Null, "spec.reason: Required value"),
        ("reason", json!(" "), "a break-glass needs a `reason`"),
        ("namespaces", Value::Null, "spec.namespaces: Required value"),
        ("namespaces", json!([]), "a break-glass must name its `namespaces`"),
        ("namespaces", json!([""]), "spec.namespaces[0]"),
        ("until", json!("tomorrow"), "unknown field \"spec.until\""),
    ] {
        let answer = ask(&with(field, value.clone()));
        assert!(
            [400, 422].contains(&answer.status) && answer.message().contains(said),
            "{field} {value}: {}",
            answer.text
        );
    }
    create(&control, GLASSES, &good);
    let change = |patch: Value| control.admin().patch(&format!("{GLASSES}/a"), &patch).expect("an answer");
    for spec in [json!({"duration": "3h"}), json!({"namespaces": ["*"]}), json!({"reason": "another"})] {
        let answer = change(json!({"spec": spec}));
        let said = "a break-glass stays as it is, so that nobody prolongs it";
        assert!(answer.status == 422 && answer.message().contains(said), "{spec}: {}", answer.text);
    }
    // Nobody says when it was made.
    let made = control.admin().get(&format!("{GLASSES}/a")).expect("an answer").body;
    let later =
        change(json!({"metadata": {"creationTimestamp": "2099-01-01T00:00:00Z", "labels": {"a": "b"}}}));
    assert_eq!(later.status, 200, "{}", later.text);
    assert_eq!(later.body["metadata"]["creationTimestamp"], made["metadata"]["creationTimestamp"]);
}
