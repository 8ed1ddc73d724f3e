//! Requests to answers: which path means what, and the review in between.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use seawall_admission::{Admission, Counters, Namespaces, Pods, Surroundings, read_review};
use seawall_cluster::Cluster;
use seawall_server::{Answer, Request, Service};

use super::cluster::{Cache, Live};
use super::latency::Latency;
use super::log::{Level, log};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// What Prometheus reads.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The longest that the pods of a namespace are looked at (`defaultNamespacePodCheckTimeout` of k8s.io/pod-security-admission
/// `admission/admission.go`).
const POD_CHECK: Duration = Duration::from_secs(1);

/// The webhook: all that requests share.
#[derive(Debug)]
pub(super) struct Webhook {
    admission: RwLock<Arc<Admission>>,
    cache: Arc<Cache>,
    /// For what the cache does not hold.
    cluster: Arc<Cluster>,
    counters: Arc<Counters>,
    latency: Latency,
    /// Whether the end has come, so that no new requests should.
    ending: AtomicBool,
}

impl Webhook {
    pub(super) fn new(
        admission: Admission,
        cache: Arc<Cache>,
        cluster: Arc<Cluster>,
        counters: Counters,
    ) -> Self {
        Self {
            admission: RwLock::new(Arc::new(admission)),
            cache,
            cluster,
            counters: Arc::new(counters),
            latency: Latency::default(),
            ending: AtomicBool::new(false),
        }
    }

    /// Answers by another configuration from now on.
    pub(super) fn replace(&self, admission: Admission) {
        *self.admission.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(admission);
    }

    /// Is not ready any more.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Release);
    }

    fn ready(&self) -> Answer {
        if self.ending.load(Ordering::Acquire) {
            return text(503, "shutting down");
        }
        if !self.cache.is_filled() {
            return text(503, "the namespaces of the cluster are not known yet");
        }
        text(200, "ok")
    }

    fn metrics(&self) -> Answer {
        let mut out = String::new();
        self.counters.write(&mut out);
        let help = "Time from a whole request to its answer.";
        self.latency.write("seawall_admission_duration_seconds", help, &mut out);
        Answer { status: 200, content_type: METRICS, body: out.into() }
    }

    async fn validate(&self, request: Request) -> Answer {
        let started = Instant::now();
        if request.body.is_empty() {
            return text(400, "request body is empty");
        }
        if !request.content_type.as_deref().is_some_and(is_json) {
            return text(400, "unable to process a request with a non-json content type");
        }
        let admission = self.admission.read().unwrap_or_else(PoisonError::into_inner).clone();
        let around = (&*self.cache as &dyn Namespaces, &*self.cache as &dyn Pods);
        let answer = match answer(&admission, &request.body, around, &self.counters) {
            Some(answer) => answer,
            None => self.ask_cluster(admission, request, started).await,
        };
        self.latency.add(started.elapsed());
        answer
    }

    /// The same where the cluster has to be asked, on a thread that may wait.
    async fn ask_cluster(&self, admission: Arc<Admission>, request: Request, started: Instant) -> Answer {
        let (cache, cluster) = (self.cache.clone(), self.cluster.clone());
        let counters = self.counters.clone();
        let waited = tokio::task::spawn_blocking(move || {
            // No more than half of the time that is left.
            let timeout = request.query.as_deref().and_then(timeout);
            let left = timeout.map(|timeout| timeout.saturating_sub(started.elapsed()) / 2);
            let until = Instant::now() + left.map_or(POD_CHECK, |left| left.min(POD_CHECK));
            let live = Live { cache: &cache, cluster: &cluster, until };
            answer(&admission, &request.body, (&live, &live), &counters)
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
            _ => self.validate(request).await,
        }
    }
}

/// The answer to the review in a body. `None` if the cluster has to be asked first.
fn answer(
    admission: &Admission,
    body: &[u8],
    (namespaces, pods): (&dyn Namespaces, &dyn Pods),
    counters: &Counters,
) -> Option<Answer> {
    let review = match read_review(body) {
        Ok(review) => review,
        Err(error) => {
            log(Level::Warning, "a request is no review", &[("error", &error)]);
            return Some(text(400, error.to_string()));
        }
    };
    let response = admission.answer(&review, Surroundings { namespaces, pods, recorder: counters })?;
    let mut out = Vec::with_capacity(512);
    response.write(&review.request.uid, &mut out);
    Some(Answer { status: 200, content_type: JSON, body: out.into() })
}

fn text(status: u16, text: impl Into<String>) -> Answer {
    Answer { status, content_type: TEXT, body: text.into().into() }
}

/// Whether a content type is JSON, whatever its parameters.
fn is_json(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default();
    media.trim().eq_ignore_ascii_case(JSON)
}

/// The time that the API server waits, from a query: `timeout=1.5s`, a duration as Go writes it. Anything else is none.
fn timeout(query: &str) -> Option<Duration> {
    let mut rest = query.split('&').find_map(|pair| pair.strip_prefix("timeout="))?;
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(end);
        let length = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let (unit, behind) = unit.split_at(length);
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "%C2%B5s" | "\u{b5}s" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = behind;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_may_have_parameters() {
        for json in ["application/json", "application/json; charset=utf-8", "Application/JSON ;q=1"] {
            assert!(is_json(json), "{json}");
        }
        for other in ["", "text/json", "application/jsonl", "application/yaml; application/json"] {
            assert!(!is_json(other), "{other}");
        }
    }

    #[test]
    fn timeouts_are_durations_of_go() {
        for (query, millis) in [
            ("timeout=10s", 10_000),
            ("a=b&timeout=1.5s", 1_500),
            ("timeout=300ms&c", 300),
            ("timeout=1m0.25s", 60_250),
        ] {
            assert_eq!(timeout(query), Some(Duration::from_millis(millis)), "{query}");
        }
        for query in ["", "timeout=", "timeout=5", "timeout=-5s", "timeout=s", "timeout=1x", "timeouts=1s"] {
            assert_eq!(timeout(query), None, "{query}");
        }
    }
}
