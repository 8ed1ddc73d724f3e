//! Requests for namespaces.

use super::{configured, one, several};
use crate::reviews::{
    bad_spec, baseline_spec, configuration, create_namespace, good_pod, good_spec, label, namespace, pod,
    post, update_namespace, with, without,
};
use crate::scenario::{Post, Scenario};
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Scenario> {
    [requests(), labels(), changed_labels(), exemptions(), unchecked(), checked(), order(), limits()].concat()
}

fn ns(labels: &[(&str, &str)]) -> Value {
    namespace("ns", labels)
}

/// From no label of the enforce level to this one.
fn enforce(level: &str) -> Value {
    update_namespace(ns(&[]), ns(&[("enforce", level)]))
}

fn requests() -> Vec<Scenario> {
    let bad = ns(&[("enforce", "x")]);
    let create = |object: Value| with(create_namespace(ns(&[])), json!({"object": object}));
    let update = |old: Value| with(enforce("baseline"), json!({"oldObject": old}));
    let foreign = json!({"group": "g.io", "version": "v1", "kind": "Project"});
    vec![
        one(
            "namespace subresource",
            &[],
            with(create(json!("x")), json!({"requestSubResource": "status", "subResource": "status"})),
        ),
        one(
            "namespace subresource of the request alone",
            &[],
            with(create(json!("x")), json!({"requestSubResource": "x"})),
        ),
        one(
            "namespace subresource of the match alone",
            &[],
            with(create(bad.clone()), json!({"subResource": "status"})),
        ),
        several(
            "namespace of another resource of the request",
            &[],
            [
                with(
                    create(bad.clone()),
                    json!({"requestResource": {"group": "", "version": "v1", "resource": "pods"}}),
                ),
                with(
                    create(bad.clone()),
                    json!({"requestKind": {"group": "", "version": "v1", "kind": "Pod"}}),
                ),
                with(
                    create(bad.clone()),
                    json!({"resource": {"group": "", "version": "v9", "resource": "namespaces"}}),
                ),
                with(
                    create(bad.clone()),
                    json!({"resource": {"group": "g", "version": "v1", "resource": "namespaces"}}),
                ),
                with(
                    create(bad.clone()),
                    json!({"resource": {"group": "", "version": "v1", "resource": "Namespaces"}}),
                ),
            ],
        ),
        one(
            "namespace invalid and of another kind in the request",
            &[],
            with(create(bad.clone()), json!({"kind": foreign})),
        ),
        several(
            "namespace of another kind in the request with no kind of its own",
            &[],
            [
                with(create(without(bad.clone(), "kind")), json!({"kind": foreign})),
                with(create(without(without(bad.clone(), "kind"), "apiVersion")), json!({"kind": foreign})),
                create(without(without(bad.clone(), "kind"), "apiVersion")),
            ],
        ),
        several(
            "namespace without object",
            &[],
            [
                create(json!(null)),
                without(create(json!(null)), "object"),
                with(enforce("baseline"), json!({"object": null})),
            ],
        ),
        several(
            "namespace undecodable",
            &[],
            [
                create(json!("x")),
                create(json!([])),
                create(json!(1)),
                create(with(ns(&[]), json!({"metadata": {"labels": {"a": 1}}}))),
                create(with(ns(&[]), json!({"spec": {"finalizers": "x"}}))),
                create(with(ns(&[]), json!({"apiVersion": "v2"}))),
                create(with(ns(&[]), json!({"metadata": {"creationTimestamp": "yesterday"}}))),
            ],
        ),
        several(
            "namespace of another type",
            &[],
            [create(good_pod("ns")), create(json!({"apiVersion": "v1", "kind": "List"}))],
        ),
        several(
            "namespace with nulls",
            &[],
            [
                create(json!({})),
                create(json!({"metadata": null})),
                create(json!({"metadata": {"labels": null}})),
                create(json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": null}}})),
                create(json!({"Metadata": {"labels": {"pod-security.kubernetes.io/enforce": "x"}}})),
            ],
        ),
        several(
            "namespace without old object",
            &[],
            [update(json!(null)), without(update(json!(null)), "oldObject")],
        ),
        several(
            "namespace with undecodable old object",
            &[],
            [update(json!("x")), update(with(ns(&[]), json!({"metadata": []})))],
        ),
        one("namespace with old object of another type", &[], update(good_pod("ns"))),
        several(
            "namespace other operations",
            &[],
            ["DELETE", "CONNECT", "create", "PATCH", ""]
                .map(|op| with(create(bad.clone()), json!({"operation": op}))),
        ),
        several(
            "namespace other operations without object",
            &[],
            [with(create(json!(null)), json!({"operation": "DELETE", "oldObject": bad}))],
        ),
        one("namespace without operation", &[], without(create(bad), "operation")),
    ]
}

fn labels() -> Vec<Scenario> {
    let create = |labels: &[(&str, &str)]| create_namespace(ns(labels));
    let six = ["enforce", "enforce-version", "audit", "audit-version", "warn", "warn-version"];
    let all: Vec<(&str, &str)> = six.into_iter().rev().map(|name| (name, "No")).collect();
    vec![
        one("namespace created without labels", &[], create(&[])),
        one(
            "namespace created with valid labels",
            &[],
            create(&[
                ("enforce", "baseline"),
                ("enforce-version", "v1.30"),
                ("warn", "restricted"),
                ("audit-version", "latest"),
            ]),
        ),
        several("namespace created with one invalid label", &[], six.map(|name| create(&[(name, "No")]))),
        one("namespace created with all labels invalid", &[], create(&all)),
        one(
            "namespace created with an invalid level beside a valid version",
            &[],
            create(&[("enforce", "x"), ("enforce-version", "v1.20")]),
        ),
        several(
            "namespace created with odd levels",
            &[],
            [
                "",
                " ",
                "Baseline",
                "restricted ",
                "a\"b",
                "tab\t",
                "\u{1}\u{7f}",
                "ü\u{a0}\u{200b}😀",
                "<&>",
                "a, b",
            ]
            .map(|level| create(&[("enforce", level)])),
        ),
        several(
            "namespace created with odd versions",
            &[],
            [
                "",
                "v1",
                "1.25",
                "v1.01",
                "v1.",
                "v2.0",
                "V1.25",
                "v1.25.0",
                "v1.-1",
                "v1.+1",
                "v1.9223372036854775807",
                "v1.9223372036854775808",
                "v1.99999999999999999999",
                "v1.99",
                "Latest",
                "v1.2٣",
            ]
            .map(|version| create(&[("enforce-version", version)])),
        ),
        one(
            "namespace created invalid without name",
            &[],
            with(
                create(&[("enforce", "x")]),
                json!({"name": "", "namespace": "", "object": {
                "metadata": {"generateName": "n-", "labels": {label("enforce"): "x"}}}}),
            ),
        ),
        one(
            "namespace created invalid under an odd name",
            &[],
            with(create(&[("enforce", "x")]), json!({"name": "a\"b\n"})),
        ),
        one(
            "namespace created with labels of other prefixes",
            &[],
            create_namespace(json!({"metadata": {"name": "ns", "labels": {
            "pod-security.kubernetes.io/Enforce": "x", "pod-security.kubernetes.io/enforce-level": "x",
            "pod-security.kubernetes.io/enforce ": "x", "enforce": "x"}}})),
        ),
    ]
}

fn changed_labels() -> Vec<Scenario> {
    let update = |old: &[(&str, &str)], new: &[(&str, &str)]| update_namespace(ns(old), ns(new));
    let defaults = configuration(json!({"defaults": {"enforce": "restricted", "enforce-version": "v1.20"}}));
    let in_cluster = |scenario: Scenario| Scenario { pods: vec![pod(bad_spec())], ..scenario };
    vec![
        several(
            "namespace update with new invalid labels",
            &[],
            [
                update(&[], &[("enforce", "x")]),
                update(&[("enforce", "baseline")], &[("enforce", "x")]),
                update(&[("warn", "x")], &[("warn", "x"), ("audit", "x")]),
                update(&[("warn", "x")], &[("audit", "x")]),
                update(&[("warn", "x")], &[("warn", "y")]),
                update(&[("warn", "x"), ("audit", "x")], &[("warn", "x")]),
                update(&[("enforce", "x")], &[("enforce-version", "x")]),
            ],
        ),
        in_cluster(several(
            "namespace update with the invalid labels of before",
            &[],
            [
                update(&[("enforce", "x")], &[("enforce", "x")]),
                update(&[("enforce", "x")], &[("enforce", "x"), ("enforce-version", "v1.20")]),
                update(&[("warn", "x")], &[("warn", "x"), ("enforce", "baseline")]),
                update(
                    &[("audit-version", "x"), ("warn", "y")],
                    &[("warn", "y"), ("audit-version", "x"), ("enforce", "restricted")],
                ),
            ],
        )),
        in_cluster(several(
            "namespace update mends invalid labels",
            &[],
            [
                update(&[("enforce", "x")], &[("enforce", "baseline")]),
                update(&[("enforce", "x")], &[("enforce", "restricted")]),
                update(&[("enforce", "x")], &[("enforce", "restricted"), ("enforce-version", "v1.22")]),
                update(&[("enforce", "restricted"), ("enforce-version", "x")], &[("enforce", "restricted")]),
                update(&[("enforce", "x")], &[]),
            ],
        )),
        in_cluster(several(
            "namespace update without a check of pods",
            &[],
            [
                update(
                    &[("enforce", "baseline")],
                    &[("enforce", "baseline"), ("warn", "restricted"), ("audit", "baseline")],
                ),
                update(
                    &[("enforce", "restricted")],
                    &[("enforce", "privileged"), ("enforce-version", "v1.20")],
                ),
                update(&[], &[("enforce-version", "v1.20")]),
                update(&[("enforce", "restricted")], &[("enforce", "baseline")]),
                update(&[("enforce", "restricted")], &[]),
                update(&[("enforce", "baseline"), ("enforce-version", "latest")], &[("enforce", "baseline")]),
            ],
        )),
        in_cluster(several(
            "namespace update with a check of pods",
            &[],
            [
                update(&[], &[("enforce", "baseline")]),
                update(&[("enforce", "baseline")], &[("enforce", "restricted")]),
                update(
                    &[("enforce", "restricted")],
                    &[("enforce", "baseline"), ("enforce-version", "v1.20")],
                ),
                update(&[("enforce", "baseline"), ("enforce-version", "v1.20")], &[("enforce", "baseline")]),
                update(
                    &[("enforce", "baseline"), ("enforce-version", "v1.36")],
                    &[("enforce", "baseline"), ("enforce-version", "v1.99")],
                ),
                update(
                    &[("enforce", "privileged"), ("enforce-version", "v1.2")],
                    &[("enforce", "restricted"), ("enforce-version", "v1.2")],
                ),
            ],
        )),
        configured(
            &defaults,
            in_cluster(several(
                "namespace update against other defaults",
                &[],
                [
                    update(&[], &[("enforce", "baseline")]),
                    update(&[("enforce", "baseline")], &[]),
                    update(&[("enforce", "privileged")], &[]),
                    update(&[], &[("enforce-version", "latest")]),
                    update(&[("enforce-version", "latest")], &[]),
                    update(
                        &[("enforce", "privileged")],
                        &[("enforce", "privileged"), ("enforce-version", "x")],
                    ),
                ],
            )),
        ),
    ]
}

fn exemptions() -> Vec<Scenario> {
    let exempt = configuration(json!({"exemptions": {"namespaces": ["ns", "other"]}}));
    let exempt_with_defaults = configuration(json!({
        "defaults": {"enforce": "baseline", "audit": "restricted", "warn": "restricted"}, "exemptions": {"namespaces": ["ns"]}}));
    let create = |labels: &[(&str, &str)]| create_namespace(ns(labels));
    let update = |old: &[(&str, &str)], new: &[(&str, &str)]| update_namespace(ns(old), ns(new));
    let all: [&[(&str, &str)]; 9] = [
        &[],
        &[("enforce", "privileged")],
        &[("enforce", "baseline")],
        &[
            ("enforce", "baseline"),
            ("audit", "restricted"),
            ("warn", "restricted"),
            ("warn-version", "v1.20"),
        ],
        &[("audit", "baseline"), ("audit-version", "v1.99")],
        &[("warn", "restricted")],
        &[("enforce", "baseline"), ("enforce-version", "v1.20"), ("warn-version", "v1.10")],
        &[("enforce-version", "v1.20")],
        &[("warn", "privileged"), ("enforce", "restricted")],
    ];
    vec![
        configured(&exempt, several("exempt namespace created", &[], all.map(create))),
        configured(
            &exempt_with_defaults,
            several("exempt namespace created against other defaults", &[], all.map(create)),
        ),
        configured(
            &exempt_with_defaults,
            several(
                "exempt namespace with no mode to name",
                &[],
                [
                    create(&[("enforce", "privileged")]),
                    create(&[("enforce", "privileged"), ("audit", "privileged")]),
                    create(&[("enforce", "baseline"), ("audit", "restricted"), ("warn", "restricted")]),
                    update(&[], &[("enforce", "baseline"), ("enforce-version", "v1.20")]),
                ],
            ),
        ),
        configured(
            &exempt_with_defaults,
            several(
                "exempt namespace updated against other defaults",
                &[],
                [
                    update(&[("enforce", "privileged"), ("audit", "privileged")], &[("audit", "privileged")]),
                    update(&[("enforce", "privileged")], &[]),
                    update(&[("enforce", "privileged")], &[("enforce", "restricted")]),
                ],
            ),
        ),
        configured(
            &exempt,
            one("exempt namespace created with invalid labels", &[], create(&[("enforce", "x")])),
        ),
        configured(
            &exempt,
            several(
                "exempt namespace updated",
                &[],
                [
                    update(&[], &[("enforce", "baseline")]),
                    update(&[("enforce", "baseline")], &[("enforce", "restricted"), ("audit", "restricted")]),
                    update(&[("enforce", "baseline")], &[("enforce", "baseline"), ("audit", "restricted")]),
                    update(&[("enforce", "baseline")], &[]),
                    update(&[("enforce", "x")], &[("enforce", "x"), ("audit", "restricted")]),
                    update(&[("warn", "x")], &[("warn", "x"), ("enforce", "restricted")]),
                ],
            ),
        ),
        configured(
            &exempt,
            several(
                "exempt namespace by the namespace of the request",
                &[],
                [
                    with(
                        create(&[("enforce", "baseline")]),
                        json!({"namespace": "other", "object": namespace("n\"", &[("enforce", "baseline")])}),
                    ),
                    with(create(&[("enforce", "baseline")]), json!({"namespace": ""})),
                    with(create(&[("enforce", "baseline")]), json!({"namespace": "Ns"})),
                    with(
                        create(&[("enforce", "baseline")]),
                        json!({"name": "x", "object": {"metadata": {"labels": {label("enforce"): "baseline"}}}}),
                    ),
                ],
            ),
        ),
        configured(
            &configuration(json!({"exemptions": {"usernames": ["user"]}})),
            several(
                "exempt user and namespaces",
                &[],
                [create(&[("enforce", "x")]), update(&[], &[("enforce", "baseline")])],
            ),
        ),
    ]
}

fn unchecked() -> Vec<Scenario> {
    let timed = |timeout: &str| Post { timeout: Some(timeout.to_owned()), ..post(enforce("baseline")) };
    let pods = vec![pod(bad_spec()), pod(good_spec())];
    vec![
        Scenario { list_error: true, ..one("pods not listed", &[], enforce("restricted")) },
        Scenario { list_error: true, ..one("pods not asked for", &[], enforce("privileged")) },
        Scenario {
            cancelled: true,
            pods: pods.clone(),
            ..one("time over after one pod", &[], enforce("baseline"))
        },
        Scenario {
            cancelled: true,
            pods: vec![pod(good_spec()); 2],
            ..one("time over after one pod that is fine", &[], enforce("baseline"))
        },
        Scenario {
            cancelled: true,
            pods: pods[..1].to_vec(),
            ..one("time over after the only pod", &[], enforce("baseline"))
        },
        Scenario { cancelled: true, ..one("time over without pods", &[], enforce("baseline")) },
        Scenario {
            pods,
            posts: [
                "0s", "-1h", "0", "1ns", "24h", "1h1m1.5s", "5", "x", "", "1d", " 24h", "-0", "+24h", ".h",
                "1e3s", "9999999h",
            ]
            .map(timed)
            .to_vec(),
            ..one("timeouts", &[], enforce("baseline"))
        },
    ]
}

/// A pod of a name and spec.
fn named(name: &str, spec: Value) -> Value {
    with(pod(spec), json!({"metadata": {"name": name, "namespace": "ns"}}))
}

fn checked() -> Vec<Scenario> {
    let windows = with(good_spec(), json!({"os": {"name": "windows"}, "containers": [{"name": "w"}]}));
    let user_namespace = with(
        good_spec(),
        json!({"hostUsers": false, "securityContext": {
        "runAsNonRoot": false, "runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}}),
    );
    let host_network = json!({"hostNetwork": true, "containers": [{"name": "a"}]});
    let host_process = json!({"hostPID": true, "hostIPC": true, "containers": [{"name": "a"}]});
    let at = |version: &str| {
        update_namespace(ns(&[]), ns(&[("enforce", "restricted"), ("enforce-version", version)]))
    };
    let versions = ["v1.0", "v1.24", "v1.25", "v1.34", "v1.35", "v1.37", "v1.38", "v1.99", "latest"];
    let runtime_classes: Vec<Value> = [json!("kata"), json!(""), json!(null), json!("Kata"), json!("gvisor")]
        .into_iter()
        .enumerate()
        .map(|(i, class)| named(&format!("p{i}"), with(bad_spec(), json!({"runtimeClassName": class}))))
        .collect();
    let exempt =
        configuration(json!({"exemptions": {"runtimeClasses": ["kata", "gvisor"], "usernames": ["user"]}}));
    vec![
        one("no pods", &[], enforce("restricted")),
        Scenario {
            pods: vec![pod(good_spec()); 3],
            ..one("pods that meet the level", &[], enforce("restricted"))
        },
        Scenario {
            pods: vec![named("a", bad_spec()), pod(good_spec())],
            ..one("one pod that does not", &[], enforce("restricted"))
        },
        Scenario {
            pods: vec![named("b", bad_spec()), named("a", bad_spec())],
            ..several("two pods that do not", &[], ["baseline", "restricted"].map(enforce))
        },
        Scenario {
            pods: ["c", "b", "d", "a", "e"].map(|name| named(name, bad_spec())).to_vec(),
            ..several("five pods that do not", &[], ["baseline", "restricted"].map(enforce))
        },
        Scenario {
            pods: vec![
                named("z", host_network.clone()),
                named("b", host_process.clone()),
                named("m", bad_spec()),
                named("a", baseline_spec()),
            ],
            ..several("reasons are counted, not details", &[], ["baseline", "restricted"].map(enforce))
        },
        Scenario {
            pods: vec![
                named("", host_network.clone()),
                named("a (and", bad_spec()),
                named("B", baseline_spec()),
                named("ü", host_process),
            ],
            ..several("warnings in order of bytes", &[], ["baseline", "restricted"].map(enforce))
        },
        Scenario {
            pods: vec![
                json!({"spec": host_network}),
                json!({}),
                json!({"metadata": {"generateName": "g-"}, "spec": bad_spec()}),
            ],
            ..several("pods without names", &[], ["baseline", "restricted"].map(enforce))
        },
        Scenario {
            pods: vec![named("windows", windows), named("users", user_namespace)],
            ..several("Windows and user namespaces at versions", &[], versions.map(at))
        },
        configured(
            &exempt,
            Scenario {
                pods: runtime_classes.clone(),
                ..several("exempt runtime classes among pods", &[], ["baseline", "restricted"].map(enforce))
            },
        ),
        configured(
            &exempt,
            Scenario {
                cancelled: true,
                pods: runtime_classes,
                ..one("time over among exempt runtime classes", &[], enforce("baseline"))
            },
        ),
        Scenario {
            pods: vec![pod(bad_spec())],
            posts: vec![
                post(with(enforce("baseline"), json!({"name": "x", "namespace": "y"}))),
                post(with(
                    enforce("baseline"),
                    json!({"object": {"metadata": {"name": "n\"\n", "labels": {label("enforce"): "baseline"}}}}),
                )),
                post(with(
                    enforce("baseline"),
                    json!({"object": {"metadata": {"labels": {label("enforce"): "baseline"}}}}),
                )),
            ],
            ..one("names of the namespace that differ", &[], enforce("baseline"))
        },
        Scenario {
            pods: vec![pod(bad_spec())],
            ..one("dry run of the request", &[], with(enforce("baseline"), json!({"dryRun": true})))
        },
    ]
}

/// A pod with an owner.
fn owned(name: &str, spec: Value, owners: &Value) -> Value {
    with(pod(spec), json!({"metadata": {"name": name, "namespace": "ns", "ownerReferences": owners}}))
}

fn by(uid: &str) -> Value {
    json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": uid, "controller": true}])
}

fn order() -> Vec<Scenario> {
    // One pod is checked: the first in the order of priority.
    let first = |name: &str, pods: Vec<Value>| Scenario {
        cancelled: true,
        pods,
        ..one(name, &[], enforce("baseline"))
    };
    let mixed = |kind: &Value| json!([{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n"}, kind]);
    let not_controller =
        json!({"apiVersion": "v1", "kind": "X", "name": "x", "uid": "1", "controller": false});
    let second_controller =
        json!({"apiVersion": "v1", "kind": "X", "name": "x", "uid": "1", "controller": true});
    vec![
        first(
            "first of a controller before its replicas",
            vec![owned("a", bad_spec(), &by("1")), owned("b", good_spec(), &by("1")), pod(good_spec())],
        ),
        first("only replicas", vec![owned("b", good_spec(), &by("1")), owned("a", bad_spec(), &by("1"))]),
        first("owner without a UID", vec![owned("b", good_spec(), &by("")), owned("a", bad_spec(), &by(""))]),
        first(
            "owner that is no controller",
            vec![owned("a", bad_spec(), &mixed(&not_controller)), owned("b", good_spec(), &by("1"))],
        ),
        first(
            "controller as second owner",
            vec![owned("a", bad_spec(), &mixed(&second_controller)), owned("b", good_spec(), &by("1"))],
        ),
    ]
}

fn limits() -> Vec<Scenario> {
    let many = |count: usize, of: &dyn Fn(usize) -> Value| (0..count).map(of).collect::<Vec<Value>>();
    let name = |i: usize| format!("p{i:05}");
    let replicas_first = |i: usize| {
        if i < 2999 {
            owned(&name(i), if i < 10 { bad_spec() } else { good_spec() }, &by("one"))
        } else {
            named(&name(i), bad_spec())
        }
    };
    let exempt = configuration(json!({"exemptions": {"runtimeClasses": ["kata"]}}));
    let kata = |i: usize| {
        named(
            &name(i),
            if i.is_multiple_of(2) {
                with(bad_spec(), json!({"runtimeClassName": "kata"}))
            } else {
                bad_spec()
            },
        )
    };
    vec![
        Scenario {
            pods: many(3000, &|i| named(&name(i), bad_spec())),
            ..one("3000 pods", &[], enforce("baseline"))
        },
        Scenario {
            pods: many(3001, &|i| named(&name(i), if i < 3000 { good_spec() } else { bad_spec() })),
            ..one("the last of 3001 pods", &[], enforce("baseline"))
        },
        Scenario {
            pods: many(3001, &|i| named(&name(3001 - i), bad_spec())),
            ..one("3001 pods, the last with the smallest name", &[], enforce("baseline"))
        },
        Scenario {
            pods: many(3010, &replicas_first),
            ..one("replicas left out at 3000 pods", &[], enforce("baseline"))
        },
        configured(
            &exempt,
            Scenario { pods: many(6000, &kata), ..one("3000 of 6000 pods exempt", &[], enforce("baseline")) },
        ),
        Scenario {
            cancelled: true,
            pods: many(4000, &|i| named(&name(i), bad_spec())),
            ..one("time over at 4000 pods", &[], enforce("baseline"))
        },
    ]
}
