//! A network that breaks: what stands between a client and an API server.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::ports::free_port;

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Breaks {
    /// Nothing.
    Nothing,
    /// Those that are old enough to be watches end in the middle of what the server says next.
    Events,
    /// All end in the middle of what the server says next, most often in their handshake.
    All,
}

/// How old a connection is that has its handshake and its request behind it.
const OLD: Duration = Duration::from_millis(200);

/// A proxy on the loopback interface. It ends with the process.
#[derive(Clone, Debug)]
pub struct Proxy {
    port: u16,
    breaks: Arc<AtomicU8>,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy to a server, such as `https://127.0.0.1:20000`.
    pub fn start(server: &str) -> Self {
        let to: u16 =
            server.rsplit(':').next().and_then(|port| port.parse().ok()).expect("an address with a port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let proxy =
            Self { port, breaks: Arc::new(AtomicU8::new(Breaks::Nothing as u8)), cuts: Arc::default() };
        let own = proxy.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Without a server the client is hung up on.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) {
                    own.join(&client, &server);
                }
            }
        });
        proxy
    }

    /// Its address.
    pub fn address(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// What happens from now on.
    pub fn set(&self, breaks: Breaks) {
        self.breaks.store(breaks as u8, Ordering::SeqCst);
    }

    /// How many connections it has broken.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    fn join(&self, client: &TcpStream, server: &TcpStream) {
        for (from, to, is_answer) in [(client, server, false), (server, client, true)] {
            let _ = from.set_nodelay(true);
            let (mut from, mut to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
            let own = self.clone();
            std::thread::spawn(move || {
                let since = Instant::now();
                let mut buffer = [0; 16 << 10];
                while let Ok(count) = from.read(&mut buffer) {
                    let breaks = own.breaks.load(Ordering::SeqCst);
                    let is_cut = is_answer
                        && count > 0
                        && (breaks == Breaks::All as u8
                            || breaks == Breaks::Events as u8 && since.elapsed() > OLD);
                    let passes = if is_cut { count / 2 } else { count };
                    own.cuts.fetch_add(usize::from(is_cut), Ordering::SeqCst);
                    if count == 0 || to.write_all(&buffer[..passes]).is_err() || is_cut {
                        break;
                    }
                }
                let _ = to.shutdown(Shutdown::Both);
                let _ = from.shutdown(Shutdown::Both);
            });
        }
    }
}
