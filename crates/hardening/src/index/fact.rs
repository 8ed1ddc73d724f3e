//! What stays of an object, so that the checks of others can know of it.

use super::kinds::Kind;
use super::labels::{Labels, Selector};

/// What other objects' checks have to know of an object. It is small: texts are hashes, and nothing refers to the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The scope of its file.
    pub(super) scope: u16,
    pub(super) kind: Kind,
    /// That of its namespace; a Namespace is in itself.
    pub(super) namespace: u64,
    /// That of kind and name; `None` for objects without a name.
    pub(super) identity: Option<u64>,
    /// Whether it is in a chart that is not rendered: others may see it, and it sees no others.
    pub(super) unrendered: bool,
    /// Whether it is applied as it is written, and not by what holds it.
    pub(super) direct: bool,
    /// Whether its file holds the object already, in front of it.
    pub(super) again: bool,
    pub(super) detail: Detail,
}

/// What differs by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    Nothing,
    /// What an index has taken; whether of pods.
    Taken(bool),
    /// What makes pods of fields of its own, as operators do.
    Uncertain,
    Pod(Box<PodFact>),
    Service(Box<ServiceFact>),
    /// A NetworkPolicy.
    Policy(Box<(Selector, Directions)>),
    /// A policy that may select any pod of its namespace, or of its cluster.
    Blanket(Directions),
    /// A policy of the cluster: which namespaces, which of their pods.
    ClusterPolicy(Box<(Selector, Selector, Directions)>),
    /// A PodDisruptionBudget; `None` selects nothing.
    Budget(Option<Box<Selector>>),
    /// What manages replicas.
    Scaler(Scaler),
    /// Services that are reached from outside: their namespaces and names.
    Exposes(Box<[(u64, u64)]>),
    /// A ServiceAccount's `automountServiceAccountToken`.
    Account(Option<bool>),
    /// A ConfigMap, or what is or makes a Secret.
    Keys(Box<KeysFact>),
    /// A Namespace and its labels.
    Namespace(Labels),
    /// What a binding gives to whom.
    Grants(Box<Granted>),
    /// A role that allows everything.
    Owner,
    /// A LimitRange that sets something.
    Limits(Defaulted),
}

/// What a binding gives to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Granted {
    /// The hash of the role's kind and name.
    pub(super) role: u64,
    /// The accounts among its subjects.
    pub(super) to: Box<[Grantee]>,
}

/// Which resources LimitRanges of a namespace give to containers that do not speak of them, as sets of bits in the order of
/// [`Defaulted::RESOURCES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Defaulted {
    /// A limit.
    pub(super) limits: u8,
    /// A request.
    pub(super) requests: u8,
}

impl Defaulted {
    /// The resources that checks ask for.
    pub(super) const RESOURCES: [&str; 2] = ["cpu", "memory"];

    fn bit(resource: &str) -> u8 {
        Self::RESOURCES.iter().position(|of| *of == resource).map_or(0, |at| 1 << at)
    }

    /// Whether containers get a limit of this resource.
    pub(crate) fn limits(self, resource: &str) -> bool {
        self.limits & Self::bit(resource) != 0
    }

    /// Whether containers get a request of this resource.
    pub(crate) fn requests(self, resource: &str) -> bool {
        self.requests & Self::bit(resource) != 0
    }

    /// What one or the other gives.
    pub(super) fn or(self, other: Self) -> Self {
        Self { limits: self.limits | other.limits, requests: self.requests | other.requests }
    }
}

/// A pod or the pods of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodFact {
    pub(super) labels: Labels,
    /// The named ports of its containers: name and protocol.
    pub(crate) ports: Box<[(u64, Protocol)]>,
    /// How many there are to be; `None` where that depends on what is not written.
    pub(crate) replicas: Option<u32>,
    /// Kind and name of what is scaled.
    pub(crate) owner: u64,
    /// Whether its labels are known for certain.
    pub(super) certain: bool,
}

impl AsRef<Labels> for Box<PodFact> {
    fn as_ref(&self) -> &Labels {
        &self.labels
    }
}

/// The protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    /// As written; TCP where nothing is.
    pub(crate) fn of(text: Option<&str>) -> Self {
        match text {
            Some("UDP") => Self::Udp,
            Some("SCTP") => Self::Sctp,
            _ => Self::Tcp,
        }
    }
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServiceFact {
    pub(super) name: u64,
    pub(super) labels: Labels,
    /// `None` where it selects nothing.
    pub(crate) selector: Option<Selector>,
    /// `clusterIP: None`
    pub(crate) headless: bool,
    /// A node port, a load balancer or an address from outside the cluster.
    pub(crate) external: bool,
    /// Whether pods get traffic before they are ready.
    pub(crate) publishes_not_ready: bool,
    pub(crate) ports: Box<[ServicePort]>,
}

/// A port of a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServicePort {
    pub(crate) name: u64,
    pub(crate) number: u16,
    pub(crate) protocol: Protocol,
    pub(crate) target: Target,
}

/// A port of a pod, as a Service names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Number(u16),
    /// The hash of its name.
    Name(u64),
}

/// Which directions of traffic a policy restricts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directions {
    /// To the pod.
    pub ingress: bool,
    /// From the pod.
    pub egress: bool,
}

impl Directions {
    /// Both.
    pub const BOTH: Self = Self { ingress: true, egress: true };

    /// What one or the other restricts.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { ingress: self.ingress || other.ingress, egress: self.egress || other.egress }
    }
}

/// What is known of an object once its facts are in the index: enough to tell which checks have to look at it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub(super) scope: u16,
    pub(super) kind: Kind,
    pub(super) namespace: u64,
    pub(super) identity: Option<u64>,
    pub(super) has_pods: bool,
    pub(super) unrendered: bool,
}

impl Fact {
    /// What differs by kind, which it then has no more; it is about the same [subject](Self::subject).
    pub(super) fn take(&mut self) -> Detail {
        let taken = Detail::Taken(self.subject().has_pods);
        std::mem::replace(&mut self.detail, taken)
    }

    /// What it is a fact about.
    pub fn subject(&self) -> Subject {
        let Self { scope, kind, namespace, identity, unrendered, ref detail, .. } = *self;
        let has_pods = matches!(detail, Detail::Pod(_) | Detail::Taken(true));
        Subject { scope, kind, namespace, identity, has_pods, unrendered }
    }

    /// The same of an object in a chart that is not rendered. Most of what stands beside it is in templates that cannot be read,
    /// so checks that have to see other objects are not evaluated on it, unless the input is declared complete.
    #[must_use]
    pub fn unrendered(mut self) -> Self {
        self.unrendered = true;
        if let Detail::Scaler(scaler) = &mut self.detail {
            scaler.unrendered = true;
        }
        self
    }
}

/// What manages a workload's replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaler {
    /// Kind and name of the workload.
    pub(super) target: u64,
    /// The kind, known or not, that it names.
    pub(super) target_kind: Kind,
    /// Whether it is in a chart that is not rendered.
    pub(super) unrendered: bool,
    /// The fewest replicas.
    pub min: u32,
    /// The most replicas, if that is written.
    pub max: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeysFact {
    pub(super) secret: bool,
    pub(super) name: u64,
    /// `None` where the manifest does not show them.
    pub(super) keys: Option<Box<[u64]>>,
}

/// Accounts that a binding gives something to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Grantee {
    /// `None` for all namespaces.
    pub(super) namespace: Option<u64>,
    /// `None` for all accounts.
    pub(super) name: Option<u64>,
}

#[cfg(test)]
impl Fact {
    /// How large it is with all that is allocated for it, in bytes.
    pub(crate) fn size(&self) -> usize {
        let heap = match &self.detail {
            Detail::Nothing
            | Detail::Taken(_)
            | Detail::Uncertain
            | Detail::Blanket(_)
            | Detail::Scaler(_)
            | Detail::Account(_)
            | Detail::Owner
            | Detail::Limits(_) => 0,
            Detail::Pod(pod) => size_of::<PodFact>() + pod.labels.heap() + size_of_val(&*pod.ports),
            Detail::Service(service) => {
                let selector = service.selector.as_ref().map_or(0, Selector::heap);
                size_of::<ServiceFact>() + service.labels.heap() + selector + size_of_val(&*service.ports)
            }
            Detail::Policy(policy) => size_of_val(&**policy) + policy.0.heap(),
            Detail::ClusterPolicy(policy) => size_of_val(&**policy) + policy.0.heap() + policy.1.heap(),
            Detail::Budget(of) => of.as_ref().map_or(0, |of| size_of::<Selector>() + of.heap()),
            Detail::Exposes(list) => size_of_val(&**list),
            Detail::Keys(of) => size_of_val(&**of) + of.keys.as_ref().map_or(0, |keys| size_of_val(&**keys)),
            Detail::Namespace(labels) => labels.heap(),
            Detail::Grants(of) => size_of_val(&**of) + size_of_val(&*of.to),
        };
        size_of::<Self>() + heap
    }
}
