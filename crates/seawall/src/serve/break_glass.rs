//! Break-glass: the objects that suspend what is enforced, and until when each does by this replica's own clock.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_admission::{BreakGlass, Request, Suspension, Suspensions};
use seawall_cluster::{Cluster, Collection};
use seawall_finding::exception::API_VERSION;
use seawall_model::json;
use seawall_model::review::{PartialObject, RawList};

use super::follow::{Filled, Key, Read, Update, follow, key};
use super::log::{Level, log};
use crate::live::utc;

const COLLECTION: Collection<'_> = Collection {
    api_version: API_VERSION,
    resource: "podsecuritybreakglasses",
    namespace: None,
    selector: "",
};

/// Objects that metrics tell by name; all are counted.
const NAMED: usize = 100;

/// Objects that are remembered once they are deleted: many more than anybody needs, so that none goes untold because others came.
const REMEMBERED: usize = 1000;

/// The clocks: that of the day, which may be set, and one that only goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Since 1970-01-01.
    pub(super) day: Duration,
    pub(super) steady: Instant,
}

impl Now {
    pub(super) fn new() -> Self {
        let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { day, steady: Instant::now() }
    }
}

/// One of the objects, and what is known of its end.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) glass: BreakGlass,
    /// When it ends, since 1970-01-01.
    pub(super) end: Duration,
    /// When it was seen first, since 1970-01-01.
    pub(super) seen: Duration,
    /// When it is over whatever becomes of the clock of the day.
    until: Instant,
    /// It was seen to be over: no clock that is set back begins it anew.
    is_over: bool,
}

impl Held {
    /// One that was seen first now.
    fn new(glass: BreakGlass, now: Now) -> Self {
        let end = glass.end(now.day);
        let until = now.steady + end.saturating_sub(now.day);
        Self { glass, end, seen: now.day, until, is_over: end <= now.day }
    }

    /// Whether it suspends what is enforced.
    pub(super) fn holds(&self, now: Now) -> bool {
        !self.is_over && now.day < self.end && now.steady < self.until
    }

    /// Its end, for people.
    pub(super) fn until(&self) -> String {
        utc(self.end.as_secs())
    }

    fn log(&self, message: &str) {
        let BreakGlass { name, namespaces, reason, .. } = &self.glass;
        let (until, namespaces) = (self.until(), namespaces.join(", "));
        let fields: [(&str, &dyn std::fmt::Display); 4] =
            [("name", name), ("namespaces", &namespaces), ("until", &until), ("reason", reason)];
        log(Level::Warning, message, &fields);
    }
}

/// All that there are in the cluster.
#[derive(Debug, Default)]
pub(super) struct BreakGlasses {
    all: Mutex<HashMap<Key, Held>>,
    /// Those that were deleted while they held, so that an alarm is raised however short they were.
    deleted: Mutex<Vec<Held>>,
    filled: Filled,
    let_pass: AtomicU64,
}

/// Reads them.
struct Glasses;

impl Read for Glasses {
    type Kept = BreakGlass;

    fn list(&self, json: &[u8]) -> Result<Vec<(Key, BreakGlass)>, String> {
        // Items are read one by one, as each may be wrong in its own way.
        let list: RawList<'_> = json::decode(json).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        for item in list.items {
            found.extend(self.one(item.0)?);
        }
        Ok(found)
    }

    fn one(&self, json: &[u8]) -> Result<Option<(Key, BreakGlass)>, String> {
        let object: PartialObject<'_> = json::decode(json).map_err(|error| error.to_string())?;
        let key = key(&object);
        match BreakGlass::read(json) {
            Ok(glass) => Ok(glass.map(|glass| (key, glass))),
            Err(error) => {
                log(Level::Warning, "a break-glass does not count", &[("name", &key.1), ("error", &error)]);
                Ok(None)
            }
        }
    }
}

impl BreakGlasses {
    /// Whether they are heard of.
    pub(super) fn filled(&self) -> &Filled {
        &self.filled
    }

    /// Whether all were seen once, or there is nothing to see.
    pub(super) fn is_filled(&self) -> bool {
        self.filled.is_so()
    }

    /// Follows those of a cluster, for ever.
    pub(super) fn follow(&self, cluster: &Cluster) {
        follow(cluster, COLLECTION, true, &self.filled, &Glasses, |update| self.apply(update, Now::new()));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Held>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change to what is known. What is known already keeps its end.
    fn apply(&self, update: Update<BreakGlass>, now: Now) {
        let mut all = self.all();
        let gone = |held: &Held| {
            if held.holds(now) {
                held.log("break-glass ends, as it was deleted");
                let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
                // An alarm has its time; see [`super::alarm::LATE`].
                deleted.retain(|old| now.day < old.end + super::alarm::LATE);
                if deleted.len() < REMEMBERED {
                    deleted.push(held.clone());
                }
            }
        };
        let put = |before: Option<Held>, glass: BreakGlass| {
            if let Some(known) = before.filter(|known| known.glass.uid == glass.uid) {
                return known;
            }
            let held = Held::new(glass, now);
            if held.holds(now) {
                held.log("break-glass begins: nothing is refused in these namespaces");
            }
            held
        };
        match update {
            Update::All(found) => {
                let mut before = std::mem::take(&mut *all);
                for (key, glass) in found {
                    let held = put(before.remove(&key), glass);
                    all.insert(key, held);
                }
                before.values().for_each(gone);
            }
            Update::Put(key, glass) => {
                let held = put(all.remove(&key), glass);
                all.insert(key, held);
            }
            Update::Gone(key) => {
                if let Some(held) = all.remove(&key) {
                    gone(&held);
                }
            }
        }
    }

    /// Takes note of those that are over by now.
    pub(super) fn look(&self, now: Now) {
        for held in self.all().values_mut().filter(|held| !held.is_over) {
            if !held.holds(now) {
                held.is_over = true;
                held.log("break-glass ends");
            }
        }
    }

    /// All of them, by name.
    pub(super) fn list(&self) -> Vec<Held> {
        let mut all: Vec<Held> = self.all().values().cloned().collect();
        all.sort_by(|a, b| a.glass.name.cmp(&b.glass.name));
        all
    }

    /// Those that were deleted while they held, however short that was.
    pub(super) fn deleted(&self) -> Vec<Held> {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one that suspends what is enforced in a namespace; of several that which lasts longest.
    fn of_at(&self, namespace: &str, now: Now) -> Option<Suspension> {
        let all = self.all();
        let holding = all.values().filter(|held| held.holds(now) && held.glass.is_for(namespace));
        let longest = holding.max_by(|a, b| (a.end, &a.glass.name).cmp(&(b.end, &b.glass.name)))?;
        Some(Suspension { name: longest.glass.name.clone(), until: longest.until() })
    }

    /// Writes what Prometheus reads of them.
    pub(super) fn write(&self, out: &mut String) {
        self.write_at(Now::new(), out);
    }

    fn write_at(&self, now: Now, out: &mut String) {
        let holding: Vec<Held> = self.list().into_iter().filter(|held| held.holds(now)).collect();
        let (active, passed) = ("seawall_break_glass_active", "seawall_break_glass_admitted_total");
        let _ = writeln!(
            out,
            "# HELP {active} Break-glass objects that suspend what is enforced now; those beyond {NAMED} together.\n# TYPE {active} gauge"
        );
        for held in holding.iter().take(NAMED) {
            let _ = writeln!(out, "{active}{{name=\"{}\"}} 1", held.glass.name);
        }
        if holding.len() > NAMED {
            let _ = writeln!(out, "{active}{{name=\"_others\"}} {}", holding.len() - NAMED);
        }
        let count = self.let_pass.load(Ordering::Relaxed);
        let _ = writeln!(
            out,
            "# HELP {passed} Requests that would have been refused but for break-glass.\n# TYPE {passed} counter\n{passed} {count}"
        );
    }
}

impl Suspensions for BreakGlasses {
    fn of(&self, namespace: &str) -> Option<Suspension> {
        self.of_at(namespace, Now::new())
    }

    fn let_pass(&self, request: Request<'_>, name: &str, by: &Suspension, why: &str) {
        self.let_pass.fetch_add(1, Ordering::Relaxed);
        let fields: [(&str, &dyn std::fmt::Display); 6] = [
            ("break-glass", &by.name),
            ("until", &by.until),
            ("namespace", &request.namespace),
            ("resource", &request.resource.as_str()),
            ("name", &name),
            ("why", &why),
        ];
        log(Level::Warning, "break-glass lets pass what would be refused", &fields);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    /// An hour in which nothing is enforced, made at the beginning of the second day.
    fn glass(name: &str, uid: &str, namespace: &str) -> (Key, BreakGlass) {
        let text = format!(
            r#"{{"metadata":{{"name":"{name}","uid":"{uid}","creationTimestamp":"1970-01-02T00:00:00Z"}},
                "spec":{{"namespaces":["{namespace}"],"reason":"r","duration":"1h"}}}}"#
        );
        Glasses.one(text.as_bytes()).unwrap().unwrap()
    }

    /// One that holds for an hour from `start` on, and what time it is so many minutes later.
    pub(in super::super) fn held(
        name: &str,
        uid: &str,
        namespace: &str,
        start: Instant,
    ) -> (Held, impl Fn(u64) -> Now) {
        let at = move |minutes| after(start, minutes);
        (Held::new(glass(name, uid, namespace).1, at(0)), at)
    }

    fn put(all: &BreakGlasses, (key, glass): (Key, BreakGlass), now: Now) {
        all.apply(Update::Put(key, glass), now);
    }

    fn after(start: Instant, minutes: u64) -> Now {
        Now { day: DAY + Duration::from_mins(minutes), steady: start + Duration::from_mins(minutes) }
    }

    fn name(found: Option<Suspension>) -> Option<String> {
        found.map(|found| found.name.to_string())
    }

    #[test]
    fn it_ends_by_time_and_when_it_is_gone() {
        let (all, start) = (BreakGlasses::default(), Instant::now());
        put(&all, glass("a", "1", "shop"), after(start, 10));
        let found = all.of_at("shop", after(start, 59)).unwrap();
        assert_eq!((&*found.name, &*found.until), ("a", "1970-01-02T01:00:00Z"));
        assert_eq!(all.of_at("bank", after(start, 59)), None);
        assert_eq!(all.of_at("shop", after(start, 60)), None);
        assert!(all.deleted().is_empty());
        all.apply(Update::Gone(glass("a", "1", "shop").0), after(start, 30));
        assert_eq!(all.of_at("shop", after(start, 31)), None);
        assert_eq!(all.deleted().len(), 1);
        // One that was deleted and is made anew is another one.
        put(&all, glass("a", "1", "shop"), after(start, 30));
        all.apply(Update::All(HashMap::from([glass("b", "2", "shop")])), after(start, 30));
        assert_eq!(name(all.of_at("shop", after(start, 31))).as_deref(), Some("b"));
        put(&all, glass("late", "3", "late"), after(start, 61));
        assert_eq!(all.of_at("late", after(start, 61)), None, "it was over when it was seen");
    }

    #[test]
    fn no_clock_prolongs_it() {
        let (all, start) = (BreakGlasses::default(), Instant::now());
        let set_back = |minutes: u64| Now { day: DAY, ..after(start, minutes) };
        put(&all, glass("a", "1", "shop"), after(start, 0));
        assert!(all.of_at("shop", set_back(59)).is_some());
        assert!(all.of_at("shop", set_back(60)).is_none());
        // What was told again, or listed again, is not seen first then.
        put(&all, glass("a", "1", "shop"), set_back(50));
        all.apply(Update::All(HashMap::from([glass("a", "1", "shop")])), set_back(55));
        assert!(all.of_at("shop", set_back(60)).is_none());
        // A clock that was ahead for a moment ends it for good.
        all.look(after(start, 61));
        assert!(all.of_at("shop", after(start, 5)).is_none());
        // It was made in the future: its hour counts from when it was seen.
        let early = |minutes: u64| Now { day: Duration::from_mins(minutes), ..after(start, minutes) };
        put(&all, glass("b", "2", "bank"), early(0));
        assert!(all.of_at("bank", early(59)).is_some());
        assert!(all.of_at("bank", early(60)).is_none());
    }

    #[test]
    fn metrics_have_those_that_hold() {
        let (all, start) = (BreakGlasses::default(), Instant::now());
        for i in 0..NAMED + 2 {
            let (key, glass) = glass(&format!("g{i:03}"), &i.to_string(), "shop");
            all.all().insert(key, Held::new(glass, after(start, 0)));
        }
        let written = |now| {
            let mut out = String::new();
            all.write_at(now, &mut out);
            out
        };
        let out = written(after(start, 1));
        assert!(out.contains("seawall_break_glass_active{name=\"g000\"} 1\n"), "{out}");
        assert!(out.contains("seawall_break_glass_active{name=\"_others\"} 2\n"), "{out}");
        assert_eq!(
            out.lines().filter(|line| line.starts_with("seawall_break_glass_active{")).count(),
            NAMED + 1
        );
        assert!(out.ends_with("\nseawall_break_glass_admitted_total 0\n"), "{out}");
        assert!(!written(after(start, 60)).contains("active{"));
    }
}
