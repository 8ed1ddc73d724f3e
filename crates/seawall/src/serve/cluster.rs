//! What the webhook knows of the cluster: what watches tell, and what is fetched when it is asked for.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use seawall_admission::{Labels, Lookup, Namespaces, Owner, OwnerKind, Owners, Pods, Rights};
use seawall_cluster::{Cluster, Collection, Error, Listed, Writer};
use seawall_model::gotext::quote;
use seawall_model::json;
use seawall_model::review::{PartialObject, UserInfo};
use serde_json::{Map, Value, json};

use super::exceptions::Known;
use super::follow::{Filled, Key, Read, Update, follow, key, objects};
use super::log::{Level, log};
use super::owners::Cached;

const NAMESPACES: Collection<'_> =
    Collection { api_version: "v1", resource: "namespaces", namespace: None, selector: "" };

/// Pods of a page: whoever may write pods may write large ones, and all of a page are in memory.
const PAGE: usize = 100;

/// What the labels that are kept begin with.
const PREFIXES: [&str; 2] = ["pod-security.kubernetes.io/", "seawall.dev/"];

/// What watches tell.
#[derive(Debug)]
pub(super) struct Cache {
    namespaces: RwLock<HashMap<Key, Labels>>,
    filled: Filled,
    pub(super) exceptions: Arc<Known>,
    owners: Arc<Cached>,
}

fn labels(namespace: &PartialObject<'_>) -> Labels {
    let labels = namespace.metadata.labels.iter();
    let is_kept = |key: &str| PREFIXES.iter().any(|prefix| key.starts_with(prefix));
    labels.filter(|(key, _)| is_kept(key)).map(|(k, v)| ((**k).into(), (**v).into())).collect()
}

/// Reads namespaces.
struct Labelled;

impl Read for Labelled {
    type Kept = Labels;

    fn list(&self, json: &[u8]) -> Result<Vec<(Key, Labels)>, String> {
        Ok(objects(json)?.items.iter().map(|namespace| (key(namespace), labels(namespace))).collect())
    }

    fn one(&self, json: &[u8]) -> Result<Option<(Key, Labels)>, String> {
        let namespace: PartialObject<'_> = json::decode(json).map_err(|error| error.to_string())?;
        Ok(Some((key(&namespace), labels(&namespace))))
    }
}

impl Cache {
    pub(super) fn new() -> Self {
        Self {
            namespaces: RwLock::default(),
            filled: Filled::default(),
            exceptions: Arc::default(),
            owners: Arc::new(Cached::new()),
        }
    }

    /// What is not known yet of what has to be.
    pub(super) fn missing(&self) -> Option<String> {
        let of = |what: &str| Some(format!("the {what} of the cluster are not known yet"));
        if !self.filled.is_so() {
            of("namespaces")
        } else if !self.exceptions.is_filled() {
            of("exceptions")
        } else {
            None
        }
    }

    /// Follows all of it on threads of their own, for ever. Owners are followed once there is an exception.
    pub(super) fn follow(self: &Arc<Self>, cluster: &Arc<Cluster>) {
        let (own, from) = (self.clone(), cluster.clone());
        std::thread::spawn(move || own.follow_namespaces(&from));
        let started = Arc::new(std::sync::Once::new());
        let changed = {
            let (own, from) = (self.clone(), cluster.clone());
            move || {
                if own.exceptions.any(None) {
                    started.call_once(|| {
                        log(
                            Level::Info,
                            "there are exceptions: owners of pods are followed from now on",
                            &[],
                        );
                        own.owners.follow(&from, &own.exceptions);
                    });
                }
            }
        };
        let (own, from, told) = (self.clone(), cluster.clone(), changed.clone());
        std::thread::spawn(move || own.exceptions.follow_exceptions(&from, told));
        let (own, from) = (self.clone(), cluster.clone());
        std::thread::spawn(move || own.exceptions.follow_policies(&from, changed));
    }

    fn follow_namespaces(&self, cluster: &Cluster) {
        follow(cluster, NAMESPACES, false, &self.filled, &Labelled, |update| {
            let mut known = self.namespaces.write().unwrap_or_else(PoisonError::into_inner);
            match update {
                Update::All(all) => *known = all,
                Update::Put(key, labels) => drop(known.insert(key, labels)),
                Update::Gone(key) => drop(known.remove(&key)),
            }
        });
    }

    /// All namespaces with their labels, by name.
    pub(super) fn namespaces(&self) -> Vec<(Box<str>, Labels)> {
        let known = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> =
            known.iter().map(|((_, name), labels)| (name.clone(), labels.clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn get(&self, name: &str) -> Option<Labels> {
        let known = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&(Box::default(), name.into())).cloned()
    }
}

impl Namespaces for Cache {
    fn labels(&self, name: &str) -> Lookup<Labels> {
        self.get(name).map_or(Lookup::Later, Lookup::Known)
    }
}

/// Pods are never there already.
impl Pods for Cache {
    fn list(&self, _: &str, _: &mut dyn FnMut(&[u8])) -> Lookup<()> {
        Lookup::Later
    }

    fn is_over(&self) -> bool {
        false
    }
}

impl Owners for Cache {
    fn owner(&self, namespace: &str, kind: OwnerKind<'_>, name: &str) -> Lookup<Option<Owner>> {
        self.owners.get(namespace, kind, name).map_or(Lookup::Later, |owner| Lookup::Known(Some(owner)))
    }

    fn is_up_to_date(&self) -> bool {
        false
    }
}

/// Rights are asked for anew each time: nobody tells when they change.
impl Rights for Cache {
    fn may_lower(&self, _: &UserInfo<'_>, _: &str) -> Lookup<bool> {
        Lookup::Later
    }
}

/// The cluster itself, for what the cache does not hold: only where waiting is no harm.
#[derive(Debug)]
pub(super) struct Live<'l> {
    pub(super) cache: &'l Cache,
    pub(super) cluster: &'l Cluster,
    /// For what is asked by writing.
    pub(super) writer: &'l Writer,
    /// When pods are to be looked at no longer.
    pub(super) until: Instant,
}

impl Namespaces for Live<'_> {
    fn labels(&self, name: &str) -> Lookup<Labels> {
        if let Some(known) = self.cache.get(name) {
            return Lookup::Known(known);
        }
        if name.is_empty() {
            return Lookup::Failed("resource name may not be empty".to_owned());
        }
        match self.cluster.object(NAMESPACES, name) {
            Ok(object) => match json::decode::<PartialObject<'_>>(&object) {
                Ok(namespace) => Lookup::Known(labels(&namespace)),
                Err(error) => Lookup::Failed(error.to_string()),
            },
            Err(Error::Refused { status: 404, .. }) => {
                Lookup::Failed(format!("namespaces {} not found", quote(name)))
            }
            Err(error) => Lookup::Failed(error.to_string()),
        }
    }
}

impl Pods for Live<'_> {
    fn list(&self, namespace: &str, page: &mut dyn FnMut(&[u8])) -> Lookup<()> {
        let pods =
            Collection { api_version: "v1", resource: "pods", namespace: Some(namespace), selector: "" };
        if self.is_over() {
            return Lookup::Failed("the time is over".to_owned());
        }
        let listed = self.cluster.list_while(pods, PAGE, |listed| {
            page(&listed.json);
            !self.is_over()
        });
        match listed {
            Ok(Listed::Whole { .. }) => Lookup::Known(()),
            Ok(Listed::Forbidden { message }) => Lookup::Failed(message),
            Ok(Listed::NotServed) => Lookup::Failed("the API server has no pods".to_owned()),
            Err(error) => Lookup::Failed(error.to_string()),
        }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

impl Owners for Live<'_> {
    fn owner(&self, namespace: &str, kind: OwnerKind<'_>, name: &str) -> Lookup<Option<Owner>> {
        self.cache.owners.ask(self.cluster, namespace, kind, name)
    }

    fn is_up_to_date(&self) -> bool {
        true
    }
}

impl Rights for Live<'_> {
    fn may_lower(&self, user: &UserInfo<'_>, namespace: &str) -> Lookup<bool> {
        let mut extra: Map<String, Value> = Map::new();
        for (name, text) in &user.extra.0 {
            let all = extra.entry(&**name).or_insert_with(|| json!([]));
            all.as_array_mut().into_iter().for_each(|all| all.push(json!(text)));
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {
                "user": user.username, "uid": user.uid, "groups": user.groups, "extra": extra,
                "resourceAttributes": {
                    "group": "seawall.dev", "version": "*", "resource": "namespacelevels", "name": namespace, "verb": "lower",
                },
            },
        });
        let reviews = Collection {
            api_version: "authorization.k8s.io/v1",
            resource: "subjectaccessreviews",
            namespace: None,
            selector: "",
        };
        match self.writer.create(reviews, &review) {
            Ok(review) => match review["status"]["allowed"].as_bool() {
                Some(allowed) => Lookup::Known(allowed),
                None => Lookup::Failed("the API server does not say".to_owned()),
            },
            Err(error) => Lookup::Failed(error.to_string()),
        }
    }
}
