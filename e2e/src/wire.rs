//! Connections on which a test writes whatever bytes it likes.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The longest that a read or a write may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server of the loopback interface and whom its certificate is to be signed by.
#[derive(Clone)]
pub struct Trust {
    port: u16,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("port", &self.port).finish_non_exhaustive()
    }
}

/// A TLS connection.
pub struct Wire(StreamOwned<ClientConnection, TcpStream>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wire").field(&self.0.sock).finish()
    }
}

/// An answer of HTTP/1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Whether no further request is answered on this connection.
    pub is_last: bool,
    /// The body.
    pub body: Vec<u8>,
}

impl Trust {
    /// Trusts what the authority (PEM) has signed.
    pub(crate) fn new(authority: &[u8], port: u16) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority).expect("PEM made by this process");
        roots.add(authority).expect("a certificate");
        let config = |protocol: &[u8]| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("ring has all of TLS 1.2 and 1.3")
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
            config.alpn_protocols = vec![protocol.to_vec()];
            Arc::new(config)
        };
        Self { port, http1: config(b"http/1.1"), http2: config(b"h2") }
    }

    /// A connection without TLS.
    pub fn plain(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// A connection for HTTP/1.1 whose handshake is done.
    pub fn http1(&self) -> io::Result<Wire> {
        self.wire(&self.http1)
    }

    /// A connection for HTTP/2 whose handshake is done. No frame was sent.
    pub fn http2(&self) -> io::Result<Wire> {
        self.wire(&self.http2)
    }

    fn wire(&self, config: &Arc<ClientConfig>) -> io::Result<Wire> {
        let name = ServerName::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST));
        let mut connection = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
        let mut stream = self.plain()?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Wire(StreamOwned::new(connection, stream)))
    }
}

/// The head of a request with a body as JSON.
pub fn head(length: usize) -> String {
    format!(
        "POST /validate?timeout=3s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

impl Wire {
    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }

    /// Sends a request with a body as JSON.
    pub fn ask(&mut self, body: &[u8]) -> io::Result<()> {
        let mut request = head(body.len()).into_bytes();
        request.extend_from_slice(body);
        self.send(&request)
    }

    /// The next answer; nothing if the connection ends before its first byte.
    pub fn answer(&mut self) -> io::Result<Option<Answer>> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match self.0.read(&mut byte) {
                Ok(1..) => head.push(byte[0]),
                Ok(0) | Err(_) if head.is_empty() => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) => return Err(error),
            }
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = field("content-length").and_then(|length| length.trim().parse().ok());
        let (Some(status), Some(length)) = (status, length) else {
            return Err(io::Error::other(format!("not an answer: {head}")));
        };
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(Some(Answer { status, is_last: field("connection") == Some("close"), body }))
    }

    /// Reads until the server ends the connection; whether it does in time.
    pub fn ends(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                // A timeout of the socket.
                Err(error) => {
                    return !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
                }
            }
        }
    }
}
