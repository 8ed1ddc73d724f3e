//! The admission of pods and namespaces, as the Pod Security admission of Kubernetes does it.
//!
//! ```text
//! HTTP body -> read_review -> Review --+
//! Configuration -----------------------+-> Admission::answer -> Response -> write -> Reply
//! Namespaces, Pods, Exceptions,         |  mutate |
//! Owners, Suspensions, Rights (traits) -+         |
//!                                                v
//!                                            Recorder (what was decided)
//! ```
//!
//! The reference is k8s.io/pod-security-admission v0.37.2, answer by answer. Pure: knows no network, clock or cluster; what it
//! has to know of a cluster comes through traits.

mod break_glass;
mod configuration;
mod controller;
mod counters;
mod evaluation;
mod exceptions;
mod exchange;
mod floor;
mod guard;
mod mutation;
mod namespace;
mod object;
mod owner;
mod pod;
mod record;
mod response;
mod review;
mod settings;
mod violations;

pub use break_glass::{BREAK_GLASS_KIND, BreakGlass, BreakGlassError, Suspension, Suspensions};
pub use configuration::{Configuration, ConfigurationError, Exemptions};
pub use counters::Counters;
pub use exceptions::Exceptions;
pub use exchange::{MAX_BODY, Reply, timeout};
pub use floor::Floor;
pub use guard::Rights;
pub use mutation::MUTATE_LABEL;
pub use owner::{Named, Owner, OwnerKind, Owners, Reference, TrustedController, owner_kinds};
pub use record::{Decision, Evaluated, Recorder, Request, ResourceLabel};
pub use response::{Cause, Details, Response, Status};
pub use review::{Review, ReviewError, read_review};
pub use settings::{NamespaceDefaults, Settings};
pub use violations::{Bounds, Entry, Found, Observed, Violated, Violations, Workload, Workloads};

pub use seawall_pss::namespace::GOAL_LABEL;

use std::sync::Arc;

use seawall_model::Level;
use seawall_pss::NEWEST;
use seawall_pss::namespace::{LabelError, LevelVersion, Policy, resolve_goal};

/// The labels of a namespace that Pod Security reads.
pub type Labels = Arc<[(Box<str>, Box<str>)]>;

/// What came of asking a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is known.
    Known(T),
    /// It cannot be had, and why.
    Failed(String),
    /// It has to be fetched first: the request is to be answered again by whoever can wait for that.
    Later,
}

/// Where namespaces come from.
pub trait Namespaces {
    /// The labels of a namespace. One that is not there is [`Lookup::Failed`].
    fn labels(&self, name: &str) -> Lookup<Labels>;
}

/// Where the pods of a namespace come from.
pub trait Pods {
    /// Calls `page` with all pods of a namespace, part by part, each a `PodList` as JSON, until there are no more or the time is
    /// over, which is a failure.
    fn list(&self, namespace: &str, page: &mut dyn FnMut(&[u8])) -> Lookup<()>;

    /// Whether the time that pods may be looked at is over.
    fn is_over(&self) -> bool;
}

/// The admission of one configuration in a cluster of one version.
#[derive(Clone, Debug)]
pub struct Admission {
    configuration: Configuration,
    /// The minor version that `latest` means.
    newest: u64,
}

/// What a cluster and whoever counts are to an answer.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    /// Where namespaces come from.
    pub namespaces: &'s dyn Namespaces,
    /// Where pods come from.
    pub pods: &'s dyn Pods,
    /// Where exceptions come from.
    pub exceptions: &'s dyn Exceptions,
    /// Where owners come from.
    pub owners: &'s dyn Owners,
    /// What suspends what is enforced.
    pub suspensions: &'s dyn Suspensions,
    /// Who says who may do what.
    pub rights: &'s dyn Rights,
    /// Who is told what was decided.
    pub recorder: &'s dyn Recorder,
}

impl Admission {
    /// For a configuration, and a cluster of a minor version: `latest` means that one, or the newest that is known here if that is
    /// older.
    pub fn new(configuration: Configuration, minor: u64) -> Self {
        Self { configuration, newest: minor.min(u64::from(NEWEST)) }
    }

    /// The same in a cluster of another minor version.
    #[must_use]
    pub fn at(&self, minor: u64) -> Self {
        Self::new(self.configuration.clone(), minor)
    }

    /// The minor version that `latest` means.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// The answer to a request. `None` if something has to be fetched first ([`Lookup::Later`]); then nothing was recorded.
    pub fn answer(&self, review: &Review<'_>, around: Surroundings<'_>) -> Option<Response> {
        let resource = &review.request.resource;
        let response = match (&*resource.group, &*resource.resource) {
            ("", "namespaces") => self.namespace(review, around),
            ("", "pods") => self.pod(review, around),
            _ => self.controller(review, around),
        }?;
        if self.configuration.settings.report_only {
            return Some(response.reported());
        }
        Some(Self::suspended(review, response, around))
    }

    /// The same where what is enforced is suspended: pods, and what makes them, are not refused then.
    fn suspended(review: &Review<'_>, response: Response, around: Surroundings<'_>) -> Response {
        let request = &review.request;
        let counted = Request::of(request);
        let Some(status) = response.status.as_ref().filter(|_| counted.resource != ResourceLabel::Namespace)
        else {
            return response;
        };
        let Some(by) = around.suspensions.of(&request.namespace) else { return response };
        // Nothing comes of a dry run.
        if request.dry_run != Some(true) {
            around.suspensions.let_pass(counted, &request.name, &by, &status.message);
        }
        response.suspended(&by)
    }

    /// The policy of a namespace with these labels, and those that are not valid. A goal takes the place of what is enforced.
    fn resolve<'a>(
        &self,
        labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    ) -> (Policy, Vec<LabelError>) {
        resolve_goal(labels, self.configuration.defaults)
    }

    fn minor(&self, at: LevelVersion) -> u64 {
        at.version.clamp(self.newest)
    }

    fn forbids_nothing(at: LevelVersion) -> bool {
        at.level == Level::Privileged
    }
}

#[cfg(test)]
mod tests;
