//! Connections, from the first to the last.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::Service;
use crate::certificates::Certificates;
use crate::clients::{Clients, Peer};
use crate::limits::Limits;
use crate::requests::Shared;

/// How long to wait after a connection could not be taken: most often there are too many open files, and some will close.
const PAUSE: Duration = Duration::from_millis(20);

/// Bytes of a request's head.
const HEAD: usize = 64 << 10;

/// Bytes that an HTTP/2 client may send before they are read, of a stream and of a connection.
const STREAM_WINDOW: u32 = 128 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// How long a connection without requests may take to end.
const FAREWELL: Duration = Duration::from_secs(1);

/// How often an HTTP/2 connection without requests is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);

/// A listener that nobody is answered on yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    clients: Option<Clients>,
}

impl Server {
    /// Listens on an address; port 0 is a free one.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, clients: None })
    }

    /// Asks clients for certificates, and tells of each request whether it is from one of these.
    #[must_use]
    pub fn telling(mut self, clients: Option<Clients>) -> Self {
        self.clients = clients;
        self
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until `stop` is over, and then for [`Limits::linger`] as before. After that no connections are taken, those
    /// that there are end with the requests that they have begun, and all is over after [`Limits::drain`] at the latest.
    pub async fn run<S: Service>(
        self,
        certificates: Certificates,
        limits: Limits,
        service: Arc<S>,
        stop: impl Future<Output = ()>,
    ) {
        let shared = Arc::new(Shared::new(service, limits));
        let limits = &shared.limits;
        let acceptor = TlsAcceptor::from(tls(&certificates, self.clients.is_some()));
        let slots = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
        let (close, closing) = watch::channel(false);
        // Nobody sends: it is closed when the last connection is.
        let (alive, mut all_over) = mpsc::channel::<()>(1);

        let taking = async {
            loop {
                // Nobody closes the semaphore.
                let Ok(slot) = slots.clone().acquire_owned().await else { return };
                let Ok((stream, _)) = self.listener.accept().await else {
                    sleep(PAUSE).await;
                    continue;
                };
                let (acceptor, shared) = (acceptor.clone(), shared.clone());
                let (closing, alive) = (closing.clone(), alive.clone());
                let clients = self.clients.clone();
                tokio::spawn(async move {
                    if let Some(stream) = handshake(&acceptor, stream, shared.limits.handshake).await {
                        // Apart, so that who never gets here does not hold room for it.
                        let peer = Peer::of(stream.get_ref().1, clients);
                        Box::pin(connection(stream, peer, shared, closing)).await;
                    }
                    drop((slot, alive));
                });
            }
        };
        let ending = async {
            stop.await;
            shared.end();
            sleep(limits.linger).await;
        };
        tokio::select! {
            () = taking => {}
            () = ending => {}
        }
        drop((self.listener, alive));
        // Those in a handshake have not begun a request; the last of them may still.
        let _ = close.send(true);
        let _ = timeout_at(Instant::now() + limits.drain, all_over.recv()).await;
    }
}

fn tls(certificates: &Certificates, asks: bool) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has all of TLS 1.2 and 1.3");
    let builder = if asks {
        builder.with_client_cert_verifier(Clients::asking())
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(certificates.resolver());
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

async fn handshake(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    patience: Duration,
) -> Option<TlsStream<TcpStream>> {
    let _ = stream.set_nodelay(true);
    let speaking = async {
        // Who has said nothing takes no room for TLS.
        stream.readable().await?;
        Box::pin(acceptor.accept(stream)).await
    };
    timeout(patience, speaking).await.ok()?.ok()
}

/// What a connection is doing. A timer for each request would cost more than the request.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request that is being answered.
struct Busy<'a>(&'a Activity);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Activity {
    fn begin(&self) -> Busy<'_> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    /// Ends once nothing has happened for so long, or for up to a half more.
    async fn idle_for(&self, time: Duration) {
        let mut quiet = 0;
        let mut last = None;
        loop {
            sleep(time / 2).await;
            let now = (self.begun.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed));
            quiet = if now.0 == now.1 && last == Some(now) { quiet + 1 } else { 0 };
            if quiet == 2 {
                return;
            }
            last = Some(now);
        }
    }
}

/// Answers the requests of a connection until it ends; once `closing` is so, those that have begun.
async fn connection<S: Service>(
    stream: TlsStream<TcpStream>,
    peer: Peer,
    shared: Arc<Shared<S>>,
    mut closing: watch::Receiver<bool>,
) {
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let idle = shared.limits.idle;
    let streams = shared.limits.streams;
    let activity = Arc::new(Activity::default());
    let (active, peer) = (activity.clone(), Arc::new(peer));
    let service = service_fn(move |request| {
        let (shared, activity, peer) = (shared.clone(), active.clone(), peer.clone());
        async move {
            let _busy = activity.begin();
            shared.respond(request, &peer).await
        }
    });
    let io = TokioIo::new(stream);
    macro_rules! drive {
        ($connection:expr) => {{
            let mut connection = pin!($connection);
            let is_idle = tokio::select! {
                // What ends it is of no interest: the client is gone, or broke a rule.
                _ = connection.as_mut() => return,
                _ = closing.wait_for(|closing| *closing) => false,
                () = activity.idle_for(idle) => true,
            };
            connection.as_mut().graceful_shutdown();
            // A head that never comes to its end is waited for by hyper.
            let _ = timeout(if is_idle { FAREWELL } else { Duration::MAX }, connection).await;
        }};
    }
    if is_http2 {
        drive!(
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(streams)
                .max_header_list_size(HEAD as u32)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .keep_alive_interval(PING)
                .keep_alive_timeout(idle)
                .serve_connection(io, service)
        );
    } else {
        drive!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(None)
                .max_buf_size(HEAD)
                // One record of TLS for an answer, not one for its head and one for its body.
                .writev(false)
                .serve_connection(io, service)
        );
    }
}
