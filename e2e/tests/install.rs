//! What `seawall install` prints, in front of a real API server.

use std::process::Command;

use seawall_e2e::install::{apply, path, printed, wait};
use seawall_e2e::scan::seawall;
use seawall_e2e::webhook::Webhook;
use seawall_e2e::{Client, ControlPlane, Response, live};
use serde_json::{Value, json};

/// What it can be asked for.
const PROVIDERS: [&[&str]; 6] = [
    &["--provider", "eks"],
    &["--provider", "gke"],
    &["--provider", "aks"],
    &["--provider", "openshift"],
    &["--provider", "generic"],
    // Last, as its pods are not what the namespace of the others takes, and who installs without the guard takes the account's right
    // to lower labels away.
    &["--host-network", "--guard-labels", "--mutate"],
];

/// Where the webhook's account is.
const ACCOUNT: &str = "system:serviceaccount:seawall:seawall";

fn exception(spec: &Value) -> Value {
    json!({"apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityException", "metadata": {"name": "a"}, "spec": spec})
}

fn policy(spec: &Value) -> Value {
    json!({"apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityExceptionPolicy", "metadata": {"name": "a"}, "spec": spec})
}

/// A spec with some fields put in the place of others; null takes one away.
fn with(spec: &Value, fields: Value) -> Value {
    let mut spec = spec.clone();
    let Value::Object(fields) = fields else { panic!("an object") };
    for (name, value) in fields {
        let map = spec.as_object_mut().expect("an object");
        if value.is_null() {
            map.remove(&name)
        } else {
            map.insert(name, value)
        };
    }
    spec
}

/// Whether `seawall scan` takes an object.
fn is_read(control: &ControlPlane, object: &Value) -> bool {
    let file = control.directory().join("object.json");
    std::fs::write(&file, object.to_string()).expect("writable");
    let scan = Command::new(seawall())
        .args(["scan", "--profile", "pss"])
        .arg(file)
        .output()
        .expect("seawall starts");
    scan.status.success()
}

/// Every manifest is taken as it is, the pods pass in their namespace, and rights are enough and no more.
#[test]
fn clusters_of_all_providers_take_it() {
    let control = ControlPlane::start();
    let admin = control.admin();
    let authority = control.authority();
    let authority = authority.to_str().expect("UTF-8");
    let keeping = ["--client-ca-file", authority, "--client-name", "system:a,b", "--reports", "--events"];
    for (i, provider) in std::iter::once(&keeping[..]).chain(PROVIDERS).enumerate() {
        let documents = printed(provider);
        // Without the registration: nobody answers here.
        let (registration, rest) = documents.split_last().expect("documents");
        apply(&control, rest);
        let dry = format!("{}?dryRun=All", path(registration));
        let answer = admin.apply(&dry, registration).expect("an answer");
        assert!([200, 201].contains(&answer.status), "{}", answer.text);

        let deployment =
            admin.get("/apis/apps/v1/namespaces/seawall/deployments/seawall").expect("an answer").body;
        let name = format!("a{i}");
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": deployment["spec"]["template"]["spec"]});
        let answer = admin.post("/api/v1/namespaces/seawall/pods", &pod).expect("an answer");
        assert_eq!((answer.status, &answer.warnings[..]), (201, &[][..]), "{provider:?}: {}", answer.text);
    }
    exceptions(&control);
    rights(&control);
    guarding(&control);
    what_goes_with_it(&control);
}

/// `seawall uninstall` as a user; its exit status and what it prints.
fn uninstall(control: &ControlPlane, user: &str) -> (Option<i32>, String, String) {
    let kubeconfig = control.kubeconfig(user);
    let output = Command::new(seawall()).args(["uninstall", "--kubeconfig"]).arg(kubeconfig).output();
    let output = output.expect("seawall starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Namespaces lose what the webhook holds beyond their labels.
fn what_goes_with_it(control: &ControlPlane) {
    let (status, said, errors) = uninstall(control, "admin");
    assert_eq!((status, &*errors), (Some(0), ""), "{said}");
    assert!(said.starts_with("0 of 6 namespaces lose protection without the webhook\n"), "{said}");
    assert!(!said.contains("not seen"), "{said}");

    let labels =
        json!({"seawall.dev/enforce": "restricted", "pod-security.kubernetes.io/enforce": "baseline"});
    for namespace in ["shop", "seawall", "kube-system"] {
        let at = format!("/api/v1/namespaces/{namespace}");
        let answer = control.admin().patch(&at, &json!({"metadata": {"labels": labels}}));
        assert_eq!(answer.expect("an answer").status, 200);
    }
    let (status, said, _) = uninstall(control, "admin");
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.starts_with(
            "1 of 6 namespaces loses protection without the webhook\n  shop  restricted -> baseline\n\n"
        ),
        "{said}"
    );

    let config = control.directory().join("podsecurity.yaml");
    let text = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\ndefaults: {enforce: baseline}\n";
    std::fs::write(&config, text).expect("writable");
    let documents = printed(&["--config", config.to_str().expect("UTF-8")]);
    let is_config = |document: &&String| document.lines().any(|line| line == "kind: ConfigMap");
    apply(control, &documents.iter().filter(is_config).cloned().collect::<Vec<_>>());
    let (status, said, _) = uninstall(control, "admin");
    assert_eq!(status, Some(1), "{said}");
    // Neither its own namespace nor those that it is not asked about.
    let wanted = "3 of 6 namespaces lose protection without the webhook
  default      baseline -> privileged  (default of its configuration)
  kube-public  baseline -> privileged  (default of its configuration)
  shop         restricted -> baseline

";
    assert!(said.starts_with(wanted), "{said}");

    // Who may not see the configuration is told so; who may see nothing gets no answer.
    let (status, said, _) = uninstall(control, ACCOUNT);
    assert!(
        status == Some(1) && said.contains("1 of 6") && said.contains("not seen: the configuration"),
        "{said}"
    );
    let (status, said, errors) = uninstall(control, "nobody");
    assert!(status == Some(2) && said.is_empty(), "{said}");
    assert!(
        errors.contains("namespaces could not be read")
            && errors.contains("kubectl auth can-i list namespaces --kubeconfig"),
        "{errors}"
    );
}

/// Definitions refuse what `seawall` does not take, with its words.
fn exceptions(control: &ControlPlane) {
    let admin = control.admin();
    admin.create_namespace("shop", &[]);
    let good = json!({"workloads": [{"kind": "Deployment", "name": "web-*", "labels": {"app": "web"}}],
        "rules": [{"rule": "added-capability", "containers": ["istio-init"], "values": ["NET_ADMIN"]}], "reason": "the mesh"});
    let in_shop = "/apis/seawall.dev/v1alpha1/namespaces/shop/podsecurityexceptions";
    let cluster = "/apis/seawall.dev/v1alpha1/podsecurityexceptionpolicies";
    let ask = |path: &str, object: &Value| {
        admin.post(&format!("{path}?dryRun=All&fieldValidation=Strict"), object).expect("an answer")
    };
    wait("served", || {
        ask(in_shop, &exception(&good)).status == 201 && admin.get(cluster).expect("an answer").status == 200
    });
    for fields in [
        json!({}),
        json!({"owner": "team", "expires": "2027-02-28", "onExpiry": "warn"}),
        json!({"expires": "2028-02-29", "onExpiry": "refuse"}),
        json!({"expires": "2000-02-29"}),
        json!({"expires": "9999-12-31"}),
        json!({"workloads": [{"kind": "Pod"}, {"kind": "Job", "name": ""}]}),
    ] {
        let object = exception(&with(&good, fields));
        let answer = ask(in_shop, &object);
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert!(is_read(control, &object), "{object}");
    }
    let date = "`expires` must be a date such as 2027-03-31";
    for (fields, said) in [
        (json!({"reason": " \n"}), "an exception needs a `reason`"),
        (json!({"reason": null}), "spec.reason: Required value"),
        (json!({"workloads": []}), "an exception must name its `workloads`"),
        (json!({"workloads": null}), "spec.workloads: Required value"),
        (json!({"workloads": [{"name": "web"}]}), "spec.workloads[0].kind: Required value"),
        (json!({"workloads": [{"kind": "Pod", "labels": {"a": 1}}]}), "spec.workloads[0].labels.a"),
        (json!({"workloads": [{"kind": "Pod", "image": "a"}]}), "unknown field \"spec.workloads[0].image\""),
        (json!({"rules": []}), "an exception must name its `rules`"),
        (json!({"rules": [{"values": ["a"]}]}), "spec.rules[0].rule: Required value"),
        (json!({"rules": [{"rule": ""}]}), "spec.rules[0].rule"),
        (json!({"expires": "soon"}), date),
        (json!({"expires": "2027-02-29"}), date),
        (json!({"expires": "2100-02-29"}), date),
        (json!({"expires": "2027-04-31"}), date),
        (json!({"expires": "0000-01-01"}), date),
        (json!({"expires": "2027-1-1"}), date),
        (json!({"expires": "2027-01-01T00:00:00Z"}), date),
        (json!({"onExpiry": "never"}), "supported values: \"refuse\", \"warn\""),
        (json!({"owner": 7}), "spec.owner"),
        (json!({"until": "2027-01-01"}), "unknown field \"spec.until\""),
    ] {
        let object = exception(&with(&good, fields));
        let answer = ask(in_shop, &object);
        assert!(
            [400, 422].contains(&answer.status) && answer.message().contains(said),
            "{object}: {}",
            answer.text
        );
        assert!(!is_read(control, &object), "{object}");
    }
    let good =
        json!({"namespaces": ["shop-*"], "rules": [{"rule": "host-port", "values": ["80*"]}], "maxDays": 90});
    for (fields, said) in [
        (json!({}), None),
        (json!({"maxDays": null}), None),
        (json!({"namespaces": []}), Some("a policy must name its `namespaces`")),
        (json!({"rules": []}), Some("a policy must name its `rules`")),
        (
            json!({"rules": [{"rule": "host-port", "containers": ["a"]}]}),
            Some("unknown field \"spec.rules[0].containers\""),
        ),
        (json!({"maxDays": -1}), Some("spec.maxDays")),
        (json!({"maxDays": 4_294_967_296_u64}), Some("spec.maxDays")),
        (json!({"maxDays": "90"}), Some("spec.maxDays")),
    ] {
        let object = policy(&with(&good, fields));
        let answer = ask(cluster, &object);
        assert_eq!(answer.status == 201, said.is_none(), "{object}: {}", answer.text);
        assert!(answer.message().contains(said.unwrap_or_default()), "{object}: {}", answer.text);
        // A policy that names nothing is taken for one that allows nothing.
        assert_eq!(
            is_read(control, &object),
            said.is_none_or(|said| said.starts_with("a policy")),
            "{object}"
        );
    }
}

/// The account of the webhook may do what it has to, and no more.
fn rights(control: &ControlPlane) {
    let account = control.user(ACCOUNT);
    let get = |path: &str| account.get(path).expect("an answer").status;
    wait("allowed", || get("/api/v1/namespaces?limit=1") == 200);
    for allowed in [
        "/api/v1/pods?limit=1",
        "/api/v1/replicationcontrollers?limit=1",
        "/apis/apps/v1/replicasets?limit=1",
        "/apis/batch/v1/cronjobs?limit=1",
        "/apis/seawall.dev/v1alpha1/podsecurityexceptions?limit=1",
        "/apis/seawall.dev/v1alpha1/podsecurityexceptionpolicies?limit=1",
        "/apis/seawall.dev/v1alpha1/podsecuritybreakglasses?limit=1",
        "/apis/coordination.k8s.io/v1/namespaces/seawall/leases",
    ] {
        assert_eq!(get(allowed), 200, "{allowed}");
    }
    for refused in [
        "/api/v1/secrets?limit=1",
        "/api/v1/namespaces/seawall/secrets?limit=1",
        "/api/v1/namespaces/seawall/configmaps",
        "/apis/coordination.k8s.io/v1/namespaces/shop/leases",
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    ] {
        assert_eq!(get(refused), 403, "{refused}");
    }
    // Nor may it suspend what it enforces.
    let glass = json!({"apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityBreakGlass", "metadata": {"name": "a"},
        "spec": {"namespaces": ["shop"], "duration": "1h", "reason": "none"}});
    let glasses = "/apis/seawall.dev/v1alpha1/podsecuritybreakglasses";
    assert_eq!(account.post(glasses, &glass).expect("an answer").status, 403);
    on_call(control, glasses, &glass);
    let event = json!({"metadata": {"name": "a"}, "involvedObject": {"namespace": "shop"}, "reason": "A", "type": "Normal"});
    let events = "/api/v1/namespaces/shop/events?dryRun=All";
    assert_eq!(account.post(events, &event).expect("an answer").status, 201);
    assert_eq!(get(events), 403);
    // It is not there: who may change it is told so.
    let registration = |name: &str| {
        let at = format!("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{name}");
        account.patch(&at, &json!({})).expect("an answer").status
    };
    assert_eq!((registration("seawall"), registration("other")), (404, 403));
    let mutating = |name: &str| {
        let at = format!("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}");
        account.patch(&at, &json!({})).expect("an answer").status
    };
    assert_eq!((mutating("seawall"), mutating("other")), (200, 403));
    let change = |metadata: Value| {
        account.patch("/api/v1/namespaces/shop", &json!({"metadata": metadata})).expect("an answer")
    };
    let foreign = || change(json!({"labels": {"team": "a"}}));
    wait("guarded", || foreign().status == 422);
    let (labels, rest) = ("the webhook changes no label of a namespace but the level", "the webhook changes");
    for (metadata, said) in [
        (json!({"labels": {"seawall.dev/enforce": "privileged"}}), labels),
        (json!({"labels": {"pod-security.kubernetes.io/warn": "privileged"}}), labels),
        (json!({"annotations": {"a": "b"}}), rest),
        (
            json!({"ownerReferences": [{"apiVersion": "v1", "kind": "Namespace", "name": "default", "uid": "a"}]}),
            rest,
        ),
    ] {
        let answer = change(metadata.clone());
        assert!(answer.status == 422 && answer.message().contains(said), "{metadata}: {}", answer.text);
    }
    let answer = change(json!({"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}));
    let said = "the webhook changes what is enforced only where a goal is named";
    assert!(answer.status == 422 && answer.message().contains(said), "{}", answer.text);
    let goal = json!({"metadata": {"labels": {"seawall.dev/enforce": "restricted"}}});
    let patched = control.admin().patch("/api/v1/namespaces/shop", &goal).expect("an answer");
    assert_eq!(patched.status, 200, "{}", patched.text);
    for level in [json!("restricted"), json!("baseline"), Value::Null] {
        let answer = change(json!({"labels": {"pod-security.kubernetes.io/enforce": level}}));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    // Who else may change namespaces is not kept from it.
    let labels = json!({"metadata": {"labels": {"team": "a", "seawall.dev/enforce": null}}});
    let patched = control.admin().patch("/api/v1/namespaces/shop", &labels).expect("an answer");
    assert_eq!(patched.status, 200, "{}", patched.text);
}

/// Whoever the role is bound to may break the glass, and change nothing of it.
fn on_call(control: &ControlPlane, glasses: &str, glass: &Value) {
    let binding = json!({"kind": "ClusterRoleBinding", "metadata": {"name": "on-call"},
        "subjects": [{"kind": "User", "name": "on-call", "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "seawall-break-glass"}});
    live::create(control, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", &binding);
    let on_call = control.user("on-call");
    let path = format!("{glasses}?dryRun=All");
    wait("allowed", || on_call.post(&path, glass).expect("an answer").status == 201);
    let change = on_call.patch(&format!("{glasses}/a"), &json!({})).expect("an answer");
    assert_eq!(change.status, 403, "{}", change.text);
    assert_eq!(control.user("anybody").post(&path, glass).expect("an answer").status, 403);
}

/// The account may ask who may lower labels only where the webhook guards them.
fn guarding(control: &ControlPlane) {
    let account = control.user(ACCOUNT);
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
        "user": "a", "resourceAttributes": {"group": "seawall.dev", "resource": "namespacelevels", "verb": "lower"}}});
    let ask =
        || account.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", &review).expect("an answer");
    assert_eq!(ask().status, 403);
    let config = control.directory().join("guarding.yaml");
    let text = "apiVersion: seawall.dev/v1alpha1\nkind: WebhookSettings\nguardLabels: true\n";
    std::fs::write(&config, text).expect("writable");
    let documents = printed(&["--host-network", "--config", config.to_str().expect("UTF-8")]);
    let (registration, rest) = documents.split_last().expect("documents");
    apply(control, rest);
    let dry = format!("{}?dryRun=All", path(registration));
    let answer = control.admin().apply(&dry, registration).expect("an answer");
    assert!([200, 201].contains(&answer.status) && answer.warnings.is_empty(), "{}", answer.text);
    assert!(registration.contains("resources: [namespaces/*]"));
    wait("allowed", || ask().status == 201);
}

fn label(client: &Client, namespace: &str, value: Option<&str>) -> Response {
    let patch = json!({"metadata": {"labels": {"seawall.dev/fail-closed": value}}});
    client.patch(&format!("/api/v1/namespaces/{namespace}"), &patch).expect("an answer")
}

fn pod(client: &Client, namespace: &str, name: &str, privileged: bool) -> Response {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "finalizers": ["seawall.dev/test"]},
        "spec": {"containers": [{"name": "c", "image": "i"}]}});
    if privileged {
        pod["spec"]["hostNetwork"] = json!(true);
    }
    client.post(&live::path("v1", namespace, "pods"), &pod).expect("an answer")
}

/// The registration as it is printed: who is asked, who is not, and what still works when nobody answers.
#[test]
fn the_cluster_recovers_when_nobody_answers() {
    let control = ControlPlane::start();
    let admin = control.admin();
    let configuration = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\ndefaults: {enforce: baseline}\n";
    let webhook = Webhook::start(&control, configuration);
    let documents = printed(&[]);
    let registration = documents.last().expect("documents");
    let at = path(registration);
    let asked = admin.get(&at).expect("an answer").body["webhooks"][0]["clientConfig"].clone();
    assert_eq!(admin.delete(&at).expect("an answer").status, 200);
    apply(&control, &documents[..1]);
    for namespace in ["open", "closed"] {
        admin.create_namespace(namespace, &[]);
    }
    apply(&control, std::slice::from_ref(registration));
    let mut webhooks = admin.get(&at).expect("an answer").body["webhooks"].clone();
    for entry in webhooks.as_array_mut().expect("webhooks") {
        entry["clientConfig"] = asked.clone();
    }
    let answer = admin.patch(&at, &json!({"webhooks": webhooks})).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
    for namespace in ["closed", "kube-system", "seawall"] {
        assert_eq!(label(admin, namespace, Some("true")).status, 200);
    }

    // As long as it answers both refuse, each by its own name.
    let refused_by = |namespace: &str| {
        let answer = pod(admin, namespace, "bad", true);
        let said = answer.message().split('"').nth(1).unwrap_or_default().to_owned();
        (answer.status, said)
    };
    wait("asked", || refused_by("open").0 == 403 && refused_by("closed").0 == 403);
    assert_eq!(refused_by("open").1, "pods.seawall.dev");
    assert_eq!(refused_by("closed").1, "pods-fail-closed.seawall.dev");
    assert_eq!(pod(admin, "closed", "good", false).status, 201);
    // Not asked about these, whatever their labels: else they would be refused too.
    assert_eq!(pod(admin, "kube-system", "bad", true).status, 201);
    let before = counted(&webhook);
    let change =
        |patch: Value| admin.patch("/api/v1/namespaces/closed/pods/good", &patch).expect("an answer").status;
    assert_eq!(change(json!({"metadata": {"labels": {"a": "b"}}})), 200);
    assert_eq!(counted(&webhook), before, "asked about a label");
    assert_eq!(change(json!({"spec": {"containers": [{"name": "c", "image": "j"}]}})), 200);
    assert!(counted(&webhook) > before, "not asked about an image");

    assert_eq!(webhook.terminate(), Some(0));
    assert_eq!(pod(admin, "open", "bad", true).status, 201, "open");
    let answer = pod(admin, "closed", "other", false);
    assert!(
        answer.status == 500
            && answer.message().contains("failed calling webhook \"pods-fail-closed.seawall.dev\""),
        "{}",
        answer.text
    );
    // What is there already goes on, and goes away: the webhook's own pods and those of the cluster come back.
    assert_eq!(change(json!({"metadata": {"labels": {"a": "c"}}})), 200);
    assert_eq!(change(json!({"spec": {"containers": [{"name": "c", "image": "k"}]}})), 500);
    assert_eq!(change(json!({"metadata": {"finalizers": null}})), 200);
    assert_eq!(pod(admin, "kube-system", "good", false).status, 201);
    let own = restricted_pod();
    assert_eq!(admin.post("/api/v1/namespaces/seawall/pods", &own).expect("an answer").status, 201);
    // Break-glass: the label comes off, and the namespace is open.
    assert_eq!(label(admin, "closed", None).status, 200);
    assert_eq!(pod(admin, "closed", "other", false).status, 201);
}

/// A pod as the webhook's own namespace takes it.
fn restricted_pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "own"}, "spec": {
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "image": "i",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}})
}

/// The evaluations that the webhook has counted.
fn counted(webhook: &Webhook) -> u64 {
    let (_, text) = webhook.get("/metrics").expect("an answer");
    let lines = text.lines().filter(|line| line.starts_with("pod_security_evaluations_total{"));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}
