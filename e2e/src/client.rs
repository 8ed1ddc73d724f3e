//! Requests to an API server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::pki::Pair;
use crate::warning;

/// A user's connection to an API server.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    server: String,
}

/// What an API server answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Its warnings, in order.
    pub warnings: Vec<String>,
    /// The id that its audit events carry.
    pub audit_id: String,
    /// The body; null unless it is JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Response {
    /// The message of a `Status`; empty in other answers.
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// The warnings that Pod Security gives for an object.
    pub fn violations(&self) -> Vec<&str> {
        let ours = |text: &&str| text.starts_with("would violate PodSecurity ");
        self.warnings.iter().map(String::as_str).filter(ours).collect()
    }
}

/// The longest that an answer may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How many requests [`Client::each`] has under way.
const WORKERS: usize = 4;

impl Client {
    pub(crate) fn new(server: &str, authority: &str, user: &Pair) -> Self {
        let pem = "PEM made by this process";
        let authority = Certificate::from_pem(authority.as_bytes()).expect(pem);
        let certificate = Certificate::from_pem(user.certificate.as_bytes()).expect(pem);
        let key = PrivateKey::from_pem(user.key.as_bytes()).expect(pem);
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from([authority]))
            .client_cert(Some(ClientCert::new_with_certs(&[certificate], key)))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .max_idle_connections_per_host(WORKERS)
            .build();
        Self { agent: config.into(), server: server.to_owned() }
    }

    /// Nobody's connection to a server that has one of these certificates (PEM) or was signed by it; to any server without.
    pub(crate) fn trusting(server: &str, certificates: Option<&str>) -> Self {
        let roots = certificates.map(|pem| {
            parse_pem(pem.as_bytes())
                .filter_map(|item| match item {
                    Ok(PemItem::Certificate(found)) => Some(found),
                    _ => None,
                })
                .collect::<Vec<_>>()
        });
        let tls = match roots {
            Some(roots) => TlsConfig::builder().root_certs(RootCerts::from(roots)).build(),
            None => TlsConfig::builder().disable_verification(true).build(),
        };
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .build();
        Self { agent: config.into(), server: server.to_owned() }
    }

    /// Asks for a path, with its query.
    pub fn get(&self, path: &str) -> Result<Response, ureq::Error> {
        answer(self.agent.get(self.url(path)).call()?)
    }

    /// Creates an object.
    pub fn post(&self, path: &str, object: &Value) -> Result<Response, ureq::Error> {
        answer(self.agent.post(self.url(path)).content_type("application/json").send(object.to_string())?)
    }

    /// Changes an object by a merge patch.
    pub fn patch(&self, path: &str, patch: &Value) -> Result<Response, ureq::Error> {
        let request = self.agent.patch(self.url(path)).content_type("application/merge-patch+json");
        answer(request.send(patch.to_string())?)
    }

    /// Creates or changes an object as `kubectl apply --server-side` does, without fields that are not known.
    pub fn apply(&self, path: &str, yaml: &str) -> Result<Response, ureq::Error> {
        let tie = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{tie}fieldManager=e2e&force=true&fieldValidation=Strict");
        answer(self.agent.patch(self.url(&path)).content_type("application/apply-patch+yaml").send(yaml)?)
    }

    /// Deletes an object.
    pub fn delete(&self, path: &str) -> Result<Response, ureq::Error> {
        answer(self.agent.delete(self.url(path)).call()?)
    }

    /// The same for all of `items`, several at a time; the results are in the order of the items.
    pub fn each<T: Sync, R: Send>(&self, items: &[T], ask: impl Fn(&Self, &T) -> R + Sync) -> Vec<R> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some((i, item)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, items.get(i)?)))
            {
                done.push((i, ask(self, item)));
            }
            done
        };
        let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
            let workers = WORKERS.min(items.len());
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            running.into_iter().flat_map(|w| w.join().expect("no request panics")).collect()
        });
        all.sort_by_key(|(i, _)| *i);
        all.into_iter().map(|(_, r)| r).collect()
    }

    /// Creates a namespace with labels of Pod Security (`enforce=restricted`).
    pub fn create_namespace(&self, name: &str, labels: &[(&str, &str)]) {
        let labels: serde_json::Map<String, Value> = labels
            .iter()
            .map(|(k, v)| (format!("pod-security.kubernetes.io/{k}"), Value::from(*v)))
            .collect();
        let namespace = serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}
        });
        let response = self.post("/api/v1/namespaces", &namespace).expect("an answer");
        assert_eq!(response.status, 201, "{}", response.text);
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Response, ureq::Error> {
    let headers = response.headers();
    let warnings = headers
        .get_all("warning")
        .iter()
        .map(|h| warning::text(h.as_bytes()).unwrap_or_else(|| panic!("not a warning: {h:?}")));
    let warnings = warnings.collect();
    let audit_id = headers.get("audit-id").and_then(|h| h.to_str().ok()).unwrap_or_default().to_owned();
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(1 << 30).read_to_string()?;
    let body = serde_json::from_str(&text).unwrap_or_default();
    Ok(Response { status, warnings, audit_id, body, text })
}
