//! An end that threads learn of while they wait.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether it is time to end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    over: Mutex<bool>,
    told: Condvar,
}

impl Ending {
    /// Tells all.
    pub(super) fn end(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    /// Waits for so long, or until the end: whether it has come.
    pub(super) fn within(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            over = self.told.wait_timeout(over, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_cuts_a_wait_short() {
        let ending = Ending::default();
        assert!(!ending.within(Duration::from_millis(1)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let started = Instant::now();
                (ending.within(Duration::from_mins(1)), started.elapsed())
            });
            // Most likely it waits then.
            std::thread::sleep(Duration::from_millis(100));
            ending.end();
            let (over, took) = waiting.join().unwrap();
            assert!(over && took < Duration::from_secs(30), "{took:?}");
        });
        assert!(ending.within(Duration::from_mins(1)));
    }
}
