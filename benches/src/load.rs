//! A server in a process of its own, and requests to it: what they cost it, and how long they take.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The longest that a server may take to be ready.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Peer {
    process: Child,
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

/// What some requests came to.
#[derive(Clone, Debug)]
pub struct Cost {
    /// CPU time of the server for each, in microseconds.
    pub cpu: f64,
    /// Requests a second.
    pub rate: f64,
    /// How long each took, sorted.
    times: Vec<Duration>,
}

impl Cost {
    /// The time that so many of a hundred requests stayed below, in milliseconds.
    pub fn below(&self, percent: usize) -> f64 {
        let at = self.times.len().saturating_sub(1) * percent / 100;
        self.times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// 1.1, on as many connections as requests at a time.
    One,
    /// 2, on one connection.
    Two,
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Peer {
    /// Starts a program that listens on `address` with a certificate for `localhost`, and waits until `/readyz` says that it is
    /// ready.
    pub fn start(command: &mut Command, address: SocketAddr, certificate: &str) -> Result<Self, String> {
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("{command:?} did not start: {e}"))?;
        let certificate =
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|e| e.to_string())?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(|e| e.to_string())?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let peer = Self { process, address, config: Arc::new(config) };
        let deadline = Instant::now() + PATIENCE;
        while !peer.is_ready() {
            if Instant::now() > deadline {
                return Err(format!("{command:?} is not ready in {PATIENCE:?}"));
            }
            sleep(Duration::from_millis(50));
        }
        Ok(peer)
    }

    fn is_ready(&self) -> bool {
        let ask = || {
            let mut stream = self.connect()?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            Ok::<_, io::Error>(answer.starts_with(b"HTTP/1.1 200 "))
        };
        ask().unwrap_or(false)
    }

    /// CPU time of all its threads so far, in nanoseconds.
    fn cpu(&self) -> Result<u64, String> {
        // The kernel brings the figures of a thread up to date when it sleeps.
        sleep(Duration::from_millis(50));
        let directory = format!("/proc/{}/task", self.process.id());
        let threads = fs::read_dir(&directory).map_err(|e| format!("{directory}: {e}"))?;
        let of = |thread: fs::DirEntry| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        };
        Ok(threads.flatten().filter_map(of).sum())
    }

    /// The memory that it has now, in bytes.
    pub fn memory(&self) -> Result<u64, String> {
        let path = format!("/proc/{}/status", self.process.id());
        let text = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let kilobytes = line.and_then(|line| line.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| format!("{path} has no VmRSS"))
    }

    fn connect(&self) -> io::Result<Stream> {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        let socket = TcpStream::connect(self.address)?;
        socket.set_nodelay(true)?;
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }

    /// What `requests` cost with these bodies in turn, so many at a time.
    pub fn cost(
        &self,
        http: Http,
        at_a_time: usize,
        requests: usize,
        bodies: &[Bytes],
    ) -> Result<Cost, String> {
        let each = requests / at_a_time;
        let asked = match http {
            Http::One => self.ask_one(at_a_time, each, bodies),
            Http::Two => self.ask_two(at_a_time, each, bodies),
        };
        asked.map_err(|e| format!("no answer over HTTP {http:?}: {e}"))
    }

    fn ask_one(&self, connections: usize, each: usize, bodies: &[Bytes]) -> io::Result<Cost> {
        let requests: Vec<Vec<u8>> = bodies.iter().map(|body| request(body)).collect();
        let mut streams = (0..connections).map(|_| self.connect()).collect::<io::Result<Vec<_>>>()?;
        for stream in &mut streams {
            post(stream, 50, &requests, &mut Vec::new())?;
        }
        self.measured(each * connections, || {
            std::thread::scope(|scope| {
                let work = |stream| {
                    let requests = &requests;
                    scope.spawn(move || {
                        let mut times = Vec::with_capacity(each);
                        post(stream, each, requests, &mut times).map(|()| times)
                    })
                };
                let threads: Vec<_> = streams.iter_mut().map(work).collect();
                let panicked = |_| Err(io::ErrorKind::Other.into());
                threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
            })
        })
    }

    fn ask_two(&self, streams: usize, each: usize, bodies: &[Bytes]) -> io::Result<Cost> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = runtime.block_on(async {
            let mut config = (*self.config).clone();
            config.alpn_protocols = vec![b"h2".to_vec()];
            let socket = tokio::net::TcpStream::connect(self.address).await?;
            socket.set_nodelay(true)?;
            let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
            let tls = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
            let (client, connection) = h2::client::handshake(tls).await.map_err(io::Error::other)?;
            tokio::spawn(connection);
            Ok::<_, io::Error>(client)
        })?;
        let load = |each: usize| {
            runtime.block_on(async {
                let post = || tokio::spawn(post_two(client.clone(), each, bodies.to_vec()));
                let tasks: Vec<_> = (0..streams).map(|_| post()).collect();
                let mut all = Vec::new();
                for task in tasks {
                    all.push(task.await.map_err(io::Error::other)?.map_err(io::Error::other)?);
                }
                Ok::<_, io::Error>(all)
            })
        };
        load(50)?;
        self.measured(each * streams, || load(each))
    }

    fn measured(
        &self,
        requests: usize,
        load: impl FnOnce() -> io::Result<Vec<Vec<Duration>>>,
    ) -> io::Result<Cost> {
        let before = self.cpu().map_err(io::Error::other)?;
        let started = Instant::now();
        let times = load()?;
        let took = started.elapsed();
        let spent = self.cpu().map_err(io::Error::other)? - before;
        let mut times: Vec<Duration> = times.into_iter().flatten().collect();
        times.sort_unstable();
        let requests = u32::try_from(requests).map_err(io::Error::other)?;
        let cpu = Duration::from_nanos(spent).as_secs_f64() * 1e6 / f64::from(requests);
        Ok(Cost { cpu, rate: f64::from(requests) / took.as_secs_f64(), times })
    }
}

/// A request as an API server sends it.
fn request(body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST /?timeout=5s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-apiserver-admission\r\nContent-Length: {}\r\n\
         Accept: application/json, */*\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// So many requests, one after the other.
fn post(
    stream: &mut Stream,
    count: usize,
    requests: &[Vec<u8>],
    times: &mut Vec<Duration>,
) -> io::Result<()> {
    let mut answer = vec![0; 64 << 10];
    for request in requests.iter().cycle().take(count) {
        let started = Instant::now();
        stream.write_all(request)?;
        stream.flush()?;
        let mut read = 0;
        while !is_whole(answer.get(..read).unwrap_or_default())? {
            match stream.read(answer.get_mut(read..).unwrap_or_default())? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => read += n,
            }
        }
        times.push(started.elapsed());
    }
    Ok(())
}

/// Whether an answer with a length, or in chunks, is there to its end. Only a good one is taken.
fn is_whole(answer: &[u8]) -> io::Result<bool> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    let (head, body) = answer.split_at(end + 4);
    let head = std::str::from_utf8(head).map_err(io::Error::other)?.to_ascii_lowercase();
    if !head.starts_with("http/1.1 200 ") {
        return Err(io::Error::other(head));
    }
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    Ok(match length {
        Some(length) => body.len() == length,
        None => body.ends_with(b"0\r\n\r\n"),
    })
}

async fn post_two(
    mut client: h2::client::SendRequest<Bytes>,
    count: usize,
    bodies: Vec<Bytes>,
) -> Result<Vec<Duration>, h2::Error> {
    let mut times = Vec::with_capacity(count);
    for body in bodies.iter().cycle().take(count) {
        let started = Instant::now();
        std::future::poll_fn(|context| client.poll_ready(context)).await?;
        let head = http::Request::post("https://localhost/?timeout=5s")
            .header("user-agent", "kube-apiserver-admission")
            .header("content-length", body.len())
            .header("accept", "application/json, */*")
            .header("content-type", "application/json")
            .header("accept-encoding", "gzip")
            .body(())
            .map_err(|_| h2::Reason::INTERNAL_ERROR)?;
        let (response, mut stream) = client.send_request(head, false)?;
        stream.send_data(body.clone(), true)?;
        let (head, mut answer) = response.await?.into_parts();
        while let Some(chunk) = answer.data().await {
            answer.flow_control().release_capacity(chunk?.len())?;
        }
        if head.status.as_u16() != 200 {
            return Err(h2::Reason::INTERNAL_ERROR.into());
        }
        times.push(started.elapsed());
    }
    Ok(times)
}
