//! What fails a run, as far as reports have to know.

use seawall_check::{FailOn, Located, Mode, NoticeKind};
use seawall_finding::Severity;

use crate::Style;

/// Which findings fail a run: those that a quiet report shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Refusals by the API server, and what the enforced level forbids.
    refusals: bool,
    /// What the audited level forbids.
    audit: bool,
    /// What the level that is warned of forbids.
    warn: bool,
    /// Whatever is of this severity or above.
    severity: Option<Severity>,
}

impl Bar {
    /// The default: what the API server refuses.
    pub const ENFORCE: Self = Self { refusals: true, audit: false, warn: false, severity: None };

    /// The lowest of these; with `never` nothing is at it.
    pub fn of(bars: &[FailOn]) -> Self {
        let mut bar = Self { refusals: false, ..Self::ENFORCE };
        for one in bars {
            match one {
                FailOn::Enforce => bar.refusals = true,
                FailOn::Audit => (bar.refusals, bar.audit) = (true, true),
                FailOn::Warn => (bar.refusals, bar.warn) = (true, true),
                FailOn::Severity(s) => bar.severity = Some(bar.severity.map_or(*s, |known| known.min(*s))),
                FailOn::Never => return Self { refusals: false, ..Self::ENFORCE },
            }
        }
        bar
    }

    /// Whether a finding on an object that the API server refuses, or takes, is at it.
    pub(crate) fn includes(self, located: &Located, refused: bool) -> bool {
        let forbidden = |mode: Mode| match mode {
            Mode::Enforce => self.refusals,
            Mode::Audit => self.audit,
            Mode::Warn => self.warn,
        };
        (refused && self.refusals)
            || located.modes.iter().any(forbidden)
            || self.severity.is_some_and(|least| located.finding.severity >= least)
    }
}

impl Style {
    /// Whether a finding is left out.
    pub(crate) fn hides(self, located: &Located, refused: bool) -> bool {
        self.quiet && !self.bar.includes(located, refused)
    }

    /// Whether a notice is left out. What was not seen is never taken for clean, nor what is reported in part for all there is.
    pub(crate) fn hides_notice(self, kind: NoticeKind) -> bool {
        self.quiet && !matches!(kind, NoticeKind::NotSeen | NoticeKind::FindingsLeftOut)
    }

    /// Whether a refusal that no finding explains is left out.
    pub(crate) fn hides_refusals(self) -> bool {
        self.quiet && !self.bar.refusals
    }
}
