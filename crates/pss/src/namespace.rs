//! The levels that a namespace asks for: `PolicyToEvaluate` of k8s.io/pod-security-admission `api/helpers.go`.

use std::fmt;
use std::str::FromStr;

use seawall_model::gotext::quote;
use seawall_model::{Level, PolicyVersion, VersionError};

/// What is done with a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// The pod is refused.
    Enforce,
    /// The audit log says so.
    Audit,
    /// The user is warned.
    Warn,
}

impl Mode {
    /// All modes, in the order in which their labels are read.
    pub const ALL: [Self; 3] = [Self::Enforce, Self::Audit, Self::Warn];

    /// As in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
            Self::Warn => "warn",
        }
    }

    /// The label that names the level.
    pub const fn level_label(self) -> &'static str {
        match self {
            Self::Enforce => "pod-security.kubernetes.io/enforce",
            Self::Audit => "pod-security.kubernetes.io/audit",
            Self::Warn => "pod-security.kubernetes.io/warn",
        }
    }

    /// The label that names the version.
    pub const fn version_label(self) -> &'static str {
        match self {
            Self::Enforce => "pod-security.kubernetes.io/enforce-version",
            Self::Audit => "pod-security.kubernetes.io/audit-version",
            Self::Warn => "pod-security.kubernetes.io/warn-version",
        }
    }
}

/// A set of modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Modes([bool; 3]);

impl Modes {
    /// No mode.
    pub const NONE: Self = Self([false; 3]);

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Whether it is one of them.
    pub fn contains(self, mode: Mode) -> bool {
        self.0[mode as usize]
    }

    /// Whether all of `other` are among them.
    pub fn includes(self, other: Self) -> bool {
        self.join(other) == self
    }

    /// Those of both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] || other.0[at]))
    }

    /// They, in the order of [`Mode::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Mode> {
        Mode::ALL.into_iter().filter(move |mode| self.contains(*mode))
    }
}

impl FromIterator<Mode> for Modes {
    fn from_iter<I: IntoIterator<Item = Mode>>(modes: I) -> Self {
        modes.into_iter().fold(Self::NONE, |mut all, mode| {
            all.0[mode as usize] = true;
            all
        })
    }
}

impl From<Mode> for Modes {
    fn from(mode: Mode) -> Self {
        Self::from_iter([mode])
    }
}

/// A level at a version; displayed as `restricted:latest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LevelVersion {
    /// The level.
    pub level: Level,
    /// The version as asked for.
    pub version: PolicyVersion,
}

impl LevelVersion {
    /// What nobody asked for: nothing is forbidden.
    pub const PRIVILEGED: Self = Self { level: Level::Privileged, version: PolicyVersion::Latest };

    /// Whether both forbid the same: versions of privileged do not differ.
    pub fn equivalent(self, other: Self) -> bool {
        (self.level == Level::Privileged && other.level == Level::Privileged) || self == other
    }
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}

impl FromStr for LevelVersion {
    type Err = VersionError;

    /// `restricted`, `baseline:v1.30`; without a version, latest.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        text.parse().map(|asked: AskedLevel| asked.at(PolicyVersion::Latest))
    }
}

/// A level, at a version if one is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedLevel {
    /// The level.
    pub level: Level,
    /// The version; `None` where none is said.
    pub version: Option<PolicyVersion>,
}

impl AskedLevel {
    /// It at this version where it says none.
    pub fn at(self, version: PolicyVersion) -> LevelVersion {
        LevelVersion { level: self.level, version: self.version.unwrap_or(version) }
    }
}

impl FromStr for AskedLevel {
    type Err = VersionError;

    /// `restricted`, `baseline:v1.30`.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let (level, version) = text.split_once(':').map_or((text, None), |(l, v)| (l, Some(v)));
        Ok(Self { level: level.parse()?, version: version.map(str::parse).transpose()? })
    }
}

/// What a namespace asks for, mode by mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Of mode enforce.
    pub enforce: LevelVersion,
    /// Of mode audit.
    pub audit: LevelVersion,
    /// Of mode warn.
    pub warn: LevelVersion,
}

impl Default for Policy {
    /// What a cluster without configuration takes for a namespace without labels.
    fn default() -> Self {
        let none = LevelVersion::PRIVILEGED;
        Self { enforce: none, audit: none, warn: none }
    }
}

impl Policy {
    /// What one mode asks for.
    pub const fn mode(&self, mode: Mode) -> LevelVersion {
        match mode {
            Mode::Enforce => self.enforce,
            Mode::Audit => self.audit,
            Mode::Warn => self.warn,
        }
    }

    fn mode_mut(&mut self, mode: Mode) -> &mut LevelVersion {
        match mode {
            Mode::Enforce => &mut self.enforce,
            Mode::Audit => &mut self.audit,
            Mode::Warn => &mut self.warn,
        }
    }

    /// Whether no mode forbids anything.
    pub fn is_fully_privileged(&self) -> bool {
        Mode::ALL.into_iter().all(|mode| self.mode(mode).level == Level::Privileged)
    }

    /// Whether both forbid the same in every mode.
    pub fn equivalent(&self, other: &Self) -> bool {
        Mode::ALL.into_iter().all(|mode| self.mode(mode).equivalent(other.mode(mode)))
    }
}

/// A label whose value is no level or version; displayed as the API server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelError {
    /// The label's key.
    pub label: &'static str,
    /// Its value.
    pub value: String,
    /// What is wrong with it.
    pub problem: VersionError,
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata.labels[{}]: Invalid value: {}: {}", self.label, quote(&self.value), self.problem)
    }
}

impl std::error::Error for LabelError {}

/// The policy of a namespace with these labels, where `defaults` holds for what they do not say, and the labels that are
/// not valid, in the order of the modes, level before version. There is always a policy: an invalid level counts as
/// restricted for enforce and as privileged for audit and warn, an invalid version as latest.
pub fn resolve<'a>(
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    defaults: Policy,
) -> (Policy, Vec<LabelError>) {
    let mut levels = [None; 3];
    let mut versions = [None; 3];
    for (key, value) in labels {
        for mode in Mode::ALL {
            if key == mode.level_label() {
                levels[mode as usize] = Some(value);
            } else if key == mode.version_label() {
                versions[mode as usize] = Some(value);
            }
        }
    }
    let mut policy = defaults;
    let mut errors = Vec::new();
    let mut refuse = |label, value: &str, problem| {
        errors.push(LabelError { label, value: value.to_owned(), problem });
    };
    let mut enforce_is_valid = false;
    for mode in Mode::ALL {
        let asked = policy.mode_mut(mode);
        if let Some(text) = levels[mode as usize] {
            let open = if mode == Mode::Enforce { Level::Restricted } else { Level::Privileged };
            let level = text.parse().map_err(|problem| refuse(mode.level_label(), text, problem));
            enforce_is_valid |= mode == Mode::Enforce && level.is_ok();
            asked.level = level.unwrap_or(open);
        }
        if let Some(text) = versions[mode as usize] {
            let version = text.parse().map_err(|problem| refuse(mode.version_label(), text, problem));
            asked.version = version.unwrap_or(PolicyVersion::Latest);
        }
    }
    // Whoever enforces more than the default warns of it too.
    let warn = Mode::Warn as usize;
    if levels[warn].is_none() && enforce_is_valid && policy.enforce.level > policy.warn.level {
        policy.warn.level = policy.enforce.level;
        if versions[warn].is_none() {
            policy.warn.version = policy.enforce.version;
        }
    }
    (policy, errors)
}

/// The errors as the API server joins them: one as it is, several as `[a, b]`; empty if there are none.
pub fn joined(errors: &[LabelError]) -> String {
    match errors {
        [] => String::new(),
        [one] => one.to_string(),
        several => {
            let all: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("[{}]", all.join(", "))
        }
    }
}

/// The label that names the level which a namespace is to enforce, exceptions aside. The API server does not know it: what it
/// enforces by itself is the label of [`Mode::Enforce`], which may have to be less strict for exceptions to be of use.
pub const GOAL_LABEL: &str = "seawall.dev/enforce";
/// The label that names the version of that level.
pub const GOAL_VERSION_LABEL: &str = "seawall.dev/enforce-version";

/// The level that these labels name as the goal, if it is one. An invalid version counts as latest.
pub fn goal<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<LevelVersion> {
    let (mut level, mut version) = (None, PolicyVersion::Latest);
    for (key, value) in labels {
        match key {
            GOAL_LABEL => level = value.parse().ok(),
            GOAL_VERSION_LABEL => version = value.parse().unwrap_or(PolicyVersion::Latest),
            _ => {}
        }
    }
    level.map(|level| LevelVersion { level, version })
}

/// As [`resolve`], with the goal in place of what the API server is to enforce, where a goal is named.
pub fn resolve_goal<'a>(
    labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    defaults: Policy,
) -> (Policy, Vec<LabelError>) {
    if labels.clone().all(|(key, _)| key != GOAL_LABEL) {
        return resolve(labels, defaults);
    }
    let (level, version) = (Mode::Enforce.level_label(), Mode::Enforce.version_label());
    let (policy, mut errors) = resolve(
        labels.filter(|(key, _)| *key != level && *key != version).map(|(key, value)| match key {
            GOAL_LABEL => (level, value),
            GOAL_VERSION_LABEL => (version, value),
            _ => (key, value),
        }),
        // The version that is enforced by default is no part of a goal.
        Policy { enforce: LevelVersion::PRIVILEGED, ..defaults },
    );
    for error in &mut errors {
        if error.label == level {
            error.label = GOAL_LABEL;
        } else if error.label == version {
            error.label = GOAL_VERSION_LABEL;
        }
    }
    (policy, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `enforce audit warn` of a namespace with these labels, keys without their domain.
    fn policy(labels: &[(&str, &str)]) -> (String, String) {
        let full: Vec<(String, &str)> =
            labels.iter().map(|(k, v)| (format!("pod-security.kubernetes.io/{k}"), *v)).collect();
        let (p, errors) = resolve(full.iter().map(|(k, v)| (&**k, *v)), Policy::default());
        (format!("{} {} {}", p.enforce, p.audit, p.warn), joined(&errors))
    }

    #[test]
    fn enforce_carries_warn_along() {
        let none = String::new();
        assert_eq!(policy(&[]).0, "privileged:latest privileged:latest privileged:latest");
        assert_eq!(
            policy(&[("enforce", "baseline"), ("enforce-version", "v1.25")]),
            ("baseline:v1.25 privileged:latest baseline:v1.25".to_owned(), none.clone())
        );
        assert_eq!(
            policy(&[("enforce", "baseline"), ("enforce-version", "v1.25"), ("warn-version", "v1.7")]).0,
            "baseline:v1.25 privileged:latest baseline:v1.7"
        );
        assert_eq!(
            policy(&[("enforce", "baseline"), ("warn", "privileged")]).0,
            "baseline:latest privileged:latest privileged:latest"
        );
    }

    #[test]
    fn invalid_labels_close_enforce_and_open_the_others() {
        assert_eq!(
            policy(&[("warn", "x"), ("audit", ""), ("enforce", "Restricted"), ("enforce-version", "1.2")]),
            (
                "restricted:latest privileged:latest privileged:latest".to_owned(),
                concat!(
                    "[metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"Restricted\": must be one of privileged, baseline, restricted, ",
                    "metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: \"1.2\": must be \"latest\" or \"v1.x\", ",
                    "metadata.labels[pod-security.kubernetes.io/audit]: Invalid value: \"\": must be one of privileged, baseline, restricted, ",
                    "metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: \"x\": must be one of privileged, baseline, restricted]"
                )
                .to_owned()
            )
        );
    }

    #[test]
    fn levels_are_written_with_or_without_a_version() {
        assert_eq!(
            "baseline:v1.30".parse::<LevelVersion>().map(|l| l.to_string()),
            Ok("baseline:v1.30".into())
        );
        assert_eq!(
            "restricted".parse::<LevelVersion>().map(|l| l.to_string()),
            Ok("restricted:latest".into())
        );
        assert_eq!("restricted:1.30".parse::<LevelVersion>(), Err(VersionError::Policy));
        assert_eq!("strict".parse::<LevelVersion>(), Err(VersionError::Level));
    }

    #[test]
    fn privileged_has_no_versions() {
        let old = LevelVersion { level: Level::Privileged, version: PolicyVersion::Minor(1) };
        assert!(old.equivalent(LevelVersion::PRIVILEGED));
        let baseline = LevelVersion { level: Level::Baseline, ..old };
        assert!(!baseline.equivalent(LevelVersion { version: PolicyVersion::Latest, ..baseline }));
    }

    #[test]
    fn goals_take_the_place_of_what_is_enforced() {
        let defaults = Policy { enforce: "baseline:v1.20".parse().unwrap(), ..Policy::default() };
        let resolved = |labels: &[(&str, &str)]| {
            let (policy, errors) = resolve_goal(labels.iter().copied(), defaults);
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            (format!("{} {}", policy.enforce, policy.warn), errors)
        };
        let enforced = ("pod-security.kubernetes.io/enforce", "baseline");
        let version = ("pod-security.kubernetes.io/enforce-version", "v1.25");
        assert_eq!(resolved(&[enforced]), ("baseline:v1.20 baseline:v1.20".into(), vec![]));
        assert_eq!(
            resolved(&[(GOAL_VERSION_LABEL, "v1.30"), enforced]).0,
            "baseline:v1.20 baseline:v1.20",
            "a version alone is no goal"
        );
        assert_eq!(
            resolved(&[enforced, version, (GOAL_LABEL, "restricted")]),
            ("restricted:latest restricted:latest".into(), vec![]),
            "what is enforced is warned of"
        );
        assert_eq!(
            resolved(&[(GOAL_VERSION_LABEL, "v1.30"), (GOAL_LABEL, "restricted")]).0,
            "restricted:v1.30 restricted:v1.30"
        );
        let (policy, errors) = resolved(&[(GOAL_VERSION_LABEL, "1.30"), (GOAL_LABEL, "strict"), enforced]);
        assert!(policy.starts_with("restricted:latest"), "{policy}");
        assert_eq!(errors.len(), 2);
        assert!(errors[0].starts_with("metadata.labels[seawall.dev/enforce]: Invalid value: \"strict\""));
        assert!(errors[1].starts_with("metadata.labels[seawall.dev/enforce-version]: "));
        assert_eq!(
            goal([(GOAL_LABEL, "baseline"), (GOAL_VERSION_LABEL, "v1.30")]).unwrap().to_string(),
            "baseline:v1.30"
        );
        assert_eq!(goal([(GOAL_LABEL, "strict")]), None);
        assert_eq!(goal([enforced]), None);
    }
}
