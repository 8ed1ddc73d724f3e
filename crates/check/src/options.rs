//! How a run judges, and what fails it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use seawall_finding::{Date, Severity};
use seawall_hardening::{Enabled, Index, Params};
use seawall_manifest::schema::Definitions;
use seawall_manifest::workload::ConfiguredEntry;

use crate::beyond::BeyondLevels;
use crate::config::RuleSettings;
use crate::fix::Images;
use crate::ignore::Ignores;

/// How a run judges.
#[derive(Clone, Debug)]
pub struct Options {
    /// The minor version of the target cluster: what `latest` means and what newer versions clamp to.
    pub kubernetes: u64,
    /// Whether the API server's defaults are filled in first.
    pub defaults: bool,
    /// Custom resources with pod templates, besides those that are known.
    pub custom_resources: Vec<ConfiguredEntry>,
    /// Which rules are reported, and how grave they are.
    pub rules: RuleSettings,
    /// The checks beyond the standard.
    pub hardening: Hardening,
    /// Whether objects are held against the published schema of the target version, or the definitions of the input.
    pub schema: bool,
    /// The definitions of custom resources in the input, once all are surveyed.
    pub definitions: Arc<Definitions>,
    /// What is passed over.
    pub ignores: Arc<Ignores>,
    /// Whether what other tools are told to pass over is passed over.
    pub compat: bool,
    /// The day that expiries are judged by.
    pub today: Date,
    /// What is known of images.
    pub images: Arc<Images>,
    /// Whether each fix comes as a JSON Patch.
    pub patches: bool,
    /// Whether each fix comes as text edits.
    pub edits: bool,
    /// Whether evaluations come with upstream's sentences; without them only what no finding explains does.
    pub sentences: bool,
    /// Whether records go without what only reports show: where values are that may be secret.
    pub brief: bool,
    /// Lists of so many bytes are read item by item ([`seawall_yaml::Reader::by_items`]): it takes less memory, and
    /// changes nothing else.
    pub cut_lists_from: usize,
    /// So many places of findings are held of one object, of those that count and as many of the others, with the first of each
    /// rule in any case; the rest is counted ([`Totals`](crate::Totals)), and a notice says so.
    pub held: usize,
    /// Whether findings that do not count are reported, so that it is to be said where not all of them are.
    pub tells_suppressed: bool,
}

/// Which checks run beyond what the levels ask for, and what they know; none by default.
#[derive(Clone, Debug, Default)]
pub struct Hardening {
    /// Those beyond the standard that run.
    pub enabled: Enabled,
    /// The rules of the standard that run besides, whatever the levels ask for.
    pub beyond_levels: BeyondLevels,
    /// What is set about them.
    pub params: Params,
    /// What they know of the objects of the run, once all are surveyed.
    pub index: Option<Arc<Index>>,
}

/// How many places of findings of one object reports hold ([`Options::held`]): an object that people write has fewer.
pub const HELD: usize = 1000;

/// From here on a list's tree takes memory that one would notice.
pub(crate) const LARGE: usize = 1 << 20;

impl Default for Options {
    /// The newest version that is known, with defaults, on the first day that there is.
    fn default() -> Self {
        Self {
            kubernetes: u64::from(seawall_pss::NEWEST),
            defaults: true,
            custom_resources: Vec::new(),
            rules: RuleSettings::default(),
            hardening: Hardening::default(),
            schema: false,
            definitions: Arc::default(),
            ignores: Arc::default(),
            compat: false,
            today: Date::from_days(0),
            images: Arc::default(),
            patches: false,
            edits: false,
            sentences: true,
            brief: false,
            cut_lists_from: LARGE,
            held: usize::MAX,
            tells_suppressed: true,
        }
    }
}

/// What makes a run fail with exit status 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// A workload fails its enforce level, or the API server would refuse an object.
    Enforce,
    /// As `Enforce`, and failing the audit level.
    Audit,
    /// As `Enforce`, and failing the warn level.
    Warn,
    /// A finding of this severity or above.
    Severity(Severity),
    /// Nothing.
    Never,
}

impl FailOn {
    /// All bars, as the command line takes them.
    pub const NAMES: [&'static str; 9] =
        ["enforce", "audit", "warn", "info", "low", "medium", "high", "critical", "never"];
}

impl fmt::Display for FailOn {
    /// As the command line takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
            Self::Warn => "warn",
            Self::Severity(severity) => severity.as_str(),
            Self::Never => "never",
        })
    }
}

/// The text is no bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailOnError;

impl fmt::Display for FailOnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be enforce, audit, warn, info, low, medium, high, critical or never")
    }
}

impl std::error::Error for FailOnError {}

impl FromStr for FailOn {
    type Err = FailOnError;

    fn from_str(text: &str) -> Result<Self, FailOnError> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "audit" => Ok(Self::Audit),
            "warn" => Ok(Self::Warn),
            "never" => Ok(Self::Never),
            _ => {
                Severity::ALL.into_iter().find(|s| s.as_str() == text).map(Self::Severity).ok_or(FailOnError)
            }
        }
    }
}
