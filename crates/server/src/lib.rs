//! Everything that listens: TLS, HTTP/1.1 and HTTP/2, limits, certificates that change, clients that show theirs, and an end that
//! loses no request.
//!
//! ```text
//! Server::bind -> run(certificates, limits, service, stop)
//!                  accept -> handshake -> requests -> Service::answer
//! ```
//!
//! Knows nothing of Kubernetes.

mod certificates;
mod clients;
mod limits;
mod requests;
mod room;
mod self_signed;
mod serve;

use std::future::Future;

use bytes::Bytes;

pub use certificates::{CertificateError, Certificates};
pub use clients::{Client, Clients};
pub use limits::Limits;
pub use self_signed::{SelfSigned, not_after, read_certificates};
pub use serve::Server;

/// A request with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Such as `/validate`.
    pub path: String,
    /// What comes behind the `?`.
    pub query: Option<String>,
    /// The header of that name, where it is text.
    pub content_type: Option<String>,
    /// The header `traceparent`, where it is text.
    pub traceparent: Option<String>,
    /// The body; empty where there is none.
    pub body: Bytes,
    /// Who asks.
    pub client: Client,
}

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, from 200 to 599.
    pub status: u16,
    /// The header of that name.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// What answers requests. It is asked for several at a time, must not block, and must not panic.
pub trait Service: Send + Sync + 'static {
    /// The answer to a request.
    fn answer(&self, request: Request) -> impl Future<Output = Answer> + Send;
}
