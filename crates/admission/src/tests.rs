//! Whole answers, in a cluster of a few namespaces.

use std::cell::RefCell;

use super::*;

#[derive(Default)]
struct Cluster {
    /// A namespace and its labels, `enforce=baseline,warn=restricted`.
    namespaces: Vec<(&'static str, &'static str)>,
    pods: Vec<String>,
    later: bool,
    recorded: RefCell<Vec<String>>,
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
        Lookup::Known(labels.map(|(key, value)| (full(key), Box::from(value))).collect())
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
}

/// What is asked: a kind with its resource, and more of the request.
fn ask(cluster: &Cluster, admission: &Admission, kind: &str, more: &str) -> Option<String> {
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
    let around = Surroundings { namespaces: cluster, pods: cluster, recorder: cluster };
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
