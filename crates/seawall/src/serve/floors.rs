//! The floors: in namespaces with a goal the leader keeps the label that the API server itself enforces at the strictest level
//! that the exceptions permit, or at none while break-glass holds.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_admission::{Exceptions as _, Floor, Suspensions as _};
use seawall_cluster::{Error, Place, Writer};
use seawall_model::Level as Enforced;
use serde_json::{Map, Value, json};

use super::cluster::Cache;
use super::leader::{Duty, Leader};
use super::lease;
use super::log::{Level, Told, log};
use super::webhook::Webhook;

/// How long a label that was written may be unknown to the watch before it is written again, and how long a failure is left alone.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a change that another one came before is made anew.
const ATTEMPTS: u32 = 5;

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

impl Floors {
    /// The floor of a namespace with these labels, if it has one.
    fn floor_of<'a>(&self, name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Floor> {
        let exceptions = self.cache.exceptions.of(name);
        let exceptions = exceptions.as_deref().unwrap_or_default();
        let (admission, today) = (self.webhook.admission(), self.cache.exceptions.today());
        let floor = admission.floor_of(name, labels, exceptions, today)?;
        let is_suspended = self.cache.break_glass.of(name).is_some();
        Some(if is_suspended { Floor { level: Enforced::Privileged, ..floor } } else { floor })
    }

    /// Writes the floor of a namespace as it is now; nothing if it is there already. Whoever changes the namespace meanwhile is
    /// not overruled: it is looked at again then.
    fn write(&self, name: &str, writer: &Writer, leader: &Leader) -> Result<Option<Floor>, Error> {
        let place = Place { api_version: "v1", resource: "namespaces", namespace: None, name };
        for attempt in 1.. {
            let object = writer.get(place)?;
            let labels = object["metadata"]["labels"].as_object();
            let pairs =
                || labels.into_iter().flatten().filter_map(|(key, value)| Some((&**key, value.as_str()?)));
            let Some(floor) = self.floor_of(name, pairs()) else { return Ok(None) };
            if is_there(&floor, pairs()) || !leader.is_leader() {
                return Ok(None);
            }
            let labels: Map<String, Value> =
                floor.labels().into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
            let patch = json!({"metadata": {"labels": labels}});
            match writer.merge_patch(place, Some(lease::version(&object)), &patch) {
                Ok(_) => return Ok(Some(floor)),
                Err(error) if error.status() == Some(409) && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// Whether labels say a floor.
fn is_there<'a>(floor: &Floor, labels: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let wanted = floor.labels();
    let is_wanted = |known: &(&str, &str)| wanted.iter().any(|(key, value)| *known == (*key, &**value));
    // No key is there twice.
    labels.filter(is_wanted).count() == wanted.len()
}

impl Duty for Floors {
    fn perform(&mut self, writer: &Writer, leader: &Leader) {
        // A floor that does not know of the exceptions would refuse what they let pass.
        if self.cache.missing().is_some() || !self.cache.exceptions.is_seen() {
            return;
        }
        let mut failed = false;
        for (name, labels) in self.cache.namespaces() {
            let pairs = || labels.iter().map(|(key, value)| (&**key, &**value));
            let Some(floor) = self.floor_of(&name, pairs()) else { continue };
            let is_recent = |(last, at): &(Floor, Instant)| *last == floor && at.elapsed() < PATIENCE;
            let is_written = self.written.get(&name).is_some_and(is_recent);
            if is_there(&floor, pairs()) || is_written || !leader.is_leader() {
                continue;
            }
            match self.write(&name, writer, leader) {
                Ok(Some(floor)) => {
                    let fields: [(&str, &dyn Display); 3] =
                        [("namespace", &name), ("goal", &floor.goal), ("floor", &floor.level)];
                    log(
                        Level::Info,
                        "what the API server enforces follows the goal and its exceptions",
                        &fields,
                    );
                    self.written.insert(name, (floor, Instant::now()));
                }
                Ok(None) => {}
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use seawall_admission::{Admission, Configuration, Counters};

    use super::super::cluster::tests::filled;
    use super::super::fake::Fake;
    use super::super::kept::Keeping;
    use super::super::leader::tests::leading;
    use super::*;

    const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

    /// The floors of a cluster whose namespace `shop` is known to be to be restricted.
    fn floors(fake: &Fake) -> Floors {
        let cache = Arc::new(filled("shop", &[("seawall.dev/enforce", "restricted")], Instant::now()));
        let admission = Admission::new(Configuration::default(), 37);
        let (cluster, counters) = (Arc::new(fake.connect()), Counters::new(37));
        let writer = Arc::new(fake.writer());
        let webhook = Webhook::new(
            admission,
            cache.clone(),
            cluster,
            writer,
            counters,
            Arc::default(),
            Keeping::default(),
        );
        Floors::new(cache, Arc::new(webhook))
    }

    /// A namespace of a version with a goal.
    fn shop(version: usize, goal: &str) -> Value {
        let labels = json!({"seawall.dev/enforce": goal});
        json!({"metadata": {"name": "shop", "resourceVersion": version.to_string(), "labels": labels}})
    }

    /// What was written: the version that it depends on, and the floor.
    fn written(fake: &Fake) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = fake.asked("PATCH").into_iter().map(|(.., body)| body["metadata"].clone());
        metadata.map(|it| (text(&it["resourceVersion"]), text(&it["labels"][ENFORCE]))).collect()
    }

    #[test]
    fn whoever_changes_a_namespace_meanwhile_is_not_overruled() {
        let asked = AtomicUsize::new(0);
        let fake = Fake::start("floors", move |method, path, _| match method {
            _ if path == "/version" => (404, json!({})),
            // Somebody lowers the goal between the first look and what is written after it.
            "GET" => match asked.fetch_add(1, Ordering::SeqCst) {
                0 => (200, shop(1, "restricted")),
                at => (200, shop(at + 1, "baseline")),
            },
            _ if asked.load(Ordering::SeqCst) == 1 => (409, json!({"message": "it has changed"})),
            _ => (200, json!({})),
        });
        let mut floors = floors(&fake);
        floors.perform(&fake.writer(), &leading());
        let pair = |version: &str, level: &str| (version.to_owned(), level.to_owned());
        assert_eq!(written(&fake), [pair("1", "restricted"), pair("2", "baseline")]);
    }

    #[test]
    fn what_changes_all_the_time_is_left_for_later() {
        let fake = Fake::start("contended", |method, path, _| match method {
            _ if path == "/version" => (404, json!({})),
            "GET" => (200, shop(1, "restricted")),
            _ => (409, json!({"message": "it has changed"})),
        });
        let mut floors = floors(&fake);
        let (writer, leader) = (fake.writer(), leading());
        floors.perform(&writer, &leader);
        floors.perform(&writer, &leader);
        assert_eq!(written(&fake).len(), ATTEMPTS as usize);
    }

    #[test]
    fn a_goal_that_is_gone_is_not_written() {
        let fake = Fake::start("no-goal", |method, path, _| match method {
            _ if path == "/version" => (404, json!({})),
            "GET" => (200, json!({"metadata": {"name": "shop", "resourceVersion": "1"}})),
            _ => (200, json!({})),
        });
        floors(&fake).perform(&fake.writer(), &leading());
        assert_eq!(written(&fake), []);
        let goal = fake.asked("GET").iter().filter(|(_, path, _)| path == "/api/v1/namespaces/shop").count();
        assert_eq!(goal, 1, "it was looked at");
    }
}
