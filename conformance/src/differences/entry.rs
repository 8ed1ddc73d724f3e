//! How entries of the lists are written.

use super::{Difference, Reporter, Right, Seen};

impl Difference {
    const fn new(
        check: &'static str,
        rule: &'static str,
        by: Reporter,
        what: &'static str,
        when: When,
    ) -> Self {
        Self { check, rule, by, what, right: Right::Both, why: "", when }
    }

    /// seawall is right.
    pub(super) const fn ours(self, why: &'static str) -> Self {
        Self { right: Right::Seawall, why, ..self }
    }

    /// Both are right.
    pub(super) const fn both(self, why: &'static str) -> Self {
        Self { right: Right::Both, why, ..self }
    }
}

type When = fn(&Seen<'_>) -> bool;

/// What seawall alone reports.
pub(super) const fn only_seawall(
    check: &'static str,
    rule: &'static str,
    what: &'static str,
    when: When,
) -> Difference {
    Difference::new(check, rule, Reporter::Seawall, what, when)
}

/// What the other tool alone reports.
pub(super) const fn only_other(
    check: &'static str,
    rule: &'static str,
    what: &'static str,
    when: When,
) -> Difference {
    Difference::new(check, rule, Reporter::Other, what, when)
}
