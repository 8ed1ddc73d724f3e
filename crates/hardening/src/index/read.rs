//! Facts of objects.

use seawall_manifest::objects::Object;
use seawall_manifest::workload::{Template, looks_like_workload};
use seawall_model::WorkloadKind;
use seawall_yaml::{Kind as NodeKind, NodeRef};

use super::fact::{
    Defaulted, Detail, Directions, Fact, Granted, Grantee, KeysFact, PodFact, Protocol, Scaler, ServiceFact,
    ServicePort, Subject, Target,
};
use super::kinds::{Kind, hash, identity, makes_pods};
use super::labels::{Labels, Selector};
use super::twins;
use crate::rbac::{GROUP, allows_everything};
use crate::resources::is_zero;
use crate::view::{FromNode, Pod, field};
use crate::workloads::has_certain_labels;

/// The facts of an object: the first is its own, and there is one more for every further template.
pub fn facts<'d>(
    object: &Object<'d>,
    templates: &[&Template<'d>],
    pods: &[Option<Pod<'d>>],
    scope: u16,
) -> Vec<Fact> {
    let Subject { kind, namespace, identity, .. } = Subject::of(object, false, scope);
    // A PodTemplate makes no pods.
    let pods = templates.iter().zip(pods).filter(|_| kind.name() != "PodTemplate");
    let mut pods = pods.map(|(template, view)| Detail::Pod(Box::new(pod(object, template, view.as_ref()))));
    let detail = pods.next().unwrap_or_else(|| detail(object, kind));
    let direct = twins::is_direct(object);
    let of = |kind, identity, detail| {
        let (unrendered, again) = (false, false);
        Fact { scope, kind, namespace, identity, unrendered, direct, again, detail }
    };
    let more = pods.map(|detail| of(Kind::PODS, None, detail));
    std::iter::once(of(kind, identity, detail)).chain(more).collect()
}

impl Subject {
    /// What an object is.
    pub(crate) fn of(object: &Object<'_>, has_pods: bool, scope: u16) -> Self {
        let kind = Kind::of(object.group(), object.kind);
        let namespace = match kind.name() {
            "Namespace" => hash(&[object.name]),
            _ if kind.is_cluster_scoped() => super::cluster(),
            _ => hash(&[object.namespace]),
        };
        let identity = (!object.name.is_empty()).then(|| identity(object.group(), object.kind, object.name));
        Self { scope, kind, namespace, identity, has_pods, unrendered: false }
    }
}

/// Kind and name of what a scaler names, and of what it may name; whatever the version.
pub(crate) fn scaled(kind: &str, name: &str) -> u64 {
    hash(&[kind, name])
}

fn pod<'d>(object: &Object<'d>, template: &Template<'d>, view: Option<&Pod<'d>>) -> PodFact {
    let containers =
        view.into_iter().flat_map(|view| view.spec.init_containers.iter().chain(view.spec.containers.iter()));
    let ports = containers.flat_map(|container| &container.ports).filter_map(|port| {
        Some((hash(&[port.name.filter(|name| !name.is_empty())?]), Protocol::of(port.protocol)))
    });
    PodFact {
        labels: Labels::of_pods(object, template),
        ports: ports.collect(),
        replicas: replicas(object, template),
        owner: scaled(object.kind, object.name),
        certain: has_certain_labels(object, template),
    }
}

/// How many pods an object is to have as it is written. Those of an object that another one controls are counted there.
fn replicas(object: &Object<'_>, template: &Template<'_>) -> Option<u32> {
    let owners = field(object.node, "metadata.ownerReferences").into_iter().flat_map(NodeRef::items);
    let controls = |owner: NodeRef<'_>| owner.get("controller").and_then(NodeRef::as_bool) == Some(true);
    match object.kind {
        _ if owners.into_iter().any(controls) => Some(0),
        _ if template.kind == WorkloadKind::Pod => Some(1),
        "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" | "Rollout" => {
            let written = object.node.get("spec").and_then(|spec| count(spec.get("replicas")));
            Some(written.unwrap_or(1))
        }
        _ => None,
    }
}

/// A number of replicas; `None` where none, or none that can be, is written.
pub(crate) fn count(node: Option<NodeRef<'_>>) -> Option<u32> {
    let number = Option::<i64>::from_node(node?)?;
    u32::try_from(number).ok()
}

fn detail(object: &Object<'_>, kind: Kind) -> Detail {
    let at = |path| field(object.node, path);
    let text = |path| at(path).and_then(NodeRef::as_str).filter(|text| !text.is_empty());
    match kind.name() {
        "Service" => Detail::Service(Box::new(service(object))),
        "NetworkPolicy" if object.group().contains("calico") => Detail::Blanket(Directions::BOTH),
        "NetworkPolicy" => match Selector::of(at("spec.podSelector")) {
            Some(selector) => Detail::Policy(Box::new((selector, directions(object)))),
            None => Detail::Nothing,
        },
        "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy" | "GlobalNetworkPolicy" => {
            Detail::Blanket(Directions::BOTH)
        }
        "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" | "ClusterNetworkPolicy" => {
            cluster_policy(object)
        }
        "PodDisruptionBudget" => Detail::Budget(budget(object).map(Box::new)),
        "HorizontalPodAutoscaler" => scaler(object, "minReplicas", "maxReplicas", 1),
        "ScaledObject" => scaler(object, "minReplicaCount", "maxReplicaCount", 0),
        "Ingress" | "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" | "UDPRoute" => {
            let mut named = Vec::new();
            crate::backends::backends(object, |backend| {
                named.push((hash(&[backend.namespace]), hash(&[backend.name])));
            });
            Detail::Exposes(named.into())
        }
        "ServiceAccount" => Detail::Account(at("automountServiceAccountToken").and_then(NodeRef::as_bool)),
        "Namespace" => {
            let labels = Labels::of(at("metadata.labels"));
            Detail::Namespace(labels.with("kubernetes.io/metadata.name", object.name))
        }
        "ConfigMap" => keys(false, object.name, &[at("data"), at("binaryData")]),
        "Secret" => keys(true, object.name, &[at("data"), at("stringData")]),
        "SealedSecret" => {
            let name = text("spec.template.metadata.name").unwrap_or(object.name);
            Detail::Keys(Box::new(KeysFact { secret: true, name: hash(&[name]), keys: None }))
        }
        "ExternalSecret" => {
            let name = text("spec.target.name").unwrap_or(object.name);
            Detail::Keys(Box::new(KeysFact { secret: true, name: hash(&[name]), keys: None }))
        }
        "Certificate" => match text("spec.secretName") {
            Some(name) => Detail::Keys(Box::new(KeysFact { secret: true, name: hash(&[name]), keys: None })),
            None => Detail::Nothing,
        },
        "RoleBinding" | "ClusterRoleBinding" => grants(object),
        "Role" | "ClusterRole" if allows_everything(object) => Detail::Owner,
        "LimitRange" => limits(object),
        "" if makes_pods(object.group(), object.kind) || looks_like_workload(object, &[]).is_some() => {
            Detail::Uncertain
        }
        _ => Detail::Nothing,
    }
}

fn keys(secret: bool, name: &str, mappings: &[Option<NodeRef<'_>>]) -> Detail {
    let entries = mappings.iter().flatten().flat_map(|node| node.entries());
    let mut keys: Vec<u64> = entries.filter_map(|(key, _)| Some(hash(&[&*key.key()?]))).collect();
    keys.sort_unstable();
    keys.dedup();
    Detail::Keys(Box::new(KeysFact { secret, name: hash(&[name]), keys: Some(keys.into()) }))
}

fn service(object: &Object<'_>) -> ServiceFact {
    let at = |path| field(object.node, path);
    let text = |path| at(path).and_then(NodeRef::as_str);
    let kind = text("spec.type").unwrap_or("ClusterIP");
    // Without a selector a Service has no pods of its own choice.
    let selector = at("spec.selector").filter(|_| kind != "ExternalName");
    let selector = selector.and_then(|node| Selector::of_pairs(Some(node))).filter(|s| !s.is_empty());
    let ports = at("spec.ports").into_iter().flat_map(NodeRef::items).map(service_port);
    ServiceFact {
        name: hash(&[object.name]),
        labels: Labels::of(at("metadata.labels")),
        selector,
        headless: text("spec.clusterIP") == Some("None"),
        external: matches!(kind, "NodePort" | "LoadBalancer")
            || at("spec.externalIPs").is_some_and(|list| list.count() > 0),
        publishes_not_ready: at("spec.publishNotReadyAddresses").and_then(NodeRef::as_bool) == Some(true),
        ports: ports.collect(),
    }
}

/// A port of a Service as written; numbers that cannot be are 0.
pub(crate) fn service_port(node: NodeRef<'_>) -> ServicePort {
    let number = |node: NodeRef<'_>| u16::try_from(i64::from_node(node)).unwrap_or_default();
    let own = node.get("port").map(number).unwrap_or_default();
    let target = match node.get("targetPort").filter(|target| !target.is_null()) {
        None => Target::Number(own),
        Some(target) => match target.as_str() {
            Some("") => Target::Number(own),
            Some(name) => Target::Name(hash(&[name])),
            // 0 stands for the same as nothing.
            None => Target::Number(Some(number(target)).filter(|n| *n > 0).unwrap_or(own)),
        },
    };
    ServicePort {
        name: hash(&[node.get("name").and_then(NodeRef::as_str).unwrap_or_default()]),
        number: own,
        protocol: Protocol::of(node.get("protocol").and_then(NodeRef::as_str)),
        target,
    }
}

/// Which directions a NetworkPolicy restricts (Kubernetes `pkg/apis/networking/v1/defaults.go`): those of `policyTypes`; where
/// it is empty, ingress, and egress if there is a rule for it.
fn directions(object: &Object<'_>) -> Directions {
    let types = field(object.node, "spec.policyTypes").filter(|types| types.count() > 0);
    match types {
        Some(types) => {
            let lists = |name: &str| types.items().any(|item| item.as_str() == Some(name));
            Directions { ingress: lists("Ingress"), egress: lists("Egress") }
        }
        None => Directions { ingress: true, egress: holds(object, "spec.egress") },
    }
}

fn holds(object: &Object<'_>, path: &str) -> bool {
    field(object.node, path).is_some_and(|list| list.count() > 0)
}

fn cluster_policy(object: &Object<'_>) -> Detail {
    let directions =
        Directions { ingress: holds(object, "spec.ingress"), egress: holds(object, "spec.egress") };
    let subject = |path| field(object.node, path);
    let selectors = match subject("spec.subject.pods") {
        Some(pods) => Selector::of(pods.get("namespaceSelector")).zip(Selector::of(pods.get("podSelector"))),
        None => Selector::of(subject("spec.subject.namespaces")).map(|of| (of, Selector::default())),
    };
    match selectors {
        Some((namespaces, pods)) => Detail::ClusterPolicy(Box::new((namespaces, pods, directions))),
        None => Detail::Nothing,
    }
}

/// What a PodDisruptionBudget selects. One without a selector selects nothing; in `policy/v1beta1` neither does an empty one
/// (k8s.io/api `policy/v1beta1/types.go`).
pub(crate) fn budget(object: &Object<'_>) -> Option<Selector> {
    let selector = Selector::of(Some(field(object.node, "spec.selector")?))?;
    (object.api_version != "policy/v1beta1" || !selector.is_empty()).then_some(selector)
}

fn scaler(object: &Object<'_>, min: &str, max: &str, fewest: u32) -> Detail {
    let Some(target) = field(object.node, "spec.scaleTargetRef") else { return Detail::Nothing };
    let text = |key| target.get(key).and_then(NodeRef::as_str).filter(|text| !text.is_empty());
    let Some(name) = text("name") else { return Detail::Nothing };
    // KEDA takes a Deployment where no kind is written; the API server refuses such a HorizontalPodAutoscaler.
    let default = (object.kind == "ScaledObject").then_some("Deployment");
    let Some(kind) = text("kind").or(default) else { return Detail::Nothing };
    let group = text("apiVersion").and_then(|of| of.rsplit_once('/')).map_or("", |(group, _)| group);
    let spec = |key| object.node.get("spec").and_then(|spec| count(spec.get(key)));
    Detail::Scaler(Scaler {
        unrendered: false,
        target: scaled(kind, name),
        target_kind: Kind::of(group, kind),
        min: spec(min).unwrap_or(fewest),
        max: spec(max),
    })
}

/// The accounts among a binding's subjects, also those that are named by the user and the groups that they log in as.
fn grants(object: &Object<'_>) -> Detail {
    let at = |path| field(object.node, path);
    let subjects = object.node.get("subjects").filter(|list| list.resolved().kind() == NodeKind::Sequence);
    let found = subjects.into_iter().flat_map(NodeRef::items).filter_map(|subject| {
        let text = |key| subject.get(key).and_then(NodeRef::as_str).filter(|text: &&str| !text.is_empty());
        let name = text("name")?;
        let (namespace, name) = match text("kind")? {
            "ServiceAccount" => (Some(text("namespace").unwrap_or(object.namespace)), Some(name)),
            "User" => {
                let (namespace, name) = name.strip_prefix("system:serviceaccount:")?.split_once(':')?;
                (Some(namespace), Some(name))
            }
            "Group" if name == "system:serviceaccounts" => (None, None),
            "Group" => (Some(name.strip_prefix("system:serviceaccounts:")?), None),
            _ => return None,
        };
        let hashed = |text: Option<&str>| text.map(|text| hash(&[text]));
        Some(Grantee { namespace: hashed(namespace), name: hashed(name) })
    });
    let role = |key| at(key).and_then(NodeRef::as_str).unwrap_or_default();
    let role = identity(GROUP, role("roleRef.kind"), role("roleRef.name"));
    Detail::Grants(Box::new(Granted { role, to: found.collect() }))
}

/// What a LimitRange gives to containers that do not speak of a resource: the default limit, or else the most that it allows, as
/// limit; the default request, or else the default limit, or else the least that it allows, as request (k8s.io/kubernetes
/// `pkg/apis/core/v1/defaults.go`, `SetDefaults_LimitRangeItem`; `plugin/pkg/admission/limitranger/admission.go`).
fn limits(object: &Object<'_>) -> Detail {
    let items = field(object.node, "spec.limits").into_iter().flat_map(NodeRef::items);
    let of_containers = |item: &NodeRef<'_>| item.get("type").and_then(NodeRef::as_str) == Some("Container");
    let mut given = Defaulted::default();
    for item in items.filter(of_containers) {
        for (at, resource) in Defaulted::RESOURCES.into_iter().enumerate() {
            let amount =
                |key| item.get(key).and_then(|amounts| amounts.get(resource)).filter(|of| !of.is_null());
            let limit = amount("default").or_else(|| amount("max"));
            let request = amount("defaultRequest").or(limit).or_else(|| amount("min"));
            let bit = |of: Option<NodeRef<'_>>| u8::from(of.is_some_and(|of| !is_zero(of))) << at;
            given = given.or(Defaulted { limits: bit(limit), requests: bit(request) });
        }
    }
    if given == Defaulted::default() { Detail::Nothing } else { Detail::Limits(given) }
}
