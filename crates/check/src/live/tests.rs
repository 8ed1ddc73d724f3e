use std::sync::Arc;

use seawall_model::Level;

use super::*;
use crate::{Levels, Mode, NamespaceObject, NoticeKind, Options, Source, Survey, Tally, survey};

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
    let kinds = [NoticeKind::PodsDiffer, NoticeKind::OwnerNotSeen, NoticeKind::ContextConstraint];
    assert!(notices.iter().all(|n| kinds.contains(&n.kind)));
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

/// The specification of [`PLAIN`] with another container that fails the same as `MESHED`.
fn with_container(name: &str) -> String {
    format!(
        r#"{{"containers":[{{"name":"app","image":"i"}},{{"name":"{name}","image":"i","securityContext":{{"capabilities":{{"add":["NET_ADMIN"]}}}}}}]}}"#
    )
}

#[test]
fn pods_of_one_template_that_others_changed_are_told_apart() {
    let set = Some(("ReplicaSet", "web"));
    let istio = r#""annotations":{"sidecar.istio.io/status":"{}"},"#;
    let forged = r#""managedFields":[{"manager":"kubectl"}],"#;
    let (judged, said, _) = settled(&[
        templated("ReplicaSet", "web", None, "", PLAIN),
        pod("a", set, istio, &with_container("istio-proxy")),
        pod("b", set, "", &with_container("debug-shell")),
        pod("c", set, istio, &with_container("istio-proxy")),
        pod("d", set, forged, &with_container("istio-proxy")),
    ]);
    assert_eq!(judged, [true, true, true, false, true]);
    let of = |names: &str, by: &str| said.iter().filter(|s| s.contains(names) && s.ends_with(by)).count();
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(of("2 pods of ReplicaSet web, such as Pod a,", "`istio-proxy` (by Istio)"), 1, "{said:?}");
    assert_eq!(of("Pod b, which", "`debug-shell`"), 1, "{said:?}");
    assert_eq!(of("Pod d, which", "`istio-proxy` (by `kubectl`)"), 1, "{said:?}");

    // Those that fail nothing more, too.
    let same = |name: &str| PROXIED.replace("proxy", name);
    let (_, said, _) = settled(&[
        templated("ReplicaSet", "web", None, "", PLAIN),
        pod("a", set, istio, &same("x")),
        pod("b", set, forged, &same("x")),
    ]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].ends_with("`x` (by Istio)") && said[1].ends_with("`x` (by `kubectl`)"), "{said:?}");
}

#[test]
fn ways_of_which_each_pod_has_its_own_are_bounded() {
    let set = Some(("ReplicaSet", "web"));
    for failing in [true, false] {
        let mut lines = vec![templated("ReplicaSet", "web", None, "", PLAIN)];
        lines.extend((0..30).map(|i| {
            let name = format!("c{i}");
            let spec = if failing { with_container(&name) } else { PROXIED.replace("proxy", &name) };
            pod(&format!("p{i}"), set, "", &spec)
        }));
        let (judged, said, _) = settled(&lines);
        assert_eq!(judged.iter().filter(|judged| **judged).count(), if failing { 12 } else { 1 });
        assert_eq!(said.len(), 11, "{said:?}");
        let rest =
            "20 more pods of ReplicaSet web, such as Pod p10, in namespace `shop` came out in other ways";
        assert!(said[10].starts_with(rest) && said[10].contains("`c10`"), "{said:?}");
    }
}

#[test]
fn ephemeral_containers_are_named() {
    let debugged = CLEAN.replacen('{', r#"{"ephemeralContainers":[{"name":"dbg","image":"i"}],"#, 1);
    let (judged, said, _) = settled(&[
        templated("ReplicaSet", "web", None, "", CLEAN),
        pod("a", Some(("ReplicaSet", "web")), "", &debugged),
    ]);
    assert_eq!(judged, [true, true]);
    assert!(said[0].ends_with("have containers that it has not, ephemeral `dbg`"), "{said:?}");
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
            "Rollout ro (x/v1) in namespace `shop` was not seen; what it made is judged: 3 pods, once where they are alike"
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
    let main = "Prometheus main (x/v1) in namespace `shop` was not seen; what it made is judged";
    assert_eq!(said, [format!("{main}: StatefulSet a, StatefulSet b with 1 pod")]);
    let rollout = Some(("Rollout", "ro"));
    let mut lines: Vec<String> =
        (0..12).map(|i| templated("ReplicaSet", &format!("r{i}"), rollout, "", PLAIN)).collect();
    lines.push(pod("lone", rollout, "", PLAIN));
    let (_, said, _) = settled(&lines);
    assert!(said.len() == 1 && said[0].ends_with("ReplicaSet r9, 2 more with 1 pod"), "{said:?}");
}

#[test]
fn security_context_constraints_are_named() {
    let by = |scc: &str| format!(r#""annotations":{{"openshift.io/scc":"{scc}"}},"#);
    let scc = |name: &str| {
        object("SecurityContextConstraints", name, None, "", "")
            .replace("apps/v1", "security.openshift.io/v1")
            .replace(r#""namespace":"shop","#, "")
    };
    let set = Some(("ReplicaSet", "web"));
    let lines = [
        scc("restricted-v2"),
        scc("anyuid"),
        namespace(""),
        templated("ReplicaSet", "web", None, "", PLAIN),
        pod("a", set, &by("anyuid"), PLAIN),
        pod("b", set, &by("anyuid"), PLAIN),
        pod("c", None, &by("anyuid"), PLAIN),
        pod("d", None, &by("restricted-v2"), CLEAN),
        pod("e", None, "", CLEAN),
    ];
    let (_, said, surveys) = settled(&lines);
    assert_eq!(
        said,
        [
            "the cluster has 2 security context constraints: anyuid, restricted-v2",
            "security context constraint `anyuid` let in 3 pods in namespace `shop`: Pod c, ReplicaSet web (2)",
            "security context constraint `restricted-v2` let in 1 pod in namespace `shop`: Pod d",
        ]
    );
    let all = summed(&surveys, &[0; 9], true);
    assert_eq!(all[0].sccs, [("anyuid".to_owned(), 3), ("restricted-v2".to_owned(), 1)]);
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
    let empty = |complete| summed(&surveys[..1], &[0], complete)[0].strictest;
    assert_eq!((empty(true), empty(false)), (Some(Level::Restricted), None));
    let all = summed(&surveys, &[0; 3], false);
    let [shop] = &all[..] else { panic!("{all:?}") };
    assert!(!shop.complete && shop.scope.is_empty());
    assert_eq!((shop.name.as_str(), shop.managed_by, shop.system), ("shop", Some("Capsule"), None));
    assert_eq!((shop.strictest, shop.workloads), (Some(Level::Privileged), 2));
    assert_eq!(shop.blockers, [("added capabilities", 1)]);
    assert_eq!(shop.labels.unwrap()[Mode::Enforce as usize].level, Level::Baseline);
}

/// What is said of namespaces, where surveys are of files in these scopes.
fn summed(surveys: &[Option<Survey>], scopes: &[u16], complete: bool) -> Vec<NamespaceSummary> {
    let options = Options::default();
    let surveys = || surveys.iter().flatten().zip(scopes);
    let of = |(survey, scope): (&Survey, &u16)| -> Vec<NamespaceObject> {
        survey.namespaces().iter().map(|n| NamespaceObject { scope: *scope, ..n.clone() }).collect()
    };
    let declared: Vec<_> = surveys().flat_map(of).collect();
    let levels = Levels::new(&declared, &[], Vec::new(), "restricted".parse().unwrap()).0;
    let mut tally = Tally::new(&options, &[]);
    tally.by_namespace();
    surveys().for_each(|(survey, scope)| tally.file(survey, *scope, &levels, &options));
    let scope_name = |scope| if scope == 0 { String::new() } else { format!("s{scope}") };
    tally.take_namespaces(&Clusters { levels: &levels, complete: &|_, _| complete, scope_name: &scope_name });
    tally.finish().namespaces.unwrap()
}

#[test]
fn namespaces_of_different_clusters_do_not_mix() {
    let lines = [
        namespace(r#""pod-security.kubernetes.io/enforce":"baseline""#),
        pod("a", None, "", CLEAN),
        namespace(""),
        pod("b", None, "", MESHED),
    ];
    let (.., surveys) = settled(&lines);
    let all = summed(&surveys, &[1, 1, 2, 2], true);
    let told: Vec<_> = all
        .iter()
        .map(|n| (n.scope.as_str(), n.name.as_str(), n.labels.map(|l| l[0].level), n.strictest))
        .collect();
    let (baseline, none) = (Some(Level::Baseline), Some(Level::Privileged));
    assert_eq!(told, [("s1", "shop", baseline, Some(Level::Restricted)), ("s2", "shop", none, none)]);
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
    assert!(found.refuses() && found.beyond().is_none());
    let baseline = enforcing(&lines, "baseline");
    assert!(!baseline.refuses() && baseline.is_known() && baseline.looks && baseline.warnings.is_empty());
}

/// An object with these labels.
fn labelled(object: &str, labels: &str) -> String {
    object.replacen("\"metadata\":{", &format!(r#""metadata":{{"labels":{{{labels}}},"#), 1)
}

/// What of a level templates violate without a pod that shows it, and what is changed on the way.
fn by_template(lines: &[String]) -> (Vec<String>, Vec<String>) {
    let found = enforcing(lines, "restricted");
    assert!(!found.refuses());
    let unseen = found.unseen.iter().map(|u| format!("{}: {}", u.called, u.because)).collect();
    let mended = found.mended.iter().map(|m| format!("{}: {} by {}", m.called, m.pods, m.by.join(", ")));
    (unseen, mended.collect())
}

#[test]
fn what_a_template_violates_stands_against_nothing_where_its_pods_pass() {
    let mended = r#""annotations":{"sidecar.istio.io/status":"{}"},"managedFields":[{"manager":"patcher"}],"#;
    let hashed = |line: String| {
        line.replace(r#""template":{"#, r#""template":{"metadata":{"labels":{"pod-template-hash":"1"}},"#)
    };
    let web = Some(("Deployment", "web"));
    let lines = [
        namespace(""),
        templated("Deployment", "web", None, "", PLAIN),
        hashed(templated("ReplicaSet", "web-1", web, "", PLAIN)),
        templated("ReplicaSet", "web-0", web, "", PROXIED),
        pod("web-1-a", Some(("ReplicaSet", "web-1")), mended, CLEAN),
        pod("web-1-b", Some(("ReplicaSet", "web-1")), "", CLEAN),
        pod("web-0-a", Some(("ReplicaSet", "web-0")), "", CLEAN),
    ];
    let said = "Deployment web: 2 by Istio, `patcher`".to_owned();
    assert_eq!(by_template(&lines), (vec![], vec![said]));
    let found = enforcing(&lines, "restricted");
    assert!(found.is_known() && found.mended[0].reason.starts_with("allowPrivilegeEscalation"));

    // One that is refused speaks for the template, not the one that passes.
    let refused = [&lines[..], &[pod("web-1-c", Some(("ReplicaSet", "web-1")), "", PLAIN)]].concat();
    let found = enforcing(&refused, "restricted");
    assert_eq!((found.refused, found.unseen.len(), found.mended.len()), (vec!["web-1-c".to_owned()], 0, 0));
}

#[test]
fn pods_of_another_revision_do_not_speak_for_a_template() {
    let another = "its pods are of another template";
    let web = Some(("Deployment", "web"));
    let old = [
        namespace(""),
        templated("Deployment", "web", None, "", PROXIED),
        templated("ReplicaSet", "web-0", web, "", PLAIN),
        pod("web-0-a", Some(("ReplicaSet", "web-0")), "", CLEAN),
    ];
    assert_eq!(by_template(&old), (vec![format!("Deployment web: {another}")], vec![]));

    let set = |kind: &str, revision: &str| {
        let set = templated(kind, "db", None, "", PLAIN);
        let last = set.len() - 1;
        if kind == "StatefulSet" {
            return format!(r#"{},"status":{{"updateRevision":"{revision}"}}}}"#, &set[..last]);
        }
        let key = "deprecated.daemonset.template.generation";
        let annotations = format!(r#""metadata":{{"annotations":{{"{key}":"{revision}"}},"#);
        set.replacen("\"metadata\":{", &annotations, 1)
    };
    for (kind, label) in
        [("StatefulSet", "controller-revision-hash"), ("DaemonSet", "pod-template-generation")]
    {
        let of = |name: &str, revision: &str| {
            labelled(&pod(name, Some((kind, "db")), "", CLEAN), &format!(r#""{label}":"{revision}""#))
        };
        let pods = [of("db-0", "1"), of("db-1", "2"), pod("db-2", Some((kind, "db")), "", CLEAN)];
        let told = |revision: &str| by_template(&[&[namespace(""), set(kind, revision)][..], &pods].concat());
        assert_eq!(told("2"), (vec![], vec![format!("{kind} db: 1 by ")]));
        assert_eq!(told("3"), (vec![format!("{kind} db: {another}")], vec![]));
    }
    // Which revision holds is not told.
    for kind in ["StatefulSet", "DaemonSet", "ReplicaSet"] {
        let lines = [
            namespace(""),
            templated(kind, "db", None, "", PLAIN),
            pod("db-0", Some((kind, "db")), "", CLEAN),
        ];
        assert_eq!(by_template(&lines).0, [format!("{kind} db: its pods may be of another template")]);
        let refused = [&lines[..], &[pod("db-1", Some((kind, "db")), "", PLAIN)]].concat();
        let found = enforcing(&refused, "restricted");
        assert_eq!((found.refused, found.unseen), (vec!["db-1".to_owned()], vec![]));
    }
}

#[test]
fn where_revisions_are_not_told_only_what_never_changes_speaks_against_a_level() {
    for (kind, refused, unclear) in [("ReplicaSet", 1, 0), ("StatefulSet", 0, 1)] {
        let lines = [
            namespace(""),
            templated(kind, "db", Some(("Rollout", "ro")), "", CLEAN),
            pod("db-0", Some((kind, "db")), "", PLAIN),
        ];
        let found = enforcing(&lines, "restricted");
        assert_eq!((found.refused.len(), found.unclear.len()), (refused, unclear), "{kind}");
        assert!(!found.is_known() || found.refuses());
    }
}

#[test]
fn runs_speak_for_the_schedule_that_made_them() {
    let job = |name: &str, spec: &str| {
        templated("Job", name, Some(("CronJob", "nightly")), "", spec).replace(
            r#""template":{"#,
            r#""template":{"metadata":{"labels":{"job-name":"n","controller-uid":"u"}},"#,
        )
    };
    let run = |name: &str| pod(&format!("{name}-a"), Some(("Job", name)), "", CLEAN);
    let lines = |spec: &str| [namespace(""), cron("nightly", PLAIN), job("n-1", spec), run("n-1")];
    assert_eq!(by_template(&lines(PLAIN)), (vec![], vec!["CronJob nightly: 1 by ".to_owned()]));
    let next = vec!["CronJob nightly: its next run makes pods".to_owned()];
    assert_eq!(by_template(&lines(CLEAN)), (next, vec![]));
    // What is at its end makes none.
    let once = |status: &str| {
        let once = templated("Job", "once", None, "", PLAIN);
        let status = format!(r#","status":{{"conditions":[{{"type":"Complete","status":"{status}"}}]}}}}"#);
        by_template(&[namespace(""), format!("{}{status}", &once[..once.len() - 1])]).0
    };
    assert_eq!(once("True"), [""; 0]);
    assert_eq!(once("False"), ["Job once: it has no pods"]);
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
    assert!(found.refuses(), "the pod would be refused all the same");
}

#[test]
fn pods_beyond_the_limit_of_the_server_are_counted() {
    let mut lines = vec![namespace("")];
    lines.extend((0..3002).map(|i| pod(&format!("p{i}"), None, "", PLAIN)));
    let found = enforcing(&lines, "restricted");
    assert_eq!((found.pods, found.beyond()), (3002, Some(2)));
    let first = "new PodSecurity enforce level only checked against the first 3000 of 3002 existing pods";
    assert_eq!(found.warnings[0], first);
    assert!(found.warnings[2].starts_with("p0 (and 2999 other pods): "), "{:?}", found.warnings);
    assert_eq!(found.refused.len(), 3002);

    // Of each controller one comes first, and the others last: by the UID of what made them, of whatever kind that is.
    let host = r#"{"hostPID":true,"containers":[{"name":"app","image":"i"}]}"#;
    let mut lines = vec![namespace("")];
    lines.extend((0..3001).map(|i| pod(&format!("p{i}"), Some(("Node", "n")), "", PLAIN)));
    lines.extend((0..2).map(|i| pod(&format!("z{i}"), Some(("Rollout", "z")), "", host)));
    let warnings = enforcing(&lines, "restricted").warnings;
    let told = |begin: &str| warnings.iter().any(|warning| warning.starts_with(begin));
    assert!(told("p0 (and 2998 other pods): allow") && told("z0: host"), "{warnings:?}");
}
