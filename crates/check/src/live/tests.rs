use std::sync::Arc;

use seawall_model::Level;
use seawall_pss::namespace::LevelVersion;

use super::*;
use crate::{Levels, Mode, NoticeKind, Options, Source, Survey, Tally, survey};

const PLAIN: &str = r#"{"containers":[{"name":"app","image":"i"}]}"#;
const MESHED: &str = r#"{"initContainers":[{"name":"istio-init","image":"i","securityContext":{"capabilities":{"add":["NET_ADMIN"]}}}],"containers":[{"name":"app","image":"i"}]}"#;
/// Passes restricted.
const CLEAN: &str = r#"{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"app","image":"i","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}"#;
/// Cannot be decoded.
const BROKEN: &str = r#"{"containers":[{"name":"app","image":"i","securityContext":{"privileged":"yes"}}]}"#;
/// What the template fails, and nothing else.
const PROXIED: &str = r#"{"containers":[{"name":"app","image":"i"},{"name":"proxy","image":"i"}]}"#;

/// An object with a UID of its own name, and what controls it.
fn object(kind: &str, name: &str, controller: Option<(&str, &str)>, more: &str, body: &str) -> String {
    let api_version = match kind {
        "Pod" | "Namespace" => "v1",
        "CronJob" | "Job" => "batch/v1",
        _ => "apps/v1",
    };
    let owners = controller.map(|(kind, name)| {
        format!(
            r#""ownerReferences":[{{"apiVersion":"x/v1","kind":"{kind}","name":"{name}","uid":"{kind}-{name}","controller":true}}],"#
        )
    });
    let owners = owners.unwrap_or_default();
    let namespace = if kind == "Namespace" { "" } else { r#""namespace":"shop","# };
    format!(
        r#"{{"apiVersion":"{api_version}","kind":"{kind}","metadata":{{"name":"{name}",{namespace}{owners}{more}"uid":"{kind}-{name}"}}{body}}}"#
    )
}

fn pod(name: &str, controller: Option<(&str, &str)>, more: &str, spec: &str) -> String {
    object("Pod", name, controller, more, &format!(r#","spec":{spec}"#))
}

fn templated(kind: &str, name: &str, controller: Option<(&str, &str)>, more: &str, spec: &str) -> String {
    let body =
        format!(r#","spec":{{{more}"selector":{{"matchLabels":{{"a":"b"}}}},"template":{{"spec":{spec}}}}}"#);
    object(kind, name, controller, "", &body)
}

fn cron(name: &str, spec: &str) -> String {
    let body = format!(
        r#","spec":{{"schedule":"1 1 * * *","jobTemplate":{{"spec":{{"template":{{"spec":{spec}}}}}}}}}"#
    );
    object("CronJob", name, None, "", &body)
}

fn namespace(labels: &str) -> String {
    object("Namespace", "shop", None, &format!(r#""labels":{{{labels}}},"#), "")
}

/// What is judged of a cluster, and what is said of it. Each line is a part of its own.
fn settled(lines: &[String]) -> (Vec<bool>, Vec<String>, Vec<Option<Survey>>) {
    let file: Arc<str> = "cluster".into();
    let options = Options::default();
    let of = |line: &String| {
        let bytes: Arc<[u8]> = line.as_bytes().into();
        Some(survey(Source { live: Some(0), ..Source::named(&file, &bytes) }, &options))
    };
    let mut surveys: Vec<Option<Survey>> = lines.iter().map(of).collect();
    let notices = settle(&mut surveys, options.kubernetes);
    let judged = surveys.iter().flatten().flat_map(|s| &s.workloads).map(|seen| !seen.covered).collect();
    assert!(notices.iter().all(|n| matches!(n.kind, NoticeKind::PodsDiffer | NoticeKind::OwnerNotSeen)));
    (judged, notices.into_iter().map(|notice| notice.message).collect(), surveys)
}

#[test]
fn what_controllers_made_is_judged_with_them() {
    let web = Some(("Deployment", "web"));
    let (judged, said, _) = settled(&[
        templated("Deployment", "web", None, "", PLAIN),
        templated("ReplicaSet", "web-1", web, "", PLAIN),
        pod("web-1-a", Some(("ReplicaSet", "web-1")), "", PLAIN),
        cron("nightly", PLAIN),
        templated("Job", "nightly-1", Some(("CronJob", "nightly")), "", PLAIN),
        pod("nightly-1-a", Some(("Job", "nightly-1")), "", PLAIN),
        pod("lone", None, "", PLAIN),
    ]);
    assert_eq!(judged, [true, false, false, true, false, false, true]);
    assert_eq!(said, [""; 0]);
}

#[test]
fn pods_that_came_out_in_another_way_are_judged_once_for_each_way() {
    let set = Some(("ReplicaSet", "web-1"));
    let istio = r#""annotations":{"sidecar.istio.io/status":"{}"},"managedFields":[{"manager":"kubelet"},{"manager":"patcher"}],"#;
    let (judged, said, _) = settled(&[
        templated("Deployment", "web", None, "", PLAIN),
        templated("ReplicaSet", "web-1", Some(("Deployment", "web")), "", PLAIN),
        pod("a", set, "", PLAIN),
        pod("b", set, istio, MESHED),
        pod("c", set, istio, MESHED),
        pod("d", set, "", r#"{"hostPID":true,"containers":[{"name":"app","image":"i"}]}"#),
        pod("e", set, "", PROXIED),
    ]);
    assert_eq!(judged, [true, false, false, true, false, true, false]);
    assert_eq!(
        said,
        [
            "2 pods of Deployment web, such as Pod b, in namespace `shop` came out in another way than the template: they fail \
             capabilities_baseline, which it does not and have containers that it has not, `istio-init` (by Istio, `patcher`)",
            "Pod d, which Deployment web made, in namespace `shop` came out in another way than the template: they fail \
             hostNamespaces, which it does not",
            "pods of Deployment web in namespace `shop` have containers that their templates have not: `proxy`",
        ]
    );
}

#[test]
fn pods_of_an_older_template_are_told_from_changed_ones() {
    let old = r#"{"hostPID":true,"containers":[{"name":"app","image":"i"}]}"#;
    let web = Some(("Deployment", "web"));
    let (judged, said, _) = settled(&[
        templated("Deployment", "web", None, "", PLAIN),
        templated("ReplicaSet", "old", web, "", old),
        pod("a", Some(("ReplicaSet", "old")), "", old),
    ]);
    assert_eq!(judged, [true, false, true]);
    assert!(said.len() == 1 && said[0].ends_with("; an older template made them"), "{said:?}");
}

#[test]
fn owners_that_are_not_seen_or_lead_in_circles_lose_no_pod() {
    let rollout = Some(("Rollout", "ro"));
    let (judged, said, _) =
        settled(&[pod("a", rollout, "", PLAIN), pod("b", rollout, "", PLAIN), pod("c", rollout, "", MESHED)]);
    assert_eq!(judged, [true, false, true]);
    assert_eq!(
        said,
        [
            "Pod a in namespace `shop` and 1 more like it are judged once: its controller Rollout ro was not seen",
            "Pod c in namespace `shop`: its controller Rollout ro was not seen",
        ]
    );
    // Nothing that a server stores, but nothing that may hang or hide a pod either.
    let (judged, ..) = settled(&[
        templated("ReplicaSet", "x", Some(("ReplicaSet", "y")), "", PLAIN),
        templated("ReplicaSet", "y", Some(("ReplicaSet", "x")), "", PLAIN),
        pod("p", Some(("ReplicaSet", "x")), "", MESHED),
    ]);
    assert_eq!(judged, [true; 3]);
    let (judged, ..) = settled(&[
        pod("own", Some(("Pod", "own")), "", MESHED),
        templated("DaemonSet", "own", Some(("DaemonSet", "own")), "", MESHED),
    ]);
    assert_eq!(judged, [true; 2]);
}

#[test]
fn owners_speak_only_for_what_controllers_make_of_them() {
    let operator = Some(("Deployment", "operator"));
    let (judged, said, _) = settled(&[
        templated("Deployment", "operator", None, "", PLAIN),
        templated("DaemonSet", "agent", operator, "", MESHED),
        pod("agent-a", Some(("DaemonSet", "agent")), "", MESHED),
        pod("direct-a", operator, "", PLAIN),
        pod("direct-b", operator, "", PLAIN),
        templated("Job", "once", operator, "", PLAIN),
    ]);
    assert_eq!(judged, [true, true, false, true, true, true]);
    assert_eq!(said, [""; 0]);
}

#[test]
fn of_a_controller_that_is_not_seen_only_pods_are_judged_once() {
    let custom = Some(("Prometheus", "main"));
    let (judged, said, _) = settled(&[
        templated("StatefulSet", "a", custom, "", PLAIN),
        templated("StatefulSet", "b", custom, "", PLAIN),
        pod("a-0", Some(("StatefulSet", "a")), "", PLAIN),
    ]);
    assert_eq!(judged, [true, true, false]);
    assert_eq!(said, [""; 0]);
}

#[test]
fn what_cannot_be_judged_is_covered_only_by_what_cannot_either() {
    let (fine, bad) = (Some(("ReplicaSet", "fine")), Some(("ReplicaSet", "bad")));
    let (judged, said, _) = settled(&[
        templated("ReplicaSet", "fine", None, "", PLAIN),
        pod("a", fine, "", PLAIN),
        pod("b", fine, "", BROKEN),
        templated("ReplicaSet", "bad", None, "", BROKEN),
        pod("c", bad, "", BROKEN),
        pod("d", bad, "", MESHED),
        pod("e", bad, "", MESHED),
        pod("f", Some(("Rollout", "ro")), "", CLEAN),
        pod("g", Some(("Rollout", "ro")), "", BROKEN),
    ]);
    assert_eq!(judged, [true, false, true, true, false, true, false, true, true]);
    assert!(
        said[0].contains(
            "Pod d in namespace `shop` and 1 more like it are judged once: the template of its controller"
        ),
        "{said:?}"
    );
}

#[test]
fn an_owner_of_another_namespace_speaks_for_nobody() {
    let elsewhere = |line: String| line.replace("\"shop\"", "\"other\"");
    let (judged, ..) = settled(&[
        templated("ReplicaSet", "web", None, "", PLAIN),
        elsewhere(pod("a", Some(("ReplicaSet", "web")), "", PLAIN)),
        pod("b", Some(("Rollout", "ro")), "", PLAIN),
        elsewhere(pod("c", Some(("Rollout", "ro")), "", PLAIN)),
    ]);
    assert_eq!(judged, [true; 4]);
}

#[test]
fn static_pods_are_judged_each() {
    let node = Some(("Node", "n1"));
    let (judged, said, _) =
        settled(&[pod("etcd-n1", node, "", PLAIN), pod("kube-scheduler-n1", node, "", PLAIN)]);
    assert_eq!((&judged[..], said.len()), (&[true, true][..], 0));
}

#[test]
fn namespaces_are_summed_up() {
    let lines = [
        namespace(r#""pod-security.kubernetes.io/enforce":"baseline","capsule.clastix.io/tenant":"t""#),
        pod("a", None, "", PLAIN),
        pod("b", None, "", MESHED),
    ];
    let (.., surveys) = settled(&lines);
    let options = Options::default();
    let declared: Vec<_> = surveys.iter().flatten().flat_map(|s| s.namespaces().to_vec()).collect();
    let flag = "restricted".parse::<LevelVersion>().unwrap();
    let levels = Levels::new(&declared, &[], Vec::new(), flag).0;
    let summed = |surveys: &[Option<Survey>], blind: bool| {
        let mut tally = Tally::new(&options, &[]);
        tally.by_namespace();
        surveys.iter().flatten().for_each(|survey| tally.file(survey, 0, &levels, &options));
        tally.take_namespaces(&levels, &|_| blind);
        tally.finish().namespaces.unwrap()
    };
    let empty = |blind| summed(&surveys[..1], blind)[0].strictest;
    assert_eq!((empty(false), empty(true)), (Some(Level::Restricted), None));
    let all = summed(&surveys, true);
    let [shop] = &all[..] else { panic!("{all:?}") };
    assert_eq!((shop.name.as_str(), shop.managed_by, shop.system), ("shop", Some("Capsule"), None));
    assert_eq!((shop.strictest, shop.workloads), (Some(Level::Privileged), 2));
    assert_eq!(shop.blockers, [("added capabilities", 1)]);
    assert_eq!(shop.labels.unwrap()[Mode::Enforce as usize].level, Level::Baseline);
}

fn enforcing(lines: &[String], level: &str) -> Enforcing {
    let options = Options::default();
    let mut enforcement = Enforcement::new("shop", level.parse().unwrap(), &options);
    for line in lines {
        enforcement.add(&line.as_bytes().into());
    }
    enforcement.finish()
}

#[test]
fn what_the_server_does_not_look_at_is_told_too() {
    let lines = [
        namespace(""),
        templated("Deployment", "web", None, r#""replicas":2,"#, PLAIN),
        templated("ReplicaSet", "web-1", Some(("Deployment", "web")), "", PLAIN),
        templated("ReplicaSet", "web-0", Some(("Deployment", "web")), r#""replicas":0,"#, PLAIN),
        templated("Deployment", "zero", None, r#""replicas":0,"#, PLAIN),
        templated("DaemonSet", "agent", None, "", PLAIN),
        cron("nightly", PLAIN),
        pod("web-1-a", Some(("ReplicaSet", "web-1")), "", PLAIN),
    ];
    let found = enforcing(&lines, "restricted");
    assert_eq!(found.warnings.len(), 2);
    assert_eq!((found.pods, &found.refused), (1, &vec!["web-1-a".to_owned()]));
    let unseen: Vec<(&str, &str)> = found.unseen.iter().map(|u| (u.called.as_str(), u.because)).collect();
    assert_eq!(
        unseen,
        [
            ("Deployment zero", "it is scaled to zero"),
            ("DaemonSet agent", "it has no pods"),
            ("CronJob nightly", "its next run makes pods"),
        ]
    );
    assert!(!found.can() && found.beyond().is_none());
    let baseline = enforcing(&lines, "baseline");
    assert!(baseline.can() && baseline.looks && baseline.warnings.is_empty());
}

#[test]
fn pods_of_another_template_do_not_speak_for_a_template() {
    let lines = [
        namespace(""),
        cron("nightly", PLAIN),
        templated("Job", "nightly-1", Some(("CronJob", "nightly")), "", CLEAN),
        pod("nightly-1-a", Some(("Job", "nightly-1")), "", CLEAN),
        templated("StatefulSet", "db", None, "", PLAIN),
        pod("db-0", Some(("StatefulSet", "db")), "", CLEAN),
    ];
    let found = enforcing(&lines, "restricted");
    let unseen: Vec<(&str, &str)> = found.unseen.iter().map(|u| (u.called.as_str(), u.because)).collect();
    let because = "its pods are of another template";
    assert_eq!(unseen, [("CronJob nightly", because), ("StatefulSet db", because)]);
    assert!(!found.can() && found.refused.is_empty());
}

#[test]
fn templates_that_name_themselves_as_their_controller_are_told_too() {
    let lines = [
        namespace(""),
        templated("DaemonSet", "own", Some(("DaemonSet", "own")), "", PLAIN),
        templated("ReplicaSet", "x", Some(("ReplicaSet", "y")), "", PLAIN),
        templated("ReplicaSet", "y", Some(("ReplicaSet", "x")), "", PLAIN),
        templated("Deployment", "operator", None, "", CLEAN),
        templated("StatefulSet", "made", Some(("Deployment", "operator")), "", PLAIN),
    ];
    let found = enforcing(&lines, "restricted");
    let unseen: Vec<&str> = found.unseen.iter().map(|u| u.called.as_str()).collect();
    assert_eq!(unseen, ["DaemonSet own", "ReplicaSet x", "ReplicaSet y", "StatefulSet made"]);
}

#[test]
fn what_cannot_be_read_is_not_taken_for_clean() {
    let found = |line: String| enforcing(&[namespace(""), line], "restricted").unread;
    assert_eq!(found(pod("p", None, "", BROKEN)), ["Pod p"]);
    assert_eq!(found(templated("Deployment", "d", None, "", BROKEN)), ["Deployment d"]);
    assert_eq!(found(pod("p", None, "", CLEAN)), [""; 0]);
    assert_eq!(found(pod("p", None, "", BROKEN).replace("\"shop\"", "\"other\"")), [""; 0]);
    assert_eq!(found("{\"apiVersion\":".to_owned()).len(), 1);
    assert_eq!(found("{\"kind\":\"Pod\"}".to_owned()).len(), 1);
}

#[test]
fn a_namespace_that_enforces_it_already_draws_no_warning() {
    let lines =
        [namespace(r#""pod-security.kubernetes.io/enforce":"restricted""#), pod("a", None, "", PLAIN)];
    let found = enforcing(&lines, "restricted");
    assert!(!found.looks && found.warnings.is_empty());
    assert!(!found.can(), "the pod would be refused all the same");
}

#[test]
fn pods_beyond_the_limit_of_the_server_are_counted() {
    let mut lines = vec![namespace("")];
    lines.extend((0..3002).map(|i| pod(&format!("p{i}"), None, "", PLAIN)));
    let found = enforcing(&lines, "restricted");
    assert_eq!((found.pods, found.beyond()), (3002, Some(2)));
    assert!(found.warnings[1].starts_with("p0 (and 3001 other pods): "), "{:?}", found.warnings);
}
