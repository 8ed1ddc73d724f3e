//! What was decided, for whoever counts: the reference's metrics (`metrics/metrics.go`).

use seawall_model::review::AdmissionRequest;
use seawall_pss::namespace::{LevelVersion, Mode};

use crate::response::Response;
use crate::violations::Found;

/// What came of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// The policy allows it.
    Allow,
    /// The policy forbids it.
    Deny,
}

impl Decision {
    /// As in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// What a request is about, as labels tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceLabel {
    /// Pods.
    Pod,
    /// Namespaces.
    Namespace,
    /// Anything else: what is asked about is taken for something that makes pods.
    Controller,
}

impl ResourceLabel {
    /// As in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Namespace => "namespace",
            Self::Controller => "controller",
        }
    }
}

/// A request, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'r> {
    /// Of what.
    pub resource: ResourceLabel,
    /// `CREATE` and the like.
    pub operation: &'r str,
    /// Such as `ephemeralcontainers`; empty for none.
    pub subresource: &'r str,
    /// The namespace; empty for none.
    pub namespace: &'r str,
}

impl<'r> Request<'r> {
    pub(crate) fn of(request: &'r AdmissionRequest<'_>) -> Self {
        let resource = match (&*request.resource.group, &*request.resource.resource) {
            ("", "pods") => ResourceLabel::Pod,
            ("", "namespaces") => ResourceLabel::Namespace,
            _ => ResourceLabel::Controller,
        };
        Self {
            resource,
            operation: &request.operation,
            subresource: &request.request_sub_resource,
            namespace: &request.namespace,
        }
    }
}

/// One evaluation of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// What came of it.
    pub decision: Decision,
    /// The mode.
    pub mode: Mode,
    /// What the mode asks for.
    pub policy: LevelVersion,
}

/// Who is told what was decided.
pub trait Recorder {
    /// A policy was evaluated.
    fn evaluation(&self, request: Request<'_>, evaluated: Evaluated);
    /// A request was exempt.
    fn exemption(&self, request: Request<'_>);
    /// Something kept the evaluation from being what was asked for; `fatal` if nothing was evaluated.
    fn error(&self, request: Request<'_>, fatal: bool);

    /// Whether it is of use what was found out about a workload of a namespace, of one that violates something or of one that
    /// passes. Where it is not, nothing is made for it.
    fn keeps(&self, _namespace: &str, _violates: bool) -> bool {
        false
    }

    /// A request was answered.
    fn answered(&self, _request: &AdmissionRequest<'_>, _response: &Response) {}

    /// What was found out about a workload of a namespace. Not told of what was only tried (`dryRun`).
    fn found(&self, _namespace: &str, _found: Found) {}
}
