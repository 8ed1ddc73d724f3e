//! A server of a test, and clients that trust it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use seawall_server::{Answer, Certificates, Clients, Limits, Request, Server, Service};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Says what it was asked, and of `/who` by whom; `/slow` takes a while.
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
        let Request { path, query, content_type, body, client, .. } = request;
        let text = if path == "/who" {
            format!("{client:?}")
        } else {
            format!("{path} {query:?} {content_type:?} {}", body.len())
        };
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
    start_telling(limits, None).await
}

pub(crate) async fn start_telling(limits: Limits, clients: Option<Clients>) -> Running {
    let pair = pair();
    let certificates = Certificates::new(pair.chain.as_bytes(), pair.key.as_bytes()).expect("a pair");
    let server = Server::bind(([127, 0, 0, 1], 0).into()).await.expect("a port").telling(clients);
    let address = server.local_addr().expect("bound");
    let echo = Arc::new(Echo::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let run = tokio::spawn(server.run(certificates.clone(), limits, echo.clone(), async {
        let _ = stopped.await;
    }));
    Running { address, pair, certificates, echo, stop, run }
}

/// A certificate of a client and its key.
pub(crate) type Shown = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// A TLS connection that offers these protocols and trusts these certificates.
pub(crate) async fn tls(
    address: SocketAddr,
    trusted: &[CertificateDer<'static>],
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    tls_showing(address, trusted, protocols, None).await
}

/// The same of a client that shows a certificate.
pub(crate) async fn tls_showing(
    address: SocketAddr,
    trusted: &[CertificateDer<'static>],
    protocols: &[&[u8]],
    shown: Option<Shown>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate.clone()).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = match shown {
        Some((certificate, key)) => {
            // Whether the key is that of the certificate is not looked at here.
            let key = rustls::crypto::ring::sign::any_supported_type(&key).expect("a key");
            let shown = CertifiedKey::new(vec![certificate], key);
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(shown)))
        }
        None => builder.with_no_client_auth(),
    };
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
        Self::showing(address, trusted, two, None).await
    }

    pub(crate) async fn showing(
        address: SocketAddr,
        trusted: &[CertificateDer<'static>],
        two: bool,
        shown: Option<Shown>,
    ) -> std::io::Result<Self> {
        let protocol: &[u8] = if two { b"h2" } else { b"http/1.1" };
        let io = TokioIo::new(tls_showing(address, trusted, &[protocol], shown).await?);
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
