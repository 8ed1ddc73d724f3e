//! At which levels a workload is judged: namespace labels in the input, else configuration, else the command line.

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_model::PolicyVersion;
use seawall_pss::namespace::{LevelVersion, Mode, Policy, resolve};

use crate::config::{Config, LevelRule};
use crate::record::{LevelSource, Notice, NoticeKind, Region};

/// A Namespace object of the input.
#[derive(Clone, Debug)]
pub struct NamespaceObject {
    /// Its name.
    pub name: String,
    /// Its labels below `pod-security.kubernetes.io/`, each key once.
    pub labels: Vec<(String, String)>,
    /// Its file.
    pub file: Arc<str>,
    /// Where it begins.
    pub region: Region,
}

/// The levels of all namespaces of a run.
#[derive(Clone, Debug)]
pub struct Levels {
    declared: BTreeMap<String, Policy>,
    config: Config,
    flag: Policy,
}

/// The prefix of the labels.
pub(crate) const LABEL_PREFIX: &str = "pod-security.kubernetes.io/";

/// The policy of a namespace that carries labels for just these levels: warn follows enforce, as in a cluster.
fn labelled(enforce: LevelVersion, audit: Option<LevelVersion>, warn: Option<LevelVersion>) -> Policy {
    let asked = [(Mode::Enforce, Some(enforce)), (Mode::Audit, audit), (Mode::Warn, warn)];
    let labels: Vec<(&str, String)> = asked
        .into_iter()
        .filter_map(|(mode, at)| at.map(|at| (mode, at)))
        .flat_map(|(mode, at)| {
            [(mode.level_label(), at.level.to_string()), (mode.version_label(), at.version.to_string())]
        })
        .collect();
    resolve(labels.iter().map(|(k, v)| (*k, v.as_str())), Policy::default()).0
}

impl Levels {
    /// The levels of a run, and what a person should know of them. Namespaces come in input order.
    pub fn new(namespaces: &[NamespaceObject], config: Config, flag: LevelVersion) -> (Self, Vec<Notice>) {
        let mut notices = Vec::new();
        let mut declared: BTreeMap<String, Policy> = BTreeMap::new();
        for namespace in namespaces {
            let labels = namespace.labels.iter().map(|(k, v)| (k.as_str(), v.as_str()));
            let (policy, errors) = resolve(labels, Policy::default());
            let mut notice = |kind, message: String, hint: Option<String>| {
                notices.push(Notice {
                    kind,
                    file: Some(namespace.file.clone()),
                    region: Some(namespace.region),
                    message,
                    hint,
                });
            };
            for error in &errors {
                notice(NoticeKind::NamespaceLabels, format!("namespace `{}`: {error}", namespace.name), None);
            }
            if namespace.labels.is_empty() {
                notice(
                    NoticeKind::NamespaceLabels,
                    format!(
                        "namespace `{}` has no pod-security labels, so its workloads are judged at privileged",
                        namespace.name
                    ),
                    Some(format!("add the label {LABEL_PREFIX}enforce: restricted")),
                );
            }
            match declared.get_mut(&namespace.name) {
                None => {
                    declared.insert(namespace.name.clone(), policy);
                }
                Some(earlier) if *earlier == policy => {}
                Some(earlier) => {
                    *earlier = strictest_of(earlier, &policy);
                    notice(
                        NoticeKind::NamespaceConflict,
                        format!(
                            "namespace `{}` is declared more than once with different levels; the strictest counts",
                            namespace.name
                        ),
                        Some("scan the directories of different clusters one by one".into()),
                    );
                }
            }
        }
        let flag = labelled(flag, None, None);
        (Self { declared, config, flag }, notices)
    }

    /// The levels for a namespace (empty where an object names none), and where they come from.
    pub fn of(&self, namespace: &str) -> (Policy, LevelSource) {
        if let Some(policy) = self.declared.get(namespace) {
            return (*policy, LevelSource::Namespace);
        }
        match self.config.level_of(namespace) {
            Some(LevelRule { pattern, enforce, audit, warn }) => {
                (labelled(*enforce, *audit, *warn), LevelSource::Config(pattern.clone()))
            }
            None => (self.flag, LevelSource::Flag),
        }
    }
}

/// For each mode the stricter level; of two versions the newer, `latest` being the newest.
fn strictest_of(a: &Policy, b: &Policy) -> Policy {
    let newer = |v: PolicyVersion| match v {
        PolicyVersion::Latest => u64::MAX,
        PolicyVersion::Minor(minor) => minor,
    };
    let pick = |a: LevelVersion, b: LevelVersion| {
        if (b.level, newer(b.version)) > (a.level, newer(a.version)) { b } else { a }
    };
    Policy { enforce: pick(a.enforce, b.enforce), audit: pick(a.audit, b.audit), warn: pick(a.warn, b.warn) }
}
