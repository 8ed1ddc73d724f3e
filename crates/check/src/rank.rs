//! What to look at first: severity times exposure, with faults that lead to the node on top.
//!
//! `docs/src/hardening.md` describes it for users.

use crate::record::Workload;

/// How urgent a workload is; the greater, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// Whether something that counts is [host-level](seawall_finding::Rule::host_level).
    pub host_level: bool,
    /// The hundredths of points that it loses, below 0 too; twice as many where it can be reached from outside the cluster.
    pub lost: u64,
}

impl Rank {
    /// The rank of a workload; `None` where nothing counts.
    pub fn of(workload: &Workload) -> Option<Self> {
        let mut counting = workload.findings.iter().filter(|f| f.suppressed.is_none());
        let host_level = match &workload.totals {
            Some(totals) => totals.host_level,
            None => counting.any(|f| f.finding.rule.host_level),
        };
        let lost = workload.lost * if workload.exposed { 2 } else { 1 };
        (lost > 0).then_some(Self { host_level, lost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_node_is_on_top() {
        let rank = |host_level, lost| Rank { host_level, lost };
        assert!(rank(true, 100) > rank(false, 9_000) && rank(true, 200) > rank(true, 100));
    }
}
