//! The exceptions of the cluster: as they are written, as their policies allow them, and what is counted of them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use seawall_admission::Exceptions;
use seawall_check::Declaration;
use seawall_cluster::{Cluster, Collection};
use seawall_finding::Date;
use seawall_finding::exception::{API_VERSION, Exception, ExceptionPolicy};
use seawall_model::json;
use seawall_model::review::{PartialObject, RawList};

use super::follow::{Filled, Key, Read, Update, follow, key};
use super::log::{Level, log};
use crate::terminal::today;

/// Exceptions that are told by name; all are counted.
const NAMED: usize = 1000;

/// Days before its end from which on an exception ends soon.
const SOON: i32 = 14;

/// As they are written; exceptions with their UIDs.
#[derive(Debug, Default)]
struct Written {
    exceptions: HashMap<Key, (Exception, Box<str>)>,
    policies: HashMap<Key, ExceptionPolicy>,
}

/// The exceptions of a cluster.
#[derive(Debug, Default)]
pub(super) struct Known {
    written: Mutex<Written>,
    /// As far as policies allow them, by namespace; those that have ended too.
    allowed: RwLock<HashMap<Box<str>, Arc<[Exception]>>>,
    exceptions_filled: Filled,
    policies_filled: Filled,
}

/// An exception that ends soon, or that has ended and is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    pub(super) uid: Box<str>,
    pub(super) last: Date,
    pub(super) is_over: bool,
    pub(super) owner: Option<String>,
}

/// What is read: a declaration, whichever of both, with its UID.
struct Declarations;

impl Read for Declarations {
    type Kept = (Declaration, Box<str>);

    fn list(&self, json: &[u8]) -> Result<Vec<(Key, Self::Kept)>, String> {
        // Items are read one by one, as each may be wrong in its own way.
        let list: RawList<'_> = json::decode(json).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        for item in list.items {
            found.extend(self.one(item.0)?);
        }
        Ok(found)
    }

    fn one(&self, json: &[u8]) -> Result<Option<(Key, Self::Kept)>, String> {
        let object: PartialObject<'_> = json::decode(json).map_err(|error| error.to_string())?;
        let key = key(&object);
        match seawall_check::declared(json) {
            Ok(declared) => Ok(Some((key, (declared, (*object.metadata.uid).into())))),
            Err(error) => {
                let (namespace, name) = &key;
                let fields: [(&str, &dyn std::fmt::Display); 3] =
                    [("namespace", namespace), ("name", name), ("error", &error)];
                log(Level::Warning, "an exception or its policy does not count", &fields);
                Ok(None)
            }
        }
    }
}

/// Makes a change to what is kept.
fn apply<T>(
    all: &mut HashMap<Key, T>,
    update: Update<(Declaration, Box<str>)>,
    own: fn(Declaration, Box<str>) -> Option<T>,
) {
    match update {
        Update::All(found) => {
            let own = |(key, (declared, uid))| Some((key, own(declared, uid)?));
            *all = found.into_iter().filter_map(own).collect();
        }
        Update::Put(key, (declared, uid)) => {
            if let Some(declared) = own(declared, uid) {
                all.insert(key, declared);
            }
        }
        Update::Gone(key) => drop(all.remove(&key)),
    }
}

impl Known {
    /// Whether all were seen once.
    pub(super) fn is_filled(&self) -> bool {
        self.exceptions_filled.is_so() && self.policies_filled.is_so()
    }

    /// Whether they are known, rather than not shown by the API server.
    pub(super) fn is_seen(&self) -> bool {
        self.exceptions_filled.is_seen() && self.policies_filled.is_seen()
    }

    /// Those that end within two weeks, and those that have ended, by namespace and name.
    pub(super) fn ending(&self, today: Date) -> Vec<Ending> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Ending> = written
            .exceptions
            .iter()
            .filter_map(|((namespace, name), (exception, uid))| {
                let last = exception.expires.filter(|last| today.days_until(*last) <= SOON)?;
                Some(Ending {
                    namespace: namespace.clone(),
                    name: name.clone(),
                    uid: uid.clone(),
                    last,
                    is_over: exception.is_over(today),
                    owner: exception.owner.clone(),
                })
            })
            .collect();
        all.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        all
    }

    /// Whether there are any in a namespace; `None` for in any at all.
    pub(super) fn any(&self, namespace: Option<&str>) -> bool {
        let allowed = self.allowed.read().unwrap_or_else(PoisonError::into_inner);
        namespace.map_or(!allowed.is_empty(), |namespace| allowed.contains_key(namespace))
    }

    /// Follows the exceptions of a cluster, for ever. `changed` is called after each change.
    pub(super) fn follow_exceptions(&self, cluster: &Cluster, changed: impl Fn()) {
        let collection = of("podsecurityexceptions");
        follow(cluster, collection, true, &self.exceptions_filled, &Declarations, |update| {
            self.change(|written| {
                apply(&mut written.exceptions, update, |declared, uid| match declared {
                    Declaration::Exception(exception) => Some((exception, uid)),
                    Declaration::Policy(_) => None,
                });
            });
            changed();
        });
    }

    /// Follows the policies of a cluster, for ever. `changed` is called after each change.
    pub(super) fn follow_policies(&self, cluster: &Cluster, changed: impl Fn()) {
        let collection = of("podsecurityexceptionpolicies");
        follow(cluster, collection, true, &self.policies_filled, &Declarations, |update| {
            self.change(|written| {
                apply(&mut written.policies, update, |declared, _| match declared {
                    Declaration::Policy(policy) => Some(policy),
                    Declaration::Exception(_) => None,
                });
            });
            changed();
        });
    }

    fn change(&self, change: impl FnOnce(&mut Written)) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut written);
        let mut allowed = allowed(&written, Date::from_days(today()));
        // What was there is dropped when requests wait no longer.
        std::mem::swap(&mut *self.allowed.write().unwrap_or_else(PoisonError::into_inner), &mut allowed);
    }

    /// Writes what Prometheus reads of them.
    pub(super) fn write(&self, out: &mut String) {
        let today = Date::from_days(today());
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner).exceptions.len();
        let allowed = self.allowed.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<&Exception> = allowed.values().flat_map(|own| own.iter()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let over = all.iter().filter(|e| e.is_over(today)).count();
        let soon = all.iter().filter(|e| ends_soon(e, today)).count();
        let _ = writeln!(
            out,
            "# HELP seawall_exceptions Exceptions by what they are: holding (those that end within {SOON} days among them), ended, or without a policy that allows them.\n# TYPE seawall_exceptions gauge"
        );
        for (state, count) in [
            ("holding", all.len() - over),
            ("ends_soon", soon),
            ("ended", over),
            ("not_allowed", written.saturating_sub(all.len())),
        ] {
            let _ = writeln!(out, "seawall_exceptions{{state=\"{state}\"}} {count}");
        }
        let _ = writeln!(
            out,
            "# HELP seawall_exception_expiry_timestamp_seconds When exceptions end.\n# TYPE seawall_exception_expiry_timestamp_seconds gauge"
        );
        for (exception, last) in all.iter().filter_map(|e| Some((e, e.expires?))).take(NAMED) {
            let (namespace, name) = exception.name.split_once('/').unwrap_or(("", &exception.name));
            let end = (i64::from(last.days()) + 1) * 86_400;
            let _ = writeln!(
                out,
                "seawall_exception_expiry_timestamp_seconds{{name=\"{name}\",namespace=\"{namespace}\"}} {end}"
            );
        }
    }
}

fn of(resource: &str) -> Collection<'_> {
    Collection { api_version: API_VERSION, resource, namespace: None, selector: "" }
}

fn ends_soon(exception: &Exception, today: Date) -> bool {
    exception.expires.is_some_and(|last| (0..=SOON).contains(&today.days_until(last)))
}

/// The exceptions that policies allow, by namespace, each with what is allowed of it.
fn allowed(written: &Written, today: Date) -> HashMap<Box<str>, Arc<[Exception]>> {
    let policies: Vec<ExceptionPolicy> = written.policies.values().cloned().collect();
    let mut by_namespace: HashMap<Box<str>, Vec<Exception>> = HashMap::new();
    for ((namespace, _), (exception, _)) in &written.exceptions {
        let (exception, _) = exception.clone().within(&policies, today);
        if !exception.grants.is_empty() {
            by_namespace.entry(namespace.clone()).or_default().push(exception);
        }
    }
    let sorted = |mut own: Vec<Exception>| {
        own.sort_by(|a, b| a.name.cmp(&b.name));
        own.into()
    };
    by_namespace.into_iter().map(|(namespace, own)| (namespace, sorted(own))).collect()
}

impl Exceptions for Known {
    fn of(&self, namespace: &str) -> Option<Arc<[Exception]>> {
        self.allowed.read().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned()
    }

    fn today(&self) -> Date {
        Date::from_days(today())
    }
}
