//! Work in parallel, results in order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How far work may be ahead of the consumer, in items per thread: bounds the memory of results that wait.
const AHEAD: usize = 2;

/// Calls `consume` with the result of every item, in the order of the items, while `threads` threads call `work`: the calling
/// one, which consumes, whenever nothing is to be consumed. Stops at the first error of `consume`.
pub(crate) fn in_order<T: Sync, R: Send, E>(
    threads: NonZeroUsize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut consume: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let threads = threads.get().min(items.len());
    if threads <= 1 {
        return items.iter().try_for_each(|item| consume(work(item)));
    }
    let shared = Shared { state: Mutex::default(), produced: Condvar::new(), consumed: Condvar::new() };
    let ahead = threads * AHEAD;
    std::thread::scope(|scope| {
        // A thread that panics ends the others; the scope passes the panic on.
        let _stop = Stop(&shared);
        for _ in 1..threads {
            scope.spawn(|| {
                let _stop = Stop(&shared);
                let mut state = shared.lock();
                while !state.stopped && state.next < items.len() {
                    if state.next >= state.wanted + ahead {
                        state.waiting += 1;
                        state = shared.consumed.wait(state).unwrap_or_else(PoisonError::into_inner);
                        state.waiting -= 1;
                        continue;
                    }
                    let index = state.take();
                    drop(state);
                    let result = work(&items[index]);
                    state = shared.lock();
                    state.done.insert(index, result);
                    if state.idle && state.wanted == index {
                        shared.produced.notify_one();
                    }
                }
            });
        }
        let mut state = shared.lock();
        while !state.stopped && state.wanted < items.len() {
            let wanted = state.wanted;
            if let Some(result) = state.done.remove(&wanted) {
                state.wanted += 1;
                let waiting = state.waiting > 0;
                drop(state);
                if waiting {
                    shared.consumed.notify_all();
                }
                if let Err(error) = consume(result) {
                    shared.stop();
                    return Err(error);
                }
                state = shared.lock();
            } else if state.next < items.len().min(wanted + ahead) {
                let index = state.take();
                drop(state);
                let result = work(&items[index]);
                state = shared.lock();
                state.done.insert(index, result);
            } else {
                state.idle = true;
                state = shared.produced.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle = false;
            }
        }
        Ok(())
    })
}

struct Shared<R> {
    state: Mutex<State<R>>,
    /// The result that is wanted next is there, or all is to stop.
    produced: Condvar,
    /// There is room for further results, or all is to stop.
    consumed: Condvar,
}

struct State<R> {
    /// The next item to be worked on.
    next: usize,
    /// The next result to be consumed.
    wanted: usize,
    done: BTreeMap<usize, R>,
    /// Threads that wait for room: to wake nobody costs as much as to wake one.
    waiting: usize,
    /// Whether the consumer waits.
    idle: bool,
    stopped: bool,
}

impl<R> Default for State<R> {
    fn default() -> Self {
        Self { next: 0, wanted: 0, done: BTreeMap::new(), waiting: 0, idle: false, stopped: false }
    }
}

impl<R> State<R> {
    /// The position of an item to work on.
    fn take(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }
}

impl<R> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.produced.notify_all();
        self.consumed.notify_all();
    }
}

/// Stops all when its thread panics.
struct Stop<'a, R>(&'a Shared<R>);

impl<R> Drop for Stop<'_, R> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_the_run() {
        let items: Vec<usize> = (0..100).collect();
        let work = |item: &usize| assert_ne!(*item, 50, "on purpose");
        let (done, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let run = || in_order::<_, _, ()>(NonZeroUsize::MIN.saturating_add(3), &items, work, |()| Ok(()));
            let _ = done.send(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
        });
        assert_eq!(ended.recv_timeout(std::time::Duration::from_secs(30)), Ok(true));
    }

    #[test]
    fn keeps_the_order_for_any_number_of_threads() {
        let items: Vec<usize> = (0..1000).collect();
        for threads in [1, 2, 16] {
            let mut seen = Vec::new();
            let work = |item: &usize| {
                if item.is_multiple_of(7) {
                    std::thread::yield_now();
                }
                item * 2
            };
            let threads = NonZeroUsize::new(threads).unwrap();
            let outcome: Result<(), ()> = in_order(threads, &items, work, |r| {
                seen.push(r);
                Ok(())
            });
            assert_eq!(outcome, Ok(()));
            assert_eq!(seen, items.iter().map(|i| i * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn stops_at_the_first_error() {
        let items: Vec<usize> = (0..100_000).collect();
        let outcome = in_order(
            NonZeroUsize::new(4).unwrap(),
            &items,
            |i| *i,
            |i| if i == 10 { Err(i) } else { Ok(()) },
        );
        assert_eq!(outcome, Err(10));
    }
}
