//! What checks know of the other objects of a run.
//!
//! # Clusters and namespaces
//!
//! Objects of different scopes are in different clusters: they do not see each other. Objects without a namespace go where
//! whoever applies them says (`kubectl -n`, `helm -n`), which the input does not tell. They are taken to be
//! - in the one namespace that the other objects of their scope name, if it is one: a chart that writes the namespace in half
//!   of its templates is one application. Kubernetes' own (`kube-system`, `kube-public`, `kube-node-lease`) do not count, for
//!   many a chart puts a role there;
//! - else in `default`, if that is named: it is where kubectl puts them when nothing is said;
//! - else in a namespace of their own, apart from all that are named.
//!
//! # Cost
//!
//! Building is linear in the facts, but that every policy of the cluster is held against every namespace. Selectors and labels
//! meet by the rarest pair (see [`matching`]).

mod fact;
mod kinds;
mod labels;
mod matching;
mod near;
mod read;
#[cfg(test)]
mod tests;
mod twins;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use foldhash::{HashMap, HashSet};
use seawall_finding::Rule;
use seawall_manifest::objects::Object;

use crate::check::{Beside, Check, Sight};
use crate::checks::CHECKS;
use crate::engine::Enabled;
pub(crate) use fact::Defaulted;
use fact::{Detail, Grantee, KeysFact};
pub use fact::{Directions, Fact, Scaler, Subject};
pub(crate) use fact::{PodFact, Protocol, ServiceFact, ServicePort, Target};
pub(crate) use kinds::Kind;
pub use kinds::PODS;
pub(crate) use kinds::hash;
use kinds::identity;
pub use labels::{Labels, Selector};
use matching::{Labelled, Selectors};
pub(crate) use near::Entry;
pub use near::{Exposure, Near, ServiceAccount};
pub use read::facts;
pub(crate) use read::{budget, count, service_port};
pub use twins::Twins;

/// Kubernetes' own namespaces.
pub(crate) const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// What stands for the namespace of objects that have none.
fn cluster() -> u64 {
    hash(&["cluster", "scoped"])
}

/// The facts of a run.
#[derive(Clone, Debug, Default)]
pub struct Index {
    complete: bool,
    /// Whether it is what was captured of a cluster, where some kinds are never asked for.
    of_cluster: bool,
    spaces: HashMap<(u16, u64), Space>,
    /// The namespace that objects without one are in, by scope; `None` where several are named and it is none of them.
    unnamed: HashMap<u16, Option<u64>>,
    /// The set of kinds that there are, by scope.
    kinds: HashMap<u16, u64>,
    /// The accounts that bindings give something to, by scope.
    grants: HashSet<(u16, Grantee)>,
    /// The roles that bindings of a namespace give: its scope and hash, and that of the role's kind and name.
    bound: HashSet<(u16, u64, u64)>,
}

/// A namespace of a cluster.
#[derive(Clone, Debug, Default)]
struct Space {
    /// How many objects there are of each kind.
    kinds: BTreeMap<Kind, u32>,
    /// How many of these are in charts that are not rendered.
    unrendered: BTreeMap<Kind, u32>,
    /// The set of these kinds.
    held: u64,
    /// How many objects there are of each kind and name.
    identities: HashMap<u64, u32>,
    /// How many of these are in a file that has the object already.
    again: HashMap<u64, u32>,
    /// The roles that allow everything.
    owners: HashSet<u64>,
    /// What its LimitRanges set where containers say nothing.
    limits: Defaulted,
    pods: Labelled<Box<PodFact>>,
    /// Whether something makes pods with labels that no manifest shows.
    uncertain: bool,
    services: Vec<ServiceFact>,
    service_names: HashMap<u64, Vec<u32>>,
    service_labels: Labelled<Labels>,
    service_selectors: Selectors<u32>,
    policies: Selectors<Directions>,
    /// What policies for all its pods restrict, and what those of vendors may.
    blanket: Directions,
    budgets: Selectors<()>,
    scalers: Vec<Scaler>,
    scaler_targets: HashMap<u64, u32>,
    /// Services that are reached through an Ingress or a route.
    exposed: HashSet<u64>,
    accounts: HashMap<u64, Option<bool>>,
    /// Keys of ConfigMaps and Secrets, by whether it is a Secret and by name.
    keys: HashMap<(bool, u64), Option<Box<[u64]>>>,
    /// The labels of the Namespace, if it is in the input.
    labels: Option<Labels>,
}

/// Kinds that are never asked for of clusters, and what stands for them: they are or hold secrets.
const NEVER_CAPTURED: [&str; 5] = ["ConfigMap", "Secret", "SealedSecret", "ExternalSecret", "Certificate"];

/// The kinds that a check looks at and needs, as sets.
#[derive(Clone, Copy, Debug)]
struct Asked {
    of: u64,
    need: u64,
}

/// Those of [`CHECKS`].
static ASKED: LazyLock<Vec<Asked>> = LazyLock::new(|| {
    let asked = |check: &Check| match check.sight {
        Sight::Alone => Asked { of: 0, need: 0 },
        Sight::Others(kinds) => Asked { of: 0, need: Kind::set(kinds) },
        Sight::Complete(of) | Sight::Also(of) => Asked { of: Kind::set(of), need: 0 },
        Sight::Beside(Beside { of, need, .. }) => Asked { of: Kind::set(of), need: Kind::set(need) },
    };
    CHECKS.iter().map(asked).collect()
});

/// A check that was not evaluated for some of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvaluated {
    /// Its rule.
    pub rule: &'static Rule,
    /// Why, in one line: `no NetworkPolicy in the namespaces of 3 objects`.
    pub reason: String,
}

impl Index {
    /// The index of these facts; `complete` says that the input is all there is in its cluster.
    pub fn new(facts: impl IntoIterator<Item = Fact>, complete: bool) -> Self {
        let mut facts: Vec<Fact> = facts.into_iter().collect();
        Self::of(&mut [&mut facts], complete)
    }

    /// As [`Self::new`], of the facts of each file. They stay, and are about the same [subjects](Fact::subject), but the index has
    /// what else they say: they may be many, and are not copied.
    pub fn of(facts: &mut [&mut [Fact]], complete: bool) -> Self {
        let unnamed = unnamed(facts.iter().flat_map(|facts| facts.iter()));
        let mut index = Self { complete, unnamed, ..Self::default() };
        let mut selecting = Vec::new();
        for fact in facts.iter_mut().flat_map(|facts| facts.iter_mut()) {
            index.add(fact, &mut selecting);
        }
        // Selectors are filed by what the fewest pods have: all pods must be known.
        for (scope, namespace, thing) in selecting {
            index.file(scope, namespace, thing);
        }
        index
    }

    fn add(&mut self, fact: &mut Fact, selecting: &mut Vec<(u16, u64, Detail)>) {
        let detail = fact.take();
        let Fact { scope, kind, identity, unrendered, again, .. } = *fact;
        let namespace = self.resolved(scope, fact.namespace);
        if let Detail::Exposes(services) = &detail {
            for (of, name) in services {
                let of = self.resolved(scope, *of);
                self.spaces.entry((scope, of)).or_default().exposed.insert(*name);
            }
        }
        if let Detail::Grants(granted) = &detail {
            self.bound.insert((scope, namespace, granted.role));
            for Grantee { namespace, name } in &granted.to {
                let namespace = namespace.map(|of| self.resolved(scope, of));
                self.grants.insert((scope, Grantee { namespace, name: *name }));
            }
        }
        let space = self.spaces.entry((scope, namespace)).or_default();
        *space.kinds.entry(kind).or_default() += 1;
        if unrendered {
            *space.unrendered.entry(kind).or_default() += 1;
            if matches!(detail, Detail::Pod(_)) && kind != Kind::PODS {
                *space.unrendered.entry(Kind::PODS).or_default() += 1;
            }
        }
        let pods = if matches!(detail, Detail::Pod(_)) { Kind::PODS.bit() } else { 0 };
        space.held |= kind.bit() | pods;
        *self.kinds.entry(scope).or_default() |= kind.bit() | pods;
        if let Some(identity) = identity {
            *space.identities.entry(identity).or_default() += 1;
            if again {
                *space.again.entry(identity).or_default() += 1;
            }
        }
        match detail {
            Detail::Uncertain => space.uncertain = true,
            Detail::Pod(pod) => {
                if kind != Kind::PODS {
                    *space.kinds.entry(Kind::PODS).or_default() += 1;
                }
                space.uncertain |= !pod.certain;
                space.pods.add(pod);
            }
            Detail::Blanket(directions) => space.blanket = space.blanket.or(directions),
            Detail::Scaler(scaler) => {
                space.scaler_targets.insert(scaler.target, space.scalers.len() as u32);
                space.scalers.push(scaler);
            }
            Detail::Account(automount) => {
                if let Some(identity) = identity {
                    space.accounts.insert(identity, automount);
                }
            }
            Detail::Keys(keys) => {
                let KeysFact { secret, name, keys } = *keys;
                let known = space.keys.entry((secret, name)).or_insert_with(|| Some(Box::default()));
                // Of several objects of one name nobody can tell which is meant.
                *known = known.take().zip(keys).map(|(known, keys)| {
                    let all: BTreeSet<u64> = known.iter().chain(&keys).copied().collect();
                    all.into_iter().collect()
                });
            }
            Detail::Namespace(labels) => space.labels = Some(labels),
            Detail::Limits(limits) => space.limits = space.limits.or(limits),
            Detail::Owner => space.owners.extend(identity),
            Detail::Service(_) | Detail::Policy(_) | Detail::ClusterPolicy(_) | Detail::Budget(_) => {
                selecting.push((scope, namespace, detail));
            }
            Detail::Nothing | Detail::Taken(_) | Detail::Exposes(_) | Detail::Grants(_) => {}
        }
    }

    fn file(&mut self, scope: u16, namespace: u64, thing: Detail) {
        if let Detail::ClusterPolicy(policy) = thing {
            let (namespaces, pods, directions) = *policy;
            for ((of, _), space) in &mut self.spaces {
                // A Namespace that is not in the input may have any labels.
                let may = space.labels.as_ref().is_none_or(|labels| namespaces.matches(labels));
                if *of == scope && may {
                    space.policies.add(pods.clone(), directions, &space.pods);
                }
            }
            return;
        }
        let space = self.spaces.entry((scope, namespace)).or_default();
        match thing {
            Detail::Service(mut service) => {
                let at = space.services.len() as u32;
                space.service_names.entry(service.name).or_default().push(at);
                space.service_labels.add(std::mem::take(&mut service.labels));
                if let Some(selector) = &service.selector {
                    space.service_selectors.add(selector.clone(), at, &space.pods);
                }
                space.services.push(*service);
            }
            // What is for all pods need not be met by each.
            Detail::Policy(policy) if policy.0.is_empty() => space.blanket = space.blanket.or(policy.1),
            Detail::Policy(policy) => space.policies.add(policy.0, policy.1, &space.pods),
            Detail::Budget(Some(selector)) => space.budgets.add(*selector, (), &space.pods),
            _ => {}
        }
    }

    fn resolved(&self, scope: u16, namespace: u64) -> u64 {
        match self.unnamed.get(&scope) {
            Some(Some(unnamed)) if namespace == hash(&[""]) => *unnamed,
            _ => namespace,
        }
    }

    /// Whether objects of this namespace (its hash) may go to any of the namespaces that a scope names: they name none, and
    /// nothing else tells.
    fn goes_anywhere(&self, scope: u16, namespace: u64) -> bool {
        namespace == hash(&[""]) && self.unnamed.get(&scope) == Some(&None)
    }

    /// Of what was captured of a cluster: [`NEVER_CAPTURED`] are not in it, however complete it is.
    #[must_use]
    pub fn of_cluster(self, of_cluster: bool) -> Self {
        Self { of_cluster, ..self }
    }

    /// Whether what is not in the input of these kinds is not there.
    fn is_complete_for(&self, kinds: &[&str]) -> bool {
        self.complete && !(self.of_cluster && kinds.iter().any(|kind| NEVER_CAPTURED.contains(kind)))
    }

    /// Whether the input is declared complete.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the input holds an object of one of these kinds, in any scope.
    pub fn holds(&self, kinds: &[&str]) -> bool {
        self.kinds.values().any(|held| held & Kind::set(kinds) != 0)
    }

    /// Whether a scope holds an object of one of these kinds.
    pub fn holds_in(&self, scope: u16, kinds: &[&str]) -> bool {
        self.has_any(scope, Kind::set(kinds))
    }

    fn has_any(&self, scope: u16, kinds: u64) -> bool {
        self.kinds.get(&scope).is_some_and(|held| held & kinds != 0)
    }

    /// A namespace and what is in it; `""` for that of objects that name none.
    pub fn near(&self, scope: u16, namespace: &str) -> Near<'_> {
        self.near_hashed(scope, self.resolved(scope, hash(&[namespace])))
    }

    fn near_hashed(&self, scope: u16, namespace: u64) -> Near<'_> {
        Near { index: self, scope, namespace, space: self.spaces.get(&(scope, namespace)) }
    }

    /// What belongs to no namespace.
    pub fn cluster(&self, scope: u16) -> Near<'_> {
        self.near_hashed(scope, cluster())
    }

    /// Every namespace of a scope.
    pub fn namespaces(&self, scope: u16) -> impl Iterator<Item = Near<'_>> {
        let of_scope = self.spaces.keys().filter(move |(of, _)| *of == scope);
        of_scope.map(|(scope, namespace)| self.near_hashed(*scope, *namespace))
    }

    /// How many objects of the input are this object: of its kind in any apiVersion, its namespace and its name. 0 for objects
    /// without a namespace among those of several, unless the input is complete: nothing says that they go to the same.
    pub fn copies(&self, object: &Object<'_>, scope: u16) -> u32 {
        self.copies_of(&Subject::of(object, false, scope))
    }

    /// Whether a binding of the namespace gives a ClusterRole of this name.
    pub(crate) fn binds(&self, scope: u16, namespace: &str, cluster_role: &str) -> bool {
        let namespace = self.resolved(scope, hash(&[namespace]));
        self.bound.contains(&(scope, namespace, identity(crate::rbac::GROUP, "ClusterRole", cluster_role)))
    }

    fn copies_of(&self, subject: &Subject) -> u32 {
        let anywhere = self.goes_anywhere(subject.scope, subject.namespace);
        let space = self.near_of(subject).space.filter(|_| self.complete || !anywhere);
        let copies = subject.identity.and_then(|of| space?.identities.get(&of));
        copies.copied().unwrap_or_default()
    }

    fn near_of(&self, subject: &Subject) -> Near<'_> {
        self.near_hashed(subject.scope, self.resolved(subject.scope, subject.namespace))
    }

    /// How the pods with these labels are reached.
    pub fn exposure(&self, scope: u16, namespace: &str, labels: &Labels) -> Exposure {
        self.near(scope, namespace).exposure(labels)
    }

    /// What is known of a ServiceAccount; `default` where the name is empty.
    pub fn service_account(&self, scope: u16, namespace: &str, name: &str) -> ServiceAccount {
        self.near(scope, namespace).service_account(name)
    }

    /// Whether an enabled check that has to see other objects is evaluated on this one: whether phase two has to look at it
    /// although it has nothing to say by itself, and its file does not hold it more than once ([`Twins`]).
    pub fn concerns(&self, enabled: &Enabled, subject: &Subject) -> bool {
        (self.complete || !subject.unrendered) && enabled.beside().any(|at| self.shows(at, subject, false))
    }

    /// Whether the check at this position is evaluated on an object for what others say; `again` where its file holds it more
    /// than once.
    pub(crate) fn shows(&self, at: usize, subject: &Subject, again: bool) -> bool {
        let Asked { of, need } = ASKED[at];
        match CHECKS[at].sight {
            Sight::Alone => true,
            Sight::Also(_) => subject.kind.bit() & of != 0,
            Sight::Others(_) => self.complete || self.has_any(subject.scope, need),
            Sight::Complete(_) => self.complete && subject.kind.bit() & of != 0,
            Sight::Beside(Beside { of: [], .. }) => again || (self.complete && self.copies_of(subject) > 1),
            Sight::Beside(Beside { placed: true, .. })
                if !self.complete && self.goes_anywhere(subject.scope, subject.namespace) =>
            {
                false
            }
            Sight::Beside(_) => {
                let pods = if subject.has_pods { Kind::PODS.bit() } else { 0 };
                let seen = || self.near_of(subject).space.is_some_and(|space| space.held & need != 0);
                (subject.kind.bit() | pods) & of != 0 && (need == 0 || self.complete || seen())
            }
        }
    }

    /// The enabled checks that were not evaluated for some or all of the input, and why.
    pub fn not_evaluated(&self, enabled: &Enabled) -> Vec<NotEvaluated> {
        let mut out = Vec::new();
        if self.complete {
            let blind = |check: &Check| matches!(check.sight, Sight::Beside(beside) if beside.need.iter().any(|kind| NEVER_CAPTURED.contains(kind)));
            if self.of_cluster {
                let checks = enabled.positions().map(|at| &CHECKS[at]).filter(|check| blind(check));
                let reason =
                    || format!("{} are not read of clusters", NEVER_CAPTURED[..2].join("s and ") + "s");
                out.extend(checks.map(|check| NotEvaluated { rule: check.rule, reason: reason() }));
            }
            return out;
        }
        for check in enabled.positions().map(|at| &CHECKS[at]) {
            let beside = match check.sight {
                Sight::Alone | Sight::Also(_) => continue,
                Sight::Others(kinds) if self.holds(kinds) => continue,
                Sight::Complete(kinds) if !self.holds(kinds) => continue,
                Sight::Complete(_) => {
                    let reason = "the input is not declared complete".to_owned();
                    out.push(NotEvaluated { rule: check.rule, reason });
                    continue;
                }
                Sight::Others(kinds) => {
                    let reason = format!("the input holds no {}", kinds.join(" or "));
                    out.push(NotEvaluated { rule: check.rule, reason });
                    continue;
                }
                Sight::Beside(Beside { of: [], .. }) => {
                    let reason = match self.in_several_files() {
                        0 => continue,
                        1 => "1 object is in several files, which may be of several clusters".to_owned(),
                        n => format!("{n} objects are in several files, which may be of several clusters"),
                    };
                    out.push(NotEvaluated { rule: check.rule, reason });
                    continue;
                }
                Sight::Beside(beside) => beside,
            };
            let mut reasons = Vec::new();
            match self.unseen(beside) {
                0 => {}
                1 => reasons.push(format!("no {} in the namespace of 1 object", beside.missing)),
                n => reasons.push(format!("no {} in the namespaces of {n} objects", beside.missing)),
            }
            match self.unplaced(beside) {
                0 => {}
                1 => reasons.push("1 object may go to any of several namespaces".to_owned()),
                n => reasons.push(format!("{n} objects may go to any of several namespaces")),
            }
            let spaces = self.spaces.keys().map(|(scope, namespace)| self.near_hashed(*scope, *namespace));
            match spaces.map(|near| near.count_unrendered(beside.of)).sum::<usize>() {
                0 => {}
                1 => reasons.push("1 object is in a chart that is not rendered".to_owned()),
                n => reasons.push(format!("{n} objects are in charts that are not rendered")),
            }
            if !reasons.is_empty() {
                out.push(NotEvaluated { rule: check.rule, reason: reasons.join("; ") });
            }
        }
        out
    }

    /// How many objects more than one file holds.
    fn in_several_files(&self) -> usize {
        let placed = self.spaces.iter().filter(|((scope, of), _)| !self.goes_anywhere(*scope, *of));
        let files = |space: &Space, of: &u64, count: u32| count - space.again.get(of).copied().unwrap_or(0);
        placed
            .map(|(_, space)| {
                space.identities.iter().filter(|(of, count)| files(space, of, **count) > 1).count()
            })
            .sum()
    }

    /// How many objects a check is not evaluated on because nothing tells their namespace.
    fn unplaced(&self, beside: &Beside) -> usize {
        let spaces =
            self.spaces.keys().filter(|(scope, of)| beside.placed && self.goes_anywhere(*scope, *of));
        spaces.map(|(scope, namespace)| self.near_hashed(*scope, *namespace).count(beside.of)).sum()
    }

    /// How many objects a check is not evaluated on because it does not see what it needs.
    fn unseen(&self, beside: &Beside) -> usize {
        let spaces =
            self.spaces.keys().filter(|(scope, of)| !(beside.placed && self.goes_anywhere(*scope, *of)));
        let spaces = spaces.map(|(scope, namespace)| self.near_hashed(*scope, *namespace));
        let of_space = |near: Near<'_>| match beside.unseen {
            Some(unseen) => unseen(near),
            None if beside.need.is_empty() || near.holds(beside.need) => 0,
            None => near.count(beside.of),
        };
        spaces.map(of_space).sum()
    }
}

/// Where objects without a namespace are, by scope; see the module's documentation.
fn unnamed<'f>(facts: impl Iterator<Item = &'f Fact>) -> HashMap<u16, Option<u64>> {
    let mut named: HashMap<u16, BTreeSet<u64>> = HashMap::default();
    let apart: Vec<u64> = SYSTEM.iter().map(|name| hash(&[name])).chain([hash(&[""]), cluster()]).collect();
    for fact in facts.filter(|fact| !apart.contains(&fact.namespace)) {
        named.entry(fact.scope).or_default().insert(fact.namespace);
    }
    let default = hash(&["default"]);
    let one = |(scope, names): (u16, BTreeSet<u64>)| match names.len() {
        1 => (scope, names.first().copied()),
        _ => (scope, names.contains(&default).then_some(default)),
    };
    named.into_iter().map(one).collect()
}
