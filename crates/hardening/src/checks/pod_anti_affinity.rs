//! Replicas that may all run on one node.

use seawall_finding::{Severity, rule};
use seawall_yaml::NodeRef;

use crate::check::{Beside, Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::index::{Labels, Selector};
use crate::view::field;
use crate::workloads::{path, replicas};

rule! {
    /// ## What it does
    /// Reports Deployments and StatefulSets of two or more replicas, or scaled to that many by an autoscaler of the
    /// input, with neither a `podAntiAffinity` that keeps their own pods apart nor `topologySpreadConstraints`.
    /// Replicas that are not set are 1, as for Kubernetes.
    ///
    /// ## Why it matters
    /// Nothing asks the scheduler to use several nodes; its own default spreads pods only as far as that costs
    /// nothing. When the node fails that all replicas are on, they are all gone.
    ///
    /// ## How to fix
    /// Add a topology spread constraint on the hostname; in a cluster of several zones one on the zone too.
    ///
    /// ## Example
    /// ```yaml
    /// kind: Deployment
    /// spec:
    ///   template:
    ///     spec:
    ///       topologySpreadConstraints:
    ///       - maxSkew: 1
    ///         topologyKey: kubernetes.io/hostname
    ///         whenUnsatisfiable: ScheduleAnyway
    ///         labelSelector: {matchLabels: {app: web}}
    /// ```
    ///
    /// ## Applies to
    /// Deployment and StatefulSet; evaluated on each alone, with the autoscaler where the input holds it. A term
    /// counts, required or preferred, where its selector selects the own pods, by whatever topology.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>
    static RULE = {
        id: "pod-anti-affinity",
        aliases: &[],
        title: "may run all replicas on one node",
        severity: Severity::Low,
        level: None,
        tags: &["reliability"],
    };
}

static BESIDE: Beside = Beside::always(&["Deployment", "StatefulSet"]);

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Beside(&BESIDE), run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, cx: &Cx<'_>, out: &mut Out<'_>) {
    let object = at.object;
    let Some(near) = cx.near(object) else { return };
    let scaler = near.scaler(object.kind, object.name);
    let most = scaler.map_or_else(|| replicas(object), |scaler| scaler.max.unwrap_or(u32::MAX));
    let spec = &at.pod.spec;
    if most < 2
        || spec.topology_spread_constraints.is_some_and(|list| list.count() > 0)
        || spec.affinity.is_some_and(|affinity| keeps_apart(affinity, &at.labels()))
    {
        return;
    }
    out.report(|| {
        Hit::new(
            path("spec.topologySpreadConstraints"),
            "nothing spreads the pods",
            "nothing keeps the replicas apart: all may run on the node that fails",
            "add a topology spread constraint with topologyKey: kubernetes.io/hostname and a selector of these pods",
        )
    });
}

/// Whether a term of the pod anti-affinity selects these labels. One without a selector selects nothing.
fn keeps_apart(affinity: NodeRef<'_>, labels: &Labels) -> bool {
    let terms = |list| field(affinity, list).into_iter().flat_map(NodeRef::items);
    let required = terms("podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution");
    let preferred = terms("podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution");
    required.chain(preferred.filter_map(|term| term.get("podAffinityTerm"))).any(|term| {
        let selector = field(term, "labelSelector").and_then(|node| Selector::of(Some(node)));
        let topology = term.get("topologyKey").and_then(NodeRef::as_str);
        topology.is_some_and(|key| !key.is_empty()) && selector.is_some_and(|of| of.matches(labels))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::found;

    const ID: &str = "pod-anti-affinity";
    const FOUND: &str = "- spec.template.spec.topologySpreadConstraints: nothing spreads the pods";

    fn of(fields: &str, spec: &str) -> Vec<String> {
        found(ID, &format!("kind: Deployment\nmetadata: {{name: web}}\nspec: {{{fields}template: {{metadata: {{labels: {{app: web}}}}, spec: {{{spec}}}}}}}\n"))
    }

    #[test]
    fn replicas_have_to_be_kept_apart() {
        assert_eq!(of("replicas: 2, ", ""), [FOUND]);
        assert_eq!(of("replicas: 2, ", "topologySpreadConstraints: []"), [FOUND]);
        assert_eq!(of("replicas: 2, ", "topologySpreadConstraints: [{topologyKey: zone}]"), [""; 0]);
        assert_eq!(of("replicas: 1, ", ""), [""; 0]);
        assert_eq!(of("", ""), [""; 0]);
        assert_eq!(found(ID, "kind: StatefulSet\nspec: {replicas: 3, template: {spec: {}}}\n"), [FOUND]);
        assert_eq!(found(ID, "kind: ReplicaSet\nspec: {replicas: 3, template: {spec: {}}}\n"), [""; 0]);
    }

    #[test]
    fn a_term_has_to_select_the_own_pods() {
        let required = |term: &str| of("replicas: 2, ", &format!("affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{term}]}}}}"));
        assert_eq!(required("{topologyKey: a, labelSelector: {matchLabels: {app: web}}}"), [""; 0]);
        assert_eq!(required("{topologyKey: a, labelSelector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}}"), [""; 0]);
        assert_eq!(required("{topologyKey: a, labelSelector: {matchLabels: {app: db}}}"), [FOUND]);
        assert_eq!(required("{topologyKey: a}"), [FOUND]);
        assert_eq!(required("{labelSelector: {}}"), [FOUND]);
        assert_eq!(required("1"), [FOUND]);
        let preferred = |term: &str| of("replicas: 2, ", &format!("affinity: {{podAntiAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 1, podAffinityTerm: {term}}}]}}}}"));
        assert_eq!(preferred("{topologyKey: a, labelSelector: {matchLabels: {app: web}}}"), [""; 0]);
        assert_eq!(preferred("{topologyKey: a, labelSelector: {matchLabels: {app: db}}}"), [FOUND]);
        assert_eq!(of("replicas: 2, ", "affinity: {podAffinity: {}}"), [FOUND]);
    }

    #[test]
    fn an_autoscaler_makes_replicas() {
        let scaler = "kind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {kind: Deployment, name: web}, maxReplicas: 5}\n---\n";
        let yaml = "kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {}}}\n";
        assert_eq!(found(ID, &(scaler.to_owned() + yaml)), [FOUND]);
        assert_eq!(found(ID, &(scaler.replace('5', "1") + yaml)), [""; 0]);
    }
}
