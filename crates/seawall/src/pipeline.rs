//! Work in parallel, results in order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// How far workers may be ahead of the consumer, in items per thread: bounds the memory of results that wait.
const AHEAD: usize = 2;

/// Calls `consume` with the result of every item, in the order of the items, while `threads` workers call `work`. Stops at
/// the first error of `consume`.
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
    let next = AtomicUsize::new(0);
    let state = Mutex::new(State { done: BTreeMap::new(), wanted: 0, stopped: false });
    let (produced, consumed) = (Condvar::new(), Condvar::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // A worker that panics ends the others and the consumer; the scope passes the panic on.
                let _stop = Stop { state: &state, signals: [&produced, &consumed] };
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    let guard = state.lock().unwrap_or_else(PoisonError::into_inner);
                    let guard = consumed
                        .wait_while(guard, |s| !s.stopped && index >= s.wanted + threads * AHEAD)
                        .unwrap_or_else(PoisonError::into_inner);
                    if guard.stopped {
                        return;
                    }
                    drop(guard);
                    let result = work(item);
                    let mut guard = state.lock().unwrap_or_else(PoisonError::into_inner);
                    guard.done.insert(index, result);
                    if guard.wanted == index {
                        produced.notify_one();
                    }
                }
            });
        }
        let mut outcome = Ok(());
        while outcome.is_ok() {
            let guard = state.lock().unwrap_or_else(PoisonError::into_inner);
            if guard.wanted == items.len() {
                break;
            }
            let mut guard = produced
                .wait_while(guard, |s| !s.stopped && !s.done.contains_key(&s.wanted))
                .unwrap_or_else(PoisonError::into_inner);
            if guard.stopped {
                break;
            }
            let wanted = guard.wanted;
            let result = guard.done.remove(&wanted);
            guard.wanted += 1;
            drop(guard);
            consumed.notify_all();
            if let Some(result) = result {
                outcome = consume(result);
            }
        }
        stop(&state, &[&produced, &consumed]);
        outcome
    })
}

struct State<R> {
    done: BTreeMap<usize, R>,
    wanted: usize,
    stopped: bool,
}

fn stop<R>(state: &Mutex<State<R>>, signals: &[&Condvar]) {
    state.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
    for signal in signals {
        signal.notify_all();
    }
}

/// Stops all when its thread panics.
struct Stop<'a, R> {
    state: &'a Mutex<State<R>>,
    signals: [&'a Condvar; 2],
}

impl<R> Drop for Stop<'_, R> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            stop(self.state, &self.signals);
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
