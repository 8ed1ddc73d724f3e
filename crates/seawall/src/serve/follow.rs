//! What a watch tells of a collection, kept by namespace and name.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_cluster::{Change, Cluster, Collection, Error};
use seawall_model::json;
use seawall_model::review::{PartialObject, PartialObjectList};

use super::log::{Level, log};

/// How long a collection that was served may be unknown to the API server before there is nothing in it: one of several that begins
/// may not know it yet.
const GRACE: Duration = Duration::from_mins(1);

/// After so long a silence what a watch told may be old: a watch that is well is heard of within a minute.
const STALE: Duration = Duration::from_mins(5);

/// Namespace and name; the namespace is empty for what is in none.
pub(super) type Key = (Box<str>, Box<str>);

/// What became of a collection.
pub(super) enum Update<T> {
    /// These are all there are.
    All(HashMap<Key, T>),
    /// This is as it is now.
    Put(Key, T),
    /// This is gone.
    Gone(Key),
}

/// How the objects of a collection are read.
pub(super) trait Read {
    /// What is kept of each.
    type Kept;

    /// A part of a list, as JSON.
    fn list(&self, json: &[u8]) -> Result<Vec<(Key, Self::Kept)>, String>;

    /// One object, as JSON; `None` if nothing is kept of it.
    fn one(&self, json: &[u8]) -> Result<Option<(Key, Self::Kept)>, String>;
}

/// Whether a collection was seen as a whole.
#[derive(Debug, Default)]
pub(super) struct Filled {
    is_so: AtomicBool,
    is_seen: AtomicBool,
    /// When the API server was heard of last.
    heard: Mutex<Option<Instant>>,
}

impl Filled {
    /// Whether there is nothing to wait for.
    pub(super) fn is_so(&self) -> bool {
        self.is_so.load(Ordering::Acquire)
    }

    /// Whether it was seen indeed, and not withheld by the API server.
    pub(super) fn is_seen(&self) -> bool {
        self.is_seen.load(Ordering::Acquire)
    }

    /// How long the API server was not heard of; nothing before it was for the first time.
    pub(super) fn silence(&self, now: Instant) -> Option<Duration> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.map(|heard| now.saturating_duration_since(heard))
    }

    /// Whether that is so long ago that what is known may be old.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        self.silence(now).is_some_and(|silence| silence > STALE)
    }

    /// The API server was heard of.
    pub(super) fn hear(&self, now: Instant) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Whether there was something to wait for before.
    pub(super) fn set(&self, is_seen: bool) -> bool {
        self.is_seen.store(is_seen, Ordering::Release);
        !self.is_so.swap(true, Ordering::Release)
    }
}

/// Namespace and name of an object.
pub(super) fn key(object: &PartialObject<'_>) -> Key {
    ((*object.metadata.namespace).into(), (*object.metadata.name).into())
}

/// The objects of a list.
pub(super) fn objects(json: &[u8]) -> Result<PartialObjectList<'_>, String> {
    json::decode(json).map_err(|error| error.to_string())
}

/// Follows a collection for ever. One that the API server does not have, or does not show, has nothing in it if that is `optional`:
/// then it is looked for again and again.
pub(super) fn follow<R: Read>(
    cluster: &Cluster,
    collection: Collection<'_>,
    optional: bool,
    filled: &Filled,
    read: &R,
    mut update: impl FnMut(Update<R::Kept>),
) {
    let what = collection.resource;
    let mut listed = HashMap::new();
    let mut last = String::new();
    let mut missing_since = None;
    cluster.follow(collection, |change| {
        match &change {
            // That it has none of these is an answer.
            Change::Broken(Error::Refused { status: 404, .. }) if optional => filled.hear(Instant::now()),
            Change::Listing | Change::Broken(_) => {}
            _ => filled.hear(Instant::now()),
        }
        match change {
            Change::Heard => {}
            Change::Listing => listed.clear(),
            Change::Page(page) => match read.list(&page.json) {
                Ok(page) => listed.extend(page),
                Err(error) => {
                    log(Level::Error, "a list cannot be read", &[("resource", &what), ("error", &error)]);
                }
            },
            Change::Complete => {
                let listed = std::mem::take(&mut listed);
                let count = listed.len();
                update(Update::All(listed));
                missing_since = None;
                last.clear();
                if filled.set(true) {
                    log(Level::Info, "all are known", &[("resource", &what), ("count", &count)]);
                }
            }
            Change::Put(object) => match read.one(object) {
                Ok(Some((key, kept))) => update(Update::Put(key, kept)),
                Ok(None) => {
                    if let Ok(object) = json::decode::<PartialObject<'_>>(object) {
                        update(Update::Gone(key(&object)));
                    }
                }
                Err(error) => {
                    log(Level::Error, "an object cannot be read", &[("resource", &what), ("error", &error)]);
                }
            },
            Change::Gone(object) => {
                if let Ok(object) = json::decode::<PartialObject<'_>>(object) {
                    update(Update::Gone(key(&object)));
                }
            }
            Change::Broken(error) => {
                let missing = matches!(error, Error::Refused { status: 404, .. });
                if optional && missing {
                    let since: &mut Instant = missing_since.get_or_insert_with(Instant::now);
                    if !filled.is_seen() || since.elapsed() >= GRACE {
                        update(Update::All(HashMap::new()));
                        filled.set(true);
                    }
                } else if optional && matches!(error, Error::Refused { status: 403, .. }) {
                    filled.set(false);
                }
                let error = error.to_string();
                // It is tried for ever, and told once.
                if error != last {
                    let message = if optional && missing {
                        "these are not served, which is the same as none"
                    } else {
                        "these cannot be followed, trying again"
                    };
                    log(Level::Warning, message, &[("resource", &what), ("error", &error)]);
                    last = error;
                }
            }
        }
        ControlFlow::Continue(())
    });
}
