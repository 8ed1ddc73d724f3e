//! A server of a test, and clients that trust it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use seawall_server::{Answer, Certificates, Limits, Request, Server, Service};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Says what it was asked; `/slow` takes a while.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    pub(crate) begun: AtomicUsize,
}

impl Service for Echo {
    async fn answer(&self, request: Request) -> Answer {
        self.begun.fetch_add(1, Ordering::Relaxed);
        if request.path == "/slow" {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let Request { path, query, content_type, body } = request;
        let text = format!("{path} {query:?} {content_type:?} {}", body.len());
        Answer { status: 200, content_type: "text/plain", body: text.into() }
    }
}

/// A certificate for `localhost` with its key, as PEM.
pub(crate) struct Pair {
    pub(crate) chain: String,
    pub(crate) key: String,
    pub(crate) der: CertificateDer<'static>,
}

pub(crate) fn pair() -> Pair {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    Pair { chain: made.cert.pem(), key: made.signing_key.serialize_pem(), der: made.cert.der().clone() }
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) pair: Pair,
    pub(crate) certificates: Certificates,
    pub(crate) echo: Arc<Echo>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) run: JoinHandle<()>,
}

/// Short limits, for tests that wait for them.
pub(crate) fn limits() -> Limits {
    Limits {
        handshake: Duration::from_millis(300),
        idle: Duration::from_millis(400),
        body_time: Duration::from_millis(400),
        linger: Duration::from_millis(300),
        drain: Duration::from_secs(5),
        ..Limits::default()
    }
}

pub(crate) async fn start(limits: Limits) -> Running {
    let pair = pair();
    let certificates = Certificates::new(pair.chain.as_bytes(), pair.key.as_bytes()).expect("a pair");
    let server = Server::bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = server.local_addr().expect("bound");
    let echo = Arc::new(Echo::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let run = tokio::spawn(server.run(certificates.clone(), limits, echo.clone(), async {
        let _ = stopped.await;
    }));
    Running { address, pair, certificates, echo, stop, run }
}

/// A TLS connection that offers these protocols and trusts these certificates.
pub(crate) async fn tls(
    address: SocketAddr,
    trusted: &[CertificateDer<'static>],
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate.clone()).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// A client's connection.
pub(crate) enum Client {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    pub(crate) async fn connect(
        address: SocketAddr,
        trusted: &[CertificateDer<'static>],
        two: bool,
    ) -> std::io::Result<Self> {
        let protocol: &[u8] = if two { b"h2" } else { b"http/1.1" };
        let io = TokioIo::new(tls(address, trusted, &[protocol]).await?);
        if two {
            let (send, connection) =
                http2::handshake(TokioExecutor::new(), io).await.map_err(std::io::Error::other)?;
            tokio::spawn(connection);
            Ok(Self::Two(send))
        } else {
            let (send, connection) = http1::handshake(io).await.map_err(std::io::Error::other)?;
            tokio::spawn(connection);
            Ok(Self::One(send))
        }
    }

    /// Status and text of the answer.
    pub(crate) async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> hyper::Result<(u16, String)> {
        let request = http::Request::post(format!("https://localhost{path}"))
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body.into()))
            .expect("a request");
        let response = match self {
            Self::One(send) => {
                send.ready().await?;
                send.send_request(request).await?
            }
            Self::Two(send) => {
                send.ready().await?;
                send.send_request(request).await?
            }
        };
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}

impl Running {
    pub(crate) async fn client(&self, two: bool) -> Client {
        Client::connect(self.address, std::slice::from_ref(&self.pair.der), two).await.expect("a connection")
    }
}
