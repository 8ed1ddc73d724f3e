//! Whole answers, in a cluster of a few namespaces.

use std::cell::RefCell;

use seawall_finding::Date;
use seawall_finding::exception::{Exception, ExceptionSource, Grant, OnExpiry, WorkloadSelector};

use seawall_model::review::UserInfo;

use super::*;

#[derive(Default)]
struct Cluster {
    /// A namespace and its labels, `enforce=baseline,warn=restricted`.
    namespaces: Vec<(&'static str, &'static str)>,
    pods: Vec<String>,
    exceptions: Vec<Exception>,
    /// Labels of seawall's own, of all namespaces.
    own: &'static [(&'static str, &'static str)],
    later: bool,
    /// The namespaces in which what is enforced is suspended.
    suspended: &'static [&'static str],
    recorded: RefCell<Vec<String>>,
    /// Whether what was found is kept: of what violates something, of all, or nothing.
    keeps: Option<bool>,
    found: RefCell<Vec<Found>>,
}

impl Namespaces for Cluster {
    fn labels(&self, name: &str) -> Lookup<Labels> {
        if self.later {
            return Lookup::Later;
        }
        let Some((_, labels)) = self.namespaces.iter().find(|(known, _)| *known == name) else {
            return Lookup::Failed(format!("namespaces \"{name}\" not found"));
        };
        let labels = labels.split(',').filter_map(|label| label.split_once('='));
        let full = |key: &str| Box::from(format!("pod-security.kubernetes.io/{key}"));
        let own = self.own.iter().map(|(key, value)| (Box::from(*key), Box::from(*value)));
        Lookup::Known(labels.map(|(key, value)| (full(key), Box::from(value))).chain(own).collect())
    }
}

impl Pods for Cluster {
    fn list(&self, _: &str, page: &mut dyn FnMut(&[u8])) -> Lookup<()> {
        if self.later {
            return Lookup::Later;
        }
        for pods in self.pods.chunks(2) {
            page(format!(r#"{{"items":[{}]}}"#, pods.join(",")).as_bytes());
        }
        Lookup::Known(())
    }

    fn is_over(&self) -> bool {
        false
    }
}

impl Exceptions for Cluster {
    fn of(&self, namespace: &str) -> Option<Arc<[Arc<Exception>]>> {
        let own = self.exceptions.iter().filter(|exception| exception.is_in(namespace));
        let own: Vec<_> = own.cloned().map(Arc::new).collect();
        (!own.is_empty()).then(|| own.into())
    }

    fn today(&self) -> Date {
        "2026-12-01".parse().unwrap()
    }
}

impl Owners for Cluster {
    fn owner(&self, _: &str, _: OwnerKind<'_>, _: &str) -> Lookup<Option<Owner>> {
        if self.later { Lookup::Later } else { Lookup::Known(None) }
    }

    fn is_up_to_date(&self) -> bool {
        true
    }
}

impl Suspensions for Cluster {
    fn of(&self, namespace: &str) -> Option<Suspension> {
        let by = || Suspension { name: "outage".into(), until: "2026-12-01T10:00:00Z".to_owned() };
        self.suspended.contains(&namespace).then(by)
    }

    fn let_pass(&self, request: Request<'_>, name: &str, by: &Suspension, why: &str) {
        let passed = format!("{} lets {}/{name} pass: {why}", by.name, request.namespace);
        self.recorded.borrow_mut().push(passed);
    }
}

/// Whoever is called `boss` may lower.
impl Rights for Cluster {
    fn may_lower(&self, user: &UserInfo<'_>, namespace: &str) -> Lookup<bool> {
        match &*user.username {
            _ if self.later => Lookup::Later,
            "" => Lookup::Failed("nobody answers".to_owned()),
            name => Lookup::Known(name == "boss" && namespace == "shop"),
        }
    }
}

impl Recorder for Cluster {
    fn evaluation(&self, _: Request<'_>, Evaluated { decision, mode, policy }: Evaluated) {
        self.recorded.borrow_mut().push(format!("{} {} {policy}", decision.as_str(), mode.as_str()));
    }

    fn exemption(&self, _: Request<'_>) {
        self.recorded.borrow_mut().push("exempt".to_owned());
    }

    fn error(&self, _: Request<'_>, fatal: bool) {
        self.recorded.borrow_mut().push(format!("error {fatal}"));
    }

    fn keeps(&self, namespace: &str, violates: bool) -> bool {
        assert_eq!(namespace, "shop");
        self.keeps.is_some_and(|all| all || violates)
    }

    fn found(&self, namespace: &str, found: Found) {
        assert_eq!(namespace, "shop");
        self.found.borrow_mut().push(found);
    }
}

/// What is asked: a kind with its resource, and more of the request.
fn ask(cluster: &Cluster, admission: &Admission, kind: &str, more: &str) -> Option<String> {
    let around = Surroundings {
        namespaces: cluster,
        pods: cluster,
        exceptions: cluster,
        owners: cluster,
        suspensions: cluster,
        rights: cluster,
        recorder: cluster,
    };
    ask_in(around, admission, kind, more)
}

/// The same where not all is known from one place.
fn ask_in(around: Surroundings<'_>, admission: &Admission, kind: &str, more: &str) -> Option<String> {
    let (group, resource) = match kind {
        "Pod" => ("", "pods"),
        "Namespace" => ("", "namespaces"),
        _ => ("apps", "deployments"),
    };
    let body = format!(
        r#"{{"request":{{"uid":"u","kind":{{"group":"{group}","version":"v1","kind":"{kind}"}},
            "resource":{{"group":"{group}","version":"v1","resource":"{resource}"}},"name":"x","namespace":"shop",{more}}}}}"#
    );
    let review = read_review(body.as_bytes()).unwrap();
    let response = admission.answer(&review, around)?;
    let mut out = Vec::new();
    response.write(&review.request.uid, &mut out);
    let text = String::from_utf8(out).unwrap();
    Some(text.split_once(r#""uid":"u","#).unwrap().1.trim_end_matches('}').to_owned())
}

fn admission() -> Admission {
    Admission::new(Configuration::default(), 37)
}

fn shop(labels: &'static str) -> Cluster {
    Cluster { namespaces: vec![("shop", labels)], ..Cluster::default() }
}

const CREATE_PRIVILEGED: &str = r#""operation":"CREATE","object":{"spec":{"containers":[{"name":"c","securityContext":{"privileged":true}}]}}"#;

#[test]
fn pods_are_refused_by_what_is_enforced() {
    let cluster = shop("enforce=baseline,audit=restricted:latest");
    let answer = ask(&cluster, &admission(), "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(
        answer.starts_with(concat!(
            r#""allowed":false,"status":{"metadata":{},"status":"Failure","message":"pods \"x\" is forbidden: violates PodSecurity "#,
            r#"\"baseline:latest\": privileged (container \"c\" must not set securityContext.privileged=true)","#
        )),
        "{answer}"
    );
    assert!(answer.contains("Failed to parse policy"), "the audit label is none: {answer}");
    assert_eq!(*cluster.recorded.borrow(), ["error false", "deny enforce baseline:latest"]);
}

#[test]
fn latest_is_that_of_an_upgraded_cluster() {
    // Which part of a pod restricted asks for from v1.25 on is a matter of its operating system.
    let windows = r#""operation":"CREATE","object":{"spec":{"os":{"name":"windows"},"securityContext":{"runAsNonRoot":true},"containers":[{"name":"c"}]}}"#;
    let old = Admission::new(Configuration::default(), 24);
    let answer = |admission: &Admission| ask(&shop("enforce=restricted"), admission, "Pod", windows).unwrap();
    assert!(answer(&old).starts_with(r#""allowed":false"#), "{}", answer(&old));
    assert!(answer(&old.at(25)).starts_with(r#""allowed":true"#), "{}", answer(&old.at(25)));
    assert_eq!((old.at(25).newest(), old.at(99).newest()), (25, u64::from(NEWEST)));
}

#[test]
fn controllers_are_only_warned_of() {
    let cluster = shop("enforce=baseline");
    let template =
        CREATE_PRIVILEGED.replace(r#""object":{"spec":"#, r#""object":{"spec":{"template":{"spec":"#) + "}}";
    let answer = ask(&cluster, &admission(), "Deployment", &template).unwrap();
    assert!(
        answer.starts_with(
            r#""allowed":true,"warnings":["would violate PodSecurity \"baseline:latest\": privileged"#
        ),
        "{answer}"
    );
}

#[test]
fn what_is_not_there_is_told_apart_from_what_is_not_there_yet() {
    let cluster = Cluster::default();
    let answer = ask(&cluster, &admission(), "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(answer.contains(r#""code":500"#) && answer.contains(r#"\"shop\" not found"#), "{answer}");
    let later = Cluster { later: true, ..shop("") };
    assert_eq!(ask(&later, &admission(), "Pod", CREATE_PRIVILEGED), None);
    assert!(later.recorded.borrow().is_empty());
    let labelled = |level| {
        format!(
            r#"{{"metadata":{{"name":"shop","labels":{{"pod-security.kubernetes.io/enforce":"{level}"}}}}}}"#
        )
    };
    let update = format!(
        r#""operation":"UPDATE","object":{},"oldObject":{}"#,
        labelled("baseline"),
        labelled("privileged")
    );
    assert_eq!(ask(&later, &admission(), "Namespace", &update), None);
    assert_eq!(ask(&shop(""), &admission(), "Namespace", &update).unwrap(), r#""allowed":true"#);
}

#[test]
fn pods_that_are_there_are_looked_at_when_more_is_enforced() {
    let pod = |name: &str, owner: &str, spec: &str| {
        format!(
            r#"{{"metadata":{{"name":"{name}","ownerReferences":[{{"uid":"{owner}","controller":{}}}]}},"spec":{{{spec}}}}}"#,
            !owner.is_empty()
        )
    };
    let mut pods: Vec<String> = (0..2999).map(|i| pod(&format!("fine{i}"), "a", "")).collect();
    pods.push(pod("b", "c", r#""hostPID":true"#));
    pods.push(pod("a", "", r#""hostPID":true"#));
    let cluster = Cluster { pods, ..shop("") };
    let update = r#""operation":"UPDATE","object":{"metadata":{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"baseline"}}},"oldObject":{}"#;
    let answer = ask(&cluster, &admission(), "Namespace", update).unwrap();
    // Those of the first controller but its first are behind all others.
    assert_eq!(
        answer,
        concat!(
            r#""allowed":true,"warnings":["new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods","#,
            r#""existing pods in namespace \"shop\" violate the new PodSecurity enforce level \"baseline:latest\"","#,
            r#""a (and 1 other pod): host namespaces"]"#
        )
    );
}

#[test]
fn exempt_is_who_is_named() {
    let text = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\ndefaults: {enforce: restricted}\nexemptions: {usernames: [root], runtimeClasses: [vm]}\n";
    let admission = Admission::new(Configuration::read(text.as_bytes()).unwrap(), 37);
    let cluster = shop("");
    let by = |user: &str| format!(r#"{CREATE_PRIVILEGED},"userInfo":{{"username":"{user}"}}"#);
    let exempt = ask(&cluster, &admission, "Pod", &by("root")).unwrap();
    assert_eq!(exempt, r#""allowed":true,"auditAnnotations":{"exempt":"user""#);
    assert!(ask(&cluster, &admission, "Pod", &by("roots")).unwrap().starts_with(r#""allowed":false"#));
    let vm = r#""operation":"CREATE","object":{"spec":{"runtimeClassName":"vm","hostPID":true}}"#;
    let exempt = ask(&cluster, &admission, "Pod", vm).unwrap();
    assert_eq!(exempt, r#""allowed":true,"auditAnnotations":{"exempt":"runtimeClass""#);
    assert_eq!(cluster.recorded.borrow().iter().filter(|what| *what == "exempt").count(), 2);
}

/// An exception for capabilities of one container of the Deployment or Pod `web`.
fn exception() -> Exception {
    let workload =
        |kind: &str| WorkloadSelector { kind: kind.into(), name: "web".into(), labels: Vec::new() };
    Exception {
        source: ExceptionSource::Object,
        name: "shop/mesh".into(),
        namespaces: vec!["shop".into()],
        workloads: vec![workload("Pod"), workload("Deployment")],
        grants: vec![Grant {
            rule: "added-capability".into(),
            containers: vec!["init".into()],
            values: vec!["NET_ADMIN".into()],
        }],
        reason: "mesh".into(),
        owner: Some("team-mesh".into()),
        created: None,
        expires: Some("2026-12-01".parse().unwrap()),
        on_expiry: OnExpiry::Refuse,
    }
}

/// The part of a request that creates a pod with containers that add capabilities.
fn create(name: &str, containers: &[(&str, &str)]) -> String {
    let containers: Vec<String> = containers
        .iter()
        .map(|(name, added)| {
            format!(r#"{{"name":"{name}","securityContext":{{"capabilities":{{"add":["{added}"]}}}}}}"#)
        })
        .collect();
    let containers = containers.join(",");
    format!(
        r#""operation":"CREATE","object":{{"metadata":{{"name":"{name}"}},"spec":{{"containers":[{containers}]}}}}"#
    )
}

#[test]
fn exceptions_take_out_what_they_name() {
    let cluster = Cluster { exceptions: vec![exception()], ..shop("enforce=baseline,warn=baseline") };
    let answer = |pod: &str| ask(&cluster, &admission(), "Pod", pod).unwrap();
    assert_eq!(
        answer(&create("web", &[("init", "NET_ADMIN")])),
        r#""allowed":true,"auditAnnotations":{"enforce-policy":"baseline:latest","exceptions":"shop/mesh""#
    );
    assert_eq!(cluster.recorded.take(), ["allow enforce baseline:latest"]);
    let left = answer(&create("web", &[("init", "NET_ADMIN"), ("app", "SYS_ADMIN")]));
    assert!(left.starts_with(r#""allowed":false"#), "{left}");
    assert!(
        left.contains(r#"violates PodSecurity \"baseline:latest\": non-default capabilities (container \"app\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add)""#),
        "{left}"
    );
    assert!(left.contains(r#""exceptions":"shop/mesh""#), "{left}");
    for other in [
        create("api", &[("init", "NET_ADMIN")]),
        create("web", &[("app", "NET_ADMIN")]),
        create("web", &[("init", "NET_RAW")]),
    ] {
        let refused = answer(&other);
        assert!(refused.starts_with(r#""allowed":false"#) && !refused.contains("shop/mesh"), "{refused}");
    }
    let elsewhere = Cluster {
        exceptions: vec![Exception { namespaces: vec!["prod".into()], ..exception() }],
        ..shop("enforce=baseline")
    };
    let refused = ask(&elsewhere, &admission(), "Pod", &create("web", &[("init", "NET_ADMIN")])).unwrap();
    assert!(refused.starts_with(r#""allowed":false"#), "{refused}");
}

#[test]
fn exceptions_end_or_warn() {
    let over: Date = "2026-11-30".parse().unwrap();
    let ended = Exception { expires: Some(over), ..exception() };
    let pod = create("web", &[("init", "NET_ADMIN")]);
    let answer = |exception: Exception| {
        let cluster = Cluster { exceptions: vec![exception], ..shop("enforce=baseline") };
        ask(&cluster, &admission(), "Pod", &pod).unwrap()
    };
    assert!(answer(ended.clone()).starts_with(r#""allowed":false"#));
    let warned = answer(Exception { on_expiry: OnExpiry::Warn, ..ended });
    assert!(warned.starts_with(r#""allowed":true"#), "{warned}");
    assert!(
        warned.contains(r#""warnings":["PodSecurityException \"shop/mesh\" ended with 2026-11-30 and lets this pass for now: renew it or mend the workload, ask team-mesh""#),
        "{warned}"
    );
}

#[test]
fn exceptions_silence_warnings_of_what_makes_pods() {
    let cluster = Cluster { exceptions: vec![exception()], ..shop("warn=baseline") };
    let deployment = |name: &str| {
        let spec =
            r#"{"containers":[{"name":"init","securityContext":{"capabilities":{"add":["NET_ADMIN"]}}}]}"#;
        format!(
            r#""operation":"CREATE","object":{{"metadata":{{"name":"{name}"}},"spec":{{"template":{{"spec":{spec}}}}}}}"#
        )
    };
    let answer = |name| ask(&cluster, &admission(), "Deployment", &deployment(name)).unwrap();
    assert_eq!(answer("web"), r#""allowed":true,"auditAnnotations":{"exceptions":"shop/mesh""#);
    assert!(answer("api").contains("would violate PodSecurity"), "{}", answer("api"));
}

#[test]
fn owners_are_fetched_only_where_they_matter() {
    let owned = r#""userInfo":{"username":"system:kube-controller-manager"},"operation":"CREATE","object":{"metadata":{"name":"web","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"u","controller":true}]},"spec":{HOST}}"#;
    let (fails, fine) = (owned.replace("HOST", r#""hostPID":true"#), owned.replace("HOST", ""));
    let answer = |cluster: &Cluster, pod: &str| {
        let around = Surroundings {
            namespaces: &shop("enforce=baseline"),
            pods: cluster,
            exceptions: cluster,
            owners: cluster,
            suspensions: cluster,
            rights: cluster,
            recorder: cluster,
        };
        ask_in(around, &admission(), "Pod", pod)
    };
    let later = Cluster { exceptions: vec![exception()], later: true, ..Cluster::default() };
    assert_eq!(answer(&later, &fails), None);
    assert!(later.recorded.borrow().is_empty());
    assert!(answer(&later, &fine).unwrap().starts_with(r#""allowed":true"#));
    let none = Cluster { later: true, ..Cluster::default() };
    assert!(answer(&none, &fails).unwrap().starts_with(r#""allowed":false"#));
}

#[test]
fn a_goal_is_enforced_in_place_of_the_label() {
    let mut cluster = shop("enforce=privileged");
    cluster.own = &[("seawall.dev/enforce", "baseline")];
    let refused = ask(&cluster, &admission(), "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(refused.contains(r#"violates PodSecurity \"baseline:latest\""#), "{refused}");
    cluster.own = &[("seawall.dev/enforce", "none")];
    let refused = ask(&cluster, &admission(), "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(refused.contains("restricted:latest") && refused.contains("Failed to parse policy"), "{refused}");
    let create = r#""operation":"CREATE","object":{"metadata":{"name":"shop","labels":{"seawall.dev/enforce":"none"}}}"#;
    let invalid = ask(&cluster, &admission(), "Namespace", create).unwrap();
    assert!(invalid.contains(r#""field":"metadata.labels[seawall.dev/enforce]""#), "{invalid}");
}

fn with_settings(settings: Settings) -> Admission {
    Admission::new(Configuration { settings, ..Configuration::default() }, 37)
}

#[test]
fn what_makes_pods_is_refused_where_that_is_asked_for() {
    let strict = with_settings(Settings { refuse_controllers: true, ..Settings::default() });
    let cluster = shop("enforce=baseline");
    let deployment = |host: bool| {
        format!(r#"{{"metadata":{{"name":"web"}},"spec":{{"template":{{"spec":{{"hostPID":{host}}}}}}}}}"#)
    };
    let (bad, good) = (deployment(true), deployment(false));
    let is_allowed = |admission: &Admission, kind: &str, asked: &str| {
        let answer = ask(&cluster, admission, kind, asked).unwrap();
        assert!(answer.starts_with(r#""allowed":true"#) || answer.contains(r#""code":403"#), "{answer}");
        answer.starts_with(r#""allowed":true"#)
    };
    let created = |object: &str| format!(r#""operation":"CREATE","object":{object}"#);
    let updated = |old: &str, new: &str| format!(r#""operation":"UPDATE","object":{new},"oldObject":{old}"#);
    assert!(!is_allowed(&strict, "Deployment", &created(&bad)));
    assert!(is_allowed(&strict, "Deployment", &created(&good)));
    assert!(is_allowed(&admission(), "Deployment", &created(&bad)), "not unless it is asked for");
    assert!(!is_allowed(&strict, "Deployment", &updated(&good, &bad)));
    assert!(is_allowed(&strict, "Deployment", &updated(&bad, &bad)), "its labels and finalizers can change");
    let by = r#","userInfo":{"username":"system:serviceaccount:kube-system:deployment-controller"}"#;
    assert!(is_allowed(&strict, "ReplicaSet", &(created(&bad) + by)));
    assert!(!is_allowed(&strict, "Deployment", &(created(&bad) + by)));
}

#[test]
fn reports_refuse_nothing() {
    let reporting = with_settings(Settings { report_only: true, ..Settings::default() });
    let cluster = shop("enforce=baseline");
    let answer = ask(&cluster, &reporting, "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(answer.starts_with(r#""allowed":true,"auditAnnotations":{"enforce-policy":"baseline:latest","would-refuse":"pods \"x\" is forbidden: violates"#), "{answer}");
    assert!(answer.contains(r#""warnings":["this would be refused: pods \"x\" is forbidden"#), "{answer}");
    assert_eq!(cluster.recorded.take(), ["deny enforce baseline:latest"]);
    let unknown = ask(&Cluster::default(), &reporting, "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(unknown.starts_with(r#""allowed":true"#) && unknown.contains("would-refuse"), "{unknown}");
}

#[test]
fn break_glass_refuses_nothing_and_tells_all() {
    let cluster = Cluster { suspended: &["shop"], ..shop("enforce=baseline") };
    let answer = |asked: &str| ask(&cluster, &admission(), "Pod", asked).unwrap();
    let why = r#"pods \"x\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set securityContext.privileged=true)"#;
    let suspended = format!(
        r#""allowed":true,"auditAnnotations":{{"enforce-policy":"baseline:latest","break-glass":"outage","would-refuse":"{why}"}},"warnings":["PodSecurityBreakGlass \"outage\" lets this pass until 2026-12-01T10:00:00Z: {why}""#
    );
    assert!(answer(CREATE_PRIVILEGED).starts_with(&suspended), "{}", answer(CREATE_PRIVILEGED));
    let recorded = cluster.recorded.take();
    assert_eq!(recorded[0], "deny enforce baseline:latest");
    assert!(
        recorded[1].starts_with("outage lets shop/x pass: pods \"x\" is forbidden: violates"),
        "{recorded:?}"
    );
    // Nothing comes of a dry run: it is told, and not counted as let pass.
    assert!(answer(&format!(r#"{CREATE_PRIVILEGED},"dryRun":true"#)).starts_with(&suspended));
    assert_eq!(cluster.recorded.take(), ["deny enforce baseline:latest"]);
    // What is fine is as ever.
    let fine = r#""operation":"CREATE","object":{"spec":{"containers":[{"name":"c"}]}}"#;
    let allowed = r#""allowed":true,"auditAnnotations":{"enforce-policy":"baseline:latest""#;
    assert_eq!(answer(fine), allowed);
    assert_eq!(cluster.recorded.take(), ["allow enforce baseline:latest"]);
    // What cannot be judged is no reason to refuse either.
    let unknown = Cluster { suspended: &["shop"], ..Cluster::default() };
    let passed = ask(&unknown, &admission(), "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(passed.starts_with(r#""allowed":true"#) && passed.contains("would-refuse"), "{passed}");
    let elsewhere = Cluster { suspended: &["bank"], ..shop("enforce=baseline") };
    let refused = ask(&elsewhere, &admission(), "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(refused.starts_with(r#""allowed":false"#), "{refused}");
}

#[test]
fn break_glass_is_for_pods_and_what_makes_them() {
    let cluster = Cluster { suspended: &["shop", "x", ""], ..shop("enforce=baseline") };
    let strict = with_settings(Settings { refuse_controllers: true, ..Settings::default() });
    let deployment = r#""operation":"CREATE","object":{"spec":{"template":{"spec":{"hostPID":true}}}}"#;
    let answer = ask(&cluster, &strict, "Deployment", deployment).unwrap();
    assert!(
        answer.starts_with(r#""allowed":true"#) && answer.contains(r#""break-glass":"outage""#),
        "{answer}"
    );
    let create = r#""operation":"CREATE","object":{"metadata":{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"none"}}}"#;
    let invalid = ask(&cluster, &strict, "Namespace", create).unwrap();
    assert!(invalid.starts_with(r#""allowed":false"#), "{invalid}");
    let reporting = with_settings(Settings { report_only: true, ..Settings::default() });
    let reported = ask(&cluster, &reporting, "Pod", CREATE_PRIVILEGED).unwrap();
    assert!(reported.contains("this would be refused: ") && !reported.contains("outage"), "{reported}");
}

/// The same for what may be set: the answer, with its patch as JSON.
fn set(cluster: &Cluster, admission: &Admission, kind: &str, more: &str) -> Option<(String, Response)> {
    let resource = if kind == "Pod" { "pods" } else { "namespaces" };
    let body = format!(
        r#"{{"request":{{"uid":"u","kind":{{"group":"","version":"v1","kind":"{kind}"}},
            "resource":{{"group":"","version":"v1","resource":"{resource}"}},"name":"x","namespace":"shop",{more}}}}}"#
    );
    let around = Surroundings {
        namespaces: cluster,
        pods: cluster,
        exceptions: cluster,
        owners: cluster,
        suspensions: cluster,
        rights: cluster,
        recorder: cluster,
    };
    let response = admission.mutate(&read_review(body.as_bytes()).unwrap(), around)?;
    assert!(response.allowed && response.status.is_none());
    assert!(cluster.recorded.borrow().is_empty());
    Some((response.patch.clone().unwrap_or_default(), response))
}

const OPTED_IN: &[(&str, &str)] = &[MUTATE_LABEL];

/// A pod that runs as a user, and what more of the request.
fn stated(context: &str) -> String {
    format!(
        r#""operation":"CREATE","object":{{"spec":{{"securityContext":{{"runAsUser":7}},
            "initContainers":[{{"name":"i"}}],"containers":[{{"name":"a","securityContext":{{{context}}}}}]}}}}"#
    )
}

#[test]
fn pods_get_what_they_leave_out_where_that_is_wanted() {
    let mut cluster = shop("enforce=restricted");
    let patch = |cluster: &Cluster, asked: &str| set(cluster, &admission(), "Pod", asked).unwrap().0;
    assert_eq!(patch(&cluster, &stated("")), "", "nobody opted in");
    cluster.own = OPTED_IN;
    let nothing_gained = r#""allowPrivilegeEscalation":false,"capabilities":{}"#;
    let (made, response) = set(&cluster, &admission(), "Pod", &stated(nothing_gained)).unwrap();
    assert_eq!(
        made,
        concat!(
            r#"[{"op":"add","path":"/spec/containers/0/securityContext/capabilities/drop","value":["ALL"]},"#,
            r#"{"op":"add","path":"/spec/initContainers/0/securityContext","value":{}},"#,
            r#"{"op":"add","path":"/spec/initContainers/0/securityContext/runAsNonRoot","value":true},"#,
            r#"{"op":"add","path":"/spec/containers/0/securityContext/runAsNonRoot","value":true}]"#
        )
    );
    let said = "for PodSecurity \"restricted:latest\": securityContext.capabilities.drop=[\"ALL\"] (container \"a\"), securityContext.runAsNonRoot=true (containers \"i\", \"a\")";
    assert_eq!(response.warnings, [format!("set {said}")]);
    assert_eq!(response.audit_annotations, [("set", said.to_owned())]);
    let mut out = Vec::new();
    response.write("u", &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains(r#""allowed":true,"patchType":"JSONPatch","patch":"W3sib3AiOiJhZGQi"#), "{text}");

    // What somebody wrote stays, and a bare pod might run as root.
    let some_dropped =
        r#""runAsNonRoot":true,"allowPrivilegeEscalation":false,"capabilities":{"drop":["CHOWN"]}"#;
    assert!(!patch(&cluster, &stated(some_dropped)).contains("drop"));
    assert_eq!(
        patch(&cluster, r#""operation":"CREATE","object":{"spec":{"containers":[{"name":"a"}]}}"#),
        ""
    );
    let windows = stated("").replace(
        r#""securityContext":{"runAsUser":7}"#,
        r#""securityContext":{"runAsUser":7},"nodeSelector":{"kubernetes.io/os":"windows"}"#,
    );
    assert_eq!(patch(&cluster, &windows), "");
    let mirror = stated("")
        .replace(r#""spec":"#, r#""metadata":{"annotations":{"kubernetes.io/config.mirror":"h"}},"spec":"#);
    assert_eq!(patch(&cluster, &mirror), "");
    for other in [
        stated("").replace("CREATE", "UPDATE"),
        stated("") + r#","subResource":"ephemeralcontainers","requestSubResource":"ephemeralcontainers""#,
    ] {
        assert_eq!(patch(&cluster, &other), "");
    }
    let containers = |count: usize| {
        let containers: Vec<String> = (0..count).map(|i| format!(r#"{{"name":"c{i}"}}"#)).collect();
        let containers = containers.join(",");
        format!(
            r#""operation":"CREATE","object":{{"spec":{{"securityContext":{{"runAsUser":7}},"containers":[{containers}]}}}}"#
        )
    };
    assert_eq!(patch(&cluster, &containers(1000)).matches("runAsNonRoot").count(), 1000);
    assert_eq!(patch(&cluster, &containers(1001)), "", "memory is bounded");
    for labels in ["enforce=baseline", "enforce=privileged,warn=restricted", ""] {
        assert_eq!(patch(&Cluster { own: OPTED_IN, ..shop(labels) }, &stated("")), "", "{labels}");
    }
    let goal =
        Cluster { own: &[MUTATE_LABEL, ("seawall.dev/enforce", "restricted")], ..shop("enforce=baseline") };
    assert_ne!(patch(&goal, &stated("")), "");
}

#[test]
fn nothing_is_set_for_who_is_exempt_or_unknown() {
    let cluster = Cluster { own: OPTED_IN, ..shop("enforce=restricted") };
    let configuration = |text: &str| {
        let head = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n";
        Admission::new(Configuration::read(format!("{head}{text}").as_bytes()).unwrap(), 37)
    };
    for (text, exempt) in [
        ("exemptions: {namespaces: [shop]}", "namespace"),
        ("exemptions: {usernames: [root]}", "user"),
        ("exemptions: {runtimeClasses: [vm]}", "runtimeClass"),
    ] {
        let asked = stated("").replace(r#""spec":{"#, r#""spec":{"runtimeClassName":"vm","#)
            + r#","userInfo":{"username":"root"}"#;
        let (patch, response) = set(&cluster, &configuration(text), "Pod", &asked).unwrap();
        assert_eq!((&*patch, response.audit_annotations), ("", vec![("exempt", exempt.to_owned())]));
    }
    let defaults = configuration("defaults: {enforce: restricted, enforce-version: v1.24}");
    let unlabelled = Cluster { own: OPTED_IN, ..shop("") };
    assert!(
        set(&unlabelled, &defaults, "Pod", &stated("")).unwrap().1.warnings[0].contains("restricted:v1.24")
    );

    assert!(set(&Cluster { later: true, ..shop("") }, &admission(), "Pod", &stated("")).is_none());
    let (_, unknown) = set(&Cluster::default(), &admission(), "Pod", &stated("")).unwrap();
    assert!(unknown.audit_annotations[0].1.contains("\"shop\" not found"), "{unknown:?}");

    let reporting = with_settings(Settings { report_only: true, ..Settings::default() });
    let (patch, response) = set(&cluster, &reporting, "Pod", &stated("")).unwrap();
    assert_eq!((&*patch, response.audit_annotations[0].0), ("", "would-set"));
    assert!(response.warnings[0].starts_with("this would be set for PodSecurity \"restricted:latest\": "));
}

#[test]
fn new_namespaces_get_what_they_leave_out() {
    let text = "apiVersion: seawall.dev/v1alpha1\nkind: WebhookSettings\nnamespaceDefaults:\n- {names: [team-a], enforce: privileged}\n- {names: [team-*], enforce: baseline, enforceVersion: v1.30, warn: restricted}\n- {names: ['*'], audit: baseline}\n";
    let admission = Admission::new(Configuration::read(text.as_bytes()).unwrap(), 37);
    let labelled = |metadata: &str| {
        let asked = format!(r#""operation":"CREATE","object":{{"metadata":{{{metadata}}}}}"#);
        let (patch, response) = set(&Cluster::default(), &admission, "Namespace", &asked).unwrap();
        assert_eq!(patch.is_empty(), response.warnings.is_empty());
        let keys = ["enforce", "audit", "warn"].into_iter().filter(|key| patch.contains(key));
        (keys.collect::<Vec<_>>().join(" "), patch)
    };
    assert_eq!(
        labelled(r#""name":"team-b","labels":{"kubernetes.io/metadata.name":"team-b"}"#).1,
        concat!(
            r#"[{"op":"add","path":"/metadata/labels/pod-security.kubernetes.io~1enforce","value":"baseline"},"#,
            r#"{"op":"add","path":"/metadata/labels/pod-security.kubernetes.io~1enforce-version","value":"v1.30"},"#,
            r#"{"op":"add","path":"/metadata/labels/pod-security.kubernetes.io~1warn","value":"restricted"}]"#
        )
    );
    assert_eq!(
        labelled(r#""name":"shop""#).1,
        r#"[{"op":"add","path":"/metadata/labels","value":{}},{"op":"add","path":"/metadata/labels/pod-security.kubernetes.io~1audit","value":"baseline"}]"#
    );
    let with = |label: &str| labelled(&format!(r#""name":"team-b","labels":{{"{label}":"privileged"}}"#)).0;
    assert_eq!(with("pod-security.kubernetes.io/warn"), "enforce");
    assert_eq!(with("pod-security.kubernetes.io/warn-version"), "enforce");
    for decided in [
        "pod-security.kubernetes.io/enforce",
        "pod-security.kubernetes.io/enforce-version",
        "seawall.dev/enforce",
        "seawall.dev/enforce-version",
    ] {
        assert_eq!(with(decided), "", "{decided}");
    }
    assert_eq!(labelled(r#""name":"team-a""#).0, "enforce");
    assert_eq!(labelled(r#""generateName":"team-""#).0, "enforce warn", "it will be called team- and more");
    for system in ["kube-system", "kube-flannel"] {
        assert_eq!(labelled(&format!(r#""name":"{system}""#)).0, "");
    }
    let update = r#""operation":"UPDATE","object":{"metadata":{"name":"team-b"}},"oldObject":{}"#;
    assert_eq!(set(&Cluster::default(), &admission, "Namespace", update).unwrap().0, "");
}

#[test]
fn labels_are_lowered_by_those_who_may() {
    let labelled = |labels: &str| format!(r#"{{"metadata":{{"name":"shop","labels":{{{labels}}}}}}}"#);
    let (strict, open) = (
        r#""pod-security.kubernetes.io/enforce":"restricted""#,
        r#""pod-security.kubernetes.io/enforce":"x-no-level","pod-security.kubernetes.io/enforce-version":"v1.9""#,
    );
    let update = |old: &str, new: &str, user: &str| {
        format!(
            r#""operation":"UPDATE","object":{},"oldObject":{},"userInfo":{{"username":"{user}"}}"#,
            labelled(new),
            labelled(old)
        )
    };
    let guarding = with_settings(Settings { guard_labels: true, ..Settings::default() });
    let cluster = shop("");
    let answer = |asked: &str| ask(&cluster, &guarding, "Namespace", asked).unwrap();
    let refused = answer(&update(strict, "", "dev"));
    let said = "namespaces \\\"x\\\" is forbidden: lowers `pod-security.kubernetes.io/enforce` from `restricted` to nothing, which only those may who have the right to `lower` `namespacelevels.seawall.dev`: the ClusterRole `seawall-levels-lowerer` gives it\"";
    assert!(refused.contains(said) && refused.contains(r#""code":403"#), "{refused}");
    // What is no level is the strictest; an older version of that is less.
    let older = answer(&update(strict, open, "dev"));
    assert!(
        older.contains("lowers `pod-security.kubernetes.io/enforce-version` from nothing to `v1.9`, which"),
        "{older}"
    );
    assert_eq!(answer(&update(strict, "", "boss")), r#""allowed":true"#);
    assert_eq!(answer(&update("", strict, "dev")), r#""allowed":true"#);
    assert_eq!(
        ask(&cluster, &admission(), "Namespace", &update(strict, "", "dev")).unwrap(),
        r#""allowed":true"#
    );
    let unasked = answer(&update(strict, "", ""));
    assert!(unasked.contains("cannot be asked: nobody answers"), "{unasked}");
    let later = Cluster { later: true, ..shop("") };
    assert_eq!(ask(&later, &guarding, "Namespace", &update(strict, "", "boss")), None);
    assert_eq!(
        ask(&later, &guarding, "Namespace", &update(strict, strict, "boss")).unwrap(),
        r#""allowed":true"#
    );
    // By way of a subresource, too.
    let status = update(strict, "", "dev") + r#","subResource":"status","requestSubResource":"status""#;
    assert!(answer(&status).contains("lowers"), "{}", answer(&status));
    let status = update(strict, strict, "dev") + r#","subResource":"status","requestSubResource":"status""#;
    assert_eq!(answer(&status), r#""allowed":true"#);
    let first = answer(&update(strict, &format!(r#"{strict},"seawall.dev/enforce":"baseline""#), "dev"));
    assert!(first.contains("lowers `seawall.dev/enforce` from `restricted` of `pod-security.kubernetes.io/enforce` to `baseline`, which"), "{first}");
    let reporting = with_settings(Settings { guard_labels: true, report_only: true, ..Settings::default() });
    let told = ask(&cluster, &reporting, "Namespace", &update(strict, "", "dev")).unwrap();
    assert!(told.starts_with(r#""allowed":true"#) && told.contains("this would be refused: "), "{told}");
}

/// What was found out about workloads, one by one: whose it is, whether it was refused, and rules with their modes.
fn kept(cluster: &Cluster) -> Vec<String> {
    let told = |found: Found| {
        let Found { workload, uid, is_owner, refused, report_only, violated } = found;
        let rules: Vec<String> = violated
            .iter()
            .map(|rule| {
                let modes: Vec<String> =
                    rule.modes.iter().map(|(mode, at)| format!("{}={at}", mode.as_str())).collect();
                format!("{} {}", rule.rule.id, modes.join(","))
            })
            .collect();
        let Workload { api_version, kind, name } = workload;
        let flags = [(is_owner, " owner"), (refused, " refused"), (report_only, " report-only")];
        let flags: String = flags.into_iter().filter(|(is, _)| *is).map(|(_, flag)| flag).collect();
        format!("{api_version} {kind} {name} {uid}{flags}: {}", rules.join("; "))
    };
    cluster.found.take().into_iter().map(told).collect()
}

#[test]
fn what_is_found_out_is_kept_by_rule_and_mode() {
    let cluster = Cluster { keeps: Some(false), ..shop("enforce=baseline,audit=restricted,warn=restricted") };
    ask(&cluster, &admission(), "Pod", CREATE_PRIVILEGED).unwrap();
    let all = kept(&cluster);
    assert_eq!(all.len(), 1);
    // Who is refused is not warned.
    assert!(
        all[0].starts_with(
            "v1 Pod x  refused: privileged-container enforce=baseline:latest,audit=restricted:latest"
        ),
        "{all:?}"
    );
    assert!(all[0].contains("; run-as-non-root audit=restricted:latest"), "{all:?}");
    // What is only tried is not kept, and what passes only where it matters.
    let dry = CREATE_PRIVILEGED.replacen("\"operation\"", "\"dryRun\":true,\"operation\"", 1);
    ask(&cluster, &admission(), "Pod", &dry).unwrap();
    let fine = r#""operation":"CREATE","object":{"spec":{"containers":[{"name":"c"}]}}"#;
    let privileged = shop("enforce=baseline");
    for all in [Some(false), Some(true), None] {
        let cluster = Cluster { keeps: all, namespaces: privileged.namespaces.clone(), ..Cluster::default() };
        ask(&cluster, &admission(), "Pod", fine).unwrap();
        let expected: &[&str] = if all == Some(true) { &["v1 Pod x : "] } else { &[] };
        assert_eq!(kept(&cluster), expected);
    }
    assert_eq!(kept(&cluster), [""; 0]);
    // Nothing is forbidden, so that nothing is looked at: that is known all the same.
    for kind in ["Pod", "Deployment"] {
        let cluster = Cluster { keeps: Some(true), ..shop("") };
        ask(&cluster, &admission(), kind, CREATE_PRIVILEGED).unwrap();
        assert_eq!(kept(&cluster).len(), 1, "{kind}");
    }
    let settings = Settings { report_only: true, ..Settings::default() };
    let reporting = Admission::new(Configuration { settings, ..Configuration::default() }, 37);
    let cluster = Cluster { keeps: Some(false), ..shop("enforce=baseline") };
    ask(&cluster, &reporting, "Pod", CREATE_PRIVILEGED).unwrap();
    assert_eq!(
        kept(&cluster),
        ["v1 Pod x  refused report-only: privileged-container enforce=baseline:latest"]
    );
    // Nor is anything refused while break-glass holds.
    let cluster = Cluster { keeps: Some(false), suspended: &["shop"], ..shop("enforce=baseline") };
    ask(&cluster, &admission(), "Pod", CREATE_PRIVILEGED).unwrap();
    assert_eq!(
        kept(&cluster),
        ["v1 Pod x  refused report-only: privileged-container enforce=baseline:latest"]
    );
}

#[test]
fn an_owner_is_kept_only_if_its_controller_says_so() {
    let owned = |user: &str, operation: &str, kind: &str| {
        format!(
            r#""userInfo":{{"username":"{user}"}},"operation":"{operation}","object":{{"metadata":{{"name":"web-1","uid":"p",
                "ownerReferences":[{{"apiVersion":"apps/v1","kind":"{kind}","name":"web","uid":"o","controller":true}}]}},
                "spec":{{"hostPID":true,"containers":[{{"name":"c"}}]}}}}"#
        )
    };
    let controller = "system:serviceaccount:kube-system:replicaset-controller";
    let cluster = Cluster { keeps: Some(false), ..shop("enforce=baseline") };
    for (user, operation, kind, whose) in [
        (controller, "CREATE", "ReplicaSet", "apps/v1 ReplicaSet web o owner"),
        ("system:kube-controller-manager", "CREATE", "ReplicaSet", "apps/v1 ReplicaSet web o owner"),
        // Another controller's owner, and whoever writes one.
        (controller, "CREATE", "StatefulSet", "v1 Pod web-1 p"),
        ("someone", "CREATE", "ReplicaSet", "v1 Pod web-1 p"),
    ] {
        ask(&cluster, &admission(), "Pod", &owned(user, operation, kind)).unwrap();
        assert_eq!(
            kept(&cluster),
            [format!("{whose} refused: host-pid enforce=baseline:latest")],
            "{user} {kind}"
        );
    }
}

#[test]
fn what_exceptions_let_pass_is_not_kept_as_violated() {
    let cluster = Cluster { keeps: Some(true), exceptions: vec![exception()], ..shop("enforce=baseline") };
    let answer = ask(&cluster, &admission(), "Pod", &create("web", &[("init", "NET_ADMIN")])).unwrap();
    assert!(answer.contains("\"exceptions\""), "{answer}");
    assert_eq!(kept(&cluster), ["v1 Pod web : "]);
}
