//! CPU time of the running thread.

use std::time::{Duration, Instant};

/// A clock of CPU time. Where the system does not tell it (anything but Linux), of time passed.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// CPU time of this thread so far.
    pub fn now(self) -> Duration {
        // The kernel brings the figure up to date when the thread gives way.
        std::thread::yield_now();
        let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        match statistics.split(' ').next().and_then(|n| n.parse().ok()) {
            Some(nanoseconds) => Duration::from_nanos(nanoseconds),
            None => self.start.elapsed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_costs_nothing_and_working_does() {
        let clock = Clock::start();
        let before = clock.now();
        let end = Instant::now() + Duration::from_millis(60);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        let worked = clock.now().saturating_sub(before);
        assert!(worked > Duration::from_millis(5), "{worked:?}");
        if cfg!(target_os = "linux") {
            std::thread::sleep(Duration::from_millis(200));
            let slept = clock.now().saturating_sub(before + worked);
            assert!(slept < Duration::from_millis(100), "{slept:?}");
        }
    }
}
