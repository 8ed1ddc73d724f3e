//! A first configuration for a repository, from what its files hold.

mod scopes;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::Level;
use seawall_pss::namespace::Policy;
use seawall_yaml::ProblemKind;

use crate::levels::NamespaceObject;
use crate::options::Options;
use crate::survey::{Seen, Survey, UnknownKind};

/// A file with what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Surveyed<'a> {
    /// Its path from the directory that the configuration is for.
    pub path: &'a str,
    /// The Helm chart that it belongs to, from there too.
    pub chart: Option<&'a str>,
    /// What is in it.
    pub survey: &'a Survey,
}

/// What a configuration would have to say of some files.
#[derive(Debug, Default)]
pub struct Proposal {
    kubernetes: u64,
    files: u64,
    workloads: u64,
    /// By name; empty for objects that name none.
    namespaces: BTreeMap<String, Namespace>,
    unknown: Vec<UnknownKind>,
    /// Charts with templates that are not rendered.
    charts: BTreeSet<String>,
    /// Files that are templates of no chart.
    templates: Vec<String>,
    /// Files that could not be read as a whole.
    broken: Vec<String>,
}

/// What is known of a namespace.
#[derive(Debug, Default)]
struct Namespace {
    /// Its declarations: path, what the labels ask for, and whether they name a level.
    declared: Vec<(String, Policy, bool)>,
    /// Its workloads by the strictest level that their pods pass.
    by_level: [u64; 3],
    /// Workloads of which the pods fail the level that is enforced.
    failing: u64,
    /// Workloads whose objects the API server would refuse.
    refused: u64,
}

impl Namespace {
    fn workloads(&self) -> u64 {
        self.by_level.iter().sum::<u64>() + self.refused
    }

    /// The strictest level that all of its workloads pass.
    fn strictest(&self) -> Level {
        let lowest = Level::ALL.into_iter().zip(self.by_level).find(|(_, workloads)| *workloads > 0);
        lowest.map_or(Level::Restricted, |(level, _)| level)
    }

    /// Whether its declarations ask for different levels.
    fn is_contested(&self) -> bool {
        let mut policies = self.declared.iter().map(|(_, policy, _)| policy);
        policies.next().is_some_and(|first| policies.any(|other| !first.equivalent(other)))
    }

    fn is_labelled(&self) -> bool {
        self.declared.iter().any(|(.., labelled)| *labelled)
    }
}

impl Proposal {
    /// What a configuration would have to say of these files.
    pub fn new<'a>(files: impl Iterator<Item = Surveyed<'a>> + Clone, options: &Options) -> Self {
        let mut proposal = Self { kubernetes: options.kubernetes, ..Self::default() };
        for namespace in
            files.clone().flat_map(|file| file.survey.namespaces().iter().map(move |n| (file, n)))
        {
            proposal.declare(namespace.0.path, namespace.1);
        }
        for file in files {
            proposal.files += 1;
            for seen in &file.survey.workloads {
                proposal.count(seen, options);
            }
            for unknown in file.survey.rare().into_iter().flat_map(|rare| &rare.unknown) {
                proposal.add_unknown(unknown);
            }
            let has = |wanted: fn(ProblemKind) -> bool| {
                file.survey.problems().iter().any(|unread| !unread.foreign && wanted(unread.problem.kind))
            };
            match file.chart {
                Some(chart) if has(|kind| kind == ProblemKind::Template) => {
                    proposal.charts.insert(chart.to_owned());
                }
                None if has(|kind| kind == ProblemKind::Template) => {
                    proposal.templates.push(file.path.to_owned());
                }
                _ => {}
            }
            let unread = has(|kind| !matches!(kind, ProblemKind::Template | ProblemKind::Ignored));
            if unread || file.survey.rare().is_some_and(|rare| rare.rejects) {
                proposal.broken.push(file.path.to_owned());
            }
        }
        proposal
    }

    /// Files that could not be read as a whole: their workloads may be missing.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// Takes note of a file that could not be read at all.
    pub fn add_broken(&mut self, path: String) {
        self.broken.push(path);
    }

    /// What was found, in a few words.
    pub fn summary(&self) -> String {
        let named = self.namespaces.keys().filter(|name| !name.is_empty()).count();
        format!(
            "{}, {}, {}",
            text::count(self.files, "file"),
            text::count(self.workloads, "workload"),
            text::count(named as u64, "namespace"),
        )
    }

    fn declare(&mut self, path: &str, namespace: &NamespaceObject) {
        let declared = (path.to_owned(), namespace.policy(), namespace.names_level());
        self.namespaces.entry(namespace.name.clone()).or_default().declared.push(declared);
    }

    fn count(&mut self, seen: &Seen, options: &Options) {
        self.workloads += 1;
        let namespace = self.namespaces.entry(seen.namespace.to_string()).or_default();
        if seen.refused {
            namespace.refused += 1;
            return;
        }
        let [pod, _] = seen.faults();
        let passes = |level: &Level| seawall_pss::allowed(pod, *level, options.kubernetes);
        let strictest = Level::ALL.into_iter().rev().find(passes).unwrap_or(Level::Privileged);
        namespace.by_level[strictest as usize] += 1;
        let enforced = namespace.declared.iter().map(|(_, policy, _)| policy.enforce);
        let fails = |at: seawall_pss::namespace::LevelVersion| {
            !seawall_pss::allowed(pod, at.level, at.version.clamp(options.kubernetes))
        };
        namespace.failing += u64::from(enforced.into_iter().any(fails));
    }

    fn add_unknown(&mut self, found: &UnknownKind) {
        let same = |u: &&mut UnknownKind| u.api_version == found.api_version && u.kind == found.kind;
        match self.unknown.iter_mut().find(same) {
            Some(known) => {
                let new = found.entries.iter().filter(|e| !known.entries.contains(e)).cloned();
                let new: Vec<_> = new.collect();
                known.entries.extend(new);
            }
            None => self.unknown.push(found.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
