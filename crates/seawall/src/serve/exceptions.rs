//! The exceptions of the cluster: as they are written, as their policies allow them, and what is counted of them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

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

const EXCEPTIONS: &str = "podsecurityexceptions";
const POLICIES: &str = "podsecurityexceptionpolicies";

/// Exceptions that are told by name; all are counted.
const NAMED: usize = 1000;

/// Days before its end from which on an exception ends soon.
const SOON: i32 = 14;

/// An exception as it is written.
#[derive(Debug)]
struct Entry {
    written: Exception,
    uid: Box<str>,
    /// With what policies allow of it; nothing if that is nothing.
    allowed: Option<Arc<Exception>>,
}

impl Entry {
    fn new(written: Exception, uid: Box<str>, policies: &[ExceptionPolicy], today: Date) -> Self {
        let mut entry = Self { written, uid, allowed: None };
        entry.judge(policies, today);
        entry
    }

    /// Holds it against policies.
    fn judge(&mut self, policies: &[ExceptionPolicy], today: Date) {
        let (exception, _) = self.written.clone().within(policies, today);
        self.allowed = (!exception.grants.is_empty()).then(|| exception.into());
    }
}

/// Those of a namespace, by name.
type Own = BTreeMap<Box<str>, Entry>;

/// What policies allow of those of a namespace.
type Allowed = Arc<[Arc<Exception>]>;

/// All that is written.
#[derive(Debug, Default)]
struct Written {
    exceptions: HashMap<Box<str>, Own>,
    policies: Vec<ExceptionPolicy>,
}

/// The exceptions of a cluster.
#[derive(Debug, Default)]
pub(super) struct Known {
    written: Mutex<Written>,
    /// As far as policies allow them, by namespace; those that have ended too.
    allowed: RwLock<HashMap<Box<str>, Allowed>>,
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

impl Known {
    /// Whether the API server was heard of, by resource.
    pub(super) fn filled(&self) -> [(&'static str, &Filled); 2] {
        [(EXCEPTIONS, &self.exceptions_filled), (POLICIES, &self.policies_filled)]
    }

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
        let written = self.written();
        let all = written.exceptions.iter();
        let all =
            all.flat_map(|(namespace, own)| own.iter().map(move |(name, entry)| (namespace, name, entry)));
        let mut all: Vec<Ending> = all
            .filter_map(|(namespace, name, Entry { written: exception, uid, .. })| {
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
        let collection = of(EXCEPTIONS);
        follow(cluster, collection, true, &self.exceptions_filled, &Declarations, |update| {
            self.take(update);
            changed();
        });
    }

    /// Follows the policies of a cluster, for ever. `changed` is called after each change.
    pub(super) fn follow_policies(&self, cluster: &Cluster, changed: impl Fn()) {
        let collection = of(POLICIES);
        follow(cluster, collection, true, &self.policies_filled, &Declarations, |update| {
            self.take_policies(update);
            changed();
        });
    }

    /// Takes in what became of exceptions; how many were held against policies for that.
    fn take(&self, update: Update<(Declaration, Box<str>)>) -> usize {
        let today = Date::from_days(today());
        let mut written = self.written();
        let Written { exceptions, policies } = &mut *written;
        match update {
            Update::All(found) => {
                exceptions.clear();
                let mut count = 0;
                for ((namespace, name), (declared, uid)) in found {
                    let Declaration::Exception(exception) = declared else { continue };
                    let entry = Entry::new(exception, uid, policies, today);
                    exceptions.entry(namespace).or_default().insert(name, entry);
                    count += 1;
                }
                self.show_all(exceptions);
                count
            }
            Update::Put((namespace, name), (Declaration::Exception(exception), uid)) => {
                let own = exceptions.entry(namespace.clone()).or_default();
                own.insert(name, Entry::new(exception, uid, policies, today));
                self.show(&namespace, own);
                1
            }
            Update::Gone((namespace, name)) => {
                if let Some(own) = exceptions.get_mut(&namespace) {
                    own.remove(&name);
                    self.show(&namespace, own);
                    if own.is_empty() {
                        exceptions.remove(&namespace);
                    }
                }
                0
            }
            Update::Put(_, (Declaration::Policy(_), _)) => 0,
        }
    }

    /// Takes in what became of policies; how many exceptions were held against all of them for that: those of namespaces that a
    /// policy speaks of which has changed.
    fn take_policies(&self, update: Update<(Declaration, Box<str>)>) -> usize {
        let today = Date::from_days(today());
        let mut written = self.written();
        let Written { exceptions, policies } = &mut *written;
        let without = |policies: &mut Vec<ExceptionPolicy>, name: &str| {
            let at = policies.iter().position(|policy| policy.name == name);
            at.map(|at| policies.swap_remove(at))
        };
        let of_policy = |declared| match declared {
            Declaration::Policy(policy) => Some(policy),
            Declaration::Exception(_) => None,
        };
        let changed: Option<Vec<ExceptionPolicy>> = match update {
            Update::All(found) => {
                *policies = found.into_values().filter_map(|(declared, _)| of_policy(declared)).collect();
                None
            }
            Update::Put((_, name), (declared, _)) => {
                let before = without(policies, &name);
                let now = of_policy(declared);
                policies.extend(now.clone());
                Some(before.into_iter().chain(now).collect())
            }
            Update::Gone((_, name)) => Some(without(policies, &name).into_iter().collect()),
        };
        let is_meant = |namespace: &str| {
            changed.as_ref().is_none_or(|changed| changed.iter().any(|policy| policy.is_for(namespace)))
        };
        let mut count = 0;
        for (namespace, own) in exceptions.iter_mut().filter(|(namespace, _)| is_meant(namespace)) {
            for entry in own.values_mut() {
                entry.judge(policies, today);
            }
            self.show(namespace, own);
            count += own.len();
        }
        count
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has requests see those of a namespace as they are now.
    fn show(&self, namespace: &str, own: &Own) {
        let now = allowed(own);
        let mut shown = self.allowed.write().unwrap_or_else(PoisonError::into_inner);
        // What was there is dropped when requests wait no longer.
        let before =
            if now.is_empty() { shown.remove(namespace) } else { shown.insert(namespace.into(), now) };
        drop(shown);
        drop(before);
    }

    fn show_all(&self, all: &HashMap<Box<str>, Own>) {
        let now = all.iter().map(|(namespace, own)| (namespace.clone(), allowed(own)));
        let mut shown = now.filter(|(_, own)| !own.is_empty()).collect();
        std::mem::swap(&mut *self.allowed.write().unwrap_or_else(PoisonError::into_inner), &mut shown);
    }

    /// Writes what Prometheus reads of them.
    pub(super) fn write(&self, out: &mut String) {
        let today = Date::from_days(today());
        let written: usize = self.written().exceptions.values().map(BTreeMap::len).sum();
        let allowed = self.allowed.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<&Exception> = allowed.values().flat_map(|own| own.iter().map(|it| &**it)).collect();
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

/// What policies allow of those of a namespace, by name.
fn allowed(own: &Own) -> Allowed {
    own.values().filter_map(|entry| entry.allowed.clone()).collect()
}

impl Exceptions for Known {
    fn of(&self, namespace: &str) -> Option<Allowed> {
        self.allowed.read().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned()
    }

    fn today(&self) -> Date {
        Date::from_days(today())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(json: &str) -> (Key, (Declaration, Box<str>)) {
        Declarations.one(json.as_bytes()).unwrap().unwrap()
    }

    fn exception(namespace: usize, name: usize) -> (Key, (Declaration, Box<str>)) {
        declared(&format!(
            r#"{{"apiVersion":"seawall.dev/v1alpha1","kind":"PodSecurityException","metadata":{{"name":"e{name}","namespace":"n{namespace}","uid":"u"}},
                "spec":{{"workloads":[{{"kind":"Pod"}}],"rules":[{{"rule":"host-port"}}],"reason":"r"}}}}"#
        ))
    }

    fn policy(name: &str, namespaces: &str) -> (Key, (Declaration, Box<str>)) {
        declared(&format!(
            r#"{{"apiVersion":"seawall.dev/v1alpha1","kind":"PodSecurityExceptionPolicy","metadata":{{"name":"{name}"}},
                "spec":{{"namespaces":["{namespaces}"],"rules":[{{"rule":"host-port"}}]}}}}"#
        ))
    }

    fn put((key, kept): (Key, (Declaration, Box<str>))) -> Update<(Declaration, Box<str>)> {
        Update::Put(key, kept)
    }

    fn names(known: &Known, namespace: &str) -> String {
        let all = known.of(namespace);
        let all = all.iter().flat_map(|all| all.iter());
        all.map(|exception| &*exception.name).collect::<Vec<_>>().join(" ")
    }

    /// Each change is one exception's matter, however many there are, in one namespace or in many.
    #[test]
    fn a_change_of_one_exception_is_work_for_one() {
        let known = Known::default();
        assert_eq!(known.take_policies(put(policy("all", "*"))), 0);
        let all = || (0..5000).map(|i| exception(if i < 2500 { 0 } else { i % 50 }, i));
        assert_eq!(all().map(|one| known.take(put(one))).sum::<usize>(), 5000);
        assert_eq!(all().map(|one| known.take(put(one))).sum::<usize>(), 5000);
        let held: usize = (0..50).filter_map(|i| known.of(&format!("n{i}"))).map(|own| own.len()).sum();
        assert_eq!(held, 5000);
        // A policy is the matter of the namespaces that it speaks of, or spoke of.
        assert_eq!(known.take_policies(put(policy("one", "n7"))), 50);
        assert_eq!(known.take_policies(put(policy("one", "n8"))), 100);
        assert_eq!(known.take_policies(Update::Gone(policy("one", "n8").0)), 50);
        assert_eq!(known.take_policies(Update::Gone(policy("one", "n8").0)), 0, "it is gone already");
        assert_eq!(all().map(|(key, _)| known.take(Update::Gone(key))).sum::<usize>(), 0);
        assert!(!known.any(None) && known.written().exceptions.is_empty());
    }

    #[test]
    fn what_counts_follows_exceptions_and_policies() {
        let known = Known::default();
        for name in [2, 1] {
            known.take(put(exception(1, name)));
        }
        assert_eq!(names(&known, "n1"), "", "no policy allows them");
        known.take_policies(put(policy("one", "n1")));
        assert_eq!(names(&known, "n1"), "n1/e1 n1/e2");
        known.take(Update::Gone(exception(1, 1).0));
        assert_eq!(names(&known, "n1"), "n1/e2");
        known.take(Update::All(HashMap::from([exception(1, 3), exception(2, 4)])));
        assert_eq!((names(&known, "n1"), names(&known, "n2")), ("n1/e3".to_owned(), String::new()));
        known.take_policies(put(policy("one", "n2")));
        assert_eq!((names(&known, "n1"), names(&known, "n2")), (String::new(), "n2/e4".to_owned()));
        known.take_policies(Update::All(HashMap::from([policy("all", "n*")])));
        assert_eq!((names(&known, "n1"), names(&known, "n2")), ("n1/e3".to_owned(), "n2/e4".to_owned()));
        known.take_policies(Update::All(HashMap::new()));
        assert!(!known.any(None));
    }
}
