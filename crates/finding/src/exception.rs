//! Exceptions by operators: what a workload may do although its level forbids it. They change verdicts.
//!
//! A `PodSecurityException` of a namespace counts as far as a cluster-scoped `PodSecurityExceptionPolicy` allows it; without a
//! policy there are none. The configuration file is the operator's own and needs no policy.

mod read;

use std::fmt;

use seawall_model::pattern;

use crate::date::Date;
use crate::rule::Rule;

pub use read::{
    API_GROUP, API_VERSION, EXCEPTION_KIND, POLICY_KIND, ReadError, exception, exception_from_config, policy,
};

/// Where an exception is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExceptionSource {
    /// A `PodSecurityException`.
    Object,
    /// `exceptions` in the configuration file.
    Config,
}

/// What happens when an exception's last day is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExpiry {
    /// It no longer holds.
    #[default]
    Refuse,
    /// It goes on to hold, with a warning.
    Warn,
}

/// The workloads that an exception is for. Every condition that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadSelector {
    /// The kind of the workload, or of a controller that made it.
    pub kind: String,
    /// A pattern for its name; empty for any.
    pub name: String,
    /// Labels of its pods.
    pub labels: Vec<(String, String)>,
}

/// What an exception grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// A rule by id or alias.
    pub rule: String,
    /// Patterns for the containers it is limited to; empty for the whole pod, fields of the pod included.
    pub containers: Vec<String>,
    /// Patterns for the values it is limited to, such as `NET_ADMIN` or `/var/log/*`; empty for any.
    pub values: Vec<String>,
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Where it is written.
    pub source: ExceptionSource,
    /// Its name for people: `shop/istio-init`, or its place in the configuration file.
    pub name: String,
    /// Patterns for the namespaces it holds in; the namespace itself for an object.
    pub namespaces: Vec<String>,
    /// The workloads it is for; empty for none.
    pub workloads: Vec<WorkloadSelector>,
    /// What it grants.
    pub grants: Vec<Grant>,
    /// Why; never empty.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it was made, where that is known.
    pub created: Option<Date>,
    /// The last day on which it holds.
    pub expires: Option<Date>,
    /// What happens then.
    pub on_expiry: OnExpiry,
}

/// What a policy allows exceptions to grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// A rule by id or alias.
    pub rule: String,
    /// Patterns for the values that may be granted; empty for any.
    pub values: Vec<String>,
}

/// A `PodSecurityExceptionPolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionPolicy {
    /// Its name.
    pub name: String,
    /// Patterns for the namespaces whose exceptions it allows.
    pub namespaces: Vec<String>,
    /// What it allows.
    pub rules: Vec<Allowance>,
    /// The longest life of an exception in days. Exceptions need an end where it is given.
    pub max_days: Option<u32>,
}

/// The workload that asks for an exception.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Its namespace; empty where none is written.
    pub namespace: &'a str,
    /// The kinds and names that it goes by: its own, and those of the controllers that made it. A name is empty where none is
    /// written.
    pub known_as: &'a [(&'a str, &'a str)],
    /// Its pods' labels.
    pub labels: &'a [(String, String)],
}

/// Why a grant is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAllowed {
    /// There is no policy for the namespace.
    NoPolicy,
    /// No policy for the namespace allows exceptions from the rule.
    Rule,
    /// The policies allow fewer values.
    Values,
    /// The exception has no end, or lives longer than a policy allows: so many days.
    Life(u32),
    /// The exception holds on after its end, and a policy says how long it may live.
    HoldsOn,
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPolicy => write!(f, "no {POLICY_KIND} allows exceptions in its namespace"),
            Self::Rule => write!(f, "no {POLICY_KIND} allows exceptions from this rule in its namespace"),
            Self::Values => write!(f, "no {POLICY_KIND} allows these values"),
            Self::Life(days) => write!(f, "it must end within {days} days"),
            Self::HoldsOn => f.write_str("it must not hold on after its end: `onExpiry: refuse`"),
        }
    }
}

impl WorkloadSelector {
    /// Whether a workload is meant, by any of the kinds and names that it goes by.
    pub fn selects(&self, asking: &Asking<'_>) -> bool {
        let is_called = |(kind, name): &(&str, &str)| {
            self.kind == *kind && (self.name.is_empty() || pattern::matches(&self.name, name))
        };
        asking.known_as.iter().any(is_called) && self.labels.iter().all(|label| asking.labels.contains(label))
    }
}

fn any_matches(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|p| pattern::matches(p, text))
}

impl Exception {
    /// Whether it is for this workload.
    pub fn is_for(&self, asking: &Asking<'_>) -> bool {
        self.is_in(asking.namespace) && self.workloads.iter().any(|w| w.selects(asking))
    }

    /// Whether it is for workloads of this namespace.
    pub fn is_in(&self, namespace: &str) -> bool {
        any_matches(&self.namespaces, namespace)
    }

    /// Whether its last day is over.
    pub fn is_over(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
    }

    /// Whether it holds today: it has not ended, or goes on with a warning.
    pub fn holds(&self, today: Date) -> bool {
        self.on_expiry == OnExpiry::Warn || !self.is_over(today)
    }

    /// The first grant that covers what offends against a rule: in a container, or in the pod itself, with this value.
    pub fn covers(&self, rule: &Rule, container: Option<&str>, value: &str) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.covers(rule, container, value))
    }

    /// The exception with the grants that the policies allow, and those that they do not. What needs no policy stays whole.
    pub fn within(mut self, policies: &[ExceptionPolicy], today: Date) -> (Self, Vec<(Grant, NotAllowed)>) {
        let mut refused = Vec::new();
        if self.source == ExceptionSource::Object {
            let (mut allowed, grants) = (Vec::new(), std::mem::take(&mut self.grants));
            for grant in grants {
                match self.allowance(&grant, policies, today) {
                    Ok(()) => allowed.push(grant),
                    Err(why) => refused.push((grant, why)),
                }
            }
            self.grants = allowed;
        }
        (self, refused)
    }

    /// Whether one of the policies allows a grant; else the reason that is nearest to being allowed.
    fn allowance(&self, grant: &Grant, policies: &[ExceptionPolicy], today: Date) -> Result<(), NotAllowed> {
        let mut nearest = NotAllowed::NoPolicy;
        for policy in policies {
            if !self.namespaces.iter().all(|namespace| policy.is_for(namespace)) {
                continue;
            }
            let mut of_rule = policy.rules.iter().filter(|allowed| allowed.rule == grant.rule).peekable();
            if of_rule.peek().is_none() {
                if nearest == NotAllowed::NoPolicy {
                    nearest = NotAllowed::Rule;
                }
                continue;
            }
            if !of_rule.any(|allowed| allowed.includes(&grant.values)) {
                if matches!(nearest, NotAllowed::NoPolicy | NotAllowed::Rule) {
                    nearest = NotAllowed::Values;
                }
                continue;
            }
            let Some(days) = policy.max_days else { return Ok(()) };
            let lives = self.expires.map(|last| self.created.unwrap_or(today).days_until(last));
            nearest = if lives.is_none_or(|lives| i64::from(lives) > i64::from(days)) {
                NotAllowed::Life(days)
            } else if self.on_expiry == OnExpiry::Warn {
                NotAllowed::HoldsOn
            } else {
                return Ok(());
            };
        }
        Err(nearest)
    }
}

impl ExceptionPolicy {
    /// Whether it is for exceptions of this namespace.
    pub fn is_for(&self, namespace: &str) -> bool {
        any_matches(&self.namespaces, namespace)
    }
}

impl Grant {
    /// Whether it covers what offends against a rule: in a container, or in the pod itself, with this value.
    pub fn covers(&self, rule: &Rule, container: Option<&str>, value: &str) -> bool {
        let in_container = match container {
            _ if self.containers.is_empty() => true,
            Some(name) => any_matches(&self.containers, name),
            None => false,
        };
        rule.is_called(&self.rule)
            && in_container
            && (self.values.is_empty() || any_matches(&self.values, value))
    }
}

impl Allowance {
    /// Whether all these values may be granted. A pattern is only included in itself.
    fn includes(&self, values: &[String]) -> bool {
        let known = |value: &String| {
            self.values.iter().any(|allowed| {
                let wild = value.contains(['*', '?']);
                if wild { allowed == value } else { pattern::matches(allowed, value) }
            })
        };
        self.values.is_empty() || (!values.is_empty() && values.iter().all(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Severity;

    static RULE: Rule = Rule {
        id: "added-capability",
        aliases: &["capabilities_baseline"],
        title: "adds a capability",
        severity: Severity::High,
        level: None,
        doc: &[],
        ..Rule::BASE
    };

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|t| (*t).to_owned()).collect()
    }

    fn exception() -> Exception {
        Exception {
            source: ExceptionSource::Object,
            name: "shop/istio".into(),
            namespaces: texts(&["shop"]),
            workloads: vec![WorkloadSelector {
                kind: "Deployment".into(),
                name: "web-*".into(),
                labels: Vec::new(),
            }],
            grants: vec![Grant {
                rule: "added-capability".into(),
                containers: texts(&["istio-init"]),
                values: texts(&["NET_ADMIN", "NET_RAW"]),
            }],
            reason: "mesh".into(),
            owner: None,
            created: None,
            expires: Some(date("2027-01-31")),
            on_expiry: OnExpiry::Refuse,
        }
    }

    fn policy() -> ExceptionPolicy {
        ExceptionPolicy {
            name: "mesh".into(),
            namespaces: texts(&["sh*"]),
            rules: vec![Allowance { rule: "added-capability".into(), values: texts(&["NET_*"]) }],
            max_days: Some(90),
        }
    }

    #[test]
    fn selects_by_kind_name_and_labels() {
        let labels = [("app".to_owned(), "web".to_owned())];
        let known_as = [("ReplicaSet", "web-1-5d4"), ("Deployment", "web-1")];
        let asking = Asking { namespace: "shop", known_as: &known_as, labels: &labels };
        let mut exception = exception();
        assert!(exception.is_for(&asking));
        assert!(!exception.is_for(&Asking { namespace: "shop2", ..asking }));
        for other in [("Pod", "web-1"), ("Deployment", "api")] {
            let known_as = [other, ("ReplicaSet", "web-1")];
            assert!(!exception.is_for(&Asking { known_as: &known_as, ..asking }));
        }
        exception.workloads[0].labels = vec![("app".into(), "web".into())];
        assert!(exception.is_for(&asking));
        assert!(!exception.is_for(&Asking { labels: &[], ..asking }));
        exception.workloads.clear();
        assert!(!exception.is_for(&asking), "no workload is named");
    }

    #[test]
    fn covers_what_it_names_and_nothing_else() {
        let exception = exception();
        let covers = |container, value| exception.covers(&RULE, container, value).is_some();
        assert!(covers(Some("istio-init"), "NET_ADMIN"));
        assert!(!covers(Some("istio-init"), "SYS_ADMIN"));
        assert!(!covers(Some("app"), "NET_ADMIN"));
        assert!(!covers(None, "NET_ADMIN"), "the pod is not the container");
        let mut whole = exception.clone();
        whole.grants[0] =
            Grant { rule: "capabilities_baseline".into(), containers: Vec::new(), values: Vec::new() };
        assert!(whole.covers(&RULE, None, "").is_some());
    }

    #[test]
    fn ends_or_warns() {
        let mut exception = exception();
        assert!(exception.holds(date("2027-01-31")) && !exception.holds(date("2027-02-01")));
        exception.on_expiry = OnExpiry::Warn;
        assert!(exception.holds(date("2027-02-01")) && exception.is_over(date("2027-02-01")));
    }

    #[test]
    fn policies_bound_exceptions() {
        let today = date("2026-12-01");
        let refused = |exception: Exception, policies: &[ExceptionPolicy]| {
            let (within, refused) = exception.within(policies, today);
            assert_eq!(within.grants.is_empty(), !refused.is_empty());
            refused.into_iter().next().map(|(_, why)| why)
        };
        assert_eq!(refused(exception(), &[policy()]), None);
        assert_eq!(refused(exception(), &[]), Some(NotAllowed::NoPolicy));
        let elsewhere = ExceptionPolicy { namespaces: texts(&["prod"]), ..policy() };
        assert_eq!(refused(exception(), &[elsewhere]), Some(NotAllowed::NoPolicy));
        let other = ExceptionPolicy { rules: Vec::new(), ..policy() };
        assert_eq!(refused(exception(), std::slice::from_ref(&other)), Some(NotAllowed::Rule));
        assert_eq!(refused(exception(), &[other, policy()]), None, "one that allows it is enough");
        let mut wide = exception();
        wide.grants[0].values.push("SYS_ADMIN".into());
        assert_eq!(refused(wide, &[policy()]), Some(NotAllowed::Values));
        for values in [&[][..], &["*"]] {
            let mut any = exception();
            any.grants[0].values = texts(values);
            assert_eq!(refused(any, &[policy()]), Some(NotAllowed::Values), "{values:?}");
        }
        let long = Exception { expires: Some(date("2027-03-02")), ..exception() };
        assert_eq!(refused(long.clone(), &[policy()]), Some(NotAllowed::Life(90)));
        assert_eq!(refused(Exception { created: Some(date("2026-12-02")), ..long }, &[policy()]), None);
        assert_eq!(
            refused(Exception { expires: None, ..exception() }, &[policy()]),
            Some(NotAllowed::Life(90))
        );
        let warns = Exception { on_expiry: OnExpiry::Warn, ..exception() };
        assert_eq!(refused(warns.clone(), &[policy()]), Some(NotAllowed::HoldsOn));
        assert_eq!(refused(warns, &[ExceptionPolicy { max_days: None, ..policy() }]), None);
        let config = Exception { source: ExceptionSource::Config, expires: None, ..exception() };
        assert_eq!(refused(config, &[]), None);
    }
}
