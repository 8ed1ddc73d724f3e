//! Free ports.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;
use std::sync::Mutex;

/// Below the range from which systems take the ports of outgoing connections, so that none of those takes a port between its
/// being found and its being used.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port of the loopback interface on which nothing listens and which this process was not given before.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut given = GIVEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let given = given.get_or_insert_default();
    let random = RandomState::new();
    (0..1000_u32)
        .map(|attempt| FIRST + (random.hash_one(attempt) % u64::from(COUNT)) as u16)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok() && given.insert(*port))
        .expect("a free port on 127.0.0.1 from 20000 to 31999")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_or_while_it_is_used() {
        let mut all = HashSet::new();
        for _ in 0..200 {
            let port = free_port();
            assert!((FIRST..FIRST + COUNT).contains(&port));
            assert!(all.insert(port));
        }
    }
}
