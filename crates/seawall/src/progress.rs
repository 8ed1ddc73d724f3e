//! One line on standard error for a person who waits: how much of the work is done.

use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Work that takes less says nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks at what is done.
const INTERVAL: Duration = Duration::from_millis(100);

/// The line, as long as this lives. Nothing is printed where nobody watches.
pub(crate) struct Progress {
    shown: Option<(Arc<Shared>, JoinHandle<()>)>,
}

/// What workers and the thread that prints share.
struct Shared {
    work: &'static str,
    /// What is counted, where it is not known how many there are.
    unit: Option<&'static str>,
    total: usize,
    done: AtomicUsize,
    ended: Mutex<bool>,
    end: Condvar,
}

impl Progress {
    /// Shows how many of `total` files are done, once a second has passed since `started`, if standard error is a terminal.
    /// Whoever prints there, or to a terminal on standard output, ends it first.
    pub(crate) fn start(work: &'static str, total: usize, started: Instant, quiet: bool) -> Self {
        Self::show(Shared::new(work, total), started, quiet)
    }

    /// The same for work of which nobody knows how much there is: how many of `unit` are done.
    pub(crate) fn counting(work: &'static str, unit: &'static str, started: Instant, quiet: bool) -> Self {
        Self::show(Shared { unit: Some(unit), ..Shared::new(work, 0) }, started, quiet)
    }

    fn show(shared: Shared, started: Instant, quiet: bool) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Self { shown: None };
        }
        let shared = Arc::new(shared);
        let printed = shared.clone();
        // A line that comes and goes at once would only flicker.
        let patience = PATIENCE.saturating_sub(started.elapsed()).max(INTERVAL);
        let spawned = std::thread::Builder::new().spawn(move || printed.print(&mut io::stderr(), patience));
        // Without a thread to spare there is no line.
        Self { shown: spawned.ok().map(|thread| (shared, thread)) }
    }

    /// Takes note that one more file is done.
    pub(crate) fn done(&self) {
        self.add(1);
    }

    /// Takes note that so many more are done.
    pub(crate) fn add(&self, more: usize) {
        if let Some((shared, _)) = &self.shown {
            shared.done.fetch_add(more, Ordering::Relaxed);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((shared, thread)) = self.shown.take() {
            shared.finish();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn new(work: &'static str, total: usize) -> Self {
        Self {
            work,
            unit: None,
            total,
            done: AtomicUsize::new(0),
            ended: Mutex::new(false),
            end: Condvar::new(),
        }
    }

    fn finish(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.notify_all();
    }

    /// Prints the line again and again until the work ends, and takes it away.
    fn print(&self, out: &mut impl Write, patience: Duration) {
        let mut width = 0;
        let mut wait = patience;
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let waited = self.end.wait_timeout_while(ended, wait, |ended| !*ended);
            ended = waited.unwrap_or_else(PoisonError::into_inner).0;
            if *ended {
                break;
            }
            let (work, done) = (self.work, self.done.load(Ordering::Relaxed));
            let line = match self.unit {
                Some(unit) => format!("{work} {done} {unit}"),
                None => format!("{work} {done} of {} files", self.total),
            };
            // Blanks instead of an escape: every terminal knows them. Lines only grow.
            let _ = write!(out, "\r{line}").and_then(|()| out.flush());
            width = line.len();
            wait = INTERVAL;
        }
        if width > 0 {
            let _ = write!(out, "\r{:width$}\r", "").and_then(|()| out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_work_has_a_line_that_goes_away() {
        let shared = Shared::new("reading", 12);
        shared.done.store(9, Ordering::Relaxed);
        let mut out = Vec::new();
        std::thread::scope(|scope| {
            let printing = scope.spawn(|| {
                let mut out = Vec::new();
                shared.print(&mut out, Duration::ZERO);
                out
            });
            std::thread::sleep(Duration::from_millis(250));
            shared.done.store(10, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(250));
            shared.finish();
            out = printing.join().unwrap();
        });
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("\rreading 9 of 12 files\r"), "{text:?}");
        assert!(text.contains("\rreading 10 of 12 files\r"), "{text:?}");
        assert!(text.ends_with(&format!("\r{}\r", " ".repeat("reading 10 of 12 files".len()))), "{text:?}");
    }

    #[test]
    fn short_work_has_none() {
        let shared = Shared::new("reading", 12);
        shared.finish();
        let mut out = Vec::new();
        shared.print(&mut out, PATIENCE);
        assert!(out.is_empty());
    }
}
