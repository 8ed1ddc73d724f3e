//! What the checks read. Types are those of k8s.io/api; null, a wrong type and nothing at all are the same.

use std::borrow::Cow;

use seawall_yaml::{Kind, NodeRef, Number};

use crate::view::{FromNode, Quantities, view};

view! {
    /// An object's metadata.
    pub(super) struct Metadata {
        /// `name`
        name: &'d str = "name",
        /// `namespace`
        namespace: &'d str = "namespace",
        /// `labels`
        labels: Option<NodeRef<'d>> = "labels",
        /// `annotations`
        annotations: Option<NodeRef<'d>> = "annotations",
    }
}

/// The annotations that decide which checks count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Annotations<'d> {
    pub(super) ignore: &'d str,
    pub(super) enable: &'d str,
}

impl<'d> Annotations<'d> {
    pub(super) fn of(annotations: Option<NodeRef<'d>>) -> Self {
        let text = |key| annotations.and_then(|node| node.get(key)?.as_str()).unwrap_or_default();
        Self { ignore: text("kube-score/ignore"), enable: text("kube-score/enable") }
    }
}

view! {
    /// A pod or a pod template.
    pub(super) struct Template {
        /// `metadata`
        metadata: Metadata<'d> = "metadata",
        /// `spec`
        spec: PodSpec<'d> = "spec",
    }
}

view! {
    /// A pod's specification.
    pub(super) struct PodSpec {
        /// `initContainers`
        init_containers: Vec<Container<'d>> = "initContainers",
        /// `containers`
        containers: Vec<Container<'d>> = "containers",
        /// `securityContext`
        security_context: Option<SecurityContext<'d>> = "securityContext",
        /// `affinity`
        affinity: Option<Affinity<'d>> = "affinity",
        /// `topologySpreadConstraints`
        topology_spread_constraints: Vec<Spread<'d>> = "topologySpreadConstraints",
        /// `restartPolicy`
        restart_policy: &'d str = "restartPolicy",
    }
}

impl<'d> PodSpec<'d> {
    /// Init containers and containers.
    pub(super) fn all_containers(&self) -> impl Iterator<Item = &Container<'d>> {
        self.init_containers.iter().chain(&self.containers)
    }
}

view! {
    /// A container.
    pub(super) struct Container {
        /// `name`
        name: &'d str = "name",
        /// `image`
        image: &'d str = "image",
        /// `imagePullPolicy`
        image_pull_policy: &'d str = "imagePullPolicy",
        /// `resources`
        resources: Resources<'d> = "resources",
        /// `securityContext`
        security_context: Option<SecurityContext<'d>> = "securityContext",
        /// `readinessProbe`
        readiness_probe: Option<Probe<'d>> = "readinessProbe",
        /// `livenessProbe`
        liveness_probe: Option<Probe<'d>> = "livenessProbe",
        /// `ports`
        ports: Vec<ContainerPort<'d>> = "ports",
        /// `env`
        env: Vec<Named<'d>> = "env",
    }
}

view! {
    /// Something with a name.
    pub(super) struct Named {
        /// `name`
        name: &'d str = "name",
    }
}

view! {
    /// Resources of a container.
    pub(super) struct Resources {
        /// `requests`
        requests: Quantities<'d> = "requests",
        /// `limits`
        limits: Quantities<'d> = "limits",
    }
}

view! {
    /// A security context of a pod or a container.
    pub(super) struct SecurityContext {
        /// `privileged`
        privileged: bool = "privileged",
        /// `readOnlyRootFilesystem`
        read_only_root_filesystem: bool = "readOnlyRootFilesystem",
        /// `runAsUser`
        run_as_user: Option<i64> = "runAsUser",
        /// `runAsGroup`
        run_as_group: Option<i64> = "runAsGroup",
        /// `seccompProfile`
        seccomp_profile: Option<NodeRef<'d>> = "seccompProfile",
    }
}

view! {
    /// A probe.
    pub(super) struct Probe {
        /// `httpGet`
        http_get: Option<HttpGet<'d>> = "httpGet",
        /// `tcpSocket`
        tcp_socket: Option<TcpSocket<'d>> = "tcpSocket",
        /// `exec`
        exec: Option<Exec<'d>> = "exec",
    }
}

view! {
    /// An HTTP request.
    pub(super) struct HttpGet {
        /// `path`
        path: &'d str = "path",
        /// `port`
        port: IntOrString<'d> = "port",
    }
}

view! {
    /// A connection.
    pub(super) struct TcpSocket {
        /// `port`
        port: IntOrString<'d> = "port",
    }
}

view! {
    /// A command.
    pub(super) struct Exec {
        /// `command`
        command: Vec<&'d str> = "command",
    }
}

view! {
    /// A port of a container.
    pub(super) struct ContainerPort {
        /// `name`
        name: &'d str = "name",
        /// `containerPort`
        container_port: i64 = "containerPort",
    }
}

view! {
    /// Where a pod may run.
    pub(super) struct Affinity {
        /// `podAntiAffinity`
        pod_anti_affinity: Option<AntiAffinity<'d>> = "podAntiAffinity",
    }
}

view! {
    /// What pods keep away from.
    pub(super) struct AntiAffinity {
        /// `requiredDuringSchedulingIgnoredDuringExecution`
        required: Vec<AffinityTerm<'d>> = "requiredDuringSchedulingIgnoredDuringExecution",
        /// `preferredDuringSchedulingIgnoredDuringExecution`
        preferred: Vec<WeightedTerm<'d>> = "preferredDuringSchedulingIgnoredDuringExecution",
    }
}

view! {
    /// A term with a weight.
    pub(super) struct WeightedTerm {
        /// `podAffinityTerm`
        term: AffinityTerm<'d> = "podAffinityTerm",
    }
}

view! {
    /// A term of affinity.
    pub(super) struct AffinityTerm {
        /// `topologyKey`
        topology_key: &'d str = "topologyKey",
        /// `labelSelector`
        label_selector: Option<NodeRef<'d>> = "labelSelector",
    }
}

view! {
    /// How pods are spread.
    pub(super) struct Spread {
        /// `labelSelector`
        label_selector: Option<NodeRef<'d>> = "labelSelector",
        /// `maxSkew`
        max_skew: i64 = "maxSkew",
        /// `minDomains`
        min_domains: Option<i64> = "minDomains",
        /// `topologyKey`
        topology_key: &'d str = "topologyKey",
        /// `whenUnsatisfiable`
        when_unsatisfiable: &'d str = "whenUnsatisfiable",
    }
}

view! {
    /// The specification of a Deployment or StatefulSet.
    pub(super) struct WorkloadSpec {
        /// `replicas`
        replicas: Option<i64> = "replicas",
        /// `selector`
        selector: Option<NodeRef<'d>> = "selector",
        /// `serviceName`
        service_name: &'d str = "serviceName",
        /// `strategy`
        strategy: Strategy<'d> = "strategy",
        /// `template`
        template: Template<'d> = "template",
    }
}

view! {
    /// How a Deployment is rolled out.
    pub(super) struct Strategy {
        /// `type`
        kind: &'d str = "type",
    }
}

view! {
    /// A Service.
    pub(super) struct ServiceSpec {
        /// `type`
        kind: &'d str = "type",
        /// `clusterIP`
        cluster_ip: &'d str = "clusterIP",
        /// `selector`
        selector: Option<NodeRef<'d>> = "selector",
        /// `ports`
        ports: Vec<ServicePort<'d>> = "ports",
    }
}

view! {
    /// A port of a Service, and of a Service that an Ingress names.
    pub(super) struct ServicePort {
        /// `name`
        name: &'d str = "name",
        /// `port`
        port: i64 = "port",
        /// `number`
        number: i64 = "number",
    }
}

view! {
    /// A NetworkPolicy.
    pub(super) struct PolicySpec {
        /// `podSelector`
        pod_selector: Option<NodeRef<'d>> = "podSelector",
        /// `policyTypes`
        policy_types: Vec<&'d str> = "policyTypes",
        /// `egress`
        egress: Option<NodeRef<'d>> = "egress",
    }
}

view! {
    /// A PodDisruptionBudget.
    pub(super) struct BudgetSpec {
        /// `selector`
        selector: Option<NodeRef<'d>> = "selector",
        /// `minAvailable`
        min_available: Option<NodeRef<'d>> = "minAvailable",
        /// `maxUnavailable`
        max_unavailable: Option<NodeRef<'d>> = "maxUnavailable",
    }
}

view! {
    /// A HorizontalPodAutoscaler.
    pub(super) struct AutoscalerSpec {
        /// `scaleTargetRef`
        target: Target<'d> = "scaleTargetRef",
        /// `minReplicas`
        min_replicas: Option<i64> = "minReplicas",
    }
}

view! {
    /// What is scaled.
    pub(super) struct Target {
        /// `apiVersion`
        api_version: &'d str = "apiVersion",
        /// `kind`
        kind: &'d str = "kind",
        /// `name`
        name: &'d str = "name",
    }
}

view! {
    /// An Ingress.
    pub(super) struct IngressSpec {
        /// `rules`
        rules: Vec<IngressRule<'d>> = "rules",
    }
}

view! {
    /// A rule of an Ingress.
    pub(super) struct IngressRule {
        /// `http`
        http: Option<Http<'d>> = "http",
    }
}

view! {
    /// Paths of a rule.
    pub(super) struct Http {
        /// `paths`
        paths: Vec<HttpPath<'d>> = "paths",
    }
}

view! {
    /// A path.
    pub(super) struct HttpPath {
        /// `path`
        path: &'d str = "path",
        /// `backend`
        backend: Backend<'d> = "backend",
    }
}

view! {
    /// What a path leads to: `service` in networking.k8s.io/v1, the other two before.
    pub(super) struct Backend {
        /// `service`
        service: Option<BackendService<'d>> = "service",
        /// `serviceName`
        service_name: &'d str = "serviceName",
        /// `servicePort`
        service_port: IntOrString<'d> = "servicePort",
    }
}

view! {
    /// A Service that a path leads to.
    pub(super) struct BackendService {
        /// `name`
        name: &'d str = "name",
        /// `port`
        port: ServicePort<'d> = "port",
    }
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IntOrString<'d> {
    /// A number; 0 where nothing is written.
    Int(i64),
    /// A name.
    Text(&'d str),
}

impl Default for IntOrString<'_> {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl<'d> FromNode<'d> for IntOrString<'d> {
    fn from_node(node: NodeRef<'d>) -> Self {
        node.as_str().map_or_else(|| Self::Int(i64::from_node(node)), Self::Text)
    }
}

impl IntOrString<'_> {
    /// The number, read from the text if need be: 0 for a name (`IntOrString.IntValue`).
    pub(super) fn int_value(&self) -> i64 {
        match *self {
            Self::Int(number) => number,
            Self::Text(text) => text.parse().unwrap_or_else(|_| clamped(text)),
        }
    }
}

/// The bound that Go's `strconv.Atoi` gives beside its error for a number that is too large; 0 for what is no number.
fn clamped(text: &str) -> i64 {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    match digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() {
        true if text.starts_with('-') => i64::MIN,
        true => i64::MAX,
        false => 0,
    }
}

/// The text of an amount, as Go's decoder is given it.
pub(super) fn amount<'d>(quantities: &Quantities<'d>, name: &str) -> Option<Cow<'d, str>> {
    let (_, node) = quantities.iter().find(|(key, _)| key == name)?;
    match node.kind() {
        Kind::String => node.as_str().map(|text| Cow::Borrowed(super::go_trim(text))),
        Kind::Int | Kind::Float => match node.as_number() {
            Some(Number::Int(value)) => Some(Cow::Owned(value.to_string())),
            _ => node.json_number(),
        },
        _ => None,
    }
}
