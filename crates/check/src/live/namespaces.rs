//! A cluster by namespace: labels now, the strictest level that would pass, and what stands in the way.

use std::collections::BTreeMap;

use seawall_manifest::objects::Object;
use seawall_model::Level;
use seawall_pss::namespace::{LevelVersion, Mode};
use seawall_yaml::NodeRef;

use super::system::system_owner;
use crate::levels::{Levels, NamespaceObject};
use crate::record::LevelSource;
use crate::survey::Seen;
use crate::tally::blockers_of;

/// Labels and annotations by which others keep the labels of namespaces, and who they are.
const MANAGERS: [(&str, &str, &str); 6] = [
    ("annotations", "hnc.x-k8s.io/subnamespace-of", "HNC"),
    ("labels", "hnc.x-k8s.io/included-namespace", "HNC"),
    ("labels", "capsule.clastix.io/tenant", "Capsule"),
    ("labels", "field.cattle.io/projectId", "Rancher"),
    ("annotations", "field.cattle.io/projectId", "Rancher"),
    ("annotations", "openshift.io/sa.scc.uid-range", "OpenShift's label syncer"),
];

/// `false` in this label keeps `OpenShift` from setting labels of Pod Security.
const SYNC: &str = "security.openshift.io/scc.podSecurityLabelSync";

/// Who else sets the labels of a namespace.
pub(crate) fn managed_by(object: &Object<'_>) -> Option<&'static str> {
    let has = |map: &str, key: &str| object.metadata.and_then(|m| m.get(map)).and_then(|m| m.get(key));
    let synced = has("labels", SYNC).and_then(NodeRef::as_str) != Some("false");
    let openshift = |who: &str| who.starts_with("OpenShift");
    MANAGERS
        .iter()
        .find(|(map, key, who)| has(map, key).is_some() && (synced || !openshift(who)))
        .map(|(.., who)| *who)
}

/// What is said of a namespace of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceSummary {
    /// Its name.
    pub name: String,
    /// Whom it belongs to, where that is not the cluster's users.
    pub system: Option<&'static str>,
    /// Who else sets its labels.
    pub managed_by: Option<&'static str>,
    /// What its labels ask for, by mode; `None` where they could not be seen.
    pub labels: Option<[LevelVersion; 3]>,
    /// The strictest level that all its workloads pass; `None` where the API server would refuse one, or none could be seen.
    pub strictest: Option<Level>,
    /// Its workloads.
    pub workloads: u64,
    /// What keeps workloads from the level above, the most frequent first.
    pub blockers: Vec<(&'static str, u64)>,
}

/// Counts by namespace.
#[derive(Clone, Debug, Default)]
pub struct Namespaces {
    all: BTreeMap<Box<str>, Counted>,
}

#[derive(Clone, Debug, Default)]
struct Counted {
    managed_by: Option<&'static str>,
    declared: bool,
    workloads: u64,
    refused: u64,
    by_level: [u64; 3],
    /// What keeps workloads from baseline, and what from restricted.
    blockers: [BTreeMap<&'static str, u64>; 2],
}

impl Namespaces {
    /// Takes note of a namespace.
    pub(crate) fn declare(&mut self, namespace: &NamespaceObject) {
        let counted = self.all.entry(namespace.name.as_str().into()).or_default();
        counted.declared = true;
        counted.managed_by = namespace.managed_by;
    }

    /// Counts a workload.
    pub(crate) fn workload(&mut self, seen: &Seen, kubernetes: u64) {
        let counted = self.all.entry(seen.namespace.clone()).or_default();
        counted.workloads += 1;
        if seen.refused {
            counted.refused += 1;
            return;
        }
        counted.by_level[seawall_pss::strictest(seen.pod, kubernetes) as usize] += 1;
        for (level, blockers) in [Level::Baseline, Level::Restricted].into_iter().zip(&mut counted.blockers) {
            for name in blockers_of(seen.pod, level, kubernetes) {
                *blockers.entry(name).or_default() += 1;
            }
        }
    }

    /// What is said of each, by name, the users' in front of the cluster's. `blind` says of a namespace that no workloads could be
    /// seen in it.
    pub fn finish(self, levels: &Levels, blind: &dyn Fn(&str) -> bool) -> Vec<NamespaceSummary> {
        let summary = |(name, counted): (Box<str>, Counted)| {
            let (policy, from) = levels.of(0, &name);
            let seen = counted.declared && from == LevelSource::Namespace;
            let strictest = Level::ALL.into_iter().find(|level| counted.by_level[*level as usize] > 0);
            let strictest = strictest.unwrap_or(Level::Restricted);
            let known = counted.refused == 0 && (counted.workloads > 0 || !blind(&name));
            let [baseline, restricted] = counted.blockers;
            let above = if strictest == Level::Privileged { baseline } else { restricted };
            let mut blockers: Vec<(&'static str, u64)> = above.into_iter().collect();
            blockers.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
            NamespaceSummary {
                system: system_owner(&name),
                name: name.into(),
                managed_by: counted.managed_by,
                labels: seen.then(|| Mode::ALL.map(|mode| policy.mode(mode))),
                strictest: known.then_some(strictest),
                workloads: counted.workloads,
                blockers,
            }
        };
        let mut all: Vec<NamespaceSummary> = self.all.into_iter().map(summary).collect();
        all.sort_by_key(|namespace| namespace.system.is_some());
        all
    }
}
