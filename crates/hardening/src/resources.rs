//! What the checks of requests and limits share.

use seawall_model::pod::ContainerClass;
use seawall_model::quantity::Quantity;
use seawall_yaml::NodeRef;

use crate::view::{ContainerAt, Quantities, Resources};

/// The amount of a resource as written.
pub(crate) fn amount<'d>(amounts: &Quantities<'d>, resource: &str) -> Option<NodeRef<'d>> {
    amounts.iter().find(|(name, _)| name == resource).map(|(_, amount)| *amount)
}

/// The amount of a resource, if it is a quantity.
pub(crate) fn quantity(amounts: &Quantities<'_>, resource: &str) -> Option<Quantity> {
    Quantity::from_node(amount(amounts, resource)?)?.ok()
}

/// An amount as a person wrote it.
pub(crate) fn said(amount: NodeRef<'_>) -> &str {
    amount.text().unwrap_or_default().trim()
}

/// Whether a container has no request of a resource: neither its own nor one of the pod as a whole, and no limit that the API
/// server makes a request of (k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, `SetDefaults_Pod`). Ephemeral containers
/// cannot have requests.
pub(crate) fn lacks_request(at: &ContainerAt<'_, '_>, resource: &str) -> bool {
    let has = |resources: &Resources<'_>| {
        amount(&resources.requests, resource).or_else(|| amount(&resources.limits, resource)).is_some()
    };
    lacks(at, has)
}

/// Whether a container has no limit of a resource, and the pod as a whole has none. Ephemeral containers cannot have limits.
pub(crate) fn lacks_limit(at: &ContainerAt<'_, '_>, resource: &str) -> bool {
    lacks(at, |resources| amount(&resources.limits, resource).is_some())
}

fn lacks(at: &ContainerAt<'_, '_>, has: impl Fn(&Resources<'_>) -> bool) -> bool {
    at.class != ContainerClass::Ephemeral
        && !has(&at.container.resources)
        && !at.pod().spec.resources.as_ref().is_some_and(has)
}
