//! The owners of pods, in namespaces that have exceptions: nobody else asks for them.

use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use seawall_admission::{Lookup, Named, Owner, OwnerKind, owner_kinds};
use seawall_cluster::{Cluster, Collection, Error};

use super::exceptions::Known;
use super::follow::{Filled, Key, Read, Update, follow};

/// The owners that are known.
#[derive(Debug, Default)]
pub(super) struct Cached {
    /// Nobody who makes up templates knows its keys.
    hasher: RandomState,
    by_kind: Vec<OfKind>,
}

/// The owners of one kind.
#[derive(Debug)]
struct OfKind {
    kind: OwnerKind<'static>,
    known: RwLock<HashMap<Key, Owner>>,
    filled: Filled,
}

/// Reads what is in namespaces with exceptions.
struct Owned<'o> {
    hasher: &'o RandomState,
    exceptions: &'o Known,
}

impl Owned<'_> {
    fn kept(&self, named: Named) -> Option<(Key, Owner)> {
        let is_asked_for = self.exceptions.any(Some(&named.namespace));
        is_asked_for.then_some(((named.namespace, named.name), named.owner))
    }
}

impl Read for Owned<'_> {
    type Kept = Owner;

    fn list(&self, json: &[u8]) -> Result<Vec<(Key, Owner)>, String> {
        let all = Named::read_list(json, self.hasher).map_err(|error| error.to_string())?;
        Ok(all.into_iter().filter_map(|named| self.kept(named)).collect())
    }

    fn one(&self, json: &[u8]) -> Result<Option<(Key, Owner)>, String> {
        Named::read(json, self.hasher).map(|named| self.kept(named)).map_err(|error| error.to_string())
    }
}

impl Cached {
    pub(super) fn new() -> Self {
        let of = |kind| OfKind { kind, known: RwLock::default(), filled: Filled::default() };
        Self { hasher: RandomState::new(), by_kind: owner_kinds().map(of).collect() }
    }

    /// Follows the owners of a cluster on threads of their own, for ever.
    pub(super) fn follow(self: &Arc<Self>, cluster: &Arc<Cluster>, exceptions: &Arc<Known>) {
        for at in 0..self.by_kind.len() {
            let (own, cluster, exceptions) = (self.clone(), cluster.clone(), exceptions.clone());
            std::thread::spawn(move || {
                let Some(OfKind { kind, known, filled }) = own.by_kind.get(at) else { return };
                let read = Owned { hasher: &own.hasher, exceptions: &exceptions };
                let collection = Collection {
                    api_version: kind.api_version,
                    resource: kind.resource,
                    namespace: None,
                    selector: "",
                };
                follow(&cluster, collection, true, filled, &read, |update| {
                    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
                    match update {
                        Update::All(all) => *known = all,
                        Update::Put(key, owner) => drop(known.insert(key, owner)),
                        Update::Gone(key) => drop(known.remove(&key)),
                    }
                });
            });
        }
    }

    /// The owner as the watch told it last.
    pub(super) fn get(&self, namespace: &str, kind: OwnerKind<'_>, name: &str) -> Option<Owner> {
        let of_kind = self.by_kind.iter().find(|known| known.kind == kind)?;
        of_kind
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&(namespace.into(), name.into()))
            .cloned()
    }

    /// Whether the API server was heard of, by resource.
    pub(super) fn filled(&self) -> impl Iterator<Item = (&'static str, &Filled)> {
        self.by_kind.iter().map(|of_kind| (of_kind.kind.resource, &of_kind.filled))
    }

    /// The owner as the API server has it now, if it says so by then.
    pub(super) fn ask(
        &self,
        cluster: &Cluster,
        namespace: &str,
        kind: OwnerKind<'_>,
        name: &str,
        until: Instant,
    ) -> Lookup<Option<Owner>> {
        let collection = Collection {
            api_version: kind.api_version,
            resource: kind.resource,
            namespace: Some(namespace),
            selector: "",
        };
        match cluster.object(collection, name, until) {
            Ok(json) => match Named::read(&json, &self.hasher) {
                Ok(named) => Lookup::Known(Some(named.owner)),
                Err(error) => Lookup::Failed(error.to_string()),
            },
            Err(Error::Refused { status: 404, .. }) => Lookup::Known(None),
            Err(error) => Lookup::Failed(error.to_string()),
        }
    }
}
