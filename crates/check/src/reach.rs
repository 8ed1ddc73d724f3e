//! How far a run reaches: which rules it judges where. What is not judged is neither fixed nor unused.

use seawall_finding::Rule;
use seawall_model::Level;
use seawall_pss::namespace::{LevelVersion, Mode, Modes};

use crate::levels::Levels;
use crate::options::Options;
use crate::record::LevelSource;

/// Where an object is at home.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Home {
    /// The scope of its file; 0 for none.
    pub(crate) scope: u16,
    /// Its namespace; empty where none is written.
    pub(crate) namespace: Box<str>,
    /// Whether pods of it are judged.
    pub(crate) pods: bool,
}

/// The levels of a run and how it judges.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    pub(crate) levels: &'a Levels,
    pub(crate) options: &'a Options,
}

impl<'a> Reach<'a> {
    /// The reach of a run.
    pub fn new(levels: &'a Levels, options: &'a Options) -> Self {
        Self { levels, options }
    }

    /// Whether a rule is judged at a home, with all that it forbids at any level, and reported.
    pub(crate) fn includes(self, rule: &Rule, home: &Home) -> bool {
        let minors = if home.pods && rule.level.is_some() {
            self.asked(home.scope, &home.namespace)
        } else {
            Vec::new()
        };
        self.judges(rule, &minors)
    }

    /// As [`Self::includes`], where pods are judged at these levels and minor versions; none where no pod is.
    pub(crate) fn judges(self, rule: &Rule, at: &[(Level, u64)]) -> bool {
        let beyond = || !at.is_empty() && self.options.hardening.beyond_levels.judges_whole(rule);
        let judged = rule.level.is_none()
            || at.iter().any(|(level, minor)| seawall_pss::judges_whole(rule, *level, *minor))
            || beyond();
        judged && self.options.rules.selects(rule)
    }

    /// The levels and minor versions that pods of a namespace are judged at.
    fn asked(self, scope: u16, namespace: &str) -> Vec<(Level, u64)> {
        let (policy, from) = self.levels.of(scope, namespace);
        let all = Mode::ALL.into_iter().map(|mode| (mode, policy.mode(mode)));
        let asked = all.filter(|(mode, at)| is_asked(&from, *at, (*mode).into()));
        asked.map(|(_, at)| (at.level, at.version.clamp(self.options.kubernetes))).collect()
    }
}

/// Whether somebody asked for what these modes are judged at: not for modes that the command line or the configuration
/// leaves open.
pub(crate) fn is_asked(from: &LevelSource, at: LevelVersion, modes: Modes) -> bool {
    matches!(from, LevelSource::Namespace | LevelSource::Lent)
        || at.level != Level::Privileged
        || modes.contains(Mode::Enforce)
}
