//! What nobody may exceed.

use std::time::Duration;

/// Bounds of memory and time, whoever connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body; one of exactly so many is too large.
    pub body: usize,
    /// Bytes of all bodies that have come and are not answered, but for small ones. Further ones wait; one body at a time may go
    /// beyond.
    pub bodies: usize,
    /// Connections at a time. Further ones wait until one ends.
    pub connections: usize,
    /// Requests of an HTTP/2 connection at a time.
    pub streams: u32,
    /// How long the TLS handshake may take.
    pub handshake: Duration,
    /// How long an HTTP/1.1 connection may take to the next request with its whole head, and an HTTP/2 one to answer a ping.
    pub idle: Duration,
    /// How long a body may take. Where others wait for room for theirs it may be silent for a tenth of that, and has to come at
    /// the pace of the largest body in this time.
    pub body_time: Duration,
    /// How long connections are still taken after the end was asked for: others learn of it late.
    pub linger: Duration,
    /// How long requests may take to their end after that.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 3 << 20,
            bodies: 32 << 20,
            connections: 16_384,
            streams: 250,
            handshake: Duration::from_secs(10),
            idle: Duration::from_mins(2),
            body_time: Duration::from_secs(10),
            linger: Duration::from_secs(10),
            drain: Duration::from_secs(15),
        }
    }
}
