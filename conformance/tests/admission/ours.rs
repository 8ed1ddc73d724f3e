//! The one place that asks our handler.

use crate::scenario::{Outcome, Scenario};

/// What our handler makes of a scenario: one outcome a post, or the error of the configuration alone. `None` as long as there
/// is no handler.
pub(crate) fn ours(_: &Scenario) -> Option<Vec<Outcome>> {
    None
}
