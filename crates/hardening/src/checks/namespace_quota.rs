//! Namespaces that may take the whole cluster.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;

use crate::check::{Check, Cx, Hit, Out, Run, Sight};
use crate::index::SYSTEM;
use crate::workloads::{is, path};

rule! {
    /// ## What it does
    /// Reports Namespaces without a ResourceQuota, or without a LimitRange, of the input.
    ///
    /// ## Why it matters
    /// Without a quota the pods of one namespace can take all memory and processors of the cluster from the others;
    /// without a limit range containers that say nothing run without limits.
    ///
    /// ## How to fix
    /// Add both to the namespace.
    ///
    /// ## Example
    /// ```yaml
    /// kind: ResourceQuota
    /// metadata: {name: quota, namespace: shop}
    /// spec:
    ///   hard: {requests.cpu: "4", requests.memory: 8Gi, limits.memory: 16Gi, pods: "40"}
    /// ```
    ///
    /// ## Applies to
    /// Namespace, but `kube-system`, `kube-public` and `kube-node-lease`. Evaluated where the input holds a
    /// ResourceQuota or LimitRange of the same cluster, or is declared complete.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/policy/resource-quotas/>
    /// - NSA/CISA Kubernetes Hardening Guidance: resource policies
    static RULE = {
        id: "namespace-quota",
        aliases: &[],
        title: "has no quota or no limit range",
        severity: Severity::Info,
        level: None,
        off: true,
        tags: &["resources", "reliability", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Others(&["ResourceQuota", "LimitRange"]), run: Run::Object(run) };

fn run(object: &Object<'_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let Some(index) = cx.index else { return };
    if !is(object, &[""], "Namespace") || object.name.is_empty() || SYSTEM.contains(&object.name) {
        return;
    }
    let near = index.near(cx.scope, object.name);
    for (kind, label, without) in [
        ("ResourceQuota", "no ResourceQuota", "its pods may take the whole cluster"),
        ("LimitRange", "no LimitRange", "containers that set no limits have none"),
    ] {
        if !near.holds(&[kind]) {
            out.report(|| {
                let message = format!("the namespace has no {kind}: {without}");
                Hit::new(path("metadata.name"), label, message, format!("add a {kind} to the namespace"))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Case, found};

    const ID: &str = "namespace-quota";
    const SHOP: &str = "kind: Namespace\nmetadata: {name: shop}\n";

    fn with(kinds: &[&str], namespace: &str) -> Vec<String> {
        let other = |kind: &&str| format!("---\nkind: {kind}\nmetadata: {{name: a, namespace: {namespace}}}\n");
        found(ID, &(SHOP.to_owned() + &kinds.iter().map(other).collect::<String>()))
    }

    #[test]
    fn both_are_asked_for() {
        assert_eq!(with(&["ResourceQuota", "LimitRange"], "shop"), [""; 0]);
        assert_eq!(with(&["ResourceQuota"], "shop"), ["- metadata.name: no LimitRange"]);
        assert_eq!(with(&["LimitRange"], "shop"), ["- metadata.name: no ResourceQuota"]);
        assert_eq!(with(&["LimitRange", "ResourceQuota"], "other").len(), 2);
    }

    #[test]
    fn is_silent_where_neither_is_shown() {
        assert_eq!(found(ID, SHOP), [""; 0]);
        let complete = Case { complete: true, ..Case::of(ID) };
        assert_eq!(complete.found(SHOP).len(), 2);
        assert_eq!(complete.found(&SHOP.replace("shop", "kube-system")), [""; 0]);
        assert_eq!(complete.found("kind: Namespace\n"), [""; 0]);
    }
}
