//! The floors: in namespaces with a goal the leader keeps the label that the API server itself enforces at the strictest level
//! that the exceptions permit, or at none while break-glass holds.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_admission::{Exceptions as _, Floor, Suspensions as _};
use seawall_cluster::{Place, Writer};
use seawall_model::Level as Enforced;
use serde_json::{Map, Value, json};

use super::cluster::Cache;
use super::leader::{Duty, Leader};
use super::log::{Level, Told, log};
use super::webhook::Webhook;

/// How long a label that was written may be unknown to the watch before it is written again, and how long a failure is left alone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps the floors of all namespaces.
pub(super) struct Floors {
    cache: Arc<Cache>,
    webhook: Arc<Webhook>,
    /// What was written last, or could not be, and when.
    written: HashMap<Box<str>, (Floor, Instant)>,
    told: Told,
}

impl Floors {
    pub(super) fn new(cache: Arc<Cache>, webhook: Arc<Webhook>) -> Self {
        Self { cache, webhook, written: HashMap::new(), told: Told::default() }
    }
}

impl Duty for Floors {
    fn perform(&mut self, writer: &Writer, leader: &Leader) {
        // A floor that does not know of the exceptions would refuse what they let pass.
        if self.cache.missing().is_some() || !self.cache.exceptions.is_seen() {
            return;
        }
        let (admission, today) = (self.webhook.admission(), self.cache.exceptions.today());
        let mut failed = false;
        for (name, labels) in self.cache.namespaces() {
            let pairs = || labels.iter().map(|(key, value)| (&**key, &**value));
            let exceptions = self.cache.exceptions.of(&name);
            let exceptions = exceptions.as_deref().unwrap_or_default();
            let Some(mut floor) = admission.floor_of(&name, pairs(), exceptions, today) else { continue };
            if self.cache.break_glass.of(&name).is_some() {
                floor.level = Enforced::Privileged;
            }
            let wanted = floor.labels();
            let is_there = wanted.iter().all(|(key, value)| pairs().any(|known| known == (*key, &**value)));
            let is_recent = |(last, at): &(Floor, Instant)| *last == floor && at.elapsed() < PATIENCE;
            let is_written = self.written.get(&name).is_some_and(is_recent);
            if is_there || is_written || !leader.is_leader() {
                continue;
            }
            let place = Place { api_version: "v1", resource: "namespaces", namespace: None, name: &name };
            let labels: Map<String, Value> =
                wanted.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
            let patch = json!({"metadata": {"labels": labels}});
            match writer.merge_patch(place, None, &patch) {
                Ok(_) => {
                    let fields: [(&str, &dyn Display); 3] =
                        [("namespace", &name), ("goal", &floor.goal), ("floor", &floor.level)];
                    log(
                        Level::Info,
                        "what the API server enforces follows the goal and its exceptions",
                        &fields,
                    );
                    self.written.insert(name, (floor, Instant::now()));
                }
                // It is gone.
                Err(error) if error.status() == Some(404) => {}
                Err(error) => {
                    failed = true;
                    // It is tried again, and not at once.
                    self.written.insert(name, (floor, Instant::now()));
                    self.told.tell(Level::Error, "the floor of a namespace cannot be written", &error);
                }
            }
        }
        self.written.retain(|_, (_, at)| at.elapsed() < PATIENCE);
        if !failed {
            self.told.over();
        }
    }
}
