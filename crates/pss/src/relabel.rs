//! What the API server says when the labels of a namespace change: `ValidateNamespace` and `EvaluatePodsInNamespace` of
//! k8s.io/pod-security-admission `admission/admission.go`.

use std::collections::{BTreeMap, HashMap, HashSet};

use seawall_model::Level;
use seawall_model::gotext::quote;
use seawall_model::pod::Pod;

use crate::evaluate::{forbidden_reason, results};
use crate::namespace::{LevelVersion, Policy};

/// The pods of a namespace whose labels change, as the API server looks at them; they are never refused for it.
///
/// It looks at [`LOOKED_AT`](Self::LOOKED_AT) pods at most: of each controller the first, and those without one, before all others;
/// in this order as they are listed.
#[derive(Clone, Debug)]
pub struct Relabelling {
    enforce: LevelVersion,
    minor: u64,
    /// Those that come first.
    first: Vec<Looked>,
    /// Further ones of the same controllers.
    others: Vec<Looked>,
    /// UIDs.
    controllers: HashSet<Box<str>>,
    reasons: Vec<String>,
    by_reason: HashMap<String, usize>,
}

/// A pod that was looked at, in as few bytes as will do.
#[derive(Clone, Debug)]
struct Looked {
    /// Nothing for one that violates nothing.
    name: Box<str>,
    /// What it violates, by position.
    reason: Option<usize>,
}

/// The pods that violate a level for the same reason.
#[derive(Clone, Copy, Debug)]
struct Violation<'r> {
    /// The first of their names in the order of bytes.
    first: &'r str,
    count: usize,
}

impl Relabelling {
    /// Pods that the API server looks at, at most (`defaultNamespaceMaxPodsToCheck`).
    pub const LOOKED_AT: usize = 3000;

    /// For a namespace that goes from one policy to another in a cluster of some minor version. `None` if the API server does
    /// not look at pods: what is enforced stays, or becomes less strict at the same version.
    pub fn of(old: &Policy, new: &Policy, kubernetes: u64) -> Option<Self> {
        let (old, enforce) = (old.enforce, new.enforce);
        let relaxed = enforce.version == old.version && enforce.level <= old.level;
        let looks = enforce != old && enforce.level != Level::Privileged && !relaxed;
        let minor = enforce.version.clamp(kubernetes);
        looks.then(|| Self {
            enforce,
            minor,
            first: Vec::new(),
            others: Vec::new(),
            controllers: HashSet::new(),
            reasons: Vec::new(),
            by_reason: HashMap::new(),
        })
    }

    /// Looks at a pod as the API server has stored it; `controller` is the UID of the owner that is its controller.
    pub fn add(&mut self, name: &str, controller: Option<&str>, pod: &Pod<'_>) {
        let results = results(pod, self.enforce.level, self.minor);
        let reason = (!results.is_empty()).then(|| self.reason(forbidden_reason(&results)));
        let name = if reason.is_some() { name.into() } else { Box::default() };
        let is_further = controller.is_some_and(|uid| !self.controllers.insert(uid.into()));
        if is_further { &mut self.others } else { &mut self.first }.push(Looked { name, reason });
    }

    fn reason(&mut self, reason: String) -> usize {
        if let Some(known) = self.by_reason.get(&reason) {
            return *known;
        }
        self.reasons.push(reason.clone());
        self.by_reason.insert(reason, self.reasons.len() - 1);
        self.reasons.len() - 1
    }

    /// The API server's warnings, in its order; none if all pods pass.
    pub fn warnings(&self, namespace: &str) -> Vec<String> {
        self.warnings_until(namespace, || false)
    }

    /// The same where it may be over behind any pod, as the API server has one second.
    pub fn warnings_until(&self, namespace: &str, is_over: impl Fn() -> bool) -> Vec<String> {
        let total = self.first.len() + self.others.len();
        let mut checked = total.min(Self::LOOKED_AT);
        let mut violations: BTreeMap<&str, Violation<'_>> = BTreeMap::new();
        for (i, pod) in self.first.iter().chain(&self.others).take(checked).enumerate() {
            if let Some(reason) = pod.reason.and_then(|reason| self.reasons.get(reason)) {
                let violation = violations.entry(reason).or_insert(Violation { first: &pod.name, count: 0 });
                violation.count += 1;
                violation.first = violation.first.min(&pod.name);
            }
            if is_over() {
                checked = i + 1;
                break;
            }
        }
        let mut groups: Vec<String> = violations
            .iter()
            .map(|(reason, Violation { first, count })| match count - 1 {
                0 => format!("{first}: {reason}"),
                1 => format!("{first} (and 1 other pod): {reason}"),
                others => format!("{first} (and {others} other pods): {reason}"),
            })
            .collect();
        groups.sort_unstable();
        let mut warnings = Vec::new();
        if checked < total {
            warnings.push(format!(
                "new PodSecurity enforce level only checked against the first {checked} of {total} existing pods"
            ));
        }
        if !groups.is_empty() {
            let enforce = self.enforce;
            warnings.push(format!(
                "existing pods in namespace {} violate the new PodSecurity enforce level \"{enforce}\"",
                quote(namespace)
            ));
        }
        warnings.extend(groups);
        warnings
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
        relabelling.add("fine", None, &pod(&nothing));
        assert!(relabelling.warnings("n").is_empty());
        for name in ["c", "b", "d"] {
            relabelling.add(name, None, &pod(if name == "b" { &pid } else { &network }));
        }
        relabelling.add("a", None, &pod(&windows));
        assert_eq!(
            relabelling.warnings("n"),
            [
                "existing pods in namespace \"n\" violate the new PodSecurity enforce level \"baseline:v1.24\"",
                "a: hostProcess",
                "b (and 2 other pods): host namespaces",
            ]
        );
        relabelling.add("A", None, &pod(&windows));
        assert_eq!(relabelling.warnings("n")[1], "A (and 1 other pod): hostProcess");
    }

    #[test]
    fn of_many_pods_those_of_each_controller_come_first() {
        let (network, pid) = (
            spec(r#""hostNetwork":true"#),
            spec(r#""hostPID":true,"volumes":[{"name":"v","hostPath":{"path":"/"}}]"#),
        );
        let mut relabelling = Relabelling::of(&Policy::default(), &enforcing("baseline:v1.24"), 37).unwrap();
        for i in 0..3000 {
            relabelling.add(&format!("a{i}"), Some("one"), &pod(&network));
        }
        assert_eq!(relabelling.warnings("n")[1], "a0 (and 2999 other pods): host namespaces");
        relabelling.add("b", None, &pod(&pid));
        relabelling.add("c", Some("two"), &pod(&pid));
        relabelling.add("d", Some("two"), &pod(&pid));
        assert_eq!(
            relabelling.warnings("n"),
            [
                "new PodSecurity enforce level only checked against the first 3000 of 3003 existing pods",
                "existing pods in namespace \"n\" violate the new PodSecurity enforce level \"baseline:v1.24\"",
                "a0 (and 2997 other pods): host namespaces",
                "b (and 1 other pod): host namespaces, hostPath volumes",
            ]
        );
        let left = std::cell::Cell::new(2);
        let is_over = || left.replace(left.get() - 1) == 1;
        assert_eq!(
            relabelling.warnings_until("n", is_over)[0],
            "new PodSecurity enforce level only checked against the first 2 of 3003 existing pods"
        );
    }

    #[test]
    fn the_cluster_s_version_is_the_latest() {
        let probe = spec(r#""containers":[{"name":"c","livenessProbe":{"httpGet":{"host":"h"}}}]"#);
        for (kubernetes, warnings) in [(33, 0), (34, 2)] {
            let baseline = enforcing("baseline");
            assert_eq!(baseline.enforce.version, PolicyVersion::Latest);
            let mut relabelling = Relabelling::of(&Policy::default(), &baseline, kubernetes).unwrap();
            relabelling.add("p", None, &pod(&probe));
            assert_eq!(relabelling.warnings("n").len(), warnings);
        }
    }
}
