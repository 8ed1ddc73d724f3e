//! The guards of namespace labels in front of a real API server: the policy (`seawall install --guard-labels`), which it evaluates by
//! itself, and the webhook (`guardLabels`). One table of changes holds both.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use seawall_conformance::number;
use seawall_conformance::random_pods::Rng;
use seawall_e2e::install::{apply, printed, wait};
use seawall_e2e::webhook::Webhook;
use seawall_e2e::{Client, ControlPlane, Response};
use seawall_model::{Level, PolicyVersion};
use serde_json::{Map, Value, json};

/// Where the webhook's account is.
const ACCOUNT: &str = "system:serviceaccount:seawall:seawall";

const GOAL: &str = "seawall.dev/enforce";
const BUILT_IN: &str = "pod-security.kubernetes.io/enforce";

/// The labels that name levels; those of their versions end in `-version`.
const LABELS: [&str; 4] =
    [BUILT_IN, "pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/warn", GOAL];

const LEVELS: [Option<&str>; 6] =
    [None, Some("privileged"), Some("baseline"), Some("restricted"), Some("Restricted"), Some("")];

/// In the order of text `v1.9` is the newest.
const VERSIONS: [Option<&str>; 9] = [
    None,
    Some("latest"),
    Some("v1.0"),
    Some("v1.9"),
    Some("v1.10"),
    Some("v1.30"),
    Some("v1.09"),
    Some("1.8"),
    Some(""),
];

type Labels = BTreeMap<String, String>;

fn labels(pairs: &[(&str, Option<&str>)]) -> Labels {
    pairs.iter().filter_map(|(key, value)| Some(((*key).to_owned(), (*value)?.to_owned()))).collect()
}

/// The level that a label asks for, as Pod Security reads it.
fn level(labels: &Labels, key: &str) -> Level {
    let invalid = if key == BUILT_IN || key == GOAL { Level::Restricted } else { Level::Privileged };
    labels.get(key).map_or(Level::Privileged, |value| value.parse().unwrap_or(invalid))
}

/// The minor of the version that goes with it.
fn minor(labels: &Labels, key: &str) -> u64 {
    let version = labels.get(&format!("{key}-version")).and_then(|value| value.parse().ok());
    version.unwrap_or(PolicyVersion::Latest).clamp(u64::MAX)
}

/// What a change lowers, in the words of the policy; empty if it lowers nothing.
fn lowered(before: &Labels, after: &Labels) -> String {
    let said = |labels: &Labels, key: &str| {
        labels.get(key).map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
    };
    let (mut levels, mut versions) = (Vec::new(), Vec::new());
    for key in LABELS {
        // The first goal takes the place of what was enforced.
        let is_first = key == GOAL && !before.contains_key(GOAL) && after.contains_key(GOAL);
        let was = if is_first { BUILT_IN } else { key };
        let say = |end: &str| {
            let (was, key) = (format!("{was}{end}"), format!("{key}{end}"));
            let of = if is_first { format!(" of `{was}`") } else { String::new() };
            format!("`{key}` from {}{of} to {}", said(before, &was), said(after, &key))
        };
        if level(before, was) > level(after, key) {
            levels.push(say(""));
        }
        if level(before, was) > Level::Privileged && minor(before, was) > minor(after, key) {
            versions.push(say("-version"));
        }
    }
    levels.append(&mut versions);
    levels.join(", ")
}

/// A namespace that has labels of its own.
fn namespace(control: &ControlPlane, labels: &Labels) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("n{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let object =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    let answer = control.admin().post("/api/v1/namespaces", &object).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
    name
}

/// Gives a namespace these labels and no others of Pod Security; `rest` follows its name in the path.
fn relabel(client: &Client, namespace: &str, labels: &Labels, rest: &str) -> Response {
    let keys = LABELS.iter().flat_map(|key| [(*key).to_owned(), format!("{key}-version")]);
    let mut patch: Map<String, Value> = keys.map(|key| (key, Value::Null)).collect();
    patch.extend(labels.iter().map(|(key, value)| (key.clone(), json!(value))));
    let path = format!("/api/v1/namespaces/{namespace}{rest}");
    client.patch(&path, &json!({"metadata": {"labels": patch}})).expect("an answer")
}

/// What guards the labels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    Policy,
    Webhook,
}

/// The labels that the webhook takes for mistakes: those that count, and are no levels or versions.
fn mistakes(labels: &Labels) -> Vec<(String, String)> {
    let enforced = if labels.contains_key(GOAL) { GOAL } else { BUILT_IN };
    let mut found = Vec::new();
    for key in [enforced, LABELS[1], LABELS[2]] {
        let version = format!("{key}-version");
        let is_level = labels.get(key).is_none_or(|value| value.parse::<Level>().is_ok());
        let is_version = labels.get(&version).is_none_or(|value| value.parse::<PolicyVersion>().is_ok());
        for (key, is_right) in [(key, is_level), (&version, is_version)] {
            if !is_right {
                found.push((key.to_owned(), labels[key].clone()));
            }
        }
    }
    found
}

/// What the answer to an update is to be, for somebody without the right to lower.
fn answer_of(by: Guard, name: &str, before: &Labels, after: &Labels) -> (u16, String) {
    let lowered = lowered(before, after);
    if lowered.is_empty() {
        return (200, String::new());
    }
    let forbidden = format!("namespaces \"{name}\" is forbidden: ");
    let said = match by {
        Guard::Policy => format!(
            "{forbidden}ValidatingAdmissionPolicy 'seawall-guard-labels' with binding 'seawall-guard-labels' denied request: "
        ),
        Guard::Webhook => {
            format!("admission webhook \"pods.seawall.dev\" denied the request: {forbidden}")
        }
    };
    let message = format!(
        "{said}lowers {lowered}, which only those may who have the right to `lower` `namespacelevels.seawall.dev`: \
         the ClusterRole `seawall-levels-lowerer` gives it"
    );
    (403, message)
}

/// Every state before with every state after: as many as are refused, and as many as are not.
fn compare(control: &ControlPlane, by: Guard, user: &Client, states: &[Labels]) -> [usize; 2] {
    let [refused, taken] = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let named: Vec<(&Labels, String)> =
        states.iter().map(|before| (before, namespace(control, before))).collect();
    user.each(&named, |user, (before, name)| {
        for after in states {
            let answer = relabel(user, name, after, "?dryRun=All");
            let wanted = answer_of(by, name, before, after);
            let mistakes = [mistakes(before), mistakes(after)];
            if by == Guard::Webhook
                && wanted.0 == 200
                && mistakes[0] != mistakes[1]
                && !mistakes[1].is_empty()
            {
                assert_eq!(answer.status, 422, "from {before:?} to {after:?}: {}", answer.text);
                taken.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            assert_eq!(
                (answer.status, answer.message()),
                (wanted.0, &*wanted.1),
                "from {before:?} to {after:?}: {}",
                answer.text
            );
            if wanted.0 == 200 { &taken } else { &refused }.fetch_add(1, Ordering::Relaxed);
        }
    });
    [refused, taken].map(AtomicUsize::into_inner)
}

fn grant(control: &ControlPlane, at: &str, object: &Value) {
    let path = format!("/apis/rbac.authorization.k8s.io/v1/{at}");
    let answer = control.admin().post(&path, object).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
}

fn bind(control: &ControlPlane, user: &str, role: &str) {
    let object = json!({"metadata": {"name": format!("{user}-{role}")},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}});
    grant(control, "clusterrolebindings", &object);
}

/// A control plane with the guard alone, and users who may update namespaces. The built-in admission is off, as it refuses levels
/// that are none before the guard is asked.
fn guarded() -> ControlPlane {
    let control = ControlPlane::start_with(&["--disable-admission-plugins=PodSecurity"]);
    apply(&control, &printed(&["--guard-labels-only"]));
    let editor = editors(&control);
    let name = namespace(&control, &labels(&[(BUILT_IN, Some("baseline"))]));
    wait("guarded", || is_guarded(&editor, &name));
    control
}

/// Whether labels of a baseline namespace can be made stricter and not less strict.
fn is_guarded(user: &Client, name: &str) -> bool {
    let status = |level: &str| relabel(user, name, &labels(&[(BUILT_IN, Some(level))]), "?dryRun=All").status;
    status("restricted") == 200 && status("privileged") == 403
}

/// Lets some users update namespaces; the one of them who may nothing else.
fn editors(control: &ControlPlane) -> Client {
    let role = json!({"metadata": {"name": "namespaces"}, "rules": [
        {"apiGroups": [""], "resources": ["namespaces", "namespaces/status"], "verbs": ["create", "update", "patch"]}]});
    grant(control, "clusterroles", &role);
    for user in ["editor", "lowerer", "partly", "tenant"] {
        bind(control, user, "namespaces");
    }
    control.user("editor")
}

/// A control plane with the webhook in the place of the policy.
fn guarded_by_webhook() -> (ControlPlane, Webhook) {
    let control = ControlPlane::start_with(&["--disable-admission-plugins=PodSecurity"]);
    let settings = "apiVersion: seawall.dev/v1alpha1\nkind: WebhookSettings\nguardLabels: true\n";
    let webhook = Webhook::start(&control, settings);
    // Mistakes can be made by who creates a namespace.
    let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["namespaces", "namespaces/*"]}]);
    let at = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/seawall";
    let mut webhooks = control.admin().get(at).expect("an answer").body["webhooks"].clone();
    webhooks[0]["rules"] = rules;
    let answer = control.admin().patch(at, &json!({"webhooks": webhooks})).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
    let editor = editors(&control);
    let name = namespace(&control, &labels(&[(BUILT_IN, Some("baseline"))]));
    wait("guarded", || is_guarded(&editor, &name));
    // Who cannot be asked about is refused.
    let answer = relabel(control.admin(), &name, &Labels::new(), "");
    let said = "lowers `pod-security.kubernetes.io/enforce` from `baseline` to nothing, and whether you have the right to `lower` `namespacelevels.seawall.dev` cannot be asked: ";
    assert!(
        answer.status == 403
            && answer.message().contains(said)
            && answer.message().contains("cannot create resource \"subjectaccessreviews\""),
        "{}",
        answer.text
    );
    // Nor does it change what the test asks about: floors are no part of this.
    let rules = json!({"rules": [
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}]});
    let role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/seawall";
    assert_eq!(control.admin().patch(role, &rules).expect("an answer").status, 200);
    wait("reviewed", || relabel(control.admin(), &name, &Labels::new(), "?dryRun=All").status == 200);
    (control, webhook)
}

/// Holds the guard against changes of each label by itself, and against random ones.
fn changes(control: &ControlPlane, by: Guard) {
    let editor = control.user("editor");
    for key in LABELS {
        let states: Vec<Labels> = LEVELS.iter().map(|value| labels(&[(key, *value)])).collect();
        let [refused, taken] = compare(control, by, &editor, &states);
        assert!(refused > 8 && taken > 20, "{key}: {refused}, {taken}");
        let version = format!("{key}-version");
        let of = |level| {
            let states = VERSIONS.iter().map(|value| labels(&[(key, Some(level)), (&version, *value)]));
            states.collect::<Vec<_>>()
        };
        let [refused, _] = compare(control, by, &editor, &of("restricted"));
        assert!(refused > 25, "{key}: {refused}");
        let [refused, _] = compare(control, by, &editor, &of("privileged"));
        assert_eq!(refused, 0, "{key}");
    }
    let mut rng = Rng::new(number("SEAWALL_SEED", 5));
    let mut states = Vec::new();
    for _ in 0..number("SEAWALL_STATES", 60) {
        let mut state = Labels::new();
        for key in LABELS {
            let [level, version] = [rng.pick(&LEVELS), rng.pick(&VERSIONS)];
            state.extend(labels(&[(key, level), (&format!("{key}-version"), version)]));
        }
        // Else nearly every change lowers something.
        state.retain(|key, _| key.starts_with(BUILT_IN) || key.starts_with(GOAL) || rng.one_in(8));
        states.push(state);
    }
    let [refused, taken] = compare(control, by, &editor, &states);
    assert!(refused > 300 && taken > 300, "{refused}, {taken}");
}

#[test]
fn labels_are_lowered_by_nobody_without_the_right() {
    changes(&guarded(), Guard::Policy);
}

#[test]
fn the_webhook_guards_as_the_policy_does() {
    let (control, webhook) = guarded_by_webhook();
    changes(&control, Guard::Webhook);
    // Where the policy counts what a role gives, the webhook does.
    let strict = labels(&[(BUILT_IN, Some("restricted")), (GOAL, Some("restricted"))]);
    let [open, other] = [namespace(&control, &strict), namespace(&control, &strict)];
    let part = json!({"metadata": {"name": "part"}, "rules": [
        {"apiGroups": ["seawall.dev"], "resources": ["namespacelevels"], "resourceNames": [open], "verbs": ["lower"]}]});
    grant(&control, "clusterroles", &part);
    bind(&control, "partly", "part");
    let [editor, partly] = ["editor", "partly"].map(|name| control.user(name));
    let lower = |user: &Client, name: &str, rest: &str| {
        relabel(user, name, &Labels::new(), &format!("{rest}?dryRun=All")).status
    };
    wait("granted", || lower(&partly, &open, "") == 200);
    assert_eq!((lower(&partly, &other, ""), lower(&editor, &open, "")), (403, 403));
    assert_eq!((lower(&editor, &open, "/status"), lower(&partly, &open, "/status")), (403, 200));
    assert_eq!(relabel(&editor, &open, &strict, "/status?dryRun=All").status, 200);
    assert_eq!(webhook.terminate(), Some(0));
}

#[test]
fn the_right_to_lower_is_given_by_cluster_roles() {
    let control = guarded();
    let [strict, none] =
        [labels(&[(BUILT_IN, Some("restricted")), (GOAL, Some("restricted"))]), Labels::new()];
    let [open, other] = [namespace(&control, &strict), namespace(&control, &strict)];
    let lower = |user: &Client, name: &str| relabel(user, name, &none, "?dryRun=All").status;

    // For all namespaces, for one of them, and a tenant's right to everything in a namespace, which is none to the namespace itself.
    bind(&control, "lowerer", "seawall-levels-lowerer");
    let part = json!({"metadata": {"name": "part"}, "rules": [
        {"apiGroups": ["seawall.dev"], "resources": ["namespacelevels"], "resourceNames": [open], "verbs": ["lower"]}]});
    grant(&control, "clusterroles", &part);
    bind(&control, "partly", "part");
    let all = json!({"metadata": {"name": "all"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    grant(&control, &format!("namespaces/{open}/roles"), &all);
    let tenant = json!({"metadata": {"name": "all"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "tenant"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "all"}});
    grant(&control, &format!("namespaces/{open}/rolebindings"), &tenant);
    let [editor, lowerer, partly, tenant] =
        ["editor", "lowerer", "partly", "tenant"].map(|name| control.user(name));
    let secrets = format!("/api/v1/namespaces/{open}/secrets");
    wait("granted", || {
        lower(&lowerer, &open) == 200
            && lower(&partly, &open) == 200
            && tenant.get(&secrets).expect("an answer").status == 200
    });
    assert_eq!(lower(&lowerer, &other), 200);
    assert_eq!(lower(&partly, &other), 403);
    assert_eq!((lower(&tenant, &open), lower(&editor, &open)), (403, 403));
    assert_eq!(lower(control.admin(), &open), 200);

    // Neither by way of a subresource.
    let answer = relabel(&editor, &open, &none, "/status?dryRun=All");
    assert!(answer.status == 403 && answer.message().contains("seawall-guard-labels"), "{}", answer.text);
    assert_eq!(relabel(&editor, &open, &strict, "/status?dryRun=All").status, 200);

    // What is not about levels is nobody's business here, and who creates a namespace says what it asks for.
    let path = format!("/api/v1/namespaces/{open}");
    for metadata in [
        json!({"labels": {"team": "a", "pod-security.kubernetes.io/other": "b", "seawall.dev/fail-closed": "true"}}),
        json!({"labels": {"team": null, "seawall.dev/fail-closed": null}}),
        json!({"annotations": {"a": "b"}, "finalizers": ["seawall.dev/test"]}),
    ] {
        let answer = editor.patch(&path, &json!({"metadata": metadata})).expect("an answer");
        assert_eq!(answer.status, 200, "{metadata}: {}", answer.text);
    }
    let created =
        json!({"metadata": {"name": "created", "labels": labels(&[(BUILT_IN, Some("privileged"))])}});
    assert_eq!(editor.post("/api/v1/namespaces", &created).expect("an answer").status, 201);

    // One that is being deleted loses its finalizers.
    assert_eq!(control.admin().delete(&path).expect("an answer").status, 200);
    let answer = editor.patch(&path, &json!({"metadata": {"finalizers": null}})).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Exceptions lower what the built-in admission enforces: the webhook needs the right, and gets it with the guard.
#[test]
fn the_webhook_s_account_keeps_the_floor() {
    let control = guarded();
    let account = control.user(ACCOUNT);
    let goal = (GOAL, Some("restricted"));
    let [strict, floor] = ["restricted", "privileged"].map(|level| labels(&[goal, (BUILT_IN, Some(level))]));
    let name = namespace(&control, &strict);
    let of_policies = |answer: &Response| answer.message().contains("ValidatingAdmissionPolicy");
    let without_registration = |args: &[&str]| {
        let mut documents = printed(args);
        documents.pop();
        documents
    };
    apply(&control, &without_registration(&[]));
    wait("installed", || of_policies(&relabel(&account, &name, &floor, "?dryRun=All")));
    let (status, message) = answer_of(Guard::Policy, &name, &strict, &floor);
    let answer = relabel(&account, &name, &floor, "?dryRun=All");
    assert_eq!((answer.status, answer.message()), (status, &*message));

    apply(&control, &without_registration(&["--guard-labels"]));
    wait("allowed", || relabel(&account, &name, &floor, "?dryRun=All").status == 200);
    // No more than the floor.
    let without_goal = labels(&[(BUILT_IN, Some("privileged"))]);
    wait("held", || {
        let answer = relabel(&account, &name, &without_goal, "?dryRun=All");
        answer.status == 422 && answer.message().contains("seawall-namespaces")
    });
}
