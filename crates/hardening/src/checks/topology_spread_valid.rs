//! Topology spread constraints that do nothing, or that the API server refuses.

use std::cell::OnceCell;

use seawall_finding::{Severity, rule};
use seawall_yaml::NodeRef;

use crate::check::{Check, Cx, Hit, Out, PodAt, Run, Sight};
use crate::index::Selector;
use crate::view::{FromNode, field, item};
use crate::workloads::{path};

rule! {
    /// ## What it does
    /// Reports constraints without a `topologyKey`, with a `maxSkew` or `minDomains` below 1, with an unknown
    /// `whenUnsatisfiable` (or `minDomains` with another than `DoNotSchedule`), without a `labelSelector`, or whose
    /// selector does not select the pods themselves.
    ///
    /// ## Why it matters
    /// The API server refuses pods whose constraints miss a field or have a number out of bounds. It accepts one without a
    /// selector, for which no pod counts, and one with the selector of other pods, for which only these count: neither
    /// spreads anything.
    ///
    /// ## How to fix
    /// Write all four fields, with the labels of the pod template in the selector.
    ///
    /// ## Example
    /// ```yaml
    /// topologySpreadConstraints:
    /// - maxSkew: 1
    ///   topologyKey: topology.kubernetes.io/zone
    ///   whenUnsatisfiable: ScheduleAnyway
    ///   labelSelector: {matchLabels: {app: web}}
    /// ```
    ///
    /// ## Applies to
    /// All pods and pod templates; evaluated on each alone. The labels that custom resources give to their pods are
    /// not known, so that selectors are not held against these.
    ///
    /// ## References
    /// - <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>
    /// - Kubernetes `pkg/apis/core/validation/validation.go`: validateTopologySpreadConstraints
    static RULE = {
        id: "topology-spread-valid",
        aliases: &[],
        title: "has a topology spread constraint that does nothing",
        severity: Severity::Medium,
        level: None,
        tags: &["reliability", "correctness"],
    };
}

pub(super) const CHECK: Check = Check { rule: &RULE, sight: Sight::Alone, run: Run::Pod(run) };

fn run(at: &PodAt<'_, '_>, _: &Cx<'_>, out: &mut Out<'_>) {
    let constraints = at.pod.spec.topology_spread_constraints.into_iter().flat_map(NodeRef::items);
    let labels = OnceCell::new();
    for (index, constraint) in constraints.clone().enumerate() {
        let number = |key| field(constraint, key).and_then(Option::<i64>::from_node);
        let text = |key| field(constraint, key).and_then(NodeRef::as_str);
        let mut wrong = |key: &str, label: &'static str, message: &str, advice: &'static str| {
            let keys = constraints.clone().map(|constraint| {
                let key = field(constraint, "topologyKey").and_then(NodeRef::as_str);
                key.unwrap_or_default()
            });
            let place = || item(path("spec.topologySpreadConstraints"), "topologyKey", keys, index).key(key);
            out.report(|| Hit::new(place(), label, format!("a topology spread constraint {message}"), advice));
        };
        if text("topologyKey").is_none_or(str::is_empty) {
            wrong("topologyKey", "no topologyKey", "says nothing to spread over", "set topologyKey, such as kubernetes.io/hostname");
        }
        if number("maxSkew").is_none_or(|skew| skew < 1) {
            wrong("maxSkew", "must be 1 or more", "has no maxSkew of 1 or more", "set maxSkew: 1");
        }
        let when = text("whenUnsatisfiable");
        if !matches!(when, Some("DoNotSchedule" | "ScheduleAnyway")) {
            wrong(
                "whenUnsatisfiable",
                "must be DoNotSchedule or ScheduleAnyway",
                "does not say what to do when it cannot be met",
                "set whenUnsatisfiable: DoNotSchedule or ScheduleAnyway",
            );
        }
        match number("minDomains") {
            Some(..1) => wrong("minDomains", "must be 1 or more", "has a minDomains below 1", "set 1 or more, or remove it"),
            Some(_) if when == Some("ScheduleAnyway") => wrong(
                "minDomains",
                "only with DoNotSchedule",
                "has minDomains, which only goes with DoNotSchedule",
                "remove minDomains, or set whenUnsatisfiable: DoNotSchedule",
            ),
            _ => {}
        }
        match field(constraint, "labelSelector") {
            None => wrong(
                "labelSelector",
                "no labelSelector",
                "has no labelSelector: it counts no pods and spreads nothing",
                "set labelSelector to the labels of these pods",
            ),
            // Controllers of custom resources add labels.
            Some(_) if at.template.custom => {}
            Some(selector) => {
                if Selector::of(Some(selector)).is_some_and(|of| !of.matches(labels.get_or_init(|| at.labels()))) {
                    wrong(
                        "labelSelector",
                        "does not select these pods",
                        "counts other pods than these",
                        "set labelSelector to the labels of these pods",
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, in_every_kind};

    const ID: &str = "topology-spread-valid";
    const GOOD: &str = "maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}";

    fn of(constraint: &str) -> Vec<String> {
        let yaml = format!("kind: Pod\nmetadata: {{labels: {{app: web}}}}\nspec: {{topologySpreadConstraints: [{{{constraint}}}]}}\n");
        let field = |found: &String| found.split_once("].").expect("an item").1.to_owned();
        found(ID, &yaml).iter().map(field).collect()
    }

    #[test]
    fn every_field_counts() {
        assert_eq!(of(GOOD), [""; 0]);
        assert_eq!(of(&GOOD.replace("topologyKey: a", "topologyKey: ''")), ["topologyKey: no topologyKey"]);
        assert_eq!(of(&GOOD.replace("maxSkew: 1", "maxSkew: 0")), ["maxSkew: must be 1 or more"]);
        assert_eq!(of(&format!("{GOOD}, minDomains: 0")), ["minDomains: must be 1 or more"]);
        assert_eq!(of(&format!("{GOOD}, minDomains: 2")), [""; 0]);
        let anyway = GOOD.replace("DoNotSchedule", "ScheduleAnyway");
        assert_eq!(of(&anyway), [""; 0]);
        assert_eq!(of(&format!("{anyway}, minDomains: 2")), ["minDomains: only with DoNotSchedule"]);
        assert_eq!(of(&GOOD.replace("DoNotSchedule", "Never")), ["whenUnsatisfiable: must be DoNotSchedule or ScheduleAnyway"]);
        assert_eq!(of(&GOOD.replace("{matchLabels: {app: web}}", "null")), ["labelSelector: no labelSelector"]);
        assert_eq!(of(&GOOD.replace("app: web", "app: db")), ["labelSelector: does not select these pods"]);
        assert_eq!(of("").len(), 4);
    }

    #[test]
    fn nothing_written_is_nothing_wrong() {
        assert_eq!(found(ID, "kind: Pod\nspec: {topologySpreadConstraints: null}\n"), [""; 0]);
        assert_eq!(found(ID, "kind: Pod\nspec: {topologySpreadConstraints: {}}\n"), [""; 0]);
    }

    #[test]
    fn looks_into_every_kind_of_workload() {
        let kinds = in_every_kind(ID, &format!("topologySpreadConstraints: [{{{GOOD}}}]\n"));
        assert!(kinds.len() == 9 && kinds.iter().all(|found| found.len() == 1), "{kinds:?}");
    }
}
