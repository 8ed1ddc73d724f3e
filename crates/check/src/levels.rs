//! At which levels a workload is judged: namespace labels in the input, else labels lent from elsewhere, else configuration,
//! else the command line.

use std::collections::BTreeMap;
use std::sync::Arc;

use seawall_model::PolicyVersion;
use seawall_pss::namespace::{GOAL_LABEL, LevelVersion, Mode, Policy, resolve, resolve_goal};

use crate::config::{LevelRule, level_of};
use crate::record::{LevelSource, Notice, NoticeKind, Region};

/// A Namespace object of the input.
#[derive(Clone, Debug)]
pub struct NamespaceObject {
    /// Its name.
    pub name: String,
    /// Its labels below `pod-security.kubernetes.io/`, and those that name a goal, each key once.
    pub labels: Vec<(String, String)>,
    /// Who else sets its labels.
    pub managed_by: Option<&'static str>,
    /// The scope of its file; 0 for none.
    pub scope: u16,
    /// Its file.
    pub file: Arc<str>,
    /// Where it begins.
    pub region: Region,
}

impl NamespaceObject {
    fn labels(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.labels.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Whether a label names a level.
    pub(crate) fn names_level(&self) -> bool {
        Mode::ALL.into_iter().any(|mode| self.names_level_of(mode))
    }

    /// Whether a label names the level of a mode.
    pub(crate) fn names_level_of(&self, mode: Mode) -> bool {
        self.labels()
            .any(|(key, _)| mode.level_label() == key || (mode == Mode::Enforce && key == GOAL_LABEL))
    }

    /// What its labels ask for.
    pub(crate) fn policy(&self) -> Policy {
        resolve_goal(self.labels(), Policy::default()).0
    }
}

/// The levels of all namespaces of a run.
#[derive(Clone, Debug)]
pub struct Levels {
    /// By name, and there by scope.
    declared: BTreeMap<String, Vec<(u16, Policy)>>,
    /// By scope, and there by name.
    lent: BTreeMap<u16, BTreeMap<String, Policy>>,
    config: Vec<LevelRule>,
    flag: Policy,
}

/// The prefix of the labels.
const LABEL_PREFIX: &str = "pod-security.kubernetes.io/";

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
    /// The levels of a run, and what a person should know of them. Namespaces come in input order; those that are lent speak
    /// for namespaces of their scope that the input does not declare.
    pub fn new(
        namespaces: &[NamespaceObject],
        lent: &[NamespaceObject],
        config: Vec<LevelRule>,
        flag: LevelVersion,
    ) -> (Self, Vec<Notice>) {
        let mut notices = Vec::new();
        let mut declared: BTreeMap<String, Vec<(u16, Policy)>> = BTreeMap::new();
        for namespace in namespaces {
            let policy = namespace.policy();
            let mut notice = |kind, message: String, hint: Option<String>| {
                notices.push(Notice {
                    kind,
                    file: Some(namespace.file.clone()),
                    region: Some(namespace.region),
                    message,
                    hint,
                });
            };
            if !namespace.names_level() {
                notice(
                    NoticeKind::NamespaceLabels,
                    format!(
                        "namespace `{}` has no pod-security labels{}, so its workloads are judged at privileged",
                        namespace.name,
                        if namespace.labels.is_empty() { "" } else { " that name a level" }
                    ),
                    Some(format!("add the label {LABEL_PREFIX}enforce: restricted")),
                );
            }
            let of_name = declared.entry(namespace.name.clone()).or_default();
            match of_name.iter_mut().find(|(scope, _)| *scope == namespace.scope).map(|(_, policy)| policy) {
                None => of_name.push((namespace.scope, policy)),
                Some(earlier) if *earlier == policy => {}
                Some(earlier) => {
                    *earlier = strictest_of(earlier, &policy);
                    notice(
                        NoticeKind::NamespaceConflict,
                        format!(
                            "namespace `{}` is declared more than once with different levels; the strictest counts",
                            namespace.name
                        ),
                        Some("name the directories of different clusters as `scopes` in seawall.yaml".into()),
                    );
                }
            }
        }
        let mut lent_by_scope: BTreeMap<u16, BTreeMap<String, Policy>> = BTreeMap::new();
        for namespace in lent {
            let of_scope = lent_by_scope.entry(namespace.scope).or_default();
            of_scope.insert(namespace.name.clone(), namespace.policy());
        }
        let flag = labelled(flag, None, None);
        (Self { declared, lent: lent_by_scope, config, flag }, notices)
    }

    /// The levels for a namespace (empty where an object names none) of a scope, and where they come from.
    pub fn of(&self, scope: u16, namespace: &str) -> (Policy, LevelSource) {
        let declared = self.declared.get(namespace).into_iter().flatten();
        if let Some((_, policy)) = declared.into_iter().find(|(of, _)| *of == scope) {
            return (*policy, LevelSource::Namespace);
        }
        if let Some(policy) = self.lent.get(&scope).and_then(|lent| lent.get(namespace)) {
            return (*policy, LevelSource::Lent);
        }
        match level_of(&self.config, namespace) {
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
