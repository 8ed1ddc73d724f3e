//! Mappings that give a key twice.

use seawall_finding::{Severity, rule};

rule! {
    /// ## What it does
    /// Finds keys that stand twice in one mapping. Keys that come in through a merge (`<<`) and are overridden do not
    /// count.
    ///
    /// ## Why it matters
    /// The last value wins without a word, so the one that a reviewer saw first may not be the one that applies.
    ///
    /// ## How to fix
    /// Delete the one that is not meant. Both places are shown.
    ///
    /// ## Example
    /// ```yaml
    /// securityContext:
    ///   privileged: false
    ///   privileged: true   # this one applies
    /// ```
    ///
    /// ## Applies to
    /// Every mapping of every object, custom resources included.
    ///
    /// ## References
    /// - <https://yaml.org/spec/1.2.2/#3213-node-comparison>
    pub static RULE = {
        id: "duplicate-key",
        aliases: &[],
        title: "gives a key twice",
        severity: Severity::High,
        level: None,
    };
}
