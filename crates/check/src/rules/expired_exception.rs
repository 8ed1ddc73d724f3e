//! Ignores and exceptions that are past their day.

use seawall_finding::{Severity, rule};

rule! {
    /// ## What it does
    /// Reports comments, annotations, configuration entries and `PodSecurityException` objects whose last day is over and
    /// which would still pass over, or allow, something.
    ///
    /// ## Why it matters
    /// The date was set so that somebody looks again. What was passed over counts again from the day after; an exception with
    /// `onExpiry: warn` goes on to hold, and this finding is all that tells of it.
    ///
    /// ## How to fix
    /// Fix what was passed over and remove the entry, or set a new date with the agreement of whoever set the old one.
    ///
    /// ## Example
    /// ```yaml
    /// # seawall: ignore host-port until=2020-01-31 moves behind the gateway in January
    /// hostPort: 8080
    /// ```
    ///
    /// ## Applies to
    /// Every object that such an entry speaks of. Two weeks ahead of the day a notice says that it is coming.
    pub static RULE = {
        id: "expired-exception",
        aliases: &[],
        title: "relies on an exception that has ended",
        severity: Severity::Medium,
        level: None,
    };
}
