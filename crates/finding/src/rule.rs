//! What a rule is.

use std::fmt;

use seawall_model::Level;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Small.
    Low,
    /// Notable.
    Medium,
    /// Serious.
    High,
    /// The node, or the cluster, is at stake.
    Critical,
}

impl Severity {
    /// All severities, the smallest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A rule's documentation: the module's doc comment, line by line, in Markdown.
pub type Doc = &'static [&'static str];

/// A rule: what a check is called and what it is about. Its documentation comes from its file's doc comment.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The canonical, permanent id.
    pub id: &'static str,
    /// Other names: the reference's check id and, later, other tools' ids.
    pub aliases: &'static [&'static str],
    /// One line, in lower case without a trailing period.
    pub title: &'static str,
    /// How grave by default.
    pub severity: Severity,
    /// The least strict level of the Pod Security Standards that forbids it, if one does.
    pub level: Option<Level>,
    /// Whether what fails it puts the node, and with it all its pods, into the hands of a container.
    pub host_level: bool,
    /// Whether it is off unless a profile or a setting turns it on.
    pub off: bool,
    /// What it is about, for selecting: `security`, `reliability`, `images` and the like, and the guides that ask for it.
    pub tags: &'static [&'static str],
    /// Documentation in Markdown.
    pub doc: Doc,
}

impl Rule {
    /// What a rule is where its declaration says nothing.
    pub const BASE: Self = Self {
        id: "",
        aliases: &[],
        title: "",
        severity: Severity::Info,
        level: None,
        host_level: false,
        off: false,
        tags: &[],
        doc: &[],
    };

    /// Whether it is one of the checks beyond the standard: no level forbids what it finds, and it does not tell of how objects are
    /// read.
    pub fn is_beyond(&self) -> bool {
        self.level.is_none() && !self.tags.is_empty()
    }

    /// Whether this is its id or one of its other names; ids are case-sensitive.
    pub fn is_called(&self, name: &str) -> bool {
        self.id == name || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }
}

/// Declares a rule and takes its documentation from the doc comment, so that `explain` and the reference pages say what
/// the code says.
///
/// ```
/// use seawall_finding::{Severity, rule};
///
/// rule! {
///     /// What it does, why it matters, how to fix it.
///     pub static RULE = {
///         id: "host-pid",
///         aliases: &["hostNamespaces"],
///         title: "shares the node's process ids",
///         severity: Severity::High,
///         level: None,
///     };
/// }
/// assert_eq!(RULE.doc, [" What it does, why it matters, how to fix it."]);
/// ```
#[macro_export]
macro_rules! rule {
    ($(#[doc = $doc:expr])* $vis:vis static $name:ident = { $($field:ident: $value:expr),* $(,)? };) => {
        $(#[doc = $doc])*
        #[allow(clippy::needless_update, reason = "a declaration may name every field")]
        $vis static $name: $crate::Rule = $crate::Rule { $($field: $value,)* doc: &[$($doc),*], ..$crate::Rule::BASE };
    };
}
