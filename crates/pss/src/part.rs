//! Pods in parts: of a pod with very many containers no more than what a part offends by has to be held at once.

use std::ops::Range;

use seawall_model::pod::Pod;

/// Containers of one part.
const CONTAINERS: usize = 64;

/// Some of a pod's containers, counted over all classes in the order in which the reference visits them, with the pod's own
/// fields, which say what containers inherit. Volumes and annotations belong to the first part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    from: usize,
    to: usize,
}

impl Part {
    /// The pod as a whole.
    pub const ALL: Self = Self { from: 0, to: usize::MAX };

    /// The parts of a pod, in order: one for nearly all pods.
    pub fn all(pod: &Pod<'_>) -> impl Iterator<Item = Self> {
        let spec = &pod.spec;
        let count = spec.init_containers.len() + spec.containers.len() + spec.ephemeral_containers.len();
        let parts = count.div_ceil(CONTAINERS).max(1);
        (0..parts).map(move |i| match parts {
            1 => Self::ALL,
            _ => Self { from: i * CONTAINERS, to: (i + 1) * CONTAINERS },
        })
    }

    /// Whether it has what belongs to no container.
    pub const fn is_first(self) -> bool {
        self.from == 0
    }

    /// Whether it is the pod as a whole.
    pub const fn is_all(self) -> bool {
        self.to == usize::MAX
    }

    /// Its containers among `count` of a class that come behind so many of others.
    #[inline]
    pub(crate) fn of(self, before: usize, count: usize) -> Range<usize> {
        let within = |at: usize| at.saturating_sub(before).min(count);
        within(self.from)..within(self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::pod;
    use crate::{groups, results_of, results_within};

    /// A pod with so many init and main containers, and something wrong with the pod itself.
    fn json(init: usize, main: usize) -> String {
        let list = |count: usize| {
            let container = |i| match i % 3 {
                0 => format!(r#"{{"name":"c{i}"}}"#),
                1 => format!(
                    r#"{{"name":"c{i}","securityContext":{{"privileged":true,"runAsNonRoot":false}}}}"#
                ),
                _ => format!(r#"{{"name":"c","ports":[{{"hostPort":{i}}},{{"hostPort":1}}]}}"#),
            };
            (0..count).map(container).collect::<Vec<_>>().join(",")
        };
        format!(
            r#"{{"metadata":{{"annotations":{{"container.apparmor.security.beta.kubernetes.io/c1":"x"}}}},
            "spec":{{"hostPID":true,"securityContext":{{"runAsNonRoot":false}},"volumes":[{{"name":"v","hostPath":{{}}}}],
            "initContainers":[{}],"containers":[{}]}}}}"#,
            list(init),
            list(main)
        )
    }

    #[test]
    fn the_parts_of_a_pod_offend_as_the_whole() {
        for (init, main) in [(0, 1), (3, 61), (3, 62), (70, 0), (100, 200)] {
            let json = json(init, main);
            let pod = pod(&json);
            let variants = crate::plan_at(seawall_model::Level::Restricted, 37)
                | crate::plan_at(seawall_model::Level::Baseline, 0);
            let said = |results: &[crate::CheckResult<'_>], own: bool| {
                let groups = groups(results).filter(|group| own || group.container().is_some());
                let said = groups.map(|group| format!("{} {:?}", group.rule.id, group.offenders));
                said.collect::<Vec<_>>()
            };
            let mut whole = said(&results_of(&pod, variants), true);
            let parts = Part::all(&pod);
            let mut found: Vec<String> =
                parts.flat_map(|part| said(&results_within(&pod, variants, part), part.is_first())).collect();
            assert_eq!(Part::all(&pod).count(), (init + main).div_ceil(CONTAINERS));
            assert!(whole.len() > main, "{whole:?}");
            whole.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, whole);
        }
    }
}
