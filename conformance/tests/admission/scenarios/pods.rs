//! Requests for pods.

use super::{configured, one, several};
use crate::reviews::{
    bad_spec, baseline_spec, configuration, create_controller, create_pod, good_pod, good_spec, namespace,
    pod, update_pod, with, without,
};
use crate::scenario::Scenario;
use serde_json::{Value, json};

const BASELINE: &[(&str, &str)] = &[("enforce", "baseline")];
const RESTRICTED: &[(&str, &str)] = &[("enforce", "restricted")];

pub(super) fn all() -> Vec<Scenario> {
    [requests(), exemptions(), namespaces(), objects(), decoding(), updates(), modes(), names()].concat()
}

fn requests() -> Vec<Scenario> {
    const IGNORED: [&str; 8] =
        ["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];
    let bad = || create_pod(pod(bad_spec()));
    let core = |resource: &str| json!({"group": "", "version": "v1", "resource": resource});
    vec![
        several(
            "pod subresources that are ignored",
            BASELINE,
            IGNORED.map(|s| with(bad(), json!({"requestSubResource": s, "subResource": s}))),
        ),
        several(
            "pod subresources that are judged",
            BASELINE,
            ["ephemeralcontainers", "resize", "unknown", "Status", " exec", "a\"\n"]
                .map(|s| with(bad(), json!({"requestSubResource": s, "subResource": s}))),
        ),
        several(
            "pod subresources that differ",
            BASELINE,
            [
                with(bad(), json!({"requestSubResource": "exec"})),
                with(bad(), json!({"subResource": "exec"})),
                with(bad(), json!({"requestSubResource": "exec", "subResource": "resize"})),
                with(bad(), json!({"requestSubResource": null, "subResource": null})),
            ],
        ),
        one(
            "binding of a pod",
            BASELINE,
            with(
                bad(),
                json!({"requestSubResource": "binding", "subResource": "binding",
                "kind": {"group": "", "version": "v1", "kind": "Binding"},
                "object": {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}, "target": {"name": "n"}}}),
            ),
        ),
        several(
            "pod resources of the request that differ",
            BASELINE,
            [
                with(bad(), json!({"requestResource": core("services")})),
                with(bad(), json!({"requestKind": {"group": "", "version": "v1", "kind": "Service"}})),
                without(without(bad(), "requestKind"), "requestResource"),
                with(bad(), json!({"resource": {"group": "", "version": "v7", "resource": "pods"}})),
                with(bad(), json!({"resource": core("Pods")})),
                with(bad(), json!({"resource": {"group": "apps", "version": "v1", "resource": "pods"}})),
                with(bad(), json!({"resource": core("nodes")})),
                with(bad(), json!({"resource": core("namespaces")})),
                with(bad(), json!({"resource": null})),
            ],
        ),
        several(
            "pod other operations",
            BASELINE,
            ["DELETE", "CONNECT", "create", "update", "Ünknown", ""]
                .map(|op| with(bad(), json!({"operation": op}))),
        ),
        several(
            "pod other operations without object",
            BASELINE,
            [
                with(bad(), json!({"operation": "DELETE", "object": null, "oldObject": pod(bad_spec())})),
                with(
                    bad(),
                    json!({"operation": "CONNECT", "object": {"apiVersion": "v1", "kind": "PodExecOptions"}}),
                ),
            ],
        ),
        several(
            "pod members of the request that are null or of no concern",
            BASELINE,
            [
                with(bad(), json!({"uid": null})),
                with(bad(), json!({"uid": ""})),
                with(bad(), json!({"userInfo": null})),
                with(bad(), json!({"name": null})),
                with(
                    bad(),
                    json!({"options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "x": 1}}),
                ),
                with(bad(), json!({"options": "x", "dryRun": null, "unknown": {"a": []}})),
                with(bad(), json!({"oldObject": "x"})),
                with(
                    bad(),
                    json!({"userInfo": {"username": "u", "uid": "1", "groups": null, "extra": {"a": ["b"]}}}),
                ),
                without(without(bad(), "uid"), "userInfo"),
            ],
        ),
    ]
}

fn exemptions() -> Vec<Scenario> {
    let exempt = configuration(json!({"exemptions": {
        "namespaces": ["exempt"], "usernames": ["admin", "system:serviceaccount:a:b"], "runtimeClasses": ["kata"]}}));
    let bad = || create_pod(pod(bad_spec()));
    let of_class = |class: &Value| create_pod(pod(with(bad_spec(), json!({"runtimeClassName": class}))));
    let as_user = |user: &str| with(bad(), json!({"userInfo": {"username": user}}));
    let here = |scenario: Scenario| configured(&exempt, scenario);
    vec![
        here(several(
            "pod in an exempt namespace",
            BASELINE,
            [
                with(bad(), json!({"namespace": "exempt"})),
                with(bad(), json!({"namespace": "exempt", "operation": "UPDATE"})),
                with(bad(), json!({"namespace": "exempt", "operation": "DELETE"})),
                with(bad(), json!({"namespace": "exempt", "requestSubResource": "ephemeralcontainers"})),
                with(bad(), json!({"namespace": "exempt", "requestSubResource": "status"})),
                with(bad(), json!({"namespace": "exempt", "object": "undecodable"})),
                with(as_user("admin"), json!({"namespace": "exempt"})),
                with(bad(), json!({"namespace": "Exempt"})),
            ],
        )),
        here(several(
            "pod of a user",
            BASELINE,
            ["admin", "system:serviceaccount:a:b", "Admin", "adm", ""].map(as_user),
        )),
        here(several(
            "pod of an exempt user with more to it",
            &[("enforce", "x")],
            [
                with(as_user("admin"), json!({"object": null})),
                with(as_user("admin"), json!({"namespace": "unknown"})),
                with(as_user("admin"), json!({"operation": "UPDATE", "requestSubResource": "resize"})),
                with(
                    bad(),
                    json!({"userInfo": {"username": "u", "groups": ["admin"], "extra": {"admin": ["admin"]}}}),
                ),
            ],
        )),
        here(several(
            "pod of a runtime class",
            BASELINE,
            ["kata", "Kata", "", "gvisor"]
                .map(|class| of_class(&json!(class)))
                .into_iter()
                .chain([of_class(&json!(null))]),
        )),
        here(several(
            "pod of an exempt runtime class with more to it",
            &[("enforce", "baseline"), ("warn", "x")],
            [
                of_class(&json!("kata")),
                with(of_class(&json!("kata")), json!({"operation": "DELETE"})),
                with(of_class(&json!("kata")), json!({"operation": "UPDATE", "oldObject": good_pod("p")})),
                with(
                    of_class(&json!("kata")),
                    json!({"operation": "UPDATE", "oldObject": pod(bad_spec()), "requestSubResource": "resize"}),
                ),
            ],
        )),
        here(one("pod of an exempt runtime class in a privileged namespace", &[], of_class(&json!("kata")))),
    ]
}

fn namespaces() -> Vec<Scenario> {
    let bad = || create_pod(pod(bad_spec()));
    let odd = ["", "unknown", "a/b", "a%b", "..", ".", "a\"b\n", "ü", "a b"];
    let defaults = configuration(
        json!({"defaults": {"enforce": "baseline", "audit-version": "v1.20", "warn": "restricted"}}),
    );
    let privileged: [&[(&str, &str)]; 5] = [
        &[("enforce", "privileged"), ("audit", "privileged"), ("warn", "privileged")],
        &[("enforce", "privileged"), ("enforce-version", "v1.20")],
        &[("audit", "baseline")],
        &[("warn-version", "x")],
        &[("audit", "x"), ("warn", "x")],
    ];
    let mut scenarios = vec![
        several(
            "pod in a namespace that is not there",
            BASELINE,
            odd.map(|name| with(bad(), json!({"namespace": name}))),
        ),
        Scenario {
            lookup_error: "the \"server\" is\nbusy: try again".into(),
            ..several(
                "namespace of a pod not found out",
                BASELINE,
                [
                    bad(),
                    with(bad(), json!({"operation": "UPDATE", "requestSubResource": "resize"})),
                    with(bad(), json!({"operation": "DELETE", "object": null})),
                    with(bad(), json!({"requestSubResource": "log"})),
                ],
            )
        },
        several(
            "pod in a namespace without labels",
            &[],
            [
                bad(),
                with(bad(), json!({"object": "undecodable"})),
                with(bad(), json!({"object": null})),
                with(bad(), json!({"operation": "UPDATE"})),
                with(bad(), json!({"operation": "UPDATE", "requestSubResource": "resize"})),
                with(bad(), json!({"operation": "DELETE"})),
            ],
        ),
        Scenario {
            namespaces: vec![
                json!({"metadata": {"name": "ns"}}),
                json!({"metadata": {"name": "nulls", "labels": null}}),
            ],
            ..several(
                "pod in a namespace without metadata to speak of",
                &[],
                [bad(), with(bad(), json!({"namespace": "nulls"}))],
            )
        },
        configured(
            &defaults,
            several(
                "pod against the defaults",
                &[],
                [bad(), create_pod(pod(baseline_spec())), create_pod(good_pod("p"))],
            ),
        ),
        configured(
            &defaults,
            several(
                "pod in a privileged namespace against the defaults",
                &[("enforce", "privileged"), ("audit", "privileged"), ("warn", "privileged")],
                [bad()],
            ),
        ),
        Scenario {
            namespaces: vec![namespace("a", BASELINE), namespace("b", RESTRICTED), namespace("c", &[])],
            ..several(
                "pods in several namespaces",
                &[],
                ["a", "b", "c"]
                    .map(|name| with(create_pod(pod(baseline_spec())), json!({"namespace": name}))),
            )
        },
    ];
    scenarios.extend(privileged.iter().enumerate().map(|(i, labels)| {
        several(
            &format!("pod in a namespace nearly privileged {i}"),
            labels,
            [bad(), create_pod(good_pod("p")), with(bad(), json!({"object": "x"}))],
        )
    }));
    scenarios
}

fn objects() -> Vec<Scenario> {
    let create = |object: Value| with(create_pod(json!(null)), json!({"object": object}));
    let bad = || pod(bad_spec());
    let bare = || without(without(pod(bad_spec()), "kind"), "apiVersion");
    vec![
        several(
            "pod without object",
            BASELINE,
            [create(json!(null)), without(create(json!(null)), "object")],
        ),
        several(
            "pod object that is no object",
            BASELINE,
            [json!("x"), json!(""), json!(1), json!(true), json!([]), json!([{}]), json!([null])].map(create),
        ),
        several(
            "pod object without members",
            BASELINE,
            [create(json!({})), create(json!({"spec": null})), create(json!({"spec": {}}))],
        ),
        several(
            "pod object without kind",
            BASELINE,
            [create(bare()), create(without(bad(), "kind")), create(without(bad(), "apiVersion"))],
        ),
        several(
            "pod object with kinds in part",
            BASELINE,
            [
                create(with(bare(), json!({"kind": "", "apiVersion": ""}))),
                create(with(bare(), json!({"kind": null, "apiVersion": null}))),
                create(with(bare(), json!({"kind": "Deployment"}))),
                create(with(bare(), json!({"apiVersion": "apps/v1"}))),
                create(with(bare(), json!({"apiVersion": "/v1"}))),
                create(with(bare(), json!({"apiVersion": "v1/"}))),
                create(with(bare(), json!({"apiVersion": "/"}))),
                create(with(bare(), json!({"apiVersion": "apps/"}))),
                create(with(bare(), json!({"apiVersion": "a/b/c"}))),
                create(with(bare(), json!({"apiVersion": 1}))),
                create(with(bare(), json!({"kind": 1}))),
                create(with(bare(), json!({"kind": "pod"}))),
                create(with(bare(), json!({"apiVersion": "v2"}))),
                create(with(bare(), json!({"Kind": "Service", "ApiVersion": "v1"}))),
            ],
        ),
        several(
            "pod with kinds of the request in part",
            BASELINE,
            [
                json!({}),
                json!(null),
                json!({"kind": "Pod"}),
                json!({"version": "v1", "kind": "Pod"}),
                json!({"version": "v1", "kind": "Service"}),
                json!({"group": "apps", "version": "v1", "kind": "Deployment"}),
            ]
            .into_iter()
            .flat_map(|kind| {
                [with(create(bare()), json!({"kind": kind})), with(create(bad()), json!({"kind": kind}))]
            }),
        ),
        several(
            "pod object of another kind",
            BASELINE,
            [
                json!({"apiVersion": "v1", "kind": "Service"}),
                json!({"apiVersion": "v1", "kind": "PodList", "items": []}),
                json!({"apiVersion": "v1", "kind": "List", "items": []}),
                json!({"apiVersion": "v1", "kind": "PodTemplate", "template": {"spec": bad_spec()}}),
                json!({"apiVersion": "v1", "kind": "Status"}),
                json!({"apiVersion": "v1", "kind": "CreateOptions"}),
                json!({"apiVersion": "v1", "kind": "DeleteOptions"}),
                json!({"apiVersion": "v1", "kind": "WatchEvent"}),
                json!({"apiVersion": "v1", "kind": "APIVersions"}),
                json!({"apiVersion": "v1", "kind": "PodExecOptions"}),
                json!({"apiVersion": "apps/v1", "kind": "Deployment"}),
                json!({"apiVersion": "apps/v1beta1", "kind": "Deployment"}),
                json!({"apiVersion": "batch/v1", "kind": "CronJob"}),
                json!({"apiVersion": "batch/v1beta1", "kind": "CronJob"}),
                json!({"apiVersion": "apps/v1", "kind": "DeleteOptions"}),
                json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}),
                json!({"apiVersion": "policy/v1", "kind": "Eviction"}),
                json!({"apiVersion": "apps/v1", "kind": "Pod"}),
                json!({"apiVersion": "g.io/v1", "kind": "Pod"}),
            ]
            .map(create),
        ),
        several(
            "pod of a kind in a request for a resource of another",
            BASELINE,
            [with(
                create_controller(("apps", "Deployment", "deployments"), &bad_spec()),
                json!({"resource": {"group": "", "version": "v1", "resource": "pods"}}),
            )],
        ),
    ]
}

/// A pod whose only container has these members.
fn container(members: Value) -> Value {
    json!({"spec": {"containers": [with(json!({"name": "a"}), members)]}})
}

fn decoding() -> Vec<Scenario> {
    let create = |object: Value| with(create_pod(json!(null)), json!({"object": object}));
    let wrong = [
        json!({"spec": {"hostNetwork": "yes"}}),
        json!({"spec": {"hostNetwork": 1}}),
        json!({"spec": "x"}),
        json!({"spec": []}),
        json!({"metadata": "x"}),
        json!({"status": "x"}),
        json!({"status": {"startTime": "x"}}),
        json!({"metadata": {"labels": {"a": 1}}}),
        json!({"metadata": {"annotations": {"a": {}}}}),
        json!({"metadata": {"creationTimestamp": "x"}}),
        json!({"metadata": {"generation": 1.5}}),
        json!({"metadata": {"managedFields": "x"}}),
        json!({"metadata": {"ownerReferences": {}}}),
        json!({"metadata": {"finalizers": [1]}}),
        json!({"spec": {"containers": {}}}),
        json!({"spec": {"containers": ["a"]}}),
        json!({"spec": {"volumes": [{"hostPath": "x"}]}}),
        json!({"spec": {"nodeSelector": {"a": true}}}),
        json!({"spec": {"activeDeadlineSeconds": "1"}}),
        json!({"spec": {"terminationGracePeriodSeconds": 1e3}}),
        json!({"spec": {"securityContext": {"runAsUser": 9_223_372_036_854_775_808_u64}}}),
        json!({"spec": {"runtimeClassName": 1}}),
        container(json!({"ports": [{"hostPort": 2_147_483_648_u64}]})),
        container(json!({"ports": [{"hostPort": 1.0}]})),
        container(json!({"ports": [{"hostPort": "80"}]})),
        container(json!({"resources": {"limits": {"cpu": "x"}}})),
        container(json!({"resources": {"limits": {"cpu": ""}}})),
        container(json!({"resources": {"limits": {"cpu": true}}})),
        container(json!({"resources": {"limits": {"cpu": {}}}})),
        container(json!({"livenessProbe": {"httpGet": {"port": true}}})),
        container(json!({"livenessProbe": {"httpGet": {"port": 1.5}}})),
        container(json!({"securityContext": {"privileged": "true"}})),
        container(json!({"securityContext": {"capabilities": {"add": "ALL"}}})),
        container(json!({"image": 1})),
        container(json!({"command": "x"})),
    ];
    let right = [
        json!({"spec": {"hostNetwork": null, "containers": null, "volumes": [null], "initContainers": [null]}}),
        json!({"spec": {"HostNetwork": true, "hostnetwork": true, "unknown": {"a": [1, "x", null]}}}),
        json!({"Spec": {"hostNetwork": true}, "SPEC": 1}),
        json!({"metadata": {"labels": {"a": null}, "managedFields": [{"fieldsV1": "x"}, null], "creationTimestamp": null}}),
        json!({"metadata": {"managedFields": [{"fieldsV1": {"f:a": {}}, "time": "2026-01-02T03:04:05Z"}]}}),
        json!({"metadata": {"creationTimestamp": "2026-01-02T03:04:05+01:00"}, "status": {"phase": "Odd"}}),
        json!({"spec": {"containers": [{"name": "a", "securityContext": null}, null, {}]}}),
        json!({"spec": {"securityContext": {"runAsUser": -1, "sysctls": [null, {"name": "kernel.msgmax"}]}}}),
        json!({"spec": {"terminationGracePeriodSeconds": 9_223_372_036_854_775_807_u64}}),
        container(json!({"resources": {"limits": {"cpu": 1, "memory": "1e500", "x": null, "y": 0.5}}})),
        container(json!({"resources": {"limits": {"cpu": "1e0", "memory": "1Gi"}}})),
        container(json!({"livenessProbe": {"httpGet": {"port": null, "host": null}}})),
        container(json!({"livenessProbe": {"httpGet": {"port": "http", "host": "h"}, "tcpSocket": null}})),
        container(json!({"securityContext": {"procMount": null, "capabilities": {"add": [null]}}})),
        container(json!({"securityContext": {"procMount": "", "seLinuxOptions": {"type": "x"}}})),
    ];
    vec![
        several("pod with wrong types", BASELINE, wrong.clone().map(create)),
        several(
            "pod with wrong types in a privileged namespace",
            &[],
            wrong[..3].iter().cloned().map(create),
        ),
        several("pod with nulls, unknown members and odd values", RESTRICTED, right.clone().map(create)),
        several("pod with nulls, unknown members and odd values at baseline", BASELINE, right.map(create)),
    ]
}

/// Names and images.
type Containers<'c> = &'c [(&'c str, &'c str)];

/// A pod with these containers of a class.
fn with_containers(class: &str, containers: Containers) -> Value {
    let list: Vec<Value> =
        containers.iter().map(|(name, image)| json!({"name": name, "image": image})).collect();
    pod(with(json!({"containers": [{"name": "main", "image": "m"}], "hostPID": true}), json!({class: list})))
}

fn updates() -> Vec<Scenario> {
    let bad = || pod(bad_spec());
    let fix = || pod(good_spec());
    let mut scenarios = vec![
        several(
            "pod update without old object",
            BASELINE,
            [update_pod(json!(null), fix()), without(update_pod(json!(null), fix()), "oldObject")],
        ),
        several(
            "pod update with undecodable old object",
            BASELINE,
            [json!("x"), json!([]), json!({"spec": {"hostPID": 1}})].map(|old| update_pod(old, fix())),
        ),
        several(
            "pod update with old object of another type",
            BASELINE,
            [json!({"apiVersion": "v1", "kind": "Service"}), json!({"apiVersion": "v1", "kind": "PodList"})]
                .map(|old| update_pod(old, bad())),
        ),
        several(
            "pod update with undecodable object",
            BASELINE,
            [update_pod(json!("x"), json!("x")), update_pod(json!(null), json!(null))],
        ),
        several(
            "pod update of no significance",
            BASELINE,
            [
                update_pod(bad(), bad()),
                update_pod(
                    bad(),
                    with(
                        bad(),
                        json!({"metadata": {"name": "p", "labels": {"a": "b"}, "annotations": {"c": "d"}}}),
                    ),
                ),
                update_pod(
                    pod(good_spec()),
                    pod(with(
                        good_spec(),
                        json!({"hostNetwork": true, "tolerations": [{}], "runtimeClassName": "x"}),
                    )),
                ),
                update_pod(json!({}), json!({})),
            ],
        ),
        several(
            "pod update of significance",
            BASELINE,
            [
                update_pod(pod(baseline_spec()), bad()),
                update_pod(pod(json!({"containers": [{"name": "a", "image": "i:2"}]})), bad()),
                update_pod(json!({}), bad()),
                update_pod(pod(json!({"containers": [{"name": "a", "image": "i:2"}]})), fix()),
            ],
        ),
        several(
            "pod update by subresource",
            BASELINE,
            ["ephemeralcontainers", "resize", "status", "unknown"].into_iter().flat_map(|subresource| {
                [update_pod(bad(), bad()), update_pod(json!({}), bad()), update_pod(json!({}), fix())]
                    .map(|request| with(request, json!({"requestSubResource": subresource})))
            }),
        ),
        several(
            "pod update of no significance with invalid labels",
            &[("enforce", "x")],
            [update_pod(bad(), bad()), update_pod(json!({}), bad()), update_pod(json!({}), fix())],
        ),
    ];
    let changes: [(&str, Containers, Containers); 10] = [
        ("same", &[("a", "1"), ("b", "2")], &[("a", "1"), ("b", "2")]),
        ("image", &[("a", "1"), ("b", "2")], &[("a", "1"), ("b", "3")]),
        ("image lost", &[("a", "1")], &[("a", "")]),
        ("added", &[("a", "1")], &[("a", "1"), ("b", "2")]),
        ("removed", &[("a", "1"), ("b", "2")], &[("a", "1")]),
        ("all removed", &[("a", "1")], &[]),
        ("renamed", &[("a", "1")], &[("b", "1")]),
        ("in another order", &[("a", "1"), ("b", "2")], &[("b", "2"), ("a", "1")]),
        ("in another order with one image", &[("a", "1"), ("b", "1")], &[("b", "1"), ("a", "1")]),
        ("of one name", &[("a", "1"), ("a", "2")], &[("a", "1"), ("a", "1")]),
    ];
    for (what, old, new) in changes {
        let classes = ["containers", "initContainers", "ephemeralContainers"];
        let requests =
            classes.map(|class| update_pod(with_containers(class, old), with_containers(class, new)));
        scenarios.push(several(&format!("pod update with containers {what}"), BASELINE, requests));
    }
    scenarios
}

fn modes() -> Vec<Scenario> {
    let specs = || [good_spec(), baseline_spec(), bad_spec()];
    let over: [(&str, &[(&str, &str)]); 16] = [
        ("enforce baseline", BASELINE),
        ("enforce restricted", RESTRICTED),
        ("audit", &[("audit", "restricted")]),
        ("warn", &[("warn", "restricted")]),
        ("enforce with warn privileged", &[("enforce", "baseline"), ("warn", "privileged")]),
        ("three levels", &[("enforce", "privileged"), ("audit", "baseline"), ("warn", "restricted")]),
        (
            "one level at three versions",
            &[
                ("enforce", "restricted"),
                ("enforce-version", "v1.0"),
                ("audit", "restricted"),
                ("audit-version", "v1.18"),
                ("warn", "restricted"),
                ("warn-version", "v1.22"),
            ],
        ),
        (
            "one level at one version",
            &[("enforce", "restricted"), ("audit", "restricted"), ("warn", "restricted")],
        ),
        (
            "audit and warn share",
            &[
                ("audit", "restricted"),
                ("audit-version", "v1.25"),
                ("warn", "restricted"),
                ("warn-version", "v1.25"),
            ],
        ),
        (
            "version of the future",
            &[
                ("enforce", "baseline"),
                ("enforce-version", "v1.38"),
                ("audit", "restricted"),
                ("audit-version", "v1.99"),
            ],
        ),
        (
            "version of now",
            &[
                ("enforce", "baseline"),
                ("enforce-version", "v1.37"),
                ("audit", "restricted"),
                ("audit-version", "v1.36"),
            ],
        ),
        (
            "warn version alone",
            &[("enforce", "restricted"), ("enforce-version", "v1.20"), ("warn-version", "v1.30")],
        ),
        ("invalid enforce level", &[("enforce", "x")]),
        ("invalid audit and warn", &[("audit", "x"), ("warn", "y"), ("enforce", "baseline")]),
        (
            "invalid versions",
            &[
                ("enforce", "baseline"),
                ("enforce-version", "x"),
                ("audit-version", "x"),
                ("warn-version", "v1.01"),
            ],
        ),
        (
            "all labels invalid",
            &[
                ("enforce", "a\"b"),
                ("enforce-version", "\t"),
                ("audit", "ü"),
                ("audit-version", ""),
                ("warn", ""),
                ("warn-version", "v1."),
            ],
        ),
    ];
    let mut scenarios: Vec<Scenario> = over
        .into_iter()
        .map(|(name, labels)| {
            several(&format!("pod: {name}"), labels, specs().map(|spec| create_pod(pod(spec))))
        })
        .collect();
    let special = [
        with(
            good_spec(),
            json!({"os": {"name": "windows"}, "containers": [{"name": "w", "securityContext": {"windowsOptions": {"hostProcess": true}}}]}),
        ),
        with(
            good_spec(),
            json!({"hostUsers": false, "securityContext": {"runAsUser": 0}, "containers": [{"name": "a", "securityContext": {"procMount": "Unmasked"}}]}),
        ),
        with(
            good_spec(),
            json!({"ephemeralContainers": [{"name": "debug", "securityContext": {"privileged": true}}]}),
        ),
        with(
            bad_spec(),
            json!({"containers": [{"name": "\u{1}ü\"<&>"}, {"name": "\u{2028}\u{a0}"}], "volumes": [{"name": "v", "hostPath": {}}]}),
        ),
    ];
    for version in ["v1.24", "v1.25", "v1.34", "v1.35", "latest"] {
        scenarios.push(several(
            &format!("Windows, user namespaces, ephemeral containers and odd names at {version}"),
            &[
                ("enforce", "baseline"),
                ("enforce-version", version),
                ("audit", "restricted"),
                ("audit-version", version),
                ("warn", "restricted"),
                ("warn-version", version),
            ],
            special.clone().map(|spec| create_pod(pod(spec))),
        ));
    }
    let annotations = json!({"container.apparmor.security.beta.kubernetes.io/a": "unconfined", "seccomp.security.alpha.kubernetes.io/pod": "unconfined"});
    scenarios.push(one(
        "annotations of a pod",
        &[("enforce", "baseline"), ("audit", "baseline"), ("audit-version", "v1.18")],
        create_pod(with(good_pod("p"), json!({"metadata": {"name": "p", "annotations": annotations}}))),
    ));
    scenarios
}

fn names() -> Vec<Scenario> {
    let bad = || create_pod(pod(bad_spec()));
    vec![
        several(
            "names of a refused pod",
            BASELINE,
            ["", "a-b.c", "a\"b", "\u{1}\u{a0}ü", "<&>\u{2028}"]
                .map(|name| with(bad(), json!({"name": name}))),
        ),
        one(
            "pod of a generated name",
            BASELINE,
            with(
                bad(),
                json!({"name": "", "object": {"metadata": {"generateName": "g-"}, "spec": bad_spec()}}),
            ),
        ),
        one(
            "pod of another name",
            BASELINE,
            with(bad(), json!({"object": {"metadata": {"name": "q", "namespace": "r"}, "spec": bad_spec()}})),
        ),
        one("refused without a name of the request", BASELINE, without(bad(), "name")),
    ]
}
