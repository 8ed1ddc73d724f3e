//! Posting to a collector of telemetry, the one server that is spoken to besides API servers.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use kube::config::Config;

/// The longest that a post may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read.
const ANSWER: usize = 64 << 10;

/// Where JSON is posted to. Nothing is posted twice.
pub struct Collector {
    runtime: tokio::runtime::Runtime,
    client: Client,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Collector {
    /// For a URL, with more headers. `authorities` (DER) are believed in place of those of the system. Connects to nothing yet.
    pub fn new(
        url: &str,
        headers: &[(String, String)],
        authorities: Option<Vec<Vec<u8>>>,
    ) -> Result<Self, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("`{url}` is no address of a collector: {why}");
        let uri: Uri = url.parse().map_err(|error| wrong(&error))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong(&"write `http://` or `https://`, a host and a port"));
        };
        if !["http", "https"].contains(&scheme) {
            return Err(wrong(&format!("`{scheme}` is not spoken, only http and https")));
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let base: Uri = format!("{scheme}://{authority}").parse().map_err(|error| wrong(&error))?;
        let mut all = Vec::new();
        for (name, value) in headers {
            // A value may be a password.
            let unusable = || format!("the header `{name}` cannot be sent");
            let value = HeaderValue::from_str(value).map_err(|_| unusable())?;
            all.push((name.parse::<HeaderName>().map_err(|_| unusable())?, value));
        }
        let mut config = Config::new(base);
        config.root_cert = authorities;
        config.connect_timeout = Some(PATIENCE);
        config.read_timeout = Some(PATIENCE);
        config.default_retry = false;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let client = runtime.block_on(async { Client::try_from(config) }).map_err(|error| wrong(&error))?;
        Ok(Self { runtime, client, path, headers: all })
    }

    /// Posts JSON. An answer other than of success is an error.
    pub fn post(&self, json: String) -> Result<(), String> {
        let mut request = Request::builder().method(Method::POST).uri(&self.path);
        request = request.header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(json.into_bytes())).map_err(|error| error.to_string())?;
        let posted = async {
            let response = self.client.send(request).await.map_err(|error| error.to_string())?;
            let status = response.status();
            // The connection can be used again once its answer was read.
            let body = http_body_util::Limited::new(response.into_body(), ANSWER);
            let _ = body.collect().await;
            if status.is_success() { Ok(()) } else { Err(format!("the collector answers {status}")) }
        };
        self.runtime.block_on(async {
            let late = |_| format!("no answer in {} seconds", PATIENCE.as_secs());
            tokio::time::timeout(PATIENCE, posted).await.map_err(late)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_posted_to_is_a_collector() {
        for url in ["", "/v1/traces", "localhost:4318", "grpc://a:4317", "ftp://a", "http://"] {
            assert!(Collector::new(url, &[], None).is_err(), "{url}");
        }
        for url in ["http://localhost:4318/v1/traces", "https://collector.example", "http://[::1]:4318/a?b=c"]
        {
            assert!(Collector::new(url, &[], None).is_ok(), "{url}");
        }
        let secret = ("authorization".to_owned(), "secret\n".to_owned());
        let error = Collector::new("http://a", &[secret], None).unwrap_err();
        assert!(error.contains("authorization") && !error.contains("secret"), "{error}");
    }
}
