//! What the webhook knows of the cluster: the labels of namespaces from a watch, and what is fetched when it is asked for.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use seawall_admission::{Labels, Lookup, Namespaces, Pods};
use seawall_cluster::{Change, Cluster, Collection, Listed};
use seawall_model::json;
use seawall_model::review::{Namespace, NamespaceList};

use super::log::{Level, log};

const NAMESPACES: Collection<'_> =
    Collection { api_version: "v1", resource: "namespaces", namespace: None, selector: "" };

/// Pods of a page.
const PAGE: usize = 500;

/// The labels that are kept.
const PREFIX: &str = "pod-security.kubernetes.io/";

/// The labels of all namespaces, as a watch tells them.
#[derive(Debug, Default)]
pub(super) struct Cache {
    by_name: RwLock<HashMap<Box<str>, Labels>>,
    filled: AtomicBool,
}

fn labels(namespace: &Namespace<'_>) -> Labels {
    let labels = namespace.metadata.labels.iter();
    labels.filter(|(key, _)| key.starts_with(PREFIX)).map(|(k, v)| ((**k).into(), (**v).into())).collect()
}

impl Cache {
    /// Whether all namespaces were seen once.
    pub(super) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    fn get(&self, name: &str) -> Option<Labels> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<Box<str>, Labels>)) {
        change(&mut self.by_name.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Follows the namespaces of a cluster, for ever.
    pub(super) fn follow(&self, cluster: &Cluster) {
        let mut listed: HashMap<Box<str>, Labels> = HashMap::new();
        cluster.follow(NAMESPACES, |change| {
            match change {
                Change::Listing => listed.clear(),
                Change::Page(page) => match json::decode::<NamespaceList<'_>>(&page.json) {
                    Ok(list) => {
                        listed.extend(list.items.iter().map(|n| ((*n.metadata.name).into(), labels(n))));
                    }
                    Err(error) => {
                        log(Level::Error, "a list of namespaces cannot be read", &[("error", &error)]);
                    }
                },
                Change::Complete => {
                    let listed = std::mem::take(&mut listed);
                    let count = listed.len();
                    self.change(|by_name| *by_name = listed);
                    if !self.filled.swap(true, Ordering::Release) {
                        log(Level::Info, "all namespaces are known", &[("namespaces", &count)]);
                    }
                }
                Change::Put(object) => match json::decode::<Namespace<'_>>(object) {
                    Ok(namespace) => self.change(|by_name| {
                        by_name.insert((*namespace.metadata.name).into(), labels(&namespace));
                    }),
                    Err(error) => log(Level::Error, "a namespace cannot be read", &[("error", &error)]),
                },
                Change::Gone(object) => {
                    if let Ok(namespace) = json::decode::<Namespace<'_>>(object) {
                        self.change(|by_name| drop(by_name.remove(&*namespace.metadata.name)));
                    }
                }
                Change::Broken(error) => {
                    log(Level::Warning, "namespaces cannot be followed, trying again", &[("error", &error)]);
                }
            }
            ControlFlow::Continue(())
        });
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

/// The cluster itself, for what the cache does not hold: only where waiting is no harm.
#[derive(Debug)]
pub(super) struct Live<'l> {
    pub(super) cache: &'l Cache,
    pub(super) cluster: &'l Cluster,
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
        match self.cluster.object("v1", "namespaces", name) {
            Ok(object) => match json::decode::<Namespace<'_>>(&object) {
                Ok(namespace) => Lookup::Known(labels(&namespace)),
                Err(error) => Lookup::Failed(error.to_string()),
            },
            Err(seawall_cluster::Error::Refused { status: 404, .. }) => {
                Lookup::Failed(format!("namespaces {} not found", seawall_model::gotext::quote(name)))
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
