//! Signals that end a run: while files are written they wait until what is half done is taken back.

use crate::terminal::Failure;

/// Watches for signals from its making on.
#[cfg(unix)]
pub(super) struct Interrupt {
    /// The signal that came, or 0.
    signal: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

#[cfg(unix)]
impl Interrupt {
    pub(super) fn watch() -> Result<Self, Failure> {
        use std::sync::Arc;
        use std::sync::atomic::AtomicBool;

        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        use signal_hook::flag;

        let (signal, second) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let value = usize::try_from(number).unwrap_or_default();
            // Who asks twice does not wait.
            flag::register_conditional_default(number, Arc::clone(&second))
                .and_then(|_| flag::register(number, Arc::clone(&second)))
                .and_then(|_| flag::register_usize(number, Arc::clone(&signal), value))
                .map_err(|error| Failure::Usage(format!("signals cannot be watched: {error}"), None))?;
        }
        Ok(Self { signal })
    }

    /// Whether one came.
    pub(super) fn came(&self) -> bool {
        self.signal.load(std::sync::atomic::Ordering::Relaxed) != 0
    }

    /// Ends the program as the signal that came would have.
    pub(super) fn end(&self) {
        let signal = self.signal.load(std::sync::atomic::Ordering::Relaxed);
        let _ = signal_hook::low_level::emulate_default_handler(i32::try_from(signal).unwrap_or_default());
    }
}

/// Watches for nothing: signals end the run where it is.
#[cfg(not(unix))]
pub(super) struct Interrupt;

#[cfg(not(unix))]
impl Interrupt {
    pub(super) fn watch() -> Result<Self, Failure> {
        Ok(Self)
    }

    pub(super) fn came(&self) -> bool {
        false
    }

    pub(super) fn end(&self) {}
}
