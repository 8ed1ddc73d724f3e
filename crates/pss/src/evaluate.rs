//! The two phases: which variants a pod fails, and why.

use seawall_finding::Rule;
use seawall_model::Level;
use seawall_model::pod::{Pod, PodSpec};

use crate::check::{CheckInfo, Sink};
use crate::checks::{self, CHECKS};
use crate::faults::Faults;
use crate::offender::{Field, Offender, Site, Value};
use crate::part::Part;
use crate::plan;

/// The variants of all checks that a pod fails, found in one pass without allocation. Whether it is allowed at a level
/// and version: [`crate::allowed`].
pub fn evaluate(pod: &Pod<'_>) -> Faults {
    let mut bits = Bits(Faults::NONE);
    checks::visit(pod, Part::ALL, &mut bits);
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
    /// The rules that the offenders violate, each once.
    pub fn rules(&self) -> Vec<&'static Rule> {
        let mut rules: Vec<&'static Rule> = Vec::new();
        for rule in self.offenders.iter().map(self.check.rule) {
            if rules.iter().all(|known| known.id != rule.id) {
                rules.push(rule);
            }
        }
        rules
    }

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
    results_within(pod, variants, Part::ALL)
}

/// Why a part of a pod fails these variants, in the reference's order. What [`results_of`] finds, the parts find together; the
/// offenders of the pod's own fields are in each.
pub fn results_within<'p>(pod: &'p Pod<'_>, variants: Faults, part: Part) -> Vec<CheckResult<'p>> {
    let wanted = variants.without(exempted(&pod.spec));
    // They are counted first: a list that grows would hold them twice, and of a large pod they are many.
    let mut counted = Count { wanted, of: [0; CHECKS.len()] };
    checks::visit(pod, part, &mut counted);
    let of = counted.of.map(Vec::with_capacity);
    let mut found = ByCheck { wanted, site: Site::Pod, name: "", of };
    checks::visit(pod, part, &mut found);
    let found = CHECKS.iter().zip(found.of).filter(|(_, offenders)| !offenders.is_empty());
    found.map(|(check, offenders)| CheckResult { check, offenders }).collect()
}

/// What an exception lets pass, taken out of some results: which are left, and what was taken out, each with its check.
pub fn split_excepted<'p>(
    results: Vec<CheckResult<'p>>,
    excepted: Excepted<'_>,
) -> (Vec<CheckResult<'p>>, Vec<CheckResult<'p>>) {
    let (mut left, mut out) = (Vec::new(), Vec::new());
    for CheckResult { check, offenders } in results {
        let (taken, kept): (Vec<_>, Vec<_>) =
            offenders.into_iter().partition(|offender| excepted((check.rule)(offender), offender));
        for (offenders, to) in [(kept, &mut left), (taken, &mut out)] {
            if !offenders.is_empty() {
                to.push(CheckResult { check, offenders });
            }
        }
    }
    (left, out)
}

/// What an exception takes out of the judgement.
pub type Excepted<'e> = &'e dyn Fn(&'static Rule, &Offender<'_>) -> bool;

/// As [`evaluate`], without the offenders that are excepted from their rule.
pub fn evaluate_except(pod: &Pod<'_>, excepted: Excepted<'_>) -> Faults {
    let all = Faults::run(0, CHECKS.iter().map(|check| check.variants.len() as u32).sum());
    let mut left = Faults::NONE;
    for_each(pod, all, |own, check, offenders| {
        for (bits, offender) in offenders {
            if !excepted((check.rule)(offender), offender) {
                left |= *bits & own;
            }
        }
    });
    left
}

/// Calls `each` for every check with its variants and its offenders among those that fail `wanted`.
fn for_each<'p>(
    pod: &'p Pod<'_>,
    wanted: Faults,
    mut each: impl FnMut(Faults, &'static CheckInfo, &[(Faults, Offender<'p>)]),
) {
    let wanted = wanted.without(exempted(&pod.spec));
    let mut all = Collector { wanted, site: Site::Pod, name: "", found: Vec::new() };
    checks::visit(pod, Part::ALL, &mut all);
    let mut first = 0;
    for check in &CHECKS {
        let count = check.variants.len() as u32;
        let own = Faults::run(first, count);
        first += count;
        let offenders: Vec<_> =
            all.found.iter().filter(|(bits, _)| !(*bits & own).is_empty()).copied().collect();
        if !offenders.is_empty() {
            each(own, check, &offenders);
        }
    }
}

/// [`forbidden_reason`] and [`forbidden_detail`] of what is left of a pod's results at a level and minor version: `left` is
/// called with those of one check at a time, as they may be many.
pub fn forbidden<'p>(
    pod: &'p Pod<'_>,
    level: Level,
    minor: u64,
    left: impl Fn(Vec<CheckResult<'p>>) -> Vec<CheckResult<'p>>,
) -> (String, String) {
    let plan = plan::plan_at(level, minor);
    let mut said = (String::new(), String::new());
    for check in &CHECKS {
        let own = plan::of_checks(plan, |known| std::ptr::eq(known, check));
        if own.is_empty() {
            continue;
        }
        for result in left(results_of(pod, own)) {
            add_reason(&mut said.0, &result);
            add_detail(&mut said.1, &result);
        }
    }
    said
}

/// The reference's reasons, joined: `host namespaces, hostPort`.
pub fn forbidden_reason(results: &[CheckResult<'_>]) -> String {
    let mut out = String::new();
    for result in results {
        add_reason(&mut out, result);
    }
    out
}

/// The reference's reasons with their details: `host namespaces (hostPID=true), privileged (...)`.
pub fn forbidden_detail(results: &[CheckResult<'_>]) -> String {
    let mut out = String::new();
    for result in results {
        add_detail(&mut out, result);
    }
    out
}

fn add_reason(out: &mut String, result: &CheckResult<'_>) {
    if !out.is_empty() {
        out.push_str(", ");
    }
    out.push_str(result.reason());
}

fn add_detail(out: &mut String, result: &CheckResult<'_>) {
    add_reason(out, result);
    let detail = result.detail();
    // A sysctl without a name is all that has no detail.
    if !detail.is_empty() {
        out.extend([" (", &detail, ")"]);
    }
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

/// The position of the check that some of its variants are of.
fn check_of(variants: Faults) -> Option<usize> {
    checks::OF_VARIANT.get(variants.first()? as usize).copied()
}

/// How many offenders there are, by the position of their check.
struct Count {
    wanted: Faults,
    of: [usize; CHECKS.len()],
}

impl<'p> Sink<'p> for Count {
    fn enter(&mut self, _: Site, _: &'p str) {}

    fn offend(&mut self, variants: Faults, _: Field, _: Value<'p>) {
        if let Some(count) = check_of(variants & self.wanted).and_then(|check| self.of.get_mut(check)) {
            *count += 1;
        }
    }
}

/// Offenders by the position of their check.
struct ByCheck<'p> {
    wanted: Faults,
    site: Site,
    name: &'p str,
    of: [Vec<Offender<'p>>; CHECKS.len()],
}

impl<'p> Sink<'p> for ByCheck<'p> {
    fn enter(&mut self, site: Site, name: &'p str) {
        self.site = site;
        self.name = name;
    }

    fn offend(&mut self, variants: Faults, field: Field, value: Value<'p>) {
        if let Some(offenders) = check_of(variants & self.wanted).and_then(|check| self.of.get_mut(check)) {
            offenders.push(Offender { site: self.site, name: self.name, field, value });
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
    fn exceptions_take_out_their_offenders_and_nothing_else() {
        let json = spec(
            r#""hostPID":true,"containers":[{"name":"a","ports":[{"hostPort":1}]},{"name":"b","ports":[{"hostPort":2}]}]"#,
        );
        let pod = pod(&json);
        let of_a = |rule: &'static Rule, o: &Offender<'_>| rule.id == "host-port" && o.name == "a";
        let (left, out) = split_excepted(results(&pod, Level::Baseline, 37), &of_a);
        assert_eq!(
            forbidden_detail(&left),
            r#"host namespaces (hostPID=true), hostPort (container "b" uses hostPort 2)"#
        );
        assert_eq!(forbidden_detail(&out), r#"hostPort (container "a" uses hostPort 1)"#);
        assert_eq!(evaluate_except(&pod, &of_a), evaluate(&pod), "container b fails the same variants");
        let ports = |rule: &'static Rule, _: &Offender<'_>| rule.id == "host-port";
        let pids = |rule: &'static Rule, _: &Offender<'_>| rule.id == "host-pid";
        assert!(!allowed(evaluate_except(&pod, &ports), Level::Baseline, 37));
        assert!(!allowed(evaluate_except(&pod, &pids), Level::Baseline, 37));
        let both = |rule: &'static Rule, o: &Offender<'_>| ports(rule, o) || pids(rule, o);
        assert!(allowed(evaluate_except(&pod, &both), Level::Baseline, 37));
        assert_eq!(evaluate_except(&pod, &|_, _| false), evaluate(&pod));
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
