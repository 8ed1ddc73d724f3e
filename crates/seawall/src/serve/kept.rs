//! What is kept of what was asked, where that is wanted: for reports and events. Nothing here waits for anything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use seawall_admission::{Bounds, Counters, Evaluated, Found, Recorder, Request, Response, Violations};
use seawall_model::review::AdmissionRequest;

use super::callers::AskedBy;
use super::events;
use super::traces::{Begun, Traces};
use crate::cli::ServeArgs;
use crate::install::{CLIENT_CA_HINT, needs_client_ca};
use crate::terminal::Failure;

/// Namespaces that are reported on, and workloads of each; together with the rules that they violate, what is held takes some
/// megabytes at most.
pub(super) const BOUNDS: Bounds = Bounds { namespaces: 1_000, workloads: 200, entries: 20_000 };

/// What was found out and nobody has written yet.
#[derive(Debug)]
pub(super) struct Kept {
    violations: Option<Mutex<Violations>>,
    events: Option<events::Sender>,
}

impl Kept {
    /// What the arguments ask for, and where events come out; nothing if they ask for nothing.
    pub(super) fn wanted(args: &ServeArgs) -> Result<(Option<Self>, Option<events::Queue>), Failure> {
        let wanted = [(args.reports, "--reports"), (args.events, "--events")];
        let Some((_, flag)) = wanted.into_iter().find(|(is, _)| *is) else { return Ok((None, None)) };
        if args.client_ca_file.is_none() {
            return Err(Failure::Usage(needs_client_ca(flag), Some(CLIENT_CA_HINT.to_owned())));
        }
        let (sender, queue) = events::channel();
        let violations = args.reports.then(|| Mutex::new(Violations::new(BOUNDS)));
        let kept = Self { violations, events: args.events.then_some(sender) };
        Ok((Some(kept), args.events.then_some(queue)))
    }

    /// What reports are made of, if there are reports.
    pub(super) fn violations(&self) -> Option<MutexGuard<'_, Violations>> {
        self.violations.as_ref().map(|all| all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keeps(&self, namespace: &str, violates: bool) -> bool {
        violates || self.violations().is_some_and(|all| all.knows(namespace))
    }

    fn found(&self, namespace: &str, found: Found) {
        if let Some(events) = &self.events {
            events.tell(namespace, &found);
        }
        if let Some(mut all) = self.violations() {
            all.add(namespace, found, now());
        }
    }
}

/// Seconds since 1970-01-01.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Whose requests are kept, and what of them.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// Who asks, where that matters.
    pub(super) asked_by: Option<AskedBy>,
    /// Reports and events, where they are wanted.
    pub(super) kept: Option<Arc<Kept>>,
    /// Spans, where a collector is named.
    pub(super) traces: Option<Traces>,
}

/// What is to be taken down of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Whether it is from the API server, or nobody can tell.
    is_known: bool,
    begun: Option<Begun>,
}

impl Keeping {
    /// What is to be taken down of a request that is to be answered now: nothing is kept of one that the API server did not send, where
    /// that can be told.
    pub(super) fn origin(&self, request: &seawall_server::Request) -> Origin {
        let is_known = self.asked_by.as_ref().is_none_or(|asked_by| asked_by.is_known(&request.client));
        let begun =
            if is_known && self.traces.is_some() { Begun::of(request.traceparent.as_deref()) } else { None };
        Origin { is_known, begun }
    }

    /// What takes down what is decided of it.
    pub(super) fn recording<'r>(&'r self, counters: &'r Counters, asked: Origin) -> Recording<'r> {
        Recording {
            counters,
            is_known: asked.is_known,
            kept: self.kept.as_deref().filter(|_| asked.is_known),
            trace: self.traces.as_ref().zip(asked.begun),
        }
    }

    /// Writes what Prometheus reads.
    pub(super) fn write(&self, out: &mut String) {
        if let Some(asked_by) = &self.asked_by {
            asked_by.write(out);
        }
        if let Some(events) = self.kept.as_ref().and_then(|kept| kept.events.as_ref()) {
            events.write(out);
        }
        if let Some(traces) = &self.traces {
            traces.write(out);
        }
    }
}

/// Takes down what is decided of one request.
pub(super) struct Recording<'r> {
    counters: &'r Counters,
    is_known: bool,
    kept: Option<&'r Kept>,
    trace: Option<(&'r Traces, Begun)>,
}

impl Recorder for Recording<'_> {
    fn evaluation(&self, request: Request<'_>, evaluated: Evaluated) {
        self.counters.count(request, evaluated, self.is_known);
    }

    fn exemption(&self, request: Request<'_>) {
        self.counters.exemption(request);
    }

    fn error(&self, request: Request<'_>, fatal: bool) {
        self.counters.error(request, fatal);
    }

    fn keeps(&self, namespace: &str, violates: bool) -> bool {
        self.kept.is_some_and(|kept| kept.keeps(namespace, violates))
    }

    fn answered(&self, request: &AdmissionRequest<'_>, response: &Response) {
        if let Some((traces, begun)) = self.trace {
            traces.end(begun, request, response);
        }
    }

    fn found(&self, namespace: &str, found: Found) {
        if let Some(kept) = self.kept {
            kept.found(namespace, found);
        }
    }
}
