//! What was decided, counted and written as Prometheus reads it: the names and labels are the reference's
//! (`metrics/metrics.go` of k8s.io/pod-security-admission), and violations are counted by namespace besides.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seawall_model::{Level, PolicyVersion};
use seawall_pss::namespace::{LevelVersion, Mode};

use crate::record::{Decision, Evaluated, Recorder, Request, ResourceLabel};

/// Namespaces that are counted by name; all others are counted together, so that nobody can make this grow.
const NAMESPACES: usize = 1000;

/// What stands for the namespaces beyond those that are counted by name: no namespace can be called so.
const OTHERS: &str = "_others";

/// Operations and parts of objects that are counted by name, of each so many: whoever may send requests could make up others.
const KNOWN: usize = 32;

/// The operation, resource and subresource of requests.
type Of = (Box<str>, ResourceLabel, Box<str>);

/// Counts by what is counted.
#[derive(Debug, Default)]
struct Counts {
    evaluations: BTreeMap<(Decision, Level, Box<str>, &'static str, Of), u64>,
    exemptions: BTreeMap<Of, u64>,
    errors: BTreeMap<(bool, Of), u64>,
    violations: BTreeMap<(Box<str>, &'static str), u64>,
    operations: Known,
    subresources: Known,
    namespaces: usize,
}

/// Names that came first: only these are told apart.
#[derive(Debug, Default)]
struct Known(Vec<Box<str>>);

impl Known {
    /// The name, or what stands for all that came too late.
    fn name(&mut self, name: &str) -> Box<str> {
        let known = name.is_empty() || self.0.iter().any(|known| **known == *name);
        if !known && self.0.len() >= KNOWN {
            return "other".into();
        }
        if !known {
            self.0.push(name.into());
        }
        name.into()
    }
}

/// Counts what is decided.
#[derive(Debug)]
pub struct Counters {
    /// The newest minor version that is told from later ones.
    newest: AtomicU64,
    counts: Mutex<Counts>,
}

impl Counters {
    /// For an admission that knows versions up to this minor; later ones are counted as `future`.
    pub fn new(newest: u64) -> Self {
        let counters = Self { newest: newest.into(), counts: Mutex::default() };
        {
            // There from the start, as rates want it.
            let mut counts = counters.counts();
            for operation in ["create", "update"] {
                for resource in [ResourceLabel::Pod, ResourceLabel::Controller] {
                    let of: Of = (operation.into(), resource, "".into());
                    counts.exemptions.insert(of.clone(), 0);
                    if resource == ResourceLabel::Pod {
                        let mode = Mode::Enforce.as_str();
                        let key = (Decision::Allow, Level::Privileged, "latest".into(), mode, of);
                        counts.evaluations.insert(key, 0);
                    }
                }
            }
        }
        counters
    }

    /// Knows versions up to another minor from now on.
    pub fn set_newest(&self, newest: u64) {
        self.newest.store(newest, Ordering::Relaxed);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn version(&self, policy: LevelVersion) -> Box<str> {
        match policy.version {
            PolicyVersion::Minor(minor) if policy.level != Level::Privileged => {
                if minor <= self.newest.load(Ordering::Relaxed) {
                    format!("v1.{minor}").into()
                } else {
                    "future".into()
                }
            }
            _ => "latest".into(),
        }
    }

    /// All counts, in the text format of Prometheus.
    pub fn write(&self, out: &mut String) {
        let counts = self.counts();
        head(
            out,
            "pod_security_evaluations_total",
            "Evaluations of policies, but for exempt and ignored requests.",
        );
        for ((decision, level, version, mode, of), count) in &counts.evaluations {
            let (decision, of) = (decision.as_str(), labels(of));
            let _ = writeln!(
                out,
                "pod_security_evaluations_total{{decision=\"{decision}\",mode=\"{mode}\",policy_level=\"{level}\",policy_version=\"{version}\",{of}}} {count}"
            );
        }
        head(out, "pod_security_exemptions_total", "Requests that were exempt.");
        for (of, count) in &counts.exemptions {
            let _ = writeln!(out, "pod_security_exemptions_total{{{}}} {count}", labels(of));
        }
        head(
            out,
            "pod_security_errors_total",
            "Errors in the way of an evaluation; those that are not fatal let something stricter be evaluated.",
        );
        for ((fatal, of), count) in &counts.errors {
            let _ = writeln!(out, "pod_security_errors_total{{fatal=\"{fatal}\",{}}} {count}", labels(of));
        }
        head(out, "seawall_namespace_violations_total", "Violations of policies by namespace and mode.");
        for ((namespace, mode), count) in &counts.violations {
            let _ = writeln!(
                out,
                "seawall_namespace_violations_total{{mode=\"{mode}\",namespace=\"{}\"}} {count}",
                escaped(namespace)
            );
        }
    }
}

fn head(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
}

fn labels((operation, resource, subresource): &Of) -> String {
    format!(
        "request_operation=\"{}\",resource=\"{}\",subresource=\"{}\"",
        escaped(operation),
        resource.as_str(),
        escaped(subresource)
    )
}

/// A label's value.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl Counts {
    fn of(&mut self, request: Request<'_>) -> Of {
        let operation = self.operations.name(&request.operation.to_lowercase());
        (operation, request.resource, self.subresources.name(request.subresource))
    }

    fn violation(&mut self, namespace: &str, mode: &'static str) {
        let key = (Box::from(namespace), mode);
        if let Some(count) = self.violations.get_mut(&key) {
            *count += 1;
            return;
        }
        let known =
            Mode::ALL.iter().any(|mode| self.violations.contains_key(&(key.0.clone(), mode.as_str())));
        if known || self.namespaces < NAMESPACES {
            self.namespaces += usize::from(!known);
            self.violations.insert(key, 1);
        } else {
            *self.violations.entry((OTHERS.into(), mode)).or_default() += 1;
        }
    }
}

impl Counters {
    /// Counts an evaluation; a violation by the name of its namespace only if that may be kept.
    pub fn count(&self, request: Request<'_>, evaluated: Evaluated, by_namespace: bool) {
        let Evaluated { decision, mode, policy } = evaluated;
        let version = self.version(policy);
        let mut counts = self.counts();
        let of = counts.of(request);
        *counts.evaluations.entry((decision, policy.level, version, mode.as_str(), of)).or_default() += 1;
        if decision == Decision::Deny && by_namespace {
            counts.violation(request.namespace, mode.as_str());
        }
    }
}

impl Recorder for Counters {
    fn evaluation(&self, request: Request<'_>, evaluated: Evaluated) {
        self.count(request, evaluated, true);
    }

    fn exemption(&self, request: Request<'_>) {
        let mut counts = self.counts();
        let of = counts.of(request);
        *counts.exemptions.entry(of).or_default() += 1;
    }

    fn error(&self, request: Request<'_>, fatal: bool) {
        let mut counts = self.counts();
        let of = counts.of(request);
        *counts.errors.entry((fatal, of)).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(counters: &Counters) -> String {
        let mut out = String::new();
        counters.write(&mut out);
        out
    }

    fn request<'r>(namespace: &'r str, subresource: &'r str) -> Request<'r> {
        Request { resource: ResourceLabel::Pod, operation: "CREATE", subresource, namespace }
    }

    fn denied(policy: &str) -> Evaluated {
        Evaluated { decision: Decision::Deny, mode: Mode::Audit, policy: policy.parse().unwrap() }
    }

    #[test]
    fn what_was_decided_is_told_by_version() {
        let counters = Counters::new(37);
        for policy in ["baseline:v1.37", "baseline:v1.38", "baseline", "baseline:v1.37"] {
            counters.evaluation(request("shop", ""), denied(policy));
        }
        counters.set_newest(38);
        counters.evaluation(request("shop", ""), denied("baseline:v1.38"));
        counters.error(request("shop", ""), true);
        let text = written(&counters);
        for line in [
            r#"pod_security_evaluations_total{decision="deny",mode="audit",policy_level="baseline",policy_version="v1.37",request_operation="create",resource="pod",subresource=""} 2"#,
            r#"pod_security_evaluations_total{decision="deny",mode="audit",policy_level="baseline",policy_version="future",request_operation="create",resource="pod",subresource=""} 1"#,
            r#"pod_security_evaluations_total{decision="allow",mode="enforce",policy_level="privileged",policy_version="latest",request_operation="update",resource="pod",subresource=""} 0"#,
            r#"pod_security_exemptions_total{request_operation="create",resource="controller",subresource=""} 0"#,
            r#"pod_security_errors_total{fatal="true",request_operation="create",resource="pod",subresource=""} 1"#,
            r#"pod_security_evaluations_total{decision="deny",mode="audit",policy_level="baseline",policy_version="v1.38",request_operation="create",resource="pod",subresource=""} 1"#,
            r#"seawall_namespace_violations_total{mode="audit",namespace="shop"} 5"#,
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
    }

    #[test]
    fn who_is_not_known_names_no_namespace() {
        let counters = Counters::new(37);
        counters.count(request("shop", ""), denied("baseline"), false);
        let text = written(&counters);
        assert!(
            text.contains("decision=\"deny\"") && !text.contains("seawall_namespace_violations_total{"),
            "{text}"
        );
    }

    #[test]
    fn nobody_makes_it_grow() {
        let counters = Counters::new(37);
        for i in 0..5000 {
            let (namespace, subresource) = (format!("n{i}"), format!("s{i}\"\n"));
            let operation = namespace.as_str();
            let odd = Request { operation, ..request(&namespace, &subresource) };
            counters.evaluation(odd, denied("baseline"));
        }
        let text = written(&counters);
        assert_eq!(
            text.lines().filter(|l| l.starts_with("seawall_namespace_violations_total{")).count(),
            1001
        );
        assert!(
            text.contains("seawall_namespace_violations_total{mode=\"audit\",namespace=\"_others\"} 4000"),
            "{text}"
        );
        assert!(text.lines().count() < 1001 + 130 && text.contains("subresource=\"s1\\\"\\n\""), "{text}");
    }
}
