//! A namespace as checks see it.

use std::collections::BTreeMap;

use super::fact::{Defaulted, Directions, Grantee, PodFact, Scaler, ServiceFact};
use super::kinds::{Kind, hash, identity};
use super::labels::{Labels, Selector};
use super::read::scaled;
use super::{Index, Space};

fn counted(by_kind: &BTreeMap<Kind, u32>, kinds: &[&str]) -> usize {
    Kind::called(kinds).filter_map(|kind| by_kind.get(&kind)).map(|n| *n as usize).sum()
}

/// A namespace of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Near<'i> {
    pub(super) index: &'i Index,
    pub(super) scope: u16,
    pub(super) namespace: u64,
    pub(super) space: Option<&'i Space>,
}

/// How pods are reached by Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// No Service of the input selects them.
    None,
    /// From inside the cluster.
    Cluster,
    /// From outside: a node port, a load balancer, an external address, an Ingress or a route.
    External,
}

/// What the input shows of a ServiceAccount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Whether it is in the input.
    pub exists: bool,
    /// Its `automountServiceAccountToken`, where it is in the input and says so.
    pub automount: Option<bool>,
    /// Whether a RoleBinding or ClusterRoleBinding of the input gives it something.
    pub granted: bool,
}

/// What a ConfigMap or Secret of the input has under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// There is no such object.
    NoObject,
    /// There is no such key.
    NoKey,
    /// It is there, or may be.
    There,
}

impl<'i> Near<'i> {
    /// Whether an object of one of these kinds is in it.
    pub fn holds(self, kinds: &[&str]) -> bool {
        self.space.is_some_and(|space| space.held & Kind::set(kinds) != 0)
    }

    /// How many objects of these kinds are in it, without those of charts that are not rendered.
    pub fn count(self, kinds: &[&str]) -> usize {
        let all = self.space.map_or(0, |space| counted(&space.kinds, kinds));
        all - self.count_unrendered(kinds)
    }

    /// How many objects of these kinds are in it as parts of charts that are not rendered.
    pub(super) fn count_unrendered(self, kinds: &[&str]) -> usize {
        self.space.map_or(0, |space| counted(&space.unrendered, kinds))
    }

    /// Whether an object of one of these kinds is in it, or would be if there was one.
    pub fn shows(self, kinds: &[&str]) -> bool {
        self.index.is_complete_for(kinds) || self.holds(kinds)
    }

    /// Whether an object of this kind is in it, or would be if there was one.
    pub fn shows_kind(self, group: &str, kind: &str) -> bool {
        let counted = |space: &Space| space.kinds.contains_key(&Kind::of(group, kind));
        let is_listed = Kind::of(group, kind) != Kind::OTHER;
        // Custom resources are not read of clusters either.
        let is_built_in = !group.contains('.') || group.ends_with(".k8s.io");
        let complete = self.index.is_complete_for(&[kind]) && (is_built_in || !self.index.of_cluster);
        complete || (is_listed && self.space.is_some_and(counted))
    }

    /// Whether it is the namespace of this name.
    pub fn is_called(self, namespace: &str) -> bool {
        self.namespace == self.index.resolved(self.scope, hash(&[namespace]))
    }

    /// Whether this object is in it, in any apiVersion of its kind.
    pub fn has(self, group: &str, kind: &str, name: &str) -> bool {
        let of = identity(group, kind, name);
        self.space.is_some_and(|space| space.identities.contains_key(&of))
    }

    /// Whether this object is in it, or may be: an object of that name is in the input and may go to any namespace.
    pub fn may_have(self, group: &str, kind: &str, name: &str) -> bool {
        let anywhere = hash(&[""]);
        let unplaced = || self.index.near_hashed(self.scope, anywhere);
        self.has(group, kind, name)
            || (self.index.goes_anywhere(self.scope, anywhere) && unplaced().has(group, kind, name))
    }

    /// Whether this role is in it and allows everything.
    pub(crate) fn has_owner(self, kind: &str, name: &str) -> bool {
        let of = identity(crate::rbac::GROUP, kind, name);
        self.space.is_some_and(|space| space.owners.contains(&of))
    }

    /// What its LimitRanges set where containers say nothing.
    pub(crate) fn defaulted(self) -> Defaulted {
        self.space.map(|space| space.limits).unwrap_or_default()
    }

    /// Whether something in it makes pods whose labels no manifest shows, so that what selects nothing may select these.
    pub fn has_uncertain_pods(self) -> bool {
        self.space.is_some_and(|space| space.uncertain)
    }

    /// Whether a pod in it has a label with this key.
    pub fn has_pod_with(self, key: &str) -> bool {
        self.space.is_some_and(|space| space.pods.count(hash(&[key])) > 0)
    }

    /// Whether what is not in the input is not there.
    pub fn is_complete(self) -> bool {
        self.index.complete
    }

    /// The pods that a selector selects.
    pub(crate) fn selected(self, selector: &'i Selector) -> impl Iterator<Item = &'i PodFact> {
        self.space.into_iter().flat_map(|space| space.pods.selected(selector)).map(|pod| &**pod)
    }

    /// The Services that select pods with these labels.
    pub(crate) fn services_of(self, labels: &'i Labels) -> impl Iterator<Item = &'i ServiceFact> {
        self.space.into_iter().flat_map(|space| {
            space.service_selectors.selecting(labels).map(|at| &space.services[*at as usize])
        })
    }

    /// Whether a Service has labels that a selector selects.
    pub(crate) fn has_service_labelled(self, selector: &Selector) -> bool {
        self.space.is_some_and(|space| space.service_labels.selected(selector).next().is_some())
    }

    /// The Services of this name: more than one where the input holds several that are to take the same place.
    pub(crate) fn services_named(self, name: &str) -> impl Iterator<Item = &'i ServiceFact> {
        let name = hash(&[name]);
        self.space.into_iter().flat_map(move |space| {
            let named = space.service_names.get(&name).into_iter().flatten();
            named.map(|at| &space.services[*at as usize])
        })
    }

    /// Which directions of the traffic of pods with these labels a policy restricts. Policies of vendors count for every pod,
    /// those of the cluster for namespaces whose labels are not known.
    pub fn isolation(self, labels: &Labels) -> Directions {
        let Some(space) = self.space else { return Directions::default() };
        let vendors = self.index.spaces.get(&(self.scope, super::cluster())).map(|of| of.blanket);
        let mut found = space.blanket.or(vendors.unwrap_or_default());
        for directions in space.policies.selecting(labels) {
            if found == Directions::BOTH {
                break;
            }
            found = found.or(*directions);
        }
        found
    }

    /// Whether a PodDisruptionBudget selects pods with these labels.
    pub fn has_budget_for(self, labels: &Labels) -> bool {
        self.space.is_some_and(|space| space.budgets.selecting(labels).next().is_some())
    }

    /// What manages the replicas of a workload: a HorizontalPodAutoscaler, or a ScaledObject of KEDA.
    pub fn scaler(self, kind: &str, name: &str) -> Option<Scaler> {
        self.scaler_of(scaled(kind, name))
    }

    /// The same for a pod's owner.
    pub(crate) fn scaler_of(self, owner: u64) -> Option<Scaler> {
        let space = self.space?;
        space.scaler_targets.get(&owner).map(|at| space.scalers[*at as usize])
    }

    /// How many scalers name a workload of a kind that is not in it.
    pub(crate) fn unseen_scaler_targets(self) -> usize {
        let scalers = self.space.into_iter().flat_map(|space| &space.scalers);
        let shown =
            |kind| kind != Kind::OTHER && self.space.is_some_and(|space| space.kinds.contains_key(&kind));
        scalers.filter(|scaler| !scaler.unrendered && !shown(scaler.target_kind)).count()
    }

    /// How pods with these labels are reached.
    pub fn exposure(self, labels: &Labels) -> Exposure {
        let Some(space) = self.space else { return Exposure::None };
        let mut found = Exposure::None;
        for at in space.service_selectors.selecting(labels) {
            let service = &space.services[*at as usize];
            if service.external || space.exposed.contains(&service.name) {
                return Exposure::External;
            }
            found = Exposure::Cluster;
        }
        found
    }

    /// What is known of a ServiceAccount; `default` where the name is empty.
    pub fn service_account(self, name: &str) -> ServiceAccount {
        let name = if name.is_empty() { "default" } else { name };
        let account = self.space.and_then(|space| space.accounts.get(&identity("", "ServiceAccount", name)));
        let name = Some(hash(&[name]));
        let own = Some(self.namespace);
        let granted = [(own, name), (own, None), (None, None)]
            .into_iter()
            .any(|(namespace, name)| self.index.grants.contains(&(self.scope, Grantee { namespace, name })));
        ServiceAccount { exists: account.is_some(), automount: account.copied().flatten(), granted }
    }

    /// What a ConfigMap or Secret has under a key, or whether it is there.
    pub(crate) fn entry(self, secret: bool, name: &str, key: Option<&str>) -> Entry {
        let found = self.space.and_then(|space| space.keys.get(&(secret, hash(&[name]))));
        match (found, key) {
            (None, _) => Entry::NoObject,
            (Some(Some(keys)), Some(key)) if keys.binary_search(&hash(&[key])).is_err() => Entry::NoKey,
            _ => Entry::There,
        }
    }
}
