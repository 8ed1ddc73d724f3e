//! Who could use an exception, as `explain exception` tells it, against what the API server itself answers of everybody's rights.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use seawall_conformance::number;
use seawall_conformance::random_pods::Rng;
use seawall_e2e::live::{create, define_exceptions};
use seawall_e2e::{ControlPlane, scan};
use serde_json::{Value, json};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// Who is in bindings: the kind, the namespace of an account, the name.
const SUBJECTS: [(&str, &str, &str); 10] = [
    ("User", "", "jane"),
    ("User", "", "eve"),
    ("User", "", "ann"),
    ("User", "", "bob"),
    ("Group", "", "devs"),
    ("Group", "", "system:authenticated"),
    ("ServiceAccount", "shop", "ci"),
    ("ServiceAccount", "bank", "ci"),
    ("ServiceAccount", "shop", "web"),
    ("ServiceAccount", "kube-system", "x"),
];

/// Who is worth to be acted as besides: they have bindings of their own.
const BELIEVED: [(&str, &str, &str); 3] = [
    ("User", "", "system:kube-controller-manager"),
    ("ServiceAccount", "kube-system", "replicaset-controller"),
    ("ServiceAccount", "kube-system", "job-controller"),
];

/// The kinds of an exception and what leads to workloads of them.
const KINDS: [(&str, &[&str]); 4] = [
    ("Deployment", &["deployments"]),
    ("ReplicaSet", &["replicasets", "deployments"]),
    ("CronJob", &["cronjobs"]),
    (
        "Pod",
        &[
            "pods",
            "pods/ephemeralcontainers",
            "replicasets",
            "deployments",
            "statefulsets",
            "daemonsets",
            "jobs",
            "cronjobs",
            "replicationcontrollers",
        ],
    ),
];

/// The accounts that are believed of these.
const CONTROLLERS: [&str; 2] = ["replicaset-controller", "job-controller"];

/// Resources by group.
const RESOURCES: [(&str, &str); 9] = [
    ("", "pods"),
    ("", "pods/ephemeralcontainers"),
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
];

/// Names of objects; roles know all but the last.
const NAMES: [&str; 7] = ["web-eu", "web-us", "api", "web-eu-5d4", "deployment", "all", "web-zz"];

fn seawall(kubeconfig: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(scan::seawall());
    command.current_dir(std::env::temp_dir());
    command.args(args).env("KUBECONFIG", kubeconfig).output().expect("seawall starts")
}

fn stdout(output: &Output, status: i32) -> String {
    assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn exception(kind: &str) -> Value {
    json!({
        "apiVersion": "seawall.dev/v1alpha1", "kind": "PodSecurityException",
        "metadata": {"name": kind.to_lowercase(), "namespace": "shop"},
        "spec": {"workloads": [{"kind": kind, "name": "web-*"}], "rules": [{"rule": "host-port"}], "reason": "r"},
    })
}

/// A rule of a role.
fn rule(random: &mut Rng) -> Value {
    let mut some = |of: &[&'static str], most: usize| {
        let all: BTreeSet<&str> = (0..=random.below(most)).map(|_| random.pick(of)).collect();
        json!(all)
    };
    let mut rule = json!({
        "apiGroups": some(&["", "", "apps", "apps", "batch", "seawall.dev", "authentication.k8s.io", "*"], 2),
        "resources": some(&[
            "pods", "pods/ephemeralcontainers", "deployments", "deployments", "deployments/scale", "replicasets", "statefulsets",
            "daemonsets", "jobs", "cronjobs", "replicationcontrollers", "podsecurityexceptions", "podsecurityexceptionpolicies",
            "users", "groups", "serviceaccounts", "serviceaccounts", "serviceaccounts/token", "secrets", "*", "*/scale",
            "*/ephemeralcontainers", "pods/*",
        ], 4),
        "verbs": some(&["create", "create", "update", "patch", "get", "list", "impersonate", "impersonate:serviceaccount", "*", "*"], 3),
    });
    let named = [
        &NAMES[..6],
        &CONTROLLERS,
        &[
            "ci",
            "jane",
            "devs",
            "system:authenticated",
            "replicaset-controller-token-a",
            "web",
            "system:kube-controller-manager",
        ],
    ]
    .concat();
    let names = some(&named, 6);
    if random.one_in(2) {
        rule["resourceNames"] = names;
    }
    rule
}

fn path(namespace: Option<&str>, kind: &str) -> String {
    match namespace {
        Some(namespace) => format!("{RBAC}/namespaces/{namespace}/{kind}s"),
        None => format!("{RBAC}/cluster{kind}s"),
    }
}

fn role(control: &ControlPlane, namespace: Option<&str>, name: &str, rules: &Value) {
    let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
    create(
        control,
        &path(namespace, "role"),
        &json!({"kind": kind, "metadata": {"name": name}, "rules": rules}),
    );
}

fn bind(
    control: &ControlPlane,
    namespace: Option<&str>,
    name: &str,
    role: (&str, &str),
    subjects: &[(&str, &str, &str)],
) {
    let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
    let subject = |(kind, namespace, name): &(&str, &str, &str)| match *kind {
        "ServiceAccount" => json!({"kind": kind, "namespace": namespace, "name": name}),
        _ => json!({"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}),
    };
    let subjects: Vec<Value> = subjects.iter().map(subject).collect();
    let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": role.0, "name": role.1});
    create(
        control,
        &path(namespace, "rolebinding"),
        &json!({"kind": kind, "metadata": {"name": name}, "subjects": subjects, "roleRef": role}),
    );
}

/// Random roles and bindings, some of them to roles that are not there.
fn populate(control: &ControlPlane, random: &mut Rng) {
    const PLACES: [Option<&str>; 4] = [None, Some("shop"), Some("kube-system"), Some("bank")];
    for namespace in PLACES {
        for i in 0..6 {
            let rules: Vec<Value> = (0..=random.below(3)).map(|_| rule(random)).collect();
            role(control, namespace, &format!("r{i}"), &json!(rules));
        }
    }
    role(control, None, "all", &json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]));
    for i in 0..60 {
        let namespace = random.pick(&PLACES);
        let kind = if namespace.is_none() || random.one_in(2) { "ClusterRole" } else { "Role" };
        // The last of these is nowhere.
        let name = format!("r{}", random.below(7));
        let subjects: Vec<_> = (0..=random.below(2)).map(|_| random.pick(&SUBJECTS)).collect();
        bind(control, namespace, &format!("b{i}"), (kind, &name), &subjects);
    }
    bind(control, None, "all", ("ClusterRole", "all"), &[SUBJECTS[2]]);
    bind(control, Some("shop"), "all", ("ClusterRole", "all"), &[SUBJECTS[3]]);
    bind(control, Some("kube-system"), "all", ("ClusterRole", "all"), &[SUBJECTS[9]]);
}

/// A request that somebody may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Request {
    subject: (&'static str, &'static str, &'static str),
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    /// Empty for none, as of what is in no namespace.
    namespace: &'static str,
    name: &'static str,
}

impl Request {
    /// As the API server is asked for it.
    fn review(&self) -> Value {
        let (kind, namespace, name) = self.subject;
        let (user, groups) = match kind {
            "User" => (name.to_owned(), vec![]),
            "Group" => ("nobody".to_owned(), vec![name]),
            _ => (format!("system:serviceaccount:{namespace}:{name}"), vec![]),
        };
        let (resource, subresource) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": user, "groups": groups, "resourceAttributes": {
                "verb": self.verb, "group": self.group, "resource": resource, "subresource": subresource,
                "namespace": self.namespace, "name": self.name,
            }},
        })
    }

    fn who(&self) -> String {
        called(self.subject)
    }
}

fn called((kind, namespace, name): (&str, &str, &str)) -> String {
    if kind == "ServiceAccount" { format!("{kind} {namespace}/{name}") } else { format!("{kind} {name}") }
}

fn allowed(control: &ControlPlane, request: &Request) -> bool {
    let answer = control
        .admin()
        .post("/apis/authorization.k8s.io/v1/subjectaccessreviews", &request.review())
        .expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body["status"]["allowed"] == true
}

/// Waits until the API server knows all roles and bindings: each kind comes in order.
fn wait_until_known(control: &ControlPlane) {
    let sentinel = ("User", "", "sentinel");
    let rules = json!([{"apiGroups": ["sentinel"], "resources": ["sentinels"], "verbs": ["get"]}]);
    for (namespace, kind) in [(Some("shop"), "Role"), (None, "ClusterRole")] {
        role(control, namespace, "sentinel", &rules);
        bind(control, namespace, "sentinel", (kind, "sentinel"), &[sentinel]);
        let request = Request {
            subject: sentinel,
            verb: "get",
            group: "sentinel",
            resource: "sentinels",
            namespace: namespace.unwrap_or_default(),
            name: "",
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !allowed(control, &request) {
            assert!(Instant::now() < deadline, "never known");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What a line says that somebody may do.
#[derive(Debug)]
struct Said {
    section: String,
    who: String,
    verbs: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    place: Option<String>,
    binding: String,
}

/// A list of words, each but the last with a comma.
fn list<'w>(words: &mut impl Iterator<Item = &'w str>) -> Vec<String> {
    let mut all = Vec::new();
    for word in words {
        all.push(word.trim_end_matches(',').to_owned());
        if !word.ends_with(',') {
            break;
        }
    }
    all
}

/// What is said, by the exception it is said of, and of all at the end.
fn parse(text: &str) -> Vec<Said> {
    let (mut exception, mut section, mut all) = (String::new(), String::new(), Vec::new());
    for line in text.replace("\n      ", " ").lines() {
        if let Some(title) = line.strip_suffix(':').filter(|_| line.starts_with("Who ")) {
            let title = title.trim_end_matches(" in shop");
            section = if exception.is_empty() { title.to_owned() } else { format!("{exception} {title}") };
        } else if let Some(name) = line.strip_prefix("shop/").and_then(|rest| rest.split(' ').next()) {
            name.clone_into(&mut exception);
            section.clear();
        } else if line.is_empty() {
            exception.clear();
            section.clear();
        } else if let Some(line) = line.strip_prefix("  ").filter(|_| !section.is_empty()) {
            let (held, by) = line.rsplit_once(", by ").expect("a binding");
            let (who, may) = held.split_once(": ").expect("a subject");
            for may in may.split("; ") {
                let mut words = may.split(' ').peekable();
                let verbs = list(&mut words);
                let everything = verbs == ["everything"];
                let resources = if everything { Vec::new() } else { list(&mut words) };
                let names = if words.next_if_eq(&"named").is_some() { list(&mut words) } else { Vec::new() };
                let place = words.next_if_eq(&"in").and_then(|_| words.next()).map(str::to_owned);
                assert_eq!(words.next(), None, "{line}");
                let (section, who, binding) = (section.clone(), who.to_owned(), by.to_owned());
                all.push(Said { section, who, verbs, resources, names, place, binding });
            }
        }
    }
    all
}

/// Whether a section says that a request is allowed, or anything that the requester may do everything there.
fn says(all: &[Said], section: &str, request: &Request) -> bool {
    let has = |list: &[String], text: &str| list.iter().any(|known| known == text);
    all.iter().filter(|said| said.who == request.who()).any(|said| {
        if said.resources.is_empty() {
            let (kind, of) = said.binding.split_once(' ').expect("a binding");
            return kind == "ClusterRoleBinding"
                || of.split_once('/').is_some_and(|(n, _)| n == request.namespace);
        }
        let named = said.names.is_empty() || has(&said.names, request.name);
        let here = said.place.as_ref().is_none_or(|place| place == request.namespace);
        said.section == section
            && has(&said.verbs, request.verb)
            && has(&said.resources, request.resource)
            && named
            && here
    })
}

/// Whether a request matters to who could use an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Matters {
    Yes,
    /// Not of this name: whoever has the right for some names alone is not told of it.
    ByAnotherName,
    No,
}

/// What is said of a request in a section, and ought not to be.
fn complaint(
    all: &[Said],
    (request, section, matters): &(Request, String, Matters),
    allowed: bool,
) -> Option<String> {
    let found = says(all, section, request);
    let named = all.iter().any(|said| {
        let has = |list: &[String], text: &str| list.iter().any(|known| known == text);
        said.section == *section
            && said.who == request.who()
            && has(&said.verbs, request.verb)
            && has(&said.resources, request.resource)
            && has(&said.names, request.name)
            && said.place.as_ref().is_none_or(|place| place == request.namespace)
    });
    let right = match matters {
        Matters::Yes => found == allowed,
        Matters::ByAnotherName => !named && (allowed || !found),
        // Whoever may do everything may do this too.
        Matters::No => !found || says(all, "", request),
    };
    (!right).then(|| {
        format!("{section}: {request:?} {matters:?}: said {found}, named {named}, allowed {allowed}")
    })
}

/// What is asked, with the section that answers it.
fn questions(said: &[Said]) -> Vec<(Request, String, Matters)> {
    let by_name = |is_meant: bool| if is_meant { Matters::Yes } else { Matters::ByAnotherName };
    let mut asked = Vec::new();
    for subject in SUBJECTS {
        let at = |verb, (group, resource), namespace, name| Request {
            subject,
            verb,
            group,
            resource,
            namespace,
            name,
        };
        let section = "Who could come by the account of a controller";
        let changes = ["update", "patch"].into_iter().flat_map(|verb| NAMES.map(|name| (verb, name)));
        let changes: Vec<_> = [("create", "")].into_iter().chain(changes).collect();
        for (resource, (verb, name)) in
            RESOURCES.into_iter().flat_map(|r| changes.iter().map(move |c| (r, *c)))
        {
            if (verb, resource.1) == ("create", "pods/ephemeralcontainers") {
                continue;
            }
            let request = at(verb, resource, "shop", name);
            for (kind, leading) in KINDS {
                let leads = leading.contains(&resource.1);
                let matters =
                    if leads { by_name(name.is_empty() || name.starts_with("web-")) } else { Matters::No };
                asked.push((request, format!("{} Who could use it", kind.to_lowercase()), matters));
            }
            let runs = !resource.1.starts_with("pods") || (verb, resource.1) == ("create", "pods");
            let matters = if runs { Matters::Yes } else { Matters::No };
            asked.push((Request { namespace: "kube-system", ..request }, section.to_owned(), matters));
        }
        for (verb, name) in
            [("create", ""), ("update", "deployment"), ("patch", "deployment"), ("patch", "pod")]
        {
            let request = at(verb, ("seawall.dev", "podsecurityexceptions"), "shop", name);
            for (kind, _) in KINDS {
                let own = kind.to_lowercase();
                let matters = by_name(name.is_empty() || name == own);
                asked.push((request, format!("{own} Who could change it"), matters));
            }
            let request = at(verb, ("seawall.dev", "podsecurityexceptionpolicies"), "", name);
            asked.push((request, "Who could change what exceptions may grant".to_owned(), Matters::Yes));
        }
        for name in CONTROLLERS {
            let token = at("create", ("", "serviceaccounts/token"), "kube-system", name);
            asked.push((token, section.to_owned(), Matters::Yes));
        }
        for (verb, name) in [("get", "replicaset-controller-token-a"), ("list", "")] {
            asked.push((at(verb, ("", "secrets"), "kube-system", name), section.to_owned(), Matters::Yes));
        }
        for (target, matters) in worth_acting_as(said) {
            let (resource, constrained) = match target.0 {
                "User" => ("users", "impersonate:user-info"),
                "Group" => ("groups", "impersonate:user-info"),
                _ => ("serviceaccounts", "impersonate:serviceaccount"),
            };
            for (group, verb) in [("", "impersonate"), ("authentication.k8s.io", constrained)] {
                let request = at(verb, (group, resource), target.1, target.2);
                asked.push((
                    request,
                    "Who could act as a controller, or as one of these".to_owned(),
                    matters,
                ));
            }
        }
    }
    asked
}

/// Whom one could act as. Those who could use one of the exceptions matter, and nobody else; accounts of one name may be named
/// for each other.
fn worth_acting_as(said: &[Said]) -> Vec<((&'static str, &'static str, &'static str), Matters)> {
    let users = said.iter().filter(|said| said.section.ends_with("Who could use it"));
    let users: BTreeSet<&str> = users.map(|said| &*said.who).collect();
    let all: Vec<_> = SUBJECTS.into_iter().chain(BELIEVED).collect();
    let is_worth =
        |target: &(&str, &str, &str)| BELIEVED.contains(target) || users.contains(&*called(*target));
    let matters = |target: &(&'static str, &'static str, &'static str)| {
        let namesake = |other: &&(&str, &str, &str)| (other.0, other.2) == (target.0, target.2);
        match all.iter().filter(namesake).any(is_worth) {
            true if is_worth(target) => Some((*target, Matters::Yes)),
            true => None,
            false => Some((*target, Matters::ByAnotherName)),
        }
    };
    all.iter().filter_map(matters).collect()
}

#[test]
fn roles_allow_what_is_said() {
    let control = ControlPlane::start();
    let seed = number("SEAWALL_SEED", 8);
    define_exceptions(&control);
    for namespace in ["shop", "bank"] {
        control.admin().create_namespace(namespace, &[]);
    }
    let exceptions = "/apis/seawall.dev/v1alpha1/namespaces/shop/podsecurityexceptions";
    for (kind, _) in KINDS {
        create(&control, exceptions, &exception(kind));
    }
    populate(&control, &mut Rng::new(seed));
    wait_until_known(&control);
    let admin = control.kubeconfig("admin");
    let text = stdout(&seawall(&admin, &["explain", "exception"]), 0);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let said = parse(&text);

    let asked = questions(&said);
    let answers = control.admin().each(&asked, |_, (request, ..)| allowed(&control, request));
    let (mut yes, mut no, mut wrong) = (0, 0, Vec::new());
    for (request, allowed) in asked.iter().zip(answers) {
        wrong.extend(complaint(&said, request, allowed));
        match (request.2, allowed) {
            (Matters::Yes, true) => yes += 1,
            (Matters::Yes, false) => no += 1,
            _ => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "seed {seed}, {} wrong:\n{}\n{text}",
        wrong.len(),
        wrong[..wrong.len().min(10)].join("\n")
    );
    assert!(yes > 200 && no > 200, "seed {seed}: {yes} allowed, {no} not: too few of one");

    // A snapshot says the same, and one exception what all say of it.
    let snapshot = control.directory().join("cluster.jsonl.zst");
    let snapshot = snapshot.to_str().expect("UTF-8");
    stdout(&seawall(&admin, &["snapshot", "--output", snapshot]), 0);
    assert_eq!(stdout(&seawall(&admin, &["explain", "exception", "--snapshot", snapshot]), 0), text);
    let one = stdout(&seawall(&admin, &["explain", "exception", "shop/cronjob"]), 0);
    let block = one.split("\n\n").next().expect("a block");
    assert!(text.contains(block) && !one.contains("shop/pod"), "{one}");
}

#[test]
fn what_was_not_seen_is_told() {
    let control = ControlPlane::start();
    define_exceptions(&control);
    control.admin().create_namespace("shop", &[]);
    create(
        &control,
        "/apis/seawall.dev/v1alpha1/namespaces/shop/podsecurityexceptions",
        &exception("Deployment"),
    );
    let rules = json!([{"apiGroups": ["seawall.dev"], "resources": ["*"], "verbs": ["list"]}]);
    role(&control, None, "viewer", &rules);
    bind(&control, None, "viewer", ("ClusterRole", "viewer"), &[("User", "", "viewer")]);
    wait_until_known(&control);
    let viewer = control.kubeconfig("viewer");
    let text = stdout(&seawall(&viewer, &["explain", "exception", "shop/deployment"]), 2);
    for part in [
        "shop/deployment lets nothing pass",
        "not seen: clusterrolebindings were not seen",
        "(exit status 2)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let unknown = seawall(&viewer, &["explain", "exception", "shop/deploymnt"]);
    assert_eq!(unknown.status.code(), Some(2));
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert!(said.contains("there is no PodSecurityException `shop/deploymnt` in what was seen"), "{said}");
}
