//! Ends of exceptions, announced two weeks ahead: an event a day on the exception itself, written by the leader.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_admission::Exceptions as _;
use seawall_cluster::Writer;
use seawall_finding::exception::{API_VERSION, EXCEPTION_KIND};
use serde_json::{Value, json};

use super::cluster::Cache;
use super::event::{events, warning};
use super::exceptions::Ending;
use super::leader::{Duty, Leader};
use super::log::{Level, Told, log};
use crate::live::now;

/// How long it is not tried again after an event could not be written.
const PAUSE: Duration = Duration::from_mins(1);

/// So much of an exception's name is part of an event's, which has 253 characters at most.
const LONGEST: usize = 200;

/// Announces ends.
pub(super) struct Announce {
    cache: Arc<Cache>,
    failed: Option<Instant>,
    /// The names of events that are written.
    written: BTreeSet<String>,
    told: Told,
}

impl Announce {
    pub(super) fn new(cache: Arc<Cache>) -> Self {
        Self { cache, failed: None, written: BTreeSet::new(), told: Told::default() }
    }
}

/// The event of a day for an exception that ends, or that has ended and holds on.
fn event(name: &str, ending: &Ending, time: &str) -> Value {
    let Ending { namespace, name: exception, uid, last, is_over, owner } = ending;
    let owner = owner.as_ref().map(|owner| format!(", ask {owner}")).unwrap_or_default();
    let (reason, message) = if *is_over {
        ("ExceptionEnded", format!("ended with {last}: renew it or delete it{owner}"))
    } else {
        ("ExceptionEnds", format!("ends with {last}: renew it or mend its workloads{owner}"))
    };
    let involved = json!({
        "apiVersion": API_VERSION, "kind": EXCEPTION_KIND, "namespace": namespace, "name": exception, "uid": uid,
    });
    warning([namespace, name], &involved, reason, &message, time)
}

impl Duty for Announce {
    fn perform(&mut self, writer: &Writer, leader: &Leader) {
        if self.failed.is_some_and(|at| at.elapsed() < PAUSE) || self.cache.missing().is_some() {
            return;
        }
        self.failed = None;
        let today = self.cache.exceptions.today();
        let mut names = BTreeSet::new();
        for ending in self.cache.exceptions.ending(today) {
            // Of one day and one exception there is one event, whoever writes it.
            let uid: String = ending.uid.chars().take(8).collect();
            let called: String = ending.name.chars().take(LONGEST).collect();
            let name = format!("{}.{uid}.{today}", called.trim_end_matches(['-', '.']));
            if self.written.contains(&name) {
                names.insert(name);
                continue;
            }
            if !leader.is_leader() {
                return;
            }
            match writer.create(events(&ending.namespace), &event(&name, &ending, &now())) {
                Ok(_) => {
                    let which: [(&str, &dyn Display); 3] = [
                        ("namespace", &ending.namespace),
                        ("exception", &ending.name),
                        ("last", &ending.last),
                    ];
                    log(Level::Warning, "an exception ends", &which);
                    names.insert(name);
                    self.told.over();
                }
                Err(error) if error.status() == Some(409) => drop(names.insert(name)),
                Err(error) => {
                    self.told.tell(Level::Error, "an event cannot be written", &error);
                    // The leader has other duties too.
                    self.failed = Some(Instant::now());
                    self.written.extend(names);
                    return;
                }
            }
        }
        self.written = names;
    }
}
