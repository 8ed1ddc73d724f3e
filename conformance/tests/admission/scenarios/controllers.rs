//! Requests for objects with pod templates, and for whatever else a webhook is sent.

use super::{configured, one, several};
use crate::reviews::{
    CONTROLLERS, bad_spec, baseline_spec, configuration, controller, create_controller, good_spec, with,
    without,
};
use crate::scenario::Scenario;
use serde_json::{Value, json};

const DEPLOYMENT: (&str, &str, &str) = ("apps", "Deployment", "deployments");
const WARN: &[(&str, &str)] = &[("warn", "restricted"), ("audit", "baseline")];

pub(super) fn all() -> Vec<Scenario> {
    [templates(), requests(), objects()].concat()
}

fn templates() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for of in CONTROLLERS {
        let specs = [good_spec(), baseline_spec(), bad_spec()];
        let absent = |members: Value| {
            let object = without(without(controller(of.0, of.1, &json!(null)), "spec"), "template");
            with(create_controller(of, &json!({})), json!({"object": with(object, members)}))
        };
        scenarios.push(several(
            &format!("{} judged", of.1),
            WARN,
            specs.map(|spec| create_controller(of, &spec)),
        ));
        scenarios.push(several(
            &format!("{} without template", of.1),
            WARN,
            [
                absent(json!({})),
                absent(json!({"spec": null})),
                absent(json!({"spec": {"template": null}})),
                absent(json!({"spec": {"template": {}}, "template": {}})),
                absent(json!({"spec": {"template": {"spec": null}}, "template": {"spec": null}})),
                absent(json!({"spec": {"jobTemplate": null}, "template": null})),
            ],
        ));
    }
    let annotated = json!({
        "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}}, "spec": good_spec()});
    let outside = with(
        controller("apps", "Deployment", &json!({"spec": good_spec()})),
        json!({"metadata": {"name": "c", "annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}}}),
    );
    scenarios.push(several(
        "annotations of a template",
        WARN,
        [controller("apps", "Deployment", &annotated), outside]
            .map(|object| with(create_controller(DEPLOYMENT, &json!({})), json!({"object": object}))),
    ));
    scenarios
}

fn requests() -> Vec<Scenario> {
    let bad = || create_controller(DEPLOYMENT, &bad_spec());
    let exempt = configuration(json!({"exemptions": {
        "namespaces": ["exempt"], "usernames": ["admin"], "runtimeClasses": ["kata"]}}));
    let enforced = configuration(json!({"defaults": {"enforce": "restricted"}}));
    vec![
        several(
            "controller subresources",
            WARN,
            ["scale", "status", "x"].map(|s| with(bad(), json!({"requestSubResource": s, "subResource": s}))),
        ),
        several(
            "controller subresources that differ",
            WARN,
            [
                with(bad(), json!({"subResource": "scale"})),
                with(bad(), json!({"requestSubResource": "scale"})),
            ],
        ),
        configured(
            &exempt,
            several(
                "controller exempt",
                WARN,
                [
                    with(bad(), json!({"namespace": "exempt"})),
                    with(bad(), json!({"namespace": "exempt", "requestSubResource": "scale"})),
                    with(
                        bad(),
                        json!({"namespace": "exempt", "operation": "UPDATE", "userInfo": {"username": "admin"}}),
                    ),
                    with(bad(), json!({"userInfo": {"username": "admin"}})),
                    with(
                        bad(),
                        json!({"userInfo": {"username": "admin"}, "namespace": "unknown", "operation": "DELETE"}),
                    ),
                    create_controller(DEPLOYMENT, &with(bad_spec(), json!({"runtimeClassName": "kata"}))),
                    create_controller(DEPLOYMENT, &with(bad_spec(), json!({"runtimeClassName": ""}))),
                ],
            ),
        ),
        configured(
            &exempt,
            one(
                "controller of an exempt runtime class and invalid labels",
                &[("warn", "x")],
                create_controller(DEPLOYMENT, &with(bad_spec(), json!({"runtimeClassName": "kata"}))),
            ),
        ),
        several(
            "controller in a namespace that is not there",
            WARN,
            ["", "unknown", "a/b", "a\"b\n", "a/%b"].map(|name| with(bad(), json!({"namespace": name}))),
        ),
        Scenario {
            lookup_error: "the \"server\" is\nbusy: try again".into(),
            ..several(
                "namespace of a controller not found out",
                WARN,
                [bad(), with(bad(), json!({"requestSubResource": "scale"}))],
            )
        },
        several(
            "controller in a namespace without labels",
            &[],
            [bad(), with(bad(), json!({"object": "x"})), with(bad(), json!({"object": null}))],
        ),
        several(
            "controller in a namespace that only enforces",
            &[("enforce", "restricted"), ("warn", "privileged")],
            [bad(), with(bad(), json!({"object": "x"}))],
        ),
        configured(&enforced, several("controller against defaults that only enforce", &[], [bad()])),
        several(
            "controller where enforce makes the warnings",
            &[("enforce", "restricted"), ("enforce-version", "v1.20")],
            [bad(), create_controller(DEPLOYMENT, &baseline_spec())],
        ),
        several(
            "controller with invalid labels",
            &[("enforce", "x"), ("audit-version", "y")],
            [bad(), create_controller(DEPLOYMENT, &good_spec())],
        ),
        several(
            "controller with invalid labels and audit",
            &[("enforce", "x"), ("audit", "restricted"), ("audit-version", "v1.20")],
            [bad(), create_controller(DEPLOYMENT, &good_spec())],
        ),
        several(
            "controller updates",
            WARN,
            [
                with(bad(), json!({"operation": "UPDATE", "oldObject": bad()["object"]})),
                with(bad(), json!({"operation": "UPDATE", "oldObject": "x"})),
                with(bad(), json!({"operation": "UPDATE"})),
            ],
        ),
        several(
            "controller other operations",
            WARN,
            ["DELETE", "CONNECT", "x", ""].map(|op| with(bad(), json!({"operation": op}))),
        ),
        several("controller names", WARN, ["", "a\"b"].map(|name| with(bad(), json!({"name": name})))),
    ]
}

/// The kinds that upstream's webhook can decode, and a few that it cannot.
const KINDS: [(&str, &[&str]); 5] = [
    (
        "v1",
        &[
            "APIGroup",
            "APIGroupList",
            "APIResourceList",
            "APIVersions",
            "Binding",
            "ComponentStatus",
            "ComponentStatusList",
            "ConfigMap",
            "ConfigMapList",
            "CreateOptions",
            "DeleteOptions",
            "Endpoints",
            "EndpointsList",
            "Event",
            "EventList",
            "GetOptions",
            "LimitRange",
            "LimitRangeList",
            "List",
            "ListOptions",
            "Namespace",
            "NamespaceList",
            "Node",
            "NodeList",
            "NodeProxyOptions",
            "PatchOptions",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "PersistentVolumeClaimList",
            "PersistentVolumeList",
            "Pod",
            "PodAttachOptions",
            "PodExecOptions",
            "PodList",
            "PodLogOptions",
            "PodPortForwardOptions",
            "PodProxyOptions",
            "PodTemplate",
            "PodTemplateList",
            "RangeAllocation",
            "ReplicationController",
            "ReplicationControllerList",
            "ResourceQuota",
            "ResourceQuotaList",
            "Secret",
            "SecretList",
            "SerializedReference",
            "Service",
            "ServiceAccount",
            "ServiceAccountList",
            "ServiceList",
            "ServiceProxyOptions",
            "Status",
            "UpdateOptions",
            "WatchEvent",
            "TokenRequest",
            "Eviction",
            "Scale",
            "Table",
            "PartialObjectMetadata",
        ],
    ),
    (
        "apps/v1",
        &[
            "ControllerRevision",
            "ControllerRevisionList",
            "CreateOptions",
            "DaemonSet",
            "DaemonSetList",
            "DeleteOptions",
            "Deployment",
            "DeploymentList",
            "GetOptions",
            "ListOptions",
            "PatchOptions",
            "ReplicaSet",
            "ReplicaSetList",
            "StatefulSet",
            "StatefulSetList",
            "UpdateOptions",
            "WatchEvent",
            "Scale",
            "Status",
        ],
    ),
    (
        "batch/v1",
        &[
            "CreateOptions",
            "CronJob",
            "CronJobList",
            "DeleteOptions",
            "GetOptions",
            "Job",
            "JobList",
            "ListOptions",
            "PatchOptions",
            "UpdateOptions",
            "WatchEvent",
            "JobTemplate",
        ],
    ),
    (
        "admission.k8s.io/v1",
        &[
            "AdmissionReview",
            "CreateOptions",
            "DeleteOptions",
            "GetOptions",
            "ListOptions",
            "PatchOptions",
            "UpdateOptions",
            "WatchEvent",
            "AdmissionRequest",
        ],
    ),
    ("apps/__internal", &["WatchEvent", "Deployment"]),
];

fn objects() -> Vec<Scenario> {
    let create = |object: Value| with(create_controller(DEPLOYMENT, &json!({})), json!({"object": object}));
    let deployment = || controller("apps", "Deployment", &json!({"spec": bad_spec()}));
    let bare = || without(without(deployment(), "kind"), "apiVersion");
    let service = |object: Value| {
        with(crate::reviews::request("", "Service", "services", "CREATE"), json!({"object": object}))
    };
    let kinds = KINDS.into_iter().flat_map(|(api_version, kinds)| {
        kinds.iter().map(move |kind| service(json!({"apiVersion": api_version, "kind": kind})))
    });
    vec![
        several("objects of every kind", WARN, kinds),
        several(
            "controller without object",
            WARN,
            [create(json!(null)), without(create(json!(null)), "object")],
        ),
        several(
            "controller without object in a namespace with invalid labels",
            &[("warn", "x")],
            [create(json!(null)), with(create(json!(null)), json!({"operation": "DELETE"}))],
        ),
        several(
            "controller object that is no object",
            WARN,
            [json!("x"), json!(1), json!([]), json!(true)].map(create),
        ),
        several(
            "controller undecodable",
            WARN,
            [
                create(with(deployment(), json!({"spec": {"replicas": "1"}}))),
                create(with(deployment(), json!({"spec": {"template": "x"}}))),
                create(with(deployment(), json!({"spec": {"selector": []}}))),
                create(with(
                    deployment(),
                    json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": true}}}}),
                )),
                create(with(deployment(), json!({"status": []}))),
                create(with(deployment(), json!({"apiVersion": "apps/v1beta1"}))),
                create(with(deployment(), json!({"apiVersion": "extensions/v1beta1"}))),
                create(with(deployment(), json!({"kind": "deployment"}))),
                create(with(bare(), json!({"apiVersion": "v1"}))),
                create(with(bare(), json!({"kind": "Pod"}))),
            ],
        ),
        several(
            "controller without kind",
            WARN,
            [
                create(bare()),
                create(without(deployment(), "kind")),
                create(without(deployment(), "apiVersion")),
                with(create(bare()), json!({"kind": null})),
            ],
        ),
        several(
            "controller of one kind in a request for another",
            WARN,
            CONTROLLERS.map(|(group, kind, _)| create(controller(group, kind, &json!({"spec": bad_spec()})))),
        ),
        one(
            "pod in a request for a deployment",
            WARN,
            create(json!({"apiVersion": "v1", "kind": "Pod", "spec": bad_spec()})),
        ),
        several(
            "objects without pod templates",
            WARN,
            [
                service(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}})),
                service(json!({"metadata": {"name": "s"}})),
                service(json!({"kind": "Service"})),
                service(json!({"apiVersion": "v1"})),
                service(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}})),
                service(json!({"apiVersion": "v1", "kind": "Namespace"})),
                service(json!({"apiVersion": "v1", "kind": "PodList"})),
                service(json!({"apiVersion": "v1", "kind": "Status"})),
                service(json!({"apiVersion": "v1", "kind": "CreateOptions"})),
                service(json!({"apiVersion": "apps/v1", "kind": "Scale"})),
                service(json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": 1})),
                service(json!({"apiVersion": "apps/v1", "kind": "DeploymentList"})),
                service(json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"})),
                service(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"})),
                service(json!(null)),
            ],
        ),
        one(
            "object of a custom resource",
            WARN,
            with(
                crate::reviews::request("g.io", "Foo", "foos", "CREATE"),
                json!({"object": {"apiVersion": "g.io/v1", "kind": "Foo", "spec": {"template": {"spec": bad_spec()}}}}),
            ),
        ),
    ]
}
