//! Network policies that let everything through.

use seawall_finding::{Severity, rule};
use seawall_manifest::objects::Object;
use seawall_model::FieldPath;
use seawall_yaml::{Kind, NodeRef};

use crate::check::{Check, Cx, Hit, Out, Run, Sight};

rule! {
    /// ## What it does
    /// Reports rules of NetworkPolicies that name no peers and no ports, and rules without ports whose peers hold all
    /// addresses (`0.0.0.0/0` or `::/0`, without `except`).
    ///
    /// ## Why it matters
    /// Rules add up: one that allows everything makes all others of these pods void, and the policy looks as if it
    /// protected them.
    ///
    /// ## How to fix
    /// Name the pods, namespaces or addresses that are meant, or at least the ports.
    ///
    /// ## Example
    /// ```yaml
    /// ingress:
    /// - from:
    ///   - podSelector: {matchLabels: {app: web}}
    ///   ports:
    ///   - port: 8080
    /// ```
    ///
    /// ## Applies to
    /// NetworkPolicies, both directions; a direction that `policyTypes` does not name is not looked at. A rule with
    /// ports is narrower, and a peer `namespaceSelector: {}` keeps out what is outside of the cluster: neither is
    /// reported. No rules at all allow nothing.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/services-networking/network-policies/>
    /// - NSA/CISA Kubernetes Hardening Guidance: network separation
    static RULE = {
        id: "network-policy-allow-all",
        aliases: &[],
        title: "lets everything through",
        severity: Severity::Medium,
        level: None,
        tags: &["security", "network", "nsa"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Object(run) };

/// Direction, list of rules, list of peers.
const DIRECTIONS: [(&str, &str, &str); 2] = [("Ingress", "ingress", "from"), ("Egress", "egress", "to")];

fn run(object: &Object<'_>, _: &Cx<'_>, out: &mut Out<'_>) {
    if object.kind != "NetworkPolicy" || !matches!(object.group(), "networking.k8s.io" | "extensions") {
        return;
    }
    let Some(spec) = object.node.get("spec") else { return };
    let types = spec.get("policyTypes").filter(|types| types.count() > 0);
    for (direction, rules, peers) in DIRECTIONS {
        // Without types ingress counts, and egress where there are rules for it.
        if types.is_some_and(|types| types.items().all(|named| named.as_str() != Some(direction))) {
            continue;
        }
        for (index, rule) in spec.get(rules).into_iter().flat_map(NodeRef::items).enumerate() {
            let Some(label) = opens(rule, peers) else { continue };
            out.report(|| {
                let way = if peers == "from" { "anybody may reach" } else { "everything may be reached by" };
                let message = format!(
                    "NetworkPolicy \"{}\": rule {} for {rules} restricts nothing: {way} these pods on every port",
                    object.name,
                    index + 1
                );
                let path = FieldPath::root().key("spec").key(rules).index(index);
                Hit::new(path, label, message, format!("write who is meant under `{peers}`, or at least the ports under `ports`"))
            });
        }
    }
}

/// What is to be seen at a rule that lets everything through.
fn opens(rule: NodeRef<'_>, peers: &str) -> Option<&'static str> {
    let empty = |key: &str| match rule.get(key) {
        None => true,
        Some(list) => list.is_null() || list.resolved().kind() == Kind::Sequence && list.count() == 0,
    };
    if !empty("ports") {
        return None;
    }
    if empty(peers) {
        return Some("no peers and no ports");
    }
    rule.get(peers)?.items().any(is_everywhere).then_some("all addresses and no ports")
}

/// Whether a peer is every address of a family.
fn is_everywhere(peer: NodeRef<'_>) -> bool {
    let Some(block) = peer.get("ipBlock") else { return false };
    let all = block.get("cidr").and_then(NodeRef::as_str).is_some_and(|cidr| cidr.ends_with("/0"));
    all && block.get("except").is_none_or(|except| except.count() == 0)
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "network-policy-allow-all";

    fn policy(spec: &str) -> Vec<String> {
        found(ID, &format!("kind: NetworkPolicy\nmetadata: {{name: p}}\nspec: {spec}\n"))
    }

    #[test]
    fn rules_that_restrict_nothing() {
        for rule in ["{}", "{from: []}", "{from: null, ports: null}", "{ports: []}", "null"] {
            let hits = policy(&format!("{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {{}}}}]}}, {rule}]}}"));
            assert_eq!(hits, ["- spec.ingress[1]: no peers and no ports"], "{rule}");
        }
        for cidr in ["0.0.0.0/0", "::/0", "10.0.0.0/0"] {
            let hits = policy(&format!("{{egress: [{{to: [{{podSelector: {{}}}}, {{ipBlock: {{cidr: '{cidr}'}}}}]}}]}}"));
            assert_eq!(hits, ["- spec.egress[0]: all addresses and no ports"], "{cidr}");
        }
    }

    #[test]
    fn narrower_rules_are_fine() {
        for rule in [
            "{ports: [{port: 80}]}",
            "{from: [{namespaceSelector: {}}]}",
            "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}",
            "{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}",
            "{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}",
            "{from: wrong}",
        ] {
            assert_eq!(policy(&format!("{{ingress: [{rule}]}}")), [""; 0], "{rule}");
        }
        assert_eq!(policy("{ingress: [{ports: &p [{port: 80}]}, {ports: *p}]}"), [""; 0]);
        for spec in ["{podSelector: {}, policyTypes: [Ingress, Egress]}", "{ingress: []}", "null", "1"] {
            assert_eq!(policy(spec), [""; 0], "{spec}");
        }
    }

    #[test]
    fn only_directions_that_count() {
        assert_eq!(policy("{policyTypes: [Egress], ingress: [{}], egress: [{}]}"), ["- spec.egress[0]: no peers and no ports"]);
        assert_eq!(policy("{policyTypes: [], ingress: [{}], egress: [{}]}").len(), 2);
    }
}
