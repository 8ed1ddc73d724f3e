//! The two phases: which variants a pod fails, and why.

use seawall_model::Level;
use seawall_model::pod::{Pod, PodSpec};

use crate::check::{CheckInfo, Sink};
use crate::checks::{self, CHECKS};
use crate::faults::Faults;
use crate::offender::{Field, Offender, Site, Value};
use crate::plan;

/// The variants of all checks that a pod fails, found in one pass without allocation. Whether it is allowed at a level
/// and version: [`crate::allowed`].
pub fn evaluate(pod: &Pod<'_>) -> Faults {
    let mut bits = Bits(Faults::NONE);
    checks::visit(pod, &mut bits);
    bits.0.without(exempted(&pod.spec))
}

/// Why a check fails a pod at some level and version.
#[derive(Clone, Debug)]
pub struct CheckResult<'p> {
    /// The check.
    pub check: &'static CheckInfo,
    /// What offends: the pod, then containers as the reference visits them, volumes, annotations. Never empty as
    /// [`results`] gives it out; whoever takes some away leaves the text of the others right.
    pub offenders: Vec<Offender<'p>>,
}

impl CheckResult<'_> {
    /// The reference's reason.
    pub fn reason(&self) -> &'static str {
        (self.check.reason)(&self.offenders)
    }

    /// The reference's detail.
    pub fn detail(&self) -> String {
        (self.check.detail)(&self.offenders)
    }
}

/// Why a pod is not allowed at a level and minor version, in the reference's order; empty if it is allowed.
pub fn results<'p>(pod: &'p Pod<'_>, level: Level, minor: u64) -> Vec<CheckResult<'p>> {
    results_of(pod, plan::plan_at(level, minor))
}

/// Why a pod fails these variants, in the reference's order.
pub fn results_of<'p>(pod: &'p Pod<'_>, variants: Faults) -> Vec<CheckResult<'p>> {
    let wanted = variants.without(exempted(&pod.spec));
    let mut all = Collector { wanted, site: Site::Pod, name: "", found: Vec::new() };
    checks::visit(pod, &mut all);
    let mut first = 0;
    let mut results = Vec::new();
    for check in &CHECKS {
        let count = check.variants.len() as u32;
        let own = Faults::run(first, count);
        first += count;
        let offenders: Vec<_> =
            all.found.iter().filter(|(bits, _)| !(*bits & own).is_empty()).map(|(_, o)| *o).collect();
        if !offenders.is_empty() {
            results.push(CheckResult { check, offenders });
        }
    }
    results
}

/// The reference's reasons, joined: `host namespaces, hostPort`.
pub fn forbidden_reason(results: &[CheckResult<'_>]) -> String {
    let reasons: Vec<&str> = results.iter().map(CheckResult::reason).collect();
    reasons.join(", ")
}

/// The reference's reasons with their details: `host namespaces (hostPID=true), privileged (...)`.
pub fn forbidden_detail(results: &[CheckResult<'_>]) -> String {
    let part = |result: &CheckResult<'_>| match result.detail() {
        // A sysctl without a name is all that has no detail.
        detail if detail.is_empty() => result.reason().to_owned(),
        detail => format!("{} ({detail})", result.reason()),
    };
    let parts: Vec<String> = results.iter().map(part).collect();
    parts.join(", ")
}

/// The variants that let the pod pass for what it is.
#[inline]
fn exempted(spec: &PodSpec<'_>) -> Faults {
    let windows = if spec.is_windows() { plan::WINDOWS } else { Faults::NONE };
    let user_namespace = if spec.host_users == Some(false) { plan::USER_NAMESPACE } else { Faults::NONE };
    windows | user_namespace
}

struct Bits(Faults);

impl<'p> Sink<'p> for Bits {
    #[inline]
    fn enter(&mut self, _: Site, _: &'p str) {}

    #[inline]
    fn offend(&mut self, variants: Faults, _: Field, _: Value<'p>) {
        self.0 |= variants;
    }
}

struct Collector<'p> {
    wanted: Faults,
    site: Site,
    name: &'p str,
    found: Vec<(Faults, Offender<'p>)>,
}

impl<'p> Sink<'p> for Collector<'p> {
    fn enter(&mut self, site: Site, name: &'p str) {
        self.site = site;
        self.name = name;
    }

    fn offend(&mut self, variants: Faults, field: Field, value: Value<'p>) {
        let bits = variants & self.wanted;
        if !bits.is_empty() {
            self.found.push((bits, Offender { site: self.site, name: self.name, field, value }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pod, spec};
    use crate::{allowed, strictest};

    #[test]
    fn a_pod_that_asks_for_nothing_is_baseline() {
        let json = spec(r#""containers":[{"name":"a"}]"#);
        let faults = evaluate(&pod(&json));
        assert!(allowed(faults, Level::Baseline, 37) && !allowed(faults, Level::Restricted, 37));
        assert_eq!(strictest(faults, 37), Level::Baseline);
        assert_eq!(strictest(Faults::NONE, 0), Level::Restricted);
    }

    #[test]
    fn a_windows_pod_may_pass_restricted_and_fail_baseline() {
        let json = spec(
            r#""os":{"name":"windows"},"securityContext":{"runAsNonRoot":true},
            "containers":[{"name":"a","securityContext":{"capabilities":{"add":["SYS_ADMIN"]}}}]"#,
        );
        let faults = evaluate(&pod(&json));
        assert!(!allowed(faults, Level::Baseline, 37) && allowed(faults, Level::Restricted, 37));
        assert_eq!(strictest(faults, 37), Level::Restricted);
    }

    #[test]
    fn reasons_and_details_are_joined() {
        let json = spec(r#""hostPID":true,"containers":[{"name":"a","ports":[{"hostPort":1}]}]"#);
        let pod = pod(&json);
        let results = results(&pod, Level::Baseline, 37);
        assert_eq!(forbidden_reason(&results), "host namespaces, hostPort");
        assert_eq!(
            forbidden_detail(&results),
            r#"host namespaces (hostPID=true), hostPort (container "a" uses hostPort 1)"#
        );
    }

    #[test]
    fn no_detail_no_parentheses() {
        let json = spec(r#""securityContext":{"sysctls":[{"name":""}]}"#);
        assert_eq!(forbidden_detail(&results(&pod(&json), Level::Baseline, 37)), "forbidden sysctls");
    }

    #[test]
    fn text_follows_the_offenders_that_are_left() {
        let json = spec(
            r#""containers":[{"name":"a","securityContext":{"runAsNonRoot":false}},{"name":"b"},{"name":"c"}]"#,
        );
        let pod = pod(&json);
        let mut results = results(&pod, Level::Restricted, 37);
        let result = results.iter_mut().find(|r| r.check.id == "runAsNonRoot").expect("it fails");
        assert_eq!(result.detail(), r#"container "a" must not set securityContext.runAsNonRoot=false"#);
        result.offenders.retain(|o| o.name != "a");
        assert_eq!(
            result.detail(),
            r#"pod or containers "b", "c" must set securityContext.runAsNonRoot=true"#
        );
    }
}
