//! Requests to answers: which path means what, and the review in between.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use seawall_admission::{Admission, Counters, Reply, Surroundings, timeout};
use seawall_cluster::{Cluster, Writer};
use seawall_server::{Answer, Request, Service};

use super::cluster::{Cache, Live};
use super::kept::{Keeping, Origin};
use super::latency::Latency;
use super::log::{Level, log};
use super::status::Status;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// What Prometheus reads.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The longest that the pods of a namespace are looked at (`defaultNamespacePodCheckTimeout` of k8s.io/pod-security-admission
/// `admission/admission.go`).
const POD_CHECK: Duration = Duration::from_secs(1);

/// What is made of a request's content type and body.
type Handler = fn(&Admission, Option<&str>, &[u8], Surroundings<'_>) -> Option<Reply>;

/// The webhook: all that requests share.
#[derive(Debug)]
pub(super) struct Webhook {
    admission: RwLock<Arc<Admission>>,
    cache: Arc<Cache>,
    /// For what the cache does not hold.
    cluster: Arc<Cluster>,
    /// For who may do what.
    writer: Arc<Writer>,
    counters: Arc<Counters>,
    keeping: Arc<Keeping>,
    latency: Latency,
    status: Arc<Status>,
    /// Whether the end has come, so that no new requests should.
    ending: AtomicBool,
}

impl Webhook {
    pub(super) fn new(
        admission: Admission,
        cache: Arc<Cache>,
        cluster: Arc<Cluster>,
        writer: Arc<Writer>,
        counters: Counters,
        status: Arc<Status>,
        keeping: Keeping,
    ) -> Self {
        Self {
            admission: RwLock::new(Arc::new(admission)),
            cache,
            cluster,
            writer,
            counters: Arc::new(counters),
            keeping: Arc::new(keeping),
            latency: Latency::default(),
            status,
            ending: AtomicBool::new(false),
        }
    }

    /// Answers by another configuration from now on.
    pub(super) fn replace(&self, admission: Admission) {
        *self.admission.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(admission);
    }

    /// Takes `latest` for this minor version from now on.
    pub(super) fn judge_at(&self, minor: u64) {
        let admission = self.admission().at(minor);
        self.counters.set_newest(admission.newest());
        self.replace(admission);
    }

    /// By what it answers.
    pub(super) fn admission(&self) -> Arc<Admission> {
        self.admission.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Is not ready any more.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Release);
    }

    fn ready(&self) -> Answer {
        if self.ending.load(Ordering::Acquire) {
            return text(503, "shutting down");
        }
        match self.cache.missing().or_else(|| self.status.waiting()) {
            Some(missing) => text(503, missing),
            None => text(200, "ok"),
        }
    }

    fn metrics(&self) -> Answer {
        let mut out = String::new();
        self.counters.write(&mut out);
        self.cache.write(&mut out);
        self.cache.exceptions.write(&mut out);
        self.cache.break_glass.write(&mut out);
        let help = "Time from a whole request to its answer.";
        self.latency.write("seawall_admission_duration_seconds", help, &mut out);
        self.status.write(&mut out);
        self.keeping.write(&mut out);
        Answer { status: 200, content_type: METRICS, body: out.into() }
    }

    async fn review(&self, request: Request, handler: Handler) -> Answer {
        let started = Instant::now();
        let admission = self.admission();
        let cache = &*self.cache;
        let by = self.keeping.origin(&request);
        let recording = self.keeping.recording(&self.counters, by);
        let around = Surroundings {
            namespaces: cache,
            pods: cache,
            exceptions: &*cache.exceptions,
            owners: cache,
            suspensions: &*cache.break_glass,
            rights: cache,
            recorder: &recording,
        };
        let answer = match answer(&admission, &request, handler, around) {
            Some(answer) => answer,
            None => self.ask_cluster(admission, request, (handler, by), started).await,
        };
        self.latency.add(started.elapsed());
        answer
    }

    /// The same where the cluster has to be asked, on a thread that may wait.
    async fn ask_cluster(
        &self,
        admission: Arc<Admission>,
        request: Request,
        (handler, by): (Handler, Origin),
        started: Instant,
    ) -> Answer {
        let (cache, cluster) = (self.cache.clone(), self.cluster.clone());
        let (writer, counters, keeping) = (self.writer.clone(), self.counters.clone(), self.keeping.clone());
        let waited = tokio::task::spawn_blocking(move || {
            // No more than half of the time that is left.
            let timeout = request.query.as_deref().and_then(timeout);
            let left = timeout.map(|timeout| timeout.saturating_sub(started.elapsed()) / 2);
            let until = Instant::now() + left.map_or(POD_CHECK, |left| left.min(POD_CHECK));
            let live = Live { cache: &cache, cluster: &cluster, writer: &writer, until };
            let recording = keeping.recording(&counters, by);
            let around = Surroundings {
                namespaces: &live,
                pods: &live,
                exceptions: &*cache.exceptions,
                owners: &live,
                suspensions: &*cache.break_glass,
                rights: &live,
                recorder: &recording,
            };
            answer(&admission, &request, handler, around)
        });
        if let Ok(Some(answer)) = waited.await {
            return answer;
        }
        log(Level::Error, "a request could not be answered", &[]);
        text(500, "internal server error")
    }
}

impl Service for Webhook {
    async fn answer(&self, request: Request) -> Answer {
        match &*request.path {
            "/livez" | "/healthz" => text(200, "ok"),
            "/readyz" => self.ready(),
            "/metrics" => self.metrics(),
            "/mutate" => self.review(request, Admission::mutation).await,
            _ => self.review(request, Admission::reply).await,
        }
    }
}

/// The answer to the review in a request. `None` if the cluster has to be asked first.
fn answer(
    admission: &Admission,
    request: &Request,
    handler: Handler,
    around: Surroundings<'_>,
) -> Option<Answer> {
    Some(match handler(admission, request.content_type.as_deref(), &request.body, around)? {
        Reply::Review(body) => Answer { status: 200, content_type: JSON, body: body.into() },
        Reply::BadRequest(message) => {
            log(Level::Warning, "a request is no review", &[("error", &message)]);
            text(400, message)
        }
    })
}

fn text(status: u16, text: impl Into<String>) -> Answer {
    Answer { status, content_type: TEXT, body: text.into().into() }
}
