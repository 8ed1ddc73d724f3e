//! The rules of the standard as checks of their own: what they find that no level asks for which a namespace has.
//!
//! What a pod fails is known from its masks, so that nothing has to be looked at twice where the levels explain all of it.

use seawall_finding::Rule;
use seawall_model::Level;
use seawall_pss::namespace::{LevelVersion, Mode, Policy};
use seawall_pss::{CheckInfo, Faults, plan_at};

use crate::config::RuleSettings;

/// Which rules of the standard are checks of their own; none by default.
#[derive(Clone, Debug, Default)]
pub struct BeyondLevels {
    /// Each with the level up to which it is.
    rules: Vec<(&'static Rule, Level)>,
    /// What they look for at restricted.
    restricted: Faults,
    /// What they look for at baseline.
    baseline: Faults,
    /// The minor version of the target cluster.
    kubernetes: u64,
}

impl BeyondLevels {
    /// Those of these settings, at a minor version.
    pub fn new(settings: &RuleSettings, kubernetes: u64) -> Self {
        let rules = seawall_pss::RULES.iter();
        let rules: Vec<_> = rules.filter_map(|rule| Some((*rule, settings.beyond_levels(rule)?))).collect();
        let asks = |rule: &Rule, least: Level| asks(&rules, rule, least);
        let has = |level: Level, least: fn(&CheckInfo) -> Level| {
            seawall_pss::of_checks(plan_at(level, kubernetes), |check| {
                check.rules.iter().any(|rule| asks(rule, least(check)))
            })
        };
        let restricted = has(Level::Restricted, |_| Level::Restricted);
        let baseline = has(Level::Baseline, |check| check.level);
        Self { rules, restricted, baseline, kubernetes }
    }

    /// What of these faults no level of a policy asks about.
    #[inline]
    pub(crate) fn left(&self, faults: Faults, policy: &Policy) -> Faults {
        let failed = faults & (self.restricted | self.baseline);
        if failed.is_empty() {
            return failed;
        }
        let explained = |left: Faults, mode| left.without(self.judged(policy.mode(mode)));
        Mode::ALL.into_iter().fold(failed, explained)
    }

    /// What is judged at a level. Restricted has checks in the place of some of baseline, and says the last word there.
    fn judged(&self, at: LevelVersion) -> Faults {
        let minor = at.version.clamp(self.kubernetes);
        let own = plan_at(at.level, minor);
        if at.level == Level::Restricted { own | plan_at(Level::Baseline, minor) } else { own }
    }

    /// What is left in the order in which it is looked at: the stricter form of a check tells more.
    pub(crate) fn passes(&self, left: Faults) -> impl Iterator<Item = Faults> {
        let passes = [left & self.restricted, (left & self.baseline).without(self.restricted)];
        passes.into_iter().filter(|variants| !variants.is_empty())
    }

    /// Whether a rule is asked for what a check of this level finds.
    pub(crate) fn asks(&self, rule: &Rule, least: Level) -> bool {
        asks(&self.rules, rule, least)
    }

    /// Whether all that a rule forbids at any level is looked for.
    pub(crate) fn judges_whole(&self, rule: &Rule) -> bool {
        let mut asked = self.rules.iter().filter(|(of, _)| of.id == rule.id);
        asked.any(|(rule, level)| seawall_pss::judges_whole(rule, *level, self.kubernetes))
    }
}

fn asks(rules: &[(&'static Rule, Level)], rule: &Rule, least: Level) -> bool {
    rules.iter().any(|(of, up_to)| of.id == rule.id && *up_to >= least)
}

#[cfg(test)]
mod tests {
    use seawall_model::pod::Pod;

    use super::*;
    use crate::config::{Base, NamedRules};

    const NEWEST: u64 = seawall_pss::NEWEST as u64;

    fn of(base: Base, enable: &[&str]) -> BeyondLevels {
        let enable = enable.iter().map(|name| NamedRules::of(name).unwrap()).collect();
        BeyondLevels::new(&RuleSettings { base, enable, ..RuleSettings::default() }, NEWEST)
    }

    fn policy(at: &str) -> Policy {
        let at: LevelVersion = at.parse().unwrap();
        Policy { enforce: at, audit: at, warn: at }
    }

    /// The ids of the checks by which a pod fails what no level asks about.
    fn left(of: &BeyondLevels, spec: &str, at: &str) -> Vec<&'static str> {
        let json = format!("{{\"spec\":{{{spec}}}}}");
        let pod: Pod<'_> = seawall_model::json::decode(json.as_bytes()).unwrap();
        let left = of.left(seawall_pss::evaluate(&pod), &policy(at));
        let results: Vec<_> =
            of.passes(left).flat_map(|variants| seawall_pss::results_of(&pod, variants)).collect();
        results.iter().map(|result| result.check.id).collect()
    }

    const HOST: &str = r#""hostPID":true,"containers":[{"name":"a","securityContext":{"privileged":true}}]"#;

    #[test]
    fn profiles_look_beyond_the_levels_as_far_as_they_go() {
        let bare = r#""containers":[{"name":"a"}]"#;
        let hardening = [
            "allowPrivilegeEscalation",
            "capabilities_restricted",
            "runAsNonRoot",
            "seccompProfile_restricted",
        ];
        let at_privileged = |base, spec: &str| {
            let mut ids = left(&of(base, &[]), spec, "privileged");
            ids.sort_unstable();
            ids
        };
        assert_eq!(at_privileged(Base::Pss, HOST), [""; 0]);
        assert_eq!(at_privileged(Base::Recommended, HOST), ["hostNamespaces", "privileged"]);
        assert_eq!(at_privileged(Base::Recommended, bare), [""; 0]);
        for base in [Base::Strict, Base::Cis, Base::Nsa] {
            assert_eq!(at_privileged(base, bare), hardening, "{base:?}");
        }
        // No guide speaks of procMount.
        let proc = r#""containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]"#;
        let has = |base| at_privileged(base, proc).contains(&"procMount");
        assert_eq!(
            [Base::Recommended, Base::Strict, Base::Cis, Base::Nsa].map(has),
            [true, true, false, false]
        );
    }

    #[test]
    fn what_is_named_is_looked_for_at_every_level() {
        let named = of(Base::Pss, &["host-pid", "run-as-non-root"]);
        assert_eq!(left(&named, HOST, "privileged"), ["hostNamespaces", "runAsNonRoot"]);
        assert_eq!(left(&named, HOST, "baseline"), ["runAsNonRoot"]);
        assert!(named.asks(crate::rules::find("host-pid")[0], Level::Baseline));
        assert!(!named.asks(crate::rules::find("host-network")[0], Level::Baseline));
        let deselect = vec![NamedRules::of("host-pid").unwrap()];
        let less = RuleSettings { base: Base::Recommended, deselect, ..RuleSettings::default() };
        assert!(!BeyondLevels::new(&less, NEWEST).asks(crate::rules::find("host-pid")[0], Level::Baseline));
    }

    #[test]
    fn what_a_level_asks_about_is_not_looked_at_again() {
        let strict = of(Base::Strict, &[]);
        assert_eq!(left(&strict, HOST, "restricted"), [""; 0]);
        assert!(
            !left(&strict, HOST, "baseline").iter().any(|id| *id == "privileged" || *id == "hostNamespaces")
        );
        // Restricted says the last word where it has a check of its own.
        let path = r#""volumes":[{"name":"v","hostPath":{"path":"/"}}]"#;
        let recommended = of(Base::Recommended, &[]);
        assert_eq!(left(&recommended, path, "restricted"), [""; 0]);
        assert_eq!(left(&recommended, path, "privileged"), ["hostPathVolumes"]);
        // Probes' hosts came with v1.34.
        let probe = r#""containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"1.2.3.4","port":80}}}]"#;
        assert_eq!(left(&recommended, probe, "baseline:v1.30"), ["hostProbesAndHostLifecycle"]);
        assert_eq!(left(&recommended, probe, "baseline:v1.34"), [""; 0]);
    }

    #[test]
    fn the_target_version_says_what_there_is() {
        let probe = r#""containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"1.2.3.4","port":80}}}]"#;
        let old = BeyondLevels::new(&RuleSettings::default(), 33);
        assert_eq!(left(&old, probe, "privileged"), [""; 0]);
        let rule = |id| crate::rules::find(id)[0];
        assert!(of(Base::Recommended, &[]).judges_whole(rule("probe-host")));
        assert!(!old.judges_whole(rule("probe-host")));
        assert!(!of(Base::Recommended, &[]).judges_whole(rule("seccomp-profile")));
        assert!(of(Base::Strict, &[]).judges_whole(rule("seccomp-profile")));
    }
}
