//! What the webhook knows of the cluster: what watches tell, and what is fetched when it is asked for.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use seawall_admission::{Labels, Lookup, Namespaces, Owner, OwnerKind, Owners, Pods, Rights};
use seawall_cluster::{Cluster, Collection, Error, Listed, Writer};
use seawall_model::gotext::quote;
use seawall_model::json;
use seawall_model::review::{PartialObject, UserInfo};
use serde_json::{Map, Value, json};

use super::break_glass::BreakGlasses;
use super::exceptions::Known;
use super::follow::{Filled, Key, Read, Update, follow, key, objects};
use super::log::{Level, log};
use super::owners::Cached;

const NAMESPACES: Collection<'_> =
    Collection { api_version: "v1", resource: "namespaces", namespace: None, selector: "" };

/// Pods of a page: whoever may write pods may write large ones, and all of a page are in memory.
const PAGE: usize = 100;

/// How long a namespace is not asked for after that has failed, as long as what is known of it may be old.
const PAUSE: Duration = Duration::from_secs(10);

/// What the labels that are kept begin with.
const PREFIXES: [&str; 2] = ["pod-security.kubernetes.io/", "seawall.dev/"];

/// What watches tell.
#[derive(Debug)]
pub(super) struct Cache {
    namespaces: RwLock<HashMap<Key, Labels>>,
    filled: Filled,
    /// When a namespace that is known could not be asked for.
    unanswered: Mutex<Option<Instant>>,
    pub(super) exceptions: Arc<Known>,
    pub(super) break_glass: Arc<BreakGlasses>,
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
            unanswered: Mutex::default(),
            exceptions: Arc::default(),
            break_glass: Arc::default(),
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
        } else if !self.break_glass.is_filled() {
            of("break-glass objects")
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
        let (own, from) = (self.clone(), cluster.clone());
        std::thread::spawn(move || own.break_glass.follow(&from));
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

    /// Whether namespaces are to be asked for, as what is known of them may be old.
    fn asks(&self, now: Instant) -> bool {
        let is_left_alone = || {
            let unanswered = *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner);
            unanswered.is_some_and(|at| now.saturating_duration_since(at) < PAUSE)
        };
        self.filled.is_stale(now) && !is_left_alone()
    }

    /// Writes what Prometheus reads of the watches.
    pub(super) fn write(&self, out: &mut String) {
        self.write_at(Instant::now(), out);
    }

    fn write_at(&self, now: Instant, out: &mut String) {
        let name = "seawall_watch_silence_seconds";
        let _ = writeln!(
            out,
            "# HELP {name} Seconds since each watch last heard of the API server, which is within a minute where all is well.\n# TYPE {name} gauge"
        );
        let exceptions = self.exceptions.filled();
        let watches = [("namespaces", &self.filled)].into_iter().chain(exceptions);
        let watches = watches.chain([("podsecuritybreakglasses", self.break_glass.filled())]);
        for (resource, filled) in watches.chain(self.owners.filled()) {
            if let Some(silence) = filled.silence(now) {
                let _ = writeln!(out, "{name}{{resource=\"{resource}\"}} {}", silence.as_secs());
            }
        }
    }

    fn get(&self, name: &str) -> Option<Labels> {
        let known = self.namespaces.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&(Box::default(), name.into())).cloned()
    }
}

impl Namespaces for Cache {
    fn labels(&self, name: &str) -> Lookup<Labels> {
        if self.asks(Instant::now()) {
            return Lookup::Later;
        }
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
    /// When nothing is waited for any more.
    pub(super) until: Instant,
}

impl Namespaces for Live<'_> {
    fn labels(&self, name: &str) -> Lookup<Labels> {
        let known = self.cache.get(name);
        if let Some(known) = known.clone().filter(|_| !self.cache.asks(Instant::now())) {
            return Lookup::Known(known);
        }
        if name.is_empty() {
            return Lookup::Failed("resource name may not be empty".to_owned());
        }
        match self.cluster.object(NAMESPACES, name, self.until) {
            Ok(object) => match json::decode::<PartialObject<'_>>(&object) {
                Ok(namespace) => Lookup::Known(labels(&namespace)),
                Err(error) => Lookup::Failed(error.to_string()),
            },
            Err(Error::Refused { status: 404, .. }) => {
                Lookup::Failed(format!("namespaces {} not found", quote(name)))
            }
            Err(error) => match known {
                // What was known last is better than nothing, and not everybody has to wait for that.
                Some(known) => {
                    let now = Some(Instant::now());
                    *self.cache.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = now;
                    Lookup::Known(known)
                }
                None => Lookup::Failed(error.to_string()),
            },
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
        let listed = self.cluster.list_while(pods, PAGE, Some(self.until), |listed| {
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
        self.cache.owners.ask(self.cluster, namespace, kind, name, self.until)
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
        let left = self.until.saturating_duration_since(Instant::now());
        match self.writer.create_within(left, reviews, &review) {
            Ok(review) => match review["status"]["allowed"].as_bool() {
                Some(allowed) => Lookup::Known(allowed),
                None => Lookup::Failed("the API server does not say".to_owned()),
            },
            Err(error) => Lookup::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::fake::Fake;
    use super::*;

    /// A cache that was filled at a time, with a namespace.
    pub(in super::super) fn filled(namespace: &str, labels: &[(&str, &str)], at: Instant) -> Cache {
        let cache = Cache::new();
        let labels = labels.iter().map(|(key, value)| (Box::from(*key), Box::from(*value))).collect();
        let key = (Box::default(), namespace.into());
        cache.namespaces.write().unwrap_or_else(PoisonError::into_inner).insert(key, labels);
        let exceptions = cache.exceptions.filled().map(|(_, filled)| filled);
        for filled in [&cache.filled, cache.break_glass.filled()].into_iter().chain(exceptions) {
            filled.set(true);
            filled.hear(at);
        }
        cache
    }

    const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

    /// What is found: values of labels, or why there are none.
    fn level(found: Lookup<Labels>) -> String {
        match found {
            Lookup::Known(labels) => labels.iter().map(|(_, value)| &**value).collect(),
            Lookup::Failed(why) => why,
            Lookup::Later => "later".to_owned(),
        }
    }

    /// A time so long ago.
    fn ago(time: Duration) -> Instant {
        Instant::now().checked_sub(time).expect("this machine runs for longer")
    }

    fn live<'l>(cache: &'l Cache, writer: &'l Writer) -> Live<'l> {
        Live { cache, cluster: writer.reader(), writer, until: Instant::now() + Duration::from_secs(20) }
    }

    const LONG: Duration = Duration::from_secs(5 * 60 + 10);

    #[test]
    fn what_may_be_old_is_asked_for() {
        let fake = Fake::start("stale", |_, path, _| match path {
            "/api/v1/namespaces/shop" => {
                (200, json!({"metadata": {"name": "shop", "labels": {ENFORCE: "restricted"}}}))
            }
            _ => (404, json!({})),
        });
        let cluster = fake.writer();
        let fresh = filled("shop", &[(ENFORCE, "baseline")], ago(Duration::from_mins(4)));
        assert_eq!(level(fresh.labels("shop")), "baseline");
        assert_eq!(level(live(&fresh, &cluster).labels("shop")), "baseline");
        assert!(level(live(&fresh, &cluster).labels("gone")).contains("not found"));

        let stale = filled("shop", &[(ENFORCE, "baseline")], ago(LONG));
        assert_eq!(level(stale.labels("shop")), "later");
        assert_eq!(level(live(&stale, &cluster).labels("shop")), "restricted");
        // It was deleted meanwhile.
        let stale = filled("gone", &[(ENFORCE, "baseline")], ago(LONG));
        assert!(level(live(&stale, &cluster).labels("gone")).contains("not found"));
        stale.filled.hear(Instant::now());
        assert_eq!(level(stale.labels("gone")), "baseline");
    }

    #[test]
    fn what_was_known_last_is_better_than_nothing() {
        let fake = Fake::start("away", |_, path, _| match path {
            "/version" => (404, json!({})),
            _ => (500, json!({"message": "it is ill"})),
        });
        let cluster = fake.writer();
        let stale = filled("shop", &[(ENFORCE, "baseline")], ago(LONG));
        assert_eq!(level(live(&stale, &cluster).labels("shop")), "baseline");
        assert_eq!(level(live(&stale, &cluster).labels("new")), "the API server refuses (500): it is ill");
        // Not everybody has to wait for that.
        assert_eq!(level(stale.labels("shop")), "baseline");
        assert!(stale.asks(Instant::now() + PAUSE));
    }

    #[test]
    fn silence_is_told_by_watch() {
        let cache = filled("shop", &[], Instant::now());
        let mut out = String::new();
        cache.write_at(Instant::now() + Duration::from_secs(70), &mut out);
        for resource in
            ["namespaces", "podsecurityexceptions", "podsecurityexceptionpolicies", "podsecuritybreakglasses"]
        {
            assert!(
                out.contains(&format!("seawall_watch_silence_seconds{{resource=\"{resource}\"}} 7")),
                "{out}"
            );
        }
        assert!(!out.contains("replicasets"), "nobody follows them: {out}");
    }

    /// Beside the request's own time a second of silence would be waited for, each time.
    #[test]
    fn nothing_is_waited_for_longer_than_a_request() {
        let fake = Fake::start("slow", |_, path, _| {
            if path != "/version" {
                std::thread::sleep(Duration::from_secs(20));
            }
            (404, json!({}))
        });
        let (writer, cache) = (fake.writer(), filled("shop", &[], Instant::now()));
        let until = Instant::now() + Duration::from_millis(200);
        let live = Live { cache: &cache, cluster: writer.reader(), writer: &writer, until };
        let late = |why: String| assert!(why.contains("no answer in time"), "{why}");
        late(level(live.labels("new")));
        let kind = seawall_admission::owner_kinds().next().expect("a kind");
        match live.owner("shop", kind, "web") {
            Lookup::Failed(why) => late(why),
            found => panic!("{found:?}"),
        }
        match live.may_lower(&UserInfo::default(), "shop") {
            Lookup::Failed(why) => assert!(why.contains("no answer in"), "{why}"),
            found => panic!("{found:?}"),
        }
    }
}
