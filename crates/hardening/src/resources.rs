//! What the checks of requests and limits share.

use seawall_model::pod::ContainerClass;
use seawall_model::quantity::Quantity;
use seawall_yaml::NodeRef;

use crate::check::Cx;
use crate::index::{Defaulted, Near};
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
/// server makes a request of (k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, `SetDefaults_Pod`), nor one by a LimitRange that
/// the input shows. Ephemeral containers cannot have requests.
pub(crate) fn lacks_request(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, resource: &str) -> bool {
    let written = |of: &Resources<'_>| {
        amount(&of.requests, resource).or_else(|| amount(&of.limits, resource)).is_some()
    };
    lacks(at, |of| amount(&of.requests, resource).or_else(|| amount(&of.limits, resource)))
        && (written(&at.container.resources) || !defaulted(at, cx).requests(resource))
}

/// Whether a container has no limit of a resource, the pod as a whole has none, and no LimitRange that the input shows gives it
/// one. Ephemeral containers cannot have limits.
pub(crate) fn lacks_limit(at: &ContainerAt<'_, '_>, cx: &Cx<'_>, resource: &str) -> bool {
    lacks(at, |of| amount(&of.limits, resource))
        && (amount(&at.container.resources.limits, resource).is_some() || !defaulted(at, cx).limits(resource))
}

/// What LimitRanges of its namespace set.
fn defaulted(at: &ContainerAt<'_, '_>, cx: &Cx<'_>) -> Defaulted {
    cx.near(at.object()).map(Near::defaulted).unwrap_or_default()
}

fn lacks<'d>(at: &ContainerAt<'_, 'd>, amount: impl Fn(&Resources<'d>) -> Option<NodeRef<'d>>) -> bool {
    let has = |of: &Resources<'d>| amount(of).is_some_and(|amount| !is_zero(amount));
    at.class != ContainerClass::Ephemeral
        && !has(&at.container.resources)
        && !at.pod().spec.resources.as_ref().is_some_and(has)
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const CHECKS: [&str; 4] = ["memory-limit", "memory-request", "cpu-limit", "cpu-request"];

    /// Which of the checks speak of a pod with these resources beside a LimitRange with this item.
    fn lacking(item: &str, namespace: &str, resources: &str) -> Vec<&'static str> {
        let yaml = format!(
            "kind: LimitRange\nmetadata: {{name: l, namespace: {namespace}}}\nspec: {{limits: [{item}]}}\n---\nkind: Pod\nmetadata: {{name: p, namespace: shop}}\nspec: {{containers: [{{name: a, resources: {resources}}}]}}\n"
        );
        CHECKS.into_iter().filter(|id| !found(id, &yaml).is_empty()).collect()
    }

    #[test]
    fn a_limit_range_gives_what_is_not_written() {
        let of = |item: &str| lacking(&format!("{{type: Container, {item}}}"), "shop", "{}");
        assert_eq!(of("default: {memory: 1Gi, cpu: 1}"), [""; 0]);
        assert_eq!(of("max: {memory: 1Gi}"), ["cpu-limit", "cpu-request"]);
        assert_eq!(of("defaultRequest: {memory: 1Gi, cpu: 1}"), ["memory-limit", "cpu-limit"]);
        assert_eq!(of("min: {cpu: 1}"), ["memory-limit", "memory-request", "cpu-limit"]);
        assert_eq!(of("default: {memory: 0}, maxLimitRequestRatio: {cpu: 2}"), CHECKS);
        assert_eq!(lacking("{type: Pod, max: {memory: 1Gi, cpu: 1}}", "shop", "{}"), CHECKS);
        assert_eq!(lacking("{type: Container, default: {memory: 1Gi, cpu: 1}}", "other", "{}"), CHECKS);
    }

    #[test]
    fn what_is_written_counts() {
        let of =
            |resources: &str| lacking("{type: Container, default: {memory: 1Gi, cpu: 1}}", "shop", resources);
        assert_eq!(of("{limits: {memory: 0, cpu: 1}}"), ["memory-limit", "memory-request"]);
        assert_eq!(of("{requests: {memory: 0}}"), ["memory-request"]);
    }
}
