//! Which variants count at which level and version.

use seawall_finding::Rule;
use seawall_model::Level;

use crate::check::{CheckInfo, Exempt};
use crate::checks::{CHECKS, TABLE};
use crate::faults::Faults;

/// The newest minor version with rules of its own; newer ones, and `latest`, are judged as this one.
pub const NEWEST: u8 = newest();

/// How many minor versions have a plan: v1.0 to [`NEWEST`].
const MINORS: usize = NEWEST as usize + 1;

static PLAN: [[Faults; MINORS]; 3] =
    [plan(Level::Privileged), plan(Level::Baseline), plan(Level::Restricted)];

/// All variants that let Windows pods pass.
pub(crate) const WINDOWS: Faults = exempting(Exempt::Windows);
/// All variants that let pods with a user namespace pass.
pub(crate) const USER_NAMESPACE: Faults = exempting(Exempt::UserNamespace);

/// The variants that count at a level and minor version; a pod is allowed there if it has none of these faults. Minors
/// newer than [`NEWEST`] count as that.
pub fn plan_at(level: Level, minor: u64) -> Faults {
    let minor = usize::try_from(minor).unwrap_or(usize::MAX).min(MINORS - 1);
    PLAN[level as usize][minor]
}

/// Whether a pod with these faults is allowed at a level and minor version.
#[inline]
pub fn allowed(faults: Faults, level: Level, minor: u64) -> bool {
    (faults & plan_at(level, minor)).is_empty()
}

/// The checks that a pod with these faults fails at a level and minor version, in the reference's order.
pub fn failing(faults: Faults, level: Level, minor: u64) -> impl Iterator<Item = &'static CheckInfo> {
    let failed = faults & plan_at(level, minor);
    let mut first = 0;
    CHECKS.iter().filter(move |check| {
        let count = check.variants.len() as u32;
        let own = Faults::run(first, count);
        first += count;
        !(failed & own).is_empty()
    })
}

/// Those of some variants whose checks are meant.
pub fn of_checks(variants: Faults, is_meant: impl Fn(&CheckInfo) -> bool) -> Faults {
    let mut first = 0;
    let mut of = Faults::NONE;
    for check in &CHECKS {
        let count = check.variants.len() as u32;
        if is_meant(check) {
            of |= variants & Faults::run(first, count);
        }
        first += count;
    }
    of
}

/// Whether all that a rule forbids at any level is forbidden at this level and minor version. `seccomp-profile` is not judged
/// whole at baseline, which lets pods pass that name no profile.
pub fn judges_whole(rule: &Rule, level: Level, minor: u64) -> bool {
    let has = |rules: &[&Rule]| rules.iter().any(|known| known.id == rule.id);
    let minor = u8::try_from(minor).unwrap_or(NEWEST).min(NEWEST);
    let mut own = CHECKS.iter().filter(|check| has(check.rules) && !has(check.takes_over)).peekable();
    own.peek().is_some() && own.all(|check| check.level <= level && active(check, minor).is_some())
}

/// The strictest level at which a pod with these faults is allowed. A pod may pass restricted and fail baseline: from
/// v1.25 on, restricted asks nothing of the capabilities of Windows pods.
pub fn strictest(faults: Faults, minor: u64) -> Level {
    let allowed = |level: &Level| allowed(faults, *level, minor);
    Level::ALL.into_iter().rev().find(allowed).unwrap_or(Level::Privileged)
}

const fn newest() -> u8 {
    let mut newest = 0;
    let mut i = 0;
    while i < TABLE.len() {
        let variants = TABLE[i].variants;
        let since = variants[variants.len() - 1].since;
        if since > newest {
            newest = since;
        }
        i += 1;
    }
    newest
}

const fn exempting(exempt: Exempt) -> Faults {
    let mut all = Faults::NONE;
    let mut bit = 0;
    let mut i = 0;
    while i < TABLE.len() {
        let mut k = 0;
        while k < TABLE[i].variants.len() {
            if let Some(e) = TABLE[i].variants[k].exempt
                && e as u8 == exempt as u8
            {
                all = all.or(Faults::variant(bit));
            }
            bit += 1;
            k += 1;
        }
        i += 1;
    }
    all
}

/// The variant of a check that holds at a minor version, by its position; `None` before its first.
const fn active(check: &CheckInfo, minor: u8) -> Option<u32> {
    let mut found = None;
    let mut k = 0;
    while k < check.variants.len() {
        if check.variants[k].since <= minor {
            found = Some(k as u32);
        }
        k += 1;
    }
    found
}

/// Whether, at restricted, a check of a higher level replaces this one at a minor version.
const fn overridden(check: &CheckInfo, minor: u8) -> bool {
    let mut i = 0;
    while i < TABLE.len() {
        if let Some(id) = TABLE[i].overrides
            && crate::checks::same(id, check.id)
            && active(&TABLE[i], minor).is_some()
        {
            return true;
        }
        i += 1;
    }
    false
}

const fn plan(level: Level) -> [Faults; MINORS] {
    let mut plan = [Faults::NONE; MINORS];
    let mut minor = 0;
    while minor < MINORS {
        let mut bit = 0;
        let mut i = 0;
        while i < TABLE.len() {
            let check = &TABLE[i];
            let replaced = matches!(level, Level::Restricted) && overridden(check, minor as u8);
            if check.level as u8 <= level as u8
                && !replaced
                && let Some(variant) = active(check, minor as u8)
            {
                plan[minor] = plan[minor].or(Faults::variant(bit + variant));
            }
            bit += check.variants.len() as u32;
            i += 1;
        }
        minor += 1;
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_what_upstream_has() {
        assert_eq!(NEWEST, 37);
        assert_eq!(TABLE.iter().map(|c| c.variants.len()).sum::<usize>(), 31);
    }

    #[test]
    fn counts_of_checks_by_level_and_version() {
        let count = |level, minor| plan_at(level, minor).len();
        assert_eq!(count(Level::Privileged, 37), 0);
        // Twelve baseline checks, but the one on probes' hosts came with v1.34.
        assert_eq!((count(Level::Baseline, 0), count(Level::Baseline, 34)), (11, 12));
        // v1.0: + volumes and runAsNonRoot, - hostPath. v1.37: 19 checks less four overridden.
        assert_eq!((count(Level::Restricted, 0), count(Level::Restricted, 37)), (12, 15));
    }

    #[test]
    fn rules_are_judged_whole_where_all_their_checks_run() {
        let whole = |id: &str, level, minor| {
            let rule = crate::rule(id).next().expect("a rule");
            judges_whole(rule, level, minor)
        };
        assert!(!whole("host-pid", Level::Privileged, 37) && whole("host-pid", Level::Baseline, 0));
        assert!(whole("host-pid", Level::Restricted, 99));
        assert!(
            whole("host-path-volume", Level::Baseline, 37)
                && whole("host-path-volume", Level::Restricted, 37)
        );
        for both in ["seccomp-profile", "added-capability", "proc-mount"] {
            assert!(!whole(both, Level::Baseline, 37) && whole(both, Level::Restricted, 37), "{both}");
        }
        assert!(!whole("seccomp-profile", Level::Restricted, 18), "it came with v1.19");
        assert!(!whole("probe-host", Level::Restricted, 33) && whole("probe-host", Level::Baseline, 34));
    }

    #[test]
    fn newer_versions_count_as_the_newest() {
        assert_eq!(plan_at(Level::Restricted, 38), plan_at(Level::Restricted, 37));
        assert_eq!(plan_at(Level::Baseline, u64::MAX), plan_at(Level::Baseline, 37));
    }
}
