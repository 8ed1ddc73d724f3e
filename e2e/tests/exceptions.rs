//! Exceptions in the webhook: who gains by them, and who does not, whatever they write into their objects. There is no controller
//! manager: the tests are its controllers.

use std::cell::Cell;

use seawall_e2e::live::{create, define_exceptions};
use seawall_e2e::webhook::Webhook;
use seawall_e2e::{Client, ControlPlane, Response, verdicts};
use serde_json::{Value, json};

const EXCEPTIONS: &str = "/apis/seawall.dev/v1alpha1/namespaces/shop/podsecurityexceptions";
const POLICIES: &str = "/apis/seawall.dev/v1alpha1/podsecurityexceptionpolicies";
const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/shop/replicasets";
const PODS: &str = "/api/v1/namespaces/shop/pods";

/// An exception for the Deployment `web`, and what more of its specification.
fn exception(name: &str, more: &Value) -> Value {
    let mut spec = json!({
        "workloads": [{"kind": "Deployment", "name": "web"}],
        "rules": [{"rule": "added-capability", "containers": ["init"], "values": ["NET_ADMIN"]}],
        "reason": "the mesh redirects traffic",
    });
    spec.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    json!({
        "apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityException",
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec,
    })
}

fn policy() -> Value {
    json!({
        "apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityExceptionPolicy", "metadata": {"name": "mesh"},
        "spec": {"namespaces": ["sh*"], "rules": [{"rule": "added-capability", "values": ["NET_*"]}]},
    })
}

/// The specification of pods that need the exception.
fn needy(image: &str) -> Value {
    json!({
        "initContainers": [{"name": "init", "image": image, "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}],
        "containers": [{"name": "web", "image": image}],
    })
}

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": needy(image)})
}

fn reference(api_version: &str, owner: &Value) -> Value {
    json!([{"apiVersion": api_version, "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true}])
}

/// A `ReplicaSet`, of a Deployment if it says so.
fn replica_set(name: &str, image: &str, owners: &Value) -> Value {
    let mut template = template(image);
    template["metadata"]["labels"]["pod-template-hash"] = json!(name);
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": name, "ownerReferences": owners},
        "spec": {"selector": {"matchLabels": {"pod-template-hash": name}}, "template": template},
    })
}

fn pod(name: &str, image: &str, owners: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web"}, "ownerReferences": owners}, "spec": needy(image),
    })
}

fn account(name: &str) -> String {
    format!("system:serviceaccount:kube-system:{name}")
}

/// A user who may do everything. Whoever says who they are in their certificate is that.
fn mighty(control: &ControlPlane, name: &str) -> Client {
    create(
        control,
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        &json!({"kind": "ClusterRoleBinding", "metadata": {"name": name.replace(':', "-")},
            "subjects": [{"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}}),
    );
    control.user(name)
}

/// A control plane with the webhook in place of the built-in admission, and the namespace `shop`, which is to be baseline.
fn start() -> (ControlPlane, Webhook) {
    start_with(&["--disable-admission-plugins=PodSecurity"])
}

/// The same with these flags of the API server.
fn start_with(flags: &[&str]) -> (ControlPlane, Webhook) {
    let control = ControlPlane::start_with(flags);
    define_exceptions(&control);
    let webhook = Webhook::start(&control, "");
    let labels = json!({"seawall.dev/enforce": "baseline"});
    create(
        &control,
        "/api/v1/namespaces",
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}),
    );
    (control, webhook)
}

/// Waits until so many exceptions are in some state.
fn until(webhook: &mut Webhook, state: &str, count: usize) {
    let line = format!("seawall_exceptions{{state=\"{state}\"}} {count}\n");
    webhook
        .wait(&line, |webhook| webhook.get("/metrics").is_some_and(|(_, metrics)| metrics.contains(&line)));
}

fn admitted(answer: &Response) -> bool {
    let refused =
        answer.message().contains("violates PodSecurity \"baseline:latest\": non-default capabilities");
    assert!(answer.status == 201 || (answer.status == 403 && refused), "{}", answer.text);
    answer.status == 201
}

#[test]
fn only_what_the_controllers_made_gains() {
    let (control, mut webhook) = start();
    let controller = mighty(&control, &account("replicaset-controller"));
    let deployer = mighty(&control, &account("deployment-controller"));
    let jane = mighty(&control, "jane");
    let deployment = create(
        &control,
        "/apis/apps/v1/namespaces/shop/deployments",
        &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template("web:1")}}),
    );
    let by = |client: &Client, path: &str, object: &Value| {
        let answer = client.post(path, object).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.body
    };
    let of_deployment = reference("apps/v1", &deployment);
    let genuine = by(&deployer, REPLICA_SETS, &replica_set("web-1", "web:1", &of_deployment));
    let of_genuine = reference("apps/v1", &genuine);
    let names = Cell::new(0);
    let ask = |client: &Client, image: &str, owners: &Value| {
        names.set(names.get() + 1);
        let pod = pod(&format!("web-1-{}", names.get()), image, owners);
        client.post(&format!("{PODS}?dryRun=All"), &pod).expect("an answer")
    };
    assert!(!admitted(&ask(&controller, "web:1", &of_genuine)), "there is no exception yet");
    create(&control, EXCEPTIONS, &exception("mesh", &json!({})));
    until(&mut webhook, "not_allowed", 1);
    assert!(!admitted(&ask(&controller, "web:1", &of_genuine)), "no policy allows it yet");
    create(&control, POLICIES, &policy());
    until(&mut webhook, "holding", 1);

    // Asked live first, and by what the watch told then.
    for _ in 0..2 {
        let answer = ask(&controller, "web:1", &of_genuine);
        assert!(admitted(&answer));
        let annotations = &verdicts::audit_annotations(control.audit_events())[&answer.audit_id];
        assert_eq!(annotations["pods.seawall.dev/exceptions"], "shop/mesh", "{annotations}");
        webhook.wait("followed", |webhook| webhook.log().contains("\"resource\":\"replicasets\""));
    }
    // Whoever is believed may have had something injected on the way.
    assert!(admitted(&ask(&controller, "injected:1", &of_genuine)));

    // Who asks is nobody's controller, whatever is written.
    assert!(!admitted(&ask(&jane, "web:1", &of_genuine)));
    assert!(!admitted(&ask(&jane, "web:1", &Value::Null)));
    assert!(!admitted(&ask(&deployer, "web:1", &of_genuine)));
    assert!(!admitted(&ask(control.admin(), "web:1", &of_deployment)));
    // The controller asks for a pod of somebody else, or of nobody.
    assert!(!admitted(&ask(&controller, "web:1", &Value::Null)));
    assert!(!admitted(&ask(&controller, "web:1", &of_deployment)));
    let mut other = of_genuine.clone();
    other[0]["uid"] = json!("11111111-1111-1111-1111-111111111111");
    assert!(!admitted(&ask(&controller, "web:1", &other)));
    other = of_genuine.clone();
    other[0]["controller"] = json!(false);
    assert!(!admitted(&ask(&controller, "web:1", &other)));
    // Somebody makes a ReplicaSet that says it is the Deployment's, or goes by its name.
    for (name, owners) in [("web-2", &of_deployment), ("web-3", &Value::Null), ("web", &Value::Null)] {
        let forged = by(&jane, REPLICA_SETS, &replica_set(name, "evil:1", owners));
        assert!(!admitted(&ask(&controller, "evil:1", &reference("apps/v1", &forged))), "{name}");
    }
    // The same name in another namespace.
    create(
        &control,
        "/api/v1/namespaces",
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bank", "labels": {"seawall.dev/enforce": "baseline"}}}),
    );
    webhook.wait("the other namespace", |_| {
        let bare = pod("web", "web:1", &Value::Null);
        jane.post("/api/v1/namespaces/bank/pods?dryRun=All", &bare).expect("an answer").status == 403
    });
    let answer = controller
        .post("/api/v1/namespaces/bank/pods?dryRun=All", &pod("web-1-x", "web:1", &of_genuine))
        .expect("an answer");
    assert!(!admitted(&answer));

    // A pod that was let in is not changed into another one.
    let stored = by(&controller, PODS, &pod("web-1-stored", "web:1", &of_genuine));
    let path = format!("{PODS}/{}", stored["metadata"]["name"].as_str().expect("a name"));
    let patch = json!({"spec": {"containers": [{"name": "web", "image": "evil:1"}]}});
    assert_eq!(jane.patch(&path, &patch).expect("an answer").status, 403);

    // Without its policy the exception is none.
    assert_eq!(control.admin().delete(&format!("{POLICIES}/mesh")).expect("an answer").status, 200);
    until(&mut webhook, "not_allowed", 1);
    assert!(!admitted(&ask(&controller, "web:1", &of_genuine)));
}

#[test]
fn exceptions_end_and_say_so() {
    let (control, mut webhook) = start();
    create(&control, POLICIES, &policy());
    let bare = |name: &str, more: &Value| {
        let mut all = json!({"workloads": [{"kind": "Pod", "name": name}]});
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        create(&control, EXCEPTIONS, &exception(name, &all));
    };
    bare("ended", &json!({"expires": "2020-01-31"}));
    bare("warns", &json!({"expires": "2020-01-31", "onExpiry": "warn", "owner": "team-mesh"}));
    bare("holds", &json!({"expires": "2999-01-31"}));
    until(&mut webhook, "ended", 2);
    until(&mut webhook, "holding", 1);
    let ask = |name: &str| {
        let pod = pod(name, "web:1", &Value::Null);
        control.admin().post(&format!("{PODS}?dryRun=All"), &pod).expect("an answer")
    };
    assert!(!admitted(&ask("ended")));
    assert!(!admitted(&ask("other")));
    let (warned, held) = (ask("warns"), ask("holds"));
    assert!(admitted(&warned) && admitted(&held));
    assert_eq!(
        warned.warnings,
        [
            "PodSecurityException \"shop/warns\" ended with 2020-01-31 and lets this pass for now: renew it or mend the workload, ask team-mesh"
        ]
    );
    assert!(held.warnings.is_empty(), "{:?}", held.warnings);
    let (_, metrics) = webhook.get("/metrics").expect("an answer");
    let line = r#"seawall_exception_expiry_timestamp_seconds{name="holds",namespace="shop"} 32474822400"#;
    assert!(metrics.lines().any(|known| known == line), "{metrics}");
    // What cannot be read is none, and is told.
    let broken =
        exception("holds", &json!({"workloads": [{"kind": "Pod"}], "rules": [{"rule": "added-capabilty"}]}));
    let patch = json!({"spec": broken["spec"]});
    let path = format!("{EXCEPTIONS}/holds");
    assert_eq!(control.admin().patch(&path, &patch).expect("an answer").status, 200);
    until(&mut webhook, "holding", 0);
    assert!(!admitted(&ask("holds")));
    assert!(webhook.log().contains("did you mean `added-capability`?"), "{}", webhook.log());
}

/// Beside the built-in admission: the leader keeps what that enforces at the floor, which goes on to hold when nobody asks the
/// webhook any more.
#[test]
fn the_floor_follows_the_exceptions_and_holds() {
    let (control, mut webhook) = start_with(&[]);
    let admin = control.admin().clone();
    let enforced = || {
        let labels =
            admin.get("/api/v1/namespaces/shop").expect("an answer").body["metadata"]["labels"].clone();
        let text = |key: &str| labels[key].as_str().unwrap_or("none").to_owned();
        format!(
            "{}:{}",
            text("pod-security.kubernetes.io/enforce"),
            text("pod-security.kubernetes.io/enforce-version")
        )
    };
    let goal = |level: &str, version: &str| {
        let labels = json!({"seawall.dev/enforce": level, "seawall.dev/enforce-version": version});
        let patch = json!({"metadata": {"labels": labels}});
        assert_eq!(admin.patch("/api/v1/namespaces/shop", &patch).expect("an answer").status, 200);
    };
    webhook.wait("at the goal", |_| enforced() == "baseline:latest");
    goal("restricted", "v1.30");
    webhook.wait("at the new goal", |_| enforced() == "restricted:v1.30");

    let root = json!({
        "workloads": [{"kind": "Pod", "name": "root"}],
        "rules": [{"rule": "run-as-non-root"}],
        "expires": "2999-01-31",
    });
    create(&control, EXCEPTIONS, &exception("root", &root));
    let mut allowed = policy();
    allowed["spec"]["rules"] = json!([{"rule": "run-as-non-root"}, {"rule": "added-capability"}]);
    create(&control, POLICIES, &allowed);
    webhook.wait("below the exception", |_| enforced() == "baseline:v1.30");
    let ask = |name: &str, more: &Value| {
        let mut spec = json!({
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "c", "image": "i",
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
        });
        spec.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec});
        let answer = admin.post(&format!("{PODS}?dryRun=All"), &pod).expect("an answer");
        (answer.status, answer.message().to_owned())
    };
    assert_eq!(ask("root", &json!({})).0, 201);
    let (status, message) = ask("other", &json!({}));
    let by_webhook = "admission webhook \"pods.seawall.dev\" denied the request: pods \"other\" is forbidden: violates PodSecurity \"restricted:v1.30\"";
    assert!(status == 403 && message.starts_with(by_webhook), "{message}");
    let (status, message) = ask("root", &json!({"hostPID": true}));
    assert!(
        status == 403 && message.contains("violates PodSecurity \"baseline:v1.30\": host namespaces"),
        "{message}"
    );
    // Somebody takes the floor away.
    let patch = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}});
    assert_eq!(admin.patch("/api/v1/namespaces/shop", &patch).expect("an answer").status, 200);
    webhook.wait("mended", |_| enforced() == "baseline:v1.30");

    // An exception from what baseline forbids takes away even that, and gives it back when it is gone.
    create(&control, EXCEPTIONS, &exception("mesh", &json!({})));
    webhook.wait("without a floor", |_| enforced() == "privileged:v1.30");
    assert_eq!(admin.delete(&format!("{EXCEPTIONS}/mesh")).expect("an answer").status, 200);
    webhook.wait("with a floor again", |_| enforced() == "baseline:v1.30");

    // Nobody asks the webhook any more.
    let registration = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/seawall";
    assert_eq!(admin.delete(registration).expect("an answer").status, 200);
    webhook.wait("alone", |_| ask("other", &json!({})).0 == 201);
    let (status, message) = ask("other", &json!({"hostPID": true}));
    assert!(
        status == 403
            && message.starts_with("pods \"other\" is forbidden: violates PodSecurity \"baseline:v1.30\""),
        "{message}"
    );
    assert_eq!(webhook.terminate(), Some(0));
}

/// What ends within two weeks is told by an event on the exception, once a day.
#[test]
fn ends_are_announced() {
    let (control, mut webhook) = start();
    create(&control, POLICIES, &policy());
    let day = |from_now: u64| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
        seawall_finding::Date::from_days(i32::try_from(since.as_secs() / 86_400 + from_now).expect("a day"))
            .to_string()
    };
    create(&control, EXCEPTIONS, &exception("soon", &json!({"expires": day(13), "owner": "team-mesh"})));
    create(&control, EXCEPTIONS, &exception("later", &json!({"expires": day(16)})));
    until(&mut webhook, "ends_soon", 1);
    let events = || {
        let list = control.admin().get("/api/v1/namespaces/shop/events").expect("an answer").body;
        list["items"].as_array().cloned().unwrap_or_default()
    };
    webhook.wait("announced", |_| !events().is_empty());
    let [event] = &events()[..] else { panic!("{:?}", events()) };
    assert_eq!((&event["reason"], &event["type"]), (&json!("ExceptionEnds"), &json!("Warning")), "{event}");
    assert_eq!(event["involvedObject"]["name"], "soon");
    let soon = control.admin().get(&format!("{EXCEPTIONS}/soon")).expect("an answer").body;
    assert_eq!(event["involvedObject"]["uid"], soon["metadata"]["uid"]);
    let message = event["message"].as_str().expect("a message");
    assert!(message.starts_with("ends with ") && message.ends_with(", ask team-mesh"), "{message}");
}
