//! The memory of all bodies: what has come of them is counted, not what clients say will come.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The bytes that one permit stands for.
const PERMIT: usize = 1 << 10;

/// Room for the bytes of bodies.
pub(crate) struct Room {
    bytes: Semaphore,
    /// One body at a time may go beyond: bodies that wait for each other's room would all come to nothing.
    beyond: Semaphore,
    waiting: AtomicUsize,
}

/// What a body has of the room, until it is dropped.
#[derive(Default)]
pub(crate) struct Held<'r> {
    bytes: Option<SemaphorePermit<'r>>,
    beyond: Option<SemaphorePermit<'r>>,
}

/// Somebody waits for room as long as this is there.
struct Waiting<'r>(&'r AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Room {
    /// Room for so many bytes, and one body beyond them.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            bytes: Semaphore::new(bytes / PERMIT),
            beyond: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Whether somebody waits for room.
    pub(crate) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Waits until a body that holds `held` may be of so many bytes.
    pub(crate) async fn grow<'r>(&'r self, held: &mut Held<'r>, to: usize) {
        let has = held.bytes.as_ref().map_or(0, SemaphorePermit::num_permits);
        let more = to.div_ceil(PERMIT).saturating_sub(has);
        if held.beyond.is_some() || more == 0 {
            return;
        }
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let new = if let Ok(new) = self.bytes.try_acquire_many(more) {
            Ok(new)
        } else {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _waiting = Waiting(&self.waiting);
            tokio::select! {
                biased;
                // Nobody closes the semaphores.
                Ok(new) = self.bytes.acquire_many(more) => Ok(new),
                Ok(beyond) = self.beyond.acquire() => Err(beyond),
                else => return,
            }
        };
        match new {
            Ok(new) => match &mut held.bytes {
                Some(bytes) => bytes.merge(new),
                None => held.bytes = Some(new),
            },
            Err(beyond) => held.beyond = Some(beyond),
        }
    }
}
