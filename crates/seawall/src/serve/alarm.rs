//! The alarm of break-glass: events on the object itself and in the namespaces that it is for, when it begins and when it ends,
//! written by the leader.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_admission::BREAK_GLASS_KIND;
use seawall_cluster::Writer;
use seawall_finding::exception::API_VERSION;
use serde_json::{Value, json};

use super::break_glass::{Held, Now};
use super::cluster::Cache;
use super::event::{self, warning};
use super::leader::{Duty, Leader};
use super::log::{Level, Told};
use crate::live::now;

/// How long it is not tried again after an event could not be written.
const PAUSE: Duration = Duration::from_mins(1);

/// How long after its end an end is still told: as long as events are kept, so that none is told twice.
pub(super) const LATE: Duration = Duration::from_hours(1);

/// So much of an object's name is part of an event's, which has 253 characters at most.
const LONGEST: usize = 200;

/// Namespaces in which one object is told of.
const NAMESPACES: usize = 100;

/// The namespace of events on what is in none.
const DEFAULT: &str = "default";

/// What is told of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Begins,
    Ends,
    /// It was deleted before its time.
    Deleted,
}

/// Raises the alarm.
pub(super) struct Alarm {
    cache: Arc<Cache>,
    failed: Option<Instant>,
    /// The namespaces and names of events that are written.
    written: BTreeSet<(String, String)>,
    told: Told,
}

impl Alarm {
    pub(super) fn new(cache: Arc<Cache>) -> Self {
        Self { cache, failed: None, written: BTreeSet::new(), told: Told::default() }
    }
}

/// What there is to tell of those that there are, and of those that were deleted while they held.
fn due(all: Vec<Held>, deleted: Vec<Held>, now: Now) -> Vec<(Held, What)> {
    let mut due = Vec::new();
    for held in deleted.into_iter().filter(|held| now.day < held.end + LATE) {
        // One that was there for a moment has not been told of yet.
        if now.day < held.seen + LATE {
            due.push((held.clone(), What::Begins));
        }
        due.push((held, What::Deleted));
    }
    for held in all {
        if held.holds(now) {
            due.push((held, What::Begins));
        } else if now.day < held.end + LATE {
            due.push((held, What::Ends));
        }
    }
    due
}

/// The events of something that is told, by namespace and name.
fn events(held: &Held, what: What, namespaces: &[Box<str>], time: &str) -> Vec<(String, String, Value)> {
    let glass = &held.glass;
    let uid: String = glass.uid.chars().take(8).collect();
    let called: String = glass.name.chars().take(LONGEST).collect();
    let called = called.trim_end_matches(['-', '.']);
    let (patterns, until) = (glass.namespaces.join(", "), held.until());
    let (reason, word, message) = match what {
        What::Begins => (
            "BreakGlassBegins",
            "begins",
            format!("nothing is refused in namespaces {patterns} until {until}: {}", glass.reason),
        ),
        What::Ends => {
            ("BreakGlassEnds", "ends", format!("ended at {until}: namespaces {patterns} enforce again"))
        }
        What::Deleted => {
            ("BreakGlassEnds", "ends", format!("deleted before {until}: namespaces {patterns} enforce again"))
        }
    };
    let event = |namespace: &str, name: &str, message: &str, object: Value| {
        let event = warning([namespace, name], &object, reason, message, time);
        (namespace.to_owned(), name.to_owned(), event)
    };
    let own =
        json!({"apiVersion": API_VERSION, "kind": BREAK_GLASS_KIND, "name": glass.name, "uid": glass.uid});
    let mut all = vec![event(DEFAULT, &format!("{called}.{uid}.{word}"), &message, own)];
    let told = format!("{BREAK_GLASS_KIND} {}: {message}", glass.name);
    for namespace in namespaces.iter().filter(|namespace| glass.is_for(namespace)).take(NAMESPACES) {
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "name": namespace, "namespace": namespace});
        all.push(event(namespace, &format!("{called}.{uid}.{word}.here"), &told, object));
    }
    all
}

impl Duty for Alarm {
    fn perform(&mut self, writer: &Writer, leader: &Leader) {
        if self.failed.is_some_and(|at| at.elapsed() < PAUSE) || self.cache.missing().is_some() {
            return;
        }
        self.failed = None;
        let glasses = &self.cache.break_glass;
        let due = due(glasses.list(), glasses.deleted(), Now::new());
        if due.is_empty() {
            self.written.clear();
            return;
        }
        let namespaces: Vec<Box<str>> = self.cache.namespaces().into_iter().map(|(name, _)| name).collect();
        let mut kept = BTreeSet::new();
        for (namespace, name, event) in
            due.iter().flat_map(|(held, what)| events(held, *what, &namespaces, &now()))
        {
            let called = (namespace, name);
            if self.written.contains(&called) {
                kept.insert(called);
                continue;
            }
            if !leader.is_leader() {
                break;
            }
            match writer.create(event::events(&called.0), &event) {
                Ok(_) => drop(kept.insert(called)),
                // Of one object there is one event of a kind, whoever writes it; a namespace may be gone.
                Err(error) if matches!(error.status(), Some(404 | 409)) => drop(kept.insert(called)),
                Err(error) => {
                    self.told.tell(Level::Error, "an event cannot be written", &error);
                    self.failed = Some(Instant::now());
                    // What one namespace refuses another may take.
                    if error.status().is_none() {
                        break;
                    }
                }
            }
        }
        self.written.extend(kept.iter().cloned());
        if self.failed.is_none() {
            self.written = kept;
            self.told.over();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::break_glass::tests::held;
    use super::*;

    #[test]
    fn begins_and_ends_are_told() {
        let (glass, at) = held("a", "1", "shop", Instant::now());
        let told = |all: &[Held], deleted: &[Held], minutes| -> Vec<What> {
            due(all.to_vec(), deleted.to_vec(), at(minutes)).into_iter().map(|(_, what)| what).collect()
        };
        let glass = std::slice::from_ref(&glass);
        assert_eq!(told(glass, &[], 1), [What::Begins]);
        assert_eq!(told(glass, &[], 60), [What::Ends]);
        assert_eq!(told(glass, &[], 120), [], "events of it may be gone by now");
        assert_eq!(told(&[], glass, 0), [What::Begins, What::Deleted], "it was there for a moment");
        assert_eq!(told(&[], glass, 59), [What::Begins, What::Deleted]);
        assert_eq!(told(&[], glass, 60), [What::Deleted], "the event of its beginning may be gone by now");
        assert_eq!(told(&[], glass, 120), []);
    }

    #[test]
    fn events_are_on_the_object_and_in_its_namespaces() {
        let (glass, _) = held("a", "0123456789", "sh*", Instant::now());
        let namespaces = ["bank", "shop", "shed"].map(Box::from);
        let all = events(&glass, What::Begins, &namespaces, "t");
        let names: Vec<String> =
            all.iter().map(|(namespace, name, _)| format!("{namespace}/{name}")).collect();
        assert_eq!(
            names,
            ["default/a.01234567.begins", "shop/a.01234567.begins.here", "shed/a.01234567.begins.here"]
        );
        assert_eq!(all[0].2["message"], "nothing is refused in namespaces sh* until 1970-01-02T01:00:00Z: r");
        let many: Vec<Box<str>> = (0..1000).map(|i| format!("shop-{i}").into()).collect();
        assert_eq!(events(&glass, What::Ends, &many, "t").len(), NAMESPACES + 1);
    }
}
