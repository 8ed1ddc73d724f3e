//! What the API server says when the labels of a namespace change: `ValidateNamespace` and `EvaluatePodsInNamespace` of
//! k8s.io/pod-security-admission `admission/admission.go`.

use std::collections::BTreeMap;

use seawall_model::Level;
use seawall_model::gotext::quote;
use seawall_model::pod::Pod;

use crate::evaluate::{forbidden_reason, results};
use crate::namespace::{LevelVersion, Policy};

/// The pods of a namespace whose labels change, as the API server looks at them; they are never refused for it.
///
/// The API server looks at 3,000 pods at most, those of controllers that it has not seen first, and for one second at most.
/// Here there is no such limit.
#[derive(Clone, Debug)]
pub struct Relabelling {
    enforce: LevelVersion,
    minor: u64,
    /// By the reason.
    violations: BTreeMap<String, Violation>,
}

/// The pods that violate a level for the same reason.
#[derive(Clone, Debug)]
struct Violation {
    /// The first of their names in the order of bytes.
    first: String,
    count: usize,
}

impl Relabelling {
    /// For a namespace that goes from one policy to another in a cluster of some minor version. `None` if the API server does
    /// not look at pods: what is enforced stays, or becomes less strict at the same version.
    pub fn of(old: &Policy, new: &Policy, kubernetes: u64) -> Option<Self> {
        let (old, enforce) = (old.enforce, new.enforce);
        let relaxed = enforce.version == old.version && enforce.level <= old.level;
        let looks = enforce != old && enforce.level != Level::Privileged && !relaxed;
        let minor = enforce.version.clamp(kubernetes);
        looks.then(|| Self { enforce, minor, violations: BTreeMap::new() })
    }

    /// Looks at a pod as the API server has stored it.
    pub fn add(&mut self, name: &str, pod: &Pod<'_>) {
        if let Some(reason) = self.reason(pod) {
            self.count(name, &reason);
        }
    }

    /// Why a pod violates what is to be enforced; `None` if it does not.
    pub fn reason(&self, pod: &Pod<'_>) -> Option<String> {
        let results = results(pod, self.enforce.level, self.minor);
        (!results.is_empty()).then(|| forbidden_reason(&results))
    }

    /// Counts a pod that violates it for this reason.
    pub fn count(&mut self, name: &str, reason: &str) {
        if !self.violations.contains_key(reason) {
            self.violations.insert(reason.to_owned(), Violation { first: name.to_owned(), count: 0 });
        }
        let Some(violation) = self.violations.get_mut(reason) else { return };
        violation.count += 1;
        if name < violation.first.as_str() {
            name.clone_into(&mut violation.first);
        }
    }

    /// The API server's warnings, in its order; none if all pods pass.
    pub fn warnings(&self, namespace: &str) -> Vec<String> {
        let mut groups: Vec<String> = self
            .violations
            .iter()
            .map(|(reason, Violation { first, count })| match count - 1 {
                0 => format!("{first}: {reason}"),
                1 => format!("{first} (and 1 other pod): {reason}"),
                others => format!("{first} (and {others} other pods): {reason}"),
            })
            .collect();
        groups.sort_unstable();
        if !groups.is_empty() {
            let enforce = self.enforce;
            let head = format!(
                "existing pods in namespace {} violate the new PodSecurity enforce level \"{enforce}\"",
                quote(namespace)
            );
            groups.insert(0, head);
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use seawall_model::PolicyVersion;

    use super::*;
    use crate::testing::{pod, spec};

    fn enforcing(enforce: &str) -> Policy {
        Policy { enforce: enforce.parse().unwrap(), ..Policy::default() }
    }

    fn looks(old: &str, new: &str) -> bool {
        Relabelling::of(&enforcing(old), &enforcing(new), 37).is_some()
    }

    #[test]
    fn pods_are_looked_at_when_more_is_enforced_or_another_version() {
        assert!(looks("privileged", "baseline"));
        assert!(looks("baseline", "restricted"));
        assert!(looks("restricted:v1.24", "baseline"));
        assert!(looks("restricted", "restricted:v1.24"));
        // The level of a namespace that enforces nothing may have a version.
        assert!(looks("privileged:v1.24", "baseline:v1.24"));
        assert!(!looks("baseline", "baseline"));
        assert!(!looks("restricted", "baseline"));
        assert!(!looks("restricted", "privileged:v1.24"));
        let warned = Policy { warn: "restricted".parse().unwrap(), ..Policy::default() };
        assert!(Relabelling::of(&Policy::default(), &warned, 37).is_none());
    }

    #[test]
    fn pods_with_the_same_reason_are_told_together() {
        let (network, pid) = (spec(r#""hostNetwork":true"#), spec(r#""hostPID":true"#));
        let windows = spec(r#""securityContext":{"windowsOptions":{"hostProcess":true}}"#);
        let nothing = spec("");
        let mut relabelling = Relabelling::of(&Policy::default(), &enforcing("baseline:v1.24"), 37).unwrap();
        assert!(relabelling.warnings("n").is_empty());
        relabelling.add("fine", &pod(&nothing));
        assert!(relabelling.warnings("n").is_empty());
        for name in ["c", "b", "d"] {
            relabelling.add(name, &pod(if name == "b" { &pid } else { &network }));
        }
        relabelling.add("a", &pod(&windows));
        assert_eq!(
            relabelling.warnings("n"),
            [
                "existing pods in namespace \"n\" violate the new PodSecurity enforce level \"baseline:v1.24\"",
                "a: hostProcess",
                "b (and 2 other pods): host namespaces",
            ]
        );
        relabelling.add("A", &pod(&windows));
        assert_eq!(relabelling.warnings("n")[1], "A (and 1 other pod): hostProcess");
    }

    #[test]
    fn the_cluster_s_version_is_the_latest() {
        let probe = spec(r#""containers":[{"name":"c","livenessProbe":{"httpGet":{"host":"h"}}}]"#);
        for (kubernetes, warnings) in [(33, 0), (34, 2)] {
            let baseline = enforcing("baseline");
            assert_eq!(baseline.enforce.version, PolicyVersion::Latest);
            let mut relabelling = Relabelling::of(&Policy::default(), &baseline, kubernetes).unwrap();
            relabelling.add("p", &pod(&probe));
            assert_eq!(relabelling.warnings("n").len(), warnings);
        }
    }
}
