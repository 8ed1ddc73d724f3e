//! A cluster by namespace: labels now, the strictest level that would pass, and what stands in the way.

use std::collections::BTreeMap;

use seawall_manifest::objects::Object;
use seawall_model::Level;
use seawall_pss::namespace::{LevelVersion, Mode};
use seawall_yaml::NodeRef;

use super::system::system_owner;
use crate::levels::Levels;
use crate::record::LevelSource;
use crate::survey::{Seen, Survey};
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
    /// The scope of its cluster; empty for none.
    pub scope: String,
    /// Its name.
    pub name: String,
    /// Whom it belongs to, where that is not the cluster's users.
    pub system: Option<&'static str>,
    /// Who else sets its labels.
    pub managed_by: Option<&'static str>,
    /// What its labels ask for, by mode; `None` where they could not be seen.
    pub labels: Option<[LevelVersion; 3]>,
    /// By mode, whether a label names the level: to ask for nothing is not the same as not to ask, where the cluster has levels of its
    /// own.
    pub named: [bool; 3],
    /// The strictest level that all its workloads pass; `None` where the API server would refuse one, or none could be seen.
    pub strictest: Option<Level>,
    /// Whether all its workloads were looked at. If not, others may not pass what these pass.
    pub complete: bool,
    /// Its workloads.
    pub workloads: u64,
    /// What keeps workloads from the level above, the most frequent first.
    pub blockers: Vec<(&'static str, u64)>,
    /// `OpenShift`'s security context constraints by which its pods were let in, the most frequent first.
    pub sccs: Vec<(String, u64)>,
}

/// Counts by namespace.
#[derive(Clone, Debug, Default)]
pub struct Namespaces {
    /// By scope and name: scopes are different clusters.
    all: BTreeMap<(u16, Box<str>), Counted>,
}

/// What is known of the clusters that namespaces are in.
pub struct Clusters<'a> {
    /// What their namespaces ask for.
    pub levels: &'a Levels,
    /// Whether all workloads of a namespace of a scope were looked at.
    pub complete: &'a dyn Fn(u16, &str) -> bool,
    /// What a scope is called.
    pub scope_name: &'a dyn Fn(u16) -> String,
}

#[derive(Clone, Debug, Default)]
struct Counted {
    managed_by: Option<&'static str>,
    declared: bool,
    named: [bool; 3],
    workloads: u64,
    refused: u64,
    by_level: [u64; 3],
    /// What keeps workloads from baseline, and what from restricted.
    blockers: [BTreeMap<&'static str, u64>; 2],
    sccs: BTreeMap<Box<str>, u64>,
}

impl Namespaces {
    /// Takes note of the namespaces of a file, and of who let pods in.
    pub(crate) fn file(&mut self, survey: &Survey, scope: u16) {
        for namespace in survey.namespaces() {
            let counted = self.all.entry((scope, namespace.name.as_str().into())).or_default();
            counted.declared = true;
            counted.managed_by = namespace.managed_by;
            for mode in Mode::ALL {
                counted.named[mode as usize] |= namespace.names_level_of(mode);
            }
        }
        for ((namespace, scc), pods) in survey.rare().into_iter().flat_map(|rare| &rare.sccs) {
            let counted = self.all.entry((scope, namespace.clone())).or_default();
            *counted.sccs.entry(scc.clone()).or_default() += pods;
        }
    }

    /// Counts a workload.
    pub(crate) fn workload(&mut self, seen: &Seen, scope: u16, kubernetes: u64) {
        let counted = self.all.entry((scope, seen.namespace.clone())).or_default();
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

    /// What is said of each, by scope and name, the users' in front of the cluster's.
    pub fn finish(self, clusters: &Clusters<'_>) -> Vec<NamespaceSummary> {
        let summary = |((scope, name), counted): ((u16, Box<str>), Counted)| {
            let (policy, from) = clusters.levels.of(scope, &name);
            let seen = counted.declared && from == LevelSource::Namespace;
            let complete = (clusters.complete)(scope, &name);
            let strictest = Level::ALL.into_iter().find(|level| counted.by_level[*level as usize] > 0);
            let strictest = strictest.unwrap_or(Level::Restricted);
            let known = counted.refused == 0 && (counted.workloads > 0 || complete);
            let [baseline, restricted] = counted.blockers;
            let above = if strictest == Level::Privileged { baseline } else { restricted };
            let mut blockers: Vec<(&'static str, u64)> = above.into_iter().collect();
            blockers.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
            let mut sccs: Vec<_> =
                counted.sccs.into_iter().map(|(n, pods)| (n.into_string(), pods)).collect();
            sccs.sort_by_key(|(_, pods)| std::cmp::Reverse(*pods));
            NamespaceSummary {
                scope: (clusters.scope_name)(scope),
                system: system_owner(&name),
                name: name.into(),
                managed_by: counted.managed_by,
                labels: seen.then(|| Mode::ALL.map(|mode| policy.mode(mode))),
                named: counted.named,
                strictest: known.then_some(strictest),
                complete,
                workloads: counted.workloads,
                blockers,
                sccs,
            }
        };
        let mut all: Vec<NamespaceSummary> = self.all.into_iter().map(summary).collect();
        all.sort_by_key(|namespace| namespace.system.is_some());
        all
    }
}
