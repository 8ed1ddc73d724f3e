//! What the checks of requests and limits share.

use seawall_model::pod::ContainerClass;
use seawall_model::quantity::Quantity;
use seawall_yaml::NodeRef;

use crate::view::{ContainerAt, Quantities, Resources};

/// The amount of a resource as written.
pub(crate) fn amount<'d>(amounts: &Quantities<'d>, resource: &str) -> Option<NodeRef<'d>> {
    let at = amounts.binary_search_by(|(name, _)| name.as_ref().cmp(resource)).ok()?;
    amounts.get(at).map(|(_, amount)| *amount)
}

/// The amount of a resource, if it is a quantity.
pub(crate) fn quantity(amounts: &Quantities<'_>, resource: &str) -> Option<Quantity> {
    Quantity::from_node(amount(amounts, resource)?)?.ok()
}

/// An amount as a person wrote it.
pub(crate) fn said(amount: NodeRef<'_>) -> &str {
    amount.text().unwrap_or_default().trim()
}

/// Whether an amount is nothing: a request of 0 reserves nothing, and the kubelet takes a limit of 0 for none
/// (k8s.io/kubernetes `pkg/kubelet/cm/helpers_linux.go`, `pkg/kubelet/eviction/eviction_manager.go`).
pub(crate) fn is_zero(amount: NodeRef<'_>) -> bool {
    Quantity::from_node(amount).and_then(Result::ok).is_some_and(|quantity| quantity.is_zero())
}

/// Whether a container has no request of a resource: neither its own nor one of the pod as a whole, and no limit that the API
/// server makes a request of (k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, `SetDefaults_Pod`). Ephemeral containers
/// cannot have requests.
pub(crate) fn lacks_request(at: &ContainerAt<'_, '_>, resource: &str) -> bool {
    lacks(at, |of| amount(&of.requests, resource).or_else(|| amount(&of.limits, resource)))
}

/// Whether a container has no limit of a resource, and the pod as a whole has none. Ephemeral containers cannot have limits.
pub(crate) fn lacks_limit(at: &ContainerAt<'_, '_>, resource: &str) -> bool {
    lacks(at, |of| amount(&of.limits, resource))
}

fn lacks<'d>(at: &ContainerAt<'_, 'd>, amount: impl Fn(&Resources<'d>) -> Option<NodeRef<'d>>) -> bool {
    let has = |of: &Resources<'d>| amount(of).is_some_and(|amount| !is_zero(amount));
    at.class != ContainerClass::Ephemeral
        && !has(&at.container.resources)
        && !at.pod().spec.resources.as_ref().is_some_and(has)
}
