//! Writing reports: one per namespace, which all replicas share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_admission::Workloads;
use seawall_cluster::{Collection, Error, Listed, Place, Writer};
use serde_json::Value;

use super::ending::Ending;
use super::kept::{BOUNDS, Kept, now};
use super::lease;
use super::log::{Level, Told, log};
use super::report::{self, API_VERSION, NAME, RESOURCE, SELECTOR, joined};

/// How often it is looked whether there is something to write.
const LOOK: Duration = Duration::from_secs(2);
/// How long nothing is written after something was.
const PAUSE: Duration = Duration::from_secs(30);
/// Namespaces that are written at a time.
const ROUND: usize = 100;
/// How often it is written again where another replica wrote in between.
const ATTEMPTS: usize = 5;
/// How often all reports are looked at: some are of other replicas, and some hold what is too old.
const ALL: Duration = Duration::from_hours(1);
/// The same where the API server has no reports.
const NONE: Duration = Duration::from_secs(10);
/// Reports of a page, all of which are in memory.
const PAGE: usize = 8;

/// What reports are in the cluster, and writes them.
struct Reports {
    writer: Arc<Writer>,
    kept: Arc<Kept>,
    /// Namespaces that have one.
    known: BTreeSet<Box<str>>,
    /// When all are to be looked at again.
    again: Instant,
    is_served: bool,
    /// When something was written last.
    written: Option<Instant>,
    told: Told,
    told_of_kind: Told,
}

/// Writes reports on a thread of its own until the end, and once more then.
pub(super) fn start(writer: Arc<Writer>, kept: Arc<Kept>, ending: Arc<Ending>) -> JoinHandle<()> {
    let mut reports = Reports {
        writer,
        kept,
        known: BTreeSet::new(),
        again: Instant::now(),
        is_served: false,
        written: None,
        told: Told::default(),
        told_of_kind: Told::default(),
    };
    std::thread::spawn(move || {
        loop {
            let over = ending.within(LOOK);
            if Instant::now() >= reports.again && !over {
                reports.look();
            }
            if reports.is_served && (over || reports.written.is_none_or(|at| at.elapsed() >= PAUSE)) {
                reports.write_round();
            }
            if over {
                return;
            }
        }
    })
}

/// Whether the same may go well a moment later.
fn may_pass(error: &Error) -> bool {
    error.status().is_none_or(|status| status == 409 || status == 429 || status >= 500)
}

impl Reports {
    /// Looks which reports there are, and takes out of them what is too old.
    fn look(&mut self) {
        let reports =
            Collection { api_version: API_VERSION, resource: RESOURCE, namespace: None, selector: SELECTOR };
        let (mut known, mut old) = (BTreeSet::new(), Vec::new());
        let limit = now().saturating_sub(report::AGE);
        let listed = self.writer.reader().list(reports, PAGE, |page| {
            let list: Value = serde_json::from_slice(&page.json).unwrap_or_default();
            for item in list["items"].as_array().into_iter().flatten() {
                let (namespace, name) = (&item["metadata"]["namespace"], &item["metadata"]["name"]);
                let Some(namespace) = namespace.as_str().filter(|_| *name == NAME) else { continue };
                known.insert(Box::from(namespace));
                if report::oldest(item).is_some_and(|oldest| oldest < limit) {
                    old.push(namespace.to_owned());
                }
            }
        });
        let problem = match listed {
            Ok(Listed::Whole { .. }) => None,
            Ok(Listed::NotServed) => Some(
                "the API server has no `reports.openreports.io`: install the definitions of https://github.com/openreports/reports-api"
                    .to_owned(),
            ),
            Ok(Listed::Forbidden { message }) => Some(message),
            Err(error) => Some(error.to_string()),
        };
        self.is_served = problem.is_none();
        self.again = Instant::now() + if self.is_served { ALL } else { NONE };
        if let Some(problem) = problem {
            self.told_of_kind.tell(Level::Error, "reports cannot be written", &problem);
            return;
        }
        self.told_of_kind.over();
        for gone in self.known.difference(&known) {
            self.watch(gone, false);
        }
        for namespace in &known {
            self.watch(namespace, true);
        }
        self.known = known;
        for namespace in old {
            if let Err(error) = self.write(&namespace, &Workloads::new()) {
                self.told.tell(Level::Error, "a report cannot be written", &error);
            }
        }
    }

    fn watch(&self, namespace: &str, is_known: bool) {
        if let Some(mut all) = self.kept.violations() {
            all.watch(namespace, is_known);
        }
    }

    /// Writes what there is to write.
    fn write_round(&mut self) {
        let taken = self.kept.violations().map(|mut all| all.take(ROUND)).unwrap_or_default();
        let mut failed = false;
        for (namespace, workloads) in taken {
            self.written = Some(Instant::now());
            if let Err(error) = self.write(&namespace, &workloads) {
                failed = true;
                self.told.tell(Level::Error, "a report cannot be written", &error);
                if may_pass(&error)
                    && let Some(mut all) = self.kept.violations()
                {
                    all.put_back(&namespace, workloads);
                }
            }
        }
        if !failed {
            self.told.over();
        }
    }

    /// Brings what was found out into the report of a namespace.
    fn write(&mut self, namespace: &str, workloads: &Workloads) -> Result<(), Error> {
        let place =
            Place { api_version: API_VERSION, resource: RESOURCE, namespace: Some(namespace), name: NAME };
        let all = Collection {
            api_version: API_VERSION,
            resource: RESOURCE,
            namespace: Some(namespace),
            selector: "",
        };
        let mut attempts = 0;
        loop {
            let found = match self.writer.get(place) {
                Ok(found) => Some(found),
                Err(error) if error.status() == Some(404) => None,
                Err(error) => return Err(error),
            };
            let object = joined(found.as_ref(), namespace, workloads, now());
            let written = match (&found, &object) {
                (_, None) => Ok(()),
                (Some(found), Some(object)) => {
                    self.writer.replace(place, lease::version(found), object).map(drop)
                }
                (None, Some(_))
                    if self.known.len() >= BOUNDS.namespaces && !self.known.contains(namespace) =>
                {
                    let (namespace, most) = (namespace.to_owned(), BOUNDS.namespaces);
                    log(
                        Level::Warning,
                        "there are as many reports as there may be",
                        &[("namespace", &namespace), ("most", &most)],
                    );
                    return Ok(());
                }
                (None, Some(object)) => self.writer.create(all, object).map(drop),
            };
            attempts += 1;
            match written {
                Ok(()) => {
                    let is_known = found.is_some() || object.is_some();
                    if is_known && self.known.insert(namespace.into()) {
                        self.watch(namespace, true);
                    }
                    return Ok(());
                }
                // Another replica wrote in between.
                Err(error) if error.status() == Some(409) && attempts < ATTEMPTS => {}
                // The namespace is gone, or the definition is.
                Err(error) if error.status() == Some(404) => {
                    self.again = Instant::now();
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }
}
