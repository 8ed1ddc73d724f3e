//! Following a collection: all that is there, then what changes.

use std::ops::ControlFlow;
use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::connect::Cluster;
use crate::error::Error;
use crate::list::{Collection, Listed, Page};

/// Objects of a page: whoever may write objects may write large ones, and all of a page are in memory.
const PAGE: usize = 50;

/// The seconds after which the API server is to end a watch, which then goes on from where it was: less than the longest that a
/// connection may be silent.
const WATCH_SECONDS: u64 = 45;

/// The first wait between two attempts, which doubles up to the longest.
const WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// After so many failures in a row it is listed anew: what it was to go on from may be what is wrong.
const FAILURES: u32 = 3;

/// The longest event that is read: an object may have 1.5 MB in etcd, and more as JSON.
const LONGEST_EVENT: usize = 16 << 20;

/// What becomes known of a collection that is followed.
#[derive(Debug)]
pub enum Change<'c> {
    /// It is listed anew, from the beginning: what was known before holds until it is [`Complete`](Self::Complete).
    Listing,
    /// A part of the list.
    Page(&'c Page),
    /// The list is complete: what is not in it is gone.
    Complete,
    /// An object as it is now, as JSON.
    Put(&'c [u8]),
    /// The last state of an object that is gone, as JSON.
    Gone(&'c [u8]),
    /// The API server was heard of, and nothing has changed: at the beginning of a watch, and now and then as long as it lasts.
    Heard,
    /// It could not be followed for now, and why; it is tried again.
    Broken(Error),
}

/// An event of a watch.
#[derive(Deserialize)]
struct Event<'e> {
    r#type: &'e str,
    #[serde(borrow)]
    object: &'e RawValue,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    code: u16,
    message: String,
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
}

/// How a watch ended.
enum Ended {
    /// The API server ended it, or nobody wants more.
    Over(ControlFlow<()>),
    /// What happened since then is forgotten there: it has to be listed anew.
    Forgotten,
    /// The connection broke.
    Broken(Error),
}

impl Cluster {
    /// Follows a collection for as long as `each` wants to hear of it. Faults pass: it is tried again, after longer and longer
    /// times, for ever.
    pub fn follow(&self, collection: Collection<'_>, mut each: impl FnMut(Change<'_>) -> ControlFlow<()>) {
        let mut wait = WAIT;
        let mut version: Option<String> = None;
        let mut failures = 0;
        loop {
            let result = match &mut version {
                None => self.listed_anew(collection, &mut each).map(|listed| match listed {
                    ControlFlow::Continue(at) => {
                        version = Some(at);
                        ControlFlow::Continue(())
                    }
                    ControlFlow::Break(()) => ControlFlow::Break(()),
                }),
                Some(at) => match self.watch(collection, at, &mut each) {
                    Ok(Ended::Over(flow)) => Ok(flow),
                    Ok(Ended::Forgotten) => {
                        version = None;
                        Ok(ControlFlow::Continue(()))
                    }
                    Ok(Ended::Broken(error)) => {
                        // The API server was there: this is not one more failure in a row.
                        wait = WAIT;
                        Err(error)
                    }
                    Err(error) => Err(error),
                },
            };
            match result {
                Ok(ControlFlow::Continue(())) => (wait, failures) = (WAIT, 0),
                Ok(ControlFlow::Break(())) => return,
                Err(error) => {
                    failures += 1;
                    if failures % FAILURES == 0 {
                        version = None;
                    }
                    if each(Change::Broken(error)).is_break() {
                        return;
                    }
                    std::thread::sleep(wait);
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Lists it; the version to watch from.
    fn listed_anew(
        &self,
        collection: Collection<'_>,
        each: &mut impl FnMut(Change<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<(), String>, Error> {
        if each(Change::Listing).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let mut flow = ControlFlow::Continue(());
        let mut version = String::new();
        let listed = self.list(collection, PAGE, |page| {
            if let Ok(object) = serde_json::from_slice::<Object>(&page.json) {
                version = object.metadata.resource_version;
            }
            if flow.is_continue() {
                flow = each(Change::Page(&page));
            }
        })?;
        let path = || collection.path();
        match listed {
            Listed::Whole { .. } if version.is_empty() => {
                Err(Error::Answer { path: path(), problem: "a list without a resourceVersion".to_owned() })
            }
            Listed::Whole { .. } => Ok(match flow {
                ControlFlow::Continue(()) => match each(Change::Complete) {
                    ControlFlow::Continue(()) => ControlFlow::Continue(version),
                    ControlFlow::Break(()) => ControlFlow::Break(()),
                },
                ControlFlow::Break(()) => ControlFlow::Break(()),
            }),
            Listed::Forbidden { message } => Err(Error::Refused { status: 403, message }),
            Listed::NotServed => {
                Err(Error::Refused { status: 404, message: format!("nothing at {}", path()) })
            }
        }
    }

    /// Watches it from a version on, which goes along.
    fn watch(
        &self,
        collection: Collection<'_>,
        version: &mut String,
        each: &mut impl FnMut(Change<'_>) -> ControlFlow<()>,
    ) -> Result<Ended, Error> {
        let path = collection.path();
        let query = format!(
            "{path}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}"
        );
        self.run(async {
            let problem = |problem: String| Error::Answer { path: path.clone(), problem };
            let request = Request::builder()
                .method(Method::GET)
                .uri(&query)
                .header("accept", "application/json")
                .body(Body::empty())
                .map_err(|e| problem(e.to_string()))?;
            let response = self.send(request).await?;
            let status = response.status().as_u16();
            let mut body = response.into_body();
            if status != 200 {
                let bytes = body.collect().await.map_err(|e| self.error(&e))?.to_bytes();
                let object: Object = serde_json::from_slice(&bytes).unwrap_or_default();
                return match status {
                    410 => Ok(Ended::Forgotten),
                    _ => Err(Error::Refused { status, message: object.message }),
                };
            }
            if each(Change::Heard).is_break() {
                return Ok(Ended::Over(ControlFlow::Break(())));
            }
            let mut buffer: Vec<u8> = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = match frame {
                    Ok(frame) => frame,
                    Err(error) => return Ok(Ended::Broken(self.error(&error))),
                };
                let Some(data) = frame.data_ref() else { continue };
                let mut rest: &[u8] = data;
                while let Some(end) = rest.iter().position(|b| *b == b'\n') {
                    let (line, behind) = rest.split_at(end);
                    buffer.extend_from_slice(line);
                    rest = behind.get(1..).unwrap_or_default();
                    let event: Event<'_> =
                        serde_json::from_slice(&buffer).map_err(|e| problem(format!("not an event: {e}")))?;
                    let json = event.object.get().as_bytes();
                    let object: Object =
                        serde_json::from_slice(json).map_err(|e| problem(format!("not an object: {e}")))?;
                    let change = match event.r#type {
                        "ADDED" | "MODIFIED" => Change::Put(json),
                        "DELETED" => Change::Gone(json),
                        "BOOKMARK" => Change::Heard,
                        "ERROR" if object.code == 410 => return Ok(Ended::Forgotten),
                        "ERROR" => {
                            return Err(Error::Refused { status: object.code, message: object.message });
                        }
                        other => return Err(problem(format!("an event of type `{other}`"))),
                    };
                    *version = object.metadata.resource_version;
                    if each(change).is_break() {
                        return Ok(Ended::Over(ControlFlow::Break(())));
                    }
                    buffer.clear();
                }
                buffer.extend_from_slice(rest);
                if buffer.len() > LONGEST_EVENT {
                    return Err(problem("an event without an end".to_owned()));
                }
            }
            Ok(Ended::Over(ControlFlow::Continue(())))
        })
    }
}
